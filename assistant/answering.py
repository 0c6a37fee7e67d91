"""One question from text to checked answer, as a stream of typed events.

Guard, condense, retrieve, decide, write, check, at most one repair. LangChain carries the steps
(retriever, writer and model are Runnables, so callbacks see each of them); policy stays in plain
functions. Whatever wrote the text, `grounding` has the last word, and a failing model leads to
the extractive answer with a notice, never to an unproven sentence that passes as proven.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from langchain_core.output_parsers import StrOutputParser
from langchain_core.runnables import Runnable, RunnableLambda

from assistant import extractive, grounding, questions
from assistant.catalog import Catalog
from assistant.embedding import Encoder
from assistant.errors import ModelError
from assistant.glossary import Glossary
from assistant.instructions import is_instruction
from assistant.language import content_terms, detect
from assistant.llm import ChatModel, without_thoughts
from assistant.messages import say
from assistant.numbers import quantities
from assistant.prompts import (
    LANGUAGE_NAMES,
    NO_EVIDENCE,
    Prompts,
    as_data,
    evidence_text,
    faults_text,
    history_text,
)
from assistant.records import (
    Answer,
    CheckedSentence,
    Citation,
    Event,
    Finished,
    Found,
    Hit,
    Language,
    Nearest,
    Notice,
    Retrieved,
    Sentence,
    Token,
    Turn,
)
from assistant.refusal import AnswerabilityModel
from assistant.retrieval import LibraryRetriever, Retriever
from assistant.settings import AnswerSettings

NEAREST_SHOWN = 3
FOLLOWUPS_SHOWN = 3
ALSO_READ_SHOWN = 4
HISTORY_TURNS = 6
CERTAIN = 12.0


@dataclass
class _Work:
    """One question under way."""

    question: str
    language: Language
    role: str
    history: Sequence[Turn]
    standalone: str = ""
    found: Found | None = None
    ranked: Sequence[extractive.Extract] = ()
    notices: list[str] = field(default_factory=list)
    timings_ms: dict[str, float] = field(default_factory=dict)
    started: float = field(default_factory=time.perf_counter)

    def took(self, step: str, began: float) -> None:
        """Add the time since `began` to the step."""
        spent = (time.perf_counter() - began) * 1000
        self.timings_ms[step] = round(self.timings_ms.get(step, 0.0) + spent, 2)

    @property
    def hits(self) -> tuple[Hit, ...]:
        """The kept hits, empty before retrieval."""
        return self.found.hits if self.found else ()


class Answering:
    """Answers questions from one library; holds no state between questions."""

    def __init__(
        self,
        catalog: Catalog,
        retriever: Retriever,
        encoder: Encoder,
        glossary: Glossary,
        prompts: Prompts,
        model: ChatModel | None,
        settings: AnswerSettings,
    ) -> None:
        """Take the opened parts; `model` None means that the extractive writer answers."""
        self._catalog, self._retriever, self._encoder = catalog, retriever, encoder
        self._glossary, self._prompts, self._model = glossary, prompts, model
        self._settings = settings
        self._refusal = AnswerabilityModel.load(threshold=settings.refusal_threshold)
        self._extract: Runnable[dict[str, Any], list[extractive.Extract]] = RunnableLambda(
            lambda given: extractive.write(
                given["question"], given["ranked"], settings.sentence_limit
            ),
            name="extractive_writer",
        )

    @property
    def writer(self) -> str:
        """Name who writes: `extractive` or the model."""
        return self._model.name if self._model else "extractive"

    def stream(
        self,
        question: str,
        history: Sequence[Turn] = (),
        role: str = "staff",
        language: Language | None = None,
    ) -> Iterator[Event]:
        """Yield what happens; the last event is Finished with the checked answer or refusal."""
        text = questions.tidy(question)
        spoken = language or questions.language_of(text, history)
        work = _Work(text, spoken, role, history)
        defect = questions.defect_of(text, self._settings.question_characters)
        if defect:
            shown = text[: self._settings.question_characters]
            yield Finished(self._refused(replace(work, question=shown), defect))
            return
        work.standalone = self._standalone(work)
        work.found = self.retrieve(work.standalone, role)
        yield Retrieved(work.found)
        reason = self._reason_to_refuse(work)
        if reason:
            yield Finished(self._refused(work, reason))
            return
        yield from self._answered(work)

    def retrieve(self, query: str, role: str = "staff", **switches: Any) -> Found:
        """Find passages through the LangChain retriever."""
        retriever = LibraryRetriever(retriever=self._retriever, role=role, switches=switches)
        return retriever.invoke(questions.search_form(query)).found  # type: ignore[attr-defined,no-any-return]

    def weigh(
        self, found: Found, question: str = ""
    ) -> tuple[Mapping[str, float], Sequence[extractive.Extract]]:
        """Give all signals of whether the question is answered, and the sentences to tell of.

        `question` is what was asked where it was searched in other words, as a calculation is.

        `odds` are the reader's log odds, kept within what a logistic model can use.
        """
        ranked = extractive.candidates(question or found.query, found)
        reading = self._encoder.read(found.query, [extractive.line(e) for e in ranked])
        odds = max(-CERTAIN, min(CERTAIN, reading.odds))
        return {**found.signals, "odds": odds}, extractive.reordered(ranked, reading.lines)

    def condense(self, question: str, history: Sequence[Turn]) -> str:
        """Give the question as it is searched, by rules alone."""
        return questions.condense(questions.tidy(question), history, self._glossary)

    def _standalone(self, work: _Work) -> str:
        if not self._model or not work.history:
            return questions.condense(work.question, work.history, self._glossary)
        began = time.perf_counter()
        given = {
            "history": history_text(work.history[-HISTORY_TURNS:]),
            "question": as_data(work.question),
        }
        try:
            rewritten = questions.tidy(self._model.complete_text(self._chain("condense"), given))
        except ModelError:
            rewritten = ""
        work.took("condense", began)
        usable = rewritten and len(rewritten) <= self._settings.question_characters
        return rewritten if usable else self.condense(work.question, work.history)

    def _chain(self, prompt: str) -> Runnable[Any, str]:
        """Compose prompt, then model, then parser."""
        assert self._model is not None
        return self._prompts.runnable(prompt) | self._model.runnable() | StrOutputParser()

    def _reason_to_refuse(self, work: _Work) -> str | None:
        assert work.found is not None
        work.timings_ms["retrieve"] = round((time.perf_counter() - work.started) * 1000, 2)
        began = time.perf_counter()
        signals, work.ranked = self.weigh(work.found, work.standalone)
        work.took("read", began)
        follows = work.standalone != work.question and _was_answered(work.history)
        if work.found.hits and self._refusal.answers(signals, follows):
            return None
        in_field = self._glossary.mentions(work.standalone) or any(
            hit.scores.get("lexical", 0.0) > 0.5 for hit in work.found.hits[:3]
        )
        return "no_evidence" if in_field else "out_of_scope"

    # -- writing -----------------------------------------------------------------------------

    def _answered(self, work: _Work) -> Iterator[Event]:
        began = time.perf_counter()
        checked: list[CheckedSentence] | None = None
        writer = "extractive"
        if self._model:
            checked = yield from self._written_by_model(work)
            writer = self._model.name if checked else writer
        if checked is None:
            extracts = self._extract.invoke({"question": work.standalone, "ranked": work.ranked})
            if not extracts:
                yield Finished(self._refused(work, "no_evidence"))
                return
            work.took("write", began)
            sentences, citations = self._proven_extracts(work, extracts)
            yield Token(_text(sentences, work.language))
        else:
            sentences, citations = _proven(work.hits, checked)
        yield from (Notice(key) for key in work.notices)
        yield Finished(self._finished(work, sentences, citations, writer))

    def _proven_extracts(
        self, work: _Work, extracts: Sequence[extractive.Extract]
    ) -> tuple[list[Sentence], list[Citation]]:
        began = time.perf_counter()
        hits = list({id(extract.hit): extract.hit for extract in extracts}.values())
        number = {id(hit): n for n, hit in enumerate(hits, start=1)}
        claims = [(extract.text, (number[id(extract.hit)],)) for extract in extracts]
        checked = grounding.check(claims, [_evidence(hit) for hit in hits])
        work.took("check", began)
        return _proven(hits, checked)

    def _written_by_model(
        self, work: _Work
    ) -> Generator[Event, None, list[CheckedSentence] | None]:
        """Stream the model's draft, check it, repair once; None when nothing of it is proven."""
        assert self._model is not None
        began = time.perf_counter()
        given = self._evidence_prompt(work)
        try:
            pieces = []
            for piece in self._model.stream_text(self._chain("answer"), given):
                pieces.append(piece)
                yield Token(piece)
            draft = without_thoughts("".join(pieces))
            work.took("write", began)
            checked = self._check(work, draft)
            if checked and any(c.status == "unsupported" for c in checked):
                checked = self._repaired(work, given, draft, checked)
        except ModelError as error:
            work.notices.append(error.key.replace("error.", "notice.", 1))
            return None
        if not any(c.status == "supported" for c in checked):
            work.notices.append("notice.model_unproven")
            return None
        return _publishable(checked)

    def _evidence_prompt(self, work: _Work) -> dict[str, str]:
        more = questions.wants_more(work.question)
        limit = extractive.LONG_ANSWER if more else self._settings.sentence_limit
        return {
            "question": as_data(work.standalone),
            "evidence": evidence_text([hit.passage for hit in work.hits]),
            "language_name": LANGUAGE_NAMES[work.language],
            "sentence_limit": str(limit),
        }

    def _check(self, work: _Work, draft: str) -> list[CheckedSentence]:
        began = time.perf_counter()
        if not draft.strip() or NO_EVIDENCE in draft:
            return []
        claims = grounding.split_answer(draft)
        checked = grounding.check(
            claims,
            [_evidence(hit) for hit in work.hits],
            given=work.question,
            similarity=self._encoder.similarity,
        )
        work.took("check", began)
        return [_without_instruction(verdict) for verdict in checked]

    def _repaired(
        self, work: _Work, given: dict[str, str], draft: str, checked: list[CheckedSentence]
    ) -> list[CheckedSentence]:
        """Ask once for a correction; keep whichever version has more proven sentences."""
        assert self._model is not None
        began = time.perf_counter()
        faults = {"draft": as_data(draft, keep_marks=True), "faults": faults_text(checked)}
        text = self._model.complete_text(self._chain("repair"), {**given, **faults})
        work.took("repair", began)
        again = self._check(work, text)
        return again if _proven_share(again) > _proven_share(checked) else checked

    # -- results -----------------------------------------------------------------------------

    def _finished(
        self,
        work: _Work,
        sentences: Sequence[Sentence],
        citations: Sequence[Citation],
        writer: str,
    ) -> Answer:
        notices = [*work.notices, *_warnings(work, citations)]
        work.timings_ms["total"] = round((time.perf_counter() - work.started) * 1000, 2)
        cited = {citation.document for citation in citations}
        return Answer(
            question=work.question,
            language=work.language,
            text=_text(sentences, work.language),
            sentences=tuple(sentences),
            citations=tuple(citations),
            followups=self._followups(work),
            writer=writer,
            fingerprint=self._catalog.fingerprint,
            timings_ms=work.timings_ms,
            notices=tuple(dict.fromkeys(notices)),
            also_read=tuple(n for n in _topics(work.hits) if n.document not in cited)[
                :ALSO_READ_SHOWN
            ],
            found=_trace(work.found),
        )

    def _refused(self, work: _Work, reason: str) -> Answer:
        work.timings_ms["total"] = round((time.perf_counter() - work.started) * 1000, 2)
        return Answer(
            question=work.question,
            language=work.language,
            text=say(
                work.language,
                f"refusal.{reason}",
                limit=self._settings.question_characters,
            ),
            refused=True,
            reason=reason,
            nearest=tuple(_topics(work.hits))[:NEAREST_SHOWN],
            followups=self._followups(work) if reason == "no_evidence" else (),
            writer="extractive",
            fingerprint=self._catalog.fingerprint,
            timings_ms=work.timings_ms,
            found=_trace(work.found),
        )

    def _followups(self, work: _Work) -> tuple[str, ...]:
        """Offer questions that the best documents say they answer, one of each."""
        asked = set(content_terms(work.standalone))
        paths = list(dict.fromkeys(h.passage.document for h in work.hits[:6]))
        offered: list[str] = []
        for listed in self._catalog.questions(paths).values():
            for question in listed:
                own = set(content_terms(question))
                if detect(question) == work.language and len(own & asked) < 0.6 * len(own):
                    offered.append(question)
                    break
        return tuple(dict.fromkeys(offered))[:FOLLOWUPS_SHOWN]


