"""Reads YAML or JSON of limited size into plain values, without the surprises of YAML.

Unquoted true, false, null and decimal numbers are values and everything else is text, so that a
key `yes` stays a word and a date stays as written. A key that stands twice, references, tags and
deep nesting are refused with their line. Every refusal is an `Unreadable` with its reason.
"""

from __future__ import annotations

import re
from itertools import accumulate
from typing import Any, Literal

import yaml

from assistant.decoding import decode
from assistant.errors import LoadingError
from assistant.language import clean

Reason = Literal[
    "too_big", "garbled", "reference", "nested", "not_yaml", "empty", "no_mapping", "twice"
]
NESTING = 12
# Open brackets at once, those in texts included; the scanner's time grows with their square.
OPEN_BRACKETS = 50
_BRACKETS = {"[": 1, "{": 1, "]": -1, "}": -1}
_NUMBER = re.compile(r"[-+]?\d{1,15}(?P<fraction>\.\d{0,10})?", re.ASCII)
_WORDS: dict[str, bool | None] = {
    "": None, "~": None, "null": None, "true": True, "false": False,
}  # fmt: skip


class Unreadable(Exception):
    """Why a text is no mapping; `line`, `name` and `size` (bytes) are set where they are known."""

    def __init__(self, reason: Reason, *, line: int = 0, name: str = "", size: int = 0) -> None:
        """Keep the reason and its place."""
        super().__init__(reason)
        self.reason, self.line, self.name, self.size = reason, line, name, size


def read_mapping(raw: bytes | str, most_bytes: int, nesting: int = NESTING) -> dict[str, Any]:
    """Read a mapping of text keys; Unreadable says what is wrong and where."""
    text = _readable(raw, most_bytes)
    depths = accumulate(_BRACKETS[match] for match in re.findall(r"[\[\]{}]", text))
    if max(depths, default=0) > OPEN_BRACKETS:
        raise Unreadable("nested")
    try:
        node = _compose(text)
        if node is None:
            raise Unreadable("empty")
        if not isinstance(node, yaml.MappingNode):
            raise Unreadable("no_mapping")
        found: dict[str, Any] = _plain(node, nesting)
    except RecursionError as error:
        raise Unreadable("nested") from error
    return found


def _readable(raw: bytes | str, most_bytes: int) -> str:
    size = len(raw.encode("utf-8", "surrogatepass") if isinstance(raw, str) else raw)
    if size > most_bytes:
        raise Unreadable("too_big", size=size)
    try:
        text = raw if isinstance(raw, str) else decode(raw)
    except LoadingError as error:
        raise Unreadable("garbled") from error
    if "\ufffd" in text or "\x00" in text:
        raise Unreadable("garbled")
    return clean(text).replace("\t", "  ")


def _compose(text: str) -> yaml.Node | None:
    try:
        if any(isinstance(t, yaml.AliasToken | yaml.TagToken) for t in yaml.scan(text)):
            raise Unreadable("reference")
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise Unreadable("not_yaml", line=mark.line + 1 if mark else 1) from error


def _plain(node: yaml.Node, deeper: int) -> Any:
    if deeper < 0:
        raise Unreadable("nested")
    if isinstance(node, yaml.SequenceNode):
        return [_plain(one, deeper - 1) for one in node.value]
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Any] = {}
        for key, value in node.value:
            found[_key(key, found)] = _plain(value, deeper - 1)
        return found
    quoted = isinstance(node, yaml.ScalarNode) and node.style
    return node.value if quoted else _scalar(str(node.value))


def _key(node: yaml.Node, seen: dict[str, Any]) -> str:
    line = node.start_mark.line + 1
    if not isinstance(node, yaml.ScalarNode):
        raise Unreadable("not_yaml", line=line)
    name = str(node.value)
    if name in seen:
        raise Unreadable("twice", line=line, name=name)
    return name


def _scalar(text: str) -> str | int | float | bool | None:
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    match = _NUMBER.fullmatch(text)
    if not match:
        return text
    return float(text) if match["fraction"] else int(text)
