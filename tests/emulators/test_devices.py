"""What a device says of itself: attributes, default responses, power, mains, the local trigger."""

from dataclasses import replace
from pathlib import Path
from zlib import crc32

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from emulators.client.table import ClientState
from emulators.devices import kinds
from emulators.devices.chargeable import Chargeable
from emulators.devices.commanded import Commanded
from emulators.devices.kinds import DeviceKind
from emulators.ncp.device_object import Identity
from emulators.node import NEVER
from emulators.platform.profiles import SILICON_LABS
from images import ImageSpec, build
from ota_engine.events import BASIC_CLUSTER, HOME_AUTOMATION, LIGHT_LINK
from ota_engine.zcl import general, ota
from ota_engine.zcl.frame import general_frame
from ota_engine.zcl.ota import Attribute
from ota_engine.zcl.status import Status
from tests.emulators.dialogue import (
    IMAGE_TYPE,
    MANUFACTURER,
    NEW,
    OLD,
    Dialogue,
    decoded,
    image,
    spec,
)

CONTENT = image(3000)


def on(kind: DeviceKind = kinds.IHD, *, battery: bool = False) -> Dialogue:
    device = Dialogue(spec(kind, battery=battery))
    device.power_on()
    return device


# --- profiles -------------------------------------------------------------------------------------


def test_a_light_speaks_and_hears_home_automation_whatever_its_descriptor_says() -> None:
    device = Dialogue(replace(spec(), profile=LIGHT_LINK))
    device.power_on()
    (report,) = device.frames
    assert report.profile == HOME_AUTOMATION
    assert device.device.clients == ((1, HOME_AUTOMATION),)
    assert Identity.of(device.device.spec).endpoints[0].profile == LIGHT_LINK
    ask = general_frame(0, 1, general.encode(general.ReadAttributes((2,))), from_server=True)
    assert not device.hear(ask, profile=LIGHT_LINK)
    assert device.hear(ask, profile=HOME_AUTOMATION)


# --- attributes of cluster 0x0019 -----------------------------------------------------------------


def test_an_idle_device_answers_every_client_attribute() -> None:
    records = on().read(*Attribute)
    values = {record.attribute: record.value for record in records}
    assert values == {
        Attribute.UPGRADE_SERVER_ID: 0xFFFFFFFFFFFFFFFF,
        Attribute.FILE_OFFSET: 0xFFFFFFFF,
        Attribute.CURRENT_FILE_VERSION: OLD,
        Attribute.CURRENT_ZIGBEE_STACK_VERSION: 0x0002,
        Attribute.DOWNLOADED_FILE_VERSION: 0xFFFFFFFF,
        Attribute.DOWNLOADED_ZIGBEE_STACK_VERSION: 0xFFFF,
        Attribute.IMAGE_UPGRADE_STATUS: 0,
        Attribute.MANUFACTURER_ID: MANUFACTURER,
        Attribute.IMAGE_TYPE_ID: IMAGE_TYPE,
        Attribute.MINIMUM_BLOCK_PERIOD: 0,
        Attribute.IMAGE_STAMP: values[Attribute.IMAGE_STAMP],
        Attribute.UPGRADE_ACTIVATION_POLICY: 0,
        Attribute.UPGRADE_TIMEOUT_POLICY: 0,
        Attribute.CLUSTER_REVISION: 3,
    }


def test_attributes_have_the_types_of_the_standard() -> None:
    kinds = {record.attribute: record.type for record in on().read(*Attribute)}
    assert kinds[Attribute.UPGRADE_SERVER_ID] == general.EUI64
    assert kinds[Attribute.CURRENT_FILE_VERSION] == general.UINT32
    assert kinds[Attribute.IMAGE_UPGRADE_STATUS] == general.ENUM8
    assert kinds[Attribute.MINIMUM_BLOCK_PERIOD] == general.UINT16


def test_a_silicon_labs_client_hides_its_image_type_while_idle() -> None:
    device = Dialogue(spec(timers=SILICON_LABS))
    device.power_on()
    assert device.read(Attribute.IMAGE_TYPE_ID)[0].value == 0xFFFF


