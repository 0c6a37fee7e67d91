"""Cuts a document into verbatim slices, sized in tokens.

Cuts fall at headings, else between paragraphs, else between table rows or sentences, else at a
space or punctuation mark, else anywhere. `document.text[start:end] == chunk.text` always holds,
and all visible text but heading lines lies in a chunk; a chunk's headings carry those.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

from assistant.language import sentences
from assistant.outline import heading, lines, outline
from assistant.records import Chunk, Document, Section
from assistant.tokens import count_tokens, prefix_length

CONTEXT_CHARACTERS = 200
Span = tuple[int, int]
_SOFT_CUT = re.compile(r"[\s,、,;;::))」』”|]+")
# Sentences are looked for in pieces of this length, so that a huge line costs linear time.
_SENTENCE_WINDOW = 20_000


def chunk(document: Document, size_tokens: int, overlap_tokens: int = 0) -> list[Chunk]:
    """Cut the document into slices of at most `size_tokens`, none across two headings or pages."""
    found: list[Chunk] = []
    for section in document.sections or outline(document.text, document.title):
        body = _body_start(document.text, section)
        for start, end in _pack(document.text, body, section.end, size_tokens, overlap_tokens):
            found.append(_chunk(document, section, len(found), start, end))
    return found or _headings_only(document, size_tokens)


def embedding_text(document: Document, chunk: Chunk) -> str:
    """Put title and headings before the slice, for encoding and word search only."""
    context = " > ".join(chunk.headings or (document.title,))[:CONTEXT_CHARACTERS]
    return f"{context}\n{chunk.text}" if context else chunk.text


def _chunk(document: Document, section: Section, position: int, start: int, end: int) -> Chunk:
    text = document.text[start:end]
    return Chunk(position, start, end, text, section.headings, section.page, count_tokens(text))


def _body_start(text: str, section: Section) -> int:
    stop = text.find("\n", section.start, section.end) + 1 or section.end
    found = heading(text[section.start : stop])
    is_own = found is not None and section.headings[-1:] == (found[1],)
    return stop if is_own else section.start


def _headings_only(document: Document, size_tokens: int) -> list[Chunk]:
    """Keep a text findable that has nothing but headings."""
    whole = Section((document.title,), 0, len(document.text))
    spans = _pack(document.text, 0, len(document.text), size_tokens, 0)
    return [_chunk(document, whole, n, start, end) for n, (start, end) in enumerate(spans)]


def _pack(text: str, start: int, end: int, size: int, overlap: int) -> Iterator[Span]:
    """Join neighbouring units into spans of about equal size; paragraphs that fit stay whole."""
    units = [span for block in _blocks(text, start, end) for span in _units(text, block, size)]
    # The space up to the next unit is counted too, so that sums do not fall short of the whole.
    borders = [unit[0] for unit in units] + [end]
    counts = [count_tokens(text[slice(*pair)]) for pair in pairwise(borders)]
    target = sum(counts) / max(1, -(-sum(counts) // size))
    first = 0
    while first < len(units):
        last = _last(text, units, counts, first, size=size, target=target)
        yield _trim(text, units[first][0], units[last][1])
        if last == len(units) - 1:
            return
        first = _step_back(text, units, counts, first, last, size=size, overlap=overlap)


def _last(
    text: str, units: list[Span], counts: list[int], first: int, *, size: int, target: float
) -> int:
    """Give the last unit of the span that begins with unit `first`."""
    last, total = first, counts[first]
    while last + 1 < len(units) and total < target and total + counts[last + 1] <= size:
        last += 1
        total += counts[last]
    # A sum may still fall short of the whole: tokens do not respect the borders of units.
    while last > first and count_tokens(text[units[first][0] : units[last][1]]) > size:
        last -= 1
    return last


def _step_back(
    text: str,
    units: list[Span],
    counts: list[int],
    first: int,
    last: int,
    *,
    size: int,
    overlap: int,
) -> int:
    """Give the unit that the next span begins with: whole units are repeated, within `overlap`."""
    following, repeated = last + 1, 0
    room = min(overlap, size - counts[following])
    while following - 1 > first and repeated + counts[following - 1] <= room:
        following -= 1
        repeated += counts[following]
    joined = count_tokens(text[units[following][0] : units[last + 1][1]])
    return following if joined <= size else last + 1


def _blocks(text: str, start: int, end: int) -> Iterator[tuple[int, int, bool]]:
    """Give paragraphs and whole code fences, in order, and whether it is a fence."""
    begin, fenced_before = start, False
    for line_start, line_end, fenced in lines(text, start, end):
        blank = not fenced and not text[line_start:line_end].strip()
        if blank or fenced != fenced_before:
            if text[begin:line_start].strip():
                yield begin, line_start, fenced_before
            begin = line_start
        fenced_before = fenced
    if text[begin:end].strip():
        yield begin, end, fenced_before


def _units(text: str, block: tuple[int, int, bool], size: int) -> Iterable[Span]:
    """Give the block whole if it fits, else its rows and sentences, else pieces of those."""
    start, end, fenced = block
    start, end = _trim(text, start, end)
    if _fits(text, start, end, size):
        return [(start, end)]
    parts = _rows(text, start, end) if fenced else _rows_and_sentences(text, start, end)
    return [
        piece
        for part in parts
        for piece in ([part] if _fits(text, *part, size) else _pieces(text, *part, size))
    ]


def _fits(text: str, start: int, end: int, size: int) -> bool:
    # A byte is at most one token: short texts need no counting, and long ones are not encoded.
    if (end - start) * 4 <= size:
        return True
    return prefix_length(text, start, end, size) >= end - start


def _rows(text: str, start: int, end: int) -> Iterator[Span]:
    for line_start, line_end, _ in lines(text, start, end):
        if text[line_start:line_end].strip():
            yield _trim(text, line_start, line_end)


def _rows_and_sentences(text: str, start: int, end: int) -> Iterator[Span]:
    """Keep table rows whole and cut the lines between them into sentences."""
    prose = start
    for line_start, line_end, _ in lines(text, start, end):
        if text[line_start:line_end].lstrip().startswith("|"):
            yield from _sentences(text, prose, line_start)
            yield _trim(text, line_start, line_end)
            prose = line_end
    yield from _sentences(text, prose, end)


def _sentences(text: str, start: int, end: int) -> Iterator[Span]:
    """Give sentences with their list markers; what is no sentence goes with the next one."""
    begin = start
    while begin < end:
        window_end = min(end, begin + _SENTENCE_WINDOW)
        stops = [begin + stop for _, stop in sentences(text[begin:window_end])]
        if window_end < end:
            stops = stops[:-1] or [window_end]
        elif stops:
            stops[-1] = end
        for stop in stops or [end]:
            if text[begin:stop].strip():
                yield _trim(text, begin, stop)
            begin = stop


def _pieces(text: str, start: int, end: int, size: int) -> Iterator[Span]:
    """Cut what has no sentence end, preferably after a space or mark in the last third."""
    while start < end:
        stop = start + prefix_length(text, start, end, size)
        if stop < end:
            marks = list(_SOFT_CUT.finditer(text, stop - (stop - start) // 3, stop))
            stop = marks[-1].end() if marks else stop
        if text[start:stop].strip():
            yield _trim(text, start, stop)
        start = stop


def _trim(text: str, start: int, end: int) -> Span:
    piece = text[start:end]
    left = len(piece) - len(piece.lstrip())
    return start + left, start + max(left, len(piece.rstrip()))
