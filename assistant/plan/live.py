"""Live room and content of a plan: hours by day part, hosts and scene, short videos, scripts.

Hours fill the parts of a day in a stated order, so their sum is always the hours of the day; the
burst is longer. Videos follow from sessions. What is said about hosts, scene and scripts quotes the
library.
"""

from __future__ import annotations

from dataclasses import replace

from assistant.plan.citing import cite
from assistant.plan.draft import Draft, Phase
from assistant.plan.goods import PUSH_ORDER, Numbered
from assistant.values import Block, Bullets, Chart, Paragraph, Row, Section, Series, Table, Value

PARTS = ("evening", "noon", "afternoon", "morning", "night")
BY_THE_CLOCK = ("night", "morning", "noon", "afternoon", "evening")
KINDS = ("everyday", "burst")
HOURS_BY_STAGE = {
    "cold-start": "session-hours-minimum",
    "growth": "daily-hours-growth",
    "mature": "daily-hours-mature",
}
CREW_BY_STAGE = {"cold-start": "crew-minimum", "growth": "crew-minimum", "mature": "crew-mature"}
SCRIPTED_PRODUCTS = 3


def section(draft: Draft) -> Section:
    """Write section 5; enters `live.hours|hosts|sessions.<kind>` and `live.videos.*.<phase>`."""
    kinds = [kind for kind in KINDS if kind == "everyday" or draft.phase("burst")]
    _enter_hours(draft, kinds)
    blocks: list[Block] = [
        _lead(draft, kinds),
        _hours_table(draft, kinds),
        _hours_chart(draft, kinds),
        _people_table(draft, kinds),
        _matching_title(draft),
        _matching(draft),
        _videos_table(draft),
        _video_rules(draft),
        draft.paragraph("live.script_lead", quotes=cite(draft, "script_steps")),
        _script_steps(draft),
    ]
    if draft.brief.products:
        blocks.append(_script_table(draft))
    blocks.append(_script_rules(draft))
    return Section("live", draft.say("live.title"), tuple(blocks))


def _enter_hours(draft: Draft, kinds: list[str]) -> None:
    default = HOURS_BY_STAGE[draft.brief.stage]
    label = draft.say("live.daily_hours")
    said = draft.given_or_assumed("daily_live_hours", default, "hours", label)
    parts = {
        part: draft.assume(f"live-part-{part}", f"live.part.{part}", _part(draft, part))
        for part in PARTS
    }
    room = draft.compute("live.open_hours", "total", "hours", draft.say("live.open_hours"),
                         terms=tuple(parts.values()))  # fmt: skip
    draft.compute("live.hours.everyday", "minimum", "hours", draft.say("live.hours_everyday"),
                  terms=(said, room))  # fmt: skip
    if "burst" in kinds:
        extra = draft.assume("burst-extra-hours", "live.extra_hours", draft.say("live.extra"))
        draft.compute("live.hours.burst", "extended_hours", "hours", draft.say("live.hours_burst"),
                      hours="live.hours.everyday", extra_hours=extra, open_hours=room)  # fmt: skip
    for kind in kinds:
        _enter_day(draft, kind, parts)


def _enter_day(draft: Draft, kind: str, parts: dict[str, Value]) -> None:
    """Enter hours by part, sessions and hosts of one kind of day."""
    hours, name = f"live.hours.{kind}", draft.say(f"live.hours_{kind}")
    filled: list[Value] = []
    for part in PARTS:
        label = draft.say("live.part_of", day=name, part=_part(draft, part))
        value = (
            draft.compute(f"live.{kind}.{part}", "filled_hours", "hours", label,
                          daily_hours=hours, filled_before=tuple(filled),
                          part_hours=parts[part])
            if filled
            else draft.compute(f"live.{kind}.{part}", "minimum", "hours", label,
                               terms=(hours, parts[part]))
        )  # fmt: skip
        filled.append(value)
    least = draft.assume("session-hours-minimum", "live.session_hours", draft.say("live.least"))
    draft.compute(f"live.sessions.{kind}", "sessions_a_day", "sessions",
                  draft.say("live.sessions_of", day=name),
                  daily_hours=hours, session_hours=least)  # fmt: skip
    each = draft.assume("host-hours", "live.host_hours", draft.say("live.host_hours"))
    draft.compute(f"live.hosts.{kind}", "people_needed", "people",
                  draft.say("live.hosts_of", day=name),
                  work=hours, work_each=each)  # fmt: skip


