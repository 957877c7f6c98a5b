"""Each request as a form: which wishes go into it, and what it becomes; knows no file and no clock.

A wish that a form has no place for is refused, so that nobody believes to have asked for it.
"""

from collections.abc import Callable, Mapping
from math import ceil
from types import MappingProxyType
from typing import Final, NamedTuple

from images.errors import ImageError
from images.eui64 import Eui64
from images.model import OtaImage, parse
from ota_engine.duis.requests import (
    CANCELLATION,
    MOST_IMAGE_OCTETS,
    DeviceDetails,
    DevicePrenotification,
    FirmwareActivation,
    ReadFirmwareVersion,
    ReadInventory,
    RequestBody,
    UpdateFirmware,
    UpdateInventory,
)
from ota_engine.errors import LocalError
from ota_engine.service_user.device_lists import require_possible
from ota_engine.service_user.making import (
    SupplierCredentials,
    change_of_supplier,
    restriction,
)
from ota_engine.times import Utc

HASH_OCTETS: Final = 32
METER_POINTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "mpxn": "ImportMPxN",
        "secondary_import_mpan": "SecondaryImportMPAN",
        "export_mpan": "ExportMPAN",
    }
)


class Wishes(NamedTuple):
    """What a user may want to say; None, empty or False for what is not said.

    Attributes:
        devices: that the request is for or about.
        image: octets of an OTA file.
        version: of firmware, as the CPL writes it.
        hash: of the Manufacturer Image.
        at_utc: when it is to be carried out.
        cancel: take back what was dated.
        mpxn: a meter point; imports, where 8.4 tells them apart.
        secondary_import_mpan: likewise.
        export_mpan: likewise.
        uprn: a property.
        post_code: with ``address``.
        address: within the post code.
        status: that a device is to have.
        hub_status: that a Communications Hub is to have.
        delete: forget the device.
        device_type: of a device to be.
        manufacturer: of a device.
        model: of a device.
        smets_version: SMETS or CHTS, of a device.
        esme_variant: of an ESME.
        gpf: that a GSME belongs to.
        since_utc: from when on a new tenant may see.
        credentials: of a gaining supplier.
    """

    devices: tuple[Eui64, ...] = ()
    image: bytes | None = None
    version: str | None = None
    hash: bytes | None = None
    at_utc: Utc | None = None
    cancel: bool = False
    mpxn: str | None = None
    secondary_import_mpan: str | None = None
    export_mpan: str | None = None
    uprn: str | None = None
    post_code: str | None = None
    address: str | None = None
    status: str | None = None
    hub_status: str | None = None
    delete: bool = False
    device_type: str | None = None
    manufacturer: str | None = None
    model: str | None = None
    smets_version: str | None = None
    esme_variant: str | None = None
    gpf: Eui64 | None = None
    since_utc: Utc | None = None
    credentials: SupplierCredentials | None = None

    def said(self) -> frozenset[str]:
        """The names of the wishes that are there."""
        none = Wishes()
        return frozenset(
            name for name in self._fields if getattr(self, name) != getattr(none, name)
        )


class RequestForm(NamedTuple):
    """How one service is asked for.

    Attributes:
        title: what it is about.
        takes: the wishes it has a place for.
        make: the body; is given the wishes, and the counter that names the request.
    """

    title: str
    takes: frozenset[str]
    make: Callable[[Wishes, int], RequestBody]


def body_of(reference: str, wishes: Wishes, counter: int) -> RequestBody:
    """Fill a form.

    Args:
        reference: of the service, such as ``11.3``.
        wishes: what to write into it.
        counter: of the request.

    Raises:
        LocalError: there is no such form, or it cannot be filled with this.
    """
    form = FORMS.get(reference)
    if form is None:
        raise LocalError(f"{reference!a} is no service made here: one of {', '.join(FORMS)}")
    for name in Wishes._fields:
        if name in wishes.said() - form.takes:
            raise LocalError(f"{reference} has no place for {option_of(name)}: leave it out")
    if wishes.at_utc is not None:  # a message of GBCS has whole seconds
        wishes = wishes._replace(at_utc=Utc(ceil(wishes.at_utc)))
    return form.make(wishes, counter)


