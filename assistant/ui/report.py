"""A report as a page: sections with their paragraphs, tables, charts and timeline.

Every number is drawn with its basis, so that facts, given, computed and assumed numbers are told
apart at a glance; where it comes from opens beside it. Pure functions of the report.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from assistant.arithmetic import RULES
from assistant.messages import say
from assistant.records import Language
from assistant.showing import NO_NUMBER, show, unit_name
from assistant.ui.markup import badge, escape, icon
from assistant.values import (
    Block,
    Bullets,
    Chart,
    Paragraph,
    Quote,
    Report,
    Row,
    Section,
    Span,
    Table,
    Timeline,
    Value,
)

BASES = ("cited", "given", "computed", "assumed")
# Steps in days between the dates over a timeline, and how many dates fit beside each other.
STEPS = (1, 2, 7, 14, 28, 91)
MOST_DATES = 10
# A longer table is folded, unless it holds numbers to be set: nobody reads it through.
LONG_TABLE = 60
SHADES = 5
PHASE_COLOURS = 6


def report_view(report: Report, *, editable: bool = False) -> str:
    """Draw a whole report; `editable` numbers become buttons that open their field."""
    drawer = _Drawer(report, editable)
    sections = "".join(
        drawer.section(number, section) for number, section in enumerate(report.sections, start=1)
    )
    language = report.language
    return (
        f'<article class="report" data-report="{escape(report.id)}">'
        f"<header><h1>{escape(report.title)}</h1><p>{escape(report.subtitle)}</p>"
        f"{legend(language)}</header>{drawer.alerts()}{_contents(report)}{sections}</article>"
    )


def legend(language: Language) -> str:
    """Explain the four marks that numbers carry."""
    marks = "".join(
        f'<li><span class="value {basis}">{escape(say(language, f"basis.{basis}"))}</span> '
        f"{escape(say(language, f'basis.{basis}_hint'))}</li>"
        for basis in BASES
    )
    return f'<ul class="legend">{marks}</ul>'


def table_view(table: Table, report: Report) -> str:
    """Draw one table by itself, in the language of its report."""
    return _Drawer(report, False, folds=False).block(table)


def _contents(report: Report) -> str:
    items = "".join(
        f'<li><a href="#section-{escape(section.id)}">{number}. {escape(section.title)}</a></li>'
        for number, section in enumerate(report.sections, start=1)
    )
    label = escape(say(report.language, "report.contents"))
    return f'<nav class="contents" aria-label="{label}"><ol>{items}</ol></nav>'


class _Drawer:
    """Draws the parts of one report."""

    def __init__(self, report: Report, editable: bool, folds: bool = True) -> None:
        self._report, self._editable, self._folds = report, editable, folds
        self._language = report.language

    def alerts(self) -> str:
        """Draw what must be seen first."""
        if not self._report.alerts:
            return ""
        items = "".join(self.paragraph(alert) for alert in self._report.alerts)
        title = escape(say(self._language, "report.alerts"))
        return f'<section class="alerts" role="alert"><h2>{title}</h2>{items}</section>'

    def section(self, number: int, section: Section) -> str:
        """Draw a numbered section; its blocks in order."""
        blocks = "".join(map(self.block, section.blocks))
        name = escape(section.id)
        return (
            f'<section id="section-{name}" aria-labelledby="title-{name}">'
            f'<h2 id="title-{name}"><span>{number}</span>{escape(section.title)}</h2>'
            f"{blocks}</section>"
        )

    def block(self, block: Block) -> str:
        """Draw a block by its kind."""
        if isinstance(block, Paragraph):
            return self.paragraph(block)
        if isinstance(block, Bullets):
            return self._bullets(block)
        if isinstance(block, Table):
            return self._table(block)
        if isinstance(block, Chart):
            return self._chart(block)
        return gantt(block, self._language)

    def paragraph(self, paragraph: Paragraph) -> str:
        """Draw a paragraph with the quotes that prove it."""
        mark = icon("warning") if paragraph.tone == "warning" else ""
        by = "" if paragraph.writer == "rules" else badge(paragraph.writer, "writer model")
        return (
            f'<p class="{escape(paragraph.tone)}">{mark}<span>{escape(paragraph.text)}'
            f"{self._proof(paragraph.quotes)}{by}</span></p>"
        )

    def _bullets(self, bullets: Bullets) -> str:
        tag = "ol" if bullets.ordered else "ul"
        items = "".join(
            f'<li class="{escape(item.tone)}">{escape(item.text)}{self._proof(item.quotes)}</li>'
            for item in bullets.items
        )
        return f'<{tag} class="points">{items}</{tag}>'

    def _proof(self, quotes: Sequence[Quote]) -> str:
        return "".join(quote_link(quote, self._language) for quote in quotes)

    def _table(self, table: Table) -> str:
        head = "".join(
            f'<th scope="col"{_side(table, place)}>{escape(title)}</th>'
            for place, title in enumerate(table.columns)
        )
        shade = _shades(table) if table.kind == "matrix" else {}
        rows = "".join(self._row(row, shade) for row in table.rows)
        note = f'<p class="hint">{escape(table.note)}</p>' if table.note else ""
        title = escape(table.title)
        folded = self._is_folded(table)
        caption = f"<caption>{title}</caption>" if title and not folded else ""
        drawn = (
            f'<div class="table" tabindex="0" role="group" aria-label="{title}">'
            f'<table class="{escape(table.kind)}">{caption}<thead><tr>{head}</tr></thead>'
            f"<tbody>{rows}</tbody></table></div>{note}"
        )
        if not folded:
            return drawn
        count = escape(say(self._language, "report.rows", count=len(table.rows)))
        return (
            f'<details class="fold"><summary>{title} <small>{count}</small></summary>'
            f"{drawn}</details>"
        )

    def _is_folded(self, table: Table) -> bool:
        if not self._folds or len(table.rows) < LONG_TABLE:
            return False
        cells = (cell for row in table.rows for cell in row.cells if isinstance(cell, Value))
        return not (self._editable and any(cell.editable for cell in cells))

    def _row(self, row: Row, shade: Mapping[str, int]) -> str:
        cells = []
        for place, cell in enumerate(row.cells):
            proof = self._proof(row.quotes) if place == len(row.cells) - 1 else ""
            if isinstance(cell, Value):
                look = f" shade-{shade[cell.id]}" if cell.id in shade else ""
                cells.append(f'<td class="number{look}">{self.value(cell)}{proof}</td>')
            elif place == 0:
                cells.append(f'<th scope="row">{escape(cell)}{proof}</th>')
            elif cell == NO_NUMBER:
                cells.append(f'<td class="number">{cell}{proof}</td>')
            else:
                cells.append(f"<td>{escape(cell)}{proof}</td>")
        return f'<tr class="{escape(row.tone)}">{"".join(cells)}</tr>'

    def value(self, value: Value) -> str:
        """Draw a number as a button that shows its basis, and its field where it may be set."""
        edit = ""
        if self._editable and value.editable:
            edit = f' data-edit-value="{escape(value.id)}" data-number="{value.value:.12g}"'
        look = (
            f"value {value.basis}{' edited' if value.edited else ''}{' editable' if edit else ''}"
        )
        details = escape(json.dumps(self._details(value), ensure_ascii=False))
        return (
            f'<button type="button" class="{look}" data-value="{escape(value.id)}" '
            f'data-basis="{details}"{edit}>{escape(show(value, self._language))}</button>'
        )

    def _details(self, value: Value) -> dict[str, Any]:
        """Say where a number comes from, for the small window beside it."""
        language = self._language
        basis = "edited" if value.edited else value.basis
        told: dict[str, Any] = {
            "label": value.label,
            "basis": say(language, f"basis.{basis}"),
            "note": value.note,
        }
        if value.rule:
            known = RULES[value.rule]
            told["rule"] = known.statement_zh if language == "zh" else known.statement_en
            told["inputs"] = [
                [given.label or given.id, show(given, language)]
                for given in map(self._report.values.__getitem__, value.input_ids())
            ]
        if value.source:
            told["quote"] = value.source.text
            told["title"] = value.source.title
            told["address"] = quote_address(value.source)
        return told

    def _chart(self, chart: Chart) -> str:
        drawn = escape(
            json.dumps(figure(chart, self._report.values, self._language), ensure_ascii=False)
        )
        title = escape(chart.title)
        return (
            f'<figure class="chart {escape(chart.kind)}"><figcaption>{title}</figcaption>'
            f'<div data-chart="{drawn}" role="img" aria-label="{title}">'
            f"{self._numbers_of(chart)}</div></figure>"
        )

    def _numbers_of(self, chart: Chart) -> str:
        """Give the chart's numbers as a table, for readers and machines that see no picture."""
        values = self._report.values
        head = "".join(f"<th>{escape(series.name)}</th>" for series in chart.series)
        rows = "".join(
            f"<tr><th>{escape(category)}</th>"
            + "".join(
                f"<td>{escape(show(values[series.values[place]], self._language))}</td>"
                for series in chart.series
            )
            + "</tr>"
            for place, category in enumerate(chart.categories)
        )
        return f"<table><thead><tr><th></th>{head}</tr></thead><tbody>{rows}</tbody></table>"


