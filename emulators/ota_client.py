"""The OTA client of a device: takes frames and time, gives frames and notes; no I/O, no clock.

The states and their transitions are the table in ``ota_table``; this module takes its
steps and does what its rows say. ``wake_at`` is the client's only timer; its meaning is the state.
What a frame means is in ``ota_hearing``, what a download is made of in ``ota_transfer``.
"""

from collections.abc import Callable
from random import Random
from zlib import crc32

from emulators.device_spec import DeviceSpec
from emulators.endpoint import Endpoint
from emulators.flash import FileIdentity, Flash, Spare
from emulators.node import NEVER, Action, Note
from emulators.ota_attributes import ClientView
from emulators.ota_decisions import (
    NEVER_ASKED,
    Offer,
    query_request,
    running_version,
    wanted,
)
from emulators.ota_hearing import Heard, Hearing, Situation
from emulators.ota_table import (
    IGNORED,
    RECEIVING,
    TABLE,
    UPGRADE_STATUS,
    Do,
    Event,
    State,
    UpgradeStatus,
)
from emulators.ota_transfer import Transfer
from emulators.verification import ImageVerifier, refusal
from ota_engine.errors import LocalError
from ota_engine.zcl import general, ota
from ota_engine.zcl.frame import ZclHeader
from ota_engine.zcl.status import Status

PAGE_TRIES = 3  # pages without a single block before the client falls back to blocks

Actions = list[Action]


