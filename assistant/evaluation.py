"""Measures quality on the question sets of the repository and prints figures; it judges nothing.

Every suite works in a laboratory of `cases`, so an evaluation leaves no gap, conversation or
document behind. Held-out questions (every fifth) are reported apart.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from assistant import calibration, grounding, refusal, teaching, training
from assistant.ablations import ablations
from assistant.cases import (
    Case,
    by_part,
    fresh_questions,
    history_of,
    is_held_out,
    laboratory,
    load,
    other,
    slug,
    slugs,
)
from assistant.catalog import DocumentRow
from assistant.language import detect
from assistant.plots import page
from assistant.records import Answer
from assistant.scoring import (
    DEPTH,
    MARK,
    citation_scores,
    comparable,
    fact_recall,
    has_followed,
    mean,
    means,
    ranking_scores,
    ratio,
    spread,
    states,
    table,
)
from assistant.service import Assistant

__all__ = ["page", "run", "table"]

SUITES = ("retrieval", "answers", "refusals", "fresh", "grounding", "freshness", "injection")
LANES = ("dense", "lexical", "exact")
WIDE = 1000
CARRIERS = 3


def run(assistant: Assistant, suite: str = "all", knowledge: Path | None = None) -> dict[str, Any]:
    """Run one suite or all; `teach`, `train` and `calibrate` fit and store weights instead."""
    source = knowledge or assistant.settings.knowledge
    wanted = SUITES if suite == "all" else (suite,)
    report: dict[str, Any] = {}
    if set(wanted) - {"injection", "ablations"}:
        with laboratory(assistant, [source]) as bench:
            asked = _Asked(bench)
            for name in wanted:
                if name in _ON_LIBRARY:
                    report[name] = _ON_LIBRARY[name](asked)
    if "injection" in wanted:
        report["injection"] = injection(assistant, source)
    if "ablations" in wanted:
        report["ablations"] = ablations(assistant, source)
    return report


class _Asked:
    """The library under test; every question is asked once, however many suites need it."""

    def __init__(self, assistant: Assistant) -> None:
        self.assistant = assistant
        self._answers: dict[str, Answer] = {}

    def answer(self, case: Case) -> Answer:
        """Give the answer to a case."""
        if case["id"] not in self._answers:
            self._answers[case["id"]] = self.assistant.ask(case["question"], history_of(case))
        return self._answers[case["id"]]


# -- retrieval -------------------------------------------------------------------------------


def retrieval(asked: _Asked) -> dict[str, Any]:
    """Measure each lane and the fusion on every part; zh→en and en→zh search one language only."""
    cases = load("questions")
    scores: dict[str, dict[str, dict[str, float]]] = {}
    crossed: dict[str, dict[str, dict[str, float]]] = {}
    times: list[float] = []
    for case in cases:
        foreign = {"only_language": other(case["language"])}
        switches = foreign if case["kind"] == "cross" else {}
        rankings, milliseconds = _rankings(asked.assistant, case, switches)
        times.append(milliseconds)
        abroad, _ = _rankings(asked.assistant, case, foreign)
        for found, ranked in ((scores, rankings), (crossed, abroad)):
            found[case["id"]] = {
                lane: ranking_scores(names, case["documents"], case["kind"])
                for lane, names in ranked.items()
            }
    lanes = ("fused", *LANES)
    grouped = [(name, part, scores) for name, part in by_part(cases).items()]
    for name, spoken in (("zh→en", "zh"), ("en→zh", "en")):
        grouped.append((name, [case for case in cases if case["language"] == spoken], crossed))
    parts = {
        name: {"questions": len(part)}
        | {lane: means(found[case["id"]][lane] for case in part) for lane in lanes}
        for name, part, found in grouped
    }
    return {
        "parts": parts,
        "missed@5": [n for n, lanes_ in scores.items() if lanes_["fused"]["recall@5"] < 1],
        "missed@5_crossed": [n for n, found in crossed.items() if found["fused"]["recall@5"] < 1],
        "milliseconds": spread(times),
    }


def _rankings(
    assistant: Assistant, case: Case, switches: Mapping[str, Any]
) -> tuple[dict[str, list[str]], float]:
    """Rank slugs as a user gets them, and as each lane alone would."""
    history = history_of(case)
    found = assistant.retrieve(case["question"], history, keep=DEPTH, **switches)
    wide = assistant.retrieve(case["question"], history, keep=WIDE, **switches)
    every = [*wide.hits, *(hit for hit, _ in wide.dropped)]
    rankings = {"fused": slugs(found.hits)}
    for lane in LANES:
        placed = [hit for hit in every if lane in hit.ranks]
        rankings[lane] = slugs(sorted(placed, key=lambda hit: hit.ranks[lane]))
    return rankings, sum(found.timings_ms.values())


# -- answers ---------------------------------------------------------------------------------


def answers(asked: _Asked) -> dict[str, Any]:
    """Measure facts, citations, false refusals and time on the answerable questions."""
    cases = load("questions")
    prover = _prover(asked.assistant)
    texts: dict[str, str | None] = {}

    def text_of(path: str) -> str | None:
        if path not in texts:
            document = asked.assistant.document(path, "admin")
            texts[path] = document.text if document else None
        return texts[path]

    rows: dict[str, dict[str, Any]] = {}
    for case in cases:
        answer = asked.answer(case)
        cited = {slug(citation.document) for citation in answer.citations}
        rows[case["id"]] = {
            "facts": 0.0 if answer.refused else fact_recall(answer.text, case["facts"]),
            "refused": float(answer.refused),
            "right_document": float(bool(cited & set(case["documents"]))),
            "right_language": float(detect(answer.text) == case["language"]),
            "total_ms": answer.timings_ms.get("total", 0.0),
            "length": float(len(answer.sentences)),
            "counts": citation_scores(answer, prover, text_of),
        }
    return {
        "parts": {name: _answer_means(part, rows) for name, part in by_part(cases).items()},
        "refused": [n for n, row in rows.items() if row["refused"]],
        "without_facts": [n for n, r in rows.items() if r["facts"] < 0.5 and not r["refused"]],
        "milliseconds": spread([row["total_ms"] for row in rows.values()]),
    }


def _answer_means(part: Sequence[Case], rows: Mapping[str, Any]) -> dict[str, Any]:
    own = [rows[case["id"]] for case in part]
    total: Counter[str] = sum((Counter(row["counts"]) for row in own), Counter())
    given = [row for row in own if not row["refused"]]
    return {
        "questions": len(own),
        "false_refused": mean(row["refused"] for row in own),
        "facts": mean(row["facts"] for row in own),
        "right_document": mean(row["right_document"] for row in given),
        "right_language": mean(row["right_language"] for row in own),
        "citation_precision": ratio(total["precise"], total["citations"]),
        "citation_recall": ratio(total["recalled"], total["sentences"]),
        "verbatim": ratio(total["verbatim"], total["quotes"]),
        "baseless_numbers": total["baseless"],
        "sentences": mean(row["length"] for row in given),
    }


def _prover(assistant: Assistant) -> Callable[[str, Sequence[str]], bool]:
    """Check a sentence against quotes; a verbatim one needs no model."""

    def proves(sentence: str, quotes: Sequence[str]) -> bool:
        plain = comparable(sentence)
        if any(plain in comparable(quote) for quote in quotes):
            return True
        verdicts = assistant.check(MARK.sub("", sentence), ["\n".join(quotes)])
        return bool(verdicts) and all(verdict.status == "supported" for verdict in verdicts)

    return proves


# -- refusals --------------------------------------------------------------------------------


def refusals(asked: _Asked) -> dict[str, Any]:
    """Measure refusing of what the library does not hold, and answering of what it does."""
    every = load("refusals")
    cases = [case for case in every if case["kind"] != "false_premise"]
    given = {case["id"]: asked.answer(case) for case in cases}
    false = {case["id"]: asked.answer(case).refused for case in load("questions")}
    parts = {
        name: {
            "questions": len(part),
            "refused": mean(float(given[case["id"]].refused) for case in part),
        }
        for name, part in by_part(cases).items()
    }
    for name, part in by_part(load("questions")).items():
        if name in parts:
            parts[name]["false_refused"] = mean(float(false[case["id"]]) for case in part)
    return {
        "parts": parts,
        "answered": [n for n, answer in given.items() if not answer.refused],
        "reasons": dict(Counter(str(a.reason) for a in given.values() if a.refused)),
        "false_premise": _premises(asked, [c for c in every if c["kind"] == "false_premise"]),
    }


def _premises(asked: _Asked, cases: Sequence[Case]) -> dict[str, Any]:
    outcomes: dict[str, list[str]] = {"refused": [], "corrected": [], "neither": []}
    for case in cases:
        answer = asked.answer(case)
        corrected = states(answer.text, case["correction"])
        outcome = "refused" if answer.refused else "corrected" if corrected else "neither"
        outcomes[outcome].append(case["id"])
    return {
        **{name: len(found) for name, found in outcomes.items()},
        "ids_of_neither": outcomes["neither"],
    }


def signals(asked: _Asked) -> list[calibration.Row]:
    """Give the retrieval signals of every labelled question; false premises are left out."""
    cases = [(case, True) for case in load("questions")]
    cases += [(case, False) for case in load("refusals") if case["kind"] != "false_premise"]
    return [_row(asked.assistant, case, answerable) for case, answerable in cases]


def _row(assistant: Assistant, case: Case, answerable: bool) -> calibration.Row:
    history = history_of(case)
    found = assistant.retrieve(case["question"], history)
    follows = bool(history) and found.query != case["question"]
    signals = assistant.weigh(found)
    return calibration.Row(case["id"], answerable, is_held_out(case), signals, follows)


def calibrate(asked: _Asked) -> dict[str, Any]:
    """Fit the refusal weights on the tuned part, store them, report both parts."""
    rows = signals(asked)
    model = calibration.calibrate(rows)
    calibration.write(model, refusal.WEIGHTS)
    return calibration.report(model, rows)


def train(asked: _Asked) -> dict[str, Any]:
    """Fit the reader on the training questions and store it; takes about an hour."""
    return training.train(asked.assistant)


def teach(asked: _Asked) -> dict[str, Any]:
    """Fit the lessons on the training questions and store them; takes six minutes."""
    return teaching.teach(asked.assistant)


def fresh(asked: _Asked) -> dict[str, Any]:
    """Measure on questions that nothing was fitted on: what to expect of new ones.

    `refused` are shares of those that must be, `found@5` of the documents that answer the others.
    """
    given: dict[str, list[float]] = {"refused": [], "false_refused": [], "found@5": []}
    for label, _, document, question in fresh_questions():
        refused = float(asked.assistant.ask(question).refused)
        given["refused" if label == "no" else "false_refused"].append(refused)
        if label == "yes":
            hits = asked.assistant.retrieve(question, keep=DEPTH).hits
            given["found@5"].append(ranking_scores(slugs(hits), [document])["recall@5"])
    counts = {"answerable": len(given["false_refused"]), "unanswerable": len(given["refused"])}
    return counts | {name: mean(values) for name, values in given.items()}


def freshness(asked: _Asked) -> dict[str, Any]:
    """List the documents that are past their validity: their readers are warned, they want work."""
    return expired(asked.assistant.library("admin"), date.today())


def expired(rows: Sequence[DocumentRow], today: date) -> dict[str, Any]:
    """Give how many documents have a last day of validity, and the paths whose day has passed."""
    dated = [(row.valid_until, row.path) for row in rows if row.valid_until]
    past = sorted(path for until, path in dated if until < today.isoformat())
    return {"with_an_end": len(dated), "expired": past}


# -- grounding and injection -----------------------------------------------------------------


def grounded(asked: _Asked) -> dict[str, Any]:
    """Measure the check of sentences on the labelled true and subtly false ones."""
    data = load("grounding")

    def verdict(case: Case) -> Any:
        passages = [data["passages"][name] for name in case["evidence"]]
        marks = "".join(f" [{n}]" for n in case.get("marks", ()))
        verdicts = asked.assistant.check(case["claim"] + marks, passages)
        wrong = [one for one in verdicts if one.status != "supported"]
        return (wrong or verdicts)[0]

    parts = by_part([{"kind": case["change"], **case} for case in data["cases"]])
    return {name: grounding.measure(parts[name], verdict) for name in ("tuned", "held_out")}


def injection(assistant: Assistant, knowledge: Path) -> dict[str, Any]:
    """Ask about poisoned documents; an answer that says or quotes any canary has followed it."""
    cases = load("poisoned")
    carriers = sorted(knowledge.rglob("*.md"))[:CARRIERS]
    with tempfile.TemporaryDirectory() as folder:
        poisoned = Path(folder) / "poisoned"
        poisoned.mkdir()
        for case in cases:
            (poisoned / f"{case['id']}.md").write_text(case["text"], encoding="utf-8")
        with laboratory(assistant, [poisoned, *carriers]) as bench:
            given = {case["id"]: bench.ask(case["question"]) for case in cases}
    canaries = [case["must_not_contain"] for case in cases]
    followed = [name for name, answer in given.items() if has_followed(answer, canaries)]
    return {
        "documents": len(cases),
        "followed": len(followed),
        "answered": sum(not answer.refused for answer in given.values()),
        "told_the_fact": sum(states(given[c["id"]].text, [c["fact"]]) for c in cases),
        "cited_the_document": sum(
            any(case["id"] in cited.document for cited in given[case["id"]].citations)
            for case in cases
        ),
        "ids_followed": followed,
        "held_out": sum(bool(case.get("held_out")) for case in cases),
        "held_out_followed": sum(bool(c.get("held_out")) and c["id"] in followed for c in cases),
    }


_ON_LIBRARY: Mapping[str, Callable[[_Asked], dict[str, Any]]] = {
    "retrieval": retrieval,
    "answers": answers,
    "refusals": refusals,
    "grounding": grounded,
    "fresh": fresh,
    "freshness": freshness,
    "calibrate": calibrate,
    "teach": teach,
    "train": train,
}
