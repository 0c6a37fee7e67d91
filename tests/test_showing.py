"""Numbers are written the same everywhere, with their unit, in both languages."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.messages import catalogue
from assistant.showing import DIGITS, day, figure, in_prose, quantity, serial, show, unit_name
from assistant.values import Value


@pytest.mark.parametrize(
    ("number", "unit", "zh", "en"),
    [
        (500000, "yuan", "500,000 元", "¥500,000"),
        (1234.5, "yuan", "1,234.50 元", "¥1,234.50"),
        (-20, "yuan", "-20 元", "-¥20"),
        (20, "percent", "20%", "20%"),
        (2.456, "percent", "2.46%", "2.46%"),
        (0.0035, "percent", "0.0035%", "0.0035%"),
        (1, "people", "1 人", "1 person"),
        (26, "people", "26 人", "26 people"),
        (2.5, "ratio", "2.5", "2.5"),
        (1.2, "factor", "1.2 倍", "1.2×"),
        (12345678, "exposures", "12,345,678 次曝光", "12,345,678 exposures"),
        (0.125, "ratio", "0.13", "0.13"),
        (-0.0, "orders", "0 单", "0 orders"),
        (float("inf"), "yuan", "—", "—"),
        (3, "wagon_loads", "3 wagon loads", "3 wagon loads"),
    ],
)
def test_a_number_is_written_with_its_unit(number: float, unit: str, zh: str, en: str) -> None:
    assert quantity(number, unit, "zh") == zh
    assert quantity(number, unit, "en") == en
    assert show(Value("a", number, unit, "given"), "zh") == zh


def test_a_date_is_the_day_that_spreadsheets_count() -> None:
    assert serial(date(2026, 6, 18)) == 46191
    assert day(46191) == date(2026, 6, 18)
    assert quantity(46191, "date", "zh") == "2026-06-18"


@given(st.floats(-1e9, 1e9, allow_nan=False), st.sampled_from([*DIGITS, "ratio", "other"]))
def test_what_is_written_is_the_number_to_its_digits(number: float, unit: str) -> None:
    read = float(figure(number, unit).replace(",", ""))
    digits = DIGITS.get(unit, 2)
    assert abs(read - number) <= max(0.5001 * 10**-digits, abs(number) * 1e-9)
    assert abs(number) < 1e-10 or read != 0


def test_every_unit_with_digits_has_a_name_in_both_languages() -> None:
    for language in ("zh", "en"):
        assert {u for u in DIGITS if f"unit.{u}" not in catalogue(language)} == set()
    assert unit_name("orders", "en", single=True) == "order"
    assert unit_name("ratio", "en") == ""


@pytest.mark.parametrize(
    ("number", "unit", "zh"),
    [
        (500000, "yuan", "50 万元"),
        (9999, "orders", "9,999 单"),
        (123456789, "exposures", "1.23 亿次曝光"),
        (46191, "date", "2026-06-18"),
    ],
)
def test_prose_counts_large_numbers_as_chinese_does(number: float, unit: str, zh: str) -> None:
    value = Value("a", number, unit, "given")
    assert in_prose(value, "zh") == zh
    assert in_prose(value, "en") == show(value, "en")
