"""What an operator can ask of the delivery; pure values, each naming who asked."""

from typing import NamedTuple, TypeAlias

from images.eui64 import Eui64
from ota_engine.events import ALL_ENDPOINTS
from ota_engine.records import AssignmentRecord, ImageRecord, ImageTerms


class AddImage(NamedTuple):
    """Have an image served, so that it can be assigned.

    ``terms`` are what a catalogue says of it; without, what was said before holds.
    """

    image: ImageRecord
    actor: str
    terms: ImageTerms | None = None


class Assign(NamedTuple):
    """This device shall run this image; replaces its assignment of the same image type.

    Where only one image is stored for each device, one on its way is replaced only by ``force``.
    """

    assignment: AssignmentRecord
    actor: str
    force: bool = False


class Withdraw(NamedTuple):
    """Take an assignment back; blocks of it are refused from now on."""

    device: Eui64
    sha256: str
    actor: str
    reason: str = "withdrawn"


class Pause(NamedTuple):
    """Answer WAIT_FOR_DATA to one device, or to all when ``device`` is None."""

    device: Eui64 | None
    reason: str
    actor: str


class Resume(NamedTuple):
    """Let one device, or all when ``device`` is None, go on."""

    device: Eui64 | None
    actor: str


class Abort(NamedTuple):
    """End the download of one device with status ABORT; it stays so until assigned anew."""

    device: Eui64
    reason: str
    actor: str


class ApplyNow(NamedTuple):
    """Let a device that was told to wait apply its image now (unsolicited Upgrade End Response)."""

    device: Eui64
    actor: str


class NotifyDevice(NamedTuple):
    """Send a unicast Image Notify: the device should query, whatever version it runs.

    ``payload_type`` and ``sha256`` as in ``NotifyBroadcast``.
    """

    device: Eui64
    payload_type: int = 0
    sha256: str | None = None
    actor: str = "operator"


class NotifyBroadcast(NamedTuple):
    """Broadcast an Image Notify on one profile.

    ``payload_type`` 0 carries the jitter only, 1 adds the manufacturer, 2 the image type, 3 the
    version; the last three come from the image ``sha256``. ``jitter`` is 1..100 per cent.
    ``any_version`` puts 0xFFFFFFFF in place of the version: those who run it shall query too.
    """

    profile: int
    payload_type: int
    jitter: int
    sha256: str | None
    any_version: bool = False
    actor: str = "operator"


class Inquire(NamedTuple):
    """Ask a device what it is and what it runs; nothing is offered to it.

    ``endpoint`` and ``profile`` say where its OTA client is, as far as the radio knows; 0xFF and 0
    ask on every endpoint, on both profiles we serve. ``names`` asks for its model and maker, too;
    ``version_only`` asks for nothing but what it runs and what it is at.
    """

    device: Eui64
    endpoint: int = ALL_ENDPOINTS
    profile: int = 0
    actor: str = "operator"
    names: bool = False
    version_only: bool = False


class ConfirmClock(NamedTuple):
    """A person vouches for the wall clock after it jumped; held activations go on."""

    actor: str


OperatorCommand: TypeAlias = (
    AddImage
    | Assign
    | Withdraw
    | Pause
    | Resume
    | Abort
    | ApplyNow
    | NotifyDevice
    | NotifyBroadcast
    | Inquire
    | ConfirmClock
)
