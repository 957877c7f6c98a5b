"""The OTA client as a table: (state, event) -> (next state, what to do); knows no octets.

Read it downwards: a client queries, downloads by blocks or pages, waits when told to, verifies,
asks when to run the new file, and restarts. Every pair is in exactly one of three sets: ``TABLE``,
``IGNORED`` (it happens on a real network and means nothing here) or ``ILLEGAL`` (the client's own
classification never produces it); a test proves that, and that every state is reached.
"""

from enum import Enum, IntEnum


class State(Enum):
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


class Event(Enum):
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


class Do(Enum):
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
    State.OFF: UpgradeStatus.NORMAL,
    State.IDLE: UpgradeStatus.NORMAL,
    State.QUERYING: UpgradeStatus.NORMAL,
    State.AWAITING_POWER: UpgradeStatus.NORMAL,
    State.DOWNLOADING: UpgradeStatus.DOWNLOAD_IN_PROGRESS,
    State.PACING: UpgradeStatus.DOWNLOAD_IN_PROGRESS,
    State.PAGING: UpgradeStatus.DOWNLOAD_IN_PROGRESS,
    State.FILLING: UpgradeStatus.DOWNLOAD_IN_PROGRESS,
    State.WAITING_FOR_DATA: UpgradeStatus.DOWNLOAD_IN_PROGRESS,
    State.VERIFYING: UpgradeStatus.DOWNLOAD_COMPLETE,
    State.WAIT_FOR_MORE: UpgradeStatus.WAIT_FOR_MORE,
    State.ENDING: UpgradeStatus.DOWNLOAD_COMPLETE,
    State.COUNTDOWN: UpgradeStatus.COUNT_DOWN,
    State.WAITING_TO_UPGRADE: UpgradeStatus.WAITING_TO_UPGRADE,
    State.EXTERNAL: UpgradeStatus.WAITING_FOR_EXTERNAL_EVENT,
    State.RESTARTING: UpgradeStatus.COUNT_DOWN,
}

# States in which octets of a file are on their way in.
RECEIVING = (
    State.DOWNLOADING,
    State.PACING,
    State.PAGING,
    State.FILLING,
    State.WAITING_FOR_DATA,
)

Row = tuple[State, Do]

