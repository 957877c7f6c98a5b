"""An example estate made ready for a crowd, and the crowd as another process sees it; knows files and processes.

Sessions, tokens and gateways are put into the state folder before its server begins, as signing in a
thousand times would measure nothing but passwords.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

import httpx

from emulators.demo.portal.founding import ACTOR, FLEET_NAME, ExampleFacts
from emulators.demo.portal.people import PEOPLE
from ota_engine.fleet.fleet import Fleet
from ota_engine.fleet.gateways.rows import RegisteredGateway
from ota_engine.fleet.inventory.rows import Home
from ota_engine.fleet.kernel.rows import Rows, Select, key_of, replaced
from ota_engine.fleet.port import Instruction, InstructionState
from ota_engine.head_end.access import accounts, sessions, tokens
from ota_engine.head_end.access.cookies import cookie_name
from ota_engine.head_end.access.moment import Moment
from ota_engine.head_end.access.sessions import Arrival
from ota_engine.head_end.access.tokens import TokenWish
from ota_engine.head_end.desk import FleetDesk
from ota_engine.head_end.trial_clock import clock_of
from ota_engine.paced_clock import rate_of
from ota_engine.store.fleet.book import FleetStore
from ota_engine.times import Utc

STREAMS: Final = 30  # of one session; a server takes 32
PAGE: Final = "/campaigns/campaign-R2"
DECIDE: Final = "/api/v1/acts/raise-incident"
PATIENT_S: Final = 120.0
ROOT: Final = Path(__file__).parents[3]
CROWD: Final = (sys.executable, "-m", "tests.head_end.service.crowd")


class Prepared(NamedTuple):
    """What a crowd comes with.

    Attributes:
        viewers: cookie, page and how many look by it.
        gateways: name and token of each.
        tokens: of programs, by person; what comes by them is signed.
    """

    viewers: Sequence[tuple[str, str, int]]
    gateways: Sequence[tuple[str, str]]
    tokens: Mapping[str, str]


def prepare(
    state: Path, facts: ExampleFacts, utc: Utc, *, viewers: int = 0, gateways: int = 0
) -> Prepared:
    """Let everybody of a crowd in; the people have accounts.

    Args:
        state: the state folder; nobody serves it.
        facts: what the example is made of.
        utc: now.
        viewers: people who look.
        gateways: each gets an equal part of all homes.

    Raises:
        StoreError: the database cannot be written.
    """
    store = FleetStore.open(state / FLEET_NAME)
    try:
        desk, now = FleetDesk(Fleet(), store), Moment(utc, rate_of(clock_of(state)))
        cookies = [_cookie(desk, at, now) for at in range(-(-viewers // STREAMS))]
        left = [min(STREAMS, viewers - at * STREAMS) for at in range(len(cookies))]
        names = [f"gw-{number}" for number in range(gateways)]
        if names:
            _share_homes(desk, names, utc)
        made = {
            one.person: tokens.make_token(
                desk,
                one.person,
                TokenWish("crowd"),
                facts.cast.private_key(one.person),
                ACTOR,
                now,
            )
            for one in PEOPLE[:3]
        }
        return Prepared(
            [(cookie, PAGE, many) for cookie, many in zip(cookies, left, strict=True)],
            [(name, _token(name)) for name in names],
            made,
        )
    finally:
        store.close()


def _cookie(desk: FleetDesk, number: int, now: Moment) -> str:
    person = PEOPLE[number % len(PEOPLE)].person
    account = accounts.known_of(desk, person).account
    if account is None:
        raise AssertionError(f"{person} has an account")
    begun = sessions.begin_session(desk, Arrival(account, "127.0.0.1", None), now)
    return f"{cookie_name(secure=False)}={begun.secret}"


def _token(name: str) -> str:
    return f"token-of-{name}-".ljust(43, "0")


def _share_homes(desk: FleetDesk, names: Sequence[str], utc: Utc) -> None:
    """Give every gateway its part of the homes, and whatever they were told anew."""
    store, rows = desk.store, Rows()
    with store.transaction():
        homes: list[Home] = store.select(Select(Home, (), (), ("home",)))
        of = {home.home: names[at % len(names)] for at, home in enumerate(homes)}
        told: list[Instruction] = store.select(Select(Instruction))
        rows.load_all((key_of(row), row) for row in (*homes, *told))
        for row in homes:
            rows.change(key_of(row), replaced(row, gateway=of[row.home]))
        for one in told:
            state = InstructionState.WAITING
            rows.change(key_of(one), replaced(one, gateway=of[one.home], state=state))
        store.keep(rows.changes(), (), utc)
        store.insert(
            RegisteredGateway(
                name,
                "",
                0.0,
                sha256(_token(name).encode()).hexdigest(),
                utc,
                f"instance-of-{name}-0000",
            )
            for name in names
        )


class FleetServed(NamedTuple):
    """A server in a process of its own.

    Attributes:
        url: of it.
        process: that serves.
    """

    url: str
    process: subprocess.Popen[str]


@contextmanager
def served(state: Path, rate: float, port: int = 0) -> Iterator[FleetServed]:
    """Serve a fleet on trial for as long as the block; it ends without a chance to say goodbye.

    Args:
        state: the state folder.
        rate: of its calendar.
        port: where; 0 for any.
    """
    words = [sys.executable, "-m", "ota_engine", "serve", "--state", str(state)]
    words += ["--http", f"127.0.0.1:{port}", "--test-clock", str(rate)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    try:
        said = "" if process.stdout is None else process.stdout.readline()
        if " at http" not in said:
            raise AssertionError(f"it was not served: {process.wait()}")
        yield FleetServed(said.split(" at ")[1].split(";")[0], process)
    finally:
        process.kill()
        process.communicate()


class CrowdThere:
    """A crowd that has come.

    Args:
        process: that it is.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def leave(self) -> dict[str, Any]:
        """Have it go, and tell what it saw."""
        said, _ = self._process.communicate()
        told: dict[str, Any] = json.loads(said)
        return told


