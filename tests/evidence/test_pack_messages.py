"""What devices signed, in a pack: real engines and emulated devices, from the order to the verified pack."""

import json

from ota_engine.canonical import canonical_json
from ota_engine.evidence.pack_check import KnownFleet, verify_pack
from ota_engine.fleet.kernel.seals import digest
from ota_engine.head_end.packing import PackOrder, export_pack
from tests.evidence.packed import FLEET_KEY, KEEP, anew, opened, sealed_up
from tests.fleet.estate import DAY
from tests.gateway.street import Street

KNOWN = KnownFleet(FLEET_KEY.public_pem)


async def packed_street() -> bytes:
    """Two homes whose HCALCS run an image by a signed order, as a pack with certificates."""
    street = Street(2)
    street.roll_out("c1", "hcalcs-1")
    street.settle_in()
    await street.live(DAY)
    order = PackOrder("c1", "", KEEP, street.certificates(), "zota of a test")
    return export_pack(street.store, FLEET_KEY, order)


async def test_messages_that_devices_signed_are_verified_with_the_certificates_in_the_pack() -> (
    None
):
    octets = await packed_street()
    found = verify_pack(octets, KNOWN)
    assert found.good, found.findings
    assert found.facts["homes"] == "2 activated"
    files, *_ = opened(octets)
    words = files["rows/signed_words.jsonl"].splitlines()
    assert len(words) >= 4, "the hub's CCS08 and the device's own, of each home"
    assert found.facts["messages"] == f"{len(words)} signed by their devices"
    assert any(name.startswith("certificates/") for name in files)


async def test_a_message_of_another_version_is_not_the_devices_whoever_seals_it() -> None:
    files, manifest, lines = opened(await packed_street())
    name = "rows/signed_words.jsonl"
    rows = [json.loads(line) for line in files[name].splitlines()]
    old = digest("signed_words", rows[0])
    message = bytearray.fromhex(rows[0][6])
    message[-70] ^= 1  # before the signature, which is 64 octets at the end
    rows[0][6] = message.hex()
    new = digest("signed_words", rows[0])
    files[name] = b"".join(canonical_json(row).encode() + b"\n" for row in rows)
    for line in lines:
        line[5] = line[5].replace(old, new)
    found = verify_pack(sealed_up(files, manifest, anew(lines), FLEET_KEY), KNOWN)
    assert len(found.findings) == 1
    assert found.findings[0].startswith(f"the message of {rows[0][0]} is")
