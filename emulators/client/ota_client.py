"""The OTA client of a device: takes frames and time, gives frames and notes; no I/O, no clock.

The states and their transitions are the table in ``table``; this module takes the steps. What a
frame means is in ``hearing``; what the rows ask for is done by the three parts of the client:
``querying``, ``downloading`` and ``ending``. ``wake_at`` is the client's only timer; its meaning is
the state.
"""

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from random import Random
from typing import TypeAlias, TypeVar
from zlib import crc32

from emulators.client.attributes import ClientView
from emulators.client.clock import DeviceClock
from emulators.client.decisions import running_version
from emulators.client.downloading import Downloading
from emulators.client.ending import ClientEnding
from emulators.client.hearing import Heard, Hearing, Situation
from emulators.client.querying import Querying
from emulators.client.step import ClientStep, Told
from emulators.client.table import (
    IGNORED,
    RECEIVING,
    TABLE,
    UPGRADE_STATUS,
    ClientEvent,
    ClientState,
    Do,
    UpgradeStatus,
)
from emulators.client.transfer import ClientTransfer
from emulators.client.verification import ImageVerifier
from emulators.node import NEVER, NodeAction, Note
from emulators.platform.endpoint import Endpoint
from emulators.platform.flash import FileIdentity, Flash, Spare
from emulators.platform.spec import DeviceSpec
from ota_engine.errors import LocalError
from ota_engine.zcl import general
from ota_engine.zcl.frame import ZclHeader

Actions = list[NodeAction]


