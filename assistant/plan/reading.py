"""Reads sentences into the fields of a brief, and into changes of a plan, by rules.

What is understood is given with the words it was read from; what is not is reported, never guessed.
A number belongs to the field named closest to it in its clause. The words for categories, stages,
promotions, fields and parts of a plan come from the planning vocabulary.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from assistant.language import clean, detect, fold_in_place
from assistant.numbers import Quantity, quantities
from assistant.numbers import names as number_names
from assistant.plan.assumptions import Assumptions

TEXT_CHARACTERS = 5000
# How far a number may stand from the word for its field, in characters.
REACH_BEFORE, REACH_AFTER = 14, 4
# Below this, an amount of money without a unit is more likely written in 万.
SMALL_AMOUNT = 1000

_BREAK = re.compile(r"[，。；;!！?？\n、]|,(?!\d{3})|\.(?!\d)")
_PLAN_WORDS = r"\s*(?:大促|方案|计划|活动|节|promotion|campaign|plan|festival|sale|gift)"
_NEGATIVE = re.compile(r"(?:(?<![\d万亿\w])[-−－]|负|minus)\s*[¥￥]?\s*$")
_QUOTED = r"[“「『\"'《]?([^，。,;；：:“”「」『』\"《》\n]{1,30}?)"
_BRAND = tuple(
    re.compile(pattern + r"(?=[”」』\"'》]|[，。,;；\n]|$|的|做|\s+(?:for|with|in|on)\b)", re.I)
    for pattern in (
        rf"品牌(?:名称|名字|名)?(?:叫做|叫|是|为|：|:)\s*{_QUOTED}",
        rf"(?:店铺|店|牌子)(?:叫做|叫|名为)\s*{_QUOTED}",
        rf"\bbrand(?: name)?(?: is|:| called| named)\s*{_QUOTED}",
        rf"\b(?:called|named)\s+{_QUOTED}",
    )
)
_QUOTED_BRAND = re.compile(
    r"[“「『\"]([^“”「」『』\"\n]{1,30})[”」』\"]\s*(?:品牌|旗舰店|brand\b)"
    r"|(?:品牌|给|为|帮|\bfor)\s*[“「『\"]([^“”「」『』\"\n]{1,30})[”」』\"]",
    re.I,
)
# The one thing in quotes in a wish for a plan is its brand.
_QUOTED_TEXT = re.compile(r"[“「『]([^“”「」『』\n]{1,30})[”」』]")
_TEXTS = {
    name: re.compile(rf"(?:{words})\s*(?:是|为|：|:|is)\s*([^，。；;\n]{{2,60}})", re.I)
    for name, words in (
        ("audience", "目标人群|人群|受众|target audience|audience"),
        ("tone", "品牌调性|调性|风格|tone"),
    )
}

_MONEY = ("budget_cny", "gmv_target_cny", "average_order_value_cny")
_COUNTS = ("followers", "customer_service_agents", "enquiries_per_day", "orders_per_day")


@dataclass(frozen=True)
class Understood:
    """What a text says of a brief: fields for `Brief.from_fields`, each with the words heard.

    `missing` are required fields it does not say (`start` stands for the window), `unclear` are
    phrases that name a field or number but cannot be read for sure.
    """

    fields: Mapping[str, Any]
    heard: tuple[tuple[str, str], ...] = ()
    missing: tuple[str, ...] = ()
    unclear: tuple[str, ...] = ()


def read_brief_text(text: str, today: date, assumptions: Assumptions) -> Understood:
    """Read a text of at most 5000 characters (the rest is left out) into fields of a brief."""
    reader = _Reader(clean(text)[:TEXT_CHARACTERS], assumptions)
    reader.read_names()
    reader.read_texts()
    reader.read_numbers()
    reader.read_dates(today)
    return reader.understood()


@dataclass
class _Reader:
    """One reading: fields found so far, with the words, and what was not clear."""

    text: str
    assumptions: Assumptions
    fields: dict[str, Any] = field(default_factory=dict)
    heard: list[tuple[str, str]] = field(default_factory=list)
    unclear: list[str] = field(default_factory=list)

    def read_names(self) -> None:
        """Find category, stage and promotion; two different ones are unclear."""
        for group in ("category", "stage", "promotion"):
            found = _named(self.text, self.assumptions, group)
            keys = {key for key, _, _ in found}
            if len(keys) == 1:
                key, start, end = found[0]
                self._hear(group, key, self.text[start:end])
            elif keys:
                self.unclear.append(" / ".join(self.text[s:e] for _, s, e in found))

    def read_texts(self) -> None:
        """Find brand, audience and tone where the text names them."""
        for pattern in (_QUOTED_BRAND, *_BRAND):
            match = pattern.search(self.text)
            named = next((part.strip() for part in match.groups() if part), "") if match else ""
            if match and named:
                self._hear("brand", named, match.group().strip())
                break
        else:
            quoted = _QUOTED_TEXT.findall(self.text)
            if len(quoted) == 1:
                self._hear("brand", quoted[0].strip(), quoted[0].strip())
        for name, pattern in _TEXTS.items():
            if match := pattern.search(self.text):
                self._hear(name, match[1].strip(), match.group().strip())

    def read_numbers(self) -> None:
        """Give each number to the field named closest to it."""
        words = _named(self.text, self.assumptions, "field")
        plain = _apart(self.text, words)
        numbers = [q for q in quantities(plain) if q.kind not in ("date", "clock", "period")]
        said: dict[str, list[tuple[float | None, str]]] = {}
        for key, phrase, quantity in _pairs(self.text, words, numbers):
            said.setdefault(key, []).append((_amount(self.text, key, quantity), phrase))
        for key, given in said.items():
            amounts = {amount for amount, _ in given}
            amount, phrase = given[0]
            if len(amounts) == 1 and amount is not None:
                self._hear(key, int(amount) if key in _COUNTS else amount, phrase)
            else:
                self.unclear += [phrase for _, phrase in given]

    def read_dates(self, today: date) -> None:
        """Take the first two days as the window; a day without a year is the next one to come."""
        dates = [q for q in quantities(self.text) if q.kind == "date"]
        days: list[tuple[date, str]] = []
        for quantity in dates:
            found = list(_days(quantity, days[-1][0] if days else today))
            days += [(day, quantity.text) for day in found]
            if not found:
                self.unclear.append(quantity.text)
        if len(days) > 2:
            self.unclear += [phrase for _, phrase in days[2:]]
        for name, (day, phrase) in zip(("start", "end"), days[:2], strict=False):
            self._hear(name, day.isoformat(), phrase)

    def understood(self) -> Understood:
        """Give the result with what is missing."""
        if self.fields:
            self.fields["language"] = detect(self.text)
        required = ("brand", "category", "stage", "budget_cny", "gmv_target_cny")
        missing = [name for name in required if name not in self.fields]
        if "promotion" not in self.fields:
            missing += [name for name in ("start", "end") if name not in self.fields]
        unclear = tuple(dict.fromkeys(self.unclear))
        return Understood(self.fields, tuple(self.heard), tuple(missing), unclear)

    def _hear(self, name: str, value: Any, phrase: str) -> None:
        self.fields[name] = value
        self.heard.append((name, phrase))


Named = tuple[str, int, int]


def _named(text: str, assumptions: Assumptions, *groups: str) -> list[Named]:
    """Find the words of groups in order of place, none inside another.

    A longer word goes before a shorter one, and the group named first before the next.
    """
    folded = fold_in_place(text)
    codes = {start for start, _ in number_names(text)}
    spelled = [
        (word.key, fold_in_place(name))
        for group in groups
        for word in assumptions.vocabulary
        if word.group == group
        for name in (*word.zh, *word.en, *([word.key] if word.key.isdecimal() else ()))
    ]
    taken: list[Named] = []
    for key, name in sorted(spelled, key=lambda pair: -len(pair[1])):
        for start, end in _places(folded, name, codes):
            if all(end <= other[1] or start >= other[2] for other in taken):
                taken.append((key, start, end))
    return sorted(taken, key=lambda one: one[1])


def _places(folded: str, name: str, codes: set[int]) -> Iterator[tuple[int, int]]:
    """Find a word; English ones as whole words, bare digits only as the name of a promotion."""
    pattern = re.escape(name).replace(r"\ ", r"\s?")
    if name.isascii():
        pattern = rf"(?<![a-z0-9.]){pattern}(?![a-z0-9])"
    for match in re.finditer(pattern, folded):
        is_name = match.start() in codes or re.match(_PLAN_WORDS, folded[match.end() :])
        if not name.isdecimal() or is_name:
            yield match.span()


def _apart(text: str, words: list[Named]) -> str:
    """Part a number from the Latin word it is written to (GMV300 万), keeping every offset."""
    for _, start, end in words:
        if text[end - 1].isalpha() and text[end - 1].isascii() and start < end - 1:
            text = f"{text[: end - 1]} {text[end:]}"
    return text


def _pairs(
    text: str, words: list[Named], numbers: list[Quantity]
) -> Iterator[tuple[str, str, Quantity]]:
    """Join each number with the nearest word of its clause, nearest pairs first."""
    near = [
        (distance, n, w)
        for n, quantity in enumerate(numbers)
        for w, word in enumerate(words)
        if (distance := _distance(text, word, quantity, numbers)) is not None
    ]
    used_numbers: set[int] = set()
    used_words: set[int] = set()
    for _, n, w in sorted(near):
        if n not in used_numbers and w not in used_words:
            used_numbers.add(n)
            used_words.add(w)
            key, start, end = words[w]
            first, last = min(start, numbers[n].start), max(end, numbers[n].end)
            yield key, text[first:last], numbers[n]


def _distance(text: str, word: Named, quantity: Quantity, others: list[Quantity]) -> int | None:
    """Say how far a number is from a word of its clause; None when it is out of reach."""
    _, start, end = word
    before = start < quantity.start
    first, last = (end, quantity.start) if before else (quantity.end, start)
    gap = text[first:last]
    if len(gap) > (REACH_BEFORE if before else REACH_AFTER) or _BREAK.search(gap):
        return None
    if any(first <= other.start < last for other in others):
        return None
    return len(gap.strip()) * 2 + (not before)


def _amount(text: str, key: str, quantity: Quantity) -> float | None:
    """Give the number in the field's unit; None when its unit does not fit or it is a range."""
    value = float(quantity.value)
    if quantity.upper is not None or _NEGATIVE.search(text[: quantity.start]):
        return None
    return value if _fits(key, value, quantity) else None


def _fits(key: str, value: float, quantity: Quantity) -> bool:
    """Say whether a quantity is of the kind that a field takes; a bare number mostly is."""
    bare = quantity.kind == "count" and quantity.unit == ""
    if key in _MONEY:
        small = value < SMALL_AMOUNT and key != "average_order_value_cny"
        return (quantity.kind == "money" and quantity.unit == "cny") or (bare and not small)
    if key in _COUNTS:
        return quantity.kind == "count" and value == int(value)
    if key.endswith("_percent"):
        return bare or (quantity.kind == "percent" and quantity.unit == "%")
    return bare or quantity.unit == ("hour" if key == "daily_live_hours" else "point")


def _days(quantity: Quantity, earliest: date) -> Iterator[date]:
    """Give the day or the two days of a date; none when it names no day."""
    for number in (quantity.value, quantity.upper):
        if number is None:
            continue
        year, month, day = int(number) // 10_000, int(number) // 100 % 100, int(number) % 100
        try:
            found = date(year or earliest.year, month, day)
            if not year and found < earliest:
                found = found.replace(year=found.year + 1)
        except ValueError:
            return
        earliest = found
        yield found


RESERVE = "service.reserve_percent"
Kind = Literal["set", "increase", "decrease"]
Unit = Literal["percent", "points", "number"]


