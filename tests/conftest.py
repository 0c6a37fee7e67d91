"""Shared ground: real parts in temporary folders, the encoder unpacked once, no outside network."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pages import ARGUMENTS
from playwright.sync_api import Browser, sync_playwright

from assistant.embedding import Encoder
from assistant.service import Assistant
from assistant.settings import Settings

for _name in [n for n in os.environ if n.upper().startswith("ASSISTANT_")]:
    del os.environ[_name]


@pytest.fixture(scope="session", autouse=True)
def no_outside_network() -> Iterator[None]:
    """Refuse every connection of this process that leaves the machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            host = "127.0.0.1" if address[0] == "localhost" else address[0]
            assert ipaddress.ip_address(host).is_loopback, f"the suite connects to {address}"
        connect(self, address)

    socket.socket.connect = guarded  # type: ignore[method-assign]
    yield
    socket.socket.connect = connect  # type: ignore[method-assign]


@pytest.fixture(scope="session")
def models_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled encoder, unpacked once for the whole suite."""
    data = tmp_path_factory.mktemp("encoder")
    Encoder("bundled", data).warm_up()
    return data / "models"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, one for a module."""
    with sync_playwright() as started:
        launched = started.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture
def settings(tmp_path: Path, models_folder: Path) -> Settings:
    """Settings with an empty data folder of their own."""
    return settings_in(tmp_path / "data", models_folder)


def settings_in(data: Path, models_folder: Path, **changes: Any) -> Settings:
    """Make settings for a data folder that shares the unpacked encoder."""
    data.mkdir(parents=True, exist_ok=True)
    (data / "models").symlink_to(models_folder)
    return Settings(_env_file=None, data=data, **changes)  # type: ignore[call-arg]


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory, models_folder: Path) -> Iterator[Assistant]:
    """The project's own library, ingested once; tests only read it."""
    data = tmp_path_factory.mktemp("library")
    with Assistant.open(settings_in(data, models_folder)) as assistant:
        report = assistant.sync()
        assert not report.paths("failed"), report.to_json()["failed"]
        yield assistant


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    """Write a small source document into `docs/` and give the folder."""
    folder = tmp_path / "docs"

    def add(name: str, text: str) -> Path:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return folder

    return add
