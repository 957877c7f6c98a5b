"""``zota image``: reads options and files, asks the images room, prints; decides nothing."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from images import ImageError, OtaImage, parse
from images.files import read_bounded
from ota_engine.cli import image_edit
from ota_engine.cli import image_options as option
from ota_engine.cli.exits import Exit
from ota_engine.cli.files import write_whole
from ota_engine.cli.image_edit import key_of
from ota_engine.cli.option_groups import grouped
from ota_engine.cli.remarks import put, put_fact, remark

if TYPE_CHECKING:
    from images import Severity
    from images.comparison import Change

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, add_completion=False)


@app.callback()
def image() -> None:
    """Build, inspect, validate, verify and mend OTA images."""


@app.command()
def build(
    payload: option.Payload,
    manufacturer: option.Manufacturer,
    image_type: option.ImageType,
    file_version: option.FileVersion,
    output: option.Output = None,
    layout: option.LayoutChoice = option.ImageLayout.ZCL,
    string: option.HeaderString = "",
    hw_min: option.HardwareMinimum = None,
    hw_max: option.HardwareMaximum = None,
    stack: option.Stack = 2,
    destination: option.Destination = None,
    credential_version: option.CredentialVersion = None,
    element: option.Elements = None,
    integrity: option.Integrity = False,
    sign_key: option.SignKey = None,
    sign_command: option.SignCommand = None,
    force_replace: option.ForceReplace = False,
    force: option.Force = False,
    as_json: option.AsJson = False,
) -> None:
    """Wrap a firmware binary into an OTA file, and sign it."""
    from images import ImageSpec
    from images import build as build_image
    from images.names import recommended_name

    spec = ImageSpec(
        manufacturer_code=manufacturer,
        image_type=image_type,
        file_version=file_version,
        layout=layout.value,
        header_string=string,
        zigbee_stack_version=stack,
        security_credential_version=credential_version,
        upgrade_file_destination=destination,
        minimum_hardware_version=hw_min,
        maximum_hardware_version=hw_max,
        elements=tuple(_element(text) for text in element or ()),
        integrity=integrity,
        sign_key=key_of(sign_key, sign_command),
        force_replace=force_replace,
    )
    data = read_bounded(payload)
    built = build_image(data, spec)
    _warn(payload, data, any_hardware=spec.layout == "gb" and hw_min is None)
    target = output if output is not None else Path()
    target = target / recommended_name(spec) if target.is_dir() else target
    write_whole(target, built, force=force)
    _show(target, parse(built), as_json)


def _element(text: str) -> tuple[int, bytes]:
    tag, equals, path = text.partition("=")
    if not equals:
        raise typer.BadParameter(f"{text!r} is not TAG=FILE, e.g. 0xF000=notes.bin")
    return option.number(tag), read_bounded(Path(path))


def _warn(payload: Path, data: bytes, *, any_hardware: bool) -> None:
    if any_hardware:
        _note("no --hw-min and --hw-max: the image is marked for every hardware version")
    try:
        header = parse(data).header
    except ImageError:
        return
    _note(
        f"{payload}: the payload is itself an OTA file (manufacturer "
        f"{header.manufacturer_code:#06x}, type {header.image_type:#06x}); it is now nested "
        "in another, and can be delivered as it was"
    )


@app.command()
def inspect(file: option.AnImage, as_json: option.AsJson = False) -> None:
    """Show what an OTA file is and holds."""
    _show(file, _read(file), as_json)


@app.command("hash")
def hash_(file: option.AnImage, as_json: option.AsJson = False) -> None:
    """Print the Manufacturer Image Hash, which GB devices activate by.

    SHA-256 over everything between the header and the GB signature trailer.
    """
    image = _read(file)
    hashed = image.manufacturer_image
    if hashed is None:
        _note(f"{file}: layout {image.layout}, not gb: hashing everything after the header")
        hashed = image.body
    digest = hashlib.sha256(hashed).hexdigest()
    facts = {
        "path": str(file),
        "layout": image.layout,
        "manufacturer_image_hash": digest,
        "offset": image.offset + image.header.body_offset,
        "length": len(hashed),
    }
    typer.echo(json.dumps(facts) if as_json else digest)


@app.command()
def verify(
    file: option.AnImage, certificate: option.Certificate, as_json: option.AsJson = False
) -> None:
    """Check the signature of a GB image against a certificate."""
    from images.eui64 import format_eui64
    from images.signing import read_signer, verify_image

    image, pem = _read(file), read_bounded(certificate)
    with _naming(certificate):
        signer = read_signer(pem)
    eui64 = format_eui64(signer.eui64) if signer.eui64 is not None else None
    failure: ImageError | None = None
    try:
        with _naming(file):
            verify_image(image, pem)
    except ImageError as error:
        failure = error
    digest = image.manufacturer_image_hash
    facts = {
        "path": str(file),
        "verified": failure is None,
        "reason": str(failure) if failure is not None else None,
        "signer": {"name": signer.name, "eui64": eui64},
        "manufacturer_image_hash": digest.hex() if digest is not None else None,
    }
    if as_json:
        typer.echo(json.dumps(facts))
    elif failure is None:
        line = f"verified: signed by {signer.name}" + (f" ({eui64})" if eui64 else "")
        put(line)  # a certificate may name its subject anything
        put_fact("manufacturer image hash ", str(facts["manufacturer_image_hash"]), 0)
    if failure is not None:
        raise failure


@app.command()
@grouped
def validate(
    paths: option.Paths,
    judging: option.JudgingOptions,
    telling: option.TellingOptions,
    expected: option.ExpectationOptions,
    counting: option.CountingOptions,
    strict: option.Strict = False,
    jobs: option.Jobs = None,
    diff: option.Diff = False,
) -> None:
    """Judge OTA files by numbered rules; folders are walked."""
    from images.judging.result import baseline, judge
    from images.judging.settings import settled
    from ota_engine.cli.image_report import show, show_progress

    changes, given = None, expected.fields()
    if diff:
        changes, older, paths = _compared(paths, telling.chosen)
        given["previous_version"] = expected.previous_version or older
    chosen = option.named_profile(judging.profile)
    settings = settled(judging.config, chosen, given, counting.select or (), counting.baseline)
    result = judge(paths, settings, jobs, expected.manifest, show_progress)
    if counting.write_baseline is not None:
        write_whole(counting.write_baseline, baseline(result), force=True)
    show(result, telling, changes, strict=strict)
    raise typer.Exit(_exit_code(result.worst, result.unreadable, strict))


def _compared(
    paths: Sequence[Path], chosen: option.Format
) -> "tuple[Sequence[Change], int, list[Path]]":
    """What changed between two releases, the older one's version, and where the newer lies."""
    from images.comparison import compare

    if len(paths) != 2 or any(path.is_dir() for path in paths):
        raise typer.BadParameter("--diff compares two files: OLD and NEW")
    if chosen not in (option.Format.TEXT, option.Format.JSON):
        raise typer.BadParameter("--diff is told as text or json")
    old, new = map(_read, paths)
    return compare(old, new), old.header.file_version, [paths[1]]


def _exit_code(worst: "Severity", unreadable: int, strict: bool) -> Exit:
    from images import Severity

    if unreadable:
        return Exit.UNREADABLE
    if worst is Severity.ERROR:
        return Exit.ERRORS
    return Exit.WARNINGS if strict and worst is Severity.WARNING else Exit.OK


def _read(path: Path) -> OtaImage:
    data = read_bounded(path)
    with _naming(path):
        return parse(data)


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Put the file's name in front of what is wrong with it."""
    try:
        yield
    except ImageError as error:
        raise ImageError(f"{path}: {error.reason}", error.offset) from None


def _show(path: Path, image: OtaImage, as_json: bool) -> None:
    from ota_engine.cli import image_facts

    if as_json:
        typer.echo(json.dumps(image_facts.as_json(str(path), image), indent=2))
    else:
        image_facts.print_text(str(path), image)


def _note(text: str) -> None:
    remark(f"warning: {text}")


for _command in (
    image_edit.fix,
    image_edit.unwrap,
    image_edit.extract,
    image_edit.sign,
    image_edit.strip,
):
    app.command()(_command)
