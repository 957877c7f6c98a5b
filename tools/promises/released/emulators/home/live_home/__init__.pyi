# Declarations as released; written by `python tools/promises --release`.

@asynccontextmanager
async def open_home(
    entries: Sequence[RosterEntry],
    *,
    seed: int = 0,
    batch_seconds: float = BATCH_SECONDS,
    keys: Keystore | None = None,
    utc: Callable[[Monotonic], Utc] | None = None,
    rate: float = 1.0,
    memory: HomeMemory | None = None,
    keep: Callable[[str], object] | None = None,
    note: Callable[[Eui64, Note, Monotonic], object] | None = None,
) -> AsyncIterator[Han]: ...
