"""Fits the reader: low-rank matrices on the lower layers of the bundled model, with torch.

Each labelled question is asked of the library first, so the reader learns on what it will see. The
labelled evaluation sets are never used: they stay what the reader is measured on.
"""

from __future__ import annotations

import logging
import math
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter as clock
from typing import Any

import numpy as np

from assistant import e5, extractive
from assistant.cases import DATA, slug
from assistant.errors import ConfigurationError
from assistant.glossary import Glossary
from assistant.reader import ADAPTER, LAYERS, LORA_SCALE, Line, Packed, pack
from assistant.service import Assistant
from assistant.weights import DIMENSIONS, HEADS, INNER, Weights, weights_path

log = logging.getLogger(__name__)

ANSWERED, UNANSWERED = "training-answered.tsv", "training-unanswered.tsv"
RANK = 16
EPOCHS = 4
BATCH = 16
RATE = 1e-3  # of the low-rank matrices and the scorers; the norms learn at a fifth of it
WARM_UP = 0.06  # of all steps
DROPOUT = 0.1
SENTENCE_WEIGHT = 0.3  # of finding the right sentence, beside saying that there is one
# Of the answered questions, so many get another subject, and as many the lines of another one.
CHANGED = 0.3
GROWTH = 1.2  # what these add to the samples, about
SCORER = 64  # width of the two scorers
DEPTH = 14  # best sentences kept for each question
WIDE = 100

# To ask the same of another place, where the sentences found do not answer.
PLATFORMS = {
    "zh": ("快手", "小红书", "天猫", "京东", "拼多多", "视频号", "淘宝", "TikTok Shop", "B站"),
    "en": ("Kuaishou", "Xiaohongshu", "Tmall", "JD", "Pinduoduo", "WeChat Channels", "Taobao",
           "TikTok Shop", "Bilibili", "Amazon", "Shopify", "eBay"),
}  # fmt: skip
HERE = {"zh": "抖音", "en": "Douyin"}
YEARS = tuple(str(year) for year in range(2017, 2027))


@dataclass(frozen=True)
class Example:
    """A line of the file: a question, and where the library answers it if it does."""

    answered: bool
    language: str
    slug: str
    question: str
    evidence: str = ""


@dataclass(frozen=True)
class Sample:
    """A question with the sentences found for it, best first, and which of them answer."""

    question: str
    language: str
    slug: str
    answered: bool
    lines: tuple[Line, ...]
    gold: frozenset[int] = field(default_factory=frozenset)


def examples(folder: Path = DATA) -> list[Example]:
    """Read the labelled questions; a malformed line raises with its number.

    Tab-separated: language, slug, question, and of answered ones a slice of the answering sentence.
    """
    found = []
    for name, columns in ((ANSWERED, 4), (UNANSWERED, 3)):
        lines = (folder / name).read_text(encoding="utf-8").splitlines()
        for number, text in enumerate(lines, start=1):
            row = text.split("\t")
            if len(row) != columns:
                raise ConfigurationError(f"{name}, line {number}: {columns} columns are needed")
            found.append(Example(name == ANSWERED, *row))
    return found


def samples(assistant: Assistant, given: Sequence[Example]) -> list[Sample]:
    """Ask the library each question; an answered one whose sentence is nowhere is left out."""
    found = []
    for example in given:
        hits = assistant.retrieve(example.question)
        best = extractive.candidates(hits.query, hits)[:DEPTH]
        gold = {n for n, extract in enumerate(best) if _answers(example, extract)}
        if example.answered and not gold:
            best = [*best, *_sought(assistant, example)]
            gold = {n for n, extract in enumerate(best) if _answers(example, extract)}
        if gold or not example.answered:
            lines = tuple(extractive.line(extract) for extract in best)
            kept = (hits.query, example.language, example.slug, example.answered)
            found.append(Sample(*kept, lines, frozenset(gold)))
    return found


def _answers(example: Example, extract: extractive.Extract) -> bool:
    same = slug(extract.hit.passage.document) == example.slug
    return example.answered and same and example.evidence in extract.text


def _sought(assistant: Assistant, example: Example) -> list[extractive.Extract]:
    """Give the answering sentence that retrieval ranked too low to be read."""
    wide = assistant.retrieve(example.question, keep=WIDE)
    hits = [hit for hit in wide.hits if slug(hit.passage.document) == example.slug]
    every = extractive.candidates(wide.query, replace(wide, hits=tuple(hits)))
    return [extract for extract in every if _answers(example, extract)][:1]


