"""Which sinks a store keeps outcomes for; knows names, carries nothing."""

from collections.abc import Sequence

from ota_engine.errors import LocalError
from ota_engine.store.store import Store
from ota_engine.telling.json_lines import SINK_NAME
from ota_engine.telling.sink import Sink


def register(store: Store, sinks: Sequence[Sink]) -> None:
    """Let every outcome of a store wait for these sinks too, also those recorded before.

    Raises:
        LocalError: two sinks have one name, or one has the file's.
        StoreError: the database failed.
    """
    names = [SINK_NAME, *(sink.name for sink in sinks)]
    if len(set(names)) < len(names):
        raise LocalError(f"two sinks have one name ({', '.join(names)}): name them apart")
    for sink in sinks:
        store.deliveries.register(sink.name)
