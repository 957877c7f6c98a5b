"""Who lives in an emulated home: reads a devices file, or furnishes the home that is built in.

Pure. Knows the text of a roster (TOML, one ``[[device]]`` table each); knows nothing of how the
devices are run. Every complaint names the line and the key.
"""

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, TypeVar

from emulators.air.radio import MAX_RELAYS
from emulators.air.station import Placement
from emulators.devices.kinds import FACTORY_VERSION, IHD, KINDS, DeviceKind, check
from emulators.platform.profiles import PROFILES
from emulators.platform.spec import (
    AnswersFor,
    ChipSpec,
    ClientOptions,
    DeviceSpec,
    server_endpoint,
)
from emulators.premises.habits import HABITS, PremisesHabits
from emulators.premises.words import BITS, SUBJECTS, TENANCY
from images.eui64 import Eui64, parse_eui64
from images.strict_toml import read_toml
from ota_engine.errors import LocalError
from ota_engine.wording import one_line

MAX_DEVICES = 1000  # what one coordinator can be asked to know
TRIGGER_AFTER = 10.0  # seconds a commanded device holds an image before its trigger is pulled

MAX_CHIPS = 7  # beside a device's own
MAX_ANNOUNCEMENTS = 20
NO_PREMISES = "none"  # the device has no cluster for changes of tenancy and supplier
METER = "meter"
LONGEST_TEXT = 32  # octets of a model identifier or manufacturer name
CHARGEABLE = tuple(kind for kind in KINDS.values() if kind.chargeable)
COMMANDED = tuple(kind for kind in KINDS.values() if kind.commanded)

T = TypeVar("T")


class Announcement(NamedTuple):
    """A change that a meter tells of, as its supplier tells it in a real home.

    Attributes:
        subject: tenancy or supplier.
        event: issuer event id.
        after: seconds until the meter tells of it.
        within: seconds from then until it takes effect; None: at once.
        control: what devices are to do.
        provider: the supplier until then.
        proposed: the supplier from then on.
    """

    subject: str
    event: int
    after: float
    within: float | None
    control: int
    provider: int
    proposed: int


class RosterEntry(NamedTuple):
    """One device of the home.

    Attributes:
        name: what people call it.
        spec: what it is.
        placement: where it is.
        plug_in_after: seconds until a battery device is put on the mains; None: never.
        trigger_after: seconds an HCALCS, ESME or GSME without keys holds a verified image before
            its local trigger is pulled; None: never.
        announces: changes of tenancy and supplier that a meter tells of.
    """

    name: str
    spec: DeviceSpec
    placement: Placement
    plug_in_after: float | None = None
    trigger_after: float | None = None
    announces: tuple[Announcement, ...] = ()


class RosterHub(NamedTuple):
    """The hub of the home, as a device that is upgraded itself.

    Attributes:
        eui64: of its Communications Hub Function.
        version: of the firmware it left the factory with.
    """

    eui64: Eui64
    version: int


class Roster(NamedTuple):
    """What a devices file says.

    Attributes:
        entries: who lives in the home.
        keys: the folder of their keys, relative to the file's own; None: they have none.
        hub: the hub itself; None where that is not upgraded.
        keeps: what devices hold outlives a command, without keys, too.
    """

    entries: tuple[RosterEntry, ...]
    keys: str | None = None
    hub: RosterHub | None = None
    keeps: bool = False


def default_roster() -> tuple[RosterEntry, ...]:
    """One device of each kind that has a place in it, on the mains."""
    furnished = (kind for kind in KINDS.values() if kind.furnished is not None)
    return acquainted(
        RosterEntry(
            kind.label,
            kind.specimen(number),
            kind.furnished or Placement(),
            trigger_after=TRIGGER_AFTER if kind.commanded else None,
        )
        for number, kind in enumerate(furnished)
    )


