"""What can be asked of gateways, and what a supplier sees of transfers under way."""

import pytest

from images.eui64 import Eui64
from ota_engine.fleet.gateways.acts import MoveHomes, RevokeGateway
from ota_engine.fleet.kernel.decisions import PartyRole
from ota_engine.fleet.port import HubWord, Verb
from ota_engine.gateway.wire import LiveTransfer
from ota_engine.head_end.live_transfers import LiveTransfers
from ota_engine.head_end.questions.asking import (
    LOCAL,
    NotForViewerError,
    NotThereError,
    View,
    Viewer,
)
from ota_engine.head_end.questions.catalogue import ask
from ota_engine.head_end.questions.gateways import (
    AskGateway,
    AskGateways,
    AskLive,
    GatewayList,
    GatewaySheet,
    GatewayStanding,
    LiveList,
)
from ota_engine.head_end.questions.values import plain, read
from ota_engine.times import Utc
from tests.head_end.gateways.lab import GatewayLab

EAST = Viewer("eve", "east", frozenset({PartyRole.ELECTRICITY_SUPPLIER}))


def view(lab: GatewayLab, viewer: Viewer = LOCAL, live: LiveTransfers | None = None) -> View:
    return View(lab.town.desk, viewer, lab.town.utc, live)


async def test_a_gateway_is_shown_with_its_homes_what_waits_for_it_and_what_is_wrong(
    lab: GatewayLab,
) -> None:
    lab.begin()
    async with lab.door() as door, door.gateway() as one:
        await one.tell(lab.said("h1", HubWord.REACHED)._replace(home="nowhere"), homes=2)
    lab.town.decide("olive", MoveHomes("gw2", ("h2",)))
    found = ask(AskGateway("gw"), view(lab))
    assert found.line.standing is GatewayStanding.TROUBLED
    assert (found.line.homes, found.line.running, found.line.waiting, found.line.heard) == (
        2,
        2,
        2,
        1,
    )
    assert found.leaving == {"h2": "gw2"}
    assert [one.verb for one in found.waiting] == [Verb.ASSIGN] * 2
    assert len(found.alerts) == 1
    assert read(plain(found), GatewaySheet, "answer") == found


def test_gateways_are_listed_by_name_a_page_at_a_time(lab: GatewayLab) -> None:
    for number in range(5):
        lab.admit(f"other-{number}")
    lab.town.decide("olive", RevokeGateway("gw2"))
    first = ask(AskGateways(most=3), view(lab))
    rest = ask(AskGateways(after=first.more), view(lab))
    names = [one.gateway for one in (*first.items, *rest.items)]
    assert names == ["gw", "gw2", *(f"other-{number}" for number in range(5))]
    assert (first.total, rest.more) == (7, "")
    standings = {one.gateway: one.standing for one in first.items}
    assert standings["gw"] is GatewayStanding.ADMITTED
    assert standings["gw2"] is GatewayStanding.REVOKED
    assert read(plain(first), GatewayList, "answer") == first


def test_who_sees_single_homes_only_is_told_of_no_gateway(lab: GatewayLab) -> None:
    for question in (AskGateway("gw"), AskGateways()):
        with pytest.raises(NotForViewerError):
            ask(question, view(lab, EAST))
    with pytest.raises(NotThereError):
        ask(AskGateway("no-such"), view(lab))


def test_a_supplier_sees_transfers_in_its_own_homes_alone(lab: GatewayLab) -> None:
    live = LiveTransfers()
    transfers = [
        LiveTransfer(home, lab.device(home).device, "ab" * 32, 2, 9, 5, 1.0, 0, "sending", Utc(1.0))
        for home in ("h1", "h2")
    ]
    live.told("gw", transfers)
    everything = ask(AskLive(), view(lab, live=live))
    own = ask(AskLive(), view(lab, EAST, live))
    assert {one.transfer.home for one in everything.items} == {"h1", "h2"}
    assert {one.transfer.home for one in own.items} == {"h1"}
    assert ask(AskLive(), view(lab)) == LiveList(told=False, items=())
    assert read(plain(everything), LiveList, "answer") == everything


def test_transfers_are_forgotten_when_nobody_tells_of_them_and_watched_while_somebody_looks() -> (
    None
):
    now = [0.0]
    live = LiveTransfers(lambda: now[0])
    watched = [live.is_watched]
    live.look()
    one = LiveTransfer("h1", Eui64(1), "ab" * 32, 2, 9, 5, 1.0, 0, "sending", Utc(5.0))
    live.told("gw", [one])
    now[0] = 10.0
    live.told("gw", [one._replace(done=6, utc=Utc(15.0))])
    (seen,) = live.look()
    assert (seen.transfer.done, seen.since_utc) == (6, 5.0)
    for at in (29.0, 41.0):
        now[0] = at
        watched.append(live.is_watched)
    assert watched == [False, True, False]
    assert live.look() == []
