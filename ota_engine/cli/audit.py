"""``zota audit``: shows whether the audit trail is what was written."""

import json
from typing import Annotated

import typer

from ota_engine.cli.database import chosen_database
from ota_engine.cli.exits import Exit
from ota_engine.cli.store import Database, Json, State

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Head = Annotated[
    str | None,
    typer.Option(
        "--head",
        metavar="HASH",
        help="A head noted earlier: it must still be in the trail. Finds a trail rewritten whole.",
    ),
]


@app.callback()
def audit() -> None:
    """Verify the hash-chained audit trail."""


@app.command("verify")
def verify_command(
    database: Database = None, state: State = None, head: Head = None, as_json: Json = False
) -> None:
    """Walk the audit trail and name its first bad row.

    Prints the head: the hash of the last row. Note it somewhere else, and give it with --head the
    next time. Exit code 0: as it was written, 2: not so, 3: cannot be opened.
    """
    from ota_engine.store.store import Store

    path = chosen_database(database, state)
    with Store.inspect(path) as opened:
        fault = opened.verify_audit(known=head)
        recorded = opened.audit_head()
    if as_json:
        shown = {
            "database": str(path),
            "rows": recorded.length,
            "head": recorded.hash,
            "first_bad_row": None if fault is None else fault.sequence,
            "problem": None if fault is None else fault.problem,
        }
        typer.echo(json.dumps(shown, indent=2))
    elif fault is not None:
        typer.echo(f"{path}: {fault.problem}: compare the trail with a backup")
    else:
        typer.echo(f"{path}: {recorded.length} rows as they were written, head {recorded.hash}")
    raise typer.Exit(Exit.OK if fault is None else Exit.ERRORS)
