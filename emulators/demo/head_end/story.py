"""How the demonstration goes: suppliers order, a supplier changes, the operator rolls out; scene by scene.

Everybody speaks as they would in earnest: suppliers by signed documents over HTTP, the operator by signed
decisions, devices by signed messages. The story only waits for what its persons are told.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

import trio

from emulators.demo.head_end.operator import DemoOperator
from emulators.demo.head_end.staging import (
    EAST,
    GSME,
    HCALCS,
    HUB,
    NORTH,
    PPMID,
    SECOND_VERSION,
    THIRD_VERSION,
    WEST,
    DemoDevice,
    HeadEndStage,
)
from emulators.demo.head_end.suppliers import NotHeardError, SupplierAtWork
from images.eui64 import Eui64
from ota_engine.duis.requests import FirmwareActivation, ReadInventory, RequestBody, UpdateFirmware
from ota_engine.duis.responses import (
    DccAlert,
    DeliveryStatus,
    FutureDatedAlert,
    GbcsPayload,
    HubActivation,
    HubAlert,
    Inventory,
    PpmidAlert,
    ResponseMessage,
    ServiceResponse,
    SupplierChange,
    UpgradeRequested,
)
from ota_engine.service_user.client import UserAnswer
from ota_engine.service_user.forms import read_image
from ota_engine.times import Utc
from ota_engine.wall_clock import this_machine

DATED_S: Final = 5.0  # from the order to the time of the future dated activation
_MPRN: Final = "1234567890"


class DemoVoice(Protocol):
    """Is told what happens; whoever shows it."""

    def scene(self, title: str) -> None:
        """A scene begins."""

    def decided(self, who: str, text: str) -> None:
        """Somebody has decided something, or told it."""

    def answered(self, who: SupplierAtWork, what: str, answer: UserAnswer) -> None:
        """A request was answered."""


@dataclass(slots=True)
class HeadEndStory:
    """The demonstration under way.

    Attributes:
        url: of the head end.
        stage: images and keys.
        suppliers: at work, by party.
        operator: decides.
        voice: is told what happens.
        inventories: what the last 8.2 of each supplier gave, by party.
        west_had: documents that the replaced supplier had when it had just been replaced.
        unexpected: answers that were not as they had to be, one line each.
    """

    url: str
    stage: HeadEndStage
    suppliers: Mapping[str, SupplierAtWork]
    operator: DemoOperator
    voice: DemoVoice
    inventories: dict[str, Inventory] = field(default_factory=dict)
    unexpected: list[str] = field(default_factory=list)
    west_had: int = 0

    async def play(self) -> None:
        """Play all scenes.

        Raises:
            NotHeardError: something does not come that has to.
            ZotaError: the head end does not answer, or the fleet refuses a decision.
        """
        for title, scene in SCENES:
            self.voice.scene(title)
            await scene(self)

    # --- scenes ----------------------------------------------------------------------------------

    async def _ppmid(self) -> None:
        await self._inventory(EAST.party)
        await self._order(PPMID, self.stage.for_ppmid, SECOND_VERSION)
        await self._hear(WEST.party, UpgradeRequested, "of the order for the PPMID")
        for party in (EAST.party, WEST.party):
            await self._hear(party, PpmidAlert, "that the PPMID runs its image")

    async def _at_once(self) -> None:
        image = self.stage.for_hcalcs[0]
        await self._order(HCALCS, image, SECOND_VERSION)
        await self._hear_held(SECOND_VERSION)
        body = FirmwareActivation(_digest(image))
        await self._ask(EAST.party, "activate the HCALCS now (11.3)", body, HCALCS.device)
        await self._hear(EAST.party, GbcsPayload, "the answer of the HCALCS")

    async def _change(self) -> None:
        await self._order(HCALCS, self.stage.for_hcalcs[1], THIRD_VERSION)
        await self._hear_arrived(THIRD_VERSION)
        await trio.to_thread.run_sync(self.operator.change_supplier)
        self.voice.decided("registration", "from now on North gas supplies the gas, not West gas")
        north = self.suppliers[NORTH.party]
        answer = await north.gain(self.url, GSME.device, _MPRN)
        self._judge(north, "put its keys into the gas meter (6.23)", answer, taken=True)
        await self._hear(NORTH.party, UpgradeRequested, "of the order that is under way")
        await self._hear(NORTH.party, SupplierChange, "that it supplies the home")
        self.west_had = len(self.suppliers[WEST.party].heard)
        body = _update(PPMID, self.stage.for_ppmid, SECOND_VERSION)
        await self._ask(WEST.party, "update the PPMID (11.4)", body, taken=False)
        await self._hear_held(THIRD_VERSION)

    async def _dated(self) -> None:
        at = Utc(float(int(this_machine() + DATED_S)))
        body = FirmwareActivation(_digest(self.stage.for_hcalcs[1]), at)
        await self._ask(
            EAST.party, f"activate it {DATED_S:g} s from now (11.3)", body, HCALCS.device
        )
        await self._hear(EAST.party, FutureDatedAlert, "that the HCALCS runs the later image")

    async def _campaign(self) -> None:
        await trio.to_thread.run_sync(self.operator.roll_out)
        self.voice.decided(
            "operator", "two persons approve the release, and waive seven days of notice"
        )
        for party in (EAST.party, WEST.party):
            await self._hear(party, HubActivation, "that the hub runs its release")

    async def _read(self) -> None:
        for party in (EAST.party, NORTH.party):
            await self._inventory(party)

    # --- their parts -----------------------------------------------------------------------------

    async def _order(self, device: DemoDevice, image: bytes, version: int) -> None:
        body = _update(device, image, version)
        service = "11.4" if body.ppmid else "11.1"
        what = f"bring {body.version} to the {device.name} ({service})"
        await self._ask(EAST.party, what, body)

    async def _inventory(self, party: str) -> None:
        answer = await self._ask(party, "what is in the home? (8.2)", ReadInventory(HUB.device))
        content = _content(answer.response)
        if isinstance(content, Inventory):
            self.inventories[party] = content

    async def _ask(
        self,
        party: str,
        what: str,
        body: RequestBody,
        device: Eui64 | None = None,
        *,
        taken: bool = True,
    ) -> UserAnswer:
        supplier = self.suppliers[party]
        answer = await supplier.ask(self.url, body, device)
        self._judge(supplier, what, answer, taken=taken)
        return answer

    def _judge(
        self, supplier: SupplierAtWork, what: str, answer: UserAnswer, *, taken: bool
    ) -> None:
        self.voice.answered(supplier, what, answer)
        if answer.judgement.taken != taken:
            wanted = "taken" if taken else "refused"
            self.unexpected.append(
                f"{supplier.who.name}: {what}: {answer.response.code}, not {wanted}"
            )
            if taken:
                raise NotHeardError(self.unexpected[-1])

    async def _hear(self, party: str, kind: type, what: str) -> None:
        await self.suppliers[party].hear(
            lambda document: isinstance(_content(document), kind), what
        )

    async def _hear_arrived(self, version: int) -> None:
        """Wait until an image for the HCALCS is at its hub."""

        def is_it(document: ServiceResponse) -> bool:
            content = _content(document)
            return (
                isinstance(content, DeliveryStatus)
                and content.device == HCALCS.device
                and content.version == _text(version)
            )

        await self.suppliers[EAST.party].hear(is_it, "that the image is at the hub")

    async def _hear_held(self, version: int) -> None:
        """Wait until the hub says that the HCALCS has an image."""

        def is_it(document: ServiceResponse) -> bool:
            content = _content(document)
            transfer = content.transfer if isinstance(content, HubAlert) else None
            if transfer is None or transfer.device != HCALCS.device:
                return False
            return transfer.version == _text(version)

        await self.suppliers[EAST.party].hear(is_it, "that the HCALCS has its image")


#: What happens, in order, under which title.
SCENES: Final[tuple[tuple[str, Callable[[HeadEndStory], Awaitable[None]]], ...]] = (
    ("East power asks what there is, and updates the PPMID (11.4)", HeadEndStory._ppmid),
    ("East power updates the HCALCS (11.1), and activates at once (11.3)", HeadEndStory._at_once),
    ("The operator updates the Communications Hub by campaign", HeadEndStory._campaign),
    (
        "The HCALCS is to get a later image (11.1) when the gas supplier changes",
        HeadEndStory._change,
    ),
    (f"East power activates it in {DATED_S:g} seconds (11.3, dated)", HeadEndStory._dated),
    ("Both suppliers of today read the inventory (8.2)", HeadEndStory._read),
)


def _update(device: DemoDevice, image: bytes, version: int) -> UpdateFirmware:
    return UpdateFirmware(image, _text(version), (device.device,), ppmid=device is PPMID)


def _text(version: int) -> str:
    return f"{version:08X}"


def _digest(image: bytes) -> bytes:
    """What an activation names: the SHA-256 of the manufacturer image."""
    digest = read_image(image).manufacturer_image_hash
    assert digest is not None  # noqa: S101 - the stage has built it with one
    return digest


def _content(document: ServiceResponse) -> object:
    body = document.body
    return body.content if isinstance(body, ResponseMessage | DccAlert) else body
