"""The numbers of one plan as a graph: each is given, cited, assumed, or computed by a named rule.

A number is entered once, under a dotted id, after the numbers it is computed from; so the order of
entry is the order of computing, and the whole graph can be computed again after a change. What a
reader has set replaces the default before anything is computed from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from assistant.arithmetic import Given, apply
from assistant.errors import InputError
from assistant.values import Inputs, Quote, Value

Reference = str | Value
References = Reference | tuple[Reference, ...] | list[Reference]


class Sheet:
    """Enters numbers in order and keeps them by id."""

    def __init__(self, edits: Mapping[str, float] | None = None) -> None:
        """Begin an empty sheet; `edits` are the numbers that a reader has set, by id."""
        self.edits = dict(edits or {})
        self.values: dict[str, Value] = {}

    def __getitem__(self, name: str) -> Value:
        return self.values[name]

    def number(self, name: str) -> float:
        """Give the plain number under this id."""
        return self.values[name].value

    def enter(self, value: Value) -> Value:
        """Enter a given, cited or assumed number; what a reader has set takes its place."""
        if value.id in self.values:
            raise ValueError(f"the number {value.id} is entered twice")
        if value.editable and value.id in self.edits:
            value = replace(value, value=self.edits[value.id], basis="given", edited=True)
        self.values[value.id] = value
        return value

    def given(self, name: str, number: float, unit: str, label: str) -> Value:
        """Enter a number of the brief."""
        return self.enter(Value(name, number, unit, "given", label))

    def compute(
        self, name: str, rule: str, unit: str, label: str, note: str = "", **inputs: References
    ) -> Value:
        """Enter the result of a rule over numbers that were entered before."""
        named = {parameter: _names(given) for parameter, given in inputs.items()}
        number = apply(rule, _numbers(named, self.values))
        return self.enter(
            Value(name, number, unit, "computed", label, note, rule=rule, inputs=named)
        )

    def unused_edits(self) -> list[str]:
        """List ids that a reader has set and that no editable number of this plan carries."""
        return [
            name
            for name in self.edits
            if name not in self.values or not self.values[name].editable
        ]


def recomputed(values: Mapping[str, Value], changes: Mapping[str, float]) -> dict[str, Value]:
    """Compute a finished graph again with some of its uncomputed numbers changed."""
    unknown = [name for name in changes if name not in values or values[name].rule]
    if unknown:
        raise InputError(f"no such input number: {', '.join(unknown)}")
    fresh: dict[str, Value] = {}
    for name, value in values.items():
        number = changes.get(name, value.value)
        if value.rule:
            number = apply(value.rule, _numbers(value.inputs, fresh))
        fresh[name] = replace(value, value=number)
    return fresh


def cited(
    name: str, number: float, unit: str, label: str, source: Quote, note: str = ""
) -> Value:
    """Make a number that stands, digit for digit, in a quote of the library."""
    return Value(name, number, unit, "cited", label, note, source, editable=True)


def _names(given: References) -> str | tuple[str, ...]:
    if isinstance(given, tuple | list):
        return tuple(_name(one) for one in given)
    return _name(given)


def _name(given: Reference) -> str:
    return given.id if isinstance(given, Value) else given


def _numbers(inputs: Inputs, values: Mapping[str, Value]) -> dict[str, Given]:
    return {
        parameter: (
            values[names].value
            if isinstance(names, str)
            else [values[name].value for name in names]
        )
        for parameter, names in inputs.items()
    }
