"""Displays that clear what belongs to a previous occupier: when, how often, and in spite of what."""

import pytest

from emulators.air.radio import Conditions
from emulators.client.table import ClientState
from emulators.devices import kinds
from emulators.premises.habits import HABITS
from emulators.premises.words import BITS, ToldChange
from images import ImageSpec, build
from ota_engine.hub.delivery.commands import ApplyNow
from ota_engine.records import Activation, PremisesReply, SessionState
from ota_engine.zcl.device_management import ChangeControl
from tests.emulators.premises_home import (
    DAY,
    HOUR,
    SUPPLIER,
    Premises,
    display,
)

EVENT = 7
DISPLAYS = [kinds.IHD, kinds.PPMID, kinds.PORTABLE_IHD]


def one(habit: str | None = None) -> Premises:
    home = Premises(display(habit=habit))
    home.power_on()
    home.run(60.0)
    return home


@pytest.mark.parametrize("kind", DISPLAYS)
def test_a_display_clears_at_the_time_and_not_before(kind: kinds.DeviceKind) -> None:
    home = Premises(display(kind=kind))
    home.power_on()
    home.run(60.0)
    home.announce(after=600.0, event=EVENT)
    home.run(599.0)
    assert home.cleared() == []
    home.run(2.0)
    assert home.cleared() == [("tenancy", EVENT)]
    ((when, note),) = home.noted("cleared")
    assert when == pytest.approx(660.0, abs=1.0)
    assert note.detail["what"] == ["consumer data", "history"]


def test_a_change_for_now_is_acted_on_as_soon_as_it_is_heard() -> None:
    home = one()
    home.announce(event=EVENT)
    home.run(10.0)
    assert home.cleared() == [("tenancy", EVENT)]


def test_only_what_the_control_bits_name_is_cleared() -> None:
    home = Premises(display(kind=kinds.PPMID))
    home.power_on()
    home.run(60.0)
    bits = ChangeControl.CLEAR_TARIFF | ChangeControl.CLEAR_PREPAYMENT | ChangeControl.BLOCK_HISTORY
    home.announce(SUPPLIER, event=EVENT, control=bits)
    home.run(10.0)
    ((_, note),) = home.noted("cleared")
    assert note.detail["what"] == ["tariff", "prepayment"]
    premises = home.devices[0].premises
    assert premises is not None and premises.memory.history_blocked


def test_every_day_it_asks_and_clears_once_all_the_same() -> None:
    home = one()
    home.announce(event=EVENT)
    home.run(10 * DAY)
    assert home.cleared() == [("tenancy", EVENT)]


def test_a_higher_event_replaces_what_waits_and_a_change_taken_back_clears_nothing() -> None:
    home = one()
    home.announce(after=HOUR, event=EVENT)
    home.run(60.0)
    home.announce(after=2 * HOUR, event=EVENT + 1)
    home.run(1.5 * HOUR)
    assert home.cleared() == []
    home.cancel()
    home.run(DAY)
    assert home.cleared() == []


def test_a_device_that_was_off_clears_when_it_comes_back() -> None:
    home = one()
    home.cut()
    home.announce(after=600.0, event=EVENT)
    home.run(3 * DAY)
    home.restore()
    home.run(120.0)
    assert home.cleared() == [("tenancy", EVENT)]


def test_a_device_that_was_off_at_the_time_clears_at_its_start_before_it_can_ask() -> None:
    home = one()
    home.announce(after=600.0, event=EVENT)
    home.run(60.0)
    home.cut()
    home.run(HOUR)
    home.restore()
    home.run(1.0)
    assert home.cleared() == [("tenancy", EVENT)]


def test_a_device_that_does_not_know_the_date_clears_when_it_is_told_it() -> None:
    home = Premises(display())
    (device,) = home.devices
    device.clock.unset()
    home.power_on()
    home.announce(after=600.0, event=EVENT)
    home.run(HOUR)
    assert home.cleared() == []
    device.set_clock(1_800_000_000.0 + home.now, home.now)
    home.network.perform(device.eui64, (), home.now)
    home.run(1.0)
    assert home.cleared() == [("tenancy", EVENT)]


# --- habits ---------------------------------------------------------------------------------------


