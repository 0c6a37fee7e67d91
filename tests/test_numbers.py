"""Quantities: their values, units, bounds and what counts as the same."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.numbers import bounds_agree, han_value, names, quantities, same


def only(text: str):
    found = quantities(text)
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("1.55亿元", "RMB 155 million"),
        ("1.55亿元", "155,000,000元"),
        ("1.55 亿元", "15500万元"),
        ("１．５５亿元", "1.55亿元"),
        ("五千万元", "5000 万元"),
        ("三成", "30%"),
        ("百分之三十", "30 percent"),
        ("两倍", "2x"),
        ("一半", "50%"),
        ("三分之一", "one third"),
        ("3到5天", "3–5 days"),
        ("1500–2000 万元", "1500 万到 2000 万元"),
        ("2021年4月", "April 2021"),
        ("2021-04-27", "27 April 2021"),
        ("June 27, 2023", "2023 年 6 月 27 日"),
        ("8:00", "08:00"),
        ("第 2 周", "week 2"),
        ("36 小时", "36-hour"),
        ("两年", "two consecutive years"),
        ("百分制", "100-point"),
        ("RMB 3.34bn", "33.4 亿元"),
        ("每天", "a day"),
        ("5‰", "0.5%"),
        ("50 多倍", "50x+"),
    ],
)
def test_the_same_quantity_is_recognised_in_another_form(left: str, right: str) -> None:
    assert same(only(left), only(right))


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("1.55亿元", "1.6亿元"),
        ("1.55万元", "1.55亿元"),
        ("30%", "30 人"),
        ("30%", "30 个百分点"),
        ("50 秒", "50 分钟"),
        ("2.1 亿元", "2.1 亿美元"),
        ("3–5 天", "3–15 天"),
        ("3–10 天", "10 天"),
        ("2021年4月", "2022年4月"),
        ("7 月 31 日", "7 月 30 日"),
        ("第 2 周", "第 3 周"),
        ("不超过 8 分", "不少于 8 分"),
        ("至少 80%", "80%"),
        ("40% 以上", "40% 以下"),
        ("每天", "每周"),
        ("234 万元", "234 万人"),
    ],
)
def test_another_quantity_is_told_apart(left: str, right: str) -> None:
    assert not same(only(left), only(right))


def test_names_are_not_quantities() -> None:
    text = "618 大促、双11、双十一、Double 11、5A、A3、3C、W1、FACT+、O-5A、T+7"
    assert quantities(text) == []
    assert {text[a:b] for a, b in names(text)} >= {"618", "双11", "双十一", "Double 11", "5A", "3C"}


WORDS = ["一个人", "统一口径", "十分重要", "巨量千川", "百货", "之一", "一般"]


@pytest.mark.parametrize("text", WORDS)
def test_numerals_inside_words_are_not_quantities(text: str) -> None:
    assert quantities(text) == []


@pytest.mark.parametrize(
    ("numeral", "value"),
    [("一千二百", 1200), ("一千零二", 1002), ("一万二", 12000), ("二十五", 25), ("十二", 12),
     ("三点五", "3.5"), ("二十亿", 2_000_000_000), ("二〇二一", 2021)],
)  # fmt: skip
def test_chinese_numerals_are_read(numeral: str, value: int | str) -> None:
    assert han_value(numeral) == Decimal(value)


def test_dropping_about_is_allowed_but_not_at_least() -> None:
    about, least, plain = only("约 5 天"), only("至少 5 天"), only("5 天")
    assert bounds_agree(plain, about)
    assert not bounds_agree(plain, least)
    assert not bounds_agree(least, about)


CHARACTERS = "0123456789.,%万亿千百十一二三两年月日天元人倍半成第–-~到 至rmbkmnRMB$¥:年A"


@given(st.text(alphabet=CHARACTERS, max_size=40))
def test_spans_are_verbatim_and_never_overlap(text: str) -> None:
    found = quantities(text)
    assert all(text[q.start : q.end] == q.text for q in found)
    assert all(a.end <= b.start for a, b in pairwise(found))


@given(st.text(max_size=200))
def test_any_text_can_be_read(text: str) -> None:
    assert all(quantity.text for quantity in quantities(text))


@given(st.integers(min_value=1, max_value=10**6))
def test_wan_and_digits_agree(value: int) -> None:
    assert same(only(f"{value}万元"), only(f"RMB {value * 10_000:,}"))
