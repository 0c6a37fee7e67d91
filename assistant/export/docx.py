"""Reports as Word documents that can be sent: cover, contents, numbered sections, sources.

A number is followed by a small coloured letter that tells fact, given, computed and assumed apart;
what rests on a source carries its number, and the quotes stand word for word at the end.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import replace
from datetime import date
from io import BytesIO
from math import ceil
from typing import Any

from assistant.export.charts import add_chart
from assistant.export.looks import DARK, GREY, add_field, new_document, restarted_list
from assistant.export.notes import (
    BASES,
    COLOURS,
    Notes,
    Piece,
    calendar_columns,
    meets,
    phase_order,
    superscript,
    visible,
)
from assistant.messages import say
from assistant.showing import figure, unit_name
from assistant.values import (
    Block,
    Bullets,
    Chart,
    Paragraph,
    Report,
    Row,
    Section,
    Table,
    Timeline,
    Value,
)

_STYLES = {"normal": "Normal", "lead": "Lead", "hint": "Hint", "warning": "Warning", "good": "Good"}
_ROW_FILLS = {"warning": "FDF0E3", "good": "EAF5EE", "total": "E8EDF3"}
PHASE_FILLS = ("8FB8DE", "A7D3B0", "F2B880", "C9B6E4", "F3D27A", "B7C4CF")
_TEXT_WIDTH = 17.0
_WEEK = 7
_MARK_SIZE = 11.5
_CHARACTER = 0.19  # cm that a Latin letter of the cell style takes
_SMALLER = 0.88
_SHORT = 20
_LONG = 40  # rows from which a table is set small
_ROWS_KEPT_TOGETHER = 14
_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def write_docx(report: Report) -> bytes:
    """Give the Word document of a report as the bytes of a .docx file."""
    writer = _Writer(report)
    writer.cover()
    for n, section in enumerate(report.sections):
        writer.section(section, on_new_page=n == 0)
    writer.sources()
    target = BytesIO()
    writer.document.save(target)
    return target.getvalue()


class _Writer:
    """Writes one document from top to bottom."""

    def __init__(self, report: Report) -> None:
        self.report, self.notes = report, Notes(report)
        self.document = new_document(report)
        self._counts: dict[str, int] = {}
        self._bookmarks = 0

    def say(self, key: str, **values: object) -> str:
        """Give a text of exports in the report's language."""
        return say(self.report.language, f"exported.{key}", **values)

    def cover(self) -> None:
        """Write title, alerts, the key to the marks and the table of contents."""
        report = self.report
        kind = self.document.add_paragraph(self.say(report.kind), "Hint")
        kind.paragraph_format.space_after = 0
        self.document.add_paragraph(visible(report.title), "Title")
        self.document.add_paragraph(visible(report.subtitle), "Subtitle")
        self.document.add_paragraph(self.say("created", date=visible(report.created)), "Hint")
        if report.alerts:
            self.document.add_paragraph(self.say("alerts"), "Contents Heading")
            for alert in report.alerts:
                style = "Warning" if alert.tone == "normal" else _STYLES[alert.tone]
                self.paragraph(alert, style)
        self._key()
        self._contents()

    def section(self, section: Section, *, on_new_page: bool = False) -> None:
        """Write a numbered section; its title is in the table of contents."""
        self._heading(section.title, on_new_page)
        for block in section.blocks:
            self._block(block)

    def sources(self) -> None:
        """Write every quote under its number, word for word."""
        if not self.notes.sources:
            return
        self._heading(self.say("sources"))
        self.document.add_paragraph(self.say("sources_hint"), "Hint")
        for number, quote in enumerate(self.notes.sources, start=1):
            lines = self.document.add_paragraph(style="Normal")
            lines.paragraph_format.left_indent = _points(22)
            lines.paragraph_format.first_line_indent = _points(-22)
            lines.paragraph_format.keep_together = True
            _coloured(lines.add_run(f"[{number}] "), COLOURS["cited"], bold=True)
            lines.add_run(visible(quote.title)).bold = True
            where = [visible(quote.section)] if quote.section != quote.title else []
            if quote.confidence:
                where.append(self.say("confidence", level=visible(quote.confidence)))
            _coloured(lines.add_run(" · ".join(["", *where])), GREY)
            lines.add_run().add_break()
            lines.add_run(self.say("quoted", text=visible(quote.text)))

    def paragraph(self, paragraph: Paragraph, style: str = "") -> Any:
        """Write a paragraph with marks after its numbers and sources at its end."""
        lines = self.document.add_paragraph(style=style or _STYLES[paragraph.tone])
        self._pieces(
            lines, self.notes.pieces(paragraph.text, paragraph.values, paragraph.quotes)
        )
        return lines

    def _block(self, block: Block) -> None:
        if isinstance(block, Paragraph):
            self.paragraph(block)
        elif isinstance(block, Bullets):
            self._bullets(block)
        elif isinstance(block, Table):
            self._table(block)
        elif isinstance(block, Chart):
            self._chart(block)
        else:
            self._timeline(block)

    def _heading(self, title: str, on_new_page: bool = False) -> None:
        from docx.oxml import parse_xml

        heading = self.document.add_heading(visible(title), level=1)
        if on_new_page:
            heading.paragraph_format.page_break_before = True
        name, number = f"_Toc{9000 + self._bookmarks}", 100 + self._bookmarks
        self._bookmarks += 1
        begin = f'<w:bookmarkStart {_W} w:id="{number}" w:name="{name}"/>'
        heading._p.insert(1, parse_xml(begin))
        heading._p.append(parse_xml(f'<w:bookmarkEnd {_W} w:id="{number}"/>'))

    def _contents(self) -> None:
        """Write a real table of contents, filled with links; Word puts the page numbers in."""
        from docx.oxml import parse_xml

        self.document.add_paragraph(self.say("contents"), "Contents Heading")
        titles = [section.title for section in self.report.sections]
        if self.notes.sources:
            titles.append(self.say("sources"))
        lines: list[Any] = []
        for n, title in enumerate(titles):
            line = self.document.add_paragraph(style="TOC 1")
            link = parse_xml(f'<w:hyperlink {_W} w:anchor="_Toc{9000 + n}" w:history="1"/>')
            link.append(line.add_run(f"{n + 1}  {visible(title)}")._r)
            line._p.append(link)
            lines.append(line)
        if lines:
            _open_field(lines[0], ' TOC \\o "1-1" \\h \\z \\u ')
            lines[-1]._p.append(
                parse_xml(f'<w:r {_W}><w:fldChar w:fldCharType="end"/></w:r>')
            )
        settings = self.document.settings.element
        settings.insert(0, parse_xml(f'<w:updateFields {_W} w:val="true"/>'))

    def _key(self) -> None:
        """Explain the marks in a small table."""
        self.document.add_paragraph(self.say("how_to_read"), "Contents Heading")
        table = self._grid(len(BASES), [2.6, 14.4], small=True)
        for row, basis in zip(table.rows, BASES, strict=True):
            name, hint = (cell.paragraphs[0] for cell in row.cells)
            _coloured(name.add_run(self.say(f"basis_{basis}")), COLOURS[basis], bold=True)
            _raised(name.add_run(self.notes.letter(basis)), COLOURS[basis])
            hint.add_run(self.say(f"hint_{basis}"))

    def _bullets(self, bullets: Bullets) -> None:
        number = restarted_list(self.document) if bullets.ordered and bullets.items else 0
        for item in bullets.items:
            line = self.paragraph(item, "List Number" if bullets.ordered else "List Bullet")
            if number:
                properties = line._p.get_or_add_pPr().get_or_add_numPr()
                properties.get_or_add_ilvl().val = 0
                properties.get_or_add_numId().val = number

    def _caption(self, kind: str, title: str) -> None:
        """Write a numbered caption; the number is a field, so that Word keeps it right."""
        if not title:
            return
        self._counts[kind] = self._counts.get(kind, 0) + 1
        name = self.say(kind)
        line = self.document.add_paragraph(style="Caption")
        before, _, after = self.say(
            "caption", kind=name, number="\x01", title=visible(title)
        ).partition("\x01")
        line.add_run(before)
        add_field(line, f"SEQ {name} \\* ARABIC", str(self._counts[kind]))
        line.add_run(after)

    def _table(self, table: Table) -> None:
        columns = max([len(table.columns), *(len(row.cells) for row in table.rows)])
        if not columns:
            return
        self._caption("table", table.title)
        small = len(table.rows) > _LONG
        widths, crowded = self._widths(table, columns, small)
        units = _column_units(table) if crowded else {}
        grid = self._grid(len(table.rows) + 1, widths, small or crowded)
        numeric = {c for row in table.rows for c, v in enumerate(row.cells) if isinstance(v, Value)}
        self._table_head(grid.rows[0], self._titles(table, units), numeric)
        shades = _shades(table) if table.kind == "matrix" else {}
        for line, row in zip(list(grid.rows)[1:], table.rows, strict=True):
            self._table_row(line, row, shades, units)
        if len(table.rows) <= _ROWS_KEPT_TOGETHER:
            _keep_together(grid)
        if table.note:
            self.document.add_paragraph(visible(table.note), "Hint")
        else:
            self._gap()

    def _table_head(self, line: Any, titles: Sequence[str], numeric: set[int]) -> None:
        for n, (cell, title) in enumerate(zip(line.cells, titles, strict=False)):
            run = cell.paragraphs[0].add_run(visible(title))
            _coloured(run, "FFFFFF", bold=True)
            if n in numeric:
                cell.paragraphs[0].alignment = 2
        for cell in line.cells:
            _fill(cell, DARK)
        _repeat(line)

    def _titles(self, table: Table, units: Mapping[int, str]) -> list[str]:
        """Give the column titles, with the unit where the cells go without it."""
        names = {n: unit_name(unit, self.report.language) for n, unit in units.items()}
        return [
            self.say("title_with_unit", title=title, unit=names[n]) if names.get(n) else title
            for n, title in enumerate(table.columns)
        ]

    def _table_row(
        self, line: Any, row: Row, shades: Mapping[str, str], units: Mapping[int, str]
    ) -> None:
        for n, (place, cell) in enumerate(zip(line.cells, row.cells, strict=False)):
            lines = place.paragraphs[0]
            if isinstance(cell, Value):
                piece = self.notes.piece(cell)
                if n in units:
                    piece = replace(piece, text=figure(cell.value, cell.unit))
                self._pieces(lines, [piece])
                lines.alignment = 2
            else:
                lines.add_run(visible(cell))
            fill = _ROW_FILLS.get(row.tone) or (
                shades.get(cell.id) if isinstance(cell, Value) else None
            )
            if fill:
                _fill(place, fill)
            if row.tone == "total" or n == 0:
                for run in lines.runs:
                    run.bold = True
        numbers = self.notes.numbers(row.quotes)
        if numbers:
            last = line.cells[min(len(row.cells), len(line.cells)) - 1].paragraphs[0]
            _raised(last.add_run(superscript(numbers)), COLOURS["cited"])

    def _chart(self, chart: Chart) -> None:
        if not chart.categories or not chart.series:
            return
        self._caption("figure", chart.title)
        line = self.document.add_paragraph()
        self._counts["part"] = self._counts.get("part", 0) + 1
        add_chart(self.document, line.add_run(), self.report, chart, self._counts["part"])

    def _timeline(self, timeline: Timeline) -> None:
        if not timeline.spans:
            return
        self._caption("figure", timeline.title)
        self._gantt(timeline)
        titles = [self.say(k) for k in ("phase", "task", "start", "end", "owner", "deliverable")]
        rows = tuple(
            Row((span.phase, span.title, span.start, span.end, span.owner, span.deliverable))
            for span in timeline.spans
        )
        self._gap()
        self._table(Table(timeline.id, timeline.title, tuple(titles), rows))

    def _gantt(self, timeline: Timeline) -> None:
        """Draw the spans as shaded cells of a calendar; days are headed by their week."""
        columns = calendar_columns(timeline.spans, 45)
        phases = phase_order(timeline.spans)
        width = (_TEXT_WIDTH - 4.6) / len(columns)
        grid = self._grid(len(timeline.spans) + 1, [4.6, *([width] * len(columns))])
        self._calendar_head(grid.rows[0], columns)
        for line, span in zip(list(grid.rows)[1:], timeline.spans, strict=True):
            cells = list(line.cells)
            cells[0].paragraphs[0].add_run(visible(span.title))
            fill = PHASE_FILLS[phases[span.phase] % len(PHASE_FILLS)]
            for cell, column in zip(cells[1:], columns, strict=True):
                if meets(span, column):
                    _fill(cell, fill)
        self._gantt_key(phases)

    def _calendar_head(self, line: Any, columns: Sequence[tuple[date, date]]) -> None:
        """Head the calendar with the first day of each group of columns."""
        cells = list(line.cells)
        for cell in cells:
            _fill(cell, DARK)
        _repeat(line)
        by_day = columns[0][0] == columns[0][1]
        step = _WEEK if by_day else max(1, ceil(len(columns) / 10))
        for start in range(0, len(columns), step):
            stop = min(start + step, len(columns))
            cell = cells[start + 1].merge(cells[stop]) if stop > start + 1 else cells[stop]
            if stop - start > 2 or not by_day:
                day = columns[start][0]
                text = cell.paragraphs[0].add_run(f"{day.month}/{day.day}")
                _coloured(text, "FFFFFF", bold=True, size=7.5)

    def _gantt_key(self, phases: Mapping[str, int]) -> None:
        line = self.document.add_paragraph(style="Hint")
        for name, n in phases.items():
            _coloured(line.add_run("■ "), PHASE_FILLS[n % len(PHASE_FILLS)])
            line.add_run(f"{visible(name)}    ")

    def _pieces(self, lines: Any, pieces: Iterable[Piece]) -> None:
        for piece in pieces:
            if piece.text:
                lines.add_run(piece.text)
            if piece.basis:
                _raised(lines.add_run(self.notes.letter(piece.basis)), COLOURS[piece.basis])
            if piece.sources:
                _raised(lines.add_run(superscript(piece.sources)), COLOURS["cited"])

    def _gap(self) -> None:
        self.document.add_paragraph().paragraph_format.space_after = 0

    def _widths(self, table: Table, columns: int, small: bool) -> tuple[list[float], bool]:
        """Share the page among the columns, and say whether cells must go without their units.

        No word is broken if that can be; what is left goes by length.
        """
        character = _CHARACTER * (_SMALLER if small else 1)
        with_units = self._asked(table, columns, character, {})
        crowded = sum(with_units[0]) > _TEXT_WIDTH
        least, wanted = with_units
        if crowded:
            units = _column_units(table)
            least, wanted = self._asked(table, columns, _CHARACTER * _SMALLER, units)
        spare, more = _TEXT_WIDTH - sum(least), sum(wanted) - sum(least)
        if spare <= 0 or more <= 0:
            return [_TEXT_WIDTH * width / sum(least) for width in least], crowded
        shares = zip(least, wanted, strict=True)
        return [low + (high - low) * spare / more for low, high in shares], crowded

    def _asked(
        self, table: Table, columns: int, character: float, units: Mapping[int, str]
    ) -> tuple[list[float], list[float]]:
        """Give the least and the wanted width of each column in cm."""
        least, wanted = [1.0] * columns, [1.0] * columns
        for cells in (table.columns, *(row.cells for row in table.rows)):
            for n, cell in enumerate(cells):
                text = cell if isinstance(cell, str) else self._number(cell, n in units)
                whole = isinstance(cell, Value) and len(text) < _SHORT
                word = _text_width(text) if whole else _longest_word(text)
                least[n] = max(least[n], character * min(word, 24) + 0.35)
                wanted[n] = max(wanted[n], character * min(_text_width(text), 60) + 0.35)
        return least, [max(pair) for pair in zip(least, wanted, strict=True)]

    def _number(self, value: Value, bare: bool) -> str:
        """Give the text of a number with room for its marks."""
        text = figure(value.value, value.unit) if bare else self.notes.piece(value).text
        return text + ("xxxx" if value.source else "xx")

    def _grid(self, rows: int, widths: Sequence[float], small: bool = False) -> Any:
        """Make a table of fixed column widths (in cm) with thin lines and the cell style."""
        from docx.oxml import parse_xml
        from docx.shared import Cm

        table = self.document.add_table(rows, len(widths))
        table.style = "Table Grid"
        table.autofit = False
        edges = "".join(
            f'<w:{side} w:val="single" w:sz="4" w:space="0" w:color="D5DBE3"/>'
            for side in ("top", "left", "bottom", "right", "insideH", "insideV")
        )
        upper = 10 if small else 35
        sides = (("top", upper), ("left", 70), ("bottom", upper), ("right", 70))
        margins = "".join(f'<w:{side} w:w="{size}" w:type="dxa"/>' for side, size in sides)
        properties = table._tbl.tblPr
        properties.append(parse_xml(f'<w:tblInd {_W} w:w="70" w:type="dxa"/>'))
        properties.append(parse_xml(f"<w:tblBorders {_W}>{edges}</w:tblBorders>"))
        properties.append(parse_xml(f"<w:tblCellMar {_W}>{margins}</w:tblCellMar>"))
        _ordered(properties)
        middle = parse_xml(f'<w:vAlign {_W} w:val="center"/>')
        for column, width in zip(table._tbl.tblGrid.gridCol_lst, widths, strict=True):
            column.w = Cm(width)
        for line in table._tbl.tr_lst:
            line.get_or_add_trPr().append(parse_xml(f"<w:cantSplit {_W}/>"))
            for cell, width in zip(line.tc_lst, widths, strict=True):
                cell.width = Cm(width)
                cell.p_lst[0].style = "CellSmall" if small else "Cell"
                cell.get_or_add_tcPr().append(copy(middle))
        return table


