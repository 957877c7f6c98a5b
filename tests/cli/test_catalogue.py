"""``zota catalogue``: the README's lines as printed, JSON, exit codes, one line per refusal."""

import json
import re
import shlex
from pathlib import Path

import pytest

from images.catalogue import Range
from ota_engine.catalogue.export import FOLDER_INDEX
from ota_engine.catalogue.folder import Catalogue
from ota_engine.cli.catalogue_options import read_bases, read_who
from ota_engine.cli.catalogue_report import print_list
from ota_engine.cli.columns import Room
from tests.catalogue.samples import NAME, VERSION, ota
from tests.cli.zota import Ran, zota

README = Path(__file__).parents[2] / "README.md"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with one image file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ppmid.ota").write_bytes(ota())
    return tmp_path


def refused(ran: Ran, reason: str, code: int = 2) -> bool:
    """Whether a command ended with one line that says this."""
    lines = ran.err.splitlines()
    return ran.code == code and len(lines) == 1 and reason in lines[0] and lines[0].isprintable()


def test_the_readme_works_as_printed(desk: Path) -> None:
    section = README.read_text().split("## Ten minutes for a manufacturer")[1].split("\n## ")[0]
    lines = re.findall(
        r"^\$ zota (image build firmware.bin --man.*|catalogue .*)$", section, re.MULTILINE
    )
    assert len(lines) == 4
    (desk / "firmware.bin").write_bytes(bytes(range(256)) * 80)
    for line in lines:
        ran = zota(*shlex.split(line, comments=True))
        assert (ran.code, ran.err) == (0, ""), line
    names = {file.name for file in (desk / "ota-server").iterdir()}
    assert names == {f"{NAME}.zigbee", "zigpy.json", "zigbee2mqtt.json", FOLDER_INDEX}
    assert zota("image", "validate", "ota-server", "--manifest", "ota-server/zigpy.json").code == 0


def test_an_image_is_told_as_json(desk: Path) -> None:
    added = json.loads(zota("catalogue", "add", "ppmid.ota", "--by", "anne", "--json").out)
    assert [one["name"] for one in added["added"]] == [NAME]
    (listed,) = json.loads(zota("catalogue", "list", "--json").out)
    assert listed == json.loads(zota("catalogue", "show", NAME, "--json").out) == added["added"][0]
    assert listed["history"][0]["who"] == "anne"
    assert json.loads(zota("catalogue", "approve", NAME, "--json").out)["status"] == "approved"
    exported = json.loads(zota("catalogue", "export", "out", "--json").out)
    assert [image["name"] for image in exported["images"]] == [NAME]
    taken = json.loads(zota("catalogue", "import", "out", "--json").out)
    assert [one["name"] for one in taken["known"]] == [NAME]
    assert json.loads(zota("catalogue", "check", "--json").out) == []


def test_everything_is_told_as_text(desk: Path) -> None:
    options = ("--from", "0x10..0x20", "--from", "0x30", "--model", "PPMID", "--notes", "a\nb")
    zota("catalogue", "add", "ppmid.ota", *options)
    shown = zota("catalogue", "show", NAME).out
    assert "0x00000010..0x00000020, 0x00000030" in shown
    assert "PPMID" in shown
    zota("catalogue", "withdraw", NAME, "--reason", "bricks")
    assert "withdrawn: bricks" in zota("catalogue", "show", NAME).out
    assert zota("catalogue", "list", "--status", "draft").out == "0 of 1 image\n"
    assert zota("catalogue", "remove", NAME).code == 0
    assert zota("catalogue", "list").out == "0 of 0 images\n"


def test_what_fits_a_device_is_listed(desk: Path) -> None:
    zota("catalogue", "add", "ppmid.ota", "--from", "0x10..0x20", "--hw-min", 2, "--hw-max", 3)
    for running, hardware, count in (("0x15", 2, 1), ("0x21", 2, 0), ("0x15", 4, 0)):
        ran = zota("catalogue", "list", "--running", running, "--device-hw", hardware)
        assert ran.out.endswith(f"{count} of 1 image\n")
    assert zota("catalogue", "list", "--device-hw", 4).out == "0 of 1 image\n"
    assert zota("catalogue", "list", "--running", "0x15").out == "0 of 1 image\n"


def test_the_way_to_the_newest_is_told(desk: Path) -> None:
    Path("next.ota").write_bytes(ota(version=VERSION + 1))
    zota("catalogue", "add", "ppmid.ota")
    zota("catalogue", "add", "next.ota", "--from", VERSION)
    zota("catalogue", "approve", f"121D-0084-{VERSION + 1:08X}")
    way = ("catalogue", "route", "--manufacturer", "0x121D", "--type", "0x84", "--running", 1)
    assert refused(zota(*way), "no way from 0x00000001")
    zota("catalogue", "approve", NAME)
    assert [step["file_version"] for step in json.loads(zota(*way, "--json").out)] == [
        VERSION,
        VERSION + 1,
    ]
    assert zota(*way[:-1], VERSION + 1).out == "nothing newer is approved for it\n"


