"""The readiness questionnaire rests on the library, in both languages, and judges sanely.

The eight profiles are brands as the cases describe them or as brands typically are; what each must
get is written in `profiles/expected.yaml`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from assistant.frontmatter import FrontMatter, read_front_matter
from assistant.readiness.answers import Answers
from assistant.readiness.findings import Findings, find
from assistant.readiness.questionnaire import Question, Questionnaire
from assistant.readiness.scoring import Scores, score

KNOWLEDGE = Path(__file__).parents[1] / "knowledge"
PROFILES = Path(__file__).parent / "profiles"
FILE = KNOWLEDGE / "readiness" / "questionnaire.yaml"
STAGES = ("zero-to-one", "one-to-ten", "ten-to-hundred")
LANGUAGES = ("zh", "en")
HAN = re.compile(r"[\u4e00-\u9fff]")
NUMBER = re.compile(r"(?<![A-Za-z\d.])\d+(?:\.\d+)?")
ROLES = {
    *("operations", "host", "content", "service", "supply"),
    *("data", "legal", "lead", "finance"),
}
GATES = {"service-score", "compliance-permits", "compliance-deposit", "compliance-tactics"}
SECONDS_PER_QUESTION = 15

RAW: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
QUESTIONNAIRE = Questionnaire.load(KNOWLEDGE)
EXPECTED: dict[str, Any] = yaml.safe_load((PROFILES / "expected.yaml").read_text(encoding="utf-8"))
NAMES = sorted(path.stem for path in PROFILES.glob("*.yaml") if path.stem != "expected")


@cache
def document(slug: str, language: str) -> tuple[FrontMatter, list[str]]:
    """Give the front matter and the lines of a document, without list marks."""
    (path,) = KNOWLEDGE.glob(f"*/{slug}.{language}.md")
    text = path.read_text(encoding="utf-8")
    matter, start = read_front_matter(text, slug)
    assert matter is not None
    return matter, [re.sub(r"^(?:-|\d+\.)\s+", "", line) for line in text[start:].splitlines()]


def numbers(text: str) -> set[str]:
    return set(NUMBER.findall(text.replace(",", "").replace("百分制", "100 分制")))


def entries(node: Any, place: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Give every mapping of the file with its place."""
    if isinstance(node, dict):
        name = f"{place}/{node.get('id', '')}"
        yield name, node
        for key, value in node.items():
            yield from entries(value, f"{name}.{key}")
    elif isinstance(node, list):
        for value in node:
            yield from entries(value, place)


def pairs() -> Iterator[tuple[str, str, str]]:
    """Give every text of the file in both languages, with its place."""
    for place, entry in entries(RAW):
        for key in entry:
            if isinstance(key, str) and (key == "zh" or key.endswith("_zh")):
                yield f"{place}.{key}", entry[key], entry[key.removesuffix("zh") + "en"]


def with_source() -> Iterator[tuple[str, dict[str, Any]]]:
    return ((place, entry) for place, entry in entries(RAW) if "source" in entry)


def by_id(question: Question) -> str:
    return question.id


# The form


def test_the_form_has_about_35_questions_and_takes_its_minutes() -> None:
    assert 33 <= len(QUESTIONNAIRE.questions) <= 40
    for stage in STAGES:
        seconds = len(list(QUESTIONNAIRE.asked(stage, "full"))) * SECONDS_PER_QUESTION
        assert seconds <= QUESTIONNAIRE.minutes * 60


def test_the_quick_check_has_ten_questions_with_every_gate() -> None:
    quick = {question.id for question in QUESTIONNAIRE.questions if question.quick}
    gates = {question.id for question in QUESTIONNAIRE.questions if question.gate}
    assert len(quick) == 10
    assert gates == GATES and gates <= quick
    for stage in STAGES:
        asked = list(QUESTIONNAIRE.asked(stage, "quick"))
        assert len(asked) == 10
        assert len({question.dimension for question in asked}) >= 8


