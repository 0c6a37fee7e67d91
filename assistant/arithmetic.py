"""The arithmetic of plans: named rules, each a pure function and the same rule as a cell formula.

A plan's computed number is the result of one rule over named inputs, so a reader can check it, a
workbook can recompute it, and both give the same figure (a test recalculates every rule in a
spreadsheet program). Parameters carry their unit in the name; shares are in percent (20 is 20%);
money is in yuan, rounded to the fen; people, units and days needed are rounded up. A parameter
given as a sequence takes any number of inputs. ValueError when a rule has no answer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

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


def round_half_up(value: Number, digits: int = 0) -> Number:
    """Round as spreadsheets do: halves away from zero, judged by the first 15 digits."""
    scaled = float(f"{abs(value) * 10**digits:.15g}")
    whole = int(scaled + 0.5)
    return float((whole if value >= 0 else -whole) / 10**digits)


def _up(value: Number) -> Number:
    """Round away from zero to a whole number, after taking off the binary error."""
    whole = math.ceil(round(abs(value), 4))
    return float(whole if value >= 0 else -whole)


def _positive(number: Number, name: str) -> Number:
    if number <= 0:
        raise ValueError(f"{name} must be above 0")
    return number


# Plain arithmetic.


@rule("ROUND(SUM({terms}),6)", "各项相加", "the sum of the parts")
def total(terms: Sequence[Number]) -> Number:
    """Add up any number of values of one unit, without the error of binary fractions."""
    return round(sum(terms), 6)


@rule("ROUND({whole}-{part},6)", "总数 − 已占部分", "the whole less the part")
def difference(whole: Number, part: Number) -> Number:
    """Take a part from a whole of the same unit, without the error of binary fractions."""
    return round(whole - part, 6)


@rule("PRODUCT({factors})", "各项相乘", "the product of the factors")
def product(factors: Sequence[Number]) -> Number:
    """Multiply any number of factors, unrounded."""
    return float(math.prod(factors))


@rule("{dividend}/{divisor}", "前一项 ÷ 后一项", "the first number ÷ the second")
def quotient(dividend: Number, divisor: Number) -> Number:
    """Divide, unrounded; ValueError when the divisor is 0."""
    if divisor == 0:
        raise ValueError("the divisor must not be 0")
    return dividend / divisor


@rule("AVERAGE({terms})", "各项的平均数", "the mean of the parts")
def average(terms: Sequence[Number]) -> Number:
    """Give the mean of one or more values of one unit, unrounded."""
    return math.fsum(terms) / len(terms)


@rule("MIN({terms})", "各项中最小的一个", "the smallest of the numbers")
def minimum(terms: Sequence[Number]) -> Number:
    """Give the smallest of one or more values of one unit."""
    return min(terms)


@rule("MAX({terms})", "各项中最大的一个", "the largest of the numbers")
def maximum(terms: Sequence[Number]) -> Number:
    """Give the largest of one or more values of one unit."""
    return max(terms)


@rule("ROUNDUP(ROUND({amount},4),0)", "向上取整", "rounded up to a whole number")
def rounded_up(amount: Number) -> Number:
    """Give the next whole number; what is whole to four decimals stays."""
    return _up(amount)


@rule("ROUNDDOWN(ROUND({amount},4),0)", "向下取整", "rounded down to a whole number")
def rounded_down(amount: Number) -> Number:
    """Give the whole number before (toward 0); what is whole to four decimals stays."""
    return float(math.trunc(round(amount, 4)))


@rule("MAX(0,ROUND({needed}-{available},6))", "缺口 = 需要 − 现有，够用时为 0",
      "gap = needed − available, 0 when there is enough")  # fmt: skip
def shortfall(needed: Number, available: Number) -> Number:
    """Tell how much of what is needed is missing, in its own unit; never below 0."""
    return max(0.0, round(needed - available, 6))


# Shares and changes.


@rule("ROUND({whole}*{percent}/100,2)", "总额 × 比例", "amount × share")
def share_of(whole: Number, percent: Number) -> Number:
    """Give a share of an amount, to the fen."""
    return round_half_up(whole * percent / 100, 2)


@rule("{part}/{whole}*100", "部分 ÷ 总数 × 100%", "part ÷ whole × 100%")
def percent_of(part: Number, whole: Number) -> Number:
    """Give a part as percent of a whole, unrounded; ValueError when the whole is 0."""
    if whole == 0:
        raise ValueError("the whole must not be 0")
    return part / whole * 100


@rule("ROUND(100-SUM({percents}),6)", "余下的比例 = 100% − 已分配的比例",
      "remaining share = 100% − the shares given")  # fmt: skip
def remaining_percent(percents: Sequence[Number]) -> Number:
    """Give what is left of 100 percent; below 0 when more than all was given away."""
    return round(100 - sum(percents), 6)


@rule("{amount}*{percent}/100", "数量 × 比例", "quantity × percentage")
def scaled(amount: Number, percent: Number) -> Number:
    """Give a percentage of any quantity, unrounded."""
    return amount * percent / 100


@rule("{amount}*(100+{percent})/100", "原数 ×（1 + 增幅）", "amount × (1 + increase)")
def increased(amount: Number, percent: Number) -> Number:
    """Raise a quantity by a percentage (lower it by a negative one), unrounded."""
    return amount * (100 + percent) / 100


@rule(
    "ROUND(ROUND({whole}*ROUND(SUM({before},{percent}),9)/100,2)"
    "-ROUND({whole}*ROUND(SUM({before}),9)/100,2),2)",
    "总额 × 比例；按累计金额取到分，各份之和恰为总额",
    "amount × share, rounded on the running total so that the parts add up to the fen",
)
def cumulative_share(whole: Number, before: Sequence[Number], percent: Number) -> Number:
    """Give one part of an amount, to the fen; the parts of shares that make 100 add up exactly.

    `before` are the shares of all parts that stand before this one (a single 0 for the first).
    """
    start = round(sum(before), 9)
    end = round(sum([*before, percent]), 9)
    part = round_half_up(whole * end / 100, 2) - round_half_up(whole * start / 100, 2)
    return round_half_up(part, 2)


@rule("ROUND({start_cny}*(1+{step_percent}/100)^{steps},2)", "起始预算 ×（1 + 每次增幅）的次数次方",
      "starting budget × (1 + step) to the power of the steps", "test-then-scale")  # fmt: skip
def ladder_budget(start_cny: Number, step_percent: Number, steps: Number) -> Number:
    """Give the budget after some steps of a scale ladder, in yuan to the fen."""
    return round_half_up(start_cny * (1 + step_percent / 100) ** steps, 2)


@rule(
    "IF({target_cny}<={start_cny},0,"
    "ROUNDUP(ROUND(LN({target_cny}/{start_cny})/LN(1+{step_percent}/100),4),0))",
    "加到目标预算需要的次数：每次只按规定增幅加",
    "steps to the target budget when each may only add the stated increase",
    "test-then-scale",
)
def ladder_steps(start_cny: Number, target_cny: Number, step_percent: Number) -> Number:
    """Count the steps from a budget up to another, 0 when it is there already."""
    _positive(start_cny, "start_cny")
    _positive(step_percent, "step_percent")
    if target_cny <= start_cny:
        return 0.0
    return _up(math.log(target_cny / start_cny) / math.log(1 + step_percent / 100))


# The sales funnel.


@rule("ROUNDUP(ROUND({gmv_cny}/{average_order_value_cny},4),0)",
      "订单数 = 成交额 ÷ 客单价，向上取整",
      "orders = GMV ÷ average order value, rounded up", "gmv-decomposition")  # fmt: skip
def orders_for_gmv(gmv_cny: Number, average_order_value_cny: Number) -> Number:
    """Count the orders that a GMV takes."""
    return _up(gmv_cny / _positive(average_order_value_cny, "average_order_value_cny"))


@rule("ROUNDUP(ROUND({after}*100/{rate_percent},4),0)",
      "上一步人数 = 这一步人数 ÷ 转化率，向上取整",
      "people before the step = people after it ÷ rate, rounded up",
      "gmv-decomposition")  # fmt: skip
def needed_before(after: Number, rate_percent: Number) -> Number:
    """Count the people that must stand before a step so that `after` of them take it."""
    return _up(after * 100 / _positive(rate_percent, "rate_percent"))


@rule("ROUND({orders}*{average_order_value_cny},2)", "成交额 = 订单数 × 客单价",
      "GMV = orders × average order value", "gmv-decomposition")  # fmt: skip
def gmv_of_orders(orders: Number, average_order_value_cny: Number) -> Number:
    """Give the GMV of some orders, in yuan to the fen."""
    return round_half_up(orders * average_order_value_cny, 2)


@rule("ROUND({gmv_cny}/{audience}*1000,2)", "千次成交额（GPM）= 成交额 ÷ 次数 × 1000",
      "GPM = GMV ÷ impressions or views × 1,000", "gmv-decomposition")  # fmt: skip
def gpm(gmv_cny: Number, audience: Number) -> Number:
    """Give GMV per thousand impressions or per thousand views, in yuan to the fen."""
    return round_half_up(gmv_cny / _positive(audience, "audience") * 1000, 2)


@rule("ROUND({exposure}*{cost_per_thousand_cny}/1000,2)",
      "曝光费用 = 曝光次数 ÷ 1000 × 千次曝光成本",
      "cost of impressions = impressions ÷ 1,000 × cost per thousand",
      "gmv-decomposition")  # fmt: skip
def exposure_cost(exposure: Number, cost_per_thousand_cny: Number) -> Number:
    """Give what paid impressions cost, in yuan to the fen."""
    return round_half_up(exposure * cost_per_thousand_cny / 1000, 2)


@rule("ROUNDDOWN(ROUND({spend_cny}/{cost_per_thousand_cny}*1000,4),0)",
      "可买曝光 = 费用 ÷ 千次曝光成本 × 1000，向下取整",
      "impressions bought = spend ÷ cost per thousand × 1,000, rounded down",
      "gmv-decomposition")  # fmt: skip
def exposure_bought(spend_cny: Number, cost_per_thousand_cny: Number) -> Number:
    """Count the impressions that an amount buys."""
    cost = _positive(cost_per_thousand_cny, "cost_per_thousand_cny")
    return rounded_down(spend_cny / cost * 1000)


# Tests of audiences, creatives and products.


@rule(
    "ROUNDUP(ROUND({factor}*{base_percent}*(100-{base_percent})/{detectable_points}^2,4),0)",
    "每组样本量 n ≈ 系数 · p(1−p) ÷ d²，向上取整；p 为基准转化率，d 为要分辨的差异",
    "sample per arm n ≈ factor · p(1−p) ÷ d², rounded up; p is the base rate, d the difference "
    "to detect",
    "test-then-scale",
)
def sample_size_rule_of_sixteen(
    base_percent: Number, detectable_points: Number, factor: Number
) -> Number:
    """Count the samples per arm; the difference to detect is in percentage points."""
    variance = _rate(base_percent) * (100 - base_percent)
    return _up(factor * variance / _positive(detectable_points, "detectable_points") ** 2)


@rule("SQRT({factor}*{base_percent}*(100-{base_percent})/{sample})",
      "可分辨差异 d ≈ √(系数 · p(1−p) ÷ n)，单位为百分点",
      "detectable difference d ≈ √(factor · p(1−p) ÷ n), in percentage points",
      "sample-size-for-tests")  # fmt: skip
def detectable_points(base_percent: Number, sample: Number, factor: Number) -> Number:
    """Give the smallest difference that samples of this size per arm resolve, in points."""
    variance = _rate(base_percent) * (100 - base_percent)
    return math.sqrt(factor * variance / _positive(sample, "sample"))


@rule(
    "ROUNDUP(ROUND((NORMSINV((1+{confidence_percent}/100)/2)"
    "*SQRT(({base_percent}+{target_percent})*(200-{base_percent}-{target_percent})/2)"
    "+NORMSINV({power_percent}/100)"
    "*SQRT({base_percent}*(100-{base_percent})+{target_percent}*(100-{target_percent})))^2"
    "/({base_percent}-{target_percent})^2,4),0)",
    "每组样本量：两个比例的双侧正态检验，按置信度和功效计算，向上取整",
    "sample per arm: two-sided normal test of two proportions at the stated confidence and power, "
    "rounded up",
    "Fleiss, Levin and Paik, Statistical Methods for Rates and Proportions, 3rd ed., ch. 4",
)
def sample_size_two_proportions(
    base_percent: Number, target_percent: Number, confidence_percent: Number, power_percent: Number
) -> Number:
    """Count the samples per arm that tell two rates apart, without continuity correction."""
    base, target = _rate(base_percent), _rate(target_percent)
    if base == target:
        raise ValueError("base_percent and target_percent must differ")
    pooled = math.sqrt((base + target) * (200 - base - target) / 2)
    apart = math.sqrt(base * (100 - base) + target * (100 - target))
    reach = service_z((100 + confidence_percent) / 2) * pooled + service_z(power_percent) * apart
    return _up(reach**2 / (base - target) ** 2)


@rule("ROUND({sample_clicks}*{cost_per_click_cny},2)", "测试预算 = 点击样本量 × 单次点击成本",
      "test budget = clicks needed × cost per click", "sample-size-for-tests")  # fmt: skip
def test_budget(sample_clicks: Number, cost_per_click_cny: Number) -> Number:
    """Give what a sample of clicks costs, in yuan to the fen."""
    return round_half_up(sample_clicks * cost_per_click_cny, 2)


@rule("ROUNDDOWN(ROUND({budget_cny}/{cost_per_click_cny},4),0)",
      "可买点击 = 预算 ÷ 单次点击成本，向下取整",
      "clicks bought = budget ÷ cost per click, rounded down",
      "sample-size-for-tests")  # fmt: skip
def clicks_bought(budget_cny: Number, cost_per_click_cny: Number) -> Number:
    """Count the clicks that a budget buys."""
    return rounded_down(budget_cny / _positive(cost_per_click_cny, "cost_per_click_cny"))


def _rate(percent: Number) -> Number:
    if not 0 < percent < 100:
        raise ValueError("a rate must be above 0 and below 100 percent")
    return percent


# Goods and stock.


@rule("NORMSINV({probability_percent}/100)", "Z = 标准正态分布在该概率处的分位数",
      "Z = quantile of the standard normal distribution at this probability",
      "hero-products-and-stock")  # fmt: skip
def service_z(probability_percent: Number) -> Number:
    """Give the standard deviations that cover demand with this probability."""
    return NormalDist().inv_cdf(_rate(probability_percent) / 100)


@rule("ROUNDUP(ROUND({z}*{daily_deviation}*SQRT({lead_days}),4),0)",
      "安全库存 = Z × 日需求标准差 × √补货天数，向上取整",
      "safety stock = Z × deviation of daily demand × √lead days, rounded up",
      "hero-products-and-stock")  # fmt: skip
def safety_stock(daily_deviation: Number, lead_days: Number, z: Number) -> Number:
    """Count the units kept against swings of demand while new stock is on its way."""
    return _up(z * daily_deviation * math.sqrt(lead_days))


@rule("ROUNDUP(ROUND({daily_units}*{cover_days}+{safety_units},4),0)",
      "备货量 = 日需求 × 覆盖天数 + 安全库存，向上取整",
      "stock needed = daily demand × days to cover + safety stock, rounded up",
      "hero-products-and-stock")  # fmt: skip
def stock_needed(daily_units: Number, cover_days: Number, safety_units: Number) -> Number:
    """Count the units that cover some days of demand and the safety stock."""
    return _up(daily_units * cover_days + safety_units)


@rule("ROUNDUP(ROUND({daily_units}*{lead_days}+{safety_units},4),0)",
      "再订货点 = 日均需求 × 补货天数 + 安全库存，向上取整",
      "reorder point = daily demand × lead days + safety stock, rounded up",
      "hero-products-and-stock")  # fmt: skip
def reorder_point(daily_units: Number, lead_days: Number, safety_units: Number) -> Number:
    """Count the units at which new stock must be ordered."""
    return _up(daily_units * lead_days + safety_units)


@rule("{stock_units}/{daily_units}", "可卖天数 = 库存 ÷ 日需求",
      "days of cover = stock ÷ daily demand", "hero-products-and-stock")  # fmt: skip
def cover_days(stock_units: Number, daily_units: Number) -> Number:
    """Give the days for which stock lasts, unrounded."""
    return stock_units / _positive(daily_units, "daily_units")


@rule("{underage_cny}/({underage_cny}+{overage_cny})*100",
      "应满足的概率 = 缺货损失 ÷（缺货损失 + 积压损失）",
      "probability to cover = underage cost ÷ (underage cost + overage cost)",
      "hero-products-and-stock")  # fmt: skip
def cover_probability(underage_cny: Number, overage_cny: Number) -> Number:
    """Give the probability, in percent, up to which a one-off stock pays (newsvendor rule)."""
    return underage_cny / _positive(underage_cny + overage_cny, "the sum of both costs") * 100


@rule("MAX(0,ROUNDDOWN(ROUND({units_per_day}*{promise_hours}/24-{backlog_units},4),0))",
      "现货上限 = 日发货能力 × 承诺小时数 ÷ 24 − 已有积压，最少为 0",
      "limit of spot sales = units shipped a day × promised hours ÷ 24 − backlog, at least 0",
      "fulfilment-capacity")  # fmt: skip
def spot_limit(units_per_day: Number, promise_hours: Number, backlog_units: Number) -> Number:
    """Count the orders that can still be promised from stock in hand."""
    return max(0.0, rounded_down(units_per_day * promise_hours / 24 - backlog_units))


# Customer service: the Erlang C queue. One slot is one chat at a time; an agent holds several.

_SPARE_SLOTS = 400  # slots tried beyond the load; enough for 99.99% at loads of 10,000
_LOAD = "({enquiries_per_hour}*{handling_seconds}/3600)"
_TRIED = f"(INT({_LOAD})+ROW($ZZ$1:$ZZ${_SPARE_SLOTS}))"


def _queueing(slots: str, load: str) -> str:
    """Write Erlang C as a formula, by the Poisson terms of Erlang B; only for slots above load."""
    point, below = f"POISSON({slots},{load},0)", f"POISSON({slots},{load},1)"
    return f"{slots}*{point}/({slots}*{below}-{load}*({below}-{point}))"


_SLOTS = (
    f"IF({_LOAD}<=0,0,INT({_LOAD})+1+SUMPRODUCT(--({_queueing(_TRIED, _LOAD)}"
    f"*EXP(-({_TRIED}-{_LOAD})*{{target_seconds}}/{{handling_seconds}})>1-{{target_percent}}/100)))"
)
_WAITING = _queueing("INT({slots})", "{load_erlangs}")


@rule("{orders_per_day}*{contact_rate}*{peak_hour_share_percent}/100",
      "高峰小时咨询量 = 日订单 × 联系率 × 高峰小时占比",
      "enquiries in the peak hour = orders a day × contact rate × share of the peak hour",
      "customer-service-scaling")  # fmt: skip
def peak_hour_enquiries(
    orders_per_day: Number, contact_rate: Number, peak_hour_share_percent: Number
) -> Number:
    """Give the enquiries of the busiest hour, unrounded; the contact rate is chats per order."""
    return orders_per_day * contact_rate * peak_hour_share_percent / 100


@rule("{enquiries_per_hour}*{handling_seconds}/3600", "负荷 A = 每小时会话数 × 每会话处理时长",
      "load A = conversations an hour × handling time", "customer-service-scaling")  # fmt: skip
def offered_load(enquiries_per_hour: Number, handling_seconds: Number) -> Number:
    """Give the load in erlangs: the chats that are open at the same time on average."""
    return enquiries_per_hour * handling_seconds / 3600


@rule(
    f"IF({{load_erlangs}}<=0,0,IF(INT({{slots}})<={{load_erlangs}},100,100*{_WAITING}))",
    "排队概率：Erlang C 公式，接待位不多于负荷时为 100%",
    "probability of queueing by Erlang C, 100% when the slots do not exceed the load",
    "customer-service-scaling",
)
def waiting_probability(slots: Number, load_erlangs: Number) -> Number:
    """Give the share of chats, in percent, that must wait for a free slot."""
    if load_erlangs <= 0:
        return 0.0
    places = int(slots)
    if places <= load_erlangs:
        return 100.0
    blocked = 1.0
    for place in range(1, places + 1):
        blocked = load_erlangs * blocked / (place + load_erlangs * blocked)
    return 100 * _queued(blocked, places, load_erlangs)


@rule(
    f"IF({{load_erlangs}}<=0,100,IF(INT({{slots}})<={{load_erlangs}},0,100-100*{_WAITING}"
    "*EXP(-(INT({slots})-{load_erlangs})*{target_seconds}/{handling_seconds})))",
    "服务水平 SL = 1 − C·e^(−(N−A)·T ÷ 处理时长)，C 为 Erlang C 排队概率",
    "service level SL = 1 − C·e^(−(N−A)·T ÷ handling time), C is the queueing probability of "
    "Erlang C",
    "customer-service-scaling",
)
def service_level(
    slots: Number, load_erlangs: Number, handling_seconds: Number, target_seconds: Number
) -> Number:
    """Give the share of chats, in percent, that are answered within the target time."""
    if load_erlangs <= 0:
        return 100.0
    if int(slots) <= load_erlangs:
        return 0.0
    late = math.exp(-(int(slots) - load_erlangs) * target_seconds / handling_seconds)
    return 100 - waiting_probability(slots, load_erlangs) * late


@rule(
    f"IF({{load_erlangs}}<=0,0,{_WAITING}*{{handling_seconds}}/(INT({{slots}})-{{load_erlangs}}))",
    "平均等待 = C × 处理时长 ÷（N − A），C 为 Erlang C 排队概率",
    "average wait = C × handling time ÷ (N − A), C is the queueing probability of Erlang C",
    "customer-service-scaling",
)
def average_wait_seconds(slots: Number, load_erlangs: Number, handling_seconds: Number) -> Number:
    """Give the mean wait of all chats in seconds; ValueError when slots do not exceed the load."""
    if load_erlangs <= 0:
        return 0.0
    spare = _positive(int(slots) - load_erlangs, "the number of slots above the load")
    return waiting_probability(slots, load_erlangs) / 100 * handling_seconds / spare


@rule(
    _SLOTS,
    "最少接待位：Erlang C 下达到目标应答率的最小数（一个接待位同时接一个会话）",
    "fewest slots that meet the target answer rate by Erlang C (one slot holds one chat)",
    "customer-service-scaling",
)
def slots_needed(
    enquiries_per_hour: Number,
    handling_seconds: Number,
    target_seconds: Number,
    target_percent: Number,
) -> Number:
    """Count the chats that must be possible at once to answer the share of them in time."""
    if not 0 <= target_percent < 100:
        raise ValueError("target_percent must be at least 0 and below 100")
    load = offered_load(enquiries_per_hour, handling_seconds)
    if load <= 0:
        return 0.0
    blocked, first = 1.0, int(load) + 1
    for places in range(1, first + _SPARE_SLOTS):
        blocked = load * blocked / (places + load * blocked)
        if places < first:
            continue
        late = math.exp(-(places - load) * target_seconds / handling_seconds)
        if _queued(blocked, places, load) * late <= 1 - target_percent / 100:
            return float(places)
    return float(first + _SPARE_SLOTS)


@rule(
    f"ROUNDUP(ROUND({_SLOTS}/{{concurrency}},4),0)",
    "同时在线客服 = Erlang C 求出的最少接待位 ÷ 每人同时接待数，向上取整",
    "agents on line = fewest slots by Erlang C ÷ chats an agent holds at once, rounded up",
    "customer-service-scaling",
)
def agents_needed(
    enquiries_per_hour: Number,
    handling_seconds: Number,
    concurrency: Number,
    target_seconds: Number,
    target_percent: Number,
) -> Number:
    """Count the agents on line who answer `target_percent` of chats within `target_seconds`."""
    slots = slots_needed(enquiries_per_hour, handling_seconds, target_seconds, target_percent)
    return _up(slots / _positive(concurrency, "concurrency"))


@rule("ROUNDUP(ROUND({agents}*100/(100-{shrinkage_percent}),4),0)",
      "排班人数 = 在线客服 ÷（1 − 缩减率），向上取整",
      "agents on the roster = agents on line ÷ (1 − shrinkage), rounded up",
      "customer-service-scaling")  # fmt: skip
def rostered_agents(agents: Number, shrinkage_percent: Number) -> Number:
    """Count the people to roster so that enough are on line in spite of breaks and absence."""
    return _up(agents * 100 / _positive(100 - shrinkage_percent, "100 less the shrinkage"))


def _queued(blocked: float, places: int, load: float) -> float:
    """Turn Erlang B's blocking into Erlang C's probability of queueing, as a fraction."""
    return places * blocked / (places - load * (1 - blocked))


# Goods, live hours, creators and shifts of a plan.


@rule("{role_weight}/{members}/SUM({weights})*100",
      "单款占比 = 角色比重 ÷ 同角色款数 ÷ 各角色比重之和",
      "share of a product = weight of its role ÷ products in it ÷ sum of weights")  # fmt: skip
def even_share(role_weight: Number, members: Number, weights: Sequence[Number]) -> Number:
    """Give a product's share of the orders in percent; `weights` are those of the roles in use."""
    whole = _positive(sum(weights), "the sum of the weights")
    return role_weight / _positive(members, "members") / whole * 100


