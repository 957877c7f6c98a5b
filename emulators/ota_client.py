"""The OTA client of a device: takes frames and time, gives frames and notes; no I/O, no clock.

The states and their transitions are the table in ``ota_table``; this module classifies what
arrives into the table's events and does what its rows say. One path does not go through the
table: the row (DOWNLOADING, BLOCK) is unrolled in ``receive_block``, because every block of every
device of a simulation takes it. ``wake_at`` is the client's only timer; its meaning is the state.
"""

from collections.abc import Callable, Sequence
from random import Random
from struct import Struct
from zlib import crc32

from emulators.device_spec import DeviceSpec
from emulators.flash import FileIdentity, Flash, Spare
from emulators.node import NEVER, Action, Note, Transmit
from emulators.ota_attributes import ClientView
from emulators.ota_decisions import (
    FIRST_DEVICE_SPECIFIC_TYPE,
    NEVER_ASKED,
    WAIT_FOREVER,
    Offer,
    concerns,
    heeds_notify,
    judge_end,
    judge_offer,
    running_version,
    wait_seconds,
    wanted,
)
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
from emulators.page import Page
from emulators.verification import ImageVerifier, refusal
from ota_engine.errors import LocalError
from ota_engine.events import OTA_UPGRADE_CLUSTER
from ota_engine.zcl import general, ota
from ota_engine.zcl.frame import ZclHeader, cluster_frame, general_frame
from ota_engine.zcl.hot import CLIENT_CONTROL, SERVER_CONTROL, decode_block_response
from ota_engine.zcl.ota import Command
from ota_engine.zcl.status import Status

# The two frames of the hot path, cut where the client knows the octets beforehand: an Image Block
# Response is control, sequence, ten octets (command, SUCCESS, image), offset, size and data; an
# Image Block Request is header, nine octets (field control, image), offset, maximum data size.
_BLOCK_RESPONSE = Struct("<Bx10sIB").unpack_from
_BLOCK_REQUEST = Struct("<BBB9sIB").pack
_BLOCK_HEAD = 17  # octets of an Image Block Response before its data
_REQUEST_IMAGE = slice(0, 9)  # of an Image Block Request's payload
_REQUEST_TAIL = slice(14, None)

PAGE_TRIES = 3  # pages without a single block before the client falls back to blocks
SHORTEST_WAIT = 1.0  # seconds; a server that says "wait 0" and means nothing else
NO_SERVER_ANSWERED = 0

_new = tuple.__new__  # what Transmit's own constructor calls, without its argument parsing

Actions = list[Action]


