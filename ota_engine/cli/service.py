"""One server for a fleet, put together as commands want it, and run until a signal ends it; decides nothing."""

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import trio

from ota_engine.cli.fleet_desk import courier_of, fleet_in, held
from ota_engine.cli.gateways import GatewayChoice, home_of, open_gateways_of
from ota_engine.cli.json_log import json_log
from ota_engine.cli.remarks import put
from ota_engine.cli.stopping import Stop
from ota_engine.cli.workers import refuse_workers, run_workers
from ota_engine.errors import LocalError
from ota_engine.fleet.fleet import Fleet
from ota_engine.gateway.contract import FleetGateway
from ota_engine.head_end.access.desk import AccessDesk
from ota_engine.head_end.api.door import ApiDoor
from ota_engine.head_end.api.hook_reach import HookReach
from ota_engine.head_end.desk import FleetDesk
from ota_engine.head_end.gateways.door import GatewayDoor
from ota_engine.head_end.image_shelf import IMAGES_NAME
from ota_engine.head_end.rooms import DeskRoom, ReadingRoom
from ota_engine.head_end.running import CalendarClock, FleetLoops
from ota_engine.head_end.service.guards import GuardRules, guards
from ota_engine.head_end.service.parts import ServiceDoor, ServiceLog, ServiceParts
from ota_engine.head_end.service.running import Service, ServiceSettings
from ota_engine.head_end.trial_clock import NAME, clock_of, set_pace
from ota_engine.portal.door import PortalDoor
from ota_engine.store.fleet.book import FleetStore
from ota_engine.store.fleet.opening import turns_at
from ota_engine.store.fleet.soundness import refuse_damaged, was_left_open
from ota_engine.telling.serving import Place, TlsFiles

if TYPE_CHECKING:  # what speaks XML is wanted by those alone who serve it
    from ota_engine.cli.duis_service import DuisChoice, DuisSettings
    from ota_engine.head_end.duis.running import DuisDoorway

#: Threads that use the database give way to the loop, and it to them, a hundred times for one request: with
#: Python's own 5 ms a busy loop would let each of them wait for so long.
SWITCH_S: Final = 0.0005

Hubs = Mapping[str, FleetGateway]
#: Makes hubs that are emulated in the process of the server.
HubsHere = Callable[[FleetDesk, CalendarClock], Hubs]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceChoice:
    """The server that was asked for.

    Attributes:
        state: the state folder.
        place: where it listens.
        tls: how it shows who it is; None for plain HTTP.
        behind_proxy: everybody comes by way of something in front of it.
        hosts: names by which it is reached, besides that of its place.
        duis: the door for DUIS; None without it.
        duis_place: where that listens.
        gateways: hubs on links, run in this process.
        hubs_here: makes others.
        images: folders of images for gateways, each named by its SHA-256.
        rate: of the calendar of a fleet on trial; None for this machine's.
        private_hooks: hooks may call addresses of private networks.
        workers: processes that do what is due, this one among them.
    """

    state: Path
    place: Place
    tls: TlsFiles | None = None
    behind_proxy: bool = False
    hosts: tuple[str, ...] = ()
    duis: "DuisChoice | None" = None
    duis_place: Place | None = None
    gateways: Sequence[GatewayChoice] = ()
    hubs_here: HubsHere | None = None
    images: Sequence[Path] = ()
    rate: float | None = None
    private_hooks: bool = False
    workers: int = 1

    def calendar(self) -> CalendarClock:
        """The calendar of the fleet.

        Raises:
            LocalError: it is on trial and nobody says how fast, or hubs here could not follow it.
        """
        if self.rate is None:
            if (self.state / NAME).exists():
                raise LocalError(
                    f"{self.state}: this fleet is on trial, its calendar is ahead: "
                    "give --test-clock RATE, 1 for one as fast as ours"
                )
            return clock_of(self.state)
        if self.gateways:
            raise LocalError("--gateway runs a hub in real time: leave it out with --test-clock")
        return set_pace(self.state, self.rate)


def say_served(choice: ServiceChoice, url: str) -> None:
    """Say where a server is, and how it ends."""
    put(f"serving the fleet in {choice.state} at {url}; Ctrl-C ends it")


def serve_until_stopped(
    choice: ServiceChoice,
    owner: str,
    say: Callable[[ServiceChoice, str], None] = say_served,
    log: ServiceLog | None = None,
) -> int:
    """Run a server until Ctrl-C or SIGTERM.

    Args:
        choice: what it is.
        owner: the command, for whoever finds the state folder in use.
        say: is given the URL once it can be reached.
        log: is told what happens; None for JSON lines on standard error.

    Returns:
        the signal.

    Raises:
        LocalError, StoreError, LinkError: it cannot be served as it is.
    """
    sys.setswitchinterval(SWITCH_S)
    log = log or json_log()
    place = fleet_in(choice.state)
    refuse_workers(choice.workers, place)
    stop = Stop(lambda left: log("trouble", trouble=left))
    with held(place, owner):  # two would do everything twice
        try:
            trio.run(_until_a_signal, _Runner(choice, say, stop.logged(log)), stop)
        except BaseException as error:
            if not stop.failed_for_that(error):
                raise
    return stop.number


