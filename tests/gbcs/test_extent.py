"""Where a GBCS message ends: the same from every beginning of it, and whatever follows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ota_engine.errors import PeerError
from ota_engine.gbcs.codes import Cra
from ota_engine.gbcs.envelope import (
    MAC_BYTES,
    SIGNATURE_BYTES,
    DateTime,
    Message,
    OtherInformation,
    parse,
    serialise,
)
from ota_engine.gbcs.extent import message_length
from tests.gbcs.parties import DATA, needs_vectors

U64 = st.integers(0, 2**64 - 1)
CERTIFICATE = b"\x30\x82\x01\x90" + bytes(400)
INFORMATION = st.one_of(
    *(
        st.tuples(st.integers(0, 0xFFFF), *[U64] * numbers, *certificate).map(
            lambda fields: OtherInformation(*fields)
        )
        for numbers, certificate in (
            (0, ()),
            (1, ()),
            (2, ()),
            (3, ()),
            (3, (st.just(CERTIFICATE),)),
        )
    )
)


@st.composite
def messages(draw: st.DrawFn) -> Message:
    """Any message that travels on the HAN: with a signature, or with the octet that says none."""
    size = draw(st.sampled_from([0, 1, 60, 127, 128, 200, 255, 256, 700]))
    return Message(
        draw(st.sampled_from(Cra)),
        draw(U64),
        draw(U64),
        draw(U64),
        draw(INFORMATION),
        draw(st.binary(min_size=size, max_size=size)),
        draw(st.none() | st.just(DateTime(2026, 1, 1))),
        draw(st.sampled_from([b"", bytes(SIGNATURE_BYTES)])),
        draw(st.none() | st.just(bytes(MAC_BYTES))),
    )


@given(messages(), st.binary(max_size=100))
def test_a_message_is_as_long_as_it_is_whatever_follows(message: Message, after: bytes) -> None:
    octets = serialise(message)
    assert message_length(octets + after) == len(octets)


@given(messages())
def test_every_beginning_says_the_same_or_nothing(message: Message) -> None:
    octets = serialise(message)
    said = [message_length(octets[:length]) for length in range(len(octets) + 1)]
    assert set(said) <= {None, len(octets)}
    known = said.index(len(octets))
    assert None not in said[known:]


@given(st.binary(max_size=80) | messages().map(serialise), st.data())
def test_any_octets_have_a_length_or_are_the_peers_mistake(
    octets: bytes, data: st.DataObject
) -> None:
    if octets:
        at = data.draw(st.integers(0, len(octets) - 1))
        octets = octets[:at] + data.draw(st.binary(min_size=1, max_size=1)) + octets[at + 1 :]
    try:
        length = message_length(octets)
    except PeerError:
        with pytest.raises(PeerError):
            parse(octets)
    else:
        assert length is None or length <= 0xFFFF


@given(messages())
def test_what_parses_has_this_length(message: Message) -> None:
    octets = serialise(message)
    assert parse(octets[: message_length(octets)]) == message


@pytest.mark.parametrize(
    "octets",
    [
        "00",  # neither tag
        "dd01",  # a MAC header with a transaction identifier
        "dd000000000000" + "05",  # shorter than what it must hold
        "dd000000000000" + "83ffffff",  # a length of three octets
        "dd000000000000" + "80",  # an indefinite length
        "df08",  # a transaction identifier of eight octets
        "df09" + "00" * 9 + "07",  # an originator of seven octets
    ],
)
def test_what_begins_no_message_is_told_at_once(octets: str) -> None:
    with pytest.raises(PeerError):
        message_length(bytes.fromhex(octets))


def test_a_bare_pre_command_has_no_end_because_it_never_travels_here() -> None:
    bare = Message(Cra.COMMAND, 1, 2, 3, OtherInformation(0x0012), bytes(40))
    assert message_length(serialise(bare)) is None


@needs_vectors
def test_every_vector_that_a_device_sees_has_its_length() -> None:
    seen = 0
    for file in sorted((DATA / "vectors").rglob("*.HEX")):
        octets = bytes.fromhex("".join(file.read_text().split()))
        if parse(octets).signature is None:
            assert message_length(octets) is None
        else:
            seen += 1
            assert message_length(octets) == len(octets)
    assert seen > 10
