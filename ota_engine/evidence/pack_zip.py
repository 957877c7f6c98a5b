"""A zip file in which every octet counts: written in one way only, and read in that way only; pure.

Files stand uncompressed in the order of their names, with one date, no comments and nothing between them.
What is read must be, octet for octet, what would be written of its files: so nothing hides beside them, and
every ordinary program can open it.
"""

import struct
from collections.abc import Iterator, Mapping
from typing import Final
from zlib import crc32

from ota_engine.errors import LocalError

LARGEST: Final = 0xFFFF_FFFF  # octets of the whole; beyond that a zip is another format
_MOST_FILES: Final = 0xFFFF
_LONGEST_NAME: Final = 255
_VERSION: Final = 20  # 2.0, the least that has folders
_DATE: Final = 0x0021  # 1980-01-01, the first that a zip can say
_LOCAL: Final = struct.Struct("<4s5H3I2H")
_CENTRAL: Final = struct.Struct("<4s6H3I5H2I")
_END: Final = struct.Struct("<4s4H2IH")
_REGULAR: Final = 0o100644 << 16
_UNIX: Final = 3 << 8


def write_zip(files: Mapping[str, bytes]) -> bytes:
    """Write files as a zip; the same files give the same octets.

    Raises:
        LocalError: they are more than a zip holds.
    """
    if len(files) > _MOST_FILES or sum(map(len, files.values())) > LARGEST - (1 << 24):
        raise LocalError("the evidence is more than one file holds (4 GiB): export it by party")
    return b"".join(_pieces(files))


def _pieces(files: Mapping[str, bytes]) -> Iterator[bytes]:
    central = []
    offset = 0
    for name in sorted(files):
        octets = files[name]
        written = name.encode("ascii")
        crc, size = crc32(octets), len(octets)
        head = _LOCAL.pack(
            b"PK\x03\x04", _VERSION, 0, 0, 0, _DATE, crc, size, size, len(written), 0
        )
        yield head + written
        yield octets
        central.append(
            _CENTRAL.pack(
                *(b"PK\x01\x02", _VERSION | _UNIX, _VERSION, 0, 0, 0, _DATE, crc, size, size),
                *(len(written), 0, 0, 0, 0, _REGULAR, offset),
            )
            + written
        )
        offset += len(head) + len(written) + size
    size = sum(map(len, central))
    yield from central
    yield _END.pack(b"PK\x05\x06", 0, 0, len(central), len(central), size, offset, 0)


def read_zip(octets: bytes) -> dict[str, bytes]:
    """Read the files of a zip that ``write_zip`` has written.

    Raises:
        LocalError: it is another file, or an octet of it is not what was written.
    """
    files: dict[str, bytes] = {}
    at = 0
    while octets[at : at + 4] == b"PK\x03\x04":
        if len(octets) < at + _LOCAL.size or len(files) >= _MOST_FILES:
            raise _changed()
        *_, size, name_size, _ = _LOCAL.unpack_from(octets, at)
        begin = at + _LOCAL.size + name_size
        end = begin + size
        name = octets[at + _LOCAL.size : begin]
        if end > len(octets) or name_size > _LONGEST_NAME or not name.isascii():
            raise _changed()
        files[name.decode("ascii")] = octets[begin:end]
        at = end
    if not files:
        raise LocalError("this is no evidence pack: give a file that zota evidence export wrote")
    at = 0
    for piece in _pieces(files):
        if octets[at : at + len(piece)] != piece:
            raise _changed()
        at += len(piece)
    if at != len(octets):
        raise _changed()
    return files


def _changed() -> LocalError:
    return LocalError("the file is not what was written: an octet of it was changed, or is missing")
