"""The plan tab in real Chromium: say, fill, draft, edit, revise, compare, take away, find again."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from pages import HAN, OpenPage, Served, ask, own_environment, visible_texts, watched
from playwright.sync_api import Browser, Locator, Page, expect

ROOT = Path(__file__).resolve().parent.parent
WISH = "帮我给一个女装新店做 618 方案，预算 50 万"
HOSTILE = "\"><script>hacked=1</script><img src=x onerror=hacked=1>'&"
EXAMPLE = "[data-post^='/plan/example']"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory, models_folder: Path) -> dict[str, str]:
    """A data folder of its own; plans quote from the knowledge and need no ingested library."""
    return own_environment(tmp_path_factory.mktemp("plan"), models_folder)


@pytest.fixture(scope="module")
def served(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    app = Served(environment, tmp_path_factory.mktemp("log") / "app.log")
    yield app.url
    app.stop()


@pytest.fixture
def visit(browser: Browser, served: str) -> Iterator[OpenPage]:
    """Open the tab in fresh profiles."""
    with watched(browser, served, "/plan") as opened:
        yield opened


def drafted(page: Page) -> None:
    """Draft the form as it stands."""
    page.locator("#brief button[type=submit]").click()
    expect(page.locator("article.report")).to_be_visible()


def example(page: Page, **fields: str) -> None:
    """Fill the form with the example, change fields, and draft it."""
    page.locator(EXAMPLE).click()
    expect(page.locator("#f-brand")).not_to_have_value("")
    for name, text in fields.items():
        page.fill(f"#f-{name}", text)
    drafted(page)


def number(page: Page, name: str) -> Locator:
    """Find a number of the plan where it stands first."""
    return page.locator(f"button[data-value='{name}']").first


def set_number(page: Page, name: str, typed: str) -> None:
    """Set a number with the keyboard alone."""
    number(page, name).focus()
    page.keyboard.press("Enter")
    page.locator("#basis input").fill(typed)
    page.keyboard.press("Enter")


def saved(page: Page) -> None:
    expect(page.locator(".saving")).to_have_text("已保存")


def no_overflow(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]  # type: ignore[index]


def test_from_a_sentence_to_a_plan_that_is_changed_and_found_again(visit: OpenPage) -> None:
    page = visit()
    page.fill("#request", f"{WISH}，客单价 199")
    page.locator(".request button[type=submit]").click()
    expect(page.locator(".heard")).to_contain_text("预算 50 万")
    expect(page.locator(".warning-text")).to_contain_text("GMV 目标")
    page.locator("#brief button[type=submit]").click()
    expect(page.locator("#f-brand")).to_be_focused()
    expect(page.locator("#f-gmv_target_cny")).to_have_attribute("aria-invalid", "true")
    page.fill("#f-brand", "云裳")
    page.fill("#f-gmv_target_cny", "250万")
    drafted(page)
    expect(page.locator("#rail-list [aria-current]")).to_contain_text("云裳 · 618")

    # Every editable number opens by key, Escape gives the focus back, Enter computes again.
    budget = number(page, "brief.budget")
    budget.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    expect(page.locator("#basis")).to_have_count(0)
    expect(budget).to_be_focused()
    orders = page.locator("button[data-value^='orders.total']").first
    before = orders.inner_text()
    set_number(page, "aov", "400")
    expect(orders).not_to_have_text(before)
    expect(page.locator(".value.changed").first).to_be_visible()
    expect(number(page, "aov")).to_be_focused()
    number(page, "aov").click()
    page.locator("#basis-form button[type=button]").click()
    expect(orders).to_have_text(before)

    page.fill("#revise", "把达人预算降到 20%，客服多备两成，再送我一只猫")
    page.keyboard.press("Enter")
    expect(page.locator(".note.good")).to_contain_text("20%")
    expect(page.locator(".note.good")).to_contain_text("猫")
    page.fill("#revise", "随便说说")
    page.keyboard.press("Enter")
    expect(page.locator(".note.bad")).to_contain_text("随便说说")
    expect(page.locator("#revise")).to_have_value("随便说说")

    page.select_option("#version", "1")
    page.locator("form.versions button[type=submit]").click()
    expect(page.locator("#compared")).to_contain_text("20%")
    page.locator("[data-post^='/plan/save']").click()
    expect(page.locator("#version option")).to_have_count(3)
    page.select_option("#version", "1")
    page.locator("[data-open-version]").click()
    expect(page.locator("[data-post^='/plan/restore']")).to_be_visible()
    assert page.locator("[data-edit-value]").count() == 0
    page.locator("[data-post^='/plan/restore']").click()
    expect(page.locator(".note.good")).to_contain_text("第 1 版")

    page.reload()
    page.goto(page.url.split("?")[0])
    page.locator("#rail-list a", has_text="云裳").click()
    expect(page.locator("article.report h1")).to_contain_text("云裳")
    page.locator("#rail-list [data-rename]").first.click()
    page.fill("dialog#rename input", "六月的方案")
    page.locator("dialog#rename .primary").click()
    expect(page.locator("#top h1")).to_have_text("六月的方案")
    page.locator("#rail-list [data-delete]").first.click()
    page.locator("dialog#delete .danger").click()
    expect(page.locator("#rail-list")).not_to_contain_text("六月的方案")
    expect(page.locator("#brief")).to_be_visible()


def test_each_file_downloads_and_hostile_names_stay_text(visit: OpenPage, tmp_path: Path) -> None:
    page = visit()
    example(page, brand=HOSTILE)
    files = {}
    for form in ("docx", "xlsx", "md", "json", "ics"):
        with page.expect_download() as waiting:
            page.locator(f"a[data-file][href*='format={form}']").click()
        files[form] = tmp_path / f"plan.{form}"
        waiting.value.save_as(files[form])
        assert waiting.value.suggested_filename.endswith(f".{form}")
    for office in ("docx", "xlsx"):
        assert zipfile.ZipFile(files[office]).testzip() is None
    assert json.loads(files["json"].read_text(encoding="utf-8"))["brief"]["brand"]
    assert files["ics"].read_text(encoding="utf-8").startswith("BEGIN:VCALENDAR")
    page.fill("#revise", HOSTILE)
    page.keyboard.press("Enter")
    expect(page.locator(".note.bad")).to_contain_text("<script>")
    page.locator("[data-post^='/plan/save']").click()
    page.locator("form.versions button[type=submit]").click()
    expect(page.locator("#compared")).not_to_be_empty()
    page.goto(f"{page.url}&form=1")
    expect(page.locator("#f-brand")).to_have_value(HOSTILE)
    assert page.evaluate("window.hacked") is None
    answer = page.request.get(f"{page.url.replace('/plan?', '/plan/export?')}&format=exe")
    assert answer.status == 404 and "<main" in answer.text()


def test_a_plan_outlives_its_half_filled_form(visit: OpenPage) -> None:
    page = visit()
    page.locator(EXAMPLE).click()
    expect(page.locator("#workstreams li")).to_have_count(1)
    drafted(page)
    assert "按话术清单培训主播" in page.locator(".gantt").first.inner_text()
    set_number(page, "service.reserve_percent", "35%")
    expect(page.locator("button.edited").first).to_be_visible()
    plan = page.url
    page.goto(f"{plan}&form=1")
    page.fill("#f-budget_cny", "没想好")
    page.locator("#workstreams [data-remove-row]").click()
    saved(page)
    page.locator("#rail-foot [data-language=en]").click()
    expect(page.locator("#f-budget_cny")).to_have_value("没想好")
    expect(page.locator("#workstreams")).to_have_count(0)
    page.locator("#rail-foot [data-language=zh]").click()
    expect(page.locator("#brief button[type=submit]")).to_contain_text("生成方案")
    page.goto(plan)
    expect(page.locator(".note.bad")).to_contain_text("还没有重新生成")
    expect(page.locator("article.report")).to_be_visible()
    page.goto(f"{plan}&form=1")
    page.locator("#brief button[type=submit]").click()
    expect(page.locator("#f-budget_cny")).to_be_focused()
    page.fill("#f-budget_cny", "60万")
    drafted(page)
    expect(number(page, "brief.budget")).to_have_text(re.compile("600,000"))
    expect(page.locator("button.edited").first).to_be_visible()
    assert "按话术清单培训主播" not in page.locator(".gantt").first.inner_text()


def test_failures_are_told_and_nothing_is_lost(visit: OpenPage, tmp_path: Path) -> None:
    page = visit("/plan?id=nothing")
    expect(page.locator(".remark")).to_contain_text("不存在")
    page.locator("#content a[href='/plan']").click()
    page.fill("#f-brand", "留下")
    saved(page)
    for name, content in (("garbled", b"\x00\xff\xfe\x9a" * 99), ("large", b"a" * 200_000)):
        file = tmp_path / f"{name}.yaml"
        file.write_bytes(content)
        page.set_input_files("input[type=file]", file)
        expect(page.locator("#notice")).to_contain_text("不能当简报用")
        expect(page.locator("#f-brand")).to_have_value("留下")
        page.locator("#notice").evaluate("notice => notice.remove()")

    example(page)
    page.context.set_offline(True)
    set_number(page, "brief.budget", "77万")
    expect(page.locator("#notice")).to_be_visible()
    expect(page.locator("#basis input")).to_have_value("77万")
    expect(page.locator("article.report")).to_be_visible()
    page.context.set_offline(False)
    page.locator("#basis input").press("Enter")
    expect(number(page, "brief.budget")).to_have_text(re.compile("770,000"))
    expect(page.locator("#notice")).to_have_count(0)
    set_number(page, "rate.return", "500%")
    expect(page.locator("#notice")).to_contain_text("100")
    page.keyboard.press("Escape")

    other = page.context.new_page()
    other.goto(page.url)
    set_number(other, "brief.budget", "88万")
    expect(number(other, "brief.budget")).to_have_text(re.compile("880,000"))
    set_number(page, "aov", "300")
    expect(number(page, "brief.budget")).to_have_text(re.compile("880,000"))
    other.locator("#rail-list li:has([aria-current]) [data-delete]").click()
    other.locator("dialog#delete .danger").click()
    expect(other.locator("#brief")).to_be_visible()
    set_number(page, "aov", "310")
    expect(page.locator("#notice")).to_contain_text("不存在")
    expect(page.locator("article.report")).to_be_visible()


def test_an_english_plan_on_a_phone(visit: OpenPage) -> None:
    phone = {"width": 390, "height": 844}
    page = visit(locale="en-US", viewport=phone, color_scheme="dark", reduced_motion="reduce")
    no_overflow(page)
    assert not HAN.search(page.locator("#content").inner_text())
    example(page, brand="Qingyu" + 50 * "x")
    expect(page.locator(".js-plotly-plot").first).to_be_visible(timeout=20_000)
    no_overflow(page)
    found = [text for text in visible_texts(page) if HAN.search(text)]
    assert not [text for text in found if text not in ("智", "中文")], found
    hidden = "#content :is([data-basis],[data-chart],[aria-label],[title])"
    told = page.locator(hidden).evaluate_all(
        "all => all.flatMap(one => [...one.attributes].map(a => a.value)).join(' ')"
    )
    assert not HAN.search(told)
    bar = page.locator(".gantt li:not(.scale)").first
    above, below = bar.locator("b").bounding_box(), bar.locator("div").bounding_box()
    assert above and below and below["y"] >= above["y"] + above["height"]
    page.locator("[data-rail=open]").click()
    expect(page.locator(".tabs a").first).to_be_in_viewport()
    page.locator("[data-rail=close]").click()
    expect(page.locator(".tabs a").first).not_to_be_in_viewport()


def test_a_wish_in_the_conversation_leads_to_a_plan(visit: OpenPage) -> None:
    page = visit("/")
    expect(page.locator("#thread .thread")).to_be_visible(timeout=60_000)
    ask(page, WISH)
    page.locator("#thread a[href^='/plan?request=']").click()
    expect(page.locator("#f-budget_cny")).to_have_value("500000")
    expect(page.locator("#f-promotion")).to_have_value("618")
    page.goto(page.url.split("/plan")[0])
    expect(page.locator("#thread .thread")).to_be_visible(timeout=60_000)
    ask(page, f"{WISH}，目标 GMV 200 万，品牌叫云裳")
    page.locator("#thread a[href^='/plan?id=']").click()
    expect(page.locator("article.report h1")).to_contain_text("云裳")
    expect(page.locator("#rail-list [aria-current]")).to_contain_text("云裳")