def _without_instruction(verdict: CheckedSentence) -> CheckedSentence:
    """Refuse proof by a sentence that speaks to a machine: repeating it would be obeying it."""
    if verdict.quote and is_instruction(verdict.quote):
        return CheckedSentence(verdict.text, "unsupported", reason="the quote is an instruction")
    return verdict


def _was_answered(history: Sequence[Turn]) -> bool:
    """Say whether the last answer, if it is known, was one."""
    last = next((turn for turn in reversed(history) if turn.role == "assistant"), None)
    return last is not None and not (last.answer and last.answer.refused)


def _evidence(hit: Hit) -> grounding.Evidence:
    passage = hit.passage
    return grounding.Evidence(text=passage.text, language=passage.language, title=passage.title)


def _proven(
    hits: Sequence[Hit], checked: Sequence[CheckedSentence]
) -> tuple[list[Sentence], list[Citation]]:
    """Number the quotes in the order of their first use; the same quote keeps its number."""
    numbers: dict[tuple[str, int, int], Citation] = {}
    sentences = []
    for verdict in checked:
        if verdict.status != "supported" or verdict.evidence is None:
            sentences.append(Sentence(verdict.text, (), verdict.status))
            continue
        hit = hits[verdict.evidence]
        start, end = hit.passage.start + verdict.start, hit.passage.start + verdict.end
        key = (hit.passage.document, start, end)
        if key not in numbers:
            numbers[key] = _citation(len(numbers) + 1, hit, start, end, verdict)
        sentences.append(Sentence(verdict.text, (numbers[key].n,), "supported"))
    return sentences, list(numbers.values())


