"""The judge must find what it is there to find, so it is shown guilty devices."""

from dataclasses import replace

import pytest

from emulators.devices import kinds
from emulators.devices.assembly import DeviceAssembly
from emulators.devices.device import EmulatedDevice
from emulators.platform.flash import FileIdentity
from emulators.platform.spec import DeviceSpec
from emulators.simulation.oracle import ClockAtEnd, DeviceVerdict, Expectation, Judgement, judge
from images.eui64 import Eui64
from ota_engine.records import SessionRecord, SessionState
from ota_engine.times import Utc

ASSIGNED, OTHER = b"assigned firmware" * 300, b"another firmware" * 300
OLD, NEW = 1, 2


def device(content: bytes | None = None, version: int = NEW) -> EmulatedDevice:
    """Make a device that runs this content, past its own client."""
    spec = DeviceSpec(Eui64(7), kinds.IHD, 7, 0x121D, 0x85, OLD)
    made = DeviceAssembly().build(spec)
    if content is not None:
        flash = made.flash
        flash.begin(FileIdentity(0x121D, 0x85, version), len(content))
        flash.append(content)
        flash.finish()
        flash.mark_verified(complete=True)
        flash.request_swap()
        flash.boot()
        flash.confirm()
    return made


def digest(content: bytes) -> str:
    import hashlib

    return hashlib.sha256(content).hexdigest()


def session(state: SessionState, reason: str = "because") -> SessionRecord:
    return SessionRecord(
        Eui64(7),
        1,
        digest(ASSIGNED),
        1,
        state,
        reason,
        Utc(0.0),
        0,
        0,
        0,
        OLD,
        None,
        None,
        Utc(0.0),
    )


def verdict_on(
    judged: EmulatedDevice, believed: SessionRecord | None, *, unordered: int = 0
) -> Judgement:
    expected = Expectation(digest(ASSIGNED), NEW, {})
    return judge(judged, expected, believed, unordered, ())


def test_the_assigned_image_is_an_update() -> None:
    found = verdict_on(device(ASSIGNED), session(SessionState.UPDATED))
    assert (found.verdict, found.image_hash) == (DeviceVerdict.UPDATED, digest(ASSIGNED))


def test_other_octets_under_the_right_version_are_a_wrong_image() -> None:
    found = verdict_on(device(OTHER), session(SessionState.UPDATED))
    assert found.verdict == DeviceVerdict.WRONG_IMAGE
    assert "nobody offered" in found.reason


def test_the_right_octets_under_another_version_are_a_wrong_image() -> None:
    found = verdict_on(device(ASSIGNED, version=9), session(SessionState.DOWNLOADING))
    assert found.verdict == DeviceVerdict.WRONG_IMAGE


def test_what_another_server_offered_is_no_wrong_image() -> None:
    expected = Expectation(digest(ASSIGNED), NEW, {9: digest(OTHER)})
    found = judge(device(OTHER, version=9), expected, session(SessionState.STALLED), 0, ())
    assert found.verdict == DeviceVerdict.STUCK


def test_an_activation_without_order_is_a_wrong_image() -> None:
    found = verdict_on(device(ASSIGNED), session(SessionState.UPDATED), unordered=1)
    assert found.verdict == DeviceVerdict.WRONG_IMAGE
    assert "without an order" in found.reason


def test_an_engine_that_believes_too_much_is_found_out() -> None:
    found = verdict_on(device(), session(SessionState.UPDATED))
    assert found.verdict == DeviceVerdict.WRONG_IMAGE
    assert "believes" in found.reason


def test_a_failed_session_is_failed_for_its_reason() -> None:
    found = verdict_on(device(), session(SessionState.FAILED, "refused"))
    assert (found.verdict, found.reason) == (DeviceVerdict.FAILED, "refused")


def test_a_session_under_way_is_stuck_for_its_reason() -> None:
    found = verdict_on(device(), session(SessionState.STALLED, "not heard"))
    assert (found.verdict, found.reason) == (DeviceVerdict.STUCK, "stalled: not heard")


def test_a_session_without_reason_stays_without_explanation() -> None:
    assert verdict_on(device(), session(SessionState.STALLED, "")).reason == ""


def test_a_device_the_engine_never_met_is_stuck() -> None:
    assert verdict_on(device(), None).verdict == DeviceVerdict.STUCK


DUE, END = Utc(5_000.0), Utc(6_000.0)  # by a clock that nobody touches


def at_the_end(ahead: float, reason: str = "holds the image until then") -> Judgement:
    """A device that waits for a time of day, judged when the run ends."""
    waiting = replace(session(SessionState.SCHEDULED, reason), due_utc=DUE)
    clock = ClockAtEnd(Utc(END + ahead), ahead)
    return judge(device(), Expectation(digest(ASSIGNED), NEW, {}), waiting, 0, (), clock=clock)


def test_a_device_that_waits_because_the_clock_was_set_back_says_so() -> None:
    found = at_the_end(-2_000.0)
    assert (found.verdict, found.by_clock) == (DeviceVerdict.STUCK, True)
    assert found.reason == (
        "scheduled: holds the image until then; the wall clock was set back 2000 s and says "
        "1970-01-01 01:06:40 UTC as the run ends"
    )


def test_a_clock_the_engine_doubts_needs_no_further_words() -> None:
    doubt = "the wall clock stepped back 2000 s: activation times are held"
    assert (at_the_end(-2_000.0, doubt).reason, at_the_end(-2_000.0, doubt).by_clock) == (
        f"scheduled: {doubt}",
        True,
    )


@pytest.mark.parametrize("ahead", [0.0, 3_000.0])
def test_a_clock_that_nobody_set_back_is_not_to_blame(ahead: float) -> None:
    assert not at_the_end(ahead).by_clock


def test_a_time_that_had_not_come_by_any_clock_is_no_matter_of_the_clock() -> None:
    waiting = replace(session(SessionState.SCHEDULED), due_utc=Utc(END + 1))
    clock = ClockAtEnd(Utc(END - 2_000.0), -2_000.0)
    found = judge(device(), Expectation(digest(ASSIGNED), NEW, {}), waiting, 0, (), clock=clock)
    assert (found.reason, found.by_clock) == ("scheduled: because", False)
