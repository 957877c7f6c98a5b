"""The days of an operator and of a supplier by keyboard alone, and the working pages on a phone and in the dark."""

from datetime import datetime, timedelta
from typing import Final

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Axe, NewPage, SignedIn

PHONE: Final = {"width": 360, "height": 740}
WIDE: Final = {"width": 1400, "height": 900}
MOST_STOPS: Final = 400  # of the tabulator on one page
WORKING: Final = (
    "/approvals",
    "/alerts",
    "/incidents",
    "/notices",
    "/releases",
    "/releases/R2",
    "/gateways",
    "/gateways-admit",
    "/lab",
    "/audit",
    "/evidence",
    "/users",
    "/account",
    "/decide",
    "/decide/stop-all",
    "/decide/propose-campaign?release=R3",
)


def tab_to(page: Page, wanted: Locator) -> None:
    """Go on with the tabulator until something has the focus."""
    expect(wanted).to_be_visible()
    handle = wanted.element_handle()
    for _ in range(MOST_STOPS):
        if page.evaluate("one => one === document.activeElement", handle):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"no stop of the tabulator leads to {wanted}")


def press(page: Page, role: str, name: str, *, exact: bool = True) -> None:
    """Reach a link or a button by the tabulator, and use it."""
    tab_to(page, page.get_by_role(role, name=name, exact=exact).first)  # type: ignore[arg-type] # a role's name
    page.keyboard.press("Enter")


def write(page: Page, label: str, text: str) -> None:
    """Reach a field by the tabulator, and write in it."""
    field = page.get_by_label(label, exact=False).first
    tab_to(page, field)
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type(text)


def wide_by(page: Page) -> int:
    """How much wider a page is than its window."""
    found: int = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, WIDE], ids=["phone", "wide"])
def test_every_working_page_fits_and_keeps_nobody_out(
    new_page: NewPage, signed_in: SignedIn, axe: Axe, size: dict[str, int], scheme: str
) -> None:
    page = signed_in(new_page(viewport=size, color_scheme=scheme, bypass_csp=True), "olive")
    for path in WORKING:
        page.goto(path)
        assert wide_by(page) <= 0, path
        axe(page)


def test_an_operator_takes_rates_and_resolves_an_incident_by_keyboard(
    new_page: NewPage, signed_in: SignedIn, axe: Axe
) -> None:
    page = signed_in(new_page(bypass_csp=True), "olive")
    page.goto("/approvals")
    press(page, "link", "Take incident")
    expect(page.get_by_label("Owner")).to_have_value("olive")
    press(page, "button", "Decide")
    expect(page.locator("p.note").filter(has_text="olive looks into")).to_be_visible()
    page.goto("/incidents")
    press(page, "link", "campaign-R2-incident-1")
    press(page, "link", "Rate incident")
    write(page, "Category", "5")
    write(page, "Reason", "one display in a cellar")
    press(page, "button", "Decide")
    expect(page.get_by_text("category 5").first).to_be_visible()
    press(page, "link", "Resolve incident")
    tab_to(page, page.get_by_label("What is decided"))
    page.keyboard.press("g")  # go on
    expect(page.get_by_label("What is decided")).to_have_value("go on")
    write(page, "Reason", "mended by a new battery")
    press(page, "button", "Go on")
    expect(page.get_by_text("This is what will happen")).to_be_visible()
    axe(page)
    press(page, "button", "Yes, decide this")
    expect(page.locator("p.note").filter(has_text="is resolved")).to_be_visible()
    press(page, "link", "The decision")
    expect(page.get_by_text("signature verified")).to_be_visible()
    axe(page)


def test_what_is_wrong_in_a_form_is_named_and_led_to(
    new_page: NewPage, signed_in: SignedIn, axe: Axe
) -> None:
    page = signed_in(new_page(bypass_csp=True), "olive")
    page.goto("/decide/rate-incident?incident=none&category=many")
    write(page, "Reason", "one display in a cellar")
    press(page, "button", "Decide")
    page.get_by_role("alert").get_by_role("link").first.press("Enter")
    expect(page.get_by_label("Category")).to_be_focused()
    expect(page.get_by_label("Category")).to_have_value("many")
    axe(page)


def test_a_supplier_chooses_times_comments_and_raises_an_incident_by_keyboard(
    new_page: NewPage, signed_in: SignedIn, axe: Axe
) -> None:
    page = signed_in(new_page(bypass_csp=True), "lead-amber")
    page.goto("/notices")
    expect(page.get_by_role("heading", name="Notices")).to_be_visible()
    axe(page)
    page.goto("/campaigns/campaign-R2")
    press(page, "link", "Times")
    time = page.get_by_label("Time", exact=False).first
    expect(time).to_be_visible()
    first = page.locator("input.tickbox").first
    home = first.get_attribute("value") or ""
    now = datetime.fromisoformat(page.locator(".banner time").get_attribute("datetime") or "")
    chosen = now + timedelta(days=3)
    time.fill(f"{chosen:%Y-%m-%d}T10:30")
    tab_to(page, first)
    page.keyboard.press("Space")
    page.keyboard.press("Shift+Tab")
    button = page.get_by_role("button", name="Choose this time")
    button.press("Enter")
    expect(page.locator("p.note").filter(has_text="Done")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text=home).first).to_contain_text(
        f"{chosen:%-d %b %Y}, 10:30"
    )
    axe(page)
    page.goto("/campaigns/campaign-R2")
    press(page, "link", "State position")
    write(page, "Phase", "2")
    tab_to(page, page.get_by_label("Position"))
    page.keyboard.press("n")  # notes
    write(page, "Comment", "customers were told by letter")
    press(page, "button", "Decide")
    expect(page.locator("p.note").filter(has_text="Done")).to_be_visible()
    page.goto("/incidents")
    press(page, "link", "Raise an incident")
    write(page, "Incident", "INC-9")
    write(page, "Campaign", "campaign-R2")
    write(page, "Phase", "2")
    write(page, "Category", "5")
    write(page, "What", "a display shows yesterday's date")
    press(page, "button", "Decide")
    expect(page.get_by_role("heading", name="Incident INC-9")).to_be_visible()
    axe(page)


def test_what_another_person_decided_meanwhile_is_shown_and_asked_about(
    new_page: NewPage, signed_in: SignedIn, axe: Axe
) -> None:
    mine = signed_in(new_page(bypass_csp=True, viewport=PHONE, color_scheme="dark"), "olive")
    other = signed_in(new_page(bypass_csp=True), "peter")
    mine.goto("/decide/abort-campaign?campaign=campaign-R2")
    other.goto("/decide/pause-campaign?campaign=campaign-R2")
    write(other, "Reason", "a storm")
    press(other, "button", "Go on")
    press(other, "button", "Yes, decide this")
    expect(other.locator("p.note")).to_contain_text("is paused")
    write(mine, "Reason", "displays break")
    press(mine, "button", "Go on")
    press(mine, "button", "Yes, decide this")
    expect(mine.get_by_text("It has changed since you looked")).to_be_visible()
    expect(mine.get_by_label("Reason")).to_have_value("displays break")
    assert wide_by(mine) <= 0
    axe(mine)
    press(mine, "link", "Leave it")
    expect(mine.get_by_text("paused").first).to_be_visible()