def test_a_held_file_shows_its_version_and_status() -> None:
    device = Dialogue()
    device.download(CONTENT)
    device.end(0, 0xFFFFFFFF)
    version, stack, status = device.read(
        Attribute.DOWNLOADED_FILE_VERSION,
        Attribute.DOWNLOADED_ZIGBEE_STACK_VERSION,
        Attribute.IMAGE_UPGRADE_STATUS,
    )
    assert (version.value, stack.value, status.value) == (NEW, 0x0002, 3)


def test_the_image_stamp_changes_with_the_image_and_only_with_it() -> None:
    device = Dialogue()
    device.download(CONTENT)
    before = device.read(Attribute.IMAGE_STAMP)[0].value
    device.end()
    while device.device.version == OLD:
        device.alarm()
    after = device.read(Attribute.IMAGE_STAMP)[0].value
    assert before != after
    assert after == crc32(device.device.flash.metadata.running[0].digest)


def test_an_unknown_attribute_is_unsupported_and_the_others_are_answered() -> None:
    missing, known = on().read(0x4711, Attribute.CURRENT_FILE_VERSION)
    assert (missing.status, known.value) == (Status.UNSUPPORTED_ATTRIBUTE, OLD)


# --- Basic cluster --------------------------------------------------------------------------------


def test_the_basic_cluster_names_maker_model_and_power_source() -> None:
    version, maker, model, power = on(kinds.PPMID).read(
        0x0001, 0x0004, 0x0005, 0x0007, cluster=BASIC_CLUSTER
    )
    assert (version.value, maker.string, model.string, power.value) == (1, b"zota", b"ppmid", 1)


def test_an_answer_of_the_basic_cluster_comes_from_the_server_side() -> None:
    device = on()
    device.read(0x0007, cluster=BASIC_CLUSTER)
    assert device.frames[0].payload[0] & 0x08


def test_another_cluster_has_no_attributes_here() -> None:
    assert on().read(0x0000, cluster=0x0702)[0].status == Status.UNSUPPORTED_ATTRIBUTE


# --- default responses ----------------------------------------------------------------------------


def default_of(device: Dialogue) -> general.DefaultResponse:
    response = device.only()
    assert isinstance(response, general.DefaultResponse)
    return response


@pytest.mark.parametrize("command", [0x0A, 0x42, 0xFF])
def test_an_unknown_cluster_command_is_answered_unsupported(command: int) -> None:
    device = on()
    device.hear(bytes((0x19, 5, command)))
    assert default_of(device) == (command, Status.UNSUP_CLUSTER_COMMAND)


@pytest.mark.parametrize("command", [0x01, 0x03, 0x04, 0x06, 0x08])
def test_a_clients_command_sent_by_a_server_is_answered_unsupported(command: int) -> None:
    device = on()
    device.hear(bytes((0x19, 5, command)) + bytes(30))
    assert default_of(device) == (command, Status.UNSUP_CLUSTER_COMMAND)


def test_a_servers_command_sent_as_a_client_is_answered_unsupported() -> None:
    device = on()
    device.hear(bytes((0x11, 5, 0x00, 0x00, 0x64)))
    assert default_of(device).status == Status.UNSUP_CLUSTER_COMMAND


def test_an_unknown_general_command_is_answered_unsupported() -> None:
    device = on()
    device.hear(bytes((0x18, 5, 0x77)))
    assert default_of(device) == (0x77, Status.UNSUP_GENERAL_COMMAND)


def test_a_manufacturers_own_command_is_answered_unsupported() -> None:
    device = on()
    device.hear(bytes((0x1D, 0x1D, 0x12, 5, 0x00, 0x00, 0x64)))
    assert default_of(device).status == Status.UNSUP_CLUSTER_COMMAND


@pytest.mark.parametrize("command", [0x02, 0x05, 0x07, 0x09])
def test_a_response_cut_short_is_malformed(command: int) -> None:
    device = on()
    device.hear(bytes((0x19, 5, command, 0x00)))
    assert default_of(device) == (command, Status.MALFORMED_COMMAND)


