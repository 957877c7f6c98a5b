"""The hub's part in its own upgrade: its table, and that no order of pieces and cuts confuses it."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from ota_engine.hub.own_firmware.firmware import (
    PIECE,
    ActivateOwn,
    AskPiece,
    ClearStaging,
    DropOwn,
    HashStaged,
    HubStarted,
    KeepOwn,
    OwnEffect,
    OwnFirmware,
    PieceCame,
    RecallOwn,
    RestartHub,
    StagedHashed,
    StageOwn,
    StorePiece,
)
from ota_engine.hub.own_firmware.life import NOTHING_STAGED, OWN_LIFE, OwnState, OwnStep
from ota_engine.times import Utc

OLD, NEW = 1, 2
IMAGE = bytes(range(256)) * 10  # two whole pieces and a half
SHA = hashlib.sha256(IMAGE).hexdigest()
NOW = Utc(1_800_000_000.0)


def started() -> OwnFirmware:
    firmware = OwnFirmware()
    firmware.handle(HubStarted(OLD, OLD, 0), NOW)
    return firmware


def test_every_step_has_a_place_in_every_state() -> None:
    for state in OwnState:
        for step in OwnStep:
            pair = (state, step)
            marks = (pair in OWN_LIFE.transitions, pair in OWN_LIFE.ignored)
            assert sum(marks) + (pair in OWN_LIFE.impossible) == 1


def test_every_state_is_reached_and_only_a_start_leads_to_running() -> None:
    assert set(OWN_LIFE.transitions.values()) == set(OwnState)
    leading = {step for (_, step), to in OWN_LIFE.transitions.items() if to is OwnState.RUNNING}
    assert leading == {OwnStep.NEW}


def test_pieces_are_asked_for_one_by_one_and_again_ever_more_seldom() -> None:
    firmware = started()
    effects = firmware.handle(StageOwn(SHA, NEW, len(IMAGE)), NOW)
    assert effects[1:] == [ClearStaging(len(IMAGE)), AskPiece(SHA, 0, PIECE)]
    pauses, at = [], NOW
    for _ in range(8):
        wake = firmware.next_wake
        assert wake is not None
        pauses.append(wake - at)
        at = wake
        assert firmware.wake(at) == [AskPiece(SHA, 0, PIECE)]
    assert pauses == [10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 600.0, 600.0]


def test_a_hub_that_runs_the_version_already_fetches_nothing() -> None:
    firmware = started()
    effects = firmware.handle(StageOwn(SHA, OLD, len(IMAGE)), NOW)
    assert {type(one) for one in effects} == {KeepOwn}
    assert firmware.record.state is OwnState.RUNNING


def test_a_time_that_has_passed_means_now() -> None:
    firmware = started()
    bring(firmware)
    firmware.handle(ActivateOwn(Utc(NOW - 100.0)), NOW)
    assert firmware.next_wake == NOW
    assert firmware.wake(NOW)[-1] == RestartHub()


def test_power_that_goes_before_the_restart_has_begun_restarts_again() -> None:
    firmware = started()
    bring(firmware)
    firmware.handle(ActivateOwn(NOW), NOW)
    firmware.wake(NOW)
    again = OwnFirmware(firmware.record)
    assert again.handle(HubStarted(OLD, OLD, len(IMAGE)), NOW) == [RestartHub()]


def test_a_hub_that_falls_back_later_says_so() -> None:
    firmware = started()
    bring(firmware)
    firmware.handle(ActivateOwn(NOW), NOW)
    firmware.wake(NOW)
    firmware = OwnFirmware(firmware.record)
    firmware.handle(HubStarted(NEW, NEW, 0), NOW)
    assert firmware.record.state is OwnState.RUNNING
    firmware = OwnFirmware(firmware.record)
    firmware.handle(HubStarted(OLD, OLD, 0), NOW)
    assert (firmware.record.state, firmware.record.reason) == (
        OwnState.FAILED,
        "the hub came back with 00000001, not 00000002",
    )


def bring(firmware: OwnFirmware) -> None:
    """Let the whole image come."""
    effects = firmware.handle(StageOwn(SHA, NEW, len(IMAGE)), NOW)
    while asked := [one for one in effects if isinstance(one, AskPiece)]:
        (ask,) = asked
        octets = IMAGE[ask.offset : ask.offset + ask.octets]
        effects = firmware.handle(PieceCame(SHA, ask.offset, octets), NOW)
    firmware.handle(StagedHashed(SHA), NOW)
    assert firmware.record.state is OwnState.STAGED


OFFSETS = st.integers(-PIECE, len(IMAGE) + PIECE)
EVENTS = st.one_of(
    st.builds(StageOwn, st.sampled_from([SHA, "ff" * 32]), st.just(NEW), st.just(len(IMAGE))),
    st.builds(ActivateOwn, st.sampled_from([NOW, Utc(NOW + 50.0)])),
    st.just(RecallOwn()),
    st.just(DropOwn()),
    st.builds(PieceCame, st.sampled_from([SHA, "ff" * 32]), OFFSETS, st.binary(max_size=PIECE)),
    st.sampled_from(range(0, len(IMAGE), PIECE)).map(
        lambda at: PieceCame(SHA, at, IMAGE[at : at + PIECE])
    ),
    st.just("time passes"),
    st.just("power goes"),
)


@given(st.lists(EVENTS, max_size=40))
def test_whatever_comes_only_the_image_that_was_told_is_run(events: list[object]) -> None:
    memory, stored = NOTHING_STAGED, b""
    firmware = OwnFirmware(memory)
    firmware.handle(HubStarted(OLD, OLD, 0), NOW)
    for event in events:
        effects: list[OwnEffect]
        if event == "time passes":
            effects = firmware.wake(Utc(NOW + 100.0))
        elif event == "power goes":
            firmware = OwnFirmware(memory)
            effects = firmware.handle(HubStarted(OLD, OLD, len(stored)), NOW)
        else:
            effects = firmware.handle(event, NOW)  # type: ignore[arg-type] # one of EVENTS
        while effects:
            effect = effects.pop(0)
            match effect:
                case KeepOwn():
                    memory = effect.record
                case ClearStaging():
                    stored = b""
                case StorePiece():
                    stored += effect.octets
                    assert len(stored) <= memory.size
                case HashStaged():
                    effects += firmware.handle(
                        StagedHashed(hashlib.sha256(stored).hexdigest()), NOW
                    )
                case RestartHub():
                    assert hashlib.sha256(stored).hexdigest() == memory.sha256
