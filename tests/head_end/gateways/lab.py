"""A server with the gateways' door, a town whose homes are of ``gw`` and ``gw2``, and those who call.

Who calls here does so by ``tests.head_end.gateways.caller``: the words are those of a gateway, and what it says
is what a test lets it say.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from ota_engine.fleet.gateways.acts import AdmitGateway
from ota_engine.fleet.gateways.rows import GatewayAlert, GatewayContact
from ota_engine.fleet.inventory.rows import Home, InstalledDevice
from ota_engine.fleet.port import HubOutcome, HubWord, Instruction
from ota_engine.gateway.wire import (
    PROTOCOLS,
    Hello,
    Opening,
    OutcomeReport,
    OutcomesHeard,
    Registering,
)
from ota_engine.head_end.gateways.door import GatewayDoor
from ota_engine.head_end.image_shelf import IMAGES_NAME
from ota_engine.times import Utc
from tests.fleet.rollout import RollOutTown, phase, policy
from tests.head_end.gateways.caller import HeadEndCaller, OpenStream
from tests.head_end.service_lab import ServiceClient, ServiceLab

CODE: Final = "code-" + "c" * 40
IMAGE: Final = bytes(range(256)) * 1024
DAY: Final = 86_400.0


class GatewayLab(ServiceLab):
    """A state folder with a town; use it as a context manager.

    Args:
        folder: where.
        homes: of the gateway ``gw``.
    """

    def __init__(self, folder: Path, homes: int = 2) -> None:
        super().__init__(folder, 0)
        self.town = RollOutTown(homes, store=self._store)
        self.estate = self.town
        for name in ("gw", "gw2"):
            self.admit(name)

    def admit(self, gateway: str, code: str = CODE, lasts: float = DAY) -> None:
        """Give a gateway a code."""
        digest = sha256(code.encode()).hexdigest()
        self.town.decide("olive", AdmitGateway(gateway, digest, self.town.utc + lasts))

    def begin(self) -> None:
        """Have a campaign that tells gateways to bring an image, which is on the shelf."""
        self.town.begin(policy(phase("all")))
        for name in ("gw", "gw2"):
            self.admit(name)  # a week has passed
        (told, *_) = self.town.rows(Instruction)
        folder = self.state / IMAGES_NAME
        folder.mkdir(exist_ok=True)
        (folder / told.sha256).write_bytes(IMAGE)

    def device(self, home: str) -> InstalledDevice:
        """The hub of a home."""
        return self.town.row(InstalledDevice, home=home, kind="CHF")

    def said(self, home: str, word: HubWord, *, number: int = 1, **changes: Any) -> HubOutcome:
        """Something that the hub of a home says of itself, for the campaign."""
        said = HubOutcome(
            f"{home}/{word}/{number}",
            "c1",
            1,
            home,
            self.device(home).device,
            word,
            "",
            None,
            b"",
            self.town.utc,
        )
        return said._replace(**changes)

    def contact(self, gateway: str = "gw") -> GatewayContact:
        """What was heard of a gateway last."""
        return self.town.row(GatewayContact, gateway=gateway)

    def alerts(self, gateway: str = "gw") -> list[GatewayAlert]:
        """What is strange about a gateway."""
        return self.town.rows(GatewayAlert, gateway=gateway)

    def give(self, home: str, gateway: str) -> None:
        """Let a home have been of another gateway all the time."""
        self.town.put(replace(self.town.row(Home, home=home), gateway=gateway))

    @asynccontextmanager
    async def door(self, **changes: Any) -> AsyncIterator["GatewayClient"]:
        """Serve the door for as long as the block."""
        async with self.serving(GatewayDoor, **changes) as server:
            yield GatewayClient(self, server)


class GatewayClient:
    """Those who call at one server."""

    def __init__(self, lab: GatewayLab, server: ServiceClient) -> None:
        self.lab = lab
        self.server = server

    @asynccontextmanager
    async def gateway(
        self, name: str = "gw", *, register: bool = True, token: str = "", instance: str = ""
    ) -> AsyncIterator["Caller"]:
        """Have a gateway call."""
        async with HeadEndCaller(self.server.url) as caller:
            found = Caller(self.lab, caller, name, instance or instance_of(name))
            caller.token = token
            if register:
                await found.register()
            yield found


def instance_of(name: str) -> str:
    """The instance of the one gateway of a name."""
    return f"instance-of-{name}-0000"


class Caller:
    """A gateway that says what a test lets it say.

    Attributes:
        caller: speaks.
        told: outcomes told so far.
    """

    def __init__(self, lab: GatewayLab, caller: HeadEndCaller, name: str, instance: str) -> None:
        self.lab = lab
        self.caller = caller
        self.name = name
        self.instance = instance
        self.told = 0

    async def register(self, code: str = CODE, **changes: Any) -> str:
        """Register; gives the token."""
        said = Registering(self.name, code, self.instance, "zota test", PROTOCOLS, self.lab.clock())
        return (await self.caller.register(said._replace(**changes))).token

    def opening(self, **changes: Any) -> Opening:
        """What it opens a stream with."""
        opening = Opening(self.instance, "zota test", PROTOCOLS, self.lab.clock())
        return opening._replace(**changes)

    @asynccontextmanager
    async def stream(self, **changes: Any) -> AsyncIterator[tuple[Hello, OpenStream]]:
        """Have a stream open; gives what it begins with, too."""
        async with self.caller.stream(self.opening(**changes)) as stream:
            yield await stream.until(Hello), stream

    async def take(self, stream: OpenStream, number: int) -> Sequence[Instruction]:
        """Wait for so many instructions, and say that they are taken."""
        found = [await stream.until(Instruction) for _ in range(number)]
        await self.tell(taken=tuple(one.key for one in found))
        return found

    async def tell(self, *outcomes: HubOutcome, **changes: Any) -> OutcomesHeard:
        """Say what happened, the next time."""
        report = self.report(*outcomes, **changes)
        heard = await self.caller.report(report)
        self.told = max(self.told, report.first - 1 + len(outcomes))
        return heard

    def report(self, *outcomes: HubOutcome, **changes: Any) -> OutcomeReport:
        """Make a report."""
        first = self.told + 1
        utc: Utc = self.lab.clock()
        return OutcomeReport(self.instance, utc, first, min(first, 1), outcomes)._replace(**changes)
