"""``zota duis make``: reads options and files, has a request made, writes it; decides nothing."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NamedTuple

import typer

from images.eui64 import Eui64
from images.files import read_bounded
from ota_engine.cli.engine_options import later
from ota_engine.cli.extras import require
from ota_engine.cli.files import write_whole
from ota_engine.cli.image_options import eui64, sha256
from ota_engine.cli.option_groups import grouped
from ota_engine.cli.remarks import remark
from ota_engine.errors import LocalError
from ota_engine.times import Utc
from ota_engine.wall_clock import this_machine
from ota_engine.wording import counted

if TYPE_CHECKING:
    from ota_engine.service_user.forms import Wishes
    from ota_engine.service_user.making import SupplierCredentials

DEFAULT_STATE: Final = Path("service-user")
STDOUT: Final = Path("-")
MOST_LIST_BYTES: Final = 8 << 20
MOST_CERTIFICATE_BYTES: Final = 1 << 16

UserState = Annotated[
    Path,
    typer.Option(
        "--state", metavar="DIR", help="The user's folder: counters, requests, documents."
    ),
]
User = Annotated[
    Eui64 | None, typer.Option("--user", parser=eui64, metavar="EUI64", help="Who asks.")
]


class RequestFrame(NamedTuple):
    """What goes around every request."""

    user: User = None
    template: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Instead of a service: a request; all of it stays but user, device and counter.",
        ),
    ] = None
    counter: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="This originator counter, not the next."),
    ] = None
    command_variant: Annotated[
        int | None, typer.Option(min=1, max=8, metavar="1-8", help="Not the usual one.")
    ] = None
    schema_version: Annotated[
        str | None,
        typer.Option(metavar="VERSION", help="Of DUIS, as the document claims; 5.4 by default."),
    ] = None


class FirmwareWishes(NamedTuple):
    """What requests about firmware say."""

    device: Annotated[
        list[Eui64] | None,
        typer.Option(parser=eui64, metavar="EUI64", help="For this device; repeatable."),
    ] = None
    devices: Annotated[
        Path | None,
        typer.Option(readable=False, metavar="FILE", help="For those of a list: CSV, one a line."),
    ] = None
    image: Annotated[
        Path | None,
        typer.Option(readable=False, metavar="FILE", help="11.1, 11.4, 11.3: the OTA file."),
    ] = None
    version: Annotated[
        str | None, typer.Option(metavar="TEXT", help="As the CPL has it; by default the image's.")
    ] = None
    digest: Annotated[
        bytes | None,
        typer.Option("--hash", parser=sha256, metavar="HEX", help="11.3: instead of --image."),
    ] = None
    at: Annotated[
        Utc | None,
        typer.Option(parser=later, metavar="TIME", help="When: 2026-07-01T02:00, or +90s."),
    ] = None
    cancel: Annotated[bool, typer.Option("--cancel", help="11.3: take back what was dated.")] = (
        False
    )


class HomeWishes(NamedTuple):
    """What requests about homes and their inventory say."""

    mpxn: Annotated[str | None, typer.Option(metavar="TEXT", help="A meter point.")] = None
    secondary_import_mpan: Annotated[
        str | None, typer.Option(metavar="TEXT", help="8.4: a meter point.")
    ] = None
    export_mpan: Annotated[str | None, typer.Option(metavar="TEXT", help="8.4: likewise.")] = None
    uprn: Annotated[str | None, typer.Option(metavar="N", help="8.2: a property.")] = None
    post_code: Annotated[str | None, typer.Option(metavar="TEXT", help="8.2: with --address.")] = (
        None
    )
    address: Annotated[str | None, typer.Option(metavar="TEXT", help="8.2: its identifier.")] = None
    since: Annotated[
        Utc | None,
        typer.Option(parser=later, metavar="TIME", help="3.2: what was before is hidden."),
    ] = None
    keys: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="6.23: the gaining supplier's certificates."),
    ] = None


class InventoryWishes(NamedTuple):
    """What 8.4 and 12.2 say of a device."""

    status: Annotated[str | None, typer.Option(metavar="WORD", help="8.4: of a device.")] = None
    hub_status: Annotated[str | None, typer.Option(metavar="WORD", help="8.4: of a hub.")] = None
    delete: Annotated[bool, typer.Option("--delete", help="8.4: forget it.")] = False
    device_type: Annotated[
        str | None, typer.Option(metavar="TYPE", help="12.2: such as HCALCS.")
    ] = None
    manufacturer: Annotated[str | None, typer.Option(metavar="TEXT", help="8.4, 12.2.")] = None
    model: Annotated[str | None, typer.Option(metavar="TEXT", help="8.4, 12.2.")] = None
    smets_version: Annotated[str | None, typer.Option(metavar="TEXT", help="8.4, 12.2.")] = None
    esme_variant: Annotated[str | None, typer.Option(metavar="TEXT", help="8.4, 12.2.")] = None
    gpf: Annotated[
        Eui64 | None, typer.Option(parser=eui64, metavar="EUI64", help="12.2: of a GSME.")
    ] = None


@grouped
def make_command(
    *,
    service: Annotated[
        str | None,
        typer.Argument(
            metavar="SERVICE", help="11.1, 11.2, 11.3, 11.4, 8.2, 8.4, 12.2, 3.2, 6.23."
        ),
    ] = None,
    frame: RequestFrame,
    firmware: FirmwareWishes,
    place: HomeWishes,
    inventory: InventoryWishes,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Where to; - is standard output.")
    ] = STDOUT,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
    state: UserState = DEFAULT_STATE,
) -> None:
    """Make a service request, not signed yet: from options, or from a template.

    Its originator counter is the time in milliseconds, or one more than the last; the folder --state
    remembers it. Exit code 0: it is written; 2: it cannot be made of this, and no counter is used up.
    """
    require("duis", "duis make")
    if (service is None) == (frame.template is None):
        raise LocalError("what is asked for? name a service such as 11.1, or a file by --template")
    wishes = _wishes(frame, firmware, place, inventory)
    if service is None:
        octets = _from_template(frame, wishes, state)
    else:
        octets = _from_wishes(service, frame, wishes, state)
    if output == STDOUT:
        sys.stdout.write(octets.decode() + "\n")
        return
    write_whole(output, octets, force=force)
    remark(f"{output}: {len(octets):,} octets, not signed yet: zota duis sign, or send, signs it")


def _from_wishes(service: str, frame: RequestFrame, wishes: "Wishes", state: Path) -> bytes:
    from ota_engine.duis.documents import write_document
    from ota_engine.duis.writing import write_request
    from ota_engine.service_user.forms import body_of, device_of
    from ota_engine.service_user.making import SCHEMA_VERSION, made_request
    from ota_engine.service_user.state import UserFolder

    if frame.user is None:
        raise LocalError("who asks? give the user's EUI-64 with --user")
    user, device = frame.user, device_of(service, wishes)

    def made(counter: int) -> bytes:
        request = made_request(
            user,
            counter,
            body_of(service, wishes, counter),
            device,
            command_variant=frame.command_variant,
            schema_version=frame.schema_version or SCHEMA_VERSION,
        )
        return write_document(write_request(request))

    made(1)  # whatever is wrong with it uses no counter up
    return made(UserFolder(state).take_counter(user, this_machine(), frame.counter))


def _from_template(frame: RequestFrame, wishes: "Wishes", state: Path) -> bytes:
    from copy import deepcopy

    from ota_engine.duis.documents import MOST_DOCUMENT_OCTETS, parse_document, write_document
    from ota_engine.errors import PeerError
    from ota_engine.service_user.forms import template_device
    from ota_engine.service_user.state import UserFolder
    from ota_engine.service_user.templates import filled, user_of

    path, device = frame.template, template_device(wishes)
    if path is None or frame.command_variant is not None or frame.schema_version is not None:
        raise LocalError(
            "a template has a command variant and a version: leave out --command-variant and"
            " --schema-version"
        )
    try:
        template = parse_document(read_bounded(path, MOST_DOCUMENT_OCTETS))
        user = frame.user or user_of(template)
        filled(deepcopy(template), user, 1, device)
    except PeerError as error:
        raise PeerError(f"{path}: {error}") from None
    counter = UserFolder(state).take_counter(user, this_machine(), frame.counter)
    return write_document(filled(template, user, counter, device)[0])


def _wishes(
    frame: RequestFrame,
    firmware: FirmwareWishes,
    place: HomeWishes,
    inventory: InventoryWishes,
) -> "Wishes":
    from ota_engine.duis.requests import MOST_IMAGE_OCTETS
    from ota_engine.service_user.forms import Wishes

    image = firmware.image
    return Wishes(
        devices=_devices(firmware),
        image=None if image is None else read_bounded(image, MOST_IMAGE_OCTETS),
        version=firmware.version,
        hash=firmware.digest,
        at_utc=firmware.at,
        cancel=firmware.cancel,
        since_utc=place.since,
        credentials=None if place.keys is None else _credentials(place.keys, frame.user),
        **{name: value for name, value in place._asdict().items() if name not in {"since", "keys"}},
        **inventory._asdict(),
    )


def _credentials(folder: Path, user: Eui64 | None) -> "SupplierCredentials":
    """What a gaining supplier's key folder has for 6.23."""
    from cryptography import x509

    from images.certificate_file import load_certificate
    from ota_engine.service_user.making import SupplierCredentials

    def certificate(name: str) -> x509.Certificate:
        path = folder / name
        try:
            return load_certificate(read_bounded(path, MOST_CERTIFICATE_BYTES))
        except ValueError:
            raise LocalError(f"{path}: is no certificate") from None

    eui = f"{user or 0:016x}"
    agreement = folder / f"{eui}-ka.pem"
    return SupplierCredentials(
        certificate(f"{eui}-ds.pem"),
        certificate(agreement.name) if agreement.exists() else None,
        (certificate("issuing.pem"),),
    )


def _devices(firmware: FirmwareWishes) -> tuple[Eui64, ...]:
    """Those named, then those of the list; every bad line of it is told."""
    from ota_engine.service_user.device_lists import read_device_lines

    named = tuple(firmware.device or ())
    if firmware.devices is None:
        return named
    try:
        text = read_bounded(firmware.devices, MOST_LIST_BYTES).decode()
    except UnicodeDecodeError:
        raise LocalError(f"{firmware.devices}: is no text in UTF-8: save it as such") from None
    lines = read_device_lines(text)
    for bad in lines.bad:
        remark(f"{firmware.devices}:{bad.number}: {bad.reason}")
    if lines.bad:
        raise LocalError(
            f"{firmware.devices}: {counted(len(lines.bad), 'line')} cannot be used: mend them, and"
            " make the request again"
        )
    return named + lines.devices
