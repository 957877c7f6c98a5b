"""An engine as commands run one: link, state folder, keys and receiver, opened and closed together.

Decides nothing; imports radios, emulators and HTTP only if they are asked for.
"""

import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

import structlog
import trio

from images.eui64 import Eui64, format_eui64
from ota_engine.cli.again import command_line
from ota_engine.cli.columns import say_command
from ota_engine.cli.extras import require
from ota_engine.cli.key_folder import read_key_folder
from ota_engine.cli.links import Calendar, LinkChoice, recorded, utc_clock
from ota_engine.cli.outcomes_token import outcomes_token
from ota_engine.cli.remarks import put, remark
from ota_engine.gbcs.keystore import Keystore
from ota_engine.hub.activation.parties import choose_parties
from ota_engine.hub.activation.security import Security
from ota_engine.hub.delivery.config import DeliveryConfig
from ota_engine.hub.engine import DEFAULT
from ota_engine.paced_clock import rate_of
from ota_engine.times import Monotonic, Utc
from ota_engine.wording import counted

if TYPE_CHECKING:
    from ota_engine.shell.service import Setup
    from ota_engine.telling.http_sink import HttpSink

HTTP: Final = "receiver"  # the extra that brings what speaks HTTP
HTTP_OPTION: Final = "--outcomes-to"

T = TypeVar("T")


class EngineChoice(NamedTuple):
    """What a command was told about its engine.

    Attributes:
        link: the radio.
        state: the folder in which it remembers; made if absent.
        config: how the server behaves.
        keys: the key folder, None to give no signed orders and sign no alerts.
        originator: in whose name orders are given, None for the first supplier.
        outcomes_to: the URL to post outcomes to.
        capture: the file to record all frames in.
        outcomes_token: the file of the token its receiver wants to see, None for the environment.
    """

    link: LinkChoice
    state: Path
    config: DeliveryConfig = DEFAULT
    keys: Path | None = None
    originator: int | None = None
    outcomes_to: str | None = None
    capture: Path | None = None
    outcomes_token: Path | None = None


def run_engine(choice: EngineChoice, work: "Callable[[Setup], Awaitable[T]]") -> T:
    """Open all that an engine needs, do something with it, and close it.

    Outcomes that the receiver has not taken yet wait in the state folder; a line says so. The last
    line is the head of the audit trail.

    Raises:
        LocalError: a folder lacks keys, or the receiver's URL is none.
        ZotaError: the link or the state folder cannot be used.
    """
    keys = None if choice.keys is None else read_key_folder(choice.keys)
    token = outcomes_token(choice.outcomes_to, choice.outcomes_token)
    if choice.outcomes_to is not None:
        require(HTTP, HTTP_OPTION)
    choice.state.mkdir(parents=True, exist_ok=True)
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))  # stdout is ours
    done = choice.link.run(lambda: _perform(choice, keys, token, work))
    if choice.outcomes_to is not None:
        tell_what_waits(
            choice.outcomes_to,
            choice.state,
            virtual=choice.link.virtual,
            token_file=choice.outcomes_token,
        )
    tell_what_the_file_lacks(choice.state)
    tell_audit_head(choice.state)
    return done


def tell_what_the_file_lacks(state: Path) -> None:
    """Say how many outcomes the database has that could not be written to the file beside it."""
    from ota_engine.shell.afterwards import count_what_waits
    from ota_engine.store.holds import is_there
    from ota_engine.store.location import place_of
    from ota_engine.telling.json_lines import SINK_NAME

    if not is_there(place_of(state)):
        return
    lacking = count_what_waits(state, SINK_NAME)
    if lacking:
        what = counted(lacking, "outcome", "outcomes")
        remark(
            f"{state / SINK_NAME}: lacks {what} that the database has: make room on its disk, "
            "then the next command with this --state writes them"
        )


def tell_audit_head(state: Path) -> None:
    """Print the head of the audit trail to standard error, for whoever keeps it elsewhere."""
    head = audit_head(state)
    if head is not None:
        put(f"audit head: {head}", sys.stderr)


