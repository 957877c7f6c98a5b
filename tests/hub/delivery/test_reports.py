"""What devices say they run: the one thing that makes a session updated."""

from typing import Any

import pytest

from images.catalogue import Terms
from images.catalogue.status import ImageStatus
from images.eui64 import Eui64
from ota_engine.events import LinkDown, SendFailed, SendStatus
from ota_engine.hub.delivery.commands import Abort, AddImage, ApplyNow
from ota_engine.hub.delivery.contacts import ON_ITS_WAY
from ota_engine.hub.delivery.upgrade_end import LONGEST_COUNTDOWN
from ota_engine.hub.kernel.quirks import DEFAULT
from ota_engine.records import Activation, ImageTerms, SessionState, VersionPolicy
from tests.hub.delivery.desk import (
    DEVICE,
    NEW,
    NOBODY,
    OLD,
    UTC,
    Client,
    Desk,
    decoded,
    image,
    offered,
    ready,
    told,
)

#: ImageUpgradeStatus: waiting to upgrade, in countdown, waiting for an external event.
WAITS, COUNTDOWN, HOLDS = 3, 4, 6
BATTERY, MAINS = 0x03, 0x01


def told_to_apply(**wanted: Any) -> tuple[Desk, Client]:
    desk, client = ready(**wanted)
    client.finish()
    assert desk.state() is SessionState.RESTARTING
    return desk, client


def activations(desk: Desk) -> list[tuple[str, str]]:
    return [(verdict, reason) for kind, verdict, reason in desk.outcomes() if kind == "activation"]


# --- after it was told to apply ----------------------------------------------------------------------


def test_sending_the_last_word_makes_nothing_updated() -> None:
    desk, client = told_to_apply()
    client.join()
    desk.wait(100.0)
    assert desk.state() is SessionState.RESTARTING
    assert activations(desk) == []


@pytest.mark.parametrize("asked", [True, False])
def test_the_new_version_reported_makes_it_updated(asked: bool) -> None:
    desk, client = told_to_apply()
    client.join()
    client.report(NEW, asked=asked)
    assert desk.state() is SessionState.UPDATED
    (outcome,) = (one for one in desk.store.outcomes() if one.kind == "activation")
    assert (outcome.verdict, outcome.version_before, outcome.version_after) == (
        "succeeded",
        OLD,
        NEW,
    )
    assert outcome.sha256 == client.image.sha256
    assert outcome.device == DEVICE


def test_the_new_version_in_a_query_makes_it_updated() -> None:
    desk, client = told_to_apply()
    assert client.query(NEW) == NOBODY
    assert desk.state() is SessionState.UPDATED


def test_an_announcing_device_is_asked_what_it_runs() -> None:
    desk, client = told_to_apply()
    desk.sent.clear()
    client.join()
    reads = [frame.payload for _, frame in desk.sent if frame.payload[2] == 0]
    assert reads[0][3:] == bytes.fromhex("02000600fdff07000800")
    assert reads[1][3:] == bytes.fromhex("0700")


def test_a_rollback_is_a_failed_activation_with_the_version_it_fell_back_to() -> None:
    desk, client = told_to_apply()
    client.join()
    client.report(OLD)
    assert desk.state() is SessionState.FAILED
    assert activations(desk) == [("failed", "the device came back with 0x00000100")]
    assert desk.status().version_after == OLD


def test_an_old_version_reported_before_the_restart_proves_nothing() -> None:
    desk, client = told_to_apply()
    client.report(OLD)
    assert desk.state() is SessionState.RESTARTING


def test_an_old_version_with_the_image_still_held_proves_nothing() -> None:
    desk, client = told_to_apply()
    client.join()
    client.report(OLD, HOLDS)
    assert desk.state() is SessionState.RESTARTING


def test_a_query_that_crossed_the_last_word_proves_nothing() -> None:
    desk, client = told_to_apply()
    desk.wait(1.0)
    assert client.query(OLD) == NOBODY
    assert desk.state() is SessionState.RESTARTING


