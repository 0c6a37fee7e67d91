"""Reads the best sentences beside a question and says whether one of them answers it.

A cross-encoder: the lower half of the bundled e5 model, adapted by low-rank matrices (Hu et al.
2021, LoRA) that `assistant.training` fits. It gives each sentence a score and "none of them" a
score of its own, as SQuAD 2.0 readers do for spans (Devlin et al. 2019, section 4.3).
"""

from __future__ import annotations

import hashlib
import math
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from assistant import e5
from assistant.errors import ModelUnavailable
from assistant.weights import DIMENSIONS, Weights, WordTable, unpacked, version, weights_path

if TYPE_CHECKING:
    from onnx import ModelProto

ADAPTER = Path(__file__).with_name("reader.npz")
LAYERS = 6
LORA_SCALE = 2.0
SENTENCES = 5
_QUESTION_TOKENS, _LINES_TOKENS = 80, 108
_SENTENCE_TOKENS, _HEADING_TOKENS = 72, 32  # so that the best line always fits
_BEGIN, _END = 0, 2
TOKENS = 2 + _QUESTION_TOKENS + _LINES_TOKENS


@dataclass(frozen=True)
class Line:
    """A sentence to read, with the headings that it stands under and its place in their text."""

    headings: str
    place: int
    text: str


@dataclass(frozen=True)
class Packed:
    """Token ids as the model sees them, and which of them are the question and the sentences."""

    ids: tuple[int, ...]
    question: int
    spans: tuple[tuple[int, int, int], ...]  # number of the line, first token, end

    def means(self) -> np.ndarray:
        """Give rows [1 + sentences, tokens] that average the question's and each one's tokens."""
        rows = np.zeros((1 + len(self.spans), len(self.ids)), np.float32)
        rows[0, 1 : self.question - 1] = 1 / (self.question - 2)
        for row, (_, first, end) in zip(rows[1:], self.spans, strict=True):
            row[first:end] = 1 / (end - first)
        return rows


@dataclass(frozen=True)
class Reading:
    """Log odds that one of the lines answers, and each read line's own by its number."""

    odds: float
    lines: Mapping[int, float]


def pack(engine: e5.E5, question: str, lines: Sequence[Line]) -> Packed:
    """Lay out the question and as many of the best lines, given best first, as fit.

    Lines of one heading stand together under it in the order of their text.
    """
    ids = [_BEGIN, *engine.pieces(f"query: {question}")[:_QUESTION_TOKENS], _END]
    asked = len(ids)
    spans = []
    for headings, numbers in _fitting(engine, lines, _LINES_TOKENS).items():
        ids += _heading(engine, headings)
        for number in sorted(numbers, key=lambda n: lines[n].place):
            own = _own(engine, lines[number])
            spans.append((number, len(ids), len(ids) + len(own)))
            ids += own
        ids.append(_END)
    return Packed(tuple(ids), asked, tuple(spans))


def _fitting(engine: e5.E5, lines: Sequence[Line], left: int) -> dict[str, list[int]]:
    """Choose the lines whose tokens fit, by heading in the order of the first one's rank."""
    chosen: dict[str, list[int]] = {}
    for number, line in enumerate(lines):
        own = len(_own(engine, line))
        opening = len(_heading(engine, line.headings)) + 1 if line.headings not in chosen else 0
        if not own or own + opening > left:
            continue
        left -= own + opening
        chosen.setdefault(line.headings, []).append(number)
        if sum(map(len, chosen.values())) == SENTENCES:
            break
    return chosen


def _own(engine: e5.E5, line: Line) -> Sequence[int]:
    return engine.pieces(line.text)[:_SENTENCE_TOKENS]


def _heading(engine: e5.E5, headings: str) -> Sequence[int]:
    return engine.pieces(f"{headings}:")[:_HEADING_TOKENS]


