"""The Link: the one door to a radio, the same for dongles, virtual dongles and emulated networks.

Knows what the engine needs of a radio and nothing of any particular one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import NamedTuple, Protocol, Self, TypeGuard

import trio

from images.eui64 import Eui64
from ota_engine.errors import LinkError, ZotaError
from ota_engine.events import LinkEvent, Send
from ota_engine.times import Monotonic


class SendFailedError(ZotaError):
    """A frame was not delivered; ``status`` is a ``SendStatus``."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the frame was not delivered (status 0x{status:02X})")
        self.status = status


class LinkDownError(LinkError):
    """The radio is gone; a ``LinkDown`` event says why."""


@dataclass(frozen=True, slots=True)
class LinkInfo:
    """What a radio is.

    ``kind`` names the implementation. ``max_payload`` is the largest ZCL frame in octets to a
    neighbour. ``max_in_flight`` is how many sends may be under way at once; 0 means that a send
    never waits, and that the link is a ``PromptLink``.
    """

    own: Eui64
    pan_id: int
    channel: int
    kind: str
    max_payload: int
    aps_security: bool
    max_in_flight: int


class ClientEndpoint(NamedTuple):
    """Where an OTA client of a device lives, as a simple descriptor tells (Zigbee 2.3.2.5).

    ``profile`` is the one it is spoken to on: 0x0104 also where the descriptor names Light Link.
    """

    endpoint: int
    profile: int


#: Where to look for a client while the radio has not read where it is: everywhere.
ANYWHERE = ClientEndpoint(0xFF, 0)


@dataclass(frozen=True, slots=True)
class NodeInfo:
    """What a radio knows of one device; ``last_seen`` is monotonic seconds.

    ``clients`` are its OTA clients, one for every endpoint that has cluster 0x0019 among its output
    clusters, by endpoint; none while the radio has not read its simple descriptors. ``device_ids``
    say what it is: the application device identifiers of those endpoints.
    """

    network_address: int
    sleepy: bool
    link_quality: int
    relays: int
    last_seen: Monotonic
    clients: tuple[ClientEndpoint, ...] = ()
    device_ids: frozenset[int] = frozenset()

    @property
    def endpoint(self) -> int:
        """The endpoint of its first OTA client; 0xFF when the radio has not read it."""
        return self._first.endpoint

    @property
    def profile(self) -> int:
        """The profile of its first OTA client; 0 when the radio has not read it."""
        return self._first.profile

    @property
    def _first(self) -> ClientEndpoint:
        return self.clients[0] if self.clients else ANYWHERE


class Link(Protocol):
    """A radio, as an asynchronous context manager that owns everything behind it.

    ``events`` yields batches, because one wake-up per batch carries many times what one per packet
    does. The first event of a link that works is ``LinkUp``. When the reader is too slow the link
    drops events and counts them in ``dropped``; clients ask again by protocol.
    """

    @property
    def info(self) -> LinkInfo:
        """What this radio is; valid once the link is entered."""

    @property
    def events(self) -> trio.abc.ReceiveChannel[list[LinkEvent]]:
        """Batches of what happened, oldest first, each event with its own exact time."""

    @property
    def nodes(self) -> Mapping[Eui64, NodeInfo]:
        """The devices the radio knows."""

    @property
    def dropped(self) -> int:
        """How many events were lost because nobody took them in time."""

    async def send(self, frame: Send) -> None:
        """Send one frame; returns when the radio has taken it or, with ``ack``, it has arrived.

        Raises:
            SendFailedError: it was not delivered.
            LinkDownError: the radio is gone.
        """

    async def permit(self, seconds: int) -> None:
        """Let devices join for so many seconds."""

    async def __aenter__(self) -> Self:
        """Bring the radio up."""

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Take the radio down."""


class PromptLink(Link, Protocol):
    """A link on which a send never waits: its ``max_in_flight`` is 0.

    It takes the frames of a whole batch in one call, because a call for each of them costs more than
    what an emulated radio does with it.
    """

    def put(self, frames: Sequence[Send]) -> None:
        """Put frames on the air in their order, at the present moment; does not wait.

        A frame that fails later, whatever for, is told of by a ``SendFailed`` event.

        Args:
            frames: as for ``send``.

        Raises:
            LinkDownError: the radio is gone, and none of the frames has left.
        """


def is_prompt(link: Link) -> TypeGuard[PromptLink]:
    """Whether a send on an entered link never waits."""
    return link.info.max_in_flight == 0
