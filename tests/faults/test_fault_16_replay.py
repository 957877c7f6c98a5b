"""Fault 16: a captured command, played again, is refused and changes nothing, whoever restarted."""

import pytest

from ota_engine.events import TUNNELING_CLUSTER, Send
from ota_engine.hub.tunnel import Route
from ota_engine.records import OrderState
from ota_engine.times import Monotonic
from tests.faults.home import NEW, UTC
from tests.faults.signed_home import SignedHome
from tests.hub.tunnel.home import ROOM, Hub


class Capture:
    """A sniffer that keeps every tunnel frame on its way to the device."""

    def __init__(self, home: SignedHome) -> None:
        self.frames: list[Send] = []
        home.network.listen(lambda _: None, self._sent)

    def _sent(self, send: Send, _: float) -> None:
        if send.cluster == TUNNELING_CLUSTER:
            self.frames.append(send)


def activated(home: SignedHome) -> None:
    home.deliver()
    home.activate()
    home.pass_time(120.0)
    assert home.order_record.state is OrderState.ACTIVATED
    assert (home.device.version, home.boots) == (NEW, 1)


def play_again(home: SignedHome, octets: bytes) -> None:
    """A second hub brings the device the very octets of an earlier command."""
    attacker = Hub()
    port = home.network.attach(attacker, beside=True)
    home.network.choose(home.device.eui64, port)
    spec = home.device.spec
    route = Route(spec.endpoint, spec.profile, spec.sleepy, ROOM)
    attacker.tunnels.send(spec.eui64, route, octets, 1, Monotonic(home.now))
    home.network.submit(port, attacker.collect(), Monotonic(home.now))
    home.pass_time(120.0)
    assert attacker.delivered == [1]
    assert attacker.received == []  # not a word
    home.network.detach(port)
    home.network.choose(home.device.eui64, None)


@pytest.mark.parametrize("cut", [False, True])
def test_the_octets_of_a_command_played_again_are_refused(cut: bool) -> None:
    home = SignedHome()
    activated(home)
    if cut:
        home.cut_power()
        home.pass_time(60.0)
        home.power_on()
        home.pass_time(60.0)
    play_again(home, home.order_record.command)
    (why,) = home.refusals
    assert "replay" in why
    assert home.boots == 1
    assert home.order_record.state is OrderState.ACTIVATED


@pytest.mark.parametrize("cut", [False, True])
def test_the_frames_of_a_command_played_again_change_nothing(cut: bool) -> None:
    home = SignedHome()
    capture = Capture(home)
    activated(home)
    if cut:
        home.cut_power()
        home.pass_time(60.0)
        home.power_on()
        home.pass_time(60.0)
    frames = tuple(capture.frames)
    assert frames
    for frame in frames:
        home.network.submit(home.port, [frame], Monotonic(home.now))
        home.pass_time(1.0)
    home.pass_time(300.0)
    assert home.boots == 1
    assert len(home.outcomes("order")) == 1


def test_an_order_for_later_that_was_cancelled_is_not_revived() -> None:
    home = SignedHome()
    home.deliver()
    home.activate(at=3600.0)
    home.pass_time(120.0)
    captured = home.order_record.command
    home.cancel()
    home.pass_time(120.0)
    assert home.order_record.state is OrderState.CANCELLED
    play_again(home, captured)
    home.pass_time(7200.0)
    assert home.boots == 0 and len(home.refusals) == 1


def test_an_order_given_again_has_a_counter_of_its_own_and_is_no_replay() -> None:
    home = SignedHome()
    activated(home)
    first = home.order_record.counter
    assert first is not None and first >= int(UTC * 1000)
    home.activate()
    home.pass_time(120.0)
    counters = [order.counter for order in home.shell.engine.orders()]
    assert len(set(counters)) == 2
    assert home.refusals == [] and home.boots == 1
