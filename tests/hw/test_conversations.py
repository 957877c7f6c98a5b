"""Whose frame it is: cluster, direction and who asked decide, whatever octets come."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw.conversations import BOTH, REMEMBERED, Conversations, Owner

HA, SE = 0x0104, 0x0109
BASIC, OTA, TIME, TUNNELING = 0x0000, 0x0019, 0x000A, 0x0704
DEVICE, OTHER = 0x1234, 0x4321
READ, READ_RESPONSE, REPORT, DEFAULT = 0x00, 0x01, 0x0A, 0x0B


def general(command: int, sequence: int = 7, *, from_server: bool = True) -> bytes:
    return bytes((0x18 if from_server else 0x10, sequence, command, 0, 0))


def command(number: int, *, from_server: bool = False) -> bytes:
    return bytes((0x19 if from_server else 0x01, 7, number, 0, 0))


@pytest.mark.parametrize("number", range(10))
def test_commands_of_ota_clients_are_the_engines(number: int) -> None:
    assert Conversations().owner(DEVICE, SE, OTA, command(number)) is Owner.ENGINE


def test_a_damaged_ota_frame_is_the_engines_to_refuse() -> None:
    assert Conversations().owner(DEVICE, SE, OTA, b"\x01") is Owner.ENGINE


@pytest.mark.parametrize("frame", [b"\x01", command(2), general(READ), general(DEFAULT)])
def test_all_that_comes_through_tunnels_is_the_engines(frame: bytes) -> None:
    assert Conversations().owner(DEVICE, SE, TUNNELING, frame) is Owner.ENGINE


def test_other_clusters_are_zigpys() -> None:
    assert Conversations().owner(DEVICE, HA, TIME, general(READ)) is Owner.ZIGPY


@pytest.mark.parametrize("cluster", [BASIC, OTA])
@pytest.mark.parametrize("answer", [READ_RESPONSE, DEFAULT])
@pytest.mark.parametrize("owner", [Owner.ENGINE, Owner.ZIGPY])
def test_an_answer_goes_to_who_asked(cluster: int, answer: int, owner: Owner) -> None:
    conversations = Conversations()
    conversations.asked(DEVICE, cluster, general(READ), owner)
    assert conversations.owner(DEVICE, HA, cluster, general(answer)) is owner


def test_an_answer_is_told_by_device_and_sequence() -> None:
    conversations = Conversations()
    conversations.asked(DEVICE, BASIC, general(READ, 7), Owner.ENGINE)
    assert conversations.owner(OTHER, HA, BASIC, general(READ_RESPONSE, 7)) is Owner.ZIGPY
    assert conversations.owner(DEVICE, HA, BASIC, general(READ_RESPONSE, 8)) is Owner.ZIGPY
    assert conversations.owner(DEVICE, HA, BASIC, general(READ_RESPONSE, 7)) is Owner.ENGINE


def test_both_get_the_answer_when_both_asked_under_one_number() -> None:
    conversations = Conversations()
    conversations.asked(DEVICE, BASIC, general(READ), Owner.ENGINE)
    conversations.asked(DEVICE, BASIC, general(READ), Owner.ZIGPY)
    assert conversations.owner(DEVICE, HA, BASIC, general(READ_RESPONSE)) is BOTH


def test_an_answer_ends_the_conversation() -> None:
    conversations = Conversations()
    conversations.asked(DEVICE, BASIC, general(READ), Owner.ENGINE)
    assert conversations.owner(DEVICE, HA, BASIC, general(READ_RESPONSE)) is Owner.ENGINE
    assert conversations.owner(DEVICE, HA, BASIC, general(READ_RESPONSE)) is Owner.ZIGPY


def test_cluster_commands_begin_no_conversation() -> None:
    conversations = Conversations()
    conversations.asked(DEVICE, OTA, command(0, from_server=True), Owner.ZIGPY)
    assert conversations.owner(DEVICE, HA, OTA, general(DEFAULT)) is Owner.ENGINE


def test_reports_of_the_basic_cluster_interest_both() -> None:
    assert Conversations().owner(DEVICE, HA, BASIC, general(REPORT)) is BOTH


@pytest.mark.parametrize(("profile", "owner"), [(SE, Owner.ENGINE), (HA, Owner.ZIGPY)])
def test_reads_of_our_basic_cluster_go_by_profile(profile: int, owner: Owner) -> None:
    frame = general(READ, from_server=False)
    assert Conversations().owner(DEVICE, profile, BASIC, frame) is owner


def test_what_is_never_answered_is_forgotten_in_the_end() -> None:
    conversations = Conversations()
    for address in range(REMEMBERED + 1):
        conversations.asked(address, BASIC, general(READ), Owner.ENGINE)
    assert conversations.owner(0, HA, BASIC, general(READ_RESPONSE)) is Owner.ZIGPY
    assert conversations.owner(1, HA, BASIC, general(READ_RESPONSE)) is Owner.ENGINE


@given(
    profile=st.sampled_from((HA, SE)),
    cluster=st.sampled_from((BASIC, OTA, TIME)),
    frames=st.lists(st.tuples(st.binary(max_size=8), st.sampled_from(Owner))),
    frame=st.binary(max_size=8),
)
def test_any_frame_is_somebodys(
    profile: int, cluster: int, frames: list[tuple[bytes, Owner]], frame: bytes
) -> None:
    conversations = Conversations()
    for asked, owner in frames:
        conversations.asked(DEVICE, cluster, asked, owner)
    assert conversations.owner(DEVICE, profile, cluster, frame) in (
        Owner.ENGINE,
        Owner.ZIGPY,
        BOTH,
    )
