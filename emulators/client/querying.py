"""The part of an OTA client that looks for files: polls, retries, and turning offers down."""

from random import Random

from emulators.client.clock import DeviceClock
from emulators.client.decisions import query_request
from emulators.client.step import ClientStep, Told
from emulators.client.table import ClientEvent
from emulators.platform.endpoint import Endpoint
from emulators.platform.flash import Flash, Spare
from emulators.platform.spec import DeviceSpec
from ota_engine.zcl import ota
from ota_engine.zcl.status import Status


class Querying:
    """Asks whether there is a file, at the start, by the clock and when told to."""

    __slots__ = ("_clock", "_endpoint", "_errors", "_flash", "_random", "_spec", "_told", "_tries")

    def __init__(
        self,
        spec: DeviceSpec,
        endpoint: Endpoint,
        flash: Flash,
        clock: DeviceClock,
        told: Told,
        random: Random,
    ) -> None:
        self._spec = spec
        self._endpoint = endpoint
        self._flash = flash
        self._clock = clock
        self._told = told
        self._random = random
        self.lose_power()

    def lose_power(self) -> None:
        """Forget what a power cut erases: also which server there is."""
        self._tries = 0
        self._errors = self._spec.timers.rediscover_after

    @property
    def server_known(self) -> bool:
        """Whether a server has answered lately."""
        return self._errors < self._spec.timers.rediscover_after

    def heard_server(self) -> None:
        """Take note that there is a server."""
        self._errors = 0

    def due(self) -> ClientEvent:
        """What an unanswered query means."""
        if self._tries < self._spec.timers.query_tries:
            return ClientEvent.TIMER
        holding = self._flash.metadata.spare is Spare.VERIFIED
        return ClientEvent.NOTHING_NEWER if holding else ClientEvent.EXHAUSTED

    # --- actions ----------------------------------------------------------------------------------

    def start(self, now: float) -> ClientStep:
        """Wait a random while, so that a street with its power back does not query at once."""
        delay = self._random.uniform(0.0, self._spec.timers.start_up_delay)
        return ClientStep(wake_at=self._clock.after(delay, now))

    def rest(self, now: float) -> ClientStep:
        """Wait for the next poll."""
        return ClientStep(wake_at=self._next_poll(now))

    def _next_poll(self, now: float) -> float:
        return self._clock.after(self._spec.timers.query_interval, now)

    def query(self, now: float) -> ClientStep:
        """Send the first of a few queries."""
        self._tries = 0
        return self.query_again(now)

    def query_again(self, now: float) -> ClientStep:
        """Send the same query again."""
        self._tries += 1
        request = self._endpoint.command(query_request(self._spec, self._flash.metadata))
        return ClientStep((request,), self._clock.after(self._spec.timers.query_timeout, now))

    def miss_query(self, now: float) -> ClientStep:
        """Leave it to the next poll; without a server, look for one."""
        self._errors += 1
        if self.server_known:
            return self.rest(now)
        return ClientStep(wake_at=self._clock.after(self._spec.timers.rediscover_interval, now))

    def await_power(self, now: float) -> ClientStep:
        """Ask again at the next poll, so that the offer stays fresh until there is mains power."""
        return self.rest(now)

    def refuse_size(self, now: float) -> ClientStep:
        """Turn down a file that the hearing has answered already."""
        return ClientStep(
            wake_at=self._next_poll(now), reason="the file does not fit into the spare bank"
        )

    def refuse_downgrade(self, now: float) -> ClientStep:
        """Turn down a lower version."""
        offer = self._told.offer
        assert offer is not None  # noqa: S101 - OFFERED_DOWNGRADE always comes with one
        request = ota.UpgradeEndRequest(Status.INVALID_IMAGE, *offer.identity)
        end = self._endpoint.command(request)
        return ClientStep((end,), self._next_poll(now), reason="a lower version is refused")
