"""Reports as Markdown: headings, tables, footnotes with the quotes.

Text from outside is escaped character by character, so it can neither open a tag nor become a
heading, a link or a table column; the marks of basis and the footnotes are ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from assistant.export.notes import BASES, Notes, Piece, chart_numbers, visible
from assistant.messages import say
from assistant.showing import quantity
from assistant.values import (
    Block,
    Bullets,
    Chart,
    Paragraph,
    Report,
    Row,
    Table,
    Timeline,
    Value,
)

_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~!$^&])|(?<=\d)([.)])(?= )|(?<=:)(/)(?=/)")
_LINE_MARK = re.compile(r"^([-+=])")
_WRAPPERS = {"lead": "**{}**", "hint": "*{}*", "warning": "> ⚠ {}", "good": "> ✓ {}"}


def write_markdown(report: Report) -> str:
    """Give the Markdown text of a report, ending with a line end."""
    writer = _Writer(report)
    parts = [*writer.opening()]
    for number, section in enumerate(report.sections, start=1):
        parts.append(f"## {number}. {escaped(section.title)}")
        parts += [text for block in section.blocks if (text := writer.block(block))]
    parts += writer.sources()
    return "\n\n".join(parts) + "\n"


def escaped(text: str) -> str:
    """Give text that Markdown shows as it stands, on one line."""
    marked = _MARKUP.sub(lambda m: "\\" + m.group(), visible(text).replace("\r", " "))
    return _LINE_MARK.sub(r"\\\1", marked).replace("\\<", "&lt;").replace("\\>", "&gt;")


def _escaped_piece(text: str, *, first: bool) -> str:
    """Escape a run of a sentence; the spaces at its ends stay."""
    before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    middle = escaped(text)
    return (before if not first else "") + middle + (after if middle else "")


class _Writer:
    """Writes the parts of one report."""

    def __init__(self, report: Report) -> None:
        self.report, self.notes = report, Notes(report)

    def say(self, key: str, **values: object) -> str:
        """Give a text of exports in the report's language."""
        return say(self.report.language, f"exported.{key}", **values)

    def opening(self) -> list[str]:
        """Write title, alerts and the key to the marks."""
        report = self.report
        created = self.say("created", date=escaped(report.created))
        parts = [f"# {escaped(report.title)}", f"{escaped(report.subtitle)}  \n{created}"]
        if report.alerts:
            parts += [f"**{self.say('alerts')}**", *map(self._paragraph, report.alerts)]
        key = [
            f"- <sup>{self.notes.letter(b)}</sup> **{self.say(f'basis_{b}')}** "
            f"{self.say(f'hint_{b}')}"
            for b in BASES
        ]
        return [*parts, f"**{self.say('how_to_read')}**", "\n".join(key)]

    def block(self, block: Block) -> str:
        """Write one block by its kind."""
        if isinstance(block, Paragraph):
            return self._paragraph(block)
        if isinstance(block, Bullets):
            return self._bullets(block)
        if isinstance(block, Table):
            return self._table(block)
        if isinstance(block, Chart):
            return self._chart(block)
        return self._timeline(block)

    def sources(self) -> list[str]:
        """Write every quote as the footnote that the text refers to."""
        if not self.notes.sources:
            return []
        lines = []
        for number, quote in enumerate(self.notes.sources, start=1):
            where = [escaped(quote.title), escaped(quote.section)]
            if quote.confidence:
                where.append(self.say("confidence", level=escaped(quote.confidence)))
            text = self.say("quoted", text=escaped(quote.text))
            lines.append(f"[^{number}]: {' · '.join(dict.fromkeys(where))}: {text}")
        return [f"## {self.say('sources')}", self.say("sources_hint"), "\n\n".join(lines)]

    def _paragraph(self, paragraph: Paragraph) -> str:
        text = self._text(paragraph)
        return _WRAPPERS.get(paragraph.tone, "{}").format(text) if text else ""

    def _text(self, paragraph: Paragraph) -> str:
        pieces = self.notes.pieces(paragraph.text, paragraph.values, paragraph.quotes)
        return self._pieces(pieces)

    def _pieces(self, pieces: Iterable[Piece]) -> str:
        return "".join(
            _escaped_piece(piece.text, first=n == 0)
            + (f"<sup>{self.notes.letter(piece.basis)}</sup>" if piece.basis else "")
            + "".join(f"[^{number}]" for number in piece.sources)
            for n, piece in enumerate(pieces)
        ).strip()

    def _bullets(self, bullets: Bullets) -> str:
        return "\n".join(
            f"{f'{n}.' if bullets.ordered else '-'} {self._text(item)}"
            for n, item in enumerate(bullets.items, start=1)
        )

    def _table(self, table: Table) -> str:
        width = max([len(table.columns), *(len(row.cells) for row in table.rows)])
        if not width:
            return ""
        numeric = {c for row in table.rows for c, v in enumerate(row.cells) if isinstance(v, Value)}
        rule = ["---:" if column in numeric else "---" for column in range(width)]
        lines = [_line([escaped(title) for title in table.columns], width), _line(rule, width)]
        lines += [_line(self._cells(row), width) for row in table.rows]
        title = [f"**{escaped(table.title)}**", ""] if table.title else []
        note = ["", f"*{escaped(table.note)}*"] if table.note else []
        return "\n".join([*title, *lines, *note])

    def _cells(self, row: Row) -> list[str]:
        cells = [
            self._pieces([self.notes.piece(cell)]) if isinstance(cell, Value) else escaped(cell)
            for cell in row.cells
        ]
        if row.tone == "total":
            cells = [f"**{cell}**" for cell in cells]
        marks = "".join(f"[^{number}]" for number in self.notes.numbers(row.quotes))
        return [*cells[:-1], cells[-1] + marks] if cells else cells

    def _chart(self, chart: Chart) -> str:
        series = chart_numbers(self.report, chart)
        if not series or not chart.categories:
            return ""
        width = len(series) + 1
        lines = [_line(["", *(escaped(name) for name, _ in series)], width),
                 _line(["---", *(["---:"] * len(series))], width)]  # fmt: skip
        for n, category in enumerate(chart.categories):
            numbers = [values[n] if n < len(values) else None for _, values in series]
            shown = [
                "" if x is None else quantity(x, chart.unit, self.report.language) for x in numbers
            ]
            lines.append(_line([escaped(category), *shown], width))
        return "\n".join([f"**{escaped(chart.title)}**", "", *lines])

    def _timeline(self, timeline: Timeline) -> str:
        if not timeline.spans:
            return ""
        names = ("phase", "task", "start", "end", "owner", "deliverable")
        rows = tuple(
            Row((span.phase, span.title, span.start, span.end, span.owner, span.deliverable))
            for span in timeline.spans
        )
        titles = tuple(self.say(name) for name in names)
        return self._table(Table(timeline.id, timeline.title, titles, rows))


def _line(cells: Sequence[str], width: int) -> str:
    return "| " + " | ".join([*cells, *([""] * (width - len(cells)))]) + " |"
