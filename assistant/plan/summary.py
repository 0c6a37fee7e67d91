"""Section 1: what the plan is, what the target needs by phase, and what must be true for it."""

from __future__ import annotations

from assistant.plan.allocation import column_names
from assistant.plan.citing import cite
from assistant.plan.draft import Draft
from assistant.plan.money import CASES
from assistant.values import Bullets, Chart, Paragraph, Row, Section, Series, Table, Value


def section(draft: Draft) -> Section:
    """Say what the plan is, what it needs, and what must be true; written last, read first."""
    return Section(
        "summary",
        draft.say("plan.section_summary"),
        (_summary_lead(draft), _verdict(draft), _phase_table(draft), _traffic_chart(draft),
         _case_table(draft), draft.paragraph("plan_sum.must_be_true"), _musts(draft)),
    )  # fmt: skip


def _summary_lead(draft: Draft) -> Paragraph:
    sheet, window = draft.sheet, draft.window
    return draft.paragraph(
        "plan_sum.lead",
        "lead",
        brand=draft.brief.brand,
        start=draft.day(window.start),
        end=draft.day(window.end),
        budget=sheet["brief.budget"],
        gmv=sheet["brief.gmv_target"],
        orders=sheet["orders.total"],
        exposure=sheet["traffic.total.exposure"],
        peak=sheet["orders.peak_day"],
    )


def _verdict(draft: Draft) -> Paragraph:
    sheet = draft.sheet
    if not draft.has("roi.break_even") or not draft.has("case.base.roi"):
        return draft.paragraph("plan_sum.verdict_nothing", "warning",
                               margin=sheet["rate.margin_after_fees"])  # fmt: skip
    won = sheet.number("case.base.profit") >= 0
    safe = sheet.number("case.conservative.profit") >= 0
    how = "loss" if not won else "profit" if safe else "thin"
    return draft.paragraph(
        f"plan_sum.verdict_{how}",
        "good" if how == "profit" else "warning",
        cite(draft, "plan_cite.break_even"),
        roi=sheet["case.base.roi"], line=sheet["roi.break_even"],
        profit=sheet["case.base.profit"], needed=sheet["gmv.break_even"],
        low=sheet["case.conservative.profit"],
    )  # fmt: skip


def _phase_table(draft: Draft) -> Table:
    sheet = draft.sheet
    patterns = ("budget.{}", "gmv.{}", "orders.{}", "traffic.{}.clicks", "traffic.{}.entries",
                "traffic.{}.exposure")  # fmt: skip
    rows = [
        Row((phase.name, draft.span(phase), *(sheet[p.format(phase.id)] for p in patterns)))
        for phase in draft.phases
    ]
    whole = ("brief.budget", "brief.gmv_target", "orders.total", "traffic.total.clicks",
             "traffic.total.entries", "traffic.total.exposure")  # fmt: skip
    rows.append(Row((draft.say("plan.total"), "", *(sheet[key] for key in whole)), "total"))
    columns = ("phase", "dates", "budget", "gmv", "orders", "clicks", "entries", "exposure")
    formula = draft.say("plan_sum.formula", entry=sheet["rate.entry"], click=sheet["rate.click"],
                        conversion=sheet["rate.conversion"], aov=sheet["aov"])  # fmt: skip
    return Table("decomposition", draft.say("plan_sum.table_phases"),
                 column_names(draft, columns), tuple(rows), note=formula)  # fmt: skip


def _traffic_chart(draft: Draft) -> Chart:
    names = tuple(phase.name for phase in draft.phases)
    series = tuple(
        Series(draft.say(f"plan_figure.{key}"), tuple(f"{key}.{p.id}" for p in draft.phases))
        for key in ("budget", "gmv")
    )
    return Chart("phases", draft.say("plan_sum.chart_phases"), "column", names, series, "yuan")


def _case_table(draft: Draft) -> Table:
    base = {"gmv": "brief.gmv_target", "orders": "orders.total",
            "entries": "traffic.total.entries", "exposure": "traffic.total.exposure"}  # fmt: skip
    rows = []
    for figure in ("gmv", "orders", "entries", "exposure", "roi", "profit"):
        keys = [base.get(figure, f"case.base.{figure}") if case == "base"
                else f"case.{case}.{figure}" for case in CASES]  # fmt: skip
        cells = [draft.sheet[key] if draft.has(key) else "—" for key in keys]
        rows.append(Row((draft.say(f"plan_figure.{figure}"), *cells)))
    for phase in draft.phases:
        keys = [f"{'' if c == 'base' else f'case.{c}.'}traffic.{phase.id}.exposure" for c in CASES]
        label = draft.say("plan_sum.exposure_in", phase=phase.name)
        rows.append(Row((label, *(draft.sheet[key] for key in keys))))
    columns = (draft.say("plan_column.figure"), *(draft.say(f"plan_case.{c}") for c in CASES))
    return Table("cases", draft.say("plan_sum.table_cases"), columns, tuple(rows))


def _musts(draft: Draft) -> Bullets:
    """Say what must be true for the target, each with its number and what to compare it with."""
    sheet = draft.sheet
    needed = draft.compute("gpm.needed", "gpm", "yuan_per_thousand_views",
                           draft.say("plan_label.gpm_needed"), gmv_cny="brief.gmv_target",
                           audience="traffic.total.entries")  # fmt: skip
    category = draft.assumptions.for_category("gpm", draft.brief.category)
    usual = draft.assume(category)
    items = [_gpm_must(draft, needed, usual)]
    items.append(_organic_must(draft))
    daily = draft.compute("entries.burst_day", "quotient", "entries",
                          draft.say("plan_label.entries_burst_day"),
                          dividend="traffic.burst.entries", divisor="days.burst")  # fmt: skip
    items.append(draft.paragraph("plan_sum.must_entries", daily=daily,
                                 peak=sheet["orders.peak_day"]))  # fmt: skip
    items.append(draft.paragraph("plan_sum.must_returns", returns=sheet["rate.return"],
                                 net=sheet["case.base.net"]))  # fmt: skip
    return Bullets(tuple(items))


def _gpm_must(draft: Draft, needed: Value, usual: Value) -> Paragraph:
    quotes = (usual.source,) if usual.source else ()
    high = usual.high if usual.high is not None else usual.value
    low = usual.low if usual.low is not None else usual.value
    how = "above" if needed.value > high else "below" if needed.value < low else "within"
    tone = "warning" if how == "above" else "normal"
    return draft.paragraph(
        f"plan_sum.must_gpm_{how if usual.source else 'unsourced'}", tone, quotes, needed=needed,
        usual=usual, low=f"{low:g}", high=f"{high:g}",
    )  # fmt: skip


def _organic_must(draft: Draft) -> Paragraph:
    sheet = draft.sheet
    enough = sheet.number("traffic.total.organic_percent") == 0
    return draft.paragraph(
        f"plan_sum.must_organic{'_none' if enough else ''}",
        paid=sheet["traffic.total.paid_exposure"],
        percent=sheet["traffic.total.organic_percent"], cost=sheet["paid.cpm"],
    )  # fmt: skip
