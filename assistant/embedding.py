"""Text to vectors, through Sentence Transformers, and the reader that runs on the same weights.

Hides the encoder, its text hygiene, and the centring of languages: each language's mean vector,
taken from fixed parallel sentences and never from the library, is subtracted before normalising.
A vector therefore depends on its text, its language and the fingerprint alone. Nothing heavy is
imported before the first text, and nothing is downloaded unless settings allow it. Questions go to
the bundled encoder's engine itself, which gives the same vectors: importing Sentence Transformers
would take ten seconds of a cold start and 180 MB.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import statistics
import threading
import time
import unicodedata
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import yaml

from assistant import e5, weights
from assistant.errors import ModelFailed, ModelUnavailable
from assistant.language import clean, detect
from assistant.reader import Line, Reader, Reading

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder, SentenceTransformer

Kind = Literal["query", "document"]

logger = logging.getLogger(__name__)

BUNDLED = "bundled"
CALIBRATION = Path(__file__).with_name("calibration.yaml")
# Goes up when the hygiene or the centring changes, because stored vectors would no longer fit.
_FINGERPRINT_VERSION = "2"
# More than any encoder reads; keeps hostile input from costing minutes.
_MAX_CHARACTERS = 100_000
# Normalising takes quadratic time in a run of combining marks: pieces bound the run.
_PIECE_CHARACTERS = 2_000
# Rows of the bundled encoder run one by one, so a batch costs no waiting. Other models compute a
# whole batch at once, and a question waits for the one that is running.
_BUNDLED_BATCH, _OTHER_BATCH = 64, 8
_LANGUAGES = ("zh", "en")
# The mean of a language moves with the length of the texts: documents are compared with passages
# (cross-language recall@1 of mixed libraries 0.56 and 0.55, against 0.37 and 0.71 from sentences).
_PASSAGE_SENTENCES = 4
_SAMPLE_BYTES = 65_536
_PASSAGE_TOKENS = 100


def hygienic(text: str) -> str:
    """Give the text in NFKC without control, zero-width and surrogate characters, bounded."""
    text = text[:_MAX_CHARACTERS]
    pieces = (
        unicodedata.normalize("NFKC", text[at : at + _PIECE_CHARACTERS])
        for at in range(0, len(text), _PIECE_CHARACTERS)
    )
    return clean("".join(pieces))[:_MAX_CHARACTERS]


class Encoder:
    """Encodes documents and queries with one model; safe to use from several threads."""

    def __init__(
        self,
        model: str,
        data_folder: Path,
        threads: int = 0,
        reranker: str | None = None,
        *,
        centring: bool = True,
        allow_download: bool = False,
    ) -> None:
        """Name the model: 'bundled', or a Sentence Transformers name or folder. Nothing loads."""
        self.name = model
        self.data_folder = data_folder
        self.centring = centring
        self._threads = threads
        self._reranker_name = reranker
        self._allow_download = allow_download
        self._loading = threading.RLock()
        self._parts: dict[str, Any] = {}
        self._turns = _Turns()

    @cached_property
    def fingerprint(self) -> str:
        """Name model, weights, hygiene and centring in 16 characters, without loading them."""
        centring = CALIBRATION.read_bytes() if self.centring else b"off"
        shaped = hashlib.sha256(f"{_FINGERPRINT_VERSION}|{self._weights_version()}|".encode())
        shaped.update(centring)
        return shaped.hexdigest()[:16]

    def _weights_version(self) -> str:
        if self.name == BUNDLED:
            return weights.version()
        folder = Path(self.name)
        return _folder_version(folder) if folder.is_dir() else self.name

    @property
    def dimensions(self) -> int:
        """The length of a vector; only a model other than the bundled one is loaded for it."""
        if self.name == BUNDLED:
            return weights.DIMENSIONS
        return int(self._model.get_embedding_dimension() or 0)

    def encode_documents(self, texts: Sequence[str], languages: Sequence[str]) -> np.ndarray:
        """Give float32 unit vectors [n, dimensions], centred by language."""
        return self._centred(self._raw("document", texts), "document", languages)

    def encode_query(self, text: str, language: str) -> np.ndarray:
        """Give the float32 unit vector of a question; it overtakes waiting documents."""
        vector: np.ndarray = self._centred(self._raw("query", [text]), "query", [language])[0]
        return vector

    def similarity(self, texts: Sequence[str], others: Sequence[str]) -> np.ndarray:
        """Give the cosine of each text with each of the others, whatever their languages."""
        one = self.encode_documents(texts, [detect(text) for text in texts])
        other = self.encode_documents(others, [detect(text) for text in others])
        return np.asarray(one @ other.T)

    def rerank(self, query: str, texts: Sequence[str]) -> list[float] | None:
        """Score how well each text answers the query, in their order; None when switched off."""
        if self._reranker_name is None:
            return None
        if not texts:
            return []
        pairs = [(hygienic(query), hygienic(text)) for text in texts]
        reranker = self._reranker
        with self._turns.take(urgent=True), _failing(self._reranker_name):
            scores = reranker.predict(pairs, batch_size=_OTHER_BATCH, show_progress_bar=False)
        return [float(score) for score in np.asarray(scores).reshape(len(texts), -1)[:, 0]]

    def read(self, question: str, lines: Sequence[Line]) -> Reading:
        """Say whether one of the lines, best first, answers; any encoder has the same reader."""
        return self._reader.read(hygienic(question), lines)

    def warm_up(self) -> None:
        """Load all that a question needs, so that the first one does not wait for it."""
        self.encode_query("你好", "zh")
        self.read("你好", [Line("", 0, "hello")])
        if self._reranker_name is not None:
            self.rerank("你好", ["hello"])

    def count_tokens(self, text: str) -> int:
        """Count the model's tokens of a whole document, its prefix and marks included."""
        text = hygienic(text)
        if self._engine is not None:
            return self._engine.count_tokens(e5.PROMPTS["document"] + text)
        prefix = self._model.prompts.get("document") or ""
        with self._turns.take(urgent=True):
            return len(self._model.tokenizer.encode(prefix + text))

    def _once(self, part: str, build: Callable[[], Any]) -> Any:
        """Build a part at its first use, and only once when several threads ask together."""
        with self._loading:
            if part not in self._parts:
                self._parts[part] = build()
            return self._parts[part]

    @property
    def _engine(self) -> e5.E5 | None:
        """The bundled encoder's engine; None for any other model."""
        if self.name != BUNDLED:
            return None
        engine: e5.E5 = self._once("engine", self._open_engine)
        return engine

    def _open_engine(self) -> e5.E5:
        return e5.E5(e5.unpack(self.data_folder / "models"), self._threads).open()

    @property
    def _reader(self) -> Reader:
        reader: Reader = self._once("reader", self._open_reader)
        return reader

    def _open_reader(self) -> Reader:
        return Reader(self._engine or self._open_engine(), self.data_folder)

    @property
    def _model(self) -> SentenceTransformer:
        model: SentenceTransformer = self._once("model", self._load_model)
        return model

    def _load_model(self) -> SentenceTransformer:
        engine = self._engine
        if engine is not None:
            return e5.sentence_transformer(engine)
        from sentence_transformers import SentenceTransformer

        _limit_threads(self._threads)
        with _opening(self.name):
            model = SentenceTransformer(self.name, local_files_only=not self._allow_download)
        _add_e5_prompts(model, self.name)
        return model

    @property
    def _reranker(self) -> CrossEncoder:
        reranker: CrossEncoder = self._once("reranker", self._load_reranker)
        return reranker

    def _load_reranker(self) -> CrossEncoder:
        from sentence_transformers import CrossEncoder

        name = str(self._reranker_name)
        with _opening(name):
            reranker: CrossEncoder = CrossEncoder(name, local_files_only=not self._allow_download)
        return reranker

    def _raw(self, kind: Kind, texts: Sequence[str]) -> np.ndarray:
        """Give unit vectors that are not centred."""
        cleaned = [hygienic(text) for text in texts]
        if not cleaned:
            return np.zeros((0, self.dimensions), np.float32)
        if kind == "query" and self._engine is not None:
            return _unit(self._engine.embed_texts(e5.PROMPTS["query"] + text for text in cleaned))
        model = self._model
        encode = model.encode_query if kind == "query" else model.encode_document
        if self.name == BUNDLED:
            return _vectors(self.name, encode, cleaned, _BUNDLED_BATCH)
        order = sorted(range(len(cleaned)), key=lambda i: len(cleaned[i]))
        vectors = np.zeros((len(cleaned), self.dimensions), np.float32)
        for start in range(0, len(order), _OTHER_BATCH):
            batch = order[start : start + _OTHER_BATCH]
            with self._turns.take(urgent=kind == "query"):
                step = [cleaned[i] for i in batch]
                vectors[batch] = _vectors(self.name, encode, step, _OTHER_BATCH)
        return vectors

    def _centred(self, vectors: np.ndarray, kind: Kind, languages: Sequence[str]) -> np.ndarray:
        if not self.centring or not len(vectors):
            return vectors
        means = self._means
        other = (means[f"{kind}-zh"] + means[f"{kind}-en"]) / 2
        shifts = [means.get(f"{kind}-{language}", other) for language in languages]
        return _unit(vectors - np.stack(shifts))

    @property
    def _means(self) -> Mapping[str, np.ndarray]:
        """The mean vectors by kind and language, such as 'query-zh'."""
        means: Mapping[str, np.ndarray] = self._once("means", self._load_means)
        return means

    def _load_means(self) -> Mapping[str, np.ndarray]:
        path = self.data_folder / "models" / f"means-{self.fingerprint}.npz"
        stored = _read_means(path)
        if stored is None:
            stored = self._measure_means()
            _write_means(path, stored)
        return stored

    def _measure_means(self) -> dict[str, np.ndarray]:
        means = {}
        for language, sentences in zip(
            _LANGUAGES, zip(*calibration_pairs(), strict=True), strict=True
        ):
            passages = [
                " ".join(sentences[at : at + _PASSAGE_SENTENCES])
                for at in range(0, len(sentences), _PASSAGE_SENTENCES)
            ]
            means[f"query-{language}"] = self._raw("query", sentences).mean(axis=0)
            means[f"document-{language}"] = self._raw("document", passages).mean(axis=0)
        return means


