"""Gateways as commands name them: the hub of one home on a link, run beside the fleet that it serves."""

import re
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from images import ImageError
from images.files import read_bounded
from ota_engine.errors import LocalError
from ota_engine.gateway.contract import UNANSWERED_S
from ota_engine.wording import counted

if TYPE_CHECKING:  # a hub is wanted by those alone who run one
    from ota_engine.cli.links import LinkChoice
    from ota_engine.gateway.contract import FleetGateway
    from ota_engine.gateway.core import ImageFinder
    from ota_engine.head_end.desk import FleetDesk
    from ota_engine.records import ImageRecord

FOLDER: Final = "gateways"  # in the fleet's state folder: one for each gateway
SHAPE: Final = "NAME=LINK[,keys=DIR][,home=HOME][,images=DIR][,unanswered=SECONDS]"
LONGEST_S: Final = 31 * 86_400.0  # that a user may have to wait for word of a silent device
IN_MIND: Final = 4  # images of one gateway
_OPTIONS: Final = ("keys", "home", "images", "unanswered")
_OPTION: Final = re.compile(rf",({'|'.join(_OPTIONS)})=")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


class GatewayChoice(NamedTuple):
    """One gateway that was asked for.

    Attributes:
        name: as homes are given to it.
        link: to its hub's network.
        keys: its key folder; None for a hub that speaks no GBCS.
        home: pseudonym of the home; empty for the one home that the fleet has given to it.
        images: a folder of images by their SHA-256, as a catalogue has; None for none but the fleet's.
        unanswered_s: seconds until a user is told that a device has not answered.
    """

    name: str
    link: "LinkChoice"
    keys: Path | None = None
    home: str = ""
    images: Path | None = None
    unanswered_s: float = UNANSWERED_S


def read_gateway(text: str) -> GatewayChoice:
    """Read what names a gateway.

    Raises:
        LocalError: it is none, or its link cannot serve a fleet in real time.
    """
    from ota_engine.cli.links import resolve

    name, is_there, rest = text.partition("=")
    if not is_there or _NAME.fullmatch(name) is None:
        raise LocalError(f"{text}: names no gateway: write {SHAPE}")
    url, *told = _OPTION.split(rest)
    options = dict(zip(told[::2], told[1::2], strict=True))
    empty = next((option for option, value in options.items() if not value), None)
    if empty is not None:
        raise LocalError(f"{text}: {empty}= names nothing: write {SHAPE}")
    link = resolve(url)
    if link.virtual or link.speed != 1.0:
        raise LocalError(f"{url}: a fleet is served in real time: write han:// without a speed")
    keys, images = options.get("keys"), options.get("images")
    return GatewayChoice(
        name,
        link,
        None if keys is None else Path(keys),
        options.get("home", ""),
        None if images is None else Path(images),
        _seconds(options.get("unanswered")),
    )


def _seconds(text: str | None) -> float:
    if text is None:
        return UNANSWERED_S
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0.0 < seconds <= LONGEST_S:
        raise LocalError(f"unanswered={text} is not a number of seconds up to {LONGEST_S:.0f}")
    return seconds


def read_gateways(texts: Iterable[str]) -> list[GatewayChoice]:
    """Read several, each of a name of its own.

    Raises:
        LocalError: one is none, or two have one name.
    """
    found: dict[str, GatewayChoice] = {}
    for text in texts:
        choice = read_gateway(text)
        if choice.name in found:
            raise LocalError(f"{choice.name}: two gateways of this name: give each its own")
        found[choice.name] = choice
    return list(found.values())


def home_of(choice: GatewayChoice, desk: "FleetDesk") -> str:
    """The home that a gateway serves, by its pseudonym.

    Raises:
        LocalError: the fleet has given it none or several, and none was named; or none of that name.
    """
    from ota_engine.fleet.inventory.rows import Home
    from ota_engine.fleet.kernel.rows import Select

    with desk.store.reading():
        given = desk.store.select(Select(Home, (("gateway", choice.name),)))
    names = [home.home for home in given]
    if choice.home and choice.home not in names:
        raise LocalError(f"{choice.home}: the fleet has not given this home to {choice.name}")
    if not choice.home and len(names) != 1:
        raise LocalError(
            f"{choice.name}: the fleet has given it {counted(len(names), 'home')}: "
            "say which one its hub serves by ,home=HOME"
        )
    return choice.home or names[0]


def image_finder(folders: Sequence[Path]) -> "ImageFinder":
    """Look images up in folders where each is named by its SHA-256.

    A file that is none of this name, or no image, is as one that is not there. The last ones that were found
    are kept in mind.
    """
    known: dict[str, ImageRecord] = {}

    def find(sha256: str) -> "ImageRecord | None":
        if sha256 not in known:
            found = next((one for one in map(_reading(sha256), folders) if one is not None), None)
            if found is None:
                return None
            while len(known) >= IN_MIND:
                del known[next(iter(known))]
            known[sha256] = found
        return known[sha256]

    return find


def _reading(sha256: str) -> "Callable[[Path], ImageRecord | None]":
    """Have an image read from whichever folder."""
    from ota_engine.catalogue.intake import image_record
    from ota_engine.wall_clock import this_machine

    def read(folder: Path) -> "ImageRecord | None":
        try:
            octets = read_bounded(folder / sha256) if _SHA256.fullmatch(sha256) else b""
            found = image_record(octets, sha256[:16], this_machine())
        except (OSError, ImageError):
            return None
        return found if found.sha256 == sha256 else None

    return read


@asynccontextmanager
async def open_gateway_of(
    choice: GatewayChoice, home: str, state: Path, images: Path
) -> "AsyncIterator[FleetGateway]":
    """Run the hub of a home, and let a fleet tell it what to do; call it in trio's run.

    Args:
        choice: the gateway.
        home: pseudonym of the home.
        state: the fleet's state folder; the hub's own lies in it.
        images: where the fleet keeps images that users have ordered.

    Raises:
        OSError: the key folder cannot be read.
        ZotaError: link, keys or folder cannot be used.
    """
    from ota_engine.cli.engines import EngineChoice, open_setup
    from ota_engine.cli.key_folder import read_key_folder
    from ota_engine.shell.gateway import open_gateway

    folder = state / FOLDER / choice.name
    folder.mkdir(parents=True, exist_ok=True)
    keys = None if choice.keys is None else read_key_folder(choice.keys)
    finder = image_finder([images, *([] if choice.images is None else [choice.images])])
    engine = EngineChoice(choice.link, folder, keys=choice.keys)
    async with (
        open_setup(engine, keys) as setup,
        open_gateway(setup, home, finder, unanswered_s=choice.unanswered_s) as gateway,
    ):
        yield gateway


@asynccontextmanager
async def open_gateways_of(
    choices: Sequence[GatewayChoice], homes: Sequence[str], state: Path, images: Path
) -> "AsyncIterator[dict[str, FleetGateway]]":
    """Run several; by their names.

    Raises:
        OSError: a key folder cannot be read.
        ZotaError: a link, keys or a folder cannot be used.
    """
    async with AsyncExitStack() as stack:
        found: dict[str, FleetGateway] = {}
        for choice, home in zip(choices, homes, strict=True):
            opened = open_gateway_of(choice, home, state, images)
            found[choice.name] = await stack.enter_async_context(opened)
        yield found
