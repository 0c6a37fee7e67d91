"""Section 3: a small test of audiences by creatives, a decision day, then scaling by steps.

The sample of a cell comes from a stated confidence rule; when the money for tests does not reach,
the plan says which difference it can still tell apart. Scaling never takes a larger step than the
cited limit.
"""

from __future__ import annotations

from datetime import timedelta

from assistant.plan.allocation import column_names, sheet_total
from assistant.plan.citing import cite
from assistant.plan.draft import Draft
from assistant.plan.money import fees
from assistant.showing import day as on_day
from assistant.showing import serial
from assistant.values import Block, Bullets, Chart, Paragraph, Row, Section, Series, Table, Value

# As many audiences and creatives have a name of their own in the texts.
NAMED = 4
LADDER_ROWS = 12


def section(draft: Draft) -> Section:
    """Reckon bought traffic, test cells, thresholds and the ladder, and lay them out."""
    _bought(draft)
    fees(draft)
    blocks: list[Block] = [_lead(draft), _bought_table(draft), _bought_chart(draft)]
    if draft.sheet.number("allocation.field") > 0:
        _test(draft)
        blocks += [_test_rule(draft), _cells(draft), _test_limits(draft), *_decision(draft)]
        blocks += _ladder(draft)
    else:
        blocks.append(draft.paragraph("plan_traffic.no_field", "warning"))
    blocks += [draft.paragraph("plan_traffic.learn"), _learn(draft)]
    return Section("traffic", draft.say("plan.section_traffic"), tuple(blocks))


def _bought(draft: Draft) -> None:
    """Enter money, exposure bought and what is left to free traffic and creators, by phase."""
    say = draft.say
    cost = draft.assume("paid-cpm", "paid.cpm", say("plan_label.paid_cpm"))
    share = draft.assume("paid-share", "paid.share", say("plan_label.paid_share"))
    for phase in draft.phases:
        named = {"phase": phase.name}
        parts = [f"allocation.{q}.{phase.id}" for q in ("field", "campaign")]
        money = draft.compute(
            f"paid.base.{phase.id}", "total", "yuan", say("plan_label.paid_base", **named),
            terms=tuple(name for name in parts if draft.has(name)),
        )  # fmt: skip
        paid = draft.compute(f"paid.{phase.id}", "share_of", "yuan",
                             say("plan_label.paid_phase", **named), whole=money,
                             percent=share)  # fmt: skip
        got = draft.compute(f"traffic.{phase.id}.paid_exposure", "exposure_bought", "exposures",
                            say("plan_label.paid_exposure_phase", **named), spend_cny=paid,
                            cost_per_thousand_cny=cost)  # fmt: skip
        draft.compute(f"traffic.{phase.id}.organic_exposure", "shortfall", "exposures",
                      say("plan_label.organic_phase", **named),
                      needed=f"traffic.{phase.id}.exposure", available=got)  # fmt: skip
    ids = [phase.id for phase in draft.phases]
    sheet_total(draft, "paid.total", "yuan", [f"paid.{p}" for p in ids])
    for key in ("paid_exposure", "organic_exposure"):
        sheet_total(draft, f"traffic.total.{key}", "exposures", [f"traffic.{p}.{key}" for p in ids])
    draft.compute("traffic.total.organic_percent", "percent_of", "percent",
                  say("plan_label.organic_percent"), part="traffic.total.organic_exposure",
                  whole="traffic.total.exposure")  # fmt: skip


def _lead(draft: Draft) -> Paragraph:
    sheet = draft.sheet
    return draft.paragraph(
        "plan_traffic.lead",
        "lead",
        cite(draft, "plan_cite.test_first", "plan_cite.paid_amplifies"),
        paid=sheet["paid.total"],
        bought=sheet["traffic.total.paid_exposure"],
        organic=sheet["traffic.total.organic_percent"],
    )


