"""Every text a user can see, by language and key, from the YAML files in `texts/`.

Each subject has one file per language, and both have the same keys with the same placeholders; a
test holds them to it. Values are put in as they are, so a face that makes HTML escapes what `say`
gives.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml

from assistant.records import Language

LANGUAGES: tuple[Language, ...] = ("zh", "en")
FOLDER = Path(__file__).resolve().parent / "texts"


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
    """Read a language's texts; keys are `group.name`, and no group stands in two files."""
    texts: dict[str, str] = {}
    for path in sorted(FOLDER.glob(f"*.{language}.yaml")):
        groups: dict[str, dict[str, str]] = yaml.safe_load(path.read_text(encoding="utf-8"))
        for group, lines in groups.items():
            texts |= {f"{group}.{name}": line for name, line in lines.items()}
    return texts


class _Filled(dict[str, object]):
    """Values of placeholders; a missing one is left visible instead of raising."""

    def __missing__(self, name: str) -> str:
        return "{" + name + "}"
