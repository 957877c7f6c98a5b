"""Looks how many devices stand, in a few statements; knows the tables."""

import struct
from collections.abc import Sequence
from typing import Final, NamedTuple

from images.eui64 import Eui64, parse_eui64
from ota_engine.fleet.campaigns.lives import OPEN_CAMPAIGNS, UNDER_WAY
from ota_engine.fleet.kernel.rows import Standees, Standing, Standings
from ota_engine.fleet.orders.lives import IN_PROGRESS, LIVE
from ota_engine.store.backends.database import Database, Dialect
from ota_engine.store.fleet.forms import listed

_TEXT: Final = 23  # characters of an EUI-64

_STANDING: Final = (
    "d.kind",
    "d.variant",
    "d.status",
    "d.gbcs_version",
    "coalesce(h.electricity, '')",
    "coalesce(h.gas, '')",
)


class _Words(NamedTuple):
    """The statements in the words of one database; each is given devices as one JSON list."""

    how_they_stand: str
    alike: str
    ordered: str
    upgraded: str


def _words(listed_devices: str, then: str) -> _Words:
    devices = f"""
        FROM {listed_devices} {then} fleet_devices AS d ON d.device = w.value
        LEFT JOIN homes AS h ON h.home = d.home
    """
    # Whether they all stand as the first one does, as most do.
    alike = " AND ".join(f"{one} = ?" for one in _STANDING)
    # A device has one live order at most. Campaigns that are open are few, devices are many.
    ordered = f"""
        SELECT o.device, o.name, o.state FROM {listed_devices}
        {then} device_orders AS o ON o.device = w.value WHERE o.state IN ({listed(LIVE)})
    """  # noqa: S608 - our own words
    upgraded = f"""
        SELECT d.device FROM {listed_devices} {then} fleet_devices AS d ON d.device = w.value
        WHERE EXISTS (SELECT 1 FROM campaigns AS c JOIN members AS m
                        ON m.campaign = c.campaign AND m.home = d.home
                      WHERE c.state IN ({listed(OPEN_CAMPAIGNS)}) AND m.device = d.device
                        AND m.state IN ({listed(UNDER_WAY)}))
    """  # noqa: S608 - our own words
    return _Words(
        f"SELECT d.device, {', '.join(_STANDING)} {devices}",
        f"SELECT count(*) {devices} WHERE {alike}",
        ordered,
        upgraded,
    )


_SQLITE: Final = _words("json_each(?) AS w", Dialect.SQLITE.then)
_POSTGRESQL: Final = _words(
    "json_array_elements_text(CAST(? AS json)) AS w (value)", Dialect.POSTGRESQL.then
)
_CAMPAIGNS: Final = f"SELECT 1 FROM campaigns WHERE state IN ({listed(OPEN_CAMPAIGNS)}) LIMIT 1"  # noqa: S608 - our own words


def look_how_they_stand(driver: Database, asked: Standings) -> Standees:
    """Sort devices by how they stand."""
    told, words = _as_json(asked.devices), _of(driver)
    alike = _all_alike(driver, asked.devices, told) or _by_standing(driver, told)
    ordered: dict[Eui64, str] = {}
    coming: set[Eui64] = set()
    for text, name, state in driver.execute(words.ordered, (told,)):
        device = parse_eui64(text)
        ordered[device] = name
        if state in IN_PROGRESS:
            coming.add(device)
    upgraded: frozenset[Eui64] = frozenset()
    if driver.execute(_CAMPAIGNS).fetchone():
        upgraded = frozenset(
            parse_eui64(text) for (text,) in driver.execute(words.upgraded, (told,))
        )
    return Standees(alike, ordered, upgraded, frozenset(coming))


def _all_alike(
    driver: Database, devices: Sequence[Eui64], told: str
) -> dict[Standing, Sequence[Eui64]] | None:
    """Find how all devices stand; None where that is not one way, or one of them is not known."""
    words = _of(driver)
    first = driver.execute(words.how_they_stand, (_as_json(devices[:1]),)).fetchone()
    if first is None:
        return None
    (number,) = driver.execute(words.alike, (told, *first[1:])).fetchone()
    return {Standing(*first[1:]): devices} if number == len(devices) else None


def _by_standing(driver: Database, told: str) -> dict[Standing, Sequence[Eui64]]:
    found: dict[tuple[str, ...], list[Eui64]] = {}
    for text, *standing in driver.execute(_of(driver).how_they_stand, (told,)):
        found.setdefault(tuple(standing), []).append(parse_eui64(text))
    return {Standing(*standing): those for standing, those in found.items()}


def _of(driver: Database) -> _Words:
    return driver.dialect.choose(sqlite=_SQLITE, postgresql=_POSTGRESQL)


def _as_json(devices: Sequence[Eui64]) -> str:
    """Write identities as the tables hold them, in one JSON list; all in one go."""
    if not devices:
        return "[]"
    octets = struct.pack(f">{len(devices)}Q", *devices)
    text = bytearray(octets.hex("-").upper(), "ascii")
    text[_TEXT :: _TEXT + 1] = b"," * (len(devices) - 1)
    return '["' + text.decode("ascii").replace(",", '","') + '"]'
