"""Settings for all tests: no test is judged by the wall clock, and waiting costs no worker."""

import os

from hypothesis import HealthCheck, settings

# How long an example takes says more about the machine's other work than about the code.
settings.register_profile("zota", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("zota")


def pytest_xdist_auto_num_workers() -> int:
    """One worker more than there are cores: tests of real bellows mostly wait, in real time."""
    return (os.cpu_count() or 1) + 1
