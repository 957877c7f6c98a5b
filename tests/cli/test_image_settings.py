"""``zota image validate`` with configuration, baselines, forms and processes."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from ota_engine.cli.exits import Exit
from tests.cli.zota import zota
from tests.images import firmware
from tests.images.payload_cases import wrapped
from tests.images.samples import gb, plain
from tests.images.security_cases import coded

CONFIG = """
[image]
ignore = [{ rule = "ZOTA032", files = "*/old.ota", reason = "released before we knew" }]
expect = { slot-size = 20000 }

[[image.files]]
files = "*/small.ota"
expect = { slot-size = 100 }
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with images below it."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "old.ota").write_bytes(wrapped(firmware.telink(crc=False)))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def configure(folder: Path, text: str) -> None:
    (folder / "zota.toml").write_text(text, encoding="utf-8")


def test_a_configuration_beside_us_is_found(folder: Path) -> None:
    assert zota("image", "validate", "in", "--strict").code == 1
    configure(folder, CONFIG)
    assert zota("image", "validate", "in", "--strict").code == 0


def test_pyproject_speaks_under_tool_zota(folder: Path) -> None:
    text = CONFIG.replace("[image]", "[tool.zota.image]").replace(
        "[[image.files]]", "[[tool.zota.image.files]]"
    )
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    assert zota("image", "validate", "in", "--strict").code == 0


def test_expectations_hold_for_the_files_named(folder: Path) -> None:
    configure(folder, CONFIG)
    (folder / "in" / "small.ota").write_bytes(coded())
    ran = zota("image", "validate", "in", "--format", "json")
    small = next(one for one in json.loads(ran.out)["files"] if one["path"].endswith("small.ota"))
    assert [one["rule"] for one in small["findings"] if one["severity"] == "error"] == ["ZOTA036"]


def test_the_command_line_wins_over_the_configuration(folder: Path) -> None:
    configure(folder, CONFIG)
    assert zota("image", "validate", "in", "--slot-size", "9").code == 2
    configure(folder, '[image]\nprofile = "gb"')
    assert zota("image", "validate", "in").code == 2
    assert zota("image", "validate", "in", "--profile", "zcl").code == 0


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[image", "not TOML"),
        ("a = " + "[" * 100_000, "nested too deeply"),
        ("a = " + "9" * 100_000, "not TOML"),
        ("[image]\n" + ".".join("a" * 30_000) + " = 1", "line 2 has more than 250 dots"),
        ("[image]\nprofile = 5", "profile is 5, not str"),
        ("[[image.files]]\nfiles = 'a'\nprofile = []", "profile is [], not str"),
        ("image = 5", "image is no table"),
        ("[image]\nselct = []", "image knows no 'selct'"),
        ('[image]\nignore = [{ rule = "ZOTA032" }]', "needs a reason"),
        ('[image]\nignore = [{ rule = "E501", reason = "x" }]', "give a rule"),
        ('[image]\nexpect = { slot-size = "big" }', "slot-size is 'big', not int"),
        ("[image]\nexpect = { bcd = 1 }", "bcd is 1, not bool"),
        ('[image]\nexpect = { ca-eui64 = "x" }', "not an EUI-64"),
        ('[image]\nprofile = "vendor:nobody"', "no vendor 'nobody'"),
        ("[[image.files]]\nexpect = {}", "files of image.files"),
        ("[image]\nselect = 5", "select is no list"),
    ],
)
def test_a_wrong_configuration_is_told_in_one_line(folder: Path, text: str, reason: str) -> None:
    configure(folder, text)
    ran = zota("image", "validate", "in")
    assert ran.code == 2
    assert reason in ran.err
    assert "zota.toml" in ran.err
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "file", "says", "code"),
    [
        ("[image.expect]\nca-key = 'none.hex'", "none.hex", "No such file", Exit.UNREADABLE),
        ("[image.expect]\nmanifest = 'in/old.ota'", "in/old.ota", "", Exit.ERRORS),
        (
            "[[image.files]]\nfiles = '*'\nexpect = { retracted = 'none.txt' }",
            "none.txt",
            "No such file",
            Exit.UNREADABLE,
        ),
    ],
)
def test_of_a_file_that_settings_name_it_is_said_where_its_name_stands(
    folder: Path, text: str, file: str, says: str, code: Exit
) -> None:
    configure(folder, text)
    ran = zota("image", "validate", "in")
    assert (ran.code, ran.err.count("\n")) == (code, 1), ran
    key = next(key for key in ("ca-key", "manifest", "retracted") if key in text)
    assert f"{folder / file}: {says}" in ran.err
    assert ran.err.endswith(f" ({key} of {folder / 'zota.toml'} names it)\n")


