"""The table of rules: number, family, what must hold and why; checks live with their family.

A number never changes its meaning and is never used again; one with several rows has several
independent checks. New rules stand at the end, under the next number.
"""

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from images.rules import gb, identity, payload, repository, security, structure
from images.rules.context import Context, RawFile
from images.rules.findings import Hit


class FileRule(NamedTuple):
    """A rule that needs only bytes; it explains why a file did not parse."""

    number: int
    why: str
    check: Callable[[RawFile], Iterable[Hit]]


class Rule(NamedTuple):
    """A rule about a parsed image.

    Attributes:
        number: the stable identity, from 1 on.
        why: why the rule exists, whatever the file.
        check: looks at one thing; yields nothing when it is right.
    """

    number: int
    why: str
    check: Callable[[Context], Iterable[Hit]]


_NO_HEADER: Final = "a client and a server know an OTA file by its first bytes"
_SHORT: Final = "every field before the end of the header must exist"
_CONTAINER: Final = "clients know OTA files, not the wrappers some vendors publish them in"
_GB_RELEASE: Final = "a GB image must be what was registered, or the device will not activate it"
_ONE_IDENTITY: Final = "a device told to take a version must get the same bytes every time"
_SE_SIGNED: Final = "a Smart Energy client verifies the signature before it upgrades"
_BOOTLOADER: Final = "the bootloader refuses a damaged payload after hours of transfer"
_ALIGNED: Final = "flash is written in words and ciphers work in blocks"
_INDEX: Final = "servers choose by the index and devices check by the file"

FILE_RULES: Final = (
    FileRule(1, _NO_HEADER, structure.magic),
    FileRule(2, _SHORT, structure.header_fits),
    FileRule(12, _CONTAINER, structure.container_holds_header),
)

RULES: Final = (
    # Structure
    Rule(2, _SHORT, structure.declared_header_fits),
    Rule(3, "a client refuses a header version it does not know", structure.header_version),
    Rule(4, "a client finds the first element by header_length", structure.header_length),
    Rule(5, "a reserved bit may mean a field tomorrow", structure.reserved_bits),
    Rule(6, "the client downloads exactly total_image_size bytes", structure.total_size),
    Rule(7, "a client finds each element by the length of the one before", structure.element_walk),
    Rule(8, "an element without data upgrades nothing", structure.empty_elements),
    Rule(
        9, "standard clients take their firmware from element 0x0000", structure.has_upgrade_image
    ),
    Rule(10, "the standard does not say which of two images wins", structure.single_upgrade_image),
    Rule(11, "a reserved tag may get another meaning", structure.tag_ranges),
    Rule(12, _CONTAINER, structure.container),
    Rule(13, "generic readers take the two bytes for data", structure.telink),
    Rule(14, "a file in a file is a common packaging mistake", structure.nested_magic),
    # Identity
    Rule(15, "a device takes only files of its own manufacturer", identity.manufacturer),
    Rule(16, "a device takes only files of its own image type", identity.image_type),
    Rule(17, "server and client decide by comparing versions", identity.file_version),
    Rule(18, "all present smart-metering and home networks are PRO", identity.stack_version),
    Rule(19, "people and inventories read the header string", identity.header_string),
    Rule(20, "a misnamed file ends up on the wrong device", identity.file_name),
    Rule(21, "firmware on the wrong hardware can brick it", identity.hardware_range),
    Rule(22, "a destination limits the file to one device", identity.destination),
    Rule(23, "Smart Energy clients check their credentials first", identity.credential_version),
    Rule(24, _ONE_IDENTITY, repository.released_before),
    # Security
    Rule(25, _SE_SIGNED, security.signature_elements),
    Rule(25, _SE_SIGNED, security.certificate_elements),
    Rule(26, "a signature covers only what precedes it", security.signature_order),
    Rule(27, "a device trusts signers by name and by who certified them", security.signer),
    Rule(28, "a device refuses an image whose signature is wrong", security.verification),
    Rule(29, "one is of no use without the other", security.lonely),
    Rule(30, "such numbers are refused before any key is looked at", security.scalars),
    Rule(31, "a device compares the code with what it received", security.integrity),
    Rule(32, "nothing tells a device that a bit was lost on the way", payload.any_check),
    # Payload
    Rule(33, _BOOTLOADER, payload.structure),
    Rule(33, _BOOTLOADER, payload.facts),
    Rule(34, "fill or text in place of firmware is a packaging mistake", payload.entropy),
    Rule(35, _ALIGNED, payload.alignment),
    Rule(35, _ALIGNED, payload.block_boundaries),
    Rule(36, "an image must fit, and be through before the battery is flat", payload.slot),
    Rule(36, "an image must fit, and be through before the battery is flat", payload.delivery_time),
    Rule(37, "some clients mishandle a last block of few bytes", payload.tiny_tail),
    # Great Britain
    Rule(38, _GB_RELEASE, gb.payload_mode),
    Rule(38, _GB_RELEASE, gb.release_version),
    Rule(38, _GB_RELEASE, gb.image_hash),
    Rule(38, _GB_RELEASE, gb.han_limit),
    Rule(38, _GB_RELEASE, gb.device_class),
    Rule(39, "the string travels through XML and CSV", gb.ascii_header_string),
    # Repository
    Rule(40, _INDEX, repository.manifest_entry),
    Rule(40, _INDEX, repository.retracted),
    # Since then, in the order of their numbers
    Rule(41, "whoever has the file has every key in it", security.private_key),
)
#: The rule that judges an index as well as a file.
INDEX_RULE: Final = next(row for row in RULES if row.check is repository.manifest_entry)
