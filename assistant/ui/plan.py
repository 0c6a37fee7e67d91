"""The plan tab: from a sentence or a form to a plan that is edited, revised, compared, taken away.

The server holds the state: a saved work keeps the form as it is filled, the numbers that the reader
has set, and every saved version. So a reload, a second tab or a restart loses nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fastapi import FastAPI, Response

from assistant import export as files
from assistant.archive import Version, Work
from assistant.errors import InputError
from assistant.messages import LANGUAGES, explain, say
from assistant.plan.brief import Brief
from assistant.plan.brief_text import parse_brief
from assistant.plan.plan import Plan, compare
from assistant.plan.problem import Problem, problems_in
from assistant.records import Language
from assistant.service import Assistant
from assistant.ui.brief_form import Form, brief_form, fields_of, number_in
from assistant.ui.markup import escape, icon
from assistant.ui.plan_draft import PlanDraft
from assistant.ui.report import report_view, table_view
from assistant.ui.shell import Frame, around, work_page
from assistant.ui.work import Drawn, Given, action, download, page, problem
from assistant.values import Report, report_from_json

REQUEST_CHARACTERS = 2000
VERSION_DIGITS = 6
COMMENT_CHARACTERS = 24


def add_plan_routes(app: FastAPI, assistant: Assistant) -> None:
    """Add the addresses of the plan tab."""
    plans = PlanPage(assistant)
    app.get("/plan")(page(plans.show))
    app.get("/plan/export")(page(plans.export))
    for name in ("read", "upload", "example", "keep", "discard", "draft", "edit", "save", "word",
                 "revise", "compare", "restore", "rename", "delete"):  # fmt: skip
        app.post(f"/plan/{name}")(action(getattr(plans, name)))


class PlanPage:
    """Draws the plan tab for one facade; keeps nothing about its users."""

    def __init__(self, assistant: Assistant) -> None:
        """Draw what this facade gives."""
        self._assistant = assistant
        # A plan is read, changed and written again; two requests must not do so at once.
        self._writing = threading.Lock()

    # -- pages -------------------------------------------------------------------------------

    def show(self, given: Given) -> Drawn:
        """Show the start, a brief being filled, a plan, or one of its saved versions."""
        name, language = given.text("id"), given.language
        try:
            work, _ = self._opened(name) if name else (None, None)
            title = self._named(work, language).title if work else ""
            title = title or say(language, "plan_page.title")
            main = self._work(name, given) if work else self._start(given)
        except InputError as error:
            return self._failed(error, language)
        return Drawn(work_page(self._frame(title, name, language), self._status(), main))

    def _failed(self, error: InputError, language: Language) -> Drawn:
        back = escape(say(language, "plan_page.back_to_start"))
        told = problem(language, error.key, **error.values)
        main = f'{told}<p><a class="button" href="/plan">{back}</a></p>'
        frame = self._frame(say(language, "plan_page.title"), "", language)
        return Drawn(work_page(frame, self._status(), main), status=404)

    def _frame(self, title: str, current: str, language: Language) -> Frame:
        works = [self._named(work, language) for work in self._assistant.archive.list("plan")]
        return Frame(language, "plan", title, works, current)

    def _named(self, work: Work, language: Language) -> Work:
        """Give a work with its title in the reader's language, unless the user chose the title."""
        fields = PlanDraft.of(work).form()
        if work.title not in self._titles(fields):
            return work
        return replace(work, title=self._title(fields, language))

    def _status(self) -> Mapping[str, Any]:
        return self._assistant.status() | {"warming": False}

    def _around(self, work: Work, language: Language) -> str:
        return around(self._frame(self._named(work, language).title, work.id, language))

    def _opened(self, name: str) -> tuple[Work, PlanDraft]:
        work = self._assistant.archive.work(name)
        return work, PlanDraft.of(work)

    def _start(self, given: Given) -> str:
        request = given.text("request")
        form = self._understood(request, given.language) if request else Form({})
        return self._filling(form, "", given.language)

    def _filling(self, form: Form, work: str, language: Language, planned: bool = False) -> str:
        drawn = brief_form(form, work, self._assistant.assumptions, language)
        if not planned:
            return f"{request_box(form.request, work, language)}{drawn}"
        back = escape(say(language, "plan_page.back_to_plan"))
        discard = escape(say(language, "plan_page.discard"))
        return (
            f'<p class="actions"><a class="button" href="/plan?id={escape(work)}">{back}</a>'
            f'<button type="button" class="button" data-post="/plan/discard?id={escape(work)}">'
            f"{discard}</button></p>{drawn}"
        )

    def _work(self, name: str, given: Given) -> str:
        number, (work, draft) = given.text("version"), self._opened(name)
        if number:
            return self._version(self._numbered(work, number), given.language)
        if draft.planned and not given.text("form"):
            return self._view(work, given.language)
        return self._filling(Form(draft.form()), work.id, given.language, draft.planned)

    def _numbered(self, work: Work, number: str) -> Version:
        if not number.isdecimal() or len(number) > VERSION_DIGITS:
            raise InputError("no version was chosen", key="error.no_version")
        return self._assistant.archive.version(work.id, int(number))

    def _version(self, version: Version, language: Language) -> str:
        report = report_from_json(version.result["report"])
        said = escape(say(language, "plan_page.old_version", number=version.number,
                          date=version.created[:10]))  # fmt: skip
        name = escape(version.work)
        return (
            f'<section class="card no-print tools-card"><p>{said}</p><p class="actions">'
            f'<a class="button primary" href="/plan?id={name}">'
            f"{escape(say(language, 'plan_page.back_to_current'))}</a>"
            f'<button type="button" class="button" '
            f'data-post="/plan/restore?id={name}&amp;version={version.number}">'
            f"{escape(say(language, 'plan_page.restore'))}</button>"
            f"{_files(f'{name}&amp;version={version.number}', language)}</p></section>"
            f"{report_view(report)}"
        )

    # -- filling the brief -------------------------------------------------------------------

    def read(self, given: Given) -> Drawn:
        """Fill the form from a sentence, and say what was understood and what is missing."""
        request = given.text("request")[:REQUEST_CHARACTERS]
        if not request.strip():
            raise InputError("nothing was said", key="plan_page.nothing_said")
        return self._filled(self._understood(request, given.language), given)

    def _understood(self, request: str, language: Language) -> Form:
        understood = self._assistant.read_brief(request[:REQUEST_CHARACTERS])
        fields = {**understood.fields, "language": language}
        return Form(fields, (), understood.heard, understood.missing, request)

    def _filled(self, form: Form, given: Given) -> Drawn:
        """Show the form, kept in the work that is being filled or in a new one."""
        name = given.query.get("id", "")
        if name:
            draft = self._opened(name)[1]
            form = replace(form, fields={**draft.form(), **form.fields})
        name = self._kept(form.fields, name, given.language)
        drawn = self._filling(form, name, given.language)
        work = self._assistant.archive.work(name) if name else None
        around = self._around(work, given.language) if work else ""
        return Drawn(drawn + around, location=f"/plan?id={name}" if name else "")

    def upload(self, given: Given) -> Drawn:
        """Fill the form from a brief file, with its problems at their fields."""
        text, size = given.text("text"), given.fields.get("size")
        if size and not text:
            # The page does not send what is far too large to be a brief.
            raise InputError(f"the file has {size} bytes", key="error.too_large")
        try:
            fields: Mapping[str, Any] = parse_brief(text)
        except InputError as error:
            reason = _reasons(error, given.language)
            raise InputError(str(error), key="plan_page.unreadable", reason=reason) from error
        return self._filled(Form(fields, self._problems(fields)), given)

    def example(self, given: Given) -> Drawn:
        """Fill the form with the example."""
        fields = parse_brief(self._assistant.example_brief(given.language))
        return Drawn(self._filling(Form(fields), given.query.get("id", ""), given.language))

    def keep(self, given: Given) -> Drawn:
        """Save the form as it is; the first time that there is something to save, as a work."""
        fields, name = fields_of(given.fields), given.query.get("id", "")
        made = self._kept(fields, name, given.language)
        if made == name:
            return Drawn("")
        around = self._around(self._assistant.archive.work(made), given.language)
        return Drawn(around, location=f"/plan?id={made}", live=f"/plan/keep?id={made}")

    def _kept(self, fields: Mapping[str, Any], name: str, language: Language) -> str:
        """Keep the form and give the id of its work; none is made for an empty form."""
        if name:
            with self._writing:
                work, draft = self._opened(name)
                title = self._retitled(work, draft, fields, language)
                self._assistant.archive.keep(name, draft.filled(fields).to_json(), title)
            return name
        if not set(fields) - {"language"}:
            return ""
        draft = PlanDraft(fields=fields)
        return self._assistant.archive.create("plan", self._title(fields, language),
                                              draft.to_json())  # fmt: skip

    def discard(self, given: Given) -> Drawn:
        """Put the form back to the brief that the plan was made from."""
        with self._writing:
            work, draft = self._opened(given.query.get("id", ""))
            self._assistant.archive.keep(work.id, replace(draft, filling=None).to_json())
        work = self._assistant.archive.work(work.id)
        return Drawn(self._plan(work, given.language), location=f"/plan?id={work.id}")

    def _title(self, fields: Mapping[str, Any], language: Language) -> str:
        brand = str(fields.get("brand") or say(language, "plan_page.unnamed"))
        node = str(fields.get("promotion", ""))
        dated = self._assistant.assumptions.promotions(node) if node else ()
        return f"{brand} · {dated[-1].name(language)}" if dated else brand

    def _retitled(
        self, work: Work, draft: PlanDraft, fields: Mapping[str, Any], language: Language
    ) -> str | None:
        """Give the title that the form now asks for, unless the user has chosen another."""
        if work.title not in self._titles(draft.form()):
            return None
        return self._title(fields, language)

    def _titles(self, fields: Mapping[str, Any]) -> tuple[str, ...]:
        return tuple(self._title(fields, language) for language in LANGUAGES)

    # -- drafting and changing ---------------------------------------------------------------

    def draft(self, given: Given) -> Drawn:
        """Draft the plan of the form; with errors the form comes back with them at its fields."""
        name, language = given.query.get("id", ""), given.language
        fields = {**fields_of(given.fields), "language": language}
        name = self._kept(fields, name, language)
        problems = self._problems(fields)
        if any(problem.level == "error" for problem in problems):
            form, told = Form(fields, problems), say(language, "plan_page.not_drafted")
            planned = bool(name) and self._opened(name)[1].planned
            return Drawn(self._filling(form, name, language, planned), told=told, status=422,
                         location=f"/plan?id={name}" if name and not planned else "")  # fmt: skip
        with self._writing:
            before = self._opened(name)[1]
            after, plan = self._redrafted(before, fields, language)
            self._assistant.archive.keep(name, after.to_json())
            key = "redrafted" if before.planned else "first_version"
            self._assistant.save_plan(name, plan, say(language, f"plan_page.{key}"))
        lost = before.lost(after)
        told = say(language, "plan_page.edits_lost", count=lost) if lost else ""
        note = _note(told, "bad") if told else ""
        shown = self._plan(self._assistant.archive.work(name), language, note, plan)
        return Drawn(shown, location=f"/plan?id={name}")

    def _redrafted(
        self, before: PlanDraft, fields: Mapping[str, Any], language: Language
    ) -> tuple[PlanDraft, Plan]:
        """Draft the form again with the numbers that were set, where the new plan has them."""
        bare = PlanDraft(fields=fields, planned=True)
        plan = self._drafted(bare, language)
        editable = {value.id for value in plan.values.values() if value.editable}
        after = before.redrafted(fields, editable)
        if not after.edits:
            return after, plan
        try:
            return after, self._drafted(after, language)
        except InputError:
            return bare, plan

    def _problems(self, fields: Mapping[str, Any]) -> tuple[Problem, ...]:
        try:
            brief = Brief.from_fields(fields, self._assistant.assumptions)
        except InputError as error:
            return problems_in(error)
        return self._assistant.brief_problems(brief)

    def _drafted(self, draft: PlanDraft, language: Language) -> Plan:
        fields = {**draft.fields, "language": language}
        plan = self._assistant.draft_plan(fields, draft.edits, today=draft.today)
        return self._assistant.with_words(plan, draft.words)

    def edit(self, given: Given) -> Drawn:
        """Set numbers (None: back to the default) and give the plan computed again."""
        sent = given.fields.get("edits")
        with self._writing:
            work, draft = self._opened(given.query.get("id", ""))
            edits = dict(draft.edits)
            for key, number in (sent if isinstance(sent, Mapping) else {}).items():
                edits.pop(str(key), None)
                if number is not None:
                    edits[str(key)] = _number(number)
            draft = replace(draft, edits=edits)
            plan = self._drafted(draft, given.language)
            self._assistant.archive.keep(work.id, draft.to_json())
        told = say(given.language, "plan_page.recomputed")
        return Drawn(report_view(plan.report, editable=True), told=told)

    def save(self, given: Given) -> Drawn:
        """Keep the plan as it stands as the next version."""
        work, draft = self._opened(given.query.get("id", ""))
        plan = self._drafted(draft, given.language)
        comment = given.text("comment").strip()[:200]
        number = self._assistant.save_plan(work.id, plan, comment)
        told = say(given.language, "plan_page.version_saved", number=number)
        work = self._assistant.archive.work(work.id)
        return Drawn(self._plan(work, given.language, _note(told, "good"), plan), told=told)

    def word(self, given: Given) -> Drawn:
        """Let the chat model word the leading paragraphs; the numbers stay as they are."""
        language = given.language
        work, draft = self._opened(given.query.get("id", ""))
        words = self._assistant.word_plan(self._drafted(replace(draft, words={}), language))
        with self._writing:
            work, draft = self._opened(work.id)
            draft = replace(draft, words={**draft.words, **words})
            self._assistant.archive.keep(work.id, draft.to_json())
        told = say(language, "plan_page.worded" if words else "plan_page.not_worded",
                   count=len(words))  # fmt: skip
        note = _note(told, "good" if words else "bad")
        return Drawn(self._plan(self._assistant.archive.work(work.id), language, note), told=told)

    def revise(self, given: Given) -> Drawn:
        """Change the plan as a sentence says; what was not understood is said."""
        asked, language = given.text("request")[:REQUEST_CHARACTERS], given.language
        if not asked.strip():
            raise InputError("nothing was said", key="plan_page.nothing_said")
        with self._writing:
            work, draft = self._opened(given.query.get("id", ""))
            plan = self._drafted(draft, language)
            revised = self._assistant.revise_plan(plan, asked)
            if revised.changed:
                changed = replace(draft, fields=revised.plan.brief.to_json(),
                                  edits=revised.plan.edits)  # fmt: skip
                self._assistant.archive.keep(work.id, changed.to_json())
                self._assistant.save_plan(work.id, revised.plan, asked)
        if not revised.changed:
            note = _note(say(language, "plan_page.not_understood", text=asked), "bad")
            return Drawn(self._plan(work, language, note, plan, asked), status=422)
        work, note = self._assistant.archive.work(work.id), revised.summary(language)
        return Drawn(self._plan(work, language, _note(note, "good"), revised.plan))

    def restore(self, given: Given) -> Drawn:
        """Make a saved version the present plan; the versions all stay."""
        with self._writing:
            work, draft = self._opened(given.query.get("id", ""))
            version = self._numbered(work, given.query.get("version", ""))
            held = version.inputs
            draft = PlanDraft(held.get("fields", {}), held.get("edits", {}), True, draft.today)
            plan = self._drafted(draft, given.language)
            self._assistant.archive.keep(work.id, draft.to_json())
        told = say(given.language, "plan_page.restored", number=version.number)
        work = self._assistant.archive.work(work.id)
        shown = self._plan(work, given.language, _note(told, "good"), plan)
        return Drawn(shown, location=f"/plan?id={work.id}")

    # -- a plan ------------------------------------------------------------------------------

    def _plan(
        self, work: Work, language: Language, note: str = "", plan: Plan | None = None,
        asked: str = "",
    ) -> str:  # fmt: skip
        """Draw a plan again, with what changed around it."""
        return f"{self._view(work, language, note, plan, asked)}{self._around(work, language)}"

    def _view(
        self, work: Work, language: Language, note: str = "", plan: Plan | None = None,
        asked: str = "",
    ) -> str:  # fmt: skip
        """Draw the tools and the plan; one that no longer computes is shown as last saved."""
        draft = PlanDraft.of(work)
        try:
            plan = plan or self._drafted(draft, language)
            report, is_open = plan.report, True
        except InputError as error:
            version = self._assistant.archive.version(work.id)
            report, is_open = report_from_json(version.result["report"]), False
            told = say(language, "plan_page.not_computed", number=version.number)
            note += _note(f"{told} {_reasons(error, language)}", "bad")
        if draft.filling is not None:
            note += self._ahead(work, language)
        name = escape(work.id)
        return (
            f"{note}{self._tools(work, language, asked)}"
            f'<div id="plan" data-set="/plan/edit?id={name}" data-target="#plan" '
            f'data-scroll="keep">{report_view(report, editable=is_open)}</div>'
        )

    def _ahead(self, work: Work, language: Language) -> str:
        """Say that the form was changed after the plan was made."""
        name = escape(work.id)
        told, more, discard = (
            escape(say(language, f"plan_page.{key}")) for key in ("ahead", "edit_brief", "discard")
        )
        return (
            f'<p class="card note bad no-print actions">{told} '
            f'<a class="button" href="/plan?id={name}&amp;form=1">{more}</a>'
            f'<button type="button" class="button" data-post="/plan/discard?id={name}">'
            f"{discard}</button></p>"
        )

    def _tools(self, work: Work, language: Language, asked: str) -> str:
        name = escape(work.id)
        revise = escape(say(language, "plan_page.revise_hint"))
        return (
            '<section class="card no-print tools-card">'
            f'<p class="actions">{_files(name, language)}'
            f'<a class="button" href="/plan?id={name}&amp;form=1">'
            f"{icon('pencil')}{escape(say(language, 'plan_page.edit_brief'))}</a>"
            f"{self._word_button(name, language)}</p>"
            f'<form class="actions" data-post="/plan/revise?id={name}"><input name="request" '
            f'id="revise" maxlength="{REQUEST_CHARACTERS}" placeholder="{revise}" '
            f'aria-label="{revise}" autocomplete="off" value="{escape(asked)}">'
            f'<button type="submit" class="button primary">'
            f"{escape(say(language, 'plan_page.revise'))}</button></form>"
            f"{self._versions(work, language)}</section>"
        )

    def _word_button(self, name: str, language: Language) -> str:
        if not self._assistant.settings.model.name:
            return ""
        label = escape(say(language, "plan_page.word"))
        hint = escape(say(language, "plan_page.word_hint"))
        return (
            f'<button type="button" class="button" title="{hint}" '
            f'data-post="/plan/word?id={name}">{label}</button>'
        )

    def _versions(self, work: Work, language: Language) -> str:
        versions = self._assistant.archive.versions(work.id)
        name = escape(work.id)
        options = "".join(
            f'<option value="{v.number}">{v.number} · {escape(v.created[:16].replace("T", " "))}'
            f"{_comment(v.comment, language)}</option>"
            for v in reversed(versions)
        )
        label, compare = (
            escape(say(language, f"plan_page.{key}")) for key in ("versions", "compare")
        )
        return (
            f'<form class="actions versions" data-post="/plan/compare?id={name}" '
            f'data-target="#compared" data-scroll="keep">'
            f'<button type="button" class="button" data-post="/plan/save?id={name}">'
            f"{escape(say(language, 'plan_page.save_version'))}</button>"
            f'<label><span class="hint">{label}</span> '
            f'<select name="version" id="version">{options}</select></label>'
            f'<button type="submit" class="button">{compare}</button>'
            f'<button type="button" class="button" data-open-version="/plan?id={name}">'
            f"{escape(say(language, 'plan_page.open_version'))}</button></form>"
            '<div id="compared" class="report"></div>'
        )

    def compare(self, given: Given) -> Drawn:
        """Show which numbers differ between a saved version and the plan as it stands."""
        work, draft = self._opened(given.query.get("id", ""))
        version = self._numbered(work, given.text("version"))
        old = report_from_json(version.result["report"])
        new = self._drafted(draft, given.language).report
        table = compare(old, new)
        if table.note:
            return Drawn(f'<p class="hint" role="status">{escape(table.note)}</p>')
        return Drawn(table_view(table, new))

    def export(self, given: Given) -> Drawn | Response:
        """Give the plan, or one of its versions, as a file."""
        form = given.text("format")
        try:
            report, data = self._exported(given)
            content = files.export(report, form, data if form == "json" else None)
        except InputError as error:
            return self._failed(error, given.language)
        name = files.file_name(report, form)
        return download(content, files.FORMATS[form].content_type, name)

    def _exported(self, given: Given) -> tuple[Report, Mapping[str, Any]]:
        work, draft = self._opened(given.text("id"))
        number = given.text("version")
        if number:
            result = self._numbered(work, number).result
            return report_from_json(result["report"]), result["plan"]
        plan = self._drafted(draft, given.language)
        return plan.report, plan.to_json()

    def rename(self, given: Given) -> Drawn:
        """Give a plan another title."""
        self._assistant.archive.rename(given.text("id"), given.text("title"))
        return Drawn("")

    def delete(self, given: Given) -> Drawn:
        """Delete a plan with its versions."""
        self._assistant.archive.delete(given.text("id"))
        return Drawn("")


