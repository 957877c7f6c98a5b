"""What a device says: answers, outcomes and alerts, written, protected and put to be sent; pure.

Knows what each message must carry and for whom it is, not when it is called for.
"""

from typing import Final

from emulators.gbcs.anchors import Anchors
from emulators.gbcs.habits import GbcsHabits
from emulators.gbcs.memory import FutureOrder
from emulators.gbcs.outbox import Outbox
from emulators.platform.utc_clock import UtcClock
from ota_engine.gbcs import compose
from ota_engine.gbcs.codes import ActivationCode, AlertCode, MessageCode, PpmidActivationCode
from ota_engine.gbcs.envelope import Message, serialise
from ota_engine.gbcs.payloads import (
    ActivationOutcome,
    FutureDatedOutcome,
    Payload,
    PpmidActivation,
)
from ota_engine.gbcs.protection import protect

UNRELIABLE_CLOCK: Final = 0x02  # status of a DLMS date-time: the clock was never set


class DeviceSigner:
    """The messages of one device.

    Args:
        anchors: its keys, and for whom alerts are.
        clock: the date in them.
        outbox: where they go.
    """

    __slots__ = ("_anchors", "_clock", "_outbox")

    def __init__(self, anchors: Anchors, clock: UtcClock, outbox: Outbox) -> None:
        self._anchors = anchors
        self._clock = clock
        self._outbox = outbox

    def answer(self, command: Message, payload: Payload, now: float) -> None:
        """Answer without a date, as version reads are."""
        self._put(compose.response(command, payload), now)

    def answer_dated(self, command: Message, payload: Payload, now: float) -> None:
        """Answer with the date, as CS06 is."""
        status = compose.RELIABLE_CLOCK if self._clock.is_set else UNRELIABLE_CLOCK
        time = compose.device_time(self._clock.moment(now), status)
        self._put(compose.response(command, payload, time), now)

    def outcome(
        self, cause: Message | FutureOrder | None, code: ActivationCode, version: int, now: float
    ) -> None:
        """Tell whoever caused an activation what came of it: see ``Begun.cause``."""
        if isinstance(cause, Message):
            self.answer_dated(cause, ActivationOutcome(code, version), now)
        elif cause is not None:
            self._future_dated(cause, ActivationOutcome(code, version), now)
        else:
            self._ppmid(code is ActivationCode.SUCCESS, version, now)

    def receipt(self, habits: GbcsHabits, digest: bytes, now: float, *, verified: bool) -> None:
        """Tell the supplier what was found in an image, if the kind of device does."""
        if habits.receipt_code is None or habits.write_receipt is None:
            return
        code = (
            AlertCode.FIRMWARE_VERIFICATION_SUCCESSFUL
            if verified
            else AlertCode.FIRMWARE_VERIFICATION_FAILED
        )
        counter = self._draw(now)
        payload = habits.write_receipt(code, counter, self._clock.moment(now), digest)
        self._alert(habits.receipt_code, payload, self._anchors.supplier, counter, now)

    def _future_dated(self, order: FutureOrder, outcome: ActivationOutcome, now: float) -> None:
        alert = (
            AlertCode.FUTURE_DATED_COMMAND_ACTIONED
            if outcome.code == ActivationCode.SUCCESS
            else AlertCode.FUTURE_DATED_COMMAND_NOT_ACTIONED
        )
        payload = FutureDatedOutcome(alert, order.execution_time, order.counter, outcome)
        code = MessageCode.FIRMWARE_ACTIVATION_ALERT
        self._alert(code, payload, order.originator, self._draw(now), now)

    def _ppmid(self, done: bool, version: int, now: float) -> None:
        payload = PpmidActivation(
            AlertCode.PPMID_FIRMWARE_ACTIVATION,
            self._clock.moment(now),
            version,
            PpmidActivationCode.SUCCESS if done else PpmidActivationCode.FAILURE,
        )
        code = MessageCode.PPMID_ACTIVATION_ALERT
        self._alert(code, payload, self._anchors.broker, self._draw(now), now)

    def _alert(self, code: int, payload: Payload, recipient: int, counter: int, now: float) -> None:
        own = self._anchors.own
        said = compose.alert(code, payload, originator=own, recipient=recipient, counter=counter)
        self._put(said, now)

    def _draw(self, now: float) -> int:
        return self._outbox.draw(self._clock.utc(now))

    def _put(self, message: Message, now: float) -> None:
        self._outbox.put(serialise(protect(message, self._anchors.keys)), now)
