"""What a frame of cluster 0x0019 means to a client: frames in, events and direct answers out.

Knows the client's specification, flash and transfer; remembers what was told, takes no step of the
table and sets no timer.
"""

from random import Random
from typing import NamedTuple

from emulators.client.decisions import (
    WAIT_FOREVER,
    concerns,
    heeds_notify,
    judge_end,
    judge_offer,
    running_version,
    wait_seconds,
    wanted,
)
from emulators.client.step import Told
from emulators.client.table import ClientEvent, ClientState
from emulators.client.transfer import ClientTransfer
from emulators.node import Transmit
from emulators.platform.endpoint import Endpoint
from emulators.platform.flash import Flash, Spare
from emulators.platform.spec import DeviceSpec
from ota_engine.zcl import general, ota
from ota_engine.zcl.frame import ZclHeader
from ota_engine.zcl.hot import (
    decode_block_response,
    decode_query_next_image_response,
    decode_upgrade_end_response,
)
from ota_engine.zcl.ota import Command
from ota_engine.zcl.status import Status

SHORTEST_WAIT = 1.0  # seconds; a server that says "wait 0" and means nothing else


class Situation(NamedTuple):
    """What a client is in when a frame arrives; ``uptime`` is seconds since it started."""

    state: ClientState
    on_mains: bool
    unicast: bool
    uptime: float


class Heard(NamedTuple):
    """What a frame means: an event if it means anything, and frames to answer with."""

    event: ClientEvent | None
    answers: tuple[Transmit, ...] = ()


