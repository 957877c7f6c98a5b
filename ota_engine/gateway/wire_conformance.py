"""What the wire promises, as checks anybody can run: on a head end from outside, and on what a gateway says.

Knows the words on the wire and nothing of HTTP libraries, of a fleet or of a hub. ``WIRE_CHECKS`` need a
head end and the code of a gateway that was admitted there; ``GatewayJudge`` is shown what passes between a
gateway and whatever head end it has.
"""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Protocol, TypeAlias

from images.eui64 import Eui64
from ota_engine.errors import ZotaError
from ota_engine.fleet.port import HubOutcome, HubWord, Instruction
from ota_engine.gateway.wire import (
    MOST_BODY,
    OUTCOME,
    PROBLEM_TYPE,
    PROTOCOLS,
    REGISTER_PATH,
    Hello,
    HomeGiven,
    HomesGiven,
    Opening,
    OutcomeReport,
    OutcomesHeard,
    Parting,
    ProgressReport,
    Registering,
    Registration,
    TokenChange,
    Watching,
    WireProblem,
    base_of,
    octets_of,
    query_of,
    record_of,
)
from ota_engine.gateway.wire_shapes import WireError, written
from ota_engine.gateway.wire_stream import StreamEvent
from ota_engine.times import Utc

SOFTWARE: Final = "zota conformance"
STRANGE_HOME: Final = "conformance-no-such-home"
STRANGE_DEVICE: Final = Eui64(0x0000000000000001)
STRANGE_IMAGE: Final = "00" * 32
CLOCK_S: Final = 86_400.0  # by which the clocks of this machine and of a head end may differ


class NonConformingWireError(ZotaError):
    """One side does not keep a promise of the wire; the text says which."""


class WireAnswer(NamedTuple):
    """An answer of a head end, as it came.

    Attributes:
        status: of HTTP.
        headers: by lower-case names.
        octets: of the body.
    """

    status: int
    headers: Mapping[str, str]
    octets: bytes


class WireStream(Protocol):
    """A stream that is open."""

    async def next_event(self) -> StreamEvent | None:
        """The next event, heartbeats passed over; None where the stream has ended."""


class WireSpeaker(Protocol):
    """Speaks HTTP to one head end."""

    async def ask(
        self, method: str, path: str, headers: Mapping[str, str], octets: bytes = b""
    ) -> WireAnswer:
        """Ask something, and wait for the whole answer."""

    def stream(
        self, path: str, query: Mapping[str, str], headers: Mapping[str, str]
    ) -> AbstractAsyncContextManager["WireStream | WireAnswer"]:
        """Open a stream; gives the answer instead where that is none."""


