"""The errors of the images room: what is wrong with a file, and where; with what it is judged by."""


class ImageError(Exception):
    """A file is not the OTA image it should be.

    Attributes:
        reason: one line that says what is wrong and, where there is one, the cure.
        offset: byte offset in the file as it lies on disk, or None when no byte is to blame.
    """

    def __init__(self, reason: str, offset: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.offset = offset

    def __str__(self) -> str:
        return self.reason if self.offset is None else f"{self.reason} (at byte {self.offset})"


class JudgingError(ValueError):
    """Files cannot be judged as asked: settings say what they cannot, or a process died.

    The text is one line that says which settings, what is wrong, and the cure.
    """
