"""Parties and persons as rows."""

from dataclasses import dataclass
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
    """

    TABLE: ClassVar = "parties"
    KEY: ClassVar = ("party",)
    party: str
    name: str
    roles: tuple[str, ...]
    ids: tuple[str, ...] = ()
    contact: str = ""
    endpoint: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who decides for a party.

    Attributes:
        person: short id.
        party: for which.
        name: as people call her.
        key: public key that checks her signatures, PEM.
        active: False once she has left.
    """

    TABLE: ClassVar = "persons"
    KEY: ClassVar = ("person",)
    INDEXES: ClassVar = (("party",),)
    person: str
    party: str
    name: str
    key: str
    active: bool = True