def calibration_pairs() -> list[tuple[str, str]]:
    """Give the parallel sentences, Chinese first, that the languages' means are taken from."""
    pairs = yaml.safe_load(CALIBRATION.read_text(encoding="utf-8"))
    return [(chinese, english) for chinese, english in pairs]


class _Turns:
    """Lets one caller at a time into a model; a question goes before waiting documents."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._busy = False
        self._urgent = 0

    @contextmanager
    def take(self, *, urgent: bool) -> Iterator[None]:
        with self._changed:
            self._urgent += urgent
            self._changed.wait_for(lambda: not self._busy and (urgent or not self._urgent))
            self._urgent -= urgent
            self._busy = True
        try:
            yield
        finally:
            with self._changed:
                self._busy = False
                self._changed.notify_all()


def _vectors(
    name: str, encode: Callable[..., Any], texts: Sequence[str], batch_size: int
) -> np.ndarray:
    """Encode to float32 unit vectors; what a model raises becomes ModelFailed."""
    with _failing(name):
        found = encode(list(texts), batch_size=batch_size, show_progress_bar=False)
    return _unit(np.asarray(found, np.float32))


def _unit(vectors: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: np.ndarray = vectors / np.maximum(lengths, 1e-12)
    return scaled.astype(np.float32)


@contextmanager
def _opening(name: str) -> Iterator[None]:
    """Turn whatever goes wrong while a model loads into one line that says what to do."""
    try:
        yield
    except Exception as error:  # hubs, file formats and models each have classes of their own
        line = str(error).strip().splitlines() or [type(error).__name__]
        raise ModelUnavailable(
            f"cannot load the model '{name}': {line[0]} (set the encoder setting to a local "
            "Sentence Transformers folder, or allow a download with "
            "ASSISTANT_ENCODER__ALLOW_DOWNLOAD=true)",
            model=name,
        ) from error


@contextmanager
def _failing(name: str) -> Iterator[None]:
    try:
        yield
    except (RuntimeError, ValueError, IndexError, TypeError) as error:
        raise ModelFailed(f"the model '{name}' failed on a text: {error}", model=name) from error


def _limit_threads(threads: int) -> None:
    if threads:
        import torch

        torch.set_num_threads(threads)


def _add_e5_prompts(model: SentenceTransformer, name: str) -> None:
    """Give models of the e5 family their prefixes, which their own settings leave out."""
    if re.search(r"(^|[/_-])e5-", name.lower()) and not any(model.prompts.values()):
        model.prompts.update(e5.PROMPTS)


def _folder_version(folder: Path) -> str:
    """Hash a model folder cheaply: names and sizes of all files, and both ends of each."""
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        size = path.stat().st_size
        digest.update(f"{path.relative_to(folder).as_posix()}:{size}|".encode())
        with path.open("rb") as file:
            digest.update(file.read(_SAMPLE_BYTES))
            file.seek(max(0, size - _SAMPLE_BYTES))
            digest.update(file.read(_SAMPLE_BYTES))
    return digest.hexdigest()


def _read_means(path: Path) -> dict[str, np.ndarray] | None:
    """Read stored means; a missing or damaged file is the same as none."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except (OSError, ValueError, zipfile.BadZipFile):
        return None