async def _until_a_signal(runner: "_Runner", stop: Stop) -> None:
    stopping = trio.Event()
    with stop.receive() as signals:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(runner.run, stopping)
            await anext(signals)
            stopping.set()


class _Runner:
    """Opens what a server uses, runs it until it is to stop, and closes all that."""

    def __init__(
        self, choice: ServiceChoice, say: Callable[[ServiceChoice, str], None], log: ServiceLog
    ) -> None:
        self._choice = choice
        self._say = say
        self._log = log

    async def run(self, stopping: trio.Event) -> None:
        choice, clock = self._choice, self._choice.calendar()
        state = choice.state
        duis = self._duis(clock)
        with ExitStack() as stack:
            place = fleet_in(state)
            left_open = was_left_open(place)
            store = FleetStore.open(place, create=False)
            stack.callback(store.close)
            if left_open:
                refuse_damaged(store)
            desk = FleetDesk(Fleet(), store, None if duis is None else duis.notary)
            homes = [home_of(one, desk) for one in choice.gateways]
            turns = turns_at(place)
            stack.callback(turns.close)
            room = DeskRoom(desk, turns)
            reading = stack.enter_context(ReadingRoom.open(place))
            access = AccessDesk(room, reading, clock, log=self._log)
            parts = ServiceParts(
                state=state,
                writing=room,
                reading=reading,
                entry=access,
                clock=clock,
                log=self._log,
                secure=choice.tls is not None or choice.behind_proxy,
            )
            hubs = {} if choice.hubs_here is None else choice.hubs_here(desk, clock)
            images = state / IMAGES_NAME
            async with open_gateways_of(choice.gateways, homes, state, images) as gateways:
                doorway = None if duis is None else duis.doorway(room, parts.registry)
                server = self._server(parts, access, {**hubs, **gateways}, doorway)
                await self._serve(stopping, server, doorway)

    def _duis(self, clock: CalendarClock) -> "DuisSettings | None":
        if self._choice.duis is None:
            return None
        from ota_engine.cli.duis_service import duis_settings

        return duis_settings(self._choice.duis, self._choice.state, clock, self._log)

    def _server(
        self, parts: ServiceParts, access: AccessDesk, hubs: Hubs, doorway: "DuisDoorway | None"
    ) -> Service:
        choice = self._choice
        courier = courier_of(parts.writing, parts.state, parts.clock, self._report)
        loops = FleetLoops(parts.writing, parts.clock, self._report, courier=courier, gateways=hubs)
        rules = GuardRules(
            hosts=frozenset({choice.place.host, *choice.hosts}),
            secure=parts.secure,
            behind_proxy=choice.behind_proxy,
        )
        settings = ServiceSettings(
            place=choice.place,
            tls=choice.tls,
            proxied=choice.behind_proxy,
            guards=guards(rules),
            troubles=() if doorway is None else (doorway.troubles,),
        )
        reach = HookReach(loopback=choice.place.is_private, private=choice.private_hooks)
        made = doors(parts, access, choice.images, reach)
        return Service(parts, made, loops, settings)

    async def _serve(
        self, stopping: trio.Event, server: Service, doorway: "DuisDoorway | None"
    ) -> None:
        """Run a server and its door for DUIS until they are to stop."""
        choice = self._choice
        async with trio.open_nursery() as nursery:
            if doorway is not None and choice.duis_place is not None:
                nursery.start_soon(doorway.run, choice.duis_place, choice.tls, _say_duis)
            nursery.start_soon(run_workers, choice.state, choice.workers - 1, stopping, self._log)
            await server.run(stopping, lambda url: self._say(choice, url))
            nursery.cancel_scope.cancel()

    def _report(self, trouble: str) -> None:
        self._log("trouble", trouble=trouble)


def doors(
    parts: ServiceParts,
    access: AccessDesk,
    images: Sequence[Path] = (),
    reach: HookReach | None = None,
) -> list[ServiceDoor]:
    """Every way into a server; the one without a path of its own is the last.

    Args:
        parts: of the server.
        access: lets people in.
        images: folders of images for gateways.
        reach: where hooks may go; None for public addresses alone.
    """
    return [access, ApiDoor(parts, reach=reach), GatewayDoor(parts, images), PortalDoor(parts)]


def _say_duis(url: str) -> None:
    put(f"serving DUIS at {url}")
