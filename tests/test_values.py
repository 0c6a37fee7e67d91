"""A stored report comes back as it was."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

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
    report_from_json,
    report_to_json,
)

QUOTE = Quote("playbooks/a.zh.md", "题", "节", 3, 9, "每天 4 小时。", "B")
HOURS = Value("hours", 4.0, "hours", "cited", "时长", source=QUOTE, editable=True)
TOTAL = Value(
    "total", 8.5, "hours", "computed", "合计", rule="total", inputs={"terms": ("hours", "more")}
)
REPORT = Report(
    "r1", "plan", "方案", "副题", "zh", "2026-11-22",
    (
        Section("one", "一", (
            Paragraph("共 8.5 小时。", ("total",), (QUOTE,), "lead"),
            Bullets((Paragraph("先做"), Paragraph("后做", tone="warning")), ordered=True),
            Table("t", "表", ("项", "值"), (Row(("时长", HOURS), quotes=(QUOTE,)),
                                            Row(("合计", TOTAL), "total")), "matrix", "注"),
        )),
        Section("two", "二", (
            Chart("c", "图", "line", ("a", "b"), (Series("s", ("hours", "total")),), "hours"),
            Timeline("g", "时间表", (Span("s1", "burst", "爆发", "2026-11-01", "2026-11-11"),)),
        )),
    ),
    {"hours": HOURS, "total": TOTAL},
    (Paragraph("先看这里", tone="warning"),),
)  # fmt: skip


def test_a_report_comes_back_from_text_as_it_was() -> None:
    assert report_from_json(json.loads(json.dumps(report_to_json(REPORT)))) == REPORT


def test_something_else_is_no_report() -> None:
    with pytest.raises(ValidationError):
        report_from_json({"id": "r1", "sections": [{"id": "one"}]})


def test_quotes_are_listed_once_in_reading_order() -> None:
    assert REPORT.quotes() == (QUOTE,)


def test_a_computed_value_shows_rule_and_inputs_and_a_cited_one_its_source() -> None:
    shown = TOTAL.to_json()
    assert (shown["rule"], shown["inputs"]) == ("total", {"terms": ["hours", "more"]})
    assert "source" not in shown and "rule" not in HOURS.to_json()
    assert HOURS.to_json()["source"]["text"] == QUOTE.text
    assert TOTAL.input_ids() == ("hours", "more")
