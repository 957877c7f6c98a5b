"""``zota duis make``, ``sign`` and ``send``, as a supplier meets them."""

import json
import re
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from images.eui64 import format_eui64
from ota_engine.cli.exits import Exit
from ota_engine.duis.documents import parse_document, write_document
from ota_engine.duis.reading import read_request
from ota_engine.duis.requests import FirmwareActivation, ServiceRequest, SignedPreCommand
from ota_engine.duis.responses import (
    FirmwareWarning,
    Inventory,
    InventoryDevice,
    ServiceResponse,
)
from ota_engine.service_user.templates import is_signed
from tests.cli.terminal import zota_on
from tests.cli.zota import zota
from tests.gbcs import parties
from tests.service_user.over_http import over_http
from tests.service_user.parties import (
    DIGEST,
    DISPLAY,
    HUB,
    SWITCH,
    USER,
    HeadEndDouble,
    answered,
    pre_command,
    signed,
    transformed,
)
from tests.service_user.test_making import IMAGE

ME = format_eui64(USER)
DEVICE = format_eui64(SWITCH)
SECRET = parties.files()[f"{USER:016x}-xml.key"].decode().splitlines()[1]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with keys and an image in it, and nothing else."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "keys").mkdir()
    for file in parties.pki_files():
        path = tmp_path / "keys" / file.name
        path.write_bytes(file.octets)
        path.chmod(0o600 if file.secret else 0o644)
    (tmp_path / "image.ota").write_bytes(IMAGE)
    yield tmp_path


def made(*words: object) -> ServiceRequest:
    ran = zota("duis", "make", *map(str, words), "--user", ME)
    assert ran.code == Exit.OK, ran.err
    return read_request(parse_document(ran.out.encode()))


def in_file(name: str, *words: object) -> None:
    ran = zota("duis", "make", *map(str, words), "--user", ME, "-o", name)
    assert ran.code == Exit.OK, ran.err


def signed_file(name: str, *words: object) -> None:
    in_file(f"un{name}", *words)
    assert zota("duis", "sign", f"un{name}", "--keys", "keys", "-o", name).code == Exit.OK


# --- make -----------------------------------------------------------------------------------------


def test_a_request_is_printed_with_the_next_counter_of_its_user(here: Path) -> None:
    first, second = (made("8.2", "--device", DEVICE) for _ in range(2))
    assert first.header.request_id.counter < second.header.request_id.counter
    assert made("8.2", "--device", DEVICE, "--counter", 7).header.request_id.counter == 7
    third = made("8.2", "--device", DEVICE)
    assert second.header.request_id.counter < third.header.request_id.counter


def test_a_request_goes_into_a_file_that_is_not_overwritten_unasked(here: Path) -> None:
    in_file("update.xml", "11.1", "--image", "image.ota", "--device", DEVICE)
    ran = zota("duis", "make", "8.2", "--device", DEVICE, "--user", ME, "-o", "update.xml")
    assert (ran.code, ran.err.count("\n")) == (Exit.ERRORS, 1)
    assert "give --force" in ran.err
    body = read_request(parse_document((here / "update.xml").read_bytes())).body
    assert body.devices == (SWITCH,)  # type: ignore[union-attr] # an update


def test_devices_come_from_a_list_and_every_bad_line_of_it_is_named(here: Path) -> None:
    devices = here / "devices.csv"
    devices.write_text(f"device,home\n{DEVICE},1\n{format_eui64(DISPLAY)},2\n")
    body = made("11.4", "--image", "image.ota", "--devices", "devices.csv").body
    assert body.devices == (SWITCH, DISPLAY)  # type: ignore[union-attr] # an update
    devices.write_text(f"{DEVICE}\nthe blue one\n{DEVICE}\n")
    ran = zota("duis", "make", "11.4", "--user", ME, "--image", "image.ota", "--devices", devices)
    first, second, last = ran.err.splitlines()
    assert ran.code == Exit.ERRORS
    assert first.startswith(f"zota: {devices}:2: 'the blue one' is not an EUI-64")
    assert second == f"zota: {devices}:3: {DEVICE} stands in line 1 already"
    assert "2 lines cannot be used: mend them" in last


