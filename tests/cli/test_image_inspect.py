import hashlib
import json
import os
import resource
from pathlib import Path

import pytest

from images.digests import integrity_code
from tests.cli.zota import Ran, zota, zota_process
from tests.images.samples import (
    FIRMWARE,
    REAL,
    SUPPLIER,
    element,
    gb,
    gb_trailer,
    key_pair,
    needs_real_files,
    ota,
    plain,
)
from tests.images.test_containers import ikea

KEYS = [
    "path",
    "size",
    "sha256",
    "sha512",
    "image_sha256",
    "container",
    "layout",
    "header",
    "elements",
    "residue",
    "trailing",
    "manufacturer_image_hash",
    "integrity_code",
    "signature",
]


def inspect(path: Path, data: bytes) -> dict[str, object]:
    path.write_bytes(data)
    ran = zota("image", "inspect", path, "--json")
    assert (ran.code, ran.err) == (0, "")
    facts: dict[str, object] = json.loads(ran.out)
    return facts


def test_json_has_exactly_the_keys_promised(tmp_path: Path) -> None:
    facts = inspect(tmp_path / "x.ota", plain())
    assert list(facts) == KEYS
    assert facts["header"] == {
        "header_version": 256,
        "header_length": 56,
        "field_control": 0,
        "manufacturer_code": 0x121D,
        "image_type": 0x84,
        "file_version": 0x01020304,
        "zigbee_stack_version": 2,
        "header_string": "sample",
        "total_image_size": 262,
        "security_credential_version": None,
        "upgrade_file_destination": None,
        "minimum_hardware_version": None,
        "maximum_hardware_version": None,
    }
    digest = hashlib.sha256(FIRMWARE).hexdigest()
    assert facts["elements"] == [
        {"tag": 0, "name": "upgrade image", "offset": 62, "length": 200, "sha256": digest}
    ]
    assert (facts["path"], facts["size"]) == (str(tmp_path / "x.ota"), 262)
    assert [facts[key] for key in ("container", "trailing", "signature")] == [None] * 3


def test_json_offsets_count_in_the_file_on_disk(tmp_path: Path) -> None:
    data = ikea()
    facts = inspect(tmp_path / "x.signed", data)
    assert facts["container"] == "ikea"
    digest = hashlib.sha256(FIRMWARE).hexdigest()
    assert facts["elements"] == [
        {"tag": 0, "name": "upgrade image", "offset": 44 + 62, "length": 200, "sha256": digest}
    ]
    assert facts["sha256"] == hashlib.sha256(data).hexdigest()
    assert facts["image_sha256"] == hashlib.sha256(plain()).hexdigest()
    assert facts["trailing"] == {"offset": len(data) - 9, "length": 9, "kind": "ikea"}
    assert data[106:306] == FIRMWARE


def test_json_of_a_gb_image(tmp_path: Path) -> None:
    facts = inspect(tmp_path / "x.ota", gb(gb_trailer(1)))
    assert facts["layout"] == "gb"
    assert facts["manufacturer_image_hash"] == hashlib.sha256(FIRMWARE).hexdigest()
    assert facts["signature"] == {
        "kind": "gb-ecdsa-p256",
        "offset": 262,
        "length": 64,
        "signer": None,
        "force_replace": 1,
    }


def test_json_names_the_signer_of_a_smart_energy_signature(tmp_path: Path) -> None:
    signature = bytes.fromhex("368b1900006f0d00") + bytes(72)
    facts = inspect(tmp_path / "x.ota", ota(element(0, FIRMWARE) + element(5, signature)))
    assert facts["signature"] == {
        "kind": "se-suite-2",
        "offset": 268,
        "length": 80,
        "signer": "00-0D-6F-00-00-19-8B-36",
        "force_replace": None,
    }


@pytest.mark.parametrize("string", [b"\xff\xfe\x00\x80", b"\x1b[31mred", b"a\x00b", bytes(32)])
def test_any_header_string_survives_as_json_and_as_text(tmp_path: Path, string: bytes) -> None:
    facts = inspect(tmp_path / "x.ota", plain(string=string))
    header = facts["header"]
    assert isinstance(header, dict)
    assert isinstance(header["header_string"], str)
    ran = zota("image", "inspect", tmp_path / "x.ota")
    assert ran.code == 0
    assert "\x1b" not in ran.out


def test_text_tells_what_matters(tmp_path: Path) -> None:
    path = tmp_path / "x.ota"
    path.write_bytes(gb(gb_trailer()))
    out = zota("image", "inspect", path).out
    for expected in ("0x121d", "0x0084", "0x01020304", "0x0100 to 0x0200", "signature", "262"):
        assert expected in out
    assert hashlib.sha256(FIRMWARE).hexdigest() in out


def test_text_lists_elements_and_checks_the_integrity_code(tmp_path: Path) -> None:
    data = ota(element(0, FIRMWARE) + element(3, bytes(16)))
    path = tmp_path / "x.ota"
    path.write_bytes(data[:-16] + integrity_code(data[:-22]))
    out = zota("image", "inspect", path).out
    assert "right, convention A" in out
    assert "upgrade image" in out
    path.write_bytes(data)
    assert "WRONG" in zota("image", "inspect", path).out


def test_text_of_a_truncated_file_says_so(tmp_path: Path) -> None:
    path = tmp_path / "x.ota"
    path.write_bytes(plain()[:100])
    out = zota("image", "inspect", path).out
    assert "162 bytes are missing" in out
    assert "cut off" in out


