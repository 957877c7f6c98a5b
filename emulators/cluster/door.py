"""Opens the way to a scheduler: one that runs, or one started here for the while with workers of its own.

Knows Dask's settings and its certificates. A scheduler that is started here is reached under TLS with
certificates that live in memory: another user of the machine cannot have it run anything.
"""

import logging
import os
import shlex
import ssl
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import dask
import distributed
from distributed.security import Security

from emulators.cluster.cluster import Cluster
from emulators.cluster.jobs import SchedulerGoneError
from emulators.cluster.place import SchedulerPlace
from ota_engine.errors import LocalError

CONNECT_S: Final = 15.0  # until a scheduler has to answer, also again when it was away
CLOSE_S: Final = 10.0  # until workers have to have ended
CA, CERTIFICATE, KEY = "ca.pem", "cert.pem", "key.pem"  # in a folder for TLS
DASHBOARD: Final = "127.0.0.1:8787"  # where a scheduler shows itself: without TLS, so not to others
SETTLING: Final = "emulators.cluster.labour"  # what our own workers load when they start
LOGGERS: Final = ("distributed", "tornado")  # and all below them
QUIET: Final = {
    "distributed.worker.profile.enabled": False,  # a look at every thread a hundred times a second
    "distributed.logging": dict.fromkeys(LOGGERS, "critical"),
}


@contextmanager
def opened(place: SchedulerPlace, tls: Path | None = None) -> Iterator[Cluster]:
    """Reach a scheduler, or start one with its workers, for as long as it is needed.

    Args:
        place: where it is.
        tls: a folder with our certificate, its key, and the certificate of who signs them; None for what
            Dask's own settings name.

    Raises:
        LocalError: it cannot be reached like this.
    """
    with warnings.catch_warnings(), dask.config.set(QUIET):
        warnings.simplefilter("ignore")
        _hush()
        opening = _connected(place, tls) if place.address else _started(place.workers)
        with opening as cluster:
            yield cluster


def _hush() -> None:
    """Have Dask say nothing beside what we say; some of its loggers have levels of their own."""
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] in LOGGERS:
            logging.getLogger(name).setLevel(logging.CRITICAL)


@contextmanager
def _connected(place: SchedulerPlace, tls: Path | None) -> Iterator[Cluster]:
    security = _security(place, tls) if place.encrypted else None
    try:
        client = distributed.Client(
            place.address, security=security, timeout=CONNECT_S, set_as_default=False
        )
    except (OSError, TimeoutError, ValueError) as error:
        lines = str(error.__cause__ or error).splitlines() or [type(error).__name__]
        why = lines[0].rpartition("Error: ")[
            2
        ]  # the socket's word, without the objects that passed it on
        raise SchedulerGoneError(
            f"{place.address}: no scheduler answers ({why}):"
            f" start one with {scheduler_command(place, tls)}, or correct the address"
        ) from None
    try:
        yield Cluster(client, place.address, f"start one with {worker_command(place, tls)}")
    finally:
        client.close(timeout=CLOSE_S)


def scheduler_command(place: SchedulerPlace, tls: Path | None) -> str:
    """Write the command that starts a scheduler there, to be given there; see ``worker_command``."""
    host, _, port = place.address.rpartition(":")
    words = ["dask", "scheduler", "--host", host, "--port", port, "--dashboard-address", DASHBOARD]
    return shlex.join([*words, *_tls_options(place, tls)])


def worker_command(place: SchedulerPlace, tls: Path | None) -> str:
    """Write the command that starts a worker; certificates that Dask's settings name it finds itself."""
    words = ["dask", "worker", place.address, "--nthreads", "1"]
    return shlex.join([*words, *_tls_options(place, tls)])


def _tls_options(place: SchedulerPlace, tls: Path | None) -> list[str]:
    if not place.encrypted or tls is None:
        return []
    words = ["--tls-ca-file", str(tls / CA), "--tls-cert", str(tls / CERTIFICATE)]
    return [*words, "--tls-key", str(tls / KEY)]


def _security(place: SchedulerPlace, tls: Path | None) -> Security:
    if tls is None:
        security = Security(require_encryption=True)
        if security.tls_ca_file is None or security.tls_client_cert is None:
            raise LocalError(
                f"{place.address}: give --tls FOLDER with {CA}, {CERTIFICATE} and {KEY}"
            )
        return security
    for name in (CA, CERTIFICATE, KEY):
        if not (tls / name).is_file():
            raise LocalError(
                f"{tls}: there is no {name}: it has to hold {CA}, {CERTIFICATE}, {KEY}"
            )
    security = Security(
        require_encryption=True,
        tls_ca_file=str(tls / CA),
        tls_client_cert=str(tls / CERTIFICATE),
        tls_client_key=str(tls / KEY),
    )
    try:
        security.get_connection_args("client")
    except ssl.SSLError as error:
        raise LocalError(
            f"{tls}: {CA}, {CERTIFICATE} and {KEY} cannot be used ({error.reason or error}): make them anew,"
            " or put those together that belong together"
        ) from None
    return security


@contextmanager
def _started(workers: int) -> Iterator[Cluster]:
    many = workers or os.cpu_count() or 1
    security = Security.temporary()
    with (
        distributed.LocalCluster(
            n_workers=many,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            protocol="tls://",
            security=security,
            dashboard_address=None,
            silence_logs=logging.CRITICAL,
            preload=[SETTLING],
        ) as workshop,
        distributed.Client(workshop, security=security, set_as_default=False) as client,
    ):
        yield Cluster(client, f"local:{many}", "see what keeps this machine busy, and try again")
