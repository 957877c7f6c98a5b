"""A home with a real engine and emulated devices goes to another gateway in the middle of a campaign."""

from hashlib import sha256

from images.eui64 import Eui64, parse_eui64
from ota_engine.fleet.campaigns.homes.words import SignedWord
from ota_engine.fleet.campaigns.rows import MemberState
from ota_engine.fleet.gateways.acts import AdmitGateway, MoveHomes
from ota_engine.fleet.gateways.moving import CountersTold, HomeReleased
from ota_engine.fleet.gateways.rows import HomeCounter
from ota_engine.fleet.inventory.rows import Home
from ota_engine.fleet.notices.rows import Notice, NoticeKind
from ota_engine.fleet.port import HubWord
from ota_engine.gateway.homes import HomesGateway
from ota_engine.head_end.exchange import exchange
from ota_engine.times import Utc
from tests.fleet.estate import DAY, VERSION
from tests.gateway.street import GATEWAY, STEP_S, VARIANTS, Street
from tests.tiers import every_value_once

KIND = {"hub-1": "CHF", "ppmid-1": "PPMID", "hcalcs-1": "HCALCS"}
OTHER = "gw2"


class TwoGateways(Street):
    """A street whose homes are of either of two gateways."""

    def __init__(self, homes: int) -> None:
        super().__init__(homes)
        for name in (GATEWAY, OTHER):
            code = sha256(name.encode()).hexdigest()
            self.decide("olive", AdmitGateway(name, code, self.utc + DAY))

    async def speak(self) -> None:
        """Let both gateways be told and heard."""
        for name in (GATEWAY, OTHER):
            mine = {one.home for one in self.rows(Home, gateway=name)}
            hubs = {home: lived for home, lived in self.lived.items() if home in mine}
            await exchange(self.desk, HomesGateway(hubs), name, self.utc)
        self.deliver()

    async def live(self, seconds: float) -> None:
        """Let time pass for everybody."""
        until = self.utc + seconds
        while self.utc < until:
            self.pass_time(STEP_S)
            for home in self.lived.values():
                home.run(Utc(self.utc))
            await self.speak()

    async def move(self, home: str, target: str) -> dict[Eui64, int]:
        """Have a home let go of and taken; gives the counters that it comes with."""
        source = self.row(Home, home=home).gateway
        self.decide("olive", MoveHomes(target, (home,)))
        lived = self.lived[home]
        lived.let_go()
        await self.speak()
        counters = lived.counters
        self.desk.handle([CountersTold(home, source, counters)], self.utc)
        self.desk.handle([HomeReleased(home, source)], self.utc)
        floors = {
            parse_eui64(one.originator): one.highest for one in self.rows(HomeCounter, home=home)
        }
        lived.taken_over(floors)
        return floors


@every_value_once(("after", "variant"), [0, 1, 3, 12, 40], ["ppmid-1", "hcalcs-1"])
async def test_a_home_that_moves_at_any_time_ends_with_the_word_of_its_device_said_once(
    variant: str, after: int
) -> None:
    street = TwoGateways(2)
    street.roll_out("c1", variant)
    street.settle_in()
    await street.live(after * STEP_S)
    floors = await street.move("h1", OTHER)
    await street.live(2 * DAY)
    assert {street.state(home) for home in street.names} == {MemberState.ACTIVATED}
    (device,) = street.devices_of("h1", KIND[variant])
    assert device.version == VERSION
    told = [one for one in street.rows(Notice) if one.kind is NoticeKind.ACTIVATED]
    assert len(told) == 2, "each home's supplier is told, once"
    words = [one.word for one in street.rows(SignedWord, campaign="c1", home="h1")]
    assert words.count(HubWord.ACTIVATED) <= 1
    now = street.lived["h1"].counters
    assert all(now.get(one, 0) >= floor for one, floor in floors.items())
    street.check_sums()
    assert street.store.verify_audit() is None
    assert list(street.store.broken_seals()) == []


async def test_a_home_that_comes_back_is_as_new_and_goes_on() -> None:
    street = TwoGateways(1)
    street.roll_out("c1", "ppmid-1")
    street.settle_in()
    await street.live(STEP_S)
    await street.move("h1", OTHER)
    await street.live(STEP_S)
    await street.move("h1", GATEWAY)
    await street.live(DAY)
    assert street.state("h1") is MemberState.ACTIVATED
    street.check_sums()


async def test_a_gateway_that_gets_a_home_back_has_forgotten_what_it_let_go_of() -> None:
    street = TwoGateways(1)
    street.roll_out("c1", "ppmid-1")
    street.settle_in()
    await street.live(STEP_S)
    lived = street.lived["h1"]
    lived.let_go()
    await street.speak()
    street.desk.handle([HomeReleased("h1", GATEWAY)], street.utc)  # nobody wants it elsewhere
    await street.live(DAY)
    assert street.state("h1") is MemberState.ACTIVATED
    assert set(VARIANTS) == set(KIND)
