"""Whether a sentence is proven by the evidence that it cites, and by which words of it.

A sentence is supported when its numbers, names and content all stand in one to three consecutive
sentences of one evidence, joined there as the claim joins them. It knows no model and no store:
`similarity` is only one more signal, for sentences in another language than their evidence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Any

import numpy as np

from assistant.language import HAN, fold_in_place, sentences
from assistant.numbers import Quantity, names, quantities, same, same_dimension
from assistant.records import CheckedSentence, Language
from assistant.wording import Token, Wording, load_wording, name_token

Similarity = Callable[[Sequence[str], Sequence[str]], np.ndarray]

_MARK = re.compile(r"\s?[\[【［]\s*(\d{1,4}(?:\s*[,，、]\s*\d{1,4})*)\s*[\]】］](?!\()")
_FENCE = re.compile(r"^(?:```|~~~).*?^(?:```|~~~)[^\n]*$", re.MULTILINE | re.DOTALL)
_MARKUP = re.compile(r"\*{1,3}|__|`+")
_TABLE_RULE = re.compile(r"^\s*\|?[\s:|-]+\|?\s*$")
_LIST_ITEM = re.compile(r"^\s*(?:[-*+•]|\d{1,3}[.)、])\s+")
_CLAUSE_END = re.compile(r"[,、。;:!?\n—]|\.(?=\s|$)|，|；|：|！|？")
_JOINT = re.compile(r"\b(?:and|while|but|whereas)\b|而|和|与|以及")
_COMPARISON = re.compile(
    r"比|超过|胜过|高于|低于|改为|变成|变为|除以|乘以|取代|\bthan\b|\bbeats?\b|\bexceed(?:s|ed)?\b"
    r"|\bdivided by\b|\bmultiplied by\b|\bto (?:an? )?(?=\d)"
)
# A clause that only says when or if: a claim may say it in one breath with what follows.
_CONDITION = re.compile(r"(?:时|时候|后|前|中|里|下|间|起|的话)\W*$|^\W*(?:如果|若|除非|当|只要|when|if|after"
                        r"|before|in|with|as of|at|from|since|during|unless|for|by)\b")  # fmt: skip
_SEQUENCE = re.compile(r"先.*(?:再|然后|接着|最后|才)|\bfirst\b.*\bthen\b", re.DOTALL)
_LARGEST_WINDOW = 3
_CONTEXT_SENTENCES = 3
_LEAST_COVERAGE = 0.6


@dataclass(frozen=True)
class Evidence:
    """A text that may prove something; offsets of a verdict are positions in `text`."""

    text: str
    language: Language = "zh"
    title: str = ""


@dataclass(frozen=True)
class _Clause:
    sentence: int
    start: int
    end: int
    folded: str
    tokens: tuple[Token, ...]
    quantities: tuple[Quantity, ...]
    date: Quantity | None

    @property
    def words(self) -> list[str]:
        return [token.text for token in self.tokens]


@dataclass(frozen=True)
class _Reading:
    """A text cut into sentences and clauses, with everything that a comparison needs."""

    text: str
    folded: str
    spans: tuple[tuple[int, int], ...]
    clauses: tuple[_Clause, ...]
    han: bool

    def within(self, first: int, last: int) -> list[_Clause]:
        return [clause for clause in self.clauses if first <= clause.sentence <= last]

    def window(self, first: int, last: int) -> list[_Clause]:
        """Give the clauses of these sentences, each condition also joined with what follows."""
        clauses = self.within(first, last)
        pairs = (self.joined(clause) for clause in clauses)
        return sorted((*clauses, *filter(None, pairs)), key=lambda c: (c.end, -c.start))

    def joined(self, clause: _Clause) -> _Clause | None:
        """Give a condition and the clause after it as one, if the clause is a condition."""
        after = next((c for c in self.clauses if c.start >= clause.end), None)
        if after is None or after.sentence != clause.sentence:
            return None
        if not _CONDITION.search(clause.folded) or any(q.kind != "date" for q in clause.quantities):
            return None
        return replace(
            after,
            start=clause.start,
            folded=self.folded[clause.start : after.end],
            tokens=clause.tokens + after.tokens,
            quantities=clause.quantities + after.quantities,
        )


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
            marks = tuple(int(n) for group in _MARK.findall(piece) for n in re.findall(r"\d+", group))
            plain = _MARKUP.sub("", _MARK.sub("", piece)).strip().strip("|").strip()
            if not re.search(r"\w", plain):
                found[-1:] = [(t, (*m, *marks)) for t, m in found[-1:]]
            elif marks or not _is_lead_in(plain):
                found.append((plain, tuple(dict.fromkeys(marks))))
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
    user = tuple(quantities(given))
    return [_check_one(text, marks, evidence, wording, user, similarity) for text, marks in claims]


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
    wording: Wording,
    user: tuple[Quantity, ...],
    similarity: Similarity | None,
) -> CheckedSentence:
    unknown = [mark for mark in marks if not 1 <= mark <= len(evidence)]
    tried = [mark - 1 for mark in marks if mark not in unknown] if marks else range(len(evidence))
    found = [(_judge(text, evidence[i], wording, user, similarity), i) for i in tried]
    best = max(found, key=lambda pair: (pair[0].holds, pair[0].score), default=None)
    if best and best[0].holds:
        return _supported(text, marks, best[0], best[1], evidence)
    if len(found) > 1 and marks:
        pooled = _judge_in_parts(text, [evidence[i] for _, i in found], wording, user, similarity)
        if pooled:
            return _supported(text, marks, pooled[0], found[pooled[1]][1], evidence)
    reason = best[0].reason if best else "no evidence"
    if unknown:
        reason = "unknown citation " + ", ".join(map(str, unknown))
    elif marks:
        others = [i for i in range(len(evidence)) if i not in tried]
        right = [i for i in others if _judge(text, evidence[i], wording, user, similarity).holds]
        reason += f"; evidence {right[0] + 1} would support it" if right else ""
    return CheckedSentence(
        text, "unsupported", score=round(best[0].score if best else 0.0, 4), reason=reason, marks=marks
    )


def _supported(
    text: str, marks: tuple[int, ...], verdict: _Verdict, index: int, evidence: Sequence[Evidence]
) -> CheckedSentence:
    quote = evidence[index].text[verdict.start : verdict.end]
    return CheckedSentence(
        text, "supported", index, verdict.start, verdict.end, quote, round(verdict.score, 4), "", marks
    )


def _judge_in_parts(
    text: str,
    evidence: Sequence[Evidence],
    wording: Wording,
    user: tuple[Quantity, ...],
    similarity: Similarity | None,
) -> tuple[_Verdict, int] | None:
    """Prove a sentence that rests on several citations part by part."""
    parts = [part for part in re.split(r"[,，;；](?!\d)", text) if re.search(r"\w", part)]
    first: tuple[_Verdict, int] | None = None
    for part in parts if len(parts) > 1 else ():
        proofs = [(_judge(part, e, wording, user, similarity), i) for i, e in enumerate(evidence)]
        proof = next((pair for pair in proofs if pair[0].holds), None)
        if proof is None:
            return None
        first = first or proof
    return first


def _judge(
    text: str,
    evidence: Evidence,
    wording: Wording,
    user: tuple[Quantity, ...],
    similarity: Similarity | None,
) -> _Verdict:
    """Find the smallest window of the evidence that proves the sentence, or say what is missing."""
    claim, source = _read(text, wording), _read(evidence.text, wording)
    copied = _verbatim(claim, source)
    if copied:
        return _Verdict(1.0, "", *copied)
    if not claim.clauses or not source.spans:
        return _Verdict(0.0, "nothing to compare")
    title = {token.text for token in wording.tokens(fold_in_place(evidence.title))}
    best = _Verdict(-1.0, "not in the source")
    for size in range(1, min(_LARGEST_WINDOW, len(source.spans)) + 1):
        verdicts = [
            _judge_window(claim, source, first, first + size - 1, title, wording, user, similarity)
            for first in range(len(source.spans) - size + 1)
        ]
        top = max(verdicts, key=lambda verdict: (verdict.holds, verdict.score))
        if top.holds:
            return top
        best = max(best, top, key=lambda verdict: verdict.score)
    return replace(best, score=max(0.0, best.score))


@lru_cache(maxsize=512)
def _read(text: str, wording: Wording) -> _Reading:
    folded = fold_in_place(text)
    spans = tuple(sentences(text))
    found = quantities(text)
    masked = list(folded)
    for quantity in found:
        masked[quantity.start : quantity.end] = "\0" * (quantity.end - quantity.start)
    named = [(start, end, name_token(text[start:end])) for start, end in names(text)]
    for start, end, _ in named:
        masked[start:end] = "\0" * (end - start)
    blank = "".join(masked)
    clauses: list[_Clause] = []
    date: Quantity | None = None
    for number, (start, end) in enumerate(spans):
        for left, right in _clause_spans(blank, start, end, found):
            inside, date = _dated([q for q in found if left <= q.start < right], date)
            tokens = wording.tokens(blank[left:right].replace("\0", " "), left)
            tokens += [Token(t, a, b) for a, b, t in named if left <= a < right]
            tokens.sort(key=lambda token: token.start)
            clauses.append(
                _Clause(number, left, right, folded[left:right], tuple(tokens), tuple(inside), date)
            )
    return _Reading(text, folded, spans, tuple(clauses), bool(re.search(f"[{HAN}]", text)))


def _clause_spans(
    blank: str, start: int, end: int, found: Sequence[Quantity]
) -> list[tuple[int, int]]:
    cuts = [match.end() for match in _CLAUSE_END.finditer(blank, start, end)]
    edges = [start, *cuts, end]
    spans: list[tuple[int, int]] = []
    for left, right in zip(edges, edges[1:], strict=False):
        for joint in _JOINT.finditer(blank, left, right):
            before = any(left <= q.start < joint.start() for q in found)
            after = any(joint.end() <= q.start < right for q in found)
            if before and after:
                spans.append((left, joint.start()))
                left = joint.end()
        if re.search(r"[\w\0]", blank[left:right]):
            spans.append((left, right))
    return spans


def _dated(
    found: Sequence[Quantity], date: Quantity | None
) -> tuple[list[Quantity], Quantity | None]:
    """Give dates without a year the year that was named last; name the date that now holds."""
    dated: list[Quantity] = []
    for quantity in found:
        if quantity.kind == "date":
            if quantity.value < 10_000 and date is not None:
                year = date.value // 10_000 * 10_000
                upper = quantity.upper + year if quantity.upper is not None else None
                quantity = replace(quantity, value=quantity.value + year, upper=upper)
            date = quantity
        dated.append(quantity)
    return dated, date


def _verbatim(claim: _Reading, source: _Reading) -> tuple[int, int] | None:
    """Find the whole sentences of the source that are, but for white space, the claim."""
    wanted, _ = _letters(claim.folded, 0, len(claim.folded))
    if not wanted:
        return None
    for first in range(len(source.spans)):
        collected = ""
        for last in range(first, len(source.spans)):
            start, end = source.spans[last]
            collected += _letters(source.folded, start, end)[0]
            if collected == wanted:
                return source.spans[first][0], end
            if not wanted.startswith(collected):
                break
    return None


def _letters(folded: str, start: int, end: int) -> tuple[str, int]:
    """Keep what carries meaning: words and signs, a mark between numbers that would run together."""
    kept = re.sub(r"(?<=[a-z0-9])\s+(?=[a-z0-9])", "\1", folded[start:end])
    kept = re.sub(r"(?<=\d)[-–—~](?=\d)", "-", kept)
    kept = re.sub(r"[^\w\1%.:/+×=<>≥≤()−-]|[*_`]|\.(?!\d)|:(?!\d)|-(?!\d)", "", kept)
    return kept.rstrip("\1"), len(kept)


def _judge_window(
    claim: _Reading,
    source: _Reading,
    first: int,
    last: int,
    title: set[str],
    wording: Wording,
    user: tuple[Quantity, ...],
    similarity: Similarity | None,
) -> _Verdict:
    window = source.window(first, last)
    context = source.within(first - _CONTEXT_SENTENCES, first - 1)
    start, end = source.spans[first][0], source.spans[last][1]
    text = source.folded[start:end]
    wrong_number = _unproven_number(claim, window, user)
    share = _coverage(claim, window)
    if share < _LEAST_COVERAGE and claim.han == source.han:
        return _Verdict(share * 0.9, "too little of it is in the source")
    if wrong_number:
        return _Verdict(share * 0.9, f"number not in the source: {wrong_number}")
    reason = _tone(claim, text, wording)
    if not reason and claim.han != source.han:
        reason = _across_languages(claim, window, source.text[start:end], similarity)
    elif not reason:
        reason = _new_content(claim, window, context, title) or _joined_otherwise(
            claim, window, context, title, user
        )
    return _Verdict(share, reason, start, end)


def _coverage(claim: _Reading, window: Sequence[_Clause]) -> float:
    known = {word for clause in window for word in clause.words}
    wanted = [w for c in claim.clauses for w in c.words if w[0] not in "+~" or w in known]
    return sum(word in known for word in wanted) / len(wanted) if wanted else 0.5


def _tone(claim: _Reading, source: str, wording: Wording) -> str:
    stronger = wording.stronger(claim.folded, source)
    if stronger:
        return f"stronger than the source: {stronger}"
    turned = wording.turned(claim.folded, source)
    return f"the source says the opposite of: {turned}" if turned else ""


def _unproven_number(
    claim: _Reading, window: Sequence[_Clause], user: tuple[Quantity, ...]
) -> str | None:
    stated = [quantity for clause in window for quantity in clause.quantities]
    stated += [clause.date for clause in window if clause.date]
    for clause in claim.clauses:
        for quantity in clause.quantities:
            if not any(same(quantity, other) for other in (*stated, *user)):
                return quantity.text.strip()
    return None


def _new_content(
    claim: _Reading, window: Sequence[_Clause], context: Sequence[_Clause], title: set[str]
) -> str:
    """Name a word of the claim that neither the window nor what leads to it has."""
    sources = [clause.words for clause in (*context, *window)]
    known = {word for words in sources for word in words} | title
    pairs = {pair for words in sources for pair in zip(words, words[1:], strict=False)}
    for clause in claim.clauses:
        words = clause.words
        for i, word in enumerate(words):
            if word[0] in "~+":
                continue
            if word not in known:
                return f"not in the source: {_surface(claim, clause, i)}"
            if i and _han(word) and _han(words[i - 1]) and (words[i - 1], word) not in pairs:
                left = i >= 2 and (words[i - 2], words[i - 1]) in pairs
                right = i + 1 < len(words) and (word, words[i + 1]) in pairs
                if not left and not right and _touching(clause.tokens[i - 1], clause.tokens[i]):
                    return f"not in the source: {_surface(claim, clause, i - 1, i)}"
    return ""


def _han(word: str) -> bool:
    return len(word) == 1 and not word.isascii()


def _touching(left: Token, right: Token) -> bool:
    return left.end == right.start


def _surface(claim: _Reading, clause: _Clause, *positions: int) -> str:
    tokens = clause.tokens
    low, high = positions[0], positions[-1]
    while low and _touching(tokens[low - 1], tokens[low]) and high - low < 4:
        low -= 1
    while high + 1 < len(tokens) and _touching(tokens[high], tokens[high + 1]) and high - low < 4:
        high += 1
    return claim.text[tokens[low].start : tokens[high].end]


def _joined_otherwise(
    claim: _Reading,
    window: Sequence[_Clause],
    context: Sequence[_Clause],
    title: set[str],
    user: tuple[Quantity, ...],
) -> str:
    """Align each clause of the claim with one of the window and name what is joined otherwise."""
    before: int | None = None
    reason = ""
    in_order = _SEQUENCE.search(claim.folded)
    for clause in claim.clauses:
        scores = [_fit(clause, window, i, before) for i in range(len(window))]
        top = max(scores)
        for i, score in enumerate(scores):
            if score < top - 0.03:
                continue
            earlier = [*context, *window[:i]]
            reason = _conflict(claim, clause, window, i, earlier, title, user)
            if not reason and in_order and before is not None and i < before:
                reason = "in another order in the source"
            if not reason:
                before = i
                break
        if reason:
            return reason
    return ""


def _fit(clause: _Clause, window: Sequence[_Clause], position: int, before: int | None) -> float:
    """Score a window clause as the origin of a claim's clause."""
    other = window[position]
    inherited = {
        word
        for earlier in window[:position]
        if earlier.sentence == other.sentence
        for word in earlier.words
    }
    words, theirs = clause.words, set(other.words)
    direct = sum(word in theirs for word in words) / max(1, len(words))
    leaning = sum(word in inherited and word not in theirs for word in words) / max(1, len(words))
    matched = sum(any(same(q, o) for o in other.quantities) for q in clause.quantities)
    numeric = matched / len(clause.quantities) if matched else 0.0
    near = before is not None and window[before].sentence == other.sentence
    adjacent = before is not None and near and 0 <= position - before <= 1
    # A clause without words is placed by its numbers alone.
    text = direct + 0.72 * leaning if words else numeric
    lacking = any(
        not any(same_dimension(q, o) for o in other.quantities) and q.kind != "date"
        for q in clause.quantities
    )
    numbers = 0.5 * min(2, matched) * numeric - 0.4 * lacking
    return text + numbers + 0.3 * near + 0.3 * adjacent


