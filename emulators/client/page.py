"""One page of an image while its blocks arrive, in any order; knows offsets, sends nothing."""


class PageReception:
    """The octets of ``[start, start + size)`` in blocks of ``block_size``, with a bitmap.

    A block that does not begin on a block boundary of this page, or has another length than its
    place asks for, is refused: a page's block size must not change inside the page.
    """

    __slots__ = ("_content", "_missing", "block_size", "size", "start")

    def __init__(self, start: int, size: int, block_size: int) -> None:
        self.start = start
        self.size = size
        self.block_size = block_size
        self._content = bytearray(size)
        self._missing = (1 << -(-size // block_size)) - 1  # bit n: block n has not come

    @property
    def complete(self) -> bool:
        """Whether every block has come."""
        return self._missing == 0

    @property
    def untouched(self) -> bool:
        """Whether no block has come."""
        return self._missing == (1 << -(-self.size // self.block_size)) - 1

    @property
    def content(self) -> bytes:
        """The octets of the page; meaningful once complete."""
        return bytes(self._content)

    def put(self, offset: int, data: bytes) -> bool:
        """Take a block; True if it was new and in its place."""
        index, odd = divmod(offset - self.start, self.block_size)
        if odd or index < 0 or not self._missing >> index & 1:
            return False
        begin = index * self.block_size
        if len(data) != min(self.block_size, self.size - begin):
            return False
        self._content[begin : begin + len(data)] = data
        self._missing &= ~(1 << index)
        return True

    def put_inner(self, offset: int, data: bytes) -> bool:
        """Take a block after which others are still expected; True if it was one.

        The page's last place and the block that completes it are left to ``put``: after them the
        client has something to do.
        """
        index, odd = divmod(offset - self.start, self.block_size)
        missing = self._missing
        if odd or index < 0 or not missing >> index & 1 or missing == 1 << index:
            return False
        begin = index * self.block_size
        end = begin + len(data)
        if len(data) != self.block_size or end >= self.size:
            return False
        self._content[begin:end] = data
        self._missing = missing ^ 1 << index
        return True

    def misfits(self, offset: int, data: bytes) -> bool:
        """Whether a refused block shows that the sender cuts the page in other places."""
        index, odd = divmod(offset - self.start, self.block_size)
        if not 0 <= offset - self.start < self.size:
            return False
        expected = min(self.block_size, self.size - index * self.block_size)
        return odd != 0 or len(data) != expected

    def prefix(self) -> bytes:
        """The octets before the first hole."""
        hole = self.next_hole()
        return self.content if hole is None else bytes(self._content[: hole[0] - self.start])

    def next_hole(self) -> tuple[int, int] | None:
        """The offset in the file and the length of the first block that has not come."""
        if not self._missing:
            return None
        index = (self._missing & -self._missing).bit_length() - 1
        begin = index * self.block_size
        return self.start + begin, min(self.block_size, self.size - begin)

    def ends_at(self, offset: int, length: int) -> bool:
        """Whether a block at ``offset`` of ``length`` octets is the page's last."""
        return offset + length == self.start + self.size
