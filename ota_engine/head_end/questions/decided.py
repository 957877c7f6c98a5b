"""Decisions as people look at them: who, what, why, and what became of it; answers no question."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ota_engine.canonical import canonical_json
from ota_engine.fleet.inventory.rows import Home
from ota_engine.fleet.kernel.decisions import DecisionRow
from ota_engine.fleet.kernel.rows import RowKey
from ota_engine.head_end.questions.asking import View
from ota_engine.head_end.questions.scope import own_persons, persons_hidden, sees_home

#: What an act names homes by.
_HOMES: Final = ("home", "homes", "slots")


@dataclass(frozen=True, slots=True)
class DecisionShown:
    """One decision.

    Attributes:
        key: names it.
        person: who decided.
        act: name of the class of what was wanted.
        fields: of the act, canonical JSON.
        reason: why.
        subject: what it is about, as ``kind:id``.
        given_utc: when, by the person's clock.
        taken_utc: when it came.
        accepted: it was taken.
        code: why it was not; empty where it was.
        text: what was done, or why not.
        revision: that it led to.
        signed: the person signed it.
    """

    key: str
    person: str
    act: str
    fields: str
    reason: str
    subject: str
    given_utc: float
    taken_utc: float
    accepted: bool
    code: str
    text: str
    revision: int
    signed: bool


def decisions_shown(view: View, rows: Iterable[DecisionRow]) -> tuple[DecisionShown, ...]:
    """Give those decisions that a viewer may see, the oldest first.

    Of other suppliers and manufacturers none is seen; nor is one that names a home of another.
    """
    hidden = persons_hidden(view)
    told = [(row, json.loads(row.content)) for row in rows if row.person not in hidden]
    unknown = _unknown_homes(view, [homes_named(values["fields"]) for _, values in told])
    own = own_persons(view) if hidden else frozenset()
    found = [
        _shown(row, values)
        for row, values in told
        if row.person in own or unknown.isdisjoint(homes_named(values["fields"]))
    ]
    return tuple(sorted(found, key=lambda one: (one.taken_utc, one.key)))


def _unknown_homes(view: View, named: Iterable[Iterable[str]]) -> frozenset[str]:
    if view.viewer.sees_every_home:
        return frozenset()
    homes = {home for homes in named for home in homes}
    found = view.desk.store.load([RowKey(Home, (home,)) for home in homes])
    seen = {row.home for _, row in found if row is not None and sees_home(view, row)}
    return frozenset(homes - seen)


def _shown(row: DecisionRow, values: Mapping[str, Any]) -> DecisionShown:
    return DecisionShown(
        row.key,
        row.person,
        row.act,
        canonical_json(values["fields"]),
        values["reason"],
        row.subject,
        values["given_utc"],
        row.taken_utc,
        row.accepted,
        row.code,
        row.text,
        row.revision,
        bool(row.signature),
    )


def homes_named(told: Mapping[str, Any]) -> list[str]:
    """Name the homes that the fields of an act name."""
    found: list[str] = []
    for name in _HOMES:
        value = told.get(name, ())
        if isinstance(value, str):
            found.append(value)
        else:
            found += [one if isinstance(one, str) else str(one[0]) for one in value]
    return found
