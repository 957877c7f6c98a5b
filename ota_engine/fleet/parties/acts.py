"""What persons decide about parties and persons; knows no home.

An estate begins with one act, which its two founders have signed for: two-person rules need two persons
from the first day on. Whoever comes later is registered by one person and confirmed by another, so that
nobody makes a second person of herself.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)

from ota_engine.fleet.kernel.decisions import (
    Actor,
    ActRow,
    DecisionRefused,
    PartyRole,
    RefusalCode,
    about,
)
from ota_engine.fleet.kernel.identifiers import refuse_bad_id, refuse_words
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.parties.rows import Party, PartyId, Person
from ota_engine.times import Utc


@dataclass(frozen=True, slots=True)
class FoundEstate:
    """The operator and two persons of it begin an estate; one of them decides it.

    Attributes:
        party: id of the operator, which also approves.
        name: of the operator.
        persons: id, name and public key (PEM, P-256) of each of the two.
    """

    party: str
    name: str
    persons: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class RegisterParty:
    """A party takes part.

    Attributes:
        party: short id.
        name: as people call it.
        roles: texts of ``PartyRole``, one at least.
        ids: pairs of an id by which others know it and the role it has there.
        contact: whom to turn to.
        endpoint: where notices go.
    """

    party: str
    name: str
    roles: tuple[str, ...]
    ids: tuple[tuple[str, str], ...] = ()
    contact: str = ""
    endpoint: str = ""


@dataclass(frozen=True, slots=True)
class ChangeParty:
    """A party has other roles, ids, contact or endpoint; all are given as they are to be."""

    party: str
    name: str
    roles: tuple[str, ...]
    ids: tuple[tuple[str, str], ...] = ()
    contact: str = ""
    endpoint: str = ""


@dataclass(frozen=True, slots=True)
class RegisterPerson:
    """A person is to decide for a party; ``key`` is her public key, PEM, P-256."""

    person: str
    party: str
    name: str
    key: str


@dataclass(frozen=True, slots=True)
class ConfirmPerson:
    """A second person knows her, too: from now on she decides."""

    person: str


@dataclass(frozen=True, slots=True)
class ReplaceKey:
    """A person signs with another key from now on; she decides it herself, with the former one."""

    person: str
    key: str


@dataclass(frozen=True, slots=True)
class RemovePerson:
    """A person decides no longer; what she decided stays."""

    person: str


PartyAct = RegisterParty | ChangeParty

_FOUNDERS: Final = 2


def read_roles(roles: Iterable[str]) -> tuple[PartyRole, ...]:
    """Read texts of roles.

    Raises:
        DecisionRefused: one is no role, or there is none.
    """
    found = []
    for text in dict.fromkeys(roles):
        try:
            found.append(PartyRole(text))
        except ValueError:
            raise DecisionRefused(
                RefusalCode.CONTENT, f"{text!a} is no role: give one of {', '.join(PartyRole)}"
            ) from None
    if not found:
        raise DecisionRefused(RefusalCode.CONTENT, "a party has no role: give one at least")
    return tuple(found)


def read_key(text: str) -> str:
    """Read a public key, and write it the one way, so that equal keys are equal texts.

    Raises:
        DecisionRefused: it is none, or not on the curve P-256.
    """
    try:
        key = load_pem_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise DecisionRefused(
            RefusalCode.CONTENT, "the key is no public key of P-256: give its PEM text"
        )
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def party_of(work: Work, party: str) -> Party:
    """Read a party.

    Raises:
        DecisionRefused: there is none.
    """
    found = work.get(Party, party)
    if found is None:
        raise DecisionRefused(
            RefusalCode.UNKNOWN, f"{party!a}: there is no such party: register it first"
        )
    return found


def refuse_author(actor: Actor, author: str, what: str, revision: int = 0) -> None:
    """Have a second person decide.

    Raises:
        DecisionRefused: it is the same one.
    """
    if actor.person == author:
        raise DecisionRefused(
            RefusalCode.AUTHOR, f"{author} {what}: somebody else decides this", revision
        )


def _found(act: FoundEstate, actor: Actor, work: Work, utc: Utc) -> str:
    if work.select(Person, limit=1):
        raise DecisionRefused(
            RefusalCode.STATE, "the estate is founded already: register the person"
        )
    if len({person for person, _, _ in act.persons}) != _FOUNDERS:
        raise DecisionRefused(RefusalCode.CONTENT, "an estate takes two founders: name two persons")
    refuse_bad_id(act.party, "a party")
    roles = PartyRole.OPERATOR, PartyRole.APPROVER
    work.put(Party(act.party, refuse_words(act.name, "the name"), roles, changed="founded"))
    for person, name, key in act.persons:
        _put_person(RegisterPerson(person, act.party, name, key), "", work, active=True)
    names = " and ".join(person for person, _, _ in act.persons)
    return f"estate of {act.party} is founded by {names}"


def _register(act: RegisterParty, actor: Actor, work: Work, utc: Utc) -> str:
    if work.get(Party, act.party) is not None:
        raise DecisionRefused(RefusalCode.STATE, f"{act.party} is registered already: change it")
    refuse_bad_id(act.party, "a party")
    text = f"registered by {actor.person}"
    _put_party(act, 1, text, work)
    return f"party {act.party} is {text}"


def _change(act: ChangeParty, actor: Actor, work: Work, utc: Utc) -> str:
    party = party_of(work, act.party)
    text = f"changed by {actor.person}"
    for one in work.select(PartyId, party=act.party):
        work.drop(one)
    _put_party(act, party.revision + 1, text, work)
    return f"party {act.party} is {text}"


def _put_party(act: PartyAct, revision: int, text: str, work: Work) -> None:
    roles = read_roles(act.roles)
    for name, role in act.ids:
        refuse_bad_id(name, "a party")
        held = work.get(PartyId, name)
        if held is not None and held.party != act.party:
            raise DecisionRefused(
                RefusalCode.CONTENT, f"{name} is an id of {held.party}: take it from there first"
            )
        (read,) = read_roles([role])
        if read not in roles:
            raise DecisionRefused(
                RefusalCode.CONTENT, f"{name} is for {role}, which {act.party} is not: add the role"
            )
        work.put(PartyId(name, act.party, read))
    name = refuse_words(act.name, "the name")
    ids = tuple(name for name, _ in act.ids)
    work.put(Party(act.party, name, roles, ids, act.contact, act.endpoint, revision, text))


def _register_person(act: RegisterPerson, actor: Actor, work: Work, utc: Utc) -> str:
    if work.get(Person, act.person) is not None:
        raise DecisionRefused(
            RefusalCode.STATE, f"{act.person} is registered already: give another id"
        )
    party_of(work, act.party)
    _put_person(act, actor.person, work, active=False)
    return f"person {act.person} is registered by {actor.person}: a second person confirms"


def _put_person(act: RegisterPerson, by: str, work: Work, *, active: bool) -> None:
    refuse_bad_id(act.person, "a person")
    key = _fresh_key(act.key, act.person, work)
    name = refuse_words(act.name, "the name")
    text = f"registered by {by}" if by else "founder"
    work.put(Person(act.person, act.party, name, key, active, by, 1, text))


def _fresh_key(text: str, person: str, work: Work) -> str:
    """Read a key that nobody else has, or two persons might be one."""
    key = read_key(text)
    others = [one.person for one in work.select(Person, key=key) if one.person != person]
    if others:
        raise DecisionRefused(
            RefusalCode.CONTENT, f"the key is {others[0]}'s: each person has a key of her own"
        )
    return key


def _person(work: Work, name: str) -> Person:
    found = work.get(Person, name)
    if found is None:
        raise DecisionRefused(
            RefusalCode.UNKNOWN, f"{name!a}: there is no such person: register the person first"
        )
    return found


def _confirm(act: ConfirmPerson, actor: Actor, work: Work, utc: Utc) -> str:
    person = _person(work, act.person)
    if person.active or person.revision > 1:
        raise DecisionRefused(
            RefusalCode.STATE,
            f"{act.person} awaits no confirmation: register the person first",
            person.revision,
        )
    refuse_author(actor, person.registered_by, f"registered {act.person}", person.revision)
    return _changed(person, f"confirmed by {actor.person}", work, active=True)


def _replace_key(act: ReplaceKey, actor: Actor, work: Work, utc: Utc) -> str:
    person = _person(work, act.person)
    if actor.person != act.person:
        raise DecisionRefused(
            RefusalCode.FORBIDDEN,
            f"{act.person} replaces her key herself: have her removed, and registered under another id",
        )
    key = _fresh_key(act.key, act.person, work)
    return _changed(replace(person, key=key), "given another key", work, active=True)


def _remove(act: RemovePerson, actor: Actor, work: Work, utc: Utc) -> str:
    person = _person(work, act.person)
    if act.person == actor.person:
        raise DecisionRefused(
            RefusalCode.AUTHOR, f"{act.person} may not remove herself: somebody else decides this"
        )
    return _changed(person, f"removed by {actor.person}", work, active=False)


def _changed(person: Person, text: str, work: Work, *, active: bool) -> str:
    work.put(replace(person, active=active, revision=person.revision + 1, changed=text))
    return f"person {person.person} is {text}"


_REGISTRARS: Final = frozenset({PartyRole.OPERATOR, PartyRole.ADMINISTRATOR})
_PARTY: Final = about("party", Party)
_PERSON: Final = about("person", Person)

ACTS: Final = {
    FoundEstate: ActRow(_REGISTRARS, *_PARTY, _found),
    RegisterParty: ActRow(_REGISTRARS, *_PARTY, _register),
    ChangeParty: ActRow(_REGISTRARS, *_PARTY, _change),
    RegisterPerson: ActRow(_REGISTRARS, *_PERSON, _register_person),
    ConfirmPerson: ActRow(_REGISTRARS, *_PERSON, _confirm),
    ReplaceKey: ActRow(frozenset(PartyRole), *_PERSON, _replace_key),
    RemovePerson: ActRow(_REGISTRARS, *_PERSON, _remove),
}
