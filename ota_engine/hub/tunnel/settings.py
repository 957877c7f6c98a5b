"""How patient tunnels are and how much they may hold; plain values."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TunnelSettings:
    """Sizes are octets, times are seconds.

    Attributes:
        transfer_size: data we take in one Transfer Data.
        longest: a message; a longer one is refused at its first pieces.
        queue: messages that may wait for one device.
        held: octets of waiting and of half-received messages of all devices together.
        tunnels: open to us at once, of all devices together.
        conversations: devices we speak to at once of our own accord.
        rate: frames a second that are taken from one device, after ``burst`` at once.
        strangers: frames a second that are taken from all devices without a tunnel together.
        tries: times a frame is sent before its message is given up.
        openings: times a message begins anew on a fresh tunnel.
        answer: how long an answer may take before the frame is repeated; the radio's own
            repetitions take 6.4 s.
        pause: before a frame is repeated that the radio could not bring.
        busy: before a device that has no tunnel free is asked again.
        piece: how long the next piece of a message may take.
        fetch: how long a message waits for a sleepy device to fetch it.
        unused: how long a tunnel is kept open without traffic (CloseTunnelTimeout, 0x0000).
    """

    transfer_size: int = 1500
    longest: int = 8192
    queue: int = 16
    held: int = 4 << 20
    tunnels: int = 4096
    conversations: int = 16
    rate: float = 64.0
    burst: int = 256
    strangers: float = 512.0
    tries: int = 4
    openings: int = 4
    answer: float = 8.0
    pause: float = 1.0
    busy: float = 10.0
    piece: float = 120.0
    fetch: float = 86_400.0
    unused: int = 0xFFFF