def device_of(reference: str, wishes: Wishes) -> Eui64 | None:
    """The one device that is asked; None where the DCC is."""
    return one_device(wishes, reference) if reference in ASKED_OF_DEVICES else None


def one_device(wishes: Wishes, reference: str) -> Eui64:
    """The one device that a request is about.

    Raises:
        LocalError: none or several are named.
    """
    if len(wishes.devices) != 1:
        said = "several are named" if wishes.devices else "name it with --device"
        raise LocalError(f"{reference} is about one device: {said}")
    return wishes.devices[0]


def template_device(wishes: Wishes) -> Eui64 | None:
    """The device that is asked instead of a template's, None for that.

    Raises:
        LocalError: something else is wished, or several devices.
    """
    other = next((name for name in Wishes._fields if name in wishes.said() - {"devices"}), None)
    if other is not None:
        raise LocalError(f"a template has a body of its own: leave out {option_of(other)}")
    if len(wishes.devices) > 1:
        raise LocalError("a template is for one device: name one, or leave out --device")
    return wishes.devices[0] if wishes.devices else None


def option_of(name: str) -> str:
    """A wish as a person writes it on the command line."""
    return f"--{OPTIONS.get(name, name.replace('_', '-'))}"


def read_image(octets: bytes) -> OtaImage:
    """Read an OTA file that is to be asked for.

    Raises:
        LocalError: it is none.
    """
    try:
        return parse(octets)
    except ImageError as error:
        raise LocalError(f"the image is no OTA file ({error}): give another with --image") from None


# --- the forms ------------------------------------------------------------------------------------


def _update(reference: str) -> Callable[[Wishes, int], UpdateFirmware]:
    def make(wishes: Wishes, _: int) -> UpdateFirmware:
        if wishes.image is None:
            raise LocalError(f"{reference} brings an image: name its file with --image")
        if len(wishes.image) > MOST_IMAGE_OCTETS:
            raise LocalError(
                f"the image has {len(wishes.image):,} octets: a request carries"
                f" {MOST_IMAGE_OCTETS:,} at most"
            )
        require_possible(wishes.devices)
        version = wishes.version or f"{read_image(wishes.image).header.file_version:08X}"
        return UpdateFirmware(wishes.image, version, wishes.devices, ppmid=reference == "11.4")

    return make


def _activation(wishes: Wishes, _: int) -> FirmwareActivation:
    if (wishes.image is None) == (wishes.hash is None):
        raise LocalError("11.3 names an image: give its file with --image, or its hash with --hash")
    if wishes.cancel and wishes.at_utc is not None:
        raise LocalError("--cancel takes back whatever was dated: leave out --at")
    digest = wishes.hash
    if wishes.image is not None:
        digest = read_image(wishes.image).manufacturer_image_hash
    if digest is None or len(digest) != HASH_OCTETS:
        raise LocalError("the image has no Manufacturer Image Hash: 11.3 is for GB images")
    return FirmwareActivation(digest, CANCELLATION if wishes.cancel else wishes.at_utc)


def _inventory(wishes: Wishes, _: int) -> ReadInventory:
    by = [
        name
        for name, said in (
            ("device", bool(wishes.devices)),
            ("mpxn", wishes.mpxn is not None),
            ("uprn", wishes.uprn is not None),
            ("address", wishes.post_code is not None or wishes.address is not None),
        )
        if said
    ]
    if len(by) != 1 or (wishes.post_code is None) != (wishes.address is None):
        raise LocalError(
            "8.2 shows one home: name it by --device, --mpxn, --uprn, or --post-code and --address"
        )
    return ReadInventory(
        one_device(wishes, "8.2") if by == ["device"] else None,
        wishes.mpxn or "",
        wishes.uprn or "",
        wishes.post_code or "",
        wishes.address or "",
    )


