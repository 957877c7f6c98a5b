"""What a rehearsal leaves proves it: the same packs as of a real fleet, with every decision signed."""

from random import Random

import pytest

from emulators.estate.rehearsal import Rehearsal
from emulators.simulation.journal import Journal
from ota_engine.evidence.pack_check import KnownFleet, verify_pack
from ota_engine.fleet.fleet import Fleet
from ota_engine.head_end.desk import FleetDesk
from ota_engine.head_end.packing import PackOrder, export_pack
from ota_engine.store.fleet.book import FleetStore
from tests.estate.estates import small
from tests.evidence.packed import FLEET_KEY, KEEP
from tests.fleet.databases import new_store

KNOWN = KnownFleet(FLEET_KEY.public_pem)
BAD, GOOD = "campaign-R2", "campaign-R3"


@pytest.fixture(scope="module")
def store() -> FleetStore:
    """A bad release that its pilot stopped, and its successor that went through."""
    opened = new_store()
    assert Rehearsal(small(), FleetDesk(Fleet(), opened), Journal()).run(lambda _: None).complete
    return opened


def exported(store: FleetStore, campaign: str, party: str = "") -> bytes:
    return export_pack(store, FLEET_KEY, PackOrder(campaign, party, KEEP, {}, "zota of a test"))


@pytest.mark.parametrize("campaign", [BAD, GOOD])
def test_the_evidence_of_a_rehearsal_verifies(store: FleetStore, campaign: str) -> None:
    found = verify_pack(exported(store, campaign), KNOWN)
    assert found.good, found.findings
    assert found.facts["decisions"].endswith(" signed by their persons")
    assert ("1 fail" in found.facts["verdicts"]) == (campaign == BAD)


def test_one_flipped_octet_of_it_does_not_verify(store: FleetStore) -> None:
    octets = exported(store, GOOD)
    for at in sorted(Random(11).sample(range(len(octets)), 60)):
        flipped = bytearray(octets)
        flipped[at] ^= 1
        assert not verify_pack(bytes(flipped), KNOWN).good, at


def test_each_party_gets_the_evidence_of_its_own_homes(store: FleetStore) -> None:
    whole = verify_pack(exported(store, GOOD), KNOWN)
    part = verify_pack(exported(store, GOOD, "supplier-1"), KNOWN)
    assert part.good, part.findings
    assert part.head == whole.head
    assert "as hashes only" in part.facts["trail"]
    assert part.facts["homes"] != whole.facts["homes"]
