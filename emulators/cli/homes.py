"""Emulated homes as commands name them: a roster file or the built-in one, and a folder of keys."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from images.eui64 import Eui64, format_eui64
from images.files import read_bounded
from ota_engine.canonical import canonical_json
from ota_engine.cli.key_folder import read_key_folder
from ota_engine.errors import LinkError, LocalError, ZotaError
from ota_engine.gbcs.keystore import Keystore
from ota_engine.lock import try_lock
from ota_engine.times import Monotonic, Utc
from ota_engine.wording import utc_text

if TYPE_CHECKING:
    from emulators.home.memory import HomeMemory
    from emulators.home.roster import Roster, RosterEntry, RosterHub
    from emulators.node import Note

ROSTER_BYTES: Final = 1 << 20  # of a roster file, at most
MEMORY_BYTES: Final = 1 << 28  # of what a home remembers, images and all


class EmulatedHome(NamedTuple):
    """Who lives in an emulated home, and with which keys; None: they speak no GBCS.

    Attributes:
        entries: the devices.
        keys: theirs.
        hub: the hub itself; None where that is not upgraded.
        keeps: what devices hold outlives a command, without keys, too.
    """

    entries: "tuple[RosterEntry, ...]"
    keys: Keystore | None = None
    hub: "RosterHub | None" = None
    keeps: bool = False


def read_home(devices: Path | None, keys: Path | None) -> EmulatedHome:
    """Read what a command names.

    Args:
        devices: a roster file; None for the built-in home.
        keys: a folder of keys; None for the one that the roster names, if it does.

    Raises:
        LocalError: the roster is not one, or the folder has keys of none of its devices.
        OSError: the folder cannot be read.
    """
    roster = _roster(devices)
    if keys is None and devices is not None and roster.keys is not None:
        keys = devices.parent / roster.keys
    return furnish(roster.entries, keys)._replace(hub=roster.hub, keeps=roster.keeps)


def furnish(entries: "tuple[RosterEntry, ...]", folder: Path | None) -> EmulatedHome:
    """Give devices the keys in a folder; those of whom it has none go without.

    Raises:
        LocalError: it has keys of none of them.
        OSError: it cannot be read.
    """
    if folder is None:
        return EmulatedHome(entries)
    keys = read_key_folder(folder)
    if all(keys.signer(entry.spec.eui64) is None for entry in entries):
        raise LocalError(f"{folder}: no private key of any device of this home: see zota pki init")
    return EmulatedHome(entries, keys)


def read_memory(path: Path) -> "HomeMemory":
    """Read what the devices of a home kept; nothing where there is no such file yet.

    Raises:
        LocalError: it is something else.
        OSError: it cannot be read.
    """
    from emulators.home.memory import read_home_memory

    if not path.exists():
        return {}
    with about(path):
        return read_home_memory(read_bounded(path, MEMORY_BYTES).decode())


@contextmanager
def sole_use(path: Path) -> Iterator[None]:
    """Keep what a home remembers from being written by two commands.

    Raises:
        LinkError: another command has it.
    """
    with path.with_name(path.name + ".lock").open("w") as lock:
        if not try_lock(lock.fileno()):
            raise LinkError(
                f"{path}: another command lives in this home: wait for it, or use another --state"
            )
        yield


def journal_of(
    path: Path, utc: Callable[[Monotonic], Utc]
) -> "Callable[[Eui64, Note, Monotonic], None]":
    """Have what devices note added to a file, a line of JSON each.

    Args:
        path: of the file; made if absent.
        utc: turns the home's time into UTC seconds.

    Raises:
        OSError: it cannot be written.
    """
    with path.open("a"):
        pass  # so that one that cannot be written is refused at once

    def note(device: Eui64, what: "Note", now: Monotonic) -> None:
        line = {
            "utc": utc_text(utc(now)),
            "device": format_eui64(device),
            "kind": what.kind,
            "detail": what.detail,
        }
        with path.open("a") as file:
            file.write(canonical_json(line) + "\n")

    return note


@contextmanager
def about(path: Path) -> Iterator[None]:
    """Name the file that a complaint is about."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise LocalError(f"{path}: is not text: give a TOML or JSON file") from error
    except ZotaError as error:
        raise LocalError(f"{path}: {error}") from error


def _roster(path: Path | None) -> "Roster":
    from emulators.home.roster import Roster, default_roster, parse_roster

    if path is None:
        return Roster(default_roster())
    with about(path):
        return parse_roster(read_bounded(path, ROSTER_BYTES).decode())
