"""Responses and alerts as values (DUIS 5.4, sections 1.5 and 3.6); knows no XML."""

from dataclasses import dataclass, replace
from typing import Final, NamedTuple, TypeAlias

from images.eui64 import Eui64
from ota_engine.duis.requests import RequestId
from ota_engine.times import Utc

MOST_PUSHED_OCTETS: Final = 90_000  # of one pushed document; readers take 100 kB and no more
MOST_LISTED: Final = 3_000  # devices in a document that is pushed: 72,000 octets


class Throttled(NamedTuple):
    """What an alert says of others like it that were held back; firmware has none such.

    Attributes:
        sequence: names the throttling.
        held_back: how many alerts of it were.
    """

    sequence: int | None = None
    held_back: int | None = None


NOT_THROTTLED: Final = Throttled()


@dataclass(frozen=True, slots=True)
class FirmwareWarning:
    """Devices that a firmware update passes over, and why; each list in the order it was asked.

    Attributes:
        ppmid: the answered request is 11.4.
        invalid: unknown, or not of the right type.
        not_commissioned: not commissioned.
        not_applicable: the image is not for it.
        in_progress: another request for it is under way.
        wrong_gbcs: it speaks a version of GBCS that cannot do this.
    """

    ppmid: bool = False
    invalid: tuple[Eui64, ...] = ()
    not_commissioned: tuple[Eui64, ...] = ()
    not_applicable: tuple[Eui64, ...] = ()
    in_progress: tuple[Eui64, ...] = ()
    wrong_gbcs: tuple[Eui64, ...] = ()


