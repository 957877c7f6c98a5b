"""What is told of attempts: each once, when it ends, also when that shows later only."""

from dataclasses import replace
from itertools import product

import pytest

from emulators.simulation.telling import Telling, check_telling
from ota_engine.events import Send
from ota_engine.hub.delivery.commands import Abort, Assign
from ota_engine.hub.delivery.config import DeliveryConfig
from ota_engine.hub.delivery.session import FINAL, TRANSITIONS, SessionStep, ends_of
from ota_engine.records import Activation, OutcomeKind, SessionState
from ota_engine.zcl import ota
from ota_engine.zcl.ota import Command
from ota_engine.zcl.status import Status
from tests.hub.delivery.desk import (
    DEVICE,
    NEW,
    NOBODY,
    OLD,
    Client,
    Desk,
    image,
    offered,
    ready,
    wish,
)

TRANSFER_FAILED = ("transfer", "failed")
ARRIVED = ("transfer", "succeeded")
RUNS = ("activation", "succeeded")
ACTIVATION_FAILED = ("activation", "failed")
TAKEN = f"the device was taken to run the image, and reports 0x{OLD:08X}"


def ends(desk: Desk) -> list[tuple[str, str]]:
    return [(kind, verdict) for kind, verdict, _ in desk.outcomes()]


def told_as_it_was(desk: Desk) -> bool:
    return check_telling(desk.store.load().sessions, desk.store.outcomes()) == Telling()


def garbled_block_request(client: Client, offset: int) -> bytes:
    """A block request with one bit of its command lost: a query, by which the device runs the file."""
    code, kind, version = client.key
    fields = bytes((0,)) + code.to_bytes(2, "little") + kind.to_bytes(2, "little")
    octets = (
        bytes((1, 9, Command.IMAGE_BLOCK_REQUEST & ~2)) + fields + version.to_bytes(4, "little")
    )
    return octets + offset.to_bytes(4, "little") + bytes((0x40,))


def taken_to_run_it(config: DeliveryConfig | None = None) -> tuple[Desk, Client]:
    """A device whose download was ended by a garbled frame, by which it ran the image already."""
    desk, client = ready(config)
    client.query()
    client.download(until=500)
    client.raw(garbled_block_request(client, 500))
    assert (desk.state(), desk.status().reason) == (
        SessionState.UPDATED,
        "the device already runs it",
    )
    return desk, client


# --- an update that was none ------------------------------------------------------------------------


def test_an_attempt_that_a_false_word_ended_has_failed_once_the_device_asks_anew() -> None:
    desk, client = taken_to_run_it()
    assert desk.outcomes() == []
    desk.restart(after=18_000.0)
    assert client.query(OLD) == offered(client.image)
    assert (desk.state(), desk.status().attempt) == (SessionState.OFFERED, 2)
    assert desk.outcomes() == [(*TRANSFER_FAILED, TAKEN)]
    client.download()
    client.end()
    client.join()
    client.report(NEW)
    assert ends(desk) == [TRANSFER_FAILED, ARRIVED, RUNS]
    assert told_as_it_was(desk)


def invited(sent: list[Send]) -> bool:
    """Whether there is an Image Notify among what was sent: cluster command 0x00."""
    return any(one.payload[0] & 3 == 1 and one.payload[2] == Command.IMAGE_NOTIFY for one in sent)


def test_a_device_that_asks_for_more_of_what_it_is_taken_to_run_is_invited_to_say_what_it_runs() -> (
    None
):
    """It may not ask anew by itself for days, and nobody would know that it has nothing."""
    desk, client = taken_to_run_it()
    desk.wait(60.0)
    assert client.ask(500) == ota.ImageBlockResponse(Status.ABORT)
    assert invited(desk.wait(10.0))
    assert client.ask(500) == ota.ImageBlockResponse(Status.ABORT)
    assert not invited(desk.wait(10.0))  # not for each of them
    assert invited(desk.wait(4 * 3600.0))  # but until it has said so
    assert client.query(OLD) == offered(client.image)
    assert desk.outcomes() == [(*TRANSFER_FAILED, TAKEN)]


def test_a_device_that_says_once_more_that_it_runs_the_image_is_left_alone() -> None:
    """What it asked for before may come late."""
    desk, client = taken_to_run_it()
    desk.wait(60.0)
    client.ask(500)
    assert invited(desk.wait(10.0))
    assert client.query(NEW) == NOBODY
    assert not invited(desk.wait(86_400.0))
    assert desk.state() is SessionState.UPDATED


def test_a_word_that_ends_an_attempt_is_asked_for_once_more_though_the_device_asks_for_nothing() -> (
    None
):
    """It may have gone idle at once, and would say for a day that it runs what it has not."""
    desk, client = taken_to_run_it()
    assert invited(desk.wait(10.0))
    assert invited(desk.wait(2 * 3600.0))  # the first may be lost
    assert client.query(NEW) == NOBODY
    assert not invited(desk.wait(86_400.0))
    assert desk.state() is SessionState.UPDATED


def test_what_is_in_doubt_is_in_doubt_after_a_restart_too() -> None:
    """Soak seed 900011: the hub was killed before the device had its turn to be invited."""
    desk, client = taken_to_run_it()
    desk.restart(after=100.0)
    assert invited(desk.wait(10.0))
    assert invited(desk.wait(2 * 3600.0))  # the first may be lost
    assert client.query(OLD) == offered(client.image)
    assert desk.outcomes() == [(*TRANSFER_FAILED, TAKEN)]
    client.download()
    client.end()
    client.join()
    client.report(NEW)
    desk.restart(after=100.0)
    assert not invited(desk.wait(86_400.0))  # it was given all of it
    assert told_as_it_was(desk)


