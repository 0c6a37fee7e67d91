"""The looks of a Word document: fonts for both scripts, styles, heading numbers, page frame.

Everything is a real style or a real numbering, so that a reader can restyle the whole document and
an outline, a table of contents or a screen reader sees its structure.
"""

from __future__ import annotations

from typing import Any

from assistant.export.notes import visible
from assistant.messages import say
from assistant.records import Language
from assistant.values import Report

DARK, GREY = "24446B", "6B7280"
_LATIN, _CHINESE = "Arial", "Microsoft YaHei"
_TONES = {
    "Lead": ("24446B", 11.5, True, ""), "Hint": ("6B7280", 9.5, False, ""),
    "Warning": ("7A3A06", 10.5, False, "FDF0E3"), "Good": ("14532D", 10.5, False, "EAF5EE"),
}  # fmt: skip
_EDGES = {"Warning": "D9822B", "Good": "2F9E7A"}
_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def new_document(report: Report) -> Any:
    """Give an empty A4 document with styles, numbering, header, footer and properties set."""
    import docx
    from docx.shared import Cm

    document = docx.Document()
    page = document.sections[0]
    page.page_width, page.page_height = Cm(21), Cm(29.7)
    page.left_margin = page.right_margin = Cm(2)
    page.top_margin, page.bottom_margin = Cm(2.2), Cm(2)
    _styles(document, report.language)
    _number_headings(document)
    _frame(document, report)
    _properties(document, report)
    return document


def _styles(document: Any, language: Language) -> None:
    from docx.shared import Pt

    styles = document.styles
    _font(styles["Normal"], "1F2937", 10.5, language=language)
    spacing = styles["Normal"].paragraph_format
    spacing.space_after, spacing.line_spacing = Pt(6), 1.25
    _font(styles["Title"], DARK, 26, bold=True)
    _plain_border(styles["Title"])
    _font(styles["Subtitle"], GREY, 13)
    _font(styles["Heading 1"], DARK, 16, bold=True)
    _font(styles["Heading 2"], DARK, 12.5, bold=True)
    _font(styles["Caption"], DARK, 9.5, bold=True)
    for name in ("Heading 1", "Heading 2", "Caption"):
        styles[name].paragraph_format.keep_with_next = True
    styles["Heading 1"].paragraph_format.space_before = Pt(20)
    styles["Heading 1"].paragraph_format.space_after = Pt(8)
    styles["Caption"].paragraph_format.space_before = Pt(10)
    styles["Caption"].paragraph_format.space_after = Pt(4)
    for name in ("List Bullet", "List Number"):
        styles[name].paragraph_format.space_after = Pt(3)
    for name, (colour, size, bold, fill) in _TONES.items():
        _tone(styles, name, colour, size, bold, fill)
    _small_styles(styles)


def _small_styles(styles: Any) -> None:
    from docx.enum.style import WD_STYLE_TYPE
    from docx.enum.text import WD_TAB_ALIGNMENT, WD_TAB_LEADER
    from docx.shared import Cm, Pt

    for name, size, after in (
        ("Cell", 9, 0), ("CellSmall", 8, 0), ("TOC 1", 10.5, 1), ("Contents Heading", 13, 4),
    ):
        style = styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        style.base_style = styles["Normal"]
        style.font.size = Pt(size)
        style.paragraph_format.space_after = Pt(after)
        style.paragraph_format.line_spacing = 1.15
    _font(styles["Contents Heading"], DARK, 13, bold=True)
    styles["CellSmall"].paragraph_format.line_spacing = 1.0
    styles["Contents Heading"].paragraph_format.space_before = Pt(10)
    styles["Contents Heading"].paragraph_format.keep_with_next = True
    styles["TOC 1"].paragraph_format.tab_stops.add_tab_stop(
        Cm(17), WD_TAB_ALIGNMENT.RIGHT, WD_TAB_LEADER.DOTS
    )


def _tone(styles: Any, name: str, colour: str, size: float, bold: bool, fill: str) -> None:
    from docx.enum.style import WD_STYLE_TYPE
    from docx.oxml import parse_xml
    from docx.shared import Cm

    style = styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
    style.base_style = styles["Normal"]
    _font(style, colour, size, bold=bold)
    if not fill:
        return
    style.paragraph_format.left_indent = style.paragraph_format.right_indent = Cm(0.3)
    properties = style.element.get_or_add_pPr()
    edge = f'w:val="single" w:sz="24" w:space="6" w:color="{_EDGES[name]}"'
    properties.insert_element_before(
        parse_xml(f"<w:pBdr {_W}><w:left {edge}/></w:pBdr>"),
        "w:shd", "w:tabs", "w:spacing", "w:ind", "w:jc",
    )  # fmt: skip
    properties.insert_element_before(
        parse_xml(f'<w:shd {_W} w:val="clear" w:color="auto" w:fill="{fill}"/>'),
        "w:tabs", "w:spacing", "w:ind", "w:jc",
    )  # fmt: skip


