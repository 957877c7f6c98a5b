"""``zota image fix|unwrap|extract|sign|strip``: rewrites files, never in place unless told."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from images import ImageError, OtaImage, parse
from images.files import read_bounded
from ota_engine.cli import image_options as option
from ota_engine.cli.exits import Exit
from ota_engine.cli.files import write_whole
from ota_engine.cli.remarks import put
from ota_engine.errors import LocalError

if TYPE_CHECKING:
    from images.signing import SigningFunction

InPlace = Annotated[bool, typer.Option("--in-place", help="Overwrite FILE itself.")]
ATag = Annotated[
    int | None,
    typer.Option("--tag", parser=option.number, metavar="N", help="Element; else the firmware."),
]
Key = Annotated[
    Path | None,
    typer.Option(
        "--sign-key",
        readable=False,
        metavar="FILE",
        help="Private key: P-256 in PEM, or one of --suite's curve.",
    ),
]
SmartEnergySuite = Annotated[
    int | None,
    typer.Option(
        "--suite", min=1, max=2, metavar="1|2", help="Sign for Smart Energy, by this suite."
    ),
]
ImplicitCertificate = Annotated[
    Path | None,
    typer.Option(
        "--certificate", readable=False, metavar="FILE", help="The signer's implicit certificate."
    ),
]


def fix(
    file: option.AnImage,
    output: option.Output = None,
    in_place: InPlace = False,
    force: option.Force = False,
) -> None:
    """Mend an unsigned file: size, trailing bytes, header string, integrity code, name.

    Exit code 2: errors remain that only whoever built the file can mend.
    """
    from images import repair

    if in_place == (output is not None):
        raise typer.BadParameter("say where to: either -o FILE, or --in-place")
    with _opened(file) as image:
        fixed = repair.fix(image)
    target = file if output is None else _target(output, fixed.data)
    for change in fixed.changes:
        put(f"{file}: {change}")
    if fixed.changes or output is not None:
        write_whole(target, fixed.data, force=force or in_place)
    remaining = _errors(fixed.data)
    done = "written" if fixed.changes else "nothing to mend"
    if remaining:
        done = "written" if fixed.changes else "nothing that fix could mend"
        done += f", errors remain: {', '.join(remaining)}: 'zota image validate' tells more"
    put(f"{target}: {done}")
    if remaining:
        raise typer.Exit(Exit.ERRORS)


def _errors(data: bytes) -> list[str]:
    """The rules a file breaks that a device, or the standard, will refuse it for."""
    from images import Severity, lint

    wrong = (one.rule for one in lint(data).findings if one.severity is Severity.ERROR)
    return list(dict.fromkeys(wrong))


def unwrap(file: option.AnImage, output: option.Output = None, force: option.Force = False) -> None:
    """Take the bare OTA file out of a vendor's container, without trailing bytes."""
    from images import repair

    _rewrite(file, output, force, repair.unwrap)


def extract(
    file: option.AnImage,
    output: option.Output = None,
    tag: ATag = None,
    force: option.Force = False,
) -> None:
    """Take the firmware, or one element, out of an OTA file."""
    from images import repair

    with _opened(file) as image:
        data = repair.extract(image, tag)
    target = (
        (output or Path()) / f"{file.stem}.bin" if output is None or output.is_dir() else output
    )
    write_whole(target, data, force=force)
    put(f"{target}: {len(data):,} bytes")


def strip(file: option.AnImage, output: option.Output = None, force: option.Force = False) -> None:
    """Remove signature, certificate and integrity code."""
    from images import repair

    _rewrite(file, output, force, repair.strip)


def sign(
    file: option.AnImage,
    sign_key: Key = None,
    sign_command: option.SignCommand = None,
    output: option.Output = None,
    suite: SmartEnergySuite = None,
    certificate: ImplicitCertificate = None,
    ca_key: option.CaKey = None,
    force_replace: option.ForceReplace = False,
    force: option.Force = False,
) -> None:
    """Sign an unsigned gb image; with --suite a Smart Energy image, for tests, by OpenSSL."""
    from images import repair

    key = key_of(sign_key, sign_command)
    if key is None:
        raise LocalError("sign with what? give --sign-key FILE or --sign-command COMMAND")
    if suite is not None:
        if not isinstance(key, bytes):
            raise typer.BadParameter("--suite needs --sign-key: its curves are for OpenSSL alone")
        if certificate is None or force_replace:
            raise typer.BadParameter("--suite needs --certificate, and knows no --force-replace")
        octets = _certificate(certificate)
        _rewrite(file, output, force, partial(_smart_energy, suite, key, octets, ca_key))
        return
    if certificate is not None or ca_key is not None:
        raise typer.BadParameter("--certificate and --ca-key belong to --suite")
    _rewrite(
        file, output, force, lambda image: repair.sign(image, key, force_replace=force_replace)
    )


def key_of(path: Path | None, command: str | None) -> "bytes | SigningFunction | None":
    """The key in a file, or what signs by a command; None for neither.

    Raises:
        LocalError: both are given, or the command is none.
        OSError: the file cannot be read.
    """
    if path is not None and command is not None:
        raise LocalError("--sign-key and --sign-command exclude each other: one of them signs")
    if command is not None:
        from ota_engine.cli.sign_command import signs_by

        return signs_by(command)
    return None if path is None else read_bounded(path)


def _certificate(path: Path) -> bytes:
    from images.judging.evidence import read_octets
    from images.smart_energy import SUITES

    sizes = tuple(suite.certificate_bytes for suite in SUITES)
    return read_octets(path, sizes, "an implicit certificate of Smart Energy")


def _smart_energy(
    number: int, key: bytes, certificate: bytes, ca_key: Path | None, image: OtaImage
) -> bytes:
    """Let OpenSSL sign, and look at what it made before anybody else does."""
    from images import smart_energy_signing
    from images.judging.evidence import read_ca_key
    from images.smart_energy import SUITES
    from ota_engine.cli.openssl import sign_digest

    suite, authority = SUITES[number - 1], read_ca_key(ca_key)
    covered = smart_energy_signing.prepare(image, suite, certificate)
    made = sign_digest(covered.digest, key, suite.curve)
    smart_energy_signing.require_key(covered, made.public, made.r, made.s)
    signed = smart_energy_signing.finish(covered, made.r, made.s)
    if authority is not None:
        smart_energy_signing.require_certified(parse(signed), suite, made.public, authority)
    return signed


def _rewrite(
    file: Path, output: Path | None, force: bool, change: Callable[[OtaImage], bytes]
) -> None:
    with _opened(file) as image:
        data = change(image)
    target = _target(output or Path(), data)
    write_whole(target, data, force=force)
    put(f"{target}: {len(data):,} bytes")


def _target(output: Path, data: bytes) -> Path:
    """A file as named, or one named by the standard in the folder named."""
    from images.names import recommended_name

    if not output.is_dir():
        return output
    return output / recommended_name(parse(data).header)


@contextmanager
def _opened(file: Path) -> Iterator[OtaImage]:
    """Parse a file; put its name in front of what is wrong with it."""
    data = read_bounded(file)
    try:
        yield parse(data)
    except ImageError as error:
        raise ImageError(f"{file}: {error.reason}", error.offset) from None
