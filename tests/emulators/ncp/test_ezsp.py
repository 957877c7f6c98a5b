"""Headers, versions and the order of replies and callbacks; frame layouts beside bellows' own."""

from collections.abc import Mapping
from typing import Any

import bellows.types as bellows_types
import pytest
from bellows.ezsp import EZSP
from hypothesis import given
from hypothesis import strategies as st

from emulators.ncp.commands import LATEST, VERSIONS, frames
from emulators.ncp.ezsp import Ezsp
from emulators.ncp.layouts import (
    ApsFrame,
    EzspLayout,
    FieldValues,
    NetworkParameters,
    TruncatedError,
)
from emulators.ncp.status import EmberStatus

NOP = bytes((7, 0, 1, 0x05, 0x00))


def handle(name: str, values: FieldValues) -> Mapping[str, Any] | None:
    return {"nop": {}, "getNodeId": {"nwk": 0x1234}}.get(name)


def agreed(version: int = LATEST) -> Ezsp:
    ezsp = Ezsp(version, handle)
    ezsp.receive(bytes((0, 0, 0, version)))
    return ezsp


@pytest.mark.parametrize("version", VERSIONS)
def test_the_first_question_has_the_legacy_header_and_so_has_its_answer(version: int) -> None:
    ezsp = Ezsp(version, handle)
    (reply,) = ezsp.receive(bytes((3, 0, 0, 4)))
    assert reply[:4] == bytes((3, 0x80, 0, version))
    assert not ezsp.agreed


@pytest.mark.parametrize("version", VERSIONS)
def test_the_second_has_the_extended_header_and_settles_the_version(version: int) -> None:
    ezsp = Ezsp(version, handle)
    (reply,) = ezsp.receive(bytes((4, 0, 1, 0, 0, version)))
    assert reply[:6] == bytes((4, 0x80, 1, 0, 0, version))
    assert ezsp.agreed


def test_before_a_version_is_agreed_on_nothing_else_is_answered() -> None:
    (reply,) = Ezsp(LATEST, handle).receive(NOP)
    assert reply[3:5] == b"\x58\x00"


def test_a_reply_bears_the_number_of_its_command() -> None:
    (reply,) = agreed().receive(bytes((9, 0, 1, 0x27, 0)))
    assert reply == bytes((9, 0x80, 1, 0x27, 0, 0x34, 0x12))


@pytest.mark.parametrize(("version", "octets"), [(13, 1), (14, 4)])
def test_an_unknown_command_is_refused_with_a_status_of_the_version(
    version: int, octets: int
) -> None:
    (reply,) = agreed(version).receive(bytes((9, 0, 1, 0xFE, 0x0F)))
    assert (reply[3:5], len(reply) - 5) == (b"\x58\x00", octets)


def test_a_callback_waits_for_the_reply_and_bears_its_number() -> None:
    ezsp = agreed()

    def answer(name: str, values: FieldValues) -> Mapping[str, Any]:
        ezsp.say("stackStatusHandler", {"status": EmberStatus.NETWORK_UP})
        assert ezsp.take_callbacks() == []
        return {}

    ezsp._handle = answer
    reply, callback = ezsp.receive(NOP)
    assert reply[:2] == bytes((7, 0x80))
    assert callback[:5] == bytes((7, 0x90, 1, 0x19, 0))


def test_a_callback_between_commands_bears_the_number_of_the_last_one() -> None:
    ezsp = agreed()
    ezsp.receive(NOP)
    ezsp.say("stackStatusHandler", {"status": EmberStatus.NETWORK_DOWN})
    assert [frame[0] for frame in ezsp.take_callbacks()] == [7]


def test_nobody_is_told_anything_before_a_version_is_agreed_on() -> None:
    ezsp = Ezsp(LATEST, handle)
    ezsp.say("stackStatusHandler", {"status": EmberStatus.NETWORK_UP})
    assert ezsp.take_callbacks() == []


@given(st.binary(min_size=1, max_size=128))
def test_any_octets_have_exactly_one_reply_with_their_number(frame: bytes) -> None:
    (reply,) = agreed().receive(frame)
    assert reply[0] == frame[0]
    assert reply[1] == 0x80


# --- layouts beside bellows -----------------------------------------------------------------------

SAMPLES: dict[str, Any] = {
    "aps": ApsFrame(1, 2, 3, 4, 0x140, 6, 7),
    "parameters": NetworkParameters(1, 2, 3, 15, 0, 0, 0, 0x7FFF800),
    "status": EmberStatus.OK,
    "key": bytes(16),
    "context": b"\x01" + bytes(17),
    "metadata": bytes(12),
    "message": b"message",
    "value": 3,
    "data": b"12345678",
    "counters": bytes(82),
    "reply": b"",
    "entry": (1, 2, 0),
    "eui64": 0x0123456789ABCDEF,
}
BYTES_VALUED = frozenset({"getValue", "getExtendedValue"})


def sample(entry: Any, layout: EzspLayout) -> bytes:
    values = {name: SAMPLES.get(name, 1) for name, _, _ in layout._fields}
    if entry.name in BYTES_VALUED:
        values["value"] = b"value"
    if entry.name == "getRouteTableEntry":
        values["entry"] = bytes(8)
    return layout.write(values)


@pytest.mark.parametrize("version", VERSIONS)
def test_bellows_reads_every_reply_to_its_last_octet(version: int) -> None:
    theirs = EZSP._BY_VERSION[version].COMMANDS
    ours = {name: entry for name, entry in frames(version).items() if name in theirs}
    assert len(ours) > 90
    for name, entry in ours.items():
        number, _, schema = theirs[name]
        assert entry.number == number, name
        octets = sample(entry, entry.reply)
        if isinstance(schema, dict):
            _, rest = bellows_types.deserialize_dict(octets, schema)
        else:
            _, rest = schema.deserialize(octets)
        assert rest == b"", name


@pytest.mark.parametrize("version", VERSIONS)
def test_we_know_no_frame_that_bellows_does_not(version: int) -> None:
    strange = frames(version).keys() - EZSP._BY_VERSION[version].COMMANDS.keys()
    assert not strange


@pytest.mark.parametrize("text", ["a:u8 b:u32", "a:bytes", "a:aps", "a:eui64 b?:bytes32"])
@given(data=st.binary(max_size=20))
def test_any_octets_are_values_or_the_one_error(text: str, data: bytes) -> None:
    layout = EzspLayout(text, LATEST)
    try:
        values = layout.read(data)
    except TruncatedError:
        return
    assert data.startswith(layout.write(values))
