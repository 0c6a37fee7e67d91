"""The planning data of the library: default numbers, dates of promotions, words to avoid.

Every number leaves this module as a `Value` with its basis: a cited one carries the sentence of the
library in which it stands digit for digit, an assumed one says so. A point chosen from a cited
range is assumed, with the range and its sentence kept. Nothing of the field is written in the code.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from assistant.errors import ConfigurationError
from assistant.language import content_terms, fold_in_place, sentences
from assistant.messages import say
from assistant.quoting import Shelf
from assistant.records import Document, Language
from assistant.values import Quote, Value

Text = Annotated[str, Field(min_length=1)]
Number = Annotated[float, Field(ge=0, allow_inf_nan=False)]
# Sentences that may have to be quoted together before a list of numbers is complete.
WINDOW = 5


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


class Default(_Entry):
    """A number, a range of two numbers or a list of points that a plan starts from."""

    id: Text
    value: Number | tuple[Number, ...]
    unit: Text
    basis: Literal["cited", "assumed"]
    note_zh: Text
    note_en: Text
    source: Text | None = None
    confidence: Literal["A", "B", "C"] | None = None
    pick: Number | None = None
    quote_zh: Text | None = None
    quote_en: Text | None = None

    @model_validator(mode="after")
    def _is_consistent(self) -> Default:
        if (self.basis == "cited") != bool(self.source and self.confidence):
            raise ValueError("a cited value has a source and a confidence, an assumed one neither")
        if self.pick is not None and not min(self.numbers) <= self.pick <= max(self.numbers):
            raise ValueError("pick lies outside the range")
        return self

    @property
    def numbers(self) -> tuple[float, ...]:
        """The numbers as they are written: one, a range, or points."""
        return self.value if isinstance(self.value, tuple) else (self.value,)

    def note(self, language: Language) -> str:
        """Say what the number is."""
        return self.note_zh if language == "zh" else self.note_en


class Phase(_Entry):
    """A named part of a promotion as it was dated."""

    name: Text
    start: date
    end: date


class Promotion(_Entry):
    """A promotion of a past year; `end` is its last day. Some are only known by month."""

    id: Text
    node: Text
    name_zh: Text
    name_en: Text
    year: int
    start: str
    end: date | None = None
    registration_from: date | None = None
    phases: tuple[Phase, ...] = ()
    source: Text
    source_name: Text
    confidence: Literal["A", "B", "C"]

    def name(self, language: Language) -> str:
        """Give the name in this language."""
        return self.name_zh if language == "zh" else self.name_en


class ComplianceTerm(_Entry):
    """Words that a text must not contain, or a tactic that a plan must not propose."""

    id: Text
    kind: Literal["wording", "tactic"]
    scope: Text
    terms_zh: tuple[Text, ...]
    terms_en: tuple[Text, ...]
    rule_zh: Text
    rule_en: Text
    instead_zh: Text
    instead_en: Text
    source: Text
    valid_from: date | None = None


class Word(_Entry):
    """What people call a category, stage, role, promotion or field."""

    group: Literal["category", "stage", "role", "promotion", "field", "target"]
    key: Text
    zh: tuple[Text, ...] = ()
    en: tuple[Text, ...] = ()


@dataclass(frozen=True)
class Estimate:
    """When a promotion of `year` runs: as it was dated, or (`estimated`) as the latest one was."""

    node: str
    name: str
    year: int
    start: date
    end: date
    registration_from: date | None
    phases: tuple[tuple[str, date, date], ...]
    estimated: bool
    based_on: str
    source: Quote


@dataclass(frozen=True)
class ComplianceHit:
    """A word of `text[start:end]` with the rule it may break: a thing to check, not a verdict."""

    term: str
    kind: Literal["wording", "tactic"]
    text: str
    start: int
    end: int
    scope: str
    rule: str
    instead: str
    source: Quote


def unit_key(unit: str) -> str:
    """Give the unit table's key: `yuan per plan` is yuan_per_plan."""
    return unit.replace(" ", "_").replace("-", "_")