def _font(
    style: Any, colour: str, size: float, bold: bool = False, language: Language | None = None
) -> None:
    """Set both scripts' fonts; a theme font would win over them, so it is taken out."""
    from docx.oxml import parse_xml
    from docx.oxml.ns import qn
    from docx.shared import Pt, RGBColor

    style.font.name, style.font.size, style.font.bold = _LATIN, Pt(size), bold
    style.font.italic = False
    style.font.color.rgb = RGBColor.from_string(colour)
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for name in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{name}"), None)
    fonts.set(qn("w:eastAsia"), _CHINESE)
    if language:
        spoken = "en-US" if language == "en" else "zh-CN"
        properties = style.element.get_or_add_rPr()
        properties.append(parse_xml(f'<w:lang {_W} w:val="{spoken}" w:eastAsia="zh-CN"/>'))


def _plain_border(style: Any) -> None:
    from docx.oxml.ns import qn

    properties = style.element.get_or_add_pPr()
    for border in properties.findall(qn("w:pBdr")):
        properties.remove(border)


def _number_headings(document: Any) -> None:
    """Tie a multilevel numbering (1, 1.1) to the heading styles."""
    from docx.oxml import parse_xml
    from docx.oxml.ns import qn

    numbering = document.part.numbering_part.element
    levels = "".join(
        f'<w:lvl w:ilvl="{n}"><w:start w:val="1"/><w:numFmt w:val="decimal"/>'
        f'<w:pStyle w:val="Heading{n + 1}"/><w:suff w:val="tab"/><w:lvlText w:val="{text}"/>'
        f'<w:lvlJc w:val="left"/><w:pPr><w:tabs><w:tab w:val="num" w:pos="{indent}"/></w:tabs>'
        f'<w:ind w:left="{indent}" w:hanging="{indent}"/></w:pPr></w:lvl>'
        for n, (text, indent) in enumerate((("%1", 567), ("%1.%2", 680)))
    )
    numbering.insert(0, parse_xml(
        f'<w:abstractNum {_W} w:abstractNumId="90"><w:multiLevelType w:val="multilevel"/>'
        f"{levels}</w:abstractNum>"))  # fmt: skip
    numbering.append(parse_xml(
        f'<w:num {_W} w:numId="90"><w:abstractNumId w:val="90"/></w:num>'))  # fmt: skip
    for n in range(2):
        properties = document.styles[f"Heading {n + 1}"].element.get_or_add_pPr()
        level = properties._add_numPr() if properties.find(qn("w:numPr")) is None else None
        if level is not None:
            level._add_ilvl().set(qn("w:val"), str(n))
            level._add_numId().set(qn("w:val"), "90")


def restarted_list(document: Any) -> int:
    """Give the id of a fresh numbering for one ordered list, beginning at 1."""
    from docx.oxml.ns import qn

    numbering = document.part.numbering_part.element
    style = document.styles["List Number"].element
    used = style.pPr.numPr.numId.val
    abstract = next(num for num in numbering.num_lst if num.numId == used).abstractNumId.val
    fresh = numbering.add_num(abstract)
    fresh.add_lvlOverride(0).add_startOverride(1)
    number: int = int(fresh.get(qn("w:numId")))
    return number


def add_field(paragraph: Any, instruction: str, shown: str = "1") -> None:
    """Put a field (PAGE, NUMPAGES, SEQ …) with the text that it shows until it is updated."""
    from docx.oxml import parse_xml

    for kind in ("begin", "code", "separate", "shown", "end"):
        run = paragraph.add_run(shown if kind == "shown" else None)
        if kind == "code":
            code = parse_xml(f'<w:instrText {_W} xml:space="preserve"/>')
            code.text = f" {instruction} "
            run._r.append(code)
        elif kind != "shown":
            run._r.append(parse_xml(f'<w:fldChar {_W} w:fldCharType="{kind}"/>'))


def _frame(document: Any, report: Report) -> None:
    """Write the title over each page and the page numbers under it."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Pt, RGBColor

    page = document.sections[0]
    page.different_first_page_header_footer = False
    head, foot = page.header.paragraphs[0], page.footer.paragraphs[0]
    head.add_run(visible(report.title)[:80])
    foot.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    pattern = say(report.language, "exported.page", page="\x01", pages="\x02")
    for piece in pattern.replace("\x01", "\0\x01\0").replace("\x02", "\0\x02\0").split("\0"):
        if piece in ("\x01", "\x02"):
            add_field(foot, "PAGE" if piece == "\x01" else "NUMPAGES")
        elif piece:
            foot.add_run(piece)
    for paragraph in (head, foot):
        for run in paragraph.runs:
            run.font.size, run.font.color.rgb = Pt(8.5), RGBColor.from_string(GREY)


def _properties(document: Any, report: Report) -> None:
    properties = document.core_properties
    properties.title = visible(report.title)[:250]
    properties.subject = visible(report.subtitle)[:250]
    properties.language = "zh-CN" if report.language == "zh" else "en-US"
    properties.author = say(report.language, "app.name")
    properties.comments = ""
