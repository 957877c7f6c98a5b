"""Make a release of the commit that is checked out: ``python tools/release [--key FILE]``.

    python tools/release                            # unsigned, for a look
    python tools/release --key ~/.ssh/release       # sums signed by that key
    python tools/release --compiled                 # a second wheel, with compiled cores
    python tools/release --prepare 0.2.0            # version and change log, for you to commit and tag

Into ``build/release/VERSION/`` come the wheel, the source distribution, a bill of materials, the constraints
it was tested with, notes, ``SHA256SUMS`` and its signature. Exit code 0: all there; 2: one line says why not.
"""

import argparse
import datetime
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bill import bill_of
from building import PURE, build_compiled, build_twice
from commit import Commit, commit_of, git, version_of
from notes import notes, prepare
from shelf import put
from sums import SUMS, public_half, sign, write_sums
from trouble import ReleaseError

REPOSITORY: Final = Path(__file__).resolve().parents[2]
FOLDER: Final = REPOSITORY / "build" / "release"
NOTES: Final = "RELEASE-NOTES.md"


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the release, or say in one line why there is none."""
    choice = _parser().parse_args(arguments)
    try:
        if choice.prepare is not None:
            prepare(choice.repository, choice.prepare)
            print(
                f"read the change log, commit, and tag it: git tag v{choice.prepare}; then make release"
            )
            return 0
        release(
            choice.repository,
            choice.folder,
            choice.key,
            isolated=not choice.no_isolation,
            compiled=choice.compiled,
        )
    except ReleaseError as error:
        print(f"release: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    usage = argparse.ArgumentParser(
        prog="python tools/release", description=(__doc__ or "").splitlines()[0]
    )
    usage.add_argument(
        "--key", type=Path, help="OpenSSH key that signs the sums; without it, unsigned"
    )
    usage.add_argument("--folder", type=Path, default=FOLDER, help="where VERSION/ is made")
    usage.add_argument(
        "--no-isolation",
        action="store_true",
        help="build with the backend installed here; no network",
    )
    usage.add_argument(
        "--compiled", action="store_true", help="add a wheel with compiled cores, for this machine"
    )
    usage.add_argument(
        "--prepare", metavar="VERSION", help="only write version and change log, for you to commit"
    )
    usage.add_argument("--repository", type=Path, default=REPOSITORY, help=argparse.SUPPRESS)
    return usage


def release(
    repository: Path, folder: Path, key: Path | None, *, isolated: bool, compiled: bool
) -> Path:
    """Make everything aside, and put it in place when all of it is there.

    Raises:
        ReleaseError: something is missing, differs, or is there already and signed.
    """
    commit = commit_of(repository)
    version = version_of(repository, commit)
    _tell(commit, version)
    if key is not None:
        public_half(key)  # before anything is built
    target = folder / version
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as name:
        made = Path(name) / version
        made.mkdir()
        build_twice(repository, commit, made, isolated=isolated)
        print("built twice, the same octet for octet", flush=True)
        if compiled:
            wheel = build_compiled(repository, commit, made, isolated=isolated)
            print(f"compiled, once, for this machine and this Python: {wheel.name}", flush=True)
        _papers(repository, commit, version, made)
        sums = write_sums(made)
        line = None if key is None else sign(sums, key)
        put(made, target)
    for path in sorted(target.iterdir()):
        print(f"{path.stat().st_size:>11,}  {path}")
    print(_verdict(line))
    return target


def _tell(commit: Commit, version: str) -> None:
    when = datetime.datetime.fromtimestamp(commit.epoch, datetime.UTC)
    print(f"zota {version} from {commit.name[:12]} of {when:%Y-%m-%d %H:%M:%S} UTC")
    if f"v{version}" not in commit.tags:
        print(f"not tagged v{version}: for a look, not for others")
    if commit.loose:
        print(f"not in it, because not committed: {len(commit.loose)} changed or new files")


def _papers(repository: Path, commit: Commit, version: str, made: Path) -> None:
    """What goes with the distributions."""
    constraints = made / "constraints.txt"
    constraints.write_bytes(git(repository, "show", f"{commit.name}:constraints.txt"))
    (wheel,) = made.glob(f"*{PURE}")
    bill = bill_of(wheel, constraints, commit.epoch, commit.name)
    (made / f"zota-{version}.cdx.json").write_text(bill, "utf-8")
    (made / NOTES).write_text(notes(repository, commit, version), "utf-8")


def _verdict(line: str | None) -> str:
    if line is None:
        return f"unsigned: give --key FILE to sign {SUMS}"
    return f"signed; receivers keep this line, from a place they trust:\n{line}"


if __name__ == "__main__":
    sys.exit(main())
