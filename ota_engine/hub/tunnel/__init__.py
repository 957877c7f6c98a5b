"""GBCS messages carried over the Smart Energy Tunneling cluster; knows no key and no use case.

A ``Line`` is one end of the tunnels between two devices, the same at the hub and in a device.
``HubTunnels`` holds a line for every device.
"""

from ota_engine.hub.kernel.devices import Route
from ota_engine.hub.tunnel.hub import (
    HubTunnels,
    MessageDelivered,
    MessageReceived,
    MessageUndelivered,
    TunnelEvent,
)
from ota_engine.hub.tunnel.settings import TunnelSettings

__all__ = [
    "HubTunnels",
    "MessageDelivered",
    "MessageReceived",
    "MessageUndelivered",
    "Route",
    "TunnelEvent",
    "TunnelSettings",
]
