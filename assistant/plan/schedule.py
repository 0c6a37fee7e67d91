"""The timeline of a plan: phases, and what must be done by when, each with owner and deliverable.

Days are worked back from the phases. What should have been done before today is placed on today
and says when it was due; nothing is placed in the past.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from assistant.plan.citing import cite
from assistant.plan.draft import Draft
from assistant.plan.goods import short_products
from assistant.plan.service import hirings
from assistant.showing import day as day_of
from assistant.values import Block, Bullets, Paragraph, Row, Section, Span, Table, Timeline

REVIEW_DAYS_AFTER = 1
DECISION_DATE = "test.decision_date"


@dataclass(frozen=True)
class Milestone:
    """Something due on a day; `key` names its texts."""

    key: str
    due: date


def section(draft: Draft) -> Section:
    """Write section 8: a dated timeline, the list of milestones, and what is already late."""
    milestones = milestones_of(draft)
    spans = [*_phase_spans(draft), *(_span(draft, one) for one in milestones)]
    spans += _workstream_spans(draft)
    timeline = Timeline(
        "timeline",
        draft.say("schedule.timeline"),
        tuple(sorted(spans, key=lambda span: (span.start, span.end, span.id))),
    )
    blocks: list[Block] = [_lead(draft, milestones), *_late(draft, milestones), timeline]
    blocks += [_table(draft, milestones), _notes(draft)]
    return Section("schedule", draft.say("schedule.title"), tuple(blocks))


def milestones_of(draft: Draft) -> list[Milestone]:
    """List what is due, by day; a milestone that was due before today keeps its day here."""
    found = [*_registration(draft), *_checklist(draft), *_orders(draft), *_decisions(draft)]
    return sorted(found, key=lambda one: (one.due, one.key))


def _anchor(draft: Draft) -> date:
    """Give the day that everything is worked back from: the first day of the burst."""
    burst = draft.phase("burst")
    return burst.start if burst else draft.phases[0].start


def _registration(draft: Draft) -> Iterator[Milestone]:
    """Give the day by which to sign up: as dated for the promotion, else weeks before it."""
    if draft.brief.promotion is None:
        return
    assumptions, window = draft.assumptions, draft.window
    known = assumptions.estimate(draft.brief.promotion, window.end.year, draft.language)
    meets = known.start <= window.end and known.end >= window.start
    if meets and known.registration_from:
        yield Milestone("registration", known.registration_from)
        return
    start = min(known.start, _anchor(draft)) if meets else _anchor(draft)
    weeks = max(assumptions.range("registration-lead-weeks"))
    yield Milestone("registration", start - timedelta(weeks=int(weeks)))


def _checklist(draft: Draft) -> Iterator[Milestone]:
    for days in draft.assumptions.range("checklist-days-before"):
        yield Milestone(f"check_{days:g}", _anchor(draft) - timedelta(days=int(days)))


def _orders(draft: Draft) -> Iterator[Milestone]:
    """Give the days for stock and people."""
    if draft.has("stock.lead_days"):
        lead = timedelta(days=round(draft.sheet.number("stock.lead_days")))
        yield Milestone("stock", _anchor(draft) - lead)
    if short_products(draft):
        yield Milestone("presale", draft.phases[0].start)
    planned = hirings(draft)
    for key, one in zip(("hiring_first", "hiring"), planned[-2:], strict=False):
        yield Milestone("hiring" if one is planned[-1] else key, one.begin)
    if planned:
        yield Milestone("agents_ready", planned[-1].phase.start - timedelta(days=1))


def _decisions(draft: Draft) -> Iterator[Milestone]:
    if draft.has(DECISION_DATE):
        yield Milestone("decision", day_of(draft.sheet.number(DECISION_DATE)))
    elif draft.phases[0].id == "build-up":
        yield Milestone("decision", draft.phases[0].end)
    if draft.phase("burst"):
        yield Milestone("run_sheet", _anchor(draft))
    end = draft.phases[-1].end
    yield Milestone("review", end + timedelta(days=REVIEW_DAYS_AFTER))
    yield Milestone("settle", end + timedelta(days=_return_days(draft)))


def _return_days(draft: Draft) -> int:
    """Give the days after which refunds are known, so that profit can be settled."""
    value = draft.assume("return-days", "schedule.return_days", draft.say("schedule.return_days"))
    return round(value.value) + REVIEW_DAYS_AFTER


def _phase_spans(draft: Draft) -> Iterator[Span]:
    for phase in draft.phases:
        yield Span(
            phase.id,
            phase.name,
            phase.name,
            phase.start.isoformat(),
            phase.end.isoformat(),
            draft.say(f"schedule.owner_{phase.id}"),
            draft.say(f"schedule.deliverable_{phase.id}"),
        )


def _workstream_spans(draft: Draft) -> Iterator[Span]:
    """Give the other work that the brief names, counted from today."""
    for number, work in enumerate(draft.brief.workstreams, start=1):
        start = draft.today + timedelta(days=work.start_day)
        yield Span(
            f"workstream-{number}",
            _phase_of(draft, start),
            work.title,
            start.isoformat(),
            (start + timedelta(days=work.days - 1)).isoformat(),
            work.role or "",
            draft.say("schedule.workstream"),
        )


def _span(draft: Draft, one: Milestone) -> Span:
    late = one.due < draft.today
    day = max(one.due, draft.today).isoformat()
    title = draft.say(f"schedule.{one.key}")
    if late:
        title = draft.say("schedule.late_title", title=title, due=draft.day(one.due))
    return Span(
        one.key,
        _phase_of(draft, one.due),
        title,
        day,
        day,
        draft.say(f"schedule.owner_{one.key}"),
        draft.say(f"schedule.deliverable_{one.key}"),
    )


def _phase_of(draft: Draft, due: date) -> str:
    """Name the phase of a day; preparation before the first, follow-up after the last."""
    for phase in draft.phases:
        if phase.start <= due <= phase.end:
            return phase.name
    early = due < draft.phases[0].start
    return draft.say("schedule.phase_before" if early else "schedule.phase_after")


def _late_ones(draft: Draft, milestones: list[Milestone]) -> list[Milestone]:
    return [one for one in milestones if one.due < draft.today]


def _lead(draft: Draft, milestones: list[Milestone]) -> Paragraph:
    ahead = [one for one in milestones if one.due >= draft.today]
    return draft.paragraph(
        "schedule.lead", "lead", cite(draft, "four_phases"),
        phases=draft.say("schedule.arrow").join(phase.name for phase in draft.phases),
        start=draft.day(draft.phases[0].start), end=draft.day(draft.phases[-1].end),
        next=draft.say(f"schedule.{ahead[0].key}"), day=draft.day(ahead[0].due),
    )  # fmt: skip


def _late(draft: Draft, milestones: list[Milestone]) -> list[Block]:
    late = _late_ones(draft, milestones)
    if not late:
        return []
    comma = draft.say("schedule.comma")
    names = comma.join(
        draft.say(
            "schedule.late_item",
            title=draft.say(f"schedule.{one.key}"),
            due=draft.day(one.due),
        )
        for one in late
    )
    return [draft.paragraph("schedule.late", "warning", names=names, today=draft.day(draft.today))]


def _table(draft: Draft, milestones: list[Milestone]) -> Table:
    rows = tuple(
        Row((
            max(one.due, draft.today).isoformat(),
            _span(draft, one).title,
            draft.say(f"schedule.owner_{one.key}"),
            draft.say(f"schedule.deliverable_{one.key}"),
        ), "warning" if one.due < draft.today else "normal")
        for one in milestones
    )  # fmt: skip
    columns = ("date", "milestone", "owner", "deliverable")
    titles = tuple(draft.say(f"schedule.{name}") for name in columns)
    return Table("milestones", draft.say("schedule.table"), titles, rows)


def _notes(draft: Draft) -> Bullets:
    items = [
        draft.paragraph("schedule.note_checklist", quotes=cite(draft, "checklist")),
        draft.paragraph("schedule.note_roster", quotes=cite(draft, "roster_agrees")),
        draft.paragraph("schedule.note_duty", quotes=cite(draft, "duty_lead")),
    ]
    if draft.brief.promotion and estimated(draft):
        quotes = cite(draft, "future_dates")
        items.insert(0, draft.paragraph("schedule.note_estimate", "warning", quotes))
    return Bullets(tuple(items))


def estimated(draft: Draft) -> bool:
    """Say whether the promotion's dates are those of an earlier year."""
    node = draft.brief.promotion
    if node is None:
        return False
    return draft.assumptions.estimate(node, draft.window.end.year, draft.language).estimated
