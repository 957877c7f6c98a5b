import json
import os
from collections.abc import Callable
from hashlib import sha256, sha512
from pathlib import Path

import pytest

from tests.cli.zota import zota
from tests.images.samples import FIRMWARE, SHARED, element, gb, ota, plain
from tests.images.security_cases import CA, SIGNED_1, coded
from tests.images.smart_energy import SUITE_1

GOOD, WARNING, BAD = coded(), plain(file_version=0), plain()[:-5]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of images below a folder, with a read-me beside them."""
    below = tmp_path / "images" / "vendor"
    below.mkdir(parents=True)
    (below / "good.ota").write_bytes(GOOD)
    (below.parent / "readme.md").write_text("# Images", encoding="utf-8")
    return below.parent


@pytest.mark.parametrize(
    ("data", "options", "code"),
    [
        (GOOD, (), 0),
        (GOOD, ("--strict",), 0),
        (WARNING, (), 0),
        (WARNING, ("--strict",), 1),
        (BAD, (), 2),
        (BAD, ("--strict",), 2),
        (b"", (), 2),
        (b"no image", (), 2),
        (gb(), (), 0),
        (gb(), ("--profile", "zcl"), 2),
        (plain(), ("--profile", "gb"), 2),
        (plain(), ("--profile", "se"), 2),
        (plain(), ("--profile", "vendor:ikea"), 2),
        (plain(), ("--slot-size", "0x100"), 2),
        (GOOD, ("--profile", "vendor:telink", "--strict"), 0),
        (plain(), ("--ca-eui64", "00:00:00:00:00:00:00:01"), 2),
        (plain(), ("--select", "ZOTA028"), 2),
        (plain(), ("--block-size", "26", "--strict"), 1),
        (plain(), ("--expect-manufacturer", "0x1234"), 2),
        (plain(), ("--previous-version", "0x01020304", "--strict"), 1),
        (gb(), ("--expect-hash", "00" * 32), 2),
        (ota(b""), ("--null-image",), 0),
    ],
)
def test_exit_codes(tmp_path: Path, data: bytes, options: tuple[str, ...], code: int) -> None:
    path = tmp_path / "x.ota"
    path.write_bytes(data)
    assert zota("image", "validate", path, *options).code == code


def test_a_missing_file_is_unreadable_and_the_others_are_still_judged(folder: Path) -> None:
    ran = zota("image", "validate", folder, folder / "none.ota")
    assert ran.code == 3
    assert "none.ota: No such file" in ran.err
    assert "good.ota" in ran.out


def test_folders_are_walked_and_what_is_no_image_is_skipped(folder: Path) -> None:
    ran = zota("image", "validate", folder, "--format", "json")
    report = json.loads(ran.out)
    assert ran.code == 0
    assert [one["path"] for one in report["files"]] == [str(folder / "vendor" / "good.ota")]
    assert report["skipped"] == [str(folder / "readme.md")]


def test_a_file_named_like_an_image_is_never_skipped(folder: Path) -> None:
    (folder / "broken.zigbee").write_bytes(b"rubbish")
    assert zota("image", "validate", folder).code == 2


def test_a_file_named_by_the_user_is_never_skipped(folder: Path) -> None:
    assert zota("image", "validate", folder / "readme.md").code == 2


def test_an_image_under_any_name_is_found(folder: Path) -> None:
    (folder / "firmware.dat").write_bytes(BAD)
    assert zota("image", "validate", folder).code == 2


def test_symbolic_links_in_circles_are_walked_once(folder: Path) -> None:
    (folder / "vendor" / "again").symlink_to(folder)
    (folder / "broken").symlink_to(folder / "broken")
    report = json.loads(zota("image", "validate", folder, "--json").out)
    assert [Path(one["path"]).name for one in report["files"]] == ["good.ota"]
    assert [Path(one["path"]).name for one in report["unreadable"]] == ["broken"]


def test_a_file_given_twice_is_judged_once_and_never_skipped(folder: Path) -> None:
    readme = folder / "readme.md"
    report = json.loads(zota("image", "validate", folder, readme, readme, "--json").out)
    assert sorted(Path(one["path"]).name for one in report["files"]) == ["good.ota", "readme.md"]


def test_a_fifo_in_a_folder_is_left_alone(folder: Path) -> None:
    os.mkfifo(folder / "pipe.ota")
    assert zota("image", "validate", folder).code == 0


def test_json_reports_every_finding_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "x.ota"
    path.write_bytes(BAD)
    report = json.loads(zota("image", "validate", path, "--format", "json").out)
    assert list(report) == ["summary", "files", "unreadable", "skipped", "made"]
    assert report["summary"]["errors"] == report["files"][0]["errors"] == 1
    finding = report["files"][0]["findings"][0]
    assert (finding["rule"], finding["severity"], finding["offset"]) == ("ZOTA006", "error", 257)


def test_text_shows_problems_and_with_verbose_information_too(tmp_path: Path) -> None:
    path = tmp_path / "x.ota"
    path.write_bytes(ota(element(0, FIRMWARE), stack=3))
    out = zota("image", "validate", path).out
    assert "ZOTA018" in out
    assert "ZOTA017" not in out
    assert "ZOTA017" in zota("image", "validate", path, "--verbose").out


def test_a_hostile_header_string_or_name_never_reaches_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "x\x1b]0;owned\x07.ota"
    path.write_bytes(plain(string=b"\x1b[2J"))
    ran = zota("image", "validate", path, "--verbose")
    assert ran.code == 0
    assert "\x1b" not in ran.out + ran.err


def test_a_long_run_speaks_up_now_and_then_where_there_is_no_terminal(folder: Path) -> None:
    for number in range(200):
        (folder / f"{number}.ota").write_bytes(GOOD)
    ran = zota("image", "validate", folder)
    assert ran.code == 0
    assert 5 <= ran.err.count("files checked") <= 15


def test_a_hash_that_is_none_is_a_usage_error(tmp_path: Path) -> None:
    ran = zota("image", "validate", tmp_path, "--expect-hash", "abc")
    assert ran.code == 2
    assert "64 hex digits" in ran.err


@pytest.mark.parametrize("names", [(), ("readme.md",)])
def test_a_folder_without_images_passes_nothing(
    folder: Path, tmp_path: Path, names: tuple[str, ...]
) -> None:
    """A wrong folder in a script would be judged sound for ever."""
    other = tmp_path / "other"
    other.mkdir()
    for name in names:
        (other / name).write_text("# Images", encoding="utf-8")
    ran = zota("image", "validate", folder, other)
    assert ran.code == 3
    assert ran.err == (
        f"zota: {other}: no OTA file in it, nothing was judged: name the folder that holds them\n"
    )
    report = json.loads(zota("image", "validate", other, "--json").out)
    assert [one["path"] for one in report["unreadable"]] == [str(other)]


def test_a_folder_under_two_names_holds_its_files_under_each(folder: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(folder)
    assert zota("image", "validate", folder, link, folder / "vendor").code == 0


def test_a_link_out_of_a_folder_is_no_image_in_it(folder: Path, tmp_path: Path) -> None:
    links = tmp_path / "links"
    links.mkdir()
    (links / "x.ota").symlink_to(folder / "vendor" / "good.ota")
    ran = zota("image", "validate", links)
    assert ran.code == 3
    assert "not followed, links out of the folder" in ran.out


def test_a_selected_rule_does_not_pass_a_file_that_is_no_image(tmp_path: Path) -> None:
    path = tmp_path / "x.ota"
    path.write_bytes(b"no image")
    ran = zota("image", "validate", path, "--select", "ZOTA041")
    assert ran.code == 2
    assert "ZOTA001" in ran.out


@pytest.mark.parametrize("form", [bytes, lambda octets: octets.hex().encode() + b"\n"])
def test_a_smart_energy_signature_is_verified_with_the_authority_s_key(
    tmp_path: Path, form: Callable[[bytes], bytes]
) -> None:
    (tmp_path / "ca").write_bytes(form(CA[SUITE_1]))
    (tmp_path / "x.ota").write_bytes(SIGNED_1)
    given = ("image", "validate", tmp_path / "x.ota", "--profile", "se", "--ca-key")
    ran = zota(*given, tmp_path / "ca", "--verbose")
    assert ran.code == 0
    assert "signature verified under the CA key" in ran.out
    assert zota(*given, tmp_path / "x.ota").code != 0


def test_an_index_is_compared_with_the_files(tmp_path: Path) -> None:
    index = [{"fileName": "x.ota", "manufacturerCode": 1, "imageType": 2, "fileVersion": 3}]
    (tmp_path / "x.ota").write_bytes(GOOD)
    (tmp_path / "index.json").write_text(json.dumps(index), encoding="utf-8")
    ran = zota("image", "validate", tmp_path / "x.ota", "--manifest", tmp_path / "index.json")
    assert ran.code == 2
    assert "the index states another manufacturer code" in ran.out


def test_withdrawn_files_are_told(tmp_path: Path) -> None:
    (tmp_path / "x.ota").write_bytes(GOOD)
    (tmp_path / "list").write_text(
        f"# withdrawn\n{sha256(GOOD).hexdigest()}  x.ota\n", encoding="utf-8"
    )
    given = ("image", "validate", tmp_path / "x.ota", "--strict", "--retracted")
    assert zota(*given, tmp_path / "list").code == 1
    assert zota(*given, tmp_path / "x.ota").code == 2


@pytest.mark.parametrize("profile", ["nonsense", "vendor:nobody"])
def test_an_unknown_profile_is_a_wrong_call(tmp_path: Path, profile: str) -> None:
    (tmp_path / "x.ota").write_bytes(GOOD)
    assert zota("image", "validate", tmp_path / "x.ota", "--profile", profile).code == 2


@pytest.mark.parametrize("rule", ["ZOTA99", "ZOTA999", "zota006", "6", ""])
def test_to_select_no_rule_is_a_wrong_call_and_never_a_pass(tmp_path: Path, rule: str) -> None:
    (tmp_path / "x.ota").write_bytes(plain()[:-10])
    ran = zota("image", "validate", tmp_path / "x.ota", "--select", rule)
    assert ran.code == 2 and "no rule begins with" in ran.err
    assert len(ran.err.splitlines()) == 1


def listed(folder: Path, *names: str) -> Path:
    """A folder of files below maker/, and an index of them as a published collection writes it."""
    lines = []
    (folder / "maker").mkdir(parents=True)
    for version, name in enumerate(names, 1):
        data = ota(element(0, FIRMWARE), file_version=version)
        (folder / "maker" / name).write_bytes(data)
        lines.append(
            {
                "fileName": name,
                "fileVersion": version,
                "fileSize": len(data),
                "manufacturerCode": 0x121D,
                "imageType": 0x84,
                "sha512": sha512(data).hexdigest(),
                "url": f"https://example.org/collection/maker/{name}",
            }
        )
    index = folder / "index.json"
    index.write_text(json.dumps(lines))
    return index


def test_one_file_is_compared_with_its_line_and_not_blamed_for_the_others(tmp_path: Path) -> None:
    index = listed(tmp_path / "all", "a.ota", "b.ota", "c.ota")
    ran = zota("image", "validate", tmp_path / "all" / "maker" / "a.ota", "--manifest", index)
    assert (ran.code, ran.err) == (0, "")
    alone = tmp_path / "a.ota"
    alone.write_bytes((tmp_path / "all" / "maker" / "a.ota").read_bytes())
    assert zota("image", "validate", alone, "--manifest", index, "--strict").code == 0


def test_a_folder_is_compared_with_the_whole_index(tmp_path: Path) -> None:
    index = listed(tmp_path / "all", "a.ota", "b.ota", "c.ota")
    for folder in (tmp_path / "all", tmp_path / "all" / "maker"):
        ran = zota("image", "validate", folder, "--manifest", index, "--strict")
        assert ran.code == 0, ran.out
    (tmp_path / "all" / "maker" / "b.ota").unlink()
    ran = zota("image", "validate", tmp_path / "all", "--manifest", index)
    assert ran.code == 2
    assert "the index names a file that is not there: b.ota" in ran.out
    assert "1 error," in ran.out


def test_a_line_means_the_file_where_it_says_and_not_another_of_that_name(tmp_path: Path) -> None:
    """A collection keeps an older file of the same name in its archive."""
    index = listed(tmp_path / "all", "a.ota")
    (tmp_path / "all" / "archive").mkdir()
    old = ota(element(0, FIRMWARE), file_version=9)
    (tmp_path / "all" / "archive" / "a.ota").write_bytes(old)
    report = json.loads(
        zota("image", "validate", tmp_path / "all", "--manifest", index, "--json").out
    )
    told = {
        Path(file["path"]).parent.name: [
            one["severity"] for one in file["findings"] if one["rule"] == "ZOTA040"
        ]
        for file in report["files"]
    }
    assert told == {"maker": [], "archive": ["warning"], "all": []}


def test_a_file_the_index_does_not_list_fails_a_strict_run(tmp_path: Path) -> None:
    index = listed(tmp_path / "all", "a.ota")
    new = tmp_path / "new.ota"
    new.write_bytes(ota(element(0, FIRMWARE), image_type=9))
    ran = zota("image", "validate", new, "--manifest", index, "--strict")
    assert ran.code == 1 and "the index does not list this file" in ran.out


def test_links_out_of_a_folder_are_not_followed_and_told(tmp_path: Path) -> None:
    inside, outside = tmp_path / "in", tmp_path / "out"
    for folder in (inside, outside):
        folder.mkdir()
        (folder / "x.ota").write_bytes(plain())
    (inside / "secret.ota").symlink_to(outside / "x.ota")
    (inside / "everything").symlink_to(tmp_path)
    (inside / "again.ota").symlink_to(inside / "x.ota")
    ran = zota("image", "validate", inside)
    assert ran.out.splitlines()[-1].startswith("2 files, ")
    assert "not followed, links out of the folder: " in ran.out
    skipped = json.loads(zota("image", "validate", inside, "--json").out)["skipped"]
    assert skipped == [str(inside / "everything"), str(inside / "secret.ota")]
    assert (
        zota("image", "validate", inside / "secret.ota").out.splitlines()[-1].startswith("1 file")
    )


def test_what_macos_keeps_beside_an_image_is_none(tmp_path: Path) -> None:
    metadata = b"\x00\x05\x16\x07" + bytes(78)
    (tmp_path / "._x.ota").write_bytes(metadata)
    (tmp_path / "x.ota").write_bytes(plain())
    ran = zota("image", "validate", tmp_path)
    assert ran.code == 0 and "1 file, 0 errors" in ran.out and "1 skipped" in ran.out
    named = zota("image", "validate", tmp_path / "._x.ota")
    assert named.code == 2 and "AppleDouble" in named.out


@pytest.mark.parametrize(
    "options", [("--expect-type", "7"), ("--expect-version", "7"), ("--expect-hash", "ab" * 32)]
)
def test_an_expectation_holds_for_any_kind_of_file(
    tmp_path: Path, options: tuple[str, str]
) -> None:
    (tmp_path / "x.ota").write_bytes(plain())
    assert zota("image", "validate", tmp_path / "x.ota", *options).code == 2


def test_a_key_with_nothing_to_verify_does_not_pass(tmp_path: Path) -> None:
    (tmp_path / "ca.hex").write_text(CA[SUITE_1].hex())
    (tmp_path / "x.ota").write_bytes(plain())
    ran = zota("image", "validate", tmp_path / "x.ota", "--ca-key", tmp_path / "ca.hex")
    assert ran.code == 2 and "nothing to verify with the CA key" in ran.out


@pytest.mark.skipif(
    not (SHARED / "field").is_dir(), reason="the cases of ../shared/data/field are not here"
)
def test_a_wrapped_file_of_a_public_collection_is_as_its_index_says() -> None:
    folder = SHARED / "field" / "ikea"
    ran = zota("image", "validate", folder, "--manifest", folder / "index.json", "--strict")
    assert (ran.code, ran.err) == (0, "")
