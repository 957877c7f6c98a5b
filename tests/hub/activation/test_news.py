"""Alerts that are not of firmware's own use cases: passed on by name, bad where firmware failed."""

import pytest

from ota_engine.gbcs.codes import Cra, MessageCode
from ota_engine.gbcs.compose import device_time
from ota_engine.gbcs.envelope import Message, OtherInformation, serialise_date_time
from ota_engine.hub.activation.news import news_of
from tests.gbcs.parties import ESME, NOW, SUPPLIER


def alert(code: int, payload: bytes) -> Message:
    return Message(Cra.ALERT, 7, ESME, SUPPLIER, OtherInformation(code), payload)


def of_a_meter(event: int) -> bytes:
    clock = serialise_date_time(device_time(NOW))
    return b"\x0f\x20\x00\x00\x07\x00\x02\x02\x12" + event.to_bytes(2) + b"\x09\x0c" + clock


@pytest.mark.parametrize(
    ("event", "good", "text"),
    [
        (0x8F3F, True, "critical alert: unauthorised physical access, tamper"),
        (0x8F1B, False, "critical alert: firmware verification failed at power on"),
        (0x81AD, False, "critical alert: metrology firmware verification error"),
        (0x9999, True, "critical alert: unknown"),
    ],
)
def test_an_alert_is_told_by_the_name_of_its_event(event: int, good: bool, text: str) -> None:
    news = news_of(alert(MessageCode.CRITICAL_ALERT, of_a_meter(event)))
    assert (news.good, news.text) == (good, text)


def test_an_alert_that_nobody_reads_is_passed_on_by_its_title() -> None:
    news = news_of(alert(MessageCode.NON_CRITICAL_ALERT, b"?"))
    assert (news.good, news.text) == (True, "non-critical alert")
