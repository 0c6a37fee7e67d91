"""Charts as parts of a Word file: native, so a reader can restyle them and edit their data.

A chart is a DrawingML part with the numbers in it and a small workbook behind it; nothing is drawn
as a picture, so no font has to be at hand where the file is made.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any
from xml.sax.saxutils import escape

from assistant.export.notes import chart_numbers, visible
from assistant.values import Chart, Report

Numbers = Sequence[tuple[str, Sequence[float | None]]]

SERIES_COLOURS = (
    "1D5FA8", "E07B39", "2F9E7A", "8E6BBF", "C23B5A", "7A869A", "D9A400", "3AA6B9",
)  # fmt: skip
_CHART_TYPE = "application/vnd.openxmlformats-officedocument.drawingml.chart+xml"
_BOOK_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
_NAMESPACES = (
    'xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
)
_GREY_LINE = (
    '<c:spPr><a:ln w="6350"><a:solidFill><a:srgbClr val="D0D7E2"/></a:solidFill></a:ln></c:spPr>'
)


def add_chart(document: Any, run: Any, report: Report, chart: Chart, number: int) -> None:
    """Put a chart into a run of a python-docx document; `number` is unique in the file."""
    from docx.opc.packuri import PackURI
    from docx.opc.part import Part
    from docx.oxml import parse_xml

    series = chart_numbers(report, chart)
    categories = [visible(category) for category in chart.categories]
    package = document.part.package
    book = Part(PackURI(f"/word/embeddings/chart{number}.xlsx"), _BOOK_TYPE,
                _workbook(categories, series), package)  # fmt: skip
    part = Part(PackURI(f"/word/charts/chart{number}.xml"), _CHART_TYPE, b"", package)
    behind = part.relate_to(book, _RELATION + "package")
    part._blob = chart_xml(chart, categories, series, behind).encode()
    shown = document.part.relate_to(part, _RELATION + "chart")
    run._r.append(parse_xml(_inline(shown, number, visible(chart.title))))


def chart_xml(chart: Chart, categories: Sequence[str], series: Numbers, behind: str) -> str:
    """Write the chart part; `behind` is the relation to the workbook that holds the numbers."""
    drawn = "".join(_series(chart, n, categories, name, numbers)
                    for n, (name, numbers) in enumerate(series))  # fmt: skip
    legend = '<c:legend><c:legendPos val="b"/><c:overlay val="0"/></c:legend>'
    text = (
        '<a:bodyPr/><a:p><a:pPr><a:defRPr sz="900"><a:latin typeface="Arial"/>'
        '<a:ea typeface="Microsoft YaHei"/></a:defRPr></a:pPr><a:endParaRPr lang="en-US"/></a:p>'
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><c:chartSpace {_NAMESPACES}>'
        '<c:roundedCorners val="0"/><c:chart><c:autoTitleDeleted val="1"/><c:plotArea><c:layout/>'
        f"{_group(chart, drawn)}{_axes(chart)}</c:plotArea>"
        f'{legend if len(series) > 1 else ""}<c:plotVisOnly val="1"/>'
        '<c:dispBlanksAs val="gap"/></c:chart>'
        f"<c:spPr><a:ln><a:noFill/></a:ln></c:spPr><c:txPr>{text}</c:txPr>"
        f'<c:externalData r:id="{behind}"><c:autoUpdate val="0"/></c:externalData></c:chartSpace>'
    )


def _group(chart: Chart, drawn: str) -> str:
    axes = '<c:axId val="1"/><c:axId val="2"/>'
    vary = '<c:varyColors val="0"/>'
    if chart.kind == "radar":
        return f'<c:radarChart><c:radarStyle val="marker"/>{vary}{drawn}{axes}</c:radarChart>'
    if chart.kind == "line":
        grouping = '<c:grouping val="standard"/>'
        return f'<c:lineChart>{grouping}{vary}{drawn}<c:marker val="1"/>{axes}</c:lineChart>'
    direction = "bar" if chart.kind == "bar" else "col"
    return (
        f'<c:barChart><c:barDir val="{direction}"/><c:grouping val="clustered"/>{vary}{drawn}'
        f'<c:gapWidth val="60"/>{axes}</c:barChart>'
    )


def _series(
    chart: Chart, n: int, categories: Sequence[str], name: str, numbers: Sequence[float | None]
) -> str:
    colour = SERIES_COLOURS[n % len(SERIES_COLOURS)]
    fill = f'<a:solidFill><a:srgbClr val="{colour}"/></a:solidFill>'
    solid = chart.kind in ("bar", "column")
    look = fill if solid else f'<a:ln w="25400">{fill}</a:ln>'
    dot = (f'<c:marker><c:symbol val="circle"/><c:size val="5"/><c:spPr>{fill}</c:spPr></c:marker>'
           if not solid else '<c:invertIfNegative val="0"/>')  # fmt: skip
    column, last = chr(66 + n % 25), len(categories) + 1
    texts = "".join(f'<c:pt idx="{i}"><c:v>{escape(t)}</c:v></c:pt>'
                    for i, t in enumerate(categories))  # fmt: skip
    points = "".join(f'<c:pt idx="{i}"><c:v>{x!r}</c:v></c:pt>'
                     for i, x in enumerate(numbers) if x is not None)  # fmt: skip
    return (
        f'<c:ser><c:idx val="{n}"/><c:order val="{n}"/>'
        f"<c:tx><c:strRef><c:f>Sheet1!${column}$1</c:f><c:strCache>"
        f'<c:ptCount val="1"/><c:pt idx="0"><c:v>{escape(name)}</c:v></c:pt></c:strCache>'
        f"</c:strRef></c:tx><c:spPr>{look}</c:spPr>{dot}"
        f"<c:cat><c:strRef><c:f>Sheet1!$A$2:$A${last}</c:f><c:strCache>"
        f'<c:ptCount val="{len(categories)}"/>{texts}</c:strCache></c:strRef></c:cat>'
        f"<c:val><c:numRef><c:f>Sheet1!${column}$2:${column}${last}</c:f><c:numCache>"
        f'<c:formatCode>General</c:formatCode><c:ptCount val="{len(categories)}"/>{points}'
        f'</c:numCache></c:numRef></c:val>{_unsmoothed(chart)}</c:ser>'
    )


def _unsmoothed(chart: Chart) -> str:
    return '<c:smooth val="0"/>' if chart.kind == "line" else ""


def _axes(chart: Chart) -> str:
    radar, bar = chart.kind == "radar", chart.kind == "bar"
    order = "maxMin" if bar else "minMax"
    limits = '<c:max val="100"/><c:min val="0"/>' if radar else ""
    unit = '<c:majorUnit val="25"/>' if radar else ""
    grid = f"<c:majorGridlines>{_GREY_LINE}</c:majorGridlines>"
    between = '<c:crossBetween val="between"/>'
    across = "max" if bar else "autoZero"
    return (
        f'<c:catAx><c:axId val="1"/><c:scaling><c:orientation val="{order}"/></c:scaling>'
        f'<c:delete val="0"/><c:axPos val="{"l" if bar else "b"}"/>{grid if radar else ""}'
        '<c:numFmt formatCode="General" sourceLinked="0"/><c:majorTickMark val="none"/>'
        f'<c:minorTickMark val="none"/><c:tickLblPos val="low"/>{_GREY_LINE}<c:crossAx val="2"/>'
        '<c:crosses val="autoZero"/></c:catAx>'
        f'<c:valAx><c:axId val="2"/><c:scaling><c:orientation val="minMax"/>{limits}</c:scaling>'
        f'<c:delete val="0"/><c:axPos val="{"b" if bar else "l"}"/>{grid}'
        '<c:numFmt formatCode="#,##0" sourceLinked="0"/><c:majorTickMark val="none"/>'
        f'<c:minorTickMark val="none"/><c:tickLblPos val="nextTo"/>{_GREY_LINE}'
        f'<c:crossAx val="1"/><c:crosses val="{across}"/>{between}{unit}</c:valAx>'
    )


def _workbook(categories: Sequence[str], series: Numbers) -> bytes:
    """Write the numbers as the workbook that opens when a reader edits the chart's data."""
    import xlsxwriter

    target = BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(target, options) as book:
        sheet = book.add_worksheet("Sheet1")
        for row, category in enumerate(categories, start=1):
            sheet.write_string(row, 0, category)
        for column, (name, numbers) in enumerate(series, start=1):
            sheet.write_string(0, column, name)
            for row, number in enumerate(numbers, start=1):
                if number is not None:
                    sheet.write_number(row, column, number)
    return target.getvalue()


def _inline(relation: str, number: int, title: str) -> str:
    width, height = 6_120_000, 2_750_000
    described = escape(title, {'"': "&quot;"})
    return (
        '<w:drawing xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
        '<wp:inline distT="0" distB="0" distL="0" distR="0" '
        'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing">'
        f'<wp:extent cx="{width}" cy="{height}"/><wp:effectExtent l="0" t="0" r="0" b="0"/>'
        f'<wp:docPr id="{1000 + number}" name="Chart {number}" descr="{described}"/>'
        "<wp:cNvGraphicFramePr/>"
        '<a:graphic xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main">'
        '<a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/chart">'
        '<c:chart xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" '
        'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" '
        f'r:id="{relation}"/></a:graphicData></a:graphic></wp:inline></w:drawing>'
    )