@rule("ROUNDUP(ROUND({orders}*{percent}/100,4),0)", "预测件数 = 订单数 × 占比，向上取整",
      "forecast units = orders × share, rounded up", "hero-products-and-stock")  # fmt: skip
def forecast_units(orders: Number, percent: Number) -> Number:
    """Count the units of a product that orders of one unit each are expected to take."""
    return _up(orders * percent / 100)


@rule("{stock_units}+{units_per_day}*MAX(0,{window_days}-{lead_days})",
      "可供量 = 现有库存 + 日供货 ×（窗口天数 − 补货天数）",
      "supply = stock + units a day × (days of the window − lead days)",
      "hero-products-and-stock")  # fmt: skip
def supply_units(
    stock_units: Number, units_per_day: Number, window_days: Number, lead_days: Number
) -> Number:
    """Count the units on hand and made in time when production starts with the window."""
    return stock_units + units_per_day * max(0.0, window_days - lead_days)


@rule("IF({short_units}<=0,0,ROUNDUP(ROUND({short_units}/{units_per_day},4),0)+{slack_days})",
      "预售承诺天数 = 缺口 ÷ 日供货（向上取整）+ 余量；不缺时为 0",
      "days to promise in presale = shortage ÷ units a day (rounded up) + slack; 0 without one",
      "fulfilment-capacity")  # fmt: skip
