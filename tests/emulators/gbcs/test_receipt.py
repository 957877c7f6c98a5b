"""What a device with keys does with an image as it arrives: whose signature counts."""

from random import Random

import pytest

from emulators.devices import kinds
from emulators.devices.assembly import DeviceAssembly
from emulators.devices.kinds import DeviceKind
from images import ImageSpec, build, parse
from images.eui64 import Eui64
from ota_engine.gbcs.codes import AlertCode
from ota_engine.gbcs.envelope import parse as parse_message
from ota_engine.gbcs.meters import ReceiptAlertDlms, ReceiptAlertGbz
from ota_engine.gbcs.payloads import read_payload
from ota_engine.gbcs.protection import authenticate
from ota_engine.zcl.ota import UpgradeEndRequest
from ota_engine.zcl.status import Status
from tests.emulators.dialogue import IMAGE_TYPE, MANUFACTURER, NEW, Dialogue, spec
from tests.gbcs.parties import ESME, GSME, HCALCS, NOW, SECOND_SUPPLIER, SUPPLIER, everyone, files

METERS = {kinds.ESME: ESME, kinds.GSME: GSME}


def image(supplier: int | None = SUPPLIER) -> bytes:
    key = None if supplier is None else files()[f"{supplier:016x}-ds.key"]
    return build(
        Random(3).randbytes(5000),
        ImageSpec(
            manufacturer_code=MANUFACTURER,
            image_type=IMAGE_TYPE,
            file_version=NEW,
            layout="gb",
            sign_key=key,
        ),
    )


def device(kind: DeviceKind, own: int) -> Dialogue:
    made = Dialogue(spec(kind, eui64=Eui64(own)), DeviceAssembly(everyone()))
    assert made.device.security is not None
    made.device.security.clock.set(NOW.timestamp(), 0.0)
    return made


def ended(made: Dialogue) -> int:
    """With which status it asked to end its download."""
    (status,) = [
        command.status for command in made.sent() if isinstance(command, UpgradeEndRequest)
    ]
    return status


@pytest.mark.parametrize(
    ("supplier", "status"),
    [
        (SUPPLIER, Status.SUCCESS),
        (SECOND_SUPPLIER, Status.INVALID_IMAGE),
        (None, Status.INVALID_IMAGE),
    ],
)
def test_an_hcalcs_holds_only_what_its_supplier_signed(supplier: int | None, status: int) -> None:
    made = device(kinds.HCALCS, HCALCS)
    made.download(image(supplier))
    assert ended(made) == status


def test_after_a_change_of_supplier_the_new_ones_signature_counts() -> None:
    made = device(kinds.HCALCS, HCALCS)
    security = made.device.security
    assert security is not None
    made.device.hand_over(security.anchors.handed_over(SECOND_SUPPLIER, everyone()))
    made.download(image(SECOND_SUPPLIER))
    assert ended(made) == Status.SUCCESS


def test_a_ppmid_takes_an_image_without_signature() -> None:
    made = device(kinds.PPMID, HCALCS)
    made.download(image(None))
    assert ended(made) == Status.SUCCESS


@pytest.mark.parametrize("kind", METERS)
@pytest.mark.parametrize(
    ("supplier", "code"),
    [
        (SUPPLIER, AlertCode.FIRMWARE_VERIFICATION_SUCCESSFUL),
        (SECOND_SUPPLIER, AlertCode.FIRMWARE_VERIFICATION_FAILED),
    ],
)
def test_a_meter_proves_what_it_found(kind: DeviceKind, supplier: int, code: AlertCode) -> None:
    made, content = device(kind, METERS[kind]), image(supplier)
    made.download(content)
    security = made.device.security
    assert security is not None
    (message,) = security.memory.outgoing
    alert = parse_message(message.octets)
    authenticate(alert, everyone(), now=NOW)
    said = read_payload(alert)
    assert isinstance(said, ReceiptAlertDlms | ReceiptAlertGbz)
    assert said.alert_code == code
    assert said.manufacturer_image_hash == parse(content).manufacturer_image_hash
