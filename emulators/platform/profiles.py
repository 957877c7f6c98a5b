"""How long each vendor's OTA client waits and how often it tries; data rows, no behaviour.

Figures are seconds unless the name says otherwise. They are the figures the vendors document or
that were measured on their devices; a row is a whole client, so a fleet can mix them.
"""

from dataclasses import dataclass
from math import inf


@dataclass(frozen=True, slots=True)
class TimerProfile:
    """The timers and habits of one vendor's client."""

    name: str
    start_up_delay: float  # upper end of the uniform draw before the first query
    query_interval: float  # inf: queries only when notified or told
    query_timeout: float
    query_tries: int  # queries sent before waiting for the next interval
    rediscover_after: int  # consecutive unanswered queries after which the server is forgotten
    rediscover_interval: float
    block_timeout: float
    error_threshold: int  # consecutive unanswered requests that end a download with ABORT
    verify_time: float
    end_retry: float  # between unanswered Upgrade End Requests
    end_tries: int  # unanswered tries before UpgradeTimeoutPolicy decides
    wait_cap: float  # longest WAIT_FOR_DATA obeyed, and the longest pause before re-asking
    countdown_cap: float  # a longer countdown asks again when this has passed
    invalid_block_wait: float  # used when request time lies before current time
    invalid_upgrade_wait: float  # the same in an Upgrade End Response
    apply_delay: float  # lets acknowledgements drain before the device restarts
    restart_time: float
    block_size: int  # octets asked for
    page_size: int  # octets of a page; 0: the client knows blocks only
    page_block_size: int
    page_spacing_ms: int
    page_timeout: float  # silence after which the holes of a page are fetched
    hole_wait: float  # patience for stragglers once the last block of a page has come
    advertises_period: bool  # sends MinimumBlockPeriod (field control bit 1) and obeys it
    cluster_revision: int  # 2 counts MinimumBlockPeriod in seconds, all others in milliseconds
    ignores_own_version: bool  # a Query Next Image Response with the running version is no offer
    hides_idle_type: bool  # ImageTypeID reads 0xFFFF while nothing is downloading


SILICON_LABS = TimerProfile(
    name="silabs",
    start_up_delay=255.0,
    query_interval=300.0,
    query_timeout=5.0,
    query_tries=1,
    rediscover_after=10,
    rediscover_interval=600.0,
    block_timeout=3.0,
    error_threshold=10,
    verify_time=30.0,
    end_retry=600.0,
    end_tries=10,
    wait_cap=3600.0,
    countdown_cap=3600.0,
    invalid_block_wait=300.0,
    invalid_upgrade_wait=3600.0,
    apply_delay=3.0,
    restart_time=8.0,
    block_size=63,
    page_size=1024,
    page_block_size=32,
    page_spacing_ms=50,
    page_timeout=5.0,
    hole_wait=5.0,
    advertises_period=True,
    cluster_revision=3,
    ignores_own_version=True,
    hides_idle_type=True,
)

ZBOSS = TimerProfile(
    name="zboss",
    start_up_delay=60.0,
    query_interval=86400.0,
    query_timeout=6.0,
    query_tries=3,
    rediscover_after=10,
    rediscover_interval=600.0,
    block_timeout=6.0,
    error_threshold=10,
    verify_time=10.0,
    end_retry=60.0,
    end_tries=3,
    wait_cap=3600.0,
    countdown_cap=inf,
    invalid_block_wait=300.0,
    invalid_upgrade_wait=3600.0,
    apply_delay=3.0,
    restart_time=5.0,
    block_size=64,
    page_size=0,
    page_block_size=0,
    page_spacing_ms=0,
    page_timeout=inf,
    hole_wait=inf,
    advertises_period=False,
    cluster_revision=2,
    ignores_own_version=False,
    hides_idle_type=False,
)

NXP = TimerProfile(
    name="nxp",
    start_up_delay=120.0,
    query_interval=900.0,
    query_timeout=5.0,
    query_tries=3,
    rediscover_after=10,
    rediscover_interval=600.0,
    block_timeout=5.0,
    error_threshold=3,
    verify_time=15.0,
    end_retry=10.0,
    end_tries=3,
    wait_cap=3600.0,
    countdown_cap=inf,
    invalid_block_wait=300.0,
    invalid_upgrade_wait=3600.0,
    apply_delay=3.0,
    restart_time=5.0,
    block_size=48,
    page_size=512,
    page_block_size=48,
    page_spacing_ms=300,
    page_timeout=5.0,
    hole_wait=5.0,
    advertises_period=True,
    cluster_revision=1,
    ignores_own_version=False,
    hides_idle_type=False,
)

# A client that never thinks: what remains of a download's duration is the air and the server.
LAB = TimerProfile(
    name="lab",
    start_up_delay=1.0,
    query_interval=300.0,
    query_timeout=2.0,
    query_tries=3,
    rediscover_after=10,
    rediscover_interval=600.0,
    block_timeout=2.0,
    error_threshold=30,
    verify_time=0.5,
    end_retry=10.0,
    end_tries=3,
    wait_cap=3600.0,
    countdown_cap=inf,
    invalid_block_wait=300.0,
    invalid_upgrade_wait=3600.0,
    apply_delay=3.0,
    restart_time=2.0,
    block_size=63,
    page_size=1024,
    page_block_size=48,
    page_spacing_ms=0,
    page_timeout=1.0,
    hole_wait=0.05,
    advertises_period=True,
    cluster_revision=3,
    ignores_own_version=False,
    hides_idle_type=False,
)

PROFILES = {row.name: row for row in (SILICON_LABS, ZBOSS, NXP, LAB)}
