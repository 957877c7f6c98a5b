"""An engine with keys and a load switch with keys, over real bellows on the virtual dongle."""

from pathlib import Path

import pytest
import trio

from emulators.air.station import Placement
from emulators.devices import kinds
from emulators.home.roster import RosterEntry
from emulators.platform.spec import DeviceSpec
from hw.radio import ZigpyRadio
from images.eui64 import Eui64
from ota_engine.hub.activation.requests import ActivateImage
from ota_engine.hub.delivery.commands import AddImage, Assign
from ota_engine.records import OrderState, SessionState
from ota_engine.shell.runner import Shell
from ota_engine.shell.service import open_service
from tests.faults.home import IMAGE_TYPE, MANUFACTURER, NEW, OLD
from tests.faults.signed_home import signed_image, speaker
from tests.gbcs.parties import HCALCS, everyone
from tests.hw.dongle import home
from tests.hw.home import LOOK, PATIENCE, PROMPT, QUICK, ordered, until

pytestmark = pytest.mark.dongle

SWITCH = Eui64(HCALCS)


def load_switch() -> RosterEntry:
    spec = DeviceSpec(
        SWITCH,
        kinds.HCALCS,
        0x1001,
        MANUFACTURER,
        IMAGE_TYPE,
        OLD,
        hardware_version=0x0100,
        timers=QUICK,
    )
    return RosterEntry("load switch", spec, Placement())


async def until_activated(shell: Shell) -> None:
    """Wait for the device's verified word that it activated."""
    with trio.fail_after(PATIENCE):
        while [order.state for order in shell.engine.orders()] != [OrderState.ACTIVATED]:  # noqa: ASYNC110
            await trio.sleep(LOOK)


async def test_a_load_switch_runs_an_image_on_a_signed_command_and_proves_it(
    tmp_path: Path,
) -> None:
    image = signed_image()
    async with (
        home(load_switch(), folder=tmp_path, keys=everyone()) as dongle,
        ZigpyRadio(dongle.settings) as radio,
        open_service(radio, tmp_path, PROMPT, security=speaker()) as shell,
    ):
        await shell.command(AddImage(image, "test"))
        for wish in ordered(image, SWITCH):
            await shell.command(Assign(wish, "test"))
        await until(
            shell,
            lambda found: (
                [status.state for status in found.values()] == [SessionState.AWAITING_COMMAND]
            ),
        )
        assert dongle.version(SWITCH) == OLD
        digest = bytes.fromhex(image.manufacturer_image_hash)
        await shell.command(ActivateImage(SWITCH, digest, None, "test"))
        await until_activated(shell)
        assert dongle.version(SWITCH) == NEW
