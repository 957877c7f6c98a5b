"""Links to real radios: ``ezsp:///dev/ttyACM0`` and its like; imports a library when one opens."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from hw.libraries import LIBRARIES
from hw.settings import TCP, parse_link
from ota_engine.cli.extras import require
from ota_engine.cli.links import EXAMPLES, Calendar, LinkChoice, unknown
from ota_engine.errors import LocalError
from ota_engine.link.contract import Link


def resolve(url: str) -> LinkChoice:
    """Read a link URL.

    Raises:
        LocalError: it is not complete, or a radio library is not installed.
    """
    parts = urlsplit(url)
    library = LIBRARIES.get(parts.scheme.removesuffix(TCP))
    if library is None:
        raise unknown(url)
    if not parts.netloc + parts.path:
        raise LocalError(f"{url}: names no port; write {EXAMPLES}")
    require(library.extra, url)
    return LinkChoice(url, partial(_open, url))


@asynccontextmanager
async def _open(url: str, state: Path, _calendar: Calendar) -> AsyncIterator[Link]:
    from hw.radio import ZigpyRadio

    async with ZigpyRadio(parse_link(url, state)) as radio:
        yield radio
