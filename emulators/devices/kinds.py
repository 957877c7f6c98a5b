"""The kinds of emulated device, one row each; knows what sets them apart, runs nothing.

A new kind is a row here, and its test. What its devices are unless their specs say otherwise, which
class they are of and what part they take in GBCS: all of it stands in the row, and everybody else
(rosters, the built-in home, the virtual dongle, made-to-measure homes) looks it up.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from emulators.air.station import Placement
from emulators.devices.chargeable import Chargeable
from emulators.devices.commanded import Commanded
from emulators.devices.device import EmulatedDevice
from emulators.gbcs.habits import (
    GbcsHabits,
    read_der,
    read_dlms,
    read_gbz,
    receipt_dlms,
    receipt_gbz,
)
from emulators.platform.profiles import LAB, NXP, TimerProfile
from emulators.platform.spec import ClientOptions, DeviceSpec, server_endpoint
from images.eui64 import Eui64
from ota_engine.errors import LocalError
from ota_engine.events import HOME_AUTOMATION, SMART_ENERGY
from ota_engine.gbcs.certificates import Role
from ota_engine.gbcs.codes import MessageCode

FIRST_EUI64: Final = 0x00DB_1234_0000_0001  # as in the key folder of ``zota pki init``
FIRST_ADDRESS: Final = 0x1001  # network address
MANUFACTURER: Final = 0x121D  # as in the published GB sample images
FACTORY_VERSION: Final = 0x0100_0000
HARDWARE_VERSION: Final = 0x0100

DIMMABLE_LIGHT: Final = 0x0101  # device ids of the Home Automation profile, HA 1.2 5.8
TEMPERATURE_SENSOR: Final = 0x0302
IN_HOME_DISPLAY: Final = 0x0502  # device ids of the Smart Energy profile
METERING_DEVICE: Final = 0x0501

USUAL: Final = ClientOptions(timeout_policy=1)
NEAR: Final = Placement()
BEHIND_A_ROUTER: Final = Placement(relays=1, router=1)


@dataclass(frozen=True, slots=True, eq=False)
class DeviceKind:
    """One kind of device.

    Attributes:
        word: what rosters, reports and journals call it.
        label: what people call it.
        image_type: of its firmware.
        device_id: in the simple descriptor of its application.
        make: the class of its devices.
        commanded: it runs an image on a signed command only (activation policy 1).
        gbcs: its part in GBCS; None: it has none.
        battery: it runs on a battery until it is plugged in.
        profile: in its simple descriptor.
        cells: it runs on cells, and downloads all the same.
        sleepy: it sleeps, and polls a parent for its frames.
        timers: of its OTA client.
        options: habits of its OTA client.
        premises: what it does when tenancy or supplier change, a row of ``emulators.premises.habits``;
            empty: it has no such cluster.
        furnished: where it stands in the built-in home; None: it is none of that home's devices.
    """

    word: str
    label: str
    image_type: int
    device_id: int
    make: type[EmulatedDevice] = EmulatedDevice
    commanded: bool = False
    gbcs: GbcsHabits | None = None
    battery: bool = False
    profile: int = SMART_ENERGY
    cells: bool = False
    sleepy: bool = False
    timers: TimerProfile = LAB
    options: ClientOptions = USUAL
    premises: str = ""
    furnished: Placement | None = None

    def __str__(self) -> str:
        return self.word

    @property
    def chargeable(self) -> bool:
        """Whether its devices can be plugged in and unplugged."""
        return issubclass(self.make, Chargeable)

    def specimen(self, number: int) -> DeviceSpec:
        """Describe a device of this kind as it leaves the factory; ``number`` counts from 0."""
        return DeviceSpec(
            eui64=Eui64(FIRST_EUI64 + number),
            kind=self,
            network_address=FIRST_ADDRESS + number,
            manufacturer_code=MANUFACTURER,
            image_type=self.image_type,
            file_version=FACTORY_VERSION,
            hardware_version=HARDWARE_VERSION,
            profile=self.profile,
            server_endpoint=server_endpoint(self.profile),
            model=f"emulated {self.label}",
            sleepy=self.sleepy,
            battery=self.battery,
            cells=self.cells,
            timers=self.timers,
            options=self.options,
            premises=self.premises,
            seed=number,
        )


PPMID: Final = DeviceKind(
    word="ppmid",
    label="PPMID",
    image_type=0x0084,
    device_id=0x0505,  # prepayment terminal
    make=Chargeable,
    gbcs=GbcsHabits(
        orders_from=None,
        verifies=False,
        read=MessageCode.READ_HAN_DEVICE_FIRMWARE_VERSION,
        answer_read=read_der,
        reports=True,
    ),
    premises="ppmid",
    furnished=NEAR,
)

#: It has no part in the firmware of GBCS.
IHD: Final = DeviceKind(
    word="ihd",
    label="IHD",
    image_type=0x0085,
    device_id=IN_HOME_DISPLAY,
    premises="ihd",
    furnished=BEHIND_A_ROUTER,
)

HCALCS: Final = DeviceKind(
    word="hcalcs",
    label="HCALCS",
    image_type=0x0086,
    device_id=0x0504,  # load control device
    make=Commanded,
    commanded=True,
    gbcs=GbcsHabits(
        orders_from=Role.SUPPLIER,
        verifies=True,
        read=MessageCode.READ_HAN_DEVICE_FIRMWARE_VERSION,
        answer_read=read_der,
    ),
    furnished=NEAR,
)

#: It obeys the time in the Upgrade End Response as any client with activation policy 0 does. That
#: a WAN provider orders it is inferred.
COMMUNICATIONS_HUB: Final = DeviceKind(
    word="communications hub",
    label="Comms Hub",
    image_type=0x0087,
    device_id=0x0500,  # energy service interface
    gbcs=GbcsHabits(
        orders_from=Role.WAN_PROVIDER,
        verifies=False,
        read=MessageCode.READ_ELECTRICITY_FIRMWARE_VERSION,
        answer_read=read_dlms,
    ),
    furnished=NEAR,
)

ESME: Final = DeviceKind(
    word="esme",
    label="ESME",
    image_type=0x0088,
    device_id=METERING_DEVICE,
    make=Commanded,
    commanded=True,
    gbcs=GbcsHabits(
        orders_from=Role.SUPPLIER,
        verifies=True,
        read=MessageCode.READ_ELECTRICITY_FIRMWARE_VERSION,
        answer_read=read_dlms,
        receipt_code=MessageCode.FIRMWARE_RECEIPT_DLMS,
        write_receipt=receipt_dlms,
    ),
    premises="meter",
)

GSME: Final = DeviceKind(
    word="gsme",
    label="GSME",
    image_type=0x0089,
    device_id=METERING_DEVICE,
    make=Commanded,
    commanded=True,
    gbcs=GbcsHabits(
        orders_from=Role.SUPPLIER,
        verifies=True,
        read=MessageCode.READ_GAS_FIRMWARE_VERSION,
        answer_read=read_gbz,
        receipt_code=MessageCode.FIRMWARE_RECEIPT_GBZ,
        write_receipt=receipt_gbz,
    ),
)

#: A second model of display, which is carried about: it sleeps, and downloads on its dock only. It
#: does not tell which image its version is of, and takes nothing older than what it runs.
PORTABLE_IHD: Final = DeviceKind(
    word="portable ihd",
    label="Portable IHD",
    image_type=0x008A,
    device_id=IN_HOME_DISPLAY,
    make=Chargeable,
    battery=True,
    sleepy=True,
    timers=NXP,
    options=ClientOptions(
        timeout_policy=1, page_mode=True, refuses_downgrade=True, hides_identity=True
    ),
    premises="ihd",
)

#: A mains device of Home Automation with nothing beyond the OTA client.
LIGHT: Final = DeviceKind(
    word="light",
    label="Light",
    image_type=0x0101,
    device_id=DIMMABLE_LIGHT,
    profile=HOME_AUTOMATION,
)

#: Its fellow on cells, which sleeps.
SENSOR: Final = DeviceKind(
    word="sensor",
    label="Sensor",
    image_type=0x0102,
    device_id=TEMPERATURE_SENSOR,
    profile=HOME_AUTOMATION,
    cells=True,
    sleepy=True,
)

#: Every kind, by its word. Collected from the rows above, so that none can be forgotten.
KINDS: Final[Mapping[str, DeviceKind]] = MappingProxyType(
    {row.word: row for row in tuple(globals().values()) if isinstance(row, DeviceKind)}
)


def kind_of(spec: DeviceSpec) -> DeviceKind:
    """The row of a device's kind."""
    return KINDS[spec.kind.word]


def check(spec: DeviceSpec) -> None:
    """See that a device can be of its kind.

    Raises:
        LocalError: it has several chips, but is run by commands that know one firmware of a device.
    """
    if spec.chips and kind_of(spec).commanded:
        raise LocalError(f"an order to activate knows one firmware of a device: {_SEVERAL}")


_SEVERAL: Final = "give chips to a kind that runs images on its server's word"
