"""The Communications Hub Function: tells the broker by signed alert what came of every transfer.

Knows the alert and its key; how a transfer ended is the delivery's to say.
"""

from typing import NamedTuple

from images.eui64 import Eui64
from ota_engine.gbcs import compose
from ota_engine.gbcs.codes import AlertCode, MessageCode, TransferCode, name_of
from ota_engine.gbcs.envelope import serialise
from ota_engine.gbcs.payloads import FirmwareTransfer
from ota_engine.gbcs.protection import protect
from ota_engine.hub.activation.counters import Counters
from ota_engine.hub.activation.outcomes import told
from ota_engine.hub.activation.security import Security
from ota_engine.hub.activation.surroundings import Surroundings, date_of, trusted_utc
from ota_engine.records import OutcomeKind


class Transfer(NamedTuple):
    """The end of one attempt to bring an image to a device.

    Attributes:
        key: of its outcome; the same end always has the same.
        target: the device.
        sha256: the image.
        firmware_version: of the image.
        code: how it ended.
    """

    key: str
    target: Eui64
    sha256: str
    firmware_version: int
    code: TransferCode


class Hub:
    """Signs for the Communications Hub Function of one home."""

    def __init__(
        self, eui64: Eui64, security: Security, counters: Counters, surroundings: Surroundings
    ) -> None:
        """Take the hub's part.

        Raises:
            LocalError: its signing key is not at hand.
        """
        security.require_signer(eui64)
        self._eui64 = eui64
        self._security = security
        self._counters = counters
        self._around = surroundings
        self._told: dict[Eui64, str] = {}

    def transferred(self, transfer: Transfer, now: float) -> None:
        """Tell of a transfer by CCS08, committed with the transfer's own outcome."""
        key = f"{transfer.key}-ccs08"
        if self._told.get(transfer.target) == key:
            return  # the same end again; the outbox would drop it, the counter is better saved
        self._told[transfer.target] = key
        utc = self._around.clock.utc(now)
        good = transfer.code is TransferCode.SUCCESS
        alert = compose.alert(
            MessageCode.FIRMWARE_TRANSFER_ALERT,
            FirmwareTransfer(
                AlertCode.FIRMWARE_TRANSFER_SUCCESSFUL
                if good
                else AlertCode.FIRMWARE_TRANSFER_FAILED,
                date_of(int(utc)),
                transfer.target,
                transfer.firmware_version,
                transfer.code,
            ),
            originator=self._eui64,
            recipient=self._security.broker,
            counter=self._counters.draw(self._eui64, trusted_utc(self._around.clock, now)),
        )
        signed = protect(alert, self._security.keys)
        self._around.report(
            told(
                signed,
                serialise(signed),
                utc,
                kind=OutcomeKind.ALERT,
                succeeded=good,
                reason=f"transfer: {name_of(transfer.code, TransferCode)}",
                device=transfer.target,
                key=key,
                sha256=transfer.sha256,
            )
        )
