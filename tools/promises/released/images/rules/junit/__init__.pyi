# Declarations as released; written by `python tools/promises --release`.

def as_junit(
    files: Sequence[tuple[str, Report]],
    unreadable: Sequence[tuple[str, str]] = (),
    *,
    strict: bool = False,
    made: Provenance | None = None,
) -> str: ...
