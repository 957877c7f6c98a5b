# Declarations as released; written by `python tools/promises --release`.

def add(
    writing: Writing,
    data: bytes,
    name: str,
    source: str,
    terms: Terms,
    bearer: Bearer,
    judge: Judge = lint_by_shape,
) -> Added: ...
def decide(
    writing: Writing, selector: str, order: StatusDecision, bearer: Bearer, reason: str
) -> CatalogueEntry: ...
def remove(writing: Writing, selector: str) -> CatalogueEntry: ...
def find(entries: Iterable[CatalogueEntry], selector: str) -> CatalogueEntry: ...

class Added(NamedTuple):
    entry: CatalogueEntry
    known: bool
    clashes: tuple[CatalogueEntry, ...]
