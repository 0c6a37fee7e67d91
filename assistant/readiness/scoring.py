"""Scores answers: a pure function from questionnaire and answers to scores with their reasons.

A question scores 0 to 100; a dimension is the mean of its answered questions by their weights, the
whole is the mean of the scored dimensions by the weights of the stage. What is unknown or not
answered counts in no mean and lowers the confidence, the share of the weight that is answered;
what does not apply counts in neither. A gate is a blocker beside the score, never inside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from assistant import arithmetic
from assistant.readiness.answers import Answers, Given, Special
from assistant.readiness.questionnaire import Dimension, Question, Questionnaire

State = Literal["answered", "unknown", "missing", "not_applicable"]
FULL = 100.0


@dataclass(frozen=True)
class QuestionScore:
    """An answer and its score; `better` is the answer one step up and `better_score` its score."""

    question: Question
    state: State
    given: Given | None = None
    score: float | None = None
    better: Given | None = None
    better_score: float | None = None
    note: str = ""

    @property
    def weight(self) -> int:
        """The question's weight in its dimension."""
        return self.question.weight

    @property
    def reached(self) -> float | None:
        """What conditions compare: the number or level, 1 for yes, the score of choices."""
        if isinstance(self.given, tuple):
            return self.score
        return None if self.given is None else float(self.given)


@dataclass(frozen=True)
class DimensionScore:
    """The score of a dimension, the level it has and the level that the goal needs.

    `confidence` is in percent; None when no question of the dimension applies. `without` is the
    score with contested answers taken out, the same as `score` when none is contested.
    """

    dimension: Dimension
    weight: float
    need: int
    questions: tuple[QuestionScore, ...]
    score: float | None
    level: int | None
    confidence: float | None
    without: float | None

    @property
    def needed_score(self) -> float:
        """The lowest score of the level that the goal needs."""
        return arithmetic.points_needed_for_level(self.need)

    @property
    def gap(self) -> float | None:
        """What the score is short of what the goal needs; None without a score."""
        if self.score is None:
            return None
        return arithmetic.points_short(self.needed_score, self.score)

    def answered(self) -> tuple[QuestionScore, ...]:
        """Give the questions that count in the score."""
        return tuple(one for one in self.questions if one.score is not None)


@dataclass(frozen=True)
class Gain:
    """What one step up in one answer would add to its dimension and to the whole."""

    question: QuestionScore
    dimension: float
    overall: float


@dataclass(frozen=True)
class Scores:
    """The scores of one set of answers; `blockers` are gates that are shut.

    `unchecked` are gates whose question is not answered: nobody knows whether they are open.
    """

    dimensions: tuple[DimensionScore, ...]
    overall: float | None
    level: int | None
    confidence: float | None
    without: float | None
    blockers: tuple[QuestionScore, ...]
    unchecked: tuple[QuestionScore, ...]

    def questions(self) -> tuple[QuestionScore, ...]:
        """Give every asked question with its score, dimension by dimension."""
        return tuple(one for dimension in self.dimensions for one in dimension.questions)

    def scored(self) -> tuple[DimensionScore, ...]:
        """Give the dimensions that count in the whole."""
        return tuple(one for one in self.dimensions if one.score is not None and one.weight)

    def gains(self) -> tuple[Gain, ...]:
        """List what each answer could add by one step up, the largest for the whole first."""
        weights = [one.weight for one in self.scored()]
        found = [
            gain
            for dimension in self.scored()
            for gain in _gains(dimension, weights)
            if gain.dimension > 0
        ]
        return tuple(sorted(found, key=lambda gain: (-gain.overall, gain.question.question.id)))


def score(questionnaire: Questionnaire, answers: Answers) -> Scores:
    """Score answers; the order of questions and answers does not matter."""
    asked = {question.id for question in questionnaire.asked(answers.stage, answers.form)}
    # What was answered counts even if the quick form does not ask it.
    rows = [_question_score(q, answers) for q in questionnaire.asked(answers.stage, "full")]
    relevant = [one for one in rows if one.question.id in asked or one.state == "answered"]
    dimensions = tuple(
        _dimension_score(questionnaire, dimension, answers, relevant)
        for dimension in questionnaire.dimensions
    )
    dimensions = tuple(one for one in dimensions if one.questions)
    overall = _overall(dimensions, [one.score for one in dimensions])
    gates = [one for one in relevant if one.question.gate]
    return Scores(
        dimensions=dimensions,
        overall=overall,
        level=_level(overall),
        confidence=_overall_confidence(dimensions),
        without=_overall(dimensions, [one.without for one in dimensions]),
        blockers=tuple(one for one in gates if is_shut(one)),
        unchecked=tuple(one for one in gates if one.state in ("unknown", "missing")),
    )


