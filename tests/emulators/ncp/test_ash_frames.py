"""Octets of ASH against the worked examples of UG101, and against everything else."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.ncp.frames import (
    MAX_DATA,
    MIN_DATA,
    RESERVED,
    Ack,
    BadFrameError,
    Data,
    Error,
    Frame,
    Nak,
    Rst,
    RstAck,
    Splitter,
    decode,
    encode,
    randomise,
)

NUMBERS = st.integers(0, 7)
FRAMES = st.one_of(
    st.builds(
        Data, NUMBERS, st.booleans(), NUMBERS, st.binary(min_size=MIN_DATA, max_size=MAX_DATA)
    ),
    st.builds(Ack, NUMBERS),
    st.builds(Nak, NUMBERS),
    st.just(Rst()),
    st.builds(RstAck, st.integers(0, 255)),
    st.builds(Error, st.integers(0, 255)),
)


@pytest.mark.parametrize(
    ("frame", "octets"),
    [
        (Rst(), "c038bc7e"),
        (RstAck(0x02), "c102029b7b7e"),
        (Data(2, False, 5, bytes.fromhex("00000002")), "254221a856a6097e"),
        (Ack(1), "8160597e"),
        (Nak(6), "a634dc7e"),
    ],
)
def test_the_examples_of_ug101(frame: Frame, octets: str) -> None:
    assert encode(frame).hex() == octets
    assert list(Splitter().feed(bytes.fromhex(octets))) == [frame]


@given(FRAMES)
def test_every_frame_comes_back(frame: Frame) -> None:
    assert list(Splitter().feed(encode(frame))) == [frame]


@given(FRAMES)
def test_nothing_reserved_stands_inside_a_frame(frame: Frame) -> None:
    assert not (RESERVED - {0x7D}) & set(encode(frame)[:-1])


@given(st.binary(max_size=MAX_DATA))
def test_randomising_twice_is_nothing(payload: bytes) -> None:
    assert randomise(randomise(payload)) == payload


@given(FRAMES, st.data())
def test_one_flipped_bit_never_passes_for_a_frame(frame: Frame, data: st.DataObject) -> None:
    octets = bytearray(encode(frame)[:-1])
    place = data.draw(st.integers(0, len(octets) * 8 - 1))
    octets[place // 8] ^= 1 << place % 8
    assert frame not in list(Splitter().feed(bytes(octets) + b"\x7e"))


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=8))
def test_chunks_make_no_difference(stream: bytes, cuts: list[int]) -> None:
    whole = list(Splitter().feed(stream))
    splitter, places = Splitter(), [0, *sorted(cuts), len(stream)]
    pieces = [stream[a:b] for a, b in itertools.pairwise(places)]
    assert [frame for piece in pieces for frame in splitter.feed(piece)] == whole


@given(st.binary(max_size=200))
def test_any_octets_are_a_frame_or_the_one_error(content: bytes) -> None:
    try:
        frame = decode(content)
    except BadFrameError:
        return
    assert list(Splitter().feed(encode(frame))) == [frame]


def test_flow_control_octets_are_no_part_of_a_frame() -> None:
    octets = encode(Nak(6))
    assert list(Splitter().feed(octets[:1] + b"\x11\x13" + octets[1:])) == [Nak(6)]


def test_cancel_ends_what_was_begun() -> None:
    assert list(Splitter().feed(b"\x25\x42\x21\x1a" + encode(Rst()))) == [Rst()]


def test_substitute_spoils_its_frame_and_no_other() -> None:
    spoilt = encode(Ack(1))[:1] + b"\x18" + encode(Ack(1))[1:]
    assert list(Splitter().feed(spoilt + encode(Ack(2)))) == [None, Ack(2)]


def test_a_frame_that_never_ends_takes_no_more_memory_than_one_that_does() -> None:
    splitter = Splitter()
    assert list(splitter.feed(b"\x01" * 100_000)) == []
    assert len(splitter._content) < 200
    assert list(splitter.feed(b"\x7e")) == [None]
