"""A conversation as Markdown that can be sent on: questions, checked answers, numbered quotes.

Quotes go into block quotes with their Markdown neutralised, so that a source's markup stays text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from assistant.messages import say
from assistant.records import Answer, Citation, Language, Turn

_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|$!])")


def plain(text: str) -> str:
    """Escape what Markdown or HTML would act upon."""
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))


def render(turns: Sequence[Turn], language: Language) -> str:
    """Give the whole conversation; an empty one is a title alone."""
    lines = [f"# {say(language, 'export.title')}", ""]
    for turn in turns:
        lines += _turn(turn, language)
    return "\n".join(lines).rstrip() + "\n"


def _turn(turn: Turn, language: Language) -> Iterator[str]:
    if turn.role == "user":
        yield from (f"## {plain(turn.content)}", "")
    elif turn.answer is None:
        yield from (plain(turn.content), "")
    else:
        yield from _answer(turn.answer, language)


def _answer(answer: Answer, language: Language) -> Iterator[str]:
    if answer.refused:
        yield from (plain(answer.text), "")
        for topic in answer.nearest:
            yield f"- {plain(topic.title)}"
        yield ""
        return
    for sentence in answer.sentences:
        marks = "".join(f"\\[{n}\\]" for n in sentence.citations)
        doubt = "" if sentence.status != "unsupported" else say(language, "answer.unsupported")
        yield f"- {plain(sentence.text)} {marks}{doubt}".rstrip()
    yield ""
    for citation in answer.citations:
        yield from _citation(citation, language)


def _citation(citation: Citation, language: Language) -> Iterator[str]:
    parts = [citation.title, citation.section, citation.document, citation.updated or ""]
    if citation.confidence:
        parts.append(say(language, f"confidence.{citation.confidence}"))
    yield f"{citation.n}. {' · '.join(plain(part) for part in parts if part)}"
    yield f"   > {plain(citation.quote)}"
    yield ""
