"""The zota command itself: which commands there are, who brings them, and what help says."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ota_engine import cores
from ota_engine.cli.commands import CommandRow, Panel, all_commands
from ota_engine.cli.exits import Exit
from tests.cli.firmware import image_file
from tests.cli.zota import Ran, zota

COLUMNS = 80
COMMANDS = all_commands()


def listed(help_text: str) -> dict[str, list[str]]:
    """The commands that a help page lists, by the heading they stand under."""
    panels: dict[str, list[str]] = {}
    heading = ""
    for line in help_text.splitlines():
        if line and not line.startswith(" "):
            heading = line.rstrip(":")
        elif line.startswith("  ") and not line.startswith("  -") and heading in list(Panel):
            panels.setdefault(heading, []).append(line.split()[0])
    return panels


def test_help_lists_every_command_under_the_heading_of_its_users() -> None:
    panels = listed(zota("--help").out)
    assert list(panels) == [panel.value for panel in Panel]
    for command in COMMANDS:
        assert (command.name in panels[command.panel]) == (not command.hidden)


@pytest.mark.parametrize("command", [None, *COMMANDS], ids=lambda c: c.name if c else "zota")
def test_the_help_of_every_command_fits_a_terminal_and_cuts_no_line_short(
    command: CommandRow | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(COLUMNS))
    pages: list[list[str]] = [[]] if command is None else [[command.name]]
    for page in pages:
        ran = zota(*page, "--help")
        assert ran.code == Exit.OK
        _, *lines = ran.out.splitlines()
        assert max(map(len, lines)) <= COLUMNS, page
        assert not any(line.endswith("...") for line in lines), page
        below = ran.out.partition("\nCommands:\n")[2].splitlines()
        pages += [[*page, line.split()[0]] for line in below if line[2:3].strip()]


def test_commands_of_emulators_and_radios_are_there_without_anyone_naming_them() -> None:
    brought = {command.module.partition(".")[0] for command in COMMANDS}
    assert brought == {"ota_engine", "emulators", "hw"}


@pytest.mark.parametrize(
    ("typed", "meant"), [(["psuh"], "push"), (["image", "inspekt"], "inspect")], ids=["", "group"]
)
def test_a_command_that_there_is_not_is_told_with_the_one_that_was_meant(
    typed: list[str], meant: str
) -> None:
    ran = zota(*typed)
    assert ran.code == Exit.ERRORS
    assert f"No such command '{typed[-1]}'" in ran.err
    assert f"'{meant}'" in ran.err


def test_version_tells_zota_python_and_every_extra() -> None:
    ran = zota("--version")
    lines = ran.out.splitlines()
    assert ran.code == Exit.OK
    assert lines[0].startswith("zota 0.")
    assert "Python 3." in lines[0]
    assert lines[0].endswith(f", {cores.running()}")
    extras = {line.split()[0]: line for line in lines[1:] if line[0] != " "}
    assert ("compiled" in extras) == bool(cores.compiled_rooms())
    extras.pop("compiled", None)
    brought = {
        "cluster",
        "duis",
        "postgresql",
        "radio",
        "receiver",
        "server",
        "znp",
        "deconz",
        "xbee",
        "zigate",
    }
    assert brought == extras.keys()
    assert "bellows 1." in extras["radio"]


def test_inspecting_an_image_pays_for_no_other_command(tmp_path: Path) -> None:
    file = image_file(tmp_path)
    program = (
        "import sys; from ota_engine.cli.app import main; sys.argv[0] = 'zota'\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "dear = ('emulators', 'hw', 'sqlalchemy', 'trio', 'zigpy')\n"
        "sys.exit(', '.join(name for name in dear if name in sys.modules) or 0)"
    )
    done = run(sys.executable, "-c", program, "image", "inspect", str(file))
    assert (done.code, done.err) == (0, "")


# --- what shells complete -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "word", "found"),
    [
        ("zota pus", 1, {"push"}),
        ("zota so", 1, {"soak"}),
        ("zota image ins", 2, {"inspect"}),
        ("zota radio fo", 2, {"form"}),
        ("zota doctor --li", 2, {"--link"}),
    ],
)
def test_a_shell_completes_commands_and_options(line: str, word: int, found: set[str]) -> None:
    asks = {"_ZOTA_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(word)}
    done = run(sys.executable, "-m", "ota_engine", environment=asks)
    assert set(done.out.split()) == found


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_for_a_shell_is_shown(shell: str) -> None:
    asks = {"_ZOTA_COMPLETE": f"source_{shell}"}
    done = run(sys.executable, "-m", "ota_engine", environment=asks)
    assert done.code == Exit.OK
    assert "_ZOTA_COMPLETE" in done.out


# --- what other packages bring --------------------------------------------------------------------


def package(folder: Path, module: str, points: str) -> dict[str, str]:
    """Install a package of one module, as pip would, where only a process of ours looks."""
    (folder / "visitor.py").write_text(module)
    info = folder / "visitor-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: visitor\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(points)
    return {"PYTHONPATH": os.pathsep.join([str(folder), *sys.path])}


VISITOR = """
import typer
from ota_engine.cli.commands import CommandRow, Panel

GREET = CommandRow("greet", "visitor", "Say hello.", Panel.EMULATION)
app = typer.Typer()

@app.command()
def greet(name: str) -> None:
    typer.echo(f"hello {name}")

def resolve(url: str) -> None:
    raise OSError(0, "the visitor has no radio", url)
