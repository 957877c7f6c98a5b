"""A browser for each worker, a portal for each module of tests, a page for each test.

Without chromium the tests are skipped, with that reason; never where ``CI`` is true.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.portal import ExamplePortal, findings, served, sign_in

NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
#: It talks to nobody but the portal, and needs no rights that a runner's root has not.
ARGUMENTS: Final = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-dev-shm-usage",
)
WIDE: Final = {"width": 1280, "height": 900}
PATIENT_MS: Final = 60_000  # no test is judged by how fast a machine is

SignedIn = Callable[[Page, str], Page]
Axe = Callable[[Page], None]
NewPage = Callable[..., Page]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let all tests of this folder belong to one tier."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, once for each worker."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        reason = f"none of {', '.join(NAMES)} is installed: apt install chromium"
        if os.environ.get("CI") == "true":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    expect.set_options(timeout=PATIENT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def portal(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExamplePortal]:
    """The example portal, founded anew for each module: what its tests decide meets nobody else's."""
    with served(tmp_path_factory.mktemp("portal") / "state") as found:
        yield found


@pytest.fixture
def new_page(browser: Browser, portal: ExamplePortal) -> Iterator[NewPage]:
    """Opens pages, each in a browser without cookies: ``new_page(viewport=..., color_scheme="dark")``.

    A page that had an error in its script, or was refused anything by its own policy, fails the test.
    """
    contexts: list[BrowserContext] = []
    troubles: list[str] = []

    def made(**settings: Any) -> Page:
        settings = {"viewport": WIDE, "locale": "en-GB", "timezone_id": "Europe/London"} | settings
        context = browser.new_context(base_url=portal.url, **settings)
        context.set_default_timeout(PATIENT_MS)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: troubles.append(f"script: {error}"))
        page.on("console", lambda said: _note(troubles, said.type, said.text))
        return page

    yield made
    for context in contexts:
        context.close()
    assert troubles == []


def _note(troubles: list[str], kind: str, text: str) -> None:
    if kind == "error" and "status of 4" not in text:  # a page that is refused says so itself
        troubles.append(f"console: {text}")


@pytest.fixture
def page(new_page: NewPage) -> Page:
    """A page in a wide window."""
    return new_page()


@pytest.fixture
def signed_in(portal: ExamplePortal) -> SignedIn:
    """Signs a person in: ``signed_in(page, "olive")``."""

    def sign(page: Page, person: str) -> Page:
        return sign_in(page, portal, person)

    return sign


@pytest.fixture
def axe() -> Axe:
    """Says that nothing keeps anybody from using a page: ``axe(page)``."""

    def look(page: Page) -> None:
        assert findings(page) == []

    return look
