"""The OTA client as a table: (state, event) -> (next state, what to do); knows no octets.

Read it downwards: a client queries, downloads by blocks or pages, waits when told to, verifies,
asks when to run the new file, and restarts. Every pair is in exactly one of three sets: ``TABLE``,
``IGNORED`` (it happens on a real network and means nothing here) or ``ILLEGAL`` (the client's own
classification never produces it); a test proves that, and that every state is reached.
"""

from enum import IntEnum, StrEnum


class ClientState(StrEnum):
    """Where a client stands."""

    OFF = "off"
    IDLE = "idle"
    QUERYING = "querying"
    AWAITING_POWER = "awaiting mains"
    DOWNLOADING = "downloading"  # a block was asked for
    PACING = "pacing"  # MinimumBlockPeriod runs
    PAGING = "paging"  # a page was asked for
    FILLING = "filling holes"  # the blocks a page lost are asked for one by one
    WAITING_FOR_DATA = "waiting for data"
    VERIFYING = "verifying"
    WAIT_FOR_MORE = "wait for more"  # this file is fine, further ones are needed
    ENDING = "asking to upgrade"  # Upgrade End Request sent
    COUNTDOWN = "countdown"
    WAITING_TO_UPGRADE = "waiting to upgrade"  # told 0xFFFFFFFF
    EXTERNAL = "waiting for external event"
    RESTARTING = "restarting"


class ClientEvent(StrEnum):
    """What happens to a client, classified by what it means."""

    BOOTED = "booted"  # nothing to take up
    BOOTED_DOWNLOADING = "booted with a download begun"
    BOOTED_HOLDING = "booted with a verified file"
    BOOTED_HOLDING_UNASKED = "booted with a verified file nobody is asked about"
    POWER_OFF = "power off"
    MAINS_ON = "mains on"
    MAINS_OFF = "mains off"
    ACTIVATED = "activated out of band"
    TIMER = "timer"
    EXHAUSTED = "tries exhausted"
    EXHAUSTED_HOLD = "tries exhausted, timeout policy: do not apply"
    EXHAUSTED_EXTERNAL = "tries exhausted, activation out of band"
    EXHAUSTED_SCHEDULED = "no answer, but a time was given before"
    REASK = "countdown cap reached"
    NOTIFIED = "told to query"
    OFFERED = "offered a file"
    OFFERED_ON_BATTERY = "offered a file while on battery"
    OFFERED_TOO_BIG = "offered a file that does not fit"
    OFFERED_DOWNGRADE = "offered a lower version"
    OFFERED_OTHER = "offered a file that is not for us"
    NOTHING_OFFERED = "nothing offered"
    NOTHING_NEWER = "nothing newer than the file held"
    BLOCK = "block"
    LAST_BLOCK = "last block"
    STALE_BLOCK = "block not asked for"
    CUT_SHORT = "part of a block"
    USE_PAGES = "use pages"
    USE_HOLES = "go on with the holes of a page"
    PACE = "wait out the block period"
    PAGE_BLOCK = "block of a page"
    PAGE_END = "last block of a page with holes"
    PAGE_DONE = "page complete"
    PAGE_LAST = "last page complete"
    PAGE_SILENT = "page without a block"
    PAGE_MISFIT = "block that does not fit its page"
    PAGES_UNSUPPORTED = "pages unsupported"
    TOLD_TO_WAIT = "wait for data"
    ABORTED = "aborted by the server"
    VERIFIED = "verified"
    VERIFIED_UNASKED = "verified, nobody is asked"
    INCOMPLETE = "verified, more files needed"
    REJECTED = "rejected"
    END_AT = "upgrade at a time"
    END_WAIT = "upgrade later, ask again"
    END_EXTERNAL = "upgrade is not the server's to order"
    END_FORBIDDEN = "upgrade forbidden"
    END_ACKNOWLEDGED = "upgrade end acknowledged"


