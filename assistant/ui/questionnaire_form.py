"""The readiness questionnaire as a form: one dimension a page, every question explained.

A question is a fieldset of native fields, so that keyboard and screen reader work as they are.
`answers_of` reads what such a page sends: an answer that cannot be used stays as it was typed, with
its message, and the others are kept.
"""

from __future__ import annotations

import json
import math
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from assistant.messages import say
from assistant.numbers import quantities
from assistant.readiness import Question, Questionnaire
from assistant.readiness.wording import given_text, unit_text
from assistant.records import Language
from assistant.showing import figure
from assistant.ui.markup import escape, icon
from assistant.ui.report import quote_link
from assistant.values import Quote

BASICS = "basics"
QUICK = "quick"
SPECIALS = ("unknown", "not_applicable")
NOTHING = "nothing"
NUMBER_CHARACTERS = 30
BRAND_CHARACTERS = 100

SourceOf = Callable[[str], Quote | None]


@dataclass(frozen=True)
class Filling:
    """What is being filled: basics, answers by question id, what was typed and is no number.

    `last` are the answers of the last assessment, shown for comparison when it is done again.
    """

    brand: str = ""
    stage: str = ""
    goal: str = ""
    form: str = "full"
    answers: Mapping[str, Any] = field(default_factory=dict)
    typed: Mapping[str, str] = field(default_factory=dict)
    last: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """A page of the form; the quick check has one page for all its questions."""

    id: str
    questions: tuple[Question, ...]


@dataclass(frozen=True)
class Progress:
    """How far a form is filled: questions handled and asked, and the minutes left, rounded up."""

    done: int
    asked: int
    minutes: int


def steps(questionnaire: Questionnaire, filling: Filling) -> list[Step]:
    """Give the pages of a form in order, without those that ask nothing at this stage."""
    asked = tuple(questionnaire.asked(filling.stage, filling.form))
    if filling.form == "quick":
        return [Step(QUICK, asked)]
    pages = (
        Step(one.id, tuple(q for q in asked if q.dimension == one.id))
        for one in questionnaire.dimensions
    )
    return [page for page in pages if page.questions]


def progress_of(questionnaire: Questionnaire, filling: Filling) -> Progress:
    """Count what is answered; the minutes are those of the questionnaire for what is left."""
    asked = tuple(questionnaire.asked(filling.stage, filling.form))
    done = sum(question.id in filling.answers for question in asked)
    all_of_them = len(tuple(questionnaire.asked(filling.stage, "full"))) or 1
    left = questionnaire.minutes * (len(asked) - done) / all_of_them
    return Progress(done, len(asked), math.ceil(left))


# -- reading what a page sends ---------------------------------------------------------------


def answers_of(
    step: Step, sent: Mapping[str, Any], filling: Filling
) -> tuple[dict[str, Any], dict[str, str]]:
    """Give answers and unusable texts with those of this page replaced by what it sent."""
    answers, typed = dict(filling.answers), dict(filling.typed)
    for question in step.questions:
        answers.pop(question.id, None)
        typed.pop(question.id, None)
        given = sent.get(f"q.{question.id}")
        special = sent.get(f"s.{question.id}")
        if special in SPECIALS:
            answers[question.id] = special
        elif special == NOTHING and question.type == "multiple":
            answers[question.id] = []
        elif question.type == "number":
            _read_number(question, given, answers, typed)
        else:
            found = _chosen(question, given)
            if found is not None:
                answers[question.id] = found
    return answers, typed


def _read_number(
    question: Question, given: Any, answers: dict[str, Any], typed: dict[str, str]
) -> None:
    text = given.strip()[:NUMBER_CHARACTERS] if isinstance(given, str) else ""
    if not text:
        return
    number = number_of(text)
    low, high = question.minimum or 0.0, question.maximum or 0.0
    if number is None or not low <= number <= high:
        typed[question.id] = text
    else:
        answers[question.id] = int(number) if number.is_integer() else number


def number_of(text: str) -> float | None:
    """Read a number as people type it (4200, 4,200, 85%, 1.5 万); None when it is none."""
    plain = unicodedata.normalize("NFKC", text).strip()
    try:
        number = float(plain.replace(",", "").rstrip("%"))
    except ValueError:
        found = quantities(plain)
        if len(found) != 1 or found[0].upper is not None or found[0].kind in ("date", "clock"):
            return None
        number = float(found[0].value)
    return number if math.isfinite(number) else None


