"""The key of pseudonyms: made once, for its owner alone."""

from pathlib import Path

import pytest

from ota_engine.errors import LocalError, StoreError
from ota_engine.fleet.inventory.pseudonyms import KEY_OCTETS, pseudonym
from ota_engine.head_end.pseudonym_key import NAME, estate_key


def test_a_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    key = estate_key(tmp_path / "state", make=True)
    path = tmp_path / "state" / NAME
    assert len(key) == KEY_OCTETS
    assert path.stat().st_mode & 0o777 == 0o600
    assert estate_key(tmp_path / "state", make=True) == key == estate_key(tmp_path / "state")
    assert [file.name for file in (tmp_path / "state").iterdir()] == [NAME]


def test_a_key_that_is_missing_open_to_others_or_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="no key of pseudonyms"):
        estate_key(tmp_path)
    path = tmp_path / NAME
    path.write_text("00" * KEY_OCTETS)
    path.chmod(0o640)
    with pytest.raises(StoreError, match="chmod 600"):
        estate_key(tmp_path)
    path.chmod(0o600)
    for text in ("00", "zz" * KEY_OCTETS, "\u00e9"):
        path.write_bytes(text.encode())
        with pytest.raises(StoreError, match="restore it"):
            estate_key(tmp_path)


def test_a_pseudonym_is_the_same_for_ever_and_another_with_another_key() -> None:
    key = bytes(KEY_OCTETS)
    assert pseudonym(key, "2000000000033") == pseudonym(key, " 2000000000033 ")
    assert pseudonym(key, "2000000000033") == "hme7xrlva2wityuhh"  # openssl says so
    assert pseudonym(b"\1" * KEY_OCTETS, "2000000000033") != pseudonym(key, "2000000000033")
