"""Files that readers take away: one report as Word, Excel, Markdown, JSON or a calendar.

Every format is drawn from the same `Report`, so they cannot differ. The libraries that write
office files are imported when they are needed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assistant.errors import InputError
from assistant.export.calendar import write_calendar
from assistant.export.docx import write_docx
from assistant.export.markdown import write_markdown
from assistant.export.notes import as_data, visible
from assistant.export.xlsx import write_xlsx
from assistant.values import Report

__all__ = ["FORMATS", "Format", "export", "file_name"]

_NAME_CHARACTERS = 60


@dataclass(frozen=True)
class Format:
    """A kind of file: its ending and its content type."""

    suffix: str
    content_type: str


_OFFICE = "application/vnd.openxmlformats-officedocument"
FORMATS: dict[str, Format] = {
    "docx": Format(".docx", f"{_OFFICE}.wordprocessingml.document"),
    "xlsx": Format(".xlsx", f"{_OFFICE}.spreadsheetml.sheet"),
    "md": Format(".md", "text/markdown; charset=utf-8"),
    "json": Format(".json", "application/json"),
    "ics": Format(".ics", "text/calendar; charset=utf-8"),
}


def export(report: Report, format: str, data: Mapping[str, Any] | None = None) -> bytes:
    """Give a report as the bytes of a file.

    `data` is the whole typed result, which JSON writes instead of the report alone. InputError
    when there is no such format.
    """
    if format == "docx":
        return write_docx(report)
    if format == "xlsx":
        return write_xlsx(report)
    if format == "md":
        return write_markdown(report).encode("utf-8", "replace")
    if format == "ics":
        return write_calendar(report)
    if format == "json":
        content = as_data(report) if data is None else data
        written = json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False)
        return (written + "\n").encode("utf-8", "replace")
    known = ", ".join(FORMATS)
    raise InputError(
        f"there is no format {format!r}; there are {known}",
        key="exported.unknown_format", format=format, known=known,
    )  # fmt: skip


def file_name(report: Report, format: str) -> str:
    """Give a name for the file that every system takes: the title, shortened, and the ending."""
    title = re.sub(r'[\\/:*?"<>|\x00-\x1f]+', " ", visible(report.title))
    plain = " ".join(title.split())[:_NAME_CHARACTERS].strip(" .")
    return (plain or report.id) + FORMATS[format].suffix
