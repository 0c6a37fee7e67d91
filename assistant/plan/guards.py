"""Checks that run on every plan; what fails stands on its first page.

A guard looks at the finished report and numbers, so it also catches a section that was written
wrong: sums, dates, stock, staff, break-even, quotes, and numbers in the text without a basis.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

from assistant.numbers import Quantity, quantities
from assistant.plan.assumptions import stands_in
from assistant.plan.contradictions import problems
from assistant.plan.draft import Draft
from assistant.plan.inputs import QUADRANTS
from assistant.plan.plan import Guard
from assistant.showing import digits_of
from assistant.values import Bullets, Paragraph, Quote, Report, Table, Value

_NOT_NUMBERS = ("date", "clock", "ordinal", "period")
_FEN = 0.005
_SHOWN = 6
_COUNTED = 10
_ESTIMATED = "brief.promotion."
_HOURS = re.compile(r"\d+\s*(?:[–-]\s*\d+\s*)?(?:点|h\b)")


def check(draft: Draft, report: Report) -> tuple[Guard, ...]:
    """Run every guard; those that do not apply pass and say why."""
    found = [_sums(draft), _dates(draft), *_stock(draft), _staff(draft), _roi(draft),
             _profit(draft), _quotes(draft, report), _basis(draft),
             _numbers(draft, report)]  # fmt: skip
    warnings = problems(draft.brief, draft.today, draft.assumptions)
    for problem in warnings:
        text = draft.say("plan_guard.brief", text=problem.beside_field(draft.language))
        found.append(Guard(f"brief.{problem.field}.{problem.key}", False, text))
    return tuple(found)


def alerts(draft: Draft, guards: Sequence[Guard]) -> tuple[Paragraph, ...]:
    """Turn failed guards into warnings for the first page; an estimated window has its source."""
    source = (draft.window.source,) if draft.window.source else ()
    return tuple(
        Paragraph(
            guard.message,
            guard.values,
            source if guard.id.startswith(_ESTIMATED) else (),
            tone="warning",
        )
        for guard in guards
        if not guard.passed
    )


def _guard(
    draft: Draft, name: str, bad: Sequence[str], values: Sequence[str] = ()
) -> Guard:
    """Make a guard that passes when there is nothing bad to name."""
    names = draft.say("plan.listing").join(bad[:_SHOWN])
    key = f"plan_guard.{name}_{'bad' if bad else 'ok'}"
    return Guard(f"guard.{name}", not bad, draft.say(key, names=names), tuple(values))


def _sums(draft: Draft) -> Guard:
    """Compare each division with its whole, to the fen or the ten-thousandth of a percent."""
    sheet = draft.sheet
    phases = [phase.id for phase in draft.phases]
    groups: list[tuple[str, list[str], float]] = [
        ("brief.budget", [f"allocation.{q}" for q in QUADRANTS], sheet.number("brief.budget")),
        ("brief.gmv_target", [f"gmv.{p}" for p in phases], sheet.number("brief.gmv_target")),
        ("allocation.share", [f"allocation.share.{q}" for q in QUADRANTS], 100),
        ("phase.share", [f"phase.share.{p}" for p in phases], 100),
        ("gmv.share", [f"gmv.share.{p}" for p in phases], 100),
        ("budget.phases", [f"budget.{p}" for p in phases], sheet.number("brief.budget")),
    ]
    for q in QUADRANTS:
        cells = [key for p in phases if draft.has(key := f"allocation.{q}.{p}")]
        groups.append((f"allocation.{q}", cells, sheet.number(f"allocation.{q}")))
    if draft.has("line.total"):
        groups.append(("line.total", ["line.total"], sheet.number("brief.budget")))
    bad = [
        name for name, parts, whole in groups if abs(sum(map(sheet.number, parts)) - whole) > _FEN
    ]
    return _guard(draft, "sums", bad, [name for _, parts, _ in groups for name in parts])


def _dates(draft: Draft) -> Guard:
    """See that phases begin and end with the window and follow each other day by day."""
    phases, window = draft.phases, draft.window
    bad = [
        after.name
        for before, after in pairwise(phases)
        if after.start != before.end + timedelta(days=1) or after.end < after.start
    ]
    if phases[0].start != window.start:
        bad.append(phases[0].name)
    if phases[-1].end != window.end:
        bad.append(phases[-1].name)
    return _guard(draft, "dates", bad, [f"days.{phase.id}" for phase in phases])


def _stock(draft: Draft) -> Iterator[Guard]:
    """See that each product's stock covers its forecast."""
    known = False
    for number, product in enumerate(draft.brief.products, start=1):
        key = f"stock.short.{number}"
        if not draft.has(key):
            continue
        known = True
        short = draft.sheet[key]
        if short.value > 0:
            text = draft.say("plan_guard.stock_bad", names=product.name, short=short)
            yield Guard(f"guard.stock.{number}", False, text, (key,))
        else:
            text = draft.say("plan_guard.stock_ok")
            yield Guard(f"guard.stock.{number}", True, f"{product.name}: {text}", (key,))
    if not known:
        yield Guard("guard.stock", True, draft.say("plan_guard.stock_unknown"))


def _staff(draft: Draft) -> Guard:
    if not draft.has("service.short") or draft.brief.customer_service_agents is None:
        return Guard("guard.staff", True, draft.say("plan_guard.staff_unknown"))
    short = draft.sheet["service.short"]
    passed = short.value <= 0
    text = draft.say(f"plan_guard.staff_{'ok' if passed else 'bad'}", short=short)
    return Guard("guard.staff", passed, text, (short.id,))


