"""Settings for all tests: no test is judged by the wall clock, and waiting costs no worker."""

import gc
import importlib.util
import os
import signal
import sys
import tempfile
import tomllib
from collections.abc import Callable, Generator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, settings

from tests.tiers import draw_the_same, draws_the_same, load_profile

pytest_plugins = ["tests.postgresql", "tests.fleet.databases"]

# Workers and the hundreds of processes that tests start find their modules compiled; where the
# environment forbids to keep them, compiling costs more than all tests together.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# What a shell starts in the background ignores Ctrl-C, and so would every command that a test stops.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Looking for garbage after every few hundred objects is a twentieth of the work of all tests.
SELDOM: Final = (20_000, 20, 10)

# How long an example takes says more about the machine's other work than about the code.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def pytest_configure(config: pytest.Config) -> None:
    """Choose the tier."""
    load_profile(config.option.markexpr, PATIENT)
    config.add_cleanup(_trust_one_authority())


def _trust_one_authority() -> Callable[[], None]:
    """Let a client of HTTP read one of the world's authorities and not all, which takes it 20 ms each time.

    No test meets a server that one of them vouches for.

    Returns:
        what takes their file away in the end.
    """
    if importlib.util.find_spec("certifi") is None:
        return lambda: None
    import certifi

    first, end, _ = certifi.contents().partition("-----END CERTIFICATE-----\n")
    number, name = tempfile.mkstemp(suffix=".pem")
    with open(number, "w") as file:  # noqa: PTH123 - it is open
        file.write(first + end)
    certifi.where = lambda: name
    return Path(name).unlink


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Leave nothing to luck where a change lands by it."""
    if draws_the_same(item.config.option.markexpr):
        draw_the_same()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection() -> Generator[None, object, object]:
    """Spare the collector thousands of tests that live to the end: it would look through all of them again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(*SELDOM)
        gc.enable()


def pytest_xdist_auto_num_workers() -> int:
    """Two workers for each core: tests of real bellows mostly wait, in real time."""
    return 2 * (os.cpu_count() or 1)


def pytest_sessionstart() -> None:
    """Refuse an installation older than the project file: its commands would not be found."""
    project = tomllib.loads(Path(__file__).parents[1].joinpath("pyproject.toml").read_text())
    for group, wanted in project["project"]["entry-points"].items():
        installed = {point.name: point.value for point in entry_points(group=group)}
        for name, value in wanted.items():
            if installed.get(name) != value:
                pytest.exit(f"{group}: {name} is not installed as here: run make setup", 3)
