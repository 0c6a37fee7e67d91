"""Reads the YAML or JSON of a brief into plain values, and refuses what is no brief.

Numbers are decimal and as written: no octal, no clock times, no references, no tags. A key stands
once. Whatever is wrong becomes a `Problem` of the brief as a whole, never an error of the parser.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from assistant.decoding import decode
from assistant.errors import LoadingError
from assistant.language import clean
from assistant.plan.problem import Problem, refusal

BRIEF_BYTES = 100_000
NESTING = 4
_INTEGER = re.compile(r"[-+]?\d{1,15}", re.ASCII)
_DECIMAL = re.compile(r"[-+]?\d{1,15}\.\d{1,10}", re.ASCII)
_WORDS: dict[str, bool | None] = {
    "": None, "~": None, "null": None, "true": True, "false": False,
}  # fmt: skip


def parse_brief(text: str | bytes) -> dict[str, Any]:
    """Give keys and values; InputError when it is too large, garbled or no list of keys."""
    cleaned = _readable(text)
    try:
        if any(isinstance(t, yaml.AliasToken | yaml.TagToken) for t in yaml.scan(cleaned)):
            raise _refused("reference")
        node = yaml.compose(cleaned, Loader=yaml.SafeLoader)
    except RecursionError as error:
        raise _refused("nested") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise _refused("not_yaml", line=mark.line + 1 if mark else 1) from error
    if node is None:
        raise _refused("empty_brief")
    if not isinstance(node, yaml.MappingNode):
        raise _refused("no_mapping")
    found: dict[str, Any] = _plain(node, 0)
    return found


def _readable(text: str | bytes) -> str:
    size = len(text if isinstance(text, bytes) else text.encode("utf-8", "replace"))
    if size > BRIEF_BYTES:
        raise _refused("too_big", size=size // 1000, most=BRIEF_BYTES // 1000)
    if isinstance(text, bytes):
        try:
            text = decode(text)
        except LoadingError as error:
            raise _refused("garbled") from error
    if "\ufffd" in text or "\x00" in text:
        raise _refused("garbled")
    return clean(text).replace("\t", "  ")


def _plain(node: yaml.Node, depth: int) -> Any:
    if depth > NESTING:
        raise _refused("nested")
    if isinstance(node, yaml.SequenceNode):
        return [_plain(one, depth + 1) for one in node.value]
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Any] = {}
        for key, value in node.value:
            name = str(key.value) if isinstance(key, yaml.ScalarNode) else "?"
            if name in found:
                raise refusal([Problem(name, "twice", {"line": key.start_mark.line + 1})])
            found[name] = _plain(value, depth + 1)
        return found
    return node.value if node.style else _scalar(str(node.value))


def _scalar(text: str) -> str | int | float | bool | None:
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else text


def _refused(key: str, **values: object) -> Exception:
    return refusal([Problem("brief", key, values)])
