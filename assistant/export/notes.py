"""What every written form of a report shares: safe text, marks of basis, numbered sources.

A number carries a letter that tells a fact from a given, computed or assumed number; a proven
place carries the number of its source. Text from outside is cleaned here before any format has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from assistant.language import clean
from assistant.messages import say
from assistant.records import Language
from assistant.showing import figure, in_prose, show
from assistant.values import Basis, Chart, Quote, Report, Span, Value

BASES: tuple[Basis, ...] = ("cited", "given", "computed", "assumed")
# One colour per basis, dark enough to read on white and apart for the colour-blind.
COLOURS: dict[Basis, str] = {
    "cited": "1D5FA8", "given": "1E7B4D", "computed": "6B7280", "assumed": "B4540A",
}  # fmt: skip
_NOT_IN_XML = re.compile("[\ufffe\uffff]|[\x00-\x08\x0b\x0c\x0e-\x1f]")
_DAYS_BY_DAY = 31
_COLUMNS = 31


def visible(text: str) -> str:
    """Give text on one line without characters that are invisible or forbidden in XML."""
    return " ".join(_NOT_IN_XML.sub("", clean(text)).split("\n")).strip()


@dataclass(frozen=True)
class Piece:
    """A run of text; `basis` is set for a number, `sources` are shown after it."""

    text: str
    basis: Basis | None = None
    sources: tuple[int, ...] = ()


class Notes:
    """Numbers the sources of a report in reading order and marks its numbers."""

    def __init__(self, report: Report) -> None:
        self.language: Language = report.language
        self.values = report.values
        self.sources = report.quotes()
        self._numbers = {quote: n for n, quote in enumerate(self.sources, start=1)}

    def numbers(self, quotes: Iterable[Quote]) -> tuple[int, ...]:
        """Give the source numbers of quotes, each once, ascending."""
        return tuple(sorted({self._numbers[q] for q in quotes if q in self._numbers}))

    def letter(self, basis: Basis) -> str:
        """Give the mark of a basis."""
        return say(self.language, f"exported.mark_{basis}")

    def piece(self, value: Value) -> Piece:
        """Give a number with its unit, basis and source."""
        quotes = (value.source,) if value.source else ()
        return Piece(show(value, self.language), value.basis, self.numbers(quotes))

    def pieces(self, text: str, names: Iterable[str], quotes: Iterable[Quote]) -> list[Piece]:
        """Cut a sentence at the numbers that it shows; its quotes stand at its end."""
        text = visible(text)
        found = sorted(self._found(text, names))
        bounds = [0, *(end for _, end, _ in found), len(text)]
        pieces: list[Piece] = []
        for (start, end), hit in zip(pairwise(bounds), [*found, None], strict=True):
            pieces.append(Piece(text[start:end], hit[2].basis if hit else None))
        kept = [piece for piece in pieces if piece.text]
        return [*kept, Piece("", None, self.numbers(quotes))]

    def _found(self, text: str, names: Iterable[str]) -> Iterator[tuple[int, int, Value]]:
        """Find where each value is written; no two of them share a character."""
        taken: list[tuple[int, int]] = []
        known = [self.values[name] for name in names if name in self.values]
        for value in sorted(known, key=lambda v: -len(in_prose(v, self.language))):
            span = _place(text, self._written(value), taken)
            if span:
                taken.append(span)
                yield (*span, value)

    def _written(self, value: Value) -> tuple[str, ...]:
        whole = in_prose(value, self.language), show(value, self.language)
        return (*whole, figure(value.value, value.unit))


def _place(
    text: str, forms: Iterable[str], taken: list[tuple[int, int]]
) -> tuple[int, int] | None:
    for form in forms:
        for match in re.finditer(rf"(?<![\d.,]){re.escape(form)}(?![\d]|[.,]\d)", text):
            if all(match.end() <= start or match.start() >= end for start, end in taken):
                return match.span()
    return None


def superscript(numbers: Iterable[int]) -> str:
    """Write source numbers as they stand after a sentence: [1][4]."""
    return "".join(f"[{number}]" for number in numbers)


def chart_numbers(report: Report, chart: Chart) -> list[tuple[str, list[float | None]]]:
    """Give the name and numbers of each series; a value that the report lacks is a gap."""
    return [
        (
            visible(series.name),
            [report.values[n].value if n in report.values else None for n in series.values],
        )
        for series in chart.series
    ]


def calendar_columns(spans: Iterable[Span], by_day: int = _DAYS_BY_DAY) -> list[tuple[date, date]]:
    """Cut the time that spans cover into days, weeks, or longer pieces: few columns.

    Up to `by_day` days each day has a column, else there are at most 31.
    """
    spans = list(spans)
    if not spans:
        return []
    first = min(date.fromisoformat(span.start) for span in spans)
    last = max(date.fromisoformat(span.end) for span in spans)
    days = (last - first).days + 1
    step = 1
    if days > by_day:
        first -= timedelta(days=first.weekday())
        weeks = -(-((last - first).days + 1) // 7)
        step = 7 * -(-weeks // _COLUMNS)
    starts = [first + timedelta(days=n) for n in range(0, (last - first).days + 1, step)]
    return [(start, start + timedelta(days=step - 1)) for start in starts]


def meets(span: Span, column: tuple[date, date]) -> bool:
    """Say whether a span has a day in a column of the calendar."""
    return span.start <= column[1].isoformat() and span.end >= column[0].isoformat()


def phase_order(spans: Iterable[Span]) -> dict[str, int]:
    """Number the phases in the order in which they appear, for their colours."""
    return {name: n for n, name in enumerate(dict.fromkeys(span.phase for span in spans))}


def as_data(report: Report) -> dict[str, Any]:
    """Give a whole report as plain data for JSON."""
    data = asdict(report) | {"values": [v.to_json() for v in report.values.values()]}
    for section, filled in zip(report.sections, data["sections"], strict=True):
        for block, fields in zip(section.blocks, filled["blocks"], strict=True):
            fields["block"] = type(block).__name__.lower()
    return data
