"""The commands as a user calls them: real processes, JSON alone on standard output."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from assistant.service import Assistant
from assistant.settings import ROOT, Settings

Run = Callable[..., subprocess.CompletedProcess[str]]


def runner(data: Path) -> Run:
    """Give a function that runs a program of the project with this data folder."""

    def run(*arguments: str, stdin: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
        program = ["-m", "assistant"] if not arguments[0].endswith(".py") else []
        return subprocess.run(
            [sys.executable, *program, *arguments],
            cwd=ROOT,
            env={**os.environ, "ASSISTANT_DATA": str(data), **variables},
            input=stdin,
            capture_output=True,
            text=True,
        )

    return run


@pytest.fixture
def run(library: Assistant) -> Run:
    """Run commands on the project's own library."""
    return runner(library.settings.data)


@pytest.fixture
def run_empty(settings: Settings) -> Run:
    """Run commands on an empty data folder."""
    return runner(settings.data)


def test_ask_json_is_the_contract(run: Run, library: Assistant) -> None:
    """The object has the keys users script against, and its quotes are verbatim."""
    done = run("ask", "FACT 矩阵里哪些用于日常经营?", "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert {
        "question", "language", "text", "refused", "reason", "sentences", "citations", "nearest",
        "followups", "writer", "fingerprint", "timings_ms",
    } <= set(answer)  # fmt: skip
    citation = answer["citations"][0]
    assert {
        "n", "document", "title", "section", "visibility", "start", "end", "quote", "confidence",
        "score",
    } <= set(citation)  # fmt: skip
    document = library.document(citation["document"])
    assert document is not None
    assert document.text[citation["start"] : citation["end"]] == citation["quote"]
    assert {"retrieve", "write", "check", "total"} <= set(answer["timings_ms"])


def test_ask_prints_text_with_its_sources(run: Run) -> None:
    """The plain form shows marks and where each of them leads."""
    done = run("ask", "What is GPM?", "--no-stream")
    assert done.returncode == 0 and "[1]" in done.stdout and ".en.md:" in done.stdout


def test_a_refusal_is_done_work(run: Run) -> None:
    """Refusing exits with 0 and offers topics."""
    done = run("ask", "How do I bake sourdough bread?", "--json")
    answer = json.loads(done.stdout)
    assert done.returncode == 0 and answer["refused"] and answer["nearest"]


def test_ask_with_history(run: Run, tmp_path: Path) -> None:
    """The turns file joins a follow-up; a wrong one is named."""
    turns = tmp_path / "turns.json"
    turns.write_text(
        json.dumps([{"role": "user", "content": "商家自播在 FACT 矩阵里起什么作用?"}]), "utf-8"
    )
    done = run("ask", "那达人呢?", "--history", str(turns), "--json")
    assert "达人" in json.loads(done.stdout)["text"]
    turns.write_text('{"role": "user"}', "utf-8")
    done = run("ask", "那达人呢?", "--history", str(turns))
    assert done.returncode == 1 and done.stderr.count("\n") == 1 and "turns.json" in done.stderr


def test_search_json(run: Run) -> None:
    """Hits carry the location and one named score per lane."""
    done = run("search", "GPM", "-k", "3", "--json")
    hits = json.loads(done.stdout)
    assert len(hits) == 3
    assert {"document", "start", "end", "scores", "score"} <= set(hits[0])
    assert {"dense", "lexical"} & set(hits[0]["scores"])


def test_check_needs_no_library(run_empty: Run, tmp_path: Path) -> None:
    """Grounding alone tells a true sentence from one with a changed number."""
    evidence = tmp_path / "e.txt"
    evidence.write_text("2021 年 2 月,官方旗舰店销售额约 1.55 亿元。", "utf-8")
    done = run_empty(
        "check",
        "官方旗舰店 2021 年 2 月销售额约 1.55 亿元。官方旗舰店 2021 年 2 月销售额约 1.56 亿元。",
        "--evidence",
        str(evidence),
        "--json",
    )
    rows = json.loads(done.stdout)
    assert [row["status"] for row in rows] == ["supported", "unsupported"]
    assert rows[0]["quote"] == evidence.read_text("utf-8")[rows[0]["start"] : rows[0]["end"]]


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (("ask", "什么是 GPM?"), 1, "python ingest.py"),
        (("check", "x", "--evidence", "nowhere.txt"), 1, "nowhere.txt"),
        (("ask",), 2, "question"),
        (("search", "x", "-k", "0"), 2, "1 to 100"),
        (("ask", "x", "--role", "king"), 2, "king"),
        (("nonsense",), 2, "nonsense"),
        (("ingest.py", "nowhere"), 1, "nowhere"),
    ],
)
def test_failures_are_one_line_and_a_status(
    run_empty: Run, arguments: tuple[str, ...], status: int, says: str
) -> None:
    """1 for failed work, 2 for wrong arguments, and never a traceback."""
    done = run_empty(*arguments)
    assert done.returncode == status and says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_setting_is_named(run_empty: Run) -> None:
    """The message names the variable."""
    done = run_empty("settings", ASSISTANT_RETRIEVAL__KEEP="many")
    assert done.returncode == 2 and "ASSISTANT_RETRIEVAL__KEEP" in done.stderr


def test_settings_hide_secrets(run_empty: Run) -> None:
    """Every setting is listed with its origin; a key never shows."""
    done = run_empty("settings", "--json", ASSISTANT_MODEL__API_KEY="sk-secret")
    rows = {row["name"]: row for row in json.loads(done.stdout)}
    assert rows["ASSISTANT_MODEL__API_KEY"]["origin"] == "environment"
    assert "sk-secret" not in done.stdout
    assert rows["ASSISTANT_RETRIEVAL__KEEP"]["origin"] == "default"


def test_ingest_json_alone_on_standard_output(run_empty: Run, write: Callable[..., Path]) -> None:
    """The report is JSON with five outcomes; a broken file among good ones is not a failed run."""
    folder = write("a.md", "# 冷启动\n\n先测再放大。\n")
    write("b.pdf", "this is no PDF")
    done = run_empty("ingest.py", str(folder), "--json")
    report = json.loads(done.stdout)
    assert done.returncode == 0
    assert report["added"] == ["docs/a.md"] and report["failed"][0]["path"] == "docs/b.pdf"
    assert "b.pdf" in done.stderr and "Traceback" not in done.stderr
    assert json.loads(run_empty("ingest.py", str(folder), "--json").stdout)["encoded"] == 0


def test_another_model_means_another_index(run_empty: Run, write: Callable[..., Path]) -> None:
    """Switching a chunk size asks for an ingest and never reads the other index."""
    folder = write("a.md", "# 冷启动\n\n先测再放大。\n")
    run_empty("ingest.py", str(folder))
    changed = {"ASSISTANT_CHUNKS__SIZE_TOKENS": "64"}
    done = run_empty("search", "冷启动", **changed)
    assert done.returncode == 1 and "python ingest.py" in done.stderr
    assert run_empty("search", "冷启动").returncode == 0


def test_help_imports_nothing_heavy() -> None:
    """`--help` answers before torch, chromadb or gradio are imported."""
    code = (
        "import sys, runpy\n"
        "sys.argv = ['assistant', '--help']\n"
        "try:\n    runpy.run_module('assistant', run_name='__main__')\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'chromadb', 'gradio', 'transformers', 'langchain_core', 'sqlalchemy'}\n"
        "sys.exit(str(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
