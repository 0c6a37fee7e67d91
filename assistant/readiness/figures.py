"""The numbers of an assessment as a graph of values: every score with the answers it comes from.

The same rules as in scoring, over named inputs, so that a workbook can compute the scores again.
What the questionnaire itself decides (points, weights, needs) is assumed, a mark that stands in a
quote is cited, an answer is given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from assistant.messages import knows, say
from assistant.plan.assumptions import stands_in, unit_key
from assistant.plan.sheet import Sheet
from assistant.quoting import Shelf
from assistant.readiness.findings import Findings, Loss
from assistant.readiness.questionnaire import Question
from assistant.readiness.scoring import DimensionScore, QuestionScore, Scores
from assistant.records import Language
from assistant.values import Quote, Value

SCORE, LEVEL, WEIGHT, PERCENT = "score", "level", "", "percent"


class Figures:
    """Enters the numbers of one assessment into a sheet, in the order of computing."""

    def __init__(self, scores: Scores, shelf: Shelf, language: Language) -> None:
        """Keep what the numbers come from; `fill` enters them."""
        self.sheet = Sheet()
        self.scores, self.shelf, self.language = scores, shelf, language

    def __getitem__(self, name: str) -> Value:
        return self.sheet[name]

    def has(self, name: str) -> bool:
        """Say whether there is a number with this id."""
        return name in self.sheet.values

    def fill(self, findings: Findings, losses: Sequence[Loss], before: Mapping[str, float]) -> None:
        """Enter everything; `before` are the scores of the last assessment by dimension."""
        for one in self.scores.questions():
            self._question(one)
        for dimension in self.scores.dimensions:
            self._dimension(dimension)
        self._overall()
        self._overall_without()
        for loss in losses:
            self._loss(loss)
        self._gains(findings)
        self._changes(before)
        for need in findings.services:
            parts = tuple(f"lost_overall.{loss.question.question.id}" for loss in need.losses)
            self._compute(f"service.{need.service.id}", "points_together", SCORE, terms=parts)

    def quote(self, slug: str, text: str, near: str) -> Quote:
        """Give the quote of a document: the text itself, else the sentence nearest to `near`."""
        if text:
            return self.shelf.quote(slug, self.language, text)
        return self.shelf.nearest(slug, self.language, near)

    def assume(self, name: str, number: float, unit: str, note: str = "") -> Value:
        """Enter a number that the questionnaire decides."""
        if self.has(name):
            return self.sheet[name]
        label = self._label(name)
        return self.sheet.enter(Value(name, number, unit, "assumed", label, note))

    def _say(self, key: str, **values: object) -> str:
        return say(self.language, f"assess.{key}", **values)

    def _label(self, name: str) -> str:
        """Word an id: what kind of number it is, and of which question or dimension."""
        kind, _, rest = name.partition(".")
        of = rest.partition(".")[0] if kind != "dimension" else rest.rpartition(".")[0]
        kind = kind if kind != "dimension" else f"dimension_{rest.rpartition('.')[2]}"
        about = self._names.get(of, "")
        key = f"label.{kind}"
        return say(self.language, key, of=about).strip() if knows(key) else about or name

    @cached_property
    def _names(self) -> Mapping[str, str]:
        questions = {
            one.question.id: one.question.words("text", self.language)
            for one in self.scores.questions()
        }
        return questions | {
            one.dimension.id: one.dimension.words("name", self.language)
            for one in self.scores.dimensions
        }

    def _compute(self, name: str, rule: str, unit: str, **inputs: str | tuple[str, ...]) -> Value:
        return self.sheet.compute(name, rule, unit, self._label(name), "", **inputs)

    # -- questions -----------------------------------------------------------------------------

    def _question(self, one: QuestionScore) -> None:
        name = one.question.id
        self.assume(f"weight.{name}", one.weight, WEIGHT)
        if one.score is None:
            return
        if isinstance(one.given, tuple):
            self._options(one.question, one.given)
        else:
            self._single(one.question, float(one.given or 0))
        self._compute(
            f"part.{name}", "weighted_points", "", points=f"score.{name}", weight=f"weight.{name}"
        )

    def _options(self, question: Question, given: tuple[str, ...]) -> None:
        chosen = [option for option in question.options if option.id in given]
        for option in chosen:
            note = option.said(self.language)
            self.assume(f"option.{question.id}.{option.id}", option.points, SCORE, note)
        if not chosen:
            self.assume(f"option.{question.id}.none", 0, SCORE)
        terms = tuple(f"option.{question.id}.{option.id}" for option in chosen)
        self._compute(
            f"score.{question.id}",
            "points_of_options",
            SCORE,
            terms=terms or (f"option.{question.id}.none",),
        )

    def _single(self, question: Question, given: float) -> None:
        name = question.id
        unit = {"level": LEVEL, "number": unit_key(question.unit or "")}.get(question.type, "")
        self.sheet.given(f"answer.{name}", given, unit, self._label(f"answer.{name}"))
        if question.type == "level":
            rule, inputs = "points_of_level", {"level": f"answer.{name}"}
        elif question.type == "yes_no":
            self.assume(f"yes.{name}", question.yes or 0, SCORE)
            self.assume(f"no.{name}", question.no or 0, SCORE)
            rule = "points_of_choice"
            inputs = {"answer": f"answer.{name}", "yes_points": f"yes.{name}"}
            inputs["no_points"] = f"no.{name}"
        else:
            self._stretches(question, unit)
            return
        self._compute(f"score.{name}", rule, SCORE, **inputs)

    def _stretches(self, question: Question, unit: str) -> None:
        name = question.id
        for place, (mark, worth) in enumerate(question.points):
            self._mark(question, f"mark.{name}.{place}", mark, unit)
            self.assume(f"worth.{name}.{place}", worth, SCORE)
        terms = [f"worth.{name}.0"]
        for left in range(len(question.points) - 1):
            terms.append(f"stretch.{name}.{left}")
            self._compute(
                terms[-1],
                "points_between",
                SCORE,
                amount=f"answer.{name}",
                left=f"mark.{name}.{left}",
                right=f"mark.{name}.{left + 1}",
                left_points=f"worth.{name}.{left}",
                right_points=f"worth.{name}.{left + 1}",
            )
        self._compute(f"score.{name}", "points_together", SCORE, terms=tuple(terms))

    def _mark(self, question: Question, name: str, mark: float, unit: str) -> None:
        words = question.words("quote", self.language)
        if question.assumed_points or not stands_in(mark, words):
            self.assume(name, mark, unit)
            return
        quote = self.quote(question.source, words, "")
        self.sheet.enter(Value(name, mark, unit, "cited", self._label(name), source=quote))

    # -- dimensions and the whole --------------------------------------------------------------

    def _dimension(self, one: DimensionScore) -> None:
        name = f"dimension.{one.dimension.id}"
        self.assume(f"{name}.weight", one.weight, PERCENT)
        self.assume(f"{name}.need", one.need, LEVEL)
        self._compute(f"{name}.needed", "points_needed_for_level", SCORE, level=f"{name}.need")
        if one.confidence is not None:
            self._confidence(name, one)
        if one.score is None:
            return
        self._mean(f"{name}.score", [q.question.id for q in one.answered()])
        self._compute(f"{name}.level", "level_of_points", LEVEL, points=f"{name}.score")
        self._compute(
            f"{name}.gap", "points_short", SCORE, needed=f"{name}.needed", points=f"{name}.score"
        )
        if one.weight:
            self._compute(
                f"{name}.part",
                "weighted_points",
                "",
                points=f"{name}.score",
                weight=f"{name}.weight",
            )
        if one.without is not None and any(q.note for q in one.answered()):
            self._mean(f"{name}.without", [q.question.id for q in one.answered() if not q.note])

    def _mean(self, name: str, questions: Sequence[str]) -> None:
        parts = tuple(f"part.{question}" for question in questions)
        weights = tuple(f"weight.{question}" for question in questions)
        self._compute(name, "mean_points", SCORE, parts=parts, weights=weights)

    def _confidence(self, name: str, one: DimensionScore) -> None:
        counted = [q for q in one.questions if q.state != "not_applicable"]
        known = tuple(f"weight.{q.question.id}" for q in counted if q.state == "answered")
        if not known:
            self.assume("nothing", 0, WEIGHT)
        self._compute(
            f"{name}.confidence",
            "share_percent",
            PERCENT,
            parts=known or ("nothing",),
            wholes=tuple(f"weight.{q.question.id}" for q in counted),
        )
        if one.weight:
            self._compute(
                f"{name}.confidence_part",
                "weighted_points",
                "",
                points=f"{name}.confidence",
                weight=f"{name}.weight",
            )

    def _over(self, name: str, part: str, unit: str) -> None:
        """Enter a mean over the dimensions that have this part."""
        ids = [one.dimension.id for one in self.scores.dimensions]
        having = [one for one in ids if self.has(f"dimension.{one}.{part}")]
        if having:
            parts = tuple(f"dimension.{one}.{part}" for one in having)
            weights = tuple(f"dimension.{one}.weight" for one in having)
            self._compute(name, "mean_points", unit, parts=parts, weights=weights)

    def _overall(self) -> None:
        self._over("overall.score", "part", SCORE)
        self._over("overall.confidence", "confidence_part", PERCENT)
        if self.has("overall.score"):
            self._compute("overall.level", "level_of_points", LEVEL, points="overall.score")

    def _overall_without(self) -> None:
        """Enter the whole with contested answers taken out, when there are any."""
        if not any(one.note and one.score is not None for one in self.scores.questions()):
            return
        for one in self.scores.scored():
            if one.without is not None:
                name = f"dimension.{one.dimension.id}"
                own = "without" if self.has(f"{name}.without") else "score"
                self._compute(
                    f"{name}.part_without",
                    "weighted_points",
                    "",
                    points=f"{name}.{own}",
                    weight=f"{name}.weight",
                )
        self._over("overall.without", "part_without", SCORE)

    # -- what costs and what would help --------------------------------------------------------

    def _inside(self, one: QuestionScore) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
        """Give the question's dimension, the weights inside it and those of the dimensions."""
        name = one.question.dimension
        own = next(d for d in self.scores.dimensions if d.dimension.id == name)
        inside = tuple(f"weight.{q.question.id}" for q in own.answered())
        weights = tuple(f"dimension.{d.dimension.id}.weight" for d in self.scores.scored())
        return name, inside, weights

    def _loss(self, loss: Loss) -> None:
        name = loss.question.question.id
        dimension, inside, weights = self._inside(loss.question)
        self._compute(
            f"lost.{name}",
            "points_lost",
            SCORE,
            points=f"score.{name}",
            weight=f"weight.{name}",
            weights=inside,
        )
        self._compute(
            f"lost_overall.{name}",
            "points_overall",
            SCORE,
            share=f"lost.{name}",
            weight=f"dimension.{dimension}.weight",
            weights=weights,
        )

    def _gains(self, findings: Findings) -> None:
        for gain in findings.gains:
            name = gain.question.question.id
            dimension, inside, weights = self._inside(gain.question)
            note = self._say("better_note")
            self.assume(f"better.{name}", gain.question.better_score or 0.0, SCORE, note)
            self._compute(
                f"gain.{name}",
                "points_gained",
                SCORE,
                better=f"better.{name}",
                points=f"score.{name}",
                weight=f"weight.{name}",
                weights=inside,
            )
            self._compute(
                f"gain_overall.{name}",
                "points_overall",
                SCORE,
                share=f"gain.{name}",
                weight=f"dimension.{dimension}.weight",
                weights=weights,
            )

    def _changes(self, before: Mapping[str, float]) -> None:
        for name, number in before.items():
            now = "overall.score" if name == "overall" else f"dimension.{name}.score"
            if self.has(now):
                self.sheet.given(f"before.{name}", number, SCORE, self._label(f"before.{name}"))
                self._compute(
                    f"change.{name}", "points_changed", SCORE, now=now, before=f"before.{name}"
                )