class Hearing:
    """The ears of one client."""

    __slots__ = ("_endpoint", "_flash", "_random", "_spec", "_told", "_transfer")

    def __init__(
        self,
        spec: DeviceSpec,
        endpoint: Endpoint,
        flash: Flash,
        transfer: ClientTransfer,
        told: Told,
        random: Random,
    ) -> None:
        self._spec = spec
        self._endpoint = endpoint
        self._flash = flash
        self._transfer = transfer
        self._told = told
        self._random = random

    def hear(self, header: ZclHeader, frame: bytes, at: Situation) -> Heard:
        """Make sense of a command of cluster 0x0019 that is not the next block.

        Raises:
            PeerError: the payload is malformed, or the cluster has no such command.
        """
        if header.command == Command.IMAGE_BLOCK_RESPONSE:
            return self._block_response(decode_block_response(frame), header, at)
        if header.command == Command.QUERY_NEXT_IMAGE_RESPONSE:
            return self._offer(decode_query_next_image_response(frame), header, at)
        if header.command == Command.UPGRADE_END_RESPONSE:
            return self._end_response(decode_upgrade_end_response(frame), header, at)
        command = ota.decode(header.command, frame[header.length :])
        match command:
            case ota.ImageNotify():
                return self._notify(command, at)
            case ota.QueryDeviceSpecificFileResponse():
                return self._offer(command, header, at)
        return self._refuse(header, Status.UNSUP_CLUSTER_COMMAND)

    def hear_default(self, response: general.DefaultResponse) -> Heard:
        """Make sense of the Default Response to one of the client's commands."""
        event = _MEANING_OF_DEFAULT.get((response.command, response.status))
        if event is None and response.command in _QUERIES and response.status != Status.SUCCESS:
            event = ClientEvent.NOTHING_OFFERED
        return Heard(event)

    def _refuse(self, header: ZclHeader, status: int) -> Heard:
        return Heard(None, (self._endpoint.default_response(header, status),))

    def _notify(self, notify: ota.ImageNotify, at: Situation) -> Heard:
        heeded = heeds_notify(
            notify,
            self._spec,
            running_version(self._spec, self._flash.metadata, self._spec.image_type),
            unicast=at.unicast,
            draw=lambda: self._random.randint(1, 100),
        )
        return Heard(ClientEvent.NOTIFIED if heeded else None)

    def _offer(
        self,
        response: ota.QueryNextImageResponse | ota.QueryDeviceSpecificFileResponse,
        header: ZclHeader,
        at: Situation,
    ) -> Heard:
        metadata = self._flash.metadata
        room = 0  # most answers offer nothing
        if response.status == Status.SUCCESS:
            room = self._flash.room(after_held=not wanted(self._spec, metadata).first)
        event, self._told.offer = judge_offer(
            response, self._spec, metadata, room=room, on_mains=at.on_mains
        )
        answers: tuple[Transmit, ...] = ()
        if event is ClientEvent.OFFERED_TOO_BIG:
            answers = (self._endpoint.default_response(header, Status.INSUFFICIENT_SPACE),)
        return Heard(event, answers)

    # --- blocks -----------------------------------------------------------------------------------

    def _block_response(
        self, response: ota.ImageBlockResponse, header: ZclHeader, at: Situation
    ) -> Heard:
        match response.status:
            case Status.SUCCESS:
                return self._block(response, header, at)
            case Status.WAIT_FOR_DATA:
                self._told.wait = self._wait(response, at)
                return Heard(ClientEvent.TOLD_TO_WAIT)
            case Status.ABORT | Status.NO_IMAGE_AVAILABLE | Status.NOT_AUTHORIZED:
                return Heard(ClientEvent.ABORTED)
        return self._refuse(header, Status.INVALID_FIELD)

    def _block(self, response: ota.ImageBlockResponse, header: ZclHeader, at: Situation) -> Heard:
        if at.state not in (ClientState.DOWNLOADING, ClientState.PAGING, ClientState.FILLING):
            return Heard(ClientEvent.STALE_BLOCK)
        transfer = self._transfer
        if transfer.too_long(response):
            return Heard(ClientEvent.STALE_BLOCK)
        fault = transfer.fault(response)
        if fault is not None:
            return self._refuse(header, fault)
        event = transfer.judge(
            response.file_offset or 0,
            response.data or b"",
            whole_page=at.state is ClientState.PAGING,
        )
        if at.state is ClientState.DOWNLOADING and transfer.too_short(response):
            return Heard(ClientEvent.CUT_SHORT)
        every = self._spec.options.malformed_default_every
        if event is ClientEvent.BLOCK and every and transfer.blocks % every == 0:
            # It complains of a good block and goes on, as a Hue lamp does (zigbee2mqtt #32168).
            complaint = self._endpoint.default_response(header, Status.MALFORMED_COMMAND)
            return Heard(event, (complaint,))
        return Heard(event)

    def _wait(self, response: ota.ImageBlockResponse, at: Situation) -> float:
        """Work out how long to wait, and take over a new MinimumBlockPeriod."""
        timers, period = self._spec.timers, response.minimum_block_period
        if period is not None:
            self._transfer.set_period(period)
        current, then = response.current_time or 0, response.request_time or 0
        wait = wait_seconds(current, then, self._own_clock(at))
        if wait is None:
            wait = timers.invalid_block_wait
        shortest = self._transfer.period or (SHORTEST_WAIT if period is None else 0.0)
        return max(min(wait, timers.wait_cap), shortest)

    def _own_clock(self, at: Situation) -> float | None:
        return at.uptime if self._spec.options.clock_at_zero else None

    # --- the end ----------------------------------------------------------------------------------

    def _end_response(
        self, response: ota.UpgradeEndResponse, header: ZclHeader, at: Situation
    ) -> Heard:
        metadata = self._flash.metadata
        if metadata.spare is not Spare.VERIFIED:
            return Heard(None)
        if not concerns(response, metadata.held[-1].identity):
            return self._refuse(header, Status.INVALID_VALUE)
        event = judge_end(response, self._spec.options.activation_policy)
        if event is ClientEvent.END_EXTERNAL and response.upgrade_time != WAIT_FOREVER:
            refusal = self._endpoint.default_response(header, Status.NOT_AUTHORIZED)
            return Heard(event, (refusal,))
        if event is ClientEvent.END_AT:
            self._told.wait = self._until_upgrade(response, at)
        return Heard(event)

    def _until_upgrade(self, response: ota.UpgradeEndResponse, at: Situation) -> float:
        timers = self._spec.timers
        wait = wait_seconds(response.current_time, response.upgrade_time, self._own_clock(at))
        return max(timers.invalid_upgrade_wait if wait is None else wait, timers.apply_delay)


_QUERIES = (Command.QUERY_NEXT_IMAGE_REQUEST, Command.QUERY_DEVICE_SPECIFIC_FILE_REQUEST)

# Default Responses that mean something; all others are ignored and time decides.
_MEANING_OF_DEFAULT: dict[tuple[int, int], ClientEvent] = {
    **{
        (command, status): ClientEvent.ABORTED
        for command in (Command.IMAGE_BLOCK_REQUEST, Command.IMAGE_PAGE_REQUEST)
        for status in (Status.ABORT, Status.NO_IMAGE_AVAILABLE, Status.NOT_AUTHORIZED)
    },
    (Command.IMAGE_PAGE_REQUEST, Status.UNSUP_CLUSTER_COMMAND): ClientEvent.PAGES_UNSUPPORTED,
    (Command.UPGRADE_END_REQUEST, Status.SUCCESS): ClientEvent.END_ACKNOWLEDGED,
    (Command.UPGRADE_END_REQUEST, Status.ABORT): ClientEvent.END_FORBIDDEN,
}
