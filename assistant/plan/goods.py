"""Goods and stock of a plan: what is pushed on which day, and whether there is enough of it.

Products are numbered from 1 in the brief's order (`stock.short.1`, …). Orders are spread over them
by the weight of their role; an order counts as one piece. Stock covers the window's forecast and a
safety stock; what is missing is sold as presale where it can be made in time.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from assistant.plan.brief import Product
from assistant.plan.citing import cite
from assistant.plan.draft import Draft, Phase
from assistant.values import Block, Bullets, Cell, Paragraph, Row, Section, Table, Value

LONGEST_DAILY_CALENDAR = 45
WARNINGS_SHOWN = 6
PUSH_ORDER = ("hero", "profit", "traffic", "image")
COLD_START_ORDER = ("traffic", "hero", "profit", "image")

Numbered = tuple[int, Product]


def section(draft: Draft) -> Section:
    """Write section 4; enters `stock.forecast|safety|needed|supply|short|cover|presale.<n>`."""
    if not draft.brief.products:
        return Section("goods", draft.say("goods.title"), _without_products(draft))
    products = list(enumerate(draft.brief.products, start=1))
    _enter_shares(draft, products)
    for number, product in products:
        _enter_stock(draft, number, product)
    blocks: list[Block] = [_lead(draft, products), _stock_table(draft, products)]
    blocks += _warnings(draft, products)
    blocks += [_rotation_rule(draft, products), _rotation(draft, products), _practice(draft)]
    return Section("goods", draft.say("goods.title"), tuple(blocks))


def short_products(draft: Draft) -> list[Numbered]:
    """List the products whose stock and supply do not cover the need, the largest gap first."""
    short = [
        (number, product)
        for number, product in enumerate(draft.brief.products, start=1)
        if _number(draft, f"stock.short.{number}") > 0
    ]
    return sorted(short, key=lambda one: -_number(draft, f"stock.short.{one[0]}"))


def unknown_products(draft: Draft) -> list[Numbered]:
    """List the products whose stock the brief does not tell."""
    products = enumerate(draft.brief.products, start=1)
    return [one for one in products if one[1].stock_units is None]


def _number(draft: Draft, name: str) -> float:
    return draft.sheet.number(name) if draft.has(name) else 0.0


def window_days(draft: Draft) -> Value:
    """Give the days of the whole window."""
    if draft.has("window.days"):
        return draft.sheet["window.days"]
    days = sum(phase.days for phase in draft.phases)
    return draft.sheet.given("window.days", float(days), "days", draft.say("goods.window_days"))


def _common(draft: Draft) -> dict[str, Value]:
    """Enter what every product shares: replenishment, deviation, probability and its quantile."""
    if not draft.has("stock.z"):
        probability = draft.assume("stock-cover-probability", "stock.cover_probability")
        draft.compute(
            "stock.z", "service_z", "ratio", draft.say("goods.z"), probability_percent=probability
        )
    return {
        "z": draft.sheet["stock.z"],
        "lead": draft.assume(
            "replenishment-days", "stock.lead_days", draft.say("goods.lead_days")
        ),
        "deviation": draft.assume(
            "demand-deviation", "stock.deviation", draft.say("goods.deviation")
        ),
        "days": window_days(draft),
    }


def _without_products(draft: Draft) -> tuple[Block, ...]:
    common = _common(draft)
    daily = _computed(draft, "stock.daily.all", "quotient", "pieces_per_day", "daily",
                      dividend="orders.total", divisor=common["days"])  # fmt: skip
    _enter_safety(draft, "all", daily, common)
    needed = _computed(draft, "stock.needed.all", "total", "pieces", "needed",
                       terms=("orders.total", "stock.safety.all"))  # fmt: skip
    return (
        draft.paragraph("goods.none", "warning", needed=needed),
        draft.paragraph(
            "goods.none_todo", quotes=cite(draft, "deep_heroes", "goods_roles", "reorder_point")
        ),
        _practice(draft),
    )


def _computed(
    draft: Draft, name: str, rule: str, unit: str, label: str, product: str = "", **inputs: object
) -> Value:
    text = draft.say(f"goods.{label}")
    shown = draft.say("goods.of_product", product=product, what=text) if product else text
    return draft.compute(name, rule, unit, shown, **inputs)  # type: ignore[arg-type]


def _enter_shares(draft: Draft, products: list[Numbered]) -> None:
    """Enter each product's share of the orders, from the weight of its role."""
    roles = [role for role in PUSH_ORDER if any(p.role == role for _, p in products)]
    weights = tuple(
        draft.assume(
            f"order-weight-{role}",
            f"goods.weight.{role}",
            draft.say("goods.role_weight", role=draft.say(f"goods.role_{role}")),
        )
        for role in roles
    )
    for role in roles:
        count = sum(product.role == role for _, product in products)
        label = draft.say("goods.role_members", role=draft.say(f"goods.role_{role}"))
        draft.sheet.given(f"goods.members.{role}", float(count), "items", label)
    for number, product in products:
        _computed(
            draft, f"goods.share.{number}", "even_share", "percent", "share", product.name,
            role_weight=f"goods.weight.{product.role}", members=f"goods.members.{product.role}",
            weights=weights,
        )  # fmt: skip


