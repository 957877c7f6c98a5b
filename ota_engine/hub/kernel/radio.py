"""What is known of the radio: whether there is one, and how much a frame carries."""

from images.airtime import APS_SECURITY_OCTETS
from ota_engine.events import LinkDown, LinkUp
from ota_engine.wording import one_line

MAX_PAYLOAD = 82  # octets: an APS payload under network security only (Zigbee PRO)


class Radio:
    """The state of one link.

    Attributes:
        down: why there is no radio, None while there is one.
        max_payload: octets of the largest ZCL frame to a neighbour.
        security: octets that APS encryption adds to each frame.
    """

    __slots__ = ("down", "max_payload", "security")

    def __init__(self) -> None:
        self.down: str | None = "no link yet"
        self.max_payload = MAX_PAYLOAD
        self.security = 0

    def came_up(self, event: LinkUp) -> None:
        """It is ready."""
        self.down = None
        self.max_payload = event.max_payload
        self.security = APS_SECURITY_OCTETS if event.aps_security else 0

    def went_down(self, event: LinkDown) -> None:
        """It is gone."""
        self.down = one_line(event.reason)
