"""Exports: every file is reopened and holds the report's own numbers, safely written."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from xml.etree import ElementTree

import docx
import openpyxl
import pytest
from icalendar import Calendar
from office import converted, page_images, recalculated
from openpyxl.utils.datetime import to_excel
from openpyxl.workbook import Workbook
from report_samples import HOSTILE, assessment_report, plan_report

from assistant.errors import InputError
from assistant.export import FORMATS, export, file_name
from assistant.export.markdown import escaped
from assistant.export.notes import Notes, calendar_columns
from assistant.export.pages import Layout, letters
from assistant.messages import say
from assistant.plan.assumptions import Assumptions
from assistant.plan.brief import Brief
from assistant.plan.drafting import draft_plan
from assistant.plan.sheet import recomputed
from assistant.records import Language
from assistant.showing import show
from assistant.values import Paragraph, Report, Row, Section, Span, Table, Timeline, Value

BOTH: tuple[Language, ...] = ("zh", "en")
SAMPLES = {
    f"{kind}-{language}": (build, language)
    for kind, build in (("plan", plan_report), ("assessment", assessment_report))
    for language in BOTH
}
ROOT = Path(__file__).resolve().parent.parent
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


@pytest.fixture(params=sorted(SAMPLES))
def report(request: pytest.FixtureRequest) -> Report:
    """Give each sample report."""
    build, language = SAMPLES[request.param]
    return build(language)


def _document(report: Report) -> docx.document.Document:
    return docx.Document(io.BytesIO(export(report, "docx")))


def _texts(report: Report) -> str:
    document = _document(report)
    cells = (c.text for t in document.tables for row in t.rows for c in row.cells)
    return "\n".join([*(p.text for p in document.paragraphs), *cells])


def _book(report: Report, folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "book.xlsx"
    path.write_bytes(export(report, "xlsx"))
    return path


def _numbers(path: Path) -> dict[tuple[str, str], float]:
    """Give every number that stands in a workbook, by sheet and cell."""
    book = openpyxl.load_workbook(path, data_only=True)
    return {
        (sheet.title, cell.coordinate): to_excel(cell.value) if cell.is_date else cell.value
        for sheet in book
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type in "nd" and cell.value is not None
    }


def _formulas(path: Path) -> dict[tuple[str, str], str]:
    book = openpyxl.load_workbook(path)
    return {
        (sheet.title, cell.coordinate): cell.value
        for sheet in book
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type == "f"
    }


def _input_cell(book: Workbook, report: Report, name: str) -> tuple[str, str]:
    """Find the input cell of a value by its id in the last column."""
    sheet = book[say(report.language, "exported.assumptions")]
    row = next(row for row in sheet.iter_rows() if row[7].value == name)
    return sheet.title, row[1].coordinate


# Every format


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("language", BOTH)
def test_hostile_text_breaks_no_format(format: str, language: Language) -> None:
    assert export(plan_report(language, hostile=True), format)
    name = file_name(plan_report(language, hostile=True), format)
    assert not re.search(r'[\\/:*?"<>|\x00-\x1f]', name) and len(name) < 70


def test_an_unknown_format_is_named() -> None:
    with pytest.raises(InputError) as raised:
        export(plan_report("en"), "exe")
    assert "exe" in say("zh", raised.value.key, **raised.value.values)


@pytest.mark.parametrize("format", FORMATS)
def test_an_empty_report_can_be_exported(format: str) -> None:
    assert export(Report("x", "plan", "", "", "zh", "2026-01-01", ()), format)


def test_the_name_of_a_file_is_its_title() -> None:
    assert file_name(plan_report("zh"), "xlsx") == "云杉女装 618 大促营销方案.xlsx"
    nameless = Report("plan-7", "plan", " ../ ", "", "zh", "2026-01-01", ())
    assert file_name(nameless, "md") == "plan-7.md"


# Word


def test_a_document_holds_every_text_and_number(report: Report) -> None:
    text = _texts(report)
    for section in report.sections:
        assert section.title in text
        for block in section.blocks:
            for cell in (c for r in getattr(block, "rows", ()) for c in r.cells):
                shown = show(cell, report.language) if isinstance(cell, Value) else None
                assert shown is None or shown in text, cell
    for quote in report.quotes():
        assert quote.text in text and quote.title in text


def test_a_document_has_structure_and_no_markdown(report: Report) -> None:
    document = _document(report)
    titles = [p.text for p in document.paragraphs if p.style.name == "Heading 1"]
    assert titles[: len(report.sections)] == [section.title for section in report.sections]
    number = document.styles["Heading 1"].element.pPr.numPr
    assert number.numId.val == 90
    assert document.core_properties.title == report.title
    assert document.core_properties.language == ("zh-CN" if report.language == "zh" else "en-US")
    fonts = document.styles["Normal"].element.rPr.rFonts
    assert fonts.get(f"{W}eastAsia") == "Microsoft YaHei"
    assert not re.search(r"\*\*|^#|\]\(|<sup>", _texts(report), re.M)


def test_the_contents_are_a_field_with_an_entry_for_each_section() -> None:
    report = plan_report("zh")
    document = _document(report)
    xml = document.element.xml
    assert 'TOC \\o "1-1"' in xml
    assert xml.count('fldCharType="begin"') == xml.count('fldCharType="end"')
    entries = [p for p in document.paragraphs if p.style.name.lower() == "toc 1"]
    anchors = {e.get(f"{W}anchor") for p in entries for e in p._p.iter(f"{W}hyperlink")}
    marks = {e.get(f"{W}name") for e in document.element.iter(f"{W}bookmarkStart")}
    assert len(entries) == len(report.sections) + 1 and anchors <= marks
    footer = document.sections[0].footer._element.xml
    assert "NUMPAGES" in footer and " PAGE " in footer


def test_marks_tell_facts_from_given_computed_and_assumed_numbers() -> None:
    report = plan_report("zh")
    document = _document(report)
    raised = [
        (run.text, run.font.superscript) for p in document.paragraphs for run in p.runs if run.text
    ]
    sentence = [text for text, _ in raised]
    place = sentence.index("给")
    assert sentence[place - 1].endswith("300 万元") and raised[place][1]
    row = next(r for t in document.tables for r in t.rows if r.cells[0].text == "加购率")
    assert row.cells[1].text == "5%引[1]"


def test_a_matrix_is_shaded_by_size_and_totals_apart() -> None:
    document = _document(plan_report("en"))
    table = next(t for t in document.tables if t.rows[0].cells[0].text == "Quadrant")
    fills = [
        [e.get(f"{W}fill") for e in cell._tc.iter(f"{W}shd")] for cell in table.rows[1].cells[1:5]
    ]
    darkness = [-int(fill[0][:2], 16) for fill in fills]
    amounts = [50_000, 40_000, 90_000, 20_000]
    order = sorted(range(4), key=lambda n: amounts[n])
    assert sorted(range(4), key=lambda n: darkness[n]) == order
    assert table.rows[0]._tr.xml.count("tblHeader") == 1


def test_charts_are_native_and_hold_the_numbers() -> None:
    report = plan_report("en")
    archive = zipfile.ZipFile(io.BytesIO(export(report, "docx")))
    charts = sorted(name for name in archive.namelist() if name.startswith("word/charts/chart"))
    assert len(charts) == 3
    names = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
    tree = ElementTree.fromstring(archive.read(charts[0]))
    first = tree.find(f".//{names}ser/{names}val")
    assert first is not None
    points = [float(v.text or 0) for v in first.iter(f"{names}v")]
    assert points == [report.values[f"cell.0.{n}"].value for n in range(4)]
    books = [name for name in archive.namelist() if name.startswith("word/embeddings")]
    inside = openpyxl.load_workbook(io.BytesIO(archive.read(books[0])))
    assert inside["Sheet1"]["B2"].value == points[0]


def test_documents_open_in_an_office_program(tmp_path: Path) -> None:
    for n, name in enumerate(("plan-zh", "assessment-en")):
        build, language = SAMPLES[name]
        source = tmp_path / f"{n}.docx"
        source.write_bytes(export(build(language), "docx"))
        saved = docx.Document(str(converted(source, tmp_path / "out", "docx")))
        assert build(language).sections[0].title in [p.text for p in saved.paragraphs]


def test_pages_can_be_drawn(tmp_path: Path) -> None:
    source = tmp_path / "plan.docx"
    source.write_bytes(export(plan_report("en", hostile=False), "docx"))
    assert 3 <= len(page_images(source, tmp_path / "out", 20)) <= 8


# Excel


def test_recalculation_gives_the_numbers_of_the_program(report: Report, tmp_path: Path) -> None:
    path = _book(report, tmp_path)
    formulas = _formulas(path)
    assert len([f for f in formulas.values() if "!" not in f or "(" in f]) > 0
    before, after = _numbers(path), _numbers(recalculated(path, tmp_path / "out"))
    assert set(formulas) <= set(before)
    for place in formulas:
        assert after[place] == pytest.approx(before[place], rel=1e-9, abs=1e-9), place


@pytest.mark.parametrize(
    ("name", "number"),
    [("brief.budget", 800000.0), ("assume.conversion", 3.1), ("phase.2", 55.0)],
)
def test_a_changed_input_changes_what_depends_on_it(
    name: str, number: float, tmp_path: Path
) -> None:
    report = plan_report("zh")
    path = _book(report, tmp_path)
    found = _computed_anew(path, report, {name: number}, tmp_path)
    expected = recomputed(report.values, {name: number})
    different = [v for v in expected if expected[v].value != report.values[v].value]
    assert len(different) > 1
    for value, place in _own_cells(report).items():
        assert found[place] == pytest.approx(expected[value].value, rel=1e-9), value


def _own_cells(report: Report) -> dict[str, tuple[str, str]]:
    """Give the sheet and cell in which each value of a report is defined."""
    return {
        name: (sheet, f"{letters(column)}{row + 1}")
        for name, (sheet, row, column) in Layout(report).places.items()
    }


def _computed_anew(
    path: Path, report: Report, changes: Mapping[str, float], folder: Path
) -> dict[tuple[str, str], float]:
    """Set input cells of a workbook and give its numbers as an office program computes them."""
    book = openpyxl.load_workbook(path)
    for name, number in changes.items():
        sheet, cell = _input_cell(book, report, name)
        book[sheet][cell].value = number
    changed = folder / "changed.xlsx"
    book.save(changed)
    return _numbers(recalculated(changed, folder / "out"))


@pytest.fixture(scope="module")
def drafted() -> Report:
    """Draft a whole plan from one of the sample briefs."""
    assumptions = Assumptions.load(ROOT / "knowledge")
    text = (ROOT / "tests/briefs/new-shop-618.yaml").read_text("utf-8")
    brief = Brief.read(text, assumptions)
    return draft_plan(brief, assumptions, today=date(2026, 4, 20), language="zh").report


def test_a_whole_plan_computes_in_its_workbook(drafted: Report, tmp_path: Path) -> None:
    path = _book(drafted, tmp_path)
    cells, formulas = _own_cells(drafted), _formulas(path)
    assert set(cells) == set(drafted.values)
    unwritten = [n for n, v in drafted.values.items() if v.rule and cells[n] not in formulas]
    assert unwritten == []
    changes = {"aov": 231.0, "rate.return": 33.0, "brief.budget": 640_000.0}
    for altered in ({}, changes):
        expected = recomputed(drafted.values, altered)
        found = _computed_anew(path, drafted, altered, tmp_path)
        for name, place in cells.items():
            assert found[place] == pytest.approx(expected[name].value, rel=1e-9, abs=1e-6), name


def test_a_whole_plan_fits_its_document(drafted: Report) -> None:
    document = _document(drafted)
    for table in document.tables:
        widths = [column.width.cm for column in table.columns]
        assert sum(widths) == pytest.approx(17, abs=0.2) and min(widths) > 0.1
    events = Calendar.from_ical(export(drafted, "ics")).walk("VEVENT")
    spans = [s for b in drafted.blocks() if isinstance(b, Timeline) for s in b.spans]
    assert len(events) == len({span.id for span in spans}) > 5


def test_formulas_are_the_rules_over_the_input_cells(tmp_path: Path) -> None:
    report = plan_report("en")
    path = _book(report, tmp_path)
    formulas = _formulas(path)
    book = openpyxl.load_workbook(path)
    sheet, cell = _input_cell(book, report, "brief.budget")
    absolute = re.sub(r"([A-Z]+)(\d+)", r"$\1$\2", cell)
    assert any(f"{sheet}'!{absolute}" in f and "ROUND(" in f for f in formulas.values())
    assert "brief.budget" in book.defined_names
    assert cell not in {c for s, c in formulas if s == sheet}


def test_text_is_never_a_formula_and_no_cell_is_too_long(tmp_path: Path) -> None:
    path = _book(plan_report("en", hostile=True), tmp_path)
    book = openpyxl.load_workbook(path)
    assert all(len(name) <= 31 and not re.search(r"[\[\]:*?/\\]", name) for name in book.sheetnames)
    assert len({name.lower() for name in book.sheetnames}) == len(book.sheetnames)
    texts = [c for s in book for row in s.iter_rows() for c in row if isinstance(c.value, str)]
    assert not [c for c in texts if c.data_type == "f" and re.search("HYPER|cmd|1\\+1", c.value)]
    assert [c for c in texts if c.value == "=1+1" and c.data_type == "s"]
    assert max(len(c.value) for c in texts) <= 32_767


def test_a_workbook_has_formats_frozen_heads_and_charts(report: Report, tmp_path: Path) -> None:
    path = _book(report, tmp_path)
    book = openpyxl.load_workbook(path)
    assert all(sheet.freeze_panes for sheet in book)
    drawings = [n for n in zipfile.ZipFile(path).namelist() if n.startswith("xl/charts/chart")]
    assert len(drawings) == (3 if report.kind == "plan" else 1)
    if report.kind == "plan":
        formats = {c.number_format for s in book for row in s.iter_rows() for c in row}
        assert '0.0"%"' in {f.removeprefix("#,##") for f in formats}
        assert any(f.startswith('"¥"#,##0.00') or f == '#,##0.00" 元"' for f in formats)


def test_a_timeline_is_dates_and_a_calendar_that_follows_them(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(_book(plan_report("zh"), tmp_path))
    sheet = book["时间表"]
    head = next(row for row in sheet.iter_rows() if row[0].value == "阶段")
    first = sheet[head[0].row + 1]
    assert first[2].value.date() == date(2026, 5, 20)
    assert first[4].value == f"=D{first[0].row}-C{first[0].row}+1"
    rules = [r.formula[0] for area in sheet.conditional_formatting for r in area.rules]
    assert len(rules) == 6 and all(rule.startswith("AND($C") for rule in rules)


def test_a_number_that_no_rule_can_write_is_a_plain_number(tmp_path: Path) -> None:
    odd = Value("odd", 7.0, "orders", "computed", "x", rule="no_such_rule", inputs={"a": "gone"})
    endless = Value("endless", float("inf"), "yuan", "given", "y")
    table = Table("t", "t", ("a", "b"), (Row(("x", odd)), Row(("y", endless))))
    section = Section("s", "S", (table,))
    report = Report("r", "plan", "T", "", "en", "2026-01-01", (section,),
                    {"odd": odd, "endless": endless})  # fmt: skip
    path = _book(report, tmp_path)
    assert 7.0 in _numbers(path).values()
    assert all("no_such" not in f for f in _formulas(path).values())


# Markdown


def test_markdown_holds_every_number_and_quote(report: Report) -> None:
    text = export(report, "md").decode()
    for section in report.sections:
        assert f". {section.title}\n" in text
        for block in section.blocks:
            for row in getattr(block, "rows", ()):
                for cell in row.cells:
                    assert not isinstance(cell, Value) or show(cell, report.language) in text
    for n, quote in enumerate(report.quotes(), start=1):
        assert f"[^{n}]: " in text and quote.text in text


def test_content_cannot_inject_markup() -> None:
    text = export(plan_report("zh", hostile=True), "md").decode()
    assert "<script" not in text and "](c)" not in text.replace("\\](c)", "")
    assert not re.search(r"(?<!\\)\*\*粗", text) and "\n# 标题" not in text
    for line in text.splitlines():
        assert "\x00" not in line and "\u202e" not in line
    tables = re.findall(r"(?:^\|.*\n)+", text, re.M)
    for table in tables:
        widths = {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}
        assert len(widths) == 1, table[:300]


@pytest.mark.parametrize("start", ["# a", "- a", "+ a", "> a", "= a", "1. a", "2) a", "| a"])
def test_a_line_cannot_begin_a_block(start: str) -> None:
    assert re.match(r"\\|&|\d\\", escaped(start)), escaped(start)


# JSON


def test_json_is_the_given_data_or_the_report(report: Report) -> None:
    assert json.loads(export(report, "json", {"a": "甲"})) == {"a": "甲"}
    data = json.loads(export(report, "json"))
    assert data["title"] == report.title
    by_id = {value["id"]: value["value"] for value in data["values"]}
    assert by_id == {name: value.value for name, value in report.values.items()}


# Calendar


@pytest.mark.parametrize("language", BOTH)
def test_a_calendar_holds_each_span_as_whole_days(language: Language) -> None:
    report = plan_report(language)
    raw = export(report, "ics")
    calendar = Calendar.from_ical(raw)
    events = calendar.walk("VEVENT")
    spans = [s for b in report.blocks() if isinstance(b, Timeline) for s in b.spans]
    assert len(events) == len(spans) == len({str(e["uid"]) for e in events})
    for event, span in zip(events, spans, strict=True):
        assert event.decoded("dtstart") == date.fromisoformat(span.start)
        assert event.decoded("dtend") == date.fromisoformat(span.end) + timedelta(days=1)
        assert str(event["summary"]) == span.title
        assert span.owner in event["description"] and span.deliverable in event["description"]
        assert not event.errors
    assert calendar["calscale"] == "GREGORIAN" and calendar["x-wr-calname"] == report.title
    assert export(report, "ics") == raw


@pytest.mark.parametrize("language", BOTH)
def test_calendar_lines_are_folded_between_characters(language: Language) -> None:
    raw = export(plan_report(language, hostile=True), "ics")
    for line in raw.split(b"\r\n"):
        assert len(line) <= 75
        line.decode("utf-8")
    assert b"\n" not in raw.replace(b"\r\n", b"")


# What the formats share


def test_each_shown_number_is_marked_once() -> None:
    report = plan_report("en")
    notes = Notes(report)
    text = "5% of 15% and 5%: ¥500,000, not 1,500,000."
    pieces = notes.pieces(text, ("assume.add_to_cart", "brief.budget"), ())
    assert "".join(piece.text for piece in pieces) == text
    marked = [(piece.text, piece.basis) for piece in pieces if piece.basis]
    assert marked == [("5%", "cited"), (" of 15% and 5%: ¥500,000", "given")]
    assert notes.pieces(HOSTILE, ("gone",), ())[0].basis is None


def test_alerts_stand_before_the_first_section() -> None:
    report = plan_report("zh")
    for text in (_texts(report), export(report, "md").decode()):
        alert = re.sub(r"ROI 6.*", "", report.alerts[0].text)
        assert text.index(alert) < text.index("先核对商品和主播是否就位")


def test_long_times_are_drawn_by_longer_pieces() -> None:
    def spans(end: str) -> list[Span]:
        return [Span("a", "p", "t", "2026-01-05", end)]

    assert [len(calendar_columns(spans(end))) for end in ("2026-01-05", "2026-02-04")] == [1, 31]
    weeks = calendar_columns(spans("2026-02-20"))
    assert weeks[0] == (date(2026, 1, 5), date(2026, 1, 11)) and len(weeks) == 7
    assert len(calendar_columns(spans("2028-01-05"))) <= 31
    assert calendar_columns([]) == []


def test_a_paragraph_without_numbers_keeps_its_sources() -> None:
    report = assessment_report("zh")
    paragraph = next(b for b in report.blocks() if isinstance(b, Paragraph) and b.quotes)
    assert Notes(report).pieces(paragraph.text, (), paragraph.quotes)[-1].sources == (1, 2)
