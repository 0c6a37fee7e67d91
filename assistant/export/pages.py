"""Where everything in a workbook stands: sheets, cells, and the one cell of each number.

Laid out before anything is written, because a formula needs the places of its inputs: an input
has its cell on the sheet of assumptions, a computed number where it is first shown.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from math import ceil
from typing import Any

from assistant.arithmetic import RULES
from assistant.export.notes import (
    BASES,
    COLOURS,
    Notes,
    calendar_columns,
    chart_numbers,
    phase_order,
    superscript,
    visible,
)
from assistant.messages import knows, say
from assistant.showing import figure, unit_name
from assistant.values import (
    Block,
    Bullets,
    Chart,
    Paragraph,
    Report,
    Section,
    Table,
    Timeline,
    Value,
)

_INPUT = "#FFF6CC"
_CELL_CHARACTERS = 32_000
_FORMULA_CHARACTERS = 8_000
_ARGUMENTS = 250
_SHEET_NAME = 31
_WIDEST, _NARROWEST = 46, 9
_NOTE_COLUMNS = 7
_CHART_ROWS = 17
_DAYS_BY_DAY = 62
_HIGHEST_FROZEN = 12
_PHASE_FILLS = ("8FB8DE", "A7D3B0", "F2B880", "C9B6E4", "F3D27A", "B7C4CF")
_TONES = {"warning": "FDF0E3", "good": "EAF5EE", "total": "E8EDF3"}
_FRAME: dict[str, Any] = {"border": 1, "border_color": "#D5DBE3", "valign": "vcenter"}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)+")

Look = tuple[tuple[str, Any], ...]
Content = str | Value | date | float | None


@dataclass(frozen=True)
class Cell:
    """What stands in a cell, how it looks, and over how many columns it is merged."""

    row: int
    column: int
    content: Content
    look: Look = ()
    link: str = ""
    merged: int = 0
    formula: str = ""


@dataclass(frozen=True)
class Bar:
    """A span's row in a calendar whose head is in row `top`; columns are `days` long."""

    row: int
    left: int
    right: int
    top: int
    days: int
    colour: str


@dataclass
class Page:
    """A worksheet in the making; rows are filled from the top."""

    name: str
    cells: list[Cell] = field(default_factory=list)
    row: int = 0
    heads: list[int] = field(default_factory=list)
    breaks: list[int] = field(default_factory=list)
    widths: dict[int, float] = field(default_factory=dict)
    heights: dict[int, float] = field(default_factory=dict)
    charts: list[tuple[int, Chart, int, int]] = field(default_factory=list)
    matrices: list[tuple[int, int, int, int]] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)
    filtered: tuple[int, int, int] | None = None

    def put(self, column: int, content: Content, *, wide: bool = True, **look: Any) -> None:
        """Put something into a column of the present row; `wide` content widens the column."""
        self.cells.append(Cell(self.row, column, content, tuple(sorted(look.items()))))
        if wide and isinstance(content, str | Value):
            known = self.widths.get(column, _NARROWEST)
            self.widths[column] = min(_WIDEST, max(known, _width(content) + 2))

    def note(self, text: str, **look: Any) -> None:
        """Put a paragraph over several columns, in a row as high as it needs."""
        text = visible(text)[:_CELL_CHARACTERS]
        lines = min(12, ceil(_width(text) / 92) or 1)
        self.heights[self.row] = 15.5 * lines + 3
        style = tuple(sorted({"text_wrap": True, "valign": "vcenter", **look}.items()))
        self.cells.append(Cell(self.row, 0, text, style, merged=_NOTE_COLUMNS))
        self.row += 1

    def head(self, titles: Sequence[str]) -> None:
        """Put column titles and go to the next row."""
        for column, title in enumerate(titles):
            self.put(column, visible(title), bold=True, font_color="#FFFFFF", bg_color="#24446B",
                     text_wrap=True, valign="vcenter")  # fmt: skip
        self.row += 1
        self.heads.append(self.row)

    def frozen(self) -> tuple[int, int]:
        """Give what stays on screen: the head of the only table, else the sheet's title."""
        only = len(self.heads) == 1 and self.heads[0] <= _HIGHEST_FROZEN
        return (self.heads[0], 1) if only else (1, 0)


