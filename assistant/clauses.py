"""A text as sentences, clauses, content tokens and quantities: what a comparison works on.

Offsets are positions in the text that was handed in. Dates inherit the year that was named last,
so that "8 月 1 日" after "2022 年" is a day of 2022.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import pairwise

from assistant.language import HAN, fold_in_place, sentences
from assistant.numbers import Quantity, names, quantities
from assistant.wording import Token, Wording, name_token

_CLAUSE_END = re.compile(r"[,、。;:!?\n—]|\.(?=\s|$)|，|；|：|！|？")
_JOINT = re.compile(r"\b(?:and|while|but|whereas)\b|而|和|与|以及")
# A clause that only says when or if: a claim may say it in one breath with what follows.
_CONDITION = re.compile(
    r"(?:时|时候|后|前|中|里|下|间|起|的话)\W*$|^\W*(?:如果|若|除非|当|只要|when|if|after"
    r"|before|in|with|as of|at|from|since|during|unless|for|by)\b"
)


@dataclass(frozen=True)
class Clause:
    """A stretch between commas: its sentence number, content, numbers, and the date that holds."""

    sentence: int
    start: int
    end: int
    folded: str
    tokens: tuple[Token, ...]
    quantities: tuple[Quantity, ...]
    date: Quantity | None

    @property
    def words(self) -> list[str]:
        """Give the content tokens as plain words."""
        return [token.text for token in self.tokens]


@dataclass(frozen=True)
class Reading:
    """A text cut into sentences and clauses, with everything that a comparison needs."""

    text: str
    folded: str
    spans: tuple[tuple[int, int], ...]
    han: bool
    wording: Wording

    @cached_property
    def clauses(self) -> tuple[Clause, ...]:
        """Give all clauses; a copied sentence is recognised without them."""
        return _read_clauses(self)

    def within(self, first: int, last: int) -> list[Clause]:
        """Give the clauses of the sentences from first to last."""
        return [clause for clause in self.clauses if first <= clause.sentence <= last]

    def window(self, first: int, last: int) -> list[Clause]:
        """Give the clauses of these sentences, each condition also joined with what follows."""
        clauses = self.within(first, last)
        pairs = (self.joined(clause) for clause in clauses)
        return sorted((*clauses, *filter(None, pairs)), key=lambda c: (c.end, -c.start))

    def joined(self, clause: Clause) -> Clause | None:
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


@lru_cache(maxsize=512)
def read(text: str, wording: Wording) -> Reading:
    """Read a text once; the last few hundred readings are kept."""
    han = re.search(f"[{HAN}]", text) is not None
    return Reading(text, fold_in_place(text), tuple(sentences(text)), han, wording)


def _read_clauses(reading: Reading) -> tuple[Clause, ...]:
    text, found = reading.text, quantities(reading.text)
    named = [(start, end, name_token(text[start:end])) for start, end in names(text)]
    blank = _without(reading.folded, [*((q.start, q.end) for q in found), *(n[:2] for n in named)])
    clauses: list[Clause] = []
    date: Quantity | None = None
    for number, (start, end) in enumerate(reading.spans):
        for left, right in _clause_spans(blank, start, end, found):
            inside, date = _dated([q for q in found if left <= q.start < right], date)
            tokens = reading.wording.tokens(blank[left:right].replace("\0", " "), left)
            tokens += [Token(t, a, b) for a, b, t in named if left <= a < right]
            tokens.sort(key=lambda token: token.start)
            folded = reading.folded[left:right]
            clauses.append(
                Clause(number, left, right, folded, tuple(tokens), tuple(inside), date)
            )
    return tuple(clauses)


def _without(folded: str, spans: Sequence[tuple[int, int]]) -> str:
    masked = list(folded)
    for start, end in spans:
        masked[start:end] = "\0" * (end - start)
    return "".join(masked)


def _clause_spans(
    blank: str, start: int, end: int, found: Sequence[Quantity]
) -> list[tuple[int, int]]:
    cuts = [match.end() for match in _CLAUSE_END.finditer(blank, start, end)]
    edges = [start, *cuts, end]
    spans: list[tuple[int, int]] = []
    for left, right in pairwise(edges):
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