def presale_days(short_units: Number, units_per_day: Number, slack_days: Number) -> Number:
    """Count the days after which a shortage is made up."""
    if short_units <= 0:
        return 0.0
    return _up(short_units / _positive(units_per_day, "units_per_day")) + slack_days


@rule("MIN({hours}+{extra_hours},{open_hours})", "加长后时长 = 日常时长 + 加播时长，不超过可播时长",
      "longer day = usual hours + extra hours, at most the hours that can be streamed")  # fmt: skip
def extended_hours(hours: Number, extra_hours: Number, open_hours: Number) -> Number:
    """Give the hours of a longer streaming day."""
    return min(hours + extra_hours, open_hours)


@rule("MAX(0,MIN({part_hours},{daily_hours}-SUM({filled_before})))",
      "时段时长 = 前面时段排满后余下的时长，不超过本时段",
      "hours of a part = what is left after the parts before it, at most its own")  # fmt: skip
def filled_hours(
    daily_hours: Number, filled_before: Sequence[Number], part_hours: Number
) -> Number:
    """Give the streaming hours that fall into a part of the day when parts are filled in order."""
    return max(0.0, min(part_hours, round(daily_hours - sum(filled_before), 6)))


@rule("MAX(1,ROUNDDOWN(ROUND({daily_hours}/{session_hours},4),0))",
      "每天场次 = 每天时长 ÷ 单场最短时长，向下取整，至少 1 场",
      "sessions a day = hours a day ÷ least hours of a session, rounded down, at least 1",
      "fact-field")  # fmt: skip
