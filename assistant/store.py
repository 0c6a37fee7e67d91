"""Keeps vectors in Chroma: in a folder, on a server, or in memory, and finds the nearest ones.

We hand over vectors; no embedding function is registered. One collection per fingerprint and
visibility. Nothing but ids and vectors is stored here: what an id means is the catalog's.

A Chroma folder is not made for several processes: opening it while another one writes crashes, a
killed writer can leave its index unreadable, and a stale writer overwrites. So a folder has a
lock, a stamp that is odd while somebody writes, and a plain copy of the vectors to mend it from.
"""

from __future__ import annotations

import fcntl
import itertools
import logging
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np

from assistant.errors import AssistantError, ConfigurationError, StoreUnavailable
from assistant.settings import StoreSettings

if TYPE_CHECKING:
    from chromadb.api.models.Collection import Collection
    from chromadb.config import Settings as ChromaSettings

BATCH = 5000  # Chroma takes at most 5,461 at once
PAGE = 5000
SERVER_SECONDS = 60
# Of the true nearest ten among 8,000 random vectors (the hardest case) these values find 99%,
# Chroma's own 57%, for half a millisecond more; of vectors like an encoder's both find all.
HNSW = {"space": "cosine", "ef_construction": 200, "ef_search": 400, "max_neighbors": 32}
PLACE: Any = {"tenant": "default_tenant", "database": "default_database"}

log = logging.getLogger(__name__)


