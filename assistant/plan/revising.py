"""Revises a plan by a sentence: changes of numbers become edits, and the plan is drafted again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from assistant.errors import InputError
from assistant.messages import say
from assistant.plan.assumptions import Assumptions
from assistant.plan.brief import Brief
from assistant.plan.drafting import draft_plan
from assistant.plan.plan import Plan
from assistant.plan.reading import Change, read_revision
from assistant.records import Language
from assistant.showing import show

# Fields of the brief that stand in the plan as an editable number under another id.
FIELDS = {
    "budget_cny": "brief.budget",
    "gmv_target_cny": "brief.gmv_target",
    "average_order_value_cny": "aov",
    "entry_rate_percent": "rate.entry",
    "click_rate_percent": "rate.click",
    "conversion_rate_percent": "rate.conversion",
    "return_rate_percent": "rate.return",
    "gross_margin_percent": "rate.margin",
    "platform_fee_percent": "rate.platform_fee",
    "commission_percent": "rate.commission",
}


@dataclass(frozen=True)
class Revised:
    """The plan after a request, what it changed, and the parts that were not understood."""

    before: Plan
    plan: Plan
    changes: tuple[str, ...]
    unclear: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Say whether any number was changed."""
        return bool(self.changes)

    def summary(self, language: Language) -> str:
        """Say what was changed from what to what, and what was not understood."""
        joint = say(language, "plan.listing")
        told = [say(language, "plan_revised.nothing")]
        if self.changes:
            lines = [self._line(name, language) for name in self.changes]
            told = [say(language, "plan_revised.summary", changes=joint.join(lines))]
        if self.unclear:
            told.append(say(language, "plan_revised.unclear", phrases=joint.join(self.unclear)))
        return " ".join(told) if language == "en" else "".join(told)

    def _line(self, name: str, language: Language) -> str:
        old, new = self.before.values.get(name), self.plan.values[name]
        return say(
            language,
            "plan_revised.change",
            label=new.label or name,
            before=show(old, language) if old else "—",
            after=show(new, language),
        )


def revise(plan: Plan, request: str, assumptions: Assumptions, *, today: date) -> Revised:
    """Read a request and apply it; InputError when a number asked for cannot be taken."""
    read = read_revision(request, assumptions)
    revised, names = apply_changes(plan, read.changes, assumptions, today=today)
    return Revised(plan, revised, names, read.unclear)


def apply_changes(
    plan: Plan, changes: Sequence[Change], assumptions: Assumptions, *, today: date
) -> tuple[Plan, tuple[str, ...]]:
    """Draft the plan again with these changes; gives it and the ids that were changed."""
    edits = dict(plan.edits)
    fields: dict[str, Any] = plan.brief.to_json()
    names: list[str] = []
    for change in changes:
        name = FIELDS.get(change.target, change.target)
        held = plan.values.get(name) or plan.values.get(f"brief.{name}")
        if held and held.editable:
            edits[held.id] = change.applied(edits.get(held.id, held.value))
            names.append(held.id)
        elif change.target in Brief.model_fields:
            given = fields.get(change.target)
            fields[change.target] = _like(change, given)
            names += [held.id] if held else []
        else:
            raise InputError(
                f"{change.target} is not in this plan",
                key="plan_error.edit_unknown",
                name=change.phrase or change.target,
            )
    if not changes:
        return plan, ()
    brief = Brief.from_fields(fields, assumptions)
    revised = draft_plan(brief, assumptions, edits=edits, today=today, language=plan.language,
                         id=plan.id, version=plan.version + 1,
                         created=plan.created)  # fmt: skip
    return revised, tuple(name for name in dict.fromkeys(names) if name in revised.values)


def _like(change: Change, given: Any) -> float | int:
    """Give the new number of a field; counts stay whole."""
    number = change.applied(float(given or 0))
    return int(number) if number == int(number) else number