def one_line(ran: Ran, code: int, text: str) -> None:
    assert ran.code == code
    assert ran.err.count("\n") == 1
    assert text in ran.err


def test_bad_files_are_one_line(tmp_path: Path) -> None:
    empty, text = tmp_path / "empty", tmp_path / "text"
    empty.write_bytes(b"")
    text.write_text("# Read me", encoding="utf-8")
    one_line(
        zota("image", "inspect", tmp_path / "none"), 3, "No such file or directory: check the path"
    )
    one_line(zota("image", "inspect", tmp_path), 3, "Is a directory: name a file in it")
    one_line(zota("image", "inspect", empty), 2, "empty: the file is empty")
    one_line(zota("image", "inspect", text), 2, "not an OTA file")


def test_a_file_with_an_undecodable_name_is_read(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"x\xff\x1b.ota")
    path.write_bytes(plain())
    ran = zota_process("image", "inspect", path)
    assert ran.code == 0
    assert "\x1b" not in ran.out
    assert json.loads(zota_process("image", "inspect", path, "--json").out)["size"] == 262


def test_a_sparse_file_of_4_gib_is_one_line_within_bounded_memory(tmp_path: Path) -> None:
    """Fault 29: the size on disk never decides how much memory a command takes."""
    path = tmp_path / "sparse.ota"
    with path.open("wb") as file:
        file.write(plain(total=0xFFFFFFFF))
        file.truncate(1 << 32)

    def little_memory() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))

    for command in ("inspect", "hash", "validate"):
        ran = zota_process("image", command, path, prepare=little_memory)
        assert ran.code == 3
        assert "sparse.ota: larger than 64 MiB" in ran.err


def test_hash_prints_the_manufacturer_image_hash(tmp_path: Path) -> None:
    path, digest = tmp_path / "x.ota", hashlib.sha256(FIRMWARE).hexdigest()
    for data in (gb(), gb(gb_trailer())):
        path.write_bytes(data)
        assert zota("image", "hash", path) == (0, digest + "\n", "")
    facts = json.loads(zota("image", "hash", path, "--json").out)
    assert facts["manufacturer_image_hash"] == digest
    assert (facts["offset"], facts["length"]) == (60, 200)


def test_hash_of_a_tagged_file_says_what_it_covers(tmp_path: Path) -> None:
    path = tmp_path / "x.ota"
    path.write_bytes(plain())
    ran = zota("image", "hash", path)
    assert ran.out == hashlib.sha256(element(0, FIRMWARE)).hexdigest() + "\n"
    assert "everything after the header" in ran.err


def test_verify_refuses_a_wrong_certificate_in_one_line(tmp_path: Path) -> None:
    image, pem = tmp_path / "x.ota", tmp_path / "c.pem"
    image.write_bytes(gb(gb_trailer()))
    pem.write_bytes(key_pair()[1])
    one_line(zota("image", "verify", image, "--certificate", pem), 2, "does not verify")
    ran = zota("image", "verify", image, "--certificate", pem, "--json")
    assert (ran.code, json.loads(ran.out)["verified"]) == (2, False)
    one_line(zota("image", "verify", image, "--certificate", image), 2, "x.ota: the certificate")
    missing = tmp_path / "none.pem"
    one_line(zota("image", "verify", image, "--certificate", missing), 3, "none.pem: No such")
    image.write_bytes(plain())
    one_line(zota("image", "verify", image, "--certificate", pem), 2, "no GB signature")


@needs_real_files
def test_verify_the_gb_sample_with_the_supplier_s_certificate() -> None:
    image = REAL / "gb-esme-signed.zigbee"
    ran = zota("image", "verify", image, "--certificate", SUPPLIER, "--json")
    facts = json.loads(ran.out)
    assert (ran.code, facts["verified"]) == (0, True)
    assert facts["signer"]["eui64"] == "90-B3-D5-1F-30-01-00-00"
    assert zota("image", "hash", image).out.strip() == facts["manufacturer_image_hash"]


def test_octets_within_the_stated_size_that_belong_to_no_element_are_shown(tmp_path: Path) -> None:
    data = ota(element(0, FIRMWARE) + b"abc")
    facts = inspect(tmp_path / "x.ota", data)
    assert facts["residue"] == {"offset": 262, "length": 3}
    out = zota("image", "inspect", tmp_path / "x.ota").out
    assert "3 bytes at byte 262, within the stated size" in out
    assert inspect(tmp_path / "y.ota", gb(gb_trailer()))["residue"] is None


def test_every_digest_is_shown_as_text_too(tmp_path: Path) -> None:
    before = ota(element(0, FIRMWARE) + element(3, bytes(16)))[:-22]
    code = integrity_code(before)
    data = ota(element(0, FIRMWARE) + element(3, code))
    facts = inspect(tmp_path / "x.ota", data)
    assert facts["integrity_code"] == {"stored": code.hex(), "convention": "A"}
    out = zota("image", "inspect", tmp_path / "x.ota").out
    for digest in (data, FIRMWARE, code):
        assert hashlib.sha256(digest).hexdigest() in out
    wrong = inspect(tmp_path / "y.ota", ota(element(0, FIRMWARE) + element(3, bytes(16))))
    assert wrong["integrity_code"] == {"stored": bytes(16).hex(), "convention": None}
