"""Drafts a plan: brief, edits and planning data in, a plan whose every number has a basis out.

Drafting is pure: the same input gives the same plan. An edit of any assumption or share drafts
everything again, so nothing that depends on it can be left behind.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from assistant.errors import InputError
from assistant.plan import (
    allocation,
    compliance,
    creators,
    goods,
    guards,
    inputs,
    kpis,
    live,
    money,
    schedule,
    service,
    sources,
    summary,
    traffic,
)
from assistant.plan.assumptions import Assumptions
from assistant.plan.brief import Brief
from assistant.plan.contradictions import problems
from assistant.plan.draft import Draft
from assistant.plan.plan import Plan
from assistant.plan.problem import refusal
from assistant.records import Language
from assistant.values import Report, Section

# Without these there is nothing to plan.
POSITIVE = ("brief.budget", "brief.gmv_target", "aov")


def draft_plan(
    brief: Brief,
    assumptions: Assumptions,
    *,
    edits: Mapping[str, float] | None = None,
    today: date,
    language: Language | None = None,
    id: str = "",
    version: int = 1,
    created: str = "",
) -> Plan:
    """Draft a plan; InputError when the brief has no window or an edit cannot be taken."""
    wanted = checked_edits(edits or {})
    stopping = [p for p in problems(brief, today, assumptions) if p.level == "error"]
    if stopping:
        raise refusal(stopping)
    draft = inputs.begin(brief, assumptions, wanted, today, language or brief.language)
    try:
        sections = _sections(draft)
    except (ValueError, ZeroDivisionError, OverflowError) as error:
        raise InputError(
            f"the plan cannot be computed with these numbers: {error}",
            key="plan_error.computing",
            reason=str(error),
        ) from error
    _refuse_unused(draft)
    report = _report(draft, sections, id, created or today.isoformat())
    found = guards.check(draft, report)
    alerts = guards.alerts(draft, found)
    report = replace(report, alerts=alerts, values=dict(draft.sheet.values))
    return Plan(
        id=id,
        version=version,
        brief=brief,
        edits=dict(wanted),
        report=report,
        guards=found,
        values=report.values,
        created=report.created,
    )


def checked_edits(edits: Mapping[str, float]) -> dict[str, float]:
    """Give the edits as numbers; InputError names the first that is none, negative or endless."""
    for name, number in edits.items():
        sound = isinstance(number, int | float) and not isinstance(number, bool)
        if not sound or not math.isfinite(number) or number < 0:
            raise InputError(
                f"{name}: {number!r} is not a number of 0 or more",
                key="plan_error.edit_number",
                name=name,
                given=str(number),
            )
        if name in POSITIVE and not number:
            raise InputError(
                f"{name} must be more than 0", key="plan_error.edit_zero", name=name
            )
    return {name: float(number) for name, number in edits.items()}


def _refuse_unused(draft: Draft) -> None:
    """Refuse edits of numbers that this plan does not have or that are computed."""
    for name in draft.sheet.unused_edits():
        known = name in draft.sheet.values
        raise InputError(
            f"{name} {'is computed, change its inputs' if known else 'is not in this plan'}",
            key="plan_error.edit_computed" if known else "plan_error.edit_unknown",
            name=name,
        )
    for value in draft.sheet.values.values():
        if value.edited and value.unit == "percent" and value.value > 100 and value.high is None:
            raise InputError(
                f"{value.id}: {value.value:g} is more than 100 percent",
                key="plan_error.edit_percent",
                name=value.id,
                given=f"{value.value:g}",
            )


def _sections(draft: Draft) -> tuple[Section, ...]:
    """Compute in the order in which numbers depend on each other, and give reading order."""
    money.decompose(draft)
    divided = allocation.section(draft)
    flow = traffic.section(draft)
    operations = [part.section(draft) for part in (goods, live, creators, service, schedule)]
    kpi = kpis.section(draft)
    profit = money.profit(draft)
    written = (summary.section(draft), divided, flow, *operations, kpi, profit)
    return (*written, compliance.section(draft, written), sources.section(draft))


def _report(draft: Draft, sections: tuple[Section, ...], id: str, created: str) -> Report:
    window = draft.window
    return Report(
        id=id,
        kind="plan",
        title=draft.say("plan.title", brand=draft.brief.brand),
        subtitle=draft.say(
            "plan.subtitle",
            start=draft.day(window.start),
            end=draft.day(window.end),
            stage=draft.say(f"plan_stage.{draft.brief.stage.replace('-', '_')}"),
        ),
        language=draft.language,
        created=created,
        sections=sections,
    )

