"""Lists for tests of imports: lines of each kind, and an estate that takes them."""

import io
from collections.abc import Iterable, Iterator
from typing import Final

from images.eui64 import format_eui64
from ota_engine.fleet.inventory.importing import ImportKind
from ota_engine.fleet.inventory.pseudonyms import pseudonym
from ota_engine.head_end.imports import EstateImport, ImportReport
from ota_engine.head_end.listings import BadLine
from ota_engine.store.fleet.book import FleetStore
from tests.fleet.estate import Estate

KEY: Final = bytes(range(32))
FIRST: Final = 0xAB_0000_0000_0000
HOMES: Final = "home,region,gateway,electricity,electricity_from,gas,gas_from,mpan,address"
DEVICES: Final = "home,device,variant,version,version_since,gpf"


def home(number: int) -> str:
    """The pseudonym of the home that lists call ``ref-NUMBER``."""
    return pseudonym(KEY, f"ref-{number}")


def home_lines(count: int) -> Iterator[str]:
    """A list of homes."""
    yield HOMES
    for number in range(count):
        yield (
            f"ref-{number},North,gw,supplier-1,2026-01-04,supplier-2,2026-02-05T12:00:00Z,"
            f'{1_000_000_000_000 + number},"{number}, High Street"'
        )


def device_lines(count: int) -> Iterator[str]:
    """A list of their hubs."""
    yield DEVICES
    for number in range(count):
        hub, gpf = format_eui64(FIRST + 2 * number), format_eui64(FIRST + 2 * number + 1)
        yield f"ref-{number},{hub},hub-1,00010000,2026-06-01,{gpf}"


def octets(lines: Iterable[str], encoding: str = "utf-8") -> io.BytesIO:
    """A file of these lines."""
    return io.BytesIO(("\n".join(lines) + "\n").encode(encoding))


class ImportingEstate(Estate):
    """An estate without homes that takes lists.

    Attributes:
        bad: lines that were named so far.
    """

    def __init__(self, store: FleetStore | None = None) -> None:
        super().__init__(0, store=store)
        self.bad: list[BadLine] = []

    def take(
        self,
        kind: ImportKind,
        lines: Iterable[str] | io.BytesIO,
        *,
        dry_run: bool = False,
        take_others: bool = False,
    ) -> ImportReport:
        """Import a list."""
        file = lines if isinstance(lines, io.BytesIO) else octets(lines)
        work = EstateImport(self.desk, KEY, kind, self.bad.append)
        return work.run(file, "olive", self.utc, dry_run=dry_run, take_others=take_others)

    def reasons(self) -> dict[int, str]:
        """Why lines were bad, by number."""
        return {line.line: line.text for line in self.bad}
