"""The plan tab: from a sentence or a form to a plan that is edited, revised, compared, taken away.

The server holds the state: a saved work keeps the form as it is filled, the numbers that the reader
has set, and every saved version. So a reload, a second tab or a restart loses nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Response

from assistant.archive import Version, Work
from assistant.errors import InputError
from assistant.export import FORMATS, file_name
from assistant.messages import say
from assistant.plan.brief import Brief
from assistant.plan.brief_text import parse_brief
from assistant.plan.plan import Plan, compare
from assistant.plan.problem import Problem, problems_in
from assistant.records import Language
from assistant.service import Assistant
from assistant.ui.brief_form import Form, brief_form, fields_of
from assistant.ui.markup import escape, icon
from assistant.ui.report import report_view, table_view
from assistant.ui.shell import Frame, work_page
from assistant.ui.work import Drawn, Given, action, download, page
from assistant.values import report_from_json

REQUEST_CHARACTERS = 2000


def add_plan_routes(app: FastAPI, assistant: Assistant) -> None:
    """Add the addresses of the plan tab."""
    plans = PlanPage(assistant)
    app.get("/plan")(page(plans.show))
    app.get("/plan/export")(page(plans.export))
    for name in ("read", "upload", "example", "keep", "draft", "edit", "save", "revise",
                 "compare", "rename", "delete"):  # fmt: skip
        app.post(f"/plan/{name}")(action(getattr(plans, name)))


class PlanPage:
    """Draws the plan tab for one facade; keeps nothing about its users."""

    def __init__(self, assistant: Assistant) -> None:
        """Draw what this facade gives."""
        self._assistant = assistant

    # -- pages -------------------------------------------------------------------------------

    def show(self, given: Given) -> Drawn:
        """Show the start, a brief being filled, a plan, or one of its saved versions."""
        name, number = given.text("id"), given.text("version")
        if not name:
            title, main = say(given.language, "plan_page.title"), self._start(given)
        else:
            work = self._assistant.archive.work(name)
            title, main = work.title, self._work(work, given, number)
        return Drawn(self._page(title, main, given.language, name))

    def _page(self, title: str, main: str, language: Language, current: str) -> str:
        works = self._assistant.archive.list("plan")
        status = self._assistant.status() | {"warming": False}
        return work_page(Frame(language, "plan", title, works, current), status, main)

    def _start(self, given: Given) -> str:
        request = given.text("request")
        form = self._understood(request, given.language) if request else Form({})
        return self._filling(form, "", given.language)

    def _filling(self, form: Form, work: str, language: Language) -> str:
        ask = "" if work else request_box(form.request, language)
        drawn = brief_form(form, work, self._assistant.assumptions, language)
        return f"{ask}{drawn}"

    def _work(self, work: Work, given: Given, number: str) -> str:
        if number.isdigit():
            return self._version(self._assistant.archive.version(work.id, int(number)), given)
        if work.draft.get("planned") and not given.text("form"):
            return self._plan(work, given.language)
        return self._filling(Form(work.draft.get("fields", {})), work.id, given.language)

    def _version(self, version: Version, given: Given) -> str:
        report = report_from_json(version.result["report"])
        said = say(given.language, "plan_page.old_version", number=version.number,
                   date=version.created[:10])  # fmt: skip
        back = escape(say(given.language, "plan_page.back_to_current"))
        return (
            f'<p class="card no-print">{escape(said)} <a href="/plan?id={escape(version.work)}">'
            f"{back}</a></p>{report_view(report)}"
        )

    # -- filling the brief -------------------------------------------------------------------

    def read(self, given: Given) -> Drawn:
        """Fill the form from a sentence, and say what was understood and what is missing."""
        request = given.text("request")[:REQUEST_CHARACTERS]
        if not request.strip():
            raise InputError("nothing was said", key="plan_page.nothing_said")
        return Drawn(self._filling(self._understood(request, given.language), "", given.language))

    def _understood(self, request: str, language: Language) -> Form:
        understood = self._assistant.read_brief(request[:REQUEST_CHARACTERS])
        fields = {**understood.fields, "language": language}
        return Form(fields, (), understood.heard, understood.missing, request)

    def upload(self, given: Given) -> Drawn:
        """Fill the form from a brief file."""
        try:
            fields: Mapping[str, Any] = parse_brief(given.text("text"))
            form = Form(fields)
        except InputError as error:
            form = Form({}, problems_in(error))
        return Drawn(self._filling(form, "", given.language))

    def example(self, given: Given) -> Drawn:
        """Fill the form with the example."""
        fields = parse_brief(self._assistant.example_brief(given.language))
        return Drawn(self._filling(Form(fields), "", given.language))

    def keep(self, given: Given) -> Drawn:
        """Save the form as it is; the first time that there is something to save, as a work."""
        fields, name = fields_of(given.fields), given.query.get("id", "")
        title = self._title(fields, given.language)
        if name:
            draft = {**self._assistant.archive.work(name).draft, "fields": fields}
            self._assistant.archive.keep(name, draft, title)
            return Drawn("")
        if not set(fields) - {"language"}:
            return Drawn("")
        name = self._assistant.archive.create("plan", title, {"fields": fields})
        return Drawn("", location=f"/plan?id={name}", live=f"/plan/keep?id={name}")

    def _title(self, fields: Mapping[str, Any], language: Language) -> str:
        brand = str(fields.get("brand") or say(language, "plan_page.unnamed"))
        node = fields.get("promotion")
        names = self._assistant.assumptions.words("promotion").get(str(node), ())
        position = 1 if language == "zh" else -1
        return f"{brand} · {names[position]}" if len(names) > 1 else brand

    # -- drafting and changing ---------------------------------------------------------------

    def draft(self, given: Given) -> Drawn:
        """Draft the plan of the form; with errors the form comes back with them at its fields."""
        fields, name = fields_of(given.fields), given.query.get("id", "")
        fields["language"] = given.language
        problems = self._problems(fields)
        if any(problem.level == "error" for problem in problems):
            form = Form(fields, problems)
            told = say(given.language, "plan_page.not_drafted")
            return Drawn(self._filling(form, name, given.language), told=told, status=422)
        draft = {"fields": fields, "edits": {}, "planned": True}
        title = self._title(fields, given.language)
        if name:
            self._assistant.archive.keep(name, draft, title)
        else:
            name = self._assistant.archive.create("plan", title, draft)
        work = self._assistant.archive.work(name)
        self._finish(work, say(given.language, "plan_page.first_version"))
        return Drawn("", location=f"/plan?id={name}", whole=True)

    def _problems(self, fields: Mapping[str, Any]) -> tuple[Problem, ...]:
        try:
            brief = Brief.from_fields(fields, self._assistant.assumptions)
        except InputError as error:
            return problems_in(error)
        return self._assistant.brief_problems(brief)

    def _drafted(self, draft: Mapping[str, Any], language: Language) -> Plan:
        fields = {**draft["fields"], "language": language}
        brief = Brief.from_fields(fields, self._assistant.assumptions)
        return self._assistant.draft_plan(brief, draft.get("edits"))

    def _finish(self, work: Work, comment: str) -> int:
        language = work.draft["fields"].get("language", "zh")
        plan = self._drafted(work.draft, language)
        return self._assistant.save_plan(work.id, plan, comment)

    def edit(self, given: Given) -> Drawn:
        """Set numbers (None: back to the default) and give the plan computed again."""
        name = given.query.get("id", "")
        work = self._assistant.archive.work(name)
        edits = dict(work.draft.get("edits", {}))
        sent = given.fields.get("edits")
        for key, number in (sent if isinstance(sent, Mapping) else {}).items():
            if number is None:
                edits.pop(str(key), None)
            elif isinstance(number, int | float):
                edits[str(key)] = float(number)
        draft = {**work.draft, "edits": edits}
        plan = self._drafted(draft, given.language)
        self._assistant.archive.keep(name, draft)
        told = say(given.language, "plan_page.recomputed")
        return Drawn(report_view(plan.report, editable=True), told=told)

    def save(self, given: Given) -> Drawn:
        """Keep the plan as it stands as the next version."""
        work = self._assistant.archive.work(given.query.get("id", ""))
        number = self._finish(work, given.text("comment")[:200])
        again = self._assistant.archive.work(work.id)
        told = say(given.language, "plan_page.version_saved", number=number)
        return Drawn(self._plan(again, given.language), told=told)

    def revise(self, given: Given) -> Drawn:
        """Change the plan as a sentence says; what was not understood is said."""
        work = self._assistant.archive.work(given.query.get("id", ""))
        asked = given.text("request")[:REQUEST_CHARACTERS]
        if not asked.strip():
            raise InputError("nothing was said", key="plan_page.nothing_said")
        plan = self._drafted(work.draft, given.language)
        revised = self._assistant.revise_plan(plan, asked)
        if not revised.changed:
            note = self._note(say(given.language, "plan_page.not_understood", text=asked), "bad")
            return Drawn(self._plan(work, given.language, note), status=422)
        draft = {"fields": revised.plan.brief.to_json(), "edits": revised.plan.edits,
                 "planned": True}  # fmt: skip
        self._assistant.archive.keep(work.id, draft)
        self._assistant.save_plan(work.id, revised.plan, asked)
        note = self._note(revised.summary(given.language), "good")
        return Drawn(self._plan(self._assistant.archive.work(work.id), given.language, note))

    def _note(self, text: str, look: str) -> str:
        return f'<p class="card note {look}" role="status">{escape(text)}</p>'

    # -- a plan ------------------------------------------------------------------------------

    def _plan(self, work: Work, language: Language, note: str = "") -> str:
        plan = self._drafted(work.draft, language)
        name = escape(work.id)
        view = report_view(plan.report, editable=True)
        return (
            f"{note}{self._tools(work, language)}"
            f'<div id="plan" data-set="/plan/edit?id={name}" data-target="#plan" '
            f'data-scroll="keep">{view}</div>'
        )

    def _tools(self, work: Work, language: Language) -> str:
        name = escape(work.id)
        files = "".join(
            f'<a class="button" href="/plan/export?id={name}&amp;format={form}" download>'
            f"{icon('download')}{escape(form.upper())}</a>"
            for form in FORMATS
        )
        revise = escape(say(language, "plan_page.revise_hint"))
        return (
            '<section class="card no-print tools-card">'
            f'<p class="actions">{files}<a class="button" href="/plan?id={name}&amp;form=1">'
            f"{icon('pencil')}{escape(say(language, 'plan_page.edit_brief'))}</a></p>"
            f'<form class="actions" data-post="/plan/revise?id={name}"><input name="request" '
            f'id="revise" maxlength="{REQUEST_CHARACTERS}" placeholder="{revise}" '
            f'aria-label="{revise}" autocomplete="off">'
            f'<button type="submit" class="button primary">'
            f"{escape(say(language, 'plan_page.revise'))}</button></form>"
            f"{self._versions(work, language)}</section>"
        )

    def _versions(self, work: Work, language: Language) -> str:
        versions = self._assistant.archive.versions(work.id)
        name = escape(work.id)
        options = "".join(
            f'<option value="{v.number}">{v.number} · {escape(v.created[:16].replace("T", " "))}'
            f"{f' · {escape(v.comment[:40])}' if v.comment else ''}</option>"
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
        work = self._assistant.archive.work(given.query.get("id", ""))
        number = given.text("version")
        if not number.isdigit():
            raise InputError("no version was chosen", key="error.no_version")
        old = report_from_json(
            self._assistant.archive.version(work.id, int(number)).result["report"]
        )
        new = self._drafted(work.draft, given.language).report
        table = compare(old, new)
        note = f'<p class="hint">{escape(table.note)}</p>' if table.note else table_view(table, new)
        return Drawn(note)

    def export(self, given: Given) -> Response:
        """Give the plan, or one of its versions, as a file."""
        work = self._assistant.archive.work(given.text("id"))
        plan = self._drafted(work.draft, given.language)
        form = given.text("format")
        content = self._assistant.export(plan, form)
        name = file_name(plan.report, form)
        return download(content, FORMATS[form].content_type, name)

    def rename(self, given: Given) -> Drawn:
        """Give a plan another title."""
        self._assistant.archive.rename(given.text("id"), given.text("title"))
        return Drawn("")

    def delete(self, given: Given) -> Drawn:
        """Delete a plan with its versions."""
        self._assistant.archive.delete(given.text("id"))
        return Drawn("")


def request_box(request: str, language: Language) -> str:
    """Draw the box for a plan's wish in words, with the ways to begin otherwise."""
    label, hint, read, example, upload = (
        escape(say(language, f"plan_page.{key}"))
        for key in ("request", "request_hint", "read", "example", "upload")
    )
    return (
        f'<form class="card" data-post="/plan/read"><h2><label for="request">{label}</label></h2>'
        f'<textarea id="request" name="request" maxlength="{REQUEST_CHARACTERS}" '
        f'placeholder="{hint}">{escape(request)}</textarea><p class="actions">'
        f'<button type="submit" class="button primary">{read}</button>'
        f'<button type="button" class="button" data-post="/plan/example">{example}</button>'
        f'<label class="button">{upload}<input type="file" accept=".yaml,.yml,.json" hidden '
        f'data-upload="/plan/upload"></label></p></form>'
    )

