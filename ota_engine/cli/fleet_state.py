"""``zota estate check``, ``backup`` and ``restore``: whether a fleet's state is sound, and it as one file; decides nothing."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ota_engine.cli.exits import Exit
from ota_engine.cli.fleet_desk import Json, State, fleet_in
from ota_engine.cli.fleet_place import Database, on_server
from ota_engine.cli.remarks import put, remark
from ota_engine.errors import LocalError
from ota_engine.store.location import FLEET_NAME
from ota_engine.wording import counted, utc_text

if TYPE_CHECKING:
    from ota_engine.head_end.backup import BackupMade


def backup_command(
    state: State,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="The file to write; a new one.")
    ],
    with_keys: Annotated[
        bool,
        typer.Option("--with-keys", help="Put the fleet's keys in: guard the file like them."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Write the state into one file, while others use it.

    In it are the database and the ordered images. Without --with-keys the key that signs the audit
    trail and the key of pseudonyms are not: keep them elsewhere. What a gateway keeps, files of
    notices, and certificates and keys of the folder --keys never are.
    """
    from ota_engine.head_end.backup import back_up
    from ota_engine.head_end.trial_clock import clock_of

    if output.exists():
        raise LocalError(f"{output}: exists already: a back-up is never overwritten; name another")
    made = back_up(state, FLEET_NAME, output, clock_of(state)(), keys=with_keys)
    _show(made, output, as_json)


def check_command(state: State, as_json: Json = False) -> None:
    """Look all over a fleet's database without changing it, also while a server uses it.

    Pages, audit trail, and every row that the trail seals. A folder that cannot be written is checked too.
    Exit code 0: sound, 2: defects found, 3: cannot be opened.
    """
    from ota_engine.store.fleet.soundness import inspected, look_all_over

    place = fleet_in(state)
    with inspected(place) as store:
        found = look_all_over(store)
        with store.reading():
            head = store.audit_head() if not found else None
    if as_json:
        shown = {
            "database": str(place),
            "audit_head": None if head is None else head.hash,
            "findings": [finding._asdict() for finding in found],
        }
        typer.echo(json.dumps(shown, indent=2))
    else:
        for finding in found:
            put(f"{finding.where}: {finding.problem}: {finding.remedy}")
        if head is not None:
            put(f"{place}: {counted(head.length, 'line')} of the audit trail as written")
            typer.echo(f"audit head: {head.hash}")
        typer.echo("DEFECTS FOUND" if found else "sound")
    raise typer.Exit(Exit.ERRORS if found else Exit.OK)


def restore_command(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="A back-up.")],
    state: State,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Make a state folder of a back-up; nothing is ever overwritten.

    Stop whoever uses the former state first. What was told to somebody since the back-up is told again
    under the same ids, gateways tell again what they have done, and no counter is used twice. Passwords
    are those of then; nobody is signed in, and tokens and invitations count no more.
    """
    from ota_engine.head_end.backup import restore

    made = restore(source, state, FLEET_NAME, on_server(database))
    _show(made, state, as_json)
    if not made.keys:
        remark(f"{state}: no keys were in it: put fleet-key.pem and estate.key back, too")


def _show(made: "BackupMade", place: Path, as_json: bool) -> None:
    told: dict[str, Any] = {
        "path": str(place),
        "of_utc": made.utc,
        "files": len(made.files),
        "octets": made.size,
        "keys": made.keys,
    }
    if as_json:
        typer.echo(json.dumps(told, indent=2))
    else:
        files = counted(len(made.files), "file")
        put(f"{place}: the state of {utc_text(made.utc)}, {files}, {made.size:,} octets")
