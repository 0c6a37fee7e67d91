"""Real Chromium on a real `python app.py`: what every test of a page needs."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlparse

from playwright.sync_api import Browser, Page, expect

ROOT = Path(__file__).resolve().parent.parent
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
HAN = re.compile(r"[\u4e00-\u9fff]")
OpenPage = Callable[..., Page]


def own_environment(folder: Path, models_folder: Path) -> dict[str, str]:
    """Give the environment of a process with a data folder of its own, the encoder unpacked."""
    (folder / "data").mkdir()
    (folder / "data" / "models").symlink_to(models_folder)
    known = {k: v for k, v in os.environ.items() if not k.startswith("ASSISTANT_")}
    return {**known, "ASSISTANT_DATA": str(folder / "data")}


@contextmanager
def watched(browser: Browser, url: str, start: str = "/") -> Iterator[OpenPage]:
    """Open pages in fresh profiles; at the end no error and no request that left the machine."""
    contexts, requested, wrong = [], [], []

    def opened(address: str = start, **options: object) -> Page:
        context = browser.new_context(**{"locale": "zh-CN", **options})  # type: ignore[arg-type]
        contexts.append(context)
        context.on("request", lambda request: requested.append(request.url))
        context.on("weberror", lambda error: wrong.append(str(error.error)))
        page = context.new_page()
        page.goto(address if address.startswith("http") else url + address)
        return page

    yield opened
    for context in contexts:
        context.close()
    hosts = {urlparse(url).hostname for url in requested if not url.startswith(("data:", "blob:"))}
    assert hosts <= {"127.0.0.1"} and not wrong, (hosts, wrong)


class Served:
    """A running `python app.py` with its own data folder."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self._log = log.open("w")
        command = [sys.executable, "app.py", "--port", str(port)]
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=self._log, stderr=subprocess.STDOUT
        )
        self._wait(log)

    def _wait(self, log: Path) -> None:
        for _ in range(600):
            assert self._process.poll() is None, log.read_text()
            try:
                urllib.request.urlopen(f"{self.url}/alive", timeout=60).read()
                return
            except OSError:
                time.sleep(0.1)
        raise AssertionError(f"the page did not come up:\n{log.read_text()}")

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=30)
        self._log.close()


def ask(page: Page, question: str) -> None:
    """Type a question, send it with Enter, and wait for one more stored answer."""
    answers = page.locator("#thread article.answer")
    before = answers.count()
    page.fill("#question", question)
    page.press("#question", "Enter")
    expect(answers).to_have_count(before + 1, timeout=60_000)


def visible_texts(page: Page) -> list[str]:
    """Give every text, hint, placeholder and label that a reader can meet, answers excepted."""
    return page.evaluate(
        """() => {
            const texts = document.body.innerText.split("\\n");
            for (const one of document.querySelectorAll("[title],[aria-label],[placeholder]"))
                if (!one.closest("article, .conversations"))
                    for (const name of ["title", "aria-label", "placeholder"])
                        texts.push(one.getAttribute(name) || "");
            for (const one of document.querySelectorAll("dialog")) texts.push(one.textContent);
            return [...texts, document.title.split(" · ")[0]];
        }"""
    )
