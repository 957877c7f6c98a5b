"""Puts a release in its place: an unsigned one as often as you like, a signed one once.

Knows names of files, and nothing of what they hold.
"""

import shutil
from pathlib import Path

from sums import SIGNATURE, SUMS
from trouble import ReleaseError


def put(made: Path, target: Path) -> None:
    """Put a release in place of nothing, of an unsigned one, or of a signed one of the very same sums.

    Args:
        made: a folder with sums, on the same file system as the target.
        target: where it is to be; kept as it is where it is signed and the same.

    Raises:
        ReleaseError: what is there is signed, and something else.
    """
    signed = (target / SIGNATURE).is_file()
    if signed and (target / SUMS).read_bytes() != (made / SUMS).read_bytes():
        raise ReleaseError(
            f"{target} is signed and holds something else: move it away, or raise the version"
        )
    if signed and not (made / SIGNATURE).is_file():
        return
    made.chmod(0o755)
    if target.exists():
        shutil.rmtree(target)
    made.replace(target)
