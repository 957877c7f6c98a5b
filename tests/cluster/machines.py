"""A scheduler and workers as processes of their own, as an operator starts them; and how they die."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import IO

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
ENDS = BEGIN + timedelta(days=36_500)


@contextmanager
def scheduler(
    folder: Path, tls: Path | None = None, port: int = 0
) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """Have a scheduler on this machine; its address and its process."""
    words = ["scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"]
    words += ["--scheduler-file", str(folder / "scheduler.json"), *tls_words(tls)]
    with _dask(*words) as process:
        yield _said(process, "Scheduler at:").rpartition(" ")[2], process


@contextmanager
def worker(
    address: str, folder: Path, tls: Path | None = None, sources: Path | None = None
) -> Iterator["subprocess.Popen[str]"]:
    """Have a worker of a scheduler, once it has said that it is registered; of other sources, if named."""
    words = ["worker", address, "--nthreads", "1", "--no-dashboard"]
    words += ["--local-directory", str(folder), *tls_words(tls)]
    with _dask(*words, sources=sources) as process:
        _said(process, "Registered to:")
        yield process


def tls_words(tls: Path | None) -> list[str]:
    """Options of Dask's programs for certificates of a folder."""
    if tls is None:
        return []
    return [
        *("--tls-ca-file", str(tls / "ca.pem"), "--tls-cert", str(tls / "cert.pem")),
        *("--tls-key", str(tls / "key.pem"), "--protocol", "tls"),
    ]


@contextmanager
def _dask(*words: str, sources: Path | None = None) -> Iterator["subprocess.Popen[str]"]:
    other = {} if sources is None else {"PYTHONPATH": str(sources)}
    with subprocess.Popen(
        [sys.executable, "-m", "distributed.cli.dask_" + words[0], *words[1:]],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        cwd=sources,
        env=os.environ | other,
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def _said(process: "subprocess.Popen[str]", what: str) -> str:
    """Wait for a line of its log."""
    stream: IO[str] | None = process.stderr
    assert stream is not None
    seen = []
    for line in stream:
        seen.append(line)
        if what in line:
            return line.strip()
    raise AssertionError("".join(seen))


def workers_of(process: "subprocess.Popen[str]") -> list[int]:
    """The processes in which a cluster on this machine works."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            words = (path / "cmdline").read_text().split("\0")
            parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue  # it has just ended
        if parent == process.pid and any("spawn_main" in word for word in words):
            found.append(int(path.name))
    return found


def certificates(folder: Path) -> Path:
    """Make a folder for TLS: who signs, and a certificate for all on this machine."""
    folder.mkdir()
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "soaks")])
    ca = _builder(issuer, issuer, ca_key).add_extension(
        x509.BasicConstraints(ca=True, path_length=0), critical=True
    )
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "machine")])
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    own = _builder(subject, issuer, key).add_extension(names, critical=False)
    pem = serialization.Encoding.PEM
    (folder / "ca.pem").write_bytes(ca.sign(ca_key, hashes.SHA256()).public_bytes(pem))
    (folder / "cert.pem").write_bytes(own.sign(ca_key, hashes.SHA256()).public_bytes(pem))
    (folder / "key.pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return folder


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(BEGIN)
        .not_valid_after(ENDS)
    )
