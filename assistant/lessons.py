"""What labelled questions teach: where the answer to a question lies, and whether there is one.

Both hold for vectors of questions by the bundled encoder, and are fitted by `assistant.teaching`.
A *move* of low rank takes a question nearer to the passages that answer it. *Precedents* tell how
like questions turned out: Gaussian kernel ridge regression (Saunders, Gammerman & Vovk 1998) over
labelled ones, 1 where the library answered and -1 where it could not.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assistant.errors import ConfigurationError

PATH = Path(__file__).with_name("lessons.npz")
WIDTH = 1.0  # of the kernel: exp(-WIDTH x squared distance)
_LEVELS = 7  # of the 4 bits in which precedents are stored, either way of zero


@dataclass(frozen=True)
class Lessons:
    """Fitted numbers as float32; `size` is the length of a vector."""

    down: np.ndarray  # [rank, size]
    up: np.ndarray  # [size, rank]
    shifts: Mapping[str, np.ndarray]  # [size] by language
    precedents: np.ndarray  # unit vectors of questions [n, size]
    weights: np.ndarray  # [n]
    passages: frozenset[str]  # ids of those that the questions were asked of

    @classmethod
    def load(cls, path: Path = PATH) -> Lessons:
        """Read the fitted file; a missing or damaged one raises ConfigurationError."""
        try:
            with np.load(path, allow_pickle=False) as stored:
                numbers = {name: stored[name] for name in stored.files}
            return cls(
                numbers["down"].astype(np.float32),
                numbers["up"].astype(np.float32),
                {name: numbers[f"shift_{name}"].astype(np.float32) for name in ("zh", "en")},
                _unpacked(numbers["precedents"], numbers["scales"]),
                numbers["weights"],
                frozenset(numbers["passages"].tolist()),
            )
        except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise ConfigurationError(f"{path.name} cannot be used: {error}") from error

    def store(self, path: Path = PATH) -> None:
        """Write the file: the move in half precision, the precedents in 4 bits."""
        packed, scales = _packed(self.precedents)
        with path.open("wb") as file:
            np.savez_compressed(
                file,
                down=self.down.astype(np.float16),
                up=self.up.astype(np.float16),
                precedents=packed,
                scales=scales,
                weights=self.weights.astype(np.float32),
                passages=np.array(sorted(self.passages)),
                **{f"shift_{name}": one.astype(np.float16) for name, one in self.shifts.items()},  # type: ignore[arg-type]
            )

    def moved(self, vector: np.ndarray, language: str) -> np.ndarray:
        """Give the unit vector to search with instead of a question's own."""
        shift = self.shifts.get(language, sum(self.shifts.values()) / len(self.shifts))
        there = vector + vector @ self.down.T @ self.up.T + shift
        nearer: np.ndarray = there / np.linalg.norm(there)
        return nearer

    def precedent(self, vector: np.ndarray) -> float:
        """Give -1 to 1: how like questions turned out."""
        # Without BLAS, whose threads would go on waiting and slow the reader down by a quarter.
        near = np.exp(2 * WIDTH * (np.vecdot(self.precedents, vector) - 1))
        return max(-1.0, min(1.0, float(np.vecdot(near, self.weights))))


def kernel(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Give exp(-WIDTH x squared distance) of unit vectors [n, size] and [m, size] as [n, m]."""
    near: np.ndarray = np.exp(2 * WIDTH * (one @ other.T - 1))
    return near


def rounded(vectors: np.ndarray) -> np.ndarray:
    """Give vectors as they are after being stored."""
    return _unpacked(*_packed(vectors))


def _packed(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    scales = (np.abs(vectors).max(axis=1) / _LEVELS).astype(np.float16)
    levels = np.round(vectors / scales[:, None].astype(np.float32)) + _LEVELS
    halves = levels.clip(0, 15).astype(np.uint8)
    return halves[:, 0::2] | (halves[:, 1::2] << 4), scales


def _unpacked(packed: np.ndarray, scales: np.ndarray) -> np.ndarray:
    levels = np.stack([packed & 15, packed >> 4], axis=-1).reshape(len(packed), -1)
    vectors = (levels.astype(np.float32) - _LEVELS) * scales[:, None].astype(np.float32)
    unit: np.ndarray = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit
