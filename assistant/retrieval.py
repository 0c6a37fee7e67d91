"""Finds the passages that may answer a question: dense, lexical and exact lanes, then fusion.

Each lane gives its own named score and rank and never touches another's. The fused score is
cosine + weight x coverage, where coverage = BM25 / sum of idf over *all* content terms of the
question, unseen ones included: lexical evidence fades by itself when few of them occur.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document as LangChainDocument
from langchain_core.retrievers import BaseRetriever

from assistant import demands, tokens
from assistant.catalog import Catalog
from assistant.embedding import Encoder
from assistant.glossary import Glossary
from assistant.language import content_terms, detect, fold, terms
from assistant.lessons import Lessons
from assistant.questions import asks_meaning, kind_of
from assistant.records import VISIBLE_TO, Found, Hit, Language, Passage
from assistant.settings import RetrievalSettings
from assistant.store import VectorStore

RANK_CONSTANT = 60  # Cormack, Clarke & Buettcher 2009, reciprocal rank fusion
NEAR_DUPLICATE = 0.8  # share of common bigrams above which two passages say the same
KNOWN_QUESTION = 0.5  # Dice overlap of terms from which a known question counts as asked
BARE_TERM = 3  # a question of so few terms is a name
ALIAS_WORTH = 0.8  # of the name that the question uses
FOREIGN_WORDS = 0.6  # worth of words found in a text of another language: names and figures alone
COVERAGE_CAP = 1.0  # aliases can push BM25 past the question's own terms


@dataclass
class _Search:
    """One search under way: the question's terms and what each lane found, by passage id."""

    query: str
    language: Language
    visible: Sequence[str]
    settings: RetrievalSettings
    terms: list[str]
    defines: bool = False
    expansions: tuple[str, ...] = ()
    idf: dict[str, float] = field(default_factory=dict)
    equivalents: dict[str, frozenset[str]] = field(default_factory=dict)
    lanes: dict[str, dict[str, float]] = field(default_factory=dict)
    precedent: float = 0.0
    timings_ms: dict[str, float] = field(default_factory=dict)


