"""What gateway and head end say to each other over HTTP, version 1: records and their JSON; pure.

``ota_engine.fleet.port`` says what they mean by it; here is how it travels and what is agreed beside it.
Everything is read strictly: a field that is not known is refused, but in what is said before versions are
agreed. Another field is another version.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from images.eui64 import Eui64
from ota_engine.fleet.port import HubOutcome, HubWord, Instruction, Verb
from ota_engine.gateway.wire_shapes import (
    BigWhole,
    ByName,
    DeviceName,
    Fields,
    HexOctets,
    LineText,
    Maybe,
    OneOf,
    Real,
    Several,
    Whole,
    WireError,
    YesNo,
    read_document,
    written,
)
from ota_engine.times import Utc

#: Versions that this software speaks, the newest first.
PROTOCOLS: Final = (1,)
#: Where a gateway registers, whatever it speaks; what follows is below ``base_of`` the version agreed.
REGISTER_PATH: Final = "/gateway/v1/register"

MOST_BODY: Final = 4 << 20  # octets of one document
MOST_OUTCOMES: Final = 500  # in one report
MOST_KEYS: Final = 2_000  # of instructions taken, in one report
MOST_HOMES: Final = 2_000  # of one gateway
MOST_ORIGINATORS: Final = 64  # parties whose counters one home draws
MOST_TRANSFERS: Final = 200  # in one report of progress
MOST_MESSAGE: Final = 256 << 10  # octets of one signed message
MOST_COUNTER: Final = (1 << 63) - 1  # OriginatorCounter (GBCS)
PROBLEM_TYPE: Final = "application/problem+json"  # of a refusal, RFC 9457
HEARTBEAT_S: Final = 15.0  # between two things on a stream, a comment at least
SILENT_S: Final = 45.0  # after which a stream that brings nothing is given up
CLOCK_OFF_S: Final = 120.0  # difference of clocks from which on it is a trouble

_UTC: Final = Real(0.0, 253_402_300_799.0)  # the last second of the year 9999
_ID: Final = LineText(64, "[A-Za-z0-9][A-Za-z0-9._:+-]*", 1)
_NAME: Final = LineText(200, "", 1)
_KEY: Final = LineText(400, "", 1)
_LINE: Final = LineText(500, mends=True)
_SHA256: Final = LineText(64, "[0-9a-f]{64}", 64)
_NO_SHA256: Final = LineText(64, "|[0-9a-f]{64}")
#: A code or a token.
SECRET: Final = LineText(200, "[A-Za-z0-9_-]+", 20)
_INSTANCE: Final = LineText(64, "[A-Za-z0-9_-]+", 16)
_COUNT: Final = Whole()
_VERSION: Final = Whole(0, (1 << 32) - 1)
_PROTOCOL: Final = Whole(1, 1_000)
_COUNTERS: Final = ByName(DeviceName(), BigWhole(MOST_COUNTER), MOST_ORIGINATORS)

#: Highest counters by the party whose they are.
Highest = Mapping[Eui64, int]


class Registering(NamedTuple):
    """A gateway says who it is, once; ``POST register``.

    Attributes:
        gateway: its name, as the operator admitted it.
        code: that its operator was given.
        instance: drawn when its state folder was made: two with one name are told apart.
        software: what it runs, in its own words.
        protocols: versions that it speaks.
        utc: by its clock.
    """

    gateway: str
    code: str
    instance: str
    software: str
    protocols: tuple[int, ...]
    utc: Utc


class Registration(NamedTuple):
    """The answer to that.

    Attributes:
        token: to be shown from now on (``Authorization: Bearer``); it is kept before it is used.
        protocol: the version that both speak.
        utc: by the head end's clock.
        rate: seconds of its calendar in a second; other than 1 for a trial.
    """

    token: str
    protocol: int
    utc: Utc
    rate: float


class TokenChange(NamedTuple):
    """A gateway has drawn itself another token; ``POST token``, by the one before.

    The gateway keeps both until one of them is known: so an answer that is lost costs nothing.

    Attributes:
        instance: of the gateway.
        token_sha256: SHA-256 of the new one, which travels only when it is used.
    """

    instance: str
    token_sha256: str


class Opening(NamedTuple):
    """A gateway wants to be told things; the query of ``GET stream``.

    Attributes:
        instance: of the gateway.
        software: what it runs now.
        protocols: versions that it speaks now.
        utc: by its clock.
    """

    instance: str
    software: str
    protocols: tuple[int, ...]
    utc: Utc


class HomeGiven(NamedTuple):
    """A home that belongs to the gateway.

    Attributes:
        home: pseudonym.
        counters: by originator; what is drawn there is above these.
    """

    home: str
    counters: Highest


class Hello(NamedTuple):
    """What a stream begins with.

    Attributes:
        protocol: the version that both speak.
        utc: by the head end's clock.
        rate: seconds of its calendar in a second.
        heard: number of the last outcome that it keeps: the gateway goes on after that, whether it has
            told more before, because the head end may have lost them, or fewer, because the gateway has.
        homes: all that belong to the gateway.
        watch: somebody looks at transfers.
    """

    protocol: int
    utc: Utc
    rate: float
    heard: int
    homes: tuple[HomeGiven, ...]
    watch: bool


class HomesGiven(NamedTuple):
    """Homes were given or taken: these are all that belong to the gateway now."""

    homes: tuple[HomeGiven, ...]


class Watching(NamedTuple):
    """Whether somebody looks at transfers; they are told only while somebody does."""

    on: bool


class Parting(NamedTuple):
    """The stream ends.

    Attributes:
        reason: why, in one line.
        again_s: seconds after which to come again; None for not by itself.
    """

    reason: str
    again_s: float | None


class OutcomeReport(NamedTuple):
    """What a gateway says; ``POST outcomes``. All of it is kept in one commit, or none.

    Attributes:
        instance: of the gateway.
        utc: by its clock.
        first: number of the first of the outcomes; the gateway counts all of them, from 1.
        oldest: number of the oldest that it still has, or the next one's where it has none.
        outcomes: in the order of their numbers; may be none.
        taken: keys of instructions that it will not forget.
        counters: highest that were used, by home and originator: of homes where one was used since
            the last report that was answered, and of all in the first one after a hello.
        released: homes that were taken from it and in which it draws no counter any more.
        homes: for how many it has a hub that runs.
        trouble: what is wrong with it, in one line; empty for nothing.
    """

    instance: str
    utc: Utc
    first: int
    oldest: int
    outcomes: tuple[HubOutcome, ...] = ()
    taken: tuple[str, ...] = ()
    counters: Mapping[str, Highest] = {}
    released: tuple[str, ...] = ()
    homes: int = 0
    trouble: str = ""


class OutcomesHeard(NamedTuple):
    """The answer to that.

    Attributes:
        heard: number of the last outcome that is kept; go on after it.
        utc: by the head end's clock.
    """

    heard: int
    utc: Utc


class LiveTransfer(NamedTuple):
    """A transfer under way, for somebody who looks.

    Attributes:
        home: pseudonym.
        device: that takes the image.
        sha256: of the image.
        version: of the image.
        size: octets of it.
        done: octets that the device has.
        pace: octets in a second, lately.
        repeats: blocks that were asked for again.
        state: in one word.
        utc: when that was so.
    """

    home: str
    device: Eui64
    sha256: str
    version: int
    size: int
    done: int
    pace: float
    repeats: int
    state: str
    utc: Utc


class ProgressReport(NamedTuple):
    """Transfers under way; ``POST progress``, only while somebody looks."""

    instance: str
    transfers: tuple[LiveTransfer, ...]


class WireProblem(NamedTuple):
    """Why a request was refused (RFC 9457).

    Attributes:
        title: the kind of trouble.
        status: of HTTP.
        detail: what is wrong and what to do next, in one line.
        code: one of ``codes`` below.
    """

    title: str
    status: int
    detail: str
    code: str


#: Codes of problems, with their status and what a gateway does then.
CODES: Final = {
    "malformed": (400, "mend the request: the same one is refused again"),
    "unknown token": (401, "register anew with another code"),
    "revoked": (401, "stop: the operator has revoked this gateway"),
    "code refused": (403, "ask the operator for another code"),
    "another instance": (409, "stop: another gateway has this identity"),
    "no common protocol": (409, "upgrade whichever end is older"),
    "not yours": (404, "go on without it"),
    "too much": (413, "send less at once"),
    "too often": (429, "come again after Retry-After"),
    "busy": (503, "come again after Retry-After"),
}

REGISTERING: Final = Fields(
    Registering,
    {
        "gateway": _ID,
        "code": SECRET,
        "instance": _INSTANCE,
        "software": LineText(100, mends=True),
        "protocols": Several(_PROTOCOL, 20, 1),
        "utc": _UTC,
    },
    grows=True,
    title="Registering",
)
REGISTRATION: Final = Fields(
    Registration,
    {"token": SECRET, "protocol": _PROTOCOL, "utc": _UTC, "rate": Real(1e-3, 1e9)},
    grows=True,
    title="Registration",
)
TOKEN_CHANGE: Final = Fields(
    TokenChange, {"instance": _INSTANCE, "token_sha256": _SHA256}, title="TokenChange"
)
HOME_GIVEN: Final = Fields(HomeGiven, {"home": _NAME, "counters": _COUNTERS}, title="HomeGiven")
_HOMES: Final = Several(HOME_GIVEN, MOST_HOMES)
HELLO: Final = Fields(
    Hello,
    {
        "protocol": _PROTOCOL,
        "utc": _UTC,
        "rate": Real(1e-3, 1e9),
        "heard": _COUNT,
        "homes": _HOMES,
        "watch": YesNo(),
    },
    title="Hello",
)
HOMES_GIVEN: Final = Fields(HomesGiven, {"homes": _HOMES}, title="HomesGiven")
WATCHING: Final = Fields(Watching, {"on": YesNo()}, title="Watching")
PARTING: Final = Fields(
    Parting, {"reason": _LINE, "again_s": Maybe(Real(0.0, 86_400.0))}, title="Parting"
)
INSTRUCTION: Final = Fields(
    Instruction,
    {
        "key": _KEY,
        "gateway": _ID,
        "campaign": LineText(200),
        "attempt": _COUNT,
        "home": _NAME,
        "device": DeviceName(),
        "verb": OneOf(Verb),
        "sha256": _NO_SHA256,
        "version": _VERSION,
        "at_utc": Maybe(_UTC),
        "until_utc": Maybe(_UTC),
        "number": _COUNT,
        "commanded": YesNo(),
        "command": HexOctets(MOST_MESSAGE),
        "user": Maybe(DeviceName()),
        "counter": BigWhole(MOST_COUNTER),
        "provider": _LINE,
    },
    title="Instruction",
)
OUTCOME: Final = Fields(
    HubOutcome,
    {
        "key": _KEY,
        "campaign": LineText(200),
        "attempt": _COUNT,
        "home": _NAME,
        "device": DeviceName(),
        "word": OneOf(HubWord),
        "reason": _LINE,
        "version": Maybe(_VERSION),
        "message": HexOctets(MOST_MESSAGE),
        "utc": _UTC,
    },
    title="Outcome",
)
OUTCOME_REPORT: Final = Fields(
    OutcomeReport,
    {
        "instance": _INSTANCE,
        "utc": _UTC,
        "first": Whole(1),
        "oldest": Whole(1),
        "outcomes": Several(OUTCOME, MOST_OUTCOMES),
        "taken": Several(_KEY, MOST_KEYS),
        "counters": ByName(_NAME, _COUNTERS, MOST_HOMES),
        "released": Several(_NAME, MOST_HOMES),
        "homes": _COUNT,
        "trouble": _LINE,
    },
    called={"first": "from"},
    may_lack={
        "outcomes": (),
        "taken": (),
        "counters": {},
        "released": (),
        "homes": 0,
        "trouble": "",
    },
    title="OutcomeReport",
)
OUTCOMES_HEARD: Final = Fields(OutcomesHeard, {"heard": _COUNT, "utc": _UTC}, title="OutcomesHeard")
LIVE_TRANSFER: Final = Fields(
    LiveTransfer,
    {
        "home": _NAME,
        "device": DeviceName(),
        "sha256": _SHA256,
        "version": _VERSION,
        "size": _COUNT,
        "done": _COUNT,
        "pace": Real(0.0, 1e9),
        "repeats": _COUNT,
        "state": LineText(40, mends=True),
        "utc": _UTC,
    },
    title="LiveTransfer",
)
PROGRESS_REPORT: Final = Fields(
    ProgressReport,
    {"instance": _INSTANCE, "transfers": Several(LIVE_TRANSFER, MOST_TRANSFERS)},
    title="ProgressReport",
)
WIRE_PROBLEM: Final = Fields(
    WireProblem,
    {"title": _LINE, "status": Whole(400, 599), "detail": _LINE, "code": LineText(40)},
    may_lack={"title": "", "detail": "", "code": ""},
    grows=True,
    title="WireProblem",
)

#: How each record is written as a document of its own.
DOCUMENTS: Final[Mapping[type[Any], Fields]] = {
    Registering: REGISTERING,
    Registration: REGISTRATION,
    TokenChange: TOKEN_CHANGE,
    Hello: HELLO,
    HomesGiven: HOMES_GIVEN,
    Watching: WATCHING,
    Parting: PARTING,
    Instruction: INSTRUCTION,
    OutcomeReport: OUTCOME_REPORT,
    OutcomesHeard: OUTCOMES_HEARD,
    ProgressReport: PROGRESS_REPORT,
    WireProblem: WIRE_PROBLEM,
}


def base_of(protocol: int) -> str:
    """Where everything but registering lies for a version: ``/gateway/v1``."""
    return f"/gateway/v{protocol}"


def octets_of(record: Any) -> bytes:
    """Write a record as a document.

    Raises:
        WireError: something of it cannot be said.
    """
    return written(DOCUMENTS[type(record)], record)


def record_of(kind: type[Any], octets: bytes) -> Any:
    """Read a document.

    Args:
        kind: of the record that it holds.
        octets: the document.

    Raises:
        WireError: it holds none.
    """
    shape = DOCUMENTS[kind]
    return read_document(shape, octets, MOST_BODY, shape.title)


def query_of(opening: Opening) -> dict[str, str]:
    """Write the query of a stream."""
    return {
        "instance": _INSTANCE.write(opening.instance),
        "software": LineText(100, mends=True).write(opening.software),
        "protocols": ",".join(map(str, opening.protocols)),
        "utc": repr(float(opening.utc)),
    }


def opening_of(query: Mapping[str, str]) -> Opening:
    """Read the query of a stream; what else is in it is passed over, as versions are not agreed yet.

    Raises:
        WireError: it opens none.
    """
    instance = _INSTANCE.read(query.get("instance"), "instance")
    software = LineText(100).read(query.get("software", ""), "software")
    told = query.get("protocols", "").split(",")
    if len(told) > 20 or not all(one.isascii() and one.isdecimal() for one in told):
        raise WireError("protocols: whole numbers with commas between them are wanted")
    protocols = tuple(_PROTOCOL.read(int(one[:6]), "protocols") for one in told)
    try:
        utc = float(query.get("utc", ""))
    except ValueError:
        raise WireError("utc: a number of seconds is wanted") from None
    return Opening(instance, software, protocols, Utc(_UTC.read(utc, "utc")))


def agreed(mine: Iterable[int], theirs: Iterable[int]) -> int:
    """The newest version that both ends speak.

    Raises:
        WireError: there is none; both are named.
    """
    ours, others = set(mine), set(theirs)
    if both := ours & others:
        return max(both)
    raise WireError(
        f"the gateway speaks {_versions(others)} and the head end {_versions(ours)}: upgrade"
        f" {'the gateway' if max(others, default=0) < max(ours) else 'the head end'}"
    )


def _versions(numbers: Iterable[int]) -> str:
    told = ", ".join(map(str, sorted(numbers)))
    return f"protocol {told}" if told else "no protocol"


def is_clock_off(off_s: float, rate: float) -> bool:
    """Whether the clocks of both ends differ by so much that somebody is to set one.

    Args:
        off_s: seconds by which they differ.
        rate: seconds of the calendar in a second: what is on its way is the more of it.
    """
    return abs(off_s) > CLOCK_OFF_S * max(rate, 1.0)


def fitting(outcomes: Iterable[HubOutcome]) -> tuple[HubOutcome, ...]:
    """The first of some outcomes, as many as one report may hold."""
    room = MOST_BODY - (1 << 20)  # the rest is for keys, counters and names
    found: list[HubOutcome] = []
    for outcome in outcomes:
        room -= 8_192 + 2 * len(outcome.message)
        if room < 0 or len(found) == MOST_OUTCOMES:
            break
        found.append(outcome)
    return tuple(found)
