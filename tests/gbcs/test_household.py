"""What is said around firmware: inventories, credentials, alerts, readings; all octets made here."""

import struct
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from images.eui64 import format_eui64
from ota_engine.errors import PeerError
from ota_engine.gbcs import household, tlv
from ota_engine.gbcs.alert_codes import ALERTS, alert_name
from ota_engine.gbcs.codes import USE_CASES, AlertCode, Cra
from ota_engine.gbcs.compose import device_time
from ota_engine.gbcs.credentials import CredentialsHeld, CredentialsReplaced, ReplaceCredentials
from ota_engine.gbcs.device_logs import DeviceLog, JoinDetailsRead, JoinOutcome, LogEntry
from ota_engine.gbcs.dlms import DlmsAlert, DlmsRequest, DlmsResponse
from ota_engine.gbcs.envelope import Message, OtherInformation, serialise_date_time
from ota_engine.gbcs.facts import facts_of
from ota_engine.gbcs.gbz import GbzAlert, GbzMessage
from ota_engine.gbcs.keystore import Keystore
from ota_engine.gbcs.opaque import Opaque
from ota_engine.gbcs.payloads import read_payload
from ota_engine.gbcs.protection import check
from ota_engine.gbcs.use_cases import OTHERS, parties_of, use_case_of
from tests.gbcs.parties import ESME, PPMID, SECOND_SUPPLIER, SUPPLIER, all_messages, pki_files

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def der(tag: int, *content: bytes) -> bytes:
    octets = b"".join(content)
    if len(octets) < 0x80:
        return bytes((tag, len(octets))) + octets
    length = len(octets).to_bytes((len(octets).bit_length() + 7) // 8)
    return bytes((tag, 0x80 | len(length))) + length + octets


def number(value: int) -> bytes:
    return der(tlv.INTEGER, value.to_bytes(value.bit_length() // 8 + 1))


def octets(value: bytes | int) -> bytes:
    return der(tlv.OCTET_STRING, value.to_bytes(8) if isinstance(value, int) else value)


def seq(*content: bytes) -> bytes:
    return der(tlv.SEQUENCE, *content)


def time(moment: datetime = NOON) -> bytes:
    return der(tlv.GENERALIZED_TIME, moment.strftime("%Y%m%d%H%M%SZ").encode())


SIGNING, AGREEMENT = bytes.fromhex("03020780"), bytes.fromhex("03020308")


def cell(role: int = 2, use: bytes = SIGNING) -> bytes:
    return seq(number(role), use)


def said(code: int, cra: Cra, payload: bytes) -> household.HouseholdPayload:
    message = Message(cra, 1, ESME, SUPPLIER, OtherInformation(code), payload)
    assert read_payload(message) == Opaque(payload)  # the engine itself acts on none of these
    return household.read(message)


def certificate(eui64: int) -> bytes:
    """The signing certificate of a party, as DER."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    pem = next(one.octets for one in pki_files() if one.name == f"{eui64:016x}-ds.pem")
    return x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)


def change_of_supplier(*, later: bool) -> bytes:
    control = seq(number(7), der(0xA2, b"\x02\x01\x05"), number(4711), der(0x84, b"\x05"))
    replacement = seq(certificate(SECOND_SUPPLIER), cell())
    return seq(control, seq(replacement), seq(), *((time(),) if later else ()))


@pytest.mark.parametrize("later", [False, True])
def test_a_command_that_changes_the_supplier_says_to_whom_and_when(later: bool) -> None:
    found = said(0x0107, Cra.COMMAND, change_of_supplier(later=later))
    assert isinstance(found, ReplaceCredentials)
    assert (found.mode, found.change_of_supplier) == ("supplier by transitional CoS party", True)
    assert (found.counter, found.execution_time) == (4711, NOON if later else None)
    (one,) = found.replacements
    assert (one.new, one.cell.role, one.cell.use) == (
        format_eui64(SECOND_SUPPLIER),
        "supplier",
        "signing",
    )


def outcome(status: int = 0, new: int = SECOND_SUPPLIER) -> bytes:
    entry = seq(
        cell(),
        der(tlv.ENUMERATED, bytes((status,))),
        *(octets(SUPPLIER), octets(1), octets(new), octets(2)),
    )
    return seq(number(4711), number(7), seq(), seq(entry))


@pytest.mark.parametrize(
    ("status", "new", "changed"),
    [(0, SECOND_SUPPLIER, True), (0, SUPPLIER, False), (5, SECOND_SUPPLIER, False)],
)
def test_an_outcome_says_whether_the_supplier_changed(status: int, new: int, changed: bool) -> None:
    found = said(0x0107, Cra.RESPONSE, seq(b"\x05\x00", outcome(status, new)))
    assert isinstance(found, CredentialsReplaced)
    assert (found.accepted, found.change_of_supplier) == (False, changed)
    (one,) = found.replacements
    assert (one.old, one.new) == (format_eui64(SUPPLIER), format_eui64(new))
    assert one.status == ("success" if status == 0 else "bad certificate")


def test_a_future_dated_replacement_is_accepted_and_told_by_alert() -> None:
    noted = said(0x0102, Cra.RESPONSE, seq(b"\x05\x00"))
    assert isinstance(noted, CredentialsReplaced)
    assert (noted.accepted, noted.replacements) == (True, ())
    told = said(0x00CB, Cra.ALERT, seq(number(0x8F66), time(), outcome()))
    assert isinstance(told, CredentialsReplaced)
    assert (told.alert_code, told.execution_time, told.change_of_supplier) == (0x8F66, NOON, True)


def test_a_device_names_the_supplier_it_obeys() -> None:
    held = [
        seq(number(2), der(tlv.ENUMERATED, b"\x00"), number(9), seq(*parts))
        for parts in ([seq(use, octets(SUPPLIER), octets(1)) for use in (AGREEMENT, SIGNING)],)
    ]
    none = seq(number(3), der(tlv.ENUMERATED, b"\x19"))
    found = said(0x0008, Cra.RESPONSE, seq(*held, none))
    assert isinstance(found, CredentialsHeld)
    assert found.supplier == format_eui64(SUPPLIER)
    assert [one.cell.use for one in found.credentials] == ["key agreement", "signing"]
    assert {one.counter for one in found.credentials} == {9}


LOG = [seq(octets(PPMID), number(5)), seq(octets(ESME), number(1))]
ENTRIES = (LogEntry(format_eui64(PPMID), "PPMID"), LogEntry(format_eui64(ESME), "ESME"))


def test_a_device_tells_what_it_is_joined_to() -> None:
    found = said(0x0013, Cra.RESPONSE, seq(number(0), seq(*LOG)))
    assert isinstance(found, JoinDetailsRead)
    assert (found.status, found.entries) == ("success", ENTRIES)
    failed = said(0x0013, Cra.RESPONSE, seq(number(1)))
    assert isinstance(failed, JoinDetailsRead)
    assert (failed.status, failed.entries) == ("read failure", ())


def test_a_gas_proxy_backs_its_log_up_and_is_given_it_back() -> None:
    backup = said(0x00B2, Cra.ALERT, seq(number(0x8071), time(), seq(*LOG)))
    assert isinstance(backup, DeviceLog)
    assert (backup.alert_code, backup.time, backup.entries) == (0x8071, NOON, ENTRIES)
    order = said(0x008C, Cra.COMMAND, seq(seq(*LOG)))
    assert isinstance(order, DeviceLog)
    assert order.entries == ENTRIES
    restored = said(0x008C, Cra.RESPONSE, seq(seq(seq(LOG[0], number(4)))))
    assert isinstance(restored, DeviceLog)
    assert restored.entries[0].outcome == "device log full"


def test_joining_and_unjoining_are_told() -> None:
    join = said(0x00AB, Cra.COMMAND, seq(number(0), octets(PPMID), number(5)))
    assert getattr(join, "method", "") == "method A, initiator"
    assert said(0x00AB, Cra.RESPONSE, number(3)) == JoinOutcome(
        "incompatible with an existing entry", number(3)
    )
    assert getattr(said(0x000F, Cra.COMMAND, octets(PPMID)), "device", "") == format_eui64(PPMID)
    left = said(0x000F, Cra.RESPONSE, number(1))
    assert getattr(left, "status", "") == "not in the device log"


GET = b"\x01" + struct.pack(">H6sb", 1, bytes.fromhex("0000000201ff"), 2)
SET = b"\x02" + struct.pack(">H6sb", 8, bytes.fromhex("0000010000ff"), 2)


def test_a_dlms_request_says_what_is_read_and_written() -> None:
    payload = b"\xd9\x20\x00\x03\xe8\x00\x02" + GET + SET + b"\x02\x00\x11\x07"
    found = said(0x003F, Cra.COMMAND, payload)
    assert isinstance(found, DlmsRequest)
    assert [(one.action, one.meaning, one.value) for one in found.items] == [
        ("get", "firmware version", None),
        ("set", "clock", 7),
    ]
    assert found.items[0].obis == "0-0:0.2.1.255"


def test_a_dlms_response_says_what_was_read_and_names_what_failed() -> None:
    values = bytes.fromhex("050209040102030402011205dc0a026869030100")
    values = b"\x05" + bytes.fromhex("09040102030402011205dc0a026869030100")
    results = b"\x05" + bytes.fromhex("01000100020003000104")
    found = said(0x003F, Cra.RESPONSE, b"\xda\x20\x00\x03\xe8\x00\x00" + values + results)
    assert isinstance(found, DlmsResponse)
    assert [one.value for one in found.items] == ["01020304", [1500], "hi", True, None]
    assert [one.result_name for one in found.items][3:] == ["success", "object undefined"]


def test_alerts_of_meters_are_named_whatever_their_use_case() -> None:
    clock = serialise_date_time(device_time(NOON))
    dlms = b"\x0f\x20\x00\x00\x07\x00\x02\x02\x12\x8f\x3f\x09\x0c" + clock
    found = said(0x1000, Cra.ALERT, dlms)
    assert isinstance(found, DlmsAlert)
    assert (found.alert_code, found.invoke_id, found.content) == (0x8F3F, 7, "")
    gas = said(0x1001, Cra.ALERT, b"\x01\x09\x00\x81\xa1" + bytes(4) + b"\x01\x02")
    assert gas == GbzAlert(
        0x81A1,
        datetime(2000, 1, 1, tzinfo=UTC),
        "0102",
        b"\x01\x09\x00\x81\xa1" + bytes(4) + b"\1\2",
    )


def component(cluster: int, body: bytes, control: int = 0) -> bytes:
    return struct.pack(">BHH", control, cluster, len(body)) + body


def test_gas_readings_are_told_attribute_by_attribute() -> None:
    asked = component(0x0702, b"\x00\x00\x00\x06\x02\x14\x00")
    told = component(0x0702, b"\x08\x00\x01\x06\x02\x00\x41\x02\xab\xcd\x14\x00\x86", 1)
    secret = component(0x0705, b"\x01\x00" + b"\x09\x00\x01" + bytes(9), 2)
    dated = component(0x0709, bytes(4) + b"\x01\x00\x00\xaa", 0x10)
    found = said(0x009E, Cra.RESPONSE, b"\x01\x09\x04" + asked + told + secret + dated)
    assert isinstance(found, GbzMessage)
    question, answer, hidden, event = found.components
    assert [one.meaning for one in question.attributes] == ["firmware version", "supply status"]
    assert [(one.status_name, one.value) for one in answer.attributes] == [
        ("success", "abcd"),
        ("unsupported attribute", None),
    ]
    assert (hidden.encrypted, hidden.cluster_name) == (True, "Prepayment")
    assert (event.since, event.content) == (datetime(2000, 1, 1, tzinfo=UTC), "aa")


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\x30",
        seq(number(0), seq(*LOG), number(1)),
        seq(number(0), seq(number(1))),
        b"\x30\x81\x03" + number(0),
        seq(der(tlv.INTEGER, b"\xff")),
        seq(der(tlv.INTEGER)),
        seq(number(0), seq(seq(octets(b"short"), number(5)))),
    ],
)
def test_a_payload_of_another_shape_stays_opaque(payload: bytes) -> None:
    assert said(0x0013, Cra.RESPONSE, payload) == Opaque(payload)


@given(
    st.binary(max_size=200), st.sampled_from(sorted({*OTHERS, *USE_CASES})), st.sampled_from(Cra)
)
def test_any_octets_of_any_use_case_are_told(payload: bytes, code: int, cra: Cra) -> None:
    message = Message(cra, 1, ESME, SUPPLIER, OtherInformation(code), payload)
    facts = facts_of(message, check(message, Keystore()))
    assert facts["use_case"]
    assert facts["sender"] and facts["receiver"] and facts["title"]


@given(st.data())
def test_a_good_payload_with_any_octet_changed_is_told_or_opaque(data: st.DataObject) -> None:
    code, cra, good = data.draw(
        st.sampled_from(
            [
                (0x0107, Cra.COMMAND, change_of_supplier(later=True)),
                (0x0107, Cra.RESPONSE, seq(b"\x05\x00", outcome())),
                (0x0013, Cra.RESPONSE, seq(number(0), seq(*LOG))),
                (
                    0x009E,
                    Cra.RESPONSE,
                    b"\x01\x09\x01" + component(0, b"\x08\x00\x01\4\0\0\x42\1A"),
                ),
            ]
        )
    )
    at = data.draw(st.integers(0, len(good) - 1))
    bad = good[:at] + bytes((data.draw(st.integers(0, 255)),)) + good[at + 1 :]
    message = Message(cra, 1, ESME, SUPPLIER, OtherInformation(code), bad)
    assert facts_of(message, check(message, Keystore()))["payload"]["octets"] == bad.hex()


def test_deep_data_is_refused_before_it_costs_anything() -> None:
    deep = b"\xda\x20\x00\x00\x00\x00\x00\x01" + b"\x02\x01" * 5000
    assert said(0x003F, Cra.RESPONSE, deep) == Opaque(deep)
    wide = b"\xda\x20\x00\x00\x00\x00\x00\x01\x01\x84\xff\xff\xff\xff" + bytes(5000)
    assert said(0x003F, Cra.RESPONSE, wide) == Opaque(wide)


def test_every_use_case_has_a_name_and_two_parties() -> None:
    assert len(OTHERS) + len(USE_CASES) == 226
    assert not set(OTHERS) & set(USE_CASES)
    for code in (*OTHERS, *USE_CASES):
        row = use_case_of(code)
        assert row.name and row.title and row.device
        command = Message(Cra.COMMAND, 1, 1, 2, OtherInformation(code), b"")
        answer = command._replace(cra=Cra.RESPONSE)
        assert parties_of(command) == parties_of(answer)[::-1]
    assert use_case_of(0x7777).name == ""


def test_alert_codes_have_one_name_here_and_among_those_of_firmware() -> None:
    for code in AlertCode:
        assert alert_name(code) == code.name.lower().replace("_", " ").replace("ppmid", "PPMID")
    assert alert_name(0x8003) == "average voltage above its upper threshold, phase 1"
    assert alert_name(0x1234) == "unknown"
    assert len(set(ALERTS.values())) == len(ALERTS)


def test_a_future_dated_order_says_when_and_its_answer_that_it_is_accepted() -> None:
    messages: dict[str, Any] = all_messages()
    assert payload_of(messages["CS06 cancel"])["when"] == "never"
    told = [payload_of(one) for one in messages.values()]
    assert {"now"} <= {one.get("when") for one in told}
    assert any(one.get("accepted") for one in told)


def payload_of(message: Message) -> dict[str, Any]:
    found: dict[str, Any] = facts_of(message, check(message, Keystore()))["payload"]
    return found


def test_tlv_values_say_what_is_wrong() -> None:
    with pytest.raises(PeerError, match="beyond the end"):
        list(tlv.values(b"\x04\x05ab"))
    with pytest.raises(PeerError, match="one sequence"):
        tlv.TlvValues.of(number(1))
