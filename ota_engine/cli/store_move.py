"""``zota store move``: puts a store into another kind of database, and back."""

import json
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from ota_engine.cli.exits import Exit
from ota_engine.cli.remarks import put, remark
from ota_engine.wording import counted

EVERY_S = 2.0  # between two lines of progress


def move_command(
    state: Annotated[
        Path, typer.Option("--state", metavar="DIR", help="State directory of a hub or a fleet.")
    ],
    to: Annotated[
        str,
        typer.Option(
            "--to", metavar="URL", help="postgresql://USER@HOST/DATABASE, or sqlite for a file."
        ),
    ],
    schema: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="On the server; usually fleet, or the directory's name."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Move a hub's records, or a fleet, to a PostgreSQL server, or back into a file.

    Rows are copied in one transaction and compared; seals and audit trail are verified; then
    database.toml in the directory names the new place. The old database is left as it is, and
    refuses writers. Stop the engine or server first. Until the end the old one stays in use. A
    password comes from ~/.pgpass, PGPASSFILE or PGPASSWORD, never from the URL. Exit code 0: moved,
    2: --to is neither such a URL nor sqlite, 3: a database cannot be opened or is in use, the URL
    makes no sense or holds a password, or a row is not what it was: nothing was moved.
    """
    from ota_engine.store.moving import move

    told = time.monotonic()

    def progress(table: str, rows: int) -> None:
        nonlocal told
        if time.monotonic() - told >= EVERY_S:
            told = time.monotonic()
            put(f"{table}: {counted(rows, 'row')}", sys.stderr)

    try:
        done = move(state, to, schema, progress)
    except KeyboardInterrupt:
        remark("interrupted; the same command starts anew")
        raise typer.Exit(Exit.INTERRUPTED) from None
    if as_json:
        shown = {"from": str(done.source), "to": str(done.target), "rows": done.rows}
        typer.echo(json.dumps(shown, indent=2))
        return
    rows = counted(sum(done.rows.values()), "row")
    put(f"moved {rows} of {counted(len(done.rows), 'table')} from {done.source} to {done.target}")
    put(f"{done.source} takes no more rows; keep it as a copy of today, or remove it")
