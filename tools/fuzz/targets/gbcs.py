"""GBCS messages: envelope, extent, payloads of every use case, pieces of a tunnel, certificates."""

from contextlib import suppress
from functools import cache
from typing import Final

from ota_engine.errors import LocalError, PeerError
from ota_engine.gbcs.certificates import read_certificate
from ota_engine.gbcs.codes import Cra
from ota_engine.gbcs.envelope import Message, OtherInformation, grouping, parse, serialise
from ota_engine.gbcs.extent import message_length
from ota_engine.gbcs.facts import facts_of
from ota_engine.gbcs.keystore import Keystore
from ota_engine.gbcs.opaque import Opaque
from ota_engine.gbcs.payloads import Payload, read_payload, write_payload
from ota_engine.gbcs.protection import check
from ota_engine.gbcs.verification import CheckResult
from ota_engine.hub.tunnel.assembly import PUT, Assembly, IncomingMessage
from ota_engine.hub.tunnel.bounds import Allowance
from targets.target import Target, one_line
from tests.gbcs import test_household as homely
from tests.gbcs.parties import (
    ESME,
    SUPPLIER,
    all_messages,
    bare_command,
    everyone,
    files,
)

SIDES: Final = tuple(Cra)
LONGEST_MESSAGE: Final = 2_000
MESSAGE: Final = 3_000  # octets of an input
HELD: Final = 3_000  # octets that all tunnels together may hold
NOBODY: Final = Keystore()


@cache
def message_seeds() -> tuple[bytes, ...]:
    """Every message of firmware there is, and a bare pre-command."""
    return tuple(map(serialise, (*all_messages().values(), bare_command())))


def messaging(octets: bytes) -> None:
    """A message is written as it was and as long as it says, or refused in one line."""
    try:
        length = message_length(octets)
    except PeerError as error:
        one_line(error)
        length = -1
    try:
        message = parse(octets)
    except PeerError as error:
        one_line(error)
        return
    assert serialise(message) == octets
    assert length in (None, len(octets)), length
    told = payload_of(message)
    if told is not None and not isinstance(told, Opaque):
        assert read_payload(message._replace(payload=write_payload(told))) == told


def payload_of(message: Message) -> Payload | None:
    """What it says; None where it is refused."""
    try:
        return read_payload(message)
    except PeerError as error:
        one_line(error)
        return None


@cache
def payload_seeds() -> tuple[bytes, ...]:
    """Payloads of firmware and of a household, behind the side and the message code."""
    firmware = [_told(message) for message in all_messages().values()]
    homes = [
        _said(0x0107, Cra.COMMAND, homely.change_of_supplier(later=True)),
        _said(0x0107, Cra.RESPONSE, homely.seq(b"\x05\x00", homely.outcome())),
        _said(0x0013, Cra.RESPONSE, homely.seq(homely.number(0), homely.seq(*homely.LOG))),
        _said(
            0x009E,
            Cra.RESPONSE,
            b"\x01\x09\x01" + homely.component(0, b"\x08\x00\x01\4\0\0\x42\1A"),
        ),
        _said(0x003F, Cra.RESPONSE, b"\xda\x20\x00\x00\x00\x00\x00\x01" + b"\x02\x01" * 20),
        _said(0x003F, Cra.COMMAND, b"\xd9\x20\x00\x00\x00\x00\x00\x01\x01\x01\x00\x01"),
    ]
    return (*firmware, *homes)


def _told(message: Message) -> bytes:
    return _said(message.message_code, message.cra, message.payload)


def _said(code: int, cra: Cra, payload: bytes) -> bytes:
    return bytes((SIDES.index(cra),)) + code.to_bytes(2, "big") + payload


