"""Whether a phase has gone well: pass, fail or inconclusive; knows numbers, not where they are kept.

Shares are thousandths and integers. Unreachable homes are in no share: they have a deadline of their
own. Homes that were put off keep no gate shut, and are named. Time alone passes nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from ota_engine.fleet.campaigns.lives import UNDER_WAY
from ota_engine.fleet.campaigns.plan.policy import PERMILLE, GatePolicy
from ota_engine.fleet.campaigns.rows import HAN_LOST, TO_TRY_AGAIN, MemberState, Sum
from ota_engine.times import Utc


class GateVerdict(StrEnum):
    """What a gate says."""

    PASS = "pass"  # noqa: S105 - the word of a gate
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


class OpenIncident(NamedTuple):
    """An incident that is not resolved."""

    incident: str
    category: int


@dataclass(frozen=True, slots=True)
class GateInputs:
    """What a gate is judged by.

    Attributes:
        planned: homes not begun.
        under_way: homes begun whose end is not known, but for those that wait.
        waiting: homes that wait, for whatever reason.
        retrying: of those, homes whose attempt failed and that have another.
        activated: homes that say they run it.
        failed: homes that failed for good.
        excused_failed: of those, how many a person has accepted by going on.
        unreachable: homes that say nothing.
        left: homes that belong to the campaign no longer.
        han_lost: homes whose devices are gone.
        excused_lost: of those, how many a person has accepted by going on.
        incidents: that are not resolved.
        objections: parties that object and have not been answered.
        positions: of all parties that stated one.
        stale: gateways whose reports are too old.
        last_end_utc: of the last home activated or failed; None before the first.
        observed_utc: from when the observation runs; None before the first.
        signed_off: who has agreed; empty for nobody.
        meetings: held about the phase.
    """

    planned: int = 0
    under_way: int = 0
    waiting: tuple[tuple[str, int], ...] = ()
    retrying: int = 0
    activated: int = 0
    failed: int = 0
    excused_failed: int = 0
    unreachable: int = 0
    left: int = 0
    han_lost: int = 0
    excused_lost: int = 0
    incidents: tuple[OpenIncident, ...] = ()
    objections: tuple[str, ...] = ()
    positions: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()
    last_end_utc: float | None = None
    observed_utc: float | None = None
    signed_off: str = ""
    meetings: int = 0

    @property
    def unfinished(self) -> int:
        """Homes that keep a gate from passing: all that have not ended, but for those put off."""
        return self.planned + self.under_way + self.retrying

    @property
    def counting(self) -> int:
        """Failed homes that nobody has accepted."""
        return max(0, self.failed - self.excused_failed)

    @property
    def ended(self) -> int:
        """The sample: homes activated and failed, without those accepted."""
        return self.activated + self.counting


class GateJudgement(NamedTuple):
    """A verdict.

    Attributes:
        verdict: which.
        missing: what is missing for a pass, or what is wrong; nothing for a pass.
        named: what is said of it all the same: who waits for what.
    """

    verdict: GateVerdict
    missing: tuple[str, ...]
    named: tuple[str, ...] = ()


def counted(sums: Iterable[Sum]) -> GateInputs:
    """Add up the sums of a phase."""
    states: dict[str, int] = {}
    waiting: dict[str, int] = {}
    for row in sorted(sums, key=lambda row: row.reason):
        if waits(row):
            waiting[row.reason] = waiting.get(row.reason, 0) + row.homes
        else:
            states[row.state] = states.get(row.state, 0) + row.homes
    return GateInputs(
        planned=states.get(MemberState.PLANNED, 0),
        under_way=sum(states.get(state, 0) for state in UNDER_WAY),
        waiting=tuple((reason, homes) for reason, homes in waiting.items() if homes),
        retrying=sum(homes for reason, homes in waiting.items() if reason.startswith(TO_TRY_AGAIN)),
        activated=states.get(MemberState.ACTIVATED, 0),
        failed=states.get(MemberState.FAILED, 0),
        unreachable=states.get(MemberState.UNREACHABLE, 0),
        left=states.get(MemberState.LEFT, 0),
        han_lost=states.get(HAN_LOST, 0),
    )


def waits(row: Sum) -> bool:
    """Whether homes wait: before their delivery, or with the image for their activation."""
    return row.state == MemberState.WAITING or (
        row.state == MemberState.TRANSFERRED and bool(row.reason)
    )


def judge(policy: GatePolicy, inputs: GateInputs, utc: Utc) -> GateJudgement:
    """Say whether a phase has gone well."""
    named = tuple(
        f"{homes:,} {'home waits' if homes == 1 else 'homes wait'}: {reason}"
        for reason, homes in inputs.waiting
    )
    wrong = _wrong(policy, inputs)
    if wrong:
        return GateJudgement(GateVerdict.FAIL, wrong, named)
    missing = _missing(policy, inputs, utc) + _unsaid(policy, inputs)
    if missing:
        return GateJudgement(GateVerdict.INCONCLUSIVE, missing, named)
    return GateJudgement(GateVerdict.PASS, (), named)


def _wrong(policy: GatePolicy, inputs: GateInputs) -> tuple[str, ...]:
    failed, ended = inputs.counting, inputs.ended
    grave = [one for one in inputs.incidents if one.category <= policy.worst_category]
    lost = inputs.han_lost - inputs.excused_lost
    conditions = (
        (failed > policy.failures, f"more than {policy.failures} homes failed"),
        (
            ended >= policy.sample and failed * PERMILLE > policy.failures_permille * ended,
            f"more than {policy.failures_permille} of 1000 homes failed",
        ),
        *(
            (True, f"incident {one.incident} of category {one.category} is not resolved")
            for one in grave
        ),
        (lost > policy.han_lost, f"more than {policy.han_lost} homes lost their HAN"),
    )
    return tuple(text for applies, text in conditions if applies)


def _missing(policy: GatePolicy, inputs: GateInputs, utc: Utc) -> tuple[str, ...]:
    ended = inputs.ended
    begun = inputs.observed_utc
    conditions = (
        (inputs.unfinished > 0, "homes are to begin or under way"),
        (ended < policy.sample, f"a sample of {policy.sample} homes"),
        (
            inputs.activated * PERMILLE < policy.success_permille * ended,
            f"{policy.success_permille} of 1000 homes activated",
        ),
        (begun is None or utc < begun + policy.observation_s, "the time of observation"),
        *((True, f"a report of gateway {gateway}") for gateway in inputs.stale),
    )
    return tuple(text for applies, text in conditions if applies)


def _unsaid(policy: GatePolicy, inputs: GateInputs) -> tuple[str, ...]:
    """What persons have still to say or decide."""
    conditions = (
        *(
            (True, f"a resolution of incident {one.incident}, category {one.category}")
            for one in inputs.incidents
        ),
        (policy.meeting and not inputs.meetings, "an assessment meeting"),
        (policy.sign_off and not inputs.signed_off, "a person's agreement"),
        *((policy.heed_objections, f"an answer to {party}") for party in inputs.objections),
    )
    return tuple(text for applies, text in conditions if applies)
