"""``zota incident``: what goes wrong in a roll-out, who looks into it, what is decided."""

import json

import typer

from ota_engine.cli.columns import Column, TableRow, show_table
from ota_engine.cli.fleet_acts import add_acts
from ota_engine.cli.fleet_desk import FleetPlace, Json, fleet_at
from ota_engine.cli.option_groups import grouped
from ota_engine.cli.remarks import put
from ota_engine.wording import utc_text

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def incident() -> None:
    """Raise, own and resolve what goes wrong in a roll-out."""


@app.command("list")
@grouped
def list_command(place: FleetPlace, as_json: Json = False) -> None:
    """List incidents, those that are open first."""
    from dataclasses import asdict

    from ota_engine.head_end.questions.incidents import AskIncidents
    from ota_engine.times import Utc

    with fleet_at(place) as fleet:
        rows = fleet.ask(AskIncidents()).items
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in rows], indent=2))
        return
    if not rows:
        put("no incident was raised")
        return
    columns = (
        Column("incident"),
        Column("campaign"),
        Column("phase", right=True),
        Column("cat", right=True),
        Column("state"),
        Column("owner", gives_way=1),
        Column("raised", gives_way=2),
    )
    lines = [
        TableRow(
            (
                one.incident,
                one.campaign,
                str(one.phase),
                str(one.category),
                one.state,
                one.owner,
                utc_text(Utc(one.raised_utc)),
            ),
            one.text,
        )
        for one in rows
    ]
    show_table(columns, lines, "what")


add_acts(app, "incident", {})