def audit_head(state: Path) -> str | None:
    """The hash of the last row of a state folder's audit trail; None if there is no database.

    Raises:
        StoreError: the database cannot be read.
    """
    from ota_engine.store.holds import is_there
    from ota_engine.store.location import place_of
    from ota_engine.store.store import Store

    place = place_of(state)
    if not is_there(place):
        return None
    with Store.inspect(place) as store:
        return store.audit_head().hash


async def _perform(
    choice: EngineChoice,
    keys: Keystore | None,
    token: str | None,
    work: "Callable[[Setup], Awaitable[T]]",
) -> T:
    async with open_setup(choice, keys, token) as setup:
        return await work(setup)


@asynccontextmanager
async def open_setup(
    choice: EngineChoice,
    keys: Keystore | None,
    token: str | None = None,
    clock: Callable[[], Utc] | None = None,
) -> "AsyncIterator[Setup]":
    """Open what an engine is to run on; its state folder is there.

    Args:
        choice: link, folder and receiver.
        keys: of the key folder, None for none.
        token: that the receiver wants to see.
        clock: gives UTC, at whatever rate; None for the link's own time.

    Raises:
        ZotaError: the link cannot be used, or there are no parties among the keys.
    """
    from ota_engine.shell.service import Setup

    calendar = Calendar(choice.link.begin_utc(choice.state))
    if clock is not None:
        calendar = Calendar(clock(), rate_of(clock))
    utc = utc_clock(*calendar)
    async with AsyncExitStack() as stack:
        pace, url = choice.link.speed, choice.outcomes_to
        sinks = [] if url is None else [_sink(url, token, pace)]
        for sink in sinks:
            await stack.enter_async_context(sink)
        opened = await stack.enter_async_context(choice.link.open(choice.state, calendar))
        link = await stack.enter_async_context(recorded(opened, choice.capture, utc))
        yield Setup(
            link,
            choice.state,
            wall_clock=clock or (lambda: utc(Monotonic(trio.current_time()))),
            virtual=choice.link.virtual,
            config=choice.config,
            security=None if keys is None else _security(keys, link.info.own, choice),
            sinks=sinks,
            pace=pace,
        )


def _security(keys: Keystore, own: Eui64, choice: EngineChoice) -> Security:
    originator = None if choice.originator is None else Eui64(choice.originator)
    security = choose_parties(keys, own, originator)
    if security.hub is None:
        remark(
            f"warning: {choice.keys}: no signing key of this radio, {format_eui64(own)}: "
            "transfers are told of without an alert (CCS08); zota pki init --device makes one",
        )
    return security


# --- the receiver ---------------------------------------------------------------------------------


def _sink(url: str, token: str | None, pace: float = 1.0) -> "HttpSink":
    """Make what tells the receiver, which has as long to answer at whatever pace trio's clock goes."""
    from ota_engine.telling.http_sink import TIMEOUT_S, HttpSink

    return HttpSink(url, token=token, timeout=TIMEOUT_S * pace)


def tell_what_waits(url: str, state: Path, *, virtual: bool, token_file: Path | None = None) -> int:
    """Say how many outcomes wait for the receiver, once those put by in jumping time are sent.

    Returns:
        How many.

    Raises:
        LocalError: the URL is none.
        StoreError: the database cannot be used.
    """
    from ota_engine.shell.afterwards import count_what_waits, send_what_waits
    from ota_engine.telling.http_sink import NAME

    if virtual:
        token = outcomes_token(url, token_file)
        waiting = send_what_waits(state, lambda: _sink(url, token), remark)
    else:
        waiting = count_what_waits(state, NAME)
    if waiting:
        words = "zota", "receiver", "deliver", url, "--state", state
        again = command_line(*words, *token_words(token_file))
        what = counted(waiting, "outcome waits", "outcomes wait")
        say_command(f"zota: {what} for the receiver; when it is up", again, sys.stderr)
    return waiting


def token_words(file: Path | None) -> tuple[object, ...]:
    """The option that names a token's file, for a command that a person is to give next."""
    return () if file is None else ("--outcomes-token-file", file)
