"""What persons decide about gateways: which may take work, and which take none any more."""

from dataclasses import dataclass, replace
from typing import Final

from ota_engine.fleet.gateways.rows import RegisteredGateway
from ota_engine.fleet.kernel.decisions import (
    Actor,
    ActRow,
    DecisionRefused,
    PartyRole,
    RefusalCode,
    about,
)
from ota_engine.fleet.kernel.identifiers import refuse_bad_id
from ota_engine.fleet.kernel.work import Work
from ota_engine.times import Utc

LONGEST_CODE_S: Final = 7 * 86_400.0  # that a code may be used


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


def _admit(act: AdmitGateway, actor: Actor, work: Work, utc: Utc) -> str:
    refuse_bad_id(act.gateway, "a gateway")
    if not utc < act.until_utc <= utc + LONGEST_CODE_S:
        raise DecisionRefused(
            RefusalCode.CONTENT, "a code counts for up to seven days from now: say until when"
        )
    if len(act.code_sha256) != 64 or not set(act.code_sha256) <= set("0123456789abcdef"):
        raise DecisionRefused(
            RefusalCode.CONTENT, "the SHA-256 of a code has 64 hexadecimal digits: give those"
        )
    row = work.get(RegisteredGateway, act.gateway)
    revision = 0 if row is None else row.revision
    text = f"admitted by {actor.person}"
    row = row or RegisteredGateway(act.gateway, "", 0.0)
    work.put(
        replace(
            row,
            code=act.code_sha256,
            code_until_utc=act.until_utc,
            revoked="",
            revision=revision + 1,
            changed=text,
        )
    )
    return f"gateway {act.gateway}: {text}"


def _revoke(act: RevokeGateway, actor: Actor, work: Work, utc: Utc) -> str:
    row = work.get(RegisteredGateway, act.gateway)
    if row is None:
        raise DecisionRefused(
            RefusalCode.UNKNOWN, f"{act.gateway!a}: there is no such gateway: name another"
        )
    text = f"revoked by {actor.person}"
    work.put(
        replace(
            row,
            code="",
            token="",
            instance="",
            revoked=actor.reason or text,
            revision=row.revision + 1,
            changed=text,
        )
    )
    return f"gateway {act.gateway}: {text}"


_OPERATORS: Final = frozenset({PartyRole.OPERATOR})
_GATEWAY: Final = about("gateway", RegisteredGateway)

ACTS: Final = {
    AdmitGateway: ActRow(_OPERATORS, *_GATEWAY, _admit),
    RevokeGateway: ActRow(_OPERATORS, *_GATEWAY, _revoke),
}
