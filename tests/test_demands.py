"""What a question demands is looked for in the sentences about whom it names."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assistant import demands
from assistant.glossary import Glossary, Term
from assistant.records import Passage

GLOSSARY = Glossary(
    [
        Term(id="kans", zh="韩束", en="Kans", is_name=True),
        Term(id="proya", zh="珀莱雅", en="Proya", is_name=True),
        Term(id="refund-rate", zh="退货率", en="return rate", definition_zh="退货的占比"),
    ]
)
KANS = "韩束 2023 年在抖音卖了 33.4 亿元。"
PROYA = "珀莱雅 2024 年的退货率是 30%。珀莱雅的主播月薪 8000 元。"


def passage(text: str) -> Passage:
    """Give a passage of one document with this text."""
    return Passage(
        id=text[:4], document="cases/one.zh.md", title="案例", section="数字", start=0,
        end=len(text), text=text, language="zh", visibility="public",
    )  # fmt: skip


def signals(question: str, *texts: str) -> dict[str, float]:
    """Measure a question on passages of these texts."""
    return demands.signals(question, GLOSSARY, [passage(text) for text in texts])


def test_what_is_there_is_not_missing() -> None:
    """Nothing is missing when a sentence about the named one holds all that is asked."""
    found = signals("韩束 2023 年卖了多少?", KANS, PROYA)
    assert found["figure_missing"] == found["year_missing"] == found["attribute_missing"] == 0.0


@pytest.mark.parametrize(
    ("question", "signal"),
    [
        ("韩束 2025 年卖了多少?", "year_missing"),
        ("韩束 2025 年卖了多少?", "figure_missing"),
        ("韩束的主播工资多少?", "attribute_missing"),
        ("韩束的退货率是多少?", "figure_missing"),
        ("韩束的公司邮箱是什么?", "attribute_missing"),
    ],
)
def test_what_is_said_of_another_is_missing(question: str, signal: str) -> None:
    """A figure of Proya answers no question about Kans."""
    assert signals(question, KANS, PROYA)[signal] == 1.0


def test_without_a_name_any_sentence_may_hold_it() -> None:
    """A question that names nobody is answered by whoever says it."""
    assert signals("主播工资多少?", KANS, PROYA)["attribute_missing"] == 0.0
    assert signals("主播工资多少?", KANS)["attribute_missing"] == 1.0


def test_headings_name_the_subject() -> None:
    """A sentence under the brand's heading is about the brand."""
    below = replace(passage("退货率约 20%。"), section="韩束的售后")
    found = demands.signals("韩束的退货率是多少?", GLOSSARY, [below])
    assert found["attribute_missing"] == found["figure_missing"] == 0.0


def test_nothing_found_lacks_everything() -> None:
    """No passage holds nothing, and a question without demands lacks nothing."""
    assert signals("韩束卖了多少?")["figure_missing"] == 1.0
    assert not any(signals("怎么办").values())
