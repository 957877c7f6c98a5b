"""The Communications Hub Function: tells the broker by signed alert what came of every transfer.

Answers users who ask what it runs itself, too. Knows the messages and its keys; how a transfer ended is the
delivery's to say, and what it runs its own firmware's.
"""

from typing import Final

from images.eui64 import Eui64
from ota_engine.gbcs import compose
from ota_engine.gbcs.codes import AlertCode, MessageCode, TransferCode, name_of
from ota_engine.gbcs.envelope import serialise
from ota_engine.gbcs.meters import INVOKE_ID_MASK, VersionRequest, VersionResponse
from ota_engine.gbcs.payloads import FirmwareTransfer
from ota_engine.gbcs.protection import protect
from ota_engine.hub.activation.counters import Counters
from ota_engine.hub.activation.moments import date_of, trusted_utc
from ota_engine.hub.activation.outcomes import told
from ota_engine.hub.activation.requests import TellVersion
from ota_engine.hub.activation.security import Security
from ota_engine.hub.kernel.happenings import TransferEnd, TransferEnded
from ota_engine.hub.kernel.kernel import Kernel
from ota_engine.records import OutcomeKind
from ota_engine.times import Monotonic, Utc

#: How a transfer ended, in the words of CCS08.
TRANSFER_CODES: Final = {
    TransferEnd.SUCCEEDED: TransferCode.SUCCESS,
    TransferEnd.DISCARDED: TransferCode.IMAGE_DISCARDED,
    TransferEnd.WRONG_HARDWARE: TransferCode.HARDWARE_VERSION_MISMATCH,
    TransferEnd.FAILED: TransferCode.TRANSFER_FAILURE,
}


class Hub:
    """Signs for the Communications Hub Function of one home."""

    def __init__(
        self, eui64: Eui64, security: Security, counters: Counters, kernel: Kernel
    ) -> None:
        """Take the hub's part.

        Raises:
            LocalError: its signing key is not at hand.
        """
        security.require_signer(eui64)
        self._eui64 = eui64
        self._security = security
        self._counters = counters
        self._kernel = kernel
        self._told: dict[Eui64, str] = {}

    def transferred(self, transfer: TransferEnded, now: Monotonic) -> None:
        """Tell of a transfer by CCS08, committed with the transfer's own outcome."""
        key = f"{transfer.key}-ccs08"
        if self._told.get(transfer.device) == key:
            return  # the same end again; the outbox would drop it, the counter is better saved
        self._told[transfer.device] = key
        utc = self._kernel.clock.utc(now)
        code = TRANSFER_CODES[transfer.end]
        good = code is TransferCode.SUCCESS
        alert = compose.alert(
            MessageCode.FIRMWARE_TRANSFER_ALERT,
            FirmwareTransfer(
                AlertCode.FIRMWARE_TRANSFER_SUCCESSFUL
                if good
                else AlertCode.FIRMWARE_TRANSFER_FAILED,
                date_of(Utc(int(utc))),
                transfer.device,
                transfer.file_version,
                code,
            ),
            originator=self._eui64,
            recipient=self._security.broker,
            counter=self._counters.draw(self._eui64, trusted_utc(self._kernel.clock, now)),
        )
        signed = protect(alert, self._security.keys)
        self._kernel.output.report(
            told(
                signed,
                serialise(signed),
                utc,
                kind=OutcomeKind.ALERT,
                succeeded=good,
                reason=f"transfer: {name_of(code, TransferCode)}",
                device=transfer.device,
                key=key,
                sha256=transfer.sha256,
            )
        )

    def tell_version(self, request: TellVersion, now: Monotonic) -> None:
        """Answer the broker's question, on behalf of a user, as a device would (ECS52)."""
        code = MessageCode.READ_ELECTRICITY_FIRMWARE_VERSION
        trusted = trusted_utc(self._kernel.clock, now)
        counter = self._counters.draw(self._security.broker, trusted)
        invoke_id = counter & INVOKE_ID_MASK
        question = compose.command(
            code,
            VersionRequest(invoke_id),
            originator=self._security.broker,
            recipient=self._eui64,
            counter=counter,
            party=request.user,
            party_counter=request.counter,
        )
        answer = compose.response(question, VersionResponse(invoke_id, request.version, 0))
        sealed = protect(answer, self._security.keys)
        self._kernel.output.report(
            told(
                sealed,
                serialise(sealed),
                self._kernel.clock.utc(now),
                kind=OutcomeKind.VERSION,
                succeeded=True,
                reason=f"runs 0x{request.version:08X}",
                version=request.version,
            )
        )
