"""Whether a gateway may register, and by what it is known then; pure, and knows no secret but by its digest."""

from dataclasses import replace
from hmac import compare_digest

from ota_engine.fleet.gateways.rows import RegisteredGateway
from ota_engine.times import Utc


class RegistrationRefused(Exception):  # noqa: N818 - an answer, not a fault
    """A gateway may not register; the text says why and what to do, in one line."""


def registered(
    row: RegisteredGateway | None, code: str, instance: str, token: str, utc: Utc
) -> RegisteredGateway:
    """Let a gateway use its code.

    A code is used once. Whoever used it may use it again while it counts, because the answer may have been
    lost: it gets another token, and the first one is worth nothing.

    Args:
        row: of the gateway that it says it is.
        code: SHA-256 of the code, hexadecimal.
        instance: of the gateway.
        token: SHA-256 of the token that it would get.
        utc: now.

    Returns:
        the row as it is then.

    Raises:
        RegistrationRefused: it may not.
    """
    known = "" if row is None else row.code
    matches = compare_digest(known or "-" * len(code), code)
    if row is None or not known or not matches:
        raise RegistrationRefused(
            "this is no code of this gateway: ask its operator for another (zota gateway admit)"
        )
    if utc > row.code_until_utc:
        raise RegistrationRefused("the code has expired: ask the operator for another")
    if row.code_instance and row.code_instance != instance:
        raise RegistrationRefused(
            "the code was used by another gateway: ask the operator for another"
        )
    return replace(
        row,
        token=token,
        instance=instance,
        registered_utc=utc,
        code_instance=instance,
        revision=row.revision + 1,
        changed="registered",
    )
