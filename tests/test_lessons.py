"""The lessons: what is stored comes back, what they do to a search, and that they can be taught."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assistant import lessons, teaching, training
from assistant.embedding import Encoder
from assistant.errors import ConfigurationError
from assistant.lessons import Lessons
from assistant.service import Assistant
from assistant.settings import Settings
from tests.conftest import settings_in

FAR = "The tortoise of my grandmother likes dandelions"


@pytest.fixture(scope="module")
def shipped() -> Lessons:
    return Lessons.load()


@pytest.fixture(scope="module")
def encoder(models_folder: Path) -> Encoder:
    return Encoder("bundled", models_folder.parent)


def test_what_is_stored_comes_back(tmp_path: Path, shipped: Lessons) -> None:
    few = replace(shipped, precedents=shipped.precedents[:50], weights=shipped.weights[:50])
    few.store(tmp_path / "lessons.npz")
    again = Lessons.load(tmp_path / "lessons.npz")
    assert again.passages == few.passages
    assert np.array_equal(again.up, few.up)
    assert np.array_equal(again.weights, few.weights)
    assert (again.precedents * few.precedents).sum(axis=1).min() > 0.99


def test_vectors_lose_little_in_four_bits(encoder: Encoder) -> None:
    vectors = np.stack([encoder.encode_query(text, "en") for text in (FAR, "what is a DP?")])
    kept = lessons.rounded(vectors)
    assert np.allclose(np.linalg.norm(kept, axis=1), 1, atol=1e-5)
    assert (kept * vectors).sum(axis=1).min() > 0.98


@pytest.mark.parametrize("damage", [b"", b"PK not a zip"])
def test_a_damaged_file_is_named(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "lessons.npz").write_bytes(damage)
    with pytest.raises(ConfigurationError, match=r"lessons\.npz"):
        Lessons.load(tmp_path / "lessons.npz")


def test_labelled_questions_are_remembered(shipped: Lessons, encoder: Encoder) -> None:
    """Of questions that it was taught, most come out on their side."""
    right = 0
    asked = training.examples()[::97]
    for one in asked:
        told = shipped.precedent(encoder.encode_query(one.question, one.language))
        right += (told > 0) == one.answered
    assert right >= 0.9 * len(asked)


def test_a_precedent_is_bounded_whatever_is_asked(shipped: Lessons) -> None:
    mean = shipped.precedents.mean(axis=0)
    asked = [mean, -mean, *np.random.default_rng(0).standard_normal((50, len(mean)))]
    assert all(-1 <= shipped.precedent(one / np.linalg.norm(one)) <= 1 for one in asked)


def test_a_move_keeps_the_length_and_most_of_the_direction(
    shipped: Lessons, encoder: Encoder
) -> None:
    for language, text in (("zh", "韩束的自播占比"), ("en", "Kans share"), ("fr", "bonjour")):
        own = encoder.encode_query(text, language)
        there = shipped.moved(own, language)
        assert np.linalg.norm(there) == pytest.approx(1, abs=1e-5)
        assert own @ there > 0.3


def test_a_search_without_lessons_has_no_precedent(library: Assistant) -> None:
    question = "韩束 2023 年的仓库租金是多少?"
    told = library.retrieve(question).signals["precedent"]
    assert told < 0
    assert library.retrieve(question, lessons=False).signals["precedent"] == 0
    assert library.retrieve("韩束的核心打法是什么?").signals["precedent"] > told


def test_the_lessons_are_of_this_library(library: Assistant, shipped: Lessons) -> None:
    """After a change of content: `evaluate --suite teach`, then `evaluate --suite calibrate`."""
    assert teaching._ids(library) == shipped.passages


def test_precedents_are_silent_about_other_documents(
    settings: Settings, write: Callable[[str, str], Path]
) -> None:
    """They were asked of the bundled library; what a user adds is judged by what it says."""
    note = write("rent.md", "# 韩束的仓库\n\n韩束 2023 年的仓库租金是每月 8 万元。\n")
    with Assistant.open(settings) as assistant:
        assistant.sync([str(note)])
        found = assistant.retrieve("韩束 2023 年的仓库租金是多少?")
        assert found.hits
        assert found.signals["precedent"] == 0
        assert "8 万元" in assistant.ask("韩束 2023 年的仓库租金是多少?").text


@pytest.mark.parametrize("changes", [{"centring": False}, {"model": "some/model"}])
def test_another_encoder_has_no_lessons(
    tmp_path: Path, models_folder: Path, changes: dict[str, object]
) -> None:
    chosen = settings_in(tmp_path, models_folder)
    encoder = chosen.encoder.model_copy(update=changes)
    assert Assistant(chosen.model_copy(update={"encoder": encoder}))._lessons is None
    assert Assistant(chosen)._lessons is not None


def test_teaching_few_questions_brings_them_to_their_answers(
    library: Assistant, tmp_path: Path, encoder: Encoder
) -> None:
    slugs = ("case-kans", "case-erke", "cold-start", "what-is-a-dp")
    few = [one for one in training.examples() if one.slug in slugs][::5]
    told = teaching.teach(library, tmp_path / "lessons.npz", few)
    assert told["questions"] == len(few)
    assert 0 < told["answered"] < len(few)
    taught = Lessons.load(tmp_path / "lessons.npz")
    after, before = [], []
    for one in [one for one in few if one.answered][::6]:
        vector = encoder.encode_query(one.question, one.language)
        assert (taught.precedent(vector) > 0) == one.answered
        passage = encoder.encode_documents([one.evidence], [one.language])[0]
        before.append(vector @ passage)
        after.append(taught.moved(vector, one.language) @ passage)
    assert np.mean(after) > np.mean(before)
