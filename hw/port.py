"""A radio's port before it is opened: is it there, may we use it, does another zota have it.

Knows paths, permissions and locks; sends nothing and never opens the port itself, because opening
some ports restarts the dongle behind them.
"""

import grp
import hashlib
import os
import stat
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from hw.settings import RadioSettings
from ota_engine.errors import LinkError
from ota_engine.lock import try_lock

#: Addresses at which this machine finds itself, as ``localhost`` does or for want of another.
OWN = frozenset(map(ip_address, ("127.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0", "::")))  # noqa: S104 - compared, never listened at
GROUP_MAY_USE = stat.S_IRGRP | stat.S_IWGRP
BY_ID = Path("serial", "by-id")  # where udev names serial ports for people, below /dev
PORT_NAMES = ("ttyACM*", "ttyUSB*", "ttyAMA*", "cu.usb*", "cu.SLAB*")  # of dongles, Linux and macOS


def check_port(settings: RadioSettings) -> None:
    """See that a serial port can be opened.

    Raises:
        LinkError: there is no such port, it is none, or we may not use it.
    """
    if settings.tcp:
        return
    path = Path(settings.port)
    try:
        mode = path.stat().st_mode
    except FileNotFoundError as error:
        raise LinkError(f"{path}: no such port; {_suggest()}") from error
    except OSError as error:
        raise LinkError(f"{path}: {error.strerror}; {_suggest()}") from error
    if not stat.S_ISCHR(mode):
        raise LinkError(f"{path}: not a serial port; {_suggest()}")
    obstacle = _obstacle(path)
    if obstacle:
        raise LinkError(f"{path}: {obstacle}")


class PlainPort(NamedTuple):
    """A serial port that was seen, and what keeps us from using it; empty if nothing does."""

    path: str
    obstacle: str


def seen_ports(devices: Path = Path("/dev")) -> list[PlainPort]:
    """See which serial ports there are: by the names people know, else as the kernel calls them.

    Args:
        devices: the folder of devices.
    """
    by_id = devices / BY_ID
    named = sorted(by_id.iterdir()) if by_id.is_dir() else []
    known = {path.resolve() for path in named}
    plain = (path for kind in PORT_NAMES for path in sorted(devices.glob(kind)))
    paths = [*named, *(path for path in plain if path.resolve() not in known)]
    return [PlainPort(str(path), _obstacle(path)) for path in paths]


def _obstacle(path: Path) -> str:
    if os.access(path, os.R_OK | os.W_OK):
        return ""
    return f"permission denied; {how_to_be_let_in(path, os.getgroups())}"


def _suggest() -> str:
    ports = [port.path for port in seen_ports()]
    if not ports:
        return "no dongle seems to be plugged in: plug it in"
    return f"there are {', '.join(ports)}: name one of these"


def how_to_be_let_in(path: Path, ours: Collection[int]) -> str:
    """Say how a user gets to use a port.

    Args:
        path: the port.
        ours: the groups the user is in, by number.
    """
    try:
        status = path.stat()
        group = grp.getgrgid(status.st_gid).gr_name
    except (KeyError, OSError):
        return "ask the owner of this machine for access to it"
    if status.st_mode & GROUP_MAY_USE != GROUP_MAY_USE:
        return f"its group {group} may not use it either; run: sudo chmod g+rw {path}"
    if group == "root" or status.st_gid in ours:
        return f"run: sudo chmod a+rw {path}"
    return f"its group {group} may use it; run: sudo usermod -aG {group} $USER, then log in again"


@contextmanager
def lock_port(settings: RadioSettings) -> Iterator[None]:
    """Keep a port from every other zota of this machine while the context lasts.

    The lock is the kernel's: it ends with the process, however that ends. The file only names it
    and whoever holds it, and goes when the lock does.

    Raises:
        LinkError: another process has the port.
    """
    path = _lock_path(settings)
    descriptor = _open_locked(path, settings.url)
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(descriptor)


def _open_locked(path: Path, url: str) -> int:
    """Open a lock file and lock it; the file that has the name then is the one that is locked."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        if not try_lock(descriptor):
            holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(descriptor)
            raise LinkError(
                f"{url}: in use by another zota (process {holder}); stop that one first"
            )
        if _has_name(descriptor, path):
            return descriptor
        os.close(descriptor)  # whoever had it removed it between our opening and our locking it


def _has_name(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _lock_path(settings: RadioSettings) -> Path:
    """Name the lock of a port: the same whatever links lead to it."""
    port = _one_name(settings.port) if settings.tcp else str(Path(settings.port).resolve())
    name = hashlib.sha256(port.encode()).hexdigest()[:16]
    folder = os.environ.get("XDG_RUNTIME_DIR")
    base = folder if folder and Path(folder).is_dir() else tempfile.gettempdir()
    return Path(base) / f"zota-{os.getuid()}-{name}.lock"


def _one_name(address: str) -> str:
    """Give ``host:port`` the name that all who mean this machine's own address share."""
    host, _, port = address.rpartition(":")
    host = host.strip("[]").lower()
    try:
        found = ip_address(host)
    except ValueError:
        own = host == "localhost"
    else:
        own = found in OWN
        host = found.compressed
    return f"{'localhost' if own else host}:{port}"
