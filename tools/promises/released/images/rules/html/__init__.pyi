# Declarations as released; written by `python tools/promises --release`.

def as_html(
    files: Sequence[tuple[str, Report]],
    unreadable: Sequence[tuple[str, str]] = (),
    made: str = "",
) -> str: ...
