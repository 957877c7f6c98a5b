"""What can be asked of the audit trail, and which evidence can be taken away."""

from dataclasses import dataclass
from typing import Final

from ota_engine.audit_chain import AuditRow
from ota_engine.fleet.campaigns.rows import CampaignState
from ota_engine.head_end.questions.asking import QuestionRow, Questions, View
from ota_engine.head_end.questions.paging import bounded, cursor, cut, place
from ota_engine.head_end.questions.scope import campaigns_seen, home_party, own_persons, reads_trail
from ota_engine.store.fleet.trail import TrailWanted


@dataclass(frozen=True, slots=True)
class AskTrail:
    """What the audit trail has, the latest line first: all of it, or what the viewer's persons decided.

    Attributes:
        actor: who; empty for all.
        subject: as ``kind:id``; empty for all.
        most: give no more than so many.
        after: ``more`` of the page before.
    """

    actor: str = ""
    subject: str = ""
    most: int = 50
    after: str = ""


@dataclass(frozen=True, slots=True)
class TrailLine:
    """One line of the trail."""

    sequence: int
    utc: float
    actor: str
    action: str
    subject: str
    detail: str
    hash: str


@dataclass(frozen=True, slots=True)
class TrailList:
    """Lines of the trail.

    Attributes:
        items: on this page.
        more: where the next page begins; empty at the end.
        length: of the whole trail.
        head: hash of its last line.
    """

    items: tuple[TrailLine, ...]
    more: str
    length: int
    head: str


@dataclass(frozen=True, slots=True)
class AskEvidencePacks:
    """Of which campaigns evidence can be taken away."""


@dataclass(frozen=True, slots=True)
class EvidenceOffer:
    """Evidence of one campaign.

    Attributes:
        campaign: id.
        state: where it stands.
        since_utc: since when.
        party: whose homes it is about; empty for all.
    """

    campaign: str
    state: CampaignState
    since_utc: float
    party: str


@dataclass(frozen=True, slots=True)
class EvidenceList:
    """Evidence that there is for the viewer."""

    items: tuple[EvidenceOffer, ...]


def _trail(asked: AskTrail, view: View) -> TrailList:
    most = bounded(asked.most)
    after = place(asked.after, int)
    store = view.desk.store
    with store.reading():
        actors = None if reads_trail(view) else own_persons(view)
        if asked.actor:
            named = frozenset({asked.actor})
            actors = named if actors is None else named & actors
        wanted = TrailWanted(actors, asked.subject, after[0] if after else None, most + 1)
        found = [_line(row) for row in store.trail_page(wanted)]
        head = store.audit_head()
    items, goes_on = cut(found, most)
    more = cursor(items[-1].sequence) if goes_on else ""
    return TrailList(items, more, head.length, head.hash)


def _line(row: AuditRow) -> TrailLine:
    one = row.record
    return TrailLine(
        row.sequence, one.utc, one.actor, one.action, one.subject, one.detail, row.hash
    )


def _evidence(asked: AskEvidencePacks, view: View) -> EvidenceList:
    party = home_party(view)
    with view.desk.store.reading():
        return EvidenceList(
            tuple(
                EvidenceOffer(one.campaign, one.state, one.since_utc, party)
                for one in campaigns_seen(view)
                if one.approver
            )
        )


QUESTIONS: Final[Questions] = {
    AskTrail: QuestionRow("audit", _trail, TrailList),
    AskEvidencePacks: QuestionRow("evidence", _evidence, EvidenceList),
}
