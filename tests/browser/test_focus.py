"""Where the focus is after each step, so that nobody who hears a page, or types, begins at its head again."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import NewPage, SignedIn


def focused(page: Page) -> str:
    """What has the focus says."""
    text = page.evaluate("document.activeElement.innerText")
    assert isinstance(text, str)
    return " ".join(text.split())


def test_what_is_wrong_with_a_form_has_the_focus(new_page: NewPage, signed_in: SignedIn) -> None:
    page = signed_in(new_page(), "olive")
    page.goto("/decide/raise-incident")
    page.eval_on_selector_all("[required]", "all => all.forEach(one => one.required = false)")
    page.locator("main form").get_by_role("button").first.click()
    assert re.match("Th(is|ese) must be put right", focused(page))
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.name || document.activeElement.id")


def test_a_wrong_password_says_so_where_the_focus_is(new_page: NewPage) -> None:
    page = new_page()
    page.goto("/sign-in")
    page.get_by_label("Person").fill("olive")
    page.get_by_label("Password").fill("not this one")
    page.get_by_role("button", name="Sign in").click()
    assert focused(page).startswith("This must be put right")


def test_what_a_grave_decision_will_do_has_the_focus_and_then_what_was_done(
    new_page: NewPage, signed_in: SignedIn
) -> None:
    page = signed_in(new_page(), "olive")
    page.goto("/campaigns/campaign-R2")
    more = page.get_by_text("More decisions")
    ending = page.get_by_role("link", name="Abort campaign")
    expect(ending).to_be_hidden()
    more.press("Enter")
    expect(ending).to_be_visible()
    page.goto("/decide/pause-campaign?campaign=campaign-R2&next=/campaigns/campaign-R2")
    page.get_by_label("Reason").fill("to look at a display")
    page.get_by_role("button", name="Go on").press("Enter")
    expect(page.get_by_role("button", name="Yes, decide this")).to_be_visible()
    assert focused(page) == "This is what will happen"
    page.get_by_role("button", name="Yes, decide this").press("Enter")
    expect(page.locator("p.note")).to_be_visible()
    assert focused(page).startswith("Done:")


def test_a_page_at_four_times_its_size_needs_no_scrolling_to_the_side(
    new_page: NewPage, signed_in: SignedIn
) -> None:
    page = signed_in(new_page(viewport={"width": 320, "height": 256}), "olive")
    for path in ("/", "/estate", "/homes", "/campaigns/campaign-R2", "/decide/raise-incident"):
        page.goto(path)
        wide = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert wide == 0, path


def test_a_page_on_paper_has_what_it_is_about_and_no_menu(
    new_page: NewPage, signed_in: SignedIn
) -> None:
    page = signed_in(new_page(), "olive")
    page.goto("/campaigns/campaign-R2")
    page.emulate_media(media="print")
    for gone in ("#menu", ".top", ".offers", ".tabs"):
        expect(page.locator(gone).first).to_be_hidden()
    expect(page.get_by_role("heading", name="campaign-R2", exact=True)).to_be_visible()
    expect(page.get_by_text("Positions of parties").first).to_be_visible()
