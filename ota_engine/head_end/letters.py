"""How a notice reads where it arrives: one JSON value, with the audit head that it quotes; pure."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from ota_engine.canonical import canonical_json
from ota_engine.fleet.kernel.heads import SignedHead
from ota_engine.fleet.notices.rows import Notice
from ota_engine.times import Utc


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


def quoted_head(letter: Mapping[str, Any]) -> SignedHead:
    """Read the head that a letter quotes.

    Raises:
        ValueError: it quotes none.
    """
    try:
        head = letter["audit"]
        return SignedHead(
            int(head["length"]), str(head["hash"]), Utc(float(head["utc"])), str(head["signature"])
        )
    except (KeyError, TypeError) as error:
        raise ValueError("the letter quotes no head of an audit trail") from error
