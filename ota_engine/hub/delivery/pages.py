"""Answers Image Page Requests: a run of blocks without acknowledgement, spaced and cancellable.

Every page has its own deadline, so pages of several nodes interleave by themselves. The space
between two blocks is what the client asked for, but never less than the air time of a block times
the downloads active on the channel: one page cannot occupy the radio.
"""

from typing import Final

from images.airtime import page_response_time
from ota_engine.errors import PeerError
from ota_engine.events import Packet, Send
from ota_engine.hub.delivery.blocks import BLOCK_TOKEN, LOW, BlockServer
from ota_engine.hub.delivery.download import DOWNLOADING, Page
from ota_engine.hub.delivery.peer import Peer
from ota_engine.hub.delivery.session import SERVING
from ota_engine.hub.delivery.transfers import Transfers
from ota_engine.hub.kernel.deadlines import Alarm
from ota_engine.hub.kernel.kernel import Kernel
from ota_engine.times import Monotonic
from ota_engine.zcl.hot import decode_page_request
from ota_engine.zcl.status import Status

MS = 1e-3

_new: Final = tuple.__new__  # what Send's own constructor calls, without its argument parsing
_SEND: Final = Send


class PageServer:
    """The page path of the server."""

    def __init__(self, kernel: Kernel, transfers: Transfers, blocks: BlockServer) -> None:
        self._kernel = kernel
        self._transfers = transfers
        self._blocks = blocks

    def begin(self, packet: Packet, peer: Peer, now: Monotonic) -> None:
        """Take a page request; it replaces the page this node asked for before.

        Raises:
            PeerError: pages are switched off, the request is malformed, its blocks are larger
                than its page, it asks past the end, or for an image that is not assigned.
        """
        if not self._transfers.config.pages:
            raise PeerError("image pages are switched off", Status.UNSUP_CLUSTER_COMMAND)
        request = decode_page_request(packet.payload)
        if request.maximum_data_size > request.page_size:
            raise PeerError(
                f"a page of {request.page_size} octets cannot hold blocks of "
                f"{request.maximum_data_size}",
                Status.INVALID_VALUE,
            )
        session = self._blocks.session_for(peer, request[1:4], now)
        image = session.served
        offset = request.file_offset
        image.block_size(
            offset, request.maximum_data_size, peer.device.carries
        )  # refuses empty ones
        peer.end_page()
        if not self._blocks.open_for(packet, peer, session, offset, now):
            return
        peer.begin_page(
            Page(
                packet,
                session,
                offset,
                min(offset + request.page_size, image.size),
                min(request.maximum_data_size, peer.device.carries),
                request.response_spacing * MS,
            )
        )
        session.note_page(offset)
        self.go_on(peer, now)

    def go_on(self, peer: Peer, now: Monotonic) -> None:
        """Send the next block of a node's page when it is due, and see to the one after it."""
        page = peer.page
        if page is None:
            return
        if now < page.due:
            self._kernel.deadlines.at_latest(page.due, Alarm.PAGE, peer.eui64)
            return
        if page.session.state not in SERVING:
            peer.end_page()
            return
        size = min(page.size, page.end - page.offset)
        short = self._blocks.charge(peer, size, now)
        if not short:
            self._send(page, peer, size)
            if page.offset == page.end:
                self._finish(page, peer, now)
                return
        page.wait_until(now + (short or self._space(page, peer)))
        self._kernel.deadlines.at_latest(page.due, Alarm.PAGE, peer.eui64)

    def _finish(self, page: Page, peer: Peer, now: Monotonic) -> None:
        peer.end_page()
        session = page.session
        if page.end == session.served.size and session.state is DOWNLOADING:
            self._blocks.all_asked(peer, session, now)

    def _space(self, page: Page, peer: Peer) -> float:
        active = max(1, self._transfers.channel_of(peer).places.active)
        air = page_response_time(page.size, peer.device.relays + 1, self._kernel.radio.security)
        return max(page.spacing, air * active)

    def _send(self, page: Page, peer: Peer, size: int) -> None:
        packet, image = page.packet, page.session.served
        self._kernel.output.send(
            _new(
                _SEND,
                (
                    packet.source,
                    packet.destination_endpoint,
                    packet.source_endpoint,
                    packet.profile,
                    packet.cluster,
                    image.block(packet.payload[1], page.offset, size),
                    False,
                    peer.device.sleepy,
                    LOW,
                    BLOCK_TOKEN,
                ),
            )
        )
        page.sent(size)
