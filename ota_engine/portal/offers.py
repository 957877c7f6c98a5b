"""Which decisions a page offers first, which apart, and which behind a disclosure; knows no form.

Two or three that matter now stand by themselves. What ends something for good is apart from all others, so
that nobody takes it for one of them. The others are a list that says of each what it does.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Final, NamedTuple

from ota_engine.head_end.questions.asking import NotForViewerError, NotThereError
from ota_engine.head_end.questions.decisions import AskDecisions
from ota_engine.portal.pages import Visit
from ota_engine.portal.subjects import act_path

MOST_FIRST: Final = 3  # that stand by themselves
#: What matters where nothing else is known, the most urgent first: what somebody waits for, then what keeps
#: homes from harm, then what a day has.
_RANK: Final = (
    "approve-campaign",
    "approve-waiver",
    "resume-campaign",
    "take-incident",
    "resolve-incident",
    "choose-slots",
    "pause-campaign",
    "raise-incident",
    "state-position",
    "give-consent",
    "rate-incident",
    "record-evidence",
    "plan-date",
    "propose-campaign",
    "move-homes",
)
#: What cannot be taken back.
_ENDING: Final = frozenset(
    {
        "reject-campaign",
        "abort-campaign",
        "withdraw-release",
        "retire-release",
        "revoke-gateway",
        "remove-person",
        "erase-particulars",
    }
)


class OfferedDecision(NamedTuple):
    """A decision, and the way to its form.

    Attributes:
        act: its name, as ``approve-campaign``.
        title: what it does, in one line.
        url: of its form; whoever has given it comes back.
        urgent: somebody waits for it now.
    """

    act: str
    title: str
    url: str
    urgent: bool = False


class DecisionOffers(NamedTuple):
    """Decisions that a page offers.

    Attributes:
        first: that matter now.
        others: in the order of the fleet.
        ending: that end something for good.
    """

    first: tuple[OfferedDecision, ...] = ()
    others: tuple[OfferedDecision, ...] = ()
    ending: tuple[OfferedDecision, ...] = ()

    @property
    def urls(self) -> Mapping[str, str]:
        """Ways to the forms, by the names of decisions."""
        return {one.act: one.url for one in (*self.first, *self.others, *self.ending)}


def offers_of(
    visit: Visit, subject: str, now: Collection[str] = (), without: Collection[str] = ()
) -> DecisionOffers:
    """Say what may be decided about a subject now.

    Args:
        visit: of whoever looks.
        subject: as ``kind:id``.
        now: decisions that somebody waits for.
        without: decisions that the page has elsewhere.
    """
    try:
        choice = visit.ask(AskDecisions(subject))
    except (NotForViewerError, NotThereError):
        return DecisionOffers()
    return sorted_offers(
        OfferedDecision(
            one.act, one.title, act_path(one.act, one.fields, visit.here()), one.act in now
        )
        for one in choice.items
        if not one.why_not and one.act not in without
    )


def sorted_offers(offered: Iterable[OfferedDecision]) -> DecisionOffers:
    """Sort decisions by when they matter."""
    every = list(offered)
    ending = tuple(one for one in every if one.act in _ENDING)
    rest = [one for one in every if one not in ending]
    ranked = [one for one in sorted(rest, key=_urgency) if one.urgent or one.act in _RANK]
    first = tuple(ranked[:MOST_FIRST])
    others = tuple(one for one in rest if one not in first)
    if len(others) == 1 and not ending:  # a disclosure of one thing hides it for nothing
        first, others = first + others, ()
    return DecisionOffers(first, others, ending)


def _urgency(one: OfferedDecision) -> tuple[bool, int]:
    return not one.urgent, _RANK.index(one.act) if one.act in _RANK else len(_RANK)
