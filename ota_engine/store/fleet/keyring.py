"""The key with which a fleet signs the heads of its audit trail; knows one file, and prints no secret."""

from contextlib import suppress
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from images.files import OTHERS, write_secret
from ota_engine.errors import StoreError

KEY_NAME: Final = "fleet-key.pem"  # in the state folder


class FleetKey:
    """The fleet's key.

    Attributes:
        private: signs; show it to nobody.
        public_pem: checks what it signed, for everybody.
    """

    def __init__(self, private: ec.EllipticCurvePrivateKey) -> None:
        self.private = private
        public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        self.public_pem = public.decode("ascii")

    @classmethod
    def generate(cls) -> "FleetKey":
        """Make a key that is kept nowhere."""
        return cls(ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def open(cls, path: Path) -> "FleetKey":
        """Read the key, or make it where there is none yet.

        Raises:
            StoreError: it cannot be read, is no such key, or others may read it.
        """
        try:
            if not path.exists():
                cls._make(path)
        except OSError as error:
            raise StoreError(
                f"{path}: no key can be kept here ({error.strerror}): give a state folder in which"
                " one can"
            ) from error
        return cls._read(path)

    @classmethod
    def _make(cls, path: Path) -> None:
        private = cls.generate().private
        octets = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        with suppress(FileExistsError):  # another process was first: its key holds
            write_secret(path, octets)

    @classmethod
    def _read(cls, path: Path) -> "FleetKey":
        try:
            if path.stat().st_mode & OTHERS:
                raise StoreError(
                    f"{path}: others may read this key: chmod 600 it, or make a new one"
                )
            private = load_pem_private_key(path.read_bytes(), None)
        except (OSError, ValueError, TypeError) as error:
            raise StoreError(
                f"{path}: this is no key of a fleet: restore it from a backup"
            ) from error
        if not isinstance(private, ec.EllipticCurvePrivateKey):
            raise StoreError(f"{path}: this is no key of a fleet: restore it from a backup")
        return cls(private)
