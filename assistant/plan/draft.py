"""A plan in the making: what every section reads and where it enters its numbers.

Sections are written one after another over one `Draft`. A number is entered into the sheet once,
under an id that later sections may read; a sentence is a text of `texts/` with values put in, and
remembers which values it shows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from assistant import messages
from assistant.plan.assumptions import Assumptions
from assistant.plan.brief import Brief, Window
from assistant.plan.sheet import References, Sheet
from assistant.records import Language
from assistant.showing import in_prose
from assistant.values import Paragraph, Quote, Value

_PERCENT_BEFORE_HAN = re.compile(r"%(?=[\u4e00-\u9fff])")


@dataclass(frozen=True)
class Phase:
    """A part of the plan's window; `id` is build-up, warm-up, burst or return; `end` is in it."""

    id: str
    name: str
    start: date
    end: date

    @property
    def days(self) -> int:
        """Count its days, first and last included."""
        return (self.end - self.start).days + 1

    def dates(self) -> Iterator[date]:
        """Give each day in order."""
        return (self.start + timedelta(days=n) for n in range(self.days))


@dataclass
class Draft:
    """The brief, the planning defaults and the numbers entered so far, in one language."""

    brief: Brief
    assumptions: Assumptions
    sheet: Sheet
    language: Language
    today: date
    window: Window
    phases: tuple[Phase, ...] = ()
    notes: list[Paragraph] = field(default_factory=list)

    def say(self, key: str, **values: object) -> str:
        """Give a text of the plan's language; a Value is put in as `show` writes it."""
        text = messages.say(self.language, key, **self._shown(values))
        return _PERCENT_BEFORE_HAN.sub("% ", text)

    def show(self, value: Value) -> str:
        """Write a number with its unit as sentences have it."""
        return in_prose(value, self.language)

    def paragraph(
        self, key: str, tone: str = "normal", quotes: tuple[Quote, ...] = (), **values: object
    ) -> Paragraph:
        """Make a paragraph of a text; the Values put into it are listed in `Paragraph.values`."""
        named = tuple(given.id for given in values.values() if isinstance(given, Value))
        return Paragraph(self.say(key, **values), named, quotes, tone)  # type: ignore[arg-type]

    def assume(
        self, default_id: str, value_id: str | None = None, label: str | None = None
    ) -> Value:
        """Enter a planning default once, as `assume.<default_id>` unless another id is given."""
        name = value_id or f"assume.{default_id}"
        if name in self.sheet.values:
            return self.sheet[name]
        value = self.assumptions.value(default_id, self.language)
        return self.sheet.enter(
            replace(value, id=name, label=label or value.label, editable=True)
        )

    def given_or_assumed(
        self, brief_field: str, default_id: str, unit: str, label: str, value_id: str | None = None
    ) -> Value:
        """Enter the brief's number, or the planning default where the brief is silent.

        Either way it has the id `value_id`, by default `brief.<brief_field>`.
        """
        name = value_id or f"brief.{brief_field}"
        if name in self.sheet.values:
            return self.sheet[name]
        number = getattr(self.brief, brief_field)
        if number is None:
            return self.assume(default_id, name, label)
        return self.sheet.enter(Value(name, float(number), unit, "given", label, editable=True))

    def compute(
        self, name: str, rule: str, unit: str, label: str, note: str = "", **inputs: References
    ) -> Value:
        """Enter the result of a named rule over numbers that were entered before."""
        return self.sheet.compute(name, rule, unit, label, note, **inputs)

    def has(self, name: str) -> bool:
        """Say whether a number with this id was entered."""
        return name in self.sheet.values

    def day(self, on: date) -> str:
        """Write a day as prose has it: `6 月 1 日`, `1 June`; with its year when it is another."""
        year = "" if on.year == self.window.start.year else "_year"
        month = self.say(f"plan_month.m{on.month}")
        return self.say(f"plan.day{year}", year=on.year, month=month, day=on.day)

    def span(self, phase: Phase) -> str:
        """Write a phase's first and last day."""
        return self.say("plan.span", start=self.day(phase.start), end=self.day(phase.end))

    def phase(self, name: str) -> Phase | None:
        """Give the phase with this id, or None when the window is too short to have it."""
        return next((phase for phase in self.phases if phase.id == name), None)

    def _shown(self, values: dict[str, object]) -> dict[str, object]:
        return {
            name: self.show(given) if isinstance(given, Value) else given
            for name, given in values.items()
        }
