"""Images, what is in them, and what stands beside them: indexes, baselines, settings, records."""

import json
import os
import random
from contextlib import suppress
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Final
from xml.etree import ElementTree
from zlib import crc32

from images import Expectations, ImageError, OtaImage, Profile, Report, lint, parse
from images.catalogue import Terms, draft, read_listings, read_record, write_record
from images.comparison import compare
from images.errors import JudgingError
from images.judging import settings
from images.manifest import Manifest, parse_manifest
from images.payloads import examine
from images.payloads.entropy import bits_per_byte, fill_byte
from images.repair import extract, fix, strip, unwrap
from images.rules import lint_manifest
from images.rules.html import as_html
from images.rules.junit import as_junit
from images.rules.policy import Known, read_baseline, write_baseline
from images.rules.report import as_json, as_text
from images.rules.sarif import as_sarif
from images.rules.vendors import VENDORS
from images.smart_energy import SUITES, find_certificate, find_signature, verify_signature
from images.smart_energy_signing import finish, prepare
from ota_engine.cli import image_facts
from targets.target import Target
from tests.images import firmware
from tests.images.repository_cases import OTHER, RIGHT
from tests.images.smart_energy import SUITE_1, SUITE_2, issue, signed_image
from tests.images.test_containers import ikea, legrand, third_reality
from tests.images.test_lint import CASES
from tests.images.test_manifest import Z2M, ZIGPY

REPORTS: Final = tuple(f"images.rules.{name}" for name in ("html", "junit", "report", "sarif"))
CATALOGUE: Final = tuple(f"images.catalogue.{name}" for name in ("listings", "paths", "records"))
PROFILES: Final = (None, *Profile)
VERIFIED: Final = 64
RETRACTED: Final = frozenset((bytes(32),))


@cache
def image_seeds() -> tuple[bytes, ...]:
    """A file per rule, wrappers and signed images."""
    broken = [case.data for case in CASES if len(case.data) < 1 << 15]
    signed = [signed_image(issue(suite)) for suite in (SUITE_1, SUITE_2)]
    return tuple(dict.fromkeys((*broken, ikea(), legrand(), third_reality(), *signed)))


def payload_seeds() -> tuple[bytes, ...]:
    """Firmware of the makers known."""
    made = (firmware.gbl(), firmware.ebl(), firmware.mcuboot(signed=True), firmware.esp())
    inside = (bytes(parse(data).body)[6:] for data in image_seeds() if _parsed(data) is not None)
    return (*made, *dict.fromkeys(data for data in inside if data))


def manifest_seeds() -> tuple[bytes, ...]:
    """Indexes in both forms."""
    forms: tuple[object, ...] = (
        [Z2M],
        {"firmwares": [ZIGPY]},
        [Z2M, {**Z2M, "fileName": "b.ota"}],
        [],
    )
    return tuple(json.dumps(form).encode() for form in forms)


def baseline_seeds() -> tuple[bytes, ...]:
    """Baselines as we write them."""
    found = lint(b"no image")
    return (write_baseline([("a.ota", found)]).encode(), write_baseline([]).encode())


def settings_seeds() -> tuple[bytes, ...]:
    """A zota.toml with everything in it, and an empty one."""
    text = """[image]
profile = "se"
select = ["ZOTA0"]
ignore = [{ rule = "ZOTA037", files = "old/*", reason = "released before" }]
expect = { manufacturer = 0x121D, manufacturers = [1], bcd = true, hash = "00", ca-eui64 = "1" }

[[image.files]]
files = "ppmid/*"
profile = "vendor:ikea"
expect = { type = 0x0084, ca-key = "ca.hex", manifest = "index.json" }
"""
    return (text.encode(), b"")


def _parsed(data: bytes) -> OtaImage | None:
    try:
        return parse(data)
    except ImageError:
        return None


