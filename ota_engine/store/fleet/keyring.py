"""The key with which a fleet signs the heads of its audit trail; knows one file, and prints no secret."""

import os
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

from ota_engine.errors import StoreError

KEY_NAME: Final = "fleet-key.pem"  # in the state folder
_FOR_OTHERS: Final = 0o077


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
            return cls._made(path)
        except FileExistsError:
            return cls._read(path)
        except OSError as error:
            raise StoreError(f"{path}: no key can be kept here ({error.strerror})") from error

    @classmethod
    def _made(cls, path: Path) -> "FleetKey":
        key = cls.generate()
        octets = key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        if path.exists():
            raise FileExistsError
        part = path.with_name(f"{path.name}.{os.getpid()}")
        fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(fd, "wb") as file:
                file.write(octets)
                file.flush()
                os.fsync(file.fileno())
            os.link(part, path)  # whole or not at all; refused where another process was first
        finally:
            part.unlink()
        return key

    @classmethod
    def _read(cls, path: Path) -> "FleetKey":
        try:
            if path.stat().st_mode & _FOR_OTHERS:
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
