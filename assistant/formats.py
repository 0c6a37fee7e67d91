"""Turns the bytes of a file into Markdown text, page by page, and knows every outside parser.

Parsing is bounded: containers are measured before they are opened, and whatever a parser raises
becomes a LoadingError of one line that says what to do. Nothing is executed, fetched or written.
"""

from __future__ import annotations

import csv
import io
import logging
import re
import unicodedata
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from assistant.decoding import decode, decode_html
from assistant.errors import LoadingError

UNPACKED_BYTES = 200_000_000
UNPACKED_RATIO = 200
# Small files may be packed tightly without harm; only what is big when unpacked is a bomb.
_RATIO_MATTERS_ABOVE = 20_000_000
ZIP_MEMBERS = 10_000
PDF_STREAM_BYTES = 100_000_000
PDF_UNPACKED_BYTES = 1_000_000_000
PDF_PAGES = 3_000
# Finding tables and the reading order costs squared time in these.
PDF_PAGE_EDGES = 4_000
PDF_PAGE_BOXES = 400
HTML_BYTES = 10_000_000
TABLE_CELLS = 2_000_000
TABLE_COLUMNS = 500

SUFFIXES: Mapping[str, str] = {
    ".md": "markdown",
    ".markdown": "markdown",
    ".txt": "text",
    ".csv": "csv",
    ".html": "html",
    ".htm": "html",
    ".pdf": "pdf",
    ".docx": "docx",
    ".pptx": "pptx",
    ".xlsx": "xlsx",
}
_NAMES = {"pdf": "a PDF", "docx": "a Word document", "pptx": "a presentation"} | {
    "xlsx": "an Excel workbook",
    "zip": "a ZIP archive",
    "ole": "an old Office file",
    "image": "an image",
    "binary": "a binary file",
}
_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "pdf"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
    (b"\x89PNG", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"GIF8", "image"),
    (b"RIFF", "binary"),
    (b"\x1f\x8b", "binary"),
    (b"7z\xbc\xaf", "binary"),
    (b"Rar!", "binary"),
    (b"\x7fELF", "binary"),
)
_OFFICE_PARTS = {"word/": "docx", "ppt/": "pptx", "xl/": "xlsx"}
_HIDDEN_STYLE = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d]*[1-9])"
    r"|opacity\s*:\s*0(?![.\d]*[1-9])",
    re.IGNORECASE,
)
_UNSEEN_TAGS = frozenset(
    {"script", "style", "noscript", "template", "svg", "iframe", "object", "embed", "canvas"}
    | {"head", "nav", "select", "button"}
)
_INLINE_IMAGE = re.compile(r"!\[([^\]\n]{0,500})\]\(data:[^)\s]{0,200}\)")
# PDF fonts often name a character by its radical, which Unicode's own folding does not mend here.
_RADICALS = str.maketrans(
    "⺟⺠⻁⻄⻅⻆⻉⻋⻑⻓⻔⻘⻙⻚⻛⻜⻝⻢⻣⻤⻥⻦⻨⻩⻬⻮⻰⻳",
    "母民虎西见角贝车長长门青韦页风飞食马骨鬼鱼鸟麦黄齐齿龙龟",
)
_GLYPH_NAMES = re.compile("[\u2f00-\u2fdf\ufb00-\ufb06]")


@dataclass(frozen=True)
class Parsed:
    """A file's text in pieces, each with its page or slide number if the format has pages."""

    pieces: tuple[tuple[int | None, str], ...]
    title: str | None = None
    has_headings: bool = True


def parse(suffix: str, raw: bytes) -> Parsed:
    """Read the bytes as the format of this suffix; every failure is a LoadingError."""
    form = SUFFIXES[suffix]
    if not raw:
        raise LoadingError("is empty (0 bytes)")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _check_signature(form, suffix, raw)
            parsed = _READERS[form](raw)
    except LoadingError:
        raise
    except Exception as error:
        first = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
        raise LoadingError(f"is damaged or not {_name(form)}: {first}") from error
    if not any(text.strip() for _, text in parsed.pieces):
        scan = " (a scan?); run text recognition (OCR) on it first" if form == "pdf" else ""
        raise LoadingError(f"has no text in it{scan}")
    return parsed


def sniff(raw: bytes) -> str:
    """Guess the suffix of bytes that came without a name, such as a web page."""
    form = _signature(raw)
    if form in SUFFIXES.values():
        return f".{form}"
    return ".html" if raw[:2000].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") else ".txt"


