"""``zota store``: shows what the store says of a database."""

import json
from pathlib import Path
from typing import Annotated

import typer

from ota_engine.cli.database import chosen_database
from ota_engine.cli.exits import Exit

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Database = Annotated[Path | None, typer.Argument(metavar="DB", help="The database file.")]
State = Annotated[
    Path | None, typer.Option("--state", metavar="DIR", help="The state directory it lies in.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.callback()
def store() -> None:
    """Check an engine's database."""


@app.command("check")
def check_command(database: Database = None, state: State = None, as_json: Json = False) -> None:
    """Look all over a database without changing it, also while an engine uses it.

    Pages, schema, relations, images against their hashes, outbox and audit trail. Exit code 0:
    sound, 2: defects found, 3: cannot be opened.
    """
    from ota_engine.store.lease import holder
    from ota_engine.store.store import Store

    path = chosen_database(database, state)
    with Store.inspect(path) as opened:
        report = opened.check()
    user = holder(path)
    if as_json:
        findings = [finding._asdict() for finding in report.findings]
        shown = report._asdict() | {"findings": findings, "in_use_by": user}
        typer.echo(json.dumps(shown, indent=2))
    else:
        for finding in report.findings:
            typer.echo(f"{finding.where}: {finding.problem}: {finding.remedy}")
        rows = ", ".join(f"{count} {table}" for table, count in report.rows.items() if count)
        typer.echo(f"{path}: schema {report.schema}; {rows or 'no rows'}")
        typer.echo(f"in use by {user}" if user else "not in use")
        typer.echo("DEFECTS FOUND" if report.findings else "sound")
    raise typer.Exit(Exit.ERRORS if report.findings else Exit.OK)
