"""What a saved plan holds beside its versions: the brief it was made from, the form, set numbers.

The form may run ahead of the plan: a plan keeps its own brief, and the day on which it was made,
until it is drafted again. So a half-filled form never breaks the plan beside it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from assistant.archive import Work
from assistant.errors import InputError
from assistant.plan.revising import FIELDS
from assistant.ui.brief_form import NUMBERS

_FIELD_OF = {
    **{f"brief.{name}": name for name in NUMBERS},
    **{name: brief_field for brief_field, name in FIELDS.items()},
    "service.have": "customer_service_agents",
}


@dataclass(frozen=True)
class PlanDraft:
    """The state of one plan: `filling` is the form where it differs from the plan's brief.

    `words` are a chat model's wordings of paragraphs, by the plan's own text of each.
    """

    fields: Mapping[str, Any] = field(default_factory=dict)
    edits: Mapping[str, float] = field(default_factory=dict)
    planned: bool = False
    today: date = field(default_factory=date.today)
    filling: Mapping[str, Any] | None = None
    words: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, work: Work) -> PlanDraft:
        """Read it from a work; InputError when the work is no plan."""
        if work.kind != "plan":
            raise InputError(f"{work.id!r} is no plan", key="error.no_work")
        held = work.draft
        return cls(
            fields=held.get("fields", {}),
            edits=held.get("edits", {}),
            planned=bool(held.get("planned")),
            today=date.fromisoformat(held.get("today") or work.created[:10]),
            filling=held.get("filling"),
            words=held.get("words", {}),
        )

    def to_json(self) -> dict[str, Any]:
        """Give what the archive keeps."""
        held: dict[str, Any] = {
            "fields": dict(self.fields),
            "edits": dict(self.edits),
            "planned": self.planned,
            "today": self.today.isoformat(),
            "words": dict(self.words),
        }
        return held if self.filling is None else {**held, "filling": dict(self.filling)}

    def form(self) -> dict[str, Any]:
        """Give the fields to show: as they were filled, else the brief with the numbers set."""
        if self.filling is not None:
            return dict(self.filling)
        known = {_FIELD_OF[name]: n for name, n in self.edits.items() if name in _FIELD_OF}
        whole = {name: int(n) if n == int(n) else n for name, n in known.items()}
        return {**self.fields, **whole}

    def filled(self, fields: Mapping[str, Any]) -> PlanDraft:
        """Keep the form as it is; a plan that was made stays as it is."""
        if self.planned:
            return replace(self, filling=fields)
        return replace(self, fields=fields, filling=None)

    def redrafted(self, fields: Mapping[str, Any], editable: Collection[str]) -> PlanDraft:
        """Take the form as the brief of a plan made today.

        Numbers that the form states are those of the form; others that were set stay where they
        are among the `editable` ones of the new plan.
        """
        kept = {
            name: number
            for name, number in self.edits.items()
            if name in editable and name not in _FIELD_OF
        }
        return PlanDraft(fields=fields, edits=kept, planned=True, words=self.words)

    def lost(self, after: PlanDraft) -> int:
        """Count the numbers that were set and are neither in the form nor in the plan `after`."""
        return sum(name not in after.edits and name not in _FIELD_OF for name in self.edits)
