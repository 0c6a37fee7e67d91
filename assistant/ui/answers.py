"""Turns a conversation into HTML: questions, checked answers, refusals, what is under way.

An answer is drawn from its sentences and citations, as they were stored; a sentence without proof
always carries a label. Follow-ups and retry stand under the last answer only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from assistant.messages import explain, knows, say
from assistant.records import Answer, Citation, Found, Language, Nearest, Sentence, Turn
from assistant.ui.markup import badge, escape, facts, icon, icon_button, inline, is_past
from assistant.ui.sources import citation_address, document_address

LANES = ("dense", "lexical", "exact", "rerank")
_NOT_LANES = ("coverage", "language")


def thread(turns: Sequence[Turn], language: Language, conversation: str) -> str:
    """Draw a stored conversation."""
    last = len(turns) - 1
    drawn = []
    for position, turn in enumerate(turns):
        if turn.role == "user":
            drawn.append(question(turn.content, language, position, editable=position == last - 1))
        elif turn.answer is not None:
            place = (conversation, position)
            drawn.append(answer(turn.answer, language, place, is_last=position == last))
    body = "".join(drawn)
    return f'<div class="thread" data-conversation="{escape(conversation)}">{body}</div>'


def question(text: str, language: Language, position: int = 0, *, editable: bool = False) -> str:
    """Draw what the user asked, with a pencil on the last one."""
    pencil = (
        icon_button("pencil", say(language, "answer.edit"), edit=position, question=text)
        if editable
        else ""
    )
    who = escape(say(language, "answer.you"))
    return (
        f'<section class="asked" aria-label="{who}">{pencil}'
        f'<p dir="auto">{escape(text)}</p></section>'
    )


def answer(given: Answer, language: Language, place: tuple[str, int], *, is_last: bool) -> str:
    """Draw one finished answer or refusal; `place` is its conversation and position."""
    body = _refusal(given, language) if given.refused else _proven(given, language, place)
    parts = [
        _head(given, language),
        _notices(given.notices, language),
        body,
        _also_read(given.also_read, language),
        _tools(given, language, place, is_last),
        _found(given.found, language, place),
        _followups(given.followups, language) if is_last else "",
    ]
    name = escape(say(language, "answer.assistant"))
    look = "answer refused" if given.refused else "answer"
    return (
        f'<article class="{look}" lang="{_html_language(given.language)}" aria-label="{name}" '
        f'data-position="{place[1]}">{"".join(parts)}</article>'
    )


def _html_language(language: Language) -> str:
    return "zh-CN" if language == "zh" else "en"


def _head(given: Answer, language: Language) -> str:
    if given.refused:
        title = escape(say(language, "refusal.title"))
        return f'<header class="answer-head">{icon("book")}<strong>{title}</strong></header>'
    if given.action:
        shown = badge(say(language, "answer.writer_planner"), "writer")
    elif given.writer == "extractive":
        text = say(language, "answer.writer_extractive")
        shown = badge(text, "writer", say(language, "answer.writer_extractive_hint"))
    else:
        shown = badge(given.writer, "writer model", say(language, "answer.writer_model_hint"))
    seal = '<span class="seal" aria-hidden="true">智</span>'
    return f'<header class="answer-head">{seal}{shown}</header>'


def _notices(notices: Sequence[str], language: Language) -> str:
    return "".join(notice(text, language) for text in notices)


def notice(key: str, language: Language, values: Mapping[str, object] | None = None) -> str:
    """Draw a notice by its key; a text that is no key is shown as it is."""
    softer = key.replace("error.", "notice.", 1)
    chosen = softer if knows(softer) else key
    text = say(language, chosen, **(values or {})) if knows(chosen) else key
    return f'<p class="notice" role="note">{icon("warning")}<span>{escape(text)}</span></p>'


# -- sentences -------------------------------------------------------------------------------


def _proven(given: Answer, language: Language, place: tuple[str, int]) -> str:
    if given.action:
        return _with_action(given, given.action)
    cited = {citation.n: citation for citation in given.citations}
    drawn = [_sentence(s, cited, language, place) for s in given.sentences]
    space = " " if given.language == "en" else ""
    if len(drawn) > 3:
        items = "".join(f"<li>{line}</li>" for line in drawn[1:])
        text = f"<p>{drawn[0]}</p><ul>{items}</ul>"
    else:
        text = f"<p>{space.join(drawn)}</p>"
    return f'<div class="prose-text" dir="auto">{text}</div>{_sources(given, language, place)}'


def _with_action(given: Answer, action: Mapping[str, str]) -> str:
    """Draw what was understood and the way to go on; only our own addresses are linked."""
    address = action.get("address", "")
    link = ""
    if address.startswith("/") and not address.startswith("//"):
        link = (
            f'<p class="actions"><a class="button primary" href="{escape(address)}">'
            f"{icon('target')}{escape(action.get('label', ''))}</a></p>"
        )
    lines = "".join(f"<p>{inline(line)}</p>" for line in given.text.splitlines() if line.strip())
    return f'<div class="prose-text" dir="auto">{lines}</div>{link}'


def _sentence(
    sentence: Sentence, cited: Mapping[int, Citation], language: Language, place: tuple[str, int]
) -> str:
    proofs = [cited[n] for n in sentence.citations if n in cited]
    status = sentence.status if proofs or sentence.status == "computed" else "unsupported"
    chips = "".join(_chip(citation, language, place) for citation in proofs)
    labels = "".join(_labels(status, proofs, language))
    text = inline(" ".join(sentence.text.split()))
    return f'<span class="sentence {status}">{text}</span>{labels}{chips}'


def _labels(status: str, proofs: Sequence[Citation], language: Language) -> Iterator[str]:
    if status == "unsupported":
        yield badge(say(language, "answer.unproven"), "bad", say(language, "answer.unproven_hint"))
    if status == "computed":
        yield badge(
            say(language, "answer.computed"), "plain", say(language, "answer.computed_hint")
        )
    if proofs and all(citation.confidence == "C" for citation in proofs):
        yield badge(
            say(language, "answer.doubtful"), "doubt", say(language, "answer.doubtful_hint")
        )
    expired = [c.valid_until for c in proofs if is_past(c.valid_until)]
    if expired and len(expired) == len(proofs):
        hint = say(language, "answer.expired_hint", date=expired[0])
        yield badge(say(language, "answer.expired"), "bad", hint)


def _chip(citation: Citation, language: Language, place: tuple[str, int]) -> str:
    label = say(language, "answer.open_source", n=citation.n, title=citation.title)
    address = citation_address(place, citation.n)
    return (
        f'<a class="chip" role="button" href="{escape(address)}" data-source '
        f'title="{escape(citation.title)}" aria-label="{escape(label)}">{citation.n}</a>'
    )


def _sources(given: Answer, language: Language, place: tuple[str, int]) -> str:
    """List the cited documents, each with the numbers of its quotes by section."""
    documents: dict[str, list[Citation]] = {}
    for citation in given.citations:
        documents.setdefault(citation.document, []).append(citation)
    if not documents:
        return ""
    rows = "".join(_source(cited, language, place) for cited in documents.values())
    title = escape(say(language, "answer.sources"))
    return f'<section class="sources"><h3>{title}</h3><ul>{rows}</ul></section>'


def _source(cited: Sequence[Citation], language: Language, place: tuple[str, int]) -> str:
    sections: dict[str, list[Citation]] = {}
    for citation in cited:
        sections.setdefault(_section_name(citation, language), []).append(citation)
    spots = "".join(
        f'<span class="spot">{"".join(_chip(c, language, place) for c in quotes)}'
        f"<span>{escape(name)}</span></span>"
        for name, quotes in sections.items()
    )
    first = cited[0]
    return (
        f'<li><a href="{escape(citation_address(place, first.n))}" data-source>'
        f"<b>{escape(first.title)}</b></a>"
        f'<span class="facts">{facts(language, first, words=False)}</span>'
        f'<span class="spots">{spots}</span></li>'
    )


def _section_name(citation: Citation, language: Language) -> str:
    page = say(language, "source.page", page=citation.page) if citation.page else ""
    return " · ".join(part for part in (citation.section, page) if part)


def _also_read(topics: Sequence[Nearest], language: Language) -> str:
    if not topics:
        return ""
    links = "".join(
        f'<a href="{escape(document_address(t.document))}" data-source>{escape(t.title)}</a>'
        for t in topics
    )
    title, hint = say(language, "answer.also_read"), say(language, "answer.also_read_hint")
    return f'<p class="also" title="{escape(hint)}"><span>{escape(title)}</span>{links}</p>'


def _refusal(given: Answer, language: Language) -> str:
    text = given.text or explain(language, f"refusal.{given.reason}")
    shown = f'<div class="prose-text"><p>{escape(text)}</p></div>'
    if given.reason in ("no_evidence", "out_of_scope"):
        shown += f'<p class="quiet">{escape(say(language, "refusal.recorded"))}</p>'
    if not given.nearest:
        return shown
    cards = "".join(_topic(topic, given.language, language) for topic in given.nearest)
    title = escape(say(language, "refusal.nearest"))
    return f'{shown}<section class="nearest"><h3>{title}</h3>{cards}</section>'


def _topic(topic: Nearest, spoken: Language, language: Language) -> str:
    asked = say(spoken, "refusal.ask_about", title=topic.title)
    label = f"{say(language, 'source.panel')}: {topic.title}"
    return (
        f'<div class="topic"><button type="button" data-ask="{escape(asked)}">'
        f"{escape(topic.title)}</button>"
        f'<a href="{escape(document_address(topic.document))}" data-source class="icon-button" '
        f'title="{escape(label)}" aria-label="{escape(label)}">{icon("book")}</a></div>'
    )


# -- under the answer ------------------------------------------------------------------------


def _tools(given: Answer, language: Language, place: tuple[str, int], is_last: bool) -> str:
    buttons = [
        icon_button(
            "copy",
            say(language, "answer.copy"),
            copy=as_plain_text(given, language),
            done=say(language, "answer.copied"),
        )
    ]
    if is_last:
        buttons.append(
            icon_button(
                "retry", say(language, "answer.retry"), retry=place[1] - 1, question=given.question
            )
        )
    thanks = say(language, "answer.thanks")
    for name, verdict, key in (("up", "up", "answer.good"), ("down", "down", "answer.bad")):
        label = explain(language, key)
        buttons.append(icon_button(name, label, verdict=verdict, at=place[1], done=thanks))
    return f'<div class="tools">{"".join(buttons)}{_timing(given.timings_ms, language)}</div>'


def _timing(timings: Mapping[str, float], language: Language) -> str:
    total = timings.get("total")
    if total is None:
        return ""
    steps = [
        f"{say(language, f'answer.timing_{name}')} {duration(timings[name], language)}"
        for name in ("retrieve", "write", "check")
        if name in timings
    ]
    label = say(language, "answer.timing")
    hint, shown = " · ".join(steps), f"{label} {duration(total, language)}"
    return f'<span class="timing" title="{escape(hint)}">{escape(shown)}</span>'


def duration(milliseconds: float, language: Language) -> str:
    """Say a duration in milliseconds below one second, in seconds above."""
    if milliseconds < 1000:
        return say(language, "answer.milliseconds", milliseconds=max(1, round(milliseconds)))
    return say(language, "answer.seconds", seconds=f"{milliseconds / 1000:.1f}")


def as_plain_text(given: Answer, language: Language) -> str:
    """Give an answer with its numbered sources as text for the clipboard."""
    if given.refused or not given.sentences:
        return given.text
    doubt = f" {say(language, 'answer.unsupported')}"
    lines = [
        s.text
        + "".join(f"[{n}]" for n in s.citations)
        + (doubt if s.status == "unsupported" else "")
        for s in given.sentences
    ]
    origins = [
        f"[{c.n}] {' › '.join(part for part in (c.title, c.section) if part)} ({c.document})"
        for c in given.citations
    ]
    head = [say(language, "answer.copy_sources")] if origins else []
    return "\n".join([*lines, "", *head, *origins]).strip()


def _followups(questions: Sequence[str], language: Language) -> str:
    if not questions:
        return ""
    title = escape(say(language, "answer.followups"))
    buttons = "".join(
        f'<button type="button" data-ask="{escape(q)}">{escape(q)}</button>' for q in questions
    )
    return f'<section class="followups"><h3>{title}</h3>{buttons}</section>'


def _found(rows: Sequence[Mapping[str, Any]], language: Language, place: tuple[str, int]) -> str:
    if not rows:
        return ""
    names = {name for row in rows for name in row.get("scores", {})}
    lanes = [lane for lane in LANES if lane in names]
    lanes += sorted(name for name in names if name not in LANES and name not in _NOT_LANES)
    heads = [
        say(language, "found.document"),
        *(_lane_name(lane, language) for lane in lanes),
        say(language, "found.score"),
        say(language, "found.outcome"),
    ]
    top = "".join(f'<th scope="col">{escape(head)}</th>' for head in heads)
    body = "".join(_found_row(row, lanes, language) for row in rows)
    title = escape(say(language, "found.title"))
    return (
        f'<details class="found" data-remember="found-{place[1]}"><summary>{title}</summary>'
        f'<div class="scroll" tabindex="0"><table><thead><tr>{top}</tr></thead>'
        f"<tbody>{body}</tbody></table></div></details>"
    )


def _lane_name(lane: str, language: Language) -> str:
    key = f"found.lane_{lane}"
    return say(language, key) if knows(key) else lane


def _found_row(row: Mapping[str, Any], lanes: Sequence[str], language: Language) -> str:
    cells = []
    for lane in lanes:
        score, rank = row.get("scores", {}).get(lane), row.get("ranks", {}).get(lane)
        place = (
            f"<small>{escape(say(language, 'found.score_rank', rank=rank))}</small>" if rank else ""
        )
        cells.append(f"<td>{'–' if score is None else f'{score:.3f}'}{place}</td>")
    reason = str(row.get("dropped") or "")
    outcome, score = _outcome(reason, language), float(row.get("score") or 0)
    title = escape(row.get("title", ""))
    address = escape(document_address(str(row.get("document", ""))))
    section = escape(row.get("section") or "")
    return (
        f'<tr class="{"dropped" if reason else "kept"}"><th scope="row">'
        f'<a href="{address}" data-source>{title}</a><small>{section}</small></th>'
        f"{''.join(cells)}<td>{score:.3f}</td><td>{escape(outcome)}</td></tr>"
    )


def _outcome(reason: str, language: Language) -> str:
    if not reason:
        return say(language, "found.kept")
    key = f"found.dropped_{reason}"
    return say(language, key) if knows(key) else say(language, "found.dropped_other", reason=reason)


# -- under way -------------------------------------------------------------------------------


def draft(text: str, asked: str, language: Language, ticket: str, found: Found | None) -> str:
    """Draw the question with what is known so far; the text is not checked yet."""
    if text:
        state = say(language, "answer.checking")
    elif found is not None:
        documents = len({hit.passage.document for hit in found.hits})
        values = {"passages": len(found.hits), "documents": documents}
        state = say(language, "answer.reading", **values)
    else:
        state = say(language, "answer.searching")
    shown = "".join(f"<p>{escape(line)}</p>" for line in text.splitlines() if line.strip())
    return (
        f'<div class="live" data-busy="{escape(ticket)}">{question(asked, language)}'
        f'<article class="answer draft"><p class="state"><span class="dots" aria-hidden="true">'
        f"<i></i><i></i><i></i></span>{escape(state)}</p>"
        f'<div class="prose-text">{shown}</div></article></div>'
    )


def done(ticket: str) -> str:
    """Draw nothing, and tell the page that this request has ended."""
    return f'<div class="live" data-done="{escape(ticket)}"></div>'


def failed(text: str, asked: str, language: Language, ticket: str, *, title: str = "") -> str:
    """Draw a question without an answer, the reason, and a way to ask it again."""
    retry = escape(say(language, "answer.retry"))
    heading = f"<strong>{escape(title)}</strong>" if title else ""
    return (
        f'<div class="live" data-done="{escape(ticket)}">{question(asked, language)}'
        f'<article class="answer failed" role="alert">{icon("warning")}<div>{heading}'
        f'<p>{escape(text)}</p><button type="button" class="button" data-ask="{escape(asked)}">'
        f"{icon('retry')}{retry}</button></div></article></div>"
    )
