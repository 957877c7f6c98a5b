"""What gateways say, over real sockets: it counts once, and nothing that is strange holds up anything."""

from dataclasses import replace
from typing import Any

import pytest

from images.eui64 import Eui64
from ota_engine.errors import LocalError, StoreMisfit
from ota_engine.fleet.campaigns.rows import MemberState
from ota_engine.fleet.gateways.moving import MARGIN
from ota_engine.fleet.gateways.rows import AlertCause
from ota_engine.fleet.port import HubWord
from ota_engine.gateway.wire import (
    HomeGiven,
)
from ota_engine.head_end.desk import FleetDesk
from ota_engine.times import Utc
from tests.fleet.estate import VERSION
from tests.head_end.gateways.lab import GatewayLab

ORIGINATOR = Eui64(0x00DB000000000001)


async def test_every_outcome_counts_once_however_often_it_is_told(campaign: GatewayLab) -> None:
    said = [
        campaign.said("h1", HubWord.REACHED),
        campaign.said("h1", HubWord.TRANSFERRED),
        campaign.said("h1", HubWord.ACTIVATED, version=VERSION),
    ]
    async with campaign.door() as door, door.gateway() as one:
        assert (await one.tell(*said[:2])).heard == 2
        for first in (1, 2):
            report = one.report(*said[first - 1 :], first=first)
            assert (await one.caller.report(report)).heard == 3
        assert (await one.caller.report(one.report(said[0], first=1))).heard == 3
    assert campaign.town.state("h1") is MemberState.ACTIVATED
    campaign.town.check_sums()


async def test_where_an_outcome_lacks_nothing_is_taken_and_the_gateway_is_told_where_to_go_on(
    campaign: GatewayLab,
) -> None:
    async with campaign.door() as door, door.gateway() as one:
        report = one.report(campaign.said("h1", HubWord.TRANSFERRED), first=5)
        assert (await one.caller.report(report)).heard == 0
        assert campaign.town.state("h1") is MemberState.OFFERED


async def test_outcomes_that_a_gateway_keeps_no_more_hold_up_nothing_and_are_an_alert(
    campaign: GatewayLab,
) -> None:
    async with campaign.door() as door, door.gateway() as one:
        said = campaign.said("h1", HubWord.REACHED)
        report = one.report(said, first=7, oldest=7)
        assert (await one.caller.report(report)).heard == 7
    (alert,) = campaign.alerts()
    assert alert.cause is AlertCause.OUTCOMES_LOST
    assert "outcomes 1 to 6 are lost" in alert.text
    assert campaign.town.state("h1") is MemberState.REACHED


async def test_what_is_not_a_gateways_to_say_is_an_alert_and_holds_up_nothing(
    campaign: GatewayLab,
) -> None:
    campaign.town.home("far", "east", gateway="gw2")
    elsewhere = campaign.device("far").device
    async with campaign.door() as door, door.gateway() as one:
        heard = await one.tell(
            campaign.said("far", HubWord.ACTIVATED, version=VERSION),
            campaign.said("h1", HubWord.ACTIVATED, device=elsewhere, version=VERSION),
            campaign.said("h1", HubWord.ACTIVATED, campaign="c9", version=VERSION),
            campaign.said("h2", HubWord.REACHED),
        )
        assert heard.heard == 4
    causes = {alert.cause for alert in campaign.alerts()}
    assert causes == {
        AlertCause.NOT_ITS_HOME,
        AlertCause.NOT_IN_HOME,
        AlertCause.NEVER_TOLD,
    }
    assert all(alert.content for alert in campaign.alerts())
    assert campaign.town.state("h1") is MemberState.OFFERED
    assert campaign.town.state("h2") is MemberState.REACHED
    notes = [row for row in campaign.town.store.trail() if "alert" in repr(row)]
    assert len(notes) == 3


async def test_a_gateway_that_says_strange_things_without_end_fills_no_disk(
    campaign: GatewayLab,
) -> None:
    async with campaign.door() as door, door.gateway() as one:
        for _ in range(3):
            said = [
                campaign.said("h1", HubWord.REACHED)._replace(home=f"none-{one.told + number}")
                for number in range(100)
            ]
            await one.tell(*said)
    alerts = campaign.alerts()
    assert len(alerts) == 201
    (others,) = [alert for alert in alerts if alert.subject == "others"]
    assert others.times == 100


