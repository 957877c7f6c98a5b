"""The cookie that holds a session's secret: how it is set, taken back and read; knows no session.

Over TLS its name begins with ``__Host-``, which browsers take from this very host alone, for all its paths.
Over plain HTTP, on this machine, they would not take that name.
"""

from typing import Final

SECURE_NAME: Final = "__Host-zota_session"
PLAIN_NAME: Final = "zota_session"
_RULES: Final = "; Path=/; HttpOnly; SameSite=Strict"
_SECURE: Final = "; Secure"


def cookie_name(*, secure: bool) -> str:
    """Name of the cookie.

    Args:
        secure: browsers reach the server by TLS.
    """
    return SECURE_NAME if secure else PLAIN_NAME


def set_cookie(secret: str, *, secure: bool) -> str:
    """Write the value of ``Set-Cookie`` for a session; it goes with the browser's end."""
    return f"{cookie_name(secure=secure)}={secret}{_RULES}{_SECURE if secure else ''}"


def unset_cookie(*, secure: bool) -> str:
    """Write the value of ``Set-Cookie`` that takes a cookie back."""
    return f"{set_cookie('', secure=secure)}; Max-Age=0"


def secret_in(header: str, *, secure: bool) -> str:
    """Read the secret from a header ``Cookie``.

    Args:
        header: all of it; empty where there is none.
        secure: browsers reach the server by TLS.

    Returns:
        empty where there is none, or more than one: somebody else has then set one of them.
    """
    wanted = cookie_name(secure=secure)
    found = []
    for part in header.split(";"):
        name, _, value = part.strip(" \t").partition("=")
        if name == wanted:
            found.append(value)
    return found[0] if len(found) == 1 else ""
