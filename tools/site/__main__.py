"""Make the site from the pages of this repository: ``python tools/site [--folder build/site]``.

Strict: a warning of the generator, a link or an anchor that leads nowhere, or a page that fetches anything from
elsewhere, and there is no site. Exit code 0: it is there; 1: it does not hold together; 2: a wrong call.
"""

import argparse
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import mermaidx
from links import check
from pages import Layout

HERE: Final = Path(__file__).resolve().parent
REPOSITORY: Final = HERE.parents[1]
FOLDER: Final = REPOSITORY / "build" / "site"
_SIZE: Final = re.compile(r'viewBox="\S+ \S+ (?P<width>[\d.]+) (?P<height>[\d.]+)"')


def main(arguments: Sequence[str] | None = None) -> int:
    """Lay out, generate, check."""
    usage = argparse.ArgumentParser(
        prog="python tools/site", description=(__doc__ or "").splitlines()[0]
    )
    usage.add_argument("--folder", type=Path, default=FOLDER, help="is made anew")
    usage.add_argument("--repository", type=Path, default=REPOSITORY, help=argparse.SUPPRESS)
    choice = usage.parse_args(arguments)
    site = choice.folder.resolve()
    if site.exists() and not (site / "objects.inv").exists() and any(site.iterdir()):
        print(f"site: {site} holds something else: name another folder", file=sys.stderr)
        return 2
    source, made = (site.with_name(f"{site.name}-{word}") for word in ("source", "made"))
    try:
        Layout(choice.repository, source, drawn).write()
    except LookupError as error:
        print(f"site: {error}", file=sys.stderr)
        return 1
    if not generated(source, made):
        return 1
    shutil.rmtree(source)
    found = check(made)
    for line in found.wrong:
        print(f"site: {line}", file=sys.stderr)
    if found.wrong:
        return 1
    shutil.rmtree(site, ignore_errors=True)
    made.replace(site)
    print(f"site: {found.pages} pages, {found.links:,} links hold: {site / 'index.html'}")
    return 0


def drawn(words: str) -> str:
    """Draw a diagram, in its own size; the same words give the same drawing."""
    drawing = str(mermaidx.render(words).svg())
    size = _SIZE.search(drawing)
    if size is None:
        raise LookupError(f"a drawing has no size: {drawing[:80]}")
    return drawing.replace('width="100%"', f'width="{size["width"]}" height="{size["height"]}"', 1)


def generated(source: Path, site: Path) -> bool:
    """Run the generator strictly; what it has to say goes to standard error."""
    shutil.rmtree(site, ignore_errors=True)
    program = [sys.executable, "-m", "sphinx", "-b", "html", "-c", str(HERE / "theme")]
    program += ["-q", "-W", "--keep-going", "-d", str(source / ".doctrees"), str(source), str(site)]
    return subprocess.run(program, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