def test_what_is_refused_uses_no_counter_up(here: Path) -> None:
    before = made("8.2", "--device", DEVICE, "--counter", 5).header.request_id.counter
    for words in (
        ("11.1", "--device", DEVICE),
        ("8.4", "--device", DEVICE, "--status", "Sleepy"),
        ("11.2", "--device", DEVICE, "--hash", DIGEST.hex()),
        ("11.3", "--device", DEVICE, "--image", "keys/issuing.pem"),
    ):
        ran = zota("duis", "make", *words, "--user", ME)
        assert (ran.code, ran.err.count("\n"), ran.out) == (Exit.ERRORS, 1, "")
    counters = json.loads((here / "service-user" / "counters.json").read_text())
    assert counters == {ME: before}


def test_a_template_keeps_all_but_user_device_and_counter(here: Path) -> None:
    in_file("template.xml", "11.3", "--device", DEVICE, "--hash", DIGEST.hex(), "--counter", 1000)
    text = (here / "template.xml").read_text()
    (here / "template.xml").write_text(text.replace(":1000<", ":0<"))
    words = ("make", "--template", "template.xml", "--device", format_eui64(DISPLAY))
    ran = zota("duis", *words)
    request = read_request(parse_document(ran.out.encode()))
    assert request.header.request_id.target == DISPLAY
    assert request.header.request_id.counter > 1_000_000
    assert request.body == FirmwareActivation(DIGEST)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), Exit.ERRORS, "what is asked for? name a service such as 11.1"),
        (("8.2", "--template", "x.xml"), Exit.ERRORS, "what is asked for?"),
        (("8.2", "--device", DEVICE), Exit.ERRORS, "who asks? give the user's EUI-64 with --user"),
        (("7.7", "--user", ME), Exit.ERRORS, "'7.7' is no service made here"),
        (
            ("--template", "x.xml", "--hash", DIGEST.hex()),
            Exit.ERRORS,
            "a template has a body of its own: leave out --hash",
        ),
        (
            ("--template", "x.xml", "--command-variant", "5"),
            Exit.ERRORS,
            "leave out --command-variant and --schema-version",
        ),
        (
            ("--template", "x.xml", "--device", DEVICE, "--device", ME),
            Exit.ERRORS,
            "a template is for one device",
        ),
        (("--template", "nothing.xml"), Exit.UNREADABLE, "nothing.xml: No such file"),
        (("--template", "image.ota"), Exit.ERRORS, "image.ota: it is not UTF-8"),
        (("11.1", "--user", ME, "--image", "no.ota"), Exit.UNREADABLE, "no.ota: No such file"),
        (
            ("11.1", "--user", ME, "--devices", "image.ota"),
            Exit.ERRORS,
            "image.ota: is no text in UTF-8",
        ),
    ],
)
def test_what_cannot_be_made_is_one_line(
    here: Path, words: tuple[str, ...], code: Exit, said: str
) -> None:
    ran = zota("duis", "make", *words)
    assert (ran.code, ran.err.count("\n"), ran.out) == (code, 1, "")
    assert said in ran.err


# --- sign -----------------------------------------------------------------------------------------


def test_a_request_is_signed_in_the_name_of_its_user(here: Path) -> None:
    signed_file("read.xml", "11.2", "--device", DEVICE)
    assert is_signed(parse_document((here / "read.xml").read_bytes()))
    files = ("--key", f"keys/{USER:016x}-xml.key", "--certificate", f"keys/{USER:016x}-xml.pem")
    ran = zota("duis", "sign", "unread.xml", *files)
    assert is_signed(parse_document(ran.out.encode()))
    assert SECRET not in ran.out + ran.err