def test_a_broken_file_is_refused_and_accepted_for_a_reason(desk: Path) -> None:
    Path("broken.ota").write_bytes(ota()[:-16] + bytes(16))
    assert refused(zota("catalogue", "add", "broken.ota"), "refused for ZOTA")
    assert zota("catalogue", "add", "broken.ota", "--override", "lab only").code == 0
    assert ": lab only" in zota("catalogue", "show", NAME).out


def test_settings_of_the_project_hold_here_too(desk: Path) -> None:
    Path("zota.toml").write_text("[image]\nexpect = { manufacturer = 0x1234 }\n")
    assert refused(zota("catalogue", "add", "ppmid.ota"), "refused for ZOTA")


def test_a_clash_is_refused_then_marked(desk: Path) -> None:
    Path("rival.ota").write_bytes(ota(b"rival"))
    zota("catalogue", "add", "ppmid.ota")
    assert refused(zota("catalogue", "add", "rival.ota"), "raise the file version")
    zota("catalogue", "add", "rival.ota", "--allow-clash", "two boards")
    assert zota("catalogue", "list").out.count("CLASH") == 2
    assert refused(zota("catalogue", "show", NAME), "several images")
    (one, other) = json.loads(zota("catalogue", "list", "--json").out)
    assert one["clashes"] == [other["sha256"]]
    zota("catalogue", "export", "out", "--drafts")
    exported = zota("catalogue", "export", "again", "--drafts")
    assert exported.err.count("shares its identity") == 2
    assert len(list((desk / "again").glob("*.zigbee"))) == 2


def test_one_index_alone_names_where_the_files_are(desk: Path) -> None:
    zota("catalogue", "add", "ppmid.ota")
    zota("catalogue", "approve", NAME)
    url = ("--base-url", "https://example.org/ota")
    index = json.loads(zota("catalogue", "export", "-", "--format", "zigpy", *url).out)
    assert index["firmwares"][0]["binary_url"] == f"https://example.org/ota/{NAME}-ppmid.zigbee"
    assert zota("catalogue", "export", "z.json", "--format", "zigbee2mqtt", *url).code == 0
    (line,) = json.loads(Path("z.json").read_text())
    assert line["url"] == f"https://example.org/ota/{NAME}-ppmid.zigbee"
    assert zota("catalogue", "export", "-", "--format", "zigpy").code == 2
    assert refused(zota("catalogue", "export", "x", "--base-url", "a\nb"), "--base-url")


def test_an_image_no_index_can_list_is_told(desk: Path) -> None:
    zota("catalogue", "add", "ppmid.ota", "--from", "none")
    zota("catalogue", "approve", NAME)
    ran = zota("catalogue", "export", "out")
    assert ran.err.count("it may be applied to no version") == 2
    assert json.loads(Path("out/zigpy.json").read_text()) == {"firmwares": []}


def test_nothing_is_overwritten_without_being_told(desk: Path) -> None:
    zota("catalogue", "add", "ppmid.ota")
    assert refused(zota("catalogue", "export", "."), "not an empty folder")
    assert refused(zota("catalogue", "export", "catalogue", "--force"), "this is a catalogue")
    assert zota("catalogue", "export", ".", "--force").code == 0


@pytest.mark.parametrize(
    ("arguments", "reason", "code"),
    [
        (("list",), "no catalogue here", 2),
        (("import", "absent.json"), "absent.json", 3),
        (("import", "ppmid.ota"), "the index is not JSON", 2),
        (("import", "."), "no index here", 2),
        (("add", "absent.ota"), "absent.ota", 3),
        (("add", "/dev/zero"), "/dev/zero: is not a file", 2),
    ],
)
def test_each_refusal_is_one_line(
    desk: Path, arguments: tuple[str, ...], reason: str, code: int
) -> None:
    assert refused(zota("catalogue", *arguments), reason, code)


def test_a_file_that_cannot_be_read_does_not_hide_the_others(desk: Path) -> None:
    ran = zota("catalogue", "add", "absent.ota", "ppmid.ota")
    assert refused(ran, "absent.ota: No such file", 3)
    assert NAME in ran.out


def test_what_an_index_refused_is_named_and_counted(desk: Path) -> None:
    zota("catalogue", "add", "ppmid.ota")
    zota("catalogue", "export", "out", "--drafts")
    (file,) = Path("out").glob("*.zigbee")
    file.write_bytes(ota(b"evil"))
    ran = zota("catalogue", "import", "out", "--catalogue", "new")
    assert refused(ran, f"{file.name}: ")
    told = json.loads(zota("catalogue", "import", "out", "--catalogue", "new", "--json").out)
    assert [one["file"] for one in told["refused"]] == [file.name]


def test_a_changed_image_is_a_defect(desk: Path) -> None:
    zota("catalogue", "add", "ppmid.ota")
    (file,) = Path("catalogue/images").iterdir()
    file.write_bytes(b"")
    ran = zota("catalogue", "check")
    assert ran.code == 2
    assert "the octets changed on disk" in ran.out
    assert refused(zota("catalogue", "approve", NAME), "add the image again", 3)


