"""The target taken apart backwards, and section 10: what is left of it.

The target is solved backwards to the traffic each phase needs; three cases, break-even and the
sensitivity of profit follow by named rules, so a reader can change any input.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from assistant.plan.allocation import column_names, parts, sheet_total
from assistant.plan.citing import cite
from assistant.plan.draft import Draft, Phase
from assistant.plan.inputs import QUADRANTS, part_name
from assistant.plan.sheet import References, recomputed
from assistant.values import Chart, Paragraph, Row, Section, Series, Table, Value

CASES = ("conservative", "base", "stretch")
# The funnel's steps backwards: what is needed before, from what comes after it.
_STEPS = (
    ("clicks", "rate.conversion", "clicks"),
    ("entries", "rate.click", "entries"),
    ("exposure", "rate.entry", "exposures"),
)
_FUNNEL = ("rate.conversion", "aov", "rate.entry", "rate.click")
_OTHERS = (
    "rate.margin", "rate.return", "rate.platform_fee", "rate.commission",
    "assume.logistics-per-order", "brief.budget", "cost.service",
)  # fmt: skip
_CHAIN = (
    "fees.logistics_percent", "fees.commission_percent", "rate.margin_after_fees",
    "forecast.entries", "forecast.clicks", "forecast.orders", "forecast.gmv", "forecast.profit",
)  # fmt: skip


def decompose(draft: Draft) -> None:
    """Enter `gmv.<phase>`, `orders.<phase>`, `traffic.<phase>.…`, their totals and the cases."""
    shares = {phase.id: f"gmv.share.{phase.id}" for phase in draft.phases}
    parts(draft, "gmv", "brief.gmv_target", shares, "plan_label.gmv")
    for phase in draft.phases:
        _backwards(draft, "", phase)
    phases = [phase.id for phase in draft.phases]
    sheet_total(draft, "orders.total", "orders", [f"orders.{p}" for p in phases])
    for step, _, unit in _STEPS:
        sheet_total(draft, f"traffic.total.{step}", unit, [f"traffic.{p}.{step}" for p in phases])
    _peak(draft)
    for case in ("conservative", "stretch"):
        _case(draft, case)


def _backwards(draft: Draft, prefix: str, phase: Phase) -> None:
    """Solve one phase of a case backwards from its GMV to the exposure it needs."""
    named = {"phase": phase.name}
    label = draft.say("plan_label.orders_phase", **named)
    orders = draft.compute(
        f"{prefix}orders.{phase.id}", "orders_for_gmv", "orders", label,
        gmv_cny=f"{prefix}gmv.{phase.id}", average_order_value_cny="aov",
    )  # fmt: skip
    after: Value = orders
    for step, rate, unit in _STEPS:
        label = draft.say(f"plan_label.{step}_phase", **named)
        key = f"{prefix}traffic.{phase.id}.{step}"
        after = draft.compute(key, "needed_before", unit, label, after=after, rate_percent=rate)


def _peak(draft: Draft) -> None:
    label = draft.say("plan_label.orders_burst_day")
    mean = draft.compute("orders.burst_day", "quotient", "orders_per_day", label,
                         dividend="orders.burst", divisor="days.burst")  # fmt: skip
    factor = draft.assume("peak-day-factor")
    label = draft.say("plan_label.orders_peak_exact")
    exact = draft.compute("orders.peak_day_exact", "product", "orders", label,
                          factors=(mean, factor))  # fmt: skip
    label = draft.say("plan_label.orders_most")
    most = draft.compute("orders.peak_day_most", "minimum", "orders", label,
                         terms=(exact, "orders.burst"))  # fmt: skip
    label = draft.say("plan_label.orders_peak_day")
    draft.compute("orders.peak_day", "rounded_up", "orders", label, amount=most)


def _case(draft: Draft, case: str) -> None:
    name = draft.say(f"plan_case.{case}")
    label = draft.say("plan_label.case_percent", case=name)
    percent = draft.assume(f"case-{case}", f"case.{case}.percent", label)
    prefix = f"case.{case}."
    for phase in draft.phases:
        label = draft.say("plan_label.case_gmv_phase", case=name, phase=phase.name)
        draft.compute(f"{prefix}gmv.{phase.id}", "share_of", "yuan", label,
                      whole=f"gmv.{phase.id}", percent=percent)  # fmt: skip
        _backwards(draft, prefix, phase)
    phases = [phase.id for phase in draft.phases]
    for key, unit, pattern in (
        ("gmv", "yuan", "gmv.{}"),
        ("orders", "orders", "orders.{}"),
        ("entries", "entries", "traffic.{}.entries"),
        ("exposure", "exposures", "traffic.{}.exposure"),
    ):
        terms = tuple(prefix + pattern.format(p) for p in phases)
        label = draft.say(f"plan_label.case_{key}", case=name)
        draft.compute(f"{prefix}{key}", "total", unit, label, terms=terms)


# Section 10.


def profit(draft: Draft) -> Section:
    """Enter fees, break-even, profit in three cases and the two most telling inputs."""
    reckon(draft)
    return Section(
        "budget",
        draft.say("plan.section_budget"),
        (_profit_lead(draft), _lines_table(draft), _frozen(draft), _profit_table(draft),
         _profit_chart(draft), _breakeven_note(draft), *_sensitivity(draft)),
    )  # fmt: skip


def fees(draft: Draft) -> None:
    """Enter what each sale pays before advertising, and the break-even ROI if there is one."""
    if draft.has("rate.margin_after_fees"):
        return
    logistics = draft.assume("logistics-per-order")
    say = draft.say
    logistics_percent = draft.compute(
        "fees.logistics_percent", "percent_of", "percent", say("plan_label.logistics_percent"),
        part=logistics, whole="aov",
    )  # fmt: skip
    creators = draft.compute("expected.creators", "total", "yuan",
                             say("plan_label.expected_creators"),
                             terms=("expected.alliance", "expected.kol"))  # fmt: skip
    share = draft.compute("share.creators", "percent_of", "percent",
                          say("plan_label.share_creators"), part=creators,
                          whole="brief.gmv_target")  # fmt: skip
    blended = draft.compute("fees.commission_percent", "scaled", "percent",
                            say("plan_label.commission_percent"), amount="rate.commission",
                            percent=share)  # fmt: skip
    margin = draft.compute(
        "rate.margin_after_fees", "contribution_margin", "percent",
        say("plan_label.margin_after_fees"), gross_margin_percent="rate.margin",
        fees_percent=("rate.platform_fee", blended, logistics_percent),
    )  # fmt: skip
    if margin.value > 0 and draft.sheet.number("rate.return") < 100:
        draft.compute("roi.break_even", "break_even_roi", "ratio", say("plan_label.break_even"),
                      contribution_margin_percent=margin,
                      return_rate_percent="rate.return")  # fmt: skip


def costs(draft: Draft) -> tuple[str, ...]:
    """List the ids of all costs that are not a share of a sale."""
    return tuple(name for name in ("brief.budget", "cost.service") if draft.has(name))


def reckon(draft: Draft) -> None:
    """Enter ROI and profit of the three cases, and the forecast that sensitivity moves."""
    fees(draft)
    for case in CASES:
        gmv = "brief.gmv_target" if case == "base" else f"case.{case}.gmv"
        name = draft.say(f"plan_case.{case}")
        if draft.sheet.number("brief.budget") > 0:
            draft.compute(f"case.{case}.roi", "roi", "ratio",
                          draft.say("plan_label.case_roi", case=name), gmv_cny=gmv,
                          spend_cny="brief.budget")  # fmt: skip
        draft.compute(f"case.{case}.net", "net_revenue", "yuan",
                      draft.say("plan_label.case_net", case=name), gmv_cny=gmv,
                      return_rate_percent="rate.return")  # fmt: skip
        _profit_of(draft, f"case.{case}.profit",
                   draft.say("plan_label.case_profit", case=name), gmv)  # fmt: skip
    if draft.has("roi.break_even"):
        total = sheet_total(draft, "cost.total", "yuan", list(costs(draft)))
        draft.compute("gmv.break_even", "break_even_gmv", "yuan",
                      draft.say("plan_label.gmv_break_even"), spend_cny=total,
                      contribution_margin_percent="rate.margin_after_fees",
                      return_rate_percent="rate.return")  # fmt: skip
    _forecast(draft)


def _profit_of(draft: Draft, key: str, label: str, gmv: str) -> Value:
    return draft.compute(
        key, "contribution_profit", "yuan", label, gmv_cny=gmv, return_rate_percent="rate.return",
        contribution_margin_percent="rate.margin_after_fees", costs_cny=costs(draft),
    )  # fmt: skip


def _forecast(draft: Draft) -> None:
    """Enter the funnel forwards: what the planned exposure brings at the stated rates."""
    amount = "traffic.total.exposure"
    for step, rate, unit in (
        ("entries", "rate.entry", "entries"),
        ("clicks", "rate.click", "clicks"),
        ("orders", "rate.conversion", "orders"),
    ):
        label = draft.say(f"plan_label.forecast_{step}")
        key = f"forecast.{step}"
        amount = draft.compute(key, "scaled", unit, label, amount=amount, percent=rate).id
    label = draft.say("plan_label.forecast_gmv")
    draft.compute("forecast.gmv", "gmv_of_orders", "yuan", label, orders=amount,
                  average_order_value_cny="aov")  # fmt: skip
    _profit_of(draft, "forecast.profit", draft.say("plan_label.forecast_profit"), "forecast.gmv")


def _profit_lead(draft: Draft) -> Paragraph:
    sheet = draft.sheet
    base = sheet["case.base.profit"]
    if not draft.has("roi.break_even"):
        return draft.paragraph("plan_money.lead_nothing_left", "warning",
                               margin=sheet["rate.margin_after_fees"])  # fmt: skip
    won = base.value >= 0
    return draft.paragraph(
        f"plan_money.lead_{'profit' if won else 'loss'}",
        "lead" if won else "warning",
        cite(draft, "plan_cite.break_even"),
        profit=base, budget=sheet["brief.budget"], gmv=sheet["brief.gmv_target"],
        needed=sheet["gmv.break_even"], line=sheet["roi.break_even"],
    )  # fmt: skip


def _lines(draft: Draft) -> Iterator[tuple[str, Value]]:
    """Divide each quadrant's money by use; the lines add up to the budget to the fen."""
    paid = draft.assume("paid-share", "paid.share", draft.say("plan_label.paid_share"))
    for quadrant in QUADRANTS:
        whole = draft.sheet[f"allocation.{quadrant}"]
        if quadrant in ("alliance", "kol"):
            yield quadrant, whole
            continue
        bought = draft.compute(
            f"line.{quadrant}.paid", "share_of", "yuan",
            draft.say("plan_label.line_paid", name=part_name(draft, quadrant)),
            whole=whole, percent=paid,
        )  # fmt: skip
        made = draft.compute(
            f"line.{quadrant}.made", "difference", "yuan",
            draft.say("plan_label.line_made", name=part_name(draft, quadrant)),
            whole=whole, part=bought,
        )  # fmt: skip
        yield f"{quadrant}_paid", bought
        yield f"{quadrant}_made", made


