"""What a question demands of whom, and whether the sentences found about that one hold it.

A near miss asks a brand of the library for something that the library does not say of it. Words
alone do not tell; so the asked attribute, year and kind of quantity are looked for within
one sentence about the named subject. Every signal is 0 to 1, and 0 when nothing is demanded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import yaml

from assistant.errors import ConfigurationError
from assistant.glossary import Glossary, Mention
from assistant.language import fold, sentences
from assistant.numbers import quantities
from assistant.records import Passage

DEMANDS = Path(__file__).with_name("demands.yaml")
PASSAGES_READ = 8
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d{2}(?!\d)")
# A month, a span of months or a time of day answers "when" as a date does.
_DATES = frozenset(("date", "period", "clock"))


@dataclass(frozen=True)
class _Lists:
    """The word lists of `demands.yaml`, ready to search with."""

    dimensions: tuple[tuple[str, re.Pattern[str]], ...]
    attributes: tuple[re.Pattern[str], ...]

    def mentioned(self, folded: str) -> list[re.Pattern[str]]:
        """Give the attributes that a folded question names."""
        return [words for words in self.attributes if words.search(folded)]

    def dimension(self, folded: str) -> str | None:
        """Give the kind of quantity that is asked for."""
        return next((name for name, words in self.dimensions if words.search(folded)), None)


@dataclass
class _Line:
    """A sentence, folded, alone and with the headings above it."""

    text: str
    full: str

    @cached_property
    def kinds(self) -> frozenset[str]:
        return frozenset(quantity.kind for quantity in quantities(self.text))

    @cached_property
    def years(self) -> frozenset[str]:
        return frozenset(_YEAR.findall(self.text))


def signals(question: str, glossary: Glossary, passages: Sequence[Passage]) -> dict[str, float]:
    """Measure what is demanded and missing from the sentences about what the question names."""
    folded, lists = fold(question), _lists()
    mentions = glossary.mentions(question)
    names = _patterns(m for m in mentions if m.term.is_name)
    terms = _patterns(m for m in mentions if m.term.is_defined)
    everyday = _patterns(m for m in mentions if m.term.is_everyday)
    attributes = lists.mentioned(folded)
    lines = [line for p in passages[:PASSAGES_READ] for line in _lines(p)]
    if names:
        lines = [line for line in lines if any(name.search(line.full) for name in names)]
    years = frozenset(_YEAR.findall(folded))
    wanted = [*terms, *everyday, *attributes]
    return {
        "named": float(bool(names)),
        "attribute_missing": _missing(lines, attributes),
        "year_missing": float(bool(years) and not any(years <= line.years for line in lines)),
        "figure_missing": _unfit(lines, wanted, lists.dimension(folded), years),
    }


def _missing(lines: Sequence[_Line], wanted: Sequence[re.Pattern[str]]) -> float:
    """Give the share of what is wanted that the best line lacks."""
    if not wanted:
        return 0.0
    return 1 - max((_held(line, wanted) for line in lines), default=0.0)


def _unfit(
    lines: Sequence[_Line],
    wanted: Sequence[re.Pattern[str]],
    dimension: str | None,
    years: frozenset[str],
) -> float:
    """Give the share of what is wanted that the best line with a fitting quantity lacks."""
    if dimension is None:
        return 0.0
    kinds = _DATES if dimension == "date" else frozenset((dimension,))
    fitting = [line for line in lines if years <= line.years and kinds & line.kinds]
    return 1 - max((_held(line, wanted) for line in fitting), default=0.0)


def _held(line: _Line, wanted: Sequence[re.Pattern[str]]) -> float:
    found = sum(bool(words.search(line.full)) for words in wanted)
    return found / len(wanted) if wanted else 1.0


def _lines(passage: Passage) -> tuple[_Line, ...]:
    return _read(f"{passage.title} {passage.section}", passage.text)


@lru_cache(maxsize=2048)
def _read(headings: str, text: str) -> tuple[_Line, ...]:
    above = fold(headings)
    folded = [fold(text[start:end]) for start, end in sentences(text)]
    return tuple(_Line(sentence, f"{above} {sentence}") for sentence in folded)


def _patterns(mentions: Iterable[Mention]) -> list[re.Pattern[str]]:
    return [_any_of(names) for names in dict.fromkeys(m.term.names for m in mentions)]


@lru_cache(maxsize=2048)
def _any_of(words: tuple[str, ...]) -> re.Pattern[str]:
    """Match any of the words in folded text, Latin ones from the beginning of a word."""
    folded = [fold(word) for word in words]
    left = [r"(?<![a-z0-9])" if word[:1].isascii() else "" for word in folded]
    return re.compile("|".join(a + re.escape(word) for a, word in zip(left, folded, strict=True)))


@lru_cache(maxsize=1)
def _lists() -> _Lists:
    try:
        stored = yaml.safe_load(DEMANDS.read_text(encoding="utf-8"))
        return _Lists(
            tuple((name, re.compile(pattern)) for name, pattern in stored["dimensions"]),
            tuple(_any_of(tuple(words)) for words in stored["attributes"].values()),
        )
    except (OSError, KeyError, TypeError, re.error, yaml.YAMLError) as error:
        raise ConfigurationError(f"{DEMANDS.name} cannot be used: {error}") from error
