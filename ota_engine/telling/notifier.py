"""The trio task that carries outcomes from the store's outbox to the JSON-lines file.

The delivery itself is ``json_lines.deliver``; this knows when to try, and when to try again.
"""

from collections.abc import Callable

import trio

from ota_engine.errors import StoreError
from ota_engine.store.store import Store
from ota_engine.store.writer import Writer
from ota_engine.telling.json_lines import JsonLinesSink, deliver

RETRY_S = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)  # after the first, second ... failure in a row


class Notifier:
    """The trio task that empties the outbox whenever the engine says ``Notify``.

    Args:
        writer: owns the store.
        store: whose outbox it is.
        sink: where outcomes go.
        report: is told, in one line, of every failure; delivery is then tried again.
    """

    def __init__(
        self, writer: Writer, store: Store, sink: JsonLinesSink, report: Callable[[str], None]
    ) -> None:
        self.delivered = 0
        self.failures = 0
        self._writer = writer
        self._store = store
        self._sink = sink
        self._report = report
        self._wake = trio.Event()

    def wake(self) -> None:
        """There is something new in the outbox; safe to call at any time, often."""
        self._wake.set()

    async def run(self) -> None:
        """Deliver until cancelled. What an earlier run left in the outbox goes first."""
        failed = 0  # in a row
        while True:
            self._wake = trio.Event()
            try:
                count = await self._writer.call(deliver, self._store, self._sink)
            except StoreError as error:
                self.failures += 1
                self._report(f"outcome not delivered yet: {error}")
                await trio.sleep(RETRY_S[min(failed, len(RETRY_S) - 1)])
                failed += 1
            else:
                failed = 0
                self.delivered += count
                if count == 0:
                    await self._wake.wait()
