"""What becomes of homes and devices, for whichever room it concerns; plain values.

Handlers of this room return them, and the fleet hands each to those who listen to its type, within the
same event: what they do is committed with it.
"""

from typing import NamedTuple, TypeAlias

from images.eui64 import Eui64
from ota_engine.fleet.parties.rows import Fuel
from ota_engine.times import Utc


class SupplierChanged(NamedTuple):
    """Another supplier answers for a home.

    Attributes:
        home: pseudonym.
        fuel: of which.
        losing: who answered before; empty for nobody.
        gaining: who answers now; empty for nobody.
        utc: since when.
    """

    home: str
    fuel: Fuel
    losing: str
    gaining: str
    utc: Utc


class TenancyChanged(NamedTuple):
    """Other people live in a home."""

    home: str
    utc: Utc


class HubReplaced(NamedTuple):
    """A home has another Communications Hub."""

    home: str
    old: Eui64
    new: Eui64


class DeviceMoved(NamedTuple):
    """A device is in another home than before."""

    device: Eui64
    old_home: str
    new_home: str


class InstallationCompleted(NamedTuple):
    """A home is installed; its devices may be upgraded from now on."""

    home: str


class HomeVanished(NamedTuple):
    """A home is no longer there."""

    home: str


class GatewayChanged(NamedTuple):
    """A home belongs to another gateway, or to the same anew: what it was told there counts no more.

    Attributes:
        home: pseudonym.
        source: gateway that it belonged to.
        target: gateway that it belongs to.
    """

    home: str
    source: str
    target: str


Happening: TypeAlias = (
    SupplierChanged
    | TenancyChanged
    | HubReplaced
    | DeviceMoved
    | InstallationCompleted
    | HomeVanished
    | GatewayChanged
)
