"""Brings notices to parties and reports back to the fleet: claim, post, settle.

What was posted just before a crash is posted again under the same key. A party without an endpoint
waits with that reason, as does one whose endpoint does not answer; only a receiver that says it never
will makes a notice dead. Each party has its own pace: one that is away holds up nobody else.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

import trio

from ota_engine.audit_chain import AuditHead
from ota_engine.errors import ZotaError
from ota_engine.fleet.fleet import FleetEvent
from ota_engine.fleet.kernel.heads import sign_head
from ota_engine.fleet.kernel.rows import Counts, Select
from ota_engine.fleet.notices.delivery import NoticeDelivered, NoticeUndelivered
from ota_engine.fleet.notices.rows import Notice, NoticeState
from ota_engine.fleet.parties.rows import Party
from ota_engine.head_end.desk import FleetDesk
from ota_engine.head_end.endpoints import NoticeEndpoint, open_endpoint
from ota_engine.head_end.letters import notice_letter
from ota_engine.head_end.rooms import DeskRoom
from ota_engine.store.fleet.keyring import FleetKey
from ota_engine.telling.sink import DEFAULT_PATIENCE, Fate
from ota_engine.times import Utc
from ota_engine.wording import one_line

BATCH: Final = 100  # notices of one party in one go


class CourierRound(NamedTuple):
    """What one round did: notices delivered, given up, and left waiting with a reason."""

    delivered: int = 0
    given_up: int = 0
    waiting: int = 0


class NoticeCourier:
    """Carries the notices of one fleet.

    Args:
        room: the fleet; others use it between what the courier does.
        key: with which heads of the audit trail are signed.
        folder: in which files of notices lie.
        wall_clock: returns UTC seconds.
        report: is told, in one line, of every failure.
    """

    def __init__(
        self,
        room: DeskRoom,
        key: FleetKey,
        folder: Path,
        *,
        wall_clock: Callable[[], Utc],
        report: Callable[[str], None],
    ) -> None:
        self._room = room
        self._key = key
        self._folder = folder
        self._wall_clock = wall_clock
        self._report = report
        self._unanswered: dict[str, int] = {}  # by party, in a row
        self._left_alone: dict[str, tuple[float, float]] = {}  # from, until
        self._told: dict[str, set[str]] = {}  # troubles of the last round; a new one is reported

    async def round(self) -> CourierRound:
        """Try every notice of every party that is not left alone for a while."""
        parties = await self._room.use_patiently(_parties)
        now = self._wall_clock()
        done: list[CourierRound] = []

        async def serve(party: Party) -> None:
            done.append(await self._serve(party))

        async with trio.open_nursery() as nursery:
            for party in parties:
                begin, end = self._left_alone.get(party.party, (0.0, 0.0))
                if not begin <= now < end:  # a clock may be set back
                    nursery.start_soon(serve, party)
        return CourierRound(*map(sum, zip(CourierRound(), *done, strict=True)))

    async def _serve(self, party: Party) -> CourierRound:
        """Bring a party what waits for it, oldest first, until nobody answers; one process at a time does."""
        async with self._room.turn(f"notices to {party.party}") as mine:
            return await self._bring(party) if mine else CourierRound()

    async def _bring(self, party: Party) -> CourierRound:
        waiting, head = await self._room.use_patiently(partial(_claim, party=party.party))
        if not waiting:
            return CourierRound()
        try:
            endpoint = open_endpoint(party.party, party.endpoint, self._folder)
        except ZotaError as error:
            events = [_undelivered(one, str(error), False) for one in waiting]
            return await self._settle(party, waiting, events)
        async with endpoint:
            return await self._post(party, endpoint, waiting, head)

    async def _post(
        self, party: Party, endpoint: NoticeEndpoint, waiting: Sequence[Notice], head: AuditHead
    ) -> CourierRound:
        events: list[FleetEvent] = []
        signed = sign_head(head, self._key.private, self._wall_clock())
        for notice in waiting:
            answer = await endpoint.tell(notice_letter(notice, signed))
            if answer.fate is Fate.ACCEPTED:
                self._unanswered.pop(party.party, None)
                events.append(NoticeDelivered(notice.notice, notice.party))
                continue
            given_up = answer.fate is Fate.REFUSED
            events.append(_undelivered(notice, answer.problem, given_up))
            if answer.fate is Fate.AWAY:
                self._leave_alone(party.party)
                break
        return await self._settle(party, waiting, events)

    def _leave_alone(self, party: str) -> None:
        failures = self._unanswered[party] = self._unanswered.get(party, 0) + 1
        now = self._wall_clock()
        self._left_alone[party] = now, now + DEFAULT_PATIENCE.after(failures)

    async def _settle(
        self, party: Party, waiting: Sequence[Notice], events: Sequence[FleetEvent]
    ) -> CourierRound:
        """Tell the fleet what became of notices; until this returns, nothing did."""
        utc, news = self._wall_clock(), _news(waiting, events)
        if news:
            await self._room.use_patiently(lambda desk: desk.handle(news, utc))
        troubles = [one for one in events if isinstance(one, NoticeUndelivered)]
        told = {one.trouble for one in troubles}
        for trouble in sorted(told - self._told.get(party.party, set())):
            self._report(f"{party.party}: not every notice was delivered: {trouble}")
        self._told[party.party] = told
        given_up = sum(one.given_up for one in troubles)
        delivered = len(events) - len(troubles)
        return CourierRound(delivered, given_up, len(troubles) - given_up)


def _parties(desk: FleetDesk) -> list[Party]:
    """Read those for whom notices wait."""
    with desk.store.reading():
        waiting = desk.store.count(Counts(Notice, ("party",), (("state", NoticeState.WAITING),)))
        return [row for row in desk.store.select(Select(Party)) if (row.party,) in waiting]


def _claim(desk: FleetDesk, party: str) -> tuple[list[Notice], AuditHead]:
    where = ("state", NoticeState.WAITING), ("party", party)
    with desk.store.reading():
        waiting = desk.store.select(Select(Notice, where, (), ("created_utc",), BATCH))
        return waiting, desk.store.audit_head()


def _news(waiting: Sequence[Notice], events: Sequence[FleetEvent]) -> list[FleetEvent]:
    """What the fleet does not know yet: a trouble that goes on is no news."""
    known = {(one.notice, one_line(one.trouble)) for one in waiting}
    return [
        one
        for one in events
        if not isinstance(one, NoticeUndelivered)
        or one.given_up
        or (one.notice, one_line(one.trouble)) not in known
    ]


def _undelivered(notice: Notice, trouble: str, given_up: bool) -> NoticeUndelivered:
    return NoticeUndelivered(notice.notice, notice.party, trouble, given_up)
