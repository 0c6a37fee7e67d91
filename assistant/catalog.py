"""The library's records: documents, chunks, lexical index, known questions, journal, generation.

Everything is scoped by fingerprint, so libraries made with different settings stand side by side.
A document, its chunks and its index rows change in one transaction. The journal names vectors
that are about to be written or deleted: whatever a killed run left behind is in `stale()`.
"""

from __future__ import annotations

import hashlib
import math
import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, bindparam, delete, func, insert, select, text
from sqlalchemy.dialects.sqlite import insert as insert_or_update

from assistant import database as tables
from assistant.database import Database
from assistant.language import content_terms, terms
from assistant.records import Chunk, Document, Passage, Section, Source

ChunkKey = tuple[str, str]  # chunk id, visibility
Item = tuple[Document, str, str, Sequence[tuple[str, Chunk]]]  # document, root, location, chunks

# Saturation and length normalisation of BM25; FTS5 fixes the same values.
BM25_K1, BM25_B = 1.2, 0.75
# A query is searched by its rarest terms, so that its cost does not grow with the library; the
# rows found are scored by all of its terms.
SEARCHED_TERMS = 24
SEARCHED_ROWS = 30_000
COMMON_SHARE = 0.2
COMMON_FROM_CHUNKS = 2000
IDS_PER_QUERY = 500  # SQLite allows 32,766 bound values; short statements are cached better
# Every non-ASCII character is part of a token for this tokenizer; these ASCII ones are, too.
TOKENIZER = """tokenize = "ascii tokenchars '.+-&%'''" """


@dataclass(frozen=True)
class DocumentRow:
    """A document without its text, for lists."""

    path: str
    root: str
    root_location: str
    title: str
    language: str
    kind: str
    visibility: str
    content_hash: str
    confidence: str | None
    updated: str | None
    valid_until: str | None
    chunks: int


@dataclass
class _Statistics:
    """What is known of the chunks of one visibility at one generation."""

    size: int
    length: int
    frequencies: dict[str, int]


