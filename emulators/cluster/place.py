"""Where a scheduler is, as it is written on the command line; pure.

Whoever reaches a Dask scheduler has its workers run whatever he likes. So one on another machine is
reached under TLS, with certificates on both sides, or not at all.
"""

import ipaddress
import re
from typing import Final, NamedTuple

from ota_engine.errors import LocalError
from ota_engine.wording import without_credentials

MOST_WORKERS: Final = 1024  # of a cluster on one machine
_LOCAL: Final = re.compile(r"local(?::(?P<workers>[0-9]{1,5}))?")
_ADDRESS: Final = re.compile(
    r"(?P<scheme>tcp|tls)://(?P<host>\[[0-9a-fA-F:.]+\]|[^:/@\s]+):(?P<port>[0-9]{1,5})/?"
)
FORMS: Final = "tcp://HOST:PORT, tls://HOST:PORT, local or local:N"


class SchedulerPlace(NamedTuple):
    """Where jobs are sent.

    Attributes:
        address: of a scheduler that runs; empty for one that is started here, for the while.
        workers: how many are started here; 0 for as many as there are cores.
        encrypted: whether the scheduler is reached under TLS.
    """

    address: str = ""
    workers: int = 0
    encrypted: bool = True


def read_place(text: str) -> SchedulerPlace:
    """Read where a scheduler is.

    Raises:
        LocalError: it is none of the forms, or would let strangers in.
    """
    if local := _LOCAL.fullmatch(text):
        workers = int(local["workers"] or 0)
        if local["workers"] is not None and not 1 <= workers <= MOST_WORKERS:
            raise LocalError(f"{text}: give local:1 to local:{MOST_WORKERS}")
        return SchedulerPlace(workers=workers)
    found = _ADDRESS.fullmatch(text)
    if found is None or not 1 <= int(found["port"]) <= 0xFFFF:
        raise LocalError(f"{_shown(text)} is no scheduler: give {FORMS}")
    where = f"{found['host']}:{found['port']}"
    if found["scheme"] == "tls":
        return SchedulerPlace(f"tls://{where}")
    if not is_loopback(found["host"]):
        raise LocalError(
            f"{text}: whoever reaches a scheduler has it run anything: start it with TLS and give"
            f" tls://{where}"
        )
    return SchedulerPlace(f"tcp://{where}", encrypted=False)


def _shown(text: str) -> str:
    """What can be said of an address that is none: of one with an @ nothing, it may hold a password."""
    return "what has a user or a password" if "@" in text else f"{without_credentials(text)!a}"


def is_loopback(host: str) -> bool:
    """Say whether a host is this machine, whatever a name server says."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
