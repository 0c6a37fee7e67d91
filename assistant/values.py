"""Numbers with a basis, and the report they stand in: what plans and assessments are made of.

A `Value` says where its number comes from. A `Report` is a finished document in one language:
sections of paragraphs, tables and charts that refer to values, so that a page, a text file, a
document and a workbook are drawn from the same thing and cannot differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import Any, Literal

from pydantic import TypeAdapter

from assistant.records import Language

Basis = Literal["cited", "given", "computed", "assumed"]
Inputs = Mapping[str, "str | tuple[str, ...]"]


@dataclass(frozen=True)
class Quote:
    """A place in the library: `document_text[start:end] == text`."""

    document: str
    title: str
    section: str
    start: int
    end: int
    text: str
    confidence: str | None = None


@dataclass(frozen=True)
class Value:
    """One number: yuan to the fen, shares in percent (20 means 20%), everything else as its unit.

    `unit` is a key of the unit table (`unit.yuan`, …). A cited value has a `source`; a computed one
    names its `rule` (of `assistant.arithmetic`) and, per parameter of it, the ids of its `inputs`.
    `editable` tells whether a reader may set it; `edited` that one did, which makes it given.
    `low` and `high` are the cited range that the number was taken from, where there is one.
    """

    id: str
    value: float
    unit: str
    basis: Basis
    label: str = ""
    note: str = ""
    source: Quote | None = None
    rule: str = ""
    inputs: Inputs = field(default_factory=dict)
    editable: bool = False
    edited: bool = False
    low: float | None = None
    high: float | None = None

    def input_ids(self) -> tuple[str, ...]:
        """List the ids of every input, in the order of the rule's parameters."""
        groups = ((given,) if isinstance(given, str) else given for given in self.inputs.values())
        return tuple(name for group in groups for name in group)

    def to_json(self) -> dict[str, Any]:
        """Give value, unit, basis, and the source or the rule with its inputs."""
        shown: dict[str, Any] = {
            "id": self.id,
            "label": self.label,
            "value": self.value,
            "unit": self.unit,
            "basis": self.basis,
        }
        if self.source:
            shown["source"] = asdict(self.source)
        if self.rule:
            shown["rule"] = self.rule
            shown["inputs"] = {
                name: given if isinstance(given, str) else list(given)
                for name, given in self.inputs.items()
            }
        if self.low is not None and self.high is not None:
            shown["range"] = [self.low, self.high]
        if self.note:
            shown["note"] = self.note
        return shown | {"editable": self.editable, "edited": self.edited}


Cell = str | Value


@dataclass(frozen=True)
class Paragraph:
    """Plain text (no Markdown); each number in it belongs to one of `values` or to a quote.

    `tone` is how it is shown: normal, lead (the section's first statement), hint, warning, good.
    """

    text: str
    values: tuple[str, ...] = ()
    quotes: tuple[Quote, ...] = ()
    tone: Literal["normal", "lead", "hint", "warning", "good"] = "normal"
    writer: str = "rules"


@dataclass(frozen=True)
class Bullets:
    """A list of paragraphs; `ordered` lists are steps."""

    items: tuple[Paragraph, ...]
    ordered: bool = False


@dataclass(frozen=True)
class Row:
    """Cells of a table, the first one its head."""

    cells: tuple[Cell, ...]
    tone: Literal["normal", "total", "warning", "good"] = "normal"
    quotes: tuple[Quote, ...] = ()


@dataclass(frozen=True)
class Table:
    """Rows under column titles; a `matrix` is shaded by the size of its values."""

    id: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    kind: Literal["plain", "matrix"] = "plain"
    note: str = ""


@dataclass(frozen=True)
class Series:
    """One line, column group or ring of a chart: ids of values, one per category."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Chart:
    """A picture of values; `radar` runs from 0 to 100."""

    id: str
    title: str
    kind: Literal["line", "column", "bar", "radar"]
    categories: tuple[str, ...]
    series: tuple[Series, ...]
    unit: str = ""


@dataclass(frozen=True)
class Span:
    """A dated piece of work; `end` is its last day, both ISO dates. One day long: a milestone."""

    id: str
    phase: str
    title: str
    start: str
    end: str
    owner: str = ""
    deliverable: str = ""


@dataclass(frozen=True)
class Timeline:
    """Dated work in order of start, shown as a Gantt chart and exported to calendars."""

    id: str
    title: str
    spans: tuple[Span, ...]


Block = Paragraph | Bullets | Table | Chart | Timeline


@dataclass(frozen=True)
class Section:
    """A numbered part of a report; `id` also names its sheet in a workbook."""

    id: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Report:
    """A finished document in one language. `alerts` stand on its first page, before anything."""

    id: str
    kind: Literal["plan", "assessment"]
    title: str
    subtitle: str
    language: Language
    created: str
    sections: tuple[Section, ...]
    values: Mapping[str, Value] = field(default_factory=dict)
    alerts: tuple[Paragraph, ...] = ()

    def blocks(self) -> Iterator[Block]:
        """Give every block in reading order."""
        return (block for section in self.sections for block in section.blocks)

    def quotes(self) -> tuple[Quote, ...]:
        """Give every quote once, in reading order, then those that only values carry."""
        seen: dict[Quote, None] = {}
        for paragraph in self.alerts:
            seen.update(dict.fromkeys(paragraph.quotes))
        for block in self.blocks():
            seen.update(dict.fromkeys(_quotes_of(block)))
        seen.update(dict.fromkeys(v.source for v in self.values.values() if v.source))
        return tuple(seen)


def _quotes_of(block: Block) -> Iterator[Quote]:
    if isinstance(block, Paragraph):
        yield from block.quotes
    elif isinstance(block, Bullets):
        for item in block.items:
            yield from item.quotes
    elif isinstance(block, Table):
        for row in block.rows:
            yield from row.quotes
            yield from (c.source for c in row.cells if isinstance(c, Value) and c.source)


def report_to_json(report: Report) -> dict[str, Any]:
    """Give a report as plain data, to be stored as it was made."""
    stored: dict[str, Any] = _reports().dump_python(report, mode="json")
    return stored


def report_from_json(stored: Mapping[str, Any]) -> Report:
    """Rebuild a stored report; pydantic.ValidationError when it is none."""
    return _reports().validate_python(stored)


@cache
def _reports() -> TypeAdapter[Report]:
    return TypeAdapter(Report)
