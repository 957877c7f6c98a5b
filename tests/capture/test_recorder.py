"""What the recorder makes of events and sends, read back by Wireshark's dissectors."""

from pathlib import Path

from images.eui64 import Eui64
from ota_engine.capture.recorder import CaptureMedium, Recorder
from ota_engine.events import (
    BROADCAST_ALL,
    BROADCAST_RX_ON,
    Joined,
    Left,
    LinkUp,
    Packet,
    Send,
)
from ota_engine.times import Monotonic, Utc
from ota_engine.zcl.commands import (
    Command,
    ImageBlockRequest,
    ImageBlockResponse,
    ImageNotify,
    ImagePageRequest,
    OtaCommand,
    QueryDeviceSpecificFileRequest,
    QueryDeviceSpecificFileResponse,
    QueryNextImageRequest,
    QueryNextImageResponse,
    UpgradeEndRequest,
    UpgradeEndResponse,
)
from ota_engine.zcl.frame import cluster_frame
from ota_engine.zcl.ota import encode
from tests.capture.shark import fields, malformed

OWN, DEVICE = Eui64(0x00DB_1234_00C0_0000), Eui64(0x025A_4F54_4100_0001)
UTC = Utc(1_800_000_000.0)
KEY = (0x121D, 0x0084, 0x01020304)


class Tape:
    """A recorder whose file is kept in memory until it is written out."""

    def __init__(self) -> None:
        self._octets = bytearray()
        medium = CaptureMedium("han", OWN, 0x1A62)
        self.recorder = Recorder(medium, self._octets.extend, lambda time: UTC + time)

    def file(self, folder: Path) -> Path:
        path = folder / "tape.pcapng"
        path.write_bytes(self._octets)
        return path


def heard(payload: bytes, *, profile: int = 0x0109, time: float = 1.0) -> Packet:
    return Packet(DEVICE, 0x1001, 3, 10, profile, 0x0019, 77, payload, 200, Monotonic(time))


def to_send(
    payload: bytes, *, destination: Eui64 = DEVICE, profile: int = 0x0109, ack: bool = True
) -> Send:
    return Send(destination, 10, 3, profile, 0x0019, payload, ack, False, 0, 0)


def test_a_request_has_the_addresses_endpoints_and_numbers_it_came_with(tmp_path: Path) -> None:
    tape = Tape()
    request = encode(QueryNextImageRequest(0, *KEY))
    tape.recorder.heard(heard(cluster_frame(1, 42, request, from_server=False), profile=0x0104))
    (row,) = fields(
        tape.file(tmp_path),
        "zbee_zcl_general.ota.cmd.srv_rx.id == 1",
        "zbee_nwk.src",
        "zbee_nwk.dst",
        "zbee_nwk.src64",
        "zbee_nwk.dst64",
        "zbee_aps.src",
        "zbee_aps.dst",
        "zbee_aps.profile",
        "zbee_aps.counter",
        "zbee_zcl.cmd.tsn",
        "wpan.dst_pan",
        "frame.time_epoch",
    )
    assert row[:2] == ["0x1001", "0x0000"]
    assert row[2:4] == ["02:5a:4f:54:41:00:00:01", "00:db:12:34:00:c0:00:00"]
    assert row[4:10] == ["3", "10", "0x0104", "77", "42", "0x1a62"]
    assert float(row[10]) == UTC + 1.0


def test_every_command_of_the_cluster_is_dissected_whole(tmp_path: Path) -> None:
    from_client: list[OtaCommand] = [
        QueryNextImageRequest(1, *KEY, 0x0101),
        ImageBlockRequest(3, *KEY, 0, 48, DEVICE, 5),
        ImagePageRequest(1, *KEY, 0, 48, 512, 100, DEVICE),
        UpgradeEndRequest(0, *KEY),
        QueryDeviceSpecificFileRequest(DEVICE, *KEY, 2),
    ]
    from_server: list[OtaCommand] = [
        ImageNotify(3, 100, *KEY),
        QueryNextImageResponse(0, *KEY, 100),
        ImageBlockResponse(0, *KEY, 0, b"block"),
        ImageBlockResponse(0x97, current_time=0, request_time=5, minimum_block_period=1),
        UpgradeEndResponse(*KEY, 0, 0),
        QueryDeviceSpecificFileResponse(0, *KEY, 100),
    ]
    ids = {kind: command for command in Command for kind in (command.name.replace("_", ""),)}
    tape = Tape()
    for record in from_client:
        command = ids[type(record).__name__.upper()]
        tape.recorder.heard(heard(cluster_frame(command, 1, encode(record), from_server=False)))
    for answer in from_server:
        command = ids[type(answer).__name__.upper()]
        tape.recorder.sent(
            to_send(cluster_frame(command, 1, encode(answer), from_server=True)), Monotonic(2.0)
        )
    capture = tape.file(tmp_path)
    assert not malformed(capture)
    received = fields(capture, "zbee_zcl", "zbee_zcl_general.ota.cmd.srv_rx.id")
    sent = fields(capture, "zbee_zcl", "zbee_zcl_general.ota.cmd.srv_tx.id")
    assert [int(row[0], 16) for row in received if row[0]] == [1, 3, 4, 6, 8]
    assert [int(row[0], 16) for row in sent if row[0]] == [0, 2, 5, 5, 7, 9]


