"""The MinimumBlockPeriod a client is asked to keep, and the riddle of its unit.

Cluster revision 2 counts seconds, every other one milliseconds. A client that does not tell its
revision is probed: asked to wait ``PROBE``, it is a client of seconds if it really stays away that
many seconds.
"""

from ota_engine.events import Packet
from ota_engine.hub.delivery.peer import Peer
from ota_engine.hub.delivery.transfers import Transfers
from ota_engine.hub.kernel.kernel import Kernel
from ota_engine.times import Monotonic
from ota_engine.zcl.hot import decode_block_request, encode_block_wait

SECONDS_REVISION = 2  # the one ClusterRevision whose MinimumBlockPeriod is in seconds
MS_PER_SECOND = 1000
PROBE = 60  # of whatever unit
PROBE_SECONDS = PROBE - PROBE / 8  # a client that stayed away longer counts seconds
LONGEST_PERIOD = 0xFFFE  # ZCL OTA, MinimumBlockPeriod
PERSISTENCE = 3  # times a client is asked in vain before it keeps the period it has


class BlockPeriod:
    """Asks clients to space their block requests."""

    def __init__(self, kernel: Kernel, transfers: Transfers) -> None:
        self._kernel = kernel
        self._transfers = transfers
        self.wanted = transfers.config.minimum_block_period_ms

    def paces(self, packet: Packet, peer: Peer, now: Monotonic) -> bool:
        """Answer WAIT_FOR_DATA with a new period if the client keeps another one than wanted."""
        if self.wanted is None or peer.period_asked >= PERSISTENCE:
            return False
        kept = decode_block_request(packet.payload).minimum_block_period
        if kept is None:
            return False
        value = self._value(peer, self.wanted, kept, now)
        if value == kept:
            peer.keeps_period()
            return False
        peer.asked_for_period(now)
        frame = encode_block_wait(packet.payload[1], 0, 0, value)
        self._transfers.reply(packet, peer, frame, ack=False)
        return True

    def _value(self, peer: Peer, wanted: int, kept: int, now: Monotonic) -> int:
        """The number to ask for: in the client's unit, or the probe while that is unknown."""
        unit = peer.device.period_unit_ms or self._unit_from_revision(peer)
        if unit is None:
            if kept != PROBE or peer.period_asked_at is None:
                return PROBE
            stayed_away = now - peer.period_asked_at
            unit = MS_PER_SECOND if stayed_away > PROBE_SECONDS else 1
            self._kernel.output.event("block period unit", peer.eui64, now, unit_ms=unit)
        if unit != peer.device.period_unit_ms:
            peer.device.describes(period_unit_ms=unit)
            peer.keeps_period()
            self._kernel.devices.touch(peer.device, now)
        return min(-(-wanted // unit), LONGEST_PERIOD)

    @staticmethod
    def _unit_from_revision(peer: Peer) -> int | None:
        if peer.device.cluster_revision is None:
            return None
        return MS_PER_SECOND if peer.device.cluster_revision == SECONDS_REVISION else 1
