"""Write the pages of what is promised of Python, or check them and the promises: ``python tools/promises``.

    python tools/promises             # rewrite docs/reference/
    python tools/promises --check     # exit 1 if that would change anything, or a stable promise is broken
    python tools/promises --release   # when a release is made: keep the declarations as they are now

Exit code 0: all is well; 1: a line for each thing that is not.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from breaking import RELEASED, breaks, write
from pages import page
from promised import TABLE, promised

REPOSITORY: Final = Path(__file__).resolve().parents[2]


def main(arguments: Sequence[str] | None = None) -> int:
    """Write, check or keep."""
    usage = argparse.ArgumentParser(
        prog="python tools/promises", description=(__doc__ or "").splitlines()[0]
    )
    usage.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 if something is wrong"
    )
    usage.add_argument(
        "--release", action="store_true", help="keep the declarations as those released"
    )
    usage.add_argument("--root", type=Path, default=REPOSITORY, help=argparse.SUPPRESS)
    usage.add_argument("--table", type=Path, default=TABLE, help=argparse.SUPPRESS)
    usage.add_argument("--released", type=Path, default=RELEASED, help=argparse.SUPPRESS)
    choice = usage.parse_args(arguments)
    root = choice.root.resolve()
    packages = promised(choice.table)
    try:
        wanted = {f"{package.name}.md": page(root, package) for package in packages}
        if choice.release:
            write(root, packages, choice.released)
        broken = list(breaks(root, packages, choice.released))
    except LookupError as error:
        print(
            f"promises: {error.args[0]}: promised.toml says so; put it back, or see docs/stability.md"
        )
        return 1
    for found in broken:
        print(f"promises: {found.level}: {found.text}")
    stale = _pages(root / "docs" / "reference", wanted, check=choice.check)
    for name in stale if choice.check else ():
        print(f"promises: docs/reference/{name} is stale: run python tools/promises")
    firm = any(found.level == "stable" for found in broken)
    return 1 if choice.check and (stale or firm) else 0


def _pages(folder: Path, wanted: dict[str, str], *, check: bool) -> list[str]:
    """Write the pages that differ, or only name them."""
    there = {path.name: path.read_text("utf-8") for path in folder.glob("*.md")}
    stale = sorted(name for name in wanted | there if wanted.get(name) != there.get(name))
    if check:
        return stale
    folder.mkdir(parents=True, exist_ok=True)
    for name in stale:
        if name in wanted:
            (folder / name).write_text(wanted[name], "utf-8")
        else:
            (folder / name).unlink()
    return stale


if __name__ == "__main__":
    sys.exit(main())
