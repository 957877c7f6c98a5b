"""A hub, a true device and people who want this and that; and a judge of what the hub told of it."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from emulators.simulation.telling import Telling, check_telling
from ota_engine.errors import LocalError
from ota_engine.events import Effect, LinkDown, LinkUp, Persist, Send
from ota_engine.hub.delivery.commands import (
    Abort,
    AddImage,
    ApplyNow,
    Assign,
    Pause,
    Resume,
    Withdraw,
)
from ota_engine.hub.delivery.status import SessionStatus
from ota_engine.hub.kernel.devices import Client as Where
from ota_engine.hub.push.commands import BeginPush, ResumePush, StopPush
from ota_engine.hub.push.verdict import PushStanding, PushVerdict
from ota_engine.records import (
    Activation,
    AssignmentRecord,
    ImageRecord,
    OutcomeKind,
    OutcomeRecord,
    PushState,
    SessionRecord,
    SessionState,
    Unassigned,
    Verdict,
    VersionPolicy,
)
from ota_engine.times import Monotonic, Utc
from tests.hub.delivery.desk import DEVICE, MAX_PAYLOAD, OWN, Desk, image
from tests.hub.delivery.true_device import Held, TrueDevice

FLAGS = frozenset({"deaf", "external", "queries_back", "asks_anyway", "slow", "falls_back"})
IMAGES = tuple(image(120, version=version) for version in (0x100, 0x200, 0x300))


class UntrueError(AssertionError):
    """The hub told what is not so, or did not tell what is."""


@dataclass(frozen=True)
class Mark:
    """To which delivery a download belongs: how often the image had been dropped, and the attempt."""

    generation: int
    attempt: int


class WatchedDesk(Desk):
    """A desk that notes in which order things were written."""

    def __init__(self) -> None:
        self.written: list[object] = []
        super().__init__()

    def _carry_out(self, effects: Iterable[Effect]) -> list[Send]:
        kept = list(effects)
        for effect in kept:
            if isinstance(effect, Persist):
                self.written += effect.records
        return super()._carry_out(kept)


class TrueWorld:
    """Everything that may happen, each as a method; judged as it happens, and when all is quiet."""

    def __init__(self) -> None:
        self.desk = WatchedDesk()
        self.device = TrueDevice(self.desk, IMAGES)
        self.device.mark = self.mark
        self.hub_on = self.radio_on = True
        self.generation: dict[str, int] = {}
        self.rows: dict[str, SessionRecord] = {}
        self.outcomes: dict[str, dict[str, OutcomeRecord]] = {}
        self.told_of: set[int] = set()
        self.arrived: set[int] = set()
        self.owed: Held | None = None
        self.read = 0
        self.push_at: float | None = None
        self.push_policy = VersionPolicy.UPGRADE
        self.push_image: ImageRecord = IMAGES[0]
        self.ran_at_push = 0
        self.device.join()
        self.judge()

    # --- people ------------------------------------------------------------------------------

    def order(self, command: Any) -> None:
        if self.hub_on:
            self.run(0.2)
            self.desk.give(command)
            self.after()

    def assign(self, which: int, policy: VersionPolicy, activation: Activation) -> None:
        self.push_at = None  # a push takes over what a person assigns meanwhile, on his terms
        self.order(AddImage(IMAGES[which], "test"))
        now = Utc(self.desk.now + self.desk.utc_offset + 0.2)
        wish = AssignmentRecord(
            DEVICE, IMAGES[which].sha256, policy, activation, 120, Utc(now + 300.0), now
        )
        self.order(Assign(wish, "test"))

    def withdraw(self, which: int) -> None:
        self.order(Withdraw(DEVICE, IMAGES[which].sha256, "test"))

    def abort(self) -> None:
        self.order(Abort(DEVICE, "test", "test"))

    def pause(self, everyone: bool) -> None:
        self.order(Pause(None if everyone else DEVICE, "test", "test"))

    def resume(self, everyone: bool) -> None:
        self.order(Resume(None if everyone else DEVICE, "test"))

    def apply_now(self) -> None:
        self.order(ApplyNow(DEVICE, "test"))

    def push(self, which: int, policy: VersionPolicy, activation: Activation) -> None:
        if not self.hub_on:
            return
        self.run(0.2)
        self.push_at, self.push_policy, self.push_image = self.desk.now, policy, IMAGES[which]
        self.ran_at_push = self.device.runs
        at = Utc(self.desk.now + self.desk.utc_offset + 300.0)
        self.desk.give(
            BeginPush(
                (IMAGES[which],),
                (DEVICE,),
                False,
                policy,
                activation,
                at,
                clients={DEVICE: Where(1, 0x0109)},
            )
        )
        self.after()

    def stop_push(self) -> None:
        self.order(StopPush())

    def resume_push(self) -> None:
        self.order(ResumePush(if_any=True))

    # --- the hub -----------------------------------------------------------------------------

    def hub_down(self) -> None:
        self.hub_on = False
        self.reach()

    def hub_up(self) -> None:
        if self.hub_on:
            return
        self.hub_on = self.radio_on = True
        self.reach()
        self.desk.restart()
        self.after()

    def radio_down(self) -> None:
        if self.hub_on and self.radio_on:
            self.radio_on = False
            self.reach()
            self.desk.give(LinkDown("test", "unplugged", self.desk.now))
            self.after()

    def radio_up(self) -> None:
        if self.hub_on and not self.radio_on:
            self.radio_on = True
            self.reach()
            self.desk.give(LinkUp("test", OWN, MAX_PAYLOAD, False, self.desk.now))
            self.after()

    def reach(self) -> None:
        self.device.within_reach = self.hub_on and self.radio_on

    # --- the device --------------------------------------------------------------------------

    def do(self, name: str, *arguments: Any, **named: Any) -> None:
        if self.device.on:
            getattr(self.device, name)(*arguments, **named)
            self.after()

    def answer(self) -> None:
        """Be asked, and answer with all that there is to say."""
        self.do("report", asked=True)

    # --- time --------------------------------------------------------------------------------

    def run(self, seconds: float) -> None:
        """Let time pass for all of them."""
        end = self.desk.now + seconds
        while True:
            moment = min(end, self.device.next_wake)
            if self.hub_on:
                moment = min(moment, max(self.desk.now, self.desk.engine.next_wake))
                self.desk.wait(max(0.0, moment - self.desk.now))
            else:
                self.desk.now = Monotonic(max(self.desk.now, moment))
            self.device.wake()
            self.device.hear()
            self.after()
            if self.desk.now >= end:
                return

    # --- the judge ---------------------------------------------------------------------------

    def session(self, sha256: str) -> SessionStatus | None:
        for one in self.desk.engine.status():
            if one.sha256 == sha256:
                return one
        return None

    def mark(self) -> dict[str, Mark]:
        """To which delivery belongs what the device holds from now on, by image."""
        return {
            one.sha256: Mark(self.generation.get(one.sha256, 0), one.attempt)
            for one in self.desk.engine.status()
        }

    def mark_of(self, held: Held) -> Mark | None:
        assert isinstance(held.came_with, dict)
        return held.came_with.get(held.image.sha256)

    def after(self) -> None:
        self.device.hear()
        self.judge()

    def judge(self) -> None:
        for record in self.desk.written[self.read :]:
            if isinstance(record, SessionRecord):
                self.rows[record.sha256] = record
            elif isinstance(record, OutcomeRecord):
                self.told(record)
            elif isinstance(record, Unassigned):
                self.compare(record.sha256)
                self.rows.pop(record.sha256, None)
                self.outcomes.pop(record.sha256, None)
                self.generation[record.sha256] = self.generation.get(record.sha256, 0) + 1
        self.read = len(self.desk.written)
        self.owe()
        self.judge_push()

    def compare(self, sha256: str) -> None:
        row = self.rows.get(sha256)
        if row is not None and not is_of_others(row):
            telling = check_telling([row], self.outcomes.get(sha256, {}).values())
            if telling != Telling():
                raise UntrueError(f"{telling}")

    def told(self, outcome: OutcomeRecord) -> None:
        outcomes = self.outcomes.setdefault(outcome.sha256, {})
        if outcome.key in outcomes:
            raise UntrueError(f"told a second time: {outcome.key}")
        outcomes[outcome.key] = outcome
        if outcome.verdict is not Verdict.SUCCEEDED:
            held = self.device.held
            holds = held is not None and held.image.sha256 == outcome.sha256
            if holds and not self.device.deaf and "came back" in outcome.reason:
                raise UntrueError(f"told as failed, and it holds the image: {outcome.reason}")
            return
        mark = Mark(self.generation.get(outcome.sha256, 0), int(outcome.key.split("-")[3]))
        moved = outcome.kind is OutcomeKind.ACTIVATION
        taken = self.told_of if moved else self.arrived
        for number, held in enumerate(self.device.wholes):
            if held.image.sha256 != outcome.sha256 or number in taken:
                continue
            if self.mark_of(held) == mark and (not moved or held.switched_at is not None):
                taken.add(number)
                return
        raise UntrueError(f"{outcome.kind} told as succeeded, attempt {mark}: {outcome.reason}")

    def owe(self) -> None:
        """A switch is owed a word once the hub hears of it."""
        for number, held in enumerate(self.device.wholes):
            if held.switched_at is not None and number not in self.told_of:
                session, mark = self.session(held.image.sha256), self.mark_of(held)
                if (
                    session is None
                    or mark is None
                    or mark.generation != self.generation.get(held.image.sha256, 0)
                ):
                    self.told_of.add(number)  # the delivery was dropped: nobody is to be told
                elif session.state is SessionState.ABORTED:
                    self.told_of.add(number)
                elif self.device.runs != held.image.file_version:
                    self.told_of.add(number)  # another one has followed, unseen

    def judge_push(self) -> None:
        record = self.desk.engine.pushes.last
        if record is None or record.state is not PushState.ENDED or self.push_at is None:
            return
        (standing,) = self.desk.engine.pushes.standings(self.desk.now)
        push_at, self.push_at = self.push_at, None
        self.judge_verdict(standing, push_at)

    def judge_verdict(self, standing: PushStanding, since: float) -> None:
        verdict = standing.verdict
        if not standing.sha256:
            return
        if verdict is PushVerdict.UPDATED:
            switched = [
                held
                for held in self.device.wholes
                if held.image.sha256 == standing.sha256
                and held.switched_at is not None
                and held.switched_at >= since
            ]
            ran = self.ran_at_push == self.push_image.file_version
            if not switched and not (ran and self.push_policy is not VersionPolicy.REINSTALL):
                raise UntrueError(f"push: {standing.verdict}, and no switch")
        if verdict in (PushVerdict.HOLDING, PushVerdict.AWAITING) and not self.device.deaf:
            held_since = [
                held
                for held in self.device.wholes
                if held.image.sha256 == standing.sha256
                and (held.left_at is None or held.left_at >= since)
            ]
            if not held_since:
                raise UntrueError(f"push: {standing.verdict}, and it holds nothing")

    def settle(self) -> None:
        """Let all become quiet, have the device asked, and judge what was told."""
        self.hub_up()
        self.radio_up()
        self.device.deaf = False
        self.run(60.0)
        while self.device.restarts:
            self.run(15.0)
        self.answer()
        self.run(5.0)
        self.answer()
        for sha256 in list(self.rows):
            self.compare(sha256)
        self.owe()
        for number, held in enumerate(self.device.wholes):
            if not (held.switched_at is None or held.unsaid or number in self.told_of):
                session = self.session(held.image.sha256)
                raise UntrueError(
                    f"it runs since {held.switched_at}, and nothing is told: {session}"
                )


def is_of_others(row: SessionRecord) -> bool:
    """Whether a device runs an image that it was not given whole from here, which nobody is told."""
    whole = next(len(one.data) for one in IMAGES if one.sha256 == row.sha256)
    return row.state is SessionState.UPDATED and row.offset < whole


def walk(world: TrueWorld, steps: Iterable[Sequence[Any]]) -> None:
    """Have these things happen one after the other, then judge; an order that may not be is refused.

    Raises:
        UntrueError: the hub told what is not so, or did not tell what is.
    """
    for name, *arguments in steps:
        if name == "fetch":
            world.do("query")
            world.do("go_on", len(IMAGES[0].data))
        elif name in FLAGS:
            setattr(world.device, name, arguments[0] if arguments else True)
        elif hasattr(world.device, name):
            world.do(name, *arguments)
        else:
            with suppress(LocalError):
                getattr(world, name)(*arguments)
            world.after()
    world.settle()
