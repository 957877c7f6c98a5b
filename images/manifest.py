"""Indexes of released files, as zigpy and zigbee2mqtt publish them; knows no files."""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Final, NamedTuple, TypeVar

from images.errors import ImageError
from images.strict_json import read_json

MAX_ENTRIES: Final = 100_000
_Key = TypeVar("_Key", bound=Hashable)
_ALGORITHMS: Final = {"sha256": 32, "sha512": 64, "sha3-256": 32}  # digest sizes in bytes


class ManifestEntry(NamedTuple):
    """What an index says of one file; None where it says nothing.

    Attributes:
        name: file name without folders.
        manufacturer_code: None only for a file beside the index, whose header says it.
        image_type: as for the manufacturer code.
        file_version: as for the manufacturer code.
        size: in bytes. zigbee2mqtt writes the header's total image size, which is less than the file
            has where a vendor's wrapper is around it; other writers count the file.
        digest: of the whole file as it is served, wrapper included, or None.
        algorithm: ``sha256``, ``sha512`` or ``sha3-256``; empty without a digest.
        minimum_version: lowest version to upgrade from.
        maximum_version: highest one.
        minimum_hardware: lowest hardware version.
        maximum_hardware: highest one.
        models: model identifiers it is for; empty for every model.
        makers: manufacturer names it is for; empty for every one.
        place: path or URL of the file, as the index has it; empty without.
        notes: what changed.
        force: it is for devices of any version, newer ones included (zigbee2mqtt's ``force``).
    """

    name: str
    manufacturer_code: int | None
    image_type: int | None
    file_version: int | None
    size: int | None = None
    digest: bytes | None = None
    algorithm: str = ""
    minimum_version: int | None = None
    maximum_version: int | None = None
    minimum_hardware: int | None = None
    maximum_hardware: int | None = None
    models: tuple[str, ...] = ()
    makers: tuple[str, ...] = ()
    place: str = ""
    notes: str = ""
    force: bool = False

    @property
    def identity(self) -> tuple[int | None, int | None, int | None]:
        """Manufacturer code, image type and file version, each None where the index is silent."""
        return self.manufacturer_code, self.image_type, self.file_version

    @property
    def local(self) -> bool:
        """Whether the file lies beside the index, by a path and not by a URL."""
        return bool(self.place) and "://" not in self.place


class Manifest:
    """An index to look things up in: the same answer whether it lists ten files or many thousand."""

    def __init__(self, entries: Iterable[ManifestEntry] = ()) -> None:
        self.entries = tuple(entries)

    def __bool__(self) -> bool:
        return bool(self.entries)

    def named(self, name: str | None) -> Sequence[ManifestEntry]:
        """The lines of a file name."""
        return () if name is None else self._by_name.get(name, ())

    def identified(self, identity: tuple[int, int, int]) -> Sequence[ManifestEntry]:
        """The lines of an identity."""
        return self._by_identity.get(identity, ())

    def with_digest(self, algorithm: str, digest: bytes) -> Sequence[ManifestEntry]:
        """The lines of a file's content."""
        return self._by_digest.get((algorithm, digest), ())

    @cached_property
    def algorithms(self) -> tuple[str, ...]:
        """How the index says what is in its files."""
        return tuple(dict.fromkeys(one.algorithm for one in self.entries if one.digest is not None))

    @cached_property
    def _by_name(self) -> Mapping[str, list[ManifestEntry]]:
        return _grouped((one.name, one) for one in self.entries)

    @cached_property
    def _by_identity(self) -> Mapping[tuple[int | None, ...], list[ManifestEntry]]:
        return _grouped((one.identity, one) for one in self.entries)

    @cached_property
    def _by_digest(self) -> Mapping[tuple[str, bytes], list[ManifestEntry]]:
        return _grouped(
            ((one.algorithm, one.digest), one) for one in self.entries if one.digest is not None
        )


def _grouped(pairs: Iterable[tuple[_Key, ManifestEntry]]) -> dict[_Key, list[ManifestEntry]]:
    found: dict[_Key, list[ManifestEntry]] = {}
    for key, entry in pairs:
        found.setdefault(key, []).append(entry)
    return found


