"""What goes wrong in zigpy, bellows and serial ports, said once in our own words.

Every exception of those libraries that reaches us passes through here: as a ``SendFailedError`` or
``LinkDownError`` when a frame was to be sent, as a ``LinkError`` when a radio was to be opened,
as one line of text when a radio was lost.
"""

import errno
import socket
import sqlite3
import termios
from typing import Final

from bellows.ash import AshException, NcpFailure
from bellows.exception import ControllerError, EzspError
from zigpy.exceptions import (
    APIException,
    ControllerException,
    CorruptDatabase,
    DeliveryError,
    FormationFailure,
    NetworkNotFormed,
    TransientConnectionError,
)

from hw.peer import Manner
from hw.settings import RadioSettings
from ota_engine.errors import LinkError
from ota_engine.events import SendStatus
from ota_engine.link.contract import LinkDownError, SendFailedError

#: What radios call the failures that the engine tells apart; all others are DELIVERY_FAILED.
#: Names, because the numbers differ between generations of EmberZNet and between vendors.
STATUS_BY_NAME: Final = {
    "MESSAGE_TOO_LONG": SendStatus.MESSAGE_TOO_LONG,
    "APS_FRAME_TOO_LONG": SendStatus.MESSAGE_TOO_LONG,  # Z-Stack
    "INVALID_PARAMETER_TOO_LONG": SendStatus.MESSAGE_TOO_LONG,
    "MAX_MESSAGE_LIMIT_REACHED": SendStatus.BUSY,
    "ZIGBEE_MAX_MESSAGE_LIMIT_REACHED": SendStatus.BUSY,
    "NETWORK_BUSY": SendStatus.BUSY,
    "BUSY": SendStatus.BUSY,
    "TRANSMIT_BUSY": SendStatus.BUSY,
    "PHY_TX_BUSY": SendStatus.BUSY,
    "MAC_TRANSMIT_QUEUE_FULL": SendStatus.BUSY,
    "ALLOCATION_FAILED": SendStatus.BUSY,
    "NO_BUFFERS": SendStatus.BUSY,
    "FULL": SendStatus.BUSY,
    "NETWORK_DOWN": SendStatus.LINK_DOWN,
    "NOT_JOINED": SendStatus.LINK_DOWN,
}

#: Raised by a send when the radio, not the frame, is at fault.
RADIO_FAULTS: Final = (
    AshException,
    EzspError,
    ControllerError,
    ControllerException,
    APIException,
    OSError,
)

#: Raised by bellows and asyncio when they reach for a port that closed under their hands.
LOST_HOLD: Final = (AttributeError, ConnectionResetError, BrokenPipeError)

#: Raised when a radio was lost in the middle of something, whatever that was.
LOST: Final = (*LOST_HOLD, AshException, OSError)

#: What a system says plainly when a port is opened, and what to do about it.
PLAIN_REFUSALS: Final[tuple[tuple[type[Exception], str], ...]] = (
    (ConnectionRefusedError, "nothing listens there; start it, or correct host and port"),
    (socket.gaierror, "no such host; correct its name"),
    # made by zigpy of the serial port's own lock
    (PermissionError, "in use by another program; stop it and try again"),
)

#: What to do about a TCP peer that is no radio, by what it does when asked to restart.
PEERS: Final = {
    Manner.HANGS_UP: "what listens there hangs up; stop the program that uses it already"
    " (zigbee2mqtt, ZHA), or correct host and port",
    Manner.SILENT: "what listens there says nothing; stop any program that uses it already, and"
    " see that the radio behind it is plugged in",
    Manner.FOREIGN: "what listens there is no {hardware} radio; correct host and port, or the baud"
    " rate of the serial port behind it",
    Manner.RESTARTS: "the radio there restarts and then answers no more; unplug it and plug it in"
    " again",
}


def send_failure(error: Exception) -> SendFailedError | LinkDownError:
    """Say what became of a frame whose sending raised.

    bellows raises AttributeError and RuntimeError after it lost its port, so whoever calls this
    asks first whether the link is up.
    """
    if isinstance(error, DeliveryError):
        name = getattr(error.status, "name", None)
        return SendFailedError(STATUS_BY_NAME.get(name or "", SendStatus.DELIVERY_FAILED))
    if isinstance(error, TimeoutError):  # an OSError by birth: it has to come first
        return SendFailedError(SendStatus.DELIVERY_FAILED)
    if isinstance(error, RADIO_FAULTS):
        return LinkDownError(f"the radio refuses to send: {loss(error)}")
    return SendFailedError(SendStatus.DELIVERY_FAILED)


def loss(error: BaseException | None) -> str:
    """Say in a few words why a radio was lost."""
    if error is None:
        return "the connection closed"
    if isinstance(error, NcpFailure):
        return f"the dongle restarted or failed ({getattr(error.code, 'name', error.code)})"
    if isinstance(error, TimeoutError):
        return "the dongle stopped answering"
    if isinstance(error, OSError) and error.errno == errno.EIO:
        return "the port is gone (unplugged?)"
    if isinstance(error, LOST_HOLD):
        return "the connection closed"
    return _told(error)


def opening_failure(
    error: Exception,
    settings: RadioSettings,
    *,
    connected: bool,
    peer: Manner = Manner.UNREACHABLE,
) -> LinkError:
    """Say why a radio could not be opened and what to do about it.

    Args:
        error: what was raised.
        settings: which radio.
        connected: whether it had answered already.
        peer: what its TCP peer did when it was asked apart.
    """
    if isinstance(error, LinkError):
        return error
    url = settings.url
    state = "" if settings.state is None else f" --state {settings.state}"
    for kind, text in (
        (
            NetworkNotFormed,
            f"{url}: no network is formed; run: zota radio form --link {url}{state}",
        ),
        (CorruptDatabase | sqlite3.Error, f"{settings.database}: {_told(error)}; move it away"),
        (FormationFailure, f"{url}: the radio formed no network ({error}); try another channel"),
    ):
        if isinstance(error, kind):
            return LinkError(text)
    if not connected:
        return _no_answer(_cause(error), settings, peer)
    return LinkError(
        f"{url}: the radio did not start ({loss(error)}); run: zota doctor --link {url}"
    )


def _cause(error: Exception) -> BaseException:
    wrapped = isinstance(error, TransientConnectionError) and error.__cause__ is not None
    return error.__cause__ or error if wrapped else error


def _no_answer(error: BaseException, settings: RadioSettings, peer: Manner) -> LinkError:
    hardware = settings.library.hardware
    if isinstance(error, termios.error) or getattr(error, "errno", None) == errno.ENOTTY:
        return LinkError(f"{settings.port}: not a serial port; name the dongle's")
    for kind, text in PLAIN_REFUSALS:
        if isinstance(error, kind):
            return LinkError(f"{settings.url}: {text}")
    if peer in PEERS:
        text = PEERS[peer].format(hardware=hardware)
    elif isinstance(error, TimeoutError | AshException | EzspError):
        text = (
            "nothing answers there; correct host and port"
            if settings.tcp
            else f"no {hardware} radio answers; is it this port, and {settings.baudrate} baud?"
        )
    elif isinstance(error, LOST_HOLD):
        text = "it closed before the radio answered; plug the radio in again"
    else:
        text = f"cannot be opened ({_told(error)})"
    return LinkError(f"{settings.url}: {text}")


def _told(error: BaseException) -> str:
    """Tell an exception in one line: the system's own words, or where it comes from."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