class VectorStore:
    """Vectors by id; safe to use from several threads, and a folder from several processes."""

    def __init__(self, name: str, configure: Callable[[], ChromaSettings], folder: Path | None):
        """Use `VectorStore.open`."""
        self._name, self._configure = name, configure
        self._guard = _FolderGuard(folder) if folder else None
        self._opening = threading.Lock()
        with self._calling(), self._alone():
            self._client = self._connect()

    @classmethod
    def open(cls, settings: StoreSettings, data: Path) -> VectorStore:
        """Open the store of the settings: a server, memory, or the folder `chroma` in `data`."""
        if settings.url:
            return cls(f"server {settings.url}", _server(settings.url), None)
        if settings.memory:
            return cls("memory", _local(None), None)
        folder = data.absolute() / "chroma"
        return cls(f"folder {folder}", _local(folder), folder)

    def upsert(
        self, fingerprint: str, visibility: str, ids: Sequence[str], vectors: np.ndarray
    ) -> None:
        """Keep the vectors, one row per id; those of known ids are replaced."""
        name = _collection_name(fingerprint, visibility)
        rows = np.ascontiguousarray(vectors, dtype=np.float32)
        if not len(ids):
            return
        with self._changing() as client:
            for start in range(0, len(ids), BATCH):
                part = slice(start, start + BATCH)
                client.upsert(name, list(ids[part]), rows[part])
                if self._guard:
                    self._guard.copy(name, ids[part], rows[part])

    def delete(self, fingerprint: str, visibility: str, ids: Sequence[str]) -> None:
        """Delete vectors; unknown ids are no error."""
        name = _collection_name(fingerprint, visibility)
        with self._changing() as client:
            collection = client.collection(name)
            for start in range(0, len(ids) if collection else 0, BATCH):
                part = list(ids[start : start + BATCH])
                collection.delete(ids=part)  # type: ignore[union-attr]
                if self._guard:
                    self._guard.uncopy(name, part)

    def nearest(
        self, fingerprint: str, visibilities: Sequence[str], vector: np.ndarray, k: int
    ) -> list[tuple[str, float]]:
        """Give the k nearest ids with their cosine similarity, best first, of all collections."""
        found: list[tuple[str, float]] = []
        with self._calling():
            for visibility in visibilities:
                found += self._search(_collection_name(fingerprint, visibility), vector, k)
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))[:k]

    def count(self, fingerprint: str, visibility: str) -> int:
        """Count the vectors of a collection."""
        with self._calling(), self._alone():
            collection = self._client.collection(_collection_name(fingerprint, visibility))
            return int(collection.count()) if collection else 0

    def ids(self, fingerprint: str, visibility: str) -> Iterator[str]:
        """Give every id of a collection, page by page."""
        for offset in itertools.count(0, PAGE):
            with self._calling(), self._alone():
                collection = self._client.collection(_collection_name(fingerprint, visibility))
                found = (
                    collection.get(limit=PAGE, offset=offset, include=[]) if collection else None
                )
            page = found["ids"] if found else []
            yield from page
            if len(page) < PAGE:
                return

    def drop(self, fingerprint: str) -> None:
        """Delete every collection of a fingerprint."""
        prefix = _collection_name(fingerprint, "")
        with self._changing() as client:
            client.drop(prefix)
            if self._guard:
                self._guard.uncopy_all(prefix)

    def refresh(self) -> None:
        """Look at what other processes wrote; costs next to nothing if they did not."""
        with self._calling(), self._alone():
            self._renew()

    def close(self) -> None:
        """Let go of the store; the object is not used afterwards."""
        self._client.retire()

    def _search(self, name: str, vector: np.ndarray, k: int) -> list[tuple[str, float]]:
        from chromadb.errors import NotFoundError

        with self._using() as client:
            try:
                return client.nearest(self._loaded(client, name), vector, k)
            except NotFoundError:  # dropped, and perhaps made anew, by another process
                client.forget()
                return client.nearest(self._loaded(client, name), vector, k)

    # -- the client, alone and fresh ----------------------------------------------------------

    @contextmanager
    def _calling(self) -> Iterator[None]:
        """Turn every failure of Chroma into StoreUnavailable."""
        try:
            yield
        except AssistantError:
            raise
        except Exception as error:  # Chroma raises ValueError, httpx and its own errors alike
            lines = str(error).strip().splitlines() or [repr(error)]
            raise StoreUnavailable(f"the vector store ({self._name}) failed: {lines[0]}") from error

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other threads and processes from opening or changing the same folder."""
        with self._opening, self._guard.locked() if self._guard else nullcontext():
            yield

    @contextmanager
    def _using(self) -> Iterator[_Client]:
        """Give the present client, which stays open until its last user is done."""
        while not (client := self._client).enter():
            continue  # it was exchanged this moment
        try:
            yield client
        finally:
            client.leave()

    @contextmanager
    def _changing(self) -> Iterator[_Client]:
        """Change the store alone, from its newest state, and mark it as changed."""
        with self._calling(), self._alone():
            self._renew()
            with self._guard.writing() if self._guard else nullcontext():
                yield self._client
            self._client.stamp = self._guard.stamp() if self._guard else 0

    def _renew(self) -> None:
        if self._guard is None:
            self._client.forget()
        elif self._client.stamp != self._guard.stamp():
            former, self._client = self._client, self._connect()
            former.retire()

    def _connect(self) -> _Client:
        if self._guard is None:
            return _Client(self._configure(), 0)
        if self._guard.torn():
            self._mend(self._guard)
        return _Client(self._configure(), self._guard.stamp())

    def _mend(self, guard: _FolderGuard) -> None:
        """Build the folder anew from the copied vectors."""
        log.warning("a run was killed while it wrote vectors; their index is built anew")
        guard.clear()
        client = _Client(self._configure(), 0)
        for name, ids, vectors in guard.copies():
            client.upsert(name, ids, vectors)
        client.retire()
        guard.settle()

    def _loaded(self, client: _Client, name: str) -> Collection | None:
        """Give a collection that is searched without reading its files again.

        The first search reads them, and they must not change meanwhile.
        """
        collection = client.ready.get(name)
        if collection is None:
            with self._alone():
                try:
                    collection = client.load(name)
                except Exception:
                    if self._guard:  # unreadable: whoever opens the folder next builds it anew
                        self._guard.tear()
                    raise
        return collection


class _Client:
    """One opened Chroma: an own system, because Chroma shares one per folder and never reopens."""

    def __init__(self, settings: ChromaSettings, stamp: int) -> None:
        from chromadb.api import ServerAPI
        from chromadb.config import System

        self.stamp = stamp
        self.ready: dict[str, Collection] = {}
        self._system = System(settings)
        self._server = self._system.instance(ServerAPI)  # type: ignore[type-abstract]
        self._system.start()
        session = getattr(self._server, "_session", None)
        if session is not None:  # Chroma would wait for a silent server for ever
            session.timeout = SERVER_SECONDS
        self._server.heartbeat()
        self._users, self._retired, self._counting = 0, False, threading.Lock()

    def enter(self) -> bool:
        """Count a user; False if the client is closed already."""
        with self._counting:
            if self._retired:
                return False
            self._users += 1
            return True

    def leave(self) -> None:
        """Count a user off."""
        with self._counting:
            self._users -= 1
            self._close_unused()

    def retire(self) -> None:
        """Let go of files and connections once the searches under way have ended."""
        with self._counting:
            self._retired = True
            self._close_unused()

    def _close_unused(self) -> None:
        if self._retired and not self._users:
            self.ready = {}
            self._system.stop()

    def collection(self, name: str) -> Collection | None:
        """Give a collection, or None if it does not exist."""
        from chromadb.api.models.Collection import Collection
        from chromadb.errors import NotFoundError

        try:
            model = self._server.get_collection(name, **PLACE)
        except NotFoundError:
            return None
        return Collection(client=self._server, model=model, embedding_function=None)

    def upsert(self, name: str, ids: list[str], vectors: np.ndarray) -> None:
        """Write vectors into a collection, which is made if it does not exist."""
        from chromadb.api.models.Collection import Collection

        configuration: Any = {"hnsw": HNSW}
        model = self._server.get_or_create_collection(name, configuration=configuration, **PLACE)
        collection = Collection(client=self._server, model=model, embedding_function=None)
        collection.upsert(ids=ids, embeddings=vectors)

    def drop(self, prefix: str) -> None:
        """Delete the collections whose name begins like this."""
        for collection in self._server.list_collections(**PLACE):
            if collection.name.startswith(prefix):
                self._server.delete_collection(collection.name, **PLACE)
        self.forget()

    def load(self, name: str) -> Collection | None:
        """Give a collection with its index in memory."""
        collection = self.collection(name)
        sample = collection.peek(1)["embeddings"] if collection else None
        if collection is not None and sample is not None and len(sample):
            collection.query(query_embeddings=sample, n_results=1, include=[])
            self.ready[name] = collection
        return collection

    def nearest(
        self, collection: Collection | None, vector: np.ndarray, k: int
    ) -> list[tuple[str, float]]:
        """Search one collection; cosine similarity is one minus Chroma's distance."""
        if collection is None:
            return []
        query = np.asarray(vector, dtype=np.float32).reshape(1, -1)
        found = collection.query(query_embeddings=query, n_results=k, include=["distances"])
        distances = (found["distances"] or [[]])[0]
        return [(i, 1.0 - float(d)) for i, d in zip(found["ids"][0], distances, strict=True)]

    def forget(self) -> None:
        """Look collections up again, because another process may have dropped them."""
        self.ready = {}


