"""The finished assessment of a brand: scores, findings, and the report in one language.

Everything in it follows from the answers, the questionnaire and the library; the day is given, so
the same inputs give the same assessment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from assistant.messages import say
from assistant.quoting import Shelf
from assistant.readiness.answers import Answers
from assistant.readiness.figures import Figures
from assistant.readiness.findings import Findings, find, losses_of
from assistant.readiness.questionnaire import Questionnaire
from assistant.readiness.report import Writer
from assistant.readiness.scoring import QuestionScore, Scores, score
from assistant.records import Language
from assistant.values import Report, Row, Table, Value


@dataclass(frozen=True)
class Assessment:
    """What a brand leaves with; `report` is drawn by page and exports, `to_json` is everything."""

    language: Language
    created: str
    questionnaire: Questionnaire
    answers: Answers
    scores: Scores
    findings: Findings
    report: Report

    @property
    def values(self) -> Mapping[str, Value]:
        """Every number by id, in the order of computing."""
        return self.report.values

    def summary(self) -> dict[str, float]:
        """Give the plain scores by dimension, and of the whole: what a later one compares with."""
        found = {one.dimension.id: one.score for one in self.scores.scored()}
        return {
            name: number
            for name, number in {**found, "overall": self.scores.overall}.items()
            if number is not None
        }

    def to_json(self) -> dict[str, Any]:
        """Give answers, scores and findings; each number with value, unit, basis and origin."""
        return {
            "kind": "assessment",
            "language": self.language,
            "created": self.created,
            "title": self.report.title,
            "answers": self.answers.to_mapping(),
            "notices": [notice.text(self.language) for notice in self.answers.notices],
            "verdict": self.findings.verdict,
            "overall": self._numbers("overall"),
            "dimensions": [
                {
                    "id": one.dimension.id,
                    "name": one.dimension.words("name", self.language),
                    **self._numbers(f"dimension.{one.dimension.id}"),
                    "change": self._number(f"change.{one.dimension.id}"),
                }
                for one in self.scores.dimensions
            ],
            "questions": [self._question(one) for one in self.scores.questions()],
            "blockers": [one.question.id for one in self.scores.blockers],
            "unchecked_gates": [one.question.id for one in self.scores.unchecked],
            **self._findings(),
            "quotes": [asdict(quote) for quote in self.report.quotes()],
            "values": [value.to_json() for value in self.values.values()],
        }

    def _numbers(self, prefix: str) -> dict[str, Any]:
        return {
            name.rpartition(".")[2]: value.to_json()
            for name, value in self.values.items()
            if name.startswith(f"{prefix}.") and "part" not in name
        }

    def _number(self, name: str) -> dict[str, Any] | None:
        return self.values[name].to_json() if name in self.values else None

    def _question(self, one: QuestionScore) -> dict[str, Any]:
        name = one.question.id
        return {
            "id": name,
            "dimension": one.question.dimension,
            "text": one.question.words("text", self.language),
            "state": one.state,
            "answer": list(one.given) if isinstance(one.given, tuple) else one.given,
            "contested": one.note,
            **{
                key: self._number(f"{key}.{name}")
                for key in ("score", "lost", "lost_overall", "gain", "gain_overall")
            },
        }

    def _findings(self) -> dict[str, Any]:
        found = self.findings
        return {
            "strengths": [one.dimension.id for one in found.strengths],
            "gaps": [
                {
                    "dimension": gap.dimension.dimension.id,
                    "causes": [one.question.id for one in gap.causes],
                }
                for gap in found.gaps
            ],
            "quick_wins": [
                {"step": win.step.id, "question": win.loss.question.question.id}
                for win in found.quick_wins
            ],
            "raises_most": [gain.question.question.id for gain in found.gains[:3]],
            "way": found.way,
            "reasons": [reason.id for reason, _ in found.reasons],
            "services": [need.service.id for need in found.services],
            "unjudged": [one.dimension.id for one in found.unjudged],
        }


class Readiness:
    """Makes assessments from one knowledge folder; safe to share between threads."""

    def __init__(self, knowledge: Path) -> None:
        """Keep the folder; questionnaire and documents are read on first use."""
        self.knowledge = knowledge
        # A brand reads the result, so only what brands may see is quoted, whoever asks.
        self.shelf = Shelf(knowledge, ("public",))

    @cached_property
    def questionnaire(self) -> Questionnaire:
        """The questionnaire; ConfigurationError when it is wrong."""
        return Questionnaire.load(self.knowledge)

    def warm(self, language: Language) -> None:
        """Read the questionnaire and the documents it cites, so that the first use is quick."""
        questionnaire = self.questionnaire
        cited = {question.source for question in questionnaire.questions}
        cited |= {step.source for question in questionnaire.questions for step in question.steps}
        cited |= {service.source for service in questionnaire.services}
        cited |= {reason.source for reason in questionnaire.run_alone}
        for slug in cited:
            self.shelf.document(slug, language)

    def read(self, raw: bytes | str) -> Answers:
        """Read answers; InputError lists everything that is wrong."""
        return Answers.read(raw, self.questionnaire)

    def assess(
        self,
        answers: Answers,
        *,
        language: Language,
        created: str,
        previous: Assessment | Mapping[str, Any] | None = None,
    ) -> Assessment:
        """Assess answers; `previous` (an Assessment or its JSON) adds the change since then."""
        scores = score(self.questionnaire, answers)
        findings = find(self.questionnaire, scores)
        figures = Figures(scores, self.shelf, language)
        figures.fill(findings, tuple(losses_of(scores)), compared(previous))
        writer = Writer(self.questionnaire, answers, scores, findings, figures)
        return Assessment(
            language=language,
            created=created,
            questionnaire=self.questionnaire,
            answers=answers,
            scores=scores,
            findings=findings,
            report=writer.report(created, _day_of(previous)),
        )


def compared(previous: Assessment | Mapping[str, Any] | None) -> dict[str, float]:
    """Give the scores of an earlier assessment, or of its JSON, by dimension and as a whole."""
    if previous is None:
        return {}
    if isinstance(previous, Assessment):
        return previous.summary()
    found = {
        one["id"]: one["score"]["value"]
        for one in previous.get("dimensions", ())
        if one.get("score")
    }
    overall = (previous.get("overall") or {}).get("score")
    return found | ({"overall": overall["value"]} if overall else {})


def _day_of(previous: Assessment | Mapping[str, Any] | None) -> str:
    if isinstance(previous, Assessment):
        return previous.created
    return str((previous or {}).get("created", ""))


def changes(previous: Assessment, current: Assessment) -> dict[str, float]:
    """Give now less before for each dimension, and `overall`, that both have scored."""
    before, now = previous.summary(), current.summary()
    return {name: round(now[name] - before[name], 1) for name in now if name in before}


def side_by_side(assessments: Sequence[Assessment], language: Language) -> Table:
    """Put several brands beside each other: a row per dimension, a column per brand."""
    every = [one.dimension for a in assessments for one in a.scores.dimensions]
    dimensions = {one.id: one for one in every}
    rows = [
        Row((
            one.words("name", language),
            *(_cell(assessment, f"dimension.{name}.score") for assessment in assessments),
        ))
        for name, one in dimensions.items()
    ]
    whole = tuple(_cell(a, "overall.score") for a in assessments)
    blocked = tuple(
        say(language, "assess.blockers_count", count=len(a.scores.blockers)) for a in assessments
    )
    return Table(
        id="side-by-side",
        title=say(language, "assess.side_by_side"),
        columns=(
            say(language, "assess.column_dimension"),
            *(a.answers.brand or say(language, "assess.no_brand") for a in assessments),
        ),
        rows=(
            Row((say(language, "assess.overall"), *whole), "total"),
            *rows,
            Row((say(language, "assess.blockers"), *blocked)),
        ),
        kind="matrix",
    )


def _cell(assessment: Assessment, name: str) -> str | Value:
    return assessment.values.get(name, "—")
