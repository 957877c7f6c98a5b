"""Every number the delivery can be told, with its unit, default and reason."""

from dataclasses import dataclass
from enum import StrEnum

from images.eui64 import Eui64
from ota_engine.events import SMART_ENERGY


class HardwarePolicy(StrEnum):
    """What to do when a hardware range cannot be compared (ZCL OTA, Query Next Image)."""

    STRICT = "strict"  # the file has a range and the query has no version: refuse
    LENIENT = "lenient"  # refuse only when both are known and do not fit


@dataclass(frozen=True, slots=True)
class DeliveryConfig:
    """How the OTA server behaves; all times in seconds, sizes in octets.

    ``channel_share`` is the part of a channel's air time the delivery may use (1.0 = no budget);
    the rest stays free for metering traffic. ``concurrency`` is how many downloads may be active
    on one channel; the others are queued with WAIT_FOR_DATA. ``minimum_block_period_ms`` asks
    clients that support it to space their requests. ``block_size`` caps every block; None leaves
    it to the client and the link.
    """

    hardware: HardwarePolicy = HardwarePolicy.STRICT
    concurrency: int = 8
    channel_share: float = 1.0
    node_requests_per_second: float = 100.0
    minimum_block_period_ms: int | None = None
    block_size: int | None = None
    stall_after: float = 120.0
    max_wait: float = 600.0  # longest WAIT_FOR_DATA given; clients honour at most an hour
    max_attempts: int = 3
    notify_spacing: float = 1.0  # between two devices of one channel notified or asked
    notify_again: float = 3600.0  # to a device that was notified and did not query
    profile: int = SMART_ENERGY  # of unicasts to a device that has not said which it speaks
    pages: bool = True  # serve Image Page Requests
    strangers: int = 4096  # devices without an assignment that are remembered
    flush_every: float = 60.0  # progress is written at least this often...
    flush_step: float = 0.1  # ...and at least after this share of the image
    authorised: frozenset[Eui64] | None = None  # who may query; None lets everyone