def parse_roster(text: str) -> Roster:
    """Read a devices file.

    Raises:
        LocalError: it is not TOML, or says something no device can be.
    """
    try:
        document = read_toml(text)
    except tomllib.TOMLDecodeError as error:
        raise LocalError(f"is not TOML: {error}") from error
    unknown = sorted(document.keys() - {"device", "hub", "keeps", "keys"})
    if unknown:
        raise LocalError(
            f"{one_line(unknown[0])}: no such key; a roster holds keys, keeps, [hub] and [[device]] tables"
        )
    table = _Table(document)
    keys, keeps = table.take("keys", _text, None), table.take("keeps", _flag, False)
    hub = table.take("hub", _hub, None)
    tables = document.get("device", [])
    if not isinstance(tables, list) or not (tables or hub):
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
    return Roster(acquainted(entries), keys, hub, keeps)


def _hub(value: Any) -> RosterHub:
    if not isinstance(value, dict):
        raise TypeError("write [hub] and below it eui64 and version")
    table = _Table(value)
    eui64 = table.take("eui64", _eui64, None)
    version = table.take("version", _within(0, 0xFFFF_FFFF), FACTORY_VERSION)
    table.finish(("eui64", "version"))
    if eui64 is None:
        raise LocalError("[hub]: eui64 is missing: write that of its Communications Hub Function")
    return RosterHub(eui64, version)


def acquainted(entries: Iterable[RosterEntry]) -> tuple[RosterEntry, ...]:
    """Let devices that ask what has changed ask the meters of their home, too."""
    entries = tuple(entries)
    meters = tuple(
        one.spec.eui64 for one in entries if _habits(one.spec) is not None and _serves(one.spec)
    )
    return tuple(
        one
        if _habits(one.spec) is None or _serves(one.spec)
        else one._replace(spec=replace(one.spec, meters=meters))
        for one in entries
    )


def _habits(spec: DeviceSpec) -> PremisesHabits | None:
    return HABITS.get(spec.premises)


def _serves(spec: DeviceSpec) -> bool:
    habits = _habits(spec)
    return habits is not None and habits.serves


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

    def finish(self, keys: Sequence[str]) -> None:
        if self._rest:
            raise LocalError(f"{min(self._rest)}: no such key; there are {', '.join(keys)}")


CHIP_KEYS = (
    "image_type",
    "version",
    "manufacturer",
    "hardware",
    "endpoint",
    "bank_size",
    "timers",
)
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
    "maker",
    "sleepy",
    "battery",
    "cells",
    "bank_size",
    "timers",
    "certificate",
    "supplier",
    "block_size",
    "page_mode",
    "timeout_policy",
    "hides_identity",
    "largest_block",
    "whole_blocks",
    "block_pause",
    "bare_element",
    "version_bits",
    "wants_integrity",
    "verify_time",
    "relays",
    "router",
    "poll",
    "fast_poll",
    "plug_in_after",
    "trigger_after",
    "answers_for",
    "takes_turns",
    "premises",
    "announces",
    "chip",
)
ANNOUNCES_KEYS = ("subject", "event", "after", "within", "clears", "provider", "proposed")


def _entry(table: _Table, number: int, others: list[RosterEntry]) -> RosterEntry:
    kind = table.take("kind", _kind, IHD)
    chips: Sequence[Mapping[str, Any]] = table.take("chip", _tables, [])
    spec = _spec(kind, table, number)
    placement = _placement(table)
    entry = RosterEntry(
        table.take("name", _text, f"{kind.label} {number + 1}"),
        spec,
        placement,
        table.take("plug_in_after", _seconds, None),
        table.take("trigger_after", _seconds, None),
    )
    announces: Sequence[Mapping[str, Any]] = table.take("announces", _announcements, [])
    table.finish(KEYS)
    spec = _with_chips(spec, chips)
    entry = entry._replace(spec=spec, announces=_announces(spec, announces))
    for other in others:
        if other.spec.eui64 == spec.eui64:
            raise LocalError(f"eui64 is that of {other.name}: give each device its own")
        if other.spec.network_address == spec.network_address:
            raise LocalError(f"address is that of {other.name}: give each device its own")
    if entry.plug_in_after is not None and not (spec.battery and kind.chargeable):
        raise LocalError(f"plug_in_after is for {_such(CHARGEABLE)} with battery = true")
    if entry.trigger_after is not None and not kind.commanded:
        raise LocalError(f"trigger_after is for {_such(COMMANDED)}")
    return entry


