"""The grounding check on the labelled set, on hostile text, and its promises about quotes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.grounding import Evidence, check, check_text, measure, split_answer
from assistant.language import sentences
from assistant.records import CheckedSentence

LABELLED = yaml.safe_load(
    (Path(__file__).parent / "evals" / "grounding.yaml").read_text(encoding="utf-8")
)
PASSAGES: dict[str, str] = LABELLED["passages"]
CASES: list[dict[str, Any]] = LABELLED["cases"]
COPIED = [
    (key, text[start:end]) for key, text in PASSAGES.items() for start, end in sentences(text)
]


def evidence(key: str) -> Evidence:
    return Evidence(PASSAGES[key], "en" if key.endswith("_en") else "zh")


def verdict(case: Mapping[str, Any]) -> CheckedSentence:
    claim = (case["claim"], tuple(case.get("marks", ())))
    return check([claim], [evidence(key) for key in case["evidence"]])[0]


def held_apart(case: Mapping[str, Any]) -> bool:
    """Tell the cases that were never looked at; all of the freely reworded ones were."""
    return int(case["id"][1:]) % 5 == 0 and case["change"] not in ("free", "various")


def test_the_labelled_set_is_large_and_well_formed() -> None:
    assert len(CASES) >= 260
    assert len({case["id"] for case in CASES}) == len(CASES)
    assert sum(case["label"] == "supported" for case in CASES) >= 90
    assert {case["language"] for case in CASES} == {"zh", "en"}


@pytest.mark.parametrize("part", ["all", "held apart"])
def test_changed_sentences_are_caught_and_true_ones_pass(part: str) -> None:
    figures = measure([c for c in CASES if part == "all" or held_apart(c)], verdict)
    assert figures["numbers_caught"] >= 0.98, figures
    assert figures["others_caught"] >= 0.90, figures
    assert figures["false_alarms"] <= 0.05, figures


@pytest.mark.parametrize(("key", "copied"), COPIED)
def test_a_copied_sentence_is_proven_by_its_source(key: str, copied: str) -> None:
    source = evidence(key)
    found = check([(copied, (1,))], [source])[0]
    assert found.status == "supported"
    assert source.text[found.start : found.end] == found.quote == copied


@pytest.mark.parametrize(("key", "copied"), COPIED)
def test_any_other_digit_makes_a_copied_sentence_unproven(key: str, copied: str) -> None:
    for place, digit in enumerate(copied):
        if digit.isdecimal():
            changed = copied[:place] + str((int(digit) + 1) % 10) + copied[place + 1 :]
            assert check([(changed, ())], [evidence(key)])[0].status == "unsupported", changed


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=120), st.lists(st.text(max_size=120), max_size=3))
def test_no_text_breaks_the_check_and_quotes_are_verbatim(text: str, sources: list[str]) -> None:
    listed = [Evidence(source) for source in sources]
    for found in check_text(text, listed):
        if found.status == "supported":
            assert found.evidence is not None
            assert listed[found.evidence].text[found.start : found.end] == found.quote


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(COPIED), st.sampled_from(COPIED))
def test_pieces_of_true_sentences_never_break_the_check(
    one: tuple[str, str], two: tuple[str, str]
) -> None:
    mixed = one[1][: len(one[1]) // 2] + two[1][len(two[1]) // 2 :]
    source = evidence(one[0])
    for found in check_text(mixed, [source]):
        assert source.text[found.start : found.end] == found.quote


def test_the_quote_is_the_smallest_span_that_proves() -> None:
    source = evidence("score")
    found = check([("服务体验 35%、商品体验 50%、物流体验 15%。", ())], [source])[0]
    assert found.quote == "体验分由商品体验 50%、物流体验 15%、服务体验 35% 加权得出。"


def test_a_right_fact_with_a_wrong_citation_names_the_right_one() -> None:
    claim = "体验分由商品体验 50%、物流体验 15%、服务体验 35% 加权得出。"
    found = check([(claim, (2,))], [evidence("score"), evidence("cs")])[0]
    assert found.status == "unsupported"
    assert "evidence 1 would support it" in found.reason


def test_a_citation_that_does_not_exist_is_reported() -> None:
    found = check([("考核时段是 8:00 到 22:59。", (7,))], [evidence("cs")])[0]
    assert (found.status, found.reason) == ("unsupported", "unknown citation 7")


def test_a_sentence_may_rest_on_two_citations() -> None:
    claim = "DP 比 TP 更劳动密集,账号和数据归品牌所有。"
    sources = [evidence("dp"), evidence("contract")]
    assert check([(claim, (1, 2))], sources)[0].status == "supported"
    assert check([(claim, (1,))], sources)[0].status == "unsupported"


def test_numbers_of_the_question_may_be_repeated() -> None:
    source = Evidence("排班人数等于所需在线人数除以(1 − 缩减率)。")
    claim = "缩减率 25% 时,排班人数等于所需在线人数除以(1 − 缩减率)。"
    assert check([(claim, ())], [source], given="缩减率 25%,怎么排班?")[0].status == "supported"
    assert check([(claim, ())], [source])[0].status == "unsupported"


def test_synonyms_of_the_caller_are_names_of_one_thing() -> None:
    source = Evidence("精选联盟的佣金由商家设定。")
    claim = [("精选好物联盟的佣金由商家设定。", ())]
    assert check(claim, [source])[0].status == "unsupported"
    same_thing = [("精选联盟", "精选好物联盟")]
    assert check(claim, [source], synonyms=same_thing)[0].status == "supported"


def test_similarity_lets_a_translation_without_numbers_pass() -> None:
    def close(claims: object, passages: object) -> np.ndarray:
        return np.ones((1, 1))

    source = Evidence("Accounts and data belong to the brand.", "en")
    claim = [("账号和数据归品牌所有。", ())]
    assert check(claim, [source], similarity=close)[0].status == "supported"


def test_no_evidence_proves_nothing() -> None:
    assert check([("账号归品牌所有。", ())], [])[0].status == "unsupported"
    assert check_text("", [evidence("cs")]) == []


def test_an_answer_is_cut_into_sentences_and_marks() -> None:
    answer = (
        "## 结论\n\nF 和 A 负责**稳定日销**[1]。C 和 T 负责爆发。[2][3]\n\n步骤如下:\n\n"
        "1. 先测试【4】。\n2. 再放大 [5,6]\n- 见[说明](http://a.b)。\n\n```\ncode [9]\n```\n"
    )
    assert split_answer(answer) == [
        ("F 和 A 负责稳定日销。", (1,)),
        ("C 和 T 负责爆发。", (2, 3)),
        ("先测试。", (4,)),
        ("再放大", (5, 6)),
        ("见[说明](http://a.b)。", ()),
    ]
