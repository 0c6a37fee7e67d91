"""Where a brief contradicts itself, the calendar or the planning data: all of it at once.

An error stops the drafting, a warning is shown in the plan. Limits of the field come from the
planning data; the limits here are those of a plan's form. A check that needs a number the brief
does not give says nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta

from assistant.plan.assumptions import Assumptions
from assistant.plan.brief import Brief, Window
from assistant.plan.problem import Level, Problem

# A plan has one sheet of days: a longer window is two plans, a shorter one has no phases.
LONGEST_DAYS = 120
SHORTEST_DAYS = 4
# Dates of a promotion move by some weeks from year to year.
MOVES_DAYS = 30
FAR_FROM_PRICES = 3
FAR_FROM_TODAY = 20


def problems(brief: Brief, today: date, assumptions: Assumptions) -> tuple[Problem, ...]:
    """Give every contradiction, errors first, then in the order of the fields."""
    found = [
        *_dates(brief, today, assumptions),
        *_money(brief),
        *_margins(brief),
        *_goods(brief),
        *_rates(brief),
        *_words(brief, assumptions),
    ]
    if not any(problem.level == "error" for problem in found):
        found += _loads(brief, brief.window(today, assumptions), assumptions)
    return tuple(sorted(found, key=lambda problem: problem.level != "error"))


def warn(place: str, key: str, **values: object) -> Problem:
    """Make a problem that does not stop the drafting."""
    return Problem(place, key, values, "warning")


def _dates(brief: Brief, today: date, assumptions: Assumptions) -> Iterator[Problem]:
    if brief.start and brief.start < today:
        yield Problem("start", "before_today", {"start": brief.start, "today": today})
    if brief.end and brief.end < (brief.start or today):
        first = brief.start or today
        yield Problem("end", "end_before_start", {"start": first, "end": brief.end})
        return
    window = brief.window(today, assumptions)
    if window.days > LONGEST_DAYS:
        yield Problem("end", "too_many_days", {"days": window.days, "most": LONGEST_DAYS})
    elif window.days < SHORTEST_DAYS:
        yield warn("end", "few_days", days=window.days, least=SHORTEST_DAYS)
    if window.estimated:
        yield warn("promotion", "estimated", start=window.start, end=window.end)
    lead = int(assumptions.range("registration-lead-weeks")[0] * 7)
    if today <= window.start < today + timedelta(days=lead):
        yield warn("start", "short_lead", days=(window.start - today).days, least=lead)
    yield from _promotion(brief, window, assumptions)


def _promotion(brief: Brief, window: Window, assumptions: Assumptions) -> Iterator[Problem]:
    """Compare a window that was given with the promotion's dates near it."""
    if not (brief.promotion and brief.start and brief.end):
        return
    years = range(window.start.year - 1, window.end.year + 2)
    near = [assumptions.estimate(brief.promotion, year, brief.language) for year in years]

    def gap(first: date, last: date) -> int:
        return max((first - window.end).days, (window.start - last).days, 0)

    closest = min(near, key=lambda one: gap(one.start, one.end))
    days = gap(closest.start, closest.end)
    if days:
        latest = assumptions.promotions(brief.promotion)[-1]
        values = {
            "promotion": {"zh": latest.name_zh, "en": latest.name_en},
            "start": closest.start,
            "end": closest.end,
        }
        level: Level = "error" if days > MOVES_DAYS else "warning"
        yield Problem("promotion", "outside_window", values, level)


def _money(brief: Brief) -> Iterator[Problem]:
    if brief.budget_cny == 0:
        yield Problem("budget_cny", "no_budget")
    if brief.gmv_target_cny == 0:
        yield Problem("gmv_target_cny", "no_target")
        return
    target, budget = brief.gmv_target_cny, brief.budget_cny
    margin = brief.gross_margin_percent
    if margin is not None and budget > target * margin / 100:
        values = {"budget": budget, "profit": target * margin / 100, "margin": margin}
        yield Problem("budget_cny", "above_margin", values)
    elif budget >= target:
        yield Problem("budget_cny", "above_target", {"budget": budget, "target": target})


def _margins(brief: Brief) -> Iterator[Problem]:
    """Compare what an order leaves with what it costs, first per order, then over the target."""
    margin = brief.gross_margin_percent
    if margin is None:
        return
    costs = (brief.platform_fee_percent or 0) + (brief.commission_percent or 0)
    if costs >= margin:
        yield Problem("gross_margin_percent", "eaten_by_fees", {"margin": margin, "costs": costs})
    elif brief.return_rate_percent is not None and brief.gmv_target_cny:
        rate = brief.return_rate_percent
        kept = (margin - costs) * (1 - rate / 100)
        spent = 100 * brief.budget_cny / brief.gmv_target_cny
        if kept <= 0:
            yield Problem("return_rate_percent", "all_returned", {"rate": rate})
        elif kept < spent <= margin:
            yield warn("return_rate_percent", "loss_after_returns", kept=kept, spent=spent)


