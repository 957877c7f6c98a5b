"""Configuration sets are sampled: what devices said meanwhile counts from the next sample on."""

from dataclasses import replace

from ota_engine.fleet.inventory.configurations import configuration_id, contents
from ota_engine.fleet.inventory.rows import Home, InstalledDevice, InventoryStatus
from ota_engine.head_end.sampling import sample_estate
from tests.fleet.estate import VERSION, Estate


def test_a_sample_counts_what_stands_together_now_the_most_prevalent_first() -> None:
    estate = Estate(6)
    sets = sample_estate(estate.store, "olive", estate.utc)
    assert [(row.contents, row.homes) for row in sets] == [("CHF:hub-1:00010000", 6)]
    first, second, third, *_ = estate.rows(InstalledDevice)
    estate.put(replace(first, version=VERSION), replace(second, version=None))
    estate.put(replace(third, status=InventoryStatus.WITHDRAWN))
    assert [row.homes for row in sets] == [6]
    sets = sample_estate(estate.store, "olive", estate.utc)
    assert {row.contents: row.homes for row in sets} == {
        "CHF:hub-1:00010000": 3,
        "CHF:hub-1:00020000": 1,
        "CHF:hub-1:unknown": 1,
    }
    for home in estate.rows(Home):
        text = contents(estate.rows(InstalledDevice, home=home.home))
        assert home.configuration == (configuration_id(text) if text else "")


def test_a_sample_is_a_line_of_the_audit_trail() -> None:
    estate = Estate(1)
    sample_estate(estate.store, "olive", estate.utc)
    with estate.store.reading():
        (row,) = estate.store.trail()
    assert (row.record.actor, row.record.action) == ("olive", "sampled")
