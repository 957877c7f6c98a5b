"""Rosters: what a devices file may say, and how it is told where it is wrong."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.air.network import Network
from emulators.devices import kinds
from emulators.devices.assembly import DeviceAssembly
from emulators.devices.chargeable import Chargeable
from emulators.home.roster import KEYS, default_roster, parse_roster
from emulators.home.user import schedule_user_actions
from emulators.ncp.device_object import Identity
from emulators.ncp.memory import Memory
from emulators.node import COORDINATOR
from emulators.platform.spec import AnswersFor
from ota_engine.errors import LocalError
from ota_engine.events import BASIC_CLUSTER, DEVICE_MANAGEMENT_CLUSTER
from ota_engine.gbcs.pki import DEVICES
from ota_engine.times import Monotonic
from tests.emulators.dialogue import Dialogue

PLUGGED = """
[[device]]
name = "Kitchen"
kind = "ppmid"
battery = true
plug_in_after = 5
"""


def test_the_built_in_home_has_one_device_of_each_kind_but_meters() -> None:
    home = [entry.spec.kind for entry in default_roster()]
    assert home == [kinds.PPMID, kinds.IHD, kinds.HCALCS, kinds.COMMUNICATIONS_HUB]


def test_the_built_in_home_is_the_one_of_the_test_pki() -> None:
    parties = {device.name: device.eui64 for device in DEVICES}
    home = {entry.spec.kind.word.replace(" ", "-"): entry.spec.eui64 for entry in default_roster()}
    assert home.items() <= parties.items()
    assert parties["chf"] == COORDINATOR == Memory().eui64


def test_a_device_is_what_its_table_says() -> None:
    text = """
    [[device]]
    kind = "hcalcs"
    eui64 = "00-DB-12-34-56-78-90-A4"
    relays = 2
    sleepy = true
    timers = "nxp"
    trigger_after = 3
    """
    (entry,) = parse_roster(text).entries
    assert (entry.spec.kind, entry.spec.eui64) == (kinds.HCALCS, 0x00DB1234567890A4)
    assert (entry.placement.relays, entry.spec.sleepy, entry.trigger_after) == (2, True, 3.0)
    assert entry.spec.timers.name == "nxp"


def test_a_roster_names_the_folder_of_its_keys_and_a_device_its_supplier() -> None:
    text = """
    keys = "ki"
    [[device]]
    kind = "gsme"
    supplier = "90-B3-D5-1F-40-03-00-00"
    """
    roster = parse_roster(text)
    assert roster.keys == "ki"
    assert roster.entries[0].spec.supplier == 0x90B3D51F40030000


def test_devices_without_identity_get_one_each() -> None:
    entries = parse_roster("[[device]]\n[[device]]\n").entries
    assert len({entry.spec.eui64 for entry in entries}) == 2


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "names no device"),
        ("[[device]]\nkind = tv\n", "line 2"),
        ('[[device]]\n\n[[device]]\nkind = "tv"', "line 3: device 2: kind = 'tv'"),
        ("[[device]]\nrelays = 9", "relays = 9: is not a whole number from 0 to 5"),
        ("[[device]]\nrelais = 1", "relais: no such key"),
        ("[[device]]\nsleepy = 1", "sleepy = 1: is neither"),
        ('[[device]]\neui64 = "12"', "eui64 = '12'"),
        ("[[device]]\naddress = 7\n[[device]]\naddress = 7", "address is that of"),
        ("[[device]]\nplug_in_after = 1", "plug_in_after is for"),
        (
            "[[device]]\nbattery = true\nplug_in_after = 1",
            "plug_in_after is for a PPMID or Portable IHD with battery = true",
        ),
        ("[[device]]\ntrigger_after = 1", "trigger_after is for an HCALCS, ESME or GSME"),
        (f'[[device]]\nmodel = "{"M" * 33}"', "is longer than 32 octets"),
        ("[[device]]\n[[device.chip]]\nversion = 1", "line 1: device 1: chip 2: image_type is"),
        ("[[device]]\n[[device.chip]]\nimage_type = 0x0085", "two chips have manufacturer 0x121D"),
        (
            "[[device]]\n[[device.chip]]\nimage_type = 1\nmodel = 'm'",
            "model: no such key; there are",
        ),
        ('[[device]]\nkind = "esme"\n[[device.chip]]\nimage_type = 1', "one firmware of a device"),
        ("[[device]]\nchip = 2", "chip = 2: is no [[device.chip]] table"),
        ("[[device]]" + 8 * "\n[[device.chip]]\nimage_type = 1", "more than 7 further chips"),
        ('[[device]]\nanswers_for = "last"', "there are first, alternating"),
        ("[[device]]\nfast_poll = 0", "fast_poll = 0"),
        ('[[device]]\npremises = "shy"', "no such habit; there are none, ihd, ppmid, meter"),
        ("[[device]]\n[[device.announces]]\nevent = 1", "announces is for a device with premises"),
        (
            '[[device]]\nkind = "esme"\n[[device.announces]]\nclears = ["it"]',
            "announces 1: clears = ['it']: is no list of what can be cleared: credit, debt",
        ),
        (
            '[[device]]\nkind = "esme"\n[[device.announces]]\nsubject = "rent"',
            "is none of tenancy, supplier",
        ),
        ('[[device]]\nkind = "esme"\nannounces = 3', "is no [[device.announces]] table"),
        (
            '[[device]]\nkind = "esme"' + 21 * "\n[[device.announces]]\nevent = 1",
            "is more than 20 announcements",
        ),
        ("device = 3", "names no device"),
        ("[home]", "home: no such key"),
        ("keys = 3\n[[device]]", "keys = 3: is not a line of text"),
        ('[[device]]\nsupplier = "us"', "supplier = 'us'"),
    ],
)
def test_a_mistake_is_named_with_its_place(text: str, complaint: str) -> None:
    with pytest.raises(LocalError) as caught:
        parse_roster(text)
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


@given(
    key=st.sampled_from(KEYS),
    value=st.one_of(
        st.integers(), st.booleans(), st.floats(), st.sampled_from(['"x"', '""', "[]", "{}"])
    ),
)
def test_any_value_of_any_key_is_a_device_or_one_complaint(key: str, value: object) -> None:
    written = str(value).lower() if isinstance(value, bool) else value
    try:
        roster = parse_roster(f"[[device]]\n{key} = {written}\n")
    except LocalError as error:
        assert key in str(error)
    else:
        assert len(roster.entries) == 1


CHIPS = """
[[device]]
manufacturer = 0x128B
image_type = 0x0109
version = 0x0100
hardware = 3
answers_for = "alternating"

