"""The model path over real HTTP: text arrives, and each way to fail has its own plain line."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import model_server as served
import pytest
from langchain_core.output_parsers import StrOutputParser
from langchain_core.runnables import Runnable, RunnableLambda, RunnablePassthrough

from assistant.errors import ConfigurationError, InputError, ModelFailed, ModelUnavailable
from assistant.llm import ChatModel, without_thoughts
from assistant.messages import knows
from assistant.settings import ModelSettings

ROOT = Path(__file__).resolve().parent.parent
BRIEF = 0.4  # seconds of silence that the impatient tests allow


def model_at(address: str, **settings: Any) -> ChatModel:
    given = {"name": "openai:scripted", "base_url": address, "api_key": served.KEY, **settings}
    return ChatModel(ModelSettings(**given))


def ask(model: ChatModel, words: str = "How good is the store?") -> str:
    return model.complete_text(model.runnable() | StrOutputParser(), words)


def failure(*replies: served.Reply, **settings: Any) -> ModelFailed | ModelUnavailable:
    """Ask a server with this script and give the one error that the user would see."""
    with served.ScriptedModelServer(*replies) as server:
        with pytest.raises((ModelFailed, ModelUnavailable)) as caught:
            ask(model_at(server.base_url, **settings))
        line = str(caught.value)
        assert server.base_url in line
        assert "\n" not in line and "Traceback" not in line and served.KEY not in line
        assert caught.value.values["address"] == server.base_url
        assert knows(caught.value.key)
    return caught.value


def test_text_arrives_piece_by_piece() -> None:
    words = "店铺体验分从 4.2 提升到 4.9 [1]。 The score rose [2]."
    with served.ScriptedModelServer(served.text(words)) as server:
        model = model_at(server.base_url)
        pieces = list(model.stream_text(model.runnable() | StrOutputParser(), "score?"))
    assert "".join(pieces) == words
    assert len(pieces) > 5
    assert model.name == "openai:scripted"


def test_a_chain_may_end_in_messages_or_in_text() -> None:
    with served.ScriptedModelServer(served.text("Yes [1].")) as server:
        model = model_at(server.base_url)
        assert model.complete_text(model.runnable(), "?") == "Yes [1]."
        assert model.runnable().invoke("?").text == "Yes [1]."


def test_the_request_carries_the_settings() -> None:
    with served.ScriptedModelServer() as server:
        ask(model_at(server.base_url, max_tokens=77, temperature=0.3), "What is FACT?")
        (request,), (headers,) = server.requests, server.headers
    assert request["model"] == "scripted"
    assert request["max_tokens"] == 77
    assert request["temperature"] == 0.3
    assert request["stream"] is True
    assert "max_completion_tokens" not in request
    assert request["messages"] == [{"role": "user", "content": "What is FACT?"}]
    assert headers["authorization"] == f"Bearer {served.KEY}"


@pytest.mark.parametrize(
    ("status", "kind", "cause", "advice", "retry_helps"),
    [
        (401, ModelUnavailable, "key", "ASSISTANT_MODEL__API_KEY", False),
        (402, ModelUnavailable, "payment", "account", False),
        (403, ModelUnavailable, "key", "ASSISTANT_MODEL__API_KEY", False),
        (404, ModelUnavailable, "name", "ASSISTANT_MODEL__NAME", False),
        (400, ModelFailed, "rejected", "rejects the request", False),
        (422, ModelFailed, "rejected", "rejects the request", False),
        (429, ModelUnavailable, "rate", "in a minute", True),
        (500, ModelFailed, "server", "try again later", True),
        (503, ModelFailed, "server", "try again later", True),
    ],
)
def test_each_status_has_its_line(
    status: int, kind: type, cause: str, advice: str, retry_helps: bool
) -> None:
    error = failure(served.refusal(status, "because of the weather", Retry_After="30"))
    assert type(error) is kind
    assert (error.values["cause"], error.retry_helps) == (cause, retry_helps)
    assert error.values["status"] == status
    assert advice in str(error) and "because of the weather" in str(error)


def test_a_key_that_the_server_repeats_is_hidden() -> None:
    error = failure(served.refusal(401, f"Incorrect API key provided: {served.KEY}"))
    assert "***" in str(error)
    assert served.KEY not in repr(error.values)


def test_a_redirect_is_not_followed() -> None:
    with served.ScriptedModelServer() as elsewhere:
        location = elsewhere.base_url + "/chat/completions"
        error = failure(served.refusal(307, "moved", Location=location))
        assert error.values["cause"] == "rejected"
        assert elsewhere.requests == []


@pytest.mark.parametrize(
    ("reply", "cause"),
    [
        (served.web_page(), "garbage"),
        (served.invalid_json(), "garbage"),
        (served.wrong_shape(), "garbage"),
        (served.Reply(body="{}"), "garbage"),
        (served.Reply(events=()), "garbage"),
        (served.Reply(events=('{"error": {"message": "out of memory"}}',)), "garbage"),
        (served.empty(), "empty"),
        (served.text(" \n "), "empty"),
        (served.text("<think>round and round", finish="length"), "empty"),
        (served.broken(after=0), "broken"),
        (served.broken(after=3), "broken"),
        (served.cut_off(after=3), "broken"),
        (served.text("Half an", finish="content_filter"), "filtered"),
    ],
    ids=lambda value: "" if isinstance(value, str) else None,
)
def test_unusable_answers_are_named(reply: served.Reply, cause: str) -> None:
    error = failure(reply)
    assert isinstance(error, ModelFailed)
    assert error.values["cause"] == cause


def test_pieces_before_a_break_are_given_first() -> None:
    with served.ScriptedModelServer(served.broken(after=3)) as server:
        model, pieces = model_at(server.base_url), []
        with pytest.raises(ModelFailed):
            for piece in model.stream_text(model.runnable(), "?"):
                pieces.append(piece)
        assert "".join(pieces) == "The FACT matrix "
        assert len(server.requests) == 1, "a stream that has begun must not be repeated"


@pytest.mark.parametrize(
    "reply",
    [served.silent(), served.silent(after=2), served.silent(after=2, keep_alive=True)],
    ids=["from the start", "midway", "midway, with comments"],
)
def test_silence_ends(reply: served.Reply) -> None:
    error = failure(reply, timeout_seconds=BRIEF)
    assert isinstance(error, ModelUnavailable)
    assert error.values["cause"] == "timeout"
    assert error.values["seconds"] == f"{BRIEF:g}"
    assert "ASSISTANT_MODEL__TIMEOUT_SECONDS" in str(error)


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as port:
        address = f"http://127.0.0.1:{port.getsockname()[1]}/v1"
    with pytest.raises(ModelUnavailable, match=r"cannot be reached.*refused") as caught:
        ask(model_at(address))
    assert caught.value.values["cause"] == "address"
    assert address in str(caught.value)


def test_one_passing_failure_is_repeated() -> None:
    with served.ScriptedModelServer(served.refusal(500), served.text("Fine [1].")) as server:
        assert ask(model_at(server.base_url)) == "Fine [1]."
        assert len(server.requests) == 2


@pytest.mark.parametrize(("status", "requests"), [(500, 2), (429, 1), (401, 1)])
def test_a_lasting_failure_is_not_repeated_for_ever(status: int, requests: int) -> None:
    with served.ScriptedModelServer(served.refusal(status)) as server:
        with pytest.raises((ModelFailed, ModelUnavailable)):
            ask(model_at(server.base_url))
        assert len(server.requests) == requests


def test_an_endless_answer_is_ended() -> None:
    error = failure(served.text("again " * 2000), max_tokens=16)
    assert error.values["cause"] == "endless"


@pytest.mark.parametrize(
    "pieces",
    [
        ("<think>It is 5.</think>\n\nIt is 4 [1].",),
        ("<th", "ink>It is ", "5.</thi", "nk>\n", "\nIt is ", "4 [1]."),
        tuple("<think>a < b and </thin</think>It is 4 [1]."),
        ("It is <think>hm", "m</think>4 [1]."),
    ],
)
def test_thoughts_are_not_shown(pieces: tuple[str, ...]) -> None:
    with served.ScriptedModelServer(served.Reply(pieces=pieces)) as server:
        assert ask(model_at(server.base_url)) == "It is 4 [1]."


def test_a_lone_bracket_is_kept() -> None:
    with served.ScriptedModelServer(served.Reply(pieces=("3 <", " 4 <thin", "g> <"))) as server:
        assert ask(model_at(server.base_url)) == "3 < 4 <thing> <"


@pytest.mark.parametrize(
    ("whole", "visible"),
    [
        ("It is 5? No.</think>\nIt is 4.", "It is 4."),
        ("<think>a</think>b<think>c</think>d", "bd"),
        ("<think>never ends", ""),
        ("plain", "plain"),
    ],
)
def test_thoughts_are_taken_off_a_whole_answer(whole: str, visible: str) -> None:
    assert without_thoughts(whole) == visible


def test_the_assistants_own_errors_pass_unchanged() -> None:
    def refuse(_: object) -> str:
        raise InputError("the question is empty", key="error.question_empty")

    with served.ScriptedModelServer() as server:
        model = model_at(server.base_url)
        with pytest.raises(InputError, match=r"^the question is empty$"):
            model.complete_text(RunnableLambda(refuse) | model.runnable(), "?")
        assert server.requests == []


@pytest.mark.parametrize("parser", [StrOutputParser(), RunnablePassthrough()])
def test_a_stopped_stream_leaves_the_model(parser: Runnable[Any, Any]) -> None:
    endless = served.text("word " * 20_000, silent_after=19_999)
    with served.ScriptedModelServer(endless) as server:
        model = model_at(server.base_url, max_tokens=100_000)
        stream = model.stream_text(model.runnable() | parser, "?")
        assert next(stream) == "word "
        stream.close()
        assert server.dropped.wait(10), "the connection must be closed when nobody listens"


def test_several_threads_share_a_model() -> None:
    def echo(request: dict[str, Any]) -> served.Reply:
        return served.text(request["messages"][-1]["content"] + " [1].")

    with served.ScriptedModelServer(choose=echo) as server:
        model, answers = model_at(server.base_url), {}

        def work(n: int) -> None:
            answers[n] = ask(model, f"question {n}")

        threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert answers == {n: f"question {n} [1]." for n in range(6)}


def test_this_machine_is_not_reached_through_a_proxy(tmp_path: Path) -> None:
    program = (
        "import sys\nfrom assistant.llm import ChatModel\n"
        "from assistant.settings import ModelSettings\n"
        "m = ChatModel(ModelSettings(name='openai:x', base_url=sys.argv[1]))\n"
        "print(m.complete_text(m.runnable(), '?'))\n"
    )
    proxy = dict.fromkeys(("http_proxy", "HTTP_PROXY", "ALL_PROXY"), "http://127.0.0.1:9")
    unwanted = {"OPENAI_API_KEY": "sk-of-another-service", "NO_PROXY": "", "no_proxy": ""}
    with served.ScriptedModelServer(served.text("Direct.")) as server:
        run = subprocess.run(
            [sys.executable, "-c", program, server.base_url],
            env={**os.environ, **proxy, **unwanted, "PYTHONPATH": str(ROOT)},
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        assert run.stdout.strip() == "Direct.", run.stderr
        assert "another-service" not in str(server.headers)


@pytest.mark.parametrize(
    "settings",
    [
        {"name": None},
        {"name": "gpt-4o"},
        {"name": "openai:"},
        {"name": "openai:gpt-4o"},  # OpenAI itself needs a key
        {"name": "openai:x", "base_url": "127.0.0.1:8000/v1"},
        {"name": "openai:x", "base_url": "ftp://host/v1"},
        {"name": "openai:x", "base_url": "http://user:secret@host/v1"},
        {"name": "openai:x", "base_url": "http://host/v1/chat/completions"},
        {"name": "openai:x", "base_url": "http://host/v1?key=secret"},
    ],
)
def test_wrong_settings_are_named(settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="ASSISTANT_MODEL__") as caught:
        ChatModel(ModelSettings(**settings))
    assert "secret" not in str(caught.value)


def test_a_provider_that_is_not_installed_is_named() -> None:
    model = ChatModel(ModelSettings(name="groq:llama", api_key=served.KEY))
    with pytest.raises(ConfigurationError, match=r"langchain-groq.*openai:<model>"):
        model.runnable()


@pytest.mark.parametrize(
    ("name", "writer"),
    [("openai:deepseek-chat", "openai:deepseek-chat"), ("qwen2.5:7b", "openai:qwen2.5:7b")],
)
def test_a_bare_name_belongs_to_the_address(name: str, writer: str) -> None:
    assert model_at("http://localhost:11434/v1", name=name).name == writer


@pytest.fixture(scope="module")
def real_address() -> Iterator[str]:
    with served.smollm_server() as address:
        yield address


def test_a_real_model_streams(real_address: str) -> None:
    model = model_at(real_address, name="openai:smollm2", max_tokens=24, temperature=0)
    pieces = list(model.stream_text(model.runnable() | StrOutputParser(), "Name three fruits."))
    assert len(pieces) > 3
    assert any(letter.isalpha() for letter in "".join(pieces))


def test_a_real_model_that_is_cut_at_its_limit_still_answers(real_address: str) -> None:
    model = model_at(real_address, name="openai:smollm2", max_tokens=16, temperature=0)
    text = model.complete_text(model.runnable(), "Tell a very long story about the sea.")
    assert 0 < len(text) < 16 * 20
