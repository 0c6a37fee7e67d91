"""Plans and assessments of one owner: the form as it is being filled, and every finished version.

A work holds one draft, which is overwritten as the user types, and numbered versions, which never
change. Results are stored as they were given, so they stay the same when rules or texts change.
Safe to use from several threads.
"""

from __future__ import annotations

import builtins
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from assistant import database as tables
from assistant.database import Database
from assistant.errors import InputError
from assistant.language import fold

Kind = Literal["plan", "assessment"]
TITLE_CHARACTERS = 200


@dataclass(frozen=True)
class Work:
    """A plan or an assessment, for lists; `versions` counts the finished ones, times are UTC."""

    id: str
    kind: Kind
    title: str
    created: str
    updated: str
    versions: int = 0
    draft: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Version:
    """One finished version: what it was made from, and the result as it was given."""

    work: str
    number: int
    comment: str
    created: str
    inputs: Mapping[str, Any] = field(default_factory=dict)
    result: Mapping[str, Any] = field(default_factory=dict)


class Archive:
    """The plans and assessments of one owner."""

    def __init__(self, database: Database, owner: str) -> None:
        """Look at this owner's part of the database."""
        self._database, self._owner = database, owner

    def create(self, kind: Kind, title: str, draft: Mapping[str, Any]) -> str:
        """Begin a work with the content of its form and give its id."""
        name, now = uuid.uuid4().hex, _now()
        row = _title(title) | {"id": name, "owner": self._owner, "kind": kind}
        with self._database.write() as connection:
            connection.execute(
                insert(tables.works), row | {"draft": dict(draft), "created": now, "updated": now}
            )
        return name

    def keep(self, work: str, draft: Mapping[str, Any], title: str | None = None) -> None:
        """Overwrite the draft of a work, and its title if there is one."""
        changed = {"draft": dict(draft), "updated": _now()} | (_title(title) if title else {})
        with self._database.write() as connection:
            number = self._number(connection, work)
            connection.execute(
                update(tables.works).where(tables.works.c.number == number).values(**changed)
            )

    def finish(
        self, work: str, inputs: Mapping[str, Any], result: Mapping[str, Any], comment: str = ""
    ) -> int:
        """Keep a result as the next version and give its number, counted from 1."""
        table = tables.versions
        with self._database.write() as connection:
            number = self._number(connection, work)
            last = connection.scalar(
                select(func.max(table.c.version)).where(table.c.work == number)
            )
            row = {"work": number, "version": (last or 0) + 1, "comment": comment}
            row |= {"inputs": dict(inputs), "result": dict(result), "created": _now()}
            connection.execute(insert(table), row)
            connection.execute(
                update(tables.works)
                .where(tables.works.c.number == number)
                .values(updated=row["created"])
            )
        return int(row["version"])

    def work(self, work: str) -> Work:
        """Give one work with its draft."""
        with self._database.read() as connection:
            row = connection.execute(self._works().where(tables.works.c.id == work)).first()
        if row is None:
            raise _missing(work)
        return _work(row)

    def list(self, kind: Kind, search: str = "", limit: int = 200) -> builtins.list[Work]:
        """List works of a kind, the latest first, whose title contains the text."""
        heads = tables.works.c
        query = self._works().where(heads.kind == kind)
        if wanted := fold(search).strip():
            query = query.where(heads.folded_title.contains(wanted, autoescape=True))
        query = query.order_by(heads.updated.desc(), heads.number.desc()).limit(limit)
        with self._database.read() as connection:
            return [_work(row) for row in connection.execute(query)]

    def version(self, work: str, number: int | None = None) -> Version:
        """Give a version with its inputs and result, the latest unless a number is given."""
        found = self._versions(work, number, whole=True)
        if not found:
            raise InputError(
                f"there is no version {number or ''} of {work!r}".replace("  ", " "),
                key="error.no_version",
            )
        return found[-1]

    def versions(self, work: str) -> builtins.list[Version]:
        """List the versions of a work in order, without inputs and results."""
        return self._versions(work, None, whole=False)

    def rename(self, work: str, title: str) -> None:
        """Give a work another title."""
        if not title.strip():
            raise InputError("a title is needed", key="error.no_title")
        with self._database.write() as connection:
            number = self._number(connection, work)
            table = tables.works
            connection.execute(
                update(table).where(table.c.number == number).values(**_title(title))
            )

    def delete(self, work: str) -> None:
        """Delete a work with all its versions."""
        with self._database.write() as connection:
            number = self._number(connection, work)
            connection.execute(delete(tables.works).where(tables.works.c.number == number))

    def _works(self) -> Any:
        heads, made = tables.works.c, tables.versions.c
        count = select(func.count()).where(made.work == heads.number).scalar_subquery()
        return select(
            heads.id, heads.kind, heads.title, heads.created, heads.updated,
            count.label("versions"), heads.draft,
        ).where(heads.owner == self._owner)  # fmt: skip

    def _versions(self, work: str, number: int | None, *, whole: bool) -> builtins.list[Version]:
        made = tables.versions.c
        columns = [made.version, made.comment, made.created]
        columns += [made.inputs, made.result] if whole else []
        with self._database.read() as connection:
            query = select(*columns).where(made.work == self._number(connection, work))
            if number is not None:
                query = query.where(made.version == number)
            elif whole:
                query = query.order_by(made.version.desc()).limit(1)
            rows = connection.execute(query.order_by(made.version)).all()
        return [Version(work, *row) for row in rows]

    def _number(self, connection: Connection, work: str) -> int:
        heads = tables.works.c
        number = connection.scalar(
            select(heads.number).where(heads.id == work, heads.owner == self._owner)
        )
        if number is None:
            raise _missing(work)
        return int(number)


def _missing(work: str) -> InputError:
    return InputError(f"there is no plan or assessment {work!r}", key="error.no_work")


def _work(row: Row[Any]) -> Work:
    return Work(**row._mapping)


def _title(title: str) -> dict[str, str]:
    shown = " ".join(title.split())[:TITLE_CHARACTERS]
    return {"title": shown, "folded_title": fold(shown)}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
