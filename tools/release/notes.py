"""What a release says is new: its part of ``CHANGELOG.md``, which towncrier makes of ``changelog.d/``.

A fragment is named ``ISSUE.KIND.WORD.md``, so that two people who write one do not meet; towncrier knows
numbers only in place of the word, and gets them here. Knows names of fragments, and nothing of what they say.
"""

import datetime
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Final

from commit import Commit, export
from trouble import ReleaseError

CHANGES: Final = "CHANGELOG.md"
FRAGMENTS: Final = "changelog.d"
CONTAINER: Final = "docs/examples/deploy/Containerfile"  # it names the folder of a release
_NAME: Final = re.compile(r"(?P<issue>\d+|\+[\w-]+)\.(?P<kind>added|changed|fixed)(\.[\w-]+)?\.md")
_RELEASE: Final = re.compile(r"build/release/[\w.]+")
_VERSION: Final = re.compile(r'(?m)^version = "[^"]+"')


def notes(repository: Path, commit: Commit, version: str) -> str:
    """Give the part of a version, or what the fragments of the commit will make of it.

    Raises:
        ReleaseError: a fragment has a name that says no kind, or towncrier refuses them.
    """
    with tempfile.TemporaryDirectory(prefix="zota-notes-") as name:
        tree = Path(name) / "tree"
        export(repository, commit, tree, "pyproject.toml", CHANGES, FRAGMENTS)
        _, found, part = (tree / CHANGES).read_text("utf-8").partition(f"\n## {version} ")
        if found:
            return f"## {version} {part.partition(chr(10) + '## ')[0].rstrip()}\n"
        number(tree / FRAGMENTS)
        day = datetime.datetime.fromtimestamp(commit.epoch, datetime.UTC).date().isoformat()
        said = _towncrier(tree, "--draft", "--version", version, "--date", day)
        return f"{said.strip()}\n"


def prepare(repository: Path, version: str) -> None:
    """Write the version into ``pyproject.toml`` and the fragments into ``CHANGELOG.md``, for a person to commit.

    Raises:
        ReleaseError: the version is none, there is nothing new, or towncrier refuses the fragments.
    """
    if not re.fullmatch(r"\d+\.\d+\.\d+((a|b|rc)\d+)?", version):
        raise ReleaseError(f"{version}: not a version: give one as 1.2.3 or 1.3.0rc1")
    if not any((repository / FRAGMENTS).glob("*.md")):
        raise ReleaseError(
            f"{repository / FRAGMENTS}: nothing is new, so there is nothing to release"
        )
    project = repository / "pyproject.toml"
    text, count = _VERSION.subn(f'version = "{version}"', project.read_text("utf-8"))
    if count != 1:
        raise ReleaseError(f"{project}: it has {count} lines `version = ...`: one is expected")
    number(repository / FRAGMENTS)
    _towncrier(repository, "--yes", "--version", version)
    project.write_text(text, "utf-8")
    container = repository / CONTAINER
    named = _RELEASE.sub(f"build/release/{version}", container.read_text("utf-8"))
    container.write_text(named, "utf-8")


def number(folder: Path) -> None:
    """Rename fragments so that those of one issue and kind are numbered, in the order of their names.

    Raises:
        ReleaseError: a name does not say an issue and a kind.
    """
    alike: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if (match := _NAME.fullmatch(path.name)) is None:
            raise ReleaseError(f"{path}: name it ISSUE.added.WORD.md, or changed or fixed")
        alike[f"{match['issue']}.{match['kind']}"].append(path)
    for name, paths in alike.items():
        aside = [path.rename(path.with_name(f".{path.name}")) for path in paths]
        for count, path in enumerate(aside, start=1):
            path.rename(path.with_name(f"{name}.{count}.md"))


def _towncrier(tree: Path, *words: str) -> str:
    program = [sys.executable, "-m", "towncrier", "build", "--dir", str(tree), *words]
    done = subprocess.run(program, capture_output=True, text=True, check=False, cwd=tree)
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["no word"]
        raise ReleaseError(f"towncrier: {said[-1]}")
    return done.stdout
