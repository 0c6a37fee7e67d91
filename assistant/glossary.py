"""The field's terms and names with their aliases, read from YAML in `knowledge/glossary/`.

It answers which terms a text mentions and what else they are called, in both languages; it
defines nothing itself. A longer alias wins over a shorter one inside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from assistant.errors import ConfigurationError
from assistant.language import fold


class Term(BaseModel):
    """One term: its names in both languages, what else it is called, and its definition."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    zh: str
    en: str
    aliases: tuple[str, ...] = ()
    misspellings: tuple[str, ...] = ()
    definition_zh: str = ""
    definition_en: str = ""
    source: str = ""
    is_name: bool = False
    is_everyday: bool = False

    @property
    def is_defined(self) -> bool:
        """Say whether this is a term of the field; names and everyday words have no definition."""
        return bool(self.definition_zh)

    @property
    def names(self) -> tuple[str, ...]:
        """Give every correct name, Chinese and English first."""
        return (self.zh, self.en, *self.aliases)


@dataclass(frozen=True)
class Mention:
    """A term found in a text at folded offsets, under the name that stands there."""

    term: Term
    name: str
    start: int
    end: int


class Glossary:
    """Finds terms in texts; built once, safe to share between threads."""

    def __init__(self, terms: Iterable[Term] = ()) -> None:
        """Index every name and misspelling of the terms."""
        self.terms: tuple[Term, ...] = tuple(terms)
        self._by_name: dict[str, Term] = {}
        for term in self.terms:
            for name in (*term.names, *term.misspellings):
                self._by_name.setdefault(fold(name), term)
        names = sorted((n for n in self._by_name if len(n) > 1), key=len, reverse=True)
        self._pattern = re.compile("|".join(map(_bounded, names))) if names else None

    @classmethod
    def load(cls, folder: Path) -> Glossary:
        """Read and validate `terms.yaml`, `names.yaml` and `everyday.yaml`, if they exist."""
        names = _marked(folder / "names.yaml", "is_name")
        everyday = _marked(folder / "everyday.yaml", "is_everyday")
        return cls([*_read(folder / "terms.yaml"), *names, *everyday])

    def mentions(self, text: str) -> list[Mention]:
        """List the terms that the text names, in order, each stretch of text once."""
        if self._pattern is None:
            return []
        return [
            Mention(self._by_name[m.group()], m.group(), m.start(), m.end())
            for m in self._pattern.finditer(fold(text))
        ]

    def separated(self, text: str) -> str:
        """Give the folded text with spaces around each name, so that no term straddles its edge."""
        folded = fold(text)
        return self._pattern.sub(lambda m: f" {m.group()} ", folded) if self._pattern else folded

    def expansions(self, text: str) -> tuple[str, ...]:
        """Give the other names of the terms that the text mentions."""
        folded = fold(text)
        other: dict[str, None] = {}
        for mention in self.mentions(text):
            for name in mention.term.names:
                if fold(name) not in folded:
                    other[name] = None
        return tuple(other)


def _marked(path: Path, flag: str) -> list[Term]:
    return [term.model_copy(update={flag: True}) for term in _read(path)]


def _read(path: Path) -> list[Term]:
    if not path.exists():
        return []
    try:
        rows = yaml.safe_load(path.read_text(encoding="utf-8"))
        return [Term.model_validate(row) for row in rows or ()]
    except (yaml.YAMLError, ValidationError, TypeError) as error:
        raise ConfigurationError(f"{path.name}: {error}") from error


def _bounded(name: str) -> str:
    """Match Latin names as whole words only; Chinese has no word borders to ask for."""
    left = r"(?<![a-z0-9])" if re.match(r"[a-z0-9]", name) else ""
    right = r"(?![a-z0-9])" if re.search(r"[a-z0-9]$", name) else ""
    return f"{left}{re.escape(name)}{right}"