class Retriever:
    """Searches one library; holds no state between questions, so threads may share it."""

    def __init__(
        self,
        catalog: Catalog,
        store: VectorStore,
        encoder: Encoder,
        glossary: Glossary,
        settings: RetrievalSettings,
        lessons: Lessons | None = None,
    ) -> None:
        """Take the opened parts of the library; lessons only where they fit the encoder."""
        self._lessons = lessons
        self._catalog, self._store, self._encoder = catalog, store, encoder
        self._glossary, self._settings = glossary, settings

    def find(
        self,
        query: str,
        role: str = "staff",
        *,
        only_language: Language | None = None,
        keep: int | None = None,
        **switches: Any,
    ) -> Found:
        """Give the fused hits that the role may see, what was dropped and why, and the signals.

        `switches` override single retrieval settings, so that an evaluation can turn a lane off.
        """
        search = self._prepare(query, role, self._settings.model_copy(update=switches))
        for name, lane in (("dense", self._dense), ("lexical", self._lexical)):
            if getattr(search.settings, name):
                _timed(search, name, lane)
        passages = self._catalog.passages(list({i for lane in search.lanes.values() for i in lane}))
        if search.settings.exact:
            _timed(search, "exact", lambda s: self._exact(s, passages))
        hits = [h for h in self._fuse(search, passages) if _speaks(h, only_language)]
        hits = self._rerank(search, hits)
        kept, dropped = _fit(hits, search, keep)
        return Found(
            query=query,
            language=search.language,
            hits=tuple(kept),
            dropped=tuple(dropped),
            expansions=search.expansions,
            weights=search.idf,
            equivalents=search.equivalents,
            signals=self._signals(search, kept),
            timings_ms=search.timings_ms,
        )

    def _prepare(self, query: str, role: str, settings: RetrievalSettings) -> _Search:
        visible = VISIBLE_TO[role]
        separated = self._glossary.separated(query) if settings.aliases else query
        wanted = list(dict.fromkeys(content_terms(separated) or terms(query)))
        expansions = self._glossary.expansions(query) if settings.aliases else ()
        # A bare term asks for its definition as much as "what is …" does.
        bare = len(wanted) <= BARE_TERM and kind_of(query) in ("open", "yes_no")
        defines = asks_meaning(query) or bare
        search = _Search(query, detect(query), visible, settings, wanted, defines, expansions)
        if settings.aliases:
            search.equivalents = self._equivalents(query)
        search.idf = self._catalog.idf(wanted, visible)
        return search

    def _dense(self, search: _Search) -> dict[str, float]:
        vector = self._encoder.encode_query(search.query, search.language)
        if self._lessons and search.settings.lessons:
            search.precedent = self._lessons.precedent(vector)
            vector = self._lessons.moved(vector, search.language)
        return dict(
            self._store.nearest(
                self._catalog.fingerprint, search.visible, vector, search.settings.candidates
            )
        )

    def _lexical(self, search: _Search) -> dict[str, float]:
        groups = self._groups(search) if search.settings.aliases else []
        limit = search.settings.candidates
        rows = self._catalog.lexical(search.terms, search.visible, limit, groups)
        total = sum(search.idf.values()) or 1.0
        return {name: min(score / total, COVERAGE_CAP) for name, score in rows}

    def _groups(self, search: _Search) -> list[list[dict[str, float]]]:
        """List what the question names, each with its aliases at ALIAS_WORTH of the name used.

        One thing counts once: aliases that each added up made common things outweigh rare words.
        """
        groups: list[list[dict[str, float]]] = []
        used: set[str] = set()
        mentions = self._glossary.mentions(search.query)
        named = {name: terms(name) for mention in mentions for name in mention.term.names}
        idf = self._catalog.idf([t for own in named.values() for t in own], search.visible)
        for mention in mentions:
            own = {t: search.idf[t] for t in terms(mention.name) if t in search.idf}
            own = {term: weight for term, weight in own.items() if term not in used}
            if not own:
                continue
            used |= own.keys()
            asked = ALIAS_WORTH * sum(own.values())
            group = [own]
            for name in mention.term.names:
                weights = {term: idf[term] for term in named[name]}
                total = sum(weights.values())
                group.append({term: asked * weight / total for term, weight in weights.items()})
            groups.append(group)
        return groups

    def _exact(self, search: _Search, passages: Mapping[str, Passage]) -> dict[str, float]:
        """Score passages of a document that lists this question, or whose heading is the term."""
        asked = set(search.terms)
        documents: dict[str, float] = {}
        for question, path, _ in self._catalog.known_questions(search.terms, search.visible, 8):
            score = _dice(asked, set(content_terms(question)))
            if score >= KNOWN_QUESTION:
                documents[path] = max(score, documents.get(path, 0.0))
        mentioned = self._glossary.mentions(search.query) if search.defines else []
        names = {fold(name) for mention in mentioned for name in mention.term.names}
        found: dict[str, float] = {}
        for name, passage in passages.items():
            heading = fold(passage.headings[-1]) if passage.headings else ""
            titled = 0.5 if any(part in names for part in _heading_names(heading)) else 0.0
            score = max(documents.get(passage.document, 0.0), titled)
            if score:
                found[name] = score
        return found

    def _fuse(self, search: _Search, passages: Mapping[str, Passage]) -> list[Hit]:
        ranks = {lane: _ranks(scores) for lane, scores in search.lanes.items()}
        floor = min(search.lanes.get("dense", {}).values(), default=0.0)
        hits = []
        for name, passage in passages.items():
            scores = {lane: s[name] for lane, s in search.lanes.items() if name in s}
            own = {lane: r[name] for lane, r in ranks.items() if name in r}
            fused = _fused(search, scores, own, floor, passage)
            hits.append(Hit(passage, fused, scores, own))
        return _spread(hits, search.settings)

    def _rerank(self, search: _Search, hits: list[Hit]) -> list[Hit]:
        head = hits[: search.settings.keep * 2]
        scores = self._encoder.rerank(search.query, [h.passage.text for h in head])
        if scores is None:
            return hits
        ranked = [
            replace(hit, scores={**hit.scores, "rerank": score}, score=score)
            for hit, score in zip(head, scores, strict=True)
        ]
        return sorted(ranked, key=lambda h: -h.score)

    def _signals(self, search: _Search, kept: Sequence[Hit]) -> dict[str, float]:
        """Give what the decision to refuse is made from; every value is about 0 to 1."""
        found = search.lanes.get("dense", {}).values()
        return {
            "cosine": max(found, default=0.0),
            "unseen": self._unseen(search),
            "precedent": self._precedent(search, kept),
            **demands.signals(search.query, self._glossary, [hit.passage for hit in kept]),
        }

    def _precedent(self, search: _Search, kept: Sequence[Hit]) -> float:
        """Tell how like questions turned out; 0 where the best passage is new or changed since."""
        known = self._lessons and kept and kept[0].passage.id in self._lessons.passages
        return search.precedent if known else 0.0

    def _equivalents(self, query: str) -> dict[str, frozenset[str]]:
        """Map each question term to the terms of the other names of what it belongs to."""
        other: dict[str, frozenset[str]] = {}
        for mention in self._glossary.mentions(query):
            names = frozenset(t for name in mention.term.names for t in terms(name))
            for term in terms(mention.name):
                other[term] = other.get(term, frozenset()) | names
        return other

    def _unseen(self, search: _Search) -> float:
        limit, total = self._unseen_weight(search), sum(search.idf.values())
        lost = sum(w for t, w in search.idf.items() if w >= limit and not search.equivalents.get(t))
        return lost / total if total else 1.0

    def _unseen_weight(self, search: _Search) -> float:
        """Give the idf from which a term stands nowhere in the library."""
        size = self._catalog.size(search.visible)
        return (math.log(size + 0.5) - math.log(0.5)) * 0.999 if size else 0.0


