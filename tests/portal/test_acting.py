"""Decisions by forms alone, over a real socket and without a script: who may, what is asked, what is refused."""

from pathlib import Path

import pytest

from ota_engine.canonical import canonical_json
from ota_engine.fleet.campaigns.acts import ApproveCampaign, ProposeCampaign
from ota_engine.fleet.campaigns.rows import Campaign, CampaignState
from ota_engine.fleet.fleet import Fleet
from ota_engine.fleet.incidents.rows import Incident
from ota_engine.fleet.kernel.decisions import DecisionRow
from ota_engine.fleet.parties.rows import Party, Person
from ota_engine.fleet.releases.rows import FirmwareRelease
from ota_engine.head_end.questions.decisions import act_name
from ota_engine.portal.door import PortalDoor
from ota_engine.portal.forms.making import NO_FORM
from tests.fleet.estate import Estate
from tests.fleet.rollout import policy
from tests.head_end.service_lab import ServiceLab
from tests.portal.filling import FoundForm, decide, send

POLICY = """\
key = "0011223344556677"
notice_days = 7

[[phases]]
name = "all"
per_hour = 100
at_once = 100
"""


def proposed(estate: Estate, name: str = "c1", by: str = "olive") -> str:
    if not estate.rows(FirmwareRelease, release="r1"):
        estate.approved_release()
    estate.decide(by, ProposeCampaign(name, "r1", canonical_json(policy())))
    return name


def running(estate: Estate) -> str:
    name = proposed(estate)
    estate.decide("peter", ApproveCampaign(name))
    return name


def decisions(estate: Estate, person: str) -> list[DecisionRow]:
    return estate.rows(DecisionRow, person=person)


async def test_every_act_has_a_form_for_the_roles_that_may_decide_it_and_no_others(
    tmp_path: Path,
) -> None:
    with ServiceLab(tmp_path, homes=2) as lab:
        async with lab.serving(PortalDoor) as client:
            for person in ("olive", "peter", "sam", "mona", "ada", "otto", "cleo"):
                party = lab.estate.row(Person, person=person).party
                roles = set(lab.estate.row(Party, party=party).roles)
                async with client.browser(person) as http:
                    for act, row in Fleet().acts.items():
                        if act.__name__ in NO_FORM:
                            continue
                        path = f"/decide/{act_name(act)}"
                        may = not roles.isdisjoint(map(str, row.roles))
                        assert (await http.get(path)).status_code == (200 if may else 403), path
                        sent = await http.post(path, headers={"Sec-Fetch-Site": "same-origin"})
                        assert (sent.status_code == 403) is not may, path


async def test_an_operator_proposes_and_another_person_approves(tmp_path: Path) -> None:
    with ServiceLab(tmp_path, homes=20) as lab:
        lab.estate.approved_release()
        async with lab.serving(PortalDoor) as client:
            async with client.browser("olive") as http:
                page = await http.get("/decide/propose-campaign?release=r1")
                wanted = {"campaign": "c1", "policy": POLICY, "reason": "new radio"}
                summary = await send(http, page, wanted)
                assert summary.status_code == 200
                assert "as it is read" in summary.text
                done = await send(http, summary, {"stage": "confirm"})
                assert done.status_code == 303
                assert done.headers["location"].startswith("/campaigns/c1?done=")
                refused = await decide(http, "/decide/approve-campaign?campaign=c1")
                assert refused.status_code == 403
                assert "somebody else approves it" in refused.text
            async with client.browser("olive") as http:  # another session of the same person
                refused = await decide(http, "/decide/approve-campaign?campaign=c1")
                assert refused.status_code == 403
            async with client.browser("peter") as http:
                page = await http.get("/decide/approve-campaign?campaign=c1")
                confirm = await send(http, page, {})
                assert "are drawn into 1 phase" in confirm.text
                assert lab.estate.row(Campaign, campaign="c1").state is CampaignState.PROPOSED
                done = await send(http, confirm, {"stage": "confirm"})
                assert done.status_code == 303
        assert lab.estate.row(Campaign, campaign="c1").state is CampaignState.NOTIFIED


