"""A home of twenty differing devices, for people who write hosts; pure rows, one device each.

Knows what is found in the field: addresses, sleepers, and the habits of the quirk table of
``ota_engine.hub``. A manufacturer code says whose habit a row shows, never whose firmware it runs:
every device calls itself one of zota's, so that no host takes it for a product it has a driver for.
"""

from dataclasses import replace
from typing import Final, NamedTuple

from emulators.air.station import Placement
from emulators.devices.kinds import IHD, LIGHT, SENSOR, DeviceKind
from emulators.home.roster import RosterEntry
from emulators.platform.profiles import LAB, NXP, SILICON_LABS, ZBOSS, TimerProfile
from emulators.platform.spec import ChipSpec, ClientOptions, DeviceSpec, server_endpoint
from ota_engine.events import LIGHT_LINK

MAKER: Final = "zota zoo"  # as their Basic clusters tell
FIRST_IMAGE_TYPE: Final = 0x2A00
SECOND_IMAGE_TYPE: Final = 0x2B00  # of the second chip, where there is one
USUAL: Final = ClientOptions()
NEAR: Final = Placement()
FAR: Final = Placement(relays=2, router=7)  # behind a router that two of them share


class Animal(NamedTuple):
    """One device of the zoo.

    Attributes:
        model: what it calls itself.
        manufacturer_code: whose habit it shows.
        kind: what it is.
        options: habits of its OTA client.
        timers: of its OTA client.
        placement: where it stands.
        profile: in its simple descriptor, where it is not that of its kind.
        endpoint: its own.
        server_endpoint: whom it calls; None: the server of its profile.
        chips: further ones, each with a file of its own.
    """

    model: str
    manufacturer_code: int
    kind: DeviceKind = LIGHT
    options: ClientOptions = USUAL
    timers: TimerProfile = LAB
    placement: Placement = NEAR
    profile: int | None = None
    endpoint: int = 1
    server_endpoint: int | None = None
    chips: tuple[ChipSpec, ...] = ()


ANIMALS: Final = (
    Animal("plain light", 0x117C),
    Animal("light of Light Link", 0x100B, profile=LIGHT_LINK, endpoint=11),
    Animal("light on endpoint 3", 0x110C, endpoint=3),
    Animal("light, Silicon Labs", 0x1189, timers=SILICON_LABS),
    Animal("light, ZBOSS", 0x1141, timers=ZBOSS),
    Animal("two chips, one endpoint", 0x1168, chips=(ChipSpec(SECOND_IMAGE_TYPE, 1),)),
    Animal("light by pages", 0x1166, options=ClientOptions(page_mode=True), timers=NXP),
    Animal(
        "light by pages with holes",
        0x124F,
        options=ClientOptions(page_mode=True, page_hole_every=7),
        timers=SILICON_LABS,
    ),
    Animal(
        "switch that calls 47",
        0x117A,
        options=ClientOptions(block_size=40, largest_block=40, page_mode=True),
        profile=LIGHT_LINK,
        server_endpoint=47,
    ),
    Animal("drops blocks above 40", 0x1135, options=ClientOptions(largest_block=40)),
    Animal("counts periods in seconds", 0x1002, options=ClientOptions(cluster_revision=2)),
    Animal(
        "whole blocks, checks a minute",
        0x1021,
        options=ClientOptions(
            block_size=64, whole_blocks=True, verify_time=60.0, version_bits=0x01FC
        ),
    ),
    Animal("takes nothing older", 0x1246, options=ClientOptions(refuses_downgrade=True)),
    Animal("does not tell its type", 0x115F, options=ClientOptions(hides_identity=True)),
    Animal("two chips, two endpoints", 0x1037, chips=(ChipSpec(SECOND_IMAGE_TYPE, 1, endpoint=2),)),
    Animal("far away", 0x10F2, placement=FAR),
    Animal("sensor on cells", 0x1015, SENSOR),
    Animal(
        "sensor that sleeps long", 0x1209, SENSOR, placement=Placement(poll=10.0, fast_poll=1.0)
    ),
    Animal("sensor far away", 0x1233, SENSOR, placement=FAR),
    Animal("display of Smart Energy", 0x121D, IHD),
)


def zoo_roster() -> tuple[RosterEntry, ...]:
    """The twenty of them, each with an image type of its own."""
    return tuple(_entry(animal, number) for number, animal in enumerate(ANIMALS))


def _entry(animal: Animal, number: int) -> RosterEntry:
    usual = animal.kind.specimen(number)
    profile = usual.profile if animal.profile is None else animal.profile
    spec: DeviceSpec = replace(
        usual,
        manufacturer_code=animal.manufacturer_code,
        image_type=FIRST_IMAGE_TYPE + number,
        manufacturer_name=MAKER,
        model=animal.model,
        profile=profile,
        endpoint=animal.endpoint,
        server_endpoint=animal.server_endpoint or server_endpoint(profile),
        timers=animal.timers,
        options=animal.options,
        chips=animal.chips,
    )
    return RosterEntry(animal.model, spec, animal.placement)
