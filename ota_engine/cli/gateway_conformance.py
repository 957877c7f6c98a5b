"""``zota gateway conformance``: checks from outside that a head end keeps the promises of the wire."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ota_engine.cli.exits import Exit
from ota_engine.cli.extras import require
from ota_engine.cli.gateway_run import EXTRA, read_code
from ota_engine.cli.remarks import put
from ota_engine.errors import LocalError
from ota_engine.wording import counted

if TYPE_CHECKING:
    from ota_engine.shell.gateway_papers import AdmissionCode


def conformance_command(
    url: Annotated[
        str, typer.Option("--url", metavar="URL", help="Of the head end, without a path.")
    ],
    code: Annotated[
        str, typer.Option("--code", metavar="NAME:CODE", help="Of a gateway for this alone.")
    ] = "",
    code_file: Annotated[
        Path | None,
        typer.Option("--code-file", metavar="FILE", help="The same, in a file: nobody sees it."),
    ] = None,
) -> None:
    """Check that a head end keeps what docs/gateways.md promises, whoever has made it.

    Plays a gateway that was admitted for this and has no home: nothing that it says has any effect but
    alerts about that gateway. Revoke it afterwards.
    """
    require(EXTRA, "gateway conformance")
    import trio

    from ota_engine.gateway.wire_conformance import NonConformingWireError
    from ota_engine.telling.http_poster import http_url

    admission = read_code(code, code_file)
    if admission is None:
        raise LocalError("give the code of a gateway that was admitted for this: --code-file")
    if http_url(url) is None:
        raise LocalError(f"{url[:60]!a} is no URL of a head end: give one like http://host:8080")
    kept = 0

    def passed(promise: str) -> None:
        nonlocal kept
        kept += 1
        put(f"kept: {promise}")

    try:
        trio.run(_check, url, admission, passed)
    except NonConformingWireError as error:
        put(f"{error}; {counted(kept, 'promise')} before it {'was' if kept == 1 else 'were'} kept")
        raise typer.Exit(Exit.ERRORS) from None
    put(f"all {counted(kept, 'promise')} kept")


async def _check(url: str, admission: "AdmissionCode", passed: Callable[[str], None]) -> None:
    import secrets

    from ota_engine.gateway.wire_conformance import HeadEndBench, check_head_end
    from ota_engine.telling.http_wire import HttpWire
    from ota_engine.wall_clock import this_machine

    async with HttpWire(url) as wire:
        bench = HeadEndBench(
            wire, admission.gateway, admission.code, lambda: secrets.token_hex(16), this_machine
        )
        await check_head_end(bench, passed)
