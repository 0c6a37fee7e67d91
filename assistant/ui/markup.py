"""Small pieces of HTML, all text escaped: chips, badges, icons, quotes in their paragraph.

Whatever comes from a document, a question or a model passes through `escape`; nobody else in the
page writes text between tags. Markdown is not rendered: only `**bold**` and headings get a look.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from html import escape as _escape

from assistant.messages import explain, say
from assistant.records import Citation, Language

_BOLD = re.compile(r"\*\*(?=\S)(.+?)(?<=\S)\*\*")
_TABLE_RULE = re.compile(r"[-:| ]+")
# Invisible characters that turn or hide text: bidirectional controls and zero-width ones.
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\x00-\x08\x0b\x0c\x0e-\x1f]")
_DRAWINGS = {
    "plus": "M12 5v14M5 12h14",
    "search": "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14M20 20l-4-4",
    "pencil": "M4 20h4L19 9l-4-4L4 16v4M13 7l4 4",
    "trash": "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10 11v5M14 11v5",
    "menu": "M4 7h16M4 12h16M4 17h16",
    "close": "M6 6l12 12M18 6L6 18",
    "send": "M12 19V5M6 11l6-6 6 6",
    "stop": "M8 8h8v8H8z",
    "copy": "M9 9h10v11H9zM5 15V4h10",
    "retry": "M19 12a7 7 0 1 1-2.2-5.1M19 4v4h-4",
    "up": "M7 11v9H4v-9zM7 11l4-8c2 0 2.5 1.5 2 3l-.7 3H19l-1.5 11H7",
    "down": "M7 13V4H4v9zM7 13l4 8c2 0 2.5-1.5 2-3l-.7-3H19L17.5 4H7",
    "book": "M5 4h6a2 2 0 0 1 2 2v14a2 2 0 0 0-2-2H5zM21 4h-6a2 2 0 0 0-2 2v14a2 2 0 0 1 2-2h6z",
    "arrow": "M7 17L17 7M9 7h8v8",
    "globe": "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M3 12h18M12 3c3 3 3 15 0 18M12 3c-3 3-3 15 0 18",
    "moon": "M19 14a8 8 0 1 1-9-10 7 7 0 0 0 9 10z",
    "download": "M12 4v11M7 11l5 5 5-5M5 20h14",
    "warning": "M12 4l9 16H3zM12 10v4M12 17v.5",
    "chat": "M5 5h14v11H11l-5 4v-4H5z",
    "target": "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6",
    "gauge": "M4 17a8 8 0 1 1 16 0M12 17l4-6",
    "check": "M5 12l5 5L19 7",
    "lock": "M6 11h12v9H6zM8 11V8a4 4 0 0 1 8 0v3",
}


def escape(text: object) -> str:
    """Make text safe between tags and in quoted attributes; hidden characters are taken out."""
    return _escape(_INVISIBLE.sub("", str(text)), quote=True)


def icon(name: str) -> str:
    """Draw an icon in the colour of the text."""
    return (
        '<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">'
        f'<path d="{_DRAWINGS[name]}"/></svg>'
    )


def icon_button(name: str, label: str, **attributes: object) -> str:
    """Make a button that shows an icon and is named for screen readers and on hover."""
    shown = "".join(f' data-{k.replace("_", "-")}="{escape(v)}"' for k, v in attributes.items())
    return (
        f'<button type="button" class="icon-button"{shown} title="{escape(label)}" '
        f'aria-label="{escape(label)}">{icon(name)}</button>'
    )


def inline(text: str) -> str:
    """Escape a line; `**words**` become bold."""
    pieces, end = [], 0
    for match in _BOLD.finditer(text):
        pieces += [escape(text[end : match.start()]), f"<b>{escape(match[1])}</b>"]
        end = match.end()
    return "".join([*pieces, escape(text[end:])])


def badge(text: str, look: str = "", hint: str = "") -> str:
    """Make a small label; `look` is one of the badge classes of the style sheet."""
    title = f' title="{escape(hint)}"' if hint else ""
    return f'<span class="badge {look}"{title}>{escape(text)}</span>'


def is_past(day: str | None) -> bool:
    """Say whether an ISO date lies before today."""
    return bool(day) and str(day) < date.today().isoformat()


def confidence(language: Language, grade: str | None, words: bool = True) -> str:
    """Show a confidence grade with what it means, in words or on hover."""
    if not grade:
        return badge(say(language, "confidence.none"), "plain") if words else ""
    meaning = explain(language, f"confidence.{grade}")
    label = say(language, "confidence.label", grade=grade)
    shown = f"{label} · {meaning}" if words else label
    return badge(shown, f"grade grade-{escape(grade.lower())}", meaning)


def visibility(language: Language, level: str) -> str:
    """Show who may see a document; internal ones carry a lock."""
    lock = icon("lock") if level == "internal" else ""
    return (
        f'<span class="badge plain">{lock}{escape(explain(language, f"visibility.{level}"))}</span>'
    )


def facts(language: Language, citation: Citation, words: bool = True) -> str:
    """Show confidence, date, validity and visibility of a cited source."""
    shown = [confidence(language, citation.confidence, words)]
    if citation.updated:
        shown.append(badge(say(language, "source.updated", date=citation.updated), "plain"))
    if is_past(citation.valid_until):
        text = say(language, "source.expired", date=citation.valid_until)
        shown.append(badge(text, "bad"))
    elif citation.valid_until:
        text = say(language, "source.valid_until", date=citation.valid_until)
        shown.append(badge(text, "plain"))
    shown.append(visibility(language, citation.visibility))
    return "".join(shown)


def paragraphs(text: str, start: int, end: int, first: int = 0) -> Iterator[str]:
    """Lay out a document's text line by line, with the characters start..end marked.

    `first` is the offset at which the text given begins in the whole document.
    """
    position, marked = first, False
    for line in text.splitlines(keepends=True):
        body, look = _look_of(line)
        offset = position + line.index(body) if body else position
        position += len(line)
        if not body or _TABLE_RULE.fullmatch(body):
            continue
        shown, has_mark = _with_mark(body, start - offset, end - offset, first_mark=not marked)
        marked = marked or has_mark
        if look == "row":
            shown = shown.replace("|", "│")
        yield f'<p class="{look}">{shown}</p>'


def _look_of(line: str) -> tuple[str, str]:
    body = line.strip()
    heading = re.match(r"(#{1,6})\s+", body)
    if heading:
        return body[heading.end() :], f"h h{len(heading[1])}"
    bullet = re.match(r"([-*+]|\d+[.)、])\s+", body)
    if bullet and not bullet[1][0].isdigit():
        return body[bullet.end() :], "li"
    if bullet:
        return body, "li numbered"
    if body.startswith("|"):
        return body.strip("| "), "row"
    return body, "t"


def _with_mark(body: str, start: int, end: int, first_mark: bool) -> tuple[str, bool]:
    start, end = max(0, start), min(len(body), end)
    if start >= end:
        return inline(body), False
    name = ' id="quote" tabindex="-1"' if first_mark else ""
    before, inside, after = body[:start], body[start:end], body[end:]
    return f"{inline(before)}<mark{name}>{inline(inside)}</mark>{inline(after)}", True