@dataclass(frozen=True, slots=True)
class PreCommand:
    """What a critical request becomes before its user signs it.

    Attributes:
        gbcs_version: such as ``4.2``.
        payload: octets of the message, ending in ``00``, the length of the signature to come.
    """

    gbcs_version: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class GbcsPayload:
    """A device's message, as it came."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class FutureDatedAlert:
    """What became of a future dated command at its time: alert 8F66 or 8F67.

    Attributes:
        alert_code: 8F66 actioned, 8F67 not.
        payload: the alert, as it came.
        instruction: of a command with several: which; an activation has one.
        instructions: that the command had.
    """

    alert_code: int
    payload: bytes
    instruction: int = 1
    instructions: int = 1


@dataclass(frozen=True, slots=True)
class InventoryDevice:
    """One device of an inventory; None for what is not said.

    Attributes:
        device: its EUI-64.
        device_type: CHF, GPF, ESME, GSME, PPMID, HCALCS, IHD, CAD.
        status: in the inventory.
        manufacturer: name, 30 characters at most.
        model: name, 30 characters at most.
        smets_chts_version: 1 to 20 characters.
        firmware_version: 1 to 8 characters.
        firmware_status: Active, Cancelled, Expired or Withdrawn.
        cpl_status: the same words.
        commissioned_utc: its date, in UTC.
        csp_region: North, Central, South and others.
        gbcs_version: such as ``4.2``.
        import_mpxn: meter point of import.
        secondary_import_mpan: meter point of its second element.
        export_mpan: meter point of export.
        esme_variant: letters of an electricity meter's features.
        uprn: of its property, digits.
        property_filter: post code and address identifier.
        han_variant: as ``Single Band``.
        s1sp: provider of SMETS1 services.
        connectivity: Cellular or Virtual.
    """

    device: Eui64
    device_type: str
    status: str | None = None
    manufacturer: str = ""
    model: str = ""
    smets_chts_version: str | None = None
    firmware_version: str | None = None
    firmware_status: str | None = None
    cpl_status: str | None = None
    commissioned_utc: Utc | None = None
    csp_region: str | None = None
    gbcs_version: str | None = None
    import_mpxn: str | None = None
    secondary_import_mpan: str | None = None
    export_mpan: str | None = None
    esme_variant: str | None = None
    uprn: str | None = None
    property_filter: tuple[str, str] | None = None
    han_variant: str | None = None
    s1sp: str | None = None
    connectivity: str | None = None


@dataclass(frozen=True, slots=True)
class Inventory:
    """Answer to 8.2: 1 to 17 devices."""

    devices: tuple[InventoryDevice, ...]


ResponseContent: TypeAlias = (
    FirmwareWarning | PreCommand | GbcsPayload | FutureDatedAlert | Inventory
)


@dataclass(frozen=True, slots=True)
class ResponseMessage:
    """Body of a response.

    Attributes:
        reference: of the service answered.
        variant: of the service answered.
        content: None for an acknowledgement.
    """

    reference: str
    variant: str
    content: ResponseContent | None = None


@dataclass(frozen=True, slots=True)
class DeviceAlert:
    """A device's alert, as it came: 8F72, 8F1C and others.

    Attributes:
        alert_code: as it came.
        payload: as it came.
        throttled: which throttling the alert came under, and how many there were.
    """

    alert_code: int
    payload: bytes
    throttled: Throttled = NOT_THROTTLED


@dataclass(frozen=True, slots=True)
class DeliveryStatus:
    """CSPFirmwareDeliveryStatus: an image has arrived at a device or its hub, or has not."""

    request_id: RequestId
    hub: Eui64
    device: Eui64
    version: str
    utc: Utc
    success: bool


@dataclass(frozen=True, slots=True)
class TransferAlert:
    """FirmwareTransferAlert: what a hub says of a transfer to a device, by its CCS08.

    Attributes:
        device: that was to get it.
        version: of the image.
        code: FileTransferSuccess, FirmwareImageDiscarded, HardwareVersionMismatch or
            FileTransferFailure.
        request_id: of the request that led to it, None where no one knows.
    """

    device: Eui64
    version: str
    code: str
    request_id: RequestId | None = None


@dataclass(frozen=True, slots=True)
class HubAlert:
    """CommsHubAlert: an alert of a hub that the DCC has decoded."""

    hub: Eui64
    alert_code: int
    utc: Utc | None = None
    transfer: TransferAlert | None = None


@dataclass(frozen=True, slots=True)
class PpmidAlert:
    """PPMIDAlert: an alert of a PPMID that the DCC has decoded.

    Attributes:
        device: the PPMID.
        alert_code: as it came.
        utc: when.
        version: that it runs; empty where the alert is about something else.
        success: it runs what it was given.
    """

    device: Eui64
    alert_code: int
    utc: Utc | None = None
    version: str = ""
    success: bool = True


@dataclass(frozen=True, slots=True)
class HubActivation:
    """CommsHubFirmwareActivation: a Communications Hub runs new firmware, with the version it said."""

    hub: Eui64
    version: str


@dataclass(frozen=True, slots=True)
class VersionMismatch:
    """FirmwareVersionMismatch: a device says another version than the inventory has."""

    device: Eui64
    device_type: str
    inventory: str
    reported: str


@dataclass(frozen=True, slots=True)
class UpgradeRequested:
    """FirmwareUpgradeRequested: another responsible supplier has ordered firmware for devices."""

    device_type: str
    version: str
    devices: tuple[Eui64, ...]


@dataclass(frozen=True, slots=True)
class DistributionFailure:
    """FirmwareDistributionFailure: an image could not be given out for devices."""

    request_id: RequestId
    devices: tuple[Eui64, ...]


@dataclass(frozen=True, slots=True)
class SuspensionChange:
    """DeviceStatusChangeEvent: a device is suspended, or is so no longer; more it cannot say."""

    device: Eui64
    suspended: bool


@dataclass(frozen=True, slots=True)
class MeterPoints:
    """Meter points of a device: of import, of its second element, of export."""

    import_mpxn: str
    secondary_import_mpan: str | None = None
    export_mpan: str | None = None


@dataclass(frozen=True, slots=True)
class SupplierChange:
    """ChangeOfSupplier: what became of a 6.23, or that another supplier answers for a device.

    Either ``request_id`` or the three of the device are given.

    Attributes:
        request_id: of the 6.23 that asked for the change.
        error: three characters, why it was not done; empty when it was.
        device: whose supplier has changed.
        device_type: of it.
        meter_points: of it.
    """

    request_id: RequestId | None = None
    error: str = ""
    device: Eui64 | None = None
    device_type: str = ""
    meter_points: MeterPoints | None = None


@dataclass(frozen=True, slots=True)
class DuisVersionMismatch:
    """DUISVersionMismatch: the version a user writes cannot say what there is to say.

    With a ``reference`` it is a response that cannot be told, else an alert.

    Attributes:
        user_version: that the user writes.
        alert_code: of the alert; empty when it is a response.
        request_id: of the request, or that led to the alert; a response has one.
        device: that the alert is about.
        reference: of the service, when it is a response.
        variant: of the service, when it is a response.
        request_version: that the request was written in, when it is a response.
    """

    user_version: str
    alert_code: str = ""
    request_id: RequestId | None = None
    device: Eui64 | None = None
    reference: str = ""
    variant: str = ""
    request_version: str = ""


DccAlertContent: TypeAlias = (
    DeliveryStatus
    | HubAlert
    | PpmidAlert
    | HubActivation
    | VersionMismatch
    | UpgradeRequested
    | DistributionFailure
    | SuspensionChange
    | SupplierChange
    | DuisVersionMismatch
)


@dataclass(frozen=True, slots=True)
class DccAlert:
    """An alert of the DCC itself.

    Attributes:
        code: such as ``N60`` (``codes`` says which is for what).
        content: the details.
        throttled: which throttling the alert came under, and how many there were.
    """

    code: str
    content: DccAlertContent
    throttled: Throttled = NOT_THROTTLED


ResponseBody: TypeAlias = ResponseMessage | DeviceAlert | DccAlert


@dataclass(frozen=True, slots=True)
class ServiceResponse:
    """One document to a Service User.

    Attributes:
        schema_version: as the user wrote its requests.
        code: ``I0``, ``I99``, a warning or an error.
        utc: when it was made.
        body: what it says; an acknowledgement and an error name the service only.
        request_id: that is answered; None for alerts.
        response_id: names the response; None for acknowledgements.
    """

    schema_version: str
    code: str
    utc: Utc
    body: ResponseBody
    request_id: RequestId | None = None
    response_id: RequestId | None = None


def split(content: DccAlertContent) -> tuple[DccAlertContent, ...]:
    """Cut an alert with a long list of devices into several that are short enough to be pushed.

    Args:
        content: any; only those with a list are cut.

    Returns:
        One or more, with the devices in their order.
    """
    match content:
        case UpgradeRequested(devices=devices) | DistributionFailure(devices=devices):
            starts = range(0, max(len(devices), 1), MOST_LISTED)
            parts = (devices[start : start + MOST_LISTED] for start in starts)
            return tuple(replace(content, devices=part) for part in parts)
        case _:
            return (content,)
