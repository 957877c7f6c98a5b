"""The example portal in a process of its own, and what tests do in a browser that looks at it.

Nothing here is asynchronous, and no test of trio belongs in this folder: Playwright runs a loop of its own.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

HOMES: Final = 800  # the pilot takes most of them
RATE: Final = 60.0  # slow enough that a page says the same while a test looks at it
#: WCAG 2.2, levels A and AA, with all that came before.
RULES: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
PATIENT_S: Final = 60.0  # for the server to end


@dataclass(frozen=True, slots=True)
class ExamplePortal:
    """A portal that is served.

    Attributes:
        url: of it.
        passwords: by person.
        process: that serves it.
    """

    url: str
    passwords: dict[str, str]
    process: subprocess.Popen[str]

    @property
    def people(self) -> list[str]:
        """Everybody who can sign in."""
        return list(self.passwords)


@contextmanager
def served(state: Path, homes: int = HOMES, rate: float = RATE) -> Iterator[ExamplePortal]:
    """Serve the example for as long as the block.

    Args:
        state: folder of a new estate, or of one that was served before.
        homes: of a new one.
        rate: of the calendar.
    """
    words = [sys.executable, "-m", "ota_engine", "portal", "try", "--json", "--state", str(state)]
    words += ["--http", "127.0.0.1:0", "--homes", str(homes), "--rate", str(rate)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, f"it was not served: exit code {process.wait()}"
        told = json.loads(line)
        passwords = {one["person"]: one["password"] for one in told["people"]}
        yield ExamplePortal(told["url"], passwords, process)
    finally:
        process.terminate()
        try:
            process.communicate(timeout=PATIENT_S)
        finally:
            process.kill()


def sign_in(page: Page, portal: ExamplePortal, person: str) -> Page:
    """Sign a person in by the form, as people do; the page is the one that comes then."""
    page.goto(f"{portal.url}/sign-in")
    page.get_by_label("Person").fill(person)
    page.get_by_label("Password").fill(portal.passwords[person])
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/sign-in" not in url)
    return page


def findings(page: Page) -> list[str]:
    """What keeps somebody from using the page as it is now; empty for nothing."""
    options = {"runOnly": list(RULES), "resultTypes": ["violations"]}
    found = Axe().run(page, options=options)
    return [
        f"{rule['id']} ({rule['impact']}): {node['html'][:200]}: {node['failureSummary']}"
        for rule in found.response["violations"]
        for node in rule["nodes"]
    ]