def _correction(wishes: Wishes, _: int) -> UpdateInventory:
    details = DeviceDetails(
        wishes.manufacturer,
        wishes.model,
        wishes.smets_version,
        wishes.version,
        wishes.esme_variant,
    )
    points = [
        (element, value)
        for name, element in METER_POINTS.items()
        if (value := getattr(wishes, name)) is not None
    ]
    said = [wishes.status, wishes.hub_status, details != DeviceDetails(), wishes.delete]
    if len(points) > 1 or len(points) + sum(map(bool, said)) != 1:
        raise LocalError(
            "8.4 changes one thing of a device: --status, --hub-status, --delete, one meter point,"
            " or its details (--manufacturer, --model, --smets-version, --version, --esme-variant)"
        )
    return UpdateInventory(
        one_device(wishes, "8.4"),
        wishes.status or "",
        wishes.hub_status or "",
        None if details == DeviceDetails() else details,
        wishes.delete,
        points[0] if points else None,
    )


def _prenotification(wishes: Wishes, _: int) -> DevicePrenotification:
    needed = ("device_type", "manufacturer", "model")
    missing = next((name for name in needed if not getattr(wishes, name)), None)
    if missing is not None:
        raise LocalError(f"12.2 tells what will be installed: give {option_of(missing)}")
    return DevicePrenotification(
        one_device(wishes, "12.2"),
        wishes.manufacturer or "",
        wishes.model or "",
        wishes.device_type or "",
        wishes.smets_version,
        wishes.version,
        wishes.esme_variant,
        wishes.gpf,
    )


def _restriction(wishes: Wishes, _: int) -> RequestBody:
    if wishes.since_utc is None:
        raise LocalError("3.2 hides what was before a time: give it with --since")
    return restriction(wishes.since_utc, wishes.at_utc)


def _gain(wishes: Wishes, counter: int) -> RequestBody:
    if wishes.credentials is None or wishes.mpxn is None:
        raise LocalError(
            "6.23 puts a gaining supplier's certificates into a meter: give the folder with --keys,"
            " and --mpxn"
        )
    return change_of_supplier(wishes.credentials, counter, wishes.mpxn, wishes.at_utc)


_DETAILS: Final = frozenset(("manufacturer", "model", "smets_version", "version", "esme_variant"))
_FIRMWARE: Final = frozenset(("devices", "image", "version"))
ASKED_OF_DEVICES: Final = frozenset(("11.2", "11.3", "3.2", "6.23"))
#: Wishes whose options have other names.
OPTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {"devices": "device", "at_utc": "at", "since_utc": "since", "credentials": "keys"}
)
FORMS: Final[Mapping[str, RequestForm]] = MappingProxyType(
    {
        "11.1": RequestForm("bring firmware to meters and HCALCS", _FIRMWARE, _update("11.1")),
        "11.2": RequestForm(
            "read a firmware version",
            frozenset(("devices", "at_utc")),
            lambda wishes, _: ReadFirmwareVersion(wishes.at_utc),
        ),
        "11.3": RequestForm(
            "activate firmware",
            frozenset(("devices", "image", "hash", "at_utc", "cancel")),
            _activation,
        ),
        "11.4": RequestForm("bring firmware to PPMIDs", _FIRMWARE, _update("11.4")),
        "8.2": RequestForm(
            "read the inventory",
            frozenset(("devices", "mpxn", "uprn", "post_code", "address")),
            _inventory,
        ),
        "8.4": RequestForm(
            "correct the inventory",
            frozenset(("devices", "status", "hub_status", "delete", *METER_POINTS)) | _DETAILS,
            _correction,
        ),
        "12.2": RequestForm(
            "tell of a device before it is installed",
            frozenset(("devices", "device_type", "gpf")) | _DETAILS,
            _prenotification,
        ),
        "3.2": RequestForm(
            "a new tenant", frozenset(("devices", "since_utc", "at_utc")), _restriction
        ),
        "6.23": RequestForm(
            "gain a supply",
            frozenset(("devices", "credentials", "mpxn", "at_utc")),
            _gain,
        ),
    }
)