def _spec(kind: DeviceKind, table: _Table, number: int) -> DeviceSpec:
    """What the table says, and for the rest what such a device is from the factory."""
    usual = kind.specimen(number)
    profile = table.take("profile", _within(0, 0xFFFF), usual.profile)
    return replace(
        usual,
        eui64=table.take("eui64", _eui64, usual.eui64),
        network_address=table.take("address", _within(1, 0xFFF7), usual.network_address),
        manufacturer_code=table.take("manufacturer", _within(0, 0xFFFF), usual.manufacturer_code),
        image_type=table.take("image_type", _within(0, 0xFFFF), usual.image_type),
        file_version=table.take("version", _within(0, 0xFFFF_FFFF), usual.file_version),
        hardware_version=table.take("hardware", _within(0, 0xFFFF), usual.hardware_version),
        endpoint=table.take("endpoint", _within(1, 0xF0), usual.endpoint),
        server_endpoint=table.take("server_endpoint", _within(1, 0xF0), server_endpoint(profile)),
        profile=profile,
        model=table.take("model", _basic_text, usual.model),
        manufacturer_name=table.take("maker", _basic_text, usual.manufacturer_name),
        sleepy=table.take("sleepy", _flag, usual.sleepy),
        battery=table.take("battery", _flag, usual.battery),
        cells=table.take("cells", _flag, usual.cells),
        bank_size=table.take("bank_size", _within(1024, 1 << 26), usual.bank_size),
        timers=table.take("timers", _timers, usual.timers),
        options=_options(table, usual.options),
        certificate=table.take("certificate", _pem, None),
        supplier=table.take("supplier", _eui64, None),
        answers_for=table.take("answers_for", _answers_for, usual.answers_for),
        takes_turns=table.take("takes_turns", _flag, usual.takes_turns),
        premises=table.take("premises", _premises, usual.premises),
    )


def _announces(spec: DeviceSpec, tables: Sequence[Mapping[str, Any]]) -> tuple[Announcement, ...]:
    """Read what a meter tells of.

    Raises:
        LocalError: it is no meter, or tells what no meter can.
    """
    if tables and not _serves(spec):
        raise LocalError(f"announces is for a device with premises = {METER!r}, as an ESME has it")
    found: list[Announcement] = []
    for number, entries in enumerate(tables, 1):
        try:
            found.append(_announcement(_Table(entries)))
        except LocalError as error:
            raise LocalError(f"announces {number}: {error}") from error
    return tuple(found)


def _announcement(table: _Table) -> Announcement:
    number = _within(0, 0xFFFF_FFFF)
    made = Announcement(
        table.take("subject", _subject, TENANCY),
        table.take("event", number, 1),
        table.take("after", _seconds, 0.0),
        table.take("within", _seconds, None),
        table.take("clears", _clears, 1 << BITS["consumer data"]),
        table.take("provider", number, 0),
        table.take("proposed", number, 0),
    )
    table.finish(ANNOUNCES_KEYS)
    return made


def _with_chips(spec: DeviceSpec, tables: Sequence[Mapping[str, Any]]) -> DeviceSpec:
    """Give a device its further chips.

    Raises:
        LocalError: they say what no chip can be, or the kind of device can have none.
    """
    chips: list[ChipSpec] = []
    for number, table in enumerate(tables, 2):  # the device's own is the first
        try:
            chips.append(_chip(_Table(table), spec))
        except LocalError as error:
            raise LocalError(f"chip {number}: {error}") from error
    with_chips = replace(spec, chips=tuple(chips))
    check(with_chips)
    return with_chips


