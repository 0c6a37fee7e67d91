"""Begins a plan: enters what the brief says, the funnel's rates, the shares and the dated phases.

Shares that must be whole stay whole: when a reader sets one, the others give way in proportion,
and the plan says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from assistant.errors import InputError
from assistant.plan.assumptions import Assumptions
from assistant.plan.brief import Brief, Window
from assistant.plan.draft import Draft, Phase
from assistant.plan.phases import PHASES, dated, days_of, phases_of, rebalanced
from assistant.plan.sheet import Sheet
from assistant.records import Language
from assistant.values import Value

QUADRANTS = ("field", "alliance", "campaign", "kol")


def begin(
    brief: Brief,
    assumptions: Assumptions,
    edits: Mapping[str, float],
    today: date,
    language: Language,
) -> Draft:
    """Make a draft with every number that is not computed and that more than one section reads."""
    window = brief.model_copy(update={"language": language}).window(today, assumptions)
    draft = Draft(brief, assumptions, Sheet(edits), language, today, window)
    draft.phases = _phases(draft)
    _money(draft)
    _rates(draft)
    stage = brief.stage
    _shares(draft, "allocation.share", QUADRANTS, [f"fact-{stage}-{q}" for q in QUADRANTS])
    names = [phase.id for phase in draft.phases]
    _shares(draft, "phase.share", names, [f"phase-share-{name}" for name in names])
    _shares(draft, "gmv.share", names, [f"gmv-share-{name}" for name in names])
    return draft


def promotion_of(draft: Draft) -> Window | None:
    """Give the named promotion's window in this year if it meets the plan's window."""
    window = draft.window
    if not window.promotion:
        return None
    found = draft.assumptions.estimate(window.promotion, window.end.year, draft.language)
    if found.end < window.start or found.start > window.end:
        return None
    return Window(found.start, min(found.end, window.end), found.name, found.estimated)


def _phases(draft: Draft) -> tuple[Phase, ...]:
    window, promotion = draft.window, promotion_of(draft)
    names = phases_of(window, promotion.end if promotion else None)
    shares = {name: draft.assumptions.value(f"phase-days-{name}", "en").value for name in names}
    usual = days_of(window, names, shares, promotion)
    defaults = {f"days.{name}": days for name, days in usual.items()}
    settled = rebalanced(defaults, draft.sheet.edits, window.days, digits=0)
    if any(days < 1 or days != int(days) for days in settled.values()):
        edited = next(name for name in draft.sheet.edits if name in defaults)
        raise InputError(
            f"{edited}: each phase needs one whole day or more, {window.days} days in all",
            key="plan_error.edit_days",
            name=edited,
            days=window.days,
        )
    note = draft.say("plan.note_days")
    rows = {name: settled[f"days.{name}"] for name in names}
    phases = tuple(
        Phase(name, draft.say(f"plan_phase.{name.replace('-', '_')}"), start, end)
        for name, start, end in dated(window.start, rows)
    )
    for phase in phases:
        label = draft.say("plan_label.days", phase=phase.name)
        _settle(draft, Value(f"days.{phase.id}", phase.days, "days", "assumed", label, note))
    return phases


def _money(draft: Draft) -> None:
    brief = draft.brief
    for name, number, unit in (
        ("brief.budget", brief.budget_cny, "yuan"),
        ("brief.gmv_target", brief.gmv_target_cny, "yuan"),
    ):
        label = draft.say(f"plan_label.{name.replace('.', '_')}")
        draft.sheet.enter(Value(name, float(number), unit, "given", label, editable=True))
    prices = [product.price_cny for product in brief.products]
    label = draft.say("plan_label.aov")
    if brief.average_order_value_cny is None and prices:
        mean = round(sum(prices) / len(prices), 2)
        note = draft.say("plan.note_aov_from_prices")
        draft.sheet.enter(Value("aov", mean, "yuan", "assumed", label, note, editable=True))
    else:
        draft.given_or_assumed(
            "average_order_value_cny", "order-value-default", "yuan", label, "aov"
        )


def _rates(draft: Draft) -> None:
    new = draft.brief.stage == "cold-start"
    for field, default, name in (
        ("entry_rate_percent", f"enter-rate-{'new' if new else 'old'}-account", "rate.entry"),
        ("click_rate_percent", "click-rate-default", "rate.click"),
        ("conversion_rate_percent", "conversion-rate-default", "rate.conversion"),
        ("return_rate_percent", "return-rate-default", "rate.return"),
        ("gross_margin_percent", "gross-margin-default", "rate.margin"),
        ("platform_fee_percent", "technical-fee", "rate.platform_fee"),
        ("commission_percent", "creator-commission", "rate.commission"),
    ):
        label = draft.say(f"plan_label.{name.replace('.', '_')}")
        draft.given_or_assumed(field, default, "percent", label, name)


def _shares(draft: Draft, group: str, names: Sequence[str], default_ids: Sequence[str]) -> None:
    """Enter shares that sum to 100, whatever of them a reader has set."""
    values = [draft.assumptions.value(name, draft.language) for name in default_ids]
    defaults = {
        f"{group}.{name}": value.value for name, value in zip(names, values, strict=True)
    }
    edited = {n: round(draft.sheet.edits[n], 4) for n in defaults if n in draft.sheet.edits}
    plain = all(share == round(share, 1) for share in edited.values())
    settled = rebalanced(defaults, edited, 100.0, digits=1 if plain else 4)
    short = group.replace(".", "_")
    moved = {name for name in defaults if settled[name] != defaults[name] and name not in edited}
    for name, value in zip(names, values, strict=True):
        key = f"{group}.{name}"
        label = draft.say(f"plan_label.{short}", name=part_name(draft, name))
        note = draft.say("plan.note_rescaled", note=value.note) if key in moved else value.note
        _settle(draft, replace(value, id=key, value=settled[key], label=label, note=note))
    if sum(edited.values()) != sum(defaults[name] for name in edited):
        draft.notes.append(draft.paragraph(f"plan.rescaled_{short}", "hint"))


def part_name(draft: Draft, name: str) -> str:
    """Name a phase or a quadrant."""
    group = "plan_phase" if name in PHASES else "plan_quadrant"
    return draft.say(f"{group}.{name.replace('-', '_')}")


def _settle(draft: Draft, value: Value) -> Value:
    """Enter a number that was settled before; a reader's number may have been scaled with it."""
    if value.id in draft.sheet.edits:
        draft.sheet.edits[value.id] = value.value
    return draft.sheet.enter(replace(value, editable=True))
