"""The source view: a document with the quoted sentence marked, as a panel or a page of its own.

A citation is looked up in the stored answer, so its quote can be shown although the document was
edited or removed since; the reader is told which of the three is the case.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlencode

from assistant.messages import explain, knows, say
from assistant.records import Citation, Document, Gap, Language, Source
from assistant.service import Assistant
from assistant.ui.markup import (
    badge,
    confidence,
    escape,
    facts,
    icon,
    is_past,
    paragraphs,
    visibility,
)

ROLE = "staff"
# A longer document is shown around its quote first; the whole of it on demand.
WINDOW_CHARACTERS = 20_000


class LibraryRow(Protocol):
    """What the list of documents shows of each."""

    @property
    def path(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def language(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def visibility(self) -> str: ...
    @property
    def confidence(self) -> str | None: ...
    @property
    def updated(self) -> str | None: ...


@dataclass(frozen=True)
class Wanted:
    """What a reader asks to see, as it stands in the address."""

    document: str = ""
    start: int = 0
    end: int = 0
    conversation: str = ""
    position: int = -1
    n: int = 0
    whole: bool = False


def citation_address(place: tuple[str, int], n: int) -> str:
    """Give the address of a citation of a stored answer."""
    return "/source?" + urlencode({"conversation": place[0], "position": place[1], "n": n})


def document_address(document: str) -> str:
    """Give the address of a document, nothing marked."""
    return "/source?" + urlencode({"document": document})


def source_view(assistant: Assistant, wanted: Wanted, language: Language) -> str:
    """Draw the wanted document or quote; a missing one gets a message."""
    citation = _citation(assistant, wanted)
    path = citation.document if citation else wanted.document
    document = assistant.document(path, ROLE) if path else None
    if document is None and citation is None:
        return _message(say(language, "source.not_found"))
    if document is None or citation is None:
        return _without_proof(document, citation, wanted, language)
    start, end, remark = _place_of(document, citation)
    if start < 0:
        head = _citation_head(citation, language)
        return f"{head}{_message(say(language, 'source.changed'))}{_quote(citation, language)}"
    told = _message(say(language, "source.moved")) if remark else ""
    body = _body(document, start, end, wanted.whole, language)
    return f"{_citation_head(citation, language)}{told}{body}{_origins(document.sources, language)}"


def _without_proof(
    document: Document | None, citation: Citation | None, wanted: Wanted, language: Language
) -> str:
    if document is not None:
        body = _body(document, wanted.start, wanted.end, wanted.whole, language)
        return f"{_document_head(document, language)}{body}{_origins(document.sources, language)}"
    assert citation is not None
    head = _citation_head(citation, language)
    return f"{head}{_message(say(language, 'source.removed'))}{_quote(citation, language)}"


def _citation(assistant: Assistant, wanted: Wanted) -> Citation | None:
    if not wanted.conversation:
        return None
    turns = assistant.turns(wanted.conversation)
    if not 0 <= wanted.position < len(turns):
        return None
    given = turns[wanted.position].answer
    return next((c for c in given.citations if c.n == wanted.n), None) if given else None


def _place_of(document: Document, citation: Citation) -> tuple[int, int, bool]:
    """Find the quote: where it was, or elsewhere (then True), or nowhere (-1)."""
    if document.text[citation.start : citation.end] == citation.quote:
        return citation.start, citation.end, False
    start = document.text.find(citation.quote)
    return start, start + len(citation.quote), True


def _citation_head(citation: Citation, language: Language) -> str:
    where = [citation.section] if citation.section else []
    if citation.page:
        where.append(say(language, "source.page", page=citation.page))
    shown = f'<p class="section">{escape(" · ".join(where))}</p>' if where else ""
    return (
        f'<header><p class="number">{citation.n}</p><h1>{escape(citation.title)}</h1>{shown}'
        f'<p class="facts">{facts(language, citation)}</p>'
        f'<p class="path">{escape(citation.document)}</p></header>'
    )


def _document_head(document: Document, language: Language) -> str:
    shown = [confidence(language, document.confidence)]
    if document.updated:
        shown.append(badge(say(language, "source.updated", date=document.updated), "plain"))
    if is_past(document.valid_until):
        shown.append(badge(say(language, "source.expired", date=document.valid_until), "bad"))
    shown.append(visibility(language, document.visibility))
    summary = f'<p class="section">{escape(document.summary)}</p>' if document.summary else ""
    return (
        f"<header><h1>{escape(document.title)}</h1>{summary}"
        f'<p class="facts">{"".join(shown)}</p><p class="path">{escape(document.path)}</p></header>'
    )


def _body(document: Document, start: int, end: int, whole: bool, language: Language) -> str:
    first, last = 0, len(document.text)
    if not whole and last > 2 * WINDOW_CHARACTERS:
        first = document.text.rfind("\n", 0, max(0, start - WINDOW_CHARACTERS)) + 1
        last = min(last, max(end, start) + WINDOW_CHARACTERS)
    lines = "".join(paragraphs(document.text[first:last], start, end, first))
    if last - first == len(document.text):
        return f'<div class="text">{lines}</div>'
    address = "/source?" + urlencode(
        {"document": document.path, "start": start, "end": end, "whole": 1}
    )
    more = (
        f'{escape(say(language, "source.excerpt"))} <a href="{escape(address)}" target="_blank" '
        f'rel="noopener">{escape(say(language, "source.whole"))}</a>'
    )
    gap = f'<p class="gap">{escape(say(language, "source.gap"))}</p>'
    return f'<p class="remark">{more}</p><div class="text">{gap if first else ""}{lines}{gap}</div>'


def _quote(citation: Citation, language: Language) -> str:
    title = escape(say(language, "source.quote"))
    return (
        f'<h2>{title}</h2><blockquote><mark id="quote" tabindex="-1">{escape(citation.quote)}'
        "</mark></blockquote>"
    )


def _message(text: str) -> str:
    return f'<p class="remark">{icon("warning")}{escape(text)}</p>'


def _origins(sources: Sequence[Source], language: Language) -> str:
    if not sources:
        return ""
    items = "".join(f"<li>{_origin(source)}</li>" for source in sources)
    title = escape(say(language, "source.origins"))
    return f'<footer class="origins"><h2>{title}</h2><ul>{items}</ul></footer>'


def _origin(source: Source) -> str:
    name = escape(source.name)
    if source.url and source.url.startswith(("https://", "http://")):
        link = f'<a href="{escape(source.url)}" target="_blank" rel="noopener noreferrer nofollow">'
        name = f"{link}{name}</a>"
    return f"{name} <small>{escape(source.date)}</small>" if source.date else name


# -- the library -----------------------------------------------------------------------------


def library_view(rows: Sequence[LibraryRow], gaps: Sequence[Gap], language: Language) -> str:
    """Draw the list of documents and the questions that nobody could answer yet."""
    title = escape(say(language, "library.title"))
    count = escape(say(language, "library.count", count=len(rows)))
    head = f'<header><h1>{title}</h1><p class="section">{count}</p></header>'
    if not rows:
        return head + _message(say(language, "library.empty"))
    ordered = sorted(rows, key=lambda row: (row.language != language, row.kind, row.title))
    items = "".join(_library_row(row, language) for row in ordered)
    return f'{head}<ul class="library">{items}</ul>{_gaps(gaps, language)}'


def _library_row(row: LibraryRow, language: Language) -> str:
    shown = [
        badge(kind_name(row.kind, language), "plain"),
        badge(explain(language, f"language.{row.language}"), "plain"),
        confidence(language, row.confidence, words=False),
        visibility(language, row.visibility),
        badge(row.updated, "plain") if row.updated else "",
    ]
    return (
        f'<li><a href="{escape(document_address(row.path))}" data-source>{escape(row.title)}</a>'
        f'<span class="facts">{"".join(shown)}</span></li>'
    )


def kind_name(kind: str, language: Language) -> str:
    """Name a kind of document; one that is not known is shown as it is."""
    return say(language, f"kind.{kind}") if knows(f"kind.{kind}") else kind


def _gaps(gaps: Sequence[Gap], language: Language) -> str:
    if not gaps:
        return ""
    items = "".join(
        f"<li>{escape(gap.question)} "
        f"<small>{escape(say(language, 'library.gap_count', count=gap.count))}</small></li>"
        for gap in gaps[:50]
    )
    title, hint = say(language, "library.gaps"), say(language, "library.gaps_hint")
    return (
        f'<section class="gaps"><h2>{escape(title)}</h2><p class="section">{escape(hint)}</p>'
        f"<ul>{items}</ul></section>"
    )
