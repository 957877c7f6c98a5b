"""Looks a radio over, from its port to its channel, and says what to do about each problem.

Writes nothing: neither to the radio's permanent memory nor to the state folder. Each step needs the
ones before it, so the first that fails is the last that is made.
"""

from dataclasses import dataclass, replace
from enum import Enum

import trio

from hw.libraries import load_controller
from hw.port import check_port, lock_port
from hw.session import RadioFacts, RadioSession, visit
from hw.settings import RadioSettings
from images.eui64 import format_eui64
from ota_engine.errors import LinkError, LocalError

CLEAR_PAYLOAD = 65 + 17  # octets: a full block of image and the header around it
LOUD = 150  # of 255: energy at which an 802.15.4 channel loses frames
OLDEST_PROVEN = 13  # version of EZSP the virtual dongle proves


class Grade(Enum):
    """How a finding is meant."""

    GOOD = "ok"
    DOUBTFUL = "warning"
    BAD = "problem"


@dataclass(frozen=True, slots=True)
class RadioFinding:
    """One thing that was looked at, what was found, and what to do about it.

    ``seconds`` is when that was found, since the examination began.
    """

    subject: str
    grade: Grade
    text: str
    remedy: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Everything found, and the radio's own words if it answered."""

    findings: tuple[RadioFinding, ...]
    facts: RadioFacts | None
    energy: dict[int, float]

    @property
    def healthy(self) -> bool:
        """Whether nothing stands in the way of a delivery."""
        return all(finding.grade is not Grade.BAD for finding in self.findings)


class _Findings:
    """What was found so far, each with its time."""

    def __init__(self) -> None:
        self.all: tuple[RadioFinding, ...] = ()
        self._began = trio.current_time()

    def add(self, *findings: RadioFinding) -> None:
        seconds = round(trio.current_time() - self._began, 3)
        self.all += tuple(replace(finding, seconds=seconds) for finding in findings)


async def examine(settings: RadioSettings) -> Diagnosis:
    """Look a radio over; what goes wrong is a finding, not an error."""
    findings = _Findings()
    try:
        library = settings.library
        load_controller(library)
        findings.add(_library(settings))
        check_port(settings)
        if not settings.tcp:
            findings.add(_good("port", f"{settings.port} is there and may be used"))
        with lock_port(settings):
            findings.add(_good("lock", "no other zota uses it"))
            patient = _Patient(findings)
            await visit(replace(settings, state=None), patient.examine)
            return Diagnosis(findings.all, patient.facts, patient.energy)
    except (LinkError, LocalError) as error:
        what, _, remedy = str(error).partition("; ")
        findings.add(RadioFinding("radio", Grade.BAD, what, remedy))
        return Diagnosis(findings.all, None, {})


class _Patient:
    """A radio that answers; gathers findings."""

    def __init__(self, findings: _Findings) -> None:
        self._findings = findings
        self.facts: RadioFacts | None = None
        self.energy: dict[int, float] = {}

    async def examine(self, session: RadioSession) -> None:
        await session.connect()
        self._findings.add(_protocol(session.protocol))
        if not await session.has_network():
            remedy = f"run: zota radio form --link {session.settings.url}"
            self._findings.add(RadioFinding("network", Grade.BAD, "no network is formed", remedy))
            return
        facts = self.facts = await session.facts()
        self._findings.add(_firmware(facts), _network(facts), _payload(facts))
        self.energy = await session.energy()
        self._findings.add(_energy(facts.channel, self.energy))


def _library(settings: RadioSettings) -> RadioFinding:
    library = settings.library
    if library.proven:
        return _good("library", f"{library.module} drives it")
    text = f"{library.module} drives it, which zota has never been tried with on hardware"
    return RadioFinding("library", Grade.DOUBTFUL, text, "expect surprises, and tell us of them")


def _protocol(version: int | None) -> RadioFinding:
    if version is None:
        return _good("protocol", "the radio answers")
    if version < OLDEST_PROVEN:
        text = f"EZSP {version} is older than what zota is proven with ({OLDEST_PROVEN})"
        return RadioFinding("protocol", Grade.DOUBTFUL, text, "flash EmberZNet 7.4 or newer")
    return _good("protocol", f"the radio answers, EZSP {version}")


def _firmware(facts: RadioFacts) -> RadioFinding:
    board = " ".join(word for word in (facts.manufacturer, facts.model) if word) or "unnamed board"
    return _good("firmware", f"{facts.firmware or 'of unknown version'} on {board}")


def _network(facts: RadioFacts) -> RadioFinding:
    own = format_eui64(facts.eui64)
    return _good("network", f"PAN {facts.pan_id:04X}, channel {facts.channel}, coordinator {own}")


def _payload(facts: RadioFacts) -> RadioFinding:
    text = f"{facts.max_payload} octets per frame"
    if facts.max_payload < CLEAR_PAYLOAD:
        remedy = "blocks are made smaller; nothing needs to be done"
        return RadioFinding("payload", Grade.DOUBTFUL, text, remedy)
    return _good("payload", text)


def _energy(channel: int, energy: dict[int, float]) -> RadioFinding:
    here = energy.get(channel, 0.0)
    text = f"{here:.0f} of 255 on channel {channel}"
    if here < LOUD:
        return _good("energy", text)
    quiet = min(energy, key=energy.__getitem__)
    remedy = (
        f"move Wi-Fi or USB 3 devices away from the dongle, or form the network on channel {quiet}"
    )
    return RadioFinding("energy", Grade.DOUBTFUL, text, remedy)


def _good(subject: str, text: str) -> RadioFinding:
    return RadioFinding(subject, Grade.GOOD, text)
