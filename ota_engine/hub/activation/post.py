"""Messages on their way to devices, and whose they are; knows no order and reads no message."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from images.eui64 import Eui64
from ota_engine.hub.kernel.devices import Route
from ota_engine.hub.kernel.kernel import Kernel
from ota_engine.times import Monotonic


class Tunnels(Protocol):
    """What carries messages (``ota_engine.hub.tunnel.hub``)."""

    def send(self, device: Eui64, route: Route, octets: bytes, token: int, now: Monotonic) -> None:
        """Bring a message to a device; ``token`` comes back with what became of it."""

    def withdraw(self, device: Eui64, token: int, now: Monotonic) -> None:
        """Take back a message that waits; one that is under way goes on."""


#: Told with the monotonic time that the message arrived ("") or why it did not.
Receipt = Callable[[str, Monotonic], None]


class _Letter(NamedTuple):
    device: Eui64
    receipt: Receipt


class Post:
    """Gives every message a token, and its sender word of what became of it."""

    def __init__(self, tunnels: Tunnels, kernel: Kernel) -> None:
        self._tunnels = tunnels
        self._kernel = kernel
        self._letters: dict[int, _Letter] = {}
        self._token = 0

    def obstacle(self, device: Eui64) -> str:
        """Why nothing can be sent to a device now; empty when it can."""
        if self._kernel.radio.down is not None:
            return f"the radio is down: {self._kernel.radio.down}"
        if self._kernel.devices.route(device) is None:
            return "the device was not seen on the network yet"
        return ""

    def send(self, device: Eui64, octets: bytes, receipt: Receipt, now: Monotonic) -> int:
        """Send a message to a device to which there is no obstacle; returns its token, never 0."""
        route = self._kernel.devices.route(device)
        assert route is not None  # noqa: S101 - the caller asked for obstacles
        self._token += 1
        self._letters[self._token] = _Letter(device, receipt)
        token = self._token
        self._tunnels.send(device, route, octets, token, now)
        return token

    def withdraw(self, token: int, now: Monotonic) -> None:
        """Take back a message that is not under way yet."""
        letter = self._letters.get(token)
        if letter is not None:
            self._tunnels.withdraw(letter.device, token, now)

    def delivered(self, token: int, now: Monotonic) -> None:
        """A message arrived."""
        self._returned(token, "", now)

    def undelivered(self, token: int, reason: str, now: Monotonic) -> None:
        """A message did not arrive."""
        self._returned(token, reason or "not delivered", now)

    def _returned(self, token: int, reason: str, now: Monotonic) -> None:
        letter = self._letters.pop(token, None)
        if letter is not None:
            letter.receipt(reason, now)
