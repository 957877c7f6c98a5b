"""Fault 29: sizes that lie cost neither memory nor time, whatever they claim."""

import subprocess
import sys

import pytest

from tests.images.samples import FIRMWARE, element, gb, header, ota, plain

LIMIT = 192 << 20  # bytes of address space; a lying 32-bit length asks for up to 4 GiB

SCRIPT = f"""
import resource, sys
from images import ImageError, parse
from images.rules import lint
data = sys.stdin.buffer.read()
resource.setrlimit(resource.RLIMIT_AS, ({LIMIT}, {LIMIT}))
try:
    image = parse(data)
    assert image.serialise() == data
except ImageError as error:
    assert error.reason
report = lint(data)
sys.stdout.write(str(report.worst.name))
"""

HUGE = 0xFFFFFFFF
LIARS = {
    "total size": ota(element(0, FIRMWARE), total=HUGE),
    "total size zero": ota(element(0, FIRMWARE), total=0),
    "header length": ota(element(0, FIRMWARE), length=0xFFFF),
    "header length zero": ota(element(0, FIRMWARE), length=0),
    "element length": ota(element(0, FIRMWARE, length=HUGE)),
    "element and total": ota(element(0, FIRMWARE, length=HUGE - 62), total=HUGE),
    "telink length": ota(element(0xF000, b"\x01\x0c" + FIRMWARE, length=HUGE), total=HUGE),
    "container size": b"NGIS" + bytes(12) + b"\x20\0\0\0\xff\xff\xff\xff" + bytes(8) + plain(),
    "container offset": b"NGIS" + bytes(12) + b"\xff" * 8 + plain(),
    "nothing": b"",
    "header only, huge": header(total=HUGE),
    "tiny elements": ota(element(1, b"") * 100_000),
    "zeros": gb(body=bytes(1 << 20))[:-1],
}


def judged_within_limit(data: bytes) -> str:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], input=data, capture_output=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


@pytest.mark.parametrize("liar", LIARS)
def test_a_lie_is_a_finding_and_never_a_memory_error(liar: str) -> None:
    assert judged_within_limit(LIARS[liar]) == "ERROR"


def test_the_limit_is_tight_enough_to_notice_an_allocation_by_length() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.replace("image = parse(data)", "image = bytearray(1 << 30)")],
        input=b"",
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert b"MemoryError" in done.stderr
