"""The pcapng file, block by block, as its specification has them."""

from struct import unpack_from

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ota_engine.capture import pcapng
from ota_engine.times import Utc


def blocks(octets: bytes) -> list[tuple[int, bytes]]:
    """Split a file into blocks, checking the lengths before and behind each."""
    found = []
    at = 0
    while at < len(octets):
        kind, length = unpack_from("<II", octets, at)
        assert length % 4 == 0
        assert unpack_from("<I", octets, at + length - 4) == (length,)
        found.append((kind, octets[at + 8 : at + length - 4]))
        at += length
    return found


def test_a_section_begins_with_its_magic_and_version() -> None:
    ((kind, body),) = blocks(pcapng.section("zota"))
    assert kind == 0x0A0D0D0A
    assert unpack_from("<IHHq", body) == (0x1A2B3C4D, 1, 0, -1)


def test_the_interface_is_802_15_4_without_check_sequence() -> None:
    ((kind, body),) = blocks(pcapng.interface("ezsp"))
    assert (kind, unpack_from("<HHI", body)) == (1, (230, 0, 127))
    assert b"ezsp" in body


@given(st.binary(max_size=127), st.floats(0, 4e9), st.booleans())
def test_every_frame_is_kept_whole_with_its_microsecond(
    frame: bytes, utc: Utc, outbound: bool
) -> None:
    ((kind, body),) = blocks(pcapng.packet(frame, utc, outbound=outbound))
    interface, high, low, captured, original = unpack_from("<IIIII", body)
    assert (kind, interface, captured, original) == (6, 0, len(frame), len(frame))
    assert (high << 32 | low) == round(utc * 1_000_000)
    assert body[20 : 20 + len(frame)] == frame


@pytest.mark.parametrize(("outbound", "flags"), [(False, 1), (True, 2)])
def test_a_frame_says_which_way_it_went(outbound: bool, flags: int) -> None:
    ((_, body),) = blocks(pcapng.packet(b"1234", Utc(0.0), outbound=outbound))
    assert unpack_from("<HHI", body, 24) == (2, 4, flags)
