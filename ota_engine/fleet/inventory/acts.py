"""What persons decide about homes: which are set apart to prove releases on, and what is erased."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final

from ota_engine.fleet.inventory.rows import Home, Particulars, RingFence
from ota_engine.fleet.kernel.decisions import (
    Actor,
    ActRow,
    DecisionRefused,
    PartyRole,
    RefusalCode,
    about,
    no_revision,
)
from ota_engine.fleet.kernel.identifiers import refuse_bad_id, refuse_words
from ota_engine.fleet.kernel.rows import RowKey
from ota_engine.fleet.kernel.work import Work
from ota_engine.times import Utc
from ota_engine.wording import counted

MOST_HOMES: Final = 5_000  # of one act; a proving set is small


@dataclass(frozen=True, slots=True)
class FenceHomes:
    """Homes are set apart for proving; no campaign takes them but one that is told to.

    Attributes:
        ring_fence: short id; a new one begins a set.
        homes: pseudonyms.
        purpose: of a new set, in words.
    """

    ring_fence: str
    homes: tuple[str, ...]
    purpose: str = ""


@dataclass(frozen=True, slots=True)
class ReleaseHomes:
    """Homes are set apart no longer."""

    ring_fence: str
    homes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EraseParticulars:
    """What names homes is forgotten; their pseudonyms and all that was decided stay."""

    homes: tuple[str, ...]


def homes_named(work: Work, names: Collection[str], most: int) -> list[Home]:
    """Read homes that a decision names, each once.

    Raises:
        DecisionRefused: there are none or too many, or one is unknown.
    """
    if not 0 < len(names) <= most:
        raise DecisionRefused(
            RefusalCode.CONTENT, f"{len(names):,} homes: name 1 to {most:,} in one decision"
        )
    work.require(RowKey(Home, (name,)) for name in names)
    found = []
    for name in dict.fromkeys(names):
        home = work.get(Home, name)
        if home is None:
            raise DecisionRefused(
                RefusalCode.UNKNOWN,
                f"{name[:60]!a}: there is no such home: import it, or leave it out",
            )
        found.append(home)
    return found


def _fence(act: FenceHomes, actor: Actor, work: Work, utc: Utc) -> str:
    refuse_bad_id(act.ring_fence, "a ring fence")
    homes = homes_named(work, act.homes, MOST_HOMES)
    for home in homes:
        if home.ring_fence not in ("", act.ring_fence):
            raise DecisionRefused(
                RefusalCode.STATE,
                f"{home.home} is in ring fence {home.ring_fence}: release it there first",
            )
        work.put(replace(home, ring_fence=act.ring_fence))
    text = f"{counted(len(homes), 'home')} added by {actor.person}"
    fence = work.get(RingFence, act.ring_fence)
    if fence is None:
        purpose = refuse_words(act.purpose, "the purpose of a new ring fence")
        fence = RingFence(act.ring_fence, purpose, actor.person, 0, "")
    work.put(replace(fence, revision=fence.revision + 1, changed=text))
    return f"ring fence {act.ring_fence}: {text}"


def _release(act: ReleaseHomes, actor: Actor, work: Work, utc: Utc) -> str:
    fence = work.get(RingFence, act.ring_fence)
    if fence is None:
        raise DecisionRefused(
            RefusalCode.UNKNOWN, f"{act.ring_fence!a}: there is no such ring fence: name another"
        )
    homes = homes_named(work, act.homes, MOST_HOMES)
    for home in homes:
        if home.ring_fence != act.ring_fence:
            raise DecisionRefused(
                RefusalCode.STATE,
                f"{home.home} is not in ring fence {act.ring_fence}: leave it out",
            )
        work.put(replace(home, ring_fence=""))
    text = f"{counted(len(homes), 'home')} released by {actor.person}"
    work.put(replace(fence, revision=fence.revision + 1, changed=text))
    return f"ring fence {act.ring_fence}: {text}"


def _erase(act: EraseParticulars, actor: Actor, work: Work, utc: Utc) -> str:
    homes = homes_named(work, act.homes, MOST_HOMES)
    work.require([RowKey(Particulars, (home.home,)) for home in homes])
    found = [row for home in homes if (row := work.get(Particulars, home.home)) is not None]
    for row in found:
        work.drop(row)
    return f"particulars of {counted(len(found), 'home')} are erased"


_OPERATORS: Final = frozenset({PartyRole.OPERATOR})
_FENCE: Final = about("ring fence", RingFence)

ACTS: Final = {
    FenceHomes: ActRow(_OPERATORS, *_FENCE, _fence),
    ReleaseHomes: ActRow(_OPERATORS, *_FENCE, _release),
    EraseParticulars: ActRow(_OPERATORS, lambda act: "particulars", no_revision, _erase),
}
