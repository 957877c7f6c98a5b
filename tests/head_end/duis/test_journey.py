"""The journey of one service request (11.3, future dated), killed between any two of its steps.

From the user's post to the device and back to the user's endpoint: door, fleet, notary, gateway, engine,
device, outbox are the real ones, in virtual time. Whatever dies, and wherever, the user hears the same, the
device was told once, and every counter is where it was to be.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

import trio

from emulators.devices import kinds
from emulators.devices.device import EmulatedDevice
from emulators.estate.real_home import HomeDiedError
from images.eui64 import Eui64, format_eui64
from ota_engine.duis.requests import FirmwareActivation, RequestId, ServiceRequest, UpdateFirmware
from ota_engine.duis.responses import FutureDatedAlert, ResponseMessage
from ota_engine.fleet.orders.events import WebService
from ota_engine.fleet.orders.rows import (
    DeviceCommand,
    DeviceOrder,
    OriginatorCounter,
    ServiceInbox,
    ServiceUser,
    UserDocument,
)
from ota_engine.fleet.port import HubOutcome, Instruction, InstructionTaken, Verb
from ota_engine.gateway.homes import HomesGateway
from ota_engine.head_end.desk import AnswerMade, FleetDesk
from ota_engine.head_end.duis.intake import Intake
from ota_engine.head_end.duis.keys import DuisKeys
from ota_engine.head_end.duis.outbox import DocumentCourier, DocumentEndpoint
from ota_engine.head_end.exchange import give_and_hear
from ota_engine.head_end.image_shelf import IMAGES_NAME, ImageShelf
from ota_engine.head_end.rooms import DeskRoom
from ota_engine.records import CounterRecord
from ota_engine.service_user.consent import second_half
from ota_engine.service_user.hearing import kind_of
from ota_engine.service_user.saying import say
from ota_engine.telling.sink import Fate, SinkAnswer
from ota_engine.times import Utc
from ota_engine.wall_clock import this_machine
from tests.gateway.homes import FOR_HCALCS, HCALCS, NEW, device, home
from tests.gbcs.parties import everyone
from tests.head_end.duis.lab import EAST, Lab, opened, request, signed
from tests.tiers import points

T = TypeVar("T")
GATEWAY: Final = "gw"
DELIVERY, COUNTER = 1_000, 1_001  # counters of both requests
STEP_S: Final = 20.0  # of virtual time between two looks
ROUNDS: Final = 200
AHEAD_S: Final = 600.0  # from the beginning to the time of the activation
NEVER: Final = 10**9


class Killed(BaseException):
    """The head end is gone; nothing of it goes on. No error: nobody may catch it."""


class WhereItDies(NamedTuple):
    """Where somebody dies: before the step, counted from 0, of the head end, or effect of the hub."""

    step: int = NEVER
    effect: int = NEVER


NOWHERE: Final = WhereItDies()


class Journey:
    """One head end with its user and its home, from the order of an image to the end of its activation.

    Attributes:
        steps: of the head end, that the activation has taken so far.
        deaths: of head end and hub.
        mail: documents that came to users' endpoints, doubles and all.
    """

    def __init__(self, folder: Path, fate: WhereItDies = NOWHERE) -> None:
        folder.mkdir()
        self.lab = Lab(folder)
        self.home = home(
            "h1", devices=(device(kinds.HCALCS, HCALCS),), begin=Utc(float(int(this_machine())))
        )
        self.gateway = HomesGateway({"h1": self.home})
        self.mail: list[bytes] = []
        self.steps = 0
        self.deaths = 0
        self.first_effect = 0
        self._fate = fate
        self._dies = False
        self._at = Utc(self.home.utc + AHEAD_S)
        self._asked = [self._delivery()]
        self._answered: list[bytes] = []

    # --- who dies --------------------------------------------------------------------------------

    def step(self) -> None:
        """Come to a step of the head end, or die before it."""
        if not self._dies:
            return
        if self.steps == self._fate.step:
            self.steps += 1
            raise Killed
        self.steps += 1

    def _mortal(self) -> None:
        """From here on somebody may die."""
        self._dies = True
        self.first_effect = self.home.effects
        if self._fate.effect != NEVER:
            self.home.dies_before = self.home.effects + self._fate.effect

    # --- the user --------------------------------------------------------------------------------

    def _delivery(self) -> bytes:
        body = UpdateFirmware(FOR_HCALCS.data, f"{NEW:08X}", (HCALCS,))
        return signed(request(body, "11.1", counter=DELIVERY))

    def _activation(self) -> ServiceRequest:
        body = FirmwareActivation(bytes.fromhex(FOR_HCALCS.manufacturer_image_hash), self._at)
        return request(body, "11.3", target=HCALCS, cv=4, counter=COUNTER)

    def _next(self) -> None:
        """Ask what comes next, once what was asked before is answered."""
        if len(self._answered) < len(self._asked):
            return
        if len(self._asked) == 1 and self._heard("N62"):
            self._mortal()
            self._asked.append(signed(self._activation()))
        elif len(self._asked) == 2:
            signer = everyone().signer(EAST)
            assert signer is not None
            half = second_half(self._activation(), opened(self._answered[1]), signer)
            self._asked.append(signed(half))

    def _heard(self, code: str) -> bool:
        return any(f"<sr:DCCAlertCode>{code}<".encode() in one for one in self.mail)

    @property
    def over(self) -> bool:
        return any(
            isinstance(body := opened(one).body, ResponseMessage)
            and isinstance(body.content, FutureDatedAlert)
            for one in self.mail
        )

    # --- the head end ----------------------------------------------------------------------------

    async def run(self) -> None:
        """Let all live, one life of the head end after another, until the user has heard the end."""
        for _ in range(ROUNDS):
            try:
                await self._life()
                break
            except* Killed:
                self.deaths += 1
        assert self.over
        self._dies = False
        await self._life(rounds=5)  # what is still to be said, or should not be

    async def _life(self, rounds: int = ROUNDS) -> None:
        with self.lab.desk() as (desk, _):
            room = _MortalRoom(desk, self)
            troubles: list[str] = []
            courier = DocumentCourier(
                room, self._endpoint, clock=lambda: self.home.utc, report=troubles.append
            )
            async with trio.open_nursery():  # so that all deaths look alike
                for _ in range(rounds):
                    await self._round(room, courier)
                    if self.over and rounds == ROUNDS:
                        return
            assert not troubles

    async def _round(self, room: DeskRoom, courier: DocumentCourier) -> None:
        self._next()
        if len(self._answered) < len(self._asked):
            await self._post(room)
        try:
            await give_and_hear(room.use, _MortalGateway(self), GATEWAY, lambda: self.home.utc)
            self.home.run(Utc(self.home.utc + STEP_S))
        except HomeDiedError:
            self.deaths += 1
            self.home.run(Utc(self.home.utc + 60.0))
            self.home.start()
        await room.use(lambda desk: desk.wake(self.home.utc))
        await courier.drain()

    async def _post(self, room: DeskRoom) -> None:
        """Post until there is an answer: always the same octets."""
        number = len(self._asked) - 1
        service = (WebService.DCC_ONLY, WebService.TRANSFORM, WebService.SEND)[number]
        keys = DuisKeys(self.lab.keys, print)
        intake = Intake(keys, ImageShelf(self.lab.state / IMAGES_NAME))
        self.step()
        received = intake.take(self._asked[number], service, self.home.utc)

        def serve(desk: FleetDesk) -> list[AnswerMade]:
            return desk.serve([received], self.home.utc)

        (answer,) = await room.use(serve)
        self.step()
        self._answered.append(answer.octets)

    @asynccontextmanager
    async def _endpoint(self, user: ServiceUser) -> AsyncIterator[DocumentEndpoint]:
        yield _Mailbox(self)

    # --- what came of it -------------------------------------------------------------------------

    def came(self) -> list[tuple[str, ...]]:
        """What users have heard, each once, in words that no run has for itself alone."""
        documents = [opened(one) for one in dict.fromkeys(self.mail)]
        names = {(str(one.response_id), kind_of(one)) for one in documents}
        assert len(names) == len(documents), "a name has one document, signed once"
        return sorted((kind_of(one).value, one.code, say(one)) for one in documents)

    def kept(self) -> dict[str, Any]:
        """What the rows say that must be the same in every run."""
        (command,) = self.lab.rows(DeviceCommand)
        (order,) = self.lab.rows(DeviceOrder)
        (counter,) = self.lab.rows(OriginatorCounter, device=HCALCS)
        told = self.lab.rows(Instruction, device=HCALCS)
        return {
            "command": (command.state, command.counter, command.execution_utc is not None),
            "delivery": order.state,
            "counter": (counter.user, counter.highest),
            "told": sorted((str(one.verb), one.attempt) for one in told),
            "answers": list(map(_code, self._answered)),
            "inbox": sorted(row.command_variant for row in self.lab.rows(ServiceInbox)),
            "documents": sorted(row.document.split("/")[-1] for row in self.lab.rows(UserDocument)),
        }

    def device(self) -> tuple[int, bool, Sequence[CounterRecord], int]:
        """What the device runs, whether it waits for a time, counters it has seen, messages it has sent."""
        node = self.home.network.stations[HCALCS].node
        assert isinstance(node, EmulatedDevice)
        assert node.security is not None
        memory = node.security.memory
        return node.version, memory.order is not None, memory.guard.state, memory.sent

    def check(self, like: "Journey") -> None:
        """Compare with a journey on which nobody died."""
        where = self._fate
        assert self.deaths, where
        assert self.came() == like.came(), where
        assert self.kept() == like.kept(), where
        assert self.device() == like.device(), where
        commands = [one for one in self.lab.rows(Instruction) if one.verb is Verb.COMMAND]
        assert len({one.command for one in commands}) == 1, where


def _code(octets: bytes) -> str:
    return opened(octets).code


class _MortalRoom(DeskRoom):
    """A room in which somebody may die before a call, and after its commit."""

    def __init__(self, desk: FleetDesk, journey: Journey) -> None:
        super().__init__(desk)
        self._journey = journey

    async def use(self, call: Any) -> Any:
        self._journey.step()
        found = await super().use(call)
        self._journey.step()
        return found


class _MortalGateway:
    """A gateway whose answers may come to nobody."""

    def __init__(self, journey: Journey) -> None:
        self._journey = journey

    async def give(self, instructions: Sequence[Instruction]) -> Sequence[InstructionTaken]:
        taken = await self._journey.gateway.give(instructions)
        self._journey.step()
        return taken

    async def outcomes(self) -> Sequence[HubOutcome]:
        return await self._journey.gateway.outcomes()

    async def settle(self, keys: Sequence[str]) -> None:
        self._journey.step()
        await self._journey.gateway.settle(keys)
        self._journey.step()


class _Mailbox:
    """The user's endpoint; a post may have come although nobody hears of it any more."""

    def __init__(self, journey: Journey) -> None:
        self._journey = journey

    async def post(self, document: UserDocument) -> SinkAnswer:
        self._journey.mail.append(document.octets)
        self._journey.step()
        return SinkAnswer(Fate.ACCEPTED)


