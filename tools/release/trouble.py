"""What stops a release: one line that says what is wrong and what to do next."""


class ReleaseError(Exception):
    """A release that cannot be made, in one line."""
