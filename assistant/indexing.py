"""Brings the library into the state of its sources: read, cut, encode, store, report.

A sync can be run twice, killed at any moment and run again: vectors are journalled before they
are written, each batch of documents becomes visible in one transaction, and what a killed run
left behind is deleted at the start of the next one. One broken document never stops the others.
"""

from __future__ import annotations

import hashlib
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np

from assistant import chunking, loading
from assistant.catalog import Catalog
from assistant.database import Database
from assistant.embedding import Encoder
from assistant.errors import InputError, LoadingError
from assistant.records import (
    VISIBLE_TO,
    Chunk,
    Document,
    Progress,
    SyncItem,
    SyncReport,
    Visibility,
)
from assistant.settings import ChunkSettings
from assistant.store import VectorStore

# Large enough to keep the encoder busy, small enough that a killed run repeats little.
BATCH_CHUNKS = 192
ENCODE_STEP = 32

OnProgress = Callable[[Progress], None]


@dataclass
class _Job:
    """One changed document on its way into the library."""

    origin: loading.Origin
    document: Document
    chunks: list[tuple[str, Chunk]]
    known: bool


@dataclass
class _Run:
    """What one sync has seen and done so far."""

    items: list[SyncItem] = field(default_factory=list)
    seen: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    known: dict[str, dict[str, tuple[str, str]]] = field(default_factory=dict)
    encoded: int = 0
    documents_done: int = 0
    documents_total: int = 0
    chunks_known: int = 0
    started: float = field(default_factory=time.perf_counter)
    encode_seconds: float = 0.0


