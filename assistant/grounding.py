"""Whether a sentence is proven by the evidence that it cites, and by which words of it.

A sentence is supported when its numbers, names and content all stand in one to three consecutive
sentences of one evidence, joined there as the claim joins them. It knows no model and no store:
`similarity` is only one more signal, for sentences in another language than their evidence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from assistant.agreement import Rules, Similarity, Window, disagreement
from assistant.clauses import Reading, read
from assistant.language import fold_in_place, sentences
from assistant.numbers import quantities
from assistant.records import CheckedSentence, Language
from assistant.wording import load_wording

_MARK = re.compile(r"\s?[\[【［]\s*(\d{1,4}(?:\s*[,，、]\s*\d{1,4})*)\s*[\]】］](?!\()")
_FENCE = re.compile(r"^(?:```|~~~).*?^(?:```|~~~)[^\n]*$", re.MULTILINE | re.DOTALL)
_MARKUP = re.compile(r"\*{1,3}|__|`+")
_TABLE_RULE = re.compile(r"^\s*\|?[\s:|-]+\|?\s*$")
_LIST_ITEM = re.compile(r"^\s*(?:[-*+•]|\d{1,3}[.)、])\s+")
_LARGEST_WINDOW = 3



@dataclass(frozen=True)
class Evidence:
    """A text that may prove something; offsets of a verdict are positions in `text`."""

    text: str
    language: Language = "zh"
    title: str = ""


@dataclass(frozen=True)
class _Verdict:
    score: float
    reason: str = ""
    start: int = 0
    end: int = 0

    @property
    def holds(self) -> bool:
        return not self.reason


def split_answer(text: str) -> list[tuple[str, tuple[int, ...]]]:
    """Cut an answer in Markdown into sentences without marks, each with its citation numbers.

    Headings, rules, code and short lead-ins that end in a colon claim nothing and are left out.
    """
    found: list[tuple[str, tuple[int, ...]]] = []
    for line in _FENCE.sub("\n", text).split("\n"):
        if line.lstrip().startswith("#") or _TABLE_RULE.match(line):
            continue
        for start, end in sentences(_LIST_ITEM.sub("", line)):
            piece = _LIST_ITEM.sub("", line)[start:end]
            numbers = re.findall(r"\d+", " ".join(_MARK.findall(piece)))
            marks = tuple(dict.fromkeys(map(int, numbers)))
            plain = _MARKUP.sub("", _MARK.sub("", piece)).strip().strip("|").strip()
            if not re.search(r"\w", plain):
                found[-1:] = [(t, (*m, *marks)) for t, m in found[-1:]]
            elif marks or not _is_lead_in(plain):
                found.append((plain, marks))
    return found


def _is_lead_in(plain: str) -> bool:
    return plain[-1] in ":：" and len(plain) <= 40 and not quantities(plain)


def check(
    claims: Sequence[tuple[str, tuple[int, ...]]],
    evidence: Sequence[Evidence],
    *,
    given: str = "",
    similarity: Similarity | None = None,
    synonyms: Iterable[Iterable[str]] = (),
) -> list[CheckedSentence]:
    """Check each sentence against the evidence its marks name (1-based), or against all of it.

    Numbers of `given`, the user's own words, may be repeated without proof.
    """
    wording = load_wording(tuple(tuple(group) for group in synonyms))
    rules = Rules(wording, tuple(quantities(given)), similarity)
    return [_check_one(text, marks, evidence, rules) for text, marks in claims]


def check_text(
    text: str,
    evidence: Sequence[Evidence],
    *,
    given: str = "",
    similarity: Similarity | None = None,
    synonyms: Iterable[Iterable[str]] = (),
) -> list[CheckedSentence]:
    """Check every sentence of a text against all the evidence; marks in it are honoured."""
    return check(
        split_answer(text), evidence, given=given, similarity=similarity, synonyms=synonyms
    )


def _check_one(
    text: str,
    marks: tuple[int, ...],
    evidence: Sequence[Evidence],
    rules: Rules,
) -> CheckedSentence:
    unknown = [mark for mark in marks if not 1 <= mark <= len(evidence)]
    tried = [mark - 1 for mark in marks if mark not in unknown] if marks else range(len(evidence))
    found: list[tuple[_Verdict, int]] = []
    for i in tried:
        found.append((_judge(text, evidence[i], rules), i))
        if found[-1][0].holds and found[-1][0].score == 1.0:
            break
    best = max(found, key=lambda pair: (pair[0].holds, pair[0].score), default=None)
    if best and best[0].holds:
        return _supported(text, marks, best[0], best[1], evidence)
    if len(found) > 1 and marks:
        pooled = _judge_in_parts(text, [evidence[i] for _, i in found], rules)
        if pooled:
            return _supported(text, marks, pooled[0], found[pooled[1]][1], evidence)
    reason = best[0].reason if best else "no evidence"
    if unknown:
        reason = "unknown citation " + ", ".join(map(str, unknown))
    elif marks:
        others = [i for i in range(len(evidence)) if i not in tried]
        right = [i for i in others if _judge(text, evidence[i], rules).holds]
        reason += f"; evidence {right[0] + 1} would support it" if right else ""
    score = round(best[0].score, 4) if best else 0.0
    return CheckedSentence(text, "unsupported", score=score, reason=reason, marks=marks)


def _supported(
    text: str, marks: tuple[int, ...], verdict: _Verdict, index: int, evidence: Sequence[Evidence]
) -> CheckedSentence:
    quote = evidence[index].text[verdict.start : verdict.end]
    score = round(verdict.score, 4)
    span = (index, verdict.start, verdict.end)
    return CheckedSentence(text, "supported", *span, quote, score, "", marks)


def _judge_in_parts(
    text: str,
    evidence: Sequence[Evidence],
    rules: Rules,
) -> tuple[_Verdict, int] | None:
    """Prove a sentence that rests on several citations part by part."""
    parts = [part for part in re.split(r"[,，;；](?!\d)", text) if re.search(r"\w", part)]
    first: tuple[_Verdict, int] | None = None
    for part in parts if len(parts) > 1 else ():
        proofs = [(_judge(part, e, rules), i) for i, e in enumerate(evidence)]
        proof = next((pair for pair in proofs if pair[0].holds), None)
        if proof is None:
            return None
        first = first or proof
    return first


def _judge(
    text: str,
    evidence: Evidence,
    rules: Rules,
) -> _Verdict:
    """Find the smallest window of the evidence that proves the sentence, or say what is missing."""
    claim, source = read(text, rules.wording), read(evidence.text, rules.wording)
    copied = _verbatim(claim, source)
    if copied:
        return _Verdict(1.0, "", *copied)
    if not claim.clauses or not source.spans:
        return _Verdict(0.0, "nothing to compare")
    heading = rules.wording.tokens(fold_in_place(evidence.title))
    title = frozenset(token.text for token in heading)
    best = _Verdict(-1.0, "not in the source")
    for size in range(1, min(_LARGEST_WINDOW, len(source.spans)) + 1):
        verdicts = [
            _judge_window(claim, source, first, first + size - 1, title, rules)
            for first in range(len(source.spans) - size + 1)
        ]
        top = max(verdicts, key=lambda verdict: (verdict.holds, verdict.score))
        if top.holds:
            return top
        best = max(best, top, key=lambda verdict: verdict.score)
    return replace(best, score=max(0.0, best.score))


def _verbatim(claim: Reading, source: Reading) -> tuple[int, int] | None:
    """Find the whole sentences of the source that are, but for white space, the claim."""
    wanted = _letters(claim.folded, 0, len(claim.folded))
    if not wanted:
        return None
    for first in range(len(source.spans)):
        collected = ""
        for last in range(first, len(source.spans)):
            start, end = source.spans[last]
            collected += _letters(source.folded, start, end)
            if collected == wanted:
                return source.spans[first][0], end
            if not wanted.startswith(collected):
                break
    return None


def _letters(folded: str, start: int, end: int) -> str:
    """Keep words and signs, with a mark where Latin words or numbers would run together."""
    kept = re.sub(r"(?<=[a-z0-9])\s+(?=[a-z0-9])", "\1", folded[start:end])
    kept = re.sub(r"(?<=\d)[-–—~](?=\d)", "-", kept)
    kept = re.sub(r"[^\w\1%.:/+×=<>≥≤()−-]|[*_`]|\.(?!\d)|:(?!\d)|-(?!\d)", "", kept)
    return kept.rstrip("\1")


def _judge_window(
    claim: Reading, source: Reading, first: int, last: int, title: frozenset[str], rules: Rules
) -> _Verdict:
    window = Window(source, first, last, title)
    share, reason = disagreement(claim, window, rules)
    return _Verdict(share, reason, *window.span)


def measure(
    cases: Sequence[Mapping[str, Any]], verdict: Callable[[Mapping[str, Any]], CheckedSentence]
) -> dict[str, Any]:
    """Score verdicts on labelled cases: catch rates per change, false alarms, precision, recall."""
    kinds: dict[str, list[bool]] = {}
    for case in cases:
        right = (verdict(case).status == "supported") == (case["label"] == "supported")
        kinds.setdefault(f"{case['label']}:{case['change']}", []).append(right)
    number = kinds.get("unsupported:number", [])
    true: list[bool] = []
    other: list[bool] = []
    for kind, rights in kinds.items():
        if kind != "unsupported:number":
            (true if kind.startswith("supported") else other).extend(rights)
    kept, passed = sum(true), (len(number) - sum(number)) + (len(other) - sum(other))
    return {
        "cases": len(cases),
        "numbers_caught": _share(number),
        "others_caught": _share(other),
        "false_alarms": round(1 - _share(true), 4),
        "precision": round(kept / (kept + passed), 4) if kept + passed else 0.0,
        "recall": _share(true),
        "by_change": {kind: f"{sum(kinds[kind])}/{len(kinds[kind])}" for kind in sorted(kinds)},
    }


def _share(rights: Sequence[bool]) -> float:
    return round(sum(rights) / len(rights), 4) if rights else 1.0