def _lines_table(draft: Draft) -> Table:
    rows = []
    lines = list(_lines(draft))
    for name, value in lines:
        share = Row((draft.say(f"plan_line.{name}"), value, draft.say(f"plan_line.{name}_use")))
        rows.append(share)
    total = sheet_total(draft, "line.total", "yuan", [value.id for _, value in lines])
    rows.append(Row((draft.say("plan.total"), total, draft.say("plan_line.total_use")), "total"))
    if draft.has("cost.service"):
        row = (draft.say("plan_line.service"), draft.sheet["cost.service"],
               draft.say("plan_line.service_use"))  # fmt: skip
        rows.append(Row(row))
    return Table("lines", draft.say("plan_money.table_lines"),
                 column_names(draft, ("line", "amount", "use")), tuple(rows))  # fmt: skip


def _frozen(draft: Draft) -> Paragraph:
    reserve = draft.assume("campaign-contingency")
    held = draft.compute("budget.frozen", "share_of", "yuan", draft.say("plan_label.frozen"),
                         whole="brief.budget", percent=reserve)  # fmt: skip
    quotes = (reserve.source,) if reserve.source else ()
    return draft.paragraph("plan_money.frozen", quotes=quotes, share=reserve, held=held)


def _profit_table(draft: Draft) -> Table:
    """Show the three cases side by side, one line per figure."""
    columns = (draft.say("plan_column.figure"), *(draft.say(f"plan_case.{c}") for c in CASES))
    rows = []
    for figure in ("gmv", "net", "roi", "profit"):
        keys = ["brief.gmv_target" if (figure, c) == ("gmv", "base") else f"case.{c}.{figure}"
                for c in CASES]  # fmt: skip
        cells = [draft.sheet[key] if draft.has(key) else "—" for key in keys]
        row = Row((draft.say(f"plan_figure.{figure}"), *cells))
        rows.append(replace(row, tone="total") if figure == "profit" else row)
    return Table("profit", draft.say("plan_money.table_profit"), columns, tuple(rows),
                 note=draft.say("plan_money.note_profit"))  # fmt: skip


