"""A trial on one machine: a fleet, ``zota serve`` with a calendar that runs faster, and gateways as processes.

Every home has a gateway of its own and a PPMID, for which there is a release and a campaign of three phases.
What a test kills is started again with the words with which it was started first.
"""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from emulators.devices import kinds
from emulators.estate.paperwork import paperwork, stated_paths
from images.eui64 import Eui64
from ota_engine.cli.exits import Exit
from ota_engine.fleet.calendar.rows import TimeMark
from ota_engine.fleet.campaigns.rows import Campaign, CampaignState, Member
from ota_engine.fleet.inventory.rows import (
    Home,
    HomeStatus,
    InstalledDevice,
    InventoryStatus,
    Variant,
    VersionSource,
)
from ota_engine.fleet.kernel.rows import Select
from ota_engine.fleet.parties.rows import Party
from ota_engine.gateway.core import GatewayCore
from ota_engine.head_end.image_shelf import IMAGES_NAME
from ota_engine.head_end.trial_clock import set_pace
from ota_engine.shell.gateway import BOOK_NAME, GatewayBook
from ota_engine.store.fleet.book import FleetStore
from ota_engine.wall_clock import this_machine
from tests.cli.fleet import VERSION, FleetFolder
from tests.cli.zota import zota
from tests.fleet.estate import OLD_VERSION
from tests.gateway.homes import image

NOTICE_RATE: Final = 20_000.0  # of the calendar until the campaign begins: a week in half a minute
PPMIDS: Final = "ppmid-1"
PHASES: Final = """
key = "00112233445566778899aabbccddeeff"
notice_days = 7
[[phases]]
name = "micro"
homes = 2
per_hour = 100000
at_once = 100000
[phases.gate]
sample = 2
observation_s = 43200
[[phases]]
name = "pilot"
homes = 6
per_hour = 100000
at_once = 100000
[phases.gate]
sample = 6
observation_s = 43200
[[phases]]
name = "mass"
per_hour = 100000
at_once = 100000
"""