class Adapter:
    """The fitted numbers of `reader.npz`, by the name of the weight that each belongs to."""

    def __init__(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Take arrays in any floating type."""
        self._arrays = arrays

    @classmethod
    def load(cls, path: Path = ADAPTER) -> Adapter:
        """Read the file; a missing or damaged one raises ModelUnavailable."""
        try:
            with np.load(path, allow_pickle=False) as stored:
                return cls({name: stored[name] for name in stored.files})
        except (OSError, EOFError, ValueError, zipfile.BadZipFile) as error:
            raise ModelUnavailable(
                f"{path.name} cannot be used: {error}", model="reader"
            ) from error

    def names(self) -> set[str]:
        """Name every array."""
        return set(self._arrays)

    def numbers(self, name: str) -> np.ndarray | None:
        """Give one array as float32; None for what stays as it was."""
        found = self._arrays.get(name)
        return None if found is None else found.astype(np.float32)

    def __getitem__(self, name: str) -> np.ndarray:
        """Give an array that must be there."""
        return self._arrays[name].astype(np.float32)

    def matrix(self, weights: Weights, name: str, rows: int) -> np.ndarray:
        """Give an encoder's matrix with what was learned added to it."""
        learned = self[f"{name}.B"] @ self[f"{name}.A"]
        merged: np.ndarray = weights.matrix(f"{name}.w", rows) + LORA_SCALE * learned
        return merged


class _Graph(e5.Graph):
    """The lower layers with the adapter merged in, and the two scores on top."""

    def __init__(self, weights: Weights, adapter: Adapter) -> None:
        super().__init__(weights)
        self.adapter = adapter

    def model(self) -> ModelProto:
        from onnx import TensorProto, helper

        state = self._embed()
        for layer in range(LAYERS):
            state = self._layer(f"l{layer}.", state)
        self._node("Squeeze", [state, self._constant("row_axis", [0])], "tokens")
        self._node("MatMul", ["means", "tokens"], "averages")
        first, second = self._constant("zero", [0]), self._constant("one", [1])
        many = self._constant("many", [2**31])
        self._node("Slice", ["averages", second, many, first], "lines")
        self._node("Slice", ["averages", first, second, first], "asked")
        self._node("Slice", ["tokens", first, second, first], "begin")
        self._node("Concat", ["begin", "asked"], "whole", axis=1)
        self._head("lines", "sent", "scores")
        self._head("whole", "null", "nothing")
        real = TensorProto.FLOAT
        graph = helper.make_graph(
            self.nodes,
            "reader",
            [
                helper.make_tensor_value_info("words", real, [1, "tokens", DIMENSIONS]),
                helper.make_tensor_value_info("means", real, ["rows", "tokens"]),
            ],
            [helper.make_tensor_value_info(name, real, None) for name in ("scores", "nothing")],
            self.constants,
        )
        return self._finished(graph)

    def _embed(self) -> str:
        """Add positions, and to the question's tokens a vector that tells them apart."""
        first, axis = self._constant("first", [0]), self._constant("position_axis", [0])
        every = self._constant("positions", self.weights.positions()[:TOKENS])
        self._node("Shape", ["words"], "length", start=1, end=2)
        self._node("Slice", [every, first, "length", axis], "position")
        self._node("Add", ["words", "position"], "placed")
        self._node("Slice", ["means", first, self._constant("next", [1]), axis], "question")
        self._node("Sign", ["question"], "is_question")
        self._node("Transpose", ["is_question"], "marks", perm=[1, 0])
        mark = self._constant("mark", self.adapter["seg"].reshape(1, -1))
        self._node("MatMul", ["marks", mark], "marked")
        self._node("Add", ["placed", "marked"], "embedded")
        return self._start("embedded")

    def _head(self, inputs: str, name: str, output: str) -> None:
        """Two layers of the scorer: sizes are those of the fitted arrays."""
        for step, (part, between) in enumerate((("0", f"{output}.0"), ("2", f"{output}.2"))):
            weight = self._constant(f"{name}.{part}.w", self.adapter[f"{name}.{part}.weight"].T)
            bias = self._constant(f"{name}.{part}.b", self.adapter[f"{name}.{part}.bias"])
            product = self._node("MatMul", [inputs, weight], between)
            inputs = self._node("Add", [product, bias], f"{between}.sum" if step == 0 else output)
            if step == 0:
                inputs = self._node("Gelu", [inputs], f"{between}.active", domain=e5.CONTRIB)

    def _matrix(self, name: str, rows: int) -> np.ndarray:
        return self.adapter.matrix(self.weights, name, rows)

    def _numbers(self, name: str) -> np.ndarray:
        learned = self.adapter.numbers(name)
        return self.weights.numbers(name) if learned is None else learned

    def _exact_product(self, inputs: str, name: str) -> str:
        weight = self._constant(f"{name}.w", self._matrix(name, DIMENSIONS).T)
        product = self._node("MatMul", [inputs, weight], f"{name}.product")
        return self._node("Add", [product, self._vector(f"{name}.b")], f"{name}.out")


class Reader:
    """Scores sentences for questions; thread-safe. Opened at the first question."""

    def __init__(self, engine: e5.E5, data_folder: Path) -> None:
        """Take the bundled encoder's engine for its tokens, and where models are unpacked."""
        self._engine, self._data_folder = engine, data_folder

    def read(self, question: str, lines: Sequence[Line]) -> Reading:
        """Read the lines, best first; none at all are certain not to answer."""
        packed = pack(self._engine, question, lines)
        if not packed.spans:
            return Reading(-math.inf, {})
        words = self._words.rows(packed.ids)[None]
        scores, nothing = self._session.run(None, {"words": words, "means": packed.means()})
        flat, none = scores.reshape(-1), float(nothing.reshape(-1)[0])
        odds = float(np.logaddexp.reduce(flat)) - none
        own = {n: float(score) - none for (n, _, _), score in zip(packed.spans, flat, strict=True)}
        return Reading(odds, own)

    @cached_property
    def _words(self) -> WordTable:
        return WordTable(self._folder / "words.bin")

    @cached_property
    def _folder(self) -> Path:
        digest = hashlib.sha256(ADAPTER.read_bytes()).hexdigest()[:12]
        return unpacked(self._data_folder / "models" / f"reader-{version()}-{digest}", _write)

    @cached_property
    def _session(self) -> Any:
        return e5.open_session(self._folder, self._engine.threads)


def _write(folder: Path) -> None:
    weights = Weights.read(weights_path())
    graph = _Graph(weights, Adapter.load()).model()
    (folder / "model.onnx").write_bytes(graph.SerializeToString())
    (folder / "words.bin").write_bytes(weights.word_blocks())
