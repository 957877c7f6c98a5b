"""Fault 18: an order for later fires once and on time, whoever was away when its time came."""

import pytest

from emulators.devices import kinds
from emulators.devices.kinds import DeviceKind
from ota_engine.records import OrderState
from ota_engine.times import Monotonic
from tests.faults.home import NEW, OLD, UTC
from tests.faults.signed_home import SignedHome, signed_device
from tests.gbcs.parties import ESME, GSME, HCALCS

AT = 3600.0  # seconds from the start
HOUR = 3600.0


def ordered(home: SignedHome) -> SignedHome:
    home.deliver()
    home.activate(at=AT)
    home.pass_time(120.0)
    assert home.order_record.state is OrderState.ACCEPTED
    return home


def fired_once(home: SignedHome) -> None:
    assert (home.device.version, home.boots) == (NEW, 1)
    assert home.order_record.state is OrderState.ACTIVATED
    (outcome,) = home.outcomes("order")
    assert outcome.verdict == "succeeded" and outcome.message
    assert home.shell.store.verify_audit() is None


@pytest.mark.parametrize(
    ("kind", "own"),
    [(kinds.HCALCS, HCALCS), (kinds.ESME, ESME), (kinds.GSME, GSME)],
)
def test_it_fires_at_its_time_and_not_before(kind: DeviceKind, own: int) -> None:
    home = ordered(SignedHome(signed_device(kind, own)))
    home.pass_time(AT - home.now - 1.0)
    assert home.device.version == OLD
    home.pass_time(120.0)
    fired_once(home)


def test_a_sleepy_device_fires_on_time_too() -> None:
    home = ordered(SignedHome(signed_device(sleepy=True)))
    home.pass_time(AT - home.now + 300.0)
    fired_once(home)


@pytest.mark.parametrize("away", [2.0, HOUR, 30 * 24 * HOUR])
def test_the_device_without_power_at_the_time_fires_when_it_starts(away: float) -> None:
    home = ordered(SignedHome())
    home.pass_time(AT - home.now - 1.0)
    home.cut_power()
    home.pass_time(away)
    home.power_on()
    home.pass_time(600.0)
    assert (home.device.version, home.boots) == (NEW, 1)
    assert home.order_record.state is OrderState.ACTIVATED


@pytest.mark.parametrize("cuts", range(6))
def test_the_device_that_loses_power_again_and_again_fires_once(cuts: int) -> None:
    home = ordered(SignedHome())
    home.pass_time(AT - home.now - 1.0)
    for _ in range(cuts):
        home.pass_time(0.7)
        home.cut_power()
        home.pass_time(0.3)
        home.power_on()
    home.pass_time(600.0)
    fired_once(home)


def test_a_clock_of_the_device_that_jumps_days_does_not_make_it_fire_twice() -> None:
    home = ordered(SignedHome())
    home.device.step_clock(5 * 24 * HOUR)
    home.network.perform(home.device.eui64, (), Monotonic(home.now))
    home.pass_time(60.0)
    assert home.boots == 1
    home.device.step_clock(-5 * 24 * HOUR)
    home.pass_time(AT)
    assert home.boots == 1
    fired_once(home)


def test_the_time_is_that_of_the_order_to_the_second() -> None:
    home = ordered(SignedHome())
    home.pass_time(AT - home.now + 120.0)
    record = home.order_record
    assert record.execution_utc == UTC + AT
