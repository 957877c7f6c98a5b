"""Takes lists of an estate and gives evidence of campaigns over HTTP, as the commands do; decides nothing.

Both are for a while at work in a thread; lists one after the other, as decisions are, and evidence beside
those.
"""

import tempfile
from collections.abc import AsyncIterator
from functools import partial
from importlib.metadata import version
from typing import IO, Final, NamedTuple

import trio
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from ota_engine.fleet.campaigns.rows import Campaign
from ota_engine.fleet.inventory.importing import ImportKind
from ota_engine.fleet.kernel.decisions import PartyRole
from ota_engine.fleet.kernel.rows import Select
from ota_engine.fleet.parties.rows import Party
from ota_engine.head_end.access.entry import SignedIn
from ota_engine.head_end.api.addresses import read_fields
from ota_engine.head_end.api.headers import refuse_unacceptable
from ota_engine.head_end.api.problems import Problem, ProblemCode
from ota_engine.head_end.api.reception import JSON, NO_STORE, json_octets, refuse_reader
from ota_engine.head_end.desk import FleetDesk
from ota_engine.head_end.imports import EstateImport, ImportReport
from ota_engine.head_end.listings import BadLine
from ota_engine.head_end.packing import PackOrder, export_pack
from ota_engine.head_end.posted import PostedBody, PostWanted, posted_body
from ota_engine.head_end.pseudonym_key import estate_key
from ota_engine.head_end.questions.asking import NotForViewerError, NotThereError, Viewer
from ota_engine.head_end.service.parts import ServiceParts
from ota_engine.store.fleet.keyring import KEY_NAME, FleetKey

ZIP: Final = "application/zip"
LIST_KINDS: Final = ("text/csv", JSON, "application/x-ndjson", "application/octet-stream")
MOST_LIST: Final = 1 << 30  # octets of a list
LIST_S: Final = 600.0  # for a list to arrive
MOST_BAD: Final = 1_000  # bad lines that are told; all of them are counted
SMALL: Final = 1 << 20  # octets of evidence kept in memory on its way
PIECE: Final = 64 << 10
_LIST: Final = PostWanted(
    "list", f"post a list as Content-Type {' or '.join(LIST_KINDS)}", LIST_KINDS, MOST_LIST, LIST_S
)
_IMPORTERS: Final = frozenset({PartyRole.OPERATOR})


class AskImport(NamedTuple):
    """How a list is to be taken.

    Attributes:
        dry_run: say what would become of it, and take nothing.
        take_others: take the good lines although some are bad.
    """

    dry_run: bool = False
    take_others: bool = False


class AskEvidence(NamedTuple):
    """Which evidence of a campaign is wanted.

    Attributes:
        party: only what is this party's; a supplier gets its own and no other.
        decisions_years: decisions and verdicts must be kept so long.
        homes_years: what is said of homes must be kept so long.
    """

    party: str = ""
    decisions_years: float = 10.0
    homes_years: float = 3.0


class ApiFiles:
    """What comes and goes as a file.

    Args:
        parts: of the server.
    """

    def __init__(self, parts: ServiceParts) -> None:
        self._parts = parts
        self._packing = trio.CapacityLimiter(1)

    # --- lists -----------------------------------------------------------------------------------

    async def take(self, kind: ImportKind, request: Request, seen: SignedIn) -> Response:
        """Take a list; the body is the file.

        Raises:
            Problem: it is not to be taken, or lines of it are bad.
            PostRefused: the body is of another kind, too large, or does not come.
        """
        refuse_unacceptable(request.headers.get("accept"), JSON)
        asked = read_fields(AskImport, request.query_params.multi_items())
        refuse_reader(seen)
        _refuse_others(seen.viewer, _IMPORTERS)
        body = await posted_body(request, _LIST)
        try:
            report, bad = await self._parts.writing.use(
                partial(self._import, kind, body, asked, seen.viewer.person)
            )
        finally:
            body.close()
        told = {**report._asdict(), "bad_lines": [line._asdict() for line in bad]}
        if report.bad and not report.taken:
            raise Problem(
                ProblemCode.BAD_LINES,
                f"{report.bad:,} of {report.lines:,} lines are bad: mend them, or take the others",
                **told,
            )
        return Response(json_octets(told), headers=NO_STORE, media_type=JSON)

    def _import(
        self, kind: ImportKind, body: PostedBody, asked: AskImport, person: str, desk: FleetDesk
    ) -> tuple[ImportReport, list[BadLine]]:
        bad: list[BadLine] = []

        def tell(line: BadLine) -> None:
            if len(bad) < MOST_BAD:
                bad.append(line)

        key = estate_key(self._parts.state, make=True)
        importing = EstateImport(desk, key, kind, tell)
        report = importing.run(
            body.file,
            person,
            self._parts.clock(),
            dry_run=asked.dry_run,
            take_others=asked.take_others,
        )
        return report, bad

    # --- evidence --------------------------------------------------------------------------------

    async def evidence(self, request: Request, seen: SignedIn) -> Response:
        """Give the evidence of a campaign, as a zip."""
        refuse_unacceptable(request.headers.get("accept"), ZIP)
        asked = read_fields(AskEvidence, request.query_params.multi_items())
        campaign = request.path_params["campaign"]
        order = PackOrder(
            campaign,
            _whose(seen.viewer, asked.party),
            {"decisions": asked.decisions_years, "homes": asked.homes_years},
            {},
            f"zota {version('zota')}",
        )
        async with self._packing:
            file = await self._parts.reading.ask(partial(self._pack, order))
        headers = {
            "Content-Disposition": f'attachment; filename="evidence-{campaign}.zip"',
            **NO_STORE,
        }
        return StreamingResponse(_pieces(file), headers=headers, media_type=ZIP)

    def _pack(self, order: PackOrder, desk: FleetDesk) -> IO[bytes]:
        with desk.store.reading():
            if not desk.store.select(Select(Campaign, (("campaign", order.campaign),))):
                raise NotThereError(f"{order.campaign[:80]!a}: there is no such campaign")
            if order.party and not desk.store.select(Select(Party, (("party", order.party),))):
                raise NotThereError(f"{order.party[:80]!a}: there is no such party")
        octets = export_pack(desk.store, FleetKey.open(self._parts.state / KEY_NAME), order)
        file = tempfile.SpooledTemporaryFile(SMALL, prefix="zota-evidence-")  # noqa: SIM115 - closed when it was sent
        file.write(octets)
        file.seek(0)
        return file


def _whose(viewer: Viewer, party: str) -> str:
    """Say whose homes evidence may be about; empty for all."""
    if viewer.sees_every_home:
        return party
    if viewer.is_supplier and party in ("", viewer.party):
        return viewer.party
    raise NotForViewerError(
        f"{viewer.person} of {viewer.party} may not see this: evidence is for its own supplier"
    )


def _refuse_others(viewer: Viewer, roles: frozenset[PartyRole]) -> None:
    if viewer.roles.isdisjoint(roles):
        raise NotForViewerError(
            f"{viewer.person} of {viewer.party} may not do this: it takes"
            f" {' or '.join(sorted(roles))}"
        )


async def _pieces(file: IO[bytes]) -> AsyncIterator[bytes]:
    with file:
        while piece := file.read(PIECE):
            yield piece
