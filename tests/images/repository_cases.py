"""Files that contradict an index of released files (24, 40)."""

from hashlib import sha256, sha512

from images.manifest import Manifest, ManifestEntry
from tests.images.cases import Case, E, W
from tests.images.samples import plain

NAME = "121D-0084-01020304-x.zigbee"
RIGHT = ManifestEntry(
    NAME, 0x121D, 0x0084, 0x01020304, len(plain()), sha512(plain()).digest(), "sha512"
)
OTHER = RIGHT._replace(name="other.zigbee", digest=bytes(64))
TWIN = RIGHT._replace(name="twin.zigbee", image_type=0x85)


def listed(rule: int, offset: int | None, entry: ManifestEntry) -> Case:
    return Case(rule, E, plain(), offset, name=NAME, expect={"manifest": Manifest((entry,))})


REPOSITORY_CASES = [
    listed(24, 14, OTHER),
    Case(24, W, plain(), 10, name=NAME, expect={"manifest": Manifest((TWIN,))}),
    listed(40, 10, RIGHT._replace(manufacturer_code=1)),
    listed(40, 12, RIGHT._replace(image_type=1)),
    listed(40, 14, RIGHT._replace(file_version=1)),
    listed(40, None, RIGHT._replace(size=1, digest=None)),
    Case(40, W, plain(), None, name=NAME, expect={"manifest": Manifest((RIGHT._replace(size=1),))}),
    Case(
        40,
        W,
        plain(),
        None,
        name=NAME,
        expect={"manifest": Manifest((TWIN._replace(digest=None),))},
    ),
    listed(40, None, RIGHT._replace(digest=bytes(64))),
    Case(40, W, plain(), None, expect={"retracted": frozenset((sha256(plain()).digest(),))}),
    Case(40, W, plain(), None, expect={"retracted": frozenset((sha512(plain()).digest(),))}),
]
