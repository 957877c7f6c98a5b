"""What a page offers to decide: what matters now first, what ends something apart, no other hidden or lost."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from ota_engine.portal.door import PortalDoor
from ota_engine.portal.offers import MOST_FIRST, OfferedDecision, sorted_offers
from tests.portal.lab import PortalLab

ACTS = (
    *("pause-campaign", "abort-campaign", "keep-home", "sign-phase", "resume-campaign"),
    *("reject-campaign", "raise-incident", "record-meeting", "set-window"),
)


def offered(*acts: str, now: tuple[str, ...] = ()) -> list[OfferedDecision]:
    """Decisions as a page finds them."""
    return [OfferedDecision(act, act, f"/decide/{act}", act in now) for act in acts]


def names(decisions: tuple[OfferedDecision, ...]) -> list[str]:
    """Name decisions."""
    return [one.act for one in decisions]


def test_what_somebody_waits_for_comes_first_and_what_ends_a_campaign_stands_apart() -> None:
    acts = "pause-campaign", "abort-campaign", "keep-home", "sign-phase", "set-window"
    found = sorted_offers(offered(*acts, "raise-incident", now=("sign-phase",)))
    assert names(found.first) == ["sign-phase", "pause-campaign", "raise-incident"]
    assert names(found.others) == ["keep-home", "set-window"]
    assert names(found.ending) == ["abort-campaign"]


def test_one_other_decision_is_not_hidden_behind_a_disclosure() -> None:
    found = sorted_offers(offered("take-incident", "keep-home"))
    assert (names(found.first), found.others) == (["take-incident", "keep-home"], ())


@given(
    st.lists(
        st.sampled_from(ACTS),
        unique=True,
    ),
    st.sets(st.sampled_from(["sign-phase", "record-meeting"])),
)
def test_each_decision_is_offered_once(acts: list[str], now: set[str]) -> None:
    found = sorted_offers(offered(*acts, now=tuple(now)))
    every = names(found.first) + names(found.others) + names(found.ending)
    assert sorted(every) == sorted(acts) == sorted(found.urls)
    assert len(found.first) <= MOST_FIRST + 1
    assert not {"abort-campaign", "reject-campaign"} & {*names(found.first), *names(found.others)}


async def test_a_campaign_shows_what_parties_said_and_who_has_signed(tmp_path: Path) -> None:
    with PortalLab(tmp_path) as lab:
        lab.roll_out()
        async with lab.serving(PortalDoor) as client, client.browser("olive") as http:
            page = (await http.get("/campaigns/c1")).text
    assert "Positions of parties" in page
    assert "Signed as gone well" in page
    apart = page.index("These cannot be taken back")
    assert page.index("/decide/raise-incident") < apart < page.index("/decide/abort-campaign")
