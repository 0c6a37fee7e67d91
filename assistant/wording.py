"""What may change in a sentence without changing its claim, read from `wording.yaml`.

It turns a clause into content tokens: harmless words are left out, synonyms of both languages
share a token, and each token knows whether a negation stands before it in its clause.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

from assistant.language import HAN, fold, fold_in_place

_WORDING_FILE = Path(__file__).with_name("wording.yaml")
_LATIN = r"[a-z0-9\u00c0-\u024f]+(?:[.'’&][a-z0-9]+)*\+?"
_WORD = re.compile(rf"{_LATIN}|[{HAN}]")
_SIMPLE = re.compile(rf"{_LATIN}|[{HAN}]+")


@dataclass(frozen=True)
class Token:
    """One unit of content at its place in the text; `negated` is the sign of its clause."""

    text: str
    start: int
    end: int
    negated: bool = False


class Wording:
    """Reads clauses into tokens and compares how they are turned; built once, immutable."""

    def __init__(self, rules: dict[str, object], synonyms: Sequence[Sequence[str]] = ()) -> None:
        """Compile the rules; the caller's synonyms win over those of the file."""
        groups: list[Sequence[str]] = [*rules["synonyms"], *synonyms]  # type: ignore[misc]
        negations: dict[str, list[str]] = rules["negations"]  # type: ignore[assignment]
        light: dict[str, list[str]] = rules["light"]  # type: ignore[assignment]
        neutral: dict[str, list[str]] = rules["neutral"]  # type: ignore[assignment]
        meaning = {fold(word): "+" + fold(word) for word in (*neutral["zh"], *neutral["en"])}
        for word in (*light["zh"], *light["en"]):
            meaning[fold(word)] = ""
        for word in (*negations["zh"], *negations["en"]):
            meaning[fold(word)] = "!"
        for word in negations["not_negations"]:
            meaning[fold(word)] = fold(word)
        for number, group in enumerate(groups):
            told = [meaning.get(fold(word)) for word in group]
            # Synonyms of a harmless word are harmless too: "~" may be left out, "=" may not.
            fresh = f"~{number}" if "" in told else f"={number}"
            token = next((t for t in told if t and t[0] in "=~"), fresh)
            meaning |= {fold(word): token for word in group}
        self._meaning = meaning
        self._resets = frozenset(rules["resets"])  # type: ignore[call-overload]
        # One look into a dictionary per word is far faster than one long alternation; only what
        # has spaces or both scripts needs patterns, kept by first letter and longest first.
        self._reach = max(len(word) for word in meaning)
        self._phrases: dict[str, list[tuple[re.Pattern[str], str]]] = {}
        for word in sorted(meaning, key=len, reverse=True):
            if not _SIMPLE.fullmatch(word):
                pattern = re.compile(_bounded(word))
                self._phrases.setdefault(word[0], []).append((pattern, word))
        self._opposites = [
            tuple(_any_of(side.split("|")) for side in pair) for pair in rules["opposites"]  # type: ignore[attr-defined]
        ]
        self._strong = [_any_of(group) for group in rules["strong"]]  # type: ignore[attr-defined]
        self._excuse = _any_of(rules["strong_excuse"])  # type: ignore[arg-type]

    def tokens(self, folded: str, offset: int = 0) -> list[Token]:
        """Read one clause (already folded in place) into content tokens."""
        found: list[Token] = []
        negated = False
        for start, end, word in self._words(folded):
            meaning = self._meaning.get(word)
            if meaning is None:
                meaning = self._meaning.get(_stem(word), word)
            if meaning == "!":
                negated = not negated
            elif word in self._resets:
                negated = False
            elif meaning:
                stem = meaning if meaning[0] in "=~" or not meaning.isascii() else _stem(meaning)
                found.append(Token(stem, offset + start, offset + end, negated))
        return found

    def _words(self, folded: str) -> Iterator[tuple[int, int, str]]:
        """Cut a clause into known phrases and words, Latin words and single characters."""
        place = 0
        while match := _WORD.search(folded, place):
            start, end = match.span()
            word = match.group()
            if word[0] > "\u2fff":
                ends = range(min(len(folded), start + self._reach), start, -1)
                end = next((e for e in ends if folded[start:e] in self._meaning), end)
                word = folded[start:end]
            for pattern, phrase in self._phrases.get(word[0], ()):
                longer = pattern.match(folded, start)
                if longer and longer.end() > end:
                    end, word = longer.end(), phrase
                    break
            yield start, end, word
            place = end

    def turned(self, claim: str, source: str) -> str | None:
        """Name the word of the claim whose opposite the source has instead, if there is one."""
        for left, right in self._opposites:
            for mine, other in ((left, right), (right, left)):
                match = mine.search(claim)
                if match is None or other.search(claim) or mine.search(source):
                    continue
                if other.search(source):
                    return match.group()
        return None

    def stronger(self, claim: str, source: str) -> str | None:
        """Name a word such as 所有, only or always that the source does not have."""
        for group in self._strong:
            match = group.search(claim)
            if match and not group.search(source):
                modal = match.group() in ("必须", "务必", "must")
                if not (modal and self._excuse.search(source)):
                    return match.group()
        return None


@lru_cache(maxsize=4)
def load_wording(synonyms: tuple[tuple[str, ...], ...] = ()) -> Wording:
    """Read the rules, with further groups of synonyms (for instance of the glossary)."""
    # BaseLoader keeps every scalar a string: `no` and `on` are words here.
    rules = yaml.load(_WORDING_FILE.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    return Wording(rules, synonyms)


def name_token(name: str) -> str:
    """Give the token of a name that looks like a number: 双十一 and Double 11 are one."""
    folded = re.sub(r"[\s-]", "", fold_in_place(name))
    folded = folded.replace("double", "双").replace("eleven", "11").replace("twelve", "12")
    folded = folded.replace("十一", "11").replace("十二", "12")
    return "#" + folded


def _alternatives(words: Iterable[str]) -> str:
    ordered = sorted(words, key=len, reverse=True)
    return "|".join(_bounded(word) for word in ordered if word)


def _bounded(word: str) -> str:
    if word[0] == word[-1] == "/":
        return word[1:-1]
    # 头部大V, 头部大 V and "self live", "self-live" are one.
    escaped = re.sub(rf"(?<=[{HAN}])(?=[a-z0-9])|(?<=[a-z0-9])(?=[{HAN}])", " ?", re.escape(word))
    escaped = escaped.replace("\\ ", r"[\s-]+")
    left = "(?<![a-z0-9])" if word[0].isascii() and word[0].isalnum() else ""
    return left + escaped + ("(?![a-z0-9])" if word[-1].isascii() and word[-1].isalnum() else "")


def _any_of(words: Iterable[str]) -> re.Pattern[str]:
    return re.compile(_alternatives(fold(word) for word in words))


def _stem(word: str) -> str:
    if word[0] == "+":
        return "+" + _stem(word[1:])
    if not word.isascii() or not word.isalpha():
        return word
    for ending, least, instead in (("ies", 5, "y"), ("ing", 6, ""), ("ed", 5, ""), ("s", 4, "")):
        if word.endswith(ending) and len(word) >= least and not word.endswith(("ss", "us", "is")):
            word = word[: -len(ending)] + instead
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeiouls":
        word = word[:-1]
    return word[:-1] if len(word) > 4 and word[-1] == "e" else word
