"""How a number is written for a reader: digits, thousands, unit, by language.

Page, document, workbook and text file all ask here, so a number looks the same everywhere. A
number is never rounded to nothing: below the digits of its unit, two significant digits stay.
"""

from __future__ import annotations

import math
from datetime import date, timedelta

from assistant.messages import knows, say
from assistant.records import Language
from assistant.values import Value

NO_NUMBER = "—"
_MYRIAD = 10_000
_MYRIAD_SQUARED = _MYRIAD**2
SERIAL_DAY_ZERO = date(1899, 12, 30)
# Digits after the point; units not named here show up to two.
DIGITS: dict[str, int] = {
    "yuan": 2, "percent": 2, "ratio": 2,
    "factor": 2, "erlangs": 2, "hours": 1, "days": 1, "weeks": 1, "months": 1, "minutes": 1,
    "seconds": 1, "score": 1, "points": 1, "level": 1, "orders": 0, "units": 0, "pieces": 0,
    "people": 0, "entries": 0,
    "agents": 0, "viewers": 0, "exposures": 0, "clicks": 0, "visits": 0, "parcels": 0,
    "creators": 0, "videos": 0, "items": 0, "plans": 0, "cells": 0, "chats": 1, "followers": 0,
    "samples": 0, "sessions": 0, "enquiries": 0, "enquiries_per_hour": 1, "orders_per_hour": 1,
}  # fmt: skip


def show(value: Value, language: Language) -> str:
    """Write a value with its unit: `12,500 元`, `¥12,500`, `2.5%`, `26 人`."""
    return quantity(value.value, value.unit, language)


def in_prose(value: Value, language: Language) -> str:
    """Write a value as sentences have it: from ten thousand up, Chinese counts in 万 and 亿."""
    written = show(value, language)
    if language == "en" or not _MYRIAD <= abs(value.value) < math.inf or value.unit == "date":
        return written
    large = abs(value.value) >= _MYRIAD_SQUARED
    size, name = (_MYRIAD_SQUARED, "亿") if large else (_MYRIAD, "万")
    short = f"{value.value / size:,.2f}".rstrip("0").rstrip(".") + f" {name}"
    return written.replace(figure(value.value, value.unit), short).replace(f"{name} ", name)


def quantity(number: float, unit: str, language: Language) -> str:
    """Write a number with its unit; what is not a finite number is a dash."""
    if not math.isfinite(number):
        return NO_NUMBER
    if unit == "date":
        return day(number).isoformat()
    written = figure(number, unit)
    if knows(f"quantity.{unit}"):
        pattern = say(language, f"quantity.{unit}", number=written.removeprefix("-"))
        return f"-{pattern}" if written.startswith("-") else pattern
    name = unit_name(unit, language, single=number == 1)
    return say(language, "quantity.any", number=written, unit=name) if name else written


def figure(number: float, unit: str) -> str:
    """Write a number alone, with thousands separators and at most the digits of its unit."""
    if not math.isfinite(number):
        return NO_NUMBER
    digits = digits_of(number, unit)
    written = f"{_half_up(number, digits):,.{digits}f}"
    if "." in written and not (unit.startswith("yuan") and written[-2:] != "00"):
        written = written.rstrip("0").rstrip(".")
    return "0" if written == "-0" else written


def digits_of(number: float, unit: str) -> int:
    """Give the digits after the point that this number is written with, at most."""
    digits = DIGITS.get(unit, 2)
    if number and abs(number) < 10.0**-digits:
        return min(12, 1 - math.floor(math.log10(abs(number))))
    return digits


def unit_name(unit: str, language: Language, *, single: bool = False) -> str:
    """Give a unit's name, for a column title or after a number; empty for plain numbers."""
    if not unit or unit in ("ratio", "number"):
        return ""
    if not knows(f"unit.{unit}"):
        return unit.replace("_", " ")
    one, _, many = say(language, f"unit.{unit}").partition("|")
    return one if single or not many else many


def day(serial: float) -> date:
    """Give the day of a date value: whole days since 1899-12-30, as spreadsheets count them."""
    return SERIAL_DAY_ZERO + timedelta(days=int(serial))


def serial(on: date) -> float:
    """Give the number of a day, the reverse of `day`."""
    return float((on - SERIAL_DAY_ZERO).days)


def _half_up(number: float, digits: int) -> float:
    """Round as spreadsheets show: halves away from zero, after taking off the binary error."""
    scaled = round(abs(number) * 10**digits, 6)
    return math.copysign(math.floor(scaled + 0.5) / 10**digits, number)
