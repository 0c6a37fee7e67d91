"""The readiness tab in real Chromium: fill, leave, come back, read, contest, assess again."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pages import HAN, ROOT, OpenPage, Served, own_environment, visible_texts, watched
from playwright.sync_api import Browser, Page, expect

PROFILES = ROOT / "tests" / "profiles"
LIBRARY = ("rules/experience-score", "playbooks/fact-field")
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory, models_folder: Path) -> dict[str, str]:
    """The whole knowledge to quote from, and an ingested library of the few documents opened."""
    folder = tmp_path_factory.mktemp("readiness")
    ingested = folder / "few" / "knowledge"
    for name in LIBRARY:
        for language in ("zh", "en"):
            (found,) = (ROOT / "knowledge").glob(f"*/{Path(name).name}.{language}.md")
            target = ingested / found.parent.name
            target.mkdir(parents=True, exist_ok=True)
            shutil.copy(found, target)
    made = own_environment(folder, models_folder)
    command = [sys.executable, "ingest.py", str(ingested)]
    done = subprocess.run(command, cwd=ROOT, env=made, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return made


@pytest.fixture(scope="module")
def served(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    app = Served(environment, tmp_path_factory.mktemp("log") / "app.log")
    yield app.url
    app.stop()


@pytest.fixture
def visit(browser: Browser, served: str) -> Iterator[OpenPage]:
    """Open the tab in fresh profiles."""
    with watched(browser, served, "/readiness") as opened:
        yield opened


def begin(page: Page, brand: str, form: str = "full") -> None:
    """Fill in the basics and come to the first page of questions."""
    page.fill("#f-brand", brand)
    page.check(f"#f-form-{form}")
    page.check("#f-stage-one-to-ten")
    page.check("#f-goal-steady-self-broadcast")
    page.locator("form.questions button[type=submit]").click()
    expect(page.locator("#page-title")).to_be_visible()


def choose(page: Page, question: str, value: str) -> None:
    """Choose an answer, wherever the form has it."""
    page.check(f"[data-question={question}] input[value='{value}']")


def saved(page: Page) -> None:
    expect(page.locator(".saving")).to_have_text("已保存")


def upload(page: Page, profile: str) -> None:
    """Bring an answers file in and see its result."""
    page.set_input_files("input[type=file]", PROFILES / f"{profile}.yaml")
    expect(page.locator("#page-title")).to_be_visible()
    page.locator("#move-finish_early").click()
    expect(page.locator("article.report")).to_be_visible()


def step(page: Page, name: str) -> None:
    expect(page.locator("input[name=page]")).to_have_value(name)


def is_within(page: Page, width: int) -> bool:
    return int(page.evaluate("document.documentElement.scrollWidth")) <= width


# -- fill, leave, come back, read, hand over, assess again -----------------------------------


def test_a_quick_check_from_start_to_plan_and_again(visit: OpenPage, served: str) -> None:
    page = visit()
    page.locator("form.questions button[type=submit]").click()
    expect(page.locator("#e-stage")).to_contain_text("请选一个阶段")
    begin(page, "青屿户外", "quick")
    expect(page.locator("fieldset.question")).to_have_count(10)
    page.locator("[data-question=field-daily-hours] input[type=text]").fill("4")
    for question in ("alliance-creators", "content-weekly", "budget-breakeven"):
        choose(page, question, "1")
    expect(page.locator(".counted")).to_contain_text("4 / 10")
    saved(page)
    page.goto(served)
    page.goto(f"{served}/readiness")
    page.locator("#rail .conversations a", has_text="青屿户外").click()
    expect(page.locator("[data-question=field-daily-hours] input[type=text]")).to_have_value("4")
    choose(page, "supply-heroes", "unknown")
    choose(page, "compliance-tactics", "yes")
    page.locator("#move-finish").click()
    expect(page.locator("[data-chart] svg").first).to_be_visible(timeout=20_000)
    address = page.url
    page.locator("#section-reasons .proof").first.click()
    expect(page.locator("#panel #quote")).to_contain_text("4 小时")
    page.locator("#panel .close").click()
    page.locator("#again").click()
    expect(page.locator("[data-question=field-daily-hours] .last")).to_contain_text("4")
    page.locator("[data-question=field-daily-hours] input[type=text]").fill("10")
    choose(page, "content-weekly", "3")
    page.locator("#move-finish").click()
    expect(page.locator("#history tr.total .change")).to_have_class(re.compile("up"))
    expect(page.locator("#section-verdict")).to_contain_text("升了")
    assert page.url == address
    page.locator("#make-brief").click()
    page.wait_for_url("**/plan?id=*")
    expect(page.locator("[name=brand]")).to_have_value("青屿户外")
    expect(page.locator("[name=daily_live_hours]")).to_have_value("10")


def test_the_full_form_keeps_its_place_and_says_what_is_wrong_at_the_field(
    visit: OpenPage,
) -> None:
    page = visit()
    begin(page, "木禾茶")
    hours = page.locator("[data-question=field-daily-hours]")
    hours.locator("input[type=text]").fill("三十小时")
    expect(hours.locator(".error")).to_contain_text("0 到 24")
    page.locator("#move-next").click()
    expect(page.locator(".saving")).to_contain_text("先改好")
    expect(hours.locator("input[type=text]")).to_be_focused()
    hours.locator("[value=unknown]").check()
    expect(hours.locator("input[type=text]")).to_have_value("")
    expect(hours.locator(".error")).to_be_empty()
    hours.locator("input[type=text]").fill("6.5")
    expect(hours.locator("[value=unknown]")).not_to_be_checked()
    page.locator("#move-next").click()
    step(page, "alliance")
    page.go_back()
    step(page, "field")
    page.go_forward()
    step(page, "alliance")
    page.locator("#jump-content").click()
    step(page, "content")
    choose(page, "content-kinds", "search")
    with page.expect_response(lambda one: "nothing" in (one.request.post_data or "")):
        choose(page, "content-kinds", "nothing")
    expect(page.locator("[data-question=content-kinds] [value=search]")).not_to_be_checked()
    page.reload()
    step(page, "content")
    expect(page.locator("[data-question=content-kinds] [value=nothing]")).to_be_checked()
    page.locator("#jump-field").click()
    expect(hours.locator("input[type=text]")).to_have_value("6.5")
    page.locator("#jump-basics").click()
    page.check("#f-stage-zero-to-one")
    expect(page.locator(".counted")).to_contain_text("2 / ")


def test_what_is_typed_offline_or_just_before_leaving_is_not_lost(
    visit: OpenPage, served: str
) -> None:
    page = visit()
    begin(page, "断线品牌")
    page.context.set_offline(True)
    page.locator("[data-question=field-daily-hours] input[type=text]").fill("5")
    expect(page.locator(".saving")).to_contain_text("没有保存成功")
    page.context.set_offline(False)
    choose(page, "field-account-shop", "yes")
    saved(page)
    page.locator("[data-question=field-daily-hours] input[type=text]").fill("7")
    page.goto(f"{served}/")
    page.goto(f"{served}/readiness")
    page.locator("#rail .conversations a", has_text="断线品牌").click()
    expect(page.locator("[data-question=field-daily-hours] input[type=text]")).to_have_value("7")
    expect(page.locator("[data-question=field-account-shop] [value=yes]")).to_be_checked()


# -- files, contested findings, versions, comparison -----------------------------------------


def test_files_in_and_out_and_a_contested_finding(visit: OpenPage, tmp_path: Path) -> None:
    page = visit()
    broken = tmp_path / "broken.yaml"
    broken.write_text("stage: soon\ngoal: open-shop\nanswers: {field-daily-hours: 99, x-y: 1}\n")
    page.set_input_files("input[type=file]", broken)
    for told in ("stage 写的是 soon", "field-daily-hours 填了 99", "没有 x-y 这道题"):
        expect(page.locator("#uploaded")).to_contain_text(told)
    expect(page.locator("#f-brand")).to_be_visible()
    big = tmp_path / "big.yaml"
    big.write_text("brand: " + "长" * 3_400_000)
    page.set_input_files("input[type=file]", big)
    expect(page.locator("#uploaded")).to_contain_text("有 10.2 MB")
    with page.expect_download() as blank:
        page.locator("a[href^='/readiness/blank']").click()
    assert "field-daily-hours" in blank.value.path().read_text(encoding="utf-8")
    upload(page, "mature-low-score")
    expect(page.locator(".alerts")).to_contain_text("体验分低于 70 分")
    for form in ("docx", "xlsx", "md", "json"):
        with page.expect_download() as file:
            page.locator(f"a[href*='format={form}']").click()
        assert file.value.suggested_filename.endswith(f"自评.{form}")
        assert file.value.path().stat().st_size > 10_000
    page.select_option("#f-question", "live-gpm")
    page.fill("#f-note", "上周只播了两场，不能代表平时")
    page.locator("#contest button[type=submit]").click()
    expect(page.locator("#section-open")).to_contain_text("上周只播了两场")
    expect(page.locator("#section-verdict")).to_contain_text("两个分数都保留")
    page.locator("#change").click()
    page.locator("#move-finish_early").click()
    expect(page.locator("#version option")).to_have_count(2)
    page.select_option("#version", "1")
    page.locator("[data-open-version]").click()
    expect(page.locator("#content")).to_contain_text("第 1 次自评")
    expect(page.locator("article.report")).not_to_contain_text("上周只播了两场")
    assert page.locator("#again").count() == 0


def test_brands_side_by_side_and_a_deleted_one(visit: OpenPage, served: str) -> None:
    page = visit()
    for profile in ("white-label-factory", "womens-wear-growth"):
        page.goto(f"{served}/readiness")
        upload(page, profile)
    address = page.url
    page.goto(f"{served}/readiness")
    page.locator("form[data-post='/readiness/compare'] button").click()
    expect(page.locator(".note.bad")).to_contain_text("请选 2 到 6 份")
    for box in (0, 1):
        page.locator("input[name='ids[]']").nth(box).check()
    page.locator("form[data-post='/readiness/compare'] button").click()
    expect(page.locator("[data-chart] svg").first).to_be_visible(timeout=20_000)
    expect(page.locator("article.report thead th")).to_have_count(3)
    page.goto(address)
    page.locator("#rail .conversations a[aria-current]").hover()
    page.locator("#rail-list li:has(a[aria-current]) [data-delete]").click()
    page.locator("dialog#delete .danger").click()
    page.wait_for_url(f"{served}/readiness")
    page.goto(address)
    expect(page.locator("#content")).to_contain_text("可能已被删除")
    expect(page.locator("#content a[href='/readiness']")).to_be_visible()


# -- keys, width, language -------------------------------------------------------------------


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the wanted element has the focus."""
    for _ in range(80):
        if page.evaluate("wanted => document.activeElement.matches(wanted)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab never reaches {selector}")


