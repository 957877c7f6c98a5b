"""Lists come in and evidence goes out over the API as they do by commands."""

from importlib.metadata import version

from ota_engine.evidence.pack_check import KnownFleet, verify_pack
from ota_engine.fleet.inventory.rows import Home
from ota_engine.head_end.packing import PackOrder, export_pack
from ota_engine.store.fleet.keyring import KEY_NAME, FleetKey
from tests.fleet.imports.lists import home_lines
from tests.head_end.api.test_door import problem
from tests.head_end.service_lab import ServiceClient, ServiceLab

HOMES = "/api/v1/imports/homes"
CSV = {"Content-Type": "text/csv"}


def listed(count: int) -> bytes:
    return "\n".join(home_lines(count)).encode()


async def test_a_list_is_taken_once_all_of_it_is_good(api: ServiceClient, lab: ServiceLab) -> None:
    before = len(lab.estate.rows(Home))
    async with api.of("olive") as http:
        dry = await http.post(HOMES, content=listed(3), headers=CSV, params={"dry_run": "true"})
        assert dry.status_code == 200, dry.text
        assert (dry.json()["new"], dry.json()["taken"]) == (3, False)
        assert len(lab.estate.rows(Home)) == before
        done = await http.post(HOMES, content=listed(3), headers=CSV)
    assert done.json()["taken"] is True
    assert len(lab.estate.rows(Home)) == before + 3


async def test_bad_lines_are_named_and_nothing_is_taken(
    api: ServiceClient, lab: ServiceLab
) -> None:
    before = len(lab.estate.rows(Home))
    body = listed(2) + b"\nref-9,North,gw,nobody,2026-01-04,supplier-2,2026-01-04,,\n"
    async with api.of("olive") as http:
        answer = await http.post(HOMES, content=body, headers=CSV)
        problem(answer, 422, "bad-lines")
        assert answer.json()["bad_lines"][0]["line"] == 4
        assert len(lab.estate.rows(Home)) == before
        answer = await http.post(HOMES, content=body, headers=CSV, params={"take_others": "true"})
        assert answer.status_code == 200, answer.text
    assert len(lab.estate.rows(Home)) == before + 2


async def test_a_supplier_brings_in_no_list_and_the_attempt_is_noted(api: ServiceClient) -> None:
    async with api.of("sam") as http:
        problem(await http.post(HOMES, content=listed(1), headers=CSV), 403, "not-for-you")
    assert await api.refusals() == ["sam: POST /api/v1/imports/homes"]


async def test_evidence_is_what_the_command_exports_and_verifies(
    api: ServiceClient, lab: ServiceLab
) -> None:
    campaign = lab.campaign()
    async with api.of("otto") as http:
        answer = await http.get(f"/api/v1/evidence/{campaign}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/zip"
    key = FleetKey.open(lab.state / KEY_NAME)
    assert verify_pack(answer.content, KnownFleet(key.public_pem, None)).good
    years = {"decisions": 10.0, "homes": 3.0}
    order = PackOrder(campaign, "", years, {}, f"zota {version('zota')}")
    assert answer.content == export_pack(lab.estate.store, key, order)


async def test_evidence_for_a_supplier_is_of_its_own_homes_alone(
    api: ServiceClient, lab: ServiceLab
) -> None:
    campaign = lab.campaign()
    async with api.of("sam") as http:
        answer = await http.get(f"/api/v1/evidence/{campaign}")
        assert verify_pack(answer.content, KnownFleet(None, None)).party == "supplier-1"
        other = await http.get(f"/api/v1/evidence/{campaign}", params={"party": "supplier-2"})
        problem(other, 403, "not-for-you")
    async with api.of("mona") as http:
        problem(await http.get(f"/api/v1/evidence/{campaign}"), 403, "not-for-you")


async def test_evidence_of_what_is_not_there(api: ServiceClient) -> None:
    async with api.of("otto") as http:
        problem(await http.get("/api/v1/evidence/c9"), 404, "not-there")
        wrong = await http.get("/api/v1/evidence/c9", params={"homes_years": "long"})
        assert "homes_years" in problem(wrong, 400, "malformed")
