"""Messages of the emulated stack: what becomes of a unicast, and what the host is told of it."""

from struct import pack

import pytest

from emulators.air.radio import INDIRECT_TIMEOUT
from emulators.ncp.layouts import ApsFrame
from emulators.ncp.messages import IN_FLIGHT, MAX_PAYLOAD
from emulators.ncp.status import EmberStatus
from images.eui64 import Eui64
from tests.emulators.ncp.home import FIRST, FIRST_ADDRESS, RETRY, Host, display


def answers(host: Host, cluster: int) -> list[bytes]:
    found = host.heard("incomingMessageHandler")
    return [m["message"] for m in found if m["aps"].cluster == cluster]


def endings(host: Host) -> list[EmberStatus]:
    return [m["status"] for m in host.heard("messageSentHandler")]


def test_a_unicast_is_answered_over_the_air_and_its_delivery_told() -> None:
    host = Host(display())
    host.form_with_all()
    assert host.send()["status"] is EmberStatus.OK
    host.wait(1.0)
    assert endings(host) == [EmberStatus.OK]
    (answer,) = answers(host, 0x0000)
    assert answer[1:3] == b"\x01\x01"  # the sequence number, and Read Attributes Response


@pytest.mark.parametrize("options", [0, RETRY])
def test_the_ending_bears_tag_and_sequence_of_its_beginning(options: int) -> None:
    host = Host(display())
    host.form_with_all()
    sequence = host.send(tag=77, options=options)["sequence"]
    host.wait(1.0)
    (sent,) = host.heard("messageSentHandler")
    assert (sent["tag"], sent["aps"].sequence, sent["nwk"]) == (77, sequence, FIRST_ADDRESS)


def test_with_retry_the_ending_waits_for_the_acknowledgement() -> None:
    plain, retried = Host(display(relays=2)), Host(display(relays=2))
    for host, options in ((plain, 0), (retried, RETRY)):
        host.form_with_all()
        host.send(options=options)
        for _ in range(1000):
            if not host.heard("messageSentHandler"):
                host.wait(0.001)
    assert retried.network.agenda.now > plain.network.agenda.now


@pytest.mark.parametrize("relays", [0, 2])
def test_what_does_not_fit_is_refused_at_once(relays: int) -> None:
    host = Host(display(relays=relays))
    host.form_with_all()
    room = len(host.network.stations[Eui64(FIRST)].path.down) - 1
    assert host.send(message=bytes(room + 1))["status"] is EmberStatus.MESSAGE_TOO_LONG
    assert host.send(message=bytes(room))["status"] is EmberStatus.OK
    assert host.send(message=bytes(room), options=0x20)["status"] is EmberStatus.MESSAGE_TOO_LONG
    assert room == MAX_PAYLOAD - (2 + 2 * relays if relays else 0)


@pytest.mark.parametrize("options", [0, RETRY])
def test_a_device_without_power_is_not_reached(options: int) -> None:
    host = Host(display())
    host.form_with_all()
    host.network.power_off(Eui64(FIRST))
    assert host.send(options=options)["status"] is EmberStatus.OK
    host.wait(10.0)
    assert endings(host) == [EmberStatus.DELIVERY_FAILED]


def test_nobody_at_an_address_is_found_out_after_a_while() -> None:
    host = Host(display())
    host.form_with_all()
    assert host.send(to=0x4444)["status"] is EmberStatus.OK
    assert endings(host) == []
    host.wait(2.0)
    assert endings(host) == [EmberStatus.DELIVERY_FAILED]


def test_a_sleepy_child_is_reached_when_it_polls() -> None:
    host = Host(display(sleepy=True, poll=3.0))
    host.form_with_all()
    host.wait(20.0)
    host.send()
    host.wait(3.5)
    assert endings(host) == [EmberStatus.OK]


def test_a_child_that_does_not_poll_in_time_is_not_reached() -> None:
    host = Host(display(sleepy=True, poll=1000.0))
    host.form_with_all()
    host.send()
    host.wait(INDIRECT_TIMEOUT - 0.5)
    assert endings(host) == []
    host.wait(1.0)
    assert endings(host) == [EmberStatus.DELIVERY_FAILED]


def test_a_distant_sleeper_s_parent_takes_a_frame_that_wants_no_acknowledgement() -> None:
    host = Host(display(sleepy=True, relays=1, poll=5.0))
    host.form_with_all()
    host.wait(20.0)
    host.send()
    host.wait(0.2)
    assert endings(host) == [EmberStatus.OK]


def test_only_so_many_unicasts_are_under_way_at_once() -> None:
    host = Host(display(sleepy=True, poll=1000.0))
    host.form_with_all()
    statuses = [host.send(tag=tag)["status"] for tag in range(IN_FLIGHT + 1)]
    assert statuses[:-1] == [EmberStatus.OK] * IN_FLIGHT
    assert statuses[-1] is EmberStatus.MAX_MESSAGE_LIMIT_REACHED


def test_without_a_network_nothing_is_sent() -> None:
    assert Host(display()).send()["status"] is EmberStatus.NETWORK_DOWN


def test_a_reset_forgets_what_was_under_way() -> None:
    host = Host(display())
    host.form_with_all()
    host.send(options=RETRY)
    host.stack.reset()
    host.wait(10.0)
    assert host.told == []