def test_one_that_only_polls_acknowledges_what_it_ignores_and_clears_after_its_next_poll() -> None:
    home = one("polls only")
    home.announce(event=EVENT)
    home.run(60.0)
    assert home.cleared() == []
    (status,) = home.engine.premises_status()
    assert [reply.reply for reply in status.replies] == [PremisesReply.TAKEN]
    home.run(HOUR)
    assert home.cleared() == [("tenancy", EVENT)]


def test_one_that_never_asks_clears_for_what_is_published() -> None:
    home = one("never asks")
    home.announce(event=EVENT)
    home.run(10.0)
    assert home.cleared() == [("tenancy", EVENT)]


def test_one_that_clears_twice_does_so_and_no_more() -> None:
    home = one("clears twice")
    home.announce(event=EVENT)
    home.run(5 * DAY)
    assert home.cleared() == [("tenancy", EVENT)] * 2


def test_one_that_forgets_asks_again_after_its_restart() -> None:
    home = one("forgets")
    home.announce(after=DAY, event=EVENT)
    home.run(60.0)
    home.cut()
    home.run(60.0)
    home.restore()
    home.run(2 * DAY)
    assert home.cleared() == [("tenancy", EVENT)]


def test_a_device_without_the_cluster_is_told_once_and_then_left_alone() -> None:
    home = Premises(display(habit=""))
    home.power_on()
    home.run(60.0)
    home.announce(event=EVENT)
    home.run(5 * DAY)
    (status,) = home.engine.premises_status()
    assert [(reply.reply, reply.status) for reply in status.replies] == [
        (PremisesReply.REFUSED, 0x81)
    ]
    assert home.engine.counters["premises_published"] == 1


def test_there_is_a_row_for_every_habit_and_each_does_something_else() -> None:
    assert len(set(HABITS.values())) == len(HABITS)


# --- in spite of an update ------------------------------------------------------------------------

NEW = kinds.FACTORY_VERSION + 1
CONTENT = build(
    bytes(range(256)) * 300,
    ImageSpec(
        manufacturer_code=kinds.MANUFACTURER,
        image_type=kinds.IHD.image_type,
        file_version=NEW,
        integrity=True,
    ),
)


def updating(habit: str | None = None, activation: Activation = Activation.IMMEDIATE) -> Premises:
    """A display whose download has begun."""
    home = Premises(display(habit=habit))
    home.assign(CONTENT, activation=activation)
    home.power_on()
    run_until(home, ClientState.DOWNLOADING)
    return home


def run_until(home: Premises, state: ClientState) -> None:
    for _ in range(4000):
        if home.devices[0].client.state is state:
            return
        home.run(0.25)
    raise AssertionError(f"still {home.devices[0].client.state}")


def test_a_change_while_blocks_are_in_flight_clears_and_the_download_goes_on() -> None:
    home = updating()
    home.announce(event=EVENT)
    home.run(2.0)
    assert home.cleared() == [("tenancy", EVENT)]
    assert home.devices[0].client.state is ClientState.DOWNLOADING
    home.run(HOUR)
    (session,) = home.engine.status()
    assert (session.state, session.attempt) == (SessionState.UPDATED, 1)
    undisturbed = updating()
    undisturbed.run(HOUR)
    assert session.blocks == undisturbed.engine.status()[0].blocks


def test_a_change_while_an_image_is_held_clears_and_the_image_is_still_held() -> None:
    home = updating(activation=Activation.WAIT)
    run_until(home, ClientState.WAITING_TO_UPGRADE)
    home.announce(after=30.0, event=EVENT)
    home.run(60.0)
    assert home.cleared() == [("tenancy", EVENT)]
    home.order(ApplyNow(home.devices[0].eui64, "ann"))
    home.run(HOUR)
    assert home.devices[0].version == NEW
    assert home.cleared() == [("tenancy", EVENT)]


@pytest.mark.parametrize("early", [0.0, 1.0, 5.0, 10.0, 60.0])
def test_a_change_at_about_the_time_of_the_activation_is_not_lost(early: float) -> None:
    home = updating(activation=Activation.WAIT)
    run_until(home, ClientState.WAITING_TO_UPGRADE)
    home.announce(after=60.0, event=EVENT)
    home.run(60.0 - early)
    home.order(ApplyNow(home.devices[0].eui64, "ann"))
    home.run(HOUR)
    assert home.devices[0].version == NEW
    assert home.cleared() == [("tenancy", EVENT)]


