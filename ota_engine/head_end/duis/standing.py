"""How a door stands: counts of its rows, and what is wrong; read for machines and people, decides nothing."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from ota_engine.errors import StoreError
from ota_engine.fleet.kernel.rows import Counts
from ota_engine.fleet.orders.rows import DeviceCommand, DeviceOrder, DocumentState, UserDocument
from ota_engine.head_end.desk import FleetDesk
from ota_engine.head_end.duis.keys import DuisKeys
from ota_engine.head_end.health import Trouble
from ota_engine.times import Utc
from ota_engine.wording import utc_text

ENDING_S: Final = 14 * 86_400.0  # before our certificate's end, of which is told
LATE_S: Final = 3_600.0  # that a document may wait before it is told


class DoorStanding(NamedTuple):
    """Counts of a door.

    Attributes:
        documents: of the outbox, by state.
        oldest_s: seconds that the oldest one waits; 0 for none.
        devices: of image orders, by state.
        commands: of users, by state.
        late_s: seconds that what was due first is late; 0 for nothing.
        requests_waiting: for their commit.
    """

    documents: Mapping[str, int]
    oldest_s: float
    devices: Mapping[str, int]
    commands: Mapping[str, int]
    late_s: float = 0.0
    requests_waiting: int = 0


def read_standing(desk: FleetDesk, utc: Utc) -> DoorStanding:
    """Count.

    Raises:
        StoreError: the database failed.
    """
    store = desk.store
    with store.reading():
        oldest = store.least(UserDocument, "created_utc", ("state", DocumentState.WAITING))
        documents, devices, commands = (
            _by_state(store.count(Counts(kind, ("state",))))
            for kind in (UserDocument, DeviceOrder, DeviceCommand)
        )
        due = desk.next_wake()
    oldest_s, late_s = (0.0 if one is None else max(utc - one, 0.0) for one in (oldest, due))
    return DoorStanding(documents, oldest_s, devices, commands, late_s)


def _by_state(counts: Mapping[tuple[Any, ...], int]) -> dict[str, int]:
    return {str(state): number for (state,), number in counts.items()}


def troubles(keys: DuisKeys, standing: DoorStanding | StoreError, utc: Utc) -> list[Trouble]:
    """Say what is wrong with the door; see ``fleet_troubles`` for the rest.

    Args:
        keys: who may sign, and with what we do.
        standing: of the door, or why it cannot be read.
        utc: now.
    """
    found: list[Trouble] = []
    if isinstance(standing, StoreError):
        found.append(Trouble("database", str(standing), ours=True))
    else:
        found += _waiting(standing)
    end = keys.own.signer.not_after
    if utc > end - ENDING_S:
        word = "has ended" if utc > end else "ends"
        text = f"our certificate {word} {utc_text(end)}: put a new one into {keys.folder}, restart"
        found.append(Trouble("keys", text, ours=utc > end))
    return found


def _waiting(standing: DoorStanding) -> Iterator[Trouble]:
    if standing.oldest_s > LATE_S:
        hours = standing.oldest_s / 3600
        text = f"a document waits for {hours:.1f} h: zota duis outbox list says why"
        yield Trouble("outbox", text, ours=False)