def train(
    assistant: Assistant,
    path: Path = ADAPTER,
    epochs: int = EPOCHS,
    labelled: Sequence[Example] | None = None,
) -> dict[str, Any]:
    """Fit the reader on labelled questions and store it; all of them take about an hour."""
    import torch

    torch.manual_seed(0)
    given = samples(assistant, examples() if labelled is None else labelled)
    engine = e5.E5(e5.unpack(assistant.settings.data / "models"))
    course = _Course(engine, _names(assistant), random.Random(0))
    weights = Weights.read(weights_path())
    network = _Network(_learnable(weights), _frozen(weights))
    optimiser, plan = _optimiser(network.learned, epochs * math.ceil(len(given) * GROWTH / BATCH))
    losses: list[float] = []
    began = clock()
    for _ in range(epochs):
        steps = [_step(network, optimiser, plan, batch) for batch in course.batches(given)]
        losses.append(round(sum(steps) / len(steps), 4))
        store(network.learned, path)
        log.info("%d/%d: loss %s, %.0f s", len(losses), epochs, losses[-1], clock() - began)
    return {"examples": len(given), "losses": losses}


def _names(assistant: Assistant) -> dict[str, list[str]]:
    """Give the brands and people of the glossary by language, to ask the same of another."""
    glossary = Glossary.load(assistant.settings.knowledge / "glossary")
    named = [term for term in glossary.terms if term.is_name]
    return {"zh": [term.zh for term in named], "en": [term.en for term in named]}


class _Course:
    """Lays the samples out in batches, differently each time round."""

    def __init__(self, engine: e5.E5, names: dict[str, list[str]], chance: random.Random) -> None:
        self.engine, self.names, self.chance = engine, names, chance

    def batches(self, given: Sequence[Sample]) -> Iterator[list[tuple[Sample, Packed]]]:
        """Give every sample once, with changed ones among them, those of like length together."""
        packed = [(s, self._packed(s)) for s in (*given, *self._changed(given))]
        usable = [(s, p) for s, p in packed if p.spans and (not s.answered or _has_gold(s, p))]
        usable.sort(key=lambda pair: len(pair[1].ids) + self.chance.gauss(0, 10))
        parts = [usable[at : at + BATCH] for at in range(0, len(usable), BATCH)]
        self.chance.shuffle(parts)
        yield from parts

    def _packed(self, sample: Sample) -> Packed:
        """Shuffle the ranks a little and read more or fewer lines, one that answers among them."""
        ranks = {n: n + self.chance.gauss(0, 1.5) for n in range(len(sample.lines))}
        order = sorted(ranks, key=ranks.__getitem__)[: self.chance.choice((2, 3, 4, 5, 5, 5))]
        if sample.answered and not sample.gold & set(order):
            order[self.chance.randrange(len(order))] = self.chance.choice(sorted(sample.gold))
        packed = pack(self.engine, sample.question, [sample.lines[n] for n in order])
        spans = tuple((order[n], first, end) for n, first, end in packed.spans)
        return replace(packed, spans=spans)

    def _changed(self, given: Sequence[Sample]) -> Iterator[Sample]:
        """Ask of another subject, or read what was found for another question: no answer there."""
        for sample in given:
            if not sample.answered:
                continue
            drawn = self.chance.random()
            if drawn < CHANGED:
                question = self._elsewhere(sample)
                if question:
                    yield replace(sample, question=question, answered=False, gold=frozenset())
            elif drawn < 2 * CHANGED:
                other = self.chance.choice(given)
                if other.slug != sample.slug:
                    yield replace(sample, lines=other.lines, answered=False, gold=frozenset())

    def _elsewhere(self, sample: Sample) -> str | None:
        """Put another brand, platform or year, which the lines do not name, into a question."""
        read = " ".join(f"{line.headings} {line.text}" for line in sample.lines).lower()
        asked, names = sample.question.lower(), self.names[sample.language]
        platforms = PLATFORMS[sample.language]
        for present, others in self.chance.sample(
            [
                ([name for name in names if name.lower() in asked], names),
                ([HERE[sample.language]] * (HERE[sample.language].lower() in asked), platforms),
                ([year for year in YEARS if year in asked], YEARS),
            ],
            3,
        ):
            strange = [name for name in others if name.lower() not in read]
            if present and strange:
                old, new = max(present, key=len), self.chance.choice(strange)
                return re.sub(re.escape(old), new, sample.question, flags=re.IGNORECASE)
        if self.chance.random() < 0.3:
            strange = [name for name in platforms if name.lower() not in read]
            opening = "{}上,{}" if sample.language == "zh" else "On {}: {}"
            return opening.format(self.chance.choice(strange), sample.question) if strange else None
        return None