def test_a_query_with_the_old_version_after_the_restart_ends_the_attempt_as_failed() -> None:
    """It is not offered at once what it has just fallen back from; a later query is another attempt."""
    desk, client = told_to_apply()
    desk.wait(30.0)
    assert client.query(OLD) == NOBODY
    assert activations(desk) == []
    desk.wait(ON_ITS_WAY)
    assert activations(desk) == [("failed", "the device came back with 0x00000100")]
    assert (desk.state(), desk.status().attempt) == (SessionState.FAILED, 1)
    desk.wait(300.0)
    assert client.query(OLD) == offered(client.image)
    assert (desk.state(), desk.status().attempt) == (SessionState.OFFERED, 2)


@pytest.mark.parametrize(
    ("policy", "before"), [(VersionPolicy.UPGRADE, OLD), (VersionPolicy.REINSTALL, NEW)]
)
@pytest.mark.parametrize("announces", [False, True])
def test_a_device_that_queries_though_it_holds_the_image_still_is_told_to_apply_again(
    policy: VersionPolicy, before: int, announces: bool
) -> None:
    """The word to apply was lost; the query alone might as well be that of one that has restarted."""
    desk, client = ready(policy=policy, activation=Activation.WAIT)
    client.query(before)
    client.download()
    client.end()
    desk.give(ApplyNow(DEVICE, "test"))
    release = desk.to()[-1]
    desk.wait(300.0)
    if announces:
        client.join()
    assert client.query(before) == NOBODY
    client.report(before, WAITS)
    again = [frame for frame in desk.wait(60.0) if frame.token == release.token]
    assert [decoded(frame) for frame in again] == [told(0, client.image)]
    assert (desk.state(), activations(desk)) == (SessionState.RESTARTING, [])
    client.join()
    client.report(NEW, 0)
    assert activations(desk) == [("succeeded", "the device reports it")]


def test_a_device_that_queries_while_it_counts_down_is_not_told_again() -> None:
    desk, client = told_to_apply()
    desk.wait(30.0)
    client.query(OLD)
    client.report(OLD, COUNTDOWN)
    assert desk.wait(60.0) == []
    assert (desk.state(), activations(desk)) == (SessionState.RESTARTING, [])


def test_a_query_after_the_restart_is_judged_by_the_status_that_follows() -> None:
    desk, client = told_to_apply()
    desk.wait(30.0)
    client.query(OLD)
    client.report(OLD, 0)
    assert activations(desk) == [("failed", "the device came back with 0x00000100")]


def test_a_device_that_announces_itself_behind_its_query_has_time_to_answer_then() -> None:
    desk, client = told_to_apply()
    desk.wait(30.0)
    client.query(OLD)
    desk.wait(ON_ITS_WAY - 1.0)
    client.join()
    desk.wait(ON_ITS_WAY - 1.0)
    assert activations(desk) == []
    desk.wait(1.0)
    assert activations(desk) == [("failed", "the device came back with 0x00000100")]


def test_a_device_that_does_not_come_back_has_failed() -> None:
    desk, _ = told_to_apply()
    limit = LONGEST_COUNTDOWN + DEFAULT.restart_for
    desk.wait(limit - 1.0)
    assert desk.state() is SessionState.RESTARTING
    desk.wait(2.0)
    assert desk.state() is SessionState.FAILED
    assert activations(desk) == [
        ("failed", "the device did not come back after it was told to apply")
    ]


# --- a firmware that reports another version than its file's ----------------------------------------

OTHER = 0x00000777


def expected_to_report(version: int) -> tuple[Desk, Client]:
    desk, client = told_to_apply()
    stated = ImageTerms(client.image.sha256, ImageStatus.APPROVED, Terms(reports=version))
    desk.give(AddImage(client.image, "test", stated))
    client.join()
    return desk, client


def test_the_version_that_is_expected_makes_it_updated_and_it_is_offered_nothing_more() -> None:
    desk, client = expected_to_report(OTHER)
    client.report(OTHER)
    assert desk.state() is SessionState.UPDATED
    assert desk.status().version_after == OTHER
    assert client.query(OTHER) == NOBODY
    assert desk.state() is SessionState.UPDATED


def test_the_version_of_the_file_is_not_enough_where_another_is_expected() -> None:
    desk, client = expected_to_report(OTHER)
    client.report(NEW)
    assert desk.state() is SessionState.FAILED


