"""How each kind of row is written to its table and read back: plain SQL, values by position.

Knows rows and tables, no connection. Every statement is text that is made once, in words that SQLite
and PostgreSQL share, but for the mark of a parameter.
"""

import json
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from functools import cached_property, lru_cache
from itertools import compress, count
from operator import ne
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

from images.eui64 import Eui64, format_eui64
from ota_engine.canonical import canonical_json
from ota_engine.errors import LocalError, StoreError
from ota_engine.fleet.kernel.rows import (
    Counts,
    RowKey,
    Select,
    field_names,
    key_values,
    taking,
)
from ota_engine.fleet.kernel.seals import may_be_evidence
from ota_engine.fleet.tables import KINDS

MARK: Final = "?"
_RESERVED: Final = frozenset(("user",))  # names of columns that mean something else unless quoted
SIZES: Final = (1, 4, 16, 64, 400)  # keys in one statement; few, so that few statements are made

_Convert = Callable[[Any], Any]
_LISTS: Final = {int: "BIGINT", bool: "BIGINT", float: "DOUBLE PRECISION", bytes: "BYTEA"}


class RowForm:
    """One kind of row and its table.

    Attributes:
        kind: class of the row.
        table: name.
        names: of the columns, which are the row's fields.
        columns: the same as a statement has them.
        keys: how many of them, the first, are its key.
        may_be_evidence: the audit trail seals such rows, all or some.
        upsert: inserts a row, or puts it in the place of what has its key.
        insert: inserts a row that is known to be new.
        delete: removes one by its key.
    """

    def __init__(self, kind: type[Any]) -> None:
        self.kind = kind
        self.table: str = kind.TABLE
        self.names = field_names(kind)
        self.columns = tuple(map(quoted, self.names))
        self.keys = len(kind.KEY)
        self.may_be_evidence = may_be_evidence(kind)
        columns = [HeldColumn(hint) for hint in hints_of(kind)]
        words = ["._value_" if column.is_choice else "" for column in columns]
        self._take = taking([name + word for name, word in zip(self.names, words, strict=True)])
        self._writers = [(n, c.write) for n, c in enumerate(columns) if c.write is not None]
        self._readers = [(n, c.read) for n, c in enumerate(columns) if c.read is not None]
        self._texts = [number for number, column in enumerate(columns) if column.is_text]
        self._floats = [number for number, column in enumerate(columns) if column.is_float]
        self._by_name = dict(zip(self.names, columns, strict=True))
        self._plain_key = not any(c.is_choice or c.write for c in columns[: self.keys])
        self.insert = (
            f"INSERT INTO {self.table} ({', '.join(self.columns)})"  # noqa: S608 - our own words
            f" VALUES ({', '.join(MARK for _ in self.names)})"
        )
        self.upsert = (
            f"{self.insert} ON CONFLICT ({', '.join(self.columns[: self.keys])}) {self._instead()}"
        )
        self.delete = f"DELETE FROM {self.table} WHERE {_all_equal(kind.KEY)}"  # noqa: S608 - as above

    def write(self, row: Any) -> list[Any]:
        """Give the values of a row as its table holds them.

        Raises:
            LocalError: a text holds a NUL, which one database or the other cannot hold.
        """
        values = list(self._take(row))
        for number, write in self._writers:
            values[number] = write(values[number])
        for number in self._floats:
            value = values[number]
            if value is not None:
                values[number] = value + 0.0  # as it is read back: 5.0 of 5, 0.0 of -0.0
        for number in self._texts:
            if values[number] is not None and "\0" in values[number]:
                text = f"{values[number][:40]!a}"
                raise LocalError(
                    f"{self.table}: {self.names[number]} {text} holds a NUL: leave it out"
                )
        return values

    def changed(self, before: Any, after: Any) -> tuple[int, ...]:
        """Number the columns in which a row is not what it was."""
        return tuple(compress(count(), map(ne, self._take(before), self._take(after))))

    def read(self, values: Sequence[Any]) -> Any:
        """Make a row of what its table holds.

        Raises:
            StoreError: nothing of ours wrote that.
        """
        if not self._readers:
            return self.kind(*values)
        found = list(values)
        try:
            for number, read in self._readers:
                found[number] = read(found[number])
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise StoreError(
                f"{self.table}: a row is not what was written ({error}): restore a backup"
            ) from error
        return self.kind(*found)

    def written(self, name: str, value: Any) -> Any:
        """Give one value as its column holds it."""
        column = self._by_name[name]
        if column.is_choice:
            return getattr(value, "_value_", value)
        return value if column.write is None else column.write(value)

    def known(self, name: str, value: Any) -> Any:
        """Give one value as the row has it that its column holds so."""
        read = self._by_name[name].read
        return value if read is None else read(value)

    def key(self, values: tuple[Any, ...]) -> tuple[Any, ...]:
        """Give the values of a key as the columns hold them."""
        if self._plain_key:
            return values
        return tuple(map(self.written, self.kind.KEY, values))

    def keys_of(self, keys: Iterable[RowKey]) -> list[tuple[Any, ...]]:
        """Give the values of many keys as the columns hold them."""
        if self._plain_key:
            return [key.values for key in keys]
        return [self.key(key.values) for key in keys]

    def key_of(self, row: Any) -> tuple[Any, ...]:
        """Give the key of a row as the columns hold it."""
        return self.key(key_values(self.kind, row))

    def _instead(self) -> str:
        others = self.columns[self.keys :]
        if not others:
            return "DO NOTHING"
        return "DO UPDATE SET " + ", ".join(f"{name} = excluded.{name}" for name in others)

    @lru_cache(maxsize=512)  # noqa: B019 - forms live as long as the program
    def update(self, changed: tuple[int, ...]) -> str:
        """Write the statement that sets some columns of one row."""
        sets = ", ".join(f"{self.columns[number]} = {MARK}" for number in changed)
        return f"UPDATE {self.table} SET {sets} WHERE {_all_equal(self.kind.KEY)}"  # noqa: S608 - our own words

    @lru_cache(maxsize=512)  # noqa: B019 - as above
    def by_keys(self, many: int) -> str:
        """Write the statement that reads so many rows by their keys."""
        marks = "(" + ", ".join(MARK for _ in range(self.keys)) + ")"
        wanted = ", ".join(f"k{number}" for number in range(self.keys))
        pairs = " AND ".join(f"t.{name} = w.k{number}" for number, name in enumerate(self.kind.KEY))
        columns = ", ".join(f"t.{name}" for name in self.names)
        return (
            f"WITH w({wanted}) AS (VALUES {', '.join([marks] * many)})"  # noqa: S608 - our own words
            f" SELECT {columns} FROM w CROSS JOIN {self.table} AS t WHERE {pairs}"
        )

    @cached_property
    def by_key_lists(self) -> str:
        """Write the statement that reads rows by their keys, given as one list of each field of the key.

        In PostgreSQL's words: it is one statement for any number of keys.
        """
        fields = [self._by_name[name].plain for name in self.kind.KEY]
        lists = ", ".join(f"CAST({MARK} AS {_LISTS.get(plain, 'TEXT')}[])" for plain in fields)
        wanted = ", ".join(f"k{number}" for number in range(self.keys))
        pairs = " AND ".join(f"t.{name} = w.k{number}" for number, name in enumerate(self.kind.KEY))
        columns = ", ".join(f"t.{name}" for name in self.names)
        return (
            f"SELECT {columns} FROM unnest({lists}) AS w ({wanted})"  # noqa: S608 - our own words
            f" JOIN {self.table} AS t ON {pairs}"
        )

    def _sorted(self, name: str) -> str:
        """Sort by a column: what is nothing comes first."""
        return f"{quoted(name)} NULLS FIRST" if self._by_name[name].optional else quoted(name)

    def selecting(self, wanted: Select) -> tuple[str, list[Any]]:
        """Write the statement that reads rows by what is in them, with its parameters."""
        nothing = tuple(name for name, value in wanted.where if value is None)
        equal = tuple(name for name, value in wanted.where if value is not None)
        ever = tuple(name for name, most in wanted.at_most if most == float("inf"))
        most = tuple(name for name, value in wanted.at_most if value != float("inf"))
        text = self._selecting(nothing, equal, ever, most, wanted.order, wanted.limit is not None)
        values = [self.written(name, value) for name, value in wanted.where if value is not None]
        values += [value for _, value in wanted.at_most if value != float("inf")]
        if wanted.limit is not None:
            values.append(wanted.limit)
        return text, values

    def counting(self, wanted: Counts) -> tuple[str, list[Any]]:
        """Write the statement that counts rows by what is in them, with its parameters."""
        by = ", ".join(map(quoted, wanted.by))
        text = f"SELECT {by}, count(*) FROM {self.table}"  # noqa: S608 - our own words
        if wanted.where:
            text += " WHERE " + _all_equal([name for name, _ in wanted.where])
        values = [self.written(name, value) for name, value in wanted.where]
        return f"{text} GROUP BY {by} ORDER BY {by}", values

    @lru_cache(maxsize=512)  # noqa: B019 - as above
    def _selecting(
        self,
        nothing: tuple[str, ...],
        equal: tuple[str, ...],
        ever: tuple[str, ...],
        most: tuple[str, ...],
        order: tuple[str, ...],
        limited: bool,
    ) -> str:
        conditions = [
            *(f"{quoted(name)} = {MARK}" for name in equal),
            *(f"{quoted(name)} IS NULL" for name in nothing),
            *(f"{quoted(name)} <= {MARK}" for name in most),
            *(f"{quoted(name)} IS NOT NULL" for name in ever),
        ]
        text = f"SELECT {', '.join(self.columns)} FROM {self.table}"  # noqa: S608 - our own words
        if conditions:
            text += " WHERE " + " AND ".join(conditions)
        text += " ORDER BY " + ", ".join(map(self._sorted, dict.fromkeys((*order, *self.kind.KEY))))
        return text + f" LIMIT {MARK}" if limited else text


