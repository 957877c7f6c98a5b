"""Parties, their ids, persons, and who answers for a home since when, as rows."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Party:
    """An organisation that takes part.

    Attributes:
        party: short id.
        name: as people call it.
        roles: texts of ``PartyRole``.
        ids: its EUI-64s and other ids; one party may have several.
        contact: whom to turn to.
        endpoint: where notices go; empty while none is registered.
        revision: counts its changes.
        changed: what the last one was.
    """

    TABLE: ClassVar = "parties"
    KEY: ClassVar = ("party",)
    party: str
    name: str
    roles: tuple[str, ...]
    ids: tuple[str, ...] = ()
    contact: str = ""
    endpoint: str = ""
    revision: int = 1
    changed: str = ""


@dataclass(frozen=True, slots=True)
class PartyId:
    """An id by which others know a party, in one of its roles; no two parties have the same.

    Attributes:
        id: an EUI-64, a market participant id, as others write it.
        party: whose.
        role: text of ``PartyRole`` in which it is used.
    """

    TABLE: ClassVar = "party_ids"
    KEY: ClassVar = ("id",)
    INDEXES: ClassVar = (("party",),)
    id: str
    party: str
    role: str


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who decides for a party.

    Attributes:
        person: short id.
        party: for which.
        name: as people call her.
        key: public key that checks her signatures, PEM.
        active: False before a second person has confirmed her, and once she has left.
        registered_by: the person who registered her; empty for founders.
        revision: counts her changes.
        changed: what the last one was.
    """

    TABLE: ClassVar = "persons"
    KEY: ClassVar = ("person",)
    INDEXES: ClassVar = (("party",), ("key",))
    person: str
    party: str
    name: str
    key: str
    active: bool = True
    registered_by: str = ""
    revision: int = 1
    changed: str = ""


class Fuel(StrEnum):
    """What a supplier supplies."""

    ELECTRICITY = "electricity"
    GAS = "gas"


@dataclass(frozen=True, slots=True)
class Responsibility:
    """Who answers for a home, by registration data.

    Attributes:
        home: pseudonym.
        fuel: of which.
        from_utc: since, or from, when.
        party: who.
        until_utc: until when; None while nobody follows.
        due_utc: when it is to take effect; None once it has.
    """

    TABLE: ClassVar = "responsibilities"
    KEY: ClassVar = ("home", "fuel", "from_utc")
    INDEXES: ClassVar = (("party", "from_utc"), ("due_utc",))
    home: str
    fuel: Fuel
    from_utc: float
    party: str
    until_utc: float | None = None
    due_utc: float | None = None


@dataclass(frozen=True, slots=True)
class Tenancy:
    """A change of tenancy: other people live there since.

    Attributes:
        home: pseudonym.
        from_utc: since, or from, when.
        due_utc: when it is to take effect; None once it has.
    """

    TABLE: ClassVar = "tenancies"
    KEY: ClassVar = ("home", "from_utc")
    INDEXES: ClassVar = (("due_utc",),)
    home: str
    from_utc: float
    due_utc: float | None = None
