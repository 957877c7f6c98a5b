# Declarations as released; written by `python tools/promises --release`.

class JudgingSettings(NamedTuple):
    chosen: ChosenProfile = UNCHOSEN
    expect: Mapping[str, Any] = {}
    per_file: tuple[PerFile, ...] = ()
    given: Mapping[str, Any] = {}
    policy: RulePolicy = RulePolicy()
    fixed: bool = False
    namesakes: frozenset[str] = frozenset()

    def for_file(self, path: str) -> tuple[ChosenProfile, Expectations]: ...
    def judge(self, path: str, data: bytes) -> Report: ...
    def overridden(
        self,
        chosen: ChosenProfile,
        given: Mapping[str, Any],
        select: tuple[str, ...],
        baseline: frozenset[Known],
    ) -> "JudgingSettings": ...

def load(path: Path | None) -> JudgingSettings: ...
def find_config(start: Path) -> Path | None: ...