@dataclass(frozen=True)
class Change:
    """A change of one number of a plan: a field of the brief, or the id of a value.

    `percent` changes are relative to the number, `points` are added to a share; a `set` gives the
    new number itself in the target's unit.
    """

    target: str
    kind: Kind
    amount: float
    unit: Unit
    phrase: str = ""

    def applied(self, current: float) -> float:
        """Give the new number."""
        if self.kind == "set":
            return self.amount
        step = current * self.amount / 100 if self.unit == "percent" else self.amount
        return round(current + step if self.kind == "increase" else current - step, 6)


@dataclass(frozen=True)
class Revision:
    """The changes that a sentence asks for, and the clauses that were not understood."""

    changes: tuple[Change, ...] = ()
    unclear: tuple[str, ...] = ()


_CLAUSE = re.compile(r"[，。；;!！\n]|,(?!\d{3})|\.(?!\d)|\band\b|并且|同时|然后|再把", re.I)
_FILLER = re.compile(r"(?:请|麻烦|帮我|谢谢|好的?|please|thanks?|thank you|ok|okay|\s)*", re.I)
_SET = re.compile(
    r"(?:降低?|提高?|升|调整?|改|减少?|增加?|加|压缩?|设|定|控制|缩减?|下调|上调|砍|削减|恢复|变|换)"
    r"[到至成为]|等于|="
    r"|\b(?:to|at)\s+(?:about\s+)?(?:rmb\s*|cny\s*|[¥￥]\s*)?[\d¥￥]",
    re.I,
)
_UP = re.compile(
    r"多|增|提高|提升|上调|上浮|加|涨|翻|抬高"
    r"|\b(?:raise|increase|more|add|grow|lift|up|double)\b",
    re.I,
)
_DOWN = re.compile(
    r"少|减|降|下调|砍|压|缩|削|\b(?:cut|reduce|lower|less|decrease|drop|shrink|trim|halve)\b", re.I
)
_DENIED = re.compile(
    r"不要|别|不用|不必|不能|不想|无需|\b(?:don'?t|do not|not|never)\b|[?？]|吗", re.I
)
_POINTS = re.compile(
    r"(\d+(?:\.\d+)?)\s*(?:个百分点|百分点|个点|percentage points?|points?|pp\b)", re.I
)
_FIXED = (
    (re.compile(r"减半|砍半|对半砍|\bhalve", re.I), 50.0),
    (re.compile(r"翻倍|翻一番|加倍|\bdouble\b(?!\s*1)", re.I), 100.0),
)