def _conflict(
    claim: _Reading,
    clause: _Clause,
    window: Sequence[_Clause],
    position: int,
    earlier: Sequence[_Clause],
    title: set[str],
    user: tuple[Quantity, ...],
) -> str:
    other = window[position]
    lent = {word for c in window for word in c.words}
    return (
        _number_conflict(clause, other, window, user)
        or _date_conflict(clause, other)
        or _word_conflict(claim, clause, other, earlier, title, lent)
        or _order_conflict(clause, other)
    )


def _number_conflict(
    clause: _Clause, other: _Clause, window: Sequence[_Clause], user: tuple[Quantity, ...]
) -> str:
    spare = [o for o in other.quantities if not any(same(q, o) for q in clause.quantities)]
    for quantity in clause.quantities:
        if any(same(quantity, o) for o in other.quantities):
            continue
        if any(same(quantity, o) for o in user):
            continue
        if quantity.kind == "date" and other.date and same(quantity, other.date):
            continue
        if any(same_dimension(quantity, o) for o in spare):
            return f"number belongs to something else: {quantity.text.strip()}"
        beside = [c for c in window if c.sentence == other.sentence]
        if not any(same(quantity, o) for c in beside for o in c.quantities):
            return f"number stands elsewhere in the source: {quantity.text.strip()}"
    return ""


