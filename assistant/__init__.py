"""DP Assistant: proven answers for Douyin e-commerce service providers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assistant.service import Assistant

__all__ = ["Assistant"]


def __getattr__(name: str) -> Any:
    """Import the facade on first use, so that `--help` answers at once."""
    if name == "Assistant":
        from assistant.service import Assistant

        return Assistant
    raise AttributeError(f"module 'assistant' has no attribute '{name}'")
