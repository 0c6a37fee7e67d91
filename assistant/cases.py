"""The labelled question sets of the repository, and the temporary library they are asked of.

Every fifth case is held out: reported apart, never tuned on. A laboratory shares the encoder with
the user's own data folder and nothing else, so an evaluation leaves no gap or document behind.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from assistant.errors import ConfigurationError
from assistant.records import Hit, Language, Turn
from assistant.service import Assistant
from assistant.settings import ROOT, StoreSettings

DATA = ROOT / "tests" / "evals"
Case = Mapping[str, Any]


def load(name: str) -> Any:
    """Read one of the evaluation files."""
    path = DATA / f"{name}.yaml"
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise ConfigurationError(f"the question set {path.name} cannot be read: {error}") from error


def fresh_questions() -> list[list[str]]:
    """Give the questions that nothing is fitted on: yes or no, language, document, question."""
    lines = (DATA / "fresh.tsv").read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines]


def is_held_out(case: Case) -> bool:
    """Say whether a case is kept apart from tuning: its number can be divided by five."""
    return int(re.sub(r"\D", "", str(case["id"]))) % 5 == 0


def history_of(case: Case) -> list[Turn]:
    """Give the turns that came before the question."""
    return [Turn(turn["role"], turn["content"]) for turn in case.get("history", ())]


def by_part(cases: Iterable[Case]) -> dict[str, list[Case]]:
    """Group cases: all, tuned and held out, per language, per kind."""
    parts: dict[str, list[Case]] = {"all": [], "tuned": [], "held_out": []}
    for case in cases:
        apart = "held_out" if is_held_out(case) else "tuned"
        for name in ("all", apart, case["language"], f"kind:{case['kind']}"):
            parts.setdefault(name, []).append(case)
    return parts


def slugs(hits: Iterable[Hit]) -> list[str]:
    """Give the document of each hit without folder, language and ending."""
    return [slug(hit.passage.document) for hit in hits]


def slug(path: str) -> str:
    """Give what a Chinese and an English version of a document have in common."""
    return path.rsplit("/", 1)[-1].split(".", 1)[0]


def other(language: Language) -> Language:
    """Give the language that a `cross` question is searched in."""
    return "en" if language == "zh" else "zh"


@contextmanager
def laboratory(
    assistant: Assistant, targets: Sequence[str | Path], **changes: Any
) -> Iterator[Assistant]:
    """Open a second assistant on a temporary library of the targets, with some settings changed."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        data.mkdir()
        models = assistant.settings.data / "models"
        if models.is_dir():
            (data / "models").symlink_to(models.resolve(), target_is_directory=True)
        own = {"data": data, "store": StoreSettings()}
        with Assistant.open(assistant.settings.model_copy(update={**own, **changes})) as bench:
            failed = bench.sync(list(targets)).to_json()["failed"]
            if failed:
                raise ConfigurationError(f"{failed[0]['path']}: {failed[0]['reason']}")
            yield bench