def sessions_a_day(daily_hours: Number, session_hours: Number) -> Number:
    """Count the sessions that a streaming day is cut into."""
    return max(1.0, rounded_down(daily_hours / _positive(session_hours, "session_hours")))


@rule("ROUNDUP(ROUND({work}/{work_each},4),0)", "人数 = 总量 ÷ 每人承担的量，向上取整",
      "people = all the work ÷ what one person takes, rounded up")  # fmt: skip
def people_needed(work: Number, work_each: Number) -> Number:
    """Count the people who share work of any unit, such as hours on air or parcels a day."""
    return _up(work / _positive(work_each, "work_each"))


@rule("ROUNDUP(ROUND({days}*{sessions}*{per_session},4),0)",
      "条数 = 天数 × 每天场次 × 每场条数，向上取整",
      "videos = days × sessions a day × videos a session, rounded up",
      "host-and-scene")  # fmt: skip
def videos_needed(days: Number, sessions: Number, per_session: Number) -> Number:
    """Count the short videos that some days of sessions take."""
    return _up(days * sessions * per_session)


@rule("ROUNDDOWN(ROUND({budget_cny}/{price_cny},4),0)", "可合作人数 = 预算 ÷ 单位费用，向下取整",
      "how many = budget ÷ price of one, rounded down")  # fmt: skip