def test_what_is_for_an_endpoint_nobody_registered_is_the_hosts_to_know() -> None:
    host = Host(display())
    host.form_with_all()
    host.stack.core.endpoints.clear()
    host.send()
    host.wait(1.0)
    assert len(answers(host, 0x0000)) == 1


def test_a_broadcast_reaches_the_devices_and_ends_well() -> None:
    host = Host(display(0), display(1))
    host.form_with_all()
    notify = bytes((0x19, 1, 0x00, 0x03, 100)) + pack("<HHL", 0x121D, 0x0085, 2)
    aps = ApsFrame(0x0109, 0x0019, 10, 0xFF, 0, 0, 0)
    answer = host.ask("sendBroadcast", nwk=0xFFFD, aps=aps, radius=0, tag=5, message=notify)
    assert answer["status"] is EmberStatus.OK
    host.wait(15.0)
    assert len(answers(host, 0x0019)) >= 2  # both query at once
    assert host.heard("messageSentHandler")[0]["type"] == 6


def test_a_multicast_ends_well_and_nobody_is_in_the_group() -> None:
    host = Host(display())
    host.form_with_all()
    aps = ApsFrame(0x0109, 0x0019, 10, 0xFF, 0, 0x0001, 0)
    host.ask("sendMulticast", aps=aps, hops=0, nwk=0xFFFD, tag=5, message=bytes(5))
    host.wait(5.0)
    assert [name for name, _ in host.told] == ["messageSentHandler"]


# --- device objects -------------------------------------------------------------------------------


def asked(host: Host, to: int, cluster: int, body: bytes) -> list[bytes]:
    host.told.clear()
    host.send(to, b"\x21" + body, profile=0, cluster=cluster, endpoint=0)
    host.wait(1.0)
    return answers(host, cluster | 0x8000)


@pytest.mark.parametrize("to", [0x0000, FIRST_ADDRESS])
def test_an_interview_is_answered_by_coordinator_and_device(to: int) -> None:
    host = Host(display())
    host.form_with_all()
    own = to.to_bytes(2, "little")
    (node,) = asked(host, to, 0x0002, own)
    assert (node[:4], len(node)) == (b"\x21\x00" + own, 17)
    (endpoints,) = asked(host, to, 0x0005, own)
    assert endpoints == b"\x21\x00" + own + bytes((1, 10 if to == 0 else 1))
    (simple,) = asked(host, to, 0x0004, own + endpoints[5:])
    assert simple[:4] == b"\x21\x00" + own
    assert simple[6:8] == b"\x09\x01"  # Smart Energy
    (eui64,) = asked(host, to, 0x0001, own + b"\x00\x00")
    assert len(eui64) == 12


def test_an_endpoint_that_is_not_there_has_no_descriptor() -> None:
    host = Host(display())
    host.form_with_all()
    assert asked(host, FIRST_ADDRESS, 0x0004, b"\x01\x10\x63") == [b"\x21\x83\x01\x10\x00"]


def test_who_serves_a_cluster_is_matched() -> None:
    host = Host(display())
    host.form_with_all()
    body = pack("<HHBHB", 0, 0x0109, 1, 0x0019, 0)
    assert asked(host, 0x0000, 0x0006, body) == [b"\x21\x00\x00\x00\x01\x0a"]


def test_a_request_that_is_cut_off_is_invalid() -> None:
    host = Host(display())
    host.form_with_all()
    assert asked(host, FIRST_ADDRESS, 0x0004, b"\x01") == [b"\x21\x80"]


def test_a_device_told_to_leave_goes_once_it_has_answered() -> None:
    host = Host(display())
    host.form_with_all()
    assert asked(host, FIRST_ADDRESS, 0x0034, pack("<QB", FIRST, 0)) == [b"\x21\x00"]
    assert [left["update"] for left in host.heard("trustCenterJoinHandler")] == [2]


# --- addresses ------------------------------------------------------------------------------------


def test_extended_timeouts_are_kept_by_device() -> None:
    host = Host(display())
    assert host.ask("getExtendedTimeout", eui64=FIRST)["status"] is EmberStatus.FAIL
    host.ask("setExtendedTimeout", eui64=FIRST, extended=True)
    assert host.ask("getExtendedTimeout", eui64=FIRST) == {
        "extended": True,
        "status": EmberStatus.OK,
    }


def test_an_entry_of_the_address_table_is_replaced_and_the_old_one_told() -> None:
    host = Host()
    host.ask("replaceAddressTableEntry", index=3, eui64=FIRST, nwk=0x1001, extended=True)
    old = host.ask("replaceAddressTableEntry", index=3, eui64=FIRST + 1, nwk=2, extended=False)
    assert (old["old_eui64"], old["old_nwk"], old["old_extended"]) == (FIRST, 0x1001, True)


def test_a_unicast_finds_its_way_through_the_address_table() -> None:
    host = Host(display())
    host.form_with_all()
    host.ask("replaceAddressTableEntry", index=0, eui64=FIRST, nwk=FIRST_ADDRESS, extended=False)
    aps = ApsFrame(0x0109, 0, 10, 1, 0, 0, 0)
    message = b"\x00\x01\x00\x00\x00"
    host.ask("sendUnicast", type=1, nwk=0, aps=aps, tag=1, message=message)
    host.wait(1.0)
    assert endings(host) == [EmberStatus.OK]