@dataclass(frozen=True)
class Assumptions:
    """The planning data, checked; documents are read when a quote is first asked for."""

    shelf: Shelf
    defaults: Mapping[str, Default]
    calendar: tuple[Promotion, ...]
    terms: tuple[ComplianceTerm, ...]
    vocabulary: tuple[Word, ...]
    _spans: dict[str, list[tuple[int, int]]] = field(
        default_factory=dict, repr=False, compare=False
    )
    _quotes: dict[tuple[str, Language], Quote] = field(
        default_factory=dict, repr=False, compare=False
    )

    @classmethod
    def load(cls, folder: Path) -> Assumptions:
        """Read `folder`/planning; ConfigurationError names the file, entry and key that is wrong.

        `folder` is the knowledge folder, with its documents beside `planning`.
        """
        planning = Path(folder) / "planning"
        return cls(
            shelf=Shelf(Path(folder)),
            defaults={entry.id: entry for entry in _read(planning / "defaults.yaml", Default)},
            calendar=tuple(_read(planning / "promotion-calendar.yaml", Promotion)),
            terms=tuple(_read(planning / "compliance-terms.yaml", ComplianceTerm)),
            vocabulary=tuple(_read(planning / "vocabulary.yaml", Word)),
        )

    def __contains__(self, name: object) -> bool:
        return name in self.defaults

    def entry(self, name: str) -> Default:
        """Give the default as it is written; ConfigurationError when there is none."""
        if name not in self.defaults:
            raise ConfigurationError(f"planning/defaults.yaml has no entry {name!r}")
        return self.defaults[name]

    def range(self, name: str) -> tuple[float, ...]:
        """Give the numbers as they are written: one, low and high, or points."""
        return self.entry(name).numbers

    def value(self, name: str, language: Language, label: str = "", as_id: str = "") -> Value:
        """Give a default as an editable Value under `as_id` (its own name if none is given).

        One cited number is cited; the point of a cited range (its middle, or `pick`) is assumed,
        with the range as low and high and its sentence as source.
        """
        entry = self.entry(name)
        numbers, note = entry.numbers, entry.note(language)
        if len(numbers) > 2:
            raise ConfigurationError(f"{name} is a list of points; ask for its range")
        ranged = len(numbers) == 2
        if ranged:
            note = say(language, f"assumption.{_choice(entry)}", note=note, **_bounds(numbers))
        return Value(
            id=as_id or name,
            value=_point(entry),
            unit=unit_key(entry.unit),
            basis="cited" if entry.basis == "cited" and not ranged else "assumed",
            label=label or entry.note(language),
            note=note,
            source=self.quote(name, language) if entry.source else None,
            editable=True,
            low=numbers[0] if ranged else None,
            high=numbers[1] if ranged else None,
        )

    def for_category(self, kind: str, category: str) -> str:
        """Give the id of a category's default (`roi`, `food` → roi-food), or that of `other`."""
        name = f"{kind}-{category}"
        return name if name in self.defaults else f"{kind}-other"

    def categories(self) -> tuple[str, ...]:
        """List the categories that have figures of their own, then `other`."""
        return tuple(n.removeprefix("gpm-") for n in self.defaults if n.startswith("gpm-"))

    def _sentences(self, document: Document) -> list[tuple[int, int]]:
        if document.path not in self._spans:
            found = sentences(document.text)
            self._spans[document.path] = [
                span for span in found if not _is_heading(document.text, span[0])
            ]
        return self._spans[document.path]

    def document(self, slug: str, language: Language) -> Document:
        """Give a document of the library, with the text and offsets that the library has."""
        return self.shelf.document(slug, language)

    def quote(self, name: str, language: Language) -> Quote:
        """Give the sentence in which a cited default stands, number by number."""
        if (name, language) not in self._quotes:
            entry = self.entry(name)
            found = self._find(entry, language)
            if not found:
                raise ConfigurationError(f"{name} does not stand in {entry.source} ({language})")
            self._quotes[name, language] = found
        return self._quotes[name, language]

    def _find(self, entry: Default, language: Language) -> Quote | None:
        """Give the shortest run of sentences with all the numbers that fits the note best."""
        document = self.shelf.document(entry.source or "", language)
        numbers = entry.numbers
        anchor = (entry.quote_zh if language == "zh" else entry.quote_en) or ""
        wanted = set(content_terms(entry.note(language)))
        for size in range(1, WINDOW + 1):
            spans = [
                (start, end)
                for start, end in _windows(document, self._sentences(document), size)
                if all(stands_in(number, document.text[start:end]) for number in numbers)
                and anchor in document.text[start:end]
            ]
            if spans:
                best = max(spans, key=lambda span: _fit(document, span, numbers, wanted))
                return _quote(document, *best, confidence=entry.confidence)
        return None

    def nodes(self) -> tuple[str, ...]:
        """List the kinds of promotions that have dates, in the order of the year."""
        latest = {entry.node: entry for entry in self.calendar if entry.end}
        return tuple(sorted(latest, key=lambda node: latest[node].start[5:]))

    def promotions(self, node: str = "") -> tuple[Promotion, ...]:
        """List the dated promotions, oldest first; of one node if it is given."""
        return tuple(entry for entry in self.calendar if entry.node == node or not node)

    def estimate(self, node: str, year: int, language: Language) -> Estimate:
        """Give a promotion's window in a year; a year that is not dated takes the latest dates."""
        dated = [entry for entry in self.promotions(node) if entry.end]
        if not dated:
            raise ConfigurationError(f"planning/promotion-calendar.yaml has no dates of {node!r}")
        exact = next((entry for entry in dated if entry.year == year), None)
        entry = exact or dated[-1]
        assert entry.end is not None
        later = year - entry.year
        return Estimate(
            node=node,
            name=entry.name(language),
            year=year,
            start=_later(date.fromisoformat(entry.start), later),
            end=_later(entry.end, later),
            registration_from=entry.registration_from and _later(entry.registration_from, later),
            phases=tuple(
                (p.name, _later(p.start, later), _later(p.end, later)) for p in entry.phases
            ),
            estimated=exact is None,
            based_on=entry.id,
            source=self._promotion_quote(entry, language),
        )

    def next_promotion(self, node: str, today: date, language: Language) -> Estimate:
        """Give the first window of a promotion that does not begin before today."""
        years = range(today.year, today.year + 3)
        windows = (self.estimate(node, year, language) for year in years)
        return next(window for window in windows if window.start >= today)

    def _promotion_quote(self, entry: Promotion, language: Language) -> Quote:
        """Find the sentence of the calendar that dates this promotion."""
        document = self.shelf.document(entry.source, language)
        start = date.fromisoformat(entry.start)
        assert entry.end is not None
        numbers = [float(n) for n in (entry.year, start.day, entry.end.day)]
        wanted = set(content_terms(entry.name(language)))
        spans = [
            span
            for span in self._sentences(document)
            if all(stands_in(number, document.text[slice(*span)]) for number in numbers)
        ]
        best = max(spans, key=lambda span: _fit(document, span, (), wanted))
        return _quote(document, *best, confidence=entry.confidence)

    def words(self, group: str) -> Mapping[str, tuple[str, ...]]:
        """Give what people call each key of a group, its own key included, in both languages."""
        return {
            word.key: (word.key, *word.zh, *word.en)
            for word in self.vocabulary
            if word.group == group
        }

    def check(self, text: str, language: Language) -> list[ComplianceHit]:
        """Find words and tactics that the rules name, in order of place; each is to be checked."""
        folded = fold_in_place(text)
        hits = [
            self._hit(term, text, match.span(), language)
            for term in self.terms
            for match in _pattern(term).finditer(folded)
        ]
        return sorted(hits, key=lambda hit: (hit.start, hit.term))

    def _hit(
        self, term: ComplianceTerm, text: str, span: tuple[int, int], language: Language
    ) -> ComplianceHit:
        chinese = language == "zh"
        rule = term.rule_zh if chinese else term.rule_en
        words = term.terms_zh if chinese else term.terms_en
        return ComplianceHit(
            term=term.id,
            kind=term.kind,
            text=text[slice(*span)],
            start=span[0],
            end=span[1],
            scope=term.scope,
            rule=rule,
            instead=term.instead_zh if chinese else term.instead_en,
            source=self._rule_quote(term, rule, words, language),
        )

    def _rule_quote(
        self, term: ComplianceTerm, rule: str, words: Sequence[str], language: Language
    ) -> Quote:
        """Find the sentence that names most of the words, else the one most like the rule."""
        document = self.shelf.document(term.source, language)
        wanted = set(content_terms(f"{rule} {' '.join(words)}"))

        def likeness(span: tuple[int, int]) -> tuple[float, ...]:
            text = document.text[slice(*span)].casefold()
            named = sum(word.casefold() in text for word in words)
            return (named, *_fit(document, span, (), wanted))

        best = max(self._sentences(document), key=likeness)
        return _quote(document, *best, confidence=document.confidence)


