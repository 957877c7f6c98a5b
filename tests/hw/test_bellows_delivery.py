"""Real bellows on the virtual dongle: whole deliveries, and all that can befall them."""

import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
import trio

from emulators.air.station import Placement
from emulators.home.roster import RosterEntry
from emulators.ncp.dongle import DongleOptions
from emulators.ncp.faults import DongleFaultKind, DongleFaultPlan
from emulators.platform.spec import ClientOptions
from hw.radio import ZigpyRadio
from images.eui64 import Eui64
from ota_engine.errors import LinkError
from ota_engine.events import LinkDown, LinkEvent, LinkUp, Priority, Send, SendStatus
from ota_engine.link.contract import LinkDownError, SendFailedError
from ota_engine.records import ImageRecord
from ota_engine.shell.runner import Shell
from tests.hw.dongle import FAST, VirtualDongle, home
from tests.hw.home import (
    FIRST,
    NEW,
    OLD,
    PATIENCE,
    device,
    engine,
    image,
    until,
    until_under_way,
    until_updated,
)
from tests.tiers import first_of

pytestmark = pytest.mark.dongle

ONE, TWO = Eui64(FIRST), Eui64(FIRST + 1)
LONG = 6000  # octets: long enough for something to befall the download


class Site(NamedTuple):
    """Everything a delivery needs, running."""

    dongle: VirtualDongle
    radio: ZigpyRadio
    shell: Shell


@asynccontextmanager
async def site(
    folder: Path,
    *entries: RosterEntry,
    file: ImageRecord | None = None,
    to: Sequence[Eui64] = (ONE,),
    line: str = "tcp",
    options: DongleOptions = FAST,
) -> AsyncIterator[Site]:
    """A dongle with joined devices, and an engine that is to deliver a file to some of them.

    Devices are restarted once everything runs, so that the engine hears of them at once.
    """
    async with (
        home(*(entries or (device(),)), folder=folder, line=line, options=options) as dongle,
        ZigpyRadio(dongle.settings) as radio,
        engine(radio, folder, file, to) as shell,
    ):
        for eui64 in to:
            dongle.power_on(eui64)
        yield Site(dongle, radio, shell)


@pytest.mark.parametrize("line", ["pty", pytest.param("tcp", marks=pytest.mark.heavy)])
async def test_a_device_ends_up_running_its_image(line: str, tmp_path: Path) -> None:
    async with site(tmp_path, file=image(), line=line) as here:
        found = await until_updated(here.shell)
        assert (found[ONE].version_before, found[ONE].version_after) == (OLD, NEW)
        assert here.dongle.version(ONE) == NEW
        assert not here.radio.troubles


@pytest.mark.parametrize("devices", [3, pytest.param(8, marks=pytest.mark.heavy)])
async def test_several_devices_at_once(tmp_path: Path, devices: int) -> None:
    entries = [device(number) for number in range(devices)]
    everyone = [entry.spec.eui64 for entry in entries]
    async with site(tmp_path, *entries, file=image(), to=everyone) as here:
        await until_updated(here.shell, devices)
        assert [here.dongle.version(eui64) for eui64 in everyone] == [NEW] * devices


async def test_a_sleepy_device(tmp_path: Path) -> None:
    async with site(tmp_path, device(sleepy=True), file=image(800)) as here:
        await until_updated(here.shell)
        assert here.dongle.version(ONE) == NEW


async def test_the_oldest_firmware_whose_statuses_have_other_numbers(tmp_path: Path) -> None:
    old = DongleOptions(baud=0, version=13)
    far = device()._replace(placement=Placement(relays=2, router=1))
    async with site(tmp_path, far, file=image(800), options=old) as here:
        with pytest.raises(SendFailedError) as caught:
            await here.radio.send(a_frame(here.radio.info.max_payload))
        assert caught.value.status == SendStatus.MESSAGE_TOO_LONG
        await until_updated(here.shell)


async def test_one_frame_in_twenty_is_damaged_on_the_serial_line(tmp_path: Path) -> None:
    noisy = DongleOptions(baud=0, faults=DongleFaultPlan(noise=0.05, seed=1))
    async with site(tmp_path, file=image(800), options=noisy) as here:
        await until_updated(here.shell)
        assert here.dongle.dongle.ash.counters.damaged > 0


async def test_the_dongle_restarts_in_mid_transfer(tmp_path: Path) -> None:
    async with site(tmp_path, file=image(LONG)) as here:
        await until_under_way(here.shell)
        here.dongle.fail(DongleFaultKind.RESET)
        found = await until(here.shell, lambda found: "radio is down" in found[ONE].reason)
        assert "RESET_WATCHDOG" in found[ONE].reason
        await until_updated(here.shell)


async def test_the_firmware_of_the_dongle_fails_in_mid_transfer(tmp_path: Path) -> None:
    async with site(tmp_path, file=image(LONG)) as here:
        await until_under_way(here.shell)
        here.dongle.fail(DongleFaultKind.ERROR)
        await until(here.shell, lambda found: "radio is down" in found[ONE].reason)
        await until_updated(here.shell)


@first_of("line", ["pty", "tcp"])
async def test_the_dongle_is_unplugged_in_mid_transfer(line: str, tmp_path: Path) -> None:
    async with site(tmp_path, file=image(LONG), line=line) as here:
        await until_under_way(here.shell)
        here.dongle.fail(DongleFaultKind.UNPLUG, seconds=1)
        await until(here.shell, lambda found: "radio is down" in found[ONE].reason)
        with pytest.raises(LinkDownError):
            await here.radio.send(a_frame(3))
        await until_updated(here.shell)
        assert here.dongle.version(ONE) == NEW


