# Declarations as released; written by `python tools/promises --release`.

@dataclass(frozen=True, slots=True)
class LinkChoice:
    url: str
    opener: Opener
    virtual: bool = False
    speed: float = 1.0
    open_hub: "HubOpener | None" = None

    def open(
        self, state: Path, calendar: Calendar | None = None
    ) -> AbstractAsyncContextManager[Link]: ...
    def begin_utc(self, state: Path) -> Utc: ...
    def run(self, function: Callable[[], Awaitable[T]]) -> T: ...
