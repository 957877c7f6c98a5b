"""``zota duis sign`` and ``send``: reads options, files and keys, has it done, shows it."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NamedTuple

import typer

from images.eui64 import Eui64, format_eui64
from images.files import read_bounded
from ota_engine.cli.duis_keys import (
    DUIS,
    CertificateFile,
    ClientTls,
    DccCertificate,
    KeyFile,
    Unsigned,
    UserKeys,
    blamed,
    read_message_keys,
    read_secrets,
    read_xml_keys,
    tls_context,
)
from ota_engine.cli.duis_make import DEFAULT_STATE, STDOUT, UserState
from ota_engine.cli.exits import Exit
from ota_engine.cli.extras import require
from ota_engine.cli.files import write_whole
from ota_engine.cli.image_options import AsJson
from ota_engine.cli.option_groups import grouped
from ota_engine.cli.push_options import duration
from ota_engine.cli.remarks import put, remark
from ota_engine.errors import LocalError
from ota_engine.gbcs.keystore import Keystore
from ota_engine.wall_clock import this_machine

if TYPE_CHECKING:
    from ssl import SSLContext

    from lxml import etree

    from ota_engine.duis.requests import ServiceRequest
    from ota_engine.service_user.client import UserAnswer, UserSecrets
    from ota_engine.service_user.state import UserFolder
    from ota_engine.service_user.xml_keys import XmlKeys

MOST_BYTES: Final = 15 << 20
PATIENCE_S: Final = 30.0

Document = Annotated[
    Path, typer.Argument(readable=False, metavar="FILE|-", help="A request; - is standard input.")
]


def sign_command(
    source: Document,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Where to; - is standard output.")
    ] = STDOUT,
    answer: Annotated[
        Path | None,
        typer.Option(
            readable=False, metavar="FILE", help="Of 11.3: sign the pre-command it was answered."
        ),
    ] = None,
    keys: UserKeys = None,
    key: KeyFile = None,
    certificate: CertificateFile = None,
    dcc: DccCertificate = None,
    unsigned: Unsigned = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
) -> None:
    """Sign a request in its user's name; with --answer, the pre-command that answers it, too.

    A placeholder for a signature, as templates have it, is taken off. With --answer a second request
    comes out, under the same RequestID, that sends the command to the device; nothing is signed that
    differs from what was asked for. Exit code 0: signed; 2: it is not, and the line says why.
    """
    require(DUIS, "duis sign")
    from ota_engine.duis.reading import read_request
    from ota_engine.service_user.templates import is_signed

    _, root = _read(source)
    with blamed(_name(source)):
        request = read_request(root)
        if answer is None and is_signed(root):
            raise LocalError("is signed already: nothing is to be done")
    xml_keys = read_xml_keys(keys, key, certificate, dcc)
    if answer is not None:
        root = _second_half(request, answer, keys, xml_keys, unsigned)
    signed = _signed(root, request.header.request_id.originator, xml_keys)
    if output == STDOUT:
        sys.stdout.write(signed.decode() + "\n")
        return
    write_whole(output, signed, force=force)
    remark(f"{output}: {len(signed):,} octets, signed: zota duis send sends it")


@grouped
def send_command(
    *,
    source: Document,
    url: Annotated[
        str,
        typer.Option("--url", metavar="URL", help="Of the head end."),
    ] = "http://127.0.0.1:8079",
    keys: UserKeys = None,
    key: KeyFile = None,
    certificate: CertificateFile = None,
    dcc: DccCertificate = None,
    unsigned: Unsigned = False,
    follow: Annotated[
        bool,
        typer.Option("--follow", help="11.3: sign the pre-command that comes back and send it on."),
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Keep the answer as it came."),
    ] = None,
    timeout: Annotated[
        float,
        typer.Option(parser=duration, metavar="TIME", help="How long an answer is waited for."),
    ] = PATIENCE_S,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit code 1 when devices are passed over.")
    ] = False,
    state: UserState = DEFAULT_STATE,
    tls: ClientTls,
    as_json: AsJson = False,
) -> None:
    """Post a request to the web service of its command variant, and show what is answered.

    An unsigned request is signed first. Exit code 0: the request was taken (I0, I99, or W: some
    devices are passed over); 1: the same with --strict, and some are; 2: it was refused (E), or what
    came is no answer, is not signed by the DCC, or asks to sign something else; 3: the head end or a
    file cannot be reached.
    """
    require(DUIS, "duis send")
    import trio

    from ota_engine.duis.reading import read_request
    from ota_engine.service_user.state import UserFolder
    from ota_engine.service_user.templates import is_signed

    octets, root = _read(source)
    with blamed(_name(source)):
        user = read_request(root).header.request_id.originator
    secrets = read_secrets(keys, key, certificate, dcc)
    document = octets if is_signed(root) else _signed(root, user, secrets.documents)
    way = _Way(url, timeout, not unsigned, tls_context(tls))
    answers = trio.run(_send, way, user, secrets, document, UserFolder(state), follow)
    last = answers[-1]
    if output is not None:
        write_whole(output, last.octets, force=True)
    _show(answers, secrets.messages, as_json=as_json)
    raise typer.Exit(_exit_code(last, strict=strict))


# --- its parts ------------------------------------------------------------------------------------


class _Way(NamedTuple):
    """How a request gets to the head end."""

    url: str
    timeout: float
    strict: bool
    tls: "SSLContext | None"


async def _send(
    way: _Way,
    user: Eui64,
    secrets: "UserSecrets",
    document: bytes,
    folder: "UserFolder",
    follow: bool,
) -> "list[UserAnswer]":
    """Send a document, and what becomes of it; the folder knows of each before and after."""
    from ota_engine.service_user.client import ServiceUserClient

    client = ServiceUserClient(
        way.url,
        user,
        secrets,
        lambda: folder.take_counter(user, this_machine()),
        patience_s=way.timeout,
        strict=way.strict,
        tls=way.tls,
        sent=folder.sent,
    )
    async with client:
        answers = [await client.send_document(document)]
        second = client.signed(answers[0]) if follow else None
        if second is not None:
            answers.append(await client.send(second))
    return answers


def _exit_code(answer: "UserAnswer", *, strict: bool) -> Exit:
    from ota_engine.service_user.judging import AnswerKind

    if not answer.judgement.taken:
        return Exit.ERRORS
    return Exit.WARNINGS if strict and answer.judgement.kind is AnswerKind.PARTLY else Exit.OK


def _show(answers: "list[UserAnswer]", keys: Keystore, *, as_json: bool) -> None:
    from ota_engine.cli.duis_answer import answer_facts, print_answer

    if as_json:
        facts = [answer_facts(one, keys) for one in answers]
        typer.echo(json.dumps({"answers": facts}, indent=2))
        return
    for number, answer in enumerate(answers):
        if number:
            put("")
        print_answer(answer)


def _second_half(
    request: "ServiceRequest",
    answer: Path,
    folder: Path | None,
    xml_keys: "XmlKeys",
    unsigned: bool,
) -> "etree._Element":
    """The request that sends on what an answer holds, its pre-command signed."""
    from ota_engine.duis.writing import write_request
    from ota_engine.service_user.client import counted_answer
    from ota_engine.service_user.consent import second_half

    user = request.header.request_id.originator
    octets = read_bounded(answer, MOST_BYTES)
    with blamed(str(answer)):
        checked = counted_answer(xml_keys, octets, this_machine(), strict=not unsigned)
        signer = read_message_keys(folder).signer(user)
        if signer is None:
            raise LocalError(
                f"holds a command that {format_eui64(user)} has no key at hand to sign"
            )
        return write_request(second_half(request, checked.response, signer))


def _signed(root: "etree._Element", user: Eui64, keys: "XmlKeys") -> bytes:
    from ota_engine.service_user.templates import take_off_signatures

    take_off_signatures(root)
    return keys.sign(root, user)


def _read(source: Path) -> "tuple[bytes, etree._Element]":
    from ota_engine.duis.documents import parse_document

    if source == STDOUT:
        octets = sys.stdin.buffer.read(MOST_BYTES + 1)
    else:
        octets = read_bounded(source, MOST_BYTES)
    with blamed(_name(source)):
        return octets, parse_document(octets)


def _name(source: Path) -> str:
    return "standard input" if source == STDOUT else str(source)
