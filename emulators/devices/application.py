"""One endpoint of a device: the chips that are updated through it, its attributes, its answers.

Knows frames and attributes; power, time and GBCS are the device's. Where several chips share an
endpoint they share its sequence numbers, too, and a frame is for the chip whose file it names or,
if it names none, for the one whose request it answers.
"""

from collections.abc import Sequence

from emulators.client.attributes import answer, basic_attributes, client_attributes, record
from emulators.client.table import RECEIVING, ClientState
from emulators.devices.chip import Chip
from emulators.node import NodeAction, Transmit
from emulators.platform.endpoint import Endpoint
from emulators.platform.spec import AnswersFor, DeviceSpec
from ota_engine.errors import PeerError
from ota_engine.events import ALL_ENDPOINTS, BASIC_CLUSTER, OTA_UPGRADE_CLUSTER, Send
from ota_engine.zcl import general, ota
from ota_engine.zcl.frame import ZclHeader, parse_header
from ota_engine.zcl.ota import Attribute
from ota_engine.zcl.status import Status

ALL_PROFILES = 0xFFFF

TURN = 5.0  # seconds until a chip that waits for its turn looks again
BUSY = (*RECEIVING, ClientState.QUERYING, ClientState.VERIFYING, ClientState.ENDING)

#: What a report of a version says besides, so that it can be told from that of another chip.
_NAMES = (Attribute.MANUFACTURER_ID, Attribute.IMAGE_TYPE_ID)


