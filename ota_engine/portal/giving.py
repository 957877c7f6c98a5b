"""Gives decisions of whoever sent a form, signed with her key where that is at hand; knows no form."""

from typing import Any

from ota_engine.head_end.deciding import Answered, Wish, decide
from ota_engine.head_end.desk import FleetDesk
from ota_engine.portal.pages import FormPosted


async def give(
    posted: FormPosted, act: Any, reason: str, key: str, revision: int | None = None
) -> tuple[Answered, str]:
    """Decide.

    Args:
        posted: form that was sent.
        act: what is wanted.
        reason: why, in words.
        key: names the decision.
        revision: of the subject, as it was seen; None for whatever it is.

    Returns:
        the answer, and what it is about, as ``kind:id``.

    Raises:
        StoreError: the database failed; nothing was decided.
    """
    wish = Wish(posted.signed.viewer.person, act, reason, revision, key)
    utc, signer = posted.parts.clock(), posted.signed.signer

    def decided(desk: FleetDesk) -> tuple[Answered, str]:
        return decide(desk, wish, signer, utc), desk.fleet.acts[type(act)].subject(act)

    return await posted.parts.writing.use(decided)
