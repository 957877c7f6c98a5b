"""How sums went is kept in the commits that changed them, a row an hour, and read in stretches."""

from ota_engine.fleet.campaigns.rows import MemberState, Sum, SumSample
from ota_engine.store.fleet.samples import sampled_hours, sums_over_time
from tests.fleet.rollout import HOUR, RollOutTown


def _last(town: RollOutTown, state: MemberState, hours: int) -> list[int]:
    with town.store.reading():
        found = sums_over_time(town.store.driver, "c1", hours)
    return [one.homes for one in found if one.state is state]


def test_each_hour_in_which_something_changed_has_its_last_number() -> None:
    town = RollOutTown(homes=4)
    town.begin()
    town.finish("h1")
    town.finish("h2")
    town.pass_time(5 * HOUR)
    town.finish("h3")
    assert _last(town, MemberState.ACTIVATED, 1) == [2, 3]
    assert _last(town, MemberState.ACTIVATED, 24 * 365) == [3]


def test_the_last_sample_of_every_state_is_what_the_sum_is() -> None:
    town = RollOutTown(homes=6)
    town.begin()
    town.finish("h1", "h2", "h3")
    town.reach("h4")
    latest = {(row.phase, row.state): row for row in town.rows(SumSample)}
    for row in town.rows(SumSample):
        if row.hour >= latest[row.phase, row.state].hour:
            latest[row.phase, row.state] = row
    sums: dict[tuple[int, str], int] = {}
    for one in town.rows(Sum):
        if one.state in frozenset(MemberState):
            name = one.phase, one.state
            sums[name] = sums.get(name, 0) + one.homes
    assert {name: row.homes for name, row in latest.items()} == sums


def test_homes_that_were_drawn_are_planned_from_the_hour_of_the_approval() -> None:
    town = RollOutTown(homes=4)
    town.announce()
    with town.store.reading():
        first = sampled_hours(town.store.driver, "c1")
    assert _last(town, MemberState.PLANNED, 1)[0] == 4
    assert first is not None
    assert first[0] == int(town.row(SumSample, state="planned").hour)


def test_a_campaign_that_has_not_begun_has_no_history() -> None:
    town = RollOutTown(homes=1)
    with town.store.reading():
        assert sampled_hours(town.store.driver, "none") is None
        assert sums_over_time(town.store.driver, "none", 1) == []