def _enter_stock(draft: Draft, number: int, product: Product) -> None:
    name, share, common = product.name, f"goods.share.{number}", _common(draft)
    forecast = _computed(draft, f"stock.forecast.{number}", "forecast_units", "pieces",
                         "forecast", name, orders="orders.total", percent=share)  # fmt: skip
    _computed(draft, f"stock.peak_day.{number}", "forecast_units", "pieces", "peak_day", name,
              orders="orders.peak_day", percent=share)  # fmt: skip
    daily = _computed(draft, f"stock.daily.{number}", "quotient", "pieces_per_day", "daily",
                      name, dividend=forecast, divisor=common["days"])  # fmt: skip
    safety = _enter_safety(draft, str(number), daily, common, name)
    needed = _computed(draft, f"stock.needed.{number}", "total", "pieces", "needed", name,
                       terms=(forecast, safety))  # fmt: skip
    if product.stock_units is None:
        return
    stock = _given(draft, f"stock.have.{number}", product.stock_units, "have", name)
    made = _given(
        draft, f"stock.capacity.{number}", product.daily_capacity_units or 0, "made", name
    )
    supply = _computed(draft, f"stock.supply.{number}", "supply_units", "pieces", "supply", name,
                       stock_units=stock, units_per_day=made, window_days=common["days"],
                       lead_days=common["lead"])  # fmt: skip
    _computed(draft, f"stock.short.{number}", "shortfall", "pieces", "short", name,
              needed=needed, available=supply)  # fmt: skip
    if daily.value > 0:
        _computed(draft, f"stock.cover.{number}", "cover_days", "days", "cover", name,
                  stock_units=stock, daily_units=daily)  # fmt: skip
    if made.value > 0:
        slack = draft.assume(
            "pre-sale-slack-days", "stock.slack_days", draft.say("goods.slack_days")
        )
        _computed(draft, f"stock.presale.{number}", "presale_days", "days", "presale", name,
                  short_units=f"stock.short.{number}", units_per_day=made,
                  slack_days=slack)  # fmt: skip


def _given(draft: Draft, name: str, number: int, label: str, product: str) -> Value:
    shown = draft.say("goods.of_product", product=product, what=draft.say(f"goods.{label}"))
    unit = "pieces_per_day" if label == "made" else "pieces"
    return draft.sheet.enter(Value(name, float(number), unit, "given", shown, editable=True))


def _enter_safety(
    draft: Draft, number: str, daily: Value, common: dict[str, Value], product: str = ""
) -> Value:
    spread = _computed(draft, f"stock.spread.{number}", "scaled", "pieces_per_day", "spread",
                       product, amount=daily, percent=common["deviation"])  # fmt: skip
    return _computed(draft, f"stock.safety.{number}", "safety_stock", "pieces", "safety", product,
                     daily_deviation=spread, lead_days=common["lead"], z=common["z"])  # fmt: skip


