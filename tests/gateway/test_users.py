"""Users' orders at a hub: passed on as they were signed, and all that devices say of them told once."""

from dataclasses import replace
from typing import Final

import pytest

from emulators.devices import kinds
from emulators.devices.kinds import DeviceKind
from emulators.estate.real_home import RealHome
from images.eui64 import Eui64
from ota_engine.fleet.port import HubOutcome, HubWord, Verb
from ota_engine.gateway.contract import UNANSWERED_S
from ota_engine.gateway.core import GatewayCore
from ota_engine.gbcs.codes import Cra, MessageCode
from ota_engine.gbcs.envelope import parse
from ota_engine.gbcs.meters import ReceiptAlertDlms, VersionResponse
from ota_engine.gbcs.payloads import (
    ActivationOutcome,
    CommandAccepted,
    FirmwareTransfer,
    FutureDatedOutcome,
    PpmidActivation,
    VersionRead,
    read_payload,
)
from ota_engine.gbcs.protection import authenticate
from ota_engine.records import OutcomeKind
from ota_engine.times import Utc
from tests.gateway.homes import (
    CH,
    FOR_HCALCS,
    FOR_HUB,
    HCALCS,
    NEW,
    OLD,
    PPMID,
    device,
    home,
    image,
)
from tests.gateway.users import USER, cancelling, command, deliver, read, signed, withdraw
from tests.gbcs.parties import BROKER, ESME, GSME, SECOND_SUPPLIER, everyone

MINUTE: Final = 60.0
HOUR: Final = 3600.0
DAY: Final = 86_400.0


def live(lived: RealHome, seconds: float) -> None:
    lived.run(Utc(lived.utc + seconds))


def said(lived: RealHome, word: HubWord) -> list[HubOutcome]:
    return [one for one in lived.outcomes() if one.word is word]


def holding(unanswered_s: float = UNANSWERED_S) -> RealHome:
    """A home whose HCALCS holds an image by a user's order."""
    lived = home(unanswered_s=unanswered_s)
    lived.give([deliver("1")])
    live(lived, HOUR)
    assert said(lived, HubWord.TRANSFERRED)
    return lived


def test_a_users_command_activates_and_is_answered_with_the_devices_own_message() -> None:
    lived = holding()
    octets = signed(1000)
    lived.give([command("2", octets)])
    live(lived, HOUR)
    (answered,) = said(lived, HubWord.ANSWERED)
    assert (answered.campaign, answered.device, answered.version) == ("sr/2", HCALCS, NEW)
    message = parse(answered.message)
    authenticate(message, everyone())
    assert (message.cra, message.counter, message.recipient) == (Cra.RESPONSE, 1000, USER)
    assert read_payload(message) == ActivationOutcome(0, NEW)
    (order,) = lived.store.orders()
    assert parse(order.command)._replace(mac=None) == parse(octets), "as its user signed it"
    (ran,) = said(lived, HubWord.ACTIVATED)
    assert (ran.campaign, ran.version) == ("sr/1", NEW), "the delivery learns of it, too"


def test_what_a_user_has_delivered_to_an_hcalcs_does_not_run_without_a_command() -> None:
    lived = holding()
    live(lived, DAY)
    assert not said(lived, HubWord.ACTIVATED)


def test_what_a_user_has_delivered_to_a_ppmid_runs_as_it_is_delivered_and_its_alert_is_told() -> (
    None
):
    lived = home()
    lived.give([deliver("1", PPMID)])
    live(lived, 2 * HOUR)
    (ran,) = said(lived, HubWord.ACTIVATED)
    assert (ran.campaign, ran.version) == ("sr/1", NEW)
    (alert,) = said(lived, HubWord.ALERT)
    told = read_payload(parse(alert.message))
    assert isinstance(told, PpmidActivation)
    assert (alert.campaign, alert.version, told.alert_code) == ("sr/1", NEW, 0x8F8B)
    (received,) = said(lived, HubWord.RECEIVED)
    told = read_payload(parse(received.message))
    assert isinstance(told, FirmwareTransfer)
    assert (received.campaign, told.target, told.alert_code) == ("sr/1", PPMID, 0x8F8A)