def test_a_pre_command_is_signed_into_the_request_that_sends_it(here: Path) -> None:
    in_file("activate.xml", "11.3", "--device", DEVICE, "--hash", DIGEST.hex())
    request = read_request(parse_document((here / "activate.xml").read_bytes()))
    (here / "answer.xml").write_bytes(signed(transformed(request)))
    words = ("sign", "activate.xml", "--answer", "answer.xml", "--keys", "keys", "-o", "send.xml")
    assert zota("duis", *words).code == Exit.OK
    second = read_request(parse_document((here / "send.xml").read_bytes()))
    assert second.header.request_id == request.header.request_id
    assert second.header.command_variant == 5
    assert isinstance(second.body, SignedPreCommand)
    message = pre_command(request, recipient=DISPLAY)
    (here / "answer.xml").write_bytes(signed(transformed(request, message)))
    ran = zota("duis", *words, "--force")
    assert (ran.code, ran.err.count("\n")) == (Exit.ERRORS, 1)
    assert "answer.xml: the device of the pre-command is" in ran.err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("ask.xml",), Exit.ERRORS, f"{ME} cannot sign: put {USER:016x}-xml.key into"),
        (("ask.xml", "--key", "x"), Exit.ERRORS, "--key goes with --certificate"),
        (("ask.xml", "--keys", "nowhere"), Exit.UNREADABLE, "nowhere: No such file"),
        (("image.ota", "--keys", "keys"), Exit.ERRORS, "image.ota: it is not UTF-8"),
        (("signed.xml", "--keys", "keys"), Exit.ERRORS, "signed.xml: is signed already"),
        (
            ("ask.xml", "--keys", "keys", "--answer", "ask.xml"),
            Exit.ERRORS,
            "ask.xml: Request: this is a request where a response is wanted",
        ),
        (
            (
                "ask.xml",
                "--key",
                f"keys/{USER:016x}-xml.key",
                "--certificate",
                f"keys/{parties.BROKER:016x}-xml.pem",
            ),
            Exit.ERRORS,
            "the key is not that of the certificate",
        ),
    ],
)
def test_what_cannot_be_signed_is_one_line(
    here: Path, words: tuple[str, ...], code: Exit, said: str
) -> None:
    in_file("ask.xml", "8.2", "--device", DEVICE)
    signed_file("signed.xml", "8.2", "--device", DEVICE)
    ran = zota("duis", "sign", *words)
    assert (ran.code, ran.err.count("\n"), ran.out) == (code, 1, "")
    assert said in ran.err


# --- send -----------------------------------------------------------------------------------------


def sent(head_end: HeadEndDouble, *words: str) -> Any:
    with over_http(head_end) as url:
        return zota("duis", "send", "ask.xml", "--url", url, "--keys", "keys", *words)


def transforming(request: ServiceRequest) -> ServiceResponse:
    return transformed(request) if request.header.command_variant == 4 else answered(request)


def test_an_inventory_is_shown_as_a_table(here: Path) -> None:
    home = Inventory(
        (
            InventoryDevice(HUB, "CHF", "Commissioned", "106C", "433100AC", None, "01000000"),
            InventoryDevice(SWITCH, "HCALCS", "InstalledNotCommissioned", "Ac\x9b2Jme", "X1"),
        )
    )
    in_file("ask.xml", "8.2", "--device", DEVICE)
    ran = sent(HeadEndDouble(lambda request: answered(request, "I0", home)))
    assert ran.code == Exit.OK
    assert re.search(r"^answer +I0: done \(certain\)$", ran.out, re.MULTILINE)
    assert re.search(r"^signature +valid, ", ran.out, re.MULTILINE)
    assert re.search(rf"^{DEVICE}  HCALCS  InstalledNotCommissioned  -", ran.out, re.MULTILINE)
    assert "Ac\\x9b2Jme" in ran.out  # nothing that a terminal would act on


