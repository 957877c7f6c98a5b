"""Settings to judge files by, as a loader of its own: no command line has to be there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from images.errors import ImageError, JudgingError
from images.judging.evidence import ChosenProfile
from images.judging.settings import find_config, load, settled
from images.rules import Profile


def settings_file(folder: Path, text: str) -> Path:
    path = folder / "zota.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[image", "not TOML"),
        ("image = 3", "image is no table"),
        ("[image]\nprofil = 'se'", "knows no 'profil'"),
        ("[image]\nprofile = 'zcl5'", "give zcl, se, gb or vendor:NAME"),
        ("[image]\nprofile = 'vendor:nobody'", "no vendor 'nobody' is known"),
        ("[image]\nignore = [{ rule = 'ZOTA037' }]", "needs a reason"),
        ("[image]\nselect = ['ZOTA99']", "no rule begins with 'ZOTA99'"),
        ("[image]\nignore = [{ rule = 'ZOTA05', reason = 'x' }]", "no rule begins with 'ZOTA05'"),
        ("[image.expect]\nhash = 'ab'", "give 64 hex digits"),
        ("[image.expect]\nca-eui64 = 'x'", "EUI-64"),
        ("[image.expect]\ntype = true", "type is True, not int"),
        ("[[image.files]]\nfiles = '" + "[" * 501 + "'", "501 characters, at most 500"),
        (
            "[image]\nignore = [{ rule = 'ZOTA037', reason = 'x', files = '" + "[" * 501 + "' }]",
            "501 characters, at most 500",
        ),
        ("a" + ".a" * 251 + " = 1", "more than 250 dots"),
        ("a = " + "[" * 4000, "nested too deeply"),
    ],
)
def test_what_settings_cannot_say_is_told_in_one_line_that_names_them(
    tmp_path: Path, text: str, says: str
) -> None:
    path = settings_file(tmp_path, text)
    with pytest.raises(JudgingError, match=says) as caught:
        load(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_a_file_that_settings_name_is_complained_of_by_its_own_name(tmp_path: Path) -> None:
    (tmp_path / "ca.hex").write_text("no key")
    with pytest.raises(ImageError, match=r"ca\.hex: not a Smart Energy public key"):
        load(settings_file(tmp_path, "[image.expect]\nca-key = 'ca.hex'"))


def test_a_pipe_that_settings_name_is_not_waited_for(tmp_path: Path) -> None:
    """The settings may have come with a stranger's repository, and the run be a hook of ours."""
    os.mkfifo(tmp_path / "ca.hex")
    with pytest.raises(JudgingError, match=r"ca-key is '.*ca\.hex', which is no file") as caught:
        load(settings_file(tmp_path, "[image.expect]\nca-key = 'ca.hex'"))
    assert "\n" not in str(caught.value)


def test_the_last_exception_that_matches_wins_and_what_was_said_wins_over_all(
    tmp_path: Path,
) -> None:
    path = settings_file(
        tmp_path,
        "[image]\nprofile = 'se'\nexpect = { type = 1, slot-size = 100 }\n"
        "[[image.files]]\nfiles = 'gb/*'\nprofile = 'gb'\nexpect = { type = 2 }\n"
        "[[image.files]]\nfiles = '*/old*'\nexpect = { type = 3 }\n",
    )
    read = settled(path)
    for file, profile, image_type in [
        ("a.ota", Profile.SE, 1),
        ("gb/a.ota", Profile.GB, 2),
        ("gb/old.ota", Profile.GB, 3),
    ]:
        chosen, expect = read.for_file(file)
        assert (chosen.profile, expect.image_type, expect.slot_size) == (profile, image_type, 100)
    said = settled(path, ChosenProfile(Profile.ZCL), {"image_type": 9})
    chosen, expect = said.for_file("gb/old.ota")
    assert (chosen.profile, expect.image_type, expect.slot_size) == (Profile.ZCL, 9, 100)


def test_the_nearest_settings_are_found_from_below(tmp_path: Path) -> None:
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    path = settings_file(tmp_path, "")
    (tmp_path / "a" / "pyproject.toml").write_text("[tool.other]\n")
    assert find_config(below) == path
    (tmp_path / "a" / "pyproject.toml").write_text("[tool.zota.image]\n")
    assert find_config(below) == tmp_path / "a" / "pyproject.toml"


def test_judging_needs_no_command_line() -> None:
    program = (
        "import images.judging.result, sys;"
        "sys.exit(any(name in sys.modules for name in ('typer', 'rich', 'ota_engine')))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