def affordable(budget_cny: Number, price_cny: Number) -> Number:
    """Count what an amount pays for."""
    return rounded_down(budget_cny / _positive(price_cny, "price_cny"))


@rule("{enquiries_per_day}*{percent}/SUM({percents})/{hours}",
      "每小时咨询 = 全天咨询 × 时段占比 ÷ 各时段占比之和 ÷ 时段小时数",
      "enquiries an hour = enquiries a day × share of the part ÷ sum of shares ÷ hours of the part",
      "customer-service-scaling")  # fmt: skip
def hourly_enquiries(
    enquiries_per_day: Number, percent: Number, percents: Sequence[Number], hours: Number
) -> Number:
    """Spread a day's enquiries over the hours of a part of the day, unrounded."""
    share = percent / _positive(sum(percents), "the sum of the shares")
    return enquiries_per_day * share / _positive(hours, "hours")


@rule("ROUNDUP(ROUND({agents}*(100+{reserve_percent})/(100-{shrinkage_percent}),4),0)",
      "排班人数 = 在线客服 ×（1 + 另备比例）÷（1 − 缩减率），向上取整",
      "agents on the roster = agents on line × (1 + reserve) ÷ (1 − shrinkage), rounded up",
      "customer-service-scaling")  # fmt: skip
def rostered_with_reserve(
    agents: Number, shrinkage_percent: Number, reserve_percent: Number
) -> Number:
    """Count the people to roster for breaks and absence, with some more kept ready."""
    here = _positive(100 - shrinkage_percent, "100 less the shrinkage")
    return _up(agents * (100 + reserve_percent) / here)


