"""The arithmetic of plans: named rules, each a pure function and the same rule as a cell formula.

A plan's computed number is the result of one rule over named inputs, so a reader can check it, a
workbook can recompute it, and both give the same figure (a test recalculates every rule in a
spreadsheet program). Parameters carry their unit in the name; shares are in percent (20 is 20%);
money is in yuan, rounded to the fen where a rule says so. A parameter given as a sequence takes
any number of inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

Number = float
Given = Number | Sequence[Number]


@dataclass(frozen=True)
class Rule:
    """A named rule: the function, its cell formula with {parameter} places, and what it says.

    In the formula a sequence parameter becomes cell references separated by commas.
    `statement_zh` and `statement_en` say the rule in a line; `source` is the library document or
    the literature it comes from, empty for plain arithmetic.
    """

    name: str
    function: Callable[..., Number]
    formula: str
    statement_zh: str
    statement_en: str
    source: str = ""


RULES: dict[str, Rule] = {}


def rule(formula: str, zh: str, en: str, source: str = "") -> Callable[..., Callable[..., Number]]:
    """Enter a function under its own name in RULES."""

    def enter(function: Callable[..., Number]) -> Callable[..., Number]:
        name = function.__name__
        RULES[name] = Rule(name, function, formula, zh, en, source)
        return function

    return enter


def apply(name: str, inputs: Mapping[str, Given]) -> Number:
    """Compute a rule; KeyError when there is no such rule, TypeError when inputs do not fit."""
    return RULES[name].function(**inputs)


@rule("SUM({terms})", "各项相加", "the sum of the parts")
def total(terms: Sequence[Number]) -> Number:
    """Add up any number of values of one unit, without the error of binary fractions."""
    return round(sum(terms), 6)


@rule("ROUND({whole}*{percent}/100,2)", "总额 × 比例", "amount × share")
def share_of(whole: Number, percent: Number) -> Number:
    """Give a share of an amount, to the fen."""
    return round_half_up(whole * percent / 100, 2)


def round_half_up(value: Number, digits: int = 0) -> Number:
    """Round as spreadsheets do: halves away from zero, after taking off the binary error."""
    scaled = round(abs(value) * 10**digits, 6)
    whole = int(scaled + 0.5)
    return float((whole if value >= 0 else -whole) / 10**digits)