def test_old_findings_do_not_block_once_they_are_written_down(folder: Path) -> None:
    (folder / "in" / "bad.ota").write_bytes(plain(stack=9))
    assert zota("image", "validate", "in", "--write-baseline", "known.json").code == 2
    given = ("image", "validate", "in", "--strict", "--baseline", "known.json")
    assert zota(*given).code == 0
    (folder / "in" / "new.ota").write_bytes(plain(stack=9))
    assert zota(*given).code == 2


def test_selected_rules_only(folder: Path) -> None:
    assert zota("image", "validate", "in", "--strict", "--select", "ZOTA018").code == 0


def test_every_form_is_what_it_says(folder: Path) -> None:
    given = ("image", "validate", "in", "--format")
    assert json.loads(zota(*given, "sarif").out)["version"] == "2.1.0"
    assert ElementTree.fromstring(zota(*given, "junit").out).tag == "testsuite"  # noqa: S314
    assert zota(*given, "html").out.startswith("<!doctype html>")


def test_quiet_names_only_files_with_findings(folder: Path) -> None:
    (folder / "in" / "good.ota").write_bytes(coded())
    ran = zota("image", "validate", "in", "--quiet")
    assert "good.ota" not in ran.out
    assert "old.ota" in ran.out


def test_processes_give_the_same_report_in_the_same_order(folder: Path) -> None:
    for number in range(20):
        (folder / "in" / f"{number}.ota").write_bytes(plain(stack=number) if number % 3 else gb())
    reports = []
    for jobs in (1, 2):
        ran = zota("image", "validate", "in", "--jobs", jobs, "--json")
        assert (ran.code, ran.err) == (2, "")
        reports.append(json.loads(ran.out))
        assert f"--jobs {jobs}" in reports[-1].pop("made")["command"]
    assert reports[0] == reports[1]


def test_an_index_that_names_what_is_not_there_is_an_error(folder: Path) -> None:
    entry = {"manufacturerCode": 1, "imageType": 2, "fileVersion": 3}
    index = folder / "index.json"
    index.write_text(json.dumps([{**entry, "fileName": "gone.ota"}]), encoding="utf-8")
    ran = zota("image", "validate", "in", "--manifest", "index.json")
    assert ran.code == 2
    assert "the index names a file that is not there: gone.ota" in ran.out


def test_two_releases_are_compared_and_the_newer_one_is_judged(folder: Path) -> None:
    (folder / "new.ota").write_bytes(coded())
    given = ("image", "validate", "--diff", "in/old.ota", "new.ota")
    ran = zota(*given)
    assert ran.code == 0
    assert "element  0x0003: absent -> 16 bytes" in ran.out
    assert "not newer than the release before" in ran.out
    report = json.loads(zota(*given, "--json").out)
    assert {"part": "element", "what": "0x0003", "old": "absent", "new": "16 bytes"} in (
        report["changes"]
    )
    assert [one["path"] for one in report["files"]] == ["new.ota"]
    assert "nothing changed" in zota("image", "validate", "--diff", "new.ota", "new.ota").out


@pytest.mark.parametrize(
    "arguments", [("in/old.ota",), ("in", "in/old.ota"), ("in/old.ota",) * 2 + ("--format", "html")]
)
def test_a_comparison_takes_two_files_and_is_text_or_json(
    folder: Path, arguments: tuple[str, ...]
) -> None:
    assert zota("image", "validate", "--diff", *arguments).code == 2


def test_an_index_that_lists_nothing_is_refused(folder: Path) -> None:
    (folder / "index.json").write_text("[]", encoding="utf-8")
    ran = zota("image", "validate", "in", "--manifest", "index.json")
    assert ran.code == 2
    assert ran.err == (
        "zota: index.json: the index lists no file: there is nothing to compare with\n"
    )


def test_a_rule_that_settings_select_may_find_what_it_needs_there(folder: Path) -> None:
    settings = folder / "zota.toml"
    settings.write_text('[image]\nselect = ["ZOTA040"]\n', encoding="utf-8")
    ran = zota("image", "validate", "in")
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert "ZOTA040 has nothing to compare with: give --manifest or --retracted" in ran.err
    (folder / "withdrawn").write_text("# none yet\n", encoding="utf-8")
    more = '[[image.files]]\nfiles = "in/*"\nexpect = { retracted = "withdrawn" }\n'
    settings.write_text(settings.read_text("utf-8") + more, encoding="utf-8")
    assert zota("image", "validate", "in").code == 0