def test_a_join_is_the_announcement_that_it_was(tmp_path: Path) -> None:
    tape = Tape()
    tape.recorder.heard(Joined(DEVICE, 0x1001, True, 0, 0, Monotonic(0.5)))
    capture = tape.file(tmp_path)
    rows = fields(capture, "zbee_zdp", "zbee_zdp.ext_addr", "zbee_nwk.dst", "zbee_zdp.cinfo")
    assert rows[0][:2] == ["02:5a:4f:54:41:00:00:01", "0xfffd"]
    assert int(rows[0][2], 16) == 0x80  # a child that sleeps
    assert not malformed(capture)


def test_an_answer_goes_to_the_network_address_last_heard(tmp_path: Path) -> None:
    tape = Tape()
    frame = cluster_frame(0, 1, encode(ImageNotify(0, 100)), from_server=True)
    tape.recorder.sent(to_send(frame), Monotonic(0.0))
    tape.recorder.heard(
        heard(cluster_frame(1, 1, encode(QueryNextImageRequest(0, *KEY)), from_server=False))
    )
    tape.recorder.sent(to_send(frame), Monotonic(2.0))
    rows = fields(tape.file(tmp_path), "wpan.src16 == 0x0000", "zbee_nwk.dst")
    assert rows == [["0xfffe"], ["0x1001"]]


def test_broadcasts_are_broadcast(tmp_path: Path) -> None:
    tape = Tape()
    frame = cluster_frame(0, 1, encode(ImageNotify(0, 100)), from_server=True)
    for destination in (BROADCAST_ALL, BROADCAST_RX_ON):
        tape.recorder.sent(to_send(frame, destination=destination, ack=True), Monotonic(0.0))
    rows = fields(
        tape.file(tmp_path), "zbee_aps", "zbee_nwk.dst", "zbee_aps.delivery", "zbee_aps.ack_req"
    )
    assert [row[0] for row in rows] == ["0xffff", "0xfffd"]
    assert {row[1] for row in rows} == {"0x02"}
    assert not malformed(tape.file(tmp_path))


def test_each_sender_counts_its_own_frames(tmp_path: Path) -> None:
    tape = Tape()
    request = cluster_frame(1, 1, encode(QueryNextImageRequest(0, *KEY)), from_server=False)
    answer = cluster_frame(0, 1, encode(ImageNotify(0, 100)), from_server=True)
    for time in range(300):
        tape.recorder.heard(heard(request, time=float(time)))
        if time % 2:
            tape.recorder.sent(to_send(answer), Monotonic(float(time)))
    capture = tape.file(tmp_path)
    up = fields(capture, "wpan.src16 == 0x1001", "wpan.seq_no")
    down = fields(capture, "wpan.src16 == 0x0000", "wpan.seq_no")
    assert [int(row[0]) for row in up] == [number & 0xFF for number in range(300)]
    assert [int(row[0]) for row in down] == [number & 0xFF for number in range(150)]


def test_a_frame_that_no_radio_takes_is_left_out_and_counted() -> None:
    tape = Tape()
    tape.recorder.sent(to_send(bytes(90)), Monotonic(0.0))
    assert (tape.recorder.recorded, tape.recorder.left_out) == (0, 1)


def test_the_largest_payload_that_a_link_carries_is_kept() -> None:
    tape = Tape()
    tape.recorder.sent(to_send(bytes(82)), Monotonic(0.0))
    assert (tape.recorder.recorded, tape.recorder.left_out) == (1, 0)


def test_what_is_no_frame_is_not_recorded() -> None:
    tape = Tape()
    tape.recorder.heard(LinkUp("han", OWN, 82, False, Monotonic(0.0)))
    tape.recorder.heard(Left(DEVICE, Monotonic(1.0)))
    assert tape.recorder.recorded == 0
