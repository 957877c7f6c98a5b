"""Takes firmware in: reads a file once, keeps what it read, trusts no name; knows no tables.

What is hashed, parsed, stored and served is one and the same buffer, so a file that changes on disk
afterwards, or while it is read, changes nothing. Its name is a label for people, never a path.
"""

import hashlib
import os
import stat
from pathlib import Path

from images import ImageError, parse
from images.eui64 import Eui64
from images.files import MAX_FILE_BYTES, read_at_most
from ota_engine.records import ImageRecord
from ota_engine.times import Utc

MAX_TEXT = 80  # characters of a name or header string
UNNAMED = "unnamed"


def take_in(path: Path, added_utc: Utc) -> ImageRecord:
    """Read an OTA file, bare or in a vendor container, into the catalogue's form.

    Raises:
        ImageError: it is not a complete OTA file.
        OSError: it cannot be read.
    """
    return image_record(read_once(path), path.name, added_utc)


def take_in_named(path: Path, added_utc: Utc) -> ImageRecord:
    """Read an OTA file somebody named; a complaint names it, too.

    Raises:
        ImageError: it is not a complete OTA file; the reason names it.
        OSError: it cannot be read.
    """
    try:
        return take_in(path, added_utc)
    except ImageError as error:
        if error.reason.startswith(path.name):
            raise
        raise ImageError(f"{path}: {error.reason}", error.offset) from error


def read_once(path: Path) -> bytes:
    """Read a regular file in one go, never more than ``MAX_FILE_BYTES``.

    Raises:
        ImageError: it is a pipe, a device or a folder, or too large to be firmware.
        OSError: it cannot be read.
    """
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # a pipe must not block us
    with os.fdopen(fd, "rb") as file:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise ImageError(f"{label(path.name)}: is not a file: give the path of an OTA file")
        data = read_at_most(file, MAX_FILE_BYTES)
    if data is None:
        raise ImageError(f"{label(path.name)}: is larger than {MAX_FILE_BYTES} bytes: no firmware")
    return data


def image_record(data: bytes, name: str, added_utc: Utc) -> ImageRecord:
    """Make the catalogue's record of an OTA file from its bytes.

    Args:
        data: the file as read; only the OTA file in it is kept, without container or trailing.
        name: what its bearer calls it.
        added_utc: now, in seconds since 1970.

    Raises:
        ImageError: it is not a complete OTA file.
    """
    image = parse(data)
    header = image.header
    if image.truncated:
        raise ImageError(
            f"{label(name)}: has {len(image.ota)} of the {header.total_image_size} bytes its header "
            "declares: get the whole file",
            len(data),
        )
    ota = bytes(image.ota)
    destination = header.upgrade_file_destination
    digest = image.manufacturer_image_hash
    return ImageRecord(
        sha256=hashlib.sha256(ota).hexdigest(),
        name=label(name),
        manufacturer_code=header.manufacturer_code,
        image_type=header.image_type,
        file_version=header.file_version,
        zigbee_stack_version=header.zigbee_stack_version,
        header_string=printable(header.header_text),
        minimum_hardware_version=header.minimum_hardware_version,
        maximum_hardware_version=header.maximum_hardware_version,
        upgrade_file_destination=None if destination is None else Eui64(destination),
        manufacturer_image_hash="" if digest is None else digest.hex(),
        added_utc=added_utc,
        data=ota,
    )


def label(name: str) -> str:
    """Make a stranger's file name a label: its last part, printable, never empty or a path."""
    shown = printable(name.replace("\\", "/").rstrip("/").rpartition("/")[2])
    return UNNAMED if shown in ("", ".", "..") else shown


def printable(text: str) -> str:
    """Make a stranger's text safe to show, log and store.

    Control and bidirectional codes and lone surrogates go, and all after ``MAX_TEXT`` characters.
    """
    return "".join(character for character in text if character.isprintable()).strip()[:MAX_TEXT]
