"""Conversations, feedback and gaps of one owner."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from assistant.database import Database
from assistant.errors import InputError
from assistant.history import History
from assistant.records import Answer, Citation, Nearest, Sentence, Turn
from assistant.settings import StoreSettings

ANSWER = Answer(
    question="什么是自播?",
    language="zh",
    text="自播是商家自己直播。[1]",
    sentences=(Sentence("自播是商家自己直播。", (1,), "supported"),),
    citations=(Citation(1, "a.md", "题", "节", "internal", 3, 5, "自播", "B", 0.5, page=2),),
    nearest=(Nearest("b.md", "乙"),),
    followups=("那达人呢?",),
    timings_ms={"total": 3.5},
    notices=("n",),
    found=({"document": "a.md", "scores": {"dense": 0.5}},),
)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database.open(StoreSettings(), tmp_path)


@pytest.fixture
def history(database: Database) -> History:
    return History(database, "me")


def talk(history: History, title: str, *texts: str) -> str:
    name = history.create(title)
    for number, text in enumerate(texts):
        history.append(name, Turn("assistant" if number % 2 else "user", text))
    return name


def titles(history: History, search: str = "") -> list[str]:
    return [conversation.title for conversation in history.list(search)]


def test_turns_and_answers_come_back_as_they_were_given(history: History, tmp_path: Path) -> None:
    name = history.create("问自播")
    given = [Turn("user", "什么是自播?"), Turn("assistant", ANSWER.text, ANSWER)]
    for turn in given:
        history.append(name, turn)
    reopened = History(Database.open(StoreSettings(), tmp_path), "me")
    assert reopened.turns(name) == given


def test_the_list_is_newest_first_and_counts_turns(history: History) -> None:
    first = talk(history, "一", "问", "答")
    talk(history, "二")
    assert [(c.title, c.turns) for c in history.list()] == [("二", 0), ("一", 2)]
    history.append(first, Turn("user", "再问"))
    assert titles(history) == ["一", "二"]
    assert len(history.list(limit=1)) == 1
    assert history.list()[0].updated > history.list()[0].created


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("自播", ["甲"]),
        ("達人", ["乙"]),
        ("甲", ["甲"]),
        ("ＧＭＶ", ["乙"]),
        ("gmv", ["乙"]),
        ("100%", ["乙"]),
        ("%", ["乙"]),
        ("_", []),
        ("/", []),
        ("没有", []),
        ("  ", ["乙", "甲"]),
    ],
)
def test_search_looks_into_titles_and_turns(
    history: History, search: str, expected: list[str]
) -> None:
    talk(history, "甲", "商家自播怎么做", "先测试")
    talk(history, "乙", "达人的 GMV 增长 100%")
    assert titles(history, search) == expected


def test_renaming_and_deleting(history: History) -> None:
    name = talk(history, "旧", "问")
    history.rename(name, "  新的\n标题 ")
    assert titles(history, "新的") == ["新的 标题"]
    assert titles(history, "旧") == []
    with pytest.raises(InputError):
        history.rename(name, "  ")
    history.feedback(name, 0, "up")
    history.delete(name)
    assert history.list() == []
    with pytest.raises(InputError):
        history.turns(name)


def test_truncating_keeps_the_first_turns(history: History) -> None:
    name = talk(history, "一", "问", "答", "再问", "再答")
    history.feedback(name, 3, "down", "错了")
    history.truncate(name, 2)
    assert [turn.content for turn in history.turns(name)] == ["问", "答"]
    history.append(name, Turn("user", "换个问法"))
    assert [turn.content for turn in history.turns(name)] == ["问", "答", "换个问法"]
    history.truncate(name, 9)
    assert len(history.turns(name)) == 3
    history.truncate(name, 0)
    assert history.turns(name) == []


def test_what_is_unknown_is_an_input_error(history: History) -> None:
    calls = [
        lambda: history.turns("x"),
        lambda: history.append("x", Turn("user", "问")),
        lambda: history.rename("x", "题"),
        lambda: history.delete("x"),
        lambda: history.truncate("x", 1),
        lambda: history.feedback("x", 0, "up"),
    ]
    for call in calls:
        with pytest.raises(InputError, match="no conversation 'x'"):
            call()


def test_other_owners_see_and_change_nothing(database: Database, history: History) -> None:
    name = talk(history, "我的", "问")
    history.record_gap("问?", "zh", "no_evidence")
    other = History(database, "you")
    assert other.list() == []
    assert other.gaps() == []
    for call in (other.turns, other.delete):
        with pytest.raises(InputError):
            call(name)
    assert len(history.turns(name)) == 1


def test_feedback_needs_a_turn_and_a_verdict(history: History) -> None:
    name = talk(history, "一", "问", "答")
    history.feedback(name, 1, "up")
    history.feedback(name, 1, "down", "数字不对")
    for position, verdict in [(2, "up"), (-1, "up"), (1, "maybe")]:
        with pytest.raises(InputError):
            history.feedback(name, position, verdict)


def test_the_same_gap_is_counted(history: History) -> None:
    history.record_gap("小红书怎么投放?", "zh", "no_evidence", (Nearest("a.md", "甲"),))
    history.record_gap("量子力学", "zh", "out_of_scope")
    history.record_gap(" 小紅書怎么投放", "zh", "out_of_scope", (Nearest("b.md", "乙"),))
    history.record_gap("???", "zh", "nonsense")
    first, *others = history.gaps()
    assert (first.question, first.count, first.reason) == ("小红书怎么投放?", 2, "out_of_scope")
    assert first.nearest == (Nearest("b.md", "乙"),)
    assert [gap.question for gap in others] == ["???", "量子力学"]


def test_threads_append_without_losing_a_turn(history: History) -> None:
    name = history.create("一")

    def speak(number: int) -> None:
        for step in range(10):
            history.append(name, Turn("user", f"{number}-{step}"))
            history.record_gap("同一个问题", "zh", "no_evidence")

    threads = [threading.Thread(target=speak, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    said = [turn.content for turn in history.turns(name)]
    assert sorted(said) == sorted(f"{n}-{s}" for n in range(6) for s in range(10))
    assert [text for text in said if text.startswith("3-")] == [f"3-{s}" for s in range(10)]
    assert history.gaps()[0].count == 60
