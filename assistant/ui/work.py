"""The requests of the working pages: what the script sends, what goes back, errors as text.

A request is JSON of at most two megabytes and comes from our own page: another site cannot send
this content type without asking first, and it is never allowed to.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from starlette.concurrency import run_in_threadpool

from assistant.errors import AssistantError
from assistant.messages import explain
from assistant.records import Language
from assistant.ui import frame
from assistant.ui.markup import escape, icon

log = logging.getLogger(__name__)
MAX_BYTES = 2_000_000


@dataclass(frozen=True)
class Given:
    """What a page sent: its language, the query of the address, the fields of its form."""

    language: Language
    query: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """Give a field or part of the query as text; empty when it is not there."""
        found = self.fields.get(name, self.query.get(name, ""))
        return found if isinstance(found, str) else ""


@dataclass(frozen=True)
class Drawn:
    """What goes back: HTML, where the reader is now, a short remark, and how it went.

    A problem is shown beside what the reader has on the page, which stays.
    """

    html: str
    location: str = ""
    told: str = ""
    status: int = 200
    whole: bool = False
    live: str = ""
    is_problem: bool = False


Handler = Callable[[Given], "Drawn | Response"]


def language_of(request: Request) -> Language:
    """Take the reader's language: the address, else the page's cookie, else the browser's."""
    wanted = request.query_params.get("language") or request.cookies.get("language")
    if wanted in ("zh", "en"):
        return frame.language_of(wanted)
    accepted = request.headers.get("accept-language", "zh").strip().lower()
    return "zh" if not accepted or accepted.startswith("zh") else "en"


def page(handler: Handler) -> Callable[[Request], Any]:
    """Make a route that shows something: a failure is drawn as a page of its own."""

    async def route(request: Request) -> Response:
        given = Given(language_of(request), dict(request.query_params))
        return await _answered(handler, given)

    return route


def action(handler: Handler) -> Callable[[Request], Any]:
    """Make a route that does something with JSON from our page."""

    async def route(request: Request) -> Response:
        language = language_of(request)
        if request.headers.get("content-type", "").split(";")[0] != "application/json":
            return _failed(language, "error.bad_request", status=415)
        body = b""
        async for piece in request.stream():
            body += piece
            if len(body) > MAX_BYTES:
                return _failed(language, "error.too_large", status=413)
        try:
            fields = json.loads(body or b"{}")
        except (ValueError, RecursionError):
            return _failed(language, "error.bad_request", status=400)
        if not isinstance(fields, dict):
            return _failed(language, "error.bad_request", status=400)
        return await _answered(handler, Given(language, dict(request.query_params), fields))

    return route


async def _answered(handler: Handler, given: Given) -> Response:
    try:
        drawn = await run_in_threadpool(handler, given)
    except AssistantError as error:
        log.warning("a request failed: %s", error)
        return _failed(given.language, error.key, values=error.values)
    return drawn if isinstance(drawn, Response) else _response(drawn)


def _failed(
    language: Language, key: str, status: int = 400, values: Mapping[str, object] | None = None
) -> Response:
    text = problem(language, key, **(values or {}))
    return _response(Drawn(text, status=status, is_problem=True))


def problem(language: Language, key: str, **values: object) -> str:
    """Draw one error as a remark."""
    text = escape(explain(language, key, **values))
    return f'<p class="remark" role="alert">{icon("warning")}<span>{text}</span></p>'


def _response(drawn: Drawn) -> Response:
    headers = {"Cache-Control": "no-store"}
    if drawn.location:
        headers["X-Location"] = drawn.location
    if drawn.whole:
        headers["X-Whole"] = "1"
    if drawn.is_problem:
        headers["X-Problem"] = "1"
    if drawn.live:
        headers["X-Live"] = drawn.live
    if drawn.told:
        headers["X-Told"] = quote(drawn.told)
    return HTMLResponse(drawn.html, status_code=drawn.status, headers=headers)


def download(content: bytes, media_type: str, name: str) -> Response:
    """Hand a file to the browser under a name that may be Chinese."""
    disposition = f"attachment; filename*=UTF-8''{quote(name)}"
    return Response(content, media_type=media_type, headers={"Content-Disposition": disposition})
