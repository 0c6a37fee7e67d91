"""DP Assistant: proven answers for Douyin e-commerce service providers."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import assistant.benchmark as benchmark
    import assistant.evaluation as evaluation
    from assistant.service import Assistant

__all__ = ["Assistant", "benchmark", "evaluation"]


def __getattr__(name: str) -> Any:
    """Import the facade on first use, so that `--help` answers at once."""
    if name == "Assistant":
        return import_module("assistant.service").Assistant
    if name in ("evaluation", "benchmark"):
        return import_module(f"assistant.{name}")
    raise AttributeError(f"module 'assistant' has no attribute '{name}'")
