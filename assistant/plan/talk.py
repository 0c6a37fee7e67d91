"""What the conversation says to a wish for a plan: what was understood and missing, where to go.

A wish with everything required is drafted at once and its conclusion is told; otherwise the form
opens with what was heard. Nothing is guessed.
"""

from __future__ import annotations

from urllib.parse import urlencode

from assistant.messages import say
from assistant.plan.plan import Plan
from assistant.plan.problem import Problem, label
from assistant.plan.reading import Understood
from assistant.records import Answer, Language, Sentence
from assistant.values import Paragraph

WRITER = "planner"
FORM = "/plan"


def asked_for_more(
    request: str, understood: Understood, problems: tuple[Problem, ...], language: Language
) -> Answer:
    """Say what was heard of a brief and what stands in the way of a plan."""
    lines = [_heard(understood, language)]
    if understood.missing:
        names = _listed([label(name, language) for name in understood.missing], language)
        lines.append(say(language, "plan_chat.missing", fields=names))
    lines += [say(language, "plan_chat.wrong", text=p.text(language)) for p in problems]
    address = f"{FORM}?{urlencode({'request': request})}"
    return _answer(request, lines, address, say(language, "plan_chat.fill"), language)


def drafted(request: str, understood: Understood, plan: Plan, work: str) -> Answer:
    """Tell the conclusion of a plan that was drafted and saved as a work."""
    language = plan.language
    lines = [_heard(understood, language), say(language, "plan_chat.complete")]
    lines += [alert.text for alert in plan.report.alerts]
    lines += [
        block.text
        for block in plan.report.sections[0].blocks
        if isinstance(block, Paragraph) and block.tone in ("lead", "normal")
    ]
    address = f"{FORM}?{urlencode({'id': work})}"
    return _answer(request, lines, address, say(language, "plan_chat.open"), language)


def _heard(understood: Understood, language: Language) -> str:
    if not understood.heard:
        return say(language, "plan_chat.nothing")
    told = [
        say(language, "plan_chat.heard_one", label=label(name, language), phrase=phrase)
        for name, phrase in understood.heard
    ]
    return say(language, "plan_chat.heard", fields=_listed(told, language))


def _listed(names: list[str], language: Language) -> str:
    return ("、" if language == "zh" else ", ").join(names)


def _answer(
    request: str, lines: list[str], address: str, button: str, language: Language
) -> Answer:
    return Answer(
        question=request,
        language=language,
        text="\n".join(lines),
        sentences=tuple(Sentence(line, (), "computed") for line in lines),
        writer=WRITER,
        action={"address": address, "label": button},
    )