def _roi(draft: Draft) -> Guard:
    sheet = draft.sheet
    if not draft.has("roi.break_even"):
        margin = sheet["rate.margin_after_fees"]
        return Guard("guard.roi", False, draft.say("plan_guard.roi_none", margin=margin),
                     (margin.id,))  # fmt: skip
    line = sheet["roi.break_even"]
    if not draft.has("case.base.roi"):
        return Guard("guard.roi", True, draft.say("plan_guard.roi_ok", roi="—", line=line))
    roi = sheet["case.base.roi"]
    passed = roi.value >= line.value
    text = draft.say(f"plan_guard.roi_{'ok' if passed else 'bad'}", roi=roi, line=line)
    return Guard("guard.roi", passed, text, (roi.id, line.id))


def _profit(draft: Draft) -> Guard:
    profit = draft.sheet["case.base.profit"]
    passed = profit.value >= 0
    text = draft.say(f"plan_guard.profit_{'ok' if passed else 'bad'}", profit=profit)
    return Guard("guard.profit", passed, text, (profit.id,))


def _quotes(draft: Draft, report: Report) -> Guard:
    """See that quotes are verbatim in the library and that each cited number stands in its own."""
    bad = [
        value.label or value.id
        for value in draft.sheet.values.values()
        if value.basis == "cited"
        and not (value.source and stands_in(value.value, value.source.text))
    ]
    sources = [v.source for v in draft.sheet.values.values() if v.source]
    every = dict.fromkeys((*report.quotes(), *sources))
    bad += [quote.title for quote in every if not _verbatim(draft, quote)]
    return _guard(draft, "quotes", bad)


def _verbatim(draft: Draft, quote: Quote) -> bool:
    slug = quote.document.rsplit("/", 1)[-1].split(".", 1)[0]
    text = draft.assumptions.document(slug, draft.language).text
    return text[quote.start : quote.end] == quote.text


def _basis(draft: Draft) -> Guard:
    """See that computed numbers have a rule and inputs, and cited ones a source."""
    bad = [
        value.label or value.id
        for value in draft.sheet.values.values()
        if (value.basis == "computed") != bool(value.rule)
        or (value.basis == "cited" and not value.source)
        or not all(name in draft.sheet.values for name in value.input_ids())
    ]
    return _guard(draft, "basis", bad)


def _numbers(draft: Draft, report: Report) -> Guard:
    """See that each number of the text belongs to a value, a quote, a name or the brief."""
    bad = [
        f"{found.text} ({text[:24]}…)"
        for text, values, quotes in _texts(draft, report)
        for found in unfounded(text, values, quotes, _names(draft))
    ]
    return _guard(draft, "numbers", bad)


Text = tuple[str, Sequence[Value], Sequence[Quote]]
Known = tuple[float, float]


def _texts(draft: Draft, report: Report) -> Iterator[Text]:
    """Give every sentence with the values and quotes it may draw on."""
    every = list(draft.sheet.values.values())
    for section in report.sections:
        for block in section.blocks:
            if isinstance(block, Paragraph):
                yield _text(draft, block)
            elif isinstance(block, Bullets):
                yield from (_text(draft, item) for item in block.items)
            elif isinstance(block, Table) and section.id != "sources":
                for row in block.rows:
                    texts = [cell for cell in row.cells if isinstance(cell, str)]
                    yield from ((text, every, row.quotes) for text in texts)
                yield block.note, every, ()


def _text(draft: Draft, paragraph: Paragraph) -> Text:
    values = [draft.sheet[name] for name in paragraph.values if draft.has(name)]
    return paragraph.text, values, paragraph.quotes


def _names(draft: Draft) -> str:
    """Join what the brief says in words: numbers in names and constraints are the user's own."""
    brief = draft.brief
    parts = [brief.brand, brief.tone or "", brief.audience or "", *brief.constraints]
    return " ".join([*parts, *(product.name for product in brief.products)])


def unfounded(
    text: str, values: Sequence[Value], quotes: Sequence[Quote], names: str
) -> list[Quantity]:
    """List the numbers of a text that no value, quote or name of the brief accounts for."""
    found = [q for q in quantities(text) if q.kind not in _NOT_NUMBERS and not _is_word(q, text)]
    if not found:
        return []
    known = [(abs(number), _tolerance(number, value.unit)) for value in values
             for number in (value.value, value.low, value.high) if number is not None]  # fmt: skip
    stated = " ".join([names, *(quote.text for quote in quotes)])
    return [q for q in found if not _accounted(q, known, stated)]


def _is_word(quantity: Quantity, text: str) -> bool:
    """Tell words from figures: 四类 counts what is listed, 14–18 点 are hours of the day."""
    if quantity.text.isdigit() or any(c.isdigit() for c in quantity.text):
        return bool(_HOURS.search(text, quantity.start, quantity.end + 3))
    return quantity.kind == "count" and quantity.value <= _COUNTED


def _accounted(quantity: Quantity, known: Sequence[Known], stated: str) -> bool:
    ends = [end for end in (quantity.value, quantity.upper) if end is not None]
    return all(_equal(end, known) or stands_in(float(end), stated) for end in ends) or bool(
        re.search(re.escape(quantity.text.strip()), stated)
    )


def _equal(number: Decimal, known: Sequence[Known]) -> bool:
    wanted = abs(float(number))
    return any(abs(wanted - value) <= tolerance for value, tolerance in known)


def _tolerance(number: float, unit: str) -> float:
    """Give how far a number may be from itself as shown: half of its last digit shown."""
    size = abs(number)
    myriads = 10**8 if size >= 10**8 else 10**4 if size >= 10**4 else 1
    return 0.501 * max(10.0 ** -digits_of(size, unit), 0.01 * myriads if myriads > 1 else 0)
