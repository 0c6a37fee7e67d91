"""The form of a brief: six required fields, the rest folded away, problems at their fields.

The form's fields are flat texts (`products.0.name`); `fields_of` makes them the fields of a brief.
What cannot be read as a number stays as it was typed, so that its problem is shown at the field.
Work beside the campaign, handed over from an assessment, is listed and can be taken out.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assistant.messages import knows, say
from assistant.numbers import quantities
from assistant.plan.assumptions import Assumptions
from assistant.plan.brief import NO_PROMOTION, REQUIRED
from assistant.plan.problem import Problem, label
from assistant.records import Language
from assistant.ui.markup import escape, icon, icon_button

GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("about", ("tone", "audience")),
    ("money", ("average_order_value_cny", "gross_margin_percent", "return_rate_percent",
               "platform_fee_percent", "commission_percent")),
    ("today", ("followers", "daily_live_hours", "entry_rate_percent", "click_rate_percent",
               "conversion_rate_percent", "experience_score", "customer_service_agents",
               "enquiries_per_day", "orders_per_day")),
)  # fmt: skip
STAGES = ("cold-start", "growth", "mature")
ROLES = ("traffic", "hero", "profit", "image")
PRODUCT_NUMBERS = ("price_cny", "stock_units", "daily_capacity_units", "unit_cost_cny")
TEXTS = ("brand", "category", "stage", "start", "end", "promotion", "tone", "audience", "language")
NUMBERS = frozenset(
    {"budget_cny", "gmv_target_cny", *GROUPS[1][1], *GROUPS[2][1], *PRODUCT_NUMBERS}
)
MAX_PRODUCTS = 50


@dataclass(frozen=True)
class Form:
    """What the form shows: fields of a brief as they were given, and the problems with them."""

    fields: Mapping[str, Any]
    problems: Sequence[Problem] = ()
    heard: Sequence[tuple[str, str]] = ()
    missing: Sequence[str] = ()
    request: str = ""


def fields_of(sent: Mapping[str, Any]) -> dict[str, Any]:
    """Make the flat texts of the form the fields of a brief; empty ones are left out."""
    fields: dict[str, Any] = {}
    products: dict[int, dict[str, Any]] = {}
    beside: list[dict[str, Any]] = []
    for name, text in sent.items():
        if not isinstance(text, str) or not text.strip():
            continue
        place = re.fullmatch(r"products\.(\d{1,3})\.(\w+)", name)
        if place:
            products.setdefault(int(place[1]), {})[place[2]] = _read(place[2], text)
        elif name.startswith("workstreams."):
            beside += _workstream(text)
        elif name == "constraints":
            fields[name] = [line.strip() for line in text.splitlines() if line.strip()]
        elif name in TEXTS or name in NUMBERS:
            fields[name] = _read(name, text)
    named = [row for _, row in sorted(products.items()) if set(row) - {"role"}]
    lists = {"products": named, "workstreams": beside}
    return fields | {name: rows for name, rows in lists.items() if rows}


def _workstream(text: str) -> list[dict[str, Any]]:
    """Read one piece of work as the form carries it; what was tampered with is left out."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return []
    return [found] if isinstance(found, dict) else []


def _read(name: str, text: str) -> Any:
    """Read a number where there should be one; anything else stays text."""
    plain = text.strip()
    if name not in NUMBERS:
        return plain
    number = number_in(plain)
    if number is None:
        return plain
    return int(number) if number.is_integer() else number


def number_in(text: str) -> float | None:
    """Read a number as people type it (50万, 1,200, 35%); None when it is not exactly one."""
    plain = unicodedata.normalize("NFKC", text).strip()
    try:
        number = float(plain.replace(",", "").rstrip("%"))
    except ValueError:
        found = quantities(plain)
        if len(found) != 1 or found[0].upper is not None or found[0].kind in ("date", "clock"):
            return None
        number = float(found[0].value)
    return number if math.isfinite(number) else None


def brief_form(form: Form, work: str, assumptions: Assumptions, language: Language) -> str:
    """Draw the whole form; with `work` it is saved as it is filled."""
    drawer = _Drawer(form, language, assumptions)
    address = f"?id={escape(work)}" if work else ""
    body = (
        f'<section class="card"><h2>{drawer.text("required")}</h2><div class="fields">'
        f"{drawer.field('brand')}{drawer.choice('category', assumptions.categories())}"
        f"{drawer.choice('stage', STAGES)}"
        f"{drawer.choice('promotion', assumptions.nodes(), optional=True)}"
        f"{drawer.field('start', 'date')}{drawer.field('end', 'date')}"
        f"{drawer.field('budget_cny')}{drawer.field('gmv_target_cny')}</div>"
        f'<p class="hint">{drawer.text("window_hint")}</p></section>'
        f"{drawer.products()}{drawer.workstreams()}{drawer.groups()}"
    )
    return (
        f'<form id="brief" class="stack" data-post="/plan/draft{address}" data-of-work '
        f'data-live="/plan/keep{address}" novalidate>'
        f"{drawer.summary()}{body}"
        f'<p class="actions"><button type="submit" class="button primary">{icon("target")}'
        f"{drawer.text('draft')}</button>"
        f'<span class="hint">{drawer.text("draft_hint")}</span></p></form>'
    )


