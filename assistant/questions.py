"""Understands a question without a model: its kind, its defects, and what a follow-up refers to.

The kinds steer which sentences the extractive writer prefers; the rules are patterns over both
languages and the glossary's terms, nothing is learnt.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from assistant.glossary import Glossary, Mention
from assistant.language import clean, content_terms, detect, fold, foreign_share, readable
from assistant.records import Language, Turn

Kind = Literal[
    "calculation", "compare", "why", "how_many", "how_to", "list", "definition", "yes_no", "open"
]
Defect = Literal["empty", "too_long", "nonsense", "other_language"]

# The first pattern that matches decides, so the more specific kinds stand first.
_KINDS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    (
        "compare",
        re.compile(
            r"区别|差别|差异|有何不同|有什么不同|不一样|对比|相比|哪个更|谁.{0,14}更|各靠|分别靠|还是(?!.*吗)|\bvs\b|versus"
            r"|\bdiffer|difference|compar"
        ),
    ),
    ("why", re.compile(r"为什么|为何|为啥|凭什么|原因|怎么会|\bwhy\b|\breasons?\b|what caused")),
    (
        "how_many",
        re.compile(
            r"多少|几个|几天|几人|几名|几场|几次|几款|几家|几成|几倍|多久|多长|多大|多高|多快|占比|比例|什么时候|何时"
            r"|哪年|哪天|哪一年|几月|几号|\bhow (?:many|much|long|often|big|high|large|fast|soon)\b"
            r"|\bwhat (?:share|percent|percentage|number|date|year|rate|level|score|threshold|range)\b"
            r"|^when\b|\bin (?:what|which) (?:year|month)\b"
        ),
    ),
    ("how_to", re.compile(r"怎么|如何|怎样|咋|步骤|流程|做法|办法|\bhow\b|\bsteps?\b|\bway to\b")),
    (
        "list",
        re.compile(
            r"哪些|哪几|有什么|有啥|都有谁|列出|分别|几种|什么样|\bwhich\b|\blist\b"
            r"|\bwhat (?:are the|kinds?|types?|tiers?|stages?|phases?|metrics|signs|risks)\b"
        ),
    ),
    (
        "definition",
        re.compile(
            r"是什么|什么是|啥是|是啥|是指|指的是|什么意思|啥意思|定义|\bwhat(?:'s| is| are)\b|\bdefine\b"
            r"|\bmeaning\b|\bwhat does\b|\bstands? for\b"
        ),
    ),
    (
        "yes_no",
        re.compile(
            r"吗|是不是|能不能|可不可以|会不会|有没有|是否|要不要|该不该"
            r"|^(?:is|are|can|could|do|does|did|should|must|may|will|has|have)\b"
        ),
    ),
)
_HEADS = re.compile(r"[几多]少?[个名位]?(?:客服|人|主播|运营|坐席)|how many (?:agents|people|staff|hosts)")
_NUMBER = re.compile(r"\d[\d,,.]*")
_NAMED_NUMBER = re.compile(
    r"(?:19|20)\d{2}|618|818|双\s?1[12]|5a|a3|double (?:11|12)|24小时", re.IGNORECASE
)
_RESULT_ASKED = re.compile(
    r"(?:要|需要|该|配|排|得|招|备|算|是)[^,。]{0,6}(?:几|多少)|(?:几个|多少)(?:人|客服|坐席|库存|货|预算|roi|钱)"
    r"|how (?:many|much)|what (?:is|would)[^.]{0,20}(?:roi|break-?even|stock|budget)",
    re.IGNORECASE,
)
_MORE = re.compile(
    r"详细|展开|具体说|多说|完整|全部|更多|继续|\bin detail|\bdetailed|\bmore detail|\beverything\b"
    r"|\bfull\b|\bcomplete\b|\belaborate"
)
_FOLLOW_UP = re.compile(
    r"^(?:那|那么|还有|另外|然后|后来|接着|再|它|他们|她|这个|这些|这|那个|上面|刚才|前面|其中|and\b|so\b|then\b"
    r"|what about|how about|what else|why\??$|it\b|they\b|that\b|those\b|these\b|its\b)|呢[??]?$",
    re.IGNORECASE,
)
_CODE = re.compile(r"(?<![^\W_])[A-Za-z]-?\d[A-Za-z]?(?![^\W_])")  # A3, O-5A
_PRONOUN = re.compile(r"它们?|他们|这个|那个|这些|那些|这样|其中|\b(?:it|its|they|them|that|those)\b")


def kind_of(question: str) -> Kind:
    """Name the kind of a question; `open` when nothing tells."""
    folded = fold(question)
    if _is_calculation(folded):
        return "calculation"
    return next((kind for kind, pattern in _KINDS if pattern.search(folded)), "open")


def _is_calculation(folded: str) -> bool:
    figures = _NUMBER.findall(_NAMED_NUMBER.sub(" ", folded))
    return len(figures) >= 2 and bool(_RESULT_ASKED.search(folded))


def asks_meaning(question: str) -> bool:
    """Say whether what something is was asked, be it beside how it differs from another."""
    kind = kind_of(question)
    return kind == "definition" or (
        kind == "compare" and bool(dict(_KINDS)["definition"].search(fold(question)))
    )


def search_form(question: str) -> str:
    """Give the words to search with: of a calculation, its rule instead of its figures."""
    if kind_of(question) != "calculation":
        return question
    rest = _NUMBER.sub(" ", question)
    chinese, heads = detect(question) == "zh", bool(_HEADS.search(fold(question)))
    what = ("人数" if chinese else "headcount, ") if heads else ""
    rule = "怎么算 测算 公式" if chinese else "how to calculate, formula"
    return re.sub(r"\s+", " ", f"{rest} {what}{rule}").strip()


def wants_more(question: str) -> bool:
    """Say whether the user asks for length."""
    return bool(_MORE.search(fold(question)))


def tidy(question: str) -> str:
    """Give the question as it is searched: invisible characters and outer white space gone."""
    return re.sub(r"\s+", " ", clean(question)).strip()


def defect_of(question: str, most_characters: int) -> Defect | None:
    """Name what makes a question unusable, or nothing."""
    if not question:
        return "empty"
    if len(question) > most_characters:
        return "too_long"
    if foreign_share(question) > 0.5:
        return "other_language"
    if not (readable(question) or _CODE.search(question)) or _is_noise(question):
        return "nonsense"
    return None


def _is_noise(question: str) -> bool:
    """A keyboard run or one character repeated carries no question."""
    letters = re.sub(r"\W|\d|_", "", fold(question))
    if len(letters) >= 6 and len(set(letters)) <= 2:
        return True
    words = re.findall(r"[^\W\d_]+", fold(question))
    return len(words) == 1 and bool(re.fullmatch(r"[^aeiouy\W]{6,}", words[0], re.ASCII))


def language_of(question: str, history: Sequence[Turn] = ()) -> Language:
    """Give the language to answer in; a bare name or number follows the conversation."""
    has_words = re.search(r"[\u4e00-\u9fff]|[A-Za-z]{2,} +[A-Za-z]{2,}", question)
    earlier = [turn for turn in history if turn.role == "user" and turn.content.strip()]
    if not has_words and earlier:
        return detect(earlier[-1].content)
    return detect(question)


def condense(question: str, history: Sequence[Turn], glossary: Glossary) -> str:
    """Make a follow-up stand alone by the question before it; other questions stay as they are.

    "那达人呢?" after "自播在 FACT 里负责什么?" becomes "达人在 FACT 里负责什么?": the term
    asked for takes the place of the term asked about before; without such a term the earlier
    question is put in front.
    """
    earlier = [turn.content for turn in history if turn.role == "user" and turn.content.strip()]
    if not earlier or not _is_follow_up(question, glossary):
        return question
    before = tidy(earlier[-1])
    if len(earlier) > 1 and _is_follow_up(before, glossary):
        before = condense(before, [Turn("user", text) for text in earlier[:-1]], glossary)
    new = _named(question, glossary)
    old = [m for m in _named(before, glossary) if m.term.id not in {n.term.id for n in new}]
    if new and old and not _asks_by_itself(question, new):
        replaced = _replaceable(old)
        folded = fold(before)
        return folded[: replaced.start] + new[0].name + folded[replaced.end :]
    return f"{before} {question}"


def _is_follow_up(question: str, glossary: Glossary) -> bool:
    if _FOLLOW_UP.search(fold(question)) and len(content_terms(question)) <= 12:
        return True
    few = len(content_terms(question)) <= 2 and not _named(question, glossary)
    return few or bool(_PRONOUN.search(fold(question)) and len(content_terms(question)) <= 6)


def _named(text: str, glossary: Glossary) -> list[Mention]:
    """List the terms and names of a text; everyday words, such as "growth", name no subject."""
    return [mention for mention in glossary.mentions(text) if not mention.term.is_everyday]


def _asks_by_itself(question: str, mentions: Sequence[Mention]) -> bool:
    """A follow-up with content beside the new term asks something of its own."""
    rest = fold(question)
    for mention in mentions:
        rest = rest.replace(mention.name, " ")
    return len(content_terms(rest)) > 1


def _replaceable(mentions: Sequence[Mention]) -> Mention:
    """Prefer a term that is not the frame both questions share, such as the FACT matrix."""
    inner = [m for m in mentions if "fact" not in m.term.id.lower()]
    return (inner or list(mentions))[0]
