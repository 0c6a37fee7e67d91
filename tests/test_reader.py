"""The reader: how it lays out questions and lines, that ONNX gives what torch fits, training."""

from __future__ import annotations

import math
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant import e5, training
from assistant.cases import fresh_questions, load, slug
from assistant.errors import ConfigurationError, ModelUnavailable
from assistant.reader import SENTENCES, TOKENS, Adapter, Line, Reader, pack
from assistant.service import Assistant
from assistant.weights import Weights, weights_path

KANS = [
    Line("韩束的打法 销售费用", 120, "韩束 2023 年的销售费用率约 53.5%,2024 年约 56.7%。"),
    Line("韩束的打法 销售费用", 10, "韩束 2023 年的核心打法是定制短剧加自播承接。"),
    Line("花西子的自播 货品", 40, "花西子自播占比约 65%,达人约 24%。"),
]
ANSWERED = "韩束 2023 年的销售费用率是多少?"
UNANSWERED = "韩束 2023 年的仓库租金是多少?"


@pytest.fixture(scope="module")
def engine(models_folder: Path) -> e5.E5:
    return e5.E5(e5.unpack(models_folder))


@pytest.fixture(scope="module")
def reader(engine: e5.E5, models_folder: Path) -> Reader:
    return Reader(engine, models_folder.parent)


def test_it_tells_an_answer_from_a_near_miss_and_finds_the_sentence(reader: Reader) -> None:
    answered, unanswered = reader.read(ANSWERED, KANS), reader.read(UNANSWERED, KANS)
    assert answered.odds > 0 > unanswered.odds
    assert max(answered.lines, key=answered.lines.__getitem__) == 0


def test_nothing_to_read_cannot_answer(reader: Reader) -> None:
    assert reader.read(ANSWERED, []).odds == -math.inf
    assert reader.read(ANSWERED, [Line("", 0, ""), Line("x", 1, "")]).odds == -math.inf


def test_threads_that_read_together_get_what_one_gets_alone(reader: Reader) -> None:
    alone = [reader.read(question, KANS) for question in (ANSWERED, UNANSWERED)]
    with ThreadPoolExecutor(4) as pool:
        many = list(pool.map(lambda n: reader.read((ANSWERED, UNANSWERED)[n % 2], KANS), range(40)))
    assert all(many[n] == alone[n % 2] for n in range(40))


TEXTS = st.text(max_size=400) | st.sampled_from(["", "\ufdfa" * 50, "客服 " * 400, "a" * 3000])


@settings(max_examples=60, deadline=None)
@given(question=TEXTS, texts=st.lists(st.tuples(st.sampled_from("甲乙"), TEXTS), max_size=14))
def test_any_text_fits_and_every_span_is_inside(
    engine: e5.E5, question: str, texts: list[tuple[str, str]]
) -> None:
    lines = [Line(heading, 100 - n, text) for n, (heading, text) in enumerate(texts)]
    packed = pack(engine, question, lines)
    assert len(packed.ids) <= TOKENS
    assert len(packed.spans) <= SENTENCES
    assert len({number for number, _, _ in packed.spans}) == len(packed.spans)
    ends = [packed.question, *(at for _, *span in packed.spans for at in span), len(packed.ids)]
    assert ends == sorted(ends)
    assert all(first < end for _, first, end in packed.spans)
    means = packed.means()
    assert means.shape == (1 + len(packed.spans), len(packed.ids))
    assert np.allclose(means[1:].sum(axis=1), 1)


def test_a_long_question_leaves_room_for_the_best_line(engine: e5.E5) -> None:
    long = Line("很长的标题 " * 40, 0, "这一句话也很长，" * 40)
    for lines in ([long], [long, *KANS]):
        packed = pack(engine, "我们店铺最近的情况是这样的，" * 40 + ANSWERED, lines)
        assert packed.spans[0][0] == 0
        assert len(packed.ids) <= TOKENS


