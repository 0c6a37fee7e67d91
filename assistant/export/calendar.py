"""The dated work of a report as a calendar file (RFC 5545): whole-day events that can be imported.

An event's UID depends on the report and the span alone, so importing a newer version of the same
plan moves its events instead of doubling them.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from assistant.export.notes import visible
from assistant.messages import say
from assistant.values import Report, Span, Timeline

_LANGUAGES = {"zh": "ZH", "en": "EN"}


def write_calendar(report: Report) -> bytes:
    """Give the calendar of every timeline in a report; one without spans is empty but valid."""
    from icalendar import Calendar

    calendar = Calendar()
    calendar.add("prodid", f"-//DP Assistant//Plan//{_LANGUAGES[report.language]}")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", visible(report.title))
    seen: set[str] = set()
    for block in report.blocks():
        for span in block.spans if isinstance(block, Timeline) else ():
            if span.id not in seen:
                calendar.add_component(_event(report, span))
            seen.add(span.id)
    written: bytes = calendar.to_ical()
    return written


def _event(report: Report, span: Span) -> Any:
    from icalendar import Event

    event = Event()
    event.add("uid", f"{visible(span.id)}.{visible(report.id)}@dp-assistant")
    event.add("dtstamp", datetime.combine(date.fromisoformat(report.created[:10]),
                                          datetime.min.time(), UTC))  # fmt: skip
    event.add("dtstart", date.fromisoformat(span.start))
    event.add("dtend", date.fromisoformat(span.end) + timedelta(days=1))
    event.add("summary", visible(span.title))
    lines = [
        say(report.language, f"exported.ics_{name}", text=visible(text))
        for name, text in (
            ("phase", span.phase), ("owner", span.owner), ("deliverable", span.deliverable)
        )
        if text
    ]  # fmt: skip
    event.add("description", "\n".join(lines))
    event.add("categories", [visible(span.phase) or visible(span.title)])
    event.add("transp", "TRANSPARENT")
    return event
