"""Whether a decision is taken: its key, person, role, signature and what was seen; pure."""

from collections.abc import Mapping
from typing import Any

from ota_engine.fleet.kernel.decisions import (
    Actor,
    ActRow,
    Decision,
    DecisionRefused,
    DecisionRow,
    PartyRole,
    RefusalCode,
    content_of,
    octets_to_sign,
)
from ota_engine.fleet.kernel.effects import FleetEffect, Reply
from ota_engine.fleet.kernel.identifiers import names_meter_point
from ota_engine.fleet.kernel.rows import Rows
from ota_engine.fleet.kernel.signatures import is_signed
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.parties.acts import FoundEstate, read_key
from ota_engine.fleet.parties.rows import Party, Person
from ota_engine.times import Utc

_METER_POINT = (
    "the decision names a meter point (MPAN), and what is decided is kept for ever: name the home by"
    " its pseudonym"
)


def decide(
    decision: Decision, acts: Mapping[type[Any], ActRow], rows: Rows, utc: Utc
) -> list[FleetEffect]:
    """Take a decision, or refuse it; either way it is kept, and answered once.

    What names a meter point is not kept, as nothing kept is ever taken out again; nor is what its
    person did not sign, so that nobody uses up the key of another one's decision.

    Raises:
        RowsWanted: rows are missing: load them and call again.
    """
    earlier = Work(rows).get(DecisionRow, decision.key)
    if earlier is not None:
        return [_again(decision, earlier)]
    row = acts[type(decision.act)]
    if names_meter_point(content_of(decision)):
        return [Reply(False, RefusalCode.CONTENT, _METER_POINT, 0)]
    subject = row.subject(decision.act)
    work = Work(rows)
    try:
        actor = _actor(decision, row, work)
        _refuse_moved(decision, row, subject, work)
        reply = Reply(True, "", row.take(decision.act, actor, work, utc), 0)
        reply = reply._replace(revision=row.revision(decision.act, work) or 0)
    except DecisionRefused as refused:
        work = Work(rows)
        reply = Reply(False, refused.code, refused.text, refused.revision)
    if reply.code != RefusalCode.SIGNATURE:
        work.put(_kept(decision, subject, reply, utc))
    done = type(decision.act).__name__ if reply.accepted else f"refused {reply.code}"
    work.note(decision.person, done, subject, decision=decision.key, text=reply.text)
    work.reply(reply)
    return work.effects


def _again(decision: Decision, earlier: DecisionRow) -> Reply:
    if earlier.content != content_of(decision):
        text = f"the key {decision.key} was used for another decision: give a new key"
        return Reply(False, RefusalCode.REUSED, text, 0)
    return Reply(earlier.accepted, earlier.code, earlier.text, earlier.revision)


def _actor(decision: Decision, row: ActRow, work: Work) -> Actor:
    if isinstance(decision.act, FoundEstate):
        return _founder(decision, decision.act)
    person = work.get(Person, decision.person)
    if person is None or not person.active:
        raise DecisionRefused(
            RefusalCode.FORBIDDEN, f"{decision.person} is not registered: register the person first"
        )
    party = work.get(Party, person.party)
    roles = frozenset(map(PartyRole, party.roles)) if party else frozenset()
    if roles.isdisjoint(row.roles):
        wanted = " or ".join(sorted(row.roles))
        raise DecisionRefused(
            RefusalCode.FORBIDDEN,
            f"{decision.person} of {person.party} may not decide this: it takes {wanted}",
        )
    if person.key and not _is_signed(decision, person.key):
        raise _unsigned(decision)
    return Actor(decision.person, person.party, roles, decision.reason, decision.key)


def _founder(decision: Decision, act: FoundEstate) -> Actor:
    """Know a founder by the key that her own act states."""
    keys = {person: key for person, _, key in act.persons}
    if decision.person not in keys:
        raise DecisionRefused(
            RefusalCode.FORBIDDEN, f"{decision.person} is none of the founders: name her as one"
        )
    if not _is_signed(decision, read_key(keys[decision.person])):
        raise _unsigned(decision)
    roles = frozenset({PartyRole.OPERATOR, PartyRole.APPROVER})
    return Actor(decision.person, act.party, roles, decision.reason, decision.key)


def _unsigned(decision: Decision) -> DecisionRefused:
    if decision.signature:
        text = f"the signature is not {decision.person}'s: sign with the key that was registered"
    else:
        text = f"it is not signed: sign it with the key of {decision.person} that was registered"
    return DecisionRefused(RefusalCode.SIGNATURE, text)


def _is_signed(decision: Decision, key: str) -> bool:
    return is_signed(octets_to_sign(decision), decision.signature, key)


def _refuse_moved(decision: Decision, row: ActRow, subject: str, work: Work) -> None:
    now = row.revision(decision.act, work)
    if row.sees and decision.revision is None and now is not None:
        raise DecisionRefused(
            RefusalCode.CONTENT,
            f"name the revision of {subject} that you saw: it is at revision {now}",
            now,
        )
    if decision.revision is not None and now is not None and now != decision.revision:
        changed = "" if row.changed is None else f" (last: {row.changed(decision.act, work)})"
        raise DecisionRefused(
            RefusalCode.MOVED,
            f"{subject} is at revision {now}, you saw {decision.revision}{changed}: look again",
            now,
        )


def _kept(decision: Decision, subject: str, reply: Reply, utc: Utc) -> DecisionRow:
    return DecisionRow(
        decision.key,
        decision.person,
        type(decision.act).__name__,
        content_of(decision),
        decision.signature.hex(),
        subject,
        utc,
        reply.accepted,
        reply.code,
        reply.text,
        reply.revision,
    )