Row = TypeVar("Row", bound=_Entry)


def _read(path: Path, model: type[Row]) -> Iterator[Row]:
    try:
        rows = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigurationError(f"{path.name} cannot be read: {error}") from error
    if not isinstance(rows, list):
        raise ConfigurationError(f"{path.name} is not a list of entries")
    seen: set[str] = set()
    for number, row in enumerate(rows, start=1):
        name = _name(row) or f"entry {number}"
        if name in seen:
            raise ConfigurationError(f"{path.name}: {name} stands there twice")
        seen.add(name)
        try:
            yield model.model_validate(row)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            raise ConfigurationError(f"{path.name}: {name}: {place} {first['msg']}") from error


def _name(row: Any) -> str:
    if not isinstance(row, dict):
        return ""
    return str(row.get("id") or f"{row.get('group')} {row.get('key')}")


def _point(entry: Default) -> float:
    if entry.pick is not None:
        return entry.pick
    return sum(entry.numbers) / len(entry.numbers)


def _choice(entry: Default) -> str:
    cited = "cited" if entry.basis == "cited" else "assumed"
    return f"{'picked' if entry.pick is not None else 'middle'}_of_{cited}_range"


def _bounds(numbers: Sequence[float]) -> dict[str, str]:
    return {"low": f"{numbers[0]:g}", "high": f"{numbers[1]:g}"}


