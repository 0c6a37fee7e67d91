"""Runs the page: opens the facade, loads the models in the background, serves until stopped."""

from __future__ import annotations

import logging
import socket
import sys
import threading
import time
from contextlib import suppress
from ipaddress import ip_address

import uvicorn
from fastapi import FastAPI

from assistant.errors import AssistantError
from assistant.service import Assistant
from assistant.ui.web import build_app

log = logging.getLogger(__name__)
HEAD_START_SECONDS = 0.5


def serve(listener: socket.socket) -> int:
    """Serve on a bound socket; gives the exit status (1 with one line if nothing could start)."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    warm = threading.Event()
    try:
        with Assistant.open() as assistant:
            server = uvicorn.Server(_options(build_app(assistant, warm, _hosts(listener))))
            threading.Thread(target=_warm_up, args=(assistant, server, warm), daemon=True).start()
            _announce(listener)
            with suppress(KeyboardInterrupt):
                server.run(sockets=[listener])
    except AssistantError as error:
        print(f"app.py: {error}", file=sys.stderr)
        return 1
    return 0


def _hosts(listener: socket.socket) -> tuple[str, ...]:
    """Give the names that a page bound to this machine only may be called by; else any."""
    host = listener.getsockname()[0]
    return ("localhost", host) if ip_address(host).is_loopback else ("*",)


def _options(app: FastAPI) -> uvicorn.Config:
    return uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=2)


def _warm_up(assistant: Assistant, server: uvicorn.Server, warm: threading.Event) -> None:
    # The page comes first: loading models beside it would hold it back by seconds.
    while not server.started and not server.should_exit:
        time.sleep(0.05)
    time.sleep(HEAD_START_SECONDS)
    try:
        assistant.warm_up()
    except AssistantError as error:
        # The page says the same to its reader as soon as a question is asked.
        log.warning("the models are not ready: %s", error)
    finally:
        warm.set()


def _announce(listener: socket.socket) -> None:
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    print(f"DP Assistant 服务商智囊: http://{shown}:{port}  (Ctrl+C stops)", flush=True)