def _goods(brief: Brief) -> Iterator[Problem]:
    counts = Counter(product.name.casefold() for product in brief.products)
    first: dict[str, int] = {}
    for number, product in enumerate(brief.products):
        name, place = product.name.casefold(), f"products[{number}]"
        if counts[name] > 1 and name in first:
            values = {"name": product.name, "first": first[name] + 1}
            yield Problem(f"{place}.name", "same_name", values)
        first.setdefault(name, number)
        if product.unit_cost_cny is not None and product.unit_cost_cny >= product.price_cny:
            values = {"cost": product.unit_cost_cny, "price": product.price_cny}
            yield Problem(f"{place}.price_cny", "below_cost", values)
    if brief.products and not any(product.role == "hero" for product in brief.products):
        yield warn("products", "no_hero")
    yield from _order_value(brief)


def _order_value(brief: Brief) -> Iterator[Problem]:
    value, prices = brief.average_order_value_cny, [p.price_cny for p in brief.products]
    if value is None or not prices:
        return
    low, high = min(prices), max(prices)
    if value * FAR_FROM_PRICES < low or value > high * FAR_FROM_PRICES:
        yield warn("average_order_value_cny", "far_from_prices", value=value, low=low, high=high)


def _rates(brief: Brief) -> Iterator[Problem]:
    for name in ("entry_rate_percent", "click_rate_percent", "conversion_rate_percent"):
        if getattr(brief, name) == 0:
            yield Problem(name, "rate_zero")


def _words(brief: Brief, assumptions: Assumptions) -> Iterator[Problem]:
    """Name words that the rules do not allow in what the brief wants to be said."""
    texts = {"brand": brief.brand, "tone": brief.tone or ""}
    texts |= {f"products[{n}].name": product.name for n, product in enumerate(brief.products)}
    for place, text in texts.items():
        hits = zip(assumptions.check(text, "zh"), assumptions.check(text, "en"), strict=True)
        for chinese, english in hits:
            rule = {"zh": chinese.rule, "en": english.rule}
            instead = {"zh": chinese.instead, "en": english.instead}
            yield warn(place, "compliance", word=chinese.text, rule=rule, instead=instead)


def _loads(brief: Brief, window: Window, assumptions: Assumptions) -> Iterator[Problem]:
    """Compare the target's orders with stock, staff, funnel and shop."""
    value = brief.average_order_value_cny or _mean_price(brief)
    if not value:
        return
    orders = brief.gmv_target_cny / value
    daily = orders / window.days
    yield from _stock(brief, window, orders, daily)
    yield from _growth(brief, daily, assumptions)
    yield from _funnel(brief, value, assumptions)
    score, line = brief.experience_score, assumptions.range("experience-score-line")[0]
    if score is not None and score < line:
        yield warn("experience_score", "low_score", score=score, line=line)
    if brief.customer_service_agents == 0:
        yield warn("customer_service_agents", "no_agents", orders=round(daily))


def _mean_price(brief: Brief) -> float:
    prices = [product.price_cny for product in brief.products]
    return sum(prices) / len(prices) if prices else 0


def _stock(brief: Brief, window: Window, orders: float, daily: float) -> Iterator[Problem]:
    stocks = [product.stock_units for product in brief.products]
    if not stocks or None in stocks:
        return
    stock = sum(filter(None, stocks))
    supply = sum(product.daily_capacity_units or 0 for product in brief.products)
    if stock + supply < daily:
        values = {"stock": stock, "supply": supply, "orders": round(daily)}
        yield Problem("products", "stock_below_first_day", values)
    elif stock + supply * window.days < orders:
        whole = stock + supply * window.days
        yield warn("products", "stock_below_target", stock=whole, orders=round(orders))


def _growth(brief: Brief, daily: float, assumptions: Assumptions) -> Iterator[Problem]:
    limit = assumptions.range("newcomer-daily-orders")[0]
    if brief.stage == "cold-start" and daily > limit:
        values = {"orders": round(daily), "limit": limit}
        yield warn("gmv_target_cny", "newcomer_limit", **values)
    today = brief.orders_per_day
    if today and daily > today * FAR_FROM_TODAY:
        yield warn("gmv_target_cny", "leap", orders=round(daily), today=today)


def _funnel(brief: Brief, value: float, assumptions: Assumptions) -> Iterator[Problem]:
    """Compare the sales of a thousand views that the rates amount to with the category's."""
    click, conversion = brief.click_rate_percent, brief.conversion_rate_percent
    if click is None or conversion is None:
        return
    sales = click / 100 * conversion / 100 * value * 1000
    usual = max(assumptions.range(assumptions.for_category("gpm", brief.category)))
    if sales > usual * FAR_FROM_PRICES:
        yield warn("conversion_rate_percent", "rates_too_good", sales=sales, usual=usual)
