"""Writes indexes of released images: zigpy's form, zigbee2mqtt's form, and our own; reads none.

Both foreign forms know one range of versions, and zigbee2mqtt's one model, per line, so an image may
take several lines. ``force`` is zigbee2mqtt's word alone: zigpy offers such an image to older versions. What neither can say, a file for one device or for no version at all, must not be
written: see ``unsayable``.
"""

import json
from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any, Final, Literal, NamedTuple

from images.catalogue.entry import CatalogueEntry
from images.catalogue.records import as_values
from images.catalogue.terms import Range

FOLDER_FORMAT: Final = 1
FOLDER_KEY: Final = "zota_catalogue"


IndexForm = Literal["zigpy", "zigbee2mqtt"]


class Released(NamedTuple):
    """An image as it is released.

    Attributes:
        entry: what is known of it.
        name: of its file; printable ASCII without folders.
        sha512: of its octets, in hexadecimal.
        sha3_256: of its octets, in hexadecimal.
    """

    entry: CatalogueEntry
    name: str
    sha512: str
    sha3_256: str


def unsayable(entry: CatalogueEntry, form: IndexForm) -> str:
    """Why a foreign form cannot list an image: whoever read it would offer it too widely."""
    if entry.destination is not None:
        return "it is for one device only, which no index can say"
    if entry.terms.bases == ():
        return "it may be applied to no version"
    limits = (*(entry.terms.bases or ()), *((entry.hardware,) if entry.hardware else ()))
    if form == "zigbee2mqtt" and any(limit.high == 0 for limit in limits):
        return "zigbee2mqtt takes an upper limit of 0 for none"
    return ""


def write_zigpy(released: Iterable[Released], base_url: str = "") -> bytes:
    """Write an index for zigpy's providers ``zigpy_local`` and ``zigpy_remote``.

    Args:
        released: the images; none of them ``unsayable``.
        base_url: where the files are to be had; empty where they lie beside the index.
    """
    lines = [
        _without_none(
            {
                **({"binary_url": base_url + one.name} if base_url else {"path": one.name}),
                "file_version": one.entry.file_version,
                "file_size": one.entry.size,
                "image_type": one.entry.image_type,
                "manufacturer_id": one.entry.manufacturer_code,
                "checksum": f"sha3-256:{one.sha3_256}",
                "manufacturer_names": list(one.entry.terms.makers) or None,
                "model_names": list(one.entry.terms.models) or None,
                "changelog": one.entry.terms.notes or None,
                **_limits("hardware_version", one.entry.hardware),
                **_limits("current_file_version", base),
            }
        )
        for one in released
        for base in _bases(one.entry)
    ]
    return _text({"firmwares": lines})


def write_zigbee2mqtt(released: Iterable[Released], base_url: str = "") -> bytes:
    """Write an index for zigbee2mqtt, and for zigpy's providers ``z2m_local`` and ``z2m``.

    zigbee2mqtt takes the first line that fits a device, and only then looks whether it is newer; so the
    newest version comes first, and what is for certain models before what is for all.

    Args:
        released: the images; none of them ``unsayable``.
        base_url: where the files are to be had: a URL, or a folder below zigbee2mqtt's own.
    """
    return _text(
        [
            _without_none(
                {
                    "fileName": one.name,
                    "fileVersion": one.entry.file_version,
                    "fileSize": one.entry.size,
                    "manufacturerCode": one.entry.manufacturer_code,
                    "imageType": one.entry.image_type,
                    "otaHeaderString": one.entry.header_string,
                    "sha512": one.sha512,
                    "url": base_url + one.name,
                    "path": None if "://" in base_url else one.name,
                    "modelId": model,
                    "manufacturerName": list(one.entry.terms.makers) or None,
                    "releaseNotes": one.entry.terms.notes or None,
                    "force": one.entry.terms.force or None,
                    "hardwareVersionMin": one.entry.hardware and one.entry.hardware.low,
                    "hardwareVersionMax": one.entry.hardware and one.entry.hardware.high,
                    "minFileVersion": base and base.low,
                    "maxFileVersion": base and base.high,
                }
            )
            for one in sorted(released, key=_newest_first)
            for base, model in product(_bases(one.entry), one.entry.terms.models or (None,))
        ]
    )


def write_folder_index(released: Iterable[Released]) -> bytes:
    """Write our own index, which says everything we know of the files beside it."""
    images = [{"file": one.name, **as_values(one.entry)} for one in released]
    return _text({FOLDER_KEY: FOLDER_FORMAT, "images": images})


def _newest_first(one: Released) -> tuple[int, bool, bool, str]:
    entry = one.entry
    return -entry.file_version, not entry.terms.models, not entry.terms.makers, entry.sha256


def _bases(entry: CatalogueEntry) -> Iterator[Range | None]:
    yield from (None,) if entry.terms.bases is None else entry.terms.bases


def _limits(what: str, found: Range | None) -> dict[str, int]:
    return {} if found is None else {f"min_{what}": found.low, f"max_{what}": found.high}


def _without_none(fields: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if value is not None}


def _text(content: object) -> bytes:
    return json.dumps(content, indent=2).encode("ascii") + b"\n"
