"""The commands of the terminal: parse, call the facade, print text or JSON, exit 0, 1 or 2.

JSON goes to standard output alone; progress and errors go to standard error, one line each.
Heavy modules are reached through `assistant.Assistant` after parsing, so `--help` is instant.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import assistant
from assistant.errors import AssistantError, ConfigurationError, InputError
from assistant.records import (
    VISIBLE_TO,
    Answer,
    Finished,
    Language,
    Notice,
    Progress,
    SyncReport,
    Token,
    Turn,
)
from assistant.settings import load_settings, settings_rows

MARKS = {"added": "+", "updated": "~", "removed": "-", "failed": "!"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    return _run(_parser(), arguments)


def ingest(arguments: Sequence[str] | None = None) -> int:
    """Run `ingest.py`; returns the exit status."""
    return _run(_ingest_parser(), arguments)


def _run(parser: argparse.ArgumentParser, arguments: Sequence[str] | None) -> int:
    _quieten()
    given = parser.parse_args(arguments)
    try:
        return int(given.command(given))
    except ConfigurationError as error:
        print(f"{parser.prog}: {_line(error)}", file=sys.stderr)
        return 2
    except AssistantError as error:
        print(f"{parser.prog}: {_line(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"{parser.prog}: stopped; run the same command again to go on", file=sys.stderr)
        return 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _quieten() -> None:
    """Keep libraries from mixing their logs and progress bars with ours."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr, format="%(name)s: %(message)s")


def _line(error: Exception) -> str:
    return _line_of(str(error))


def _line_of(text: str) -> str:
    return " ".join(text.split())


# -- arguments -------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m assistant",
        description="DP Assistant (服务商智囊): every sentence of an answer is proven by a source.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _ask_arguments(_command(commands, "ask", _ask, "answer a question from the library"))
    check = _command(commands, "check", _check, "check sentences against evidence files")
    check.add_argument("text", help="one or more sentences, or - for standard input")
    check.add_argument("--evidence", nargs="+", required=True, metavar="FILE", type=Path)
    search = _command(commands, "search", _search, "show the passages a question finds")
    search.add_argument("query")
    search.add_argument("-k", type=_positive, default=10, help="how many (default 10)")
    _role_argument(search)
    _plan_arguments(
        _command(commands, "plan", _plan, "draft a campaign plan from a brief, as files or text")
    )
    _assess_arguments(
        _command(commands, "assess", _assess, "score a brand's readiness from its answers")
    )
    evaluate = _command(commands, "evaluate", _evaluate, "measure quality on the question sets")
    evaluate.add_argument(
        "--suite",
        default="all",
        choices=[
            "retrieval", "answers", "refusals", "fresh", "grounding", "freshness", "injection",
            "ablations", "teach", "train", "calibrate", "all",
        ],
        help="which part (default all); teach, train and calibrate fit the weights anew",
    )  # fmt: skip
    evaluate.add_argument(
        "--plots", type=Path, metavar="FILE.html", help="also draw the figures as a page"
    )
    benchmark = _command(
        commands, "benchmark", _benchmark, "measure speed: encoder, question, start, memory, plans"
    )
    benchmark.add_argument(
        "--scale",
        nargs="*",
        type=int,
        default=[1000],
        metavar="N",
        help="also ask libraries padded to N passages (default 1000)",
    )
    benchmark.add_argument(
        "--works", action="store_true", help="measure only plans, assessments and their files"
    )
    _command(commands, "gaps", _gaps, "list the questions that the library did not answer")
    _command(commands, "settings", _settings, "show every setting, its value and where it is from")
    return parser


