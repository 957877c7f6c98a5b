"""Which devices prove by signed alert what became of their firmware; knows the radio and the keys."""

from collections.abc import Mapping
from typing import Final

from images.eui64 import Eui64
from ota_engine.gbcs.certificates import KeyUse
from ota_engine.hub.activation.security import Security
from ota_engine.hub.push.course import AwaitedProof
from ota_engine.hub.push.verdict import PushVerdict
from ota_engine.link.contract import NodeInfo

#: By the device identifier of a simple descriptor (Zigbee Smart Energy 1.4, 5.12).
PROOFS: Final[Mapping[int, AwaitedProof]] = {
    0x0501: AwaitedProof(
        "its alert of receipt", PushVerdict.AWAITING
    ),  # metering device: ESME, GSME
    0x0505: AwaitedProof(
        "its alert of activation (CS09)", PushVerdict.UPDATED
    ),  # prepayment: PPMID
}


def proofs_of(
    nodes: Mapping[Eui64, NodeInfo], security: Security | None
) -> dict[Eui64, AwaitedProof]:
    """Find out of whom an alert is to be awaited: of those whose signature can be verified."""
    if security is None:
        return {}
    found = {}
    for device, node in nodes.items():
        proof = next((PROOFS[what] for what in sorted(node.device_ids) if what in PROOFS), None)
        certificate = security.keys.certificate(device, KeyUse.SIGNING)
        if proof is not None and certificate is not None:
            found[device] = proof
    return found