def test_of_a_device_that_spoke_since_it_is_said_that_it_did_and_when() -> None:
    desk, client = told_to_apply()
    limit = LONGEST_COUNTDOWN + DEFAULT.restart_for
    desk.wait(limit - 40.0)
    client.report_power(1)
    desk.wait(41.0)
    ((verdict, reason),) = activations(desk)
    assert verdict == "failed"
    said = "the device has not told what it runs since it was told to apply; heard 4"
    assert reason.startswith(said)


def test_a_device_given_up_that_comes_back_after_all_is_updated_and_said_to_be() -> None:
    desk, client = told_to_apply()
    desk.wait(86_400.0)
    client.join()
    client.report(NEW)
    assert desk.state() is SessionState.UPDATED
    assert [verdict for verdict, _ in activations(desk)] == ["failed", "succeeded"]


def test_a_reinstall_proves_itself_by_the_restart() -> None:
    desk, client = ready(policy=VersionPolicy.REINSTALL)
    assert client.query(NEW) == offered(client.image)
    client.download()
    client.end()
    client.report(NEW)
    assert desk.state() is SessionState.RESTARTING
    client.join()
    client.report(NEW)
    assert desk.state() is SessionState.UPDATED
    assert client.query(NEW) == NOBODY  # once is enough


def test_an_unknown_version_says_nothing() -> None:
    desk, client = told_to_apply()
    client.join()
    client.report(0xFFFFFFFF)
    assert desk.state() is SessionState.RESTARTING


def test_the_same_report_twice_is_one_outcome() -> None:
    desk, client = told_to_apply()
    client.join()
    for _ in range(3):
        client.report(NEW)
    assert len(activations(desk)) == 1
    assert desk.nudges == 2  # the transfer, the activation


# --- activations from elsewhere ---------------------------------------------------------------------


def test_an_external_activation_is_believed_when_the_device_reports_it() -> None:
    desk, client = ready(activation=Activation.EXTERNAL)
    client.finish()
    client.join()
    client.report(NEW)
    assert desk.state() is SessionState.UPDATED
    assert activations(desk) == [("succeeded", "activated by a command")]


def test_an_external_activation_that_rolled_back_has_failed() -> None:
    desk, client = ready(activation=Activation.EXTERNAL)
    client.finish()
    client.join()
    client.report(OLD, 0)
    assert desk.state() is SessionState.FAILED
    assert activations(desk) == [("failed", "the device came back with 0x00000100")]


def test_a_power_cut_while_it_waits_is_no_rollback() -> None:
    desk, client = ready(activation=Activation.EXTERNAL)
    client.finish()
    client.join()
    client.report(OLD, HOLDS)
    assert desk.state() is SessionState.AWAITING_COMMAND


@pytest.mark.parametrize(
    "wanted", [{"activation": Activation.WAIT}, {"activation": Activation.AT, "at": UTC + 86_400}]
)
def test_an_activation_nobody_ordered_is_audited(wanted: dict[str, Any]) -> None:
    desk, client = ready(**wanted)
    client.finish()
    client.join()
    client.report(NEW)
    assert desk.state() is SessionState.UPDATED
    assert activations(desk) == [("succeeded", "activated without an order from here")]
    (row,) = (row for row in desk.audits() if row.actor == "device")
    assert row.subject == "00-DB-12-34-56-78-90-A0"
    assert desk.engine.counters["activation_without_order"] == 1


def test_an_ordered_activation_is_not_audited_as_unordered() -> None:
    desk, client = told_to_apply()
    client.join()
    client.report(NEW)
    assert not [row for row in desk.audits() if row.actor == "device"]


def test_an_activation_after_an_abort_is_audited_once_and_stays_aborted() -> None:
    desk, client = ready(activation=Activation.WAIT)
    client.finish()
    desk.give(Abort(DEVICE, "wrong file", "test"))
    client.join()
    for _ in range(3):
        client.report(NEW)
    assert desk.state() is SessionState.ABORTED
    assert len([row for row in desk.audits() if row.actor == "device"]) == 1


def test_a_device_that_reports_the_version_before_any_download_is_done() -> None:
    desk, client = ready()
    client.report(NEW)
    assert desk.state() is SessionState.UPDATED
    assert desk.outcomes() == []


def test_a_report_of_a_stranger_changes_nothing() -> None:
    desk, _ = ready()
    Client(desk, Eui64(DEVICE + 1)).report(NEW)
    assert desk.state() is SessionState.ASSIGNED