class Do(StrEnum):
    """What a row of the table asks of the client."""

    START = "start"
    REST = "rest"
    FORGET = "forget"
    QUERY = "query"
    QUERY_AGAIN = "query_again"
    MISS_QUERY = "miss_query"
    BEGIN = "begin"
    RESUME = "resume"
    AWAIT_POWER = "await_power"
    REFUSE_SIZE = "refuse_size"
    REFUSE_DOWNGRADE = "refuse_downgrade"
    REQUEST_NEXT = "request_next"
    TAKE = "take"
    PACE = "pace"
    RETRY = "retry"
    GIVE_UP = "give_up"
    ABANDON = "abandon"
    REQUEST_PAGE = "request_page"
    RETRY_PAGE = "retry_page"
    COLLECT = "collect"
    AWAIT_STRAGGLERS = "await_stragglers"
    FILL_HOLE = "fill_hole"
    RETRY_HOLE = "retry_hole"
    USE_BLOCKS = "use_blocks"
    WAIT_FOR_DATA = "wait_for_data"
    START_VERIFY = "start_verify"
    REJECT = "reject"
    SEND_MORE = "send_more"
    SEND_END = "send_end"
    COUNT_DOWN = "count_down"
    COUNT_ON = "count_on"
    WAIT_TO_UPGRADE = "wait_to_upgrade"
    PARK = "park"
    FORBID = "forbid"
    APPLY = "apply"


class UpgradeStatus(IntEnum):
    """ImageUpgradeStatus, attribute 0x0006 (ZCL 11.10.7)."""

    NORMAL = 0
    DOWNLOAD_IN_PROGRESS = 1
    DOWNLOAD_COMPLETE = 2
    WAITING_TO_UPGRADE = 3
    COUNT_DOWN = 4
    WAIT_FOR_MORE = 5
    WAITING_FOR_EXTERNAL_EVENT = 6


UPGRADE_STATUS = {
    ClientState.OFF: UpgradeStatus.NORMAL,
    ClientState.IDLE: UpgradeStatus.NORMAL,
    ClientState.QUERYING: UpgradeStatus.NORMAL,
    ClientState.AWAITING_POWER: UpgradeStatus.NORMAL,
    ClientState.DOWNLOADING: UpgradeStatus.DOWNLOAD_IN_PROGRESS,
    ClientState.PACING: UpgradeStatus.DOWNLOAD_IN_PROGRESS,
    ClientState.PAGING: UpgradeStatus.DOWNLOAD_IN_PROGRESS,
    ClientState.FILLING: UpgradeStatus.DOWNLOAD_IN_PROGRESS,
    ClientState.WAITING_FOR_DATA: UpgradeStatus.DOWNLOAD_IN_PROGRESS,
    ClientState.VERIFYING: UpgradeStatus.DOWNLOAD_COMPLETE,
    ClientState.WAIT_FOR_MORE: UpgradeStatus.WAIT_FOR_MORE,
    ClientState.ENDING: UpgradeStatus.DOWNLOAD_COMPLETE,
    ClientState.COUNTDOWN: UpgradeStatus.COUNT_DOWN,
    ClientState.WAITING_TO_UPGRADE: UpgradeStatus.WAITING_TO_UPGRADE,
    ClientState.EXTERNAL: UpgradeStatus.WAITING_FOR_EXTERNAL_EVENT,
    ClientState.RESTARTING: UpgradeStatus.COUNT_DOWN,
}

# States in which octets of a file are on their way in.
RECEIVING = (
    ClientState.DOWNLOADING,
    ClientState.PACING,
    ClientState.PAGING,
    ClientState.FILLING,
    ClientState.WAITING_FOR_DATA,
)

_Row = tuple[ClientState, Do]