def test_nobody_is_asked_twice_who_ran_it_before_there_was_an_attempt() -> None:
    desk, client = ready()
    client.query(NEW)
    assert not invited(desk.wait(86_400.0))
    desk.restart(after=100.0)
    assert not invited(desk.wait(86_400.0))


def test_the_last_attempt_that_a_false_word_ended_is_told_as_failed_too() -> None:
    desk, client = taken_to_run_it(DeliveryConfig(max_attempts=1))
    for _ in range(3):
        assert client.query(OLD) == NOBODY
    assert (desk.state(), desk.status().reason) == (SessionState.FAILED, TAKEN)
    assert ends(desk) == [TRANSFER_FAILED]
    assert told_as_it_was(desk)


def test_a_device_that_falls_back_from_what_it_ran_is_told_of_and_updated_again() -> None:
    desk, client = ready()
    client.finish()
    client.join()
    client.report(NEW)
    desk.wait(86_400.0)
    assert client.finish()
    assert (desk.state(), desk.status().attempt) == (SessionState.RESTARTING, 2)
    assert desk.outcomes()[2] == (*ACTIVATION_FAILED, TAKEN)
    client.join()
    client.report(NEW)
    assert ends(desk) == [ARRIVED, RUNS, ACTIVATION_FAILED, ARRIVED, RUNS]
    assert told_as_it_was(desk)


def test_a_device_that_has_gone_on_to_a_newer_version_has_not_fallen_back() -> None:
    desk, client = ready()
    client.finish()
    client.join()
    client.report(NEW)
    assert client.query(NEW + 1) == NOBODY
    assert desk.state() is SessionState.UPDATED
    assert ends(desk) == [ARRIVED, RUNS]


def test_of_a_device_that_had_no_attempt_yet_no_attempt_has_failed() -> None:
    desk, client = ready()
    client.query(NEW)
    assert (desk.state(), desk.status().attempt) == (SessionState.UPDATED, 0)
    assert client.query(OLD) == offered(client.image)
    assert (desk.state(), desk.status().attempt) == (SessionState.OFFERED, 1)
    assert desk.outcomes() == []


# --- no end twice -----------------------------------------------------------------------------------


def test_a_device_that_refuses_what_it_holds_when_it_is_offered_again_has_failed_to_activate_it() -> (
    None
):
    desk, client = ready(activation=Activation.WAIT)
    client.finish()
    client.query()
    client.refuse(Command.QUERY_NEXT_IMAGE_RESPONSE, Status.INSUFFICIENT_SPACE)
    assert desk.state() is SessionState.FAILED
    assert ends(desk) == [ARRIVED, ACTIVATION_FAILED]


def test_what_has_failed_fails_no_second_time_when_it_is_aborted() -> None:
    desk, client = ready(activation=Activation.WAIT)
    client.finish()
    client.end(Status.INVALID_IMAGE)
    desk.give(Abort(DEVICE, "enough", "ann"))
    assert desk.state() is SessionState.ABORTED
    assert ends(desk) == [ARRIVED, ACTIVATION_FAILED]
    assert told_as_it_was(desk)


def test_what_is_assigned_anew_while_the_device_holds_it_has_arrived_once() -> None:
    desk, client = ready(activation=Activation.WAIT)
    client.finish()
    anew = replace(wish(client.image), activation=Activation.EXTERNAL)
    desk.give(Assign(replace(anew, created_utc=anew.created_utc + 60.0), "ann"))
    client.join()
    client.report(NEW)
    assert desk.state() is SessionState.UPDATED
    assert ends(desk) == [ARRIVED, RUNS]


def test_a_transfer_told_as_failed_is_put_right_by_what_the_device_runs() -> None:
    desk, client = ready()
    client.query()
    client.download()
    client.end(Status.INVALID_IMAGE)
    client.join()
    client.report(NEW)
    assert ends(desk) == [TRANSFER_FAILED, ARRIVED, RUNS]
    assert told_as_it_was(desk)


# --- dropped ----------------------------------------------------------------------------------------


def test_an_image_on_its_way_that_another_replaces_is_told_of() -> None:
    desk, client = ready()
    client.query()
    client.block(0)
    desk.assign(image(version=NEW + 1))
    assert desk.outcomes() == [(*TRANSFER_FAILED, "replaced by another image")]


# --- every change of state ---------------------------------------------------------------------------


@pytest.mark.parametrize("complete", [False, True])
@pytest.mark.parametrize(("change"), list(TRANSITIONS.items()))
def test_whatever_fails_is_told_as_failed_once(
    change: tuple[tuple[SessionState, SessionStep], SessionState], complete: bool
) -> None:
    (before, _), after = change
    failed = [end for end in ends_of(before, after, complete=complete) if not end.succeeded]
    gives_up = after in (SessionState.FAILED, SessionState.ABORTED)
    assert len(failed) == (gives_up and before is not SessionState.FAILED)


def test_an_attempt_follows_only_on_one_that_has_failed_or_on_none() -> None:
    """``RELAPSE`` comes before ``OFFER`` where there was an attempt; see above."""
    on = {step for (before, step) in TRANSITIONS if before is SessionState.UPDATED}
    assert on == {SessionStep.OFFER, SessionStep.RELAPSE}


@pytest.mark.parametrize(("before", "after"), list(product(SessionState, SessionState)))
def test_a_transfer_is_told_to_have_arrived_before_what_it_brought_runs(
    before: SessionState, after: SessionState
) -> None:
    told = ends_of(before, after, complete=True)
    kinds = [end.kind for end in told]
    assert kinds == sorted(kinds, key=[OutcomeKind.TRANSFER, OutcomeKind.ACTIVATION].index)
    if after not in FINAL:
        assert OutcomeKind.ACTIVATION not in kinds
