"""A hub on a link that takes its work from a fleet: runs an engine, and the gateway's core beside it.

Knows trio, the service and a file; what is to be done and said is for ``ota_engine.gateway`` to decide.
What the core remembers is on disk before an instruction counts as taken, before anything is said, and
before the engine is asked what follows from it.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, closing, suppress
from dataclasses import replace
from functools import partial
from math import inf
from pathlib import Path
from secrets import token_hex
from types import MappingProxyType
from typing import Final, Protocol

import trio

from images.eui64 import Eui64
from ota_engine.errors import LocalError, StoreError
from ota_engine.fleet.port import HubOutcome, Instruction, InstructionTaken
from ota_engine.gateway.contract import UNANSWERED_S
from ota_engine.gateway.core import GatewayCore, ImageFinder, heard_up_to
from ota_engine.gateway.effects import Direct, Forget, GatewayEffect, Remember
from ota_engine.gateway.errands import GatewayIdentity
from ota_engine.gateway.sight import OwnHub
from ota_engine.gateway.text import LINE_START, forgotten_line, kept_line, read_lines
from ota_engine.hub.delivery.commands import Inquire
from ota_engine.hub.delivery.status import SessionStatus
from ota_engine.hub.own_firmware.firmware import OwnRequest
from ota_engine.hub.push.commands import BeginPush, ResumePush
from ota_engine.paced_clock import sleep_s
from ota_engine.records import CounterRecord, OutcomeRecord, Record
from ota_engine.shell.proofs import proofs_of
from ota_engine.shell.push import clients_of
from ota_engine.shell.runner import Shell
from ota_engine.shell.service import Setup, open_engine
from ota_engine.store.store import Store
from ota_engine.telling.line_file import LineFile
from ota_engine.times import Monotonic

BOOK_NAME: Final = "gateway.jsonl"  # in the state folder
SHORT: Final = 200  # lines of a book that is not worth writing anew
NO_FLOORS: Final[Mapping[Eui64, int]] = MappingProxyType({})
GROWN: Final = 4  # lines for each row that is still true, in a book that is


class HubItself(Protocol):
    """The hub as a device that is upgraded itself, whoever does that.

    Attributes:
        restarted: it went down: all that lives in it is to be opened anew.
    """

    restarted: trio.Event

    def watch(self, stir: Callable[[], None]) -> None:
        """Have somebody told when it has gone on by itself."""

    @property
    def own(self) -> OwnHub:
        """What it shows."""

    def handle(self, request: OwnRequest) -> None:
        """Ask something of it."""


class GatewayBook:
    """What a gateway remembers, in a file of lines: added to, and written anew once most of it is past.

    Args:
        path: of the file; made if absent.

    Raises:
        StoreError: it is in use, or holds something else.
        LocalError: a line of it cannot be read.

    Attributes:
        rows: that it holds, by their keys.
    """

    def __init__(self, path: Path) -> None:
        self._file = LineFile(path, LINE_START, None)
        try:
            self.rows = read_lines(self._file.found)
        except LocalError as error:
            self._file.close()
            raise LocalError(f"{path}: {error}") from error
        self._lines = len(self._file.found)
        self._file.found.clear()
        if self._lines > 2 * len(self.rows) + SHORT:
            self._write_anew()

    def write(self, effects: Iterable[Remember | Forget]) -> None:
        """Have changes on disk.

        Raises:
            StoreError: they are not.
        """
        effects = list(effects)
        lines = []
        for effect in effects:
            if isinstance(effect, Remember):
                lines.append(kept_line(effect.row))
            else:
                lines.append(forgotten_line(effect.row))
        if not lines:
            return
        self._file.append(lines)
        self._lines += len(lines)
        for effect in effects:
            if isinstance(effect, Remember):
                self.rows[effect.row.key] = effect.row
            else:
                self.rows.pop(effect.row.key, None)
        if self._lines > GROWN * (len(self.rows) + SHORT):
            self._write_anew()

    def _write_anew(self) -> None:
        """Write what is still true and nothing else; where there is no room for both, later."""
        self._lines = len(self.rows)
        with suppress(StoreError):
            self._file.rewrite(kept_line(row) for row in self.rows.values())

    @property
    def instance(self) -> str:
        """What tells this memory from any other, of a gateway of the same name, too; drawn once.

        Raises:
            StoreError: it could not be kept.
        """
        known = self.rows.get("instance")
        if not isinstance(known, GatewayIdentity):
            known = GatewayIdentity(token_hex(16))
            self.write([Remember(known)])
        return known.instance

    def close(self) -> None:
        """Let others have the file."""
        self._file.close()


class LinkGateway:
    """The hub of one home, as a fleet sees it; a ``FleetGateway``. ``open_gateway`` makes one.

    Attributes:
        counters: the highest that was used, by originator.
    """

    def __init__(
        self,
        setup: Setup,
        shell: Shell,
        core: GatewayCore,
        book: GatewayBook,
        itself: HubItself | None,
    ) -> None:
        self._setup = setup
        self._shell = shell
        self._core = core
        self._book = book
        self._itself = itself
        self.counters: dict[Eui64, int] = {}
        self._in_turn = trio.Lock()
        self._records: list[Record] = []
        self._news = trio.Event()
        self._said = core.last
        self._more = trio.Event()

    # --- the fleet's side ------------------------------------------------------------------------

    async def give(self, instructions: Sequence[Instruction]) -> Sequence[InstructionTaken]:
        """Tell it something; what is taken is on disk."""
        async with self._in_turn:
            for instruction in instructions:
                await self._carry_out(self._core.take(instruction, self._setup.wall_clock()))
        self._news.set()
        return [InstructionTaken(instruction.key) for instruction in instructions]

    async def outcomes(self) -> Sequence[HubOutcome]:
        """Hear what is not settled yet, the oldest first; it is on disk."""
        async with self._in_turn:
            return self._core.outcomes

    async def settle(self, keys: Sequence[str]) -> None:
        """Say that outcomes are kept."""
        async with self._in_turn:
            await self._carry_out(self._core.settle(keys))

    # --- by numbers, for a fleet beyond a wire ---------------------------------------------------

    @property
    def last(self) -> int:
        """The number of the last outcome that is on disk; 0 for none."""
        return self._said

    async def wait_for_more(self) -> None:
        """Wait until something was said that is on disk."""
        await self._more.wait()

    async def settle_up_to(self, number: int) -> None:
        """Say up to which number outcomes are kept; they can be heard again for a while."""
        async with self._in_turn:
            await self._carry_out(self._core.settle_up_to(number, self._setup.wall_clock()))

    async def let_go(self) -> None:
        """Do nothing more for the home: it belongs to another gateway."""
        async with self._in_turn:
            await self._carry_out(self._core.let_go(self._setup.wall_clock()))
            await self._look()

    @property
    def wanted_images(self) -> frozenset[str]:
        """SHA-256 of the images that it may still need."""
        return self._core.wanted_images

    @property
    def deliveries(self) -> Sequence[SessionStatus]:
        """How deliveries stand."""
        return self._shell.engine.status()

    @property
    def no_radio(self) -> str:
        """Why the hub has no radio; empty while it has."""
        return self._shell.engine.link_down or ""

    # --- the hub's side --------------------------------------------------------------------------

    def committed(self, rows: Sequence[Record]) -> None:
        """See rows of the engine that are on disk."""
        for row in rows:
            if isinstance(row, CounterRecord):
                self.counters[row.originator] = row.last
        self._records += rows
        self._news.set()

    def stir(self) -> None:
        """Have it look again, because the hub itself has gone on."""
        self._news.set()

    async def begin(self, missed: Sequence[OutcomeRecord]) -> None:
        """Let an engine that was started anew go on where it stopped.

        Args:
            missed: outcomes that the last gateway has not heard any more.
        """
        nodes, security = self._setup.link.nodes, self._setup.security
        resume = ResumePush(clients_of(nodes), proofs_of(nodes, security), if_any=True)
        await self._shell.command(resume)
        utc = self._setup.wall_clock()
        async with self._in_turn:
            await self._carry_out(self._core.heard(missed))
            await self._carry_out(self._core.restarted(self._shell.engine, utc))

    async def run(self) -> None:
        """Look whenever something has happened, or a time has come; until cancelled."""
        while True:
            self._news = trio.Event()
            async with self._in_turn:
                await self._look()
            utc = self._setup.wall_clock()
            wake = self._core.next_wake(utc)
            with trio.move_on_after(inf if wake is None else sleep_s(self._setup.wall_clock, wake)):
                await self._news.wait()

    async def _look(self) -> None:
        records, self._records = self._records, []
        await self._carry_out(self._core.heard(records))
        now, utc = Monotonic(trio.current_time()), self._setup.wall_clock()
        await self._carry_out(self._core.look(self._shell.engine, now, utc))

    async def _carry_out(self, effects: Sequence[GatewayEffect]) -> None:
        """Keep rows first, then ask the hub what follows; all of it, even while this is cancelled.

        Core and engine have gone on already: what they want done must not be lost half way.
        """
        rows = [effect for effect in effects if not isinstance(effect, Direct)]
        with trio.CancelScope(shield=True):
            if self._setup.virtual:
                self._book.write(rows)
            else:
                await trio.to_thread.run_sync(self._book.write, rows)
            if self._core.last > self._said:
                self._said = self._core.last
                self._more.set()
                self._more = trio.Event()
            for effect in effects:
                if isinstance(effect, Direct):
                    await self._direct(effect)

    async def _direct(self, direct: Direct) -> None:
        request = direct.request
        if isinstance(request, OwnRequest):
            if self._itself is not None:
                self._itself.handle(request)
            return
        if isinstance(request, BeginPush):
            nodes, security = self._setup.link.nodes, self._setup.security
            clients, proofs = clients_of(nodes), proofs_of(nodes, security)
            request = replace(request, clients=clients, proofs=proofs)
        elif isinstance(request, Inquire):
            node = self._setup.link.nodes.get(request.device)
            if node is not None:
                request = request._replace(endpoint=node.endpoint, profile=node.profile)
        try:
            await self._shell.command(request)
        except LocalError as error:
            utc = self._setup.wall_clock()
            await self._carry_out(self._core.refused(direct, str(error), utc))
            self._news.set()  # another may go instead


@asynccontextmanager
async def open_gateway(
    setup: Setup,
    home: str,
    images: ImageFinder,
    itself: HubItself | None = None,
    unanswered_s: float = UNANSWERED_S,
    book: GatewayBook | None = None,
    floors: Mapping[Eui64, int] = NO_FLOORS,
) -> AsyncIterator[LinkGateway]:
    """Run the hub of a home on an entered link, and let a fleet tell it what to do.

    Args:
        setup: the link, the state folder and the keys.
        home: its pseudonym.
        images: where the gateway keeps them.
        itself: the hub, where it is upgraded, too.
        unanswered_s: seconds until a user is told that a device has not answered.
        book: what the gateway remembers, where somebody has opened it already.
        floors: counters that were used in the home by whoever had it before, by their originators.

    It goes on where the last one stopped, killed or not.

    Raises:
        StoreError: the state folder cannot be used.
        LocalError: what the gateway remembers cannot be read.
    """
    witness: list[Callable[[Sequence[Record]], None]] = []
    with ExitStack() as held:
        books: list[GatewayBook] = [] if book is None else [book]
        missed: list[OutcomeRecord] = []
        counters: dict[Eui64, int] = {}

        def listen(store: Store) -> None:
            """Open the book once nobody else has the folder, and find what it has missed."""
            if not books:
                books.append(held.enter_context(closing(GatewayBook(setup.state / BOOK_NAME))))
            missed.extend(store.outcomes_after(heard_up_to(books[0].rows)))
            known = {one.originator: one.last for one in store.load().counters}
            above = [one for one in floors.items() if one[1] > known.get(one[0], 0)]
            store.apply([CounterRecord(*one) for one in above])
            counters.update(known | dict(above))

        async with open_engine(setup, listen, partial(_see, witness)) as shell:
            (kept,) = books
            own = None if itself is None else itself.own
            core = GatewayCore(home, images, kept.rows.values(), own, unanswered_s)
            gateway = LinkGateway(setup, shell, core, kept, itself)
            gateway.counters.update(counters)
            witness.append(gateway.committed)
            if itself is not None:
                itself.watch(gateway.stir)
            await gateway.begin(missed)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(gateway.run)
                yield gateway
                nursery.cancel_scope.cancel()


def _see(witness: Sequence[Callable[[Sequence[Record]], None]], rows: Sequence[Record]) -> None:
    for see in witness:
        see(rows)
