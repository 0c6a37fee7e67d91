"""The web application: the page, the source view, the list of the library, export, assets.

Every response carries a policy that shuts out other hosts; nothing about a user stays in memory.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from urllib.parse import quote

from fastapi import FastAPI, Response
from fastapi.responses import HTMLResponse, PlainTextResponse
from starlette.datastructures import MutableHeaders
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.errors import AssistantError
from assistant.messages import explain, say
from assistant.service import Assistant
from assistant.ui import frame
from assistant.ui.assets import FAVICON, TITLE, asset, asset_address
from assistant.ui.blocks import build_blocks, mount
from assistant.ui.chat import ROLE, Chat
from assistant.ui.markup import escape
from assistant.ui.plan import add_plan_routes
from assistant.ui.readiness import add_readiness_routes
from assistant.ui.sources import Wanted, library_view, source_view

# Gradio compiles its HTML templates in the browser, hence unsafe-eval; all hosts but ours are shut.
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'self'; form-action 'self'; "
    "object-src 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def build_app(
    assistant: Assistant, warm: threading.Event, hosts: Sequence[str] = ("*",)
) -> FastAPI:
    """Build the web application; `warm` is set once the models are loaded.

    `hosts` are the names it answers to, so that no foreign name can be pointed at this machine.
    """
    app = FastAPI(title=TITLE, docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(hosts))
    app.add_middleware(Guard)
    _add_assets(app)
    _add_views(app, assistant)
    add_plan_routes(app, assistant)
    add_readiness_routes(app, assistant)
    return mount(app, build_blocks(Chat(assistant, warm)))


class Guard:
    """Adds the policy to every response; streams pass through untouched."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap the application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and put the headers on what comes back."""

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await self._app(scope, receive, guarded)


# -- our own routes --------------------------------------------------------------------------


def _add_assets(app: FastAPI) -> None:
    def asset_of(name: str) -> Response:
        found = asset(name)
        if found is None:
            return PlainTextResponse("not found", status_code=404)
        lasting = {"Cache-Control": "public, max-age=31536000, immutable"}
        return Response(found[0], media_type=found[1], headers=lasting)

    def favicon() -> Response:
        return Response(FAVICON, media_type="image/svg+xml")

    app.get("/page/{name}")(asset_of)
    app.get("/favicon.ico")(favicon)


def _add_views(app: FastAPI, assistant: Assistant) -> None:
    def source(
        document: str = "",
        start: int = 0,
        end: int = 0,
        conversation: str = "",
        position: int = -1,
        n: int = 0,
        whole: bool = False,
        language: str = "zh",
        panel: bool = False,
    ) -> Response:
        wanted = Wanted(document, start, end, conversation, position, n, whole)
        spoken = frame.language_of(language)
        return _view(lambda: source_view(assistant, wanted, spoken), language, panel)

    def library(language: str = "zh", panel: bool = False) -> Response:
        spoken = frame.language_of(language)
        return _view(
            lambda: library_view(assistant.library(ROLE), assistant.gaps(), spoken), language, panel
        )

    def export(conversation: str, language: str = "zh") -> Response:
        text = assistant.export_conversation(conversation, frame.language_of(language))
        name = quote(f"{say(frame.language_of(language), 'rail.export')}.md")
        headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
        return PlainTextResponse(text, media_type="text/markdown", headers=headers)

    app.get("/source")(source)
    app.get("/library")(library)
    app.get("/export")(export)
    app.get("/alive")(lambda: PlainTextResponse("ok"))


def _view(draw: Callable[[], str], language: str, panel: bool) -> Response:
    """Draw a view as a fragment for the panel or as a page of its own; an error is drawn too."""
    spoken = frame.language_of(language)
    try:
        body = f'<div class="source-view">{draw()}</div>'
    except AssistantError as error:
        logging.getLogger(__name__).warning("a view failed: %s", error)
        text = explain(spoken, error.key, **error.values)
        body = f'<div class="source-view"><p class="remark">{escape(text)}</p></div>'
    if panel:
        return HTMLResponse(body)
    return HTMLResponse(
        f'<!doctype html><html lang="{"zh-CN" if spoken == "zh" else "en"}"><head>'
        f'<meta charset="utf-8"><title>{escape(say(spoken, "app.name"))}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="stylesheet" href="{asset_address("page.css")}">'
        f'<script src="{asset_address("page.js")}"></script></head>'
        f'<body class="source-page"><main>{body}</main></body></html>'
    )