def _column_units(table: Table) -> dict[int, str]:
    """Give the unit of each column whose numbers all have the same one; signs stay in the cells."""
    found: dict[int, set[str]] = {}
    for row in table.rows:
        for n, cell in enumerate(row.cells):
            if isinstance(cell, Value):
                found.setdefault(n, set()).add(cell.unit)
    return {
        n: next(iter(units))
        for n, units in found.items()
        if len(units) == 1 and not units & {"percent", "date", "level", "score"}
    }


def _shades(table: Table) -> dict[str, str]:
    """Give each value of a matrix a tint by its size; totals are left out."""
    rows = [row for row in table.rows if row.tone != "total"]
    values = [c for row in rows for c in row.cells if isinstance(c, Value)]
    largest = max((abs(value.value) for value in values), default=0.0) or 1.0
    return {value.id: _tint(abs(value.value) / largest) for value in values}


def _tint(share: float) -> str:
    parts = (round(255 - (255 - full) * share * 0.9) for full in (0x9C, 0xC2, 0xE5))
    return "".join(f"{part:02X}" for part in parts)


def _open_field(line: Any, instruction: str) -> None:
    """Begin a field at the start of a paragraph; it ends where its end mark stands."""
    from docx.oxml import parse_xml

    marks = (
        '<w:fldChar w:fldCharType="begin"/>',
        f'<w:instrText xml:space="preserve">{instruction}</w:instrText>',
        '<w:fldChar w:fldCharType="separate"/>',
    )
    for n, mark in enumerate(marks, start=1):
        line._p.insert(n, parse_xml(f"<w:r {_W}>{mark}</w:r>"))


