"""The questionnaire: what a brand is asked, how an answer scores, what follows from it.

Read from `knowledge/readiness/questionnaire.yaml`, validated whole; an error names the place.
Every number in it is a scoring choice of the questionnaire unless its quote contains it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from assistant.errors import ConfigurationError
from assistant.mappings import Unreadable, read_mapping
from assistant.records import Language

Text = Annotated[str, Field(min_length=1)]
Points = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Grade = Annotated[int, Field(ge=1, le=3)]
Level = Annotated[int, Field(ge=1, le=5)]
StageId = Literal["zero-to-one", "one-to-ten", "ten-to-hundred"]
Kind = Literal["level", "number", "yes_no", "multiple"]

LEVELS = 5
NONE = "none"
FILE = "readiness/questionnaire.yaml"
MOST_BYTES = 5_000_000


class Entry(BaseModel):
    """A part of the questionnaire; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def words(self, name: str, language: Language) -> str:
        """Give a text of this entry in a language; empty when it has none."""
        return str(getattr(self, f"{name}_{language}", None) or "")


class Said(Entry):
    """A text in both languages."""

    zh: Text
    en: Text

    def said(self, language: Language) -> str:
        """Give the text in a language."""
        return self.zh if language == "zh" else self.en


class Named(Entry):
    """An entry with an id and a name."""

    id: Text
    name_zh: Text
    name_en: Text
    text_zh: str = ""
    text_en: str = ""


class Stage(Named):
    """How far the brand's Douyin business is."""

    id: StageId


class Goal(Named):
    """What the brand wants; `needs` is the level per dimension that it takes."""

    needs: Mapping[str, Level]


class Dimension(Named):
    """A side of readiness; `weights` per stage are in percent."""

    weights: Mapping[str, Annotated[float, Field(ge=0, le=100)]]
    playbook: Text


class Service(Named):
    """A kind of help that providers sell."""

    source: Text
    quote_zh: str | None = None
    quote_en: str | None = None


class Step(Said):
    """Something to do: who, in how many days, how hard and how useful (1 to 3, judged)."""

    id: Text
    role: Text
    days: Annotated[int, Field(ge=0, le=730)]
    effort: Grade
    effect: Grade
    source: Text


class Option(Said):
    """One choice of several; its points add up with those of the others, up to 100."""

    id: Text
    points: Points


class Gate(Entry):
    """What blocks everything else: the answer no, or one below a bound.

    `below` bounds the number or level itself, and the score of a question with several choices.
    """

    below: Finite | None = None
    answer: Literal["no"] | None = None
    message_zh: Text
    message_en: Text
    step_zh: Text
    step_en: Text
    source: Text
    quote_zh: str | None = None
    quote_en: str | None = None

    @model_validator(mode="after")
    def _has_one_condition(self) -> Gate:
        if (self.below is None) == (self.answer is None):
            raise ValueError("a gate has either 'below' or 'answer: no'")
        return self


