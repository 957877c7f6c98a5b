"""Folders of keys as commands meet them: read into a keystore, written for the owner alone."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from images.files import read_bounded
from ota_engine.cli.files import warn_if_open, write_key_file
from ota_engine.cli.remarks import remark
from ota_engine.errors import LocalError
from ota_engine.gbcs.keystore import FILE_NAME, SECRETS_FILE, Keystore
from ota_engine.gbcs.pki import PkiFile

MAX_KEY_FILE_BYTES: Final = 1 << 20  # shared-secrets.json of some thousand pairs


def read_key_folder(folder: Path) -> Keystore:
    """Read a key folder; every file left out, or open to others, is named on standard error.

    Raises:
        OSError: the folder or one of its key files cannot be read.
        LocalError: there is no key file in it.
    """
    files: dict[str, bytes] = {}
    for path in sorted(folder.iterdir()):
        if FILE_NAME.fullmatch(path.name) or path.name == SECRETS_FILE:
            files[path.name] = read_bounded(path, MAX_KEY_FILE_BYTES)
            if path.suffix.lower() == ".key":
                warn_if_open(path)
    if not files:
        raise LocalError(
            f"{folder}: no key file in it: they are named <eui64>-ds.pem, <eui64>-ka.pem, "
            f"<eui64>-ds.key, <eui64>-ka.key, {SECRETS_FILE}"
        )
    keystore = Keystore.read(files)
    for finding in keystore.findings:
        remark(f"warning: {folder / finding.name}: left out: {finding.reason}")
    return keystore


def write_key_folder(folder: Path, files: Sequence[PkiFile]) -> None:
    """Write a key folder, whole or not at all; private keys are for their owner from the first.

    Raises:
        LocalError: the folder exists and is not empty.
        OSError: it cannot be written; nothing is left behind.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise LocalError(f"{folder}: not an empty folder: keys are never overwritten; name another")
    folder = folder.resolve()
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    try:
        partial.mkdir()
        for file in files:
            write_key_file(partial / file.name, file.octets, secret=file.secret)
        partial.replace(folder)  # takes the place of an empty folder too
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(folder)) from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)