@rule("MAX({peak_agents},ROUNDUP(ROUND({agent_hours}*(100+{reserve_percent})"
      "/(100-{shrinkage_percent})/{shift_hours},4),0))",
      "当天人数 = 高峰排班人数与总工时所需人数中较大者；总工时所需人数 = 在线工时 ×（1 + 另备比例）"
      "÷（1 − 缩减率）÷ 每班小时数，向上取整",
      "people that day = the larger of the peak roster and hours on line × (1 + reserve) ÷ "
      "(1 − shrinkage) ÷ hours of a shift, rounded up",
      "customer-service-scaling")  # fmt: skip
def headcount(
    peak_agents: Number,
    agent_hours: Number,
    shift_hours: Number,
    shrinkage_percent: Number,
    reserve_percent: Number,
) -> Number:
    """Count the people who together cover the peak and all hours on line of a day."""
    here = _positive((100 - shrinkage_percent) * shift_hours, "the hours a person is there")
    return max(peak_agents, _up(agent_hours * (100 + reserve_percent) / here))


@rule("ROUNDUP(ROUND(MAX({peak_orders}*24/{ship_hours},{orders_per_day}),4),0)",
      "日发货量 = 峰值订单 × 24 ÷ 发货时限小时数与日均订单中较大者，向上取整",
      "parcels a day = the larger of peak orders × 24 ÷ shipping limit and mean orders, rounded up",
      "fulfilment-capacity")  # fmt: skip
