"""Everything around the conversation: rail, composer, start screen, dialogs, texts for the script.

Pure functions of the language and of what the facade tells; nothing here keeps state.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from assistant.messages import LANGUAGES, say
from assistant.records import Conversation, Language
from assistant.ui.markup import escape, icon, icon_button

SCRIPT_TEXTS = (
    "app.close",
    "app.name",
    "app.offline",
    "app.reload",
    "answer.announced",
    "answer.stopped",
    "source.failed",
    "source.loading",
    "source.new_tab",
    "source.panel",
)


TABS = (("chat", "/", "chat"), ("plan", "/plan", "target"), ("readiness", "/readiness", "gauge"))


def brand(language: Language) -> str:
    """Draw the name of the product."""
    name, tagline = say(language, "app.name"), say(language, "app.tagline")
    return (
        f'<div class="brand"><span class="seal" aria-hidden="true">智</span><div>'
        f"<strong>{escape(name)}</strong><small>{escape(tagline)}</small></div>"
        f"{icon_button('close', say(language, 'app.close'), rail='close')}</div>"
    )


def tabs(language: Language, active: str) -> str:
    """Draw the tabs of the application, the present one marked."""
    items = "".join(
        f'<a href="{address}"{current(name == active)}>{icon(drawing)}'
        f"<span>{escape(say(language, f'tab.{name}'))}</span></a>"
        for name, address, drawing in TABS
    )
    return f'<nav class="tabs" aria-label="{escape(say(language, "tab.label"))}">{items}</nav>'


def current(is_current: bool) -> str:
    """Mark a link that leads to where the reader is."""
    return ' aria-current="page"' if is_current else ""


def rail_head(language: Language) -> str:
    """Draw the brand, the tabs, the button for a new conversation and the search box."""
    search = escape(say(language, "rail.search"))
    return (
        f"{brand(language)}{tabs(language, 'chat')}"
        f'<button type="button" class="button primary wide" data-new>{icon("plus")}'
        f"{escape(say(language, 'rail.new'))}</button>"
        f'<label class="search">{icon("search")}<input type="search" id="search" maxlength="200" '
        f'placeholder="{search}" aria-label="{search}" autocomplete="off"></label>'
    )


def conversation_list(
    conversations: Sequence[Conversation], current: str, search: str, language: Language
) -> str:
    """Draw the stored conversations, the current one marked."""
    if not conversations:
        key = "rail.none_found" if search else "rail.none"
        return f'<p class="quiet">{escape(say(language, key, search=search))}</p>'
    items = "".join(_conversation(c, c.id == current, language) for c in conversations)
    label = escape(say(language, "rail.label"))
    return f'<ul class="conversations" aria-label="{label}">{items}</ul>'


def _conversation(shown: Conversation, is_current: bool, language: Language) -> str:
    title = shown.title or say(language, "conversation.untitled")
    mark = ' aria-current="page"' if is_current else ""
    warning = say(language, "rail.delete_text", title=title)
    rename = icon_button("pencil", say(language, "rail.rename"), rename=shown.id, title_now=title)
    delete = icon_button("trash", say(language, "rail.delete"), delete=shown.id, warning=warning)
    return (
        f'<li><a href="/?c={escape(shown.id)}" data-open="{escape(shown.id)}"{mark}>'
        f'<span class="title" dir="auto">{escape(title)}</span>'
        f"<small>{escape(day_of(shown.updated, language))}</small></a>"
        f'<span class="row-tools">{rename}{delete}</span></li>'
    )


def day_of(moment: str, language: Language) -> str:
    """Say an ISO moment as a day, or as a time if it is today."""
    try:
        then = datetime.fromisoformat(moment).astimezone()
    except ValueError:
        return moment
    if then.date() == datetime.now().astimezone().date():
        return say(language, "rail.today", time=then.strftime("%H:%M"))
    return then.strftime("%Y-%m-%d")


def rail_foot(status: Mapping[str, Any], language: Language) -> str:
    """Draw the state of the library, the way to its list, and the two switches."""
    values = {"documents": status["documents"], "passages": status["passages"]}
    counts = say(language, "rail.documents", **values)
    state = "missing" if not status["library_ready"] else "ready"
    state = "warming" if status["warming"] and state == "ready" else state
    shown = counts if state == "ready" else say(language, f"status.{state}")
    mark = " data-warming" if status["warming"] else ""
    hint = escape(say(language, "app.switch_language_hint"))
    theme = escape(say(language, "app.theme_hint"))
    other = "en" if language == "zh" else "zh"
    switch = escape(say(language, "app.switch_language"))
    return (
        f'<a class="library-link" href="/library" data-source{mark}>{icon("book")}<span>'
        f"<b>{escape(say(language, 'rail.library'))}</b><small>"
        f'<i class="dot {state}" aria-hidden="true"></i>{escape(shown)}</small></span></a>'
        f'<div class="switches"><button type="button" data-language="{other}" title="{hint}" '
        f'aria-label="{hint}">{icon("globe")}{switch}</button>'
        f'<button type="button" data-theme-switch title="{theme}" aria-label="{theme}">'
        f"{icon('moon')}"
        f'<span class="when-light">{escape(say(language, "app.theme_dark"))}</span>'
        f'<span class="when-dark">{escape(say(language, "app.theme_light"))}</span></button></div>'
    )


def top_bar(language: Language, title: str, conversation: str) -> str:
    """Draw the bar above the conversation: rail button, title, export."""
    export = ""
    if conversation:
        hint = escape(say(language, "rail.export_hint"))
        address = f"/export?conversation={escape(conversation)}&amp;language={language}"
        export = (
            f'<a class="button quiet-button" href="{address}" download title="{hint}">'
            f"{icon('download')}<span>{escape(say(language, 'rail.export'))}</span></a>"
        )
    return (
        f"{icon_button('menu', say(language, 'rail.open'), rail='open')}"
        f'<h1 dir="auto">{escape(title or say(language, "conversation.untitled"))}</h1>{export}'
    )


def start_screen(status: Mapping[str, Any], examples: Sequence[str], language: Language) -> str:
    """Draw the screen of an empty conversation: examples, or how to fill the library."""
    if not status["library_ready"]:
        return _missing_library(language)
    cards = "".join(
        f'<button type="button" class="example" data-ask="{escape(q)}">{escape(q)}'
        f"{icon('arrow')}</button>"
        for q in examples
    )
    title, text = escape(say(language, "empty.title")), escape(say(language, "empty.text"))
    heading = escape(say(language, "empty.examples"))
    warming = f'<p class="quiet">{escape(say(language, "empty.warming"))}</p>'
    return (
        f'<div class="thread start" data-conversation=""><span class="seal big" aria-hidden="true">'
        f"智</span><h2>{title}</h2><p>{text}</p>"
        f'{f"<h3>{heading}</h3>" if cards else ""}<div class="examples">{cards}</div>'
        f"{warming if status['warming'] else ''}</div>"
    )


def _missing_library(language: Language) -> str:
    return (
        '<div class="thread start" data-conversation=""><span class="seal big" aria-hidden="true">'
        f"智</span><h2>{escape(say(language, 'empty.missing_title'))}</h2>"
        f"<p>{escape(say(language, 'empty.missing_text'))}</p>"
        '<pre class="command"><code>python ingest.py</code></pre>'
        f'<p class="quiet">{escape(say(language, "empty.missing_hint"))}</p></div>'
    )


def composer(language: Language, limit: int) -> str:
    """Draw the question box with its send and stop buttons."""
    label = escape(say(language, "composer.label"))
    too_long = escape(say(language, "composer.too_long", limit=limit))
    editing = escape(say(language, "composer.editing"))
    return (
        f'<form class="composer" data-limit="{limit}" data-too-long="{too_long}">'
        f'<p class="editing" hidden>{icon("pencil")}<span>{editing}</span>'
        f'<button type="button" data-cancel-edit>'
        f"{escape(say(language, 'composer.cancel_edit'))}</button></p>"
        f'<p class="problem" role="alert" hidden></p><div class="box">'
        f'<textarea id="question" rows="1" dir="auto" aria-label="{label}" '
        f'placeholder="{escape(say(language, "composer.placeholder"))}"></textarea>'
        f"{_round_button('send', 'submit', say(language, 'composer.send'))}"
        f"{_round_button('stop', 'button', say(language, 'composer.stop'))}</div>"
        f'<p class="hint">{escape(say(language, "composer.hint"))}</p></form>'
    )


def _round_button(name: str, kind: str, label: str) -> str:
    return (
        f'<button type="{kind}" class="round {name}" data-{name} title="{escape(label)}" '
        f'aria-label="{escape(label)}">{icon(name)}</button>'
    )


def overlays(language: Language, more: Sequence[str] = (), subject: str = "rail") -> str:
    """Draw the two dialogs and hand the script its texts; `more` are keys of further ones.

    `subject` is the group of the texts that name what is renamed or deleted.
    """
    texts = {key: say(language, key) for key in (*SCRIPT_TEXTS, *more)}
    cancel = escape(say(language, "app.cancel"))
    save, delete = say(language, "rail.rename_save"), say(language, "rail.delete_confirm")
    title = f"{say(language, 'app.name')} · {say(language, 'app.other_name')}"
    return (
        f'<div id="texts" hidden data-language="{language}" data-title="{escape(title)}" '
        f'data-texts="{escape(json.dumps(texts, ensure_ascii=False))}"></div>'
        f'<dialog id="rename" aria-labelledby="rename-title"><form method="dialog">'
        f'<h2 id="rename-title">{escape(say(language, f"{subject}.rename_title"))}</h2><label>'
        f"<span>{escape(say(language, f'{subject}.rename_label'))}</span>"
        f'<input name="title" maxlength="60" required autocomplete="off"></label>'
        f'<menu><button type="button" class="button" data-dismiss>{cancel}</button>'
        f'<button class="button primary">{escape(save)}</button></menu>'
        f'</form></dialog><dialog id="delete" aria-labelledby="delete-title"><form method="dialog">'
        f'<h2 id="delete-title">{escape(say(language, f"{subject}.delete_title"))}</h2><p></p>'
        f'<menu><button type="button" class="button" data-dismiss autofocus>{cancel}</button>'
        f'<button class="button danger">{escape(delete)}</button></menu>'
        f"</form></dialog>"
    )


def language_of(wanted: object) -> Language:
    """Take a language from outside; anything unknown is Chinese, the default."""
    return next((known for known in LANGUAGES if known == wanted), "zh")