class HeldColumn:
    """How the values of one column are written and read.

    Attributes:
        plain: type of what the column holds: str, int, float, bool, bytes or Eui64.
        optional: there may be none.
        is_choice: a word of an enumeration.
        write: None where the value is held as it is.
        read: the same.
    """

    def __init__(self, hint: Any) -> None:
        self.optional = get_origin(hint) in (Union, types.UnionType)
        if self.optional:
            (hint,) = (part for part in get_args(hint) if part is not type(None))
        self.plain, self.write, self.read, self.is_choice = _kind_of(hint)
        self.is_text = self.plain is str and not self.is_choice
        self.is_float = self.plain is float
        if self.optional:
            self.write, self.read = _or_none(self.write), _or_none(self.read)
            if self.is_choice:
                self.is_choice, self.write = False, _or_none(_word)


def _kind_of(hint: Any) -> tuple[Any, _Convert | None, _Convert | None, bool]:
    if get_origin(hint) is tuple:
        return str, canonical_json, _tuples, False
    if hint is Eui64:
        return Eui64, format_eui64, _eui64, False
    if hint is bool:
        return bool, int, bool, False
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return str, None, {member._value_: member for member in hint}.__getitem__, True
    if hint in (str, int, float, bytes):
        return hint, None, None, False
    raise TypeError(f"{hint}: no column is made for it")


