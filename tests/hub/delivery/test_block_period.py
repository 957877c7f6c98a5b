"""MinimumBlockPeriod (ZCL 11.10.10): asked for, in the client's own unit, and not for ever."""

import pytest

from ota_engine.hub.delivery.config import DeliveryConfig
from ota_engine.zcl import general
from ota_engine.zcl.general import AttributeRecord
from ota_engine.zcl.ota import Attribute, ImageBlockResponse
from ota_engine.zcl.status import Status
from tests.hub.delivery.desk import Client, Desk, image, ready

WANTED = DeliveryConfig(minimum_block_period_ms=2000)
PROBE = 60


def ask(client: Client, offset: int, kept: int) -> ImageBlockResponse:
    answer = client.ask(offset, field_control=2, minimum_block_period=kept)
    assert isinstance(answer, ImageBlockResponse)
    return answer


def asked_for(answer: ImageBlockResponse) -> int:
    """The period a client is told to keep; it is told no time to wait."""
    assert answer.status == Status.WAIT_FOR_DATA
    assert (answer.current_time, answer.request_time) == (0, 0)
    assert answer.minimum_block_period is not None
    return answer.minimum_block_period


def served(answer: object) -> bool:
    return isinstance(answer, ImageBlockResponse) and answer.status == Status.SUCCESS


def start(revision: int | None = None) -> tuple[Desk, Client]:
    desk, client = ready(WANTED, image(5000))
    client.query()
    if revision is not None:
        record = AttributeRecord(Attribute.CLUSTER_REVISION, 0, general.UINT16, revision)
        client.say_general(general.ReadAttributesResponse((record,)))
    return desk, client


@pytest.mark.parametrize(("revision", "value"), [(1, 2000), (2, 2), (3, 2000), (4, 2000)])
def test_the_unit_is_that_of_the_cluster_revision(revision: int, value: int) -> None:
    _, client = start(revision)
    assert asked_for(ask(client, 0, 0)) == value
    assert served(ask(client, 0, value))


def test_seconds_are_rounded_up() -> None:
    desk, client = ready(DeliveryConfig(minimum_block_period_ms=1200))
    record = AttributeRecord(Attribute.CLUSTER_REVISION, 0, general.UINT16, 2)
    client.say_general(general.ReadAttributesResponse((record,)))
    client.query()
    assert asked_for(ask(client, 0, 0)) == 2
    assert desk.store.load().devices[0].period_unit_ms == 1000


def test_a_client_of_unknown_revision_that_stays_away_counts_seconds() -> None:
    desk, client = start()
    assert asked_for(ask(client, 0, 0)) == PROBE
    desk.wait(60.0)
    assert asked_for(ask(client, 0, PROBE)) == 2
    assert served(ask(client, 0, 2))


def test_a_client_of_unknown_revision_that_comes_at_once_counts_milliseconds() -> None:
    desk, client = start()
    assert asked_for(ask(client, 0, 0)) == PROBE
    desk.wait(0.06)
    assert asked_for(ask(client, 0, PROBE)) == 2000
    assert served(ask(client, 0, 2000))


def test_what_was_probed_is_remembered_over_a_restart() -> None:
    desk, client = start()
    ask(client, 0, 0)
    desk.wait(60.0)
    ask(client, 0, PROBE)
    desk.restart()
    assert asked_for(ask(client, 0, 0)) == 2


def test_a_client_that_keeps_the_period_is_served_every_time() -> None:
    desk, client = start(3)
    for offset in range(0, 5000, 50):
        desk.wait(2.0)
        assert served(ask(client, offset, 2000))


def test_a_client_that_does_not_know_the_field_is_served() -> None:
    _, client = start(3)
    assert served(client.ask(0))


def test_a_client_that_cannot_keep_the_period_is_served_after_a_few_words() -> None:
    desk, client = start(1)
    answers = []
    for _ in range(6):
        desk.wait(5.0)
        answers.append(served(ask(client, 0, 500)))  # a client that clamps what it is told
    assert answers == [False, False, False, True, True, True]


def test_a_long_period_is_not_a_stall() -> None:
    desk, client = ready(DeliveryConfig(minimum_block_period_ms=300_000, stall_after=120.0))
    client.query()
    client.block(0)
    desk.wait(300.0)
    assert desk.status().reason == ""
