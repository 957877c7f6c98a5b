"""The options of commands that serve others: where, how they show who they are, whom they let in."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ota_engine.errors import LocalError

if TYPE_CHECKING:
    from ota_engine.telling.serving import Place, TlsFiles

PemFile = Path | None

Http = Annotated[
    str, typer.Option("--http", metavar="HOST:PORT", help="Where to listen; port 0 is any.")
]
TlsCert = Annotated[
    PemFile, typer.Option("--tls-cert", metavar="FILE", help="Serve TLS with this (PEM).")
]
TlsKey = Annotated[
    PemFile, typer.Option("--tls-key", metavar="FILE", help="Its private key (PEM).")
]
ClientCa = Annotated[
    PemFile,
    typer.Option(
        "--client-ca", metavar="FILE", help="Let in only clients certified by this (PEM)."
    ),
]
EndpointCa = Annotated[
    PemFile,
    typer.Option(
        "--endpoint-ca", metavar="FILE", help="Trust users' endpoints certified by this (PEM)."
    ),
]
Schemas = Annotated[
    Path | None,
    typer.Option(
        "--schemas", metavar="DIR", help="The official schemas: check documents by them, too."
    ),
]
BehindProxy = Annotated[
    bool,
    typer.Option("--behind-proxy", help="Listen beyond this machine although without TLS."),
]


def tls_files(certificate: PemFile, key: PemFile, client_ca: PemFile) -> "TlsFiles | None":
    """Take what TLS is served with; None for plain HTTP.

    Raises:
        LocalError: one of the files is missing.
    """
    from ota_engine.telling.serving import TlsFiles

    if certificate is None and key is None and client_ca is None:
        return None
    if certificate is None or key is None:
        raise LocalError("TLS needs both --tls-cert and --tls-key")
    return TlsFiles(certificate, key, client_ca)


def place_of(http: str, tls: "TlsFiles | None", *, behind_proxy: bool) -> "Place":
    """Take where to listen.

    Raises:
        LocalError: it is no place, or others could read what goes there.
    """
    from ota_engine.telling.serving import Place

    place = Place.read(http)
    if not (place.is_private or tls or behind_proxy):
        raise LocalError(
            f"{http}: others could read what is posted there: give --tls-cert and --tls-key, or"
            " --behind-proxy if something in front of it does that"
        )
    return place
