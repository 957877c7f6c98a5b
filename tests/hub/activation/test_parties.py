"""Who an engine speaks for, given a folder of keys."""

import pytest

from images.eui64 import Eui64
from ota_engine.errors import LocalError
from ota_engine.hub.activation.parties import choose_parties
from tests.gbcs.parties import BROKER, CHF, SECOND_SUPPLIER, SUPPLIER, everyone, without

RADIO = Eui64(CHF)


def test_with_all_keys_it_is_the_first_supplier_the_broker_and_the_radios_own_hub() -> None:
    security = choose_parties(everyone(), RADIO)
    assert (security.supplier, security.broker, security.hub) == (SUPPLIER, BROKER, CHF)


def test_a_supplier_whose_signing_key_is_at_hand_goes_first() -> None:
    keys = without(f"{SUPPLIER:016x}-ds.key")
    assert choose_parties(keys, RADIO).supplier == SECOND_SUPPLIER


def test_without_any_suppliers_signing_key_versions_can_still_be_read() -> None:
    keys = without(f"{SUPPLIER:016x}-ds.key", f"{SECOND_SUPPLIER:016x}-ds.key")
    assert choose_parties(keys, RADIO).supplier == SUPPLIER


def test_whoever_is_named_orders() -> None:
    named = Eui64(SECOND_SUPPLIER)
    assert choose_parties(everyone(), RADIO, named).supplier == SECOND_SUPPLIER


@pytest.mark.parametrize("own", [None, Eui64(0x99)])
def test_a_radio_without_a_signing_key_of_its_own_is_no_hub(own: Eui64 | None) -> None:
    assert choose_parties(everyone(), own).hub is None


@pytest.mark.parametrize(
    ("missing", "says"),
    [("90b3d51f4000000", "access control broker"), ("90b3d51f400", "supplier")],
)
def test_a_party_that_is_not_there_is_named(missing: str, says: str) -> None:
    with pytest.raises(LocalError, match=f"certificate of a {says}.*zota pki init"):
        choose_parties(without(missing), RADIO)
