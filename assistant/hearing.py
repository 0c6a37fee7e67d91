"""Lets a chat model find what the rules did not hear in a request for a plan, and proves each find.

A field is taken only if the model's words stand in the request and state the value themselves: the
number in them is the number, the name in them is the name. What the rules heard is never changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from assistant.language import fold
from assistant.llm import ChatModel
from assistant.numbers import quantities
from assistant.plan.assumptions import Assumptions
from assistant.plan.reading import Understood
from assistant.prompts import Prompts, as_data

PROMPT = "brief"
CHOICES = ("category", "stage", "promotion")
TEXTS = ("brand", "audience", "tone")
DATES = ("start", "end")
COUNTS = ("followers", "customer_service_agents", "enquiries_per_day", "orders_per_day")
NUMBERS = (
    "budget_cny", "gmv_target_cny", "average_order_value_cny", "gross_margin_percent",
    "return_rate_percent", "platform_fee_percent", "commission_percent", "daily_live_hours",
    "entry_rate_percent", "click_rate_percent", "conversion_rate_percent", "experience_score",
    *COUNTS,
)  # fmt: skip
_LINE = re.compile(r"^\s*[-*]?\s*(\w+)\s*\|\s*([^|\n]+?)\s*\|\s*([^|\n]+?)\s*$", re.MULTILINE)


def hear_more(
    text: str, heard: Understood, model: ChatModel, prompts: Prompts, assumptions: Assumptions
) -> Understood:
    """Add to what the rules heard the fields that the model finds and the text itself proves.

    ModelError when the model fails.
    """
    from langchain_core.output_parsers import StrOutputParser

    wanted = [f for f in (*TEXTS, *CHOICES, *DATES, *NUMBERS) if f not in heard.fields]
    keys = {name: ", ".join(assumptions.words(name)) for name in CHOICES if name in wanted}
    given = {
        "request": as_data(text),
        "fields": ", ".join(wanted),
        "choices": "; ".join(f"{name}: {known}" for name, known in keys.items()) or "none",
    }
    chain = prompts.runnable(PROMPT) | model.runnable() | StrOutputParser()
    said = model.complete_text(chain, given)
    found = {
        name: (value, words)
        for name, value, words in _proven(said, text, assumptions)
        if name in wanted
    }
    fields = {**heard.fields, **{name: value for name, (value, _) in found.items()}}
    phrases = tuple((name, words) for name, (_, words) in found.items())
    done = set(fields) | ({"start", "end"} if "promotion" in fields else set())
    missing = tuple(name for name in heard.missing if name not in done)
    return replace(heard, fields=fields, heard=heard.heard + phrases, missing=missing)


def _proven(
    said: str, text: str, assumptions: Assumptions
) -> Iterator[tuple[str, str | float | int, str]]:
    plain = fold(" ".join(text.split()))
    for name, value, words in _LINE.findall(said):
        if fold(" ".join(words.split())) not in plain:
            continue
        read = _value(name, value, words, assumptions)
        if read is not None:
            yield name, read, words


def _value(
    name: str, value: str, words: str, assumptions: Assumptions
) -> str | float | int | None:
    """Give the value if the words state it."""
    if name in TEXTS:
        return value if fold(value) in fold(words) else None
    if name in CHOICES:
        return value if value in assumptions.words(name) else None
    if name in DATES:
        return value if _is_day(value, words) else None
    if name in NUMBERS:
        return _number(name, value, words)
    return None


def _is_day(value: str, words: str) -> bool:
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return False
    return any(
        q.kind == "date" and int(q.value) % 10_000 == day.month * 100 + day.day
        for q in quantities(words)
    )


def _number(name: str, value: str, words: str) -> float | int | None:
    stated = [q for q in quantities(words) if q.kind not in ("date", "clock", "period")]
    try:
        number = float(value.replace(",", "").rstrip("%"))
    except ValueError:
        return None
    if len(stated) != 1 or stated[0].upper is not None or float(stated[0].value) != number:
        return None
    return int(number) if name in COUNTS else number
