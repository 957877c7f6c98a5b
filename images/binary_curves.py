"""The two binary curves of Smart Energy: point arithmetic and ECDSA verification, nothing secret.

Field elements are integers whose bits are the coefficients of a polynomial over GF(2). Nothing
here runs in constant time, and nothing here takes a private key: it verifies (ADR 0040).
"""

from typing import Final, NamedTuple

from images.errors import ImageError


class Point(NamedTuple):
    """An affine point; the point at infinity is ``None`` wherever one may occur."""

    x: int
    y: int


class Curve(NamedTuple):
    """y^2 + xy = x^3 + a x^2 + 1 over GF(2^degree) (SEC 2, Koblitz curves).

    Attributes:
        name: as SEC 2 and OpenSSL call it.
        degree: of the reduction polynomial.
        polynomial: the reduction polynomial.
        a: 0 or 1; b is 1 for both curves.
        generator: the base point.
        order: of the base point.
        cofactor: number of points divided by ``order``.
    """

    name: str
    degree: int
    polynomial: int
    a: int
    generator: Point
    order: int
    cofactor: int

    @property
    def element_bytes(self) -> int:
        """Bytes of a field element."""
        return (self.degree + 7) // 8

    @property
    def scalar_bytes(self) -> int:
        """Bytes of a number below the order, as r and s are stored."""
        return (self.order.bit_length() + 7) // 8


# SEC 2, 3.2.1
SECT163K1: Final = Curve(
    "sect163k1",
    163,
    1 << 163 | 0xC9,
    1,
    Point(
        0x02FE13C0537BBC11ACAA07D793DE4E6D5E5C94EEE8, 0x0289070FB05D38FF58321F2E800536D538CCDAA3D9
    ),
    0x04000000000000000000020108A2E0CC0D99F8A5EF,
    2,
)
# SEC 2, 3.4.1
SECT283K1: Final = Curve(
    "sect283k1",
    283,
    1 << 283 | 0x10A1,
    0,
    Point(
        0x0503213F78CA44883F1A3B8162F188E553CD265F23C1567A16876913B0C2AC2458492836,
        0x01CCDA380F1C9E318D90F95D07E5426FE87E45C0E8184698E45962364E34116177DD2259,
    ),
    0x01FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFE9AE2ED07577265DFF7F94451E061E163C61,
    4,
)


def verify_digest(curve: Curve, public: Point, digest: bytes, r: int, s: int) -> bool:
    """Whether (r, s) is this key's ECDSA signature over a digest (SEC 1, 4.1.4).

    Args:
        curve: the curve of the key.
        public: a point of the curve, see ``decode_point``.
        digest: at most as long as the order; the 16 bytes of AES-MMO are.
        r: first half of the signature.
        s: second half.
    """
    order = curve.order
    if not (0 < r < order and 0 < s < order):
        return False
    inverse = pow(s, -1, order)
    number = int.from_bytes(digest)
    total = add(
        curve,
        multiply(curve, number * inverse % order, curve.generator),
        multiply(curve, r * inverse % order, public),
    )
    return total is not None and total.x % order == r


def decode_point(curve: Curve, octets: bytes) -> Point:
    """Read a public key in SEC 1 form, compressed or not, and check that it can be one.

    Raises:
        ImageError: the bytes are no point of the curve's prime-order group.
    """
    size = curve.element_bytes
    if len(octets) == 1 + size and octets[0] in (2, 3):
        point = _decompress(curve, int.from_bytes(octets[1:]), octets[0] & 1)
    elif len(octets) == 1 + 2 * size and octets[0] == 4:
        point = Point(int.from_bytes(octets[1 : 1 + size]), int.from_bytes(octets[1 + size :]))
    else:
        raise ImageError(
            f"not a public key of {curve.name}: expected {1 + size} bytes beginning 02 or 03, "
            f"or {1 + 2 * size} beginning 04; found {len(octets)}"
        )
    if not _on_curve(curve, point) or multiply(curve, curve.order, point) is not None:
        raise ImageError(f"not a public key of {curve.name}: no point of its group")
    return point


