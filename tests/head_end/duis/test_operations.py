"""What whoever runs a head end sees and does: figures, health, back-ups, TLS, faults of its own machine."""

import ssl
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from lxml import etree
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ota_engine.duis.codes import CODES, ResponseCase
from ota_engine.duis.requests import DSP, RequestId
from ota_engine.duis.variants import UserRole
from ota_engine.errors import LinkError, LocalError, StoreError, StoreFull
from ota_engine.fleet.orders.rows import DocumentState, ServiceInbox, ServiceUser, UserDocument
from ota_engine.head_end import health
from ota_engine.head_end import running as fleet_running
from ota_engine.head_end.backup import back_up, restore
from ota_engine.head_end.desk import FleetDesk
from ota_engine.head_end.duis import running, standing
from ota_engine.head_end.duis.endpoint import UserEndpoint, endpoint_tls
from ota_engine.head_end.duis.keys import DuisKeys
from ota_engine.head_end.duis_schemas import SchemaFolder
from ota_engine.telling.serving import Place, TlsFiles, serving
from ota_engine.telling.sink import Fate
from ota_engine.times import Utc
from ota_engine.wall_clock import this_machine
from tests.duis.signers import DATA, needs_schemas
from tests.head_end.duis.lab import (
    DATABASE,
    EAST,
    Lab,
    dcc,
    identity,
    inventory,
    opened,
    signed,
    told,
    tree,
    unsigned,
    update,
)
from tests.head_end.duis.test_outbox import Carried, mailbox, registered


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


async def test_figures_tell_requests_documents_and_devices_by_state(lab: Lab) -> None:
    lab.put(told(1), told(2))
    async with lab.serving() as client:
        await client.post(signed(inventory()))
        await client.post(signed(update()))
        await client.post(b"nonsense")
        page = await client.get("/metrics")
    assert page.headers["content-type"].startswith("text/plain")
    for line in (
        'zota_duis_requests_total{code="I0",reference="8.2",service="serviceD"} 1.0',
        'zota_duis_requests_total{code="I99",reference="11.4",service="serviceD"} 1.0',
        'zota_duis_requests_total{code="400",reference="none",service="serviceD"} 1.0',
        'zota_duis_request_seconds_count{service="serviceD"} 3.0',
        'zota_duis_outbox_documents{state="waiting"}',
        "zota_duis_outbox_oldest_seconds ",
        "zota_duis_requests_waiting 0.0",
    ):
        assert line in page.text


