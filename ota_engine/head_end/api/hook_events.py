"""What a hook is to be told next: lines of the audit trail and notices that its person may see; reads rows.

Operators and auditors are told every line of the trail. Others are told notices to their party, but for
those that are one for each home, and decisions about campaigns that they see. Each of these is one call,
named for ever by what it tells, so that a receiver that is told twice can tell.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final, NamedTuple

from ota_engine.audit_chain import AuditRow
from ota_engine.fleet.access.rows import Hook
from ota_engine.fleet.campaigns.rows import Campaign
from ota_engine.fleet.kernel.decisions import DecisionRow
from ota_engine.fleet.kernel.rows import RowKey
from ota_engine.fleet.notices.rows import Notice
from ota_engine.head_end.questions.asking import View
from ota_engine.head_end.questions.decided import decisions_shown
from ota_engine.head_end.questions.hiding import without_others
from ota_engine.head_end.questions.scope import own_persons, reads_trail, sees_campaign
from ota_engine.head_end.questions.values import plain
from ota_engine.store.fleet.sets import rows_of

AT_ONCE: Final = 100  # calls made ready in one go
OVERLAP_S: Final = 900.0  # by which notices may be late among those that were written at that time
AHEAD_S: Final = 300.0  # of whoever looks, by which one who has written a notice may be
DIGEST: Final = 8  # octets
SHOWN: Final = (
    16  # digits of a line's hash: after a restored back-up another line may have its number
)
_CAMPAIGN: Final = "campaign:"
_NOTICES: Final = (
    "WHERE r.party = :party AND r.kind <> 'activated' AND r.created_utc >= :utc"
    " ORDER BY r.created_utc, r.notice"
)


class HookCall(NamedTuple):
    """One thing that a hook is told.

    Attributes:
        delivery: names it for ever.
        told: plain values.
        after: the hook as it is once this was told.
    """

    delivery: str
    told: dict[str, Any]
    after: Hook


class HookNews(NamedTuple):
    """What there is for a hook.

    Attributes:
        calls: in the order in which they are made.
        after: the hook as it is after these, and after what is not for it.
    """

    calls: tuple[HookCall, ...]
    after: Hook


def news_of(hook: Hook, view: View) -> HookNews:
    """Look what there is for a hook.

    Raises:
        StoreError: the database failed.
    """
    calls: list[HookCall] = []
    with view.desk.store.reading():
        if not reads_trail(view):
            hook = _add_notices(hook, view, calls)
        hook = _add_lines(hook, view, calls)
    return HookNews(tuple(calls), hook)


def digest_of(name: str) -> bytes:
    """Digest what names a notice."""
    return hashlib.blake2b(name.encode(), digest_size=DIGEST).digest()


# --- notices -------------------------------------------------------------------------------------


def _add_notices(hook: Hook, view: View, calls: list[HookCall]) -> Hook:
    latest = view.utc + AHEAD_S  # what is dated later hides nothing that follows rightly dated
    hook = replace(hook, notices_utc=min(hook.notices_utc, latest))
    given = {"party": view.viewer.party, "utc": hook.notices_utc - OVERLAP_S}
    waiting: dict[bytes, Notice] = {}
    recent: dict[bytes, float] = {}
    told = {hook.notices_told[at : at + DIGEST] for at in range(0, len(hook.notices_told), DIGEST)}
    for notice in rows_of(view.desk.store.driver, Notice, _NOTICES, given):
        digest = digest_of(notice.notice)
        if digest in told:
            recent[digest] = notice.created_utc
        elif notice.created_utc >= hook.created_utc and len(waiting) < AT_ONCE:
            waiting[digest] = notice
    for digest, notice in waiting.items():
        recent[digest] = notice.created_utc
        utc = min(max(hook.notices_utc, notice.created_utc), latest)
        kept = b"".join(one for one, at in recent.items() if at >= utc - OVERLAP_S)
        hook = replace(hook, notices_utc=utc, notices_told=kept)
        shown = without_others(notice, view)
        told_of = {**plain(shown), "body": json.loads(shown.body)}
        calls.append(
            HookCall(f"{hook.hook}-n{digest.hex()}", {"kind": "notice", "notice": told_of}, hook)
        )
    return hook


# --- the trail -----------------------------------------------------------------------------------


def _add_lines(hook: Hook, view: View, calls: list[HookCall]) -> Hook:
    lines = view.desk.store.trail_following(hook.told, AT_ONCE)
    shown = lines if reads_trail(view) else list(_own_lines(lines, view))
    seen = {row.sequence for row in shown}
    for row in lines:
        hook = replace(hook, told=row.sequence)
        if row.sequence in seen:
            told = {"kind": "audit", "line": _line(row)}
            calls.append(HookCall(f"{hook.hook}-a{row.sequence}-{row.hash[:SHOWN]}", told, hook))
    return hook


def _own_lines(lines: list[AuditRow], view: View) -> Iterator[AuditRow]:
    keys = {row.sequence: json.loads(row.record.detail).get("decision") for row in lines}
    wanted = [RowKey(DecisionRow, (key,)) for key in keys.values() if key is not None]
    found = [row for _, row in view.desk.store.load(wanted) if row is not None]
    own = own_persons(view)
    shown = {
        one.key
        for one in decisions_shown(view, found)
        if one.person in own or _sees_subject(one.subject, view)
    }
    for row in lines:
        if keys[row.sequence] in shown:
            yield without_others(row, view)


def _sees_subject(subject: str, view: View) -> bool:
    if not subject.startswith(_CAMPAIGN):
        return False
    name = subject.removeprefix(_CAMPAIGN).partition("/")[0]
    ((_, found),) = view.desk.store.load([RowKey(Campaign, (name,))])
    return found is not None and sees_campaign(view, found)


def _line(row: AuditRow) -> dict[str, Any]:
    one = row.record
    return {
        "sequence": row.sequence,
        "utc": one.utc,
        "actor": one.actor,
        "action": one.action,
        "subject": one.subject,
        "detail": json.loads(one.detail),
        "hash": row.hash,
    }
