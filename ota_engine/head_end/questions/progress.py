"""What can be asked of how a campaign went: homes by where they stood, over time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ota_engine.fleet.campaigns.rows import MemberState
from ota_engine.head_end.questions.asking import QuestionRow, Questions, View
from ota_engine.head_end.questions.scope import campaign_of
from ota_engine.store.fleet.samples import HOUR_S, SumsThen, sampled_hours, sums_over_time

MOST_POINTS: Final = 120  # in time: as many as a chart can show


@dataclass(frozen=True, slots=True)
class AskProgress:
    """How homes of a campaign went from state to state; phase 0 for all phases."""

    campaign: str
    phase: int = 0


@dataclass(frozen=True, slots=True)
class ProgressOverTime:
    """How many homes were where, over time.

    Attributes:
        campaign: id.
        times_utc: moments, in order; none before anything has changed.
        homes: how many were in each state at each of them, by state.
    """

    campaign: str
    times_utc: tuple[float, ...]
    homes: Mapping[str, tuple[int, ...]]


def _progress(asked: AskProgress, view: View) -> ProgressOverTime:
    driver = view.desk.store.driver
    with view.desk.store.reading():
        campaign = campaign_of(view, asked.campaign).campaign
        hours = sampled_hours(driver, campaign)
        if hours is None:
            return ProgressOverTime(campaign, (), {})
        first, last = hours
        stretch = -(-(last - first + 1) // MOST_POINTS)
        found = sums_over_time(driver, campaign, stretch)
    kept = [one for one in found if asked.phase in (0, one.phase)]
    return over_time(campaign, kept, stretch)


def over_time(campaign: str, samples: Sequence[SumsThen], hours: int) -> ProgressOverTime:
    """Say how many homes stood where at each time that anything is known of.

    Args:
        campaign: id.
        samples: by stretch of hours.
        hours: in one stretch; all samples of one count for its end.
    """
    length = hours * HOUR_S
    stretches: dict[int, list[SumsThen]] = {}
    for one in samples:
        stretches.setdefault(int((one.utc - HOUR_S) // length), []).append(one)
    standing: dict[tuple[int, MemberState], int] = {}
    states = sorted({one.state for one in samples})
    times: list[float] = []
    homes: dict[str, list[int]] = {state: [] for state in states}
    for stretch in sorted(stretches):
        begins = stretch * length
        if times and begins > times[-1]:  # nothing has changed between
            times.append(begins)
            for state in states:
                homes[state].append(homes[state][-1])
        for one in stretches[stretch]:
            standing[one.phase, one.state] = one.homes
        times.append(begins + length)
        for state in states:
            homes[state].append(
                sum(count for (_, here), count in standing.items() if here is state)
            )
    return ProgressOverTime(
        campaign, tuple(times), {name: tuple(row) for name, row in homes.items()}
    )


QUESTIONS: Final[Questions] = {
    AskProgress: QuestionRow("campaigns/{campaign}/progress", _progress, ProgressOverTime),
}
