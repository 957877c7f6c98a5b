"""Every promise of a Link, kept by the emulated network in real and in virtual time."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from random import Random

import pytest
import trio
from trio.testing import MockClock

from emulators.air.network import Network
from emulators.devices import kinds
from emulators.devices.assembly import DeviceAssembly
from emulators.home.han import Han
from emulators.platform.spec import DeviceSpec
from images.eui64 import Eui64
from ota_engine.events import SMART_ENERGY, LinkEvent, LinkUp, Send
from ota_engine.link.conformance import (
    CHECKS,
    Bench,
    BenchFactory,
    NonConformityError,
    check_clients,
    check_first_event,
    check_link,
    check_loss,
    check_put,
    check_stranger,
)
from ota_engine.link.contract import ClientEndpoint, LinkDownError, NodeInfo, SendFailedError

DEVICE = Eui64(0x025A_0000_0000_0001)
Check = Callable[[BenchFactory], Awaitable[None]]


def a_han(kind: type[Han] = Han) -> Han:
    network = Network(Random(1))
    spec = DeviceSpec(DEVICE, kinds.IHD, 0x1001, 0x121D, 0x0085, 1)
    network.add(DeviceAssembly().build(spec))
    return kind(network)


@asynccontextmanager
async def han_bench(kind: type[Han] = Han) -> AsyncIterator[Bench]:
    han = a_han(kind)

    async def prompt() -> None:
        han.power_on(DEVICE)

    async def unplug() -> None:
        han.unplug()

    async def plug_in() -> None:
        han.plug_in()

    yield Bench(
        han,
        DEVICE,
        clients=(ClientEndpoint(1, SMART_ENERGY),),
        prompt=prompt,
        unplug=unplug,
        plug_in=plug_in,
    )


@pytest.mark.parametrize("check", CHECKS)
async def test_the_emulated_network_keeps_every_promise_in_virtual_time(
    check: Check, autojump_clock: MockClock
) -> None:
    await check(han_bench)


async def test_the_emulated_network_keeps_every_promise_in_real_time() -> None:
    clock = MockClock(rate=50)

    def in_real_time() -> None:
        trio.run(check_link, han_bench, clock=clock)

    await trio.to_thread.run_sync(in_real_time)


class Silent(Han):
    """Swallows what it is to send to nobody."""

    async def send(self, frame: Send) -> None:
        return


class Vague(Han):
    """Says of every failure that the device did not answer."""

    async def send(self, frame: Send) -> None:
        raise SendFailedError(0x66)


@pytest.mark.parametrize("flawed", [Silent, Vague])
async def test_a_link_that_hides_a_failure_is_found_out(
    flawed: type[Han], autojump_clock: MockClock
) -> None:
    @asynccontextmanager
    async def flawed_bench() -> AsyncIterator[Bench]:
        han = flawed(a_han().network)

        async def prompt() -> None:
            han.power_on(DEVICE)

        yield Bench(han, DEVICE, prompt=prompt)

    with pytest.raises(NonConformityError):
        await check_stranger(flawed_bench)


class FirstOnly(Han):
    """Takes one frame of a call and drops the others."""

    def put(self, frames: Sequence[Send]) -> None:
        super().put(frames[:1])


class Quiet(Han):
    """Takes frames while it is unplugged."""

    def put(self, frames: Sequence[Send]) -> None:
        if self.network.link_is_up:
            super().put(frames)

    async def send(self, frame: Send) -> None:
        if not self.network.link_is_up:
            raise LinkDownError("it is unplugged")
        await super().send(frame)


@pytest.mark.parametrize(("flawed", "check"), [(FirstOnly, check_put), (Quiet, check_loss)])
async def test_a_link_that_takes_many_frames_otherwise_than_one_by_one_is_found_out(
    flawed: type[Han], check: Check, autojump_clock: MockClock
) -> None:
    @asynccontextmanager
    async def flawed_bench() -> AsyncIterator[Bench]:
        async with han_bench(flawed) as bench:
            yield bench

    with pytest.raises(NonConformityError):
        await check(flawed_bench)


async def test_a_link_that_comes_up_otherwise_than_it_says_is_found_out(
    autojump_clock: MockClock,
) -> None:
    class Boastful(Han):
        def _first_event(self) -> LinkEvent:
            event = super()._first_event()
            assert isinstance(event, LinkUp)
            return event._replace(max_payload=100)

    @asynccontextmanager
    async def boastful_bench() -> AsyncIterator[Bench]:
        yield Bench(Boastful(Network(Random(1))), DEVICE)

    with pytest.raises(NonConformityError, match="agrees with info"):
        await check_first_event(boastful_bench)


class Forgetful(Han):
    """Never reads a simple descriptor."""

    CLIENTS: tuple[ClientEndpoint, ...] = ()

    @property
    def nodes(self) -> Mapping[Eui64, NodeInfo]:
        return {eui64: replace(node, clients=self.CLIENTS) for eui64, node in super().nodes.items()}


class Misled(Forgetful):
    """Names an endpoint that no query comes from."""

    CLIENTS = (ClientEndpoint(2, SMART_ENERGY),)


class Disorderly(Forgetful):
    """Names a client twice, and the last one first."""

    CLIENTS = (ClientEndpoint(2, SMART_ENERGY), *2 * (ClientEndpoint(1, SMART_ENERGY),))


@pytest.mark.parametrize(
    ("flawed", "promise"),
    [(Forgetful, "not known"), (Misled, "comes from one"), (Disorderly, "in the order")],
)
async def test_a_link_that_misplaces_the_clients_of_a_device_is_found_out(
    flawed: type[Han], promise: str, autojump_clock: MockClock
) -> None:
    @asynccontextmanager
    async def flawed_bench() -> AsyncIterator[Bench]:
        han = flawed(a_han().network)

        async def prompt() -> None:
            han.power_on(DEVICE)

        yield Bench(han, DEVICE, prompt=prompt)

    with pytest.raises(NonConformityError, match=promise):
        await check_clients(flawed_bench)