def quote_address(quote: Quote) -> str:
    """Give the address of a quote in the source view."""
    place = {"document": quote.document, "start": quote.start, "end": quote.end}
    return "/source?" + urlencode(place)


def quote_link(quote: Quote, language: Language) -> str:
    """Draw a small link that opens a quote in its document."""
    label = escape(say(language, "report.open_source", title=quote.title))
    return (
        f'<a class="chip proof" href="{escape(quote_address(quote))}" data-source '
        f'title="{label}" aria-label="{label}">{icon("book")}</a>'
    )


def _side(table: Table, place: int) -> str:
    """Set a column's title over its numbers."""
    cells = [row.cells[place] for row in table.rows if place < len(row.cells)]
    return ' class="number"' if any(isinstance(cell, Value) for cell in cells) else ""


def _shades(table: Table) -> dict[str, int]:
    """Give each number of a matrix one of five shades; totals are left out."""
    numbers = [
        cell
        for row in table.rows
        if row.tone != "total"
        for cell in row.cells
        if isinstance(cell, Value)
    ]
    highest = max((abs(cell.value) for cell in numbers), default=0) or 1
    return {cell.id: round(abs(cell.value) / highest * (SHADES - 1)) + 1 for cell in numbers}


# -- charts ----------------------------------------------------------------------------------