def _has_gold(sample: Sample, packed: Packed) -> bool:
    return any(number in sample.gold for number, _, _ in packed.spans)


# -- the network in torch, as `reader` runs it in ONNX ---------------------------------------


def _learnable(weights: Weights) -> dict[str, Any]:
    """Give what is fitted, by the names that `reader` looks for, as it is before the first step."""
    import torch

    start: dict[str, Any] = {"seg": torch.zeros(DIMENSIONS)}
    for name, (rows, columns) in _products():
        start[f"{name}.A"] = torch.randn(RANK, columns) / math.sqrt(columns)
        start[f"{name}.B"] = torch.zeros(rows, RANK)
    for name in _norms():
        start[name] = _tensor(weights.numbers(name))
    for name, size in (("sent", DIMENSIONS), ("null", 2 * DIMENSIONS)):
        for part, (rows, columns) in (("0", (SCORER, size)), ("2", (1, SCORER))):
            spread = 1 / math.sqrt(columns)
            start[f"{name}.{part}.weight"] = torch.empty(rows, columns).uniform_(-spread, spread)
            start[f"{name}.{part}.bias"] = torch.empty(rows).uniform_(-spread, spread)
    return {name: torch.nn.Parameter(value) for name, value in start.items()}


def _frozen(weights: Weights) -> dict[str, Any]:
    """Give what stays as it is; the large matrices in the precision that they are used in."""
    kept = {"words": _tensor(weights.matrix("emb.word", weights.words))}
    kept["places"] = _tensor(weights.positions())
    for name in ("emb.ln.w", "emb.ln.b", *(f"{name}.b" for name, _ in _products())):
        kept[name] = _tensor(weights.numbers(name))
    for name, (rows, _) in _products():
        kept[f"{name}.w"] = _tensor(weights.matrix(f"{name}.w", rows)).bfloat16()
    return kept


def _products() -> list[tuple[str, tuple[int, int]]]:
    """Give the products of all layers that are read, with rows and columns."""
    square = dict.fromkeys(("q", "k", "v", "ao"), (DIMENSIONS, DIMENSIONS))
    shapes = {**square, "fi": (INNER, DIMENSIONS), "fo": (DIMENSIONS, INNER)}
    return [(f"l{n}.{part}", shape) for n in range(LAYERS) for part, shape in shapes.items()]


def _norms() -> list[str]:
    return [
        f"l{n}.{norm}.{part}" for n in range(LAYERS) for norm in ("aln", "oln") for part in "wb"
    ]


def _tensor(array: np.ndarray) -> Any:
    import torch

    return torch.tensor(np.array(array))


@dataclass(frozen=True)
class _Network:
    """Token ids in; the lines' scores and the score of none of them out."""

    learned: dict[str, Any]
    frozen: dict[str, Any]
    dropout: float = DROPOUT

    def __call__(self, ids: Any, mask: Any, means: Any) -> tuple[Any, Any]:
        """Take ids and mask [rows, tokens] and means [rows, 1 + lines, tokens]."""
        import torch

        state = self.frozen["words"][ids] + self.frozen["places"][: ids.shape[1]]
        state = state + means[:, 0].sign()[..., None] * self.learned["seg"]
        state = self._dropped(self._norm(state, "emb.ln", self.frozen))
        for number in range(LAYERS):
            state = self._layer(f"l{number}", state, mask[:, None, None, :])
        averages = self._dropped(means @ state.float())
        scores = self._score("sent", averages[:, 1:])
        whole = torch.cat([self._dropped(state[:, 0].float()), averages[:, 0]], -1)
        unread = means[:, 1:].sum(-1) == 0
        return scores.masked_fill(unread, -1e4).float(), self._score("null", whole).float()

    def _layer(self, at: str, state: Any, mask: Any) -> Any:
        from torch.nn import functional

        rows, tokens, _ = state.shape
        query, key, value = (
            self._product(f"{at}.{part}", state).view(rows, tokens, HEADS, -1).transpose(1, 2)
            for part in "qkv"
        )
        context = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        joined = context.transpose(1, 2).reshape(rows, tokens, DIMENSIONS)
        attended = self._dropped(self._product(f"{at}.ao", joined))
        middle = self._norm(state + attended, f"{at}.aln", self.learned)
        wide = functional.gelu(self._product(f"{at}.fi", middle))
        added = self._dropped(self._product(f"{at}.fo", wide))
        return self._norm(middle + added, f"{at}.oln", self.learned)

    def _product(self, name: str, state: Any) -> Any:
        from torch.nn import functional

        low = functional.linear(state, self.learned[f"{name}.A"])
        learned = functional.linear(low, self.learned[f"{name}.B"])
        known = functional.linear(state, self.frozen[f"{name}.w"], self.frozen[f"{name}.b"])
        return known + LORA_SCALE * learned

    def _norm(self, state: Any, name: str, numbers: dict[str, Any]) -> Any:
        from torch.nn import functional

        shape = (DIMENSIONS,)
        return functional.layer_norm(
            state, shape, numbers[f"{name}.w"], numbers[f"{name}.b"], e5.EPSILON
        )

    def _score(self, name: str, inputs: Any) -> Any:
        from torch.nn import functional

        parts = {key: self.learned[f"{name}.{key}"] for key in ("0.weight", "0.bias")}
        active = functional.gelu(functional.linear(inputs, parts["0.weight"], parts["0.bias"]))
        last = self.learned[f"{name}.2.weight"], self.learned[f"{name}.2.bias"]
        return functional.linear(active, *last).squeeze(-1)

    def _dropped(self, state: Any) -> Any:
        from torch.nn import functional

        return functional.dropout(state, self.dropout, training=True)


