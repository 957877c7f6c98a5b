"""Shards, workers and their merging: the partition must not matter, and nothing may be lost unseen."""

import json
from dataclasses import replace
from typing import Any

import pytest

from emulators.devices.kinds import kind_of
from emulators.platform.spec import AnswersFor
from emulators.simulation.faults import FaultKind
from emulators.simulation.oracle import DeviceVerdict
from emulators.simulation.population import MIX, given_firmware, populate, sample_firmware
from emulators.soak.processes import read_line, run_shards
from emulators.soak.report import report
from emulators.soak.soak import SoakSpec, merge, plan_of, replay_command, run_shard
from images import ImageSpec, build, parse
from ota_engine.errors import LocalError

SPEC = SoakSpec(devices=510, hours=0.02, seed=5, faults="mild", image_size=1024)  # three shards


def test_neither_processes_nor_order_matter() -> None:
    one = merge(SPEC, run_shards(SPEC, 1), 1.0)
    two = merge(SPEC, run_shards(SPEC, 2), 2.0)
    assert one.missing == two.missing == ()
    assert one.journal_sha256 == two.journal_sha256
    assert one.summary() | {"wall_seconds": 0, "blocks_per_second": 0} == two.summary() | {
        "wall_seconds": 0,
        "blocks_per_second": 0,
    }


def test_a_shard_in_this_process_is_the_shard_of_a_worker() -> None:
    spec = SoakSpec(devices=4, hours=1, seed=5, faults="harsh", image_size=1024)
    here = run_shard(spec, 0, spec.firmware())
    assert run_shards(spec, 1)[0] == json.loads(json.dumps(here))


@pytest.mark.soak
@pytest.mark.parametrize(("seed", "shard"), [(900_011, 3)])
def test_no_shard_that_once_ended_in_error_does_so_again(seed: int, shard: int) -> None:
    spec = SoakSpec(devices=1000, hours=24, seed=seed, faults="harsh")
    ended = run_shard(spec, shard, spec.firmware())
    assert ended["telling"] == {"lost": (), "doubled": ()}
    assert DeviceVerdict.WRONG_IMAGE not in {one["verdict"] for one in ended["judgements"]}


def test_the_partition_depends_on_the_devices_alone() -> None:
    assert [SoakSpec(n, 1, 1).shards for n in (1, 250, 251, 1000)] == [1, 1, 2, 4]


@pytest.mark.parametrize(
    "line",
    [
        *(b"", b"null", b"[]", b"{}", b'{"result": {}}', b'{"progress": 3}'),
        b'{"result": {"shard": 1, "virtual_seconds": 1, "blocks": 1}}',
    ],
)
def test_what_is_no_report_is_not_believed(line: bytes) -> None:
    assert read_line(line) is None


def test_progress_is_read() -> None:
    said = read_line(b'{"progress": [2, 60.5, 7]}')
    assert said == (2, 60.5, 7, None, 0.0)


def shard_with(
    verdict: DeviceVerdict,
    reason: str,
    audit: str | None = None,
    lost: tuple[str, ...] = (),
    doubled: tuple[str, ...] = (),
) -> dict[str, Any]:
    spec = SoakSpec(devices=1, hours=0.1, seed=5, image_size=1024)
    part = run_shard(spec, 0, spec.firmware())
    part["judgements"][0]["verdict"] = verdict
    part["judgements"][0]["reason"] = reason
    part["audit_fault"] = audit
    part["telling"] = {"lost": list(lost), "doubled": list(doubled)}
    return part


@pytest.mark.parametrize(
    ("verdict", "reason", "audit", "good"),
    [
        (DeviceVerdict.UPDATED, "", None, True),
        (DeviceVerdict.FAILED, "refused", None, True),
        (DeviceVerdict.STUCK, "stalled: not heard", None, True),
        (DeviceVerdict.STUCK, "", None, False),
        (DeviceVerdict.FAILED, "", None, False),
        (DeviceVerdict.WRONG_IMAGE, "other octets", None, False),
        (DeviceVerdict.UPDATED, "", "row 3 was edited", False),
    ],
)
def test_a_soak_is_good_when_nothing_is_wrong_missing_or_unexplained(
    verdict: DeviceVerdict, reason: str, audit: str | None, good: bool
) -> None:
    spec = SoakSpec(devices=1, hours=0.1, seed=5, image_size=1024)
    result = merge(spec, {0: shard_with(verdict, reason, audit)}, 1.0)
    assert result.good is good
    page = report(result)
    assert ("every end explained" in page) is good
    assert reason in page


@pytest.mark.parametrize(("lost", "doubled"), [(("no end",), ()), ((), ("two ends",))])
def test_a_soak_that_tells_of_an_end_never_or_twice_is_not_good(
    lost: tuple[str, ...], doubled: tuple[str, ...]
) -> None:
    spec = SoakSpec(devices=1, hours=0.1, seed=5, image_size=1024)
    part = shard_with(DeviceVerdict.UPDATED, "", lost=lost, doubled=doubled)
    result = merge(spec, {0: part}, 1.0)
    assert not result.good
    assert (result.summary()["lost_outcomes"], result.summary()["doubled_outcomes"]) == (
        len(lost),
        len(doubled),
    )
    assert f"outcome is {'lost' if lost else 'doubled'}: {(lost + doubled)[0]}" in report(result)


