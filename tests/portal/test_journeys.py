"""A supplier's day, an operator's and an auditor's, by forms alone: without a script, over a real socket."""

import io
import re
import zipfile
from pathlib import Path

from images.eui64 import Eui64
from ota_engine.fleet.access.rows import AccessToken, Account, Hook
from ota_engine.fleet.calendar.rows import HomeStep, Slot
from ota_engine.fleet.calendar.slots import SetWindow
from ota_engine.fleet.campaigns.rows import Campaign, CampaignState, Member, MemberState
from ota_engine.fleet.campaigns.voices import Position, SignOff, Stance
from ota_engine.fleet.gateways.rows import RegisteredGateway
from ota_engine.fleet.incidents.rows import Incident, IncidentState
from ota_engine.fleet.kernel.decisions import DecisionRow
from ota_engine.gateway.wire import LiveTransfer
from ota_engine.portal.door import PortalDoor
from ota_engine.times import Utc
from tests.fleet.estate import DAY
from tests.portal.filling import SAME_ORIGIN, decide, send
from tests.portal.lab import PortalLab


async def test_a_supplier_does_all_that_she_may(tmp_path: Path) -> None:
    with PortalLab(tmp_path) as lab:
        lab.roll_out()
        town = lab.town
        window = SetWindow("c1", HomeStep.ACTIVATION, town.utc + DAY, town.utc + 30 * DAY)
        town.decide("olive", window)
        open_ones = [
            row.home
            for row in town.rows(Member, campaign="c1", state=MemberState.PLANNED)
            if lab.party_of(row.home) == "eve"
        ]
        async with lab.serving(PortalDoor) as client, client.browser("eve") as http:
            told = await http.get("/notices")  # she is told
            assert "c1" in told.text
            status = await http.get("/campaigns/c1")  # sees each stage
            assert "Pilot" in status.text
            times = await http.get("/campaigns/c1/times?step=activation")  # and her homes
            assert open_ones[0] in times.text
            others = [row.home for row in town.rows(Member, campaign="c1")]
            hidden = [home for home in others if lab.party_of(home) != "eve"]
            assert not any(f'value="{home}"' in times.text for home in hidden)
            wanted = {"home": open_ones[:2], "time": "2027-02-20T10:00", "what": "choose"}
            done = await send(http, times, wanted)  # chooses for many
            assert done.status_code == 303, done.text
            after = await http.get(done.headers["location"])
            assert "20 Feb 2027" in after.text
            assert "Done:" in after.text
            again = {"home": open_ones[:1], "time": "2027-02-21T10:00", "what": "choose"}
            assert (await send(http, after, again)).status_code == 303  # changes one
            page = await http.get("/decide/choose-slots?campaign=c1&step=activation")
            listed = f"home,time\n{open_ones[1]},2027-02-22 11:00\n".encode()
            by_list = await send(http, page, {}, files={"slots.file": ("slots.csv", listed)})
            assert by_list.status_code == 303, by_list.text
            drop = await http.get("/campaigns/c1/times?step=activation")
            dropped = await send(http, drop, {"home": open_ones[:1], "what": "drop"})
            assert dropped.status_code == 303
            raised = await decide(
                http,
                "/decide/raise-incident?campaign=c1&phase=2&category=4",
                {"incident": "i9", "text": "displays stay dark"},
            )
            assert raised.status_code == 303
            spoke = await decide(
                http,
                "/decide/state-position?campaign=c1&phase=2",
                {"stance": "notes", "reason": "go on once displays are mended"},
            )
            assert spoke.status_code == 303
            refused = await decide(http, "/decide/sign-phase?campaign=c1&phase=2", {"reason": "x"})
            assert refused.status_code == 403  # it is the operator's campaign
        (slot,) = town.rows(Slot, campaign="c1", party="east")
        assert slot.home == open_ones[1]
        assert town.row(Incident, incident="i9").person == "eve"
        position = town.row(Position, campaign="c1", phase=2, party="east")
        assert position.stance is Stance.NOTES
        assert town.rows(SignOff) == []


async def test_a_supplier_chooses_in_no_home_of_another(tmp_path: Path) -> None:
    with PortalLab(tmp_path) as lab:
        lab.roll_out()
        async with lab.serving(PortalDoor) as client, client.browser("eve") as http:
            page = await http.get("/campaigns/c1/times?step=activation")
            forged = {"home": ["h2", "h4"], "time": "2027-02-20T10:00", "what": "choose"}
            refused = await send(http, page, forged)
            assert refused.status_code == 409
            nothing = await send(http, page, {"home": [], "what": "choose"})
            assert "no home is chosen" in nothing.text
            wrong = await send(http, page, {"home": ["h1"], "time": "soon", "what": "choose"})
            assert "is no time" in wrong.text
        assert lab.town.rows(Slot) == []


