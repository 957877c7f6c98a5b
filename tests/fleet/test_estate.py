"""The estate that the fleet's tests stand on."""

from ota_engine.fleet.approvals.acts import ApproveRelease
from ota_engine.fleet.inventory.rows import Home
from ota_engine.fleet.kernel.rows import Counts
from ota_engine.fleet.releases.rows import FirmwareRelease, ReleaseStatus
from tests.fleet.estate import KAYS_KEY, Estate


def test_an_estate_has_homes_and_a_release_that_may_be_delivered() -> None:
    estate = Estate(12)
    estate.approved_release()
    assert len(estate.rows(Home)) == 12
    assert estate.row(FirmwareRelease).status is ReleaseStatus.APPROVED


def test_a_person_with_a_key_must_sign() -> None:
    estate = Estate(1)
    estate.approved_release(approve=False)
    assert "sign" in estate.refused("kay", ApproveRelease("r1"))
    assert estate.ask("kay", ApproveRelease("r1"), signer=KAYS_KEY).accepted


def test_rows_are_counted_by_what_is_in_them() -> None:
    estate = Estate(12)
    with estate.store.transaction():
        regions = estate.store.count(Counts(Home, ("region",)))
        none = estate.store.count(Counts(Home, ("region",), (("ring_fence", "f1"),)))
    assert sum(regions.values()) == 12
    assert none == {}
