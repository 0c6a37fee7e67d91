"""One tree of settings, read once from ASSISTANT_* variables or `.env`, frozen afterwards.

Nested groups use a double underscore: ASSISTANT_MODEL__NAME sets `model.name`. The data folder
has the short name ASSISTANT_DATA. Nobody else reads the environment.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from assistant.errors import ConfigurationError

ROOT = Path(__file__).resolve().parent.parent


class Group(BaseModel):
    """A frozen group of settings; an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class EncoderSettings(Group):
    """Which model turns text into vectors."""

    model: str = Field("bundled", description="'bundled', or a Sentence Transformers name/folder")
    reranker: str | None = Field(None, description="CrossEncoder name or folder; off when empty")
    threads: int = Field(0, ge=0, description="Processor threads for the encoder; 0 = automatic")
    centring: bool = Field(True, description="Take off each language's mean vector")
    allow_download: bool = Field(False, description="Let a model name be fetched from a hub")


class ChunkSettings(Group):
    """How documents are cut; sizes in tokens of cl100k_base."""

    size_tokens: int = Field(384, ge=32, le=2000, description="Largest chunk")
    overlap_tokens: int = Field(0, ge=0, le=500, description="Tokens repeated between chunks")


class StoreSettings(Group):
    """Where vectors and records live."""

    url: str | None = Field(None, description="Chroma server, http://host:port; folder when empty")
    memory: bool = Field(False, description="Keep vectors in memory only (tests)")
    database: str | None = Field(None, description="SQLAlchemy URL; SQLite in the data folder")


class RetrievalSettings(Group):
    """Which lanes search, and how their scores are joined."""

    dense: bool = Field(True, description="Search by meaning")
    lexical: bool = Field(True, description="Search by words (BM25 over bigrams)")
    aliases: bool = Field(True, description="Expand the query with glossary aliases")
    lessons: bool = Field(True, description="Use what labelled questions taught (bundled encoder)")
    exact: bool = Field(True, description="Match known questions and glossary terms")
    fusion: Literal["coverage", "rank"] = Field("coverage", description="How lanes are joined")
    coverage_weight: float = Field(0.2, ge=0, le=5, description="Weight of lexical coverage")
    exact_weight: float = Field(0.1, ge=0, le=5, description="Weight of an exact match")
    glossary_penalty: float = Field(
        0.3, ge=0, le=1, description="Taken off definitions when no definition is asked for"
    )
    language_bonus: float = Field(0.12, ge=0, le=1, description="For the question's own language")
    repeat_penalty: float = Field(
        0.1, ge=0, le=1, description="Per better passage of the same document"
    )
    candidates: int = Field(50, ge=5, le=500, description="Taken from each lane")
    budget_tokens: int = Field(2400, ge=100, description="Evidence handed to the writer")
    keep: int = Field(10, ge=1, le=100, description="Most passages handed to the writer")


class ModelSettings(Group):
    """The chat model that words answers; the extractive writer is used when no name is set."""

    name: str | None = Field(None, description="Such as 'openai:deepseek-chat'; empty = no model")
    base_url: str | None = Field(None, description="OpenAI-compatible address, with /v1")
    api_key: SecretStr | None = Field(None, description="Key for the address")
    timeout_seconds: float = Field(60, gt=0, description="Longest silence of the model")
    max_tokens: int = Field(900, ge=16, description="Longest answer of the model")
    temperature: float = Field(0.1, ge=0, le=2, description="Spread of the model's wording")


class AnswerSettings(Group):
    """How long answers are and when they are refused."""

    sentence_limit: int = Field(7, ge=1, le=30, description="Sentences unless more is asked for")
    refusal_threshold: float | None = Field(None, description="Overrides the calibrated cut")
    question_characters: int = Field(2000, ge=50, description="Longest question")


class Settings(BaseSettings):
    """All settings, in groups."""

    model_config = SettingsConfigDict(
        env_prefix="ASSISTANT_",
        env_nested_delimiter="__",
        env_file=".env",
        extra="forbid",
        frozen=True,
    )

    data: Path = Field(ROOT / ".data", description="Folder for everything that is generated")
    knowledge: Path = Field(ROOT / "knowledge", description="Folder of the library's own texts")
    prompts: Path = Field(ROOT / "prompts", description="Folder of the prompt files")
    owner: str = Field("local", description="Whose conversations these are")
    encoder: EncoderSettings = EncoderSettings()
    chunks: ChunkSettings = ChunkSettings()
    store: StoreSettings = StoreSettings()
    retrieval: RetrievalSettings = RetrievalSettings()
    model: ModelSettings = ModelSettings()
    answer: AnswerSettings = AnswerSettings()


def load_settings(**overrides: Any) -> Settings:
    """Read the settings; a wrong one raises ConfigurationError that names it."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        first = error.errors()[0]
        name = "ASSISTANT_" + "__".join(str(part) for part in first["loc"]).upper()
        raise ConfigurationError(f"setting {name}: {first['msg']}") from error


def settings_rows() -> list[dict[str, str]]:
    """List every setting with its variable, value (secrets masked), origin and description."""
    settings = load_settings()
    return list(_rows(settings, Settings(_env_file=None), "ASSISTANT_", _environment()))


def _environment() -> dict[str, str]:
    """Give upper-cased names that the process environment sets."""
    return {name.upper(): value for name, value in os.environ.items()}


def _rows(
    group: BaseModel, without_file: BaseModel, prefix: str, environment: dict[str, str]
) -> Iterator[dict[str, str]]:
    for name, field in type(group).model_fields.items():
        value, plain = getattr(group, name), getattr(without_file, name)
        variable = f"{prefix}{name}".upper()
        if isinstance(value, BaseModel):
            yield from _rows(value, plain, f"{variable}__", environment)
            continue
        origin = "default"
        if variable in environment:
            origin = "environment"
        elif value != plain:
            origin = ".env"
        yield {
            "name": variable,
            "value": "" if value is None else str(value),
            "origin": origin,
            "description": field.description or "",
        }
