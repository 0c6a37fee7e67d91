"""The Gradio application: HTML parts, and the events that the page's script raises.

Gradio carries events and streaming; every part is drawn by our own builders. The script sends its
state with each event through one hidden part, and no handler is published as an endpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr
from fastapi import FastAPI

from assistant.ui.assets import TITLE, asset_address
from assistant.ui.chat import Chat, Sent
from assistant.ui.theme import make_theme

CONCURRENT_ANSWERS = 4
HIDDEN: dict[str, Any] = {
    "api_visibility": "private",
    "show_progress": "hidden",
    "trigger_mode": "multiple",
}
# Everything but an answer is one quick request of its own, beside the queue.
QUIET = {**HIDDEN, "queue": False}


def build_blocks(chat: Chat) -> Any:
    """Lay the parts out and connect the events of the script with their handlers."""
    with gr.Blocks(title=TITLE, analytics_enabled=False, fill_width=True) as blocks:
        with gr.Row(elem_id="shell"):
            with gr.Column(elem_id="rail"):
                head, listed, foot = _part("rail-head"), _part("rail-list"), _part("rail-foot")
            with gr.Column(elem_id="main"):
                top, thread, live = _part("top"), _part("thread"), _part("live")
                composer = _part("composer")
        overlays, bridge = _part("overlays"), _bridge()
        opened = [listed, top, thread, live]
        _connect(chat, bridge, [head, foot, composer, overlays, *opened], foot)
    return blocks


def _part(name: str) -> Any:
    return gr.HTML(elem_id=name, apply_default_css=False, js_on_load=None, container=False)


def _bridge() -> Any:
    """Make the hidden part through which the script raises events."""
    return gr.HTML(
        elem_id="bridge",
        apply_default_css=False,
        head=f'<script src="{asset_address("page.js")}"></script>',
        js_on_load="window.assistantPage.connect(trigger)",
    )


def _connect(chat: Chat, bridge: Any, every: list[Any], foot: Any) -> None:
    listed, top, _, live = opened = every[4:]
    asked = bridge.submit(
        _streamed(chat.ask), None, opened, **HIDDEN, concurrency_limit=CONCURRENT_ANSWERS
    )
    # Gradio closes its stream a moment after the last piece; a question sent in between is lost.
    asked.then(None, None, None, js="() => { window.assistantPage.ended() }", **HIDDEN)
    bridge.stop(_heard(chat.stop), None, live, cancels=[asked], **QUIET)
    # Not `load`: Gradio raises that one by itself, without the page's state.
    bridge.apply(_heard(chat.load), None, every, **QUIET)
    bridge.select(_heard(chat.open), None, opened, **QUIET)
    bridge.edit(_heard(chat.rename), None, [listed, top], **QUIET)
    bridge.delete(_heard(chat.delete), None, opened, **QUIET)
    bridge.input(_heard(chat.conversations), None, listed, **QUIET)
    bridge.like(_heard(chat.feedback), None, None, **QUIET)
    bridge.tick(_heard(chat.foot), None, foot, **QUIET)


def _heard(draw: Callable[[Sent], Any]) -> Callable[[gr.EventData], Any]:
    def on_event(event: gr.EventData) -> Any:
        return draw(Sent.read(event._data))

    return on_event


def _streamed(
    draw: Callable[[Sent], Iterator[tuple[str | None, ...]]],
) -> Callable[[gr.EventData], Iterator[Any]]:
    def on_event(event: gr.EventData) -> Iterator[Any]:
        for parts in draw(Sent.read(event._data)):
            yield tuple(gr.skip() if part is None else part for part in parts)

    return on_event


def mount(app: FastAPI, blocks: Any) -> FastAPI:
    """Put the page at the root of the application; no footer, no runs kept, nothing shared."""
    head = f'<link rel="stylesheet" href="{asset_address("page.css")}">'
    mounted: FastAPI = gr.mount_gradio_app(
        app,
        blocks,
        path="/",
        theme=make_theme(),
        head=head,
        footer_links=[],
        run_history=False,
        ssr_mode=False,
        show_error=False,
        mcp_server=False,
        pwa=False,
    )
    return mounted