# Ours -> zigbee2mqtt's key, zigpy's key
_NUMBERS: Final = {
    "manufacturer_code": ("manufacturerCode", "manufacturer_id"),
    "image_type": ("imageType", "image_type"),
    "file_version": ("fileVersion", "file_version"),
    "size": ("fileSize", "file_size"),
    "minimum_version": ("minFileVersion", "min_current_file_version"),
    "maximum_version": ("maxFileVersion", "max_current_file_version"),
    "minimum_hardware": ("hardwareVersionMin", "min_hardware_version"),
    "maximum_hardware": ("hardwareVersionMax", "max_hardware_version"),
}
# zigbee2mqtt takes an upper limit of 0 for none
_OPEN_AT_ZERO: Final = frozenset(("maxFileVersion", "hardwareVersionMax"))
_REQUIRED: Final = ("manufacturer_code", "image_type", "file_version")


def parse_manifest(text: bytes | str) -> tuple[ManifestEntry, ...]:
    """Read an index in zigbee2mqtt's form (a list) or zigpy's (an object with ``firmwares``).

    Raises:
        ImageError: it is neither; the text says which entry is wrong.
    """
    return manifest_entries(read_json(text, "the index"))


def manifest_entries(content: Any) -> tuple[ManifestEntry, ...]:
    """Read an index out of JSON that was read already; otherwise as ``parse_manifest``."""
    entries = content.get("firmwares") if isinstance(content, dict) else content
    if not isinstance(entries, list) or len(entries) > MAX_ENTRIES:
        raise ImageError(
            "not an index of images: give a list of entries, or an object with 'firmwares'"
        )
    return tuple(_entry(number, entry) for number, entry in enumerate(entries, 1))


def _entry(number: int, entry: Any) -> ManifestEntry:
    if not isinstance(entry, dict):
        raise ImageError(f"entry {number} of the index is no object")
    numbers, place = dict(_numbers(number, entry)), _place(entry)
    told_by_the_file = place and "://" not in place
    for name in _REQUIRED:
        if numbers[name] is None and not told_by_the_file:
            raise ImageError(f"entry {number} of the index has no {' or '.join(_NUMBERS[name])}")
    algorithm, digest = _digest(number, entry)
    return ManifestEntry(
        name=_name(number, entry),
        digest=digest,
        algorithm=algorithm,
        models=_names(number, entry, "models", ("model_names", "modelId")),
        makers=_names(number, entry, "manufacturers", ("manufacturer_names", "manufacturerName")),
        place=place,
        notes=_notes(entry),
        force=entry.get("force") is True,
        **numbers,
    )


def _names(
    number: int, entry: Mapping[str, Any], what: str, keys: tuple[str, ...]
) -> tuple[str, ...]:
    found: Any = next((entry[key] for key in keys if entry.get(key)), [])
    names = [found] if isinstance(found, str) else found
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ImageError(f"entry {number} of the index names its {what} by something but text")
    return tuple(names)


def _place(entry: Mapping[str, Any]) -> str:
    """Where the file lies, unjudged: a path before a URL; zigbee2mqtt writes local paths as URLs."""
    for key in ("path", "url", "binary_url"):
        value = entry.get(key)
        if isinstance(value, str) and value:
            return value
    return ""


def _notes(entry: Mapping[str, Any]) -> str:
    found = next((entry[key] for key in ("changelog", "releaseNotes") if entry.get(key)), "")
    return found if isinstance(found, str) else ""


def _numbers(number: int, entry: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for ours, theirs in _NUMBERS.items():
        found = ((key, entry[key]) for key in theirs if entry.get(key) is not None)
        key, value = next(found, ("", None))
        if key in _OPEN_AT_ZERO and value == 0 and type(value) is int:
            value = None
        number_of_32_bits = type(value) is int and 0 <= value < 1 << 32  # true is no number
        if value is not None and not number_of_32_bits:
            raise ImageError(f"entry {number} of the index: {ours} is no number of 32 bits")
        yield ours, value


def _name(number: int, entry: Mapping[str, Any]) -> str:
    """The file name, never with a folder: an index does not decide where we look."""
    for key in ("fileName", "path", "url", "binary_url"):
        value = entry.get(key)
        if isinstance(value, str) and value:
            return value.replace("\\", "/").split("?")[0].rsplit("/", 1)[-1]
    raise ImageError(f"entry {number} of the index names no file")


def _digest(number: int, entry: Mapping[str, Any]) -> tuple[str, bytes | None]:
    algorithm, text = "sha512", entry.get("sha512")
    if text is None and isinstance(entry.get("checksum"), str):
        algorithm, _, text = entry["checksum"].partition(":")
    if text is None:
        return "", None
    try:
        digest = bytes.fromhex(text)
    except (TypeError, ValueError):
        digest = b""
    if len(digest) != _ALGORITHMS.get(algorithm):
        raise ImageError(f"entry {number} of the index has no usable digest: {algorithm!r}")
    return algorithm, digest
