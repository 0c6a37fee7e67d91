"""Whether a claim says what a window of its source says: numbers, content, joints, sign, order.

Every function gives a short reason, or nothing when the two agree. A word may be left out of a
claim, but none may come in, be exchanged, or be said of something else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise

import numpy as np

from assistant.clauses import Clause, Reading
from assistant.language import fold_in_place
from assistant.numbers import Quantity, same, same_dimension
from assistant.wording import Token, Wording

Similarity = Callable[[Sequence[str], Sequence[str]], np.ndarray]

_COMPARISON = re.compile(
    r"比|超过|胜过|高于|低于|改为|变成|变为|除以|乘以|取代|\bthan\b|\bbeats?\b|\bexceed(?:s|ed)?\b"
    r"|\bdivided by\b|\bmultiplied by\b|\bto (?:an? )?(?=\d)"
)
_SEQUENCE = re.compile(r"先.*(?:再|然后|接着|最后|才)|\bfirst\b.*\bthen\b", re.DOTALL)
_LIST_COUNTERS = ("类", "部分", "种", "步", "维", "级", "层")
_CONTEXT_SENTENCES = 3
_LEAST_COVERAGE = 0.6
# Cosine with the languages centred, above which a translation may carry few known words.
_CLOSE = 0.35


@dataclass(frozen=True)
class Rules:
    """What a comparison needs beside the texts: wording, the user's own numbers, a measure."""

    wording: Wording
    user: tuple[Quantity, ...] = ()
    similarity: Similarity | None = None


class Window:
    """Consecutive sentences of a source, and the few before them that lead up to them."""

    def __init__(self, source: Reading, first: int, last: int, title: frozenset[str]) -> None:
        """Collect the clauses; `title` holds the words of the source's title."""
        self.span = source.spans[first][0], source.spans[last][1]
        self.text = source.text[slice(*self.span)]
        self.folded = source.folded[slice(*self.span)]
        self.han = source.han
        self.title = title
        self.clauses = source.window(first, last)
        self.context = source.within(first - _CONTEXT_SENTENCES, first - 1)


def disagreement(claim: Reading, window: Window, rules: Rules) -> tuple[float, str]:
    """Give the covered share of the claim, and why the window does not prove it (or nothing)."""
    share = _coverage(claim, window.clauses)
    if share < _LEAST_COVERAGE and claim.han == window.han:
        return share * 0.9, "too little of it is in the source"
    number = _unproven_number(claim, window.clauses, rules.user)
    if number:
        return share * 0.9, f"number not in the source: {number}"
    reason = _tone(claim, window.folded, rules.wording)
    if reason:
        return share, reason
    if claim.han != window.han:
        return share, _across_languages(claim, window, rules.similarity)
    return share, _new_content(claim, window) or _joined_otherwise(claim, window, rules.user)


def _tone(claim: Reading, source: str, wording: Wording) -> str:
    stronger = wording.stronger(claim.folded, source)
    if stronger:
        return f"stronger than the source: {stronger}"
    turned = wording.turned(claim.folded, source)
    return f"the source says the opposite of: {turned}" if turned else ""


def _unproven_number(
    claim: Reading, window: Sequence[Clause], user: tuple[Quantity, ...]
) -> str | None:
    stated = [quantity for clause in window for quantity in clause.quantities]
    stated += [clause.date for clause in window if clause.date]
    for clause in claim.clauses:
        for quantity in clause.quantities:
            if not any(same(quantity, other) for other in (*stated, *user)):
                return quantity.text.strip()
    return None


def _new_content(claim: Reading, window: Window) -> str:
    """Name a word of the claim that neither the window nor what leads to it has."""
    sources = [clause.words for clause in (*window.context, *window.clauses)]
    known = {word for words in sources for word in words} | window.title
    pairs = {pair for words in sources for pair in pairwise(words)}
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


