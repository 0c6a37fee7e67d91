"""The planning data leave their module as values with a basis, quoted where the library says it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

import pytest
import yaml

from assistant.errors import ConfigurationError
from assistant.loading import Origin, discover, load, read_bytes
from assistant.messages import LANGUAGES, knows
from assistant.plan.assumptions import Assumptions, stands_in, unit_key
from assistant.records import Document, Language
from assistant.values import Quote

KNOWLEDGE = Path(__file__).parents[1] / "knowledge"
ASSUMPTIONS = Assumptions.load(KNOWLEDGE)
CITED = sorted(name for name, entry in ASSUMPTIONS.defaults.items() if entry.basis == "cited")
SINGLE = [name for name, entry in ASSUMPTIONS.defaults.items() if len(entry.numbers) <= 2]
TODAY = date(2026, 11, 22)


@pytest.fixture(scope="module")
def library() -> Callable[[str], Document]:
    """Read a document as an ingest reads it, by its logical path."""
    origins = {o.path: o for o in discover([KNOWLEDGE]) if isinstance(o, Origin)}
    return lambda path: load(origins[path], read_bytes(origins[path]))


def stands(quote: Quote, document: Document) -> bool:
    return (
        document.text[quote.start : quote.end] == quote.text
        and quote.title == document.title
        and any(quote.section == section.headings[-1] for section in document.sections)
    )


# Defaults.


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", CITED)
def test_a_cited_default_is_quoted_with_its_numbers(
    name: str, language: Language, library: Callable[[str], Document]
) -> None:
    quote = ASSUMPTIONS.quote(name, language)
    assert stands(quote, library(quote.document))
    assert all(stands_in(number, quote.text) for number in ASSUMPTIONS.range(name))
    assert quote.confidence == ASSUMPTIONS.entry(name).confidence
    assert quote.document.endswith(f"/{ASSUMPTIONS.entry(name).source}.{language}.md")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("roi-apparel", "服饰直播间"), ("roi-beauty", "美妆直播间参考"), ("gpm-food", "食品健康"),
        ("gpm-premium-beauty", "高端美妆"), ("ad-ctr-beauty", "CTR"), ("ad-cvr-beauty", "CVR"),
        ("ad-ctr-premium-beauty", "CTR"), ("ad-cvr-premium-beauty", "CVR"),
        ("ad-ctr-food", "CTR"), ("pass-dwell", "及格线"), ("pass-click-to-order", "点击到成交"),
        ("creator-commission", "佣金"), ("ship-within", "发货"), ("test-power", "功效"),
        ("return-rate-womens-wear", "女装"), ("settlement-days-passed", "账期为 14 天"),
        ("warm-up-videos", "预热视频"), ("crew-mature", "6 人以上"),
    ],
)  # fmt: skip
def test_a_quote_is_about_its_default(name: str, words: str) -> None:
    assert words in ASSUMPTIONS.quote(name, "zh").text


def test_both_languages_quote_the_same_document() -> None:
    for name in CITED:
        chinese, english = (ASSUMPTIONS.quote(name, language) for language in LANGUAGES)
        assert chinese.document.replace(".zh.", ".en.") == english.document


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", SINGLE)
def test_a_value_says_its_basis(name: str, language: Language) -> None:
    entry, value = ASSUMPTIONS.entry(name), ASSUMPTIONS.value(name, language)
    assert value.id == name and value.editable and not value.edited and value.label
    assert knows(f"unit.{value.unit}"), value.unit
    assert bool(value.source) == (entry.basis == "cited")
    if len(entry.numbers) == 2:
        low, high = entry.numbers
        assert (value.low, value.high, value.basis) == (low, high, "assumed")
        assert low <= value.value <= high and f"{low:g}" in value.note
    else:
        assert value.basis == entry.basis and value.value == entry.numbers[0]
        assert (value.low, value.high) == (None, None)


def test_the_point_of_a_range_is_its_middle_unless_picked() -> None:
    value = ASSUMPTIONS.value("roi-apparel", "zh", "目标 ROI", "assume.roi")
    assert (value.id, value.label, value.value) == ("assume.roi", "目标 ROI", 2.5)
    assert (value.low, value.high, value.basis) == (2, 3, "assumed")
    assert value.source and "ROI 2–3" in value.source.text
    assert value.note.endswith("取引用区间 2–3 的中点")


def test_a_picked_point_says_so(tmp_path: Path) -> None:
    data = copied(tmp_path, "defaults", lambda rows: row(rows, "roi-apparel").update(pick=2.2))
    value = data.value("roi-apparel", "en")
    assert (value.value, value.basis, value.low, value.high) == (2.2, "assumed", 2, 3)
    assert "taken from the cited range 2 to 3" in value.note


def test_a_list_of_points_has_no_single_value() -> None:
    assert ASSUMPTIONS.range("checklist-days-before") == (30, 14, 7, 1)
    with pytest.raises(ConfigurationError, match="points"):
        ASSUMPTIONS.value("checklist-days-before", "zh")


def test_an_unknown_default_is_named() -> None:
    assert "roi-apparel" in ASSUMPTIONS and "roi-ships" not in ASSUMPTIONS
    with pytest.raises(ConfigurationError, match="roi-ships"):
        ASSUMPTIONS.value("roi-ships", "zh")


@pytest.mark.parametrize(
    "kind", ["gpm", "dwell", "roi", "ad-ctr", "ad-cvr", "ad-cost-share"]
)
def test_other_categories_take_the_median_of_the_cited_ones(kind: str) -> None:
    own = [name for name in ASSUMPTIONS.categories() if name != "other"]
    assert len(own) == 5
    middles = [sum(ASSUMPTIONS.range(f"{kind}-{name}")) / 2 for name in own]
    other = ASSUMPTIONS.value(ASSUMPTIONS.for_category(kind, "other"), "zh")
    assert (other.value, other.basis, other.source) == (median(middles), "assumed", None)
    assert ASSUMPTIONS.for_category(kind, "apparel") == f"{kind}-apparel"
    assert ASSUMPTIONS.for_category(kind, "ships") == f"{kind}-other"


def test_digits_stand_as_they_are() -> None:
    assert stands_in(2000, "RMB 2,000 a plan") and stands_in(2.5, "2%–2.5%")
    assert stands_in(2, "T−2、14") and stands_in(1000, "上限 1000 单。")
    assert not stands_in(2, "12") and not stands_in(2, "2.5") and not stands_in(20, "2000")
    assert not stands_in(5, "2.5") and not stands_in(2, "2,000")


def test_a_unit_gives_the_key_of_the_unit_table() -> None:
    assert unit_key("yuan per thousand views") == "yuan_per_thousand_views"


# Promotions.


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("entry", [e for e in ASSUMPTIONS.calendar if e.end], ids=lambda e: e.id)
def test_a_dated_promotion_is_quoted_with_its_days(
    entry: Any, language: Language, library: Callable[[str], Document]
) -> None:
    found = ASSUMPTIONS.estimate(entry.node, entry.year, language)
    assert (found.start.isoformat(), found.end) == (entry.start, entry.end)
    assert not found.estimated and found.based_on == entry.id
    assert stands(found.source, library(found.source.document))
    for number in (found.start.day, found.end.day, entry.year):
        assert stands_in(number, found.source.text), number


def test_a_year_without_dates_takes_the_latest_ones_as_an_estimate() -> None:
    found = ASSUMPTIONS.estimate("618", 2027, "zh")
    assert (found.start, found.end) == (date(2027, 5, 13), date(2027, 6, 18))
    assert found.estimated and found.based_on == "618-2025" and "2025 年" in found.source.text
    festival = ASSUMPTIONS.estimate("new-year", 2028, "en")
    assert festival.start == date(2028, 1, 13) and festival.name == "new-year goods festival"
    merged = ASSUMPTIONS.estimate("double-11", 2027, "zh")
    assert merged.registration_from == date(2027, 9, 8)
    assert ASSUMPTIONS.estimate("double-11", 2024, "zh").phases[1][0] == "main"


def test_the_next_promotion_does_not_begin_before_today() -> None:
    for node in ASSUMPTIONS.nodes():
        found = ASSUMPTIONS.next_promotion(node, TODAY, "zh")
        assert found.start >= TODAY and (found.start - TODAY).days <= 366
    exact = ASSUMPTIONS.next_promotion("618", date(2025, 1, 1), "zh")
    assert (exact.year, exact.estimated) == (2025, False)


def test_nodes_are_those_with_days() -> None:
    assert set(ASSUMPTIONS.nodes()) == {
        "new-year", "38", "520", "618", "818", "double-11", "double-12"}  # fmt: skip
    assert [p.id for p in ASSUMPTIONS.promotions("818")] == ["818-2021"]
    with pytest.raises(ConfigurationError, match="wonder-goods"):
        ASSUMPTIONS.estimate("wonder-goods", 2027, "zh")


# Compliance terms.


def test_words_of_the_rules_are_found_at_their_place(
    library: Callable[[str], Document],
) -> None:
    text = "这款面霜是全球第一，３天美白，还能药妆级修护。"
    hits = ASSUMPTIONS.check(text, "zh")
    assert [hit.text for hit in hits] == ["全球第一", "美白", "药妆"]
    assert [hit.term for hit in hits] == [
        "absolute-live", "special-efficacy", "medicated-cosmetics"]  # fmt: skip
    for hit in hits:
        assert text[hit.start : hit.end] == hit.text and hit.rule and hit.instead
        assert stands(hit.source, library(hit.source.document))


def test_english_words_are_found_whole_and_in_any_case() -> None:
    (hit,) = ASSUMPTIONS.check("THE BEST cream, and the bestseller", "en")
    assert (hit.text, hit.term) == ("THE BEST", "absolute")
    assert "Article 9" in hit.rule and hit.source.document.endswith(".en.md")


def test_traditional_and_full_width_words_are_found() -> None:
    assert [hit.text for hit in ASSUMPTIONS.check("國家級品質", "zh")] == ["國家級"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_term_is_found_and_quoted(language: Language) -> None:
    for term in ASSUMPTIONS.terms:
        for word in term.terms_zh if language == "zh" else term.terms_en:
            hits = [hit for hit in ASSUMPTIONS.check(word, language) if hit.term == term.id]
            assert hits and hits[0].kind == term.kind, word
            numbers = re.findall(r"\d+", term.rule_zh if language == "zh" else term.rule_en)
            document = ASSUMPTIONS.document(term.source, language).text
            assert all(stands_in(float(number), document) for number in numbers), term.id


def test_plain_text_has_no_hits() -> None:
    assert ASSUMPTIONS.check("自然、舒适、通勤；calm and practical", "zh") == []


# Loading.


def row(rows: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(one for one in rows if one["id"] == name)


def copied(
    folder: Path, name: str, change: Callable[[list[dict[str, Any]]], object]
) -> Assumptions:
    """Load a copy of the knowledge with one planning file changed."""
    target = folder / "knowledge"
    shutil.copytree(KNOWLEDGE, target)
    path = target / "planning" / f"{name}.yaml"
    rows = yaml.safe_load(path.read_text(encoding="utf-8"))
    change(rows)
    path.write_text(yaml.safe_dump(rows, allow_unicode=True), encoding="utf-8")
    return Assumptions.load(target)


@pytest.mark.parametrize(
    ("name", "change", "says"),
    [
        ("defaults", lambda r: row(r, "pass-gpm").update(value="many"), "pass-gpm: value"),
        ("defaults", lambda r: row(r, "pass-gpm").update(value=-1), "pass-gpm: value"),
        ("defaults", lambda r: row(r, "pass-gpm").update(colour="red"), "pass-gpm: colour"),
        ("defaults", lambda r: row(r, "pass-gpm").pop("source"), "pass-gpm: .*source"),
        ("defaults", lambda r: row(r, "roi-apparel").update(pick=9), "roi-apparel: .*pick"),
        ("defaults", lambda r: r.append(dict(r[0])), "stands there twice"),
        ("promotion-calendar", lambda r: r[-1].update(end="soon"), "double-11-2025: end"),
        ("compliance-terms", lambda r: r[0].update(kind="taste"), "absolute: kind"),
        ("vocabulary", lambda r: r[0].update(group="mood"), "group"),
        ("vocabulary", lambda r: r.append("word"), "entry"),
    ],
)
def test_a_wrong_entry_is_named(
    tmp_path: Path, name: str, change: Callable[[list[dict[str, Any]]], object], says: str
) -> None:
    with pytest.raises(ConfigurationError, match=says):
        copied(tmp_path, name, change)


def test_a_number_that_its_document_does_not_have_is_named(tmp_path: Path) -> None:
    data = copied(tmp_path, "defaults", lambda r: row(r, "pass-gpm").update(value=1234.5))
    with pytest.raises(ConfigurationError, match="pass-gpm"):
        data.value("pass-gpm", "zh")


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"defaults\.yaml"):
        Assumptions.load(tmp_path)
