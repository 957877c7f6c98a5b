"""Errors by whose fault they are; each a single line a person can act on."""

from typing import TypeVar

E = TypeVar("E", bound=BaseException)


class ZotaError(Exception):
    """The root of every error zota raises on purpose; its text is one line for the user."""


class PeerError(ZotaError):
    """The other side sent something wrong.

    Attributes:
        status: the ZCL status to answer with (ZCL 2.6.3).
    """

    def __init__(self, reason: str, status: int = 0x80) -> None:
        super().__init__(reason)
        self.status = status


class LocalError(ZotaError):
    """We, or the user of this API, asked for something that makes no sense."""


class LinkError(ZotaError):
    """The radio cannot be used as it is: not there, in use, not a radio, or without a network."""


class StoreError(ZotaError):
    """A database or catalogue cannot be used as it is: locked, full, corrupt, of another version."""


class StoreFull(StoreError):  # noqa: N818 - it names a state of the disk, and passes
    """The disk is full: nothing was written, everything before is safe; try again later."""


class StoreLost(StoreError):  # noqa: N818 - it names a state of the connection, and passes
    """The database's server is out of reach; what was under way has been written, or has not."""


class StoreMisfit(StoreError):  # noqa: N818 - it names what rows are to each other, and does not pass
    """Rows do not fit together; nothing was written, and the same would fail again."""


class StoreConflict(StoreError):  # noqa: N818 - it names a state of others, and passes
    """Another transaction was in the way: nothing was written, the same may be tried again."""


def first_of(group: BaseExceptionGroup[E]) -> E:
    """Take the first error out of the nurseries that it went through."""
    error = group.exceptions[0]
    return first_of(error) if isinstance(error, BaseExceptionGroup) else error
