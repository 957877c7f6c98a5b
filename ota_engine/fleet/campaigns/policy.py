"""The policy of a campaign: read from plain values, frozen at approval, printed for people."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from ota_engine.canonical import canonical_json
from ota_engine.errors import LocalError

DAY_S: Final = 86_400.0
MIN_NOTICE_DAYS: Final = 7  # SEC Appendix AB, clause 5.2


@dataclass(frozen=True, slots=True)
class GatePolicy:
    """When a phase has gone well. All shares are thousandths of those reached.

    Attributes:
        success_permille: activated among activated and failed, at least.
        failures: at most so many.
        failures_permille: and at most this share.
        sample: activated and failed together, at least.
        observation_s: since the last of them.
        worst_category: an incident of this category or worse (smaller) that is open fails the gate.
        sign_off: a person must agree.
    """

    success_permille: int = 950
    failures: int = 1_000_000
    failures_permille: int = 50
    sample: int = 1
    observation_s: float = 2 * DAY_S
    worst_category: int = 2
    sign_off: bool = False


@dataclass(frozen=True, slots=True)
class PhasePolicy:
    """One phase.

    Attributes:
        name: as people call it.
        homes: how many; None for all others, which only the last phase can have.
        per_hour: begin so many an hour at most.
        at_once: have no more than so many under way.
        gate: when it has gone well.
    """

    name: str
    homes: int | None
    per_hour: int
    at_once: int
    gate: GatePolicy


@dataclass(frozen=True, slots=True)
class CampaignPolicy:
    """All that was agreed about a campaign.

    Attributes:
        regions: where; empty for everywhere.
        notice_days: between the notice and the first home.
        download_s: time a home has to take the image.
        unreachable_s: a home that says nothing for so long is unreachable.
        attempts: a home has.
        key: of the hash that draws the homes, hexadecimal.
        phases: in order.
    """

    regions: tuple[str, ...]
    notice_days: int
    download_s: float
    unreachable_s: float
    attempts: int
    key: str
    phases: tuple[PhasePolicy, ...]


def read_policy(values: Mapping[str, Any]) -> CampaignPolicy:
    """Read a policy from plain values, those of a TOML file or of JSON.

    Raises:
        LocalError: something is missing, unknown or senseless.
    """
    try:
        phases = tuple(_phase(phase) for phase in values["phases"])
        policy = CampaignPolicy(
            regions=tuple(map(str, values.get("regions", ()))),
            notice_days=int(values.get("notice_days", 30)),
            download_s=float(values.get("download_s", 3 * DAY_S)),
            unreachable_s=float(values.get("unreachable_s", 14 * DAY_S)),
            attempts=int(values.get("attempts", 3)),
            key=str(values["key"]),
            phases=phases,
        )
        bytes.fromhex(policy.key)
    except KeyError as error:
        raise LocalError(f"the policy has no {error}: add it") from error
    except (TypeError, ValueError) as error:
        raise LocalError(f"the policy cannot be read: {error}") from error
    _refuse_senseless(policy)
    return policy


def _phase(values: Mapping[str, Any]) -> PhasePolicy:
    homes = values.get("homes")
    return PhasePolicy(
        name=str(values["name"]),
        homes=None if homes is None else int(homes),
        per_hour=int(values.get("per_hour", 1_000)),
        at_once=int(values.get("at_once", 10_000)),
        gate=GatePolicy(**values.get("gate", {})),
    )


def _refuse_senseless(policy: CampaignPolicy) -> None:
    if not policy.phases:
        raise LocalError("the policy has no phases: add one at least")
    if policy.notice_days < MIN_NOTICE_DAYS:
        raise LocalError(
            f"{policy.notice_days} days of notice are too few: {MIN_NOTICE_DAYS} at least"
        )
    for number, phase in enumerate(policy.phases, 1):
        if phase.homes is None and number < len(policy.phases):
            raise LocalError(f"phase {phase.name} takes all homes, and another follows: give homes")


def policy_values(policy: CampaignPolicy) -> dict[str, Any]:
    """Write a policy as plain values."""
    return asdict(policy)


def policy_text(policy: CampaignPolicy) -> str:
    """Write a policy the one way; what its hash is of."""
    return canonical_json(policy_values(policy))