class Question(Entry):
    """One question, how its answers score from 0 to 100, and what to do about a low score."""

    id: Text
    dimension: Text
    text_zh: Text
    text_en: Text
    why_zh: Text
    why_en: Text
    source: Text
    quote_zh: Text
    quote_en: Text
    type: Kind
    weight: Grade
    stages: Annotated[tuple[StageId, ...], Field(min_length=1)]
    quick: bool
    levels: tuple[Said, ...] = ()
    help_zh: str | None = None
    help_en: str | None = None
    brief_field: str | None = None
    unit: str | None = None
    minimum: Finite | None = None
    maximum: Finite | None = None
    points: tuple[tuple[Finite, Points], ...] = ()
    assumed_points: bool = False
    yes: Points | None = None
    no: Points | None = None
    options: tuple[Option, ...] = ()
    gate: Gate | None = None
    good_zh: Text
    good_en: Text
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]
    service: Text = NONE

    @model_validator(mode="after")
    def _fits_its_type(self) -> Question:
        check = {
            "level": self._check_levels,
            "number": self._check_number,
            "yes_no": self._check_yes_no,
            "multiple": self._check_options,
        }
        check[self.type]()
        if self.gate and self.gate.answer and self.type != "yes_no":
            raise ValueError("'answer: no' is a gate of a yes_no question")
        if self.gate and self.gate.below is not None and self.type == "yes_no":
            raise ValueError("'below' is a gate of a number, a level or a score of choices")
        return self

    @property
    def lowest(self) -> float:
        """The smallest answer, counted as `When` and `Gate` compare it."""
        return (self.minimum or 0.0) if self.type == "number" else 0.0

    @property
    def highest(self) -> float:
        """The largest answer: of a level 4, of yes 1, of several choices their score of 100."""
        tops = {"level": LEVELS - 1.0, "number": self.maximum or 0.0, "yes_no": 1.0}
        return tops.get(self.type, 100.0)

    def _check_levels(self) -> None:
        if len(self.levels) != LEVELS:
            raise ValueError(f"a level question has {LEVELS} levels, not {len(self.levels)}")

    def _check_number(self) -> None:
        if self.minimum is None or self.maximum is None or not self.minimum < self.maximum:
            raise ValueError("a number question has a minimum below its maximum")
        if not self.unit or len(self.points) < 2:
            raise ValueError("a number question has a unit and at least two points")
        if any(left[0] >= right[0] for left, right in pairwise(self.points)):
            raise ValueError("the points stand in order of the number")
        if not (_rises(self.points) or _rises(self.points[::-1])):
            raise ValueError("the points rise or fall throughout, or more could score less")

    def _check_yes_no(self) -> None:
        if self.yes is None or self.no is None:
            raise ValueError("a yes_no question scores 'yes' and 'no'")

    def _check_options(self) -> None:
        if len(self.options) < 2 or sum(option.points for option in self.options) <= 0:
            raise ValueError("a multiple question has two options or more, and some have points")
        _refuse_twins("options", (option.id for option in self.options))


def _rises(points: tuple[tuple[float, float], ...]) -> bool:
    return all(left[1] <= right[1] for left, right in pairwise(points))


class When(Entry):
    """A condition on an answer: the number or level itself, or the score of several choices."""

    question: Text
    below: Finite | None = None
    at_least: Finite | None = None

    @model_validator(mode="after")
    def _has_one_bound(self) -> When:
        if (self.below is None) == (self.at_least is None):
            raise ValueError("a condition has either 'below' or 'at_least'")
        return self

    @property
    def bound(self) -> float:
        """The number that the answer is compared with."""
        return self.below if self.below is not None else self.at_least or 0.0

    def holds(self, reached: float) -> bool:
        """Say whether this answer meets the condition."""
        return reached < self.bound if self.below is not None else reached >= self.bound


class Reason(Said):
    """What speaks for running it alone or with a provider, when its condition holds."""

    id: Text
    when: When
    points_towards: Literal["provider", "alone"]
    source: Text
    quote_zh: str | None = None
    quote_en: str | None = None


class Migration(Entry):
    """How answers of the version before `to` are carried over: new names of question ids."""

    to: int
    renamed: Mapping[str, str] = {}


