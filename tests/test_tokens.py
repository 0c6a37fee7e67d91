"""Token counts come from the bundled vocabulary, and never cut a character."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.tokens import count_tokens, fit, prefix_length

mixed = st.text(st.sampled_from("抖音直播 店 abc.,。\n👨‍👩\u0301"), max_size=80)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", 0), ("hello world", 2), ("<|endoftext|>", 7), ("tiktoken is great!", 6)],
)
def test_counts_are_those_of_cl100k_base(text: str, expected: int) -> None:
    assert count_tokens(text) == expected


def test_hostile_text_is_counted() -> None:
    assert count_tokens("\ud800 lone") > 0
    assert count_tokens("a" * 100_000) > 1000


def test_the_vocabulary_needs_no_network_and_no_cache(tmp_path: object) -> None:
    program = (
        "import socket\n"
        "def refuse(*a, **k): raise AssertionError('network')\n"
        "socket.socket.connect = refuse\nsocket.getaddrinfo = refuse\n"
        "from assistant.tokens import count_tokens\nprint(count_tokens('抖音'))"
    )
    environment = {**os.environ, "TIKTOKEN_CACHE_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout.strip()) == (0, str(count_tokens("抖音"))), done.stderr


def test_fit_keeps_the_leading_texts_within_the_budget() -> None:
    texts = ["one two three", "four five", "six"]
    counts = [count_tokens(text) for text in texts]
    assert fit(texts, sum(counts)) == 3
    assert fit(texts, sum(counts) - 1) == 2
    assert fit(texts, counts[0] - 1) == 0
    assert fit([], 10) == 0


@settings(max_examples=60, deadline=None)
@given(mixed.filter(bool), st.integers(1, 20))
def test_a_prefix_fits_and_one_character_more_is_only_refused_for_a_reason(
    text: str, budget: int
) -> None:
    length = prefix_length(text, 0, len(text), budget)
    assert 1 <= length <= len(text)
    assert length == 1 or count_tokens(text[:length]) <= budget
    assert length == len(text) or count_tokens(text) > budget
