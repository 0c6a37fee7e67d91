"""Hand-made reports for the tests of exports: plan and assessment, both languages, hostile text."""

from __future__ import annotations

from dataclasses import replace

from assistant.plan.sheet import Sheet, cited
from assistant.records import Language
from assistant.values import (
    Bullets,
    Chart,
    Paragraph,
    Quote,
    Report,
    Row,
    Section,
    Series,
    Span,
    Table,
    Timeline,
    Value,
)

HOSTILE = (
    '=HYPERLINK("http://x","y") <script>alert(1)</script> **粗** | `a` [b](c) '
    "\x00\x0b\x1b\ufffe\u202e# 标题\n- 列表 & \"引号\" '单' {0} %s \\ $x$"
)
QUADRANTS = {"zh": ("自营阵地", "达人矩阵", "营销活动", "头部大V"),
             "en": ("Field", "Alliance", "Campaign", "Top KOL")}  # fmt: skip
PHASES = {"zh": ("蓄水", "预热", "爆发", "返场"), "en": ("Build-up", "Warm-up", "Burst", "Return")}


def _either(language: Language, zh: str, en: str) -> str:
    return zh if language == "zh" else en


def quotes(language: Language) -> tuple[Quote, Quote]:
    """Give two quotes, one of them without a stated confidence."""
    text = _either(language, "加购率达到 5% 再放量，客服扩至 26 人。",
                   "Scale only when the add-to-cart rate reaches 5%; 26 agents.")  # fmt: skip
    title = _either(language, "先测后放的投流方法", "Small tests before scaling")
    section = _either(language, "放量条件", "When to scale")
    first = Quote("playbooks/test-then-scale", title, section, 10, 10 + len(text), text, "B")
    other = _either(language, "首响时间应在 3 分钟以内。", "The first reply takes 3 minutes.")
    rules = _either(language, "商家体验分规则", "Store experience score")
    return first, Quote("rules/store-score", rules, rules, 0, len(other), other)


def plan_sheet(language: Language) -> Sheet:
    """Enter the numbers of a small plan: budget matrix, funnel, staffing, profit."""
    first, second = quotes(language)
    sheet = Sheet()

    def named(zh: str, en: str) -> str:
        return _either(language, zh, en)

    sheet.given("brief.budget", 500000, "yuan", named("推广预算", "Promotion budget"))
    sheet.given("brief.target", 3000000, "yuan", named("GMV 目标", "GMV target"))
    sheet.given("brief.order_value", 128.5, "yuan", named("客单价", "Order value"))
    label = named("加购率", "Add-to-cart rate")
    sheet.enter(cited("assume.add_to_cart", 5, "percent", label, first))
    sheet.enter(cited("assume.reply", 3, "minutes", named("首响时间", "First reply"), second))
    label = named("直播间转化率", "Room conversion")
    sheet.enter(Value("assume.conversion", 2.4, "percent", "assumed", label, HOSTILE,
                      editable=True, low=1.5, high=3.5))  # fmt: skip
    for n, share in enumerate((40, 30, 20, 10)):
        label = named("占比", "share")
        sheet.enter(Value(f"share.{n}", share, "percent", "assumed",
                          f"{QUADRANTS[language][n]} {label}", editable=True))  # fmt: skip
        sheet.enter(Value(f"phase.{n}", (25, 20, 45, 10)[n], "percent", "assumed",
                          f"{PHASES[language][n]} {label}", editable=True))  # fmt: skip
    _matrix(sheet, language)
    sheet.compute("orders", "orders_for_gmv", "orders", named("需要订单数", "Orders needed"),
                  gmv_cny="brief.target", average_order_value_cny="brief.order_value")  # fmt: skip
    sheet.compute("visits", "needed_before", "entries", named("需要进房人次", "Entries needed"),
                  after="orders", rate_percent="assume.conversion")  # fmt: skip
    sheet.compute("roi", "roi", "ratio", named("目标 ROI", "Target ROI"),
                  gmv_cny="brief.target", spend_cny="brief.budget")  # fmt: skip
    sheet.compute("hidden", "unit_cost", "yuan", named("单次进房成本", "Cost per entry"),
                  spend_cny="brief.budget", count="visits")  # fmt: skip
    sheet.compute("shown", "unit_cost", "yuan", named("单均推广费", "Spend per order"),
                  spend_cny="brief.budget", count="orders")  # fmt: skip
    return sheet


def _matrix(sheet: Sheet, language: Language) -> None:
    names = [f"{q} · {p}" for q in QUADRANTS[language] for p in PHASES[language]]
    for n, name in enumerate(names):
        row, column = divmod(n, 4)
        if column == 0:
            sheet.compute(f"part.{row}", "share_of", "yuan", QUADRANTS[language][row],
                          whole="brief.budget", percent=f"share.{row}")  # fmt: skip
        sheet.compute(f"cell.{row}.{column}", "share_of", "yuan", name,
                      whole=f"part.{row}", percent=f"phase.{column}")  # fmt: skip
    for column in range(4):
        parts = tuple(f"cell.{row}.{column}" for row in range(4))
        sheet.compute(f"sum.{column}", "total", "yuan", PHASES[language][column], terms=parts)
    sheet.compute("sum", "total", "yuan", _either(language, "合计", "Total"),
                  terms=tuple(f"sum.{column}" for column in range(4)))  # fmt: skip


