"""Default Responses and general commands (ZCL 2.5): the right status, or silence."""

import pytest

from ota_engine.events import BASIC_CLUSTER
from ota_engine.records import SessionState
from ota_engine.zcl.general import (
    DEFAULT_RESPONSE,
    AttributeRecord,
    DefaultResponse,
    ReadAttributes,
    ReadAttributesResponse,
)
from ota_engine.zcl.ota import Command
from ota_engine.zcl.status import Status
from tests.hub.delivery.desk import DEVICE, MAX_PAYLOAD, OWN, Client, Desk, decoded, ready

CLUSTER, GENERAL, MANUFACTURER, FROM_SERVER = 0x01, 0x00, 0x04, 0x08
SERVER_COMMANDS = [0x00, 0x02, 0x05, 0x07, 0x09]


@pytest.mark.parametrize("command", [*SERVER_COMMANDS, 0x0A, 0x42, 0xFF])
def test_a_command_no_server_takes_is_unsupported(command: int) -> None:
    desk = Desk()
    (answer,) = Client(desk).raw(bytes((CLUSTER, 5, command)) + bytes(30))
    assert decoded(answer) == DefaultResponse(command, Status.UNSUP_CLUSTER_COMMAND)
    assert answer.payload[:2] == bytes((0x18, 5))


@pytest.mark.parametrize("command", range(0x0B))
def test_what_another_server_says_is_not_answered(command: int) -> None:
    desk = Desk()
    assert Client(desk).raw(bytes((CLUSTER | FROM_SERVER, 5, command)) + bytes(30)) == []
    assert desk.engine.counters["unexpected_direction"] == 1


def test_a_manufacturer_specific_command_is_unsupported_in_its_own_code() -> None:
    frame = bytes((CLUSTER | MANUFACTURER, 0x5F, 0x11, 9, 0x03)) + bytes(30)
    (answer,) = Client(Desk()).raw(frame)
    expected = bytes((0x1C, 0x5F, 0x11, 9, 0x0B, 0x03, Status.UNSUP_CLUSTER_COMMAND))
    assert answer.payload == expected


def test_an_unknown_general_command_is_unsupported() -> None:
    (answer,) = Client(Desk()).raw(bytes((GENERAL, 5, 0x17)))
    assert decoded(answer) == DefaultResponse(0x17, Status.UNSUP_GENERAL_COMMAND)


@pytest.mark.parametrize("command", [0x01, 0x04, 0x06, 0x08])
def test_a_command_cut_short_is_malformed(command: int) -> None:
    _, client = ready()
    (answer,) = client.raw(bytes((CLUSTER, 5, command, 0x00)) if command != 6 else b"\x01\x05\x06")
    assert decoded(answer) == DefaultResponse(command, Status.MALFORMED_COMMAND)


@pytest.mark.parametrize("status", [*Status, 0x42])
@pytest.mark.parametrize("command", [0x00, 0x02, 0x05, 0x07, 0x0B, 0xFF])
def test_a_default_response_is_never_answered(command: int, status: int) -> None:
    _, client = ready()
    assert client.refuse(command, status) == []


@pytest.mark.parametrize("payload", [b"", b"\x05", b"\x05\x80\x00\x00"])
def test_not_even_a_malformed_default_response_is_answered(payload: bytes) -> None:
    assert Client(Desk()).raw(bytes((GENERAL, 5, DEFAULT_RESPONSE)) + payload) == []


@pytest.mark.parametrize("frame", [b"", b"\x01", b"\x01\x05", b"\x05\x11\x5f\x05"])
def test_a_frame_without_a_whole_header_is_not_answered(frame: bytes) -> None:
    assert Client(Desk()).raw(frame) == []


def test_malformed_command_in_mid_download_means_nothing() -> None:
    desk, client = ready()
    client.query()
    client.block(0)
    client.refuse(Command.IMAGE_BLOCK_RESPONSE, Status.MALFORMED_COMMAND)
    client.download(50)
    assert desk.state() is SessionState.VERIFYING


def test_our_cluster_revision_can_be_read_and_nothing_else() -> None:
    client = Client(Desk())
    (answer,) = client.say_general(ReadAttributes((0xFFFD, 0x0000)))
    assert answer == ReadAttributesResponse(
        (
            AttributeRecord(0xFFFD, Status.SUCCESS, 0x21, 3),
            AttributeRecord(0x0000, Status.UNSUPPORTED_ATTRIBUTE),
        )
    )


def test_reading_more_than_a_frame_holds_gets_what_fits() -> None:
    desk = Desk()
    (answer,) = Client(desk).raw(bytes((GENERAL, 5, 0x00)) + b"\xfd\xff" * 39)
    assert len(answer.payload) <= MAX_PAYLOAD


def test_frames_of_other_peoples_clusters_are_left_alone() -> None:
    desk = Desk()
    assert Client(desk).raw(bytes((CLUSTER, 5, 0x00)), cluster=0x0702) == []
    assert len(desk.engine.kernel.devices) == 0


def test_a_command_to_our_basic_cluster_is_unsupported() -> None:
    (answer,) = Client(Desk()).raw(bytes((CLUSTER, 5, 0x00)), cluster=BASIC_CLUSTER)
    assert decoded(answer) == DefaultResponse(0x00, Status.UNSUP_CLUSTER_COMMAND)


def test_a_flood_of_refusable_frames_is_answered_at_a_modest_rate() -> None:
    desk = Desk()
    client = Client(desk)
    answers = 0
    for _ in range(20_000):
        answers += len(client.raw(bytes((CLUSTER, 5, 0x42))))
        desk.wait(0.0005)
    assert 40 <= answers <= 40 + 20 * 10 + 1


def test_our_own_address_is_a_device_like_any_other() -> None:
    desk = Desk()
    assert len(Client(desk, OWN).raw(bytes((CLUSTER, 5, 0x42)))) == 1
    assert desk.engine.kernel.devices.get(DEVICE) is None


def test_a_manufacturer_specific_general_command_is_unsupported_as_one() -> None:
    (answer,) = Client(Desk()).raw(bytes((GENERAL | MANUFACTURER, 0x5F, 0x11, 9, 0x00)))
    assert answer.payload[-2:] == bytes((0x00, Status.UNSUP_GENERAL_COMMAND))