def _part(draft: Draft, part: str) -> str:
    return draft.say(f"live.part_{part}")


def _lead(draft: Draft, kinds: list[str]) -> Paragraph:
    everyday, hosts = draft.sheet["live.hours.everyday"], draft.sheet[f"live.hosts.{kinds[-1]}"]
    quotes = cite(draft, "session_hours", "longer_burst")
    if "burst" not in kinds:
        return draft.paragraph("live.lead", "lead", quotes, hours=everyday, hosts=hosts)
    burst = draft.sheet["live.hours.burst"]
    return draft.paragraph(
        "live.lead_burst", "lead", quotes, hours=everyday, burst=burst, hosts=hosts
    )


def _hours_table(draft: Draft, kinds: list[str]) -> Table:
    titles = tuple(draft.say(f"live.hours_{kind}") for kind in kinds)
    rows = [
        Row((_part(draft, part), *(draft.sheet[f"live.{kind}.{part}"] for kind in kinds),
             draft.say(f"live.use_{part}")))
        for part in BY_THE_CLOCK
    ]  # fmt: skip
    totals = tuple(draft.sheet[f"live.hours.{kind}"] for kind in kinds)
    rows.append(Row((draft.say("live.sum"), *totals, ""), "total"))
    return Table(
        "live-hours",
        draft.say("live.hours_table"),
        (draft.say("live.day_part"), *titles, draft.say("live.use")),
        tuple(rows),
        note=draft.say("live.hours_note"),
    )


def _hours_chart(draft: Draft, kinds: list[str]) -> Chart:
    series = tuple(
        Series(draft.say(f"live.hours_{kind}"), tuple(f"live.{kind}.{p}" for p in BY_THE_CLOCK))
        for kind in kinds
    )
    categories = tuple(_part(draft, part) for part in BY_THE_CLOCK)
    title = draft.say("live.hours_chart")
    return Chart("live-hours-chart", title, "column", categories, series, "hours")


def _people_table(draft: Draft, kinds: list[str]) -> Table:
    crew = draft.assume(
        CREW_BY_STAGE[draft.brief.stage], "live.crew", draft.say("live.crew")
    )
    rows = [
        Row((draft.say(f"live.{name}"), *(draft.sheet[f"live.{name}.{kind}"] for kind in kinds)))
        for name in ("sessions", "hosts")
    ]
    rows.append(Row((draft.say("live.crew"), *(crew for _ in kinds)), quotes=cite(draft, "crew")))
    titles = tuple(draft.say(f"live.hours_{kind}") for kind in kinds)
    return Table(
        "live-crew", draft.say("live.crew_table"), (draft.say("live.item"), *titles), tuple(rows)
    )


def _matching_title(draft: Draft) -> Paragraph:
    brief = draft.brief
    tone = brief.tone or draft.say("live.tone_missing")
    audience = brief.audience or draft.say("live.audience_missing")
    return draft.paragraph(
        "live.matching", quotes=cite(draft, "host_fits"), style=tone, audience=audience
    )


def _matching(draft: Draft) -> Bullets:
    names = (("scene", "space"), ("persona", "persona_first"), ("trial", "host_trial"),
             ("matrix", "host_matrix"), ("age", "host_age"))  # fmt: skip
    return Bullets(
        tuple(draft.paragraph(f"live.match_{name}", quotes=cite(draft, key)) for name, key in names)
    )