def parsing(data: bytes) -> None:
    """``parse`` gives the file back as it was, says one line, and never looks beyond the file."""
    try:
        image = parse(data)
    except ImageError as error:
        assert error.reason and "\n" not in error.reason
        assert error.offset is None or 0 <= error.offset <= len(data)
        return
    assert image.serialise() == data
    assert 0 <= image.offset <= image.offset + len(image.ota) <= len(data)
    assert all(len(element.data) <= element.length for element in image.elements)
    json.dumps(image_facts.as_json("x", image))


def linting(data: bytes) -> None:
    """``lint`` judges anything under any profile; its places lie in the file."""
    draw = random.Random(crc32(data))
    chosen = Expectations(
        manufacturer_code=0x121D,
        previous_version=draw.randrange(1 << 32),
        device_hardware=0x0100,
        bcd_version=True,
        slot_size=1000,
        block_size=draw.choice((None, 1, 50, 63)),
        manifest=Manifest((RIGHT, OTHER)),
        retracted=RETRACTED,
    )
    judged = draw.choice((*PROFILES, *VENDORS))  # one at a time, as told by the input
    if isinstance(judged, str) and judged in VENDORS:
        _sound(lint(data, vendor=judged), len(data))
    else:
        _sound(lint(data, profile=judged, name=RIGHT.name, expect=chosen), len(data))


def _sound(report: Report, size: int) -> None:
    for finding in report.findings:
        assert finding.message and finding.why and "\n" not in finding.message
        assert finding.offset is None or 0 <= finding.offset <= size, finding


def reporting(data: bytes) -> None:
    """Every form of a report is well formed, whatever the file and its name hold; one at a time."""
    name = data[-20:].decode("utf-8", "surrogateescape").replace("/", "").replace("\0", "")
    files = [(name, lint(data, name=name))]
    seen = [(image_facts.visible(path), report) for path, report in files]
    match crc32(data) % 6:
        case 0:
            json.loads(json.dumps(as_sarif(files, "0")))
        case 1:
            json.loads(json.dumps(as_json(files[0][1])))
        case 2:
            ElementTree.fromstring(as_junit(seen, [(name, name)]))  # noqa: S314 - our own output
        case 3:
            HTMLParser().feed(as_html(seen, [(name, name)]).encode().decode())
        case 4:
            for line in as_text(files[0][1]):
                image_facts.visible(line).encode()
        case _:
            known = read_baseline(write_baseline(files).encode("utf-8", "surrogatepass"))
            assert all(isinstance(entry, Known) for entry in known)


def repairing(data: bytes) -> None:
    """What is rewritten parses again; mending twice changes nothing more."""
    image = _parsed(data)
    if image is None:
        return
    with suppress(ImageError):
        fixed = fix(image)
        again = fix(parse(fixed.data))
        assert again == (fixed.data, ()), again.changes
    for rewrite in (unwrap, strip):
        with suppress(ImageError):
            assert parse(rewrite(image)).container is None
    for tag in (None, 0, 0xF000):
        with suppress(ImageError):
            extract(image, tag)
    for suite in SUITES:
        with suppress(ImageError):
            signed = parse(finish(prepare(image, suite, issue(suite).certificate), 1, 1))
            assert find_signature(signed, suite) and find_certificate(signed, suite)
            assert not signed.truncated and signed.trailing is None


def comparing(data: bytes) -> None:
    """Two files compare, whatever they are; a file does not differ from itself."""
    image = _parsed(data)
    if image is None:
        return
    assert compare(image, image) == ()
    compare(image, parse(image_seeds()[-1]))
    compare(parse(image_seeds()[-1]), image)


def examining(data: bytes) -> None:
    """Payload formats: what is found lies in the payload."""
    view = memoryview(data)
    found = examine(view)
    if found is not None:
        assert all(0 <= defect.offset <= len(data) for defect in found.defects), found
        assert not (found.checked and any(defect.grave for defect in found.defects))
    assert 0.0 <= bits_per_byte(view) <= 8.0
    assert (fill_byte(view) is None) == (len(set(data)) != 1)