def _or_none(convert: _Convert | None) -> _Convert | None:
    if convert is None:
        return None
    return lambda value: None if value is None else convert(value)


def _word(member: StrEnum) -> str:
    return member._value_


def _eui64(text: str) -> Eui64:
    return Eui64(int(text.replace("-", ""), 16))


def _tuples(text: str) -> tuple[Any, ...]:
    found: tuple[Any, ...] = _as_tuples(json.loads(text))
    return found


def _as_tuples(value: Any) -> Any:
    return tuple(map(_as_tuples, value)) if isinstance(value, list) else value


def _all_equal(names: Sequence[str]) -> str:
    return " AND ".join(f"{quoted(name)} = {MARK}" for name in names)


def quoted(name: str) -> str:
    """Write the name of a column so that every database takes it for one."""
    return f'"{name}"' if name in _RESERVED else name


def hints_of(kind: type[Any]) -> tuple[Any, ...]:
    """Give the types of a row's fields, in their order."""
    hints = get_type_hints(kind)
    return tuple(hints[name] for name in field_names(kind))


def listed(words: Iterable[str]) -> str:
    """Write words of ours for ``IN (...)``."""
    return ", ".join(f"'{word}'" for word in sorted(words))


FORMS: Final[Mapping[type[Any], RowForm]] = {kind: RowForm(kind) for kind in KINDS}