def parcels_a_day(peak_orders: Number, orders_per_day: Number, ship_hours: Number) -> Number:
    """Count the parcels to ship a day so that the busiest day leaves within the limit in hours."""
    return _up(max(peak_orders * 24 / _positive(ship_hours, "ship_hours"), orders_per_day))


# Money.


@rule("ROUND({gmv_cny}*(100-{return_rate_percent})/100,2)", "退款后成交 = 成交额 ×（1 − 退款率）",
      "sales after refunds = GMV × (1 − refund rate)", "return-rate")  # fmt: skip
def net_revenue(gmv_cny: Number, return_rate_percent: Number) -> Number:
    """Give the sales that stay after refunds, in yuan to the fen."""
    return round_half_up(gmv_cny * (100 - return_rate_percent) / 100, 2)


@rule("ROUND({gross_margin_percent}-SUM({fees_percent}),6)",
      "扣费后毛利率 = 商品毛利率 − 平台费、佣金、物流等费率",
      "margin after fees = gross margin − platform fee, commission, logistics and the like",
      "paid-traffic-and-roi")  # fmt: skip
def contribution_margin(gross_margin_percent: Number, fees_percent: Sequence[Number]) -> Number:
    """Give the margin, in percent of kept sales, that is left after every fee that follows sales.

    This is the gross margin that break-even ROI means: net of product cost, platform fee,
    commission and logistics, before advertising and fixed costs.
    """
    return round(gross_margin_percent - sum(fees_percent), 6)


@rule("10000/({contribution_margin_percent}*(100-{return_rate_percent}))",
      "保本 ROI = 1 ÷（扣费后毛利率 ×（1 − 退款率））",
      "break-even ROI = 1 ÷ (margin after fees × (1 − refund rate))",
      "paid-traffic-and-roi")  # fmt: skip
def break_even_roi(contribution_margin_percent: Number, return_rate_percent: Number) -> Number:
    """Give the payment ROI at which advertising earns back its cost, unrounded.

    ValueError when nothing is left of a sale: no ROI breaks even then.
    """
    kept = contribution_margin_percent * (100 - return_rate_percent)
    return 10000 / _positive(kept, "what is left of a sale")


@rule("ROUND({spend_cny}*10000/({contribution_margin_percent}*(100-{return_rate_percent})),2)",
      "保本成交额 = 费用 ÷（扣费后毛利率 ×（1 − 退款率））",
      "break-even GMV = cost ÷ (margin after fees × (1 − refund rate))",
      "paid-traffic-and-roi")  # fmt: skip
def break_even_gmv(
    spend_cny: Number, contribution_margin_percent: Number, return_rate_percent: Number
) -> Number:
    """Give the GMV that earns back a cost, in yuan to the fen."""
    kept = contribution_margin_percent * (100 - return_rate_percent)
    return round_half_up(spend_cny * 10000 / _positive(kept, "what is left of a sale"), 2)


_CONTRIBUTION = "ROUND({gmv_cny}*(100-{return_rate_percent})*{contribution_margin_percent}/10000,2)"


@rule(_CONTRIBUTION, "边际贡献 = 成交额 ×（1 − 退款率）× 扣费后毛利率",
      "contribution = GMV × (1 − refund rate) × margin after fees",
      "paid-traffic-and-roi")  # fmt: skip
def contribution(
    gmv_cny: Number, return_rate_percent: Number, contribution_margin_percent: Number
) -> Number:
    """Give what sales leave before advertising and fixed costs, in yuan to the fen."""
    kept = gmv_cny * (100 - return_rate_percent) * contribution_margin_percent
    return round_half_up(kept / 10000, 2)


@rule(f"ROUND({_CONTRIBUTION}-SUM({{costs_cny}}),2)",
      "利润 = 成交额 ×（1 − 退款率）× 扣费后毛利率 − 各项费用",
      "profit = GMV × (1 − refund rate) × margin after fees − all costs",
      "paid-traffic-and-roi")  # fmt: skip
def contribution_profit(
    gmv_cny: Number,
    return_rate_percent: Number,
    contribution_margin_percent: Number,
    costs_cny: Sequence[Number],
) -> Number:
    """Give what is left of sales after advertising and every other cost item, to the fen."""
    earned = contribution(gmv_cny, return_rate_percent, contribution_margin_percent)
    return round_half_up(earned - sum(costs_cny), 2)


@rule("ROUND({income_cny}-SUM({costs_cny}),2)", "收入 − 各项费用", "income less all costs")
def profit(income_cny: Number, costs_cny: Sequence[Number]) -> Number:
    """Give income less costs, in yuan to the fen."""
    return round_half_up(income_cny - sum(costs_cny), 2)


@rule("{gmv_cny}/{spend_cny}", "支付 ROI = 成交额 ÷ 投放费用", "payment ROI = GMV ÷ spend",
      "gmv-decomposition")  # fmt: skip
def roi(gmv_cny: Number, spend_cny: Number) -> Number:
    """Give GMV per yuan spent, unrounded; ValueError when nothing is spent."""
    return gmv_cny / _positive(spend_cny, "spend_cny")


@rule("ROUND({spend_cny}/{count},2)", "单位成本 = 费用 ÷ 数量", "cost per unit = cost ÷ count")
def unit_cost(spend_cny: Number, count: Number) -> Number:
    """Give the cost of one order, click or follower, in yuan to the fen."""
    return round_half_up(spend_cny / _positive(count, "count"), 2)