class FoundDocuments(list[LangChainDocument]):
    """The documents a LangChain retriever must give, with the whole result beside them."""

    found: Found


class LibraryRetriever(BaseRetriever):
    """The library as a LangChain retriever; each document's metadata carries its hit as JSON."""

    retriever: Any
    role: str = "staff"
    switches: dict[str, Any] = {}  # noqa: RUF012 (a pydantic field, copied per instance)

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[LangChainDocument]:
        found = self.retriever.find(query, self.role, **self.switches)
        documents = FoundDocuments(as_documents(found))
        documents.found = found
        return documents


def as_documents(found: Found) -> list[LangChainDocument]:
    """Give the kept hits as LangChain documents."""
    return [
        LangChainDocument(page_content=h.passage.text, metadata=h.to_json(), id=h.passage.id)
        for h in found.hits
    ]


def _timed(search: _Search, name: str, lane: Callable[[_Search], dict[str, float]]) -> None:
    began = time.perf_counter()
    search.lanes[name] = lane(search)
    search.timings_ms[name] = round((time.perf_counter() - began) * 1000, 2)


def _fused(
    search: _Search,
    scores: Mapping[str, float],
    ranks: Mapping[str, int],
    floor: float,
    passage: Passage,
) -> float:
    chosen = search.settings
    if chosen.fusion == "rank":
        return sum(1 / (RANK_CONSTANT + rank) for rank in ranks.values())
    same = passage.language == search.language
    score = scores.get("dense", floor)
    score += chosen.coverage_weight * scores.get("lexical", 0.0) * (1 if same else FOREIGN_WORDS)
    score += chosen.exact_weight * scores.get("exact", 0.0)
    if passage.kind == "glossary" and not search.defines:
        score -= chosen.glossary_penalty
    return score + (chosen.language_bonus if same else 0.0)


def _spread(hits: Sequence[Hit], chosen: RetrievalSettings) -> list[Hit]:
    """Order hits by score, less a penalty for each better passage of the same document."""

    def place(hit: Hit) -> tuple[float, str, int]:
        return -hit.score, hit.passage.document, hit.passage.start

    if chosen.fusion == "rank":
        return sorted(hits, key=place)
    seen: Counter[str] = Counter()
    spread = []
    for hit in sorted(hits, key=place):
        spread.append(
            replace(hit, score=hit.score - chosen.repeat_penalty * seen[hit.passage.document])
        )
        seen[hit.passage.document] += 1
    return sorted(spread, key=place)


def _ranks(scores: Mapping[str, float]) -> dict[str, int]:
    ordered = sorted(scores, key=lambda name: -scores[name])
    return {name: rank for rank, name in enumerate(ordered, start=1)}


def _speaks(hit: Hit, language: Language | None) -> bool:
    return language is None or hit.passage.language == language


def _heading_names(heading: str) -> list[str]:
    """Split a heading such as `gpm(千次成交额)` into the names it gives."""
    return [part.strip() for part in heading.replace(")", "(").replace("/", "(").split("(") if part]


def _dice(one: set[str], other: set[str]) -> float:
    return 2 * len(one & other) / (len(one) + len(other)) if one and other else 0.0


def share(
    found: set[str], weights: Mapping[str, float], equivalents: Mapping[str, frozenset[str]]
) -> float:
    """Give the idf-weighted share (0 to 1) of a question's terms in `found`, aliases counted."""
    total = sum(weights.values())
    none: frozenset[str] = frozenset()
    hit = sum(w for t, w in weights.items() if t in found or equivalents.get(t, none) & found)
    return hit / total if total else 0.0


def _fit(
    hits: Sequence[Hit], search: _Search, keep: int | None
) -> tuple[list[Hit], list[tuple[Hit, str]]]:
    """Keep the best hits that differ and fit the budget; the rest is dropped with the reason."""
    kept: list[Hit] = []
    dropped: list[tuple[Hit, str]] = []
    grams: list[set[str]] = []
    limit, left = keep or search.settings.keep, search.settings.budget_tokens
    translated = {_slug(h) for h in hits[:limit] if h.passage.language == search.language}
    for hit in hits:
        if len(kept) >= limit:
            break
        own = set(terms(hit.passage.text))
        size = tokens.count_tokens(hit.passage.text)
        reason = ""
        if hit.passage.language != search.language and _slug(hit) in translated:
            reason = "translation"
        elif any(len(own & g) / (len(own | g) or 1) > NEAR_DUPLICATE for g in grams):
            reason = "duplicate"
        elif size > left and keep is None:
            reason = "budget"
        if reason:
            dropped.append((hit, reason))
            continue
        kept.append(hit)
        grams.append(own)
        left -= size
    return kept, dropped


def _slug(hit: Hit) -> str:
    return hit.passage.document.rsplit("/", 1)[-1].split(".", 1)[0]