def test_devices_that_are_passed_over_are_listed_and_count_only_when_told(here: Path) -> None:
    warning = FirmwareWarning(ppmid=True, not_commissioned=(SWITCH,), wrong_gbcs=(DISPLAY,))
    in_file(
        "ask.xml",
        "11.4",
        "--image",
        "image.ota",
        "--device",
        DEVICE,
        "--device",
        format_eui64(DISPLAY),
    )
    head_end = HeadEndDouble(lambda request: answered(request, "W110401", warning))
    ran = sent(head_end)
    assert ran.code == Exit.OK
    assert f"{DEVICE}  not commissioned" in ran.out
    assert f"{format_eui64(DISPLAY)}  of a GBCS version that cannot" in ran.out
    assert sent(head_end, "--strict").code == Exit.WARNINGS


def test_a_refusal_ends_with_2_and_tells_what_its_code_means(here: Path) -> None:
    in_file("ask.xml", "11.2", "--device", DEVICE)
    ran = sent(HeadEndDouble(lambda request: answered(request, "E19")))
    assert ran.code == Exit.ERRORS
    assert "E19: no such device (stated)" in ran.out


def test_an_activation_is_followed_to_its_acknowledgement(here: Path) -> None:
    in_file("ask.xml", "11.3", "--device", DEVICE, "--hash", DIGEST.hex())
    head_end = HeadEndDouble(transforming)
    ran = sent(head_end, "--follow", "--json", "-o", "answer.xml")
    assert ran.code == Exit.OK
    first, second = json.loads(ran.out)["answers"]
    assert (first["answer"]["code"], second["answer"]["code"]) == ("I0", "I99")
    assert first["answer"]["gbcs"]["use_case"] == "CS06"
    assert second["awaited"]
    assert second["signature"] == "valid"
    assert [path for path, _ in head_end.asked] == ["/api/v1/serviceT", "/api/v1/serviceS"]
    assert (here / "answer.xml").read_bytes().count(b"I99") == 1


def test_what_is_signed_already_is_sent_octet_for_octet(here: Path) -> None:
    signed_file("ask.xml", "11.2", "--device", DEVICE)
    head_end = HeadEndDouble()
    with over_http(head_end) as url:
        dcc = f"keys/{parties.BROKER:016x}-xml.pem"
        ran = zota("duis", "send", "ask.xml", "--url", url, "--dcc-certificate", dcc)
    assert ran.code == Exit.OK
    (lines,) = [path.read_text() for path in [here / "service-user" / "requests.jsonl"]]
    assert [json.loads(line)["code"] for line in lines.splitlines()] == ["", "I99"]


def unsigned(octets: bytes) -> bytes:
    root = parse_document(octets)
    root.remove(root[-1])
    return write_document(root)


def test_an_answer_that_is_not_the_dccs_is_no_answer(here: Path) -> None:
    in_file("ask.xml", "11.2", "--device", DEVICE)
    head_end = HeadEndDouble()
    head_end.spoil = unsigned
    ran = sent(head_end)
    assert (ran.code, ran.err, ran.out) == (
        Exit.ERRORS,
        "zota: the answer I99 does not count: it is not signed\n",
        "",
    )
    assert sent(head_end, "--unsigned").code == Exit.OK


