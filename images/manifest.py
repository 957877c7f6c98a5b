"""Indexes of released files, as zigpy and zigbee2mqtt publish them; knows no files."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from images.errors import ImageError
from images.strict_json import read_json

MAX_ENTRIES: Final = 100_000
_ALGORITHMS: Final = {"sha256": 32, "sha512": 64, "sha3-256": 32}  # digest sizes in bytes


class ManifestEntry(NamedTuple):
    """What an index says of one file; None where it says nothing.

    Attributes:
        name: file name without folders.
        digest: of the file served, or None.
        algorithm: ``sha256``, ``sha512`` or ``sha3-256``; empty without a digest.
        minimum_version: lowest version to upgrade from.
        maximum_version: highest one.
        minimum_hardware: lowest hardware version.
        maximum_hardware: highest one.
        models: model identifiers it is for; empty for every model.
        makers: manufacturer names it is for; empty for every one.
        place: path or URL of the file, as the index has it; empty without.
        notes: what changed.
    """

    name: str
    manufacturer_code: int
    image_type: int
    file_version: int
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
    numbers = dict(_numbers(number, entry))
    for name in _REQUIRED:
        if numbers[name] is None:
            raise ImageError(f"entry {number} of the index has no {' or '.join(_NUMBERS[name])}")
    algorithm, digest = _digest(number, entry)
    return ManifestEntry(
        name=_name(number, entry),
        digest=digest,
        algorithm=algorithm,
        models=_names(number, entry, "models", ("model_names", "modelId")),
        makers=_names(number, entry, "manufacturers", ("manufacturer_names", "manufacturerName")),
        place=_place(entry),
        notes=_notes(entry),
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
        value = next((entry[key] for key in theirs if entry.get(key) is not None), None)
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
