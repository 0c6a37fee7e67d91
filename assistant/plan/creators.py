"""Creators of a plan: tiers, counts that the budget pays for, what each must sell, the big moment.

What a creator returns is not known beforehand, so the plan says what one must sell to pay back, at
both ends of the usual commission, and what the category's reference return would give. A shop at
cold start has no Top KOL moment, and the plan says why.
"""

from __future__ import annotations

from dataclasses import replace

from assistant.plan.citing import cite
from assistant.plan.draft import Draft
from assistant.values import Basis, Block, Bullets, Cell, Paragraph, Row, Section, Table, Value

TIERS = ("head", "middle", "tail", "amateur")
ENDS = ("low", "high")


def section(draft: Draft) -> Section:
    """Write section 6; enters `creators.share|fee|count|spent|pays_back.<tier>`."""
    budget = draft.sheet["allocation.alliance"]
    tiers = _tiers(draft)
    _enter_margins(draft)
    for tier in tiers:
        _enter_tier(draft, tier, budget)
    left = draft.compute("creators.left", "profit", "yuan", draft.say("creators.left"),
                         income_cny=budget,
                         costs_cny=tuple(f"creators.spent.{tier}" for tier in tiers))  # fmt: skip
    blocks: list[Block] = [
        _lead(draft, tiers, budget),
        _tier_table(draft, tiers, budget, left),
        *_expectation(draft, budget),
        _tasks(draft, tiers),
        draft.paragraph("creators.brief", quotes=cite(draft, "creator_brief")),
        draft.paragraph("creators.settle", quotes=cite(draft, "creator_net", "creator_refunds")),
    ]
    if draft.brief.stage == "cold-start":
        blocks.append(draft.paragraph("creators.newcomer", "warning", cite(draft, "newcomer")))
    blocks += _moment(draft)
    return Section("creators", draft.say("creators.title"), tuple(blocks))


def _tiers(draft: Draft) -> list[str]:
    """List the tiers that the stage gives a share of the budget."""
    stage = draft.brief.stage
    shares = {tier: draft.assumptions.range(f"creator-share-{stage}-{tier}")[0] for tier in TIERS}
    return [tier for tier in TIERS if shares[tier] > 0]


def _enter_tier(draft: Draft, tier: str, budget: Value) -> None:
    name = draft.say(f"creators.tier_{tier}")
    share = draft.assume(
        f"creator-share-{draft.brief.stage}-{tier}",
        f"creators.share.{tier}",
        draft.say("creators.share_of", tier=name),
    )
    fee = draft.assume(
        f"creator-fee-{tier}", f"creators.fee.{tier}", draft.say("creators.fee_of", tier=name)
    )
    money = draft.compute(f"creators.money.{tier}", "share_of", "yuan",
                          draft.say("creators.money_of", tier=name),
                          whole=budget, percent=share)  # fmt: skip
    count = draft.compute(f"creators.count.{tier}", "affordable", "people",
                          draft.say("creators.count_of", tier=name),
                          budget_cny=money, price_cny=fee)  # fmt: skip
    draft.compute(f"creators.spent.{tier}", "product", "yuan",
                  draft.say("creators.spent_of", tier=name), factors=(count, fee))  # fmt: skip
    for end in ENDS:
        _enter_pay_back(draft, f"creators.pays_back.{tier}.{end}", fee, name, end)


def _enter_margins(draft: Draft) -> None:
    """Enter what is left of a sale at both ends of the usual commission."""
    for end in ENDS:
        commission = draft.assume(
            f"creator-commission-{end}", f"creators.commission.{end}",
            draft.say(f"creators.commission_{end}"),
        )  # fmt: skip
        draft.compute(f"creators.left_margin.{end}", "contribution_margin", "percent",
                      draft.say(f"creators.left_margin_{end}"),
                      gross_margin_percent="rate.margin",
                      fees_percent=("rate.platform_fee", commission))  # fmt: skip


def _enter_pay_back(draft: Draft, name: str, fee: Value, tier: str, end: str) -> None:
    """Enter the sales that earn a fee back, unless nothing is left of a sale."""
    margin, returns = draft.sheet[f"creators.left_margin.{end}"], draft.sheet["rate.return"]
    if margin.value <= 0 or returns.value >= 100:
        return
    label = draft.say(f"creators.pays_back_{end}", tier=tier)
    gmv = draft.compute(f"{name}.gmv", "break_even_gmv", "yuan", label, spend_cny=fee,
                        contribution_margin_percent=margin,
                        return_rate_percent=returns)  # fmt: skip
    orders = draft.say(f"creators.pays_back_orders_{end}", tier=tier)
    draft.compute(f"{name}.orders", "orders_for_gmv", "orders", orders,
                  gmv_cny=gmv, average_order_value_cny="aov")  # fmt: skip


def _pay_back(draft: Draft, name: str) -> Cell:
    return draft.sheet[name] if draft.has(name) else draft.say("creators.never")


def _lead(draft: Draft, tiers: list[str], budget: Value) -> Paragraph:
    if not any(draft.sheet[f"creators.count.{tier}"].value for tier in tiers):
        return draft.paragraph(
            "creators.lead_none", "lead", cite(draft, "tier_test"), budget=budget
        )
    named = [tier for tier in tiers if draft.sheet[f"creators.count.{tier}"].value]
    counts = draft.say("creators.comma").join(
        draft.say(
            "creators.count_item",
            tier=draft.say(f"creators.tier_{tier}"),
            count=draft.sheet[f"creators.count.{tier}"],
        )
        for tier in named
    )
    paragraph = draft.paragraph(
        "creators.lead", "lead", cite(draft, "tier_test"), budget=budget, counts=counts
    )
    shown = tuple(f"creators.count.{tier}" for tier in named)
    return Paragraph(paragraph.text, paragraph.values + shown, paragraph.quotes, paragraph.tone)


