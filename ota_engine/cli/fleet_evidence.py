"""``zota evidence``: exports what proves a campaign, and verifies it for whoever has nothing else."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from images.files import read_bounded
from ota_engine.cli.exits import Exit
from ota_engine.cli.files import write_whole
from ota_engine.cli.fleet_desk import (
    MAX_KEY_BYTES,
    FleetPlace,
    Json,
    fleet_at,
    folder_of,
    opened,
)
from ota_engine.cli.option_groups import grouped
from ota_engine.cli.remarks import put, put_fact
from ota_engine.errors import LocalError
from ota_engine.times import Utc
from ota_engine.wording import utc_text

if TYPE_CHECKING:
    from ota_engine.evidence.pack_check import PackVerdict

MAX_PACK: Final = 4 << 30  # octets
LABELS: Final = 14  # characters that names of facts take
_DIGEST_DIGITS: Final = 64

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def evidence() -> None:
    """Export the evidence of a campaign, and verify it."""


@app.command("export")
@grouped
def export_command(
    campaign: Annotated[str, typer.Argument(metavar="CAMPAIGN", help="Id of the campaign.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="The zip to write.")
    ],
    place: FleetPlace,
    party: Annotated[
        str, typer.Option(metavar="PARTY", help="Only what is this party's: its own homes.")
    ] = "",
    certificates: Annotated[
        Path | None,
        typer.Option(
            "--keystore", metavar="DIR", help="Certificates of devices, to check what they signed."
        ),
    ] = None,
    decisions_years: Annotated[
        float, typer.Option(min=0, metavar="N", help="Decisions and verdicts must be kept so long.")
    ] = 10.0,
    homes_years: Annotated[
        float, typer.Option(min=0, metavar="N", help="What is said of homes must be kept so long.")
    ] = 3.0,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
) -> None:
    """Write everything that proves a campaign into one file, signed by the fleet.

    Decisions with their signatures, verdicts with their inputs, homes with versions before and
    after, notices, what devices signed, the audit trail they are sealed in, and a page for people.
    """
    from ota_engine.evidence.pack import head_of
    from ota_engine.head_end.remote.place import EvidenceOrder

    order = EvidenceOrder(
        campaign,
        party,
        decisions_years,
        homes_years,
        {} if certificates is None else _certificates(certificates),
    )
    with fleet_at(place) as fleet:
        octets = fleet.evidence(order)
    write_whole(output, octets, force=force)
    put(f"wrote {output}: {len(octets):,} octets")
    put(f"audit head: {head_of(octets).hash}")


@app.command("key")
@grouped
def key_command(
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="The public key to write (PEM).")
    ],
    place: FleetPlace,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
) -> None:
    """Write the fleet's public key, for those who will verify what it signs."""
    from ota_engine.store.fleet.keyring import KEY_NAME, FleetKey

    state = folder_of(place)
    with opened(state):
        key = FleetKey.open(state / KEY_NAME)
    write_whole(output, key.public_pem.encode("ascii"), force=force)
    put(f"wrote {output}: give it to whoever verifies")


@app.command("verify")
def verify_command(
    file: Annotated[Path, typer.Argument(readable=False, metavar="FILE", help="A pack (zip).")],
    key: Annotated[
        Path | None,
        typer.Option("--key", metavar="FILE", help="The fleet's public key (PEM), as you know it."),
    ] = None,
    head: Annotated[
        str | None,
        typer.Option("--head", metavar="HEX", help="A head noted earlier, from a letter say."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Verify a pack with nothing but itself and what you know of the fleet.

    With neither --key nor --head a pack is checked against the key that it brings: compare its
    SHA-256 with the one you know. Exit code 0: it verifies, 2: it does not, 3: it cannot be read.
    """
    from ota_engine.evidence.pack_check import KnownFleet, verify_pack

    known = KnownFleet(None if key is None else _public(key), None if head is None else _head(head))
    found = verify_pack(read_bounded(file, MAX_PACK), known)
    if as_json:
        _print_json(found)
    else:
        _print_text(file, found)
    raise typer.Exit(Exit.OK if found.good else Exit.ERRORS)


def _print_json(found: "PackVerdict") -> None:
    shown = {
        "verifies": found.good,
        "campaign": found.campaign,
        "party": found.party,
        "findings": found.findings,
        "facts": found.facts,
        "retain_until": found.retain_until,
        "fleet_key_sha256": found.key_sha256,
        "audit_head": found.head,
    }
    typer.echo(json.dumps(shown, indent=2))


def _print_text(file: Path, found: "PackVerdict") -> None:
    for finding in found.findings:
        put(f"{file}: {finding}")
    if not found.good:
        put(f"{file}: does NOT verify: ask its sender for another one")
        return
    whose = f"the homes of {found.party}" if found.party else "all homes"
    put(f"{file}: verifies: {found.campaign}, {whose}")
    for name, fact in found.facts.items():
        put_fact(name, fact, LABELS)
    for what, until in found.retain_until.items():
        put_fact("to be kept", f"{what} until {utc_text(Utc(until)).split()[0]}", LABELS)


def _certificates(folder: Path) -> dict[str, bytes]:
    files = {
        path.name: read_bounded(path, MAX_KEY_BYTES) for path in sorted(folder.glob("*-ds.pem"))
    }
    if not files:
        raise LocalError(f"{folder}: no certificate in it: they are named <eui64>-ds.pem")
    return files


def _public(path: Path) -> str:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    octets = read_bounded(path, MAX_KEY_BYTES)
    try:
        load_pem_public_key(octets)
        return octets.decode("ascii")
    except (ValueError, UnsupportedAlgorithm):
        raise LocalError(f"{path}: no public key: give the fleet's PEM file") from None


def _head(text: str) -> str:
    head = text.strip().lower()
    if len(head) != _DIGEST_DIGITS or any(digit not in "0123456789abcdef" for digit in head):
        raise LocalError("--head is no head: give the 64 hex digits of a letter, or as printed")
    return head
