"""Every end of a push has a tone on its page."""

from ota_engine.evidence.push_page import TONES
from ota_engine.hub.push.verdict import PushVerdict


def test_no_verdict_is_without_a_tone() -> None:
    assert set(TONES) == set(PushVerdict)