@pytest.mark.parametrize("eui64", [HCALCS, PPMID], ids=["HCALCS", "PPMID"])
def test_a_users_question_is_asked_in_the_brokers_name_with_the_users_counter(eui64: Eui64) -> None:
    lived = home()
    lived.give([read("1", 4711, eui64)])
    live(lived, HOUR)
    (answered,) = said(lived, HubWord.ANSWERED)
    assert (answered.campaign, answered.device, answered.version) == ("sr/1", eui64, OLD)
    message = parse(answered.message)
    authenticate(message, everyone())
    information = message.other_information
    assert (message.recipient, information.party, information.party_counter) == (BROKER, USER, 4711)
    assert read_payload(message) == VersionRead(OLD, 0)


def test_a_question_for_later_is_not_asked_before_its_time_nor_once_it_is_taken_back() -> None:
    lived = home()
    at = lived.utc + 5 * HOUR
    lived.give([read("1", 1, at=at), read("2", 2, at=at), withdraw("2")])
    live(lived, 4 * HOUR)
    assert not said(lived, HubWord.ANSWERED)
    live(lived, 2 * HOUR)
    (answered,) = said(lived, HubWord.ANSWERED)
    assert (answered.campaign, answered.utc >= at) == ("sr/1", True)


def test_a_command_for_later_is_answered_at_once_and_alerts_at_its_time() -> None:
    lived = holding()
    at = round(lived.utc + 6 * HOUR)
    lived.give([command("2", signed(1000, at=at))])
    live(lived, HOUR)
    (answered,) = said(lived, HubWord.ANSWERED)
    assert read_payload(parse(answered.message)) == CommandAccepted()
    assert not said(lived, HubWord.ALERT)
    live(lived, 6 * HOUR)
    (alert,) = said(lived, HubWord.ALERT)
    message = parse(alert.message)
    assert message.message_code == MessageCode.FIRMWARE_ACTIVATION_ALERT
    told = read_payload(message)
    assert isinstance(told, FutureDatedOutcome)
    assert (told.originator_counter, told.outcome) == (1000, ActivationOutcome(0, NEW))
    assert (alert.campaign, alert.version, alert.utc >= at) == ("sr/2", NEW, True)
    assert not said(lived, HubWord.UNANSWERED)


def test_a_cancelled_command_does_not_run_and_both_are_answered() -> None:
    lived = holding()
    at = round(lived.utc + 6 * HOUR)
    lived.give([command("2", signed(1000, at=at))])
    live(lived, HOUR)
    lived.give([command("3", cancelling(1001))])
    live(lived, 2 * DAY)
    answers = {
        one.campaign: read_payload(parse(one.message)) for one in said(lived, HubWord.ANSWERED)
    }
    assert answers == {"sr/2": CommandAccepted(), "sr/3": CommandAccepted()}
    assert not said(lived, HubWord.ALERT)
    assert not said(lived, HubWord.UNANSWERED)
    assert not said(lived, HubWord.ACTIVATED)
    assert {one.state for one in lived.store.orders()} == {"cancelled"}


def test_delivery_command_and_question_for_one_device_go_on_at_once() -> None:
    lived = holding()
    lived.give([deliver("4", PPMID), read("3", 12), command("2", signed(1000)), read("5", 13)])
    live(lived, 3 * HOUR)
    assert {one.campaign for one in said(lived, HubWord.ANSWERED)} == {"sr/2", "sr/3", "sr/5"}
    assert {one.campaign for one in said(lived, HubWord.ACTIVATED)} == {"sr/1", "sr/4"}


def test_one_order_delivers_to_several_devices_of_a_home() -> None:
    second = Eui64(PPMID + 0x100)
    lived = home(devices=(device(kinds.PPMID, PPMID), device(kinds.PPMID, second)))
    one = deliver("1", PPMID)
    lived.give([one, replace(one, key="second", device=second)])
    live(lived, 3 * HOUR)
    assert {one.device for one in said(lived, HubWord.ACTIVATED)} == {PPMID, second}


# --- meters --------------------------------------------------------------------------------------