def _write_means(path: Path, means: Mapping[str, np.ndarray]) -> None:
    """Move a finished file into place; where none can be written, each start measures again."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with aside.open("wb") as file:
            np.savez(file, **means)  # type: ignore[arg-type]  # the stub takes names for options
        aside.replace(path)
    except OSError as error:
        logger.warning("cannot keep the means of the languages in %s: %s", path, error)
        aside.unlink(missing_ok=True)


def benchmark(encoder: Encoder) -> dict[str, float]:
    """Measure passages of about 100 tokens per second and milliseconds per short query.

    Queries are measured on a quiet encoder and again while another thread encodes documents;
    `busy_passages_per_second` is what that thread reaches meanwhile.
    """
    passages, questions = _benchmark_texts(encoder)
    languages = ["zh"] * len(passages)
    encoder.warm_up()
    encoder.encode_documents(passages[:1], languages[:1])
    began = time.perf_counter()
    encoder.encode_documents(passages, languages)
    quiet_rate = len(passages) / (time.perf_counter() - began)
    quiet = _query_times(encoder, questions)
    with _background(lambda: encoder.encode_documents(passages, languages)) as rounds:
        began = time.perf_counter()
        busy = _query_times(encoder, questions)
        while not rounds:
            time.sleep(0.05)
        busy_rate = len(rounds) * len(passages) / (time.perf_counter() - began)
    return {
        "passages_per_second": round(quiet_rate, 1),
        "query_ms_median": round(statistics.median(quiet), 1),
        "query_ms_p95": round(float(np.percentile(quiet, 95)), 1),
        "busy_passages_per_second": round(busy_rate, 1),
        "busy_query_ms_median": round(statistics.median(busy), 1),
        "busy_query_ms_p95": round(float(np.percentile(busy, 95)), 1),
    }


def _benchmark_texts(encoder: Encoder) -> tuple[list[str], list[str]]:
    """Join calibration sentences to passages of 100 tokens, and take the questions among them."""
    pairs = calibration_pairs()
    sentences = [text for pair in pairs for text in pair]
    questions = [text for text in sentences if text.endswith(("\uff1f", "?"))]
    passages = []
    for first in range(40):
        passage = ""
        for sentence in sentences[first:] + sentences[:first]:
            passage += sentence
            if encoder.count_tokens(passage) >= _PASSAGE_TOKENS:
                break
        passages.append(passage)
    return passages, questions


def _query_times(encoder: Encoder, questions: Sequence[str]) -> list[float]:
    times = []
    for question in [*questions, *questions]:
        began = time.perf_counter()
        encoder.encode_query(question, "zh")
        times.append((time.perf_counter() - began) * 1000)
    return times


@contextmanager
def _background(work: Callable[[], object]) -> Iterator[list[float]]:
    """Repeat the work in another thread; the list grows by one entry with each finished round."""
    rounds: list[float] = []
    stop = threading.Event()

    def repeat() -> None:
        while not stop.is_set():
            work()
            rounds.append(time.perf_counter())

    thread = threading.Thread(target=repeat, daemon=True)
    thread.start()
    try:
        yield rounds
    finally:
        stop.set()
        thread.join()