def test_a_hostile_name_reaches_no_terminal(desk: Path) -> None:
    hostile = Path("\x1b[2J\u202ex\n.ota")
    hostile.write_bytes(ota())
    ran = zota("catalogue", "add", hostile)
    shown = zota("catalogue", "show", NAME).out
    assert ran.code == 0
    assert all(line.isprintable() for line in (ran.out + shown).splitlines())


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        (None, None),
        (["none"], ()),
        (["0x10"], (Range(16, 16),)),
        (["30..40", "1..2"], (Range(1, 2), Range(30, 40))),
    ],
)
def test_upgrade_paths_are_read(texts: list[str] | None, found: tuple[Range, ...] | None) -> None:
    assert read_bases(texts) == found


@pytest.mark.parametrize("wrong", [("x",), ("1..",), ("5..4",), ("none", "1"), ("1..5", "5..6")])
def test_an_upgrade_path_that_is_none_is_refused(desk: Path, wrong: tuple[str, ...]) -> None:
    options = [word for text in wrong for word in ("--from", text)]
    assert zota("catalogue", "add", "ppmid.ota", *options).code == 2
    assert not Path("catalogue").exists()


@pytest.mark.parametrize("option", ["--override", "--allow-clash", "--by"])
def test_a_blank_word_is_no_word(desk: Path, option: str) -> None:
    Path("broken.ota").write_bytes(ota()[:-16] + bytes(16))
    Path("rival.ota").write_bytes(ota(b"rival"))
    zota("catalogue", "add", "ppmid.ota")
    file = "broken.ota" if option == "--override" else "rival.ota"
    assert zota("catalogue", "add", file, option, " ").code == 2


def test_half_a_hardware_range_is_refused(desk: Path) -> None:
    assert zota("catalogue", "add", "ppmid.ota", "--hw-min", 1).code == 2


def test_somebody_acts_even_where_nobody_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_who("anne") == "anne"
    monkeypatch.setenv("LOGNAME", "berta")
    assert read_who(None) == "berta"


def release(version: int) -> str:
    name = f"{version}.ota"
    Path(name).write_bytes(ota(version=version))
    return name


def test_many_images_are_approved_at_once_and_one_refused_leaves_the_others(desk: Path) -> None:
    names = [release(version) for version in (1, 2, 3)]
    assert zota("catalogue", "add", *names).out.endswith("3 added, 0 listed already, 0 refused\n")
    wanted = [f"121D-0084-0000000{version}" for version in (1, 2, 3, 9)]
    ran = zota("catalogue", "approve", *wanted)
    assert refused(ran, "121D-0084-00000009: not in the catalogue")
    assert ran.out.endswith("3 changed, 1 refused\n")
    withdrawn = zota("catalogue", "withdraw", *wanted[:2], "--reason", "old", "--json")
    assert [one["status"] for one in json.loads(withdrawn.out)] == ["withdrawn", "withdrawn"]
    assert zota("catalogue", "remove", *wanted[:2]).out.endswith("2 removed, 0 refused\n")


def test_an_import_ends_with_a_summary(desk: Path) -> None:
    lines = [{"url": release(1)}, {"url": release(2)}, {"url": "gone.ota"}]
    Path("index.json").write_text(json.dumps(lines))
    ran = zota("catalogue", "import", "index.json")
    assert (ran.code, ran.out.splitlines()[-1]) == (2, "2 added, 0 listed already, 1 refused")
    again = json.loads(zota("catalogue", "import", "index.json", "--json").out)
    assert again["summary"] == {"added": 0, "known": 2, "refused": 1}
    assert [note["file"] for note in again["notes"]] == ["1.ota", "2.ota"]


def test_an_export_says_what_zigbee2mqtt_needs_before_it_finds_the_files(desk: Path) -> None:
    zota("catalogue", "add", "ppmid.ota")
    zota("catalogue", "approve", NAME)
    ran = zota("catalogue", "export", "out")
    assert (ran.code, ran.err) == (0, "")
    assert "zigbee2mqtt finds these updates, and then looks for their files in its own" in ran.out
    served = json.loads(
        zota("catalogue", "export", "there", "--base-url", "http://x.org/ota", "--json").out
    )
    assert served["hints"] == []


def test_a_narrow_terminal_gets_whole_names_versions_and_words(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    zota("catalogue", "add", "ppmid.ota", "--from", "0x10..0x20", "--from", "0x1000000..0x1010101")
    everything = Catalogue(Path("catalogue")).entries()
    print_list(everything, everything, Room(80, 24), whole=False)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].startswith(f"{NAME}  draft      {everything[0].sha256[:12]}")
    shown = " ".join(line.strip() for line in lines[1:])
    assert "0x00000010..0x00000020, 0x01000000..0x01010101  ppmid 1 of 1 image" in shown
    print_list(everything, everything, Room(None, None), whole=False)
    assert len(capsys.readouterr().out.splitlines()) == 2
