"""An engine in a process of its own, at the end of a pipe, so that it can be killed for real.

Every request is (event or None for a wake-up, now); every answer is (frames to send, next wake-up).
Rows are committed durably before the answer leaves, as in every shell.
"""

from math import inf
from multiprocessing.connection import Connection
from pathlib import Path

from ota_engine.events import Persist, Send
from ota_engine.hub.delivery.config import DeliveryConfig
from ota_engine.hub.engine import Engine
from ota_engine.store.store import Store
from ota_engine.telling.dispatch import drain
from ota_engine.telling.json_lines import JsonLinesSink


def serve(pipe: Connection, database: Path, sink: Path) -> None:
    """Run until the pipe closes or the process is killed."""
    with Store.open(database) as store, JsonLinesSink(sink) as outcomes:
        engine = Engine(DeliveryConfig(), store.load())
        drain(store, outcomes)
        pipe.send(([], engine.next_wake))
        while True:
            try:
                event, now = pipe.recv()
            except EOFError:
                return
            effects = engine.wake(now) if event is None else engine.handle(event, now)
            for effect in effects:
                if isinstance(effect, Persist):
                    store.apply(effect.records)
            drain(store, outcomes)
            sends = [effect for effect in effects if isinstance(effect, Send)]
            pipe.send((sends, min(inf, engine.next_wake)))
