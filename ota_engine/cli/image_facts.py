"""An OTA image as plain values and as text for people; knows no files and no exit codes."""

import hashlib
from typing import Any

from images import OtaHeader, OtaImage
from images.elements import FIRST_MANUFACTURER_TAG, Tag
from images.eui64 import format_eui64
from images.shapes import GB_SIGNATURE_BYTES
from ota_engine.cli.remarks import fact_lines

HEADER_KEYS = (
    "header_version",
    "header_length",
    "field_control",
    "manufacturer_code",
    "image_type",
    "file_version",
    "zigbee_stack_version",
    "header_string",
    "total_image_size",
    "security_credential_version",
    "upgrade_file_destination",
    "minimum_hardware_version",
    "maximum_hardware_version",
)
LAYOUTS = {
    "zcl": "tagged elements",
    "telink": "Telink elements, two uncounted bytes each",
    "hue": "Hue body without elements",
    "gb": "GB Manufacturer Image, bare after the header",
    "raw": "bare firmware without elements",
}
TAGS = {
    Tag.UPGRADE_IMAGE: "upgrade image",
    Tag.ECDSA_SIGNATURE_1: "ECDSA signature, suite 1",
    Tag.ECDSA_CERTIFICATE_1: "ECDSA certificate, suite 1",
    Tag.IMAGE_INTEGRITY_CODE: "image integrity code",
    Tag.PICTURE_DATA: "picture data",
    Tag.ECDSA_SIGNATURE_2: "ECDSA signature, suite 2",
    Tag.ECDSA_CERTIFICATE_2: "ECDSA certificate, suite 2",
}
STACKS = {0: "Zigbee 2006", 1: "Zigbee 2007", 2: "Zigbee PRO", 3: "Zigbee IP"}
LABEL_WIDTH = 22  # characters
SIGNER_BYTES = 8  # the signer's EUI-64 opens a Smart Energy signature element


def as_json(path: str, image: OtaImage) -> dict[str, Any]:
    """The image as plain values; the keys are part of the command's contract."""
    digest = image.manufacturer_image_hash
    return {
        "path": path,
        "size": len(image.file),
        "sha256": hashlib.sha256(image.file).hexdigest(),
        "sha512": hashlib.sha512(image.file).hexdigest(),
        "image_sha256": hashlib.sha256(image.ota).hexdigest(),
        "container": image.container,
        "layout": image.layout,
        "header": header_as_json(image.header),
        "elements": [
            {
                "tag": element.tag,
                "name": _meaning(element.tag),
                "offset": image.offset + element.offset,
                "length": element.length,
                "sha256": hashlib.sha256(element.data).hexdigest(),
            }
            for element in image.elements
        ],
        "residue": residue_as_json(image),
        "trailing": image.trailing._asdict() if image.trailing is not None else None,
        "manufacturer_image_hash": digest.hex() if digest is not None else None,
        "integrity_code": integrity_as_json(image),
        "signature": signature_as_json(image),
    }


def residue_as_json(image: OtaImage) -> dict[str, int] | None:
    """Octets within the stated size that belong to no element; None where every one does.

    A body that has no elements by its layout has none that are left over either.
    """
    if not image.elements or not len(image.residue):
        return None
    if image.manufacturer_image is not None:
        return None  # the trailer of a GB file
    at = image.offset + len(image.ota) - len(image.residue)
    return {"offset": at, "length": len(image.residue)}


def integrity_as_json(image: OtaImage) -> dict[str, object] | None:
    """The integrity code as stored, and the convention it is right by; None without one."""
    element = image.element(Tag.IMAGE_INTEGRITY_CODE)
    if element is None:
        return None
    from images.digests import recognise_integrity

    found = recognise_integrity(image, element)
    return {"stored": element.data.hex(), "convention": None if found is None else found.name}


def header_as_json(header: OtaHeader) -> dict[str, int | str | None]:
    """The header's fields; integers, the header string as text, null for absent ones."""
    fields = header._asdict()
    fields["header_string"] = header.header_text
    return {key: fields[key] for key in HEADER_KEYS}


def signature_as_json(image: OtaImage) -> dict[str, object] | None:
    """What signs the image: a GB trailer or a Smart Energy signature element; None if nothing."""
    if image.signature is not None:
        return {
            "kind": "gb-ecdsa-p256",
            "offset": image.offset + len(image.ota) - GB_SIGNATURE_BYTES,
            "length": GB_SIGNATURE_BYTES,
            "signer": None,
            "force_replace": image.force_replace,
        }
    suites = {Tag.ECDSA_SIGNATURE_1: "se-suite-1", Tag.ECDSA_SIGNATURE_2: "se-suite-2"}
    for tag, kind in suites.items():
        element = image.element(tag)
        if element is not None:
            signer = bytes(element.data[:SIGNER_BYTES])
            whole = len(signer) == SIGNER_BYTES
            return {
                "kind": kind,
                "offset": image.offset + element.offset,
                "length": element.length,
                "signer": format_eui64(int.from_bytes(signer, "little")) if whole else None,
                "force_replace": None,
            }
    return None


