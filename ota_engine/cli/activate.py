"""``zota activate``: reads options, has the order given and followed, shows it; decides nothing."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from images.eui64 import Eui64
from ota_engine.cli import engine_options, push_options
from ota_engine.cli.again import as_typed
from ota_engine.cli.columns import say_command
from ota_engine.cli.engines import EngineChoice, run_engine
from ota_engine.cli.exits import Exit
from ota_engine.cli.image_options import AsJson, sha256
from ota_engine.cli.links import resolve
from ota_engine.cli.order_report import (
    advice,
    already_facts,
    already_line,
    order_facts,
    version_text,
)
from ota_engine.cli.order_screen import OrderScreen
from ota_engine.cli.outcomes_token import OutcomesToken
from ota_engine.cli.remarks import put, remark
from ota_engine.errors import LocalError
from ota_engine.gbcs.codes import ActivationCode
from ota_engine.hub.activation.running import RunsAlready
from ota_engine.records import ImageRecord, OrderState
from ota_engine.times import Utc
from ota_engine.wall_clock import this_machine

if TYPE_CHECKING:
    from ota_engine.shell.activate import Followed
    from ota_engine.shell.service import Setup

app = typer.Typer()

#: Said of an order for what the device ran already.
RAN_BEFORE = "that is the version of the ordered image: there was nothing to start"

ImageFile = Annotated[
    Path | None, typer.Option("--image", metavar="FILE", help="The OTA file the device holds.")
]
Hash = Annotated[
    bytes | None,
    typer.Option(
        "--hash", parser=sha256, metavar="HEX", help="Instead: its Manufacturer Image Hash."
    ),
]
At = Annotated[
    Utc | None,
    typer.Option(
        parser=engine_options.later,
        metavar="TIME",
        help="When, not at once: 2026-07-01T02:00, or +90s from now.",
    ),
]
Cancel = Annotated[bool, typer.Option("--cancel", help="Take the device's open order back.")]
Wait = Annotated[
    bool, typer.Option("--wait", help="With --at: wait for the outcome, not only for acceptance.")
]


@app.command()
def activate(
    context: typer.Context,
    link: push_options.LinkUrl,
    state: push_options.State,
    device: engine_options.OneDevice,
    keys: engine_options.Keys,
    image: ImageFile = None,
    digest: Hash = None,
    at: At = None,
    cancel: Cancel = False,
    wait: Wait = False,
    originator: engine_options.Originator = None,
    timeout: push_options.Timeout = push_options.NO_TIMEOUT,
    outcomes_to: engine_options.OutcomesTo = None,
    outcomes_token_file: OutcomesToken = None,
    as_json: AsJson = False,
) -> None:
    """Order a device by signed command (CS06) to run the image it holds, and wait for its answer.

    The same command again goes on with an order that is open, and sends nothing to a device that is
    known to run the image. Exit code 0: the device has signed that it runs the image, or that it
    took the order with --at, or the cancellation, now or before; 2: it did not, in time or at all;
    3: a file, a key folder, the link or the state folder cannot be opened; 130: stopped by Ctrl-C,
    and the last line says how to go on.
    """
    _check(image, digest, at, cancel, wait, originator)
    choice = EngineChoice(
        resolve(link),
        state,
        keys=keys,
        originator=originator,
        outcomes_to=outcomes_to,
        outcomes_token=outcomes_token_file,
    )
    screen = OrderScreen(quiet=as_json)
    if cancel:
        followed = run_engine(choice, lambda setup: _cancel(setup, device, screen, timeout))
        good = followed.order.state is OrderState.CANCELLED
    else:
        record = None if image is None else _take_in(image)
        wanted = _hash_of(image, record) if digest is None else digest
        terms = (at, wait, timeout)
        told = run_engine(
            choice, lambda setup: _activate(setup, device, wanted, record, terms, screen)
        )
        if isinstance(told, RunsAlready):
            _tell_already(told, as_json=as_json)
            return
        followed = told
        good = _is_good(told, at is not None and not wait) or ran_before(told)
    tell(followed, as_json=as_json, good=good)
    if followed.ending.interrupted:
        _say_how_to_go_on(context, None if at is None else followed.order.execution_utc)
        raise typer.Exit(Exit.INTERRUPTED)
    raise typer.Exit(Exit.OK if good else Exit.ERRORS)


def _check(
    image: Path | None,
    digest: bytes | None,
    at: Utc | None,
    cancel: bool,
    wait: bool,
    originator: int | None,
) -> None:
    """Refuse what contradicts itself."""
    if cancel and (image is not None or digest is not None or at is not None or wait):
        raise LocalError("--cancel takes back what was ordered: leave out --image, --hash and --at")
    if cancel and originator is not None:
        raise LocalError("--cancel is in the name of who ordered: leave out --originator")
    if not cancel and (image is None) == (digest is None):
        raise LocalError("which image? give its file with --image, or its hash with --hash")
    if wait and at is None:
        raise LocalError("--wait goes with --at: an order for now is waited for anyway")
    if at is not None and at <= this_machine():
        raise LocalError("--at has passed: give a later time, or leave it out to activate now")


def _take_in(path: Path) -> ImageRecord:
    from ota_engine.catalogue.intake import take_in_named

    return take_in_named(path, this_machine())


def _hash_of(path: Path | None, image: ImageRecord | None) -> bytes:
    if image is None or not image.manufacturer_image_hash:
        raise LocalError(f"{path}: has no Manufacturer Image Hash: CS06 is for GB images")
    return bytes.fromhex(image.manufacturer_image_hash)


async def _activate(
    setup: "Setup",
    device: int,
    digest: bytes,
    image: ImageRecord | None,
    terms: tuple[Utc | None, bool, float],
    screen: OrderScreen,
) -> "Followed | RunsAlready":
    from ota_engine.shell.activate import ActivationRequest, activate

    at, wait, timeout = terms
    whole = None if at is None else Utc(float(round(at)))  # a command says whole seconds only
    request = ActivationRequest(Eui64(device), digest, image, whole, wait, timeout)
    return await activate(setup, request, screen.watch)


async def _cancel(setup: "Setup", device: int, screen: OrderScreen, seconds: float) -> "Followed":
    from ota_engine.shell.activate import cancel_for

    return await cancel_for(setup, Eui64(device), screen.watch, seconds)


def _is_good(followed: "Followed", later: bool) -> bool:
    from ota_engine.shell.activate import TAKEN

    state = followed.order.state
    return state is OrderState.ACTIVATED or (later and state in TAKEN)


def ran_before(followed: "Followed") -> bool:
    """Whether a device had nothing to start because it ran the ordered image before."""
    order, runs = followed.order, followed.reports
    nothing_held = order.state is OrderState.FAILED and order.code == ActivationCode.NO_IMAGE_HELD
    return nothing_held and runs is not None and order.firmware_version == runs


def _tell_already(known: RunsAlready, *, as_json: bool) -> None:
    """Say since when a device runs what was asked for, and how that is known."""
    if as_json:
        typer.echo(json.dumps(already_facts(known), indent=2))
    else:
        put(already_line(known))


def tell(followed: "Followed", *, as_json: bool, good: bool = False) -> None:
    """Say how an order stands, and if it did not end well, what to do."""
    order = followed.order
    if as_json:
        typer.echo(
            json.dumps(
                order_facts(order) | {"already": False, "waited_for": followed.over}, indent=2
            )
        )
        return
    version = version_text(order.firmware_version)
    told = f"; the device runs {version} by its own signed word" if version else ""
    put(f"order {order.number} is {order.state}{told}")
    cure = RAN_BEFORE if good and order.state is OrderState.FAILED else advice(order)
    if cure and not (followed.over and order.state in (OrderState.ACCEPTED, OrderState.DUE)):
        remark(f"{order.reason}: {cure}")
    if followed.ending.timed_out:
        remark(
            "time is up, the order stays open: the same command goes on waiting, "
            f"zota orders cancel {order.number} takes it back"
        )


def _say_how_to_go_on(context: typer.Context, ordered_for: Utc | None) -> None:
    at = {}
    if ordered_for is not None:  # +90s would be another time by then
        at["--at"] = datetime.fromtimestamp(ordered_for, UTC).isoformat()
    say_command("zota: stopped; to go on", as_typed(context, at), sys.stderr)
