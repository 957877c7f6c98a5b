"""What a gateway's core wants done; pure values.

Rows are kept before what a hub is told behind them, and before an instruction counts as taken.
"""

from typing import NamedTuple, TypeAlias

from ota_engine.gateway.errands import GatewayRow
from ota_engine.hub.engine import EngineRequest
from ota_engine.hub.own_firmware.firmware import OwnRequest


class Remember(NamedTuple):
    """Keep a row in the place of what has its key."""

    row: GatewayRow


class Forget(NamedTuple):
    """Remove a row; it was settled."""

    row: GatewayRow


class Direct(NamedTuple):
    """Ask something of the hub.

    Attributes:
        request: what; of its engine, or of its part in its own upgrade.
        errand: key of the errand it is for.
    """

    request: EngineRequest | OwnRequest
    errand: str


GatewayEffect: TypeAlias = Remember | Forget | Direct
