"""What persons decide about gateways: which may take work, which take none any more, and whose a home is."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from ota_engine.fleet.gateways.rows import GatewayAlert, HomeMove, MoveState, RegisteredGateway
from ota_engine.fleet.inventory.acts import homes_named
from ota_engine.fleet.inventory.rows import Home
from ota_engine.fleet.kernel.decisions import (
    Actor,
    ActRow,
    DecisionRefused,
    PartyRole,
    RefusalCode,
    about,
)
from ota_engine.fleet.kernel.identifiers import refuse_bad_digest, refuse_bad_id
from ota_engine.fleet.kernel.rows import RowKey
from ota_engine.fleet.kernel.work import Work
from ota_engine.times import Utc
from ota_engine.wording import counted

LONGEST_CODE_S: Final = 7 * 86_400.0  # that a code may be used
MOST_HOMES: Final = 2_000  # moved by one decision; a gateway has no more


@dataclass(frozen=True, slots=True)
class AdmitGateway:
    """A gateway may register, once, by a code that its operator was given.

    Attributes:
        gateway: its name.
        code_sha256: SHA-256 of the code, hexadecimal.
        until_utc: until when it counts.
    """

    gateway: str
    code_sha256: str
    until_utc: float


@dataclass(frozen=True, slots=True)
class RevokeGateway:
    """A gateway takes no work any more, and nothing that it says counts."""

    gateway: str


@dataclass(frozen=True, slots=True)
class MoveHomes:
    """Homes go to another gateway, each as soon as its own has let it go.

    Attributes:
        gateway: to which they go; that of a home that is leaving keeps it.
        homes: pseudonyms.
    """

    gateway: str
    homes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ForceHomes:
    """Homes go to another gateway at once, because theirs is dead and lets nothing go.

    It must not come back: what it still does there is not undone, and what it says does not count.

    Attributes:
        gateway: to which they go.
        homes: pseudonyms.
    """

    gateway: str
    homes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SettleGatewayAlerts:
    """Somebody has looked at all alerts about a gateway."""

    gateway: str


def _admit(act: AdmitGateway, actor: Actor, work: Work, utc: Utc) -> str:
    refuse_bad_id(act.gateway, "a gateway")
    if not utc < act.until_utc <= utc + LONGEST_CODE_S:
        raise DecisionRefused(
            RefusalCode.CONTENT, "a code counts for up to seven days from now: say until when"
        )
    refuse_bad_digest(act.code_sha256)
    row = work.get(RegisteredGateway, act.gateway)
    revision = 0 if row is None else row.revision
    text = f"admitted by {actor.person}"
    row = row or RegisteredGateway(act.gateway, "", 0.0)
    work.put(
        replace(
            row,
            code=act.code_sha256,
            code_until_utc=act.until_utc,
            code_instance="",
            token="" if row.revoked else row.token,
            revoked="",
            revision=revision + 1,
            changed=text,
        )
    )
    return f"gateway {act.gateway}: {text}"


def _revoke(act: RevokeGateway, actor: Actor, work: Work, utc: Utc) -> str:
    """Its token stays known, so that it is told why it is refused."""
    row = _gateway(act.gateway, work)
    text = f"revoked by {actor.person}"
    work.put(
        replace(
            row,
            code="",
            code_instance="",
            revoked=actor.reason or text,
            revision=row.revision + 1,
            changed=text,
        )
    )
    return f"gateway {act.gateway}: {text}"


def _move(act: MoveHomes, actor: Actor, work: Work, utc: Utc) -> str:
    moved = 0
    for home in _homes(act, work):
        known = work.get(HomeMove, home.home)
        leaving = known is not None and known.state is MoveState.LEAVING
        if home.gateway == act.gateway and not leaving:
            continue
        moved += 1
        stays = home.gateway == act.gateway
        if not stays:
            _refuse_deaf(home, work)
        state = MoveState.MOVED if stays else MoveState.LEAVING
        work.put(
            HomeMove(
                home.home,
                home.gateway,
                act.gateway,
                state,
                actor.person,
                utc,
                utc if stays else None,
            )
        )
    return _told(act, moved, "to go to", actor, work)


def _force(act: ForceHomes, actor: Actor, work: Work, utc: Utc) -> str:
    moved = 0
    for home in _homes(act, work):
        if home.gateway == act.gateway:
            continue
        moved += 1
        work.put(
            HomeMove(
                home.home,
                home.gateway,
                act.gateway,
                MoveState.FORCED,
                actor.person,
                utc,
                due_utc=utc,
            )
        )
    return _told(act, moved, "forced to", actor, work)


def _settle(act: SettleGatewayAlerts, actor: Actor, work: Work, utc: Utc) -> str:
    row = _gateway(act.gateway, work)
    alerts = work.select(GatewayAlert, open=True, gateway=act.gateway)
    for alert in alerts:
        work.put(replace(alert, open=False))
    text = f"{counted(len(alerts), 'alert')} settled by {actor.person}"
    work.put(replace(row, revision=row.revision + 1, changed=text))
    return f"gateway {act.gateway}: {text}"


def _homes(act: MoveHomes | ForceHomes, work: Work) -> list[Home]:
    """Read the homes that are to be moved."""
    if _gateway(act.gateway, work).revoked:
        raise DecisionRefused(
            RefusalCode.STATE, f"gateway {act.gateway} is revoked: admit it, or name another"
        )
    homes = homes_named(work, act.homes, MOST_HOMES)
    work.require(RowKey(HomeMove, (home.home,)) for home in homes)
    _refuse_crowd(act, homes, work)
    return homes


def _refuse_deaf(home: Home, work: Work) -> None:
    """Wait for no gateway that lets nothing go, because it is told nothing any more.

    Raises:
        DecisionRefused: the gateway of the home is revoked.
    """
    source = work.get(RegisteredGateway, home.gateway)
    if source is not None and source.revoked:
        raise DecisionRefused(
            RefusalCode.STATE,
            f"{home.gateway} of home {home.home} is revoked, and lets nothing go: see that it does"
            " nothing there, then force the homes",
        )


def _refuse_crowd(act: MoveHomes | ForceHomes, homes: Iterable[Home], work: Work) -> None:
    """Move no home to where nothing would be done in it.

    Raises:
        DecisionRefused: the gateway would have more homes than one is told of.
    """
    coming = {home.home for home in homes if home.gateway != act.gateway}
    to_come = {
        move.home
        for move in work.select(HomeMove, state=MoveState.LEAVING)
        if move.target == act.gateway
    }
    there = work.counts(Home, ("gateway",), gateway=act.gateway).get((act.gateway,), 0)
    number = there + len(coming | to_come)
    if number > MOST_HOMES:
        raise DecisionRefused(
            RefusalCode.STATE,
            f"{act.gateway} can have {MOST_HOMES:,} homes, and would have {number:,}: move fewer,"
            " or name another",
        )


def _told(act: MoveHomes | ForceHomes, moved: int, how: str, actor: Actor, work: Work) -> str:
    row = _gateway(act.gateway, work)
    text = f"{counted(moved, 'home')} {how} {act.gateway} by {actor.person}"
    work.put(replace(row, revision=row.revision + 1, changed=text))
    return text


def _gateway(name: str, work: Work) -> RegisteredGateway:
    row = work.get(RegisteredGateway, name)
    if row is None:
        raise DecisionRefused(
            RefusalCode.UNKNOWN, f"{name[:60]!a}: there is no such gateway: name another"
        )
    return row


_OPERATORS: Final = frozenset({PartyRole.OPERATOR})
_GATEWAY: Final = about("gateway", RegisteredGateway)

ACTS: Final = {
    AdmitGateway: ActRow(_OPERATORS, *_GATEWAY, _admit),
    RevokeGateway: ActRow(_OPERATORS, *_GATEWAY, _revoke),
    MoveHomes: ActRow(_OPERATORS, *_GATEWAY, _move),
    ForceHomes: ActRow(_OPERATORS, *_GATEWAY, _force),
    SettleGatewayAlerts: ActRow(_OPERATORS, *_GATEWAY, _settle),
}
