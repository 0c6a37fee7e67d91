"""Quotes for the sentences of a plan: a key of the texts names a document and words in it.

`cite.<name>` is `slug | words`; the quote is the whole sentence in which the words stand, in the
plan's language. Words that no longer stand there are an error, never a silent gap.
"""

from __future__ import annotations

from bisect import bisect_right

from assistant.errors import ConfigurationError
from assistant.language import sentences
from assistant.plan.draft import Draft
from assistant.values import Quote


def cite(draft: Draft, *names: str) -> tuple[Quote, ...]:
    """Give one quote per name; ConfigurationError when the words do not stand in the document."""
    return tuple(_quote(draft, name) for name in names)


def _quote(draft: Draft, name: str) -> Quote:
    slug, _, words = draft.say(name if "." in name else f"cite.{name}").partition(" | ")
    document = draft.assumptions.document(slug, draft.language)
    first = document.sections[0].start if document.sections else 0
    place = document.text.find(words, first)
    if place < 0:
        raise ConfigurationError(f"cite.{name}: '{words}' does not stand in {document.path}")
    start, end = _sentence(document.text, place)
    position = bisect_right([section.start for section in document.sections], start) - 1
    section = document.sections[max(0, position)].headings[-1]
    text = document.text[start:end]
    return Quote(document.path, document.title, section, start, end, text, document.confidence)


def _sentence(text: str, place: int) -> tuple[int, int]:
    """Give the sentence around a place, inside its line."""
    begin = text.rfind("\n", 0, place) + 1
    line = text[begin : (text + "\n").find("\n", place)]
    spans = [(begin + start, begin + end) for start, end in sentences(line)]
    return next(span for span in spans if span[0] <= place < span[1])