class ApplicationObject:
    """An application object: what lives on one endpoint.

    Args:
        spec: the device.
        endpoint: how it sends.
        chips: those that are updated through it, at least one.
        several: the device has other chips than this one, here or elsewhere.

    Attributes:
        number: of the endpoint.
    """

    __slots__ = ("_asked", "_next", "_several", "_spec", "chips", "endpoint", "number")

    def __init__(
        self, spec: DeviceSpec, endpoint: Endpoint, chips: tuple[Chip, ...], *, several: bool
    ) -> None:
        self._spec = spec
        self.endpoint = endpoint
        self.chips = chips
        self.number = endpoint.number
        self._several = several
        self._asked: dict[int, Chip] = {}  # who used a sequence number last, where several might
        self._next = 0  # which chip the next read is answered for

    def wake(self, now: float) -> list[NodeAction]:
        """Let every chip do what was due."""
        actions: list[NodeAction] = []
        for chip in self.chips:
            if chip.client.wake_at <= now and self._waits(chip):
                chip.client.wake_at = now + TURN
            else:
                actions += self.sent(chip, chip.client.wake(now))
        return actions

    def _waits(self, chip: Chip) -> bool:
        """Whether a chip that would ask for a file has to let another one finish first."""
        if not self._spec.takes_turns or chip.client.state is not ClientState.IDLE:
            return False
        return any(other.client.state in BUSY for other in self.chips)

    def sent(self, chip: Chip, actions: Sequence[NodeAction]) -> Sequence[NodeAction]:
        """Remember whose requests these are, so that the answers find their chip."""
        if len(self.chips) > 1:
            for action in actions:
                if isinstance(action, Transmit):
                    self._asked[action.payload[1]] = chip
        return actions

    # --- frames -----------------------------------------------------------------------------------

    def hears(self, frame: Send) -> bool:
        """Whether a frame is for this endpoint."""
        return frame.destination_endpoint in (self.number, ALL_ENDPOINTS) and frame.profile in (
            self.endpoint.profile,
            ALL_PROFILES,
        )

    def receive(self, frame: Send, now: float, *, unicast: bool) -> Sequence[NodeAction]:
        """Take a frame that is for this endpoint, and answer it as ZCL wants.

        Raises:
            PowerLossError: power went while flash was written.
        """
        if len(self.chips) > 1 and frame.cluster == OTA_UPGRADE_CLUSTER:
            for chip in self.chips:
                taken = chip.client.receive_block(frame.payload, now)
                if taken is not None:
                    return self.sent(chip, taken)
        try:
            header = parse_header(frame.payload)
        except PeerError:
            return ()  # without a header there is nothing to answer
        try:
            actions = self._dispatch(frame, header, now, unicast)
        except PeerError as error:
            if _is_default(header):
                return ()  # two devices that misread each other must not go on for ever
            actions = [self._default_response(frame, header, error.status)]
        if not unicast:
            return [action for action in actions if not _is_default_response(action)]
        return self._acknowledge(actions, frame, header)

    def _dispatch(
        self, frame: Send, header: ZclHeader, now: float, unicast: bool
    ) -> Sequence[NodeAction]:
        if header.manufacturer_code is not None:
            status = (
                Status.UNSUP_CLUSTER_COMMAND
                if header.cluster_specific
                else Status.UNSUP_GENERAL_COMMAND
            )
            raise PeerError("manufacturer-specific commands are not supported", status)
        if not header.cluster_specific:
            payload = frame.payload[header.length :]
            return self._general(frame, header, general.decode(header.command, payload), now)
        if frame.cluster != OTA_UPGRADE_CLUSTER or not header.from_server:
            raise PeerError("no such command here", Status.UNSUP_CLUSTER_COMMAND)
        actions: list[NodeAction] = []
        for chip in self._addressees(header, frame.payload):
            if self._waits(chip):
                chip.client.wake_at = now + TURN  # it was told something: it asks when it may
                continue
            found = chip.client.receive(header, frame.payload, now, unicast=unicast)
            actions += self.sent(chip, found)
        return actions

    def _addressees(self, header: ZclHeader, frame: bytes) -> Sequence[Chip]:
        """For whom of its chips a command of the server is.

        Raises:
            PeerError: it is malformed.
        """
        if len(self.chips) == 1:
            return self.chips
        command = ota.decode(header.command, frame[header.length :])
        match command:
            case ota.ImageNotify() | ota.UpgradeEndResponse():
                return self._named(command) or self.chips  # or for any: each looks for itself
            case ota.ImageBlockResponse() if named := self._named(command):
                return named
        return (self._asked.get(header.sequence, self.chips[0]),)

    def _named(
        self, command: ota.ImageNotify | ota.UpgradeEndResponse | ota.ImageBlockResponse
    ) -> list[Chip]:
        maker, image_type = command.manufacturer_code, command.image_type
        if maker is None or image_type is None:
            return []
        return [chip for chip in self.chips if chip.takes(maker, image_type)]

    def _acknowledge(
        self, actions: Sequence[NodeAction], frame: Send, header: ZclHeader
    ) -> Sequence[NodeAction]:
        """Add the Default Response a sender asked for, unless something else answers it."""
        if header.disable_default_response or _is_default(header):
            return actions
        if any(isinstance(action, Transmit) for action in actions):
            return actions
        return [*actions, self._default_response(frame, header, Status.SUCCESS)]

    def _general(
        self, frame: Send, header: ZclHeader, command: general.GeneralCommand, now: float
    ) -> Sequence[NodeAction]:
        match command:
            case general.ReadAttributes(attributes):
                known = self.attributes(frame.cluster, self._spokesman(frame.cluster))
                response = general.ReadAttributesResponse(answer(attributes, known))
                return [self._answer(frame, header, response)]
            case general.DefaultResponse() if frame.cluster == OTA_UPGRADE_CLUSTER:
                chip = self._asked.get(header.sequence, self.chips[0])
                return self.sent(chip, chip.client.receive_default(command, now))
        return ()

    def _default_response(self, frame: Send, header: ZclHeader, status: int) -> Transmit:
        return self._answer(frame, header, general.DefaultResponse(header.command, status))

    def _answer(self, frame: Send, header: ZclHeader, command: general.GeneralCommand) -> Transmit:
        return self.endpoint.answer(
            header, command, cluster=frame.cluster, to=frame.source_endpoint
        )

    # --- attributes -------------------------------------------------------------------------------

    def _spokesman(self, cluster: int) -> Chip:
        """The chip a read is answered for, by the device's habit."""
        if cluster != OTA_UPGRADE_CLUSTER or self._spec.answers_for is AnswersFor.FIRST:
            return self.chips[0]
        chip = self.chips[self._next % len(self.chips)]
        self._next += 1
        return chip

    def attributes(self, cluster: int, chip: Chip) -> dict[int, tuple[int, int | bytes]]:
        """Type and value of every attribute of a cluster, told for one of its chips."""
        if cluster == OTA_UPGRADE_CLUSTER:
            return {**client_attributes(chip.spec, chip.client.view())}
        if cluster == BASIC_CLUSTER:
            client = self.chips[0].client
            return basic_attributes(self._spec, client.version, on_mains=client.on_mains)
        return {}

    def report(self, cluster: int, attribute: int, *, from_server: bool) -> Transmit:
        """Report one attribute of one of its clusters unasked."""
        value = record(attribute, self.attributes(cluster, self.chips[0])[attribute])
        return self.endpoint.report(cluster, (value,), from_server=from_server)

    def report_version(self, chip: Chip) -> Transmit:
        """Report what a chip runs; a device with several says of which chip, unless it hides it."""
        known = self.attributes(OTA_UPGRADE_CLUSTER, chip)
        told = [Attribute.CURRENT_FILE_VERSION]
        if self._several:
            told += [name for name in _NAMES if name in known]
        values = tuple(record(attribute, known[attribute]) for attribute in told)
        return self.endpoint.report(OTA_UPGRADE_CLUSTER, values, from_server=False)


def _is_default(header: ZclHeader) -> bool:
    return not header.cluster_specific and header.command == general.DEFAULT_RESPONSE


def _is_default_response(action: NodeAction) -> bool:
    return (
        isinstance(action, Transmit)
        and action.payload[0] & 0x03 == 0
        and action.payload[2] == general.DEFAULT_RESPONSE
    )
