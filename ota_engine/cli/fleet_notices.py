"""``zota notices``: what parties are told, how far it has come, and bringing it to them."""

import json
from typing import Annotated

import typer

from ota_engine.cli.columns import Column, TableRow, show_table
from ota_engine.cli.exits import Exit
from ota_engine.cli.fleet_acts import add_acts
from ota_engine.cli.fleet_desk import (
    FleetPlace,
    Json,
    alone,
    courier_of,
    fleet_at,
    fleet_in,
    folder_of,
    opened,
    whole,
)
from ota_engine.cli.option_groups import grouped
from ota_engine.cli.remarks import put
from ota_engine.times import Utc
from ota_engine.wording import utc_text

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Party = Annotated[str, typer.Option("--party", metavar="PARTY", help="To this party alone.")]


@app.callback()
def notices() -> None:
    """See what parties are told, and bring it to them."""


@app.command("list")
@grouped
def list_command(
    place: FleetPlace,
    party: Party = "",
    progress: Annotated[
        str, typer.Option("--state-of", metavar="STATE", help="waiting, delivered or dead.")
    ] = "",
    most: Annotated[int, typer.Option("--most", min=1, metavar="N", help="The latest N.")] = 50,
    as_json: Json = False,
) -> None:
    """List notices, the latest first, and when each reached its party."""
    from dataclasses import asdict

    from ota_engine.head_end.questions.notices import AskNotices

    with fleet_at(place) as fleet:
        rows, _ = whole(fleet, AskNotices(party, progress), most)
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in rows], indent=2))
        return
    if not rows:
        put("no such notice")
        return
    columns = (
        Column("written", gives_way=1),
        Column("party"),
        Column("kind"),
        Column("state"),
        Column("delivered"),
    )
    lines = [
        TableRow(
            (
                utc_text(Utc(one.created_utc)),
                one.party,
                one.kind,
                one.state,
                "" if one.delivered_utc is None else utc_text(Utc(one.delivered_utc)),
            ),
            one.text + (f" ({one.trouble})" if one.trouble else ""),
        )
        for one in rows
    ]
    show_table(columns, lines, "what")


@app.command("deliver")
@grouped
def deliver_command(place: FleetPlace, as_json: Json = False) -> None:
    """Try once to bring every waiting notice to its party's endpoint.

    Each letter quotes the head of the audit trail, signed by the fleet. Exit code 0: all are
    delivered, 2: some wait or were refused.
    """
    import trio

    from ota_engine.head_end.rooms import DeskRoom
    from ota_engine.store.fleet.opening import turns_at

    state = folder_of(place)
    with opened(state) as desk, alone(state, "zota notices deliver"):
        done = trio.run(courier_of(DeskRoom(desk, turns_at(fleet_in(state))), state).round)
    if as_json:
        typer.echo(json.dumps(done._asdict(), indent=2))
    else:
        put(f"{done.delivered:,} delivered, {done.waiting:,} waiting, {done.given_up:,} given up")
    raise typer.Exit(Exit.ERRORS if done.waiting or done.given_up else Exit.OK)


add_acts(app, "notices", {})
