"""An emulated hub beside its live home: fetches, restarts and says what it runs while others look on.

Knows trio's clock by way of the home's air. What the hub holds is handed on whenever it has changed.
"""

from collections.abc import Callable
from typing import Final

import trio

from emulators.estate.hub import EmulatedHub, HubMemory, HubSpec
from emulators.estate.hub_memory import dump_hub
from emulators.home.han import Han
from images.eui64 import Eui64
from ota_engine.gateway.sight import OwnHub
from ota_engine.hub.own_firmware.firmware import OwnRequest
from ota_engine.hub.own_firmware.life import OwnFirmwareRecord, OwnState
from ota_engine.times import Monotonic, Utc

PIECES: Final = 32  # of an image, after which what came of it is handed on


class HubOnAir:
    """A hub that is upgraded itself; on, once ``start`` was called.

    Args:
        spec: what it is.
        han: its home.
        utc: turns the home's time into UTC seconds.
        rate: seconds of UTC in a second of the home's time.
        source: gives the octets of an image at the other end of its WAN.
        keep: takes what it holds without power, as text.

    Attributes:
        restarted: it went down, and is to be opened anew.
    """

    def __init__(
        self,
        spec: HubSpec,
        han: Han,
        *,
        utc: Callable[[Monotonic], Utc],
        rate: float,
        source: Callable[[str], bytes | None],
        keep: Callable[[str], object],
    ) -> None:
        self.restarted = trio.Event()
        self._spec, self._han, self._keep = spec, han, keep
        self._stir: Callable[[], None] = _nobody
        self._kept: tuple[OwnFirmwareRecord, int] | None = None
        self._hub = EmulatedHub(
            spec,
            han.network.agenda,
            utc,
            source,
            0,
            self._gone_down,
            rate,
            self._changed,
        )

    async def start(self, memory: HubMemory | None) -> None:
        """Switch it on; one that went down to start anew takes its time.

        Args:
            memory: what it held; None for one from the factory.
        """
        if memory is not None:
            self._hub.recall(memory)
            if memory.record.state is OwnState.RESTARTING:
                await trio.sleep(self._spec.boot_s)
        self._hub.start(self._han.present())
        self._han.wake_if_due()
        if not self._hub.finds_devices:
            self._han.unplug("the hub does not find its HAN")

    @property
    def own(self) -> OwnHub:
        """What it shows."""
        firmware = self._hub.firmware
        assert firmware is not None  # noqa: S101 - it was started
        return OwnHub(self._spec.chf, firmware, tuple(map(Eui64, self._han.network.stations)))

    def watch(self, stir: Callable[[], None]) -> None:
        """Have somebody told when it has gone on."""
        self._stir = stir

    def handle(self, request: OwnRequest) -> None:
        """Ask something of it."""
        self._hub.handle(request, self._han.present())
        self._han.wake_if_due()

    def _changed(self) -> None:
        firmware = self._hub.firmware
        if firmware is not None:
            now = firmware.record, firmware.staged // PIECES
            if now != self._kept:
                self._kept = now
                self._write()
        self._stir()

    def _gone_down(self, _: Monotonic) -> None:
        self._write()
        self.restarted.set()

    def _write(self) -> None:
        self._keep(dump_hub(self._spec, self._hub.memory))


def _nobody() -> None:
    """Nobody looks on."""
