"""A sync has five outcomes, leaves nothing stale, and survives being killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from assistant.errors import InputError, LibraryError
from assistant.records import Progress
from assistant.service import Assistant
from assistant.settings import ROOT, Settings

Write = Callable[[str, str], Path]

ONE = "# 冷启动\n\n直播间冷启动通常需要 3–10 天。\n"
TWO = "# Stock\n\nHero products need stock depth before the promotion starts.\n"


def vectors(assistant: Assistant) -> set[str]:
    """Give the ids of all vectors of this library."""
    store, fingerprint = assistant._store, assistant.fingerprint
    return {i for v in ("public", "internal") for i in store.ids(fingerprint, v)}


def state(assistant: Assistant) -> dict[str, object]:
    """Give what a library consists of, for comparing two of them."""
    rows = sorted((r.path, r.visibility, r.content_hash, r.chunks) for r in assistant.library())
    return {"rows": rows, "vectors": vectors(assistant)}


def test_five_outcomes(settings: Settings, write: Write) -> None:
    """Added, unchanged, updated, removed and failed are told apart by content."""
    folder = write("a.md", ONE)
    write("b.md", TWO)
    with Assistant.open(settings) as assistant:
        first = assistant.sync([folder])
        assert first.paths("added") == ["docs/a.md", "docs/b.md"] and first.encoded == 2
        second = assistant.sync([folder])
        assert second.paths("unchanged") == ["docs/a.md", "docs/b.md"] and second.encoded == 0
        write("a.md", ONE + "\n补充一句:先测再放大。\n")
        (folder / "b.md").unlink()
        write("c.docx", "not a Word file")
        third = assistant.sync([folder])
        assert third.paths("updated") == ["docs/a.md"]
        assert third.paths("removed") == ["docs/b.md"]
        assert third.paths("failed") == ["docs/c.docx"]
        assert "补充一句" in assistant.document("docs/a.md").text  # type: ignore[union-attr]
        assert assistant.document("docs/b.md") is None
        assert len(vectors(assistant)) == sum(row.chunks for row in assistant.library())


def test_a_rename_leaves_no_stale_chunk(settings: Settings, write: Write) -> None:
    """The old name is gone from every lane, the new one is found."""
    folder = write("old.md", ONE)
    with Assistant.open(settings) as assistant:
        assistant.sync([folder])
        (folder / "old.md").rename(folder / "new.md")
        assistant.sync([folder])
        found = {hit.passage.document for hit in assistant.search("冷启动 几天")}
        assert found == {"docs/new.md"}


def test_a_broken_edit_keeps_the_version_of_before(settings: Settings, write: Write) -> None:
    """Bad input loses nothing."""
    folder = write("a.md", ONE)
    with Assistant.open(settings) as assistant:
        assistant.sync([folder])
        write("a.md", "---\nid: x\nwrong: 1\n---\n# x\n")
        report = assistant.sync([folder])
        assert report.paths("failed") == ["docs/a.md"]
        assert "stays in the library" in report.to_json()["failed"][0]["reason"]
        assert assistant.document("docs/a.md") is not None


def test_visibility_moves_with_the_argument(settings: Settings, write: Write) -> None:
    """An internal document is not found by a brand, nor opened."""
    folder = write("a.md", ONE)
    with Assistant.open(settings) as assistant:
        assistant.sync([folder])
        assert assistant.search("冷启动", role="brand")
        assert assistant.sync([folder], "internal").paths("updated") == ["docs/a.md"]
        assert assistant.search("冷启动", role="staff")
        assert assistant.document("docs/a.md", "brand") is None
        write("b.md", TWO)
        assistant.sync([folder / "b.md"])
        assert {h.passage.document for h in assistant.search("冷启动", role="brand")} == {"b.md"}


def test_prune_removes_other_roots_and_dry_run_writes_nothing(
    settings: Settings, write: Write, tmp_path: Path
) -> None:
    """Only --prune touches what the run was not given."""
    folder = write("a.md", ONE)
    other = tmp_path / "more"
    other.mkdir()
    (other / "b.md").write_text(TWO, encoding="utf-8")
    with Assistant.open(settings) as assistant:
        assert assistant.sync([folder], dry_run=True).paths("added") == ["docs/a.md"]
        assert assistant.library() == []
        assistant.sync([folder, other])
        assert assistant.sync([folder]).paths("removed") == []
        assert assistant.sync([folder], prune=True).paths("removed") == ["more/b.md"]


def test_an_emptied_folder_removes_its_documents(settings: Settings, write: Write) -> None:
    """A folder without files is a state like any other; a missing target is not."""
    folder = write("a.md", ONE)
    with Assistant.open(settings) as assistant:
        assistant.sync([folder])
        (folder / "a.md").unlink()
        assert assistant.sync([folder]).paths("removed") == ["docs/a.md"]


def test_a_missing_target_removes_nothing(settings: Settings, write: Write) -> None:
    """A mistyped path must not empty the library."""
    folder = write("a.md", ONE)
    with Assistant.open(settings) as assistant:
        assistant.sync([folder])
        report = assistant.sync([folder.parent / "nowhere"])
        assert report.paths("failed") and assistant.document("docs/a.md") is not None


def test_two_folders_of_one_name_are_refused(
    settings: Settings, write: Write, tmp_path: Path
) -> None:
    """Documents of one folder never replace those of another that has the same name."""
    folder = write("a.md", ONE)
    twin = tmp_path / "elsewhere" / "docs"
    twin.mkdir(parents=True)
    (twin / "z.md").write_text(TWO, encoding="utf-8")
    with Assistant.open(settings) as assistant:
        assistant.sync([folder])
        with pytest.raises(InputError, match="already has 'docs'"):
            assistant.sync([twin])
        assert assistant.document("docs/a.md") is not None


def test_progress_reaches_the_end(settings: Settings, write: Write) -> None:
    """Progress counts documents and passages, with a rate once something was encoded."""
    folder = write("a.md", ONE)
    seen: list[Progress] = []
    with Assistant.open(settings) as assistant:
        assistant.sync([folder], on_progress=seen.append)
    assert seen[-1].stage == "done" and seen[-1].documents_done == seen[-1].documents_total == 1
    assert seen[-1].chunks_done == 1 and seen[-1].chunks_per_second > 0


def test_only_one_sync_at_a_time(settings: Settings, write: Write) -> None:
    """A second sync says that another one runs."""
    folder = write("a.md", ONE)
    with Assistant.open(settings) as assistant, Assistant.open(settings) as second:
        with assistant._database.sync_lock(), pytest.raises(LibraryError):
            second.sync([folder])
        assert second.sync([folder]).paths("added")


def command(settings: Settings, *arguments: str) -> list[str]:
    """Give the command line of an ingest."""
    return [sys.executable, str(ROOT / "ingest.py"), *arguments]


def environment(settings: Settings) -> dict[str, str]:
    """Give the environment that points a process to this data folder."""
    return {**os.environ, "ASSISTANT_DATA": str(settings.data)}


@pytest.mark.parametrize("milliseconds", [900, 2500, 4000, 5500])
def test_kill_and_run_again(
    settings: Settings, write: Write, tmp_path: Path, models_folder: Path, milliseconds: int
) -> None:
    """After kill -9 at any moment the next run ends like one that was never interrupted."""
    for number in range(120):
        sections = (f"\n## 小节 {n}\n\n第 {number} 篇第 {n} 节讲库存。\n" for n in range(6))
        text = "".join(sections)
        folder = write(f"{number:03}.md", f"# 文 {number}\n{text}")
    process = subprocess.Popen(
        command(settings, str(folder)),
        env=environment(settings),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    time.sleep(milliseconds / 1000)
    process.send_signal(signal.SIGKILL)
    process.wait()
    with Assistant.open(settings) as assistant:
        report = assistant.sync([folder])
        assert not report.paths("failed")
        resumed = state(assistant)
    clean = settings.model_copy(update={"data": tmp_path / "clean"})
    clean.data.mkdir()
    (clean.data / "models").symlink_to(models_folder)
    with Assistant.open(clean) as assistant:
        assistant.sync([folder])
        assert state(assistant) == resumed


def test_a_serving_process_sees_an_ingest_of_another(settings: Settings, write: Write) -> None:
    """Folder mode goes stale by itself; the facade notices and looks again."""
    folder = write("a.md", ONE)
    with Assistant.open(settings) as assistant:
        assistant.sync([folder])
        assert {h.passage.document for h in assistant.search("stock depth")} == {"docs/a.md"}
        write("b.md", TWO)
        done = subprocess.run(
            command(settings, str(folder)), env=environment(settings), capture_output=True
        )
        assert done.returncode == 0, done.stderr
        hits = assistant.search("stock depth")
        assert hits[0].passage.document == "docs/b.md" and "dense" in hits[0].scores


def test_a_lost_vector_store_is_filled_again(settings: Settings, write: Write) -> None:
    """Deleting the vectors behind the catalog's back is noticed and mended by the next sync."""
    folder = write("a.md", ONE)
    with Assistant.open(settings) as assistant:
        assistant.sync([folder])
        assistant._store.delete(assistant.fingerprint, "public", list(vectors(assistant)))
        assert assistant.sync([folder]).encoded == 1
        assert len(vectors(assistant)) == 1
        assert "dense" in assistant.search("冷启动 几天")[0].scores
