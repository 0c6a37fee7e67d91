"""Every rule gives what published tables, the library and a spreadsheet program give."""

from __future__ import annotations

import inspect
import math
import random
import re
import string
from decimal import Decimal, localcontext
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from office import recalculated
from scipy.stats import norm, poisson

from assistant import arithmetic
from assistant.arithmetic import RULES, Given, Rule, apply, round_half_up

KNOWLEDGE = Path(__file__).parents[1] / "knowledge"
HAN = re.compile("[㐀-鿿]")
# Functions that Excel 2007 and LibreOffice know alike, under one name.
FUNCTIONS = re.compile(
    "SUM|ROUND|ROUNDUP|ROUNDDOWN|PRODUCT|AVERAGE|MIN|MAX|IF|INT|LN|SQRT|EXP|NORMSINV|POISSON"
    "|SUMPRODUCT|ROW"
)
DRAWS = 40

load_of_service = st.floats(0.1, 300)
percent = st.integers(1, 9900).map(lambda hundredths: hundredths / 100)
fen = st.integers(0, 10**12).map(lambda whole: whole / 100)
count = st.integers(0, 10**8)


# Each rule as a cell formula, recalculated by LibreOffice.


def drawn(name: str, chance: random.Random) -> float:
    """Draw a plausible number for a parameter by the unit that its name carries."""
    exact = {
        "level": lambda: chance.randint(0, 5),
        "answer": lambda: chance.randint(0, 1),
        "steps": lambda: chance.randint(0, 8),
        "step_percent": lambda: chance.randint(1, 400) / 10,
        "confidence_percent": lambda: chance.choice((80, 90, 95, 99)),
        "power_percent": lambda: chance.choice((80, 90, 95)),
        "slots": lambda: chance.randint(1, 400),
        "load_erlangs": lambda: chance.choice((0, chance.uniform(0, 300), chance.randint(1, 99))),
        "enquiries_per_hour": lambda: chance.choice((0, chance.uniform(0, 5000))),
        "concurrency": lambda: chance.randint(1, 6),
        "points": lambda: chance.randint(0, 1000) / 10,
        "z": lambda: chance.uniform(0, 3),
        "sessions": lambda: chance.randint(1, 6),
        "per_session": lambda: chance.randint(1, 30),
        "before": lambda: chance.randint(0, 200) / 10,
    }
    if name in exact:
        return float(exact[name]())
    if name.endswith("_cny"):
        return round(10 ** chance.uniform(0, 7.5), 2)
    if "percent" in name:
        return float(chance.choice((chance.randint(1, 99), chance.randint(1, 999) / 10)))
    if "days" in name or "hours" in name:
        return float(chance.choice((chance.randint(1, 60), chance.randint(1, 96) / 4)))
    if "seconds" in name:
        return float(chance.randint(1, 600))
    return float(chance.choice((chance.randint(1, 10**6), round(10 ** chance.uniform(0, 5), 2))))


def inputs_of(rule: Rule, chance: random.Random) -> dict[str, Given]:
    return {
        name: [drawn(name, chance) for _ in range(chance.randint(1, 5))]
        if "Sequence" in parameter.annotation
        else drawn(name, chance)
        for name, parameter in inspect.signature(rule.function).parameters.items()
    }


def answered(rule: Rule, chance: random.Random) -> tuple[dict[str, Given], float]:
    """Draw until the rule has an answer: some inputs have none, such as a load above the slots."""
    for _ in range(300):
        inputs = inputs_of(rule, chance)
        try:
            return inputs, apply(rule.name, inputs)
        except (ValueError, ZeroDivisionError):
            continue
    raise AssertionError(f"{rule.name} answers none of 300 draws")


def written(rule: Rule, inputs: dict[str, Given], row: int) -> tuple[list[float], str]:
    """Lay the inputs into cells of a row from B on, and write the rule over those cells."""
    cells: list[float] = []
    places: dict[str, str] = {}
    for name, values in inputs.items():
        names = []
        for value in values if isinstance(values, list) else [values]:
            cells.append(value)
            names.append(f"{openpyxl.utils.get_column_letter(len(cells) + 1)}{row}")
        places[name] = ",".join(names)
    return cells, "=" + rule.formula.format(**places)


