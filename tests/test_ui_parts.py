"""What the page draws, read from the HTML: verdicts, chips, sources that changed, hostile text."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from pathlib import Path

import pytest

from assistant.messages import say
from assistant.records import Answer, Citation, Conversation, Language, Nearest, Sentence, Turn
from assistant.service import Assistant
from assistant.settings import Settings
from assistant.ui import answers, frame
from assistant.ui.chat import Sent
from assistant.ui.markup import escape, inline, paragraphs
from assistant.ui.sources import Wanted, source_view

HOSTILE = "<img src=x onerror=alert(1)> [a](javascript:x) $$\\frac{a}{b}$$ |t|e| \"'&"
PLACE = ("c0", 1)


def citation(n: int, confidence: str = "A", **changes: object) -> Citation:
    """Make a citation of a short document."""
    given = {"document": f"d{n}.md", "title": f"标题{n}", "section": "小节", "quote": "句子。"}
    merged = {**given, "visibility": "internal", "start": 0, "end": 3, **changes}
    return Citation(n=n, confidence=confidence, **merged)  # type: ignore[arg-type]


def drawn(*sentences: Sentence, citations: tuple[Citation, ...] = (), **changes: object) -> str:
    """Draw an answer of these sentences."""
    given = Answer("问题？", "zh", "", sentences=sentences, citations=citations)
    return answers.answer(Answer(**{**vars(given), **changes}), "zh", PLACE, is_last=True)


def prose(html: str) -> str:
    """Give the part of an answer that holds its sentences."""
    return html.split('class="prose-text"', 1)[1].split("</div>", 1)[0]


def test_a_chip_stands_only_for_a_citation_that_exists() -> None:
    html = prose(drawn(Sentence("一。", (1, 7), "supported"), citations=(citation(1),)))
    assert re.findall(r'class="chip"[^>]*>(\d+)<', html) == ["1"]


def test_a_sentence_that_calls_itself_supported_without_proof_is_unproven() -> None:
    html = prose(drawn(Sentence("一。", (7,), "supported")))
    assert "sentence unsupported" in html and say("zh", "answer.unproven") in html


@pytest.mark.parametrize(
    ("status", "key"), [("unsupported", "answer.unproven"), ("computed", "answer.computed")]
)
def test_a_verdict_is_a_label_and_not_only_a_colour(status: str, key: str) -> None:
    html = prose(drawn(Sentence("一。", (), status)))  # type: ignore[arg-type]
    assert f">{say('zh', key)}</span>" in html and "chip" not in html


def test_low_confidence_is_marked_only_if_no_better_source_proves_it() -> None:
    label = say("zh", "answer.doubtful")
    doubtful, sound = citation(1, "C"), citation(2, "A")
    assert label in prose(drawn(Sentence("一。", (1,), "supported"), citations=(doubtful,)))
    both = drawn(Sentence("一。", (1, 2), "supported"), citations=(doubtful, sound))
    assert label not in prose(both)


def test_an_expired_source_is_told_at_the_sentence_and_in_the_list() -> None:
    old = citation(1, valid_until="2021-01-01")
    html = drawn(Sentence("一。", (1,), "supported"), citations=(old,))
    assert say("zh", "answer.expired") in prose(html)
    assert say("zh", "source.expired", date="2021-01-01") in html


def test_why_a_passage_was_dropped_is_said_in_words() -> None:
    row = {"title": "T", "document": "d.md", "scores": {"dense": 0.5}, "ranks": {"dense": 2}}
    html = drawn(
        Sentence("一。"),
        found=({**row, "dropped": "duplicate"}, {**row, "dropped": "odd"}, row),
    )
    assert say("zh", "found.dropped_duplicate") in html
    assert say("zh", "found.dropped_other", reason="odd") in html
    assert say("zh", "found.score_rank", rank=2) in html and say("zh", "found.kept") in html


def test_a_notice_of_a_failed_model_has_no_open_placeholder() -> None:
    html = drawn(Sentence("一。"), notices=("error.model_failed", "notice.expired", "自由文字"))
    assert say("zh", "notice.model_failed") in html and "{detail}" not in html
    assert "自由文字" in html


def test_hostile_text_is_shown_as_text_wherever_it_stands() -> None:
    cited = citation(1, title=HOSTILE, section=HOSTILE, document=HOSTILE, quote=HOSTILE)
    html = drawn(
        Sentence(HOSTILE, (1,), "supported"),
        citations=(cited,),
        writer=HOSTILE,
        followups=(HOSTILE,),
        notices=(HOSTILE,),
        also_read=(Nearest(HOSTILE, HOSTILE),),
        found=({"title": HOSTILE, "document": HOSTILE, "section": HOSTILE, "dropped": HOSTILE},),
    )
    html += drawn(refused=True, text=HOSTILE, nearest=(Nearest(HOSTILE, HOSTILE),))
    html += answers.thread([Turn("user", HOSTILE)], "zh", HOSTILE)
    html += answers.draft(HOSTILE, HOSTILE, "zh", HOSTILE, None)
    html += answers.failed(HOSTILE, HOSTILE, "zh", HOSTILE, title=HOSTILE)
    head = Conversation(HOSTILE, HOSTILE, HOSTILE, HOSTILE)
    html += frame.conversation_list([head], HOSTILE, HOSTILE, "zh")
    html += frame.top_bar("zh", HOSTILE, HOSTILE)
    assert "<img" not in html and 'href="javascript' not in html
    # Taken apart into tags, no attribute was opened by the text.
    for tag in re.findall(r"<[a-z][^<>]*>", html):
        assert "onerror" not in re.sub(r'"[^"]*"', '""', tag), tag
    assert HOSTILE in unescape(html)


def test_invisible_and_turning_characters_are_taken_out() -> None:
    assert escape("a\u202eb\u200bc\x00d") == "abcd"
    assert inline("**粗** <b> * 2 ** 3") == "<b>粗</b> &lt;b&gt; * 2 ** 3"


def test_every_quote_of_a_text_can_be_marked() -> None:
    table = "| 甲 | 乙 |\n| --- | --- |\n| 1 | 2 |"
    text = f"# 标题\n\n- 第一条 **重要** 内容。\n1. 编号。\n\n{table}\n结尾。"
    for quote in ("标题", "第一条 **重要** 内容。", "编号。", "结尾。"):
        start = text.index(quote)
        html = "".join(paragraphs(text, start, start + len(quote)))
        marked = re.search(r'<mark id="quote"[^>]*>(.*?)</mark>', html)
        assert marked and re.sub("<[^>]+>", "", marked[1]) == quote.replace("*", "")
    across = "".join(paragraphs(text, text.index("第一条"), text.index("编号。") + 3))
    assert across.count("<mark") == 2 and across.count('id="quote"') == 1


def test_a_part_of_a_long_text_keeps_its_offsets() -> None:
    text = "第一段。\n" * 10 + "要找的句子。\n" + "尾。\n"
    start, first = text.index("要找"), text.index("第一段", 20)
    html = "".join(paragraphs(text[first:], start, start + 6, first))
    assert ">要找的句子。</mark>" in html


@pytest.mark.parametrize("given", [None, [], "text", {"language": "xx", "keep": -1, "title": 3}])
def test_what_the_page_sends_is_not_trusted(given: object) -> None:
    assert Sent.read(given) == Sent()


def test_copied_text_carries_marks_doubts_and_sources() -> None:
    given = Answer(
        "问？",
        "zh",
        "",
        sentences=(
            Sentence("一。", (1,), "supported"),
            Sentence("二。"),
            Sentence("三。", (), "computed"),
        ),
        citations=(citation(1),),
    )
    lines = answers.as_plain_text(given, "zh").splitlines()
    assert lines[:3] == ["一。[1]", f"二。 {say('zh', 'answer.unsupported')}", "三。"]
    assert lines[-1] == "[1] 标题1 › 小节 (d1.md)"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_durations_are_said_in_the_readers_unit(language: Language) -> None:
    assert answers.duration(84.4, language).startswith("84 ")
    assert answers.duration(2345, language).startswith("2.3 ")


# -- sources after the answer ----------------------------------------------------------------

FACT = "蓝鲸直播间的客服排班每四小时轮换一次。"
ASKED = "蓝鲸直播间的客服排班多久轮换一次？"


@pytest.fixture
def answered(settings: Settings, write: Callable[[str, str], Path]) -> tuple[Assistant, str, Path]:
    """A library of one document and a stored answer that cites it."""
    folder = write("shift.md", f"# 蓝鲸直播间\n\n{FACT}\n")
    assistant = Assistant.open(settings)
    assistant.sync([folder])
    conversation = assistant.create_conversation(ASKED)
    answer = assistant.ask(ASKED, conversation=conversation)
    assert [c.quote for c in answer.citations] == [FACT]
    return assistant, conversation, folder


def view(assistant: Assistant, conversation: str) -> str:
    """Draw the source of the first citation of the stored answer."""
    wanted = Wanted(conversation=conversation, position=1, n=1)
    return source_view(assistant, wanted, "zh")


def test_the_quote_is_marked_in_its_document(answered: tuple[Assistant, str, Path]) -> None:
    assistant, conversation, _ = answered
    html = view(assistant, conversation)
    assert f">{FACT}</mark>" in html and "remark" not in html


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (f"# 蓝鲸直播间\n\n新的第一段。\n\n{FACT}\n", "source.moved"),
        ("# 蓝鲸直播间\n\n客服排班改成每六小时轮换一次。\n", "source.changed"),
        (None, "source.removed"),
    ],
)
def test_the_quote_survives_what_happens_to_its_document(
    answered: tuple[Assistant, str, Path], text: str | None, key: str
) -> None:
    assistant, conversation, folder = answered
    path = folder / "shift.md"
    (folder / "other.md").write_text("# 另一篇\n\n另一篇资料。\n", encoding="utf-8")
    if text is None:
        path.unlink()
    else:
        path.write_text(text, encoding="utf-8")
    assistant.sync([folder], prune=True)
    html = view(assistant, conversation)
    assert f">{FACT}</mark>" in html and say("zh", key) in html


def test_an_unknown_source_gets_a_message(answered: tuple[Assistant, str, Path]) -> None:
    assistant, conversation, _ = answered
    for wanted in (
        Wanted(),
        Wanted(document="../../etc/passwd"),
        Wanted(conversation=conversation, position=99, n=1),
        Wanted(conversation=conversation, position=1, n=99),
    ):
        assert say("en", "source.not_found") in source_view(assistant, wanted, "en")
