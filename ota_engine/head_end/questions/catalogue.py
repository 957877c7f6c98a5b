"""All questions there are, of all rooms."""

from typing import Any, Final

from ota_engine.head_end.questions import (
    alerts,
    approvals,
    campaigns,
    decisions,
    overview,
    progress,
)
from ota_engine.head_end.questions.asking import Questions, View, answered

QUESTIONS: Final[Questions] = {
    **campaigns.QUESTIONS,
    **alerts.QUESTIONS,
    **approvals.QUESTIONS,
    **decisions.QUESTIONS,
    **overview.QUESTIONS,
    **progress.QUESTIONS,
}


def ask(question: Any, view: View) -> Any:
    """Answer any question; see ``answered``."""
    return answered(QUESTIONS, question, view)
