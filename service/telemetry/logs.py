"""Lines on the terminal: one JSON object each, or text for a person. Knows logging, not what is logged."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Any, Literal

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


def configure(form: Form) -> None:
    """Send all of this process's log lines to the terminal in that form."""
    terminal = logging.StreamHandler()
    text = logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    terminal.setFormatter(JsonFormatter() if form == "json" else text)
    # Not by dictConfig, which closes the handlers that it finds, and TensorFlow's closes stderr with it.
    logging.getLogger().handlers[:] = [terminal]
    logging.getLogger().setLevel(logging.WARNING)
    logging.getLogger("service").setLevel(logging.INFO)
