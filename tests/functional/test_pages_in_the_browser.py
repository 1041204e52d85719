"""Pages as people use them, in Debian's Chromium, from a server in a process of its own."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

import fixtures_case_states
from browser import DESKTOP, PHONE, chromium
from builders import credit_code
from fixtures_case_states import NOON, PASSWORD
from identity_provider import run_provider
from live_server import log_in, run_server

RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
}
# All that dark changes
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
COVERED = """() => [...document.querySelectorAll("svg text.label")].filter(text => {
    const one = text.getBoundingClientRect()
    return [...text.ownerSVGElement.querySelectorAll("rect")].some(rect => {
        const other = rect.getBoundingClientRect()
        return one.left < other.right && other.left < one.right && one.top + 4 < other.bottom && other.top < one.bottom - 4
    })
}).map(text => text.textContent)"""  # labels of pictures that lie on or under a bar
REFUSED = "refused "  # before an address: the page after its form was sent as it is
STATUS = {"/nothing": 404, "/work?as=enterprise": 403}
CODES = {number: credit_code(100 + number) for number in range(1, 10)}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`fixtures_case_states`, served at noon of its day, with the platform's log-in at another address."""
    state = dict(fixtures_case_states.prepare_state(tmp_path_factory.mktemp("scene")))
    with run_provider() as app:
        state["QUALWATCH_KEYS"] = json.dumps(
            json.loads(os.environ["QUALWATCH_KEYS"]) | {"openid_connect": [app]}
        )
        with run_server(state, NOON) as url:
            yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as chromium_browser:
        yield chromium_browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A window without scripts: everything works without them."""
    window = browser.new_context(viewport=DESKTOP, java_script_enabled=False, locale="zh-CN")
    yield window.new_page()
    window.close()


def inside(browser: Browser, address: str, name: str) -> Page:
    """The window of somebody who has logged in; without scripts."""
    window = browser.new_context(viewport=DESKTOP, java_script_enabled=False, locale="zh-CN")
    page = window.new_page()
    log_in(page, address, name, PASSWORD)
    return page


def test_a_citizen_finds_a_red_card_and_its_reason(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_label("企业名称（可以只写一部分）或统一社会信用代码").fill("第3装饰")
    page.get_by_role("button", name="查询").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("第3装饰公司")
    expect(page.locator(".answer")).to_contain_text("红牌预警")
    page.get_by_role("link", name="的原因和期限").click()
    expect(page.locator("main")).to_contain_text("应有 3 / 现有 2")
    expect(page.get_by_role("img", name="注册建造师：应有 3，现有 2")).to_be_visible()
    expect(page.locator("main")).to_contain_text("2026年7月21日")
    page.get_by_role("link", name="建筑装修装饰工程专业承包").click()
    expect(page.locator("main")).to_contain_text("至少 3 人")


def test_a_citizen_objects_to_a_display(page: Page, address: str, tmp_path: Path) -> None:
    page.goto(address + "/announcements?kind=display")
    page.locator("main h2 a").first.click()
    page.get_by_role("link", name="提出异议").click()
    page.get_by_label("异议和理由").fill("据我所知人员齐全")
    page.get_by_label("姓名或单位").fill("某人")
    page.get_by_label("电话、邮箱或地址，用于答复").fill("13900000000")
    page.get_by_role("button", name="提交异议").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("已收到你的异议")


def test_an_enterprise_logs_in_sees_its_yellow_card_and_answers_it(
    browser: Browser, address: str, tmp_path: Path
) -> None:
    from actors import picture

    scan = tmp_path / "身份证.png"
    scan.write_bytes(picture())
    page = inside(browser, address, f"e-{CODES[7]}")
    expect(page.locator("main")).to_contain_text("◆ 黄牌")
    page.get_by_role("button", name="打开并确认收到").first.click()
    expect(page.locator("main")).to_contain_text("缺 1 人")
    page.get_by_role("link", name="本企业").first.click()
    page.get_by_role("link", name="看原因，整改或申请").click()
    page.get_by_role("link", name="提出申请").click()
    page.get_by_label("信息无误，但认为核查结论不对").check()
    page.get_by_label("理由", exact=True).fill("还有一名建造师在册")
    page.get_by_role("button", name="提交申请").click()
    expect(page.get_by_role("alert")).to_contain_text("请上传身份证明，或写明为何没有")
    expect(page.get_by_label("理由", exact=True)).to_have_value("还有一名建造师在册")
    page.get_by_label("身份证明", exact=True).set_input_files(scan)
    for reason in page.locator("input[name^=reason]").all()[1:]:
        reason.fill("见身份证明")
    page.get_by_role("button", name="提交申请").click()
    expect(page.get_by_role("status")).to_contain_text("已收到你的申请，编号")
    expect(page.locator("main")).to_contain_text("已有一份申请在办")


def test_an_officer_proposes_and_a_reviewer_signs(
    browser: Browser, address: str, page: Page, tmp_path: Path
) -> None:
    from actors import picture

    sheet = tmp_path / "核查表.png"
    sheet.write_bytes(picture())
    officer = inside(browser, address, "city-officer")
    officer.get_by_role("listitem").filter(has_text="第9装饰公司").get_by_role(
        "link", name="核查是否认定"
    ).click()
    expect(officer.locator("main")).to_contain_text("告知有凭证")
    officer.get_by_label("认定为资质不达标").check()
    officer.get_by_label("理由").fill("期满后核查仍缺一名建造师")
    officer.get_by_label("证据文件（可以选多件）").set_input_files(sheet)
    officer.get_by_label("我已阅读后果，并对所写的事实负责").check()
    officer.get_by_role("button", name="提出认定").click()
    expect(officer.get_by_role("status")).to_contain_text("等另一人审核签批")
    reviewer = inside(browser, address, "city-reviewer")
    reviewer.get_by_role("listitem").filter(has_text="第9装饰公司").get_by_role(
        "link", name="审核签批"
    ).click()
    expect(reviewer.locator("main")).to_contain_text("期满后核查仍缺一名建造师")
    expect(reviewer.locator(".consequence")).to_contain_text("立即向社会公布红牌")
    reviewer.get_by_label("我已阅读后果").check()
    reviewer.get_by_role("button", name="签批").click()
    expect(reviewer.get_by_role("alert")).to_contain_text("请先打开证据再签批：核查表.png")
    with reviewer.expect_download() as opened:
        reviewer.get_by_role("link", name="核查表.png", exact=True).click()
    assert opened.value.suggested_filename == "核查表.png"
    reviewer.get_by_label("我已阅读后果").check()
    reviewer.get_by_role("button", name="签批").click()
    expect(reviewer.get_by_role("status")).to_contain_text("已签批，立即生效")
    expect(reviewer.locator("main .lead")).to_contain_text("■ 红牌")
    page.goto(address + f"/enterprises/{CODES[9]}")
    expect(page.locator(".answer")).to_contain_text("红牌预警")


def test_the_platforms_log_in_is_reached_from_the_log_in_page(page: Page, address: str) -> None:
    """Our pages send forms nowhere but here and to the platform: a browser holds us to that."""
    page.goto(address + "/me")
    page.get_by_role("link", name="用平台登录").click()
    page.get_by_role("button", name="继续").click()
    page.wait_for_url("**/authorize?**")
    assert not page.url.startswith(address)


def test_the_keyboard_reaches_the_content_first(browser: Browser, address: str) -> None:
    window = browser.new_context(viewport=DESKTOP)
    page = window.new_page()
    page.goto(address + "/red-cards")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator("#q")).to_be_focused()
    window.close()


def test_a_page_prints_without_its_menu(browser: Browser, address: str) -> None:
    page = browser.new_page()
    page.goto(address + f"/enterprises/{CODES[3]}")
    page.emulate_media(media="print")
    expect(page.locator(".menu")).to_be_hidden()
    expect(page.locator(".answer")).to_be_visible()
    page.close()


# Every page: nothing that keeps people out, and no sideways scroll.
def links(page: Page, part: str) -> str:
    """The first link of the page whose address has this part."""
    return str(page.locator(f"main a[href*='{part}']").first.get_attribute("href"))


def public_pages(page: Page, address: str) -> list[str]:
    page.goto(address + "/red-cards?state=open")
    card = links(page, "/red-cards/")
    page.goto(address + "/announcements?kind=display")
    display = links(page, "/announcements/")
    return [
        "/",
        "/?q=装饰",
        "/?q=没有",
        f"/enterprises/{CODES[3]}",
        f"/enterprises/{CODES[1]}?on=2026-05-20",
        "/red-cards",
        card,
        "/announcements",
        display,
        display.replace("announcements", "objections"),
        display.replace("announcements", "objections/received"),
        "/accounts/oidc/platform/login/",
        "/statistics",
        "/standards",
        "/standards/general-building",
        "/how-it-works",
        "/freshness",
        "/keys",
        "/nothing",
        "/accounts/login/",
        REFUSED + "/accounts/login/",
        "/language/en?next=/statistics",
        card,
    ]


def enterprise_pages(page: Page, address: str) -> list[str]:
    page.goto(address + "/own")
    case = links(page, "/own/cases/")
    notice = str(page.locator("form[action*='/open']").first.get_attribute("action")).removesuffix(
        "/open"
    )
    page.goto(address + notice)
    page.locator("main button").click()  # opened
    return [
        "/own",
        notice,
        "/work?as=enterprise",
        case,
        f"{case}/answer",
        REFUSED + f"{case}/answer",
        "/own/data-error",
        "/accounts/2fa/",
        "/accounts/2fa/totp/activate/",
        "/accounts/password/change/",
        "/accounts/logout/",
        f"/language/en?next={case}",
    ]


def staff_pages(page: Page, address: str) -> list[str]:
    page.goto(address + "/work")
    decide, application = links(page, "/decide"), links(page, "/application")
    page.goto(address + "/cases?q=第8")
    case = links(page, "/cases/")
    page.goto(address + application)
    return [
        "/work",
        "/cases",
        case,
        f"{case}/documents",
        f"{case}/history",
        f"{case}/determine",
        decide,
        REFUSED + f"{case}/determine",
        page.url.removeprefix(address),
    ]


def province_pages(page: Page, address: str) -> list[str]:
    """An application on its way: verified by an officer whose page this is."""
    browser = page.context.browser
    assert browser is not None
    city = inside(browser, address, "city-reviewer")
    city.goto(address + "/work")
    city.goto(address + links(city, "/application"))
    agreed = city.get_by_role("button", name="同意，报省厅核实")
    city.get_by_label("审查意见").fill("材料齐全")
    agreed.click()
    path = city.url.removeprefix(address)
    page.goto(address + "/cases?q=第9")
    case = links(page, "/cases/")
    return [
        "/work",
        path,
        REFUSED + path,
        case,
        f"{case}/determine",
        REFUSED + f"{case}/determine",
        f"/language/en?next={path}",
    ]


@pytest.mark.parametrize(
    ("who", "find"),
    [
        ("", public_pages),
        (f"e-{CODES[6]}", enterprise_pages),
        ("city-reviewer", staff_pages),
        ("second-officer", province_pages),
    ],
)
def test_every_page_passes_the_accessibility_check(
    browser: Browser, address: str, who: str, find: Any
) -> None:
    window = browser.new_context(viewport=DESKTOP, locale="zh-CN")
    page = window.new_page()
    if who:
        log_in(page, address, who, PASSWORD)
    faults = []
    for path in find(page, address):
        answer = page.goto(address + path.removeprefix(REFUSED))
        assert answer is not None
        assert answer.status == STATUS.get(path, 200), path
        if path.startswith(REFUSED):
            page.evaluate("document.querySelectorAll('form').forEach(one => one.noValidate = true)")
            page.locator("main form[method=post] button").last.click()
            expect(page.get_by_role("alert").or_(page.locator(".invalid")).first).to_be_visible()
        if page.url.endswith("/accounts/reauthenticate/?next=/accounts/2fa/totp/activate/"):
            page.locator("input[name=password]").fill(PASSWORD)
            page.locator("main button").first.click()
            page.wait_for_load_state()
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        for screen in (DESKTOP, PHONE):
            page.set_viewport_size(screen)
            wide = page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            faults += [
                f"{path} {screen['width']}: {text} is covered" for text in page.evaluate(COVERED)
            ]
            if wide > 0:
                faults.append(f"{path} is {wide} px too wide for {screen['width']}")
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                violations = (
                    Axe()
                    .run(page, options=RULES if scheme == "light" else COLOURS)
                    .response["violations"]
                )
                faults += [
                    f"{path} {screen['width']} {scheme}: {violation['id']}: "
                    f"{violation['nodes'][0]['html'][:160]}"
                    for violation in violations
                ]
    assert faults == []
    window.close()
