"""Documents of every format are read; broken, hostile and hidden ones are refused with a reason."""

from __future__ import annotations

import os
import threading
import zlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path

import pytest
import samples
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.errors import LoadingError
from assistant.fetching import checked_address, is_public
from assistant.frontmatter import FrontMatter
from assistant.loading import (
    SUFFIXES,
    Origin,
    content_hash,
    discover,
    load,
    read_bytes,
    read_front_matter,
)
from assistant.records import Document

GOOD = samples.good_samples()


def origin(name: str) -> Origin:
    return Origin(name, Path(name), name, name)


def loaded(name: str, raw: bytes | None = None) -> Document:
    return load(origin(name), GOOD[name] if raw is None else raw)


def refusal(name: str, raw: bytes) -> str:
    with pytest.raises(LoadingError) as caught:
        load(origin(name), raw)
    message = str(caught.value)
    assert "\n" not in message and message.startswith(name)
    return message


def markdown(*keys: str, body: str = "# Body\n") -> bytes:
    return "\n".join(["---", *keys, "---", body]).encode()


# What a good document becomes


def test_front_matter_reaches_the_document() -> None:
    found = loaded("cold-start.zh.md")
    assert (found.title, found.language, found.visibility) == ("直播间冷启动", "zh", "internal")
    assert (found.kind, found.confidence, found.updated) == ("playbooks", "B", "2024-05-31")
    assert found.tags == ("field", "cold-start", "服饰")
    assert (found.valid_from, found.audience) == ("2022-01-01", ("staff", "lead"))
    assert found.sources[0].name == "某行业报告" and found.sources[0].date == "2022-05"
    assert found.text.startswith("# 直播间冷启动\n") and "confidence" not in found.text
    assert found.slug == "cold-start"


def test_markdown_without_front_matter_is_read_as_it_is() -> None:
    found = loaded("note.md", b"Before <b>bold</b> <!-- remark -->\n\n# First\n\nText\n")
    assert (found.title, found.kind, found.visibility) == ("First", "file", "public")
    assert found.text == "Before <b>bold</b> <!-- remark -->\n\n# First\n\nText\n"
    assert loaded("my-note.en.md", b"Only text, between ---\n\n---\nlines").title == "my-note"


def test_a_rule_at_the_top_is_no_front_matter() -> None:
    assert loaded("a.md", b"---\njust text\n---\nmore\n").text.startswith("---\njust text")


@pytest.mark.parametrize("name", ["plain.txt", "plain-gb.txt", "plain-utf16.txt"])
def test_text_encodings(name: str) -> None:
    assert loaded(name).text == samples.PLAIN


def test_western_text_is_not_taken_for_chinese() -> None:
    text = "Le café naïve était là, près du château. Déjà vu."
    assert loaded("a.txt", text.encode("cp1252")).text == text


def test_invisible_characters_are_dropped() -> None:
    found = loaded("a.txt", "pay\u200bment \u202eevil\u202c \ufeffok\r\nnext".encode())
    assert found.text == "payment evil ok\nnext"


def test_html_keeps_what_a_reader_sees() -> None:
    found = loaded("page.html")
    assert found.title == "Store score"
    assert "The score rose from 4.2 to 4.9." in found.text
    assert "Ship a_b * 2 in 24 hours." in found.text
    assert "| Refund | 2% |" in found.text and "## Steps" in found.text and "chart" in found.text
    for unseen in ("alert", "secret", "color:red", "base64", "<"):
        assert unseen not in found.text


def test_gb_encoded_page_is_read() -> None:
    page = "<html><head><meta charset=gb2312></head><body><p>体验分</p></body></html>"
    assert loaded("a.html", page.encode("gb18030")).text == "体验分"


def test_deeply_nested_page_is_read() -> None:
    page = "<div>" * 3000 + "deep text" + "</div>" * 3000
    assert "deep text" in loaded("a.html", page.encode()).text


def test_word_headings_become_sections() -> None:
    found = loaded("manual.docx")
    assert found.title == "服务商手册"
    assert [s.headings for s in found.sections] == [("服务商手册",), ("服务商手册", "排班")]
    assert "每 300 条咨询配 1 名客服。" in found.text
    assert "字段 gmv_target 乘以 * 号。" in found.text


