"""What the README and the example settings say exists, and the other way round."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from assistant.settings import ROOT, settings_rows

README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")


def test_links_of_the_readme_resolve() -> None:
    """Every relative link and picture is a file of the project."""
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert links
    for link in links:
        assert link.startswith("http") or (ROOT / link).exists(), link


def test_settings_named_in_the_documents_exist() -> None:
    """A setting in the example file is a real one."""
    known = {row["name"] for row in settings_rows()}
    named = set(re.findall(r"ASSISTANT_[A-Z_]+[A-Z]", EXAMPLE))
    assert named and named <= known, named - known


def test_every_setting_has_a_description() -> None:
    """The settings command explains each of them."""
    assert all(row["description"] for row in settings_rows())


COMMANDS = ["ask", "check", "search", "plan", "assess", "evaluate", "benchmark", "gaps", "settings"]


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_are_documented(command: str) -> None:
    """Each command of the terminal stands in the README or the change log, and has a help text."""
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"\b{command}\b", README + changes)
    done = subprocess.run(
        [sys.executable, "-m", "assistant", command, "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0 and "usage" in done.stdout


def test_make_targets_of_the_readme_exist() -> None:
    """`make x` in the README is a target."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"`?make ([a-z]+)", README.split("## Who uses it")[0]):
        assert re.search(rf"^{target}:", makefile, re.M), target