def _chosen(question: Question, given: Any) -> Any:
    """Give a level, yes or no, or a list of options; None when nothing that exists was chosen."""
    if question.type == "multiple":
        listed = given if isinstance(given, list) else []
        chosen = [option.id for option in question.options if option.id in listed]
        return chosen or None
    if given in SPECIALS:
        return given
    if question.type == "yes_no":
        return {"yes": True, "no": False}.get(str(given))
    known = {str(number): number for number in range(len(question.levels))}
    return known.get(str(given))


# -- drawing ---------------------------------------------------------------------------------


def basics_fields(
    questionnaire: Questionnaire, filling: Filling, language: Language, wrong: Sequence[str] = ()
) -> str:
    """Draw brand, form, stage and goal; `wrong` are the ids of what was not chosen."""
    forms = (_form_choice(questionnaire, name, language) for name in ("full", "quick"))
    stages = ((s.id, s.words("name", language), s.words("text", language))
              for s in questionnaire.stages)  # fmt: skip
    goals = ((g.id, g.words("name", language), "") for g in questionnaire.goals)
    brand, hint = (
        escape(say(language, f"readiness_page.{key}")) for key in ("brand", "brand_hint")
    )
    return (
        f'<label class="field brand-field"><span>{brand}</span>'
        f'<input name="brand" id="f-brand" value="{escape(filling.brand)}" '
        f'maxlength="{BRAND_CHARACTERS}" placeholder="{hint}" autocomplete="off"></label>'
        f"{_radios('form', forms, filling.form, language, wrong)}"
        f"{_radios('stage', stages, filling.stage, language, wrong)}"
        f"{_radios('goal', goals, filling.goal, language, wrong)}"
    )


def _form_choice(
    questionnaire: Questionnaire, form: str, language: Language
) -> tuple[str, str, str]:
    minutes = _minutes(questionnaire, form)
    text = say(language, f"readiness_page.form_{form}_text", minutes=minutes)
    return form, say(language, f"readiness_page.form_{form}"), text


def more_data(**values: object) -> str:
    """Give values for a button's data-more, ready to stand in the attribute."""
    return escape(json.dumps(values, ensure_ascii=False))


def _minutes(questionnaire: Questionnaire, form: str) -> int:
    every = questionnaire.questions
    asked = [question for question in every if form == "full" or question.quick]
    return math.ceil(questionnaire.minutes * len(asked) / len(every))


def _radios(
    name: str, choices: Any, given: str, language: Language, wrong: Sequence[str]
) -> str:
    is_wrong = name in wrong
    drawn = "".join(
        _choice("radio", name, value, _two_lines(title, text), value == given, is_wrong=is_wrong)
        for value, title, text in choices
    )
    legend = escape(say(language, f"readiness_page.{name}"))
    message = escape(say(language, f"readiness_page.{name}_missing")) if is_wrong else ""
    return (
        f'<fieldset class="question plain"><legend>{legend}</legend>'
        f'<div class="choices across">{drawn}</div>'
        f'<span class="error" id="e-{name}">{message}</span></fieldset>'
    )


def _two_lines(title: str, text: str) -> str:
    return f"{escape(title)}<small>{escape(text)}</small>" if text else escape(title)


def _choice(
    kind: str,
    name: str,
    value: str,
    label: str,
    checked: bool,
    *,
    special: bool = False,
    is_wrong: bool = False,
) -> str:
    ids = f"f-{name.removesuffix('[]')}-{value}"
    marks = (" checked" if checked else "") + (" data-special" if special else "")
    marks += ' aria-invalid="true"' if is_wrong else ""
    look = "choice special" if special or value in SPECIALS else "choice"
    return (
        f'<label class="{look}"><input type="{kind}" name="{escape(name)}" id="{escape(ids)}" '
        f'value="{escape(value)}"{marks}><span>{label}</span></label>'
    )


