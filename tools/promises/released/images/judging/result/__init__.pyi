# Declarations as released; written by `python tools/promises --release`.

def judge(
    paths: Sequence[Path],
    settings: JudgingSettings,
    jobs: int | None = None,
    manifest: Path | None = None,
    progress: Progress = _unseen,
) -> JudgingResult: ...
def as_json(
    result: JudgingResult, changes: Sequence[Change] | None = None
) -> dict[str, object]: ...

class JudgingResult(NamedTuple):
    judged: tuple[Judged, ...]
    skipped: tuple[Path, ...]
    outside: tuple[Path, ...] = ()

    @property
    def reports(self) -> tuple[Report, ...]: ...
    @property
    def unreadable(self) -> int: ...
    @property
    def worst(self) -> Severity: ...
    def summary(self) -> dict[str, int]: ...
