"""What a gateway's core remembers of one hub, and what it wants done; rows and effects, no decisions."""

from collections.abc import Iterable
from typing import TypeVar

from ota_engine.gateway.effects import Direct, Forget, GatewayEffect, Remember
from ota_engine.gateway.errands import Errand, GatewayRow, PremisesNews, QuietTime, UserErrand
from ota_engine.hub.engine import EngineRequest
from ota_engine.hub.own_firmware.firmware import OwnRequest

GatewayRowKind = TypeVar("GatewayRowKind", bound=GatewayRow)
ENDLESS = float("inf")


class GatewayMemory:
    """Rows by their keys; each change is an effect.

    Args:
        home: pseudonym of the hub's home.
        rows: from before.
    """

    def __init__(self, home: str, rows: Iterable[GatewayRow]) -> None:
        self.home = home
        self._rows: dict[str, GatewayRow] = {row.key: row for row in rows}
        self._effects: list[GatewayEffect] = []

    # --- rows ------------------------------------------------------------------------------------

    def get(self, kind: type[GatewayRowKind], key: str) -> GatewayRowKind | None:
        """Read one row."""
        row = self._rows.get(key)
        return row if isinstance(row, kind) else None

    def all(self, kind: type[GatewayRowKind]) -> list[GatewayRowKind]:
        """Read all rows of a kind."""
        return [row for row in self._rows.values() if isinstance(row, kind)]

    @property
    def errands(self) -> list[Errand]:
        """All errands, in the order in which they came."""
        return self.all(Errand)

    def remember(self, row: GatewayRowKind) -> GatewayRowKind:
        """Keep a row."""
        self._rows[row.key] = row
        self._effects.append(Remember(row))
        return row

    def forget(self, row: GatewayRow) -> None:
        """Keep a row no longer."""
        del self._rows[row.key]
        self._effects.append(Forget(row))

    # --- effects ---------------------------------------------------------------------------------

    def direct(
        self, request: EngineRequest | OwnRequest, errand: Errand | UserErrand | PremisesNews
    ) -> None:
        """Ask something of the hub."""
        self._effects.append(Direct(request, errand.key))

    def directs(self, kind: type[EngineRequest]) -> bool:
        """Whether something of a kind is to be asked of the hub already."""
        asked = (effect.request for effect in self._effects if isinstance(effect, Direct))
        return any(isinstance(request, kind) for request in asked)

    def drain(self) -> list[GatewayEffect]:
        """Hand over what is to be done."""
        effects, self._effects = self._effects, []
        return effects

    # --- quiet times -----------------------------------------------------------------------------

    def quiet_until(self, utc: float) -> float | None:
        """The end of the quiet time that a moment lies in; infinite for none, None outside of any."""
        ends = [row.until_utc for row in self.all(QuietTime) if row.holds(utc)]
        if not ends:
            return None
        return max(ENDLESS if end is None else end for end in ends)

    def after_quiet(self, utc: float) -> float | None:
        """The first moment from one on that lies in no quiet time; None for none."""
        at = utc
        while (end := self.quiet_until(at)) is not None:
            if end == ENDLESS:
                return None
            at = end
        return at
