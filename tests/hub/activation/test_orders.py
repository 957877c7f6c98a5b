"""An order from the request to the device's word, over the tunnel, with nothing in the way."""

import json
from dataclasses import replace

import pytest

from images.eui64 import Eui64
from ota_engine.errors import LocalError
from ota_engine.events import ClockObserved, LinkUp
from ota_engine.gbcs.payloads import activation_of
from ota_engine.gbcs.protection import authenticate
from ota_engine.gbcs.verification import CheckResult
from ota_engine.hub.activation.requests import ActivateImage
from ota_engine.hub.delivery.commands import AddImage
from ota_engine.hub.engine import Engine
from ota_engine.records import AuditRecord, CounterRecord, OrderRecord, OrderState, OutcomeRecord
from ota_engine.times import Monotonic
from tests.gbcs.parties import CHF, HASH, HCALCS, NOW, VERSION, everyone, without
from tests.hub.activation.desk import BAD, DEVICE, DONE, UTC, Client, Desk, image, ready, security

HOUR = 3600.0


def test_now_from_the_request_to_the_proof() -> None:
    desk, client = ready()
    desk.activate()
    assert desk.state() is OrderState.SENT
    (command,) = client.commands()
    authenticate(command, everyone(), now=NOW)
    assert activation_of(command) == (HASH, command.counter, None)
    octets = client.answer(DONE)
    order = desk.order()
    assert (order.state, order.code, order.firmware_version) == (OrderState.ACTIVATED, 0, VERSION)
    (outcome,) = desk.outcomes("order")
    assert (outcome.verdict, outcome.version_after, outcome.message) == (
        "succeeded",
        VERSION,
        octets,
    )
    assert outcome.verification == (CheckResult.VALID, CheckResult.ABSENT)
    assert desk.nudges == 1


def test_order_counter_and_audit_are_stored_together_before_anything_leaves() -> None:
    desk, _ = ready()
    desk.batches.clear()
    desk.activate()
    kinds = [type(record) for record in desk.batches[0]]
    assert {CounterRecord, AuditRecord, OrderRecord} <= set(kinds)


def test_the_outcome_is_stored_with_the_order_it_ends() -> None:
    desk, client = ready()
    desk.activate()
    client.answer(DONE)
    (batch,) = [b for b in desk.batches if any(isinstance(r, OutcomeRecord) for r in b)]
    assert any(isinstance(record, OrderRecord) for record in batch)


@pytest.mark.parametrize("code", [1, 2, 3])
def test_a_refusal_is_a_failure_with_its_code_and_the_version_that_still_runs(code: int) -> None:
    desk, client = ready()
    desk.activate()
    client.answer(BAD._replace(code=code))
    order = desk.order()
    assert (order.state, order.code) == (OrderState.FAILED, code)
    assert order.firmware_version == BAD.firmware_version
    assert [one.verdict for one in desk.outcomes("order")] == ["failed"]


def test_later_is_accepted_then_due_then_told_by_alert() -> None:
    desk, client = ready()
    desk.activate(at=HOUR)
    client.accept()
    assert desk.state() is OrderState.ACCEPTED
    desk.wait(HOUR - 1)
    assert desk.state() is OrderState.ACCEPTED
    desk.wait(1.5)
    assert desk.state() is OrderState.DUE
    octets = client.alert(DONE)
    assert desk.state() is OrderState.ACTIVATED
    assert [one.message for one in desk.outcomes("order")] == [octets]
    assert len(client.commands()) == 1


def test_an_alert_of_a_device_whose_clock_is_ahead_is_believed() -> None:
    desk, client = ready()
    desk.activate(at=HOUR)
    client.accept()
    client.alert(DONE)
    assert desk.state() is OrderState.ACTIVATED
    desk.wait(2 * HOUR)
    assert desk.state() is OrderState.ACTIVATED
    assert len(desk.outcomes("order")) == 1


def test_a_time_is_said_to_the_whole_second() -> None:
    desk, client = ready()
    order = desk.activate(at=10.25)
    assert order.execution_utc == UTC + 11
    at = activation_of(client.commands()[0]).execution_time
    assert at is not None and at.timestamp() == UTC + 11


def test_an_unknown_hash_is_ordered_and_audited_as_such() -> None:
    desk, client = ready()
    desk.activate(digest=bytes(32))
    (row,) = desk.audits("activate")
    assert json.loads(row.detail)["in_catalogue"] is False
    client.answer(BAD)
    assert desk.state() is OrderState.FAILED


def test_a_known_hash_is_tied_to_its_image() -> None:
    desk, _ = ready()
    assert desk.activate().sha256 == image().sha256


def test_of_two_images_with_one_hash_the_ordered_one_is_the_devices_own() -> None:
    desk, _ = ready()
    desk.add(image(VERSION + 1, image_type=0x0099, added_utc=UTC + 1))
    assert desk.activate().sha256 == image().sha256