def _surface(claim: Reading, clause: Clause, *positions: int) -> str:
    tokens = clause.tokens
    low, high = positions[0], positions[-1]
    while low and _touching(tokens[low - 1], tokens[low]) and high - low < 4:
        low -= 1
    while high + 1 < len(tokens) and _touching(tokens[high], tokens[high + 1]) and high - low < 4:
        high += 1
    return claim.text[tokens[low].start : tokens[high].end]


def _coverage(claim: Reading, window: Sequence[Clause]) -> float:
    known = {word for clause in window for word in clause.words}
    wanted = [w for c in claim.clauses for w in c.words if w[0] not in "+~" or w in known]
    return sum(word in known for word in wanted) / len(wanted) if wanted else 0.5


def _joined_otherwise(claim: Reading, window: Window, user: tuple[Quantity, ...]) -> str:
    """Align each clause of the claim with one of the window and name what is joined otherwise."""
    before: int | None = None
    in_order = _SEQUENCE.search(claim.folded)
    for clause in claim.clauses:
        scores = [_fit(clause, window.clauses, i, before) for i in range(len(window.clauses))]
        near_top = [i for i, score in enumerate(scores) if score >= max(scores) - 0.03]
        reasons = [_conflict(claim, clause, window, i, user) for i in near_top]
        if "" not in reasons:
            return reasons[-1]
        place = near_top[reasons.index("")]
        if in_order and before is not None and place < before:
            return "in another order in the source"
        before = place
    return ""


def _fit(clause: Clause, window: Sequence[Clause], position: int, before: int | None) -> float:
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
    counted = [q for q in clause.quantities if not _enumerates(q)]
    matched = sum(any(same(q, o) for o in other.quantities) for q in counted)
    numeric = matched / len(counted) if matched else 0.0
    near = before is not None and window[before].sentence == other.sentence
    adjacent = before is not None and near and 0 <= position - before <= 1
    # A clause without words is placed by its numbers alone.
    text = direct + 0.72 * leaning if words else numeric
    lacking = any(
        not any(same_dimension(q, o) for o in other.quantities) and q.kind != "date"
        for q in counted
    )
    numbers = 0.5 * min(2, matched) * numeric - 0.4 * lacking
    return text + numbers + 0.3 * near + 0.3 * adjacent


def _enumerates(quantity: Quantity) -> bool:
    """Say whether it only counts the items of a list, and so may stand before or behind it."""
    return quantity.kind == "count" and quantity.unit in _LIST_COUNTERS


def _conflict(
    claim: Reading, clause: Clause, window: Window, position: int, user: tuple[Quantity, ...]
) -> str:
    other = window.clauses[position]
    return (
        _number_conflict(clause, other, window.clauses, user)
        or _date_conflict(clause, other)
        or _word_conflict(claim, clause, window, position)
        or _order_conflict(clause, other)
    )


def _number_conflict(
    clause: Clause, other: Clause, window: Sequence[Clause], user: tuple[Quantity, ...]
) -> str:
    # Both ways: a year alone does not take up a whole date.
    spare = [
        o for o in other.quantities if not any(same(q, o) and same(o, q) for q in clause.quantities)
    ]
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


def _date_conflict(clause: Clause, other: Clause) -> str:
    dates_only = all(quantity.kind == "date" for quantity in clause.quantities)
    if clause.date is None or other.date is None or dates_only:
        return ""
    mine = [q for q in clause.quantities if q.kind == "date"] or [clause.date]
    theirs = [q for q in other.quantities if q.kind == "date"] + [other.date]
    if any(same(q, o) for q in mine for o in theirs):
        return ""
    return f"another date in the source: {mine[0].text.strip()}"


