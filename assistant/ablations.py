"""What each part of the search and of the writer earns: the figures without it.

Switches are turned per question on one library; what shapes the index (centring, size of passages)
gets a library of its own. Nothing is judged here, and nothing is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from assistant.cases import Case, by_part, history_of, laboratory, load, other, slugs
from assistant.scoring import DEPTH, fact_recall, means, ranking_scores
from assistant.service import Assistant
from assistant.settings import Settings

SWITCHES: Mapping[str, Mapping[str, Any]] = {
    "all lanes": {},
    "without lexical": {"lexical": False},
    "without dense": {"dense": False},
    "without lessons": {"lessons": False},
    "without aliases": {"aliases": False},
    "without exact": {"exact": False},
    "rank fusion": {"fusion": "rank"},
}
LIMITS = (3, 7, 12)
PARTS = ("all", "tuned", "held_out")


def ablations(assistant: Assistant, knowledge: Path) -> dict[str, Any]:
    """Give recall@5, MRR and facts of every variant, for all, tuned and held-out questions."""
    cases = load("questions")
    parts: dict[str, Any] = {}
    with laboratory(assistant, [knowledge]) as bench:
        for name, switches in SWITCHES.items():
            parts[name] = _summary(cases, partial(_found, bench, switches))
        for limit in LIMITS:
            parts[f"{limit} sentences"] = _written(bench, limit, cases)
    for name, changes in indexes(assistant.settings):
        with laboratory(assistant, [knowledge], **changes) as bench:
            parts[name] = _summary(cases, partial(_found, bench, {}))
    return {"parts": parts}


def indexes(settings: Settings) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name the settings that need an index of their own: no centring, half and double passages."""
    encoder, chunks = settings.encoder, settings.chunks
    yield "without centring", {"encoder": encoder.model_copy(update={"centring": False})}
    for name, factor in (("half passages", 0.5), ("double passages", 2.0)):
        size = int(chunks.size_tokens * factor)
        yield name, {"chunks": chunks.model_copy(update={"size_tokens": size})}


def _summary(
    cases: Sequence[Case], measure: Callable[[Case], Mapping[str, float]]
) -> dict[str, dict[str, float]]:
    """Average what is measured of each case over the parts."""
    rows = {case["id"]: measure(case) for case in cases}
    groups = by_part(cases)
    return {part: means(rows[case["id"]] for case in groups[part]) for part in PARTS}


def _found(assistant: Assistant, switches: Mapping[str, Any], case: Case) -> dict[str, float]:
    """Score a ranking, and the facts that the writer's evidence states within its budget."""
    question, history = case["question"], history_of(case)
    if case["kind"] == "cross":
        switches = {**switches, "only_language": other(case["language"])}
    ranked = assistant.retrieve(question, history, keep=DEPTH, **switches)
    scores = ranking_scores(slugs(ranked.hits), case["documents"], case["kind"])
    given = assistant.retrieve(question, history, **switches)
    evidence = "\n\n".join(hit.passage.text for hit in given.hits)
    return {
        "recall@5": scores["recall@5"],
        "mrr@10": scores["mrr@10"],
        "evidence_facts": fact_recall(evidence, case["facts"]),
    }


def _written(bench: Assistant, limit: int, cases: Sequence[Case]) -> dict[str, dict[str, float]]:
    """Score the facts of answers under a limit of sentences, on the library that is there."""
    answer = bench.settings.answer.model_copy(update={"sentence_limit": limit})
    with Assistant.open(bench.settings.model_copy(update={"answer": answer})) as writer:

        def measure(case: Case) -> dict[str, float]:
            given = writer.ask(case["question"], history_of(case))
            facts = 0.0 if given.refused else fact_recall(given.text, case["facts"])
            return {"answer_facts": facts, "sentences": float(len(given.sentences))}

        return _summary(cases, measure)