METERS: Final = {kinds.ESME: Eui64(ESME), kinds.GSME: Eui64(GSME)}
RECEIPTS: Final = {
    kinds.ESME: MessageCode.FIRMWARE_RECEIPT_DLMS,
    kinds.GSME: MessageCode.FIRMWARE_RECEIPT_GBZ,
}


def metered(kind: DeviceKind) -> RealHome:
    """A home whose meter holds an image by a user's order."""
    meter, wanted = METERS[kind], image(kind)
    lived = home(devices=(device(kind, meter),), images={wanted.sha256: wanted})
    lived.give([replace(deliver("1"), device=meter, sha256=wanted.sha256)])
    live(lived, HOUR)
    return lived


@pytest.mark.parametrize("kind", METERS, ids=str)
def test_the_receipt_of_a_meter_is_told_with_the_order_that_brought_the_image(
    kind: DeviceKind,
) -> None:
    (alert,) = said(metered(kind), HubWord.ALERT)
    message = parse(alert.message)
    assert (alert.campaign, message.message_code) == ("sr/1", RECEIPTS[kind])
    assert (message.originator, message.recipient) == (METERS[kind], USER)


@pytest.mark.parametrize("kind", METERS, ids=str)
def test_a_meter_obeys_its_users_command_and_says_what_it_runs_in_its_own_words(
    kind: DeviceKind,
) -> None:
    lived, meter = metered(kind), METERS[kind]
    octets = signed(1000, image=image(kind), device=meter)
    lived.give([command("2", octets, meter), read("3", 5, meter)])
    live(lived, 3 * HOUR)
    found = {one.campaign: one for one in said(lived, HubWord.ANSWERED)}
    assert found["sr/2"].version == found["sr/3"].version == NEW
    codes = {parse(one.message).message_code for one in found.values()}
    assert codes == {MessageCode.ACTIVATE_FIRMWARE, METERS_ARE_READ_BY[kind]}


def test_an_image_that_a_meter_does_not_believe_is_told_by_meter_and_hub() -> None:
    meter, foreign = METERS[kinds.ESME], image(kinds.ESME, signer=SECOND_SUPPLIER)
    lived = home(devices=(device(kinds.ESME, meter),), images={foreign.sha256: foreign})
    lived.give([replace(deliver("1"), device=meter, sha256=foreign.sha256)])
    live(lived, HOUR)
    alerts = said(lived, HubWord.ALERT)
    told = read_payload(parse(alerts[0].message))
    assert isinstance(told, ReceiptAlertDlms)
    assert (told.alert_code, bool(alerts[0].reason)) == (0x8F1C, True)
    received = [read_payload(parse(one.message)) for one in said(lived, HubWord.RECEIVED)]
    assert {one.alert_code for one in received if isinstance(one, FirmwareTransfer)} == {0x8F89}
    (failed,) = said(lived, HubWord.FAILED)
    names = {one.campaign for one in (*alerts, *said(lived, HubWord.RECEIVED), failed)}
    assert names == {"sr/1"}


METERS_ARE_READ_BY: Final = {
    kinds.ESME: MessageCode.READ_ELECTRICITY_FIRMWARE_VERSION,
    kinds.GSME: MessageCode.READ_GAS_FIRMWARE_VERSION,
}


def test_an_alert_that_comes_again_after_it_was_kept_is_not_said_again() -> None:
    lived = metered(kinds.ESME)
    told = [one for one in lived.store.outcomes() if one.kind is OutcomeKind.ALERT]
    core = GatewayCore("h1", lambda _: None)
    core.heard(told)
    first = core.outcomes
    assert {one.word for one in first} == {HubWord.ALERT, HubWord.RECEIVED}
    core.settle([one.key for one in first])
    core.heard(told)
    assert core.outcomes == ()


# --- what is not passed on -----------------------------------------------------------------------


def altered(octets: bytes) -> bytes:
    at = len(octets) - 80
    return octets[:at] + bytes([octets[at] ^ 1]) + octets[at + 1 :]


