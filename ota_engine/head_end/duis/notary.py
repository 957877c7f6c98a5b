"""Makes documents of what was decided: written and signed, once; knows no database."""

from ota_engine.duis.responses import ServiceResponse
from ota_engine.duis.signing import sign_document
from ota_engine.duis.writing import write_response
from ota_engine.fleet.orders.content import read_response_text
from ota_engine.head_end.duis.intake import SchemaCheck
from ota_engine.head_end.duis.keys import OwnKey


class Notary:
    """Signs for the DCC; may be used by several threads.

    Args:
        own: with what.
        check: against the official schemas; None without them.
    """

    def __init__(self, own: OwnKey, check: SchemaCheck | None = None) -> None:
        self._own = own
        self._check = check

    def make(self, content: str) -> bytes:
        """Make the document of a row's content."""
        return self.document(read_response_text(content))

    def document(self, response: ServiceResponse) -> bytes:
        """Make the document of a response.

        Raises:
            StructureRefused: it would not be valid; a fault of ours.
        """
        root = write_response(response)
        if self._check is not None:
            self._check(root)
        return sign_document(root, self._own.key, self._own.certificate)
