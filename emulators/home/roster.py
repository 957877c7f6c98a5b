"""Who lives in an emulated home: reads a devices file, or furnishes the home that is built in.

Pure. Knows the text of a roster (TOML, one ``[[device]]`` table each); knows nothing of how the
devices are run. Every complaint names the line and the key.
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

from emulators.air.radio import MAX_RELAYS
from emulators.air.station import Placement
from emulators.platform.profiles import LAB, PROFILES
from emulators.platform.spec import COMMANDED, ClientOptions, DeviceKind, DeviceSpec
from images.eui64 import Eui64, parse_eui64
from ota_engine.errors import LocalError
from ota_engine.events import OTA_SERVER_ENDPOINT, SMART_ENERGY

FIRST_EUI64 = 0x00DB_1234_0000_0001  # as in the key folder of ``zota pki init``
FIRST_ADDRESS = 0x1001
MANUFACTURER = 0x121D  # as in the published GB sample images
FACTORY_VERSION = 0x0100_0000
HARDWARE_VERSION = 0x0100
MAX_DEVICES = 1000  # what one coordinator can be asked to know
IMAGE_TYPES = {
    DeviceKind.PPMID: 0x0084,
    DeviceKind.IHD: 0x0085,
    DeviceKind.HCALCS: 0x0086,
    DeviceKind.COMMUNICATIONS_HUB: 0x0087,
    DeviceKind.ESME: 0x0088,
    DeviceKind.GSME: 0x0089,
}
NAMES = {
    DeviceKind.PPMID: "PPMID",
    DeviceKind.IHD: "IHD",
    DeviceKind.HCALCS: "HCALCS",
    DeviceKind.COMMUNICATIONS_HUB: "Comms Hub",
    DeviceKind.ESME: "ESME",
    DeviceKind.GSME: "GSME",
}
FURNISHED = (
    DeviceKind.PPMID,
    DeviceKind.IHD,
    DeviceKind.HCALCS,
    DeviceKind.COMMUNICATIONS_HUB,
)
TRIGGER_AFTER = 10.0  # seconds the built-in HCALCS holds an image before it is told to run it

T = TypeVar("T")


class RosterEntry(NamedTuple):
    """One device of the home.

    Attributes:
        name: what people call it.
        spec: what it is.
        placement: where it is.
        plug_in_after: seconds until a battery device is put on the mains; None: never.
        trigger_after: seconds an HCALCS, ESME or GSME without keys holds a verified image before
            its local trigger is pulled; None: never.
    """

    name: str
    spec: DeviceSpec
    placement: Placement
    plug_in_after: float | None = None
    trigger_after: float | None = None


class Roster(NamedTuple):
    """What a devices file says.

    Attributes:
        entries: who lives in the home.
        keys: the folder of their keys, relative to the file's own; None: they have none.
    """

    entries: tuple[RosterEntry, ...]
    keys: str | None = None


def default_roster() -> tuple[RosterEntry, ...]:
    """A PPMID, an IHD, an HCALCS and a hub, on the mains, all but the IHD near the coordinator."""
    return tuple(
        RosterEntry(
            NAMES[kind],
            DeviceSpec(
                eui64=Eui64(FIRST_EUI64 + number),
                kind=kind,
                network_address=FIRST_ADDRESS + number,
                manufacturer_code=MANUFACTURER,
                image_type=IMAGE_TYPES[kind],
                file_version=FACTORY_VERSION,
                hardware_version=HARDWARE_VERSION,
                model=f"emulated {NAMES[kind]}",
                options=ClientOptions(timeout_policy=1),
                seed=number,
            ),
            Placement(relays=1, router=1) if kind is DeviceKind.IHD else Placement(),
            trigger_after=TRIGGER_AFTER if kind is DeviceKind.HCALCS else None,
        )
        for number, kind in enumerate(FURNISHED)
    )


def parse_roster(text: str) -> Roster:
    """Read a devices file.

    Raises:
        LocalError: it is not TOML, or says something no device can be.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise LocalError(f"is not TOML: {error}") from error
    unknown = sorted(document.keys() - {"device", "keys"})
    if unknown:
        raise LocalError(f"{unknown[0]}: no such key; a roster holds keys and [[device]] tables")
    keys = _Table(document).take("keys", _text, None)
    tables = document.get("device", [])
    if not isinstance(tables, list) or not tables:
        raise LocalError('names no device: write [[device]] and below it kind = "ihd"')
    if len(tables) > MAX_DEVICES:
        raise LocalError(f"{len(tables)} devices: at most {MAX_DEVICES} fit")
    lines = _lines(text)
    entries: list[RosterEntry] = []
    for number, table in enumerate(tables):
        where = f"line {lines[number]}: " if number < len(lines) else ""
        try:
            entries.append(_entry(_Table(table), number, entries))
        except LocalError as error:
            raise LocalError(f"{where}device {number + 1}: {error}") from error
    return Roster(tuple(entries), keys)


def _lines(text: str) -> list[int]:
    """The line of every ``[[device]]``."""
    return [
        number
        for number, line in enumerate(text.splitlines(), 1)
        if re.match(r"\s*\[\[\s*[\"']?device[\"']?\s*\]\]", line)
    ]


