"""Rule 16: N and N-1 of each variant; more only for a while, and seen in a report.

Source: document 001, section 3.5 (Communications Hub firmware management, version policy). That a campaign
which would leave a third version asks for an override stands in the tests of campaigns.
"""

from dataclasses import replace

from ota_engine.fleet.approvals.ending import RetireRelease
from ota_engine.fleet.inventory.rows import InstalledDevice, InventoryStatus, Variant
from ota_engine.fleet.releases.versions import VariantVersions, versions_in
from tests.fleet.estate import Estate

V1, V2, V3 = 0x0001_0000, 0x0002_0000, 0x0003_0000


def running(estate: Estate, *versions: int | None) -> None:
    """Let the first hubs run these versions."""
    for device, version in zip(estate.rows(InstalledDevice), versions, strict=False):
        estate.put(replace(device, version=version))


def report(estate: Estate, variant: str = "hub-1") -> VariantVersions:
    (found,) = (row for row in estate.read(versions_in) if row.variant.variant == variant)
    return found


def test_devices_are_counted_by_n_n_minus_1_and_older() -> None:
    estate = Estate(10)
    estate.approved_release("r2", V2)
    estate.approved_release("r3", V3)
    running(estate, V3, V3, V2, 0x0000_0001, None, 0x0009_0000)
    found = report(estate)
    assert (found.newest, found.previous) == (V3, V2)
    assert (found.ahead, found.at_newest, found.at_previous) == (1, 2, 1)
    assert (found.older, found.unknown, found.devices) == (5, 1, 10)
    assert found.too_many


def test_a_retired_release_is_n_minus_1_and_a_draft_is_nothing() -> None:
    estate = Estate(2)
    estate.approved_release("r2", V2)
    estate.approved_release("r3", V3)
    estate.decide("olive", RetireRelease("r2", "r3", estate.utc))
    estate.approved_release("r4", 0x0004_0000, approve=False)
    found = report(estate)
    assert (found.newest, found.previous) == (V3, V2)
    assert found.older == 2


def test_without_a_release_the_estate_itself_says_what_is_newest() -> None:
    estate = Estate(3)
    running(estate, V1, V2, V2)
    found = report(estate)
    assert (found.newest, found.previous, found.at_newest, found.at_previous) == (V2, V1, 2, 1)
    assert not found.too_many


def test_one_release_over_what_was_there_before_makes_that_n_minus_1() -> None:
    estate = Estate(3)
    estate.approved_release("r2", V2)
    found = report(estate)
    assert (found.newest, found.previous, found.at_previous) == (V2, V1, 3)


def test_what_is_out_of_place_does_not_count_and_what_is_listed_only_is_marked() -> None:
    estate = Estate(2)
    first, _ = estate.rows(InstalledDevice)
    estate.put(replace(first, status=InventoryStatus.DECOMMISSIONED))
    estate.put(Variant("old-hub", "CHF", "Maker", "Old", "1", smets=1))
    estate.put(Variant("display", "IHD", "Maker", "Display", "1"))
    assert report(estate).devices == 1
    assert report(estate).ordered
    assert not report(estate, "old-hub").ordered
    assert not report(estate, "display").ordered
    assert report(estate, "display").newest is None
