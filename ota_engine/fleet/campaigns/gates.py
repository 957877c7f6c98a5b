"""Whether a phase has gone well: pass, fail or inconclusive; knows numbers, not where they are kept.

Shares are thousandths and integers. Unreachable homes are in no share: they have a deadline of their
own. Time alone passes nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from ota_engine.fleet.campaigns.policy import GatePolicy
from ota_engine.fleet.campaigns.rows import MemberState, Sum
from ota_engine.times import Utc


class GateVerdict(StrEnum):
    """What a gate says."""

    PASS = "pass"  # noqa: S105 - the word of a gate
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class GateInputs:
    """What a gate is judged by.

    Attributes:
        planned: homes not begun.
        under_way: homes begun whose end is not known.
        waiting: homes that wait for something, with a reason.
        activated: homes that say they run it.
        failed: homes that failed for good.
        unreachable: homes that say nothing.
        open_categories: of incidents that are not resolved.
        han_lost: homes whose devices are gone.
        last_end_utc: of the last home activated or failed; None before the first.
        signed_off: a person has agreed.
    """

    planned: int
    under_way: int
    waiting: int
    activated: int
    failed: int
    unreachable: int
    open_categories: tuple[int, ...] = ()
    han_lost: int = 0
    last_end_utc: float | None = None
    signed_off: bool = False


class GateJudgement(NamedTuple):
    """A verdict, and what is missing for a pass or what is wrong; nothing for a pass."""

    verdict: GateVerdict
    missing: tuple[str, ...]


UNDER_WAY = (MemberState.OFFERED, MemberState.REACHED, MemberState.TRANSFERRED)


def counted(sums: Iterable[Sum]) -> GateInputs:
    """Add up the sums of a phase."""
    states = dict.fromkeys(MemberState, 0)
    for row in sums:
        states[MemberState(row.state)] += row.homes
    return GateInputs(
        planned=states[MemberState.PLANNED],
        under_way=sum(states[state] for state in UNDER_WAY),
        waiting=states[MemberState.WAITING],
        activated=states[MemberState.ACTIVATED],
        failed=states[MemberState.FAILED],
        unreachable=states[MemberState.UNREACHABLE],
    )


def judge(policy: GatePolicy, inputs: GateInputs, utc: Utc) -> GateJudgement:
    """Say whether a phase has gone well."""
    wrong = _wrong(policy, inputs)
    if wrong:
        return GateJudgement(GateVerdict.FAIL, wrong)
    missing = _missing(policy, inputs, utc)
    if missing:
        return GateJudgement(GateVerdict.INCONCLUSIVE, missing)
    return GateJudgement(GateVerdict.PASS, ())


def _wrong(policy: GatePolicy, inputs: GateInputs) -> tuple[str, ...]:
    ended = inputs.activated + inputs.failed
    wrong = []
    if inputs.failed > policy.failures:
        wrong.append(f"more than {policy.failures} homes failed")
    if ended >= policy.sample and inputs.failed * 1000 > policy.failures_permille * ended:
        wrong.append(f"more than {policy.failures_permille} of 1000 homes failed")
    if any(category <= policy.worst_category for category in inputs.open_categories):
        wrong.append(f"an incident of category {min(inputs.open_categories)} is open")
    if inputs.han_lost:
        wrong.append("homes have lost their HAN")
    return tuple(wrong)


def _missing(policy: GatePolicy, inputs: GateInputs, utc: Utc) -> tuple[str, ...]:
    ended = inputs.activated + inputs.failed
    conditions = (
        (inputs.planned > 0, "homes are still to begin"),
        (inputs.under_way > 0, "homes are under way"),
        (ended < policy.sample, f"a sample of {policy.sample} homes"),
        (
            inputs.activated * 1000 < policy.success_permille * ended,
            f"{policy.success_permille} of 1000 homes activated",
        ),
        (
            inputs.last_end_utc is None or utc < inputs.last_end_utc + policy.observation_s,
            "the time of observation",
        ),
        (policy.sign_off and not inputs.signed_off, "a person's agreement"),
    )
    return tuple(text for applies, text in conditions if applies)