TABLE: dict[tuple[State, Event], Row] = {
    (State.OFF, Event.BOOTED): (State.IDLE, Do.START),
    (State.OFF, Event.BOOTED_DOWNLOADING): (State.DOWNLOADING, Do.RESUME),
    (State.OFF, Event.BOOTED_HOLDING): (State.ENDING, Do.SEND_END),
    (State.OFF, Event.BOOTED_HOLDING_UNASKED): (State.EXTERNAL, Do.PARK),
    (State.IDLE, Event.TIMER): (State.QUERYING, Do.QUERY),
    (State.IDLE, Event.NOTIFIED): (State.QUERYING, Do.QUERY),
    (State.IDLE, Event.MAINS_ON): (State.QUERYING, Do.QUERY),
    (State.QUERYING, Event.OFFERED): (State.DOWNLOADING, Do.BEGIN),
    (State.QUERYING, Event.OFFERED_ON_BATTERY): (State.AWAITING_POWER, Do.AWAIT_POWER),
    (State.QUERYING, Event.OFFERED_TOO_BIG): (State.IDLE, Do.REFUSE_SIZE),
    (State.QUERYING, Event.OFFERED_DOWNGRADE): (State.IDLE, Do.REFUSE_DOWNGRADE),
    (State.QUERYING, Event.OFFERED_OTHER): (State.IDLE, Do.REST),
    (State.QUERYING, Event.NOTHING_OFFERED): (State.IDLE, Do.REST),
    (State.QUERYING, Event.NOTHING_NEWER): (State.ENDING, Do.SEND_END),
    (State.QUERYING, Event.TIMER): (State.QUERYING, Do.QUERY_AGAIN),
    (State.QUERYING, Event.EXHAUSTED): (State.IDLE, Do.MISS_QUERY),
    (State.AWAITING_POWER, Event.TIMER): (State.QUERYING, Do.QUERY),
    (State.AWAITING_POWER, Event.NOTIFIED): (State.QUERYING, Do.QUERY),
    (State.AWAITING_POWER, Event.MAINS_ON): (State.QUERYING, Do.QUERY),
    # Blocks. (DOWNLOADING, BLOCK) is the row every block takes; ``Transfer`` unrolls it.
    (State.DOWNLOADING, Event.BLOCK): (State.DOWNLOADING, Do.TAKE),
    (State.DOWNLOADING, Event.LAST_BLOCK): (State.VERIFYING, Do.START_VERIFY),
    (State.DOWNLOADING, Event.TIMER): (State.DOWNLOADING, Do.RETRY),
    (State.DOWNLOADING, Event.EXHAUSTED): (State.IDLE, Do.GIVE_UP),
    (State.DOWNLOADING, Event.PACE): (State.PACING, Do.PACE),
    (State.DOWNLOADING, Event.USE_PAGES): (State.PAGING, Do.REQUEST_PAGE),
    (State.DOWNLOADING, Event.USE_HOLES): (State.FILLING, Do.FILL_HOLE),
    (State.PACING, Event.TIMER): (State.DOWNLOADING, Do.REQUEST_NEXT),
    (State.WAITING_FOR_DATA, Event.TIMER): (State.DOWNLOADING, Do.REQUEST_NEXT),
    # Pages.
    (State.PAGING, Event.PAGE_BLOCK): (State.PAGING, Do.COLLECT),
    (State.PAGING, Event.PAGE_END): (State.PAGING, Do.AWAIT_STRAGGLERS),
    (State.PAGING, Event.PAGE_DONE): (State.DOWNLOADING, Do.TAKE),
    (State.PAGING, Event.PAGE_LAST): (State.VERIFYING, Do.START_VERIFY),
    (State.PAGING, Event.TIMER): (State.FILLING, Do.FILL_HOLE),
    (State.PAGING, Event.PAGE_SILENT): (State.PAGING, Do.RETRY_PAGE),
    (State.PAGING, Event.PAGES_UNSUPPORTED): (State.DOWNLOADING, Do.USE_BLOCKS),
    (State.PAGING, Event.PAGE_MISFIT): (State.DOWNLOADING, Do.USE_BLOCKS),
    (State.FILLING, Event.PAGE_BLOCK): (State.FILLING, Do.FILL_HOLE),
    (State.FILLING, Event.PAGE_END): (State.FILLING, Do.FILL_HOLE),
    (State.FILLING, Event.PAGE_DONE): (State.DOWNLOADING, Do.TAKE),
    (State.FILLING, Event.PAGE_LAST): (State.VERIFYING, Do.START_VERIFY),
    (State.FILLING, Event.PAGE_MISFIT): (State.DOWNLOADING, Do.USE_BLOCKS),
    (State.FILLING, Event.TIMER): (State.FILLING, Do.RETRY_HOLE),
    (State.FILLING, Event.EXHAUSTED): (State.IDLE, Do.GIVE_UP),
    # Any of them may be told to wait or to stop, or lose the mains.
    **{
        (state, Event.TOLD_TO_WAIT): (State.WAITING_FOR_DATA, Do.WAIT_FOR_DATA)
        for state in RECEIVING
        if state is not State.WAITING_FOR_DATA
    },
    **{(state, Event.ABORTED): (State.IDLE, Do.ABANDON) for state in RECEIVING},
    **{(state, Event.MAINS_OFF): (State.AWAITING_POWER, Do.AWAIT_POWER) for state in RECEIVING},
    # The file is here.
    (State.VERIFYING, Event.VERIFIED): (State.ENDING, Do.SEND_END),
    (State.VERIFYING, Event.VERIFIED_UNASKED): (State.EXTERNAL, Do.PARK),
    (State.VERIFYING, Event.INCOMPLETE): (State.WAIT_FOR_MORE, Do.SEND_MORE),
    (State.VERIFYING, Event.REJECTED): (State.IDLE, Do.REJECT),
    (State.WAIT_FOR_MORE, Event.END_ACKNOWLEDGED): (State.QUERYING, Do.QUERY),
    (State.WAIT_FOR_MORE, Event.NOTIFIED): (State.QUERYING, Do.QUERY),
    (State.WAIT_FOR_MORE, Event.TIMER): (State.WAIT_FOR_MORE, Do.SEND_MORE),
    (State.WAIT_FOR_MORE, Event.EXHAUSTED): (State.QUERYING, Do.QUERY),
    (State.WAIT_FOR_MORE, Event.END_FORBIDDEN): (State.IDLE, Do.FORBID),
    # When may it run?
    (State.ENDING, Event.TIMER): (State.ENDING, Do.SEND_END),
    (State.ENDING, Event.EXHAUSTED): (State.RESTARTING, Do.APPLY),
    (State.ENDING, Event.EXHAUSTED_HOLD): (State.WAITING_TO_UPGRADE, Do.WAIT_TO_UPGRADE),
    (State.ENDING, Event.EXHAUSTED_EXTERNAL): (State.EXTERNAL, Do.PARK),
    (State.ENDING, Event.EXHAUSTED_SCHEDULED): (State.COUNTDOWN, Do.COUNT_ON),
    (State.COUNTDOWN, Event.TIMER): (State.RESTARTING, Do.APPLY),
    (State.COUNTDOWN, Event.REASK): (State.ENDING, Do.SEND_END),
    (State.WAITING_TO_UPGRADE, Event.TIMER): (State.ENDING, Do.SEND_END),
    (State.WAITING_TO_UPGRADE, Event.NOTIFIED): (State.QUERYING, Do.QUERY),
    (State.EXTERNAL, Event.NOTIFIED): (State.QUERYING, Do.QUERY),
    (State.EXTERNAL, Event.END_EXTERNAL): (State.EXTERNAL, Do.PARK),
    **{
        (state, event): row
        for state in (State.ENDING, State.COUNTDOWN, State.WAITING_TO_UPGRADE)
        for event, row in (
            (Event.END_AT, (State.COUNTDOWN, Do.COUNT_DOWN)),
            (Event.END_WAIT, (State.WAITING_TO_UPGRADE, Do.WAIT_TO_UPGRADE)),
            (Event.END_EXTERNAL, (State.EXTERNAL, Do.PARK)),
            (Event.END_FORBIDDEN, (State.IDLE, Do.FORBID)),
        )
    },
    **{
        (state, Event.ACTIVATED): (State.RESTARTING, Do.APPLY)
        for state in (State.ENDING, State.COUNTDOWN, State.WAITING_TO_UPGRADE, State.EXTERNAL)
    },
    **{(state, Event.POWER_OFF): (State.OFF, Do.FORGET) for state in State},
}

