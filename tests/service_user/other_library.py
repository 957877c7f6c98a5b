"""Verifies documents with signxml, which shares nothing with our own signing."""

from cryptography import x509
from signxml.verifier import XMLVerifier

from tests.duis.test_other_verifiers import PROFILE


def verified_by_signxml(document: bytes, certificate: x509.Certificate) -> bytes:
    """What was signed, in canonical form; whatever signxml raises where it was not."""
    found = XMLVerifier().verify(document, x509_cert=certificate, expect_config=PROFILE)
    assert not isinstance(found, list)
    return found.signed_data
