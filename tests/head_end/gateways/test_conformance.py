"""Our door keeps the promises of the wire, and the checks find a door that does not."""

import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from images.eui64 import Eui64
from ota_engine.fleet.port import HubOutcome, HubWord
from ota_engine.gateway.wire import (
    Hello,
    HomeGiven,
    HomesGiven,
    OutcomeReport,
    OutcomesHeard,
    ProgressReport,
    octets_of,
    record_of,
)
from ota_engine.gateway.wire_conformance import (
    WIRE_CHECKS,
    GatewayJudge,
    HeadEndBench,
    NonConformingWireError,
    WireAnswer,
    WireSpeaker,
    WireStream,
    check_head_end,
)
from ota_engine.telling.http_wire import HttpWire
from ota_engine.times import Utc
from tests.head_end.gateways.lab import CODE, GatewayLab


@asynccontextmanager
async def bench_of(
    lab: GatewayLab, bend: Callable[[HttpWire], WireSpeaker] = lambda wire: wire
) -> AsyncIterator[HeadEndBench]:
    async with lab.door() as door, HttpWire(door.server.url) as wire:
        yield HeadEndBench(bend(wire), "gw", CODE, lambda: secrets.token_hex(16), lab.clock)


async def test_our_door_keeps_every_promise(lab: GatewayLab) -> None:
    kept: list[str] = []
    async with bench_of(lab) as bench:
        await check_head_end(bench, kept.append)
    assert len(kept) == len(WIRE_CHECKS) > 15
    assert all(promise.endswith(".") for promise in kept)


class Bent:
    """A way to our door on which an answer is made another one."""

    def __init__(
        self, wire: HttpWire, change: Callable[[str, bytes, WireAnswer], WireAnswer]
    ) -> None:
        self.wire = wire
        self.change = change

    async def ask(
        self, method: str, path: str, headers: Mapping[str, str], octets: bytes = b""
    ) -> WireAnswer:
        answer = await self.wire.ask(method, path, headers, octets)
        return self.change(path, octets, answer)

    @asynccontextmanager
    async def stream(
        self, path: str, query: Mapping[str, str], headers: Mapping[str, str]
    ) -> AsyncIterator[WireStream | WireAnswer]:
        async with self.wire.stream(path, query, headers) as stream:
            yield stream


def hears_anything(path: str, octets: bytes, answer: WireAnswer) -> WireAnswer:
    if not path.endswith("outcomes") or answer.status != 200:
        return answer
    report = record_of(OutcomeReport, octets)
    last = report.first - 1 + len(report.outcomes)
    return answer._replace(octets=octets_of(OutcomesHeard(last, Utc(1.0))))


def takes_any_token(path: str, octets: bytes, answer: WireAnswer) -> WireAnswer:
    return answer._replace(status=200) if answer.status == 401 else answer


def refuses_without_a_word(path: str, octets: bytes, answer: WireAnswer) -> WireAnswer:
    return answer._replace(octets=b"no") if answer.status >= 400 else answer


def serves_any_image(path: str, octets: bytes, answer: WireAnswer) -> WireAnswer:
    return answer._replace(status=200) if "images" in path and answer.status == 404 else answer


@pytest.mark.parametrize(
    "change", [hears_anything, takes_any_token, refuses_without_a_word, serves_any_image]
)
async def test_a_door_that_breaks_a_promise_is_found_out(
    lab: GatewayLab, change: Callable[[str, bytes, WireAnswer], WireAnswer]
) -> None:
    async with bench_of(lab, lambda wire: Bent(wire, change)) as bench:
        with pytest.raises(NonConformingWireError) as found:
            await check_head_end(bench)
    assert "\n" not in str(found.value)


# --- the contrary direction ----------------------------------------------------------------------

INSTANCE = "instance-of-a-gateway"


def outcome(key: str, home: str = "h1") -> HubOutcome:
    return HubOutcome(key, "", 0, home, Eui64(5), HubWord.VERSION, "", 1, b"", Utc(1.0))


def report(first: int, *said: HubOutcome, **changes: Any) -> OutcomeReport:
    made = OutcomeReport(INSTANCE, Utc(1.0), first, 1, said)
    return made._replace(**changes)


def judge() -> GatewayJudge:
    """A judge of a gateway that has a home and was heard up to its second outcome."""
    found = GatewayJudge()
    found.told(Hello(1, Utc(1.0), 1.0, 0, (HomeGiven("h1", {}),), watch=False))
    found.said(report(1, outcome("a"), outcome("b")), OutcomesHeard(2, Utc(1.0)))
    return found


def test_a_gateway_that_keeps_its_promises_is_let_pass() -> None:
    seen = judge()
    seen.said(report(3, outcome("c"), oldest=2), None)
    seen.said(report(3, outcome("c"), outcome("d"), oldest=2), OutcomesHeard(4, Utc(1.0)))
    seen.told(HomesGiven(()))
    assert seen.unreleased == {"h1"}
    seen.said(report(5, oldest=2, released=("h1",)), OutcomesHeard(4, Utc(1.0)))
    assert seen.unreleased == set()


@pytest.mark.parametrize(
    ("said", "promise"),
    [
        (report(5, outcome("z")), "follow what was heard"),
        (report(2, outcome("other")), "the same each time"),
        (report(3, outcome("c", "h9")), "of a home that was given"),
        (report(3, taken=("never",)), "only what was told is taken"),
        (report(3, instance="another-instance-of-it"), "one instance for ever"),
        (report(3, released=("h1",)), "let go only once it was taken"),
        (report(3, counters={"h9": {}}), "homes that were given"),
        (report(3, oldest=4), "not after the first told"),
    ],
)
def test_a_gateway_that_breaks_a_promise_is_found_out(said: OutcomeReport, promise: str) -> None:
    with pytest.raises(NonConformingWireError, match=promise):
        judge().said(said, None)


def test_progress_that_nobody_looks_at_is_found_out() -> None:
    with pytest.raises(NonConformingWireError, match="once somebody looks"):
        judge().progress(ProgressReport(INSTANCE, ()))
