"""The finished plan as a record: its report, its numbers, its guards, and what it was made from.

A plan is never changed: an edit drafts it again. Two plans are compared by the ids of their
numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from assistant.messages import say
from assistant.plan.brief import Brief
from assistant.records import Language
from assistant.showing import show
from assistant.values import Report, Row, Table, Value


@dataclass(frozen=True)
class Guard:
    """A check that every plan goes through; `values` are the ids of the numbers it looked at."""

    id: str
    passed: bool
    message: str
    values: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Give id, passed, message and the ids of the values."""
        return {**asdict(self), "values": list(self.values)}


@dataclass(frozen=True)
class Plan:
    """A dated draft in one language. `edits` are the numbers that a reader has set, by id."""

    id: str
    version: int
    brief: Brief
    edits: Mapping[str, float]
    report: Report
    guards: tuple[Guard, ...]
    values: Mapping[str, Value] = field(default_factory=dict)
    writer: str = "rules"
    created: str = ""

    @property
    def language(self) -> Language:
        """The language that its texts are written in."""
        return self.report.language

    def failed(self) -> tuple[Guard, ...]:
        """List the guards that it fails."""
        return tuple(guard for guard in self.guards if not guard.passed)

    def to_json(self) -> dict[str, Any]:
        """Give the typed plan in full: every number with value, unit, basis and where from."""
        return {
            "id": self.id,
            "version": self.version,
            "kind": "plan",
            "language": self.language,
            "created": self.created,
            "writer": self.writer,
            "title": self.report.title,
            "brief": self.brief.to_json(),
            "edits": dict(self.edits),
            "guards": [guard.to_json() for guard in self.guards],
            "alerts": [asdict(paragraph) for paragraph in self.report.alerts],
            "sections": [_section(section) for section in self.report.sections],
            "values": {name: value.to_json() for name, value in self.values.items()},
        }


def compare(old: Plan | Report, new: Plan | Report) -> Table:
    """List the numbers that differ between two plans, in the new one's language and order."""
    language = new.language
    names = [*new.values, *(name for name in old.values if name not in new.values)]
    rows = [_change(old.values.get(n), new.values.get(n), language) for n in names]
    columns = ("column_number", "column_before", "column_after")
    return Table(
        id="changes",
        title=say(language, "plan.changes_title"),
        columns=tuple(say(language, f"plan.{name}") for name in columns),
        rows=tuple(row for row in rows if row),
        note="" if any(rows) else say(language, "plan.changes_none"),
    )


def _change(before: Value | None, after: Value | None, language: Language) -> Row | None:
    if before and after and before.value == after.value:
        return None
    named = after or before
    assert named is not None
    shown = [show(value, language) if value else "—" for value in (before, after)]
    return Row((named.label or named.id, *shown))


def _section(section: Any) -> dict[str, Any]:
    """Give a section with blocks by kind; cells that are numbers become their ids."""
    return {
        "id": section.id,
        "title": section.title,
        "blocks": [
            {"kind": type(block).__name__.lower(), **_plain(asdict(block))}
            for block in section.blocks
        ],
    }


def _plain(shown: dict[str, Any]) -> dict[str, Any]:
    for row in shown.get("rows", ()):
        row["cells"] = [
            {"id": cell["id"], "value": cell["value"], "unit": cell["unit"], "basis": cell["basis"]}
            if isinstance(cell, dict)
            else cell
            for cell in row["cells"]
        ]
    return shown