class OtaClient:
    """One client. The device around it delivers frames, wakes it at ``wake_at``, and restarts it.

    Attributes:
        state: where it stands in the table.
        wake_at: when it wants ``wake``; ``inf`` for never.
        on_mains: a battery device downloads only while this is true.
        ignored: events that meant nothing where they came.
        querying: the part that looks for files; ``downloading``: the one that fetches them;
            ``ending``: the one that has them.
    """

    __slots__ = (
        "_clock",
        "_flash",
        "_hearing",
        "_noted",
        "_reason",
        "downloading",
        "ending",
        "ignored",
        "on_mains",
        "querying",
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
        clock, told = DeviceClock(), Told()
        self.spec = spec
        self.state = ClientState.OFF
        self.wake_at = NEVER
        self.on_mains = not spec.battery
        self.ignored = 0
        self.querying = Querying(spec, endpoint, flash, clock, told, random)
        self.downloading = Downloading(spec, endpoint, flash, clock, told)
        self.transfer: ClientTransfer = self.downloading.transfer
        self.ending = ClientEnding(spec, endpoint, flash, clock, told, self.transfer, verifier)
        self._hearing = Hearing(spec, endpoint, flash, self.transfer, told, random)
        self._flash = flash
        self._clock = clock
        self._noted = ClientState.IDLE
        self._reason = ""  # why it goes idle, for the journal

    # --- what it shows ----------------------------------------------------------------------------

    @property
    def blocks(self) -> int:
        """Blocks taken since the device was made."""
        return self.transfer.blocks

    @property
    def retries(self) -> int:
        """Requests sent again since the device was made."""
        return self.downloading.retries

    @property
    def version(self) -> int:
        """The file version that runs, of the device's main image type."""
        return running_version(self.spec, self._flash.metadata, self.spec.image_type)

    @property
    def upgrade_status(self) -> UpgradeStatus:
        """ImageUpgradeStatus (attribute 0x0006)."""
        status = UPGRADE_STATUS[self.state]
        if status is UpgradeStatus.NORMAL and self._flash.metadata.spare is Spare.PARTIAL:
            return UpgradeStatus.WAIT_FOR_MORE
        return status

    @property
    def holding(self) -> FileIdentity | None:
        """The verified file that waits for activation, if there is one."""
        metadata = self._flash.metadata
        return metadata.held[-1].identity if metadata.spare is Spare.VERIFIED else None

    def view(self) -> ClientView:
        """What the attributes of cluster 0x0019 are made of."""
        metadata = self._flash.metadata
        downloaded = metadata.held[-1].identity.file_version if metadata.held else None
        return ClientView(
            server_known=self.querying.server_known,
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
        self._clock.started_at = now
        held = self.holding
        if held is not None:
            self.transfer.target = held
            unasked = self.ending.never_asks
            return self._fire(
                ClientEvent.BOOTED_HOLDING_UNASKED if unasked else ClientEvent.BOOTED_HOLDING, now
            )
        if self._flash.metadata.spare is Spare.DOWNLOADING and self.on_mains:
            return self._fire(ClientEvent.BOOTED_DOWNLOADING, now)
        return self._fire(ClientEvent.BOOTED, now)

    def power_off(self, now: float) -> None:
        """Lose power; flash keeps what was programmed."""
        self._flash.lose_power()
        self._fire(ClientEvent.POWER_OFF, now)

    def activate(self, now: float) -> Actions:
        """Run the held file now, on an order that did not come through this cluster."""
        return self._fire(ClientEvent.ACTIVATED, now)

    def set_mains(self, on_mains: bool, now: float) -> Actions:
        """Tell a battery device whether mains power is there."""
        self.on_mains = on_mains
        return self._fire(ClientEvent.MAINS_ON if on_mains else ClientEvent.MAINS_OFF, now)

    def query_now(self, now: float) -> Actions:
        """Query the server as if notified, e.g. because someone pressed a button."""
        return self._fire(ClientEvent.NOTIFIED, now)

    def skew_clock(self, rate: float) -> None:
        """Run the client's timers at ``rate`` times real time (1.01: one per cent slow)."""
        self._clock.rate = rate
        self.downloading.take_clock_rate()

    # --- frames and time --------------------------------------------------------------------------

    def receive_block(self, frame: bytes, now: float) -> Sequence[NodeAction] | None:
        """Take a block that was asked for and changes no state; None if the frame is anything else.

        (DOWNLOADING, BLOCK) and (PAGING, PAGE_BLOCK) without the table: the path of every block.

        Raises:
            PowerLossError: power went while a sector was programmed.
        """
        downloading = self.downloading
        request = self.transfer.take_block(frame)
        if request is not None:
            downloading.tries = 0
            self.wake_at = now + downloading.block_timeout
            return (request,)
        if self.transfer.take_page_block(frame):
            self.wake_at = now + downloading.page_timeout
            return ()
        return None

    def receive(self, header: ZclHeader, frame: bytes, now: float, *, unicast: bool) -> Actions:
        """Take a command of cluster 0x0019 that ``receive_block`` did not.

        Args:
            header: the frame's header, without manufacturer code.
            frame: the whole ZCL frame.
            now: seconds.
            unicast: it was sent to this device alone.

        Raises:
            PeerError: the payload is malformed, or the cluster has no such command.
            PowerLossError: power went while flash was written.
        """
        if unicast:
            self.querying.heard_server()
        at = Situation(self.state, self.on_mains, unicast, self._clock.uptime(now))
        return self._obey(self._hearing.hear(header, frame, at), now)

    def receive_default(self, response: general.DefaultResponse, now: float) -> Actions:
        """Take the server's Default Response to one of the client's commands."""
        return self._obey(self._hearing.hear_default(response), now)

    def _obey(self, heard: Heard, now: float) -> Actions:
        if heard.event is None:
            self.ignored += not heard.answers
            return [*heard.answers]
        return [*heard.answers, *self._fire(heard.event, now)]

    def wake(self, now: float) -> Actions:
        """Do what was due at ``wake_at``."""
        if now < self.wake_at:
            return []
        due = _DUE.get(self.state)
        return self._fire(ClientEvent.TIMER if due is None else due(self, now), now)

    # --- the machine ------------------------------------------------------------------------------

    def _fire(self, event: ClientEvent, now: float) -> Actions:
        """Take a step of the table, and those that follow from it at once."""
        actions: Actions = []
        following: ClientEvent | None = event
        while following is not None:
            step = self._step(following, now)
            actions += step.frames
            following = step.then
        return [*self._note_change(), *actions]

    def _step(self, event: ClientEvent, now: float) -> ClientStep:
        """Take one step of the table.

        Raises:
            LocalError: the pair is illegal: a defect of this client, not of its peer.
        """
        row = TABLE.get((self.state, event))
        if row is None:
            if (self.state, event) not in IGNORED:
                raise LocalError(f"the OTA client cannot take {event.name} in {self.state.name}")
            self.ignored += 1
            return ClientStep()
        self.state, do = row
        self.transfer.expect_nothing()
        step = DEEDS[do](self, now)
        if step.wake_at is not None:
            self.wake_at = step.wake_at
        self._reason = step.reason
        return step

    def forget(self, now: float) -> ClientStep:
        """Lose what a power cut erases; what is taken up after a start is news again."""
        self.querying.lose_power()
        self.downloading.lose_power()
        self.ending.lose_power()
        self._noted = ClientState.IDLE
        return ClientStep(wake_at=NEVER)

    def _note_change(self) -> Actions:
        if self.state in _UNNOTED or (self.state is self._noted and not self._reason):
            return []
        if self.state in RECEIVING and self._noted in RECEIVING:
            return []
        self._noted = self.state
        detail: dict[str, object] = {"state": self.state.value}
        if self.state is ClientState.IDLE:
            if self._reason:
                detail["reason"] = self._reason
                self._reason = ""
            return [Note("client", detail)]
        target = self.transfer.target
        detail |= {"image_type": target.image_type, "version": target.file_version}
        if self.state in RECEIVING:
            detail |= {"offset": self.transfer.offset, "size": self.transfer.size}
        return [Note("client", detail)]


# Routine steps that would fill a journal: a poll every few minutes, the frame between two waits.
_UNNOTED = frozenset({ClientState.OFF, ClientState.QUERYING, ClientState.ENDING})

# What a timer means where it means more than TIMER.
_DUE: dict[ClientState, Callable[[OtaClient, float], ClientEvent]] = {
    ClientState.DOWNLOADING: lambda client, _: client.downloading.due(),
    ClientState.FILLING: lambda client, _: client.downloading.due(),
    ClientState.PAGING: lambda client, _: client.downloading.due_page(),
    ClientState.QUERYING: lambda client, _: client.querying.due(),
    ClientState.VERIFYING: lambda client, _: client.ending.verify(),
    ClientState.WAIT_FOR_MORE: lambda client, _: client.ending.due_more(),
    ClientState.ENDING: lambda client, now: client.ending.due(now),
    ClientState.COUNTDOWN: lambda client, now: client.ending.due_countdown(now),
}


_Part = TypeVar("_Part")
Deed: TypeAlias = Callable[[OtaClient, float], ClientStep]


def _deeds(
    part: Callable[[OtaClient], _Part], methods: Mapping[Do, Callable[[_Part, float], ClientStep]]
) -> dict[Do, Deed]:
    """What a client does by one of its parts."""
    return {do: _by_part(part, method) for do, method in methods.items()}


def _by_part(
    part: Callable[[OtaClient], _Part], method: Callable[[_Part, float], ClientStep]
) -> Deed:
    return lambda client, now: method(part(client), now)


#: Who does what a row asks for; a test proves that nothing is left out.
DEEDS: dict[Do, Deed] = {
    Do.FORGET: OtaClient.forget,
    **_deeds(
        attrgetter("querying"),
        {
            Do.START: Querying.start,
            Do.REST: Querying.rest,
            Do.QUERY: Querying.query,
            Do.QUERY_AGAIN: Querying.query_again,
            Do.MISS_QUERY: Querying.miss_query,
            Do.AWAIT_POWER: Querying.await_power,
            Do.REFUSE_SIZE: Querying.refuse_size,
            Do.REFUSE_DOWNGRADE: Querying.refuse_downgrade,
        },
    ),
    **_deeds(
        attrgetter("downloading"),
        {
            Do.BEGIN: Downloading.begin,
            Do.RESUME: Downloading.resume,
            Do.REQUEST_NEXT: Downloading.request_next,
            Do.TAKE: Downloading.take,
            Do.PACE: Downloading.pace,
            Do.RETRY: Downloading.retry,
            Do.GIVE_UP: Downloading.give_up,
            Do.ABANDON: Downloading.abandon,
            Do.REQUEST_PAGE: Downloading.request_page,
            Do.RETRY_PAGE: Downloading.retry_page,
            Do.COLLECT: Downloading.collect,
            Do.AWAIT_STRAGGLERS: Downloading.await_stragglers,
            Do.FILL_HOLE: Downloading.fill_hole,
            Do.RETRY_HOLE: Downloading.retry_hole,
            Do.USE_BLOCKS: Downloading.use_blocks,
            Do.WAIT_FOR_DATA: Downloading.wait_for_data,
        },
    ),
    **_deeds(
        attrgetter("ending"),
        {
            Do.START_VERIFY: ClientEnding.start_verify,
            Do.REJECT: ClientEnding.reject,
            Do.SEND_MORE: ClientEnding.send_more,
            Do.SEND_END: ClientEnding.send_end,
            Do.COUNT_DOWN: ClientEnding.count_down,
            Do.COUNT_ON: ClientEnding.count_on,
            Do.WAIT_TO_UPGRADE: ClientEnding.wait_to_upgrade,
            Do.PARK: ClientEnding.park,
            Do.FORBID: ClientEnding.forbid,
            Do.APPLY: ClientEnding.apply,
        },
    ),
}
