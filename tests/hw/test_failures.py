"""Exceptions of foreign libraries, each in our words, once."""

import errno
import socket
import termios

import pytest
from bellows.ash import AshException, NcpFailure
from bellows.exception import ControllerError, EzspError, InvalidCommandError
from bellows.types import EmberStatus, NcpResetCode, sl_Status
from zigpy.exceptions import (
    CorruptDatabase,
    DeliveryError,
    FormationFailure,
    NetworkNotFormed,
    TransientConnectionError,
)

from hw.failures import loss, opening_failure, send_failure
from hw.peer import Manner
from hw.settings import parse_link
from ota_engine.errors import LinkError
from ota_engine.events import SendStatus
from ota_engine.link.contract import LinkDownError, SendFailedError

SERIAL = parse_link("ezsp:///dev/ttyACM0")
TCP = parse_link("ezsp+tcp://127.0.0.1:7338")


@pytest.mark.parametrize(
    ("foreign", "ours"),
    [
        (sl_Status.MESSAGE_TOO_LONG, SendStatus.MESSAGE_TOO_LONG),
        (EmberStatus.MESSAGE_TOO_LONG, SendStatus.MESSAGE_TOO_LONG),
        (sl_Status.ZIGBEE_DELIVERY_FAILED, SendStatus.DELIVERY_FAILED),
        (EmberStatus.DELIVERY_FAILED, SendStatus.DELIVERY_FAILED),
        (sl_Status.ALLOCATION_FAILED, SendStatus.BUSY),
        (sl_Status.ZIGBEE_MAX_MESSAGE_LIMIT_REACHED, SendStatus.BUSY),
        (EmberStatus.MAX_MESSAGE_LIMIT_REACHED, SendStatus.BUSY),
        (EmberStatus.NETWORK_BUSY, SendStatus.BUSY),
        (sl_Status.NETWORK_DOWN, SendStatus.LINK_DOWN),
        (None, SendStatus.DELIVERY_FAILED),
        (0x66, SendStatus.DELIVERY_FAILED),
    ],
)
def test_a_status_means_the_same_whatever_its_number(foreign: int | None, ours: SendStatus) -> None:
    failure = send_failure(DeliveryError("no", foreign))
    assert isinstance(failure, SendFailedError)
    assert failure.status == ours


def test_a_confirmation_that_never_came_is_a_failed_delivery() -> None:
    failure = send_failure(TimeoutError())
    assert isinstance(failure, SendFailedError)
    assert failure.status == SendStatus.DELIVERY_FAILED


@pytest.mark.parametrize(
    "error",
    [
        EzspError("EZSP is not running"),
        InvalidCommandError("invalid"),
        ControllerError("ApplicationController is not running"),
        NcpFailure(NcpResetCode.RESET_WATCHDOG),
        AshException(),
        BrokenPipeError(errno.EPIPE, "Broken pipe"),
    ],
)
def test_what_is_the_radios_fault_is_a_link_that_is_down(error: Exception) -> None:
    assert isinstance(send_failure(error), LinkDownError)


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (None, "connection closed"),
        (NcpFailure(NcpResetCode.RESET_WATCHDOG), "RESET_WATCHDOG"),
        (TimeoutError(), "stopped answering"),
        (OSError(errno.EIO, "Input/output error"), "unplugged"),
        (RuntimeError("two\nlines"), "RuntimeError: two lines"),
        (AttributeError("'NoneType' object has no attribute 'send_data'"), "connection closed"),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), "Network is unreachable"),
    ],
)
def test_a_loss_is_told_in_a_few_words(error: BaseException | None, says: str) -> None:
    assert says in loss(error)


@pytest.mark.parametrize(
    ("error", "connected", "does"),
    [
        (NetworkNotFormed("no"), True, "zota radio form"),
        (CorruptDatabase("no"), False, "move it away"),
        (FormationFailure("no"), True, "another channel"),
        (TimeoutError(), False, "is it this port"),
        (NcpFailure(NcpResetCode.RESET_UNKNOWN_REASON), False, "is it this port"),
        (PermissionError("The serial port is locked"), False, "stop it"),
        (termios.error(errno.ENOTTY, "Inappropriate ioctl"), False, "not a serial port"),
        (TimeoutError(), True, "zota doctor"),
        (ValueError("odd"), False, "ValueError: odd"),
    ],
)
def test_a_radio_that_does_not_open_says_what_to_do(
    error: Exception, connected: bool, does: str
) -> None:
    failure = opening_failure(error, SERIAL, connected=connected)
    assert does in str(failure)
    assert "\n" not in str(failure)


@pytest.mark.parametrize(
    ("error", "does"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), "nothing listens"),
        (socket.gaierror(-2, "Name or service not known"), "no such host"),
        (TimeoutError(), "nothing answers there"),
        (OSError(errno.EHOSTUNREACH, "No route to host"), "(No route to host)"),
    ],
)
def test_an_address_that_does_not_answer_says_what_to_do(error: Exception, does: str) -> None:
    assert does in str(opening_failure(error, TCP, connected=False))


@pytest.mark.parametrize(
    ("peer", "does"),
    [
        (Manner.HANGS_UP, "hangs up; stop the program that uses it already"),
        (Manner.SILENT, "says nothing; stop any program that uses it already"),
        (Manner.FOREIGN, "is no Silicon Labs EmberZNet radio; correct host and port"),
        (Manner.RESTARTS, "restarts and then answers no more; unplug it"),
        (Manner.UNREACHABLE, "closed before the radio answered; plug the radio in again"),
    ],
)
def test_a_peer_that_is_no_radio_is_told_by_what_it_does(peer: Manner, does: str) -> None:
    error = AttributeError("'NoneType' object has no attribute 'send_reset'")
    said = str(opening_failure(error, TCP, connected=False, peer=peer))
    assert said.startswith("ezsp+tcp://127.0.0.1:7338: ")
    assert does in said
    assert "NoneType" not in said


def test_what_zigpy_wrapped_is_unwrapped() -> None:
    wrapped = TransientConnectionError()
    wrapped.__cause__ = ConnectionRefusedError(errno.ECONNREFUSED, "refused")
    assert "nothing listens" in str(opening_failure(wrapped, TCP, connected=False))


def test_what_is_ours_already_stays_as_it_is() -> None:
    ours = LinkError("said already")
    assert opening_failure(ours, SERIAL, connected=False) is ours
