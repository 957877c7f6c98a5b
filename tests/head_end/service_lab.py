"""A server to knock at: a state folder with a small estate, people of every role, doors on a loopback socket.

People are those of ``tests.fleet.estate`` (none of them signs but ``kay``, with ``KAYS_KEY``), and ``otto``,
an auditor, and ``cleo`` of a communications service provider. Everybody has a token.
"""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any, Final, Self, TypeAlias

import httpx
import trio
from starlette.applications import Starlette

from ota_engine.canonical import canonical_json
from ota_engine.fleet.access.rows import Account
from ota_engine.fleet.campaigns.acts import ApproveCampaign, ProposeCampaign
from ota_engine.fleet.fleet import Fleet
from ota_engine.fleet.kernel.decisions import PartyRole
from ota_engine.fleet.parties.rows import Party, Person
from ota_engine.head_end.access.cookies import PLAIN_NAME
from ota_engine.head_end.access.desk import AccessDesk
from ota_engine.head_end.access.moment import Moment
from ota_engine.head_end.access.sessions import Arrival, begin_session
from ota_engine.head_end.access.tokens import TokenWish, make_token
from ota_engine.head_end.desk import FleetDesk
from ota_engine.head_end.rooms import DeskRoom, ReadingRoom
from ota_engine.head_end.service.parts import ServiceDoor, ServiceParts
from ota_engine.store.fleet.book import FleetStore
from ota_engine.telling.serving import Place, serving
from ota_engine.times import Utc
from tests.fleet.databases import place_in
from tests.fleet.estate import KAYS_KEY, Estate
from tests.fleet.rollout import policy

DATABASE: Final = "fleet.sqlite"
PATIENT: Final = httpx.Timeout(None)  # of a test: no machine is too slow
#: Private keys of those who sign.
KEYS: Final = {"kay": KAYS_KEY}
MakeDoor: TypeAlias = Callable[[ServiceParts], ServiceDoor]


class LabEntry(AccessDesk):
    """The desk of access, which lets people of the lab in without passwords."""

    def __init__(self, lab: "ServiceLab", writing: DeskRoom, reading: ReadingRoom) -> None:
        super().__init__(writing, reading, lab.clock)
        self._lab = lab

    def issue(self, person: str, *, reads_only: bool = False, unsigned: bool = False) -> str:
        """Make a token of a person; see ``ServiceLab.token``."""
        return self._lab.token(person, reads_only=reads_only, unsigned=unsigned)

    def begin(self, person: str, *, unsigned: bool = False) -> str:
        """Sign a person in; gives the secret for the cookie of her browser."""
        account = self._lab.opened(person)
        key = None if unsigned else KEYS.get(person)
        arrival = Arrival(account, "127.0.0.1", key)
        return begin_session(self._lab.estate.desk, arrival, Moment(self._lab.clock())).secret


