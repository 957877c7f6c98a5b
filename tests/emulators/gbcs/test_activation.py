"""What a device makes of CS06: now, later, not at all, and across its own restarts."""

from datetime import timedelta

import pytest

from emulators.gbcs.unit import UnitFirmware
from emulators.platform.spec import SecurityOptions
from ota_engine.gbcs.codes import ActivationCode, AlertCode
from ota_engine.gbcs.envelope import parse
from ota_engine.gbcs.payloads import (
    CANCELLATION_TIME,
    ActivationOutcome,
    CommandAccepted,
    FutureDatedOutcome,
)
from tests.emulators.gbcs.units import (
    EMPTY,
    HOLDING,
    NEW_FILE,
    OLD_FILE,
    START,
    UPDATED,
    command,
    delivered,
    powered_again,
    told,
    unit,
    verified,
)
from tests.gbcs.parties import HCALCS, SUPPLIER, VERSION

HOUR = 3600.0
LATER = START + timedelta(hours=1)


def noted(code: ActivationCode, version: int = VERSION) -> FutureDatedOutcome:
    alert = (
        AlertCode.FUTURE_DATED_COMMAND_ACTIONED
        if code is ActivationCode.SUCCESS
        else AlertCode.FUTURE_DATED_COMMAND_NOT_ACTIONED
    )
    return FutureDatedOutcome(alert, LATER, 1000, ActivationOutcome(code, version))


# --- now ------------------------------------------------------------------------------------------


def test_an_image_that_is_held_is_run_before_the_outcome_is_told() -> None:
    device = unit()
    reaction = device.receive(command(), HOLDING, 0.0)
    assert reaction.activate and not reaction.messages
    assert told(device.booted(UPDATED, 5.0)) == [ActivationOutcome(0, UPDATED.version)]


def test_the_answer_repeats_the_commands_counter_and_carries_the_devices_time() -> None:
    device = unit()
    device.receive(command(), HOLDING, 0.0)
    ((answer, _),) = verified(device.booted(UPDATED, 5.0))
    assert (answer.originator, answer.recipient, answer.counter) == (HCALCS, SUPPLIER, 1000)
    assert answer.date_time is not None
    assert (answer.date_time.hour, answer.date_time.second) == (START.hour, 5)


def test_the_outcome_is_told_once() -> None:
    device = unit()
    device.receive(command(), HOLDING, 0.0)
    assert delivered(device, device.booted(UPDATED, 5.0))
    assert not device.booted(UPDATED, 9.0).messages


def test_an_outcome_the_hub_may_not_have_is_told_again_in_the_same_octets() -> None:
    device = unit()
    device.receive(command(), HOLDING, 0.0)
    (first,) = device.booted(UPDATED, 5.0).messages
    (after_a_cut,) = powered_again(device).booted(UPDATED, 9.0).messages
    device.settled(first.number, 20.0, delivered=False)
    assert not device.wake(UPDATED, 79.0).messages
    (again,) = device.wake(UPDATED, 80.0).messages
    assert first.octets == after_a_cut.octets == again.octets


def test_a_hub_that_takes_nothing_is_tried_less_and_less_often() -> None:
    device = unit()
    (message,) = device.receive(command(), EMPTY, 0.0).messages
    waits, now = [], 0.0
    for _ in range(9):
        device.settled(message.number, now, delivered=False)
        waits.append(device.wake_at - now)
        now = device.wake_at
        (message,) = device.wake(EMPTY, now).messages
    assert waits == [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]


def test_a_device_forgets_the_oldest_of_too_many_messages() -> None:
    device = unit()
    for counter in range(1, 40):
        device.receive(command(counter), EMPTY, 0.0)
    assert len(device.memory.outgoing) == 16
    assert parse(device.memory.outgoing[-1].octets).counter == 39


