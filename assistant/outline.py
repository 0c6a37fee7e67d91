"""What a heading is in Markdown text, and which span of the text stands under it.

Sections never overlap and cover the text from its first heading, or its start, to its end. Lines
inside a code fence are no headings, and neither is a `#` line too long to be one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from assistant.records import Section

HEADING_CHARACTERS = 200
_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(\S.*?)(?:[ \t]+#+)?[ \t]*")
_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})([^\n]*)")


def lines(text: str, start: int = 0, end: int | None = None) -> Iterator[tuple[int, int, bool]]:
    """Give each line's start and end (line break included) and whether it belongs to a fence."""
    end = len(text) if end is None else end
    fence = ""
    while start < end:
        stop = text.find("\n", start, end) + 1 or end
        match = _FENCE.match(text, start, stop)
        inside = bool(fence) or bool(match)
        if match and not fence:
            fence = match.group(1)
        elif match and match.group(1).startswith(fence) and not match.group(2).strip():
            fence = ""
        yield start, stop, inside
        start = stop


def heading(line: str) -> tuple[int, str] | None:
    """Give the level and the words of a heading line; None when the line is not a heading."""
    if len(line) > HEADING_CHARACTERS:
        return None
    match = _HEADING.fullmatch(line.rstrip("\n"))
    return (len(match.group(1)), match.group(2)) if match else None


def headings(text: str) -> Iterator[tuple[int, int, str]]:
    """Give start, level and words of every heading of the text."""
    for start, stop, fenced in lines(text):
        found = None if fenced else heading(text[start:stop])
        if found:
            yield start, *found


def outline(text: str, title: str) -> tuple[Section, ...]:
    """Cut the text at its headings; every path begins with the title, which is not repeated."""
    sections: list[Section] = []
    path: list[tuple[int, str]] = []
    begin = 0
    names: tuple[str, ...] = (title,)
    for start, level, words in headings(text):
        if text[begin:start].strip():
            sections.append(Section(names, begin, start))
        path = [entry for entry in path if entry[0] < level]
        path.append((level, words))
        below = [name for _, name in path]
        begin, names = start, (title, *(below[1:] if below[0] == title else below))
    if text[begin:].strip():
        sections.append(Section(names, begin, len(text)))
    return tuple(sections)
