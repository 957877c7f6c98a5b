"""Which sinks a store keeps outcomes for; knows names, carries nothing."""

from collections.abc import Sequence

from ota_engine.errors import LocalError
from ota_engine.store.schema import FILE_SINK
from ota_engine.store.store import Store
from ota_engine.telling.sink import Sink
from ota_engine.wording import one_line


def register(store: Store, sinks: Sequence[Sink]) -> None:
    """Let what each of these sinks may hear wait for it, also what was recorded before.

    Raises:
        LocalError: two sinks have one name, one has the file's or none, or one was registered for
            another party before.
        StoreError: the database failed.
    """
    names = [FILE_SINK, *(sink.name for sink in sinks)]
    if len(set(names)) < len(names):
        raise LocalError(f"two sinks have one name ({one_line(', '.join(names))}): name them apart")
    for sink in sinks:
        store.dispatches.register(sink.name, sink.audience)
