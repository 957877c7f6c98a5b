"""The network that a state folder has served: noted when it is first seen, compared ever after.

Knows one small file beside zigpy's database, and that a network is known by its extended PAN ID:
PAN ID and channel may change, and a backup brings a network to another coordinator.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from images.eui64 import Eui64, format_eui64, parse_eui64
from images.files import read_bounded, write_whole
from ota_engine.errors import LinkError
from ota_engine.times import Utc
from ota_engine.wording import utc_text

NETWORK_NAME: Final = "network.json"  # in the state folder
NETWORK_BYTES: Final = 4096


@dataclass(frozen=True, slots=True)
class SeenNetwork:
    """A network as its coordinator tells it, and since when a folder has served it."""

    extended_pan_id: Eui64
    pan_id: int
    channel: int
    coordinator: Eui64
    since_utc: Utc

    def __str__(self) -> str:
        return f"PAN {self.pan_id:04X} ({format_eui64(self.extended_pan_id)})"


def require_same(url: str, state: Path, seen: SeenNetwork) -> None:
    """Note the network of a new folder; refuse another one than the folder has served.

    Raises:
        LinkError: it is another, or the note cannot be read or written.
    """
    path = state / NETWORK_NAME
    known = _read(path)
    if known is not None and known.extended_pan_id != seen.extended_pan_id:
        raise LinkError(
            f"{url}: the radio has network {seen}, channel {seen.channel}, but {state} has served "
            f"{known}, channel {known.channel}, of coordinator {format_eui64(known.coordinator)} "
            f"since {utc_text(known.since_utc)}; plug in that radio, or give this network a --state "
            "of its own"
        )
    since = seen.since_utc if known is None else known.since_utc
    now = SeenNetwork(seen.extended_pan_id, seen.pan_id, seen.channel, seen.coordinator, since)
    if now != known:
        _write(path, now)


def _read(path: Path) -> SeenNetwork | None:
    try:
        row = json.loads(read_bounded(path, NETWORK_BYTES))
        return SeenNetwork(
            parse_eui64(row["extended_pan_id"]),
            int(row["pan_id"]),
            int(row["channel"]),
            parse_eui64(row["coordinator"]),
            Utc(float(row["since_utc"])),
        )
    except FileNotFoundError:
        return None
    except OSError as error:
        raise LinkError(f"{path}: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise LinkError(
            f"{path}: does not say which network was served; remove it, and the network of the "
            "radio is noted anew"
        ) from error


def _write(path: Path, seen: SeenNetwork) -> None:
    row = {
        "extended_pan_id": format_eui64(seen.extended_pan_id),
        "pan_id": seen.pan_id,
        "channel": seen.channel,
        "coordinator": format_eui64(seen.coordinator),
        "since_utc": seen.since_utc,
    }
    try:
        write_whole(path, f"{json.dumps(row, indent=2)}\n".encode(), durable=True)
    except OSError as error:
        raise LinkError(f"{path}: cannot be written: {error.strerror or error}") from error
