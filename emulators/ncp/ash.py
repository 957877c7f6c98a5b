"""The NCP's end of an ASH conversation (Silicon Labs UG101); sans-IO, time comes in as ``now``.

Knows sequence numbers, acknowledgements, repetition and reset; knows nothing of what DATA frames
carry, nor of ports. Give it octets with ``receive`` and payloads with ``send``; what goes to the
host waits in ``outbox``, one encoded frame per item.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from typing import NamedTuple, TypeAlias

from emulators.ncp.frames import Ack, Code, Data, Error, Frame, Nak, Rst, RstAck, Splitter, encode

WINDOW = 5  # DATA frames to the host that may be unacknowledged, TX_K
ACK_TIME_FIRST = 1.6  # seconds, T_RX_ACK_INIT
ACK_TIME_LEAST = 0.4  # T_RX_ACK_MIN
ACK_TIME_MOST = 3.2  # T_RX_ACK_MAX
ACK_TIMEOUTS = 5  # in a row, before the NCP gives up


class Delivered(NamedTuple):
    """The host sent this payload."""

    payload: bytes


class HostReset(NamedTuple):
    """The host asked for a reset; RSTACK is in the outbox already."""


AshEvent: TypeAlias = Delivered | HostReset


@dataclass(slots=True)
class AshCounters:
    """What happened on the line."""

    received: int = 0
    sent: int = 0
    damaged: int = 0
    out_of_sequence: int = 0
    repeated: int = 0
    naks: int = 0
    timeouts: int = 0


class Ash:
    """One conversation after another with whatever host is there.

    Args:
        pace: how much faster than real time ``now`` runs; the timers are the host's.

    Attributes:
        outbox: encoded frames for the host, oldest first; whoever writes them takes them out.
        connected: a host has reset us and nothing has broken since.
        counters: what happened so far.
    """

    def __init__(self, pace: float = 1.0) -> None:
        self.outbox: deque[bytes] = deque()
        self.connected = False
        self.counters = AshCounters()
        self._pace = pace
        self._splitter = Splitter()
        self._failed: Code | None = None
        self._start_over()

    def _start_over(self) -> None:
        self._expected = 0  # number of the host's next DATA frame
        self._next = 0  # number of our next new DATA frame
        self._rejecting = False
        self._owes_ack = False
        self._waiting: deque[bytes] = deque()  # payloads not sent yet
        self._flying: deque[tuple[int, bytes, float]] = deque()  # number, payload, first sent
        self._ack_time = ACK_TIME_FIRST
        self._timeouts = 0
        self._deadline = inf

    # --- the host's octets ------------------------------------------------------------------------

    def receive(self, data: bytes, now: float) -> Iterator[AshEvent]:
        """Take octets from the host; answer each event, by ``send``, before asking for the next.

        Any octets in any chunks do; chunks make no difference.
        """
        for frame in self._splitter.feed(data):
            if isinstance(frame, Rst):
                self.reset(Code.SOFTWARE)
                yield HostReset()
            elif self._failed is not None:
                self._write(Error(self._failed))
            elif self.connected:
                yield from self._take(frame, now)

    def _take(self, frame: Frame | None, now: float) -> Iterator[AshEvent]:
        match frame:
            case Data():
                yield from self._data(frame, now)
            case Ack(acknowledged):
                self._acknowledged(acknowledged, now)
                self._fill(now)
            case Nak(acknowledged):
                self._acknowledged(acknowledged, now)
                self._repeat(now)
                self._fill(now)
            case _:
                self.counters.damaged += 1
                self._reject()

    def _data(self, frame: Data, now: float) -> Iterator[AshEvent]:
        self._acknowledged(frame.acknowledged, now)
        self._fill(now)
        if frame.number == self._expected:
            self._expected = (self._expected + 1) % 8
            self._rejecting = False
            self._owes_ack = True
            self.counters.received += 1
            yield Delivered(frame.payload)
            if self._owes_ack:
                self._write_ack()
        elif frame.repeated:
            self._write_ack()  # it has seen none of our acknowledgements
        else:
            self.counters.out_of_sequence += 1
            self._reject()

    def _reject(self) -> None:
        """Ask for a repetition, once until it comes."""
        if not self._rejecting:
            self._rejecting = True
            self.counters.naks += 1
            self._write(Nak(self._expected))

    def _acknowledged(self, expected: int, now: float) -> None:
        """The host expects this number next: it has all before."""
        flying = [number for number, _, _ in self._flying]
        done = (expected - flying[0]) % 8 if flying else 0
        if not 0 < done <= len(flying):
            return
        for _ in range(done):
            _, _, since = self._flying.popleft()
        measured = (now - since) / self._pace
        self._adapt(self._ack_time * 7 / 8 + measured / 2)
        self._timeouts = 0
        self._deadline = now + self._ack_time * self._pace if self._flying else inf

    def _adapt(self, seconds: float) -> None:
        self._ack_time = min(max(seconds, ACK_TIME_LEAST), ACK_TIME_MOST)

    # --- ours -------------------------------------------------------------------------------------

    def send(self, payload: bytes, now: float) -> None:
        """Send a payload to the host, now or when the window allows; dropped when there is none."""
        if self.connected:
            self._waiting.append(payload)
            self._fill(now)

    @property
    def queued(self) -> int:
        """Payloads the host has not acknowledged."""
        return len(self._waiting) + len(self._flying)

    def _fill(self, now: float) -> None:
        while self._waiting and len(self._flying) < WINDOW:
            payload = self._waiting.popleft()
            self._flying.append((self._next, payload, now))
            self._write_data(self._next, payload, repeated=False)
            self._next = (self._next + 1) % 8
            self.counters.sent += 1
            if self._deadline == inf:
                self._deadline = now + self._ack_time * self._pace

    def _repeat(self, now: float) -> None:
        for number, payload, _ in self._flying:
            self.counters.repeated += 1
            self._write_data(number, payload, repeated=True)
        if self._flying:
            self._deadline = now + self._ack_time * self._pace

    def _write_data(self, number: int, payload: bytes, *, repeated: bool) -> None:
        self._owes_ack = False
        self._write(Data(number, repeated, self._expected, payload))

    def _write_ack(self) -> None:
        self._owes_ack = False
        self._write(Ack(self._expected))

    def _write(self, frame: Frame) -> None:
        self.outbox.append(encode(frame))

    # --- time and resets --------------------------------------------------------------------------

    @property
    def next_wake(self) -> float:
        """When ``wake`` is wanted; infinity for never."""
        return self._deadline

    def wake(self, now: float) -> None:
        """Repeat what the host should have acknowledged by now; give up after five times."""
        if now < self._deadline:
            return
        self.counters.timeouts += 1
        self._timeouts += 1
        self._adapt(self._ack_time * 2)
        if self._timeouts > ACK_TIMEOUTS:
            self.fail(Code.TOO_MANY_TIMEOUTS)
        else:
            self._repeat(now)

    def reset(self, code: Code) -> None:
        """Restart the conversation and say so: RSTACK."""
        self._start_over()
        self._failed = None
        self.connected = True
        self._write(RstAck(code))

    def fail(self, code: Code) -> None:
        """Stop until the host resets us: ERROR."""
        self._start_over()
        self._failed = code
        self.connected = False
        self._write(Error(code))

    def disconnect(self) -> None:
        """The host has gone: forget what it was told."""
        self._start_over()
        self._splitter.clear()
        self._failed = None
        self.connected = False
        self.outbox.clear()