@pytest.mark.parametrize("dimension", QUESTIONNAIRE.dimensions, ids=lambda one: one.id)
def test_a_dimension_is_asked_about_at_every_stage(dimension: Any) -> None:
    own = [one for one in QUESTIONNAIRE.questions if one.dimension == dimension.id]
    assert 2 <= len(own) <= 4
    for stage in STAGES:
        assert any(stage in question.stages for question in own)
    assert len({question.weight for question in own}) > 1 or len(own) == 2


def test_a_bolder_goal_never_needs_less() -> None:
    first, boldest = QUESTIONNAIRE.goal("open-shop"), QUESTIONNAIRE.goal("top-kol-session")
    for goal in QUESTIONNAIRE.goals:
        for name, level in goal.needs.items():
            assert first.needs[name] <= level <= boldest.needs[name], (goal.id, name)


def test_roles_are_known_and_every_service_is_called_for() -> None:
    steps = [step for question in QUESTIONNAIRE.questions for step in question.steps]
    assert {step.role for step in steps} <= ROLES
    assert all(1 <= len(question.steps) <= 3 for question in QUESTIONNAIRE.questions)
    called = {question.service for question in QUESTIONNAIRE.questions}
    assert {service.id for service in QUESTIONNAIRE.services} <= called


def test_both_ways_of_running_it_have_reasons() -> None:
    towards = [reason.points_towards for reason in QUESTIONNAIRE.run_alone]
    assert towards.count("provider") >= 3 and towards.count("alone") >= 3


# The words


@pytest.mark.parametrize(
    ("place", "chinese", "english"), pairs(), ids=[place for place, _, _ in pairs()]
)
def test_a_text_stands_in_both_languages(place: str, chinese: str, english: str) -> None:
    assert chinese.strip() and english.strip()
    assert HAN.search(chinese) or chinese == english
    assert not HAN.search(english)
    assert not re.search(r"[\u4e00-\u9fff][,;:?!]|[,;:?!][\u4e00-\u9fff]", chinese)
    if "quote" not in place:
        assert numbers(chinese) == numbers(english)


@pytest.mark.parametrize("question", QUESTIONNAIRE.questions, ids=by_id)
def test_a_question_is_short(question: Question) -> None:
    assert len(question.text_zh) <= 70 and len(question.text_en.split()) <= 45
    for level in question.levels:
        assert len(level.zh) <= 32 and len(level.en.split()) <= 20
    texts = [level.zh for level in question.levels]
    assert len(set(texts)) == len(texts)


# The evidence


@pytest.mark.parametrize(
    ("place", "entry"), with_source(), ids=[place for place, _ in with_source()]
)
def test_a_source_is_a_document_that_a_brand_may_read(place: str, entry: dict[str, Any]) -> None:
    for language in LANGUAGES:
        matter, lines = document(entry["source"], language)
        assert matter.visibility == "public" and "brand" in matter.audience, place
        if f"quote_{language}" in entry:
            assert entry[f"quote_{language}"] in lines, place


def test_what_is_asked_blocked_and_offered_is_quoted() -> None:
    for name in ("questions", "services", "run_alone"):
        assert all({"quote_zh", "quote_en"} <= set(entry) for entry in RAW[name])
    assert all("quote_zh" in one["gate"] for one in RAW["questions"] if "gate" in one)


def test_the_playbook_of_a_dimension_is_public() -> None:
    for dimension in QUESTIONNAIRE.dimensions:
        for language in LANGUAGES:
            matter, _ = document(dimension.playbook, language)
            assert matter.visibility == "public" and "brand" in matter.audience


@pytest.mark.parametrize("question", QUESTIONNAIRE.questions, ids=by_id)
def test_a_figure_stands_in_its_source(question: Question) -> None:
    said = [question.good_zh, *(level.zh for level in question.levels)]
    cited = [(question.source, text) for text in said]
    cited += [(step.source, step.zh) for step in question.steps]
    if question.gate:
        cited += [(question.gate.source, question.gate.message_zh + question.gate.step_zh)]
    for slug, text in cited:
        assert numbers(text) <= numbers(" ".join(document(slug, "zh")[1])), (slug, text)