def _bought_table(draft: Draft) -> Table:
    sheet = draft.sheet
    keys = ("paid.{}", "traffic.{}.exposure", "traffic.{}.paid_exposure",
            "traffic.{}.organic_exposure")  # fmt: skip
    rows = [
        Row((phase.name, *(sheet[key.format(phase.id)] for key in keys))) for phase in draft.phases
    ]
    whole = ("paid.total", "traffic.total.exposure", "traffic.total.paid_exposure",
             "traffic.total.organic_exposure")  # fmt: skip
    rows.append(Row((draft.say("plan.total"), *(sheet[key] for key in whole)), "total"))
    columns = ("phase", "paid", "exposure", "paid_exposure", "organic_exposure")
    return Table("traffic_sources", draft.say("plan_traffic.table_sources"),
                 column_names(draft, columns), tuple(rows),
                 note=draft.say("plan_traffic.note_sources"))  # fmt: skip


def _bought_chart(draft: Draft) -> Chart:
    series = tuple(
        Series(draft.say(f"plan_column.{key}"),
               tuple(f"traffic.{p.id}.{key}" for p in draft.phases))
        for key in ("exposure", "paid_exposure")
    )  # fmt: skip
    return Chart("traffic_chart", draft.say("plan_traffic.chart_sources"), "column",
                 tuple(p.name for p in draft.phases), series, "exposures")  # fmt: skip


def _test(draft: Draft) -> None:
    """Enter cells, the sample and money each needs, what the budget allows, and what it tells."""
    say, assume, compute = draft.say, draft.assume, draft.compute
    audiences = assume("test-audiences", "test.audiences", say("plan_label.test_audiences"))
    creatives = assume("test-creatives", "test.creatives", say("plan_label.test_creatives"))
    for count in (audiences, creatives):
        if not 1 <= count.value <= NAMED or count.value != int(count.value):
            raise ValueError(f"{count.id} must be a whole number from 1 to {NAMED}")
    cells = compute("test.cells", "product", "cells", say("plan_label.test_cells"),
                    factors=(audiences, creatives))  # fmt: skip
    change = assume("test-detectable-change", "test.change", say("plan_label.test_change"))
    points = compute("test.points", "scaled", "percentage_points", say("plan_label.test_points"),
                     amount="rate.entry", percent=change)  # fmt: skip
    factor = assume("test-sample-factor")
    sample = compute("test.sample", "sample_size_rule_of_sixteen", "exposures",
                     say("plan_label.test_sample"), base_percent="rate.entry",
                     detectable_points=points, factor=factor)  # fmt: skip
    needed = compute("test.cell.needed", "exposure_cost", "yuan", say("plan_label.test_needed"),
                     exposure=sample, cost_per_thousand_cny="paid.cpm")  # fmt: skip
    share = assume("budget-share-tests", "test.share", say("plan_label.test_share"))
    most = compute("test.most", "share_of", "yuan", say("plan_label.test_most"),
                   whole="allocation.field", percent=share)  # fmt: skip
    allowed = compute("test.cell.allowed", "unit_cost", "yuan", say("plan_label.test_allowed"),
                      spend_cny=most, count=cells)  # fmt: skip
    budget = compute("test.cell.budget", "minimum", "yuan", say("plan_label.test_cell_budget"),
                     terms=(needed, allowed))  # fmt: skip
    compute("test.budget", "product", "yuan", say("plan_label.test_budget"),
            factors=(budget, cells))  # fmt: skip
    got = compute("test.cell.sample", "exposure_bought", "exposures",
                  say("plan_label.test_cell_sample"), spend_cny=budget,
                  cost_per_thousand_cny="paid.cpm")  # fmt: skip
    if got.value > 0:
        compute("test.detectable", "detectable_points", "percentage_points",
                say("plan_label.test_detectable"), base_percent="rate.entry", sample=got,
                factor=factor)  # fmt: skip
        _clicks(draft, got, factor)


