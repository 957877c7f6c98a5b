"""Reaches the fleet of a command, in its state folder or at a server, and gives a person's decision there."""

import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple

import typer

from images.files import read_bounded
from ota_engine.cli.exits import Exit
from ota_engine.cli.extras import require
from ota_engine.cli.files import warn_if_open
from ota_engine.cli.remarks import put, remark
from ota_engine.errors import LocalError, StoreError
from ota_engine.store.location import FLEET_NAME
from ota_engine.wall_clock import this_machine

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec

    from ota_engine.head_end.courier import NoticeCourier
    from ota_engine.head_end.desk import FleetDesk
    from ota_engine.head_end.remote.place import ReachedFleet
    from ota_engine.head_end.rooms import DeskRoom
    from ota_engine.store.location import StorePlace
    from ota_engine.times import Utc

_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/=-]{1,512}")
NOTICES_NAME: Final = "notices"  # likewise: files of notices
MAX_KEY_BYTES: Final = 1 << 16
MAX_TEXT_BYTES: Final = 1 << 20  # of a policy or a file of founders

STATE_VARIABLE: Final = "ZOTA_STATE"
URL_VARIABLE: Final = "ZOTA_URL"
_STATE: Final = typer.Option(
    "--state",
    metavar="DIR",
    envvar=STATE_VARIABLE,
    help="The fleet's state folder.",
    exists=False,
)
State = Annotated[Path, _STATE]
StateOrUrl = Annotated[Path | None, _STATE]
Url = Annotated[
    str,
    typer.Option(
        "--url",
        metavar="URL",
        envvar=URL_VARIABLE,
        help="Of a server (zota serve) that has the fleet, instead.",
    ),
]
TokenFile = Annotated[
    Path | None,
    typer.Option(
        "--token-file",
        metavar="FILE",
        envvar="ZOTA_TOKEN_FILE",
        help="With --url: the token that lets you in.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
As = Annotated[str, typer.Option("--as", metavar="PERSON", help="Who decides.")]
Key = Annotated[
    Path | None,
    typer.Option("--key", metavar="FILE", help="That person's private key (PEM): signs."),
]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it is kept for ever.")]
Revision = Annotated[
    int | None,
    typer.Option(
        "--revision", metavar="N", help="What it is about is refused if it is no longer at this."
    ),
]
DecisionKey = Annotated[
    str,
    typer.Option(
        "--decision-key",
        metavar="TEXT",
        help="Names the decision: given again under it, it is answered as the first time.",
    ),
]


class FleetPlace(NamedTuple):
    """Where the fleet of a command is; options."""

    state: StateOrUrl = None
    url: Url = ""
    token_file: TokenFile = None


@dataclass(frozen=True, slots=True)
class Deciding:
    """How a person decides: the options that all decisions share."""

    place: FleetPlace
    person: str
    key: Path | None = None
    reason: str = ""
    revision: int | None = None
    decision_key: str = ""
    as_json: bool = False


def fleet_in(state: Path, *, create: bool = False) -> "StorePlace":
    """Say where the fleet of a state folder is: in a file of it, or where the folder says.

    Args:
        state: the folder.
        create: there need not be one yet; what is on a server is seen on opening it.

    Raises:
        StoreError: there is none.
    """
    from ota_engine.store.fleet.opening import absent_in, place_in
    from ota_engine.store.location import SqlitePlace

    place = place_in(state, FLEET_NAME)
    if not create and isinstance(place, SqlitePlace) and not place.path.exists():
        raise absent_in(state)
    return place


@contextmanager
def opened(state: Path, *, create: bool = False) -> "Iterator[FleetDesk]":
    """Open the fleet of a state folder.

    Raises:
        StoreError: there is none, or it cannot be used as it is.
    """
    from ota_engine.fleet.fleet import Fleet
    from ota_engine.head_end.desk import FleetDesk
    from ota_engine.store.fleet.book import FleetStore

    store = FleetStore.open(fleet_in(state, create=create), create=create)
    try:
        yield FleetDesk(Fleet(), store)
    finally:
        store.close()


@contextmanager
def fleet_at(place: FleetPlace) -> "Iterator[ReachedFleet]":
    """Reach a fleet, in its folder or at a server.

    Raises:
        LocalError: nobody said where it is.
        StoreError: there is none, or it cannot be used as it is.
    """
    if _is_remote(place):
        with _served(place) as served:
            yield served
        return
    from ota_engine.head_end.remote.local import LocalPlace
    from ota_engine.head_end.trial_clock import clock_of

    state = folder_of(place)
    with opened(state) as desk:
        yield LocalPlace(desk, state, clock_of(state))


@contextmanager
def _served(place: FleetPlace) -> "Iterator[ReachedFleet]":
    require("receiver", "--url")
    from ota_engine.head_end.remote.server import RemotePlace

    if place.token_file is None:
        raise LocalError("--url: give --token-file FILE, the token that lets you in there")
    token = text_of(place.token_file, MAX_KEY_BYTES).strip()
    if not _TOKEN.fullmatch(token):
        raise LocalError(f"{place.token_file}: no token in it: give the file it was written to")
    warn_if_open(place.token_file, "token")
    with RemotePlace.open(place.url, token, this_machine) as served:
        yield served


def folder_of(place: FleetPlace) -> Path:
    """Give the state folder, for what is done nowhere else.

    Raises:
        LocalError: the fleet is at a server, or nobody said where.
    """
    if _is_remote(place):
        raise LocalError("--url: this is done where the state folder is: give --state DIR there")
    if place.state is None:
        raise LocalError("which fleet? give --state DIR, or --url URL of a server that has it")
    return place.state


def _is_remote(place: FleetPlace) -> bool:
    """Whether a server is meant: what is typed counts before what the environment says."""
    if not place.url or place.state is None:
        return bool(place.url)
    url_typed = place.url != os.environ.get(URL_VARIABLE)
    state_typed = str(place.state) != os.environ.get(STATE_VARIABLE)
    if url_typed == state_typed:
        raise LocalError("--state and --url: the fleet is at one place: leave one of them out")
    return url_typed


@contextmanager
def alone(state: Path, command: str) -> "Iterator[None]":
    """Be the only one who lets time pass for a fleet; persons decide beside it.

    Where the fleet's database is on a server, there may be several, each of which does its share.

    Args:
        state: the state folder.
        command: who does, in words.

    Raises:
        StoreError: somebody else does it.
    """
    from ota_engine.store.lease import holder
    from ota_engine.store.location import SqlitePlace

    where = fleet_in(state)
    who = holder(where.path) if isinstance(where, SqlitePlace) else None
    if who is not None:
        raise StoreError(
            f"{state}: {who} runs this fleet, and brings what is due by itself: leave it to that,"
            " or stop it first"
        )
    with held(where, command):
        yield


@contextmanager
def held(place: "StorePlace", command: str) -> "Iterator[None]":
    """Have a fleet's database to oneself, where it is a file; on a server there may be others.

    Raises:
        StoreError: another process has it.
    """
    from ota_engine.store.lease import Lease
    from ota_engine.store.location import SqlitePlace

    lease = Lease(place.path, command) if isinstance(place, SqlitePlace) else None
    try:
        yield
    finally:
        if lease is not None:
            lease.release()


def courier_of(
    room: "DeskRoom",
    state: Path,
    clock: "Callable[[], Utc]" = this_machine,
    report: "Callable[[str], None]" = remark,
) -> "NoticeCourier":
    """Have somebody who brings notices; files of notices lie in the state folder.

    Args:
        room: the fleet.
        state: the state folder.
        clock: gives the time of the calendar.
        report: is told of every trouble, in one line.

    Raises:
        StoreError: the fleet's key cannot be used.
    """
    from ota_engine.head_end.courier import NoticeCourier
    from ota_engine.store.fleet.keyring import KEY_NAME, FleetKey

    return NoticeCourier(
        room,
        FleetKey.open(state / KEY_NAME),
        state / NOTICES_NAME,
        wall_clock=clock,
        report=report,
    )


def whole(fleet: "ReachedFleet", question: Any, most: int | None = None) -> tuple[list[Any], int]:
    """Ask for a long list page by page.

    Args:
        fleet: that is asked.
        question: for the first page.
        most: no more than so many; None for all.

    Returns:
        what is on its pages, and how many there are in all.
    """
    from ota_engine.head_end.questions.paging import MOST

    found: list[Any] = []
    while True:
        left = MOST if most is None else min(MOST, most - len(found))
        page = fleet.ask(replace(question, most=left))
        found += page.items
        if not page.more or (most is not None and len(found) >= most):
            return found, page.total
        question = replace(question, after=page.more)


def take(act: Any, how: Deciding) -> None:
    """Give a decision, and say what became of it.

    Raises:
        LocalError: it is refused.
        StoreError: the fleet cannot be reached.
    """
    with fleet_at(how.place) as fleet:
        show_reply(give(fleet, act, how), as_json=how.as_json)


def give(fleet: "ReachedFleet", act: Any, how: Deciding) -> "dict[str, Any]":
    """Give a decision.

    Returns:
        it and its answer, as plain values.
    """
    from ota_engine.head_end.deciding import Wish

    signer = None if how.key is None else private_key(how.key)
    return fleet.decide(Wish(how.person, act, how.reason, how.revision, how.decision_key), signer)


def show_reply(told: "dict[str, Any]", *, as_json: bool) -> None:
    """Print what became of a decision.

    Raises:
        typer.Exit: it was refused.
    """
    if as_json:
        typer.echo(json.dumps(told, indent=2))
    elif told["accepted"]:
        put(told["text"])
        put(f"decision {told['decision']}, revision {told['revision']}")
    else:
        remark(f"refused: {told['text']}")
    if not told["accepted"]:
        raise typer.Exit(Exit.ERRORS)


def private_key(path: Path) -> "ec.EllipticCurvePrivateKey":
    """Read a person's private key.

    Raises:
        LocalError: the file holds none of P-256.
        OSError: it cannot be read.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    octets = read_bounded(path, MAX_KEY_BYTES)
    try:
        key = load_pem_private_key(octets, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise LocalError(f"{path}: no private key of P-256, unencrypted: give its PEM file")
    warn_if_open(path)
    return key


def text_of(path: Path, most: int = MAX_TEXT_BYTES) -> str:
    """Read a text file, without the mark that spreadsheets and editors may put before it.

    Raises:
        LocalError: it is not UTF-8.
        OSError: it cannot be read.
    """
    try:
        return read_bounded(path, most).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise LocalError(f"{path}: not UTF-8: save it as UTF-8") from None
