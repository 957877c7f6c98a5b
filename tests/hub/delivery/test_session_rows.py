"""Every row of the session table, walked with the frames and orders that lead there."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import pytest

from images.eui64 import Eui64
from ota_engine.errors import LocalError
from ota_engine.events import Left
from ota_engine.hub.delivery.commands import Abort, Assign, Pause, Resume
from ota_engine.hub.delivery.config import DeliveryConfig
from ota_engine.hub.delivery.session import IGNORED, TRANSITIONS, SessionStep
from ota_engine.records import Activation, SessionState
from ota_engine.zcl.ota import Command
from ota_engine.zcl.status import Status
from tests.hub.delivery.desk import DEVICE, NEW, OLD, Client, Desk, image, wish

IMAGE = image(5000)  # longer than a page, so that going back to its beginning is a new download
LAST_BLOCK = 4950
NEEDS_THE_WHOLE_IMAGE = {
    SessionStep.MORE,
    SessionStep.APPLY,
    SessionStep.SCHEDULE,
    SessionStep.HOLD,
    SessionStep.EXTERN,
}
HELD_BY = {
    SessionState.HELD: Activation.WAIT,
    SessionState.SCHEDULED: Activation.DELAYED,
    SessionState.AWAITING_COMMAND: Activation.EXTERNAL,
}
#: Pairs that no single event brings about alone, and why.
NOT_ALONE = {
    (
        SessionState.SCHEDULED,
        SessionStep.PAUSE,
    ): "a pause takes back a set time: HOLD follows at once",
    **{
        (
            state,
            SessionStep.OVERDUE,
        ): "nothing has a deadline there; the time would bring other steps"
        for state in SessionState
        if (state, SessionStep.OVERDUE) in IGNORED
    },
}


class Stage:
    """One device with one image, and a rival for the only place on the channel."""

    def __init__(self, state: SessionState, *, whole: bool) -> None:
        self.desk = Desk(DeliveryConfig(concurrency=1))
        self.client = Client(self.desk, of=IMAGE)
        self.rival = Client(self.desk, Eui64(DEVICE + 1), of=IMAGE)
        for one in (self.client, self.rival):
            one.join()
        self.desk.assign(IMAGE, self.rival.eui64)
        activation = HELD_BY.get(state, Activation.IMMEDIATE)
        self.desk.assign(IMAGE, activation=activation, delay=50_000)
        self._go_to(state, whole)
        assert self.desk.state() is state

    def _go_to(self, state: SessionState, whole: bool) -> None:
        if state is SessionState.ASSIGNED:
            return
        self.client.query()
        if whole or state in AT_THE_END:
            self.client.block(LAST_BLOCK)
        elif state in (SessionState.DOWNLOADING, SessionState.PAUSED, SessionState.STALLED):
            self.client.block(0)
        if state in FINAL_TOUCH:
            FINAL_TOUCH[state](self)

    def again(self) -> object:
        """Ask for the beginning, after the end."""
        return self.client.ask(0)

    def end_with(self, activation: Activation) -> None:
        self.desk.give(Assign(wish(IMAGE, activation=activation, delay=50_000), "test"))
        self.client.end()


AT_THE_END = {
    SessionState.VERIFYING,
    SessionState.WAIT_FOR_MORE,
    SessionState.HELD,
    SessionState.SCHEDULED,
    SessionState.AWAITING_COMMAND,
    SessionState.RESTARTING,
    SessionState.UPDATED,
}


def queue_up(stage: Stage) -> None:
    stage.rival.block(0)
    stage.again()


def stand_still(stage: Stage) -> None:
    stage.again()
    stage.desk.give(Left(DEVICE, stage.desk.now))


def pause(stage: Stage) -> None:
    stage.again()
    stage.desk.give(Pause(DEVICE, "maintenance", "test"))


def update(stage: Stage) -> None:
    stage.client.end()
    stage.client.join()
    stage.client.report(NEW)


def abort(stage: Stage) -> None:
    with suppress(LocalError):
        stage.desk.give(Abort(DEVICE, "stop", "test"))


FINAL_TOUCH: dict[SessionState, Callable[[Stage], object]] = {
    SessionState.OFFERED: lambda stage: stage.client.query(),
    SessionState.QUEUED: queue_up,
    SessionState.DOWNLOADING: Stage.again,
    SessionState.PAUSED: pause,
    SessionState.STALLED: stand_still,
    SessionState.WAIT_FOR_MORE: lambda stage: stage.client.end(Status.REQUIRE_MORE_IMAGE),
    SessionState.HELD: lambda stage: stage.client.end(),
    SessionState.SCHEDULED: lambda stage: stage.client.end(),
    SessionState.AWAITING_COMMAND: lambda stage: stage.client.end(),
    SessionState.RESTARTING: lambda stage: stage.client.end(),
    SessionState.UPDATED: update,
    SessionState.FAILED: lambda stage: stage.client.end(Status.INVALID_IMAGE),
    SessionState.ABORTED: abort,
}


def ask_with_a_free_place(stage: Stage) -> None:
    stage.desk.give(Abort(stage.rival.eui64, "make room", "test"))
    stage.desk.wait(6.0)
    stage.again()


def come_back_without(stage: Stage) -> None:
    stage.client.join()
    stage.client.report(OLD, 0)


def ask_anew_with_no_attempt_left(stage: Stage) -> None:
    stage.desk.config = replace(stage.desk.config, max_attempts=1)
    stage.desk.restart()
    stage.client.query(OLD)


def leave_to_a_command(stage: Stage) -> None:
    if stage.desk.state() is SessionState.RESTARTING:
        stage.client.refuse(Command.UPGRADE_END_RESPONSE, Status.NOT_AUTHORIZED)
    else:
        stage.end_with(Activation.EXTERNAL)


EVENTS: dict[SessionStep, Callable[[Stage], object]] = {
    SessionStep.OFFER: lambda stage: stage.client.query(OLD),
    SessionStep.REFUSE: lambda stage: stage.client.query(NEW + 1),
    SessionStep.BLOCK: ask_with_a_free_place,
    SessionStep.QUEUE: queue_up,
    SessionStep.PAUSE: lambda stage: stage.desk.give(Pause(DEVICE, "maintenance", "test")),
    SessionStep.RESUME: lambda stage: stage.desk.give(Resume(DEVICE, "test")),
    SessionStep.STALL: lambda stage: stage.desk.give(Left(DEVICE, stage.desk.now)),
    SessionStep.LAST: lambda stage: stage.client.block(LAST_BLOCK),
    SessionStep.MORE: lambda stage: stage.client.end(Status.REQUIRE_MORE_IMAGE),
    SessionStep.APPLY: lambda stage: stage.end_with(Activation.IMMEDIATE),
    SessionStep.SCHEDULE: lambda stage: stage.end_with(Activation.DELAYED),
    SessionStep.HOLD: lambda stage: stage.end_with(Activation.WAIT),
    SessionStep.EXTERN: leave_to_a_command,
    SessionStep.BAD: lambda stage: stage.client.end(Status.INVALID_IMAGE),
    SessionStep.REPORTED_NEW: lambda stage: stage.client.report(NEW),
    SessionStep.REPORTED_OLD: come_back_without,
    SessionStep.RELAPSE: ask_anew_with_no_attempt_left,
    SessionStep.OVERDUE: lambda stage: stage.desk.wait(4600.0),
    SessionStep.ABORT: abort,
}


@pytest.mark.parametrize(
    ("state", "step"), [pair for pair in [*TRANSITIONS, *sorted(IGNORED)] if pair not in NOT_ALONE]
)
def test_the_row_is_walked(state: SessionState, step: SessionStep) -> None:
    stage = Stage(state, whole=step in NEEDS_THE_WHOLE_IMAGE)
    EVENTS[step](stage)
    assert stage.desk.state() is TRANSITIONS.get((state, step), state)


def test_only_ignored_pairs_are_left_out() -> None:
    assert NOT_ALONE.keys() <= IGNORED
