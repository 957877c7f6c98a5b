"""The emulated air: how long IEEE 802.15.4 frames take and what becomes of them.

Pure and seeded. Knows octets, hops and chances; knows nothing of devices, clusters or the heap of
virtual time. All times are seconds.

One frame costs one draw: its upper part decides whether anything goes wrong, its lower bits are
the CSMA-CA back-offs. Only frames that meet trouble draw again.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cache
from random import Random
from typing import Final

from images.airtime import (
    APS_ACK_PSDU,
    APS_SECURITY_OCTETS,
    BACKOFF_CHOICES,
    BACKOFF_UNIT_US,
    CCA_US,
    FRAME_OVERHEAD,
    LIFS_US,
    MAC_ACK_US,
    MEAN_BACKOFF_US,
    OCTET_US,
    PHY_OCTETS,
    SECOND_US,
    TURNAROUND_US,
    attempt_us,
)
from ota_engine.errors import LocalError

MAX_PSDU = 127  # octets, aMaxPHYPacketSize
MEAN_BACKOFF = MEAN_BACKOFF_US / SECOND_US
BACKOFF_UNIT = BACKOFF_UNIT_US / SECOND_US
MAC_RETRIES = 3  # macMaxFrameRetries
ACK_WAIT_US = 864  # macAckWaitDuration, 54 symbols
#: By how much an attempt that nobody acknowledges is longer than one that is acknowledged.
VAIN_LONGER = (ACK_WAIT_US - TURNAROUND_US - MAC_ACK_US - LIFS_US) / SECOND_US
DATA_REQUEST_PSDU = 12  # octets of the MAC command with which a sleepy child polls
INDIRECT_TIMEOUT = 7.68  # how long a parent holds a frame for its child
QUEUE_LIMIT: Final = 1.0  # how long a frame may wait for the channel before its sender gives up
APS_ACK_WAIT = 1.6  # apscAckWaitDuration
APS_RETRIES: Final = 3  # apscMaxFrameRetries
REORDER_DELAY = 0.25  # the longest a reordered frame lags behind
ECHO_DELAY = 0.05  # the longest a duplicate lags behind its original
MAX_RELAYS = 5

MAX_HOPS = MAX_RELAYS + 1
DRAW_SCALE: Final = float(2**29)  # a draw's bits become back-offs; more bits make slower integers
ACK_SHIFT: Final = (
    12  # bits: the frame's own back-offs come first, then those of its acknowledgement
)


@dataclass(frozen=True, slots=True)
class Path:
    """The way between the coordinator and one device, as tables the hot path only indexes.

    ``up`` and ``down`` give the seconds a frame occupies the channel, back-offs excluded, by the
    octets of its ZCL frame; a length past the end does not fit. ``backoff`` holds every sum of
    ``hops`` back-offs, indexed by draw bits under ``mask``.
    """

    hops: int
    up: tuple[float, ...]
    down: tuple[float, ...]
    ack: float
    backoff: tuple[float, ...]
    mask: int


def attempt_time(psdu: int) -> float:
    """Seconds of one acknowledged transmission of ``psdu`` octets over one hop, no back-off."""
    return attempt_us(psdu) / SECOND_US


#: Seconds in which a sleepy child asks its parent for what it holds.
POLL_TIME = attempt_time(DATA_REQUEST_PSDU)


def failed_attempt_time(psdu: int) -> float:
    """Seconds of one transmission of ``psdu`` octets that nobody acknowledged, no back-off."""
    return (CCA_US + TURNAROUND_US + OCTET_US * (psdu + PHY_OCTETS) + ACK_WAIT_US) / SECOND_US


def source_route(relays: int) -> int:
    """Octets of the source route the coordinator writes into frames that are relayed."""
    return 2 + 2 * relays if relays else 0


@cache
def path(relays: int, aps_security: bool = False) -> Path:
    """Tabulate the way to a device behind ``relays`` routers.

    Raises:
        LocalError: more relays than the model carries.
    """
    if not 0 <= relays <= MAX_RELAYS:
        raise LocalError(f"{relays} relays: the radio model carries 0 to {MAX_RELAYS}")
    hops = relays + 1
    around = FRAME_OVERHEAD + (APS_SECURITY_OCTETS if aps_security else 0)
    routed = around + source_route(relays)
    return Path(
        hops=hops,
        up=tuple(hops * attempt_time(psdu) for psdu in range(around, MAX_PSDU + 1)),
        down=tuple(hops * attempt_time(psdu) for psdu in range(routed, MAX_PSDU + 1)),
        ack=hops * attempt_time(APS_ACK_PSDU + (APS_SECURITY_OCTETS if aps_security else 0)),
        backoff=_backoffs(hops),
        mask=BACKOFF_CHOICES**hops - 1,
    )


@cache
def _backoffs(hops: int) -> tuple[float, ...]:
    sums = [0]
    for _ in range(hops):
        sums = [units + draw for draw in range(BACKOFF_CHOICES) for units in sums]
    seconds = [units * BACKOFF_UNIT for units in range(hops * BACKOFF_CHOICES)]
    return tuple(seconds[units] for units in sums)


def max_payload(relays: int, aps_security: bool = False) -> int:
    """Octets of the largest ZCL frame the coordinator can send over ``relays`` routers."""
    return len(path(relays, aps_security).down) - 1


def block_ceiling(
    data: int,
    relays: int = 0,
    *,
    request: int = 17,
    request_ack: bool = True,
    response_ack: bool = True,
    aps_security: bool = False,
) -> float:
    """Blocks per second one channel can carry when nothing is lost and nobody thinks.

    Computed from the frames themselves with mean back-offs: each block is a request, a response
    and an APS acknowledgement for those that ask for one.

    Args:
        data: octets of image in one Image Block Response.
        relays: routers between coordinator and device.
        request: octets of the Image Block Request's ZCL frame.
        request_ack: the client asks for an APS acknowledgement.
        response_ack: the server asks for one.
        aps_security: frames carry APS encryption.
    """
    way = path(relays, aps_security)
    acks = request_ack + response_ack
    frames = way.up[request] + way.down[17 + data] + acks * way.ack
    return 1 / (frames + (2 + acks) * way.hops * MEAN_BACKOFF)


def page_ceiling(
    data: int, page: int, relays: int = 0, *, request_ack: bool = True, aps_security: bool = False
) -> float:
    """Octets of image per second one channel can carry in pages of ``page`` octets.

    A page is one Image Page Request (21 octets of ZCL), its APS acknowledgement when asked for,
    and as many unacknowledged Image Block Responses as ``data`` octets each make it.
    """
    way = path(relays, aps_security)
    blocks, rest = divmod(page, data)
    seconds = way.up[21] + request_ack * way.ack + blocks * way.down[17 + data]
    frames = 1 + request_ack + blocks
    if rest:
        seconds += way.down[17 + rest]
        frames += 1
    return page / (seconds + frames * way.hops * MEAN_BACKOFF)


@dataclass(frozen=True, slots=True)
class Conditions:
    """What the air does to frames; every value is a chance between 0 and 1.

    ``corruption`` is per attempt and hop: the frame check removes the frame and the MAC repeats it
    up to three times. All others are per frame, end to end: ``loss`` makes it vanish although the
    MAC was content, ``garbling`` damages octets in a way no check notices.
    """

    loss: float = 0.0
    corruption: float = 0.0
    duplication: float = 0.0
    reordering: float = 0.0
    garbling: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what is not a chance.

        Raises:
            LocalError: a value is outside 0..1, or the end-to-end chances exceed 1 together.
        """
        chances = (self.loss, self.duplication, self.reordering, self.garbling)
        if min(*chances, self.corruption) < 0 or sum(chances) > 1 or self.corruption > 1:
            raise LocalError(
                f"loss {self.loss:g}, duplication {self.duplication:g}, reordering"
                f" {self.reordering:g}, garbling {self.garbling:g}, corruption {self.corruption:g}:"
                " each lies between 0 and 1, and the sum of the first four does"
            )


