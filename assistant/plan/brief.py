"""The brief of a plan: what a user says about brand, goods, money and time, each with its unit.

Six things are required: brand, category, stage, the window (or a promotion that fills it), budget
and target. Everything else is None until it is said; the plan fills it as a visible assumption.
Whatever is wrong is a `Problem` at its field with the way out, all of them at once. Text of a brief
is data: it is cleaned, limited in length and never read as an instruction.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
)

from assistant.language import clean, fold
from assistant.messages import say
from assistant.numbers import quantities
from assistant.plan.assumptions import Assumptions
from assistant.plan.brief_text import parse_brief
from assistant.plan.problem import Problem, nearest, refusal
from assistant.records import Language
from assistant.values import Quote

LEGACY_SCORE = 5
EXAMPLE_LEAD_DAYS = 45
EXAMPLE_DAYS = 21

NO_PROMOTION = ("none", "无", "没有", "不参加")

Category = Literal["beauty", "premium-beauty", "apparel", "food", "electronics-home", "other"]
Stage = Literal["cold-start", "growth", "mature"]
ProductRole = Literal["traffic", "hero", "profit", "image"]


def _one_line(text: str) -> str:
    line = " ".join(clean(text).split())
    if not line:
        raise ValueError("empty")
    return line


def _day(given: object) -> object:
    """Take a date or its ISO text; a number or a moment is no date."""
    if isinstance(given, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", given.strip(), re.ASCII):
        try:
            return date.fromisoformat(given.strip())
        except ValueError as error:
            raise ValueError("date") from error
    if isinstance(given, date) and not isinstance(given, datetime):
        return given
    raise ValueError("date")


def _points(score: float) -> float:
    if 0 < score <= LEGACY_SCORE:
        raise ValueError("legacy_score")
    return score


ShortText = Annotated[str, Field(strict=True, max_length=60), AfterValidator(_one_line)]
LongText = Annotated[str, Field(strict=True, max_length=300), AfterValidator(_one_line)]
Day = Annotated[date, BeforeValidator(_day)]
Money = Annotated[float, Field(strict=True, ge=0, le=1e11, allow_inf_nan=False)]
Price = Annotated[float, Field(strict=True, gt=0, le=1e7, allow_inf_nan=False)]
Percent = Annotated[float, Field(strict=True, ge=0, le=100, allow_inf_nan=False)]
Count = Annotated[int, Field(strict=True, ge=0, le=1_000_000_000)]
Hours = Annotated[float, Field(strict=True, ge=0, le=24, allow_inf_nan=False)]
Score = Annotated[
    float, Field(strict=True, ge=0, le=100, allow_inf_nan=False), AfterValidator(_points)
]


class Product(BaseModel):
    """One item of goods with its role, price in yuan, and stock and daily capacity in units."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: ShortText
    role: ProductRole
    price_cny: Price
    stock_units: Count | None = None
    daily_capacity_units: Count | None = None
    unit_cost_cny: Money | None = None


