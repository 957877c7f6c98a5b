"""Rows by name: what the core asks for and what a shell loads; knows no database.

A row is a frozen dataclass with a ``TABLE``, a ``KEY`` (names of its first fields) and, where it has
any, ``INDEXES`` and ``PARTIAL`` (indexes of some rows: fields, and the condition as a statement that is to
use the index writes it); one with ``evidence`` (a field of the class, or a property) is sealed in the audit trail
while that is true. The core reads rows through ``Rows``. What has not been loaded yet is *wanted*: the
reading raises ``RowsWanted``, the shell loads all that it names and calls again. A handler is pure, so
that calling it again is the same as calling it later.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import Enum
from operator import attrgetter
from typing import Any, NamedTuple, TypeAlias, TypeVar

from images.eui64 import Eui64

R = TypeVar("R")  # class of a row


class RowKey(NamedTuple):
    """Names one row.

    Attributes:
        kind: class of the row.
        values: of its key, in the order of ``KEY``.
    """

    kind: type[Any]
    values: tuple[Any, ...]


class Select(NamedTuple):
    """Names rows by what is in them.

    Attributes:
        kind: class of the rows.
        where: pairs of a field and the value it must have.
        at_most: pairs of a field and the largest value it may have; a row without a value is none.
        order: fields to sort by, before the key.
        limit: give no more than so many; None for all.
    """

    kind: type[Any]
    where: tuple[tuple[str, Any], ...] = ()
    at_most: tuple[tuple[str, Any], ...] = ()
    order: tuple[str, ...] = ()
    limit: int | None = None

    def takes(self, row: Any) -> bool:
        """Whether a row is among those named, were there no limit."""
        return all(getattr(row, name) == value for name, value in self.where) and all(
            getattr(row, name) is not None and getattr(row, name) <= most
            for name, most in self.at_most
        )

    def place(self, row: Any) -> tuple[Any, ...]:
        """Where a row stands among the others."""
        return tuple(getattr(row, name) for name in (*self.order, *self.kind.KEY))


class Strata(NamedTuple):
    """The targets of a campaign; asks how many there are by configuration set.

    Attributes:
        variant: of the devices meant.
        regions: where; empty for everywhere.
        but_version: what already runs this needs nothing.
        ring_fence: id of a proving set, whose homes alone are meant; empty for all that are in none.
        supplier: homes that this party answers for; empty for all.
    """

    variant: str
    regions: tuple[str, ...]
    but_version: int
    ring_fence: str = ""
    supplier: str = ""


class Counts(NamedTuple):
    """Asks how many rows of a kind there are, by what is in them; one statement over the whole table.

    Attributes:
        kind: class of the rows.
        by: fields whose values make a group.
        where: pairs of a field and the value it must have.
    """

    kind: type[Any]
    by: tuple[str, ...]
    where: tuple[tuple[str, Any], ...] = ()


class Standings(NamedTuple):
    """Asks how devices stand, all in one go; knows nothing of the batch in hand.

    Attributes:
        devices: which, each once.
    """

    devices: tuple[Eui64, ...]


class Standing(NamedTuple):
    """How devices stand that are alike; each field as its row has it.

    Attributes:
        kind: of device.
        variant: id.
        status: in the inventory.
        gbcs_version: that it speaks.
        electricity: import supplier of its home; empty for none.
        gas: gas supplier of its home; empty for none.
    """

    kind: str
    variant: str
    status: str
    gbcs_version: str
    electricity: str
    gas: str


class Standees(NamedTuple):
    """ServiceAnswer to ``Standings``; devices that are not known are not in it.

    Attributes:
        alike: devices by how they stand.
        ordered: names of live orders by the device that they are for.
        upgraded: devices that an open campaign is upgrading.
        coming: devices to which an image that a user ordered is on its way.
    """

    alike: Mapping[Standing, Sequence[Eui64]]
    ordered: Mapping[Eui64, str]
    upgraded: frozenset[Eui64] = frozenset()
    coming: frozenset[Eui64] = frozenset()


Ask: TypeAlias = RowKey | Select | Strata | Counts | Standings


class RowsWanted(Exception):  # noqa: N818 - it is no error: the shell loads what it names
    """Rows that must be loaded before an event can be handled."""

    def __init__(self, *asks: Ask) -> None:
        super().__init__(asks)
        self.asks = asks


class Unloaded(Enum):
    """What was there before a row was put blindly."""

    UNKNOWN = "unknown"


class Changed(NamedTuple):
    """One row that a batch has changed.

    Attributes:
        key: names it.
        before: as it was loaded, None where there was none, ``Unloaded.UNKNOWN`` where nobody looked.
        after: as it is now, None once it is removed.
    """

    key: RowKey
    before: Any
    after: Any


_NAMES: dict[type[Any], tuple[str, ...]] = {}
_KEYS: dict[type[Any], Callable[[Any], tuple[Any, ...]]] = {}
_VALUES: dict[type[Any], Callable[[Any], tuple[Any, ...]]] = {}
_PLACES: dict[type[Any], dict[str, int]] = {}


def key_of(row: Any) -> RowKey:
    """Name a row."""
    kind = type(row)
    return tuple.__new__(RowKey, (kind, key_values(kind, row)))  # sooner than RowKey(...)


def key_values(kind: type[Any], row: Any) -> tuple[Any, ...]:
    """Take the values of a row's key."""
    getter = _KEYS.get(kind)
    if getter is None:
        getter = _KEYS[kind] = taking(kind.KEY)
    return getter(row)


def field_names(kind: type[Any]) -> tuple[str, ...]:
    """Name the fields of a kind of row, in their order."""
    names = _NAMES.get(kind)
    if names is None:
        names = _NAMES[kind] = tuple(item.name for item in fields(kind))
    return names


