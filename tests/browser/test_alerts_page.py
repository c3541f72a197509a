"""`/alerts`: rules are written, previewed, changed, muted and deleted, and seen to fire."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from actors.market.alerts.rules import FIELDS

from .conftest import Screen
from .staged_hub import StagedHub

pytestmark = pytest.mark.browser

RULES = "/api/v1/alerts"
# A browser that has never been asked, and remembers what it was asked and told.
NOTIFICATION = """
window.asked = 0; window.shown = [];
window.Notification = class {
  static permission = "default";
  static async requestPermission() { window.asked += 1; return (this.permission = "granted"); }
  constructor(title, options) { window.shown.push([title, options.body]); }
};
"""
# Answers are held back, and which have come is remembered.
UNHEARD = """() => {
  const usual = window.fetch, heard = new Promise((hear) => { window.hear = hear; });
  window.answered = [];
  window.fetch = async (path, options) => {
    const answer = await usual(path, options);
    window.answered.push(options?.method ?? "GET");
    await heard;
    return answer;
  };
}"""


@pytest.fixture(scope="module")
def shared(browser: Browser) -> Iterator[Screen]:
    """One page for the whole module."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.add_init_script(NOTIFICATION)
    screen = Screen(context.new_page())
    screen.listen()
    yield screen
    context.close()


def open_page(shared: Screen, hub: StagedHub, query: str = "") -> Page:
    shared.said.clear()
    shared.page.goto(f"{hub.url}/alerts{query}")
    expect(shared.page.locator('[data-rule="trades-in-trouble"]')).to_be_visible()
    return shared.page


def line(page: Page, rule: str) -> Locator:
    return page.locator(f'[data-rule="{rule}"]')


def part(page: Page, name: str) -> Locator:
    """A part of the form, with what is said about it."""
    return page.locator(f'[data-part="{name}"]')


@contextmanager
def rule(page: Page, hub: StagedHub, name: str, **more: object) -> Iterator[None]:
    """A rule that is gone afterwards."""
    told = {"name": name, "keys": ["bybit:linear:*"], "when": {"kind": "above", "value": 0}, **more}
    answer = page.request.post(hub.url + RULES, data=told)
    assert answer.status == 201, answer.text()
    try:
        yield
    finally:
        page.goto("about:blank")  # else it asks for what is not there any more
        page.request.delete(f"{hub.url}{RULES}/{name}", data={})


@contextmanager
def unheard(page: Page) -> Iterator[None]:
    """Meanwhile the hub does as it is told, but the page hears its answers only afterwards."""
    page.evaluate(UNHEARD)
    try:
        yield
    finally:
        page.evaluate("() => window.hear()")


def test_a_rule_is_written_with_the_hubs_help_and_fires(shared: Screen, staged_hub: StagedHub) -> None:
    page = open_page(shared, staged_hub)
    expect(page.get_by_role("button", name="New rule")).to_be_visible()  # so that we may
    page.keyboard.press("n")
    expect(page.get_by_label("Name")).to_be_focused()
    page.keyboard.type("btc up")
    save = page.get_by_role("button", name="Save the rule")
    save.click()
    expect(part(page, "name")).to_contain_text("xpected")
    expect(page.get_by_label("Name")).to_be_focused()
    page.get_by_label("Name").fill("btc-up")
    save.click()
    expect(part(page, "keys")).to_contain_text("xpected")
    page.get_by_role("textbox", name="Keys").fill("bybit:linear:BTCUSDT, bybit:linear:ETHUSDT")
    page.get_by_label("Value").fill("much")
    save.click()
    expect(part(page, "value")).to_contain_text(re.compile("much.*xpected.*float"))
    page.get_by_label("Value").fill("0.5")
    page.get_by_role("button", name="Preview the last 24 h").click()
    expect(page.get_by_role("region", name="Preview")).to_contain_text(
        re.compile(r"would have fired .* in the last 24 h.*2 instruments were looked at")
    )
    page.get_by_label("Name").press("Enter")
    try:
        expect(line(page, "btc-up")).to_have_attribute("data-state", "firing")
        detail = page.locator("#rule-detail")
        expect(detail.locator("[data-subject]")).to_have_count(2)
        link = detail.get_by_role("link", name="bybit:linear:BTCUSDT")
        expect(link).to_have_attribute("href", "/terminal/bybit:linear:BTCUSDT")
        happened = page.locator(".alerts-happened [data-alert]")
        expect(happened.filter(has_text="price is")).to_have_count(2)
        expect(page).to_have_url(re.compile(r"/alerts\?at=btc-up$"))
        page.reload()
        expect(page.locator("#rule-detail")).to_contain_text("price > 0.5")
    finally:
        page.goto("about:blank")
        page.request.delete(f"{staged_hub.url}{RULES}/btc-up", data={})
    assert [said for said in shared.said if "status of 400" not in said] == []


