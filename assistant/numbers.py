"""Every quantity of a Chinese or English text, with its value, unit and place.

Values are normalised (万, 亿, Chinese numerals, full-width digits, thousands separators, k, m, bn),
so that 1.55亿元, RMB 155 million and 155,000,000元 are equal and 30% and 30 are not. Spans are
offsets into the text that was handed in. Codes such as 618, 双11, 5A or A3 are names, not numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

Kind = Literal[
    "money", "percent", "times", "duration", "point", "count", "date", "clock", "ordinal", "period"
]
Bound = Literal["exact", "about", "reached", "above", "below"]

# Full-width ASCII to ASCII, one character for one, so that offsets stay; a full-width comma never
# stands inside a number.
_NARROW = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F) if code != 0xFF0C}
_NARROW |= {0x3000: 0x20, 0x00A0: 0x20}
_HAN_DIGIT = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_HAN_STEP = {"十": 10, "百": 100, "千": 1000}
_BIG = {"万": 10**4, "亿": 10**8}
_NUMBER_WORDS = (
    "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen twenty"
)
_WORDS = {word: value for value, word in enumerate(_NUMBER_WORDS.split(), start=2)}
_WORDS |= {"thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80}
_WORDS |= {"ninety": 90}
_MULTIPLIER = {
    "十": 10, "百": 10**2, "千": 10**3, "万": 10**4, "十万": 10**5, "百万": 10**6, "千万": 10**7,
    "亿": 10**8, "十亿": 10**9, "百亿": 10**10, "千亿": 10**11, "万亿": 10**12,
    "hundred": 100, "k": 10**3, "thousand": 10**3, "m": 10**6, "mn": 10**6, "mln": 10**6,
    "million": 10**6, "b": 10**9, "bn": 10**9, "billion": 10**9, "tn": 10**12, "trillion": 10**12,
}  # fmt: skip
_MONTHS = {
    name: number
    for number, names in enumerate(
        ("jan january", "feb february", "mar march", "apr april", "may", "jun june", "jul july",
         "aug august", "sep sept september", "oct october", "nov november", "dec december"),
        start=1,
    )
    for name in names.split()
}  # fmt: skip

# What a unit means: kind and normalised unit. A longer spelling is tried before a shorter one.
_UNIT: dict[str, tuple[Kind, str]] = {}
for _kind, _unit, _names in (
    ("money", "cny", "元 元人民币 块钱 人民币 yuan rmb cny renminbi"),
    ("money", "usd", "美元 美金 dollars dollar usd"),
    ("percent", "%", "% percent"),
    ("percent", "‰", "‰"),
    ("percent", "pp", "个百分点 百分点 percentage-points percentage-point pp"),
    ("times", "x", "倍 times x × fold"),
    ("duration", "second", "秒 秒钟 seconds second secs sec s"),
    ("duration", "minute", "分钟 minutes minute mins min"),
    ("duration", "hour", "小时 个小时 钟头 hours hour hrs h"),
    ("duration", "day", "天 日 days day"),
    ("duration", "week", "周 个星期 星期 weeks week"),
    ("duration", "month", "个月 months month"),
    ("duration", "year", "年 years year"),
    ("point", "point", "分 分制 points point"),
    ("count", "人", "人 名 位 people persons person"),
    ("count", "人次", "人次"),
):
    for _name in _names.split():
        _UNIT[_name] = (_kind, _unit)  # type: ignore[assignment]
_COUNTERS = (
    "个 家 单 场 款 条 次 件 项 店 岁 种 类 步 部分 级 层 套 组 台 间 笔 份 页 轮 维 平米 平方米"
)
_UNIT |= {_name: ("count", _name) for _name in _COUNTERS.split()}

_SEPARATOR = r"\s*(?:-|–|—|~|至|到|\bto\b)\s*"
_DIGITS = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_HAN_NUMBER = r"[零〇一二两三四五六七八九十百千万亿]+(?:点[零〇一二三四五六七八九]+)?"
_HAN_UNITS = "|".join(
    sorted((re.escape(u) for u in _UNIT if not u.isascii()), key=len, reverse=True)
)
_LATIN_UNITS = "|".join(
    sorted((re.escape(u) for u in _UNIT if u.isascii() and u.isalpha()), key=len, reverse=True)
)
_TAIL = (
    r"(?:\s*(?:[多余](?=[万亿]))?(?P<{0}m>万亿|[十百千]?[万亿]|[十百千](?![次货])|(?:hundred|thousand|million|billion|trillion)\b"
    r"|(?:k|mn|mln|m|bn|b|tn)(?![a-z²]))(?=[^a-z]|$))?(?P<{0}p>\s?(?:多|余|\+))?"
    rf"(?:\s*(?P<{{0}}u>%|‰|×|个百分点|percentage[ -]points?\b|per\s?cent\b|{_HAN_UNITS})"
    rf"|[\s-]?(?P<{{0}}w>{_LATIN_UNITS})(?![a-z]))?"
)
_CURRENCY = r"(?P<currency>rmb|cny|us\$|usd|[¥￥$])\s?"
_NUMBER = re.compile(
    rf"(?<![\d.])(?:{_CURRENCY}|(?<![a-z])(?<![a-z][-+]))(?P<first>{_DIGITS})"
    + _TAIL.format("a")
    + rf"(?:{_SEPARATOR}(?:(?:rmb|cny|us\$|usd|[¥￥$])\s?)?(?P<second>{_DIGITS})(?![\d.]*\d)"
    + _TAIL.format("b")
    + r")?",
    re.IGNORECASE,
)
_HAN_QUANTITY = re.compile(
    rf"(?P<first>{_HAN_NUMBER})(?P<more>多|余)?(?P<unit>{_HAN_UNITS})?"
    rf"(?:[至到](?P<second>{_HAN_NUMBER})(?P<last>{_HAN_UNITS}))?"
)
_WORD_QUANTITY = re.compile(
    rf"\b(?P<word>{'|'.join(_WORDS)})\b(?:[\s-](?P<mult>hundred|thousand|million|billion)\b)?"
    rf"(?:[\s-](?:(?:consecutive|full|whole|calendar|more)\s)?(?P<unit>{_LATIN_UNITS})\b)?",
    re.IGNORECASE,
)
_NAME = re.compile(
    r"(?:双\s?(?:1[0-9]|十[一二]?)(?![\d万亿.])|\bdouble[\s-]?(?:1[0-9]|eleven|twelve)\b"
    r"|(?<![\d¥$])(?<!\d[.,])(?:618|818|520|1111|1212|99|38)(?=\s?(?:大促|节|好礼|好物|新潮|活动|年中|期间|当天"
    r"|预热|正式期|报名|festival|gift|event|promotion|campaign|sale))"
    r"|(?<![\d¥$a-z])(?<!\d[.,])(?:618|818)(?![\d.,]*\d|\s?[万亿元%个家单场款条次件人名位倍天分秒kmb])"
    r"|(?<![\d.])\d[acdgs](?![a-z])|\bo-?5a\b)",
    re.IGNORECASE,
)
_MONTH_NAME = "|".join(sorted(_MONTHS, key=len, reverse=True))
_DATES: tuple[re.Pattern[str], ...] = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?<!\d)(?P<y>(?:19|20)\d{2})[-/.](?P<m>0?[1-9]|1[0-2])[-/.](?P<d>[0-2]?\d|3[01])(?!\d)",
        r"(?<![\d-])(?P<y>(?:19|20)\d{2})[-/](?P<m>0[1-9]|1[0-2])(?![\d-])",
        r"(?<!\d)(?P<y>(?:19|20)\d{2}|二[〇零][〇零一二三四五六七八九]{2})\s*年"
        r"(?:\s*(?P<m>\d{1,2}|[一二三四五六七八九十]{1,2})\s*月份?"
        r"(?:\s*(?P<d>\d{1,2})(?:\s*[-–—~至到]\s*(?P<d2>\d{1,2}))?\s*[日号])?)?",
        r"(?<![\d.])(?P<m>\d{1,2}|(?<![一二三四五六七八九十])[一二三四五六七八九十]{1,2})\s*月份?"
        r"(?:\s*(?P<d>\d{1,2})(?:\s*[-–—~至到]\s*(?P<d2>\d{1,2}))?\s*[日号])?",
        rf"(?<![\d.,])(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?:\s?[-–—]\s?(?P<d2>\d{{1,2}}))?"
        rf"\s+(?:of\s+)?(?P<m>{_MONTH_NAME})\b\.?,?(?:\s*(?P<y>(?:19|20)\d{{2}})\b)?",
        rf"\b(?P<m>{_MONTH_NAME})\b\.?\s+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?![\d.%])"
        rf"(?:\s?[-–—]\s?(?P<d2>\d{{1,2}}))?(?:,?\s*(?P<y>(?:19|20)\d{{2}})\b)?",
        rf"\b(?P<m>{_MONTH_NAME})\b\.?,?\s+(?P<y>(?:19|20)\d{{2}})\b",
        r"\b(?P<m>january|february|april|june|july|august|september|october|november|december"
        r"|(?<=in )(?:march|may)|(?<=of )(?:march|may)|(?<=by )(?:march|may))\b",
        r"(?<![\d.,¥$])(?<![a-z])(?P<y>(?:19[5-9]|20[0-4])\d)(?![\d.,]*\d|\s*[万亿元%个家单场款条次件人名位倍"
        r"天分秒kmb×]|[a-z])",
    )
)
_CLOCK = re.compile(r"(?<![\d:])(?P<h>[01]?\d|2[0-4]):(?P<m>[0-5]\d)(?![\d:])")
_CLOCK_HALF = re.compile(r"(?<![\d.:])(?P<h>1[0-2]|[1-9])\s?(?P<half>am|pm)\b", re.IGNORECASE)
_ORDINAL = re.compile(
    rf"第\s*(?P<n>\d+|[一二三四五六七八九十]+)\s*(?P<u>个?(?:天|日|周|月|年)|[届次场步款条轮名位])"
    rf"|\b(?P<v>week|day|month|year|stage|step|round|phase)\s(?P<k>\d+)\b(?!\s*(?:{_MONTH_NAME}))",
    re.IGNORECASE,
)
_ORDINAL_UNIT = {"天": "day", "日": "day", "周": "week", "月": "month", "年": "year"}
_PERCENT_HAN = re.compile(rf"百分之(?P<n>{_HAN_NUMBER}|\d+(?:\.\d+)?)")
_TENTHS = re.compile(
    r"(?P<n>[一二两三四五六七八九]|(?<![\d.])\d(?:\.\d)?\s?)成(?P<h>半)?(?![交本立为功果员长绩单品人分都就])"
)
_FRACTION = re.compile(
    r"(?P<d>[二三四五六七八九十]|\d+)分之(?P<n>[一二两三四五六七八九]|\d+)"
    r"|\b(?P<e>one|two|three)[\s-](?P<f>third|quarter|fifth|tenth)s?\b",
    re.IGNORECASE,
)
_HALF = re.compile(r"一半|半数|\bhalf\b(?!\s+an?\b)", re.IGNORECASE)
_HALF_UNIT = re.compile(
    r"半个?(?P<u>小时|天|年|月)|\bhalf an? (?P<w>hour|day|year|month)\b", re.IGNORECASE
)
_REACHED_ALONE = re.compile(
    r"(?<=[破过超逾达近])(?P<m>[一二三四五六七八九]?[十百千]?[万亿]|万亿)(?P<u>元|人次|人|家|个)?"
)
_PERIOD = re.compile(
    r"(?:每|(?<![一-鿿第\d])一|累计|(?<=[,，、。;；:：])一)个?(?P<z>天|日|周|月|年|小时|分钟)"
    r"|一(?P<t>周|年|天|个月)|(?P<j>日|月|年)均|/\s?(?P<s>小时|时|天|日|周|月|年|h\b|day|week|month)"
    r"|\b(?:an?|per|each|every)\s(?P<e>day|week|month|year|hour|minute)\b"
    r"|\b(?P<l>daily|weekly|monthly|hourly)\b",
    re.IGNORECASE,
)
_PERIOD_UNIT = {
    "天": "day", "日": "day", "周": "week", "月": "month", "个月": "month", "年": "year",
    "小时": "hour", "时": "hour", "h": "hour", "分钟": "minute", "daily": "day", "weekly": "week",
    "monthly": "month", "hourly": "hour",
}  # fmt: skip

_BEFORE: tuple[tuple[Bound, re.Pattern[str]], ...] = tuple(
    (bound, re.compile(rf"(?:{pattern})[^\d,，。;；、]{{0,10}}$", re.IGNORECASE))  # type: ignore[misc]
    for bound, pattern in (
        ("below", r"不超过|不高于|不多于|不大于|不足|不到"
         r"|(?<!不)(?:低于|少于|小于)|至多|最多|最高|封顶|以内|未达到?|达不到|未满|≤|<"
         r"|no more than|not more than|not exceed(?:ing)?"
         r"|(?<!no )(?<!not )(?:less|fewer|lower) than|below|under|at most"
         r"|up to|within|(?:capped|cap) (?:at|of)|maximum of"),
        ("above", r"不低于|不少于|不小于|不下|不止"
         r"|(?<!不)(?:高于|多于|大于)|至少|最少"
         r"|最低|起码|≥|>|no less than|not less than|no fewer than|at least|minimum of"
         r"|(?<!no )(?<!not )(?:more|greater|higher) than|above|over|(?<!not )exceed(?:s|ed|ing)?"
         r"|(?<!不)(?:超过|超出|超)"),
        ("reached", r"突破|破|过|逾|达到|达|超|pass(?:ed|es)?|reach(?:ed|es)?|upwards of"),
        ("about", r"约|大约|近|将近|接近|左右|about|around|roughly|nearly|almost|approximately"
         r"|close to|some"),
    )
)  # fmt: skip
_AFTER: tuple[tuple[Bound, re.Pattern[str]], ...] = (
    ("below", re.compile(r"^\s*(?:及?以下|以内|之内|or (?:less|fewer|below|under))",
                         re.IGNORECASE)),
    ("above", re.compile(r"^\s*(?:及?以上|之上|多(?!少)|余|\+|or more|or above|and (?:above|more))",
                         re.IGNORECASE)),
    ("about", re.compile(r"^\s*(?:左右|上下|or so)", re.IGNORECASE)),
)  # fmt: skip


@dataclass(frozen=True)
class Quantity:
    """A number with its unit: `text` stands at `start:end`; `upper` ends a range.

    A date's value is year × 10000 + month × 100 + day with 0 for what is not said.
    """

    value: Decimal
    kind: Kind
    unit: str
    start: int
    end: int
    text: str
    upper: Decimal | None = None
    bound: Bound = "exact"


def quantities(text: str) -> list[Quantity]:
    """Find all quantities in order; they never overlap."""
    plain = text.translate(_NARROW)
    taken = bytearray(len(plain))
    found: list[Quantity] = []
    for name in _NAME.finditer(plain):
        taken[name.start() : name.end()] = b"\1" * (name.end() - name.start())
    for finder in (_dates, _clocks, _ordinals, _shares, _periods, _numbers, _han_numbers, _words):
        for quantity in finder(plain):
            if not any(taken[quantity.start : quantity.end]):
                taken[quantity.start : quantity.end] = b"\1" * (quantity.end - quantity.start)
                found.append(quantity)
    found.sort(key=lambda quantity: quantity.start)
    return [_finished(text, plain, quantity) for quantity in found]


def _finished(text: str, plain: str, quantity: Quantity) -> Quantity:
    bound = _bound(plain, quantity) if quantity.bound == "exact" else quantity.bound
    return replace(quantity, text=text[quantity.start : quantity.end], bound=bound)


def names(text: str) -> list[tuple[int, int]]:
    """Find the spans of names that look like numbers: 618, 双11, 5A."""
    return [match.span() for match in _NAME.finditer(text.translate(_NARROW))]


def same(claimed: Quantity, given: Quantity) -> bool:
    """Say whether a claimed quantity is the given one: value, unit, range; dates may say less."""
    if claimed.kind == given.kind == "date":
        return _same_date(int(claimed.value), int(given.value))
    if (claimed.value, claimed.upper) != (given.value, given.upper):
        return False
    return same_dimension(claimed, given) and bounds_agree(claimed, given)


def same_dimension(claimed: Quantity, given: Quantity) -> bool:
    """Say whether the two measure the same thing, so that one could stand for the other."""
    if claimed.kind == given.kind:
        if claimed.kind == "count":
            return claimed.unit == given.unit or "" in (claimed.unit, given.unit) or (
                claimed.unit != "人次" and given.unit != "人次"
                and "个" in (claimed.unit, given.unit)
            )  # fmt: skip
        return claimed.unit == given.unit
    # 3400 万 is often written without 元; only large bare numbers are read so.
    bare, other = (claimed, given) if claimed.kind == "count" else (given, claimed)
    return bare.kind == "count" and bare.unit == "" and other.kind == "money" and (
        bare.value >= 10_000 and other.unit == "cny" and bare.text.rstrip()[-1:] in "万亿mnMN"
    )  # fmt: skip


def bounds_agree(claimed: Quantity, given: Quantity) -> bool:
    """Say whether "at least", "at most" and the like still hold; dropping "about" is allowed."""
    pair = {claimed.bound, given.bound}
    if "below" in pair:
        return pair == {"below"}
    if "above" in pair:
        return pair <= {"above", "reached"}
    return True


def _same_date(claimed: int, given: int) -> bool:
    for step, size in ((10_000, 10_000), (100, 100), (1, 100)):
        part, other = claimed // step % size, given // step % size
        if part and part != other:
            return False
    return True


def _bound(plain: str, quantity: Quantity) -> Bound:
    if quantity.kind in ("date", "clock", "ordinal", "period"):
        return "exact"
    after = plain[quantity.end : quantity.end + 12]
    if re.search(r"\d[\s十百千万亿]*[多余+]|[一-鿿][多余]\S", plain[quantity.start : quantity.end]):
        return "above"
    for bound, pattern in _AFTER:
        if pattern.search(after):
            return bound
    before = re.split(r"[,，。;；、()]", plain[max(0, quantity.start - 24) : quantity.start])[-1]
    for bound, pattern in _BEFORE:
        match = pattern.search(before)
        if match:
            return bound
    return "exact"


def han_value(numeral: str) -> Decimal | None:
    """Read a Chinese numeral such as 一千二百, 两, 三点五 or 二十亿; None if it is none."""
    whole, _, part = numeral.partition("点")
    if len(whole) > 1 and all(c in _HAN_DIGIT for c in whole):
        value = int("".join(str(_HAN_DIGIT[c]) for c in whole))
    else:
        value = _han_whole(whole)
        if value < 0:
            return None
    if part:
        return Decimal(f"{value}." + "".join(str(_HAN_DIGIT[c]) for c in part))
    return Decimal(value)


def _han_whole(whole: str) -> int:
    total = section = digit = 0
    last = 10
    for char in whole:
        if char in _HAN_DIGIT:
            digit = _HAN_DIGIT[char]
        elif char in _HAN_STEP:
            last = _HAN_STEP[char]
            section += (digit or 1) * last
            digit = 0
        elif char in _BIG:
            total = (total + section + digit or 1) * _BIG[char]
            section, digit, last = 0, 0, _BIG[char]
        else:
            return -1
    # 一千二 is 1200, but 一千零二 is 1002.
    short = digit and "零" not in whole[-2:] and "〇" not in whole[-2:]
    return total + section + (digit * last // 10 if short else digit)


def _make(
    match: re.Match[str],
    value: Decimal | int,
    kind: Kind,
    unit: str,
    upper: Decimal | None = None,
    bound: Bound = "exact",
) -> Quantity:
    return Quantity(Decimal(value), kind, unit, *match.span(), match.group(), upper, bound)


def _number(text: str) -> int:
    value = Decimal(text) if text.isdecimal() else han_value(text)
    return int(value or 0)


def _dates(plain: str) -> Iterator[Quantity]:
    for pattern in _DATES:
        for match in pattern.finditer(plain):
            groups = match.groupdict()
            month = groups.get("m") or ""
            number = _MONTHS.get(month.lower()) or (_number(month) if month else 0)
            day = int(groups.get("d") or 0)
            if number > 12 or day > 31 or (month and not number) or (groups.get("d") and not day):
                continue
            base = _number(groups.get("y") or "0") * 10_000 + number * 100
            last = groups.get("d2")
            upper = Decimal(base + int(last)) if last else None
            yield _make(match, base + day, "date", "", upper=upper)


def _clocks(plain: str) -> Iterator[Quantity]:
    for match in _CLOCK.finditer(plain):
        yield _make(match, int(match["h"]) * 60 + int(match["m"]), "clock", "")
    for match in _CLOCK_HALF.finditer(plain):
        afternoon = 12 if match["half"].lower() == "pm" else 0
        yield _make(match, (int(match["h"]) % 12 + afternoon) * 60, "clock", "")


def _ordinals(plain: str) -> Iterator[Quantity]:
    for match in _ORDINAL.finditer(plain):
        number = _number(match["n"] or match["k"])
        unit = (match["u"] or match["v"]).lower().removeprefix("个")
        yield _make(match, number, "ordinal", _ORDINAL_UNIT.get(unit, unit))


def _shares(plain: str) -> Iterator[Quantity]:
    for match in _PERCENT_HAN.finditer(plain):
        digits = match["n"]
        value = Decimal(digits) if digits[0].isdecimal() else han_value(digits)
        if value is not None:
            yield _make(match, value, "percent", "%")
    for match in _FRACTION.finditer(plain):
        if match["d"]:
            value = Decimal(_number(match["n"])) / max(1, _number(match["d"]))
        else:
            value = Decimal({"one": 1, "two": 2, "three": 3}[match["e"].lower()]) / {
                "third": 3, "quarter": 4, "fifth": 5, "tenth": 10}[match["f"].lower()]  # fmt: skip
        yield _make(match, value, "percent", "share")
    for match in _TENTHS.finditer(plain):
        digits = match["n"].strip()
        value = Decimal(digits) if digits[0].isdecimal() else Decimal(_HAN_DIGIT[digits])
        yield _make(match, value * 10 + (5 if match["h"] else 0), "percent", "%")
    for match in _HALF_UNIT.finditer(plain):
        yield _make(match, Decimal("0.5"), *_UNIT[(match["u"] or match["w"]).replace("月", "个月")])
    for match in _HALF.finditer(plain):
        yield _make(match, 50, "percent", "%")
    for match in _REACHED_ALONE.finditer(plain):
        kind, unit = _UNIT[match["u"]] if match["u"] else ("count", "")
        value = han_value(match["m"])
        if value is not None:
            yield _make(match, value, kind, unit, bound="reached")


def _periods(plain: str) -> Iterator[Quantity]:
    for match in _PERIOD.finditer(plain):
        word = next(group for group in match.groups() if group).lower()
        yield _make(match, 1, "period", _PERIOD_UNIT.get(word, word))


def _numbers(plain: str) -> Iterator[Quantity]:
    for match in _NUMBER.finditer(plain):
        yield _read_number(match)


def _read_number(match: re.Match[str]) -> Quantity:
    groups = match.groupdict()
    if re.match(r"0\d", groups["first"]):
        return _make(match, _plain_value(groups["first"]), "count", "code")
    low, low_scale = _plain_value(groups["first"]), _scale(groups["am"])
    kind, unit = _unit_of(groups["au"] or groups["aw"], groups["currency"])
    if not groups["second"]:
        return _scaled(match, low * low_scale, kind, unit)
    high_scale = _scale(groups["bm"])
    high = _plain_value(groups["second"]) * high_scale
    if not groups["am"] and low * high_scale <= high:
        low_scale = high_scale
    if groups["bu"] or groups["bw"]:
        kind, unit = _unit_of(groups["bu"] or groups["bw"], groups["currency"])
    return _scaled(match, low * low_scale, kind, unit, high)


def _scaled(
    match: re.Match[str], low: Decimal, kind: Kind, unit: str, high: Decimal | None = None
) -> Quantity:
    if unit == "‰":
        low, high, unit = low / 10, high / 10 if high is not None else None, "%"
    return _make(match, low, kind, unit, upper=high)


def _plain_value(digits: str) -> Decimal:
    return Decimal(digits.replace(",", ""))


def _scale(multiplier: str | None) -> int:
    return _MULTIPLIER[multiplier.lower()] if multiplier else 1


def _unit_of(unit: str | None, currency: str | None) -> tuple[Kind, str]:
    if currency:
        return "money", "usd" if currency.lower() in ("us$", "usd", "$") else "cny"
    if not unit:
        return "count", ""
    spelled = re.sub(r"\s+", "-", unit.lower())
    spelled = "percent" if spelled in ("per-cent", "percent") else spelled
    return _UNIT.get(spelled, ("count", ""))


def _han_numbers(plain: str) -> Iterator[Quantity]:
    for match in re.finditer(r"百分制", plain):
        yield _make(match, 100, "point", "point")
    for match in _HAN_QUANTITY.finditer(plain):
        first, unit = match["first"], match["unit"]
        if not _is_quantity(plain, match, first, unit):
            continue
        low, high = han_value(first), han_value(match["second"]) if match["second"] else None
        if low is not None:
            kind, name = _UNIT[match["last"] or unit] if unit or match["last"] else ("count", "")
            yield _make(match, low, kind, name, upper=high)


def _is_quantity(plain: str, match: re.Match[str], first: str, unit: str | None) -> bool:
    """Keep 三天, 五千万, 十二; leave 一个, 统一, 第一, 十分, 千川, 百货 and bare digits."""
    before = plain[match.start() - 1 : match.start()]
    if before in ("第", "每", "初", "星", "之", "万", "唯", "统") or before.isdecimal():
        return False
    if not unit and not match["last"]:
        return first[0] in _HAN_DIGIT and any(c in "十百千万亿" for c in first[1:])
    if first in ("一", "百", "千", "万", "亿", "千万"):
        return False
    return not (first == "十" and unit == "分")


def _words(plain: str) -> Iterator[Quantity]:
    for match in _WORD_QUANTITY.finditer(plain):
        value = Decimal(_WORDS[match["word"].lower()] * _scale(match["mult"]))
        kind, unit = _unit_of(match["unit"], None)
        yield _make(match, value, kind, unit)