async def test_a_form_sent_twice_counts_once(tmp_path: Path) -> None:
    with ServiceLab(tmp_path, homes=2) as lab:
        campaign = running(lab.estate)
        async with lab.serving(PortalDoor) as client, client.browser("sam") as http:
            page = await http.get(f"/decide/raise-incident?campaign={campaign}&phase=1")
            wanted = {"incident": "i1", "category": "4", "text": "slow"}
            first, second = await send(http, page, wanted), await send(http, page, wanted)
            assert first.status_code == second.status_code == 303
            assert first.headers["location"] == second.headers["location"]
        assert len(decisions(lab.estate, "sam")) == 1
        assert len(lab.estate.rows(Incident)) == 1


async def test_a_key_of_another_decision_is_refused_and_a_new_one_drawn(tmp_path: Path) -> None:
    with ServiceLab(tmp_path, homes=2) as lab:
        campaign = running(lab.estate)
        async with lab.serving(PortalDoor) as client, client.browser("sam") as http:
            path = f"/decide/raise-incident?campaign={campaign}&phase=1&category=4&text=slow"
            page = await http.get(path)
            key = FoundForm(page.text, "/decide/raise-incident").fields["key"]
            assert (await send(http, page, {"incident": "i1"})).status_code == 303
            again = await send(http, page, {"incident": "i2"})
            assert again.status_code == 409
            assert FoundForm(again.text, "/decide/raise-incident").fields["key"] != key
            assert (await send(http, again, {})).status_code == 303


async def test_what_moved_is_shown_beside_what_was_seen_and_asked_again(tmp_path: Path) -> None:
    with ServiceLab(tmp_path, homes=2) as lab:
        campaign = running(lab.estate)
        async with lab.serving(PortalDoor) as client, client.browser("olive") as http:
            page = await http.get(f"/decide/pause-campaign?campaign={campaign}")
            async with client.browser("kay") as other:
                done = await decide(
                    other, f"/decide/pause-campaign?campaign={campaign}", {"reason": "storm"}
                )
                assert done.status_code == 303
            confirm = await send(http, page, {"reason": "mine"})
            moved = await send(http, confirm, {"stage": "confirm"})
            assert moved.status_code == 409
            assert "It has changed since you looked" in moved.text
            assert "is paused" in moved.text
            assert "notified" in moved.text
            assert "mine" in moved.text


async def test_input_that_is_wrong_stays_and_every_error_is_named(tmp_path: Path) -> None:
    with ServiceLab(tmp_path, homes=2) as lab:
        running(lab.estate)
        async with lab.serving(PortalDoor) as client, client.browser("sam") as http:
            page = await http.get("/decide/raise-incident?campaign=c1")
            wrong = {"incident": "i1", "phase": "one", "category": "", "text": "<b>slow</b>"}
            answer = await send(http, page, wrong)
            assert answer.status_code == 422
            assert 'href="#field-phase"' in answer.text
            assert 'href="#field-category"' in answer.text
            assert "&lt;b&gt;slow&lt;/b&gt;" in answer.text
            assert "<b>slow</b>" not in answer.text
            fields = FoundForm(answer.text, "/decide/raise-incident").fields
            assert fields["incident"] == ["i1"]
        assert decisions(lab.estate, "sam") == []


async def test_no_role_is_a_page_that_says_so_and_a_line_of_the_audit_trail(tmp_path: Path) -> None:
    with ServiceLab(tmp_path, homes=2) as lab:
        async with lab.serving(PortalDoor) as client, client.browser("otto") as http:
            answer = await http.get("/decide/stop-all")
            assert answer.status_code == 403
            assert "it takes operator" in answer.text
            forged = await http.post(
                "/decide/stop-all",
                data={"stage": "confirm"},
                headers={"Sec-Fetch-Site": "same-origin"},
            )
            assert forged.status_code == 403
            await client.entry.write()
        with lab.estate.store.reading():
            trail = [row for row in lab.estate.store.trail() if row.record.action == "refused"]
        assert [row.record.subject for row in trail] == ["otto", "otto"]


