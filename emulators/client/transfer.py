"""A file on its way into flash: which octets come next and which of those that come are right.

Knows blocks, pages and flash; knows no states, no timers and no time. The hot paths of the
emulators are here: ``take_block`` or ``take_page_block`` runs for every block of every device.
"""

from struct import Struct
from typing import Final

from emulators.client.page import PageReception
from emulators.client.table import ClientEvent
from emulators.node import Transmit
from emulators.platform.endpoint import Endpoint
from emulators.platform.flash import Download, FileIdentity, Flash
from emulators.platform.spec import DeviceSpec
from ota_engine.events import OTA_UPGRADE_CLUSTER
from ota_engine.zcl import ota
from ota_engine.zcl.hot import CLIENT_CONTROL, SERVER_CONTROL, encode_block_request
from ota_engine.zcl.ota import Command
from ota_engine.zcl.status import Status

# The two frames of the hot path, cut where the client knows the octets beforehand: an Image Block
# Response is control, sequence, ten octets (command, SUCCESS, image), offset, size and data; an
# Image Block Request is header, nine octets (field control, image), offset, maximum data size.
_BLOCK_RESPONSE: Final = Struct("<Bx10sIB").unpack_from
_BLOCK_REQUEST: Final = Struct("<BBB9sIB").pack
_BLOCK_HEAD: Final = 17  # octets of an Image Block Response before its data
_IMAGE_FROM, _IMAGE_TO, _TAIL_FROM = 3, 12, 17  # octets into an Image Block Request

SECONDS_REVISION = 2  # the cluster revision that counts MinimumBlockPeriod in seconds

_new: Final = tuple.__new__  # what Transmit's own constructor calls, without its argument parsing
_TRANSMIT: Final = Transmit


