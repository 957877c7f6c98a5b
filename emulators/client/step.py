"""What the parts of an OTA client hand each other: plain values, and what the server said last."""

from typing import NamedTuple

from emulators.client.table import ClientEvent
from emulators.node import Transmit
from emulators.platform.flash import FileIdentity


class Offer(NamedTuple):
    """A file the server named in answer to a query."""

    identity: FileIdentity
    size: int


class ClientStep(NamedTuple):
    """What doing one row of the table came to.

    ``wake_at`` is the new alarm, None to leave it; ``then`` is an event that follows at once;
    ``reason`` says why the client goes idle without success.
    """

    frames: tuple[Transmit, ...] = ()
    wake_at: float | None = None
    then: ClientEvent | None = None
    reason: str = ""


class Told:
    """The server's last word: the file it offered, and the seconds it asked to wait."""

    __slots__ = ("offer", "wait")

    def __init__(self) -> None:
        self.offer: Offer | None = None
        self.wait = 0.0
