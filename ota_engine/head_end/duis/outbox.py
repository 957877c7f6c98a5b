"""Brings documents to Service Users' endpoints: claim, post, settle; knows no HTTP.

A document is posted as it was made and signed once: after a crash between post and settle the same
octets go out again, under the same id. Of one user's documents the next goes when the one before has
ended: delivered, or refused for good. Each user has a pace of its own; one that is away holds up nobody.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Final, NamedTuple, Protocol

import trio

from images.eui64 import Eui64, format_eui64
from ota_engine.errors import StoreError, ZotaError
from ota_engine.fleet.kernel.rows import Counts, Select
from ota_engine.fleet.orders.outbox import DocumentDelivered, DocumentUndelivered
from ota_engine.fleet.orders.rows import DocumentState, ServiceUser, UserDocument
from ota_engine.head_end.desk import FleetDesk
from ota_engine.head_end.rooms import DeskRoom
from ota_engine.telling.sink import DEFAULT_PATIENCE, Fate, SinkAnswer
from ota_engine.times import Utc

AT_ONCE: Final = 200  # documents of one user claimed, and settled, in one go
LOOK_S: Final = 1.0  # how often is looked for users with documents that wait
USERS_AT_ONCE: Final = 64  # that are served together


class DocumentEndpoint(Protocol):
    """Where a user takes documents."""

    async def post(self, document: UserDocument) -> SinkAnswer:
        """Bring one there; never raises for what the other side does."""


#: Opens the endpoint of a user; a ``ZotaError`` says in one line why there is none.
OpenEndpoint = Callable[[ServiceUser], AbstractAsyncContextManager[DocumentEndpoint]]


class _Claim(NamedTuple):
    user: ServiceUser | None
    documents: Sequence[UserDocument]


class DocumentCourier:
    """Carries the documents of one fleet.

    Args:
        room: in which the desk is used.
        open_endpoint: for a user.
        clock: gives UTC.
        report: is told, in one line, of every new trouble.
        watch: is told of every post: the document, and what came of it.
    """

    def __init__(
        self,
        room: DeskRoom,
        open_endpoint: OpenEndpoint,
        *,
        clock: Callable[[], Utc],
        report: Callable[[str], None],
        watch: Callable[[UserDocument, SinkAnswer], None] = lambda document, answer: None,
    ) -> None:
        self._room = room
        self._open = open_endpoint
        self._clock = clock
        self._report = report
        self._watch = watch
        self._served: set[Eui64] = set()
        self._unanswered: dict[Eui64, int] = {}  # in a row
        self._left_alone: dict[Eui64, tuple[float, float]] = {}  # from, until
        self._told: dict[Eui64, str] = {}  # the last trouble; a new one is reported
        self._unread = ""  # why documents could not be read, the last time
        self._users = trio.CapacityLimiter(USERS_AT_ONCE)

    async def run(self) -> None:
        """Bring what waits, until cancelled."""
        async with trio.open_nursery() as nursery:
            while True:
                await self._start(nursery)
                await trio.sleep(LOOK_S)

    async def drain(self) -> None:
        """Try every document of every user that is not left alone for a while, once."""
        async with trio.open_nursery() as nursery:
            await self._start(nursery)

    async def _start(self, nursery: trio.Nursery) -> None:
        """Begin to serve users whose documents wait, and who are not being served."""
        try:
            waiting = await self._room.use(_users_waiting)
        except StoreError as error:
            if str(error) != self._unread:
                self._report(f"documents cannot be read: {error}")
            self._unread = str(error)
            return
        self._unread = ""
        now = self._clock()
        for user in waiting:
            begin, end = self._left_alone.get(user, (0.0, 0.0))
            if user not in self._served and not begin <= now < end:  # a clock may be set back
                self._served.add(user)
                nursery.start_soon(self._serve, user)

    async def _serve(self, user: Eui64) -> None:
        try:
            async with self._users, self._room.turn(f"documents to {user:d}") as mine:
                if mine:
                    await self._serve_all(user)
        except StoreError as error:
            self._trouble(user, f"its documents wait: {error}")
            self._leave_alone(user)
        except Exception as error:  # noqa: BLE001 - told; what is wrong with one user ends no other
            self._trouble(user, f"a fault of ours: {type(error).__name__}: {error}")
            self._leave_alone(user)
        finally:
            self._served.discard(user)

    async def _serve_all(self, user: Eui64) -> None:
        claim = await self._claim(user)
        if claim.user is None or not claim.documents:
            return
        where = claim.user.endpoint
        try:
            async with self._open(claim.user) as endpoint:
                while claim.documents and await self._post(user, endpoint, claim.documents):
                    claim = await self._claim(user)
                    if claim.user is None or claim.user.endpoint != where:
                        return  # it takes documents elsewhere by now
        except ZotaError as error:
            if isinstance(error, StoreError):
                raise
            self._leave_alone(user)
            await self._settle([_undelivered(claim.documents[0], str(error), given_up=False)])
            self._trouble(user, str(error))

    async def _claim(self, user: Eui64) -> _Claim:
        return await self._room.use(lambda desk: _claimed(desk, user, self._clock()))

    async def _post(
        self, user: Eui64, endpoint: DocumentEndpoint, documents: Sequence[UserDocument]
    ) -> bool:
        """Post documents in order; False once this user is to be left alone."""
        events: list[DocumentDelivered | DocumentUndelivered] = []
        goes_on = True
        for document in documents:
            answer = await endpoint.post(document)
            self._watch(document, answer)
            if answer.fate is Fate.ACCEPTED:
                events.append(DocumentDelivered(document.document))
                continue
            given_up = answer.fate is Fate.REFUSED
            events.append(_undelivered(document, answer.problem, given_up=given_up))
            self._trouble(user, answer.problem)
            if not given_up:
                goes_on = False
                break
        if goes_on:
            self._unanswered.pop(user, None)
            self._told.pop(user, None)
        else:
            self._leave_alone(user)
        with trio.CancelScope(shield=True):  # what was answered is settled, also when we stop
            await self._settle(events)
        return goes_on

    async def _settle(self, events: Sequence[DocumentDelivered | DocumentUndelivered]) -> None:
        """Tell the fleet what became of documents; until this returns, nothing did."""
        await self._room.use(lambda desk: desk.handle(events, self._clock()))

    def _leave_alone(self, user: Eui64) -> None:
        failures = self._unanswered[user] = self._unanswered.get(user, 0) + 1
        now = self._clock()
        self._left_alone[user] = now, now + DEFAULT_PATIENCE.after(failures)

    def _trouble(self, user: Eui64, trouble: str) -> None:
        if self._told.get(user) != trouble:
            self._told[user] = trouble
            self._report(f"{format_eui64(user)}: not every document was delivered: {trouble}")


def _users_waiting(desk: FleetDesk) -> list[Eui64]:
    with desk.store.reading():
        counted = desk.store.count(Counts(UserDocument, ("user",), _WAITING))
    return [user for (user,) in counted]


def _claimed(desk: FleetDesk, user: Eui64, utc: Utc) -> _Claim:
    """Take the oldest documents of a user; those that nobody has made yet are made."""
    store = desk.store
    wanted = Select(UserDocument, (*_WAITING, ("user", user)), (), ("created_utc",), AT_ONCE)
    with store.reading():
        users = store.select(Select(ServiceUser, (("user", user),)))
        documents = store.select(wanted)
    if not all(document.octets for document in documents):
        documents = desk.make(documents, utc)
    return _Claim(users[0] if users else None, documents)


def _undelivered(document: UserDocument, trouble: str, *, given_up: bool) -> DocumentUndelivered:
    return DocumentUndelivered(document.document, trouble, given_up)


_WAITING: Final = (("state", DocumentState.WAITING),)
