"""How rows are written to their tables and read back: any row of any kind, and what no table can hold."""

from dataclasses import fields
from enum import StrEnum
from typing import Any, get_args, get_origin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from images.eui64 import Eui64
from ota_engine.errors import LocalError
from ota_engine.fleet.inventory.rows import Variant
from ota_engine.fleet.kernel.rows import Changed, RowKey, Select, Unloaded, key_of
from ota_engine.fleet.kernel.seals import digest
from ota_engine.fleet.tables import KINDS
from ota_engine.store.fleet.forms import FORMS, hints_of
from tests.fleet.databases import new_store
from tests.fleet.estate import BEGIN
from tests.tiers import examples

TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)
PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    str: TEXTS,
    int: st.integers(-(2**63), 2**63 - 1),
    float: st.floats(allow_nan=False, allow_infinity=False),
    bool: st.booleans(),
    bytes: st.binary(max_size=8),
    Eui64: st.integers(0, 2**64 - 1).map(Eui64),
    Any: TEXTS,
}


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Values of a field, by its type."""
    arguments = get_args(hint)
    if get_origin(hint) is tuple:
        if arguments[-1] is ...:
            return st.lists(values(arguments[0]), max_size=3).map(tuple)
        return st.tuples(*map(values, arguments))
    if type(None) in arguments:
        (some,) = (part for part in arguments if part is not type(None))
        return st.none() | values(some)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return st.sampled_from(hint)
    if hint in PLAIN:
        return PLAIN[hint]
    return st.builds(hint)


def rows(kind: type[Any]) -> st.SearchStrategy[Any]:
    """Any rows of a kind."""
    return st.tuples(*map(values, hints_of(kind))).map(lambda found: kind(*found))


ANY = st.sampled_from(KINDS).flatmap(lambda kind: st.tuples(rows(kind), rows(kind)))


@examples(200)
@given(ANY)
def test_any_row_is_read_back_as_it_was_written_also_when_it_is_changed(
    pair: tuple[Any, Any],
) -> None:
    row, other = pair
    kind, form = type(row), FORMS[type(row)]
    keep = {name: getattr(row, name) for name in kind.KEY}
    changed = kind(**{**{f.name: getattr(other, f.name) for f in fields(kind)}, **keep})
    store = new_store()
    with store.transaction():
        store.keep([Changed(key_of(row), None, row)], [], BEGIN)
        assert dict(store.load([key_of(row)])) == {key_of(row): row}
        store.keep([Changed(key_of(row), row, changed)], [], BEGIN)
        assert store.select(Select(kind)) == [changed]
        (held,) = store.driver.execute(f"SELECT * FROM {form.table}").fetchall()  # noqa: S608 - ours
        assert digest(form.table, held) == digest(form.table, form.write(changed))
        assert list(store.broken_seals()) == []
        store.keep([Changed(key_of(row), Unloaded.UNKNOWN, None)], [], BEGIN)
        assert store.select(Select(kind)) == []
        assert list(store.broken_seals()) == []
    store.close()


@pytest.mark.parametrize("many", [1, 7, 8, 9, 63, 64, 65, 400, 401, 1_000])
def test_any_number_of_rows_is_loaded_by_their_keys(many: int) -> None:
    store = new_store()
    there = [Variant(f"v{number}", "CHF", "m", "m", "1") for number in range(0, many, 2)]
    asks = [RowKey(Variant, (f"v{number}",)) for number in range(many)]
    with store.transaction():
        store.insert(there)
        found = dict(store.load(asks))
    assert list(found) == asks
    assert [row for row in found.values() if row is not None] == there
    assert [ask for ask, row in found.items() if row is None] == asks[1::2]
    store.close()


def test_a_text_that_not_every_database_can_hold_is_refused_and_nothing_kept() -> None:
    store = new_store()
    good, bad = (Variant(name, "CHF", text, "m", "1") for name, text in (("a", "x"), ("b", "\0")))
    with pytest.raises(LocalError, match=r"^variants: manufacturer .* NUL"), store.transaction():
        store.insert([good, bad])
    with store.reading():
        assert store.select(Select(Variant)) == []
    store.close()
