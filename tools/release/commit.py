"""Knows the commit that a release is made from: its files, time and tag; and nothing of what is built.

A release is what one commit holds. What lies about in a working tree, is not committed or is ignored
never gets into it.
"""

import io
import os
import subprocess
import tarfile
import tomllib
from pathlib import Path
from typing import NamedTuple

from trouble import ReleaseError


class Commit(NamedTuple):
    """The commit, and how it stands to the working tree.

    Attributes:
        name: 40 hexadecimal digits.
        epoch: when it was made, seconds since 1970 (UTC); ``SOURCE_DATE_EPOCH`` of all that is built.
        tags: that name it.
        loose: lines of ``git status`` about files that differ from it, and so are not in the release.
    """

    name: str
    epoch: int
    tags: tuple[str, ...]
    loose: tuple[str, ...]


def commit_of(repository: Path) -> Commit:
    """Read what is checked out.

    Raises:
        ReleaseError: it is not a git repository, or one without a commit.
    """
    name, epoch = git(repository, "log", "-1", "--format=%H %ct").decode().split()
    tags = git(repository, "tag", "--points-at", "HEAD").decode().split()
    loose = git(repository, "status", "--porcelain").decode().splitlines()
    return Commit(name, int(epoch), tuple(tags), tuple(loose))


def version_of(repository: Path, commit: Commit) -> str:
    """Read the version that a commit gives itself.

    Raises:
        ReleaseError: its tag names another commit, so it is released.
    """
    text = git(repository, "show", f"{commit.name}:pyproject.toml").decode()
    version = str(tomllib.loads(text)["project"]["version"])
    tag = f"v{version}"
    if git(repository, "tag", "--list", tag) and tag not in commit.tags:
        raise ReleaseError(
            f"{version} is released, tag {tag} names another commit: check that out, or raise the version"
        )
    return version


def export(repository: Path, commit: Commit, folder: Path, *paths: str) -> None:
    """Write the files of a commit, all or those of some paths, into a folder that is made for them.

    Permissions of what is written are those of the umask, as for anybody who unpacks it.
    """
    octets = git(repository, "archive", "--format=tar", commit.name, *paths)
    folder.mkdir(parents=True)
    with tarfile.open(fileobj=io.BytesIO(octets)) as archive:
        archive.extractall(folder, filter="data")


def git(repository: Path, *words: str) -> bytes:
    """Ask git about a repository, whatever the caller's own settings for it are."""
    environment = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
    program = ["git", "-C", str(repository), *words]
    try:
        done = subprocess.run(program, capture_output=True, check=False, env=environment)
    except FileNotFoundError:
        raise ReleaseError("git is not installed: a release is made from a commit") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines() or ["no word"]
        raise ReleaseError(f"{repository}: git {words[0]}: {said[-1]}: clone the repository")
    return done.stdout
