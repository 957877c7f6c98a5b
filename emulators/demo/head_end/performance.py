"""Runs the demonstration of a head end: the door, the home behind it, all suppliers; in real time.

Knows trio and folders; what happens when is the story's. The home lives in this process as its hub and
devices would in theirs, and is reached by the port alone.
"""

from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final, NamedTuple

import trio

from emulators.demo.head_end.operator import DemoOperator
from emulators.demo.head_end.staging import (
    BROKER,
    DEMO_DEVICES,
    DEMO_SUPPLIERS,
    GATEWAY,
    HOME,
    HUB,
    PPMID,
    WEST,
    DemoDevice,
    HeadEndStage,
    demo_home,
)
from emulators.demo.head_end.story import HeadEndStory
from emulators.demo.head_end.suppliers import NotHeardError, SupplierAtWork, at_work
from emulators.demo.head_end.told import (
    DemoLine,
    DemoLineKind,
    DeviceAtEnd,
    HeadEndDemoEnding,
    in_names,
)
from emulators.devices.device import EmulatedDevice
from emulators.estate.real_home import RealHome
from emulators.premises.words import SUPPLIER
from images.eui64 import Eui64, format_eui64
from images.files import write_whole
from ota_engine.duis.requests import DSP
from ota_engine.duis.responses import ServiceResponse
from ota_engine.errors import ZotaError
from ota_engine.fleet.fleet import Fleet
from ota_engine.gateway.core import ImageFinder
from ota_engine.gateway.homes import HomesGateway
from ota_engine.head_end.desk import FleetDesk
from ota_engine.head_end.duis.endpoint import UserEndpoint
from ota_engine.head_end.duis.keys import DuisKeys
from ota_engine.head_end.duis.notary import Notary
from ota_engine.head_end.duis.running import DuisHeadEnd, HeadEndSettings
from ota_engine.head_end.image_shelf import IMAGES_NAME, ImageShelf
from ota_engine.head_end.rooms import DeskRoom
from ota_engine.hub.delivery.status import SessionStatus
from ota_engine.service_user.client import UserAnswer
from ota_engine.service_user.hearing import alert_of, devices_of, request_of
from ota_engine.service_user.meanings import meaning_of
from ota_engine.service_user.saying import say
from ota_engine.store.fleet.book import FleetStore
from ota_engine.telling.serving import Place
from ota_engine.times import Monotonic
from ota_engine.wall_clock import this_machine

DATABASE: Final = "fleet.sqlite"  # in the state folder, as the commands of the fleet find it
STATE, KEYS, USERS = "fleet", "certificates", "users"  # folders
STEP_S: Final = 0.05  # between two looks of the home at the clock
LAST_WORDS_S: Final = 1.5  # in which nothing more may come to a supplier that has been replaced


class HeadEndWatch(NamedTuple):
    """Who looks on.

    Attributes:
        said: is told of every line.
        looked: is shown the deliveries under way, with the time in the home.
    """

    said: Callable[[DemoLine], None]
    looked: Callable[[Monotonic, tuple[SessionStatus, ...]], None]


async def perform_head_end(
    stage: HeadEndStage,
    folder: Path,
    find_in: Callable[[Path], ImageFinder],
    watch: HeadEndWatch,
) -> HeadEndDemoEnding:
    """Play the demonstration to its end.

    Args:
        stage: keys and images.
        folder: an empty one; what it holds afterwards is evidence.
        find_in: makes what finds images in a folder.
        watch: looks on.

    Raises:
        ZotaError: it cannot be played here.
    """
    performance = _Performance(stage, folder, find_in, watch)
    return await performance.play()


