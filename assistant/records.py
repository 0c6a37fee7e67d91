"""The frozen values that cross module borders, and their JSON forms.

Offsets are positions in `Document.text`, counted in Python characters, end exclusive. Whatever
carries `start` and `end` beside a quote obeys `document.text[start:end] == quote`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Language = Literal["zh", "en"]
Visibility = Literal["public", "internal"]
Role = Literal["brand", "staff", "lead", "admin"]
Status = Literal["supported", "computed", "unsupported"]

VISIBLE_TO: Mapping[str, tuple[Visibility, ...]] = {
    "brand": ("public",),
    "staff": ("public", "internal"),
    "lead": ("public", "internal"),
    "admin": ("public", "internal"),
}


@dataclass(frozen=True)
class Source:
    """Where a document's facts come from."""

    name: str
    url: str | None = None
    date: str | None = None


@dataclass(frozen=True)
class Section:
    """A heading's span in the text, its heading path from the title down, and its page if any."""

    headings: tuple[str, ...]
    start: int
    end: int
    page: int | None = None


@dataclass(frozen=True)
class Document:
    """One readable document; `path` is its identity in the library (posix, relative)."""

    path: str
    title: str
    text: str
    language: Language
    content_hash: str
    visibility: Visibility = "public"
    kind: str = "file"
    summary: str = ""
    confidence: str | None = None
    updated: str | None = None
    valid_from: str | None = None
    valid_until: str | None = None
    audience: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    questions: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    sections: tuple[Section, ...] = ()

    @property
    def slug(self) -> str:
        """The name without folder, language and suffix: what translations share."""
        return self.path.rsplit("/", 1)[-1].split(".", 1)[0]


@dataclass(frozen=True)
class Chunk:
    """A verbatim slice of a document: `document.text[start:end] == text`."""

    position: int
    start: int
    end: int
    text: str
    headings: tuple[str, ...] = ()
    page: int | None = None
    tokens: int = 0


