"""What a server says while it runs: one line of JSON for each event."""

import logging
import sys
from typing import Any, TextIO

import structlog

from ota_engine.head_end.service.parts import ServiceLog
from ota_engine.telling.serving import LOGGER


def json_log(stream: TextIO | None = None) -> ServiceLog:
    """Have what happens as JSON lines; what hypercorn says, too.

    Args:
        stream: takes them; None for standard error.
    """
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(stream or sys.stderr),
    )
    log = structlog.get_logger()
    logger = logging.getLogger(LOGGER)
    logger.handlers[:] = [_ToLog(log)]
    logger.propagate = False

    def tell(event: str, **facts: object) -> None:
        told = {name: value for name, value in facts.items() if value is not None}
        (log.warning if event == "trouble" else log.info)(event, **told)

    return tell


class _ToLog(logging.Handler):
    """Passes on what the HTTP server says, one line for each."""

    def __init__(self, log: Any) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Pass one on."""
        error = record.exc_info[1] if record.exc_info else None
        detail = f": {type(error).__name__}: {error}" if error else ""
        self._log.warning("trouble", trouble=f"{record.getMessage()}{detail}")
