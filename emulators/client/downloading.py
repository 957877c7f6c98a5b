"""The part of an OTA client that fetches a file: requests, retries, waits, pages and their holes."""

from emulators.client.clock import DeviceClock
from emulators.client.decisions import wanted
from emulators.client.step import ClientStep, Told
from emulators.client.table import ClientEvent
from emulators.client.transfer import ClientTransfer
from emulators.platform.endpoint import Endpoint
from emulators.platform.flash import Flash
from emulators.platform.spec import DeviceSpec
from ota_engine.zcl import ota
from ota_engine.zcl.status import Status

PAGE_TRIES = 3  # pages without a single block before the client falls back to blocks


class Downloading:
    """Drives a transfer: when to ask, when to ask again, when to give up.

    Attributes:
        transfer: the file that comes in, or came in last.
        retries: requests sent again since the device was made.
        tries: how often in a row it asked in vain; the path of every block ends that.
        block_timeout: how long that path waits for a block, seconds; ``page_timeout`` for the next
            one of a page.
    """

    __slots__ = (
        "_clock",
        "_endpoint",
        "_flash",
        "_requested_at",
        "_spec",
        "_told",
        "block_timeout",
        "page_timeout",
        "retries",
        "transfer",
        "tries",
    )

    def __init__(
        self, spec: DeviceSpec, endpoint: Endpoint, flash: Flash, clock: DeviceClock, told: Told
    ) -> None:
        self.transfer = ClientTransfer(spec, flash, endpoint)
        self.retries = 0
        self._spec = spec
        self._endpoint = endpoint
        self._flash = flash
        self._clock = clock
        self._told = told
        self.lose_power()
        self.take_clock_rate()

    def lose_power(self) -> None:
        """Forget what a power cut erases."""
        self.transfer.lose_power()
        self.tries = 0
        self._requested_at = 0.0

    def take_clock_rate(self) -> None:
        """Work the clock's rate into the timeouts of the hot path."""
        self.block_timeout = self._clock.after(self._spec.timers.block_timeout, 0.0)
        self.page_timeout = self._clock.after(self._spec.timers.page_timeout, 0.0)

    # --- time -------------------------------------------------------------------------------------

    def due(self) -> ClientEvent:
        """What an unanswered block request means."""
        limit = self._spec.timers.error_threshold
        return ClientEvent.EXHAUSTED if self.tries + 1 >= limit else ClientEvent.TIMER

    def due_page(self) -> ClientEvent:
        """What silence on a page means."""
        page = self.transfer.page
        if page is None or not page.untouched:
            return ClientEvent.TIMER
        return (
            ClientEvent.PAGE_SILENT
            if self.tries + 1 < PAGE_TRIES
            else ClientEvent.PAGES_UNSUPPORTED
        )

    # --- actions ----------------------------------------------------------------------------------

    def begin(self, now: float) -> ClientStep:
        """Start on the file offered, or go on with it where it was left."""
        offer = self._told.offer
        assert offer is not None  # noqa: S101 - OFFERED always comes with one
        metadata = self._flash.metadata
        download = metadata.download
        if download is None or (download.identity, download.size) != offer:
            first = wanted(self._spec, metadata).first
            self._flash.begin(offer.identity, offer.size, after_held=not first)
        return self.resume(now)

    def resume(self, now: float) -> ClientStep:
        """Go on with what flash holds of a file."""
        download = self._flash.resume()
        assert download is not None  # noqa: S101 - begun above, or persisted before a power cut
        self.transfer.open(download)
        self.tries = 0
        if self.transfer.complete:
            return ClientStep(then=ClientEvent.LAST_BLOCK)
        return self.request_next(now)

    def request_next(self, now: float) -> ClientStep:
        """Ask for what comes next: the holes of a page, a page, or a block."""
        if self.transfer.page is not None:
            return ClientStep(then=ClientEvent.USE_HOLES)
        if self.transfer.pages:
            return ClientStep(then=ClientEvent.USE_PAGES)
        self._requested_at = now
        return ClientStep((self.transfer.request_block(),), now + self.block_timeout)

    def take(self, now: float) -> ClientStep:
        """Write a block or a page; go on at once, or first wait out the minimum block period."""
        self.transfer.take()
        self.tries = 0
        if self.transfer.period and now < self._next_request_at():
            return ClientStep(then=ClientEvent.PACE)
        return self.request_next(now)

    def _next_request_at(self) -> float:
        return self._clock.after(self.transfer.period, self._requested_at)

    def pace(self, now: float) -> ClientStep:
        """Let the minimum block period pass."""
        return ClientStep(wake_at=max(now, self._next_request_at()))

    def retry(self, now: float) -> ClientStep:
        """Ask for the same block again."""
        self.tries += 1
        self.retries += 1
        return self.request_next(now)

    def give_up(self, now: float) -> ClientStep:
        """Tell the server that it does not answer; what flash holds waits for the next offer."""
        request = ota.UpgradeEndRequest(Status.ABORT, *self.transfer.target)
        tries, offset = self.tries + 1, self.transfer.offset
        return ClientStep(
            (self._endpoint.command(request),),
            self._next_poll(now),
            reason=f"no answer to {tries} requests at offset {offset}",
        )

    def abandon(self, now: float) -> ClientStep:
        """Stop because the server said so."""
        return ClientStep(wake_at=self._next_poll(now), reason="the server ended the download")

    def _next_poll(self, now: float) -> float:
        return self._clock.after(self._spec.timers.query_interval, now)

    def wait_for_data(self, now: float) -> ClientStep:
        """Wait as long as the server asked."""
        self.transfer.drop_untouched_page()
        self.tries = 0
        return ClientStep(wake_at=self._clock.after(self._told.wait, now))

    # --- actions: pages ---------------------------------------------------------------------------

    def request_page(self, now: float) -> ClientStep:
        """Ask for a page."""
        self._requested_at = now
        spacing = self._clock.after(self._spec.timers.page_spacing_ms * 0.001, 0.0)
        return ClientStep((self.transfer.request_page(),), now + self.page_timeout + spacing)

    def retry_page(self, now: float) -> ClientStep:
        """Ask for the same page again."""
        self.tries += 1
        self.retries += 1
        return self.request_page(now)

    def collect(self, now: float) -> ClientStep:
        """Wait for the rest of the page."""
        return ClientStep(wake_at=now + self.page_timeout)

    def await_stragglers(self, now: float) -> ClientStep:
        """Wait a little for blocks that the page's last one overtook."""
        return ClientStep(wake_at=self._clock.after(self._spec.timers.hole_wait, now))

    def fill_hole(self, now: float) -> ClientStep:
        """Ask for a block that the page lost."""
        self.tries = 0
        return ClientStep((self.transfer.request_hole(),), now + self.block_timeout)

    def retry_hole(self, now: float) -> ClientStep:
        """Ask for it again."""
        tries = self.tries + 1
        self.retries += 1
        step = self.fill_hole(now)
        self.tries = tries
        return step

    def use_blocks(self, now: float) -> ClientStep:
        """Fetch the rest of the file without pages."""
        self.transfer.leave_pages()
        return self.request_next(now)
