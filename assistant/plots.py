"""Draws a report of the evaluation as one page of bars: inline SVG, nothing from elsewhere.

Pure: takes the report, gives HTML. A figure is a share, so every axis goes from 0 to 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

Rows = dict[str, dict[str, float]]

LABEL, PLOT, BAR, GAP = 190, 480, 13, 9
COLOURS = ("#2a6fdb", "#d9822b", "#2f9e6e", "#8a63c9")
STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:860px;margin:2rem auto;padding:0 1rem;
 background:#fff;color:#1c1f24}
svg{max-width:100%;height:auto}text{fill:currentColor;font-size:12px}
.axis{stroke:currentColor;opacity:.15}.key{margin-right:1rem;white-space:nowrap}
@media(prefers-color-scheme:dark){body{background:#15171b;color:#e7e9ec}}
"""


def page(report: Mapping[str, Any]) -> str:
    """Give a self-contained HTML page with a chart for each suite that has shares to show."""
    drawn = "\n".join(chart(title, rows) for title, rows in charts(report) if rows)
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Evaluation</title>'
        f"<style>{STYLE}</style><h1>Evaluation</h1>\n{drawn or '<p>No figures.</p>'}</html>\n"
    )


def charts(report: Mapping[str, Any]) -> Iterator[tuple[str, Rows]]:
    """Name the charts of a report with their rows: a label, then its figures by name."""
    retrieval = report.get("retrieval", {}).get("parts", {})
    for figure in ("recall@5", "mrr@10"):
        lanes = {part: _lanes(scores, figure) for part, scores in retrieval.items()}
        yield f"Retrieval: {figure} per lane and kind", lanes
    answers = report.get("answers", {}).get("parts", {})
    yield "Answers", _only(answers, "facts", "citation_precision", "citation_recall")
    refusals = report.get("refusals", {}).get("parts", {})
    yield "Refusals", _only(refusals, "refused", "false_refused")
    yield "Grounding: right verdicts by change", _changes(report.get("grounding", {}))
    variants = report.get("ablations", {}).get("parts", {})
    for figure in ("recall@5", "mrr@10", "evidence_facts", "answer_facts"):
        rows = {name: _lanes(scores, figure) for name, scores in variants.items()}
        yield f"Ablations: {figure}", {name: row for name, row in rows.items() if row}


def _lanes(scores: Mapping[str, Any], figure: str) -> dict[str, float]:
    inner = {name: value for name, value in scores.items() if isinstance(value, Mapping)}
    return {name: value[figure] for name, value in inner.items() if figure in value}


def _only(parts: Mapping[str, Mapping[str, Any]], *figures: str) -> Rows:
    return {
        part: {figure: float(scores[figure]) for figure in figures if figure in scores}
        for part, scores in parts.items()
    }


def _changes(grounding: Mapping[str, Any]) -> Rows:
    """Turn "3/4" per change into shares, tuned and held out side by side."""
    rows: Rows = {}
    for part, figures in grounding.items():
        for change, told in figures["by_change"].items():
            right, _, whole = told.partition("/")
            rows.setdefault(change, {})[part] = int(right) / int(whole)
    return rows


def chart(title: str, rows: Rows) -> str:
    """Draw horizontal bars: a group for each row, a colour for each figure, its value beside it."""
    names = list(dict.fromkeys(name for row in rows.values() for name in row))
    colours = {name: COLOURS[n % len(COLOURS)] for n, name in enumerate(names)}
    bars: list[str] = []
    top = 0
    for label, row in rows.items():
        middle = top + BAR * max(len(row), 1) / 2 + 4
        bars.append(f'<text x="{LABEL - 8}" y="{middle}" text-anchor="end">{escape(label)}</text>')
        for name, value in row.items():
            bars.append(_bar(top, value, colours[name], f"{label}, {name}"))
            top += BAR
        top += GAP
    keys = "".join(
        f'<span class="key"><b style="color:{colour}">■</b> {escape(name)}</span>'
        for name, colour in colours.items()
    )
    axis = "".join(
        f'<line class="axis" x1="{x}" x2="{x}" y1="0" y2="{top}"/>'
        for x in (LABEL + PLOT * step // 4 for step in range(5))
    )
    return (
        f"<h2>{escape(title)}</h2><p>{keys}</p>"
        f'<svg viewBox="0 0 {LABEL + PLOT + 60} {top}" role="img" '
        f'aria-label="{escape(title)}">{axis}{"".join(bars)}</svg>'
    )


def _bar(top: int, value: float, colour: str, name: str) -> str:
    length = round(PLOT * min(max(value, 0.0), 1.0), 1)
    return (
        f'<rect x="{LABEL}" y="{top}" width="{length}" height="{BAR - 2}" fill="{colour}">'
        f"<title>{escape(name)}: {value:.3f}</title></rect>"
        f'<text x="{LABEL + length + 5}" y="{top + BAR - 3}">{value:.3f}</text>'
    )
