"""Fault 38: the two ends are of different versions of a standard; they agree, or one line says why not.

Dongles of every EZSP version are in ``tests/emulators/ncp/test_bellows.py``, databases of other versions in
``tests/store/test_open.py``; here are clients, files, DUIS and gateways.
"""

import struct
from dataclasses import replace

import pytest

from emulators.platform.profiles import PROFILES
from images.rules import Severity, lint
from ota_engine.duis.reading import read_request
from ota_engine.duis.refusals import StructureRefused
from ota_engine.duis.writing import write_request
from ota_engine.gateway.wire import agreed
from ota_engine.gateway.wire_shapes import WireError
from ota_engine.records import SessionState
from tests.emulators.dialogue import image, spec
from tests.emulators.street import Street
from tests.head_end.duis.lab import inventory, tree

HOUR = 3600.0
CONTENT = image(3000)
REVISIONS = (None, 1, 2, 3, 4, 5, 0xFFFF)  # of cluster 0x0019, attribute 0xFFFD
RULE = "ZOTA003"
VERSION_AT = 4  # octets of an OTA file before its header version
VERSIONS = tuple(range(5))  # of the gateways' protocol


@pytest.mark.parametrize("pages", [False, True])
@pytest.mark.parametrize(
    "vendor",
    [pytest.param(name, marks=[] if name == "lab" else pytest.mark.heavy) for name in PROFILES],
)
@pytest.mark.parametrize("revision", REVISIONS)
def test_a_client_of_any_cluster_revision_gets_the_same_image(
    revision: int | None, vendor: str, pages: bool
) -> None:
    street = Street(
        spec(timers=PROFILES[vendor], cluster_revision=revision, page_mode=pages), seed=3
    )
    street.assign(CONTENT)
    street.power_on()
    street.run(30 * HOUR)
    assert street.states() == [SessionState.UPDATED]
    assert street.devices[0].flash.running_content() == CONTENT


@pytest.mark.parametrize(
    "version", [0x0000, 0x0001, 0x00FF, 0x0100, 0x0101, 0x01FF, 0x0200, 0xFFFF]
)
def test_a_file_of_another_header_version_is_read_and_found_fault_with(version: int) -> None:
    octets = bytearray(CONTENT)
    struct.pack_into("<H", octets, VERSION_AT, version)
    found = [one for one in lint(bytes(octets)).findings if one.rule == RULE]
    if version == 0x0100:
        assert found == []
    else:
        (one,) = found
        same_major = version >> 8 == 1
        assert one.severity is (Severity.WARNING if same_major else Severity.ERROR)
        assert one.actual == f"{version:#06x}"


@pytest.mark.parametrize("minor", [*range(10), 10, 42, 99])
def test_a_request_of_any_duis_5_is_read_and_written_in_its_own_version(minor: int) -> None:
    asked = replace(inventory(), schema_version=f"5.{minor}")
    assert read_request(write_request(asked)).schema_version == f"5.{minor}"


@pytest.mark.parametrize(
    "version",
    ["0", "1.0", "4.9", "5", "5.", "5.100", "5.4.1", "5,4", "6.0", "15.4", "-5.4", "\u0665.\u0664"],
)
def test_a_request_of_another_duis_is_refused_in_one_line_that_says_what_is_read(
    version: str,
) -> None:
    root = tree(inventory())
    root.set("schemaVersion", version)
    with pytest.raises(StructureRefused, match=r"versions 5\.0 to 5\.99 are read") as refused:
        read_request(root)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "gateway", [range(first, last) for last in VERSIONS for first in range(last)]
)
@pytest.mark.parametrize(
    "head_end", [range(first, last) for last in VERSIONS for first in range(last)]
)
def test_gateway_and_head_end_agree_on_the_newest_that_both_speak_or_say_who_is_too_old(
    head_end: range, gateway: range
) -> None:
    both = {*head_end} & {*gateway}
    if both:
        assert agreed(head_end, gateway) == max(both)
        return
    older = "the gateway" if gateway[-1] < head_end[-1] else "the head end"
    with pytest.raises(WireError, match=f"upgrade {older}$") as refused:
        agreed(head_end, gateway)
    assert "\n" not in str(refused.value)
