"""What can be asked of the gates of a campaign: verdicts, and what parties and persons said."""

from dataclasses import dataclass
from typing import Final

from ota_engine.fleet.campaigns.rows import CampaignPhase, GateDecision
from ota_engine.fleet.campaigns.voices import Meeting, Position, SignOff, Waiver
from ota_engine.fleet.kernel.decisions import DecisionRow
from ota_engine.fleet.kernel.rows import Select
from ota_engine.head_end.questions.asking import QuestionRow, Questions, View
from ota_engine.head_end.questions.decided import DecisionShown, decisions_shown
from ota_engine.head_end.questions.scope import campaign_of


@dataclass(frozen=True, slots=True)
class AskGateHistory:
    """What the gates of a campaign said, and what parties and persons said and decided."""

    campaign: str


@dataclass(frozen=True, slots=True)
class PhaseHistory:
    """What was said of one phase.

    Attributes:
        phase: its row.
        verdicts: of its gate, the oldest first, each with its inputs and what was missing.
        positions: of parties, as they stand.
        sign_off: of a person; None while there is none.
        meetings: the oldest first.
    """

    phase: CampaignPhase
    verdicts: tuple[GateDecision, ...]
    positions: tuple[Position, ...]
    sign_off: SignOff | None
    meetings: tuple[Meeting, ...]


@dataclass(frozen=True, slots=True)
class GateHistory:
    """What was said of a campaign.

    Attributes:
        campaign: id.
        phases: in order.
        waiver: of the notice and of phases, for an emergency; None for none.
        decisions: about the campaign, the oldest first.
    """

    campaign: str
    phases: tuple[PhaseHistory, ...]
    waiver: Waiver | None
    decisions: tuple[DecisionShown, ...]


def _history(asked: AskGateHistory, view: View) -> GateHistory:
    store = view.desk.store
    with store.reading():
        campaign = campaign_of(view, asked.campaign)
        mine = ("campaign", campaign.campaign)
        about = ("subject", f"campaign:{campaign.campaign}")
        waivers = store.select(Select(Waiver, (mine,)))
        return GateHistory(
            campaign.campaign,
            tuple(_phase(view, row) for row in store.select(Select(CampaignPhase, (mine,)))),
            waivers[0] if waivers else None,
            decisions_shown(view, store.walk(Select(DecisionRow, (about,)))),
        )


def _phase(view: View, phase: CampaignPhase) -> PhaseHistory:
    store = view.desk.store
    here = ("campaign", phase.campaign), ("phase", phase.number)
    signed = store.select(Select(SignOff, here))
    return PhaseHistory(
        phase,
        tuple(store.select(Select(GateDecision, here))),
        tuple(store.select(Select(Position, here))),
        signed[0] if signed else None,
        tuple(store.select(Select(Meeting, here, (), ("held_utc",)))),
    )


QUESTIONS: Final[Questions] = {
    AskGateHistory: QuestionRow("campaigns/{campaign}/gates", _history, GateHistory),
}
