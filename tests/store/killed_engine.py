"""An engine that is killed again and again, run as a program: ``DIRECTORY SEED KILLS``.

Its database is where the directory says: in it, or on a server.

A child commits and delivers as fast as it can; SIGKILL takes it at a random moment, once while it is
still opening, once between two commits, once within one. After each kill the database must be sound
and tell one consistent story. Forking a warm process makes a kill cost milliseconds.
"""

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

from ota_engine.records import Record
from ota_engine.store.location import place_of
from ota_engine.store.store import Store
from ota_engine.telling.dispatch import drain
from ota_engine.telling.json_lines import JsonLinesSink
from tests.store.samples import (
    IMAGE,
    assignment,
    audit,
    deeds,
    device,
    event,
    firmware,
    outcome,
    session,
)


def story(number: int) -> list[Record]:
    """All that happens in one transaction; every record carries its number."""
    return [
        IMAGE,
        device(power_source=number),
        firmware(file_version=number),
        assignment(activation_delay=number),
        session(attempt=number, offset=number),
        event(str(number)),
        outcome(str(number)),
        audit(str(number)),
    ]


def work(folder: Path, progress: int) -> None:
    with Store.open(place_of(folder), owner="victim") as store:
        number = len(store.events())
        with JsonLinesSink(folder / "outcomes.jsonl", inline=True) as sink:
            while True:
                store.apply(story(number))
                number += 1
                os.write(progress, b".")
                if number % 3 == 0:
                    drain(store, sink)


def kill_one(folder: Path, chance: random.Random, at_least: int) -> int:
    """Let an engine make some commits, then kill it; returns how many it had told of before."""
    commits = max(chance.randrange(6), at_least)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        work(folder, writing)
    os.close(writing)
    for _ in range(commits):
        os.read(reading, 1)
    time.sleep(chance.uniform(0, 0.01))
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    os.close(reading)
    assert os.WTERMSIG(status) == signal.SIGKILL, "the victim ended by itself"
    return commits


def examine(folder: Path) -> int:
    """Open what the kill left, finish the delivery, compare every table with the story."""
    with Store.open(place_of(folder), owner="heir") as store:
        told = len(store.events())
        assert store.check().findings == ()
        assert [line.kind for line in store.events()] == [str(n) for n in range(told)]
        assert [record.subject for record in deeds(store)] == [str(n) for n in range(told)]
        snapshot = store.load()
        if told:
            last = told - 1
            assert snapshot.devices == (device(power_source=last),)
            assert snapshot.firmwares == (firmware(file_version=last),)
            assert snapshot.assignments == (assignment(activation_delay=last),)
            assert snapshot.sessions == (session(attempt=last, offset=last),)
        with JsonLinesSink(folder / "outcomes.jsonl", inline=True) as sink:
            drain(store, sink)
    lines = (folder / "outcomes.jsonl").read_text().splitlines()
    assert [json.loads(line)["id"] for line in lines] == [str(n) for n in range(told)]
    return told


def main() -> None:
    folder, chance, kills = Path(sys.argv[1]), random.Random(int(sys.argv[2])), int(sys.argv[3])
    told = 0
    for number in range(kills):
        commits = kill_one(folder, chance, at_least=1 if number == 0 else 0)
        before, told = told, examine(folder)
        assert told >= before + commits, "something committed was lost"
    sys.stdout.write(f"{told}\n")


if __name__ == "__main__":
    main()