async def test_a_dongle_that_hangs_is_found_out_and_taken_up_again(tmp_path: Path) -> None:
    async with site(tmp_path, file=image(LONG)) as here:
        await until_under_way(here.shell)
        here.dongle.fail(DongleFaultKind.HANG, seconds=16)
        found = await until(here.shell, lambda found: "radio is down" in found[ONE].reason)
        assert "ERROR_EXCEEDED_MAXIMUM_ACK_TIMEOUT_COUNT" in found[ONE].reason
        await until_updated(here.shell)


async def test_nothing_is_left_behind_by_a_radio_that_is_lost_again_and_again(
    tmp_path: Path,
) -> None:
    async with home(device(), folder=tmp_path) as dongle, ZigpyRadio(dongle.settings) as radio:
        await until_event(radio, LinkUp)
        await until_living(before := trio.lowlevel.current_statistics().tasks_living)
        for _ in range(3):
            dongle.fail(DongleFaultKind.RESET)
            await until_event(radio, LinkDown)
            await until_event(radio, LinkUp)
        await until_living(before)


async def test_the_engine_is_killed_in_mid_transfer_and_another_goes_on(tmp_path: Path) -> None:
    async with home(device(), folder=tmp_path) as dongle:
        argv = [sys.executable, "-m", "tests.hw.lives", dongle.settings.url, str(tmp_path)]
        first = await trio.lowlevel.open_process(argv, stdout=subprocess.PIPE)
        assert first.stdout is not None
        with trio.fail_after(PATIENCE):
            assert await first.stdout.receive_some() == b"under way\n"
        first.send_signal(signal.SIGKILL)
        await first.wait()
        async with (
            ZigpyRadio(dongle.settings) as radio,
            engine(radio, tmp_path) as shell,
        ):
            (session,) = shell.engine.status()
            assert (session.device, session.attempt) == (ONE, 1)
            await until_updated(shell)
        assert dongle.version(ONE) == NEW


async def test_two_engines_do_not_share_a_dongle(tmp_path: Path) -> None:
    async with home(device(), folder=tmp_path) as dongle, ZigpyRadio(dongle.settings):
        with pytest.raises(LinkError, match="in use by another zota"):
            async with ZigpyRadio(dongle.settings):
                pass


@pytest.mark.parametrize("line", ["pty", "tcp"])
async def test_a_dongle_that_was_plugged_in_again_is_not_shared_either(
    line: str, tmp_path: Path
) -> None:
    async with (
        home(device(), folder=tmp_path, line=line) as dongle,
        ZigpyRadio(dongle.settings) as radio,
    ):
        dongle.fail(DongleFaultKind.UNPLUG, seconds=0.3)
        await until_event(radio, LinkDown)
        await until_event(radio, LinkUp)
        with pytest.raises(LinkError, match="in use by another zota"):
            async with ZigpyRadio(dongle.settings):
                pass


async def test_a_frame_as_long_as_the_radio_says_goes_and_a_longer_one_does_not(
    tmp_path: Path,
) -> None:
    async with site(tmp_path) as here:
        longest = here.radio.info.max_payload
        await here.radio.send(a_frame(longest))
        with pytest.raises(SendFailedError) as caught:
            await here.radio.send(a_frame(longest + 1))
    assert caught.value.status == SendStatus.MESSAGE_TOO_LONG


async def test_a_frame_too_long_for_its_way_is_refused_by_the_dongle(tmp_path: Path) -> None:
    """Source routes take octets; only the NCP knows how many."""
    far = device()._replace(placement=Placement(relays=2, router=1))
    async with site(tmp_path, far, file=image(800)) as here:
        with pytest.raises(SendFailedError) as caught:
            await here.radio.send(a_frame(here.radio.info.max_payload))
        assert caught.value.status == SendStatus.MESSAGE_TOO_LONG
        await until_updated(here.shell)


async def test_a_device_that_asks_for_too_much_gets_what_the_air_carries(tmp_path: Path) -> None:
    greedy = device(options=ClientOptions(block_size=200))
    async with site(tmp_path, greedy, file=image()) as here:
        await until_updated(here.shell)


async def test_a_device_that_is_gone_fails_alone(tmp_path: Path) -> None:
    async with site(tmp_path, device(), device(1), file=image()) as here:
        here.dongle.power_off(TWO)
        with pytest.raises(SendFailedError) as caught:
            await here.radio.send(a_frame(3)._replace(destination=TWO, ack=True))
        assert caught.value.status == SendStatus.DELIVERY_FAILED
        await until_updated(here.shell)


async def until_event(radio: ZigpyRadio, kind: type[LinkEvent]) -> None:
    """Wait for news of the link."""
    with trio.fail_after(PATIENCE):
        while not any(isinstance(event, kind) for event in await radio.events.receive()):
            pass


async def until_living(tasks: int) -> None:
    """Wait until no more tasks live than that."""
    with trio.fail_after(PATIENCE):
        while trio.lowlevel.current_statistics().tasks_living > tasks:  # noqa: ASYNC110
            await trio.sleep(0.01)


def a_frame(octets: int) -> Send:
    """A Default Response that nobody minds, of so many octets."""
    frame = bytes((0x18, 1, 0x0B)) + bytes(octets - 3)
    return Send(ONE, 10, 1, 0x0109, 0x0019, frame, False, False, Priority.NORMAL, 0)