async def test_a_form_of_another_site_is_refused(tmp_path: Path) -> None:
    with ServiceLab(tmp_path, homes=2) as lab:
        running(lab.estate)
        async with lab.serving(PortalDoor) as client, client.browser("sam") as http:
            page = await http.get("/decide/raise-incident?campaign=c1&phase=1&category=4&text=x")
            for headers in (
                {"Sec-Fetch-Site": "cross-site"},
                {"Sec-Fetch-Site": "same-site"},
                {"Origin": "https://evil.example"},
                {},
            ):
                answer = await send(http, page, {"incident": "i1"}, headers=headers)
                assert answer.status_code == 403
        assert lab.estate.rows(Incident) == []


async def test_forged_fields_are_no_others_and_open_no_other_way(tmp_path: Path) -> None:
    with ServiceLab(tmp_path, homes=2) as lab:
        running(lab.estate)
        async with lab.serving(PortalDoor) as client, client.browser("sam") as http:
            page = await http.get("/decide/raise-incident?campaign=c1&phase=1&category=4&text=x")
            forged = {
                "incident": "i1",
                "person": "olive",
                "party": "dcc",
                "next": "https://evil.example/",
                "key": "../../x",
                "revision": "-1",
                "seen": '[["a", {"b": 1}, "c"]]',
            }
            answer = await send(http, page, forged)
            assert answer.status_code == 303
            assert answer.headers["location"].startswith("/incidents/i1?done=")
        (row,) = lab.estate.rows(Incident)
        assert (row.person, row.party) == ("sam", "supplier-1")


async def test_a_list_is_taken_from_a_file_and_one_too_large_is_refused(tmp_path: Path) -> None:
    with ServiceLab(tmp_path, homes=4) as lab:
        async with lab.serving(PortalDoor) as client, client.browser("olive") as http:
            page = await http.get("/decide/fence-homes?ring_fence=lab&purpose=proving")
            homes = b"home\n" + b"\n".join(b"nobody-%d" % number for number in range(3))
            answer = await send(http, page, {}, files={"homes.file": ("homes.csv", homes)})
            assert answer.status_code in (404, 422)
            assert "nobody-2" in answer.text
            answer = await send(http, page, {"homes": "x" * (9 << 20)})
            assert answer.status_code == 413
            assert "too large" in answer.text


async def test_a_digest_is_taken_of_a_file(tmp_path: Path) -> None:
    with ServiceLab(tmp_path, homes=2) as lab:
        lab.estate.approved_release(approve=False)
        async with lab.serving(PortalDoor) as client, client.browser("olive") as http:
            page = await http.get("/decide/record-evidence?release=r1&text=report")
            answer = await send(
                http, page, {"item": "board"}, files={"sha256.file": ("minutes.pdf", b"minutes")}
            )
            assert answer.status_code == 303, answer.text


@pytest.mark.parametrize(
    "path", ["/decide/found-estate", "/decide/..%2f..%2fetc", "/decide/StopAll", "/decide/<b>"]
)
async def test_what_is_no_decision_is_a_page_that_says_so(tmp_path: Path, path: str) -> None:
    with ServiceLab(tmp_path, homes=2) as lab:
        async with lab.serving(PortalDoor) as client, client.browser("olive") as http:
            answer = await http.get(path)
            assert answer.status_code == 404
            assert "<b>" not in answer.text


async def test_whoever_signs_decides_with_her_key_and_is_told_where_it_is_not_at_hand(
    tmp_path: Path,
) -> None:
    with ServiceLab(tmp_path, homes=2) as lab:
        campaign = running(lab.estate)
        path = f"/decide/pause-campaign?campaign={campaign}"
        async with lab.serving(PortalDoor) as client:
            async with client.browser("kay", unsigned=True) as http:
                refused = await decide(http, path, {"reason": "storm"})
                assert refused.status_code == 403
                assert "your key is not at hand" in refused.text
            async with client.browser("kay") as http:
                done = await decide(http, path, {"reason": "storm"})
                assert done.status_code == 303
                page = await http.get(done.headers["location"].replace("/campaigns/c1", "/decide"))
                assert "Done: campaign c1 is paused" in page.text
        (row,) = [one for one in decisions(lab.estate, "kay") if one.accepted]
        assert row.signature
        assert row.code == ""