async def test_a_version_that_is_not_the_one_ordered_is_the_devices_own_word(
    campaign: GatewayLab,
) -> None:
    async with campaign.door() as door, door.gateway() as one:
        await one.tell(
            campaign.said("h1", HubWord.TRANSFERRED),
            campaign.said("h1", HubWord.ACTIVATED, version=VERSION + 9),
        )
    assert campaign.device("h1").version == VERSION + 9
    assert campaign.town.state("h1") is not MemberState.ACTIVATED


@pytest.mark.parametrize(
    "fault",
    [
        ZeroDivisionError("by nought"),
        LocalError("it makes no sense"),
        StoreMisfit("rows do not fit together"),
    ],
)
async def test_an_outcome_that_the_fleet_fails_at_holds_up_no_other(
    campaign: GatewayLab, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    handle = FleetDesk.handle_within

    def fails(self: FleetDesk, events: Any, utc: Utc, known: Any = ()) -> Any:
        if any(getattr(event, "word", None) is HubWord.HAN_LOST for event in events):
            raise fault
        return handle(self, events, utc, known)

    monkeypatch.setattr(FleetDesk, "handle_within", fails)
    async with campaign.door() as door, door.gateway() as one:
        heard = await one.tell(
            campaign.said("h1", HubWord.REACHED),
            campaign.said("h1", HubWord.HAN_LOST),
            campaign.said("h2", HubWord.REACHED),
        )
        assert heard.heard == 3
    (alert,) = campaign.alerts()
    assert alert.cause is AlertCause.FAULT
    assert [campaign.town.state(home) for home in ("h1", "h2")] == [MemberState.REACHED] * 2


@pytest.mark.parametrize(("off", "said"), [(-600.0, "behind"), (600.0, "ahead of"), (5.0, "")])
async def test_the_clock_of_a_gateway_is_shown_and_a_trouble_where_it_is_far_off(
    lab: GatewayLab, off: float, said: str
) -> None:
    async with lab.door() as door, door.gateway() as one:
        await one.tell(utc=Utc(lab.clock() + off))
        assert lab.contact().clock_off_s == off
        assert said in lab.contact().trouble
        assert bool(lab.contact().trouble) is bool(said)
        async with one.stream(utc=Utc(lab.clock() + off)):
            assert said in lab.contact().trouble


async def test_a_gateway_that_has_lost_its_memory_counts_anew_and_is_told_anew(
    campaign: GatewayLab,
) -> None:
    async with campaign.door() as door, door.gateway() as one:
        async with one.stream() as (_, stream):
            told = await one.take(stream, 2)
        await one.tell(campaign.said("h1", HubWord.REACHED), counters={"h1": {ORIGINATOR: 500}})
        campaign.admit("gw", "another-code-" + "d" * 30)
        async with door.gateway(register=False, instance="its-new-folder-000") as new:
            await new.register("another-code-" + "d" * 30)
            async with new.stream() as (hello, stream):
                assert hello.heard == 0
                floor = int(campaign.town.utc * 1000) + MARGIN
                assert hello.homes[0] == HomeGiven("h1", {ORIGINATOR: floor})
                again = await new.take(stream, 2)
                assert {row.key for row in again} == {row.key for row in told}
            assert (await new.tell(campaign.said("h2", HubWord.REACHED))).heard == 1
    assert campaign.town.state("h2") is MemberState.REACHED
    campaign.town.check_sums()


async def test_a_server_restored_from_an_older_back_up_hears_again_what_it_has_lost(
    campaign: GatewayLab,
) -> None:
    said = [campaign.said("h1", HubWord.REACHED), campaign.said("h1", HubWord.TRANSFERRED)]
    async with campaign.door() as door, door.gateway() as one:
        await one.tell(*said)
        contact = campaign.contact()
        campaign.town.put(replace(contact, heard=1))
        async with one.stream() as (hello, _):
            assert hello.heard == 1
        report = one.report(*said[hello.heard :], first=hello.heard + 1)
        assert (await one.caller.report(report)).heard == 2
    assert campaign.town.state("h1") is MemberState.SCHEDULED
