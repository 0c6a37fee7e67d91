"""A problem of a brief: the field, what is wrong there, and the way out, in either language.

Problems are found all at once. One `InputError` carries those that stop a brief from being read.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as made_by
from typing import Literal

from assistant.errors import InputError
from assistant.messages import knows, say
from assistant.records import Language

Level = Literal["error", "warning"]


@dataclass(frozen=True)
class Problem:
    """What is wrong at a field (`products[0].price_cny`): a key with its values, and its weight.

    Errors stop the drafting, warnings are shown in the plan.
    """

    field: str
    key: str
    values: Mapping[str, object] = made_by(default_factory=dict)
    level: Level = "error"

    def message(self, language: Language) -> str:
        """Say what is wrong, naming the field."""
        return say(language, f"brief_problem.{self.key}", **self._values(language))

    def way_out(self, language: Language) -> str:
        """Say what to do."""
        return say(language, f"brief_way.{self.key}", **self._values(language))

    def text(self, language: Language) -> str:
        """Say both in one line."""
        space = " " if language == "en" else ""
        return f"{self.message(language)}{space}{self.way_out(language)}"

    def beside_field(self, language: Language) -> str:
        """Say both for a form, where nobody sees the key of the field."""
        words = {**self._values(language), "named": words_for(self.field, language)}
        keys = [f"brief_{kind}.{self.key}" for kind in ("problem", "way")]
        own = [f"{key}_beside" if knows(f"{key}_beside") else key for key in keys]
        told = (say(language, key, **words) for key in own)
        return (" " if language == "en" else "").join(told)

    def to_json(self, language: Language) -> dict[str, str]:
        """Give field, level, key, message and way out."""
        return {
            "field": self.field,
            "level": self.level,
            "key": self.key,
            "message": self.message(language),
            "way_out": self.way_out(language),
        }

    def _values(self, language: Language) -> dict[str, object]:
        written = {name: _written(value, language) for name, value in self.values.items()}
        return {"field": self.field, "named": _named(self.field, language), **written}


def _written(value: object, language: Language) -> object:
    """Write an amount with its thousands; of a text in both languages take the one."""
    if isinstance(value, Mapping):
        return value[language]
    if isinstance(value, float):
        shown = f"{value:,.2f}"
        return shown.rstrip("0").rstrip(".")
    return f"{value:,}" if isinstance(value, int) else value


def label(place: str, language: Language) -> str:
    """Name a field in words: `products[0].price_cny` is the price of product 1."""
    match = re.fullmatch(r"(\w+)\[(\d+)\](?:\.(.+))?", place)
    if not match:
        key = f"brief_field.{place}"
        return say(language, key) if knows(key) else place
    number, inner = int(match[2]) + 1, match[3]
    if inner:
        inner = label(inner, language)
        kind = "of_workstream" if match[1] == "workstreams" else "of_product"
        return say(language, f"brief_field.{kind}", number=number, inner=inner)
    listed = label(match[1], language)
    return say(language, "brief_field.within", list=listed, number=number)


def words_for(place: str, language: Language) -> str:
    """Give a field's name in words without its unit."""
    return re.sub(r"\s*[（(][^）)]*[）)]", "", label(place, language))


def _named(place: str, language: Language) -> str:
    """Give a field's name in words without its unit, and its key where that differs."""
    words = words_for(place, language)
    if words == place:
        return words
    return say(language, "brief_field.named", label=words, field=place)


def refusal(problems: Sequence[Problem]) -> InputError:
    """Make one error of them; its `problems` are in `error.values`."""
    message = "; ".join(problem.text("en") for problem in problems)
    names = ", ".join(dict.fromkeys(problem.field for problem in problems))
    return InputError(
        message, key="brief.refused", count=len(problems), fields=names, problems=tuple(problems)
    )


def problems_in(error: InputError) -> tuple[Problem, ...]:
    """Give the problems that a brief was refused for; none for other errors."""
    found = error.values.get("problems")
    return found if isinstance(found, tuple) else ()


def nearest(name: str, known: Sequence[str]) -> str:
    """Give the known name that a mistaken one most likely means, or an empty text."""
    wanted = name.lower().replace("-", "_").replace(" ", "_")
    begun = [one for one in known if len(wanted) > 2 and one.startswith(wanted)]
    found = begun or difflib.get_close_matches(wanted, known, n=1, cutoff=0.6)
    return found[0] if found else ""
