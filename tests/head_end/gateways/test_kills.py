"""A server that dies before or after any of its commits, and a gateway that goes on: every outcome counts once."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import trio

from ota_engine.errors import LinkError
from ota_engine.fleet.campaigns.rows import MemberState
from ota_engine.fleet.notices.rows import Notice, NoticeKind
from ota_engine.fleet.port import HubOutcome, HubWord, Instruction, InstructionState
from ota_engine.head_end.desk import FleetDesk
from ota_engine.head_end.rooms import DeskRoom
from tests.fleet.estate import VERSION
from tests.head_end.gateways.lab import Caller, GatewayClient, GatewayLab
from tests.tiers import every_value_once

T = TypeVar("T")
COMMITS = 8  # of the whole course, and some that never come


class KilledError(Exception):
    """The server is dead."""


class DyingRoom(DeskRoom):
    """A room in which somebody dies once.

    Args:
        room: where calls are done.
        at: the call, counted from 0, with which everything ends.
        committed: what the call does has happened.
    """

    def __init__(self, room: DeskRoom, at: int, *, committed: bool) -> None:
        self._patient = trio.CapacityLimiter(1)
        self._room = room
        self._left = at
        self._committed = committed
        self.dead = False

    @property
    def waiting(self) -> int:
        """Nobody waits here."""
        return 0

    async def use(self, call: Callable[[FleetDesk], T]) -> T:
        """Do something, unless dead."""
        self._left -= 1
        if self.dead or (self._left < 0 and not self._committed):
            self.dead = True
            raise KilledError
        done = await self._room.use(call)
        if self._left < 0:
            self.dead = True
            raise KilledError
        return done


class Memory:
    """What a gateway remembers, whatever happens to its head end."""

    def __init__(self) -> None:
        self.token = ""
        self.said: list[HubOutcome] = []
        self.taken: set[str] = set()
        self.heard = 0

    async def work(self, lab: GatewayLab, client: GatewayClient) -> None:
        """Go through the whole course of two homes from wherever it stands."""
        async with client.gateway(register=False, token=self.token) as one:
            if not self.token:
                self.token = await one.register()
            async with one.stream() as (hello, stream):
                self.heard = hello.heard
                await self._report(one)
                while len(self.taken) < 4:  # two to assign, two to activate
                    told = await stream.until(Instruction)
                    if told.key not in self.taken:
                        self.taken.add(told.key)
                        self._do(lab, told)
                    await self._report(one)
                await self._report(one)

    def _do(self, lab: GatewayLab, told: Instruction) -> None:
        words: dict[str, list[tuple[HubWord, dict[str, Any]]]] = {
            "assign": [(HubWord.REACHED, {}), (HubWord.TRANSFERRED, {})],
            "activate": [(HubWord.ACTIVATED, {"version": VERSION})],
        }
        for word, changes in words[told.verb]:
            self.said.append(lab.said(told.home, word, **changes))

    async def _report(self, one: Caller) -> None:
        report = one.report(
            *self.said[self.heard :], first=self.heard + 1, taken=tuple(sorted(self.taken))
        )
        self.heard = (await one.caller.report(report)).heard


@every_value_once(("at", "committed"), range(COMMITS), [False, True])
async def test_a_server_killed_around_any_commit_loses_nothing_and_counts_nothing_twice(
    tmp_path: Path, at: int, committed: bool
) -> None:
    with GatewayLab(tmp_path) as lab:
        lab.begin()
        memory = Memory()
        for dies_at in (at, 2, 1_000):
            async with lab.door() as door:
                parts = door.server.parts
                room = DyingRoom(parts.writing, dies_at, committed=committed)
                async with lab.door(writing=room) as dying:
                    try:
                        await memory.work(lab, dying)
                    except LinkError:
                        assert room.dead, lab.logs
        assert memory.heard == len(memory.said) == 6
        assert lab.contact().heard == 6
        assert {lab.town.state(home) for home in ("h1", "h2")} == {MemberState.ACTIVATED}
        states = {one.state for one in lab.town.rows(Instruction)}
        assert states == {InstructionState.TAKEN}
        told = [one for one in lab.town.rows(Notice) if one.kind is NoticeKind.ACTIVATED]
        assert len(told) == len({one.notice for one in told})
        assert lab.alerts() == []
        lab.town.check_sums()
        assert lab.town.store.verify_audit() is None
        assert list(lab.town.store.broken_seals()) == []
