"""What one emulated device is and how it misbehaves; plain values, no behaviour."""

from dataclasses import dataclass, fields, replace
from enum import Enum
from typing import Protocol

from emulators.platform.flash import FileIdentity
from emulators.platform.profiles import LAB, TimerProfile
from images.eui64 import Eui64
from ota_engine.errors import LocalError
from ota_engine.events import OTA_SERVER_ENDPOINT, SERVER_ENDPOINTS, SMART_ENERGY, SPOKEN_ON

NO_SERVER = Eui64(0xFFFF_FFFF_FFFF_FFFF)  # UpgradeServerID before a server answered


def server_endpoint(profile: int) -> int:
    """Where devices of a profile look for their server, unless something tells them otherwise."""
    return SERVER_ENDPOINTS.get(SPOKEN_ON.get(profile, profile), OTA_SERVER_ENDPOINT)


class Kind(Protocol):
    """What a device itself knows of its kind; the kinds are rows of ``emulators.devices.kinds``."""

    @property
    def word(self) -> str:
        """What rosters, reports and journals call it."""


@dataclass(frozen=True, slots=True)
class ClientOptions:
    """Habits and defects of one client, beyond its vendor's timers.

    ``None`` leaves the matter to the timer profile.
    """

    block_size: int | None = None  # octets asked for
    page_mode: bool = False  # ask pages where the profile knows them
    page_hole_every: int = 0  # lose every n-th block of a page; 0: none
    sends_node_address: bool = False  # field control bit 0 in block and page requests
    period_missing: bool = False  # field control bit 1 set, the two octets left out
    malformed_default_every: int = 0  # answer every n-th block MALFORMED_COMMAND and go on
    verify_time: float | None = None  # seconds
    forces_invalid_image: bool = False  # refuse every image as INVALID_IMAGE
    more_image_types: tuple[int, ...] = ()  # further files needed before upgrading
    cluster_revision: int | None = None
    clock_at_zero: bool = False  # absolute times are compared with a clock that starts at 0
    refuses_downgrade: bool = False
    activation_policy: int = 0  # 0: the server's word, 1: out of band only (attribute 0x000B)
    timeout_policy: int = 0  # 0: apply when unanswered, 1: do not (attribute 0x000C)
    hides_identity: bool = False  # it has no ManufacturerID and ImageTypeID (0x0007, 0x0008)
    self_test_fails: bool = False  # every new image fails its self-test
    largest_block: int | None = None  # octets; whatever it asked for, it drops what is larger
    whole_blocks: bool = False  # a block shorter than asked makes the file a bad one
    block_pause: float = 0.0  # seconds it leaves between one block and the next, if not more
    bare_element: bool = False  # takes the first element's octets, and no header
    version_bits: int = 0  # set in what it tells of the version of a file that it downloaded
    wants_integrity: bool = (
        False  # runs no file without an image integrity code: its maker's have one
    )


@dataclass(frozen=True, slots=True)
class SecurityOptions:
    """Defects of a device that speaks GBCS."""

    lose_messages: int = 0  # its first so many messages are never sent
    message_delay: float = 0.0  # seconds it takes to answer
    send_twice: bool = False  # every message is sent twice
    activation_fails: bool = False  # a commanded activation fails before the restart (code 3)
    version_unreadable: bool = False  # version reads fail


class AnswersFor(Enum):
    """For which of the chips on one endpoint a device answers a read of cluster 0x0019."""

    FIRST = "first"
    ALTERNATING = "alternating"  # the next one with every read


@dataclass(frozen=True, slots=True)
class ChipSpec:
    """One more chip of a device, with firmware of its own.

    ``hardware_version`` None means that it tells none. What else is None is as the device has it.
    """

    image_type: int
    file_version: int
    manufacturer_code: int | None = None
    hardware_version: int | None = None
    endpoint: int | None = None
    bank_size: int | None = None
    timers: TimerProfile | None = None
    options: ClientOptions | None = None


@dataclass(frozen=True, slots=True)
class DeviceSpec:
    """One device: identity, what it runs, where it hangs in the network, and its habits.

    ``certificate`` is the supplier certificate (PEM) whose GB signature every image must bear;
    without one no signature is asked for, unless the device has keys and is of a kind that asks.
    ``supplier`` names the party that a device with keys obeys, None for the first in the folder.
    ``profile`` is the one in its simple descriptor; it speaks on ``spoken_profile``.
    ``battery`` is one that has to be plugged in to download, ``cells`` one that never can be.
    ``bank_size`` is the largest file it can hold, in octets.
    ``premises`` is what it does when tenancy or supplier change, a row of ``emulators.premises.habits``,
    or nothing: then it has no such cluster. ``meters`` are whom it asks of that beside the hub.
    ``chips`` are further chips beside the one that all of this describes; where several share an
    endpoint, ``answers_for`` says whose attributes are read there, and with ``takes_turns`` only one
    of them at a time asks, downloads or verifies.
    """

    eui64: Eui64
    kind: Kind
    network_address: int
    manufacturer_code: int
    image_type: int
    file_version: int
    hardware_version: int | None = None
    endpoint: int = 1
    server_endpoint: int = OTA_SERVER_ENDPOINT
    profile: int = SMART_ENERGY
    server: Eui64 = NO_SERVER  # who serves it: UpgradeServerID once it has answered
    stack_version: int = 0x0002  # Zigbee PRO
    application_version: int = 1
    manufacturer_name: str = "zota"
    model: str = ""
    sleepy: bool = False
    battery: bool = False
    cells: bool = False
    bank_size: int = 4 << 20
    timers: TimerProfile = LAB
    options: ClientOptions = ClientOptions()
    security: SecurityOptions = SecurityOptions()
    certificate: bytes | None = None
    supplier: int | None = None
    seed: int = 0
    premises: str = ""
    meters: tuple[Eui64, ...] = ()
    chips: tuple[ChipSpec, ...] = ()
    answers_for: AnswersFor = AnswersFor.FIRST
    takes_turns: bool = False

    def __post_init__(self) -> None:
        """Refuse chips that could not be told apart.

        Raises:
            LocalError: two of them take files of one manufacturer code and image type.
        """
        names = [(part.manufacturer_code, part.image_type) for part in self.parts]
        for maker, image_type in names:
            if names.count((maker, image_type)) > 1:
                raise LocalError(
                    f"two chips have manufacturer 0x{maker:04X} and image type 0x{image_type:04X}: "
                    "give each its own image type"
                )

    @property
    def parts(self) -> tuple["DeviceSpec", ...]:
        """The device as each of its chips sees it: first as it is, then once for ``chips``."""
        return (self, *(self._part(chip) for chip in self.chips))

    def _part(self, chip: ChipSpec) -> "DeviceSpec":
        given = {
            field.name: value
            for field in fields(chip)
            if (value := getattr(chip, field.name)) is not None
        }
        return replace(self, chips=(), **{"hardware_version": None, **given})

    @property
    def spoken_profile(self) -> int:
        """The profile of its frames; it hears none of any other."""
        return SPOKEN_ON.get(self.profile, self.profile)

    @property
    def factory(self) -> FileIdentity:
        """The file the device runs when it leaves the factory."""
        return FileIdentity(self.manufacturer_code, self.image_type, self.file_version)
