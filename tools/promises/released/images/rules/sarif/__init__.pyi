# Declarations as released; written by `python tools/promises --release`.

def as_sarif(
    files: Sequence[tuple[str, Report]],
    version: str,
    unreadable: Sequence[tuple[str, str]] = (),
    made: Provenance | None = None,
) -> dict[str, Any]: ...