def _profit_chart(draft: Draft) -> Chart:
    series = Series(draft.say("plan_figure.profit"), tuple(f"case.{c}.profit" for c in CASES))
    names = tuple(draft.say(f"plan_case.{c}") for c in CASES)
    return Chart("profit_chart", draft.say("plan_money.chart_profit"), "column", names, (series,),
                 "yuan")  # fmt: skip


def _breakeven_note(draft: Draft) -> Paragraph:
    sheet = draft.sheet
    return draft.paragraph(
        "plan_money.fees", quotes=cite(draft, "plan_cite.margin_net_of_fees"),
        margin=sheet["rate.margin"], fee=sheet["rate.platform_fee"],
        commission=sheet["fees.commission_percent"], logistics=sheet["fees.logistics_percent"],
        left=sheet["rate.margin_after_fees"], returns=sheet["rate.return"],
    )  # fmt: skip


def _sensitivity(draft: Draft) -> tuple[Table | Paragraph, ...]:
    """Move every input by the same part and show the two that move profit most, as live rules."""
    step = draft.assume("sensitivity-step")
    draft.compute("sensitivity.kept", "remaining_percent", "percent",
                  draft.say("plan_label.step_kept"), percents=(step,))  # fmt: skip
    chosen = _most_telling(draft, step.value)
    rows = [_moved_row(draft, name, step) for name in chosen]
    table = Table(
        "sensitivity",
        draft.say("plan_money.table_sensitivity", step=step),
        column_names(draft, ("input", "lower", "profit_then", "higher", "profit_then_higher")),
        tuple(rows),
        note=draft.say("plan_money.note_sensitivity"),
    )
    names = draft.say("plan.joined", first=draft.sheet[chosen[0]].label,
                      second=draft.sheet[chosen[1]].label)  # fmt: skip
    return draft.paragraph("plan_money.sensitivity", step=step, names=names), table