@dataclass(frozen=True)
class Passage:
    """A stored chunk with what a reader must know about its document."""

    id: str
    document: str
    title: str
    section: str
    start: int
    end: int
    text: str
    language: Language
    visibility: Visibility
    kind: str = "file"
    confidence: str | None = None
    updated: str | None = None
    valid_until: str | None = None
    page: int | None = None
    headings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Hit:
    """A found passage with one named score and rank per lane, and its final score."""

    passage: Passage
    score: float
    scores: Mapping[str, float] = field(default_factory=dict)
    ranks: Mapping[str, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Give the location fields, the text and a score per lane."""
        passage = self.passage
        return {
            "document": passage.document,
            "title": passage.title,
            "section": passage.section,
            "visibility": passage.visibility,
            "language": passage.language,
            "confidence": passage.confidence,
            "page": passage.page,
            "start": passage.start,
            "end": passage.end,
            "text": passage.text,
            "score": round(self.score, 4),
            "scores": {name: round(value, 4) for name, value in self.scores.items()},
            "ranks": dict(self.ranks),
        }


@dataclass(frozen=True)
class Found:
    """What retrieval gives: kept hits in order, dropped ones with the reason, and signals.

    `weights` maps each content term of the question to its idf, `equivalents` to the terms of
    other names of the same thing.
    """

    query: str
    language: Language
    hits: tuple[Hit, ...]
    dropped: tuple[tuple[Hit, str], ...] = ()
    expansions: tuple[str, ...] = ()
    weights: Mapping[str, float] = field(default_factory=dict)
    equivalents: Mapping[str, frozenset[str]] = field(default_factory=dict)
    signals: Mapping[str, float] = field(default_factory=dict)
    timings_ms: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Citation:
    """A quote that proves a sentence: `document_text[start:end] == quote`."""

    n: int
    document: str
    title: str
    section: str
    visibility: Visibility
    start: int
    end: int
    quote: str
    confidence: str | None = None
    score: float = 0.0
    updated: str | None = None
    valid_until: str | None = None
    page: int | None = None


@dataclass(frozen=True)
class Sentence:
    """One sentence of an answer, the numbers of the citations that prove it, and the verdict."""

    text: str
    citations: tuple[int, ...] = ()
    status: Status = "unsupported"


@dataclass(frozen=True)
class Nearest:
    """A topic offered when the question itself is not answered."""

    document: str
    title: str


@dataclass(frozen=True)
class Answer:
    """A finished answer or a typed refusal; `text` is Markdown with [1] marks.

    `action` is a way to go on elsewhere: its `address` in the page and its `label`.
    """

    question: str
    language: Language
    text: str
    refused: bool = False
    reason: str | None = None
    sentences: tuple[Sentence, ...] = ()
    citations: tuple[Citation, ...] = ()
    nearest: tuple[Nearest, ...] = ()
    followups: tuple[str, ...] = ()
    writer: str = "extractive"
    fingerprint: str = ""
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    notices: tuple[str, ...] = ()
    also_read: tuple[Nearest, ...] = ()
    found: tuple[Mapping[str, Any], ...] = ()
    action: Mapping[str, str] | None = None

    def to_json(self) -> dict[str, Any]:
        """Give the object of the ask contract."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Answer:
        """Rebuild an answer as it was given; unknown keys of newer versions are ignored."""
        known = {name: stored[name] for name in cls.__dataclass_fields__ if name in stored}
        known["sentences"] = tuple(
            Sentence(**{**row, "citations": tuple(row["citations"])})
            for row in known.get("sentences", ())
        )
        known["citations"] = tuple(Citation(**c) for c in known.get("citations", ()))
        known["nearest"] = tuple(Nearest(**n) for n in known.get("nearest", ()))
        known["also_read"] = tuple(Nearest(**n) for n in known.get("also_read", ()))
        for name in ("followups", "notices", "found"):
            known[name] = tuple(known.get(name, ()))
        return cls(**known)


@dataclass(frozen=True)
class Turn:
    """One message of a conversation; an assistant's turn carries the answer as it was given."""

    role: Literal["user", "assistant"]
    content: str
    answer: Answer | None = None


@dataclass(frozen=True)
class Conversation:
    """A conversation's head, for lists; times are ISO 8601 in UTC."""

    id: str
    title: str
    created: str
    updated: str
    turns: int = 0


@dataclass(frozen=True)
class Gap:
    """A question that the library did not answer."""

    question: str
    language: str
    reason: str
    time: str
    nearest: tuple[Nearest, ...] = ()
    count: int = 1


@dataclass(frozen=True)
class CheckedSentence:
    """The verdict on one sentence: which evidence proves it, and where its quote stands.

    `start` and `end` are offsets in the text of evidence number `evidence` (0-based position in
    the list handed to the check); `reason` says in a few words why it is unsupported.
    """

    text: str
    status: Status
    evidence: int | None = None
    start: int = 0
    end: int = 0
    quote: str = ""
    score: float = 0.0
    reason: str = ""
    marks: tuple[int, ...] = ()


@dataclass(frozen=True)
class SyncItem:
    """What a sync did with one document; `reason` is given for failures."""

    path: str
    outcome: Literal["added", "updated", "unchanged", "removed", "failed"]
    reason: str = ""
    chunks: int = 0


@dataclass(frozen=True)
class SyncReport:
    """The result of a sync: one item per document, encoded chunk count, seconds.

    `encode_seconds` is the part of `seconds` that the encoder took.
    """

    items: tuple[SyncItem, ...]
    encoded: int
    seconds: float
    fingerprint: str
    dry_run: bool = False
    encode_seconds: float = 0.0

    def paths(self, outcome: str) -> list[str]:
        """List the documents with this outcome."""
        return [item.path for item in self.items if item.outcome == outcome]

    def to_json(self) -> dict[str, Any]:
        """Give five lists of paths (failed ones with reasons), counts and time."""
        lists: dict[str, Any] = {
            name: self.paths(name) for name in ("added", "updated", "unchanged", "removed")
        }
        failed = [{"path": i.path, "reason": i.reason} for i in self.items if i.outcome == "failed"]
        return {
            **lists,
            "failed": failed,
            "encoded": self.encoded,
            "seconds": round(self.seconds, 3),
            "fingerprint": self.fingerprint,
            "dry_run": self.dry_run,
        }


@dataclass(frozen=True)
class Progress:
    """Where a sync stands: documents and chunks done and known, chunks per second."""

    stage: Literal["reading", "encoding", "done"]
    documents_done: int
    documents_total: int
    chunks_done: int
    chunks_total: int
    chunks_per_second: float = 0.0
    seconds_left: float | None = None


@dataclass(frozen=True)
class Retrieved:
    """Event: the passages are known."""

    found: Found


@dataclass(frozen=True)
class Token:
    """Event: a piece of draft text; unchecked, to be replaced by the finished answer."""

    text: str


@dataclass(frozen=True)
class Notice:
    """Event: something the user should know, as a message key with values."""

    key: str
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Finished:
    """Event: the checked answer, always the last one."""

    answer: Answer


Event = Retrieved | Token | Notice | Finished