def test_lines_of_one_heading_stand_together_in_the_order_of_their_text(engine: e5.E5) -> None:
    packed = pack(engine, ANSWERED, [KANS[0], KANS[2], KANS[1]])
    assert [number for number, _, _ in packed.spans] == [2, 0, 1]


def test_the_graph_gives_what_the_fitted_network_gives(reader: Reader, engine: e5.E5) -> None:
    """8-bit products against 16-bit ones: the same order, and odds that differ little."""
    import torch

    weights = Weights.read(weights_path())
    learned = {name: torch.tensor(Adapter.load()[name]) for name in training._learnable(weights)}
    network = training._Network(learned, training._frozen(weights), dropout=0.0)
    chance = random.Random(7)
    cases = [case["question"] for case in [*load("questions"), *load("refusals")]]
    asked = [(question, chance.sample(KANS, 2)) for question in chance.sample(cases, 40)]
    asked += [(ANSWERED, KANS), (UNANSWERED, KANS)]
    ours, theirs = [], []
    for question, lines in asked:
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            scores, nothing = network(*training._tensors([pack(engine, question, lines)]))
        theirs.append(float(torch.logsumexp(scores, 1) - nothing))
        ours.append(reader.read(question, lines).odds)
    assert np.corrcoef(ours, theirs)[0, 1] > 0.98
    assert np.abs(np.subtract(ours, theirs)).mean() < 0.6


def test_a_damaged_adapter_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "reader.npz"
    broken.write_bytes(b"PK not a zip")
    with pytest.raises(ModelUnavailable, match=r"reader\.npz"):
        Adapter.load(broken)


# -- what it is trained on -------------------------------------------------------------------


def test_every_answered_training_question_quotes_its_document() -> None:
    documents = {
        (slug(str(path)), path.name.split(".")[-2]): path.read_text(encoding="utf-8")
        for path in training.DATA.parent.parent.joinpath("knowledge").rglob("*.md")
    }
    examples = training.examples()
    told = [example for example in examples if example.answered]
    lost = [e.question for e in told if e.evidence not in documents[e.slug, e.language]]
    assert not lost
    assert len(told) > 3000
    assert len(examples) - len(told) > 3000


def test_no_training_question_is_one_of_the_evaluation() -> None:
    """What the reader is measured on, it never saw: not even in nearly the same words."""
    asked = {q["question"] for name in ("questions", "refusals") for q in load(name)}
    asked |= {question for *_, question in fresh_questions()}
    taught = {example.question for example in training.examples()}
    grams = [_grams(question) for question in asked]
    assert not asked & taught
    for question in taught:
        own = _grams(question)
        alike = [other for other in grams if 0.6 < len(own) / len(other) < 1 / 0.6]
        assert all(len(own & other) <= 0.6 * len(own | other) for other in alike), question


def _grams(text: str) -> set[str]:
    plain = "".join(character for character in text.lower() if character.isalnum())
    return {plain[at : at + 3] for at in range(len(plain) - 2)} or {plain}


def test_a_malformed_line_is_named(tmp_path: Path) -> None:
    (tmp_path / training.ANSWERED).write_text("zh\tcase-kans\t没有证据\n", encoding="utf-8")
    (tmp_path / training.UNANSWERED).write_text("zh\t-\t今天天气?\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"training-answered\.tsv, line 1"):
        training.examples(tmp_path)


def test_training_learns_and_stores_what_the_reader_loads(
    library: Assistant, tmp_path: Path
) -> None:
    few = [e for e in training.examples() if e.slug in ("case-kans", "-")][::9]
    told = training.train(library, tmp_path / "reader.npz", epochs=6, labelled=few)
    assert told["losses"][-1] < 0.8 * told["losses"][0]
    adapter = Adapter.load(tmp_path / "reader.npz")
    shipped = Adapter.load()
    assert adapter.names() == shipped.names()
    assert np.isfinite(adapter["l0.q.A"]).all()
    assert not np.array_equal(adapter["l0.q.B"], np.zeros_like(adapter["l0.q.B"]))
