"""What persons decide: who may, signed by whom, on what they saw, and only once; pure.

A decision has an act (a frozen dataclass of plain values), which is what is wanted. Its signature is
ECDSA P-256 with SHA-256 over ``octets_to_sign``. A decision given again under the same key is
answered as it was the first time; another one under that key is refused.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, ClassVar, Final, NamedTuple

from ota_engine.canonical import canonical_json
from ota_engine.fleet.kernel.rows import key_values
from ota_engine.fleet.kernel.work import Work
from ota_engine.times import Utc


class PartyRole(StrEnum):
    """What a party may be."""

    OPERATOR = "operator"  # of the DCC
    APPROVER = "approver"
    CSP = "csp"  # communications service provider
    ELECTRICITY_SUPPLIER = "electricity supplier"
    GAS_SUPPLIER = "gas supplier"
    MANUFACTURER = "manufacturer"
    ASSET_PROVIDER = "asset provider"  # meter asset provider
    ADMINISTRATOR = "administrator"  # code administrator
    AUDITOR = "auditor"


SUPPLIERS: Final = frozenset({PartyRole.ELECTRICITY_SUPPLIER, PartyRole.GAS_SUPPLIER})


class RefusalCode(StrEnum):
    """Why a decision was not taken."""

    UNKNOWN = "unknown"  # what it is about is not there
    FORBIDDEN = "forbidden"  # not for this person's roles
    SIGNATURE = "signature"
    REUSED = "reused"  # its key was used for another decision
    MOVED = "moved"  # the subject is not as it was seen
    AUTHOR = "author"  # a second person is needed
    STATE = "state"  # not from where it stands
    CONTENT = "content"  # what is wanted makes no sense


class DecisionRefused(Exception):  # noqa: N818 - a verdict on a decision, not a fault of the program
    """A decision is not taken; nothing of it counts."""

    def __init__(self, code: RefusalCode, text: str, revision: int = 0) -> None:
        super().__init__(text)
        self.code, self.text, self.revision = code, text, revision


class Decision(NamedTuple):
    """One decision of one person.

    Attributes:
        key: names it, once for ever.
        person: who decides.
        act: what; a frozen dataclass of plain values.
        reason: why, in words.
        revision: of the subject, as the person saw it; None where there is none yet.
        given_utc: when, by the person's clock.
        signature: r and s, 64 octets; empty where persons need not sign.
    """

    key: str
    person: str
    act: Any
    reason: str
    revision: int | None
    given_utc: Utc
    signature: bytes = b""


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """A decision as it was taken or refused."""

    TABLE: ClassVar = "decisions"
    KEY: ClassVar = ("key",)
    INDEXES: ClassVar = (("subject",),)
    evidence: ClassVar = True
    key: str
    person: str
    act: str
    content: str  # what was signed, as text
    signature: str  # hexadecimal
    subject: str
    taken_utc: float
    accepted: bool
    code: str
    text: str
    revision: int


class Actor(NamedTuple):
    """Who decides, as the handler of an act sees it.

    Attributes:
        person: id.
        party: the person's.
        roles: of that party.
        reason: the person's words.
        key: of the decision.
    """

    person: str
    party: str
    roles: frozenset[PartyRole]
    reason: str
    key: str


class ActRow(NamedTuple):
    """One kind of act.

    Attributes:
        roles: a party must have one of these.
        subject: says what an act is about, as ``kind:id``.
        revision: reads the revision of that, None where there is none yet.
        take: does it, and says in one line what was done; may raise ``DecisionRefused``.
        sees: it must name the revision that the person saw.
        changed: reads what the last change of the subject was; None where nothing says.
    """

    roles: frozenset[PartyRole]
    subject: Callable[[Any], str]
    revision: Callable[[Any, Work], int | None]
    take: Callable[[Any, Actor, Work, Utc], str]
    sees: bool = False
    changed: Callable[[Any, Work], str] | None = None


def about(
    word: str, kind: type[Any]
) -> tuple[Callable[[Any], str], Callable[[Any, Work], int | None]]:
    """Make the ``subject`` and the ``revision`` of acts that are about one row.

    Args:
        word: says what it is, in the subject.
        kind: class of the row; the acts have fields of the names of its key.
    """

    def subject(act: Any) -> str:
        return f"{word}:{'/'.join(map(str, key_values(kind, act)))}"

    def revision(act: Any, work: Work) -> int | None:
        found = work.get(kind, *key_values(kind, act))
        return None if found is None else found.revision

    return subject, revision


def no_revision(act: Any, work: Work) -> None:
    """Read the ``revision`` of what has none: a person need not have seen it."""


def octets_to_sign(decision: Decision) -> bytes:
    """Write a decision the one way, without its signature."""
    return content_of(decision).encode("ascii")


def content_of(decision: Decision) -> str:
    """Write a decision as text, without its signature."""
    return canonical_json(
        {
            "act": type(decision.act).__name__,
            "fields": asdict(decision.act),
            "given_utc": decision.given_utc,
            "key": decision.key,
            "person": decision.person,
            "reason": decision.reason,
            "revision": decision.revision,
        }
    )
