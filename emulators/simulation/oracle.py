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
    explains every verdict but ``updated``; an empty one is a defect of ours.
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
    """
    chip = device.chips[number]
    running = chip.flash.metadata.running[0]
    digest = running.digest.hex() if running.size else ""
    wrong = _wrong(running.identity.file_version, digest, chip, expected, session, unordered)
    verdict, reason = (DeviceVerdict.WRONG_IMAGE, wrong) if wrong else _ordinary(session, waits)
    return Judgement(
        device=format_eui64(device.eui64),
        kind=device.spec.kind.word + (f", chip {number + 1}" if number else ""),
        verdict=verdict,
        state=session.state.value if session is not None else "unknown",
        reason=reason,
        version_before=chip.spec.file_version,
        version_after=running.identity.file_version,
        image_hash=digest,
        blocks=chip.client.blocks,
        retries=chip.client.retries,
        attempts=session.attempt if session is not None else 0,
        crashes=device.crashes,
        faults=faults,
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