@pytest.mark.parametrize(
    ("firmware", "code"),
    [
        (EMPTY, ActivationCode.NO_IMAGE_HELD),
        (HOLDING._replace(manufacturer_image_hash=bytes(32)), ActivationCode.HASH_MISMATCH),
        (HOLDING._replace(manufacturer_image_hash=None), ActivationCode.HASH_MISMATCH),
    ],
)
def test_what_cannot_be_run_is_said_at_once(firmware: UnitFirmware, code: ActivationCode) -> None:
    reaction = unit().receive(command(), firmware, 0.0)
    assert not reaction.activate
    assert told(reaction) == [ActivationOutcome(code, VERSION)]


def test_an_activation_may_fail_before_the_restart() -> None:
    device = unit(options=SecurityOptions(activation_fails=True))
    assert told(device.receive(command(), HOLDING, 0.0)) == [ActivationOutcome(3, VERSION)]


def test_an_image_that_is_rolled_back_is_an_activation_failure() -> None:
    device = unit()
    device.receive(command(), HOLDING, 0.0)
    assert told(device.booted(EMPTY, 5.0)) == [ActivationOutcome(3, VERSION)]


def test_an_activation_torn_by_a_power_cut_is_taken_up_again() -> None:
    device = unit()
    device.receive(command(), HOLDING, 0.0)
    device = powered_again(device)
    reaction = device.booted(HOLDING, 5.0)
    assert reaction.activate and not reaction.messages
    assert told(device.booted(UPDATED, 9.0)) == [ActivationOutcome(0, UPDATED.version)]


# --- later ----------------------------------------------------------------------------------------


def test_an_order_for_later_is_accepted_whatever_is_held() -> None:
    for firmware in (EMPTY, HOLDING):
        reaction = unit().receive(command(at=LATER), firmware, 0.0)
        assert told(reaction) == [CommandAccepted()] and not reaction.activate


def test_an_order_for_later_fires_once_at_its_time() -> None:
    device = unit()
    delivered(device, device.receive(command(at=LATER), HOLDING, 0.0))
    assert device.wake_at == HOUR
    assert not device.wake(HOLDING, HOUR - 1).activate
    assert device.wake(HOLDING, HOUR).activate
    assert told(device.booted(UPDATED, HOUR + 5)) == [noted(ActivationCode.SUCCESS, 0x0123ABCE)]
    assert not device.wake(UnitFirmware(1, OLD_FILE, NEW_FILE), 9 * HOUR).activate


def test_an_order_for_later_survives_power_cuts() -> None:
    device = unit()
    device.receive(command(at=LATER), HOLDING, 0.0)
    device = powered_again(powered_again(device))
    assert not device.booted(HOLDING, HOUR - 1).activate
    assert device.wake(HOLDING, HOUR).activate


def test_an_order_whose_time_came_without_power_fires_at_the_next_start() -> None:
    device = unit()
    delivered(device, device.receive(command(at=LATER), HOLDING, 0.0))
    device = powered_again(device)
    assert device.booted(HOLDING, 2 * HOUR).activate
    device = powered_again(device)
    assert delivered(device, device.booted(UPDATED, 2 * HOUR + 5)) == [
        noted(ActivationCode.SUCCESS, UPDATED.version)
    ]
    assert not powered_again(device).booted(UPDATED, 3 * HOUR).activate


@pytest.mark.parametrize(
    ("firmware", "code"),
    [
        (EMPTY, ActivationCode.NO_IMAGE_HELD),
        (HOLDING._replace(manufacturer_image_hash=bytes(32)), ActivationCode.HASH_MISMATCH),
    ],
)
def test_what_cannot_be_run_is_found_out_at_the_time(
    firmware: UnitFirmware, code: ActivationCode
) -> None:
    device = unit()
    device.receive(command(at=LATER), HOLDING, 0.0)
    assert told(device.wake(firmware, HOUR)) == [noted(code)]


def test_a_newer_order_takes_the_place_of_the_one_that_waits() -> None:
    device = unit()
    device.receive(command(1000, LATER), HOLDING, 0.0)
    device.receive(command(1001, LATER + timedelta(hours=1)), HOLDING, 0.0)
    assert device.wake_at == 2 * HOUR


