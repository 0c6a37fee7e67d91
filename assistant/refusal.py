"""Decides from the signals of retrieval whether the library answers a question at all.

A logistic model over several signals; its weights are fitted by `python -m assistant evaluate
--suite calibrate` on labelled questions and stored beside this file. A fixed cut-off on cosine
does not separate: similarities of e5 crowd together.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from assistant.errors import ConfigurationError

WEIGHTS = Path(__file__).with_name("refusal.yaml")


@dataclass(frozen=True)
class AnswerabilityModel:
    """probability = sigmoid(intercept + sum of weight x (signal - mean) / scale)."""

    weights: Mapping[str, float]
    means: Mapping[str, float]
    scales: Mapping[str, float]
    intercept: float
    threshold: float

    @classmethod
    def load(cls, path: Path = WEIGHTS, threshold: float | None = None) -> AnswerabilityModel:
        """Read the fitted weights; `threshold` overrides the fitted cut (0 to 1)."""
        try:
            stored = yaml.safe_load(path.read_text(encoding="utf-8"))
            model = cls(**{name: stored[name] for name in cls.__dataclass_fields__})
        except (OSError, KeyError, TypeError, yaml.YAMLError) as error:
            raise ConfigurationError(f"{path.name} cannot be used: {error}") from error
        return model if threshold is None else cls(**{**vars(model), "threshold": threshold})

    def probability(self, signals: Mapping[str, float]) -> float:
        """Give the probability (0 to 1) that the library answers."""
        total = self.intercept
        for name, weight in self.weights.items():
            value = signals.get(name, 0.0)
            total += weight * (value - self.means.get(name, 0.0)) / self.scales.get(name, 1.0)
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))

    def answers(self, signals: Mapping[str, float], follow_up: bool = False) -> bool:
        """Say whether to answer rather than refuse."""
        return self.probability(signals) >= self.threshold * cut_share(follow_up)


def cut_share(follow_up: bool) -> float:
    """Give how much of the cut is enough (0 to 1).

    A follow-up shares the subject of a question that was answered, so it is half.
    """
    return 0.5 if follow_up else 1.0