@pytest.mark.parametrize("frame", [b"", b"\x19", b"\x19\x01", b"\x03\x01\x00"])
def test_a_frame_without_a_header_is_dropped(frame: bytes) -> None:
    assert on().hear(frame) == []


def test_the_sender_may_ask_for_a_default_response() -> None:
    device = Dialogue()
    device.query()
    device.say(
        ota.QueryNextImageResponse(Status.NO_IMAGE_AVAILABLE), sequence=77, disable_default=False
    )
    assert default_of(device) == (0x02, Status.SUCCESS)
    assert device.frames[0].payload[1] == 77


def test_a_broadcast_is_never_answered_with_a_default_response() -> None:
    device = on()
    device.hear(b"\x01\x05\x42", destination=0xFFFFFFFFFFFFFFFF, endpoint=0xFF)  # type: ignore[arg-type]
    assert device.frames == []


@pytest.mark.parametrize("payload", [b"", b"\x03", b"\x03\x80"])
def test_a_default_response_is_never_answered_with_one(payload: bytes) -> None:
    device = on()
    device.hear(b"\x08\x05\x0b" + payload)
    assert device.frames == []


# --- power ----------------------------------------------------------------------------------------


def test_a_device_announces_itself_and_reports_its_version_when_it_starts() -> None:
    device = on()
    report = device.only()
    assert device.announced == 1
    assert isinstance(report, general.ReportAttributes)
    assert report.records[0].value == OLD


def test_the_example_of_the_documentation_runs() -> None:
    page = Path(__file__).parents[2] / "docs" / "emulated-devices.md"
    example = page.read_text().split("```python")[1].split("```")[0]
    names: dict[str, object] = {}
    exec(example, names)  # noqa: S102 - our own documentation
    assert isinstance(names["actions"], list)
    assert isinstance(names["ppmid"], Chargeable)


def test_a_device_without_power_hears_nothing_and_has_no_alarm() -> None:
    device = on()
    device.crash()
    assert device.say(ota.ImageNotify(0, 100)) == []
    assert device.device.wake_at == NEVER


def test_switching_a_running_device_on_again_is_a_restart() -> None:
    device = on()
    device.power_on()
    assert device.announced == 2
    assert device.state is ClientState.IDLE


def test_a_crash_while_it_restarts_leaves_it_off_until_power_returns() -> None:
    device = Dialogue()
    device.download(CONTENT)
    device.end()
    device.alarm()
    device.crash()
    assert device.device.wake_at == NEVER
    device.power_on()
    assert device.device.version == NEW


# --- PPMID ----------------------------------------------------------------------------------------


def set_mains(device: Dialogue, on_mains: bool) -> None:
    ppmid = device.device
    assert isinstance(ppmid, Chargeable)
    device.take(ppmid.set_mains(on_mains, device.now))


def power_source(device: Dialogue) -> int | None:
    return device.read(0x0007, cluster=BASIC_CLUSTER)[0].value


def test_a_battery_ppmid_queries_but_does_not_start_a_download() -> None:
    device = Dialogue(spec(kinds.PPMID, battery=True))
    device.offer(CONTENT)
    assert (device.state, device.frames, power_source(device)) == (
        ClientState.AWAITING_POWER,
        [],
        0x03,
    )


def test_plugged_in_it_reports_its_power_source_and_queries() -> None:
    device = Dialogue(spec(kinds.PPMID, battery=True))
    device.offer(CONTENT)
    set_mains(device, True)
    report, query = (decoded(frame) for frame in device.frames)
    assert isinstance(report, general.ReportAttributes)
    assert (device.frames[0].cluster, report.records[0].value) == (BASIC_CLUSTER, 0x01)
    assert isinstance(query, ota.QueryNextImageRequest)


def test_it_goes_on_asking_for_offers_while_it_waits() -> None:
    device = Dialogue(spec(kinds.PPMID, battery=True))
    device.offer(CONTENT)
    device.alarm()
    assert isinstance(device.only(), ota.QueryNextImageRequest)


