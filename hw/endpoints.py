"""The endpoints on which we serve images; knows descriptors, and who looks for which.

Radios of some makers hand over only frames for endpoints that were registered when they started, so
they have to be there before it is known who is in the network.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from zigpy.zdo.types import SimpleDescriptor

from ota_engine.events import (
    BASIC_CLUSTER,
    DEVICE_MANAGEMENT_CLUSTER,
    HOME_AUTOMATION,
    OTA_SERVER_ENDPOINT,
    OTA_UPGRADE_CLUSTER,
    SMART_ENERGY,
    TUNNELING_CLUSTER,
)

ENERGY_SERVICE_INTERFACE = 0x0500  # device type, Smart Energy profile
COMBINED_INTERFACE = 0x0007  # device type, Home Automation profile

#: Endpoints of ours that clients of some makers call whatever a search for the server told them.
CALLED_ANYWAY = (47,)  # Insta, Gira, Jung: they search for Light Link's profile, then call this


def smart_energy_endpoint() -> SimpleDescriptor:
    """The endpoint on which Smart Energy devices look for images, tunnels and changes of tenancy.

    We serve tunnels to sleepy devices, and are a client of those that the others serve.
    """
    return SimpleDescriptor(
        endpoint=OTA_SERVER_ENDPOINT,
        profile=SMART_ENERGY,
        device_type=ENERGY_SERVICE_INTERFACE,
        device_version=0,
        input_clusters=[
            BASIC_CLUSTER,
            OTA_UPGRADE_CLUSTER,
            TUNNELING_CLUSTER,
            DEVICE_MANAGEMENT_CLUSTER,
        ],
        output_clusters=[TUNNELING_CLUSTER],
    )


def further_endpoints(asked: Iterable[int], taken: Sequence[int]) -> list[SimpleDescriptor]:
    """Endpoints that serve images to Home Automation devices beside the radio library's own.

    Args:
        asked: numbers that the link names.
        taken: numbers that are registered already.
    """
    numbers = sorted({*asked, *CALLED_ANYWAY} - {*taken})
    return [_image_server(number) for number in numbers]


def _image_server(number: int) -> SimpleDescriptor:
    numbers: dict[str, Any] = {"endpoint": number, "profile": HOME_AUTOMATION}
    return SimpleDescriptor(
        **numbers,
        device_type=COMBINED_INTERFACE,
        device_version=0,
        input_clusters=[BASIC_CLUSTER, OTA_UPGRADE_CLUSTER],
        output_clusters=[],
    )
