"""Answers files to fill by hand: the empty questionnaire and a filled example, as commented YAML.

Every question stands there with its text and what may be answered; the blank file, read back,
has no answers, the example has one to every question.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from assistant.messages import say
from assistant.readiness.answers import Given
from assistant.readiness.questionnaire import Question, Questionnaire
from assistant.readiness.wording import given_text
from assistant.records import Language


def blank_yaml(questionnaire: Questionnaire, language: Language) -> str:
    """Give the questionnaire without answers; stage and goal are the first ones."""
    return _form(questionnaire, language, is_example=False)


def example_yaml(questionnaire: Questionnaire, language: Language) -> str:
    """Give a file with a middling answer to every question; it is read as it stands."""
    return _form(questionnaire, language, is_example=True)


def _form(questionnaire: Questionnaire, language: Language, *, is_example: bool) -> str:
    lines = [
        *_comments(say(language, "form.head", minutes=questionnaire.minutes)),
        f"questionnaire: {questionnaire.id}",
        f"version: {questionnaire.version}",
        f"form: full  # {say(language, 'form.form')}",
        f"brand: {_quoted(say(language, 'form.brand')) if is_example else ''}",
        "",
        *_comments(say(language, "form.stage")),
        *(
            f"#   {stage.id}: {stage.words('name', language)}，{stage.words('text', language)}"
            if language == "zh"
            else f"#   {stage.id}: {stage.words('name', language)}, {stage.words('text', language)}"
            for stage in questionnaire.stages
        ),
        f"stage: {questionnaire.stages[0].id}",
        "",
        *_comments(say(language, "form.goal")),
        *(f"#   {goal.id}: {goal.words('name', language)}" for goal in questionnaire.goals),
        f"goal: {questionnaire.goals[0].id}",
        "",
        *_comments(say(language, "form.answers")),
        "answers:",
    ]
    for dimension in questionnaire.dimensions:
        lines += ["", f"  # == {dimension.words('name', language)} =="]
        for question in questionnaire.questions:
            if question.dimension == dimension.id:
                lines += _question(question, language, is_example=is_example)
    lines += ["", *_comments(say(language, "form.contested")), "contested: {}", ""]
    return "\n".join(line.rstrip() for line in lines)


def _question(question: Question, language: Language, *, is_example: bool) -> Iterator[str]:
    yield ""
    yield from (f"  {line}" for line in _comments(question.words("text", language)))
    if question.words("help", language):
        yield from (f"  {line}" for line in _comments(question.words("help", language)))
    yield from (f"  #   {line}" for line in _choices(question, language))
    yield f"  {question.id}: {_example(question) if is_example else ''}"


def _choices(question: Question, language: Language) -> Iterator[str]:
    if question.type == "level":
        yield from (f"{n}: {level.said(language)}" for n, level in enumerate(question.levels))
    elif question.type == "yes_no":
        yield say(language, "form.yes_no")
    elif question.type == "multiple":
        yield say(language, "form.multiple")
        yield from (f"- {option.id}: {option.said(language)}" for option in question.options)
    else:
        yield say(
            language,
            "form.number",
            low=given_text(question, question.minimum, language),
            high=given_text(question, question.maximum, language),
        )


def _example(question: Question) -> str:
    given = middling(question)
    if isinstance(given, tuple):
        return f"[{', '.join(given)}]"
    if isinstance(given, bool):
        return "yes" if given else "no"
    return f"{given:g}"


def middling(question: Question) -> Given:
    """Give an answer from the middle of what can be answered."""
    if question.type == "level":
        return 2.0
    if question.type == "yes_no":
        return (question.yes or 0) >= (question.no or 0)
    if question.type == "multiple":
        return tuple(option.id for option in question.options[: (len(question.options) + 1) // 2])
    return question.points[len(question.points) // 2][0]


def _comments(text: str) -> list[str]:
    return [f"# {line}".rstrip() for line in text.splitlines()]


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
