"""Customer service and fulfilment of a plan: demand by hour, agents by Erlang C, parcels, score.

Enquiries follow from orders; agents on line from enquiries, handling time and concurrency at the
3-minute target; people on the roster from shrinkage and a reserve. The peak day decides how many
are missing, and the day on which hiring must begin follows from that.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

from assistant.plan.citing import cite
from assistant.plan.draft import Draft, Phase
from assistant.plan.goods import window_days
from assistant.values import (
    Block,
    Bullets,
    Cell,
    Chart,
    Paragraph,
    Row,
    Section,
    Series,
    Table,
    Value,
)


class Part(NamedTuple):
    """A part of the day: hours from `start` up to `end` that share one rate of enquiries."""

    id: str
    start: int
    end: int


PARTS = (
    Part("night", 0, 8), Part("morning", 8, 12), Part("noon", 12, 14), Part("afternoon", 14, 20),
    Part("evening", 20, 23), Part("late", 23, 24),
)  # fmt: skip
UNSTAFFED = "night"
PEAK = "evening"
STAFFED = tuple(part for part in PARTS if part.id != UNSTAFFED)


def section(draft: Draft) -> Section:
    """Write section 7; enters `service.*` (headcount, short, …), `cost.service`, `parcels.*`."""
    _enter_settings(draft)
    _enter_peak_day(draft)
    for phase in draft.phases:
        _enter_phase(draft, phase)
    _enter_cost(draft)
    blocks: list[Block] = [
        _lead(draft),
        _hours_table(draft),
        _hours_chart(draft),
        _check(draft),
        _phase_table(draft),
        *_hiring(draft),
        _case(draft),
        *_steps(draft),
        *_fulfilment(draft),
        *_score(draft),
    ]
    return Section("service", draft.say("service.title"), tuple(blocks))


class Hiring(NamedTuple):
    """When to ask for agents, when they come to be trained, and the phase that they are for."""

    begin: date
    arrive: date
    phase: Phase


def hirings(draft: Draft) -> list[Hiring]:
    """Give the hirings: for the phase that lacks most, and for the first short one before it."""
    short = [p for p in draft.phases if draft.sheet.number(f"service.short.{p.id}") > 0]
    if not short:
        return []
    worst = max(short, key=lambda phase: draft.sheet.number(f"service.short.{phase.id}"))
    return [_hired(draft, phase) for phase in dict.fromkeys((short[0], worst))]


def _hired(draft: Draft, phase: Phase) -> Hiring:
    training = timedelta(days=round(draft.sheet.number("service.training_days")))
    lead = timedelta(days=round(draft.sheet.number("service.lead_days")))
    return Hiring(phase.start - training - lead, phase.start - training, phase)


def _enter_settings(draft: Draft) -> None:
    brief = draft.brief
    if brief.enquiries_per_day and brief.orders_per_day:
        enquiries = _given(draft, "enquiries_per_day", "chats_per_day")
        orders = _given(draft, "orders_per_day", "orders_per_day")
        draft.compute("service.contact_rate", "quotient", "chats_per_order",
                      draft.say("service.contact_rate"), dividend=enquiries,
                      divisor=orders)  # fmt: skip
    else:
        draft.assume("contact-rate", "service.contact_rate", draft.say("service.contact_rate"))
    settings = {
        "handling_seconds": "chat-handling-seconds", "concurrency": "chat-concurrency",
        "target_seconds": "reply-target-seconds", "target_percent": "reply-target-share",
        "shrinkage": "roster-shrinkage", "reserve_percent": "service-reserve",
        "shift_hours": "agent-shift-hours", "lead_days": "agent-hiring-days",
        "training_days": "temporary-agent-training",
        "shift_price": "temporary-agent-holiday-shift",
    }  # fmt: skip
    for name, default in settings.items():
        draft.assume(default, f"service.{name}", draft.say(f"service.{name}"))
    for part in PARTS:
        text = _part(part)
        draft.assume(f"enquiry-share-{part.id}", f"service.share.{part.id}",
                     draft.say("service.share_of", part=text))  # fmt: skip
        draft.assume(f"enquiry-hours-{part.id}", f"service.hours.{part.id}",
                     draft.say("service.hours_of", part=text))  # fmt: skip
    _enter_present(draft)


def _given(draft: Draft, field: str, unit: str) -> Value:
    name = f"brief.{field}"
    if draft.has(name):
        return draft.sheet[name]
    number = float(getattr(draft.brief, field))
    return draft.sheet.enter(
        Value(name, number, unit, "given", draft.say(f"service.{field}"), editable=True)
    )


def _enter_present(draft: Draft) -> None:
    """Enter the agents that there are; none is assumed when the brief does not say."""
    agents = draft.brief.customer_service_agents
    said = agents is not None
    note = "" if said else draft.say("service.none_said")
    draft.sheet.enter(
        Value("service.have", float(agents or 0), "agents", "given" if said else "assumed",
              draft.say("service.have"), note, editable=True)
    )  # fmt: skip


def _part(part: Part) -> str:
    return f"{part.start}–{part.end}"


def _agents(draft: Draft, name: str, label: str, enquiries: Value) -> tuple[Value, Value]:
    """Enter agents on line and people on the roster for a rate of enquiries."""
    agents = draft.compute(f"service.agents.{name}", "agents_needed", "agents",
                           draft.say("service.agents_of", when=label),
                           enquiries_per_hour=enquiries,
                           handling_seconds="service.handling_seconds",
                           concurrency="service.concurrency",
                           target_seconds="service.target_seconds",
                           target_percent="service.target_percent")  # fmt: skip
    rostered = draft.compute(f"service.rostered.{name}", "rostered_with_reserve", "agents",
                             draft.say("service.rostered_of", when=label),
                             agents=agents, shrinkage_percent="service.shrinkage",
                             reserve_percent="service.reserve_percent")  # fmt: skip
    return agents, rostered


def _per_hour(draft: Draft, name: str, label: str, day: Value, part: str) -> Value:
    return draft.compute(f"service.enquiries.{name}", "hourly_enquiries", "enquiries_per_hour",
                         draft.say("service.enquiries_of", when=label),
                         enquiries_per_day=day, percent=f"service.share.{part}",
                         percents=tuple(f"service.share.{one.id}" for one in PARTS),
                         hours=f"service.hours.{part}")  # fmt: skip


def _enter_peak_day(draft: Draft) -> None:
    day = draft.compute("service.enquiries_day.peak", "product", "chats_per_day",
                        draft.say("service.enquiries_peak_day"),
                        factors=("orders.peak_day", "service.contact_rate"))  # fmt: skip
    for part in PARTS:
        label = draft.say("service.peak_hours", part=_part(part))
        enquiries = _per_hour(draft, part.id, label, day, part.id)
        if part.id == UNSTAFFED:
            continue
        agents, _ = _agents(draft, part.id, label, enquiries)
        draft.compute(f"service.work.{part.id}", "product", "hours",
                      draft.say("service.work_of", when=label),
                      factors=(agents, f"service.hours.{part.id}"))  # fmt: skip
    names = [part.id for part in STAFFED]
    most = draft.compute("service.rostered.most", "maximum", "agents", draft.say("service.most"),
                         terms=tuple(f"service.rostered.{name}" for name in names))  # fmt: skip
    work = draft.compute("service.work", "total", "hours", draft.say("service.work"),
                         terms=tuple(f"service.work.{name}" for name in names))  # fmt: skip
    draft.compute("service.headcount", "headcount", "agents", draft.say("service.headcount"),
                  peak_agents=most, agent_hours=work, shift_hours="service.shift_hours",
                  shrinkage_percent="service.shrinkage",
                  reserve_percent="service.reserve_percent")  # fmt: skip
    draft.compute("service.short", "shortfall", "agents", draft.say("service.short"),
                  needed="service.headcount", available="service.have")  # fmt: skip
    _enter_level(draft)


def _enter_level(draft: Draft) -> None:
    """Enter load, service level and wait in the busiest hours."""
    load = draft.compute("service.load", "offered_load", "erlangs", draft.say("service.load"),
                         enquiries_per_hour=f"service.enquiries.{PEAK}",
                         handling_seconds="service.handling_seconds")  # fmt: skip
    slots = draft.compute("service.slots", "product", "chats", draft.say("service.slots"),
                          factors=(f"service.agents.{PEAK}", "service.concurrency"))  # fmt: skip
    draft.compute("service.level", "service_level", "percent", draft.say("service.level"),
                  slots=slots, load_erlangs=load, handling_seconds="service.handling_seconds",
                  target_seconds="service.target_seconds")  # fmt: skip


def _enter_phase(draft: Draft, phase: Phase) -> None:
    """Enter the mean day of a phase: orders, enquiries, and the agents of its busiest hours."""
    days = f"days.{phase.id}"
    orders = draft.compute(f"service.orders_day.{phase.id}", "quotient", "orders_per_day",
                           draft.say("service.orders_of", when=phase.name),
                           dividend=f"orders.{phase.id}", divisor=days)  # fmt: skip
    day = draft.compute(f"service.enquiries_day.{phase.id}", "product", "chats_per_day",
                        draft.say("service.enquiries_day_of", when=phase.name),
                        factors=(orders, "service.contact_rate"))  # fmt: skip
    enquiries = _per_hour(draft, phase.id, phase.name, day, PEAK)
    _, rostered = _agents(draft, phase.id, phase.name, enquiries)
    needed = draft.sheet["service.headcount"] if phase.id == "burst" else rostered
    draft.compute(f"service.short.{phase.id}", "shortfall", "agents",
                  draft.say("service.short_of", when=phase.name),
                  needed=needed, available="service.have")  # fmt: skip
    draft.compute(f"service.shifts.{phase.id}", "product", "shifts",
                  draft.say("service.shifts_of", when=phase.name),
                  factors=(f"service.short.{phase.id}", days))  # fmt: skip


def _enter_cost(draft: Draft) -> None:
    shifts = draft.compute("service.shifts", "total", "shifts", draft.say("service.shifts"),
                           terms=tuple(f"service.shifts.{p.id}" for p in draft.phases))  # fmt: skip
    draft.compute("cost.service", "product", "yuan", draft.say("service.cost"),
                  factors=(shifts, "service.shift_price"))  # fmt: skip


def _lead(draft: Draft) -> Paragraph:
    sheet = draft.sheet
    key = "service.lead_short" if sheet["service.short"].value > 0 else "service.lead_enough"
    return draft.paragraph(
        key, "lead", cite(draft, "staff_by_hour"), enquiries=sheet[f"service.enquiries.{PEAK}"],
        agents=sheet[f"service.agents.{PEAK}"], headcount=sheet["service.headcount"],
        have=sheet["service.have"], short=sheet["service.short"], cost=sheet["cost.service"],
    )  # fmt: skip


def _hours_table(draft: Draft) -> Table:
    lacking = draft.sheet["service.short"].value > 0
    rows = []
    for part in PARTS:
        for hour in range(part.start, part.end):
            staff = tuple(_staff(draft, kind, part) for kind in ("agents", "rostered"))
            when = f"{hour:02d}:00–{hour:02d}:59"
            tone = "warning" if part.id == PEAK and lacking else "normal"
            rows.append(Row((when, draft.sheet[f"service.enquiries.{part.id}"], *staff), tone))  # type: ignore[arg-type]
    columns = ("hour", "enquiries", "agents", "rostered")
    return Table(
        "staffing",
        draft.say("service.hours_table"),
        tuple(draft.say(f"service.{name}") for name in columns),
        tuple(rows),
        note=draft.say("service.hours_note"),
    )


def _staff(draft: Draft, kind: str, part: Part) -> Cell:
    name = f"service.{kind}.{part.id}"
    return draft.sheet[name] if draft.has(name) else draft.say("service.bot")


def _hours_chart(draft: Draft) -> Chart:
    hours = [(part, hour) for part in STAFFED for hour in range(part.start, part.end)]
    series = tuple(
        Series(draft.say(f"service.{kind}"), tuple(f"service.{kind}.{p.id}" for p, _ in hours))
        for kind in ("enquiries", "agents", "rostered")
    )
    categories = tuple(f"{hour:02d}:00" for _, hour in hours)
    return Chart("staffing-chart", draft.say("service.chart"), "line", categories, series)


def _check(draft: Draft) -> Paragraph:
    sheet = draft.sheet
    return draft.paragraph(
        "service.check", quotes=cite(draft, "erlang", "reply_rate"), load=sheet["service.load"],
        handling=sheet["service.handling_seconds"], concurrency=sheet["service.concurrency"],
        agents=sheet[f"service.agents.{PEAK}"], level=sheet["service.level"],
        target=sheet["service.target_percent"], shrinkage=sheet["service.shrinkage"],
    )  # fmt: skip


def _phase_table(draft: Draft) -> Table:
    names = ("orders_day", "enquiries_day", "enquiries", "agents", "rostered", "short")
    rows = [
        Row((
            phase.name,
            *(draft.sheet[f"service.{name}.{phase.id}"] for name in names),
        ), "warning" if draft.sheet.number(f"service.short.{phase.id}") > 0 else "normal")
        for phase in draft.phases
    ]  # fmt: skip
    sheet = draft.sheet
    rows.append(
        Row((
            draft.say("service.peak_day"), sheet["orders.peak_day"],
            sheet["service.enquiries_day.peak"], sheet[f"service.enquiries.{PEAK}"],
            sheet[f"service.agents.{PEAK}"], sheet["service.headcount"], sheet["service.short"],
        ), "total")
    )  # fmt: skip
    columns = ("phase", *(f"column_{name}" for name in names))
    return Table(
        "staffing-phases",
        draft.say("service.phase_table"),
        tuple(draft.say(f"service.{name}") for name in columns),
        tuple(rows),
        note=draft.say("service.phase_note"),
    )


def _hiring(draft: Draft) -> Iterator[Paragraph]:
    """Say by when which agents are asked for, the largest need last, and what they cost."""
    sheet, planned = draft.sheet, hirings(draft)
    if not planned:
        yield draft.paragraph("service.no_hiring", "good", headcount=sheet["service.headcount"])
    else:
        yield draft.paragraph(
            "service.lever", "hint", concurrency=sheet["service.concurrency"],
            contact=sheet["service.contact_rate"],
        )  # fmt: skip
    for one in planned:
        late = one.begin < draft.today
        yield draft.paragraph(
            "service.hiring_late" if late else "service.hiring",
            "warning" if late else "normal",
            cite(draft, "temporary_agents"),
            phase=one.phase.name, short=sheet[f"service.short.{one.phase.id}"],
            begin=draft.day(one.begin), arrive=draft.day(max(one.arrive, draft.today)),
            ready=draft.day(max(one.phase.start, draft.today)), today=draft.day(draft.today),
            lead=sheet["service.lead_days"], training=sheet["service.training_days"],
        )  # fmt: skip
    if planned:
        yield draft.paragraph(
            "service.hiring_cost", shifts=sheet["service.shifts"],
            price=sheet["service.shift_price"], cost=sheet["cost.service"],
        )  # fmt: skip


def _case(draft: Draft) -> Paragraph:
    """Compare with the case that is always quoted, and say why its figure is not copied."""
    return draft.paragraph(
        "service.case", "hint", cite(draft, "case_agents", "case_agents_limits"),
        headcount=draft.sheet["service.headcount"],
    )  # fmt: skip


def _steps(draft: Draft) -> list[Block]:
    before = ("routing", "peak_first", "late_first")
    keys = ("bots_first", "add_before_peak", "emergency")
    return [
        Bullets(
            tuple(
                draft.paragraph(f"service.step_{name}", quotes=cite(draft, key))
                for name, key in zip(before, keys, strict=True)
            )
        )
    ]


def _fulfilment(draft: Draft) -> list[Block]:
    limit = draft.assume("ship-within", "parcels.ship_hours", draft.say("service.ship_hours"))
    each = draft.assume("packer-parcels", "parcels.each", draft.say("service.packer_parcels"))
    days = window_days(draft)
    mean = draft.compute("parcels.mean", "quotient", "orders_per_day", draft.say("service.mean"),
                         dividend="orders.total", divisor=days)  # fmt: skip
    if draft.phase("burst"):
        mean = draft.sheet["service.orders_day.burst"]
    parcels = draft.compute("parcels.day", "parcels_a_day", "parcels_per_day",
                            draft.say("service.parcels"), peak_orders="orders.peak_day",
                            orders_per_day=mean, ship_hours=limit)  # fmt: skip
    packers = draft.compute("parcels.packers", "people_needed", "people",
                            draft.say("service.packers"), work=parcels,
                            work_each=each)  # fmt: skip
    quotes = cite(draft, "ship_48", "spot_limit")
    return [
        draft.paragraph(
            "service.parcels_text", quotes=quotes, parcels=parcels, packers=packers, limit=limit,
            peak=draft.sheet["orders.peak_day"], each=each,
        ),
        draft.paragraph("service.warehouse", quotes=cite(draft, "warehouse")),
        draft.paragraph("service.cannot_ship", quotes=cite(draft, "cannot_ship")),
    ]  # fmt: skip


def _score(draft: Draft) -> list[Block]:
    """Hold the store's experience score against the line of recent promotions."""
    line = draft.assume("experience-score-line", "service.score_line", draft.say("service.line"))
    score = draft.brief.experience_score
    quotes = cite(draft, "score_line", "score_effect")
    if score is None:
        return [draft.paragraph("service.score_unknown", "warning", quotes, line=line)]
    name = "brief.experience_score"
    value = (
        draft.sheet[name]
        if draft.has(name)
        else draft.sheet.given(name, score, "points", draft.say("service.score"))
    )
    below = value.value < line.value
    key = "service.score_below" if below else "service.score_above"
    return [
        draft.paragraph(key, "warning" if below else "good", quotes, score=value, line=line),
        draft.paragraph("service.score_guard", quotes=cite(draft, "score_parts", "reply_rate")),
    ]
