"""Chunks are verbatim, complete, ordered and sized, for any text and every sample."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest
import samples
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.chunking import chunk, embedding_text
from assistant.loading import Origin, load
from assistant.outline import heading, headings, lines, outline
from assistant.records import Chunk, Document
from assistant.tokens import count_tokens

WORDS = (
    "抖音",
    "直播间",
    "客服",
    "GMV",
    "Dr.",
    "3.5%",
    "cold start",
    "1,200",
    "e.g.",
    "👨‍👩‍👧",
    "ﷺ",
)
STOPS = ("。", "!", "?", ". ", "? ", ",", " ", "\n", "\n\n", "\n- ", "\n1. ", "\n> ", "\r\n")
LINES = (
    "\n# A\n",
    "\n## 乙\n",
    "\n### C ###\n",
    "\n```\n",
    "\n~~~py\n",
    "\n| a | b |\n",
    "\n---\n",
)
markdown = st.lists(st.sampled_from(WORDS + STOPS + LINES), max_size=120).map("".join)


def document(text: str) -> Document:
    return Document("a.md", "Title", text, "zh", "h", sections=outline(text, "Title"))


def heading_lines(text: str) -> set[int]:
    """Give the offsets of all characters in heading lines."""
    return {
        offset
        for start, stop, fenced in lines(text)
        if not fenced and heading(text[start:stop])
        for offset in range(start, stop)
    }


def check(whole: Document, chunks: list[Chunk], size: int) -> None:
    """Assert what must hold for the chunks of any document."""
    text = whole.text
    assert [c.position for c in chunks] == list(range(len(chunks)))
    covered: set[int] = set()
    for found in chunks:
        assert text[found.start : found.end] == found.text
        assert found.text.strip() == found.text != ""
        assert found.tokens == count_tokens(found.text)
        assert found.tokens <= size or len(found.text) == 1
        covered.update(range(found.start, found.end))
    starts = [found.start for found in chunks]
    assert starts == sorted(set(starts))
    visible = {offset for offset, character in enumerate(text) if not character.isspace()}
    lost = visible - covered - heading_lines(text)
    assert not lost, [text[offset] for offset in sorted(lost)][:20]


@settings(max_examples=150, deadline=None)
@given(markdown, st.sampled_from([8, 32, 384]), st.sampled_from([0, 6, 50]))
def test_any_markdown_is_cut_into_complete_verbatim_slices(
    text: str, size: int, overlap: int
) -> None:
    whole = document(text)
    check(whole, chunk(whole, size, overlap), size)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200))
def test_any_text_at_all_is_cut(text: str) -> None:
    whole = document(text)
    check(whole, chunk(whole, 32), 32)


@settings(max_examples=80, deadline=None)
@given(markdown, st.sampled_from([8, 64]))
def test_no_chunk_reaches_across_a_heading(text: str, size: int) -> None:
    whole = document(text)
    borders = [start for start, _, _ in headings(text)]
    body = [start for start, stop, _ in lines(text) if text[start:stop].strip()]
    if set(body) <= heading_lines(text):
        return
    for found in chunk(whole, size):
        assert not [b for b in borders if found.start <= b < found.end]


@pytest.mark.parametrize("name", sorted(samples.good_samples()))
@pytest.mark.parametrize("size", [16, 48, 384])
def test_every_format_gives_verbatim_chunks(name: str, size: int) -> None:
    origin = Origin(name, Path(name), name, name)
    whole = load(origin, samples.good_samples()[name])
    chunks = chunk(whole, size)
    assert chunks
    check(whole, chunks, size)


def test_small_paragraphs_of_a_section_are_joined() -> None:
    [found] = chunk(document("## S\n\nOne.\n\nTwo.\n\n- three\n- four\n"), 100)
    assert found.text == "One.\n\nTwo.\n\n- three\n- four"
    assert found.headings == ("Title", "S")


def test_a_paragraph_that_fits_is_not_cut() -> None:
    first, second = "甲" * 20 + "。", "乙" * 10 + "。" + "丙" * 10 + "。"
    size = count_tokens(first) + 10
    assert [c.text for c in chunk(document(f"{first}\n\n{second}"), size)] == [first, second]


def test_long_paragraphs_are_cut_between_sentences() -> None:
    text = "直播间爆量时要提前排班。首次响应不超过 30 秒!Dr. Li agrees with 3.5% of it. Done?" * 6
    found = chunk(document(text), 40)
    assert len(found) > 3
    assert all(re.search(r"[。!.?]$", c.text) for c in found)
    assert not any(c.text.endswith("Dr.") for c in found)


def test_table_rows_stay_whole() -> None:
    rows = [f"| 第{n}场。备注 | {n * 1000} 元 |" for n in range(40)]
    text = "\n".join(["| 场次 | 预算 |", "| --- | --- |", *rows])
    found = chunk(document(text), 60)
    assert len(found) > 5
    assert all(
        line.startswith("|") and line.endswith("|") for c in found for line in c.text.split("\n")
    )


def test_a_line_without_punctuation_is_cut_at_characters() -> None:
    found = chunk(document("抖" * 100_000), 384)
    assert "".join(c.text for c in found) == "抖" * 100_000


@pytest.mark.parametrize(
    "text",
    ["e.g. " * 40_000, "```\n" * 30_000, "| a | b |\n" * 20_000, "|" * 90_000, " " * 500_000 + "x"],
)
def test_repetition_costs_no_squared_time(text: str) -> None:
    whole = document(text)
    check(whole, chunk(whole, 384), 384)


def test_headings_are_carried_but_not_cut_out_alone() -> None:
    found = chunk(document("# Title\n\n## Empty\n\n## Full\n\n### Deep\n\nBody.\n"), 50)
    assert [(c.text, c.headings) for c in found] == [("Body.", ("Title", "Full", "Deep"))]


def test_a_text_of_headings_alone_can_still_be_found() -> None:
    [found] = chunk(document("# One\n## Two\n"), 50)
    assert found.text == "# One\n## Two"


def test_code_is_no_heading() -> None:
    [found] = chunk(document("Before\n\n```\n# no heading\n\n## neither\n```\n"), 100)
    assert found.headings == ("Title",)


def test_overlap_repeats_whole_sentences_within_its_budget() -> None:
    text = "".join(f"这是第{n}句话,说明一件事。" for n in range(30))
    found = chunk(document(text), 60, 20)
    assert all(b.start < a.end and b.end > a.end for a, b in pairwise(found))
    assert all(count_tokens(text[b.start : a.end]) <= 20 for a, b in pairwise(found))


def test_context_is_added_for_encoding_only() -> None:
    whole = document("# Title\n\n## 步骤\n\n先测试。\n")
    [found] = chunk(whole, 50)
    assert found.text == "先测试。"
    assert embedding_text(whole, found) == "Title > 步骤\n先测试。"


def test_sections_follow_the_levels_of_the_headings() -> None:
    text = "intro\n\n## A\n\na\n\n#### Deep\n\nd\n\n## B\n\nb\n"
    found = [(s.headings, text[s.start : s.end].strip()) for s in outline(text, "T")]
    assert found == [
        (("T",), "intro"),
        (("T", "A"), "## A\n\na"),
        (("T", "A", "Deep"), "#### Deep\n\nd"),
        (("T", "B"), "## B\n\nb"),
    ]


def test_a_huge_heading_is_text() -> None:
    text = "# " + "长" * 5000
    whole = document(text)
    assert list(headings(text)) == []
    check(whole, chunk(whole, 100), 100)