class Catalog:
    """The records of one fingerprint's library; safe to use from several threads."""

    def __init__(self, database: Database, fingerprint: str) -> None:
        """Look at this fingerprint's part of the database."""
        self._database, self.fingerprint = database, fingerprint
        self._lock = threading.Lock()
        self._statistics: dict[str, _Statistics] = {}
        self._statistics_generation = -1

    # -- what the library holds ---------------------------------------------------------------

    def generation(self) -> int:
        """Give a number that grows with every committed change of this library."""
        with self._database.read() as connection:
            return self._generation(connection)

    def documents(self) -> list[DocumentRow]:
        """List the documents by path, without their texts."""
        table = tables.documents.c
        columns = [table[name] for name in DocumentRow.__dataclass_fields__]
        query = select(*columns).where(table.fingerprint == self.fingerprint).order_by(table.path)
        with self._database.read() as connection:
            return [DocumentRow(**row) for row in connection.execute(query).mappings()]

    def document(self, path: str) -> Document | None:
        """Give a document in full, or None."""
        query = select(tables.documents).where(
            tables.documents.c.fingerprint == self.fingerprint, tables.documents.c.path == path
        )
        with self._database.read() as connection:
            row = connection.execute(query).mappings().first()
        return _document(row) if row else None

    def hashes(self, root: str) -> dict[str, tuple[str, str]]:
        """Map each path under a root to its content hash and visibility."""
        table = tables.documents.c
        query = select(table.path, table.content_hash, table.visibility).where(
            table.fingerprint == self.fingerprint, table.root == root
        )
        with self._database.read() as connection:
            return {
                row.path: (row.content_hash, row.visibility) for row in connection.execute(query)
            }

    def questions(self, paths: Sequence[str]) -> dict[str, list[str]]:
        """List the questions that each document says it answers, in its order."""
        listed: dict[str, list[str]] = {path: [] for path in paths}
        with self._database.read() as connection:
            for part in _parts(list(listed)):
                for path, question in connection.execute(_LISTED, self._values(paths=part)):
                    listed[path].append(question)
        return listed

    # -- changes ------------------------------------------------------------------------------

    def begin(self, pending: Iterable[ChunkKey]) -> None:
        """Note the vectors that are about to be written, before the first one is."""
        with self._database.write() as connection:
            self._note(connection, pending)

    def put(self, items: Sequence[Item]) -> list[ChunkKey]:
        """Replace documents with all that belongs to them, in one transaction.

        Gives the vectors that nothing refers to any more; they are in the journal until `forget`.
        """
        with self._database.write() as connection:
            old = self._delete(connection, [document.path for document, *_ in items])
            new: list[ChunkKey] = []
            for item in items:
                new += self._insert(connection, item)
            self._clear(connection, [name for name, _ in new])
            stale = sorted(set(old) - set(new))
            self._note(connection, stale)
            self._advance(connection)
        return stale

    def remove(self, paths: Sequence[str]) -> list[ChunkKey]:
        """Remove documents; gives their vectors, which are in the journal until `forget`."""
        with self._database.write() as connection:
            stale = self._delete(connection, paths)
            self._note(connection, stale)
            self._advance(connection)
        return stale

    def stale(self) -> list[ChunkKey]:
        """List the journalled vectors that belong to no chunk: to be deleted, then forgotten."""
        journal, chunks = tables.journal.c, tables.chunks.c
        same = and_(
            chunks.fingerprint == journal.fingerprint,
            chunks.name == journal.name,
            chunks.visibility == journal.visibility,
        )
        query = select(journal.name, journal.visibility).where(
            journal.fingerprint == self.fingerprint, ~select(chunks.id).where(same).exists()
        )
        with self._database.read() as connection:
            return [(row.name, row.visibility) for row in connection.execute(query)]

    def forget(self, ids: Sequence[str]) -> None:
        """Clear journal entries whose vectors are deleted."""
        if ids:
            with self._database.write() as connection:
                self._clear(connection, ids)
                self._advance(connection)

    def mark_missing(self, present: Iterable[str], visibility: str) -> list[str]:
        """Make documents of this visibility changed if the store lacks one of their vectors.

        `present` are the ids the store holds; vectors no chunk knows become stale. Gives the
        paths, which the next sync encodes again. This mends a store that was lost or exchanged.
        """
        chunks, documents = tables.chunks.c, tables.documents
        query = (
            select(chunks.name, documents.c.path)
            .join(documents)
            .where(chunks.fingerprint == self.fingerprint, chunks.visibility == visibility)
        )
        held = set(present)
        with self._database.write() as connection:
            known = {row.name: row.path for row in connection.execute(query)}
            missing = sorted({path for name, path in known.items() if name not in held})
            for part in _parts(missing):
                connection.execute(
                    documents.update()
                    .where(documents.c.fingerprint == self.fingerprint, documents.c.path.in_(part))
                    .values(content_hash="")
                )
            self._note(connection, [(name, visibility) for name in held - known.keys()])
        return missing

    # -- search -------------------------------------------------------------------------------

    def passages(self, ids: Sequence[str]) -> dict[str, Passage]:
        """Give the passages of chunk ids; ids that are gone are left out."""
        found: dict[str, Passage] = {}
        with self._database.read() as connection:
            for part in _parts(ids):
                for row in connection.execute(_PASSAGES, self._values(names=part)).mappings():
                    found[row["name"]] = _passage(row)
        return found

    def neighbours(self, passage_id: str, before: int = 1, after: int = 1) -> list[Passage]:
        """Give the passages around one in its document, in reading order, without itself."""
        chunks = tables.chunks.c
        centre = select(chunks.document_id, chunks.position).where(
            chunks.fingerprint == self.fingerprint, chunks.name == passage_id
        )
        with self._database.read() as connection:
            row = connection.execute(centre).first()
            if row is None:
                return []
            around = (
                select(chunks.name)
                .where(chunks.document_id == row.document_id)
                .where(chunks.position.between(row.position - before, row.position + after))
                .where(chunks.position != row.position)
            )
            names = list(connection.scalars(around.order_by(chunks.position)))
        passages = self.passages(names)
        return [passages[name] for name in names if name in passages]

    def size(self, visibilities: Sequence[str]) -> int:
        """Count the chunks of these visibilities."""
        return sum(s.size for s in self._known(visibilities).values())

    def document_frequency(
        self, query_terms: Sequence[str], visibilities: Sequence[str]
    ) -> dict[str, int]:
        """Count the chunks that hold each term."""
        return self._frequencies(self._known(visibilities), query_terms)

    def idf(self, query_terms: Sequence[str], visibilities: Sequence[str]) -> dict[str, float]:
        """Weigh each term, unseen ones included; their sum is the denominator of coverage."""
        return self._idf(self._known(visibilities), query_terms)

    def lexical(
        self,
        query_terms: Sequence[str],
        visibilities: Sequence[str],
        k: int,
        groups: Sequence[Sequence[Mapping[str, float]]] = (),
    ) -> list[tuple[str, float]]:
        """Find the k best chunks by BM25, best first.

        A group lists names of one thing, each as its terms with their weights; the name that a
        chunk matches best counts for the group, and its terms do not count by themselves.

        FTS5 chooses candidates by the rarest terms, per visibility; the score is then computed
        here from all terms with the statistics of all given visibilities together.
        """
        named = [name for group in groups for name in group]
        wanted = list(dict.fromkeys([*query_terms, *(term for name in named for term in name)]))
        grouped = {term for group in groups for term in group[0]}
        alone = [term for term in dict.fromkeys(query_terms) if term not in grouped]
        known = self._known(visibilities)
        weights = self._idf(known, alone)
        match = self._match(known, wanted)
        if not match:
            return []
        mean = sum(s.length for s in known.values()) / max(sum(s.size for s in known.values()), 1)
        scores: list[tuple[str, float]] = []
        with self._database.read() as connection:
            for visibility in known:
                for name, length, indexed in connection.execute(
                    text(_CANDIDATES.format(table=self._table("lexical", visibility))),
                    {"match": match, "limit": 2 * k},
                ):
                    counts = Counter(indexed.split())
                    damping = BM25_K1 * (1 - BM25_B + BM25_B * length / max(mean, 1))
                    score = _bm25(weights, counts, damping)
                    score += sum(max(_bm25(n, counts, damping) for n in g) for g in groups)
                    scores.append((name, score))
        return sorted(scores, key=lambda pair: (-pair[1], pair[0]))[:k]

    def known_questions(
        self, query_terms: Sequence[str], visibilities: Sequence[str], k: int
    ) -> list[tuple[str, str, float]]:
        """Find questions that documents list: question, path and likeness, best first.

        Likeness is the weight of the shared content terms ÷ that of all of them, 1.0 for the same.
        """
        wanted = list(dict.fromkeys(query_terms))
        scopes = self._known(visibilities) if wanted else {}
        values = {"match": _any_of(wanted[:SEARCHED_TERMS]), "limit": 4 * k}
        rows: list[tuple[str, str]] = []
        with self._database.read() as connection:
            for visibility in scopes:
                query = _QUESTIONS.format(table=self._table("questions", visibility))
                rows += [(row[0], row[1]) for row in connection.execute(text(query), values)]
        asked = {question: _question_terms(question) for question, _ in rows}
        every = list({*wanted, *(term for listed in asked.values() for term in listed)})
        weights = self._idf(scopes, every)
        scored = [(q, path, _likeness(wanted, asked[q], weights)) for q, path in rows]
        return sorted(scored, key=lambda row: (-row[2], row[1], row[0]))[:k]

    # -- inside a transaction -----------------------------------------------------------------

    def _values(self, **values: Any) -> dict[str, Any]:
        return {"fingerprint": self.fingerprint, **values}

    def _table(self, kind: str, visibility: str) -> str:
        # Hashed, because the name stands in the statement itself.
        scope = hashlib.sha256(f"{self.fingerprint}\n{visibility}".encode()).hexdigest()[:16]
        return f"{kind}_{scope}"

    def _generation(self, connection: Connection) -> int:
        return connection.scalar(_GENERATION, self._values()) or 0

    def _advance(self, connection: Connection) -> None:
        table = tables.generations
        step = insert_or_update(table).values(fingerprint=self.fingerprint, number=1)
        connection.execute(
            step.on_conflict_do_update(
                index_elements=["fingerprint"], set_={"number": table.c.number + 1}
            )
        )

    def _note(self, connection: Connection, keys: Iterable[ChunkKey]) -> None:
        rows = [self._values(name=name, visibility=visibility) for name, visibility in keys]
        if rows:
            connection.execute(insert(tables.journal).prefix_with("OR IGNORE"), rows)

    def _clear(self, connection: Connection, ids: Sequence[str]) -> None:
        journal = tables.journal
        for part in _parts(ids):
            connection.execute(
                delete(journal).where(
                    journal.c.fingerprint == self.fingerprint, journal.c.name.in_(part)
                )
            )

    def _delete(self, connection: Connection, paths: Sequence[str]) -> list[ChunkKey]:
        documents, chunks, known = tables.documents.c, tables.chunks.c, tables.known_questions.c
        keys: list[ChunkKey] = []
        for part in _parts(paths):
            found = select(documents.id).where(
                documents.fingerprint == self.fingerprint, documents.path.in_(part)
            )
            ids = list(connection.scalars(found))
            stored = select(chunks.id, chunks.visibility, chunks.name)
            rows = connection.execute(stored.where(chunks.document_id.in_(ids))).all()
            listed = select(known.id, known.visibility).where(known.document_id.in_(ids))
            self._unindex(connection, "lexical", [(row.id, row.visibility) for row in rows])
            asked = [(row.id, row.visibility) for row in connection.execute(listed)]
            self._unindex(connection, "questions", asked)
            connection.execute(delete(tables.documents).where(documents.id.in_(ids)))
            keys += [(row.name, row.visibility) for row in rows]
        return keys

    def _unindex(self, connection: Connection, kind: str, rows: Sequence[tuple[int, str]]) -> None:
        for visibility in {visibility for _, visibility in rows}:
            statement = text(f"DELETE FROM {self._table(kind, visibility)} WHERE rowid = :id")
            connection.execute(statement, [{"id": i} for i, v in rows if v == visibility])

    def _insert(self, connection: Connection, item: Item) -> list[ChunkKey]:
        document, root, location, named = item
        self._create_index(connection, document.visibility)
        row = _document_values(document) | self._values(
            root=root, root_location=location, chunks=len(named)
        )
        key = connection.execute(insert(tables.documents), row).inserted_primary_key
        assert key is not None
        for name, chunk in named:
            self._insert_chunk(connection, document, key[0], name, chunk)
        self._insert_questions(connection, document, key[0])
        return [(name, document.visibility) for name, _ in named]

    def _insert_chunk(
        self, connection: Connection, document: Document, key: int, name: str, chunk: Chunk
    ) -> None:
        indexed = terms("\n".join((document.title, *chunk.headings, chunk.text)))
        row = asdict(chunk) | self._values(
            name=name,
            document_id=key,
            visibility=document.visibility,
            headings=list(chunk.headings),
            terms=len(indexed),
        )
        stored = connection.execute(insert(tables.chunks), row).inserted_primary_key
        assert stored is not None
        table = self._table("lexical", document.visibility)
        connection.execute(
            text(f"INSERT INTO {table}(rowid, terms) VALUES (:id, :terms)"),
            {"id": stored[0], "terms": " ".join(indexed)},
        )

    def _insert_questions(self, connection: Connection, document: Document, key: int) -> None:
        table = self._table("questions", document.visibility)
        for question in document.questions:
            row = self._values(document_id=key, visibility=document.visibility, question=question)
            stored = connection.execute(insert(tables.known_questions), row).inserted_primary_key
            assert stored is not None
            connection.execute(
                text(f"INSERT INTO {table}(rowid, terms) VALUES (:id, :terms)"),
                {"id": stored[0], "terms": " ".join(_question_terms(question))},
            )

    def _create_index(self, connection: Connection, visibility: str) -> None:
        for kind in ("lexical", "questions"):
            name = self._table(kind, visibility)
            connection.execute(
                text(f"CREATE VIRTUAL TABLE IF NOT EXISTS {name} USING fts5(terms, {TOKENIZER})")
            )
            connection.execute(
                text(
                    f"CREATE VIRTUAL TABLE IF NOT EXISTS {name}_terms "
                    f"USING fts5vocab({name}, 'row')"
                )
            )

    # -- statistics ---------------------------------------------------------------------------

    def _known(self, visibilities: Sequence[str]) -> dict[str, _Statistics]:
        """Give the statistics of the visibilities that hold anything, as of this generation."""
        with self._database.read() as connection, self._lock:
            generation = self._generation(connection)
            if generation != self._statistics_generation:
                rows = connection.execute(_SIZES, self._values()).all()
                self._statistics = {v: _Statistics(size, length, {}) for v, size, length in rows}
                self._statistics_generation = generation
            return {v: self._statistics[v] for v in visibilities if v in self._statistics}

    def _count(self, visibility: str, statistics: _Statistics, wanted: Sequence[str]) -> None:
        unknown = [term for term in wanted if term not in statistics.frequencies]
        if not unknown:
            return
        query = text(f"SELECT doc FROM {self._table('lexical', visibility)}_terms WHERE term = :t")
        with self._database.read() as connection:
            for term in unknown:
                statistics.frequencies[term] = connection.scalar(query, {"t": term}) or 0

    def _frequencies(
        self, known: Mapping[str, _Statistics], wanted: Sequence[str]
    ) -> dict[str, int]:
        for visibility, statistics in known.items():
            self._count(visibility, statistics, wanted)
        return {term: sum(s.frequencies.get(term, 0) for s in known.values()) for term in wanted}

    def _idf(self, known: Mapping[str, _Statistics], wanted: Sequence[str]) -> dict[str, float]:
        size = sum(s.size for s in known.values())
        return {
            term: math.log((size - seen + 0.5) / (seen + 0.5) + 1)
            for term, seen in self._frequencies(known, wanted).items()
        }

    def _match(self, known: Mapping[str, _Statistics], wanted: Sequence[str]) -> str:
        """Choose the terms that are searched and write them as an FTS5 query."""
        seen = self._frequencies(known, wanted)
        size = sum(s.size for s in known.values())
        rarest = sorted((term for term in wanted if seen[term]), key=lambda term: seen[term])
        if size > COMMON_FROM_CHUNKS:
            rare = [term for term in rarest if seen[term] <= COMMON_SHARE * size]
            rarest = rare or rarest[:1]
        chosen: list[str] = []
        rows = 0
        for term in rarest[:SEARCHED_TERMS]:
            rows += seen[term]
            if chosen and rows > SEARCHED_ROWS:
                break
            chosen.append(term)
        return _any_of(chosen)


