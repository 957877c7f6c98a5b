"""The options of ``zota image``: how each is written and what it means; reads no image."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from images.errors import JudgingError
from images.eui64 import parse_eui64

if TYPE_CHECKING:
    from images.judging.evidence import ChosenProfile
    from images.judging.settings import JudgingSettings


class ImageLayout(StrEnum):
    """Layouts the builder knows."""

    ZCL = "zcl"
    GB = "gb"


class Format(StrEnum):
    """How a report is written."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    JUNIT = "junit"
    HTML = "html"


def number(text: str | int) -> int:
    """Read a decimal number, or a hexadecimal one after 0x."""
    if isinstance(text, int):  # typer sends defaults through the parser too
        return text
    try:
        return int(text, 16 if text.lower().startswith("0x") else 10)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no number: write 4660 or 0x1234") from None


def eui64(text: str) -> int:
    """Read an EUI-64."""
    try:
        return parse_eui64(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def sha256(text: str) -> bytes:
    """Read a SHA-256 digest in hexadecimal."""
    from images.judging.evidence import read_sha256

    try:
        return read_sha256(text)
    except JudgingError as error:
        raise typer.BadParameter(str(error)) from None


# Paths are readable=False: typer does not look. Whether a file can be read shows when it is read,
# in one line and with the exit code for that.
AnImage = Annotated[Path, typer.Argument(readable=False, metavar="FILE", help="An OTA file.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

# build
Payload = Annotated[
    Path, typer.Argument(readable=False, metavar="PAYLOAD", help="The firmware binary.")
]
Manufacturer = Annotated[
    int,
    typer.Option(
        "--manufacturer", "--manufacturer-code", parser=number, metavar="N", help="Company code."
    ),
]
ImageType = Annotated[
    int, typer.Option("--type", "--image-type", parser=number, metavar="N", help="Image type.")
]
FileVersion = Annotated[
    int,
    typer.Option("--version", "--file-version", parser=number, metavar="N", help="File version."),
]
Output = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        readable=False,
        metavar="FILE",
        help="File or folder; named by the standard.",
    ),
]
LayoutChoice = Annotated[ImageLayout, typer.Option(help="Tagged (zcl) or bare (gb) payload.")]
HeaderString = Annotated[
    str, typer.Option("--string", metavar="S", help="Header string, at most 32 characters.")
]
HardwareMinimum = Annotated[
    int | None,
    typer.Option("--hw-min", parser=number, metavar="N", help="Lowest hardware version."),
]
HardwareMaximum = Annotated[
    int | None,
    typer.Option("--hw-max", parser=number, metavar="N", help="Highest hardware version."),
]
Stack = Annotated[int, typer.Option("--stack", parser=number, metavar="N", help="2 is Zigbee PRO.")]
Destination = Annotated[
    int | None, typer.Option(parser=eui64, metavar="EUI64", help="The one device it is for.")
]
CredentialVersion = Annotated[
    int | None, typer.Option(parser=number, metavar="N", help="Security credential version, 0-3.")
]
Elements = Annotated[
    list[str] | None,
    typer.Option("--element", metavar="TAG=FILE", help="One more element; repeatable."),
]
Integrity = Annotated[bool, typer.Option("--integrity", help="Append the integrity code.")]
SignKey = Annotated[
    Path | None,
    typer.Option(readable=False, metavar="PEM", help="P-256 private key that signs a gb image."),
]
SignCommand = Annotated[
    str | None,
    typer.Option(
        metavar="COMMAND",
        help="Instead of a key: a command that reads the image and writes its ECDSA signature, "
        "DER or r||s.",
    ),
]
ForceReplace = Annotated[
    bool, typer.Option("--force-replace", help="Set the force-replace octet of a signed gb image.")
]
Force = Annotated[bool, typer.Option("--force", help="Overwrite the output file.")]

# verify
Certificate = Annotated[
    Path,
    typer.Option(readable=False, metavar="PEM", help="The signer's certificate or public key."),
]

# validate
Paths = Annotated[
    list[Path], typer.Argument(readable=False, metavar="PATH...", help="Files and folders.")
]
ProfileChoice = Annotated[
    str | None,
    typer.Option(
        metavar="zcl|se|gb|vendor:NAME",
        help="By whose rules; left out, the file's shape decides.",
    ),
]
ReportFormat = Annotated[Format, typer.Option("--format", help="How to report.")]
Strict = Annotated[bool, typer.Option("--strict", help="Exit 1 on warnings.")]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Show information too.")]
ExpectManufacturer = Annotated[
    int | None, typer.Option(parser=number, metavar="N", help="The only code accepted.")
]
ExpectType = Annotated[
    int | None, typer.Option(parser=number, metavar="N", help="Image type of the device class.")
]
ExpectVersion = Annotated[
    int | None, typer.Option(parser=number, metavar="N", help="Version named in the release.")
]
ExpectHash = Annotated[
    bytes | None,
    typer.Option(parser=sha256, metavar="SHA256", help="Published Manufacturer Image Hash."),
]
PreviousVersion = Annotated[
    int | None, typer.Option(parser=number, metavar="N", help="Version of the release before.")
]
DeviceHardware = Annotated[
    int | None,
    typer.Option("--device-hw", parser=number, metavar="N", help="Hardware of the devices."),
]
MaxSize = Annotated[
    int | None, typer.Option(parser=number, metavar="BYTES", help="Largest image accepted.")
]
SlotSize = Annotated[
    int | None, typer.Option(parser=number, metavar="BYTES", help="Room for it on the device.")
]
BlockSize = Annotated[
    int | None, typer.Option(parser=number, metavar="BYTES", help="Block size of the devices.")
]
CaKey = Annotated[
    Path | None,
    typer.Option(
        readable=False,
        metavar="FILE",
        help="Smart Energy CA public key: SEC 1 octets, binary or hex.",
    ),
]
CaEui64 = Annotated[
    int | None, typer.Option(parser=eui64, metavar="EUI64", help="The CA that must have issued.")
]
Manifest = Annotated[
    Path | None,
    typer.Option(
        readable=False,
        metavar="JSON",
        help="Index of released files, zigbee2mqtt's or zigpy's form.",
    ),
]
Retracted = Annotated[
    Path | None,
    typer.Option(
        readable=False, metavar="FILE", help="SHA-256 or SHA-512 of withdrawn files, one per line."
    ),
]
Diff = Annotated[
    bool, typer.Option("--diff", help="Compare two releases, OLD and NEW, and judge NEW.")
]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Name only files with findings.")]
Jobs = Annotated[
    int | None, typer.Option(min=1, metavar="N", help="Processes; by default one per core.")
]
Config = Annotated[
    Path | None,
    typer.Option(
        readable=False,
        metavar="TOML",
        help="Settings; else the nearest zota.toml or pyproject.toml.",
    ),
]
Select = Annotated[
    list[str] | None,
    typer.Option(metavar="ZOTAnnn", help="Only these rules, or all that begin so; repeatable."),
]
Baseline = Annotated[
    Path | None,
    typer.Option(readable=False, metavar="FILE", help="Known findings, which no longer count."),
]
WriteBaseline = Annotated[
    Path | None,
    typer.Option(
        readable=False, metavar="FILE", help="Write the findings of this run down as known."
    ),
]
DecimalVersion = Annotated[bool, typer.Option("--bcd", help="Versions are decimal coded.")]
NullImage = Annotated[
    bool, typer.Option("--null-image", help="A certification test's file without firmware.")
]


class ExpectationOptions(NamedTuple):
    """What is known of the files beyond themselves; None where nothing was said."""

    expect_manufacturer: ExpectManufacturer = None
    expect_type: ExpectType = None
    expect_version: ExpectVersion = None
    expect_hash: ExpectHash = None
    previous_version: PreviousVersion = None
    device_hw: DeviceHardware = None
    max_size: MaxSize = None
    slot_size: SlotSize = None
    block_size: BlockSize = None
    ca_key: CaKey = None
    ca_eui64: CaEui64 = None
    manifest: Manifest = None
    retracted: Retracted = None
    bcd: DecimalVersion = False
    null_image: NullImage = False

    def fields(self) -> dict[str, Any]:
        """Read what they name, as fields of ``Expectations``.

        Raises:
            ImageError: a file is not what its option wants.
            OSError: it cannot be read.
        """
        from images.judging.evidence import read_evidence

        said = {
            "manufacturer_code": self.expect_manufacturer,
            "image_type": self.expect_type,
            "release_version": self.expect_version,
            "manufacturer_image_hash": self.expect_hash,
            "previous_version": self.previous_version,
            "device_hardware": self.device_hw,
            "max_bytes": self.max_size,
            "slot_size": self.slot_size,
            "block_size": self.block_size,
            "ca_eui64": self.ca_eui64,
            "bcd_version": self.bcd or None,
            "null_image": self.null_image or None,
            **read_evidence(self.ca_key, self.manifest, self.retracted),
        }
        return {name: value for name, value in said.items() if value is not None}


class JudgingOptions(NamedTuple):
    """By which rules to judge."""

    profile: ProfileChoice = None
    config: Config = None

    def settings(self) -> "JudgingSettings":
        """Read the settings, with what the command line says put over them.

        Raises:
            JudgingError: they say something unknown.
            ImageError: a file that they name is not what it should be.
            OSError: a file cannot be read.
        """
        from images.judging.settings import settled

        return settled(self.config, named_profile(self.profile))


class CountingOptions(NamedTuple):
    """Which findings count."""

    select: Select = None
    baseline: Baseline = None
    write_baseline: WriteBaseline = None


class TellingOptions(NamedTuple):
    """How to report."""

    output_format: ReportFormat = Format.TEXT
    as_json: AsJson = False
    verbose: Verbose = False
    quiet: Quiet = False

    @property
    def chosen(self) -> Format:
        """The form of the report."""
        return Format.JSON if self.as_json else self.output_format


def named_profile(text: str | None) -> "ChosenProfile":
    """Read ``--profile``."""
    from images.judging.evidence import read_profile

    try:
        return read_profile(text)
    except JudgingError as error:
        raise typer.BadParameter(str(error)) from None