@dataclass(slots=True)
class HeadEndBench:
    """A head end under test.

    Attributes:
        speaker: speaks to it.
        gateway: name that was admitted.
        code: of it, not used yet.
        secrets: draws a text that nobody can guess, of letters and digits.
        utc: tells the time.
        instance: of the gateway that is played.
        token: that it was given; empty before.
        told: outcomes told so far.
    """

    speaker: WireSpeaker
    gateway: str
    code: str
    secrets: Callable[[], str]
    utc: Callable[[], Utc]
    instance: str = ""
    token: str = ""
    told: int = 0
    base: str = field(default=base_of(PROTOCOLS[0]))

    def registering(self, **changes: Any) -> Registering:
        """What it registers with."""
        self.instance = self.instance or self.secrets()
        said = Registering(self.gateway, self.code, self.instance, SOFTWARE, PROTOCOLS, self.utc())
        return said._replace(**changes)

    async def register(self, said: Registering) -> WireAnswer:
        """Register."""
        return await self.post(REGISTER_PATH, octets_of(said), token="")

    async def post(
        self, path: str, octets: bytes, *, token: str | None = None, kind: str = "application/json"
    ) -> WireAnswer:
        """Post a document.

        Args:
            path: whole, or a word below the base.
            octets: the document.
            token: to be shown; None for the own one.
            kind: its media type.
        """
        where = path if path.startswith("/") else f"{self.base}/{path}"
        headers = {"content-type": kind, **self._shown(token)}
        return await self.speaker.ask("POST", where, headers, octets)

    async def get(self, word: str, *, token: str | None = None, **headers: str) -> WireAnswer:
        """Get something below the base."""
        return await self.speaker.ask(
            "GET", f"{self.base}/{word}", {**headers, **self._shown(token)}
        )

    def report(self, *outcomes: HubOutcome, **changes: Any) -> OutcomeReport:
        """Make a report of the outcomes that follow those told."""
        first = self.told + 1
        return OutcomeReport(self.instance, self.utc(), first, 1, outcomes)._replace(**changes)

    async def tell(self, report: OutcomeReport) -> OutcomesHeard:
        """Say what happened.

        Raises:
            NonConformingWireError: it is not taken.
        """
        answer = await self.post("outcomes", octets_of(report))
        heard: OutcomesHeard = _read(OutcomesHeard, answer, "a report of outcomes")
        return heard

    def outcome(self) -> HubOutcome:
        """Something of a home that is nobody's: it is heard, and nothing follows from it."""
        return HubOutcome(
            f"conformance/{self.secrets()}",
            "",
            0,
            STRANGE_HOME,
            STRANGE_DEVICE,
            HubWord.VERSION,
            "",
            1,
            b"",
            self.utc(),
        )

    def stream(
        self, *, token: str | None = None, **changes: Any
    ) -> AbstractAsyncContextManager[WireStream | WireAnswer]:
        """Open a stream."""
        opening = Opening(self.instance, SOFTWARE, PROTOCOLS, self.utc())._replace(**changes)
        return self.speaker.stream(f"{self.base}/stream", query_of(opening), self._shown(token))

    def _shown(self, token: str | None) -> dict[str, str]:
        shown = self.token if token is None else token
        return {"authorization": f"Bearer {shown}"} if shown else {}


WireCheck: TypeAlias = Callable[[HeadEndBench], Awaitable[None]]

#: Every check, in the order in which they are run on one bench.
WIRE_CHECKS: list[WireCheck] = []


def _check(body: WireCheck) -> WireCheck:
    WIRE_CHECKS.append(body)
    return body


async def check_head_end(
    bench: HeadEndBench, passed: Callable[[str], None] = lambda promise: None
) -> None:
    """Run every check on a head end.

    Args:
        bench: with a code that was not used.
        passed: is told each promise that is kept.

    Raises:
        NonConformingWireError: a promise is not kept.
    """
    for check in WIRE_CHECKS:
        await check(bench)
        passed((check.__doc__ or "").split("\n")[0])


# --- registering ---------------------------------------------------------------------------------


@_check
async def check_strange_code(bench: HeadEndBench) -> None:
    """A code that is none lets nobody in, and is not repeated."""
    strange = bench.secrets() + bench.secrets()
    answer = await bench.register(bench.registering(code=strange))
    _refused(answer, 403, "code refused", "a code that is none")
    _demand(strange.encode() not in answer.octets, "a refusal does not repeat the code")


@_check
async def check_no_common_version(bench: HeadEndBench) -> None:
    """A gateway that speaks no common version is refused, and told both."""
    answer = await bench.register(bench.registering(protocols=(999,)))
    problem = _refused(answer, 409, "no common protocol", "a gateway of another version")
    _demand("999" in problem.detail, "the refusal of a version names it")


@_check
async def check_malformed_registration(bench: HeadEndBench) -> None:
    """What is no registration is refused in one line."""
    for octets in (b"", b"{", b"[]", b'{"gateway": 5}', b"\xff", b"{}" * 9):
        answer = await bench.post(REGISTER_PATH, octets, token="")
        _refused(answer, 400, "malformed", f"a registration of {octets[:12]!a}")


@_check
async def check_registration(bench: HeadEndBench) -> None:
    """A code lets its gateway in, with fields of a later version beside those that are known."""
    octets = octets_of(bench.registering())
    octets = octets[:-1] + b',"of a later version":1}'
    answer = await bench.post(REGISTER_PATH, octets, token="")
    found: Registration = _read(Registration, answer, "a registration")
    _demand(found.protocol in PROTOCOLS, "the version agreed is one that the gateway named")
    _demand(found.rate > 0, "the calendar goes on")
    bench.token = found.token