_GENERATION = select(tables.generations.c.number).where(
    tables.generations.c.fingerprint == bindparam("fingerprint")
)
_SIZES = (
    select(
        tables.chunks.c.visibility, func.count(), func.coalesce(func.sum(tables.chunks.c.terms), 0)
    )
    .where(tables.chunks.c.fingerprint == bindparam("fingerprint"))
    .group_by(tables.chunks.c.visibility)
)
_CHUNK_COLUMNS = ("name", "start", "end", "page", "headings", "text")
_DOCUMENT_COLUMNS = (
    *("path", "title", "language", "visibility"),
    *("kind", "confidence", "updated", "valid_until"),
)
_PASSAGES = (
    select(
        *(tables.chunks.c[name] for name in _CHUNK_COLUMNS),
        *(tables.documents.c[name] for name in _DOCUMENT_COLUMNS),
    )
    .join(tables.documents)
    .where(tables.chunks.c.fingerprint == bindparam("fingerprint"))
    .where(tables.chunks.c.name.in_(bindparam("names", expanding=True)))
)
_CANDIDATES = """
    SELECT chunks.name, chunks.terms, found.terms
    FROM (SELECT rowid AS id, terms FROM {table} WHERE {table} MATCH :match
          ORDER BY rank LIMIT :limit) AS found
    JOIN chunks ON chunks.id = found.id
"""
_QUESTIONS = """
    SELECT known_questions.question, documents.path
    FROM (SELECT rowid AS id FROM {table} WHERE {table} MATCH :match
          ORDER BY rank LIMIT :limit) AS found
    JOIN known_questions ON known_questions.id = found.id
    JOIN documents ON documents.id = known_questions.document_id
"""
_LISTED = (
    select(tables.documents.c.path, tables.known_questions.c.question)
    .join(tables.documents)
    .where(tables.documents.c.fingerprint == bindparam("fingerprint"))
    .where(tables.documents.c.path.in_(bindparam("paths", expanding=True)))
    .order_by(tables.known_questions.c.id)
)
_DETAILS = ("summary", "audience", "sources", "questions", "tags", "sections")


