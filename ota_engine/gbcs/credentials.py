"""Whose credentials a device holds (CS02a), and whose replace whose (CS02b): a change of supplier.

Knows the shapes that published tools and test messages show. A payload of any other shape stays
opaque, it is not an error, and nothing here verifies a certificate.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final, NamedTuple

from images.eui64 import format_eui64
from ota_engine.errors import LocalError
from ota_engine.gbcs import tlv
from ota_engine.gbcs.certificates import read_certificate
from ota_engine.gbcs.tlv import TlvValues

READ_CODE, FIRST_CODE, LAST_CODE, ALERT_CODE = 0x0008, 0x0100, 0x0109, 0x00CB  # message codes
MODES: Final[Mapping[int, str]] = MappingProxyType(
    {
        0: "root by supplier",
        1: "root by WAN provider",
        2: "supplier by supplier",
        3: "network operator by network operator",
        4: "access control broker by itself",
        5: "WAN provider by WAN provider",
        6: "transitional CoS party by itself",
        7: "supplier by transitional CoS party",
        8: "any but an abnormal root by recovery",
        9: "any by contingency",
    }
)
CHANGE_OF_SUPPLIER: Final = frozenset((2, 7))
ROLES: Final[Mapping[int, str]] = MappingProxyType(
    {
        0: "root",
        1: "recovery",
        2: "supplier",
        3: "network operator",
        4: "access control broker",
        5: "transitional CoS party",
        6: "WAN provider",
        7: "issuing authority",
        127: "other",
    }
)
STATUSES: Final[Mapping[int, str]] = MappingProxyType(
    {
        0: "success",
        5: "bad certificate",
        10: "no trust anchor",
        17: "insufficient memory",
        25: "trust anchor not found",
        30: "resources busy",
        127: "other",
    }
)
_USES: Final = {0x80: "signing", 0x08: "key agreement", 0x04: "certificate signing"}


class TrustAnchorCell(NamedTuple):
    """A place for a credential on a device.

    Attributes:
        role: of the party it is for.
        use: what its key is for.
        top_up: it is for prepayment top ups; else for management.
    """

    role: str
    use: str
    top_up: bool


class Replacement(NamedTuple):
    """One credential to be replaced, or what came of it.

    Attributes:
        cell: where.
        new: whose credential comes, an EUI-64 in text, or what the certificate calls its subject.
        old: whose was there; None in a command, which does not say.
        status: what came of it, in words; None in a command.
    """

    cell: TrustAnchorCell
    new: str
    old: str | None = None
    status: str | None = None


class HeldCredential(NamedTuple):
    """One credential a device holds.

    Attributes:
        cell: where.
        party: whose it is, an EUI-64 in text.
        status: whether it could be read, in words.
        counter: the party's sequence number, as the device has it.
    """

    cell: TrustAnchorCell
    party: str
    status: str
    counter: int


class CredentialsHeld(NamedTuple):
    """CS02a response: who a device takes for its parties now.

    Attributes:
        supplier: whose signing key it holds as its supplier's; None where it names none.
        credentials: all of them.
        octets: the payload.
    """

    supplier: str | None
    credentials: tuple[HeldCredential, ...]
    octets: bytes


class ReplaceCredentials(NamedTuple):
    """CS02b command.

    Attributes:
        mode: who replaces whose credentials.
        change_of_supplier: this is how a device comes to another supplier.
        counter: the authorising party's sequence number.
        replacements: what is to be replaced.
        execution_time: None for now.
        octets: the payload.
    """

    mode: str
    change_of_supplier: bool
    counter: int
    replacements: tuple[Replacement, ...]
    execution_time: datetime | None
    octets: bytes


class CredentialsReplaced(NamedTuple):
    """CS02b response, or alert 0x00CB.

    Attributes:
        accepted: a future dated command is noted, and nothing has happened yet.
        mode: who replaced whose credentials; None where nothing has happened.
        change_of_supplier: the device has another supplier now.
        replacements: what came of each.
        alert_code: of the alert; None in a response.
        execution_time: of the future dated command; None in a response.
        octets: the payload.
    """

    accepted: bool
    mode: str | None
    change_of_supplier: bool
    replacements: tuple[Replacement, ...]
    alert_code: int | None
    execution_time: datetime | None
    octets: bytes


def read_held(octets: bytes) -> CredentialsHeld:
    """Read a CS02a response.

    Raises:
        PeerError: it has another shape.
    """
    held = []
    for party in TlvValues.of(octets).list():
        role = party.take(tlv.INTEGER).number
        status = STATUSES.get(party.take(tlv.ENUMERATED).number, "unknown")
        counter = party.take(tlv.INTEGER).number if party.has(tlv.INTEGER) else 0
        for entry in party.each() if party.has(tlv.SEQUENCE) else ():
            cell = _usage(role, entry)
            name = _party(entry.take().octets())
            entry.take().octets()  # the key's identifier
            entry.end()
            held.append(HeldCredential(cell, name, status, counter))
        party.end()
    signers = (
        one.party for one in held if (one.cell.role, one.cell.use) == (ROLES[2], _USES[0x80])
    )
    return CredentialsHeld(next(signers, None), tuple(held), octets)


def read_command(octets: bytes) -> ReplaceCredentials:
    """Read a CS02b command.

    Raises:
        PeerError: it has another shape.
    """
    content = TlvValues.of(octets)
    control = content.inside()
    mode = control.take(tlv.INTEGER).number
    counter = _counter(control)
    replacements = tuple(_ordered(content))
    content.take(tlv.SEQUENCE)  # certificates of the path to the root
    time = content.maybe(tlv.GENERALIZED_TIME)
    content.end()
    return ReplaceCredentials(
        MODES.get(mode, "unknown"),
        mode in CHANGE_OF_SUPPLIER,
        counter,
        replacements,
        None if time is None else time.time,
        octets,
    )


def _counter(control: TlvValues) -> int:
    """The sequence number, behind three optional values."""
    while True:
        value = control.take()
        if value.tag == tlv.INTEGER:
            return value.number


def _ordered(content: TlvValues) -> list[Replacement]:
    """What a command replaces: each entry is a certificate and the cell it is for."""
    found = []
    for entry in content.each():
        certificate = entry.take(tlv.SEQUENCE)
        found.append(Replacement(_cell(entry.inside()), _subject(certificate.encoded)))
        entry.end()
    return found


def _subject(certificate: bytes) -> str:
    """Whom a certificate is for."""
    try:
        found = read_certificate(certificate)
    except LocalError:
        return "a certificate that cannot be read"
    return found.name if found.eui64 is None else format_eui64(found.eui64)


def read_response(octets: bytes) -> CredentialsReplaced:
    """Read a CS02b response.

    Raises:
        PeerError: it has another shape.
    """
    content = TlvValues.of(octets)
    content.take(tlv.NULL)
    told = content.maybe(tlv.SEQUENCE)
    content.end()
    if told is None:
        return CredentialsReplaced(True, None, False, (), None, None, octets)
    return _outcome(TlvValues(told.content), None, None, octets)


def read_alert(octets: bytes) -> CredentialsReplaced:
    """Read alert 0x00CB, the outcome of a future dated CS02b.

    Raises:
        PeerError: it has another shape.
    """
    content = TlvValues.of(octets)
    code, time = content.take(tlv.INTEGER).number, content.take().time
    told = content.inside()
    content.end()
    return _outcome(told, code, time, octets)


def _outcome(
    told: TlvValues, alert_code: int | None, time: datetime | None, octets: bytes
) -> CredentialsReplaced:
    told.take(tlv.INTEGER)  # the authorising party's sequence number
    mode = told.take(tlv.INTEGER).number
    told.take(tlv.SEQUENCE)  # sequence numbers changed for other parties
    done, moved = [], False
    for entry in told.each():
        cell, status = _cell(entry.inside()), entry.take(tlv.ENUMERATED).number
        old, _, new, _ = (entry.take().octets() for _ in range(4))
        entry.end()
        name = STATUSES.get(status, "unknown")
        done.append(Replacement(cell, _party(new), _party(old), name))
        moved = moved or (cell.role == ROLES[2] and status == 0 and old != new)
    return CredentialsReplaced(
        False, MODES.get(mode, "unknown"), moved, tuple(done), alert_code, time, octets
    )


def _party(octets: bytes) -> str:
    return format_eui64(int.from_bytes(octets)) if len(octets) == 8 else octets.hex()


def _cell(content: TlvValues) -> TrustAnchorCell:
    cell = _usage(content.take(tlv.INTEGER).number, content)
    content.end()
    return cell


def _usage(role: int, content: TlvValues) -> TrustAnchorCell:
    """What a cell is for: the usage of its key, and its own, which is management by default."""
    use, top_up = content.take(tlv.BIT_STRING).content, content.maybe(tlv.INTEGER)
    bits = use[1] if len(use) > 1 else 0
    uses = [text for bit, text in _USES.items() if bits & bit]
    return TrustAnchorCell(
        ROLES.get(role, "unknown"),
        ", ".join(uses) or "unknown",
        top_up is not None and top_up.number == 1,
    )
