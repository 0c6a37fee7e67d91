"""Finds documents in folders, files and addresses, and turns each into a Document.

Nothing outside the given folder is read, hidden files are passed over, and whatever is wrong with
one document is a LoadingError about that document alone. Text is data: it is never executed.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urldefrag, urlsplit

from assistant.errors import LoadingError
from assistant.fetching import fetch, is_url
from assistant.formats import SUFFIXES, Parsed, parse, sniff
from assistant.frontmatter import FrontMatter, read_front_matter
from assistant.language import clean, detect
from assistant.outline import headings, outline
from assistant.records import Document, Section, Source, Visibility

__all__ = [
    "SUFFIXES",
    "FrontMatter",
    "Origin",
    "content_hash",
    "discover",
    "load",
    "read_bytes",
    "read_front_matter",
]

# Part of every content hash: raise it when the same bytes would give another text.
LOADER_VERSION = "1"
MAX_BYTES = 50_000_000
TITLE_CHARACTERS = 200
_QUIET_SUFFIXES = (".yaml", ".yml")
_QUIET_NAMES = ("readme.md",)


@dataclass(frozen=True)
class Origin:
    """Where a document comes from; `path` is its identity, `root` the target it was found in."""

    path: str
    location: Path | str
    root: str
    root_location: str


Found = Origin | tuple[str, LoadingError]


def discover(targets: Sequence[str | Path]) -> Iterator[Found]:
    """List the documents of folders, files and URLs in a fixed order, and what is refused."""
    for target in targets:
        text = str(target)
        if is_url(text):
            url = urldefrag(text).url
            yield Origin(url, url, url, url)
            continue
        path = Path(os.path.abspath(text))
        name = path.name or "root"
        if path.is_dir():
            yield from _in_folder(path, name)
        elif path.exists():
            yield _judge(path, name, Origin(name, path, name, str(path)))
        else:
            yield name, _error(name, f"does not exist ({path})")


def _in_folder(root: Path, name: str) -> Iterator[Found]:
    real_root = root.resolve()
    unreadable: list[OSError] = []
    for folder, folders, files in os.walk(root, onerror=unreadable.append):
        folders.sort()
        links = [entry for entry in folders if (Path(folder) / entry).is_symlink()]
        folders[:] = [e for e in folders if not _is_hidden(e) and e not in links]
        for entry in sorted(files + links):
            path = Path(folder) / entry
            logical = f"{name}/{path.relative_to(root).as_posix()}"
            if _is_hidden(entry):
                continue
            if path.is_symlink() and not _is_inside(path, real_root):
                yield (
                    _printable(logical),
                    _error(logical, "is a link that leaves the folder; refused"),
                )
            elif entry not in links and not _is_quiet(entry):
                yield _judge(path, logical, Origin(logical, path, name, str(root)))
    for error in unreadable:
        logical = f"{name}/{Path(error.filename).relative_to(root).as_posix()}"
        yield logical, _error(logical, f"cannot be read: {error.strerror}")


def _is_hidden(name: str) -> bool:
    return name.startswith((".", "~$"))


def _is_quiet(name: str) -> bool:
    return name.lower() in _QUIET_NAMES or name.lower().endswith(_QUIET_SUFFIXES)


def _is_inside(path: Path, real_root: Path) -> bool:
    try:
        return path.resolve(strict=True).is_relative_to(real_root)
    except (OSError, RuntimeError):
        return False


def _judge(path: Path, logical: str, origin: Origin) -> Found:
    """Pass a readable file on, or say why it is refused."""
    if clean(logical) != logical or "\n" in logical:
        return _printable(logical), _error(
            logical, "has characters in its name that nobody can see"
        )
    if path.suffix.lower() not in SUFFIXES:
        known = ", ".join(SUFFIXES)
        return logical, _error(logical, f"'{path.suffix}' files are not read; {known} are")
    return origin


def _printable(text: str) -> str:
    return clean(text).replace("\n", " ")


def _error(path: str, reason: str) -> LoadingError:
    return LoadingError(f"{_printable(path)}: {reason}", path=_printable(path), reason=reason)


def read_bytes(origin: Origin, *, allow_private: bool = False) -> bytes:
    """Read a file or fetch an address, up to 50 MB.

    Addresses that lead into a private network are refused unless `allow_private` is set.
    """
    try:
        if isinstance(origin.location, str):
            return fetch(origin.location, MAX_BYTES, allow_private=allow_private)
        return _read_file(origin.location)
    except LoadingError as error:
        raise _error(origin.path, str(error)) from error
    except OSError as error:
        raise _error(origin.path, f"cannot be read: {error.strerror or error}") from error


def _read_file(path: Path) -> bytes:
    # Not blocking, because opening a pipe would wait for its writer.
    with open(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise LoadingError("is not an ordinary file")
        raw = file.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        raise LoadingError(f"is larger than {MAX_BYTES / 1e6:.0f} MB; split it")
    return raw


def content_hash(raw: bytes) -> str:
    """Give the hash that decides whether a document is read again; it covers the loader too."""
    return hashlib.sha256(LOADER_VERSION.encode() + b"\0" + raw).hexdigest()


def load(origin: Origin, raw: bytes, visibility: Visibility | None = None) -> Document:
    """Turn the bytes into a Document.

    Without an argument the front matter decides the visibility, else it is public. An argument
    can only restrict: what the front matter calls internal stays internal.
    """
    try:
        parsed = parse(_suffix(origin, raw), raw)
        return _document(origin, raw, parsed, visibility)
    except LoadingError as error:
        already_named = str(error).startswith(f"{origin.path}:")
        raise (error if already_named else _error(origin.path, str(error))) from error


def _suffix(origin: Origin, raw: bytes) -> str:
    if isinstance(origin.location, Path):
        return origin.location.suffix.lower()
    named = PurePosixPath(urlsplit(origin.location).path).suffix.lower()
    found = sniff(raw)
    return named if named in SUFFIXES and found in (".txt", named) else found


def _document(
    origin: Origin, raw: bytes, parsed: Parsed, visibility: Visibility | None
) -> Document:
    text, pages = _join(parsed)
    matter, offset = None, 0
    if _suffix(origin, raw) in (".md", ".markdown"):
        matter, offset = read_front_matter(text, origin.path)
    text = text[offset:]
    if not text.strip():
        raise LoadingError("has no text in it")
    title = (matter.title if matter else None) or _title(origin, text, parsed)
    document = Document(
        path=origin.path,
        title=title,
        text=text,
        language=detect(text),
        content_hash=content_hash(raw),
        sections=_sections(text, title, parsed, pages),
    )
    document = _with_front_matter(document, matter) if matter else document
    return replace(document, visibility="internal") if visibility == "internal" else document


def _join(parsed: Parsed) -> tuple[str, list[tuple[int, int]]]:
    """Clean and join the pieces; give each page's start and number."""
    texts: list[str] = []
    pages: list[tuple[int, int]] = []
    length = 0
    for number, piece in parsed.pieces:
        cleaned = clean(piece)
        if number is not None or len(parsed.pieces) > 1:
            cleaned = cleaned.strip()
        if not cleaned.strip():
            continue
        if number is not None:
            pages.append((length, number))
        texts.append(cleaned)
        length += len(cleaned) + len("\n\n")
    return "\n\n".join(texts), pages