def _date_conflict(clause: _Clause, other: _Clause) -> str:
    if clause.date is None or other.date is None or same(clause.date, other.date):
        return ""
    if any(same(clause.date, o) for o in other.quantities if o.kind == "date"):
        return ""
    if not any(q.kind != "date" for q in clause.quantities):
        return ""
    return f"another date in the source: {clause.date.text.strip()}"


def _word_conflict(
    claim: _Reading,
    clause: _Clause,
    other: _Clause,
    earlier: Sequence[_Clause],
    title: set[str],
    lent: set[str],
) -> str:
    """Compare word by word: what was exchanged, put in from later on, or negated."""
    mine, theirs = clause.words, other.words
    fits = _shared_number(clause, other)
    if mine and not set(mine) & set(theirs) and not fits:
        return f"not said there: {_surface(claim, clause, 0)}"
    known = {word for c in earlier for word in c.words} | title | set(theirs)
    # Harmless words, and neutral ones that nothing in the window could have lent.
    free = {w for w in mine if w[0] == "~" or (w[0] == "+" and w not in lent)}
    for kind, i1, i2, j1, j2 in SequenceMatcher(None, mine, theirs, autojunk=False).get_opcodes():
        if kind == "equal":
            if (i2 - i1 > 1 or not _han(mine[i1])) and any(
                a.negated != b.negated
                for a, b in zip(clause.tokens[i1:i2], other.tokens[j1:j2], strict=True)
            ):
                return f"negated otherwise: {_surface(claim, clause, i1)}"
        elif kind in ("replace", "delete"):
            gone = [word for word in mine[i1:i2] if word not in free]
            moved = all(word in theirs for word in gone)
            dropped = [word for word in theirs[j1:j2] if word not in mine and word[0] != "~"]
            if kind == "replace" and gone and dropped and not moved:
                return f"the source has another word for: {_surface(claim, clause, i1)}"
            # What a clause leaves unsaid stands before it, and is taken up at the claim's head.
            # A number that fits may carry the predicate of the clause before: 3 items (made) 50%.
            tail = i2 == len(mine) and i1 > 0 and not fits and not moved
            if tail or any(word not in known for word in gone):
                return f"said of something else in the source: {_surface(claim, clause, i1)}"
    return ""


