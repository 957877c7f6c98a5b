"""What is sent to the API to break it, or to get what is not for whoever sends it; each ends in one problem."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final
from urllib.parse import urlsplit

import pytest
import trio
from cryptography.hazmat.primitives.asymmetric import ec

from ota_engine.fleet.inventory.rows import Home
from ota_engine.fleet.kernel.decisions import Decision, DecisionRow
from ota_engine.fleet.parties.acts import RemovePerson, ReplaceKey
from ota_engine.fleet.parties.rows import Party, Person
from ota_engine.head_end.api.crowd import Crowd
from ota_engine.head_end.api.door import ApiDoor
from ota_engine.times import DAY_S, Utc
from tests.fleet.estate import KAYS_KEY, public_pem, signed
from tests.head_end.api.test_door import ADD, PARTY, problem
from tests.head_end.service_lab import ServiceClient, ServiceLab

CAMPAIGNS: Final = "/api/v1/campaigns"
JSON: Final = {"Content-Type": "application/json"}


async def raw(url: str, octets: bytes) -> bytes:
    """Send octets as they are, and read what comes back; httpx would mend some of them."""
    place = urlsplit(url)
    stream = await trio.open_tcp_stream(place.hostname or "", place.port or 0)
    async with stream:
        await stream.send_all(octets)
        said = b""
        async for piece in stream:
            said += piece
    return said


# --- who comes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "shown",
    ["", "Bearer", "Basic b2xpdmU6eA==", "Bearer zota_forged", "Bearer a b", "olive"],
)
async def test_no_token_or_a_forged_one(api: ServiceClient, shown: str) -> None:
    async with api.http() as http:
        answer = await http.get(CAMPAIGNS, headers={"Authorization": shown} if shown else {})
    problem(answer, 401, "unauthenticated")
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_a_token_with_one_letter_changed(api: ServiceClient, lab: ServiceLab) -> None:
    token = lab.token("olive")
    forged = token[:-1] + ("A" if token[-1] != "A" else "B")
    async with api.http(forged) as http:
        problem(await http.get(CAMPAIGNS), 401, "unauthenticated")
    async with api.http(token) as http:
        assert (await http.get(CAMPAIGNS)).status_code == 200


async def test_an_expired_token(api: ServiceClient, lab: ServiceLab) -> None:
    async with api.of("olive") as http:
        assert (await http.get(CAMPAIGNS)).status_code == 200
        lab.estate.utc = Utc(lab.estate.utc + 367 * DAY_S)
        problem(await http.get(CAMPAIGNS), 401, "unauthenticated")


async def test_a_token_of_somebody_who_has_left(api: ServiceClient, lab: ServiceLab) -> None:
    async with api.of("sam") as http:
        assert (await http.get(CAMPAIGNS)).status_code == 200
        lab.estate.decide("olive", RemovePerson("sam"))
        problem(await http.get(CAMPAIGNS), 401, "unauthenticated")


async def test_two_tokens_at_once(api: ServiceClient, lab: ServiceLab) -> None:
    token = lab.token("olive")
    async with api.http() as http:
        shown = [("Authorization", f"Bearer {token}"), ("Authorization", "Bearer other")]
        problem(await http.get(CAMPAIGNS, headers=shown), 401, "unauthenticated")


async def test_a_token_that_only_reads_decides_nothing_and_the_attempt_is_noted(
    api: ServiceClient, lab: ServiceLab
) -> None:
    async with api.of("olive", reads_only=True) as http:
        assert (await http.get(CAMPAIGNS)).status_code == 200
        problem(await http.post(ADD, json={"fields": PARTY}), 403, "reads-only")
        csv = {"Content-Type": "text/csv"}
        problem(
            await http.post("/api/v1/imports/homes", content=b"home", headers=csv),
            403,
            "reads-only",
        )
    assert lab.estate.rows(Party, party="new-1") == []
    assert len(await api.refusals()) == 2


async def test_a_post_that_another_site_has_a_browser_make(
    api: ServiceClient, lab: ServiceLab
) -> None:
    async with api.browser("olive") as http:
        assert (await http.get(CAMPAIGNS)).status_code == 200
        for headers in (
            {"Origin": "https://evil.example"},
            {"Sec-Fetch-Site": "cross-site"},
            {},
        ):
            answer = await http.post(ADD, json={"fields": PARTY}, headers=headers)
            problem(answer, 403, "foreign-site")
        assert lab.estate.rows(Party, party="new-1") == []
        own = {"Sec-Fetch-Site": "same-origin"}
        answer = await http.post(ADD, json={"fields": PARTY}, headers=own)
        assert answer.status_code == 200, answer.text


# --- what is decided ------------------------------------------------------------------------------


async def test_a_person_named_in_the_body_decides_nothing(
    api: ServiceClient, lab: ServiceLab
) -> None:
    async with api.of("sam") as http:
        answer = await http.post(ADD, json={"fields": PARTY, "person": "olive"})
        problem(answer, 400, "malformed")
    assert lab.estate.rows(DecisionRow) == []


@pytest.mark.parametrize("tag", ["seven", '"-1"', 'W/"7"', '"7", "8"', '"' + "9" * 40 + '"'])
async def test_an_if_match_that_names_no_revision(api: ServiceClient, tag: str) -> None:
    async with api.of("olive") as http:
        answer = await http.post(ADD, json={"fields": PARTY}, headers={"If-Match": tag})
        problem(answer, 400, "malformed")


@pytest.mark.parametrize("key", ["", "a b", "a/b", "k" * 129])
async def test_a_key_that_is_none(api: ServiceClient, key: str) -> None:
    async with api.of("olive") as http:
        answer = await http.post(ADD, json={"fields": PARTY}, headers={"Idempotency-Key": key})
        problem(answer, 400, "malformed")


async def test_the_key_of_another_ones_decision(api: ServiceClient) -> None:
    key = {"Idempotency-Key": "olives"}
    async with api.of("olive") as http:
        assert (await http.post(ADD, json={"fields": PARTY}, headers=key)).status_code == 200
    async with api.of("peter") as http:
        problem(await http.post(ADD, json={"fields": PARTY}, headers=key), 409, "reused")


# --- bodies ---------------------------------------------------------------------------------------

BODIES: Final[dict[str, tuple[bytes, str, int]]] = {
    "no JSON": (b"{", "malformed", 400),
    "no object": (b"[]", "malformed", 400),
    "nothing": (b"", "malformed", 400),
    "NaN": (b'{"fields": {}, "given_utc": NaN}', "malformed", 400),
    "a number beyond all measure": (b'{"fields": {}, "given_utc": 1e999}', "malformed", 400),
    "a whole number beyond all measure": (
        b'{"fields": {"release": "r", "version": ' + b"9" * 4000 + b"}}",
        "malformed",
        400,
    ),
    "a key twice": (b'{"fields": {}, "fields": {}}', "malformed", 400),
    "deep": (b"[" * 200_000, "malformed", 400),
    "deep objects": (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, "malformed", 400),
    "no UTF-8": (b'{"reason": "\xff\xfe"}', "malformed", 400),
    "half a character": (b'{"fields": {}, "reason": "\\ud800"}', "malformed", 400),
    "a NUL": (b'{"fields": {}, "reason": "\\u0000"}', "malformed", 400),
    "a field that is none": (b'{"fields": {"colour": 1}}', "content", 422),
    "a field of another type": (
        b'{"fields": {"party": 1, "name": "x", "roles": []}}',
        "content",
        422,
    ),
    "a field that lacks": (b'{"fields": {"party": "p"}}', "content", 422),
    "a signature of no length": (b'{"signature": "00"}', "content", 422),
}


@pytest.mark.parametrize("name", BODIES)
async def test_a_body_that_is_none(api: ServiceClient, lab: ServiceLab, name: str) -> None:
    octets, code, status = BODIES[name]
    async with api.of("olive") as http:
        problem(await http.post(ADD, content=octets, headers=JSON), status, code)
    assert lab.estate.rows(DecisionRow) == []
    assert lab.logs == []


async def test_a_body_of_ten_megabytes(api: ServiceClient) -> None:
    async with api.of("olive") as http:
        answer = await http.post(ADD, content=b" " * 10_000_000, headers=JSON)
    problem(answer, 413, "too-large")


async def test_a_body_in_pieces_without_end(api: ServiceClient, lab: ServiceLab) -> None:
    head = (
        f"POST {ADD} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {lab.token('olive')}\r\n"
        "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    piece = b"10000\r\n" + b" " * 65_536 + b"\r\n"
    place = urlsplit(api.url)
    stream = await trio.open_tcp_stream(place.hostname or "", place.port or 0)
    async with stream:
        await stream.send_all(head.encode())
        with suppress(trio.BrokenResourceError):  # the server has heard enough
            for _ in range(129):  # the last goes beyond what is taken
                await stream.send_all(piece)
        assert b" 413 " in (await stream.receive_some(4096)).split(b"\r\n")[0]


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "", "multipart/form-data"])
async def test_another_content_type(api: ServiceClient, kind: str) -> None:
    async with api.of("olive") as http:
        answer = await http.post(ADD, content=b"{}", headers={"Content-Type": kind})
        problem(answer, 415, "media-type")


async def test_a_body_that_is_packed(api: ServiceClient) -> None:
    async with api.of("olive") as http:
        headers = {**JSON, "Content-Encoding": "gzip"}
        problem(await http.post(ADD, content=b"{}", headers=headers), 415, "media-type")


async def test_hostile_names_are_kept_as_text(api: ServiceClient, lab: ServiceLab) -> None:
    name = "<script>alert(1)</script> '; DROP TABLE parties; -- =cmd|' /C calc'!A0"
    async with api.of("olive") as http:
        answer = await http.post(ADD, json={"fields": PARTY | {"name": name}})
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/json"
    assert lab.estate.row(Party, party="new-1").name == name


# --- addresses ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/campaigns/..%2f..%2fetc%2fpasswd",
        "/api/v1/campaigns/%2e%2e%2f",
        "/api/v1/campaigns/%2e%2e",
        "/api/v1/campaigns//",
        "/api/v1//campaigns",
        "/api/v1/campaigns/",
        "/api/v1/campaigns/c1%2Fhomes",
        "/api/v1/campaigns/c1%5Chomes",
        "/api/v1/campaigns/%00",
        "/api/v1/campaigns%0A",
        "/api/v1/campaigns/c1%0A",
        "/api/v1/campaigns/%0D%0Ax",
        "/api/v1/campaigns/%ff%fe",
        "/api/v1/campaigns/" + "c" * 4_000,
        "/api/v1/evidence/%2e%2e%2ffleet-key.pem",
        "/api/v1/openapi.json/x",
        "/api/v1/../v1/campaigns",
    ],
)
async def test_a_path_that_is_a_trick(api: ServiceClient, lab: ServiceLab, path: str) -> None:
    head = f"GET {path} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {lab.token('olive')}\r\n"
    said = await raw(api.url, f"{head}Connection: close\r\n\r\n".encode())
    status = int(said.split(b" ", 2)[1])
    assert status in (400, 404), said
    assert b"application/problem+json" in said
    assert lab.logs == []


async def test_a_supplier_asks_for_the_home_of_another(api: ServiceClient, lab: ServiceLab) -> None:
    """That it is there is not said: it is answered as what is not."""
    homes = lab.estate.rows(Home)
    other = next(one.home for one in homes if "supplier-1" not in (one.electricity, one.gas))
    own = next(one.home for one in homes if "supplier-1" in (one.electricity, one.gas))
    async with api.of("sam") as http:
        assert (await http.get(f"/api/v1/homes/{own}")).status_code == 200
        hidden = problem(await http.get(f"/api/v1/homes/{other}"), 404, "not-there")
        absent = problem(await http.get("/api/v1/homes/h99999999"), 404, "not-there")
    assert hidden.replace(other, "HOME") == absent.replace("h99999999", "HOME")


async def test_a_supplier_asks_for_the_evidence_of_another_and_the_attempt_is_noted(
    api: ServiceClient, lab: ServiceLab
) -> None:
    there = lab.campaign()
    async with api.of("sam") as http:
        known = await http.get(f"/api/v1/evidence/{there}", params={"party": "supplier-2"})
        problem(known, 403, "not-for-you")
    assert await api.refusals() == [f"sam: GET /api/v1/evidence/{there}"]


# --- many at once ---------------------------------------------------------------------------------


class CountedCrowd(Crowd):
    """Says when as many requests of one caller are open as are taken."""

    def __init__(self, most_each: int) -> None:
        super().__init__(most_each=most_each)
        self.full = trio.Event()
        self._most_open, self._open = most_each, 0

    @contextmanager
    def of(self, caller: str) -> Iterator[None]:
        with super().of(caller):
            self._open += 1
            if self._open == self._most_open:
                self.full.set()
            try:
                yield
            finally:
                self._open -= 1


async def test_one_caller_who_sends_more_than_it_may_at_once(lab: ServiceLab) -> None:
    crowd = CountedCrowd(most_each=2)
    async with lab.serving(lambda parts: ApiDoor(parts, crowd)) as client:
        token = lab.token("olive")
        place = urlsplit(client.url)
        head = (
            f"POST {ADD} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {token}\r\n"
            "Content-Type: application/json\r\nContent-Length: 10\r\n\r\n"
        ).encode()
        held = [await trio.open_tcp_stream(place.hostname or "", place.port or 0) for _ in range(2)]
        for stream in held:  # two whose bodies do not come
            await stream.send_all(head)
        await crowd.full.wait()
        async with client.http(token) as http:
            answer = await http.get(CAMPAIGNS)
            problem(answer, 429, "too-many")
            assert answer.headers["retry-after"]
            async with client.of("olive") as again:  # another token makes nobody another caller
                problem(await again.get(CAMPAIGNS), 429, "too-many")
            async with client.of("peter") as other:
                assert (await other.get(CAMPAIGNS)).status_code == 200
            for stream in held:
                await stream.aclose()
            while answer.status_code == 429:
                answer = await http.get(CAMPAIGNS)
                await trio.sleep(0.01)
        assert answer.status_code == 200


async def test_more_callers_than_are_taken_at_once(lab: ServiceLab) -> None:
    async with lab.serving(lambda parts: ApiDoor(parts, Crowd(most=0))) as client:
        async with client.of("olive") as http:
            answer = await http.get(CAMPAIGNS)
        problem(answer, 503, "busy")
        assert answer.headers["retry-after"]


@pytest.mark.parametrize("person", ["kay", "olive"])
async def test_a_stolen_token_gives_its_person_no_key_of_the_thiefs(
    api: ServiceClient, lab: ServiceLab, person: str
) -> None:
    before = lab.estate.row(Person, person=person)
    thief = public_pem(ec.generate_private_key(ec.SECP256R1()))
    async with api.of(person) as http:
        answer = await http.post(
            "/api/v1/acts/replace-key", json={"fields": {"person": person, "key": thief}}
        )
    assert "account page" in problem(answer, 403, "signature")
    assert lab.estate.row(Person, person=person) == before


async def test_whoever_has_the_former_key_replaces_it_from_where_that_is(
    api: ServiceClient, lab: ServiceLab
) -> None:
    key = public_pem(ec.generate_private_key(ec.SECP256R1()))
    act = ReplaceKey("kay", key)
    decision = signed(Decision("mine-2", "kay", act, "", None, lab.estate.utc), KAYS_KEY)
    body = {
        "fields": {"person": "kay", "key": key},
        "given_utc": decision.given_utc,
        "signature": decision.signature.hex(),
    }
    async with api.of("kay", unsigned=True) as http:
        answer = await http.post(
            "/api/v1/acts/replace-key", json=body, headers={"Idempotency-Key": "mine-2"}
        )
    assert answer.status_code == 200, answer.text
    assert lab.estate.row(Person, person="kay").key == key
