"""What a device finds in a file that was damaged on its way, whichever octets it were."""

from emulators.client.verification import ImageVerifier, refusal
from emulators.platform.flash import FileIdentity
from images import ImageSpec, build
from tests.emulators.dialogue import IMAGE_TYPE, MANUFACTURER, NEW, spec

FIRMWARE = 100  # octets
CHANGES = sorted({*(1 << bit for bit in range(8)), *range(3, 256, 12)})  # of one octet
AN_OCTET_OF_IT = 56 + 6 + 50
CONTENT = build(
    bytes(range(FIRMWARE)),
    ImageSpec(
        manufacturer_code=MANUFACTURER, image_type=IMAGE_TYPE, file_version=NEW, integrity=True
    ),
)


def test_no_octet_of_a_file_hides_damage_from_a_device_that_wants_an_integrity_code() -> None:
    device = spec(wants_integrity=True)
    wanted = FileIdentity(MANUFACTURER, IMAGE_TYPE, NEW)
    verifier = ImageVerifier()
    assert refusal(verifier.inspect((CONTENT,), None), device, wanted) is None
    for offset in range(len(CONTENT)):
        for value in CHANGES:
            damaged = bytearray(CONTENT)
            damaged[offset] ^= value
            if offset != AN_OCTET_OF_IT:
                damaged[AN_OCTET_OF_IT] ^= 1
            facts = verifier.inspect((bytes(damaged),), None)
            assert refusal(facts, device, wanted) is not None, f"octet {offset} ^ 0x{value:02x}"
