"""``zota pki``: reads options, has the PKI made, writes it; decides nothing."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from cryptography.hazmat.primitives.asymmetric import ec

from images.eui64 import format_eui64
from ota_engine.cli.image_options import AsJson, eui64
from ota_engine.cli.key_folder import write_key_folder
from ota_engine.errors import LocalError
from ota_engine.gbcs.pki import DEVICES, ORGANISATIONS, PkiDevice, make_pki

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, add_completion=False)

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty folder.")]
MoreDevices = Annotated[
    list[int] | None,
    typer.Option("--device", parser=eui64, metavar="EUI64", help="One more device; repeatable."),
]


@app.callback()
def pki() -> None:
    """Make the certificates and keys of a test PKI."""


@app.command()
def init(folder: Folder, device: MoreDevices = None, as_json: AsJson = False) -> None:
    """Make a complete test PKI: authorities, parties, one set of keys per device.

    For tests only: its certificates say so, and no real device or system trusts them.
    """
    devices = DEVICES + tuple(
        PkiDevice(f"device-{number}", one) for number, one in enumerate(device or (), 1)
    )
    _require_distinct(devices)
    files = make_pki(
        datetime.now(UTC), lambda: ec.generate_private_key(ec.SECP256R1()), devices=devices
    )
    write_key_folder(folder, files)
    rows = [(party.name, format_eui64(party.eui64)) for party in ORGANISATIONS]
    rows += [(one.name, format_eui64(one.eui64)) for one in devices]
    if as_json:
        parties = [{"name": name, "eui64": whose} for name, whose in rows]
        typer.echo(json.dumps({"path": str(folder), "files": len(files), "parties": parties}))
        return
    for name, whose in rows:
        typer.echo(f"{whose}  {name}")
    typer.echo(f"{len(files)} files in {folder}; private keys are readable by you alone")


def _require_distinct(devices: tuple[PkiDevice, ...]) -> None:
    seen = {party.eui64 for party in ORGANISATIONS}
    for device in devices:
        if device.eui64 in seen:
            raise LocalError(f"{format_eui64(device.eui64)} is in the PKI already: leave it out")
        seen.add(device.eui64)
