"""How an answer reads in a sentence or a cell, in the words of the questionnaire."""

from __future__ import annotations

import re

from assistant.messages import say
from assistant.plan.assumptions import unit_key
from assistant.readiness.answers import Given
from assistant.readiness.questionnaire import Question
from assistant.readiness.scoring import QuestionScore
from assistant.records import Language
from assistant.showing import quantity, unit_name

_BRACKETED = re.compile(r"\s*[（(][^（()）]*[)）]\s*$")


def question_text(question: Question, language: Language) -> str:
    """Word the question for a sentence: without the hint that stands in brackets at its end."""
    whole = question.words("text", language)
    return _BRACKETED.sub("", whole) or whole


def answer_text(one: QuestionScore, language: Language) -> str:
    """Word what was answered, or that it was not."""
    if one.given is None:
        return say(language, f"assess.state_{one.state}")
    return given_text(one.question, one.given, language)


def given_text(question: Question, given: Given | None, language: Language) -> str:
    """Word an answer: the level's words, the number with its unit, yes or no, the choices."""
    if given is None:
        return ""
    if isinstance(given, tuple):
        chosen = [option.said(language) for option in question.options if option.id in given]
        return say(language, "assess.comma").join(chosen) or say(language, "assess.none_of_these")
    if question.type == "level":
        return question.levels[int(given)].said(language)
    if question.type == "yes_no":
        return say(language, "assess.yes" if given else "assess.no")
    return quantity(float(given), unit_key(question.unit or ""), language)


def unit_text(question: Question, language: Language) -> str:
    """Give the unit of a number question, for the side of an input field."""
    return unit_name(unit_key(question.unit or ""), language)
