"""Structured logs, one JSON object a line on standard error, without personal data.

Messages of libraries and databases may quote what a person typed; numbers that look like an
identity card, a bank card or a telephone are masked in every value before a line is written.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TextIO

import msgspec
import structlog

if TYPE_CHECKING:
    from structlog.typing import EventDict, Processor, WrappedLogger

# Longest first: a bank card number must not be taken for a telephone number and a rest.
_MASKS = (
    (re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)"), "[id]"),
    (re.compile(r"(?<!\d)\d{4}(?:[ -]?\d{4}){2}[ -]?\d{4}(?:[ -]?\d{1,3})?(?!\d)"), "[card]"),
    (re.compile(r"(?<!\d)\d{15}(?!\d)"), "[id]"),
    (re.compile(r"(?<!\d)(?:\+?86[ -]?)?1[3-9]\d(?:[ -]?\d{4}){2}(?!\d)"), "[phone]"),
    # PostgreSQL repeats the whole key or row in DETAIL, names included.
    (re.compile(r"^DETAIL:.*$", re.MULTILINE), "DETAIL: [hidden]"),
)
QUIET = ("apscheduler", "asyncio", "fontTools", "httpx", "_granian")


def scrub_text(text: str) -> str:
    """Mask every number in a text that may name or pay a person."""
    for pattern, mask in _MASKS:
        text = pattern.sub(mask, text)
    return text


def scrub(value: Any) -> Any:  # noqa: ANN401 - whatever somebody logged
    """Mask personal numbers anywhere inside a value."""
    if isinstance(value, str):
        return scrub_text(value)
    if isinstance(value, Mapping):
        return {str(key): scrub(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [scrub(inner) for inner in value]
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, (int, float)):
        text = str(value)
        masked = scrub_text(text)
        return value if masked == text else masked
    return scrub_text(str(value))


def _scrub_event(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return {key: scrub(value) for key, value in event.items()}


def configure(level: str = "info", stream: TextIO | None = None) -> None:
    """Send structlog and the standard library's logging through the same masks."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _scrub_event,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        ),
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


class Lines:
    """Lines of one kind, written without the detour through the logging library: one stands behind every request.

    Same shape and place as every other line; the caller names the texts that a person may have typed.
    """

    def __init__(self, name: str) -> None:
        """Write under this name, as long as lines of level "info" are wanted."""
        self._root, self._name = logging.getLogger(), name

    def write(self, event: str, *, typed: Mapping[str, str], **facts: Any) -> None:  # noqa: ANN401 - facts are any value
        """Write one line; what was typed is masked."""
        if self._root.level > logging.INFO:
            return
        line = {"event": event, "logger": self._name, "level": "info", "timestamp": f"{datetime.now(UTC):%FT%T.%fZ}"}
        masked = {key: scrub_text(text) for key, text in typed.items()}
        for handler in self._root.handlers:
            if isinstance(handler, logging.StreamHandler):
                handler.stream.write(msgspec.json.encode({**line, **facts, **masked}).decode() + "\n")
                handler.flush()


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """Answer the logger of one module: `logger("jobs").info("job.done", job=…)`."""
    found: structlog.stdlib.BoundLogger = structlog.get_logger(name)
    return found
