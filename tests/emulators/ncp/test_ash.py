"""The NCP's end of an ASH conversation, clause by clause of UG101."""

import itertools
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.ncp.ash import ACK_TIME_FIRST, ACK_TIMEOUTS, WINDOW, Ash, Delivered, HostReset
from emulators.ncp.frames import Ack, Code, Data, Error, Frame, Nak, Rst, RstAck, Splitter, encode

PAYLOAD = b"\x00\x00\x05"


def connected() -> Ash:
    ash = Ash()
    say(ash, Rst())
    heard(ash)
    return ash


def say(ash: Ash, *frames: Frame, now: float = 0.0) -> list[object]:
    return list(ash.receive(b"".join(map(encode, frames)), now))


def heard(ash: Ash) -> list[Frame | None]:
    frames = list(Splitter().feed(b"".join(ash.outbox)))
    ash.outbox.clear()
    return frames


def question(number: int, *, repeated: bool = False, acknowledged: int = 0) -> Data:
    return Data(number, repeated, acknowledged, PAYLOAD)


def test_a_reset_is_acknowledged_whatever_came_before() -> None:
    ash = Ash()
    assert list(ash.receive(b"\x1a" * 32 + encode(Rst()), 0.0)) == [HostReset()]
    assert heard(ash) == [RstAck(Code.SOFTWARE)]


def test_before_a_reset_nothing_is_heard_or_said() -> None:
    ash = Ash()
    assert say(ash, question(0)) == []
    ash.send(PAYLOAD, 0.0)
    assert heard(ash) == []


def test_data_without_an_answer_is_acknowledged_by_itself() -> None:
    ash = connected()
    assert say(ash, question(0)) == [Delivered(PAYLOAD)]
    assert heard(ash) == [Ack(1)]


def test_an_answer_carries_the_acknowledgement() -> None:
    ash = connected()
    for event in ash.receive(encode(question(0)), 0.0):
        assert event == Delivered(PAYLOAD)
        ash.send(b"reply", 0.0)
    assert heard(ash) == [Data(0, False, 1, b"reply")]


def test_numbers_run_modulo_eight() -> None:
    ash = connected()
    for number in range(20):
        say(ash, question(number % 8))
        assert heard(ash) == [Ack((number + 1) % 8)]


def test_a_repeated_frame_is_delivered_once_and_acknowledged_again() -> None:
    ash = connected()
    say(ash, question(0))
    heard(ash)
    assert say(ash, question(0, repeated=True)) == []
    assert heard(ash) == [Ack(1)]


def test_the_reject_condition_is_announced_once_until_the_frame_comes() -> None:
    ash = connected()
    assert say(ash, question(1), question(2)) == []
    assert list(ash.receive(b"\x99\x98\x97\x7e", 0.0)) == []
    assert heard(ash) == [Nak(0)]
    assert say(ash, question(0, repeated=True)) == [Delivered(PAYLOAD)]
    assert heard(ash) == [Ack(1)]
    say(ash, question(5))
    assert heard(ash) == [Nak(1)]


def test_a_nak_brings_everything_back_in_order() -> None:
    ash = connected()
    for number in range(3):
        ash.send(b"say%d" % number, 0.0)
    heard(ash)
    say(ash, Nak(1))
    assert heard(ash) == [Data(1, True, 0, b"say1"), Data(2, True, 0, b"say2")]


def test_no_more_than_the_window_is_under_way() -> None:
    ash = connected()
    for number in range(WINDOW + 2):
        ash.send(b"say%d" % number, 0.0)
    assert len(heard(ash)) == WINDOW
    say(ash, Ack(2))
    assert [f.payload for f in heard(ash) if isinstance(f, Data)] == [b"say5", b"say6"]


def test_an_acknowledgement_of_what_was_never_sent_changes_nothing() -> None:
    ash = connected()
    ash.send(PAYLOAD, 0.0)
    heard(ash)
    say(ash, Ack(5))
    assert ash.queued == 1


def test_unacknowledged_data_is_repeated_in_time_and_in_the_end_given_up() -> None:
    ash = connected()
    ash.send(PAYLOAD, 0.0)
    heard(ash)
    ash.wake(ACK_TIME_FIRST / 2)
    assert heard(ash) == []
    for _ in range(ACK_TIMEOUTS):
        ash.wake(ash.next_wake)
        assert heard(ash) == [Data(0, True, 0, PAYLOAD)]
    ash.wake(ash.next_wake)
    assert heard(ash) == [Error(Code.TOO_MANY_TIMEOUTS)]
    assert ash.next_wake == inf


def test_an_acknowledgement_stops_the_timer() -> None:
    ash = connected()
    ash.send(PAYLOAD, 0.0)
    say(ash, Ack(1), now=0.1)
    assert ash.next_wake == inf


def test_quick_acknowledgements_shorten_the_timer_down_to_its_least() -> None:
    ash = connected()
    for number in range(40):
        ash.send(PAYLOAD, float(number))
        say(ash, Ack((number + 1) % 8), now=float(number))
    ash.send(PAYLOAD, 100.0)
    assert ash.next_wake == pytest.approx(100.4)


def test_after_an_error_only_a_reset_helps() -> None:
    ash = connected()
    ash.fail(Code.ASSERT)
    heard(ash)
    assert say(ash, question(0)) == []
    assert heard(ash) == [Error(Code.ASSERT)]
    assert say(ash, Rst()) == [HostReset()]
    assert say(ash, question(0)) == [Delivered(PAYLOAD)]


def test_a_new_host_hears_nothing_of_what_was_for_the_old_one() -> None:
    ash = connected()
    ash.send(PAYLOAD, 0.0)
    ash.disconnect()
    assert heard(ash) == []
    assert ash.next_wake == inf
    say(ash, Rst())
    assert heard(ash) == [RstAck(Code.SOFTWARE)]


@given(
    st.lists(
        st.one_of(st.binary(max_size=40), st.sampled_from(range(8)).map(question).map(encode))
    ),
    st.lists(st.integers(0, 400), max_size=10),
)
def test_any_octets_in_any_chunks_have_one_result(parts: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(parts)
    places = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    chunks = [stream[a:b] for a, b in itertools.pairwise(places)]
    assert converse([stream]) == converse(chunks)


def converse(chunks: list[bytes]) -> tuple[list[object], list[bytes]]:
    """What an NCP delivers and says when it answers every payload with itself."""
    ash, events = connected(), []
    for chunk in chunks:
        for event in ash.receive(chunk, 0.0):
            events.append(event)
            if isinstance(event, Delivered):
                ash.send(event.payload, 0.0)
    return list(events), list(ash.outbox)
