"""``zota audit``: shows whether the audit trail, and what it seals, is what was written."""

import json
import re
from typing import Annotated

import typer

from ota_engine.cli.database import chosen_database
from ota_engine.cli.exits import Exit
from ota_engine.cli.remarks import put
from ota_engine.cli.store import Database, Json, State
from ota_engine.errors import LocalError
from ota_engine.wording import one_line

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
    """Walk the audit trail, and compare what it seals: outcomes, orders, images and pushes.

    Names the first bad row, and evidence that is not what was recorded. Prints the head: the hash
    of the last row, as every command does that ends a run. Note it somewhere else, and give it with
    --head the next time. Works on a folder that cannot be written. Exit code 0: as it was written,
    2: not so, 3: cannot be opened.
    """
    from ota_engine.store.store import Store

    path = chosen_database(database, state)
    known = None if head is None else _head(head)
    with Store.inspect(path) as opened:
        fault = opened.verify_audit(known=known)
        broken = opened.broken_seals()
        recorded = opened.audit_head()
    if as_json:
        shown = {
            "database": str(path),
            "rows": recorded.length,
            "head": recorded.hash,
            "first_bad_row": None if fault is None else fault.sequence,
            "problem": None if fault is None else fault.problem,
            "broken_seals": [finding.problem for finding in broken],
        }
        typer.echo(json.dumps(shown, indent=2))
    else:
        if fault is not None:
            put(f"{path}: {fault.problem}: compare the trail with a backup")
        for finding in broken:
            put(f"{path}: {finding.problem}: {finding.remedy}")
        if fault is None and not broken:
            typer.echo(f"{path}: {recorded.length} rows as they were written")
            typer.echo(f"audit head: {recorded.hash}")
    raise typer.Exit(Exit.ERRORS if broken or fault is not None else Exit.OK)


def _head(text: str) -> str:
    """Take a head as it was noted, in either case and with blanks around it.

    Raises:
        LocalError: it is none.
    """
    head = text.strip().lower()
    if re.fullmatch("[0-9a-f]{64}", head) is None:
        raise LocalError(
            f"--head {one_line(text)!a} is no head: give the 64 hex digits that were printed"
        )
    return head
