"""Says on a page what went wrong: what, and what to do next; knows errors, no page."""

from typing import Final, NamedTuple

from starlette.exceptions import HTTPException

from ota_engine.errors import StoreError
from ota_engine.head_end.questions.asking import NotForViewerError, NotThereError

_TITLES: Final = {
    400: "This cannot be done as it was asked",
    403: "This is not for you",
    404: "Nothing is here",
    405: "This cannot be done as it was asked",
    408: "This took too long",
    409: "It has changed meanwhile",
    413: "This is too large",
    429: "This is too often",
    500: "This page cannot be made",
    503: "The fleet cannot be read just now",
}
_NEXT: Final = {
    403: "What a party may see and decide follows from its roles. Ask an operator if yours lack one.",
    404: "The address may be mistyped, what it names may have gone, or it is not for your party to see.",
    409: "Look at it as it is now, then decide again.",
    500: "Everything else goes on: look at another page meanwhile.",
    503: "Nothing was lost. Try again in a few seconds.",
}
#: What is told of a fault of ours; what it was stands in the log.
FAULT: Final = "a fault of the server: its operator has been told"


class PageProblem(NamedTuple):
    """What is said when something went wrong.

    Attributes:
        status: of the answer.
        title: what, in a few words.
        text: what exactly, in one line.
        next: what to do.
    """

    status: int
    title: str
    text: str
    next: str


def problem_of(error: Exception) -> PageProblem:
    """Say what an error means for whoever looks."""
    if isinstance(error, HTTPException):
        return problem(error.status_code, str(error.detail))
    status = 400
    if isinstance(error, NotForViewerError):
        status = 403
    elif isinstance(error, NotThereError):
        status = 404
    elif isinstance(error, StoreError):
        status = 503
    return problem(status, str(error))


def problem(status: int, text: str) -> PageProblem:
    """Say what a status means for whoever looks, and this time in particular."""
    otherwise = "Go back, change what was wrong, and try again."
    return PageProblem(
        status, _TITLES.get(status, _TITLES[400]), text, _NEXT.get(status, otherwise)
    )