def test_the_image_of_another_device_is_not_named_though_its_hash_is_the_same() -> None:
    desk = Desk()
    desk.add(image(image_type=0x0099))
    client = Client(desk)
    client.join()
    client.query()
    assert desk.activate().sha256 == ""


def test_an_order_may_name_its_image_itself() -> None:
    desk = Desk()
    desk.add(image())
    Client(desk).join()
    desk.give(ActivateImage(DEVICE, HASH, None, "ann", sha256=image().sha256))
    assert desk.order().sha256 == image().sha256


def test_an_order_in_the_name_of_another_party() -> None:
    desk, client = ready()
    with pytest.raises(LocalError, match="no signing key of 00-00-00-00-00-00-00-01"):
        desk.give(ActivateImage(DEVICE, HASH, None, "ann", Eui64(1)))
    assert client.commands() == []


# --- refusals ---------------------------------------------------------------------------------


def refused(desk: Desk, because: str, **asked: object) -> None:
    before = desk.engine.orders()
    with pytest.raises(LocalError, match=because):
        desk.activate(**asked)  # type: ignore[arg-type] # by name
    assert desk.engine.orders() == before
    desk.tell_time()  # what was collected would come out now
    assert desk.store.load().orders == before


def test_a_second_order_for_a_device_waits_for_the_first_to_end() -> None:
    desk, client = ready()
    desk.activate()
    refused(desk, "order 1 .* is still open \\(sent\\): cancel it")
    client.answer(BAD)
    assert desk.activate().number == 2


def test_a_hash_of_another_length_is_refused() -> None:
    refused(ready()[0], "32 octets, not 31", digest=bytes(31))


def test_a_time_that_has_passed_is_refused() -> None:
    refused(ready()[0], "2026-01-01 11:59:59 UTC has passed", at=-1.0)


@pytest.mark.parametrize("at", [8.0e11, float("nan"), float("inf")])
def test_a_time_no_command_can_say_is_refused(at: float) -> None:
    refused(ready()[0], "no command can say", at=at)


def test_a_device_without_keys_is_refused() -> None:
    refused(ready()[0], "no key pair at hand for the MAC", device=Eui64(1))


def test_a_device_whose_answer_could_not_be_believed_is_not_asked() -> None:
    keys = without(f"{HCALCS:016x}-ds.pem")
    engine = Engine(security=replace(security(), keys=keys))
    engine.handle(ClockObserved(UTC, Monotonic(0.0)), Monotonic(0.0))
    with pytest.raises(LocalError, match=r"put 00db123400000003-ds\.pem into the key folder"):
        engine.handle(ActivateImage(DEVICE, HASH, None, "ann"), Monotonic(0.0))


def test_other_hardware_than_the_image_is_for_is_refused() -> None:
    desk, client = ready()
    desk.give(
        AddImage(image(2, bytes(32), minimum_hardware_version=2, maximum_hardware_version=3), "ann")
    )
    from tests.hub.delivery.desk import Client as Delivered

    delivered = Delivered(desk, client.eui64)  # type: ignore[arg-type] # gives frames alike
    desk.receive(delivered.frame(bytes.fromhex("010101011d128400000000010700")))
    refused(desk, "is hardware 0x0007, the image is for 0x0002 to 0x0003", digest=bytes(32))


def test_before_the_clock_was_read_nothing_is_ordered() -> None:
    engine = Engine(security=security())
    engine.handle(LinkUp("test", Eui64(CHF), 82, False, Monotonic(0.0)), Monotonic(0.0))
    with pytest.raises(LocalError, match="has not been read yet"):
        engine.handle(ActivateImage(DEVICE, HASH, None, "ann"), Monotonic(0.0))


def test_while_the_clock_is_in_doubt_nothing_is_ordered_for_later() -> None:
    desk, client = ready()
    desk.tell_time(step=-DAY_AND_MORE)
    refused(desk, "no order for a set time now: the wall clock stepped back", at=HOUR)
    desk.activate()
    assert len(client.commands()) == 1


DAY_AND_MORE = 90_000.0


def test_an_engine_without_keys_says_so() -> None:
    engine = Engine()
    with pytest.raises(LocalError, match="no keys to sign with"):
        engine.handle(ActivateImage(DEVICE, HASH, None, "ann"), Monotonic(0.0))


def test_a_hub_without_a_signing_key_is_refused_at_once() -> None:
    with pytest.raises(LocalError, match="no signing key"):
        Engine(security=replace(security(), hub=Eui64(1)))


def test_an_engine_without_keys_still_shows_the_orders_of_an_earlier_run() -> None:
    desk, _ = ready()
    desk.activate()
    engine = Engine(snapshot=desk.store.load())
    assert engine.orders() == desk.engine.orders()
    assert engine.order(1) == desk.order(1)
    assert engine.order(2) is None


def test_orders_are_numbered_on_across_a_restart() -> None:
    desk, client = ready()
    desk.activate()
    client.answer(BAD)
    desk.restart()
    client.join()
    assert desk.activate().number == 2
