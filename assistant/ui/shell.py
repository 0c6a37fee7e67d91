"""The frame of the working pages (plans, readiness): rail with tabs and saved works, main column.

These pages are plain HTML from the server with one small script; only the conversation runs in
Gradio. Pure functions of the language and of what the facade tells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assistant.archive import Work
from assistant.messages import say
from assistant.records import Language
from assistant.ui import frame
from assistant.ui.assets import asset_address
from assistant.ui.markup import escape, icon, icon_button

SCRIPT_TEXTS = (
    "work.apply",
    "work.reset",
    "work.saved",
    "work.saving",
    "work.not_saved",
    "work.failed",
    "work.rule",
    "work.inputs",
    "work.not_a_number",
    "work.changed",
    "work.making_file",
)


@dataclass(frozen=True)
class Frame:
    """What the frame of a working page shows beside its content."""

    language: Language
    active: str
    title: str
    works: Sequence[Work] = ()
    current: str = ""
    search: str = ""


def work_page(shown: Frame, status: Mapping[str, Any], main: str) -> str:
    """Draw a whole page: the frame, and `main` (HTML) in its middle."""
    language = shown.language
    spoken = "zh-CN" if language == "zh" else "en"
    title = f"{shown.title} · {say(language, 'app.name')}"
    overlays = frame.overlays(language, SCRIPT_TEXTS, "work")
    return (
        f'<!doctype html><html lang="{spoken}" data-drawn="{language}"><head><meta charset="utf-8">'
        f"<title>{escape(title)}</title>"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="stylesheet" href="{asset_address("page.css")}">'
        f'<link rel="stylesheet" href="{asset_address("work.css")}">'
        f'<script src="{asset_address("page.js")}"></script>'
        f'<script src="{asset_address("work.js")}" defer></script></head>'
        f'<body class="work-page"><div id="shell"><a class="skip" href="#content">'
        f"{escape(say(language, 'work.skip'))}</a>{_rail(shown, status)}"
        f'<div id="main"><div id="top"><div class="bar">{_top(shown)}</div></div>'
        f'<main id="content" tabindex="-1">{main}</main></div></div>{overlays}</body></html>'
    )


def around(shown: Frame) -> str:
    """Give what changed around the content, for the script to put in its place: rail and title."""
    return (
        f'<template data-swap="#rail-list">{work_list(shown)}</template>'
        f'<template data-swap="#top h1">{escape(shown.title)}</template>'
    )


def _rail(shown: Frame, status: Mapping[str, Any]) -> str:
    language = shown.language
    new = escape(say(language, f"work.new_{shown.active}"))
    return (
        f'<aside id="rail"><div id="rail-head">{frame.brand(language)}'
        f"{frame.tabs(language, shown.active)}"
        f'<a class="button primary wide" href="/{shown.active}">{icon("plus")}{new}</a></div>'
        f'<div id="rail-list">{work_list(shown)}</div>'
        f'<div id="rail-foot">{frame.rail_foot(status, language)}</div></aside>'
    )


def work_list(shown: Frame) -> str:
    """Draw the saved works of this tab, the current one marked."""
    language = shown.language
    if not shown.works:
        return f'<p class="quiet">{escape(say(language, f"work.none_{shown.active}"))}</p>'
    items = "".join(_work(work, shown) for work in shown.works)
    label = escape(say(language, f"tab.{shown.active}"))
    return f'<ul class="conversations" aria-label="{label}">{items}</ul>'


def _work(work: Work, shown: Frame) -> str:
    language, title = shown.language, work.title or say(shown.language, "work.untitled")
    warning = say(language, "work.delete_text", title=title)
    rename = icon_button("pencil", say(language, "rail.rename"), rename=work.id, title_now=title)
    delete = icon_button("trash", say(language, "rail.delete"), delete=work.id, warning=warning)
    state = "work.versions" if work.versions else "work.unfinished"
    made = say(language, state, count=work.versions)
    when = f"{frame.day_of(work.updated, language)} · {made}"
    here = frame.current(work.id == shown.current)
    return (
        f'<li><a href="/{shown.active}?id={escape(work.id)}"{here}>'
        f'<span class="title" dir="auto">{escape(title)}</span><small>{escape(when)}</small></a>'
        f'<span class="row-tools">{rename}{delete}</span></li>'
    )


def _top(shown: Frame) -> str:
    opener = icon_button("menu", say(shown.language, "rail.open"), rail="open")
    return (
        f'{opener}<h1 dir="auto">{escape(shown.title)}</h1>'
        '<span class="saving" role="status" aria-live="polite"></span>'
    )
