"""Changes of tenancy and supplier, cluster 0x0708, as they lie on the air."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ota_engine.errors import LocalError, PeerError
from ota_engine.zcl.device_management import (
    CANCELLED,
    CONTROL_ROWS,
    FORMS,
    LONGEST_CONTACT,
    LONGEST_NAME,
    ChangeControl,
    GetChangeOfSupplier,
    GetChangeOfTenancy,
    ManagementCommand,
    PublishChangeOfSupplier,
    PublishChangeOfTenancy,
    command_of,
    control_of,
    decode,
    encode,
    words_of_control,
)
from ota_engine.zcl.status import Status

TENANCY = PublishChangeOfTenancy(0x01020304, 7, 2, CANCELLED, 0x0600)
SUPPLIER = PublishChangeOfSupplier(1, 8, 0, 2, 0x2B000000, 0x0420, b"Bright", b"0800 1")
#: Every command: whether the server sends it, its number, itself, its octets.
SAMPLES: list[tuple[bool, int, ManagementCommand, str]] = [
    (False, 0x00, GetChangeOfTenancy(), ""),
    (False, 0x01, GetChangeOfSupplier(), ""),
    (True, 0x00, TENANCY, "04030201 07000000 02 ffffffff 00060000"),
    (
        True,
        0x01,
        SUPPLIER,
        "01000000 08000000 00 02000000 0000002b 20040000 06 427269676874 06 303830302031",
    ),
]
NAMES = [type(record).__name__ for _, _, record, _ in SAMPLES]
U8, U32 = st.integers(0, 0xFF), st.integers(0, 0xFFFF_FFFF)
FIELDS: dict[type[Any], st.SearchStrategy[Any]] = {
    GetChangeOfTenancy: st.just(GetChangeOfTenancy()),
    GetChangeOfSupplier: st.just(GetChangeOfSupplier()),
    PublishChangeOfTenancy: st.builds(PublishChangeOfTenancy, U32, U32, U8, U32, U32),
    PublishChangeOfSupplier: st.builds(
        PublishChangeOfSupplier,
        *(U32, U32, U8, U32, U32, U32),
        st.binary(max_size=LONGEST_NAME),
        st.binary(max_size=LONGEST_CONTACT),
    ),
}


@pytest.mark.parametrize(("server", "number", "record", "octets"), SAMPLES, ids=NAMES)
def test_a_command_lies_as_the_standard_says(
    server: bool, number: int, record: ManagementCommand, octets: str
) -> None:
    payload = bytes.fromhex(octets)
    assert command_of(record) == number
    assert encode(record) == payload
    assert decode(number, payload, from_server=server) == record


@given(st.sampled_from(SAMPLES), st.data())
def test_every_value_is_read_as_it_was_written(
    sample: tuple[bool, int, ManagementCommand, str], data: st.DataObject
) -> None:
    server, number, kind, _ = sample
    record = data.draw(FIELDS[type(kind)])
    assert decode(number, encode(record), from_server=server) == record


@given(st.booleans(), U8, st.binary(max_size=70))
def test_any_octets_are_a_command_or_the_peers_mistake(
    server: bool, number: int, payload: bytes
) -> None:
    try:
        record = decode(number, payload, from_server=server)
    except PeerError as error:
        known = number in FORMS[server]
        assert error.status == (Status.MALFORMED_COMMAND if known else Status.UNSUP_CLUSTER_COMMAND)
    else:
        assert encode(record) == payload


@pytest.mark.parametrize(("server", "number", "record", "octets"), SAMPLES, ids=NAMES)
def test_one_octet_more_or_any_fewer_are_malformed(
    server: bool, number: int, record: ManagementCommand, octets: str
) -> None:
    payload = bytes.fromhex(octets)
    for wrong in (payload + b"\0", *(payload[:length] for length in range(len(payload)))):
        with pytest.raises(PeerError) as caught:
            decode(number, wrong, from_server=server)
        assert caught.value.status == Status.MALFORMED_COMMAND


def test_a_name_longer_than_the_standard_allows_is_malformed_and_not_sent() -> None:
    head, _, tail = encode(SUPPLIER).partition(b"\x06Bright")
    with pytest.raises(PeerError, match="do not make"):
        decode(0x01, head + b"\x11" + b"x" * 17 + tail, from_server=True)
    with pytest.raises(LocalError, match="cannot be sent"):
        encode(SUPPLIER._replace(name=b"x" * 17))


def test_a_value_that_does_not_fit_is_our_mistake() -> None:
    with pytest.raises(LocalError, match="cannot be sent"):
        encode(TENANCY._replace(provider=1 << 32))


def test_the_table_has_a_row_for_every_bit_and_a_word_for_every_row() -> None:
    assert [row.bit for row in CONTROL_ROWS] == list(ChangeControl)
    assert len({row.word for row in CONTROL_ROWS}) == len(CONTROL_ROWS)
    assert all(row.certainty for row in CONTROL_ROWS)


@given(U32)
def test_a_field_in_words_is_the_same_field(control: int) -> None:
    words = tuple(word for word in words_of_control(control) if not word.startswith("bit "))
    assert control_of(words) == control & 0x7FFF
    assert len(words_of_control(control)) == control.bit_count()


def test_a_word_that_the_table_has_not_is_refused_with_those_it_has() -> None:
    with pytest.raises(LocalError, match="no such thing to clear; there are pre-snapshot, "):
        control_of(("consumer", "everything"))