def _optimiser(learned: dict[str, Any], steps: int) -> tuple[Any, Any]:
    """Give AdamW and its plan: a short rise, then half a cosine down to nothing."""
    import torch

    slow = [value for name, value in learned.items() if "ln." in name or name == "seg"]
    fast = [value for name, value in learned.items() if not ("ln." in name or name == "seg")]
    groups = [{"params": fast, "lr": RATE}, {"params": slow, "lr": RATE / 5}]
    optimiser = torch.optim.AdamW(groups, weight_decay=0.01)

    def share(step: int) -> float:
        rise = min(1.0, step / (WARM_UP * steps + 1))
        return rise * 0.5 * (1 + math.cos(math.pi * min(1.0, step / steps)))

    return optimiser, torch.optim.lr_scheduler.LambdaLR(optimiser, share)


def _step(
    network: _Network, optimiser: Any, plan: Any, batch: list[tuple[Sample, Packed]]
) -> float:
    import torch

    loss = _loss(network, batch)
    optimiser.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(network.learned.values(), 1.0)
    optimiser.step()
    plan.step()
    return float(loss.detach())


def _loss(network: _Network, batch: Sequence[tuple[Sample, Packed]]) -> Any:
    """Cross-entropy of "one of them answers", and of which one where that is known."""
    import torch
    from torch.nn import functional

    with torch.autocast("cpu", torch.bfloat16):
        scores, nothing = network(*_tensors([packed for _, packed in batch]))
    odds = torch.logsumexp(scores, 1) - nothing
    labels = torch.tensor([0.99 if sample.answered else 0.01 for sample, _ in batch])
    loss = functional.binary_cross_entropy_with_logits(odds, labels)
    missed = []
    for row, (sample, packed) in zip(scores, batch, strict=True):
        right = [n for n, (line, _, _) in enumerate(packed.spans) if line in sample.gold]
        if right:
            missed.append(torch.logsumexp(row, 0) - torch.logsumexp(row[right], 0))
    return loss + SENTENCE_WEIGHT * sum(missed) / len(batch)


def _tensors(batch: Sequence[Packed]) -> tuple[Any, Any, Any]:
    """Pad to ids [rows, tokens], their mask, and means [rows, 1 + lines, tokens]."""
    import torch

    longest = max(len(packed.ids) for packed in batch)
    most = max(len(packed.spans) for packed in batch)
    ids = torch.ones(len(batch), longest, dtype=torch.long)
    mask = torch.zeros(len(batch), longest, dtype=torch.bool)
    means = torch.zeros(len(batch), 1 + most, longest)
    for row, packed in enumerate(batch):
        size = len(packed.ids)
        ids[row, :size], mask[row, :size] = torch.tensor(packed.ids), True
        means[row, : 1 + len(packed.spans), :size] = torch.from_numpy(packed.means())
    return ids, mask, means


def store(learned: dict[str, Any], path: Path = ADAPTER) -> None:
    """Write what was learned, in half precision."""
    halves = {name: value.detach().numpy().astype(np.float16) for name, value in learned.items()}
    with path.open("wb") as file:
        np.savez_compressed(file, **halves)
