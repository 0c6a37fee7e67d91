"""Hands an assessment over to a plan: what the brief can take, and the gaps as dated work.

Only what was answered is handed over. Days are counted from the start of the work; one role does
one thing at a time, and the steps of one question follow each other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from assistant.messages import knows, say
from assistant.readiness.assessment import Assessment
from assistant.readiness.questionnaire import Step
from assistant.readiness.scoring import QuestionScore
from assistant.records import Language

BRIEF_STAGE = {
    "zero-to-one": "cold-start",
    "one-to-ten": "growth",
    "ten-to-hundred": "mature",
}
GAPS = 3
CAUSES = 2


@dataclass(frozen=True)
class Workstream:
    """A piece of work: begins `start` days after the first, takes `days`, one role answers for it.

    `source` is the slug of the playbook.
    """

    title: str
    start: int
    days: int
    role: str
    source: str

    def to_brief(self) -> dict[str, Any]:
        """Give the fields of a brief's workstream."""
        return {
            "title": self.title,
            "start_day": self.start,
            "days": self.days,
            "role": self.role,
            "source": self.source,
        }


def to_brief(
    assessment: Assessment, language: Language
) -> tuple[dict[str, Any], tuple[Workstream, ...]]:
    """Give the fields of a plan brief that the answers fill, and the work that closes the gaps."""
    fields: dict[str, Any] = {
        "language": language,
        "stage": BRIEF_STAGE[assessment.answers.stage],
        "constraints": [
            one.question.gate.words("message", language)
            for one in assessment.scores.blockers
            if one.question.gate
        ],
    }
    if assessment.answers.brand:
        fields["brand"] = assessment.answers.brand
    for one in assessment.scores.questions():
        if one.question.brief_field and one.state == "answered" and not one.note:
            fields[one.question.brief_field] = one.given
    work = tuple(_scheduled(_tasks(assessment), language))
    return fields | {"workstreams": [one.to_brief() for one in work]}, work


def _tasks(assessment: Assessment) -> list[QuestionScore]:
    """Give the questions to work on: blockers first, then the costliest of the largest gaps."""
    gaps = assessment.findings.gaps[:GAPS]
    chosen = [*assessment.scores.blockers, *(one for gap in gaps for one in gap.causes[:CAUSES])]
    return list({one.question.id: one for one in chosen}.values())


def _scheduled(tasks: list[QuestionScore], language: Language) -> Iterator[Workstream]:
    free: defaultdict[str, int] = defaultdict(int)
    for one in tasks:
        ready = 0
        for step in one.question.steps:
            start = max(ready, free[step.role])
            ready = free[step.role] = start + max(step.days, 1)
            yield _workstream(step, start, language)


def _workstream(step: Step, start: int, language: Language) -> Workstream:
    key = f"post.{step.role}"
    role = say(language, key) if knows(key) else step.role
    return Workstream(step.said(language), start, max(step.days, 1), role, step.source)
