"""What a hub says to a fleet: each word of an errand once, each version when it changes, until settled.

A fleet in this process settles outcomes by their keys, and they are forgotten. One over a wire says up to
which number it has heard; that is kept for a while longer, for a head end that was restored from a back-up
wants to hear it again. Knows rows and words; when something has happened is for ``gateway.core`` to find out.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final, TypeVar

from images.eui64 import Eui64
from ota_engine.fleet.port import HubOutcome, HubWord
from ota_engine.gateway.errands import (
    Errand,
    OutcomeSaid,
    SaidUpTo,
    SettledUpTo,
    UserErrand,
    VersionSaid,
)
from ota_engine.gateway.memory import GatewayMemory
from ota_engine.records import OutcomeKind, OutcomeRecord, Verdict
from ota_engine.times import Utc

KEPT_S: Final = 35 * 86_400.0  # after which no back-up of a fleet is restored any more

AnyErrand = TypeVar("AnyErrand", Errand, UserErrand)


class HubVoice:
    """Speaks for one hub.

    Args:
        memory: where what is said is kept until it is settled.
    """

    def __init__(self, memory: GatewayMemory) -> None:
        self._memory = memory
        self._proofs: dict[tuple[Eui64, str], bytes] = {}
        numbers = [row.sequence for row in memory.all(OutcomeSaid)]
        self._last = max([*numbers, *(row.number for row in memory.all(SaidUpTo))], default=0)

    @property
    def outcomes(self) -> tuple[HubOutcome, ...]:
        """What is not settled, the oldest first."""
        return tuple(row.outcome for row in self.said_after(self.settled))

    def settle(self, keys: Iterable[str]) -> None:
        """Say no more what is kept elsewhere now."""
        for key in keys:
            row = self._memory.get(OutcomeSaid, f"outcome/{key}")
            if row is not None:
                self._forget(row)

    # --- by numbers ------------------------------------------------------------------------------

    @property
    def last(self) -> int:
        """The number of the last outcome; 0 for none."""
        return self._last

    @property
    def settled(self) -> int:
        """Up to which number outcomes are known to be kept by the fleet."""
        return max((row.number for row in self._memory.all(SettledUpTo)), default=0)

    def said_after(self, number: int) -> list[OutcomeSaid]:
        """What was said after a number and is not forgotten, the oldest first."""
        rows = (row for row in self._memory.all(OutcomeSaid) if row.sequence > number)
        return sorted(rows, key=lambda row: row.sequence)

    def settle_up_to(self, number: int, utc: Utc) -> None:
        """Note up to where the fleet has heard; what it has heard is kept for ``KEPT_S``.

        A number that was never given was given by another memory of this gateway: what the fleet has not
        heard of this one is said under numbers above it.
        """
        if number > self._last:
            waiting = self.said_after(self.settled)
            self._last = number
            self._memory.remember(SaidUpTo(number))
            for row in waiting:
                self._last += 1
                self._memory.remember(replace(row, sequence=self._last))
        if number > self.settled:
            self._memory.remember(SettledUpTo(number, utc))

    def forget_old(self, utc: Utc) -> None:
        """Keep no longer what was settled long ago."""
        old = [row for row in self._memory.all(SettledUpTo) if row.utc + KEPT_S <= utc]
        up_to = max((row.number for row in old), default=0)
        for said in self._memory.all(OutcomeSaid):
            if said.sequence <= up_to:
                self._forget(said)
        for row in old:
            if row.number < up_to:
                self._memory.forget(row)

    def _forget(self, row: OutcomeSaid) -> None:
        if row.sequence == self._last and self._memory.get(SaidUpTo, "said") != SaidUpTo(
            row.sequence
        ):
            self._memory.remember(SaidUpTo(row.sequence))
        self._memory.forget(row)

    # --- words -----------------------------------------------------------------------------------

    def say(
        self,
        errand: Errand,
        word: HubWord,
        utc: Utc,
        *,
        reason: str = "",
        version: int | None = None,
        message: bytes = b"",
    ) -> Errand:
        """Say a word of an errand, unless this attempt has said it.

        Returns:
            the errand, which knows what it has said.
        """
        if word in errand.said:
            return errand
        proof = (errand.device, errand.sha256)
        if word is HubWord.TRANSFERRED:
            message = self._proofs.pop(proof, message)
        said = self.say_word(errand, word, utc, reason=reason, version=version, message=message)
        if version is not None:
            self.note_version(errand.device, version)
        return said

    def say_word(
        self,
        errand: AnyErrand,
        word: HubWord,
        utc: Utc,
        *,
        reason: str = "",
        version: int | None = None,
        message: bytes = b"",
    ) -> AnyErrand:
        """Say a word of an errand as it is, unless this attempt has said it.

        Returns:
            the errand, which knows what it has said.
        """
        if word in errand.said:
            return errand
        _, _, place = errand.key.partition("/")  # what it is for
        self.tell(
            HubOutcome(
                f"{place}/{errand.attempt}/{word}",
                errand.campaign,
                errand.attempt,
                errand.home,
                errand.device,
                word,
                reason,
                version,
                message,
                utc,
            )
        )
        return self._memory.remember(replace(errand, said=(*errand.said, word)))

    def say_version(self, device: Eui64, version: int, utc: Utc) -> None:
        """Say what a device runs, if that is news."""
        news = self.note_version(device, version)
        if news is not None:
            name = f"{news.key}/{news.count}/{version:08x}"
            self._say_of_itself(device, name, version, b"", utc)

    def prove(self, record: OutcomeRecord) -> None:
        """Pass on a message of a device that tells what it runs, and keep the hub's own for their word.

        An order that has failed is told as the end of its errand. A proof of the version that an errand
        is to bring names that errand's campaign.
        """
        devices = {errand.device for errand in self._memory.errands}
        failed_order = record.kind is OutcomeKind.ORDER and record.verdict is Verdict.FAILED
        if record.device not in devices or failed_order:
            return
        if record.version_after is not None:
            name, version = f"proof/{record.key}", record.version_after
            self._say_of_itself(record.device, name, version, record.message, record.utc)
            self.note_version(record.device, version)
        elif record.kind is OutcomeKind.ALERT and record.sha256:
            self._proofs[record.device, record.sha256] = record.message

    def note_version(self, device: Eui64, version: int) -> VersionSaid | None:
        """Note what a device runs; None where that is no news."""
        known = self._memory.get(VersionSaid, f"version/{device:016x}")
        if known is not None and known.version == version:
            return None
        count = 1 if known is None else known.count + 1
        return self._memory.remember(VersionSaid(device, version, count))

    def _say_of_itself(
        self, device: Eui64, name: str, version: int, message: bytes, utc: Utc
    ) -> None:
        home = self._memory.home
        meant = self._errand_of(device, version) if message else None
        self.tell(
            HubOutcome(
                f"{home}/{name}",
                "" if meant is None else meant.campaign,
                0 if meant is None else meant.attempt,
                home,
                device,
                HubWord.VERSION,
                "",
                version,
                message,
                utc,
            )
        )

    def _errand_of(self, device: Eui64, version: int) -> Errand | None:
        """The last errand that was to bring a device to a version."""
        errands = reversed(self._memory.errands)
        return next(
            (one for one in errands if (one.device, one.version) == (device, version)), None
        )

    def tell(self, outcome: HubOutcome) -> None:
        """Keep what is to be said, before whatever counts on it; what is kept already stays as it is."""
        if self._memory.get(OutcomeSaid, f"outcome/{outcome.key}") is not None:
            return
        self._last += 1
        self._memory.remember(OutcomeSaid(self._last, outcome))
