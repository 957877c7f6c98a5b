"""Learns from blocks that did not arrive how large a block each device can be sent.

Knows failures and sizes, not what a client is answered otherwise. Clients ask again by protocol;
only a frame too long for the air is sent again from here, because the client would wait in vain.
"""

from ota_engine.events import Send, SendFailed, SendStatus
from ota_engine.hub.delivery.peer import Peer
from ota_engine.hub.delivery.transfers import Transfers
from ota_engine.hub.kernel.kernel import Kernel
from ota_engine.times import Monotonic
from ota_engine.zcl.commands import Command, ImageBlockResponse
from ota_engine.zcl.frame import cluster_frame
from ota_engine.zcl.hot import decode_block_response
from ota_engine.zcl.ota import encode

SHRINK = (64, 56, 50, 48, 40, 32, 24, 16, 8)  # octets: the steps down when a frame does not fit
SAFE_BLOCK = 40  # octets: what a device gets after three blocks in a row were not delivered
LOST_BLOCKS = 3


class Losses:
    """What was lost on the way to each device, and what follows from it."""

    def __init__(self, kernel: Kernel, transfers: Transfers) -> None:
        self._kernel = kernel
        self._transfers = transfers

    def failed(self, failure: SendFailed, peer: Peer, now: Monotonic) -> None:
        """Learn from a block that did not arrive: shrink, and send again if it never left."""
        self._kernel.output.count("block_not_delivered")
        block = decode_block_response(failure.send.payload)
        if block.data is None or block.file_offset is None:
            return
        if failure.status == SendStatus.MESSAGE_TOO_LONG:
            smaller = next((size for size in SHRINK if size < len(block.data)), 1)
            self._limit(peer, smaller, failure.status, now)
            self._send_again(failure.send, block, peer)
        elif failure.status == SendStatus.DELIVERY_FAILED and peer.lost_block() >= LOST_BLOCKS:
            peer.begin_losses_anew()
            self._limit(peer, SAFE_BLOCK, failure.status, now)

    def _limit(self, peer: Peer, octets: int, status: int, now: Monotonic) -> None:
        if octets >= peer.device.carries:
            return
        self._kernel.devices.limit(peer.device, octets, now)
        self._kernel.output.event("block limit", peer.eui64, now, octets=octets, status=status)

    def _send_again(self, send: Send, block: ImageBlockResponse, peer: Peer) -> None:
        """Send the beginning of a block that was too long; a page goes on from there."""
        assert block.data is not None  # noqa: S101 - failed() looked
        page = peer.page
        if page is not None:
            page.shrink(peer.device.carries, block.file_offset or 0)
            return
        head = ImageBlockResponse(*block[:5], data=block.data[: peer.device.carries])
        frame = cluster_frame(
            Command.IMAGE_BLOCK_RESPONSE, send.payload[1], encode(head), from_server=True
        )
        self._kernel.output.send(send._replace(payload=frame))