def _shared_number(clause: _Clause, other: _Clause) -> bool:
    return any(same(q, o) for q in clause.quantities for o in other.quantities)


def _order_conflict(clause: _Clause, other: _Clause) -> str:
    """Compare what stands left and right of the same comparing word: A 比 B is not B 比 A."""
    mine, theirs = _COMPARISON.search(clause.folded), _COMPARISON.search(other.folded)
    if not mine or not theirs or mine.group().strip() != theirs.group().strip():
        return ""
    # Nothing on one side: what is compared stands in another clause.
    left, right = _sides(clause, clause.start + mine.start())
    their_left, their_right = _sides(other, other.start + theirs.start())
    if not (left and right and their_left and their_right):
        return ""
    crossed = (left & (their_right - their_left)) | (right & (their_left - their_right))
    return f"compared the other way round: {mine.group().strip()}" if crossed else ""


def _sides(clause: _Clause, middle: int) -> tuple[set[str], set[str]]:
    marked = [(token.start, token.text) for token in clause.tokens]
    marked += [
        (q.start, f"{q.value.normalize()}{q.unit}") for q in clause.quantities if q.kind != "date"
    ]
    return (
        {text for start, text in marked if start < middle},
        {text for start, text in marked if start >= middle},
    )


def _across_languages(
    claim: _Reading, window: Sequence[_Clause], source: str, similarity: Similarity | None
) -> str:
    """Compare what both languages share: names, known terms, numbers, negation."""
    known = {word for clause in window for word in clause.words}
    shared = [word for clause in claim.clauses for word in clause.words if word[0] in "=#~"]
    foreign = _proper_names(claim)
    missing = next((name for name in foreign if fold_in_place(name) not in known), None)
    if missing and not _meant(missing, claim, known):
        return f"not in the source: {missing}"
    found = sum(word in known for word in shared)
    if shared and found * 2 < len(shared):
        return "too little of it is in the source"
    if similarity is not None:
        close = float(similarity([claim.text], [source])[0][0]) >= 0.35
    else:
        close = False
    numbers = sum(len(clause.quantities) for clause in claim.clauses)
    if found + numbers < 3 and not close:
        return "too little of it is in the source"
    return _joined_across(claim, window)


