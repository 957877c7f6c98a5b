"""ZCL frames of the clusters 0x0019, 0x0704 and 0x0708, and of all clusters: two readers, one truth."""

from contextlib import suppress
from functools import cache
from typing import Any, Final

from ota_engine.errors import LocalError, PeerError
from ota_engine.zcl import device_management, general, ota, tunnel
from ota_engine.zcl.frame import ZclHeader, cluster_frame, general_frame, parse_header
from ota_engine.zcl.refusal import has_header, refusal
from ota_engine.zcl.status import Status
from targets.drawn import drawn
from targets.target import Target, one_line
from tests.zcl import records, test_device_management, test_general, test_tunnel
from tests.zcl.test_hot import DECODERS, ENCODERS, outcome

SEQUENCE: Final = 7
FRAME: Final = 400  # octets; the air carries fewer than a hundred at once


@cache
def upgrade_seeds() -> tuple[bytes, ...]:
    """A frame of every command of cluster 0x0019, and general ones."""
    made = [_upgrade_frame(record) for record in drawn(records.EVERY_RECORD, 150)]
    asked = [
        general_frame(command, SEQUENCE, bytes.fromhex(octets), from_server=False)
        for command, octets, _ in test_general.EVERY_COMMAND
    ]
    return tuple(dict.fromkeys((*made, *asked)))


def _upgrade_frame(record: ota.OtaCommand) -> bytes:
    command = ota.command_of(record)
    client = command in ota.CLIENT_COMMANDS
    return cluster_frame(
        command,
        SEQUENCE,
        ota.encode(record),
        from_server=not client,
        disable_default_response=not client,
    )


def upgrading(frame: bytes) -> None:
    """A frame is read or refused with a status; what is read is written as it stood; twins agree."""
    header = _header(frame)
    if header is None:
        return
    payload = frame[header.length :]
    if not header.cluster_specific:
        _general(header.command, payload)
        return
    record = None
    try:
        record = ota.decode(header.command, payload)
    except PeerError as error:
        _refused(error)
    if record is not None:
        with suppress(LocalError):  # reserved values are read, and not sent
            written = ota.encode(record)
            assert ota.decode(header.command, written) == record
    _twins(frame, header, payload)


def _twins(frame: bytes, header: ZclHeader, payload: bytes) -> None:
    """What reads the path of a block says the same as the layouts do."""
    twin = DECODERS.get(header.command)
    if twin is None or header.manufacturer_code is not None:
        return
    read = outcome(twin, frame)
    assert read == outcome(ota.decode, header.command, payload), read
    if isinstance(read, tuple) and type(read[1]) in ENCODERS:
        record: Any = read[1]
        with suppress(LocalError):
            written = ENCODERS[type(record)](header.sequence, record)
            assert written[hot_header(header) :] == ota.encode(record)


def hot_header(header: ZclHeader) -> int:
    """Octets before the payload of a frame without a manufacturer code."""
    return 3 if header.manufacturer_code is None else 5


def _general(command: int, payload: bytes) -> None:
    try:
        told = general.decode(command, payload)
    except PeerError as error:
        _refused(error)
        return
    with suppress(LocalError):
        assert general.decode(command, general.encode(told)) == told


def _header(frame: bytes) -> ZclHeader | None:
    """The header, which is refused in a way that can be sent."""
    if not has_header(frame):
        _refused_header(frame)
        return None
    answer = refusal(frame, Status.MALFORMED_COMMAND)
    if answer is not None:
        assert parse_header(answer).sequence == frame[3 if frame[0] & 0x04 else 1]
        assert refusal(answer, Status.MALFORMED_COMMAND) is None
    try:
        return parse_header(frame)
    except PeerError as error:
        _refused(error)
        return None


def _refused_header(frame: bytes) -> None:
    try:
        parse_header(frame)
    except PeerError as error:
        _refused(error)
        return
    raise AssertionError("a header was read where there is none")


def _refused(error: PeerError) -> None:
    one_line(error)
    assert 0 < error.status <= 0xFF


@cache
def tunnel_seeds() -> tuple[bytes, ...]:
    """A frame of every command of cluster 0x0704."""
    return tuple(
        cluster_frame(number, SEQUENCE, bytes.fromhex(octets), from_server=server)
        for server, number, _, octets in test_tunnel.SAMPLES
    )


def tunnelling(frame: bytes) -> None:
    """A frame is read or refused with a status; what is read can be sent and read again."""
    header = _header(frame)
    if header is None or not header.cluster_specific:
        return
    side = header.from_server
    try:
        record = tunnel.decode(header.command, frame[header.length :], from_server=side)
    except PeerError as error:
        _refused(error)
        return
    written = tunnel.encode(record, from_server=side)
    assert tunnel.command_of(record, from_server=side) == header.command
    assert tunnel.decode(header.command, written, from_server=side) == record


@cache
def management_seeds() -> tuple[bytes, ...]:
    """A frame of every command of cluster 0x0708."""
    return tuple(
        cluster_frame(number, SEQUENCE, bytes.fromhex(octets), from_server=server)
        for server, number, _, octets in test_device_management.SAMPLES
    )


def managing(frame: bytes) -> None:
    """A frame is read or refused with a status; what is read is written octet for octet."""
    header = _header(frame)
    if header is None or not header.cluster_specific:
        return
    payload = frame[header.length :]
    try:
        record = device_management.decode(header.command, payload, from_server=header.from_server)
    except PeerError as error:
        _refused(error)
        return
    assert device_management.command_of(record) == header.command
    assert device_management.encode(record) == payload


HEADERS: Final = ("ota_engine.zcl.frame", "ota_engine.zcl.refusal")
TARGETS: Final = {
    "zcl-ota": Target(
        upgrade_seeds,
        upgrading,
        ("ota_engine.zcl.ota", "ota_engine.zcl.hot", "ota_engine.zcl.general", *HEADERS),
        largest=FRAME,
    ),
    "zcl-tunnel": Target(
        tunnel_seeds, tunnelling, ("ota_engine.zcl.tunnel", *HEADERS), largest=FRAME
    ),
    "zcl-management": Target(
        management_seeds,
        managing,
        ("ota_engine.zcl.device_management", *HEADERS),
        largest=FRAME,
    ),
}
