"""The site in a browser that has no network: every page fits its window, and fetches nothing that is not there."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize

from tests.tools.wheel import ROOT

READ = (
    "index",
    "docs/architecture",
    "docs/portal",
    "docs/rules/README",
    "docs/premises",
    "docs/reference/images",
    "docs/examples/deploy/index",
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "site"
    program = [sys.executable, str(ROOT / "tools" / "site"), "--folder", str(folder)]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(params=[("light", 1280), ("dark", 400)], ids=lambda param: f"{param[0]}-{param[1]}")
def offline(browser: Browser, request: pytest.FixtureRequest) -> Iterator[tuple[Page, list[str]]]:
    """A page without a network, and what went wrong on it."""
    scheme, width = request.param
    viewport = ViewportSize(width=width, height=900)
    context = browser.new_context(viewport=viewport, color_scheme=scheme, offline=True)
    page, wrong = context.new_page(), list[str]()
    page.on("requestfailed", lambda failed: wrong.append(failed.url))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    yield page, wrong
    context.close()


def test_pages_fit_their_window_and_fetch_nothing_from_elsewhere(
    site: Path, offline: tuple[Page, list[str]]
) -> None:
    page, wrong = offline
    for name in READ:
        page.goto(f"file://{site / name}.html")
        too_wide = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert too_wide <= 0, f"{name} is {too_wide} too wide"
        blank = page.evaluate(
            "[...document.images].filter(one => one.complete && !one.naturalWidth).map(one => one.src)"
        )
        assert (blank, wrong) == ([], []), name


def test_a_word_is_found_without_a_network(site: Path, offline: tuple[Page, list[str]]) -> None:
    page, _ = offline
    page.goto(f"file://{site / 'search.html'}?q=pcapng")
    page.get_by_role("link", name="Pushing firmware").first.wait_for(state="attached")