def _joined_across(claim: _Reading, window: Sequence[_Clause]) -> str:
    """Compare sign and numbers of each clause with the clause that shares most known words."""
    for clause in claim.clauses:
        if not any(word[0] in "=#" for word in clause.words):
            continue
        place = max(range(len(window)), key=lambda i: _fit(clause, window, i, None))
        other = window[place]
        signs = {token.text: token.negated for token in other.tokens}
        if any(signs.get(t.text, t.negated) != t.negated for t in clause.tokens):
            return "negated otherwise"
        mapped = {word for word in clause.words if word[0] in "=#"}
        if mapped <= set(other.words):
            reason = _number_conflict(clause, other, window, ())
            if reason:
                return reason
    return ""


def _proper_names(claim: _Reading) -> list[str]:
    found = re.findall(r"[A-Z][A-Za-z]+|[A-Z]{2,}", claim.text)
    return found if claim.han else found[1:]


def _meant(name: str, claim: _Reading, known: set[str]) -> bool:
    """Say whether a Latin name stands in the source under a known name, or is part of a number."""
    place = claim.text.find(name)
    for clause in claim.clauses:
        if any(q.start <= place < q.end for q in clause.quantities):
            return True
        for token in clause.tokens:
            if token.start <= place < token.end:
                return token.text in known
    return True


