"""Scripted faults: what a plan may say, and what the dongle then does, octet by octet."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.ncp.dongle import Dongle, DongleOptions
from emulators.ncp.faults import DongleFaultKind, DongleFaultPlan, NcpFault, Noise, parse_plan
from emulators.ncp.frames import Ack, Code, Data, Error, Frame, Rst, RstAck, Splitter, encode
from ota_engine.errors import LocalError

QUICK = DongleOptions(baud=0)
NOP = Data(0, False, 0, bytes((1, 0, 0, 19)))


def heard(dongle: Dongle) -> list[Frame | None]:
    return list(Splitter().feed(dongle.take_output()))


def faulty(*faults: NcpFault) -> Dongle:
    dongle = Dongle((), options=DongleOptions(baud=0, faults=DongleFaultPlan(events=faults)))
    dongle.receive(encode(Rst()), 0.0)
    assert heard(dongle) == [RstAck(Code.SOFTWARE)]
    return dongle


def test_a_plan_is_read_from_toml() -> None:
    text = 'noise = 0.05\nseed = 3\n[[event]]\nkind = "unplug"\nafter_blocks = 100\nseconds = 2\n'
    fault = NcpFault(DongleFaultKind.UNPLUG, after_blocks=100, seconds=2.0)
    assert parse_plan(text) == DongleFaultPlan(noise=0.05, seed=3, events=(fault,))


def test_and_from_json() -> None:
    plan = parse_plan('{"drop": 0.5, "event": [{"kind": "hang", "at": 1}]}')
    assert plan == DongleFaultPlan(drop=0.5, events=(NcpFault(DongleFaultKind.HANG, at=1.0),))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("noise = 2", "noise = 2: is no number from 0 to 1"),
        ("nose = 0.1", "nose: no such key"),
        ("{", "neither TOML nor JSON"),
        ('{"noise": ' + "[" * 100_000, "neither TOML nor JSON"),
        ("noise = " + "[" * 4_000, "neither TOML nor JSON"),
        ('"\\u001b[2J" = 1', "\\x1b[2J: no such key"),
        ('noise = "' + "a" * 9_000 + '"', "…: is no number"),
        ("event = 1", "event: is no list"),
        ('[[event]]\nkind = "fire"\nat = 1', "event 1: kind: there are reset"),
        ('[[event]]\nkind = "reset"', "event 1: say either"),
        ('[[event]]\nkind = "reset"\nat = -1', "event 1: at = -1"),
        (f'[[event]]\nkind = "reset"\nat = {10**400}', "is no number from 0"),
        ('[[event]]\nkind = "reset"\nat = 1\nwhy = 2', "event 1: why: no such key"),
    ],
)
def test_a_mistake_is_one_line_that_names_it(text: str, complaint: str) -> None:
    with pytest.raises(LocalError) as caught:
        parse_plan(text)
    assert complaint in str(caught.value)
    assert str(caught.value).isprintable() and len(str(caught.value)) < 400


@given(st.text(max_size=60))
def test_any_text_is_a_plan_or_one_complaint(text: str) -> None:
    try:
        parse_plan(text)
    except LocalError as error:
        assert "\n" not in str(error)


def test_noise_is_the_same_for_the_same_seed() -> None:
    frames = [encode(Ack(number % 8)) for number in range(200)]
    plan = DongleFaultPlan(noise=0.2, drop=0.1, duplicate=0.1, seed=7)
    first, second = ([noise.spoil(f) for f in frames] for noise in (Noise(plan), Noise(plan)))
    assert first == second
    assert first != frames


def test_each_frame_of_a_chunk_has_its_own_fate() -> None:
    noise = Noise(DongleFaultPlan(drop=0.5, seed=1))
    chunk = b"".join(encode(Ack(number % 8)) for number in range(200))
    arrived = list(Splitter().feed(noise.spoil(chunk)))
    assert 50 < len(arrived) < 150


def test_a_reset_out_of_the_blue_is_told_with_its_reason() -> None:
    dongle = faulty(NcpFault(DongleFaultKind.RESET, at=5.0))
    dongle.run(5.0)
    assert heard(dongle) == [RstAck(Code.WATCHDOG)]


def test_an_error_lasts_until_the_host_resets() -> None:
    dongle = faulty(NcpFault(DongleFaultKind.ERROR, at=5.0))
    dongle.run(5.0)
    assert heard(dongle) == [Error(Code.ASSERT)]
    dongle.receive(encode(NOP), 6.0)
    assert heard(dongle) == [Error(Code.ASSERT)]
    dongle.receive(encode(Rst()), 7.0)
    assert heard(dongle) == [RstAck(Code.SOFTWARE)]


def test_a_hung_dongle_is_deaf_and_dumb_for_a_while() -> None:
    dongle = faulty(NcpFault(DongleFaultKind.HANG, at=5.0, seconds=3.0))
    dongle.receive(encode(Rst()), 6.0)
    assert heard(dongle) == []
    dongle.receive(encode(Rst()), 9.0)
    assert heard(dongle) == [RstAck(Code.SOFTWARE)]


def test_an_unplugged_dongle_has_no_port_for_a_while() -> None:
    dongle = faulty(NcpFault(DongleFaultKind.UNPLUG, at=5.0, seconds=3.0))
    dongle.run(5.0)
    assert not dongle.plugged
    dongle.run(8.0)
    assert dongle.plugged


def test_octets_take_their_time_on_the_line() -> None:
    dongle = Dongle((), options=DongleOptions(baud=1000))  # a hundred octets a second
    dongle.receive(encode(Rst()), 0.0)
    dongle.run(0.03)
    assert heard(dongle) == []
    dongle.run(0.04 + 0.059)
    assert heard(dongle) == []
    dongle.run(0.04 + 0.061)
    assert heard(dongle) == [RstAck(Code.SOFTWARE)]


def test_what_was_on_the_line_when_the_host_went_is_lost() -> None:
    dongle = Dongle((), options=DongleOptions(baud=1000))
    dongle.receive(encode(Rst()), 0.0)
    dongle.run(0.05)
    dongle.disconnect(0.05)
    dongle.run(5.0)
    assert dongle.take_output() == b""


def test_there_is_no_dongle_of_a_version_nobody_speaks() -> None:
    with pytest.raises(LocalError, match="EZSP 15"):
        Dongle((), options=DongleOptions(version=15))


@given(st.lists(st.binary(max_size=60), max_size=8))
def test_any_octets_leave_a_dongle_that_can_be_reset(chunks: list[bytes]) -> None:
    dongle = Dongle((), options=QUICK)
    for chunk in chunks:
        dongle.receive(chunk, 0.0)
    dongle.take_output()
    dongle.receive(b"\x1a\x7e" + encode(Rst()), 0.0)
    assert heard(dongle)[-1] == RstAck(Code.SOFTWARE)