async def test_a_head_end_says_that_it_is_well_and_what_is_wrong_when_it_is_not(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with lab.serving() as client:
        well = await client.get("/healthz")
        lab.put(_old(told(1)))
        waiting = await client.get("/healthz")
        monkeypatch.setattr(health, "LEAST_FREE_OCTETS", 1 << 62)
        monkeypatch.setattr(standing, "ENDING_S", 1e12)
        monkeypatch.setattr(health, "LAG_S", -1.0)
        unwell = await client.get("/healthz")
        monkeypatch.setattr(running, "read_standing", _failing)
        failed = await client.get("/healthz")
    assert (well.status_code, well.json()) == (200, {"status": "well", "troubles": {}})
    # What lies with a user makes nobody restart a head end.
    assert (waiting.status_code, waiting.json()["status"]) == (200, "wants attention")
    assert "outbox list says why" in waiting.json()["troubles"]["outbox"]
    assert (unwell.status_code, unwell.json()["status"]) == (503, "unwell")
    troubles = unwell.json()["troubles"]
    assert troubles.keys() == {"disk", "keys", "lag", "outbox"}
    assert "make room" in troubles["disk"]
    assert "put a new one" in troubles["keys"]
    assert failed.json()["troubles"]["database"] == "the disk failed"


def _failing(*_: Any) -> Any:
    raise StoreError("the disk failed")


def _old(document: UserDocument) -> UserDocument:
    return UserDocument(document.document, document.user, document.content, 0.0)


async def test_logs_name_each_document_that_was_pushed_and_what_came_of_it(lab: Lab) -> None:
    async with mailbox() as box:
        registered(lab, EAST, box.url)
        lab.put(told(1))
        async with lab.serving() as client:
            await client.logged("told")
            (line,) = [one for one in client.logs if one["event"] == "told"]
    assert (line["document"], line["fate"]) == (told(1).document, "accepted")


async def test_a_database_that_fails_is_told_and_the_next_request_is_served(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve = FleetDesk.serve

    def full(*_: Any) -> Any:
        raise StoreFull("the disk is full, nothing was written: make room")

    octets = signed(inventory())
    async with lab.serving() as client:
        monkeypatch.setattr(FleetDesk, "serve", full)
        failed = await client.ask(octets)
        monkeypatch.setattr(FleetDesk, "serve", serve)
        done = await client.ask(octets)
        logs = str(client.logs)
    assert (failed.code, done.code) == ("E100", "I0")
    assert "the disk is full" in logs
    assert len(lab.rows(ServiceInbox)) == 1


async def test_a_trouble_that_goes_on_is_logged_once(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = 0

    def failing(*_: Any) -> Any:
        nonlocal looks
        looks += 1
        raise StoreError("the disk failed")

    monkeypatch.setattr(fleet_running, "LOOK_S", 0.01)
    monkeypatch.setattr(FleetDesk, "due", failing)
    async with lab.serving() as client:
        await client.logged("trouble")
        while looks < 5:
            await client.get("/healthz")
        assert [line["trouble"] for line in client.logs] == ["the disk failed"]


async def test_a_fault_of_ours_with_one_request_spoils_no_other(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve, bad = FleetDesk.serve, inventory()

    def faulty(desk: FleetDesk, requests: Any, utc: Utc) -> Any:
        if any(one.request.header == bad.header for one in requests):
            raise ZeroDivisionError("by us")
        return serve(desk, requests, utc)

    monkeypatch.setattr(FleetDesk, "serve", faulty)
    async with lab.serving() as client:
        assert await client.code(signed(bad)) == "E100"
        assert await client.code(signed(inventory())) == "I0"
        assert "ZeroDivisionError: by us" in str(client.logs)


async def test_an_old_back_up_tells_again_what_it_told_with_the_same_octets_and_ids(
    lab: Lab, tmp_path: Path
) -> None:
    file = tmp_path / "backup"
    asked = signed(inventory())
    async with mailbox() as box:
        registered(lab, EAST, box.url)
        lab.put(told(1))
        await Carried(lab).drain()
        async with lab.serving() as client:
            before = (await client.post(asked)).content
        lab.put(told(2))
        with lab.desk() as (desk, _):  # it is made, and not brought yet
            desk.make(lab.rows(UserDocument, state=DocumentState.WAITING), this_machine())
        back_up(lab.state, DATABASE, file, this_machine(), keys=False)
        await Carried(lab).drain()
        lab.put(told(3))
        await Carried(lab).drain()
        assert len(box.posts) == 3

        lab.state = tmp_path / "restored"
        restore(file, lab.state, DATABASE)
        async with lab.serving() as client:
            assert (await client.post(asked)).content == before
        lab.put(told(3))  # it happens again, for the hub says it again
        await Carried(lab).drain()
    names = [opened(one).response_id for one in box.posts]
    assert len(box.posts) >= 5
    assert set(names) == {RequestId(DSP, EAST, number) for number in (1, 2, 3)}, "no new id"
    assert len({one for one, name in zip(box.posts, names, strict=True) if name == names[1]}) == 1


def test_the_key_that_signs_lies_beside_the_certificate_and_no_other_is_read(
    lab: Lab, tmp_path: Path
) -> None:
    told_of: list[str] = []
    (lab.keys / "east.key").write_text("of no concern")
    (lab.keys / "junk.pem").write_text("junk")
    (lab.keys / "dcc.key").chmod(0o644)
    keys = DuisKeys(lab.keys, told_of.append)
    assert keys.own.certificate == dcc().certificate
    assert len(keys.signers) == 5
    assert sorted(line.partition(": ")[2] for line in told_of) == [
        "a private key that others may read: chmod 600 it",
        "left out: not a certificate: give an X.509 certificate, PEM or DER",
    ]
    identity(EAST, serial=99).write(lab.keys, "wrong")
    (lab.keys / "dcc.key").unlink()
    with pytest.raises(LocalError, match="with its key beside it"):
        DuisKeys(lab.keys, told_of.append)


def test_certificates_that_are_put_in_or_taken_out_count_without_a_restart(lab: Lab) -> None:
    now = [0.0]
    keys = DuisKeys(lab.keys, print, monotonic=lambda: now[0])
    newer = identity(EAST, serial=4711)
    assert keys.find(4711) is None
    newer.write(lab.keys, "newer")
    now[0] += 10.0
    found = keys.find(4711)
    assert found is not None
    assert found.signer.eui == EAST
    (lab.keys / "newer.pem").unlink()
    now[0] += 10.0
    assert keys.find(4711) is None


class WebPki:
    """An authority for TLS, with certificates of a server and of a client."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = folder / "authority.pem"
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")])
        self._write("authority", self._name, self._key, ca=True)
        for name in ("server", "client"):
            subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
            self._write(name, subject, ec.generate_private_key(ec.SECP256R1()))

    def _write(
        self, name: str, subject: x509.Name, key: ec.EllipticCurvePrivateKey, *, ca: bool = False
    ) -> None:
        now = datetime.now(UTC)
        names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=2))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(names, critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
            .sign(self._key, SHA256())
        )
        (self.folder / f"{name}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
        form = Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        (self.folder / f"{name}.key").write_bytes(key.private_bytes(*form))

    def client(self, *, certified: bool) -> ssl.SSLContext:
        found = ssl.create_default_context(cafile=str(self.folder / "authority.pem"))
        if certified:
            found.load_cert_chain(self.folder / "client.pem", self.folder / "client.key")
        return found


async def test_over_tls_only_clients_with_a_certificate_come_in_where_one_is_wanted(
    tmp_path: Path,
) -> None:
    pki = WebPki(tmp_path)

    async def nothing(_: Request) -> Response:
        return Response(status_code=204)

    app = Starlette(routes=[Route("/", nothing)])
    files = TlsFiles(tmp_path / "server.pem", tmp_path / "server.key", tmp_path / "authority.pem")
    async with serving(app, Place("127.0.0.1", 0), files) as url:
        assert url.startswith("https://")
        async with httpx.AsyncClient(verify=pki.client(certified=True), trust_env=False) as client:
            assert (await client.get(url)).status_code == 204
        async with httpx.AsyncClient(verify=pki.client(certified=False), trust_env=False) as other:
            with pytest.raises(httpx.HTTPError):
                await other.get(url)
        plain = url.replace("https", "http")
        async with httpx.AsyncClient(trust_env=False) as third:
            with pytest.raises(httpx.HTTPError):
                await third.get(plain)


async def test_documents_go_to_endpoints_over_tls_that_want_to_see_who_brings_them(
    tmp_path: Path,
) -> None:
    pki = WebPki(tmp_path)
    ours = TlsFiles(tmp_path / "client.pem", tmp_path / "client.key")
    files = TlsFiles(tmp_path / "server.pem", tmp_path / "server.key", tmp_path / "authority.pem")
    bodies: list[bytes] = []

    async def take(request: Request) -> Response:
        bodies.append(await request.body())
        return Response(status_code=204)

    app = Starlette(routes=[Route("/", take, methods=["POST"])])
    async with serving(app, Place("127.0.0.1", 0), files) as url:
        user = ServiceUser(EAST, "east", UserRole.IMPORT_SUPPLIER, url)
        fates = []
        for tls in (None, endpoint_tls(pki.authority, None), endpoint_tls(pki.authority, ours)):
            async with UserEndpoint(user, tls=tls) as endpoint:
                fates.append((await endpoint.post(replace(told(1), octets=b"<x/>"))).fate)
    assert fates == [Fate.AWAY, Fate.AWAY, Fate.ACCEPTED]
    assert bodies == [b"<x/>"]
    assert endpoint_tls(None, None) is None
    with pytest.raises(LocalError, match="no certificates for TLS"):
        endpoint_tls(tmp_path / "none.pem", None)


@needs_schemas
async def test_with_the_official_schemas_both_directions_are_checked_by_them(lab: Lab) -> None:
    check = SchemaFolder(DATA / "xsd").check
    async with lab.serving(check=check) as client:
        assert await client.code(signed(inventory())) == "I0"
        assert await client.code(signed(update())) == "I99"
        assert (await client.code(unsigned(inventory()))).startswith("E")
        root = tree(inventory())
        root[1].append(etree.fromstring(etree.tostring(root[1][0])))
        told_of = await client.ask(signed(root))
    assert told_of.code == CODES.code(ResponseCase.STRUCTURE_WRONG)


@pytest.mark.parametrize("text", ["", "8079", "host:", ":1", "host:x", "host:70000", "h:1:2:3x"])
def test_what_is_no_place_is_told(text: str) -> None:
    with pytest.raises(LocalError, match="no place to listen"):
        Place.read(text)


def test_places_are_read() -> None:
    assert Place.read("127.0.0.1:8079") == Place("127.0.0.1", 8079)
    assert Place.read("[::1]:0") == Place("::1", 0)
    assert [Place(host, 1).is_private for host in ("::1", "localhost", "0.0.0.0")] == [  # noqa: S104 - is refused
        True,
        True,
        False,
    ]


async def test_a_place_that_is_not_ours_is_told() -> None:
    with pytest.raises(LinkError, match="give another --http"):
        async with serving(Starlette(), Place("192.0.2.1", 0)):
            pass


async def test_what_is_refused_is_summed_in_the_trail_by_reason(lab: Lab) -> None:
    async with lab.serving() as client:
        for _ in range(3):
            await client.post(unsigned(inventory()))
        await client.post(b"nonsense")
    with lab.store() as store, store.reading():
        notes = [row for row in store.trail() if row.record.actor == "duis door"]
    assert sorted(note.record.detail for note in notes) == [
        '{"reason":"no DUIS","times":1}',
        '{"reason":"signature-wrong","times":3}',
    ]
