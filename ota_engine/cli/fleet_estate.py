"""``zota estate``: begins a fleet, and keeps who takes part and which homes there are."""

import json
import sys
import tomllib
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from images.strict_toml import read_toml
from ota_engine.cli import fleet_state
from ota_engine.cli.columns import Column, Room, TableRow, show, show_table
from ota_engine.cli.exits import Exit
from ota_engine.cli.files import write_key_file
from ota_engine.cli.fleet_acts import add_acts
from ota_engine.cli.fleet_desk import (
    As,
    Deciding,
    FleetPlace,
    Json,
    Key,
    fleet_at,
    folder_of,
    give,
    opened,
    show_reply,
    text_of,
    whole,
)
from ota_engine.cli.fleet_place import Database, settled
from ota_engine.cli.option_groups import grouped
from ota_engine.cli.remarks import put, remark
from ota_engine.errors import LocalError
from ota_engine.fleet.inventory.importing import ImportKind
from ota_engine.fleet.parties.acts import FoundEstate
from ota_engine.wall_clock import this_machine
from ota_engine.wording import counted

if TYPE_CHECKING:
    from ota_engine.head_end.listings import BadLine
    from ota_engine.head_end.remote.place import ReachedFleet


app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def estate() -> None:
    """Begin a fleet; keep its parties, persons and homes."""


@app.command("key")
def key_command(
    name: Annotated[str, typer.Argument(metavar="FILE", help="FILE.key and FILE.pub are made.")],
) -> None:
    """Make the keys of a person: FILE.key, which signs and is shown to nobody, and FILE.pub."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        PublicFormat,
    )

    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    _write_new(Path(f"{name}.key"), private, secret=True)
    _write_new(Path(f"{name}.pub"), public, secret=False)
    put(f"made {name}.key, which signs, and {name}.pub, which others need")


@app.command("init")
@grouped
def init_command(
    founders: Annotated[
        Path, typer.Argument(metavar="FILE", help="The operator and its two founders (TOML).")
    ],
    place: FleetPlace,
    person: As,
    key: Key = None,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why; it is kept.")] = "",
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Make a state folder, and register the operator and its first two persons.

    With --database the fleet is kept on a PostgreSQL server, and database.toml in the folder says where;
    every other command finds it there. Its schema there is fleet; several fleets in one database
    need several: --database 'URL?schema=NAME'. A password comes from ~/.pgpass, PGPASSFILE or PGPASSWORD.
    FILE has party, name and two tables [[persons]] with id, name and key, the file of a public key
    beside it. One of the two decides and signs. Exit code 0: founded, 2: refused, 3: no folder.
    """
    from ota_engine.head_end.remote.local import LocalPlace

    act = _founding(founders)
    how = Deciding(place, person, key, reason, None, "", as_json)
    state = folder_of(place)
    with settled(state, database):
        with opened(state, create=True) as desk:
            told = give(LocalPlace(desk, state, this_machine), act, how)
        if not told["accepted"]:
            show_reply(told, as_json=as_json)
    show_reply(told, as_json=as_json)


@app.command("people")
@grouped
def people_command(place: FleetPlace, as_json: Json = False) -> None:
    """List parties and persons."""
    from ota_engine.head_end.questions.estate import AskParties, AskPersons

    with fleet_at(place) as fleet:
        parties = fleet.ask(AskParties()).items
        persons = fleet.ask(AskPersons()).items
    if as_json:
        shown = {
            "parties": [
                {
                    "party": one.party,
                    "name": one.name,
                    "roles": list(one.roles),
                    "ids": list(one.ids),
                }
                for one in parties
            ],
            "persons": [
                {"person": one.person, "party": one.party, "active": one.active, "key": one.key}
                for one in persons
            ],
        }
        typer.echo(json.dumps(shown, indent=2))
        return
    columns = (Column("party"), Column("person"), Column("name"))
    rows = [TableRow((one.party, "", one.name), ", ".join(one.roles)) for one in parties]
    rows += [
        TableRow((one.party, one.person, one.name), "" if one.active else one.changed)
        for one in persons
    ]
    rows.sort(key=lambda row: (str(row.cells[0]), str(row.cells[1])))
    show_table(columns, rows, "roles")


