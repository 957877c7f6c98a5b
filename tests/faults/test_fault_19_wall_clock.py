"""Fault 19: the wall clock jumps; durations do not care, set times wait for a clock to be trusted."""

import pytest

from ota_engine.events import ClockObserved
from ota_engine.hub.delivery.commands import ConfirmClock
from ota_engine.records import Activation, SessionState
from tests.emulators.dialogue import image, spec
from tests.emulators.street import UTC, Street
from tests.hub.delivery.desk import Client, Desk

CONTENT = image(4000)
HOUR, DAY = 3600.0, 86400.0
AT = 6 * HOUR  # when the image is to be run, seconds from the start


def holding() -> Street:
    """A device that holds its image until a set time."""
    street = Street(spec())
    street.assign(CONTENT, activation=Activation.AT, at=AT)
    street.power_on()
    street.run(HOUR)
    assert street.states() == [SessionState.SCHEDULED]
    return street


def step_clock(street: Street, seconds: float) -> None:
    street.order(ClockObserved(UTC + street.now + seconds, street.now))


def tick(street: Street, seconds: float, offset: float) -> None:
    """Let time pass as a shell does, reading the clock every half minute."""
    for _ in range(int(seconds / 30)):
        street.run(30.0)
        step_clock(street, offset)


def test_without_a_jump_the_image_runs_at_its_time() -> None:
    street = holding()
    tick(street, AT - HOUR - 60, 0.0)
    assert street.states() == [SessionState.SCHEDULED]
    tick(street, 300, 0.0)
    assert street.states() == [SessionState.UPDATED]


def test_a_jump_back_holds_the_activation_and_says_why() -> None:
    street = holding()
    step_clock(street, -2 * DAY)
    tick(street, DAY, -2 * DAY)
    assert street.states() == [SessionState.SCHEDULED]


def test_a_jump_forward_past_the_time_does_not_activate_at_once() -> None:
    street = holding()
    step_clock(street, 2 * DAY)
    street.run(300.0)
    assert street.states() == [SessionState.SCHEDULED]
    assert "stepped forward" in street.reasons()[0]


def test_a_person_may_vouch_for_the_new_time() -> None:
    street = holding()
    step_clock(street, 2 * DAY)
    street.run(60.0)
    street.order(ConfirmClock("test"))
    tick(street, 1200.0, 2 * DAY)
    assert street.states() == [SessionState.UPDATED]


@pytest.mark.parametrize("seconds", [-30 * DAY, -HOUR, 25 * HOUR, 366 * DAY])
def test_a_jump_in_mid_download_changes_no_duration(seconds: float) -> None:
    street = Street(spec())
    street.assign(image(20_000))
    street.power_on()
    street.run(2.0)
    step_clock(street, seconds)
    tick(street, 300.0, seconds)
    assert street.states() == [SessionState.UPDATED]
    (status,) = street.engine.status()
    assert status.retries == 0


@pytest.mark.parametrize("seconds", [-30 * DAY, 30 * DAY])
def test_a_jump_does_not_call_a_client_stalled(seconds: float) -> None:
    street = Street(spec())
    street.assign(image(200_000))
    street.power_on()
    street.run(5.0)
    step_clock(street, seconds)
    street.run(20.0)
    assert street.states() == [SessionState.DOWNLOADING]


@pytest.mark.parametrize("seconds", [-30 * DAY, -HOUR, 30 * DAY])
def test_a_jump_changes_no_delay(seconds: float) -> None:
    street = Street(spec())
    street.assign(CONTENT, activation=Activation.DELAYED, delay=1800)
    street.power_on()
    street.run(300.0)
    assert street.states() == [SessionState.SCHEDULED]
    step_clock(street, seconds)
    tick(street, 1200.0, seconds)
    assert street.states() == [SessionState.SCHEDULED]
    tick(street, 900.0, seconds)
    assert street.states() == [SessionState.UPDATED]


def test_a_delay_goes_on_across_a_restart_of_the_engine() -> None:
    desk = Desk()
    client = Client(desk)
    desk.assign(client.image, activation=Activation.DELAYED, delay=3000)
    client.finish()
    assert desk.state() is SessionState.SCHEDULED
    desk.restart(after=2000.0)
    desk.wait(900.0)
    assert desk.state() is SessionState.SCHEDULED
    desk.wait(200.0)
    assert desk.state() is SessionState.RESTARTING


def test_a_clock_that_stepped_back_while_we_were_away_holds_what_was_due() -> None:
    desk = Desk()
    client = Client(desk)
    desk.assign(client.image, activation=Activation.AT, at=desk.utc_offset + HOUR)
    client.finish()
    desk.wait(1000.0)
    desk.tell_time()
    desk.utc_offset -= DAY
    desk.restart()
    assert "stepped back" in desk.status().reason


def test_a_person_s_word_for_the_clock_outlives_a_restart() -> None:
    desk = Desk()
    client = Client(desk)
    desk.assign(client.image, activation=Activation.AT, at=desk.utc_offset + HOUR - DAY)
    desk.wait(1000.0)
    desk.tell_time()
    desk.utc_offset -= DAY
    desk.tell_time()
    client.finish()
    assert "stepped back" in desk.status().reason
    desk.give(ConfirmClock("test"))
    desk.restart(after=60.0)
    assert "holds the image until" in desk.status().reason
    desk.wait(HOUR)
    assert desk.state() is SessionState.RESTARTING