@pytest.mark.parametrize(
    ("octets", "says"),
    [
        (altered(signed(1000)), "the signature is not that of"),
        (signed(1000, device=PPMID), "the command is for"),
        (signed(1000, user=Eui64(SECOND_SUPPLIER)), "the command is from"),
        (signed(1000)[:-65] + b"\x00", "is not signed"),
        (signed(1000)[:-65], "is not signed"),
        (signed(1000)[:40], "is no GBCS message"),
        (signed(1000, at=1.0e9), "has passed"),
    ],
    ids=["altered", "other target", "other user", "no signature", "bare", "cut off", "too late"],
)
def test_a_command_that_may_not_be_passed_on_is_refused_in_one_line(
    octets: bytes, says: str
) -> None:
    lived = holding()
    lived.give([command("2", octets)])
    live(lived, HOUR)
    (refused,) = said(lived, HubWord.REFUSED)
    assert (refused.campaign, "\n" in refused.reason) == ("sr/2", False)
    assert says in refused.reason
    assert not lived.store.orders(), "nothing was sent"


@pytest.mark.parametrize("counter", [999, 1000], ids=["lower", "used"])
def test_a_counter_that_is_not_higher_is_refused(counter: int) -> None:
    lived = holding()
    lived.give([command("2", signed(1000, at=round(lived.utc + DAY)))])
    live(lived, HOUR)
    lived.give([command("3", signed(counter))])
    live(lived, HOUR)
    (refused,) = said(lived, HubWord.REFUSED)
    assert refused.campaign == "sr/3"
    assert f"counter {counter}" in refused.reason
    assert len(lived.store.orders()) == 1


def test_the_same_octets_are_the_same_command() -> None:
    lived = holding()
    octets = signed(1000)
    told = command("2", octets)
    lived.give([told, told])
    live(lived, HOUR)
    lived.give([told])
    live(lived, HOUR)
    assert len(said(lived, HubWord.ANSWERED)) == 1
    assert len(lived.store.orders()) == 1
    assert not said(lived, HubWord.REFUSED)


# --- what is not answered ------------------------------------------------------------------------


def test_a_user_hears_that_a_device_does_not_answer() -> None:
    lived = holding()
    lived.network.power_off(HCALCS)
    lived.give([command("2", signed(1000)), read("3", 7)])
    live(lived, DAY + HOUR)
    assert {one.campaign for one in said(lived, HubWord.UNANSWERED)} == {"sr/2", "sr/3"}
    assert all(one.reason for one in said(lived, HubWord.UNANSWERED))
    assert {one.state for one in lived.store.orders()} == {"expired"}


def test_a_late_answer_is_told_all_the_same() -> None:
    lived = holding(unanswered_s=HOUR)
    lived.network.power_off(HCALCS)
    lived.give([command("2", signed(1000))])
    live(lived, 2 * HOUR)
    assert len(said(lived, HubWord.UNANSWERED)) == 1
    assert not said(lived, HubWord.ANSWERED)
    lived.network.power_on(HCALCS, lived.network.agenda.now)
    live(lived, 2 * HOUR)
    (answered,) = said(lived, HubWord.ANSWERED)
    assert answered.version == NEW
    assert len(said(lived, HubWord.UNANSWERED)) == 1


def test_a_device_that_trusts_another_supplier_does_not_answer() -> None:
    lived = holding(unanswered_s=HOUR)
    other = Eui64(SECOND_SUPPLIER)
    lived.give([command("2", signed(1000, user=other), user=other)])
    live(lived, 3 * HOUR)
    (unanswered,) = said(lived, HubWord.UNANSWERED)
    assert unanswered.campaign == "sr/2"
    assert not said(lived, HubWord.ACTIVATED)


def test_a_command_for_a_device_without_keys_is_refused() -> None:
    lived = home()
    unknown = Eui64(0x1122334455667788)
    lived.give([command("2", signed(1000, device=unknown), unknown)])
    live(lived, HOUR)
    (refused,) = said(lived, HubWord.REFUSED)
    assert "11-22-33-44-55-66-77-88" in refused.reason


# --- the hub itself ------------------------------------------------------------------------------