class Trial:
    """One trial; close it.

    Args:
        folder: of everything.
        homes: how many, each with a gateway.
        rate: of the calendar.

    Attributes:
        names: of the gateways.
        port: of the server.
    """

    def __init__(self, folder: Path, homes: int, rate: float) -> None:
        self.folder = folder
        self.names = [f"gw-{number:02}" for number in range(1, homes + 1)]
        self.fleet = FleetFolder(folder, 1)
        self.port = free_port()
        self._rate = rate
        self._lines: dict[str, list[str]] = {}
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._furnish()
        self._plan()

    @property
    def url(self) -> str:
        """Of the server."""
        return f"http://127.0.0.1:{self.port}"

    def _furnish(self) -> None:
        parties = self.rows(Party)
        rows: list[Any] = [replace(one, endpoint=f"file:{one.party}") for one in parties]
        rows.append(Variant(PPMIDS, "PPMID", "Maker", "Display", "1"))
        for number, name in enumerate(self.names, 1):
            home = f"home-{number:02}"
            rows.append(
                Home(home, "North", name, HomeStatus.COMPLETE, "set-a", "supplier-1", "supplier-1")
            )
            rows.append(
                InstalledDevice(
                    self.ppmid(number),
                    home,
                    "PPMID",
                    PPMIDS,
                    InventoryStatus.COMMISSIONED,
                    OLD_VERSION,
                    VersionSource.DEVICE,
                    0.0,
                )
            )
        self.fleet.put(*rows)

    @staticmethod
    def ppmid(number: int) -> Eui64:
        """The PPMID of a home."""
        return Eui64(0x00DB_1234_0100_0000 + number)

    def _plan(self) -> None:
        """Enter a release, and have a campaign of it approved."""
        made = image(kinds.PPMID, VERSION, octets=1_000)
        shelf = self.fleet.state / IMAGES_NAME
        shelf.mkdir(exist_ok=True)
        (shelf / made.sha256).write_bytes(made.data)
        self.fleet.put(
            *stated_paths(PPMIDS, {"CPL-old": OLD_VERSION, "CPL-new": VERSION}),
            *paperwork("r1", VERSION, "CPL-new", made.sha256, this_machine(), ("set-a",)),
        )
        (self.folder / "policy.toml").write_text(PHASES)
        olive, peter = self.fleet.done, self.fleet.done
        olive(
            "olive",
            *("release", "enter", "r1", "--variant", PPMIDS, "--version", hex(VERSION)),
            *("--cpl", "CPL-new", "--type", "planned", "--sha256", made.sha256),
        )
        peter("peter", "release", "approve", "r1")
        policy = self.folder / "policy.toml"
        olive("olive", "campaign", "propose", "c1", "--release", "r1", "--policy", policy)
        peter("peter", "campaign", "approve", "c1")
        ran = zota("gateway", "homes", "--state", self.fleet.state, "-o", self.folder / "homes")
        assert ran.code == Exit.OK, ran

    def admit(self) -> None:
        """Give every gateway a code."""
        for name in self.names:
            code = self.folder / f"{name}.code"
            self.fleet.done("olive", "gateway", "admit", name, "--code-file", code, "--for", "7d")

    # --- processes -------------------------------------------------------------------------------

    def start(self, name: str, *words: str | Path) -> None:
        """Start a process, the first time or again; its log is NAME.log in the folder."""
        if words:
            self._lines[name] = [sys.executable, "-m", "ota_engine", *map(str, words)]
        with (self.folder / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                self._lines[name], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def serve(self) -> None:
        """Start the server; the time of notice passes before anybody else is there."""
        self._serve(NOTICE_RATE)
        self.until(lambda: self.campaign().state is CampaignState.RUNNING, 120)
        self.stop("serve")
        set_pace(self.fleet.state, self._rate)  # it would run on while nobody serves
        self._serve(self._rate)
        self.admit()

    def _serve(self, rate: float) -> None:
        place = f"127.0.0.1:{self.port}"
        words = ("serve", "--state", self.fleet.state, "--http", place)
        self.start("serve", *words, "--test-clock", f"{rate:g}")

    def gateway(self, name: str, link: str) -> None:
        """Start a gateway."""
        self.start(
            name,
            *("gateway", "run", "--head-end", self.url, "--link", link, "--test-clock"),
            *("--state", self.folder / "gateways" / name),
            *("--code-file", self.folder / f"{name}.code"),
        )

    def emulate(self) -> None:
        """Start all gateways in one process."""
        words = ("gateway", "emulate", "--head-end", self.url, "--homes", self.folder / "homes")
        state = self.folder / "gateways"
        self.start(
            "emulated",
            *(*words, "--names", "gw-*", "--state", state, "--test-clock"),
            *("--fleet", self.fleet.state, "--as", "olive", "--key", self.folder / "olive.key"),
        )

    def dongle(self, name: str) -> str:
        """Have the home of a gateway around a virtual dongle, joined; the link to it."""
        port = free_port()
        link = f"ezsp+tcp://127.0.0.1:{port}"
        words = ("ncp", "--tcp", f"127.0.0.1:{port}", "--devices", self.roster(name))
        self.start(f"{name}-dongle", *words, "--speed", "fast")
        state = self.folder / "gateways" / name
        state.mkdir(parents=True)
        self.until(lambda: "127.0.0.1" in self.log(f"{name}-dongle"), 60)
        for act in (("form",), ("permit", "--seconds", "8")):
            line = [sys.executable, "-m", "ota_engine", "radio", *act, "--link", link]
            with (self.folder / f"{name}-radio.log").open("ab") as log:
                subprocess.run([*line, "--state", str(state)], stdout=log, check=True, timeout=120)
        return link

    def roster(self, name: str) -> Path:
        """Who lives in the home of a gateway."""
        return self.folder / "homes" / f"{name}.toml"

    def kill(self, name: str) -> None:
        """Kill a process where it stands, and start it again."""
        self._running[name].kill()
        self._running[name].wait()
        self.start(name)

    def stop(self, name: str) -> int:
        """Let a process end by itself; its exit code."""
        process = self._running.pop(name)
        process.send_signal(signal.SIGTERM)
        return process.wait(60)

    def check_alive(self) -> None:
        """See that nobody has ended by itself."""
        for name, process in self._running.items():
            assert process.poll() is None, (name, self.log(name)[-3000:])

    def log(self, name: str) -> str:
        """What a process has said."""
        return (self.folder / f"{name}.log").read_text()

    def close(self) -> None:
        """End all processes."""
        for process in self._running.values():
            process.kill()
            process.wait()

    def _confirm_time(self) -> None:
        """Be the operator who looks when a machine that stood still makes the fleet doubt its calendar."""
        if any(mark.doubt for mark in self.rows(TimeMark)):
            self.fleet.decide("olive", "campaign", "confirm-time")

    # --- the fleet -------------------------------------------------------------------------------

    def rows(self, kind: type[Any], **where: Any) -> list[Any]:
        """Read the fleet beside the server."""
        store = FleetStore.open(self.fleet.state / "fleet.sqlite")
        try:
            with store.reading():
                return store.select(Select(kind, tuple(where.items())))
        finally:
            store.close()

    def campaign(self) -> Campaign:
        """How the campaign stands."""
        (row,) = self.rows(Campaign)
        assert isinstance(row, Campaign)
        return row

    def members(self) -> dict[str, str]:
        """How each home stands."""
        return {row.home: str(row.state) for row in self.rows(Member)}

    def until(self, holds: Callable[[], bool], within_s: float) -> None:
        """Wait until something is so; nobody may end meanwhile."""
        end = time.monotonic() + within_s
        while not holds():
            self.check_alive()
            self._confirm_time()
            assert time.monotonic() < end, "it takes too long"
            time.sleep(0.5)

    def last_numbers(self) -> dict[str, int]:
        """The number of the last outcome of each gateway, by its own book."""
        found = {}
        for name in self.names:
            book = GatewayBook(self.folder / "gateways" / name / BOOK_NAME)
            core = GatewayCore("", lambda _: None, book.rows.values())
            found[name] = core.last
            book.close()
        return found


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port: int = bound.getsockname()[1]
        return port
