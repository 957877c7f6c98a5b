"""The DUIS head end: the largest order, many small requests, and documents that leave."""

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import trio
from bare_duis import parse_digest_verify
from clocks import Work, interleaved
from duis_lab import QUICK_DEVICES, DuisLab
from duis_load import AT_ONCE, USERS, drain, fill_outbox, post_all, post_each, served
from row import Goal, Measurement, Options, row

from ota_engine.duis.requests import MOST_DEVICES
from ota_engine.fleet.kernel.rows import Select
from ota_engine.fleet.orders.events import WebService
from ota_engine.fleet.orders.rows import DocumentState, UserDocument
from ota_engine.head_end.desk import FleetDesk
from ota_engine.wall_clock import this_machine

BENCH = Path(__file__).resolve().parent.parent
ORDER_PROGRAM = BENCH / "largest_order.py"
ROUNDS = 3
SMALL_ROUNDS = 3
MOST_MEGABYTES = 400.0


@row("duis-largest", unit="s", goal=Goal(3, at_most=True))
def duis_largest(options: Options) -> Measurement:
    """11.1 with the largest image and 50,000 devices: parsed, verified, checked, answered, committed.

    The peer parses with lxml, digests the canonical form and verifies the signature, and that is all.
    Memory is that of a process of its own, to the last of the 50,000 orders.
    """
    with tempfile.TemporaryDirectory() as folder:
        devices = QUICK_DEVICES if options.quick else MOST_DEVICES
        lab = DuisLab(Path(folder), devices * (ROUNDS + 1))
        orders = [lab.largest(number, quick=options.quick) for number in range(ROUNDS + 1)]
        with lab.head_end() as parts:
            waiting = iter(orders)
            codes: list[str] = []

            def ours() -> Work:
                octets = next(waiting)
                hand_on(parts.desk)

                def take() -> None:
                    utc = this_machine()
                    received = parts.intake.take(octets, WebService.DCC_ONLY, utc)
                    codes.extend(answer.code for answer in parts.desk.serve([received], utc))

                return take

            def bare() -> Work:
                return lambda: parse_digest_verify(orders[0], lab.user.certificate)

            taken, least = interleaved(ROUNDS, ours, bare)
        peak = memory_of(lab.folder, orders[-1])
    wrong = [code for code in codes if code != "I99"]
    troubles = (f"answered by {', '.join(wrong)}",) if wrong else ()
    if peak > MOST_MEGABYTES and not options.quick:
        troubles = (*troubles, f"{peak:.0f} MB, more than {MOST_MEGABYTES:.0f}")
    note = f"{len(orders[0]):,} octets, {devices:,} devices; peak {peak:.0f} MB"
    return Measurement(taken, least, note=note, faults=troubles)


@row("duis-small", unit="requests/s", goal=Goal(0.4))
def duis_small(options: Options) -> Measurement:
    """Signed requests to see a home, 32 at once: answered by signed documents, each kept.

    The peer is Starlette on the same server, which parses each document, verifies its signature,
    commits as many octets and signs its answer; it knows no rules, no users and no homes.
    """
    number = 64 if options.quick else 1_500
    with tempfile.TemporaryDirectory() as folder:
        lab = DuisLab(Path(folder), 500)
        rates: dict[str, list[float]] = {program: [] for program in ("door", "echo")}
        for _ in range(1 if options.quick else SMALL_ROUNDS):
            for program, measured in rates.items():
                requests = lab.small(number)
                with served(program, lab.folder) as url:
                    measured.append(number / trio.run(post_all, url, requests))
    ours, bare = (statistics.median(rates[program]) for program in ("door", "echo"))
    return Measurement(ours, bare, note=f"{number:,} requests a round, {AT_ONCE} at once")


@row("outbox-drain", unit="documents/s", goal=Goal(0.6))
def outbox_drain(options: Options) -> Measurement:
    """Alerts of twenty users brought to a receiver of this machine, and settled.

    The peer posts the same octets to the same receiver, one loop of httpx for each user.
    """
    number = 200 if options.quick else 100_000
    with tempfile.TemporaryDirectory() as folder:
        lab = DuisLab(Path(folder), 1)
        with served("receiver", lab.folder) as url, lab.head_end() as parts:
            documents = fill_outbox(parts.desk, url, number)
            bare_s = trio.run(post_each, url, documents[: max(number // 10, USERS)])
            ours_s = trio.run(drain, parts.desk)
            left = parts.desk.store.select(
                Select(UserDocument, (("state", DocumentState.WAITING),))
            )
    bare = max(number // 10, USERS) / bare_s
    troubles = (f"{len(left)} are left",) if left else ()
    note = f"{number:,} alerts of {len(documents[0]):,} octets; the peer posted a tenth of them"
    return Measurement(number / ours_s, bare, note=note, faults=troubles)


def hand_on(desk: FleetDesk) -> None:
    """Have the orders before handed to their hubs, as a head end does between two requests."""
    utc = this_machine()
    while due := desk.due(utc):
        for event in due:
            desk.handle([event], utc)


def memory_of(folder: Path, octets: bytes) -> float:
    """Take an order in a process of its own; returns its peak memory in megabytes."""
    command = [sys.executable, str(ORDER_PROGRAM), str(folder)]
    beside = os.environ | {"PYTHONPATH": str(BENCH.parent.parent)}  # the packages measured
    told = subprocess.run(command, input=octets, stdout=subprocess.PIPE, check=True, env=beside)
    return float(told.stdout)
