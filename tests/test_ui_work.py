"""The working pages without a browser: form fields, what is drawn, the limits of a request."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response

from assistant.archive import Work
from assistant.errors import InputError
from assistant.messages import say
from assistant.plan.assumptions import Assumptions
from assistant.plan.brief import Brief, example_yaml
from assistant.plan.brief_text import parse_brief
from assistant.plan.drafting import draft_plan
from assistant.plan.problem import Problem
from assistant.ui import work as requests
from assistant.ui.brief_form import Form, brief_form, fields_of, number_in
from assistant.ui.plan_draft import PlanDraft
from assistant.ui.report import gantt, report_view
from assistant.ui.shell import Frame, around, work_page
from assistant.ui.work import Drawn, Given
from assistant.values import (
    Bullets,
    Chart,
    Paragraph,
    Quote,
    Report,
    Row,
    Section,
    Series,
    Span,
    Table,
    Timeline,
    Value,
)

ROOT = Path(__file__).resolve().parents[1]
ASSUMPTIONS = Assumptions.load(ROOT / "knowledge")
HOSTILE = "\"><script>window.hacked=1</script>'&<img src=x onerror=alert(1)>"
NOW = "2026-11-22T10:00:00.000000+00:00"


# -- the fields of the form ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("50万", 500_000), ("50 万元", 500_000), ("1,200", 1200), ("１，２００", 1200),
        ("35%", 35), ("12.5", 12.5), ("1.2亿", 120_000_000), ("3 million", 3_000_000),
    ],
)  # fmt: skip
def test_numbers_are_read_as_people_type_them(typed: str, number: float) -> None:
    assert fields_of({"budget_cny": typed}) == {"budget_cny": number}


@pytest.mark.parametrize("typed", ["abc", "5万到8万", "inf", "nan", "1e999", "2027-05-01"])
def test_what_is_not_one_number_stays_as_it_was_typed(typed: str) -> None:
    assert number_in(typed) is None
    assert fields_of({"budget_cny": typed}) == {"budget_cny": typed}


def test_empty_and_unknown_fields_are_left_out() -> None:
    sent: dict[str, Any] = {
        "brand": " 青屿 ",
        "tone": "  ",
        "hack": "x",
        "end": None,
        "start": ["x"],
    }
    assert fields_of(sent) == {"brand": "青屿"}


def test_products_are_gathered_by_row_and_a_row_with_only_a_role_is_none() -> None:
    sent = {
        "products.3.name": "衬衫", "products.3.role": "hero", "products.3.price_cny": "129",
        "products.0.name": "裤子", "products.0.unit_cost_cny": "60", "products.7.role": "hero",
        "products.9999.name": "x", "products.1.": "y",
    }  # fmt: skip
    assert fields_of(sent)["products"] == [
        {"name": "裤子", "unit_cost_cny": 60},
        {"name": "衬衫", "role": "hero", "price_cny": 129},
    ]


def test_work_beside_the_campaign_survives_the_form() -> None:
    work = [
        {"title": HOSTILE, "start_day": 0, "days": 5, "role": "运营", "source": "host-training"}
    ]
    html = brief_form(Form({"workstreams": work}), "w1", ASSUMPTIONS, "zh")
    assert "<script>" not in html and "data-remove-row" in html
    sent = {"workstreams.0": json.dumps(work[0], ensure_ascii=False)}
    assert fields_of(sent)["workstreams"] == work
    assert (
        fields_of({"workstreams.0": "{", "workstreams.1": "[1]", "workstreams.2": "[" * 9999}) == {}
    )


def test_a_form_keeps_every_field_of_a_brief() -> None:
    example = parse_brief(example_yaml("zh", date(2026, 11, 22), ASSUMPTIONS))
    html = brief_form(Form(example), "", ASSUMPTIONS, "zh")
    drawn = {name.split(".")[0] for name in re.findall(r' name="([^"]+)"', html)}
    assert drawn == set(Brief.model_fields) - {"language"} and set(example) <= drawn | {"language"}
    for inner in example["products"][0]:
        assert f'name="products.0.{inner}"' in html


def test_problems_stand_at_their_fields_and_the_rest_above() -> None:
    problems = (
        Problem("gmv_target_cny", "missing"),
        Problem("budgett", "unknown_near", {"near": "budget_cny"}),
        Problem("products[0].colour", "unknown", {"known": "name"}),
    )
    form = Form({"brand": "青屿", "products": [{"name": "衬衫"}]}, problems)
    html = brief_form(form, "", ASSUMPTIONS, "zh")
    at_field = html.split('id="f-gmv_target_cny"', 1)[1]
    assert 'aria-invalid="true"' in at_field.split(">", 1)[0]
    assert "缺少必填项：GMV 目标。" in at_field.split("</label>", 1)[0]
    assert html.count(problems[1].beside_field("zh")) == 1
    assert html.count("colour") >= 1 and html.count('aria-invalid="true"') == 1


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_form_names_choices_in_its_language(language: Any) -> None:
    html = brief_form(Form({"promotion": "none", "category": "女装"}), "", ASSUMPTIONS, language)
    assert '<option value="apparel" selected>' in html and ">none<" not in html
    name = ASSUMPTIONS.promotions("618")[-1].name(language)
    assert f'<option value="618">{name}</option>' in html


# -- the state of a plan ---------------------------------------------------------------------


BRIEF = Brief.read(
    (ROOT / "tests" / "briefs" / "new-shop-618.yaml").read_text(encoding="utf-8"), ASSUMPTIONS
)


def test_a_half_filled_form_leaves_the_plan_alone() -> None:
    planned = PlanDraft(fields={"brand": "甲"}, planned=True, today=date(2026, 11, 1))
    filled = planned.filled({"brand": ""})
    assert filled.fields == {"brand": "甲"} and filled.form() == {"brand": ""}
    held = Work("w", "plan", "甲", NOW, NOW, draft=filled.to_json())
    assert PlanDraft.of(held) == filled
    assert PlanDraft(fields={}).filled({"brand": "乙"}).fields == {"brand": "乙"}


def test_the_form_shows_numbers_that_were_set_in_the_plan() -> None:
    draft = PlanDraft({"budget_cny": 5}, {"brief.budget": 60_000.0, "rate.entry": 12.5}, True)
    assert draft.form() == {"budget_cny": 60_000, "entry_rate_percent": 12.5}


def test_drafting_again_keeps_set_numbers_that_the_plan_still_has() -> None:
    draft = PlanDraft({}, {"brief.budget": 1.0, "test.cells": 4.0, "goods.x": 2.0}, True)
    after = draft.redrafted({"brand": "甲"}, {"brief.budget", "test.cells"})
    assert after.edits == {"test.cells": 4.0} and draft.lost(after) == 1


def test_an_assessment_is_no_plan() -> None:
    with pytest.raises(InputError):
        PlanDraft.of(Work("w", "assessment", "甲", NOW, NOW))


# -- reports ---------------------------------------------------------------------------------


def hostile_report() -> Report:
    """Make a report whose every text is hostile, down to ids and addresses."""
    quote = Quote(HOSTILE, HOSTILE, HOSTILE, 0, 3, HOSTILE)
    value = Value(HOSTILE, 3, "yuan", "cited", HOSTILE, HOSTILE, source=quote, editable=True)
    said = Paragraph(HOSTILE, quotes=(quote,))
    blocks = (
        said,
        Bullets((said,)),
        Table("t", HOSTILE, (HOSTILE, HOSTILE), (Row((HOSTILE, value), quotes=(quote,)),),
              note=HOSTILE),
        Chart("c", HOSTILE, "column", (HOSTILE,), (Series(HOSTILE, (HOSTILE,)),), HOSTILE),
        Timeline("g", HOSTILE, (Span("s", HOSTILE, HOSTILE, "2027-01-01", "2027-01-02", HOSTILE,
                                     HOSTILE),)),
    )  # fmt: skip
    section = Section(HOSTILE, HOSTILE, blocks)
    return Report(HOSTILE, "plan", HOSTILE, HOSTILE, "zh", "2026-11-22", (section,),
                  {HOSTILE: value}, (said,))  # fmt: skip


@pytest.mark.parametrize("editable", [True, False])
def test_nothing_of_a_report_becomes_markup(editable: bool) -> None:
    html = report_view(hostile_report(), editable=editable)
    assert "<script" not in html and "<img" not in html and "\">'" not in html
    assert html.count("&lt;script&gt;") > 10


def test_a_hostile_title_stays_text_in_the_frame() -> None:
    shown = Frame("zh", "plan", HOSTILE, [Work(HOSTILE, "plan", HOSTILE, NOW, NOW, 1)], HOSTILE)
    status = {"documents": 1, "passages": 1, "library_ready": True, "warming": False}
    for html in (work_page(shown, status, ""), around(shown)):
        assert "<script>window" not in html and "<img" not in html


def test_only_an_editable_plan_has_numbers_to_set() -> None:
    plan = draft_plan(BRIEF, ASSUMPTIONS, today=date(2026, 11, 22))
    assert "data-edit-value" not in report_view(plan.report)
    html = report_view(plan.report, editable=True)
    editable = {value.id for value in plan.values.values() if value.editable}
    assert {name for name in editable if f'data-edit-value="{name}"' in html} == editable


def test_long_tables_fold_unless_their_numbers_can_be_set() -> None:
    value = Value("v", 1, "yuan", "assumed", "数", editable=True)
    table = Table("t", "长表", ("数",), tuple(Row((value,)) for _ in range(80)))
    sections = (Section("s", "一", (table,)),)
    report = replace(hostile_report(), sections=sections, values={"v": value}, alerts=())
    assert "<details" in report_view(report)
    assert "<details" not in report_view(report, editable=True)


def test_bars_are_as_long_and_as_late_as_their_days() -> None:
    spans = (Span("a", "p", "一", "2027-01-01", "2027-01-05"),
             Span("b", "q", "二", "2027-01-10", "2027-01-10"))  # fmt: skip
    html = gantt(Timeline("t", "表", spans), "zh")
    assert 'style="left:0.00%;width:50.00%"' in html and 'style="left:95.00%"' in html
    assert html.count("<span style") == 10
    assert gantt(Timeline("t", "表", ()), "zh") == ""


# -- requests --------------------------------------------------------------------------------


def sent(body: bytes, content_type: str = "application/json; charset=utf-8") -> Response:
    """Send a body through `action` to a handler that tells what it was given."""

    def handler(given: Given) -> Drawn:
        if given.text("fail"):
            raise InputError("no", key="error.no_version")
        return Drawn(given.text("name"), location="/plan?id=1", told="已保存")

    pieces = iter([body[:1000], body[1000:]])

    async def receive() -> dict[str, Any]:
        piece = next(pieces, None)
        return {"type": "http.request", "body": piece or b"", "more_body": piece is not None}

    headers = [(b"content-type", content_type.encode()), (b"cookie", b"language=en")]
    scope = {"type": "http", "method": "POST", "headers": headers, "query_string": b"", "path": "/"}
    answer = asyncio.run(requests.action(handler)(Request(scope, receive)))
    assert isinstance(answer, Response)
    return answer


def test_an_action_gives_what_it_drew_and_where_the_reader_is() -> None:
    answer = sent(json.dumps({"name": "青屿"}).encode())
    assert answer.status_code == 200 and bytes(answer.body).decode() == "青屿"
    assert answer.headers["X-Location"] == "/plan?id=1" and answer.headers["X-Told"].isascii()
    assert "X-Problem" not in answer.headers and answer.headers["Cache-Control"] == "no-store"


def refused() -> Iterator[Any]:
    yield pytest.param(b"{}", "text/plain", 415, "error.bad_request", id="no JSON type")
    yield pytest.param(b"a=1", "application/x-www-form-urlencoded", 415, "error.bad_request",
                       id="a form of another site")  # fmt: skip
    yield pytest.param(b"{", "application/json", 400, "error.bad_request", id="broken JSON")
    yield pytest.param(b"[1]", "application/json", 400, "error.bad_request", id="a list")
    yield pytest.param(b"\xff\xfe{", "application/json", 400, "error.bad_request", id="no UTF-8")
    yield pytest.param(b"[" * 200_000, "application/json", 400, "error.bad_request", id="too deep")
    yield pytest.param(b'{"a":"' + b"x" * requests.MAX_BYTES + b'"}', "application/json", 413,
                       "error.too_large", id="too large")  # fmt: skip
    yield pytest.param(b'{"fail":"1"}', "application/json", 400, "error.no_version", id="refused")


@pytest.mark.parametrize(("body", "kind", "status", "key"), list(refused()))
def test_a_bad_request_is_told_beside_the_page(
    body: bytes, kind: str, status: int, key: str
) -> None:
    answer = sent(body, kind)
    assert (answer.status_code, answer.headers["X-Problem"]) == (status, "1")
    assert say("en", key) in bytes(answer.body).decode()
