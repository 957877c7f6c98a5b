"""Lists of devices as people keep them: CSV with one EUI-64 in each line; knows no files."""

from typing import Final, NamedTuple

from images.eui64 import Eui64, format_eui64, parse_eui64
from ota_engine.cells import read_cells
from ota_engine.duis.requests import MOST_DEVICES
from ota_engine.errors import LocalError
from ota_engine.wording import one_line

COMMENT: Final = "#"
HEADINGS: Final = frozenset(("eui64", "eui-64", "device", "deviceid", "device id", "device_id"))


class BadDeviceLine(NamedTuple):
    """A line that names no device: its number from 1, and why."""

    number: int
    reason: str


class DeviceLines(NamedTuple):
    """What a list holds."""

    devices: tuple[Eui64, ...]
    bad: tuple[BadDeviceLine, ...]


def read_device_lines(text: str) -> DeviceLines:
    """Read a list: the first cell of each line; empty lines, comments and a heading are passed over.

    Args:
        text: of the whole file.
    """
    found: dict[Eui64, int] = {}
    bad: list[BadDeviceLine] = []
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        if not line.strip() or line.lstrip().startswith(COMMENT):
            continue
        try:
            device = _device(line, first=not found and not bad)
        except (ValueError, LocalError) as error:
            bad.append(BadDeviceLine(number, one_line(str(error))))
            continue
        if device is None:
            continue
        if device in found:
            reason = f"{format_eui64(device)} stands in line {found[device]} already"
            bad.append(BadDeviceLine(number, reason))
        else:
            found[device] = number
    return DeviceLines(tuple(found), tuple(bad))


def require_possible(devices: tuple[Eui64, ...]) -> None:
    """Refuse what no request can name.

    Raises:
        LocalError: there is no device, one stands there twice, or there are too many.
    """
    if not devices:
        raise LocalError("for which devices? name them with --device, or a file with --devices")
    if len(devices) > MOST_DEVICES:
        raise LocalError(
            f"{len(devices):,} devices: one request names {MOST_DEVICES:,} at most; split the list"
        )
    seen: set[Eui64] = set()
    for device in devices:
        if device in seen:
            raise LocalError(f"{format_eui64(device)} is named twice: leave one out")
        seen.add(device)


def _device(line: str, *, first: bool) -> Eui64 | None:
    """The device of a line; None for the heading."""
    cells = read_cells(line)
    cell = cells[0].strip() if cells else ""
    if first and cell.lower() in HEADINGS:
        return None
    return parse_eui64(cell)
