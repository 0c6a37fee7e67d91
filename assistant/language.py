"""What the program knows of Chinese and English text: cleaning, language, sentences, terms.

Only this module asks OpenCC to fold traditional characters. Spans are offsets into the text that
was handed in, and a span's text is never changed: folding happens on copies.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from assistant.records import Language

HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_HAN_RUN = re.compile(f"[{HAN}]+")
# C0/C1 controls but tab and newline, soft hyphen, zero-width and bidirectional marks, BOM,
# interlinear and tag characters, lone surrogates: invisible, and used to hide instructions.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufeff\ufff0-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)
_TERM = re.compile(rf"[{HAN}]+|[a-z0-9]+(?:[.+\-'’&][a-z0-9]+)*\+?|%")
# A sentence ends at 。!? (wherever they stand), at .!?… before a space or the line's end (not after
# an abbreviation or a list number); closing quotes and citation marks such as [1] go with it.
_CLOSING = r"[”’」』)\)\]\"'*_]*"
_MARKS = r"(?:[ \t]?(?:\[\d[\d,，、 ]*\]|【\d[\d,，、 ]*】))*"
_SENTENCE_END = re.compile(
    rf"[。\uff01\uff1f]+[。\uff01\uff1f!?…]*{_CLOSING}{_MARKS}"
    rf"|[!?…]+{_CLOSING}(?:{_MARKS}(?=\s|$)|(?=[ \t]?[\[【]\d){_MARKS}|(?=[{HAN}“「]))"
    rf"|\.+{_CLOSING}(?:{_MARKS}(?=\s|$)|(?=\[\d){_MARKS})|\n+"
)
_ABBREVIATION = re.compile(
    r"(?:^|[^A-Za-z])(?:[A-Za-z]|e\.g|i\.e|vs|etc|approx|Fig|Inc|Ltd|Co|Mr|Ms|Dr|St|Jan|Feb|Mar|Apr"
    r"|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec)$"
)
_NUMBERED = re.compile(r"(?:^|[^A-Za-z])[Nn]o$")
_LIST_NUMBER = re.compile(r"\s*(?:[-*+•]\s+)?\d{1,3}$")
_MARKER = re.compile(r"^\s*(?:[-*+•]\s+|\d{1,3}[.)、]\s+|#{1,6}\s+|>\s?|\|)+")

_STOP_WORDS = """
    a an and are as at be been but by can could did do does for from had has have how i if in into
    is it its me my no not of on or our shall she should so some than that the their them then
    there these they this those to us was we were what when where which who whom why will with
    would you your about please tell explain give say mean means many much any all one get got
    let use used using need needs must may might also only just more most other vs