def _clicks(draft: Draft, sample: Value, factor: Value) -> None:
    """Enter the clicks all cells bring and the difference of conversion they can tell apart."""
    say, compute = draft.say, draft.compute
    entries = compute("test.cell.entries", "scaled", "entries", say("plan_label.test_entries"),
                      amount=sample, percent="rate.entry")  # fmt: skip
    clicks = compute("test.cell.clicks", "scaled", "clicks", say("plan_label.test_clicks"),
                     amount=entries, percent="rate.click")  # fmt: skip
    compute("test.cell.conversion_points", "detectable_points", "percentage_points",
            say("plan_label.test_conversion_points"), base_percent="rate.conversion",
            sample=clicks, factor=factor)  # fmt: skip


def _test_rule(draft: Draft) -> Paragraph:
    sheet = draft.sheet
    confidence, power = draft.assume("test-confidence"), draft.assume("test-power")
    return draft.paragraph(
        "plan_traffic.rule",
        quotes=cite(draft, "plan_cite.sample_rule"),
        audiences=sheet["test.audiences"], creatives=sheet["test.creatives"],
        cells=sheet["test.cells"], base=sheet["rate.entry"], points=sheet["test.points"],
        sample=sheet["test.sample"], needed=sheet["test.cell.needed"], confidence=confidence,
        power=power, budget=sheet["test.cell.budget"], total=sheet["test.budget"],
    )  # fmt: skip


def _cells(draft: Draft) -> Table:
    """One row per audience and creative, each with its money and sample."""
    sheet = draft.sheet
    audiences, creatives = (int(sheet.number(f"test.{n}")) for n in ("audiences", "creatives"))
    rows = [
        Row((f"{'ABCD'[a - 1]}{c}", _audience(draft, a), draft.say(f"plan_traffic.creative_{c}"),
             sheet["test.cell.budget"], sheet["test.cell.sample"]))
        for a in range(1, audiences + 1) for c in range(1, creatives + 1)
    ]  # fmt: skip
    columns = ("cell", "audience", "creative", "budget", "sample")
    return Table("test_cells", draft.say("plan_traffic.table_cells"),
                 column_names(draft, columns), tuple(rows))  # fmt: skip


def _audience(draft: Draft, number: int) -> str:
    if number == 1 and draft.brief.audience:
        return draft.brief.audience
    return draft.say(f"plan_traffic.audience_{number}")


def _test_limits(draft: Draft) -> Bullets:
    """Say what the test can tell and what it cannot, and how its money compares with practice."""
    sheet = draft.sheet
    usual = draft.assume("test-plan-budget")
    budget = sheet.number("test.cell.budget")
    low, high = usual.low or usual.value, usual.high or usual.value
    how = "below" if budget < low else "above" if budget > high else "within"
    quotes = (usual.source,) if usual.source else ()
    items = [draft.paragraph(f"plan_traffic.usual_{how}", "hint", quotes,
                             budget=sheet["test.cell.budget"], low=f"{low:g}",
                             high=f"{high:g}")]  # fmt: skip
    if not draft.has("test.detectable"):
        return Bullets((*items, draft.paragraph("plan_traffic.too_little", "warning")))
    if sheet.number("test.cell.budget") < sheet.number("test.cell.needed"):
        items.append(draft.paragraph(
            "plan_traffic.short", "warning", cite(draft, "plan_cite.small_budget"),
            most=sheet["test.most"], detectable=sheet["test.detectable"],
            points=sheet["test.points"]))  # fmt: skip
    items.append(draft.paragraph(
        "plan_traffic.conversion_later", "hint", cite(draft, "plan_cite.four_disciplines"),
        clicks=sheet["test.cell.clicks"], points=sheet["test.cell.conversion_points"],
        base=sheet["rate.conversion"]))  # fmt: skip
    return Bullets(tuple(items))