def verifying(data: bytes) -> None:
    """Smart Energy signatures: a verdict or an ``ImageError``; only what was signed is right.

    Binary curves in Python cost 20 ms, so one input in so many is verified, as told by itself.
    """
    image = _parsed(data)
    if image is None:
        return
    lint(data, profile=Profile.SE)
    for suite in SUITES:
        with suppress(ImageError):
            find_certificate(image, suite), find_signature(image, suite)
    if crc32(data) % VERIFIED:
        return
    for suite in SUITES:
        ca_key = issue(suite).ca_key
        lint(data, profile=Profile.SE, expect=Expectations(ca_key=ca_key))
        signature, certificate = find_signature(image, suite), find_certificate(image, suite)
        if signature is None or certificate is None:
            continue
        with suppress(ImageError):
            right = verify_signature(image, signature, certificate, ca_key)
            assert not right or bytes(image.ota) in signed_seeds(), "forged"


@cache
def signed_seeds() -> tuple[bytes, ...]:
    """Rightly signed images."""
    return tuple(signed_image(issue(suite)) for suite in SUITES)


def indexing(data: bytes) -> None:
    """Indexes: entries without folders in their names, or one line."""
    try:
        entries = parse_manifest(data)
    except ImageError as error:
        assert error.reason and "\n" not in error.reason
        return
    assert all("/" not in entry.name and "\\" not in entry.name for entry in entries)
    lint_manifest(entries, ["a.ota"])
    lint(image_seeds()[0], name="a.ota", expect=Expectations(manifest=Manifest(entries)))


def record_seeds() -> tuple[bytes, ...]:
    """What a catalogue keeps of an image, and the indexes it may be taken over from."""
    entry = draft(image_seeds()[-1], Terms(models=("lamp",), bases=()), "here", "a.ota").entry
    record = json.loads(write_record(entry))
    own = {"zota_catalogue": 1, "images": [{"file": "a.ota", **record}]}
    return (write_record(entry), json.dumps(own).encode(), *manifest_seeds())


def cataloguing(data: bytes) -> None:
    """Records and indexes of a catalogue: places below the folder, texts to show, or one line."""
    with suppress(ImageError):
        entry = read_record(data)
        assert read_record(write_record(entry)) == entry
    try:
        listings = read_listings(data)
    except ImageError as error:
        assert error.reason.isprintable()
        return
    for listing in listings:
        assert listing.problem.isprintable()
        names = {name for parts in listing.places for name in parts}
        assert not names & {"", ".", ".."} and not set("".join(names)) & set("/\\\0:"), names


def knowing(data: bytes) -> None:
    """Baselines: what is read can be asked for."""
    with suppress(ImageError):
        assert isinstance(read_baseline(data), frozenset)


def setting(data: bytes) -> None:
    """Settings: a zota.toml of any bytes gives settings or one line."""
    file = _file()
    os.truncate(file, 0)
    os.pwrite(file, data, 0)
    with suppress(ImageError, JudgingError, OSError):
        settings.load(Path(f"/proc/self/fd/{file}")).for_file("a.ota")


@cache
def _file() -> int:
    """A file in memory: a folder for each input would take most of its time."""
    return os.memfd_create("zota.toml")


FILE: Final = ("containers", "elements", "header", "layout", "model", "shapes")
TARGETS: Final = {
    "parse": Target(image_seeds, parsing, tuple(f"images.{name}" for name in FILE)),
    "lint": Target(image_seeds, linting, ("images.rules", "images.vendors"), 6),
    "report": Target(image_seeds, reporting, REPORTS, 4),
    "repair": Target(image_seeds, repairing, ("images.repair", "images.building")),
    "compare": Target(image_seeds, comparing, ("images.comparison",)),
    "payload": Target(payload_seeds, examining, ("images.payloads",)),
    "signature": Target(image_seeds, verifying, ("images.smart_energy", "images.binary_curves")),
    "manifest": Target(manifest_seeds, indexing, ("images.manifest", "images.strict_json"), 1),
    "catalogue": Target(record_seeds, cataloguing, CATALOGUE, 1),
    "baseline": Target(baseline_seeds, knowing, ("images.rules.policy",), 1),
    "settings": Target(settings_seeds, setting, ("images.judging.settings",), 1),
}
