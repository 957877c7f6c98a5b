"""What a sink is told of an outcome, as plain JSON values; pure, knows no transport.

The octets that prove an outcome travel with it, in base64, so that whoever receives it can verify it
again; beside them stands what they say, and what their signature and MAC were worth when they came.
"""

import json
from base64 import b64encode
from typing import Any

from images.eui64 import format_eui64
from ota_engine.canonical import canonical_json
from ota_engine.errors import PeerError
from ota_engine.gbcs.envelope import parse
from ota_engine.gbcs.facts import facts_of
from ota_engine.gbcs.keystore import Keystore
from ota_engine.gbcs.protection import CheckResult, Checks, check
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
        "verification": _verification(outcome),
    }


def letter(outcome: OutcomeRecord) -> bytes:
    """The body of a letter to the head end: canonical JSON, the same octets at every attempt."""
    told = {"id": outcome.key, "decoded": _decoded(outcome)} | plain_outcome(outcome)
    return canonical_json(told).encode("ascii")


def _verification(outcome: OutcomeRecord) -> Any:
    """What signature and MAC were worth, as the engine wrote it down; None for no message."""
    if not outcome.verification:
        return None
    try:
        return json.loads(outcome.verification)
    except (ValueError, RecursionError):
        return outcome.verification


def _decoded(outcome: OutcomeRecord) -> dict[str, Any] | None:
    """What ``zota gbcs decode --json`` prints of the message; None for none, or octets that are not."""
    if not outcome.message:
        return None
    try:
        message = parse(outcome.message)
    except PeerError:
        return None
    unknown = check(message, Keystore())
    known = _verification(outcome)
    if not isinstance(known, dict):
        return facts_of(message, unknown)
    signature, mac = (
        _verdict(known.get(name), otherwise)
        for name, otherwise in zip(Checks._fields, unknown, strict=True)
    )
    return facts_of(message, Checks(signature, mac))


def _verdict(text: object, otherwise: CheckResult) -> CheckResult:
    return CheckResult(text) if isinstance(text, str) and text in set(CheckResult) else otherwise