def _decision(draft: Draft) -> list[Block]:
    """Give the decision day and the stop, keep and scale lines."""
    first = draft.phases[0]
    wanted = draft.assume("test-days", "test.days_wanted", draft.say("plan_label.test_days"))
    days = draft.compute("test.days", "minimum", "days", draft.say("plan_label.test_days_fit"),
                         terms=(wanted, f"days.{first.id}"))  # fmt: skip
    end = first.start + timedelta(days=max(1, int(days.value)) - 1)
    start = draft.sheet.given("test.start", serial(first.start), "date",
                              draft.say("plan_label.test_start"))  # fmt: skip
    decision = draft.compute("test.decision_date", "total", "date",
                             draft.say("plan_label.decision_date"),
                             terms=(start, days))  # fmt: skip
    text = draft.paragraph("plan_traffic.decision", start=draft.day(first.start),
                           end=draft.day(end), days=days,
                           decision=draft.day(on_day(decision.value)))  # fmt: skip
    if not draft.has("roi.break_even"):
        return [text, draft.paragraph("plan_traffic.no_line", "warning")]
    margin = draft.assume("scale-margin", "roi.scale_margin", draft.say("plan_label.scale_margin"))
    scale = draft.compute("roi.scale", "increased", "ratio", draft.say("plan_label.roi_scale"),
                          amount="roi.break_even", percent=margin)  # fmt: skip
    line = draft.sheet["roi.break_even"]
    detectable = draft.sheet.values.get("test.detectable", draft.sheet["test.points"])
    rows = [
        Row((draft.say(f"plan_traffic.verdict_{v}"),
             draft.say(f"plan_traffic.when_{v}", line=line, scale=scale, points=detectable),
             draft.say(f"plan_traffic.do_{v}")), quotes=cite(draft, f"plan_cite.verdict_{v}"))
        for v in ("stop", "keep", "scale")
    ]  # fmt: skip
    columns = column_names(draft, ("verdict", "when", "action"))
    title = draft.say("plan_traffic.table_verdicts")
    return [text, Table("test_verdicts", title, columns, tuple(rows))]


def _ladder(draft: Draft) -> list[Block]:
    """Scale from the test's daily money to the burst's, one cited step at a time."""
    say = draft.say
    burst = draft.phase("burst")
    assert burst is not None
    usual = draft.assume("test-professional-live-budget", "ladder.plan_budget",
                         say("plan_label.ladder_plan_budget"))  # fmt: skip
    target = draft.compute("ladder.target", "quotient", "yuan_per_day",
                           say("plan_label.ladder_target"), dividend="paid.burst",
                           divisor="days.burst")  # fmt: skip
    start = draft.compute("ladder.start", "minimum", "yuan_per_day",
                          say("plan_label.ladder_start"), terms=(usual, target))  # fmt: skip
    limit = draft.assume("scale-step-limit", "ladder.limit", say("plan_label.ladder_limit"))
    watch = draft.assume("ladder-days", "ladder.days_per_step", say("plan_label.ladder_days"))
    if min(start.value, target.value, limit.value, watch.value) <= 0:
        return [draft.paragraph("plan_traffic.no_ladder", "warning")]
    steps = _steps_before(draft, burst.id)
    grown = draft.compute("ladder.budget", "ladder_budget", "yuan_per_day",
                          say("plan_label.ladder_budget"), start_cny=start, step_percent=limit,
                          steps=steps)  # fmt: skip
    reach = draft.compute("ladder.reach", "minimum", "yuan_per_day",
                          say("plan_label.ladder_reach"), terms=(grown, target))  # fmt: skip
    ratio = draft.compute("ladder.ratio", "quotient", "plans", say("plan_label.ladder_ratio"),
                          dividend=target, divisor=reach)  # fmt: skip
    plans = draft.compute("ladder.plans", "rounded_up", "plans", say("plan_label.ladder_plans"),
                          amount=ratio)  # fmt: skip
    quotes = tuple(v.source for v in (limit, usual) if v.source)
    key, tone = ("ladder", "normal")
    if steps.value == 0 and start.value < target.value:
        key, tone = ("ladder_short", "warning")
    text = draft.paragraph(f"plan_traffic.{key}", tone, quotes, start=start, target=target,
                           limit=limit, steps=steps, reach=reach, watch=watch, plans=plans,
                           burst=draft.day(burst.start))  # fmt: skip
    return [text, *_rungs(draft, int(steps.value), max(1, int(watch.value)))]


