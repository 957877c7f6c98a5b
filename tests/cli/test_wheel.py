"""The wheel in an environment of its own, without extras: every command does its work or says one line."""

import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import NamedTuple
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from ota_engine.cli.exits import Exit
from tests.cli.every_command import FIRMWARE, OCTETS, ONE_LINE, WORK
from tests.cli.zota import Ran
from tests.tools.wheel import ROOT, built_wheel

pytestmark = pytest.mark.heavy

SERVES = "ncp --tcp 127.0.0.1:0"
FORMER_NAME = re.compile(r"^zota: head-end is a former name: .*\n", re.MULTILINE)


class Clean(NamedTuple):
    """An installation, and a folder to work in."""

    zota: Path
    desk: Path

    def run(self, words: str) -> Ran:
        """Run a command to its end; what it adds under an old name is left out."""
        done = subprocess.run(
            [self.zota, *shlex.split(words)],
            cwd=self.desk,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        return Ran(done.returncode, done.stdout, FORMER_NAME.sub("", done.stderr))


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Clean:
    """The wheel and what it requires, and nothing else that happens to be installed here."""
    folder = tmp_path_factory.mktemp("clean")
    wheel = built_wheel(folder)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    python = folder / "venv" / "bin" / "python"
    (site,) = (folder / "venv" / "lib").glob("python*/site-packages")
    to_python = [sys.executable, "-m", "pip", "--python", str(python)]
    quietly = ["install", "--quiet", "--no-index", "--no-deps", "--disable-pip-version-check"]
    subprocess.run([*to_python, *quietly, str(wheel)], check=True)
    zota = next(iter(Distribution.discover(name="zota", path=[str(site)])))
    for needed in closure(zota):
        copy(needed, site)
    desk = folder / "desk"
    desk.mkdir()
    (desk / FIRMWARE).write_bytes(OCTETS)
    return Clean(python.with_name("zota"), desk)


def closure(first: Distribution) -> Iterator[Distribution]:
    """Everything that a distribution requires without extras, and what that requires."""
    seen = {canonicalize_name(first.name)}
    # of the first no extras; of the others those that are asked for
    waiting: list[tuple[Distribution, frozenset[str]]] = [(first, frozenset())]
    while waiting:
        found, extras = waiting.pop()
        for line in found.requires or ():
            wanted = Requirement(line)
            asked = [{"extra": extra} for extra in extras or {""}]
            name = canonicalize_name(wanted.name)
            if name in seen or (wanted.marker and not any(map(wanted.marker.evaluate, asked))):
                continue
            seen.add(name)
            there = distribution(name)
            waiting.append((there, frozenset(wanted.extras)))
            yield there


def copy(found: Distribution, site: Path) -> None:
    """Copy a distribution's modules; scripts of its own are nobody's business here."""
    for file in found.files or ():
        if ".." not in file.parts and "__pycache__" not in file.parts:
            target = site / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(str(file.locate()), target)


def commands(clean: Clean, *group: str) -> list[str]:
    """Every command that help leads to, each asked for its help on the way."""
    ran = clean.run(" ".join([*group, "--help"]))
    assert (ran.code, ran.err) == (Exit.OK, ""), group
    assert "Usage: zota" in ran.out
    headings = re.split(r"^(\S.*):$", ran.out, flags=re.MULTILINE)
    listed = dict(zip(headings[1::2], headings[2::2], strict=True))
    pages = [said for heading, said in listed.items() if heading not in {"Options", "Arguments"}]
    if group and "Commands" not in listed:
        return [" ".join(group)]
    names = [name for said in pages for name in re.findall(r"^  (\w[\w-]*)  ", said, re.MULTILINE)]
    return [found for name in names for found in commands(clean, *group, name)]


def command_of(words: str, known: Sequence[str]) -> str:
    return next(name for name in known if f"{words} ".startswith(f"{name} "))


def test_every_command_gives_its_work_or_one_line_and_never_a_traceback(clean: Clean) -> None:
    known = [*commands(clean), *commands(clean, "head-end")]  # an old name, no longer listed
    tried = {command_of(words, known) for words, _ in (*WORK, *ONE_LINE)} | {"ncp"}
    assert tried == set(known)
    for words, code in WORK:
        ran = clean.run(words)
        assert ran.code == code, (words, ran)
        assert "Traceback" not in ran.err + ran.out, words
    command = clean.run("orders show 1 --state gb --raw command").out.strip()
    assert "CS06" in clean.run(f"gbcs decode {command} --keystore keys").out
    for words, code in ONE_LINE:
        ran = clean.run(words)
        assert (ran.code, ran.out) == (code, ""), (words, ran)
        assert ran.err.count("\n") == 1, (words, ran)
        assert ran.err.startswith("zota: "), (words, ran)


def test_every_command_without_a_word_says_what_it_lacks(clean: Clean) -> None:
    documented = {int(code) for code in re.findall(r"^\| (\d+) \|", exit_codes(), re.MULTILINE)}
    for command in commands(clean):
        if command in {"demo", "soak"}:  # these need nothing, and have been tried
            continue
        ran = clean.run(command)
        assert ran.code in documented, (command, ran)
        assert "Traceback" not in ran.err + ran.out, command
        assert ran.out or ran.err, command
        if ran.code and not ran.out:
            *_, last = ran.err.strip().splitlines()
            assert len(last) > 10, (command, ran)


def test_the_virtual_dongle_serves_and_ends_when_it_is_told_to(clean: Clean) -> None:
    with subprocess.Popen(
        [clean.zota, *SERVES.split()], stderr=subprocess.PIPE, text=True, cwd=clean.desk
    ) as process:
        assert process.stderr is not None
        assert "Ctrl-C ends it" in process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        said = process.stderr.read()
    assert process.returncode == Exit.OK, said
    assert "Traceback" not in said


def test_the_version_says_which_extras_are_not_there(clean: Clean) -> None:
    ran = clean.run("--version")
    assert ran.code == Exit.OK
    assert "pip install 'zota[radio]'" in ran.out
    assert "pip install 'zota[receiver]'" in ran.out


def test_the_wheel_holds_what_pages_and_the_example_are_made_of(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with ZipFile(built_wheel(tmp_path_factory.mktemp("wheel"))) as wheel:
        inside = set(wheel.namelist())
    for folder in ("ota_engine/portal", "emulators/demo/portal"):
        wanted = {
            str(path.relative_to(ROOT))
            for path in (ROOT / folder).rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }
        assert {Path(name).suffix for name in wanted} & {".html", ".toml"}
        assert wanted <= inside


def test_what_serves_a_fleet_says_in_one_line_what_to_install(clean: Clean) -> None:
    for words in ("serve --state nowhere", "portal try"):
        ran = clean.run(words)
        assert ran.code == Exit.ERRORS
        assert "pip install 'zota[server]'" in ran.err


def exit_codes() -> str:
    return (ROOT / "docs" / "exit-codes.md").read_text("utf-8")
