"""What a server of tunnels says of itself: protocols, attributes, and what it does not serve."""

from collections.abc import Iterable
from typing import Final

from ota_engine.hub.tunnel.sender import SMALLEST_PIECE
from ota_engine.hub.tunnel.settings import TunnelSettings
from ota_engine.zcl import tunnel
from ota_engine.zcl.basic import CLUSTER_REVISION
from ota_engine.zcl.general import UINT16, AttributeRecord, ReadAttributesResponse
from ota_engine.zcl.status import Status
from ota_engine.zcl.tunnel import TunnelStatus

PROTOCOLS: Final = ((tunnel.ANY_MANUFACTURER, tunnel.GB_HRGP),)
REVISION: Final = 1
MOST_READ: Final = 8  # attributes in one answer; more would not fit every frame


def protocols_from(offset: int) -> tunnel.SupportedTunnelProtocolsResponse:
    """List what can be tunnelled, from this place of the list on."""
    return tunnel.SupportedTunnelProtocolsResponse(True, PROTOCOLS[offset:])


def attributes_read(attributes: Iterable[int], settings: TunnelSettings) -> ReadAttributesResponse:
    """Tell the values of attributes of the cluster's server side."""
    known = {tunnel.CLOSE_TUNNEL_TIMEOUT: settings.unused, CLUSTER_REVISION: REVISION}
    return ReadAttributesResponse(
        tuple(
            AttributeRecord(attribute, Status.SUCCESS, UINT16, known[attribute])
            if attribute in known
            else AttributeRecord(attribute, Status.UNSUPPORTED_ATTRIBUTE)
            for attribute in [*attributes][:MOST_READ]
        )
    )


def objection(request: tunnel.RequestTunnel) -> TunnelStatus:
    """Say why no tunnel like this can be opened; SUCCESS if one can."""
    wanted = request.manufacturer_code, request.protocol
    if wanted not in PROTOCOLS or request.maximum_transfer_size < SMALLEST_PIECE:
        return TunnelStatus.PROTOCOL_NOT_SUPPORTED
    if request.flow_control:
        return TunnelStatus.FLOW_CONTROL_NOT_SUPPORTED
    return TunnelStatus.SUCCESS