def values_of(kind: type[Any], row: Any) -> tuple[Any, ...]:
    """Take the values of all fields of a row, in their order."""
    getter = _VALUES.get(kind)
    if getter is None:
        getter = _VALUES[kind] = taking(field_names(kind))
    return getter(row)


def replaced(row: R, **changes: Any) -> R:
    """Give a row with other values in some fields: what ``dataclasses.replace`` does, sooner."""
    kind = type(row)
    places = _PLACES.get(kind)
    if places is None:
        places = _PLACES[kind] = {name: place for place, name in enumerate(field_names(kind))}
    values = list(values_of(kind, row))
    for name, value in changes.items():
        values[places[name]] = value
    return kind(*values)


def taking(names: Sequence[str]) -> Callable[[Any], tuple[Any, ...]]:
    """Make what takes attributes of an object, as a tuple also where there is but one."""
    if len(names) == 1:
        (name,) = names
        return lambda row: (getattr(row, name),)
    return attrgetter(*names)


@dataclass(slots=True)
class Rows:
    """Rows as they were loaded, and as what was decided since left them."""

    # A plain pair of kind and values finds what a RowKey names, and is made faster.
    _rows: dict[tuple[type[Any], tuple[Any, ...]], Any] = field(default_factory=dict)
    _before: dict[tuple[type[Any], tuple[Any, ...]], Any] = field(default_factory=dict)
    _selected: dict[Select, tuple[Any, ...]] = field(default_factory=dict)
    _strata: dict[Strata, Mapping[str, int]] = field(default_factory=dict)
    _counts: dict[Counts, Mapping[tuple[Any, ...], int]] = field(default_factory=dict)
    _standings: dict[Standings, Standees] = field(default_factory=dict)
    _complete: set[frozenset[Ask]] = field(default_factory=set)
    _changed: dict[type[Any], dict[RowKey, Any]] = field(default_factory=dict)
    _held: dict[type[Any], Any] = field(init=False)  # what was loaded of each kind of ask

    def __post_init__(self) -> None:
        self._held = {
            RowKey: self._rows,
            Select: self._selected,
            Strata: self._strata,
            Counts: self._counts,
            Standings: self._standings,
        }

    def get(self, kind: type[R], *values: Any) -> R | None:
        """Read one row, None where there is none.

        Raises:
            RowsWanted: it is not loaded.
        """
        try:
            row: R | None = self._rows[kind, values]
        except KeyError:
            raise RowsWanted(RowKey(kind, values)) from None
        return row

    def select(self, wanted: Select) -> tuple[Any, ...]:
        """Read rows by what is in them.

        What was changed since they were loaded counts as it is now. With a limit there may be fewer
        than it allows, where rows that were loaded are among them no longer.

        Raises:
            RowsWanted: they are not loaded.
        """
        try:
            found = self._selected[wanted]
        except KeyError:
            raise RowsWanted(wanted) from None
        changed = self._changed.get(wanted.kind)
        if not changed:
            return found
        kept = [row for row in found if key_of(row) not in changed]
        kept += [row for row in changed.values() if row is not None and wanted.takes(row)]
        return tuple(sorted(kept, key=wanted.place)[: wanted.limit])

    def strata(self, wanted: Strata) -> Mapping[str, int]:
        """Read how many targets each configuration set has.

        Raises:
            RowsWanted: it is not loaded.
        """
        try:
            return self._strata[wanted]
        except KeyError:
            raise RowsWanted(wanted) from None

    def counts(self, wanted: Counts) -> Mapping[tuple[Any, ...], int]:
        """Read how many rows each group has, as of the last commit.

        Raises:
            RowsWanted: it is not loaded.
        """
        try:
            return self._counts[wanted]
        except KeyError:
            raise RowsWanted(wanted) from None

    def standings(self, wanted: Standings) -> Standees:
        """Read how devices stand, as of the last commit.

        Raises:
            RowsWanted: it is not loaded.
        """
        try:
            return self._standings[wanted]
        except KeyError:
            raise RowsWanted(wanted) from None

    def missing(self, asks: Iterable[Ask]) -> list[Ask]:
        """Name those of these that are not loaded; what many events ask for is looked up once."""
        if isinstance(asks, frozenset):
            if asks in self._complete:
                return []
            lacking = [ask for ask in asks if ask not in self._held[type(ask)]]
            if not lacking:
                self._complete.add(asks)
            return lacking
        held = self._held
        return [ask for ask in asks if ask not in held[type(ask)]]

    def load(self, ask: Ask, found: Any) -> None:
        """Take what was asked for: a row or None, rows, or numbers."""
        self.load_all([(ask, found)])

    def load_all(self, found: Iterable[tuple[Ask, Any]]) -> None:
        """Take all that was asked for; see ``load``."""
        rows = self._rows
        for ask, answer in found:
            if type(ask) is RowKey:
                rows.setdefault(ask, answer)
            elif isinstance(ask, Select):
                self._selected[ask] = tuple(answer)
                for row in answer:
                    rows.setdefault(key_of(row), row)
            else:
                self._held[type(ask)][ask] = answer

    def change(self, key: RowKey, row: Any) -> None:
        """Put a row in place, or None to remove it."""
        if key not in self._before:
            self._before[key] = self._rows.get(key, Unloaded.UNKNOWN)
        self._rows[key] = row
        self._changed.setdefault(key.kind, {})[key] = row

    def changes(self) -> Iterator[Changed]:
        """Walk all rows that were changed, each as it was and as it is now, kind by kind."""
        for changed in self._changed.values():
            for key, row in changed.items():
                yield Changed(key, self._before[key], row)
