"""Section 2: the budget over the FACT quadrants and the phases, and the GMV each must bring.

Field and Alliance carry the everyday and follow the phases; Campaign spends before and in the
burst, the Top KOL in the burst alone. Every sum is exact to the fen.
"""

from __future__ import annotations

from assistant.plan.citing import cite
from assistant.plan.draft import Draft
from assistant.plan.inputs import QUADRANTS, part_name
from assistant.values import Bullets, Paragraph, Row, Section, Table, Value


def section(draft: Draft) -> Section:
    """Divide the budget to the fen, reckon what each part must bring, and say why."""
    divide_budget(draft)
    _expected_gmv(draft)
    return Section(
        "allocation",
        draft.say("plan.section_allocation"),
        (_lead(draft), *draft.notes, _shares_table(draft), _money_table(draft),
         _gmv_table(draft), _reasons(draft)),
    )  # fmt: skip


def parts(
    draft: Draft, prefix: str, whole: str, shares: dict[str, str], label: str
) -> list[Value]:
    """Divide an amount by percentages that make 100; the parts add up to the fen.

    `shares` gives the id of the percentage for each part's name; `label` is a text with {name}.
    """
    found: list[Value] = []
    before: list[str] = []
    for name, share in shares.items():
        named = draft.say(label, name=part_name(draft, name))
        key = f"{prefix}.{name}"
        if before:
            part = draft.compute(key, "cumulative_share", "yuan", named, whole=whole,
                                 before=tuple(before), percent=share)  # fmt: skip
        else:
            part = draft.compute(key, "share_of", "yuan", named, whole=whole, percent=share)
        found.append(part)
        before.append(share)
    return found


def divide_budget(draft: Draft) -> None:
    """Enter `allocation.<quadrant>`, `allocation.<quadrant>.<phase>` and `budget.<phase>`."""
    shares = {name: f"allocation.share.{name}" for name in QUADRANTS}
    parts(draft, "allocation", "brief.budget", shares, "plan_label.allocation")
    for quadrant in QUADRANTS:
        label = f"plan_label.allocation_{quadrant}"
        whole = f"allocation.{quadrant}"
        parts(draft, whole, whole, _profile(draft, quadrant), label)
    for phase in draft.phases:
        terms = tuple(
            key for q in QUADRANTS if draft.has(key := f"allocation.{q}.{phase.id}")
        )
        label = draft.say("plan_label.budget_phase", phase=phase.name)
        draft.compute(f"budget.{phase.id}", "total", "yuan", label, terms=terms)


def _profile(draft: Draft, quadrant: str) -> dict[str, str]:
    """Give the phases in which a quadrant spends, with the id of each one's percentage."""
    if quadrant in ("field", "alliance"):
        return {phase.id: f"phase.share.{phase.id}" for phase in draft.phases}
    if quadrant == "kol" or not draft.phase("warm-up"):
        return {"burst": _whole(draft)}
    label = draft.say("plan_label.campaign_warm_up")
    first = draft.assume("campaign-share-warm-up", "campaign.share.warm-up", label)
    label = draft.say("plan_label.campaign_burst")
    if not draft.has("campaign.share.burst"):
        draft.compute("campaign.share.burst", "remaining_percent", "percent", label,
                      percents=(first,))  # fmt: skip
    return {"warm-up": first.id, "burst": "campaign.share.burst"}


def _whole(draft: Draft) -> str:
    """Enter the share of a quadrant that spends in one phase only: all of it."""
    if not draft.has("allocation.whole"):
        terms = tuple(f"allocation.share.{name}" for name in QUADRANTS)
        label = draft.say("plan_label.whole")
        draft.compute("allocation.whole", "total", "percent", label, terms=terms)
    return "allocation.whole"


def _expected_gmv(draft: Draft) -> None:
    """Enter `expected.<quadrant>.<phase>`: a phase's GMV in proportion to its money."""
    for phase in draft.phases:
        spending = [q for q in QUADRANTS if draft.has(f"allocation.{q}.{phase.id}")]
        shares = {q: _portion(draft, q, phase.id) for q in spending}
        label = f"plan_label.expected_{phase.id.replace('-', '_')}"
        found = parts(draft, f"expected.{phase.id}", f"gmv.{phase.id}", shares, label)
        assert len(found) == len(spending)
    for quadrant in QUADRANTS:
        terms = tuple(
            key for p in draft.phases if draft.has(key := f"expected.{p.id}.{quadrant}")
        )
        label = draft.say("plan_label.expected", name=part_name(draft, quadrant))
        draft.compute(f"expected.{quadrant}", "total", "yuan", label, terms=terms)


