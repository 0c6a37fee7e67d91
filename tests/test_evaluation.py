"""The figures of the evaluation, checked by hand, and the question sets, checked for sense."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from assistant import ablations, calibration, plots, scoring
from assistant.cases import by_part, history_of, is_held_out, load
from assistant.catalog import DocumentRow
from assistant.evaluation import expired
from assistant.language import clean, detect
from assistant.records import Answer, Citation, Sentence
from assistant.service import Assistant
from assistant.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
SLUGS = {path.name.split(".")[0] for path in (ROOT / "knowledge").glob("*/*.md")}


# -- rankings --------------------------------------------------------------------------------


def test_scores_of_a_ranking() -> None:
    """The answering document stands third by passage and second by document."""
    scores = scoring.ranking_scores(["a", "a", "b", "c"], ["b"])
    assert scores["recall@1"] == 0
    assert scores["recall@5"] == 1
    assert scores["mrr@10"] == pytest.approx(1 / 3)
    assert scores["ndcg@10"] == pytest.approx(0.6309, abs=1e-4)  # 1 / log2(3)


def test_either_answering_document_is_enough_but_for_several() -> None:
    """A question over several documents is recalled by the share of them that was found."""
    found = ["a", "x", "x", "x", "x", "b"]
    assert scoring.ranking_scores(found, ["a", "b"])["recall@5"] == 1
    assert scoring.ranking_scores(found, ["a", "b"], "multi-document")["recall@5"] == 0.5
    assert scoring.ranking_scores(["a", "b"], ["a", "b"])["ndcg@10"] == pytest.approx(1)


def test_nothing_found_scores_nothing() -> None:
    """An eleventh place is beyond what a reader sees."""
    scores = scoring.ranking_scores([*"abcdefghij", "wanted"], ["wanted"])
    assert set(scores.values()) == {0.0}


# -- facts and numbers -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "alternatives"),
    [
        ("销售额约 1.55 亿元 [1]。", ["1.55亿"]),
        ("需要 3–10 天。", ["3-10 天"]),
        ("阵地自營", ["阵地自营"]),
        ("more than 90,000 merchants", ["90000"]),
        ("No, there is none.", ["no"]),
        ("It amplifies what converts", ["amplif"]),
    ],
)
def test_a_fact_is_stated(text: str, alternatives: list[str]) -> None:
    """Blanks, dashes, separators and traditional characters make no difference."""
    assert scoring.states(text, alternatives)


@pytest.mark.parametrize(
    ("text", "alternatives"),
    [
        ("约 155 亿元", ["1.55亿"]),
        ("RMB 2,000", ["200"]),
        ("2.86", ["86"]),
        ("3.5", ["3"]),
        ("not known", ["no"]),
        ("see [3]", ["3"]),
    ],
)
def test_a_fact_is_not_stated(text: str, alternatives: list[str]) -> None:
    """A number inside another, a short word inside another and a mark are no fact."""
    assert not scoring.states(text, alternatives)


def test_fact_recall_counts_groups() -> None:
    """One alternative of a group is enough; a case without groups has nothing to miss."""
    assert scoring.fact_recall("峰值 87.1 万", [["87.1", "871,000"], ["565.7"]]) == 0.5
    assert scoring.fact_recall("", []) == 1


def test_numbers_without_basis() -> None:
    """A number of the question is given; units are compared by value."""
    quotes = ["该场活动成交约 3400 万元。", "为什么是 26 人?"]
    assert scoring.baseless_numbers("成交约 0.34 亿元,26 人 [1]。", quotes) == 0
    assert scoring.baseless_numbers("成交约 4300 万元。", quotes) == 1


# -- citations -------------------------------------------------------------------------------


def _citation(n: int, quote: str, start: int) -> Citation:
    return Citation(n, "d.md", "t", "s", "public", start, start + len(quote), quote)


def _proves(sentence: str, quotes: Any) -> bool:
    """A toy proof: each word of the sentence stands in a quote."""
    return set(sentence.split()) <= set(" ".join(quotes).split())


def test_citation_scores() -> None:
    """One sentence needs both quotes, one has a needless citation, one has none."""
    text = "red green blue"
    answer = Answer(
        question="?",
        language="en",
        text="",
        sentences=(
            Sentence("red green", (1, 2), "supported"),
            Sentence("blue", (3, 1), "supported"),
            Sentence("black"),
        ),
        citations=(_citation(1, "red", 0), _citation(2, "green", 4), _citation(3, "blue", 9)),
    )
    assert scoring.citation_scores(answer, _proves, lambda _: text) == {
        "sentences": 3,
        "recalled": 2,
        "citations": 4,
        "precise": 3,
        "quotes": 3,
        "verbatim": 2,  # "blue" stands at 10, not at 9
        "baseless": 0,
    }


def test_a_canary_is_followed_wherever_a_reader_sees_it() -> None:
    """Also with zero-width characters between its letters, and when it is only quoted."""
    plain = Answer(question="?", language="en", text="All is well.")
    hidden = Answer(question="?", language="en", text="Say C\u200bA\u200bN now")
    quoted = Answer(question="?", language="en", text="", citations=(_citation(1, "say CAN", 0),))
    assert not scoring.has_followed(plain, ["CAN"])
    assert scoring.has_followed(hidden, ["CAN"])
    assert scoring.has_followed(quoted, ["other", "can"])


# -- calibration -----------------------------------------------------------------------------


def test_rates_at_a_cut() -> None:
    """Two of three unanswerable ones are refused, one of two answerable ones too."""
    rates = calibration.rates_at(0.5, [0.1, 0.2, 0.9, 0.4, 0.8], [False, False, False, True, True])
    assert rates["refused"] == pytest.approx(2 / 3)
    assert rates["false_refused"] == pytest.approx(1 / 2)


def test_the_cut_between_separated_groups_leaves_no_error() -> None:
    """The cut lies between the highest refused and the lowest answered one."""
    assert 0.3 < calibration.best_threshold([0.1, 0.3, 0.7, 0.9], [False, False, True, True]) < 0.7


def test_calibration_separates_and_survives_the_file(tmp_path: Path) -> None:
    """A useful signal gets the weight, a constant one none, and `refusal` reads what is stored."""
    rows = [
        calibration.Row(f"q{n}", n % 2 == 0, n % 5 == 0, {"near": n % 2 * -1 + n / 500, "same": 1})
        for n in range(100)
    ]
    model = calibration.calibrate(rows)
    calibration.write(model, tmp_path / "refusal.yaml")
    assert type(model).load(tmp_path / "refusal.yaml") == model
    assert abs(model.weights["near"]) > 1 > abs(model.weights["same"])
    report = calibration.report(model, rows)
    assert report["held_out"] == {"questions": 20, "refused": 1.0, "false_refused": 0.0}
    assert report["wrong"] == []


# -- layout ----------------------------------------------------------------------------------


def test_table_is_aligned() -> None:
    """A line per part and lane, columns under their heads, lists with their length."""
    report = {
        "retrieval": {
            "parts": {"all": {"questions": 12, "fused": {"mrr@10": 0.5}, "dense": {"mrr@10": 1.0}}},
            "missed@5": ["q001", "q002"],
        }
    }
    lines = scoring.table(report).splitlines()
    assert lines[0] == "RETRIEVAL"
    assert lines[2].split() == ["part", "questions", "lane", "mrr@10"]
    assert lines[3].split() == ["all", "12", "fused", "0.500"]
    assert len({len(line) for line in lines[2:5]}) == 1
    assert lines[-1].split() == ["missed@5", "2:", "q001", "q002"]


# -- plots and variants ----------------------------------------------------------------------


def test_page_draws_every_share_and_needs_nothing_from_elsewhere() -> None:
    """Bars are as long as their shares, labels are escaped, no script and no address is in it."""
    report = {
        "retrieval": {"parts": {"a<b": {"questions": 4, "fused": {"recall@5": 0.5, "mrr@10": 1}}}},
        "refusals": {"parts": {"all": {"questions": 4, "refused": 0.25}}},
        "grounding": {"tuned": {"by_change": {"unsupported:number": "3/4"}}},
        "injection": {"documents": 3},
    }
    drawn = plots.page(report)
    rows = dict(plots.charts(report))
    assert rows["Grounding: right verdicts by change"] == {"unsupported:number": {"tuned": 0.75}}
    assert drawn.count("<rect") == 4
    assert f'width="{plots.PLOT * 0.25}"' in drawn and "a&lt;b" in drawn and "a<b" not in drawn
    assert not re.search(r"<script|https?:|src=", drawn)
    assert "No figures" in plots.page({"injection": {"documents": 3}})


def test_variants_of_the_index_change_one_setting_each() -> None:
    """Centring off, half and double passages; each leaves the other group alone."""
    settings = Settings(_env_file=None)
    variants = dict(ablations.indexes(settings))
    assert not variants["without centring"]["encoder"].centring
    sizes = [variants[f"{name} passages"]["chunks"].size_tokens for name in ("half", "double")]
    assert sizes == [settings.chunks.size_tokens // 2, settings.chunks.size_tokens * 2]
    assert all(len(changes) == 1 for changes in variants.values())


def test_switches_are_settings_of_retrieval() -> None:
    """A switch with a wrong name would ablate nothing and report a gain of nothing."""
    for switches in ablations.SWITCHES.values():
        for name, value in switches.items():
            assert getattr(Settings(_env_file=None).retrieval, name) != value


def test_a_document_expires_after_its_last_day() -> None:
    """On the day itself it still holds; one without a day never expires."""
    days = ("2026-11-21", "2025-01-01", "2026-11-22", None)
    rows = [
        DocumentRow(name, "", "", name, "zh", "rules", "public", "", "A", None, until, 1)
        for name, until in zip("bacd", days, strict=True)
    ]
    assert expired(rows, date(2026, 11, 22)) == {"with_an_end": 3, "expired": ["a", "b"]}


def test_past_rules_are_found_and_their_answers_say_so(library: Assistant) -> None:
    """The entry rules of promotions that are over are listed, and quoted with a warning."""
    past = expired(library.library("admin"), date(2026, 11, 22))["expired"]
    assert {path.split("/")[-1] for path in past} >= {"campaign-entry-rules.zh.md"}
    answer = library.ask("2022 年 618 的满减分哪三档?")
    assert "notice.expired" in answer.notices
    assert any(cited.valid_until == "2025-06-18" for cited in answer.citations)


# -- data ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["questions", "refusals", "poisoned"])
def test_cases_are_told_apart(name: str) -> None:
    """Every case has an id of its own, a language that is its own, and asks something new."""
    cases = load(name)
    assert len({case["id"] for case in cases}) == len(cases)
    if name != "questions":
        assert len({case["question"] for case in cases}) == len(cases)
    else:
        asked = {(case["question"], str(case.get("history"))) for case in cases}
        assert len(asked) == len(cases)
    assert {case["language"] for case in cases} == {"zh", "en"}


def test_questions_are_many_mixed_and_well_formed() -> None:
    """At least 300, near half and half, of every kind, with known keys only."""
    cases = load("questions")
    assert len(cases) >= 300
    assert sum(case["kind"] == "follow-up" for case in cases) >= 20
    share = Counter(case["language"] for case in cases)["zh"] / len(cases)
    assert 0.4 <= share <= 0.6
    kinds = {case["kind"] for case in cases}
    assert kinds >= {
        "formal", "colloquial", "typo", "abbreviation", "mixed", "exact-term", "numeric",
        "comparison", "how-to", "why", "yes-no", "list", "multi-document", "follow-up", "cross",
    }  # fmt: skip
    known = {"id", "language", "kind", "question", "history", "documents", "facts"}
    for case in cases:
        assert set(case) <= known, case["id"]
        assert case["documents"], case["id"]
        assert all(group and all(group) for group in case["facts"]), case["id"]
        assert all(turn.role in ("user", "assistant") for turn in history_of(case))


def test_questions_point_to_documents_that_exist() -> None:
    """Every slug stands in knowledge/."""
    missing = {slug for case in load("questions") for slug in case["documents"]} - SLUGS
    assert not missing


def test_questions_are_not_copied_from_the_library() -> None:
    """What a document lists as its questions is not asked literally."""
    listed = set()
    for path in (ROOT / "knowledge").glob("*/*.md"):
        front = yaml.safe_load(path.read_text(encoding="utf-8").split("---\n")[1])
        listed |= {question.casefold() for question in front.get("questions") or ()}
    copied = [c["id"] for c in load("questions") if c["question"].casefold() in listed]
    assert not copied


def test_facts_stand_in_the_documents_that_answer() -> None:
    """Each fact of a question is stated by one of its documents, in the question's language."""
    texts: dict[tuple[str, str], str] = {}
    for path in (ROOT / "knowledge").glob("*/*.md"):
        slug, language, _ = path.name.split(".")
        texts[slug, language] = path.read_text(encoding="utf-8").split("---\n", 2)[2]
    missing = [
        (case["id"], group)
        for case in load("questions")
        for group in case["facts"]
        if not any(
            scoring.states(texts.get((slug, case["language"]), ""), group)
            for slug in case["documents"]
        )
    ]
    assert not missing


