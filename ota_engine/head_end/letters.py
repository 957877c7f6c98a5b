"""How a notice reads where it arrives: one JSON value, with the audit head that it quotes; pure."""

import json
from typing import NamedTuple

from ota_engine.canonical import canonical_json
from ota_engine.fleet.kernel.heads import SignedHead
from ota_engine.fleet.notices.rows import Notice


class NoticeLetter(NamedTuple):
    """One notice on its way.

    Attributes:
        notice: the row.
        key: names it for ever, whoever posts it how often.
        octets: of the letter, without a line end.
    """

    notice: Notice
    key: str
    octets: bytes


def notice_letter(notice: Notice, head: SignedHead) -> NoticeLetter:
    """Write a notice, quoting the head of the audit trail as it is now."""
    told = {
        "audit": head._asdict(),
        "body": json.loads(notice.body),
        "created_utc": notice.created_utc,
        "id": notice.notice,
        "kind": notice.kind,
        "party": notice.party,
        "subject": notice.subject,
        "text": notice.text,
    }
    octets = canonical_json(told).encode("ascii")
    return NoticeLetter(notice, f"{notice.party}/{notice.notice}", octets)