def figure(chart: Chart, values: Mapping[str, Value], language: Language) -> dict[str, Any]:
    """Give a chart as Plotly describes it; colours are set by the page, which knows its look."""
    traces = [
        _trace(chart, series.name, [values[name].value for name in series.values])
        for series in chart.series
    ]
    units = [values[series.values[0]].unit for series in chart.series if series.values]
    if chart.kind == "line":
        # A second unit gets an axis of its own, or its line would lie flat on the ground.
        for trace, unit in zip(traces, units, strict=False):
            if unit != units[0]:
                trace["yaxis"] = "y2"
    second = next((unit for unit in units if unit != units[0]), "")
    return {
        "kind": chart.kind,
        "language": language,
        "unit": unit_name(chart.unit, language),
        "second": unit_name(second, language),
        "data": traces,
    }


def _trace(chart: Chart, name: str, numbers: list[float]) -> dict[str, Any]:
    categories = list(chart.categories)
    if chart.kind == "radar":
        closed = {"r": [*numbers, *numbers[:1]], "theta": [*categories, *categories[:1]]}
        return {"type": "scatterpolar", "name": name, "fill": "toself", **closed}
    if chart.kind == "bar":
        return {"type": "bar", "name": name, "orientation": "h", "x": numbers, "y": categories}
    kind = {"type": "bar"} if chart.kind == "column" else {"type": "scatter", "mode": "lines"}
    return {**kind, "name": name, "x": categories, "y": numbers}


# -- timeline --------------------------------------------------------------------------------


def gantt(timeline: Timeline, language: Language) -> str:
    """Draw dated work as bars, each as long and as late as its days are."""
    if not timeline.spans:
        return ""
    first = min(date.fromisoformat(span.start) for span in timeline.spans)
    last = max(date.fromisoformat(span.end) for span in timeline.spans)
    days = (last - first).days + 1
    step = next((step for step in STEPS if days <= step * MOST_DATES), STEPS[-1])
    head = "".join(
        f'<span style="left:{n / days:.2%}">{(first + timedelta(days=n)).strftime("%m-%d")}</span>'
        for n in range(0, days, step)
    )
    phases = list(dict.fromkeys(span.phase for span in timeline.spans))
    bars = "".join(
        _bar(span, phases.index(span.phase), first, days, language) for span in timeline.spans
    )
    title = escape(timeline.title)
    return (
        f'<figure class="gantt"><figcaption>{title}</figcaption>'
        f'<div class="table" tabindex="0" role="group" aria-label="{title}"><ol>'
        f'<li class="scale" aria-hidden="true"><b></b><div>{head}</div></li>{bars}</ol></div>'
        "</figure>"
    )


def _bar(span: Span, phase: int, first: date, days: int, language: Language) -> str:
    start, end = date.fromisoformat(span.start), date.fromisoformat(span.end)
    is_moment = start == end
    left = ((start - first).days + (0.5 if is_moment else 0)) / days
    width = "" if is_moment else f";width:{((end - start).days + 1) / days:.2%}"
    dates = span.start if is_moment else f"{span.start} – {span.end}"
    owner = say(language, "report.owner", owner=span.owner) if span.owner else ""
    told = " · ".join(part for part in (dates, owner, span.deliverable) if part)
    kind = "milestone" if is_moment else "bar"
    return (
        f"<li><b>{escape(span.title)}<small>{escape(told)}</small></b><div>"
        f'<i class="{kind} phase-{phase % PHASE_COLOURS}" style="left:{left:.2%}{width}" '
        f'title="{escape(told)}"></i></div></li>'
    )
