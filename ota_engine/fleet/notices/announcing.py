"""Tells parties: writes notices, once each, for whatever room has something to say."""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from ota_engine.canonical import canonical_json
from ota_engine.fleet.kernel.decisions import PartyRole
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.notices.rows import Notice, NoticeKind
from ota_engine.fleet.parties.rows import Party
from ota_engine.times import Utc

_DIGEST: Final = 8  # octets in a name that was made


def announce(
    work: Work,
    kind: NoticeKind,
    subject: str,
    parties: Iterable[str],
    text: str,
    body: Mapping[str, Any],
    utc: Utc,
    *,
    name: str = "",
) -> str:
    """Tell parties something, each once.

    Args:
        work: the event in hand.
        kind: what it is about.
        subject: as ``kind:id``.
        parties: ids of those to be told; one that is named twice is told once.
        text: one line for people.
        body: the same for programs, as plain values.
        utc: now.
        name: of the notice; give one where it is asked for later. A notice with that name must not
            have been written before.

    Returns:
        the name.
    """
    content = canonical_json(body)
    name = name or _name(kind, subject, text, content, utc)
    for party in dict.fromkeys(parties):
        work.put(Notice(name, party, kind, subject, text, content, utc))
    return name


def _name(kind: NoticeKind, subject: str, text: str, content: str, utc: Utc) -> str:
    told = canonical_json([kind, subject, text, content, utc])
    digest = hashlib.blake2b(told.encode("ascii"), digest_size=_DIGEST).hexdigest()
    return f"{subject}/{kind}/{digest}"


def with_role(work: Work, roles: Collection[PartyRole]) -> tuple[str, ...]:
    """Name all parties that have one of some roles.

    Raises:
        RowsWanted: the parties are not loaded.
    """
    wanted = frozenset(roles)
    return tuple(
        party.party
        for party in work.select(Party)
        if not wanted.isdisjoint(map(PartyRole, party.roles))
    )
