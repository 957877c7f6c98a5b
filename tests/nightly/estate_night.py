"""A night of a server, gateways and a dongle as processes: killed, stopped in their tracks, and pestered by strangers."""

import hashlib
import os
import signal
import socket
import time
from collections import Counter
from contextlib import suppress
from functools import partial
from pathlib import Path
from random import Random

from ota_engine.cli.exits import Exit
from ota_engine.fleet.campaigns.rows import Member
from ota_engine.fleet.gateways.rows import GatewayAlert
from ota_engine.fleet.inventory.rows import InstalledDevice, VersionSource
from tests.cli.fleet import VERSION
from tests.cli.zota import zota
from tests.gateway.test_twenty_gateways import check_evidence, heard
from tests.gateway.trial import Trial
from tests.nightly.hub_night import told

GATEWAYS = 5
RATE = 3_000.0  # of the calendar
FAULTS = 14
PAUSE = (0.2, 3.0)  # seconds between two of them
STALL = (0.2, 2.0)  # seconds that a process stands still
PATIENT = 300.0  # seconds
BOMB = b'<!DOCTYPE a [<!ENTITY b "bbbb">]><a>&b;</a>'
STRANGERS = (
    b"GET /api/v1/campaigns HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer nobody\r\n\r\n",
    b"POST /gateway/v1/gateways/gw-01/outcomes HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n[[[[[[[[[",
    b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n",
    b"POST /api/v1/acts/raise-incident HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b"
    % (len(BOMB), BOMB),
    b"GET / HTTP/1.1\r\nHost: " + b"x" * 100_000 + b"\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"\x00" * 1_000,
)


class EstateNight(Trial):
    """A trial on which faults are let loose."""

    def admit(self) -> None:
        """Admit nobody yet: a code lasts for a week of the calendar, which is short here."""

    def settle(self) -> None:
        """Admit and start all gateways, one of them on a dongle, and wait until each has come in."""
        links = {self.names[-1]: self.dongle(self.names[-1])}
        for name in self.names:
            code = self.folder / f"{name}.code"
            self.fleet.done("olive", "gateway", "admit", name, "--code-file", code, "--for", "7d")
            self.gateway(name, links.get(name, f"han://?devices={self.roster(name)}"))
            self.until(partial(self._has_come_in, name), PATIENT)

    def _has_come_in(self, name: str) -> bool:
        return '"registered"' in self.log(name)

    def stall(self, name: str, seconds: float) -> None:
        """Let a process stand still, as one does whose machine swaps."""
        process = self._running[name]
        process.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        process.send_signal(signal.SIGCONT)

    def pester(self, chance: Random) -> None:
        """Send the server what a stranger might, cut anywhere, and hang up without listening."""
        octets = chance.choice(STRANGERS)
        cut = chance.choice((len(octets), chance.randrange(1, len(octets))))
        with (
            suppress(OSError),  # it may be away just now
            socket.create_connection(("127.0.0.1", self.port), timeout=1.0) as stranger,
        ):
            stranger.sendall(octets[:cut])

    def processes(self) -> list[int]:
        """All that run."""
        return [process.pid for process in self._running.values()]


def estate_night(seed: int, folder: Path) -> str:
    """Live through one: every home runs its image, each outcome is heard once, all evidence verifies."""
    chance = Random(f"estate night {seed}")
    trial = EstateNight(folder, GATEWAYS, RATE)
    try:
        struck = _live(trial, chance)
        processes = trial.processes()
        _judge(trial)
    finally:
        trial.close()
    assert not any(_runs(process) for process in processes), "a process is left"
    return told(struck)


def _live(trial: EstateNight, chance: Random) -> Counter[str]:
    trial.serve()
    trial.settle()
    mortal = ["serve", *trial.names]  # a dongle that is killed has lost its network
    struck: Counter[str] = Counter()
    for _ in range(FAULTS):
        time.sleep(chance.uniform(*PAUSE))
        trial.check_alive()
        what = chance.choice(("kill", "kill", "stall", "stranger", "stranger"))
        struck[what] += 1
        if what == "kill":
            trial.kill(chance.choice(mortal))
        elif what == "stall":
            trial.stall(
                chance.choice([*mortal, f"{trial.names[-1]}-dongle"]), chance.uniform(*STALL)
            )
        else:
            trial.pester(chance)
    trial.until(lambda: set(trial.members().values()) == {"activated"}, PATIENT)
    time.sleep(3.0)  # for what was said last
    return struck


def _judge(trial: EstateNight) -> None:
    devices = [one for one in trial.rows(InstalledDevice) if one.kind == "PPMID"]
    assert len(devices) == GATEWAYS
    for device in devices:
        assert (device.version, device.version_source) == (VERSION, VersionSource.DEVICE)
    assert all(member.attempt == 1 for member in trial.rows(Member)), "nobody was told twice"
    assert trial.rows(GatewayAlert) == [], "a gateway that was killed is no other one"
    for name in trial.names:
        assert trial.stop(name) == Exit.OK, trial.log(name)[-3000:]
    assert heard(trial) == trial.last_numbers()
    assert trial.stop("serve") == Exit.OK
    assert "Traceback" not in "".join(trial.log(name) for name in ("serve", *trial.names))
    check_evidence(trial)
    for words in (
        ("estate", "check", "--state", trial.fleet.state),
        *(("store", "check", "--state", trial.folder / "gateways" / name) for name in trial.names),
    ):
        ran = zota(*words)
        assert ran.code == Exit.OK, ran
    for path in trial.folder.glob("gateways/*/images/*"):
        assert hashlib.sha256(path.read_bytes()).hexdigest() == path.name


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