async def test_an_operator_resolves_what_holds_a_campaign_and_goes_on(tmp_path: Path) -> None:
    with PortalLab(tmp_path) as lab:
        lab.roll_out()
        assert lab.town.row(Campaign, campaign="c1").state is CampaignState.HELD
        async with lab.serving(PortalDoor) as client, client.browser("olive") as http:
            early = await decide(http, "/decide/resume-campaign?campaign=c1", {"reason": "try"})
            assert early.status_code == 409
            assert "resolve it first" in early.text
            owned = await decide(http, "/decide/take-incident?incident=i1&owner=olive")
            assert owned.status_code == 303
            rated = await decide(
                http, "/decide/rate-incident?incident=i1&category=3", {"reason": "one model only"}
            )
            assert rated.status_code == 303
            resolved = await decide(
                http,
                "/decide/resolve-incident?incident=i1",
                {"resolution": "go on", "reason": "mended by a reboot"},
            )
            assert resolved.status_code == 303, resolved.text
            shown = await http.get("/incidents/i1")
            assert "mended by a reboot" in shown.text
            went_on = await decide(
                http, "/decide/resume-campaign?campaign=c1", {"reason": "incident is resolved"}
            )
            assert went_on.status_code == 303, went_on.text
        assert lab.town.row(Incident, incident="i1").state is IncidentState.RESOLVED
        assert lab.town.row(Campaign, campaign="c1").state is CampaignState.RUNNING


async def test_a_code_of_a_gateway_is_shown_once_and_kept_nowhere(tmp_path: Path) -> None:
    with PortalLab(tmp_path, homes=2) as lab:
        async with lab.serving(PortalDoor) as client, client.browser("olive") as http:
            page = await http.get("/gateways-admit")
            shown = await send(http, page, {"gateway": "gw-9", "days": "2"})
            assert shown.status_code == 200
            (code,) = set(re.findall(r"gw-9:[\w-]{40,}", shown.text))
            listed = await http.get("/gateways/gw-9")
            assert code not in listed.text
            revoked = await decide(
                http, "/decide/revoke-gateway?gateway=gw-9", {"reason": "stolen"}
            )
            assert revoked.status_code == 303
            wrong = await send(http, page, {"gateway": "gw-9", "days": "400"})
            assert "choose one of" in wrong.text
        row = lab.town.row(RegisteredGateway, gateway="gw-9")
        assert row.revoked == "stolen"
        kept = lab.state.joinpath("fleet.sqlite").read_bytes()
        assert code.partition(":")[2].encode() not in kept


async def test_an_auditor_reads_verifies_and_takes_evidence_but_decides_nothing(
    tmp_path: Path,
) -> None:
    with PortalLab(tmp_path) as lab:
        lab.roll_out()
        async with lab.serving(PortalDoor) as client, client.browser("otto") as http:
            trail = await http.get("/audit?subject=campaign:c1")
            assert "ApproveCampaign" in trail.text
            verdict = await http.post("/audit", headers=SAME_ORIGIN)
            assert "as it was written" in verdict.text
            row = lab.town.rows(DecisionRow, act="ApproveCampaign")[0]
            decision = await http.get(f"/audit/decisions/{row.key}")
            assert row.text in decision.text
            assert "not signed" in decision.text
            pack = await http.post("/evidence", data={"campaign": "c1"}, headers=SAME_ORIGIN)
            assert pack.headers["content-type"] == "application/zip"
            zipfile.ZipFile(io.BytesIO(pack.content)).testzip()
            judged = await http.post(
                "/evidence", files={"pack": ("pack.zip", pack.content)}, headers=SAME_ORIGIN
            )
            assert "This pack verifies" in judged.text
            cut = await http.post(
                "/evidence", files={"pack": ("pack.zip", pack.content[:-9])}, headers=SAME_ORIGIN
            )
            assert "does not verify" in cut.text
            none = await http.post("/evidence", data={"campaign": "../x"}, headers=SAME_ORIGIN)
            assert none.status_code == 404
            everything = await http.get("/decide")
            assert "stop" not in everything.text.lower().split("<main")[1]


async def test_a_token_is_shown_once_and_revoked(tmp_path: Path) -> None:
    with PortalLab(tmp_path, homes=2) as lab:
        async with lab.serving(PortalDoor) as client, client.browser("olive") as http:
            wanted = {"what": "token", "name": "report", "days": "30", "reads_only": "true"}
            made = await http.post("/account", data=wanted, headers=SAME_ORIGIN)
            assert "shown once" in made.text
            page = await http.get("/account")
            assert "report" in page.text
            assert "shown once" not in page.text
            again = await http.post("/account", data=wanted, headers=SAME_ORIGIN)
            assert again.status_code == 422
            wrong = await http.post(
                "/account", data={**wanted, "days": "many"}, headers=SAME_ORIGIN
            )
            assert "write a number of days" in wrong.text
            gone = await http.post(
                "/account", data={"what": "revoke", "name": "report"}, headers=SAME_ORIGIN
            )
            assert gone.status_code == 303
            zone = await http.post(
                "/account", data={"what": "zone", "zone": "Europe/London"}, headers=SAME_ORIGIN
            )
            assert zone.status_code == 303
            bad = await http.post(
                "/account", data={"what": "zone", "zone": "Moon/Sea"}, headers=SAME_ORIGIN
            )
            assert bad.status_code == 422
            out = await http.post("/account", data={"what": "out"}, headers=SAME_ORIGIN)
            assert out.status_code == 303
            assert (await http.get("/account")).status_code == 303
        assert [row.name for row in lab.town.rows(AccessToken, person="olive")] == []


