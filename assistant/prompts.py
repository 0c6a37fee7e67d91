"""The prompts: Markdown files with front matter, checked when they are opened, filled with data.

A prompt's placeholders, the inputs in its front matter and what the program gives are the same
set, or nothing starts. Text from documents and users passes `as_data` on its way in: it cannot
close the tag it stands in, set a citation mark or name a model's control token.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

import yaml

from assistant.errors import ConfigurationError
from assistant.language import clean
from assistant.records import CheckedSentence, Language, Passage, Turn

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage
    from langchain_core.runnables import Runnable

REQUIRED: Mapping[str, frozenset[str]] = {
    "answer": frozenset({"question", "evidence", "language_name", "sentence_limit"}),
    "condense": frozenset({"history", "question"}),
    "repair": frozenset(
        {"question", "draft", "faults", "evidence", "language_name", "sentence_limit"}
    ),
}
NO_EVIDENCE = "NO_EVIDENCE"
LANGUAGE_NAMES: Mapping[Language, str] = {"zh": "Simplified Chinese (简体中文)", "en": "English"}
HISTORY_CHARACTERS = 600  # of each turn; enough to know what "that" means
USER_PART = re.compile(r"^---user---[ \t]*$", re.MULTILINE)
_FRONT_MATTER = re.compile(r"\A---\n(.*?)\n---\n(.*)\Z", re.DOTALL)
_HEAD_KEYS = frozenset({"purpose", "inputs", "output"})
# What models and the check read as a citation: [1], 【2】, [3, 4]; also the instruction brackets
# of some chat templates.
_MARK = re.compile(r"[\[\uff3b\u3010]\s*(\d[\d\s,,、\u2013-]*|/?(?:SYS_?)?INST)\s*[\]\uff3d\u3011]")
# Full-width twins: they look alike and fold to the same characters when a quote is compared.
_HARMLESS = str.maketrans({"<": "\uff1c", ">": "\uff1e"})


@dataclass(frozen=True)
class Prompt:
    """One prompt: what it is for, its inputs, and its two parts as templates."""

    name: str
    purpose: str
    inputs: frozenset[str]
    output: str
    system: Template
    user: Template


class Prompts:
    """The prompts of a folder; every file was read and checked when this was made."""

    def __init__(self, prompts: Mapping[str, Prompt], fingerprint: str) -> None:
        """Take checked prompts; use `Prompts.open`."""
        self._prompts = dict(prompts)
        self.fingerprint = fingerprint

    @classmethod
    def open(cls, folder: Path) -> Prompts:
        """Load every prompt of a folder; a faulty or missing one raises ConfigurationError."""
        prompts: dict[str, Prompt] = {}
        digest = hashlib.sha256()
        for path in sorted(folder.glob("*.md")):
            text = _read(path)
            prompts[path.stem] = _parse(path, text)
            digest.update(f"{path.name}\0{text}\0".encode())
        for name in REQUIRED:
            if name not in prompts:
                raise ConfigurationError(f"prompt file {folder / name}.md is missing")
        return cls(prompts, digest.hexdigest()[:12])

    def names(self) -> list[str]:
        """List the prompts."""
        return sorted(self._prompts)

    def get(self, name: str) -> Prompt:
        """Give one prompt."""
        if name not in self._prompts:
            raise ConfigurationError(f"there is no prompt '{name}'; known: {self.names()}")
        return self._prompts[name]

    def parts(self, name: str, **values: object) -> tuple[str, str]:
        """Fill a prompt and give its system and user parts; values are put in as they are."""
        prompt = self.get(name)
        _compare(f"prompt '{name}'", "was given", prompt.inputs, frozenset(values))
        texts = {key: str(value) for key, value in values.items()}
        return prompt.system.substitute(texts).strip(), prompt.user.substitute(texts).strip()

    def render(self, name: str, **values: object) -> str:
        """Fill a prompt and give its whole text."""
        return "\n\n".join(self.parts(name, **values))

    def runnable(self, name: str) -> Runnable[dict[str, Any], list[BaseMessage]]:
        """Give the LangChain step from a prompt's values to a system and a user message."""
        from langchain_core.messages import HumanMessage, SystemMessage
        from langchain_core.runnables import RunnableLambda

        self.get(name)

        def messages(values: dict[str, Any]) -> list[BaseMessage]:
            system, user = self.parts(name, **values)
            return [SystemMessage(system), HumanMessage(user)]

        return RunnableLambda(messages, name=f"prompt {name}")