def test_slides_have_headings_and_numbers() -> None:
    found = loaded("show.pptx")
    assert [(s.headings[-1], s.page) for s in found.sections] == [
        ("爆品策略", 1),
        ("2", 2),
        ("Notes:", 2),
    ]
    assert "A slide without a title.\nStill the same shape." in found.text


def test_sheets_are_tables_with_cells_as_they_are_seen() -> None:
    found = loaded("targets.xlsx")
    assert "| 2024-05 | 1200000 | 18.5% |" in found.text
    assert "| 2024-06 | 1500000.5 |  |" in found.text
    assert "| item \\| note | CNY |" in found.text and "secret" not in found.text
    assert [s.headings for s in found.sections] == [("targets", "目标"), ("targets", "Budget")]


def test_csv_is_a_table() -> None:
    assert loaded("table.csv").text.splitlines() == [
        "| 月份 | GMV |",
        "| --- | --- |",
        "| 2024-05 | 1,200,000 |",
        "| 2024-06 | 99 \\| 88 |",
    ]
    assert "| a | b |" in loaded("a.csv", "a;b\n1,5;2\n".encode("gb18030")).text


def test_pdf_pages_are_sections_and_wrapped_lines_are_joined() -> None:
    found = loaded("report.pdf")
    assert [s.page for s in found.sections] == [1, 2]
    first, second = (found.text[s.start : s.end].strip() for s in found.sections)
    assert "that come in during one broadcast, and the first answer" in first
    assert second == "体验分从 4.2 提升到 4.9。"


def test_a_ruled_table_of_a_pdf_keeps_its_rows() -> None:
    raw = samples.table_pdf([["Hour", "Questions"], ["10:00", "300"], ["20:00", "3,000"]])
    table = "| Hour | Questions |\n| --- | --- |\n| 10:00 | 300 |\n| 20:00 | 3,000 |"
    assert loaded("a.pdf", raw).text == f"Above.\n\n{table}\n\nBelow."


def test_a_page_of_very_many_boxes_is_read() -> None:
    found = loaded("a.pdf", samples.scattered_pdf(1500))
    assert found.text.split() == [f"w{n}" for n in range(1500)]


def test_pdf_glyph_names_are_mended() -> None:
    raw = samples.pdf([["\u2f24促加\u2f00倍,首\u2ed3\u2eda"]])
    assert loaded("a.pdf", raw).text == "大促加一倍,首长页"


@pytest.mark.parametrize("name", sorted(GOOD))
def test_every_sample_has_sections_that_cover_it(name: str) -> None:
    found = loaded(name)
    assert found.content_hash == content_hash(GOOD[name])
    assert found.sections[-1].end == len(found.text)
    for before, after in pairwise(found.sections):
        assert before.end == after.start
    assert all(s.headings[0] == found.title for s in found.sections)


# Visibility


@pytest.mark.parametrize(
    ("written", "asked", "expected"),
    [
        (None, None, "public"),
        (None, "internal", "internal"),
        (None, "public", "public"),
        ("internal", None, "internal"),
        ("internal", "public", "internal"),
        ("public", "internal", "internal"),
    ],
)
def test_an_argument_can_only_restrict(
    written: str | None, asked: str | None, expected: str
) -> None:
    raw = markdown("title: T", *([f"visibility: {written}"] if written else []))
    assert load(origin("a.md"), raw, asked).visibility == expected  # type: ignore[arg-type]


# Front matter faults


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (["title: T", "confidence: D"], "a.md:3: key 'confidence': 'D' is not one of A, B, C"),
        (["title: T", "colour: red"], "a.md:3: key 'colour': is not known; allowed: id, title,"),
        (["title: T", "audience: staff"], "a.md:3: key 'audience': is not a list"),
        (["audience: [staff, boss]"], "a.md:2: key 'audience[1]': 'boss' is not one of staff,"),
        (
            ["title: T", "sources:", "  - name: N", "    link: x"],
            "a.md:5: key 'sources[0].link': is not known; allowed: name, url, date",
        ),
        (["sources:", "  - url: https://x.org"], "a.md:3: key 'sources[0].name': is missing"),
        (["sources: [plain]"], "a.md:2: key 'sources[0]': 'plain' is not an entry with a name"),
        (["sources:", "  - {name: N, url: 'javascript:x'}"], "is not an http(s) address"),
        (["updated: yesterday"], "a.md:2: key 'updated': 'yesterday' is not a date"),
        (["updated: 2024-13-01"], "is not a date"),
        (["title: T", "title: U"], "a.md:3: 'title' is given twice"),
        (["title: [a, b"], "the front matter is not YAML"),
        (["title: a: b"], "a.md:2: the front matter is not YAML"),
        (["title: &x T", "summary: *x"], "references (*name) are not allowed"),
        (["title: " + "[" * 500 + "]" * 500], "a.md:2: the front matter is nested too deeply"),
        (["title: {a: {b: c}}"], "a.md:2: key 'title'"),
        (["title: T", "kind: cases"], "a.md:1: key 'id' is missing; a file with a kind needs"),
        (["title: !!python/object/apply:os.system [ls]"], "a.md:2: key 'title'"),
    ],
)
def test_front_matter_faults_name_file_line_key_and_what_is_allowed(
    keys: list[str], message: str
) -> None:
    assert message in refusal("a.md", markdown(*keys))