def _command(
    commands: Any, name: str, run: Callable[[argparse.Namespace], int], text: str
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
    parser.set_defaults(command=run)
    parser.add_argument("--json", action="store_true", help="print JSON on standard output")
    return parser


def _ask_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("question", help="the question, or - for standard input")
    _role_argument(parser)
    parser.add_argument("--history", type=Path, metavar="TURNS.json", help="earlier turns")
    parser.add_argument("--no-stream", action="store_true", help="print the answer when finished")


def _plan_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("brief", nargs="?", type=Path, metavar="BRIEF.yaml", help="YAML or JSON")
    parser.add_argument(
        "--example", type=Path, metavar="BRIEF.yaml", help="write a filled, working brief"
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="ID=NUMBER", dest="edits",
        help="set an assumption or a share of the plan by its id; may be repeated",
    )  # fmt: skip
    _output_arguments(parser, "docx, xlsx, md, json or ics")


def _assess_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("answers", nargs="?", type=Path, metavar="ANSWERS.yaml")
    parser.add_argument(
        "--example", type=Path, metavar="ANSWERS.yaml", help="write a filled example"
    )
    parser.add_argument(
        "--blank", type=Path, metavar="ANSWERS.yaml", help="write the empty questionnaire"
    )
    _output_arguments(parser, "docx, xlsx, md or json")


def _output_arguments(parser: argparse.ArgumentParser, forms: str) -> None:
    parser.add_argument(
        "--out", action="append", default=[], type=Path, metavar="FILE",
        help=f"write a file, its kind by its ending: {forms}; may be repeated",
    )  # fmt: skip
    parser.add_argument("--language", choices=["zh", "en"], help="of the result (default: zh)")


def _role_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--role", choices=list(VISIBLE_TO), default="staff")


def _ingest_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ingest.py",
        description="Bring the library up to date; without a PATH, with knowledge/.",
        epilog="Documents that are gone from a given folder are removed from the library.",
    )
    parser.add_argument("targets", nargs="*", metavar="PATH|URL", help="files, folders, addresses")
    parser.add_argument("--visibility", choices=["public", "internal"], help="who may see them")
    parser.add_argument(
        "--prune", action="store_true", help="also remove what no given PATH contains"
    )
    parser.add_argument("--dry-run", action="store_true", help="report, write nothing")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.set_defaults(command=_ingest)
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 100:
        raise argparse.ArgumentTypeError("a number from 1 to 100")
    return number


# -- commands --------------------------------------------------------------------------------


def _ask(given: argparse.Namespace) -> int:
    question = _text(given.question)
    history = _turns(given.history) if given.history else []
    with assistant.Assistant.open() as opened:
        if given.json:
            _print_json(opened.ask(question, history, given.role).to_json())
            return 0
        answer = _streamed(opened, question, history, given)
    _print_proof(answer)
    return 0


def _streamed(
    opened: Any, question: str, history: list[Turn], given: argparse.Namespace
) -> Answer:
    """Show the draft on a terminal while it is written; the checked text is what is printed."""
    show = sys.stderr.isatty() and not given.no_stream
    answer: Answer | None = None
    for event in opened.stream(question, history, given.role):
        if isinstance(event, Token) and show and opened.settings.model.name:
            print(event.text, end="", flush=True, file=sys.stderr)
        elif isinstance(event, Notice):
            print(f"({event.key})", file=sys.stderr)
        elif isinstance(event, Finished):
            answer = event.answer
    assert answer is not None
    if show and opened.settings.model.name:
        print("\n----", file=sys.stderr)
    return answer


def _print_proof(answer: Answer) -> None:
    print(answer.text)
    if answer.nearest:
        print()
        for topic in answer.nearest:
            print(f"- {topic.title}  ({topic.document})")
    if answer.citations:
        print()
    for c in answer.citations:
        grade = f" [{c.confidence}]" if c.confidence else ""
        print(f"[{c.n}] {c.title} · {c.section}{grade}  {c.document}:{c.start}-{c.end}")
    print(
        f"\n({answer.writer}, {answer.timings_ms.get('total', 0):.0f} ms)", file=sys.stderr
    )


