"""A server to knock at: a state folder with a small estate, people of every role, doors on a loopback socket.

People are those of ``tests.fleet.estate`` (none of them signs but ``kay``, with ``KAYS_KEY``), and ``otto``,
an auditor, and ``cleo`` of a communications service provider. Everybody has a token.
"""

import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self, TypeAlias

import httpx
import trio
from starlette.applications import Starlette

from ota_engine.canonical import canonical_json
from ota_engine.fleet.campaigns.acts import ApproveCampaign, ProposeCampaign
from ota_engine.fleet.fleet import Fleet
from ota_engine.fleet.kernel.decisions import PartyRole
from ota_engine.fleet.kernel.effects import AuditNote
from ota_engine.fleet.kernel.rows import Select
from ota_engine.fleet.parties.rows import Party, Person
from ota_engine.head_end.access.cookies import PLAIN_NAME
from ota_engine.head_end.access.entry import EntryWay, SignedIn
from ota_engine.head_end.desk import FleetDesk
from ota_engine.head_end.questions.asking import Viewer
from ota_engine.head_end.rooms import DeskRoom, ReadingRoom
from ota_engine.head_end.service.parts import ServiceDoor, ServiceParts
from ota_engine.store.fleet.book import FleetStore
from ota_engine.telling.serving import Place, serving
from ota_engine.times import Utc
from tests.fleet.estate import KAYS_KEY, Estate
from tests.fleet.rollout import policy

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec

DATABASE: Final = "fleet.sqlite"
PATIENT: Final = httpx.Timeout(None)  # of a test: no machine is too slow
#: Private keys of those who sign.
KEYS: Final = {"kay": KAYS_KEY}
MakeDoor: TypeAlias = Callable[[ServiceParts], ServiceDoor]


class LabEntry:
    """Lets in whoever has a token; notes what was refused in the audit trail.

    Args:
        reading: where persons are looked up.
        writing: where refusals are noted.
        clock: gives UTC.
    """

    def __init__(self, reading: ReadingRoom, writing: DeskRoom, clock: Callable[[], Utc]) -> None:
        self._reading = reading
        self._writing = writing
        self._clock = clock
        self._issued: dict[str, tuple[str, bool, ec.EllipticCurvePrivateKey | None]] = {}

    def issue(self, person: str, *, reads_only: bool = False, unsigned: bool = False) -> str:
        """Make a token of a person.

        Args:
            person: whose.
            reads_only: it decides nothing.
            unsigned: her private key is not in it, so that she signs herself.
        """
        token = secrets.token_urlsafe(32)
        signer = None if unsigned else KEYS.get(person)
        self._issued[_digest(token)] = person, reads_only, signer
        return token

    async def by_session(self, secret: str) -> SignedIn | None:
        """Know a person by what was issued, in a cookie."""
        return await self._known(secret, EntryWay.SESSION)

    async def by_token(self, token: str) -> SignedIn | None:
        """Know a person by a token that was issued."""
        return await self._known(token, EntryWay.BEARER)

    async def _known(self, token: str, way: EntryWay) -> SignedIn | None:
        found = self._issued.get(_digest(token))
        if found is None:
            return None
        person, reads_only, signer = found
        viewer = await self._reading.ask(lambda desk: viewer_of(desk, person))
        if viewer is None:
            return None
        return SignedIn(viewer, way, _digest(token), reads_only=reads_only, signer=signer)

    async def still_in(self, seen: SignedIn) -> bool:
        """Whether the person is in the fleet still."""
        person = seen.viewer.person
        return await self._reading.ask(lambda desk: viewer_of(desk, person)) == seen.viewer

    async def refused(self, seen: SignedIn, what: str) -> None:
        """Note it in the audit trail."""
        utc = self._clock()
        note = AuditNote(
            seen.viewer.person, "refused", f"person:{seen.viewer.person}", {"text": what}
        )

        def keep(desk: FleetDesk) -> None:
            with desk.store.transaction():
                desk.store.keep((), [note], utc)

        await self._writing.use(keep)


def viewer_of(desk: FleetDesk, person: str) -> Viewer | None:
    """Say what a person of the fleet may see; None for nobody."""
    with desk.store.reading():
        persons = desk.store.select(Select(Person, (("person", person),)))
        if not persons or not persons[0].active:
            return None
        (party,) = desk.store.select(Select(Party, (("party", persons[0].party),)))
    return Viewer(person, party.party, frozenset(map(PartyRole, party.roles)))


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
        self._store = FleetStore.open(self.state / DATABASE)
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
        with _opened(self.state) as store, ReadingRoom.open(self.state / DATABASE) as reading:
            writing = DeskRoom(FleetDesk(Fleet(), store))
            entry = LabEntry(reading, writing, self.clock)
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
                    yield ServiceClient(url, entry, parts)
                nursery.cancel_scope.cancel()

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
        entry: issues tokens.
        parts: of the server.
    """

    def __init__(self, url: str, entry: LabEntry, parts: ServiceParts) -> None:
        self.url = url
        self.entry = entry
        self.parts = parts

    def http(self, token: str = "", **settings: Any) -> httpx.AsyncClient:
        """Have a client that shows a token; use it as an async context manager."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.AsyncClient(
            base_url=self.url, headers=headers, timeout=PATIENT, trust_env=False, **settings
        )

    def browser(self, person: str, **settings: Any) -> httpx.AsyncClient:
        """Have a client of a person who is signed in at a browser; use it as an async context manager."""
        cookie = {PLAIN_NAME: self.entry.issue(person)}
        return httpx.AsyncClient(
            base_url=self.url, cookies=cookie, timeout=PATIENT, trust_env=False, **settings
        )

    def of(
        self, person: str, *, reads_only: bool = False, unsigned: bool = False
    ) -> httpx.AsyncClient:
        """Have a client of a person; use it as an async context manager."""
        return self.http(self.entry.issue(person, reads_only=reads_only, unsigned=unsigned))


@contextmanager
def _opened(state: Path) -> Iterator[FleetStore]:
    store = FleetStore.open(state / DATABASE)
    try:
        yield store
    finally:
        store.close()


def _digest(secret: str) -> str:
    return sha256(secret.encode("utf-8", "replace")).hexdigest()


def _more_people() -> list[Any]:
    return [
        Party("audit", "Auditors", (PartyRole.AUDITOR,), endpoint="audit"),
        Party("csp-north", "CSP North", (PartyRole.CSP,), endpoint="csp-north"),
        Person("otto", "audit", "Otto", ""),
        Person("cleo", "csp-north", "Cleo", ""),
    ]
