"""``zota store``: shows what the store says of a database, queues dead letters again, and moves it."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from images.eui64 import format_eui64
from ota_engine.canonical import canonical_json
from ota_engine.cli.database import chosen_database
from ota_engine.cli.exits import Exit
from ota_engine.cli.remarks import put
from ota_engine.cli.store_move import move_command
from ota_engine.errors import LocalError
from ota_engine.records import AuditRecord
from ota_engine.times import Utc
from ota_engine.wall_clock import this_machine
from ota_engine.wording import one_line, utc_text

if TYPE_CHECKING:
    from ota_engine.store.dispatches import Dispatches, PendingDispatch

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Database = Annotated[
    str | None, typer.Argument(metavar="DB", help="The database: its file, or a URL.")
]
State = Annotated[
    Path | None, typer.Option("--state", metavar="DIR", help="The state directory it lies in.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.callback()
def store() -> None:
    """Check an engine's database, move it, and see to the outcomes that nobody took."""


app.command("move")(move_command)


@app.command("check")
def check_command(database: Database = None, state: State = None, as_json: Json = False) -> None:
    """Look all over a database without changing it, also while an engine uses it.

    Pages, schema, relations, images against their hashes and headers, outbox, audit trail, and the
    outcomes, orders and pushes against what the trail says of them. A folder that cannot be
    written is checked too. It is for a hub's records; a fleet is looked over by zota estate check.
    Exit code 0: sound, 2: defects found, 3: cannot be opened.
    """
    from ota_engine.store.holds import size_of, who_holds
    from ota_engine.store.store import Store

    path = chosen_database(database, state)
    with Store.inspect(path) as opened:
        report = opened.check()
    user, octets = who_holds(path), size_of(path)
    if as_json:
        findings = [finding._asdict() for finding in report.findings]
        shown = report._asdict() | {"findings": findings, "in_use_by": user, "octets": octets}
        typer.echo(json.dumps(shown, indent=2))
    else:
        for finding in report.findings:
            put(f"{finding.where}: {finding.problem}: {finding.remedy}")
        rows = ", ".join(f"{count} {table}" for table, count in report.rows.items() if count)
        put(f"{path}: schema {report.schema}; {rows or 'no rows'}; {octets / 2**20:,.1f} MiB")
        typer.echo(f"audit head: {report.audit_head}")
        if report.sealed_as_found:
            put(
                f"{report.sealed_as_found} rows were recorded before the chain covered them: they "
                "are sealed as they were found then"
            )
        typer.echo(f"in use by {user}" if user else "not in use")
        typer.echo("DEFECTS FOUND" if report.findings else "sound")
    raise typer.Exit(Exit.ERRORS if report.findings else Exit.OK)


@app.command("dead-letters")
def dead_letters_command(
    database: Database = None, state: State = None, as_json: Json = False
) -> None:
    """Show the outcomes that a sink refused, or did not take in time; also beside an engine.

    Exit code 0: there are none, 2: there are some, 3: the database cannot be opened.
    """
    from ota_engine.store.store import Store

    path = chosen_database(database, state)
    with Store.inspect(path) as opened:
        dead, counts = opened.dispatches.dead(), opened.dispatches.counts()
        audiences = opened.dispatches.sinks()
        oldest = {sink: _oldest(opened.dispatches, sink) for sink in counts}
    if as_json:
        shown = {
            "database": str(path),
            "sinks": counts,
            "audiences": audiences,
            "waiting_since": oldest,
            "dead": [_plain(each) for each in dead],
        }
        typer.echo(json.dumps(shown, indent=2))
    else:
        for letter in dead:
            typer.echo(_line(letter))
        for sink, states in counts.items():
            line = ", ".join(f"{n} {state}" for state, n in states.items())
            since = oldest[sink]
            waits = "" if since is None else f"; the oldest waits since {utc_text(since)}"
            typer.echo(f"{sink} (for {audiences[sink]}): {line}{waits}")
        if dead:
            typer.echo("queue them again with 'zota store requeue'")
    raise typer.Exit(Exit.ERRORS if dead else Exit.OK)


@app.command("requeue")
def requeue_command(
    database: Database = None,
    state: State = None,
    key: Annotated[
        list[str] | None, typer.Option("--id", metavar="ID", help="An outcome; repeatable.")
    ] = None,
    sink: Annotated[str | None, typer.Option(metavar="NAME", help="Only for this sink.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every dead letter.")] = False,
    as_json: Json = False,
) -> None:
    """Queue dead letters again, as if nobody had tried; the next engine delivers them.

    The engine must not be running. Exit code 0: queued, 2: there is no such dead letter, 3: the
    database cannot be opened or is in use.
    """
    from ota_engine.store.store import Store

    if bool(key) == everything:
        raise LocalError("which dead letters? name them with --id, or give --all")
    path = chosen_database(database, state)
    with Store.open(path, create=False, owner="zota store requeue") as opened:
        chosen = _chosen(opened.dispatches.dead(sink), key)
        opened.dispatches.requeue(chosen)
        opened.apply([_requeued(letter, this_machine()) for letter in chosen])
    if as_json:
        queued = [{"id": each.outcome.key, "sink": each.sink} for each in chosen]
        typer.echo(json.dumps({"database": str(path), "requeued": queued}, indent=2))
    else:
        typer.echo(f"queued again: {len(chosen)}")


def _oldest(dispatches: "Dispatches", sink: str) -> Utc | None:
    """When the outcome happened that has waited longest for a sink: how stale its receiver is."""
    waiting = dispatches.waiting(sink, 1)
    return waiting[0].utc if waiting else None


def _chosen(dead: "Sequence[PendingDispatch]", keys: list[str] | None) -> "list[PendingDispatch]":
    missing = set(keys or ()) - {letter.outcome.key for letter in dead}
    if missing:
        raise LocalError(
            f"{min(missing)!a} is no dead letter: 'zota store dead-letters' shows which there are"
        )
    return [letter for letter in dead if keys is None or letter.outcome.key in keys]


def _requeued(letter: "PendingDispatch", utc: Utc) -> AuditRecord:
    detail = canonical_json({"problem": letter.problem, "sink": letter.sink})
    return AuditRecord(utc, "zota store requeue", "requeue", letter.outcome.key, detail)


def _plain(letter: "PendingDispatch") -> dict[str, object]:
    outcome = letter.outcome
    return {
        "id": outcome.key,
        "sink": letter.sink,
        "utc": outcome.utc,
        "device": format_eui64(outcome.device),
        "kind": outcome.kind,
        "verdict": outcome.verdict,
        "attempts": letter.attempts,
        "problem": letter.problem,
    }


def _line(letter: "PendingDispatch") -> str:
    outcome = letter.outcome
    what = f"{outcome.kind} of {format_eui64(outcome.device)} {outcome.verdict}"
    tried = f"{letter.attempts} attempts" if letter.attempts != 1 else "1 attempt"
    return one_line(f"{letter.sink}: {outcome.key}: {what}: {letter.problem}") + f" ({tried})"
