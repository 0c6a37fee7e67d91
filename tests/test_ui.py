"""The page in real Chromium, served by `python app.py` as a process of its own."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import pytest
from model_server import ScriptedModelServer, silent
from pages import HAN, ROOT, OpenPage, Served, ask, own_environment, visible_texts, watched
from playwright.sync_api import Browser, Page, expect

LIBRARY = ("fact-matrix", "test-then-scale", "cold-start", "customer-service-scaling")
QUESTION = "FACT 矩阵里哪些用于日常经营？"
OTHER_QUESTION = "小流量测试怎么做？"
UNANSWERABLE = "今天上海的天气怎么样？"
HOSTILE = (
    '<img src=x onerror="window.hacked=1"> [点我](javascript:window.hacked=1) '
    "$$\\frac{a}{b}$$ |甲|乙| {{value}} ${window.hacked=1} <script>window.hacked=1</script>"
)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory, models_folder: Path) -> dict[str, str]:
    """An ingested library of a few documents, one of them hostile, in a folder of its own."""
    folder = tmp_path_factory.mktemp("page")
    knowledge = folder / "knowledge"
    shutil.copytree(ROOT / "knowledge" / "glossary", knowledge / "glossary")
    (knowledge / "playbooks").mkdir()
    for name in LIBRARY:
        for language in ("zh", "en"):
            shutil.copy(ROOT / f"knowledge/playbooks/{name}.{language}.md", knowledge / "playbooks")
    (folder / "docs").mkdir()
    hostile = f"# 红灯笼测试计划\n\n红灯笼测试计划的暗号是青石板 {HOSTILE} 七号。\n"
    (folder / "docs" / "lantern.md").write_text(hostile, encoding="utf-8")
    made = {**own_environment(folder, models_folder), "ASSISTANT_KNOWLEDGE": str(knowledge)}
    command = [sys.executable, "ingest.py", str(knowledge), str(folder / "docs")]
    done = subprocess.run(command, cwd=ROOT, env=made, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return made


@pytest.fixture(scope="module")
def served_app(
    environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    served = Served(environment, tmp_path_factory.mktemp("log") / "app.log")
    yield served.url
    served.stop()


@pytest.fixture
def visit(browser: Browser, served_app: str) -> Iterator[OpenPage]:
    """Open the conversation in fresh profiles and wait until it is drawn."""
    with watched(browser, served_app) as open_page:

        def opened(address: str = "/", **options: object) -> Page:
            page = open_page(address, **options)
            expect(page.locator("#question")).to_be_visible(timeout=60_000)
            expect(page.locator("#thread .thread")).to_be_visible(timeout=60_000)
            return page

        yield opened


def conversation_of(page: Page) -> str:
    return parse_qs(urlparse(page.url).query).get("c", [""])[0]


# -- asking and proof ------------------------------------------------------------------------


def test_a_chip_opens_the_source_at_the_quoted_sentence(visit: OpenPage) -> None:
    page = visit()
    ask(page, QUESTION)
    chip = page.locator(".prose-text .chip").first
    sentence = page.locator(".prose-text .sentence").first.inner_text()
    chip.click()
    quote = page.locator("#panel #quote")
    expect(quote).to_be_in_viewport()
    assert quote.inner_text() == sentence
    facts = page.locator("#panel .facts").inner_text()
    assert "可信度 A · 官方或多个独立来源" in facts
    assert "更新于 " in facts and "公开" in facts
    page.keyboard.press("Escape")
    expect(page.locator("#panel")).to_be_hidden()
    expect(chip).to_be_focused()


def test_every_sentence_is_proven_and_only_proofs_are_chips(visit: OpenPage) -> None:
    page = visit()
    ask(page, QUESTION)
    sentences = page.locator(".prose-text .sentence")
    proven = page.locator(".prose-text .sentence.supported")
    assert sentences.count() == proven.count() > 0
    cited = page.locator(".sources > ul > li > a").all_inner_texts()
    also = page.locator(".also a").all_inner_texts()
    assert cited and not set(cited) & set(also)


def test_the_page_tells_writer_time_and_how_it_was_found(visit: OpenPage) -> None:
    page = visit()
    ask(page, QUESTION)
    answer = page.locator("#thread article.answer")
    expect(answer.locator(".badge.writer")).to_have_text("摘录原文")
    expect(answer.locator(".timing")).to_have_text(re.compile(r"用时 [\d.]+ (毫秒|秒)"))
    expect(answer.locator(".found table")).to_be_hidden()
    answer.locator(".found summary").click()
    expect(answer.locator(".found thead")).to_contain_text("语义")
    expect(answer.locator(".found tbody tr.kept td").last).to_have_text("采用")


def test_a_source_opens_as_a_page_of_its_own(visit: OpenPage, served_app: str) -> None:
    page = visit()
    ask(page, QUESTION)
    page.locator(".prose-text .chip").first.click()
    expect(page.locator("#panel #quote")).to_be_visible()
    page.goto(page.locator("#panel .panel-bar a").get_attribute("href") or served_app)
    expect(page.locator("main #quote")).to_be_in_viewport()


def test_a_refusal_offers_topics_that_can_be_asked(visit: OpenPage) -> None:
    page = visit()
    ask(page, UNANSWERABLE)
    refusal = page.locator("article.refused")
    expect(refusal).to_contain_text("资料库里没有答案")
    expect(refusal.locator(".chip")).to_have_count(0)
    topic = refusal.locator(".topic [data-ask]").first
    title = topic.inner_text()
    topic.click()
    expect(page.locator("#thread article.answer")).to_have_count(2, timeout=30_000)
    expect(page.locator("#thread .asked").nth(1)).to_contain_text(title)


def test_a_follow_up_continues_the_conversation(visit: OpenPage) -> None:
    page = visit()
    ask(page, OTHER_QUESTION)
    conversation = conversation_of(page)
    offered = page.locator(".followups [data-ask]").first
    question = offered.inner_text()
    offered.click()
    expect(page.locator("#thread article.answer")).to_have_count(2, timeout=30_000)
    expect(page.locator("#thread .asked").nth(1)).to_contain_text(question)
    assert conversation_of(page) == conversation
    # Only the last answer offers to go on.
    expect(page.locator("article.answer").first.locator(".followups")).to_have_count(0)


def test_nothing_from_questions_or_documents_is_rendered(visit: OpenPage) -> None:
    page = visit()
    ask(page, f"红灯笼测试计划的暗号是什么？{HOSTILE}")
    ask(page, "红灯笼测试计划的暗号是什么？")
    expect(page.locator("#thread")).to_contain_text("<img src=x onerror=")
    for chip in page.locator(".prose-text .chip").all():
        chip.click()
        expect(page.locator("#panel .source-view")).to_be_visible()
    page.goto(page.url)
    expect(page.locator("#thread article.answer")).to_have_count(2)
    for part in ("#thread", "#rail", "#top", "#panel"):
        assert (
            page.locator(f"{part} :is(img, script, iframe, table:not(.found table))").count() == 0
        )
        assert page.locator(f"{part} a[href^='javascript']").count() == 0
        assert page.locator(f"{part} :is(.katex, .math, math)").count() == 0
    assert page.evaluate("window.hacked") is None


# -- keeping ---------------------------------------------------------------------------------


def test_a_conversation_survives_reload_and_a_second_server(
    visit: OpenPage, environment: dict[str, str], tmp_path: Path
) -> None:
    page = visit()
    ask(page, QUESTION)
    before = page.locator("#thread article.answer .prose-text").inner_text()
    address = page.url
    page.reload()
    expect(page.locator("#thread article.answer .prose-text")).to_have_text(
        re.compile(re.escape(before.split("\n")[0][:20]))
    )
    assert page.locator("#thread article.answer .prose-text").inner_text() == before
    again = Served(environment, tmp_path / "app.log")
    try:
        other = visit(f"{again.url}/?{urlparse(address).query}")
        expect(other.locator("#thread article.answer")).to_have_count(1)
        assert other.locator("#thread article.answer .prose-text").inner_text() == before
        other.locator(".prose-text .chip").first.click()
        expect(other.locator("#panel #quote")).to_be_visible()
    finally:
        again.stop()


def test_conversations_are_searched_renamed_and_deleted_after_asking(visit: OpenPage) -> None:
    page = visit()
    ask(page, QUESTION)
    row = page.locator(".conversations li", has=page.locator("[aria-current]"))
    row.hover()
    row.locator("[data-rename]").click()
    page.fill("dialog#rename input", "改名后的<b>对话</b>")
    page.keyboard.press("Enter")
    expect(page.locator("#top h1")).to_have_text("改名后的<b>对话</b>")
    page.fill("#search", "改名后的")
    expect(page.locator(".conversations li")).to_have_count(1)
    page.fill("#search", "没有这样的对话")
    expect(page.locator("#rail-list")).to_contain_text("没有找到")
    page.fill("#search", "改名后的")
    page.locator(".conversations li").hover()
    page.locator("[data-delete]").click()
    expect(page.locator("dialog#delete")).to_contain_text("改名后的<b>对话</b>")
    page.locator("dialog#delete [data-dismiss]").click()
    expect(page.locator(".conversations li")).to_have_count(1)
    page.locator(".conversations li").hover()
    page.locator("[data-delete]").click()
    page.locator("dialog#delete .danger").click()
    expect(page.locator("#rail-list")).to_contain_text("没有找到")
    expect(page.locator(".thread.start")).to_be_visible()
    assert conversation_of(page) == ""


def test_two_tabs_of_one_browser_keep_their_own_conversation(visit: OpenPage) -> None:
    first = visit()
    second = first.context.new_page()
    second.goto(first.url)
    expect(second.locator(".thread.start")).to_be_visible()
    ask(first, QUESTION)
    ask(second, OTHER_QUESTION)
    assert conversation_of(first) != conversation_of(second)
    ask(first, UNANSWERABLE)
    expect(first.locator("#thread .asked").first).to_contain_text(QUESTION)
    expect(second.locator("#thread .asked")).to_have_count(1)
    second.locator(f"[data-open='{conversation_of(first)}']").click()
    expect(second.locator("#thread .asked")).to_have_count(2)
    second.go_back()
    expect(second.locator("#thread .asked")).to_have_count(1)


def test_the_last_question_can_be_edited_and_asked_again(visit: OpenPage) -> None:
    page = visit()
    ask(page, QUESTION)
    ask(page, UNANSWERABLE)
    page.locator("[data-retry]").click()
    expect(page.locator("#live .live")).to_have_attribute("data-done", re.compile("."))
    expect(page.locator("#thread .asked")).to_have_count(2)
    expect(page.locator("[data-edit]")).to_have_count(1)
    page.locator(".asked").last.hover()
    page.locator("[data-edit]").click()
    expect(page.locator("#question")).to_have_value(UNANSWERABLE)
    page.fill("#question", OTHER_QUESTION)
    page.keyboard.press("Enter")
    expect(page.locator("#thread .asked").last).to_contain_text(OTHER_QUESTION, timeout=30_000)
    expect(page.locator("#thread .asked")).to_have_count(2)
    page.reload()
    expect(page.locator("#thread .asked")).to_have_count(2)
    expect(page.locator("#thread")).not_to_contain_text(UNANSWERABLE)


def test_an_answer_is_copied_and_a_conversation_exported_with_sources(visit: OpenPage) -> None:
    page = visit()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    ask(page, QUESTION)
    page.locator("[data-copy]").click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert "[1]" in copied and "出处：" in copied and "fact-matrix.zh.md" in copied
    with page.expect_download() as download:
        page.locator("a[download]").click()
    assert download.value.suggested_filename.endswith(".md")
    text = Path(download.value.path()).read_text(encoding="utf-8")
    assert QUESTION.split()[0] in text and page.locator(".sentence").first.inner_text()[:8] in text


def test_a_thumb_is_kept_pressed(visit: OpenPage) -> None:
    page = visit()
    ask(page, QUESTION)
    page.locator("[data-verdict=up]").click()
    expect(page.locator("[data-verdict=up]")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#announcer")).to_have_text("谢谢反馈，已记录")


# -- language, look, keys, width -------------------------------------------------------------


def test_the_browsers_language_comes_first_and_the_choice_is_kept(visit: OpenPage) -> None:
    page = visit(locale="en-GB")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.locator("[data-language=zh]:not(#texts)").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(page.locator("#question")).to_have_attribute("placeholder", re.compile("问点什么"))
    page.reload()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")


def test_english_covers_every_visible_text(visit: OpenPage) -> None:
    page = visit(locale="en-US")
    ask(page, "Which parts of the FACT matrix serve daily sales?")
    page.locator(".prose-text .chip").first.click()
    expect(page.locator("#panel #quote")).to_be_visible()
    content = ".conversations, .seal, .asked, .origins ul, [data-language=zh]:not(#texts)"
    page.locator(content).evaluate_all("all => all.forEach((one) => one.remove())")
    assert [text for text in visible_texts(page) if HAN.search(text)] == []


def test_chinese_covers_every_visible_text(visit: OpenPage) -> None:
    page = visit()
    page.locator(".conversations").evaluate_all("all => all.forEach((one) => one.remove())")
    known = re.compile(r"DP|Assistant|English|Enter|Shift|FACT|SOP|GMV|ROI|MCN|TP|KOL|DOU|Markdown")
    left = [re.sub(known, "", text) for text in visible_texts(page)]
    assert [text for text in left if re.search(r"[A-Za-z]{3,} [A-Za-z]{2,}", text)] == []


def test_the_footer_of_gradio_is_hidden_and_nothing_is_published(
    visit: OpenPage, served_app: str
) -> None:
    page = visit()
    assert page.locator("footer:visible").count() == 0
    told = urllib.request.urlopen(f"{served_app}/gradio_api/info").read().decode()
    assert '"named_endpoints":{}' in told and '"unnamed_endpoints":{}' in told


def test_dark_follows_the_system_until_it_is_chosen(visit: OpenPage) -> None:
    page = visit(color_scheme="dark")
    html = page.locator("html")
    expect(html).to_have_attribute("data-theme", "dark")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.locator("[data-theme-switch]").click()
    expect(html).to_have_attribute("data-theme", "light")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != dark
    page.reload()
    expect(html).to_have_attribute("data-theme", "light")


def test_keys_send_break_lines_and_focus(visit: OpenPage) -> None:
    page = visit()
    page.locator("#top h1").click()
    page.keyboard.press("/")
    expect(page.locator("#question")).to_be_focused()
    page.keyboard.type("一行")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("二行")
    expect(page.locator("#question")).to_have_value("一行\n二行")
    page.fill("#question", "   ")
    page.keyboard.press("Enter")
    expect(page.locator(".thread.start")).to_be_visible()
    page.fill("#question", "长" * 2001)
    page.keyboard.press("Enter")
    expect(page.locator(".composer .problem")).to_contain_text("2001")
    expect(page.locator("#question")).to_have_value("长" * 2001)


def test_enter_that_chooses_a_chinese_word_does_not_send(visit: OpenPage) -> None:
    page = visit()
    page.fill("#question", QUESTION)
    page.evaluate(
        """document.querySelector("#question").dispatchEvent(new KeyboardEvent(
            "keydown", {key: "Enter", isComposing: true, bubbles: true, cancelable: true}))"""
    )
    expect(page.locator("#question")).to_have_value(QUESTION)
    expect(page.locator(".thread.start")).to_be_visible()


def test_a_phone_shows_everything_without_scrolling_sideways(visit: OpenPage) -> None:
    page = visit(viewport={"width": 390, "height": 844}, has_touch=True)
    expect(page.locator("#rail")).not_to_be_in_viewport()
    ask(page, QUESTION)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.locator("#top [data-rail]").click()
    expect(page.locator("#rail [data-new]")).to_be_in_viewport()
    page.locator("#rail [data-rail=close]").click()
    expect(page.locator("#rail")).not_to_be_in_viewport()
    page.locator(".prose-text .chip").first.click()
    expect(page.locator("#panel #quote")).to_be_in_viewport()
    assert page.locator("#panel").bounding_box()["width"] <= 390  # type: ignore[index]


def test_a_finished_answer_is_announced(visit: OpenPage) -> None:
    page = visit()
    ask(page, QUESTION)
    expect(page.locator("#announcer")).to_have_attribute("aria-live", "polite")
    expect(page.locator("#announcer")).to_contain_text("回答已给出")


# -- empty, busy and error states ------------------------------------------------------------


def test_an_empty_library_says_how_to_fill_it(
    visit: OpenPage, environment: dict[str, str], models_folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "models").symlink_to(models_folder)
    empty = Served({**environment, "ASSISTANT_DATA": str(tmp_path / "data")}, tmp_path / "app.log")
    try:
        page = visit(empty.url)
        expect(page.locator(".thread.start .command")).to_have_text("python ingest.py")
        page.fill("#question", QUESTION)
        page.keyboard.press("Enter")
        expect(page.locator("#live .failed")).to_contain_text("python ingest.py", timeout=60_000)
        expect(page.locator("#live .failed [data-ask]")).to_be_enabled()
    finally:
        empty.stop()


def test_a_slow_answer_shows_its_draft_and_can_be_stopped(
    visit: OpenPage, environment: dict[str, str], tmp_path: Path
) -> None:
    slow = silent("阵地自营和达人矩阵用于日常经营 [1] 然后", after=2, keep_alive=True)
    with ScriptedModelServer(slow) as server:
        model = {
            "ASSISTANT_MODEL__NAME": "openai:scripted",
            "ASSISTANT_MODEL__BASE_URL": server.base_url,
            "ASSISTANT_MODEL__API_KEY": "test",
        }
        served = Served({**environment, **model}, tmp_path / "app.log")
        try:
            page = visit(served.url)
            page.fill("#question", QUESTION)
            page.keyboard.press("Enter")
            expect(page.locator("#live .draft .state")).to_contain_text("草稿", timeout=60_000)
            expect(page.locator("[data-send]")).to_be_hidden()
            page.locator("[data-stop]").click()
            expect(page.locator("#live .failed")).to_contain_text("已停止")
            expect(page.locator("[data-send]")).to_be_visible()
            page.reload()
            expect(page.locator("#thread article.answer")).to_have_count(0)
        finally:
            served.stop()


def test_a_lost_server_is_told(
    browser: Browser, environment: dict[str, str], tmp_path: Path
) -> None:
    served = Served(environment, tmp_path / "app.log")
    context = browser.new_context(locale="zh-CN")
    page = context.new_page()
    page.goto(served.url)
    expect(page.locator("#thread .thread")).to_be_visible()
    served.stop()
    page.fill("#question", QUESTION)
    page.keyboard.press("Enter")
    expect(page.locator("#offline")).to_contain_text("连接断开了", timeout=20_000)
    expect(page.locator("[data-send]")).to_be_visible()
    context.close()


# -- the command -----------------------------------------------------------------------------


def run_app(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "app.py", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)


def test_help_imports_nothing_heavy() -> None:
    command = [sys.executable, "-X", "importtime", "app.py", "--help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0 and "--port" in done.stdout
    assert not re.search(r"\| +(gradio|fastapi|assistant|pydantic|numpy)", done.stderr)


@pytest.mark.parametrize("arguments", [("--port", "none"), ("--port", "70000"), ("--what",)])
def test_wrong_arguments_end_with_status_2(arguments: tuple[str, ...]) -> None:
    done = run_app(*arguments)
    assert done.returncode == 2 and "Traceback" not in done.stderr


def test_a_taken_port_ends_with_one_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = run_app("--port", str(taken.getsockname()[1]))
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1 and "--port" in done.stderr
