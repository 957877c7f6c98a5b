"""Reads what is posted to have something decided; pure."""

from typing import Any, Final, NamedTuple

from images.errors import ImageError
from images.strict_json import read_json
from ota_engine.errors import LocalError
from ota_engine.fleet.kernel.decisions import RefusalCode
from ota_engine.head_end.api.addresses import refuse_unsound
from ota_engine.head_end.api.problems import Problem, ProblemCode
from ota_engine.head_end.questions.values import read
from ota_engine.times import Utc

SIGNATURE_OCTETS: Final = 64
#: What may be posted beside each other, and of what type each is.
MEMBERS: Final[dict[str, Any]] = {
    "fields": dict,
    "reason": str,
    "given_utc": float,
    "signature": bytes,
}


class ActWanted(NamedTuple):
    """What somebody wants decided.

    Attributes:
        act: what.
        reason: why.
        given_utc: when it was decided, by whoever signed it; None for now.
        signature: r and s, 64 octets; None for a person whose key is at hand, or who signs nothing.
    """

    act: Any
    reason: str
    given_utc: Utc | None
    signature: bytes | None


def read_posted(octets: bytes) -> Any:
    """Read the JSON that was posted, as plain values that a row can hold.

    Raises:
        Problem: it is none.
    """
    try:
        told = read_json(octets, "the body")
        refuse_unsound(told)
    except (ImageError, LocalError) as error:
        raise Problem(ProblemCode.MALFORMED, str(error)) from None
    return told


def read_act(kind: type[Any], told: Any) -> ActWanted:
    """Read the body of a decision.

    Args:
        kind: class of the act.
        told: the JSON, as plain values.

    Raises:
        Problem: it does not say what is wanted.
    """
    if not isinstance(told, dict):
        raise Problem(ProblemCode.MALFORMED, 'post an object like {"fields": {...}, "reason": ""}')
    for name in told:
        if name not in MEMBERS:
            names = ", ".join(MEMBERS)
            raise Problem(ProblemCode.MALFORMED, f"{name[:40]!a} is none of {names}: leave it out")
    try:
        act = read(told.get("fields", {}), kind, "fields")
        reason = read(told.get("reason", ""), str, "reason")
        given = read(told.get("given_utc"), float | None, "given_utc")
        signature = read(told.get("signature"), bytes | None, "signature")
    except LocalError as error:
        raise Problem(RefusalCode.CONTENT, str(error)) from None
    if signature is not None and len(signature) != SIGNATURE_OCTETS:
        raise Problem(RefusalCode.CONTENT, "signature: r and s are 64 octets: give 128 digits")
    return ActWanted(act, reason, None if given is None else Utc(given), signature)