def test_one_that_clears_after_updates_does_not_lose_the_clearing() -> None:
    home = updating("after updates")
    home.announce(event=EVENT)
    home.run(2.0)
    assert home.cleared() == []
    home.run(HOUR)
    assert home.devices[0].version == NEW
    assert home.cleared() == [("tenancy", EVENT)]


@pytest.mark.parametrize("tenth", range(1, 10))
def test_power_that_goes_at_any_moment_loses_neither_clearing_nor_update(tenth: int) -> None:
    home = updating()
    home.announce(after=20.0, event=EVENT)
    home.run(4.0 * tenth)
    home.cut()
    home.run(30.0)
    home.restore()
    home.run(2 * HOUR)
    assert home.devices[0].version == NEW
    assert home.cleared() == [("tenancy", EVENT)]


# --- in spite of the air --------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_in_bad_air_everybody_clears_once(seed: int) -> None:
    air = Conditions(loss=0.25, duplication=0.2, reordering=0.2)
    specs = [display(n, DISPLAYS[n % len(DISPLAYS)]) for n in range(6)]
    home = Premises(*specs, conditions=air, seed=seed, relays=1)
    home.power_on()
    home.run(60.0)
    home.announce(after=HOUR, event=EVENT)
    home.announce(SUPPLIER, event=EVENT + 1)
    home.run(2 * DAY)
    for number in range(len(specs)):
        assert sorted(home.cleared(number)) == [("supplier", EVENT + 1), ("tenancy", EVENT)]


# --- meters ---------------------------------------------------------------------------------------


def told(event: int, time: int = 0) -> ToldChange:
    return ToldChange("tenancy", 1, event, 0, time, 1 << BITS["consumer data"])


def with_meter(habit: str | None = None) -> Premises:
    """A display, and a meter that it asks, too."""
    meter = kinds.ESME.specimen(1)
    home = Premises(display(habit=habit, meters=(meter.eui64,)), meter)
    home.power_on()
    home.run(60.0)
    return home


def announce_by_meter(home: Premises, what: ToldChange) -> None:
    meter = home.devices[1]
    home.network.perform(meter.eui64, meter.announce(what, home.now), home.now)


def test_a_meter_tells_who_asked_it_and_those_clear() -> None:
    home = with_meter()
    announce_by_meter(home, told(3))
    home.run(10.0)
    assert home.cleared() == [("tenancy", 3)]
    ((_, note),) = home.noted("cleared")
    assert note.detail["server"] == f"{home.devices[1].eui64:016x}"


def test_one_that_only_polls_learns_from_the_meter_by_its_next_question() -> None:
    home = with_meter("polls only")
    announce_by_meter(home, told(3))
    home.run(60.0)
    assert home.cleared() == []
    home.run(2 * HOUR)
    assert home.cleared() == [("tenancy", 3)]


def test_hub_and_meter_number_their_events_for_themselves() -> None:
    home = with_meter()
    home.announce(event=EVENT)
    announce_by_meter(home, told(3))
    home.run(2 * DAY)
    assert sorted(home.cleared()) == [("tenancy", 3), ("tenancy", EVENT)]


def test_a_meter_that_has_no_power_is_asked_again_and_holds_up_nobody() -> None:
    home = with_meter()
    home.cut(1)
    home.cut(0)
    home.run(10.0)
    home.restore(0)
    home.announce(event=EVENT)
    home.run(120.0)
    assert home.cleared() == [("tenancy", EVENT)]
    home.restore(1)
    home.run(60.0)
    announce_by_meter(home, told(3))
    home.run(DAY)
    assert ("tenancy", 3) in home.cleared()


def test_the_engine_hears_nothing_of_what_devices_say_to_each_other() -> None:
    home = with_meter()
    before = dict(home.engine.counters)
    announce_by_meter(home, told(3))
    home.run(10.0)
    assert "foreign_cluster" not in home.engine.counters
    assert before.get("premises_published") == home.engine.counters.get("premises_published")
