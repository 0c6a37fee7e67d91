"""Finds places in the library's own documents, so that plans and assessments can quote them.

A document is loaded as an ingest loads it: its path and the offsets of a quote are those of the
library. Only documents of the allowed visibilities are on the shelf; the rest do not exist here.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

from assistant.errors import LibraryError
from assistant.language import content_terms, sentences
from assistant.loading import Origin, discover, load, read_bytes
from assistant.outline import heading, lines
from assistant.records import Document, Language, Visibility
from assistant.values import Quote

EVERYTHING: tuple[Visibility, ...] = ("public", "internal")


class Shelf:
    """The documents of one knowledge folder by slug and language, each read on first use.

    It may be shared between threads: reading a document twice gives an equal document.
    """

    def __init__(
        self, knowledge: Path, visibilities: tuple[Visibility, ...] = EVERYTHING
    ) -> None:
        """Keep the folder; nothing is read yet."""
        self.knowledge = knowledge
        self.visibilities = visibilities
        self._documents: dict[tuple[str, Language], Document] = {}
        self._sentences: dict[tuple[str, Language], list[_Place]] = {}

    @cached_property
    def _origins(self) -> dict[str, Origin]:
        found = (entry for entry in discover([self.knowledge]) if isinstance(entry, Origin))
        return {Path(origin.path).name: origin for origin in found}

    def holds(self, slug: str, language: Language) -> bool:
        """Say whether this document exists and may be seen."""
        try:
            self.document(slug, language)
        except LibraryError:
            return False
        return True

    def document(self, slug: str, language: Language) -> Document:
        """Give a document as the library has it; LibraryError when it is not on this shelf."""
        key = (slug, language)
        if key not in self._documents:
            origin = self._origins.get(f"{slug}.{language}.md")
            document = load(origin, read_bytes(origin)) if origin else None
            if document is None or document.visibility not in self.visibilities:
                raise LibraryError(f"no document '{slug}' in {language} on this shelf")
            self._documents[key] = document
        return self._documents[key]

    def quote(self, slug: str, language: Language, text: str) -> Quote:
        """Locate a verbatim text; LibraryError when it does not stand in the document."""
        document = self.document(slug, language)
        start = document.text.find(text) if text else -1
        if start < 0:
            raise LibraryError(f"'{text}' does not stand in {document.path}")
        return _quote(document, start, start + len(text))

    def nearest(self, slug: str, language: Language, text: str) -> Quote:
        """Give the sentence of a document that shares most with the text, weighing rare words.

        The first sentence of the body when nothing is shared; LibraryError for an empty document.
        """
        document = self.document(slug, language)
        places = self._places(document)
        if not places:
            raise LibraryError(f"{document.path} has no sentence to quote")
        seen = Counter(term for _, _, terms in places for term in terms)
        wanted = set(content_terms(text))

        def likeness(place: _Place) -> float:
            shared = wanted & place[2]
            gained = sum(math.log(1 + len(places) / seen[term]) for term in shared)
            return gained / math.sqrt(8 + len(place[2]))

        start, end, _ = max(places, key=likeness)
        return _quote(document, start, end)

    def _places(self, document: Document) -> list[_Place]:
        key = (document.slug, document.language)
        if key not in self._sentences:
            self._sentences[key] = list(_sentences_of(document.text))
        return self._sentences[key]


_Place = tuple[int, int, frozenset[str]]


def _sentences_of(text: str) -> Iterable[_Place]:
    """Give the spans of whole sentences outside headings, tables and code, with their terms."""
    for start, stop, fenced in lines(text):
        line = text[start:stop]
        if fenced or heading(line) or line.lstrip().startswith("|") or not line.strip():
            continue
        for begin, end in sentences(line):
            yield start + begin, start + end, frozenset(content_terms(line[begin:end]))


def _quote(document: Document, start: int, end: int) -> Quote:
    position = bisect_right([section.start for section in document.sections], start) - 1
    section = document.sections[position].headings[-1] if position >= 0 else document.title
    return Quote(
        document=document.path,
        title=document.title,
        section=section,
        start=start,
        end=end,
        text=document.text[start:end],
        confidence=document.confidence,
    )