def _lead(draft: Draft, products: list[Numbered]) -> Paragraph:
    short, unknown = short_products(draft), unknown_products(draft)
    quotes = cite(draft, "stock_first")
    if short:
        names = _names(draft, short)
        gap = draft.sheet[f"stock.short.{short[0][0]}"]
        key = "goods.lead_short" if len(short) > 1 else "goods.lead_short_one"
        return draft.paragraph(
            key, "lead", quotes, names=names, first=short[0][1].name, gap=gap
        )
    if len(unknown) == len(products):
        return draft.paragraph("goods.lead_unknown", "lead", quotes)
    if unknown:
        names = _names(draft, unknown)
        return draft.paragraph("goods.lead_partly", "lead", quotes, names=names)
    return draft.paragraph("goods.lead_enough", "lead", quotes)


def _names(draft: Draft, products: list[Numbered], most: int = 3) -> str:
    names = [product.name for _, product in products[:most]]
    joined = draft.say("goods.comma").join(names)
    return joined if len(products) <= most else draft.say("goods.and_others", names=joined)


def _stock_table(draft: Draft, products: list[Numbered]) -> Table:
    columns = ("product", "role", "forecast", "peak_day", "safety", "needed", "have", "supply",
               "short", "cover")  # fmt: skip
    return Table(
        "stock",
        draft.say("goods.stock_table"),
        tuple(draft.say(f"goods.{name}") for name in columns),
        tuple(_stock_row(draft, number, product) for number, product in products),
        note=draft.say("goods.stock_note"),
    )


def _stock_row(draft: Draft, number: int, product: Product) -> Row:
    def cell(name: str) -> Cell:
        entered = f"stock.{name}.{number}"
        return draft.sheet[entered] if draft.has(entered) else draft.say("goods.not_given")

    names = ("forecast", "peak_day", "safety", "needed", "have", "supply", "short", "cover")
    short = _number(draft, f"stock.short.{number}") > 0
    head: tuple[Cell, ...] = (product.name, draft.say(f"goods.role_{product.role}"))
    return Row((*head, *(cell(name) for name in names)), "warning" if short else "normal")


def _warnings(draft: Draft, products: list[Numbered]) -> Iterator[Block]:
    short = short_products(draft)
    if short:
        shown = [_way_out(draft, number, p) for number, p in short[:WARNINGS_SHOWN]]
        yield Bullets(tuple(shown))
        if len(short) > WARNINGS_SHOWN:
            yield draft.paragraph("goods.more_short", "hint")
    unknown = unknown_products(draft)
    if unknown:
        yield draft.paragraph("goods.stock_unknown", "warning", names=_names(draft, unknown))


def _way_out(draft: Draft, number: int, product: Product) -> Paragraph:
    """Say how a shortage is met: presale where it can be kept, else a limit on what is sold."""
    gap = draft.sheet[f"stock.short.{number}"]
    limit = draft.assume("presale-ship-limit", "stock.presale_limit", draft.say("goods.limit"))
    supply = draft.sheet[f"stock.supply.{number}"]
    quotes = cite(draft, "presale_limit")
    if not draft.has(f"stock.presale.{number}"):
        return draft.paragraph(
            "goods.out_no_supply", "warning", quotes, product=product.name, gap=gap, supply=supply
        )
    days = draft.sheet[f"stock.presale.{number}"]
    key = "goods.out_presale" if days.value <= limit.value else "goods.out_too_late"
    return draft.paragraph(
        key, "warning", quotes, product=product.name, gap=gap, days=days, limit=limit,
        supply=supply,
    )  # fmt: skip