class Layout:
    """Decides the place of everything before anything is written, because formulas need it."""

    def __init__(self, report: Report) -> None:
        self.report, self.language = report, report.language
        self.notes = Notes(report)
        self.places: dict[str, tuple[str, int, int]] = {}
        self.names: dict[str, str] = {}
        self._taken: set[str] = set()
        overview = Page(self._sheet_name(self.say("overview")))
        sections = [(s, self._section(s)) for s in report.sections if _has_figures(s)]
        inputs, results, sources = self._inputs(), self._results(), self._sources()
        listed = [(page, section.title) for section, page in sections]
        listed += [(inputs, self.say("assumptions_hint"))]
        listed += [(results, self.say("calculations_hint"))] if results else []
        listed += [(sources, self.say("sources_hint"))] if sources else []
        self._overview(overview, listed)
        self.pages = [overview, *(page for page, _ in listed)]

    def say(self, key: str, **values: object) -> str:
        """Give a text of exports in the report's language."""
        return say(self.language, f"exported.{key}", **values)

    def formula(self, value: Value, page: str) -> str:
        """Give the formula of a computed value in a cell of `page`; empty when it has none."""
        named = RULES.get(value.rule)
        inputs = value.inputs
        if not named or not named.formula or len(value.input_ids()) > _ARGUMENTS:
            return ""
        if any(name not in self.places for name in value.input_ids()):
            return ""

        def cells(match: re.Match[str]) -> str:
            given = inputs.get(match.group(1))
            if given is None:
                return match.group()
            names = (given,) if isinstance(given, str) else given
            return ",".join(self.address(name, page) for name in names)

        written = "=" + re.sub(r"\{(\w+)\}", cells, named.formula)
        return written if len(written) <= _FORMULA_CHARACTERS else ""

    def address(self, name: str, page: str) -> str:
        """Give the absolute address of a value's own cell, as seen from `page`."""
        sheet, row, column = self.places[name]
        cell = f"${letters(column)}${row + 1}"
        return cell if sheet == page else f"{_quoted(sheet)}!{cell}"

    def _sheet_name(self, title: str) -> str:
        """Make a title a sheet's name: at most 31 characters, none forbidden, none twice."""
        plain = re.sub(r"[\[\]:*?/\\']", " ", visible(title)).strip()[:_SHEET_NAME].strip()
        name, n = plain or "Sheet", 2
        while name.lower() in self._taken or name.lower() == "history":
            name, n = f"{plain[: _SHEET_NAME - 4]} ({n})", n + 1
        self._taken.add(name.lower())
        return name

    def _section(self, section: Section) -> Page:
        key = f"exported.sheet_{section.id}"
        title = say(self.language, key) if knows(key) else section.title
        page = Page(self._sheet_name(title))
        page.note(section.title, bold=True, font_size=15, font_color="#24446B")
        charts = [block for block in section.blocks if isinstance(block, Chart)]
        for block in (*(b for b in section.blocks if b not in charts), *charts):
            self._block(page, block)
        return page

    def _block(self, page: Page, block: Block) -> None:
        if isinstance(block, Paragraph):
            self._paragraph(page, block)
        elif isinstance(block, Table):
            self._table(page, block)
        elif isinstance(block, Chart):
            self._chart(page, block)
        elif isinstance(block, Timeline):
            self._timeline(page, block)

    def _paragraph(self, page: Page, paragraph: Paragraph) -> None:
        if paragraph.tone in ("normal", "hint"):
            return
        fill = _TONES.get(paragraph.tone)
        look: dict[str, Any] = {"bg_color": f"#{fill}"} if fill else {"bold": True}
        page.note(paragraph.text + superscript(self.notes.numbers(paragraph.quotes)), **look)

    def _table(self, page: Page, table: Table) -> None:
        page.row += 1
        if table.title:
            page.note(table.title, bold=True, font_size=12)
        page.head(table.columns)
        first = page.row
        for row in table.rows:
            look: dict[str, Any] = {"bold": True} if row.tone == "total" else {}
            if row.tone in _TONES:
                look["bg_color"] = f"#{_TONES[row.tone]}"
            for column, cell in enumerate(row.cells):
                self._table_cell(page, column, cell, look)
            page.row += 1
        totals = [n for n, row in enumerate(table.rows) if row.tone == "total"]
        last = first + (totals[0] if totals else len(table.rows)) - 1
        if table.kind == "matrix" and last > first:
            page.matrices.append((first, 1, last, len(table.columns) - 1))
        if table.note:
            page.note(table.note, font_color="#6B7280", italic=True)

    def _table_cell(
        self, page: Page, column: int, cell: str | Value, look: Mapping[str, Any]
    ) -> None:
        frame = {**_FRAME, **look}
        if isinstance(cell, str):
            page.put(column, visible(cell)[:_CELL_CHARACTERS], text_wrap=True, **frame)
            return
        known = self.report.values.get(cell.id)
        if known and known.rule and known.value == cell.value and cell.id not in self.places:
            self.places[cell.id] = (page.name, page.row, column)
        page.put(column, cell, **frame)

    def _chart(self, page: Page, chart: Chart) -> None:
        page.row += 1
        if page.heads:
            page.breaks.append(page.row)
        page.note(self.say("chart_data", title=chart.title), font_color="#6B7280")
        first = page.row
        page.head(("", *(name for name, _ in chart_numbers(self.report, chart))))
        for n, category in enumerate(chart.categories):
            page.put(0, visible(category), **_FRAME)
            for column, series in enumerate(chart.series, start=1):
                name = series.values[n] if n < len(series.values) else ""
                value = self.report.values.get(name)
                page.put(column, value, **_FRAME)
            page.row += 1
        page.charts.append((page.row + 1, chart, first, page.row - 1))
        page.row += _CHART_ROWS + 2

    def _timeline(self, page: Page, timeline: Timeline) -> None:
        columns = calendar_columns(timeline.spans, _DAYS_BY_DAY)
        page.row += 1
        titles = ("phase", "task", "start", "end", "days", "owner", "deliverable")
        page.head([self.say(title) for title in titles])
        top = page.row - 1
        phases = phase_order(timeline.spans)
        fills = {name: _PHASE_FILLS[n % len(_PHASE_FILLS)] for name, n in phases.items()}
        step = (columns[0][1] - columns[0][0]).days + 1 if columns else 1
        for offset, (start, _) in enumerate(columns, start=len(titles)):
            page.cells.append(Cell(top, offset, start, look_of(
                bold=True, font_color="#FFFFFF", bg_color="#24446B", font_size=8,
                num_format="m-d", align="center", rotation=90)))  # fmt: skip
            page.widths[offset] = 2.8 if step == 1 else 4.5
        for span in timeline.spans:
            frame = _FRAME
            start, end = date.fromisoformat(span.start), date.fromisoformat(span.end)
            page.put(0, visible(span.phase), **frame)
            page.put(1, visible(span.title), text_wrap=True, **frame)
            page.put(2, start, num_format="yyyy-mm-dd", **frame)
            page.put(3, end, num_format="yyyy-mm-dd", **frame)
            page.cells.append(Cell(page.row, 4, float((end - start).days + 1), look_of(**frame),
                                    formula=f"=D{page.row + 1}-C{page.row + 1}+1"))  # fmt: skip
            page.put(5, visible(span.owner), text_wrap=True, **frame)
            page.put(6, visible(span.deliverable), text_wrap=True, **frame)
            right = len(titles) + len(columns) - 1
            page.bars.append(Bar(page.row, len(titles), right, top, step, fills[span.phase]))
            page.row += 1
        page.widths |= {2: 12.0, 3: 12.0}

    def _inputs(self) -> Page:
        page = Page(self._sheet_name(self.say("assumptions")))
        page.note(self.say("assumptions"), bold=True, font_size=15, font_color="#24446B")
        page.note(self.say("assumptions_hint"), bg_color=_INPUT)
        page.note(self.say("assumptions_more"), font_color="#6B7280")
        self._list(page, [v for v in self.report.values.values() if not v.rule])
        return page

    def _results(self) -> Page | None:
        rest = [v for v in self.report.values.values() if v.rule and v.id not in self.places]
        if not rest:
            return None
        page = Page(self._sheet_name(self.say("calculations")))
        page.note(self.say("calculations"), bold=True, font_size=15, font_color="#24446B")
        page.note(self.say("calculations_hint"), font_color="#6B7280")
        self._list(page, rest)
        return page

    def _list(self, page: Page, values: Sequence[Value]) -> None:
        """List values one a row, each in its own cell, with where it comes from."""
        page.row += 1
        names = ("name", "value", "unit", "basis", "source", "range", "note", "id")
        page.head([self.say(f"column_{name}") for name in names])
        first = page.row
        for value in values:
            self.places[value.id] = (page.name, page.row, 1)
            frame = _FRAME
            colour = {"bg_color": _INPUT} if value.editable else {}
            page.put(0, visible(value.label) or value.id, text_wrap=True, **frame)
            page.put(1, value, plain=True, **{**frame, **colour})
            for column, text in enumerate(self._origin(value), start=2):
                page.put(column, visible(text)[:_CELL_CHARACTERS], text_wrap=True, **frame)
            self._name(value, page.name, page.row)
            page.row += 1
        page.filtered = (first - 1, max(first, page.row - 1), len(names) - 1)

    def _origin(self, value: Value) -> tuple[str, ...]:
        digits = (value.low, value.high)
        known = [figure(n, value.unit) for n in digits if n is not None]
        span = "–".join(known) if len(known) == 2 else ""
        return (unit_name(value.unit, self.language), self.say(f"basis_{value.basis}"),
                self._source(value), span, value.note, value.id)  # fmt: skip

    def _source(self, value: Value) -> str:
        if value.source:
            number = superscript(self.notes.numbers((value.source,)))
            return f"{number} {value.source.title}"
        named = RULES.get(value.rule)
        if not named:
            return ""
        stated = named.statement_zh if self.language == "zh" else named.statement_en
        return stated if named.formula else f"{stated} ({self.say('static')})"

    def _name(self, value: Value, sheet: str, row: int) -> None:
        """Give an input a name to use in formulas, where its id makes one."""
        name = value.id.replace("-", "_")
        if not value.rule and _NAME.fullmatch(name) and len(name) < 200:
            self.names.setdefault(name, f"={_quoted(sheet)}!$B${row + 1}")

    def _sources(self) -> Page | None:
        if not self.notes.sources:
            return None
        page = Page(self._sheet_name(self.say("sources")))
        page.note(self.say("sources"), bold=True, font_size=15, font_color="#24446B")
        page.note(self.say("sources_hint"), font_color="#6B7280")
        page.row += 1
        frame = {**_FRAME, "text_wrap": True}
        names = ("title", "section", "quote", "confidence")
        page.head(("#", *(self.say(f"source_{name}") for name in names)))
        for number, quote in enumerate(self.notes.sources, start=1):
            page.put(0, float(number), **frame)
            texts = (quote.title, quote.section, quote.text, quote.confidence or "")
            for column, text in enumerate(texts, start=1):
                page.put(column, visible(text)[:_CELL_CHARACTERS], **frame)
            page.row += 1
        page.widths[3] = 70.0
        return page

    def _overview(self, page: Page, listed: Iterable[tuple[Page, str]]) -> None:
        report = self.report
        page.note(report.title, bold=True, font_size=20, font_color="#24446B")
        page.note(report.subtitle, font_color="#6B7280", font_size=12)
        page.note(self.say("created", date=report.created), font_color="#6B7280")
        page.row += 1
        if report.alerts:
            page.note(self.say("alerts"), bold=True, font_color="#B4540A")
            for alert in report.alerts:
                self._paragraph(page, alert if alert.tone != "normal" else _as_warning(alert))
            page.row += 1
        page.note(self.say("how_to_read"), bold=True)
        for basis in BASES:
            page.put(0, self.say(f"basis_{basis}"), bold=True, font_color=f"#{COLOURS[basis]}")
            page.put(1, self.say(f"hint_{basis}"), wide=False)
            page.row += 1
        page.put(0, self.say("editable"), bg_color=_INPUT, **_FRAME)
        page.put(1, self.say("assumptions_hint"), wide=False)
        page.row += 2
        page.note(self.say("contents_sheet"), bold=True)
        for other, what in listed:
            target = f"internal:{_quoted(other.name)}!A1"
            page.cells.append(Cell(page.row, 0, other.name, look_of(
                font_color="#1D5FA8", underline=1), link=target))  # fmt: skip
            page.put(1, visible(what), wide=False)
            page.row += 1
        page.widths[0] = max([18.0, *(_width(other.name) + 2.0 for other, _ in listed)])
        page.widths |= dict.fromkeys(range(1, _NOTE_COLUMNS), 15.0)


def look_of(**look: Any) -> Look:
    """Give properties of a cell format as something that can be compared."""
    return tuple(sorted(look.items()))


def letters(column: int) -> str:
    """Give the letters of a column, counted from 0."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


def _quoted(sheet: str) -> str:
    return "'" + sheet.replace("'", "''") + "'"


def _width(content: str | Value) -> int:
    """Give the columns that a text takes on screen: two for a Chinese character."""
    if isinstance(content, Value):
        content = figure(content.value, content.unit) + "0" * 8
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in content[:2_000])


def _as_warning(paragraph: Paragraph) -> Paragraph:
    return Paragraph(paragraph.text, paragraph.values, paragraph.quotes, "warning")


def _has_figures(section: Section) -> bool:
    return any(not isinstance(block, Paragraph | Bullets) for block in section.blocks)