class OtaClient:
    """One client. The device around it delivers frames, wakes it at ``wake_at``, and restarts it.

    Attributes:
        state: where it stands in the table.
        wake_at: when it wants ``wake``; ``inf`` for never.
        on_mains: a battery device downloads only while this is true.
        transfer: the file that comes in, or came in last.
        retries: requests sent again; ``ignored``: events without effect.
    """

    __slots__ = (
        "_block_timeout",
        "_booted_at",
        "_endpoint",
        "_hearing",
        "_noted",
        "_offer",
        "_page_timeout",
        "_query_errors",
        "_random",
        "_rate",
        "_reason",
        "_requested_at",
        "_tries",
        "_upgrade_at",
        "_verifier",
        "_wait",
        "flash",
        "ignored",
        "on_mains",
        "retries",
        "spec",
        "state",
        "transfer",
        "wake_at",
    )

    def __init__(
        self,
        spec: DeviceSpec,
        endpoint: Endpoint,
        flash: Flash,
        verifier: ImageVerifier,
        random: Random,
    ) -> None:
        self.spec = spec
        self.flash = flash
        self.transfer = Transfer(spec, flash, endpoint)
        self.state = State.OFF
        self.wake_at = NEVER
        self.on_mains = not spec.battery
        self.retries = 0
        self.ignored = 0
        self._endpoint = endpoint
        self._hearing = Hearing(spec, endpoint, flash, self.transfer, random)
        self._verifier = verifier
        self._random = random
        self.skew_clock(1.0)
        self._noted = State.IDLE
        self._reason = ""  # why it goes idle, for the journal
        self._forget_all(0.0)

    def _forget_all(self, now: float) -> None:
        """What a power cut erases."""
        self.transfer.forget()
        self._booted_at = now
        self._requested_at = now
        self._offer: Offer | None = None
        self._tries = 0  # requests without an answer
        self._query_errors = self.spec.timers.rediscover_after  # no server is known
        self._wait = 0.0
        self._upgrade_at: float | None = None  # when to run the held file, once told

    # --- what it shows ----------------------------------------------------------------------------

    @property
    def blocks(self) -> int:
        """Blocks taken since the device was made."""
        return self.transfer.blocks

    @property
    def version(self) -> int:
        """The file version that runs, of the device's main image type."""
        return running_version(self.flash.metadata, self.spec.image_type)

    @property
    def upgrade_status(self) -> UpgradeStatus:
        """ImageUpgradeStatus (attribute 0x0006)."""
        status = UPGRADE_STATUS[self.state]
        if status is UpgradeStatus.NORMAL and self.flash.metadata.spare is Spare.PARTIAL:
            return UpgradeStatus.WAIT_FOR_MORE
        return status

    @property
    def holding(self) -> FileIdentity | None:
        """The verified file that waits for activation, if there is one."""
        metadata = self.flash.metadata
        return metadata.held[-1].identity if metadata.spare is Spare.VERIFIED else None

    def holds_blank(self) -> bool:
        """Whether the file under trial is one no processor could run."""
        facts = self._verifier.inspect(self.flash.held_sectors(), self.spec.certificate)
        return facts.blank

    def view(self) -> ClientView:
        """What the attributes of cluster 0x0019 are made of."""
        metadata = self.flash.metadata
        downloaded = metadata.held[-1].identity.file_version if metadata.held else None
        return ClientView(
            server_known=self._query_errors < self.spec.timers.rediscover_after,
            offset=self.transfer.offset if self.state in RECEIVING else None,
            version=self.version,
            downloaded_version=downloaded,
            downloaded_stack_version=None if downloaded is None else self.spec.stack_version,
            status=self.upgrade_status,
            image_type=self.transfer.target.image_type,
            period=self.transfer.period_value,
            stamp=crc32(metadata.running[0].digest),
            cluster_revision=self.transfer.cluster_revision,
        )

    # --- what the device around it asks -----------------------------------------------------------

    def boot(self, now: float) -> Actions:
        """Start with what flash holds: a held file, a download to resume, or nothing."""
        self._forget_all(now)
        metadata = self.flash.metadata
        if metadata.spare is Spare.VERIFIED:
            self.transfer.target = metadata.held[-1].identity
            unasked = self._never_asks
            return self._fire(
                Event.BOOTED_HOLDING_UNASKED if unasked else Event.BOOTED_HOLDING, now
            )
        if metadata.spare is Spare.DOWNLOADING and self.on_mains:
            return self._fire(Event.BOOTED_DOWNLOADING, now)
        return self._fire(Event.BOOTED, now)

    @property
    def _never_asks(self) -> bool:
        options = self.spec.options
        return (options.activation_policy, options.timeout_policy) == NEVER_ASKED

    def power_off(self, now: float) -> None:
        """Lose power; flash keeps what was programmed."""
        self.flash.lose_power()
        self._fire(Event.POWER_OFF, now)

    def activate(self, now: float) -> Actions:
        """Run the held file now, on an order that did not come through this cluster."""
        return self._fire(Event.ACTIVATED, now)

    def set_mains(self, on_mains: bool, now: float) -> Actions:
        """Tell a battery device whether mains power is there."""
        self.on_mains = on_mains
        return self._fire(Event.MAINS_ON if on_mains else Event.MAINS_OFF, now)

    def query_now(self, now: float) -> Actions:
        """Query the server as if notified, e.g. because someone pressed a button."""
        return self._fire(Event.NOTIFIED, now)

    def skew_clock(self, rate: float) -> None:
        """Run the client's timers at ``rate`` times real time (1.01: one per cent slow)."""
        self._rate = rate
        self._block_timeout = self.spec.timers.block_timeout * rate
        self._page_timeout = self.spec.timers.page_timeout * rate

    # --- frames -----------------------------------------------------------------------------------

    def receive_block(self, frame: bytes, now: float) -> tuple[Action, ...] | None:
        """Take a block that was asked for and changes no state; None if the frame is anything else.

        The path of nearly every block: (DOWNLOADING, BLOCK) and (PAGING, PAGE_BLOCK) without the
        table.

        Raises:
            PowerLossError: power went while a sector was programmed.
        """
        request = self.transfer.take_block(frame)
        if request is not None:
            self._tries = 0
            self.wake_at = now + self._block_timeout
            return (request,)
        if self.transfer.take_page_block(frame):
            self.wake_at = now + self._page_timeout
            return ()
        return None

    def receive(self, header: ZclHeader, frame: bytes, now: float, *, unicast: bool) -> Actions:
        """Take a command of cluster 0x0019 that is not the next block.

        Args:
            header: the frame's header, without manufacturer code.
            frame: the whole ZCL frame.
            now: seconds.
            unicast: it was sent to this device alone.

        Raises:
            PeerError: the payload is malformed, or the command is not one a client takes.
            PowerLossError: power went while flash was written.
        """
        if unicast:
            self._query_errors = 0
        at = Situation(self.state, self.on_mains, unicast, now - self._booted_at)
        return self._obey(self._hearing.hear(header, frame, at), now)

    def receive_default(self, response: general.DefaultResponse, now: float) -> Actions:
        """Take the server's Default Response to one of the client's commands."""
        return self._obey(self._hearing.hear_default(response), now)

    def _obey(self, heard: Heard, now: float) -> Actions:
        if heard.offer is not None:
            self._offer = heard.offer
        if heard.wait is not None:
            self._wait = heard.wait
        if heard.event is None:
            self.ignored += not heard.answers
            return [*heard.answers]
        return [*heard.answers, *self._fire(heard.event, now)]

    # --- time -------------------------------------------------------------------------------------

    def wake(self, now: float) -> Actions:
        """Do what was due at ``wake_at``."""
        if now < self.wake_at:
            return []
        due = _DUE.get(self.state)
        return self._fire(Event.TIMER if due is None else due(self), now)

    def _due_request(self) -> Event:
        limit = self.spec.timers.error_threshold
        return Event.EXHAUSTED if self._tries + 1 >= limit else Event.TIMER

    def _due_query(self) -> Event:
        if self._tries < self.spec.timers.query_tries:
            return Event.TIMER
        return Event.EXHAUSTED if self.holding is None else Event.NOTHING_NEWER

    def _due_page(self) -> Event:
        page = self.transfer.page
        if page is None or not page.untouched:
            return Event.TIMER
        return Event.PAGE_SILENT if self._tries + 1 < PAGE_TRIES else Event.PAGES_UNSUPPORTED

    def _due_end(self) -> Event:
        if self._upgrade_at is not None and self._upgrade_at <= self.wake_at:
            return Event.EXHAUSTED_SCHEDULED
        if self._tries < self.spec.timers.end_tries:
            return Event.TIMER
        if self._upgrade_at is not None:
            return Event.EXHAUSTED_SCHEDULED
        if self.spec.options.activation_policy:
            return Event.EXHAUSTED_EXTERNAL
        return Event.EXHAUSTED_HOLD if self.spec.options.timeout_policy else Event.EXHAUSTED

    def _due_more(self) -> Event:
        return Event.TIMER if self._tries < self.spec.timers.end_tries else Event.EXHAUSTED

    def _due_countdown(self) -> Event:
        assert self._upgrade_at is not None  # noqa: S101 - set when the countdown began
        return Event.TIMER if self._upgrade_at <= self.wake_at else Event.REASK

    def _due_verify(self) -> Event:
        """Verify the file: octets, signature, hardware; record the result in flash."""
        facts = self._verifier.inspect(self.flash.downloaded(), self.spec.certificate)
        flaw = refusal(facts, self.spec, self.transfer.target)
        if self.spec.options.forces_invalid_image:
            flaw = "told to refuse every image"
        if flaw is not None:
            self._reason = flaw
            return Event.REJECTED
        last = wanted(self.spec, self.flash.metadata).last
        self.flash.mark_verified(complete=last)
        if not last:
            return Event.INCOMPLETE
        return Event.VERIFIED_UNASKED if self._never_asks else Event.VERIFIED

    def _after(self, seconds: float, now: float) -> None:
        self.wake_at = now + seconds * self._rate

    # --- the machine ------------------------------------------------------------------------------

    def _fire(self, event: Event, now: float) -> Actions:
        """Take one step of the table.

        Raises:
            LocalError: the pair is illegal: a defect of this client, not of its peer.
        """
        row = TABLE.get((self.state, event))
        if row is None:
            if (self.state, event) not in IGNORED:
                raise LocalError(f"the OTA client cannot take {event.name} in {self.state.name}")
            self.ignored += 1
            return []
        self.state, do = row
        self.transfer.expect_nothing()
        actions = _METHODS[do](self, now)
        return [*self._note_change(), *actions]

    def _note_change(self) -> Actions:
        if self.state in _UNNOTED or (self.state is self._noted and not self._reason):
            return []
        if self.state in RECEIVING and self._noted in RECEIVING:
            return []
        self._noted = self.state
        target, detail = self.transfer.target, dict[str, object](state=self.state.value)
        if self.state is not State.IDLE:
            detail |= {"image_type": target.image_type, "version": target.file_version}
        elif self._reason:
            detail["reason"] = self._reason
            self._reason = ""
        if self.state in RECEIVING:
            detail |= {"offset": self.transfer.offset, "size": self.transfer.size}
        return [Note("client", detail)]

    # --- actions: querying ------------------------------------------------------------------------

    def _start(self, now: float) -> Actions:
        """Wait a random while, so that a street with its power back does not query at once."""
        self._after(self._random.uniform(0.0, self.spec.timers.start_up_delay), now)
        return []

    def _rest(self, now: float) -> Actions:
        """Wait for the next poll."""
        self._after(self.spec.timers.query_interval, now)
        return []

    def _forget(self, now: float) -> Actions:
        self._forget_all(now)
        self._noted = State.IDLE  # what it takes up after a start is news again
        self.wake_at = NEVER
        return []

    def _query(self, now: float) -> Actions:
        self._tries = 0
        return self._query_again(now)

    def _query_again(self, now: float) -> Actions:
        self._tries += 1
        self._after(self.spec.timers.query_timeout, now)
        return [self._endpoint.command(query_request(self.spec, self.flash.metadata))]

    def _miss_query(self, now: float) -> Actions:
        timers = self.spec.timers
        self._query_errors += 1
        lost = self._query_errors >= timers.rediscover_after
        self._after(timers.rediscover_interval if lost else timers.query_interval, now)
        return []

    def _refuse_size(self, now: float) -> Actions:
        self._reason = "the file does not fit into the spare bank"
        return self._rest(now)

    def _refuse_downgrade(self, now: float) -> Actions:
        self._reason = "a lower version is refused"
        offer = self._offer
        assert offer is not None  # noqa: S101 - OFFERED_DOWNGRADE always carries one
        return [self._end_request(Status.INVALID_IMAGE, offer.identity), *self._rest(now)]

    def _await_power(self, now: float) -> Actions:
        self._after(self.spec.timers.query_interval, now)
        return []

    # --- actions: downloading ---------------------------------------------------------------------

    def _begin(self, now: float) -> Actions:
        offer = self._offer
        assert offer is not None  # noqa: S101 - OFFERED always carries one
        metadata = self.flash.metadata
        download = metadata.download
        if download is None or (download.identity, download.size) != offer:
            first = wanted(self.spec, metadata).first
            self.flash.begin(offer.identity, offer.size, after_held=not first)
        return self._resume(now)

    def _resume(self, now: float) -> Actions:
        download = self.flash.resume()
        assert download is not None  # noqa: S101 - begun above, or persisted before the power cut
        self.transfer.open(download)
        self._tries = 0
        if self.transfer.complete:
            return self._fire(Event.LAST_BLOCK, now)
        return self._request_next(now)

    def _request_next(self, now: float) -> Actions:
        """Ask for what comes next: the holes of a page, a page, or a block."""
        if self.transfer.page is not None:
            return self._fire(Event.USE_HOLES, now)
        if self.transfer.pages:
            return self._fire(Event.USE_PAGES, now)
        self._requested_at = now
        self.wake_at = now + self._block_timeout
        return [self.transfer.request_block()]

    def _take(self, now: float) -> Actions:
        """Write a block or a page; go on at once, or first wait out the minimum block period."""
        self.transfer.take()
        self._tries = 0
        if self.transfer.period and now < self._next_request_at():
            return self._fire(Event.PACE, now)
        return self._request_next(now)

    def _next_request_at(self) -> float:
        return self._requested_at + self.transfer.period * self._rate

    def _pace(self, now: float) -> Actions:
        self.wake_at = self._next_request_at()
        return []

    def _retry(self, now: float) -> Actions:
        self._tries += 1
        self.retries += 1
        return self._request_next(now)

    def _give_up(self, now: float) -> Actions:
        at = self.transfer.offset
        self._reason = f"no answer to {self._tries + 1} requests at offset {at}"
        return [self._end_request(Status.ABORT, self.transfer.target), *self._rest(now)]

    def _abandon(self, now: float) -> Actions:
        self._reason = "the server ended the download"
        return self._rest(now)

    def _wait_for_data(self, now: float) -> Actions:
        self.transfer.drop_untouched_page()
        self._tries = 0
        self._after(self._wait, now)
        return []

    # --- actions: pages ---------------------------------------------------------------------------

    def _request_page(self, now: float) -> Actions:
        timers = self.spec.timers
        self._requested_at = now
        self._after(timers.page_timeout + timers.page_spacing_ms * 0.001, now)
        return [self.transfer.request_page()]

    def _retry_page(self, now: float) -> Actions:
        self._tries += 1
        self.retries += 1
        return self._request_page(now)

    def _collect(self, now: float) -> Actions:
        self.wake_at = now + self._page_timeout
        return []

    def _await_stragglers(self, now: float) -> Actions:
        self._after(self.spec.timers.hole_wait, now)
        return []

    def _fill_hole(self, now: float) -> Actions:
        self._tries = 0
        self.wake_at = now + self._block_timeout
        return [self.transfer.request_hole()]

    def _retry_hole(self, now: float) -> Actions:
        tries = self._tries + 1
        self.retries += 1
        actions = self._fill_hole(now)
        self._tries = tries
        return actions

    def _use_blocks(self, now: float) -> Actions:
        self.transfer.leave_pages()
        return self._request_next(now)

    # --- actions: the file is here ----------------------------------------------------------------

    def _start_verify(self, now: float) -> Actions:
        self.transfer.take()
        self.flash.finish()
        self._no_time()
        given = self.spec.options.verify_time
        self._after(self.spec.timers.verify_time if given is None else given, now)
        return []

    def _end_request(self, status: int, file: FileIdentity) -> Action:
        return self._endpoint.command(ota.UpgradeEndRequest(status, *file))

    def _reject(self, now: float) -> Actions:
        self.flash.discard()
        return [self._end_request(Status.INVALID_IMAGE, self.transfer.target), *self._rest(now)]

    def _send_more(self, now: float) -> Actions:
        return self._send_status(Status.REQUIRE_MORE_IMAGE, now)

    def _send_end(self, now: float) -> Actions:
        actions = self._send_status(Status.SUCCESS, now)
        if self._upgrade_at is not None:  # a server that is gone does not move the time it gave
            self.wake_at = min(self.wake_at, self._upgrade_at)
        return actions

    def _send_status(self, status: int, now: float) -> Actions:
        self._tries += 1
        self._after(self.spec.timers.end_retry, now)
        return [self._end_request(status, self.transfer.target)]

    def _count_down(self, now: float) -> Actions:
        self._upgrade_at = now + self._wait * self._rate
        return self._count_on(now)

    def _count_on(self, now: float) -> Actions:
        """Sleep until the time, or until it is worth asking whether it still holds."""
        assert self._upgrade_at is not None  # noqa: S101 - set when the countdown began
        self._tries = 0
        self._after(self.spec.timers.countdown_cap, now)
        self.wake_at = min(self.wake_at, self._upgrade_at)
        return []

    def _wait_to_upgrade(self, now: float) -> Actions:
        self._after(self.spec.timers.wait_cap, now)
        return self._no_time()

    def _park(self, now: float) -> Actions:
        self.wake_at = NEVER
        return self._no_time()

    def _no_time(self) -> Actions:
        self._tries = 0
        self._upgrade_at = None
        return []

    def _forbid(self, now: float) -> Actions:
        self._reason = "the server forbade the upgrade"
        self.flash.discard()
        return self._rest(now)

    def _apply(self, now: float) -> Actions:
        self.flash.request_swap()
        self.wake_at = NEVER
        return []


# Routine steps that would fill a journal: a poll every few minutes, the frame between two waits.
_UNNOTED = frozenset({State.OFF, State.QUERYING, State.ENDING})

# What a timer means where it means more than TIMER.
_DUE: dict[State, Callable[[OtaClient], Event]] = {
    State.DOWNLOADING: OtaClient._due_request,
    State.FILLING: OtaClient._due_request,
    State.QUERYING: OtaClient._due_query,
    State.PAGING: OtaClient._due_page,
    State.ENDING: OtaClient._due_end,
    State.WAIT_FOR_MORE: OtaClient._due_more,
    State.COUNTDOWN: OtaClient._due_countdown,
    State.VERIFYING: OtaClient._due_verify,
}

# The method of every action has the action's name.
_METHODS: dict[Do, Callable[[OtaClient, float], Actions]] = {
    do: getattr(OtaClient, f"_{do.value}") for do in Do
}
