"""Indexes of released files, as zigpy and zigbee2mqtt publish them; knows no files."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from images.errors import ImageError

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
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        raise ImageError("the index is not JSON") from None
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
    models = entry.get("model_names") or ([entry["modelId"]] if entry.get("modelId") else [])
    if not isinstance(models, list) or not all(isinstance(model, str) for model in models):
        raise ImageError(f"entry {number} of the index names its models by something but text")
    return ManifestEntry(
        name=_name(number, entry),
        digest=digest,
        algorithm=algorithm,
        models=tuple(models),
        **numbers,
    )


def _numbers(number: int, entry: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for ours, theirs in _NUMBERS.items():
        value = next((entry[key] for key in theirs if entry.get(key) is not None), None)
        if value is not None and (not isinstance(value, int) or not 0 <= value < 1 << 32):
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
