"""Who is who in a folder of keys: picks the parties an engine speaks for; knows no files."""

from images.eui64 import Eui64
from ota_engine.errors import LocalError
from ota_engine.gbcs.certificates import Role
from ota_engine.gbcs.keystore import Keystore
from ota_engine.hub.activation.security import PATIENT, OrderPatience, Security


def choose_parties(
    keys: Keystore,
    own: Eui64 | None,
    originator: Eui64 | None = None,
    patience: OrderPatience = PATIENT,
) -> Security:
    """Find supplier, broker and hub among the keys.

    Args:
        keys: of everybody.
        own: the radio's EUI-64; with a signing key of that name the engine is the Communications
            Hub Function of its network, and signs alerts.
        originator: in whose name orders are given; by default the first supplier, one whose
            signing key is at hand before others.
        patience: how long to wait for what.

    Raises:
        LocalError: there is no supplier or no broker among them.
    """
    suppliers = _holders(keys, Role.SUPPLIER)
    signing = [party for party in suppliers if keys.signer(party) is not None]
    hub = own if own is not None and keys.signer(own) is not None else None
    return Security(
        keys,
        hub,
        originator if originator is not None else Eui64((signing or suppliers)[0]),
        Eui64(_holders(keys, Role.ACCESS_CONTROL_BROKER)[0]),
        patience,
    )


def _holders(keys: Keystore, role: Role) -> tuple[int, ...]:
    found = keys.parties(role)
    if not found:
        what = role.name.lower().replace("_", " ")
        raise LocalError(f"no certificate of a {what} among the keys: make some with zota pki init")
    return found
