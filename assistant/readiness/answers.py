"""A brand's answers: read from YAML or JSON, checked one by one, carried over from old versions.

Reading collects everything that is wrong before it refuses, and `examine` also gives what is
right, so nothing that was saved is lost. What is not answered lowers the confidence, never a score.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Literal

from assistant.errors import InputError
from assistant.mappings import Reason, Unreadable, read_mapping
from assistant.messages import say
from assistant.readiness.questionnaire import Question, Questionnaire
from assistant.records import Language

MOST_BYTES = 200_000
MOST_CHARACTERS = 2_000
BRAND_CHARACTERS = 100
MOST_LISTED = 60
Given = float | bool | tuple[str, ...]
Special = Literal["unknown", "not_applicable"]
_SPECIAL: dict[str, Special] = {
    "unknown": "unknown", "不知道": "unknown", "不清楚": "unknown", "don't know": "unknown",
    "not_applicable": "not_applicable", "不适用": "not_applicable",
    "not applicable": "not_applicable",
}  # fmt: skip
_YES_NO = {"yes": True, "no": False, "是": True, "否": False, "有": True, "没有": False}
_KEYS = ("questionnaire", "version", "form", "brand", "stage", "goal", "answers", "contested")


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with an answers file, or was carried over: a text and its values."""

    key: str
    values: Mapping[str, object] = field(default_factory=dict)

    def text(self, language: Language) -> str:
        """Say it in a language."""
        return say(language, self.key, **self.values)


class Problems(tuple[Problem, ...]):
    """Several problems; put into a text as `{problems:zh}` they are listed line by line."""

    def __format__(self, language: str) -> str:
        chosen: Language = "zh" if language == "zh" else "en"
        lines = [f"- {problem.text(chosen)}" for problem in self[:MOST_LISTED]]
        if len(self) > MOST_LISTED:
            lines.append(say(chosen, "answers.and_more", count=len(self) - MOST_LISTED))
        return "\n".join(lines)


@dataclass(frozen=True)
class Answers:
    """Checked answers by question id; a question that is not there is not answered yet.

    `retired` are answers to questions that this version no longer asks, kept as they were.
    """

    questionnaire: str
    version: int
    form: Literal["full", "quick"]
    brand: str
    stage: str
    goal: str
    answers: Mapping[str, Given | Special]
    contested: Mapping[str, str] = field(default_factory=dict)
    retired: Mapping[str, Any] = field(default_factory=dict)
    notices: tuple[Problem, ...] = ()

    @classmethod
    def read(cls, raw: bytes | str, questionnaire: Questionnaire) -> Answers:
        """Read answers; InputError `answers.broken` lists everything that cannot be used."""
        found, problems = examine(raw, questionnaire)
        if problems:
            listed = Problems(problems)
            raise InputError(
                f"{len(listed)} problem(s) in the answers:\n{listed:en}",
                key="answers.broken",
                count=len(listed),
                problems=listed,
            )
        return found

    def to_mapping(self) -> dict[str, Any]:
        """Give what a file says, ready for YAML or JSON."""
        return {
            "questionnaire": self.questionnaire,
            "version": self.version,
            "form": self.form,
            "brand": self.brand,
            "stage": self.stage,
            "goal": self.goal,
            "answers": {
                name: list(given) if isinstance(given, tuple) else given
                for name, given in self.answers.items()
            }
            | dict(self.retired),
            "contested": dict(self.contested),
        }


def examine(
    raw: bytes | str | Mapping[str, Any], questionnaire: Questionnaire
) -> tuple[Answers, tuple[Problem, ...]]:
    """Give the answers that can be used and every problem with the others.

    InputError only when the text as a whole cannot be read.
    """
    given = raw if isinstance(raw, Mapping) else _read(raw)
    reader = _Reader(given, questionnaire)
    return reader.read(), tuple(reader.problems)


_UNREADABLE: Mapping[Reason, tuple[str, str]] = {
    "too_big": ("too_large", "the file has {size_mb} MB, more than {limit_mb} MB"),
    "garbled": ("not_text", "the file is no readable text"),
    "reference": ("references", "references (*name) and tags (!name) are not read"),
    "nested": ("too_deep", "the file is nested too deeply"),
    "not_yaml": ("garbled", "line {line} is not YAML or JSON"),
    "empty": ("not_a_mapping", "the file is empty"),
    "no_mapping": ("not_a_mapping", "these are no 'key: value' lines"),
    "twice": ("twice", "line {line}: '{name}' stands there twice"),
}


