"""Measures speed on this machine and prints figures; it judges nothing.

Everything runs in a temporary data folder beside the user's own, with the settings in force:
encoder, first and second ingest, warm questions (on the library and on larger synthetic ones),
time to `--help`, to the served page and to the first answer, and resident memory.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from assistant import embedding
from assistant.records import Chunk, Document
from assistant.service import Assistant
from assistant.settings import ROOT, Settings

ROUNDS = 3
STARTS = 3
DOCUMENT_CHUNKS = 20


def run(settings: Settings, scales: Sequence[int] = (1000,)) -> dict[str, Any]:
    """Measure everything; `scales` are sizes of synthetic libraries in passages."""
    return {**_library(settings, scales), **run_works(settings)}


def run_works(settings: Settings) -> dict[str, Any]:
    """Measure plans and assessments alone: they need no library, encoder or index."""
    with tempfile.TemporaryDirectory() as folder:
        measured = settings.model_copy(update={"data": Path(folder)})
        with Assistant.open(measured) as assistant:
            return {"plan": _plans(assistant), "assessment": _assessments(assistant)}


def _library(settings: Settings, scales: Sequence[int]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        models = settings.data / "models"
        if models.is_dir():
            shutil.copytree(models, data / "models")
        measured = settings.model_copy(update={"data": data})
        report: dict[str, Any] = {"processors": os.cpu_count()}
        with Assistant.open(measured) as assistant:
            report["encoder"] = embedding.benchmark(assistant._encoder)
            report["ingest"] = _ingest(assistant)
            report["question"] = _questions(assistant)
        report["start"] = _starts(data)
        for scale in scales:
            # A process for each, so that memory is that of answering from one library.
            spawn = multiprocessing.get_context("spawn")
            with ProcessPoolExecutor(1, spawn, max_tasks_per_child=1) as apart:
                there = settings.model_copy(update={"data": Path(folder) / str(scale)})
                padded = apart.submit(_padded, settings, there, scale).result()
                asked = apart.submit(_at_scale, there).result()
                report[f"question_at_{scale}"] = {"padding_seconds": padded, **asked}
    return report


def table(report: dict[str, Any]) -> str:
    """Lay the figures out, a line each."""
    lines = []
    for part, figures in report.items():
        if not isinstance(figures, dict):
            lines.append(f"{part:44} {figures}")
            continue
        lines += [f"{part + '.' + name:44} {value}" for name, value in figures.items()]
    return "\n".join(lines)


def _ingest(assistant: Assistant) -> dict[str, Any]:
    first = assistant.sync()
    again = assistant.sync()
    return {
        "documents": len(first.items),
        "passages": first.encoded,
        "passages_per_second": round(first.encoded / first.seconds, 1),
        "seconds": round(first.seconds, 2),
        "share_of_encoder_throughput": round(first.encode_seconds / first.seconds, 3),
        "again_encoded": again.encoded,
        "again_seconds": round(again.seconds, 3),
    }


def _questions(assistant: Assistant) -> dict[str, Any]:
    asked = assistant.examples("zh", count=40) + assistant.examples("en", count=40)
    assistant.ask(asked[0])
    totals, encodings = [], []
    for question in asked * ROUNDS:
        totals.append(_milliseconds(lambda q=question: assistant.ask(q)))  # type: ignore[misc]
        encodings.append(
            _milliseconds(lambda q=question: assistant._encoder.encode_query(q, "zh"))  # type: ignore[misc]
        )
    return {**_spread("total_ms", totals), **_spread("encode_ms", encodings)}


def _plans(assistant: Assistant) -> dict[str, Any]:
    """Draft the example brief and write every file of it; the first of each is told apart."""
    brief = assistant.example_brief("zh")
    first = _milliseconds(lambda: assistant.draft_plan(brief))
    warm = [_milliseconds(lambda: assistant.draft_plan(brief)) for _ in range(ROUNDS * 3)]
    plan = assistant.draft_plan(brief)
    return {
        "numbers": len(plan.values),
        "first_ms": round(first, 1),
        **_spread("draft_ms", warm),
        **_exports(assistant, plan, assistant.plan_formats),
    }


def _assessments(assistant: Assistant) -> dict[str, Any]:
    """Assess the example answers and write every report."""
    answers = assistant.read_answers(assistant.example_answers("zh"))
    first = _milliseconds(lambda: assistant.assess(answers))
    warm = [_milliseconds(lambda: assistant.assess(answers)) for _ in range(ROUNDS * 3)]
    made = assistant.assess(answers)
    return {
        "first_ms": round(first, 1),
        **_spread("assess_ms", warm),
        **_exports(assistant, made, assistant.report_formats),
    }


def _exports(assistant: Assistant, made: Any, forms: Sequence[str]) -> dict[str, float]:
    figures = {}
    for form in forms:
        taken = [_milliseconds(lambda f=form: assistant.export(made, f)) for _ in range(ROUNDS)]  # type: ignore[misc]
        figures[f"{form}_first_ms"] = round(taken[0], 1)
        figures[f"{form}_ms"] = round(statistics.median(taken), 1)
    return figures


def _milliseconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def _spread(name: str, values: Sequence[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {
        f"{name}_median": round(statistics.median(ordered), 1),
        f"{name}_p95": round(ordered[int(len(ordered) * 0.95)], 1),
    }


# -- larger libraries ------------------------------------------------------------------------


def _padded(settings: Settings, there: Settings, passages: int) -> float:
    """Make a library padded to `passages` with recombined sentences; give the seconds of it."""
    if (settings.data / "models").is_dir():
        shutil.copytree(settings.data / "models", there.data / "models")
    with Assistant.open(there) as assistant:
        real = assistant.sync().encoded
        began = time.perf_counter()
        _pad(assistant, passages - real)
        return round(time.perf_counter() - began, 1)


def _at_scale(there: Settings) -> dict[str, Any]:
    """Ask the real questions of a padded library."""
    with Assistant.open(there) as assistant:
        return {**_questions(assistant), "memory_mb": _resident(os.getpid())}


def _pad(assistant: Assistant, passages: int) -> None:
    """Write synthetic documents with random vectors: search costs what real ones would cost."""
    randomness = random.Random(7)
    sentences = [
        line
        for row in assistant.library()
        for line in (assistant.document(row.path) or _nothing()).text.splitlines()
        if len(line) > 20
    ]
    vectors = np.random.default_rng(7)
    for start in range(0, passages, DOCUMENT_CHUNKS * 50):
        count = min(DOCUMENT_CHUNKS * 50, passages - start)
        items = list(_documents(randomness, sentences, start, count))
        names = [name for _, _, _, chunks in items for name, _ in chunks]
        block = vectors.standard_normal((len(names), assistant._encoder.dimensions))
        block /= np.linalg.norm(block, axis=1, keepdims=True)
        assistant._catalog.begin([(name, "public") for name in names])
        assistant._store.upsert(
            assistant.fingerprint, "public", names, block.astype(np.float32)
        )
        assistant._catalog.put(items)


def _nothing() -> Document:
    return Document(path="", title="", text="", language="zh", content_hash="")


def _documents(
    randomness: random.Random, sentences: Sequence[str], start: int, count: int
) -> Iterator[tuple[Document, str, str, list[tuple[str, Chunk]]]]:
    for first in range(start, start + count, DOCUMENT_CHUNKS):
        size = min(DOCUMENT_CHUNKS, start + count - first)
        texts = ["\n".join(randomness.choices(sentences, k=4)) for _ in range(size)]
        body = "\n\n".join(texts)
        chunks, offset = [], 0
        for position, text in enumerate(texts):
            chunk = Chunk(position, offset, offset + len(text), text, ("synthetic",))
            chunks.append((f"synthetic-{first + position}", chunk))
            offset += len(text) + 2
        document = replace(
            _nothing(), path=f"synthetic/{first}.md", title=f"synthetic {first}", text=body
        )
        yield document, "synthetic", "synthetic", chunks


# -- starts ----------------------------------------------------------------------------------


def _starts(data: Path) -> dict[str, Any]:
    environment = {**os.environ, "ASSISTANT_DATA": str(data)}
    helps = [_milliseconds(lambda: _command("--help", environment)) for _ in range(STARTS)]
    asks = [
        _milliseconds(lambda: _command("ask 什么是GPM --json", environment)) for _ in range(STARTS)
    ]
    page, memory = _served(environment)
    return {
        "help_s": round(min(helps) / 1000, 2),
        "ask_from_cold_s": round(statistics.median(asks) / 1000, 2),
        "page_served_s": round(page, 2),
        "server_memory_mb": memory,
    }


def _command(arguments: str, environment: dict[str, str]) -> None:
    subprocess.run(
        [sys.executable, "-m", "assistant", *arguments.split()],
        cwd=ROOT,
        env=environment,
        check=True,
        capture_output=True,
    )


def _served(environment: dict[str, str]) -> tuple[float, int]:
    """Start the page, wait until it is served and warm; give seconds and resident megabytes."""
    with _free_port() as port:
        began = time.perf_counter()
        command = [sys.executable, "app.py", "--port", str(port)]
        server = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    try:
        while not _answers(f"http://127.0.0.1:{port}/"):
            if server.poll() is not None or time.perf_counter() - began > 120:
                raise RuntimeError("app.py did not serve its page")
            time.sleep(0.05)
        served = time.perf_counter() - began
        time.sleep(8)  # the warm-up loads the encoder after the page is served
        return served, _resident(server.pid)
    finally:
        server.terminate()
        server.wait(30)


@contextmanager
def _free_port() -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number = int(probe.getsockname()[1])
    yield number


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as reply:
            return bool(reply.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _resident(process: int) -> int:
    """Give the resident memory of a process in megabytes; 0 where /proc does not exist."""
    status = Path(f"/proc/{process}/status")
    if not status.exists():
        return 0
    line = next(row for row in status.read_text().splitlines() if row.startswith("VmRSS"))
    return int(line.split()[1]) // 1024
