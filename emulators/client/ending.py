"""The part of an OTA client that has a file: verifies it, asks when to run it, and waits."""

from typing import NamedTuple

from emulators.client.clock import DeviceClock
from emulators.client.decisions import NEVER_ASKED, wanted
from emulators.client.step import ClientStep, Told
from emulators.client.table import ClientEvent
from emulators.client.transfer import ClientTransfer
from emulators.client.verification import ImageFacts, ImageVerifier, bare_refusal, refusal
from emulators.node import NEVER, Transmit
from emulators.platform.endpoint import Endpoint
from emulators.platform.flash import Flash
from emulators.platform.spec import DeviceSpec
from ota_engine.zcl import ota
from ota_engine.zcl.status import Status


class Received(NamedTuple):
    """A file that was judged: its Manufacturer Image Hash, or that of all of it, and the verdict."""

    digest: bytes
    verified: bool


class ClientEnding:
    """Takes a transfer from its last octet to the restart.

    Attributes:
        image_key: PEM of the key whose signature an image must bear; None: none is asked for.
        received: the file that was judged last, until the device around has taken note of it.
    """

    __slots__ = (
        "_clock",
        "_endpoint",
        "_flash",
        "_flaw",
        "_spec",
        "_told",
        "_transfer",
        "_tries",
        "_upgrade_at",
        "_verifier",
        "image_key",
        "received",
    )

    def __init__(
        self,
        spec: DeviceSpec,
        endpoint: Endpoint,
        flash: Flash,
        clock: DeviceClock,
        told: Told,
        transfer: ClientTransfer,
        verifier: ImageVerifier,
    ) -> None:
        self._spec = spec
        self._endpoint = endpoint
        self._flash = flash
        self._clock = clock
        self._told = told
        self._transfer = transfer
        self._verifier = verifier
        self.image_key = spec.certificate
        self.received: Received | None = None
        self.lose_power()

    def lose_power(self) -> None:
        """Forget what a power cut erases: also a time that was given."""
        self._tries = 0
        self._flaw = ""
        self._upgrade_at: float | None = None  # when to run the held file, once told

    @property
    def never_asks(self) -> bool:
        """Whether the server has no say in when a file is run."""
        options = self._spec.options
        return (options.activation_policy, options.timeout_policy) == NEVER_ASKED

    def holds_blank(self) -> bool:
        """Whether the file under trial is one no processor could run."""
        return self._held().blank

    @property
    def manufacturer_image_hash(self) -> bytes | None:
        """What a CS06 must name to run the file that is held, as its octets are now."""
        return self._held().manufacturer_image_hash

    def _held(self) -> ImageFacts:
        return self._verifier.inspect(self._flash.held_sectors(), self.image_key)

    # --- time -------------------------------------------------------------------------------------

    def verify(self) -> ClientEvent:
        """Judge the file: octets, signature, hardware; record a good one in flash."""
        spec = self._spec
        facts = self._verifier.inspect(self._flash.downloaded(), self.image_key)
        flaw = refusal(facts, spec, self._transfer.target)
        if spec.options.bare_element:
            flaw = bare_refusal(self._flash.downloaded())
        if spec.options.forces_invalid_image:
            flaw = "told to refuse every image"
        digest = facts.manufacturer_image_hash or self._flash.downloaded_digest()
        self.received = Received(digest, flaw is None)
        if flaw is not None:
            self._flaw = flaw
            return ClientEvent.REJECTED
        last = wanted(spec, self._flash.metadata).last
        self._flash.mark_verified(complete=last)
        if not last:
            return ClientEvent.INCOMPLETE
        return ClientEvent.VERIFIED_UNASKED if self.never_asks else ClientEvent.VERIFIED

    def due_more(self) -> ClientEvent:
        """What an unanswered REQUIRE_MORE_IMAGE means."""
        return (
            ClientEvent.TIMER
            if self._tries < self._spec.timers.end_tries
            else ClientEvent.EXHAUSTED
        )

    def due(self, now: float) -> ClientEvent:
        """What an unanswered Upgrade End Request means, by UpgradeTimeoutPolicy (ZCL 11.10.13)."""
        exhausted = self._tries >= self._spec.timers.end_tries
        if self._upgrade_at is not None and (exhausted or self._upgrade_at <= now):
            return ClientEvent.EXHAUSTED_SCHEDULED
        if not exhausted:
            return ClientEvent.TIMER
        if self._spec.options.activation_policy:
            return ClientEvent.EXHAUSTED_EXTERNAL
        return (
            ClientEvent.EXHAUSTED_HOLD
            if self._spec.options.timeout_policy
            else ClientEvent.EXHAUSTED
        )

    def due_countdown(self, now: float) -> ClientEvent:
        """Whether the time has come, or only the moment to ask whether it still holds."""
        assert self._upgrade_at is not None  # noqa: S101 - set when the countdown began
        return ClientEvent.TIMER if self._upgrade_at <= now else ClientEvent.REASK

    # --- actions ----------------------------------------------------------------------------------

    def start_verify(self, now: float) -> ClientStep:
        """Write the last octets and take the time that verification takes."""
        self._transfer.take()
        self._flash.finish()
        given = self._spec.options.verify_time
        seconds = self._spec.timers.verify_time if given is None else given
        return self._unscheduled(self._clock.after(seconds, now))

    def _unscheduled(self, wake_at: float) -> ClientStep:
        self._tries = 0
        self._upgrade_at = None
        return ClientStep(wake_at=wake_at)

    def _end(self, status: int) -> Transmit:
        return self._endpoint.command(ota.UpgradeEndRequest(status, *self._transfer.target))

    def reject(self, now: float) -> ClientStep:
        """Throw a bad file away and say so."""
        self._flash.discard()
        reason, self._flaw = self._flaw or "a block was shorter than it asked for", ""
        return ClientStep((self._end(Status.INVALID_IMAGE),), self._next_poll(now), reason=reason)

    def _next_poll(self, now: float) -> float:
        return self._clock.after(self._spec.timers.query_interval, now)

    def send_more(self, now: float) -> ClientStep:
        """Say that this file is fine and others are needed."""
        return self._send(Status.REQUIRE_MORE_IMAGE, now)

    def send_end(self, now: float) -> ClientStep:
        """Ask when to run it; a server that is gone does not move a time it gave."""
        step = self._send(Status.SUCCESS, now)
        if self._upgrade_at is None or step.wake_at is None:
            return step
        return step._replace(wake_at=min(step.wake_at, self._upgrade_at))

    def _send(self, status: int, now: float) -> ClientStep:
        self._tries += 1
        return ClientStep((self._end(status),), self._clock.after(self._spec.timers.end_retry, now))

    def count_down(self, now: float) -> ClientStep:
        """Run it when the time that was told has passed."""
        self._upgrade_at = self._clock.after(self._told.wait, now)
        return self.count_on(now)

    def count_on(self, now: float) -> ClientStep:
        """Sleep until the time, or until it is worth asking whether it still holds."""
        assert self._upgrade_at is not None  # noqa: S101 - set when the countdown began
        self._tries = 0
        ask_at = self._clock.after(self._spec.timers.countdown_cap, now)
        return ClientStep(wake_at=min(ask_at, self._upgrade_at))

    def wait_to_upgrade(self, now: float) -> ClientStep:
        """Hold it, and ask again after an hour at most."""
        return self._unscheduled(self._clock.after(self._spec.timers.wait_cap, now))

    def park(self, now: float) -> ClientStep:
        """Hold it until an order that does not come through this cluster."""
        return self._unscheduled(NEVER)

    def forbid(self, now: float) -> ClientStep:
        """Throw it away because the server will not have it run."""
        self._flash.discard()
        return ClientStep(wake_at=self._next_poll(now), reason="the server forbade the upgrade")

    def apply(self, now: float) -> ClientStep:
        """Mark it for the next boot; the device around this client restarts."""
        self._flash.request_swap()
        return ClientStep(wake_at=NEVER)