def _plan(given: argparse.Namespace) -> int:
    with assistant.Assistant.open() as opened:
        if given.example:
            return _written(given.example, opened.example_brief(given.language or "zh"))
        if given.brief is None:
            raise ConfigurationError("plan needs a BRIEF.yaml; --example FILE writes one")
        forms = _forms(given.out, opened.plan_formats)
        plan = opened.draft_plan(
            _bytes(given.brief), _edits(given.edits), given.language, worded=True
        )
        _give(opened, plan, forms, given.json)
    for guard in plan.failed():
        print(f"plan: {_line_of(guard.message)}", file=sys.stderr)
    return 0


def _assess(given: argparse.Namespace) -> int:
    language: Language = given.language or "zh"
    with assistant.Assistant.open() as opened:
        if given.example:
            return _written(given.example, opened.example_answers(language))
        if given.blank:
            return _written(given.blank, opened.blank_answers(language))
        if given.answers is None:
            raise ConfigurationError(
                "assess needs an ANSWERS.yaml; --blank FILE writes the questionnaire"
            )
        forms = _forms(given.out, opened.report_formats)
        result = opened.assess(opened.read_answers(_bytes(given.answers)), language)
        _give(opened, result, forms, given.json)
    return 0


def _give(opened: Any, made: Any, forms: dict[Path, str], as_json: bool) -> None:
    """Write the files, and print JSON or, when no file was asked for, Markdown."""
    for path, form in forms.items():
        _write_bytes(path, opened.export(made, form))
        print(f"wrote {path}", file=sys.stderr)
    if as_json:
        _print_json(made.to_json())
    elif not forms:
        print(opened.export(made, "md").decode("utf-8"))


def _forms(paths: list[Path], known: Sequence[str]) -> dict[Path, str]:
    forms = {path: path.suffix.lower().removeprefix(".") for path in paths}
    for path, form in forms.items():
        if form not in known:
            raise ConfigurationError(f"--out {path}: the ending must be one of {', '.join(known)}")
    return forms


def _edits(given: list[str]) -> dict[str, float]:
    edits: dict[str, float] = {}
    for pair in given:
        name, _, number = pair.partition("=")
        try:
            edits[name.strip()] = float(number)
        except ValueError as error:
            raise ConfigurationError(f"--set {pair}: write ID=NUMBER") from error
    return edits


def _written(path: Path, text: str) -> int:
    _write(path, text)
    print(f"wrote {path}", file=sys.stderr)
    return 0


def _check(given: argparse.Namespace) -> int:
    evidence = [_read(path) for path in given.evidence]
    with assistant.Assistant.open() as opened:
        checked = opened.check(_text(given.text), evidence)
    rows = [
        {
            "text": c.text,
            "status": c.status,
            "evidence": None if c.evidence is None else str(given.evidence[c.evidence]),
            "start": c.start,
            "end": c.end,
            "quote": c.quote,
            "reason": c.reason,
        }
        for c in checked
    ]
    if given.json:
        _print_json(rows)
    else:
        for row in rows:
            proof = f"{row['evidence']}:{row['start']}-{row['end']}" if row["quote"] else ""
            print(f"{row['status']:12} {row['text']}  {proof or row['reason']}")
    return 0


def _search(given: argparse.Namespace) -> int:
    with assistant.Assistant.open() as opened:
        hits = opened.search(given.query, given.k, given.role)
    if given.json:
        _print_json([hit.to_json() for hit in hits])
        return 0
    for rank, hit in enumerate(hits, start=1):
        lanes = " ".join(f"{name}={value:.3f}" for name, value in hit.scores.items())
        place = f"{hit.passage.document}:{hit.passage.start}-{hit.passage.end}"
        print(f"{rank:2}. {hit.score:.3f}  {hit.passage.title} · {hit.passage.section}")
        print(f"      {lanes}  {place}")
    return 0


