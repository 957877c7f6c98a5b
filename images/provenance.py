"""With what, when and how a report was made, in the words every report uses; pure, asks nobody."""

from typing import Any, NamedTuple


class Provenance(NamedTuple):
    """What stands at the foot of a report, and as ``made`` in its JSON.

    Attributes:
        version: of the program.
        command: as one can give it again, without credentials.
        utc: when, ISO 8601 to the second, in UTC.
        seed: of every draw, where there was one.
    """

    version: str
    command: str
    utc: str
    seed: int | None = None

    @property
    def text(self) -> str:
        """All of it in one line."""
        seed = "" if self.seed is None else f", seed {self.seed}"
        return f"Made by zota {self.version} on {self.utc}{seed}: {self.command}"

    def as_values(self) -> dict[str, Any]:
        """The same as plain values, ready for JSON; no seed where there was none."""
        values = self._asdict()
        return values if self.seed is not None else {k: v for k, v in values.items() if k != "seed"}