"""
STOP_WORDS: frozenset[str] = frozenset(_STOP_WORDS.split())
STOP_HAN: tuple[str, ...] = (
    "请问", "什么时候", "什么意思", "啥意思", "多少钱", "什么", "为啥", "咋办", "咋样",
    "咋整", "多久", "多大",
    "哪儿", "啥", "咋", "意思", "怎么样", "怎么办", "怎么", "怎样", "如何", "为什么",
    "为何", "哪些", "哪个",
    "哪里", "多少", "几个", "是不是", "有没有", "能不能", "可不可以", "是否", "可以", "应该",
    "一下", "告诉", "我们", "你们", "他们", "它们", "这个", "那个", "这些", "那些", "以及", "或者",
    "还是", "如果", "因为", "所以", "但是", "一个", "咱们", "到底", "究竟", "介绍", "说明", "解释",
    "的话", "的", "了", "吗", "呢", "吧", "啊", "呀", "是", "在", "有", "和", "与", "及", "就",
    "都", "也", "我", "你", "他", "它", "这",
    "那", "要", "会", "被", "把", "给", "对", "从", "到",
    "让", "做", "用",
)  # fmt: skip
_STOP_HAN = re.compile("|".join(sorted(map(re.escape, STOP_HAN), key=len, reverse=True)))


def clean(text: str) -> str:
    """Drop invisible characters and unify line ends; visible characters stay as they are."""
    return _INVISIBLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


@lru_cache(maxsize=1)
def _simplifier() -> object:
    from opencc import OpenCC

    return OpenCC("t2s")


def fold(text: str) -> str:
    """Give the form that is compared: NFKC, lower case, simplified characters, no marks inside."""
    folded = unicodedata.normalize("NFKC", clean(text)).lower()
    return _simplifier().convert(folded) if _HAN_RUN.search(folded) else folded  # type: ignore[attr-defined]


def fold_in_place(text: str) -> str:
    """Fold each character by itself, so that offsets stay those of the text handed in."""
    return "".join(map(_fold_character, text))


@lru_cache(maxsize=65_536)
def _fold_character(character: str) -> str:
    folded = fold(character)
    return folded if len(folded) == 1 else " " if not folded else character


def detect(text: str) -> Language:
    """Tell Chinese from English by the share of Han characters among the words."""
    han = sum(len(run) for run in _HAN_RUN.findall(text))
    latin = len(re.findall(r"[A-Za-z]+", text))
    return "zh" if han and han * 2 >= latin else "en"


def readable(text: str) -> bool:
    """Say whether the text has a Chinese or Latin word at all."""
    return bool(re.search(rf"[{HAN}]|[A-Za-z]{{2,}}", text))


def foreign_share(text: str) -> float:
    """Give the share of letters that are neither Chinese nor Latin (0 to 1)."""
    letters = [c for c in text if c.isalpha()]
    other = [c for c in letters if not re.match(rf"[{HAN}a-zA-Z\u00c0-\u024f]", c)]
    return len(other) / len(letters) if letters else 0.0


def sentences(text: str) -> list[tuple[int, int]]:
    """Cut text into sentence spans, without the white space and list markers around them."""
    return [span for span in _sentence_spans(text) if re.search(r"\w", text[slice(*span)])]


def _sentence_spans(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for match in _SENTENCE_END.finditer(text):
        if match.group().startswith(".") and not _ends(text, start, match):
            continue
        yield _trim(text, start, match.end())
        start = match.end()
    yield _trim(text, start, len(text))


def _ends(text: str, start: int, stop: re.Match[str]) -> bool:
    """Tell a full stop from the point of an abbreviation, a list number or `No. 1`."""
    # Only the last word is looked at: searching the whole sentence would cost squared time.
    before = text[max(start, stop.start() - 8) : stop.start()]
    if stop.start() - start <= 8 and _LIST_NUMBER.fullmatch(before):
        return False
    if _NUMBERED.search(before):
        return not text[stop.end() : stop.end() + 2].strip()[:1].isdigit()
    return stop.group() != "." or not _ABBREVIATION.search(before)


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    piece = text[start:end]
    marker = _MARKER.match(piece)
    left = marker.end() if marker else len(piece) - len(piece.lstrip())
    return start + left, start + max(left, len(piece.rstrip()))


def terms(text: str) -> list[str]:
    """Give the search terms: overlapping bigrams of Han runs, Latin words and numbers, folded."""
    found: list[str] = []
    for run in _TERM.findall(fold(text)):
        if not _HAN_RUN.match(run):
            found.append(_stem(run))
        elif len(run) == 1:
            found.append(run)
        else:
            found.extend(run[i : i + 2] for i in range(len(run) - 1))
    return found


def _stem(word: str) -> str:
    """Take off an English plural, so that `rooms` finds `room`; codes and short words stay."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def content_terms(text: str) -> list[str]:
    """Give the search terms that carry meaning: question and function words are left out."""
    found = [t for t in terms(_STOP_HAN.sub(" ", fold(text))) if t not in STOP_WORDS]
    # One leftover character says nothing, and the index holds pairs.
    return [t for t in found if len(t) > 1 or t.isascii()] or found
