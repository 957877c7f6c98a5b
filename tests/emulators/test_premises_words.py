"""Two codecs of cluster 0x0708 that share nothing agree on every octet that the standard knows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.premises.words import BITS, ToldChange, read_told, write_told
from ota_engine.errors import PeerError
from ota_engine.zcl.device_management import (
    CONTROL_ROWS,
    ChangeControl,
    PublishChangeOfSupplier,
    PublishChangeOfTenancy,
    command_of,
    decode,
    encode,
)

U8, U32 = st.integers(0, 0xFF), st.integers(0, 0xFFFF_FFFF)
PUBLISHED = st.builds(PublishChangeOfTenancy, U32, U32, U8, U32, U32) | st.builds(
    PublishChangeOfSupplier,
    *(U32, U32, U8, U32, U32, U32),
    st.binary(max_size=16),
    st.binary(max_size=19),
)


@given(PUBLISHED)
def test_a_device_reads_what_the_hub_writes(
    published: PublishChangeOfTenancy | PublishChangeOfSupplier,
) -> None:
    told = read_told(command_of(published), encode(published))
    assert (told.provider, told.event, told.tariff) == published[:3]
    assert (told.time, told.control) == (published.implementation_time, published.control)
    if isinstance(published, PublishChangeOfSupplier):
        assert told[-3:] == (published.proposed_provider, published.name, published.contact)


@given(PUBLISHED)
def test_what_a_meter_writes_is_what_the_standard_says(
    published: PublishChangeOfTenancy | PublishChangeOfSupplier,
) -> None:
    command = command_of(published)
    octets = write_told(read_told(command, encode(published)))
    assert decode(command, octets, from_server=True) == published


@given(st.integers(0, 1), st.binary(max_size=70))
def test_any_octets_are_a_change_or_too_short(command: int, octets: bytes) -> None:
    try:
        told = read_told(command, octets)
    except PeerError:
        assert len(octets) < 23 + 255 * 2
    else:
        assert isinstance(told, ToldChange)


def test_a_device_takes_what_is_longer_than_it_needs_and_a_name_that_is_none() -> None:
    tenancy = encode(PublishChangeOfTenancy(1, 2, 0, 3, 4))
    assert read_told(0, tenancy + b"more") == read_told(0, tenancy)
    supplier = encode(PublishChangeOfSupplier(1, 2, 0, 3, 4, 5, b"", b""))
    assert read_told(1, supplier[:-2] + b"\xff\xff") == read_told(1, supplier)


@pytest.mark.parametrize("word", BITS)
def test_the_devices_own_table_means_the_same_bits(word: str) -> None:
    bit = 1 << BITS[word]
    (row,) = [row for row in CONTROL_ROWS if row.bit == ChangeControl(bit)]
    assert row.word.replace("-", " ") in word or word in row.word
