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
from assistant.values import Block, Paragraph

PROMPT = "plan"
# A paragraph that grows beyond this says more than it was given.
MOST_TIMES_LONGER = 1.6
_LINE = re.compile(r"^\s*\[(p\d{1,3})\]\s*(.+?)\s*$", re.MULTILINE)


def narrate(plan: Plan, model: ChatModel, prompts: Prompts) -> dict[str, str]:
    """Give what the model says instead of a plan's own leading paragraphs, by their own text.

    ModelError when the model fails; the plan that was handed in stays valid.
    """
    from langchain_core.output_parsers import StrOutputParser

    leads = {f"p{number}": text for number, text in enumerate(_leads(plan), start=1)}
    if not leads:
        return {}
    given = {
        "paragraphs": "\n\n".join(
            f'<paragraph mark="[{mark}]">\n{as_data(text)}\n</paragraph>'
            for mark, text in leads.items()
        ),
        "language_name": LANGUAGE_NAMES[plan.language],
    }
    chain = prompts.runnable(PROMPT) | model.runnable() | StrOutputParser()
    said = dict(_LINE.findall(model.complete_text(chain, given)))
    return {
        own: said[mark]
        for mark, own in leads.items()
        if mark in said and is_faithful(said[mark], own)
    }


def with_words(plan: Plan, words: Mapping[str, str], writer: str) -> Plan:
    """Put worded paragraphs in the place of those whose own text is unchanged since.

    A number that has changed changes the own text, so its old wording is never shown again.
    """

    def swapped(block: Block) -> Block:
        if isinstance(block, Paragraph) and is_faithful(words.get(block.text, ""), block.text):
            return replace(block, text=words[block.text], writer=writer)
        return block

    sections = tuple(
        replace(section, blocks=tuple(map(swapped, section.blocks)))
        for section in plan.report.sections
    )
    if sections == plan.report.sections:
        return plan
    return replace(plan, report=replace(plan.report, sections=sections), writer=writer)


def is_faithful(said: str, given: str) -> bool:
    """Say whether a text states the same quantities as another, in its language and no more."""
    if not said or is_instruction(said) or detect(said) != detect(given):
        return False
    if len(said) > MOST_TIMES_LONGER * len(given):
        return False
    new, old = quantities(said), quantities(given)
    return all(any(same(a, b) for b in old) for a in new) and all(
        any(same(b, a) for a in new) for b in old
    )


def _leads(plan: Plan) -> Iterator[str]:
    for block in plan.report.blocks():
        if isinstance(block, Paragraph) and block.tone == "lead":
            yield block.text
