"""Reads and writes headers of the API: tokens, revisions, keys, what is accepted; pure.

A tag is ``"REVISION.DIGEST"`` where an answer has a revision, and ``"DIGEST"`` where it has none, so that a
copy is as good as the answer, and ``If-Match`` can name the revision alone.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from ota_engine.head_end.api.problems import Problem, ProblemCode

#: Of what names a decision; it can stand in a path.
KEY_PATTERN: Final = r"[A-Za-z0-9._~:+=@-]{1,128}"
_BEARER: Final = re.compile(r"bearer +([A-Za-z0-9._~+/=-]{1,512})", re.IGNORECASE)
_REVISION: Final = re.compile(r'"?(\d{1,18})(?:\.[0-9a-f]{1,64})?"?', re.ASCII)
_KEY: Final = re.compile(KEY_PATTERN)
_DIGEST_OCTETS: Final = 10


def bearer(header: str | None) -> str:
    """Read the token that a caller shows; empty for none.

    Raises:
        Problem: something else is shown.
    """
    if header is None:
        return ""
    found = _BEARER.fullmatch(header.strip())
    if found is None:
        raise unauthenticated("show a token: Authorization: Bearer TOKEN")
    return found[1]


def unauthenticated(detail: str) -> Problem:
    """Say that nobody is known by what was shown, or that nothing was."""
    return Problem(ProblemCode.UNAUTHENTICATED, detail, {"WWW-Authenticate": 'Bearer realm="zota"'})


def expected_revision(header: str | None) -> int | None:
    """Read ``If-Match``: the revision that a decision was made on; None for whatever it is.

    Raises:
        Problem: it names none.
    """
    if header is None or header.strip() == "*":
        return None
    found = _REVISION.fullmatch(header.strip())
    if found is None:
        raise Problem(
            ProblemCode.MALFORMED, 'If-Match names no revision: give one like "7", or leave it out'
        )
    return int(found[1])


def decision_key(header: str | None) -> str:
    """Read ``Idempotency-Key``: it names the decision; empty for none.

    Raises:
        Problem: it is no key.
    """
    if header is None:
        return ""
    if not _KEY.fullmatch(header):
        raise Problem(
            ProblemCode.MALFORMED,
            "Idempotency-Key is none: give 1 to 128 letters, digits and . _ ~ : + = @ -",
        )
    return header


def tag_of(answer: Any, octets: bytes) -> str:
    """Make the ``ETag`` of an answer."""
    digest = hashlib.blake2b(octets, digest_size=_DIGEST_OCTETS).hexdigest()
    revision = getattr(answer, "revision", None)
    return f'"{digest}"' if revision is None else f'"{revision}.{digest}"'


def is_held(header: str | None, tag: str) -> bool:
    """Whether ``If-None-Match`` says that the caller has this already."""
    if header is None:
        return False
    held = {one.strip().removeprefix("W/") for one in header.split(",")}
    return tag in held or held == {"*"}


def refuse_unacceptable(header: str | None, kind: str) -> None:
    """See to it that ``Accept`` takes what there is.

    Raises:
        Problem: it does not.
    """
    if not (header or "").strip():
        return
    family = kind.partition("/")[0]
    for one in (header or "").split(","):
        wanted, *parameters = (part.strip().lower() for part in one.split(";"))
        if wanted in (kind, f"{family}/*", "*/*") and not _is_zero(parameters):
            return
    raise Problem(ProblemCode.NOT_ACCEPTABLE, f"this is answered as {kind}: accept that")


def _is_zero(parameters: list[str]) -> bool:
    return any(re.fullmatch(r"q\s*=\s*0(\.0*)?", one) for one in parameters)


def next_link(path: str, query: Mapping[str, str], more: str) -> str:
    """Write the ``Link`` to the page that follows."""
    return f'<{path}?{urlencode({**query, "after": more})}>; rel="next"'