def question_points(question: Question, given: Given) -> float:
    """Score one answer from 0 to 100."""
    if isinstance(given, tuple):
        chosen = [option.points for option in question.options if option.id in given]
        return arithmetic.points_of_options(chosen)
    if question.type == "level":
        return arithmetic.points_of_level(given)
    if question.type == "yes_no":
        return arithmetic.points_of_choice(float(given), question.yes or 0, question.no or 0)
    stretches = (
        arithmetic.points_between(given, *left_right) for left_right in stretches_of(question)
    )
    return arithmetic.points_together([question.points[0][1], *stretches])


def stretches_of(question: Question) -> list[tuple[float, float, float, float]]:
    """Give left mark, right mark, left points and right points of each stretch of the scale."""
    return [
        (left[0], right[0], left[1], right[1]) for left, right in pairwise(question.points)
    ]


def is_shut(one: QuestionScore) -> bool:
    """Say whether the gate of a question blocks; without an answer it does not."""
    gate = one.question.gate
    if gate is None or one.reached is None:
        return False
    return one.reached < gate.below if gate.below is not None else not one.reached


def _question_score(question: Question, answers: Answers) -> QuestionScore:
    note = answers.contested.get(question.id, "")
    given = answers.answers.get(question.id)
    if given is None or isinstance(given, str):
        state: State | Special = given or "missing"
        return QuestionScore(question, state, note=note)
    points = question_points(question, given)
    better = _step_up(question, given, points)
    return QuestionScore(
        question=question,
        state="answered",
        given=given,
        score=points,
        better=better,
        better_score=None if better is None else question_points(question, better),
        note=note,
    )


def _step_up(question: Question, given: Given, points: float) -> Given | None:
    """Give the next better answer: a level up, the next mark, the other answer, one more choice."""
    if points >= FULL:
        return None
    if isinstance(given, tuple):
        others = [option for option in question.options if option.id not in given]
        best = max(others, key=lambda option: option.points, default=None)
        return (*given, best.id) if best and best.points else None
    if question.type == "level":
        return given + 1
    if question.type == "yes_no":
        return not given if question_points(question, not given) > points else None
    marks = [mark for mark, worth in question.points if worth > points]
    return min(marks, key=lambda mark: abs(mark - given), default=None)


def _dimension_score(
    questionnaire: Questionnaire,
    dimension: Dimension,
    answers: Answers,
    relevant: Iterable[QuestionScore],
) -> DimensionScore:
    own = tuple(one for one in relevant if one.question.dimension == dimension.id)
    points = _mean(own)
    return DimensionScore(
        dimension=dimension,
        weight=dimension.weights.get(answers.stage, 0.0),
        need=questionnaire.goal(answers.goal).needs[dimension.id],
        questions=own,
        score=points,
        level=_level(points),
        confidence=_confidence(own),
        without=_mean(one for one in own if not one.note),
    )


def _mean(questions: Iterable[QuestionScore]) -> float | None:
    counted = [(one.score, one.weight) for one in questions if one.score is not None]
    if not counted:
        return None
    parts = [arithmetic.weighted_points(points, weight) for points, weight in counted]
    return arithmetic.mean_points(parts, [weight for _, weight in counted])


def _level(points: float | None) -> int | None:
    return None if points is None else int(arithmetic.level_of_points(points))


def _confidence(questions: Sequence[QuestionScore]) -> float | None:
    applicable = [one for one in questions if one.state != "not_applicable"]
    if not applicable:
        return None
    known = [one.weight for one in applicable if one.state == "answered"]
    return arithmetic.share_percent(known, [one.weight for one in applicable])


def _overall(dimensions: Sequence[DimensionScore], points: Sequence[float | None]) -> float | None:
    counted = [
        (own, one.weight)
        for one, own in zip(dimensions, points, strict=True)
        if own is not None and one.weight
    ]
    if not counted:
        return None
    parts = [arithmetic.weighted_points(own, weight) for own, weight in counted]
    return arithmetic.mean_points(parts, [weight for _, weight in counted])


def _overall_confidence(dimensions: Sequence[DimensionScore]) -> float | None:
    counted = [
        (one.confidence, one.weight)
        for one in dimensions
        if one.confidence is not None and one.weight
    ]
    if not counted:
        return None
    parts = [arithmetic.weighted_points(own, weight) for own, weight in counted]
    return arithmetic.mean_points(parts, [weight for _, weight in counted])


def _gains(dimension: DimensionScore, weights: Sequence[float]) -> Iterable[Gain]:
    inside = [one.weight for one in dimension.answered()]
    for one in dimension.answered():
        if one.score is not None and one.better_score is not None:
            own = arithmetic.points_gained(one.better_score, one.score, one.weight, inside)
            yield Gain(one, own, arithmetic.points_overall(own, dimension.weight, weights))


def points_lost(dimension: DimensionScore, one: QuestionScore) -> float:
    """Give what an answered question takes off its dimension."""
    inside = [other.weight for other in dimension.answered()]
    return arithmetic.points_lost(one.score or 0.0, one.weight, inside)
