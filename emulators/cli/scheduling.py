"""``--scheduler`` and ``--tls``: where commands send work that many machines share."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ota_engine.cli.extras import require

if TYPE_CHECKING:
    from emulators.cluster.cluster import Cluster
    from emulators.cluster.place import SchedulerPlace

SchedulerOption = Annotated[
    str | None,
    typer.Option(
        metavar="WHERE",
        help="Work on a Dask scheduler: tcp://HOST:PORT, tls://HOST:PORT or local[:N].",
    ),
]
TlsOption = Annotated[
    Path | None,
    typer.Option(help="For tls://: a folder with ca.pem, cert.pem and key.pem."),
]


def place_at(scheduler: str) -> "SchedulerPlace":
    """Read where a scheduler is, before any work is done.

    Raises:
        LocalError: it is not to be reached like this, or Dask is not installed.
    """
    from emulators.cluster.place import read_place

    place = read_place(scheduler)
    require("cluster", "--scheduler")
    return place


@contextmanager
def cluster_at(scheduler: str, tls: Path | None) -> Iterator["Cluster"]:
    """Reach a scheduler, or start one.

    Raises:
        LocalError: it cannot be reached.
    """
    place = place_at(scheduler)
    from emulators.cluster.door import opened

    with opened(place, tls) as cluster:
        yield cluster
