"""Whole deliveries through real bellows and the virtual dongle, against zigpy and a bare loop.

Same dongle, devices, 115200-baud line and radio model for every contender; each begins with devices
that have been interviewed, and ends when the last of them runs the new version.
"""

from deliveries import Delivered, Setting, measured
from row import Goal, Measurement, Options, row

from emulators.air.radio import block_ceiling

OCTETS = 128 * 1024  # delivered altogether
EIGHT = 8
BLOCK = 63  # octets the devices ask for
FASTER = 1.25  # times as fast as zigpy
BAUD = 115_200
BITS_PER_OCTET = 10  # on the line, 8N1
RUNS = 3  # of the bare loop's row: it lasts two seconds, of which any noise takes a large part
UNLIMITED = {"baud": 0, "pace": 100.0}  # a line that takes no time, air a hundred times as fast


@row("push-one", unit="s", goal=Goal(1 / FASTER, at_most=True))
def push_one(options: Options) -> Measurement:
    """128 KiB for one device: seconds until it runs them, against zigpy's ``update_firmware``."""
    return _race(Setting(1, 2000 if options.quick else OCTETS), options.seed)


@row("push-eight", unit="s", goal=Goal(1 / FASTER, at_most=True))
def push_eight(options: Options) -> Measurement:
    """The same 128 KiB shared by eight devices at once."""
    return _race(Setting(EIGHT, 500 if options.quick else OCTETS // EIGHT), options.seed)


def _race(setting: Setting, seed: int) -> Measurement:
    ours, theirs = measured("by_zota", setting, seed), measured("by_zigpy", setting, seed)
    note = (
        f"{setting.devices} x {setting.octets} octets; {theirs.seconds / ours.seconds:.2f} times as"
        f" fast; {_told('zota', ours)}; {_told('zigpy', theirs)}"
    )
    return Measurement(ours.seconds, theirs.seconds, note)


def _told(name: str, delivered: Delivered) -> str:
    return f"{name} {delivered.blocks} blocks, {delivered.rate:.1f}/s"


@row("push-cpu", unit="ms/block", goal=Goal(1.0, at_most=True))
def push_cpu(options: Options) -> Measurement:
    """Processor time of the host for each block, everything around the blocks included."""
    setting = Setting(EIGHT, 500 if options.quick else OCTETS // 2 // EIGHT)
    ours, theirs = (
        measured("by_zota", setting, options.seed),
        measured("by_zigpy", setting, options.seed),
    )
    octets = (setting.octets * setting.devices) / 1024
    note = (
        f"{ours.processor * 1000 / octets:.1f} and {theirs.processor * 1000 / octets:.1f} ms/KiB;"
        f" {_told('zota', ours)}; {_told('zigpy', theirs)}"
    )
    return Measurement(_per_block(ours), _per_block(theirs), note)


def _per_block(delivered: Delivered) -> float:
    return delivered.processor * 1000 / delivered.blocks


@row("push-ceiling", unit="blocks/s", goal=Goal(0.9))
def push_ceiling(options: Options) -> Measurement:
    """Blocks a second for eight devices, against what line and radio carry at their best.

    The peer is the lower of two figures: blocks a second on the air with nothing lost and nobody
    thinking, and the line's octets a second over those that a block takes in its busier direction.
    """
    setting = Setting(EIGHT, 500 if options.quick else OCTETS // EIGHT)
    ours = measured("by_zota", setting, options.seed)
    line = BAUD / BITS_PER_OCTET / (max(ours.to_ncp, ours.to_host) / ours.blocks)
    radio = block_ceiling(BLOCK, request_ack=True, response_ack=False)
    note = f"the line carries {line:.1f} blocks/s, the radio {radio:.1f}"
    return Measurement(ours.rate, min(line, radio), note)


@row("bellows-loop", unit="blocks/s", goal=Goal(0.9))
def bellows_loop(options: Options) -> Measurement:
    """Blocks a second where neither line nor radio limits, against the least bellows can do.

    The bare loop answers from a slice, on plain asyncio and without bellows' own thread; what zota
    does more is the engine with its commits, and trio's bridge to asyncio. Both run in turns, and
    the best of each counts.
    """
    setting = Setting(EIGHT, 500 if options.quick else OCTETS // EIGHT, **UNLIMITED)  # type: ignore[arg-type]
    runs = [
        (
            measured("by_zota", setting, options.seed),
            measured("by_bare_loop", setting, options.seed),
        )
        for _ in range(1 if options.quick else RUNS)
    ]
    ours, bare = (max(side, key=lambda run: run.rate) for side in zip(*runs, strict=True))
    each = ", ".join(f"{one.rate:.0f} to {other.rate:.0f}" for one, other in runs)
    note = f"the best of each in {each}; {_told('zota', ours)}; {_told('bare loop', bare)}"
    return Measurement(ours.rate, bare.rate, note)
