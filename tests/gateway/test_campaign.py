"""Campaigns over homes with real engines and emulated devices: from the fleet's decision to the device's word."""

from dataclasses import replace

import pytest

from ota_engine.fleet.campaigns.homes.words import SignedWord
from ota_engine.fleet.campaigns.rows import MemberState
from ota_engine.fleet.inventory.rows import VersionSource
from ota_engine.fleet.notices.rows import Notice, NoticeKind
from ota_engine.fleet.port import HubOutcome, HubWord, Verb
from ota_engine.gbcs.envelope import parse
from ota_engine.gbcs.protection import authenticate
from ota_engine.records import OrderState
from tests.fleet.estate import DAY, VERSION
from tests.gateway.homes import HUB
from tests.gateway.street import VARIANTS, Street
from tests.gbcs.parties import NOW

KIND = {"hub-1": "CHF", "ppmid-1": "PPMID", "hcalcs-1": "HCALCS"}


@pytest.mark.parametrize("variant", VARIANTS)
async def test_a_campaign_ends_with_the_word_of_every_device(variant: str) -> None:
    street = Street(3)
    street.roll_out("c1", variant)
    street.settle_in()
    await street.live(DAY)
    assert {street.state(home) for home in street.names} == {MemberState.ACTIVATED}
    for home in street.names:
        (device,) = street.devices_of(home, KIND[variant])
        assert (device.version, device.version_source) == (VERSION, VersionSource.DEVICE)
    told = [one for one in street.rows(Notice) if one.kind is NoticeKind.ACTIVATED]
    assert len(told) == 3, "each home's supplier is told, once"


async def test_an_hcalcs_runs_its_image_by_an_order_that_the_supplier_signed() -> None:
    street = Street(2)
    street.roll_out("c1", "hcalcs-1")
    street.settle_in()
    await street.live(DAY)
    for home in street.names:
        engine = street.lived[home].host.engine
        assert engine is not None
        (order,) = engine.orders()
        assert (order.state, order.firmware_version) == (OrderState.ACTIVATED, VERSION)
        assert order.command, "CS06, as it was sent"
        kept = street.rows(SignedWord, campaign="c1", home=home)
        assert {HubWord.TRANSFERRED, HubWord.VERSION} <= {one.word for one in kept}
        for one in kept:
            authenticate(parse(one.message), street.keys, now=NOW)


async def test_three_campaigns_of_one_home_take_turns() -> None:
    street = Street(1)
    for number, variant in enumerate(VARIANTS, 1):
        street.roll_out(f"c{number}", variant)
    street.settle_in()
    await street.live(2 * DAY)
    states = {street.state("h1", f"c{number}") for number in (1, 2, 3)}
    assert states == {MemberState.ACTIVATED}


async def test_a_hub_that_is_off_is_silent_and_is_heard_when_it_speaks_again() -> None:
    street = Street(2)
    street.roll_out("c1", "ppmid-1")
    street.settle_in()
    street.lived["h1"].kill()
    await street.live(DAY)
    assert street.state("h2") is MemberState.ACTIVATED
    assert street.state("h1") is MemberState.OFFERED
    assert [one.state for one in street.told(Verb.ASSIGN) if one.home == "h1"] == ["waiting"]
    await street.live(14 * DAY)
    assert street.state("h1") is MemberState.UNREACHABLE
    street.lived["h1"].start()
    await street.live(DAY)
    assert street.state("h1") is MemberState.ACTIVATED


async def test_hubs_that_lose_their_devices_count_at_the_gate() -> None:
    street = Street(2)
    street.roll_out("c1", "hub-1")
    street.settle_in(replace(HUB, loses_han=frozenset({VERSION})))
    await street.live(DAY)
    assert all(street.member(home).han_lost for home in street.names)


async def test_hubs_whose_firmware_does_not_start_fail_after_their_attempts() -> None:
    street = Street(1)
    street.roll_out("c1", "hub-1")
    street.settle_in(replace(HUB, never_starts=frozenset({VERSION})))
    await street.live(5 * DAY)
    assert street.state("h1") is MemberState.FAILED
    assert street.member("h1").reason.startswith("the hub came back with ")


async def test_what_is_said_twice_changes_nothing() -> None:
    street = Street(1)
    street.roll_out("c1", "ppmid-1")
    street.settle_in()
    home = street.lived["h1"]
    said: list[HubOutcome] = []
    settle = home.settle

    def remember(keys: list[str]) -> None:
        said.extend(one for one in home.outcomes() if one.key in keys)
        settle(keys)

    home.settle = remember  # type: ignore[method-assign,assignment] # what a crash before it does
    await street.live(DAY)
    before = (street.member("h1"), street.devices_of("h1", "PPMID"), len(street.rows(Notice)))
    assert HubWord.ACTIVATED in [one.word for one in said]
    street.happen(*said)
    assert (
        street.member("h1"),
        street.devices_of("h1", "PPMID"),
        len(street.rows(Notice)),
    ) == before