def _title(origin: Origin, text: str, parsed: Parsed) -> str:
    if parsed.title:
        return clean(parsed.title)[:TITLE_CHARACTERS]
    if parsed.has_headings and not origin.path.lower().endswith(".xlsx"):
        first = next(headings(text), None)
        if first and not first[2].isdigit():
            return first[2]
    name = unquote(origin.path.rstrip("/").rsplit("/", 1)[-1])
    return (re.sub(r"(\.(zh|en))?\.[A-Za-z]{2,8}$", "", name) or name)[:TITLE_CHARACTERS]


def _sections(
    text: str, title: str, parsed: Parsed, pages: list[tuple[int, int]]
) -> tuple[Section, ...]:
    if parsed.has_headings:
        starts = [start for start, _ in pages]
        found = outline(text, title)
        numbers = [bisect_right(starts, section.start) - 1 for section in found]
        return tuple(
            replace(section, page=pages[n][1]) if n >= 0 else section
            for section, n in zip(found, numbers, strict=True)
        )
    spans: list[tuple[int, int | None]] = [*pages] or [(0, None)]
    ends = [start for start, _ in spans[1:]] + [len(text)]
    return tuple(
        Section((title,), start, end, page) for (start, page), end in zip(spans, ends, strict=True)
    )


def _with_front_matter(document: Document, matter: FrontMatter) -> Document:
    return replace(
        document,
        language=matter.language or document.language,
        visibility=matter.visibility,
        kind=matter.kind or document.kind,
        summary=matter.summary,
        confidence=matter.confidence,
        updated=matter.updated,
        valid_from=matter.valid_from,
        valid_until=matter.valid_until,
        audience=matter.audience,
        sources=tuple(Source(s.name, s.url, s.date) for s in matter.sources),
        questions=matter.questions,
        tags=(*matter.fact, *matter.stage, *((matter.category,) if matter.category else ())),
    )
