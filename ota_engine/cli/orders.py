"""``zota orders``: reads options, shows or cancels orders to activate; decides nothing."""

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ota_engine.cli import columns, engine_options, push_options
from ota_engine.cli.activate import tell
from ota_engine.cli.again import as_typed
from ota_engine.cli.columns import say_command
from ota_engine.cli.engines import EngineChoice, run_engine
from ota_engine.cli.exits import Exit
from ota_engine.cli.image_options import AsJson
from ota_engine.cli.links import resolve
from ota_engine.cli.order_report import advice, order_facts, order_lines
from ota_engine.cli.order_screen import OrderScreen
from ota_engine.cli.outcomes_token import OutcomesToken
from ota_engine.cli.remarks import put, put_fact
from ota_engine.errors import LocalError
from ota_engine.records import OrderRecord, OrderState

if TYPE_CHECKING:
    from ota_engine.shell.activate import Followed
    from ota_engine.shell.service import Setup

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, add_completion=False)


class RawMessage(StrEnum):
    """The messages of an order."""

    COMMAND = "command"
    CANCELLATION = "cancellation"
    ANSWER = "answer"


Number = Annotated[int, typer.Argument(metavar="NUMBER", help="As zota orders list shows it.")]
Kept = Annotated[
    Path, typer.Option("--state", metavar="DIR", help="The state folder of an engine.")
]
Everything = Annotated[bool, typer.Option("--all", help="Also those a terminal has no room for.")]
Raw = Annotated[
    RawMessage | None,
    typer.Option(help="Print only this message, in hexadecimal, for zota gbcs decode."),
]


@app.callback()
def orders() -> None:
    """Show orders to activate, and take them back."""


@app.command("list")
def list_orders(state: Kept, everything: Everything = False, as_json: AsJson = False) -> None:
    """Show every order, also while an engine is at work on them; needs no radio.

    On a terminal with fewer lines, those obeyed or taken back are counted only.
    """
    found = _read(state)
    if as_json:
        typer.echo(json.dumps([order_facts(order) for order in found], indent=2))
        return
    if not found:
        typer.echo(f"{state}: no order to activate was given yet")
        return
    columns.show(order_lines(found, columns.Room.of(sys.stdout), everything=everything))


@app.command()
def show(number: Number, state: Kept, raw: Raw = None, as_json: AsJson = False) -> None:
    """Show all that is known of an order, with its messages; needs no radio."""
    order = _find(_read(state), number)
    facts = order_facts(order)
    if raw is not None:
        if facts[raw] is None:
            raise LocalError(f"order {number} has no {raw} (yet): it is {order.state}")
        typer.echo(facts[raw])
    elif as_json:
        typer.echo(json.dumps(facts, indent=2))
    else:
        width = max(map(len, facts)) + len(columns.GAP)
        for name, value in facts.items():
            if value is not None:
                put_fact(name.replace("_", " "), str(value), width)
        cure = advice(order)
        if cure:
            put(cure)


@app.command()
def cancel(
    context: typer.Context,
    number: Number,
    link: push_options.LinkUrl,
    state: push_options.State,
    keys: engine_options.Keys,
    timeout: push_options.Timeout = push_options.NO_TIMEOUT,
    outcomes_to: engine_options.OutcomesTo = None,
    outcomes_token_file: OutcomesToken = None,
    as_json: AsJson = False,
) -> None:
    """Take an order back, and wait for the device to accept that.

    Exit code 0: it is cancelled; 2: it is not (yet), or the device had carried it out; 3: a key
    folder, the link or the state folder cannot be opened; 130: stopped by Ctrl-C.
    """
    choice = EngineChoice(
        resolve(link),
        state,
        keys=keys,
        outcomes_to=outcomes_to,
        outcomes_token=outcomes_token_file,
    )
    screen = OrderScreen(quiet=as_json)
    followed = run_engine(choice, lambda setup: _cancel(setup, number, screen, timeout))
    tell(followed, as_json=as_json)
    if followed.ending.interrupted:
        say_command("zota: stopped; to go on", as_typed(context), sys.stderr)
        raise typer.Exit(Exit.INTERRUPTED)
    cancelled = followed.order.state is OrderState.CANCELLED
    raise typer.Exit(Exit.OK if cancelled else Exit.ERRORS)


async def _cancel(setup: "Setup", number: int, screen: OrderScreen, seconds: float) -> "Followed":
    from ota_engine.shell.activate import cancel

    return await cancel(setup, number, screen.watch, seconds)


def _read(state: Path) -> tuple[OrderRecord, ...]:
    from ota_engine.store.location import place_of
    from ota_engine.store.store import Store

    with Store.inspect(place_of(state)) as store:
        return store.orders()


def _find(orders: tuple[OrderRecord, ...], number: int) -> OrderRecord:
    for order in orders:
        if order.number == number:
            return order
    raise LocalError(f"there is no order {number}: see 'zota orders list'")