@_check
async def check_used_code(bench: HeadEndBench) -> None:
    """A code that was used lets in nobody else, and whoever used it once more."""
    other = await bench.register(bench.registering(instance=bench.secrets()))
    _refused(other, 403, "code refused", "a code that another has used")
    before = bench.token
    again = await bench.register(bench.registering())
    found: Registration = _read(Registration, again, "the same registration again")
    _demand(found.token != before, "who registers again has another token")
    bench.token = found.token
    stale = await bench.post("outcomes", octets_of(bench.report()), token=before)
    _refused(stale, 401, "unknown token", "the token of before")


@_check
async def check_tokens(bench: HeadEndBench) -> None:
    """Nobody gets anything without a token that is known."""
    for token in ("", bench.secrets(), bench.token[:-1]):
        _refused(
            await bench.post("outcomes", octets_of(bench.report()), token=token),
            401,
            "unknown token",
            "a report without a token that is known",
        )
        image = await bench.get(f"images/{STRANGE_IMAGE}", token=token)
        _refused(image, 401, "unknown token", "an image without a token that is known")
        async with bench.stream(token=token) as stream:
            _refused(stream, 401, "unknown token", "a stream without a token that is known")


# --- saying --------------------------------------------------------------------------------------


@_check
async def check_numbers(bench: HeadEndBench) -> None:
    """Outcomes are heard in the order of their numbers, each once."""
    said = [bench.outcome() for _ in range(4)]
    heard = await bench.tell(bench.report(*said[:2]))
    _demand(heard.heard == 2, "two outcomes are heard")
    heard = await bench.tell(bench.report(*said[:2], first=1))
    _demand(heard.heard == 2, "what is told again is heard once")
    heard = await bench.tell(bench.report(said[3], first=4))
    _demand(heard.heard == 2, "where a number lacks, nothing is heard, and where to go on is said")
    heard = await bench.tell(bench.report(*said[1:], first=2))
    _demand(heard.heard == 4, "what was heard before and what was not can come in one report")
    bench.told = 4


@_check
async def check_lost_outcomes(bench: HeadEndBench) -> None:
    """Outcomes that a gateway keeps no more hold up nothing."""
    first = bench.told + 3
    heard = await bench.tell(bench.report(bench.outcome(), first=first, oldest=first))
    _demand(heard.heard == first, "a report that names the oldest that there is goes on from there")
    bench.told = first


@_check
async def check_what_is_not_its_own(bench: HeadEndBench) -> None:
    """What is not the gateway's to say holds up nothing."""
    strange = bench.outcome()._replace(campaign="conformance", attempt=1)
    heard = await bench.tell(
        bench.report(
            strange,
            bench.outcome(),
            taken=("conformance/none",),
            counters={STRANGE_HOME: {STRANGE_DEVICE: 1 << 62}},
            released=(STRANGE_HOME,),
        )
    )
    _demand(heard.heard == bench.told + 2, "what is strange is heard as everything is")
    bench.told += 2


@_check
async def check_malformed_reports(bench: HeadEndBench) -> None:
    """What is no report is refused, and changes nothing."""
    good = octets_of(bench.report(bench.outcome()))
    for octets in (
        b"{}",
        good[:-1],
        good[:-1] + b',"more":1}',
        good.replace(b'"word":"version"', b'"word":"x"'),
    ):
        answer = await bench.post("outcomes", octets)
        _refused(answer, 400, "malformed", "what is no report")
    large = await bench.post("outcomes", b" " * (MOST_BODY + 1))
    _refused(large, 413, "too much", f"a report of more than {MOST_BODY} octets")
    heard = await bench.tell(bench.report())
    _demand(heard.heard == bench.told, "what was refused was not heard")


@_check
async def check_another_instance(bench: HeadEndBench) -> None:
    """A second gateway with the same token is refused."""
    report = bench.report()._replace(instance=bench.secrets())
    answer = await bench.post("outcomes", octets_of(report))
    _refused(answer, 409, "another instance", "a report of another instance")
    async with bench.stream(instance=bench.secrets()) as stream:
        _refused(stream, 409, "another instance", "a stream of another instance")


# --- being told ----------------------------------------------------------------------------------


