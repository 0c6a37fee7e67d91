"""The readiness tab: a questionnaire that is saved as it is filled, and what follows from it.

A saved work keeps the answers as they stand (its draft) and every finished assessment (a version),
each with the answers it was made from. So a form can be left at any time, and a new assessment is
compared with the last one.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from fastapi import FastAPI, Response
from fastapi.responses import RedirectResponse

from assistant.archive import Version, Work
from assistant.errors import InputError
from assistant.export import FORMATS, export, file_name
from assistant.messages import explain, say
from assistant.readiness import Assessment, examine, side_by_side, to_brief
from assistant.readiness.answers import MOST_BYTES
from assistant.records import Language
from assistant.service import Assistant
from assistant.ui.assessments import (
    compare_report,
    contest_card,
    history_card,
    moment,
    note,
    result_tools,
    work_links,
)
from assistant.ui.markup import escape
from assistant.ui.questionnaire_form import (
    BASICS,
    BRAND_CHARACTERS,
    Filling,
    QuestionDrawer,
    Step,
    answers_of,
    basics_fields,
    more_data,
    page_name,
    progress_of,
    progress_view,
    steps,
)
from assistant.ui.readiness_start import choose_brands, other_ways, start_form
from assistant.ui.report import report_view
from assistant.ui.shell import Frame, work_page
from assistant.ui.work import Drawn, Given, action, download, page, problem
from assistant.values import Report, report_from_json, report_to_json

CONTESTED_CHARACTERS = 500
COMPARED_MOST = 6


def add_readiness_routes(app: FastAPI, assistant: Assistant) -> None:
    """Add the addresses of the readiness tab."""
    readiness = ReadinessPage(assistant)
    app.get("/readiness")(page(readiness.show))
    app.get("/readiness/compare")(page(readiness.comparison))
    app.get("/readiness/export")(page(readiness.export))
    app.get("/readiness/blank")(page(readiness.blank))
    for name in ("begin", "upload", "example", "keep", "go", "change", "again", "cancel",
                 "contest", "brief", "compare", "rename", "delete"):  # fmt: skip
        app.post(f"/readiness/{name}")(action(getattr(readiness, name)))


class ReadinessPage:
    """Draws the readiness tab for one facade; keeps nothing about its users."""

    def __init__(self, assistant: Assistant) -> None:
        """Draw what this facade gives."""
        self._assistant = assistant
        # A page is read, changed and written again; two requests must not do so at once.
        self._writing = threading.Lock()

    # -- pages -------------------------------------------------------------------------------

    def show(self, given: Given) -> Drawn | Response:
        """Show the start, a form being filled, a result, or one of the saved versions."""
        language, name = given.language, given.text("id")
        title, status = say(language, "readiness_page.title"), 200
        try:
            work = self._work(name) if name else None
            if work and self._is_filling(work, given) and not given.text("step"):
                # The address names the page, so that the browser's back leads to it again.
                step = self._pages(work, "")[0]
                return RedirectResponse(f"/readiness?id={work.id}&step={step}", status_code=303)
            title = work.title or say(language, "work.untitled") if work else title
            main = self._main(work, given) if work else self._start(language)
        except InputError as error:
            back = escape(say(language, "readiness_page.back_to_start"))
            main = problem(language, error.key, **error.values)
            main += f'<p><a class="button" href="/readiness">{back}</a></p>'
            status = 404
        return Drawn(self._page(title, main, language, name), status=status)

    def _page(self, title: str, main: str, language: Language, current: str = "") -> str:
        works = self._assistant.archive.list("assessment")
        status = self._assistant.status() | {"warming": False}
        return work_page(Frame(language, "readiness", title, works, current), status, main)

    def _work(self, name: str) -> Work:
        work = self._assistant.archive.work(name)
        if work.kind != "assessment":
            raise InputError(f"{name!r} is no assessment", key="error.no_work")
        return work

    def _main(self, work: Work, given: Given) -> str:
        number = given.text("version")
        if number.isdigit():
            version = self._assistant.archive.version(work.id, int(number))
            return self._old_version(version, given.language)
        if self._is_filling(work, given):
            return self._form(work, given.text("step"), given.language)
        return self._result(work, given.language)

    def _is_filling(self, work: Work, given: Given) -> bool:
        is_open = not work.versions or bool(work.draft.get("filling"))
        return is_open and not given.text("version").isdigit()

    def _pages(self, work: Work, wanted: str) -> tuple[str, list[Step]]:
        """Give the page of the form to show (as wanted, as left, the first) and all pages."""
        pages = [Step(BASICS, ()), *steps(self._assistant.questionnaire, self._filling(work))]
        names = [one.id for one in pages]
        kept = work.draft.get("step", "")
        return next((name for name in (wanted, kept) if name in names), names[1]), pages

    # -- start -------------------------------------------------------------------------------

    def _start(
        self, language: Language, filling: Filling | None = None, wrong: Sequence[str] = ()
    ) -> str:
        finished = [work for work in self._assistant.archive.list("assessment") if work.versions]
        questionnaire = self._assistant.questionnaire
        return (
            f"{start_form(questionnaire, filling or Filling(), language, wrong)}"
            f"{other_ways(language)}{choose_brands(finished, COMPARED_MOST, language)}"
        )

    def begin(self, given: Given) -> Drawn:
        """Begin an assessment with its basics; what is missing comes back at its field."""
        filling = self._basics(given.fields)
        wrong = [name for name in ("stage", "goal") if not getattr(filling, name)]
        if wrong:
            main = self._start(given.language, filling, wrong)
            return Drawn(main, status=422)
        name = self._create(self._mapping(filling, {}), given.language)
        return Drawn("", location=f"/readiness?id={name}", whole=True)

    def _basics(self, fields: Mapping[str, Any]) -> Filling:
        questionnaire = self._assistant.questionnaire
        stages = [stage.id for stage in questionnaire.stages]
        goals = [goal.id for goal in questionnaire.goals]
        stage, goal = fields.get("stage"), fields.get("goal")
        return Filling(
            brand=" ".join(str(fields.get("brand", "")).split())[:BRAND_CHARACTERS],
            stage=str(stage) if stage in stages else "",
            goal=str(goal) if goal in goals else "",
            form="quick" if fields.get("form") == "quick" else "full",
        )

    def _mapping(self, filling: Filling, contested: Mapping[str, str]) -> dict[str, Any]:
        """Give what a file of these answers would say."""
        return {
            "questionnaire": self._assistant.questionnaire.id,
            "version": self._assistant.questionnaire.version,
            "form": filling.form,
            "brand": filling.brand,
            "stage": filling.stage,
            "goal": filling.goal,
            "answers": dict(filling.answers),
            "contested": dict(contested),
        }

    def _create(self, mapping: Mapping[str, Any], language: Language) -> str:
        draft = {"answers": dict(mapping), "filling": True}
        return self._assistant.archive.create("assessment", self._title(mapping, language), draft)

    def _title(self, mapping: Mapping[str, Any], language: Language) -> str:
        brand = mapping["brand"] or say(language, "readiness_page.unnamed")
        goal = self._assistant.questionnaire.goal(mapping["goal"])
        return f"{brand} · {goal.words('name', language)}"

    def upload(self, given: Given) -> Drawn:
        """Begin with the answers of a file; everything that is wrong with it is named."""
        try:
            _check_size(given.fields.get("size"))
            answers = self._assistant.read_answers(given.text("text"))
        except InputError as error:
            told = say(given.language, "readiness_page.not_uploaded")
            shown = problem(given.language, error.key, **error.values)
            return Drawn(shown, told=told, status=422)
        name = self._create(answers.to_mapping(), given.language)
        notices = [notice.text(given.language) for notice in answers.notices]
        if notices:
            work = self._work(name)
            self._assistant.archive.keep(name, {**work.draft, "notices": notices})
        return Drawn("", location=f"/readiness?id={name}", whole=True)

    def example(self, given: Given) -> Drawn:
        """Begin with the example's answers."""
        answers = self._assistant.read_answers(self._assistant.example_answers(given.language))
        name = self._create(answers.to_mapping(), given.language)
        return Drawn("", location=f"/readiness?id={name}", whole=True)

    def blank(self, given: Given) -> Response:
        """Give an answers file to fill by hand."""
        content = self._assistant.blank_answers(given.language).encode()
        name = f"{say(given.language, 'readiness_page.blank_name')}.yaml"
        return download(content, "application/yaml; charset=utf-8", name)

    # -- filling -----------------------------------------------------------------------------

    def _filling(self, work: Work) -> Filling:
        """Read a draft; answers of an older questionnaire are carried over."""
        found, _ = examine(work.draft["answers"], self._assistant.questionnaire)
        last: Mapping[str, Any] = {}
        if work.draft.get("again") and work.versions:
            last = self._assistant.archive.version(work.id).inputs["answers"]
        return Filling(
            brand=found.brand,
            stage=found.stage,
            goal=found.goal,
            form=found.form,
            answers=found.to_mapping()["answers"],
            typed=work.draft.get("typed", {}),
            last=last,
        )

    def _form(self, work: Work, wanted: str, language: Language) -> str:
        questionnaire, filling = self._assistant.questionnaire, self._filling(work)
        current, pages = self._pages(work, wanted)
        names = [one.id for one in pages]
        step, place = pages[names.index(current)], names.index(current)
        body = self._basics_card(filling, language) if current == BASICS else self._questions(
            step, filling, language)  # fmt: skip
        title = escape(page_name(questionnaire, current, language))
        # The script puts the focus on the first wrong field, else on the heading.
        is_wrong = any(question.id in filling.typed for question in step.questions)
        address = f"/readiness/go?id={escape(work.id)}"
        progress = progress_view(questionnaire, filling, current, language, address)
        return (
            f"{self._form_notes(work, language)}"
            f'<form class="filling" data-post="{address}" data-scroll="keep" '
            f'data-live="/readiness/keep?id={escape(work.id)}" data-live-target="#progress" '
            f'novalidate><input type="hidden" name="page" value="{escape(current)}">'
            f'<div id="progress" class="no-print">{progress}</div>'
            f'<div class="stack questions">'
            f'<h2 id="page-title" tabindex="-1"{"" if is_wrong else " data-focus"}>{title}</h2>'
            f"{self._page_text(current, language)}{body}"
            f"{self._moves(place, len(pages), filling, address, language)}</div></form>"
        )

    def _notices(self, work: Work, language: Language) -> list[str]:
        """Say how answers of an older questionnaire were carried over."""
        if work.draft.get("notices"):
            return list(work.draft["notices"])
        found, _ = examine(work.draft["answers"], self._assistant.questionnaire)
        return [notice.text(language) for notice in found.notices]

    def _form_notes(self, work: Work, language: Language) -> str:
        notes = "".join(f"<li>{escape(text)}</li>" for text in self._notices(work, language))
        shown = f'<ul class="card ticks">{notes}</ul>' if notes else ""
        if not work.versions:
            return shown
        said, cancel, sure = (
            escape(say(language, f"readiness_page.{key}"))
            for key in ("again_note" if work.draft.get("again") else "change_note", "cancel",
                        "cancel_sure")
        )  # fmt: skip
        return (
            f'{shown}<form class="card note actions no-print"><span>{said}</span>'
            f'<button type="button" class="button" data-post="/readiness/cancel?id='
            f'{escape(work.id)}" data-confirm="{sure}">{cancel}</button></form>'
        )

    def _page_text(self, current: str, language: Language) -> str:
        known = {one.id: one for one in self._assistant.questionnaire.dimensions}
        if current in known:
            return f'<p class="hint">{escape(known[current].words("text", language))}</p>'
        return ""

    def _basics_card(self, filling: Filling, language: Language) -> str:
        fields = basics_fields(self._assistant.questionnaire, filling, language)
        return f'<section class="card stack">{fields}</section>'

    def _questions(self, step: Step, filling: Filling, language: Language) -> str:
        drawer = QuestionDrawer(
            filling, language, lambda name: self._assistant.question_source(name, language)
        )
        return "".join(
            drawer.question(number, question)
            for number, question in enumerate(step.questions, start=1)
        )

    def _moves(
        self, place: int, count: int, filling: Filling, address: str, language: Language
    ) -> str:
        """Draw the buttons at the end of a page; the way on is the form's first submit button."""
        counted = progress_of(self._assistant.questionnaire, filling)
        is_last = place == count - 1
        forward = self._move("finish" if is_last else "next", address, language, primary=True)
        back = self._move("previous", address, language) if place else ""
        early = "" if is_last else self._move("finish", address, language, label="finish_early")
        left = counted.asked - counted.done
        hint = escape(say(language, "readiness_page.left", count=left)) if left else ""
        return (
            f'<p class="actions moves no-print">{back}{forward}{early}'
            f'<span class="hint">{hint}</span></p>'
        )

    def _move(
        self, to: str, address: str, language: Language, *, primary: bool = False, label: str = ""
    ) -> str:
        words = escape(say(language, f"readiness_page.{label or to}"))
        kind = "submit" if primary else "button"
        look = "button primary" if primary else "button"
        return (
            f'<button type="{kind}" class="{look}" id="move-{label or to}" data-post="{address}" '
            f'data-more="{more_data(to=to)}">{words}</button>'
        )

    def keep(self, given: Given) -> Drawn:
        """Save a page as it is and say how far the form is."""
        with self._writing:
            work = self._merged(given)
        filling = self._filling(work)
        address = f"/readiness/go?id={escape(work.id)}"
        shown = progress_view(
            self._assistant.questionnaire, filling, given.text("page"), given.language, address
        )
        return Drawn(shown)

    def _merged(self, given: Given) -> Work:
        """Put what a page sent into the draft and give the work as it is then."""
        work = self._work(given.query.get("id", ""))
        filling, current = self._filling(work), given.text("page")
        pages = {one.id: one for one in steps(self._assistant.questionnaire, filling)}
        title = None
        if current == BASICS:
            told = self._basics(given.fields)
            filling = replace(filling, brand=told.brand, form=told.form,
                              stage=told.stage or filling.stage,
                              goal=told.goal or filling.goal)  # fmt: skip
        elif current in pages:
            answers, typed = answers_of(pages[current], given.fields, filling)
            filling = replace(filling, answers=answers, typed=typed)
        mapping = self._mapping(filling, work.draft["answers"].get("contested", {}))
        if current == BASICS and work.title == self._title(work.draft["answers"], given.language):
            title = self._title(mapping, given.language)
        draft = {**work.draft, "answers": mapping, "typed": dict(filling.typed),
                 "notices": self._notices(work, given.language)}  # fmt: skip
        if current == BASICS or current in pages:
            draft["step"] = current
        self._assistant.archive.keep(work.id, draft, title)
        return self._work(work.id)

    def go(self, given: Given) -> Drawn:
        """Save a page and go on: to the next, the one before, a named one, or the result."""
        with self._writing:
            work = self._merged(given)
            filling, to = self._filling(work), given.text("to")
            pages = [Step(BASICS, ()), *steps(self._assistant.questionnaire, filling)]
            names = [one.id for one in pages]
            current = given.text("page") if given.text("page") in names else names[1]
            if to == "finish":
                return self._finished(work, filling, pages, given.language)
            place = names.index(current)
            moved = {"next": place + 1, "previous": place - 1}
            if to in moved:
                to = names[max(0, min(moved[to], len(names) - 1))]
            to = to if to in names else current
            is_wrong = any(q.id in filling.typed for q in pages[place].questions)
            if is_wrong and names.index(to) > place:
                return self._at(work, current, given.language, "fix_first", status=422)
            return self._at(work, to, given.language)

    def _at(
        self, work: Work, step: str, language: Language, told: str = "", status: int = 200
    ) -> Drawn:
        self._assistant.archive.keep(work.id, {**work.draft, "step": step})
        drawn = self._form(self._work(work.id), step, language)
        said = say(language, f"readiness_page.{told}") if told else ""
        return Drawn(drawn, f"/readiness?id={work.id}&step={step}", said, status)

    def _finished(
        self, work: Work, filling: Filling, pages: Sequence[Step], language: Language
    ) -> Drawn:
        for one in pages:
            if any(q.id in filling.typed for q in one.questions):
                return self._at(work, one.id, language, "fix_first", status=422)
        asked = [question.id for one in pages for question in one.questions]
        if not any(name in filling.answers for name in asked):
            return self._at(work, pages[1].id, language, "nothing_answered", status=422)
        latest = self._assistant.archive.version(work.id) if work.versions else None
        found, _ = examine(work.draft["answers"], self._assistant.questionnaire)
        is_same = latest is not None and latest.inputs == found.to_mapping()
        if is_same and not work.draft.get("again"):
            self._assistant.archive.keep(
                work.id, {"answers": found.to_mapping(), "filling": False}
            )
        else:
            self._assess(work, language, latest.number if latest else 0)
        return Drawn("", location=f"/readiness?id={work.id}", whole=True)

    def _assess(
        self, work: Work, language: Language, previous: int = 0, comment: str = ""
    ) -> None:
        """Assess the draft of a work and keep the result as its next version.

        `previous` is the number of the version that it is compared with, 0 for none.
        """
        found, _ = examine(work.draft["answers"], self._assistant.questionnaire)
        made = self._assistant.assess(found, language, self._stored(work.id, previous))
        result = {
            "assessment": made.to_json(),
            "report": report_to_json(made.report),
            "previous": previous,
        }
        self._assistant.archive.finish(work.id, found.to_mapping(), result, comment)
        self._assistant.archive.keep(work.id, {"answers": found.to_mapping(), "filling": False})

    def _stored(self, work: str, number: int) -> Mapping[str, Any] | None:
        if not number:
            return None
        stored: Mapping[str, Any] = self._assistant.archive.version(work, number).result
        return stored["assessment"]  # type: ignore[no-any-return]

    # -- result ------------------------------------------------------------------------------

    def _result(self, work: Work, language: Language, told: str = "") -> str:
        version = self._assistant.archive.version(work.id)
        report = self._report(version, language)
        found, _ = examine(version.inputs, self._assistant.questionnaire)
        versions = self._assistant.archive.versions(work.id)
        recent = [self._assistant.archive.version(work.id, v.number)
                  for v in versions[-COMPARED_MOST:]]  # fmt: skip
        tools = result_tools(work, versions, self._assistant.report_formats, language)
        return (
            f"{told}{tools}{report_view(report)}"
            f"{history_card(recent, self._assistant.questionnaire, language)}"
            f"{contest_card(work.id, self._assistant.questionnaire, found, language)}"
        )

    def _report(self, version: Version, language: Language) -> Report:
        """Give a version's report as stored, or made again for a reader of the other language."""
        stored = version.result["report"]
        if stored["language"] == language:
            return report_from_json(stored)
        return self._made(version, language).report

    def _made(self, version: Version, language: Language) -> Assessment:
        """Make the assessment of a version again from its answers, with its date."""
        found, _ = examine(version.inputs, self._assistant.questionnaire)
        previous = self._stored(version.work, int(version.result.get("previous", 0)))
        created = str(version.result["report"]["created"])
        return self._assistant.assess(found, language, previous, created)

    def _old_version(self, version: Version, language: Language) -> str:
        report = report_from_json(version.result["report"])
        said = escape(say(language, "readiness_page.old_version", number=version.number,
                          date=moment(version.created)[:10]))  # fmt: skip
        back = escape(say(language, "readiness_page.back_to_current"))
        files = "".join(
            f' <a href="/readiness/export?id={escape(version.work)}&amp;version={version.number}'
            f'&amp;format={form}" download>{form.upper()}</a>'
            for form in self._assistant.report_formats
        )
        return (
            f'<p class="card no-print">{said} <a href="/readiness?id={escape(version.work)}">'
            f"{back}</a> ·{files}</p>{report_view(report)}"
        )

    def export(self, given: Given) -> Response:
        """Give a version, the latest unless one is named, as a file."""
        work, form = self._work(given.text("id")), given.text("format")
        number = int(given.text("version")) if given.text("version").isdigit() else None
        version = self._assistant.archive.version(work.id, number)
        known = self._assistant.report_formats
        if form not in known:
            raise InputError(f"no format {form!r}", key="exported.unknown_format",
                             format=form, known=", ".join(known))  # fmt: skip
        if version.result["report"]["language"] == given.language:
            report, data = self._report(version, given.language), version.result["assessment"]
        else:
            made = self._made(version, given.language)
            report, data = made.report, made.to_json()
        content = export(report, form, data)
        return download(content, FORMATS[form].content_type, file_name(report, form))

    def change(self, given: Given) -> Drawn:
        """Open the form again with the answers of the last assessment."""
        return self._reopened(given, again=False)

    def again(self, given: Given) -> Drawn:
        """Open an empty form for a new assessment; the last answers stand beside the questions."""
        return self._reopened(given, again=True)

    def _reopened(self, given: Given, *, again: bool) -> Drawn:
        work = self._work(given.query.get("id", ""))
        inputs = dict(self._assistant.archive.version(work.id).inputs)
        if again:
            inputs |= {"answers": {}, "contested": {}}
        draft = {"answers": inputs, "filling": True, "again": again}
        self._assistant.archive.keep(work.id, draft)
        return Drawn("", location=f"/readiness?id={work.id}", whole=True)

    def cancel(self, given: Given) -> Drawn:
        """Drop what was filled since the last assessment and show that."""
        work = self._work(given.query.get("id", ""))
        inputs = dict(self._assistant.archive.version(work.id).inputs)
        self._assistant.archive.keep(work.id, {"answers": inputs, "filling": False})
        return Drawn("", location=f"/readiness?id={work.id}", whole=True)

    def contest(self, given: Given) -> Drawn:
        """Keep why a finding is wrong, or take that back (empty); the score then shows both."""
        language = given.language
        with self._writing:
            work = self._work(given.query.get("id", ""))
            latest = self._assistant.archive.version(work.id)
            inputs = dict(latest.inputs)
            question = self._assistant.questionnaire.question(given.text("question"))
            told = " ".join(given.text("note").split())[:CONTESTED_CHARACTERS]
            withdrawn = given.text("withdraw") == "1"
            if question is None or not (told or withdrawn):
                shown = note(say(language, "readiness_page.contest_empty"), "bad")
                return Drawn(self._result(work, language, shown), status=422)
            contested = {k: v for k, v in inputs["contested"].items() if k != question.id}
            if not withdrawn:
                contested[question.id] = told
            inputs["contested"] = contested
            self._assistant.archive.keep(work.id, {"answers": inputs, "filling": False})
            comment = say(
                language, f"readiness_page.comment_{'back' if withdrawn else 'contested'}"
            )
            # Only the note is new: the change stays that since the assessment before.
            previous = int(latest.result.get("previous", 0))
            self._assess(self._work(work.id), language, previous, comment)
        shown = note(say(language, "readiness_page.contest_kept"), "good")
        return Drawn(self._result(self._work(work.id), language, shown))

    def brief(self, given: Given) -> Drawn:
        """Begin a plan with what was learnt; what to mend becomes dated work in it."""
        work = self._work(given.query.get("id", ""))
        made = self._made(self._assistant.archive.version(work.id), given.language)
        fields, _ = to_brief(made, given.language)
        draft = {"fields": fields, "assessment": work.id}
        brand = fields.get("brand") or say(given.language, "plan_page.unnamed")
        name = self._assistant.archive.create("plan", str(brand), draft)
        return Drawn("", location=f"/plan?id={name}", whole=True)

    # -- several brands ----------------------------------------------------------------------

    def compare(self, given: Given) -> Drawn:
        """Go to the comparison of the chosen assessments."""
        ids = given.fields.get("ids")
        chosen = [str(one) for one in ids] if isinstance(ids, list) else []
        if not 2 <= len(chosen) <= COMPARED_MOST:
            told = say(given.language, "readiness_page.compare_count", most=COMPARED_MOST)
            shown = note(told, "bad")
            return Drawn(shown + self._start(given.language), told=told, status=422)
        return Drawn("", location=f"/readiness/compare?ids={','.join(chosen)}", whole=True)

    def comparison(self, given: Given) -> Drawn:
        """Show the latest assessments of several brands side by side."""
        language = given.language
        names = [one for one in given.text("ids").split(",") if one][:COMPARED_MOST]
        title = say(language, "readiness_page.compare_page")
        try:
            latest = [self._assistant.archive.version(self._work(one).id) for one in names]
            made = [self._made(version, language) for version in latest]
            if not made:
                raise InputError("nothing to compare", key="readiness_page.compare_none")
            works = [self._work(one) for one in names]
            report = compare_report(
                made, side_by_side(made, language), _distinct(made, language), title, language
            )
            main = f"{work_links(works, language)}{report_view(report)}"
        except InputError as error:
            told = explain(language, error.key, **error.values)
            back = escape(say(language, "readiness_page.back_to_start"))
            main = f'{note(told, "bad")}<p><a class="button" href="/readiness">{back}</a></p>'
        return Drawn(self._page(title, main, language))

    def rename(self, given: Given) -> Drawn:
        """Give an assessment another title."""
        self._assistant.archive.rename(given.text("id"), given.text("title"))
        return Drawn("")

    def delete(self, given: Given) -> Drawn:
        """Delete an assessment with its versions."""
        self._assistant.archive.delete(given.text("id"))
        return Drawn("")


def _check_size(size: Any) -> None:
    """Refuse a file by the size that the page tells; it does not send one that is too large."""
    if isinstance(size, int) and size > MOST_BYTES:
        sizes = {"size_mb": f"{size / 1e6:.1f}", "limit_mb": f"{MOST_BYTES / 1e6:g}"}
        raise InputError(f"the file has {size} bytes", key="answers.too_large", **sizes)


def _distinct(made: Sequence[Assessment], language: Language) -> list[str]:
    """Give the brands' names, numbered where two are the same."""
    names = [one.answers.brand or say(language, "readiness_page.unnamed") for one in made]
    return [
        f"{name} ({names[:place].count(name) + 1})" if names.count(name) > 1 else name
        for place, name in enumerate(names)
    ]