async def gone(folder: Path, fate: WhereItDies = NOWHERE) -> Journey:
    journey = Journey(folder, fate)
    await journey.run()
    return journey


async def test_an_undisturbed_journey_ends_with_the_devices_own_word(tmp_path: Path) -> None:
    journey = await gone(tmp_path / "calm")
    assert [said for _, _, said in journey.came()] == [
        f"{NEW:08X} has arrived for {format_eui64(HCALCS)}",
        f"{NEW:08X} to {format_eui64(HCALCS)}: FileTransferSuccess",
        f"another supplier ordered {NEW:08X} for 1 device",
        f"CS06 alert: success, it runs {NEW:08X}",
        "CS06 response: noted, its outcome follows",
    ]
    version, waits, counters, sent = journey.device()
    assert (version, waits, sent) == (NEW, False, 2), "its answer, and later its alert"
    assert CounterRecord(EAST, COUNTER) in counters
    assert journey.kept()["answers"] == ["I99", "I0", "I99"]
    assert journey.kept()["counter"] == (EAST, COUNTER)
    (told,) = [one for one in journey.lab.rows(Instruction) if one.verb is Verb.COMMAND]
    assert told.command != b""
    assert RequestId(EAST, Eui64(HCALCS), COUNTER).text in told.campaign


@points(20)
async def test_a_head_end_killed_before_any_step_loses_and_doubles_nothing(
    tmp_path: Path, step: int
) -> None:
    calm = await gone(tmp_path / "calm")
    assert calm.steps > 40
    for number in range(0, calm.steps, step):
        (await gone(tmp_path / str(number), WhereItDies(step=number))).check(calm)


@points(4)
async def test_a_hub_killed_before_any_effect_loses_and_doubles_nothing(
    tmp_path: Path, step: int
) -> None:
    calm = await gone(tmp_path / "calm")
    effects = calm.home.effects - calm.first_effect
    assert effects > 5
    for number in range(0, effects, step):
        (await gone(tmp_path / str(number), WhereItDies(effect=number))).check(calm)


@points(37)
async def test_both_killed_one_after_the_other_lose_and_double_nothing(
    tmp_path: Path, step: int
) -> None:
    calm = await gone(tmp_path / "calm")
    effects = calm.home.effects - calm.first_effect
    for number in range(3, calm.steps, step):
        fate = WhereItDies(number, number % effects)
        (await gone(tmp_path / str(number), fate)).check(calm)