class _Table:
    """One table, whose keys are taken one by one until none is left."""

    def __init__(self, table: Mapping[str, Any]) -> None:
        self._rest = dict(table)

    def take(self, key: str, read: Callable[[Any], T], default: T) -> T:
        if key not in self._rest:
            return default
        value = self._rest.pop(key)
        try:
            return read(value)
        except (ValueError, TypeError) as error:
            raise LocalError(f"{key} = {value!r}: {error}") from error

    def finish(self) -> None:
        if self._rest:
            raise LocalError(f"{min(self._rest)}: no such key; there are {', '.join(KEYS)}")


KEYS = (
    "name",
    "kind",
    "eui64",
    "address",
    "manufacturer",
    "image_type",
    "version",
    "hardware",
    "endpoint",
    "server_endpoint",
    "profile",
    "model",
    "sleepy",
    "battery",
    "bank_size",
    "timers",
    "certificate",
    "supplier",
    "block_size",
    "page_mode",
    "timeout_policy",
    "relays",
    "router",
    "poll",
    "fast_poll",
    "plug_in_after",
    "trigger_after",
)


def _entry(table: _Table, number: int, others: list[RosterEntry]) -> RosterEntry:
    spec = _spec(table, number)
    placement = _placement(table)
    entry = RosterEntry(
        table.take("name", _text, f"{NAMES[spec.kind]} {number + 1}"),
        spec,
        placement,
        table.take("plug_in_after", _seconds, None),
        table.take("trigger_after", _seconds, None),
    )
    table.finish()
    for other in others:
        if other.spec.eui64 == spec.eui64:
            raise LocalError(f"eui64 is that of {other.name}: give each device its own")
        if other.spec.network_address == spec.network_address:
            raise LocalError(f"address is that of {other.name}: give each device its own")
    if entry.plug_in_after is not None and not (spec.battery and spec.kind is DeviceKind.PPMID):
        raise LocalError("plug_in_after is for a PPMID with battery = true")
    if entry.trigger_after is not None and spec.kind not in COMMANDED:
        raise LocalError("trigger_after is for an HCALCS, ESME or GSME")
    return entry


def _spec(table: _Table, number: int) -> DeviceSpec:
    kind = table.take("kind", _kind, DeviceKind.IHD)
    return DeviceSpec(
        eui64=table.take("eui64", _eui64, Eui64(FIRST_EUI64 + number)),
        kind=kind,
        network_address=table.take("address", _within(1, 0xFFF7), FIRST_ADDRESS + number),
        manufacturer_code=table.take("manufacturer", _within(0, 0xFFFF), MANUFACTURER),
        image_type=table.take("image_type", _within(0, 0xFFFF), IMAGE_TYPES[kind]),
        file_version=table.take("version", _within(0, 0xFFFF_FFFF), FACTORY_VERSION),
        hardware_version=table.take("hardware", _within(0, 0xFFFF), HARDWARE_VERSION),
        endpoint=table.take("endpoint", _within(1, 0xF0), 1),
        server_endpoint=table.take("server_endpoint", _within(1, 0xF0), OTA_SERVER_ENDPOINT),
        profile=table.take("profile", _within(0, 0xFFFF), SMART_ENERGY),
        model=table.take("model", _text, f"emulated {NAMES[kind]}"),
        sleepy=table.take("sleepy", _flag, False),
        battery=table.take("battery", _flag, False),
        bank_size=table.take("bank_size", _within(1024, 1 << 26), 4 << 20),
        timers=table.take("timers", _timers, LAB),
        options=ClientOptions(
            block_size=table.take("block_size", _within(1, 255), None),
            page_mode=table.take("page_mode", _flag, False),
            timeout_policy=table.take("timeout_policy", _within(0, 1), 1),
        ),
        certificate=table.take("certificate", _pem, None),
        supplier=table.take("supplier", _eui64, None),
        seed=number,
    )


def _placement(table: _Table) -> Placement:
    relays = table.take("relays", _within(0, MAX_RELAYS), 0)
    return Placement(
        relays=relays,
        router=table.take("router", _within(0, 0xFFFF), min(relays, 1)),
        poll=table.take("poll", _interval, Placement().poll),
        fast_poll=table.take("fast_poll", _interval, Placement().fast_poll),
    )


# --- how single values are read -------------------------------------------------------------------


def _kind(value: Any) -> DeviceKind:
    try:
        return DeviceKind(_text(value).lower())
    except ValueError:
        kinds = ", ".join(kind.value for kind in DeviceKind)
        raise ValueError(f"no such kind; there are {kinds}") from None


def _timers(value: Any) -> Any:
    if value not in PROFILES:
        raise ValueError(f"no such timers; there are {', '.join(PROFILES)}")
    return PROFILES[value]


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise ValueError("is not a line of text")
    return value


def _pem(value: Any) -> bytes:
    if not isinstance(value, str) or "BEGIN CERTIFICATE" not in value:
        raise ValueError("is not a certificate in PEM")
    return value.encode()


def _eui64(value: Any) -> Eui64:
    return parse_eui64(_text(value))


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("is neither true nor false")
    return value


def _within(lowest: int, highest: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not lowest <= value <= highest:
            raise ValueError(f"is not a whole number from {lowest} to {highest}")
        return value

    return read


def _seconds(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 1e6:
        raise ValueError("is not a number of seconds")
    return float(value)


def _interval(value: Any) -> float:
    if _seconds(value) < 0.01:
        raise ValueError("is less than 0.01 seconds")
    return _seconds(value)
