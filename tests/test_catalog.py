"""Records of the library: replaced as one, found by words, and whole again after a kill."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from assistant.catalog import Catalog, Item
from assistant.database import Database
from assistant.language import content_terms, terms
from assistant.records import Chunk, Document, Section, Source
from assistant.settings import StoreSettings

BOTH = ("public", "internal")
ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database.open(StoreSettings(), tmp_path)


@pytest.fixture
def catalog(database: Database) -> Catalog:
    return Catalog(database, "a" * 64)


def item(path: str, *texts: str, version: str = "1", **changes: object) -> Item:
    """Make a document whose paragraphs are its chunks."""
    document = Document(
        path=path,
        title="标题",
        text="\n".join(texts),
        language="zh",
        content_hash=version,
        **changes,  # type: ignore[arg-type]
    )
    chunks, start = [], 0
    for position, text in enumerate(texts):
        chunk = Chunk(position, start, start + len(text), text, ("标题", f"第{position}节"), 3, 9)
        chunks.append((f"{path}-{document.visibility}-{version}-{position}", chunk))
        start += len(text) + 1
    return document, "root", "/place/root", chunks


def found(catalog: Catalog, query: str, visibilities: tuple[str, ...] = BOTH) -> list[str]:
    return [name for name, _ in catalog.lexical(terms(query), visibilities, 10)]


# -- what is stored ---------------------------------------------------------------------------


def test_a_document_comes_back_as_it_was_put(catalog: Catalog) -> None:
    entry = item(
        "root/a.zh.md",
        "商家自播的转化率",
        "𠮷 emoji 🎉 和达人",
        kind="playbooks",
        summary="摘要",
        confidence="B",
        updated="2026-01-02",
        valid_from="2026-01-01",
        valid_until="2026-12-31",
        audience=("staff",),
        sources=(Source("名", "https://example.org", "2026"), Source("另")),
        questions=("怎么自播?",),
        tags=("x",),
        sections=(Section(("标题", "节"), 0, 8, 2),),
    )
    catalog.put([entry])
    assert catalog.document("root/a.zh.md") == entry[0]
    assert catalog.document("root/b.md") is None
    assert catalog.questions(["root/a.zh.md"]) == {"root/a.zh.md": ["怎么自播?"]}
    assert catalog.hashes("root") == {"root/a.zh.md": ("1", "public")}
    assert catalog.hashes("other") == {}
    (row,) = catalog.documents()
    assert (row.path, row.root, row.root_location) == ("root/a.zh.md", "root", "/place/root")
    assert (row.chunks, row.confidence, row.valid_until) == (2, "B", "2026-12-31")


def test_a_passage_is_the_slice_of_its_document(catalog: Catalog) -> None:
    entry = item("a.md", "第一段 🎉", "𠮷第二段", visibility="internal", updated="2026-01-02")
    catalog.put([entry])
    passages = catalog.passages(["a.md-internal-1-0", "a.md-internal-1-1", "gone"])
    assert len(passages) == 2
    for passage in passages.values():
        assert entry[0].text[passage.start : passage.end] == passage.text
    second = passages["a.md-internal-1-1"]
    assert (second.document, second.section, second.page) == ("a.md", "第1节", 3)
    assert (second.visibility, second.updated) == ("internal", "2026-01-02")
    assert second.headings == ("标题", "第1节")


def test_many_ids_are_asked_for_at_once(catalog: Catalog) -> None:
    catalog.put([item("a.md", *[f"段落{i}" for i in range(1300)])])
    names = [f"a.md-public-1-{i}" for i in range(1300)]
    assert catalog.passages(names).keys() == set(names)


def test_neighbours_are_the_passages_around(catalog: Catalog) -> None:
    catalog.put([item("a.md", "零", "一", "二", "三"), item("b.md", "别")])
    assert [p.text for p in catalog.neighbours("a.md-public-1-1")] == ["零", "二"]
    assert [p.text for p in catalog.neighbours("a.md-public-1-3", before=2)] == ["一", "二"]
    assert catalog.neighbours("unknown") == []


def test_fingerprints_stand_side_by_side(database: Database) -> None:
    first, second = Catalog(database, "one"), Catalog(database, "two")
    first.put([item("a.md", "商家自播")])
    assert second.documents() == []
    second.put([item("a.md", "达人直播")])
    second.remove(["a.md"])
    assert found(first, "自播") == ["a.md-public-1-0"]
    assert found(second, "自播") == []
    assert (first.generation(), second.generation()) == (1, 2)


# -- changes ----------------------------------------------------------------------------------


def test_a_new_version_leaves_nothing_of_the_old_one(catalog: Catalog) -> None:
    catalog.put([item("a.md", "商家自播", "达人直播", questions=("旧的问题?",))])
    stale = catalog.put([item("a.md", "货架电商", version="2", questions=("新的问题?",))])
    assert stale == [("a.md-public-1-0", "public"), ("a.md-public-1-1", "public")]
    assert catalog.stale() == stale
    assert found(catalog, "自播 直播") == []
    assert found(catalog, "货架") == ["a.md-public-2-0"]
    assert catalog.questions(["a.md"]) == {"a.md": ["新的问题?"]}
    assert catalog.passages(["a.md-public-1-0"]) == {}
    assert catalog.size(BOTH) == 1
    catalog.forget([name for name, _ in stale])
    assert catalog.stale() == []


def test_a_changed_visibility_moves_the_document(catalog: Catalog) -> None:
    catalog.put([item("a.md", "商家自播")])
    stale = catalog.put([item("a.md", "商家自播", visibility="internal")])
    assert stale == [("a.md-public-1-0", "public")]
    assert found(catalog, "自播", ("public",)) == []
    assert found(catalog, "自播", ("internal",)) == ["a.md-internal-1-0"]
    assert catalog.document_frequency(["自播"], ("public",)) == {"自播": 0}


def test_the_same_version_again_makes_nothing_stale(catalog: Catalog) -> None:
    catalog.put([item("a.md", "商家自播")])
    assert catalog.put([item("a.md", "商家自播")]) == []
    assert catalog.stale() == []
    assert found(catalog, "自播") == ["a.md-public-1-0"]


def test_removed_documents_are_gone(catalog: Catalog) -> None:
    catalog.put([item("a.md", "商家自播", questions=("自播?",)), item("b.md", "达人直播")])
    assert catalog.remove(["a.md", "unknown.md"]) == [("a.md-public-1-0", "public")]
    assert [row.path for row in catalog.documents()] == ["b.md"]
    assert found(catalog, "自播") == []
    assert catalog.known_questions(["自播"], BOTH, 5) == []
    assert catalog.stale() == [("a.md-public-1-0", "public")]


def test_the_generation_grows_with_every_change(catalog: Catalog) -> None:
    numbers = [catalog.generation()]
    catalog.begin([("x", "public")])
    assert catalog.generation() == numbers[-1]  # nothing readers could see has changed
    catalog.put([item("a.md", "一")])
    numbers.append(catalog.generation())
    catalog.remove(["a.md"])
    numbers.append(catalog.generation())
    catalog.forget(["a.md-public-1-0"])
    numbers.append(catalog.generation())
    assert numbers == [0, 1, 2, 3]


def test_statistics_follow_a_change_by_another_process(database: Database, tmp_path: Path) -> None:
    reader = Catalog(database, "a" * 64)
    writer = Catalog(Database.open(StoreSettings(), tmp_path), "a" * 64)
    writer.put([item("a.md", "商家自播")])
    assert reader.document_frequency(["自播"], BOTH) == {"自播": 1}
    writer.put([item("b.md", "店铺自播", visibility="internal")])
    assert reader.document_frequency(["自播"], BOTH) == {"自播": 2}
    assert reader.document_frequency(["自播"], ("public",)) == {"自播": 1}
    assert (reader.size(BOTH), reader.size(("public",)), reader.size(())) == (2, 1, 0)


# -- the journal ------------------------------------------------------------------------------


def test_the_journal_names_what_an_interrupted_run_left(catalog: Catalog) -> None:
    catalog.begin([("a.md-public-1-0", "public"), ("a.md-public-1-1", "public")])
    assert len(catalog.stale()) == 2  # killed here: vectors without a document
    catalog.put([item("a.md", "一", "二")])
    assert catalog.stale() == []
    catalog.begin([("a.md-public-1-0", "public"), ("a.md-internal-1-0", "internal")])
    assert catalog.stale() == [("a.md-internal-1-0", "internal")]
    catalog.forget(["a.md-internal-1-0"])
    assert catalog.stale() == []
    assert catalog.document("a.md") is not None


def test_a_lost_store_makes_documents_changed(catalog: Catalog) -> None:
    internal = item("c.md", "x", visibility="internal")
    catalog.put([item("a.md", "一", "二"), item("b.md", "三"), internal])
    present = ["a.md-public-1-0", "b.md-public-1-0", "orphan"]
    assert catalog.mark_missing(present, "public") == ["a.md"]
    assert catalog.hashes("root") == {
        "a.md": ("", "public"),
        "b.md": ("1", "public"),
        "c.md": ("1", "internal"),
    }
    assert catalog.stale() == [("orphan", "public")]


KILLED = """
import sys
from pathlib import Path
sys.path.insert(0, "tests")
from test_catalog import item
from assistant.catalog import Catalog
from assistant.database import Database
from assistant.settings import StoreSettings
catalog = Catalog(Database.open(StoreSettings(), Path(sys.argv[1])), "a" * 64)
for version in range(2_000):
    entries = [item(f"{n}.md", f"版本{version}", "自播", version=str(version)) for n in range(5)]
    catalog.begin([(name, "public") for e in entries for name, _ in e[3]])
    print("begun", flush=True)
    catalog.forget([name for name, _ in catalog.put(entries)])
    print("put", flush=True)
