"""Where the octets of a GBCS message lie: read, rebuilt, and refused when they lie elsewhere."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ota_engine.errors import LocalError, PeerError
from ota_engine.gbcs.codes import Cra
from ota_engine.gbcs.envelope import (
    MAX_MESSAGE_BYTES,
    DateTime,
    Message,
    OtherInformation,
    parse,
    serialise,
)
from tests.gbcs.parties import all_messages, bare_command, cs06, cs08, pki_files

U8, U16, U64 = (st.integers(0, 2**bits - 1) for bits in (8, 16, 64))
NAMES = sorted(all_messages())


def certificate_of(length: int) -> bytes:
    return b"\x30\x82" + length.to_bytes(2) + bytes(length)


@st.composite
def other_information(draw: st.DrawFn) -> OtherInformation:
    numbers = draw(st.lists(U64, max_size=3))
    party, party_counter, originator_counter = [*numbers, None, None, None][:3]
    certificate = draw(st.none() | st.integers(256, 500).map(certificate_of))
    return OtherInformation(draw(U16), party, party_counter, originator_counter, certificate)


def date_times() -> st.SearchStrategy[DateTime]:
    return st.builds(DateTime, U16, U8, U8, U8, U8, U8, U8, U8, U16, U8)


@st.composite
def messages(draw: st.DrawFn) -> Message:
    maced = draw(st.booleans())
    signatures = st.just(b"") | st.binary(min_size=64, max_size=64)
    return Message(
        draw(st.sampled_from(Cra)),
        draw(U64),
        draw(U64),
        draw(U64),
        draw(other_information()),
        draw(st.binary(max_size=300)),
        draw(st.none() | date_times()),
        draw(signatures if maced else st.none() | signatures),
        draw(st.binary(min_size=12, max_size=12)) if maced else None,
    )


@given(messages())
def test_what_is_written_is_read_again(message: Message) -> None:
    assert parse(serialise(message)) == message


@given(st.binary(max_size=400))
@example(b"")
@example(b"\xdd")
@example(b"\xdf")
def test_any_octets_are_a_message_or_a_peer_error(octets: bytes) -> None:
    try:
        message = parse(octets)
    except PeerError:
        return
    assert serialise(message) == octets


@given(st.sampled_from(NAMES), st.data())
def test_any_damage_is_a_message_or_a_peer_error(name: str, data: st.DataObject) -> None:
    octets = bytearray(serialise(all_messages()[name]))
    for _ in range(data.draw(st.integers(1, 3))):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(U8)
    try:
        message = parse(bytes(octets))
    except PeerError:
        return
    assert serialise(message) == octets


@pytest.mark.parametrize("name", NAMES)
def test_a_message_cut_short_anywhere_is_refused_or_its_own_pre_command(name: str) -> None:
    message = all_messages()[name]
    octets = serialise(message)
    unsigned = serialise(message._replace(signature=None, mac=None))
    for length in range(len(octets)):
        if octets[:length] == unsigned:
            assert parse(octets[:length]).signature is None
            continue
        with pytest.raises(PeerError):
            parse(octets[:length])


@pytest.mark.parametrize("name", NAMES)
def test_octets_behind_a_message_are_refused(name: str) -> None:
    with pytest.raises(PeerError):
        parse(serialise(all_messages()[name]) + b"\x00")


@pytest.mark.parametrize(
    ("size", "information"),
    [
        (2, OtherInformation(0x12)),
        (10, OtherInformation(0x12, 1)),
        (18, OtherInformation(0x12, 1, 2)),
        (26, OtherInformation(0x12, 1, 2, 3)),
        (278, OtherInformation(0x12, 1, 2, None, certificate_of(256))),
        (286, OtherInformation(0x12, 1, 2, 3, certificate_of(256))),
    ],
)
def test_every_form_of_other_information(size: int, information: OtherInformation) -> None:
    message = bare_command()._replace(other_information=information)
    octets = serialise(message)
    assert len(octets) - len(serialise(bare_command())) == size - 2 + (2 if size > 255 else 0)
    assert parse(octets).other_information == information


def test_a_real_certificate_travels_in_other_information() -> None:
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509 import load_pem_x509_certificate

    pem = next(file.octets for file in pki_files() if file.name.endswith("-ka.pem"))
    certificate = load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
    information = OtherInformation(0x62, 1, 2, None, certificate)
    message = bare_command()._replace(other_information=information)
    assert parse(serialise(message)).other_information.certificate == certificate


@pytest.mark.parametrize("size", [0, 1, 3, 9, 17, 25, 27, 34, 127])
def test_other_information_of_any_other_size_is_refused(size: int) -> None:
    octets = serialise(bare_command())
    at = octets.index(b"\x00\x02\x00\x12") + 1
    with pytest.raises(PeerError, match="other information"):
        parse(octets[:at] + bytes((size,)) + bytes(size) + octets[at + 3 :])


@pytest.mark.parametrize("longer", ["8128", "820028", "83000028", "80"])
def test_a_length_has_one_form(longer: str) -> None:
    octets = serialise(bare_command())
    at = octets.index(b"\x28\x30\x26")
    with pytest.raises(PeerError, match="length"):
        parse(octets[:at] + bytes.fromhex(longer) + octets[at + 1 :])


def test_a_mac_header_counts_everything_after_it() -> None:
    octets = serialise(cs06())
    assert octets[7:9] == bytes((0x81, len(octets) - 9))
    with pytest.raises(PeerError, match="counts"):
        parse(octets[:8] + bytes((octets[8] - 1,)) + octets[9:])


@pytest.mark.parametrize("at", [1, 2, 3, 4, 5, 6])
def test_the_empty_fields_of_the_mac_header_stay_empty(at: int) -> None:
    octets = bytearray(serialise(cs08()))
    octets[at] = 1
    with pytest.raises(PeerError, match="MAC header"):
        parse(bytes(octets))


@pytest.mark.parametrize("at", range(8, 13))
def test_security_control_and_invocation_counter_are_constants(at: int) -> None:
    octets = bytearray(serialise(cs08()))
    octets[at] ^= 1
    with pytest.raises(PeerError, match="invocation counter"):
        parse(bytes(octets))


@pytest.mark.parametrize("kind", [0, 4, 255])
def test_nothing_but_commands_responses_and_alerts(kind: int) -> None:
    octets = bytearray(serialise(bare_command()))
    octets[2] = kind
    with pytest.raises(PeerError, match="none of command"):
        parse(bytes(octets))


def test_a_pre_command_may_end_in_an_empty_signature() -> None:
    bare, open_ended = bare_command(), bare_command()._replace(signature=b"")
    assert serialise(open_ended) == serialise(bare) + b"\x00"
    assert parse(serialise(open_ended)).signature == b""
    assert parse(serialise(bare)).signature is None


@pytest.mark.parametrize("tail", ["01", "40", "40" + "00" * 63, "41" + "00" * 65, "0000"])
def test_a_signature_has_sixty_four_octets_or_none(tail: str) -> None:
    with pytest.raises(PeerError, match="signature"):
        parse(serialise(bare_command()) + bytes.fromhex(tail))


def test_a_message_larger_than_two_octets_can_count_is_refused() -> None:
    with pytest.raises(PeerError, match="more than a GBCS message"):
        parse(b"\xdf" * (MAX_MESSAGE_BYTES + 1))
    with pytest.raises(LocalError, match="more than a GBCS message"):
        serialise(bare_command()._replace(payload=bytes(MAX_MESSAGE_BYTES + 1)))


@pytest.mark.parametrize(
    "wrong",
    [
        bare_command()._replace(counter=2**64),
        bare_command()._replace(originator=-1),
        bare_command()._replace(mac=bytes(12)),
        cs06()._replace(mac=bytes(16)),
        cs06()._replace(signature=bytes(63)),
        bare_command()._replace(other_information=OtherInformation(0x12, None, 5)),
        bare_command()._replace(other_information=OtherInformation(0x12, certificate=b"x")),
    ],
)
def test_what_does_not_fit_is_never_written(wrong: Message) -> None:
    with pytest.raises(LocalError):
        serialise(wrong)
