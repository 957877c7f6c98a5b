"""The table of errands leaves nothing open, and a gateway's core says what it should of odd orders."""

from dataclasses import replace
from typing import Final

import pytest

from emulators.devices import kinds
from ota_engine.fleet.port import HubWord, Instruction, Verb
from ota_engine.gateway.errands import ERRANDS, Errand, ErrandState, ErrandStep
from ota_engine.times import Utc
from tests.gateway.homes import FOR_HCALCS, FOR_PPMID, GATEWAY, HCALCS, NEW, PPMID, device, home

MINUTE: Final = 60.0
HOUR: Final = 3600.0
DAY: Final = 86_400.0


def told(
    verb: Verb,
    number: int,
    *,
    campaign: str = "c",
    commanded: bool = False,
    at: float | None = None,
) -> Instruction:
    eui64, image = (HCALCS, FOR_HCALCS) if commanded else (PPMID, FOR_PPMID)
    return Instruction(
        f"{campaign}/h1/{number}/{verb}",
        GATEWAY,
        campaign,
        1,
        "h1",
        eui64,
        verb,
        image.sha256,
        NEW,
        at,
        number=number,
        commanded=commanded,
    )


def test_every_step_has_a_place_in_every_state() -> None:
    for state in ErrandState:
        for step in ErrandStep:
            pair = (state, step)
            marks = (pair in ERRANDS.transitions, pair in ERRANDS.ignored)
            assert sum(marks) + (pair in ERRANDS.impossible) == 1


def test_every_state_is_reached() -> None:
    assert set(ERRANDS.transitions.values()) == set(ErrandState)


def test_what_the_fleet_may_say_is_never_impossible() -> None:
    said = {ErrandStep.ASSIGN, ErrandStep.TIME, ErrandStep.RECALL, ErrandStep.WITHDRAW}
    assert not {pair for pair in ERRANDS.impossible if pair[1] in said}


def test_a_device_that_refuses_its_hubs_word_gets_a_signed_order() -> None:
    lived = home()
    unaware = replace(told(Verb.ASSIGN, 1, commanded=True), commanded=False)
    lived.give([unaware])
    lived.run(Utc(lived.utc + HOUR))
    lived.give([told(Verb.ACTIVATE, 2, commanded=True)])
    lived.run(Utc(lived.utc + HOUR))
    assert HubWord.ACTIVATED in [one.word for one in lived.outcomes()]


def test_two_campaigns_of_one_home_take_turns() -> None:
    lived = home()
    lived.give([told(Verb.ASSIGN, 1), told(Verb.ASSIGN, 1, campaign="other", commanded=True)])
    states = {row.campaign: row.state for row in lived.rows.values() if isinstance(row, Errand)}
    assert states == {"c": ErrandState.DELIVERING, "other": ErrandState.QUEUED}
    lived.run(Utc(lived.utc + HOUR))
    held = [one.campaign for one in lived.outcomes() if one.word is HubWord.TRANSFERRED]
    assert held == ["c", "other"]


def test_a_silent_device_is_unreachable_after_a_day_and_keeps_nobody_waiting() -> None:
    lived = home()
    lived.network.power_off(PPMID)
    lived.give([told(Verb.ASSIGN, 1)])
    lived.give([told(Verb.ASSIGN, 1, campaign="other", commanded=True)])
    lived.run(Utc(lived.utc + 8 * HOUR))
    held = [one.campaign for one in lived.outcomes() if one.word is HubWord.TRANSFERRED]
    assert held == ["other"], "the silent device lets the other one go first"
    lived.run(Utc(lived.utc + 2 * DAY))
    (silent,) = [one for one in lived.outcomes() if one.word is HubWord.UNREACHABLE]
    assert (silent.campaign, silent.reason) == ("c", "the device does not answer")
    lived.network.power_on(PPMID, lived.network.agenda.now)
    lived.run(Utc(lived.utc + DAY))
    words = [one.word for one in lived.outcomes() if one.campaign == "c"]
    assert words[-1] is HubWord.TRANSFERRED, "it is heard when it speaks again"


def test_a_device_whose_new_firmware_does_not_start_has_failed_and_says_what_it_runs() -> None:
    lived = home(devices=(device(kinds.PPMID, PPMID, fails=True),))
    lived.give([told(Verb.ASSIGN, 1)])
    lived.run(Utc(lived.utc + HOUR))
    lived.give([told(Verb.ACTIVATE, 2)])
    lived.run(Utc(lived.utc + 4 * HOUR))
    said = lived.outcomes()
    (failed,) = [one for one in said if one.word is HubWord.FAILED]
    assert failed.reason
    assert NEW not in {one.version for one in said}


def test_an_activation_carries_the_message_that_proves_it() -> None:
    lived = home()
    lived.give([told(Verb.ASSIGN, 1, commanded=True)])
    lived.run(Utc(lived.utc + HOUR))
    lived.give([told(Verb.ACTIVATE, 2, commanded=True)])
    lived.run(Utc(lived.utc + HOUR))
    proofs = [one for one in lived.outcomes() if one.version == NEW and one.message]
    assert proofs, "the device's signed answer to CS06"
    (held,) = [one for one in lived.outcomes() if one.word is HubWord.TRANSFERRED]
    assert held.message, "the hub's CCS08"


@pytest.mark.parametrize("minutes", [0, 1, 5])
def test_an_errand_survives_a_hub_that_is_killed_again_and_again(minutes: int) -> None:
    lived = home()
    lived.give([told(Verb.ASSIGN, 1, commanded=True)])
    for _ in range(3):
        lived.run(Utc(lived.utc + minutes * MINUTE))
        lived.kill()
        lived.run(Utc(lived.utc + MINUTE))
        lived.start()
    lived.run(Utc(lived.utc + HOUR))
    lived.give([told(Verb.ACTIVATE, 2, commanded=True)])
    lived.kill()
    lived.start()
    lived.run(Utc(lived.utc + HOUR))
    steps = (HubWord.REACHED, HubWord.TRANSFERRED, HubWord.ACTIVATED)
    words = [one.word for one in lived.outcomes() if one.word in (*steps, HubWord.FAILED)]
    assert words == list(steps)