"""


@pytest.mark.parametrize("delay", [0.0, 0.003, 0.006])
def test_a_killed_writer_leaves_whole_documents(tmp_path: Path, delay: float) -> None:
    command = [sys.executable, "-c", KILLED, str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout is not None
    for _ in range(12):
        process.stdout.readline()
    time.sleep(delay)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    catalog = Catalog(Database.open(StoreSettings(), tmp_path), "a" * 64)
    versions = {version for version, _ in catalog.hashes("root").values()}
    assert len(versions) == 1  # all five documents are of one transaction
    version = versions.pop()
    assert len(found(catalog, "自播")) == 5
    stored = {f"{n}.md-public-{version}-{p}" for n in range(5) for p in range(2)}
    assert catalog.passages(sorted(stored)).keys() == stored
    assert not stored & {name for name, _ in catalog.stale()}


# -- search by words --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wanted",
    ["自播", "播", "2.5", "%", "c+", "3", "分钟", "a&b", "wi-fi", "gmv", "野家", "don't", "鿏鿏"],
)
def test_every_term_is_kept_whole(catalog: Catalog, wanted: str) -> None:
    first = "播。商家自播 2.5% c++ 3分钟 A&B Wi-Fi GMV 𠮷野家 don't 鿏鿏"
    second = "别的内容 25 分 钟 c a b wi don t 2 5"
    catalog.put([item("a.md", first), item("b.md", second)])
    (term,) = terms(wanted)
    assert term in terms(first)
    assert [name for name, _ in catalog.lexical([term], BOTH, 5)] == ["a.md-public-1-0"]
    assert catalog.document_frequency([term], BOTH) == {term: 1}


def test_what_is_no_term_is_harmless(catalog: Catalog) -> None:
    catalog.put([item("a.md", "商家自播", questions=("什么是自播?",))])
    for odd in ['"', "*", "NEAR(", "terms:自播", "a OR b", "", " ", "'; DROP TABLE chunks", "\x00"]:
        assert catalog.lexical([odd], BOTH, 5) == []
        assert catalog.known_questions([odd], BOTH, 5) == []
    assert catalog.lexical([], BOTH, 5) == []
    assert catalog.known_questions([], BOTH, 5) == []
    assert catalog.lexical(["自播"], (), 5) == []


def test_scores_are_bm25_over_all_visible_chunks(catalog: Catalog) -> None:
    public = ("自播 自播 直播", "货架 电商 商城 推荐")
    catalog.put([item("a.md", *public), item("b.md", "直播 达人", visibility="internal")])
    seen = {"自播": 1, "直播": 2, "没有": 0}
    idf = {t: math.log((3 - n + 0.5) / (n + 0.5) + 1) for t, n in seen.items()}
    assert catalog.idf(list(seen), BOTH) == pytest.approx(idf)
    headed = [(0, public[0]), (1, public[1]), (0, "直播 达人")]
    lengths = [len(terms(f"标题\n标题\n第{i}节\n{text}")) for i, text in headed]
    damping = 1.2 * (0.25 + 0.75 * lengths[0] / (sum(lengths) / 3))
    best = idf["自播"] * 2 * 2.2 / (2 + damping) + idf["直播"] * 2.2 / (1 + damping)
    hits = catalog.lexical(list(seen), BOTH, 5)
    assert [name for name, _ in hits] == ["a.md-public-1-0", "b.md-internal-1-0"]
    assert hits[0][1] == pytest.approx(best)
    assert catalog.lexical(list(seen), BOTH, 1) == hits[:1]


def test_titles_and_headings_are_found(catalog: Catalog) -> None:
    catalog.put([item("a.md", "内容", "别的")])
    assert found(catalog, "第1节")[0] == "a.md-public-1-1"


def test_common_terms_count_although_they_are_not_searched(catalog: Catalog) -> None:
    catalog.put([item(f"{n}.md", *["直播 内容"] * 500) for n in range(5)])
    catalog.put([item("x.md", "稀有 直播", "稀有 内容", "稀有")])
    hits = catalog.lexical(["直播", "稀有"], BOTH, 10)
    alone = dict(catalog.lexical(["稀有"], BOTH, 10))
    assert dict(hits)["x.md-public-1-0"] > alone["x.md-public-1-0"]
    assert {name for name, _ in hits} == {f"x.md-public-1-{n}" for n in range(3)}
    assert len(catalog.lexical(["直播"], BOTH, 10)) == 10  # alone, it is what there is


def test_known_questions_are_found_by_likeness(catalog: Catalog) -> None:
    catalog.put(
        [
            item("a.md", "一", questions=("FACT 矩阵里哪些用于日常经营?", "什么是自播?")),
            item("b.md", "二", questions=("达人矩阵怎么搭建?",), visibility="internal"),
        ]
    )
    asked = content_terms("FACT矩阵里,哪些用于日常经营")
    rows = catalog.known_questions(asked, BOTH, 5)
    assert rows[0] == ("FACT 矩阵里哪些用于日常经营?", "a.md", pytest.approx(1.0))
    assert rows[1][1] == "b.md"
    assert 0 < rows[1][2] < 0.5
    assert {path for _, path, _ in catalog.known_questions(asked, ("public",), 5)} == {"a.md"}
