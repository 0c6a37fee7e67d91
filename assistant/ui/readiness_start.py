"""The first page of the readiness tab: what it is, how to begin, which brands to compare.

Pure functions of the questionnaire and of the saved assessments.
"""

from __future__ import annotations

from collections.abc import Sequence

from assistant.archive import Work
from assistant.messages import say
from assistant.readiness import Questionnaire
from assistant.records import Language
from assistant.ui.markup import escape, icon
from assistant.ui.questionnaire_form import Filling, basics_fields


def start_form(
    questionnaire: Questionnaire, filling: Filling, language: Language, wrong: Sequence[str]
) -> str:
    """Draw what an assessment is and the form that begins one."""
    values = {"count": len(questionnaire.questions), "minutes": questionnaire.minutes,
              "dimensions": len(questionnaire.dimensions)}  # fmt: skip
    points = "".join(
        f"<li>{escape(say(language, f'readiness_page.intro_{n}', **values))}</li>"
        for n in (1, 2, 3)
    )
    intro, begin = (
        escape(say(language, f"readiness_page.{key}", **values)) for key in ("intro", "begin")
    )
    fields = basics_fields(questionnaire, filling, language, wrong)
    return (
        f'<section class="lead-in"><h2>{intro}</h2><ul class="ticks">{points}</ul></section>'
        f'<form class="card stack questions" data-post="/readiness/begin" novalidate>'
        f'{fields}<p class="actions"><button type="submit" class="button primary">'
        f"{icon('gauge')}{begin}</button></p></form>"
    )


def other_ways(language: Language) -> str:
    """Draw the ways to begin with a file or with the example."""
    title, hint, upload, example, blank = (
        escape(say(language, f"readiness_page.{key}"))
        for key in ("other_ways", "upload_hint", "upload", "example", "blank")
    )
    return (
        f'<section class="card"><h2>{title}</h2><p class="hint">{hint}</p>'
        '<form class="actions"><label class="button file">'
        f'{upload}<input type="file" class="unseen" accept=".yaml,.yml,.json" '
        'data-upload="/readiness/upload" data-target="#uploaded" data-scroll="keep"></label>'
        f'<button type="button" class="button" data-post="/readiness/example">{example}'
        f'</button><a class="button" href="/readiness/blank?language={language}" download>'
        f'{icon("download")}{blank}</a></form><div id="uploaded"></div></section>'
    )


def choose_brands(finished: Sequence[Work], most: int, language: Language) -> str:
    """Draw the choice of assessments to compare; nothing when there are fewer than two."""
    if len(finished) < 2:
        return ""
    boxes = "".join(
        f'<label class="choice"><input type="checkbox" name="ids[]" id="c-{escape(work.id)}" '
        f'value="{escape(work.id)}"><span>{escape(work.title)}</span></label>'
        for work in finished
    )
    title, hint, compare = (
        escape(say(language, f"readiness_page.{key}", most=most))
        for key in ("compare_title", "compare_hint", "compare")
    )
    return (
        f'<form class="card" data-post="/readiness/compare"><fieldset><legend>{title}</legend>'
        f'<p class="hint">{hint}</p><div class="choices across">{boxes}</div></fieldset>'
        f'<p class="actions"><button type="submit" class="button">{compare}</button></p></form>'
    )