class _FolderGuard:
    """The lock of a Chroma folder, its stamp, and the copy of its vectors."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock, self._stamp = folder / "lock", folder / "stamp"
        self._copy = folder / "vectors.sqlite3"
        self._kept = {path.name for path in (self._lock, self._stamp, self._copy)}

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder; the system lets go of it when the process ends, however it ends."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._lock.open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def stamp(self) -> int:
        """Give the number of changes so far, doubled; odd while one is under way."""
        try:
            return int(self._stamp.read_text() or 0)
        except FileNotFoundError:
            return 0

    def torn(self) -> bool:
        """Say whether the last writer did not come to its end (asked with the lock held)."""
        return self.stamp() % 2 == 1

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Mark the folder as being written; only a killed process leaves the mark behind."""
        self._set_stamp(self.stamp() + 1)
        try:
            yield
        finally:
            self._set_stamp(self.stamp() + 1)

    def tear(self) -> None:
        """Mark the folder as if a writer had been killed."""
        if not self.torn():
            self._set_stamp(self.stamp() + 1)

    def settle(self) -> None:
        """Take the mark of a killed writer off."""
        self._set_stamp(self.stamp() + 1)

    def _set_stamp(self, number: int) -> None:
        new = self._stamp.with_suffix(".new")
        new.write_text(str(number))
        new.replace(self._stamp)

    def clear(self) -> None:
        """Remove what Chroma wrote."""
        for path in self._folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif not path.name.startswith(tuple(self._kept)):
                path.unlink()

    def copy(self, name: str, ids: Sequence[str], vectors: np.ndarray) -> None:
        """Keep vectors aside."""
        rows = [(name, i, v.tobytes()) for i, v in zip(ids, vectors, strict=True)]
        with self._copies() as connection:
            connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", rows)

    def uncopy(self, name: str, ids: Sequence[str]) -> None:
        """Remove copies."""
        with self._copies() as connection:
            connection.executemany(
                "DELETE FROM vectors WHERE collection = ? AND id = ?", [(name, i) for i in ids]
            )

    def uncopy_all(self, prefix: str) -> None:
        """Remove the copies of collections whose name begins like this."""
        with self._copies() as connection:
            connection.execute(
                "DELETE FROM vectors WHERE substr(collection, 1, ?) = ?", (len(prefix), prefix)
            )

    def copies(self) -> Iterator[tuple[str, list[str], np.ndarray]]:
        """Give all copies, in parts of one collection each."""
        with self._copies() as connection:
            names = connection.execute("SELECT DISTINCT collection FROM vectors").fetchall()
            for (name,) in names:
                query = "SELECT id, vector FROM vectors WHERE collection = ? ORDER BY rowid"
                cursor = connection.execute(query, (name,))
                while rows := cursor.fetchmany(BATCH):
                    vectors = np.stack([np.frombuffer(v, dtype=np.float32) for _, v in rows])
                    yield name, [i for i, _ in rows], vectors

    @contextmanager
    def _copies(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._copy)) as connection, connection:
            connection.execute(
                "CREATE TABLE IF NOT EXISTS vectors"
                " (collection TEXT, id TEXT, vector BLOB, PRIMARY KEY (collection, id))"
            )
            yield connection


def _collection_name(fingerprint: str, visibility: str) -> str:
    return f"dp-{fingerprint[:16]}-{visibility}"


def _local(folder: Path | None) -> Callable[[], ChromaSettings]:
    return lambda: _chroma_settings(
        chroma_api_impl="chromadb.api.rust.RustBindingsAPI",
        is_persistent=folder is not None,
        persist_directory=str(folder or ""),
    )


def _server(url: str) -> Callable[[], ChromaSettings]:
    address = urlsplit(url)
    if address.scheme not in ("http", "https") or not address.hostname:
        raise ConfigurationError(
            f"setting ASSISTANT_STORE__URL: {url!r} is no address of a server; use http://host:port"
        )
    secure = address.scheme == "https"
    port = address.port or (443 if secure else 8000)
    return lambda: _chroma_settings(
        chroma_api_impl="chromadb.api.fastapi.FastAPI",
        chroma_server_host=address.hostname,
        chroma_server_http_port=port,
        chroma_server_ssl_enabled=secure,
    )


def _chroma_settings(**values: Any) -> ChromaSettings:
    from chromadb.config import Settings

    # Chroma would read our `.env`, too.
    ours: Any = {"_env_file": None, "anonymized_telemetry": False}
    return Settings(**ours, **values)