@contextmanager
def crowd(url: str, state: Path, prepared: Prepared) -> Iterator[CrowdThere]:
    """Have a crowd at a server for as long as the block; it begins once everybody was answered."""
    process = subprocess.Popen(
        CROWD, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    try:
        if process.stdin is None or process.stdout is None:
            raise AssertionError("they were asked for")
        who = {
            "url": url,
            "state": str(state),
            "viewers": prepared.viewers,
            "gateways": prepared.gateways,
        }
        process.stdin.write(json.dumps(who) + "\n")
        process.stdin.flush()
        if process.stdout.readline() != "here\n":
            raise AssertionError("not everybody was answered")
        yield CrowdThere(process)
    finally:
        process.kill()
        process.communicate()


class Decider:
    """A program that decides, by a token: it raises incidents of the mildest category.

    Args:
        url: of the server.
        token: of a person of a supplier.
        name: begins the keys of its decisions.
    """

    def __init__(self, url: str, token: str, name: str) -> None:
        self._http = httpx.Client(
            base_url=url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=PATIENT_S,
            trust_env=False,
        )
        self._name = name
        self._number = count(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def decide(self) -> tuple[str, float]:
        """Decide once.

        Returns:
            key of the decision, and the seconds that its answer took.

        Raises:
            httpx.HTTPError: there was no answer.
        """
        key = f"{self._name}-{next(self._number)}"
        fields = {"incident": key, "campaign": "campaign-R2", "phase": 2, "category": 5}
        wish = {"fields": fields | {"text": "a display is slow"}, "reason": "people have called"}
        begun = time.monotonic()
        answer = self._http.post(DECIDE, json=wish, headers={"Idempotency-Key": key})
        if answer.status_code != httpx.codes.OK:
            raise AssertionError(f"{answer.status_code}: {answer.text}")
        return key, time.monotonic() - begun


def resident_kib(process: int) -> int:
    """Memory of a process that is in use, KiB."""
    status = Path(f"/proc/{process}/status").read_text("ascii")
    (line,) = (line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1])