def _read(raw: bytes | str) -> dict[str, Any]:
    try:
        return read_mapping(raw, MOST_BYTES)
    except Unreadable as error:
        key, message = _UNREADABLE[error.reason]
        values = {
            "line": error.line,
            "name": error.name,
            "size_mb": f"{error.size / 1e6:.1f}",
            "limit_mb": f"{MOST_BYTES / 1e6:g}",
        }
        raise InputError(message.format_map(values), key=f"answers.{key}", **values) from error


class _Reader:
    """Reads one mapping of answers and collects what is wrong with it."""

    def __init__(self, given: Mapping[str, Any], questionnaire: Questionnaire) -> None:
        self._given, self._questionnaire = given, questionnaire
        self._ids = [question.id for question in questionnaire.questions]
        self.problems: list[Problem] = []
        self._notices: list[Problem] = []
        self._retired: dict[str, Any] = {}

    def read(self) -> Answers:
        """Check every key; what is wrong is left out and stands in `problems`."""
        for key in self._given:
            if key not in _KEYS:
                self._wrong("unknown_key", name=key, suggestion=_nearest(key, _KEYS))
        self._check_questionnaire()
        version = self._version()
        answers = self._answers(self._renamed(self._mapping("answers"), version), version)
        if version < self._questionnaire.version:
            self._name_the_difference(version, answers)
        stages = [stage.id for stage in self._questionnaire.stages]
        goals = [goal.id for goal in self._questionnaire.goals]
        return Answers(
            questionnaire=self._questionnaire.id,
            version=self._questionnaire.version,
            form="quick" if self._choice("form", ["full", "quick"]) == "quick" else "full",
            brand=self._brand(),
            stage=self._choice("stage", stages),
            goal=self._choice("goal", goals),
            answers=answers,
            contested=self._contested(),
            retired=self._retired,
            notices=tuple(self._notices),
        )

    def _wrong(self, key: str, **values: object) -> None:
        self.problems.append(Problem(f"answers.{key}", values))

    def _check_questionnaire(self) -> None:
        given = self._given.get("questionnaire", self._questionnaire.id)
        if given != self._questionnaire.id:
            self._wrong("other_questionnaire", given=_short(given), name=self._questionnaire.id)

    def _version(self) -> int:
        newest = self._questionnaire.version
        given = self._given.get("version", newest)
        if isinstance(given, bool) or not isinstance(given, int) or given < 1:
            self._wrong("version_type", given=_short(given))
            return newest
        if given > newest:
            self._wrong("version_newer", given=given, version=newest)
        return min(given, newest)

    def _choice(self, key: str, allowed: Sequence[str]) -> str:
        given = self._given.get(key)
        if given in allowed:
            return str(given)
        if given is None and key == "form":
            return "full"
        if given is None:
            self._wrong("choice_missing", name=key, allowed=", ".join(allowed))
        else:
            self._wrong("choice", name=key, given=_short(given), allowed=", ".join(allowed))
        return allowed[0]

    def _brand(self) -> str:
        given = self._given.get("brand")
        if given is None:
            return ""
        if not isinstance(given, str | int) or len(str(given)) > BRAND_CHARACTERS:
            self._wrong("brand", limit=BRAND_CHARACTERS)
            return ""
        return " ".join(str(given).split())

    def _mapping(self, key: str) -> Mapping[str, Any]:
        given = self._given.get(key)
        if given is None:
            return {}
        if not isinstance(given, Mapping):
            self._wrong("part_not_a_mapping", name=key)
            return {}
        return given

    def _renamed(self, given: Mapping[str, Any], version: int) -> dict[str, Any]:
        """Carry old ids over to their new names, one version after the other."""
        found = dict(given)
        for step in sorted(self._questionnaire.migrations, key=lambda step: step.to):
            if step.to <= version:
                continue
            for old, new in step.renamed.items():
                if old in found and new not in found:
                    found[new] = found.pop(old)
                    self._notices.append(Problem("answers.renamed", {"old": old, "new": new}))
        return found

    def _answers(self, given: Mapping[str, Any], version: int) -> dict[str, Given | Special]:
        is_old = version < self._questionnaire.version
        found: dict[str, Given | Special] = {}
        for name, value in given.items():
            question = self._questionnaire.question(name)
            if question is None and is_old:
                self._retire("retired", name, value)
            elif question is None:
                self._wrong("unknown_id", name=_short(name), suggestion=_nearest(name, self._ids))
            elif value is not None:
                self._accept(question, value, found, is_old=is_old)
        return found

    def _accept(
        self, question: Question, value: Any, found: dict[str, Given | Special], *, is_old: bool
    ) -> None:
        checked, problem = _check(question, value)
        if checked is not None:
            found[question.id] = checked
        elif is_old:
            self._retire("no_longer_fits", question.id, value)
        elif problem:
            self.problems.append(problem)

    def _retire(self, key: str, name: str, value: Any) -> None:
        self._retired[name] = value
        self._notices.append(
            Problem(f"answers.{key}", {"name": _short(name), "given": _short(value)})
        )

    def _name_the_difference(self, version: int, answers: Mapping[str, Any]) -> None:
        new = self._questionnaire.version
        missing = [name for name in self._ids if name not in answers]
        values = {"old": version, "new": new, "count": len(missing), "names": ", ".join(missing)}
        key = "answers.older" if missing else "answers.older_full"
        self._notices.insert(0, Problem(key, values))

    def _contested(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for name, note in self._mapping("contested").items():
            if name not in self._ids:
                self._wrong("unknown_id", name=_short(name), suggestion=_nearest(name, self._ids))
            elif not isinstance(note, str) or not note.strip():
                self._wrong("note_missing", name=name)
            elif len(note) > MOST_CHARACTERS:
                self._wrong("note_too_long", name=name, limit=MOST_CHARACTERS)
            else:
                found[name] = " ".join(note.split())
        return found


def _short(given: Any) -> str:
    text = str(given)
    return text if len(text) <= 40 else text[:40] + "…"


def _nearest(name: str, allowed: Any) -> str:
    """Give the known name that looks most like this one, or all of a short list."""
    close = get_close_matches(str(name)[:100], list(allowed), n=1, cutoff=0.5)
    return close[0] if close else (", ".join(allowed) if len(allowed) < 10 else "—")


Checked = tuple[Given | Special | None, Problem | None]


def _check(question: Question, value: Any) -> Checked:
    """Give a checked answer, or what is wrong with it."""
    if isinstance(value, str) and value.strip().lower() in _SPECIAL:
        return _SPECIAL[value.strip().lower()], None
    check = {
        "level": _check_level,
        "number": _check_number,
        "yes_no": _check_yes_no,
        "multiple": _check_options,
    }
    return check[question.type](question, value)


def _number(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and abs(value) < 1e15 else None


def _problem(key: str, question: Question, value: Any, **values: object) -> Checked:
    named = {"name": question.id, "given": _short(value), **values}
    return None, Problem(f"answers.{key}", named)


def _check_level(question: Question, value: Any) -> Checked:
    number, most = _number(value), len(question.levels) - 1
    if number is None or number != int(number):
        return _problem("level_type", question, value, most=most)
    if not 0 <= number <= most:
        return _problem("level_range", question, value, most=most)
    return number, None


def _check_number(question: Question, value: Any) -> Checked:
    number = _number(value)
    if number is None:
        return _problem("number_type", question, value, unit=question.unit)
    low, high = question.minimum or 0.0, question.maximum or 0.0
    if not low <= number <= high:
        bounds = {"low": f"{low:g}", "high": f"{high:g}", "unit": question.unit}
        return _problem("number_range", question, value, **bounds)
    return number, None


def _check_yes_no(question: Question, value: Any) -> Checked:
    if isinstance(value, bool):
        return value, None
    if isinstance(value, str) and value.strip().lower() in _YES_NO:
        return _YES_NO[value.strip().lower()], None
    return _problem("yes_no_type", question, value)


def _check_options(question: Question, value: Any) -> Checked:
    ids = [option.id for option in question.options]
    chosen = [value] if isinstance(value, str) else value
    if not isinstance(chosen, list | tuple) or not all(isinstance(one, str) for one in chosen):
        return _problem("options_type", question, value, allowed=", ".join(ids))
    for one in chosen:
        if one not in ids:
            return _problem("option", question, one, allowed=", ".join(ids))
    return tuple(name for name in ids if name in chosen), None


def missing(questionnaire: Questionnaire, answers: Answers) -> Iterator[Question]:
    """Give the questions of this form and stage that are not answered yet."""
    return (
        question
        for question in questionnaire.asked(answers.stage, answers.form)
        if question.id not in answers.answers
    )