def read_revision(text: str, assumptions: Assumptions) -> Revision:
    """Read what a sentence changes in a plan; each clause is one change or is not understood."""
    changes: list[Change] = []
    unclear: list[str] = []
    for clause in _CLAUSE.split(clean(text)[:TEXT_CHARACTERS]):
        phrase = clause.strip()
        if _FILLER.fullmatch(phrase):
            continue
        change = _change(phrase, assumptions)
        if change:
            changes.append(change)
        else:
            unclear.append(phrase)
    return Revision(tuple(changes), tuple(unclear))


def _change(clause: str, assumptions: Assumptions) -> Change | None:
    target, kind = _target(clause, assumptions), _kind(clause)
    size = _size(clause)
    if _DENIED.search(clause) or not target or not kind or not size:
        return None
    amount, unit = size
    if target == RESERVE:
        # Agents are counted in people; the reserve is a share on top of what is needed.
        target = "customer_service_agents" if unit == "number" else RESERVE
        unit = "points" if kind != "set" and unit == "percent" else unit
    share = target.endswith("_percent") or target.startswith("allocation.")
    if kind == "set":
        fits = unit == "percent" and amount <= 100 if share else unit == "number"
        unit = "number"
    else:
        fits = unit != "number" if share else unit != "points"
    return Change(target, kind, amount, unit, clause) if fits else None


