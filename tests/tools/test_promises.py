"""What is promised of Python is there, its pages say so, and nothing stable is broken unseen."""

import importlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

from tests.tools.by_path import modules_of
from tests.tools.wheel import ROOT

TOOL = str(ROOT / "tools" / "promises")


@pytest.fixture
def tool() -> Iterator[Any]:
    """Import one module of the tool by its name; ``tool`` is what is run."""

    def imported(name: str) -> Any:
        if name != "tool":
            return module_named(name)
        spec = spec_from_file_location("promises_tool", f"{TOOL}/__main__.py")
        assert spec and spec.loader
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    with modules_of(Path(TOOL)) as module_named:
        yield imported


def test_every_promised_name_can_be_imported(tool: Any) -> None:
    lost = [
        f"{room.module}.{name}"
        for package in tool("promised").promised()
        for room in package.rooms
        for name in room.names
        if not hasattr(importlib.import_module(room.module), name)
    ]
    assert lost == []


def test_what_a_room_lists_as_public_is_promised_there(tool: Any) -> None:
    rooms = {
        room.module: set(room.names)
        for package in tool("promised").promised()
        for room in package.rooms
    }
    for module in ("images", "images.catalogue"):
        assert rooms[module] == set(importlib.import_module(module).__all__)


def test_the_pages_are_up_to_date_and_no_stable_promise_is_broken() -> None:
    done = subprocess.run(
        [sys.executable, TOOL, "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_promise_of_this_very_code_is_held_against_what_was_released(
    tool: Any, tmp_path: Path
) -> None:
    packages, breaking = tool("promised").promised(), tool("breaking")
    shutil.copytree(breaking.RELEASED, tmp_path / "released")
    stub = tmp_path / "released" / "images" / "__init__.pyi"
    released = stub.read_text("utf-8")
    stub.write_text(released.replace("def parse(data", "def parse(octets"))
    found = list(breaking.breaks(ROOT, packages, tmp_path / "released"))
    assert [one.text for one in found if one.text.startswith("images.parse")]
    assert {one.level for one in found if one.text.startswith("images.parse")} == {"stable"}


BEFORE = '''"""A room."""

from dataclasses import dataclass

def greet(name: str, *, loud: bool = False) -> str:
    """Say hello.

    Args:
        name: of *whom*, ``x_y``.

    Raises:
        ValueError: nobody.
    """
    return name

@dataclass
class Guest:
    """Who comes."""

    name: str
    table: int = 1

    def leave(self, when: int) -> None:
        """Go."""

    def _secret(self) -> None: ...

MOST = 3
'''
TABLE = """
[[package]]
name = "inn"
about = "An inn."

[[package.room]]
module = "inn"
level = "LEVEL"
since = "0.1.0"
names = ["greet", "Guest", "MOST"]
"""


class Inn:
    """A small package whose promises are kept as released, and the tool beside it."""

    def __init__(self, tool: Any, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._tool, self._folder, self._capsys = tool, folder, capsys
        (folder / "inn").mkdir()
        self.write("__init__", "from inn.room import MOST, Guest, greet\n")
        self.write("room", BEFORE)
        self.promise("stable")

    def write(self, module: str, text: str) -> None:
        """Change the code, for a tool that is started anew."""
        (self._folder / "inn" / f"{module}.py").write_text(text)
        self._tool("stubs").declaration.cache_clear()
        self._tool("stubs").parsed.cache_clear()

    def promise(self, level: str) -> None:
        (self._folder / "promised.toml").write_text(TABLE.replace("LEVEL", level))
        assert self.run("--release") == (0, "")

    def run(self, *words: str) -> tuple[int, str]:
        """Run the tool: its exit code, and what it says."""
        code = self._tool("tool").main(
            [
                *("--root", str(self._folder)),
                *("--table", str(self._folder / "promised.toml")),
                *("--released", str(self._folder / "released"), *words),
            ]
        )
        return code, self._capsys.readouterr().out

    @property
    def page(self) -> str:
        return (self._folder / "docs" / "reference" / "inn.md").read_text("utf-8")


@pytest.fixture
def inn(tool: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Inn:
    return Inn(tool, tmp_path, capsys)


def test_a_page_has_signatures_fields_and_what_they_say(inn: Inn) -> None:
    assert "| `inn` | stable | 0.1.0 | `greet`, `Guest`, `MOST` |" in inn.page
    assert "def greet(name: str, *, loud: bool = False) -> str: ..." in inn.page
    assert "* `name`: of \\*whom\\*, `x_y`." in inn.page
    assert "* `ValueError`: nobody." in inn.page
    assert "table: int = 1" in inn.page
    assert "* `leave`: Go." in inn.page
    assert "_secret" not in inn.page and "return name" not in inn.page


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("name: str, *", "who: str, *", "inn.greet"),
        ("loud: bool = False", "loud: bool", "inn.greet"),
        ("loud: bool = False", "loud: bool = True", "inn.greet"),
        ("self, when: int", "self", "inn.Guest.leave"),
        ("    table: int = 1\n", "", "inn.Guest"),
        ("def leave", "def depart", "inn.Guest.leave"),
    ],
)
def test_what_breaks_a_stable_promise_is_told_and_fails(
    inn: Inn, old: str, new: str, said: str
) -> None:
    inn.write("room", BEFORE.replace(old, new))
    inn.run()
    code, text = inn.run("--check")
    assert code == 1
    assert f"promises: stable: {said}" in text


def test_what_is_added_breaks_nothing_and_a_stale_page_is_told(inn: Inn) -> None:
    assert inn.run("--check") == (0, "")
    inn.write("room", BEFORE.replace("= False)", "= False, soft: int = 0)"))
    stale = "promises: docs/reference/inn.md is stale: run python tools/promises\n"
    assert inn.run("--check") == (1, stale)
    assert inn.run() == (0, "")
    assert inn.run("--check") == (0, "")


def test_what_is_provisional_may_change_and_is_told(inn: Inn) -> None:
    inn.promise("provisional")
    inn.write("room", BEFORE.replace("def leave", "def depart"))
    inn.run()
    code, text = inn.run("--check")
    assert code == 0
    assert "promises: provisional: inn.Guest.leave" in text


def test_a_promised_name_that_is_gone_is_told(inn: Inn) -> None:
    inn.write("__init__", "from inn.room import Guest, greet\n")
    code, text = inn.run("--check")
    assert code == 1
    assert text.startswith("promises: inn: it has no MOST, which is promised")
