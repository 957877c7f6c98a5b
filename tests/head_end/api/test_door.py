"""The API answers questions, takes decisions, and tells what goes wrong in one form."""

import httpx

from ota_engine.fleet.kernel.decisions import Decision, DecisionRow
from ota_engine.fleet.parties.acts import RegisterParty
from ota_engine.fleet.parties.rows import Party
from tests.fleet.estate import KAYS_KEY, signed
from tests.head_end.service_lab import ServiceClient, ServiceLab

PARTY = {"party": "new-1", "name": "New", "roles": ["auditor"]}
ADD = "/api/v1/acts/register-party"


def problem(answer: httpx.Response, status: int, code: str) -> str:
    """See that an answer is a problem of one line, and return that."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["status"] == status
    assert told["code"] == code
    assert told["type"] == f"urn:zota:problem:{code}"
    assert "\n" not in told["detail"]
    return str(told["detail"])


async def test_a_question_is_answered_with_a_tag_that_spares_asking_again(
    api: ServiceClient,
) -> None:
    async with api.of("olive") as http:
        answer = await http.get("/api/v1/campaigns")
        assert answer.status_code == 200
        assert answer.json()["items"] == []
        again = await http.get(
            "/api/v1/campaigns", headers={"If-None-Match": answer.headers["etag"]}
        )
        assert (again.status_code, again.content) == (304, b"")
        other = await http.get("/api/v1/campaigns", headers={"If-None-Match": '"other"'})
        assert other.status_code == 200


async def test_what_is_not_there_is_a_problem(api: ServiceClient) -> None:
    async with api.of("olive") as http:
        for path in ("/api/v1/nothing", "/api/v1/", "/api/v1/acts/fly"):
            problem(await http.get(path), 404, "not-there")


async def test_another_method_is_named_with_those_there_are(api: ServiceClient) -> None:
    async with api.of("olive") as http:
        answer = await http.delete("/api/v1/campaigns")
        assert "GET" in problem(answer, 405, "method")
        assert "GET" in answer.headers["allow"]
        problem(await http.get(ADD), 405, "method")


async def test_a_form_that_is_not_there_is_refused(api: ServiceClient) -> None:
    async with api.of("olive") as http:
        answer = await http.get("/api/v1/campaigns", headers={"Accept": "text/html"})
        problem(answer, 406, "not-acceptable")
        answer = await http.get("/api/v1/campaigns", headers={"Accept": "text/html, */*;q=0.1"})
        assert answer.status_code == 200


async def test_a_parameter_that_is_unknown_or_given_twice_is_named(api: ServiceClient) -> None:
    async with api.of("olive") as http:
        assert "colour" in problem(await http.get("/api/v1/campaigns?colour=1"), 400, "malformed")


async def test_a_decision_is_taken_and_its_revision_told(
    api: ServiceClient, lab: ServiceLab
) -> None:
    async with api.of("olive") as http:
        answer = await http.post(ADD, json={"fields": PARTY, "reason": "they audit"})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["accepted"] is True
    assert told["person"] == "olive"
    assert lab.estate.row(Party, party="new-1").name == "New"
    assert lab.estate.row(DecisionRow, key=told["decision"]).accepted


async def test_a_decision_given_twice_under_one_key_counts_once(
    api: ServiceClient, lab: ServiceLab
) -> None:
    key = {"Idempotency-Key": "k-1"}
    async with api.of("olive") as http:
        first = await http.post(ADD, json={"fields": PARTY, "reason": "they audit"}, headers=key)
        lab.estate.utc += 5
        again = await http.post(ADD, json={"fields": PARTY, "reason": "they audit"}, headers=key)
    assert first.json() == again.json()
    assert len(lab.estate.rows(DecisionRow)) == 1


async def test_one_key_for_two_decisions_is_refused(api: ServiceClient) -> None:
    key = {"Idempotency-Key": "k-1"}
    async with api.of("olive") as http:
        await http.post(ADD, json={"fields": PARTY}, headers=key)
        other = await http.post(ADD, json={"fields": PARTY | {"name": "Other"}}, headers=key)
        assert "k-1" in problem(other, 409, "reused")


async def test_a_decision_on_what_has_moved_says_what_changed(
    api: ServiceClient, lab: ServiceLab
) -> None:
    release = lab.estate.approved_release(approve=False)
    async with api.of("peter") as http:
        answer = await http.post(
            "/api/v1/acts/approve-release",
            json={"fields": {"release": release}},
            headers={"If-Match": '"7"'},
        )
        assert "revision" in problem(answer, 409, "moved")
        assert answer.json()["revision"] > 0
        answer = await http.post(
            "/api/v1/acts/approve-release",
            json={"fields": {"release": release}},
            headers={"If-Match": f'"{answer.json()["revision"]}"'},
        )
        assert answer.status_code == 200, answer.text


async def test_what_is_not_for_her_role_is_refused_and_noted(
    api: ServiceClient, lab: ServiceLab
) -> None:
    async with api.of("sam") as http:
        answer = await http.post(ADD, json={"fields": PARTY})
    assert "operator" in problem(answer, 403, "forbidden")
    assert answer.json()["accepted"] is False
    with lab.estate.store.reading():
        assert any(row.record.action == "refused forbidden" for row in lab.estate.store.trail())


async def test_the_server_signs_for_a_person_whose_token_holds_her_key(
    api: ServiceClient, lab: ServiceLab
) -> None:
    async with api.of("kay") as http:
        answer = await http.post(ADD, json={"fields": PARTY})
    assert answer.json()["signed"] is True, answer.text
    assert lab.estate.row(DecisionRow, person="kay").signature


async def test_a_person_may_sign_what_she_decides_herself(
    api: ServiceClient, lab: ServiceLab
) -> None:
    act = RegisterParty("new-1", "New", ("auditor",))
    decision = signed(Decision("mine-1", "kay", act, "why", None, lab.estate.utc), KAYS_KEY)
    body = {
        "fields": PARTY,
        "reason": "why",
        "given_utc": decision.given_utc,
        "signature": decision.signature.hex(),
    }
    async with api.http(api.entry.issue("kay", unsigned=True)) as http:
        problem(await http.post(ADD, json={"fields": PARTY}), 403, "signature")
        key = {"Idempotency-Key": "mine-1"}
        forged = await http.post(ADD, json=body | {"reason": "other"}, headers=key)
        problem(forged, 403, "signature")
        problem(await http.post(ADD, json=body), 400, "malformed")
        answer = await http.post(ADD, json=body, headers=key)
    assert answer.status_code == 200, answer.text
    assert lab.estate.row(Party, party="new-1")
