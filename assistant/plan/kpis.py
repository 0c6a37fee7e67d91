"""Section 9: what each phase is measured by, and when to stop, with where each line comes from."""

from __future__ import annotations

from assistant.plan.allocation import basis_name, column_names
from assistant.plan.citing import cite
from assistant.plan.draft import Draft, Phase
from assistant.values import Bullets, Row, Section, Table, Value


def section(draft: Draft) -> Section:
    """Tabulate KPIs per phase and the rules that stop spending."""
    return Section(
        "kpis",
        draft.say("plan.section_kpis"),
        (draft.paragraph("plan_kpi.lead", "lead"), _per_phase(draft), _lines(draft),
         draft.paragraph("plan_kpi.stops"), _stops(draft)),
    )  # fmt: skip


def _per_phase(draft: Draft) -> Table:
    rows = []
    for phase in draft.phases:
        daily = draft.compute(
            f"kpi.{phase.id}.gmv_per_day", "quotient", "yuan_per_day",
            draft.say("plan_label.gmv_per_day", phase=phase.name),
            dividend=f"gmv.{phase.id}", divisor=f"days.{phase.id}",
        )  # fmt: skip
        orders = draft.compute(
            f"kpi.{phase.id}.orders_per_day", "quotient", "orders_per_day",
            draft.say("plan_label.orders_per_day", phase=phase.name),
            dividend=f"orders.{phase.id}", divisor=f"days.{phase.id}",
        )  # fmt: skip
        name = phase.id.replace("-", "_")
        watch = draft.say(f"plan_kpi.watch_{name}")
        cells = (phase.name, daily, orders, _roi(draft, phase) or "—", watch)
        rows.append(Row(cells, quotes=cite(draft, f"plan_cite.goal_{name}")))
    columns = ("phase", "gmv_per_day", "orders_per_day", "roi", "watch")
    return Table("kpis", draft.say("plan_kpi.table_phases"), column_names(draft, columns),
                 tuple(rows))  # fmt: skip


def _roi(draft: Draft, phase: Phase) -> Value | None:
    if draft.sheet.number(f"budget.{phase.id}") <= 0:
        return None
    label = draft.say("plan_label.roi_phase", phase=phase.name)
    return draft.compute(f"kpi.{phase.id}.roi", "roi", "ratio", label,
                         gmv_cny=f"gmv.{phase.id}", spend_cny=f"budget.{phase.id}")  # fmt: skip


def _lines(draft: Draft) -> Table:
    """Tabulate room and service lines with their basis and quote."""
    category = draft.brief.category
    named = draft.assumptions.for_category
    rows = []
    for name, default in (
        ("gpm", named("gpm", category)),
        ("dwell", named("dwell", category)),
        ("conversion", "pass-session-conversion"),
        ("exposure", "funnel-enter-to-exposure"),
        ("payment", "funnel-order-to-payment"),
        ("score", "experience-score-line"),
        ("reply", "reply-target-share"),
    ):
        value = draft.assume(default)
        quotes = (value.source,) if value.source else ()
        rows.append(Row((draft.say(f"plan_kpi.line_{name}"), value,
                         draft.say(f"plan_kpi.below_{name}"), basis_name(draft, value)),
                        quotes=quotes))  # fmt: skip
    columns = ("metric", "standard", "below", "basis")
    return Table("lines_kpi", draft.say("plan_kpi.table_lines"), column_names(draft, columns),
                 tuple(rows))  # fmt: skip


def _stops(draft: Draft) -> Bullets:
    sheet = draft.sheet
    items = []
    if draft.has("roi.break_even"):
        quotes = cite(draft, "plan_cite.verdict_stop")
        line = sheet["roi.break_even"]
        items.append(draft.paragraph("plan_kpi.stop_roi", quotes=quotes, line=line))
    items.append(draft.paragraph("plan_kpi.stop_service",
                                 quotes=cite(draft, "plan_cite.stop_service")))  # fmt: skip
    items.append(draft.paragraph("plan_kpi.stop_score",
                                 line=draft.assume("experience-score-line")))  # fmt: skip
    items.append(draft.paragraph("plan_kpi.stop_returns", returns=sheet["rate.return"]))
    return Bullets(tuple(items))