@_check
async def check_hello(bench: HeadEndBench) -> None:
    """A stream begins with a hello that says what was heard."""
    async with bench.stream() as stream:
        hello = await _hello(stream)
        _demand(hello.heard == bench.told, "the hello names the last outcome that was heard")
        _demand(hello.protocol in PROTOCOLS, "the hello names a version that the gateway speaks")
        names = [one.home for one in hello.homes]
        _demand(len(names) == len(set(names)), "the hello names each home once")
        off = abs(hello.utc - bench.utc())
        _demand(hello.rate != 1.0 or off < CLOCK_S, "the hello tells the time")


@_check
async def check_stream_versions(bench: HeadEndBench) -> None:
    """A stream of no common version is refused."""
    async with bench.stream(protocols=(999,)) as stream:
        _refused(stream, 409, "no common protocol", "a stream of another version")


@_check
async def check_one_stream(bench: HeadEndBench) -> None:
    """A newer stream of a gateway ends the one before."""
    async with bench.stream() as first:
        await _hello(first)
        async with bench.stream() as second:
            await _hello(second)
            assert not isinstance(first, WireAnswer)  # noqa: S101 - it has begun with a hello
            while (event := await first.next_event()) is not None:
                if isinstance(event, Parting):
                    break


@_check
async def check_images(bench: HeadEndBench) -> None:
    """An image that was not ordered for the gateway is not there, whatever it is called."""
    for name in (STRANGE_IMAGE, "nothing", "..%2f..%2fetc%2fpasswd"):
        answer = await bench.get(f"images/{name}", range="bytes=0-9")
        _refused(answer, 404, "not yours", f"an image called {name}")


@_check
async def check_progress(bench: HeadEndBench) -> None:
    """Progress that nobody looks at is taken and changes nothing."""
    answer = await bench.post("progress", octets_of(ProgressReport(bench.instance, ())))
    _demand(answer.status == 204, "a report of progress is answered by 204")


@_check
async def check_another_token(bench: HeadEndBench) -> None:
    """A gateway that has drawn itself another token is known by that alone."""
    before, after = bench.token, bench.secrets() + bench.secrets()
    digest = hashlib.sha256(after.encode()).hexdigest()
    answer = await bench.post("token", octets_of(TokenChange(bench.instance, digest)))
    _demand(answer.status == 204, "a change of token is answered by 204")
    stale = await bench.post("outcomes", octets_of(bench.report()), token=before)
    _refused(stale, 401, "unknown token", "the token of before the change")
    bench.token = after
    await bench.tell(bench.report())


async def _hello(stream: WireStream | WireAnswer) -> Hello:
    if isinstance(stream, WireAnswer):
        raise NonConformingWireError(
            f"a stream is opened for who shows a token, and not answered by {stream.status}"
        )
    event = await stream.next_event()
    _demand(isinstance(event, Hello), "a stream begins with a hello")
    assert isinstance(event, Hello)  # noqa: S101 - demanded
    return event


def _read(kind: type[Any], answer: WireAnswer, what: str) -> Any:
    if answer.status != 200:
        raise NonConformingWireError(f"{what} is taken, and not answered by {answer.status}")
    try:
        return record_of(kind, answer.octets)
    except WireError as error:
        raise NonConformingWireError(f"{what} is answered as agreed, and not so: {error}") from None


def _refused(answer: WireAnswer | WireStream, status: int, code: str, what: str) -> WireProblem:
    if not isinstance(answer, WireAnswer):
        raise NonConformingWireError(f"{what} is refused")
    if answer.status != status:
        raise NonConformingWireError(f"{what} is refused by {status}, and not by {answer.status}")
    kind = answer.headers.get("content-type", "").partition(";")[0].strip()
    _demand(kind == PROBLEM_TYPE, f"{what} is refused by a problem document")
    try:
        problem: WireProblem = record_of(WireProblem, answer.octets)
    except WireError as error:
        raise NonConformingWireError(f"{what} is refused by a problem: {error}") from None
    _demand(problem.code == code, f"{what} is refused as {code}, and not as {problem.code[:40]!a}")
    _demand(bool(problem.detail), f"{what} is refused in a line that says what to do")
    return problem


