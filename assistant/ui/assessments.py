"""What stands around an assessment's report: its tools, its history, contested findings, others.

Pure functions of saved versions and of what the facade gives.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from assistant.archive import Version, Work
from assistant.messages import say
from assistant.readiness import Answers, Assessment, Questionnaire
from assistant.records import Language
from assistant.showing import NO_NUMBER, figure
from assistant.ui.markup import escape, icon
from assistant.values import Chart, Report, Row, Section, Series, Table, Value

NOTE_CHARACTERS = 500


def note(text: str, look: str) -> str:
    """Draw a remark above the page; `look` is good or bad."""
    return f'<p class="card note {escape(look)}" role="status">{escape(text)}</p>'


def moment(stored: str) -> str:
    """Write a stored moment (ISO, UTC) as the day and time of this machine."""
    return datetime.fromisoformat(stored).astimezone().strftime("%Y-%m-%d %H:%M")


def result_tools(
    work: Work, versions: Sequence[Version], forms: Sequence[str], language: Language
) -> str:
    """Draw what can be done with a result: a plan, files, other answers, older versions."""
    name = escape(work.id)
    files = "".join(
        f'<a class="button" href="/readiness/export?id={name}&amp;format={form}'
        f'&amp;language={language}" download>{icon("download")}{form.upper()}</a>'
        for form in forms
    )
    brief, change, again = (
        escape(say(language, f"readiness_page.{key}"))
        for key in ("make_brief", "change", "again")
    )
    return (
        '<section class="card no-print tools-card"><form class="actions">'
        f'<button type="button" class="button primary" id="make-brief" '
        f'data-post="/readiness/brief?id={name}">{icon("target")}{brief}</button>'
        f'<button type="button" class="button" id="change" data-post="/readiness/change?id={name}">'
        f"{icon('pencil')}{change}</button>"
        f'<button type="button" class="button" id="again" data-post="/readiness/again?id={name}">'
        f"{icon('retry')}{again}</button></form>"
        f'<p class="actions">{files}'
        f'<a class="button quiet-button" href="#contest">'
        f"{escape(say(language, 'readiness_page.contest'))}</a></p>"
        f"{_versions(work, versions, language)}</section>"
    )


def _versions(work: Work, versions: Sequence[Version], language: Language) -> str:
    if len(versions) < 2:
        return ""
    options = "".join(
        f'<option value="{v.number}">{v.number} · {moment(v.created)}'
        f"{f' · {escape(v.comment)}' if v.comment else ''}</option>"
        for v in reversed(versions)
    )
    label, opened = (
        escape(say(language, f"readiness_page.{key}")) for key in ("versions", "open_version")
    )
    return (
        f'<form class="actions versions"><label><span class="hint">{label}</span> '
        f'<select name="version" id="version">{options}</select></label>'
        f'<button type="button" class="button" data-open-version="/readiness?id='
        f'{escape(work.id)}">{opened}</button></form>'
    )


# -- history ---------------------------------------------------------------------------------


def history_card(
    versions: Sequence[Version], questionnaire: Questionnaire, language: Language
) -> str:
    """Draw the scores of the last versions per dimension, with the change since the one before.

    The latest stands first, so that a phone shows it.
    """
    if len(versions) < 2:
        return ""
    title, dimension, change, overall, hint = (
        escape(say(language, f"readiness_page.{key}"))
        for key in ("history", "dimension", "since_last", "overall", "history_hint")
    )
    scores = [_scores(version.result["assessment"]) for version in versions]
    heads = "".join(
        f'<th scope="col">{version.number} · {moment(version.created)[:10]}</th>'
        for version in reversed(versions)
    )
    names = [("overall", overall)]
    names += [(d.id, escape(d.words("name", language))) for d in questionnaire.dimensions]
    rows = "".join(
        _history_row(shown, [one.get(name) for one in scores], "total" if name == "overall" else "")
        for name, shown in names
        if any(name in one for one in scores)
    )
    return (
        f'<section class="report no-print" id="history"><section><h2>{title}</h2>'
        f'<p class="hint">{hint}</p>'
        f'<div class="table" tabindex="0" role="group" aria-label="{title}"><table><thead><tr>'
        f'<th scope="col">{dimension}</th><th scope="col">{change}</th>{heads}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div></section></section>"
    )


def _scores(stored: Mapping[str, Any]) -> dict[str, float]:
    found = {one["id"]: one.get("score") for one in stored["dimensions"]}
    found["overall"] = (stored.get("overall") or {}).get("score")
    return {name: score["value"] for name, score in found.items() if score}


def _history_row(name: str, scores: Sequence[float | None], look: str) -> str:
    cells = "".join(
        f'<td class="number">{NO_NUMBER if one is None else figure(one, "score")}</td>'
        for one in reversed(scores)
    )
    before, now = scores[-2], scores[-1]
    shown, tone = NO_NUMBER, ""
    if before is not None and now is not None:
        change = round(now - before, 1)
        shown = f"{'+' if change > 0 else ''}{figure(change, 'score')}"
        tone = "up" if change > 0 else "down" if change < 0 else ""
    return (
        f'<tr class="{look}"><th scope="row">{name}</th>'
        f'<td class="number change {tone}">{shown}</td>{cells}</tr>'
    )


# -- contested findings ----------------------------------------------------------------------


def contest_card(
    work: str, questionnaire: Questionnaire, answers: Answers, language: Language
) -> str:
    """Draw the form to contest a finding, and the notes that stand."""
    groups = "".join(
        _group(dimension.words("name", language), questionnaire, dimension.id, answers, language)
        for dimension in questionnaire.dimensions
    )
    title, hint, question, why, placeholder, keep = (
        escape(say(language, f"readiness_page.{key}"))
        for key in ("contest", "contest_hint", "contest_question", "contest_why",
                    "contest_placeholder", "contest_keep")
    )  # fmt: skip
    return (
        f'<section class="card no-print" id="contest"><h2>{title}</h2><p class="hint">{hint}</p>'
        f"{_notes(work, questionnaire, answers, language)}"
        f'<form class="stack" data-post="/readiness/contest?id={escape(work)}">'
        f'<label class="field"><span>{question}</span><select name="question" id="f-question">'
        f"{groups}</select></label>"
        f'<label class="field"><span>{why}</span><textarea name="note" id="f-note" '
        f'maxlength="{NOTE_CHARACTERS}" placeholder="{placeholder}"></textarea></label>'
        f'<p class="actions"><button type="submit" class="button">{keep}</button></p></form>'
        "</section>"
    )


def _group(
    name: str, questionnaire: Questionnaire, dimension: str, answers: Answers, language: Language
) -> str:
    options = "".join(
        f'<option value="{escape(q.id)}">{escape(q.words("text", language))}</option>'
        for q in questionnaire.questions
        if q.dimension == dimension and not isinstance(answers.answers.get(q.id, ""), str)
    )
    return f'<optgroup label="{escape(name)}">{options}</optgroup>' if options else ""


def _notes(work: str, questionnaire: Questionnaire, answers: Answers, language: Language) -> str:
    withdraw = escape(say(language, "readiness_page.contest_withdraw"))
    items = []
    for name, told in answers.contested.items():
        asked = questionnaire.question(name)
        if asked:
            more = f'{{"question": "{name}", "withdraw": "1"}}'
            items.append(
                f"<li><b>{escape(asked.words('text', language))}</b> {escape(told)} "
                f'<button type="button" class="button quiet-button" data-more="{escape(more)}" '
                f'data-post="/readiness/contest?id={escape(work)}">{withdraw}</button></li>'
            )
    return f'<ul class="ticks">{"".join(items)}</ul>' if items else ""


# -- several brands --------------------------------------------------------------------------


def work_links(works: Sequence[Work], language: Language) -> str:
    """Draw the ways to the reports of several assessments."""
    links = "".join(
        f'<a class="button" href="/readiness?id={escape(work.id)}">{escape(work.title)}</a>'
        for work in works
    )
    label = escape(say(language, "readiness_page.compare_open"))
    return f'<p class="actions no-print"><span class="hint">{label}</span>{links}</p>'


def compare_report(
    made: Sequence[Assessment],
    table: Table,
    names: Sequence[str],
    title: str,
    language: Language,
) -> Report:
    """Put the latest assessments of several brands, by `names`, into one report: radar, table."""
    values: dict[str, Value] = {}
    rows = tuple(
        replace(row, cells=tuple(_own(cell, place, values) for place, cell in enumerate(row.cells)))
        for row in table.rows
    )
    scored = [row for row in rows[1:] if all(isinstance(c, Value) for c in row.cells[1:])]
    chart = Chart(
        id="brands",
        title=say(language, "readiness_page.compare_chart"),
        kind="radar" if len(scored) > 2 else "column",
        categories=tuple(str(row.cells[0]) for row in scored),
        series=tuple(
            Series(name, tuple(_id(row, place) for row in scored))
            for place, name in enumerate(names, start=1)
        ),
        unit="score",
    )
    columns = (table.columns[0], *names)
    shown = replace(table, title="", columns=columns, rows=rows, kind="plain")
    subtitle = say(language, "readiness_page.compare_subtitle", count=len(made))
    blocks = (chart, shown) if scored else (shown,)
    return Report("compare", "assessment", title, subtitle, language,
                  max(one.created for one in made),
                  (Section("compare", title, blocks),), values)  # fmt: skip


def _own(cell: str | Value, place: int, values: dict[str, Value]) -> str | Value:
    """Give a number of one brand an id of its own; its origin stands in that brand's report."""
    if not isinstance(cell, Value):
        return cell
    own = replace(cell, id=f"brand{place}.{cell.id}", rule="", inputs={})
    values[own.id] = own
    return own


def _id(row: Row, place: int) -> str:
    cell = row.cells[place]
    assert isinstance(cell, Value)
    return cell.id
