"""The network of the emulated stack: formed, taken up again, joined, left, forgotten."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.ncp.memory import Memory
from emulators.ncp.status import EmberStatus
from ota_engine.errors import LocalError
from tests.emulators.ncp.home import FIRST, PARAMETERS, SECURITY, Host, display


def test_without_a_network_there_is_none_to_take_up() -> None:
    assert Host().ask("networkInit", bitmask=0)["status"] is EmberStatus.NOT_JOINED


def test_forming_needs_keys_first() -> None:
    assert Host().ask("formNetwork", parameters=PARAMETERS)["status"] is EmberStatus.INVALID_STATE


def test_no_network_is_formed_on_a_channel_that_is_not_one() -> None:
    host = Host()
    host.ask("setInitialSecurityState", state=SECURITY)
    answer = host.ask("formNetwork", parameters=PARAMETERS._replace(channel=27))
    assert answer["status"] is EmberStatus.INVALID_PARAMETER


def test_a_formed_network_is_up_and_says_so() -> None:
    host = Host()
    host.form()
    assert host.heard("stackStatusHandler") == [{"status": EmberStatus.NETWORK_UP}]
    assert host.ask("getNetworkParameters")["parameters"] == PARAMETERS
    assert host.ask("exportKey", context=b"\x01" + bytes(17))["key"] == SECURITY.network_key


def test_after_a_reset_the_network_waits_to_be_taken_up_and_endpoints_are_gone() -> None:
    host = Host()
    host.form()
    host.stack.reset()
    assert host.ask("networkState")["state"] == 0
    assert host.stack.core.endpoints == {}
    assert host.ask("networkInit", bitmask=0)["status"] is EmberStatus.OK
    assert host.ask("networkState")["state"] == 2


def test_devices_join_when_permitted_and_announce_themselves() -> None:
    host = Host(display(0), display(1))
    host.form()
    host.ask("permitJoining", duration=60)
    host.wait(5.0)
    assert [join["eui64"] for join in host.heard("trustCenterJoinHandler")] == [FIRST, FIRST + 1]
    announcements = [m for m in host.heard("incomingMessageHandler") if m["aps"].cluster == 0x13]
    assert [m["message"][3:11] for m in announcements] == [
        (FIRST + number).to_bytes(8, "little") for number in range(2)
    ]


def test_nobody_joins_unless_permitted() -> None:
    host = Host(display())
    host.form()
    host.wait(60.0)
    assert host.told[1:] == []


def test_who_comes_after_the_door_was_closed_stays_outside() -> None:
    host = Host(display())
    host.form()
    host.ask("permitJoining", duration=60)
    host.ask("permitJoining", duration=0)
    host.wait(60.0)
    assert host.heard("trustCenterJoinHandler") == []


def test_members_are_back_after_the_dongle_was_without_power() -> None:
    host = Host(display())
    host.form_with_all()
    later = Host(display(), memory=Memory.load(host.memory.dump()))
    assert later.ask("networkInit", bitmask=0)["status"] is EmberStatus.OK
    later.wait(5.0)
    assert later.heard("trustCenterJoinHandler") == []
    assert [m["eui64"] for m in later.heard("incomingMessageHandler")][:1] == [FIRST]


def test_leaving_scatters_the_devices_and_they_may_join_again() -> None:
    host = Host(display())
    host.form_with_all()
    assert host.ask("leaveNetwork")["status"] is EmberStatus.OK
    assert host.heard("stackStatusHandler") == [{"status": EmberStatus.NETWORK_DOWN}]
    assert host.ask("networkInit", bitmask=0)["status"] is EmberStatus.NOT_JOINED
    host.ask("formNetwork", parameters=PARAMETERS)
    host.ask("permitJoining", duration=60)
    host.wait(5.0)
    assert [join["eui64"] for join in host.heard("trustCenterJoinHandler")] == [FIRST]


def test_a_removed_device_leaves_and_the_host_is_told() -> None:
    host = Host(display())
    host.form_with_all()
    host.ask("removeDevice", nwk=0x1001, eui64=FIRST, target=FIRST)
    host.wait(2.0)
    assert [left["update"] for left in host.heard("trustCenterJoinHandler")] == [2]
    assert host.ask("lookupNodeIdByEui64", eui64=FIRST)["status"] is EmberStatus.NOT_FOUND


def test_a_sleepy_neighbour_is_a_child_and_a_distant_one_is_not() -> None:
    host = Host(display(0, sleepy=True), display(1, sleepy=True, relays=1))
    host.form_with_all()
    assert host.ask("getChildData", index=0)["eui64"] == FIRST
    assert host.ask("getChildData", index=1)["status"] is EmberStatus.NOT_JOINED


def test_an_energy_scan_measures_each_channel_once_and_ends() -> None:
    host = Host()
    host.form()
    host.told.clear()
    host.ask("startScan", type=0, channels=0x07FFF800, duration=2)
    host.wait(5.0)
    found = {m["channel"]: m["rssi"] for m in host.heard("energyScanResultHandler")}
    assert sorted(found) == list(range(11, 27))
    assert found[15] == max(found.values())
    assert host.told[-1] == ("scanCompleteHandler", {"channel": 0, "status": EmberStatus.OK})


def test_a_link_key_is_found_until_it_is_erased() -> None:
    host = Host()
    host.ask("importLinkKey", index=2, eui64=FIRST, key=bytes(16))
    assert host.ask("findKeyTableEntry", eui64=FIRST, link_key=True)["index"] == 2
    host.ask("eraseKeyTableEntry", index=2)
    assert host.ask("findKeyTableEntry", eui64=FIRST, link_key=True)["index"] == 0xFF


def test_configuration_is_back_to_the_factory_s_after_a_reset() -> None:
    host = Host()
    before = host.ask("getConfigurationValue", config_id=0x05)["value"]
    host.ask("setConfigurationValue", config_id=0x05, value=99)
    assert host.ask("getConfigurationValue", config_id=0x05)["value"] == 99
    host.stack.reset()
    assert host.ask("getConfigurationValue", config_id=0x05)["value"] == before


def test_an_endpoint_has_flags_once_it_is_registered() -> None:
    host = Host()
    answer = host.ask("getExtendedValue", value_id=0, detail=10)
    assert answer["status"] is EmberStatus.NOT_FOUND
    host.form()
    assert host.ask("getExtendedValue", value_id=0, detail=10) == {
        "status": EmberStatus.OK,
        "value": b"\x01\x00",
    }


def test_a_manufacturing_token_is_written_once() -> None:
    host = Host()
    assert host.ask("setMfgToken", token=0x0C, data=bytes(8))["status"] is EmberStatus.OK
    assert host.ask("setMfgToken", token=0x0C, data=bytes(8))["status"] is EmberStatus.INVALID_STATE


def test_frame_counters_are_not_set_while_the_network_runs() -> None:
    host = Host()
    assert (
        host.ask("setValue", value_id=0x23, value=b"\x10\x00\x00\x00")["status"] is EmberStatus.OK
    )
    host.form()
    assert host.ask("getNetworkKeyInfo")["counter"] == 16
    answer = host.ask("setValue", value_id=0x23, value=bytes(4))
    assert answer["status"] is EmberStatus.INVALID_STATE


def test_what_was_written_down_is_what_is_remembered() -> None:
    host = Host(display())
    host.form_with_all()
    host.ask("setTokenData", token=0x10002, index=1, data=b"token")
    host.ask("importLinkKey", index=0, eui64=FIRST, key=bytes(16))
    host.ask("setMfgToken", token=0x0C, data=bytes(8))
    assert Memory.load(host.memory.dump()) == host.memory


@pytest.mark.parametrize("text", ["[" * 100_000, '{"format": "' + "a" * 9_000 + '"}', "spoilt"])
def test_a_memory_that_cannot_be_read_is_one_short_complaint(text: str) -> None:
    whole = Host(display()).memory.dump()
    with pytest.raises(LocalError) as caught:
        Memory.load(whole.replace('"counter": 0', '"counter": 1e999') if text == "spoilt" else text)
    assert len(str(caught.value)) < 200


@given(st.text(max_size=60))
def test_what_is_no_memory_is_one_complaint(text: str) -> None:
    with pytest.raises(LocalError):
        Memory.load(text)