# --- power -------------------------------------------------------------------------------------------


def test_a_device_on_battery_waits_for_mains_and_says_so() -> None:
    desk, client = ready()
    client.report_power(BATTERY)
    assert desk.status().reason == "waiting for mains"
    client.query()
    assert (desk.state(), desk.status().reason) == (SessionState.OFFERED, "waiting for mains")
    desk.wait(86_400.0)
    assert (desk.state(), desk.status().reason) == (SessionState.OFFERED, "waiting for mains")


def test_battery_with_a_backup_is_battery() -> None:
    desk, client = ready()
    client.report_power(BATTERY | 0x80)
    assert desk.status().reason == "waiting for mains"


def test_mains_says_so_and_has_the_device_notified() -> None:
    desk, client = ready()
    client.report_power(BATTERY)
    client.query()
    desk.wait(10.0)
    desk.sent.clear()
    client.report_power(MAINS)
    assert desk.status().reason == "back on mains; waits for the device to ask"
    client.block(0)
    assert (desk.state(), desk.status().reason) == (SessionState.DOWNLOADING, "")


def test_a_device_that_loses_mains_in_mid_download_stalls_for_want_of_mains() -> None:
    desk, client = ready()
    client.query()
    client.block(0)
    client.report_power(BATTERY)
    desk.wait(600.0)
    assert (desk.state(), desk.status().reason) == (SessionState.STALLED, "waiting for mains")


# --- long silences -----------------------------------------------------------------------------------


def test_a_long_verify_phase_is_not_a_stall() -> None:
    desk, client = ready()
    client.query()
    client.download()
    desk.wait(DEFAULT.verify_for - 10.0)
    assert desk.state() is SessionState.VERIFYING
    assert desk.status().reason == "the device checks the whole image"
    client.end()
    assert desk.state() is SessionState.RESTARTING


def test_a_verify_phase_without_end_is_a_stall_and_its_end_is_still_believed() -> None:
    desk, client = ready()
    client.query()
    client.download()
    desk.wait(DEFAULT.verify_for + 1.0)
    assert desk.state() is SessionState.STALLED
    assert desk.status().reason == "no word since the last block"
    client.end()
    assert desk.state() is SessionState.RESTARTING


def test_a_verify_phase_over_a_restart_of_the_engine_is_watched_too() -> None:
    desk, client = ready()
    client.query()
    client.download()
    desk.restart()
    desk.wait(DEFAULT.verify_for + 1.0)
    assert desk.state() is SessionState.STALLED


def test_fault_14_a_silent_download_stalls_after_its_time_and_goes_on_when_heard() -> None:
    desk, client = ready()
    client.query()
    client.download(until=500)
    desk.wait(119.0)
    assert desk.state() is SessionState.DOWNLOADING
    desk.wait(2.0)
    assert desk.state() is SessionState.STALLED
    assert desk.status().reason == "not heard for 120 s"
    client.download(start=500)
    assert desk.state() is SessionState.VERIFYING


def test_fault_14_a_slow_download_is_not_a_stalled_one() -> None:
    desk, client = ready()
    client.query()
    for offset in range(0, 1000, 50):
        desk.wait(110.0)
        client.block(offset)
    assert not [event for event in desk.events("session") if "stalled" in event.detail]


def test_fault_14_a_vendor_known_to_pause_for_an_hour_is_given_it() -> None:
    desk, client = ready(of=image(manufacturer=0x1209))
    client.query()
    client.block(0)
    desk.wait(3700.0)
    assert desk.state() is SessionState.DOWNLOADING


def test_an_activation_at_its_time_while_nobody_could_tell_is_an_ordered_one() -> None:
    desk, client = ready(activation=Activation.AT, at=UTC + 600.0)
    client.finish()
    desk.give(LinkDown("test", "unplugged", desk.now))
    desk.wait(700.0)
    client.report(NEW)
    assert activations(desk) == [("succeeded", "activated at its time")]
    assert not [row for row in desk.audits() if row.actor == "device"]


def test_a_reinstall_that_waits_is_not_taken_for_done() -> None:
    desk, client = ready(policy=VersionPolicy.REINSTALL, activation=Activation.WAIT)
    client.query(NEW)
    client.download()
    client.end()
    client.report(NEW)
    assert desk.state() is SessionState.HELD