def _subgraph(draft: Draft) -> dict[str, Value]:
    """Take the forecast and what it is computed from; everything else is held as it is."""
    from_sheet = draft.sheet.values
    kept: dict[str, Value] = {}
    for name in _CHAIN:
        for key in from_sheet[name].input_ids():
            if key not in kept and key not in _CHAIN:
                kept[key] = _held(from_sheet[key])
        kept[name] = from_sheet[name]
    return kept


def _held(value: Value) -> Value:
    return Value(value.id, value.value, value.unit, "given", value.label)


def _most_telling(draft: Draft, step: float) -> list[str]:
    """Name the two inputs whose change moves profit most; the funnel's steps count as one."""
    graph = _subgraph(draft)

    def swing(name: str) -> float:
        number = graph[name].value
        ends = [
            recomputed(graph, {name: number * (1 + sign * step / 100)})["forecast.profit"].value
            for sign in (-1, 1)
        ]
        return abs(ends[1] - ends[0])

    known = {name: swing(name) for name in (*_FUNNEL, *_OTHERS) if name in graph}
    funnel = max((name for name in _FUNNEL if name in known), key=lambda name: known[name])
    others = [name for name in known if name not in _FUNNEL]
    return sorted([funnel, *others], key=lambda name: -known[name])[:2]


def _moved_row(draft: Draft, name: str, step: Value) -> Row:
    label = draft.sheet[name].label
    cells: list[str | Value] = [label]
    ways = (("lower", "scaled", "sensitivity.kept"), ("higher", "increased", step.id))
    for way, rule, percent in ways:
        moved = _moved(draft, name, way, rule, percent)
        cells += [moved, draft.sheet[f"sensitivity.{name}.{way}.forecast.profit"]]
    return Row(tuple(cells))


def _moved(draft: Draft, name: str, way: str, rule: str, percent: str | Value) -> Value:
    """Enter an input moved up or down, and everything of the forecast that follows from it."""
    prefix = f"sensitivity.{name}.{way}."
    source = draft.sheet[name]
    label = draft.say(f"plan_label.moved_{way}", label=source.label)
    moved = draft.compute(f"{prefix}input", rule, source.unit, label, amount=name,
                          percent=percent)  # fmt: skip
    stands_for = {name: moved.id}
    for key in _CHAIN:
        value = draft.sheet[key]
        if not any(given in stands_for for given in value.input_ids()):
            continue
        named: dict[str, References] = {
            parameter: stands_for.get(given, given)
            if isinstance(given, str)
            else tuple(stands_for.get(one, one) for one in given)
            for parameter, given in value.inputs.items()
        }
        label = draft.say(f"plan_label.moved_result_{way}", label=value.label, name=source.label)
        stands_for[key] = draft.compute(prefix + key, value.rule, value.unit, label,
                                        note="", **named).id  # fmt: skip
    return moved