def add(curve: Curve, left: Point | None, right: Point | None) -> Point | None:
    """Add two points (SEC 1, 2.2.2)."""
    if left is None or right is None:
        return right if left is None else left
    if left.x == right.x:
        return _double(curve, left) if left.y == right.y else None
    across = left.x ^ right.x
    slope = _product(curve, left.y ^ right.y, _inverse(curve, across))
    x = _square(curve, slope) ^ slope ^ across ^ curve.a
    return Point(x, _product(curve, slope, left.x ^ x) ^ x ^ left.y)


def multiply(curve: Curve, scalar: int, point: Point | None) -> Point | None:
    """Add a point ``scalar`` times to itself."""
    total: Point | None = None
    for bit in f"{scalar:b}":
        total = None if total is None else _double(curve, total)
        if bit == "1":
            total = add(curve, total, point)
    return total


def _double(curve: Curve, point: Point) -> Point | None:
    if point.x == 0:
        return None
    slope = point.x ^ _product(curve, point.y, _inverse(curve, point.x))
    x = _square(curve, slope) ^ slope ^ curve.a
    return Point(x, _square(curve, point.x) ^ _product(curve, slope, x) ^ x)


def _on_curve(curve: Curve, point: Point) -> bool:
    x, y = point
    if max(x, y).bit_length() > curve.degree:
        return False
    square = _square(curve, x)
    right = _product(curve, square, x) ^ (square if curve.a else 0) ^ 1
    return _square(curve, y) ^ _product(curve, x, y) == right


def _decompress(curve: Curve, x: int, y_bit: int) -> Point:
    """Find y: z = y/x solves z^2 + z = x + a + 1/x^2 (SEC 1, 2.3.4)."""
    if x.bit_length() > curve.degree or x == 0:
        raise ImageError(f"not a public key of {curve.name}: no point has this coordinate")
    inverse = _inverse(curve, x)
    wanted = x ^ curve.a ^ _square(curve, inverse)
    root = term = wanted  # the half-trace, which solves it for odd degrees
    for _ in range((curve.degree - 1) // 2):
        for _ in range(2):
            term = _square(curve, term)
        root ^= term
    if _square(curve, root) ^ root != wanted:
        raise ImageError(f"not a public key of {curve.name}: no point has this coordinate")
    return Point(x, _product(curve, x, root ^ (root & 1) ^ y_bit))


def _product(curve: Curve, left: int, right: int) -> int:
    """Multiply in the field: four bits at a time, then reduce."""
    rows = [0, left]
    for index in range(2, 16):
        half = rows[index >> 1] << 1
        rows.append(half ^ left if index & 1 else half)
    total = 0
    for shift in range((right.bit_length() + 3) // 4 * 4 - 4, -4, -4):
        total = total << 4 ^ rows[right >> shift & 15]
    return _reduce(curve, total)


def _square(curve: Curve, value: int) -> int:
    """Square in the field: every bit doubles its place, as a digit of base 4 does; then reduce."""
    return _reduce(curve, int(f"{value:b}", 4))


def _reduce(curve: Curve, value: int) -> int:
    """Fold what exceeds the degree back in; the polynomial's tail is short."""
    degree, tail = curve.degree, curve.polynomial ^ 1 << curve.degree
    while value >> degree:
        high, value = value >> degree, value & ((1 << degree) - 1)
        rest, shift = tail, 0
        while rest:
            if rest & 1:
                value ^= high << shift
            rest, shift = rest >> 1, shift + 1
    return value


def _inverse(curve: Curve, value: int) -> int:
    """Invert by the extended Euclidean algorithm over polynomials; ``value`` is not zero."""
    low, high, low_factor, high_factor = value, curve.polynomial, 1, 0
    while low != 1:
        shift = low.bit_length() - high.bit_length()
        if shift < 0:
            low, high, low_factor, high_factor = high, low, high_factor, low_factor
            shift = -shift
        low ^= high << shift
        low_factor ^= high_factor << shift
    return _reduce(curve, low_factor)