def test_a_hub_answers_for_itself_what_it_runs() -> None:
    lived = home()
    lived.give([read("1", 4711, CH)])
    live(lived, HOUR)
    (answered,) = said(lived, HubWord.ANSWERED)
    message = parse(answered.message)
    authenticate(message, everyone())
    information = message.other_information
    assert (message.originator, message.recipient) == (CH, BROKER)
    assert (information.party, information.party_counter) == (USER, 4711)
    assert isinstance(read_payload(message), VersionResponse)
    assert (answered.device, answered.version) == (CH, OLD)


def test_a_hub_takes_no_command_of_a_user() -> None:
    lived = home()
    lived.give([command("2", signed(1000, device=CH), CH)])
    live(lived, HOUR)
    (refused,) = said(lived, HubWord.REFUSED)
    assert "the fleet's" in refused.reason


def test_a_hub_takes_no_image_of_a_user() -> None:
    lived = home()
    lived.give([replace(deliver("1"), device=CH, sha256=FOR_HUB.sha256, commanded=False)])
    live(lived, HOUR)
    (failed,) = said(lived, HubWord.FAILED)
    assert (failed.campaign, "no user's" in failed.reason) == ("sr/1", True)


def test_a_campaigns_order_and_a_users_command_that_go_at_once_keep_their_own_numbers() -> None:
    meter, wanted = METERS[kinds.ESME], image(kinds.ESME)
    lived = home(
        devices=(device(kinds.ESME, meter), device(kinds.HCALCS, HCALCS)),
        images={wanted.sha256: wanted, FOR_HCALCS.sha256: FOR_HCALCS},
    )
    campaign = replace(deliver("c"), campaign="c", key="c/1")
    lived.give([campaign, replace(deliver("1"), device=meter, sha256=wanted.sha256)])
    live(lived, HOUR)
    ordered = replace(campaign, verb=Verb.ACTIVATE, number=2, key="c/2")
    octets = signed(1000, image=wanted, device=meter)
    lived.give([command("2", octets, meter), ordered])
    live(lived, HOUR)
    by_us, by_user = sorted(lived.store.orders(), key=lambda order: order.passed)
    assert (by_us.device, by_user.device) == (HCALCS, meter)
    ran = {(one.campaign, one.device) for one in said(lived, HubWord.ACTIVATED)}
    assert ran == {("c", HCALCS), ("sr/1", meter)}


def test_two_campaigns_order_two_devices_at_once() -> None:
    meter, wanted = METERS[kinds.ESME], image(kinds.ESME)
    lived = home(
        devices=(device(kinds.ESME, meter), device(kinds.HCALCS, HCALCS)),
        images={wanted.sha256: wanted, FOR_HCALCS.sha256: FOR_HCALCS},
    )
    one = replace(deliver("c"), campaign="c", key="c/1")
    other = replace(deliver("d"), campaign="d", key="d/1", device=meter, sha256=wanted.sha256)
    lived.give([one, other])
    live(lived, HOUR)
    at = float(round(lived.utc + HOUR))
    lived.give([replace(told, verb=Verb.ACTIVATE, number=2, at_utc=at) for told in (one, other)])
    live(lived, 3 * HOUR)
    ran = {(found.campaign, found.device) for found in said(lived, HubWord.ACTIVATED)}
    assert ran == {("c", HCALCS), ("d", meter)}


def test_a_command_that_is_taken_back_before_the_hub_has_sent_it_is_not_sent_and_that_is_told() -> (
    None
):
    lived = holding()
    lived.give([command("2", signed(1000)), withdraw("2")])
    live(lived, HOUR)
    (refused,) = said(lived, HubWord.REFUSED)
    assert (refused.campaign, refused.device) == ("sr/2", HCALCS)
    assert not said(lived, HubWord.ANSWERED)
    assert not list(lived.store.orders())
    lived.give([command("3", signed(1001))])
    live(lived, HOUR)
    assert [one.campaign for one in said(lived, HubWord.ANSWERED)] == ["sr/3"]


def test_what_a_hub_has_sent_is_answered_though_it_is_taken_back() -> None:
    lived = holding()
    lived.give([command("2", signed(1000))])
    live(lived, HOUR)
    lived.give([withdraw("2")])
    live(lived, HOUR)
    assert [one.campaign for one in said(lived, HubWord.ANSWERED)] == ["sr/2"]
    assert not said(lived, HubWord.REFUSED)