def _parts(values: Sequence[str]) -> Iterable[Sequence[str]]:
    for start in range(0, len(values), IDS_PER_QUERY):
        yield values[start : start + IDS_PER_QUERY]


def _any_of(wanted: Sequence[str]) -> str:
    # FTS5 ends a query at a NUL, and nothing unprintable is ever indexed.
    quoted = ('"' + term.replace('"', '""') + '"' for term in wanted if term.isprintable())
    return " OR ".join(quoted) or '""'


def _question_terms(question: str) -> list[str]:
    return list(dict.fromkeys(content_terms(question) or terms(question)))


def _bm25(weights: Mapping[str, float], counts: Mapping[str, int], damping: float) -> float:
    return sum(
        weight * counts[term] * (BM25_K1 + 1) / (counts[term] + damping)
        for term, weight in weights.items()
        if term in counts
    )


def _likeness(wanted: Sequence[str], listed: Sequence[str], weights: dict[str, float]) -> float:
    every = {*wanted, *listed}
    total = sum(weights[term] for term in every)
    return sum(weights[t] for t in set(wanted) & set(listed)) / total if total else 0.0


def _document_values(document: Document) -> dict[str, Any]:
    values = asdict(document)
    details = {name: values.pop(name) for name in _DETAILS}
    return values | {"slug": document.slug, "details": details}


def _document(row: RowMapping) -> Document:
    details = dict(row["details"])
    sections = (
        Section(**{**section, "headings": tuple(section["headings"])})
        for section in details["sections"]
    )
    fields = {
        name: row[name]
        for name in Document.__dataclass_fields__
        if name not in _DETAILS and name in row
    }
    return Document(
        **fields,
        summary=details["summary"],
        audience=tuple(details["audience"]),
        sources=tuple(Source(**source) for source in details["sources"]),
        questions=tuple(details["questions"]),
        tags=tuple(details["tags"]),
        sections=tuple(sections),
    )


def _passage(row: RowMapping) -> Passage:
    headings = tuple(row["headings"])
    return Passage(
        id=row["name"],
        document=row["path"],
        title=row["title"],
        section=headings[-1] if headings else row["title"],
        start=row["start"],
        end=row["end"],
        text=row["text"],
        language=row["language"],
        visibility=row["visibility"],
        kind=row["kind"],
        confidence=row["confidence"],
        updated=row["updated"],
        valid_until=row["valid_until"],
        page=row["page"],
        headings=headings,
    )
