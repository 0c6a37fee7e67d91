"""Cuts a plan's window into phases and keeps shares whole when a reader changes one of them.

Phases follow each other without a gap and fill the window; a short window has fewer of them. The
burst ends with the promotion when there is one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from assistant.plan.brief import Window

PHASES = ("build-up", "warm-up", "burst", "return")
# The fewest days of a window that has room for these phases.
_ROOM = ((10, PHASES), (7, PHASES[:3]), (4, PHASES[1:3]), (1, PHASES[2:3]))


def phases_of(window: Window, promotion_end: date | None) -> tuple[str, ...]:
    """Name the phases that this window has room for; none after a promotion that ends it."""
    names = next(names for least, names in _ROOM if window.days >= least)
    ends_it = promotion_end is not None and promotion_end >= window.end
    return tuple(name for name in names if not (ends_it and name == "return"))


def rebalanced(
    defaults: Mapping[str, float], edits: Mapping[str, float], whole: float, digits: int = 6
) -> dict[str, float]:
    """Make parts sum to `whole`: edited ones as they are, the others in proportion.

    When nothing else can give way the edited ones are scaled together. The last part that may
    move takes the rounding rest.
    """
    fixed = {name: edits[name] for name in defaults if name in edits}
    free = {name: value for name, value in defaults.items() if name not in fixed}
    left = whole - sum(fixed.values())
    if not free or left < 0:
        scaled = _to_sum(fixed, whole, digits)
        return {name: scaled.get(name, 0.0) for name in defaults}
    moved = _to_sum(free, left, digits)
    return {name: fixed.get(name, moved.get(name, 0.0)) for name in defaults}


def _to_sum(parts: Mapping[str, float], whole: float, digits: int) -> dict[str, float]:
    """Scale parts to a sum; equal parts when all are nothing; largest remainders get the rest."""
    if not parts:
        return {}
    weights = parts if sum(parts.values()) > 0 else dict.fromkeys(parts, 1.0)
    unit = 10**digits
    exact = {n: weight / math.fsum(weights.values()) * whole for n, weight in weights.items()}
    floors = {name: math.floor(round(value * unit, 3)) for name, value in exact.items()}
    spare = round(whole * unit) - sum(floors.values())
    order = sorted(parts, key=lambda name: floors[name] - exact[name] * unit)
    for name in order[: max(0, spare)]:
        floors[name] += 1
    return {name: count / unit for name, count in floors.items()}


def days_of(
    window: Window, names: Sequence[str], shares: Mapping[str, float], promotion: Window | None
) -> dict[str, float]:
    """Give each phase its days, at least one; with a promotion the burst ends on its last day."""
    whole = window.days
    after = 0
    if promotion and "return" in names:
        after = max(0, min((window.end - promotion.end).days, whole - len(names) + 1))
    before = [name for name in names if not (after and name == "return")]
    found = _at_least_one({name: shares[name] for name in before}, whole - after)
    if promotion and "burst" in found and len(before) > 1:
        found = _inside(found, before, promotion)
    return {name: found.get(name, float(after)) for name in names}


def _inside(
    found: Mapping[str, float], before: Sequence[str], promotion: Window
) -> dict[str, float]:
    """Let the burst be no longer than the promotion; the first phase takes the days."""
    cut = max(0.0, found["burst"] - promotion.days)
    first = before[0]
    if first == "burst":
        return dict(found)
    return {**found, "burst": found["burst"] - cut, first: found[first] + cut}


def _at_least_one(shares: Mapping[str, float], days: int) -> dict[str, float]:
    spare = _to_sum(shares, days - len(shares), 0)
    return {name: spare[name] + 1 for name in shares}


def dated(start: date, days: Mapping[str, float]) -> list[tuple[str, date, date]]:
    """Give name, first and last day of each phase, one after the other."""
    rows = []
    for name, count in days.items():
        end = start + timedelta(days=int(count) - 1)
        rows.append((name, start, end))
        start = end + timedelta(days=1)
    return rows
