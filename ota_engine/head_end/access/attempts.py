"""How long whoever guesses passwords has to wait; pure.

Attempts count before they are looked at, so that many at once are as many. The first ones of an account or
an address cost nothing, each after that twice the wait of the one before. What came while another had to be
waited for counts for nothing: whoever knows the password gets in at the end of a wait.
"""

import ipaddress
from typing import Final, NamedTuple

from ota_engine.fleet.access.rows import Attempts
from ota_engine.head_end.access.moment import Moment
from ota_engine.times import DAY_S


class GuessLimit(NamedTuple):
    """What one subject may try.

    Attributes:
        free: attempts in a row without a wait.
        first_s: the first wait, seconds; doubled by each attempt.
        most_s: the longest.
    """

    free: int
    first_s: float
    most_s: float


BY_PERSON: Final = GuessLimit(5, 2.0, 300.0)
BY_ADDRESS: Final = GuessLimit(30, 2.0, 900.0)
FORGET_S: Final = DAY_S  # after the end of a wait; then it begins anew
_NETWORK: Final = 64  # bits of an IPv6 address that one customer has at least


def person_subject(person: str) -> str:
    """Name the attempts at one account."""
    return f"person:{person}"


def address_subject(address: str) -> str:
    """Name the attempts from one address; IPv6 by network, of which anybody has all addresses."""
    try:
        read = ipaddress.ip_address(address)
    except ValueError:
        return "address:unknown"
    if isinstance(read, ipaddress.IPv6Address):
        mapped = read.ipv4_mapped
        if mapped is None:
            return f"address:{ipaddress.ip_network((int(read), _NETWORK), strict=False)}"
        read = mapped
    return f"address:{read}"


def wait_s(row: Attempts | None, limit: GuessLimit, now: Moment) -> float:
    """Seconds before one more attempt is looked at.

    However wrong the clock was when they were counted, it is no longer than the longest wait.
    """
    return 0.0 if row is None else min(max(0.0, now.until(row.until_utc)), limit.most_s)


def one_more(row: Attempts | None, subject: str, limit: GuessLimit, now: Moment) -> Attempts:
    """Count one attempt."""
    if row is None or now.until(row.until_utc) <= -FORGET_S:
        row = Attempts(subject, 0, now.utc, now.utc)
    failures = row.failures + 1
    beyond = failures - limit.free
    wait = 0.0 if beyond < 0 else min(limit.most_s, limit.first_s * 2.0 ** min(beyond, 30))
    return Attempts(subject, failures, row.since_utc, now.after(wait))


def one_less(row: Attempts, now: Moment) -> Attempts:
    """Take back the one that went well, of an address from which others come, too."""
    return Attempts(row.subject, max(0, row.failures - 1), row.since_utc, now.utc)