def test_a_spreadsheet_computes_every_rule_to_the_same_number(tmp_path: Path) -> None:
    chance = random.Random(20260618)
    book = openpyxl.Workbook()  # writes formulas without results, so each result is LibreOffice's
    expected: list[tuple[str, dict[str, Given], float]] = []
    for rule in RULES.values():
        for _ in range(DRAWS):
            inputs, number = answered(rule, chance)
            expected.append((rule.name, inputs, number))
            cells, formula = written(rule, inputs, len(expected))
            book.active.append([formula, *cells])
    book.save(tmp_path / "rules.xlsx")

    computed = openpyxl.load_workbook(
        recalculated(tmp_path / "rules.xlsx", tmp_path / "computed"), data_only=True
    ).active
    assert computed.max_row == len(expected) == DRAWS * len(RULES)
    wrong = [
        (name, inputs, number, cell)
        for (name, inputs, number), (cell,) in zip(
            expected, computed.iter_rows(max_col=1, values_only=True), strict=True
        )
        if not same(number, cell)
    ]
    assert not wrong, wrong[:5]


def same(number: float, cell: object) -> bool:
    """Agree to nine digits; whole numbers and fen exactly, as far as the file's 15 digits reach."""
    if not isinstance(cell, int | float):
        return False
    if number == round(number, 2) and abs(number) < 1e11:
        return round(cell, 2) == number
    return math.isclose(number, cell, rel_tol=1e-9, abs_tol=1e-9)


def test_the_workbook_is_really_recalculated(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(str(tmp_path / "stale.xlsx")) as book:
        sheet = book.add_worksheet()
        sheet.write_number("A1", 20)
        sheet.write_formula("A2", "=ROUND(A1*2.5,0)", value=7)  # a stale result in the file
        filled = {"slots": "14", "load_erlangs": "(A1/2)"}
        sheet.write_formula("A3", "=" + RULES["waiting_probability"].formula.format(**filled))
    fresh = openpyxl.load_workbook(
        recalculated(tmp_path / "stale.xlsx", tmp_path / "fresh"), data_only=True
    ).active
    assert fresh["A2"].value == 50
    assert fresh["A3"].value == pytest.approx(17.41, abs=0.01)


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.name)
def test_a_rule_says_what_it_computes_and_where_it_comes_from(rule: Rule) -> None:
    places = {name for _, name, _, _ in string.Formatter().parse(rule.formula) if name}
    assert places == set(inspect.signature(rule.function).parameters)
    assert all(map(FUNCTIONS.fullmatch, re.findall(r"([\w.]+)\(", rule.formula)))
    assert HAN.search(rule.statement_zh) and not HAN.search(rule.statement_en)
    assert not rule.statement_zh.endswith("。") and not rule.statement_en.endswith(".")
    is_document = any(KNOWLEDGE.glob(f"*/{rule.source}.zh.md")) if rule.source else True
    assert is_document or " " in rule.source, f"{rule.source} is no document of the library"


def test_rules_are_entered_once_under_their_names() -> None:
    for name, rule in RULES.items():
        assert name == rule.name == rule.function.__name__
        assert getattr(arithmetic, name) is rule.function
    with pytest.raises(KeyError):
        apply("no_such_rule", {})
    with pytest.raises(TypeError):
        apply("quotient", {"dividend": 1})


# Rounding and shares.


@pytest.mark.parametrize(
    ("value", "digits", "rounded"),
    [
        (0.285, 2, 0.29), (1.005, 2, 1.01), (2.675, 2, 2.68), (-0.285, 2, -0.29), (2.5, 0, 3),
        (591756706.545, 2, 591756706.55), (0.2849999, 2, 0.28), (0, 2, 0),
    ],
)  # fmt: skip
def test_halves_are_rounded_away_from_zero(value: float, digits: int, rounded: float) -> None:
    assert round_half_up(value, digits) == rounded


@given(
    whole=fen,
    weights=st.lists(st.integers(0, 10**6), min_size=1, max_size=12).filter(lambda w: sum(w) > 0),
)
@example(whole=0.01, weights=[1, 1, 1])
@example(whole=500000.0, weights=[333333, 333333, 333334])
def test_parts_by_cumulative_share_add_up_to_the_fen(whole: float, weights: list[int]) -> None:
    shares = [round(weight / sum(weights) * 100, 4) for weight in weights]
    shares[-1] = round(100 - sum(shares[:-1]), 4)
    assume(shares[-1] >= 0)
    parts = [
        apply("cumulative_share", {"whole": whole, "before": [0, *shares[:at]], "percent": share})
        for at, share in enumerate(shares)
    ]
    assert round(sum(round(part * 100) for part in parts)) == round(whole * 100)
    for part, share in zip(parts, shares, strict=True):
        assert abs(part - whole * share / 100) <= 0.01 + whole * 1e-12


