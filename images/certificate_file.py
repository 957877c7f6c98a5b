"""Reads X.509 certificates, PEM or DER; knows nothing of whose they are."""

import warnings

from cryptography import x509
from cryptography.utils import CryptographyDeprecationWarning


def load_certificate(octets: bytes) -> x509.Certificate:
    """Load a certificate.

    What the library only warns of, such as a serial number that is not positive (RFC 5280, 4.1.2.2),
    is no certificate either: nobody is to read warnings of a library.

    Raises:
        ValueError: it is none, or of a kind that is not allowed.
    """
    pem = octets.lstrip().startswith(b"-----")
    load = x509.load_pem_x509_certificate if pem else x509.load_der_x509_certificate
    with warnings.catch_warnings():
        warnings.simplefilter("error", CryptographyDeprecationWarning)
        try:
            return load(octets)
        except CryptographyDeprecationWarning as warning:
            raise ValueError(str(warning)) from None
