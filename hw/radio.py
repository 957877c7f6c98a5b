"""A real radio behind the Link interface: opened, kept alive, and opened again when it was lost.

Knows sessions and events; what a session is made of is ``hw.session``'s to know. Every life of the
radio has an asyncio loop of its own, so whatever a radio library leaves behind ends with it.
"""

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from math import inf
from types import TracebackType
from typing import Self

import trio

from hw.device_table import DeviceTable
from hw.inbox import Inbox
from hw.port import check_port, lock_port
from hw.session import RadioFacts, RadioSession, visit
from hw.settings import RadioSettings
from images.eui64 import Eui64
from ota_engine.backoff import stepped
from ota_engine.errors import LinkError, LocalError
from ota_engine.events import LinkDown, LinkEvent, LinkUp, Send
from ota_engine.link.contract import LinkDownError, LinkInfo, NodeInfo
from ota_engine.times import Monotonic

SETTLED = 60.0  # seconds a radio has to stay up before its next loss is taken for a first one


class ZigpyRadio:
    """The link to a real coordinator, or to anything that speaks like one.

    Entering it opens the radio, and fails in one line if that cannot be; from then on a radio that
    is lost is opened again for as long as it takes, and the engine is told why it waits.

    Attributes:
        settings: which radio.
        facts: what the radio says of itself; valid once entered.
        troubles: exceptions inside the radio library that nobody awaited, by name.
    """

    facts: RadioFacts

    def __init__(self, settings: RadioSettings) -> None:
        self.settings = settings
        self.troubles: Counter[str] = Counter()
        self._inbox = Inbox()
        self._stack = AsyncExitStack()
        self._session: RadioSession | None = None
        self._reason = "it is not open yet"
        self._known = DeviceTable(self._inbox)

    # --- Link ------------------------------------------------------------------------------------

    @property
    def info(self) -> LinkInfo:
        """What this radio is."""
        facts = self.facts
        return LinkInfo(
            own=facts.eui64,
            pan_id=facts.pan_id,
            channel=facts.channel,
            kind=self.settings.library.scheme,
            max_payload=facts.max_payload,
            aps_security=self.settings.aps_security,
            max_in_flight=facts.in_flight,
        )

    @property
    def events(self) -> trio.MemoryReceiveChannel[list[LinkEvent]]:
        """Batches of what happened."""
        return self._inbox.events

    @property
    def dropped(self) -> int:
        """How many events were lost because nobody took them in time."""
        return self._inbox.dropped

    @property
    def nodes(self) -> Mapping[Eui64, NodeInfo]:
        """The devices of the network; while the radio is lost, as they were."""
        return self._known.nodes()

    async def send(self, frame: Send) -> None:
        """Send one frame.

        Raises:
            SendFailedError: it was not delivered.
            LinkDownError: the radio is gone.
        """
        await self._live().send(frame)

    async def permit(self, seconds: int) -> None:
        """Let devices join.

        Raises:
            LinkError: the radio is gone, or refuses.
        """
        await self._live().permit(seconds)

    async def __aenter__(self) -> Self:
        """Bring the radio up.

        Raises:
            LinkError: it cannot be; the text says what to do.
            LocalError: its library is not installed.
        """
        failure: LinkError | LocalError | None = None
        async with AsyncExitStack() as stack:
            stack.callback(self._inbox.close)
            nursery = await stack.enter_async_context(trio.open_nursery())
            stack.callback(nursery.cancel_scope.cancel)
            try:
                await nursery.start(self._supervise)
            except (LinkError, LocalError) as error:
                failure = error  # raised through the nursery it would come out as a group
            else:
                self._stack = stack.pop_all()
        if failure is not None:
            raise failure
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Take the radio down."""
        await self._stack.__aexit__(kind, error, traceback)

    @property
    def session(self) -> RadioSession:
        """The radio as it is now.

        Raises:
            LinkDownError: it is gone.
        """
        return self._live()

    def _live(self) -> RadioSession:
        if self._session is None:
            raise LinkDownError(self._reason)
        return self._session

    # --- lives -----------------------------------------------------------------------------------

    async def _supervise(
        self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Open the radio; when it is lost, open it again, with ever longer pauses."""
        up_since = await self._one_life(task_status)
        attempt = 0
        while True:
            if Monotonic(trio.current_time()) - up_since > SETTLED:
                attempt = 0
            attempt += 1
            await trio.sleep(stepped(self.settings.reconnect_after, attempt))
            try:
                up_since = await self._one_life(None)
            except LinkError as error:
                self._down(str(error))
                up_since = inf

    async def _one_life(self, task_status: trio.TaskStatus[None] | None) -> float:
        """Serve until the radio is lost; returns since when it was up.

        Raises:
            LinkError: it could not be opened.
            LocalError: its library is not installed.
        """

        async def serve(session: RadioSession) -> float:
            self._known.begin(session)
            await session.connect()
            await session.start()
            since = Monotonic(trio.current_time())
            async with self._in_service(session):
                if task_status is not None:
                    task_status.started()
                await session.lost.wait()
            return since

        # Plugged in again, it may be another port to the system: it has to be there to be named.
        check_port(self.settings)
        with lock_port(self.settings):
            return await visit(self.settings, serve, listener=self._known, record=self._record)

    @asynccontextmanager
    async def _in_service(self, session: RadioSession) -> AsyncIterator[None]:
        """Let the engine have a session while it lives."""
        self.facts = facts = await session.facts()
        self._session = session
        security, now = self.settings.aps_security, Monotonic(trio.current_time())
        up = LinkUp(self.settings.url, facts.eui64, facts.max_payload, security, now)
        self._inbox.put(up, always=True)
        self._reason = ""  # the next loss is news again, whatever its reason
        self._known.open(now)
        try:
            yield
        finally:
            self._session = None
            self._known.close()
            self._down(session.reason or "it is being closed")

    def _down(self, reason: str) -> None:
        if reason != self._reason:
            self._reason = reason
            down = LinkDown(self.settings.url, reason, Monotonic(trio.current_time()))
            self._inbox.put(down, always=True)

    def _record(self, error: BaseException | None, message: str) -> None:
        """Count what the radio library let fall; its own supervision sees to what matters."""
        self.troubles[type(error).__name__ if error is not None else message] += 1