class ClientTransfer:
    """The download of one client, over and over: ``open`` begins the next.

    Attributes:
        target: the file that comes in, or came in last.
        size: its octets; ``offset``: the first one still missing.
        page: the page being collected, or None.
        pages: whether pages are asked for.
        period: seconds between two requests, MinimumBlockPeriod or its own pause, whichever is
            longer; ``period_value`` is the attribute.
        blocks: blocks taken since the device was made.
    """

    __slots__ = (
        "_asked",
        "_endpoint",
        "_expected",
        "_flash",
        "_head",
        "_least",
        "_most",
        "_page_expected",
        "_pending",
        "_spec",
        "_tail",
        "blocks",
        "offset",
        "page",
        "pages",
        "period",
        "period_value",
        "size",
        "target",
    )

    def __init__(self, spec: DeviceSpec, flash: Flash, endpoint: Endpoint) -> None:
        self._spec = spec
        self._flash = flash
        self._endpoint = endpoint
        options = spec.options
        self._asked = options.block_size or spec.timers.block_size
        self._most = min(self._asked, options.largest_block or self._asked)
        self._least = self._asked if options.whole_blocks else 0
        self.blocks = 0
        self.lose_power()

    def lose_power(self) -> None:
        """Forget what a power cut erases."""
        self.target: FileIdentity = self._spec.factory
        self.size = 0
        self.offset = 0
        self.page: PageReception | None = None
        self.pages = False
        self.period = self._spec.options.block_pause
        self.period_value = 0
        self._pending = b""
        self._expected = self._page_expected = self._head = self._tail = b""

    def open(self, download: Download) -> None:
        """Go on with a file at its offset, which is 0 for a new one."""
        self.target, self.size, _, self.offset = download
        self.page = None
        self.pages = self._spec.options.page_mode and self._spec.timers.page_size > 0
        self._pending = b""
        self._cut()

    @property
    def complete(self) -> bool:
        """Whether nothing is missing."""
        return self.offset >= self.size

    # --- asking -----------------------------------------------------------------------------------

    def _cut(self) -> None:
        """Cut the template of this file's block requests out of one that the codec made."""
        options, timers = self._spec.options, self._spec.timers
        address = self._spec.eui64 if options.sends_node_address else None
        limited = timers.advertises_period or options.period_missing
        period = None if options.period_missing or not limited else self.period_value
        control = ota.REQUEST_NODE_ADDRESS if address is not None else 0
        control |= ota.MINIMUM_BLOCK_PERIOD if limited else 0
        request = ota.ImageBlockRequest(control, *self.target, 0, self._asked, address, period)
        frame = encode_block_request(0, request)
        self._head, self._tail = frame[_IMAGE_FROM:_IMAGE_TO], frame[_TAIL_FROM:]

    def request_block(self) -> Transmit:
        """Ask for the next block, and from now on expect exactly that."""
        if not self._spec.options.malformed_default_every and not self.period:
            self._expected = self._block_head()
        return self._request(self.offset, self._asked)

    def _block_head(self) -> bytes:
        """The ten octets between sequence and offset of every block of this file."""
        return bytes((Command.IMAGE_BLOCK_RESPONSE, Status.SUCCESS)) + self._head[1:]

    def request_hole(self) -> Transmit:
        """Ask for the first block the page has not."""
        hole = self.page.next_hole() if self.page is not None else None
        assert hole is not None  # noqa: S101 - a page is taken as soon as it is complete
        return self._request(*hole)

    def _request(self, offset: int, length: int) -> Transmit:
        endpoint = self._endpoint
        endpoint.sequence = sequence = (endpoint.sequence + 1) & 0xFF
        request = _BLOCK_REQUEST(CLIENT_CONTROL, sequence, 0x03, self._head, offset, length)
        return _new(
            _TRANSMIT,
            (
                endpoint.number,
                endpoint.server,
                endpoint.profile,
                OTA_UPGRADE_CLUSTER,
                request + self._tail,
                True,
            ),
        )

    def request_page(self) -> Transmit:
        """Ask for the next page; the last one is as short as the file."""
        spec, timers = self._spec, self._spec.timers
        page = PageReception(
            self.offset,
            min(timers.page_size, self.size - self.offset),
            min(timers.page_block_size, self._asked),
        )
        self.page = page
        if not spec.options.page_hole_every:
            self._page_expected = self._block_head()
        address = spec.eui64 if spec.options.sends_node_address else None
        request = ota.ImagePageRequest(
            0 if address is None else ota.REQUEST_NODE_ADDRESS,
            *self.target,
            page.start,
            page.block_size,
            page.size,
            timers.page_spacing_ms,
            address,
        )
        return self._endpoint.command(request, quiet=True)

    # --- taking -----------------------------------------------------------------------------------

    def take_block(self, frame: bytes) -> Transmit | None:
        """Take the block that was asked for and ask for the next; None if the frame is not that.

        This is the row (DOWNLOADING, BLOCK) of the table, unrolled. The last block, blocks of
        pages, paced downloads and everything unusual go through ``judge`` and ``take``.

        Raises:
            PowerLossError: power went while a sector was programmed.
        """
        if len(frame) <= _BLOCK_HEAD:
            return None
        control: int
        head: bytes
        offset: int
        size: int
        control, head, offset, size = _BLOCK_RESPONSE(frame)
        if (
            head != self._expected
            or offset != self.offset
            or not self._least <= size <= self._most
            or len(frame) != _BLOCK_HEAD + size
            or control != SERVER_CONTROL
        ):
            return None
        end = offset + size
        if end >= self.size:
            return None
        self._flash.append(frame[_BLOCK_HEAD:])
        self.offset = end
        self.blocks += 1
        return self._request(end, self._asked)

    def take_page_block(self, frame: bytes) -> bool:
        """Take a block of the page that was asked for, if more of it are to come.

        This is the row (PAGING, PAGE_BLOCK) of the table, unrolled.
        """
        page = self.page
        if page is None or len(frame) <= _BLOCK_HEAD:
            return False
        control, head, offset, size = _BLOCK_RESPONSE(frame)
        if (
            head != self._page_expected
            or len(frame) != _BLOCK_HEAD + size
            or control != SERVER_CONTROL
            or not page.put_inner(offset, frame[_BLOCK_HEAD:])
        ):
            return False
        self.blocks += 1
        return True

    def expect_nothing(self) -> None:
        """Leave the hot paths until the next request."""
        self._expected = self._page_expected = b""

    def too_long(self, response: ota.ImageBlockResponse) -> bool:
        """Whether a block is larger than this client takes, though not than it asked for."""
        return self._most < len(response.data or b"") <= self._asked

    def too_short(self, response: ota.ImageBlockResponse) -> bool:
        """Whether a client that takes whole blocks only got a part of the one it asked for."""
        offset, data = response.file_offset or 0, response.data or b""
        return offset == self.offset and len(data) < min(self._least, self.size - offset)

    def fault(self, response: ota.ImageBlockResponse) -> Status | None:
        """What is wrong with a block whatever was asked for; None if nothing is."""
        offset, data = response.file_offset or 0, response.data or b""
        if response[1:4] != self.target:
            return Status.INVALID_VALUE
        if not 0 < len(data) <= self._asked or offset + len(data) > self.size:
            return Status.MALFORMED_COMMAND
        return None

    def judge(self, offset: int, data: bytes, *, whole_page: bool) -> ClientEvent:
        """What a sound block means for the download.

        Args:
            offset: of the block in the file.
            data: its octets.
            whole_page: a page was asked for, not one of its holes.
        """
        if self.page is not None:
            return self._judge_page_block(self.page, offset, data, whole_page)
        if offset != self.offset:
            return ClientEvent.STALE_BLOCK
        self.blocks += 1
        self._pending = data
        return ClientEvent.LAST_BLOCK if offset + len(data) == self.size else ClientEvent.BLOCK

    def _judge_page_block(
        self, page: PageReception, offset: int, data: bytes, whole_page: bool
    ) -> ClientEvent:
        every = self._spec.options.page_hole_every
        if whole_page and every and (offset // page.block_size) % every == every - 1:
            return ClientEvent.STALE_BLOCK  # lost by the client itself
        if not page.put(offset, data):
            return (
                ClientEvent.PAGE_MISFIT if page.misfits(offset, data) else ClientEvent.STALE_BLOCK
            )
        self.blocks += 1
        if not page.complete:
            at_end = page.ends_at(offset, len(data))
            return ClientEvent.PAGE_END if at_end else ClientEvent.PAGE_BLOCK
        self._pending = page.content
        last = page.start + page.size == self.size
        return ClientEvent.PAGE_LAST if last else ClientEvent.PAGE_DONE

    def take(self) -> None:
        """Write what was judged good: a block, or a whole page."""
        self._flash.append(self._pending)
        self.offset += len(self._pending)
        self._pending = b""
        self.page = None

    def leave_pages(self) -> None:
        """Give up pages for this file; what came before the first hole is kept."""
        self.pages = False
        self._pending = b"" if self.page is None else self.page.prefix()
        self.take()

    def drop_untouched_page(self) -> None:
        """Forget a page of which nothing came, so that it is asked for again."""
        if self.page is not None and self.page.untouched:
            self.page = None

    # --- rate limiting ----------------------------------------------------------------------------

    @property
    def cluster_revision(self) -> int:
        """ClusterRevision of the client, which decides the unit of its period."""
        return self._spec.options.cluster_revision or self._spec.timers.cluster_revision

    def set_period(self, value: int) -> None:
        """Take over a MinimumBlockPeriod, in ms or s by cluster revision."""
        if self._spec.timers.advertises_period:
            unit = 1.0 if self.cluster_revision == SECONDS_REVISION else 0.001
            self.period_value = value
            self.period = max(value * unit, self._spec.options.block_pause)
            self._cut()