def _portion(draft: Draft, quadrant: str, phase: str) -> str:
    """Enter a quadrant's part of a phase's money; without any money the plan's shares hold."""
    if draft.sheet.number(f"budget.{phase}") == 0:
        return f"allocation.share.{quadrant}"
    key = f"portion.{phase}.{quadrant}"
    named = {"name": part_name(draft, quadrant), "phase": part_name(draft, phase)}
    label = draft.say("plan_label.portion", **named)
    given = {"part": f"allocation.{quadrant}.{phase}", "whole": f"budget.{phase}"}
    return draft.compute(key, "percent_of", "percent", label, **given).id


def _lead(draft: Draft) -> Paragraph:
    sheet = draft.sheet
    return draft.paragraph(
        f"plan_fact.lead_{draft.brief.stage.replace('-', '_')}",
        "lead",
        cite(draft, "plan_cite.everyday_and_burst"),
        budget=sheet["brief.budget"],
        field=sheet["allocation.share.field"],
        alliance=sheet["allocation.share.alliance"],
        campaign=sheet["allocation.share.campaign"],
        kol=sheet["allocation.share.kol"],
    )


def _shares_table(draft: Draft) -> Table:
    sheet = draft.sheet
    rows = [
        Row((part_name(draft, q), sheet[f"allocation.share.{q}"], sheet[f"allocation.{q}"],
             sheet[f"expected.{q}"], draft.say(f"plan_fact.role_{q}"),
             basis_name(draft, sheet[f"allocation.share.{q}"])),
            quotes=cite(draft, f"plan_cite.quadrant_{q}"))
        for q in QUADRANTS
    ]  # fmt: skip
    total = (draft.say("plan.total"), sheet_total(draft, "allocation.share.total", "percent",
             [f"allocation.share.{q}" for q in QUADRANTS]),
             sheet_total(draft, "allocation.total", "yuan", [f"allocation.{q}" for q in QUADRANTS]),
             sheet_total(draft, "expected.total", "yuan", [f"expected.{q}" for q in QUADRANTS]),
             "", "")  # fmt: skip
    columns = ("quadrant", "share", "budget", "expected", "duty", "basis")
    return Table(
        "allocation",
        draft.say("plan_fact.table_shares"),
        column_names(draft, columns),
        (*rows, Row(total, "total")),
        note=draft.say("plan_fact.note_shares"),
    )


def _matrix(draft: Draft, name: str, cell: str, column: str, totals: str) -> Table:
    """Lay out quadrants by phases; `cell` and `column` are patterns of ids."""
    sheet = draft.sheet
    rows = []
    for q in QUADRANTS:
        keys = [cell.format(q=q, p=phase.id) for phase in draft.phases]
        cells = [sheet[key] if draft.has(key) else "—" for key in keys]
        rows.append(Row((part_name(draft, q), *cells, sheet[totals.format(q=q)])))
    bottom = [sheet[column.format(p=phase.id)] for phase in draft.phases]
    last = sheet[totals.format(q="total")]
    rows.append(Row((draft.say("plan.total"), *bottom, last), "total"))
    columns = (draft.say("plan_column.quadrant"), *(p.name for p in draft.phases))
    return Table(name, draft.say(f"plan_fact.table_{name}"),
                 (*columns, draft.say("plan.total")), tuple(rows), "matrix")  # fmt: skip


def _money_table(draft: Draft) -> Table:
    return _matrix(draft, "matrix", "allocation.{q}.{p}", "budget.{p}", "allocation.{q}")


def _gmv_table(draft: Draft) -> Table:
    return _matrix(draft, "expected", "expected.{p}.{q}", "gmv.{p}", "expected.{q}")


def _reasons(draft: Draft) -> Bullets:
    sheet = draft.sheet
    notes = [
        draft.paragraph(
            f"plan_fact.why_{q if sheet.number(f'allocation.share.{q}') else 'none'}",
            name=part_name(draft, q),
            quotes=cite(draft, f"plan_cite.quadrant_{q}"),
            share=sheet[f"allocation.share.{q}"],
        )
        for q in QUADRANTS
    ]
    return Bullets((*notes, draft.paragraph("plan_fact.why_adjust",
                    quotes=cite(draft, "plan_cite.no_official_split"))))  # fmt: skip


def sheet_total(draft: Draft, key: str, unit: str, terms: list[str]) -> Value:
    """Enter the sum of a table's column once."""
    if not draft.has(key):
        label = draft.say(f"plan_label.{key.replace('.', '_')}")
        draft.compute(key, "total", unit, label, terms=tuple(terms))
    return draft.sheet[key]


def column_names(draft: Draft, names: tuple[str, ...]) -> tuple[str, ...]:
    """Give the titles of a table's columns."""
    return tuple(draft.say(f"plan_column.{name}") for name in names)


def basis_name(draft: Draft, value: Value) -> str:
    """Name a number's basis for a reader; a chosen point of a cited range says so."""
    chosen = value.basis == "assumed" and value.source is not None
    return draft.say(f"plan_basis.{'chosen' if chosen else value.basis}")
