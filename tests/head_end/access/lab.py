"""A desk that lets persons in, over a state folder with the small estate; passwords cost next to nothing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

from ota_engine.fleet.fleet import Fleet
from ota_engine.fleet.kernel.rows import Select
from ota_engine.head_end.access import accounts
from ota_engine.head_end.access.book import LOCAL_ACTOR
from ota_engine.head_end.access.desk import AccessDesk
from ota_engine.head_end.access.moment import Moment
from ota_engine.head_end.access.passwords import Passwords
from ota_engine.head_end.access.sealing import PasswordCost
from ota_engine.head_end.access.sessions import SessionBegun
from ota_engine.head_end.desk import FleetDesk
from ota_engine.head_end.rooms import DeskRoom, ReadingRoom
from ota_engine.store.fleet.book import FleetStore
from ota_engine.times import Utc
from tests.fleet.databases import place_in
from tests.fleet.estate import KAYS_KEY
from tests.head_end.service_lab import ServiceLab

R = TypeVar("R")

CHEAP: Final = PasswordCost(1, 8, 1)
PASSWORD: Final = "a horse with 4 batteries"  # noqa: S105 - of everybody here
HERE: Final = "192.0.2.1"
ELSEWHERE: Final = "198.51.100.7"


class AccessLab(ServiceLab):
    """The lab, with accounts of its people.

    Attributes:
        passwords: that accounts are made with.
        rate: of the calendar that the next desk goes by.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, homes=2)
        self.passwords = Passwords(CHEAP)
        self.rate = 1.0

    def account(self, person: str, password: str = PASSWORD) -> None:
        """Have an account; kay's has her key."""
        desk = self.estate.desk
        key = KAYS_KEY if person == "kay" else None
        who = accounts.known_of(desk, person)
        chosen = accounts.choose(who, person, password, key, self.passwords)
        accounts.open_at_once(desk, person, chosen, LOCAL_ACTOR, Moment(self.clock()))

    @asynccontextmanager
    async def desk(self) -> AsyncIterator[AccessDesk]:
        """Open the desk, as a server does that starts; it does nothing by itself."""
        store = FleetStore.open(place_in(self.state))
        try:
            with ReadingRoom.open(place_in(self.state)) as reading:
                writing = DeskRoom(FleetDesk(Fleet(), store))
                yield AccessDesk(writing, reading, LabClock(self), self.passwords)
        finally:
            store.close()

    def pass_(self, seconds: float) -> None:
        """Let time pass."""
        self.estate.utc = Utc(self.estate.utc + seconds)

    def notes(self, action: str) -> list[str]:
        """The details of all lines of the audit trail for one action."""
        return [
            f"{row.record.actor} {row.record.subject} {row.record.detail}"
            for row in self.estate.store.trail()
            if row.record.action == action
        ]

    def rows_of(self, kind: type[R], **where: Any) -> list[R]:
        """Read rows, as whoever copies the database may."""
        with self.estate.store.reading():
            return self.estate.store.select(Select(kind, tuple(where.items())))


class LabClock:
    """The time of a lab, by a calendar that may run faster than people do.

    Attributes:
        rate: seconds of the calendar in one of theirs.
    """

    def __init__(self, lab: AccessLab) -> None:
        self._lab, self.rate = lab, lab.rate

    def __call__(self) -> Utc:
        """What it is now."""
        return self._lab.clock()


async def signed_in(
    desk: AccessDesk, person: str, password: str = PASSWORD, address: str = HERE
) -> SessionBegun:
    """Sign somebody in."""
    return await desk.sign_in(person, password, address)