def _number(sent: object) -> float:
    """Take a number as the page sends it: a number, or text as people type it."""
    number = number_in(sent) if isinstance(sent, str) else sent
    if not isinstance(number, int | float) or isinstance(number, bool):
        raise InputError(f"{sent!r} is no number", key="work.not_a_number")
    return float(number)


def _comment(text: str, language: Language) -> str:
    """Draw the remark of a version; our own ones are said in the reader's language."""
    for key in ("plan_page.first_version", "plan_page.redrafted"):
        if text in [say(one, key) for one in LANGUAGES]:
            text = say(language, key)
    return f" · {escape(text[:COMMENT_CHARACTERS])}" if text else ""


def _note(text: str, look: str) -> str:
    return f'<p class="card note {look}" role="status">{escape(text)}</p>'


def _reasons(error: InputError, language: Language) -> str:
    """Say why a plan cannot be computed: the problems of its brief, or the error itself."""
    found = problems_in(error)
    if found:
        return " ".join(problem.beside_field(language) for problem in found)
    return explain(language, error.key, **error.values)


def _files(name: str, language: Language) -> str:
    """Draw the links to the files of a plan; `name` is its address, escaped."""
    return "".join(
        f'<a class="button" href="/plan/export?id={name}&amp;format={form}" download data-file>'
        f"{icon('download')}{escape(say(language, f'plan_page.file_{form}'))}</a>"
        for form in files.FORMATS
    )


def request_box(request: str, work: str, language: Language) -> str:
    """Draw the box for a plan's wish in words, with the ways to begin otherwise."""
    label, hint, read, example, upload = (
        escape(say(language, f"plan_page.{key}"))
        for key in ("request", "request_hint", "read", "example", "upload")
    )
    of = f"?id={escape(work)}" if work else ""
    return (
        f'<form class="card request" data-post="/plan/read{of}" data-of-work>'
        f'<h2><label for="request">{label}</label></h2>'
        f'<textarea id="request" name="request" maxlength="{REQUEST_CHARACTERS}" '
        f'placeholder="{hint}">{escape(request)}</textarea><p class="actions">'
        f'<button type="submit" class="button primary">{read}</button>'
        f'<button type="button" class="button" data-post="/plan/example{of}" data-of-work>'
        f"{example}</button>"
        f'<label class="button">{upload}<input type="file" accept=".yaml,.yml,.json" '
        f'class="unseen" data-upload="/plan/upload{of}" data-of-work></label></p></form>'
    )
