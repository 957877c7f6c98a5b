"""A fleet's state folder to try commands on: founded by olive and peter, with some homes of suppliers.

Its persons sign: ``olive`` and ``peter`` of the operator, ``sam`` of supplier-1, each with a key in the
folder. Whatever no command brings in (homes, papers of a release) is put there as rows.
"""

import json
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from emulators.estate.paperwork import paperwork, stated_paths
from emulators.estate.population import EstateSpec, homes, people
from ota_engine.cli.exits import Exit
from ota_engine.fleet.fleet import Fleet
from ota_engine.fleet.parties.rows import Party, Person
from ota_engine.head_end.desk import FleetDesk
from ota_engine.store.fleet.book import FleetStore
from ota_engine.wall_clock import this_machine
from tests.cli.zota import Ran, zota
from tests.fleet.databases import new_url, place_in

PERSONS: Final = ("olive", "peter", "sam")
VERSION: Final = 0x0002_0000
POLICY: Final = """
key = "00112233445566778899aabbccddeeff"
notice_days = 7
[[phases]]
name = "pilot"
homes = 10
[[phases]]
name = "mass"
"""
FOUNDERS: Final = """
party = "dcc"
name = "The operator"
[[persons]]
id = "olive"
name = "Olive"
key = "olive.pub"
[[persons]]
id = "peter"
name = "Peter"
key = "peter.pub"
"""


class FleetFolder:
    """A folder with keys, a policy and a fleet.

    Attributes:
        folder: where files are.
        state: the fleet's state folder.
    """

    def __init__(self, folder: Path, number: int = 40) -> None:
        self.folder = folder
        self.state = folder / "fleet"
        (folder / "policy.toml").write_text(POLICY)
        (folder / "founders.toml").write_text(FOUNDERS)
        for place, person in enumerate(PERSONS, 1):
            write_keys(folder, person, place)
        url = new_url()
        on = () if url is None else ("--database", url)
        ran = zota("estate", "init", folder / "founders.toml", *self.by("olive"), *on)
        assert ran.code == Exit.OK, ran.err
        spec = EstateSpec(number, 1)
        suppliers = [row for row in people(spec) if not isinstance(row, Person)]
        suppliers = [
            row for row in suppliers if not (isinstance(row, Party) and row.party == "dcc")
        ]
        sam = Person("sam", "supplier-1", "Sam", (folder / "sam.pub").read_text())
        self.put(*suppliers, *homes(spec), sam)

    def put(self, *rows: Any) -> None:
        """Have rows as if they had always been there."""
        store = FleetStore.open(place_in(self.state))
        with store.transaction():
            store.insert(rows)
        store.close()

    def desk(self) -> FleetDesk:
        """Open the fleet beside the commands; close its store."""
        return FleetDesk(Fleet(), FleetStore.open(place_in(self.state)))

    def by(self, person: str) -> tuple[str | Path, ...]:
        """Options with which a person decides."""
        return "--state", self.state, "--as", person, "--key", self.folder / f"{person}.key"

    def decide(self, person: str, *words: str | Path | int) -> Ran:
        """Let a person decide by a command."""
        return zota(*words, *self.by(person))

    def done(self, person: str, *words: str | Path | int) -> dict[str, Any]:
        """Let a person decide something that must be taken; its answer."""
        ran = self.decide(person, *words, "--json")
        assert ran.code == Exit.OK, ran
        answer: dict[str, Any] = json.loads(ran.out)
        return answer

    def refused(self, person: str, *words: str | Path | int) -> str:
        """Let a person decide something that must be refused; the one line that says why."""
        ran = self.decide(person, *words)
        assert (ran.code, ran.out) == (Exit.ERRORS, ""), ran
        assert ran.err.count("\n") == 1
        return ran.err

    def papers(self, release: str = "r1", version: int = VERSION) -> None:
        """Have all that a release has gone through."""
        cpl = f"CPL-{release}"
        self.put(
            *stated_paths("hub-1", {"CPL-0001": 0x0001_0000, cpl: version}),
            *paperwork(release, version, cpl, f"{version:064x}", this_machine(), ("set-a",)),
        )

    def entered(self, release: str = "r1", version: int = VERSION) -> None:
        """Have a release entered by olive."""
        self.papers(release, version)
        self.done(
            "olive",
            *("release", "enter", release, "--variant", "hub-1", "--version", hex(version)),
            *("--cpl", f"CPL-{release}", "--type", "planned", "--sha256", f"{version:064x}"),
        )

    def proposed(self, campaign: str = "c1") -> dict[str, Any]:
        """Have an approved release, and a campaign that olive proposed."""
        self.entered()
        self.done("peter", "release", "approve", "r1")
        policy = self.folder / "policy.toml"
        words = ("campaign", "propose", campaign, "--release", "r1", "--policy", policy)
        return self.done("olive", *words, "--reason", "as planned")


def write_keys(folder: Path, person: str, number: int) -> None:
    """Write the two key files of a person, the same every time."""
    key = ec.derive_private_key(0xBEEF + number, ec.SECP256R1())
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (folder / f"{person}.key").touch(0o600)
    (folder / f"{person}.key").write_bytes(secret)
    (folder / f"{person}.pub").write_bytes(public)