@given(st.lists(fen, min_size=1, max_size=20))
def test_a_total_does_not_depend_on_the_order(terms: list[float]) -> None:
    assert round(arithmetic.total(terms), 2) == round(arithmetic.total(sorted(terms)), 2)


@pytest.mark.parametrize(
    ("name", "inputs"),
    [
        ("quotient", {"dividend": 1, "divisor": 0}),
        ("percent_of", {"part": 1, "whole": 0}),
        ("needed_before", {"after": 10, "rate_percent": 0}),
        ("orders_for_gmv", {"gmv_cny": 10, "average_order_value_cny": 0}),
        ("roi", {"gmv_cny": 10, "spend_cny": 0}),
        ("break_even_roi", {"contribution_margin_percent": 0, "return_rate_percent": 30}),
        ("break_even_roi", {"contribution_margin_percent": 30, "return_rate_percent": 100}),
        ("service_z", {"probability_percent": 100}),
        ("rostered_agents", {"agents": 3, "shrinkage_percent": 100}),
        ("sample_size_two_proportions",
         {"base_percent": 2, "target_percent": 2, "confidence_percent": 95, "power_percent": 80}),
        ("slots_needed",
         {"enquiries_per_hour": 9, "handling_seconds": 60, "target_seconds": 180,
          "target_percent": 100}),
        ("average_wait_seconds", {"slots": 18, "load_erlangs": 18, "handling_seconds": 180}),
    ],
)  # fmt: skip
def test_what_has_no_answer_is_refused(name: str, inputs: dict[str, Given]) -> None:
    with pytest.raises(ValueError, match="must"):
        apply(name, inputs)


# The funnel: worked examples of gmv-decomposition.


def test_the_target_is_solved_backwards_as_the_library_does() -> None:
    orders = arithmetic.orders_for_gmv(300000, 200)
    clicks = arithmetic.needed_before(orders, 5)
    views = arithmetic.needed_before(clicks, 10)
    exposure = arithmetic.needed_before(views, 20)
    assert (orders, clicks, views, exposure) == (1500, 30000, 300000, 1500000)
    budget = arithmetic.exposure_cost(arithmetic.scaled(exposure, 40), 100)
    assert budget == 60000 and arithmetic.exposure_bought(budget, 100) == 600000
    assert arithmetic.roi(300000, budget) == 5
    assert arithmetic.roi(arithmetic.share_of(300000, 40), budget) == 2


def test_the_target_is_solved_forwards_as_the_library_does() -> None:
    orders = arithmetic.product([1_000_000, 0.2, 0.1, 0.05])
    assert arithmetic.gmv_of_orders(round(orders), 200) == 200000
    assert arithmetic.gpm(200000, 200000) == 1000
    assert arithmetic.gpm(200000, 1_000_000) == 200


@given(after=count, low=percent, high=percent)
def test_a_higher_rate_never_needs_more_people(after: int, low: float, high: float) -> None:
    low, high = sorted((low, high))
    assert arithmetic.needed_before(after, high) <= arithmetic.needed_before(after, low)


@given(after=st.integers(0, 10**6), rate=percent)
def test_people_needed_are_enough_and_no_more(after: int, rate: float) -> None:
    people = arithmetic.needed_before(after, rate)
    assert arithmetic.scaled(people, rate) >= after - 1e-4
    assert arithmetic.scaled(people - 1, rate) < after or after == 0


@given(less=fen, more=fen, cost=st.integers(1, 10**5))
def test_more_budget_never_lowers_reach(less: float, more: float, cost: int) -> None:
    less, more = sorted((less, more))
    bought = arithmetic.exposure_bought
    assert bought(less, cost / 10) <= bought(more, cost / 10)


# Samples: worked examples of the library, R's manual, and the test's own power.


@pytest.mark.parametrize(
    ("base", "points", "sample"), [(2, 1, 3136), (2, 0.5, 12544), (5, 1, 7600), (1, 0.5, 6336)]
)
def test_samples_of_the_library(base: float, points: float, sample: int) -> None:
    (path,) = KNOWLEDGE.glob("*/sample-size-for-tests.zh.md")
    assert f"{sample} 个样本" in path.read_text(encoding="utf-8")
    assert arithmetic.sample_size_rule_of_sixteen(base, points, 16) == sample
    assert arithmetic.detectable_points(base, sample, 16) == pytest.approx(points)


