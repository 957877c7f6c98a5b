"""Locks between processes: ``flock`` on an open file, which the kernel drops with its process."""

import fcntl


def try_lock(fd: int, *, shared: bool = False) -> bool:
    """Take a lock at once or not at all; closing the descriptor gives it back.

    Args:
        fd: of a file that everybody concerned locks.
        shared: for those who may hold it together, but not beside one who holds it alone.

    Returns:
        Whether it was taken: False while another process has it.

    Raises:
        OSError: the file system knows no locks.
    """
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    try:
        fcntl.flock(fd, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
