"""Takes the pictures of the portal that the documents show (python tools/portal_pictures.py [FOLDER]).

It serves the example portal with a slow calendar, signs in as people of several parties with Debian's
chromium, and writes one PNG for each picture into FOLDER (docs/pictures). Nothing of it is drawn by hand.
"""

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final, NamedTuple

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from emulators.demo.portal.people import PEOPLE  # noqa: E402 - found by the line above
from tests.browser.conftest import ARGUMENTS, NAMES  # noqa: E402 - the same
from tests.browser.portal import ExamplePortal, served, sign_in  # noqa: E402 - the same

WIDE: Final = (1180, 820)
LOW: Final = (1180, 600)
PHONE: Final = (360, 740)
SETTLED_MS: Final = 1_500  # until what is live has come


class Picture(NamedTuple):
    """One picture.

    Attributes:
        name: of the file.
        part: what the person is who looks: operator, supplier, ...
        path: of the page; ``CAMPAIGN`` stands for that of the campaign under way.
        size: of the window, and of the picture.
        dark: in dark colours.
    """

    name: str
    part: str
    path: str
    size: tuple[int, int] = WIDE
    dark: bool = False


PICTURES: Final = (
    Picture("portal-overview", "operator", "/"),
    Picture("portal-campaign", "operator", "CAMPAIGN"),
    Picture("portal-campaign-dark", "operator", "CAMPAIGN", dark=True),
    Picture("portal-supplier", "supplier", "CAMPAIGN", PHONE),
    Picture("portal-approvals", "approver", "/approvals", LOW),
)


def main() -> int:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "pictures"
    chromium = next(filter(None, map(shutil.which, NAMES)), None)
    if chromium is None:
        print(f"none of {', '.join(NAMES)} is installed: apt install chromium", file=sys.stderr)
        return 2
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as state,
        served(Path(state) / "state") as portal,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        for picture in PICTURES:
            take(browser, portal, picture, folder)
        browser.close()
    return 0


def take(browser: Browser, portal: ExamplePortal, picture: Picture, folder: Path) -> None:
    """Take one picture."""
    width, height = picture.size
    context = browser.new_context(
        base_url=portal.url,
        viewport={"width": width, "height": height},
        color_scheme="dark" if picture.dark else "light",
        locale="en-GB",
        timezone_id="Europe/London",
    )
    person = next(one.person for one in PEOPLE if one.part == picture.part)
    page = sign_in(context.new_page(), portal, person)
    page.goto(campaign(page) if picture.path == "CAMPAIGN" else picture.path)
    page.wait_for_timeout(SETTLED_MS)
    path = folder / f"{picture.name}.png"
    page.screenshot(path=path)
    context.close()
    print(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


def campaign(page: Page) -> str:
    """Find the campaign under way."""
    page.goto("/")
    found = page.locator("#live_campaigns h3 a").first.get_attribute("href")
    return found or "/campaigns"


if __name__ == "__main__":
    sys.exit(main())