TABLE: dict[tuple[ClientState, ClientEvent], _Row] = {
    (ClientState.OFF, ClientEvent.BOOTED): (ClientState.IDLE, Do.START),
    (ClientState.OFF, ClientEvent.BOOTED_DOWNLOADING): (ClientState.DOWNLOADING, Do.RESUME),
    (ClientState.OFF, ClientEvent.BOOTED_HOLDING): (ClientState.ENDING, Do.SEND_END),
    (ClientState.OFF, ClientEvent.BOOTED_HOLDING_UNASKED): (ClientState.EXTERNAL, Do.PARK),
    (ClientState.IDLE, ClientEvent.TIMER): (ClientState.QUERYING, Do.QUERY),
    (ClientState.IDLE, ClientEvent.NOTIFIED): (ClientState.QUERYING, Do.QUERY),
    (ClientState.IDLE, ClientEvent.MAINS_ON): (ClientState.QUERYING, Do.QUERY),
    (ClientState.QUERYING, ClientEvent.OFFERED): (ClientState.DOWNLOADING, Do.BEGIN),
    (ClientState.QUERYING, ClientEvent.OFFERED_ON_BATTERY): (
        ClientState.AWAITING_POWER,
        Do.AWAIT_POWER,
    ),
    (ClientState.QUERYING, ClientEvent.OFFERED_TOO_BIG): (ClientState.IDLE, Do.REFUSE_SIZE),
    (ClientState.QUERYING, ClientEvent.OFFERED_DOWNGRADE): (ClientState.IDLE, Do.REFUSE_DOWNGRADE),
    (ClientState.QUERYING, ClientEvent.OFFERED_OTHER): (ClientState.IDLE, Do.REST),
    (ClientState.QUERYING, ClientEvent.NOTHING_OFFERED): (ClientState.IDLE, Do.REST),
    (ClientState.QUERYING, ClientEvent.NOTHING_NEWER): (ClientState.ENDING, Do.SEND_END),
    (ClientState.QUERYING, ClientEvent.TIMER): (ClientState.QUERYING, Do.QUERY_AGAIN),
    (ClientState.QUERYING, ClientEvent.EXHAUSTED): (ClientState.IDLE, Do.MISS_QUERY),
    (ClientState.AWAITING_POWER, ClientEvent.TIMER): (ClientState.QUERYING, Do.QUERY),
    (ClientState.AWAITING_POWER, ClientEvent.NOTIFIED): (ClientState.QUERYING, Do.QUERY),
    (ClientState.AWAITING_POWER, ClientEvent.MAINS_ON): (ClientState.QUERYING, Do.QUERY),
    # Blocks. (DOWNLOADING, BLOCK) is the row every block takes; ``Transfer`` unrolls it.
    (ClientState.DOWNLOADING, ClientEvent.BLOCK): (ClientState.DOWNLOADING, Do.TAKE),
    (ClientState.DOWNLOADING, ClientEvent.LAST_BLOCK): (ClientState.VERIFYING, Do.START_VERIFY),
    (ClientState.DOWNLOADING, ClientEvent.CUT_SHORT): (ClientState.IDLE, Do.REJECT),
    (ClientState.DOWNLOADING, ClientEvent.TIMER): (ClientState.DOWNLOADING, Do.RETRY),
    (ClientState.DOWNLOADING, ClientEvent.EXHAUSTED): (ClientState.IDLE, Do.GIVE_UP),
    (ClientState.DOWNLOADING, ClientEvent.PACE): (ClientState.PACING, Do.PACE),
    (ClientState.DOWNLOADING, ClientEvent.USE_PAGES): (ClientState.PAGING, Do.REQUEST_PAGE),
    (ClientState.DOWNLOADING, ClientEvent.USE_HOLES): (ClientState.FILLING, Do.FILL_HOLE),
    (ClientState.PACING, ClientEvent.TIMER): (ClientState.DOWNLOADING, Do.REQUEST_NEXT),
    (ClientState.WAITING_FOR_DATA, ClientEvent.TIMER): (ClientState.DOWNLOADING, Do.REQUEST_NEXT),
    # Pages.
    (ClientState.PAGING, ClientEvent.PAGE_BLOCK): (ClientState.PAGING, Do.COLLECT),
    (ClientState.PAGING, ClientEvent.PAGE_END): (ClientState.PAGING, Do.AWAIT_STRAGGLERS),
    (ClientState.PAGING, ClientEvent.PAGE_DONE): (ClientState.DOWNLOADING, Do.TAKE),
    (ClientState.PAGING, ClientEvent.PAGE_LAST): (ClientState.VERIFYING, Do.START_VERIFY),
    (ClientState.PAGING, ClientEvent.TIMER): (ClientState.FILLING, Do.FILL_HOLE),
    (ClientState.PAGING, ClientEvent.PAGE_SILENT): (ClientState.PAGING, Do.RETRY_PAGE),
    (ClientState.PAGING, ClientEvent.PAGES_UNSUPPORTED): (ClientState.DOWNLOADING, Do.USE_BLOCKS),
    (ClientState.PAGING, ClientEvent.PAGE_MISFIT): (ClientState.DOWNLOADING, Do.USE_BLOCKS),
    (ClientState.FILLING, ClientEvent.PAGE_BLOCK): (ClientState.FILLING, Do.FILL_HOLE),
    (ClientState.FILLING, ClientEvent.PAGE_END): (ClientState.FILLING, Do.FILL_HOLE),
    (ClientState.FILLING, ClientEvent.PAGE_DONE): (ClientState.DOWNLOADING, Do.TAKE),
    (ClientState.FILLING, ClientEvent.PAGE_LAST): (ClientState.VERIFYING, Do.START_VERIFY),
    (ClientState.FILLING, ClientEvent.PAGE_MISFIT): (ClientState.DOWNLOADING, Do.USE_BLOCKS),
    (ClientState.FILLING, ClientEvent.TIMER): (ClientState.FILLING, Do.RETRY_HOLE),
    (ClientState.FILLING, ClientEvent.EXHAUSTED): (ClientState.IDLE, Do.GIVE_UP),
    # Any of them may be told to wait or to stop, or lose the mains.
    **{
        (state, ClientEvent.TOLD_TO_WAIT): (ClientState.WAITING_FOR_DATA, Do.WAIT_FOR_DATA)
        for state in RECEIVING
        if state is not ClientState.WAITING_FOR_DATA
    },
    **{(state, ClientEvent.ABORTED): (ClientState.IDLE, Do.ABANDON) for state in RECEIVING},
    **{
        (state, ClientEvent.MAINS_OFF): (ClientState.AWAITING_POWER, Do.AWAIT_POWER)
        for state in RECEIVING
    },
    # The file is here.
    (ClientState.VERIFYING, ClientEvent.VERIFIED): (ClientState.ENDING, Do.SEND_END),
    (ClientState.VERIFYING, ClientEvent.VERIFIED_UNASKED): (ClientState.EXTERNAL, Do.PARK),
    (ClientState.VERIFYING, ClientEvent.INCOMPLETE): (ClientState.WAIT_FOR_MORE, Do.SEND_MORE),
    (ClientState.VERIFYING, ClientEvent.REJECTED): (ClientState.IDLE, Do.REJECT),
    (ClientState.WAIT_FOR_MORE, ClientEvent.END_ACKNOWLEDGED): (ClientState.QUERYING, Do.QUERY),
    (ClientState.WAIT_FOR_MORE, ClientEvent.NOTIFIED): (ClientState.QUERYING, Do.QUERY),
    (ClientState.WAIT_FOR_MORE, ClientEvent.TIMER): (ClientState.WAIT_FOR_MORE, Do.SEND_MORE),
    (ClientState.WAIT_FOR_MORE, ClientEvent.EXHAUSTED): (ClientState.QUERYING, Do.QUERY),
    (ClientState.WAIT_FOR_MORE, ClientEvent.END_FORBIDDEN): (ClientState.IDLE, Do.FORBID),
    # When may it run?
    (ClientState.ENDING, ClientEvent.TIMER): (ClientState.ENDING, Do.SEND_END),
    (ClientState.ENDING, ClientEvent.EXHAUSTED): (ClientState.RESTARTING, Do.APPLY),
    (ClientState.ENDING, ClientEvent.EXHAUSTED_HOLD): (
        ClientState.WAITING_TO_UPGRADE,
        Do.WAIT_TO_UPGRADE,
    ),
    (ClientState.ENDING, ClientEvent.EXHAUSTED_EXTERNAL): (ClientState.EXTERNAL, Do.PARK),
    (ClientState.ENDING, ClientEvent.EXHAUSTED_SCHEDULED): (ClientState.COUNTDOWN, Do.COUNT_ON),
    (ClientState.COUNTDOWN, ClientEvent.TIMER): (ClientState.RESTARTING, Do.APPLY),
    (ClientState.COUNTDOWN, ClientEvent.REASK): (ClientState.ENDING, Do.SEND_END),
    (ClientState.WAITING_TO_UPGRADE, ClientEvent.TIMER): (ClientState.ENDING, Do.SEND_END),
    (ClientState.WAITING_TO_UPGRADE, ClientEvent.NOTIFIED): (ClientState.QUERYING, Do.QUERY),
    (ClientState.EXTERNAL, ClientEvent.NOTIFIED): (ClientState.QUERYING, Do.QUERY),
    (ClientState.EXTERNAL, ClientEvent.END_EXTERNAL): (ClientState.EXTERNAL, Do.PARK),
    **{
        (state, event): row
        for state in (ClientState.ENDING, ClientState.COUNTDOWN, ClientState.WAITING_TO_UPGRADE)
        for event, row in (
            (ClientEvent.END_AT, (ClientState.COUNTDOWN, Do.COUNT_DOWN)),
            (ClientEvent.END_WAIT, (ClientState.WAITING_TO_UPGRADE, Do.WAIT_TO_UPGRADE)),
            (ClientEvent.END_EXTERNAL, (ClientState.EXTERNAL, Do.PARK)),
            (ClientEvent.END_FORBIDDEN, (ClientState.IDLE, Do.FORBID)),
        )
    },
    **{
        (state, ClientEvent.ACTIVATED): (ClientState.RESTARTING, Do.APPLY)
        for state in (
            ClientState.ENDING,
            ClientState.COUNTDOWN,
            ClientState.WAITING_TO_UPGRADE,
            ClientState.EXTERNAL,
        )
    },
    **{(state, ClientEvent.POWER_OFF): (ClientState.OFF, Do.FORGET) for state in ClientState},
}

