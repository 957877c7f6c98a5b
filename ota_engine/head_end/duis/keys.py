"""The folder with who may sign requests, and with what we sign ourselves; knows files and certificates.

Every ``*.pem`` in it may hold a certificate. A signer is found by the serial number of its certificate
and by nothing else; whom the folder names is trusted. What signs for us is the key beside the DCC's
certificate for XML, of the same name but for ``.key``; keys of others are not even read. A certificate
that is put into the folder, or taken out of it, counts so without a restart.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from images.files import OTHERS, read_bounded
from ota_engine.duis.certificates import (
    DSP_XML_SIGN,
    XmlSigner,
    load_xml_certificate,
    read_signer,
)
from ota_engine.errors import LocalError
from ota_engine.gbcs.keystore import FILE_NAME

LOOK_AGAIN_S: Final = 2.0  # at the folder, for files that were put in or taken out
MOST_FILE_OCTETS: Final = 64 << 10
#: Of a test PKI, as its other certificates of GBCS: they are for something else, and nobody is told.
AUTHORITIES: Final = frozenset(("root.pem", "issuing.pem"))


class KnownSigner(NamedTuple):
    """A certificate of the folder.

    Attributes:
        signer: who it names.
        certificate: it.
        path: its file.
    """

    signer: XmlSigner
    certificate: x509.Certificate
    path: Path


class OwnKey(NamedTuple):
    """With what we sign; its text shows no key.

    Attributes:
        signer: we.
        certificate: ours.
        key: shown to nobody.
    """

    signer: XmlSigner
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


class DuisKeys:
    """A folder of certificates and keys; may be used by several threads.

    Args:
        folder: where they lie.
        report: is told, in one line, of every file that is left out.
        monotonic: gives seconds of a clock that never goes back.

    Raises:
        LocalError: there is none, or nothing in it to sign with.
        OSError: it cannot be read.
    """

    def __init__(
        self,
        folder: Path,
        report: Callable[[str], None],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.folder = folder
        self._report = report
        self._monotonic = monotonic
        self._reported: set[str] = set()
        self._changed = self._change()
        self._known = self._read()
        self._looked = monotonic()
        self.own = self._own()

    @property
    def signers(self) -> tuple[KnownSigner, ...]:
        """All certificates of the folder."""
        return tuple(self._known.values())

    def find(self, serial: int) -> KnownSigner | None:
        """Find a certificate by its serial number; None where there is none."""
        if self._monotonic() >= self._looked + LOOK_AGAIN_S:
            self._looked = self._monotonic()
            self._look_again()
        return self._known.get(serial)

    def _look_again(self) -> None:
        """Read the folder once more if files were put in or taken out."""
        try:
            changed = self._change()
            if changed != self._changed:
                self._known, self._changed = self._read(), changed
        except (LocalError, OSError) as error:
            self._tell(f"{self.folder}: what was read of it still counts: {error}")

    def _change(self) -> int:
        return self.folder.stat().st_mtime_ns if self.folder.is_dir() else 0

    def _read(self) -> dict[int, KnownSigner]:
        if not self.folder.is_dir():
            raise LocalError(
                f"{self.folder}: no such folder: put certificates of users and the DCC's into one"
            )
        known: dict[int, KnownSigner] = {}
        for path in sorted(self.folder.glob("*.pem")):
            try:
                certificate = load_xml_certificate(read_bounded(path, MOST_FILE_OCTETS))
                found = KnownSigner(read_signer(certificate), certificate, path)
            except (LocalError, ValueError, UnsupportedAlgorithm, OSError) as error:
                if not (FILE_NAME.fullmatch(path.name) or path.name in AUTHORITIES):
                    self._tell(f"{path}: left out: {error}")
                continue
            if found.signer.serial in known:
                self._tell(f"{path}: left out: another certificate has this serial number")
            else:
                known[found.signer.serial] = found
        return known

    def _own(self) -> OwnKey:
        """Find what signs for us; of several the certificate that ends last."""
        ours = [
            OwnKey(one.signer, one.certificate, key)
            for one in self._known.values()
            if one.signer.role == DSP_XML_SIGN and (key := self._private(one)) is not None
        ]
        if not ours:
            raise LocalError(
                f"{self.folder}: no certificate of the DCC for XML (role 137) with its key beside it:"
                " put one here (zota pki init makes some for tests)"
            )
        return max(ours, key=lambda one: one.signer.not_after)

    def _private(self, known: KnownSigner) -> ec.EllipticCurvePrivateKey | None:
        path = known.path.with_suffix(".key")
        if not path.exists():
            return None
        try:
            if path.stat().st_mode & OTHERS:
                self._tell(f"{path}: a private key that others may read: chmod 600 it")
            key = load_pem_private_key(read_bounded(path, MOST_FILE_OCTETS), None)
        except (ValueError, TypeError, UnsupportedAlgorithm, OSError) as error:
            self._tell(f"{path}: left out: {type(error).__name__}")  # never its text
            return None
        if (
            not isinstance(key, ec.EllipticCurvePrivateKey)
            or key.public_key() != known.certificate.public_key()
        ):
            self._tell(f"{path}: left out: it is not the key of {known.path.name}")
            return None
        return key

    def _tell(self, trouble: str) -> None:
        if trouble not in self._reported:
            self._reported.add(trouble)
            self._report(trouble)