"""


def test_any_package_may_bring_a_command_and_a_kind_of_link(tmp_path: Path) -> None:
    points = "[zota.commands]\ngreet = visitor:GREET\n[zota.links]\ncarrier = visitor:resolve\n"
    there = package(tmp_path, VISITOR, points)
    command = (sys.executable, "-m", "ota_engine")
    assert run(*command, "greet", "home", environment=there).out == "hello home\n"
    assert "greet      Say hello." in run(*command, "--help", environment=there).out
    ran = run(*command, "radio", "info", "--link", "carrier://", environment=there)
    assert ran.code == Exit.ERRORS  # a radio command wants a radio's link
    push = ("push", image_file(tmp_path), "--all", "--state", tmp_path / "state")
    ran = run(*command, *push, "--link", "carrier://pigeon", environment=there)
    assert ran.err == "zota: carrier://pigeon: the visitor has no radio\n"


@pytest.mark.parametrize(
    ("module", "says"),
    [
        ("import nothing_of_this_name\n", "cannot be loaded"),
        ("\n", "cannot be loaded"),
        ("GREET = 3\n", "no command"),
    ],
)
def test_a_package_that_is_broken_is_told_in_one_line(
    tmp_path: Path, module: str, says: str
) -> None:
    there = package(tmp_path, module, "[zota.commands]\ngreet = visitor:GREET\n")
    for words in (["greet"], ["--help"]):
        ran = run(sys.executable, "-m", "ota_engine", *words, environment=there)
        assert ran.code == Exit.ERRORS
        assert says in ran.err
        assert ran.err.startswith("zota: greet")
        assert ran.err.count("\n") == 1


# --- libraries that are not installed -------------------------------------------------------------

LACKING = """
import sys
from importlib.abc import MetaPathFinder

class Lacking(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {!r}:
            raise ModuleNotFoundError(name, name=name)

sys.meta_path.insert(0, Lacking())
from ota_engine.cli.app import main
main()
"""
RADIO = ("bellows", "trio_asyncio", "zigpy")
HTTP = ("httpx", "hypercorn", "starlette")
PORT = ("--link", "ezsp:///dev/ttyACM9")


def without(libraries: tuple[str, ...], *words: str | Path) -> Ran:
    """Run zota where these libraries are not installed."""
    return run(sys.executable, "-c", LACKING.format(libraries), *words)


def filled(words: tuple[str, ...], folder: Path) -> list[str | Path]:
    """Put an image file and a state folder where a command line names them."""
    places = {"FILE": image_file(folder), "STATE": folder / "state"}
    return [places.get(word, word) for word in words]


NEED_A_RADIO = [
    ("doctor", *PORT),
    ("radio", "form", *PORT),
    ("radio", "info", *PORT),
    ("radio", "permit", *PORT),
    ("radio", "devices", *PORT),
    ("radio", "leave", "--force", *PORT),
    ("push", "FILE", "--all", "--state", "STATE", *PORT),
    (
        "version",
        "--device",
        "00-DB-12-34-00-00-00-03",
        "--keys",
        "keys",
        "--state",
        "STATE",
        *PORT,
    ),
]


@pytest.mark.parametrize(
    ("words", "library"),
    [
        pytest.param(
            words,
            library,
            id=f"{' '.join(words[:2])}-{library}",
            marks=[] if RADIO[number % len(RADIO)] == library else pytest.mark.heavy,
        )
        for number, words in enumerate(NEED_A_RADIO)
        for library in RADIO
    ],
)
def test_what_needs_a_radio_library_says_which_and_how_to_get_it(
    tmp_path: Path, words: tuple[str, ...], library: str
) -> None:
    ran = without((library,), *filled(words, tmp_path))
    assert ran.code == Exit.ERRORS
    name = library.replace("_", "-")
    assert f"{name} is not installed: pip install 'zota[radio]'" in ran.err
    assert ran.err.count("\n") == 1
    assert not ran.out
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize(
    "words",
    [
        ("receiver", "listen"),
        ("receiver", "deliver", "http://127.0.0.1:1/", "--state", "STATE"),
        ("demo", "--outcomes-to", "http://127.0.0.1:1/"),
        (
            "push",
            "FILE",
            "--all",
            "--state",
            "state",
            "--link",
            "sim://",
            "--outcomes-to",
            "http://a/",
        ),
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_what_needs_http_says_which_library_and_how_to_get_it(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    ran = without(HTTP, *filled(words, tmp_path))
    assert ran.code == Exit.ERRORS
    assert "is not installed: pip install 'zota[receiver]'" in ran.err
    assert ran.err.count("\n") == 1
    assert not (tmp_path / "state").exists()


def test_everything_else_works_without_any_extra(tmp_path: Path) -> None:
    lacking = (*RADIO, *HTTP)
    assert without(lacking, "image", "inspect", image_file(tmp_path)).code == Exit.OK
    assert without(lacking, "--help").code == Exit.OK
    assert "pip install 'zota[radio]'" in without(lacking, "--version").out
    sim = ("--link", "sim://", "--state", tmp_path / "state")
    assert without(lacking, "push", image_file(tmp_path), "--all", *sim).code == Exit.OK


def run(*words: str | Path, environment: dict[str, str] | None = None) -> Ran:
    """Run a program, with some more environment."""
    done = subprocess.run(
        [str(word) for word in words],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env=os.environ | {"COLUMNS": str(COLUMNS)} | (environment or {}),
    )
    return Ran(done.returncode, done.stdout, done.stderr)
