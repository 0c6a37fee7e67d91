"""The chat model behind an address: built from the settings, read as a stream, its failures named.

Only this module knows LangChain's chat models and the client library below them. Whatever goes
wrong at the provider leaves it as ModelUnavailable or ModelFailed with one line; a silence never
lasts longer than `timeout_seconds`, and nothing but the configured address is contacted.
"""

from __future__ import annotations

import contextlib
import contextvars
import ipaddress
import logging
import queue
import re
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from assistant.errors import (
    AssistantError,
    ConfigurationError,
    ModelError,
    ModelFailed,
    ModelUnavailable,
)
from assistant.settings import ModelSettings

if TYPE_CHECKING:
    from langchain_core.messages import AIMessageChunk
    from langchain_core.runnables import Runnable, RunnableConfig

OPENAI_ADDRESS = "https://api.openai.com/v1"
# What a name may begin with; "qwen2.5:7b" has a colon, too, and no provider.
_PROVIDER = re.compile(
    r"(?:anthropic|azure_openai|bedrock|cohere|deepseek|fireworks|google_genai|google_vertexai|groq"
    r"|huggingface|mistralai|nvidia|ollama|openai|openrouter|perplexity|together|xai)"
)
RETRY_PAUSE_SECONDS = 0.5
CHARACTERS_PER_TOKEN = 16  # more than any real answer has; beyond it the limit was ignored
REASON_CHARACTERS = 160
_ADDRESS = re.compile(r"https?://(?:[\w.-]+|\[[0-9a-fA-F:]+\])(?::\d{1,5})?(?:/[^\s?#@]*)?")
_THOUGHT_START, _THOUGHT_END = "<think>", "</think>"
_THOUGHT = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)

log = logging.getLogger(__name__)


class _Abandoned(Exception):
    """Nobody wants the rest of the stream."""


_ABANDONED: contextvars.ContextVar[threading.Event | None] = contextvars.ContextVar(
    "abandoned", default=None
)


