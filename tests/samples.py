"""Writes a small sample of every document format, and the broken ones, into a folder."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

MARKDOWN = """---
id: cold-start
title: 直播间冷启动
language: zh
kind: playbooks
summary: 新直播间前两周怎么做
audience: [staff, lead]
visibility: internal
fact: [field]
stage: [cold-start]
category: 服饰
sources:
  - name: 某行业报告
    url: https://example.com/report
    date: 2022-05
confidence: B
valid_from: 2022-01-01
updated: 2024-05-31
questions: [新直播间怎么冷启动]
---
# 直播间冷启动

先小流量测试,再放量。新号前两周不宜大额投放!

## 步骤

1. 每天固定时段开播,至少 4 小时。
2. 单场预算 300 元,连测三天。

| 指标 | 合格线 |
| --- | --- |
| 停留 | 60 秒 |
| 转化率 | 3.5% |

```
# not a heading
roi = gmv / cost
```

## Limits

Dr. Li says 3.5% holds for apparel only. Other categories differ.
"""

PLAIN = "店铺体验分从 4.2 提到 4.9。\n\n客服首次响应不超过 30 秒。\n"

HTML = """<!doctype html><html><head><title>Store  score</title><style>p{color:red}</style>
<script>alert('in head')</script></head><body><h1>Store score</h1>
<p>The score rose from 4.2 to 4.9.</p><script>alert('in body')</script>
<p hidden>secret one</p><div style="display: none">secret two</div>
<p style="font-size:0">secret three</p><template>secret four</template><!-- secret five -->
<h2>Steps</h2><ul><li>Answer within 30 seconds.</li>
<li onclick="alert(1)">Ship a_b * 2 in 24 hours.</li></ul>
<table><tr><th>KPI</th><th>Value</th></tr><tr><td>Refund</td><td>2%</td></tr></table>
<img src="data:image/png;base64,AAAABBBB" alt="chart"></body></html>"""


def docx(paragraphs: Sequence[tuple[str, str]], extra: Mapping[str, bytes] | None = None) -> bytes:
    """Build a Word document from (style, text) pairs; style 'Heading1' makes a heading."""
    space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    body = "".join(
        f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>'
        for style, text in paragraphs
    )
    styles = "".join(
        f'<w:style w:type="paragraph" w:styleId="Heading{n}">'
        f'<w:name w:val="heading {n}"/></w:style>'
        for n in (1, 2)
    )
    package = "http://schemas.openxmlformats.org/package/2006"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    word = "application/vnd.openxmlformats-officedocument.wordprocessingml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{word}.document.main+xml"/>'
        f'<Override PartName="/word/styles.xml" ContentType="{word}.styles+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{office}/officeDocument" Target="word/document.xml"/></Relationships>',
        "word/_rels/document.xml.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="r1" Type="{office}/styles" Target="styles.xml"/></Relationships>',
        "word/styles.xml": f"<w:styles {space}>{styles}</w:styles>",
        "word/document.xml": f"<w:document {space}><w:body>{body}</w:body></w:document>",
    }
    return archive({**{name: text.encode() for name, text in parts.items()}, **(extra or {})})


def archive(parts: Mapping[str, bytes]) -> bytes:
    """Pack the parts into a ZIP file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in parts.items():
            file.writestr(name, content)
    return buffer.getvalue()


def word_sample() -> bytes:
    return docx(
        [
            ("Heading1", "服务商手册"),
            ("Normal", "服务商帮助品牌在抖音开店。字段 gmv_target 乘以 * 号。"),
            ("Heading2", "排班"),
            ("Normal", "每 300 条咨询配 1 名客服。高峰期加一倍。"),
        ]
    )


def slides_sample() -> bytes:
    from pptx import Presentation
    from pptx.util import Inches

    show = Presentation()
    first = show.slides.add_slide(show.slide_layouts[1])
    first.shapes.title.text = "爆品策略"
    first.placeholders[1].text = "备货量等于日销乘以 15 天。"
    second = show.slides.add_slide(show.slide_layouts[6])
    box = second.shapes.add_textbox(Inches(1), Inches(1), Inches(4), Inches(1))
    box.text_frame.text = "A slide without a title.\vStill the same shape."
    second.notes_slide.notes_text_frame.text = "Spoken words."
    buffer = io.BytesIO()
    show.save(buffer)
    return buffer.getvalue()


def workbook_sample() -> bytes:
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    sheet.title = "目标"
    for row in (
        ["月份", "GMV", "退货率"],
        ["2024-05", 1200000, 0.185],
        ["2024-06", 1500000.5, None],
    ):
        sheet.append(row)
    sheet["C2"].number_format = "0.0%"
    far = book.create_sheet("Budget")
    far.append(["item | note", "CNY"])
    far["B40"] = 30000
    book.create_sheet("Hidden").append(["secret"])
    book["Hidden"].sheet_state = "hidden"
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def pdf(pages: Sequence[Sequence[str]], *, encrypted: bool = False) -> bytes:
    """Build a PDF: each page is a list of lines; Chinese lines use a font of the reader."""
    return _pdf([_page_content(lines) for lines in pages], encrypted)


