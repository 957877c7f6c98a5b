"""What a device remembers of changes without power; plain values, no behaviour."""

from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

from emulators.premises.words import ToldChange

#: Who told: a meter's EUI-64, or 0 for the hub; and what about.
Source: TypeAlias = tuple[int, str]
MOST_CLEARED: Final = 16  # clearings that are remembered, the last ones


class Cleared(NamedTuple):
    """A clearing that a device has done.

    Attributes:
        server: who told of the change: a meter's EUI-64, or 0 for the hub.
        subject: tenancy or supplier.
        event: issuer event id of the change.
        utc: when, None if the device did not know the date.
        what: of what it keeps.
    """

    server: int
    subject: str
    event: int
    utc: float | None
    what: tuple[str, ...]


@dataclass(slots=True)
class PremisesMemory:
    """The durable part of a device's side.

    Attributes:
        pending: changes that wait for their time, by who told them.
        done: the last event that was acted on, and how often, by who told it.
        cleared: what was cleared, oldest first.
        history_blocked: earlier profile data is not shown.
        standing: what a meter tells others, by subject.
        callers: who asked a meter, with the endpoint; they are told unasked.
    """

    pending: dict[Source, ToldChange] = field(default_factory=dict)
    done: dict[Source, tuple[int, int]] = field(default_factory=dict)
    cleared: tuple[Cleared, ...] = ()
    history_blocked: bool = False
    standing: dict[str, ToldChange] = field(default_factory=dict)
    callers: dict[int, int] = field(default_factory=dict)

    def note(self, cleared: Cleared) -> None:
        """Remember a clearing."""
        self.cleared = (*self.cleared, cleared)[-MOST_CLEARED:]
