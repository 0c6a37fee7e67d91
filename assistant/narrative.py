"""Lets a chat model word a plan's leading paragraphs, and keeps only what changes no number.

A paragraph is taken from the model if it has exactly the quantities of the one it replaces, keeps
its language, gives no orders and is not much longer; otherwise the plan's own words stay. The
plan's numbers, tables, guards and sources are never shown to the model as something to change.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from assistant.instructions import is_instruction
from assistant.language import detect
from assistant.llm import ChatModel
from assistant.numbers import quantities, same
from assistant.plan.plan import Plan
from assistant.prompts import LANGUAGE_NAMES, Prompts, as_data
from assistant.values import Block, Paragraph, Section

PROMPT = "plan"
# A paragraph that grows beyond this says more than it was given.
MOST_TIMES_LONGER = 1.6
_LINE = re.compile(r"^\s*\[(p\d{1,3})\]\s*(.+?)\s*$", re.MULTILINE)


def narrate(plan: Plan, model: ChatModel, prompts: Prompts) -> Plan:
    """Give the plan with its leading paragraphs worded by the model where that changes no number.

    ModelError when the model fails; the plan that was handed in stays valid.
    """
    from langchain_core.output_parsers import StrOutputParser

    leads = dict(_leads(plan))
    if not leads:
        return plan
    given = {
        "paragraphs": "\n\n".join(
            f'<paragraph mark="[{mark}]">\n{as_data(paragraph.text)}\n</paragraph>'
            for mark, paragraph in leads.items()
        ),
        "language_name": LANGUAGE_NAMES[plan.language],
    }
    chain = prompts.runnable(PROMPT) | model.runnable() | StrOutputParser()
    said = dict(_LINE.findall(model.complete_text(chain, given)))
    worded = {
        id(paragraph): replace(paragraph, text=said[mark], writer=model.name)
        for mark, paragraph in leads.items()
        if mark in said and is_faithful(said[mark], paragraph.text)
    }
    return _with(plan, worded, model.name) if worded else plan


def is_faithful(said: str, given: str) -> bool:
    """Say whether a text states the same quantities as another, in its language and no more."""
    if is_instruction(said) or detect(said) != detect(given):
        return False
    if len(said) > MOST_TIMES_LONGER * len(given):
        return False
    new, old = quantities(said), quantities(given)
    return all(any(same(a, b) for b in old) for a in new) and all(
        any(same(b, a) for a in new) for b in old
    )


def _leads(plan: Plan) -> Iterator[tuple[str, Paragraph]]:
    """Give each section's leading paragraphs under the marks that the model sees."""
    number = 0
    for section in plan.report.sections:
        for block in section.blocks:
            if isinstance(block, Paragraph) and block.tone == "lead" and not block.quotes:
                number += 1
                yield f"p{number}", block


def _with(plan: Plan, worded: Mapping[int, Paragraph], writer: str) -> Plan:
    def swapped(block: Block) -> Block:
        return worded.get(id(block), block)

    sections = tuple(
        Section(section.id, section.title, tuple(map(swapped, section.blocks)))
        for section in plan.report.sections
    )
    return replace(plan, report=replace(plan.report, sections=sections), writer=writer)
