"""What an answer is worth to the user who asked: taken, refused, or no answer to the question at all.

Knows requests and answers as values, and what users have been promised; not what the head end does.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Final, NamedTuple

from images.eui64 import format_eui64
from ota_engine.duis.requests import ServiceRequest, UpdateFirmware
from ota_engine.duis.responses import (
    FirmwareWarning,
    Inventory,
    PreCommand,
    ResponseMessage,
    ServiceResponse,
)
from ota_engine.errors import PeerError

DONE: Final = "I0"
ACKNOWLEDGED: Final = "I99"
TRANSFORMED: Final = 4  # command variant
BY_DEVICE: Final = frozenset((1, 5))  # command variants that a device answers later
FIRMWARE_UPDATES: Final = frozenset(("11.1", "11.4"))


class AnswerKind(StrEnum):
    """How a request was answered at once."""

    DONE = "done"
    ACKNOWLEDGED = "acknowledged"
    PARTLY = "acknowledged in part"
    REFUSED = "refused"


class AnswerJudgement(NamedTuple):
    """What came of a request so far.

    Attributes:
        kind: how it was answered.
        awaited: whether a device's response is still to come.
    """

    kind: AnswerKind
    awaited: bool = False

    @property
    def taken(self) -> bool:
        """Whether the request goes its way, for one device at least."""
        return self.kind is not AnswerKind.REFUSED


def judge(request: ServiceRequest, answer: ServiceResponse) -> AnswerJudgement:
    """Judge what was answered at once.

    Raises:
        PeerError: it is no answer to this request, or says two things at a time.
    """
    problem = next(_problems(request, answer), None)
    if problem is not None:
        raise PeerError(f"the answer {answer.code} {problem}")
    variant = request.header.command_variant
    if answer.code.startswith("E"):
        return AnswerJudgement(AnswerKind.REFUSED)
    if answer.code.startswith("W"):
        return AnswerJudgement(AnswerKind.PARTLY)
    if answer.code == ACKNOWLEDGED:
        return AnswerJudgement(AnswerKind.ACKNOWLEDGED, awaited=variant in BY_DEVICE)
    return AnswerJudgement(AnswerKind.DONE)


def _problems(request: ServiceRequest, answer: ServiceResponse) -> Iterator[str]:
    header = request.header
    if answer.request_id != header.request_id:
        theirs = "no request" if answer.request_id is None else answer.request_id.text
        yield f"is to {theirs}, not to {header.request_id.text}"
    if answer.code[:1] not in {"I", "W", "E"}:
        yield "is neither good nor bad: codes begin with I, W or E"
    if not isinstance(answer.body, ResponseMessage):
        yield "is no response, but an alert"
        return
    named = answer.body.reference, answer.body.variant
    if named != (header.reference, header.variant):
        yield f"is about service {answer.body.variant}, not {header.variant}"
    yield from _contradictions(request, answer.code, answer.body.content)


def _contradictions(request: ServiceRequest, code: str, content: object) -> Iterator[str]:
    wanted = _content_of(request, code)
    if content is None and wanted is not None:
        yield f"has no {wanted.__name__}"
    elif content is not None and (wanted is None or not isinstance(content, wanted)):
        yield f"has a {type(content).__name__}, which does not go with it"
    if not isinstance(content, FirmwareWarning) or not isinstance(request.body, UpdateFirmware):
        return
    if content.ppmid is not request.body.ppmid:
        yield "warns of another service"
    asked = set(request.body.devices)
    for device in warned(content):
        if device not in asked:
            yield f"warns of {format_eui64(device)}, which was not asked for"
            return


def warned(warning: FirmwareWarning) -> Iterator[int]:
    """The devices that a warning passes over."""
    yield from warning.invalid
    yield from warning.not_commissioned
    yield from warning.not_applicable
    yield from warning.in_progress
    yield from warning.wrong_gbcs


def _content_of(request: ServiceRequest, code: str) -> type | None:
    """What has to be in an answer of this code."""
    header = request.header
    if code.startswith("W"):
        return FirmwareWarning if header.reference in FIRMWARE_UPDATES else None
    if code != DONE:
        return None
    if header.command_variant == TRANSFORMED:
        return PreCommand
    return Inventory if header.reference == "8.2" else None
