"""Messages found again in pieces: any cut gives the same message, and bad octets give one error."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ota_engine.errors import PeerError
from ota_engine.hub.tunnel.assembly import MEMORY, Assembly, Found, Get, IncomingMessage, Recent
from ota_engine.hub.tunnel.bounds import Allowance
from ota_engine.times import Monotonic
from ota_engine.zcl.status import Status
from tests.hub.tunnel.home import message

LONGEST = 2000
PUT, RESPONSE = b"\x03", b"\x02\x05"


def make(longest: int = LONGEST, held: int = 10_000) -> tuple[Assembly, Allowance]:
    allowance = Allowance(held)
    return Assembly(longest, allowance), allowance


def cuts(octets: bytes, data: st.DataObject, lead: int) -> list[bytes]:
    """Cut octets anywhere behind what GB-HRGP puts before them."""
    places = data.draw(st.sets(st.integers(lead + 1, len(octets) - 1), max_size=12))
    edges = [0, *sorted(places), len(octets)]
    return [octets[start:end] for start, end in pairwise(edges)]


@given(
    st.lists(st.tuples(st.integers(0, 400), st.booleans(), st.booleans()), min_size=1, max_size=3),
    st.data(),
)
def test_any_cut_gives_the_same_messages(
    kinds: list[tuple[int, bool, bool]], data: st.DataObject
) -> None:
    assembly, allowance = make()
    for seed, (size, maced, put) in enumerate(kinds):
        sent = message(size, seed=seed, maced=maced)
        lead = PUT if put else RESPONSE
        pieces = cuts(lead + sent, data, len(lead))
        found = [assembly.take(piece) for piece in pieces]
        assert found[:-1] == [None] * (len(pieces) - 1)
        assert found[-1] == IncomingMessage(sent, None if put else 5)
        assert not assembly.begun
    assert allowance.left == 10_000


def test_a_get_and_an_empty_answer_are_pieces_of_their_own() -> None:
    assembly, _ = make()
    assert assembly.take(b"\x01") == Get()
    assert assembly.take(b"\x02\x00") == IncomingMessage(b"", 0)


@given(
    st.lists(st.binary(max_size=60) | st.sampled_from([PUT, PUT + message(0)[:40]]), max_size=12)
)
def test_any_pieces_end_in_a_message_an_error_or_nothing(pieces: list[bytes]) -> None:
    assembly, allowance = make()
    for piece in pieces:
        try:
            found: Found | None = assembly.take(piece)
        except PeerError as error:
            assert error.status in {Status.MALFORMED_COMMAND, Status.INSUFFICIENT_SPACE}
            assert not assembly.begun
        else:
            assert found is None or isinstance(found, Get | IncomingMessage)
    assembly.clear()
    assert allowance.left == 10_000


@pytest.mark.parametrize("data", [b"", b"\x00", b"\x04abc", b"\x01\x01", b"\x02", b"\x03"])
def test_what_begins_with_no_octet_of_gb_hrgp_is_malformed(data: bytes) -> None:
    with pytest.raises(PeerError) as caught:
        make()[0].take(data)
    assert caught.value.status == Status.MALFORMED_COMMAND


def test_octets_behind_the_end_of_a_message_spoil_it() -> None:
    assembly, allowance = make()
    with pytest.raises(PeerError, match="2 octets follow") as caught:
        assembly.take(PUT + message(40) + b"\x03\x03")
    assert caught.value.status == Status.INSUFFICIENT_SPACE
    assert (assembly.begun, allowance.left) == (False, 10_000)


def test_a_message_that_says_it_is_too_long_is_refused_at_its_first_piece() -> None:
    assembly, _ = make()
    with pytest.raises(PeerError, match="longer than 2000") as caught:
        assembly.take(PUT + message(LONGEST)[:50])
    assert caught.value.status == Status.INSUFFICIENT_SPACE


def test_all_half_messages_together_are_bounded() -> None:
    allowance = Allowance(100)
    one, other = Assembly(LONGEST, allowance), Assembly(LONGEST, allowance)
    one.take(PUT + message(300)[:60])
    with pytest.raises(PeerError, match="no room") as caught:
        other.take(PUT + message(300)[:60])
    assert caught.value.status == Status.INSUFFICIENT_SPACE
    one.clear()
    assert other.take(PUT + message(300)[:60]) is None


def test_a_piece_that_comes_twice_is_known_for_as_long_as_a_radio_may_repeat_it() -> None:
    recent = Recent()
    assert not recent.knows(1, b"same", Monotonic(0.0))
    assert recent.knows(1, b"same", Monotonic(MEMORY))
    assert not recent.knows(1, b"same", Monotonic(MEMORY + 0.1))


def test_a_piece_is_known_by_its_number_and_its_octets() -> None:
    recent = Recent()
    assert not recent.knows(1, b"same", Monotonic(0.0))
    assert not recent.knows(2, b"same", Monotonic(0.0))
    assert not recent.knows(1, b"other", Monotonic(0.0))
    assert recent.knows(2, b"same", Monotonic(0.0))
