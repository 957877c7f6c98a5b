"""The small home of ``zota demo``, run until every device has ended, and what each of them proved.

Knows nothing of screens or files; who takes part is chosen in ``staging``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from emulators.demo.staging import Demonstration
from emulators.simulation.journal import Journal
from emulators.simulation.oracle import DeviceVerdict, Judgement
from emulators.simulation.simulation import Simulation
from images.eui64 import Eui64, format_eui64
from ota_engine.gbcs.codes import USE_CASES
from ota_engine.gbcs.envelope import parse
from ota_engine.hub.activation.order import has_ended
from ota_engine.hub.delivery.status import SessionStatus
from ota_engine.hub.push.verdict import PushStanding
from ota_engine.records import OutcomeRecord, SessionState
from ota_engine.store.store import Store
from ota_engine.times import Monotonic

STEP = 1.0  # virtual seconds between two looks
LAST_WORDS = 60.0  # seconds after the last end in which devices may still have something to tell
ENDED = frozenset({SessionState.UPDATED, SessionState.FAILED, SessionState.ABORTED})

#: ToldChange after every step of the virtual seconds and of every session.
DemoWatcher = Callable[[Monotonic, Sequence[SessionStatus]], None]


@dataclass(frozen=True, slots=True)
class DemoProof:
    """A message that proves something of a device; it was verified before it was believed.

    Attributes:
        use_case: what it is, e.g. CS06.
        signer: whose it is: the device's, or the Communications Hub Function's.
        verdict: whether it brought good news.
        said: what it says, in words.
        verification: what its signature and MAC are worth, canonical JSON.
        message: its octets, in hexadecimal.
    """

    use_case: str
    signer: str
    verdict: str
    said: str
    verification: str
    message: str


@dataclass(frozen=True, slots=True)
class DemoEnding:
    """How one device ended: the engine's record of it beside what is in its flash."""

    name: str
    device: str
    image_sha256: str  # empty for one that was given none
    image_size: int
    version_before: int | None  # as the device reported it
    version_after: int | None  # as the device reported it
    blocks: int
    retries: int
    byte_exact: bool  # its flash holds the delivered file, octet for octet
    verdict: str
    reason: str
    proofs: tuple[DemoProof, ...] = ()


def play(
    demonstration: Demonstration,
    store: Store,
    journal: Journal,
    watch: DemoWatcher,
    capture: Callable[[bytes], object] | None = None,
) -> list[DemoEnding]:
    """Run a demonstration until every device has ended, and say how.

    Args:
        demonstration: what to run.
        store: an empty store; its content is evidence afterwards.
        journal: where to write what happens.
        watch: told of every step; it may take its time, virtual time waits.
        capture: takes the octets of a pcapng file of every frame.
    """
    simulation = Simulation(demonstration.settings, store, journal, capture=capture)
    simulation.begin()
    time, last = Monotonic(0.0), simulation.end
    while time < last:
        time += STEP
        simulation.network.run(time)
        simulation.host.commit()
        watch(time, simulation.statuses())
        if last == simulation.end and _is_over(simulation):
            last = min(last, time + LAST_WORDS)
    judgements = {judgement.device: judgement for judgement in simulation.judge().judgements}
    outcomes = store.outcomes()
    return [
        _ending(
            demonstration,
            standing,
            judgements[format_eui64(standing.device)],
            _proofs(standing.device, outcomes),
        )
        for standing in simulation.standings()
    ]


def _is_over(simulation: Simulation) -> bool:
    """Whether the push has an end for every firmware, and no device has anything more to do."""
    engine = simulation.host.engine
    ended = all(map(_has_ended, simulation.standings()))
    return ended and engine is not None and all(map(has_ended, engine.orders()))


def _has_ended(standing: PushStanding) -> bool:
    if standing.session is None:
        return standing.verdict is not None
    return standing.session.state in ENDED


def _proofs(device: Eui64, outcomes: Sequence[OutcomeRecord]) -> tuple[DemoProof, ...]:
    """What was signed about a device, in the order in which it came."""
    found = []
    for outcome in outcomes:
        if outcome.device == device and outcome.message:
            message = parse(outcome.message)
            found.append(
                DemoProof(
                    USE_CASES[message.message_code].name,
                    format_eui64(message.originator),
                    outcome.verdict,
                    outcome.reason,
                    "" if outcome.verification is None else outcome.verification.text,
                    outcome.message.hex(),
                )
            )
    return tuple(found)


def _ending(
    demonstration: Demonstration,
    standing: PushStanding,
    judgement: Judgement,
    proofs: tuple[DemoProof, ...],
) -> DemoEnding:
    """Say how a device ended: by its delivery, or why it was given none."""
    session = standing.session
    good = judgement.verdict is DeviceVerdict.UPDATED
    return DemoEnding(
        name=demonstration.names[standing.device],
        device=judgement.device,
        image_sha256="" if session is None else session.sha256,
        image_size=0 if session is None else session.size,
        version_before=standing.running if session is None else session.version_before,
        version_after=standing.running if session is None else session.version_after,
        blocks=0 if session is None else session.blocks,
        retries=0 if session is None else session.retries,
        byte_exact=session is not None and judgement.image_hash == session.sha256,
        verdict=(judgement.verdict if good or session is not None else DeviceVerdict.FAILED).value,
        reason="" if good else judgement.reason if session is not None else standing.reason,
        proofs=proofs,
    )