def _tier_table(draft: Draft, tiers: list[str], budget: Value, left: Value) -> Table:
    rows = [
        Row((
            draft.say(f"creators.tier_{tier}"),
            draft.sheet[f"creators.share.{tier}"],
            draft.sheet[f"creators.fee.{tier}"],
            draft.sheet[f"creators.count.{tier}"],
            draft.sheet[f"creators.spent.{tier}"],
            *(_pay_back(draft, f"creators.pays_back.{tier}.{end}.orders") for end in ENDS),
        ))
        for tier in tiers
    ]  # fmt: skip
    empty = draft.say("creators.blank")
    rows.append(Row((draft.say("creators.left"), empty, empty, empty, left, empty, empty)))
    rows.append(Row((draft.say("creators.sum"), empty, empty, empty, budget, empty, empty),
                    "total"))  # fmt: skip
    columns = ("tier", "share", "fee", "count", "spent", "back_low", "back_high")
    return Table(
        "creators",
        draft.say("creators.table"),
        tuple(draft.say(f"creators.{name}") for name in columns),
        tuple(rows),
        note=draft.say("creators.table_note"),
    )


def _expectation(draft: Draft, budget: Value) -> list[Block]:
    """Say what the category's reference return would give, and where the usual commission ends."""
    blocks: list[Block] = [draft.paragraph("creators.lines", "hint", cite(draft, "tier_lines"))]
    name = draft.assumptions.for_category("roi", draft.brief.category)
    reference = draft.assumptions.value(name, draft.language)
    low = reference.value if reference.low is None else reference.low
    high = reference.value if reference.high is None else reference.high
    basis: Basis = "cited" if reference.source else "assumed"
    expected = []
    for end, number in zip(ENDS, (low, high), strict=True):
        label = draft.say(f"creators.roi_{end}")
        roi = Value(f"creators.roi.{end}", number, "ratio", basis, label, reference.note)
        draft.sheet.enter(replace(roi, source=reference.source, editable=True))
        label = draft.say(f"creators.expected_{end}")
        named = f"creators.expected.{end}"
        expected.append(draft.compute(named, "product", "yuan", label, factors=(budget, roi)))
    blocks.append(
        draft.paragraph(
            "creators.expected",
            quotes=(reference.source,) if reference.source else (),
            low=expected[0],
            high=expected[1],
            roi_low=draft.sheet["creators.roi.low"],
            roi_high=draft.sheet["creators.roi.high"],
        )
    )
    margin = draft.sheet["creators.left_margin.high"]
    if margin.value <= 0:
        commission = draft.sheet["creators.commission.high"]
        quotes = cite(draft, "commission_margin")
        blocks.append(
            draft.paragraph(
                "creators.no_margin", "warning", quotes, commission=commission, margin=margin
            )
        )
    return blocks


def _tasks(draft: Draft, tiers: list[str]) -> Bullets:
    items = [
        draft.paragraph(f"creators.task_{tier}", quotes=cite(draft, "tier_roles"))
        for tier in tiers
    ]
    items.append(draft.paragraph("creators.task_test", quotes=cite(draft, "tier_test")))
    items.append(draft.paragraph("creators.task_spread", quotes=cite(draft, "one_creator")))
    return Bullets(tuple(items))


def _moment(draft: Draft) -> list[Block]:
    """Place the Top KOL session in the burst, or say why there is none."""
    budget = draft.sheet["allocation.kol"]
    burst = draft.phase("burst")
    if budget.value <= 0 or burst is None:
        cold = draft.brief.stage == "cold-start"
        return [
            draft.paragraph(
                "creators.no_moment_cold" if cold else "creators.no_moment",
                quotes=cite(draft, "kol_base", "kol_when"),
            )
        ]
    for end in ENDS:
        _enter_pay_back(
            draft, f"creators.kol_pays_back.{end}", budget, draft.say("creators.moment"), end
        )
    blocks: list[Block] = [
        draft.paragraph(
            "creators.moment_when", quotes=cite(draft, "kol_when", "kol_confirm"),
            day=draft.day(burst.start), budget=budget,
        )
    ]  # fmt: skip
    blocks.append(_moment_account(draft))
    after = cite(draft, "kol_after", "kol_thirty")
    blocks.append(draft.paragraph("creators.moment_after", quotes=after))
    return blocks


def _moment_account(draft: Draft) -> Paragraph:
    low, high = (f"creators.kol_pays_back.{end}.gmv" for end in ENDS)
    quotes = cite(draft, "kol_margin")
    if not draft.has(low):
        return draft.paragraph("creators.moment_loss", "warning", quotes)
    if not draft.has(high):
        return draft.paragraph(
            "creators.moment_low", "warning", quotes, low=draft.sheet[low],
            commission=draft.sheet["creators.commission.low"],
        )  # fmt: skip
    return draft.paragraph(
        "creators.moment_account", quotes=quotes, low=draft.sheet[low], high=draft.sheet[high],
        commission_low=draft.sheet["creators.commission.low"],
        commission_high=draft.sheet["creators.commission.high"],
    )  # fmt: skip
