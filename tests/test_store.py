"""One contract over memory, folder and server; then what only a folder needs."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from assistant.errors import ConfigurationError, StoreUnavailable
from assistant.settings import StoreSettings
from assistant.store import VectorStore

PRINT = "0123456789abcdef-long"
OTHER = "fedcba9876543210"
ROOT = Path(__file__).resolve().parent.parent


def vectors(count: int, seed: int = 0, width: int = 16) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(count, width)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture(scope="session")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Chroma server on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("server")
    command = [str(Path(sys.executable).with_name("chroma")), "run"]
    command += ["--path", str(folder), "--host", "127.0.0.1", "--port", str(port)]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        for _ in range(300):
            with socket.socket() as attempt:
                if attempt.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(params=["memory", "folder", "server"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[VectorStore]:
    url = request.getfixturevalue("server_url") if request.param == "server" else None
    opened = VectorStore.open(StoreSettings(url=url, memory=request.param == "memory"), tmp_path)
    yield opened
    opened.drop(PRINT)
    opened.drop(OTHER)
    opened.close()


def names(count: int, prefix: str = "c") -> list[str]:
    return [f"{prefix}{number}" for number in range(count)]


def test_nearest_gives_ids_with_cosine_similarity_best_first(store: VectorStore) -> None:
    rows = vectors(50)
    store.upsert(PRINT, "public", names(50), rows)
    found = store.nearest(PRINT, ["public"], rows[7], 5)
    expected = rows @ rows[7]
    assert [name for name, _ in found] == [f"c{i}" for i in np.argsort(-expected)[:5]]
    assert [score for _, score in found] == pytest.approx(sorted(expected)[::-1][:5], abs=1e-4)


def test_vectors_need_no_unit_length(store: VectorStore) -> None:
    rows = vectors(10)
    store.upsert(PRINT, "public", names(10), rows * 7)
    name, score = store.nearest(PRINT, ["public"], rows[3] * 0.1, 1)[0]
    assert name == "c3"
    assert score == pytest.approx(1.0, abs=1e-4)


def test_a_visibility_is_searched_only_when_asked_for(store: VectorStore) -> None:
    rows = vectors(20)
    store.upsert(PRINT, "public", names(10, "p"), rows[:10])
    store.upsert(PRINT, "internal", names(10, "i"), rows[10:])
    public = store.nearest(PRINT, ["public"], rows[15], 20)
    assert {name[0] for name, _ in public} == {"p"}
    both = store.nearest(PRINT, ["public", "internal"], rows[15], 20)
    assert len(both) == 20
    assert both[0][0] == "i5"
    assert [score for _, score in both] == sorted((s for _, s in both), reverse=True)


def test_fingerprints_do_not_meet_and_may_differ_in_width(store: VectorStore) -> None:
    store.upsert(PRINT, "public", ["a"], vectors(1))
    store.upsert(OTHER, "public", ["b"], vectors(1, width=8))
    assert [n for n, _ in store.nearest(OTHER, ["public"], vectors(1, width=8)[0], 5)] == ["b"]
    store.drop(OTHER)
    assert store.nearest(OTHER, ["public"], vectors(1, width=8)[0], 5) == []
    assert store.count(PRINT, "public") == 1


def test_upsert_replaces_and_delete_ignores_unknown_ids(store: VectorStore) -> None:
    rows = vectors(3)
    store.upsert(PRINT, "public", ["a", "b"], rows[:2])
    store.upsert(PRINT, "public", ["a"], rows[2:])
    assert store.nearest(PRINT, ["public"], rows[2], 1)[0][0] == "a"
    store.delete(PRINT, "public", ["b", "unknown"])
    assert list(store.ids(PRINT, "public")) == ["a"]
    store.delete(PRINT, "internal", ["a"])
    assert store.count(PRINT, "public") == 1


def test_what_is_missing_is_nothing(store: VectorStore) -> None:
    assert store.nearest(PRINT, ["public", "internal"], vectors(1)[0], 3) == []
    assert store.count(PRINT, "public") == 0
    assert list(store.ids(PRINT, "public")) == []
    store.upsert(PRINT, "public", [], vectors(0))
    store.drop(PRINT)


def test_a_store_emptied_and_filled_again_is_searched_anew(store: VectorStore) -> None:
    rows = vectors(4)
    store.upsert(PRINT, "public", ["a"], rows[:1])
    assert store.nearest(PRINT, ["public"], rows[0], 1)
    store.drop(PRINT)
    store.upsert(PRINT, "public", ["b"], rows[1:2])
    assert [n for n, _ in store.nearest(PRINT, ["public"], rows[0], 5)] == ["b"]
    store.delete(PRINT, "public", ["b"])
    assert store.nearest(PRINT, ["public"], rows[0], 5) == []


def test_more_than_one_batch_and_page(store: VectorStore) -> None:
    rows = vectors(5600, width=4)
    store.upsert(PRINT, "public", names(5600), rows)
    assert store.count(PRINT, "public") == 5600
    assert sorted(store.ids(PRINT, "public")) == sorted(names(5600))
    store.delete(PRINT, "public", names(5600)[:5500])
    assert store.count(PRINT, "public") == 100


def test_threads_search_while_one_writes(store: VectorStore) -> None:
    rows = vectors(600)
    store.upsert(PRINT, "public", names(100), rows[:100])
    failures: list[BaseException] = []

    def search() -> None:
        try:
            for row in rows[:40]:
                assert store.nearest(PRINT, ["public", "internal"], row, 5)
                store.refresh()
        except BaseException as error:
            failures.append(error)

    readers = [threading.Thread(target=search) for _ in range(3)]
    for reader in readers:
        reader.start()
    for start in range(100, 600, 50):
        store.upsert(PRINT, "public", names(600)[start : start + 50], rows[start : start + 50])
    for reader in readers:
        reader.join()
    assert failures == []
    assert store.nearest(PRINT, ["public"], rows[555], 1)[0][0] == "c555"


def test_a_failure_names_the_store(store: VectorStore) -> None:
    store.upsert(PRINT, "public", ["a"], vectors(1))
    with pytest.raises(StoreUnavailable, match=r"server http|folder /|memory"):
        store.nearest(PRINT, ["public"], vectors(1, width=5)[0], 1)


def test_memory_stores_are_isolated(tmp_path: Path) -> None:
    settings = StoreSettings(memory=True)
    first, second = VectorStore.open(settings, tmp_path), VectorStore.open(settings, tmp_path)
    first.upsert(PRINT, "public", ["a"], vectors(1))
    assert second.count(PRINT, "public") == 0
    first.close()
    assert second.nearest(PRINT, ["public"], vectors(1)[0], 1) == []
    second.close()


def test_an_absent_server_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="http://127.0.0.1:9"):
        VectorStore.open(StoreSettings(url="http://127.0.0.1:9"), tmp_path)


def test_a_wrong_address_is_a_wrong_setting(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="ASSISTANT_STORE__URL"):
        VectorStore.open(StoreSettings(url="localhost:8000"), tmp_path)


# -- a folder and several processes -----------------------------------------------------------

WRITER = """
import sys, time
from pathlib import Path
import numpy as np
from assistant.settings import StoreSettings
from assistant.store import VectorStore
folder, seed, count, step = Path(sys.argv[1]), *map(int, sys.argv[2:])
store = VectorStore.open(StoreSettings(), folder)
rows = np.random.default_rng(seed).normal(size=(count, 16)).astype(np.float32)
for start in range(0, count, step):
    ids = [f"s{seed}-{i}" for i in range(start, min(start + step, count))]
    store.upsert("0123456789abcdef-long", "public", ids, rows[start:start + step])
    print(start + len(ids), flush=True)
