"""Fits the lessons on the labelled questions: the move to the answers, and the precedents.

Vectors of documents stay as they are, so nothing is encoded anew. The move is held small: fitted on
the library, it must not lose other documents, which is what the figures of the half that it was not
fitted on tell. The labelled evaluation sets are never used.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from assistant import lessons
from assistant.cases import other, slug
from assistant.chunking import chunk, embedding_text
from assistant.embedding import BUNDLED, Encoder
from assistant.lessons import Lessons
from assistant.records import VISIBLE_TO, Document, Language
from assistant.scoring import means, ranking_scores
from assistant.service import Assistant
from assistant.training import Example, examples

RANK = 64
TEMPERATURE = 0.025
HELD = 0.07  # weight of the squared numbers of the move
STEPS, BATCH, RATE = 250, 512, 2e-3
RIDGE = 0.1
_NEVER = -1e4
_LANGUAGES: tuple[Language, ...] = ("zh", "en")


@dataclass(frozen=True)
class _Passages:
    """All passages: vectors, whose they are, and under which heading of their document."""

    vectors: np.ndarray
    slugs: np.ndarray
    languages: np.ndarray
    sections: np.ndarray
    texts: list[str]


@dataclass(frozen=True)
class _Questions:
    """Questions with the passages [questions, passages] that answer, and translations of these."""

    vectors: np.ndarray
    slugs: np.ndarray
    languages: np.ndarray
    answering: np.ndarray
    translated: np.ndarray


_Move = tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]


def teach(
    assistant: Assistant, path: Path = lessons.PATH, labelled: Sequence[Example] | None = None
) -> dict[str, Any]:
    """Fit the lessons on labelled questions, store them, and say what the move does.

    `other_documents` are questions about the half of the documents that a second fit did not see,
    searched among all passages: figures before and after the move.
    """
    given = examples() if labelled is None else labelled
    encoder = Encoder(BUNDLED, assistant.settings.data, assistant.settings.encoder.threads)
    rows = [assistant.document(row.path, "admin") for row in assistant.library("admin")]
    passages = _passages(
        encoder, [row for row in rows if row], assistant.settings.chunks.size_tokens
    )
    vectors = np.stack([encoder.encode_query(one.question, one.language) for one in given])
    questions = _questions(passages, given, vectors)
    move = _move(passages, questions, np.ones(len(questions.slugs), bool))
    kept = lessons.rounded(vectors)
    weights = _ridge(kept, np.array([1.0 if one.answered else -1.0 for one in given]))
    Lessons(*move, kept, weights, _ids(assistant)).store(path)
    figures = {"questions": len(given), "answered": len(questions.slugs)}
    return {**figures, "other_documents": _elsewhere(passages, questions)}


def _ids(assistant: Assistant) -> frozenset[str]:
    levels = VISIBLE_TO["admin"]
    every = [assistant._store.ids(assistant.fingerprint, level) for level in levels]
    return frozenset(itertools.chain(*every))


def _passages(encoder: Encoder, documents: Sequence[Document], size: int) -> _Passages:
    cut = [(document, chunk(document, size)) for document in documents]
    rows = [(document, piece) for document, pieces in cut for piece in pieces]
    languages = [document.language for document, _ in rows]
    vectors = encoder.encode_documents([embedding_text(*row) for row in rows], languages)
    sections = [n for _, pieces in cut for n in _numbered([piece.headings for piece in pieces])]
    slugs = np.array([slug(document.path) for document, _ in rows])
    texts = [piece.text for _, piece in rows]
    return _Passages(vectors, slugs, np.array(languages), np.array(sections), texts)


def _numbered(headings: Sequence[tuple[str, ...]]) -> Iterator[int]:
    """Number headings by first appearance: translations have the same ones in the same order."""
    seen: dict[tuple[str, ...], int] = {}
    for one in headings:
        yield seen.setdefault(one, len(seen))


def _questions(passages: _Passages, given: Sequence[Example], vectors: np.ndarray) -> _Questions:
    """Keep the answered ones, with the passages that hold their evidence."""
    kept, answering, translated = [], [], []
    for number, example in enumerate(given):
        if not example.answered:
            continue
        document = (passages.slugs == example.slug) & (passages.languages == example.language)
        own = document.copy()
        own[document] = [example.evidence in passages.texts[n] for n in np.flatnonzero(document)]
        foreign = (passages.slugs == example.slug) & (passages.languages != example.language)
        if own.any():
            kept.append(number)
            answering.append(own)
            translated.append(foreign & np.isin(passages.sections, passages.sections[own]))
    slugs = np.array([given[n].slug for n in kept])
    languages = np.array([given[n].language for n in kept])
    return _Questions(vectors[kept], slugs, languages, np.array(answering), np.array(translated))


def _ridge(vectors: np.ndarray, outcomes: np.ndarray) -> np.ndarray:
    near = lessons.kernel(vectors, vectors)
    near[np.diag_indices(len(near))] += RIDGE
    return np.linalg.solve(near, outcomes.astype(np.float32))


def _move(passages: _Passages, questions: _Questions, used: np.ndarray) -> _Move:
    """Fit on the questions `used`, among the passages of their documents.

    The loss is InfoNCE (van den Oord, Li & Vinyals 2018) over all passages of the question's
    language, and once more over those of the other one, so that translations are found as well.
    """
    import torch
    from torch.nn import functional

    torch.manual_seed(0)
    pool = torch.tensor(np.isin(passages.slugs, questions.slugs[used]))
    alike = torch.tensor(questions.languages[:, None] == passages.languages[None])
    lanes = (
        (alike & pool, torch.tensor(questions.answering)),
        (~alike & pool, torch.tensor(questions.translated)),
    )
    vectors, targets = torch.tensor(questions.vectors), torch.tensor(passages.vectors)
    spoken = torch.tensor((questions.languages == _LANGUAGES[1]).astype(int))
    size = vectors.shape[1]
    down = (torch.randn(RANK, size) / size**0.5).requires_grad_()
    up = torch.zeros(size, RANK, requires_grad=True)
    shifts = torch.zeros(len(_LANGUAGES), size, requires_grad=True)
    optimiser = torch.optim.Adam([down, up, shifts], lr=RATE)
    plan = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: 1 - step / STEPS)
    rows = torch.tensor(np.flatnonzero(used))
    for _ in range(STEPS):
        batch = rows[torch.randint(len(rows), (BATCH,))]
        there = vectors[batch] + vectors[batch] @ down.T @ up.T + shifts[spoken[batch]]
        scores = functional.normalize(there) @ targets.T / TEMPERATURE
        loss = HELD * (up @ down).square().sum()
        for among, right in lanes:
            loss = loss + _missed(scores, among[batch], right[batch])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        plan.step()
    by_language = dict(zip(_LANGUAGES, shifts.detach().numpy(), strict=True))
    return down.detach().numpy(), up.detach().numpy(), by_language


def _missed(scores: Any, among: Any, right: Any) -> Any:
    """Cross-entropy of the right passages among some; questions without one do not count."""
    import torch

    every = torch.where(among, scores, _NEVER)
    good = torch.where(among & right, scores, _NEVER)
    counted = (among & right).any(1)
    return (torch.logsumexp(every, 1) - torch.logsumexp(good, 1))[counted].mean()


def _elsewhere(passages: _Passages, questions: _Questions) -> dict[str, Any]:
    """Fit on half of the documents and rank for questions about the other half."""
    names = sorted(set(questions.slugs.tolist()))
    half = random.Random(0).sample(names, len(names) // 2)
    used = np.isin(questions.slugs, half)
    lesson = Lessons(*_move(passages, questions, used), np.zeros((0, 0)), np.zeros(0), frozenset())
    rows = np.flatnonzero(~used)
    before = questions.vectors
    after = {n: lesson.moved(before[n], str(questions.languages[n])) for n in rows}
    figures: dict[str, Any] = {"questions": len(rows)}
    for name, foreign in (("own_language", False), ("other_language", True)):
        figures[name] = {
            when: means(_scores(passages, questions, int(n), vectors[n], foreign) for n in rows)
            for when, vectors in (("before", before), ("after", after))
        }
    return figures


def _scores(
    passages: _Passages, questions: _Questions, row: int, vector: np.ndarray, foreign: bool
) -> dict[str, float]:
    spoken: Any = questions.languages[row]
    among = np.flatnonzero(passages.languages == (other(spoken) if foreign else spoken))
    order = among[np.argsort(-(passages.vectors[among] @ vector))]
    return ranking_scores(passages.slugs[order].tolist(), [str(questions.slugs[row])])
