"""Section 12: every number of the plan by where it comes from, with its quote or its rule."""

from __future__ import annotations

from assistant.arithmetic import RULES
from assistant.plan.allocation import column_names
from assistant.plan.draft import Draft
from assistant.values import Basis, Paragraph, Row, Section, Table, Value

ORDER: tuple[Basis, ...] = ("given", "cited", "assumed", "computed")


def section(draft: Draft) -> Section:
    """List what was given, what is cited, what is assumed and what was computed, in this order."""
    return Section(
        "sources",
        draft.say("plan.section_sources"),
        (_lead(draft), *(table for basis in ORDER if (table := _table(draft, basis)))),
    )


def _of(draft: Draft, basis: Basis) -> list[Value]:
    return [value for value in draft.sheet.values.values() if value.basis == basis]


def _lead(draft: Draft) -> Paragraph:
    """Count the numbers of each basis; the counts stand for the list below, not for a fact."""
    kinds = draft.say("plan.listing").join(
        draft.say(f"plan_sources.kind_{basis}") for basis in ORDER if _of(draft, basis)
    )
    return draft.paragraph("plan_sources.lead", "lead", kinds=kinds)


def _table(draft: Draft, basis: Basis) -> Table | None:
    values = _of(draft, basis)
    if not values:
        return None
    last = "rule" if basis == "computed" else "origin"
    return Table(
        f"sources_{basis}",
        draft.say(f"plan_sources.table_{basis}"),
        column_names(draft, ("number", "value", last)),
        tuple(_row(draft, value) for value in values),
        note=draft.say(f"plan_sources.note_{basis}"),
    )


def _row(draft: Draft, value: Value) -> Row:
    quotes = (value.source,) if value.source else ()
    return Row((value.label or value.id, value, origin(draft, value)), quotes=quotes)


def origin(draft: Draft, value: Value) -> str:
    """Say in a line where a number comes from."""
    if value.rule:
        rule = RULES[value.rule]
        statement = rule.statement_zh if draft.language == "zh" else rule.statement_en
        labels = [draft.sheet[name].label or name for name in value.input_ids()]
        inputs = draft.say("plan.listing").join(dict.fromkeys(labels))
        return draft.say("plan_sources.by_rule", rule=statement, inputs=inputs)
    if value.edited:
        return draft.say("plan_sources.by_reader")
    if value.source and value.basis == "cited":
        return draft.say("plan_sources.by_quote", title=value.source.title,
                         confidence=value.source.confidence or "—")  # fmt: skip
    if value.basis == "given":
        return draft.say("plan_sources.by_brief")
    return value.note or draft.say("plan_sources.by_default")
