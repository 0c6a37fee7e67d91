"""Sentences, marks and folding of Chinese and English text."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.language import detect, fold_in_place, sentences

CASES = [
    ("Done! [1] Next one. [2][3] Last.", ["Done! [1]", "Next one. [2][3]", "Last."]),
    ("完成了。[1][2]下一句【3】。最后!【1】完",
     ["完成了。[1][2]", "下一句【3】。", "最后!【1】", "完"]),
    ("第一句！[1]第二句？第三句", ["第一句！[1]", "第二句？", "第三句"]),
    ("成交 1.55 亿元。增长 3.8%。", ["成交 1.55 亿元。", "增长 3.8%。"]),
    ("See https://a.b/c?x=1&y=2 now. It is v1.2.3 here.",
     ["See https://a.b/c?x=1&y=2 now.", "It is v1.2.3 here."]),
    ("No. 1 is here. The answer is no. Next.", ["No. 1 is here.", "The answer is no.", "Next."]),
    ("Wait… what? e.g. this, i.e. that.", ["Wait…", "what?", "e.g. this, i.e. that."]),
    ("他说“好。”然后走了。", ["他说“好。”", "然后走了。"]),
    ("1. two items\n2. three items", ["two items", "three items"]),
    ("Done. 1. two items", ["Done.", "two items"]),
    ("- 第一点。\n- 第二点。", ["第一点。", "第二点。"]),
    ("Proven [1]. Then [2]", ["Proven [1].", "Then [2]"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_sentences_end_where_a_reader_ends_them(text: str, expected: list[str]) -> None:
    assert [text[start:end] for start, end in sentences(text)] == expected


@given(st.text(alphabet="Aa1.!?。！？…[]() \n-*【】“”,，NoNo", max_size=80))
def test_spans_are_ordered_and_keep_every_word(text: str) -> None:
    spans = sentences(text)
    assert all(start < end for start, end in spans)
    assert all(a[1] <= b[0] for a, b in pairwise(spans))
    kept = "".join(text[start:end] for start, end in spans)
    # Only list numbers may be left out.
    assert [c for c in text if c.isalpha()] == [c for c in kept if c.isalpha()]


@pytest.mark.parametrize("piece", ["e.g. ", "1. ", "[1]", "!", ". [1", "。", "'", "No. ", "…[1] "])
def test_long_hostile_text_is_cut_in_linear_steps(piece: str) -> None:
    assert len(sentences(piece * 20_000)) <= 20_000


@given(st.text(max_size=60))
def test_folding_in_place_keeps_offsets(text: str) -> None:
    assert len(fold_in_place(text)) == len(text)


def test_folding_in_place_folds_width_case_and_traditional_characters() -> None:
    assert fold_in_place("ＧＭＶ 達人 GPM") == "gmv 达人 gpm"


def test_language_follows_the_words() -> None:
    assert detect("GMV 是什么") == "zh"
    assert detect("What is GMV?") == "en"
