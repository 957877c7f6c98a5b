"""What a demonstration of a head end tells while it goes on, and what came of it; plain values."""

from enum import StrEnum
from typing import NamedTuple

from emulators.demo.head_end.staging import DEMO_DEVICES, DEMO_SUPPLIERS
from images.eui64 import format_eui64


class DemoLineKind(StrEnum):
    """What a line tells of."""

    SCENE = "scene"
    REQUEST = "request"  # with its answer
    DOCUMENT = "document"  # that was brought to a supplier
    DECISION = "decision"  # of the operator, or of whoever registers


class DemoLine(NamedTuple):
    """Something that happened.

    Attributes:
        seconds: since the beginning.
        kind: what it is.
        who: speaks.
        to: who is spoken to; empty for everybody.
        code: of an answer or a document.
        text: what is said.
    """

    seconds: float
    kind: DemoLineKind
    who: str
    to: str
    code: str
    text: str


class DeviceAtEnd(NamedTuple):
    """One device when all is over.

    Attributes:
        name: as people call it.
        device: EUI-64.
        wanted: the version that it was to run in the end.
        inventory: the version that each supplier's last 8.2 gives, by supplier; all are alike if all
            is well.
        own: the version that its flash runs.
        told: codes of what each supplier was told about it, in order, by supplier.
    """

    name: str
    device: str
    wanted: str
    inventory: dict[str, str]
    own: str
    told: dict[str, list[str]]

    @property
    def matches(self) -> bool:
        """Whether everybody says what it was to run, and that is what it runs."""
        return {self.wanted} == {self.own, *self.inventory.values()} and bool(self.inventory)


class HeadEndDemoEnding(NamedTuple):
    """What came of a demonstration.

    Attributes:
        seconds: it took.
        devices: all of the home.
        checks: what had to be so, by what it is, and what is wrong with it; empty for nothing.
        audit_head: of the fleet's trail.
    """

    seconds: float
    devices: tuple[DeviceAtEnd, ...]
    checks: dict[str, str]
    audit_head: str

    @property
    def good(self) -> bool:
        """Whether all is as it had to be."""
        return all(one.matches for one in self.devices) and not any(self.checks.values())


def in_names(text: str) -> str:
    """Write the names of devices and suppliers where their EUI-64s stand."""
    for device in DEMO_DEVICES:
        text = text.replace(format_eui64(device.device), f"the {device.name}")
    for supplier in DEMO_SUPPLIERS:
        text = text.replace(format_eui64(supplier.user), supplier.name)
    return text.replace("hub the ", "the ")