class OtaClient:
    """One client. The device around it delivers frames, wakes it at ``wake_at``, and restarts it.

    Attributes:
        state: where it stands in the table.
        wake_at: when it wants ``wake``; ``inf`` for never.
        on_mains: a battery device downloads only while this is true.
        reason: why it last went idle without success, for the journal.
        blocks: blocks taken; ``retries``: requests sent again; ``ignored``: events without effect.
    """

    __slots__ = (
        "_asked",
        "_block_timeout",
        "_booted_at",
        "_endpoint",
        "_expected",
        "_head",
        "_noted",
        "_offer",
        "_offset",
        "_page",
        "_pages",
        "_pending",
        "_period",
        "_period_value",
        "_profile",
        "_query_errors",
        "_random",
        "_rate",
        "_requested_at",
        "_sequence",
        "_server_endpoint",
        "_size",
        "_tail",
        "_target",
        "_tries",
        "_verifier",
        "_wait",
        "blocks",
        "flash",
        "ignored",
        "on_mains",
        "reason",
        "retries",
        "spec",
        "state",
        "wake_at",
    )

    def __init__(
        self, spec: DeviceSpec, flash: Flash, verifier: ImageVerifier, random: Random
    ) -> None:
        self.spec = spec
        self.flash = flash
        self.state = State.OFF
        self.wake_at = NEVER
        self.on_mains = not spec.battery
        self.reason = ""
        self.blocks = 0
        self.retries = 0
        self.ignored = 0
        self._verifier = verifier
        self._random = random
        self._endpoint = spec.endpoint
        self._server_endpoint = spec.server_endpoint
        self._profile = spec.profile
        self._asked = spec.options.block_size or spec.timers.block_size
        self._sequence = 0
        self._rate = 1.0
        self._block_timeout = spec.timers.block_timeout
        self._noted = State.IDLE
        self._forget_all(0.0)

    def _forget_all(self, now: float) -> None:
        """What a power cut erases."""
        self._booted_at = now
        self._requested_at = now
        self._target = self.spec.factory
        self._offer: Offer | None = None
        self._offset = 0
        self._size = 0
        self._page: Page | None = None
        self._pages = self.spec.options.page_mode and self.spec.timers.page_size > 0
        self._pending = b""
        self._period = 0.0
        self._period_value = 0
        self._tries = 0
        self._query_errors = NO_SERVER_ANSWERED + self.spec.timers.rediscover_after
        self._wait = 0.0
        self._expected = self._head = self._tail = b""

    # --- what the device around it asks -----------------------------------------------------------

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
        receiving = self.state in RECEIVING
        downloaded = metadata.held[-1].identity.file_version if metadata.held else None
        return ClientView(
            server_known=self._query_errors < self.spec.timers.rediscover_after,
            offset=self._offset if receiving else None,
            version=self.version,
            downloaded_version=downloaded,
            downloaded_stack_version=None if downloaded is None else self.spec.stack_version,
            status=self.upgrade_status,
            image_type=self._target.image_type,
            period=self._period_value,
            stamp=crc32(metadata.running[0].digest),
            cluster_revision=self._cluster_revision,
        )

    @property
    def _cluster_revision(self) -> int:
        return self.spec.options.cluster_revision or self.spec.timers.cluster_revision

    def skew_clock(self, rate: float) -> None:
        """Run the client's timers at ``rate`` times real time (1.01: one per cent slow)."""
        self._rate = rate
        self._block_timeout = self.spec.timers.block_timeout * rate

    def boot(self, now: float) -> Actions:
        """Start with what flash holds: a held file, a download to resume, or nothing."""
        self._forget_all(now)
        metadata = self.flash.metadata
        if metadata.spare is Spare.VERIFIED:
            self._target = metadata.held[-1].identity
            policies = (self.spec.options.activation_policy, self.spec.options.timeout_policy)
            unasked = policies == NEVER_ASKED
            return self._fire(
                Event.BOOTED_HOLDING_UNASKED if unasked else Event.BOOTED_HOLDING, now
            )
        if metadata.spare is Spare.DOWNLOADING and self.on_mains:
            return self._fire(Event.BOOTED_DOWNLOADING, now)
        return self._fire(Event.BOOTED, now)

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

    # --- the path of every block ------------------------------------------------------------------

    def receive_block(self, frame: bytes, now: float) -> Sequence[Action] | None:
        """Take the block that was asked for and ask for the next; None if the frame is not that.

        The row (DOWNLOADING, BLOCK) of the table, unrolled. The last block, blocks of pages and
        everything unusual goes through ``receive``.

        Raises:
            PowerLossError: power went while a sector was programmed.
        """
        if len(frame) <= _BLOCK_HEAD:
            return None
        control, head, offset, size = _BLOCK_RESPONSE(frame)
        if (
            head != self._expected
            or offset != self._offset
            or size > self._asked
            or len(frame) != _BLOCK_HEAD + size
            or control != SERVER_CONTROL
        ):
            return None
        end = offset + size
        if end >= self._size:
            return None
        self.flash.append(frame[_BLOCK_HEAD:])
        self._offset = end
        self.blocks += 1
        self._tries = 0
        if self._period:
            return self._proceed(now)
        self._sequence = sequence = (self._sequence + 1) & 0xFF
        self.wake_at = now + self._block_timeout
        request = _BLOCK_REQUEST(CLIENT_CONTROL, sequence, 0x03, self._head, end, self._asked)
        return (
            _new(
                Transmit,
                (
                    self._endpoint,
                    self._server_endpoint,
                    self._profile,
                    OTA_UPGRADE_CLUSTER,
                    request + self._tail,
                    True,
                ),
            ),
        )

    # --- frames -----------------------------------------------------------------------------------

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
            self._query_errors = NO_SERVER_ANSWERED
        if header.command == Command.IMAGE_BLOCK_RESPONSE:
            return self._on_block_response(decode_block_response(frame), header, now)
        command = ota.decode(header.command, frame[header.length :])
        match command:
            case ota.ImageNotify():
                return self._on_notify(command, now, unicast)
            case ota.QueryNextImageResponse() | ota.QueryDeviceSpecificFileResponse():
                return self._on_offer(command, header, now)
            case ota.UpgradeEndResponse():
                return self._on_end_response(command, header, now)
        return [self._default_response(header, Status.UNSUP_CLUSTER_COMMAND)]

    def receive_default(self, response: general.DefaultResponse, now: float) -> Actions:
        """Take the server's Default Response to one of the client's commands."""
        event = _MEANING_OF_DEFAULT.get((response.command, response.status))
        if event is None and response.command in _QUERIES and response.status != Status.SUCCESS:
            event = Event.NOTHING_OFFERED
        if event is None:
            self.ignored += 1
            return []
        return self._fire(event, now)

    def _on_notify(self, notify: ota.ImageNotify, now: float, unicast: bool) -> Actions:
        heeded = heeds_notify(
            notify,
            self.spec,
            self.version,
            unicast=unicast,
            draw=lambda: self._random.randint(1, 100),
        )
        return self._fire(Event.NOTIFIED, now) if heeded else []

    def _on_offer(
        self,
        response: ota.QueryNextImageResponse | ota.QueryDeviceSpecificFileResponse,
        header: ZclHeader,
        now: float,
    ) -> Actions:
        metadata = self.flash.metadata
        room = self.flash.room(after_held=not wanted(self.spec, metadata).first)
        event, self._offer = judge_offer(
            response, self.spec, metadata, room=room, on_mains=self.on_mains
        )
        refused = event is Event.OFFERED_TOO_BIG
        answer: Actions = (
            [self._default_response(header, Status.INSUFFICIENT_SPACE)] if refused else []
        )
        return answer + self._fire(event, now)

    def _on_block_response(
        self, response: ota.ImageBlockResponse, header: ZclHeader, now: float
    ) -> Actions:
        match response.status:
            case Status.SUCCESS:
                return self._on_block(response, header, now)
            case Status.WAIT_FOR_DATA:
                self._hear_wait(response, now)
                return self._fire(Event.TOLD_TO_WAIT, now)
            case Status.ABORT | Status.NO_IMAGE_AVAILABLE | Status.NOT_AUTHORIZED:
                return self._fire(Event.ABORTED, now)
        return [self._default_response(header, Status.INVALID_FIELD)]

    def _on_block(self, response: ota.ImageBlockResponse, header: ZclHeader, now: float) -> Actions:
        if self.state not in (State.DOWNLOADING, State.PAGING, State.FILLING):
            return self._fire(Event.STALE_BLOCK, now)
        offset, data = response.file_offset or 0, response.data or b""
        if response[1:4] != self._target:
            return [self._default_response(header, Status.INVALID_VALUE)]
        if not 0 < len(data) <= self._asked or offset + len(data) > self._size:
            return [self._default_response(header, Status.MALFORMED_COMMAND)]
        answer = self._misbehave(header)
        return answer + self._fire(self._meaning_of_block(offset, data), now)

    def _meaning_of_block(self, offset: int, data: bytes) -> Event:
        if self._page is not None and self.state is not State.DOWNLOADING:
            return self._meaning_of_page_block(self._page, offset, data)
        if offset != self._offset:
            return Event.STALE_BLOCK
        self.blocks += 1
        self._pending = data
        return Event.LAST_BLOCK if offset + len(data) == self._size else Event.BLOCK

    def _meaning_of_page_block(self, page: Page, offset: int, data: bytes) -> Event:
        every = self.spec.options.page_hole_every
        if (
            every
            and self.state is State.PAGING
            and (offset // page.block_size) % every == every - 1
        ):
            return Event.STALE_BLOCK
        if not page.put(offset, data):
            return Event.PAGE_MISFIT if page.misfits(offset, data) else Event.STALE_BLOCK
        self.blocks += 1
        if not page.complete:
            self._wait = self._straggler_wait(page, offset, data)
            return Event.PAGE_BLOCK
        self._pending = page.content
        last = page.start + page.size == self._size
        return Event.PAGE_LAST if last else Event.PAGE_DONE

    def _straggler_wait(self, page: Page, offset: int, data: bytes) -> float:
        timers = self.spec.timers
        at_end = page.ends_at(offset, len(data))
        return timers.hole_wait if at_end else timers.page_timeout

    def _misbehave(self, header: ZclHeader) -> Actions:
        """Answer MALFORMED_COMMAND now and then and go on, as a Hue lamp does."""
        every = self.spec.options.malformed_default_every
        if not every or (self.blocks + 1) % every:
            return []
        return [self._default_response(header, Status.MALFORMED_COMMAND)]

    def _hear_wait(self, response: ota.ImageBlockResponse, now: float) -> None:
        """Work out how long to wait, and take over a new MinimumBlockPeriod."""
        timers = self.spec.timers
        period = response.minimum_block_period
        if period is not None and timers.advertises_period:
            self._period_value = period
            self._period = period * (1.0 if self._cluster_revision == 2 else 0.001) * self._rate
            self._tail = self._block_request()[_REQUEST_TAIL]
        wait = wait_seconds(
            response.current_time or 0, response.request_time or 0, self._clock(now)
        )
        if wait is None:
            wait = timers.invalid_block_wait
        shortest = self._period or (SHORTEST_WAIT if period is None else 0.0)
        self._wait = max(min(wait, timers.wait_cap), shortest)

    def _clock(self, now: float) -> float | None:
        return now - self._booted_at if self.spec.options.clock_at_zero else None

    def _on_end_response(
        self, response: ota.UpgradeEndResponse, header: ZclHeader, now: float
    ) -> Actions:
        held = self.holding
        if held is None:
            self.ignored += 1
            return []
        if not concerns(response, held):
            return [self._default_response(header, Status.INVALID_VALUE)]
        event = judge_end(response, self.spec.options.activation_policy)
        answer: Actions = []
        if event is Event.END_EXTERNAL and response.upgrade_time != WAIT_FOREVER:
            answer = [self._default_response(header, Status.NOT_AUTHORIZED)]
        if event is Event.END_AT:
            self._wait = self._until_upgrade(response, now)
        return answer + self._fire(event, now)

    def _until_upgrade(self, response: ota.UpgradeEndResponse, now: float) -> float:
        timers = self.spec.timers
        wait = wait_seconds(response.current_time, response.upgrade_time, self._clock(now))
        return max(timers.invalid_upgrade_wait if wait is None else wait, timers.apply_delay)

    # --- time -------------------------------------------------------------------------------------

    def wake(self, now: float) -> Actions:
        """Do what was due at ``wake_at``."""
        if now < self.wake_at:
            return []
        return self._fire(_DUE.get(self.state, OtaClient._due_timer)(self), now)

    def _due_timer(self) -> Event:
        return Event.TIMER

    def _due_request(self) -> Event:
        limit = self.spec.timers.error_threshold
        return Event.EXHAUSTED if self._tries + 1 >= limit else Event.TIMER

    def _due_query(self) -> Event:
        if self._tries < self.spec.timers.query_tries:
            return Event.TIMER
        return Event.EXHAUSTED if self.holding is None else Event.NOTHING_NEWER

    def _due_page(self) -> Event:
        if self._page is None or not self._page.untouched:
            return Event.TIMER
        return Event.PAGE_SILENT if self._tries + 1 < PAGE_TRIES else Event.PAGES_UNSUPPORTED

    def _due_end(self) -> Event:
        if self._tries < self.spec.timers.end_tries:
            return Event.TIMER
        if self.spec.options.activation_policy:
            return Event.EXHAUSTED_EXTERNAL
        return Event.EXHAUSTED_HOLD if self.spec.options.timeout_policy else Event.EXHAUSTED

    def _due_more(self) -> Event:
        return Event.TIMER if self._tries < self.spec.timers.end_tries else Event.EXHAUSTED

    def _due_countdown(self) -> Event:
        return Event.TIMER if self._wait <= self.spec.timers.countdown_cap else Event.REASK

    def _due_verify(self) -> Event:
        """Verify the file: octets, signature, hardware; record the result in flash."""
        spec = self.spec
        facts = self._verifier.inspect(self.flash.downloaded(), spec.certificate)
        flaw = refusal(facts, spec, self._target)
        if spec.options.forces_invalid_image:
            flaw = "told to refuse every image"
        if flaw is not None:
            self.reason = flaw
            return Event.REJECTED
        last = wanted(spec, self.flash.metadata).last
        self.flash.mark_verified(complete=last)
        if not last:
            return Event.INCOMPLETE
        unasked = (spec.options.activation_policy, spec.options.timeout_policy) == NEVER_ASKED
        return Event.VERIFIED_UNASKED if unasked else Event.VERIFIED

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
        self._expected = b""
        actions = _METHODS[do](self, now)
        return [*self._note_change(), *actions]

    def _note_change(self) -> Actions:
        if self.state in _UNNOTED or (self.state is self._noted and not self.reason):
            return []
        if self.state in RECEIVING and self._noted in RECEIVING:
            return []
        self._noted = self.state
        detail: dict[str, object] = {"state": self.state.value}
        if self.state is not State.IDLE:
            detail |= {"image_type": self._target.image_type, "version": self._target.file_version}
        elif self.reason:
            detail["reason"] = self.reason
            self.reason = ""
        if self.state in RECEIVING:
            detail |= {"offset": self._offset, "size": self._size}
        return [Note("client", detail)]

    def _transmit(self, frame: bytes) -> Transmit:
        spec = self.spec
        return Transmit(
            spec.endpoint, spec.server_endpoint, spec.profile, OTA_UPGRADE_CLUSTER, frame, ack=True
        )

    def _command(self, command: ota.OtaCommand, *, quiet: bool = False) -> Transmit:
        self._sequence = (self._sequence + 1) & 0xFF
        return self._transmit(
            cluster_frame(
                ota.command_of(command),
                self._sequence,
                ota.encode(command),
                from_server=False,
                disable_default_response=quiet,
            )
        )

    def _default_response(self, header: ZclHeader, status: int) -> Transmit:
        payload = general.encode(general.DefaultResponse(header.command, status))
        return self._transmit(
            general_frame(general.DEFAULT_RESPONSE, header.sequence, payload, from_server=False)
        )

    # --- actions: querying ------------------------------------------------------------------------

    def _rest(self, now: float) -> Actions:
        """Wait for the next poll."""
        self._after(self.spec.timers.query_interval, now)
        return []

    def _start(self, now: float) -> Actions:
        """Wait a random while, so that a street with its power back does not query at once."""
        self._after(self._random.uniform(0.0, self.spec.timers.start_up_delay), now)
        return []

    def _forget(self, now: float) -> Actions:
        self._forget_all(now)
        self.wake_at = NEVER
        return []

    def _query(self, now: float) -> Actions:
        self._tries = 0
        return self._query_again(now)

    def _query_again(self, now: float) -> Actions:
        self._tries += 1
        self._after(self.spec.timers.query_timeout, now)
        return [self._command(self._query_request())]

    def _query_request(self) -> ota.QueryNextImageRequest | ota.QueryDeviceSpecificFileRequest:
        spec = self.spec
        need = wanted(spec, self.flash.metadata)
        if need.image_type >= FIRST_DEVICE_SPECIFIC_TYPE:
            return ota.QueryDeviceSpecificFileRequest(
                spec.eui64,
                spec.manufacturer_code,
                need.image_type,
                need.version,
                spec.stack_version,
            )
        hardware = spec.hardware_version
        control = 0 if hardware is None else ota.QUERY_HARDWARE_VERSION
        return ota.QueryNextImageRequest(
            control, spec.manufacturer_code, need.image_type, need.version, hardware
        )

    def _miss_query(self, now: float) -> Actions:
        timers = self.spec.timers
        self._query_errors += 1
        lost = self._query_errors >= timers.rediscover_after
        self._after(timers.rediscover_interval if lost else timers.query_interval, now)
        return []

    def _refuse_size(self, now: float) -> Actions:
        self.reason = "the file does not fit into the spare bank"
        return self._rest(now)

    def _refuse_downgrade(self, now: float) -> Actions:
        self.reason = "a lower version is refused"
        offer = self._offer
        end = [] if offer is None else [self._end_request(Status.INVALID_IMAGE, offer.identity)]
        return [*end, *self._rest(now)]

    def _await_power(self, now: float) -> Actions:
        self._page = None
        self._after(self.spec.timers.query_interval, now)
        return []

    # --- actions: downloading ---------------------------------------------------------------------

    def _begin(self, now: float) -> Actions:
        offer = self._offer
        assert offer is not None  # noqa: S101 - an OFFERED event always carries one
        metadata = self.flash.metadata
        download = metadata.download
        if download is None or (download.identity, download.size) != offer:
            first = wanted(self.spec, metadata).first
            self.flash.begin(offer.identity, offer.size, after_held=not first)
        return self._resume(now)

    def _resume(self, now: float) -> Actions:
        download = self.flash.resume()
        assert download is not None  # noqa: S101 - begun above, or persisted before the power cut
        self._target, self._size, _, self._offset = download
        self._page = None
        self._pages = self.spec.options.page_mode and self.spec.timers.page_size > 0
        self._tries = 0
        payload = self._block_request()
        self._head, self._tail = payload[_REQUEST_IMAGE], payload[_REQUEST_TAIL]
        if self._offset >= self._size:
            self._pending = b""
            return self._fire(Event.LAST_BLOCK, now)
        return self._request_next(now)

    def _block_request(self) -> bytes:
        """The payload of an Image Block Request, by which the hot path cuts its template."""
        options, timers = self.spec.options, self.spec.timers
        address = self.spec.eui64 if options.sends_node_address else None
        period = self._period_value if timers.advertises_period else None
        if options.period_missing:
            period = None
        control = ota.REQUEST_NODE_ADDRESS if address is not None else 0
        if timers.advertises_period or options.period_missing:
            control |= ota.MINIMUM_BLOCK_PERIOD
        return ota.encode(
            ota.ImageBlockRequest(
                control, *self._target, self._offset, self._asked, address, period
            )
        )

    def _request_next(self, now: float) -> Actions:
        """Ask for what comes next: the holes of a page, a page, or a block."""
        if self._page is not None:
            return self._fire(Event.USE_HOLES, now)
        if self._pages:
            return self._fire(Event.USE_PAGES, now)
        if not self.spec.options.malformed_default_every:
            self._expected = bytes((Command.IMAGE_BLOCK_RESPONSE, Status.SUCCESS))
            self._expected += self._head[1:]
        return [self._ask(self._offset, self._asked, now)]

    def _ask(self, offset: int, length: int, now: float) -> Transmit:
        self._requested_at = now
        self._sequence = sequence = (self._sequence + 1) & 0xFF
        self.wake_at = now + self._block_timeout
        return self._transmit(
            _BLOCK_REQUEST(CLIENT_CONTROL, sequence, 0x03, self._head, offset, length) + self._tail
        )

    def _take_block(self, now: float) -> Actions:
        self._take_pending()
        return self._proceed(now)

    def _take_pending(self) -> None:
        self.flash.append(self._pending)
        self._offset += len(self._pending)
        self._pending = b""
        self._page = None
        self._tries = 0

    def _proceed(self, now: float) -> Actions:
        """Go on at once, or first wait out the minimum block period."""
        if self._period and now < self._requested_at + self._period:
            return self._fire(Event.PACE, now)
        return self._request_next(now)

    def _pace(self, now: float) -> Actions:
        self.wake_at = self._requested_at + self._period
        return []

    def _retry(self, now: float) -> Actions:
        self._tries += 1
        self.retries += 1
        return self._request_next(now)

    def _give_up(self, now: float) -> Actions:
        self.reason = f"no answer to {self._tries + 1} requests at offset {self._offset}"
        return [self._end_request(Status.ABORT, self._target), *self._rest(now)]

    def _abandon(self, now: float) -> Actions:
        self.reason = "the server ended the download"
        self._page = None
        return self._rest(now)

    def _wait_for_data(self, now: float) -> Actions:
        if self._page is not None and self._page.untouched:
            self._page = None
        self._tries = 0
        self._after(self._wait, now)
        return []

    # --- actions: pages ---------------------------------------------------------------------------

    def _request_page(self, now: float) -> Actions:
        spec, timers = self.spec, self.spec.timers
        size = min(timers.page_size, self._size - self._offset)
        length = min(timers.page_block_size, self._asked)
        self._page = Page(self._offset, size, length)
        self._requested_at = now
        self._after(timers.page_timeout + size / length * timers.page_spacing_ms * 0.001, now)
        address = spec.eui64 if spec.options.sends_node_address else None
        request = ota.ImagePageRequest(
            0 if address is None else ota.REQUEST_NODE_ADDRESS,
            *self._target,
            self._offset,
            length,
            size,
            timers.page_spacing_ms,
            address,
        )
        return [self._command(request, quiet=True)]

    def _retry_page(self, now: float) -> Actions:
        self._tries += 1
        self.retries += 1
        return self._request_page(now)

    def _collect(self, now: float) -> Actions:
        self._after(self._wait, now)
        return []

    def _fill_hole(self, now: float) -> Actions:
        self._tries = 0
        return self._retry_hole(now, retried=False)

    def _retry_hole(self, now: float, *, retried: bool = True) -> Actions:
        self._tries += retried
        self.retries += retried
        hole = self._page.next_hole() if self._page is not None else None
        assert hole is not None  # noqa: S101 - a page is left as soon as it is complete
        return [self._ask(*hole, now)]

    def _use_blocks(self, now: float) -> Actions:
        """Give up pages for this download; what came before the first hole is kept."""
        self._pages = False
        self._pending = b"" if self._page is None else self._page.prefix()
        self._take_pending()
        return self._request_next(now)

    # --- actions: the file is here ----------------------------------------------------------------

    def _start_verify(self, now: float) -> Actions:
        self._take_pending()
        self.flash.finish()
        given = self.spec.options.verify_time
        self._after(self.spec.timers.verify_time if given is None else given, now)
        return []

    def _end_request(self, status: int, file: FileIdentity) -> Transmit:
        return self._command(ota.UpgradeEndRequest(status, *file))

    def _reject(self, now: float) -> Actions:
        self.flash.discard()
        return [self._end_request(Status.INVALID_IMAGE, self._target), *self._rest(now)]

    def _send_more(self, now: float) -> Actions:
        return self._send_status(Status.REQUIRE_MORE_IMAGE, now)

    def _send_end(self, now: float) -> Actions:
        return self._send_status(Status.SUCCESS, now)

    def _send_status(self, status: int, now: float) -> Actions:
        self._tries += 1
        self._after(self.spec.timers.end_retry, now)
        return [self._end_request(status, self._target)]

    def _count_down(self, now: float) -> Actions:
        self._tries = 0
        self._after(min(self._wait, self.spec.timers.countdown_cap), now)
        return []

    def _wait_to_upgrade(self, now: float) -> Actions:
        self._tries = 0
        self._after(self.spec.timers.wait_cap, now)
        return []

    def _park(self, now: float) -> Actions:
        self._tries = 0
        self.wake_at = NEVER
        return []

    def _forbid(self, now: float) -> Actions:
        self.reason = "the server forbade the upgrade"
        self.flash.discard()
        return self._rest(now)

    def _apply(self, now: float) -> Actions:
        self.flash.request_swap()
        self.wake_at = NEVER
        return []


# Routine steps that would fill a journal: a poll every few minutes, the frame between two waits.
_UNNOTED = frozenset({State.OFF, State.QUERYING, State.ENDING})

_QUERIES = (Command.QUERY_NEXT_IMAGE_REQUEST, Command.QUERY_DEVICE_SPECIFIC_FILE_REQUEST)

# Default Responses that mean something; all others are ignored and time decides.
_MEANING_OF_DEFAULT: dict[tuple[int, int], Event] = {
    **{
        (command, status): Event.ABORTED
        for command in (Command.IMAGE_BLOCK_REQUEST, Command.IMAGE_PAGE_REQUEST)
        for status in (Status.ABORT, Status.NO_IMAGE_AVAILABLE, Status.NOT_AUTHORIZED)
    },
    (Command.IMAGE_PAGE_REQUEST, Status.UNSUP_CLUSTER_COMMAND): Event.PAGES_UNSUPPORTED,
    (Command.UPGRADE_END_REQUEST, Status.SUCCESS): Event.END_ACKNOWLEDGED,
    (Command.UPGRADE_END_REQUEST, Status.ABORT): Event.END_FORBIDDEN,
}

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

_METHODS: dict[Do, Callable[[OtaClient, float], Actions]] = {
    Do.START: OtaClient._start,
    Do.REST: OtaClient._rest,
    Do.FORGET: OtaClient._forget,
    Do.QUERY: OtaClient._query,
    Do.QUERY_AGAIN: OtaClient._query_again,
    Do.MISS_QUERY: OtaClient._miss_query,
    Do.BEGIN: OtaClient._begin,
    Do.RESUME: OtaClient._resume,
    Do.AWAIT_POWER: OtaClient._await_power,
    Do.REFUSE_SIZE: OtaClient._refuse_size,
    Do.REFUSE_DOWNGRADE: OtaClient._refuse_downgrade,
    Do.REQUEST_NEXT: OtaClient._request_next,
    Do.TAKE_BLOCK: OtaClient._take_block,
    Do.PACE: OtaClient._pace,
    Do.RETRY: OtaClient._retry,
    Do.GIVE_UP: OtaClient._give_up,
    Do.ABANDON: OtaClient._abandon,
    Do.REQUEST_PAGE: OtaClient._request_page,
    Do.RETRY_PAGE: OtaClient._retry_page,
    Do.COLLECT: OtaClient._collect,
    Do.FILL_HOLE: OtaClient._fill_hole,
    Do.RETRY_HOLE: OtaClient._retry_hole,
    Do.TAKE_PAGE: OtaClient._take_block,
    Do.USE_BLOCKS: OtaClient._use_blocks,
    Do.WAIT: OtaClient._wait_for_data,
    Do.START_VERIFY: OtaClient._start_verify,
    Do.REJECT: OtaClient._reject,
    Do.SEND_MORE: OtaClient._send_more,
    Do.SEND_END: OtaClient._send_end,
    Do.COUNT_DOWN: OtaClient._count_down,
    Do.WAIT_TO_UPGRADE: OtaClient._wait_to_upgrade,
    Do.PARK: OtaClient._park,
    Do.FORBID: OtaClient._forbid,
    Do.APPLY: OtaClient._apply,
}
