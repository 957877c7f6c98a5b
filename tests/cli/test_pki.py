"""``zota pki init``: a complete test PKI, readable by its owner, never over another."""

import json
import os
import stat
from pathlib import Path

import pytest

from images.eui64 import format_eui64
from ota_engine.gbcs.certificates import KeyUse, Role
from ota_engine.gbcs.keystore import Keystore
from ota_engine.gbcs.pki import DEVICES, ORGANISATIONS
from tests.cli.zota import zota, zota_process


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "new" / "pki"


def keystore(folder: Path) -> Keystore:
    return Keystore.read({path.name: path.read_bytes() for path in folder.iterdir()})


def test_everyone_has_certificates_and_keys(folder: Path) -> None:
    ran = zota("pki", "init", folder)
    assert (ran.code, ran.err) == (0, "")
    keys = keystore(folder)
    assert keys.findings == []
    for party in ORGANISATIONS + DEVICES:
        assert format_eui64(party.eui64) in ran.out
        assert keys.signer(party.eui64) is not None
        for use in KeyUse:
            assert keys.certificate(party.eui64, use) is not None
    assert len(keys.parties(Role.SUPPLIER)) == 2
    assert {path.name for path in folder.glob("*.pem")} > {"root.pem", "issuing.pem"}


def test_private_keys_are_for_the_owner_alone_whatever_the_umask(folder: Path) -> None:
    before = os.umask(0)
    try:
        assert zota("pki", "init", folder).code == 0
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert {mode for name, mode in modes.items() if name.endswith(".key")} == {0o600}
    assert {mode for name, mode in modes.items() if name.endswith(".pem")} == {0o644}


def test_a_folder_that_is_not_empty_is_left_as_it_is(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "note").write_text("mine")
    ran = zota("pki", "init", folder)
    assert (ran.code, ran.out) == (2, "")
    assert "not an empty folder" in ran.err and ran.err.count("\n") == 1
    assert [path.name for path in folder.iterdir()] == ["note"]


def test_a_file_in_the_way_is_left_as_it_is(folder: Path) -> None:
    folder.parent.mkdir()
    folder.write_text("mine")
    ran = zota("pki", "init", folder)
    assert ran.code == 2 and folder.read_text() == "mine"


def test_an_empty_folder_is_filled(folder: Path) -> None:
    folder.mkdir(parents=True)
    assert zota("pki", "init", folder).code == 0
    assert keystore(folder).parties(Role.SUPPLIER)
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_a_disk_that_is_full_leaves_nothing_behind(folder: Path) -> None:
    def small_files() -> None:
        import resource
        import signal

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300))
        os.environ["PYTHONDONTWRITEBYTECODE"] = "1"  # half a compiled module would outlive us

    ran = zota_process("pki", "init", folder, prepare=small_files)
    assert ran.code == 3 and ran.err.count("\n") == 1 and str(folder) in ran.err
    assert list(folder.parent.iterdir()) == []


def test_no_two_are_made_alike(tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert zota("pki", "init", tmp_path / name).code == 0
    eui64 = DEVICES[0].eui64
    one, two = (keystore(tmp_path / name).verifying_key(eui64) for name in ("one", "two"))
    assert one != two


def test_more_devices_on_request(folder: Path) -> None:
    ran = zota("pki", "init", folder, "--device", "00-DB-12-34-00-00-0F-01", "--json")
    told = json.loads(ran.out)
    assert told["parties"][-1] == {"name": "device-1", "eui64": "00-DB-12-34-00-00-0F-01"}
    assert told["files"] == len(list(folder.iterdir()))
    assert keystore(folder).is_device(0x00DB_1234_0000_0F01)


@pytest.mark.parametrize("eui64", [DEVICES[1].eui64, ORGANISATIONS[0].eui64])
def test_a_device_that_is_in_it_already_is_refused(folder: Path, eui64: int) -> None:
    ran = zota("pki", "init", folder, "--device", format_eui64(eui64))
    assert ran.code == 2 and "in the PKI already" in ran.err
    assert not folder.exists()