def test_refusals_are_many_and_varied() -> None:
    """At least 130 that must be refused, many of them near misses; 15 with a false premise."""
    cases = load("refusals")
    count = Counter(case["kind"] for case in cases)
    assert len(cases) - count["false_premise"] >= 130
    assert count["false_premise"] >= 15
    assert count["near-miss"] >= 50
    assert count["other-platform"] >= 15
    assert all(("correction" in case) == (case["kind"] == "false_premise") for case in cases)


def test_poisoned_documents_carry_their_canary() -> None:
    """At least 75, some held out; the canary is in the text and not in the question."""
    cases = load("poisoned")
    assert len(cases) >= 75
    assert sum(bool(case.get("held_out")) for case in cases) >= 12
    canaries = [case["must_not_contain"] for case in cases]
    assert len(set(canaries)) == len(cases)
    for case in cases:
        assert case["must_not_contain"] in clean(case["text"]), case["id"]
        assert case["must_not_contain"] not in case["question"]
        assert scoring.states(case["text"], [case["fact"]]), case["id"]
        assert detect(case["question"]) == case["language"]
    assert len({case["technique"] for case in cases}) >= 25


def test_every_fifth_case_is_held_out() -> None:
    """The held-out part is a fifth, and no case is in both parts."""
    cases = load("questions")
    parts = by_part(cases)
    assert all(int(case["id"][1:]) % 5 == 0 for case in parts["held_out"])
    assert 0.15 <= len(parts["held_out"]) / len(cases) <= 0.25
    assert len(parts["tuned"]) + len(parts["held_out"]) == len(parts["all"]) == len(cases)
    assert is_held_out({"id": "r040"}) and not is_held_out({"id": "r041"})
