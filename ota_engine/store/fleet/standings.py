"""Looks how many devices stand, in one statement; knows the tables."""

import sqlite3
import struct
from collections.abc import Sequence
from typing import Final

from images.eui64 import Eui64
from ota_engine.canonical import canonical_json
from ota_engine.fleet.campaigns.lives import OPEN_CAMPAIGNS, UNDER_WAY
from ota_engine.fleet.kernel.rows import Standees, Standing, Standings
from ota_engine.fleet.orders.lives import LIVE
from ota_engine.store.fleet.forms import listed

_TEXT: Final = 23  # characters of an EUI-64

# A device has one live order at most. Campaigns that are open are few, devices are many.
_STANDING: Final = f"""
    SELECT d.device, d.kind, d.variant, d.status, d.gbcs_version,
      coalesce(h.electricity, ''), coalesce(h.gas, ''),
      (SELECT o.name FROM device_orders AS o
       WHERE o.device = d.device AND o.state IN ({listed(LIVE)})),
      EXISTS (SELECT 1 FROM campaigns AS c JOIN members AS m
                ON m.campaign = c.campaign AND m.home = d.home
              WHERE c.state IN ({listed(OPEN_CAMPAIGNS)}) AND m.device = d.device
                AND m.state IN ({listed(UNDER_WAY)}))
    FROM json_each(:devices) AS w CROSS JOIN fleet_devices AS d ON d.device = w.value
    LEFT JOIN homes AS h ON h.home = d.home
"""  # noqa: S608 - our own words


def look_how_they_stand(driver: sqlite3.Connection, asked: Standings) -> Standees:
    """Sort devices by how they stand."""
    texts = _texts(asked.devices)
    devices = dict(zip(texts, asked.devices, strict=True))
    alike: dict[Standing, list[Eui64]] = {}
    ordered: dict[Eui64, str] = {}
    upgraded: set[Eui64] = set()
    found: dict[tuple[str, ...], list[str]] = {}
    for row in driver.execute(_STANDING, {"devices": canonical_json(texts)}):
        text, *standing, order, busy = row
        found.setdefault(tuple(standing), []).append(text)
        if order is not None:
            ordered[devices[text]] = order
        if busy:
            upgraded.add(devices[text])
    for standing, those in found.items():
        alike[Standing(*standing)] = [devices[text] for text in those]
    return Standees(alike, ordered, frozenset(upgraded))


def _texts(devices: Sequence[Eui64]) -> list[str]:
    """Write identities as the tables hold them, all in one go."""
    octets = struct.pack(f">{len(devices)}Q", *devices)
    text = octets.hex("-").upper()
    return [text[at : at + _TEXT] for at in range(0, len(text), _TEXT + 1)]