def _later(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def stands_in(number: float, text: str) -> bool:
    """Say whether a number stands in a text digit for digit, thousands separators aside."""
    plain = re.sub(r"(?<=\d),(?=\d{3})", "", text)
    digits = re.escape(f"{number:.6f}".rstrip("0").rstrip("."))
    return bool(re.search(rf"(?<![\d.]){digits}(?!\.?\d)", plain))


def _is_heading(text: str, start: int) -> bool:
    return text[text.rfind("\n", 0, start) + 1 : start].startswith("#")


def _windows(
    document: Document, spans: Sequence[tuple[int, int]], size: int
) -> Iterator[tuple[int, int]]:
    """Give every run of `size` sentences that stays inside a section."""
    starts = [section.start for section in document.sections]
    for first, last in zip(spans, spans[size - 1 :], strict=False):
        if bisect_right(starts, first[0]) == bisect_right(starts, last[0]):
            yield first[0], last[1]


def _fit(
    document: Document, span: tuple[int, int], numbers: Sequence[float], wanted: set[str]
) -> tuple[float, ...]:
    """Rank a span: a range written as one, then the words of the note, then brevity."""
    text = document.text[slice(*span)]
    pair = len(numbers) == 2 and bool(_range_pattern(numbers).search(text.replace(",", "")))
    common = len(wanted & set(content_terms(text))) / (len(wanted) or 1)
    return (float(pair), common, -(span[1] - span[0]))


def _range_pattern(numbers: Sequence[float]) -> re.Pattern[str]:
    low, high = (re.escape(f"{number:g}") for number in numbers)
    return re.compile(rf"(?<![\d.]){low}\s*%?\s*(?:-|–|—|~|至|到|to)\s*{high}(?!\.?\d)")


def _quote(document: Document, start: int, end: int, confidence: str | None = None) -> Quote:
    section = [s for s in document.sections if s.start <= start < s.end][-1]
    return Quote(
        document=document.path,
        title=document.title,
        section=section.headings[-1],
        start=start,
        end=end,
        text=document.text[start:end],
        confidence=confidence or document.confidence,
    )


@cache
def _pattern(term: ComplianceTerm) -> re.Pattern[str]:
    chinese = [re.escape(fold_in_place(word)) for word in term.terms_zh]
    english = [rf"\b{re.escape(fold_in_place(word))}\b" for word in term.terms_en]
    return re.compile("|".join(sorted(chinese + english, key=len, reverse=True)))