def plan_report(language: Language, hostile: bool = False) -> Report:
    """Build a plan with every kind of block; `hostile` puts markup and controls everywhere."""
    sheet = plan_sheet(language)
    sections = (
        _targets(sheet, language), _allocation(sheet, language), _dates(language),
        _assumed(sheet, language),
    )  # fmt: skip
    title = _either(language, "云杉女装 618 大促营销方案", "Yunshan Womenswear: 618 Campaign Plan")
    alert = _either(language, "保本检查没有通过：目标 ROI 6 低于保本 ROI，请先调整预算或毛利。",
                    "Break-even check failed: the target ROI of 6 is too low.")  # fmt: skip
    report = Report(
        "plan-1", "plan", title, _either(language, "抖音电商 · 2026 年 5 月 20 日至 6 月 25 日",
                                         "Douyin e-commerce · 20 May to 25 June 2026"),
        language, "2026-05-01", sections, dict(sheet.values),
        (Paragraph(alert, ("roi",), (quotes(language)[0],), "warning"),),
    )  # fmt: skip
    return _poisoned(report) if hostile else report


def _targets(sheet: Sheet, language: Language) -> Section:
    first, second = quotes(language)
    orders = "23,347"
    zh = f"目标成交 300 万元，需要 2.33 万单（即 {orders} 单），加购率达到 5% 再放量。"
    en = f"A GMV of ¥3,000,000 takes {orders} orders; scale when the add-to-cart rate reaches 5%."
    lead = Paragraph(_either(language, zh, en),
                     ("brief.target", "orders", "assume.add_to_cart"),
                     (first,), "lead")  # fmt: skip
    rows = tuple(
        Row((sheet[name].label, sheet[name], sheet[name].note), quotes=quotes_)
        for name, quotes_ in (("brief.target", ()), ("orders", ()), ("visits", ()),
                              ("assume.add_to_cart", ()), ("shown", ()), ("roi", (second,)))
    )  # fmt: skip
    steps = tuple(
        Paragraph(text, (), (second,) if n == 1 else ())
        for n, text in enumerate((
            _either(language, "先核对商品和主播是否就位。", "Check goods and hosts first."),
            _either(language, "首响时间守住 3 分钟。", "Keep the first reply within 3 minutes."),
            _either(language, "每天复盘，按止损线调整。", "Review daily and stop what fails."),
        ))
    )  # fmt: skip
    columns = (_either(language, "指标", "Measure"), _either(language, "数值", "Value"),
               _either(language, "说明", "Note"))  # fmt: skip
    return Section("targets", _either(language, "目标拆解", "Target decomposition"), (
        lead,
        Paragraph(_either(language, "数据不足时按保守档执行。", "Work by the cautious case."),
                  tone="hint"),
        Table("funnel", _either(language, "从成交额倒推流量", "Traffic needed for the target"),
              columns, rows),
        Bullets(steps, ordered=True),
        Bullets(steps[:2]),
    ))  # fmt: skip


def _allocation(sheet: Sheet, language: Language) -> Section:
    columns = (_either(language, "象限", "Quadrant"), *PHASES[language],
               _either(language, "合计", "Total"))  # fmt: skip
    rows = tuple(
        Row((name, *(sheet[f"cell.{row}.{c}"] for c in range(4)), sheet[f"part.{row}"]))
        for row, name in enumerate(QUADRANTS[language])
    )
    last = Row((columns[-1], *(sheet[f"sum.{c}"] for c in range(4)), sheet["sum"]), "total")
    series = tuple(
        Series(name, tuple(f"cell.{row}.{c}" for c in range(4)))
        for row, name in enumerate(QUADRANTS[language])
    )
    return Section("allocation", _either(language, "预算分配", "Budget allocation"), (
        Paragraph(_either(language, "日常靠自营与达人，节点靠活动与大V。",
                          "Field and Alliance carry the everyday, the others the peaks.")),
        Table("matrix", _either(language, "预算按象限和阶段", "Budget by quadrant and phase"),
              columns, (*rows, last), "matrix",
              _either(language, "单位：元。", "Amounts in yuan.")),
        Chart("by-phase", _either(language, "各阶段预算", "Budget by phase"), "column",
              PHASES[language], series, "yuan"),
        Chart("trend", _either(language, "预算走势", "Budget over time"), "line",
              PHASES[language], series[:2], "yuan"),
        Chart("ranking", _either(language, "象限预算", "Budget by quadrant"), "bar",
              QUADRANTS[language],
              (Series(columns[-1], tuple(f"part.{row}" for row in range(4))),), "yuan"),
    ))  # fmt: skip