async def test_an_operator_invites_locks_and_lets_in_again(tmp_path: Path) -> None:
    with PortalLab(tmp_path, homes=2) as lab:
        async with lab.serving(PortalDoor) as client:
            async with client.browser("olive") as http:
                invited = await http.post(
                    "/users", data={"what": "invite", "person": "eve"}, headers=SAME_ORIGIN
                )
                assert "shown once" in invited.text
                lock = {"what": "lock", "person": "eve", "why": "her laptop is lost"}
                locked = await http.post("/users", data=lock, headers=SAME_ORIGIN)
                assert locked.status_code == 303
                assert "her laptop is lost" in (await http.get("/users")).text
                own = await http.post(
                    "/users", data={**lock, "person": "olive"}, headers=SAME_ORIGIN
                )
                assert "your own account" in own.text
                unlock = {"what": "unlock", "person": "eve"}
                assert (
                    await http.post("/users", data=unlock, headers=SAME_ORIGIN)
                ).status_code == 303
            async with client.browser("will") as http:
                forged = await http.post("/users", data=lock, headers=SAME_ORIGIN)
                assert forged.status_code == 403
        assert lab.town.row(Account, person="eve").locked == ""


async def test_a_hook_is_made_with_a_secret_shown_once_and_taken_back(tmp_path: Path) -> None:
    with PortalLab(tmp_path, homes=2) as lab:
        async with lab.serving(PortalDoor) as client, client.browser("eve") as http:
            wrong = await http.post(
                "/account/hooks", data={"what": "make", "url": "nowhere"}, headers=SAME_ORIGIN
            )
            assert wrong.status_code == 422
            made = await http.post(
                "/account/hooks",
                data={"what": "make", "url": "https://east.example/called"},
                headers=SAME_ORIGIN,
            )
            assert "shown once" in made.text
            page = await http.get("/account/hooks")
            assert "https://east.example/called" in page.text
            (hook,) = lab.town.rows(Hook)
            async with client.browser("will") as other:
                stolen = await other.post(
                    "/account/hooks", data={"what": "drop", "hook": hook.hook}, headers=SAME_ORIGIN
                )
                assert stolen.status_code == 422
            gone = await http.post(
                "/account/hooks", data={"what": "drop", "hook": hook.hook}, headers=SAME_ORIGIN
            )
            assert gone.status_code == 303
        assert lab.town.rows(Hook) == []


async def test_a_supplier_is_told_nothing_of_what_would_happen_to_a_campaign_that_is_hidden(
    tmp_path: Path,
) -> None:
    with PortalLab(tmp_path) as lab:
        lab.roll_out()
        async with lab.serving(PortalDoor) as client, client.browser("eve") as http:
            for act in ("approve-campaign", "pause-campaign", "abort-campaign"):
                answer = await http.post(
                    f"/decide/{act}", data={"campaign": "c2", "reason": "x"}, headers=SAME_ORIGIN
                )
                assert answer.status_code == 404
                assert "homes" not in answer.text.split("<main")[1]


async def test_transfers_are_shown_as_they_go_to_whoever_may_know_of_their_homes(
    tmp_path: Path,
) -> None:
    with PortalLab(tmp_path) as lab:
        lab.roll_out()
        utc = lab.town.utc
        async with lab.serving(PortalDoor) as client:
            for step in range(3):
                told = [
                    LiveTransfer(
                        f"h{home}",
                        Eui64(0x90B3_D500_0000_0000 + home),
                        "ab" * 32,
                        0x0002_0000,
                        1_000,
                        100 * step,
                        50.0 + step,
                        2,
                        "transfers",
                        Utc(utc + step),
                    )
                    for home in (1, 2)
                ]
                client.parts.live.told("gw", told)
            async with client.browser("olive") as http:
                page = (await http.get("/lab")).text
            async with client.browser("eve") as http:
                own = (await http.get("/lab")).text
        assert '<progress value="200" max="1000"' in page
        assert "octets in a second over time" in page
        assert "/homes/h2" in page
        assert "Who waits, and why" in page
        assert "/homes/h1" in own
        assert "h2" not in own.split("<main")[1].replace("</h2>", "").replace("<h2", "")
