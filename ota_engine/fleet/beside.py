"""Which batches may be decided beside each other: those of other homes; pure, knows no database.

Most of what a fleet decides is of one home: what its hub says, a time that has come for it. Two such batches of
different homes come to the same whichever is first, as long as each of them

- reads and changes rows of its own homes only;
- reads what belongs to nobody, and leaves it as it is: whoever changes that decides alone;
- adds to sums and to the audit trail, and reads no sum;
- marks a phase as one to be looked at, or a gateway as heard of: marks that stand beside each other.

A batch says of which homes it is. ``Beside`` watches what it does, and raises ``AloneError`` at the first
thing that is more than that: it is decided again by itself, which is always right. The names of homes are
those of rows that stand in the estate; what is about others is decided alone.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from ota_engine.fleet.campaigns.rows import CampaignPhase, GatewayReport, Sum, SumSample
from ota_engine.fleet.fleet import Due, FleetEvent
from ota_engine.fleet.gateways.moving import CountersTold
from ota_engine.fleet.kernel.effects import AuditNote, Drop, FleetEffect, Put, Tally
from ota_engine.fleet.kernel.rows import Ask, Changed, RowKey, Select, Unloaded, field_names
from ota_engine.fleet.notices.rows import Notice
from ota_engine.fleet.orders.rows import UserDocument
from ota_engine.fleet.port import HubOutcome, InstructionTaken
from ota_engine.fleet.tables import KINDS

#: Kinds of rows that are of one home, each with the place of its home in the key; None where it is elsewhere.
_OF_A_HOME: Final[Mapping[type[Any], int | None]] = MappingProxyType(
    {
        kind: kind.KEY.index("home") if "home" in kind.KEY else None
        for kind in KINDS
        if "home" in field_names(kind)
    }
)
#: Marks that batches may set beside each other, by kind of row: its fields that are such marks.
_MARKS: Final[Mapping[type[Any], frozenset[str]]] = MappingProxyType(
    {
        CampaignPhase: frozenset(("due_utc", "last_end_utc", "observed_utc", "settled")),
        GatewayReport: frozenset(("utc",)),
    }
)
#: What is only ever added beside others: whoever looks whether it is there does not add it as well.
_ADDED: Final = frozenset((Notice, UserDocument))
#: What others change meanwhile: it is read alone.
_MOVING: Final = frozenset((Sum, SumSample))
_EFFECTS: Final = (Put, Drop, Tally, AuditNote)


def is_of_a_home(kind: type[Any]) -> bool:
    """Whether each row of a kind is of one home, which it names."""
    return kind in _OF_A_HOME


def home_of(due: Due) -> str | None:
    """Say of which home a row is whose time has come; None for one of nobody's."""
    home: str | None = due.row.home if is_of_a_home(type(due.row)) else None
    return home


def homes_of(
    events: Iterable[FleetEvent], told: Callable[[Sequence[str]], Mapping[str, str]]
) -> frozenset[str] | None:
    """Say of which homes events are; None where one of them is of no home, and they are decided alone.

    Args:
        events: of one batch.
        told: gives the homes of instructions by their keys.
    """
    homes: set[str] = set()
    taken: list[str] = []
    for event in events:
        match event:
            case HubOutcome():
                homes.add(event.home)
            case Due() if is_of_a_home(type(event.row)):
                homes.add(event.row.home)
            case CountersTold():
                homes.add(event.home)
            case InstructionTaken():
                taken.append(event.key)
            case _:
                return None
    if taken:
        homes.update(told(taken).values())
    return frozenset(homes)


class AloneError(Exception):
    """A batch does more than what may be done beside others; nothing of it counts."""


class Beside:
    """Watches one batch.

    Attributes:
        homes: whose rows it may read and change; nobody else does meanwhile.
    """

    def __init__(self, homes: Iterable[str]) -> None:
        self.homes = frozenset(homes)
        self._looked: set[RowKey] = set()

    def asks(self, asks: Iterable[Ask]) -> None:
        """Look at what is about to be read.

        Raises:
            AloneError: it is read alone.
        """
        for ask in asks:
            match ask:
                case RowKey():
                    self._asks_for(ask)
                case Select():
                    self._selects(ask)
                case _:
                    raise AloneError(f"{type(ask).__name__} is asked of all homes")

    def found(self, found: Iterable[tuple[Ask, Any]]) -> None:
        """Look at what was read.

        Raises:
            AloneError: it is of another home.
        """
        for ask, answer in found:
            rows = (answer,) if isinstance(ask, RowKey) else answer
            for row in rows:
                if row is not None:
                    self._is_own(row)

    def keeps(self, changes: Iterable[Changed], effects: Iterable[FleetEffect]) -> None:
        """Look at what is about to be kept.

        Raises:
            AloneError: it is kept alone.
        """
        for change in changes:
            self._changes(change)
        for effect in effects:
            if not isinstance(effect, _EFFECTS):
                raise AloneError(f"{type(effect).__name__} is decided alone")

    def _asks_for(self, key: RowKey) -> None:
        if key.kind in _MOVING:
            raise AloneError(f"{key.kind.__name__} is read alone")
        if key.kind in _ADDED:
            self._looked.add(key)
        place = _OF_A_HOME.get(key.kind)
        if place is not None and key.values[place] not in self.homes:
            raise AloneError(f"{key.kind.__name__} of another home")

    def _selects(self, ask: Select) -> None:
        if ask.kind in _MOVING or ask.kind in _ADDED or ask.kind in _MARKS:
            raise AloneError(f"{ask.kind.__name__} is walked alone")
        if ask.kind in _OF_A_HOME and dict(ask.where).get("home") not in self.homes:
            raise AloneError(f"{ask.kind.__name__} of all homes")

    def _is_own(self, row: Any) -> None:
        kind = type(row)
        if kind in _OF_A_HOME and row.home not in self.homes:
            raise AloneError(f"{kind.__name__} of another home")

    def _changes(self, change: Changed) -> None:
        kind, before, after = change.key.kind, change.before, change.after
        if kind in _OF_A_HOME:
            for row in (before, after):
                if row is not None and row is not Unloaded.UNKNOWN:
                    self._is_own(row)
            return
        if kind in _ADDED and after is not None:
            if change.key in self._looked or before not in (None, Unloaded.UNKNOWN):
                raise AloneError(f"{kind.__name__} is changed alone")
            return
        if kind in _MARKS and after is not None and before is not Unloaded.UNKNOWN:
            others = (name for name in field_names(kind) if name not in _MARKS[kind])
            if all(name in kind.KEY or _same(before, after, name) for name in others):
                return
        raise AloneError(f"{kind.__name__} is changed alone")


def _same(before: Any, after: Any, name: str) -> bool:
    return before is not None and getattr(before, name) == getattr(after, name)
