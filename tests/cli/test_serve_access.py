"""A real server in a process of its own, and whoever wants in: by pages, by tokens, and by other ways."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from ota_engine.fleet.kernel.decisions import DecisionRow
from ota_engine.fleet.kernel.rows import Select
from ota_engine.fleet.kernel.signatures import is_signed
from ota_engine.head_end.access.attempts import BY_PERSON
from tests.cli.fleet import FleetFolder
from tests.cli.test_serve import PATIENT_S, served
from tests.cli.zota import zota

PASSWORD = "a horse with 4 batteries"  # noqa: S105 - of everybody here
COOKIE = "zota_session"
OWN = {"sec-fetch-site": "same-origin"}


@pytest.fixture
def fleet(tmp_path: Path) -> FleetFolder:
    fleet = FleetFolder(tmp_path, number=2)
    password = tmp_path / "password"
    password.touch(0o600)
    password.write_text(PASSWORD)
    key = tmp_path / "olive.key"
    words = ("user", "add", "olive", "--key", key, "--password-file", password)
    assert zota(*words, "--state", fleet.state).code == 0
    return fleet


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=None, trust_env=False) as client:  # noqa: S113 - no machine is too slow
        yield client


def _sign_in(client: httpx.Client, url: str, password: str = PASSWORD) -> httpx.Response:
    form = {"person": "olive", "password": password}
    return client.post(f"{url}/sign-in", data=form, headers=OWN)


def _refuse_secrets(secret: str, *texts: str) -> None:
    for text in texts:
        for hidden in (secret, PASSWORD, "a guess"):
            assert hidden not in text


def test_a_session_outlives_a_server_that_is_killed_ends_with_the_sign_out_and_no_log_holds_it(
    fleet: FleetFolder, client: httpx.Client
) -> None:
    with served(fleet.state) as server:
        assert _sign_in(client, server.url, "a guess").status_code == 401
        told = _sign_in(client, server.url)
        assert told.status_code == 303
        rules = told.headers["set-cookie"]
        for rule in ("HttpOnly", "SameSite=Strict", "Path=/"):
            assert rule in rules
        secret = client.cookies[COOKIE]
        page = client.get(server.url)
        assert page.status_code == 200
        assert page.headers["cache-control"] == "no-store"
        assert "default-src 'none'" in page.headers["content-security-policy"]
        server.kill()
        said, logs = server.communicate(timeout=PATIENT_S)
    _refuse_secrets(secret, page.text, said, logs)
    heard = [json.loads(line) for line in logs.splitlines()]
    signed = [one for one in heard if one["event"].startswith("sign in")]
    assert [(one["event"], one["person"], one["address"]) for one in signed] == [
        ("sign in refused", "olive", "127.0.0.1"),
        ("sign in", "olive", "127.0.0.1"),
    ]
    with served(fleet.state) as server:
        client.cookies = httpx.Cookies({COOKIE: secret})
        assert client.get(server.url).status_code == 200
        out = client.post(f"{server.url}/sign-out", headers=OWN)
        assert out.status_code == 303
        client.cookies = httpx.Cookies({COOKIE: secret})
        again = client.get(server.url)
        assert again.status_code == 303
        assert urlsplit(again.headers["location"]).path == "/sign-in"
        server.terminate()
        _refuse_secrets(secret, *server.communicate(timeout=PATIENT_S))


@pytest.mark.heavy
def test_guesses_wait_also_after_the_server_was_killed(
    fleet: FleetFolder, client: httpx.Client
) -> None:
    with served(fleet.state) as server:
        for _ in range(BY_PERSON.free):
            assert _sign_in(client, server.url, "a guess").status_code == 401
        server.kill()
    with served(fleet.state) as server:
        for _ in range(BY_PERSON.free):  # of a wait that has passed meanwhile, one is looked at
            told = _sign_in(client, server.url, "a guess")
        assert told.status_code == 429
        assert int(told.headers["retry-after"]) > 0


@pytest.mark.heavy
def test_another_site_makes_a_browser_do_nothing(fleet: FleetFolder, client: httpx.Client) -> None:
    with served(fleet.state) as server:
        _sign_in(client, server.url)
        foreign = {"sec-fetch-site": "cross-site", "origin": "https://evil.example"}
        for path in ("/sign-out", "/sign-in", "/", "/welcome"):
            assert client.post(f"{server.url}{path}", headers=foreign).status_code == 403
        assert client.get(server.url).status_code == 200
        rebound = client.get(server.url, headers={"host": "evil.example"})
        assert rebound.status_code == 421
        large = client.post(f"{server.url}/sign-in", content=b"x" * 70_000, headers=OWN)
        assert large.status_code == 413


@pytest.mark.heavy
def test_a_token_is_shown_by_programs_and_never_together_with_a_cookie(
    fleet: FleetFolder, client: httpx.Client
) -> None:
    made = zota("user", "token", "add", "olive", "--name", "ci", "--state", fleet.state)
    token = made.out.strip()
    with served(fleet.state) as server:
        act = f"{server.url}/api/v1/acts/remove-person"
        bearer = {"authorization": f"Bearer {token}", "idempotency-key": "a-key"}
        body = {"fields": {"person": "sam"}}
        both = client.post(act, json=body, headers={**bearer, "cookie": f"{COOKIE}=x"})
        assert both.status_code == 403
        assert both.json()["code"] == "foreign-site"
        taken = client.post(act, json=body, headers=bearer)
        assert taken.status_code == 403
        assert taken.json()["code"] == "signature"  # the token has no key of hers
        assert zota("user", "lock", "olive", "--reason", "gone", "--state", fleet.state).code == 0
        assert client.post(act, json=body, headers=bearer).status_code == 401


def test_what_comes_by_a_token_is_signed_as_its_person_signs(
    fleet: FleetFolder, client: httpx.Client
) -> None:
    words = ("user", "token", "add", "olive", "--name", "ci", "--state", fleet.state)
    token = zota(*words, "--password-file", fleet.folder / "password").out.strip()
    with served(fleet.state) as server:
        bearer = {"authorization": f"Bearer {token}", "idempotency-key": "a-key"}
        body = {"fields": {"person": "sam"}, "reason": "left"}
        done = client.post(f"{server.url}/api/v1/acts/remove-person", json=body, headers=bearer)
        assert (done.status_code, done.json()["accepted"], done.json()["signed"]) == (
            200,
            True,
            True,
        )
    desk = fleet.desk()
    with desk.store.reading():
        (row,) = desk.store.select(Select(DecisionRow, (("key", "a-key"),)))
    desk.store.close()
    public = (fleet.folder / "olive.pub").read_text()
    assert is_signed(row.content.encode(), bytes.fromhex(row.signature), public)
