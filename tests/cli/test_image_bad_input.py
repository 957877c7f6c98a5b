"""Files and folders no image tool should be given: findings or one clear line, and no more."""

import io
import json
import os
import resource
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.powerless import without_privileges
from tests.cli.zota import Ran, zota, zota_process
from tests.images.samples import key_pair, plain
from tests.images.security_cases import coded

NASTY = os.fsdecode(b"a\x1b]0;owned\x07\n\xff.ota")
MEMORY = 1 << 30  # octets of address space
TO_A_FILE = ("-o", "out", "--force")
# Every command that takes an image, and the options that take a file of another kind
COMMANDS: dict[str, tuple[str, ...]] = {
    "inspect": ("image", "inspect", "FILE"),
    "inspect --json": ("image", "inspect", "FILE", "--json"),
    "hash": ("image", "hash", "FILE"),
    "unwrap": ("image", "unwrap", "FILE", *TO_A_FILE),
    "extract": ("image", "extract", "FILE", *TO_A_FILE),
    "strip": ("image", "strip", "FILE", *TO_A_FILE),
    "fix": ("image", "fix", "FILE", *TO_A_FILE),
    "sign": ("image", "sign", "FILE", "--sign-key", "key", *TO_A_FILE),
    "sign --sign-key": ("image", "sign", "good.ota", "--sign-key", "FILE", *TO_A_FILE),
    "verify": ("image", "verify", "FILE", "--certificate", "public"),
    "verify --certificate": ("image", "verify", "good.ota", "--certificate", "FILE"),
    "validate --config": ("image", "validate", "good.ota", "--config", "FILE"),
    "validate --baseline": ("image", "validate", "good.ota", "--baseline", "FILE"),
    "validate --manifest": ("image", "validate", "good.ota", "--manifest", "FILE"),
    "validate --retracted": ("image", "validate", "good.ota", "--retracted", "FILE"),
    "validate --ca-key": ("image", "validate", "good.ota", "--ca-key", "FILE"),
}
every_command = pytest.mark.parametrize("command", COMMANDS)
every_form = pytest.mark.parametrize(
    "form",
    [
        "text",
        "json",
        *(pytest.param(one, marks=pytest.mark.heavy) for one in ("sarif", "junit", "html")),
    ],
)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with one good image, keys, and everything else."""
    monkeypatch.chdir(tmp_path)
    private, public = key_pair()
    (tmp_path / "key").write_bytes(private)
    (tmp_path / "public").write_bytes(public)
    (tmp_path / "good.ota").write_bytes(coded())
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "circle").symlink_to("circle")
    with (tmp_path / "sparse").open("wb") as file:
        file.write(plain(total=0xFFFFFFFF))
        file.truncate(1 << 32)
    yield tmp_path
    for folder in ("locked", "half"):
        if (tmp_path / folder).exists():
            (tmp_path / folder).chmod(0o700)


def run(command: str, name: str) -> Ran:
    return zota(*(name if word == "FILE" else word for word in COMMANDS[command]))


def assert_one_clear_line(ran: Ran) -> None:
    assert ran.err.count("\n") == 1 and ran.err.startswith("zota: ")
    assert "Traceback" not in ran.err


@every_command
@pytest.mark.parametrize("name", ["circle", "none", "."])
def test_what_cannot_be_opened_is_one_line(here: Path, command: str, name: str) -> None:
    ran = run(command, name)
    assert ran.code == 3
    assert_one_clear_line(ran)


@every_command
def test_a_sparse_file_is_never_read(here: Path, command: str) -> None:
    ran = run(command, "sparse")
    assert ran.code == 3
    assert_one_clear_line(ran)
    assert "sparse: larger than " in ran.err


MAY_BE_EMPTY = {"validate --config", "validate --retracted"}


@every_command
def test_an_empty_file_is_one_line(here: Path, command: str) -> None:
    ran = run(command, "empty")
    assert ran.code == (0 if command in MAY_BE_EMPTY else 2)
    if ran.code:
        assert_one_clear_line(ran)


@every_command
def test_a_name_never_reaches_the_terminal_as_it_is(here: Path, command: str) -> None:
    (here / NASTY).write_bytes(b"rubbish")
    ran = run(command, NASTY)
    assert_one_clear_line(ran)
    assert "\x1b" not in ran.out + ran.err and "\x07" not in ran.out + ran.err


def test_a_name_of_control_characters_is_written_out_where_all_goes_well(here: Path) -> None:
    (here / NASTY).write_bytes(plain() + b"tail")
    ran = zota("image", "fix", NASTY, "--in-place")
    assert ran.code == 0
    assert "a\\x1b]0;owned\\x07\\n\\udcff.ota: cut off 4 bytes" in ran.out


def test_no_permission_is_one_line_for_every_command(here: Path) -> None:
    (here / "secret").write_bytes(coded())
    (here / "secret").chmod(0)
    for command in ("inspect", "fix", "verify --certificate", "validate --config"):
        words = (("secret" if word == "FILE" else word) for word in COMMANDS[command])
        ran = zota_process(*words, prepare=without_privileges)
        assert ran.code == 3
        assert_one_clear_line(ran)
        assert "Permission denied" in ran.err


def test_folders_that_cannot_be_read_are_told_and_the_rest_is_judged(here: Path) -> None:
    """Mode 0 hides the names, mode 0444 shows names of which nothing can be learnt."""
    for folder, mode in (("locked", 0), ("half", 0o444)):
        (here / folder / "below").mkdir(parents=True)
        (here / folder / "x.ota").write_bytes(coded())
        (here / folder).chmod(mode)
    ran = zota_process(
        "image", "validate", ".", "locked/x.ota", "--json", prepare=without_privileges
    )
    report = json.loads(ran.out)
    assert ran.code == 3
    assert "good.ota" in [one["path"] for one in report["files"]]
    denied = {one["path"] for one in report["unreadable"] if one["reason"] == "Permission denied"}
    assert denied == {"locked", "locked/x.ota", "half/x.ota", "half/below"}


@every_form
def test_a_folder_of_everything_bad_is_reported_in_bounded_memory(here: Path, form: str) -> None:
    (here / NASTY).write_bytes(plain())
    (here / "again").symlink_to(here)
    (here / "bomb.zip").write_bytes(bomb())
    (here / "bomb.ota").write_bytes(bomb())

    def little_memory() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))

    ran = zota_process("image", "validate", ".", "--format", form, prepare=little_memory)
    assert ran.code == 3
    assert "Traceback" not in ran.err
    assert "\x1b" not in ran.out and "\x07" not in ran.out
    assert "sparse" in ran.out + ran.err


def bomb() -> bytes:
    """A zip archive whose content is a thousand times its size, below a name that climbs out."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../escaped.ota", bytes(50_000_000))
        archive.writestr("/absolute.ota", plain())
    return content.getvalue()


def test_an_archive_is_not_unpacked(here: Path) -> None:
    """A zip is no image: a finding where it is named like one, else it is skipped."""
    (here / "bomb.zip").write_bytes(bomb())
    (here / "bomb.ota").write_bytes(bomb())
    before = sorted(here.rglob("*"))
    report = json.loads(zota("image", "validate", ".", "--json").out)
    (found,) = [one for one in report["files"] if one["path"] == "bomb.ota"]
    assert [finding["rule"] for finding in found["findings"]] == ["ZOTA001"]
    assert "bomb.zip" in report["skipped"]
    assert sorted(here.rglob("*")) == before


def test_a_very_deep_folder_is_walked(here: Path) -> None:
    deep = here
    for _ in range(60):
        deep = deep / "d"
    deep.mkdir(parents=True)
    (deep / "x.ota").write_bytes(coded())
    ran = zota("image", "validate", "d")
    assert ran.code == 0
    assert "x.ota" in ran.out
    assert sys.getrecursionlimit() > 60