def scattered_pdf(words: int) -> bytes:
    """Build a page of many words that stand far from each other, like the labels of a map."""
    shown = (
        b"BT /F1 1 Tf 1 0 0 1 %d %d Tm (w%d) Tj ET" % (n % 30 * 20, 780 - n // 30 * 10, n)
        for n in range(words)
    )
    return _pdf([b"\n".join(shown)], encrypted=False)


def table_pdf(rows: Sequence[Sequence[str]]) -> bytes:
    """Build a page with a sentence, a ruled table below it, and a sentence below that."""
    shown = [b"BT /F1 10 Tf 1 0 0 1 50 740 Tm (Above.) Tj ET"]
    for line, row in enumerate(rows):
        for column, cell in enumerate(row):
            x, y = 50 + 100 * column, 700 - 20 * line
            shown.append(b"%d %d 100 20 re S" % (x, y))
            shown.append(
                b"BT /F1 10 Tf 1 0 0 1 %d %d Tm (%s) Tj ET" % (x + 5, y + 6, cell.encode())
            )
    shown.append(b"BT /F1 10 Tf 1 0 0 1 50 500 Tm (Below.) Tj ET")
    return _pdf([b"\n".join(shown)], encrypted=False)


def _pdf(contents: Sequence[bytes], encrypted: bool) -> bytes:
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /UniGB-UCS2-H "
        b"/DescendantFonts [5 0 R] >>",
        b"<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light /CIDSystemInfo "
        b"<< /Registry (Adobe) /Ordering (GB1) /Supplement 2 >> /DW 1000 >>",
    ]
    kids = []
    for written in contents:
        content = zlib.compress(written)
        kids.append(len(objects) + 1)
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents %d 0 R "
            b"/Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> >>" % (len(objects) + 2)
        )
        objects.append(
            b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream"
            % (len(content), content)
        )
    listed = b" ".join(b"%d 0 R" % kid for kid in kids)
    objects[1] = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (listed, len(kids))
    return _pdf_file(objects, encrypted)


def _page_content(lines: Sequence[str]) -> bytes:
    shown = [b"BT 1 0 0 1 50 740 Tm 14 TL"]
    for line in lines:
        if line.isascii():
            escaped = line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
            shown.append(b"/F1 12 Tf (%s) Tj T*" % escaped.encode())
        else:
            shown.append(b"/F2 12 Tf <%s> Tj T*" % line.encode("utf-16-be").hex().encode())
    return b"\n".join([*shown, b"ET"])


def _pdf_file(objects: Sequence[bytes], encrypted: bool) -> bytes:
    out = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, content in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    lock = b""
    if encrypted:
        key = b"<" + b"5a" * 32 + b">"
        lock = b"/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O %s /U %s >>" % (key, key)
        lock += b" /ID [<61><61>]"
    out += b"trailer\n<< /Size %d /Root 1 0 R %s >>\n" % (len(objects) + 1, lock)
    return bytes(out + b"startxref\n%d\n%%%%EOF\n" % start)


PDF_PAGES = (
    (
        "Customer service scales with the number of questions that come in during one",
        "broadcast, and the first answer must be given within thirty seconds. A short line.",
        "Staff: 12",
    ),
    ("体验分从 4.2 提升到 4.9。",),
)


def bitmap() -> bytes:
    return b"\x89PNG\r\n\x1a\n" + bytes(range(256))


def bomb() -> bytes:
    """Build a Word document of about 250 kB that unpacks to 250 MB."""
    return docx([("Normal", "boom")], {"word/media/zeros.xml": b" " * 250_000_000})


def good_samples() -> dict[str, bytes]:
    """Give one small sample of every format, by file name."""
    return {
        "cold-start.zh.md": MARKDOWN.encode(),
        "plain.txt": PLAIN.encode(),
        "plain-gb.txt": PLAIN.encode("gb18030"),
        "plain-utf16.txt": PLAIN.encode("utf-16"),
        "table.csv": '月份,GMV\n2024-05,"1,200,000"\n2024-06,99 | 88\n'.encode("utf-8-sig"),
        "page.html": HTML.encode(),
        "manual.docx": word_sample(),
        "show.pptx": slides_sample(),
        "targets.xlsx": workbook_sample(),
        "report.pdf": pdf(PDF_PAGES),
    }


def write(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Write the files and give the folder back."""
    for name, content in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return folder
