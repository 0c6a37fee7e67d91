"""Every failure the assistant can report, as one tree.

AssistantError              has a message key, its values, whether a retry helps
├── ConfigurationError      a setting, command argument or prompt file is wrong (exit status 2)
├── InputError              what the user gave cannot be used (file, question, history)
│   └── LoadingError        one document cannot be read; the reason is in the report
├── LibraryError            the library is missing, stale or locked
│   ├── LibraryEmpty        nothing was ingested with these settings yet
│   └── StoreUnavailable    the vector store does not answer
└── ModelError              an encoder or chat model failed
    ├── ModelUnavailable    not installed, not found or not reachable
    └── ModelFailed         it answered with an error, nothing, or nonsense

The text of an error is English and meant for a log or a terminal; a face that speaks to a user
translates `key` with `messages.say`.
"""

from __future__ import annotations


class AssistantError(Exception):
    """The root: `str(error)` is one line that says what happened and what to do next."""

    retry_helps = False
    key = "error.unexpected"

    def __init__(self, message: str, *, key: str | None = None, **values: object) -> None:
        """Keep the line for the terminal, and the key and values for a translated message."""
        super().__init__(message)
        if key:
            self.key = key
        self.values = {"detail": message, **values}


class ConfigurationError(AssistantError):
    """A setting, an argument or a prompt file is wrong; nothing was started."""

    key = "error.configuration"


class InputError(AssistantError):
    """What the user gave cannot be used as it is."""

    key = "error.input"


class LoadingError(InputError):
    """One document cannot be read; others are not affected."""

    key = "error.loading"


class LibraryError(AssistantError):
    """The library cannot be used as it is."""

    key = "error.library"


class LibraryEmpty(LibraryError):
    """Nothing was ingested with the present settings; `python ingest.py` mends it."""

    key = "error.library_empty"


class StoreUnavailable(LibraryError):
    """The vector store does not answer."""

    retry_helps = True
    key = "error.store"


class ModelError(AssistantError):
    """An encoder or a chat model failed."""

    retry_helps = True
    key = "error.model"


class ModelUnavailable(ModelError):
    """A model is not installed, not found, or its address does not answer."""

    key = "error.model_unavailable"


class ModelFailed(ModelError):
    """A model answered with an error, with nothing, or with something unusable."""

    key = "error.model_failed"
