"""What a sink is told of an outcome, as plain JSON values; pure, knows no transport.

The octets that prove an outcome travel with it, in base64, so that whoever receives it can verify it
again; beside them stands what they say, and what their signature and MAC were worth when they came.
"""

from base64 import b64encode
from typing import Any

from images.eui64 import format_eui64
from ota_engine.canonical import canonical_json
from ota_engine.errors import PeerError
from ota_engine.gbcs.envelope import parse
from ota_engine.gbcs.facts import facts_of
from ota_engine.gbcs.protection import unverified
from ota_engine.records import OutcomeRecord


def plain_outcome(outcome: OutcomeRecord) -> dict[str, Any]:
    """What every sink is told, but for the outcome's name."""
    return {
        "utc": outcome.utc,
        "device": format_eui64(outcome.device),
        "kind": outcome.kind,
        "verdict": outcome.verdict,
        "reason": outcome.reason,
        "sha256": outcome.sha256,
        "version_before": outcome.version_before,
        "version_after": outcome.version_after,
        "message": b64encode(outcome.message).decode() if outcome.message else None,
        "verification": outcome.verification and outcome.verification._asdict(),
    }


def letter(outcome: OutcomeRecord) -> bytes:
    """The body of a letter to the receiver: canonical JSON, the same octets at every attempt."""
    told = {"id": outcome.key, "decoded": _decoded(outcome)} | plain_outcome(outcome)
    return canonical_json(told).encode("ascii")


def _decoded(outcome: OutcomeRecord) -> dict[str, Any] | None:
    """What ``zota gbcs decode --json`` prints of the message; None for none, or octets that are not."""
    if not outcome.message:
        return None
    try:
        message = parse(outcome.message)
    except PeerError:
        return None
    return facts_of(message, outcome.verification or unverified(message))
