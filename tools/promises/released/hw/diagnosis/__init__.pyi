# Declarations as released; written by `python tools/promises --release`.

async def examine(settings: RadioSettings) -> Diagnosis: ...

@dataclass(frozen=True, slots=True)
class Diagnosis:
    findings: tuple[RadioFinding, ...]
    facts: RadioFacts | None
    energy: dict[int, float]

    @property
    def healthy(self) -> bool: ...

@dataclass(frozen=True, slots=True)
class RadioFinding:
    subject: str
    grade: Grade
    text: str
    remedy: str = ""
    seconds: float = 0.0

class Grade(Enum):
    GOOD = "ok"
    DOUBTFUL = "warning"
    BAD = "problem"
