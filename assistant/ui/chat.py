"""The handlers behind the page: each takes what the browser sent and gives new HTML.

The browser holds the state (conversation id in the address, language in its storage) and sends it
with every event, so tabs do not disturb one another and a restart loses nothing.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from assistant.errors import AssistantError
from assistant.messages import explain, say
from assistant.records import Finished, Found, Language, Notice, Retrieved, Token
from assistant.service import Assistant
from assistant.ui import answers, frame

log = logging.getLogger(__name__)
ROLE = "staff"
# Drafts are redrawn at most this often; more would only keep the browser busy.
REDRAW_SECONDS = 0.06


@dataclass(frozen=True)
class Sent:
    """What the page sends with an event."""

    language: Language = "zh"
    conversation: str = ""
    search: str = ""
    question: str = ""
    ticket: str = ""
    current: str = ""
    keep: int | None = None
    title: str = ""
    position: int = -1
    verdict: str = ""

    @classmethod
    def read(cls, given: object) -> Sent:
        """Take known fields of the expected kind; everything else is ignored."""
        fields = given if isinstance(given, Mapping) else {}
        texts = ("conversation", "search", "question", "ticket", "current", "title", "verdict")
        words = {name: fields[name] for name in texts if isinstance(fields.get(name), str)}
        keep, position = fields.get("keep"), fields.get("position")
        return cls(
            language=frame.language_of(fields.get("language")),
            keep=keep if isinstance(keep, int) and keep >= 0 else None,
            position=position if isinstance(position, int) else -1,
            **words,
        )


class Chat:
    """Draws the page's parts for one facade; keeps nothing about its users."""

    def __init__(self, assistant: Assistant, warm: threading.Event) -> None:
        """Take the facade, and the event that is set when its models are loaded."""
        self._assistant, self._warm = assistant, warm

    # -- parts -------------------------------------------------------------------------------

    def status(self) -> dict[str, Any]:
        """Tell the state of the library, and whether models are still being loaded."""
        return {**self._assistant.status(), "warming": not self._warm.is_set()}

    def foot(self, sent: Sent) -> str:
        """Draw the state of the library under the list of conversations."""
        return self._drawn(lambda: frame.rail_foot(self.status(), sent.language), sent)

    def conversations(self, sent: Sent) -> str:
        """Draw the list of conversations."""
        return self._drawn(lambda: self._listed(sent), sent)

    def _listed(self, sent: Sent) -> str:
        listed = self._assistant.conversations(sent.search)
        # One whose only question was stopped has nothing to come back to.
        found = [c for c in listed if c.turns or c.id == sent.conversation]
        return frame.conversation_list(found, sent.conversation, sent.search, sent.language)

    def _top(self, sent: Sent) -> str:
        known = {c.id: c.title for c in self._assistant.conversations()}
        current = sent.conversation if sent.conversation in known else ""
        return frame.top_bar(sent.language, known.get(current, ""), current)

    def _thread(self, sent: Sent) -> str:
        turns = self._assistant.turns(sent.conversation) if sent.conversation else []
        if turns:
            return answers.thread(turns, sent.language, sent.conversation)
        examples = self._assistant.examples(sent.language, ROLE)
        return frame.start_screen(self.status(), examples, sent.language)

    def _drawn(self, draw: Callable[[], str], sent: Sent) -> str:
        """Draw a part; if that fails, the part says why and the rest of the page still works."""
        try:
            return draw()
        except Exception as error:
            return answers.notice(self._explained(error, sent.language), sent.language)

    # -- events ------------------------------------------------------------------------------

    def load(self, sent: Sent) -> tuple[str, ...]:
        """Draw everything, for a fresh page or another language."""
        limit = self._assistant.settings.answer.question_characters
        return (
            frame.rail_head(sent.language),
            self.foot(sent),
            frame.composer(sent.language, limit),
            frame.overlays(sent.language),
            *self.open(sent),
        )

    def open(self, sent: Sent) -> tuple[str, str, str, str]:
        """Draw the conversation that the page names, or the start screen."""
        return (
            self.conversations(sent),
            self._drawn(lambda: self._top(sent), sent),
            self._drawn(lambda: self._thread(sent), sent),
            answers.done(sent.ticket),
        )

    def rename(self, sent: Sent) -> tuple[str, str]:
        """Give a conversation another title; the rest of the page stays."""
        if sent.title.strip():
            self._assistant.rename_conversation(sent.conversation, sent.title.strip())
        shown = replace(sent, conversation=sent.current)
        return self.conversations(shown), self._drawn(lambda: self._top(shown), shown)

    def delete(self, sent: Sent) -> tuple[str, str, str, str]:
        """Delete a conversation and draw the one that is open, or the start screen."""
        self._assistant.delete_conversation(sent.conversation)
        return self.open(replace(sent, conversation=sent.current))

    def feedback(self, sent: Sent) -> None:
        """Keep a thumb up or down."""
        if sent.verdict in ("up", "down"):
            self._assistant.feedback(sent.conversation, sent.position, sent.verdict)

    def stop(self, sent: Sent) -> str:
        """Draw the question that was stopped."""
        text = say(sent.language, "answer.stopped")
        return answers.failed(text, sent.question, sent.language, sent.ticket)

    def ask(self, sent: Sent) -> Iterator[tuple[str | None, ...]]:
        """Stream a draft, then draw the stored answer; a failure is drawn, never raised.

        None stands for a part that stays as it is.
        """
        try:
            started = self._started(sent)
            turns = self._assistant.turns(started.conversation)
            above = answers.thread(turns, started.language, started.conversation)
            first = answers.draft("", sent.question, sent.language, sent.ticket, None)
            yield self._listed(started), self._top(started), above, first
            for live in self._drafts(started):
                yield None, None, None, live
            yield self.open(started)
        except Exception as error:
            yield None, None, None, self._failure(error, sent)

    def _started(self, sent: Sent) -> Sent:
        """Make sure that there is a conversation, cut where the question is asked again."""
        known = {c.id for c in self._assistant.conversations()}
        conversation = sent.conversation
        if conversation not in known:
            conversation = self._assistant.create_conversation(sent.question)
        elif sent.keep is not None:
            self._assistant.truncate_conversation(conversation, sent.keep)
        return replace(sent, conversation=conversation, keep=None)

    def _drafts(self, sent: Sent) -> Iterator[str]:
        text, found, drawn = "", None, 0.0
        notices: list[str] = []
        for event in self._assistant.stream(
            sent.question, role=ROLE, conversation=sent.conversation
        ):
            text, found = _after(event, text, found, notices, sent.language)
            now = time.monotonic()
            if now - drawn >= REDRAW_SECONDS and not isinstance(event, Finished):
                drawn = now
                draft = answers.draft(text, sent.question, sent.language, sent.ticket, found)
                yield draft + "".join(notices)

    def _failure(self, error: Exception, sent: Sent) -> str:
        title = say(sent.language, "answer.failed")
        text = self._explained(error, sent.language)
        return answers.failed(text, sent.question, sent.language, sent.ticket, title=title)

    def _explained(self, error: Exception, language: Language) -> str:
        if isinstance(error, AssistantError):
            return explain(language, error.key, **error.values)
        log.exception("the page failed", exc_info=error)
        return say(language, "error.unexpected", detail=type(error).__name__)


def _after(
    event: object, text: str, found: Found | None, notices: list[str], language: Language
) -> tuple[str, Found | None]:
    if isinstance(event, Retrieved):
        return text, event.found
    if isinstance(event, Token):
        return text + event.text, found
    if isinstance(event, Notice):
        notices.append(answers.notice(event.key, language, event.values))
    return text, found
