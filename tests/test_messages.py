"""The two languages say the same things, and every error and key in use has a text."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

from assistant import errors
from assistant.messages import LANGUAGES, catalogue, explain, knows, say

PACKAGE = Path(__file__).resolve().parent.parent / "assistant"
_USED_KEY = re.compile(r"(?:say|explain)\(\s*[\w.]+,\s*\"([a-z_]+\.\w+)\"")
_HAN = re.compile(r"[\u4e00-\u9fff]")


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_have_the_same_keys_and_placeholders() -> None:
    chinese, english = catalogue("zh"), catalogue("en")
    assert set(chinese) == set(english)
    for key in chinese:
        assert _placeholders(chinese[key]) == _placeholders(english[key]), key


def test_no_text_is_empty_or_left_in_the_other_language() -> None:
    names_of_the_other_language = {"app.other_name", "app.switch_language"}
    for language in LANGUAGES:
        for key, text in catalogue(language).items():
            assert text.strip(), key
            if language == "en" and key not in names_of_the_other_language:
                assert not _HAN.search(text), key


def _error_classes(root: type[errors.AssistantError]) -> list[type[errors.AssistantError]]:
    return [root, *(c for child in root.__subclasses__() for c in _error_classes(child))]


@pytest.mark.parametrize("error", _error_classes(errors.AssistantError))
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_error_has_a_text(error: type[errors.AssistantError], language: str) -> None:
    raised = error("the line for the log")
    text = say(language, raised.key, **raised.values)  # type: ignore[arg-type]
    assert text and "{" not in text


def test_every_key_written_in_the_code_exists() -> None:
    sources = [p for p in PACKAGE.rglob("*.py") if "migrations" not in p.parts]
    used = {key for path in sources for key in _USED_KEY.findall(path.read_text("utf-8"))}
    assert len(used) > 40
    assert [key for key in sorted(used) if not knows(key)] == []


def test_values_with_braces_are_put_in_as_they_are() -> None:
    assert say("en", "error.input", detail="{0} {x!r} {{}}").endswith("{0} {x!r} {{}}")


def test_a_missing_value_leaves_the_placeholder_and_an_unknown_key_is_an_error() -> None:
    assert "{detail}" in say("en", "error.input")
    with pytest.raises(KeyError):
        say("en", "error.no_such_thing")


def test_explain_never_fails() -> None:
    assert "boom" in explain("zh", "error.no_such_thing", detail="boom")