def test_no_head_end_is_one_line(here: Path) -> None:
    in_file("ask.xml", "11.2", "--device", DEVICE)
    ran = zota("duis", "send", "ask.xml", "--url", "http://me:geheim@127.0.0.1:1", "--keys", "keys")
    assert (ran.code, ran.err.count("\n")) == (Exit.UNREADABLE, 1)
    assert "see whether the head end runs there" in ran.err
    assert "geheim" not in ran.err


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_head_end_that_lets_us_in_and_says_nothing_is_given_up(here: Path, scheme: str) -> None:
    in_file("ask.xml", "11.2", "--device", DEVICE)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"{scheme}://127.0.0.1:{silent.getsockname()[1]}"
        words = ("duis", "send", "ask.xml", "--url", url, "--keys", "keys", "--timeout", "0.1s")
        ran = zota(*words, "-o", "answer.xml")
    assert (ran.code, ran.out) == (Exit.UNREADABLE, "")
    assert ran.err == (
        f"zota: {url}/api/v1/serviceS: no complete answer within 0.1 s: see whether the head end"
        " runs, or give it longer with --timeout\n"
    )
    assert not (here / "answer.xml").exists()
    (noted,) = (here / "service-user" / "requests.jsonl").read_text().splitlines()
    assert json.loads(noted)["code"] == ""
    assert sent(HeadEndDouble()).code == Exit.OK  # under the same RequestID


def tls_files(folder: Path) -> None:
    """A certificate for this machine that certifies itself, and its key."""
    key = next(parties.key_maker(7))
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "head end")])
    start = datetime.now(UTC) - timedelta(days=1)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, start, start + timedelta(days=9))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "tls.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (folder / "tls.key").write_bytes(private)
    (folder / "tls.key").chmod(0o600)


def test_a_head_end_with_tls_is_trusted_by_its_certificate_and_shown_ours(here: Path) -> None:
    tls_files(here)
    in_file("ask.xml", "11.2", "--device", DEVICE)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain("tls.pem", "tls.key")
    context.load_verify_locations("tls.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    shown = ("--tls-cert", "tls.pem", "--tls-key", "tls.key")
    with over_http(HeadEndDouble(), context) as url:
        words = ("duis", "send", "ask.xml", "--url", url, "--keys", "keys")
        assert zota(*words, "--tls-ca", "tls.pem", *shown).code == Exit.OK
        for more in ((), shown, ("--tls-ca", "tls.pem")):
            ran = zota(*words, *more)
            assert (ran.code, ran.err.count("\n")) == (Exit.UNREADABLE, 1)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--tls-cert", "tls.pem"), Exit.ERRORS, "--tls-cert goes with --tls-key"),
        (("--tls-ca", "tls.key"), Exit.ERRORS, "tls.key: is no certificate in PEM"),
        (("--tls-ca", "none.pem"), Exit.UNREADABLE, "none.pem: No such file"),
        (
            ("--tls-cert", "tls.pem", "--tls-key", "tls.pem"),
            Exit.ERRORS,
            "tls.pem, tls.pem: are no certificate and its unencrypted key",
        ),
    ],
)
def test_files_of_tls_that_are_none_are_one_line(
    here: Path, words: tuple[str, ...], code: Exit, said: str
) -> None:
    tls_files(here)
    (here / "tls.pem").chmod(0o600)
    in_file("ask.xml", "11.2", "--device", DEVICE)
    ran = zota("duis", "send", "ask.xml", "--keys", "keys", *words)
    assert (ran.code, ran.err.count("\n")) == (code, 1)
    assert said in ran.err


@pytest.mark.parametrize("columns", [80, 120])
def test_answers_fit_a_terminal_and_cut_no_name(here: Path, columns: int) -> None:
    devices = Inventory(
        tuple(
            InventoryDevice(
                SWITCH, "HCALCS", "InstalledNotCommissioned", "M" * 30, "N" * 30, None, "01000000"
            )
            for _ in range(3)
        )
    )
    in_file("ask.xml", "8.2", "--device", DEVICE)
    with over_http(HeadEndDouble(lambda request: answered(request, "I0", devices))) as url:
        seen = zota_on(columns, 24, "duis", "send", "ask.xml", "--url", url, "--keys", "keys")
    assert (seen.code, seen.overlong) == (Exit.OK, [])
    assert sum(line.startswith(DEVICE) for line in seen.lines) == 3
    assert any(re.search(rf"{ME}:\S+:\d{{13}}$", line) for line in seen.lines)
