"""A state as one file: whole while others write, refused when it is not as it was written."""

import io
import json
import stat
import tarfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from ota_engine.errors import LocalError, StoreError
from ota_engine.fleet.kernel.rows import Select
from ota_engine.fleet.parties.rows import Party
from ota_engine.head_end.backup import KEYS, MANIFEST, back_up, restore
from ota_engine.head_end.image_shelf import IMAGES_NAME, ImageShelf
from ota_engine.store.fleet.book import FleetStore
from ota_engine.times import Utc
from tests.fleet.databases import place_in

DATABASE = "fleet.sqlite"
NOW = Utc(1_800_000_000.0)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state folder with a party, an image and keys."""
    folder = tmp_path / "state"
    store = FleetStore.open(place_in(folder))
    with store.transaction():
        store.insert([Party("dcc", "The operator", ("operator",))])
    store.close()
    ImageShelf(folder / IMAGES_NAME).put(b"an image")
    for name in KEYS:
        (folder / name).write_text("a key")
    return folder


def parties(folder: Path) -> list[str]:
    store = FleetStore.open(place_in(folder))
    try:
        with store.reading():
            return [row.party for row in store.select(Select(Party))]
    finally:
        store.close()


@pytest.mark.parametrize("keys", [False, True])
def test_a_restored_state_holds_database_and_images_and_keys_only_if_they_were_asked_for(
    state: Path, tmp_path: Path, keys: bool
) -> None:
    file = tmp_path / "backup"
    made = back_up(state, DATABASE, file, NOW, keys=keys)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert restore(file, tmp_path / "new", DATABASE) == made
    assert parties(tmp_path / "new") == ["dcc"]
    (image,) = (tmp_path / "new" / IMAGES_NAME).iterdir()
    assert image.read_bytes() == b"an image"
    assert [(tmp_path / "new" / name).exists() for name in KEYS] == [keys, keys]
    assert not list(tmp_path.glob(".*")), "nothing is left behind"


def test_a_backup_is_made_while_somebody_writes_and_holds_one_moment(
    state: Path, tmp_path: Path
) -> None:
    stop, started = threading.Event(), threading.Event()

    def write() -> None:
        store = FleetStore.open(place_in(state))
        number = 0
        while not stop.is_set():
            with store.transaction():  # always two more
                rows = [Party(f"{side}-{number:06}", "", ()) for side in ("left", "right")]
                store.insert(rows)
            number += 1
            started.set()
        store.close()

    writing = threading.Thread(target=write)
    writing.start()
    started.wait()
    try:
        back_up(state, DATABASE, tmp_path / "backup", NOW, keys=False)
    finally:
        stop.set()
        writing.join()
    restore(tmp_path / "backup", tmp_path / "new", DATABASE)
    found = parties(tmp_path / "new")
    sides = [name.partition("-")[0] for name in found if name != "dcc"]
    assert sides.count("left") == sides.count("right") > 0


def test_nothing_is_ever_overwritten(state: Path, tmp_path: Path) -> None:
    file = tmp_path / "backup"
    back_up(state, DATABASE, file, NOW, keys=False)
    before = file.read_bytes()
    with pytest.raises(FileExistsError):
        back_up(state, DATABASE, file, NOW, keys=True)
    assert file.read_bytes() == before
    with pytest.raises(LocalError, match="not empty"):
        restore(file, state, DATABASE)
    assert parties(state) == ["dcc"]


def cut(octets: bytes) -> bytes:
    return octets[: len(octets) // 2]


def other_image(octets: bytes) -> bytes:
    return octets.replace(b"an image", b"an imago")


def outside(octets: bytes) -> bytes:
    """A back-up that lists a file beside the state folder."""
    listed = {"format": 1, "utc": 0.0, "keys": False, "files": [["../evil", 1, "00"]]}
    return packed({MANIFEST: json.dumps(listed).encode(), "../evil": b"x"})


def a_link(octets: bytes) -> bytes:
    """A back-up in which the database is a link."""
    listed = {"format": 1, "utc": 0.0, "keys": False, "files": [[DATABASE, 0, "00"]]}
    return packed({MANIFEST: json.dumps(listed).encode()}, link=DATABASE)


def packed(files: dict[str, bytes], link: str = "") -> bytes:
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as archive:
        for name, octets in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(octets)
            archive.addfile(info, io.BytesIO(octets))
        if link:
            info = tarfile.TarInfo(link)
            info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
            archive.addfile(info)
    return whole.getvalue()


@pytest.mark.parametrize(
    "spoil", [cut, other_image, outside, a_link, lambda _: b"", lambda _: b"x" * 2048]
)
def test_a_file_that_is_not_as_it_was_written_makes_no_state(
    state: Path, tmp_path: Path, spoil: Callable[[bytes], bytes]
) -> None:
    file = tmp_path / "backup"
    back_up(state, DATABASE, file, NOW, keys=False)
    file.write_bytes(spoil(file.read_bytes()))
    with pytest.raises(StoreError, match="this is no back-up of a state"):
        restore(file, tmp_path / "new" / "state", DATABASE)
    assert not list((tmp_path / "new").iterdir())
    assert not (tmp_path / "evil").exists()


def test_a_folder_without_a_fleet_has_no_backup(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no fleet here"):
        back_up(tmp_path, DATABASE, tmp_path / "backup", NOW, keys=False)
    assert not list(tmp_path.iterdir())