def _citation(n: int, hit: Hit, start: int, end: int, verdict: CheckedSentence) -> Citation:
    passage = hit.passage
    return Citation(
        n=n,
        document=passage.document,
        title=passage.title,
        section=passage.section,
        visibility=passage.visibility,
        start=start,
        end=end,
        quote=verdict.quote,
        confidence=passage.confidence,
        score=round(verdict.score or hit.score, 4),
        updated=passage.updated,
        valid_until=passage.valid_until,
        page=passage.page,
    )


def _publishable(checked: Sequence[CheckedSentence]) -> list[CheckedSentence]:
    """Drop unproven sentences with numbers: a number without basis is never shown."""
    return [c for c in checked if c.status != "unsupported" or not quantities(c.text)]


def _proven_share(checked: Sequence[CheckedSentence]) -> float:
    good = sum(c.status == "supported" for c in checked)
    return good / len(checked) if checked else 0.0


def _warnings(work: _Work, citations: Sequence[Citation]) -> Iterator[str]:
    today = date.today().isoformat()
    if any(c.valid_until and c.valid_until < today for c in citations):
        yield "notice.expired"
    if citations and citations[0].confidence == "C":
        yield "notice.low_confidence"
    spoken = {h.passage.language for h in work.hits if h.passage.document in _documents(citations)}
    if spoken and work.language not in spoken:
        yield "notice.other_language"
    if questions.kind_of(work.standalone) == "calculation":
        yield "notice.calculation"


