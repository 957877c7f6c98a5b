"""What a device's security keeps through a power cut; plain values, no behaviour.

Everything here is written before what it is about is done: a counter before its command is carried
out, an activation before the image is swapped, an answer before it is sent.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from emulators.gbcs.replay import ReplayGuard
from ota_engine.gbcs.envelope import Message


class FutureOrder(NamedTuple):
    """A future dated CS06 that was accepted.

    Attributes:
        originator: who gave it, EUI-64.
        counter: of the command.
        manufacturer_image_hash: of the image to run, 32 octets.
        execution_time: when, UTC.
    """

    originator: int
    counter: int
    manufacturer_image_hash: bytes
    execution_time: datetime


class Begun(NamedTuple):
    """An activation that was begun and not told of yet.

    Attributes:
        file: SHA-256 of the file that is to run.
        cause: the CS06 command to answer, the order to report on, or None where the OTA server's
            Upgrade End Response began it.
    """

    file: bytes
    cause: Message | FutureOrder | None


class Outgoing(NamedTuple):
    """A message to be sent, and sent again until the hub has it.

    Attributes:
        number: by which the device knows it.
        due: when, the shell's time.
        octets: the message, protected.
        tries: how often it was sent in vain.
    """

    number: int
    due: float
    octets: bytes
    tries: int = 0


@dataclass(slots=True)
class SecureMemory:
    """The durable part of a ``SecurityUnit``.

    Attributes:
        guard: the last counter of every originator.
        counter: the last of the device's own alerts.
        order: the future dated order that waits; there is room for one.
        begun: the activation under way.
        outgoing: messages the hub has not confirmed, in their order.
        sent: how many messages there have been.
    """

    guard: ReplayGuard = field(default_factory=ReplayGuard)
    counter: int = 0
    order: FutureOrder | None = None
    begun: Begun | None = None
    outgoing: tuple[Outgoing, ...] = ()
    sent: int = 0
