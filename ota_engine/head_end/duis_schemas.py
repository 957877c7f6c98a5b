"""Reads the official schemas of DUIS from a folder, and validates documents in any thread."""

import threading
from pathlib import Path
from typing import Any

from ota_engine.duis.official import OfficialSchemas
from ota_engine.errors import LocalError


class SchemaFolder:
    """The schemas of one folder, for all threads."""

    def __init__(self, folder: Path) -> None:
        """Read and compile them.

        Args:
            folder: with the ``.xsd`` files as they are published.

        Raises:
            LocalError: it cannot be read, or they are not the schemas of DUIS; in one line.
        """
        try:
            files = {path.name: path.read_bytes() for path in folder.iterdir() if _is_schema(path)}
        except OSError as error:
            raise LocalError(f"{folder}: {error.strerror}") from None
        try:
            self._schemas = OfficialSchemas.compile(files)
        except LocalError as error:
            raise LocalError(f"{folder}: {error}") from None
        self._lock = threading.Lock()

    def check(self, root: Any) -> None:
        """Validate a document, coming or going.

        Args:
            root: of its tree.

        Raises:
            StructureRefused: it is not valid; what is wrong first, and where.
        """
        with self._lock:
            self._schemas.check(root)


def _is_schema(path: Path) -> bool:
    return path.suffix.lower() == ".xsd" and path.is_file()
