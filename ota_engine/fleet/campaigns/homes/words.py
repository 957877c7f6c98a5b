"""What devices said under their own signatures, as rows: octets that anybody can check again."""

from dataclasses import dataclass
from typing import ClassVar

from images.eui64 import Eui64
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.port import HubOutcome, HubWord


@dataclass(frozen=True, slots=True)
class SignedWord:
    """A message that proves what a hub told of a device.

    Attributes:
        key: of what was told.
        campaign: that led to it; empty where none did.
        home: pseudonym.
        device: that it is about.
        word: what happened.
        version: that the device reported; None when it did not.
        message: octets of the message (GBCS).
        utc: when, by the hub.
    """

    TABLE: ClassVar = "signed_words"
    KEY: ClassVar = ("key",)
    INDEXES: ClassVar = (("campaign",), ("home",))
    evidence: ClassVar = True
    key: str
    campaign: str
    home: str
    device: Eui64
    word: HubWord
    version: int | None
    message: bytes
    utc: float


def keep_message(outcome: HubOutcome, work: Work) -> None:
    """Keep the message that proves an outcome, where there is one."""
    if outcome.message:
        work.put(
            SignedWord(
                outcome.key,
                outcome.campaign,
                outcome.home,
                outcome.device,
                outcome.word,
                outcome.version,
                outcome.message,
                outcome.utc,
            )
        )
