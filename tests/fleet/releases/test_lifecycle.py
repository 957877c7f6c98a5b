"""The way of a release as a whole is a table: every pair is answered, and every state is reached."""

import pytest

from ota_engine.fleet.kernel.decisions import DecisionRefused
from ota_engine.fleet.releases.acts import RELEASES, ReleaseStep, stepped
from ota_engine.fleet.releases.rows import FirmwareRelease, ReleaseStatus, ReleaseType


def release(status: ReleaseStatus) -> FirmwareRelease:
    return FirmwareRelease("r1", "v", 1, "C1", ReleaseType.SEC, "", status, "olive", 1, "")


@pytest.mark.parametrize("status", list(ReleaseStatus))
@pytest.mark.parametrize("step", list(ReleaseStep))
def test_every_step_leads_somewhere_or_is_refused_in_words(
    status: ReleaseStatus, step: ReleaseStep
) -> None:
    if (status, step) in RELEASES.transitions:
        assert stepped(release(status), step) is RELEASES.transitions[status, step]
    else:
        with pytest.raises(DecisionRefused, match=f"r1 is {status}: only from"):
            stepped(release(status), step)


def test_every_state_is_reached_from_the_first_and_nothing_leads_back_to_it() -> None:
    reached = {ReleaseStatus.DRAFT}
    while (
        more := {target for (state, _), target in RELEASES.transitions.items() if state in reached}
        - reached
    ):
        reached |= more
    assert reached == set(ReleaseStatus)
    assert ReleaseStatus.DRAFT not in RELEASES.transitions.values()