def as_data(text: str, *, keep_marks: bool = False) -> str:
    """Make foreign text harmless in a prompt; letters, digits and `&` stay as they are.

    `keep_marks` is for the model's own draft, whose [1] are the point.
    """
    text = clean(text).translate(_HARMLESS)
    text = text if keep_marks else _MARK.sub(r"(\1)", text)
    return text.replace(NO_EVIDENCE, NO_EVIDENCE.replace("_", " "))


def evidence_text(passages: Sequence[Passage]) -> str:
    """Write passages as numbered <evidence> blocks, from 1."""
    return "\n\n".join(_evidence(n, passage) for n, passage in enumerate(passages, start=1))


def history_text(turns: Sequence[Turn]) -> str:
    """Write the turns of a conversation, one line each, long ones shortened."""
    lines = (f"{turn.role}: {' '.join(as_data(turn.content).split())}" for turn in turns)
    return "\n".join(
        line if len(line) <= HISTORY_CHARACTERS else line[:HISTORY_CHARACTERS] + " …"
        for line in lines
    )


def faults_text(sentences: Sequence[CheckedSentence]) -> str:
    """List the sentences that failed the check, each with the reason."""
    lines = []
    for sentence in sentences:
        if sentence.status == "unsupported":
            text = " ".join(as_data(sentence.text, keep_marks=True).split())
            lines.append(f"- {text} ({as_data(sentence.reason) or 'not proven'})")
    return "\n".join(lines)


def _evidence(number: int, passage: Passage) -> str:
    title = " › ".join(part for part in (passage.title, passage.section) if part)
    facts = {"id": str(number), "title": title}
    if passage.confidence:
        facts["confidence"] = passage.confidence
    if passage.updated:
        facts["updated"] = passage.updated
    if passage.valid_until:
        facts["valid_until"] = passage.valid_until
    head = " ".join(f'{name}="{_attribute(value)}"' for name, value in facts.items())
    return f"<evidence {head}>\n{as_data(passage.text).strip()}\n</evidence>"


def _attribute(value: str) -> str:
    return " ".join(as_data(value).replace('"', "\uff02").split())


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"prompt file {path} cannot be read: {error}") from error


def _parse(path: Path, text: str) -> Prompt:
    """Check one file: its front matter, its two parts, and that all names agree."""
    match = _FRONT_MATTER.match(text)
    if not match:
        raise ConfigurationError(f"prompt file {path} has no front matter between two --- lines")
    head, body = _head(path, match[1]), match[2]
    parts = USER_PART.split(body)
    if len(parts) != 2 or not all(part.strip() for part in parts):
        raise ConfigurationError(f"prompt file {path} needs two parts around one ---user--- line")
    inputs = frozenset(head["inputs"])
    _compare(f"prompt file {path}", "uses", inputs, _placeholders(path, body))
    if path.stem in REQUIRED:
        _compare(f"prompt file {path}", "lists as input", REQUIRED[path.stem], inputs)
    return Prompt(
        name=path.stem,
        purpose=head["purpose"],
        inputs=inputs,
        output=head["output"],
        system=Template(parts[0]),
        user=Template(parts[1]),
    )


def _head(path: Path, text: str) -> dict[str, Any]:
    try:
        head = yaml.safe_load(text)
    except yaml.YAMLError as error:
        reason = " ".join(str(error).split())
        raise ConfigurationError(
            f"prompt file {path}: the front matter is no YAML: {reason}"
        ) from error
    if not isinstance(head, dict) or set(map(str, head)) != _HEAD_KEYS:
        raise ConfigurationError(
            f"prompt file {path}: the front matter must have exactly purpose, inputs and output"
        )
    inputs = head["inputs"]
    names = isinstance(inputs, list) and all(
        isinstance(i, str) and i.isidentifier() for i in inputs
    )
    if not names or not all(isinstance(head[k], str) and head[k] for k in ("purpose", "output")):
        raise ConfigurationError(
            f"prompt file {path}: inputs must be a list of names, purpose and output a text"
        )
    return head


def _placeholders(path: Path, body: str) -> frozenset[str]:
    template = Template(body)
    if not template.is_valid():
        raise ConfigurationError(f"prompt file {path}: a lone $ must be written as $$")
    return frozenset(template.get_identifiers())


def _compare(where: str, verb: str, wanted: frozenset[str], found: frozenset[str]) -> None:
    """Raise ConfigurationError naming the first missing or surplus variable."""
    for name in sorted(wanted - found):
        raise ConfigurationError(f"{where}: variable '{name}' is missing")
    for name in sorted(found - wanted):
        raise ConfigurationError(f"{where} {verb} the unknown variable '{name}'")
