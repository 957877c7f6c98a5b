"""A security unit on the table, with commands of everybody who might try."""

from datetime import datetime, timedelta

from emulators.devices import kinds
from emulators.devices.kinds import DeviceKind
from emulators.gbcs.anchors import Anchors
from emulators.gbcs.unit import Reaction, SecurityUnit, UnitFirmware
from emulators.platform.spec import SecurityOptions
from ota_engine.gbcs import compose
from ota_engine.gbcs.certificates import Role
from ota_engine.gbcs.envelope import Message, parse, serialise
from ota_engine.gbcs.keystore import Keystore
from ota_engine.gbcs.payloads import Payload, read_payload
from ota_engine.gbcs.protection import authenticate, protect
from tests.gbcs.parties import HASH, HCALCS, NOW, SUPPLIER, VERSION, everyone

NEW = VERSION + 1
OLD_FILE, NEW_FILE = b"\x01" * 32, b"\x02" * 32
EMPTY = UnitFirmware(VERSION, OLD_FILE)
HOLDING = UnitFirmware(VERSION, OLD_FILE, NEW_FILE, HASH)
UPDATED = UnitFirmware(NEW, NEW_FILE)
START = NOW + timedelta(hours=1)  # the device's date when a test begins, at 0 seconds


def anchors(own: int = HCALCS, role: Role = Role.SUPPLIER, keys: Keystore | None = None) -> Anchors:
    found = Anchors.choose(everyone() if keys is None else keys, own, role)
    assert found is not None
    return found


def unit(
    kind: DeviceKind = kinds.HCALCS,
    own: int = HCALCS,
    *,
    clock: datetime | None = START,
    options: SecurityOptions | None = None,
    keys: Keystore | None = None,
) -> SecurityUnit:
    habits = kind.gbcs
    assert habits is not None
    trusted = anchors(own, habits.orders_from or Role.SUPPLIER, keys)
    made = SecurityUnit(habits, trusted, options or SecurityOptions())
    if clock is not None:
        made.clock.set(clock.timestamp(), 0.0)
    return made


def powered_again(old: SecurityUnit, kind: DeviceKind = kinds.HCALCS) -> SecurityUnit:
    """The device after a power cut: what is not in its memory or behind its battery is gone."""
    assert kind.gbcs is not None
    made = SecurityUnit(kind.gbcs, old.anchors, SecurityOptions(), old.memory)
    utc = old.clock.utc(0.0)
    if utc is not None:
        made.clock.set(utc, 0.0)
    return made


def command(
    counter: int = 1000,
    at: datetime | None = None,
    *,
    digest: bytes = HASH,
    supplier: int = SUPPLIER,
    recipient: int = HCALCS,
    keys: Keystore | None = None,
) -> bytes:
    """A CS06, protected with everybody's keys at hand."""
    bare = compose.activate_firmware(
        digest, originator=supplier, recipient=recipient, counter=counter, execution_time=at
    )
    return serialise(protect(bare, everyone() if keys is None else keys))


def told(reaction: Reaction) -> list[Payload]:
    """What was said, each message verified as the head end would."""
    return [said for _, said in verified(reaction)]


def verified(reaction: Reaction) -> list[tuple[Message, Payload]]:
    messages = [parse(message.octets) for message in reaction.messages]
    for message in messages:
        authenticate(message, everyone(), now=NOW)
    return [(message, read_payload(message)) for message in messages]


def delivered(device: SecurityUnit, reaction: Reaction) -> list[Payload]:
    """What was said, and the hub has it."""
    for message in reaction.messages:
        device.settled(message.number, 0.0, delivered=True)
    return told(reaction)


def refusal(reaction: Reaction) -> str:
    """Why a command was refused: nothing but a note came of it."""
    assert reaction.messages == () and not reaction.activate
    (note,) = reaction.notes
    assert note.kind == "command refused"
    return str(note.detail["reason"])
