"""Streams that are open to gateways, and one look for all of them at what they are to be told.

Nothing is kept here that is not in the database: what was put on a stream and not taken is put on the next
one. A gateway has one stream; whoever opens another has lost the first, or is somebody else.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from math import inf
from typing import Final, NamedTuple

import trio
from starlette.responses import Response

from ota_engine.fleet.gateways.rows import HomeMove, RegisteredGateway
from ota_engine.fleet.kernel.rows import Counts, RowKey, Select
from ota_engine.fleet.port import Instruction, InstructionState
from ota_engine.gateway.wire import HEARTBEAT_S, HomeGiven, HomesGiven, Parting, Watching
from ota_engine.gateway.wire_shapes import WireError
from ota_engine.gateway.wire_stream import HEARTBEAT, StreamEvent, event_octets
from ota_engine.head_end.desk import FleetDesk
from ota_engine.head_end.gateways.figures import GatewayFigures
from ota_engine.head_end.gateways.homes import homes_of, leaving_homes
from ota_engine.head_end.service.parts import ServiceParts
from ota_engine.head_end.streaming import StreamAnswer, TellPiece
from ota_engine.times import Utc

TICK_S: Final = 0.25  # between two looks
HOMES_S: Final = (
    15.0  # between two looks at whose the homes are, where nothing says that they moved
)
MOST_UNTAKEN: Final = 200  # instructions put on a stream that were not taken yet
MOST_STREAMS: Final = 2_000
MOST_BEHIND: Final = (
    1 << 20
)  # octets that wait for a reader; whoever is further behind is told nothing more
REPLACED: Final = "another stream of this gateway has taken the place of this one"


@dataclass(eq=False, slots=True)
class GatewayStream:
    """One stream.

    Attributes:
        gateway: whose.
        instance: of it.
        address: from where.
        homes: that it was told are its own; None while it was told none.
        watch: that it was told somebody looks.
        untaken: keys of instructions that were put on it and not taken.
        taken: keys of those that were taken since the look that is under way began, which may not know of it.
        unsayable: keys of those that there are no words for.
        parting: it is to end; None while it is not.
    """

    gateway: str
    instance: str
    address: str
    homes: tuple[HomeGiven, ...] | None = None
    watch: bool = False
    untaken: set[str] = field(default_factory=set)
    taken: set[str] = field(default_factory=set)
    unsayable: set[str] = field(default_factory=set)
    parting: Parting | None = None
    _waiting: deque[bytes] = field(default_factory=deque)
    _news: trio.Event = field(default_factory=trio.Event)

    def tell(self, event: StreamEvent) -> None:
        """Put something on it.

        Raises:
            WireError: there are no words for it.
        """
        self._waiting.append(event_octets(event))
        self._news.set()

    @property
    def is_behind(self) -> bool:
        """Whether so much waits to be read that nothing more is put on it: it is told later what is then."""
        return sum(map(len, self._waiting)) > MOST_BEHIND

    def end(self, parting: Parting) -> None:
        """Let it end with a last word."""
        if self.parting is None:
            self.tell(parting)
            self.parting = parting

    async def flow(self, send: TellPiece) -> None:
        """Send what is put on it until it ends, and a heartbeat where that is nothing for long."""
        while True:
            self._news = trio.Event()
            while self._waiting:
                await send(self._waiting.popleft())
            if self.parting is not None:
                return
            with trio.move_on_after(HEARTBEAT_S) as waited:
                await self._news.wait()
            if waited.cancelled_caught:
                await send(HEARTBEAT)


class Connections:
    """All streams that are open now.

    Args:
        parts: of the server.
        figures: count.
    """

    def __init__(self, parts: ServiceParts, figures: GatewayFigures) -> None:
        self._parts = parts
        self._figures = figures
        self._streams: dict[str, GatewayStream] = {}
        self._new: set[str] = set()
        self._moves: tuple[object, ...] = ()
        self._homes_at = -inf
        self._stirred = trio.Event()

    def __len__(self) -> int:
        return len(self._streams)

    def of(self, gateway: str) -> GatewayStream | None:
        """The stream of a gateway."""
        return self._streams.get(gateway)

    @property
    def gateways(self) -> list[str]:
        """Names of those that have a stream."""
        return list(self._streams)

    def answer(self, stream: GatewayStream) -> Response:
        """Answer with a stream; from then on it is the one of its gateway."""
        return StreamAnswer(partial(self._flow, stream))

    async def _flow(self, stream: GatewayStream, send: TellPiece) -> None:
        try:
            await stream.flow(send)
        finally:
            self.close(stream)

    def open(self, stream: GatewayStream) -> None:
        """Let a stream be the one of its gateway."""
        before = self._streams.get(stream.gateway)
        if before is not None:
            before.end(Parting(REPLACED, None))
        self._streams[stream.gateway] = stream
        self._new.add(stream.gateway)
        self.stir()

    def close(self, stream: GatewayStream) -> None:
        """Forget a stream."""
        if self._streams.get(stream.gateway) is stream:
            del self._streams[stream.gateway]

    def taken(self, gateway: str, keys: tuple[str, ...]) -> None:
        """Note what a gateway has taken."""
        stream = self._streams.get(gateway)
        if stream is not None:
            stream.untaken.difference_update(keys)
            stream.taken.update(keys)

    def stir(self) -> None:
        """Have it looked at once."""
        self._stirred.set()

    async def run(self) -> None:
        """Look again and again, until cancelled: when something was committed, or somebody came."""
        seen: int | None = None
        while True:
            with trio.move_on_after(TICK_S):
                await self._stirred.wait()
            self._stirred = trio.Event()
            if not self._streams:
                seen = None
                continue
            revision = await self._parts.reading.revision()
            due = trio.current_time() >= self._homes_at + HOMES_S
            if revision != seen or self._new or due:
                seen = revision
                await self._look(due)
            self._watch()

    async def _look(self, homes_due: bool) -> None:
        new, self._new = self._new, set()
        streams = {name: one for name, one in self._streams.items() if one.homes is not None}
        for one in streams.values():
            one.taken.clear()
        asked = _Asked(
            {name: len(one.untaken) for name, one in streams.items()},
            frozenset(new),
            self._moves,
            homes_due,
            self._parts.clock(),
        )
        found = await self._parts.reading.ask(partial(_look, asked=asked))
        if homes_due:
            self._homes_at = trio.current_time()
        self._moves = found.moves
        for name, why in found.over(streams).items():
            streams.pop(name).end(Parting(why, None))
        for name, homes in found.homes.items():
            stream = streams.get(name)
            if stream is not None and stream.homes != homes and not stream.is_behind:
                stream.homes = homes
                stream.tell(HomesGiven(homes))
        for name, instructions in found.instructions.items():
            if name in streams:
                self._instruct(streams[name], instructions)

    def _instruct(self, stream: GatewayStream, instructions: list[Instruction]) -> None:
        told = 0
        stream.untaken &= {one.key for one in instructions}
        known = stream.untaken | stream.taken | stream.unsayable
        for one in instructions:
            if stream.is_behind:
                break
            if one.key in known:
                continue
            try:
                stream.tell(one)
            except WireError as error:
                stream.unsayable.add(one.key)
                self._parts.log(
                    "trouble", trouble=f"an instruction cannot be told to {stream.gateway}: {error}"
                )
                continue
            stream.untaken.add(one.key)
            told += 1
        self._figures.told(told)

    def _watch(self) -> None:
        on = self._parts.live.is_watched
        for stream in self._streams.values():
            if stream.homes is not None and stream.watch is not on and not stream.is_behind:
                stream.watch = on
                stream.tell(Watching(on))


class _Asked(NamedTuple):
    """What a look is for.

    Attributes:
        untaken: by gateway, how many instructions it has not taken that were told.
        new: gateways to be told whatever there is.
        moves: what was seen of moves last time.
        homes: look at homes even where nothing moved.
        utc: now.
    """

    untaken: Mapping[str, int]
    new: frozenset[str]
    moves: tuple[object, ...]
    homes: bool
    utc: Utc


class _Found(NamedTuple):
    """What a look has found, by gateway."""

    moves: tuple[object, ...]
    homes: dict[str, tuple[HomeGiven, ...]]
    instructions: dict[str, list[Instruction]]
    rows: dict[str, RegisteredGateway]

    def over(self, streams: Mapping[str, GatewayStream]) -> dict[str, str]:
        """Name gateways whose streams are no longer theirs, and why."""
        found = {}
        for name, stream in streams.items():
            row = self.rows.get(name)
            if row is None or row.revoked:
                reason = "" if row is None else f": {row.revoked}"
                found[name] = f"this gateway is revoked{reason}"
            elif row.instance != stream.instance:
                found[name] = "another gateway has registered in the place of this one"
        return found


def _look(desk: FleetDesk, asked: _Asked) -> _Found:
    """Look once for all; whoever has nothing new costs nothing but its place in one count.

    As many as before need not be the same ones: with the homes, instructions are looked at one by one.
    """
    store = desk.store
    with store.reading():
        leaving = leaving_homes(desk)
        moves = (
            store.greatest(HomeMove, "asked_utc"),
            store.greatest(HomeMove, "moved_utc"),
            tuple(leaving.items()),
        )
        again = asked.homes or moves != asked.moves
        wanted = asked.untaken if again else asked.new & asked.untaken.keys()
        homes = {name: homes_of(desk, name, leaving, asked.utc) for name in wanted}
        counts = store.count(
            Counts(Instruction, ("gateway",), (("state", InstructionState.WAITING),))
        )
        behind = [
            name
            for name, untaken in asked.untaken.items()
            if again or name in asked.new or counts.get((name,), 0) != untaken
        ]
        instructions = {
            name: [one for one in _waiting(desk, name) if leaving.get(one.home) != name]
            for name in behind
        }
        known = store.load(RowKey(RegisteredGateway, (name,)) for name in asked.untaken)
    rows = {row.gateway: row for _, row in known if row is not None}
    return _Found(moves, homes, instructions, rows)


def _waiting(desk: FleetDesk, gateway: str) -> list[Instruction]:
    where = (("state", InstructionState.WAITING), ("gateway", gateway))
    wanted = Select(Instruction, where, (), ("number", "key"), MOST_UNTAKEN)
    return desk.store.select(wanted)
