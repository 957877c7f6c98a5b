"""The virtual dongle as a host meets it: ASH on the line, EZSP in its frames, a stack behind them."""

from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from typing import Any, Final

from emulators.ncp.ash import Ash, Delivered
from emulators.ncp.commands import LATEST, VERSIONS, frames
from emulators.ncp.ezsp import Ezsp
from emulators.ncp.frames import (
    Ack,
    BadFrameError,
    Code,
    Data,
    Nak,
    Rst,
    Splitter,
    decode,
    encode,
)
from emulators.ncp.layouts import ApsFrame, FieldValues
from emulators.ncp.messages import DIRECT, VIA_ADDRESS_TABLE
from targets.target import Target
from targets.zcl import tunnel_seeds, upgrade_seeds
from tests.emulators.ncp.home import FIRST, FIRST_ADDRESS, RETRY, Host, display

MOST_SAID: Final = 50_000  # frames that the NCP may say to one input
LINE: Final = 400  # octets of a host at most
LEAST_DATA: Final = 3  # octets of EZSP in the shortest DATA frame
ROOM: Final = 80  # octets of a message that the air carries at once
DEVICE_OBJECT: Final = (*range(8), 0x0013, 0x0021, 0x0022, *range(0x0031, 0x0037))  # requests to it
SETTLED: Final = 20.0  # seconds of virtual time after the last command


@cache
def line_seeds() -> tuple[bytes, ...]:
    """What a host writes: resets, frames in order and out of it, acknowledgements, damage."""
    said = [bytes((number, 0, 0, LATEST)) for number in range(8)]
    sent = [encode(Data(number, False, number, text)) for number, text in enumerate(said)]
    begun = encode(Rst())
    return (
        begun,
        begun + b"".join(sent),
        begun + sent[0] + sent[2] + encode(Nak(1)) + sent[1],
        begun + sent[0] + encode(Data(0, True, 0, said[0])) + encode(Ack(1)) + sent[1],
        b"\x1a" + begun + b"\x18" + sent[0] + b"\x11\x13" + sent[1],
    )


def splitting(octets: bytes) -> None:
    """Octets make frames however they are cut; what is read is written as it was."""
    whole = list(Splitter().feed(octets))
    pieces = Splitter()
    half = len(octets) // 2
    assert whole == [*pieces.feed(octets[:half]), *pieces.feed(octets[half:])]
    with suppress(BadFrameError):
        whole.append(decode(octets))
    for frame in whole:
        if frame is not None:
            assert list(Splitter().feed(encode(frame))) == [frame]


def framing(octets: bytes) -> None:
    """The NCP's side of ASH takes any octets, and any frames in sound order; it says sound frames.

    The first octet says whether the others are octets of the line or tell which frames come.
    """
    ash = Ash()
    ash.reset(Code.SOFTWARE)
    now = 0.0
    for piece in _line(octets[1:]) if octets[:1] < b"\x80" else _frames(octets[1:]):
        for event in ash.receive(piece, now):
            if isinstance(event, Delivered):
                assert len(event.payload) >= LEAST_DATA
                ash.send(event.payload, now)
        now += 0.3
        if ash.next_wake <= now:
            ash.wake(now)
    assert len(ash.outbox) <= MOST_SAID
    said = [frame for octets in ash.outbox for frame in Splitter().feed(octets)]
    assert None not in said and len(said) == len(ash.outbox)


def _line(octets: bytes) -> Iterator[bytes]:
    for at in range(0, len(octets), 16):
        yield octets[at : at + 16]


def _frames(octets: bytes) -> Iterator[bytes]:
    """Frames told by two octets each: kind, numbers, and something to say."""
    for kind, numbers in zip(octets[::2], octets[1::2], strict=False):
        number, acknowledged = numbers >> 4 & 7, numbers & 7
        match kind % 5:
            case 0:
                yield encode(Data(number, kind > 128, acknowledged, bytes((kind, 0, 1, 5, 0))))
            case 1:
                yield encode(Ack(acknowledged))
            case 2:
                yield encode(Nak(acknowledged))
            case 3:
                yield encode(Rst()) if kind > 200 else b"\x18"
            case _:
                yield bytes((kind, numbers, 0x7E))


@cache
def _versions() -> dict[int, Ezsp]:
    return {version: Ezsp(version, lambda name, values: None) for version in VERSIONS}


@cache
def command_seeds() -> tuple[bytes, ...]:
    """A frame of every command, behind an octet for the version: all values zero."""
    return tuple(
        bytes((at, 1, 0, 1)) + entry.number.to_bytes(2, "little") + bytes(30)
        for at, version in enumerate(VERSIONS)
        for entry in frames(version).values()
    )


def commanding(octets: bytes) -> None:
    """Any version answers any frame that ASH delivers with one reply that bears its number."""
    frame = octets[1:]
    if len(frame) < LEAST_DATA:
        return
    ezsp = _versions()[VERSIONS[octets[0] % len(VERSIONS)]]
    ezsp.reset()
    ezsp.agreed = octets[0] < 0x80
    (reply,) = ezsp.receive(frame)
    assert reply[0] == frame[0]


