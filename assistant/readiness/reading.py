"""Reads YAML or JSON of limited size into plain values, without the surprises of YAML.

Unquoted true, false, null and decimal numbers are values and everything else is text, so that a
key `yes` stays a word and a date stays as written. A key that stands twice, references and deep
nesting are refused with their line.
"""

from __future__ import annotations

import re
from itertools import accumulate
from typing import Any

import yaml

from assistant.decoding import decode
from assistant.errors import InputError, LoadingError

NESTING = 12
# Open brackets at once, those in texts included; the scanner's time grows with their square.
OPEN_BRACKETS = 50
_BRACKETS = {"[": 1, "{": 1, "]": -1, "}": -1}
_NUMBER = re.compile(r"[-+]?\d+(?P<fraction>\.\d*)?(?P<power>[eE][-+]?\d{1,3})?")
_WORDS = {"true": True, "True": True, "false": False, "False": False, "null": None, "~": None,
          "": None}  # fmt: skip


def read_mapping(raw: bytes | str, most_bytes: int) -> dict[str, Any]:
    """Read a mapping; InputError says what is wrong with the text and in which line."""
    size = len(raw.encode("utf-8", "surrogatepass") if isinstance(raw, str) else raw)
    if size > most_bytes:
        sizes = {"size_mb": f"{size / 1e6:.1f}", "limit_mb": f"{most_bytes / 1e6:g}"}
        message = "the file has {size_mb} MB, more than {limit_mb} MB".format_map(sizes)
        raise InputError(message, key="answers.too_large", **sizes)
    try:
        text = raw if isinstance(raw, str) else decode(raw)
    except LoadingError as error:
        raise InputError(f"the file {error}", key="answers.not_text") from error
    depths = accumulate(_BRACKETS[match] for match in re.findall(r"[\[\]{}]", text))
    if max(depths, default=0) > OPEN_BRACKETS:
        raise InputError("the file is nested too deeply", key="answers.too_deep")
    try:
        node = _compose(text)
        if not isinstance(node, yaml.MappingNode):
            raise InputError("these are no 'key: value' lines", key="answers.not_a_mapping")
        found: dict[str, Any] = _plain(node, 0)
    except RecursionError as error:
        raise InputError("the file is nested too deeply", key="answers.too_deep") from error
    return found


def _compose(text: str) -> yaml.Node | None:
    try:
        if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(text)):
            raise InputError("references (*name) are not read", key="answers.references")
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        problem = getattr(error, "problem", None) or "it has characters that nobody can see"
        message = f"line {line} is not YAML or JSON: {problem}"
        raise InputError(message, key="answers.garbled", line=line) from error


def _plain(node: yaml.Node, depth: int) -> Any:
    if depth > NESTING:
        raise InputError("the file is nested too deeply", key="answers.too_deep")
    if isinstance(node, yaml.SequenceNode):
        return [_plain(one, depth + 1) for one in node.value]
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Any] = {}
        for key, value in node.value:
            found[_key(key, found)] = _plain(value, depth + 1)
        return found
    return node.value if node.style else _scalar(node.value)


def _key(node: yaml.Node, seen: dict[str, Any]) -> str:
    line = node.start_mark.line + 1
    if not isinstance(node, yaml.ScalarNode):
        message = f"line {line} is not YAML or JSON: a key is one word"
        raise InputError(message, key="answers.garbled", line=line)
    name = str(node.value)
    if name in seen:
        message = f"line {line}: '{name}' stands there twice"
        raise InputError(message, key="answers.twice", line=line, name=name)
    return name


def _scalar(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    match = _NUMBER.fullmatch(text)
    if not match:
        return text
    number = float(text)
    if number in (float("inf"), float("-inf")):
        return text
    return number if match["fraction"] or match["power"] else int(text)
