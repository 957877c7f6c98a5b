"""How a door stands: counts of its rows, and what is wrong; read for machines and people, decides nothing."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from ota_engine.errors import StoreError
from ota_engine.fleet.kernel.rows import Counts
from ota_engine.fleet.orders.rows import DeviceCommand, DeviceOrder, DocumentState, UserDocument
from ota_engine.head_end.desk import FleetDesk
from ota_engine.head_end.duis.keys import DuisKeys
from ota_engine.times import Utc
from ota_engine.wording import utc_text

LEAST_FREE_OCTETS: Final = 256 << 20  # on the disk; less is told
ENDING_S: Final = 14 * 86_400.0  # before our certificate's end, of which is told
LATE_S: Final = 3_600.0  # that a document may wait before it is told


class DoorStanding(NamedTuple):
    """Counts of a door.

    Attributes:
        documents: of the outbox, by state.
        oldest_s: seconds that the oldest one waits; 0 for none.
        devices: of image orders, by state.
        commands: of users, by state.
        requests_waiting: for their commit.
    """

    documents: Mapping[str, int]
    oldest_s: float
    devices: Mapping[str, int]
    commands: Mapping[str, int]
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
    age = 0.0 if oldest is None else max(utc - oldest, 0.0)
    return DoorStanding(documents, age, devices, commands)


def _by_state(counts: Mapping[tuple[Any, ...], int]) -> dict[str, int]:
    return {str(state): number for (state,), number in counts.items()}


def troubles(
    state: Path, keys: DuisKeys, standing: DoorStanding | StoreError, utc: Utc
) -> dict[str, str]:
    """Say what is wrong, by what it is wrong with; empty for nothing.

    Args:
        state: the state folder.
        keys: who may sign, and with what we do.
        standing: of the door, or why it cannot be read.
        utc: now.
    """
    found: dict[str, str] = {}
    if isinstance(standing, StoreError):
        found["database"] = str(standing)
    elif standing.oldest_s > LATE_S:
        hours = standing.oldest_s / 3600
        found["outbox"] = f"a document waits for {hours:.1f} h: zota duis outbox list says why"
    end = keys.own.signer.not_after
    if utc > end - ENDING_S:
        word = "has ended" if utc > end else "ends"
        found["keys"] = f"our certificate {word} {utc_text(end)}: put a new one into {keys.folder}"
    free = _free(state)
    if free < LEAST_FREE_OCTETS:
        found["disk"] = f"{free >> 20} MiB are free under {state}: make room"
    return found


def _free(folder: Path) -> int:
    try:
        found = os.statvfs(folder)
    except OSError:
        return 0
    return found.f_bavail * found.f_frsize
