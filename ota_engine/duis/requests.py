"""Service requests as values (DUIS 5.4, section 1.4): headers, bodies; knows no XML.

Times are UTC; an ``ExecutionDateTime`` far in the future (``CANCELLATION``) takes back what was dated.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, NamedTuple, Self, TypeAlias

from images.eui64 import Eui64, format_eui64, parse_eui64
from ota_engine.times import Utc

#: Target of requests that the DCC itself serves: the Data Services Provider.
DSP: Final = Eui64(0x90B3_D51F_3000_0002)
#: The execution time that cancels a future dated command.
CANCELLATION: Final = Utc(datetime(3000, 12, 31, tzinfo=UTC).timestamp())
MOST_COUNTER: Final = 2**64 - 1
MOST_DEVICES: Final = 50_000  # in one list; 1,199,999 characters
MOST_IMAGE_OCTETS: Final = 10_240_000
_COUNTER: Final = re.compile(r"0|[1-9][0-9]{0,19}", re.ASCII)


class RequestId(NamedTuple):
    """Names a request or a response for ever: ``EUI:EUI:counter``.

    Attributes:
        originator: who sends: the user in a RequestID, the device or the DSP in a ResponseID.
        target: whom it is for: the device or the DSP in a RequestID, the user in a ResponseID.
        counter: unsigned, 64 bit; the user's originator counter.
    """

    originator: Eui64
    target: Eui64
    counter: int

    @property
    def text(self) -> str:
        """As documents write it."""
        return f"{format_eui64(self.originator)}:{format_eui64(self.target)}:{self.counter}"

    @property
    def answered(self) -> "RequestId":
        """The ResponseID of the answer to it: from the target, to the originator."""
        return RequestId(self.target, self.originator, self.counter)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read one; hexadecimal digits of either case.

        Raises:
            ValueError: it is none, in one line.
        """
        parts = text.split(":")
        if len(parts) != 3 or not _COUNTER.fullmatch(parts[2]) or int(parts[2]) > MOST_COUNTER:
            raise ValueError(f"{text[:70]!a} is no request id: it is EUI-64:EUI-64:counter")
        return cls(parse_eui64(parts[0]), parse_eui64(parts[1]), int(parts[2]))


@dataclass(frozen=True, slots=True)
class RequestHeader:
    """Header of a request.

    Attributes:
        request_id: from the user, to the device or the DSP.
        command_variant: 1 to 8; how it is served (see ``variants``).
        reference: of the service, such as ``11.3``.
        variant: of the service, such as ``11.3``.
        first_in_sequence: it begins a sequence; None where nothing is said.
        preceding: the request that must have been done before; None for none.
    """

    request_id: RequestId
    command_variant: int
    reference: str
    variant: str
    first_in_sequence: bool | None = None
    preceding: RequestId | None = None


@dataclass(frozen=True, slots=True)
class UpdateFirmware:
    """11.1 and, ``ppmid`` set, 11.4: bring an image to devices.

    Attributes:
        image: octets of the OTA image file; empty where only its facts travel on.
        version: as the CPL writes it, 1 to 8 characters.
        devices: in the order of the document, possibly with doubles.
        ppmid: it is 11.4.
    """

    image: bytes = field(repr=False)
    version: str
    devices: tuple[Eui64, ...]
    ppmid: bool = False


@dataclass(frozen=True, slots=True)
class ReadFirmwareVersion:
    """11.2: ask a device what it runs; at a time kept by the DCC, or now."""

    execution_utc: Utc | None = None


@dataclass(frozen=True, slots=True)
class FirmwareActivation:
    """11.3, first half: make a pre-command of it.

    Attributes:
        hash: SHA-256 of the manufacturer image, 32 octets.
        execution_utc: None for now.
    """

    hash: bytes
    execution_utc: Utc | None = None


@dataclass(frozen=True, slots=True)
class SignedPreCommand:
    """The second half of a critical request: the command as its user has signed it.

    Attributes:
        payload: octets of the GBCS message: grouping header, payload, ``40`` and the signature.
        execution_utc: None for now.
    """

    payload: bytes
    execution_utc: Utc | None = None


@dataclass(frozen=True, slots=True)
class ReadInventory:
    """8.2: show a home, by one of these.

    Attributes:
        device: a device of it.
        mpxn: a meter point of it.
        uprn: its property.
        post_code: with ``address``.
        address: its identifier within the post code.
    """

    device: Eui64 | None = None
    mpxn: str = ""
    uprn: str = ""
    post_code: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class DeviceDetails:
    """What 8.4 corrects of a device; None for what stays."""

    manufacturer: str | None = None
    model: str | None = None
    smets_chts_version: str | None = None
    firmware_version: str | None = None
    esme_variant: str | None = None


@dataclass(frozen=True, slots=True)
class UpdateInventory:
    """8.4: change what the inventory says of a device; exactly one of these beside ``device``.

    Attributes:
        device: which.
        status: for any device but a Communications Hub.
        hub_status: for a Communications Hub.
        details: corrected.
        delete: forget it.
        meter_point: name of the element (ImportMPxN, SecondaryImportMPAN, ExportMPAN) and its text.
    """

    device: Eui64
    status: str = ""
    hub_status: str = ""
    details: DeviceDetails | None = None
    delete: bool = False
    meter_point: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class DevicePrenotification:
    """12.2: a device will be installed."""

    device: Eui64
    manufacturer: str
    model: str
    device_type: str
    smets_chts_version: str | None = None
    firmware_version: str | None = None
    esme_variant: str | None = None
    gpf: Eui64 | None = None


@dataclass(frozen=True, slots=True)
class OtherRequest:
    """A request whose body nothing here reads: all that matters is that, and by whom, it was sent.

    3.2 (a change of tenancy) and 6.23 (a change of supplier) come as this, too.

    Attributes:
        element: local name of the body's element.
        execution_utc: at which it is dated, None for now or for what has no such time.
        fields: texts of the leaves below it in order, each with its path of local names, joined
            by ``/``; a path may come more than once. ExecutionDateTime is not among them.
    """

    element: str
    execution_utc: Utc | None = None
    fields: tuple[tuple[str, str], ...] = ()


RequestBody: TypeAlias = (
    UpdateFirmware
    | ReadFirmwareVersion
    | FirmwareActivation
    | SignedPreCommand
    | ReadInventory
    | UpdateInventory
    | DevicePrenotification
    | OtherRequest
)


@dataclass(frozen=True, slots=True)
class ServiceRequest:
    """One request.

    Attributes:
        schema_version: of the document, such as ``5.4``.
        header: who wants what.
        body: the details.
    """

    schema_version: str
    header: RequestHeader
    body: RequestBody