def _word_conflict(claim: Reading, clause: Clause, window: Window, position: int) -> str:
    """Compare word by word: what was exchanged, put in from elsewhere, or negated."""
    other = window.clauses[position]
    mine, theirs = clause.words, other.words
    fits = _shared_number(clause, other)
    if mine and not set(mine) & set(theirs) and not fits:
        return f"not said there: {_surface(claim, clause, 0)}"
    earlier = [*window.context, *window.clauses[:position]]
    known = {word for c in earlier for word in c.words} | window.title | set(theirs)
    # Harmless words, and neutral ones that nothing in the window could have lent.
    lent = {word for c in window.clauses for word in c.words}
    free = {w for w in mine if w[0] == "~" or (w[0] == "+" and w not in lent)}
    for kind, i1, i2, j1, j2 in SequenceMatcher(None, mine, theirs, autojunk=False).get_opcodes():
        if kind == "equal":
            if (i2 - i1 > 1 or not _han(mine[i1])) and _signs_differ(clause, other, i1, i2, j1):
                return f"negated otherwise: {_surface(claim, clause, i1)}"
            continue
        gone = [word for word in mine[i1:i2] if word not in free]
        if kind == "delete":
            gone = [word for word in gone if word[0] != "+"]
        moved = all(word in theirs for word in gone)
        dropped = [word for word in theirs[j1:j2] if word not in mine and word[0] != "~"]
        if gone and dropped and not moved:
            return f"the source has another word for: {_surface(claim, clause, i1)}"
        # What a clause leaves unsaid stands before it, and is taken up at the claim's head.
        # A number that fits may carry the predicate of the clause before: 3 items (made) 50%.
        tail = i2 == len(mine) and i1 > 0 and not fits and not moved
        if tail or any(word not in known for word in gone):
            return f"said of something else in the source: {_surface(claim, clause, i1)}"
    return ""


def _signs_differ(clause: Clause, other: Clause, i1: int, i2: int, j1: int) -> bool:
    pairs = zip(clause.tokens[i1:i2], other.tokens[j1:], strict=False)
    return any(mine.negated != theirs.negated for mine, theirs in pairs)


def _shared_number(clause: Clause, other: Clause) -> bool:
    return any(same(q, o) for q in clause.quantities for o in other.quantities)


def _order_conflict(clause: Clause, other: Clause) -> str:
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


def _sides(clause: Clause, middle: int) -> tuple[set[str], set[str]]:
    marked = [(token.start, token.text) for token in clause.tokens]
    marked += [
        (q.start, f"{q.value.normalize()}{q.unit}") for q in clause.quantities if q.kind != "date"
    ]
    return (
        {text for start, text in marked if start < middle},
        {text for start, text in marked if start >= middle},
    )


def _across_languages(claim: Reading, window: Window, similarity: Similarity | None) -> str:
    """Compare what both languages share: names, known terms, numbers, negation."""
    known = {word for clause in window.clauses for word in clause.words}
    shared = [word for clause in claim.clauses for word in clause.words if word[0] in "=#~"]
    foreign = _proper_names(claim)
    missing = next((name for name in foreign if fold_in_place(name) not in known), None)
    if missing and not _meant(missing, claim, known):
        return f"not in the source: {missing}"
    found = sum(word in known for word in shared)
    if shared and found * 2 < len(shared):
        return "too little of it is in the source"
    numbers = sum(len(clause.quantities) for clause in claim.clauses)
    if found + numbers < 3 and not _close(claim, window, similarity):
        return "too little of it is in the source"
    return _joined_across(claim, window.clauses)


def _close(claim: Reading, window: Window, similarity: Similarity | None) -> bool:
    return similarity is not None and float(similarity([claim.text], [window.text])[0][0]) >= _CLOSE


def _joined_across(claim: Reading, window: Sequence[Clause]) -> str:
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


def _proper_names(claim: Reading) -> list[str]:
    found = re.findall(r"[A-Z][A-Za-z]+|[A-Z]{2,}", claim.text)
    return found if claim.han else found[1:]


def _meant(name: str, claim: Reading, known: set[str]) -> bool:
    """Say whether a Latin name stands in the source under a known name, or is part of a number."""
    place = claim.text.find(name)
    for clause in claim.clauses:
        if any(q.start <= place < q.end for q in clause.quantities):
            return True
        for token in clause.tokens:
            if token.start <= place < token.end:
                return token.text in known
    return True
