"""The library keeps its own rules: front matter, twin languages, numbers, sentences, terms."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from assistant.frontmatter import FrontMatter, read_front_matter
from assistant.glossary import Glossary
from assistant.language import fold, sentences

KNOWLEDGE = Path(__file__).parents[1] / "knowledge"
CHINESE = sorted(KNOWLEDGE.rglob("*.zh.md"))
ENGLISH = sorted(KNOWLEDGE.rglob("*.en.md"))
BOTH = CHINESE + ENGLISH
MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
SCALE = {
    "万": 1e4,
    "亿": 1e8,
    "万亿": 1e12,
    "million": 1e6,
    "billion": 1e9,
    "trillion": 1e12,
}
NUMBER = re.compile(r"(\d[\d,]*(?:\.\d+)?)\s*(万亿|亿|万|trillion|billion|million|%)?")
LONGEST = {"zh": 95, "en": 42}
SUBJECTLESS = re.compile(r"它|这|其(?!他)|It\b|This\b|They\b|These\b|Its\b|He\b|She\b")
POINTING_BACK = re.compile(r"如上|上述|同上|前述|as above|above-mentioned|see above", re.IGNORECASE)


def name(path: Path) -> str:
    return path.relative_to(KNOWLEDGE).as_posix()


@cache
def read(path: Path) -> tuple[FrontMatter, str]:
    text = path.read_text(encoding="utf-8")
    matter, start = read_front_matter(text, name(path))
    assert matter is not None, f"{name(path)} has no front matter"
    return matter, text[start:].strip()


def twin(path: Path) -> Path:
    return path.with_name(path.name.replace(".zh.md", ".en.md"))


def sections(path: Path) -> list[str]:
    return re.split(r"^## ", read(path)[1], flags=re.MULTILINE)


def prose(path: Path) -> list[str]:
    """Give the sentences of a document without its headings."""
    body = "\n".join(ln for ln in read(path)[1].splitlines() if not ln.startswith("#"))
    return [body[start:end] for start, end in sentences(body)]


def numbers(text: str) -> Counter[str]:
    """Count the numbers of a text; 万, 亿, million and billion are multiplied out."""
    text = text.replace("百分制", "100 分制")
    text = re.sub(rf"\b({'|'.join(MONTHS)})\b", lambda m: str(MONTHS.index(m.group()) + 1), text)
    found: Counter[str] = Counter()
    for digits, unit in NUMBER.findall(text):
        value = float(digits.replace(",", "")) * SCALE.get(unit, 1)
        found[f"{value:.10g}{'%' if unit == '%' else ''}"] += 1
    return found


def test_numbers_are_compared_by_value() -> None:
    assert numbers("2021 年 2 月约 1.55 亿元，占 40%") == numbers(
        "about RMB 155 million in February 2021, 40%"
    )
    assert numbers("1.55 亿元") != numbers("RMB 15.5 million")
    assert numbers("40%") != numbers("40")


def test_the_library_has_twenty_documents_in_each_language() -> None:
    assert len(CHINESE) >= 20
    assert [twin(path) for path in CHINESE] == ENGLISH


@pytest.mark.parametrize("path", BOTH, ids=name)
def test_front_matter_is_complete_and_true(path: Path) -> None:
    matter, body = read(path)
    slug, language, _ = path.name.split(".")
    assert (matter.id, matter.language, matter.kind) == (slug, language, path.parent.name)
    assert matter.sources and matter.audience and matter.updated
    assert 3 <= len(matter.questions) <= 6
    assert body.startswith(f"# {matter.title}\n")
    assert body.count("\n## ") >= 2
    assert not re.search(r"^# ", body[2:], re.MULTILINE)


@pytest.mark.parametrize("path", CHINESE, ids=name)
def test_twins_agree_in_front_matter(path: Path) -> None:
    ours, theirs = read(path)[0], read(twin(path))[0]
    for key in set(FrontMatter.model_fields) - {"title", "language", "summary", "questions"}:
        assert getattr(ours, key) == getattr(theirs, key), key


@pytest.mark.parametrize("path", CHINESE, ids=name)
def test_twins_have_the_same_sections_with_the_same_numbers(path: Path) -> None:
    ours, theirs = sections(path), sections(twin(path))
    assert len(ours) == len(theirs)
    for chinese, english in zip(ours, theirs, strict=True):
        only_one = (numbers(chinese) - numbers(english)) + (numbers(english) - numbers(chinese))
        assert not only_one, chinese.splitlines()[0]


@pytest.mark.parametrize("path", BOTH, ids=name)
def test_sentences_stand_alone(path: Path) -> None:
    language = path.name.split(".")[1]
    for sentence in prose(path):
        length = len(sentence) if language == "zh" else len(sentence.split())
        assert length <= LONGEST[language], sentence
        assert sentence.endswith("。" if language == "zh" else "."), sentence
        assert not SUBJECTLESS.match(sentence), sentence
        assert not POINTING_BACK.search(sentence), sentence


@pytest.mark.parametrize("path", CHINESE, ids=name)
def test_chinese_punctuation_is_full_width(path: Path) -> None:
    assert not re.search(r"[\u4e00-\u9fff][,:;?!]|[,;?!][\u4e00-\u9fff]", read(path)[1])


@pytest.mark.parametrize("path", CHINESE, ids=name)
def test_twins_doubt_the_same_things(path: Path) -> None:
    """As many sentences are marked unverified in one language as in the other."""
    ours = sum("未核实" in sentence for sentence in prose(path))
    theirs = sum("unverified" in sentence for sentence in prose(twin(path)))
    assert ours == theirs
    assert ours or read(path)[0].confidence != "C"


def test_questions_belong_to_one_document() -> None:
    asked = Counter(fold(question) for path in BOTH for question in read(path)[0].questions)
    assert {q: n for q, n in asked.items() if n > 2} == {}


def test_no_sentence_is_told_in_three_documents() -> None:
    told = Counter(fold(s) for path in BOTH for s in set(prose(path)))
    assert {sentence: n for sentence, n in told.items() if n > 2} == {}


def test_every_name_belongs_to_one_term() -> None:
    terms = Glossary.load(KNOWLEDGE / "glossary").terms
    assert len([term for term in terms if term.is_defined]) >= 73
    assert len({term.id for term in terms}) == len(terms)
    owners: dict[str, str] = {}
    for term in terms:
        for alias in {fold(n) for n in (*term.names, *term.misspellings)}:
            assert owners.setdefault(alias, term.id) == term.id, alias
            assert len(alias) > 1, alias
        defined = (term.definition_zh, term.definition_en, term.source)
        assert all(defined) or not any(defined), term.id


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_term_is_defined_in_a_document(language: str) -> None:
    """The heading names the term and the first sentence of its section defines it."""
    written = {}
    for path in sorted((KNOWLEDGE / "glossary").glob(f"*.{language}.md")):
        for section in sections(path)[1:]:
            heading, _, rest = section.partition("\n")
            written[re.sub(r"\s*[（(][A-Z]+[)）]$", "", heading).lower()] = rest.strip()
    for term in [t for t in Glossary.load(KNOWLEDGE / "glossary").terms if t.is_defined]:
        wanted = term.zh if language == "zh" else term.en
        definition = term.definition_zh if language == "zh" else term.definition_en
        assert definition in written[wanted.lower()].splitlines()[0]