class _Performance:
    def __init__(
        self,
        stage: HeadEndStage,
        folder: Path,
        find_in: Callable[[Path], ImageFinder],
        watch: HeadEndWatch,
    ) -> None:
        self._stage = stage
        self._folder = folder
        self._watch = watch
        self._begun = trio.current_time()
        self._troubles: list[str] = []
        state, keys = folder / STATE, folder / KEYS
        state.mkdir()
        keys.mkdir(mode=0o700)
        for name, octets in stage.held_by(BROKER).items():
            write_whole(keys / name, octets)
            (keys / name).chmod(0o600 if name in stage.secret else 0o644)
        images = state / IMAGES_NAME
        ImageShelf(images).put(stage.for_hub)
        self._operator = DemoOperator(state / DATABASE)
        self._operator.found()
        self._home = RealHome(demo_home(stage, this_machine()), find_in(images))

    async def play(self) -> HeadEndDemoEnding:
        suppliers: dict[str, SupplierAtWork] = {}
        async with AsyncExitStack() as stack:
            for who in DEMO_SUPPLIERS:
                opened = at_work(who, self._stage, self._folder / USERS / who.party, self._heard)
                suppliers[who.party] = await stack.enter_async_context(opened)
            self._operator.register(suppliers.values())
            story = await self._played(suppliers)
        for key in (self._folder / KEYS).glob("*.key"):
            key.unlink()
        return self._ending(story)

    async def _played(self, suppliers: Mapping[str, SupplierAtWork]) -> HeadEndStory:
        """Run the head end and the home for as long as the story goes on."""
        store = FleetStore.open(self._folder / STATE / DATABASE)
        try:
            head_end = self._head_end(store)
            urls: list[str] = []
            started = trio.Event()

            def begin(url: str) -> None:
                urls.append(url)
                started.set()

            async with trio.open_nursery() as nursery:
                nursery.start_soon(head_end.run, Place("127.0.0.1", 0), None, begin)
                nursery.start_soon(self._live)
                await started.wait()
                story = HeadEndStory(urls[0], self._stage, suppliers, self._operator, self)
                try:
                    await story.play()
                except (NotHeardError, ZotaError) as missed:
                    story.unexpected.append(str(missed))
                await trio.sleep(LAST_WORDS_S)
                nursery.cancel_scope.cancel()
        finally:
            store.close()
        return story

    def _head_end(self, store: FleetStore) -> DuisHeadEnd:
        keys = DuisKeys(self._folder / KEYS, lambda _: None)
        notary = Notary(keys.own)
        settings = HeadEndSettings(
            state=self._folder / STATE,
            keys=keys,
            open_endpoint=UserEndpoint,
            clock=this_machine,
            log=self._log,
            gateways={GATEWAY: HomesGateway({HOME: self._home})},
        )
        return DuisHeadEnd(DeskRoom(FleetDesk(Fleet(), store, notary)), notary, settings)

    async def _live(self) -> None:
        """Let the home live by the clock of this machine."""
        while True:
            self._home.run(this_machine())
            engine = self._home.host.engine
            if engine is not None:
                self._watch.looked(self._home.network.agenda.now, tuple(engine.status()))
            await trio.sleep(STEP_S)

    def _log(self, event: str, **facts: object) -> None:
        if event == "trouble":
            self._troubles.append(str(facts.get("trouble")))

    # --- what is told ----------------------------------------------------------------------------

    def scene(self, title: str) -> None:
        """A scene begins."""
        self._say(DemoLineKind.SCENE, "", "", "", title)

    def decided(self, who: str, text: str) -> None:
        """Somebody has decided something, or told it."""
        self._say(DemoLineKind.DECISION, who, "", "", text)

    def answered(self, who: SupplierAtWork, what: str, answer: UserAnswer) -> None:
        """A request was answered."""
        code = answer.response.code
        if not answer.judgement.taken:
            code = f"{code}, {meaning_of(code).text}"
        self._say(DemoLineKind.REQUEST, who.who.name, "", code, what)

    def _heard(self, who: SupplierAtWork, document: ServiceResponse) -> None:
        code = alert_of(document) or document.code
        self._say(DemoLineKind.DOCUMENT, "DCC", who.who.name, code, in_names(say(document)))

    def _say(self, kind: DemoLineKind, who: str, to: str, code: str, text: str) -> None:
        seconds = round(trio.current_time() - self._begun, 1)
        self._watch.said(DemoLine(seconds, kind, who, to, code, text))

    # --- what came of it -------------------------------------------------------------------------

    def _ending(self, story: HeadEndStory) -> HeadEndDemoEnding:
        return HeadEndDemoEnding(
            round(trio.current_time() - self._begun, 1),
            tuple(self._at_end(device, story) for device in DEMO_DEVICES),
            {
                **_checks(story, self._troubles),
                "the PPMID has cleared what was the former supplier's": self._uncleared(),
            },
            self._operator.audit_head(),
        )

    def _at_end(self, device: DemoDevice, story: HeadEndStory) -> DeviceAtEnd:
        inventory = {
            story.suppliers[party].who.name: one.firmware_version or ""
            for party, found in story.inventories.items()
            for one in found.devices
            if one.device == device.device
        }
        return DeviceAtEnd(
            device.name,
            format_eui64(device.device),
            f"{device.ends_with:08X}",
            inventory,
            f"{self._runs(device.device):08X}",
            {
                one.who.name: codes
                for one in story.suppliers.values()
                if (codes := _told(one, device.device))
            },
        )

    def _runs(self, device: Eui64) -> int:
        """What a device's flash runs, whatever anybody says."""
        if device == HUB.device:
            hub = self._home.hub
            return 0 if hub is None else hub.version
        return self._device(device).version

    def _uncleared(self) -> str:
        """Why the PPMID has not cleared; empty where it has."""
        premises = self._device(PPMID.device).premises
        cleared = () if premises is None else premises.memory.cleared
        told = any(one.subject == SUPPLIER for one in cleared)
        return "" if told else "its hub has not told it"

    def _device(self, device: Eui64) -> EmulatedDevice:
        node = self._home.network.stations[device].node
        assert isinstance(node, EmulatedDevice)  # noqa: S101 - the stage put it there
        return node


def _told(supplier: SupplierAtWork, device: Eui64) -> list[str]:
    """Codes of the documents about a device; one that names its hub, too, is about the device."""
    found = []
    for document in supplier.heard:
        request = request_of(document)
        asked = () if request is None or request.target == DSP else (request.target,)
        devices = [one for one in (*asked, *devices_of(document)) if one != HUB.device]
        if device in (devices or [HUB.device]):
            found.append(alert_of(document) or document.code)
    return found


def _checks(story: HeadEndStory, troubles: list[str]) -> dict[str, str]:
    """Say what had to be so, and what is wrong with it."""
    heard = [line for one in story.suppliers.values() for line in one.troubles]
    west = story.suppliers[WEST.party]
    late = len(west.heard) - story.west_had
    return {
        "every request was answered as it had to be": "; ".join(story.unexpected),
        "every document came once, signed": "; ".join(heard),
        "West gas was told nothing more once it was replaced": f"{late} documents" if late else "",
        "the head end reported no trouble": "; ".join(troubles),
    }
