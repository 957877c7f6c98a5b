"""A catalogue whose writers are killed, or are many at once."""

import subprocess
import sys
from pathlib import Path

from ota_engine.catalogue.folder import Catalogue
from tests.catalogue.samples import VERSION, empty, ota, put
from tests.tiers import points

ROOT = Path(__file__).parents[2]
ENOUGH = 40  # points to crash at; fewer would mean that the trace looks elsewhere


@points(5)
def test_a_crash_before_any_line_leaves_an_image_whole_or_not_at_all(
    tmp_path: Path, step: int
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.catalogue.crash_points", str(tmp_path), str(step)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=300,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout) > ENOUGH


def test_octets_that_were_never_listed_are_swept_away(tmp_path: Path) -> None:
    catalogue = empty(tmp_path)
    (catalogue.path / "images" / ("0" * 64)).write_bytes(b"left by a killed writer")
    (catalogue.path / "entries" / ".x.json.1.part").write_bytes(b"{")
    put(catalogue, ota())
    assert len(list((catalogue.path / "images").iterdir())) == 1
    assert len(list((catalogue.path / "entries").iterdir())) == 1


def adding(folder: Path, file: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "ota_engine", "catalogue", "add", str(file)]
    return subprocess.Popen(
        [*command, "--catalogue", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def test_processes_that_add_at_once_lose_nothing_and_list_no_identity_twice(tmp_path: Path) -> None:
    same, rival, other = tmp_path / "same.ota", tmp_path / "rival.ota", tmp_path / "other.ota"
    same.write_bytes(ota())
    rival.write_bytes(ota(b"rival"))
    other.write_bytes(ota(version=VERSION + 1))
    folder = tmp_path / "catalogue"
    processes = [adding(folder, file) for file in (same, rival, other)]
    told = [process.communicate(timeout=300) for process in processes]
    codes = [process.returncode for process in processes]
    assert sorted(codes[:2]) == [0, 2], told
    assert codes[2] == 0, told
    refused = told[codes.index(2)][1]
    assert "listed with other octets" in refused
    assert len(refused.splitlines()) == 1
    entries = Catalogue(folder).entries()
    assert [entry.file_version for entry in entries] == [VERSION, VERSION + 1]
    assert list(Catalogue(folder).check()) == []