def _rotation_rule(draft: Draft, products: list[Numbered]) -> Paragraph:
    low, high = draft.assumptions.range("hero-items-per-day")
    quotes = (draft.assumptions.quote("hero-items-per-day", draft.language),)
    if len(products) <= low:
        return draft.paragraph("goods.rotation_few", quotes=quotes)
    key = "goods.rotation_cold" if draft.brief.stage == "cold-start" else "goods.rotation_rule"
    return draft.paragraph(
        key, quotes=quotes + cite(draft, "traffic_items"), low=f"{low:g}", high=f"{high:g}"
    )


def _rotation(draft: Draft, products: list[Numbered]) -> Table:
    low, high = (int(number) for number in draft.assumptions.range("hero-items-per-day"))
    pool = _pool(draft, products)
    rows = []
    for index, (phase, first, last) in enumerate(_blocks(draft)):
        places = min(len(pool), high if phase.id == "burst" else low)
        chosen = _chosen(pool, index, places)
        cells = [_mark(draft, number, product) for number, product in chosen]
        cells += [draft.say("goods.no_item")] * (min(len(pool), high) - len(cells))
        when = first.isoformat() if first == last else f"{first.isoformat()} – {last.isoformat()}"
        rows.append(Row((when, phase.name, *cells)))
    titles = tuple(
        draft.say("goods.hero_place", place=place + 1) for place in range(min(len(pool), high))
    )
    columns = (draft.say("goods.date"), draft.say("goods.phase"), *titles)
    note = draft.say("goods.rotation_note")
    return Table("rotation", draft.say("goods.rotation_table"), columns, tuple(rows), note=note)


def _pool(draft: Draft, products: list[Numbered]) -> list[Numbered]:
    """Give the products in turn of being pushed: those of the first role, then the others.

    Image items, and items that are short and cannot be made, are left out if others suffice.
    """
    order = COLD_START_ORDER if draft.brief.stage == "cold-start" else PUSH_ORDER
    pushed = [one for one in products if one[1].role != "image"] or products
    least = min(draft.assumptions.range("hero-items-per-day"))
    sure = [one for one in pushed if not _limited(draft, one[0])]
    pushed = sure if len(sure) >= least else pushed
    return sorted(pushed, key=lambda one: (order.index(one[1].role), one[0]))


def _chosen(pool: list[Numbered], turn: int, places: int) -> list[Numbered]:
    """Take the products of a turn: the leading role keeps all places but the last, which rotates.

    Where the leading role has more products than places it keeps, these rotate too.
    """
    leading = [one for one in pool if one[1].role == pool[0][1].role]
    kept = min(len(leading), max(1, places - 1))
    first = [leading[(turn * kept + place) % len(leading)] for place in range(kept)]
    rest = [one for one in pool if one not in first]
    return first + [rest[(turn + place) % len(rest)] for place in range(places - kept)]


def _limited(draft: Draft, number: int) -> bool:
    short = _number(draft, f"stock.short.{number}") > 0
    return short and not draft.has(f"stock.presale.{number}")


def _mark(draft: Draft, number: int, product: Product) -> str:
    if _number(draft, f"stock.short.{number}") <= 0:
        return product.name
    key = "goods.limited_mark" if _limited(draft, number) else "goods.presale_mark"
    return draft.say(key, name=product.name)


def _blocks(draft: Draft) -> Iterator[tuple[Phase, date, date]]:
    """Cut each phase into days, or into weeks when the window is long."""
    length = 1 if window_days(draft).value <= LONGEST_DAILY_CALENDAR else 7
    for phase in draft.phases:
        first = phase.start
        while first <= phase.end:
            last = min(phase.end, first + timedelta(days=length - 1))
            yield phase, first, last
            first = last + timedelta(days=1)


def _practice(draft: Draft) -> Bullets:
    return Bullets(
        (
            draft.paragraph("goods.practice_first", quotes=cite(draft, "stock_first")),
            draft.paragraph("goods.practice_returns", quotes=cite(draft, "returns_later")),
            draft.paragraph("goods.practice_line", quotes=cite(draft, "stock_stop_line")),
            draft.paragraph("goods.practice_review", quotes=cite(draft, "product_review")),
        )
    )
