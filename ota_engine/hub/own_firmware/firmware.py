"""The hub's part in its own upgrade: fetches the image piece by piece, checks it, runs it at its time.

Pure, with the face of the engine: takes what happens and the time, returns what is to be done. Knows no
other device, no GBCS and no radio: the image comes over the wide area network, by a way of the
communications service provider's own that this stands for. Asks for one piece at a time, and again
until it comes, so nothing of a lossy network or a power cut is worse than time lost.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, NamedTuple, TypeAlias

from ota_engine.backoff import doubled
from ota_engine.hub.own_firmware.life import (
    NOTHING_STAGED,
    OWN_LIFE,
    OwnFirmwareRecord,
    OwnState,
    OwnStep,
)
from ota_engine.times import Utc

PIECE: Final = 1024  # octets asked for at a time
AGAIN_S: Final = 10.0  # until a piece that did not come is asked for again; doubled each time...
AGAIN_AT_MOST_S: Final = 600.0  # ...up to this


# --- what happens --------------------------------------------------------------------------------


class StageOwn(NamedTuple):
    """Fetch an image for the hub itself."""

    sha256: str
    version: int
    size: int


class ActivateOwn(NamedTuple):
    """Run what is staged, at a time; one that has passed means now."""

    at_utc: Utc


class RecallOwn(NamedTuple):
    """Do not run what is staged before there is another time for it."""


class DropOwn(NamedTuple):
    """Give up what is on its way, or staged."""


class PieceCame(NamedTuple):
    """A piece of an image came over the WAN; ``sha256`` says of which."""

    sha256: str
    offset: int
    octets: bytes


class StagedHashed(NamedTuple):
    """What lies in the staging area hashes to this."""

    sha256: str


class HubStarted(NamedTuple):
    """The hub has started.

    Attributes:
        chf: version that its Communications Hub Function says it runs.
        gpf: version that its Gas Proxy Function says it runs.
        staged: octets of the image that are safely in the staging area.
    """

    chf: int
    gpf: int
    staged: int


OwnRequest: TypeAlias = StageOwn | ActivateOwn | RecallOwn | DropOwn
OwnEvent: TypeAlias = OwnRequest | PieceCame | StagedHashed | HubStarted


# --- what is to be done --------------------------------------------------------------------------


class KeepOwn(NamedTuple):
    """Remember this without power, before anything behind it is done."""

    record: OwnFirmwareRecord


class AskPiece(NamedTuple):
    """Ask for so many octets of an image over the WAN."""

    sha256: str
    offset: int
    octets: int


class ClearStaging(NamedTuple):
    """Make room for an image of so many octets."""

    size: int


class StorePiece(NamedTuple):
    """Put octets behind those that are staged."""

    octets: bytes


class HashStaged(NamedTuple):
    """Work out what the staged image hashes to, and say so by ``StagedHashed``."""


class RestartHub(NamedTuple):
    """Start anew, into what is staged."""


OwnEffect: TypeAlias = KeepOwn | AskPiece | ClearStaging | StorePiece | HashStaged | RestartHub


class OwnFirmware:
    """The next firmware of one hub.

    Args:
        record: what the hub remembers of it.

    Attributes:
        record: the same as it stands now.
        versions: what CHF and GPF said when the hub started, None before that.
        staged: octets that have come.
    """

    def __init__(self, record: OwnFirmwareRecord = NOTHING_STAGED) -> None:
        self.record = record
        self.versions: tuple[int, int] | None = None
        self.staged = 0
        self._tries = 0
        self._ask_utc: Utc | None = None
        self._effects: list[OwnEffect] = []
        self._takers: dict[type[Any], Callable[[Any, Utc], None]] = {
            StageOwn: self._stage,
            ActivateOwn: self._time,
            RecallOwn: self._recall,
            DropOwn: self._drop,
            PieceCame: self._piece,
            StagedHashed: self._hashed,
            HubStarted: self._started,
        }

    def handle(self, event: OwnEvent, utc: Utc) -> list[OwnEffect]:
        """Let something happen."""
        self._takers[type(event)](event, utc)
        return self._drain()

    @property
    def next_wake(self) -> Utc | None:
        """When ``wake`` is due next; None for never."""
        if self.record.state is OwnState.FETCHING and self._ask_utc is not None:
            return self._ask_utc
        if self.record.state is OwnState.TIMED and self.record.at_utc is not None:
            return self.record.at_utc
        return None

    def wake(self, utc: Utc) -> list[OwnEffect]:
        """Do what is due."""
        due = self.next_wake
        if due is not None and due <= utc:
            if self.record.state is OwnState.TIMED:
                self._step(OwnStep.DUE)
                self._effects.append(RestartHub())
            else:
                self._ask(utc)
        return self._drain()

    # --- what happens ----------------------------------------------------------------------------

    def _stage(self, told: StageOwn, utc: Utc) -> None:
        record = self.record
        known = record.sha256 == told.sha256 and record.state is not OwnState.FAILED
        if known and record.state is not OwnState.IDLE:
            return
        if not self._step(
            OwnStep.STAGE,
            sha256=told.sha256,
            version=told.version,
            size=told.size,
            reason="",
            at_utc=None,
        ):
            return
        self.staged = 0
        if self.versions == (told.version, told.version):
            self._step(OwnStep.NEW)
            return
        self._effects.append(ClearStaging(told.size))
        self._tries = 0
        self._ask(utc)

    def _time(self, told: ActivateOwn, utc: Utc) -> None:
        self._step(OwnStep.TIME, at_utc=max(told.at_utc, utc))

    def _recall(self, _: RecallOwn, __: Utc) -> None:
        self._step(OwnStep.RECALL, at_utc=None)

    def _drop(self, _: DropOwn, __: Utc) -> None:
        self._step(OwnStep.DROP, at_utc=None)

    def _piece(self, piece: PieceCame, utc: Utc) -> None:
        wanted = self.record.state is OwnState.FETCHING and piece.sha256 == self.record.sha256
        left = self.record.size - self.staged
        if not wanted or piece.offset != self.staged or not 0 < len(piece.octets) <= left:
            return  # late, again, or not what was asked for
        self._effects.append(StorePiece(piece.octets))
        self.staged += len(piece.octets)
        self._tries = 0
        if self.staged < self.record.size:
            self._ask(utc)
        else:
            self._ask_utc = None
            self._effects.append(HashStaged())

    def _hashed(self, told: StagedHashed, _: Utc) -> None:
        if self.record.state is not OwnState.FETCHING or self.staged < self.record.size:
            return
        if told.sha256 == self.record.sha256:
            self._step(OwnStep.LAST)
        else:
            said = f"the image hashes to {told.sha256[:16]}, not to {self.record.sha256[:16]}"
            self._step(OwnStep.BAD, reason=said)

    def _started(self, told: HubStarted, utc: Utc) -> None:
        self.versions = (told.chf, told.gpf)
        record = self.record
        if record.sha256 and self.versions == (record.version, record.version):
            self._step(OwnStep.NEW, reason="")
        elif record.state is OwnState.RESTARTING and told.staged >= record.size:
            self._effects.append(RestartHub())  # power went before it had begun
        elif record.sha256:
            self._step(OwnStep.OLD, reason=_difference(told, record.version))
        if self.record.state is OwnState.FETCHING:
            self._go_on(told, utc)

    def _go_on(self, told: HubStarted, utc: Utc) -> None:
        self.staged = min(told.staged, self.record.size)
        if self.staged == self.record.size:
            self._effects.append(HashStaged())
            return
        if not self.staged:
            self._effects.append(ClearStaging(self.record.size))
        self._ask(utc)

    # --- within ----------------------------------------------------------------------------------

    def _ask(self, utc: Utc) -> None:
        length = min(PIECE, self.record.size - self.staged)
        self._effects.append(AskPiece(self.record.sha256, self.staged, length))
        self._ask_utc = utc + doubled(AGAIN_S, AGAIN_AT_MOST_S, self._tries + 1)
        self._tries += 1

    def _step(self, step: OwnStep, **changes: Any) -> bool:
        state = OWN_LIFE.turn(self.record.state, step)
        if state is None:
            return False
        self.record = replace(self.record, state=state, **changes)
        self._effects.append(KeepOwn(self.record))
        return True

    def _drain(self) -> list[OwnEffect]:
        effects, self._effects = self._effects, []
        return effects


def _difference(told: HubStarted, version: int) -> str:
    """Say in which way a hub that has started does not run what it should."""
    if told.chf == told.gpf:
        return f"the hub came back with {told.chf:08X}, not {version:08X}"
    return f"CHF runs {told.chf:08X} and GPF {told.gpf:08X}: they must move together"
