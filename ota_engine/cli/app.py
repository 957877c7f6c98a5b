"""The ``zota`` command: finds the command group that was asked for, and nothing else."""

import errno
import importlib
import sys
from collections.abc import Callable
from typing import Any

import typer

from images.errors import ImageError
from ota_engine.cli.exits import Exit
from ota_engine.errors import LinkError, StoreError, ZotaError

# Command or group -> (module holding a typer app named ``app``, one-line help). Imported only
# when used, so that inspecting a file never pays for databases and radios.
COMMANDS = {
    "image": ("ota_engine.cli.image", "Build, inspect, validate and verify OTA images."),
    "catalogue": ("ota_engine.cli.catalogue", "Keep, approve and release OTA images."),
    "ncp": ("ota_engine.cli.ncp", "Be a virtual dongle with emulated devices around it."),
    "demo": ("ota_engine.cli.demo", "Deliver an image to four emulated devices, here and now."),
    "push": ("ota_engine.cli.push", "Deliver images to devices over a radio, and see them land."),
    "activate": ("ota_engine.cli.activate", "Order a device by signed command to run its image."),
    "orders": ("ota_engine.cli.orders", "Show orders to activate, and take them back."),
    "version": ("ota_engine.cli.version", "Ask a device by protected message what it runs."),
    "soak": ("ota_engine.cli.soak", "Run thousands of emulated devices for virtual days."),
    "store": ("ota_engine.cli.store", "Check an engine's database; see to dead letters."),
    "head-end": ("ota_engine.cli.head_end", "Receive outcomes over HTTP, or send what waits."),
    "radio": ("ota_engine.cli.radio", "Form a network, let devices join, see them, leave it."),
    "doctor": ("ota_engine.cli.doctor", "Look a radio over and say what to do about it."),
    "gbcs": ("ota_engine.cli.gbcs", "Read GBCS messages, and check who made them."),
    "pki": ("ota_engine.cli.pki", "Make the certificates and keys of a test PKI."),
    "audit": ("ota_engine.cli.audit", "Verify the hash-chained audit trail."),
}

#: What a user can do about the system's own complaints about a path, whose texts only name them.
CURES = {
    errno.ENOENT: "check the path",
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


def assemble(wanted: str | None) -> typer.Typer:
    """Build the command line with one command imported and the others listed by name only.

    Args:
        wanted: the command that is about to run, None for help.
    """
    app = typer.Typer(
        no_args_is_help=True,
        rich_markup_mode=None,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    app.callback(help="Zigbee OTA firmware delivery: build, check, deliver and soak-test images.")(
        _root
    )
    for name, (module, text) in COMMANDS.items():
        if name != wanted:
            app.command(name, help=text)(_listed_only)
            continue
        part: typer.Typer = importlib.import_module(module).app
        if part.registered_callback is None and len(part.registered_commands) == 1:
            app.command(name)(_required(part.registered_commands[0].callback))
        else:
            app.add_typer(part, name=name, help=text)
    return app


def _required(callback: Callable[..., Any] | None) -> Callable[..., Any]:
    if callback is None:
        raise AssertionError("a registered command has a function")
    return callback


def _root() -> None:
    pass


def _listed_only() -> None:
    pass


def main() -> None:
    """Run ``zota``; every known error becomes one line on standard error and an exit code."""
    wanted = next((word for word in sys.argv[1:] if word in COMMANDS), None)
    try:
        assemble(wanted)()
    except (ZotaError, ImageError, OSError, KeyboardInterrupt, BaseExceptionGroup) as error:
        leaf = _only_leaf(error)
        code = _exit_code(leaf)
        if code is None:
            raise
        from ota_engine.cli.image_facts import visible  # file names may hold anything

        print(f"zota: {visible(_one_line(leaf))}", file=sys.stderr)  # noqa: T201 - its last word
        sys.exit(code)


def _exit_code(error: BaseException) -> Exit | None:
    if isinstance(error, KeyboardInterrupt):
        return Exit.INTERRUPTED
    if isinstance(error, StoreError | LinkError | OSError):
        return Exit.UNREADABLE
    if isinstance(error, ZotaError | ImageError):
        return Exit.ERRORS
    return None


def _only_leaf(error: BaseException) -> BaseException:
    """Take one error out of the nurseries it went through; several stay a group, unexplained."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


def _one_line(error: BaseException) -> str:
    if isinstance(error, OSError) and error.filename is not None:
        cure = CURES.get(error.errno or 0)
        return f"{error.filename}: {error.strerror}" + (f": {cure}" if cure else "")
    return str(error) or "interrupted"
