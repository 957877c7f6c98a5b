"""Makes decisions of what a person wants: names, signs and gives them; knows no file and no clock.

A decision names itself by a key, so that the same one given twice counts once. A person at a terminal
gives none: then a decision is the same as an earlier one when that was taken, it wanted the same for the
same reason, and what it is about has not moved since. Whatever has no revision is decided anew each time.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from types import SimpleNamespace
from typing import Any, Final, NamedTuple, TypeVar

from cryptography.hazmat.primitives.asymmetric import ec

from ota_engine.canonical import canonical_json
from ota_engine.fleet.kernel.decisions import (
    Decision,
    DecisionRow,
    RefusalCode,
    content_of,
    octets_to_sign,
)
from ota_engine.fleet.kernel.effects import Reply
from ota_engine.fleet.kernel.rows import Rows, RowsWanted, Select
from ota_engine.fleet.kernel.signatures import sign
from ota_engine.fleet.kernel.work import Work
from ota_engine.head_end.desk import FleetDesk
from ota_engine.times import Utc

T = TypeVar("T")

_KEY_OCTETS: Final = 8
#: What of a decision may differ where it is given again: when, and what stands in its place.
_MAY_DIFFER: Final = ("given_utc", "key", "revision")


class Wish(NamedTuple):
    """What a person wants.

    Attributes:
        person: id.
        act: what is wanted.
        reason: why, in words.
        revision: of the subject, as the person saw it; None for whatever it is now.
        key: names the decision; empty to have it named.
    """

    person: str
    act: Any
    reason: str = ""
    revision: int | None = None
    key: str = ""


class Answered(NamedTuple):
    """A decision as it was given, and the answer."""

    decision: Decision
    reply: Reply


def decide(
    desk: FleetDesk, wish: Wish, signer: ec.EllipticCurvePrivateKey | None, utc: Utc
) -> Answered:
    """Give a decision.

    Args:
        desk: of the fleet.
        wish: what is wanted.
        signer: private key of the person; None for a person who signs nothing.
        utc: now, by the person's clock and the fleet's.

    Raises:
        StoreError: the database failed; nothing was decided.
    """
    decision = _named(desk, wish, utc)
    if signer is not None:
        decision = decision._replace(signature=sign(signer, octets_to_sign(decision)))
    return hand_in(desk, decision, utc)


def hand_in(desk: FleetDesk, decision: Decision, utc: Utc) -> Answered:
    """Give a decision that is named already, and signed where its person signs.

    Raises:
        StoreError: the database failed; nothing was decided.
    """
    reply = desk.decide(decision, utc)
    if reply.code == RefusalCode.MOVED and decision.revision is not None:
        since = _moves(desk, decision.act, decision.revision, reply.revision)
        reply = reply._replace(text=f"{reply.text}; since then: {since}")
    return Answered(decision, reply)


def asked(desk: FleetDesk, question: Callable[[Work], T]) -> T:
    """Ask something that is answered from rows."""
    rows = Rows()
    with desk.store.reading():
        while True:
            try:
                return question(Work(rows))
            except RowsWanted as wanted:
                rows.load_all(desk.store.load(wanted.asks))


def named(decision: Decision) -> Decision:
    """Name a decision by what is in it, unless it has a name."""
    if decision.key:
        return decision
    digest = hashlib.blake2b(content_of(decision).encode("ascii"), digest_size=_KEY_OCTETS)
    return decision._replace(key=digest.hexdigest())


def digest_of(decision: Decision) -> str:
    """Give the SHA-256 of what is wanted, by whom and why: the same however often it is given."""
    return _digest(json.loads(content_of(decision)))


def given_before(desk: FleetDesk, subject: str, digest: str, key: str) -> DecisionRow | None:
    """Find the decision that one is given again; None where there is none, or its subject has moved since.

    Args:
        desk: of the fleet.
        subject: of the decision.
        digest: of what is wanted, see ``digest_of``.
        key: that names it; empty for any.
    """
    if key:
        found = asked(desk, lambda work: work.get(DecisionRow, key))
        return found if found is not None and _digest(content_values(found)) == digest else None
    with desk.store.reading():
        rows = desk.store.select(Select(DecisionRow, (("subject", subject), ("accepted", True))))
    same = [one for one in rows if _digest(content_values(one)) == digest and _holds(desk, one)]
    return max(same, key=lambda one: one.taken_utc, default=None)


def content_values(row: DecisionRow) -> dict[str, Any]:
    """Read what was signed, as plain values."""
    told: dict[str, Any] = json.loads(row.content)
    return told


def _holds(desk: FleetDesk, row: DecisionRow) -> bool:
    """Whether the subject of a decision is at the revision to which that led; what has none holds not."""
    kind = next((one for one in desk.fleet.acts if one.__name__ == row.act), None)
    if kind is None:
        return False
    act = json.loads(row.content, object_hook=lambda values: SimpleNamespace(**values)).fields
    return asked(desk, lambda work: desk.fleet.acts[kind].revision(act, work)) == row.revision


def _named(desk: FleetDesk, wish: Wish, utc: Utc) -> Decision:
    decision = Decision(wish.key, wish.person, wish.act, wish.reason, wish.revision, utc)
    subject = desk.fleet.acts[type(wish.act)].subject(wish.act)
    earlier = given_before(desk, subject, digest_of(decision), wish.key)
    return (
        named(decision)
        if earlier is None
        else again(decision, earlier.key, content_values(earlier))
    )


def again(decision: Decision, key: str, told: Mapping[str, Any]) -> Decision:
    """Give a decision the way it was given before.

    Args:
        decision: as it is given now.
        key: that it had.
        told: what was signed then: when it was given, and which revision was named.
    """
    return decision._replace(key=key, given_utc=Utc(told["given_utc"]), revision=told["revision"])


def _digest(told: Mapping[str, Any]) -> str:
    wanted = {name: value for name, value in told.items() if name not in _MAY_DIFFER}
    return hashlib.sha256(canonical_json(wanted).encode("ascii")).hexdigest()


def _moves(desk: FleetDesk, act: Any, seen: int, now: int) -> str:
    """Say what has been decided about a subject after a revision of it."""
    if seen > now:
        return "nothing, as it has not been at that revision yet"
    subject = desk.fleet.acts[type(act)].subject(act)
    with desk.store.reading():
        rows = desk.store.select(Select(DecisionRow, (("subject", subject), ("accepted", True))))
    later = sorted((row.revision, row.text) for row in rows if row.revision > seen)
    told = "; ".join(f"{text} (revision {revision})" for revision, text in later)
    return told or "it moved by itself, without a decision"


def plain(answered: Answered) -> dict[str, Any]:
    """Write a decision and its answer as plain values, ready for JSON."""
    decision, reply = answered
    return {
        "accepted": reply.accepted,
        "code": str(reply.code),
        "text": reply.text,
        "revision": reply.revision,
        "decision": decision.key,
        "person": decision.person,
        "act": type(decision.act).__name__,
        "fields": json.loads(canonical_json(asdict(decision.act))),
        "given_utc": decision.given_utc,
        "signed": bool(decision.signature),
    }
