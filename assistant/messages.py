"""Every text a user can see, by language and key, from one YAML file per language.

Both files have the same keys with the same placeholders; a test holds them to it. Values are put
in as they are, so a face that makes HTML escapes what `say` gives.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml

from assistant.records import Language

LANGUAGES: tuple[Language, ...] = ("zh", "en")
FOLDER = Path(__file__).resolve().parent


def say(language: Language, key: str, **values: object) -> str:
    """Give the text of this key, its {placeholders} filled; KeyError if there is no such key."""
    return catalogue(language)[key].format_map(_Filled(values))


def knows(key: str) -> bool:
    """Say whether there is a text for this key."""
    return key in catalogue("zh")


def explain(language: Language, key: str, **values: object) -> str:
    """Like `say`, but an unknown key gives the general message, so that a face never fails."""
    if knows(key):
        return say(language, key, **values)
    return say(language, "error.unexpected", detail=str(values.get("detail", key)))


@cache
def catalogue(language: Language) -> Mapping[str, str]:
    """Read a language's texts; keys are dotted paths."""
    text = (FOLDER / f"messages.{language}.yaml").read_text(encoding="utf-8")
    groups: dict[str, dict[str, str]] = yaml.safe_load(text)
    return {
        f"{group}.{name}": line for group, lines in groups.items() for name, line in lines.items()
    }


class _Filled(dict[str, object]):
    """Values of placeholders; a missing one is left visible instead of raising."""

    def __missing__(self, name: str) -> str:
        return "{" + name + "}"
