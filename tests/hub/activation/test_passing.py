"""Commands that users have signed: passed on as they are, by an engine that cannot sign for them."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Final

import pytest

from images.eui64 import Eui64
from ota_engine.errors import LocalError
from ota_engine.gbcs import compose
from ota_engine.gbcs.codes import MessageCode
from ota_engine.gbcs.envelope import Message, OtherInformation, parse, serialise
from ota_engine.gbcs.keystore import Keystore
from ota_engine.gbcs.payloads import CANCELLATION_TIME, CommandAccepted, ReadVersion
from ota_engine.gbcs.protection import authenticate, protect, sign
from ota_engine.hub.activation.requests import (
    ActivateImage,
    AskVersion,
    CancelOrder,
    PassCommand,
    TellVersion,
)
from ota_engine.hub.engine import Engine
from ota_engine.records import OrderState, OutcomeKind
from ota_engine.times import Monotonic, Utc
from tests.gbcs.parties import (
    BROKER,
    CHF,
    HASH,
    HCALCS,
    NOW,
    PPMID,
    SECOND_SUPPLIER,
    SUPPLIER,
    VERSION,
    everyone,
    files,
)
from tests.hub.activation.desk import BAD, DEVICE, DONE, Client, Desk, ready, security

HOUR: Final = 3600.0
CS08: Final = MessageCode.READ_HAN_DEVICE_FIRMWARE_VERSION
USER: Final = Eui64(SUPPLIER)


@cache
def without_users_keys() -> Keystore:
    """What a hub holds: certificates of suppliers, and none of their private keys."""
    hidden = {f"{party:016x}-ds.key" for party in (SUPPLIER, SECOND_SUPPLIER)}
    return Keystore.read({name: octets for name, octets in files().items() if name not in hidden})


def at_hand() -> tuple[Desk, Client]:
    return ready(keys=without_users_keys())


def written(
    counter: int, at: datetime | None = None, *, user: int = SUPPLIER, device: int = HCALCS
) -> Message:
    return compose.activate_firmware(
        HASH, originator=user, recipient=device, counter=counter, execution_time=at
    )


def signed(
    counter: int, at: datetime | None = None, *, user: int = SUPPLIER, device: int = HCALCS
) -> bytes:
    return serialise(sign(written(counter, at, user=user, device=device), everyone()))


def later(desk: Desk, seconds: float) -> datetime:
    return datetime.fromtimestamp(round(desk.now + desk.utc_offset + seconds), UTC)


def give(desk: Desk, octets: bytes, device: int = HCALCS) -> None:
    desk.give(PassCommand(Eui64(device), octets, "fleet"))


# --- passed on -------------------------------------------------------------------------------------


def test_a_users_command_is_sent_as_it_was_signed_with_the_brokers_mac_added() -> None:
    desk, client = at_hand()
    octets = signed(1000)
    give(desk, octets)
    (command,) = client.commands()
    authenticate(command, everyone(), now=NOW)
    assert serialise(command._replace(mac=None)) == octets
    order = desk.order()
    assert (order.originator, order.counter, order.passed) == (USER, 1000, True)
    assert [row.actor for row in desk.audits("pass on")] == ["fleet"]


def test_the_engines_own_orders_need_a_key_that_users_orders_do_not() -> None:
    desk, _ = at_hand()
    with pytest.raises(LocalError, match="no signing key"):
        desk.activate()
    give(desk, signed(1000))
    assert desk.state() is OrderState.SENT


def test_an_answer_is_an_outcome_with_the_devices_octets() -> None:
    desk, client = at_hand()
    give(desk, signed(1000))
    octets = client.answer(DONE)
    (outcome,) = desk.outcomes("order")
    assert (outcome.verdict, outcome.version_after) == ("succeeded", VERSION)
    assert outcome.message == octets
    assert desk.state() is OrderState.ACTIVATED


def test_a_command_for_later_has_two_outcomes_its_answer_and_its_alert() -> None:
    desk, client = at_hand()
    give(desk, signed(1000, later(desk, HOUR)))
    noted = client.accept()
    assert [one.message for one in desk.outcomes("order")] == [noted]
    desk.wait(HOUR)
    told = client.alert(DONE)
    assert [one.message for one in desk.outcomes("alert")] == [told]
    assert [one.message for one in desk.outcomes("order")] == [noted]
    assert desk.state() is OrderState.ACTIVATED


@pytest.mark.parametrize("say", [Client.accept, Client.answer], ids=["noted", "outcome"])
def test_an_answer_that_comes_again_is_told_once(say: Callable[[Client], bytes]) -> None:
    desk, client = at_hand()
    give(desk, signed(1000, later(desk, HOUR) if say is Client.accept else None))
    say(client)
    desk.restart(after=600.0)
    say(client)
    assert len(desk.outcomes("order")) == 1


def test_an_alert_that_comes_before_the_answer_takes_nothing_from_it() -> None:
    desk, client = at_hand()
    give(desk, signed(1000, later(desk, HOUR)))
    desk.wait(HOUR + 1)
    told = client.alert(DONE)
    noted = client.accept()
    assert [one.message for one in desk.outcomes("alert")] == [told]
    assert [one.message for one in desk.outcomes("order")] == [noted]
    assert desk.state() is OrderState.ACTIVATED


def test_an_answer_that_comes_after_the_order_was_given_up_is_told() -> None:
    desk, client = at_hand()
    give(desk, signed(1000))
    desk.wait(25 * HOUR)
    assert desk.state() is OrderState.EXPIRED
    octets = client.answer(DONE)
    assert [one.message for one in desk.outcomes("order") if one.message] == [octets]
    assert desk.state() is OrderState.ACTIVATED


def test_no_question_is_asked_in_a_users_name_when_its_command_is_not_answered() -> None:
    desk, client = at_hand()
    give(desk, signed(1000))
    desk.wait(25 * HOUR)
    assert {message.message_code for message in client.inbox} == {MessageCode.ACTIVATE_FIRMWARE}
    assert len(client.commands()) == 3, "the same octets again"
    assert len(set(client.octets)) == 1


def test_a_command_survives_an_engine_that_dies_before_it_is_delivered() -> None:
    desk, client = at_hand()
    client.deaf = True
    octets = signed(1000)
    give(desk, octets)
    client.deaf = False
    desk.restart(after=600.0)
    (command,) = client.commands()
    assert serialise(command._replace(mac=None)) == octets
    give(desk, octets)
    assert len(desk.engine.orders()) == 1, "it is the same command"
    client.answer(DONE)
    assert desk.state() is OrderState.ACTIVATED


def test_a_command_that_could_not_be_delivered_before_its_time_is_not_delivered_after_it() -> None:
    desk, client = at_hand()
    client.deaf = True
    give(desk, signed(1000, later(desk, HOUR)))
    desk.wait(HOUR + 1)
    client.deaf = False
    client.join()
    desk.wait(HOUR)
    assert client.commands() == []
    assert desk.state() is OrderState.EXPIRED


# --- cancelled, replaced, overtaken ------------------------------------------------------------------


def test_a_cancellation_ends_the_order_once_the_device_confirms() -> None:
    desk, client = at_hand()
    give(desk, signed(1000, later(desk, HOUR)))
    client.accept()
    give(desk, signed(1001, CANCELLATION_TIME))
    assert desk.state(1) is OrderState.ACCEPTED
    octets = client.accept()
    assert (desk.state(1), desk.state(2)) == (OrderState.CANCELLED, OrderState.CANCELLED)
    assert octets in [one.message for one in desk.outcomes("order")]
    desk.wait(30 * HOUR)
    assert len(client.commands()) == 2


def test_a_cancellation_that_is_not_answered_leaves_the_order_as_it_is() -> None:
    desk, client = at_hand()
    give(desk, signed(1000, later(desk, 100 * HOUR)))
    client.accept()
    give(desk, signed(1001, CANCELLATION_TIME))
    desk.wait(25 * HOUR)
    assert (desk.state(1), desk.state(2)) == (OrderState.ACCEPTED, OrderState.EXPIRED)


def test_a_later_command_takes_the_place_of_one_that_waits_for_its_time() -> None:
    desk, client = at_hand()
    give(desk, signed(1000, later(desk, HOUR)))
    client.accept()
    give(desk, signed(1001, later(desk, 2 * HOUR)))
    client.accept()
    assert (desk.state(1), desk.state(2)) == (OrderState.CANCELLED, OrderState.ACCEPTED)
    desk.wait(2 * HOUR)
    client.alert(DONE)
    assert desk.state(2) is OrderState.ACTIVATED


def test_only_its_user_takes_a_command_back() -> None:
    desk, client = at_hand()
    give(desk, signed(1000, later(desk, HOUR)))
    with pytest.raises(LocalError, match="only a command that it signs takes it back"):
        desk.give(CancelOrder(1, "bob"))
    assert len(client.commands()) == 1


def test_a_command_that_a_later_one_has_overtaken_is_sent_no_more() -> None:
    desk, client = at_hand()
    client.deaf = True
    give(desk, signed(1000))
    desk.wait(HOUR)
    assert "not delivered yet" in desk.order(1).reason
    client.deaf = False
    give(desk, signed(1001))
    client.join()
    desk.wait(HOUR)
    assert {message.counter for message in client.commands()} == {1001}
    assert (desk.state(1), desk.state(2)) == (OrderState.EXPIRED, OrderState.SENT)
    assert "later command" in desk.order(1).reason


def test_the_engine_gives_no_order_of_its_own_while_a_users_is_open() -> None:
    desk, _ = ready()
    give(desk, signed(1000))
    with pytest.raises(LocalError, match="still open"):
        desk.activate()


# --- refused -----------------------------------------------------------------------------------------


def other(message: Message) -> bytes:
    return serialise(protect(message, everyone()))


REFUSED: Final = {
    "no message": (b"\x00", "no GBCS message"),
    "cut off": (signed(1000)[:-1], "no GBCS message"),
    "not signed": (serialise(written(1000)), "not signed"),
    "signature left out": (serialise(written(1000)._replace(signature=b"")), "not signed"),
    "other device": (signed(1000, device=PPMID), "and was to go to"),
    "signed by another": (
        serialise(
            written(1000)._replace(
                signature=sign(written(1000, user=SECOND_SUPPLIER), everyone()).signature
            )
        ),
        "the signature is not that of",
    ),
    "other payload": (
        serialise(
            written(1000)._replace(
                signature=parse(signed(1000)).signature, payload=written(1001).payload
            )
        ),
        "the signature is not that of",
    ),
    "two counters": (
        serialise(sign(written(1000)._replace(payload=written(1001).payload), everyone())),
        "the payload has counter 1001, the header 1000",
    ),
    "no payload": (
        serialise(sign(written(1000)._replace(payload=b"\x05\x00"), everyone())),
        "not passed on",
    ),
    "with a MAC": (other(written(1000)), "has a MAC"),
    "another use case": (
        serialise(
            sign(
                compose.command(
                    CS08, ReadVersion(), originator=SUPPLIER, recipient=HCALCS, counter=1000
                ),
                everyone(),
            )
        ),
        "no command to activate",
    ),
    "for another party": (
        serialise(
            sign(
                written(1000)._replace(
                    other_information=OtherInformation(MessageCode.ACTIVATE_FIRMWARE, BROKER)
                ),
                everyone(),
            )
        ),
        "no command to activate",
    ),
    "a role that may not": (signed(1000, user=BROKER), "no role"),
    "nobody known": (
        serialise(written(1000, user=0x1234)._replace(signature=bytes(64))),
        "no certificate",
    ),
    "its time has passed": (signed(1000, NOW), "has passed"),
}


@pytest.mark.parametrize(("octets", "says"), REFUSED.values(), ids=REFUSED)
def test_what_may_not_be_passed_on_is_refused_before_sending(octets: bytes, says: str) -> None:
    desk, client = at_hand()
    desk.wait(60.0)
    with pytest.raises(LocalError, match=says) as caught:
        give(desk, octets)
    assert "\n" not in str(caught.value)
    assert (client.inbox, desk.engine.orders()) == ([], ())


def test_a_command_of_another_user_than_the_one_who_gave_it_is_refused() -> None:
    desk, _ = at_hand()
    with pytest.raises(LocalError, match="and was given by"):
        desk.give(PassCommand(DEVICE, signed(1000), "fleet", Eui64(SECOND_SUPPLIER)))


def test_the_hub_itself_takes_no_command_of_a_user() -> None:
    desk, _ = at_hand()
    with pytest.raises(LocalError, match="the fleet's"):
        give(desk, signed(1000, device=CHF), CHF)


@pytest.mark.parametrize("counter", [1, 999, 1000])
def test_a_counter_that_is_not_above_the_highest_is_refused_also_after_a_restart(
    counter: int,
) -> None:
    desk, client = at_hand()
    give(desk, signed(1000))
    client.answer(BAD)
    desk.restart(after=600.0)
    with pytest.raises(LocalError, match=f"counter {counter} of"):
        give(desk, signed(counter, later(desk, HOUR)))
    give(desk, signed(1001))
    assert [message.counter for message in client.commands()] == [1000, 1001]


def test_counters_of_two_users_are_their_own() -> None:
    desk, client = at_hand()
    give(desk, signed(1000))
    give(desk, signed(1, user=SECOND_SUPPLIER))
    assert [message.counter for message in client.commands()] == [1000, 1]


def test_the_engines_own_counters_count_for_its_supplier() -> None:
    desk, _ = ready()
    desk.give(ActivateImage(DEVICE, HASH, None, "ann"))
    with pytest.raises(LocalError, match="is not above"):
        give(desk, signed(1000))


def test_an_order_of_the_engines_own_has_a_counter_above_a_users() -> None:
    desk, client = ready()
    ahead = round((desk.now + desk.utc_offset) * 1000) + 5000
    give(desk, signed(ahead))
    client.answer(BAD)
    assert desk.activate().counter == ahead + 1


# --- questions on behalf of users --------------------------------------------------------------------


def test_a_question_bears_user_and_counter_and_two_users_are_asked_for_at_once() -> None:
    desk, client = at_hand()
    desk.give(AskVersion(DEVICE, "fleet", USER, 4711))
    desk.give(AskVersion(DEVICE, "fleet", Eui64(SECOND_SUPPLIER), 5))
    desk.give(AskVersion(DEVICE, "fleet", USER, 4711))
    asked = client.commands(CS08)
    told = [(one.other_information.party, one.other_information.party_counter) for one in asked]
    assert told == [(USER, 4711), (SECOND_SUPPLIER, 5)]
    assert {one.originator for one in asked} == {BROKER}
    first = client.report_version(VERSION)
    assert [one.message for one in desk.outcomes("version")] == [first]
    assert desk.engine.asks(DEVICE, USER, 4711), "each is answered by itself"


def test_a_question_on_behalf_of_a_user_that_nobody_answers_is_told() -> None:
    desk, _ = at_hand()
    desk.give(AskVersion(DEVICE, "fleet", USER, 4711))
    desk.wait(24 * HOUR)
    (outcome,) = desk.outcomes("version")
    assert (outcome.kind, outcome.message, outcome.reason) == (
        OutcomeKind.VERSION,
        b"",
        "no answer",
    )
    assert f"{USER:016x}-4711" in outcome.key
    assert not desk.engine.asks(DEVICE, USER, 4711)


def test_the_hub_itself_is_asked_by_no_message() -> None:
    desk, _ = at_hand()
    with pytest.raises(LocalError, match="the hub itself"):
        desk.give(AskVersion(Eui64(CHF), "fleet", USER, 1))


def test_a_hub_answers_for_itself_with_the_users_counter() -> None:
    desk, _ = at_hand()
    desk.give(TellVersion(VERSION, "fleet", USER, 4711))
    (outcome,) = desk.outcomes("version")
    message = parse(outcome.message)
    authenticate(message, everyone(), now=NOW)
    information = message.other_information
    assert (message.originator, information.party, information.party_counter) == (CHF, USER, 4711)
    assert (outcome.device, outcome.version_after) == (CHF, VERSION)


def test_an_engine_that_plays_no_hub_answers_for_none() -> None:
    engine = Engine(security=security(hub=False))
    with pytest.raises(LocalError, match="no key of the hub itself"):
        engine.handle(TellVersion(VERSION, "fleet", USER, 1), Monotonic(0.0))
    with pytest.raises(LocalError, match="no keys to sign with"):
        Engine().handle(PassCommand(DEVICE, signed(1), "fleet"), Monotonic(0.0))


def test_the_answer_of_a_user_is_no_word_on_the_engines_own_orders() -> None:
    desk, client = ready()
    desk.give(ActivateImage(DEVICE, HASH, Utc(desk.now + desk.utc_offset + HOUR), "ann"))
    client.accept()
    desk.give(AskVersion(DEVICE, "fleet", USER, 1))
    client.report_version(VERSION)
    assert desk.state() is OrderState.ACCEPTED


def test_what_a_device_notes_is_not_what_it_did() -> None:
    desk, client = at_hand()
    give(desk, signed(1000))
    client.say(client.respond(client.commands()[-1], CommandAccepted()))
    assert desk.state() is OrderState.SENT, "an order for now is awaited until it is done"
