"""``zota duis outbox``: what waits for Service Users, and bringing it once more."""

import json
import sys
from typing import Annotated, Any

import typer

from images.eui64 import format_eui64
from ota_engine.cli.columns import Column, Room, TableRow, lay_out, show
from ota_engine.cli.fleet_desk import Json, State, opened
from ota_engine.cli.image_options import eui64
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
def list_command(
    state: State,
    user: User = None,
    progress: Annotated[
        str, typer.Option("--state-of", metavar="STATE", help="waiting, delivered or dead; or all.")
    ] = "waiting",
    most: Annotated[int, typer.Option("--most", min=1, metavar="N", help="The oldest N.")] = 50,
    as_json: Json = False,
) -> None:
    """List documents, the oldest first: for whom, how far, and why not further."""
    from ota_engine.fleet.orders.rows import DocumentState
    from ota_engine.head_end.duis.documents import documents_in

    if progress not in (*DocumentState, "all"):
        raise LocalError(f"{progress!a} is none of {', '.join(DocumentState)}, all")
    where: list[tuple[str, Any]] = [] if user is None else [("user", user)]
    if progress != "all":
        where.append(("state", DocumentState(progress)))
    with opened(state) as desk:
        found, total = documents_in(desk.store, tuple(where), most)
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
        show(lay_out(columns, lines, Room.of(sys.stdout).columns, "what").lines())
    put(f"{len(found):,} of {counted(total, 'document')}")