def test_a_rule_is_changed_muted_and_deleted_and_comes_back(shared: Screen, staged_hub: StagedHub) -> None:
    page = open_page(shared, staged_hub)
    with rule(page, staged_hub, "mine", severity="critical"):
        page.reload()
        line(page, "mine").get_by_role("button").press("Enter")
        detail = page.locator("#rule-detail")
        detail.get_by_role("button", name="1 h").click()
        expect(line(page, "mine")).to_contain_text("muted")
        detail.get_by_role("button", name="Unmute").click()
        expect(line(page, "mine")).not_to_contain_text("muted")
        detail.get_by_role("button", name="Disable").click()
        expect(line(page, "mine")).to_have_attribute("data-state", "disabled")
        with unheard(page):
            detail.get_by_role("button", name="Enable").click()
            page.wait_for_function("() => window.answered.includes('PATCH')")
            detail.get_by_role("button", name="Edit").click()
        expect(page.get_by_label("Name")).not_to_be_editable()
        page.get_by_label("Value").fill("1b")
        page.get_by_label("Only at some hours").check()
        page.get_by_label("Until").fill("22")
        page.get_by_role("button", name="Save the change").click()
        expect(detail).to_contain_text("price > 1,000,000,000")
        expect(detail).to_contain_text("every day, 00–22 h UTC")
        expect(line(page, "mine")).to_have_attribute("data-state", "idle")
        detail.get_by_role("button", name="Delete").click()
        expect(line(page, "mine")).to_have_count(0)
        page.get_by_role("button", name="Undo").click()
        expect(line(page, "mine")).to_contain_text("critical")
        page.keyboard.press("Escape")
        expect(detail).to_have_count(0)
    assert shared.said == []


def test_a_rule_of_the_settings_is_read_only_and_can_be_copied(shared: Screen, staged_hub: StagedHub) -> None:
    page = open_page(shared, staged_hub, "?at=trades-in-trouble")
    detail = page.locator("#rule-detail")
    expect(detail).to_contain_text("in [alert:trades-in-trouble], and is changed there")
    buttons = detail.get_by_role("group").get_by_role("button")
    expect(buttons).to_have_text(["1 h", "8 h", "1 d", "Copy"])
    buttons.last.click()
    expect(page.get_by_role("textbox", name="Keys")).to_have_value("bybit:linear:*")
    expect(page.get_by_label("Channel")).to_have_value("trades")
    expect(page.get_by_label("gapped")).to_be_checked()
    page.get_by_label("Fires when it").select_option("above")
    offered = page.locator('[data-part="field"] option').evaluate_all("all => all.map((each) => each.value)")
    assert set(offered) <= set(FIELDS), "what the page suggests, the hub knows"
    assert shared.said == []


