"""Risks and compliance of a plan: what may go wrong here, and which words the rules name.

Risks are those of this plan: each stands with its number, its measure and the place in the library.
Every text of the brief and of the plan's other sections is checked for words that the compliance
terms name; a hit is a thing to check by its scope, never a verdict.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import mean

from assistant.plan.assumptions import ComplianceHit
from assistant.plan.citing import cite
from assistant.plan.draft import Draft
from assistant.plan.goods import short_products, unknown_products
from assistant.plan.schedule import estimated, milestones_of
from assistant.values import (
    Block,
    Bullets,
    Cell,
    Paragraph,
    Row,
    Section,
    Table,
    Timeline,
    Value,
)

HIGH, MIDDLE, LOW = "high", "middle", "low"
HIGH_RETURNS = "return-rate-womens-wear"


@dataclass(frozen=True)
class Risk:
    """A risk of this plan; `key` names its texts, `quotes` the places that it rests on."""

    key: str
    level: str
    value: Value | None
    quotes: tuple[str, ...]


def section(draft: Draft, sections: Sequence[Section] = ()) -> Section:
    """Write section 11; `sections` are those whose texts are checked beside the brief's."""
    found = risks_of(draft)
    hits = list(_hits(draft, sections))
    blocks: list[Block] = [_lead(draft, found, hits), _risk_table(draft, found)]
    blocks += [_check_result(draft, hits)]
    if hits:
        blocks.append(_hit_table(draft, hits))
    blocks += [draft.paragraph("compliance.rules_lead"), _rules(draft)]
    return Section("compliance", draft.say("compliance.title"), tuple(blocks))


def risks_of(draft: Draft) -> list[Risk]:
    """List the risks of this plan, the gravest first."""
    found = [_stock(draft), _staffing(draft), _score(draft), _returns(draft), _shipping(draft)]
    if milestones_of(draft)[0].due < draft.today:
        found.append(Risk("late", HIGH, None, ("checklist",)))
    if estimated(draft):
        found.append(Risk("dates", MIDDLE, None, ("future_dates",)))
    budget = draft.sheet["allocation.kol"]
    if budget.value > 0:
        found.append(Risk("top_kol", MIDDLE, budget, ("kol_base", "kol_after")))
    if draft.brief.stage == "cold-start":
        found.append(Risk("newcomer", MIDDLE, None, ("newcomer", "newcomer_limit")))
    found.append(Risk("price", MIDDLE, None, ("check_price", "price_base")))
    found.append(Risk("wording", MIDDLE, None, ("absolute_terms", "script_approval")))
    found.append(Risk("data", LOW, None, ("personal_data", "decryption")))
    return sorted(found, key=lambda risk: (HIGH, MIDDLE, LOW).index(risk.level))


def _stock(draft: Draft) -> Risk:
    quotes = ("stock_first", "cannot_ship_score")
    short = short_products(draft)
    if short:
        return Risk("stock", HIGH, draft.sheet[f"stock.short.{short[0][0]}"], quotes)
    if unknown_products(draft) or not draft.brief.products:
        return Risk("stock_unknown", HIGH, draft.sheet["orders.total"], quotes)
    return Risk("stock_enough", LOW, draft.sheet["orders.peak_day"], quotes)


def _staffing(draft: Draft) -> Risk:
    short = draft.sheet["service.short"]
    quotes = ("one_less", "promotion_service")
    if short.value > 0:
        return Risk("staffing", HIGH, short, quotes)
    return Risk("staffing_enough", LOW, draft.sheet["service.headcount"], quotes)


def _score(draft: Draft) -> Risk:
    quotes, line = ("score_line", "score_effect"), draft.sheet["service.score_line"]
    score = draft.brief.experience_score
    if score is None:
        return Risk("score_unknown", MIDDLE, line, quotes)
    if draft.sheet["brief.experience_score"].value < line.value:
        return Risk("score_below", HIGH, draft.sheet["brief.experience_score"], quotes)
    return Risk("score_above", LOW, draft.sheet["brief.experience_score"], quotes)


def _returns(draft: Draft) -> Risk:
    rate = draft.sheet["rate.return"]
    grave = rate.value >= mean(draft.assumptions.range(HIGH_RETURNS))
    return Risk("returns", HIGH if grave else MIDDLE, rate, ("returns_roi", "returns_split"))


def _shipping(draft: Draft) -> Risk:
    return Risk("shipping", MIDDLE, draft.sheet["parcels.day"], ("ship_48", "late_chain"))


