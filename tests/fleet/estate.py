"""A small estate to test the fleet on: a few homes, parties and persons, and a desk in memory.

Persons: ``olive`` and ``peter`` of the operator (peter and ``paula`` approve), ``sam`` and ``sue`` of the
first two suppliers, ``mona`` of the maker, ``ada`` of the code administrator; none of them signs.
``kay`` of the operator signs with ``KAYS_KEY``.
"""

from collections.abc import Callable
from itertools import count
from typing import Any, Final, TypeVar

from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from emulators.estate.paperwork import paperwork, stated_paths
from emulators.estate.population import EstateSpec, homes, people
from ota_engine.fleet.approvals.acts import ApproveRelease
from ota_engine.fleet.fleet import Fleet, FleetEvent
from ota_engine.fleet.kernel.decisions import Decision, PartyRole, octets_to_sign
from ota_engine.fleet.kernel.effects import Reply
from ota_engine.fleet.kernel.rows import Rows, RowsWanted, Select
from ota_engine.fleet.kernel.work import Work
from ota_engine.fleet.parties.rows import Party, Person
from ota_engine.fleet.releases.acts import EnterRelease
from ota_engine.fleet.releases.rows import ReleaseType
from ota_engine.head_end.desk import FleetDesk
from ota_engine.store.fleet.book import FleetStore
from ota_engine.times import Utc
from tests.fleet.databases import new_store

R = TypeVar("R")

BEGIN: Final = Utc(1_800_000_000.0)  # 2027-01-15 08:00 UTC
DAY: Final = 86_400.0
VERSION: Final = 0x0002_0000  # of the release that most tests roll out
OLD_VERSION: Final = 0x0001_0000
KAYS_KEY: Final = ec.derive_private_key(0x5EED, ec.SECP256R1())


def public_pem(key: ec.EllipticCurvePrivateKey) -> str:
    """The text that a person's row holds."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def signed(decision: Decision, key: ec.EllipticCurvePrivateKey) -> Decision:
    """Sign a decision as its person does."""
    der = key.sign(octets_to_sign(decision), ec.ECDSA(SHA256()))
    r, s = utils.decode_dss_signature(der)
    return decision._replace(signature=r.to_bytes(32, "big") + s.to_bytes(32, "big"))


class Estate:
    """A desk with a few homes.

    Attributes:
        desk: the shell of the fleet.
        store: its database, in memory.
        utc: the time; a test moves it.
    """

    def __init__(self, number: int = 40, seed: int = 1, *, store: FleetStore | None = None) -> None:
        spec = EstateSpec(number, seed)
        self.store = store or new_store()
        self.desk = FleetDesk(Fleet(), self.store)
        self.utc = BEGIN
        self._keys = count(1)
        self.put(*people(spec), *homes(spec), *_more_people())

    def put(self, *rows: Any) -> None:
        """Have rows as if they had always been there."""
        with self.store.transaction():
            self.store.insert(rows)

    def rows(self, kind: type[R], /, **where: Any) -> list[R]:
        """Read rows by what is in them."""
        with self.store.transaction():
            return self.store.select(Select(kind, tuple(where.items())))

    def row(self, kind: type[R], /, **where: Any) -> R:
        """Read the one row."""
        (row,) = self.rows(kind, **where)
        return row

    def read(self, question: Callable[[Work], R]) -> R:
        """Ask something that is answered from rows."""
        rows = Rows()
        while True:
            try:
                return question(Work(rows))
            except RowsWanted as wanted:
                with self.store.transaction():
                    for ask, found in self.store.load(wanted.asks):
                        rows.load(ask, found)

    def ask(
        self,
        person: str,
        act: Any,
        reason: str = "because",
        *,
        revision: int | None = None,
        key: str = "",
        signer: ec.EllipticCurvePrivateKey | None = None,
    ) -> Reply:
        """Let a person decide, and return the answer."""
        name = key or f"decision-{next(self._keys)}"
        decision = Decision(name, person, act, reason, revision, self.utc)
        return self.desk.decide(signed(decision, signer) if signer else decision, self.utc)

    def decide(self, person: str, act: Any, reason: str = "because") -> str:
        """Let a person decide something that must be taken."""
        reply = self.ask(person, act, reason)
        assert reply.accepted, reply.text
        return reply.text

    def refused(self, person: str, act: Any, reason: str = "because") -> str:
        """Let a person decide something that must be refused, and return why it was."""
        reply = self.ask(person, act, reason)
        assert not reply.accepted, reply.text
        assert "\n" not in reply.text
        return reply.text

    def happen(self, *events: FleetEvent) -> None:
        """Let things happen."""
        self.desk.handle(events, self.utc)

    def pass_time(self, seconds: float) -> None:
        """Let time pass, waking the fleet whenever it asks to be."""
        until = Utc(self.utc + seconds)
        while (following := self.desk.next_wake()) is not None and following <= until:
            self.utc = max(self.utc, following)
            self.desk.wake(self.utc)
        self.utc = until

    def approved_release(
        self,
        release: str = "r1",
        version: int = VERSION,
        *,
        variant: str = "hub-1",
        kind: ReleaseType = ReleaseType.PLANNED,
        approve: bool = True,
    ) -> str:
        """Have a release with everything that its approval takes."""
        cpl, digest = f"CPL-{release}", f"{version:064x}"
        self.put(
            *stated_paths(variant, {f"CPL-{variant}-{OLD_VERSION:08X}": OLD_VERSION, cpl: version}),
            *paperwork(release, version, cpl, digest, self.utc, ("set-a", "set-b")),
        )
        self.decide("olive", EnterRelease(release, variant, version, cpl, kind, digest))
        if approve:
            self.decide("peter", ApproveRelease(release))
        return release


def _more_people() -> list[Any]:
    return [
        Party("maker", "Maker", (PartyRole.MANUFACTURER,), endpoint="maker"),
        Party("code", "Code administrator", (PartyRole.ADMINISTRATOR,), endpoint="code"),
        Person("paula", "dcc", "Paula", ""),
        Person("sam", "supplier-1", "Sam", ""),
        Person("sue", "supplier-2", "Sue", ""),
        Person("mona", "maker", "Mona", ""),
        Person("ada", "code", "Ada", ""),
        Person("kay", "dcc", "Kay", public_pem(KAYS_KEY)),
    ]
