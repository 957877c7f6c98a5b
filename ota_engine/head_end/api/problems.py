"""What goes wrong at the API, and how it is told: ``application/problem+json`` (RFC 9457); pure.

Every problem has a code that programs can tell it by. Those of decisions are the fleet's own.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final, NamedTuple

from ota_engine.fleet.kernel.decisions import RefusalCode
from ota_engine.head_end.problem_document import REFUSED_BY, problem_values


class ProblemCode(StrEnum):
    """What went wrong, but for refusals of decisions."""

    MALFORMED = "malformed"
    UNAUTHENTICATED = "unauthenticated"
    NOT_FOR_YOU = "not-for-you"
    READS_ONLY = "reads-only"
    FOREIGN_SITE = "foreign-site"
    FOREIGN_HOST = "foreign-host"
    NOT_THERE = "not-there"
    METHOD = "method"
    NOT_ACCEPTABLE = "not-acceptable"
    TIMEOUT = "timeout"
    TOO_LARGE = "too-large"
    MEDIA_TYPE = "media-type"
    BAD_LINES = "bad-lines"
    TOO_MANY = "too-many"
    FAULT = "fault"
    BUSY = "busy"
    STORE = "store"


class ProblemRow(NamedTuple):
    """One kind of problem.

    Attributes:
        status: of HTTP.
        title: the same for all of the kind.
        told: what it means and what to do, for the description.
    """

    status: int
    title: str
    told: str


PROBLEMS: Final[Mapping[StrEnum, ProblemRow]] = {
    ProblemCode.MALFORMED: ProblemRow(
        400, "Malformed", "A parameter, a header or the JSON is not what it should be."
    ),
    ProblemCode.UNAUTHENTICATED: ProblemRow(
        401, "Nobody known", "No token, or one that is forged, over or revoked."
    ),
    ProblemCode.NOT_FOR_YOU: ProblemRow(
        403, "Not for you", "The roles of the party do not allow it; the attempt is noted."
    ),
    ProblemCode.READS_ONLY: ProblemRow(
        403, "Reads only", "The token decides nothing; the attempt is noted."
    ),
    ProblemCode.FOREIGN_SITE: ProblemRow(
        403, "From another site", "A browser sent this on behalf of another site."
    ),
    RefusalCode.FORBIDDEN: ProblemRow(
        REFUSED_BY[RefusalCode.FORBIDDEN],
        "Not for this person",
        "The roles of the person's party do not allow the decision.",
    ),
    RefusalCode.SIGNATURE: ProblemRow(
        REFUSED_BY[RefusalCode.SIGNATURE],
        "Not signed",
        "The person signs decisions, and this one is not signed by her key.",
    ),
    RefusalCode.AUTHOR: ProblemRow(
        REFUSED_BY[RefusalCode.AUTHOR], "A second person", "Somebody else has to decide this."
    ),
    ProblemCode.NOT_THERE: ProblemRow(
        404, "Not there", "There is no such thing, or it is not yours to see."
    ),
    RefusalCode.UNKNOWN: ProblemRow(
        REFUSED_BY[RefusalCode.UNKNOWN], "Unknown", "What the decision is about is not there."
    ),
    ProblemCode.METHOD: ProblemRow(
        405, "Another method", "The header Allow names those there are."
    ),
    ProblemCode.NOT_ACCEPTABLE: ProblemRow(
        406, "No such form", "The header Accept names no form that there is."
    ),
    ProblemCode.TIMEOUT: ProblemRow(408, "Too slow", "The body did not arrive in time."),
    RefusalCode.MOVED: ProblemRow(
        REFUSED_BY[RefusalCode.MOVED],
        "It moved",
        "It is no longer at the revision of If-Match: look, and decide again.",
    ),
    RefusalCode.REUSED: ProblemRow(
        REFUSED_BY[RefusalCode.REUSED],
        "Key used",
        "The Idempotency-Key was used for another decision: give a new one.",
    ),
    RefusalCode.STATE: ProblemRow(
        REFUSED_BY[RefusalCode.STATE],
        "Not from here",
        "It does not go from where it stands: see the detail.",
    ),
    ProblemCode.TOO_LARGE: ProblemRow(413, "Too large", "The body is larger than is taken."),
    ProblemCode.MEDIA_TYPE: ProblemRow(415, "Another form", "Content-Type is none that is taken."),
    ProblemCode.FOREIGN_HOST: ProblemRow(
        421, "Another host", "The server does not answer to the name in Host."
    ),
    RefusalCode.CONTENT: ProblemRow(
        REFUSED_BY[RefusalCode.CONTENT], "Makes no sense", "See the detail, and mend it."
    ),
    ProblemCode.BAD_LINES: ProblemRow(
        422, "Bad lines", "Lines of the list are bad, so that nothing of it was taken."
    ),
    ProblemCode.TOO_MANY: ProblemRow(
        429, "Too many at once", "The same caller has too many requests open: wait for them."
    ),
    ProblemCode.FAULT: ProblemRow(500, "A fault of ours", "The operator has been told."),
    ProblemCode.BUSY: ProblemRow(503, "Busy", "Too many wait: try again after Retry-After."),
    ProblemCode.STORE: ProblemRow(
        503, "Database", "The database cannot be used now: try again after Retry-After."
    ),
}


class Problem(Exception):  # noqa: N818 - an answer, not a fault of the program
    """Something is answered by a problem.

    Attributes:
        code: which kind.
        detail: what is wrong and what to do, in one line.
        headers: of the answer.
        more: further members of the document.
    """

    def __init__(
        self,
        code: StrEnum,
        detail: str,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})
        self.more = more

    @property
    def status(self) -> int:
        """Status of HTTP."""
        return PROBLEMS[self.code].status

    def as_values(self) -> dict[str, Any]:
        """Write the document as plain values, ready for JSON."""
        row = PROBLEMS[self.code]
        return problem_values(self.code, row.status, row.title, self.detail) | self.more