class Workstream(BaseModel):
    """Work that must be done beside the campaign, such as closing a gap of the brand.

    It begins `start_day` days after the day of the plan and takes `days`; `source` is the slug of
    a playbook.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    title: LongText
    start_day: Count = 0
    days: Annotated[int, Field(strict=True, ge=1, le=730)]
    role: ShortText | None = None
    source: ShortText | None = None


class Brief(BaseModel):
    """What a plan is made from; a field that was not said is None. Shares are in percent."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    language: Language = "zh"
    brand: ShortText
    category: Category
    tone: LongText | None = None
    audience: LongText | None = None
    stage: Stage
    start: Day | None = None
    end: Day | None = None
    promotion: str | None = None
    budget_cny: Money
    gmv_target_cny: Money
    average_order_value_cny: Price | None = None
    gross_margin_percent: Percent | None = None
    return_rate_percent: Percent | None = None
    platform_fee_percent: Percent | None = None
    commission_percent: Percent | None = None
    products: Annotated[tuple[Product, ...], Field(max_length=50)] = ()
    followers: Count | None = None
    daily_live_hours: Hours | None = None
    entry_rate_percent: Percent | None = None
    click_rate_percent: Percent | None = None
    conversion_rate_percent: Percent | None = None
    experience_score: Score | None = None
    customer_service_agents: Count | None = None
    enquiries_per_day: Count | None = None
    orders_per_day: Count | None = None
    constraints: Annotated[tuple[LongText, ...], Field(max_length=20)] = ()
    workstreams: Annotated[tuple[Workstream, ...], Field(max_length=40)] = ()

    @classmethod
    def read(cls, text: str | bytes, assumptions: Assumptions) -> Brief:
        """Read YAML or JSON; InputError lists every problem with its field and the way out."""
        return cls.from_fields(parse_brief(text), assumptions)

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any], assumptions: Assumptions) -> Brief:
        """Make a brief of a form's fields; empty ones count as not given."""
        known = _with_keys(_given(fields), assumptions)
        found = [*_unknown_fields(known), *_window_problems(known, assumptions)]
        allowed = {name: value for name, value in known.items() if name in cls.model_fields}
        try:
            brief = cls.model_validate(allowed)
        except ValidationError as error:
            found += _problems_of(error)
            raise refusal(sorted(found, key=_order)) from error
        if found:
            raise refusal(found)
        return brief

    def to_json(self) -> dict[str, Any]:
        """Give the fields that were said, as JSON; `from_fields` reads it back."""
        return self.model_dump(mode="json", exclude_none=True)

    def window(self, today: date, assumptions: Assumptions) -> Window:
        """Give the days of the plan; a promotion fills what was not said, as an estimate."""
        if self.start and self.end:
            return Window(self.start, self.end, self.promotion)
        if self.promotion is None:
            raise refusal([Problem("start", "window_missing")])
        found = assumptions.next_promotion(self.promotion, self.start or today, self.language)
        return Window(
            start=self.start or found.start,
            end=self.end or found.end,
            promotion=self.promotion,
            estimated=found.estimated,
            based_on=found.based_on,
            source=found.source,
        )


def example_yaml(language: Language, today: date, assumptions: Assumptions) -> str:
    """Give a filled brief with a remark at every field, its window some weeks from today."""
    start = today + timedelta(days=EXAMPLE_LEAD_DAYS)
    return say(
        language,
        "brief.example",
        start=start,
        end=start + timedelta(days=EXAMPLE_DAYS - 1),
        nodes=", ".join(assumptions.nodes()),
    )


# What a brief must say; `start` stands for the window.
REQUIRED = ("brand", "category", "stage", "start", "budget_cny", "gmv_target_cny")


@dataclass(frozen=True)
class Window:
    """First and last day. `estimated`: taken from the latest dated promotion, to be confirmed."""

    start: date
    end: date
    promotion: str | None = None
    estimated: bool = False
    based_on: str = ""
    source: Quote | None = None

    @property
    def days(self) -> int:
        """Count the days, first and last included."""
        return (self.end - self.start).days + 1


def _order(problem: Problem) -> int:
    """Sort by the order of the brief's fields, unknown ones first."""
    name = re.split(r"[.\[]", problem.field)[0]
    return list(Brief.model_fields).index(name) if name in Brief.model_fields else -1


