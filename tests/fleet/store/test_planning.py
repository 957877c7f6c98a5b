"""What the database draws as a set is what the pure reference draws home by home."""

from collections.abc import Mapping
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from images.eui64 import Eui64
from ota_engine.fleet.campaigns.plan.cohorts import draw, draw_number, quotas, targets
from ota_engine.fleet.campaigns.rows import (
    Campaign,
    CampaignState,
    Member,
    MemberState,
    Sum,
)
from ota_engine.fleet.inventory.rows import (
    Home,
    HomeStatus,
    InstalledDevice,
    InventoryStatus,
    VersionSource,
)
from ota_engine.fleet.kernel.effects import Draw, Join
from ota_engine.fleet.kernel.rows import Select, Strata
from ota_engine.times import Utc
from tests.fleet.databases import new_store, sqlite_of
from tests.tiers import examples

KEY = "00112233445566778899aabbccddeeff"
NOW = Utc(1.8e9)
NEW = 0x0002_0000

HOMES = st.builds(
    Home,
    home=st.just(""),
    region=st.sampled_from(["North", "South"]),
    gateway=st.just("gw"),
    status=st.sampled_from([HomeStatus.COMPLETE] * 3 + [HomeStatus.INSTALLING, HomeStatus.GONE]),
    configuration=st.sampled_from(["set-a", "set-b", "set-c"]),
    electricity=st.sampled_from(["east", "west"]),
    gas=st.sampled_from(["east", "west", ""]),
    ring_fence=st.sampled_from(["", "", "", "fence"]),
)
DEVICES = st.builds(
    InstalledDevice,
    device=st.just(Eui64(0)),
    home=st.just(""),
    kind=st.just("CHF"),
    variant=st.sampled_from(["hub-1", "hub-1", "hub-2"]),
    status=st.sampled_from([InventoryStatus.COMMISSIONED] * 3 + [InventoryStatus.SUSPENDED]),
    version=st.sampled_from([None, 0x0001_0000, NEW]),
    version_source=st.just(VersionSource.DEVICE),
    version_since_utc=st.just(0.0),
)
ESTATES = st.lists(st.tuples(HOMES, st.lists(DEVICES, max_size=3)), max_size=40)
BUSY = st.lists(
    st.tuples(
        st.integers(0, 39),
        st.sampled_from([CampaignState.RUNNING, CampaignState.HELD, CampaignState.ABORTED]),
        st.sampled_from([MemberState.PLANNED, MemberState.REACHED, MemberState.ACTIVATED]),
    ),
    max_size=12,
)
ASKED = st.builds(
    Strata,
    variant=st.sampled_from(["hub-1", "hub-2"]),
    regions=st.sampled_from([(), ("North",), ("North", "South")]),
    but_version=st.just(NEW),
    ring_fence=st.sampled_from(["", "", "fence"]),
    supplier=st.sampled_from(["", "", "east"]),
)
SIZES = st.tuples(st.lists(st.integers(0, 30), max_size=3), st.booleans())


class Fleet:
    """An estate in a database, and the same as plain rows."""

    def __init__(
        self,
        estate: list[tuple[Home, list[InstalledDevice]]],
        busy: list[tuple[int, CampaignState, MemberState]],
    ) -> None:
        self.homes: dict[str, Home] = {}
        self.devices: list[InstalledDevice] = []
        for number, (home, devices) in enumerate(estate):
            name = f"h{number * 7919 % 40:02d}"
            self.homes[name] = replace(home, home=name)
            for device in devices:
                eui64 = Eui64((len(self.devices) * 0x9E37_79B9_7F4A_7C15 + 1) % 2**64)
                self.devices.append(replace(device, device=eui64, home=name))
        self.campaigns: dict[str, Campaign] = {}
        self.members: list[Member] = []
        for number, (chosen, campaign, member) in enumerate(busy):
            if chosen < len(self.devices):
                self._occupy(f"other-{number}", self.devices[chosen], campaign, member)
        self.store = new_store()
        with self.store.transaction():
            self.store.insert(
                [*self.homes.values(), *self.devices, *self.campaigns.values(), *self.members]
            )

    def _occupy(
        self, name: str, device: InstalledDevice, state: CampaignState, member: MemberState
    ) -> None:
        self.campaigns[name] = Campaign(name, "r0", "", "", state, "", 0.0, "olive", 1, "")
        self.members.append(Member(name, device.home, device.device, 1, "", 0, member))

    def targets(self, asked: Strata) -> dict[str, InstalledDevice]:
        return targets(asked, self.homes, self.devices, self.campaigns, self.members)

    def strata(self, asked: Strata) -> Mapping[str, int]:
        with self.store.reading():
            ((_, found),) = self.store.load([asked])
        return dict(found)

    def drawn(self, plan: Draw | Join) -> list[Member]:
        with self.store.transaction():
            self.store.keep([], [plan], NOW)
            return self.store.select(Select(Member, (("campaign", plan.campaign),)))

    def sums(self) -> dict[tuple[int, str], int]:
        with self.store.reading():
            rows = self.store.select(Select(Sum, (("campaign", "c1"),)))
        return {(row.phase, row.state): row.homes for row in rows if row.homes}


