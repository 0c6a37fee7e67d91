"""Kinds, defects and follow-ups of questions in both languages."""

from __future__ import annotations

import pytest

from assistant.glossary import Glossary, Term
from assistant.questions import condense, defect_of, kind_of, language_of, tidy, wants_more
from assistant.records import Turn


def term(identity: str, zh: str, en: str, *aliases: str) -> Term:
    """Make a glossary term whose definition does not matter."""
    return Term(
        id=identity, zh=zh, en=en, aliases=aliases, definition_zh="", definition_en="", source="-"
    )


GLOSSARY = Glossary(
    [
        term("fact-matrix", "FACT 经营矩阵", "FACT matrix", "FACT"),
        term("self-live", "商家自播", "brand self-live", "自播", "店播"),
        term("creator", "达人", "creator", "influencer"),
        term("gpm", "千次成交额", "GMV per mille", "GPM"),
    ]
)


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("FACT 矩阵里哪些用于日常经营?", "list"),
        ("直播爆量时客服怎么排?", "how_to"),
        ("日均咨询 3000 条,一人同时接 5 个,要几个客服?", "calculation"),
        ("With 3000 chats a day and 5 at once, how many agents do I need?", "calculation"),
        ("how do we cold-start a new live room?", "how_to"),
        ("What is GPM?", "definition"),
        ("服务商是什么", "definition"),
        ("为什么要先小流量测试?", "why"),
        ("DP 和 TP 有什么区别?", "compare"),
        ("Teenie Weenie 2021 年 2 月卖了多少?", "how_many"),
        ("When did FACT+ come out?", "how_many"),
        ("体验分现在还是 5 分制吗?", "yes_no"),
        ("人群画像", "open"),
    ],
)
def test_kind(question: str, kind: str) -> None:
    """The kind steers the writer; the more specific pattern wins."""
    assert kind_of(question) == kind


@pytest.mark.parametrize(
    ("question", "defect"),
    [
        ("", "empty"),
        ("\u200b\u202e \x00", "empty"),
        ("问" * 2001, "too_long"),
        ("ماهي أفضل طريقة للبيع", "other_language"),
        ("Как продавать на Douyin?", "other_language"),
        ("???!!!", "nonsense"),
        ("啊啊啊啊啊啊啊啊", "nonsense"),
        ("12345 67890", "nonsense"),
        ("sdfghjkl", "nonsense"),
        ("什么是 GPM", None),
        ("GPM", None),
        ("客服", None),
    ],
)
def test_defect(question: str, defect: str | None) -> None:
    """Unusable questions are named by their defect, short real ones are not."""
    assert defect_of(tidy(question), 2000) == defect


@pytest.mark.parametrize(
    ("question", "before", "searched"),
    [
        ("那达人呢?", "自播在 FACT 里负责什么?", "达人在 fact 里负责什么?"),
        ("what about influencer?", "What does brand self-live do?", "what does influencer do?"),
        ("为什么?", "自播成本可控吗?", "自播成本可控吗? 为什么?"),
        ("千次成交额怎么算?", "自播在 FACT 里负责什么?", "千次成交额怎么算?"),
    ],
)
def test_condense(question: str, before: str, searched: str) -> None:
    """A follow-up takes what it lacks from the question before; others stay alone."""
    history = [Turn("user", before), Turn("assistant", "…")]
    assert condense(question, history, GLOSSARY) == searched


def test_condense_reaches_back_over_follow_ups() -> None:
    """A chain of follow-ups still knows what the first question was about."""
    history = [Turn("user", "自播在 FACT 里负责什么?"), Turn("user", "那达人呢?")]
    assert "达人" in condense("为什么?", history, GLOSSARY)


def test_language_follows_the_question_then_the_conversation() -> None:
    """A bare name does not switch the language of a conversation."""
    assert language_of("What is GPM?") == "en"
    assert language_of("GPM?", [Turn("user", "什么是自播?")]) == "zh"
    assert language_of("GPM 是什么") == "zh"


def test_wants_more() -> None:
    """Length is given only on request."""
    assert wants_more("详细说说冷启动") and not wants_more("冷启动多久?")


def test_glossary_prefers_the_longest_name_and_keeps_latin_words_whole() -> None:
    """`商家自播` is one mention, and GPM inside another word is none."""
    assert [m.name for m in GLOSSARY.mentions("商家自播和GPM")] == ["商家自播", "gpm"]
    assert GLOSSARY.mentions("gpmx") == []
    assert "千次成交额" in GLOSSARY.expansions("GPM 是什么")