@rule("ROUNDUP(ROUND({outlay_cny}/{daily_profit_cny},4),0)", "回本天数 = 投入 ÷ 日均利润，向上取整",
      "days to pay back = outlay ÷ profit a day, rounded up")  # fmt: skip
def payback_days(outlay_cny: Number, daily_profit_cny: Number) -> Number:
    """Count the days until profit has earned back an outlay."""
    return _up(outlay_cny / _positive(daily_profit_cny, "daily_profit_cny"))


# -- readiness: scores from 0 to 100 and levels from 1 to 5 ------------------------------------


@rule("{level}*25", "档位得分 = 档位（0–4）× 25", "points of a level answer = level (0–4) × 25")
def points_of_level(level: Number) -> Number:
    """Score a level answer."""
    return level * 25


@rule(
    "({right_points}-{left_points})*(MIN(MAX({amount},{left}),{right})-{left})/({right}-{left})",
    "两个刻度之间按比例给分，超出刻度不再加减",
    "points in proportion between two marks, none beyond them",
)
def points_between(
    amount: Number, left: Number, right: Number, left_points: Number, right_points: Number
) -> Number:
    """Give the points that an amount gains (or loses) between two marks of a scale."""
    inside = min(max(amount, left), right) - left
    return (right_points - left_points) * inside / (right - left)


@rule("ROUND(SUM({terms}),1)", "各段得分相加", "the points of all stretches together")
def points_together(terms: Sequence[Number]) -> Number:
    """Add up points, to one digit."""
    return round_half_up(sum(terms), 1)


@rule("IF({answer}>=0.5,{yes_points},{no_points})", "是与否各有分值", "points for yes, or for no")
def points_of_choice(answer: Number, yes_points: Number, no_points: Number) -> Number:
    """Score an answer of yes (1) or no (0)."""
    return yes_points if answer >= 0.5 else no_points


@rule("MIN(100,SUM({terms}))", "所选各项分值相加，最多 100", "points of the choices, 100 at most")
def points_of_options(terms: Sequence[Number]) -> Number:
    """Score several choices."""
    return min(100, sum(terms))


@rule("{points}*{weight}", "得分 × 权重", "points × weight")
def weighted_points(points: Number, weight: Number) -> Number:
    """Weigh a score."""
    return points * weight


@rule("ROUND(SUM({parts})/SUM({weights}),1)", "加权平均 = 加权得分之和 ÷ 权重之和",
      "weighted mean = sum of weighted points ÷ sum of weights")
def mean_points(parts: Sequence[Number], weights: Sequence[Number]) -> Number:
    """Give a weighted mean from weighted points, to one digit."""
    return round_half_up(sum(parts) / sum(weights), 1)


@rule("MIN(5,INT({points}/20)+1)", "每 20 分一级：0–19 分 1 级，80 分起 5 级",
      "a level for every 20 points: 0–19 is level 1, 80 and more level 5")
def level_of_points(points: Number) -> Number:
    """Give the level, 1 to 5, of a score."""
    return float(min(5, int(points // 20) + 1))


@rule("({level}-1)*20", "等级的起点分 = （等级 − 1）× 20",
      "first score of a level = (level − 1) × 20")
def points_needed_for_level(level: Number) -> Number:
    """Give the lowest score that has this level."""
    return (level - 1) * 20


@rule("MAX(0,ROUND({needed}-{points},1))", "差距 = 目标需要 − 现有得分，够了为 0",
      "gap = needed less reached, 0 when it is enough")
def points_short(needed: Number, points: Number) -> Number:
    """Give what a score is short of what is needed, to one digit."""
    return max(0.0, round_half_up(needed - points, 1))


@rule("ROUND((100-{points})*{weight}/SUM({weights}),1)", "失分 =（100 − 得分）× 权重 ÷ 权重之和",
      "points lost = (100 − points) × weight ÷ sum of weights")
def points_lost(points: Number, weight: Number, weights: Sequence[Number]) -> Number:
    """Give what one answer takes off the mean it is part of, to one digit."""
    return round_half_up((100 - points) * weight / sum(weights), 1)


@rule("ROUND(({better}-{points})*{weight}/SUM({weights}),1)",
      "可加分 =（下一步得分 − 现得分）× 权重 ÷ 权重之和",
      "points to gain = (points after one step − points now) × weight ÷ sum of weights")
def points_gained(
    better: Number, points: Number, weight: Number, weights: Sequence[Number]
) -> Number:
    """Give what a better answer adds to the mean it is part of, to one digit."""
    return round_half_up((better - points) * weight / sum(weights), 1)


@rule("ROUND({share}*{weight}/SUM({weights}),1)", "占总分 = 维度内分数 × 维度权重 ÷ 权重之和",
      "part of the overall score = points in the dimension × its weight ÷ sum of weights")
def points_overall(share: Number, weight: Number, weights: Sequence[Number]) -> Number:
    """Give what points of a dimension are worth in the overall score, to one digit."""
    return round_half_up(share * weight / sum(weights), 1)


@rule("ROUND(SUM({parts})/SUM({wholes})*100,0)", "部分之和 ÷ 总数之和 × 100%",
      "sum of parts ÷ sum of wholes × 100%")
def share_percent(parts: Sequence[Number], wholes: Sequence[Number]) -> Number:
    """Give a share in whole percent."""
    return round_half_up(sum(parts) / sum(wholes) * 100)


@rule("ROUND({now}-{before},1)", "变化 = 这次 − 上次", "change = now less before")
def points_changed(now: Number, before: Number) -> Number:
    """Give the change of a score, to one digit."""
    return round_half_up(now - before, 1)
