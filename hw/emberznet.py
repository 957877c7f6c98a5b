"""What only EmberZNet dongles can be asked, through bellows; of other radios the answer is None.

Knows where bellows keeps its EZSP; tests/hw/test_contracts.py guards it.
"""

from typing import Any

import zigpy.application

from hw.island import Island


def protocol(app: zigpy.application.ControllerApplication) -> int | None:
    """Give the version of EZSP that a connected dongle speaks."""
    ezsp = _ezsp(app)
    return None if ezsp is None else int(ezsp.ezsp_version)


def is_supported(app: zigpy.application.ControllerApplication) -> bool:
    """Say whether bellows knows the version; it would try its newest on one it does not."""
    ezsp = _ezsp(app)
    return ezsp is None or ezsp.ezsp_version in ezsp._BY_VERSION


async def longest_payload(
    app: zigpy.application.ControllerApplication, island: Island
) -> int | None:
    """Ask for the octets of the largest ZCL frame (EZSP maximumPayloadLength).

    Raises:
        Exception: whatever bellows raises when the firmware does not know the question.
    """
    ezsp = _ezsp(app)
    if ezsp is None:
        return None
    (octets,) = await island.run(ezsp.maximumPayloadLength())
    return int(octets)


def _ezsp(app: zigpy.application.ControllerApplication) -> Any:
    return getattr(app, "_ezsp", None)
