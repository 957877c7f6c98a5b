"""What the rows of the quirk table change in what a client is answered."""

from dataclasses import replace

import pytest

from images import ImageSpec, build
from ota_engine.catalogue.intake import image_record
from ota_engine.hub.delivery.config import DeliveryConfig
from ota_engine.records import ImageRecord, SessionState
from ota_engine.zcl.general import DefaultResponse
from ota_engine.zcl.ota import (
    Command,
    ImageBlockResponse,
    ImagePageRequest,
    QueryNextImageResponse,
)
from ota_engine.zcl.status import Status
from tests.hub.delivery.desk import UTC, Client, Desk, image, ready

DIGI, LEGRAND, SONOFF, NOBODY = 0x101E, 0x1021, 0x1286, 0x1234
FIRMWARE = bytes(range(256)) * 4
OLD_XBEE, NEW_XBEE = 0x0100_1009, 0x0100_100D


def xbee(manufacturer: int = DIGI) -> ImageRecord:
    spec = ImageSpec(manufacturer_code=manufacturer, image_type=0, file_version=NEW_XBEE)
    return image_record(build(FIRMWARE, spec), "xbee", UTC)


def asked(of: ImageRecord, running: int) -> tuple[Desk, Client, QueryNextImageResponse]:
    desk, client = ready(None, of)
    offer = client.query(running)
    assert isinstance(offer, QueryNextImageResponse)
    return desk, client, offer


def octets(client: Client, offset: int) -> bytes | None:
    answer = client.ask(offset)
    assert isinstance(answer, ImageBlockResponse)
    assert answer.file_offset == offset
    return answer.data


# --- the file, or its bare element ------------------------------------------------------------------


def test_an_xbee_before_0x100a_is_offered_the_element_and_counts_offsets_from_its_first_octet() -> (
    None
):
    _, client, offer = asked(xbee(), OLD_XBEE)
    assert offer.image_size == len(FIRMWARE)
    assert octets(client, 0) == FIRMWARE[:50]
    assert octets(client, 1000) == FIRMWARE[1000:]


def test_it_is_given_the_element_also_where_it_goes_on_without_a_query() -> None:
    """What it runs is known from its own word: it began under an assignment that another replaced."""
    desk, client = ready(None, xbee())
    client.report(OLD_XBEE)
    assert octets(client, 1000) == FIRMWARE[1000:]
    desk.restart()
    assert octets(client, 1000) == FIRMWARE[1000:]


def test_past_the_end_of_the_element_there_is_nothing_for_it() -> None:
    _, client, _ = asked(xbee(), OLD_XBEE)
    client.ask(0)
    refused = DefaultResponse(Command.IMAGE_BLOCK_REQUEST, Status.MALFORMED_COMMAND)
    assert client.ask(len(FIRMWARE)) == refused


def test_the_element_ends_the_download_by_pages_too() -> None:
    desk, client, _ = asked(xbee(), OLD_XBEE)
    client.say(ImagePageRequest(0, *client.key, 0, 50, 2000, 0, None))
    desk.wait(60.0)
    assert desk.state() is SessionState.VERIFYING


def test_after_a_restart_of_ours_the_element_goes_on_without_a_query() -> None:
    desk, client, _ = asked(xbee(), OLD_XBEE)
    client.ask(0)
    desk.restart()
    assert octets(client, 500) == FIRMWARE[500:550]
    octets(client, 1000)
    assert desk.state() is SessionState.VERIFYING


@pytest.mark.parametrize(("maker", "running"), [(DIGI, 0x0100_100A), (NOBODY, OLD_XBEE)])
def test_later_ones_and_other_makers_are_offered_the_file(maker: int, running: int) -> None:
    of = xbee(maker)
    _, client, offer = asked(of, running)
    assert offer.image_size == len(of.data)
    assert octets(client, 0) == of.data[:50]


def test_a_file_without_an_element_is_served_as_it_is() -> None:
    of = replace(image(manufacturer=DIGI), file_version=NEW_XBEE)
    _, _, offer = asked(of, OLD_XBEE)
    assert offer.image_size == len(of.data)


# --- whole blocks -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("maker", "octets"), [(LEGRAND, 63), (SONOFF, 63), (NOBODY, 40), (0x117A, 40)]
)
def test_the_operators_cap_does_not_cut_blocks_that_a_client_takes_whole_only(
    maker: int, octets: int
) -> None:
    _, client = ready(DeliveryConfig(block_size=40), image(manufacturer=maker))
    client.query()
    assert len(client.block(0, 63)) == octets


def test_a_refusal_by_such_a_client_says_what_the_link_carries_to_it() -> None:
    desk, client = ready(None, image(manufacturer=LEGRAND))
    client.query()
    client.download()
    client.end(Status.INVALID_IMAGE)
    assert desk.status().reason == (
        "the device ended with INVALID_IMAGE; it takes whole blocks only, the link carries 65 octets"
    )


# --- the version told afterwards --------------------------------------------------------------------


def back_with(maker: int, told: int, before: int = 0x0001_4203) -> Desk:
    """A device restarts into what it was served and tells a version."""
    desk, client = ready(None, image(manufacturer=maker, version=0x0038_4203))
    client.query(before)
    client.download()
    client.end()
    desk.wait(10.0)
    client.join()
    client.report(told)
    return desk


def test_other_stack_octets_than_the_files_are_legrands_way_to_tell_its_version() -> None:
    desk = back_with(LEGRAND, 0x0038_43FF)
    assert desk.state() is SessionState.UPDATED
    assert "0x003843FF, as its maker's firmware writes it" in desk.status().reason


@pytest.mark.parametrize(
    ("maker", "told", "before"),
    [
        (NOBODY, 0x0038_43FF, 0x0001_4203),
        (LEGRAND, 0x0037_43FF, 0x0001_4203),
        (LEGRAND, 0x0038_4100, 0x0038_4100),  # what it ran before proves nothing
    ],
)
def test_any_other_version_means_that_it_came_back_without(
    maker: int, told: int, before: int
) -> None:
    assert back_with(maker, told, before).state() is SessionState.FAILED


def test_it_is_not_offered_the_file_again_because_of_its_other_words() -> None:
    desk, client = ready(None, image(manufacturer=LEGRAND, version=0x0038_4203))
    client.query(0x0001_4203)
    client.download()
    client.end()
    desk.wait(10.0)
    client.join()
    client.report(0x0038_43FF)
    assert client.query(0x0038_43FF) == QueryNextImageResponse(Status.NO_IMAGE_AVAILABLE)
    assert desk.state() is SessionState.UPDATED
    assert [row[1] for row in desk.outcomes()] == ["succeeded", "succeeded"]
