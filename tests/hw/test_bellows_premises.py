"""Changes of tenancy and supplier over real bellows on the virtual dongle: published, asked for, cleared."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import trio

from emulators.devices import kinds
from emulators.home.roster import RosterEntry, acquainted
from emulators.premises.memory import PremisesMemory
from emulators.premises.words import BITS, ToldChange
from hw.radio import ZigpyRadio
from images.eui64 import Eui64
from ota_engine.hub.premises.requests import AnnounceChange
from ota_engine.records import PremisesReply, PremisesSubject, SessionState
from ota_engine.shell.runner import Shell
from ota_engine.times import Monotonic
from ota_engine.wall_clock import this_machine
from ota_engine.zcl.device_management import FOR_TENANCY
from tests.hw.dongle import VirtualDongle, home
from tests.hw.home import (
    FIRST,
    LOOK,
    PATIENCE,
    device,
    engine,
    image,
    until_under_way,
    until_updated,
)
from tests.tiers import first_of

pytestmark = pytest.mark.dongle

ONE, TWO = Eui64(FIRST), Eui64(FIRST + 1)
EVENT = 7
NOW = AnnounceChange(PremisesSubject.TENANCY, FOR_TENANCY, "test", None, EVENT)


def display(number: int = 0, habit: str = "ihd", *, sleepy: bool = False) -> RosterEntry:
    entry = device(number, sleepy=sleepy)
    return entry._replace(spec=replace(entry.spec, premises=habit))


def memory(dongle: VirtualDongle, eui64: Eui64 = ONE) -> PremisesMemory:
    premises = dongle.dongle.stack.devices[eui64].premises
    assert premises is not None
    return premises.memory


async def until(wanted: Callable[[], bool]) -> None:
    with trio.fail_after(PATIENCE):
        while True:
            if wanted():
                return
            await trio.sleep(LOOK)


def cleared(dongle: VirtualDongle, eui64: Eui64 = ONE) -> list[int]:
    return [one.event for one in memory(dongle, eui64).cleared]


def replies(shell: Shell) -> dict[Eui64, PremisesReply]:
    return {
        reply.device: reply.reply
        for status in shell.engine.premises_status()
        for reply in status.replies
    }


@first_of("sleepy", [True, False], ids=["sleepy", "mains"])
async def test_a_display_is_told_and_clears(sleepy: bool, tmp_path: Path) -> None:
    async with home(display(sleepy=sleepy), folder=tmp_path) as dongle:
        dongle.dongle.set_clocks(this_machine(), dongle.server.now)
        async with ZigpyRadio(dongle.settings) as radio, engine(radio, tmp_path) as shell:
            dongle.power_on(ONE)
            await shell.command(NOW)
            await until(lambda: bool(replies(shell)))
            await until(lambda: bool(cleared(dongle)))
    assert cleared(dongle) == [EVENT]


async def test_one_that_only_polls_asks_and_clears(tmp_path: Path) -> None:
    async with (
        home(display(habit="polls only"), folder=tmp_path) as dongle,
        ZigpyRadio(dongle.settings) as radio,
        engine(radio, tmp_path) as shell,
    ):
        await shell.command(NOW)
        dongle.power_on(ONE)
        port = dongle.dongle.stack.devices[ONE].premises
        assert port is not None
        port.ask_now(dongle.server.now)
        dongle.dongle.network.perform(ONE, (), Monotonic(dongle.server.now))
        dongle.server.kick()
        await until(lambda: bool(cleared(dongle)))
        assert replies(shell)[ONE] in {PremisesReply.ASKED, PremisesReply.TAKEN}


async def test_a_download_goes_on_while_the_display_clears(tmp_path: Path) -> None:
    async with home(display(), folder=tmp_path) as dongle:
        file = image(6000)
        async with (
            ZigpyRadio(dongle.settings) as radio,
            engine(radio, tmp_path, file, [ONE]) as shell,
        ):
            await until_under_way(shell)
            await shell.command(NOW)
            await until(lambda: bool(cleared(dongle)))
            found = await until_updated(shell)
    assert found[ONE].state is SessionState.UPDATED
    assert found[ONE].attempt == 1
    assert cleared(dongle) == [EVENT]


async def test_a_meter_tells_a_display_past_the_host(tmp_path: Path) -> None:
    meter = device(1)
    spec = replace(meter.spec, kind=kinds.ESME, image_type=0x88, premises="meter")
    entries = acquainted([display(), meter._replace(spec=spec)])
    async with home(*entries, folder=tmp_path) as dongle, ZigpyRadio(dongle.settings):
        node = dongle.dongle.stack.devices[TWO]
        told = ToldChange("tenancy", 1, 3, 0, 0, 1 << BITS["consumer data"])
        now = dongle.server.now
        memory(dongle, TWO).callers[ONE] = 1
        dongle.dongle.network.perform(TWO, node.announce(told, now), Monotonic(now))
        dongle.server.kick()
        await until(lambda: bool(cleared(dongle)))
    assert cleared(dongle) == [3]
