"""The planning data say where each number comes from, and the library says it there."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from assistant.frontmatter import read_front_matter

KNOWLEDGE = Path(__file__).parents[1] / "knowledge"
STAGES = ("cold-start", "growth", "mature")


def rows(name: str) -> list[dict[str, Any]]:
    text = (KNOWLEDGE / "planning" / f"{name}.yaml").read_text(encoding="utf-8")
    found: list[dict[str, Any]] = yaml.safe_load(text)
    return found


def document(slug: str, language: str = "zh") -> str:
    (path,) = KNOWLEDGE.glob(f"*/{slug}.{language}.md")
    return path.read_text(encoding="utf-8")


def body(slug: str) -> str:
    text = document(slug)
    return text[read_front_matter(text, slug)[1] :].replace(",", "")


def values(row: dict[str, Any]) -> list[float]:
    value = row["value"]
    return value if isinstance(value, list) else [value]


@pytest.mark.parametrize("name", ["defaults", "promotion-calendar", "compliance-terms"])
def test_ids_are_unique(name: str) -> None:
    ids = [row["id"] for row in rows(name)]
    assert ids and len(ids) == len(set(ids))


def test_a_default_is_cited_or_assumed() -> None:
    cited = {"id", "value", "unit", "basis", "source", "confidence", "note_zh", "note_en"}
    for row in rows("defaults"):
        assumed = row["basis"] == "assumed"
        needed = cited - {"source", "confidence"} if assumed else cited
        optional = {"pick"} if assumed else {"pick", "quote_zh", "quote_en"}
        assert needed <= set(row) <= needed | optional, row["id"]
        assert assumed or (row["basis"] == "cited" and row["confidence"] in "ABC"), row["id"]
        assert row["note_zh"] and row["note_en"]


@pytest.mark.parametrize("row", rows("defaults"), ids=lambda row: row["id"])
def test_a_cited_default_stands_in_its_document(row: dict[str, Any]) -> None:
    assert values(row) and all(value >= 0 for value in values(row))
    if row["basis"] == "cited":
        text = body(row["source"])
        for value in values(row):
            assert re.search(rf"(?<![\d.]){re.escape(f'{value:g}')}(?![\d.]*\d)", text), value


def test_doubtful_defaults_say_so() -> None:
    for row in rows("defaults"):
        if row.get("confidence") == "C":
            assert re.search("未核实|算例", row["note_zh"]), row["id"]
            assert re.search("unverified|worked example", row["note_en"]), row["id"]


def test_shares_sum_to_a_hundred() -> None:
    shares = {row["id"]: row["value"] for row in rows("defaults")}
    parts = ("build-up", "warm-up", "burst", "return")
    assert sum(shares[f"phase-share-{part}"] for part in parts) == 100
    for stage in STAGES:
        quadrants = ("field", "alliance", "campaign", "kol")
        assert sum(shares[f"fact-{stage}-{name}"] for name in quadrants) == 100


def chinese_date(text: str) -> str:
    day = date.fromisoformat(text)
    return f"{day.month} 月 {day.day} 日"


@pytest.mark.parametrize("node", rows("promotion-calendar"), ids=lambda node: node["id"])
def test_a_node_is_dated_as_in_the_library(node: dict[str, Any]) -> None:
    text = document(node["source"])
    assert f'name: "{node["source_name"]}"' in text
    if "end" not in node:
        assert re.fullmatch(r"\d{4}-\d{2}", node["start"])
        return
    assert chinese_date(node["start"]) in body(node["source"])
    assert date.fromisoformat(node["start"]) < date.fromisoformat(node["end"])
    assert date.fromisoformat(node["end"]).year == node["year"]
    if opening := node.get("registration_from"):
        assert chinese_date(opening) in body(node["source"])
        assert opening < node["start"]
    for phase in node.get("phases", ()):
        assert node["start"] <= phase["start"] <= phase["end"] <= node["end"]


def test_nodes_stand_in_order() -> None:
    starts = [node["start"] for node in rows("promotion-calendar")]
    assert starts == sorted(starts)


@pytest.mark.parametrize("word", rows("vocabulary"), ids=lambda word: str(word["key"]))
def test_a_word_stands_under_one_key_of_its_group(word: dict[str, Any]) -> None:
    said = [str(name).lower() for name in (*word.get("zh", ()), *word.get("en", ()))]
    assert said and len(said) == len(set(said))
    others = [row for row in rows("vocabulary") if row["group"] == word["group"] and row != word]
    taken = {str(n).lower() for row in others for n in (*row.get("zh", ()), *row.get("en", ()))}
    assert not taken & {*said, str(word["key"])}


@pytest.mark.parametrize("term", rows("compliance-terms"), ids=lambda term: term["id"])
def test_a_term_has_rule_scope_and_way_out(term: dict[str, Any]) -> None:
    assert term["kind"] in ("wording", "tactic")
    assert term["scope"] and term["terms_zh"] and term["terms_en"]
    assert term["rule_zh"] and term["rule_en"] and term["instead_zh"] and term["instead_en"]
    for number in re.findall(r"\d+", term["rule_zh"]):
        assert number in body(term["source"]), number
