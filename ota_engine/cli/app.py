"""The ``zota`` command: finds the command group that was asked for, and nothing else."""

import importlib
import sys
from typing import Any

import click
import typer
from typer.core import TyperGroup

from images.errors import ImageError
from ota_engine.cli.exits import Exit
from ota_engine.errors import StoreError, ZotaError

# Command or group -> (module holding a typer app named ``app``, one-line help). Imported only
# when used, so that inspecting a file never pays for databases and radios.
COMMANDS = {
    "image": ("ota_engine.cli.image", "Build, inspect, validate and verify OTA images."),
    "demo": ("ota_engine.cli.demo", "Deliver an image to four emulated devices, here and now."),
    "soak": ("ota_engine.cli.soak", "Run thousands of emulated devices for virtual days."),
    "store": ("ota_engine.cli.store", "Check an engine's database."),
    "audit": ("ota_engine.cli.audit", "Verify the hash-chained audit trail."),
}


class LazyGroup(TyperGroup):
    """A group that imports a command's module when the command is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name every command without importing any."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> Any:
        """Import one command."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        command = typer.main.get_command(importlib.import_module(entry[0]).app)
        command.name = cmd_name
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from the table, so that ``--help`` imports none."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


app = typer.Typer(cls=LazyGroup, no_args_is_help=True, rich_markup_mode=None, add_completion=False)


@app.callback()
def root() -> None:
    """Zigbee OTA firmware delivery: build, check, deliver and soak-test images."""


def main() -> None:
    """Run ``zota``; every known error becomes one line on standard error and an exit code."""
    try:
        app()
    except ImageError as error:
        _fail(str(error), Exit.ERRORS)
    except (StoreError, OSError) as error:
        _fail(_one_line(error), Exit.UNREADABLE)
    except ZotaError as error:
        _fail(str(error), Exit.ERRORS)
    except KeyboardInterrupt:
        _fail("interrupted", Exit.INTERRUPTED)


def _one_line(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return str(error)


def _fail(text: str, code: Exit) -> None:
    print(f"zota: {text}", file=sys.stderr)  # noqa: T201 - the last word of a failed command
    sys.exit(code)
