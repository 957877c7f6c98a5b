"""What an emulated home keeps from one life to the next, as text: flash, GBCS memory, who lives there.

Pure. Knows what of a device outlives a power cut; opens no file. Equal sectors are written once.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final, NamedTuple, TypeAlias

from emulators.devices.chip import Chip
from emulators.devices.device import EmulatedDevice
from emulators.gbcs.memory import Begun, FutureOrder, Outgoing, SecureMemory
from emulators.gbcs.replay import ReplayGuard
from emulators.platform.flash import Contents, Download, FileIdentity, Metadata, Spare, StoredFile
from emulators.premises.memory import Cleared, PremisesMemory
from emulators.premises.words import SUBJECTS, ToldChange
from images.eui64 import Eui64, format_eui64, parse_eui64
from ota_engine.errors import LocalError, PeerError
from ota_engine.gbcs.envelope import Message, parse, serialise
from ota_engine.records import CounterRecord

FORMAT: Final = "zota home 1"
SMALL_HOME: Final = 16  # devices
_UNREADABLE: Final = (LookupError, TypeError, ValueError, AttributeError, PeerError)

_Json = Any  # what json reads: checked by the failure of whatever reads it here


def dump_home(devices: Iterable[EmulatedDevice]) -> str:
    """Write what the devices of a home would keep if their power were cut now."""
    sectors: dict[str, str] = {}
    rows = {format_eui64(device.eui64): _device(device, sectors) for device in devices}
    return json.dumps({"format": FORMAT, "devices": rows, "sectors": sectors}, indent=1)


class Remembered(NamedTuple):
    """What one device kept.

    Attributes:
        flash: the contents of its flash, for each chip by the file it left the factory with; with
            another one it is another chip, and the device another device if that is its first.
        memory: of its security unit, None if it has none.
        premises: of changes of tenancy and supplier, None if it has no part in them.
    """

    flash: Mapping[FileIdentity, Contents]
    memory: SecureMemory | None
    premises: PremisesMemory | None = None


HomeMemory: TypeAlias = Mapping[int, Remembered]


def read_home_memory(text: str) -> HomeMemory:
    """Read what ``dump_home`` wrote, by EUI-64.

    Raises:
        LocalError: it is something else.
    """
    try:
        document = json.loads(text)
        if document["format"] != FORMAT:
            raise ValueError
        sectors = {key: b64decode(value) for key, value in document["sectors"].items()}
        return {
            parse_eui64(key): _read_device(row, sectors) for key, row in document["devices"].items()
        }
    except (*_UNREADABLE, RecursionError) as error:
        raise LocalError("not the memory of an emulated home: remove it to begin anew") from error


def recall_home(memory: HomeMemory, devices: Iterable[EmulatedDevice]) -> None:
    """Give devices that are switched off what they kept; those that are not what they were, nothing.

    Raises:
        LocalError: a flash is now smaller than what it held.
    """
    for device in devices:
        kept = memory.get(device.eui64)
        if kept is None or device.spec.factory not in kept.flash:
            continue
        for chip in device.chips:
            if chip.spec.factory in kept.flash:
                chip.flash.fill(kept.flash[chip.spec.factory])
        if device.security is not None and kept.memory is not None:
            device.security.recall(kept.memory)
        if device.premises is not None and kept.premises is not None:
            device.premises.recall(kept.premises)


class MemoryKeeper:
    """Hands on what the devices of a home keep, when it has changed.

    Args:
        devices: of the home.
        keep: takes the text.
    """

    def __init__(self, devices: Sequence[EmulatedDevice], keep: Callable[[str], object]) -> None:
        self._devices = devices
        self._keep = keep
        self._written = ""

    @property
    def small(self) -> bool:
        """Whether the home is small enough to be written down all the time, not only at its end."""
        return len(self._devices) <= SMALL_HOME

    def write(self) -> None:
        """Hand it on, if it is not what was handed on last."""
        text = dump_home(self._devices)
        if text != self._written:
            self._written = text
            self._keep(text)


def _device(device: EmulatedDevice, sectors: dict[str, str]) -> dict[str, _Json]:
    first, *others = device.chips
    row = _chip(first, sectors)
    if others:
        row["chips"] = [_chip(chip, sectors) for chip in others]
    if device.security is not None:
        row["gbcs"] = _memory(device.security.memory)
    if device.premises is not None:
        row["premises"] = _premises(device.premises.memory)
    return row


def _chip(chip: Chip, sectors: dict[str, str]) -> dict[str, _Json]:
    return flash_row(chip.spec.factory, chip.flash.contents(), sectors)


def flash_row(
    factory: FileIdentity, contents: Contents, sectors: dict[str, str]
) -> dict[str, _Json]:
    """Write the contents of a flash as plain values.

    Args:
        factory: the file it left the factory with.
        contents: what it holds.
        sectors: gets those that are not in it yet.
    """
    return {
        "factory": list(factory),
        "banks": [[_keep(sector, sectors) for sector in bank] for bank in contents.banks],
        "metadata": [None if copy is None else _metadata(copy) for copy in contents.copies],
    }


def _read_device(row: Mapping[str, _Json], sectors: Mapping[str, bytes]) -> Remembered:
    rows = (row, *row.get("chips", ()))
    memory = _read_memory(row["gbcs"]) if "gbcs" in row else None
    premises = _read_premises(row["premises"]) if "premises" in row else None
    return Remembered(dict(read_flash_row(each, sectors) for each in rows), memory, premises)


def read_flash_row(
    row: Mapping[str, _Json], sectors: Mapping[str, bytes]
) -> tuple[FileIdentity, Contents]:
    """Read what ``flash_row`` wrote: the file a flash left the factory with, and what it holds.

    Raises:
        LookupError, TypeError, ValueError: it is something else.
    """
    first, second = (tuple(sectors[key] for key in bank) for bank in row["banks"])
    older, newer = (None if each is None else _read_metadata(each) for each in row["metadata"])
    if older is None and newer is None:
        raise ValueError
    maker, kind, version = (int(number) for number in row["factory"])
    return FileIdentity(maker, kind, version), Contents((first, second), (older, newer))


# --- flash ----------------------------------------------------------------------------------------


def _keep(sector: bytes, sectors: dict[str, str]) -> str:
    key = sha256(sector).hexdigest()
    if key not in sectors:
        sectors[key] = b64encode(sector).decode()
    return key


def _metadata(copy: Metadata) -> dict[str, _Json]:
    return {
        "sequence": copy.sequence,
        "bank": copy.bank,
        "running": [_file(file) for file in copy.running],
        "spare": copy.spare.value,
        "held": [_file(file) for file in copy.held],
        "download": None
        if copy.download is None
        else [*copy.download.identity, *copy.download[1:]],
        "trial_boots": copy.trial_boots,
    }


def _read_metadata(row: Mapping[str, _Json]) -> Metadata:
    read = Metadata(
        int(row["sequence"]),
        int(row["bank"]),
        tuple(_read_file(file) for file in row["running"]),
        Spare(row["spare"]),
        tuple(_read_file(file) for file in row["held"]),
        _read_download(row["download"]),
        int(row["trial_boots"]),
    )
    holding = read.spare in {Spare.VERIFIED, Spare.PENDING, Spare.TRIAL, Spare.PARTIAL}
    downloading = read.spare is Spare.DOWNLOADING
    sound = read.bank in {0, 1} and read.running and (read.held or not holding)
    if not sound or downloading is not (read.download is not None):
        raise ValueError
    return read


def _file(file: StoredFile) -> list[_Json]:
    return [*file.identity, file.size, file.sector, file.digest.hex()]


def _read_file(row: list[_Json]) -> StoredFile:
    maker, kind, version, size, sector, digest = row
    identity = FileIdentity(int(maker), int(kind), int(version))
    return StoredFile(identity, int(size), int(sector), bytes.fromhex(digest))


def _read_download(row: list[_Json] | None) -> Download | None:
    if row is None:
        return None
    maker, kind, version, size, sector, offset = (int(number) for number in row)
    return Download(FileIdentity(maker, kind, version), size, sector, offset)


# --- GBCS -----------------------------------------------------------------------------------------


def _memory(memory: SecureMemory) -> dict[str, _Json]:
    begun = memory.begun
    return {
        "counters": {format_eui64(each.originator): each.last for each in memory.guard.state},
        "own_counter": memory.counter,
        "order": None if memory.order is None else _order(memory.order),
        "begun": None if begun is None else [begun.file.hex(), _cause(begun.cause)],
        "outgoing": [[each.number, each.octets.hex()] for each in memory.outgoing],
        "sent": memory.sent,
    }


def _read_memory(row: Mapping[str, _Json]) -> SecureMemory:
    """Read it; messages are due at once, as after any start."""
    counters = tuple(
        CounterRecord(Eui64(parse_eui64(key)), int(last)) for key, last in row["counters"].items()
    )
    begun = row["begun"]
    return SecureMemory(
        ReplayGuard(counters),
        int(row["own_counter"]),
        None if row["order"] is None else _read_order(row["order"]),
        None if begun is None else Begun(bytes.fromhex(begun[0]), _read_cause(begun[1])),
        tuple(
            Outgoing(int(number), 0.0, bytes.fromhex(octets)) for number, octets in row["outgoing"]
        ),
        int(row["sent"]),
    )


def _order(order: FutureOrder) -> dict[str, _Json]:
    return {
        "originator": format_eui64(order.originator),
        "counter": order.counter,
        "hash": order.manufacturer_image_hash.hex(),
        "time": order.execution_time.isoformat(),
    }


def _read_order(row: Mapping[str, _Json]) -> FutureOrder:
    return FutureOrder(
        parse_eui64(row["originator"]),
        int(row["counter"]),
        bytes.fromhex(row["hash"]),
        datetime.fromisoformat(row["time"]).astimezone(UTC),
    )


def _cause(cause: Message | FutureOrder | None) -> _Json:
    if isinstance(cause, FutureOrder):
        return _order(cause)
    return None if cause is None else serialise(cause).hex()


def _read_cause(row: _Json) -> Message | FutureOrder | None:
    if row is None:
        return None
    return parse(bytes.fromhex(row)) if isinstance(row, str) else _read_order(row)


# --- who lives there ------------------------------------------------------------------------------


def _premises(memory: PremisesMemory) -> dict[str, _Json]:
    return {
        "pending": [[server, _told(told)] for (server, _), told in memory.pending.items()],
        "done": [[*source, *event] for source, event in memory.done.items()],
        "cleared": [
            {
                "server": one.server,
                "subject": one.subject,
                "event": one.event,
                "utc": one.utc,
                "what": list(one.what),
            }
            for one in memory.cleared
        ],
        "history_blocked": memory.history_blocked,
        "standing": [_told(told) for told in memory.standing.values()],
        "callers": [list(caller) for caller in memory.callers.items()],
    }


def _read_premises(row: Mapping[str, _Json]) -> PremisesMemory:
    pending = {
        (int(server), told.subject): told
        for server, told in ((server, _read_told(told)) for server, told in row["pending"])
    }
    done = {
        (int(server), _subject(subject)): (int(event), int(times))
        for server, subject, event, times in row["done"]
    }
    standing = map(_read_told, row["standing"])
    return PremisesMemory(
        pending,
        done,
        tuple(map(_read_cleared, row["cleared"])),
        bool(row["history_blocked"]),
        {told.subject: told for told in standing},
        {int(caller): int(endpoint) for caller, endpoint in row["callers"]},
    )


def _read_cleared(row: Mapping[str, _Json]) -> Cleared:
    utc = None if row["utc"] is None else float(row["utc"])
    what = tuple(map(str, row["what"]))
    return Cleared(int(row["server"]), _subject(row["subject"]), int(row["event"]), utc, what)


def _told(told: ToldChange) -> list[_Json]:
    return [*told[:7], told.name.hex(), told.contact.hex()]


def _read_told(row: list[_Json]) -> ToldChange:
    subject, *numbers, name, contact = row
    provider, event, tariff, time, control, proposed = map(int, numbers)
    return ToldChange(
        _subject(subject),
        provider,
        event,
        tariff,
        time,
        control,
        proposed,
        bytes.fromhex(name),
        bytes.fromhex(contact),
    )


def _subject(text: _Json) -> str:
    return SUBJECTS[SUBJECTS.index(text)]