def visible(text: str) -> str:
    r"""Replace what a terminal would act on, and undecodable bytes of paths, by escapes."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def print_text(path: str, image: OtaImage) -> None:
    """Print the image for people; a line per fact, so that it can be searched, but on a terminal too narrow."""
    from rich.text import Text

    from ota_engine.cli.console import PeopleConsole

    console = PeopleConsole(highlight=False, soft_wrap=True)
    rows = (*_about_file(path, image), *_about_header(image.header), *_about_body(image))
    for label, value in rows:
        first, *below = fact_lines(label, visible(value), LABEL_WIDTH)
        console.print(Text.assemble((first[:LABEL_WIDTH], "dim"), first[LABEL_WIDTH:]))
        for line in below:
            console.print(Text(line))
    if image.elements:
        console.print(Text(f"{'tag':>8}{'offset':>10}{'length':>10}  element", style="dim"))
    for element in image.elements:
        offset = image.offset + element.offset
        meaning = _meaning(element.tag) + (" (cut off)" if element.clipped else "")
        console.print(
            Text(f"{f'{element.tag:#06x}':>8}{offset:>10}{element.length:>10}  {meaning}")
        )
        digest = hashlib.sha256(element.data).hexdigest()
        console.print(Text(f"{'sha256':>8} {digest}", style="dim"))


def _about_file(path: str, image: OtaImage) -> list[tuple[str, str]]:
    rows = [("file", path), ("size", f"{len(image.file):,} bytes")]
    rows += [("sha256", hashlib.sha256(image.file).hexdigest())]
    if len(image.ota) != len(image.file):
        rows += [("sha256 of the image", hashlib.sha256(image.ota).hexdigest())]
    if image.container is not None:
        rows.append(("container", f"{image.container}, OTA file at byte {image.offset}"))
    if image.truncated:
        missing = image.header.total_image_size - len(image.ota)
        rows.append(("truncated", f"{missing:,} bytes are missing at the end"))
    if image.trailing is not None:
        trailing = image.trailing
        rows.append(
            ("trailing", f"{trailing.length} bytes at byte {trailing.offset}: {trailing.kind}")
        )
    return rows


def _about_header(header: OtaHeader) -> list[tuple[str, str]]:
    stack = header.zigbee_stack_version
    rows = [
        ("manufacturer code", f"{header.manufacturer_code:#06x}"),
        ("image type", f"{header.image_type:#06x}"),
        ("file version", f"{header.file_version:#010x}"),
        ("header string", repr(header.header_text)),
        ("stack version", f"{stack:#06x} {STACKS.get(stack, 'unknown')}"),
        ("header version", f"{header.header_version:#06x}"),
        ("header length", f"{header.header_length} bytes"),
        ("field control", f"{header.field_control:#06x}"),
        ("total image size", f"{header.total_image_size:,} bytes"),
    ]
    if header.security_credential_version is not None:
        rows.append(("security credentials", f"version {header.security_credential_version}"))
    if header.upgrade_file_destination is not None:
        rows.append(("destination", format_eui64(header.upgrade_file_destination)))
    low, high = header.minimum_hardware_version, header.maximum_hardware_version
    if low is not None and high is not None:
        rows.append(("hardware versions", f"{low:#06x} to {high:#06x}"))
    return rows


def _about_body(image: OtaImage) -> list[tuple[str, str]]:
    rows = [("layout", f"{image.layout}: {LAYOUTS[image.layout]}")]
    residue = residue_as_json(image)
    if residue is not None:
        text = f"{residue['length']} bytes at byte {residue['offset']}, within the stated size"
        rows.append(("in no element", text))
    digest, manufacturer_image = image.manufacturer_image_hash, image.manufacturer_image
    if digest is not None and manufacturer_image is not None:
        rows.append(("manufacturer image", f"{len(manufacturer_image):,} bytes"))
        rows.append(("its SHA-256", digest.hex()))
    if image.force_replace is not None:
        rows.append(("force replace", "yes" if image.force_replace else "no"))
    signature = signature_as_json(image)
    if signature is not None:
        signer = f", signer {signature['signer']}" if signature["signer"] else ""
        rows.append(
            (
                "signature",
                f"{signature['kind']} at byte {signature['offset']}{signer}, not verified",
            )
        )
    elif image.layout == "gb":
        rows.append(("signature", "none"))
    code = image.element(Tag.IMAGE_INTEGRITY_CODE)
    if code is not None:
        from images.digests import recognise_integrity

        convention = recognise_integrity(image, code)
        right = (
            f"right, convention {convention.name}: {convention.value}" if convention else "WRONG"
        )
        rows.append(("integrity code", right))
    return rows


def _meaning(tag: int) -> str:
    if tag >= FIRST_MANUFACTURER_TAG:
        return "manufacturer's own"
    return TAGS[Tag(tag)] if tag in TAGS else "reserved tag"