class _Drawer:
    """Draws the fields of one form."""

    def __init__(self, form: Form, language: Language, assumptions: Assumptions) -> None:
        self._form, self._language, self._assumptions = form, language, assumptions
        self._problems: dict[str, list[Problem]] = {}
        self._told: set[str] = set()
        for problem in form.problems:
            self._problems.setdefault(problem.field, []).append(problem)

    def text(self, key: str, **values: object) -> str:
        return escape(say(self._language, f"plan_page.{key}", **values))

    def summary(self) -> str:
        """Say what was understood, what is missing, and how many problems there are.

        Drawn last: problems that no field has told are told here.
        """
        language, parts = self._language, []
        if self._form.heard:
            heard = "".join(
                f"<li><b>{escape(label(name, language))}</b> {escape(phrase)}</li>"
                for name, phrase in self._form.heard
            )
            parts.append(f"<h2>{self.text('heard')}</h2><ul class='heard'>{heard}</ul>")
        if self._form.missing:
            names = escape(self._listed(label(name, language) for name in self._form.missing))
            parts.append(f'<p class="warning-text">{self.text("missing", fields="")}{names}</p>')
        errors = [p for p in self._form.problems if p.level == "error"]
        if errors:
            fields = self._listed(dict.fromkeys(label(p.field, language) for p in errors))
            parts.append(
                f'<p class="error" role="alert">'
                f"{escape(say(language, 'brief.refused', count=len(errors), fields=fields))}</p>"
            )
            untold = dict.fromkeys(p.field for p in errors if p.field not in self._told)
            parts += [self._messages(place) for place in untold]
        return f'<section class="card">{"".join(parts)}</section>' if parts else ""

    def _listed(self, names: Iterable[str]) -> str:
        return ("、" if self._language == "zh" else ", ").join(names)

    def _messages(self, place: str) -> str:
        self._told.add(place)
        return "".join(
            f'<span class="{"error" if p.level == "error" else "warning-text"}">'
            f"{escape(p.beside_field(self._language))}</span>"
            for p in self._problems.get(place, ())
        )

    def _messages_within(self, list_name: str) -> str:
        places = [place for place in self._problems if place.startswith(list_name)]
        return "".join(map(self._messages, places))

    def _label(self, name: str) -> str:
        star = " <b>*</b>" if name in REQUIRED else ""
        return f"<span>{escape(label(name.split('.')[-1], self._language))}{star}</span>"

    def _wrong(self, place: str) -> str:
        wrong = any(p.level == "error" for p in self._problems.get(place, ()))
        return ' aria-invalid="true"' if wrong else ""

    def _given(self, name: str) -> str:
        value = self._form.fields.get(name, "")
        return escape(f"{value:.12g}" if isinstance(value, float) else value)

    def field(self, name: str, kind: str = "text") -> str:
        """Draw one field with its message."""
        numeric = ' inputmode="decimal"' if name in NUMBERS else ""
        return (
            f'<label class="field">{self._label(name)}'
            f'<input id="f-{name}" name="{name}" type="{kind}" value="{self._given(name)}" '
            f'maxlength="300" autocomplete="off"{numeric}{self._wrong(name)}>'
            f"{self._messages(name)}</label>"
        )

    def choice(self, name: str, keys: Sequence[str], *, optional: bool = False) -> str:
        """Draw a choice of known keys under their names."""
        given = self._key(name, str(self._form.fields.get(name, "")))
        empty = self.text("no_promotion" if optional else "choose")
        options = [f'<option value="">{empty}</option>']
        known = [*keys, given] if given and given not in keys else list(keys)
        for key in known:
            chosen = " selected" if key == given else ""
            options.append(
                f'<option value="{escape(key)}"{chosen}>{escape(self._name(name, key))}</option>'
            )
        return (
            f'<label class="field">{self._label(name)}<select id="f-{name}" name="{name}"'
            f"{self._wrong(name)}>{''.join(options)}</select>{self._messages(name)}</label>"
        )

    def _key(self, group: str, given: str) -> str:
        """Give the key of what people call a choice; what is not known stays."""
        if group == "promotion" and given in NO_PROMOTION:
            return ""
        words = self._assumptions.words(group)
        return next((key for key, names in words.items() if given in names), given)

    def _name(self, group: str, key: str) -> str:
        if group == "promotion":
            dated = self._assumptions.promotions(key)
            return dated[-1].name(self._language) if dated else key
        name = f"plan_choice.{group}_{key.replace('-', '_')}"
        return say(self._language, name) if knows(name) else key

    def products(self) -> str:
        """Draw the goods as rows, one empty row at the end."""
        rows = list(self._form.fields.get("products", ()))
        shown = [row for row in rows if isinstance(row, Mapping)][:MAX_PRODUCTS]
        drawn = "".join(self._product(n, row) for n, row in enumerate(shown))
        empty = self._product(len(shown), {}) if len(shown) < MAX_PRODUCTS else ""
        return (
            f'<section class="card" id="products"><h2>{self.text("products")}</h2>'
            f'<p class="hint">{self.text("products_hint")}</p>{self._messages("products")}'
            f'<div class="rows">{drawn}{empty}</div>'
            f'<button type="button" class="button" data-add-row>{icon("plus")}'
            f"{self.text('add_product')}</button></section>"
        )

    def _product(self, number: int, row: Mapping[str, Any]) -> str:
        name = f"products.{number}"
        cells = [self._cell(name, number, "name", row)]
        given = self._key("role", str(row.get("role") or "hero"))
        options = "".join(
            f'<option value="{escape(role)}"{" selected" if given == role else ""}>'
            f"{escape(self._name('role', role))}</option>"
            for role in dict.fromkeys((*ROLES, given))
        )
        cells.append(
            f'<label class="field">{self._label("role")}<select name="{name}.role" '
            f'id="f-{name}.role">{options}</select></label>'
        )
        cells += [self._cell(name, number, one, row) for one in PRODUCT_NUMBERS]
        return (
            f'<div class="fields row">{"".join(cells)}{self._messages(f"products[{number}]")}</div>'
        )

    def _cell(self, name: str, number: int, part: str, row: Mapping[str, Any]) -> str:
        place = f"products[{number}].{part}"
        numeric = ' inputmode="decimal"' if part in NUMBERS else ""
        return (
            f'<label class="field">{self._label(part)}<input name="{name}.{part}" '
            f'id="f-{name}.{part}" value="{escape(row.get(part, ""))}" maxlength="60" '
            f'autocomplete="off"{numeric}{self._wrong(place)}>{self._messages(place)}</label>'
        )

    def workstreams(self) -> str:
        """List the work beside the campaign; each piece is carried as it is and can be removed."""
        rows = [one for one in self._form.fields.get("workstreams", ()) if isinstance(one, Mapping)]
        if not rows:
            return ""
        drawn = "".join(self._beside(number, row) for number, row in enumerate(rows))
        return (
            f'<section class="card" id="workstreams"><h2>{self.text("workstreams")}</h2>'
            f'<p class="hint">{self.text("workstreams_hint")}</p>{self._messages("workstreams")}'
            f'<ul class="beside">{drawn}</ul></section>'
        )

    def _beside(self, number: int, row: Mapping[str, Any]) -> str:
        start, days = row.get("start_day", 0), row.get("days", "")
        start = start + 1 if isinstance(start, int) else start
        when = self.text("workstream_when", start=start, days=days)
        role = f" · {escape(row['role'])}" if row.get("role") else ""
        held = escape(json.dumps(dict(row), ensure_ascii=False, default=str))
        remove = icon_button("close", say(self._language, "plan_page.remove"), remove_row="")
        wrong = self._messages_within(f"workstreams[{number}]")
        return (
            f'<li><input type="hidden" name="workstreams.{number}" value="{held}">'
            f'<span dir="auto">{escape(row.get("title", ""))}<small>{when}{role}</small>{wrong}'
            f"</span>{remove}</li>"
        )

    def groups(self) -> str:
        """Draw the optional fields, folded unless something in them was given or is wrong."""
        return "".join(self._group(name, fields) for name, fields in GROUPS) + self._constraints()

    def _group(self, name: str, fields: Sequence[str]) -> str:
        used = any(f in self._form.fields or f in self._problems for f in fields)
        drawn = "".join(map(self.field, fields))
        return (
            f'<details class="card"{" open" if used else ""}><summary>{self.text(f"group_{name}")}'
            f'</summary><p class="hint">{self.text("group_hint")}</p>'
            f'<div class="fields">{drawn}</div></details>'
        )

    def _constraints(self) -> str:
        given = self._form.fields.get("constraints", ())
        text = "\n".join(map(str, given)) if isinstance(given, list | tuple) else str(given)
        used = " open" if text else ""
        return (
            f'<details class="card"{used}><summary>{self.text("group_constraints")}</summary>'
            f'<label class="field wide"><span>{self.text("constraints_hint")}</span>'
            f'<textarea name="constraints" id="f-constraints" maxlength="6000">{escape(text)}'
            f"</textarea>{self._messages_within('constraints')}</label></details>"
        )
