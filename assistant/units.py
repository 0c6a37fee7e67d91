"""How a number is written with its unit, in prose and in cells, in both languages.

The unit of a `Value` is a key (`yuan`, `percent`, `orders`, …) with a text per language; big
numbers are written with 万 and 亿 in Chinese and with thousands separators in English. Prose is
rounded for the eye; the exact number stays in the value.
"""

from __future__ import annotations

from assistant import messages
from assistant.records import Language
from assistant.values import Value

_TEN_THOUSAND = 10_000
_HUNDRED_MILLION = 100_000_000


def show(value: Value, language: Language) -> str:
    """Write a value with its unit: `52.5 万元`, `¥525,000`, `20%`, `1,200 orders`."""
    return show_number(value.value, value.unit, language)


def show_number(number: float, unit: str, language: Language) -> str:
    """Write a number of this unit; an unknown unit is written after the number as it is."""
    key = unit_key(unit)
    shown = _digits(number, key, language)
    if not messages.knows(key):
        return f"{shown} {unit}".strip()
    text = messages.say(language, key, number=shown.removeprefix("-")).strip()
    return ("-" if shown.startswith("-") else "") + text.replace("万 ", "万").replace("亿 ", "亿")


def unit_name(unit: str, language: Language) -> str:
    """Name a unit on its own, for a column head: `元`, `%`, `orders`."""
    key = unit_key(unit)
    if not messages.knows(key):
        return unit
    return " ".join(messages.say(language, key, number="").split())


def unit_key(unit: str) -> str:
    """Give the message key of a unit."""
    return "unit." + unit.replace(" ", "_").replace("-", "_")


def _digits(number: float, key: str, language: Language) -> str:
    size = abs(number)
    if language == "zh" and size >= _HUNDRED_MILLION:
        return f"{_plain(number / _HUNDRED_MILLION, 2)} 亿"
    if language == "zh" and size >= _TEN_THOUSAND:
        return f"{_plain(number / _TEN_THOUSAND, 2)} 万"
    return _plain(number, 0 if size >= 1000 else 2)


def _plain(number: float, places: int) -> str:
    shown = f"{number:,.{places}f}"
    if "." in shown:
        shown = shown.rstrip("0").rstrip(".")
    return "0" if shown == "-0" else shown
