"""The hot path of a download is the slow path, only faster; its template is the codec's frame."""

from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.platform.profiles import LAB, ZBOSS, TimerProfile
from ota_engine.zcl import ota
from ota_engine.zcl.frame import cluster_frame
from ota_engine.zcl.hot import block_image, encode_block
from tests.emulators.dialogue import IMAGE_TYPE, MANUFACTURER, NEW, Dialogue, image, spec

CONTENT = image(700)
NEVER_COMPLAINS = 1_000_000_000  # switches the hot path off and does nothing else


@pytest.mark.parametrize(
    ("timers", "address", "missing"), list(product([LAB, ZBOSS], [False, True], [False, True]))
)
def test_every_request_of_the_hot_path_is_the_codecs_frame(
    timers: TimerProfile, address: bool, missing: bool
) -> None:
    device = Dialogue(spec(timers=timers, sends_node_address=address, period_missing=missing))
    device.offer(CONTENT)
    for _ in range(3):
        asked = device.only()
        assert isinstance(asked, ota.ImageBlockRequest)
        (frame,) = device.frames
        expected = cluster_frame(
            ota.Command.IMAGE_BLOCK_REQUEST,
            frame.payload[1],
            ota.encode(asked),
            from_server=False,
            disable_default_response=False,
        )
        assert frame.payload == expected
        device.block(CONTENT, asked.file_offset, asked.maximum_data_size)


def test_sequence_numbers_count_on_and_wrap() -> None:
    device = Dialogue(spec(block_size=1))
    device.offer(CONTENT)
    seen = []
    for offset in range(300):
        seen.append(device.frames[0].payload[1])
        device.block(CONTENT, offset, 1)
    assert all((after - before) % 256 == 1 for before, after in pairwise(seen))


# A frame is (identity right?, how far from the wanted offset, octets, an octet cut off or added).
frames = st.lists(
    st.tuples(
        st.sampled_from([True, True, True, False]),
        st.sampled_from([0, 0, 0, 0, -63, 63, 1]),
        st.sampled_from([63, 63, 63, 1, 40, 0, 64]),
        st.sampled_from([0, 0, 0, -1, 1]),
    ),
    max_size=30,
)


def say(device: Dialogue, right: bool, shift: int, length: int, extra: int) -> list[bytes]:
    """Send one frame relative to where the device is; return what it sent."""
    start = max(device.device.client.transfer.offset + shift, 0)
    image = block_image(MANUFACTURER, IMAGE_TYPE, NEW if right else NEW + 1)
    frame = encode_block(image, 9, start, CONTENT[start : start + length])
    frame = frame[:extra] if extra < 0 else frame + bytes(extra)
    return [sent.payload for sent in device.hear(frame)]


@given(frames)
def test_hot_and_slow_path_say_and_store_the_same(
    script: list[tuple[bool, int, int, int]],
) -> None:
    hot = Dialogue(spec())
    slow = Dialogue(spec(malformed_default_every=NEVER_COMPLAINS))
    for device in (hot, slow):
        device.offer(CONTENT)
    for line in script:
        assert say(hot, *line) == say(slow, *line)
        assert hot.state is slow.state
        assert hot.device.wake_at == slow.device.wake_at
    for device in (hot, slow):
        device.device.flash.finish()
    assert hot.device.flash.downloaded() == slow.device.flash.downloaded()
    assert hot.device.client.blocks == slow.device.client.blocks


@given(st.permutations(range(15)), st.sets(st.integers(0, 14)), st.lists(st.integers(0, 14)))
def test_hot_and_slow_path_collect_the_same_page(
    order: list[int], lost: set[int], doubled: list[int]
) -> None:
    hot = Dialogue(spec(page_mode=True))
    slow = Dialogue(spec(page_mode=True, page_hole_every=NEVER_COMPLAINS))
    for device in (hot, slow):
        device.offer(CONTENT)
    for index in [number for number in order if number not in lost] + doubled:
        sent = [
            [frame.payload for frame in device.block(CONTENT, index * 48, 48)]
            for device in (hot, slow)
        ]
        assert sent[0] == sent[1]
        assert hot.state is slow.state
        assert hot.device.wake_at == slow.device.wake_at
        assert hot.device.client.blocks == slow.device.client.blocks
