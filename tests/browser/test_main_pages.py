"""The portal's main pages in a browser: live without a jump, on a phone, in the dark, by keyboard, without script."""

import re
from typing import Any, Final

import pytest
from playwright.sync_api import Page, expect

from emulators.demo.portal.people import PEOPLE, ExamplePerson
from tests.browser.conftest import Axe, NewPage, SignedIn

PHONE: Final = {"width": 360, "height": 740}
#: Adds up how far things jump, and counts what changes, from the first moment of a page.
WATCH: Final = """
window.jumped = 0; window.changes = 0;
new PerformanceObserver(list => {
  for (const one of list.getEntries()) if (!one.hadRecentInput) window.jumped += one.value;
}).observe({type: "layout-shift", buffered: true});
addEventListener("DOMContentLoaded", () => {
  for (const one of document.querySelectorAll("[data-live]"))
    new MutationObserver(seen => { window.changes += seen.length; })
      .observe(one, {subtree: true, childList: true, characterData: true, attributes: true});
});
"""
PAGES: Final = ("/", "/campaigns", "/estate", "/homes")


def _campaign(page: Page) -> str:
    """Go to the campaign under way; gives its path."""
    page.goto("/")
    page.locator("#live_campaigns h3 a").first.click()
    expect(page.get_by_role("heading", name="Phases")).to_be_visible()
    return page.url


def _home(page: Page) -> str:
    page.goto("/homes")
    page.locator("tbody a").first.click()
    expect(page.get_by_role("heading", name="Devices")).to_be_visible()
    return page.url


def _all_pages(page: Page) -> list[str]:
    campaign, home = _campaign(page), _home(page)
    return [*PAGES, campaign, f"{campaign}/homes", f"{campaign}/gates", home]


def _wide_by(page: Page) -> int:
    found: int = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, {"width": 1400, "height": 900}], ids=["phone", "wide"])
def test_every_page_fits_and_keeps_nobody_out(
    new_page: NewPage, signed_in: SignedIn, axe: Axe, size: dict[str, int], scheme: str
) -> None:
    page = signed_in(new_page(viewport=size, color_scheme=scheme, bypass_csp=True), "olive")
    for path in _all_pages(page):
        page.goto(path)
        assert _wide_by(page) <= 0, path
        axe(page)


@pytest.mark.parametrize("one", PEOPLE, ids=lambda one: one.part)
def test_all_that_the_menu_of_a_role_has_fits_a_phone_and_keeps_nobody_out(
    new_page: NewPage, signed_in: SignedIn, axe: Axe, one: ExamplePerson
) -> None:
    page = signed_in(new_page(viewport=PHONE, bypass_csp=True), one.person)
    paths = page.locator("#menu li a").evaluate_all("all => all.map(one => one.pathname)")
    assert len(paths) > 4
    for path in paths:
        page.goto(path)
        expect(page.locator("main h1")).to_be_visible()
        assert _wide_by(page) <= 0, path
        axe(page)


def test_a_page_changes_while_it_is_looked_at_and_nothing_jumps(
    new_page: NewPage, signed_in: SignedIn, axe: Axe
) -> None:
    page = new_page(bypass_csp=True)
    page.add_init_script(WATCH)
    signed_in(page, "olive")
    _campaign(page)
    expect(page.locator("#live-state")).to_have_text("Live")
    page.get_by_text("The same as numbers").click()
    page.locator("main a").first.focus()
    focused = "document.activeElement.getAttribute('href')"
    before = page.evaluate(focused)
    page.evaluate("window.jumped = 0; scrollTo(0, 300)")
    page.wait_for_function("window.changes > 0", timeout=0)
    page.wait_for_timeout(500)  # a jump would be noted with the next frames
    assert page.evaluate("window.jumped") < 0.01
    assert page.evaluate("scrollY") == 300
    assert page.evaluate(focused) == before
    assert page.locator("details[open]").count() == 1
    axe(page)


def test_a_page_is_whole_without_a_script(new_page: NewPage, signed_in: SignedIn) -> None:
    page = signed_in(new_page(java_script_enabled=False), "olive")
    page.goto("/")
    expect(page.locator("#live-state")).to_have_text("Reload for what is new")
    page.locator("#live_campaigns h3 a").first.click()
    expect(page.get_by_role("heading", name="Phases")).to_be_visible()
    page.locator("#live_phases a.n").first.click()
    expect(page.locator("main h1")).to_contain_text("Homes of")
    page.get_by_label("Stands").select_option("planned")
    page.get_by_role("button", name="Show").click()
    expect(page).to_have_url(re.compile("state=planned"))


def test_everything_is_reached_by_keyboard(new_page: NewPage, signed_in: SignedIn) -> None:
    page = signed_in(new_page(), "olive")
    page.goto("/campaigns")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to what this page is about")
    assert _outline(page) >= 2
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    wanted = page.locator("main tbody a").first
    for _ in range(40):
        page.keyboard.press("Tab")
        assert _outline(page) >= 2
        if wanted.evaluate("one => one === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Phases")).to_be_visible()


def _outline(page: Page) -> float:
    """How thick the ring around whatever has the focus is, in pixels."""
    found: float = page.evaluate(
        "parseFloat(getComputedStyle(document.activeElement).outlineWidth) || 0"
    )
    return found


def test_on_a_phone_the_menu_opens_and_closes(new_page: NewPage, signed_in: SignedIn) -> None:
    page = signed_in(new_page(viewport=PHONE), "olive")
    menu = page.get_by_role("navigation", name="Pages")
    expect(menu).to_be_hidden()
    page.get_by_role("link", name="Menu", exact=True).click()
    expect(menu).to_be_visible()
    page.get_by_role("link", name="Close the menu").click()
    expect(menu).to_be_hidden()


def test_times_are_those_of_the_viewer_and_utc_for_whoever_points(
    page: Page, signed_in: SignedIn
) -> None:
    signed_in(page, "olive")
    _campaign(page)
    moment = page.locator("time").first
    assert (moment.get_attribute("title") or "").endswith("UTC")
    assert (moment.get_attribute("datetime") or "").endswith("Z")


def test_what_is_small_can_still_be_hit(new_page: NewPage, signed_in: SignedIn) -> None:
    page = signed_in(new_page(viewport=PHONE), "olive")
    _campaign(page)
    sizes: list[Any] = page.evaluate(
        """[...document.querySelectorAll("main a, main button, summary")]
           .filter(one => !one.closest("p"))  // what stands in a sentence is as high as its line
           .map(one => {
             const box = one.getBoundingClientRect();
             return [one.textContent.trim(), Math.round(box.height)];
           }).filter(([, height]) => height > 0 && height < 24)"""
    )
    assert sizes == []
