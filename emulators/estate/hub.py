"""A Communications Hub with its own flash, on a wide area network that loses things; in virtual time.

Does what the hub's part in its own upgrade (``ota_engine.hub.own_firmware``) wants done, and starts as a
boot loader lets it. What it says it runs stands in the image that its flash really runs. A power cut at
any write leaves what flash and memory hold.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Final, NamedTuple

from emulators.air.agenda import Agenda
from emulators.platform.flash import (
    Contents,
    FileIdentity,
    Flash,
    PowerLossError,
    SectorPool,
    Spare,
)
from images.eui64 import Eui64
from images.model import parse
from ota_engine.hub.own_firmware.firmware import (
    AskPiece,
    ClearStaging,
    HashStaged,
    HubStarted,
    KeepOwn,
    OwnEffect,
    OwnEvent,
    OwnFirmware,
    PieceCame,
    RestartHub,
    StagedHashed,
    StorePiece,
)
from ota_engine.hub.own_firmware.life import NOTHING_STAGED, OwnFirmwareRecord, OwnState
from ota_engine.times import Monotonic, Utc

BANK: Final = 4 << 20  # octets
BOOT_S: Final = 90.0  # from a restart until the hub serves again


@dataclass(frozen=True, slots=True)
class HubSpec:
    """What a hub is, and what goes wrong with it.

    Attributes:
        chf: EUI-64 of its Communications Hub Function; names the hub.
        version: of the firmware it left the factory with.
        loss: share of what its WAN loses, each way.
        delay_s: mean seconds that the WAN takes, each way.
        boot_s: from a restart until it serves again.
        never_starts: versions of firmware that do not pass their self-test.
        gpf_stays: versions with which the Gas Proxy Function goes on running what it ran.
        loses_han: versions with which the hub finds its devices no more.
    """

    chf: Eui64
    version: int
    loss: float = 0.02
    delay_s: float = 0.4
    boot_s: float = BOOT_S
    never_starts: frozenset[int] = frozenset()
    gpf_stays: frozenset[int] = frozenset()
    loses_han: frozenset[int] = frozenset()


class HubMemory(NamedTuple):
    """What a hub holds without power.

    Attributes:
        flash: its contents.
        record: of its next firmware.
        gpf: version that its Gas Proxy Function runs.
    """

    flash: Contents
    record: OwnFirmwareRecord
    gpf: int


def _nothing() -> None:
    """Do nothing."""


class EmulatedHub:
    """One hub, its flash and its WAN.

    Args:
        spec: what it is.
        agenda: of the home's time.
        utc: tells that as a moment of the calendar.
        source: gives the octets of an image at the other end of the WAN, None where there are none.
        seed: of what the WAN does.
        on_restart: called when the hub goes down, and will not come back by itself.
        rate: seconds of the calendar in a second of the home's time.
        on_change: called when anything of it is another.

    Attributes:
        flash: that holds its firmware.
        firmware: its part in its own upgrade, None while it is off.
    """

    def __init__(
        self,
        spec: HubSpec,
        agenda: Agenda,
        utc: Callable[[Monotonic], Utc],
        source: Callable[[str], bytes | None],
        seed: int,
        on_restart: Callable[[Monotonic], None],
        rate: float = 1.0,
        on_change: Callable[[], None] = _nothing,
    ) -> None:
        self.spec = spec
        self.flash = Flash(SectorPool(), BANK, FileIdentity(0, 0, spec.version))
        self.firmware: OwnFirmware | None = None
        self._memory: OwnFirmwareRecord = NOTHING_STAGED
        self._gpf = spec.version
        self._agenda = agenda
        self._utc = utc
        self._source = source
        self._rng = Random(f"wan {seed} {spec.chf:016x}")
        self._on_restart = on_restart
        self._rate = rate
        self._on_change = on_change
        self._life = 0

    @property
    def version(self) -> int:
        """What its flash runs."""
        content = self.flash.running_content()
        return parse(content).header.file_version if content else self.spec.version

    @property
    def finds_devices(self) -> bool:
        """Whether it has its HAN."""
        return self.version not in self.spec.loses_han

    @property
    def memory(self) -> HubMemory:
        """What it holds without power."""
        return HubMemory(self.flash.contents(), self._memory, self._gpf)

    def recall(self, memory: HubMemory) -> None:
        """Be as one was that held this, before it is started."""
        self.flash.fill(memory.flash)
        self._memory, self._gpf = memory.record, memory.gpf

    # --- power -----------------------------------------------------------------------------------

    def start(self, now: Monotonic) -> None:
        """Let the boot loader start what it finds, and the hub say what that is."""
        self._life += 1
        before = self.version
        try:
            while self.flash.boot().trial:
                if self._tried_version() in self.spec.never_starts:
                    continue
                self.flash.confirm()
                break
            self.flash.resume()
        except PowerLossError:
            self.cut_power(now)
            return
        if self.version != before and self.version not in self.spec.gpf_stays:
            self._gpf = self.version
        self.firmware = OwnFirmware(self._memory)
        self.handle(HubStarted(self.version, self._gpf, self._staged()), now)

    def cut_power(self, now: Monotonic) -> None:
        """Take its power away; only what flash and memory hold survives."""
        self.stop()
        self._on_restart(now)

    def stop(self) -> None:
        """Let it die where it stands."""
        self.firmware = None
        self.flash.lose_power()

    def _tried_version(self) -> int:
        return parse(b"".join(self.flash.held_sectors())).header.file_version

    def _staged(self) -> int:
        """Octets of the image that it is to have which are safely in the spare bank."""
        meta = self.flash.metadata
        if meta.spare in (Spare.VERIFIED, Spare.PENDING):
            file = meta.held[-1]
            return file.size if file.identity == _identity(self._memory) else 0
        download = meta.download
        if download is None or download.identity != _identity(self._memory):
            return 0
        return download.offset

    def _digest(self) -> bytes:
        meta = self.flash.metadata
        if meta.spare is Spare.VERIFIED:
            return meta.held[-1].digest
        self.flash.finish()
        return self.flash.downloaded_digest()

    # --- what happens ----------------------------------------------------------------------------

    def handle(self, event: OwnEvent, now: Monotonic) -> None:
        """Let something happen to it; nothing does while it is off."""
        if self.firmware is not None:
            self._carry_out(self.firmware.handle(event, self._utc(now)), now)

    def _wake(self, life: int, now: Monotonic) -> None:
        if self.firmware is not None and life == self._life:
            self._carry_out(self.firmware.wake(self._utc(now)), now)

    def _carry_out(self, effects: Iterable[OwnEffect], now: Monotonic) -> None:
        try:
            for effect in effects:
                self._do(effect, now)
        except PowerLossError:
            self.cut_power(now)
        if self.firmware is not None and (wake := self.firmware.next_wake) is not None:
            at = max(now, now + (wake - self._utc(now)) / self._rate)
            self._agenda.at(at, partial(self._wake, self._life))
        self._on_change()

    def _do(self, effect: OwnEffect, now: Monotonic) -> None:
        match effect:
            case KeepOwn():
                self._keep(effect.record)
            case AskPiece():
                self._over_wan(partial(self._answer, self._life, effect), now)
            case ClearStaging():
                self.flash.begin(_identity(self._memory), effect.size)
            case StorePiece():
                self.flash.append(effect.octets)
            case HashStaged():
                self.handle(StagedHashed(self._digest().hex()), now)
            case RestartHub():
                self.flash.request_swap()
                self.cut_power(now)

    def _keep(self, record: OwnFirmwareRecord) -> None:
        spare = self.flash.metadata.spare
        if record.state is OwnState.STAGED and spare is Spare.DOWNLOADING:
            self.flash.mark_verified(complete=True)
        elif record.state in (OwnState.IDLE, OwnState.FAILED) and spare is not Spare.EMPTY:
            self.flash.discard()
        self._memory = record

    # --- the wide area network -------------------------------------------------------------------

    def _over_wan(self, arrive: Callable[[Monotonic], None], now: Monotonic) -> None:
        if self._rng.random() >= self.spec.loss:
            self._agenda.at(now + self._rng.expovariate(1.0 / self.spec.delay_s), arrive)

    def _answer(self, life: int, ask: AskPiece, now: Monotonic) -> None:
        """The other end sends a piece, if it has the image."""
        image = self._source(ask.sha256)
        if image is None:
            return
        octets = image[ask.offset : ask.offset + ask.octets]
        piece = PieceCame(ask.sha256, ask.offset, octets)
        self._over_wan(partial(self._arrived, life, piece), now)

    def _arrived(self, life: int, piece: PieceCame, now: Monotonic) -> None:
        if life == self._life:
            self.handle(piece, now)


def _identity(record: OwnFirmwareRecord) -> FileIdentity:
    """What flash calls an image: part of its hash, so that no other one is taken for it."""
    return FileIdentity(0, 0, int(record.sha256[:8] or "0", 16))