@pytest.mark.parametrize("activation", [Activation.WAIT, Activation.EXTERNAL])
def test_a_reinstall_that_waits_is_not_taken_for_done_after_a_power_cut(
    activation: Activation,
) -> None:
    """The device runs the version before and after: only that it holds nothing more proves it."""
    desk, client = ready(policy=VersionPolicy.REINSTALL, activation=activation)
    client.query(NEW)
    client.download()
    client.end()
    waits = desk.state()
    client.join()
    client.query(NEW)
    client.report(NEW, HOLDS)
    assert desk.state() is waits
    assert activations(desk) == []
    client.report(NEW, 0)
    assert desk.state() is SessionState.UPDATED


@pytest.mark.parametrize(
    ("policy", "before"), [(VersionPolicy.UPGRADE, OLD), (VersionPolicy.REINSTALL, NEW)]
)
@pytest.mark.parametrize("restarted", [False, True], ids=["the hub stays up", "the hub restarts"])
def test_a_device_that_was_given_up_as_silent_is_told_to_run_the_image_once_it_says_so(
    policy: VersionPolicy, before: int, restarted: bool
) -> None:
    desk, client = ready(policy=policy)
    client.query(before)
    client.download()
    client.end()
    desk.wait(LONGEST_COUNTDOWN + DEFAULT.restart_for + 1.0)
    assert desk.state() is SessionState.FAILED
    if restarted:
        desk.restart(after=60.0)
    client.join()
    assert client.query(NEW) == NOBODY
    desk.wait(ON_ITS_WAY)
    assert activations(desk) == [
        ("failed", "the device did not come back after it was told to apply"),
        ("succeeded", "the device reports it, later than it was given up"),
    ]


def test_a_device_that_was_off_when_it_was_told_to_apply_is_told_again() -> None:
    desk, client = ready(activation=Activation.WAIT)
    client.finish()
    desk.give(ApplyNow(DEVICE, "test"))
    release = desk.to()[-1]
    desk.give(SendFailed(release, SendStatus.DELIVERY_FAILED, desk.now))
    client.join()
    client.report(OLD, HOLDS)
    again = desk.wait(60.0)
    assert [decoded(frame) for frame in again if frame.token == release.token] == [
        told(0, client.image)
    ]


def test_a_device_that_comes_back_from_a_reinstall_is_offered_nothing_before_it_has_said_what_it_holds() -> (
    None
):
    """It may query sooner than it answers; offered the image, it would say that it downloads."""
    desk, client = ready(policy=VersionPolicy.REINSTALL, activation=Activation.EXTERNAL)
    client.query(NEW)
    client.download()
    client.end()
    desk.wait(60.0)
    client.join()
    assert client.query(NEW) == NOBODY
    client.report(NEW, 0)
    assert activations(desk) == [("succeeded", "activated by a command")]


@pytest.mark.parametrize(
    ("reachable", "reason"), [(True, "the device reports it"), (False, "activated at its time")]
)
def test_a_reinstall_at_a_set_time_proves_itself_by_the_restart_after_it(
    reachable: bool, reason: str
) -> None:
    desk, client = ready(policy=VersionPolicy.REINSTALL, activation=Activation.AT, at=UTC + 600.0)
    client.query(NEW)
    client.download()
    client.end()
    client.join()
    client.query(NEW)
    assert desk.state() is SessionState.SCHEDULED
    if not reachable:
        desk.give(LinkDown("test", "unplugged", desk.now))
    desk.wait(700.0)
    client.join()
    client.query(NEW)
    desk.wait(ON_ITS_WAY)
    assert activations(desk) == [("succeeded", reason)]


def test_the_same_power_source_again_is_no_news() -> None:
    desk, client = ready()
    client.report_power(MAINS)
    desk.wait(10.0)
    desk.sent.clear()
    client.report_power(MAINS)
    desk.wait(10.0)
    assert desk.sent == []


def test_a_query_for_the_version_an_aborted_device_runs_changes_nothing() -> None:
    desk, client = ready()
    client.query()
    desk.give(Abort(DEVICE, "wrong file", "test"))
    assert client.query(NEW) == NOBODY
    assert desk.state() is SessionState.ABORTED