def test_language_must_agree_with_the_name() -> None:
    raw = markdown("title: T", "language: en")
    assert "a.zh.md:3: key 'language': 'en' is not 'zh'" in refusal("a.zh.md", raw)


def test_front_matter_gives_the_start_of_the_body() -> None:
    text = "---\ntitle: T\nupdated: 2024-05\nvalid_until:\n---\nBody"
    matter, offset = read_front_matter(text, "a.md")
    assert isinstance(matter, FrontMatter)
    assert (matter.title, matter.updated, matter.valid_until) == ("T", "2024-05", None)
    assert text[offset:] == "Body"
    assert read_front_matter("Body", "a.md") == (None, 0)


# Bad files


@pytest.mark.parametrize("name", [f"empty{suffix}" for suffix in SUFFIXES])
def test_empty_files(name: str) -> None:
    assert "is empty" in refusal(name, b"")


@pytest.mark.parametrize(
    ("name", "raw", "message"),
    [
        ("blank.txt", b" \n\t ", "has no text in it"),
        ("mark.txt", b"\xff\xfe", "has no text in it"),
        ("only.md", b"---\ntitle: T\n---\n", "has no text in it"),
        ("blank.html", b"<script>x()</script>", "has no text in it"),
        ("scan.pdf", samples.pdf([[], []]), "has no text in it (a scan?)"),
        ("locked.pdf", samples.pdf(samples.PDF_PAGES, encrypted=True), "is encrypted; save it"),
        ("image.docx", samples.bitmap(), "is an image although its name ends in .docx"),
        ("pdf.txt", GOOD["report.pdf"], "is a PDF although its name ends in .txt"),
        ("word.xlsx", GOOD["manual.docx"], "is a Word document although its name ends in .xlsx"),
        ("text.docx", b"hello", "is not a Word document although its name ends in .docx"),
        ("text.pdf", b"hello", "is not a PDF"),
        ("zip.docx", samples.archive({"a.txt": b"x"}), "is a ZIP archive although"),
        ("cut.docx", GOOD["manual.docx"][:700], "is damaged or cut off"),
        ("junk.txt", bytes(range(256)) * 4, "is not text in UTF-8"),
        ("junk.md", bytes(range(1, 256)) * 4, "is not text in UTF-8"),
        ("old.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "is an old or protected"),
        (
            "locked.xlsx",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
            "is encrypted; save it",
        ),
        ("broken.pdf", b"%PDF-1.4\nnothing more", "is damaged or not a PDF"),
        ("empty.docx", samples.archive({"word/x.xml": b"<a/>"}), "is damaged or not a Word"),
        ("wide.csv", b",".join([b"x"] * 1000), "has a table of more than 500 columns"),
    ],
)
def test_bad_files_are_refused_with_a_reason(name: str, raw: bytes, message: str) -> None:
    assert message in refusal(name, raw)


def test_zip_bomb_is_measured_before_it_is_opened() -> None:
    raw = samples.bomb()
    assert len(raw) < 2_000_000
    assert "zip bomb" in refusal("bomb.docx", raw)


def test_xml_entities_are_refused() -> None:
    bomb = b'<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;">]><a>&c;</a>'
    assert "declares XML entities" in refusal(
        "a.docx", samples.docx([("Normal", "x")], {"word/footnotes.xml": bomb})
    )


def test_pdf_bomb_is_refused() -> None:
    packed = zlib.compress(bytes(120_000_000), 9)
    raw = samples.pdf([["x"]]) + b"9 0 obj\n<< >>\nstream\n" + packed + b"\nendstream\nendobj\n"
    assert "unpacks to too much data" in refusal("bomb.pdf", raw)


def test_a_cell_far_away_costs_nothing() -> None:
    import io

    from openpyxl import Workbook

    book = Workbook()
    book.active["A1"] = "near"
    book.active["XFD1048576"] = "far"
    buffer = io.BytesIO()
    book.save(buffer)
    assert "has a table of more than" in refusal("a.xlsx", buffer.getvalue())


@settings(max_examples=80, deadline=None, derandomize=True)
@given(st.data())
def test_damaged_files_give_a_document_or_a_loading_error(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(GOOD)))
    raw = bytearray(GOOD[name])
    for _ in range(data.draw(st.integers(1, 8))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    del raw[data.draw(st.integers(1, len(raw))) :]
    try:
        found = load(origin(name), bytes(raw))
    except LoadingError as error:
        assert "\n" not in str(error)
    else:
        assert found.text.strip()


# Finding documents


def test_folders_are_listed_in_order_with_logical_paths(tmp_path: Path) -> None:
    root = samples.write(
        tmp_path / "lib",
        {
            "b/two.md": b"2",
            "a.md": b"1",
            "README.md": b"about",
            "plan.yaml": b"x: 1",
            ".hidden.md": b"h",
            ".git/config.md": b"h",
            "~$lock.docx": b"h",
            "b/picture.png": samples.bitmap(),
        },
    )
    found = list(discover([root]))
    assert [o.path for o in found if isinstance(o, Origin)] == ["lib/a.md", "lib/b/two.md"]
    [(path, error)] = [o for o in found if not isinstance(o, Origin)]
    assert path == "lib/b/picture.png"
    assert "'.png' files are not read; .md," in str(error)
    assert found == list(discover([str(root)])) or len(found) == 3
    first = found[0]
    assert isinstance(first, Origin)
    assert (first.root, first.root_location) == ("lib", str(root))


def test_links_out_of_the_folder_are_refused(tmp_path: Path) -> None:
    samples.write(tmp_path, {"secret.md": b"secret", "away/other.md": b"other", "lib/in.md": b"in"})
    root = tmp_path / "lib"
    (root / "file.md").symlink_to(tmp_path / "secret.md")
    (root / "folder").symlink_to(tmp_path / "away")
    (root / "broken.md").symlink_to(tmp_path / "nothing.md")
    (root / "loop").symlink_to(root)
    (root / "same.md").symlink_to(root / "in.md")
    found = list(discover([root]))
    assert [o.path for o in found if isinstance(o, Origin)] == ["lib/in.md", "lib/same.md"]
    refused = {o[0]: str(o[1]) for o in found if not isinstance(o, Origin)}
    assert set(refused) == {"lib/broken.md", "lib/file.md", "lib/folder"}
    assert all("is a link that leaves the folder" in reason for reason in refused.values())


def test_files_urls_and_missing_targets(tmp_path: Path) -> None:
    samples.write(tmp_path, {"one.txt": b"1", "x.exe": b"MZ"})
    url = "https://example.com/a.html"
    targets = [tmp_path / "one.txt", f"{url}#part", tmp_path / "no.md", tmp_path / "x.exe"]
    file, page, missing, program = discover(targets)
    assert file == Origin("one.txt", tmp_path / "one.txt", "one.txt", str(tmp_path / "one.txt"))
    assert page == Origin(url, url, url, url)
    assert not isinstance(missing, Origin) and "does not exist" in str(missing[1])
    assert not isinstance(program, Origin) and "'.exe' files are not read" in str(program[1])


def test_names_with_invisible_characters_are_refused(tmp_path: Path) -> None:
    samples.write(tmp_path / "lib", {"a\u202egpj.md": b"x", "b\nc.md": b"y"})
    found = list(discover([tmp_path / "lib"]))
    assert [type(entry) for entry in found] == [tuple, tuple]
    assert all("characters in its name" in str(error) for _, error in found)  # type: ignore[misc]
    assert all("\n" not in str(error) for _, error in found)  # type: ignore[misc]


def test_only_ordinary_files_of_bounded_size_are_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.md"
    os.mkfifo(pipe)
    with pytest.raises(LoadingError, match="not an ordinary file"):
        read_bytes(Origin("pipe.md", pipe, "pipe.md", str(pipe)))
    large = tmp_path / "large.txt"
    with large.open("wb") as file:
        file.truncate(50_000_001)
    with pytest.raises(LoadingError, match=r"larger than 50 MB"):
        read_bytes(Origin("large.txt", large, "large.txt", str(large)))
    with pytest.raises(LoadingError, match=r"gone\.md: cannot be read: No such file"):
        read_bytes(Origin("gone.md", tmp_path / "gone.md", "gone.md", ""))


def test_the_hash_depends_on_the_bytes_alone() -> None:
    assert content_hash(b"a") == content_hash(b"a") != content_hash(b"b")


# The web


class Site(BaseHTTPRequestHandler):
    """Answers by path: pages, redirects, faults."""

    def do_GET(self) -> None:
        hops = {"/hop": "/page", "/loop": "/loop", "/evil": "file:///etc/passwd"}
        if self.path in hops:
            return self._reply(302, b"", location=hops[self.path])
        replies = {
            "/page": (200, samples.HTML.encode(), "text/html; charset=utf-8"),
            "/report": (200, GOOD["report.pdf"], "application/octet-stream"),
            "/data.csv": (200, GOOD["table.csv"], "text/csv"),
            "/note.md": (200, b"# Note\n\nText\n", "text/plain"),
            "/image": (200, samples.bitmap(), "image/png"),
            "/host": (200, str(self.headers["Host"]).encode(), "text/plain"),
        }
        status, body, kind = replies.get(self.path, (404, b"no", "text/plain"))
        return self._reply(status, body, **{"content-type": kind})

    def _reply(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keep the test output quiet."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://localhost:{server.server_port}"
    server.shutdown()
    server.server_close()


def fetched(url: str) -> Document:
    [found] = discover([url])
    assert isinstance(found, Origin)
    return load(found, read_bytes(found, allow_private=True))


@pytest.mark.parametrize(
    ("path", "title", "text"),
    [
        ("/page", "Store score", "4.2 to 4.9"),
        ("/hop", "Store score", "4.2 to 4.9"),
        ("/report", "report", "体验分"),
        ("/data.csv", "data", "| 2024-05 | 1,200,000 |"),
        ("/note.md", "Note", "Text"),
    ],
)
def test_pages_are_fetched_and_recognised(site: str, path: str, title: str, text: str) -> None:
    found = fetched(site + path)
    assert found.path == site + path
    assert found.title == title and text in found.text


def test_the_server_sees_the_name_it_was_asked_by(site: str) -> None:
    assert fetched(f"{site}/host").text == site.removeprefix("http://")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/loop", "redirects more than 5 times"),
        ("/evil", "is not an http(s) address"),
        ("/image", "is image/png, not a document"),
        ("/gone", "the server answered 404"),
    ],
)
def test_web_faults_have_a_reason(site: str, path: str, message: str) -> None:
    with pytest.raises(LoadingError) as caught:
        fetched(site + path)
    assert message in str(caught.value) and str(caught.value).startswith(site + path)


def test_private_addresses_are_refused(site: str) -> None:
    [found] = discover([f"{site}/page"])
    assert isinstance(found, Origin)
    with pytest.raises(LoadingError, match="is the private address"):
        read_bytes(found)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://2130706433/",
        "http://0/",
        "http://[::1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://169.254.169.254/latest/meta-data",
        "http://192.168.1.1:8080/",
        "http://user@127.0.0.1/",
    ],
)
def test_every_way_to_write_a_private_address_is_refused(url: str) -> None:
    with pytest.raises(LoadingError, match="is the private address"):
        checked_address(url)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("10.1.2.3", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("fe80::1", False),
        ("fc00::1", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
        ("::ffff:93.184.216.34", True),
    ],
)
def test_public_addresses(address: str, expected: bool) -> None:
    assert is_public(address) is expected


def test_unreachable_hosts_have_a_reason() -> None:
    for url in ("http://127.0.0.1:9/", "http://nobody.invalid/", "http://bad host/", "http:///x"):
        [found] = discover([url])
        assert isinstance(found, Origin)
        with pytest.raises(LoadingError):
            read_bytes(found, allow_private=True)