CALM = Conditions()


class FrameFate(IntEnum):
    """What becomes of one frame."""

    DELIVERED = 0
    LOST = 1
    DUPLICATED = 2
    DELAYED = 3
    GARBLED = 4


@dataclass(slots=True)
class AirCounters:
    """What went wrong on one channel; frames without trouble are not counted, they are many."""

    lost: int = 0
    duplicated: int = 0
    delayed: int = 0
    garbled: int = 0
    repeated: int = 0  # MAC retransmissions
    exhausted: int = 0  # frames given up after the last MAC retransmission
    expired: int = 0  # frames a parent held in vain for a sleeping child
    oversized: int = 0  # frames that did not fit
    congested: int = 0  # frames whose sender gave up waiting for the channel


@dataclass(slots=True)
class Medium:
    """One radio channel, half duplex and shared by everyone on it.

    ``busy_until`` is when the last frame accepted so far leaves the air; frames queue in the order
    they were offered. ``draw()`` gives the uniform number that decides about one frame;
    ``trouble[hops]`` is the part of it that means something goes wrong.
    """

    rng: Random
    conditions: Conditions = CALM
    busy_until: float = 0.0
    trouble: tuple[float, ...] = field(init=False)
    draw: Callable[[], float] = field(init=False, repr=False)
    counters: AirCounters = field(default_factory=AirCounters)

    def __post_init__(self) -> None:
        """Compute the threshold of trouble for every number of hops."""
        self.draw = self.rng.random
        self.change(self.conditions)

    def change(self, conditions: Conditions) -> None:
        """From now on the air is like this."""
        self.conditions = conditions
        spoilt = conditions.loss + conditions.duplication
        spoilt += conditions.reordering + conditions.garbling
        clean = 1.0 - conditions.corruption
        self.trouble = tuple(
            min(1.0, spoilt + (1.0 - spoilt) * (1.0 - clean**hops)) for hops in range(MAX_HOPS + 1)
        )

    def resolve(self, drawn: float, hops: int, seconds: float) -> tuple[FrameFate, float]:
        """Say what happened to a frame whose draw fell into trouble.

        Args:
            drawn: the draw, below ``trouble[hops]``.
            hops: transmissions the frame needs.
            seconds: the air time of the undisturbed frame, back-offs excluded.

        Returns:
            its fate, and the seconds of air time it cost more (or, when lost early, less).
        """
        air, counters = self.conditions, self.counters
        for chance, fate in (
            (air.loss, FrameFate.LOST),
            (air.duplication, FrameFate.DUPLICATED),
            (air.reordering, FrameFate.DELAYED),
            (air.garbling, FrameFate.GARBLED),
        ):
            if drawn < chance:
                self._count(fate)
                return fate, 0.0
            drawn -= chance
        repeats, survived = self._repeat(hops)
        counters.repeated += repeats
        failed = seconds / hops + VAIN_LONGER
        extra = repeats * failed + sum(self._backoff() for _ in range(repeats))
        if survived:
            return FrameFate.DELIVERED, extra
        counters.exhausted += 1
        return FrameFate.LOST, extra

    def give_up(self, hops: int, seconds: float) -> float:
        """Count a frame whose receiver is silent; return the air time of the vain repetitions."""
        self.counters.exhausted += 1
        self.counters.repeated += MAC_RETRIES
        return MAC_RETRIES * seconds / hops

    def arrivals(self, fate: FrameFate, arrival: float) -> tuple[float, ...]:
        """When a frame that is not lost arrives, given when it would have arrived undisturbed."""
        if fate is FrameFate.DUPLICATED:
            return arrival, arrival + self.draw() * ECHO_DELAY
        if fate is FrameFate.DELAYED:
            return (arrival + self.draw() * REORDER_DELAY,)
        return (arrival,)

    def _repeat(self, hops: int) -> tuple[int, bool]:
        """Draw MAC retransmissions, knowing that at least one attempt failed somewhere."""
        chance = self.conditions.corruption
        first = self._first_failing(hops, chance)
        repeats = 0
        for hop in range(first, hops):
            failures = 1 if hop == first else 0
            while failures <= MAC_RETRIES and self.rng.random() < chance:
                failures += 1
            repeats += min(failures, MAC_RETRIES)
            if failures > MAC_RETRIES:
                return repeats, False
        return repeats, True

    def _first_failing(self, hops: int, chance: float) -> int:
        """Choose the first hop whose first attempt fails, given that there is one."""
        ticket = self.rng.random() * (1.0 - (1.0 - chance) ** hops)
        share = chance
        for hop in range(hops - 1):
            if ticket < share:
                return hop
            ticket -= share
            share *= 1.0 - chance
        return hops - 1

    def _backoff(self) -> float:
        return int(self.rng.random() * BACKOFF_CHOICES) * BACKOFF_UNIT

    def _count(self, fate: FrameFate) -> None:
        counters = self.counters
        counters.lost += fate is FrameFate.LOST
        counters.duplicated += fate is FrameFate.DUPLICATED
        counters.delayed += fate is FrameFate.DELAYED
        counters.garbled += fate is FrameFate.GARBLED

    def garble(self, payload: bytes) -> bytes:
        """Flip one to four octets of a frame, in a way that the frame check did not notice."""
        octets = bytearray(payload)
        for _ in range(self.rng.randint(1, 4) if octets else 0):
            octets[self.rng.randrange(len(octets))] ^= self.rng.randint(1, 255)
        return bytes(octets)