class ServiceLab:
    """A state folder with a fleet, and what a server of it is made of; use it as a context manager.

    Attributes:
        state: the state folder.
        estate: the fleet, beside whatever server: what a test does there has happened. Its ``utc`` is the
            time of the server, too.
        logs: what doors have logged.
    """

    def __init__(self, folder: Path, homes: int = 40) -> None:
        self.state = folder / "state"
        self.state.mkdir(parents=True)
        self.logs: list[dict[str, Any]] = []
        self._tokens = count(1)
        self._store = FleetStore.open(place_in(self.state))
        self.estate = Estate(homes, store=self._store)
        self.estate.put(*_more_people())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._store.close()

    @asynccontextmanager
    async def serving(self, *doors: MakeDoor, **changes: Any) -> AsyncIterator["ServiceClient"]:
        """Serve doors for as long as the block; gives somebody who comes to them.

        Args:
            doors: classes of doors, or whatever makes one of a server's parts.
            changes: of those parts.
        """
        with _opened(self.state) as store, ReadingRoom.open(place_in(self.state)) as reading:
            writing = DeskRoom(FleetDesk(Fleet(), store))
            entry = LabEntry(self, writing, reading)
            parts = replace(
                ServiceParts(
                    state=self.state,
                    writing=writing,
                    reading=reading,
                    entry=entry,
                    clock=self.clock,
                    log=self._log,
                    secure=False,
                ),
                **changes,
            )
            made = [door(parts) for door in doors]
            app = Starlette(routes=[route for door in made for route in door.routes])
            async with trio.open_nursery() as nursery:
                async with serving(app, Place("127.0.0.1", 0), stopping_s=0.2) as url:
                    for door in made:
                        nursery.start_soon(door.run)
                    yield ServiceClient(url, self, entry, parts)
                nursery.cancel_scope.cancel()

    def token(self, person: str, *, reads_only: bool = False, unsigned: bool = False) -> str:
        """Make a token of a person.

        Args:
            person: whose; an account is opened for her without a password.
            reads_only: it decides nothing.
            unsigned: her private key is not in it, so that she signs herself.
        """
        self.opened(person)
        key = None if unsigned or reads_only else KEYS.get(person)
        wish = TokenWish(f"token {next(self._tokens)}", 366, reads_only)
        return make_token(self.estate.desk, person, wish, key, person, Moment(self.estate.utc))

    def opened(self, person: str) -> Account:
        """Have an account of a person, without a password."""
        if not self.estate.rows(Account, person=person):
            self.estate.put(Account(person, "", b"", "", "", 0.0, self.estate.utc))
        return self.estate.row(Account, person=person)

    def campaign(self, name: str = "c1", release: str = "r1") -> str:
        """Have a campaign over all homes approved."""
        estate = self.estate
        estate.approved_release(release)
        estate.decide("olive", ProposeCampaign(name, release, canonical_json(policy())))
        estate.decide("peter", ApproveCampaign(name))
        return name

    def clock(self) -> Utc:
        """What time it is."""
        return self.estate.utc

    def _log(self, event: str, **facts: object) -> None:
        self.logs.append({"event": event, **facts})


class ServiceClient:
    """Those who come to a server.

    Attributes:
        url: of the server.
        entry: knows who comes in.
        parts: of the server.
    """

    def __init__(self, url: str, lab: ServiceLab, entry: LabEntry, parts: ServiceParts) -> None:
        self.url = url
        self.entry = entry
        self.parts = parts
        self._lab = lab

    def http(self, token: str = "", **settings: Any) -> httpx.AsyncClient:
        """Have a client that shows a token; use it as an async context manager."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.AsyncClient(
            base_url=self.url, headers=headers, timeout=PATIENT, trust_env=False, **settings
        )

    def of(
        self, person: str, *, reads_only: bool = False, unsigned: bool = False
    ) -> httpx.AsyncClient:
        """Have a client of a person; use it as an async context manager."""
        return self.http(self._lab.token(person, reads_only=reads_only, unsigned=unsigned))

    def browser(self, person: str, *, unsigned: bool = False, **settings: Any) -> httpx.AsyncClient:
        """Have a client of a person who is signed in at a browser; use it as an async context manager."""
        secret = self.entry.begin(person, unsigned=unsigned)
        cookies = {PLAIN_NAME: secret}
        return httpx.AsyncClient(
            base_url=self.url, cookies=cookies, timeout=PATIENT, trust_env=False, **settings
        )

    async def refusals(self) -> list[str]:
        """Say what the audit trail has of refusals by now, each with to whom."""
        await self.entry.write()
        with self._lab.estate.store.reading():
            records = [row.record for row in self._lab.estate.store.trail()]
        return [
            f"{one.subject}: {json.loads(one.detail)['reason']}"
            for one in records
            if one.actor == "access" and "refused" in one.action
        ]


@contextmanager
def _opened(state: Path) -> Iterator[FleetStore]:
    store = FleetStore.open(place_in(state))
    try:
        yield store
    finally:
        store.close()


def _more_people() -> list[Any]:
    return [
        Party("audit", "Auditors", (PartyRole.AUDITOR,), endpoint="audit"),
        Party("csp-north", "CSP North", (PartyRole.CSP,), endpoint="csp-north"),
        Person("otto", "audit", "Otto", ""),
        Person("cleo", "csp-north", "Cleo", ""),
    ]
