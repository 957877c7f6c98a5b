"""Service Users, what they asked and what they are told, as rows; knows no XML and no rule.

Two rows hold documents: ``ServiceInbox`` the answer to a request, ``UserDocument`` what is pushed later.
Their content is the value as canonical JSON (``content``); the octets are made from it and signed once.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final

from images.eui64 import Eui64
from ota_engine.duis.variants import UserRole

EUI64_OCTETS: Final = 8


@dataclass(frozen=True, slots=True)
class ServiceUser:
    """Somebody who may send service requests, in one role.

    Attributes:
        user: EUI-64 in its certificates and request ids.
        party: whose.
        role: in which it acts.
        endpoint: URL to which responses and alerts are pushed; empty while none is registered.
        regions: whose homes it may look at although it supplies none of them.
        active: its requests are served.
        schema_version: of DUIS, that it wrote last.
        revision: counts its changes.
        changed: what the last one was.
    """

    TABLE: ClassVar = "service_users"
    KEY: ClassVar = ("user",)
    INDEXES: ClassVar = (("party",),)
    user: Eui64
    party: str
    role: UserRole
    endpoint: str = ""
    regions: tuple[str, ...] = ()
    active: bool = True
    schema_version: str = "5.4"
    revision: int = 1
    changed: str = ""


@dataclass(frozen=True, slots=True)
class ServiceInbox:
    """One request that was taken, with its answer; a repeat gets that again.

    A critical request comes twice under one id: to be transformed, and as signed pre-command.

    Attributes:
        request: text of the request id.
        command_variant: of the request.
        user: who sent it.
        digest: SHA-256 of the document as it was signed, hexadecimal.
        reference: of the service.
        received_utc: when.
        content: the answer, see ``content``.
        octets: the answer as it is sent; empty until it was made.
    """

    TABLE: ClassVar = "service_inbox"
    KEY: ClassVar = ("request", "command_variant")
    evidence: ClassVar = True
    request: str
    command_variant: int
    user: Eui64
    digest: str
    reference: str
    received_utc: float
    content: str
    octets: bytes = b""


class DocumentState(StrEnum):
    """How far a document has come."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"  # given up; a person may queue it again


@dataclass(frozen=True, slots=True)
class UserDocument:
    """One response or alert on its way to a Service User; the outbox.

    Attributes:
        document: names it for ever; made of what happened, so that the same comes once.
        user: who is told.
        content: what, see ``content``.
        created_utc: when it was written.
        octets: as it is sent; empty until it was made.
        state: how far it has come.
        tries: how often it was tried.
        delivered_utc: when the user's endpoint took it, None while it has not.
        trouble: why it has not been delivered, in the words of whoever tried; empty for no trouble.
    """

    TABLE: ClassVar = "user_documents"
    KEY: ClassVar = ("document",)
    INDEXES: ClassVar = (("state", "user", "created_utc"),)
    document: str
    user: Eui64
    content: str
    created_utc: float
    octets: bytes = b""
    state: DocumentState = DocumentState.WAITING
    tries: int = 0
    delivered_utc: float | None = None
    trouble: str = ""

    @property
    def evidence(self) -> bool:
        """Whether the user has it; the audit trail seals that then."""
        return self.state is DocumentState.DELIVERED


@dataclass(frozen=True, slots=True)
class ImageOrder:
    """An 11.1 or 11.4 that was accepted, for some devices at least.

    Attributes:
        request: text of the request id.
        user: who ordered.
        party: whose user that is.
        ppmid: it is 11.4.
        sha256: of the image file, hexadecimal.
        manufacturer_hash: of the manufacturer image, hexadecimal.
        version: of the image.
        version_text: as the user wrote it.
        devices: how many were accepted.
        received_utc: when.
    """

    TABLE: ClassVar = "image_orders"
    KEY: ClassVar = ("request",)
    request: str
    user: Eui64
    party: str
    ppmid: bool
    sha256: str
    manufacturer_hash: str
    version: int
    version_text: str
    devices: int
    received_utc: float


@dataclass(frozen=True, slots=True)
class OrderBatch:
    """Some of the devices of an order, not handed to their hubs yet.

    Attributes:
        request: text of the request id.
        number: from 1.
        devices: 16 hexadecimal digits of each.
        due_utc: when they are handed on; None once they were.
    """

    TABLE: ClassVar = "order_batches"
    KEY: ClassVar = ("request", "number")
    INDEXES: ClassVar = (("due_utc",),)
    request: str
    number: int
    devices: str
    due_utc: float | None

    @property
    def each(self) -> tuple[Eui64, ...]:
        """The devices, in the order of the request."""
        octets = bytes.fromhex(self.devices)
        return struct.unpack(f">{len(octets) // EUI64_OCTETS}Q", octets)

    @staticmethod
    def written(devices: Sequence[Eui64]) -> str:
        """Write devices as a row holds them."""
        return struct.pack(f">{len(devices)}Q", *devices).hex().upper()


