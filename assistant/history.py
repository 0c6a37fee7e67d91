"""What people asked and got: conversations, their turns, feedback, and unanswered questions.

Each owner sees only their own. An answer is stored as it was given, so it stays the same when its
sources change. Safe to use from several threads.
"""

from __future__ import annotations

import builtins
import re
import uuid
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, func, insert, or_, select, update
from sqlalchemy.dialects.sqlite import insert as insert_or_update

from assistant import database as tables
from assistant.database import Database
from assistant.errors import InputError
from assistant.language import fold
from assistant.records import Answer, Conversation, Gap, Nearest, Turn

TITLE_CHARACTERS = 200
VERDICTS = ("up", "down")


class History:
    """The conversations of one owner."""

    def __init__(self, database: Database, owner: str) -> None:
        """Look at this owner's part of the database."""
        self._database, self._owner = database, owner

    # -- conversations ------------------------------------------------------------------------

    def create(self, title: str) -> str:
        """Begin a conversation and give its id."""
        name, now = uuid.uuid4().hex, _now()
        row = _title(title) | {"id": name, "owner": self._owner, "created": now, "updated": now}
        with self._database.write() as connection:
            connection.execute(insert(tables.conversations), row)
        return name

    def append(self, conversation_id: str, turn: Turn) -> None:
        """Add a turn at the end."""
        table = tables.turns
        with self._database.write() as connection:
            number = self._number(connection, conversation_id)
            row = {
                "conversation": number,
                "position": _length(connection, number),
                "role": turn.role,
                "content": turn.content,
                "folded_content": fold(turn.content),
                "answer": turn.answer.to_json() if turn.answer else None,
                "created": _now(),
            }
            connection.execute(insert(table), row)
            self._touch(connection, number)

    def turns(self, conversation_id: str) -> list[Turn]:
        """Give the turns in order, answers as they were given."""
        table = tables.turns
        with self._database.read() as connection:
            number = self._number(connection, conversation_id)
            query = select(table).where(table.c.conversation == number).order_by(table.c.position)
            return [_turn(row) for row in connection.execute(query).mappings()]

    def list(self, search: str = "", limit: int = 100) -> list[Conversation]:
        """List conversations, newest first; `search` must occur in the title or in a turn."""
        heads, turns = tables.conversations.c, tables.turns.c
        count = select(func.count()).where(turns.conversation == heads.number).scalar_subquery()
        query = select(
            heads.id, heads.title, heads.created, heads.updated, count.label("turns")
        ).where(heads.owner == self._owner)
        wanted = fold(search).strip()
        if wanted:
            spoken = turns.folded_content.contains(wanted, autoescape=True)
            said = select(turns.position).where(turns.conversation == heads.number, spoken).exists()
            query = query.where(or_(heads.folded_title.contains(wanted, autoescape=True), said))
        query = query.order_by(heads.updated.desc(), heads.number.desc()).limit(limit)
        with self._database.read() as connection:
            return [Conversation(**row) for row in connection.execute(query).mappings()]

    def rename(self, conversation_id: str, title: str) -> None:
        """Give a conversation another title."""
        if not title.strip():
            raise InputError("a conversation needs a title")
        table = tables.conversations
        with self._database.write() as connection:
            number = self._number(connection, conversation_id)
            connection.execute(
                update(table).where(table.c.number == number).values(**_title(title))
            )

    def delete(self, conversation_id: str) -> None:
        """Delete a conversation with its turns and feedback."""
        table = tables.conversations
        with self._database.write() as connection:
            number = self._number(connection, conversation_id)
            connection.execute(delete(table).where(table.c.number == number))

    def truncate(self, conversation_id: str, turns: int) -> None:
        """Keep the first turns only, so that a question can be asked again or changed."""
        with self._database.write() as connection:
            number = self._number(connection, conversation_id)
            for table in (tables.turns, tables.feedback):
                late = (table.c.conversation == number, table.c.position >= max(turns, 0))
                connection.execute(delete(table).where(*late))
            self._touch(connection, number)

    def feedback(self, conversation_id: str, position: int, verdict: str, note: str = "") -> None:
        """Note whether a turn was good ("up") or not ("down"); a later verdict replaces it."""
        if verdict not in VERDICTS:
            raise InputError(f"a verdict is one of {', '.join(VERDICTS)}, not {verdict!r}")
        with self._database.write() as connection:
            number = self._number(connection, conversation_id)
            if not 0 <= position < _length(connection, number):
                raise InputError(f"the conversation has no turn {position}")
            step = insert_or_update(tables.feedback).values(
                conversation=number,
                position=position,
                owner=self._owner,
                verdict=verdict,
                note=note,
                created=_now(),
            )
            said = {name: step.excluded[name] for name in ("verdict", "note", "created")}
            connection.execute(
                step.on_conflict_do_update(
                    index_elements=["conversation", "position", "owner"], set_=said
                )
            )

    # -- gaps ---------------------------------------------------------------------------------

    def record_gap(
        self, question: str, language: str, reason: str, nearest: tuple[Nearest, ...] = ()
    ) -> None:
        """Note a question that was not answered; the same one again is counted."""
        table = tables.gaps
        step = insert_or_update(table).values(
            owner=self._owner,
            folded_question=_normalised(question),
            question=question,
            language=language,
            reason=reason,
            time=_now(),
            nearest=[asdict(topic) for topic in nearest],
            count=1,
        )
        latest = {name: step.excluded[name] for name in ("reason", "time", "nearest")}
        with self._database.write() as connection:
            connection.execute(
                step.on_conflict_do_update(
                    index_elements=["owner", "folded_question"],
                    set_=latest | {"count": table.c.count + 1},
                )
            )

    def gaps(self) -> builtins.list[Gap]:
        """List unanswered questions, the most asked first, then the latest."""
        table = tables.gaps
        query = select(table).where(table.c.owner == self._owner)
        query = query.order_by(table.c.count.desc(), table.c.time.desc(), table.c.id.desc())
        with self._database.read() as connection:
            return [_gap(row) for row in connection.execute(query).mappings()]

    # -- inside a transaction -----------------------------------------------------------------

    def _number(self, connection: Connection, conversation_id: str) -> int:
        heads = tables.conversations.c
        number = connection.scalar(
            select(heads.number).where(heads.id == conversation_id, heads.owner == self._owner)
        )
        if number is None:
            raise InputError(f"there is no conversation {conversation_id!r}")
        return int(number)

    def _touch(self, connection: Connection, number: int) -> None:
        table = tables.conversations
        connection.execute(update(table).where(table.c.number == number).values(updated=_now()))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")


def _title(title: str) -> dict[str, str]:
    shown = " ".join(title.split())[:TITLE_CHARACTERS]
    return {"title": shown, "folded_title": fold(shown)}


def _normalised(question: str) -> str:
    folded = fold(question)
    return re.sub(r"\W+", "", folded) or folded


def _length(connection: Connection, number: int) -> int:
    query = select(func.count()).where(tables.turns.c.conversation == number)
    return connection.scalar(query) or 0


def _turn(row: RowMapping) -> Turn:
    answer: dict[str, Any] | None = row["answer"]
    return Turn(row["role"], row["content"], Answer.from_json(answer) if answer else None)


def _gap(row: RowMapping) -> Gap:
    return Gap(
        question=row["question"],
        language=row["language"],
        reason=row["reason"],
        time=row["time"],
        nearest=tuple(Nearest(**topic) for topic in row["nearest"]),
        count=row["count"],
    )