def _lead(draft: Draft, found: list[Risk], hits: list[tuple[str, ComplianceHit]]) -> Paragraph:
    grave = [risk for risk in found if risk.level == HIGH]
    comma = draft.say("compliance.comma")
    if not grave:
        key = "compliance.lead_words" if hits else "compliance.lead_calm"
        return draft.paragraph(key, "lead")
    names = comma.join(draft.say(f"compliance.risk_{risk.key}") for risk in grave)
    return draft.paragraph("compliance.lead", "lead", names=names)


def _risk_table(draft: Draft, found: list[Risk]) -> Table:
    rows = []
    for risk in found:
        number: Cell = risk.value or draft.say("compliance.blank")
        cells: tuple[Cell, ...] = (
            draft.say(f"compliance.risk_{risk.key}"),
            draft.say(f"compliance.level_{risk.level}"),
            number,
            draft.say(f"compliance.measure_{risk.key}"),
            draft.say(f"compliance.owner_{risk.key}"),
        )
        tone = "warning" if risk.level == HIGH else "normal"
        rows.append(Row(cells, tone, cite(draft, *risk.quotes)))  # type: ignore[arg-type]
    columns = ("risk", "level", "number", "measure", "owner")
    titles = tuple(draft.say(f"compliance.{name}") for name in columns)
    return Table("risks", draft.say("compliance.risk_table"), titles, tuple(rows))


def _hits(draft: Draft, sections: Sequence[Section]) -> Iterator[tuple[str, ComplianceHit]]:
    """Give each hit of the brief, then those of the plan that did not come from the brief."""
    seen: set[tuple[str, str]] = set()
    for place, text in _brief_texts(draft):
        for hit in draft.assumptions.check(text, draft.language):
            seen.add((hit.term, hit.text))
            yield place, hit
    for place, text in _plan_texts(sections):
        for hit in draft.assumptions.check(text, draft.language):
            if (hit.term, hit.text) not in seen:
                seen.add((hit.term, hit.text))
                yield place, hit


def _brief_texts(draft: Draft) -> Iterator[tuple[str, str]]:
    brief = draft.brief
    for name in ("brand", "tone", "audience"):
        if getattr(brief, name):
            yield draft.say(f"compliance.place_{name}"), getattr(brief, name)
    for product in brief.products:
        yield draft.say("compliance.place_product"), product.name
    for constraint in brief.constraints:
        yield draft.say("compliance.place_constraint"), constraint


def _plan_texts(sections: Sequence[Section]) -> Iterator[tuple[str, str]]:
    for one in sections:
        for block in one.blocks:
            for text in _texts_of(block):
                yield one.title, text


def _texts_of(block: Block) -> Iterator[str]:
    if isinstance(block, Paragraph):
        yield block.text
    elif isinstance(block, Bullets):
        yield from (item.text for item in block.items)
    elif isinstance(block, Table):
        yield from (block.title, block.note)
        yield from (cell for row in block.rows for cell in row.cells if isinstance(cell, str))
    elif isinstance(block, Timeline):
        yield from (f"{span.title} {span.deliverable}" for span in block.spans)


def _check_result(draft: Draft, hits: list[tuple[str, ComplianceHit]]) -> Paragraph:
    quotes = cite(draft, "absolute_terms", "efficacy")
    if hits:
        return draft.paragraph("compliance.hits", "warning", quotes)
    return draft.paragraph("compliance.no_hits", "good", quotes)


def _hit_table(draft: Draft, hits: list[tuple[str, ComplianceHit]]) -> Table:
    rows = tuple(
        Row((place, hit.text, hit.rule, hit.instead), "warning", (hit.source,))
        for place, hit in hits
    )
    columns = ("place", "words", "rule", "instead")
    titles = tuple(draft.say(f"compliance.{name}") for name in columns)
    return Table("wording", draft.say("compliance.hit_table"), titles, rows)


def _rules(draft: Draft) -> Bullets:
    """State the rules that hold for every live room, each with its place."""
    names = (
        ("absolute", "absolute_terms"), ("efficacy", "efficacy"), ("tactics", "forbidden_tactics"),
        ("delivery", "ship_48"), ("presale", "presale_limit"), ("who", "who_sells_rule"),
        ("returns", "seven_days"), ("minors", "host_age"),
    )  # fmt: skip
    return Bullets(
        tuple(
            draft.paragraph(f"compliance.rule_{name}", quotes=cite(draft, key))
            for name, key in names
        )
    )