def test_what_a_small_budget_shows_as_in_the_library() -> None:
    clicks = arithmetic.clicks_bought(2000, 2)
    assert clicks == 1000 and arithmetic.test_budget(clicks, 2) == 2000
    assert round(arithmetic.detectable_points(2, clicks, 16), 2) == 1.77


def test_two_proportions_as_in_the_manual_of_r() -> None:
    """The examples of `power.prop.test`: n = 76.7 at power 0.90, and power 0.740 at n = 50."""
    assert arithmetic.sample_size_two_proportions(50, 75, 95, 90) == 77
    assert arithmetic.sample_size_two_proportions(50, 75, 95, 74) == 50


def power(base: float, target: float, confidence: float, sample: float) -> float:
    """Give the power of the two-sided test by its definition, with SciPy's normal distribution."""
    p, q = base / 100, target / 100
    spread = math.sqrt((p + q) * (1 - (p + q) / 2))
    critical = norm.isf((1 - confidence / 100) / 2) * spread
    return float(
        norm.cdf((abs(p - q) * math.sqrt(sample) - critical) / math.sqrt(p * (1 - p) + q * (1 - q)))
        * 100
    )


@given(
    base=percent, target=percent, confidence=st.sampled_from([80, 90, 95, 99]),
    wanted=st.sampled_from([70, 80, 90, 95]),
)  # fmt: skip
def test_the_sample_is_the_smallest_with_that_power(
    base: float, target: float, confidence: float, wanted: float
) -> None:
    assume(abs(base - target) >= 0.05)
    sample = arithmetic.sample_size_two_proportions(base, target, confidence, wanted)
    assert power(base, target, confidence, sample) >= wanted - 1e-3
    assert power(base, target, confidence, sample - 1) < wanted + 1e-3


@given(base=st.floats(0.5, 20), points=st.floats(0.1, 1))
def test_the_rule_of_sixteen_is_near_the_exact_test(base: float, points: float) -> None:
    """Near when the difference is small beside the base rate, which is what the rule assumes."""
    assume(points <= base / 10)
    exact = arithmetic.sample_size_two_proportions(base, base + points, 95, 80)
    assert 0.9 < arithmetic.sample_size_rule_of_sixteen(base, points, 16) / exact < 1.1


def test_a_budget_climbs_the_ladder_by_steps_of_thirty_percent() -> None:
    assert arithmetic.ladder_steps(10000, 50000, 30) == 7
    assert arithmetic.ladder_budget(10000, 30, 6) < 50000 <= arithmetic.ladder_budget(10000, 30, 7)
    assert arithmetic.ladder_steps(10000, 13000, 30) == 1
    assert arithmetic.ladder_steps(10000, 9000, 30) == 0


# Stock.


def test_quantiles_of_the_normal_distribution_as_in_every_table() -> None:
    table = {50: 0.0, 90: 1.2816, 95: 1.6449, 97.5: 1.96, 99: 2.3263, 99.9: 3.0902}
    for probability, quantile in table.items():
        assert arithmetic.service_z(probability) == pytest.approx(quantile, abs=5e-5)


def test_stock_by_the_formulas_of_the_library() -> None:
    """Z·σ·√L with L = 4 (√L = 2), and the reorder point; both are worked out by hand."""
    safety = arithmetic.safety_stock(daily_deviation=40, lead_days=4, z=1.645)
    assert safety == 132  # 131.6
    assert arithmetic.reorder_point(daily_units=100, lead_days=4, safety_units=safety) == 532
    assert arithmetic.stock_needed(daily_units=100, cover_days=10, safety_units=safety) == 1132
    assert arithmetic.cover_days(stock_units=1132, daily_units=100) == 11.32


def test_a_one_off_stock_follows_the_newsvendor_rule() -> None:
    """Probability 75% when a missing unit costs three times a left one: z = 0.6745 (table)."""
    probability = arithmetic.cover_probability(underage_cny=60, overage_cny=20)
    assert probability == 75
    assert arithmetic.service_z(probability) == pytest.approx(0.6745, abs=5e-5)