@cache
def talk_seeds() -> tuple[bytes, ...]:
    """Commands one after the other, each behind its length, as a host gives them."""
    table = frames(LATEST)
    zeros = [table[name].number.to_bytes(2, "little") + bytes(24) for name in table]
    single = [_talk([command]) for command in zeros]
    names = (
        "permitJoining",
        "getNodeId",
        "sendUnicast",
        "getNextHop",
        "leaveNetwork",
        "networkInit",
    )
    some = [table[name].number.to_bytes(2, "little") + bytes(24) for name in names if name in table]
    return (*single, _talk(some), _talk(some[::-1]), *map(_talk, _said_to_device()))


def _said_to_device() -> Iterator[list[bytes]]:
    """What is said to the device that is in the network: chance does not find its addresses."""
    requests = [(0x0000, cluster, _asked_of_all()) for cluster in DEVICE_OBJECT]
    upgrade = [(0x0109, 0x0019, frame) for frame in upgrade_seeds() if len(frame) <= ROOM]
    tunnels = [(0x0109, 0x0704, frame) for frame in tunnel_seeds() if len(frame) <= ROOM]
    for profile, cluster, message in (*requests, *upgrade, *tunnels):
        yield [_unicast(profile, cluster, message)]
    aps = ApsFrame(0x0109, 0x0019, 10, 255, 0, 0, 0)
    notify = bytes.fromhex("0901000001")
    flood: dict[str, Any] = {"aps": aps, "radius": 0, "hops": 0, "alias": 0, "alias_sequence": 0}
    flood |= {"tag": 1, "message": notify, "nwk": 0xFFFF}
    remove = _given("removeDevice", nwk=FIRST_ADDRESS, eui64=FIRST, target=FIRST)
    yield [_given("sendBroadcast", **flood), _given("sendMulticast", **flood)]
    yield [remove, _given("permitJoining", duration=60)]
    yield [
        _given("leaveNetwork"),
        _given("networkInit", bitmask=0),
        _given("permitJoining", duration=60),
    ]
    yield [
        _given("setAddressTableInfo", index=0, eui64=FIRST, nwk=FIRST_ADDRESS),
        _given("lookupNodeIdByEui64", eui64=FIRST),
        _given("lookupEui64ByNodeId", nwk=FIRST_ADDRESS),
        _unicast(0x0109, 0x0000, bytes.fromhex("0001000000"), kind=VIA_ADDRESS_TABLE),
    ]


def _asked_of_all() -> bytes:
    """A request of profile 0 with a number, the device and numbers behind it."""
    return (
        bytes((1,)) + FIRST_ADDRESS.to_bytes(2, "little") + FIRST.to_bytes(8, "little") + bytes(9)
    )


def _unicast(profile: int, cluster: int, message: bytes, *, kind: int = DIRECT) -> bytes:
    ends = (10, 1) if profile else (0, 0)
    nwk = FIRST_ADDRESS if kind == DIRECT else 0
    aps = ApsFrame(profile, cluster, *ends, RETRY, 0, 0)
    return _given("sendUnicast", type=kind, nwk=nwk, aps=aps, tag=1, message=message)


def _given(name: str, **values: Any) -> bytes:
    entry = frames(LATEST)[name]
    return entry.number.to_bytes(2, "little") + entry.request.write(values)


def _talk(commands: list[bytes]) -> bytes:
    return b"".join(bytes((len(command),)) + command for command in commands)


def talking(octets: bytes) -> None:
    """A stack with a network and a device takes any commands, answers each, and lives on."""
    host = _Host(display())
    host.form_with_all()
    at = number = 0
    while at < len(octets) and number < 20:
        command = octets[at + 1 : at + 1 + octets[at]]
        at += 1 + octets[at]
        number += 1
        if len(command) < 2:
            continue
        replies = host.ezsp.receive(bytes((number, 0, 1)) + command)
        assert replies[0][0] == number
        host.wait(0.5)
    host.wait(SETTLED)


class _Host(Host):
    """A host whose commands reach the stack as octets."""

    def __init__(self, *entries: Any) -> None:
        self.ezsp = Ezsp(LATEST, self._command)
        self.ezsp.receive(bytes((0, 0, 0, LATEST)))
        super().__init__(*entries)

    def _command(self, name: str, values: FieldValues) -> Any:
        return self.stack.command(name, values)

    def _say(self, name: str, **values: Any) -> None:
        self.ezsp.say(name, values)
        assert all(len(frame) > LEAST_DATA for frame in self.ezsp.take_callbacks())


NCP: Final = "emulators.ncp"
STACK: Final = (
    "addresses",
    "core",
    "device_object",
    "formation",
    "keys",
    "member",
    "messages",
    "stack",
)
TARGETS: Final = {
    "ash-frames": Target(line_seeds, splitting, (f"{NCP}.frames",), largest=LINE),
    "ash": Target(
        lambda: (*(b"\0" + octets for octets in line_seeds()), b"\xff" + bytes(range(64))),
        framing,
        (f"{NCP}.ash", f"{NCP}.frames"),
        largest=LINE,
    ),
    "ezsp": Target(command_seeds, commanding, (f"{NCP}.ezsp", f"{NCP}.layouts"), largest=LINE),
    "ezsp-stack": Target(
        talk_seeds, talking, tuple(f"{NCP}.{name}" for name in STACK), largest=LINE
    ),
}
