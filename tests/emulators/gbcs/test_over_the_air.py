"""A whole device with flash and power, its tunnel, and a hub: commands in, proof out."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.devices import kinds
from emulators.platform.spec import ChipSpec, SecurityOptions
from ota_engine.events import BROADCAST_ALL, SMART_ENERGY, TUNNELING_CLUSTER, LinkUp, Send
from ota_engine.gbcs.payloads import (
    CANCELLATION_TIME,
    ActivationOutcome,
    CommandAccepted,
    FutureDatedOutcome,
    Payload,
    PpmidActivation,
)
from ota_engine.times import Monotonic
from tests.emulators.gbcs.attacks import ATTACKS, Attack
from tests.emulators.gbcs.house import (
    IMAGE_TYPE,
    NEW_VERSION,
    OLD_VERSION,
    House,
    give_file,
    hash_of,
    image,
    spec,
)
from tests.emulators.gbcs.units import START, command
from tests.gbcs.parties import ESME, PPMID, SECOND_SUPPLIER, everyone

CONTENT = image()
DIGEST = hash_of(CONTENT)
LATER = START + timedelta(minutes=10)
DONE = ActivationOutcome(0, NEW_VERSION)


def updated_once(house: House) -> None:
    assert house.device.version == NEW_VERSION
    assert house.boots == 1


def distinct(house: House) -> list[Payload]:
    """What was told, repetitions of the same octets aside: the head end knows them by id."""
    return list(dict(zip(house.hub.received, house.told(), strict=True)).values())


@pytest.mark.parametrize("sleepy", [False, True])
def test_an_order_for_now_is_carried_out_and_proved(sleepy: bool) -> None:
    house = House(spec(sleepy=sleepy), CONTENT)
    house.say(command(digest=DIGEST))
    house.run(120.0)
    assert house.told() == [DONE]
    updated_once(house)


@pytest.mark.parametrize("sleepy", [False, True])
def test_an_order_for_later_is_carried_out_at_its_time(sleepy: bool) -> None:
    house = House(spec(sleepy=sleepy), CONTENT)
    house.say(command(at=LATER, digest=DIGEST))
    house.run(590.0)
    assert house.told() == [CommandAccepted()]
    assert house.boots == 0
    house.run(120.0)
    ((_, _), (_, outcome)) = house.heard()
    assert isinstance(outcome, FutureDatedOutcome) and outcome.outcome == DONE
    updated_once(house)


def test_a_cancelled_order_is_not_carried_out() -> None:
    house = House(content=CONTENT)
    house.say(command(1000, LATER, digest=DIGEST))
    house.run(60.0)
    house.say(command(1001, CANCELLATION_TIME, digest=DIGEST))
    house.run(1000.0)
    assert house.told() == [CommandAccepted(), CommandAccepted()]
    assert house.device.version == OLD_VERSION


def test_a_replay_over_the_air_restarts_nothing_and_says_nothing() -> None:
    house = House(content=CONTENT)
    for _ in range(3):
        house.say(command(digest=DIGEST))
        house.run(60.0)
    assert house.told() == [DONE]
    updated_once(house)
    assert len(house.noted("command refused")) == 2


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_an_attack_over_the_air_gets_no_word_and_changes_nothing(attack: Attack) -> None:
    house = House(content=CONTENT)
    house.say(attack(DIGEST, 1000))
    house.run(60.0)
    assert house.hub.delivered == [1]
    assert len(house.noted("command refused")) == 1
    assert (house.told(), house.boots) == ([], 0)
    house.say(command(1000, digest=DIGEST))
    house.run(60.0)
    assert house.told() == [DONE]


@given(payload=st.binary(max_size=60), unicast=st.booleans())
def test_any_frame_of_the_tunneling_cluster_leaves_the_device_obedient(
    payload: bytes, unicast: bool
) -> None:
    house = House(content=CONTENT)
    to = house.device.eui64 if unicast else BROADCAST_ALL
    house.device.receive(
        Send(to, 10, 1, SMART_ENERGY, TUNNELING_CLUSTER, payload, True, False, 0, 0), house.now
    )
    house.say(command(1000, digest=DIGEST))
    house.run(120.0)
    assert house.told() == [DONE]


def test_second_suppliers_image_with_the_first_suppliers_order_is_not_held() -> None:
    foreign = image(SECOND_SUPPLIER)
    house = House()
    house.say(command(digest=hash_of(foreign)))
    house.run(60.0)
    assert house.told() == [ActivationOutcome(1, OLD_VERSION)]


@pytest.mark.parametrize("after", [moment / 20 for moment in range(0, 100, 3)])
def test_power_cut_at_any_moment_leaves_one_activation_and_one_outcome(after: float) -> None:
    house = House(content=CONTENT)
    house.say(command(digest=DIGEST))
    house.run(after)
    arrived = house.noted("command")
    house.cut_power(3.0)
    house.say(command(digest=DIGEST))  # nobody answered yet: the same octets again
    house.run(300.0)
    assert distinct(house) == [DONE]
    updated_once(house)
    assert len(house.noted("command")) == 1 or not arrived


@pytest.mark.parametrize("write", range(6))
def test_power_cut_in_any_flash_write_of_an_activation(write: int) -> None:
    house = House(content=CONTENT)
    house.run(5.0)
    house.device.flash.power_fails_at(house.device.flash.writes + write)
    house.say(command(digest=DIGEST))
    house.run(30.0)
    if not house.device.powered:
        house.network.power_on(house.device.eui64, Monotonic(house.now))
    house.run(300.0)
    assert distinct(house) == [DONE]
    updated_once(house)


@pytest.mark.parametrize("at", range(580, 640, 4))
def test_power_cut_around_the_time_of_an_order_for_later(at: int) -> None:
    house = House(content=CONTENT)
    house.say(command(at=LATER, digest=DIGEST))
    house.run(float(at))
    house.cut_power(15.0)
    house.run(300.0)
    accepted, outcome = distinct(house)
    assert accepted == CommandAccepted()
    assert isinstance(outcome, FutureDatedOutcome) and outcome.outcome == DONE
    updated_once(house)


def test_without_power_for_a_week_an_order_is_carried_out_at_the_next_start() -> None:
    house = House(content=CONTENT)
    house.say(command(at=LATER, digest=DIGEST))
    house.run(60.0)
    house.cut_power(7 * 86400.0)
    house.run(300.0)
    assert len(distinct(house)) == 2
    updated_once(house)


def test_an_image_that_fails_its_self_test_is_an_activation_failure() -> None:
    house = House(spec(self_test_fails=True), CONTENT)
    house.say(command(digest=DIGEST))
    house.run(120.0)
    assert house.told() == [ActivationOutcome(3, OLD_VERSION)]
    assert house.device.version == OLD_VERSION


def test_an_image_that_rotted_in_flash_has_another_hash() -> None:
    house = House(content=CONTENT)
    house.device.flash.damage(1)
    house.say(command(digest=DIGEST))
    house.run(60.0)
    assert house.told() == [ActivationOutcome(2, OLD_VERSION)]


def test_without_an_image_there_is_nothing_to_run() -> None:
    house = House()
    house.say(command(digest=DIGEST))
    house.run(60.0)
    assert house.told() == [ActivationOutcome(1, OLD_VERSION)]


def test_a_hub_that_was_away_gets_the_outcome_when_it_is_back() -> None:
    house = House(content=CONTENT)
    house.say(command(at=LATER, digest=DIGEST))
    house.run(60.0)
    house.network.link_down("unplugged", Monotonic(house.now))
    house.run(3600.0)
    updated_once(house)
    assert house.told() == [CommandAccepted()]
    house.network.link_up(
        LinkUp("test", house.device.eui64, 82, False, Monotonic(house.now)), Monotonic(house.now)
    )
    house.run(3600.0)
    assert len(distinct(house)) == 2


def test_a_device_that_answers_twice_says_the_same() -> None:
    house = House(spec(security=SecurityOptions(send_twice=True)), CONTENT)
    house.say(command(digest=DIGEST))
    house.run(120.0)
    assert house.told() == [DONE, DONE]
    assert len(distinct(house)) == 1


def test_a_device_without_keys_has_no_tunnel() -> None:
    strangers = everyone().held_by(ESME, ())
    house = House(content=CONTENT, keys=strangers)
    assert house.device.security is None
    house.say(command(digest=DIGEST))
    house.run(600.0)
    assert house.told() == [] and house.device.version == OLD_VERSION


def test_a_device_that_changed_supplier_obeys_the_new_one_alone() -> None:
    house = House(content=CONTENT)
    security = house.device.security
    assert security is not None
    house.device.hand_over(security.anchors.handed_over(SECOND_SUPPLIER, everyone()))
    house.say(command(digest=DIGEST))
    house.run(60.0)
    assert house.told() == []
    house.say(command(1, digest=DIGEST, supplier=SECOND_SUPPLIER))
    house.run(60.0)
    assert house.told() == [DONE]


@pytest.mark.parametrize("fails", [False, True])
def test_a_ppmid_proves_what_an_upgrade_end_response_began(fails: bool) -> None:
    house = House(spec(kinds.PPMID, PPMID, self_test_fails=fails), image(None))
    house.run(5.0)
    house.end_upgrade()
    house.run(60.0)
    (said,) = house.told()
    assert isinstance(said, PpmidActivation)
    version = OLD_VERSION if fails else NEW_VERSION
    assert (said.firmware_version, said.code) == (version, int(fails))


@pytest.mark.parametrize("own", [False, True])
def test_of_several_chips_gbcs_hears_of_the_first_alone(own: bool) -> None:
    """Whichever chip the restart is for, a report says what the device's own firmware did."""
    chip = ChipSpec(IMAGE_TYPE + 1, OLD_VERSION, hardware_version=0x0100)
    house = House(replace(spec(kinds.PPMID, PPMID), chips=(chip,)), image(None) if own else None)
    if not own:
        give_file(house.device.chips[1].flash, image(None, image_type=IMAGE_TYPE + 1))
    house.run(5.0)
    house.end_upgrade(IMAGE_TYPE if own else IMAGE_TYPE + 1)
    house.run(60.0)
    assert [chip.client.version for chip in house.device.chips] == (
        [NEW_VERSION, OLD_VERSION] if own else [OLD_VERSION, NEW_VERSION]
    )
    assert [
        said.firmware_version for said in house.told() if isinstance(said, PpmidActivation)
    ] == ([NEW_VERSION] if own else [])
