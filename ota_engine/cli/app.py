"""The ``zota`` command: finds the command that was asked for, and nothing else."""

import errno
import importlib
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from copy import copy
from typing import Any, Final

import typer
from typer.core import TyperGroup
from typer.main import get_command_name

from images.errors import ImageError, JudgingError
from ota_engine.cli.commands import CommandRow, Panel, all_commands, find
from ota_engine.cli.exits import Exit
from ota_engine.cli.remarks import remark
from ota_engine.errors import LinkError, StoreError, ZotaError
from ota_engine.loading import for_good

#: What a user can do about the system's own complaints about a path, whose texts only name them.
CURES = {
    errno.ENOENT: "check the path",
    errno.EEXIST: "it is there already: give another name, or a folder where one is wanted",
    errno.ENOTDIR: "a part of the path is a file: check the path",
    errno.EISDIR: "name a file in it",
    errno.ELOOP: "its links go in a circle: name the file itself",
    errno.ENAMETOOLONG: "give a shorter name",
    errno.EACCES: "change its permissions, or run as a user who has them",
    errno.EPERM: "change its permissions, or run as a user who has them",
    errno.EROFS: "name a place that can be written to",
    errno.ENOSPC: "make room on the disk",
    errno.EDQUOT: "make room in your quota",
}
#: Former names of options, which go on working.
FORMER_OPTIONS: Final = {
    "--head-end": "--outcomes-to",
    "--head-end-token-file": "--outcomes-token-file",
}
#: Of these ``zota demo`` has one as a flag, by another meaning; with a URL it is the former one.
FLAG_OF_DEMO: Final = "--head-end"
#: The command whose option of that name is no former one.
OPTION_OF_GATEWAY: Final = "gateway"
#: Where the shells put the words of a line that is to be completed.
COMPLETED_LINES: Final = ("COMP_WORDS", "_TYPER_COMPLETE_ARGS")

UNDIVIDED: Final = "Commands"  # the heading where there are no panels
WHOLE: Final = 1000  # characters of a command's line of help: more than any has


class _Stopped(Exception):  # noqa: N818 - no error: what a person did
    """Somebody pressed Ctrl-C, and no command had better words for it."""


class _Unread(Exception):  # noqa: N818 - likewise
    """Nobody reads what is printed any longer."""


