"""Answers are read with every problem named, scores obey their laws, reports say what holds."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.arithmetic import apply
from assistant.errors import ConfigurationError, InputError
from assistant.loading import Origin, discover, load, read_bytes
from assistant.messages import knows, say
from assistant.plan.assumptions import Assumptions
from assistant.plan.brief import Brief
from assistant.plan.sheet import recomputed
from assistant.readiness import (
    Answers,
    Assessment,
    Question,
    Questionnaire,
    Readiness,
    blank_yaml,
    changes,
    examine,
    example_yaml,
    missing,
    score,
    side_by_side,
    to_brief,
)
from assistant.records import Language
from assistant.values import Bullets, Chart, Paragraph, Table, Value

ROOT = Path(__file__).resolve().parent.parent
KNOWLEDGE = ROOT / "knowledge"
PROFILES = sorted(p for p in (ROOT / "tests/profiles").glob("*.yaml") if p.stem != "expected")
NAMES = [path.stem for path in PROFILES]
LANGUAGES: tuple[Language, ...] = ("zh", "en")


@cache
def readiness() -> Readiness:
    return Readiness(KNOWLEDGE)


def asked() -> Questionnaire:
    return readiness().questionnaire


@cache
def assessment(name: str, language: Language = "zh") -> Assessment:
    raw = (ROOT / f"tests/profiles/{name}.yaml").read_bytes()
    return readiness().assess(readiness().read(raw), language=language, created="2026-11-22")


def filled(answers: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    return {
        "questionnaire": asked().id,
        "version": asked().version,
        "form": "full",
        "brand": "样例",
        "stage": "one-to-ten",
        "goal": asked().goals[0].id,
        "answers": answers or {},
        **fields,
    }


def refused(raw: bytes | str) -> InputError:
    with pytest.raises(InputError) as caught:
        readiness().read(raw)
    return caught.value


def of_type(kind: str) -> Question:
    return next(question for question in asked().questions if question.type == kind)


# -- the questionnaire ---------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_quote_stands_in_its_document(language: Language) -> None:
    shelf = readiness().shelf
    questionnaire = asked()
    entries = [
        *questionnaire.questions,
        *(q.gate for q in questionnaire.questions if q.gate),
        *questionnaire.services,
        *questionnaire.run_alone,
    ]
    quoted = [(e.source, e.words("quote", language)) for e in entries]
    assert len([words for _, words in quoted if words]) >= len(questionnaire.questions)
    for source, words in quoted:
        if words:
            assert shelf.quote(source, language, words).text == words
    steps = [step.source for q in questionnaire.questions for step in q.steps]
    playbooks = [dimension.playbook for dimension in questionnaire.dimensions]
    assert [slug for slug in (*steps, *playbooks) if not shelf.holds(slug, language)] == []


def test_quick_form_is_short_and_every_dimension_is_asked_at_every_stage() -> None:
    for stage in asked().stages:
        quick = list(asked().asked(stage.id, "quick"))
        full = list(asked().asked(stage.id, "full"))
        assert 5 <= len(quick) <= 12 < len(full)
        assert {q.dimension for q in full} == {
            d.id for d in asked().dimensions if d.weights[stage.id]
        }


def _broken(change: Any) -> str:
    raw = yaml.safe_load(_kept_words())
    change(raw)
    with pytest.raises(ConfigurationError) as caught:
        Questionnaire.parse(json.dumps(raw))
    return str(caught.value)


@cache
def _kept_words() -> str:
    return json.dumps(asked().model_dump(mode="json", exclude_none=True))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda q: q.update(colour="red"), "colour: Extra inputs are not permitted"),
        (lambda q: q["dimensions"][0]["weights"].update({"one-to-ten": 99}), "not 100"),
        (lambda q: q["dimensions"][0]["weights"].update(later=0), "weights: differs in later"),
        (lambda q: q["goals"][0]["needs"].pop("content"), "needs: differs in content"),
        (lambda q: q["questions"][1].update(id=q["questions"][0]["id"]), "stands there twice"),
        (lambda q: q["questions"][0].update(dimension="moon"), "there is no 'moon'"),
        (lambda q: q["questions"][0].update(service="moon"), "there is no 'moon'"),
        (lambda q: q["questions"][0].update(points=[[0, 0], [0, 5]]), "in order of the number"),
        (lambda q: q["questions"][0].update(points=[[0, 0], [1, 9], [2, 3]]), "rise or fall"),
        (lambda q: q["run_alone"][0].update(when={"question": "content-weekly", "below": 5}),
         "5 is no answer to content-weekly"),
        (lambda q: q["questions"][0].update(weight=4), "questions.0.weight"),
        (lambda q: q["questions"][0].update(levels=[]) or q["questions"][0].update(type="level"),
         "5 levels"),
    ],
)  # fmt: skip
def test_a_wrong_questionnaire_is_refused_with_its_place(change: Any, said: str) -> None:
    assert said in _broken(change)


def test_a_missing_questionnaire_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"questionnaire\.yaml cannot be read"):
        Questionnaire.load(tmp_path)


# -- reading answers -----------------------------------------------------------------------------


def test_yaml_and_json_read_the_same_and_words_stay_words() -> None:
    yes_no, level = of_type("yes_no").id, of_type("level").id
    many = of_type("multiple")
    as_yaml = (
        f"stage: zero-to-one\ngoal: {asked().goals[0].id}\nbrand: 2024\nanswers:\n"
        f"  {yes_no}: no\n  {level}: unknown\n  {many.id}: [{many.options[0].id}]\n"
    )
    as_json = json.dumps(
        {
            "stage": "zero-to-one",
            "goal": asked().goals[0].id,
            "brand": "2024",
            "answers": {yes_no: False, level: "不知道", many.id: [many.options[0].id]},
        }
    )
    read = readiness().read(as_yaml)
    assert read == readiness().read(as_json.encode("utf-8"))
    assert dict(read.answers) == {
        yes_no: False,
        level: "unknown",
        many.id: (many.options[0].id,),
    }
    assert readiness().read(as_yaml.encode("gb18030")) == read
    assert readiness().read(json.dumps(read.to_mapping())) == read


def test_every_problem_is_named_at_once() -> None:
    level, number = of_type("level"), of_type("number")
    yes_no, many = of_type("yes_no"), of_type("multiple")
    raw = filled(
        {
            level.id: 7,
            number.id: "很多",
            yes_no.id: 3,
            many.id: ["moon"],
            level.id + "s": 1,
        },
        goal="moon",
        colour="red",
        contested={number.id: " "},
    )
    error = refused(json.dumps(raw))
    assert error.key == "answers.broken" and error.values["count"] == 8
    chinese, english = (say(lang, error.key, **error.values) for lang in LANGUAGES)
    assert f"{level.id} 填了 7，超出 0 到 4 的范围。" in chinese
    assert f"没有 {level.id}s 这道题，最接近的是：{level.id}。" in chinese
    assert f"{level.id} is 7, outside 0 to 4." in english
    assert f"There is no question {level.id}s; the nearest is: {level.id}." in english
    assert f"{number.id} is contested without a reason" in english
    assert "goal is moon; allowed are: " + asked().goals[0].id in english
    for name in (number.id, yes_no.id, many.id, "colour"):
        assert name in chinese and name in english
    assert chinese.count("\n- ") == english.count("\n- ") == 8


def test_what_is_right_is_kept_beside_what_is_wrong() -> None:
    level, number = of_type("level"), of_type("number")
    found, problems = examine(filled({level.id: 3, number.id: -1}), asked())
    assert dict(found.answers) == {level.id: 3.0}
    assert [problem.key for problem in problems] == ["answers.number_range"]


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        (b"x" * 10_000_000, "answers.too_large"),
        (b"\x00\x01\x02\xff" * 50, "answers.not_text"),
        (b"- one\n- two\n", "answers.not_a_mapping"),
        (b"", "answers.not_a_mapping"),
        (b"brand: [a\nstage: b: c\n", "answers.garbled"),
        (b"answers:\n  a: 1\n  a: 2\n", "answers.twice"),
        (b"a: &x [1]\nb: *x\n", "answers.references"),
        (b"a: " + b"[" * 40 + b"]" * 40, "answers.too_deep"),
        (b"{" * 20_000, "answers.too_deep"),
        (b"- " * 90_000, "answers.too_deep"),
        (b"? [a]\n: b\n", "answers.garbled"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(raw: bytes, key: str) -> None:
    error = refused(raw)
    assert error.key == key
    for language in LANGUAGES:
        assert "{" not in say(language, error.key, **error.values)


def test_the_messages_give_size_and_line() -> None:
    assert say("zh", "answers.too_large", **refused(b"x" * 10_000_000).values) == (
        "答案文件有 10.0 MB，最多 0.2 MB。一份自评只有几 KB，请确认选对了文件。"
    )
    twice = refused(b"answers:\n  a: 1\n  a: 2\n")
    assert say("en", twice.key, **twice.values) == (
        "Line 3: a was already given above. Keep one of them."
    )


def test_older_answers_are_carried_over_and_the_difference_is_named() -> None:
    level = of_type("level")
    fields = asked().model_dump(mode="json", exclude_none=True)
    fields |= {"version": 3, "migrations": [{"to": 2, "renamed": {"old-name": level.id}}]}
    newer = Questionnaire.parse(json.dumps(fields))
    number = of_type("number")
    raw = filled({"old-name": 3, "gone": "x", number.id: 1e9}, version=1)
    read = Answers.read(json.dumps(raw), newer)
    assert dict(read.answers) == {level.id: 3.0} and read.version == 3
    assert dict(read.retired) == {"gone": "x", number.id: 1e9}
    assert [notice.key for notice in read.notices] == [
        "answers.older", "answers.renamed", "answers.retired", "answers.no_longer_fits",
    ]  # fmt: skip
    assert "gone" in read.notices[2].text("zh") and "第 1 版" in read.notices[0].text("zh")
    assert read.to_mapping()["answers"]["gone"] == "x"


def test_answers_of_a_newer_version_are_refused() -> None:
    error = refused(json.dumps(filled(version=asked().version + 1)))
    assert "Update" in say("en", error.key, **error.values)


def test_half_filled_answers_list_what_is_missing() -> None:
    level = of_type("level")
    read, problems = examine(filled({level.id: 2}), asked())
    assert not problems
    open_questions = list(missing(asked(), read))
    assert len(open_questions) == len(list(asked().asked("one-to-ten", "full"))) - 1
    assert score(asked(), read).confidence < 10


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300) | st.text(max_size=300))
def test_any_bytes_are_read_or_refused(raw: bytes | str) -> None:
    try:
        readiness().read(raw)
    except InputError as error:
        for language in LANGUAGES:
            assert say(language, error.key, **error.values)


# -- the laws of scoring -------------------------------------------------------------------------


def _answer(question: Question) -> st.SearchStrategy[Any]:
    if question.type == "level":
        return st.integers(0, 4).map(float)
    if question.type == "yes_no":
        return st.booleans()
    if question.type == "multiple":
        ids = [option.id for option in question.options]
        return st.sets(st.sampled_from(ids)).map(lambda s: tuple(i for i in ids if i in s))
    return st.floats(question.minimum, question.maximum, allow_nan=False)


@st.composite
def answer_sets(draw: st.DrawFn) -> Answers:
    random = draw(st.randoms(use_true_random=False))
    given_answers: dict[str, Any] = {}
    for question in asked().questions:
        fate = random.random()
        if fate < 0.7:
            given_answers[question.id] = draw(_answer(question))
        elif fate < 0.9:
            given_answers[question.id] = "unknown" if fate < 0.8 else "not_applicable"
    stage = draw(st.sampled_from([stage.id for stage in asked().stages]))
    goal = draw(st.sampled_from([goal.id for goal in asked().goals]))
    form = draw(st.sampled_from(["full", "quick"]))
    return Answers(asked().id, asked().version, form, "", stage, goal, given_answers)


def _best(question: Question) -> Any:
    if question.type == "level":
        return 4.0
    if question.type == "yes_no":
        return question.yes >= question.no
    if question.type == "multiple":
        return tuple(option.id for option in question.options)
    return max(question.points, key=lambda point: point[1])[0]


@settings(max_examples=60, deadline=None)
@given(answer_sets(), st.randoms(use_true_random=False))
def test_a_better_answer_never_lowers_a_score(answers: Answers, random: Any) -> None:
    before = score(asked(), answers)
    rows = [one for one in before.questions() if one.score is not None]
    if not rows:
        return
    one = random.choice(rows)
    steps = [_best(one.question), *([one.better] if one.better is not None else [])]
    for better in steps:
        after = score(
            asked(), replace(answers, answers={**answers.answers, one.question.id: better})
        )
        assert after.overall >= before.overall
        for old, new in zip(before.dimensions, after.dimensions, strict=True):
            assert (new.score or 0) >= (old.score or 0)
        assert after.confidence == before.confidence


@settings(max_examples=40, deadline=None)
@given(answer_sets(), st.randoms(use_true_random=False))
def test_the_order_of_questions_does_not_matter(answers: Answers, random: Any) -> None:
    questions = list(asked().questions)
    random.shuffle(questions)
    shuffled = asked().model_copy(update={"questions": tuple(questions)})
    items = list(answers.answers.items())
    random.shuffle(items)
    one = score(asked(), answers)
    other = score(shuffled, replace(answers, answers=dict(items)))
    assert (one.overall, one.confidence, one.level) == (
        other.overall, other.confidence, other.level,
    )  # fmt: skip
    assert [d.score for d in one.dimensions] == [d.score for d in other.dimensions]
    assert {q.question.id for q in one.blockers} == {q.question.id for q in other.blockers}


@settings(max_examples=40, deadline=None)
@given(answer_sets())
def test_scores_stay_on_their_scale_and_unknown_is_not_zero(answers: Answers) -> None:
    found = score(asked(), answers)
    for dimension in found.dimensions:
        counted = [one.score for one in dimension.questions if one.score is not None]
        assert (dimension.score is None) == (not counted)
        if counted:
            assert min(counted) - 0.05 <= dimension.score <= max(counted) + 0.05
        assert dimension.confidence is None or 0 <= dimension.confidence <= 100
    known = {k: v for k, v in answers.answers.items() if v != "unknown"}
    without = score(asked(), replace(answers, answers=known))
    assert (without.overall, without.confidence) == (found.overall, found.confidence)


def test_unknown_lowers_the_confidence_and_not_applicable_does_not() -> None:
    best = {question.id: _best(question) for question in asked().questions}
    first = next(iter(best))

    def scored(answer: Any) -> Any:
        read = Answers("q", 1, "full", "", "one-to-ten", asked().goals[0].id, best | answer)
        return score(asked(), read)

    assert (scored({}).overall, scored({}).confidence, scored({}).level) == (100, 100, 5)
    assert scored({first: "unknown"}).confidence < 100
    assert scored({first: "not_applicable"}).confidence == 100
    assert scored({first: "unknown"}).overall == scored({first: "not_applicable"}).overall == 100


@pytest.mark.parametrize("fate", ["unknown", "not_applicable"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_without_any_answer_there_is_a_report_and_no_score(fate: str, language: Language) -> None:
    answers = dict.fromkeys((q.id for q in asked().questions), fate)
    read, _ = examine(filled(answers), asked())
    found = readiness().assess(read, language=language, created="2026-11-22")
    assert found.scores.overall is None and found.findings.verdict == "unjudged"
    assert found.to_json()["overall"].get("score") is None
    assert found.report.sections[0].blocks
    assert not found.scores.blockers


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_combination_of_blockers_has_its_messages(language: Language) -> None:
    gates = [question for question in asked().questions if question.gate]
    worst = {
        q.id: {"level": 0.0, "number": q.minimum, "yes_no": False, "multiple": ()}[q.type]
        for q in gates
    }
    best = {q.id: _best(q) for q in gates}
    for chosen in range(2 ** len(gates)):
        shut = [q.id for n, q in enumerate(gates) if chosen >> n & 1]
        answers = best | {name: worst[name] for name in shut}
        found = score(asked(), examine(filled(answers), asked())[0])
        assert sorted(one.question.id for one in found.blockers) == sorted(shut)
    for question in gates:
        read, _ = examine(filled(best | {question.id: worst[question.id]}), asked())
        alerts = readiness().assess(read, language=language, created="2026-11-22").report.alerts
        assert question.gate.words("message", language) in alerts[0].text
        assert question.gate.words("step", language) in alerts[0].text
        assert alerts[0].quotes


# -- figures and reports -------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_the_figures_are_the_scores_and_can_be_computed_again(name: str) -> None:
    found = assessment(name)
    values = found.values
    for dimension in found.scores.dimensions:
        prefix = f"dimension.{dimension.dimension.id}"
        for part in ("score", "level", "confidence", "gap"):
            figure = values.get(f"{prefix}.{part}")
            assert (figure.value if figure else None) == getattr(dimension, part)
    assert values["overall.score"].value == found.scores.overall
    assert values["overall.confidence"].value == found.scores.confidence
    for loss in found.findings.gains:
        assert values[f"gain_overall.{loss.question.question.id}"].value == loss.overall
    again = recomputed(values, {})
    assert {k: v.value for k, v in again.items()} == {k: v.value for k, v in values.items()}
    if found.scores.without != found.scores.overall:
        assert values["overall.without"].value == found.scores.without


@cache
def _texts() -> dict[str, str]:
    found = (one for one in discover([KNOWLEDGE]) if isinstance(one, Origin))
    documents = [load(origin, read_bytes(origin)) for origin in found]
    return {d.path: d.text for d in documents if d.visibility == "public"}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_the_report_quotes_only_public_documents_and_names_known_values(
    name: str, language: Language
) -> None:
    report = assessment(name, language).report
    assert len(report.quotes()) > 10
    for quote in report.quotes():
        assert _texts()[quote.document][quote.start : quote.end] == quote.text
        assert quote.document.endswith(f".{language}.md")
    for block in report.blocks():
        shown = [block] if isinstance(block, Paragraph) else []
        shown += block.items if isinstance(block, Bullets) else []
        for paragraph in (*shown, *report.alerts):
            assert set(paragraph.values) <= set(report.values)
            assert "{" not in paragraph.text and "None" not in paragraph.text
        if isinstance(block, Chart):
            for series in block.series:
                assert len(series.values) == len(block.categories)
                assert set(series.values) <= set(report.values)
        if isinstance(block, Table):
            for row in block.rows:
                assert len(row.cells) == len(block.columns)
                for cell in row.cells:
                    assert not isinstance(cell, Value) or report.values[cell.id] == cell
    if language == "en":
        notes = assessment(name, language).answers.contested.values()
        words = [p.text for b in report.blocks() if isinstance(b, Bullets) for p in b.items]
        own = [w for w in words if not any(note.rstrip("。") in w for note in notes)]
        assert not [text for text in own if re.search("[\u4e00-\u9fff]", text)]


def test_cited_marks_stand_in_their_quote() -> None:
    found = assessment(NAMES[0])
    cited = [value for value in found.values.values() if value.basis == "cited"]
    assert cited
    for value in cited:
        assert value.source and f"{value.value:g}" in value.source.text
    assert not [v for v in found.values.values() if v.basis == "cited" and not v.source]


def test_json_gives_every_number_with_its_basis() -> None:
    found = assessment("mature-low-score")
    given_json = json.loads(json.dumps(found.to_json(), ensure_ascii=False))
    overall = given_json["overall"]["score"]
    assert {"value", "unit", "basis", "rule", "inputs"} <= set(overall)
    numbers = {value["id"]: value for value in given_json["values"]}
    inputs = {k: [numbers[i]["value"] for i in ids] for k, ids in overall["inputs"].items()}
    assert apply(overall["rule"], inputs) == overall["value"]
    assert given_json["blockers"] == ["service-score"] and given_json["verdict"] == "blocked"


def test_a_contested_answer_is_kept_and_both_scores_are_shown() -> None:
    found = assessment("mature-low-score")
    service = next(d for d in found.scores.dimensions if d.dimension.id == "service")
    assert service.without != service.score
    assert found.values["dimension.service.without"].value == service.without
    section = next(s for s in found.report.sections if s.id == "open")
    bullets = next(b for b in section.blocks if isinstance(b, Bullets))
    assert "仓库搬家" in bullets.items[0].text
    assert f"{service.without:g}" in bullets.items[0].text
    assert found.scores.blockers


EXPECTED = yaml.safe_load((ROOT / "tests/profiles/expected.yaml").read_text(encoding="utf-8"))


def test_every_profile_has_expectations() -> None:
    assert set(EXPECTED) == set(NAMES) and len(NAMES) >= 8


@pytest.mark.parametrize("name", NAMES)
def test_a_profile_gets_what_an_adviser_would_say(name: str) -> None:
    found, wanted = assessment(name), EXPECTED[name]
    findings, scores = found.findings, found.scores
    low, high = wanted["score"]
    assert low <= scores.overall <= high
    assert scores.level in wanted["levels"]
    assert sorted(one.question.id for one in scores.blockers) == sorted(wanted["blockers"])
    assert sorted(one.question.id for one in scores.unchecked) == sorted(wanted["unchecked"])
    assert (findings.verdict, findings.way) == (wanted["verdict"], wanted["way"])
    top = findings.gaps[:3]
    assert set(wanted["gaps"]) <= {gap.dimension.dimension.id for gap in top}
    assert set(wanted["strengths"]) <= {one.dimension.id for one in findings.strengths}
    causes = [*scores.blockers, *(one for gap in top for one in gap.causes)]
    steps = {step.id for one in causes for step in one.question.steps}
    assert set(wanted["first_steps"]) <= steps | {win.step.id for win in findings.quick_wins}
    assert set(wanted["reasons"]) <= {reason.id for reason, _ in findings.reasons}
    assert set(wanted["services"]) <= {need.service.id for need in findings.services}


def test_the_strong_factory_without_content_is_told_so() -> None:
    found = assessment("strong-goods-no-content")
    assert "supply" in [one.dimension.id for one in found.findings.strengths]
    assert found.findings.gaps[0].dimension.dimension.id == "content"
    assert found.findings.way == "provider"
    assert found.findings.verdict == "not_yet"


def test_what_raises_the_score_most_does_so() -> None:
    found = assessment("womens-wear-growth")
    gains = found.findings.gains
    best = gains[0]
    changed = {**found.answers.answers, best.question.question.id: best.question.better}
    after = score(asked(), replace(found.answers, answers=changed))
    assert after.overall == pytest.approx(found.scores.overall + best.overall, abs=0.2)
    assert best.overall == max(gain.overall for gain in gains)


def test_the_change_since_last_time_is_shown() -> None:
    before = assessment("womens-wear-growth")
    question = before.findings.gains[0].question
    answers = {**before.answers.answers, question.question.id: question.better}
    better = replace(before.answers, answers=answers)
    now = readiness().assess(better, language="zh", created="2026-12-20", previous=before)
    saved = json.loads(json.dumps(before.to_json()))
    same = readiness().assess(better, language="zh", created="2026-12-20", previous=saved)
    assert now.report == same.report
    change = changes(before, now)
    assert change["overall"] > 0
    assert now.values["change.overall"].value == change["overall"]
    assert now.values[f"change.{question.question.dimension}"].value > 0
    assert any("2026-11-22" in p.text for p in now.report.sections[0].blocks
               if isinstance(p, Paragraph))  # fmt: skip


def test_brands_stand_side_by_side() -> None:
    both = [assessment(NAMES[0]), assessment(NAMES[1])]
    table = side_by_side(both, "zh")
    assert len(table.columns) == 3 and table.columns[1] == both[0].answers.brand
    assert [c.value for c in table.rows[0].cells[1:] if isinstance(c, Value)] == [
        one.scores.overall for one in both
    ]
    assert len(table.rows) >= len(both[0].scores.dimensions) + 2


# -- hand-over and forms -------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_gaps_become_dated_work_of_a_brief(language: Language) -> None:
    found = assessment("mature-low-score", language)
    fields, work = to_brief(found, language)
    assert fields["brand"] == "安禾家居旗舰店" and fields["stage"] == "mature"
    assert len(fields["constraints"]) == 1
    gate = found.scores.blockers[0].question
    assert work[0].title == gate.steps[0].said(language) and work[0].start == 0
    for role in {one.role for one in work}:
        own = sorted((one for one in work if one.role == role), key=lambda one: one.start)
        for first, second in pairwise(own):
            assert first.start + first.days <= second.start
    assert all(readiness().shelf.holds(one.source, language) for one in work)
    assert fields["daily_live_hours"] == 14 and "experience_score" not in fields
    rest = {
        "category": "other", "start": "2026-12-10", "end": "2026-12-20", "budget_cny": 100_000.0,
        "gmv_target_cny": 500_000.0,
    }  # fmt: skip
    brief = Brief.from_fields(rest | fields, Assumptions.load(KNOWLEDGE))
    assert [one.title for one in brief.workstreams] == [one.title for one in work]
    assert [one.start_day for one in brief.workstreams] == [one.start for one in work]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_forms_are_read_as_they_stand(language: Language) -> None:
    blank = readiness().read(blank_yaml(asked(), language))
    assert dict(blank.answers) == {} and blank.brand == ""
    example = example_yaml(asked(), language)
    read = readiness().read(example)
    assert set(read.answers) == {question.id for question in asked().questions}
    assert score(asked(), read).overall is not None
    for question in asked().questions:
        assert question.words("text", language) in example
    if language == "en":
        assert not re.search("[\u4e00-\u9fff]", example)


@settings(max_examples=25, deadline=None)
@given(answer_sets(), st.sampled_from(LANGUAGES), st.randoms(use_true_random=False))
def test_any_answers_make_a_whole_report(answers: Answers, language: Language, random: Any) -> None:
    named = [question.id for question in asked().questions]
    contested = {name: "不同意。" for name in named if random.random() < 0.1}
    before = readiness().assess(answers, language=language, created="2026-10-01")
    now = replace(answers, contested=contested)
    found = readiness().assess(now, language=language, created="2026-11-22", previous=before)
    texts = [p.text for b in found.report.blocks() if isinstance(b, Bullets) for p in b.items]
    texts += [b.text for b in found.report.blocks() if isinstance(b, Paragraph)]
    texts += [alert.text for alert in found.report.alerts]
    assert texts and not [text for text in texts if "{" in text or "None" in text]
    json.dumps(found.to_json())
    assert recomputed(found.values, {}).keys() == found.values.keys()
    fields, work = to_brief(found, language)
    assert set(fields) <= set(Brief.model_fields)
    assert all(one.days >= 1 for one in work)


def test_roles_and_units_have_names() -> None:
    for question in asked().questions:
        for step in question.steps:
            assert knows(f"post.{step.role}"), step.role
        assert question.type != "number" or knows(f"unit.{question.unit}"), question.unit
        if question.brief_field:
            assert question.brief_field in Brief.model_fields
