"""What a line of an import means: columns by kind of file, read into rows; knows no file and no store.

A home comes under a reference (its MPAN, UPRN, whatever the list has) and leaves as a pseudonym; what names
it goes into its particulars and nowhere else. No error quotes such a cell.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple

from images.eui64 import Eui64, parse_eui64
from ota_engine.errors import LocalError
from ota_engine.fleet.inventory.pseudonyms import pseudonym
from ota_engine.fleet.inventory.registration import SupplierTold, TenancyTold
from ota_engine.fleet.inventory.rows import (
    Home,
    HomeStatus,
    InstalledDevice,
    InventoryStatus,
    Particulars,
    Variant,
    VersionSource,
)
from ota_engine.fleet.parties.rows import Fuel, Responsibility
from ota_engine.times import Utc

KINDS_OF_DEVICE: Final = ("CHF", "ESME", "GSME", "PPMID", "HCALCS", "IHD")
_WORD: Final = re.compile(r"[^\x00-\x1f\x7f]{1,200}")
_PLAIN_MPXN: Final = re.compile(r"[0-9]{6,21}")


class ImportKind(StrEnum):
    """What a file lists."""

    VARIANTS = "variants"
    HOMES = "homes"
    DEVICES = "devices"
    REGISTRATIONS = "registrations"  # who supplies which home from when
    TENANCIES = "tenancies"  # where other people live from when


class KnownNames(NamedTuple):
    """What lines may refer to.

    Attributes:
        key: of the estate's pseudonyms.
        parties: short id of each party by any of its ids.
        variants: by id.
    """

    key: bytes
    parties: Mapping[str, str]
    variants: Mapping[str, Variant]


class ImportColumn(NamedTuple):
    """One column of a kind of file.

    Attributes:
        name: heads it.
        read: makes a value of a cell that is not empty.
        required: no cell may be empty.
        default: value of an empty cell.
    """

    name: str
    read: Callable[[str, KnownNames], Any]
    required: bool = False
    default: Any = ""


def _word(text: str, known: KnownNames) -> str:
    if not _WORD.fullmatch(text):
        raise LocalError("has a control character or more than 200: shorten it")
    return text


def _home(text: str, known: KnownNames) -> str:
    _word(text, known)
    return pseudonym(known.key, text)


def _mpxn(text: str, known: KnownNames) -> str:
    digits = text.replace(" ", "")
    if not _PLAIN_MPXN.fullmatch(digits):
        raise LocalError("is no meter point number: give its digits")
    return digits


def _party(text: str, known: KnownNames) -> str:
    party = known.parties.get(text)
    if party is None:
        raise LocalError(f"{text[:40]!a} is no party: register it first, or give one of its ids")
    return party


def _variant(text: str, known: KnownNames) -> Variant:
    variant = known.variants.get(text)
    if variant is None:
        raise LocalError(f"{text[:40]!a} is no variant: import the variants first")
    return variant


def _choice(members: Iterable[str]) -> Callable[[str, KnownNames], str]:
    allowed = {member.lower(): member for member in members}

    def read(text: str, known: KnownNames) -> str:
        try:
            return allowed[text.lower()]
        except KeyError:
            words = ", ".join(map(str, allowed.values()))
            raise LocalError(f"{text[:40]!a} is none: give {words}") from None

    return read


def _eui64(text: str, known: KnownNames) -> Eui64:
    try:
        return parse_eui64(text)
    except ValueError as error:
        raise LocalError(f"is no EUI-64: {_cure(error)}") from None


def _cure(error: ValueError) -> str:
    return str(error).rpartition(": ")[2]


def _version(text: str, known: KnownNames) -> int:
    digits = text.lower().removeprefix("0x")
    if not re.fullmatch(r"[0-9a-f]{1,8}", digits):
        raise LocalError(f"{text[:40]!a} is no version: give eight hex digits")
    return int(digits, 16)


def _code(text: str, known: KnownNames) -> int:
    digits = text.lower().removeprefix("0x")
    if not re.fullmatch(r"[0-9a-f]{1,4}", digits):
        raise LocalError(f"{text[:40]!a} is no 16 bits: give four hex digits")
    return int(digits, 16)


def _time(text: str, known: KnownNames) -> float:
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        when = None
    if when is None or (when.tzinfo is None and "T" in text.upper().replace(" ", "T")):
        raise LocalError(
            f"{text[:40]!a} is no time with a zone: give 2027-01-04 or 2027-01-04T09:00:00Z"
        )
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()


def _smets(text: str, known: KnownNames) -> int:
    return int(_choice(("1", "2"))(text, known))


def _yes(text: str, known: KnownNames) -> bool:
    return _choice(("yes", "no"))(text, known) == "yes"


_HOME: Final = ImportColumn("home", _home, required=True)
_STATUS: Final = HomeStatus.COMPLETE

COLUMNS: Final[Mapping[ImportKind, tuple[ImportColumn, ...]]] = {
    ImportKind.VARIANTS: (
        ImportColumn("variant", _word, required=True),
        ImportColumn("kind", _choice(KINDS_OF_DEVICE), required=True),
        ImportColumn("manufacturer", _word, required=True),
        ImportColumn("model", _word, required=True),
        ImportColumn("hardware", _word, required=True),
        ImportColumn("smets", _smets, default=2),
        ImportColumn("maker", _party),
        ImportColumn("manufacturer_code", _code, default=None),
        ImportColumn("image_type", _code, default=None),
    ),
    ImportKind.HOMES: (
        _HOME,
        ImportColumn("region", _word, required=True),
        ImportColumn("gateway", _word, required=True),
        ImportColumn("status", _choice(HomeStatus), default=_STATUS),
        ImportColumn("electricity", _party),
        ImportColumn("electricity_from", _time, default=0.0),
        ImportColumn("gas", _party),
        ImportColumn("gas_from", _time, default=0.0),
        ImportColumn("installed", _time, default=0.0),
        ImportColumn("mpan", _mpxn),
        ImportColumn("mprn", _mpxn),
        ImportColumn("uprn", _mpxn),
        ImportColumn("address", _word),
    ),
    ImportKind.DEVICES: (
        _HOME,
        ImportColumn("device", _eui64, required=True),
        ImportColumn("variant", _variant, required=True),
        ImportColumn("status", _choice(InventoryStatus), default=InventoryStatus.COMMISSIONED),
        ImportColumn("version", _version, default=None),
        ImportColumn("version_since", _time, default=0.0),
        ImportColumn("gbcs_version", _word),
        ImportColumn("gpf", _eui64, default=None),
        ImportColumn("installed", _time, default=0.0),
    ),
    ImportKind.REGISTRATIONS: (
        _HOME,
        ImportColumn("fuel", _choice(Fuel), required=True),
        ImportColumn("supplier", _party),
        ImportColumn("from", _time, required=True),
        ImportColumn("withdrawn", _yes, default=False),
    ),
    ImportKind.TENANCIES: (_HOME, ImportColumn("from", _time, required=True)),
}


def refuse_other_columns(kind: ImportKind, names: Iterable[str]) -> None:
    """Let a file have the columns of its kind, in any order; those that may be empty may be missing.

    Raises:
        LocalError: one is missing, unknown or there twice.
    """
    found = list(names)
    known = {column.name for column in COLUMNS[kind]}
    unknown = [name for name in found if name not in known]
    if unknown:
        raise LocalError(
            f"{unknown[0][:40]!a} is no column of {kind}: give any of"
            f" {', '.join(column.name for column in COLUMNS[kind])}"
        )
    if len(set(found)) < len(found):
        twice = next(name for name in found if found.count(name) > 1)
        raise LocalError(f"the column {twice} stands there twice: take one out")
    for column in COLUMNS[kind]:
        if column.required and column.name not in found:
            raise LocalError(f"the column {column.name} is missing: add it")


def rows_of(kind: ImportKind, cells: Mapping[str, str], known: KnownNames) -> tuple[Any, ...]:
    """Read a line into rows, or into what registration data tell.

    Raises:
        LocalError: a cell is wrong; the error names its column.
    """
    values = {column.name: _value(column, cells, known) for column in COLUMNS[kind]}
    return _MAKERS[kind](values)


def _value(column: ImportColumn, cells: Mapping[str, str], known: KnownNames) -> Any:
    text = cells.get(column.name, "").strip()
    if not text:
        if column.required:
            raise LocalError(f"{column.name} is empty: fill it in")
        return column.default
    try:
        return column.read(text, known)
    except LocalError as error:
        raise LocalError(f"{column.name} {error}") from None


def _variant_rows(v: Mapping[str, Any]) -> tuple[Any, ...]:
    names = (column.name for column in COLUMNS[ImportKind.VARIANTS])
    return (Variant(**{name: v[name] for name in names}),)


def _home_rows(v: Mapping[str, Any]) -> tuple[Any, ...]:
    home = v["home"]
    rows: list[Any] = [
        Home(
            home,
            v["region"],
            v["gateway"],
            HomeStatus(v["status"]),
            "",
            v["electricity"],
            v["gas"],
            installed_utc=v["installed"],
        )
    ]
    rows += [
        Responsibility(home, fuel, v[f"{fuel}_from"], v[fuel]) for fuel in Fuel if v[str(fuel)]
    ]
    if any(v[name] for name in ("mpan", "mprn", "uprn", "address")):
        rows.append(Particulars(home, v["mpan"], v["mprn"], v["uprn"], v["address"]))
    return tuple(rows)


def _device_rows(v: Mapping[str, Any]) -> tuple[Any, ...]:
    variant = v["variant"]
    if v["gpf"] is not None and variant.kind != "CHF":
        raise LocalError(f"gpf is for Communications Hubs, and this is a {variant.kind}: empty it")
    return (
        InstalledDevice(
            v["device"],
            v["home"],
            variant.kind,
            variant.variant,
            InventoryStatus(v["status"]),
            v["version"],
            VersionSource.REGISTRATION,
            v["version_since"],
            v["gbcs_version"],
            v["installed"],
            v["gpf"],
        ),
    )


def _registration_rows(v: Mapping[str, Any]) -> tuple[Any, ...]:
    told = SupplierTold(v["home"], Fuel(v["fuel"]), v["supplier"], Utc(v["from"]), v["withdrawn"])
    return (told,)


def _tenancy_rows(v: Mapping[str, Any]) -> tuple[Any, ...]:
    return (TenancyTold(v["home"], Utc(v["from"])),)


_MAKERS: Final[Mapping[ImportKind, Callable[[Mapping[str, Any]], tuple[Any, ...]]]] = {
    ImportKind.VARIANTS: _variant_rows,
    ImportKind.HOMES: _home_rows,
    ImportKind.DEVICES: _device_rows,
    ImportKind.REGISTRATIONS: _registration_rows,
    ImportKind.TENANCIES: _tenancy_rows,
}
