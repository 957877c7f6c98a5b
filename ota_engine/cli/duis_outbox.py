"""``zota duis outbox``: what waits for Service Users, and bringing it once more."""

import json
from typing import Annotated

import typer

from images.eui64 import Eui64, format_eui64
from ota_engine.cli.columns import Column, TableRow, show_table
from ota_engine.cli.fleet_desk import FleetPlace, Json, fleet_at, whole
from ota_engine.cli.image_options import eui64
from ota_engine.cli.option_groups import grouped
from ota_engine.cli.remarks import put
from ota_engine.errors import LocalError
from ota_engine.times import Utc
from ota_engine.wording import counted, utc_text

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

User = Annotated[
    int | None, typer.Option("--user", parser=eui64, metavar="EUI64", help="Of this user alone.")
]


@app.callback()
def outbox() -> None:
    """See what waits for Service Users, and have it brought once more."""


@app.command("list")
@grouped
def list_command(
    place: FleetPlace,
    user: User = None,
    progress: Annotated[
        str, typer.Option("--state-of", metavar="STATE", help="waiting, delivered or dead; or all.")
    ] = "waiting",
    most: Annotated[int, typer.Option("--most", min=1, metavar="N", help="The oldest N.")] = 50,
    as_json: Json = False,
) -> None:
    """List documents, the oldest first: for whom, how far, and why not further."""
    from ota_engine.fleet.orders.rows import DocumentState
    from ota_engine.head_end.questions.orders import AskDocuments

    if progress not in (*DocumentState, "all"):
        raise LocalError(f"{progress!a} is none of {', '.join(DocumentState)}, all")
    wanted = AskDocuments(None if user is None else Eui64(user), progress.removesuffix("all"))
    with fleet_at(place) as fleet:
        found, total = whole(fleet, wanted, most)
    if as_json:
        told = [one.as_values() for one in found]
        typer.echo(json.dumps({"total": total, "documents": told}, indent=2))
        return
    columns = (
        Column("written", gives_way=1),
        Column("user"),
        Column("state"),
        Column("tries", right=True),
    )
    lines = [
        TableRow(
            (utc_text(Utc(one.created_utc)), format_eui64(one.user), one.state, str(one.tries)),
            one.document + (f" ({one.trouble})" if one.trouble else ""),
        )
        for one in found
    ]
    if lines:
        show_table(columns, lines, "what")
    put(f"{len(found):,} of {counted(total, 'document')}")