class ChatModel:
    """One configured chat model; safe to use from several threads."""

    def __init__(self, settings: ModelSettings) -> None:
        """Check the settings; nothing is imported or contacted before the first use."""
        self._settings = settings
        self._provider, self._model = _provider_and_model(settings)
        self._base_url = _base_url(settings, self._provider)
        self._key = settings.api_key.get_secret_value() if settings.api_key else ""
        if self._base_url == OPENAI_ADDRESS and not self._key:
            raise ConfigurationError(
                f"setting ASSISTANT_MODEL__API_KEY is empty, and {OPENAI_ADDRESS} needs a key"
            )
        self._lock = threading.Lock()
        self._runnable: Runnable[Any, AIMessageChunk] | None = None

    @property
    def name(self) -> str:
        """Give "provider:model", as an answer's `writer` shows it."""
        return f"{self._provider}:{self._model}"

    @property
    def address(self) -> str:
        """Say where the model is, for messages."""
        return self._base_url or self._provider

    @property
    def settings(self) -> ModelSettings:
        """Give the settings that it was made from."""
        return self._settings

    def runnable(self) -> Runnable[Any, AIMessageChunk]:
        """Give the LangChain chat model, followed by a step that notices a cut-off stream."""
        with self._lock:
            if self._runnable is None:
                self._runnable = self._build()
            return self._runnable

    def stream_text(
        self,
        chain: Runnable[Any, Any],
        inputs: Any,
        config: RunnableConfig | None = None,
    ) -> Iterator[str]:
        """Run a chain that ends in this model and yield visible text; closing it stops the model.

        A closing </think> without its start is left in, because what came before it is already
        given; `without_thoughts` takes both off the joined text.
        """
        visible = False
        for piece in _without_thought_pieces(self._raw_pieces(chain, inputs, config)):
            text = piece if visible else piece.lstrip()
            visible = visible or bool(text)
            if text:
                yield text
        if not visible:
            raise self._named(
                ModelFailed,
                "empty",
                "answered with nothing: try again, or raise ASSISTANT_MODEL__MAX_TOKENS if the "
                "model thinks at length",
            )

    def complete_text(
        self,
        chain: Runnable[Any, Any],
        inputs: Any,
        config: RunnableConfig | None = None,
    ) -> str:
        """Run a chain to its end and give the whole visible text."""
        return without_thoughts("".join(self.stream_text(chain, inputs, config)))

    def _build(self) -> Runnable[Any, AIMessageChunk]:
        from langchain.chat_models import init_chat_model
        from langchain_core.runnables import RunnableGenerator

        options = self._openai_options() if self._provider == "openai" else self._other_options()
        try:
            model = init_chat_model(
                self._model,
                model_provider=self._provider,
                temperature=self._settings.temperature,
                timeout=self._settings.timeout_seconds,
                max_retries=0,  # `_attempts` retries: the client would repeat time-outs, too
                **options,
            )
        except (ImportError, ValueError) as error:
            raise ConfigurationError(
                f"setting ASSISTANT_MODEL__NAME: '{self.name}' cannot be used here "
                f"({self._reason(error)}); an OpenAI-compatible address needs 'openai:<model>'"
            ) from error
        watched: Runnable[Any, AIMessageChunk] = model | RunnableGenerator(self._whole)
        return watched

    def _openai_options(self) -> dict[str, Any]:
        import openai

        assert self._base_url is not None
        trust = not _is_loopback(self._base_url)  # a proxy cannot reach this machine's own ports
        limit: dict[str, Any] = {"max_tokens": self._settings.max_tokens}
        # LangChain renames max_tokens to a field that only OpenAI itself is sure to know.
        return {
            "base_url": self._base_url,
            "api_key": self._key or "none",  # never another service's key from the environment
            "use_responses_api": False,
            "http_client": openai.DefaultHttpxClient(trust_env=trust, follow_redirects=False),
            "http_async_client": openai.DefaultAsyncHttpxClient(
                trust_env=trust, follow_redirects=False
            ),
            **(limit if self._base_url == OPENAI_ADDRESS else {"extra_body": limit}),
        }

    def _other_options(self) -> dict[str, Any]:
        given = {"base_url": self._base_url, "api_key": self._key}
        options = {name: value for name, value in given.items() if value}
        return {**options, "max_tokens": self._settings.max_tokens}

    def _whole(self, chunks: Iterator[AIMessageChunk]) -> Iterator[AIMessageChunk]:
        """Pass the stream on until it is left; fail if the model never said that it was done."""
        finish, abandoned = None, _ABANDONED.get()
        for chunk in chunks:
            if abandoned and abandoned.is_set():
                raise _Abandoned
            finish = chunk.response_metadata.get("finish_reason") or finish
            yield chunk
        if finish is None and self._provider == "openai":
            raise self._broken("the stream ended early")
        if finish == "content_filter":
            line = "withheld its answer: ask in other words"
            raise self._named(ModelFailed, "filtered", line, retry_helps=False)

    def _raw_pieces(
        self, chain: Runnable[Any, Any], inputs: Any, config: RunnableConfig | None
    ) -> Iterator[str]:
        """Read the chain in a thread of its own, so that silence can be measured and left."""
        pieces: queue.SimpleQueue[str | Exception | None] = queue.SimpleQueue()
        abandoned = threading.Event()
        reading = self._attempts(chain, inputs, config)
        threading.Thread(
            target=contextvars.copy_context().run,
            args=(_pump, reading, pieces, abandoned),
            name="chat model",
            daemon=True,
        ).start()
        try:
            while (piece := pieces.get(timeout=self._settings.timeout_seconds)) is not None:
                if isinstance(piece, Exception):
                    raise self._failure(piece) from piece
                yield piece
        except queue.Empty:
            raise self._silent() from None
        finally:
            abandoned.set()

    def _attempts(
        self, chain: Runnable[Any, Any], inputs: Any, config: RunnableConfig | None
    ) -> Iterator[str]:
        """Read the chain; one failure that may pass by itself is repeated if nothing came yet."""
        length, longest = 0, self._settings.max_tokens * CHARACTERS_PER_TOKEN
        for last in (False, True):
            try:
                for piece in chain.stream(inputs, config):
                    text = piece if isinstance(piece, str) else str(piece.text)
                    length += len(text)
                    if length > longest:
                        raise self._endless()
                    yield text
                return
            except Exception as error:
                abandoned = _ABANDONED.get()
                if last or length or (abandoned and abandoned.is_set()):
                    raise
                if self._failure(error).values.get("cause") not in _PASSING:
                    raise
                time.sleep(RETRY_PAUSE_SECONDS)

    def _failure(self, error: BaseException) -> AssistantError:
        """Name a failure of the provider; the assistant's own errors stay as they are."""
        if isinstance(error, AssistantError):
            return error
        causes = list(_causes(error))
        status = next((s for s in map(_status, causes) if s), None)
        reason = self._reason(error)
        log.debug("%s failed: %s: %s", self.address, type(error).__name__, reason)
        if status:
            return self._refusal(status, reason)
        names = " ".join(type(cause).__name__ for cause in causes)
        if "Timeout" in names:
            return self._silent()
        if "ConnectError" in names:
            return self._unreachable(self._reason(causes[-1]))
        if any(name in names for name in ("APIConnectionError", "ReadError", "ProtocolError")):
            return self._broken(self._reason(causes[-1]))
        return self._named(
            ModelFailed,
            "garbage",
            f"answered with something unusable ({reason}): check that ASSISTANT_MODEL__BASE_URL "
            "is an OpenAI-compatible address, with /v1",
        )

    def _refusal(self, status: int, reason: str) -> ModelError:
        kind, cause, advice, retry_helps = _REFUSALS.get(status) or _REFUSALS[status // 100]
        line = f"{advice} (status {status}: {reason})"
        return self._named(kind, cause, line, retry_helps=retry_helps, status=status)

    def _silent(self) -> ModelError:
        seconds = f"{self._settings.timeout_seconds:g}"
        advice = "try again, or raise ASSISTANT_MODEL__TIMEOUT_SECONDS"
        line = f"was silent for {seconds} seconds: {advice}"
        return self._named(ModelUnavailable, "timeout", line, seconds=seconds)

    def _unreachable(self, reason: str) -> ModelError:
        advice = "check ASSISTANT_MODEL__BASE_URL and that the model server is running"
        line = f"cannot be reached ({reason}): {advice}"
        return self._named(ModelUnavailable, "address", line)

    def _broken(self, reason: str) -> ModelError:
        return self._named(ModelFailed, "broken", f"broke off its answer ({reason}): try again")

    def _endless(self) -> ModelError:
        tokens = self._settings.max_tokens
        line = f"went on far beyond {tokens} tokens: it ignores the limit; use another model"
        return self._named(ModelFailed, "endless", line, retry_helps=False)

    def _named(
        self,
        kind: type[ModelError],
        cause: str,
        line: str,
        *,
        retry_helps: bool = True,
        **values: object,
    ) -> ModelError:
        """Make an error that says where it happened; `cause` is one word for programs."""
        failure = kind(
            f"{self.address} {line}",
            key=_KEYS.get(cause),
            cause=cause,
            address=self.address,
            model=self._model,
            **values,
        )
        failure.retry_helps = retry_helps
        return failure

    def _reason(self, error: BaseException) -> str:
        """Give an error's text as one short line that does not hold the key."""
        text = " ".join(str(error).split()) or type(error).__name__
        text = text.replace(self._key, "***") if self._key else text
        return text if len(text) <= REASON_CHARACTERS else text[:REASON_CHARACTERS] + "…"


def without_thoughts(text: str) -> str:
    """Take a thinking model's thoughts off a whole answer, also when only their end is marked."""
    return _THOUGHT.sub("", text).rpartition(_THOUGHT_END)[2].strip()


def _without_thought_pieces(pieces: Iterable[str]) -> Iterator[str]:
    """Leave out <think>…</think>, also when a tag is spread over several pieces."""
    held, inside = "", False
    for piece in pieces:
        held += piece
        while (tag := _THOUGHT_END if inside else _THOUGHT_START) in held:
            before, _, held = held.partition(tag)
            if before and not inside:
                yield before
            inside = not inside
        kept = next(n for n in range(len(tag) - 1, -1, -1) if held.endswith(tag[:n]))
        ready, held = held[: len(held) - kept], held[len(held) - kept :]
        if ready and not inside:
            yield ready
    if held and not inside:
        yield held


def _pump(
    reading: Iterator[str],
    pieces: queue.SimpleQueue[str | Exception | None],
    abandoned: threading.Event,
) -> None:
    """Move pieces, then None or the error, into the queue; `_whole` sees when to stop.

    A LangChain chain that is closed reads the model to its end first, so it is left by an error.
    """
    _ABANDONED.set(abandoned)
    try:
        for piece in reading:
            pieces.put(piece)
        pieces.put(None)
    except _Abandoned:
        log.debug("the model was stopped")
    except Exception as error:
        pieces.put(error)


def _provider_and_model(settings: ModelSettings) -> tuple[str, str]:
    """Split "provider:model"; a name without a provider belongs to an OpenAI-compatible address."""
    name = (settings.name or "").strip()
    provider, _, model = name.partition(":")
    known = _PROVIDER.fullmatch(provider)
    if known and model.strip():
        return provider, model.strip()
    if name and not known and settings.base_url:
        return "openai", name
    raise ConfigurationError(
        f"setting ASSISTANT_MODEL__NAME: '{name}' must be provider:model, such as "
        "'openai:deepseek-chat' with ASSISTANT_MODEL__BASE_URL"
    )


def _base_url(settings: ModelSettings, provider: str) -> str | None:
    """Check the address; it is shown in messages, so it must not hold a password."""
    given = (settings.base_url or "").strip().rstrip("/")
    if not given:
        return OPENAI_ADDRESS if provider == "openai" else None
    if _ADDRESS.fullmatch(given) and not given.endswith("/chat/completions"):
        return given
    raise ConfigurationError(
        "setting ASSISTANT_MODEL__BASE_URL must look like https://host/v1, without user name, "
        "password or /chat/completions"
    )


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost" or host.endswith(".localhost")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Walk from an error down to what caused it."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__


def _status(error: BaseException) -> int | None:
    """Find the HTTP status in an error of any provider's library."""
    response = getattr(error, "response", None)
    status = getattr(error, "status_code", None) or getattr(response, "status_code", None)
    return status if isinstance(status, int) and status >= 300 else None


# Causes whose message differs from that of their error class.
_KEYS = {
    "timeout": "error.model_timeout",
    "key": "error.model_unauthorized",
    "rate": "error.model_rate_limited",
}
_PASSING = frozenset({"server", "broken"})
_GONE, _FAILED = ModelUnavailable, ModelFailed
# By status, or by its first digit: class, cause, advice, and whether asking again later can help.
_REFUSALS: Mapping[int, tuple[type[ModelError], str, str, bool]] = {
    401: (_GONE, "key", "rejects the key: check ASSISTANT_MODEL__API_KEY", False),
    402: (_GONE, "payment", "asks for payment: check the account", False),
    403: (
        _GONE,
        "key",
        "does not allow this: check ASSISTANT_MODEL__API_KEY and its rights",
        False,
    ),
    404: (
        _GONE,
        "name",
        "does not know the model or the path: check ASSISTANT_MODEL__NAME and "
        "ASSISTANT_MODEL__BASE_URL",
        False,
    ),
    408: (_GONE, "server", "was too slow: try again later", True),
    429: (_GONE, "rate", "takes no more questions at the moment: try again in a minute", True),
    3: (
        _FAILED,
        "rejected",
        "points to another address: set that one as ASSISTANT_MODEL__BASE_URL",
        False,
    ),
    4: (_FAILED, "rejected", "rejects the request: check the model's name and limits", False),
    5: (_FAILED, "server", "failed by itself: try again later", True),
}