def test_a_download_begun_on_mains_is_not_resumed_on_battery() -> None:
    device = Dialogue(spec(kinds.PPMID, battery=True))
    device.power_on()
    set_mains(device, True)
    device.say(ota.QueryNextImageResponse(0, MANUFACTURER, IMAGE_TYPE, NEW, len(CONTENT)))
    device.crash()
    set_mains(device, False)
    device.power_on()
    assert device.state is ClientState.IDLE


def test_a_mains_ppmid_downloads_at_once() -> None:
    device = Dialogue(spec(kinds.PPMID))
    device.offer(CONTENT)
    assert device.state is ClientState.DOWNLOADING


# --- HCALCS ---------------------------------------------------------------------------------------


def trigger(device: Dialogue) -> None:
    hcalcs = device.device
    assert isinstance(hcalcs, Commanded)
    device.take(hcalcs.activate_locally(device.now))


def test_an_hcalcs_holds_what_it_verified_and_says_so() -> None:
    device = Dialogue(spec(kinds.HCALCS))
    device.download(CONTENT)
    device.end(0, 0xFFFFFFFF)
    policy, status = device.read(
        Attribute.UPGRADE_ACTIVATION_POLICY, Attribute.IMAGE_UPGRADE_STATUS
    )
    assert (policy.value, status.value) == (1, 6)


def test_the_local_trigger_runs_what_it_holds() -> None:
    device = Dialogue(spec(kinds.HCALCS))
    device.download(CONTENT)
    device.end(0, 0xFFFFFFFF)
    trigger(device)
    device.alarm()
    assert device.device.version == NEW


def test_the_local_trigger_without_an_image_changes_nothing() -> None:
    device = on(kinds.HCALCS)
    trigger(device)
    assert (device.state, device.device.version) == (ClientState.IDLE, OLD)


def test_a_held_image_survives_a_power_cut() -> None:
    device = Dialogue(spec(kinds.HCALCS))
    device.download(CONTENT)
    device.end(0, 0xFFFFFFFF)
    device.crash()
    device.power_on()
    device.end(0, 0xFFFFFFFF)
    trigger(device)
    device.alarm()
    assert device.device.version == NEW


def test_a_held_image_is_told_again_after_a_power_cut() -> None:
    """Whoever orders activations learns of it even if it missed the first note."""
    device = Dialogue(spec(kinds.HCALCS))
    device.download(CONTENT)
    device.end(0, 0xFFFFFFFF)
    device.crash()
    device.notes.clear()
    device.power_on()
    device.end(0, 0xFFFFFFFF)
    assert device.notes[-1].detail["state"] == "waiting for external event"


# --- GB signatures --------------------------------------------------------------------------------


def supplier() -> tuple[bytes, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return private, public


def signed(key: bytes | None) -> bytes:
    return build(
        bytes(range(256)) * 20,
        ImageSpec(
            manufacturer_code=MANUFACTURER,
            image_type=IMAGE_TYPE,
            file_version=NEW,
            layout="gb",
            sign_key=key,
        ),
    )


def verdict(content: bytes, certificate: bytes) -> int:
    device = Dialogue(spec(certificate=certificate))
    device.download(content)
    end = device.only()
    assert isinstance(end, ota.UpgradeEndRequest)
    return end.status


def test_the_suppliers_signature_is_accepted() -> None:
    private, public = supplier()
    assert verdict(signed(private), public) == Status.SUCCESS


def test_another_suppliers_signature_is_an_invalid_image() -> None:
    assert verdict(signed(supplier()[0]), supplier()[1]) == Status.INVALID_IMAGE


def test_an_unsigned_image_is_invalid_for_a_device_that_wants_a_signature() -> None:
    assert verdict(signed(None), supplier()[1]) == Status.INVALID_IMAGE


def test_a_signed_image_with_one_octet_changed_is_invalid() -> None:
    private, public = supplier()
    content = bytearray(signed(private))
    content[1000] ^= 1
    assert verdict(bytes(content), public) == Status.INVALID_IMAGE