def _documents(citations: Sequence[Citation]) -> set[str]:
    return {citation.document for citation in citations}


def _text(sentences: Sequence[Sentence], language: Language) -> str:
    """Join sentences to Markdown: the statement as a paragraph, more than two others as a list."""
    lines = [_marked(sentence, language) for sentence in sentences]
    if len(lines) <= 3:
        return (" " if language == "en" else "").join(lines)
    return "\n".join([lines[0], "", *(f"- {line}" for line in lines[1:])])


def _marked(sentence: Sentence, language: Language) -> str:
    marks = "".join(f"[{n}]" for n in sentence.citations)
    text = " ".join(sentence.text.split())
    if sentence.status == "unsupported":
        marks = say(language, "answer.unsupported")
    # Chinese sets no space after its full stop.
    return f"{text}{marks}" if language == "zh" else f"{text} {marks}".rstrip()


def _topics(hits: Sequence[Hit]) -> Iterator[Nearest]:
    seen: set[str] = set()
    for hit in hits:
        if hit.passage.document not in seen:
            seen.add(hit.passage.document)
            yield Nearest(hit.passage.document, hit.passage.title)


def _trace(found: Found | None) -> tuple[dict[str, Any], ...]:
    """Say for the curious how each passage was found, and why others were dropped."""
    if found is None:
        return ()
    rows = [(hit, "") for hit in found.hits] + list(found.dropped)
    kept = ("document", "title", "section", "score", "scores", "ranks")
    return tuple(
        {**{k: v for k, v in hit.to_json().items() if k in kept}, "dropped": reason}
        for hit, reason in rows
    )