class Questionnaire(Entry):
    """The whole questionnaire of one version."""

    id: Text
    version: Annotated[int, Field(ge=1)]
    minutes: Annotated[int, Field(ge=1)]
    stages: tuple[Stage, ...]
    goals: tuple[Goal, ...]
    dimensions: tuple[Dimension, ...]
    questions: tuple[Question, ...]
    services: tuple[Service, ...]
    run_alone: tuple[Reason, ...] = ()
    migrations: tuple[Migration, ...] = ()

    @model_validator(mode="after")
    def _refers_to_what_exists(self) -> Questionnaire:
        for name in ("stages", "goals", "dimensions", "questions", "services", "run_alone"):
            _refuse_twins(name, (entry.id for entry in getattr(self, name)))
        dimensions = {dimension.id for dimension in self.dimensions}
        for dimension in self.dimensions:
            stages = {str(stage.id) for stage in self.stages}
            _same(f"dimensions.{dimension.id}.weights", dimension.weights, stages)
        for goal in self.goals:
            _same(f"goals.{goal.id}.needs", goal.needs, dimensions)
        for question in self.questions:
            _known(f"questions.{question.id}.dimension", question.dimension, dimensions)
            services = {service.id for service in self.services} | {NONE}
            _known(f"questions.{question.id}.service", question.service, services)
        for reason in self.run_alone:
            place = f"run_alone.{reason.id}.when"
            _known(f"{place}.question", reason.when.question, {q.id for q in self.questions})
            asked = self.question(reason.when.question)
            if asked and not asked.lowest <= reason.when.bound <= asked.highest:
                raise ValueError(f"{place}: {reason.when.bound:g} is no answer to {asked.id}")
        _refuse_twins("steps", (step.id for q in self.questions for step in q.steps))
        return self

    @model_validator(mode="after")
    def _weighs_to_hundred(self) -> Questionnaire:
        for stage in self.stages:
            weights = sum(dimension.weights.get(stage.id, 0) for dimension in self.dimensions)
            if abs(weights - 100) > 1e-6:
                raise ValueError(f"the weights of stage {stage.id} sum to {weights:g}, not 100")
        return self

    @classmethod
    def load(cls, knowledge: Path) -> Questionnaire:
        """Read the questionnaire of a knowledge folder; ConfigurationError names what is wrong."""
        path = knowledge / FILE
        try:
            return cls.parse(path.read_bytes())
        except OSError as error:
            raise ConfigurationError(f"{FILE} cannot be read: {error.strerror}") from error

    @classmethod
    def parse(cls, raw: bytes | str) -> Questionnaire:
        """Read a questionnaire from YAML; ConfigurationError names every wrong place."""
        try:
            return cls.model_validate(read_mapping(raw, MOST_BYTES))
        except Unreadable as error:
            place = f"line {error.line}" if error.line else "as a whole"
            raise ConfigurationError(f"{FILE}: {error.reason} ({place})") from error
        except ValidationError as error:
            places = "; ".join(f"{_place(e['loc'])}: {e['msg']}" for e in error.errors())
            raise ConfigurationError(f"{FILE}: {places}") from error

    def question(self, name: str) -> Question | None:
        """Give the question with this id."""
        return next((question for question in self.questions if question.id == name), None)

    def dimension(self, name: str) -> Dimension:
        """Give the dimension with this id."""
        return next(dimension for dimension in self.dimensions if dimension.id == name)

    def goal(self, name: str) -> Goal:
        """Give the goal with this id."""
        return next(goal for goal in self.goals if goal.id == name)

    def stage(self, name: str) -> Stage:
        """Give the stage with this id."""
        return next(stage for stage in self.stages if stage.id == name)

    def asked(self, stage: str, form: str) -> Iterator[Question]:
        """Give the questions that matter at a stage, of the full or the quick form."""
        return (
            question
            for question in self.questions
            if stage in question.stages and (form == "full" or question.quick)
        )


def _place(location: tuple[int | str, ...]) -> str:
    return ".".join(map(str, location)) or "questionnaire"


def _refuse_twins(name: str, ids: Iterable[Any]) -> None:
    listed = list(ids)
    twins = sorted({one for one in listed if listed.count(one) > 1})
    if twins:
        raise ValueError(f"{name}: {', '.join(twins)} stands there twice")


def _known(place: str, name: str, known: set[str]) -> None:
    if name not in known:
        raise ValueError(f"{place}: there is no '{name}'")


def _same(place: str, given: Iterable[str], wanted: set[str]) -> None:
    if set(given) != wanted:
        raise ValueError(f"{place}: differs in {', '.join(sorted(set(given) ^ wanted))}")
