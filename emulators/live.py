"""The soak under trio."""

from collections.abc import Callable

from emulators.journal import Journal
from emulators.simulation import Outcome, Settings
from ota_engine.store.store import Store


def run_virtually(
    settings: Settings,
    store: Store,
    journal: Journal,
    on_progress: Callable[[float, int], None] | None,
) -> Outcome:
    """."""
    raise NotImplementedError
