"""Reports as workbooks that go on computing: inputs in cells, results as live formulas.

Every given, cited or assumed number stands once, in an input cell; a computed number is its named
rule over those cells, written with the result that the program has, so that a viewer which does
not compute shows the same figures. Text never becomes a formula.
"""

from __future__ import annotations

from datetime import date
from io import BytesIO
from math import isfinite
from typing import Any

from assistant.export.notes import COLOURS, visible
from assistant.export.pages import Bar, Cell, Layout, Look, Page, letters, look_of
from assistant.messages import knows, say
from assistant.records import Language
from assistant.showing import figure, unit_name
from assistant.values import Chart, Report, Value

_SERIES = ("1D5FA8", "E07B39", "2F9E7A", "8E6BBF", "C23B5A", "7A869A", "D9A400", "3AA6B9")
_BY_SIZE = {"type": "2_color_scale", "min_color": "#FFFFFF", "max_color": "#9CC2E5"}


def write_xlsx(report: Report) -> bytes:
    """Give the workbook of a report as the bytes of an .xlsx file."""
    import xlsxwriter

    target = BytesIO()
    options = {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True,
               "strings_to_numbers": False}  # fmt: skip
    with xlsxwriter.Workbook(target, options) as book:
        book.set_properties({"title": visible(report.title), "subject": visible(report.subtitle)})
        book.set_calc_mode("auto")
        layout = Layout(report)
        _Writer(book, layout).write()
    return target.getvalue()