class QuestionDrawer:
    """Draws the questions of one page."""

    def __init__(self, filling: Filling, language: Language, source_of: SourceOf) -> None:
        """Keep what was answered, and where the reasons of questions stand."""
        self._filling, self._language, self._source_of = filling, language, source_of

    def question(self, number: int, question: Question) -> str:
        """Draw a question with its reason, its answers and what is wrong with the present one."""
        name = escape(question.id)
        message = self.message(question)
        return (
            f'<fieldset class="card question" data-question="{name}" id="question-{name}" '
            f'aria-describedby="why-{name} e-{name}"><legend><b>{number}</b> '
            f"{escape(question.words('text', self._language))}</legend>"
            f"{self._help(question)}{self._why(question)}{self._last(question)}"
            f'<div class="choices">{self._controls(question)}</div>'
            f'<span class="error" id="e-{name}" data-slot="{name}" role="alert">'
            f"{escape(message)}</span></fieldset>"
        )

    def message(self, question: Question) -> str:
        """Say what is wrong with what was typed; empty when nothing is."""
        text = self._filling.typed.get(question.id)
        if text is None:
            return ""
        key = "not_a_number" if number_of(text) is None else "out_of_range"
        low, high = _bounds(question)
        return say(self._language, f"readiness_page.{key}", text=text, low=low, high=high)

    def _help(self, question: Question) -> str:
        words = question.words("help", self._language)
        return f'<p class="help">{escape(words)}</p>' if words else ""

    def _why(self, question: Question) -> str:
        quote = self._source_of(question.id)
        link = quote_link(quote, self._language) if quote else ""
        label = escape(say(self._language, "readiness_page.why"))
        return (
            f'<p class="hint why" id="why-{escape(question.id)}"><b>{label}</b> '
            f"{escape(question.words('why', self._language))}{link}</p>"
        )

    def _last(self, question: Question) -> str:
        if question.id not in self._filling.last:
            return ""
        given = self._filling.last[question.id]
        if given in SPECIALS:
            words = say(self._language, f"readiness_page.{given}")
        else:
            words = given_text(
                question, tuple(given) if isinstance(given, list) else given, self._language
            )
        return (
            f'<p class="hint last">{escape(say(self._language, "readiness_page.last_time"))} '
            f"{escape(words)}</p>"
        )

    def _controls(self, question: Question) -> str:
        draw = {
            "level": self._levels,
            "number": self._number,
            "yes_no": self._yes_no,
            "multiple": self._options,
        }
        return draw[question.type](question)

    def _levels(self, question: Question) -> str:
        given = self._filling.answers.get(question.id)
        name = f"q.{question.id}"
        cards = "".join(
            _choice("radio", name, str(n), escape(level.said(self._language)), _same(given, n))
            for n, level in enumerate(question.levels)
        )
        return cards + self._special_radios(question, given)

    def _yes_no(self, question: Question) -> str:
        given = self._filling.answers.get(question.id)
        name = f"q.{question.id}"
        cards = "".join(
            _choice("radio", name, value, escape(say(self._language, f"readiness_page.{value}")),
                    given is meant)
            for value, meant in (("yes", True), ("no", False))
        )  # fmt: skip
        return f'<div class="pair">{cards}</div>{self._special_radios(question, given)}'

    def _special_radios(self, question: Question, given: Any) -> str:
        name = f"q.{question.id}"
        cards = "".join(
            _choice("radio", name, special,
                    escape(say(self._language, f"readiness_page.{special}")), given == special)
            for special in SPECIALS
        )  # fmt: skip
        return f'<div class="specials">{cards}</div>'

    def _special_boxes(self, question: Question, given: Any, *more: str) -> str:
        name = f"s.{question.id}"
        cards = "".join(
            _choice("checkbox", name, special,
                    escape(say(self._language, f"readiness_page.{special}")),
                    given == special or (special == NOTHING and given == []), special=True)
            for special in (*more, *SPECIALS)
        )  # fmt: skip
        return f'<div class="specials">{cards}</div>'

    def _number(self, question: Question) -> str:
        given = self._filling.answers.get(question.id)
        typed = self._filling.typed.get(question.id)
        shown = typed if typed is not None else "" if given in (None, *SPECIALS) else f"{given:g}"
        name, unit = escape(question.id), unit_text(question, self._language)
        low, high = _bounds(question)
        hint = escape(say(self._language, "readiness_page.number_range", low=low, high=high))
        wrong = ' aria-invalid="true"' if typed is not None else ""
        return (
            f'<div class="with-unit"><input type="text" inputmode="decimal" name="q.{name}" '
            f'id="f-q.{name}" value="{escape(shown)}" maxlength="{NUMBER_CHARACTERS}" '
            f'autocomplete="off" aria-labelledby="question-{name}" '
            f'aria-describedby="u-{name} e-{name}"{wrong}>'
            f'<small id="u-{name}">{escape(unit)} · {hint}</small></div>'
            f"{self._special_boxes(question, given)}"
        )

    def _options(self, question: Question) -> str:
        given = self._filling.answers.get(question.id)
        chosen = given if isinstance(given, list | tuple) else ()
        cards = "".join(
            _choice("checkbox", f"q.{question.id}[]", option.id,
                    escape(option.said(self._language)), option.id in chosen)
            for option in question.options
        )  # fmt: skip
        return f"{cards}{self._special_boxes(question, given, NOTHING)}"


