"""Two operators at once: two processes on one database decide one after the other, and one is told."""

import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from ota_engine.fleet.approvals.acts import ApproveRelease
from ota_engine.fleet.campaigns.rows import Campaign, CampaignState
from ota_engine.fleet.campaigns.steering import PauseCampaign, ResumeCampaign
from ota_engine.fleet.kernel.decisions import Decision, DecisionRow, RefusalCode
from ota_engine.fleet.kernel.effects import Reply
from ota_engine.fleet.kernel.rows import Select
from ota_engine.fleet.releases.acts import EnterRelease
from ota_engine.fleet.releases.rows import FirmwareRelease, ReleaseType
from ota_engine.store import connection
from tests.fleet.estate import BEGIN, VERSION
from tests.fleet.faults.story import Story

RELEASE = EnterRelease("r2", "hub-1", VERSION + 1, "CPL-2", ReleaseType.PLANNED, "cd" * 32)


def at_once(folder: Path, *works: Callable[[Story], Sequence[Reply]]) -> list[list[Reply]]:
    """Let processes of their own decide at the same time, each over a connection of its own."""
    waiting, go = os.pipe()
    answers = [os.pipe() for _ in works]
    for work, (_, answer) in zip(works, answers, strict=True):
        if os.fork() == 0:
            story = Story(folder)
            os.close(go)
            os.read(waiting, 1)  # until the other end is closed
            os.write(answer, json.dumps(work(story)).encode())
            os._exit(0)
    os.close(waiting)
    os.close(go)
    for _, answer in answers:
        os.close(answer)
    told = []
    for reading, _ in answers:
        with os.fdopen(reading, "rb") as file:
            told.append([Reply(*reply) for reply in json.loads(file.read())])
    for _ in works:
        assert os.waitstatus_to_exitcode(os.wait()[1]) == 0
    return told


def decision(key: str, person: str, act: object, revision: int | None = None) -> Decision:
    return Decision(key, person, act, "because", revision, BEGIN)


def begun(folder: Path) -> Campaign:
    """Have a campaign under way in a folder."""
    with closing(Story(folder)) as story:
        story.play()
        with story.store.reading():
            (campaign,) = story.store.select(Select(Campaign))
    assert isinstance(campaign, Campaign)
    return campaign


def test_of_two_that_saw_the_same_campaign_one_decides_and_one_is_told_what_changed(
    tmp_path: Path,
) -> None:
    seen = begun(tmp_path).revision

    def pausing(key: str) -> Callable[[Story], list[Reply]]:
        act = decision(key, "olive", PauseCampaign("c1"), seen)
        return lambda story: [story.desk.decide(act, story.utc)]

    replies = [reply for told in at_once(tmp_path, pausing("a"), pausing("b")) for reply in told]
    (taken,) = [reply for reply in replies if reply.accepted]
    (refused,) = [reply for reply in replies if not reply.accepted]
    assert refused.code == RefusalCode.MOVED
    assert refused.revision == taken.revision == seen + 1
    with closing(Story(tmp_path)) as story, story.store.reading():
        (campaign,) = story.store.select(Select(Campaign))
        assert campaign.state is CampaignState.PAUSED


def test_the_same_decision_given_by_two_processes_is_taken_once_and_answered_alike(
    tmp_path: Path,
) -> None:
    begun(tmp_path)
    same = decision("same", "olive", RELEASE)

    def entering(story: Story) -> list[Reply]:
        return [story.desk.decide(same, story.utc)]

    first, second = at_once(tmp_path, entering, entering)
    assert first == second
    assert first[0].accepted
    with closing(Story(tmp_path)) as story, story.store.reading():
        assert len(story.store.select(Select(DecisionRow, (("key", "same"),)))) == 1
        (release,) = story.store.select(Select(FirmwareRelease, (("release", "r2"),)))
        assert release.revision == 1


def test_many_decisions_of_two_operators_make_one_chain(tmp_path: Path) -> None:
    begun(tmp_path)

    def operator(name: str) -> Callable[[Story], list[Reply]]:
        def decide(story: Story) -> list[Reply]:
            replies = []
            for number in range(20):
                with story.store.reading():
                    (seen,) = story.store.select(Select(Campaign))
                paused = seen.state is CampaignState.PAUSED
                act = ResumeCampaign("c1") if paused else PauseCampaign("c1")
                one = decision(f"{name}-{number}", "olive", act, seen.revision)
                replies.append(story.desk.decide(one, story.utc))
            return replies

        return decide

    told = at_once(tmp_path, operator("olive"), operator("peter"))
    assert [len(replies) for replies in told] == [20, 20]
    with closing(Story(tmp_path)) as story:
        assert story.store.verify_audit() is None
        with story.store.reading():
            assert list(story.store.broken_seals()) == []
            kept = story.store.select(Select(DecisionRow))
            (campaign,) = story.store.select(Select(Campaign))
    accepted = [reply.revision for replies in told for reply in replies if reply.accepted]
    assert len(set(accepted)) == len(accepted) >= 20  # every revision was made by one decision
    assert campaign.revision == max(accepted)
    assert len([row for row in kept if row.act in ("PauseCampaign", "ResumeCampaign")]) == 40


def test_approval_waits_for_nobody_who_only_reads(tmp_path: Path) -> None:
    begun(tmp_path)
    with closing(Story(tmp_path)) as reader, closing(Story(tmp_path)) as writer:
        with reader.store.reading():
            before = reader.store.select(Select(FirmwareRelease))
            writer.desk.decide(decision("x", "olive", RELEASE), BEGIN)
            reply = writer.desk.decide(decision("y", "olive", ApproveRelease("r2")), BEGIN)
            assert not reply.accepted  # she is its author
            assert reader.store.select(Select(FirmwareRelease)) == before
        with reader.store.reading():
            assert len(reader.store.select(Select(FirmwareRelease))) == len(before) + 1


def test_whoever_opens_the_fleet_waits_for_one_who_decides_for_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun(tmp_path)
    monkeypatch.setattr(connection, "BUSY_TIMEOUT_MS", 0)  # what a connection has of itself
    with closing(Story(tmp_path)) as busy, ThreadPoolExecutor(1) as thread:
        with busy.store.transaction():
            opened = thread.submit(lambda: Story(tmp_path).close())
            with pytest.raises(TimeoutError):
                opened.result(0.3)
        opened.result()
