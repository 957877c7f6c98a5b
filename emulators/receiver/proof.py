"""Verifies again what a letter's message is worth, with the receiver's own keys; pure.

The sender says what signature and MAC were worth when the message came. A receiver that holds keys
need not believe that: it finds out, and says where it found otherwise.
"""

import json
from enum import Enum
from typing import NamedTuple

from emulators.receiver.letter import ReceivedOutcome
from ota_engine.errors import PeerError
from ota_engine.gbcs.envelope import parse
from ota_engine.gbcs.keystore import Keystore
from ota_engine.gbcs.protection import check
from ota_engine.gbcs.verification import CheckResult, Verification


class ProofStanding(Enum):
    """What a letter's message is worth to the receiver."""

    NONE = "no message"  # the letter carries none
    UNCHECKED = "unchecked"  # none of our keys fits
    PROVEN = "proven"  # one of signature and MAC is valid, none is not
    DISPUTED = "disputed"  # one of them is not, or not what the sender says


class Proof(NamedTuple):
    """What was found; ``found`` is None for what is no GBCS message."""

    standing: ProofStanding
    found: Verification | None = None


def prove(letter: ReceivedOutcome, keys: Keystore) -> Proof:
    """Verify a letter's message with these keys."""
    if not letter.message:
        return Proof(ProofStanding.NONE)
    try:
        found = check(parse(letter.message), keys)
    except PeerError:
        return Proof(ProofStanding.DISPUTED)
    if CheckResult.INVALID in found or not _agrees(found, letter.verification):
        return Proof(ProofStanding.DISPUTED, found)
    return Proof(
        ProofStanding.PROVEN if CheckResult.VALID in found else ProofStanding.UNCHECKED, found
    )


def _agrees(found: Verification, verification: str) -> bool:
    """Whether the sender says the same, as far as our keys tell."""
    said = json.loads(verification)
    if not isinstance(said, dict):
        return True  # nothing is said in words we know
    return all(
        verdict is CheckResult.NO_KEY or name not in said or said[name] == str(verdict)
        for name, verdict in found._asdict().items()
    )