def _videos_table(draft: Draft) -> Table:
    for kind in ("warm-up", "lead-in"):
        _enter_videos(draft, kind)
    rows = tuple(
        Row((
            phase.name,
            draft.sheet[f"live.sessions.{_kind(phase)}"],
            draft.sheet[f"live.videos.warm-up.{phase.id}"],
            draft.sheet[f"live.videos.lead-in.{phase.id}"],
            draft.say(f"live.content_{phase.id}"),
        ))
        for phase in draft.phases
    )  # fmt: skip
    columns = ("phase", "sessions", "warm_up", "lead_in", "content")
    return Table(
        "videos",
        draft.say("live.videos_table"),
        tuple(draft.say(f"live.{name}") for name in columns),
        rows,
        note=draft.say("live.videos_note"),
    )


def _kind(phase: Phase) -> str:
    return "burst" if phase.id == "burst" else "everyday"


def _enter_videos(draft: Draft, kind: str) -> None:
    """Enter the videos of each phase; a new room takes the lower end of the cited range."""
    name = f"live.per_session.{kind}"
    label = draft.say(f"live.per_session_{kind.replace('-', '_')}")
    value = draft.assumptions.value(f"{kind}-videos", draft.language, label, name)
    if draft.brief.stage == "cold-start" and value.low is not None:
        value = replace(value, value=value.low, note=draft.say("live.lower_end"))
    each = draft.sheet.enter(value)
    for phase in draft.phases:
        label = draft.say(f"live.{kind.replace('-', '_')}_of", phase=phase.name)
        draft.compute(f"live.videos.{kind}.{phase.id}", "videos_needed", "videos", label,
                      days=f"days.{phase.id}",
                      sessions=f"live.sessions.{_kind(phase)}", per_session=each)  # fmt: skip


def _video_rules(draft: Draft) -> Bullets:
    names = (("warm_up", "warm_up_when"), ("lead_in", "lead_in_when"), ("aim", "video_aims"),
             ("backward", "calendar_back"))  # fmt: skip
    return Bullets(
        tuple(draft.paragraph(f"live.video_{name}", quotes=cite(draft, key)) for name, key in names)
    )


def _script_steps(draft: Draft) -> Bullets:
    steps = ("scene", "evidence", "offer", "order", "questions")
    return Bullets(
        tuple(
            draft.paragraph(f"live.step_{step}", quotes=cite(draft, f"step_{step}"))
            for step in steps
        ),
        ordered=True,
    )


def _script_table(draft: Draft) -> Table:
    numbered: list[Numbered] = list(enumerate(draft.brief.products, start=1))
    ranked = sorted(numbered, key=lambda one: (PUSH_ORDER.index(one[1].role), one[0]))
    audience = draft.brief.audience or draft.say("live.script_audience")
    rows = []
    for number, product in ranked[:SCRIPTED_PRODUCTS]:
        name = f"product.{number}.price"
        price = draft.sheet.values.get(name) or draft.sheet.given(
            name, product.price_cny, "yuan", draft.say("live.price_of", product=product.name)
        )
        texts = (
            draft.say(f"live.script_{column}", audience=audience)
            for column in ("opening", "proof", "closing")
        )
        rows.append(Row((product.name, price, *texts)))
    columns = ("product", "price", "opening", "proof", "closing")
    return Table(
        "scripts",
        draft.say("live.script_table"),
        tuple(draft.say(f"live.{name}") for name in columns),
        tuple(rows),
        note=draft.say("live.script_note"),
    )


def _script_rules(draft: Draft) -> Bullets:
    names = (("approval", "script_approval"), ("who", "who_sells"), ("wording", "script_wording"))
    return Bullets(
        tuple(draft.paragraph(f"live.rule_{name}", quotes=cite(draft, key)) for name, key in names)
    )
