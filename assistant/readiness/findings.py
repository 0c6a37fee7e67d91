"""What follows from scores: strengths, gaps, quick wins, and whether to get help with what.

Pure and without a language: a finding points at the answers and entries it rests on, and a face
words it. Nothing is found in what was not answered.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from assistant import arithmetic
from assistant.readiness.questionnaire import NONE, Questionnaire, Reason, Service, Step
from assistant.readiness.scoring import DimensionScore, Gain, QuestionScore, Scores, points_lost

TOP = 3
STRONG = 60.0
# Below this share of answered weight a dimension is not called a strength.
SURE_PERCENT = 50.0
GOOD_ENOUGH = 75.0
# One way is advised when more than this many reasons speak for it per reason against it.
CLEAR = 2

Way = Literal["provider", "alone", "mixed", "undecided"]
Verdict = Literal["unjudged", "blocked", "unsure", "ready", "nearly", "not_yet"]


@dataclass(frozen=True)
class Gap:
    """A dimension below what the goal needs; `causes` are its answers, the costliest first."""

    dimension: DimensionScore
    causes: tuple[QuestionScore, ...]


@dataclass(frozen=True)
class Loss:
    """What an answer takes off its dimension and off the whole, in points."""

    question: QuestionScore
    dimension: float
    overall: float


@dataclass(frozen=True)
class QuickWin:
    """A step with little effort and a good effect, for an answer that costs points."""

    step: Step
    loss: Loss


@dataclass(frozen=True)
class ServiceNeed:
    """A service and the answers that call for it; `worth` is what they cost overall, in points."""

    service: Service
    losses: tuple[Loss, ...]

    @property
    def worth(self) -> float:
        """What the answers behind it cost in the whole."""
        return arithmetic.points_together([loss.overall for loss in self.losses])


@dataclass(frozen=True)
class Findings:
    """Everything that follows from one set of scores."""

    verdict: Verdict
    strengths: tuple[DimensionScore, ...]
    gaps: tuple[Gap, ...]
    quick_wins: tuple[QuickWin, ...]
    gains: tuple[Gain, ...]
    way: Way
    reasons: tuple[tuple[Reason, QuestionScore], ...]
    services: tuple[ServiceNeed, ...]
    unjudged: tuple[DimensionScore, ...]


def find(questionnaire: Questionnaire, scores: Scores) -> Findings:
    """Find what follows; the same scores give the same findings."""
    gaps = _gaps(scores)
    losses = tuple(losses_of(scores))
    reasons = tuple(_reasons(questionnaire, scores))
    return Findings(
        verdict=_verdict(scores, gaps),
        strengths=_strengths(scores),
        gaps=gaps,
        quick_wins=_quick_wins(scores, losses),
        gains=scores.gains(),
        way=_way([reason for reason, _ in reasons]),
        reasons=reasons,
        services=_services(questionnaire, losses),
        unjudged=tuple(d for d in scores.dimensions if d.score is None and d.confidence == 0),
    )


def losses_of(scores: Scores) -> Iterator[Loss]:
    """Give every answered question with what it costs, in the order of the questionnaire."""
    weights = [one.weight for one in scores.scored()]
    for dimension in scores.scored():
        for one in dimension.answered():
            own = points_lost(dimension, one)
            yield Loss(one, own, arithmetic.points_overall(own, dimension.weight, weights))


def _verdict(scores: Scores, gaps: Sequence[Gap]) -> Verdict:
    if scores.overall is None:
        return "unjudged"
    if scores.blockers:
        return "blocked"
    if (scores.confidence or 0.0) < SURE_PERCENT:
        return "unsure"
    if not gaps:
        return "ready"
    levels_short = max(one.dimension.need - (one.dimension.level or 0) for one in gaps)
    return "nearly" if levels_short <= 1 and len(gaps) <= TOP else "not_yet"


def _strengths(scores: Scores) -> tuple[DimensionScore, ...]:
    blocked = {one.question.dimension for one in scores.blockers}
    strong = [
        one
        for one in scores.scored()
        if (one.score or 0.0) >= max(STRONG, one.needed_score)
        and (one.confidence or 0.0) >= SURE_PERCENT
        and one.dimension.id not in blocked
    ]
    return tuple(sorted(strong, key=lambda one: (-(one.score or 0.0), -one.weight))[:TOP])


def _gaps(scores: Scores) -> tuple[Gap, ...]:
    """List every gap, the largest by its weight in the stage first."""
    short = sorted(
        (one for one in scores.scored() if one.gap),
        key=lambda one: (-(one.gap or 0.0) * one.weight, one.dimension.id),
    )
    return tuple(Gap(one, _causes(one)) for one in short)


def _causes(dimension: DimensionScore) -> tuple[QuestionScore, ...]:
    costly = [one for one in dimension.answered() if (one.score or 0.0) < GOOD_ENOUGH]
    return tuple(sorted(costly, key=lambda one: (-points_lost(dimension, one), one.question.id)))


def _quick_wins(scores: Scores, losses: Sequence[Loss]) -> tuple[QuickWin, ...]:
    blocked = {one.question.id for one in scores.blockers}
    short = {one.dimension.id for one in scores.scored() if one.gap}
    wins = [
        QuickWin(step, loss)
        for loss in losses
        if (loss.question.score or 0.0) < GOOD_ENOUGH and loss.question.question.id not in blocked
        for step in loss.question.question.steps[:1]
        if step.effort < step.effect
    ]

    def order(win: QuickWin) -> tuple[bool, int, int, float, str]:
        helps = win.loss.question.question.dimension in short
        return not helps, win.step.effort, -win.step.effect, -win.loss.overall, win.step.id

    return tuple(sorted(wins, key=order)[:TOP])


def _reasons(
    questionnaire: Questionnaire, scores: Scores
) -> Iterator[tuple[Reason, QuestionScore]]:
    answered = {one.question.id: one for one in scores.questions()}
    for reason in questionnaire.run_alone:
        one = answered.get(reason.when.question)
        if one and one.reached is not None and reason.when.holds(one.reached):
            yield reason, one


def _way(reasons: Sequence[Reason]) -> Way:
    towards = [reason.points_towards for reason in reasons]
    provider, alone = towards.count("provider"), towards.count("alone")
    if not reasons:
        return "undecided"
    if provider > CLEAR * alone:
        return "provider"
    return "alone" if alone > CLEAR * provider else "mixed"


def _services(questionnaire: Questionnaire, losses: Sequence[Loss]) -> tuple[ServiceNeed, ...]:
    wanted: defaultdict[str, list[Loss]] = defaultdict(list)
    for loss in losses:
        if loss.question.question.service != NONE and (loss.question.score or 0.0) < GOOD_ENOUGH:
            wanted[loss.question.question.service].append(loss)
    needs = [
        ServiceNeed(service, tuple(sorted(wanted[service.id], key=lambda one: -one.overall)))
        for service in questionnaire.services
        if wanted[service.id]
    ]
    return tuple(sorted(needs, key=lambda need: -need.worth)[:TOP])
