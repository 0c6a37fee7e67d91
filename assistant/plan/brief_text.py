"""Reads the YAML or JSON of a brief; what is no brief is a problem of the whole, at no field."""

from __future__ import annotations

from typing import Any

from assistant.errors import InputError
from assistant.mappings import Unreadable, read_mapping
from assistant.plan.problem import Problem, refusal

BRIEF_BYTES = 100_000
NESTING = 4
_KEYS = {"empty": "empty_brief"}


def parse_brief(text: str | bytes) -> dict[str, Any]:
    """Give keys and values; InputError when it is too large, garbled or no list of keys."""
    try:
        return read_mapping(text, BRIEF_BYTES, NESTING)
    except Unreadable as error:
        raise _refused(error) from error


def _refused(error: Unreadable) -> InputError:
    if error.reason == "twice":
        return refusal([Problem(error.name, "twice", {"line": error.line})])
    values: dict[str, object] = {"line": error.line}
    if error.reason == "too_big":
        values = {"size": error.size // 1000, "most": BRIEF_BYTES // 1000}
    return refusal([Problem("brief", _KEYS.get(error.reason, error.reason), values)])
