"""One device as the delivery sees it: its sessions, its budgets, and what it was asked and told.

Keeps its own invariants; decides nothing, sends nothing. Who a device is and how it is reached is
the kernel's ``Device``.
"""

from ota_engine.bucket import Bucket
from ota_engine.hub.delivery.download import Page, Session
from ota_engine.hub.delivery.pacing import Channel
from ota_engine.hub.kernel.devices import Device, Target
from ota_engine.times import LONG_AGO, Monotonic

SPEECH_RATE = 20.0  # frames a second, other than block requests, that are answered
SPEECH_BURST = 40.0  # frames
QUIET = 1.0  # seconds: a client that asks against its wait is answered this often at most
SAID_REMEMBERED = 8  # commands per device that it may still refuse
REFUSALS_REMEMBERED = 8  # images per device whose refusal is audited


class Peer:
    """The delivery's side of one device.

    Attributes:
        device: who it is.
        channel: the medium on which it has its place, as numbered by the radio.
        sessions: by sha256.
        current: the one the device is at.
        page: being answered, None without one.
        paused: an operator's reason, None while it may go on.
        last_heard: monotonic seconds, 0 when it was not heard in this run.
        waits_until: it was told to ask for no block before.
        speech: for every frame but block requests.
        notified_at: None when it is to be notified anew.
        asked_at: when its attributes were read last.
        to_ask: its attributes have not been read since it was last in doubt.
        hinted_at: when it was last made to say what a version without identity meant.
        period_asked: times it was asked for a period it does not keep, and when last.
    """

    __slots__ = (
        "_failed_after",
        "_failures",
        "_level",
        "_level_at",
        "_purse",
        "_quiet_until",
        "_refused",
        "_relays",
        "_said",
        "asked_at",
        "channel",
        "current",
        "device",
        "eui64",
        "hinted_at",
        "last_heard",
        "notified_at",
        "page",
        "paused",
        "period_asked",
        "period_asked_at",
        "sessions",
        "speech",
        "to_ask",
        "waits_until",
    )

    def __init__(self, device: Device) -> None:
        self.device = device
        self.eui64 = device.eui64
        self.channel = device.channel
        self.sessions: dict[str, Session] = {}
        self.current: Session | None = None
        self.page: Page | None = None
        self.paused: str | None = None
        self.last_heard = Monotonic(0.0)
        self.waits_until = LONG_AGO
        self.speech = Bucket(SPEECH_RATE, SPEECH_BURST)
        self.notified_at: Monotonic | None = None
        self.asked_at = LONG_AGO
        self.hinted_at = LONG_AGO
        self.to_ask = True
        self.period_asked = 0
        self.period_asked_at: Monotonic | None = None
        # tokens for block requests, and since when; none are left while the client has to wait
        self._level = 0.0
        self._level_at: float = LONG_AGO
        self._quiet_until = LONG_AGO
        self._purse: Bucket | None = None
        self._relays = device.relays
        self._failures = 0  # blocks in a row that were not delivered
        self._failed_after = 0  # blocks of the session at the last such failure
        self._refused: tuple[tuple[int, ...], ...] = ()
        self._said: dict[int, Session] = {}  # by command, endpoint and sequence number

    # --- sessions --------------------------------------------------------------------------------

    def add(self, session: Session) -> None:
        """Give it another image; it is at it if it is at none."""
        self.sessions[session.image.sha256] = session
        self.current = self.current or session

    def restore(self, session: Session) -> None:
        """Give it back a session of an earlier run, with the operator's pause if it had one."""
        self.sessions[session.image.sha256] = session
        self.current = session
        self.paused = self.paused or session.paused_for

    def drop(self, session: Session) -> None:
        """Take an image from it."""
        self.sessions.pop(session.image.sha256, None)
        self.page = None
        if self.current is session:
            self.current = next(iter(self.sessions.values()), None)

    def session_for(self, target: Target) -> Session | None:
        """The session of one of its firmwares."""
        for session in self.sessions.values():
            if session.target == target:
                return session
        return None

    def note_said(self, session: Session, command: int, endpoint: int, sequence: int) -> None:
        """Remember what was said of a session, so that a refusal of it is not another's."""
        name = _name_of(command, endpoint, sequence)
        self._said.pop(name, None)
        self._said[name] = session
        if len(self._said) > SAID_REMEMBERED:
            del self._said[next(iter(self._said))]

    def whose(self, command: int, endpoint: int, sequence: int) -> Session | None:
        """The session of which a command with this sequence number was said to an endpoint."""
        session = self._said.get(_name_of(command, endpoint, sequence))
        return session if session in self.sessions.values() else None

    def turn_to(self, session: Session) -> None:
        """Be at this session from now on."""
        self.current = session
        session.turned_to()

    def begin_page(self, page: Page) -> None:
        """Answer a page request, in place of the one before."""
        self.page = page

    def end_page(self) -> None:
        """Answer no page any more."""
        self.page = None

    def pause(self, reason: str) -> None:
        """An operator has it wait."""
        self.paused = reason

    def resume(self) -> None:
        """An operator lets it go on."""
        self.paused = None

    def placed(self, channel: int, relays: int) -> None:
        """It lives here now; in another place its part of the air budget begins anew."""
        if (channel, relays) != (self.channel, self._relays):
            self.channel, self._relays = channel, relays
            self._purse = None

    # --- budgets ---------------------------------------------------------------------------------

    def heard(self, now: Monotonic) -> None:
        """Note that it was heard."""
        self.last_heard = now

    def may_ask(self, rate: float, burst: float, now: Monotonic) -> bool:
        """Spend a token for a block request, ``rate`` a second; none is left during a wait."""
        self.last_heard = now
        at: float = now  # a number and no longer an object, where this is compiled
        level = self._level + (at - self._level_at) * rate
        if level < 1.0:
            return False
        if level > burst:  # noqa: PLR1730 - min() costs more
            level = burst
        self._level = level - 1.0
        self._level_at = at
        return True

    def hold(self, until: Monotonic) -> None:
        """Let the client have no block before ``until``: it has no token until then, and then one."""
        self.waits_until = self._level_at = until
        self._level = 1.0

    def unhold(self) -> None:
        """Let the client have blocks again."""
        self.waits_until = self._level_at = LONG_AGO
        self._level = 0.0

    def hush(self, now: Monotonic) -> bool:
        """Whether a request against the wait is answered; only one per ``QUIET`` is."""
        if now < self._quiet_until:
            return False
        self._quiet_until = now + QUIET
        return True

    def purse(self, channel: Channel) -> Bucket:
        """Its part of the channel's air budget."""
        if self._purse is None:
            self._purse = channel.purse()
        return self._purse

    # --- what went wrong -------------------------------------------------------------------------

    def lost_block(self) -> int:
        """Count a lost block; one that was asked for after the last loss and arrived ends the row."""
        blocks = self.current.blocks if self.current is not None else 0
        if blocks > self._failed_after + 1:
            self._failures = 0
        self._failures += 1
        self._failed_after = blocks
        return self._failures

    def begin_losses_anew(self) -> None:
        """What was lost has been learned from."""
        self._failures = 0

    def is_news(self, key: tuple[int, ...]) -> bool:
        """Whether a refusal of this image has not been told, and another may be."""
        return key not in self._refused and len(self._refused) < REFUSALS_REMEMBERED

    def note_refusal(self, key: tuple[int, ...]) -> None:
        """Remember that a refusal of this image has been told."""
        self._refused += (key,)

    # --- what it was asked and told --------------------------------------------------------------

    def notified(self, now: Monotonic) -> None:
        """It was notified, or has no need to be for a while."""
        self.notified_at = now

    def unnotified(self) -> None:
        """It is to be notified as if it had never been."""
        self.notified_at = None

    def asked(self, now: Monotonic) -> None:
        """Its attributes were asked for."""
        self.asked_at = now

    def hinted(self, now: Monotonic) -> None:
        """It gave a version without identity, and is made to say what it meant."""
        self.hinted_at = now

    def answered(self) -> None:
        """Its attributes have come."""
        self.to_ask = False

    def in_doubt(self) -> None:
        """Its attributes may be others than they were."""
        self.to_ask = True

    def asked_for_period(self, now: Monotonic) -> None:
        """It was asked to keep another block period."""
        self.period_asked += 1
        self.period_asked_at = now

    def keeps_period(self) -> None:
        """It keeps the period it was asked for, or begins to be asked anew."""
        self.period_asked = 0


def _name_of(command: int, endpoint: int, sequence: int) -> int:
    """Name a command that was sent; a number takes half the room of a tuple, times eight."""
    return command << 16 | endpoint << 8 | sequence
