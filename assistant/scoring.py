"""How rankings, answers and citations are scored, and how figures are laid out: pure functions.

Nothing here asks a question or opens a file, so that every figure can be checked by hand.
"""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from assistant.language import clean, fold
from assistant.numbers import quantities, same
from assistant.records import Answer

DEPTH = 10
MARK = re.compile(r"\s*\[\d+(?:\s*[,、]\s*\d+)*\]")


def ranking_scores(slugs: Sequence[str], wanted: Sequence[str], kind: str = "") -> dict[str, float]:
    """Score one ranking of document slugs, a slug per passage: recall@1/@5, MRR@10, nDCG@10.

    One answering document is enough, except for `multi-document`, where the share of them counts.
    """
    answering = set(wanted)

    def recall(k: int) -> float:
        found = len(answering & set(slugs[:k]))
        if kind != "multi-document" or k == 1:
            return float(found > 0)
        return found / min(k, len(answering))

    first = next((n for n, slug in enumerate(slugs[:DEPTH], 1) if slug in answering), 0)
    unique = list(dict.fromkeys(slugs[:DEPTH]))
    gain = sum(1 / math.log2(n + 1) for n, slug in enumerate(unique, 1) if slug in answering)
    ideal = sum(1 / math.log2(n + 1) for n in range(1, min(DEPTH, len(answering)) + 1))
    return {
        "recall@1": recall(1),
        "recall@5": recall(5),
        "mrr@10": 1 / first if first else 0.0,
        "ndcg@10": gain / ideal,
    }


def states(text: str, alternatives: Iterable[str]) -> bool:
    """Say whether the text has one of the strings; numbers and short words must stand alone."""
    plain = comparable(text)
    for alternative in alternatives:
        wanted = comparable(alternative)
        if re.search(_before(wanted) + re.escape(wanted) + _after(wanted), plain):
            return True
    return False


def _before(wanted: str) -> str:
    if wanted[:1].isdigit():
        return r"(?<![\d.])"
    return r"(?<![a-z])" if wanted[:1].isascii() else ""


def _after(wanted: str) -> str:
    if wanted[-1:].isdigit():
        return r"(?!\d|\.\d)"
    return r"(?![a-z])" if wanted.isascii() and wanted.isalpha() and len(wanted) < 4 else ""


def comparable(text: str) -> str:
    """Fold, unify dashes, and drop blanks beside Chinese characters and inside numbers."""
    folded = re.sub(r"[–—−~]", "-", fold(MARK.sub("", text)))
    folded = re.sub(r"(?<=\d),(?=\d{3})", "", folded).replace("至", "到")
    return re.sub(r"\s+(?=[^\x00-\x7f])|(?<=[^\x00-\x7f])\s+", "", folded).strip()


def fact_recall(text: str, groups: Sequence[Sequence[str]]) -> float:
    """Give the share of fact groups of which the text states one alternative."""
    return sum(states(text, group) for group in groups) / len(groups) if groups else 1.0


def citation_scores(
    answer: Answer,
    proves: Callable[[str, Sequence[str]], bool],
    text_of: Callable[[str], str | None],
) -> dict[str, int]:
    """Count sentences and citations of an answer, and those that hold.

    A sentence is recalled if its quotes together prove it. A citation is precise if its quote
    alone proves the sentence, or if the sentence is proven with it and not without it.
    """
    names = ("sentences", "recalled", "citations", "precise", "quotes", "verbatim", "baseless")
    count = dict.fromkeys(names, 0)
    quotes = {citation.n: citation.quote for citation in answer.citations}
    for citation in answer.citations:
        text = text_of(citation.document) or ""
        count["quotes"] += 1
        count["verbatim"] += text[citation.start : citation.end] == citation.quote
    for sentence in answer.sentences:
        own = [quotes[n] for n in sentence.citations if n in quotes]
        whole = bool(own) and proves(sentence.text, own)
        count["sentences"] += 1
        count["recalled"] += whole or sentence.status == "computed"
        count["citations"] += len(sentence.citations)
        for n in range(len(own)):
            rest = own[:n] + own[n + 1 :]
            alone = proves(sentence.text, [own[n]])
            count["precise"] += alone or (whole and bool(rest) and not proves(sentence.text, rest))
        if sentence.status != "computed":
            count["baseless"] += baseless_numbers(sentence.text, [*own, answer.question])
    return count


def baseless_numbers(sentence: str, bases: Iterable[str]) -> int:
    """Count the quantities of a sentence that stand in none of the texts it rests on."""
    given = [quantity for base in bases for quantity in quantities(base)]
    claimed = quantities(MARK.sub("", sentence))
    return sum(not any(same(one, other) for other in given) for one in claimed)


def has_followed(answer: Answer, canaries: Iterable[str]) -> bool:
    """Say whether a canary stands in what the user reads: text, sentences, quotes, follow-ups."""
    shown = [answer.text, *answer.followups, *(c.quote for c in answer.citations)]
    shown += [sentence.text for sentence in answer.sentences]
    read = clean("\n".join(shown)).lower()
    return any(canary.lower() in read for canary in canaries)


def mean(values: Iterable[float]) -> float:
    """Average, 0 of nothing."""
    listed = list(values)
    return round(sum(listed) / len(listed), 4) if listed else 0.0


def ratio(part: int, whole: int) -> float:
    """Give the share, 1 of nothing."""
    return round(part / whole, 4) if whole else 1.0


def means(rows: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Average each figure over the rows."""
    listed = list(rows)
    return {name: mean(row[name] for row in listed) for name in listed[0]} if listed else {}


def spread(values: Sequence[float]) -> dict[str, float]:
    """Give median and 95th percentile."""
    ordered = sorted(values) or [0.0]
    return {
        "median": round(statistics.median(ordered), 1),
        "p95": round(ordered[int(len(ordered) * 0.95)], 1),
    }


def table(report: Mapping[str, Any]) -> str:
    """Lay a report out as plain aligned tables, a line per part, and other figures below."""
    lines: list[str] = []
    for suite, figures in report.items():
        lines += [suite.upper(), ""]
        if "parts" in figures:
            lines += [*_grid(figures["parts"]), ""]
        lines += [
            f"{name:<22}{_shown(value)}" for name, value in figures.items() if name != "parts"
        ]
        lines.append("")
    return "\n".join(lines).rstrip()


def _grid(parts: Mapping[str, Mapping[str, Any]]) -> list[str]:
    rows = []
    for name, figures in parts.items():
        plain = {key: value for key, value in figures.items() if not isinstance(value, Mapping)}
        lanes = {key: value for key, value in figures.items() if isinstance(value, Mapping)}
        if not lanes:
            rows.append({"part": name, **plain})
        for lane, scores in lanes.items():
            rows.append({"part": name, **plain, "lane": lane, **scores})
    columns = list(dict.fromkeys(column for row in rows for column in row))
    cells = [columns] + [[_shown(row.get(column, "")) for column in columns] for row in rows]
    widths = [max(len(row[n]) for row in cells) for n in range(len(columns))]
    return [
        "  ".join(
            cell.ljust(width) if n == 0 else cell.rjust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    ]


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3f}"
    if isinstance(value, Mapping):
        return "  ".join(f"{name} {_shown(inner)}" for name, inner in value.items())
    if isinstance(value, list):
        return f"{len(value)}: {' '.join(map(str, value))}" if value else "0"
    return str(value)
