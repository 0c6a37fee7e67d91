"""Tells in which encoding the bytes of a text are, and refuses what is no text.

UTF-8 first, then GB18030; other Unicode forms count only with their mark, and Western European
text is recognised by the nonsense that it would be in GB18030.
"""

from __future__ import annotations

import re
import unicodedata

from assistant.errors import LoadingError

_GLUED_HAN = re.compile("[A-Za-z][\u4e00-\u9fff][A-Za-z\\s,.]")


def decode(raw: bytes) -> str:
    """Decode UTF-8, UTF-16 and UTF-32 with a mark, GB18030, or Western European text."""
    for mark, encoding in (
        (b"\xef\xbb\xbf", "utf-8-sig"),
        (b"\xff\xfe\x00\x00", "utf-32"),
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
    ):
        if raw.startswith(mark):
            marked = _decode_as(raw, encoding)
            return _refuse_text() if marked is None else marked
    if b"\x00" in raw:
        _refuse_text()
    text = _decode_as(raw, "utf-8")
    if text is None:
        text = _decode_as(raw, "gb18030")
        if text is None or _is_western(text):
            text = _decode_as(raw, "cp1252")
    return text if text is not None and not _is_junk(text) else _refuse_text()


def _decode_as(raw: bytes, encoding: str) -> str | None:
    try:
        return raw.decode(encoding)
    except UnicodeError:
        return None


def _refuse_text() -> str:
    raise LoadingError("is not text in UTF-8, GB18030 or UTF-16; save it as UTF-8")


def _is_western(text: str) -> bool:
    """Say whether the Chinese characters are accented letters read in the wrong encoding."""
    han = sum("\u4e00" <= c <= "\u9fff" for c in text)
    return len(_GLUED_HAN.findall(text)) * 2 > han > 0


def _is_junk(text: str) -> bool:
    sample = text[:100_000]
    odd = sum(unicodedata.category(c) in ("Cc", "Cn", "Co") and c not in "\t\n\r\f" for c in sample)
    return odd * 50 > len(sample)


def decode_html(raw: bytes) -> str:
    """Decode a page; its own `charset` declaration counts when the bytes are not Unicode."""
    declared = re.search(rb"charset\s*=\s*[\"']?([\w-]+)", raw[:4096])
    try:
        return decode(raw)
    except LoadingError:
        if not declared:
            raise
        return raw.decode(declared.group(1).decode("ascii"), errors="replace")
