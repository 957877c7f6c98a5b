"""``zota release``: releases, their papers, their paths and their approval."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from ota_engine.cli.columns import Column, Room, TableRow, show, show_table
from ota_engine.cli.files import write_whole
from ota_engine.cli.fleet_acts import add_acts
from ota_engine.cli.fleet_desk import (
    As,
    Deciding,
    DecisionKey,
    FleetPlace,
    Json,
    Key,
    Reason,
    Revision,
    fleet_at,
    folder_of,
    opened,
    take,
    text_of,
)
from ota_engine.cli.image_options import number
from ota_engine.cli.option_groups import grouped
from ota_engine.cli.remarks import put
from ota_engine.errors import LocalError
from ota_engine.fleet.releases.repository import (
    EditPaths,
    EnterRepository,
    RepositoryEntry,
    StatedPath,
)
from ota_engine.fleet.releases.rows import PathKnowledge, PathStanding
from ota_engine.wording import counted

MAX_REPOSITORY = 16 << 20  # octets

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
repository = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def release() -> None:
    """Enter, test, approve and retire releases."""


@app.command("list")
@grouped
def list_command(place: FleetPlace, as_json: Json = False) -> None:
    """List releases and where they stand."""
    from ota_engine.head_end.questions.releases import AskReleases

    with fleet_at(place) as fleet:
        rows = fleet.ask(AskReleases()).items
    if as_json:
        told = [
            {
                "release": one.release,
                "variant": one.variant,
                "version": one.version,
                "type": one.type,
                "status": one.status,
                "revision": one.revision,
            }
            for one in rows
        ]
        typer.echo(json.dumps(told, indent=2))
        return
    if not rows:
        put("no release was entered")
        return
    columns = (
        Column("release"),
        Column("variant"),
        Column("version", right=True),
        Column("type", gives_way=1),
        Column("status"),
        Column("rev", right=True),
    )
    lines = [
        TableRow(
            (
                one.release,
                one.variant,
                f"{one.version:#010x}",
                one.type,
                one.status,
                str(one.revision),
            )
        )
        for one in rows
    ]
    show_table(columns, lines)


@app.command("show")
@grouped
def show_command(
    release: Annotated[str, typer.Argument(metavar="RELEASE", help="Its id.")],
    place: FleetPlace,
    as_json: Json = False,
) -> None:
    """Show a release: steps taken and missing, share of homes tested, dates, defects, paths."""
    from ota_engine.cli.release_screen import release_lines
    from ota_engine.head_end.questions.releases import AskRelease

    with fleet_at(place) as fleet:
        report = fleet.ask(AskRelease(release))
    if as_json:
        typer.echo(json.dumps(report.as_values(), indent=2))
    else:
        show(release_lines(report, Room.of(sys.stdout).columns))


@app.command("images")
@grouped
def images_command(
    catalogue: Annotated[
        Path, typer.Argument(readable=False, metavar="DIR", help="A folder of zota catalogue.")
    ],
    place: FleetPlace,
) -> None:
    """Tell the fleet which images a catalogue has, and keep those that are approved there for gateways."""
    from ota_engine.catalogue.folder import Catalogue
    from ota_engine.head_end.catalogued import copy_catalogue, shelve_images
    from ota_engine.head_end.image_shelf import IMAGES_NAME, ImageShelf

    state = folder_of(place)
    with opened(state) as desk:
        found = Catalogue(catalogue)
        shelve_images(found, ImageShelf(state / IMAGES_NAME))
        images = copy_catalogue(found, desk.store)
    put(f"{counted(images, 'image')} of {catalogue} known to the fleet")


@app.command("path")
@grouped
def path_command(
    cpl: Annotated[str, typer.Argument(metavar="CPL", help="Entry of the version reached.")],
    place: FleetPlace,
    person: As,
    variant: Annotated[str, typer.Option(metavar="VARIANT", help="Id of the device variant.")],
    version: Annotated[
        int, typer.Option(parser=number, metavar="N", help="That version, 0x for hexadecimal.")
    ],
    paths: Annotated[
        list[str] | None,
        typer.Option("--from", metavar="CPL=STANDING", help="A version it is reached from."),
    ] = None,
    none: Annotated[bool, typer.Option("--none", help="It is known that there is none.")] = False,
    source: Annotated[str, typer.Option(metavar="TEXT", help="Who says so.")] = "",
    key: Key = None,
    reason: Reason = "",
    revision: Revision = None,
    decision_key: DecisionKey = "",
    as_json: Json = False,
) -> None:
    """State from which versions one may be reached: mandatory, best endeavours or unknown.

    Without --from and --none it is stated that nobody knows.
    """
    if none and paths:
        raise LocalError("--none says that there is no path: leave --from out")
    stated = tuple(_stated(text, source) for text in paths or ())
    missing = PathKnowledge.NONE if none else PathKnowledge.UNKNOWN
    entry = RepositoryEntry(
        cpl, variant, version, PathKnowledge.STATED if stated else missing, stated
    )
    how = Deciding(place, person, key, reason, revision, decision_key, as_json)
    take(EditPaths(entry), how)


@repository.command("import")
@grouped
def import_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV, a path to a line.")],
    place: FleetPlace,
    person: As,
    key: Key = None,
    reason: Reason = "",
    decision_key: DecisionKey = "",
    as_json: Json = False,
) -> None:
    """Take the Firmware Information Repository from a CSV file."""
    from ota_engine.fleet.releases.repository_file import read_repository

    try:
        entries = read_repository(text_of(file, MAX_REPOSITORY).splitlines())
    except LocalError as error:
        raise LocalError(f"{file}: {error}") from None
    take(
        EnterRepository(entries),
        Deciding(place, person, key, reason, None, decision_key, as_json),
    )


@repository.command("export")
@grouped
def export_command(
    file: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="CSV.")],
    place: FleetPlace,
    force: Annotated[bool, typer.Option("--force", help="Overwrite it.")] = False,
) -> None:
    """Write the Firmware Information Repository as a CSV file."""
    from ota_engine.fleet.releases.repository_file import write_repository
    from ota_engine.head_end.questions.releases import AskPaths

    with fleet_at(place) as fleet:
        known = fleet.ask(AskPaths())
    lines = write_repository(known.entries, known.paths)
    write_whole(file, "".join(f"{line}\n" for line in lines).encode(), force=force)
    put(f"wrote {file}: {len(known.entries):,} versions")


def _stated(text: str, source: str) -> StatedPath:
    name, _, standing = text.partition("=")
    try:
        return StatedPath(name, PathStanding(standing or PathStanding.UNKNOWN), source)
    except ValueError:
        raise LocalError(
            f"--from {text!a}: give CPL=STANDING, one of {', '.join(PathStanding)}"
        ) from None


app.add_typer(repository, name="repository", help="The Firmware Information Repository as CSV.")
add_acts(app, "release", {})