"""


def writer(folder: Path, seed: int, count: int, step: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(folder), str(seed), str(count), str(step)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)


def written(seed: int, count: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, 16)).astype(np.float32)


def test_refresh_shows_what_another_process_wrote(tmp_path: Path) -> None:
    store = VectorStore.open(StoreSettings(), tmp_path)
    store.upsert(PRINT, "public", ["own"], vectors(1))
    store.nearest(PRINT, ["public"], vectors(1)[0], 1)
    assert writer(tmp_path, 3, 300, 100).wait() == 0
    wanted = written(3, 300)[250]
    store.refresh()
    assert store.nearest(PRINT, ["public"], wanted, 1)[0][0] == "s3-250"
    assert store.count(PRINT, "public") == 301
    store.close()


def test_readers_and_writers_of_several_processes_lose_nothing(tmp_path: Path) -> None:
    store = VectorStore.open(StoreSettings(), tmp_path)
    processes = [writer(tmp_path, seed, 2400, 160) for seed in (1, 2)]
    wanted = written(1, 2400)
    turn = 0
    while any(process.poll() is None for process in processes):
        store.refresh()
        store.nearest(PRINT, ["public"], wanted[0], 10)
        store.upsert(PRINT, "public", [f"own{turn}"], vectors(1, seed=turn + 100))
        turn += 1
    assert [process.returncode for process in processes] == [0, 0]
    for opened in (store, VectorStore.open(StoreSettings(), tmp_path)):
        opened.refresh()
        assert opened.count(PRINT, "public") == 4800 + turn
        for number in range(0, 2400, 100):
            assert opened.nearest(PRINT, ["public"], wanted[number], 1)[0][0] == f"s1-{number}"
        opened.close()


@pytest.mark.parametrize("delay", [0.0, 0.012, 0.031])
def test_a_killed_writer_leaves_a_store_that_opens(tmp_path: Path, delay: float) -> None:
    process = writer(tmp_path, 5, 40_000, 700)
    assert process.stdout is not None
    for _ in range(4):
        done = int(process.stdout.readline())
    time.sleep(delay)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    store = VectorStore.open(StoreSettings(), tmp_path)
    rows = written(5, 40_000)
    assert store.count(PRINT, "public") >= done
    for number in range(0, done, 150):
        assert store.nearest(PRINT, ["public"], rows[number], 1)[0][0] == f"s5-{number}"
    store.upsert(PRINT, "public", ["after"], vectors(1))
    assert store.nearest(PRINT, ["public"], vectors(1)[0], 1)[0][0] == "after"
    store.close()


def test_a_torn_folder_is_built_anew_from_the_copies(tmp_path: Path) -> None:
    rows = vectors(2500)
    store = VectorStore.open(StoreSettings(), tmp_path)
    store.upsert(PRINT, "public", names(2500), rows)
    store.upsert(OTHER, "internal", ["x"], rows[:1])
    store.delete(PRINT, "public", ["c0"])
    store.close()
    folder = tmp_path / "chroma"
    damaged = next(folder.glob("*/data_level0.bin"))
    damaged.write_bytes(damaged.read_bytes()[:5000])
    stamp = folder / "stamp"
    stamp.write_text(str(int(stamp.read_text()) + 1))  # what a killed writer leaves
    store = VectorStore.open(StoreSettings(), tmp_path)
    assert store.count(PRINT, "public") == 2499
    assert store.nearest(PRINT, ["public"], rows[2000], 1)[0][0] == "c2000"
    assert store.count(OTHER, "internal") == 1
    store.close()


def test_an_unreadable_index_is_built_anew_at_the_next_refresh(tmp_path: Path) -> None:
    rows = vectors(2500)
    store = VectorStore.open(StoreSettings(), tmp_path)
    store.upsert(PRINT, "public", names(2500), rows)
    store.close()
    next((tmp_path / "chroma").glob("*/index_metadata.pickle")).write_bytes(b"damaged")
    store = VectorStore.open(StoreSettings(), tmp_path)
    with pytest.raises(StoreUnavailable, match="folder"):
        store.nearest(PRINT, ["public"], rows[0], 1)
    store.refresh()
    assert store.nearest(PRINT, ["public"], rows[2000], 1)[0][0] == "c2000"
    store.close()