def test_what_cannot_be_trusted_is_told_as_stale(shared: Screen, staged_hub: StagedHub) -> None:
    page = open_page(shared, staged_hub)
    with rule(page, staged_hub, "far", when={"kind": "above", "value": 1e12}):
        expect(line(page, "far")).to_have_attribute("data-state", "idle")
        staged_hub.fail(kind="stall", venue="bybit", market="linear")
        try:
            expect(line(page, "far")).to_have_attribute("data-state", "stale")
        finally:
            staged_hub.heal()
        expect(line(page, "far")).to_have_attribute("data-state", "idle")
        page.goto(f"{staged_hub.url}/alerts?state=idle&q=far")
        expect(page.locator("[data-rule]")).to_have_count(1)
    assert shared.said == []


def test_a_notifier_can_be_tried(shared: Screen, staged_hub: StagedHub) -> None:
    page = open_page(shared, staged_hub)
    notifier = page.locator('[data-notifier="ops"]')
    notifier.get_by_role("button", name="Send a test").click()
    expect(notifier.get_by_role("status")).to_contain_text("was not taken")
    taken: list[bytes] = []

    class Taker(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", staged_hub.told_port), Taker) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        notifier.get_by_role("button", name="Send a test").click()
        expect(notifier.get_by_role("status")).to_have_text("The test message was taken.")
        server.shutdown()
    assert taken
    assert json.loads(taken[0])["type"].startswith("alert")
    assert shared.said == []


def test_the_browser_notifies_after_a_click_and_of_what_is_new_only(
    shared: Screen, staged_hub: StagedHub
) -> None:
    page = open_page(shared, staged_hub)
    assert page.evaluate("window.asked") == 0
    page.get_by_role("button", name="Browser notifications off").click()
    expect(page.get_by_role("button", name="Browser notifications on")).to_be_visible()
    assert page.evaluate("window.asked") == 1
    page.get_by_role("link", name="Quality").click()  # another page: it notifies there as well
    with rule(page, staged_hub, "new-one", keys=["bybit:linear:BTCUSDT"]):
        page.wait_for_function("() => window.shown.some(([title]) => title.startsWith('new-one'))")
        shown = [each for each in page.evaluate("window.shown") if "trades-in-trouble" not in each[0]]
    assert len(shown) == 1, "of what was there before, nothing is told again"
    assert shown[0][0] == "new-one: fired"
    assert shown[0][1].startswith("bybit:linear:BTCUSDT: price is")
    assert shared.said == []


def test_without_the_right_to_control_it_says_how_to_get_it(shared: Screen, staged_hub: StagedHub) -> None:
    words = "Control needs `Authorization: Bearer <token>`, or a request on the hub's own machine."
    refusal = json.dumps({"title": "Unauthorized", "status": 401, "detail": words, "code": "control_refused"})

    def guard(route: Route) -> None:
        if route.request.headers.get("authorization") == "Bearer good":
            route.continue_()
        else:
            route.fulfill(status=401, body=refusal, content_type="application/problem+json")

    shared.page.route("**/api/v1/clients?limit=1", guard)
    try:
        page = open_page(shared, staged_hub, "?new=above")
        panel = page.get_by_role("region", name="Rules can be read here")
        expect(panel).to_contain_text("token create NAME --scopes read,control")
        expect(page.get_by_role("button", name=re.compile("New rule|Send a test|Save"))).to_have_count(0)
        page.get_by_label("Token").fill("bad")
        page.get_by_label("Token").press("Enter")
        expect(panel.get_by_role("alert")).to_contain_text("Control needs")
        page.get_by_label("Token").fill("good")
        page.get_by_role("button", name="Use it").click()
        expect(panel).to_have_count(0)
        expect(page.get_by_role("button", name="Save the rule")).to_be_visible()
        assert page.evaluate("JSON.stringify([localStorage, sessionStorage]).includes('good')") is False
    finally:
        shared.page.unroute("**/api/v1/clients?limit=1")
    assert [said for said in shared.said if "401" not in said] == []
