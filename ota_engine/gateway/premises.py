"""What a fleet has a home network told of its occupier and supplier: announced once, whatever is killed.

Knows instructions, rows and the engine's view of its premises; what devices are told, and how often, is
the engine's. Of two for one subject the newest is the last word.
"""

from dataclasses import replace
from typing import Final

from ota_engine.fleet.port import Instruction, Verb
from ota_engine.gateway.errands import PremisesNews
from ota_engine.gateway.memory import GatewayMemory
from ota_engine.hub.engine import Engine
from ota_engine.hub.premises.requests import AnnounceChange
from ota_engine.records import PremisesSubject
from ota_engine.times import Utc
from ota_engine.zcl.device_management import FOR_SUPPLIER, FOR_TENANCY, LONGEST_NAME

ACTOR: Final = "fleet"
SUBJECTS: Final = {
    Verb.TENANCY: PremisesSubject.TENANCY,
    Verb.SUPPLIER: PremisesSubject.SUPPLIER,
}
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
        news = PremisesNews(
            subject,
            told.key,
            told.number,
            None if told.at_utc is None or told.at_utc <= utc else told.at_utc,
            told.provider,
            utc,
        )
        known = self._memory.get(PremisesNews, news.key)
        if known is None or (
            known.instruction != told.key and (told.number, told.key) > known.order
        ):
            self._memory.remember(news)
        return True

    def restarted(self, engine: Engine) -> None:
        """Announce anew what a new engine knows nothing of: it was killed before it was told."""
        for news in self._memory.all(PremisesNews):
            if news.announced and not _is_known(news, engine):
                self._memory.remember(replace(news, announced=False))

    def look(self) -> None:
        """Have announced what is not."""
        for news in self._memory.all(PremisesNews):
            if not news.announced:
                announced = self._memory.remember(replace(news, announced=True))
                self._memory.direct(_request(news), announced)


def _is_known(news: PremisesNews, engine: Engine) -> bool:
    """Whether an engine has announced this, or something since."""
    return any(
        one.change.subject is news.subject and one.change.announced_utc >= news.told_utc
        for one in engine.premises_status()
    )


def _request(news: PremisesNews) -> AnnounceChange:
    due = None if news.at_utc is None else Utc(news.at_utc)
    name = news.provider.encode()[:LONGEST_NAME].decode(errors="ignore").encode()
    return AnnounceChange(news.subject, _CONTROL[news.subject], ACTOR, due, name=name)