def _target(clause: str, assumptions: Assumptions) -> str | None:
    """Give the one thing that a clause names; a part of the plan goes before its budget."""
    found = _named(clause, assumptions, "target", "field")
    parts = {key for key, _, _ in found if "." in key}
    fields = {key for key, _, _ in found if "." not in key}
    if parts:
        fields -= {"budget_cny", "customer_service_agents", "gmv_target_cny"}
    named = parts | fields
    return named.pop() if len(named) == 1 else None


def _kind(clause: str) -> Kind | None:
    if _SET.search(clause):
        return "set"
    up, down = _UP.search(clause), _DOWN.search(clause)
    if bool(up) == bool(down):
        return None
    return "increase" if up else "decrease"


def _size(clause: str) -> tuple[float, Unit] | None:
    """Give the one amount of a clause, in percent, in points, or plain."""
    if points := _POINTS.findall(clause):
        return (float(points[0]), "points") if len(points) == 1 else None
    for pattern, percent in _FIXED:
        if pattern.search(clause):
            return percent, "percent"
    found = [q for q in quantities(clause) if q.kind not in ("date", "period", "ordinal")]
    if len(found) != 1 or found[0].upper is not None:
        return None
    if _NEGATIVE.search(clause[: found[0].start]):
        return None
    if found[0].kind == "percent":
        return float(found[0].value), "points" if found[0].unit == "pp" else "percent"
    return float(found[0].value), "number"


_MAKE = re.compile(
    r"(?:(?:帮我|给我|替我|请|麻烦|我要|我想要?|需要|^给|^为).{0,40}(?:做|出|写|制定|生成|起草|拟|规划|策划|来)"
    r"|^(?:做|出|写|制定|生成|起草|拟)).{0,40}(?:方案|(?:营销|大促|活动|推广)计划)"
    r"|\b(?:draft|make|create|prepare|write|build|generate|give me)\b.{0,60}\b(?:plan|proposal)\b"
    r"|^(?:please\s+)?plan (?:a|an|the|our|my)\b.{0,60}\b(?:campaign|promotion|launch)\b",
    re.I,
)
_ASKING = re.compile(
    r"怎么|如何|怎样|什么|为什么|哪些|哪个|多少|是否|要不要|该不该|是不是|讲讲|解释|介绍|分析"
    r"|\b(?:how|what|why|which|should|when|explain|tell me|describe)\b",
    re.I,
)
_POLITE = re.compile(
    r"^(?:请问)?(?:你?能不能|你?能|你?可以|可不可以|可否)|^(?:can|could|would) you\b", re.I
)
_OTHER_PLAN = re.compile(
    r"(?:售后|客服|排班|退款|退货|话术|脚本|选品|应急|培训|投放|物流|合同)(?:处理)?(?:方案|计划)"
)
_WHOLE_PLAN = re.compile(
    r"(?:营销|活动|大促|推广|campaign)\s*(?:方案|计划|plan)|做一?[份个]?方案", re.I
)


def is_plan_request(text: str, assumptions: Assumptions) -> bool:
    """Say whether a message asks for a campaign plan to be made; a question about plans is none."""
    line = " ".join(clean(text)[:TEXT_CHARACTERS].split())
    if not _MAKE.search(line) or _OTHER_PLAN.search(line) or _ASKING.search(line):
        return False
    facts = _named(line, assumptions, "category", "promotion", "stage")
    amounts = [q for q in quantities(line) if q.kind in ("money", "percent")]
    if re.search(r"[?？]|吗", line):
        return bool(_POLITE.search(line) and (facts or amounts))
    return bool(facts or amounts or _WHOLE_PLAN.search(line))
