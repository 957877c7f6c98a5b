"""Exit codes, the same for every command (documented in docs/exit-codes.md)."""

from enum import IntEnum


class Exit(IntEnum):
    """What a shell script can rely on."""

    OK = 0
    WARNINGS = 1  # warnings, and --strict was given
    ERRORS = 2  # defects found, a device failed, or the command was used wrongly
    UNREADABLE = 3  # a file, database, key or link could not be opened
    INTERRUPTED = 130  # Ctrl-C; what was done is kept
    UNREAD = 141  # whoever read what is printed went away, as of ``zota ... | head``