def _fill(cell: Any, colour: str) -> None:
    from docx.oxml import parse_xml

    shade = f'<w:shd {_W} w:val="clear" w:color="auto" w:fill="{colour}"/>'
    properties = cell._tc.get_or_add_tcPr()
    properties.insert_element_before(parse_xml(shade), "w:tcMar", "w:vAlign")


def _keep_together(table: Any) -> None:
    """Hold a short table on one page with its caption."""
    for line in table._tbl.tr_lst[:-1]:
        for cell in line.tc_lst:
            cell.p_lst[0].get_or_add_pPr()._add_keepNext()


def _repeat(line: Any) -> None:
    from docx.oxml import parse_xml

    line._tr.get_or_add_trPr().append(parse_xml(f"<w:tblHeader {_W}/>"))


def _ordered(properties: Any) -> None:
    """Put a table's properties into the order that the format asks for."""
    order = ("tblStyle", "tblW", "jc", "tblInd", "tblBorders", "tblLayout", "tblCellMar", "tblLook")
    kept = sorted(properties, key=lambda e: order.index(e.tag.rpartition("}")[2]))
    for element in kept:
        properties.append(element)


def _coloured(run: Any, colour: str, bold: bool = False, size: float = 0) -> None:
    from docx.shared import RGBColor

    run.font.color.rgb = RGBColor.from_string(colour)
    run.bold = bold or None
    if size:
        run.font.size = _points(size)


def _raised(run: Any, colour: str) -> None:
    _coloured(run, colour, size=_MARK_SIZE)
    run.font.superscript = True


def _points(size: float) -> Any:
    from docx.shared import Pt

    return Pt(size)


def _longest_word(text: str) -> int:
    """Measure the longest piece that a line must not break; Chinese breaks at any character."""
    words = re.findall(r"[!-~\u00a5\u00c0-\u024f]+", text[:400])
    return max([min(8, _text_width(text)), *map(len, words)])


def _text_width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text[:400])
