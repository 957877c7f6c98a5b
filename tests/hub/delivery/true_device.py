"""A device that tells the truth, and remembers what really happened to it: the measure of what a hub tells.

Written from the ZCL's words alone: it knows frames, and nothing of how an engine decides.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from ota_engine.events import BASIC_CLUSTER, OTA_UPGRADE_CLUSTER, Send
from ota_engine.records import ImageRecord
from ota_engine.zcl import general, ota
from ota_engine.zcl.frame import cluster_frame, general_frame, parse_header
from ota_engine.zcl.general import AttributeRecord
from ota_engine.zcl.status import Status
from tests.hub.delivery.desk import IMAGE_TYPE, MANUFACTURER, WAIT_FOR_EVER, Client, Desk, decoded

SAYS_EVERY = 0.1  # seconds between two frames
RESTARTS_AFTER = 6.0  # seconds from the word to apply until it is off
COMES_BACK_AFTER = 12.0  # seconds from the word to apply until it is back
COMES_BACK_LATE = 6000.0  # seconds: longer than anybody waits for it
#: ImageUpgradeStatus.
NORMAL, DOWNLOADING, COMPLETE, WAITING, COUNTING, EXTERNAL = 0, 1, 2, 3, 4, 6


@dataclass
class Held:
    """A whole image that the device has and found good, and what came of it."""

    image: ImageRecord
    at: float
    came_with: object
    switched_at: float | None = None
    left_at: float | None = None
    unsaid: bool = False


class TrueDevice:
    """One device: what it runs, what it has of another image, and what it says of that.

    Attributes:
        runs: the version it runs.
        held: the image that it holds, verified.
        wholes: every image it ever held, in that order.
        external: it runs what it holds on a command alone (UpgradeActivationPolicy 1).
        deaf: it answers no question and heeds no notify.
        queries_back: it queries when it has restarted.
        slow: it takes very long to come back.
        asks_anyway: it queries also while it holds an image, unless it is deaf: nothing would tell it
            from one that has come back.
        falls_back: its next start of another image will end in the one before.
        on: it has power.
    """

    def __init__(self, desk: Desk, images: tuple[ImageRecord, ...]) -> None:
        self.desk = desk
        self.client = Client(desk, of=images[0])
        self.images = {one.file_version: one for one in images}
        self.runs = images[0].file_version
        self.held: Held | None = None
        self.wholes: list[Held] = []
        self.external = self.deaf = self.falls_back = False
        self.queries_back = True
        self.asks_anyway = self.slow = False
        self.on = True
        self.within_reach = True
        self.mark: Callable[[], object] = lambda: None  # what a download that ends now belongs to
        self._wanted: ImageRecord | None = None
        self._octets = b""
        self._status = NORMAL
        self._off_at = self._back_at = self._apply_at = inf
        self._sequence = 0
        self._heard = 0
        self._verdict_due = False

    # --- what it does ------------------------------------------------------------------------

    @property
    def next_wake(self) -> float:
        return min(self._off_at, self._back_at, self._apply_at)

    def wake(self) -> None:
        now = self.desk.now
        if now >= self._apply_at:
            self._apply()
        if now >= self._off_at:
            self._off_at = inf
            self._switch()
        if now >= self._back_at:
            self._back_at = inf
            self.boot()

    def boot(self) -> None:
        self.on = True
        self.join()
        if self.queries_back and not self._waits:
            self.query()

    def join(self) -> None:
        if self.on and self.within_reach:
            self.desk.give(self.client.joining._replace(time=self.desk.now))
            self.hear()

    def query(self) -> None:
        if not self._waits:
            key = (MANUFACTURER, IMAGE_TYPE)
            self._say(ota.QueryNextImageRequest(0, *key, self.runs, None))

    def go_on(self, blocks: int) -> None:
        """Ask for so many blocks, and end what is whole."""
        for _ in range(blocks):
            wanted = self._wanted
            if wanted is None or not self.on:
                return
            before = len(self._octets)
            key = (wanted.manufacturer_code, wanted.image_type, wanted.file_version)
            self._say(ota.ImageBlockRequest(0, *key, before, 50))
            if len(self._octets) == before:
                return
            if len(self._octets) == len(wanted.data):
                self.end()
                return

    def end(self) -> None:
        """Say, or say again, that it has the whole image."""
        held = self.held
        if held is not None and not (self._status == COUNTING and self._apply_at < inf):
            one = held.image
            key = (one.manufacturer_code, one.image_type, one.file_version)
            self._say(ota.UpgradeEndRequest(Status.SUCCESS, *key))

    def spoil(self) -> None:
        """Find what it downloads to be bad."""
        wanted, self._wanted, self._octets = self._wanted, None, b""
        if wanted is not None:
            key = (wanted.manufacturer_code, wanted.image_type, wanted.file_version)
            self._status = NORMAL
            self._say(ota.UpgradeEndRequest(Status.INVALID_IMAGE, *key))

    def power_cut(self, forgets: bool) -> None:
        """Lose the mains for a moment; a whole image outlasts it, part of one may."""
        if self.on:
            if forgets and self._wanted is not None:
                self._wanted, self._octets, self._status = None, b"", NORMAL
            restarting = self._off_at < inf
            self._off_at = self._apply_at = inf
            self.on = False
            self._back_at = self.desk.now + 2.0
            if restarting:
                self._switch()
            elif self.held is not None:
                self._status = EXTERNAL if self.external else WAITING

    def command(self) -> None:
        """Be ordered by others to run what it holds."""
        if self.on and self.held is not None:
            self._apply()

    def report(self, asked: bool) -> None:
        values = (
            (ota.Attribute.CURRENT_FILE_VERSION, general.UINT32, self.runs),
            (ota.Attribute.IMAGE_UPGRADE_STATUS, general.ENUM8, self._status),
            (ota.Attribute.MANUFACTURER_ID, general.UINT16, MANUFACTURER),
            (ota.Attribute.IMAGE_TYPE_ID, general.UINT16, IMAGE_TYPE),
        )
        records = tuple(AttributeRecord(name, 0, kind, value) for name, kind, value in values)
        command = general.ReadAttributesResponse if asked else general.ReportAttributes
        self._say_general(command(records))

    # --- what it hears -----------------------------------------------------------------------

    def hear(self) -> None:
        """Take every frame that was sent to it since it last listened."""
        while self._heard < len(self.desk.sent):
            _, frame = self.desk.sent[self._heard]
            self._heard += 1
            if self.on and self.within_reach and frame.destination == self.client.eui64:
                self._take(frame)

    def _take(self, frame: Send) -> None:
        said = decoded(frame)
        sequence = parse_header(frame.payload).sequence
        if isinstance(said, general.ReadAttributes):
            if frame.cluster == OTA_UPGRADE_CLUSTER and not self.deaf:
                self.report(asked=True)
        elif isinstance(said, ota.ImageNotify):
            if not self.deaf:
                self.query()
        elif isinstance(said, ota.QueryNextImageResponse):
            self._offered(said)
        elif isinstance(said, ota.ImageBlockResponse):
            self._block(said)
        elif isinstance(said, ota.UpgradeEndResponse):
            self._told(said, sequence)
        elif isinstance(said, general.DefaultResponse) and frame.cluster != BASIC_CLUSTER:
            self._refused(said)

    def _offered(self, offer: ota.QueryNextImageResponse) -> None:
        if offer.status != Status.SUCCESS or self.held is not None:
            return
        assert offer.file_version is not None
        image = self.images[offer.file_version]
        if self._wanted is not image:
            self._wanted, self._octets = image, b""
        self._status = DOWNLOADING
        if self.deaf and self.wholes:
            self.wholes[
                -1
            ].unsaid = True  # that it ran it: it answers no question, and is at another now

    def _block(self, answer: ota.ImageBlockResponse) -> None:
        wanted = self._wanted
        if answer.status == Status.ABORT:
            self._wanted, self._octets = None, b""
            self._status = WAITING if self.held else NORMAL
        if wanted is None or answer.status != Status.SUCCESS:
            return
        if (answer.file_version, answer.file_offset) == (wanted.file_version, len(self._octets)):
            self._octets += answer.data or b""
        if len(self._octets) == len(wanted.data):
            assert self._octets == wanted.data
            self.held = Held(wanted, self.desk.now, self.mark())
            self.wholes.append(self.held)
            self._wanted, self._status = None, COMPLETE
            if self.external:
                self._status = EXTERNAL

    def _told(self, answer: ota.UpgradeEndResponse, sequence: int) -> None:
        held = self.held
        if held is None or answer.file_version != held.image.file_version or self._off_at < inf:
            return
        if answer.upgrade_time == WAIT_FOR_EVER:
            self._apply_at = inf
            self._status = EXTERNAL if self.external else WAITING
        elif self.external:
            self._status = EXTERNAL
            refusal = general.DefaultResponse(
                ota.Command.UPGRADE_END_RESPONSE, Status.NOT_AUTHORIZED
            )
            self._say_general(refusal, sequence=sequence)
        else:
            self._status = COUNTING
            self._apply_at = self.desk.now + answer.upgrade_time - answer.current_time
            if self._apply_at <= self.desk.now:
                self._apply()

    def _refused(self, refusal: general.DefaultResponse) -> None:
        if refusal.status == Status.SUCCESS:
            return
        if refusal.command == ota.Command.IMAGE_BLOCK_REQUEST:
            self._wanted, self._octets = None, b""
            self._status = NORMAL
        elif refusal.command == ota.Command.UPGRADE_END_REQUEST and self.held is not None:
            self.held.left_at, self.held = self.desk.now, None
            self._status, self._apply_at = NORMAL, inf

    # --- within ------------------------------------------------------------------------------

    @property
    def restarts(self) -> bool:
        """Whether it is off, or about to be."""
        return min(self._off_at, self._back_at) < inf

    @property
    def _waits(self) -> bool:
        """Whether it holds an image, so that it does not query."""
        return self.held is not None and (self.deaf or not self.asks_anyway)

    def _apply(self) -> None:
        self._apply_at = inf
        if self._off_at == inf and self.held is not None:
            self._status = COUNTING
            self._off_at = self.desk.now + RESTARTS_AFTER
            self._back_at = self.desk.now + (COMES_BACK_LATE if self.slow else COMES_BACK_AFTER)

    def _switch(self) -> None:
        """Be off, and start what it holds."""
        self.on = False
        held, self.held, self._status = self.held, None, NORMAL
        self._wanted, self._octets = None, b""
        if held is None:
            return
        held.left_at = self.desk.now
        # One that falls back to what it runs anyway cannot be told from one that does not.
        if not self.falls_back or held.image.file_version == self.runs:
            self.runs = held.image.file_version
            held.switched_at = self.desk.now
        self.falls_back = False

    def _say(self, command: ota.OtaCommand) -> None:
        self._sequence = (self._sequence + 1) & 0xFF
        payload = cluster_frame(
            ota.command_of(command),
            self._sequence,
            ota.encode(command),
            from_server=False,
            disable_default_response=False,
        )
        self._utter(payload)

    def _say_general(self, command: general.GeneralCommand, *, sequence: int | None = None) -> None:
        self._sequence = (self._sequence + 1) & 0xFF
        payload = general_frame(
            general.command_of(command),
            self._sequence if sequence is None else sequence,
            general.encode(command),
            from_server=False,
        )
        self._utter(payload)

    def _utter(self, payload: bytes) -> None:
        if self.on and self.within_reach:
            self.desk.wait(SAYS_EVERY)
            self.client.raw(payload)
            self.hear()