def _bounds(question: Question) -> tuple[str, str]:
    return figure(question.minimum or 0.0, ""), figure(question.maximum or 0.0, "")


def _same(given: Any, number: int) -> bool:
    is_number = isinstance(given, int | float) and not isinstance(given, bool)
    return is_number and given == number


def progress_view(
    questionnaire: Questionnaire,
    filling: Filling,
    current: str,
    language: Language,
    address: str,
) -> str:
    """Draw how far the form is, the list of its pages with their marks, and every message."""
    counted = progress_of(questionnaire, filling)
    percent = round(100 * counted.done / counted.asked) if counted.asked else 0
    key = "progress" if counted.minutes else "progress_done"
    said = escape(
        say(language, f"readiness_page.{key}", done=counted.done, asked=counted.asked,
            minutes=counted.minutes)
    )  # fmt: skip
    pages = steps(questionnaire, filling)
    jumps = "".join(_jump(page, questionnaire, filling, current, language, address)
                    for page in [Step(BASICS, ()), *pages])  # fmt: skip
    label = escape(say(language, "readiness_page.jump"))
    drawer = QuestionDrawer(filling, language, lambda _: None)
    messages = "".join(
        f'<span data-message="{escape(q.id)}">{escape(drawer.message(q))}</span>'
        for page in pages
        for q in page.questions
        if q.id in filling.typed
    )
    return (
        f'<p class="counted"><b>{said}</b></p><div class="progress-bar" role="progressbar" '
        f'aria-valuemin="0" aria-valuemax="{counted.asked}" aria-valuenow="{counted.done}" '
        f'aria-label="{said}"><i style="width:{percent}%"></i></div>'
        f'<nav aria-label="{label}"><ol class="jumps">{jumps}</ol></nav>'
        f"<div hidden>{messages}</div>"
    )


def _jump(
    page: Step,
    questionnaire: Questionnaire,
    filling: Filling,
    current: str,
    language: Language,
    address: str,
) -> str:
    name = page_name(questionnaire, page.id, language)
    done = sum(q.id in filling.answers for q in page.questions)
    wrong = any(q.id in filling.typed for q in page.questions)
    is_done = done == len(page.questions)
    count = f"<small>{done}/{len(page.questions)}</small>" if page.questions else ""
    drawing = "warning" if wrong else "check" if is_done else ""
    mark = icon(drawing) if drawing else '<i class="open" aria-hidden="true"></i>'
    state = "wrong" if wrong else "done" if is_done else "open"
    said = escape(say(language, f"readiness_page.page_{state}"))
    here = ' aria-current="step"' if page.id == current else ""
    return (
        f'<li><button type="button" class="jump {state}" id="jump-{escape(page.id)}" '
        f'data-post="{escape(address)}" data-more="{more_data(to=page.id)}"'
        f'{here}>{mark}<span>{escape(name)}</span>{count}<span class="unseen">{said}</span>'
        "</button></li>"
    )


def page_name(questionnaire: Questionnaire, step: str, language: Language) -> str:
    """Give the name of a page of the form."""
    if step in (BASICS, QUICK):
        return say(language, f"readiness_page.page_{step}")
    return questionnaire.dimension(step).words("name", language)
