"""Key folders of Service Users as commands meet them: keys of documents, and keys of GBCS messages."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NamedTuple

import typer

from images.files import read_bounded
from ota_engine.cli.files import warn_if_open
from ota_engine.cli.remarks import remark
from ota_engine.errors import LocalError, PeerError
from ota_engine.gbcs.keystore import FILE_NAME, SECRETS_FILE, Keystore

if TYPE_CHECKING:
    import ssl

    from ota_engine.service_user.client import UserSecrets
    from ota_engine.service_user.xml_keys import XmlKeys

MOST_KEY_BYTES: Final = 1 << 20
DUIS: Final = "duis"  # the extra

UserKeys = Annotated[
    Path | None,
    typer.Option(
        "--keys",
        metavar="DIR",
        help="The user's keys, and certificates of the DCC and devices.",
    ),
]
KeyFile = Annotated[
    Path | None, typer.Option("--key", metavar="PEM", help="Instead: the key that signs documents,")
]
CertificateFile = Annotated[
    Path | None, typer.Option("--certificate", metavar="PEM", help="and its certificate.")
]
DccCertificate = Annotated[
    list[Path] | None,
    typer.Option(
        "--dcc-certificate",
        metavar="PEM",
        help="Verify with this certificate of the DCC, too; repeatable.",
    ),
]
Unsigned = Annotated[
    bool, typer.Option("--unsigned", help="Take what is not signed, too, or by unknown signers.")
]


class ClientTls(NamedTuple):
    """Files of a client of a head end that serves TLS."""

    tls_ca: Annotated[
        Path | None,
        typer.Option(metavar="PEM", help="Who certifies the head end; by default the world's."),
    ] = None
    tls_cert: Annotated[
        Path | None, typer.Option(metavar="PEM", help="Show the head end this certificate.")
    ] = None
    tls_key: Annotated[Path | None, typer.Option(metavar="PEM", help="Its private key.")] = None


def tls_context(files: ClientTls) -> "ssl.SSLContext | None":
    """Trust and prove what the files say; None where there are none.

    Raises:
        LocalError: one of them is none, or there is a certificate without its key.
        OSError: one of them cannot be read.
    """
    if files == ClientTls():
        return None
    import ssl

    if (files.tls_cert is None) != (files.tls_key is None):
        raise LocalError("--tls-cert goes with --tls-key: give both")
    for path in filter(None, files):
        read_bounded(path, MOST_KEY_BYTES)  # ssl does not say which file it cannot read
    try:
        context = ssl.create_default_context(cafile=files.tls_ca)
    except ssl.SSLError:
        raise LocalError(f"{files.tls_ca}: is no certificate in PEM") from None
    if files.tls_cert is not None and files.tls_key is not None:
        warn_if_open(files.tls_key)
        try:
            context.load_cert_chain(files.tls_cert, files.tls_key, password="")
        except ssl.SSLError:
            raise LocalError(
                f"{files.tls_cert}, {files.tls_key}: are no certificate and its unencrypted key"
            ) from None
    return context


def read_xml_keys(
    folder: Path | None,
    key: Path | None = None,
    certificate: Path | None = None,
    dcc: list[Path] | None = None,
) -> "XmlKeys":
    """Read keys of documents; whatever of a folder is left out is named on standard error.

    Raises:
        LocalError: a named file is no key or certificate, or there is one without the other.
        OSError: a file cannot be read.
    """
    from ota_engine.service_user.xml_keys import XML_KEY_NAME, XmlKeys

    if (key is None) != (certificate is None):
        raise LocalError("--key goes with --certificate: give both, or a folder with --keys")
    files: dict[str, bytes] = {}
    for path in sorted(folder.iterdir()) if folder is not None else ():
        if XML_KEY_NAME.fullmatch(path.name):
            files[path.name] = read_bounded(path, MOST_KEY_BYTES)
            if path.suffix.lower() == ".key":
                warn_if_open(path)
    keys = XmlKeys.read(files)
    for name, reason in keys.findings:
        remark(f"warning: {name if folder is None else folder / name}: left out: {reason}")
    if key is not None and certificate is not None:
        warn_if_open(key)
        with blamed(f"{key}, {certificate}"):
            keys.add_pair(
                read_bounded(key, MOST_KEY_BYTES), read_bounded(certificate, MOST_KEY_BYTES)
            )
    for path in dcc or ():
        with blamed(str(path)):
            keys.add_certificate(read_bounded(path, MOST_KEY_BYTES))
    return keys


def read_secrets(
    folder: Path | None,
    key: Path | None = None,
    certificate: Path | None = None,
    dcc: list[Path] | None = None,
) -> "UserSecrets":
    """Read all that a user signs and verifies with.

    Raises:
        LocalError: a named file is no key or certificate, or there is one without the other.
        OSError: a file cannot be read.
    """
    from ota_engine.service_user.client import UserSecrets

    return UserSecrets(read_xml_keys(folder, key, certificate, dcc), read_message_keys(folder))


def read_message_keys(folder: Path | None) -> Keystore:
    """Read keys of GBCS messages, none where there is no folder or none in it."""
    files = {
        path.name: read_bounded(path, MOST_KEY_BYTES)
        for path in (folder.iterdir() if folder is not None else ())
        if FILE_NAME.fullmatch(path.name) or path.name == SECRETS_FILE
    }
    keystore = Keystore.read(files)
    for finding in keystore.findings:
        remark(f"warning: {folder}/{finding.name}: left out: {finding.reason}")
    return keystore


@contextmanager
def blamed(name: str) -> Iterator[None]:
    """Say of what something is wrong with where it is from.

    Args:
        name: of a file, or files.
    """
    try:
        yield
    except PeerError as error:
        raise PeerError(f"{name}: {error}") from None
    except LocalError as error:
        raise LocalError(f"{name}: {error}") from None