def _given(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is empty: an empty form field was not said."""
    return {
        str(name): value
        for name, value in fields.items()
        if value is not None and value != "" and value != [] and value != ()
    }


def _with_keys(fields: dict[str, Any], assumptions: Assumptions) -> dict[str, Any]:
    """Put keys in place of what people call categories, stages, roles and promotions."""
    named = dict(fields)
    for name in ("category", "stage", "promotion"):
        if isinstance(named.get(name), str | int) and not isinstance(named[name], bool):
            named[name] = _key(str(named[name]), assumptions.words(name))
    if named.get("promotion") in NO_PROMOTION:
        del named["promotion"]
    if isinstance(named.get("products"), list | tuple):
        roles = assumptions.words("role")
        named["products"] = tuple(_product(one, roles) for one in named["products"])
    if isinstance(named.get("workstreams"), list):
        named["workstreams"] = tuple(named["workstreams"])
    if isinstance(named.get("constraints"), str):
        named["constraints"] = [line for line in named["constraints"].splitlines() if line.strip()]
    if isinstance(named.get("constraints"), list):
        named["constraints"] = tuple(named["constraints"])
    return named


def _product(given: Any, roles: Mapping[str, tuple[str, ...]]) -> Any:
    if not isinstance(given, Mapping):
        return given
    product = _given(given)
    if isinstance(product.get("role"), str):
        product["role"] = _key(product["role"], roles)
    return product


def _key(said: str, words: Mapping[str, tuple[str, ...]]) -> str:
    wanted = fold(said).strip()
    return next(
        (key for key, names in words.items() if wanted in [fold(name) for name in names]),
        said.strip(),
    )


def _unknown_fields(fields: Mapping[str, Any]) -> Iterator[Problem]:
    for name in fields:
        if name not in Brief.model_fields:
            yield _unknown(name, name, list(Brief.model_fields))


def _unknown(place: str, name: str, known: list[str]) -> Problem:
    near = nearest(name, known)
    if near:
        return Problem(place, "unknown_near", {"near": near})
    return Problem(place, "unknown", {"known": ", ".join(known)})


def _window_problems(fields: Mapping[str, Any], assumptions: Assumptions) -> Iterator[Problem]:
    promotion = fields.get("promotion")
    nodes = assumptions.nodes()
    if promotion is not None and promotion not in nodes:
        yield Problem("promotion", "choice", {"given": _shown(promotion), "known": _listed(nodes)})
    elif promotion is None and not ("start" in fields and "end" in fields):
        missing = next((name for name in ("start", "end") if name not in fields), "start")
        yield Problem(missing, "window_missing")


def _problems_of(error: ValidationError) -> Iterator[Problem]:
    for one in error.errors():
        place = _place(one["loc"])
        known = _translated(place, one)
        if known:
            yield known


def _place(parts: tuple[int | str, ...]) -> str:
    return "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in parts).lstrip(".")


_KINDS = {
    "missing": "missing",
    "float_type": "number",
    "int_type": "whole_number",
    "int_from_float": "whole_number",
    "string_type": "text",
    "tuple_type": "list",
    "model_type": "product",
    "dict_type": "product",
    "finite_number": "number",
    "string_too_long": "too_long",
    "too_long": "too_many",
}


def _translated(place: str, one: Any) -> Problem | None:
    """Say a finding of the model in our words."""
    kind, context, given = one["type"], one.get("ctx", {}), one.get("input")
    if kind == "value_error":
        return Problem(place, str(context["error"]), {"given": _shown(given)})
    if kind == "literal_error":
        return Problem(place, "choice", {"given": _shown(given), "known": _choices(place)})
    if kind == "extra_forbidden":
        inner = Workstream if place.startswith("workstreams") else Product
        return _unknown(place, place.rsplit(".", 1)[-1], list(inner.model_fields))
    if kind in ("greater_than", "greater_than_equal", "less_than_equal"):
        return _outside(place, kind, context, given)
    values: dict[str, object] = {"given": _shown(given)}
    if kind in ("string_too_long", "too_long"):
        values["most"] = int(context["max_length"])
    if kind in ("float_type", "int_type", "int_from_float") and (meant := _meant(given)):
        return Problem(place, "number_meant", {**values, "meant": meant})
    return Problem(place, _KINDS.get(kind, "wrong"), values)


def _outside(place: str, kind: str, context: Mapping[str, Any], given: Any) -> Problem:
    if kind == "greater_than":
        return Problem(place, "not_positive", {"given": _shown(given)})
    if kind == "greater_than_equal":
        return Problem(place, "negative", {"given": _shown(given)})
    return Problem(place, "too_large", {"given": _shown(given), "most": float(context["le"])})


def _meant(given: object) -> str:
    """Read what was written as text, such as 50万 or 3 million, to suggest the number."""
    found = quantities(given) if isinstance(given, str) and len(given) <= 100 else []
    if len(found) != 1 or found[0].upper is not None or found[0].kind in ("date", "clock"):
        return ""
    if found[0].text.strip() != str(given).strip():
        return ""
    return f"{found[0].value.normalize():f}"


def _choices(place: str) -> str:
    allowed = {"category": Category, "stage": Stage, "language": Language}
    return _listed(get_args(allowed.get(place, ProductRole)))


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names)


def _shown(given: object) -> str:
    text = " ".join(clean(str(given)).split())
    return text if len(text) <= 40 else f"{text[:40]}…"