def _chip(table: _Table, device: DeviceSpec) -> ChipSpec:
    image_type = table.take("image_type", _within(0, 0xFFFF), None)
    if image_type is None:
        raise LocalError("image_type is missing: it is what tells this chip's files from others'")
    chip = ChipSpec(
        image_type,
        table.take("version", _within(0, 0xFFFF_FFFF), device.file_version),
        manufacturer_code=table.take("manufacturer", _within(0, 0xFFFF), None),
        hardware_version=table.take("hardware", _within(0, 0xFFFF), device.hardware_version),
        endpoint=table.take("endpoint", _within(1, 0xF0), None),
        bank_size=table.take("bank_size", _within(1024, 1 << 26), None),
        timers=table.take("timers", _timers, None),
    )
    table.finish(CHIP_KEYS)
    return chip


def _options(table: _Table, usual: ClientOptions) -> ClientOptions:
    return replace(
        usual,
        block_size=table.take("block_size", _within(1, 255), usual.block_size),
        largest_block=table.take("largest_block", _within(1, 255), usual.largest_block),
        whole_blocks=table.take("whole_blocks", _flag, usual.whole_blocks),
        block_pause=table.take("block_pause", _seconds, usual.block_pause),
        bare_element=table.take("bare_element", _flag, usual.bare_element),
        version_bits=table.take("version_bits", _within(0, 0xFFFF_FFFF), usual.version_bits),
        wants_integrity=table.take("wants_integrity", _flag, usual.wants_integrity),
        verify_time=table.take("verify_time", _seconds, usual.verify_time),
        page_mode=table.take("page_mode", _flag, usual.page_mode),
        timeout_policy=table.take("timeout_policy", _within(0, 1), usual.timeout_policy),
        hides_identity=table.take("hides_identity", _flag, usual.hides_identity),
    )


def _such(kinds: Sequence[DeviceKind]) -> str:
    """Name a device of one of these kinds, as in "an IHD or PPMID"."""
    *others, last = (kind.label for kind in kinds)
    article = "an" if (others or [last])[0][0] in "AEHI" else "a"
    return f"{article} {', '.join(others)} or {last}" if others else f"{article} {last}"


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
    kind = KINDS.get(_text(value).lower())
    if kind is None:
        raise ValueError(f"no such kind; there are {', '.join(KINDS)}")
    return kind


def _answers_for(value: Any) -> AnswersFor:
    try:
        return AnswersFor(_text(value))
    except ValueError:
        habits = ", ".join(habit.value for habit in AnswersFor)
        raise ValueError(f"no such habit; there are {habits}") from None


def _premises(value: Any) -> str:
    if value == NO_PREMISES:
        return ""
    if value not in HABITS:
        raise ValueError(f"no such habit; there are {', '.join((NO_PREMISES, *HABITS))}")
    return str(value)


def _subject(value: Any) -> str:
    if value not in SUBJECTS:
        raise ValueError(f"is none of {', '.join(SUBJECTS)}")
    return str(value)


def _clears(value: Any) -> int:
    if not isinstance(value, list) or not all(one in BITS for one in value):
        raise ValueError(f"is no list of what can be cleared: {', '.join(BITS)}")
    return sum({1 << BITS[one] for one in value})


def _announcements(value: Any) -> Sequence[Mapping[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(table, dict) for table in value):
        raise ValueError("is no [[device.announces]] table")
    if len(value) > MAX_ANNOUNCEMENTS:
        raise ValueError(f"is more than {MAX_ANNOUNCEMENTS} announcements")
    return value


def _tables(value: Any) -> Sequence[Mapping[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(table, dict) for table in value):
        raise ValueError("is no [[device.chip]] table")
    if len(value) > MAX_CHIPS:
        raise ValueError(f"is more than {MAX_CHIPS} further chips")
    return value


def _timers(value: Any) -> Any:
    if value not in PROFILES:
        raise ValueError(f"no such timers; there are {', '.join(PROFILES)}")
    return PROFILES[value]


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise ValueError("is not a line of text")
    return value


def _basic_text(value: Any) -> str:
    """A character string of the Basic cluster, ZCL 3.2.2.2: 32 octets at most."""
    text = _text(value)
    if len(text.encode()) > LONGEST_TEXT:
        raise ValueError(f"is longer than {LONGEST_TEXT} octets")
    return text


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
