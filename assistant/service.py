"""`Assistant`: the one front door. UI, terminal and evaluation call nothing else.

It is built once from settings and may be used from several threads at once. Heavy parts are
opened on first use; when another process has changed the library, the next question sees it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from assistant import export as files
from assistant import grounding, transcript
from assistant.answering import Answering
from assistant.archive import Archive
from assistant.catalog import Catalog, DocumentRow
from assistant.database import Database
from assistant.embedding import BUNDLED, Encoder
from assistant.errors import ConfigurationError, InputError, LibraryEmpty, LibraryError, ModelError
from assistant.glossary import Glossary
from assistant.hearing import hear_more
from assistant.history import History
from assistant.indexing import Indexer
from assistant.language import detect
from assistant.lessons import Lessons
from assistant.llm import ChatModel
from assistant.narrative import narrate, with_words
from assistant.plan import talk
from assistant.plan.assumptions import Assumptions
from assistant.plan.brief import Brief
from assistant.plan.brief import example_yaml as example_brief_yaml
from assistant.plan.contradictions import problems
from assistant.plan.drafting import draft_plan
from assistant.plan.plan import Plan
from assistant.plan.problem import Problem, problems_in, refusal
from assistant.plan.reading import Understood, is_plan_request, read_brief_text
from assistant.plan.revising import Revised, revise
from assistant.prompts import Prompts
from assistant.readiness import (
    Answers,
    Assessment,
    Questionnaire,
    Readiness,
    blank_yaml,
    example_yaml,
)
from assistant.records import (
    VISIBLE_TO,
    Answer,
    CheckedSentence,
    Conversation,
    Document,
    Event,
    Finished,
    Found,
    Gap,
    Hit,
    Language,
    Progress,
    SyncReport,
    Turn,
    Visibility,
)
from assistant.retrieval import Retriever
from assistant.settings import Settings, load_settings
from assistant.store import VectorStore
from assistant.values import Quote, report_to_json

log = logging.getLogger(__name__)
GAP_REASONS = ("no_evidence", "out_of_scope")
TITLE_CHARACTERS = 60


class Assistant:
    """Ask, search, check, sync, plan and assess; what was asked and made is kept beside them."""

    def __init__(self, settings: Settings) -> None:
        """Keep the settings; nothing is opened before it is needed."""
        self.settings = settings
        self._opening = threading.RLock()
        self._generation: int | None = None

    @classmethod
    def open(cls, settings: Settings | None = None) -> Assistant:
        """Open with these settings, or with those of the environment."""
        return cls(settings or load_settings())

    def __enter__(self) -> Assistant:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Release the store and the database; the object is not used afterwards."""
        for name in ("_store", "_database"):
            if name in self.__dict__:
                self.__dict__.pop(name).close()

    # -- parts, opened on first use ----------------------------------------------------------

    @cached_property
    def _encoder(self) -> Encoder:
        chosen = self.settings.encoder
        return Encoder(
            chosen.model,
            self.settings.data,
            threads=chosen.threads,
            reranker=chosen.reranker,
            centring=chosen.centring,
            allow_download=chosen.allow_download,
        )

    @cached_property
    def fingerprint(self) -> str:
        """Name what shaped the index: encoder, normaliser and chunking."""
        chunks = self.settings.chunks
        return f"{self._encoder.fingerprint}-{chunks.size_tokens}-{chunks.overlap_tokens}"

    @cached_property
    def _database(self) -> Database:
        return Database.open(self.settings.store, self.settings.data)

    @cached_property
    def _catalog(self) -> Catalog:
        return Catalog(self._database, self.fingerprint)

    @cached_property
    def _store(self) -> VectorStore:
        return VectorStore.open(self.settings.store, self.settings.data)

    @cached_property
    def _history(self) -> History:
        return History(self._database, self.settings.owner)

    @cached_property
    def archive(self) -> Archive:
        """The saved plans and assessments of this owner."""
        return Archive(self._database, self.settings.owner)

    @cached_property
    def assumptions(self) -> Assumptions:
        """The planning data of the library."""
        return Assumptions.load(self.settings.knowledge)

    @cached_property
    def _model(self) -> ChatModel | None:
        return ChatModel(self.settings.model) if self.settings.model.name else None

    @cached_property
    def _prompts(self) -> Prompts:
        return Prompts.open(self.settings.prompts)

    @cached_property
    def _readiness(self) -> Readiness:
        return Readiness(self.settings.knowledge)

    @cached_property
    def _glossary(self) -> Glossary:
        return Glossary.load(self.settings.knowledge / "glossary")

    @cached_property
    def _retriever(self) -> Retriever:
        return Retriever(
            self._catalog,
            self._store,
            self._encoder,
            self._glossary,
            self.settings.retrieval,
            self._lessons,
        )

    @cached_property
    def _lessons(self) -> Lessons | None:
        """What was learned about vectors of the bundled encoder; nothing holds for others."""
        chosen = self.settings.encoder
        return Lessons.load() if chosen.model == BUNDLED and chosen.centring else None

    @cached_property
    def _answering(self) -> Answering:
        return Answering(
            self._catalog,
            self._retriever,
            self._encoder,
            self._glossary,
            self._prompts,
            self._model,
            self.settings.answer,
        )

    def _ready(self) -> Answering:
        """Open what answering needs, and look again at a library that another process changed."""
        with self._opening:
            generation = self._catalog.generation()
            if generation != self._generation:
                if self._generation is not None:
                    self._store.refresh()
                if not self._catalog.size(("public", "internal")):
                    raise LibraryEmpty(
                        "the library is empty for these settings; run: python ingest.py"
                    )
                self._generation = generation
            return self._answering

    # -- asking ------------------------------------------------------------------------------

    def stream(
        self,
        question: str,
        history: Sequence[Turn] = (),
        role: str = "staff",
        language: Language | None = None,
        conversation: str | None = None,
    ) -> Iterator[Event]:
        """Yield typed events, Finished last; with a conversation, both turns are stored."""
        _known_role(role)
        if self._asks_for_a_plan(question):
            answer = self._plan_answer(question, language or detect(question))
            self._remember(answer, conversation)
            yield Finished(answer)
            return
        answering = self._ready()
        turns = list(history) or (self._history.turns(conversation) if conversation else [])
        for event in answering.stream(question, turns, role, language):
            if isinstance(event, Finished):
                self._remember(event.answer, conversation)
            yield event

    def ask(
        self,
        question: str,
        history: Sequence[Turn] = (),
        role: str = "staff",
        language: Language | None = None,
        conversation: str | None = None,
    ) -> Answer:
        """Give the checked answer or refusal: the same stream, consumed."""
        *_, last = self.stream(question, history, role, language, conversation)
        assert isinstance(last, Finished)
        return last.answer

    def _remember(self, answer: Answer, conversation: str | None) -> None:
        if answer.reason in GAP_REASONS:
            self._history.record_gap(
                answer.question, answer.language, answer.reason, answer.nearest
            )
        if conversation:
            self._history.append(conversation, Turn("user", answer.question))
            self._history.append(conversation, Turn("assistant", answer.text, answer))

    def search(
        self, query: str, k: int = 10, role: str = "staff", **switches: Any
    ) -> list[Hit]:
        """Give the k best passages with one named score per lane."""
        return list(self.retrieve(query, role=role, keep=k, **switches).hits)

    def retrieve(
        self, question: str, history: Sequence[Turn] = (), role: str = "staff", **switches: Any
    ) -> Found:
        """Give the whole result of retrieval: hits, dropped ones, signals, timings."""
        _known_role(role)
        answering = self._ready()
        return answering.retrieve(answering.condense(question, history), role, **switches)

    def weigh(self, found: Found) -> Mapping[str, float]:
        """Give the signals from which answering or refusing is decided."""
        return self._ready().weigh(found)[0]

    def check(self, text: str, evidence: Sequence[str]) -> list[CheckedSentence]:
        """Check each sentence of a text against evidence: grounding alone, no library needed."""
        if not text.strip():
            raise InputError("nothing to check: the text is empty")
        pieces = [grounding.Evidence(text=e, language=detect(e)) for e in evidence]
        return grounding.check_text(text, pieces, similarity=self._encoder.similarity)

    # -- the library -------------------------------------------------------------------------

    def sync(
        self,
        targets: Sequence[str | Path] | None = None,
        visibility: Visibility | None = None,
        *,
        prune: bool = False,
        dry_run: bool = False,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> SyncReport:
        """Bring the library up to date with files, folders and addresses; knowledge/ by default."""
        indexer = Indexer(
            self._database, self._catalog, self._store, self._encoder, self.settings.chunks
        )
        chosen = list(targets) if targets else [self.settings.knowledge]
        return indexer.sync(
            chosen, visibility, prune=prune, dry_run=dry_run, on_progress=on_progress
        )

    def library(self, role: str = "staff") -> list[DocumentRow]:
        """List the documents that the role may see."""
        visible = VISIBLE_TO[_known_role(role)]
        return [row for row in self._catalog.documents() if row.visibility in visible]

    def document(self, path: str, role: str = "staff") -> Document | None:
        """Give a document with its text, or nothing when it is gone or not for this role."""
        document = self._catalog.document(path)
        allowed = document is not None and document.visibility in VISIBLE_TO[_known_role(role)]
        return document if allowed else None

    def examples(self, language: Language, role: str = "staff", count: int = 6) -> list[str]:
        """Offer questions that the library answers, one per document, spread over the kinds."""
        rows = [row for row in self.library(role) if row.language == language]
        listed = self._catalog.questions([row.path for row in rows])
        by_kind: dict[str, list[str]] = {}
        for row in rows:
            asked = listed[row.path]
            if asked:
                by_kind.setdefault(row.kind, []).append(asked[0])
        offered: list[str] = []
        for turn in range(max(map(len, by_kind.values()), default=0)):
            offered += [asked[turn] for asked in by_kind.values() if turn < len(asked)]
        return offered[:count]

    def status(self) -> dict[str, Any]:
        """Tell what is open: document and passage counts, writer, fingerprint."""
        rows = self._catalog.documents()
        return {
            "documents": len(rows),
            "passages": sum(row.chunks for row in rows),
            "writer": self.settings.model.name or "extractive",
            "fingerprint": self.fingerprint,
            "library_ready": bool(rows),
        }

    def warm_up(self) -> None:
        """Open everything a question, plan or assessment needs, so that the first is as quick."""
        self._encoder.warm_up()
        if self.status()["library_ready"]:
            for _ in self._ready().stream("什么是抖音 Douyin?"):
                pass
        try:
            self._readiness.warm("zh")
            self.draft_plan(self.example_brief("zh"))
        except ConfigurationError as error:
            log.warning("no plans or assessments: %s", error)

    # -- plans -------------------------------------------------------------------------------

    def _asks_for_a_plan(self, question: str) -> bool:
        try:
            return is_plan_request(question, self.assumptions)
        except ConfigurationError as error:
            # A knowledge folder of one's own may come without planning data; asking still works.
            log.warning("no plans: %s", error)
            return False

    def read_brief(self, text: str) -> Understood:
        """Read what a sentence says of a brief, with the words heard and what is missing.

        A chat model, when one is configured, may add what the text itself proves.
        """
        understood = read_brief_text(text, date.today(), self.assumptions)
        if self._model is None or not understood.missing:
            return understood
        try:
            return hear_more(text, understood, self._model, self._prompts, self.assumptions)
        except ModelError as error:
            log.warning("the request is read by rules alone: %s", error)
            return understood

    def example_brief(self, language: Language = "zh") -> str:
        """Give a filled, working brief as YAML, every field with a comment."""
        return example_brief_yaml(language, date.today(), self.assumptions)

    def brief_problems(self, brief: Brief, today: date | None = None) -> tuple[Problem, ...]:
        """Name every contradiction of a brief at its field, with the way out."""
        return problems(brief, today or date.today(), self.assumptions)

    def draft_plan(
        self,
        brief: Brief | str | bytes | Mapping[str, Any],
        edits: Mapping[str, float] | None = None,
        language: Language | None = None,
        *,
        worded: bool = False,
        today: date | None = None,
    ) -> Plan:
        """Draft a plan from a brief (typed, YAML, JSON or fields) and numbers that were set.

        `today` is the day that the plan is made on: one that is opened later stays as it was.
        `worded` lets the chat model, when one is configured, word the leading paragraphs; when it
        fails the plan keeps its own words. InputError lists the brief's errors; its warnings
        stand in the plan.
        """
        if isinstance(brief, str | bytes):
            brief = Brief.read(brief, self.assumptions)
        elif isinstance(brief, Mapping):
            brief = Brief.from_fields(brief, self.assumptions)
        day = today or date.today()
        errors = [p for p in self.brief_problems(brief, day) if p.level == "error"]
        if errors:
            raise refusal(errors)
        plan = draft_plan(brief, self.assumptions, edits=edits, today=day, language=language)
        return self.with_words(plan, self.word_plan(plan)) if worded else plan

    def word_plan(self, plan: Plan) -> dict[str, str]:
        """Give a chat model's wording of leading paragraphs, by their own text; none without one.

        Nothing that changes a number is among them; when the model fails there are none.
        """
        if self._model is None:
            return {}
        try:
            return narrate(plan, self._model, self._prompts)
        except ModelError as error:
            log.warning("the plan keeps its own words: %s", error)
            return {}

    def with_words(self, plan: Plan, words: Mapping[str, str]) -> Plan:
        """Put such wordings into a plan where its own text is still the one that was worded."""
        return with_words(plan, words, self._model.name) if self._model else plan

    def revise_plan(self, plan: Plan, text: str) -> Revised:
        """Change a plan as a sentence says; what is not understood is named, never guessed."""
        made = date.fromisoformat(plan.created[:10]) if plan.created else date.today()
        return revise(plan, text, self.assumptions, today=made)

    def save_plan(self, work: str, plan: Plan, comment: str = "") -> int:
        """Keep a plan as the next version of a work, as it was given."""
        inputs = {"fields": plan.brief.to_json(), "edits": dict(plan.edits)}
        result = {"plan": plan.to_json(), "report": report_to_json(plan.report)}
        return self.archive.finish(work, inputs, result, comment)

    def _plan_answer(self, request: str, language: Language) -> Answer:
        """Draft the plan that a message asks for, or say what is missing for one."""
        understood = self.read_brief(request)
        if understood.missing:
            return talk.asked_for_more(request, understood, (), language)
        fields = {**understood.fields, "language": language}
        try:
            plan = self.draft_plan(fields)
        except InputError as error:
            return talk.asked_for_more(request, understood, problems_in(error), language)
        draft = {"fields": plan.brief.to_json(), "edits": {}, "planned": True}
        work = self.archive.create("plan", plan.report.title, draft)
        self.save_plan(work, plan, request[:TITLE_CHARACTERS])
        return talk.drafted(request, understood, plan, work)

    plan_formats = tuple(files.FORMATS)
    report_formats = tuple(name for name in files.FORMATS if name != "ics")

    def export(self, made: Plan | Assessment, form: str) -> bytes:
        """Give a plan or an assessment as a file: docx, xlsx, md, json, or ics of a plan."""
        return files.export(made.report, form, made.to_json() if form == "json" else None)

    # -- readiness ---------------------------------------------------------------------------

    @property
    def questionnaire(self) -> Questionnaire:
        """The questionnaire of the readiness self-assessment."""
        return self._readiness.questionnaire

    def read_answers(self, raw: bytes | str) -> Answers:
        """Read answers from YAML or JSON; InputError lists everything that is wrong."""
        return self._readiness.read(raw)

    def blank_answers(self, language: Language = "zh") -> str:
        """Give an answers file to fill by hand."""
        return blank_yaml(self.questionnaire, language)

    def example_answers(self, language: Language = "zh") -> str:
        """Give a filled answers file that can be read as it stands."""
        return example_yaml(self.questionnaire, language)

    def assess(
        self,
        answers: Answers,
        language: Language = "zh",
        previous: Assessment | Mapping[str, Any] | None = None,
        created: str = "",
    ) -> Assessment:
        """Assess a brand's answers; `previous` (or its JSON) adds the change since then.

        `created` is the ISO day that stands on the report, today unless it is given.
        """
        day = created or date.today().isoformat()
        return self._readiness.assess(answers, language=language, created=day, previous=previous)

    def question_source(self, question: str, language: Language) -> Quote | None:
        """Give the sentence that a question of the questionnaire rests on, if it is there."""
        asked = self.questionnaire.question(question)
        try:
            words = asked.words("quote", language) if asked else ""
            return self._readiness.shelf.quote(asked.source, language, words) if asked else None
        except LibraryError:
            return None

    # -- conversations and gaps --------------------------------------------------------------

    def create_conversation(self, title: str) -> str:
        """Start a conversation under a short title and give its id."""
        return self._history.create(" ".join(title.split())[:TITLE_CHARACTERS] or "…")

    def conversations(self, search: str = "") -> list[Conversation]:
        """List conversations, newest first, that contain the text."""
        return self._history.list(search)

    def turns(self, conversation: str) -> list[Turn]:
        """Give the messages of a conversation, answers as they were given."""
        return self._history.turns(conversation)

    def rename_conversation(self, conversation: str, title: str) -> None:
        """Give a conversation another title."""
        self._history.rename(conversation, " ".join(title.split())[:TITLE_CHARACTERS])

    def delete_conversation(self, conversation: str) -> None:
        """Delete a conversation with its messages."""
        self._history.delete(conversation)

    def truncate_conversation(self, conversation: str, turns: int) -> None:
        """Keep the first `turns` messages, for asking again or asking otherwise."""
        self._history.truncate(conversation, turns)

    def export_conversation(self, conversation: str, language: Language = "zh") -> str:
        """Give a conversation as Markdown, with every quote and where it stands."""
        return transcript.render(self._history.turns(conversation), language)

    def feedback(self, conversation: str, position: int, verdict: str, note: str = "") -> None:
        """Keep what a user says of an answer."""
        self._history.feedback(conversation, position, verdict, note)

    def gaps(self) -> list[Gap]:
        """List the questions that were not answered, for the people who write the library."""
        return self._history.gaps()


def _known_role(role: str) -> str:
    if role not in VISIBLE_TO:
        raise InputError(f"unknown role '{role}'; known: {', '.join(VISIBLE_TO)}")
    return role
