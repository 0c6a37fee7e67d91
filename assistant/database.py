"""The relational database: its tables, its migrations, its transactions and its one-sync lock.

Readers and writers are told apart when a transaction begins: a writer takes SQLite's write lock at
once, so it waits for another writer instead of failing half way. Alembic is imported only if the
schema is not the newest. Only this module, `catalog`, `history` and `archive` know SQLAlchemy.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    Engine,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    create_engine,
    event,
    inspect,
    make_url,
    text,
)
from sqlalchemy.exc import ArgumentError, DBAPIError

from assistant.errors import ConfigurationError, LibraryError
from assistant.settings import StoreSettings

MIGRATIONS = Path(__file__).resolve().parent / "migrations"
BUSY_SECONDS = 30

metadata = MetaData()

documents = Table(
    "documents",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("fingerprint", String, nullable=False),
    Column("path", String, nullable=False),
    Column("owner", String, nullable=False, server_default="local"),
    Column("root", String, nullable=False),
    Column("root_location", String, nullable=False),
    Column("slug", String, nullable=False),
    Column("title", String, nullable=False),
    Column("language", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("visibility", String, nullable=False),
    Column("content_hash", String, nullable=False),
    Column("confidence", String),
    Column("updated", String),
    Column("valid_from", String),
    Column("valid_until", String),
    Column("chunks", Integer, nullable=False),
    Column("details", JSON, nullable=False),
    Column("text", Text, nullable=False),
    UniqueConstraint("fingerprint", "path"),
    Index("documents_by_slug", "fingerprint", "slug"),
)
chunks = Table(
    "chunks",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("fingerprint", String, nullable=False),
    Column("visibility", String, nullable=False),
    Column("name", String, nullable=False),
    Column("document_id", ForeignKey("documents.id", ondelete="CASCADE"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("start", Integer, nullable=False),
    Column("end", Integer, nullable=False),
    Column("page", Integer),
    Column("tokens", Integer, nullable=False),
    Column("terms", Integer, nullable=False),
    Column("headings", JSON, nullable=False),
    Column("text", Text, nullable=False),
    UniqueConstraint("fingerprint", "name"),
    Index("chunks_by_document", "document_id", "position"),
    Index("chunks_by_scope", "fingerprint", "visibility", "terms"),
)
known_questions = Table(
    "known_questions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("fingerprint", String, nullable=False),
    Column("visibility", String, nullable=False),
    Column("document_id", ForeignKey("documents.id", ondelete="CASCADE"), nullable=False),
    Column("question", String, nullable=False),
    Index("known_questions_by_document", "document_id"),
)
generations = Table(
    "generations",
    metadata,
    Column("fingerprint", String, primary_key=True),
    Column("number", Integer, nullable=False),
)
journal = Table(
    "journal",
    metadata,
    Column("fingerprint", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("visibility", String, primary_key=True),
)
conversations = Table(
    "conversations",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("id", String, nullable=False, unique=True),
    Column("owner", String, nullable=False),
    Column("title", String, nullable=False),
    Column("folded_title", String, nullable=False),
    Column("created", String, nullable=False),
    Column("updated", String, nullable=False),
    Index("conversations_by_owner", "owner", "updated"),
)
turns = Table(
    "turns",
    metadata,
    Column(
        "conversation", ForeignKey("conversations.number", ondelete="CASCADE"), primary_key=True
    ),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("role", String, nullable=False),
    Column("content", Text, nullable=False),
    Column("folded_content", Text, nullable=False),
    Column("answer", JSON(none_as_null=True)),
    Column("created", String, nullable=False),
)
feedback = Table(
    "feedback",
    metadata,
    Column(
        "conversation", ForeignKey("conversations.number", ondelete="CASCADE"), primary_key=True
    ),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("owner", String, primary_key=True),
    Column("verdict", String, nullable=False),
    Column("note", Text, nullable=False),
    Column("created", String, nullable=False),
)
gaps = Table(
    "gaps",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("owner", String, nullable=False),
    Column("folded_question", String, nullable=False),
    Column("question", String, nullable=False),
    Column("language", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("time", String, nullable=False),
    Column("nearest", JSON, nullable=False),
    Column("count", Integer, nullable=False),
    UniqueConstraint("owner", "folded_question"),
)
works = Table(
    "works",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("id", String, nullable=False, unique=True),
    Column("owner", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("title", String, nullable=False),
    Column("folded_title", String, nullable=False),
    Column("created", String, nullable=False),
    Column("updated", String, nullable=False),
    Column("draft", JSON, nullable=False),
    Index("works_by_owner", "owner", "kind", "updated"),
)
versions = Table(
    "versions",
    metadata,
    Column("work", ForeignKey("works.number", ondelete="CASCADE"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("comment", Text, nullable=False),
    Column("created", String, nullable=False),
    Column("inputs", JSON, nullable=False),
    Column("result", JSON, nullable=False),
)


class Database:
    """One SQLite file, opened at the newest schema; several threads and processes may share it."""

    def __init__(self, engine: Engine, file: Path) -> None:
        """Use `Database.open`."""
        self._engine, self._file = engine, file
        self._writer = engine.execution_options(begin="BEGIN IMMEDIATE")

    @classmethod
    def open(cls, settings: StoreSettings, data: Path) -> Database:
        """Open the database of the data folder, or the one of the setting, and migrate it."""
        file = _file(settings, data)
        file.parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(f"sqlite:///{file}", connect_args={"timeout": BUSY_SECONDS})
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", _begin)
        database = cls(engine, file)
        try:
            database._migrate()
        except DBAPIError as error:
            engine.dispose()
            raise LibraryError(f"the database {file} cannot be opened: {error.orig}") from error
        except LibraryError:
            engine.dispose()
            raise
        return database

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection with a consistent view of the database."""
        with self._engine.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a connection with one transaction: everything is kept, or nothing on an error."""
        try:
            with self._writer.begin() as connection:
                yield connection
        except DBAPIError as error:
            raise LibraryError(
                f"the database {self._file} refuses to write: {error.orig}"
            ) from error

    @contextmanager
    def sync_lock(self) -> Iterator[None]:
        """Let one sync run at a time; another one, of any process, gets a LibraryError.

        The system releases the lock when its process ends, however it ends.
        """
        path = self._file.with_name(self._file.name + ".sync")
        with path.open("a+", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                file.seek(0)
                raise LibraryError(
                    f"another ingest is running (process {file.read().strip() or 'unknown'}); "
                    "wait for it to end and run again"
                ) from error
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            yield

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def _migrate(self) -> None:
        newest = newest_revision()
        with self._engine.connect() as connection:
            if _revision(connection) == newest:
                return
        with self._writer.begin() as connection:
            revision = _revision(connection)  # again: another process may have been first
            if revision and revision > newest:
                raise LibraryError(
                    f"the database {self._file} was written by a newer version of this program; "
                    "update the program, or move the file away"
                )
            if revision != newest:
                _upgrade(connection)


def newest_revision() -> str:
    """Name the newest migration; a migration's file begins with its number."""
    return max(path.name[:4] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def _file(settings: StoreSettings, data: Path) -> Path:
    if settings.database is None:
        return data.absolute() / "assistant.sqlite3"
    try:
        url = make_url(settings.database)
    except ArgumentError as error:
        raise ConfigurationError(
            "setting ASSISTANT_STORE__DATABASE: not a database address; use sqlite:///path/to/file"
        ) from error
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        raise ConfigurationError(
            f"setting ASSISTANT_STORE__DATABASE: {url.render_as_string()} is not supported; "
            "use sqlite:///path/to/file"
        )
    return Path(url.database).absolute()


def _prepare(connection: Any, _record: object) -> None:
    # The driver must not begin transactions by itself, or tables are created outside of them.
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "foreign_keys=ON",
        "cache_size=-65536",  # KiB: the lexical index of 100,000 chunks is read from memory
        "mmap_size=1073741824",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
