"""What persons decide about Service Users and about what may be ordered."""

from dataclasses import dataclass, replace
from typing import Final

from ota_engine.duis.codes import CODES
from ota_engine.duis.variants import UserRole
from ota_engine.errors import LocalError
from ota_engine.fleet.kernel.decisions import (
    Actor,
    ActRow,
    DecisionRefused,
    PartyRole,
    RefusalCode,
)
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.orders.codes import RULES
from ota_engine.fleet.orders.outbox import read_user
from ota_engine.fleet.orders.rows import OrderRules, ServiceUser
from ota_engine.fleet.parties.acts import party_of
from ota_engine.times import Utc


@dataclass(frozen=True, slots=True)
class RegisterServiceUser:
    """A party sends service requests under an EUI-64, in one role.

    Attributes:
        user: EUI-64, as text.
        party: whose.
        role: one of IS, ES, GS, RSA, ED, GT, OU.
        endpoint: URL to which responses and alerts are pushed.
        regions: whose homes it may look at although it supplies none of them.
    """

    user: str
    party: str
    role: str
    endpoint: str = ""
    regions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangeServiceUser:
    """A user has another endpoint or other regions, or is served no longer; all as they are to be."""

    user: str
    endpoint: str = ""
    regions: tuple[str, ...] = ()
    active: bool = True


@dataclass(frozen=True, slots=True)
class SetOrderRules:
    """What may be ordered is this from now on; see ``OrderRules``."""

    listed_only: bool = True
    least_gbcs: tuple[tuple[str, str], ...] = ()
    most_octets: tuple[tuple[str, str], ...] = ()
    codes: tuple[tuple[str, str], ...] = ()


MOST_DIGITS: Final = 9  # of a size in octets

#: Which role a party must have for a user of these; any for all others.
_SUPPLIERS: Final = {
    UserRole.IMPORT_SUPPLIER: PartyRole.ELECTRICITY_SUPPLIER,
    UserRole.GAS_SUPPLIER: PartyRole.GAS_SUPPLIER,
}


def _register(act: RegisterServiceUser, actor: Actor, work: Work, utc: Utc) -> str:
    user = read_user(act.user)
    party = party_of(work, act.party)
    try:
        role = UserRole(act.role)
    except ValueError:
        raise DecisionRefused(
            RefusalCode.CONTENT, f"{act.role!a} is no role: give one of {', '.join(UserRole)}"
        ) from None
    wanted = _SUPPLIERS.get(role)
    if wanted is not None and wanted not in party.roles:
        raise DecisionRefused(
            RefusalCode.CONTENT, f"{act.party} is no {wanted}: add the role, or give another"
        )
    if work.get(ServiceUser, user) is not None:
        raise DecisionRefused(
            RefusalCode.STATE, f"{act.user} is registered already: change it instead"
        )
    text = f"registered by {actor.person}"
    work.put(ServiceUser(user, act.party, role, _endpoint(act.endpoint), act.regions, changed=text))
    return f"user {act.user} of {act.party} is {text}"


def _change(act: ChangeServiceUser, actor: Actor, work: Work, utc: Utc) -> str:
    row = work.get(ServiceUser, read_user(act.user))
    if row is None:
        raise DecisionRefused(
            RefusalCode.UNKNOWN, f"{act.user}: there is no such user: register it first"
        )
    text = f"changed by {actor.person}"
    work.put(
        replace(
            row,
            endpoint=_endpoint(act.endpoint),
            regions=act.regions,
            active=act.active,
            revision=row.revision + 1,
            changed=text,
        )
    )
    return f"user {act.user} is {text}"


def _endpoint(text: str) -> str:
    if text and not text.startswith(("http://", "https://")):
        raise DecisionRefused(
            RefusalCode.CONTENT, f"{text[:60]!a} is no endpoint: give a URL of http or https"
        )
    return text


def _set_rules(act: SetOrderRules, actor: Actor, work: Work, utc: Utc) -> str:
    try:
        CODES.changed(dict(act.codes))
    except LocalError as error:
        raise DecisionRefused(RefusalCode.CONTENT, str(error)) from None
    known = work.get(OrderRules, RULES)
    revision = 1 if known is None else known.revision + 1
    work.put(
        OrderRules(
            RULES,
            act.listed_only,
            act.least_gbcs,
            tuple((kind, _octets(kind, text)) for kind, text in act.most_octets),
            act.codes,
            actor.person,
            revision,
        )
    )
    return f"rules of orders are set by {actor.person}"


def _octets(kind: str, text: str) -> int:
    if not text.isdecimal() or not text.isascii() or len(text) > MOST_DIGITS:
        raise DecisionRefused(
            RefusalCode.CONTENT, f"{text[:20]!a} is no size of an image for {kind}: give octets"
        )
    return int(text)


def _user_revision(act: RegisterServiceUser | ChangeServiceUser, work: Work) -> int | None:
    try:
        user = read_user(act.user)
    except DecisionRefused:
        return None  # nobody is named so: the act is refused where it is taken
    found = work.get(ServiceUser, user)
    return None if found is None else found.revision


def _user_subject(act: RegisterServiceUser | ChangeServiceUser) -> str:
    return f"user:{act.user}"


def _rules_revision(act: SetOrderRules, work: Work) -> int | None:
    found = work.get(OrderRules, RULES)
    return None if found is None else found.revision


_OPERATORS: Final = frozenset({PartyRole.OPERATOR})

ACTS: Final = {
    RegisterServiceUser: ActRow(_OPERATORS, _user_subject, _user_revision, _register),
    ChangeServiceUser: ActRow(_OPERATORS, _user_subject, _user_revision, _change),
    SetOrderRules: ActRow(_OPERATORS, lambda act: "rules:orders", _rules_revision, _set_rules),
}
