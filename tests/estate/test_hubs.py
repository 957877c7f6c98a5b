"""Hubs that react by numbers: what they say, when, and what they say no more once it was taken back."""

from dataclasses import replace

import pytest

from emulators.estate.hubs import StatisticalHubs
from emulators.estate.lots import Lot
from emulators.estate.population import EstateSpec, home, homes, hub
from emulators.estate.reaction import Badness, ReactionModel, back_online, is_silent
from emulators.simulation.measured import MeanSpan
from images.eui64 import Eui64
from ota_engine.fleet.inventory.rows import HomeStatus
from ota_engine.fleet.port import HubWord, Instruction, Verb
from ota_engine.times import Utc

BEGIN = Utc(1_800_000_000.0)
FOR_EVER = Utc(BEGIN + 1e9)
VERSION = 0x0002_0000
SOUND = ReactionModel(MeanSpan(100.0), MeanSpan(1000.0), MeanSpan(10.0), silent=0.0)


def told(verb: Verb, number: int = 1, home: str = "h1", at_utc: float | None = None) -> Instruction:
    key = f"c1/{home}/{number}/{verb}"
    return Instruction(
        key, "gw", "c1", 1, home, Eui64(1), verb, "ab", VERSION, at_utc, number=number
    )


def words(hubs: StatisticalHubs) -> list[HubWord]:
    return [one.word for one in hubs.said(FOR_EVER)]


def test_a_hub_delivers_and_then_activates_at_the_time_it_is_told() -> None:
    hubs = StatisticalHubs(SOUND, 1)
    hubs.tell(told(Verb.ASSIGN), BEGIN)
    assert words(hubs) == [HubWord.REACHED, HubWord.TRANSFERRED]
    hubs.tell(told(Verb.ACTIVATE, 2, at_utc=BEGIN + 5_000.0), BEGIN)
    (said,) = hubs.said(FOR_EVER)
    assert said.word is HubWord.ACTIVATED
    assert said.utc >= BEGIN + 5_000.0
    assert said.version == VERSION
    assert hubs.next_utc is None


def test_what_was_withdrawn_is_said_no_more() -> None:
    hubs = StatisticalHubs(SOUND, 1)
    hubs.tell(told(Verb.ASSIGN), BEGIN)
    hubs.tell(told(Verb.WITHDRAW, 2), BEGIN)
    assert words(hubs) == []


def test_a_recall_takes_an_activation_back_and_leaves_a_delivery_alone() -> None:
    hubs = StatisticalHubs(SOUND, 1)
    hubs.tell(told(Verb.ASSIGN), BEGIN)
    hubs.tell(told(Verb.RECALL, 2), BEGIN)
    assert words(hubs) == [HubWord.REACHED, HubWord.TRANSFERRED]
    hubs.tell(told(Verb.ACTIVATE, 3), BEGIN)
    hubs.tell(told(Verb.RECALL, 4), BEGIN)
    assert words(hubs) == []


def test_a_bad_version_fails_in_the_same_homes_at_every_attempt() -> None:
    model = replace(SOUND, bad={VERSION: Badness(fails=0.5)})

    def failing(number: int) -> set[str]:
        hubs = StatisticalHubs(model, 1)
        for one in range(40):
            hubs.tell(told(Verb.ACTIVATE, number, f"h{one}"), BEGIN)
        return {one.home for one in hubs.said(FOR_EVER) if one.word is HubWord.FAILED}

    assert failing(1) == failing(2)
    assert 5 < len(failing(1)) < 35


def test_a_home_that_loses_its_devices_says_so_after_it_runs_the_release() -> None:
    hubs = StatisticalHubs(replace(SOUND, bad={VERSION: Badness(loses_han=1.0)}), 1)
    hubs.tell(told(Verb.ACTIVATE), BEGIN)
    assert words(hubs) == [HubWord.ACTIVATED, HubWord.HAN_LOST]


def test_a_silent_home_says_nothing_and_is_not_remembered() -> None:
    hubs = StatisticalHubs(replace(SOUND, silent=1.0), 1)
    hubs.tell(told(Verb.ASSIGN), BEGIN)
    assert is_silent(replace(SOUND, silent=1.0), 1, "h1")
    assert words(hubs) == []
    assert hubs.next_utc is None


def test_failures_that_a_soak_has_measured_come_as_often() -> None:
    model = replace(SOUND, fails={"refused": 0.25, "went away": 0.25})
    hubs = StatisticalHubs(model, 1)
    for one in range(400):
        hubs.tell(told(Verb.ASSIGN, 1, f"h{one}"), BEGIN)
    reasons = [one.reason for one in hubs.said(FOR_EVER) if one.word is HubWord.FAILED]
    assert 70 < reasons.count("refused") < 130
    assert 70 < reasons.count("went away") < 130


@pytest.mark.parametrize("share", [0.05, 0.3])
def test_a_hub_is_away_for_its_share_of_the_time_and_what_it_is_told_waits(share: float) -> None:
    model = replace(SOUND, offline=share, offline_s=10_000.0)
    asked = [Utc(BEGIN + number * 777.0) for number in range(20_000)]
    waits = [back_online(model, 1, "h1", utc) - utc for utc in asked]
    away = sum(wait > 0 for wait in waits) / len(waits)
    assert min(waits) == 0
    assert share * 0.6 < away < share * 1.4


def test_the_same_names_give_the_same_lot_in_any_order() -> None:
    first = [Lot(1, "home", number).share() for number in range(100)]
    again = [Lot(1, "home", number).share() for number in reversed(range(100))]
    assert first == again[::-1]
    assert len(set(first)) == 100
    assert 0.4 < sum(first) / 100 < 0.6


def test_a_lot_goes_on_for_as_long_as_it_is_asked() -> None:
    lot = Lot("long")
    drawn = [lot.share() for _ in range(1_000)]
    assert len(set(drawn)) == 1_000
    assert all(0 <= share < 1 for share in drawn)


def test_a_home_is_drawn_from_its_number_alone() -> None:
    spec = EstateSpec(50, 3, late_permille=100)
    walked = list(homes(spec))
    assert walked == [
        row for number in range(50) for row in (home(spec, number), hub(spec, number))
    ]
    late = [number for number in range(50) if home(spec, number).status is HomeStatus.INSTALLING]
    assert late == list(range(45, 50))