@examples(200)
@given(ESTATES, BUSY, ASKED, SIZES)
def test_a_plan_is_the_references(
    estate: list[tuple[Home, list[InstalledDevice]]],
    busy: list[tuple[int, CampaignState, MemberState]],
    asked: Strata,
    sizes: tuple[list[int], bool],
) -> None:
    fleet = Fleet(estate, busy)
    meant = fleet.targets(asked)
    stratum = {home: fleet.homes[home].configuration for home in meant}
    strata: dict[str, int] = {}
    for name in stratum.values():
        strata[name] = strata.get(name, 0) + 1
    assert fleet.strata(asked) == dict(sorted(strata.items()))
    shares = quotas([*sizes[0], *([None] if sizes[1] else [])], strata)
    drawn = fleet.drawn(Draw("c1", KEY, asked, shares, NOW))
    expected = draw(bytes.fromhex(KEY), stratum.items(), shares)
    assert [(row.home, row.phase, row.rank) for row in drawn] == expected
    for row in drawn:
        device = meant[row.home]
        assert (row.device, row.version_before) == (device.device, device.version)
        assert (row.stratum, row.state) == (stratum[row.home], MemberState.PLANNED)
    counted: dict[tuple[int, str], int] = {}
    for row in drawn:
        counted[row.phase, row.state] = counted.get((row.phase, row.state), 0) + 1
    assert fleet.sums() == counted


@examples(100)
@given(ESTATES, BUSY, ASKED)
def test_those_who_join_are_the_targets_that_are_not_in_it_yet(
    estate: list[tuple[Home, list[InstalledDevice]]],
    busy: list[tuple[int, CampaignState, MemberState]],
    asked: Strata,
) -> None:
    fleet = Fleet(estate, busy)
    meant = fleet.targets(asked)
    joined = fleet.drawn(Join("c1", KEY, asked, 3, NOW))
    assert [row.home for row in joined] == sorted(meant)
    assert all(row.rank == draw_number(bytes.fromhex(KEY), row.home) for row in joined)
    again = fleet.drawn(Join("c1", KEY, asked, 3, NOW))
    assert again == joined
    assert fleet.sums() == ({(3, "planned"): len(joined)} if joined else {})


def test_a_stratum_whose_numbers_are_spread_unevenly_is_still_cut_where_it_ends() -> None:
    home = Home("", "North", "gw", HomeStatus.COMPLETE, "set-a")
    device = InstalledDevice(
        Eui64(0), "", "CHF", "hub-1", InventoryStatus.COMMISSIONED, 1, VersionSource.DEVICE, 0.0
    )
    fleet = Fleet([(home, [device])] * 40, [])
    sqlite_of(fleet.store).create_function("draw_number", 2, lambda _, name: 2**62 + int(name[1:]))
    shares = quotas([5, None], {"set-a": 40})
    drawn = fleet.drawn(Draw("c1", KEY, Strata("hub-1", (), NEW), shares, NOW))
    assert [row.home for row in drawn if row.phase == 1] == [
        f"h{number:02d}" for number in range(5)
    ]
    assert len(drawn) == 40


def test_a_home_that_another_open_campaign_means_is_not_drawn_twice() -> None:
    home = Home("", "North", "gw", HomeStatus.COMPLETE, "set-a")
    device = InstalledDevice(
        Eui64(0), "", "CHF", "hub-1", InventoryStatus.COMMISSIONED, 1, VersionSource.DEVICE, 0.0
    )
    states = [
        (0, CampaignState.RUNNING, MemberState.PLANNED),
        (1, CampaignState.RUNNING, MemberState.ACTIVATED),
        (2, CampaignState.ABORTED, MemberState.PLANNED),
    ]
    fleet = Fleet([(home, [device])] * 4, states)
    asked = Strata("hub-1", (), NEW)
    joined = fleet.drawn(Join("c1", KEY, asked, 1, NOW))
    assert {row.device for row in joined} == {one.device for one in fleet.devices[1:]}
