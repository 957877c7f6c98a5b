"""The judge of a run: compares what devices really run with what the engine believes and was told.

Looks into flash and store with nobody's help; changes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from emulators.devices.chip import Chip
from emulators.devices.device import EmulatedDevice
from images.eui64 import format_eui64
from ota_engine.records import SessionRecord, SessionState
from ota_engine.times import Utc
from ota_engine.wording import utc_text

SET_BACK = "the wall clock stepped back"  # in the engine's own reasons


class DeviceVerdict(StrEnum):
    """How a device ended."""

    UPDATED = "updated"
    FAILED = "failed"
    STUCK = "stuck"
    WRONG_IMAGE = "wrong image"


@dataclass(frozen=True, slots=True)
class Judgement:
    """The end of one firmware of a device, with what a person needs to believe it.

    ``image_hash`` is the SHA-256 of what its flash runs, empty for factory firmware. ``reason``
    explains every verdict but ``updated``; an empty one is a defect of ours. ``by_clock`` says that
    it waits only because the wall clock was set back.
    """

    device: str
    kind: str
    verdict: DeviceVerdict
    state: str
    reason: str
    version_before: int
    version_after: int
    image_hash: str
    blocks: int
    retries: int
    attempts: int
    crashes: int
    faults: tuple[str, ...] = ()
    by_clock: bool = False


@dataclass(frozen=True, slots=True)
class ClockAtEnd:
    """What the wall clock says when a run ends, and by how many seconds it was set forward in all."""

    utc: Utc
    ahead: float


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a device may run in the end: the assigned file, and what another server offered."""

    assigned: str  # SHA-256
    assigned_version: int
    others: Mapping[int, str]  # version -> SHA-256


def judge(
    device: EmulatedDevice,
    expected: Expectation,
    session: SessionRecord | None,
    unordered: int,
    faults: tuple[str, ...],
    number: int = 0,
    waits: str = "",
    clock: ClockAtEnd | None = None,
) -> Judgement:
    """Judge one firmware of a device.

    Args:
        device: as it stands at the end of the run.
        expected: what it may run.
        session: the engine's own record of it.
        unordered: how often it ran a new image that nobody had told it to run.
        faults: what was done to it, for the explanation.
        number: of the chip it is the firmware of, from 0.
        waits: why the push has not begun a session for it, where it knows.
        clock: when the run ends; None for one that waits for no time of day.
    """
    chip = device.chips[number]
    running = chip.flash.metadata.running[0]
    digest = running.digest.hex() if running.size else ""
    wrong = _wrong(running.identity.file_version, digest, chip, expected, session, unordered)
    verdict, reason = (DeviceVerdict.WRONG_IMAGE, wrong) if wrong else _ordinary(session, waits)
    held = None if clock is None or wrong or session is None else _held_by_clock(session, clock)
    return Judgement(
        device=format_eui64(device.eui64),
        kind=device.spec.kind.word + (f", chip {number + 1}" if number else ""),
        verdict=verdict,
        state=session.state.value if session is not None else "unknown",
        reason=f"{reason}{held or ''}",
        version_before=chip.spec.file_version,
        version_after=running.identity.file_version,
        image_hash=digest,
        blocks=chip.client.blocks,
        retries=chip.client.retries,
        attempts=session.attempt if session is not None else 0,
        crashes=device.crashes,
        faults=faults,
        by_clock=held is not None,
    )


def _wrong(
    version: int,
    digest: str,
    chip: Chip,
    expected: Expectation,
    session: SessionRecord | None,
    unordered: int,
) -> str:
    """Say in what way a device runs what it must not run; empty when all is well."""
    if unordered:
        return f"ran a new image {unordered} time(s) without an order"
    allowed = {**expected.others, expected.assigned_version: expected.assigned}
    if digest and allowed.get(version) != digest:
        return f"version 0x{version:08X} runs with octets {digest[:16]} that nobody offered"
    if not digest and version != chip.spec.file_version:
        return f"claims version 0x{version:08X} but never took it"
    believed = session is not None and session.state is SessionState.UPDATED
    if believed and digest != expected.assigned:
        return f"the engine believes in an update, the device runs version 0x{version:08X}"
    return ""


def _held_by_clock(session: SessionRecord, clock: ClockAtEnd) -> str | None:
    """What to add to the reason of a device that waits only because the clock was set back.

    Returns:
        None for a device that waits for another reason.
    """
    if session.state is not SessionState.SCHEDULED:
        return None
    if SET_BACK in session.reason:
        return ""
    due = session.due_utc
    if clock.ahead >= 0 or due is None or due > clock.utc - clock.ahead:
        return None
    says = utc_text(clock.utc)
    return f"; the wall clock was set back {-clock.ahead:.0f} s and says {says} as the run ends"


def _ordinary(session: SessionRecord | None, waits: str) -> tuple[DeviceVerdict, str]:
    if session is None:
        return DeviceVerdict.STUCK, f"not given an image: {waits or 'the engine is not running'}"
    if session.state is SessionState.UPDATED:
        return DeviceVerdict.UPDATED, session.reason
    if session.state in (SessionState.FAILED, SessionState.ABORTED):
        return DeviceVerdict.FAILED, session.reason
    if session.state is SessionState.DOWNLOADING and not session.reason:
        return DeviceVerdict.STUCK, f"downloading: at octet {session.offset} when the run ended"
    return DeviceVerdict.STUCK, f"{session.state.value}: {session.reason}" if session.reason else ""
