"""How a home goes from one state to the next: its row, the sums, the place that it holds; pure.

Everything that changes a home's state comes through ``move``; so a place is taken in one way and given
back in one way, whatever ends it: an end, a stall, a failed attempt, leaving, or being put off.
"""

from typing import Any, Final

from ota_engine.fleet.campaigns.lives import MEMBERS, WITH_PLACE, MemberStep
from ota_engine.fleet.campaigns.rows import (
    BY_GATEWAY,
    BY_REGION,
    HAN_LOST,
    PLACES,
    CampaignPhase,
    Member,
    MemberState,
    PhaseState,
)
from ota_engine.fleet.inventory.rows import Home, InstalledDevice
from ota_engine.fleet.kernel.rows import RowKey, replaced
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.port import COMMANDED, Instruction, Verb
from ota_engine.fleet.releases.rows import FirmwareRelease
from ota_engine.times import Utc

REASON_LENGTH: Final = 160  # characters; homes are counted by their reasons
_VERBS: Final = (Verb.ASSIGN, Verb.ACTIVATE, Verb.RECALL, Verb.WITHDRAW)
_NOWHERE: Final = {"region": "", "gateway": ""}


def move(
    work: Work, member: Member, step: MemberStep, reason: str, utc: Utc, **changes: Any
) -> Member:
    """Let something happen to a home, with the sums and its place.

    Args:
        work: the event in hand.
        member: as it stands.
        step: what happens.
        reason: why it stands where it then does; few distinct texts, as homes are counted by them.
        utc: now.
        changes: of other fields.

    Returns:
        the home as it stands then; the same one where the step means nothing.
    """
    state = MEMBERS.turn(member.state, step)
    if state is None:
        return member
    reason = reason[:REASON_LENGTH]
    if state not in WITH_PLACE and (member.region or member.gateway):
        changes |= _NOWHERE
    moved = replaced(member, state=state, reason=reason, since_utc=utc, **changes)
    work.put(moved)
    _count(work, member, moved)
    return moved


def _count(work: Work, before: Member, after: Member) -> None:
    was = before.phase, before.state, before.reason
    now = after.phase, after.state, after.reason
    if was != now:
        work.tally(before.campaign, *was, -1)
        work.tally(after.campaign, *now, +1)
    for state, left, taken in (
        (BY_REGION, before.region, after.region),
        (BY_GATEWAY, before.gateway, after.gateway),
    ):
        if left != taken:
            if left:
                work.tally(before.campaign, PLACES, state, left, -1)
            if taken:
                work.tally(after.campaign, PLACES, state, taken, +1)
    if before.han_lost != after.han_lost:
        work.tally(after.campaign, after.phase, HAN_LOST, "", 1 if after.han_lost else -1)


def lose_han(work: Work, member: Member) -> Member:
    """Note that the devices of a home are gone, whatever state it is in."""
    moved = replaced(member, han_lost=True)
    work.put(moved)
    _count(work, member, moved)
    return moved


def change_phase(work: Work, member: Member, phase: int) -> Member:
    """Let a home that is not begun belong to another phase."""
    moved = replaced(member, phase=phase)
    work.put(moved)
    _count(work, member, moved)
    return moved


def change_gateway(work: Work, member: Member, gateway: str) -> Member:
    """Let a home that holds a place at one gateway hold it at another."""
    moved = replaced(member, gateway=gateway)
    work.put(moved)
    _count(work, member, moved)
    return moved


def instruct(
    work: Work,
    member: Member,
    gateway: str,
    verb: Verb,
    release: FirmwareRelease,
    at_utc: float | None = None,
) -> Member:
    """Tell a gateway something about a home.

    Returns:
        the home, which counts its instructions; whoever calls keeps it.
    """
    order = member.orders + 1
    device = work.get(InstalledDevice, member.device)
    work.put(
        Instruction(
            _key(member, order, verb),
            gateway,
            member.campaign,
            member.attempt,
            member.home,
            member.device,
            verb,
            release.sha256,
            release.version,
            at_utc,
            number=order,
            commanded=device is not None and device.kind in COMMANDED,
        )
    )
    return replaced(member, orders=order)


def _key(member: Member, order: int, verb: Verb) -> str:
    return f"{member.campaign}/{member.home}/{order}/{verb}"


def told_since_assigned(work: Work, member: Member) -> list[RowKey]:
    """Name what was told about a home from its last assignment on."""
    keys = [
        RowKey(Instruction, (_key(member, number, verb),))
        for number in range(1, member.orders + 1)
        for verb in _VERBS
    ]
    work.require(keys)
    found = [key for key in keys if work.get(Instruction, *key.values) is not None]
    assigned = [number for number, key in enumerate(found) if key.values[0].endswith(Verb.ASSIGN)]
    return found[assigned[-1] :] if assigned else []


def withdraw(work: Work, member: Member, release: FirmwareRelease) -> Member:
    """Tell the gateway of a home that is under way to go no further; see ``instruct``."""
    return instruct(work, member, _gateway_of(work, member), Verb.WITHDRAW, release)


def recall(work: Work, member: Member, release: FirmwareRelease) -> Member:
    """Tell the gateway of a home not to activate what its device holds; see ``instruct``."""
    return instruct(work, member, _gateway_of(work, member), Verb.RECALL, release)


def _gateway_of(work: Work, member: Member) -> str:
    home = work.get(Home, member.home)
    return member.gateway or (home.gateway if home is not None else "")


def look_at_phase(work: Work, member: Member, utc: Utc, *, ended: bool = False) -> None:
    """Have the phase of a home looked at, before it begins one more home.

    A phase that has not begun is left alone: it begins when its turn comes, whatever happens to its homes.
    """
    phase = work.get(CampaignPhase, member.campaign, member.phase)
    if phase is None or phase.state is PhaseState.PENDING:
        return
    if ended:
        late = phase.settled and member.state is MemberState.ACTIVATED
        observed = phase.observed_utc if late else utc
        phase = replaced(phase, last_end_utc=utc, observed_utc=observed, settled=late)
    if phase.due_utc is None or utc < phase.due_utc:  # later by a clock that is ahead of the others
        phase = replaced(phase, due_utc=utc)
    work.put(phase)