def test_the_limit_of_spot_sales_of_the_library() -> None:
    assert arithmetic.spot_limit(units_per_day=5000, promise_hours=48, backlog_units=2000) == 8000
    assert arithmetic.spot_limit(units_per_day=5000, promise_hours=48, backlog_units=20000) == 0
    assert arithmetic.shortfall(needed=10000, available=8000) == 2000


@given(daily=st.floats(0, 1e5), days=st.integers(0, 60), low=percent, high=percent)
def test_a_safer_stock_is_never_smaller(daily: float, days: int, low: float, high: float) -> None:
    low, high = sorted((max(low, 50), max(high, 50)))
    smaller, larger = (
        arithmetic.safety_stock(daily, days, arithmetic.service_z(chance)) for chance in (low, high)
    )
    assert 0 <= smaller <= larger


# Customer service: published examples, two independent computations, and properties.


def test_erlang_c_of_the_published_example_with_48_erlangs() -> None:
    """Mitan's page on Erlang C: 360 calls per half hour of 4 minutes, 55 agents: 23.9%, 8.2 s,
    84.6% within 15 s."""
    load = arithmetic.offered_load(720, 240)
    assert load == 48
    assert arithmetic.waiting_probability(55, load) == pytest.approx(23.9, abs=0.05)
    assert arithmetic.average_wait_seconds(55, load, 240) == pytest.approx(8.2, abs=0.05)
    assert arithmetic.service_level(55, load, 240, 15) == pytest.approx(84.6, abs=0.05)


def test_erlang_c_of_the_published_example_with_10_erlangs() -> None:
    """Call Centre Helper's worked example: 200 calls an hour of 180 s; 80% in 20 s takes 14."""
    load = arithmetic.offered_load(200, 180)
    assert arithmetic.waiting_probability(11, load) == pytest.approx(68.2, abs=0.05)
    assert arithmetic.waiting_probability(14, load) == pytest.approx(17.4, abs=0.05)
    assert arithmetic.service_level(14, load, 180, 20) == pytest.approx(88.8, abs=0.05)
    assert arithmetic.average_wait_seconds(14, load, 180) == pytest.approx(7.8, abs=0.05)
    assert arithmetic.agents_needed(200, 180, 1, 20, 80) == 14
    assert arithmetic.rostered_agents(14, 30) == 20


def test_erlang_c_of_a_printed_table() -> None:
    """A textbook's table for TETRA: 8 channels carry 3.87 E at 5% delayed, 10 carry 4.08 at 1%."""
    assert arithmetic.waiting_probability(8, 3.87) == pytest.approx(5, abs=0.05)
    assert arithmetic.waiting_probability(10, 4.08) == pytest.approx(1, abs=0.01)


def test_staffing_of_the_library() -> None:
    """customer-service-scaling: 360 chats of 180 s; 22, 20 and 19 agents."""
    load = arithmetic.offered_load(360, 180)
    wait, level = arithmetic.average_wait_seconds, arithmetic.service_level
    assert load == 18 and arithmetic.agents_needed(360, 180, 1, 60, 90) == 22
    assert round(wait(22, load, 180), 1) == 12.5
    assert round(wait(20, load, 180)) == 50 and round(level(20, load, 180, 180), 1) == 92.5
    assert round(level(19, load, 180, 180)) == 72


def queueing(slots: int, load: float) -> float:
    """Erlang C in percent by its textbook sum, in 60 decimal digits."""
    with localcontext() as context:
        context.prec = 60
        offered, term, below = Decimal(load), Decimal(1), Decimal(0)
        for place in range(1, slots + 1):
            below += term
            term = term * offered / place
        waiting = term * slots / (slots - offered)
        return float(100 * waiting / (below + waiting))


@given(load=st.floats(0.01, 1000), spare=st.integers(1, 80))
@settings(max_examples=60, deadline=None)
@example(load=1000.0, spare=1)
def test_erlang_c_is_the_textbook_sum_up_to_a_thousand_erlangs(load: float, spare: int) -> None:
    slots = int(load) + spare
    waiting = arithmetic.waiting_probability(slots, load)
    assert waiting == pytest.approx(queueing(slots, load), rel=1e-9, abs=1e-12)
    blocked = poisson.pmf(slots, load) / poisson.cdf(slots, load)  # Erlang B, from SciPy
    again = 100 * slots * blocked / (slots - load * (1 - blocked))
    assert waiting == pytest.approx(again, rel=1e-6, abs=1e-9)