def _dates(language: Language) -> Section:
    phases = PHASES[language]
    owner = _either(language, "运营", "Operations")
    works = (
        ("2026-05-20", "2026-05-31", 0, "短视频铺量与测款", "Short videos and product tests"),
        ("2026-06-01", "2026-06-10", 1, "达人种草与直播预约", "Creator seeding and reservations"),
        ("2026-06-05", "2026-06-05", 1, "客服培训完成", "Agents trained"),
        ("2026-06-11", "2026-06-20", 2, "大促爆发", "Peak sales"),
        ("2026-06-18", "2026-06-18", 2, "头部大V专场", "Top KOL session"),
        ("2026-06-21", "2026-06-25", 3, "返场与复盘", "Return and review"),
    )
    spans = tuple(
        Span(f"w{n}", phases[phase], _either(language, zh, en), start, end, owner,
             _either(language, "交付清单、数据日报", "Check list, daily figures"))
        for n, (start, end, phase, zh, en) in enumerate(works)
    )  # fmt: skip
    title = _either(language, "时间表", "Timeline")
    return Section("timeline", title, (Timeline("work", title, spans),))


def _assumed(sheet: Sheet, language: Language) -> Section:
    columns = (_either(language, "项目", "Item"), _either(language, "数值", "Value"))
    rows = tuple(Row((v.label, v)) for v in sheet.values.values() if v.basis == "assumed")
    title = _either(language, "资料与假设", "Sources and assumptions")
    return Section("assumptions", title, (Table("assumed", title, columns, rows),))


def assessment_report(language: Language) -> Report:
    """Build an assessment with a radar of scores against the goal."""
    names = (
        ("自营直播", "达人合作", "活动营销", "头部合作", "货品供应", "内容", "客服物流", "团队")
        if language == "zh"
        else ("Field", "Alliance", "Campaign", "Top KOL", "Goods", "Content", "Service", "Team")
    )
    sheet = Sheet()
    for n, name in enumerate(names):
        sheet.enter(Value(f"score.{n}", 35 + 7 * n, "score", "given", name))
        sheet.enter(Value(f"goal.{n}", 60 + 2 * n, "score", "assumed", name, editable=True))
    sheet.compute("overall", "average", "score", _either(language, "总分", "Overall"),
                  terms=tuple(f"score.{n}" for n in range(len(names))))  # fmt: skip
    series = tuple(
        Series(title, tuple(f"{name}.{n}" for n in range(len(names))))
        for title, name in ((_either(language, "现状", "Today"), "score"),
                            (_either(language, "目标", "Goal"), "goal"))
    )  # fmt: skip
    rows = tuple(
        Row((name, sheet[f"score.{n}"], sheet[f"goal.{n}"]), "warning" if n < 2 else "good")
        for n, name in enumerate(names)
    )
    columns = tuple(_either(language, zh, en) for zh, en in
                    (("维度", "Dimension"), ("现状", "Today"), ("目标", "Goal")))  # fmt: skip
    title = _either(language, "各维度得分", "Scores by dimension")
    first, second = quotes(language)
    text = _either(language, "客服是最先要补的一项。", "Customer service comes first.")
    section = Section("scores", title, (
        Paragraph(text, (), (first, second), "warning"),
        Chart("radar", title, "radar", names, series),
        Table("scores", title, columns, (*rows,)),
        Paragraph(text, tone="good"),
    ))  # fmt: skip
    return Report("assessment-1", "assessment",
                  _either(language, "云杉女装 自评报告", "Yunshan Womenswear: Readiness"),
                  _either(language, "抖音电商", "Douyin e-commerce"), language, "2026-05-01",
                  (section,), dict(sheet.values))  # fmt: skip


def _poisoned(report: Report) -> Report:
    """Put hostile text into title, sections, cells, spans and quotes."""
    quote = replace(quotes(report.language)[0], text=HOSTILE, title=HOSTILE, section=HOSTILE)
    bad = Section("bad", HOSTILE * 3, (
        Paragraph(HOSTILE, ("nothing",), (quote,)),
        Bullets((Paragraph(HOSTILE),)),
        Table("bad", HOSTILE, ("=1+1", "@x", "-3"),
              (Row((HOSTILE, "+cmd|' /C calc'!A0", "长" * 40_000), quotes=(quote,)),
               Row(("short",))), note=HOSTILE),
        Table("empty", "", (), ()),
        Chart("bad", HOSTILE, "line", (HOSTILE, "b"), (Series(HOSTILE, ("orders", "none")),)),
        Timeline("bad", HOSTILE, (
            Span("x", HOSTILE, HOSTILE, "2026-01-01", "2026-12-31", HOSTILE, HOSTILE),)),
        Timeline("none", "", ()),
    ))  # fmt: skip
    twin = replace(bad, id="twin")
    return replace(report, title=HOSTILE, subtitle=HOSTILE,
                   sections=(*report.sections, bad, twin))  # fmt: skip