def test_the_keyboard_alone_is_enough(visit: OpenPage) -> None:
    page = visit()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "f-brand"
    page.keyboard.type("键盘品牌")
    tab_to(page, "[name=form]")
    page.keyboard.press("ArrowDown")
    tab_to(page, "[name=stage]")
    page.keyboard.press("Space")
    tab_to(page, "[name=goal]")
    page.keyboard.press("ArrowDown")
    tab_to(page, "form.questions button")
    page.keyboard.press("Enter")
    expect(page.locator("#page-title")).to_be_visible()
    tab_to(page, "[name='q.field-daily-hours']")
    page.keyboard.type("5")
    tab_to(page, "[name='q.content-weekly']")
    page.keyboard.press("ArrowDown")
    expect(page.locator("[data-question=content-weekly] [value='1']")).to_be_checked()
    expect(page.locator(".counted")).to_contain_text("2 / 10")
    assert page.evaluate("document.activeElement.name") == "q.content-weekly"
    tab_to(page, "#move-finish")
    page.keyboard.press("Enter")
    expect(page.locator("article.report")).to_be_visible()
    tab_to(page, "article.report .proof")
    page.keyboard.press("Enter")
    expect(page.locator("#panel")).to_be_focused()
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.matches('.proof')")


def test_a_phone_in_english_and_dark_shows_all_without_scrolling_sideways(
    visit: OpenPage,
) -> None:
    page = visit(locale="en-GB", viewport=PHONE, color_scheme="dark", has_touch=True)
    assert is_within(page, 390)
    begin(page, "Qingyu Outdoor")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert is_within(page, 390)
    choose(page, "field-fans", "2")
    page.locator("#move-finish_early").click()
    expect(page.locator("article.report")).to_be_visible()
    assert is_within(page, 390)
    content = ".conversations, .seal, [data-language=zh]:not(#texts)"
    page.locator(content).evaluate_all("all => all.forEach((one) => one.remove())")
    assert [text for text in visible_texts(page) if HAN.search(text)] == []
