"""What clients of other services post beside series: a start that may have an offset."""

from __future__ import annotations

from datetime import datetime


def wall_clock(start: str | None) -> str | None:
    """The time that a clock on the wall shows at ``start``, in ISO 8601; None where that is no time."""
    try:
        return None if start is None else datetime.fromisoformat(start).replace(tzinfo=None).isoformat()
    except ValueError:
        return None