def _steps_before(draft: Draft, last: str) -> Value:
    """Enter how many steps fit between the end of the test and the burst."""
    say, compute = draft.say, draft.compute
    before = [f"days.{p.id}" for p in draft.phases[: [p.id for p in draft.phases].index(last)]]
    if not before:
        return compute("ladder.steps", "shortfall", "steps", say("plan_label.ladder_steps"),
                       needed="test.days", available=f"days.{last}")  # fmt: skip
    days = compute("ladder.days_before", "total", "days", say("plan_label.ladder_before"),
                   terms=tuple(before))  # fmt: skip
    left = compute("ladder.days_left", "shortfall", "days", say("plan_label.ladder_left"),
                   needed=days, available="test.days")  # fmt: skip
    room = compute("ladder.room", "quotient", "steps", say("plan_label.ladder_room"),
                   dividend=left, divisor="ladder.days_per_step")  # fmt: skip
    fit = compute("ladder.fit", "rounded_down", "steps", say("plan_label.ladder_fit"),
                  amount=room)  # fmt: skip
    wanted = compute("ladder.wanted", "ladder_steps", "steps", say("plan_label.ladder_wanted"),
                     start_cny="ladder.start", target_cny="ladder.target",
                     step_percent="ladder.limit")  # fmt: skip
    return compute("ladder.steps", "minimum", "steps", say("plan_label.ladder_steps"),
                   terms=(fit, wanted))  # fmt: skip


def _rungs(draft: Draft, steps: int, watch: int) -> list[Block]:
    """Tabulate the steps with the day on which each may be taken and its phase."""
    from_day = draft.phases[0].start + timedelta(days=max(1, int(draft.sheet.number("test.days"))))
    rows = []
    for number in range(1, min(steps, LADDER_ROWS) + 1):
        on = from_day + timedelta(days=(number - 1) * watch)
        if on > draft.window.end:
            break
        count = draft.sheet.enter(Value(f"ladder.step.{number}.number", number, "steps", "given",
                                        draft.say("plan_label.rung", number=number)))  # fmt: skip
        label = draft.say("plan_label.rung_budget", number=number)
        money = draft.compute(f"ladder.step.{number}", "ladder_budget", "yuan_per_day", label,
                              start_cny="ladder.start", step_percent="ladder.limit",
                              steps=count)  # fmt: skip
        capped = draft.compute(f"ladder.step.{number}.budget", "minimum", "yuan_per_day", label,
                               terms=(money, "ladder.target"))  # fmt: skip
        phase = next(p for p in draft.phases if p.start <= on <= p.end)
        rows.append(Row((draft.say("plan_traffic.rung", number=number), draft.day(on), phase.name,
                         capped)))  # fmt: skip
    if not rows:
        return []
    columns = ("step", "from_day", "phase", "budget_per_day")
    return [Table("ladder", draft.say("plan_traffic.table_ladder"), column_names(draft, columns),
                  tuple(rows), note=draft.say("plan_traffic.note_ladder"))]  # fmt: skip


def _learn(draft: Draft) -> Bullets:
    return Bullets(
        tuple(
            draft.paragraph(f"plan_traffic.learn_{name}", quotes=cite(draft, f"plan_cite.{name}"))
            for name in ("watch_and_buy", "buy_and_target", "a3_first")
        ),
        ordered=True,
    )