def test_a_cancellation_is_accepted_and_nothing_fires() -> None:
    device = unit()
    device.receive(command(1000, LATER), HOLDING, 0.0)
    assert told(device.receive(command(1001, CANCELLATION_TIME), HOLDING, 1.0)) == [
        CommandAccepted()
    ]
    assert not device.wake(HOLDING, 9 * HOUR).activate


def test_a_cancellation_with_an_old_counter_cancels_nothing() -> None:
    device = unit()
    device.receive(command(1000, LATER), HOLDING, 0.0)
    device.receive(command(999, CANCELLATION_TIME), HOLDING, 1.0)
    assert device.wake(HOLDING, HOUR).activate


def test_a_cancellation_of_nothing_is_accepted() -> None:
    assert told(unit().receive(command(1, CANCELLATION_TIME), EMPTY, 0.0)) == [CommandAccepted()]


# --- clocks ---------------------------------------------------------------------------------------


def test_a_time_in_the_past_is_accepted_and_due_at_once() -> None:
    device = unit()
    assert device.receive(command(at=START - timedelta(days=3)), HOLDING, 0.0).activate
    accepted, outcome = told(device.booted(UPDATED, 5.0))
    assert accepted == CommandAccepted()
    assert isinstance(outcome, FutureDatedOutcome) and outcome.outcome.code == 0


def test_a_device_without_the_date_accepts_and_waits_for_it() -> None:
    device = unit(clock=None)
    assert told(device.receive(command(at=LATER), HOLDING, 0.0)) == [CommandAccepted()]
    assert not device.wake(HOLDING, 1e9).activate
    device.clock.set(LATER.timestamp(), 1e9)
    assert device.wake(HOLDING, 1e9).activate


def test_a_device_without_the_date_obeys_commands_for_now() -> None:
    assert unit(clock=None).receive(command(), HOLDING, 0.0).activate


def test_a_clock_days_ahead_fires_when_it_believes_the_time_has_come_and_once() -> None:
    device = unit()
    delivered(device, device.receive(command(at=LATER), HOLDING, 0.0))
    device.clock.step(3 * 86400)
    assert device.wake(HOLDING, 1.0).activate
    device.clock.step(-3 * 86400)
    assert told(device.booted(UPDATED, 5.0)) == [noted(ActivationCode.SUCCESS, UPDATED.version)]
    assert not device.wake(UPDATED, HOUR).messages


def test_a_clock_days_behind_fires_days_later() -> None:
    device = unit()
    device.receive(command(at=LATER), HOLDING, 0.0)
    device.clock.step(-2 * 86400)
    assert not device.wake(HOLDING, HOUR).activate
    assert device.wake_at == HOUR + 2 * 86400


def test_a_clock_days_behind_refuses_no_command_for_now() -> None:
    device = unit()
    device.clock.step(-9 * 86400)
    assert device.receive(command(), HOLDING, 0.0).activate


def test_a_clock_that_lives_ten_times_too_fast_still_knows_the_hour() -> None:
    device = unit()
    device.clock.set(START.timestamp(), 100.0, rate=0.1)
    device.receive(command(at=LATER), HOLDING, 100.0)
    assert device.wake_at == pytest.approx(100.0 + 10 * HOUR)


# --- a device that misbehaves ---------------------------------------------------------------------


def test_a_device_may_lose_its_first_answers() -> None:
    device = unit(options=SecurityOptions(lose_messages=1))
    assert not device.receive(command(1), EMPTY, 0.0).messages
    assert device.receive(command(2), EMPTY, 0.0).messages


def test_a_device_may_answer_late_and_twice() -> None:
    device = unit(options=SecurityOptions(message_delay=30.0, send_twice=True))
    assert not device.receive(command(), EMPTY, 0.0).messages
    assert device.wake_at == 30.0
    one, other = device.wake(EMPTY, 30.0).messages
    assert one.octets == other.octets


def test_an_answer_that_is_late_survives_a_power_cut() -> None:
    device = unit(options=SecurityOptions(message_delay=30.0))
    device.receive(command(), EMPTY, 0.0)
    device = powered_again(device)
    assert told(device.wake(EMPTY, 30.0)) == [ActivationOutcome(1, VERSION)]
