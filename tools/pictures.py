"""Draws docs/pictures: the pages that a validation, a push and a soak leave, as a browser shows them.

Run by path: ``python tools/pictures.py``. Makes the real pages, by the commands; needs Chromium, and leaves
the pictures as they are where there is none.
"""

import shutil
import subprocess
import sys
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import NamedTuple

DOCS = Path(__file__).resolve().parent.parent / "docs"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SEED = 7
BUILD = "image build firmware.bin --manufacturer 0x121D --version 0x01020304 --type"
PUSH = "push 121D-0084-01020304.zigbee --all --link sim:// --state state"


class Picture(NamedTuple):
    """A page and as much of it as is shown, in pixels."""

    page: str
    width: int
    height: int


PICTURES = {
    "validation": Picture("validation.html", 900, 520),
    "push": Picture("push/report.html", 1184, 680),
    "soak": Picture("soak/report.html", 900, 860),
}


def zota(desk: Path, words: str) -> str:
    """Run a command; what it thinks of the files is what the picture is about."""
    command = [sys.executable, "-m", "ota_engine", *words.split()]
    return subprocess.run(command, cwd=desk, capture_output=True, text=True, check=False).stdout


def make_pages(desk: Path) -> None:
    """Leave the pages in a folder."""
    (desk / "firmware.bin").write_bytes(Random(SEED).randbytes(20_000))
    zota(desk, f"{BUILD} 0x0084 --integrity")
    zota(desk, f"{BUILD} 0x0085 -o damaged.zigbee")
    whole = (desk / "damaged.zigbee").read_bytes()
    (desk / "damaged.zigbee").write_bytes(whole[: len(whole) // 2])
    page = zota(desk, "image validate . --format html")
    (desk / PICTURES["validation"].page).write_text(page, "utf-8")
    zota(desk, f"{PUSH} --report push")
    zota(desk, f"soak --devices 120 --hours 6 --faults harsh --seed {SEED} --report soak")


def draw(browser: str, desk: Path, picture: Picture, target: Path) -> None:
    """Let the browser show a page, and keep what it shows."""
    command = [browser, "--headless", "--disable-gpu", "--hide-scrollbars", "--no-sandbox"]
    size = f"--window-size={picture.width},{picture.height}"
    page = (desk / picture.page).as_uri()
    subprocess.run(
        [*command, size, f"--screenshot={target}", page], check=True, capture_output=True
    )


def main() -> None:
    """Draw them all."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        print(f"no {' or '.join(BROWSERS)}: docs/pictures stays as it is")
        return
    (DOCS / "pictures").mkdir(exist_ok=True)
    with TemporaryDirectory() as scratch:
        make_pages(Path(scratch))
        for name, picture in PICTURES.items():
            draw(browser, Path(scratch), picture, DOCS / "pictures" / f"{name}.png")


if __name__ == "__main__":
    main()
