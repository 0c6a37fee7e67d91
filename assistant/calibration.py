"""Fits when to refuse: a logistic model over the signals of retrieval, on labelled questions.

Only this module knows scikit-learn. Weights are fitted and the cut is chosen on the tuned part,
with probabilities from folds that did not see the question; the held-out part is only reported.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from assistant import refusal
from assistant.refusal import AnswerabilityModel

FOLDS = 5
# The bars of both errors: shares of unanswerable ones answered and of answerable ones refused.
ANSWERED_BAR, REFUSED_BAR = 0.05, 0.03


@dataclass(frozen=True)
class Row:
    """One labelled question with the signals that its retrieval gave."""

    id: str
    answerable: bool
    held_out: bool
    signals: Mapping[str, float]
    follow_up: bool = False


def calibrate(rows: Sequence[Row]) -> AnswerabilityModel:
    """Fit weights, means, scales, intercept and threshold on the rows that are not held out."""
    tuned = [row for row in rows if not row.held_out]
    names = _signals(tuned)
    regression, means, scales, unseen = _fitted(tuned, names)
    labels = [row.answerable for row in tuned]
    return AnswerabilityModel(
        weights=_named(names, regression.coef_[0]),
        means=_named(names, means),
        scales=_named(names, scales),
        intercept=round(float(regression.intercept_[0]), 5),
        threshold=round(best_threshold(unseen, labels), 4),
    )


def _signals(rows: Sequence[Row]) -> list[str]:
    return sorted({name for row in rows for name in row.signals})


def _fitted(
    tuned: Sequence[Row], names: Sequence[str]
) -> tuple[Any, np.ndarray, np.ndarray, list[float]]:
    """Fit on all rows; the probabilities are of folds that did not see the question."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    values = np.array([[row.signals.get(name, 0.0) for name in names] for row in tuned])
    labels = np.array([row.answerable for row in tuned])
    means, scales = values.mean(axis=0), values.std(axis=0)
    scales[scales < 1e-6] = 1.0
    scaled = (values - means) / scales
    regression = LogisticRegression(class_weight="balanced", max_iter=2000)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    unseen = cross_val_predict(regression, scaled, labels, cv=folds, method="predict_proba")[:, 1]
    unseen = unseen / [refusal.cut_share(row.follow_up) for row in tuned]
    return regression.fit(scaled, labels), means, scales, unseen.tolist()


def best_threshold(probabilities: Sequence[float], answerable: Sequence[bool]) -> float:
    """Choose the cut at which the worse of both errors, in shares of its bar, is least."""
    levels = sorted({0.0, 1.0, *(p for p in probabilities if p < 1.0)})
    cuts = [(low + high) / 2 for low, high in pairwise(levels)]
    errors = [worse_error(cut, probabilities, answerable) for cut in cuts]
    best = [cut for cut, error in zip(cuts, errors, strict=True) if error <= min(errors)]
    return best[len(best) // 2]


def worse_error(cut: float, probabilities: Sequence[float], answerable: Sequence[bool]) -> float:
    """Give the worse of both errors at a cut, in shares of its bar: up to 1, both bars hold."""
    rates = rates_at(cut, probabilities, answerable)
    return max((1 - rates["refused"]) / ANSWERED_BAR, rates["false_refused"] / REFUSED_BAR)


def rates_at(
    cut: float, probabilities: Sequence[float], answerable: Sequence[bool]
) -> dict[str, float]:
    """Give the share refused of the unanswerable and of the answerable questions at a cut."""
    pairs = list(zip(probabilities, answerable, strict=True))
    no = [probability < cut for probability, yes in pairs if not yes]
    yes = [probability < cut for probability, yes in pairs if yes]
    return {
        "refused": sum(no) / len(no) if no else 1.0,
        "false_refused": sum(yes) / len(yes) if yes else 0.0,
    }


def worth(rows: Sequence[Row]) -> dict[str, float]:
    """Give the worse of both errors, in shares of its bar, without each signal."""
    tuned = [row for row in rows if not row.held_out]
    labels = [row.answerable for row in tuned]
    figures = {}
    for left_out in ("", *_signals(tuned)):
        unseen = _fitted(tuned, [name for name in _signals(tuned) if name != left_out])[3]
        least = worse_error(best_threshold(unseen, labels), unseen, labels)
        figures[left_out or "nothing"] = round(least, 3)
    return figures


def report(model: AnswerabilityModel, rows: Sequence[Row]) -> dict[str, Any]:
    """Give the rates of a model on the tuned and the held-out part, and the worst questions."""
    parts: dict[str, Any] = {}
    for name, held_out in (("tuned", False), ("held_out", True)):
        part = [row for row in rows if row.held_out == held_out]
        chances = [
            model.probability(row.signals) / refusal.cut_share(row.follow_up) for row in part
        ]
        rates = rates_at(model.threshold, chances, [row.answerable for row in part])
        parts[name] = {
            "questions": len(part),
            **{rate: round(value, 4) for rate, value in rates.items()},
        }
    wrong = [r.id for r in rows if model.answers(r.signals, r.follow_up) != r.answerable]
    fitted = {"threshold": model.threshold, "weights": dict(model.weights)}
    return {**fitted, "worse_error_without": worth(rows), **parts, "wrong": wrong}


def write(model: AnswerabilityModel, path: Path) -> None:
    """Store the model where `refusal` reads it."""
    head = "# Fitted by `python -m assistant evaluate --suite calibrate`; not edited by hand.\n"
    path.write_text(head + yaml.safe_dump(asdict(model), sort_keys=False), encoding="utf-8")


def _named(names: Sequence[str], values: Any) -> dict[str, float]:
    return {name: round(float(value), 5) for name, value in zip(names, values, strict=True)}