class DeliveryState(StrEnum):
    """Where an ordered image stands on its way to one device."""

    ORDERED = "ordered"  # its hub is told
    ARRIVED = "arrived"  # at the hub, which brings it to the device
    HELD = "held"  # by the device, which has verified it
    RUNNING = "running"  # the device says so
    FAILED = "failed"
    UNREACHABLE = "unreachable"  # nobody answers there; it may speak again
    REPLACED = "replaced"  # by a newer order
    WITHDRAWN = "withdrawn"  # who ordered answers for the device no longer


@dataclass(frozen=True, slots=True)
class DeviceOrder:
    """One device of an order.

    Attributes:
        name: names it for ever, also to gateways, for which it is a campaign.
        request: text of the request id.
        user: who ordered.
        device: which.
        home: pseudonym of the home it is in.
        gateway: that reaches it.
        state: where the image stands.
        since_utc: since when.
        numbers: instructions given so far.
        reason: why it went wrong; empty where it did not.
        due_utc: when its gateway is waited for no longer; None once it has said something.
    """

    TABLE: ClassVar = "device_orders"
    KEY: ClassVar = ("name",)
    INDEXES: ClassVar = (("device", "state"), ("home", "state"), ("request",), ("due_utc",))
    name: str
    request: str
    user: Eui64
    device: Eui64
    home: str
    gateway: str
    state: DeliveryState
    since_utc: float
    numbers: int = 0
    reason: str = ""
    due_utc: float | None = None


class CommandState(StrEnum):
    """Where a command or a question of a user stands."""

    DRAFTED = "drafted"  # transformed; its user has not sent it signed
    DATED = "dated"  # the DCC keeps it until its time
    SENT = "sent"  # its gateway is told
    ACCEPTED = "accepted"  # the device keeps it until its time
    DONE = "done"
    FAILED = "failed"  # the device says that it did not
    UNANSWERED = "unanswered"  # the device says nothing; it may still
    CANCELLED = "cancelled"
    WITHDRAWN = "withdrawn"  # who asked answers for the device no longer


@dataclass(frozen=True, slots=True)
class DeviceCommand:
    """An 11.3 or 11.2 for one device.

    Attributes:
        name: names it for ever, also to gateways, for which it is a campaign.
        request: text of the request id.
        reference: 11.3 or 11.2.
        user: who asked.
        device: which.
        home: pseudonym of the home it is in.
        state: where it stands.
        since_utc: since when.
        schema_version: of the request.
        counter: that the user gave.
        execution_utc: when it is to happen; None for at once.
        draft: octets of the pre-command, ending in ``00``; empty where there is none.
        due_utc: when the DCC asks; None while it waits for nothing.
    """

    TABLE: ClassVar = "device_commands"
    KEY: ClassVar = ("name",)
    INDEXES: ClassVar = (("device", "state"), ("home", "state"), ("due_utc",))
    name: str
    request: str
    reference: str
    user: Eui64
    device: Eui64
    home: str
    state: CommandState
    since_utc: float
    schema_version: str
    counter: int
    execution_utc: float | None = None
    draft: bytes = b""
    due_utc: float | None = None


@dataclass(frozen=True, slots=True)
class OriginatorCounter:
    """The highest originator counter of a user that a device has seen; lower ones are refused."""

    TABLE: ClassVar = "originator_counters"
    KEY: ClassVar = ("device", "user")
    device: Eui64
    user: Eui64
    highest: int


@dataclass(frozen=True, slots=True)
class Suspension:
    """A device that has not answered an activation: nobody knows what it runs.

    Attributes:
        device: which.
        status: that it had, and gets back with its next answer.
        command: that it has not answered.
        since_utc: since when.
    """

    TABLE: ClassVar = "suspensions"
    KEY: ClassVar = ("device",)
    device: Eui64
    status: str
    command: str
    since_utc: float


@dataclass(frozen=True, slots=True)
class Prenotified:
    """A device that a user said would be installed; it is in no home yet.

    Attributes:
        device: which.
        user: who said so.
        party: whose user that is.
        kind: of device.
        variant: id.
        version: that it runs, None where nobody said.
        gpf: EUI-64 of the Gas Proxy Function of a hub.
        utc: when it was said.
    """

    TABLE: ClassVar = "prenotified"
    KEY: ClassVar = ("device",)
    device: Eui64
    user: Eui64
    party: str
    kind: str
    variant: str
    version: int | None
    gpf: Eui64 | None
    utc: float


@dataclass(frozen=True, slots=True)
class OrderRules:
    """What may be ordered, as far as that is ours to choose; there is one row at most.

    Attributes:
        rules: names the row.
        listed_only: only versions that the Central Products List has for a device's variant.
        least_gbcs: pairs of a kind of device and the least version of GBCS it must speak.
        most_octets: pairs of a kind of device and how large an image for it may be.
        codes: pairs of a row of the table of codes and the code it has instead.
        author: person who set them.
        revision: counts their changes.
    """

    TABLE: ClassVar = "order_rules"
    KEY: ClassVar = ("rules",)
    rules: str = "orders"
    listed_only: bool = True
    least_gbcs: tuple[tuple[str, str], ...] = (("PPMID", "4.0"), ("HCALCS", "4.0"))
    most_octets: tuple[tuple[str, int], ...] = ()
    codes: tuple[tuple[str, str], ...] = ()
    author: str = ""
    revision: int = 1
