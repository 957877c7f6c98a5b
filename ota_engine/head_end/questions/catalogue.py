"""All questions there are, of all rooms."""

from typing import Any, Final

from ota_engine.head_end.questions import campaigns
from ota_engine.head_end.questions.asking import Questions, View, answered

QUESTIONS: Final[Questions] = {
    **campaigns.QUESTIONS,
}


def ask(question: Any, view: View) -> Any:
    """Answer any question; see ``answered``."""
    return answered(QUESTIONS, question, view)
