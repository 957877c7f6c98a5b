"""People of every role sign in to the example portal."""

import re

import pytest
from playwright.sync_api import Page, expect

from emulators.demo.portal.people import PEOPLE, ExamplePerson
from tests.browser.conftest import Axe, NewPage, SignedIn


@pytest.mark.parametrize("one", PEOPLE, ids=lambda one: one.person)
def test_everybody_signs_in_and_is_named(
    new_page: NewPage, signed_in: SignedIn, axe: Axe, one: ExamplePerson
) -> None:
    page = signed_in(new_page(), one.person)
    expect(page.get_by_role("banner")).to_contain_text(one.name)
    axe(page)


def test_a_wrong_password_lets_nobody_in_and_is_said_in_one_line(
    new_page: NewPage, axe: Axe
) -> None:
    page = new_page()
    page.goto("/sign-in")
    page.get_by_label("Person").fill("olive")
    page.get_by_label("Password").fill("not-the-password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("body")).to_contain_text("the person or the password is wrong")
    axe(page)


def test_who_has_not_signed_in_is_asked_to_first(page: Page) -> None:
    page.goto("/campaigns")
    expect(page).to_have_url(re.compile("/sign-in"))


def test_who_signs_out_is_nobody_any_more(page: Page, signed_in: SignedIn) -> None:
    signed_in(page, "otto").get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile("/sign-in"))
    page.goto("/campaigns")
    expect(page).to_have_url(re.compile("/sign-in"))
