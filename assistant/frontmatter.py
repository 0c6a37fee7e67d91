"""The front matter of Markdown files: what it may say, and where it is wrong.

Every scalar is read as text, so that a date stays as it was written. A file that names its `kind`
belongs to the library and must be complete; any other file may give as few keys as it likes.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from assistant.errors import LoadingError
from assistant.records import Language, Visibility

FRONT_MATTER_CHARACTERS = 20_000
NESTING = 4
_OPENING = re.compile(r"\ufeff?---[ \t]*\n")
_CLOSING = re.compile(r"^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.MULTILINE)
_KEY = re.compile(r"^[A-Za-z_][\w-]*[ \t]*:(?:\s|$)", re.MULTILINE)


def _is_date(value: str) -> str:
    if not re.fullmatch(r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?", value):
        raise ValueError(f"{value!r} is not a date such as 2024-05-31, 2024-05 or 2024")
    return value


Date = Annotated[str, AfterValidator(_is_date)]
Text = Annotated[str, Field(min_length=1)]
Audience = Literal["staff", "lead", "brand"]
FactPart = Literal["field", "alliance", "campaign", "kol"]
Stage = Literal["cold-start", "growth", "mature"]
Kind = Literal["playbooks", "cases", "market", "rules", "glossary"]


class SourceEntry(BaseModel):
    """One source of the file's facts."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: Text
    url: Annotated[str, Field(pattern=r"^https?://\S+$")] | None = None
    date: Text | None = None


class FrontMatter(BaseModel):
    """The keys that a Markdown file may begin with."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: Text | None = None
    title: Text | None = None
    language: Language | None = None
    kind: Kind | None = None
    summary: str = ""
    audience: tuple[Audience, ...] = ()
    visibility: Visibility = "public"
    fact: tuple[FactPart, ...] = ()
    stage: tuple[Stage, ...] = ()
    category: Text | None = None
    sources: tuple[SourceEntry, ...] = ()
    confidence: Literal["A", "B", "C"] | None = None
    valid_from: Date | None = None
    valid_until: Date | None = None
    updated: Date | None = None
    questions: tuple[Text, ...] = ()


REQUIRED = (
    *("id", "title", "language", "kind", "summary", "audience", "visibility"),
    *("sources", "confidence", "updated", "questions"),
)


def read_front_matter(text: str, path: str) -> tuple[FrontMatter | None, int]:
    """Read the block between two `---` lines, and say where the body begins.

    A text without such a block gives (None, 0); a wrong block raises LoadingError with file, line,
    key and what is allowed.
    """
    opening = _OPENING.match(text)
    closing = _CLOSING.search(text, opening.end()) if opening else None
    if not opening or not closing or not _KEY.search(text, opening.end(), closing.start()):
        return None, 0
    block = text[opening.end() : closing.start()]
    if len(block) > FRONT_MATTER_CHARACTERS:
        raise LoadingError(f"{path}:1: the front matter is longer than {FRONT_MATTER_CHARACTERS}")
    values, lines = _read_yaml(block, path)
    try:
        matter = FrontMatter.model_validate(values)
    except ValidationError as error:
        raise LoadingError(_explain(error, lines, path)) from error
    _check_complete(matter, lines, path)
    return matter, closing.end()


Lines = dict[tuple[str | int, ...], int]


def _read_yaml(block: str, path: str) -> tuple[dict[str, Any], Lines]:
    """Read the YAML as plain text values, and note the line of the file that each stands in."""
    lines: Lines = {(): 1}
    try:
        if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(block)):
            raise LoadingError(f"{path}:1: references (*name) are not allowed in front matter")
        node = yaml.compose(block, Loader=yaml.SafeLoader)
    except RecursionError as error:
        raise LoadingError(f"{path}:2: the front matter is nested too deeply") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 2 if mark else 1
        problem = getattr(error, "problem", None) or "it cannot be read"
        hint = "text with : ? # [ ] or quotes in it must stand in quotes"
        raise LoadingError(
            f"{path}:{line}: the front matter is not YAML: {problem}; {hint}"
        ) from error
    if not isinstance(node, yaml.MappingNode):
        raise LoadingError(f"{path}:2: the front matter is not a list of 'key: value' lines")
    return _plain(node, (), lines, path), lines


def _plain(node: yaml.Node, place: tuple[str | int, ...], lines: Lines, path: str) -> Any:
    lines.setdefault(place, node.start_mark.line + 2)
    if len(place) > NESTING:
        raise LoadingError(f"{path}:{lines[place]}: the front matter is nested too deeply")
    if isinstance(node, yaml.SequenceNode):
        return tuple(_plain(n, (*place, i), lines, path) for i, n in enumerate(node.value))
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Any] = {}
        for key_node, value in node.value:
            key = str(key_node.value)
            here = (*place, key)
            if key in found:
                raise LoadingError(f"{path}:{key_node.start_mark.line + 2}: {key!r} is given twice")
            lines[here] = key_node.start_mark.line + 2
            found[key] = _plain(value, here, lines, path)
        return {key: value for key, value in found.items() if value is not None}
    return None if node.tag == "tag:yaml.org,2002:null" else node.value


def _explain(error: ValidationError, lines: Lines, path: str) -> str:
    """Say in one line which key is wrong, where, and what is allowed."""
    first = error.errors()[0]
    place = tuple(first["loc"])
    known = max((place[:n] for n in range(len(place) + 1) if place[:n] in lines), key=len)
    name = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in place).lstrip(".")
    return f"{path}:{lines[known]}: key {name!r}: {_what(first, place)}"


def _what(first: Any, place: tuple[str | int, ...]) -> str:
    given = first.get("input")
    if first["type"] == "extra_forbidden":
        model = FrontMatter if len(place) == 1 else SourceEntry
        return f"is not known; allowed: {', '.join(model.model_fields)}"
    if first["type"] == "literal_error":
        allowed = first["ctx"]["expected"].replace("'", "").replace(" or ", ", ")
        return f"{given!r} is not one of {allowed}"
    if first["type"] == "missing":
        return "is missing"
    if first["type"] == "tuple_type":
        return "is not a list, such as [first, second]"
    if first["type"] in ("model_type", "model_attributes_type", "dict_type"):
        return f"{given!r} is not an entry with a name, such as '- name: ...'"
    if first["type"] == "string_pattern_mismatch":
        return f"{given!r} is not an http(s) address"
    return str(first["msg"]).removeprefix("Value error, ")


def _check_complete(matter: FrontMatter, lines: Lines, path: str) -> None:
    if matter.kind:
        missing = [key for key in REQUIRED if (key,) not in lines]
        if missing:
            raise LoadingError(
                f"{path}:1: key {missing[0]!r} is missing; a file with a kind needs "
                + ", ".join(REQUIRED)
            )
    named = re.search(r"\.(zh|en)\.(?:md|markdown)$", path)
    if named and matter.language and named.group(1) != matter.language:
        raise LoadingError(
            f"{path}:{lines[('language',)]}: key 'language': {matter.language!r} is not "
            f"{named.group(1)!r}, as the file's name says"
        )
