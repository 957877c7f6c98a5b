"""What a fleet has a home network told of its occupier and suppliers: announced once, whatever is killed.

Knows instructions, rows and the engine's view of its premises; what devices are told, and how often, is
the engine's. Of two for the occupier the newest is the last word. Those for suppliers, of either fuel, are
announced one after the other in the order in which they take effect, for a hub tells one at a time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from ota_engine.fleet.port import Instruction, Verb
from ota_engine.gateway.errands import PremisesNews
from ota_engine.gateway.memory import GatewayMemory
from ota_engine.hub.engine import Engine
from ota_engine.hub.premises.requests import AnnounceChange
from ota_engine.records import PremisesChangeRecord, PremisesSubject
from ota_engine.times import Utc
from ota_engine.zcl.device_management import FOR_SUPPLIER, FOR_TENANCY, LONGEST_NAME

ACTOR: Final = "fleet"
SUBJECTS: Final = {
    Verb.TENANCY: PremisesSubject.TENANCY,
    Verb.SUPPLIER: PremisesSubject.SUPPLIER,
}
NEXT_AFTER_S: Final = 900.0  # from when one takes effect to the next, as clocks of devices differ
CLOCKS_DIFFER_S: Final = 60.0  # at most, the gateway's and the engine's
_CONTROL: Final = {PremisesSubject.TENANCY: FOR_TENANCY, PremisesSubject.SUPPLIER: FOR_SUPPLIER}


class PremisesErrands:
    """The changes that one hub is to announce.

    Args:
        memory: what is remembered.
    """

    def __init__(self, memory: GatewayMemory) -> None:
        self._memory = memory

    def take(self, told: Instruction, utc: Utc) -> bool:
        """Take an instruction that is about the premises.

        Returns:
            whether it is.
        """
        subject = SUBJECTS.get(told.verb)
        if subject is None:
            return False
        at = None if told.at_utc is None or told.at_utc <= utc else told.at_utc
        news = PremisesNews(subject, told.key, told.number, at, told.provider)
        known = self._memory.get(PremisesNews, news.key)
        if known is None or (known.instruction != told.key and news.order > known.order):
            self._memory.remember(news)
        return True

    def restarted(self, engine: Engine) -> None:
        """Announce anew what a new engine knows nothing of: it was killed before it was told."""
        for news in self._memory.all(PremisesNews):
            standing = _standing(engine, news.subject)
            if news.announced_utc and not _knows(standing, news):
                self._memory.remember(replace(news, announced_utc=0.0))

    def look(self, engine: Engine, utc: Utc) -> None:
        """Have announced what is next."""
        for subject in PremisesSubject:
            waiting = self._waiting(subject)
            standing = _standing(engine, subject)
            if waiting and _may_follow(standing, waiting[0], utc):
                self._put_back(standing, waiting[0], utc)
                announced = self._memory.remember(replace(waiting[0], announced_utc=utc))
                self._memory.direct(_request(announced), announced)

    def moments(self) -> Iterator[float]:
        """When to look again though nothing happens."""
        for subject in PremisesSubject:
            if self._waiting(subject):
                for news in self._announced(subject):
                    yield (news.at_utc or news.announced_utc) + NEXT_AFTER_S

    def _announced(self, subject: PremisesSubject) -> Sequence[PremisesNews]:
        found = (news for news in self._memory.all(PremisesNews) if news.subject is subject)
        return [news for news in found if news.announced_utc]

    def _waiting(self, subject: PremisesSubject) -> Sequence[PremisesNews]:
        """What is not announced, in the order in which it takes effect."""
        found = (news for news in self._memory.all(PremisesNews) if news.subject is subject)
        return sorted(
            (news for news in found if not news.announced_utc),
            key=lambda news: (news.at_utc or 0.0, news.order),
        )

    def _put_back(
        self, standing: PremisesChangeRecord | None, first: PremisesNews, utc: Utc
    ) -> None:
        """Have a supplier announced again, later, whom an earlier one replaces at the hub."""
        for news in self._announced(first.subject):
            ahead = news.at_utc is not None and news.at_utc > utc
            if ahead and standing is not None and _is_of(standing, news):
                self._memory.remember(replace(news, announced_utc=0.0))


def _standing(engine: Engine, subject: PremisesSubject) -> PremisesChangeRecord | None:
    changes = (status.change for status in engine.premises_status())
    return next((change for change in changes if change.subject is subject), None)


def _may_follow(standing: PremisesChangeRecord | None, news: PremisesNews, utc: Utc) -> bool:
    """Whether a change may be announced while another one stands."""
    if standing is None or standing.cancelled or news.subject is PremisesSubject.TENANCY:
        return True
    due = standing.implementation_utc or standing.announced_utc
    return due + NEXT_AFTER_S <= utc or (news.at_utc or 0.0) < due


def _knows(standing: PremisesChangeRecord | None, news: PremisesNews) -> bool:
    """Whether an engine has announced this, or something since."""
    if standing is None:
        return False
    since = standing.announced_utc - news.announced_utc
    return since > CLOCKS_DIFFER_S or (since > -CLOCKS_DIFFER_S and _is_of(standing, news))


def _is_of(standing: PremisesChangeRecord, news: PremisesNews) -> bool:
    """Whether a hub's change says what the fleet said."""
    request = _request(news)
    return (standing.implementation_utc, standing.name) == (
        None if request.implementation_utc is None else float(int(request.implementation_utc)),
        request.name,
    )


def _request(news: PremisesNews) -> AnnounceChange:
    due = None if news.at_utc is None else Utc(news.at_utc)
    name = news.provider.encode()[:LONGEST_NAME].decode(errors="ignore").encode()
    return AnnounceChange(news.subject, _CONTROL[news.subject], ACTOR, due, name=name)