class GroupedHelp(TyperGroup):
    """Lists commands under headings, as plain text that fits the terminal and is never cut short.

    Passes on what ends a command, for the exit codes that ``main`` gives.
    """

    def make_context(self, *args: Any, **rest: Any) -> Any:
        """Read the command line; help and versions are printed by that."""
        try:
            return super().make_context(*args, **rest)
        except BrokenPipeError:
            raise _Unread from None

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise _Stopped from None
        except BrokenPipeError:
            raise _Unread from None

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list of commands."""
        headings: dict[str, list[tuple[str, str]]] = {panel.value: [] for panel in Panel}
        widest = max(len(name) for name in self.commands)
        for name, command in self.commands.items():
            if not command.hidden:
                panel = getattr(command, "rich_help_panel", None)
                heading = panel if isinstance(panel, str) else UNDIVIDED
                text = command.get_short_help_str(WHOLE)
                headings.setdefault(heading, []).append((name.ljust(widest), text))
        for heading, rows in headings.items():
            if rows:
                with formatter.section(heading):
                    formatter.write_dl(rows)


def assemble(wanted: CommandRow | None, below: str = "") -> typer.Typer:
    """Build the command line: with one command imported, or with all listed by name only.

    Args:
        wanted: the command that is about to run, None for help.
        below: where that is a group of commands, the word after its name.
    """
    app = typer.Typer(
        cls=GroupedHelp,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    app.callback(help="Zigbee OTA firmware delivery: build, check, deliver and soak-test images.")(
        _root
    )
    if wanted is not None:
        _add(app, wanted, below)
        return app
    for row in all_commands():
        app.command(row.name, help=row.help, hidden=row.hidden, rich_help_panel=row.panel.value)(
            _listed_only
        )
    return app


def _add(app: typer.Typer, row: CommandRow, below: str) -> None:
    part: typer.Typer = importlib.import_module(row.module).app
    if part.registered_callback is None and len(part.registered_commands) == 1:
        command = _required(part.registered_commands[0].callback)
        app.command(row.name, rich_help_panel=row.panel.value)(command)
    else:
        app.add_typer(
            _narrowed(part, below),
            cls=GroupedHelp,
            name=row.name,
            help=row.help,
            rich_help_panel=row.panel.value,
        )


def _narrowed(part: typer.Typer, word: str) -> typer.Typer:
    """Leave one command of a group, where a word names one: to describe all takes longer than most run."""
    commands = [
        info
        for info in part.registered_commands
        if word == (info.name or get_command_name(_required(info.callback).__name__))
    ]
    groups = [info for info in part.registered_groups if info.name == word]
    if not commands and not groups:
        return part
    narrowed = copy(part)
    narrowed.registered_commands, narrowed.registered_groups = commands, groups
    return narrowed


def _required(callback: Callable[..., Any] | None) -> Callable[..., Any]:
    if callback is None:
        raise AssertionError("a registered command has a function")
    return callback


def _tell_version(asked: bool) -> None:
    if asked:
        typer.echo(version_text())
        raise typer.Exit


def _root(
    version: bool = typer.Option(
        False, "--version", is_eager=True, callback=_tell_version, help="Say what is installed."
    ),
) -> None:
    pass


def _listed_only() -> None:
    pass


def version_text() -> str:
    """Say which zota this is, on which Python, whether compiled, and which extras it has."""
    import platform
    from importlib.metadata import version
    from textwrap import wrap

    from ota_engine import cores
    from ota_engine.cli import extras

    python = platform.python_version()
    lines = [f"zota {extras.project_version()}, Python {python}, {cores.running()}"]
    found = extras.extras()
    width = max(map(len, found), default=0)
    for extra, libraries in found.items():
        if extras.missing(libraries):
            says = f"not installed: pip install 'zota[{extra}]'"
        else:
            says = ", ".join(f"{library} {version(library)}" for library in libraries)
        lines.append(f"{extra:{width}} {says}")
    rooms = ", ".join(cores.compiled_rooms())
    lines += wrap(rooms, 80, initial_indent="compiled  ", subsequent_indent=" " * 10)
    return "\n".join(lines)


def main() -> None:
    """Run ``zota``; every known error becomes one line on standard error and an exit code."""
    try:
        code = _run()
        sys.stdout.flush()
    except (_Unread, BrokenPipeError):
        _silence()
        code = Exit.UNREAD
    if code:
        sys.exit(code)


def _run() -> int:
    try:
        words = _in_new_words(sys.argv[1:])
        _loaded(words)(words, prog_name="zota", obj=tuple(words))
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else Exit.OK
    except (
        ZotaError,
        ImageError,
        JudgingError,
        OSError,
        ModuleNotFoundError,
        KeyboardInterrupt,
        BaseExceptionGroup,
        _Stopped,
    ) as error:
        leaf = _only_leaf(error)
        if isinstance(leaf, BrokenPipeError):
            raise _Unread from None
        code, text = _exit_code(leaf), _one_line(leaf)
        if code is None or text is None:
            raise
        notes = "; ".join(getattr(leaf, "__notes__", ()))
        remark(f"{text} ({notes})" if notes else text)
        return code
    return Exit.OK


def _loaded(words: list[str]) -> typer.Typer:
    """Load the command, which lives to the end."""
    with for_good():
        return assemble(_wanted(words), _word_below(words))


def _silence() -> None:
    """Let nothing more be printed, so that the interpreter does not complain when it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # a stream of a test has no number
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _in_new_words(words: list[str]) -> list[str]:
    """Put the present names of options for former ones, and say so."""
    renamed: list[str] = []
    for number, word in enumerate(words):
        if word == "--":
            return renamed + words[number:]
        name, equals, value = word.partition("=")
        new = None if OPTION_OF_GATEWAY in words[:1] else FORMER_OPTIONS.get(name)
        if "demo" in words[:number] and name == FLAG_OF_DEMO:
            named = value if equals else " ".join(words[number + 1 : number + 2])
            new = new if "://" in named else None
        if new is not None:
            remark(f"{name} is a former name: say {new}")
        renamed.append(word if new is None else f"{new}{equals}{value}")
    return renamed


def _wanted(line: list[str]) -> CommandRow | None:
    """The command of this line, or of the line that a shell wants completed."""
    words = list(line)
    for variable in COMPLETED_LINES:
        words += os.environ.get(variable, "").split()[1:]
    name = next((word for word in words if not word.startswith("-")), None)
    return None if name is None else find(name)


def _word_below(line: list[str]) -> str:
    """The word after the command's name; none of a line that a shell wants completed."""
    if any(variable in os.environ for variable in COMPLETED_LINES):
        return ""
    named = next((at for at, word in enumerate(line) if not word.startswith("-")), len(line))
    return "".join(line[named + 1 : named + 2])


def _exit_code(error: BaseException) -> Exit | None:
    if isinstance(error, KeyboardInterrupt | _Stopped):
        return Exit.INTERRUPTED
    if isinstance(error, StoreError | LinkError | OSError):
        return Exit.UNREADABLE
    if isinstance(error, ZotaError | ImageError | JudgingError | ModuleNotFoundError):
        return Exit.ERRORS
    return None


def _only_leaf(error: BaseException) -> BaseException:
    """Take one error out of the nurseries it went through.

    Several tasks that met the same trouble, a full disk say, tell it once; of several known troubles
    the first is told. What is unknown among them stays a group, unexplained.
    """
    if not isinstance(error, BaseExceptionGroup):
        return error
    leaves = [_only_leaf(each) for each in error.exceptions]
    if len(leaves) == 1 or all(_exit_code(leaf) is not None for leaf in leaves):
        return leaves[0]
    return error


def _one_line(error: BaseException) -> str | None:
    if isinstance(error, ModuleNotFoundError):
        from ota_engine.cli.extras import cure

        return cure(error)
    if isinstance(error, OSError) and error.filename is not None:
        cured = CURES.get(error.errno or 0)
        return f"{error.filename}: {error.strerror}" + (f": {cured}" if cured else "")
    if isinstance(error, OSError) and error.errno in CURES:
        return f"{error.strerror}: {CURES[error.errno]}"
    return str(error) or "interrupted"