def telling(octets: bytes) -> None:
    """A payload of any use case is told, or shown as what it is."""
    if len(octets) < 3:
        return
    cra = SIDES[octets[0] % len(SIDES)]
    code = int.from_bytes(octets[1:3], "big")
    payload = octets[3:]
    message = Message(cra, 1, ESME, SUPPLIER, OtherInformation(code), payload)
    try:
        facts = facts_of(message, check(message, NOBODY))
    except PeerError as error:
        one_line(error)
        return
    assert facts["payload"]["octets"] == payload.hex()


@cache
def piece_seeds() -> tuple[bytes, ...]:
    """Messages in pieces, each behind its length."""
    whole = [bytes((PUT,)) + octets for octets in message_seeds()]
    cut = [
        b"".join(
            bytes((len(octets[at : at + size]),)) + octets[at : at + size]
            for at in range(0, len(octets), size)
        )
        for octets, size in zip(whole, (40, 80, 200, 61, 255) * 9, strict=False)
    ]
    return (*cut, b"\x01\x01", b"\x02\x02\x00")


def piecing(octets: bytes) -> None:
    """Pieces make messages or are refused; never more is held than allowed, and all of it given back."""
    allowance = Allowance(HELD)
    assembly = Assembly(LONGEST_MESSAGE, allowance)
    at = 0
    while at < len(octets):
        piece = octets[at + 1 : at + 1 + octets[at]]
        at += 1 + len(piece)
        try:
            found = assembly.take(piece)
        except PeerError as error:
            one_line(error)
            assert not assembly.begun
            continue
        if isinstance(found, IncomingMessage) and found.octets:
            assert message_length(found.octets) == len(found.octets) <= LONGEST_MESSAGE
    assembly.clear()
    assert allowance.left == HELD, "octets were not given back"


@cache
def certificate_seeds() -> tuple[bytes, ...]:
    """Certificates of devices and organisations."""
    return tuple(octets for name, octets in files().items() if b"PRIVATE" not in octets)[:12]


def certifying(octets: bytes) -> None:
    """A certificate is read, or refused in one line."""
    try:
        read_certificate(octets)
    except LocalError as error:
        one_line(error)


@cache
def protected_seeds() -> tuple[bytes, ...]:
    """Messages that verify."""
    return tuple(map(serialise, all_messages().values()))


def protecting(octets: bytes) -> None:
    """Whatever is changed, nothing verifies that nobody protected."""
    with suppress(PeerError):
        message = parse(octets)
        found = check(message, everyone())
        valid = CheckResult.VALID in found
        assert not valid or parts(message) in protected_parts(), "forged"


@cache
def protected_parts() -> frozenset[tuple[bytes, bytes]]:
    """What is signed or under a MAC in the messages that verify."""
    return frozenset(parts(parse(octets)) for octets in protected_seeds())


def parts(message: Message) -> tuple[bytes, bytes]:
    """What is signed, and the signature."""
    return grouping(message), message.signature or b""


ROOM: Final = "ota_engine.gbcs"
READERS: Final = ("credentials", "der", "device_logs", "dlms", "gbz", "household", "tlv", "meters")
TARGETS: Final = {
    "gbcs": Target(
        message_seeds,
        messaging,
        tuple(f"{ROOM}.{name}" for name in ("envelope", "extent", "payloads", "der", "meters")),
        largest=MESSAGE,
    ),
    "gbcs-payload": Target(
        payload_seeds, telling, tuple(f"{ROOM}.{name}" for name in (*READERS, "facts")), 4, MESSAGE
    ),
    "gbcs-pieces": Target(
        piece_seeds, piecing, ("ota_engine.hub.tunnel.assembly", f"{ROOM}.extent"), largest=MESSAGE
    ),
    "gbcs-certificate": Target(
        certificate_seeds, certifying, (f"{ROOM}.certificates",), 1, MESSAGE
    ),
    "gbcs-protection": Target(
        protected_seeds,
        protecting,
        (f"{ROOM}.protection", f"{ROOM}.mac", f"{ROOM}.signature"),
        largest=MESSAGE,
    ),
}