def test_what_a_device_says_cannot_break_the_report() -> None:
    spec = SoakSpec(devices=1, hours=0.1, seed=5, image_size=1024)
    result = merge(spec, {0: shard_with(DeviceVerdict.FAILED, "<script>alert(1)</script>")}, 1.0)
    assert "<script>" not in report(result)


def test_a_report_without_any_shard_still_says_what_is_missing() -> None:
    assert "3 shard(s) missing: 0, 1, 2" in report(merge(SPEC, {}, 1.0))


def test_a_result_that_claims_another_shard_is_not_taken() -> None:
    spec = SoakSpec(devices=1, hours=0.1, seed=5, image_size=1024)
    part = run_shard(spec, 0, spec.firmware()) | {"shard": 4}
    assert merge(spec, {0: part}, 1.0).missing == (0,)


def test_the_replay_command_names_all_that_matters() -> None:
    spec = SoakSpec(10, 2.5, 3, "harsh", "trio", 4096)
    assert replay_command(spec) == (
        "zota soak --devices 10 --hours 2.5 --image-size 4096 --seed 3 --faults harsh --shell trio"
    )
    assert replay_command(replace(spec, chips=0.25)).endswith("--shell trio --chips 0.25")


@pytest.mark.parametrize("size", [85, 1000, 131072])
def test_sample_images_have_exactly_the_size_asked_for(size: int) -> None:
    firmware = sample_firmware(size, seed=1)
    assert {len(data) for data in firmware.new.values()} == {size}
    assert {parse(data).header.image_type for data in firmware.new.values()} == set(firmware.new)


def test_the_neighbourhood_holds_every_kind_and_sleepers_and_batteries() -> None:
    members = populate(100, sample_firmware(1000, seed=1), seed=1)
    assert {member.spec.kind for member in members} == {resident.kind for resident in MIX}
    assert {member.placement.relays for member in members} == {0, 1, 2}
    assert any(member.spec.sleepy for member in members)
    assert all((member.on_mains_at is not None) == member.spec.battery for member in members)
    assert len({member.spec.eui64 for member in members}) == 100


def test_an_empty_file_is_no_firmware() -> None:
    with pytest.raises(LocalError, match="not a firmware"):
        given_firmware(b"")


def test_a_cut_ota_file_is_no_firmware() -> None:
    with pytest.raises(LocalError, match="shorter than its header says"):
        given_firmware(next(iter(sample_firmware(1000, seed=1).new.values()))[:-1])


def test_a_share_of_the_devices_has_a_second_chip_and_nothing_else_changes() -> None:
    firmware = sample_firmware(4096, seed=1, chips=True)
    plain = populate(200, firmware, seed=1)
    with_chips = populate(200, firmware, seed=1, chips=0.5)
    bare = [
        replace(
            member,
            spec=replace(member.spec, chips=(), answers_for=AnswersFor.FIRST, takes_turns=False),
        )
        for member in with_chips
    ]
    assert bare == plain
    chips = [(member.spec, chip) for member in with_chips for chip in member.spec.chips]
    assert 50 < len(chips) < 110
    assert {chip.endpoint for _, chip in chips} == {None, 2}
    assert {chip.file_version == spec.file_version for spec, chip in chips} == {True, False}
    assert not any(kind_of(spec).commanded for spec, _ in chips)
    assert {part.image_type for spec, _ in chips for part in spec.parts} <= set(firmware.new)


@pytest.mark.parametrize("integrity", [False, True])
def test_devices_want_the_integrity_code_that_their_makers_file_has(integrity: bool) -> None:
    plain = ImageSpec(manufacturer_code=0x1001, image_type=7, file_version=2, integrity=integrity)
    firmware = given_firmware(build(bytes(range(200)), plain))
    members = populate(20, firmware, seed=1, oddities=True)
    assert {member.spec.options.wants_integrity for member in members} == {integrity}
    spec = SoakSpec(devices=20, hours=24 * 30, seed=1, faults="harsh")
    struck = {fault.kind for fault in plan_of(spec, 0, members).faults}
    assert (FaultKind.GARBLING in struck) == integrity


def test_devices_of_made_up_firmware_want_its_integrity_code() -> None:
    members = populate(100, sample_firmware(1000, seed=1), seed=1, oddities=True)
    assert all(member.spec.options.wants_integrity for member in members)


def test_second_chips_cannot_be_given_the_one_ota_file() -> None:
    ota = sample_firmware(4096, seed=1).new[0x0084]
    with pytest.raises(LocalError, match="one chip of a device"):
        given_firmware(ota, chips=True)
    assert 0x0184 in given_firmware(b"bare firmware", chips=True).new


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_a_share_of_second_chips_lies_between_none_and_all(share: float) -> None:
    with pytest.raises(LocalError, match="share from 0 to 1"):
        SoakSpec(devices=1, hours=1, seed=1, chips=share)


def test_the_headline_says_how_many_wait_because_a_clock_was_set_back() -> None:
    part = shard_with(DeviceVerdict.STUCK, "scheduled: the wall clock was set back 40000 s")
    part["judgements"][0]["by_clock"] = True
    result = merge(SoakSpec(devices=1, hours=0.1, seed=5, image_size=1024), {0: part}, 1.0)
    page = report(result)
    assert "1 of 1 device was not updated: it says why below." in page
    assert "1 of them waits for a time of day: the wall clock was set back." in page
    assert result.summary()["held_by_clock"] == 1
