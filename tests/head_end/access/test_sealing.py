"""A sealed key opens only with its own secret, for its own person, as it was sealed."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from ota_engine.head_end.access.sealing import (
    SAFE_COST,
    PasswordCost,
    SealBrokenError,
    open_by_password,
    open_by_secret,
    seal_by_password,
    seal_by_secret,
)
from ota_engine.head_end.access.secret_texts import SecretKind, new_secret
from tests.fleet.estate import KAYS_KEY
from tests.head_end.access.lab import CHEAP, PASSWORD

SECRET = new_secret(SecretKind.SESSION)
BY_PASSWORD = seal_by_password(KAYS_KEY, "kay", PASSWORD, CHEAP)
BY_SECRET = seal_by_secret(KAYS_KEY, "kay", SECRET)


def _same(key: ec.EllipticCurvePrivateKey) -> bool:
    return key.private_numbers() == KAYS_KEY.private_numbers()


def test_a_key_comes_out_as_it_went_in() -> None:
    assert _same(open_by_password(BY_PASSWORD, "kay", PASSWORD))
    assert _same(open_by_secret(BY_SECRET, "kay", SECRET))


def test_a_password_costs_by_default_what_rfc_9106_recommends() -> None:
    assert PasswordCost(passes=3, memory_kib=64 * 1024, lanes=4) == SAFE_COST


def test_the_same_key_is_sealed_otherwise_each_time() -> None:
    assert seal_by_secret(KAYS_KEY, "kay", SECRET) != BY_SECRET
    assert seal_by_password(KAYS_KEY, "kay", PASSWORD, CHEAP) != BY_PASSWORD


@pytest.mark.parametrize("password", ["", PASSWORD + " ", PASSWORD.upper(), "kay"])
def test_no_other_password_opens_it(password: str) -> None:
    with pytest.raises(SealBrokenError):
        open_by_password(BY_PASSWORD, "kay", password)


def test_no_other_secret_opens_it_nor_the_same_octets_for_another_purpose() -> None:
    with pytest.raises(SealBrokenError):
        open_by_secret(BY_SECRET, "kay", new_secret(SecretKind.SESSION))
    with pytest.raises(SealBrokenError):
        open_by_secret(BY_SECRET, "kay", SECRET._replace(kind=SecretKind.TOKEN))


def test_it_opens_for_no_other_person_whose_row_it_is_put_into() -> None:
    with pytest.raises(SealBrokenError, match="give the key file again"):
        open_by_secret(BY_SECRET, "mallory", SECRET)
    with pytest.raises(SealBrokenError) as broken:
        open_by_password(BY_PASSWORD, "mallory", PASSWORD)
    assert "\n" not in str(broken.value)


def test_a_seal_by_one_means_is_none_by_the_other() -> None:
    with pytest.raises(SealBrokenError):
        open_by_secret(BY_PASSWORD, "kay", SECRET)
    with pytest.raises(SealBrokenError):
        open_by_password(BY_SECRET, "kay", PASSWORD)


@given(place=st.integers(0, len(BY_SECRET) - 1), change=st.integers(1, 255))
def test_no_octet_of_a_seal_by_secret_is_changed_unseen(place: int, change: int) -> None:
    damaged = bytearray(BY_SECRET)
    damaged[place] ^= change
    with pytest.raises(SealBrokenError):
        open_by_secret(bytes(damaged), "kay", SECRET)


@given(place=st.integers(10, len(BY_PASSWORD) - 1), change=st.integers(1, 255))
def test_no_octet_of_a_seal_by_password_is_changed_unseen(place: int, change: int) -> None:
    damaged = bytearray(BY_PASSWORD)
    damaged[place] ^= change
    with pytest.raises(SealBrokenError):
        open_by_password(bytes(damaged), "kay", PASSWORD)


@pytest.mark.parametrize(
    "cost",
    [
        PasswordCost(17, 8, 1),
        PasswordCost(1, (1 << 20) + 1, 1),
        PasswordCost(1, 1_024, 17),
        PasswordCost(0, 8, 1),
        PasswordCost(1, 8, 2),
    ],
)
def test_a_damaged_seal_costs_no_more_than_a_bound(cost: PasswordCost) -> None:
    head = bytes([1, *cost.passes.to_bytes(1), *cost.memory_kib.to_bytes(4), cost.lanes])
    with pytest.raises(SealBrokenError):
        open_by_password(head + BY_PASSWORD[7:], "kay", PASSWORD)


@given(octets=st.binary(max_size=64))
def test_what_is_no_seal_is_refused(octets: bytes) -> None:
    with pytest.raises(SealBrokenError):
        open_by_secret(octets, "kay", SECRET)
    with pytest.raises(SealBrokenError):
        open_by_password(octets[:1] + b"\1" + octets[1:23], "kay", PASSWORD)