def _demand(kept: bool, promise: str) -> None:
    if not kept:
        raise NonConformingWireError(f"not kept: {promise}")


# --- the contrary direction ----------------------------------------------------------------------


class GatewayJudge:
    """Sees what a gateway is told and what it says, and demands what the wire promises of it.

    A scripted head end shows it everything, in order: ``told`` what it has put on a stream that was open,
    ``said`` each report that came with what was answered (None for an answer that was lost), ``progress``
    each report of that.
    """

    def __init__(self) -> None:
        self._instance = ""
        self._outcomes: dict[int, bytes] = {}
        self._instructions: set[str] = set()
        self._given: dict[str, dict[Eui64, int]] = {}
        self._ever: set[str] = set()
        self._counters: dict[tuple[str, Eui64], int] = {}
        self._released: set[str] = set()
        self._watched = False
        self._heard = 0
        self._oldest = 1

    @property
    def unreleased(self) -> set[str]:
        """Homes that were taken from it and that it has not let go of."""
        return self._ever - self._given.keys() - self._released

    def told(self, event: StreamEvent) -> None:
        """See what a gateway is told."""
        if isinstance(event, Hello):
            self._heard = event.heard
            self._watched = self._watched or event.watch
            self._give(event.homes)
        elif isinstance(event, HomesGiven):
            self._give(event.homes)
        elif isinstance(event, Instruction):
            self._instructions.add(event.key)
        elif isinstance(event, Watching):
            self._watched = self._watched or event.on

    def _give(self, homes: tuple[HomeGiven, ...]) -> None:
        self._given = {one.home: dict(one.counters) for one in homes}
        self._ever |= self._given.keys()
        self._released -= self._given.keys()

    def said(self, report: OutcomeReport, answer: OutcomesHeard | None) -> None:
        """See what a gateway says, and what it was answered.

        Raises:
            NonConformingWireError: it does not keep a promise.
        """
        self._judge_identity(report.instance)
        self._judge_numbers(report)
        strange = set(report.taken) - self._instructions
        _demand(not strange, f"only what was told is taken, and not {sorted(strange)[:1]}")
        self._judge_homes(report)
        if answer is not None:
            self._heard = answer.heard

    def progress(self, report: ProgressReport) -> None:
        """See how a gateway says that transfers go.

        Raises:
            NonConformingWireError: it does not keep a promise.
        """
        self._judge_identity(report.instance)
        _demand(self._watched, "progress is told only once somebody looks")
        homes = {one.home for one in report.transfers}
        _demand(homes <= self._ever, "progress is told of homes that were given only")

    def _judge_identity(self, instance: str) -> None:
        self._instance = self._instance or instance
        _demand(instance == self._instance, "a state folder is one instance for ever")

    def _judge_numbers(self, report: OutcomeReport) -> None:
        _demand(
            report.first <= self._heard + 1 or report.first == report.oldest,
            f"outcomes follow what was heard ({self._heard}), and do not begin with {report.first}",
        )
        _demand(report.oldest <= report.first, "the oldest outcome is not after the first told")
        _demand(report.oldest >= self._oldest, "the oldest outcome that there is grows no older")
        self._oldest = report.oldest
        for number, one in enumerate(report.outcomes, report.first):
            octets = written(OUTCOME, one)
            if number not in self._outcomes:
                _demand(
                    one.home in self._ever - self._released,
                    f"outcome {number} is of a home that was given and is not let go of",
                )
            known = self._outcomes.setdefault(number, octets)
            _demand(known == octets, f"outcome {number} is the same each time it is told")

    def _judge_homes(self, report: OutcomeReport) -> None:
        for home, counters in report.counters.items():
            _demand(home in self._ever, f"counters are told of homes that were given, not {home}")
            for originator, highest in counters.items():
                key = home, originator
                _demand(
                    highest >= self._counters.get(key, 0),
                    f"the counter of home {home} does not go back",
                )
                floor = self._given.get(home, {}).get(originator, 0)
                _demand(
                    highest >= floor or home not in self._given,
                    f"the counter of home {home} is not below the one that it was given with",
                )
                self._counters[key] = highest
        for home in report.released:
            _demand(home not in self._given, f"home {home} is let go only once it was taken")
            self._released.add(home)
