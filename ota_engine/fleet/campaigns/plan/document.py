"""A policy as people read it before they agree to it: all that it says, in sentences of 80 columns."""

from collections.abc import Iterator
from textwrap import wrap
from typing import Final

from ota_engine.fleet.campaigns.plan.policy import (
    ANY_NUMBER,
    MIN_NOTICE_DAYS,
    PERMILLE,
    CampaignPolicy,
    GatePolicy,
    PhasePolicy,
    PhaseSource,
)
from ota_engine.fleet.campaigns.plan.rates import HOUR_S
from ota_engine.times import DAY_S

_COLUMNS: Final = 80
_UNITS: Final = ((DAY_S, "day"), (HOUR_S, "hour"), (60.0, "minute"), (1.0, "second"))


def policy_document(policy: CampaignPolicy) -> str:
    """Write a policy for people; everything in it is said."""
    lines: list[str] = []
    for text in _general(policy):
        lines += wrap(text, _COLUMNS)
    for number, phase in enumerate(policy.phases, 1):
        lines += ["", f"Phase {number}: {phase.name}"]
        for text in _phase(phase):
            lines += wrap(text, _COLUMNS, initial_indent="  ", subsequent_indent="  ")
        lines.append("  It has gone well when:")
        for text in _gate(phase.gate):
            lines += wrap(text, _COLUMNS, initial_indent="  - ", subsequent_indent="    ")
    return "\n".join(lines) + "\n"


def _general(policy: CampaignPolicy) -> Iterator[str]:
    where = f"in {', '.join(policy.regions)}" if policy.regions else "in all regions"
    if policy.ring_fence:
        yield f"For the homes of ring fence {policy.ring_fence} alone, {where}."
    elif policy.supplier:
        yield f"For the homes that {policy.supplier} answers for, {where}."
    else:
        yield f"For all homes {where} that are in no ring fence."
    yield f"Homes are drawn by a hash with key {policy.key}."
    yield (
        f"Notice: {policy.notice_days} days before the first home, and in each home"
        f" {MIN_NOTICE_DAYS} days after it reached the supplier."
    )
    yield f"Deliveries begin {policy.download_window}, activations {policy.activation_window}."
    if policy.blackout:
        yield f"Nothing on {', '.join(policy.blackout)}."
    yield (
        f"A home has {policy.attempts} attempts, {lasting(policy.retry_s)} apart:"
        f" {lasting(policy.download_s)} for the image, {lasting(policy.activation_s)} to say that"
        f" it runs it. It is unreachable after {lasting(policy.unreachable_s)} of silence."
    )
    for places, what in ((policy.per_region, "region"), (policy.per_gateway, "gateway")):
        if places:
            yield f"No more than {places:,} deliveries at once in a {what}."


def _phase(phase: PhasePolicy) -> Iterator[str]:
    if phase.source is PhaseSource.NOMINATED:
        yield "Homes that suppliers nominate and the operator accepts."
    elif phase.homes is None:
        yield "All other homes, and those that are installed later."
    else:
        yield f"{phase.homes:,} homes, from every configuration set by its share."
    if phase.ramp is None:
        yield f"{phase.per_hour:,} homes an hour, {phase.at_once:,} under way at once."
    else:
        ramp = phase.ramp
        yield (
            f"{ramp.start_per_hour:,} homes an hour at first, times {_times(ramp.factor_permille)}"
            f" with every {ramp.every_activated:,} activated, up to {phase.per_hour:,};"
            f" {phase.at_once:,} under way at once."
        )
    if phase.co_operative:
        yield "An emergency may leave it out."


def _gate(gate: GatePolicy) -> Iterator[str]:
    yield f"{gate.sample:,} homes or more are activated or failed"
    yield f"{share(gate.success_permille)} of them or more are activated"
    most = share(gate.failures_permille)
    if gate.failures < ANY_NUMBER:
        most = f"{gate.failures:,} failed, and no more than {most}"
    else:
        most = f"{most} of them failed"
    yield f"no more than {most}"
    yield f"{lasting(gate.observation_s)} have passed since the last of them"
    yield (
        "no incident is unresolved; one of category"
        f" {gate.worst_category} or worse holds the campaign at once"
    )
    yield f"no more than {gate.han_lost:,} homes have lost their HAN"
    if gate.stale_s:
        yield f"every gateway has spoken within {lasting(gate.stale_s)}"
    if gate.meeting:
        yield "an assessment meeting was held"
    if gate.sign_off:
        yield "a person has agreed"
    if gate.heed_objections:
        yield "every party that objects has been answered by a sign-off"


def share(permille: int) -> str:
    """Write thousandths as a percentage."""
    whole, tenths = divmod(permille, PERMILLE // 100)
    return f"{whole}.{tenths} %" if tenths else f"{whole} %"


def lasting(seconds: float) -> str:
    """Write a time in the largest unit that gives a whole number."""
    for size, unit in _UNITS:
        if seconds and seconds % size == 0:
            number = int(seconds // size)
            return f"{number:,} {unit}{'s' if number > 1 else ''}"
    return f"{seconds:g} seconds"


def _times(permille: int) -> str:
    return f"{permille / PERMILLE:g}"