_BOOTS = (
    Event.BOOTED,
    Event.BOOTED_DOWNLOADING,
    Event.BOOTED_HOLDING,
    Event.BOOTED_HOLDING_UNASKED,
)
_OFFERS = (
    Event.OFFERED,
    Event.OFFERED_ON_BATTERY,
    Event.OFFERED_TOO_BIG,
    Event.OFFERED_DOWNGRADE,
    Event.OFFERED_OTHER,
    Event.NOTHING_OFFERED,
    Event.NOTHING_NEWER,
)
_ENDS = (Event.END_AT, Event.END_WAIT, Event.END_EXTERNAL, Event.END_FORBIDDEN)
_ON = tuple(state for state in State if state is not State.OFF)


def _elsewhere(states: tuple[State, ...], events: tuple[Event, ...]) -> set[tuple[State, Event]]:
    """Every pair of ``states`` and ``events`` that has no row."""
    pairs = {(state, event) for state in states for event in events}
    return pairs - TABLE.keys()


# Late, duplicated or unsolicited frames, and words that change nothing where they arrive.
IGNORED: frozenset[tuple[State, Event]] = frozenset(
    _elsewhere(
        _ON,
        (
            Event.NOTIFIED,
            Event.STALE_BLOCK,
            Event.TOLD_TO_WAIT,
            Event.ABORTED,
            Event.PAGES_UNSUPPORTED,
            Event.END_ACKNOWLEDGED,
            Event.ACTIVATED,
            *_OFFERS,
            *_ENDS,
        ),
    )
    | _elsewhere(tuple(State), (Event.MAINS_ON, Event.MAINS_OFF))
    | {(State.OFF, Event.ACTIVATED), (State.RESTARTING, Event.TIMER)}
)

# What the client never makes of anything in that state.
ILLEGAL: frozenset[tuple[State, Event]] = frozenset(
    _elsewhere(_ON, _BOOTS)
    | (_elsewhere((State.OFF,), tuple(Event)) - IGNORED)
    | (
        _elsewhere(
            _ON,
            (
                Event.TIMER,
                Event.EXHAUSTED,
                Event.EXHAUSTED_HOLD,
                Event.EXHAUSTED_EXTERNAL,
                Event.EXHAUSTED_SCHEDULED,
                Event.REASK,
                Event.BLOCK,
                Event.LAST_BLOCK,
                Event.USE_PAGES,
                Event.USE_HOLES,
                Event.PACE,
                Event.PAGE_BLOCK,
                Event.PAGE_END,
                Event.PAGE_DONE,
                Event.PAGE_LAST,
                Event.PAGE_SILENT,
                Event.PAGE_MISFIT,
                Event.VERIFIED,
                Event.VERIFIED_UNASKED,
                Event.INCOMPLETE,
                Event.REJECTED,
            ),
        )
        - IGNORED
    )
)