def _name(form: str) -> str:
    return _NAMES.get(form, f"a {form} file")


def _signature(raw: bytes) -> str | None:
    form = next((form for start, form in _SIGNATURES if raw.startswith(start)), None)
    return _office_form(raw) if form == "zip" else form


def _office_form(raw: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        raise LoadingError("is damaged or cut off; copy or save it again") from error
    known = (form for part, form in _OFFICE_PARTS.items() if any(n.startswith(part) for n in names))
    return next(known, "zip")


def _check_signature(form: str, suffix: str, raw: bytes) -> None:
    found = _signature(raw)
    if found == "ole" and b"E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e" in raw:
        raise LoadingError("is encrypted; save it without a password and try again")
    if found == "ole":
        raise LoadingError("is an old or protected Office file; save it as .docx, .pptx or .xlsx")
    if found not in (None, form):
        raise LoadingError(
            f"is {_name(str(found))} although its name ends in {suffix}; give it its right suffix"
        )
    if found is None and form in ("docx", "pptx", "xlsx"):
        raise LoadingError(f"is not {_name(form)} although its name ends in {suffix}")
    if found is None and form == "pdf" and b"%PDF-" not in raw[:1024]:
        raise LoadingError("is not a PDF although its name ends in .pdf")
    if form in ("docx", "pptx", "xlsx"):
        _check_archive(raw)


def _check_archive(raw: bytes) -> None:
    """Measure an Office file before a parser opens it."""
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        members = archive.infolist()
        if any(member.flag_bits & 1 for member in members):
            raise LoadingError("is encrypted; save it without a password and try again")
        unpacked = sum(member.file_size for member in members)
        packed = max(1, sum(member.compress_size for member in members))
        bomb = unpacked > _RATIO_MATTERS_ABOVE and unpacked > UNPACKED_RATIO * packed
        if unpacked > UNPACKED_BYTES or bomb or len(members) > ZIP_MEMBERS:
            raise LoadingError(
                f"unpacks to {unpacked / 1e6:.0f} MB from {packed / 1e6:.1f} MB (a zip bomb?); "
                f"at most {UNPACKED_BYTES / 1e6:.0f} MB and {UNPACKED_RATIO} times are read"
            )
        for member in members:
            if member.filename.endswith((".xml", ".rels")):
                _check_no_entities(archive.open(member).read(4096))


def _check_no_entities(start: bytes) -> None:
    if b"<!DOCTYPE" in start or b"<!ENTITY" in start:
        raise LoadingError("declares XML entities, which no Office file needs; it is not read")


def _read_text(raw: bytes) -> Parsed:
    return Parsed(((None, decode(raw).replace("\f", "\n\n")),), has_headings=False)


def _read_markdown(raw: bytes) -> Parsed:
    return Parsed(((None, decode(raw)),))


def _convert(converter: Callable[[], Any], raw: bytes, suffix: str) -> str:
    from markitdown import StreamInfo

    described = StreamInfo(extension=suffix, charset="utf-8")
    # Without these, `a_b` becomes `a\_b`, which no longer is what the document says.
    verbatim = {"escape_asterisks": False, "escape_underscores": False}
    result = converter().convert(io.BytesIO(raw), described, **verbatim)
    # Line breaks inside a shape come as vertical tabs, which cleaning would drop.
    markdown = re.sub("[\v\f\u2028\u2029]", "\n", result.markdown)
    return _INLINE_IMAGE.sub(r"\1", markdown)


def _read_docx(raw: bytes) -> Parsed:
    from markitdown import converters

    return Parsed(((None, _convert(converters.DocxConverter, raw, ".docx")),))


def _read_pptx(raw: bytes) -> Parsed:
    from markitdown import converters

    markdown = _convert(converters.PptxConverter, raw, ".pptx")
    parts = re.split(r"^<!-- Slide number: (\d+) -->$", markdown, flags=re.MULTILINE)
    slides = [
        (int(number), text.strip()) for number, text in zip(parts[1::2], parts[2::2], strict=True)
    ]
    return Parsed(tuple((number, _slide(number, text)) for number, text in slides if text))


def _slide(number: int, text: str) -> str:
    """Begin a slide with a second-level heading: its title, else its number."""
    titled = re.search(r"^# +(\S.*)$", text, re.MULTILINE)
    if not titled:
        return f"## {number}\n\n{text}"
    rest = (text[: titled.start()] + text[titled.end() :]).strip()
    return f"## {titled.group(1).strip()}\n\n{rest}".strip()


def _read_html(raw: bytes) -> Parsed:
    from bs4 import BeautifulSoup
    from markitdown import converters

    if len(raw) > HTML_BYTES:
        raise LoadingError(f"is a page of more than {HTML_BYTES / 1e6:.0f} MB, which is not read")
    soup = BeautifulSoup(decode_html(raw), "html.parser")
    title = " ".join(soup.title.get_text().split()) if soup.title else None
    for tag in soup.find_all(_is_unseen):
        if not tag.decomposed:
            tag.decompose()
    markdown = _convert(
        converters.HtmlConverter, str(soup).encode("utf-8", errors="ignore"), ".html"
    )
    return Parsed(((None, markdown),), title=title or None)


def _is_unseen(tag: Any) -> bool:
    hidden = tag.has_attr("hidden") or _HIDDEN_STYLE.search(str(tag.get("style") or ""))
    empty_image = tag.name == "img" and not tag.get("alt")
    return tag.name in _UNSEEN_TAGS or bool(hidden) or empty_image


def _read_csv(raw: bytes) -> Parsed:
    text = decode(raw)
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    return Parsed(((None, _table(rows)),), has_headings=False)


def _read_xlsx(raw: bytes) -> Parsed:
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
    sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    pieces = []
    for sheet in sheets:
        sheet.reset_dimensions()
        table = _table([_cell(cell) for cell in row] for row in sheet.iter_rows())
        if table:
            pieces.append((None, f"## {' '.join(sheet.title.split())}\n\n{table}"))
    return Parsed(tuple(pieces))


def _cell(cell: Any) -> str:
    """Give a cell as a reader sees it: a share as per cent, a date without midnight."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, (int, float)):
        percent = "%" in (cell.number_format or "")
        text = f"{round(value * 100, 6) if percent else value:.15g}"
        return f"{text}%" if percent else text
    if hasattr(value, "isoformat"):
        return str(value.isoformat()).removesuffix("T00:00:00").replace("T", " ")
    return str(value)


def _table(rows: Iterable[list[str]]) -> str:
    """Write rows as a Markdown table; empty rows and empty last columns are left out."""
    kept: list[list[str]] = []
    cells = 0
    for row in rows:
        written = [" ".join(cell.split()).replace("|", "\\|") for cell in row]
        while written and not written[-1]:
            written.pop()
        cells += len(written) + 1
        if cells > TABLE_CELLS or len(written) > TABLE_COLUMNS:
            raise LoadingError(
                f"has a table of more than {TABLE_COLUMNS} columns or {TABLE_CELLS} cells; split it"
            )
        if written:
            kept.append(written)
    if not kept:
        return ""
    width = max(len(row) for row in kept[:100])
    lines = ["| " + " | ".join(row + [""] * (width - len(row))) + " |" for row in kept]
    lines.insert(1, "| " + " | ".join(["---"] * width) + " |")
    return "\n".join(lines)


def _read_pdf(raw: bytes) -> Parsed:
    import pdfplumber
    from pdfminer.pdfdocument import PDFPasswordIncorrect
    from pdfplumber.utils.exceptions import PdfminerException

    logging.getLogger("pdfminer").setLevel(logging.ERROR)
    _check_pdf_streams(raw)
    try:
        with pdfplumber.open(io.BytesIO(raw)) as pdf:
            if len(pdf.pages) > PDF_PAGES:
                raise LoadingError(f"has more than {PDF_PAGES} pages; split it")
            pieces = [(page.page_number, _page(page)) for page in pdf.pages]
    except PdfminerException as error:
        if isinstance(error.args[0] if error.args else None, PDFPasswordIncorrect):
            raise LoadingError("is encrypted; save it without a password and try again") from error
        raise
    return Parsed(tuple(pieces), has_headings=False)


def _check_pdf_streams(raw: bytes) -> None:
    """Unpack every compressed stream into nothing, to refuse what would not fit in memory."""
    total, view = 0, memoryview(raw)
    for match in re.finditer(rb"stream\r?\n(?=[\x48\x58\x68\x78])", raw):
        size = _unpacked_size(view[match.end() :])
        total += size
        if size > PDF_STREAM_BYTES or total > PDF_UNPACKED_BYTES:
            raise LoadingError("unpacks to too much data (a bomb?); it is not read")


def _unpacked_size(packed: memoryview) -> int:
    engine = zlib.decompressobj()
    size, position = 0, 0
    pending: bytes | memoryview = b""
    try:
        while not engine.eof and size <= PDF_STREAM_BYTES:
            if not pending:
                pending = packed[position : position + 65536]
                position += 65536
            if not pending:
                break
            size += len(engine.decompress(pending, 1_000_000))
            pending = engine.unconsumed_tail
    except zlib.error:
        return size
    return size


def _page(page: Any) -> str:
    """Write a page's paragraphs and ruled tables in reading order, then let go of the page."""
    ruled = page.find_tables() if len(page.edges) <= PDF_PAGE_EDGES else []
    tables = [(_Box(*table.bbox), _table(_filled(table.extract()))) for table in ruled]
    tables = [(box, text) for box, text in tables if text.count("\n") > 1]
    parts = list(_paragraphs(page, [box for box, _ in tables]))
    for box, text in reversed(tables):
        below = (n for n, (other, _) in enumerate(parts) if other.is_below(box))
        parts.insert(next(below, len(parts)), (box, text))
    page.close()
    return _mend_glyphs("\n\n".join(text for _, text in parts))


def _mend_glyphs(text: str) -> str:
    """Replace radicals and ligatures, which a PDF draws, by the characters that are meant."""
    mended = _GLYPH_NAMES.sub(lambda found: unicodedata.normalize("NFKC", found[0]), text)
    return mended.translate(_RADICALS)


def _filled(rows: list[list[str | None]]) -> Iterator[list[str]]:
    return ([cell or "" for cell in row] for row in rows)


class _Box(NamedTuple):
    """A rectangle on a page, in points from its upper left corner."""

    left: float
    top: float
    right: float
    bottom: float

    def holds(self, other: _Box) -> bool:
        x, y = (other.left + other.right) / 2, (other.top + other.bottom) / 2
        return self.left <= x <= self.right and self.top <= y <= self.bottom

    def is_below(self, other: _Box) -> bool:
        same_column = self.left < other.right and other.left < self.right
        return same_column and self.top + self.bottom > other.top + other.bottom


def _paragraphs(page: Any, tables: list[_Box]) -> Iterator[tuple[_Box, str]]:
    """Give what stands outside the tables, in reading order; a box may reach into a table."""
    for found in _text_boxes(page):
        outside = [n for n in found if not any(t.holds(_place(page, n)) for t in tables)]
        lines = [(line.get_text().strip(), line.x1 - line.x0) for line in outside]
        if lines:
            yield _place(page, found), _unwrap(lines, float(page.width))


def _place(page: Any, found: Any) -> _Box:
    return _Box(found.x0, page.height - found.y1, found.x1, page.height - found.y0)


def _text_boxes(page: Any) -> list[Any]:
    """Order the boxes column by column, or from the top down when there are very many."""
    from pdfminer.layout import IndexAssigner, LAParams, LTTextBox

    page.layout.analyze(LAParams(boxes_flow=None))
    boxes = [box for box in page.layout if isinstance(box, LTTextBox)]
    if not 1 < len(boxes) <= PDF_PAGE_BOXES:
        return boxes
    assigner = IndexAssigner()
    for group in page.layout.group_textboxes(LAParams(), boxes):
        group.analyze(LAParams())
        assigner.run(group)
    return sorted(boxes, key=lambda box: int(box.index))


def _unwrap(lines: list[tuple[str, float]], page_width: float) -> str:
    """Join lines that were broken at the margin, so that a sentence stands on one line."""
    widest = max((width for _, width in lines), default=0)
    text, full = "", False
    for words, width in lines:
        if full and not re.match(r"[-*•●▪]|\d{1,3}[.)、]|[(（]\d", words):
            text = _join(text, words)
        else:
            text = f"{text}\n{words}" if text else words
        ended = words.endswith((".", "。", "!", "!", "?", "?", ":", ":", ";", ";"))
        full = not ended and width >= max(widest * 0.85, page_width * 0.35)
    return text


def _join(before: str, after: str) -> str:
    if re.search(r"[a-z]-$", before) and re.match(r"[a-z]", after):
        return before[:-1] + after
    latin = before[-1:].isascii() and after[:1].isascii()
    return f"{before} {after}" if latin else before + after


_READERS: Mapping[str, Callable[[bytes], Parsed]] = {
    "markdown": _read_markdown,
    "text": _read_text,
    "csv": _read_csv,
    "html": _read_html,
    "pdf": _read_pdf,
    "docx": _read_docx,
    "pptx": _read_pptx,
    "xlsx": _read_xlsx,
}
