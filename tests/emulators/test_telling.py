"""Outcomes kept beside what sessions went through: every end is told of, and none twice."""

from dataclasses import replace

import pytest

from emulators.simulation.oracle import DeviceVerdict
from emulators.simulation.telling import check_telling
from emulators.soak.soak import SoakSpec, run_shard
from images.eui64 import Eui64
from ota_engine.records import (
    OutcomeKind,
    OutcomeRecord,
    SessionRecord,
    SessionState,
    Verdict,
)
from ota_engine.times import Utc

DEVICE = Eui64(0x00DB_1234_0000_0001)
IMAGE = "ab" * 32
NOW = Utc(1_782_864_000.0)
T, A = OutcomeKind.TRANSFER, OutcomeKind.ACTIVATION
GOOD, BAD = Verdict.SUCCEEDED, Verdict.FAILED


def session(state: SessionState, attempt: int = 1) -> SessionRecord:
    return SessionRecord(DEVICE, 1, IMAGE, attempt, state, "", NOW, 0, 0, 0, 1, None, None, NOW)


def outcomes(*ends: tuple[OutcomeKind, Verdict]) -> list[OutcomeRecord]:
    return [
        OutcomeRecord(str(number), NOW, DEVICE, kind, verdict, "", IMAGE, 1, None)
        for number, (kind, verdict) in enumerate(ends)
    ]


@pytest.mark.parametrize(
    ("state", "attempt", "ends"),
    [
        (SessionState.OFFERED, 0, ()),
        (SessionState.DOWNLOADING, 1, ()),
        (SessionState.DOWNLOADING, 2, ((T, BAD),)),
        (SessionState.DOWNLOADING, 2, ((T, GOOD), (A, BAD))),
        (SessionState.SCHEDULED, 1, ((T, GOOD),)),
        (SessionState.UPDATED, 1, ((T, GOOD), (A, GOOD))),
        (SessionState.UPDATED, 2, ((T, BAD), (T, GOOD), (A, GOOD))),
        # silent for so long that it was given up, and then it says that it runs the image
        (SessionState.UPDATED, 1, ((T, GOOD), (A, BAD), (A, GOOD))),
        # told by what it ran to have arrived after all
        (SessionState.UPDATED, 1, ((T, BAD), (T, GOOD), (A, GOOD))),
        # fell back from what it ran, and was updated again
        (SessionState.OFFERED, 2, ((T, GOOD), (A, GOOD), (A, BAD))),
        (SessionState.UPDATED, 2, ((T, GOOD), (A, GOOD), (A, BAD), (T, GOOD), (A, GOOD))),
        (SessionState.ABORTED, 0, ((T, BAD),)),
        (SessionState.FAILED, 1, ((T, BAD),)),
        (SessionState.FAILED, 2, ((T, GOOD), (A, BAD), (T, BAD))),
    ],
)
def test_what_is_told_once_is_right(
    state: SessionState, attempt: int, ends: tuple[tuple[OutcomeKind, Verdict], ...]
) -> None:
    told = check_telling([session(state, attempt)], outcomes(*ends))
    assert told.lost == told.doubled == ()


@pytest.mark.parametrize(
    ("state", "attempt", "ends", "says"),
    [
        (SessionState.UPDATED, 1, ((T, GOOD),), "that it runs is not told"),
        (SessionState.UPDATED, 1, ((A, GOOD),), "no good end of a transfer is told"),
        (SessionState.HELD, 1, (), "no good end of a transfer is told"),
        (SessionState.FAILED, 1, (), "0 failed attempt(s) of 1 are told"),
        (SessionState.ABORTED, 1, (), "0 failed attempt(s) of 1 are told"),
        (SessionState.OFFERED, 2, ((T, GOOD), (A, GOOD)), "0 failed attempt(s) of 1 are told"),
        (SessionState.DOWNLOADING, 3, ((T, BAD),), "1 failed attempt(s) of 2 are told"),
    ],
)
def test_an_end_of_which_nothing_is_told_is_lost(
    state: SessionState, attempt: int, ends: tuple[tuple[OutcomeKind, Verdict], ...], says: str
) -> None:
    (line,) = check_telling([session(state, attempt)], outcomes(*ends)).lost
    assert line.endswith(says)
    assert line.startswith("00-DB-12-34-00-00-00-01, image abab")


@pytest.mark.parametrize(
    ("state", "ends", "says"),
    [
        (SessionState.UPDATED, ((T, GOOD), (T, GOOD), (A, GOOD)), "a transfer is told 2 times"),
        (SessionState.UPDATED, ((T, GOOD), (T, BAD), (A, GOOD)), "a transfer is told 2 times"),
        (
            SessionState.UPDATED,
            ((T, BAD), (T, BAD), (T, GOOD), (A, GOOD)),
            "a transfer is told 3 times",
        ),
        (
            SessionState.UPDATED,
            ((T, GOOD), (A, BAD), (A, GOOD), (A, GOOD)),
            "that it runs is told 2 times",
        ),
        (SessionState.UPDATED, ((T, GOOD), (A, GOOD), (A, GOOD)), "that it runs is told 2 times"),
        (SessionState.FAILED, ((T, GOOD), (A, BAD), (A, BAD)), "more failed activations are told"),
        (SessionState.DOWNLOADING, ((T, BAD), (T, GOOD)), "a transfer is told 2 times"),
    ],
)
def test_an_end_that_is_told_twice_is_doubled(
    state: SessionState, ends: tuple[tuple[OutcomeKind, Verdict], ...], says: str
) -> None:
    (line,) = check_telling([session(state)], outcomes(*ends)).doubled
    assert says in line


def test_an_outcome_of_another_image_stands_for_none_of_this_one() -> None:
    others = [replace(one, sha256="cd" * 32) for one in outcomes((T, GOOD), (A, GOOD))]
    assert len(check_telling([session(SessionState.UPDATED)], others).lost) == 2


@pytest.mark.soak
def test_a_device_that_was_given_up_and_then_tells_what_it_runs_has_had_both_ends() -> None:
    """Found by a soak of many seeds: one of two chips told nothing for 75 minutes, and then that it ran."""
    spec = SoakSpec(devices=250, hours=24, seed=2, faults="harsh", image_size=131_072, chips=0.2)
    result = run_shard(spec, 0, spec.firmware())
    assert result["telling"] == {"lost": (), "doubled": ()}
    (device,) = [
        one
        for one in result["judgements"]
        if one["device"].endswith("00-00-00-9D") and "chip" not in one["kind"]
    ]
    assert (device["verdict"], device["attempts"]) == (DeviceVerdict.UPDATED, 1)
    assert device["reason"] == "activated at its time"