_BOOTS = (
    ClientEvent.BOOTED,
    ClientEvent.BOOTED_DOWNLOADING,
    ClientEvent.BOOTED_HOLDING,
    ClientEvent.BOOTED_HOLDING_UNASKED,
)
_OFFERS = (
    ClientEvent.OFFERED,
    ClientEvent.OFFERED_ON_BATTERY,
    ClientEvent.OFFERED_TOO_BIG,
    ClientEvent.OFFERED_DOWNGRADE,
    ClientEvent.OFFERED_OTHER,
    ClientEvent.NOTHING_OFFERED,
    ClientEvent.NOTHING_NEWER,
)
_ENDS = (
    ClientEvent.END_AT,
    ClientEvent.END_WAIT,
    ClientEvent.END_EXTERNAL,
    ClientEvent.END_FORBIDDEN,
)
_ON = tuple(state for state in ClientState if state is not ClientState.OFF)


def _elsewhere(
    states: tuple[ClientState, ...], events: tuple[ClientEvent, ...]
) -> set[tuple[ClientState, ClientEvent]]:
    """Every pair of ``states`` and ``events`` that has no row."""
    pairs = {(state, event) for state in states for event in events}
    return pairs - TABLE.keys()


# Late, duplicated or unsolicited frames, and words that change nothing where they arrive.
IGNORED: frozenset[tuple[ClientState, ClientEvent]] = frozenset(
    _elsewhere(
        _ON,
        (
            ClientEvent.NOTIFIED,
            ClientEvent.STALE_BLOCK,
            ClientEvent.TOLD_TO_WAIT,
            ClientEvent.ABORTED,
            ClientEvent.PAGES_UNSUPPORTED,
            ClientEvent.END_ACKNOWLEDGED,
            ClientEvent.ACTIVATED,
            *_OFFERS,
            *_ENDS,
        ),
    )
    | _elsewhere(tuple(ClientState), (ClientEvent.MAINS_ON, ClientEvent.MAINS_OFF))
    | {(ClientState.OFF, ClientEvent.ACTIVATED), (ClientState.RESTARTING, ClientEvent.TIMER)}
)