def measure(
    cases: Sequence[Mapping[str, Any]], verdict: Callable[[Mapping[str, Any]], CheckedSentence]
) -> dict[str, Any]:
    """Score verdicts on labelled cases: catch rates per change, false alarms, precision, recall."""
    kinds: dict[str, list[bool]] = {}
    for case in cases:
        right = (verdict(case).status == "supported") == (case["label"] == "supported")
        kinds.setdefault(f"{case['label']}:{case['change']}", []).append(right)
    true = [right for kind, list_ in kinds.items() if kind.startswith("supported") for right in list_]
    number = kinds.get("unsupported:number", [])
    other = [
        right
        for kind, list_ in kinds.items()
        if kind.startswith("unsupported") and kind != "unsupported:number"
        for right in list_
    ]
    kept, passed = sum(true), (len(number) - sum(number)) + (len(other) - sum(other))
    return {
        "cases": len(cases),
        "numbers_caught": _share(number),
        "others_caught": _share(other),
        "false_alarms": round(1 - _share(true), 4),
        "precision": round(kept / (kept + passed), 4) if kept + passed else 0.0,
        "recall": _share(true),
        "by_change": {kind: f"{sum(rights)}/{len(rights)}" for kind, rights in sorted(kinds.items())},
    }


def _share(rights: Sequence[bool]) -> float:
    return round(sum(rights) / len(rights), 4) if rights else 1.0
