"""All questions there are, of all rooms."""

from typing import Any, Final

from ota_engine.head_end.questions import (
    alerts,
    approvals,
    calendars,
    campaigns,
    decisions,
    estate,
    gates,
    gateways,
    home_lists,
    homes,
    homes_in_campaigns,
    incidents,
    notices,
    orders,
    overview,
    persons,
    progress,
    releases,
    subjects,
    trail,
)
from ota_engine.head_end.questions.asking import Questions, View, answered
from ota_engine.head_end.questions.hiding import without_others

QUESTIONS: Final[Questions] = {
    **campaigns.QUESTIONS,
    **alerts.QUESTIONS,
    **approvals.QUESTIONS,
    **decisions.QUESTIONS,
    **overview.QUESTIONS,
    **progress.QUESTIONS,
    **homes_in_campaigns.QUESTIONS,
    **gates.QUESTIONS,
    **gateways.QUESTIONS,
    **calendars.QUESTIONS,
    **estate.QUESTIONS,
    **home_lists.QUESTIONS,
    **homes.QUESTIONS,
    **releases.QUESTIONS,
    **incidents.QUESTIONS,
    **notices.QUESTIONS,
    **orders.QUESTIONS,
    **persons.QUESTIONS,
    **trail.QUESTIONS,
    **subjects.QUESTIONS,
}


def ask(question: Any, view: View) -> Any:
    """Answer any question, and hide what persons wrote of homes that the viewer may not know.

    Raises:
        NotForViewerError: it is not for whoever asks.
        NotThereError: what it is about is not there for whoever asks.
        LocalError: it asks for something that cannot be.
        StoreError: the database failed.
    """
    return without_others(answered(QUESTIONS, question, view), view)