# What the client never makes of anything in that state.
ILLEGAL: frozenset[tuple[ClientState, ClientEvent]] = frozenset(
    _elsewhere(_ON, _BOOTS)
    | (_elsewhere((ClientState.OFF,), tuple(ClientEvent)) - IGNORED)
    | (
        _elsewhere(
            _ON,
            (
                ClientEvent.TIMER,
                ClientEvent.EXHAUSTED,
                ClientEvent.EXHAUSTED_HOLD,
                ClientEvent.EXHAUSTED_EXTERNAL,
                ClientEvent.EXHAUSTED_SCHEDULED,
                ClientEvent.REASK,
                ClientEvent.BLOCK,
                ClientEvent.LAST_BLOCK,
                ClientEvent.CUT_SHORT,
                ClientEvent.USE_PAGES,
                ClientEvent.USE_HOLES,
                ClientEvent.PACE,
                ClientEvent.PAGE_BLOCK,
                ClientEvent.PAGE_END,
                ClientEvent.PAGE_DONE,
                ClientEvent.PAGE_LAST,
                ClientEvent.PAGE_SILENT,
                ClientEvent.PAGE_MISFIT,
                ClientEvent.VERIFIED,
                ClientEvent.VERIFIED_UNASKED,
                ClientEvent.INCOMPLETE,
                ClientEvent.REJECTED,
            ),
        )
        - IGNORED
    )
)
