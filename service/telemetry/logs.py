"""Lines on the terminal: one JSON object each, or text for a person. Knows logging, not what is logged."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Any, Literal

from service.printable import printable

Form = Literal["json", "text"]

# What every record has; the rest was given by whoever logged it, such as request_id.
_STANDARD = logging.LogRecord("", 0, "", 0, "", (), None).__dict__.keys() | {"message", "asctime", "color_message"}


class JsonFormatter(logging.Formatter):
    """Time, level, logger, message, whatever was given in ``extra``, and the trace of an exception."""

    def format(self, record: logging.LogRecord) -> str:
        shown: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **{name: value for name, value in record.__dict__.items() if name not in _STANDARD},
        }
        if record.exc_info:
            shown["exception"] = self.formatException(record.exc_info)
        return json.dumps(shown, default=str)


class TextFormatter(logging.Formatter):
    """A line for a person: what a name or a message brings along of control characters is shown, not obeyed.

    Nobody forges a line by a line feed, nor moves the terminal's cursor by an escape; a trace goes on indented.
    """

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        first = self.formatMessage(self._prepared(record))
        trace = self.formatException(record.exc_info).split("\n") if record.exc_info else []
        return "\n    ".join(map(printable, [first, *trace]))

    def _prepared(self, record: logging.LogRecord) -> logging.LogRecord:
        record.message = record.getMessage()
        record.asctime = self.formatTime(record)
        return record


def configure(form: Form) -> None:
    """Send all of this process's log lines to the terminal in that form."""
    terminal = logging.StreamHandler()
    terminal.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    # Not by dictConfig, which closes the handlers that it finds, and TensorFlow's closes stderr with it.
    logging.getLogger().handlers[:] = [terminal]
    logging.getLogger().setLevel(logging.WARNING)
    logging.getLogger("service").setLevel(logging.INFO)
