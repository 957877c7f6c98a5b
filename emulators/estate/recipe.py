"""What a rehearsal is planned from, as it was given: texts and numbers, which any machine can plan from; pure."""

from dataclasses import dataclass

from emulators.estate.scenario import Scenario, read_scenario, with_measured
from emulators.estate.what_ifs import with_what_ifs
from emulators.simulation.measured import read_model


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a rehearsal is planned from.

    Attributes:
        text: of the scenario.
        homes: how many are drawn.
        seed: of every draw.
        what_ifs: what goes worse.
        model: how hubs react, as a soak has measured it; None for what the scenario says.
        real: homes with real engines.
    """

    text: str
    homes: int
    seed: int
    what_ifs: tuple[str, ...] = ()
    model: str | None = None
    real: int = 0

    def scenario(self) -> Scenario:
        """Plan it.

        Raises:
            LocalError: something of it cannot be read.
        """
        return self.worse(self.measured(self.drawn()))

    def drawn(self) -> Scenario:
        """Plan what the scenario says.

        Raises:
            LocalError: it is none.
        """
        return read_scenario(self.text, self.homes, self.seed)

    def measured(self, scenario: Scenario) -> Scenario:
        """Let hubs react as was measured.

        Raises:
            LocalError: the model is none.
        """
        if self.model is None:
            return scenario
        return with_measured(scenario, read_model(self.model))

    def worse(self, scenario: Scenario) -> Scenario:
        """Let go worse what is asked about.

        Raises:
            LocalError: a what-if is none, or does not fit.
        """
        return with_what_ifs(scenario, self.what_ifs)