@pytest.mark.parametrize(
    "question", [one for one in QUESTIONNAIRE.questions if one.type == "number"], ids=by_id
)
def test_a_threshold_stands_in_the_source_or_is_called_assumed(question: Question) -> None:
    known = numbers(" ".join(document(question.source, "zh")[1]))
    marks = {f"{mark:g}" for mark, _ in question.points if mark not in (0, question.maximum)}
    assert question.assumed_points or marks <= known
    assert {points for _, points in question.points} >= {0, 100}
    if question.gate:
        assert f"{question.gate.below:g}" in known


# The profiles


@cache
def judged(name: str) -> tuple[Scores, Findings]:
    answers = Answers.read((PROFILES / f"{name}.yaml").read_bytes(), QUESTIONNAIRE)
    scores = score(QUESTIONNAIRE, answers)
    return scores, find(QUESTIONNAIRE, scores)


def test_there_are_eight_profiles_and_each_is_expected() -> None:
    assert len(NAMES) == 8
    assert set(EXPECTED) == set(NAMES)
    assert {QUESTIONNAIRE.stage(yaml_of(name)["stage"]).id for name in NAMES} == set(STAGES)
    assert {yaml_of(name)["goal"] for name in NAMES} == {one.id for one in QUESTIONNAIRE.goals}


def yaml_of(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((PROFILES / f"{name}.yaml").read_text("utf-8"))
    return found


@pytest.mark.parametrize("name", NAMES)
def test_a_profile_answers_what_is_asked_and_nothing_else(name: str) -> None:
    given = yaml_of(name)
    asked = {one.id for one in QUESTIONNAIRE.asked(given["stage"], given["form"])}
    assert set(given["answers"]) == asked


@pytest.mark.parametrize("name", NAMES)
def test_a_profile_gets_its_level_and_its_blockers(name: str) -> None:
    scores, findings = judged(name)
    expected = EXPECTED[name]
    low, high = expected["score"]
    assert scores.overall is not None and low <= scores.overall <= high
    assert scores.level in expected["levels"]
    assert [one.question.id for one in scores.blockers] == expected["blockers"]
    assert [one.question.id for one in scores.unchecked] == expected["unchecked"]
    assert findings.verdict == expected["verdict"]


@pytest.mark.parametrize("name", NAMES)
def test_a_profile_gets_its_strengths_and_gaps(name: str) -> None:
    _, findings = judged(name)
    gaps = [gap.dimension.dimension.id for gap in findings.gaps]
    strengths = {one.dimension.id for one in findings.strengths}
    assert set(EXPECTED[name]["gaps"]) <= set(gaps[:3])
    assert bool(gaps) == bool(EXPECTED[name]["gaps"])
    assert set(EXPECTED[name]["strengths"]) <= strengths


@pytest.mark.parametrize("name", NAMES)
def test_a_profile_gets_its_first_steps(name: str) -> None:
    scores, findings = judged(name)
    causes = [cause for gap in findings.gaps[:3] for cause in gap.causes[:2]]
    steps = {step.id for cause in causes for step in cause.question.steps}
    steps |= {win.step.id for win in findings.quick_wins}
    steps |= {step.id for one in scores.blockers for step in one.question.steps}
    assert set(EXPECTED[name]["first_steps"]) <= steps


@pytest.mark.parametrize("name", NAMES)
def test_a_profile_gets_its_advice(name: str) -> None:
    _, findings = judged(name)
    expected = EXPECTED[name]
    assert findings.way == expected["way"]
    assert set(expected["reasons"]) <= {reason.id for reason, _ in findings.reasons}
    assert set(expected["services"]) <= {need.service.id for need in findings.services}


def test_a_contested_answer_shows_in_both_scores() -> None:
    scores, _ = judged("mature-low-score")
    service = next(one for one in scores.dimensions if one.dimension.id == "service")
    assert service.without is not None and service.without != service.score