class _Writer:
    """Writes a finished layout through xlsxwriter."""

    def __init__(self, book: Any, layout: Layout) -> None:
        self._book, self._layout = book, layout
        self._formats: dict[Look, Any] = {}

    def write(self) -> None:
        """Write every page, then the names of the inputs."""
        sheets = {page.name: self._book.add_worksheet(page.name) for page in self._layout.pages}
        for page in self._layout.pages:
            self._page(sheets[page.name], page)
        for name, target in self._layout.names.items():
            self._book.define_name(name, target)

    def _page(self, sheet: Any, page: Page) -> None:
        sheet.hide_gridlines(2)
        sheet.set_default_row(18)
        for column, width in page.widths.items():
            sheet.set_column(column, column, width)
        for row, height in page.heights.items():
            sheet.set_row(row, height)
        for cell in page.cells:
            self._cell(sheet, page, cell)
        for area in page.matrices:
            sheet.conditional_format(*area, _BY_SIZE)
        for bar in page.bars:
            self._bar(sheet, bar)
        for row, chart, first, last in page.charts:
            self._chart(sheet, page.name, row, chart, first, last)
        sheet.freeze_panes(*page.frozen())
        if page.filtered:
            first, last, right = page.filtered
            sheet.autofilter(first, 0, last, right)
        self._print_setup(sheet, page)

    def _print_setup(self, sheet: Any, page: Page) -> None:
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.set_margins(0.5, 0.5, 0.6, 0.6)
        if len(page.heads) == 1:
            sheet.repeat_rows(page.heads[0] - 1)
        if page.breaks:
            sheet.set_h_pagebreaks(page.breaks)
        title = visible(self._layout.report.title).replace("&", "&&")[:80]
        sheet.set_footer(f"&L{title}&R&P / &N")

    def _cell(self, sheet: Any, page: Page, cell: Cell) -> None:
        content, place = cell.content, (cell.row, cell.column)
        if isinstance(content, Value):
            self._value(sheet, page.name, cell, content)
        elif cell.link:
            sheet.write_url(*place, cell.link, self._format(cell.look), content)
        elif cell.merged:
            sheet.merge_range(*place, cell.row, cell.merged - 1, "", self._format(cell.look))
            sheet.write_string(*place, content, self._format(cell.look))
        elif isinstance(content, date):
            sheet.write_datetime(*place, content, self._format(cell.look))
        elif cell.formula:
            sheet.write_formula(*place, cell.formula, self._format(cell.look), content)
        elif isinstance(content, float):
            sheet.write_number(*place, content, self._format(cell.look))
        elif content:
            sheet.write_string(*place, content, self._format(cell.look))
        else:
            sheet.write_blank(*place, None, self._format(cell.look))

    def _value(self, sheet: Any, page: str, cell: Cell, value: Value) -> None:
        look = dict(cell.look)
        unit_elsewhere = look.pop("plain", False)
        look |= {
            "num_format": number_format(value, self._layout.language, plain=unit_elsewhere),
            "font_color": f"#{COLOURS[value.basis]}" if value.basis != "computed" else "#111827",
            "align": "right",
        }
        style, place = self._format(look_of(**look)), (cell.row, cell.column)
        if not isfinite(value.value):
            sheet.write_string(*place, "—", style)
            return
        formula = self._formula(page, cell, value)
        if formula:
            sheet.write_formula(*place, formula, style, value.value)
        else:
            sheet.write_number(*place, value.value, style)

    def _formula(self, page: str, cell: Cell, value: Value) -> str:
        """Give a rule in the value's own cell, a reference elsewhere, nothing for an input."""
        own = self._layout.places.get(value.id)
        known = self._layout.report.values.get(value.id)
        if own is None or known is None or known.value != value.value:
            return ""
        if own != (page, cell.row, cell.column):
            return f"={self._layout.address(value.id, page)}"
        return self._layout.formula(value, page) if value.rule else ""

    def _bar(self, sheet: Any, bar: Bar) -> None:
        """Colour the days of one span by its dates, so that moving a date moves the bar."""
        row, column = bar.row + 1, f"{letters(bar.left)}${bar.top + 1}"
        criteria = f"=AND($C{row}<={column}+{bar.days - 1},$D{row}>={column})"
        style = self._book.add_format({"bg_color": f"#{bar.colour}"})
        rule = {"type": "formula", "criteria": criteria, "format": style}
        sheet.conditional_format(bar.row, bar.left, bar.row, bar.right, rule)

    def _chart(
        self, sheet: Any, name: str, row: int, chart: Chart, first: int, last: int
    ) -> None:
        if last <= first or not chart.series:
            return
        kind: dict[str, str] = {"type": chart.kind}
        if chart.kind == "radar":
            kind["subtype"] = "with_markers"
        drawn = self._book.add_chart(kind)
        for column in range(1, len(chart.series) + 1):
            colour = f"#{_SERIES[(column - 1) % len(_SERIES)]}"
            solid = chart.kind in ("bar", "column")
            drawn.add_series({
                "name": [name, first, column],
                "categories": [name, first + 1, 0, last, 0],
                "values": [name, first + 1, column, last, column],
                **({"fill": {"color": colour}} if solid else {"line": {"color": colour}}),
            })  # fmt: skip
        drawn.set_title({"name": visible(chart.title)[:200], "name_font": {"size": 12}})
        drawn.set_legend({"position": "bottom", "none": len(chart.series) < 2})
        grid = {"visible": True, "line": {"color": "#D5DBE3"}}
        scale: dict[str, Any] = {"num_format": "#,##0", "major_gridlines": grid}
        if chart.kind == "radar":
            scale |= {"min": 0, "max": 100, "major_unit": 25}
        if chart.kind == "bar":
            drawn.set_y_axis({"reverse": True})
            drawn.set_x_axis(scale)
        else:
            drawn.set_y_axis(scale)
        drawn.set_size({"width": 760, "height": 330})
        sheet.insert_chart(row, 0, drawn, {"description": visible(chart.title)[:200]})

    def _format(self, look: Look) -> Any:
        if look not in self._formats:
            self._formats[look] = self._book.add_format(
                {"font_name": "Microsoft YaHei", "font_size": 10, **dict(look)}
            )
        return self._formats[look]


def number_format(value: Value, language: Language, *, plain: bool = False) -> str:
    """Give the cell format that shows a number as `show` does; `plain` leaves all units but %."""
    if value.unit == "date":
        return "yyyy-mm-dd"
    written = figure(value.value, value.unit) if isfinite(value.value) else "0"
    digits = len(written.partition(".")[2])
    if value.unit.startswith("yuan"):
        digits = max(2, digits)
    elif value.unit.startswith("percent"):
        digits = max(1, digits)
    number = "#,##0" + ("." + "0" * digits if digits else "")
    if plain and not value.unit.startswith("percent"):
        return number
    before, _, after = _pattern(value.unit, language).partition("{number}")
    return _literal(before) + number + _literal(after)


def _pattern(unit: str, language: Language) -> str:
    if knows(f"quantity.{unit}"):
        return say(language, f"quantity.{unit}", number="{number}")
    name = unit_name(unit, language)
    return say(language, "quantity.any", number="{number}", unit=name) if name else "{number}"


def _literal(text: str) -> str:
    return '"' + text.replace('"', "") + '"' if text else ""