[[device.chip]]
image_type = 0x010A

[[device.chip]]
image_type = 0x0109
manufacturer = 0x1002
version = 7
hardware = 1
endpoint = 3
bank_size = 65536
timers = "silabs"

[[device]]
kind = "portable ihd"
"""


def test_a_device_has_the_chips_of_its_table_each_as_the_device_where_it_says_nothing() -> None:
    device, other = (entry.spec for entry in parse_roster(CHIPS).entries)
    own, radio, meter = device.parts
    assert (radio.manufacturer_code, radio.image_type, radio.file_version) == (0x128B, 0x010A, 256)
    assert (radio.endpoint, radio.hardware_version, radio.timers) == (1, 3, own.timers)
    assert (meter.manufacturer_code, meter.image_type, meter.file_version) == (0x1002, 0x0109, 7)
    assert (meter.endpoint, meter.hardware_version, meter.bank_size) == (3, 1, 65536)
    assert meter.timers.name == "silabs"
    assert device.answers_for is AnswersFor.ALTERNATING
    assert other.chips == ()


def test_model_and_maker_are_what_its_basic_cluster_tells() -> None:
    text = '[[device]]\nmodel = "GL-B-007P"\nmaker = "GLEDOPTO"\n[[device]]\nkind = "ppmid"\n'
    told, usual = (Dialogue(entry.spec) for entry in parse_roster(text).entries)
    for device in (told, usual):
        device.power_on()
    names = [record.string for record in told.read(0x0004, 0x0005, cluster=BASIC_CLUSTER)]
    assert names == [b"GLEDOPTO", b"GL-B-007P"]
    names = [record.string for record in usual.read(0x0004, 0x0005, cluster=BASIC_CLUSTER)]
    assert names == [b"zota", b"emulated PPMID"]


def test_a_battery_device_is_plugged_in_when_its_roster_says() -> None:
    entries = parse_roster(PLUGGED).entries
    network, fleet = Network(Random(1)), DeviceAssembly()
    node = fleet.build(entries[0].spec)
    network.add(node, entries[0].placement)
    network.power_on(node.eui64, Monotonic(0.0))
    schedule_user_actions(network, entries)
    assert isinstance(node, Chargeable)
    network.run(4.9)
    assert not node.client.on_mains
    network.run(5.1)
    assert node.client.on_mains


def test_displays_ask_the_meters_of_their_home_and_those_announce_what_they_are_told() -> None:
    home = parse_roster(
        """
        [[device]]
        kind = "esme"
        [[device.announces]]
        event = 3
        within = 60.0
        clears = ["consumer data", "history"]
        [[device]]
        kind = "ppmid"
        [[device]]
        kind = "ihd"
        premises = "none"
        """
    )
    meter, ppmid, ihd = (entry.spec for entry in home.entries)
    assert (meter.meters, ppmid.meters, ihd.meters) == ((), (meter.eui64,), ())
    assert (ppmid.premises, ihd.premises) == ("ppmid", "")
    (told,) = home.entries[0].announces
    assert told == ("tenancy", 3, 0.0, 60.0, 1 << 9 | 1 << 8, 0, 0)


def test_a_descriptor_says_who_asks_for_changes_and_who_tells_of_them() -> None:
    sides = {
        kind.word: [
            DEVICE_MANAGEMENT_CLUSTER in clusters
            for (endpoint,) in [Identity.of(kind.specimen(0)).endpoints]
            for clusters in (endpoint.inputs, endpoint.outputs)
        ]
        for kind in (kinds.IHD, kinds.PPMID, kinds.ESME, kinds.HCALCS)
    }
    assert sides == {
        "ihd": [False, True],
        "ppmid": [False, True],
        "esme": [True, False],
        "hcalcs": [False, False],
    }
