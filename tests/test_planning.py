"""Plans of ten briefs: sums, bases, guards, edits, languages; what must hold whatever is said."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.arithmetic import RULES
from assistant.errors import InputError
from assistant.messages import say
from assistant.plan import guards, inputs
from assistant.plan.assumptions import Assumptions, stands_in
from assistant.plan.brief import Brief, Window
from assistant.plan.drafting import draft_plan
from assistant.plan.inputs import QUADRANTS
from assistant.plan.phases import PHASES, dated, days_of, phases_of, rebalanced
from assistant.plan.plan import Plan, compare
from assistant.plan.revising import revise
from assistant.plan.sheet import recomputed
from assistant.records import Language
from assistant.values import Bullets, Paragraph, Table, Value

ROOT = Path(__file__).resolve().parents[1]
ASSUMPTIONS = Assumptions.load(ROOT / "knowledge")
FILES = [p for p in sorted((ROOT / "tests" / "briefs").iterdir()) if p.stem != "broken"]
BRIEFS = {p.stem: Brief.read(p.read_text(encoding="utf-8"), ASSUMPTIONS) for p in FILES}
TODAY = date(2026, 11, 22)
HAN = re.compile(r"[\u4e00-\u9fff]")
SMALL = Brief.from_fields(
    {
        "brand": "Jinhe",
        "category": "apparel",
        "stage": "growth",
        "start": "2027-05-20",
        "end": "2027-06-20",
        "promotion": "618",
        "budget_cny": 500000.0,
        "gmv_target_cny": 3000000.0,
        "average_order_value_cny": 199.0,
        "gross_margin_percent": 65.0,
    },
    ASSUMPTIONS,
)


def drafted(brief: Brief, edits: dict[str, float] | None = None, language: Language = "zh") -> Plan:
    return draft_plan(brief, ASSUMPTIONS, edits=edits, today=TODAY, language=language)


def number(plan: Plan, name: str) -> float:
    return plan.values[name].value


PLANS = {
    (name, language): drafted(brief, language=language)
    for name, brief in BRIEFS.items()
    for language in ("zh", "en")
}
EVERY = pytest.mark.parametrize("plan", PLANS.values(), ids=["-".join(key) for key in PLANS])


def texts(plan: Plan) -> list[str]:
    found = [plan.report.title, plan.report.subtitle]
    found += [paragraph.text for paragraph in plan.report.alerts]
    for section in plan.report.sections:
        found.append(section.title)
        for block in section.blocks:
            if isinstance(block, Paragraph):
                found.append(block.text)
            elif isinstance(block, Bullets):
                found += [item.text for item in block.items]
            elif isinstance(block, Table):
                found += [block.title, block.note, *block.columns]
                found += [c for row in block.rows for c in row.cells if isinstance(c, str)]
    return found


def test_there_are_ten_briefs() -> None:
    assert len(BRIEFS) >= 10
    assert {brief.stage for brief in BRIEFS.values()} == {"cold-start", "growth", "mature"}


@EVERY
def test_a_plan_has_its_twelve_sections_in_order(plan: Plan) -> None:
    assert len(plan.report.sections) == 12
    ids = [section.id for section in plan.report.sections]
    assert ids[:3] == ["summary", "allocation", "traffic"] and ids[-1] == "sources"
    assert len(set(ids)) == 12


@EVERY
def test_money_and_shares_add_up_to_the_fen(plan: Plan) -> None:
    phases = [p for p in PHASES if f"days.{p}" in plan.values]
    budget, target = number(plan, "brief.budget"), number(plan, "brief.gmv_target")
    cells = [plan.values.get(f"allocation.{q}.{p}") for q in QUADRANTS for p in phases]
    assert round(sum(cell.value for cell in cells if cell), 2) == budget
    assert round(sum(number(plan, f"gmv.{p}") for p in phases), 2) == target
    assert round(sum(number(plan, f"expected.{q}") for q in QUADRANTS), 2) == target
    assert number(plan, "allocation.share.total") == 100
    assert number(plan, "line.total") == budget


@EVERY
def test_every_number_has_a_basis_and_cited_ones_stand_in_the_library(plan: Plan) -> None:
    for value in plan.values.values():
        assert value.label and value.unit, value.id
        assert bool(value.rule) == (value.basis == "computed"), value.id
        if value.rule:
            assert value.rule in RULES and all(n in plan.values for n in value.input_ids())
        if value.basis == "cited":
            assert value.source and stands_in(value.value, value.source.text), value.id
    for quote in plan.report.quotes():
        slug = quote.document.rsplit("/", 1)[-1].split(".", 1)[0]
        text = ASSUMPTIONS.document(slug, plan.language).text
        assert text[quote.start : quote.end] == quote.text


@EVERY
def test_the_graph_recomputes_to_itself(plan: Plan) -> None:
    again = recomputed(plan.values, {})
    assert {n: v.value for n, v in again.items()} == {n: v.value for n, v in plan.values.items()}


@EVERY
def test_what_the_program_writes_passes_its_own_guards(plan: Plan) -> None:
    writing = {"guard.sums", "guard.dates", "guard.quotes", "guard.basis", "guard.numbers"}
    found = {guard.id: guard for guard in plan.guards if guard.id in writing}
    assert set(found) == writing
    assert [guard.message for guard in found.values() if not guard.passed] == []


@EVERY
def test_failed_guards_stand_on_the_first_page(plan: Plan) -> None:
    alerts = [paragraph.text for paragraph in plan.report.alerts]
    assert all(guard.message in alerts for guard in plan.failed())


@EVERY
def test_no_placeholder_is_left(plan: Plan) -> None:
    for text in texts(plan):
        assert not re.search(r"\{\w+\}|\bnan\b", text), text
        assert plan.language == "en" or "%给" not in text


@pytest.mark.parametrize("name", BRIEFS)
def test_both_languages_have_the_same_numbers(name: str) -> None:
    chinese, english = PLANS[name, "zh"], PLANS[name, "en"]
    assert {n: v.value for n, v in chinese.values.items()} == {
        n: v.value for n, v in english.values.items()
    }
    assert [(g.id, g.passed) for g in chinese.guards] == [(g.id, g.passed) for g in english.guards]


def test_an_english_plan_has_no_chinese_in_it() -> None:
    for name, brief in BRIEFS.items():
        if not HAN.search(json.dumps(brief.to_json(), ensure_ascii=False)):
            assert [t for t in texts(PLANS[name, "en"]) if HAN.search(t)] == [], name
    assert [text for text in texts(drafted(SMALL, language="en")) if HAN.search(text)] == []


def test_drafting_is_deterministic_and_becomes_json() -> None:
    first, second = drafted(SMALL).to_json(), drafted(SMALL).to_json()
    assert json.dumps(first) == json.dumps(second)
    for value in first["values"].values():
        assert {"value", "unit", "basis"} <= set(value)
        assert value["basis"] != "computed" or {"rule", "inputs"} <= set(value)
        assert value["basis"] != "cited" or value["source"]["text"]


EDITS = st.dictionaries(
    st.sampled_from(
        [
            *(f"allocation.share.{q}" for q in QUADRANTS),
            *(f"phase.share.{p}" for p in PHASES[:2]),
            *(f"gmv.share.{p}" for p in PHASES[:2]),
        ]
    ),
    st.floats(0, 100).map(lambda share: round(share, 2)),
    max_size=5,
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(EDITS, st.floats(1000, 9e6).map(lambda money: round(money, 2)))
def test_sums_hold_under_any_edit(edits: dict[str, float], budget: float) -> None:
    plan = drafted(SMALL, {**edits, "brief.budget": budget})
    assert next(g for g in plan.guards if g.id == "guard.sums").passed
    total = sum(number(plan, f"allocation.{q}") for q in QUADRANTS)
    assert round(total, 2) == budget == round(number(plan, "line.total"), 2)
    assert next(g for g in plan.guards if g.id == "guard.numbers").passed


@settings(max_examples=20, deadline=None)
@given(st.floats(1000, 5e6), st.floats(0, 5e6))
def test_more_budget_never_lowers_reach(budget: float, more: float) -> None:
    low = drafted(SMALL, {"brief.budget": round(budget, 2)})
    high = drafted(SMALL, {"brief.budget": round(budget + more, 2)})
    key = "traffic.total.paid_exposure"
    assert number(high, key) >= number(low, key)


def test_an_edited_share_moves_the_others_and_says_so() -> None:
    plan = drafted(SMALL, {"allocation.share.alliance": 20})
    assert number(plan, "allocation.share.alliance") == 20
    assert plan.values["allocation.share.alliance"].edited
    field, campaign = (number(plan, f"allocation.share.{q}") for q in ("field", "campaign"))
    assert field / campaign == pytest.approx(45 / 20, rel=0.01)
    assert say("zh", "plan.rescaled_allocation_share") in texts(plan)
    assert say("zh", "plan.rescaled_allocation_share") not in texts(drafted(SMALL))


def test_an_edit_changes_what_depends_on_it_and_nothing_else() -> None:
    before, after = drafted(SMALL), drafted(SMALL, {"rate.return": 60})
    assert number(after, "case.base.profit") < number(before, "case.base.profit")
    assert number(after, "traffic.total.exposure") == number(before, "traffic.total.exposure")
    changed = compare(before, after)
    assert before.values["rate.return"].label in [row.cells[0] for row in changed.rows]
    assert compare(before, before).rows == () and compare(before, before).note


@pytest.mark.parametrize(
    ("edits", "named"),
    [
        ({"no.such": 3}, "no.such is not in this plan"),
        ({"orders.total": 3}, "orders.total is computed"),
        ({"rate.entry": -1}, "rate.entry"),
        ({"rate.entry": float("nan")}, "rate.entry"),
        ({"rate.entry": True}, "rate.entry"),
        ({"rate.return": 130}, "rate.return: 130 is more than 100 percent"),
        ({"days.burst": 2.5}, "days.burst"),
        ({"days.burst": 32}, "days.burst"),
        ({"aov": 0}, "aov must be more than 0"),
        ({"rate.entry": 0}, "cannot be computed"),
        ({"test.audiences": 9}, "test.audiences"),
    ],
)
def test_an_edit_that_cannot_be_taken_is_refused_by_name(
    edits: dict[str, float], named: str
) -> None:
    with pytest.raises(InputError, match=re.escape(named)) as raised:
        drafted(SMALL, edits)
    assert "{" not in say("zh", raised.value.key, **raised.value.values)


def test_a_plan_that_loses_money_says_so_first() -> None:
    plan = drafted(SMALL, {"rate.margin": 30})
    assert "guard.roi" in [guard.id for guard in plan.failed()]
    assert plan.report.alerts
    nothing = drafted(SMALL, {"rate.margin": 5})
    assert "roi.break_even" not in nothing.values
    assert "guard.roi" in [guard.id for guard in nothing.failed()]


def test_profit_agrees_with_the_formula_worked_by_hand() -> None:
    plan = drafted(SMALL, {"rate.margin": 60, "rate.return": 30, "rate.platform_fee": 5,
                           "rate.commission": 0, "assume.logistics-per-order": 9.95})  # fmt: skip
    assert number(plan, "rate.margin_after_fees") == pytest.approx(50)
    assert number(plan, "roi.break_even") == pytest.approx(1 / (0.5 * 0.7))
    costs = 500000 + number(plan, "cost.service")
    assert number(plan, "case.base.profit") == pytest.approx(3000000 * 0.7 * 0.5 - costs)


def test_the_target_worked_back_brings_the_target() -> None:
    plan = drafted(SMALL)
    assert number(plan, "forecast.gmv") >= 3000000
    assert number(plan, "forecast.gmv") < 3000000 * 1.001


def test_sensitivity_shows_the_two_that_matter_most() -> None:
    plan = drafted(SMALL)
    moved = {n.split(".lower.")[0] for n in plan.values if ".lower.input" in n}
    assert len(moved) == 2
    base = number(plan, "forecast.profit")

    def swing(name: str, factor: float) -> float:
        edits = {name: plan.values[name].value * factor}
        changed = drafted(SMALL, edits)
        return abs(number(changed, "case.base.profit") - number(plan, "case.base.profit"))

    assert "sensitivity.rate.margin" in moved
    assert swing("rate.margin", 1.1) > swing("rate.platform_fee", 1.1)
    low = number(plan, "sensitivity.rate.margin.lower.forecast.profit")
    assert low < base < number(plan, "sensitivity.rate.margin.higher.forecast.profit")


def broken(report: Any, section: str, text: str) -> Any:
    sections = tuple(
        replace(s, blocks=(*s.blocks, Paragraph(text))) if s.id == section else s
        for s in report.sections
    )
    return replace(report, sections=sections)


def test_a_number_without_a_basis_is_found() -> None:
    plan = drafted(SMALL)
    draft = inputs.begin(SMALL, ASSUMPTIONS, {}, TODAY, "zh")
    draft.sheet.values.update(
        {name: value for name, value in plan.values.items() if name not in draft.sheet.values}
    )
    for text in ("同行平均转化率是 7.3%。", "能多卖 12345 元。"):
        found = guards.check(draft, broken(plan.report, "summary", text))
        assert not next(g for g in found if g.id == "guard.numbers").passed


def test_broken_sums_dates_and_quotes_fail_their_guards() -> None:
    plan = drafted(SMALL)
    draft = inputs.begin(SMALL, ASSUMPTIONS, {}, TODAY, "zh")
    draft.sheet.values.update(plan.values)
    values = draft.sheet.values
    values["allocation.field"] = replace(values["allocation.field"], value=1.0)
    cited = next(v for v in values.values() if v.basis == "cited")
    values[cited.id] = replace(cited, value=cited.value + 1)
    first = draft.phases[0]
    draft.phases = (replace(first, end=first.start), *draft.phases[1:])
    failed = {g.id for g in guards.check(draft, plan.report) if not g.passed}
    assert {"guard.sums", "guard.dates", "guard.quotes"} <= failed


def test_unfounded_numbers_are_told_from_names_dates_and_values() -> None:
    value = Value("a", 1_234_567.0, "yuan", "given", "a")
    assert guards.unfounded("618 大促 6 月 1 日起，共 123.46 万元", [value], (), "") == []
    assert guards.unfounded("通勤西装 3 件套", [], (), "通勤西装 3 件套") == []
    assert [q.text for q in guards.unfounded("共 124 万元", [value], (), "")] == ["124 万元"]


WINDOW = Window(date(2027, 5, 20), date(2027, 6, 20))


@given(st.integers(1, 200), st.integers(-30, 230), st.integers(1, 60))
def test_phases_fill_any_window(days: int, ends_after: int, promotion_days: int) -> None:
    start = date(2027, 1, 1)
    end = date.fromordinal(start.toordinal() + days - 1)
    last = date.fromordinal(start.toordinal() + ends_after)
    first = date.fromordinal(last.toordinal() - promotion_days + 1)
    meets = last >= start and first <= end
    promotion = Window(first, min(last, end)) if meets else None
    names = phases_of(Window(start, end), promotion.end if promotion else None)
    shares = {"build-up": 40.0, "warm-up": 20.0, "burst": 25.0, "return": 15.0}
    found = days_of(Window(start, end), names, shares, promotion)
    rows = dated(start, found)
    assert all(count >= 1 for count in found.values())
    assert rows[0][1] == start and rows[-1][2] == end


def test_the_burst_ends_with_the_promotion() -> None:
    plan = drafted(SMALL)
    ordered = [p for p in PHASES if f"days.{p}" in plan.values]
    assert ordered == list(PHASES)
    assert number(plan, "days.return") == 2


@given(
    st.dictionaries(st.sampled_from("abcd"), st.floats(0, 100), max_size=4),
    st.tuples(*[st.floats(0, 60)] * 4),
)
def test_rebalanced_parts_keep_their_sum(
    edits: dict[str, float], parts: tuple[float, ...]
) -> None:
    found = rebalanced(dict(zip("abcd", parts, strict=True)), edits, 100.0, digits=4)
    assert sum(found.values()) == pytest.approx(100, abs=2e-4)
    assert all(share >= 0 for share in found.values())


def test_a_sentence_revises_a_plan() -> None:
    plan = drafted(SMALL)
    revised = revise(plan, "把达人预算降到 20%，客服多备两成", ASSUMPTIONS, today=TODAY)
    assert revised.changed and revised.plan.version == plan.version + 1
    assert number(revised.plan, "allocation.share.alliance") == 20
    assert number(revised.plan, "service.reserve_percent") > 0
    assert "20%" in revised.summary("zh")
    assert not revise(plan, "辛苦了", ASSUMPTIONS, today=TODAY).changed
    more = revise(plan, "budget up to 600000", ASSUMPTIONS, today=TODAY)
    assert not more.changed or number(more.plan, "brief.budget") == 600000
