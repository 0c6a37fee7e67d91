"""Quotes found on the shelf are verbatim slices of the documents that the library holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.errors import LibraryError
from assistant.loading import Origin, discover, load, read_bytes
from assistant.quoting import Shelf

KNOWLEDGE = Path(__file__).resolve().parent.parent / "knowledge"

PAGE = """---
title: 冷启动
visibility: {visibility}
---
# 冷启动

## 第一周

第一周每天播两小时。第二周每天播四小时。

- 2–3 款主推款先备货。

| 表 | 头 |
"""


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    for slug, visibility in (("open", "public"), ("closed", "internal")):
        text = PAGE.format(visibility=visibility)
        (tmp_path / f"{slug}.zh.md").write_text(text, encoding="utf-8")
    return Shelf(tmp_path, ("public",))


def test_a_quote_stands_where_the_library_has_it() -> None:
    shelf = Shelf(KNOWLEDGE)
    quote = shelf.quote("brand-readiness", "zh", "品牌要确定每天能播几小时")
    origin = next(
        found
        for found in discover([KNOWLEDGE])
        if isinstance(found, Origin) and found.path == quote.document
    )
    document = load(origin, read_bytes(origin))
    assert document.text[quote.start : quote.end] == quote.text
    assert (quote.title, quote.section) == ("品牌入抖准备度自查", "五个自查问题")
    assert quote.confidence == document.confidence


def test_the_nearest_sentence_shares_the_words(shelf: Shelf) -> None:
    assert shelf.nearest("open", "zh", "第二周播多久").text == "第二周每天播四小时。"
    assert shelf.nearest("open", "zh", "先给主推款备货").text == "2–3 款主推款先备货。"
    assert shelf.nearest("open", "zh", "完全无关 xyz").text == "第一周每天播两小时。"


def test_words_that_do_not_stand_there_are_refused(shelf: Shelf) -> None:
    with pytest.raises(LibraryError, match="does not stand in"):
        shelf.quote("open", "zh", "第三周")
    with pytest.raises(LibraryError):
        shelf.quote("open", "zh", "")


def test_what_may_not_be_seen_does_not_exist(shelf: Shelf) -> None:
    assert shelf.holds("open", "zh")
    assert not shelf.holds("closed", "zh")
    assert not shelf.holds("open", "en")
    with pytest.raises(LibraryError, match="no document 'closed'"):
        shelf.document("closed", "zh")
