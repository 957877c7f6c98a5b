"""Cluster 0x0708 as devices read and write it; pure octets, written from the standard's tables.

It shares nothing with the hub's codec: a device takes what is longer than it needs, as shipped stacks
do, and has its own table of what the change control bits are about.
"""

from datetime import UTC, datetime
from struct import error, pack, unpack_from
from typing import Final, NamedTuple

from ota_engine.errors import PeerError

TENANCY: Final = "tenancy"
SUPPLIER: Final = "supplier"
#: Subjects by their command: of the question, and of what is published.
SUBJECTS: Final = (TENANCY, SUPPLIER)
AT_ONCE: Final = 0
NEVER_MIND: Final = 0xFFFF_FFFF
YEAR_2000: Final = datetime(2000, 1, 1, tzinfo=UTC).timestamp()
MALFORMED: Final = 0x80
_TENANCY: Final = "<IIBII"
_SUPPLIER: Final = "<IIBIII"

#: What a device may keep of an occupier, and the bit that has it cleared.
BITS: Final = {
    "credit": 2,
    "debt": 3,
    "billing": 4,
    "tariff": 5,
    "standing charge": 6,
    "history": 8,
    "consumer data": 9,
    "supplier data": 10,
    "transactions": 13,
    "prepayment": 14,
}
BLOCKS_HISTORY: Final = 7


class ToldChange(NamedTuple):
    """A change as a server told it.

    Attributes:
        subject: tenancy or supplier.
        provider: the supplier until then.
        event: issuer event id.
        tariff: delivered, received or both.
        time: seconds since 2000 of UTC, or one of the two that are none.
        control: what is to be done.
        proposed: the supplier from then on.
        name: of that one.
        contact: of that one.
    """

    subject: str
    provider: int
    event: int
    tariff: int
    time: int
    control: int
    proposed: int = 0
    name: bytes = b""
    contact: bytes = b""

    @property
    def due_utc(self) -> float | None:
        """When it takes effect, seconds since 1970; None for at once."""
        return None if self.time == AT_ONCE else self.time + YEAR_2000

    def clears(self, holds: tuple[str, ...]) -> tuple[str, ...]:
        """What of these a device is to clear."""
        return tuple(what for what in holds if self.control >> BITS[what] & 1)

    @property
    def blocks_history(self) -> bool:
        """Whether earlier profile data is to be shown no more."""
        return bool(self.control >> BLOCKS_HISTORY & 1)


def read_told(command: int, payload: bytes) -> ToldChange:
    """Read what a server published.

    Raises:
        PeerError: it is too short.
    """
    try:
        if SUBJECTS[command] == TENANCY:
            return ToldChange(TENANCY, *unpack_from(_TENANCY, payload))
        provider, event, tariff, proposed, time, control = unpack_from(_SUPPLIER, payload)
        name, rest = _string(payload[21:])
        contact, _ = _string(rest)
    except error:
        raise PeerError("what was published is cut short", MALFORMED) from None
    return ToldChange(SUPPLIER, provider, event, tariff, time, control, proposed, name, contact)


def write_told(told: ToldChange) -> bytes:
    """Write what a meter publishes."""
    if told.subject == TENANCY:
        return pack(_TENANCY, *told[1:6])
    head = pack(
        _SUPPLIER, told.provider, told.event, told.tariff, told.proposed, told.time, told.control
    )
    return head + bytes((len(told.name),)) + told.name + bytes((len(told.contact),)) + told.contact


def _string(octets: bytes) -> tuple[bytes, bytes]:
    """Take a string from the front; a length of 0xFF is none."""
    if not octets:
        raise error("no string")
    length = 0 if octets[0] == 0xFF else octets[0]
    if len(octets) <= length:
        raise error("the string is cut short")
    return octets[1 : 1 + length], octets[1 + length :]
