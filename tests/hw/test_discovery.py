"""Match_Desc_req, Zigbee 2.4.3.1.7: a Smart Energy device finds its hub at once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw.discovery import answer_match

SE_OTA = "2a 0000 0901 01 1900 00"


def test_a_search_for_the_ota_server_is_answered_with_our_endpoint() -> None:
    assert answer_match(bytes.fromhex(SE_OTA)) == bytes.fromhex("2a 00 0000 01 0a")


def test_a_search_for_who_serves_tunnels_is_answered_too() -> None:
    request = bytes.fromhex("2a 0000 0901 01 0407 00")
    assert answer_match(request) == bytes.fromhex("2a 00 0000 01 0a")


def test_one_cluster_of_several_is_enough() -> None:
    assert answer_match(bytes.fromhex("2b 0000 0901 02 0007 1900 00")) is not None


def test_a_light_that_searches_on_its_own_profile_is_sent_to_the_endpoint_it_will_speak_to() -> (
    None
):
    request = bytes.fromhex("2a 0000 5ec0 01 1900 00")
    assert answer_match(request) == bytes.fromhex("2a 00 0000 01 01")


@pytest.mark.parametrize(
    "others",
    [
        "2a 0000 0401 01 1900 00",
        "2a 0000 0901 01 0007 00",
        "2a 0000 0901 00 01 1900",
        "2a 0000 5ec0 01 0407 00",
    ],
    ids=["home automation", "another cluster", "an OTA client", "tunnels for lights"],
)
def test_other_searches_are_zigpys(others: str) -> None:
    assert answer_match(bytes.fromhex(others)) is None


@given(st.binary(max_size=24))
def test_any_octets_are_answered_or_left_to_zigpy(frame: bytes) -> None:
    answer = answer_match(frame)
    assert answer is None or answer[0] == frame[0]
