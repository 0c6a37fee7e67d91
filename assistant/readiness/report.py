"""Words an assessment as a report: verdict, dimensions, findings, steps, help, reasons, method.

Every number in a sentence is a value of the figures, every advice points at a document that the
brand may read. The texts stand in `texts/readiness.<language>.yaml`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from assistant.messages import knows, say
from assistant.readiness.answers import Answers
from assistant.readiness.figures import Figures
from assistant.readiness.findings import STRONG, TOP, Findings, Gap, QuickWin
from assistant.readiness.questionnaire import Questionnaire, Step
from assistant.readiness.scoring import DimensionScore, QuestionScore, Scores
from assistant.readiness.wording import answer_text, given_text, question_text
from assistant.showing import NO_NUMBER, show
from assistant.values import (
    Block,
    Bullets,
    Cell,
    Chart,
    Paragraph,
    Quote,
    Report,
    Row,
    Section,
    Series,
    Table,
    Value,
)

Tone = Literal["normal", "lead", "hint", "warning", "good"]
RADAR_CORNERS = 3
CAUSES = 3
RAISES = 5


class Writer:
    """Writes the report of one assessment."""

    def __init__(
        self,
        questionnaire: Questionnaire,
        answers: Answers,
        scores: Scores,
        findings: Findings,
        figures: Figures,
    ) -> None:
        """Keep what is written about; the figures are already filled."""
        self._questionnaire, self._answers = questionnaire, answers
        self._scores, self._findings = scores, findings
        self._figures, self._language = figures, figures.language
        self._goal = questionnaire.goal(answers.goal).words("name", self._language)

    def report(self, created: str, previous_day: str) -> Report:
        """Put the sections together; empty ones are left out."""
        # The sections enter lead times into the figures, so they come before the values.
        sections = (
            Section("verdict", self._say("section_verdict"), tuple(self._verdict(previous_day))),
            Section("dimensions", self._say("section_dimensions"), tuple(self._dimensions())),
            Section("findings", self._say("section_findings"), tuple(self._overview())),
            Section("steps", self._say("section_steps"), tuple(self._gaps())),
            Section("help", self._say("section_help"), tuple(self._help())),
            Section("reasons", self._say("section_reasons"), tuple(self._reasons())),
            Section("open", self._say("section_open"), tuple(self._open())),
            Section("method", self._say("section_method"), tuple(self._method())),
        )
        stage = self._questionnaire.stage(self._answers.stage).words("name", self._language)
        form = self._say(f"form_{self._answers.form}")
        return Report(
            id=self._answers.questionnaire,
            kind="assessment",
            title=self._say("title", brand=self._answers.brand or self._say("no_brand")),
            subtitle=self._say(
                "subtitle", goal=self._goal, stage=stage, form=form, created=created
            ),
            language=self._language,
            created=created,
            sections=tuple(section for section in sections if section.blocks),
            values=self._figures.sheet.values,
            alerts=tuple(self._alerts()),
        )

    # -- small parts ---------------------------------------------------------------------------

    def _say(self, key: str, **values: object) -> str:
        shown = {
            name: show(given, self._language) if isinstance(given, Value) else given
            for name, given in values.items()
        }
        return say(self._language, f"assess.{key}", **shown)

    def _paragraph(
        self, key: str, tone: Tone = "normal", quotes: tuple[Quote, ...] = (), **values: object
    ) -> Paragraph:
        named = tuple(given.id for given in values.values() if isinstance(given, Value))
        return Paragraph(self._say(key, **values), named, quotes, tone)

    def _value(self, name: str) -> Cell:
        return self._figures[name] if self._figures.has(name) else NO_NUMBER

    def _name(self, one: DimensionScore) -> str:
        return one.dimension.words("name", self._language)

    def _listed(self, names: Sequence[str]) -> str:
        return self._say("semicolon").join(names)

    def _pairs(self, questions: Sequence[QuestionScore]) -> str:
        return self._say("semicolon").join(self._pair(one) for one in questions)

    def _text(self, one: QuestionScore) -> str:
        return question_text(one.question, self._language)

    def _answer(self, one: QuestionScore) -> str:
        return answer_text(one, self._language)

    def _proof(self, one: QuestionScore) -> tuple[Quote, ...]:
        question = one.question
        return (self._figures.quote(question.source, question.words("quote", self._language), ""),)

    def _post(self, role: str) -> str:
        return say(self._language, f"post.{role}") if knows(f"post.{role}") else role

    def _titles(self, *names: str) -> tuple[str, ...]:
        return tuple(self._say(f"column_{name}") for name in names)

    # -- first page ----------------------------------------------------------------------------

    def _alerts(self) -> Iterator[Paragraph]:
        for one in self._scores.blockers:
            gate = one.question.gate
            if gate:
                message = gate.words("message", self._language)
                quote = self._figures.quote(
                    gate.source, gate.words("quote", self._language), message
                )
                yield self._paragraph(
                    "blocker_contested" if one.note else "blocker",
                    "warning",
                    (quote,),
                    message=message,
                    step=gate.words("step", self._language),
                )
        for one in self._scores.unchecked:
            yield self._paragraph(
                "unchecked", "warning", self._proof(one), question=self._text(one)
            )

    def _verdict(self, previous_day: str) -> Iterator[Block]:
        found = self._findings
        short = self._listed([self._name(gap.dimension) for gap in found.gaps[:TOP]])
        tone: Tone = "good" if found.verdict == "ready" else "lead"
        yield self._paragraph(f"verdict_{found.verdict}", tone, goal=self._goal, dimensions=short)
        if found.verdict == "unjudged":
            return
        level = self._figures["overall.level"]
        yield self._paragraph(
            "overall_line",
            score=self._figures["overall.score"],
            level=level,
            meaning=say(self._language, f"level.{level.value:.0f}"),
            confidence=self._figures["overall.confidence"],
        )
        if found.verdict in ("blocked", "unsure") and found.gaps:
            yield self._paragraph("also_short", goal=self._goal, dimensions=short)
        if found.gains:
            yield self._raise_line()
        if self._figures.has("change.overall"):
            yield self._change_line(previous_day)
        if self._figures.has("overall.without"):
            yield self._paragraph(
                "without_line",
                score=self._figures["overall.score"],
                without=self._figures["overall.without"],
            )

    def _raise_line(self) -> Paragraph:
        best = self._findings.gains[0].question
        return self._paragraph(
            "raise_line",
            question=self._text(best),
            now=self._answer(best),
            next=given_text(best.question, best.better, self._language),
            gain=self._figures[f"gain_overall.{best.question.id}"],
        )

    def _change_line(self, previous_day: str) -> Paragraph:
        change = self._figures["change.overall"]
        key = "same" if not change.value else "up" if change.value > 0 else "down"
        shown = show(change, self._language).removeprefix("-")
        text = self._say(
            f"change_{key}",
            day=previous_day or self._say("last_time"),
            before=self._figures["before.overall"],
            change=shown,
        )
        return Paragraph(text, ("before.overall", "change.overall"))

    # -- dimensions ----------------------------------------------------------------------------

    def _dimensions(self) -> Iterator[Block]:
        scored = [one for one in self._scores.dimensions if one.score is not None]
        if not scored:
            return
        ids = [f"dimension.{one.dimension.id}" for one in scored]
        yield Chart(
            id="radar",
            title=self._say("radar", goal=self._goal),
            kind="radar" if len(scored) >= RADAR_CORNERS else "column",
            categories=tuple(self._name(one) for one in scored),
            series=(
                Series(self._say("series_now"), tuple(f"{one}.score" for one in ids)),
                Series(self._say("series_needed"), tuple(f"{one}.needed" for one in ids)),
            ),
            unit="score",
        )
        yield self._dimension_table()

    def _dimension_table(self) -> Table:
        extra = [
            name
            for name, is_shown in (
                ("change", self._figures.has("change.overall")),
                ("without", self._figures.has("overall.without")),
            )
            if is_shown
        ]
        return Table(
            id="dimensions",
            title=self._say("table_dimensions"),
            columns=self._titles(
                "dimension", "score", "level", "need", "gap", "confidence", *extra
            ),
            rows=(*(self._dimension_row(one, extra) for one in self._scores.dimensions),
                  self._overall_row(extra)),
            note=self._say("table_dimensions_note"),
        )  # fmt: skip

    def _dimension_row(self, one: DimensionScore, extra: Sequence[str]) -> Row:
        name = f"dimension.{one.dimension.id}"
        more = {
            "change": f"change.{one.dimension.id}",
            "without": f"{name}.without" if self._figures.has(f"{name}.without") else "",
        }
        cells = (
            *(f"{name}.{part}" for part in ("score", "level", "need", "gap", "confidence")),
            *(more[column] for column in extra),
        )
        tone: Literal["normal", "warning", "good"] = "normal"
        if one.gap:
            tone = "warning"
        elif (one.score or 0.0) >= STRONG:
            tone = "good"
        return Row((self._name(one), *(self._value(cell) for cell in cells)), tone)

    def _overall_row(self, extra: Sequence[str]) -> Row:
        more = {"change": "change.overall", "without": "overall.without"}
        names = ("overall.score", "overall.level", "", "", "overall.confidence")
        cells = (self._value(name) for name in (*names, *(more[column] for column in extra)))
        return Row((self._say("overall"), *cells), "total")

    # -- strengths, gaps, quick wins -----------------------------------------------------------

    def _overview(self) -> Iterator[Block]:
        found = self._findings
        if not self._scores.scored():
            return
        yield self._paragraph("strengths" if found.strengths else "no_strengths", "lead")
        if found.strengths:
            yield Bullets(tuple(self._strength(one) for one in found.strengths))
        yield self._paragraph("gaps" if found.gaps else "no_gaps", "lead", goal=self._goal)
        if found.gaps:
            yield Bullets(tuple(self._short(gap) for gap in found.gaps[:TOP]))
        rest = [self._name(gap.dimension) for gap in found.gaps[TOP:]]
        if rest:
            yield self._paragraph("other_gaps", "hint", dimensions=self._listed(rest))
        if found.quick_wins:
            yield self._paragraph("quick_wins", "lead")
            yield self._quick_table(found.quick_wins)

    def _strength(self, one: DimensionScore) -> Paragraph:
        best = sorted(one.answered(), key=lambda q: (-(q.score or 0), -q.weight, q.question.id))
        name = f"dimension.{one.dimension.id}"
        return self._paragraph(
            "strength",
            "good",
            self._proof(best[0]),
            dimension=self._name(one),
            score=self._figures[f"{name}.score"],
            level=self._figures[f"{name}.level"],
            reason=self._pairs(best[:2]),
        )

    def _pair(self, one: QuestionScore) -> str:
        return self._say("pair", question=self._text(one), answer=self._answer(one))

    def _short(self, gap: Gap) -> Paragraph:
        name = f"dimension.{gap.dimension.dimension.id}"
        worst = gap.causes[:2]
        return self._paragraph(
            "gap" if worst else "gap_alone",
            dimension=self._name(gap.dimension),
            score=self._figures[f"{name}.score"],
            needed=self._figures[f"{name}.needed"],
            need=self._figures[f"{name}.need"],
            short=self._figures[f"{name}.gap"],
            reason=self._pairs(worst),
        )

    def _quick_table(self, wins: Sequence[QuickWin]) -> Table:
        return Table(
            id="quick-wins",
            title=self._say("table_quick_wins"),
            columns=self._titles(
                "step", "role", "days", "effort", "effect", "for", "lost_overall"
            ),
            rows=tuple(self._quick_row(win) for win in wins),
            note=self._say("steps_note"),
        )

    def _quick_row(self, win: QuickWin) -> Row:
        one = win.loss.question
        lost = self._value(f"lost_overall.{one.question.id}")
        return Row((*self._step_cells(win.step), self._text(one), lost), "normal",
                   self._source_of(win.step))  # fmt: skip

    # -- steps ---------------------------------------------------------------------------------

    def _step_cells(self, step: Step) -> tuple[Cell, ...]:
        days = self._figures.assume(f"days.{step.id}", step.days, "days", step.said(self._language))
        return (
            step.said(self._language),
            self._post(step.role),
            days,
            self._say(f"effort_{step.effort}"),
            self._say(f"effect_{step.effect}"),
        )

    def _source_of(self, step: Step) -> tuple[Quote, ...]:
        return (self._figures.quote(step.source, "", step.said(self._language)),)

    def _gaps(self) -> Iterator[Block]:
        for gap in self._findings.gaps[:TOP]:
            if not gap.causes:
                continue
            yield self._paragraph("good_looks_like", "lead", dimension=self._name(gap.dimension))
            yield Bullets(
                tuple(
                    Paragraph(one.question.words("good", self._language), quotes=self._proof(one))
                    for one in gap.causes[:CAUSES]
                )
            )
            yield self._step_table(gap)
        if self._findings.gains:
            yield self._raise_table()

    def _step_table(self, gap: Gap) -> Table:
        steps = [step for one in gap.causes[:CAUSES] for step in one.question.steps]
        return Table(
            id=f"steps-{gap.dimension.dimension.id}",
            title=self._say("table_steps", dimension=self._name(gap.dimension)),
            columns=self._titles("step", "role", "days", "effort", "effect"),
            rows=tuple(
                Row(self._step_cells(step), "normal", self._source_of(step)) for step in steps
            ),
            note=self._say("steps_note"),
        )

    def _raise_table(self) -> Table:
        return Table(
            id="raises",
            title=self._say("table_raises"),
            columns=self._titles("question", "answer", "next", "gain", "gain_overall"),
            rows=tuple(self._raise_row(one.question) for one in self._findings.gains[:RAISES]),
            note=self._say("raises_note"),
        )

    def _raise_row(self, one: QuestionScore) -> Row:
        gains = (self._value(f"{kind}.{one.question.id}") for kind in ("gain", "gain_overall"))
        better = given_text(one.question, one.better, self._language)
        return Row((self._text(one), self._answer(one), better, *gains))

    # -- alone or with a provider --------------------------------------------------------------

    def _help(self) -> Iterator[Block]:
        found = self._findings
        if not self._scores.scored():
            return
        yield self._paragraph(f"way_{found.way}", "lead")
        if self._scores.blockers:
            yield self._paragraph("way_blocked", "warning")
        if found.reasons:
            yield Bullets(
                tuple(
                    Paragraph(
                        self._say(f"reason_{reason.points_towards}",
                                  reason=reason.said(self._language), pair=self._pair(one)),
                        (f"answer.{one.question.id}",)
                        if self._figures.has(f"answer.{one.question.id}") else (),
                        (self._figures.quote(reason.source, reason.words("quote", self._language),
                                             reason.said(self._language)),),
                    )
                    for reason, one in found.reasons
                )
            )  # fmt: skip
        if found.services:
            yield self._paragraph("services" if found.way != "alone" else "services_alone", "lead")
            yield self._service_table()

    def _service_table(self) -> Table:
        rows = []
        for need in self._findings.services:
            service = need.service
            text = service.words("text", self._language)
            quote = self._figures.quote(
                service.source, service.words("quote", self._language), text
            )
            why = self._pairs([loss.question for loss in need.losses[:2]])
            name = service.words("name", self._language)
            worth = self._value(f"service.{service.id}")
            rows.append(Row((name, text, why, worth), "normal", (quote,)))
        return Table(
            id="services",
            title=self._say("table_services"),
            columns=self._titles("service", "what", "why", "worth"),
            rows=tuple(rows),
            note=self._say("services_note"),
        )

    # -- reasons, open points, method ----------------------------------------------------------

    def _reasons(self) -> Iterator[Block]:
        yield self._paragraph("reasons_lead")
        for one in self._scores.dimensions:
            yield Table(
                id=f"answers-{one.dimension.id}",
                title=self._name(one),
                columns=self._titles(
                    "question", "answer", "score", "weight", "lost", "lost_overall"
                ),
                rows=tuple(self._question_row(question) for question in one.questions),
            )

    def _question_row(self, one: QuestionScore) -> Row:
        name = one.question.id
        numbers = (
            self._value(f"{kind}.{name}") for kind in ("score", "weight", "lost", "lost_overall")
        )
        answer = self._answer(one) + (self._say("contested_mark") if one.note else "")
        text = one.question.words("text", self._language)
        return Row((text, answer, *numbers), "normal", self._proof(one))

    def _open(self) -> Iterator[Block]:
        contested = [one for one in self._scores.questions() if one.note]
        if contested:
            yield self._paragraph("contested_lead", "lead")
            yield Bullets(tuple(self._contested(one) for one in contested))
        unknown = [q for q in self._scores.questions() if q.state in ("unknown", "missing")]
        if unknown:
            yield self._paragraph("unknown_lead", "lead")
            yield Bullets(
                tuple(
                    self._paragraph(
                        "unknown_item",
                        question=self._text(one),
                        why=one.question.words("why", self._language),
                    )
                    for one in unknown
                )
            )
        if self._answers.notices:
            yield self._paragraph("notices_lead", "lead")
            yield Bullets(
                tuple(Paragraph(n.text(self._language)) for n in self._answers.notices)
            )

    def _contested(self, one: QuestionScore) -> Paragraph:
        name = f"dimension.{one.question.dimension}"
        pair, note = self._pair(one), one.note.rstrip("。.")
        if not self._figures.has(f"{name}.without"):
            return self._paragraph("contested_item", pair=pair, note=note)
        own = self._questionnaire.dimension(one.question.dimension)
        return self._paragraph(
            "contested_scores",
            pair=pair,
            note=note,
            dimension=own.words("name", self._language),
            score=self._figures[f"{name}.score"],
            without=self._figures[f"{name}.without"],
        )

    def _method(self) -> Iterator[Block]:
        lines = ("scale", "mean", "levels", "confidence", "gates", "assumed")
        yield Bullets(tuple(self._paragraph(f"method_{line}") for line in lines))