@given(
    enquiries=st.floats(0.5, 3000), seconds=st.integers(10, 600), answer=st.integers(1, 300),
    goal=st.floats(1, 99.5),
)  # fmt: skip
@settings(max_examples=100, deadline=None)
def test_the_slots_are_the_fewest_that_meet_the_target(
    enquiries: float, seconds: int, answer: int, goal: float
) -> None:
    load = arithmetic.offered_load(enquiries, seconds)
    slots = arithmetic.slots_needed(enquiries, seconds, answer, goal)
    assert arithmetic.service_level(slots, load, seconds, answer) >= goal - 1e-9
    assert arithmetic.service_level(slots - 1, load, seconds, answer) < goal + 1e-9


@given(load=load_of_service, slots=st.integers(1, 400), seconds=st.integers(10, 600))
@settings(deadline=None)
def test_more_agents_never_raise_waiting(load: float, slots: int, seconds: int) -> None:
    assume(slots > load)
    waiting, wait = arithmetic.waiting_probability, arithmetic.average_wait_seconds
    assert waiting(slots + 1, load) <= waiting(slots, load) <= 100
    assert wait(slots + 1, load, seconds) <= wait(slots, load, seconds)
    level = arithmetic.service_level
    assert level(slots + 1, load, seconds, 180) >= level(slots, load, seconds, 180) >= 0


@given(enquiries=st.floats(0, 2000), more=st.floats(0, 2000), concurrency=st.integers(1, 5))
@settings(max_examples=50, deadline=None)
def test_more_enquiries_never_need_fewer_agents(
    enquiries: float, more: float, concurrency: int
) -> None:
    low, high = (
        arithmetic.agents_needed(number, 180, concurrency, 180, 90)
        for number in (enquiries, enquiries + more)
    )
    assert low <= high
    assert low <= arithmetic.agents_needed(enquiries, 180, 1, 180, 90)


def test_no_enquiries_need_nobody() -> None:
    assert arithmetic.agents_needed(0, 180, 2, 180, 90) == 0
    assert arithmetic.waiting_probability(3, 0) == 0
    assert arithmetic.service_level(0, 0, 180, 180) == 100
    assert arithmetic.service_level(18, 18, 180, 180) == 0
    assert arithmetic.waiting_probability(17, 18) == 100


def test_very_large_loads_are_staffed() -> None:
    assert 1000 < arithmetic.slots_needed(20000, 180, 180, 99.9) < 1100
    assert arithmetic.peak_hour_enquiries(10000, 0.5, 12) == 600


# Money.


@pytest.mark.parametrize(
    ("margin", "returns", "line"), [(50, 30, 2.86), (30, 30, 4.76), (50, 60, 5)]
)
def test_break_even_lines_of_the_library(margin: float, returns: float, line: float) -> None:
    assert round(arithmetic.break_even_roi(margin, returns), 2) == line


def test_profit_of_a_campaign_worked_out_by_hand() -> None:
    """100,000 of GMV, 30% returned: 70,000 stay; 60 − 5 − 15 = 40% of it is 28,000."""
    assert arithmetic.net_revenue(100000, 30) == 70000
    margin = arithmetic.contribution_margin(60, [5, 15])
    assert margin == 40 and arithmetic.contribution(100000, 30, margin) == 28000
    assert arithmetic.contribution_profit(100000, 30, margin, [20000, 3000.55]) == 4999.45
    assert arithmetic.profit(28000, [20000, 3000.55]) == 4999.45
    assert arithmetic.break_even_gmv(28000, margin, 30) == 100000
    assert arithmetic.payback_days(10000, 300) == 34
    assert arithmetic.unit_cost(1000, 3) == 333.33


@given(spend=st.integers(1, 10**8), margin=percent, returns=percent)
def test_at_break_even_the_profit_is_nought(spend: int, margin: float, returns: float) -> None:
    assume(margin * (100 - returns) >= 1)
    gmv = arithmetic.break_even_gmv(spend, margin, returns)
    assert arithmetic.contribution_profit(gmv, returns, margin, [spend]) == pytest.approx(
        0, abs=0.02
    )
    line = arithmetic.break_even_roi(margin, returns)
    assert arithmetic.roi(gmv, spend) == pytest.approx(line, abs=0.02)


@given(margin=percent, low=percent, high=percent)
def test_more_returns_never_lower_the_break_even_line(
    margin: float, low: float, high: float
) -> None:
    low, high = sorted((low, high))
    line = arithmetic.break_even_roi
    assert line(margin, low) <= line(margin, high)