class Indexer:
    """Syncs files, folders and addresses with the catalog and the vector store."""

    def __init__(
        self,
        database: Database,
        catalog: Catalog,
        store: VectorStore,
        encoder: Encoder,
        chunks: ChunkSettings,
    ) -> None:
        """Take the opened parts; nothing is read or loaded yet."""
        self._database, self._catalog, self._store = database, catalog, store
        self._encoder, self._chunks = encoder, chunks

    def sync(
        self,
        targets: Sequence[str | Path],
        visibility: Visibility | None = None,
        *,
        prune: bool = False,
        dry_run: bool = False,
        on_progress: OnProgress | None = None,
    ) -> SyncReport:
        """Make the library agree with the targets; documents gone from a target are removed.

        `prune` also removes every document that no target of this run contains; `dry_run`
        reports the same outcomes and writes nothing. Raises LibraryError if another sync runs.
        """
        run = _Run()
        if dry_run:
            self._walk(run, targets, visibility, prune, True, on_progress)
        else:
            with self._database.sync_lock():
                self._delete_vectors(self._catalog.stale())
                self._find_lost_vectors()
                self._walk(run, targets, visibility, prune, False, on_progress)
        return SyncReport(
            items=tuple(sorted(run.items, key=lambda item: item.path)),
            encoded=run.encoded,
            seconds=time.perf_counter() - run.started,
            fingerprint=self._catalog.fingerprint,
            dry_run=dry_run,
            encode_seconds=run.encode_seconds,
        )

    def _find_lost_vectors(self) -> None:
        """Have documents done again whose vectors are gone: another server, a deleted folder."""
        for visibility in VISIBLE_TO["admin"]:
            held = self._store.count(self._catalog.fingerprint, visibility)
            if held != self._catalog.size([visibility]):
                present = self._store.ids(self._catalog.fingerprint, visibility)
                self._catalog.mark_missing(present, visibility)
                self._delete_vectors(self._catalog.stale())

    def _walk(
        self,
        run: _Run,
        targets: Sequence[str | Path],
        visibility: Visibility | None,
        prune: bool,
        dry_run: bool,
        on_progress: OnProgress | None,
    ) -> None:
        for target in targets:
            if Path(target).is_dir():  # an emptied folder has no origin, yet its documents are gone
                run.seen[Path(target).resolve().name] = set()
        origins = self._discover(run, targets)
        run.documents_total = len(origins)
        batch: list[_Job] = []
        for origin in origins:
            job = self._prepare(run, origin, visibility)
            run.documents_done += 1
            self._tell(run, "reading", on_progress)
            if job is None:
                continue
            batch.append(job)
            run.chunks_known += len(job.chunks)
            if sum(len(j.chunks) for j in batch) >= BATCH_CHUNKS:
                self._commit(run, batch, dry_run, on_progress)
                batch = []
        self._commit(run, batch, dry_run, on_progress)
        self._remove(run, prune, dry_run)
        self._tell(run, "done", on_progress)

    def _discover(self, run: _Run, targets: Sequence[str | Path]) -> list[loading.Origin]:
        locations = {row.root: row.root_location for row in self._catalog.documents()}
        origins: list[loading.Origin] = []
        for found in loading.discover(targets):
            if not isinstance(found, loading.Origin):
                path, error = found
                run.items.append(SyncItem(path, "failed", str(error)))
                root, inside, _ = path.partition("/")
                if inside:
                    run.seen[root].add(path)
                continue
            taken = locations.setdefault(found.root, found.root_location)
            if taken != found.root_location and Path(taken).exists():
                raise InputError(
                    f"the library already has '{found.root}' from {taken}; "
                    f"rename {found.root_location} and run again"
                )
            origins.append(found)
        return origins

    def _prepare(
        self, run: _Run, origin: loading.Origin, visibility: Visibility | None
    ) -> _Job | None:
        run.seen[origin.root].add(origin.path)
        if origin.root not in run.known:
            run.known[origin.root] = dict(self._catalog.hashes(origin.root))
        known = run.known[origin.root].get(origin.path)
        try:
            raw = loading.read_bytes(origin)
            stamp = f"{loading.content_hash(raw)}:{visibility or ''}"
            if known and known[0] == stamp:
                run.items.append(SyncItem(origin.path, "unchanged"))
                return None
            document = replace(loading.load(origin, raw, visibility), content_hash=stamp)
            chunks = chunking.chunk(
                document, self._chunks.size_tokens, self._chunks.overlap_tokens
            )
        except LoadingError as error:
            kept = "; the version of before stays in the library" if known else ""
            run.items.append(SyncItem(origin.path, "failed", f"{error}{kept}"))
            return None
        named = [(self._chunk_id(document, c), c) for c in chunks]
        return _Job(origin, document, named, known is not None)

    def _chunk_id(self, document: Document, chunk: Chunk) -> str:
        identity = (
            f"{self._catalog.fingerprint}\n{document.path}\n{document.content_hash}"
            f"\n{document.visibility}\n{chunk.position}"
        )
        return hashlib.sha256(identity.encode()).hexdigest()[:24]

    def _commit(
        self, run: _Run, batch: Sequence[_Job], dry_run: bool, on_progress: OnProgress | None
    ) -> None:
        if not batch:
            return
        for job in batch:
            known: Literal["updated", "added"] = "updated" if job.known else "added"
            run.items.append(SyncItem(job.document.path, known, chunks=len(job.chunks)))
        if dry_run:
            return
        vectors = self._encode(run, batch, on_progress)
        groups: dict[str, list[int]] = defaultdict(list)
        flat = [(job, name) for job in batch for name, _ in job.chunks]
        for index, (job, _) in enumerate(flat):
            groups[job.document.visibility].append(index)
        self._catalog.begin([(name, job.document.visibility) for job, name in flat])
        for visibility, rows in groups.items():
            names = [flat[row][1] for row in rows]
            self._store.upsert(self._catalog.fingerprint, visibility, names, vectors[rows])
        stale = self._catalog.put(
            [(j.document, j.origin.root, j.origin.root_location, j.chunks) for j in batch]
        )
        self._delete_vectors(stale)

    def _encode(
        self, run: _Run, batch: Sequence[_Job], on_progress: OnProgress | None
    ) -> np.ndarray:
        pairs = [
            (chunking.embedding_text(job.document, chunk), job.document.language)
            for job in batch
            for _, chunk in job.chunks
        ]
        pieces: list[np.ndarray] = []
        for start in range(0, len(pairs), ENCODE_STEP):
            step = pairs[start : start + ENCODE_STEP]
            began = time.perf_counter()
            pieces.append(
                self._encoder.encode_documents([text for text, _ in step], [la for _, la in step])
            )
            run.encode_seconds += time.perf_counter() - began
            run.encoded += len(step)
            self._tell(run, "encoding", on_progress)
        return np.concatenate(pieces) if pieces else np.zeros((0, 1), dtype=np.float32)

    def _remove(self, run: _Run, prune: bool, dry_run: bool) -> None:
        gone = [
            row.path
            for row in self._catalog.documents()
            if (row.root in run.seen or prune) and row.path not in run.seen.get(row.root, ())
        ]
        run.items.extend(SyncItem(path, "removed") for path in gone)
        if gone and not dry_run:
            self._delete_vectors(self._catalog.remove(gone))

    def _delete_vectors(self, stale: Iterable[tuple[str, str]]) -> None:
        groups: dict[str, list[str]] = defaultdict(list)
        for name, visibility in stale:
            groups[visibility].append(name)
        for visibility, names in groups.items():
            self._store.delete(self._catalog.fingerprint, visibility, names)
            self._catalog.forget(names)

    def _tell(self, run: _Run, stage: str, on_progress: OnProgress | None) -> None:
        if on_progress is None:
            return
        rate = run.encoded / run.encode_seconds if run.encode_seconds else 0.0
        # Chunks of documents not read yet are estimated from those read so far.
        read = max(run.documents_done, 1)
        expected = run.chunks_known * run.documents_total / read
        left = (expected - run.encoded) / rate if rate else None
        on_progress(
            Progress(
                stage,  # type: ignore[arg-type]
                run.documents_done,
                run.documents_total,
                run.encoded,
                run.chunks_known,
                rate,
                left,
            )
        )