@app.command("import")
@grouped
def import_command(
    file: Annotated[
        Path, typer.Argument(readable=False, metavar="FILE", help="CSV, JSON or JSON lines.")
    ],
    kind: Annotated[ImportKind, typer.Option("--list", help="What the file lists.")],
    place: FleetPlace,
    person: As,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would become of it; take nothing.")
    ] = False,
    take_others: Annotated[
        bool, typer.Option("--take-others", help="Take the good lines although some are bad.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Take variants, homes, devices or registration data from a file: all of it, or nothing.

    Every bad line is named on standard error. Exit code 0: taken, or it would be, 2: lines are bad.
    """
    from ota_engine.head_end.remote.place import ImportOrder

    order = ImportOrder(kind, person, dry_run, take_others)
    with fleet_at(place) as fleet:
        _refuse_stranger(fleet, person)
        with file.open("rb") as stream:
            try:
                report = fleet.import_list(order, stream, partial(_say_bad, file))
            except LocalError as error:
                raise LocalError(f"{file}: {error}") from error
    if as_json:
        typer.echo(json.dumps(report._asdict(), indent=2))
    else:
        told = "taken" if report.taken else "not taken"
        told = "would be taken" if dry_run and not report.bad else told
        counts = f"{report.new:,} new, {report.known:,} known, {report.bad:,} bad"
        put(f"{file}: {counted(report.lines, 'line')} of {report.kind}: {told}; {counts}")
    raise typer.Exit(Exit.ERRORS if report.bad and not report.taken else Exit.OK)


def _refuse_stranger(fleet: "ReachedFleet", name: str) -> None:
    from ota_engine.head_end.questions.estate import AskPersons

    if not any(one.person == name and one.active for one in fleet.ask(AskPersons()).items):
        raise LocalError(f"{name} is not registered: register the person first")


def _say_bad(file: Path, line: "BadLine") -> None:
    remark(f"{file}: line {line.line}: {line.text}")


@app.command("show")
@grouped
def show_command(place: FleetPlace, as_json: Json = False) -> None:
    """Show which versions run where: N, N-1 and older by variant, and configuration sets."""
    from ota_engine.cli.estate_screen import estate_lines
    from ota_engine.head_end.questions.estate import AskEstate

    with fleet_at(place) as fleet:
        report = fleet.ask(AskEstate())
    if as_json:
        typer.echo(json.dumps(report.as_values(), indent=2))
    else:
        show(estate_lines(report, Room.of(sys.stdout).columns))


@app.command("homes")
@grouped
def homes_command(
    place: FleetPlace,
    variant: Annotated[
        str, typer.Option(metavar="ID", help="With a commissioned device of this product.")
    ] = "",
    version: Annotated[
        str,
        typer.Option(
            metavar="TEXT", help="That runs: n, n-1, older, ahead, unknown, or hex digits."
        ),
    ] = "",
    region: Annotated[str, typer.Option(metavar="NAME", help="In this region.")] = "",
    supplier: Annotated[
        str, typer.Option(metavar="PARTY", help="For which this party answers now.")
    ] = "",
    most: Annotated[int, typer.Option("--most", min=1, metavar="N", help="The first N.")] = 50,
    as_json: Json = False,
) -> None:
    """List homes, all or those with a product that runs some version."""
    from ota_engine.cli.estate_screen import estate_home_lines
    from ota_engine.head_end.questions.home_lists import AskHomes

    wanted = AskHomes(region=region, supplier=supplier, variant=variant, version=version)
    with fleet_at(place) as fleet:
        homes, total = whole(fleet, wanted, most)
    if as_json:
        typer.echo(json.dumps({"total": total, "homes": [asdict(one) for one in homes]}, indent=2))
        return
    show(estate_home_lines(homes, Room.of(sys.stdout).columns))
    put(f"{len(homes):,} of {counted(total, 'home')}")


@app.command("sample")
@grouped
def sample_command(place: FleetPlace, person: As) -> None:
    """Count anew which models and versions stand together in homes: the strata of campaigns."""
    from ota_engine.head_end.sampling import sample_estate

    with opened(folder_of(place)) as desk:
        sets = sample_estate(desk.store, person, this_machine())
    put(
        f"{counted(len(sets), 'configuration set')} in {counted(sum(s.homes for s in sets), 'home')}"
    )


@app.command("gained")
@grouped
def gained_command(
    party: Annotated[str, typer.Argument(metavar="PARTY", help="The supplier.")],
    place: FleetPlace,
    days: Annotated[
        float, typer.Option(metavar="N", min=0, help="Changes of so many days back.")
    ] = 30.0,
    ahead: Annotated[
        float, typer.Option(metavar="N", min=0, help="And those told for the next N days.")
    ] = 30.0,
    as_json: Json = False,
) -> None:
    """Show what a supplier came to answer for: models, versions, images, paths, contact."""
    from ota_engine.cli.release_screen import gained_lines
    from ota_engine.head_end.questions.estate import AskGained

    with fleet_at(place) as fleet:
        models = fleet.ask(AskGained(party, days, ahead)).items
    if as_json:
        told = [{**model._asdict(), "variant": model.variant.variant} for model in models]
        typer.echo(json.dumps(told, indent=2))
    else:
        show(gained_lines(models, Room.of(sys.stdout).columns))


def _founding(path: Path) -> FoundEstate:
    try:
        values = read_toml(text_of(path))
        persons = tuple(
            (str(row["id"]), str(row["name"]), text_of(path.parent / row["key"]))
            for row in values["persons"]
        )
        return FoundEstate(str(values["party"]), str(values["name"]), persons)
    except tomllib.TOMLDecodeError as error:
        raise LocalError(f"{path}: not TOML: {error}") from None
    except KeyError as error:
        raise LocalError(f"{path}: it has no {error}: add it") from None
    except TypeError:
        raise LocalError(
            f"{path}: persons are no tables: write [[persons]] with id, name and key"
        ) from None


def _write_new(path: Path, octets: bytes, *, secret: bool) -> None:
    try:
        write_key_file(path, octets, secret=secret)
    except FileExistsError:
        raise LocalError(f"{path}: exists already: keys are never overwritten") from None


app.command("check")(fleet_state.check_command)
app.command("backup")(fleet_state.backup_command)
app.command("restore")(fleet_state.restore_command)
add_acts(
    app,
    "estate",
    {
        "party": "Register and change parties.",
        "person": "Register, confirm and remove persons.",
    },
)