def _ingest(given: argparse.Namespace) -> int:
    with assistant.Assistant.open() as opened:
        report = opened.sync(
            given.targets or None,
            given.visibility,
            prune=given.prune,
            dry_run=given.dry_run,
            on_progress=_Meter(),
        )
    if given.json:
        _print_json(report.to_json())
    else:
        _print_report(report)
    failed = [item for item in report.items if item.outcome == "failed"]
    for item in failed:
        print(f"ingest.py: {_line_of(item.reason)}", file=sys.stderr)
    # One broken document among good ones is reported, not a failure of the run.
    return 1 if failed and len(failed) == len(report.items) else 0


def _print_report(report: SyncReport) -> None:
    for item in report.items:
        if item.outcome in MARKS:
            print(f"{MARKS[item.outcome]} {item.path}")
    counts = ", ".join(
        f"{len(report.paths(name))} {name}"
        for name in ("added", "updated", "unchanged", "removed", "failed")
    )
    dry = " (dry run, nothing written)" if report.dry_run else ""
    print(f"{counts}; {report.encoded} passages encoded in {report.seconds:.1f} s{dry}")


class _Meter:
    """Draws one progress line on a terminal, and nothing elsewhere."""

    def __init__(self) -> None:
        self._shown = 0.0

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        last = progress.stage == "done"
        if not sys.stderr.isatty() or (now - self._shown < 0.1 and not last):
            return
        self._shown = now
        left = "" if progress.seconds_left is None else f", {progress.seconds_left:.0f} s left"
        text = (
            f"{progress.stage}: {progress.documents_done}/{progress.documents_total} documents, "
            f"{progress.chunks_done} passages, {progress.chunks_per_second:.1f}/s{left}"
        )
        print(f"\r\x1b[K{text}", end="\n" if last else "", flush=True, file=sys.stderr)


def _evaluate(given: argparse.Namespace) -> int:
    with assistant.Assistant.open() as opened:
        report = assistant.evaluation.run(opened, given.suite)
    if given.plots:
        _write(given.plots, assistant.evaluation.page(report))
    if given.json:
        _print_json(report)
    else:
        print(assistant.evaluation.table(report))
    return 0


def _benchmark(given: argparse.Namespace) -> int:
    settings = load_settings()
    run_works = assistant.benchmark.run_works
    report = run_works(settings) if given.works else assistant.benchmark.run(settings, given.scale)
    if given.json:
        _print_json(report)
    else:
        print(assistant.benchmark.table(report))
    return 0


def _gaps(given: argparse.Namespace) -> int:
    with assistant.Assistant.open() as opened:
        gaps = opened.gaps()
    if given.json:
        _print_json([vars(gap) | {"nearest": [vars(n) for n in gap.nearest]} for gap in gaps])
    else:
        for gap in gaps:
            print(f"{gap.count:3} x  {gap.time[:10]}  {gap.reason:13} {gap.question}")
    return 0


def _settings(given: argparse.Namespace) -> int:
    rows = settings_rows()
    if given.json:
        _print_json(rows)
    else:
        for row in rows:
            print(f"{row['name']} = {row['value']}   ({row['origin']}) {row['description']}")
    return 0


# -- input and output ------------------------------------------------------------------------


def _text(argument: str) -> str:
    return sys.stdin.read() if argument == "-" else argument


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as UTF-8 text ({error})") from error


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error})") from error


def _write(path: Path, text: str) -> None:
    _write_bytes(path, text.encode("utf-8"))


def _write_bytes(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error})") from error


def _turns(path: Path) -> list[Turn]:
    try:
        rows = json.loads(_read(path))
        turns = [Turn(row["role"], row["content"]) for row in rows]
    except (json.JSONDecodeError, TypeError, KeyError) as error:
        raise InputError(
            f'{path}: not a list of {{"role": "user"|"assistant", "content": text}} ({error})'
        ) from error
    if any(t.role not in ("user", "assistant") or not isinstance(t.content, str) for t in turns):
        raise InputError(f"{path}: role must be user or assistant, content must be text")
    return turns


def _print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2))
