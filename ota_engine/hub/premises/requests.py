"""What a person can ask about the premises; pure values, each naming who asked."""

from typing import NamedTuple, TypeAlias

from ota_engine.records import PremisesSubject
from ota_engine.times import Utc


class AnnounceChange(NamedTuple):
    """Have every device of the home told that its occupier or its supplier changes.

    Attributes:
        subject: what changes.
        control: what devices are to do, bits of ``zcl.device_management.ChangeControl``.
        actor: who asks.
        implementation_utc: when, seconds since 1970-01-01; None for at once.
        issuer_event_id: higher than that of every announcement before of this subject; None for one
            that is chosen. The same with the same content is the same announcement.
        provider: the supplier until then, as the cluster numbers suppliers; 32 bits.
        tariff_type: which side of the meters it is about; 0 delivered, 1 received, 2 both.
        proposed_provider: for a change of supplier: the one from then on.
        name: of that one, 16 octets at most.
        contact: how that one is reached, 19 octets at most.
    """

    subject: PremisesSubject
    control: int
    actor: str
    implementation_utc: Utc | None = None
    issuer_event_id: int | None = None
    provider: int = 0
    tariff_type: int = 0
    proposed_provider: int = 0
    name: bytes = b""
    contact: bytes = b""


class CancelChange(NamedTuple):
    """Take back the last announcement of a subject, which has not taken effect."""

    subject: PremisesSubject
    actor: str


PremisesRequest: TypeAlias = AnnounceChange | CancelChange
