"""The writer that needs no model: it selects and orders sentences that answer the question.

Every sentence is a verbatim slice of a passage, so its proof is itself. Which sentences are
taken depends on the kind of question; the order is statement, steps or figures, case, limits.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from assistant.instructions import is_instruction
from assistant.language import sentences, terms
from assistant.questions import Kind, kind_of, wants_more
from assistant.reader import Line
from assistant.records import Found, Hit
from assistant.retrieval import share

PASSAGES_READ = 6
READER_WEIGHT = 0.03  # of the log odds that the reader gives a sentence, up to SURE either way
SURE = 4.0
LONG_ANSWER = 15
SAME_STATEMENT = 0.55  # of the shorter sentence's terms, when neither has a figure of its own
SAME_WORDS = 0.85  # sentences of one list differ in their figures only
# How many sentences fit a phone screen for this kind of question.
_LIMITS: dict[Kind, int] = {
    "how_many": 4,
    "yes_no": 4,
    "definition": 4,
    "why": 5,
    "calculation": 5,
    "compare": 6,
}
# What makes a sentence answer a kind of question, beyond sharing its words.
_CUES: dict[Kind, re.Pattern[str]] = {
    "how_many": re.compile(r"\d|[一二三四五六七八九十百千]+(?:个|天|倍|成|场|款|人)"),
    "calculation": re.compile(r"[=÷×]|公式|Erlang|测算|除以|formula|divid", re.IGNORECASE),
    "how_to": re.compile(
        r"先|再|然后|首先|其次|第[一二三四五\d]|步|应|\bfirst\b|\bthen\b|\bstep|\bnext\b"
    ),
    "why": re.compile(
        r"因为|因此|原因|所以|由于|导致|为了|because|since|therefore|reason|so that|due to"
    ),
    "definition": re.compile(r"是|指|即|=|\bis\b|\bmeans\b|stands for|refers to"),
    "list": re.compile(r"[、,;;]|分为|包括|includ|are:|:"),
    "compare": re.compile(r"而|则|相比|不同|区别|while|whereas|unlike|differ|versus"),
}
_LIMIT_WORDS = re.compile(
    r"存疑|未(?:经)?(?:核实|证实)|单一来源|仅见于|不宜|不可直接|未找到|口径(?:不一|冲突)|勿|谨慎"
    r"|unverified|doubtful|single source|not (?:be )?verified|do not (?:treat|use|copy)|caution",
    re.IGNORECASE,
)
_FIGURE = re.compile(r"\d[\d.,]*")
_TABLE_ROW = re.compile(r"^\||\|.*\|$")


@dataclass(frozen=True)
class Extract:
    """A chosen sentence: `document_text[start:end] == text`."""

    text: str
    hit: Hit
    start: int
    end: int
    score: float
    first: bool


def write(question: str, ranked: Sequence[Extract], sentence_limit: int) -> list[Extract]:
    """Choose among the candidates, best first, and order what answers; empty without any."""
    if not ranked:
        return []
    kind = kind_of(question)
    limit = LONG_ANSWER if wants_more(question) else min(sentence_limit, _LIMITS.get(kind, 99))
    return _arrange(_choose(ranked, kind, limit))


def candidates(question: str, found: Found) -> list[Extract]:
    """Give the sentences that may be told, the most promising first."""
    kind = kind_of(question)
    hits = found.hits[:PASSAGES_READ]
    if not hits:
        return []
    own = [h for h in hits if h.passage.language == found.language]
    hits = tuple(own) if own and own[0] is hits[0] else hits
    best, worst = hits[0].score, found.hits[-1].score
    spread = max(best - worst, 1e-6)
    extracts = [
        extract
        for hit in hits
        for extract in _sentences_of(hit, found, kind, max(0.0, (hit.score - worst) / spread))
    ]
    return sorted(extracts, key=lambda extract: -extract.score)


def reordered(ranked: Sequence[Extract], odds: Mapping[int, float]) -> list[Extract]:
    """Order candidates anew by what the reader makes of each; an unread one is as unlikely."""

    def heard(number: int, extract: Extract) -> Extract:
        likely = max(-SURE, min(SURE, odds.get(number, -SURE)))
        return replace(extract, score=extract.score + READER_WEIGHT * likely)

    again = [heard(number, extract) for number, extract in enumerate(ranked)]
    return sorted(again, key=lambda extract: -extract.score)


def line(extract: Extract) -> Line:
    """Give a sentence as the reader sees it."""
    passage = extract.hit.passage
    return Line(f"{passage.title} {passage.section}", extract.start, extract.text)


def _sentences_of(hit: Hit, found: Found, kind: Kind, closeness: float) -> Iterable[Extract]:
    passage = hit.passage
    spans = [
        (start, end)
        for start, end in sentences(passage.text)
        if not _is_heading(passage.text, start) and not is_instruction(passage.text[start:end])
    ]
    context = set(terms(f"{passage.title} {passage.section}"))
    for position, (start, end) in enumerate(spans):
        text = passage.text[start:end]
        own = set(terms(text))
        lexical = share(own, found.weights, found.equivalents)
        # A sentence inherits the words of its heading, at half their worth.
        inherited = share(own | context, found.weights, found.equivalents) - lexical
        score = closeness + lexical + inherited / 2 + (0.3 if position == 0 else 0.0)
        cue = _CUES.get(kind)
        if cue and cue.search(text):
            score += {"how_many": 0.3, "calculation": 0.8}.get(kind, 0.15)
        if kind == "definition" and position == 0:
            score += 0.2
        if _TABLE_ROW.search(text):
            score -= 0.4
        yield Extract(text, hit, passage.start + start, passage.start + end, score, position == 0)


def _is_heading(text: str, start: int) -> bool:
    line = text[text.rfind("\n", 0, start) + 1 : start]
    return line.lstrip().startswith("#")


def _choose(ranked: Sequence[Extract], kind: Kind, limit: int) -> list[Extract]:
    lead = ranked[0]
    chosen = [lead]
    listed = kind in ("how_to", "list", "open", "calculation")
    beside, elsewhere = (0.3 if listed else 0.4), 0.6
    for extract in ranked[1:]:
        if len(chosen) >= limit:
            break
        # What follows the lead in its own passage belongs to it; another passage must say more.
        if extract.score < lead.score * (beside if extract.hit is lead.hit else elsewhere):
            continue
        if any(_says_the_same(extract, other) for other in chosen):
            continue
        chosen.append(extract)
    return chosen


def _says_the_same(one: Extract, other: Extract) -> bool:
    first, second = set(terms(one.text)), set(terms(other.text))
    overlap = len(first & second) / (min(len(first), len(second)) or 1)
    figures = [set(_FIGURE.findall(extract.text)) for extract in (one, other)]
    repeated = figures[0] <= figures[1] or figures[1] <= figures[0]
    return overlap > (SAME_STATEMENT if repeated else SAME_WORDS)


def _arrange(chosen: Sequence[Extract]) -> list[Extract]:
    """Put the lead's passage first, cases after rules, limits last, and keep reading order."""
    order = {id(e.hit): i for i, e in reversed(list(enumerate(chosen)))}

    def place(extract: Extract) -> tuple[int, int, int, int]:
        lead = extract.hit is chosen[0].hit
        limits = bool(_LIMIT_WORDS.search(extract.text)) and not extract.first
        case = extract.hit.passage.kind == "cases" and not lead
        return (int(limits), int(case), order[id(extract.hit)], extract.start)

    return sorted(chosen, key=place)
